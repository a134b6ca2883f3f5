"""A real IRC server, Debian's ngircd, on loopback and over TLS; and people on it who share no code with our client."""

import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio

from tests.helpers.rig import address, free_port

PROGRAM = shutil.which("ngircd") or "/usr/sbin/ngircd"
WAIT_S = 60.0
CONFIG = """\
[Global]
Name = irc.test
Info = a test
Listen = {host}
Ports = {port}
MotdPhrase = hello
{global_lines}
[Limits]
MaxNickLength = 20
MaxConnectionsIP = 0
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
[SSL]
CertFile = {directory}/cert.pem
KeyFile = {directory}/key.pem
DHFile = {directory}/dh.pem
Ports = {tls_port}
"""

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None and "CI" not in os.environ, reason="needs the Debian package openssl"
)
needs_ngircd = pytest.mark.skipif(
    not (os.access(PROGRAM, os.X_OK) and shutil.which("openssl")) and "CI" not in os.environ,
    reason="needs the Debian packages ngircd and openssl (apt-get install --no-install-recommends ngircd openssl)",
)


def make_certificate(directory: Path, host: str) -> None:
    """Make a certificate of its own for a host's address; and the parameters that ngircd would else compute."""
    key, certificate = str(directory / "key.pem"), str(directory / "cert.pem")
    commands = (
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=irc.test", "-addext", f"subjectAltName=IP:{host}", "-keyout", key, "-out", certificate],
        ["genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", str(directory / "dh.pem")],
    )  # fmt: skip
    for command in commands:
        subprocess.run(["openssl", *command], check=True, capture_output=True, timeout=WAIT_S)


@dataclass
class Ngircd:
    """The server's process and where it listens."""

    directory: Path
    host: str = field(default_factory=address)
    global_lines: str = ""
    certified: str = ""
    """The host that its certificate is for; empty: the right one."""
    process: trio.Process | None = None
    people: list["Person"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port = self.tls_port = free_port(self.host)
        while self.tls_port == self.port:
            self.tls_port = free_port(self.host)
        make_certificate(self.directory, self.certified or self.host)

    @property
    def ca_file(self) -> str:
        return str(self.directory / "cert.pem")

    async def start(self) -> None:
        """Start it and wait until it listens."""
        config = CONFIG.format(
            host=self.host, port=self.port, tls_port=self.tls_port, directory=self.directory,
            global_lines=self.global_lines,
        )  # fmt: skip
        path = self.directory / "ngircd.conf"
        path.write_text(config)
        with (self.directory / "ngircd.log").open("ab") as log:
            command = [PROGRAM, "--nodaemon", "--config", str(path)]
            self.process = await trio.lowlevel.open_process(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        with trio.fail_after(WAIT_S):
            while True:
                assert self.process.poll() is None, (self.directory / "ngircd.log").read_text()
                with suppress(OSError):
                    await (await trio.open_tcp_stream(self.host, self.tls_port)).aclose()
                    return
                await trio.sleep(0.02)

    async def stop(self) -> None:
        """End it, without a word to those who are connected."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            with trio.CancelScope(shield=True), trio.move_on_after(WAIT_S):
                await self.process.wait()


@asynccontextmanager
async def ngircd(directory: Path, global_lines: str = "", certified: str = "") -> AsyncIterator[Ngircd]:
    """Run a server while the block runs."""
    server = Ngircd(directory, global_lines=global_lines, certified=certified)
    await server.start()
    try:
        yield server
    finally:
        with trio.CancelScope(shield=True), trio.move_on_after(WAIT_S):
            for each in server.people:
                await each.leave()
        await server.stop()


class Person:
    """Somebody in the channel, typing lines into a socket."""

    def __init__(self, stream: trio.abc.Stream, nick: str) -> None:
        self._stream = stream
        self._rest = b""
        self.nick = nick
        self.lines: list[str] = []

    async def send(self, line: str) -> None:
        with trio.fail_after(WAIT_S):
            await self._stream.send_all(line.encode() + b"\r\n")

    async def say(self, text: str, to: str = "#films") -> None:
        await self.send(f"PRIVMSG {to} :{text}")

    async def line(self) -> str:
        with trio.fail_after(WAIT_S):
            while b"\n" not in self._rest:
                data = await self._stream.receive_some(4096)
                assert data, f"the server closed {self.nick}'s connection"
                self._rest += data
        raw, _, self._rest = self._rest.partition(b"\n")
        assert len(raw) <= 511
        line = raw.rstrip(b"\r").decode()
        if line.startswith("PING"):
            await self.send(line.replace("PING", "PONG", 1))
        self.lines.append(line)
        return line

    async def until(self, holds: Callable[[str], bool]) -> str:
        """Read on until a line is like that."""
        while not holds(line := await self.line()):
            pass
        return line

    async def hears(self, *words: str, kind: str = "PRIVMSG") -> str:
        """Read on until somebody says something with these words in it, and give the text."""
        line = await self.until(lambda text: f" {kind} " in text and all(word in text for word in words))
        return line.split(" :", 1)[1] if " :" in line else line.split(" ", 3)[3]

    async def join(self) -> None:
        await self.send("JOIN #films")
        await self.until(lambda line: " 366 " in line)

    async def leave(self) -> None:
        """Be gone, without a word."""
        await trio.aclose_forcefully(self._stream)


async def person(server: Ngircd, nick: str, password: str = "") -> Person:
    """Come to the server, over TLS, and into the channel."""
    context = ssl.create_default_context(cafile=server.ca_file)
    with trio.fail_after(WAIT_S):
        stream = await trio.open_ssl_over_tcp_stream(
            server.host, server.tls_port, ssl_context=context, https_compatible=True
        )
    it = Person(stream, nick)
    server.people.append(it)
    if password:
        await it.send(f"PASS {password}")
    await it.send(f"NICK {nick}")
    await it.send(f"USER {nick} 0 * :A Person")
    await it.until(lambda line: " 376 " in line or " 422 " in line)
    await it.join()
    return it
