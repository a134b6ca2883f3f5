"""A real reverse proxy in front of a server of ours, with the configuration of `docs/party.md`."""

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from websockets.sync.client import connect

from tests.helpers.rig import REPO, free_port

PAGE = (REPO / "docs/party.md").read_text()
SOON_S = 20.0


def program(name: str) -> str | None:
    """Find a server's program, which is not on every user's path."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def needs(name: str, package: str) -> pytest.MarkDecorator:
    """Skip where a program is missing, except in CI."""
    missing = program(name) is None and "CI" not in os.environ
    return pytest.mark.skipif(missing, reason=f"needs the Debian package {package}")


both = pytest.mark.parametrize(
    "kind",
    [
        pytest.param("nginx", marks=needs("nginx", "nginx-light")),
        pytest.param("caddy", marks=needs("caddy", "caddy")),
    ],
)


def configuration(language: str) -> str:
    """Give the configuration that the page tells people to write."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def replaced(text: str, changes: dict[str, str]) -> str:
    """Put this machine's things in place of the page's; each must be there."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


class Proxy:
    """A reverse proxy with the page's configuration, for `localhost`."""

    def __init__(self, kind: str, place: Path, upstream_port: int) -> None:
        self.kind, self.place = kind, place
        self.port = free_port()
        self.certificate, self.key = place / "fullchain.pem", place / "privkey.pem"
        self.logs = place / "logs"
        self.logs.mkdir()
        make = (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
        )
        subprocess.run(
            [*make.split(), "-addext", "subjectAltName=DNS:localhost",
             "-keyout", str(self.key), "-out", str(self.certificate)],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        write: Callable[[int], list[str]] = self._nginx if kind == "nginx" else self._caddy
        self.command = write(upstream_port)

    def _nginx(self, upstream_port: int) -> list[str]:
        site = replaced(
            configuration("nginx"),
            {
                "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
                "    listen [::]:443 ssl;\n": "",
                "server_name party.example.org": "server_name localhost",
                "/etc/letsencrypt/live/party.example.org/": f"{self.place}/",
                "/var/log/nginx/": f"{self.logs}/",
                "127.0.0.1:3001": f"127.0.0.1:{upstream_port}",
            },
        )
        (self.place / "site.conf").write_text(site)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {self.place}/{kind};\n" for kind in kinds)
        whole = self.place / "nginx.conf"
        whole.write_text(
            f"daemon off;\nworker_processes 1;\npid {self.place}/pid;\nerror_log {self.logs}/start.log;\n"
            f"events {{}}\nhttp {{\n{temporary}include {self.place}/site.conf;\n}}\n"
        )
        start = ["-e", f"{self.logs}/start.log", "-p", str(self.place), "-c", str(whole)]
        return [program("nginx") or "nginx", *start]

    def _caddy(self, upstream_port: int) -> list[str]:
        own = f"\ttls {self.certificate} {self.key}\n\tbind 127.0.0.1"
        site = replaced(
            configuration("caddy"),
            {
                "{\n\tlog {": "{\n\tadmin off\n\tauto_https disable_redirects\n\tlog {",
                "party.example.org {": f"localhost:{self.port} {{\n{own}",
                "127.0.0.1:3001": f"127.0.0.1:{upstream_port}",
            },
        )
        (self.place / "Caddyfile").write_text(site)
        return [program("caddy") or "caddy", "run", "--config", str(self.place / "Caddyfile")]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        """Run it for a while."""
        environ = os.environ | {"HOME": str(self.place), "XDG_DATA_HOME": str(self.place / "data")}
        environ |= {"XDG_CONFIG_HOME": str(self.place / "config")}
        with (self.logs / "output.log").open("ab") as output:
            process = await trio.lowlevel.open_process(
                self.command, env=environ, stdout=output, stderr=output
            )
        try:
            await self._until_open(process)
            yield self
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + SOON_S):
                process.terminate()
                await process.wait()
            if process.poll() is None:
                process.kill()

    async def _until_open(self, process: trio.Process) -> None:
        with trio.move_on_after(SOON_S):
            while process.poll() is None:
                try:
                    stream = await trio.open_tcp_stream("127.0.0.1", self.port)
                except OSError:
                    await trio.sleep(0.02)
                else:
                    await stream.aclose()
                    return
        raise AssertionError(f"{self.kind} did not start:\n{self.written()}")

    def written(self) -> str:
        """Everything that it wrote into any log."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.logs.iterdir()))

    # ---------------------------------------------------------------- through it

    def talk(self, path: str, headers: dict[str, str], *messages: str) -> list[str]:
        """Open a WebSocket with an independent client, say something, and give what is answered to each."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=SOON_S)
        url = f"wss://localhost:{self.port}{path}"
        with connect(
            url,
            sock=sock,
            ssl=trust,
            additional_headers=headers,
            compression=None,
            proxy=None,
            open_timeout=SOON_S,
        ) as link:
            answers = []
            for message in messages:
                link.send(message)
                answers.append(str(link.recv(timeout=SOON_S)))
            return answers


async def talked(proxy: Proxy, path: str, headers: dict[str, str], *messages: str) -> list[str]:
    """Talk in a thread."""
    return await trio.to_thread.run_sync(lambda: proxy.talk(path, headers, *messages), abandon_on_cancel=True)
