"""A real `segued` process on real sockets, for end-to-end tests and benchmarks: started, watched, ended by its id."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import trio

REPO = Path(__file__).resolve().parents[2]
READY_S = 20.0
END_S = 15.0
TOKEN = "canary-plex-token-4711"
"""The Plex token of every rig: a canary that must show up nowhere."""

AS_SYSTEMD = """
import fcntl, os, sys
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in sys.argv[1].split(",")]
for place, fd in enumerate(high, 3):
    os.dup2(fd, place, inheritable=True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Puts inherited sockets at descriptor 3 and on, as sd_listen_fds(3) says, and becomes the command."""

_addresses = itertools.count(1)


def address() -> str:
    """Give a loopback address that no other rig of this process, and hardly one of another process, has."""
    n = next(_addresses)
    return f"127.{100 + os.getpid() % 100}.{1 + os.getpid() // 100 % 250}.{1 + n % 250}"


def free_port(host: str = "127.0.0.1") -> int:
    """Give a port that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind((host, 0))
        return int(sock.getsockname()[1])


def clean_environ() -> dict[str, str]:
    """Give this process' environment without what would change a daemon: its settings, and no cached bytecode."""
    ours = ("SEGUE_", "PLEX_", "PYTHONDONTWRITEBYTECODE")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours)}


class Segued:
    """One daemon: its files, its process, and ways to talk to it."""

    def __init__(self, directory: Path, config: str, *, environ: dict[str, str] | None = None) -> None:
        self.directory = directory
        self.port = free_port()
        self.socket_path = directory / "ctl.sock"
        self.config_path = directory / "segue.toml"
        self.log_path = directory / "segued.log"
        self.state_dir = directory / "state"
        self.environ = environ or {}
        self.program: Sequence[str] = ("-m", "segue")
        """What Python runs: segued, or a program of a test's own that breaks something and then is segued."""
        self.under: Sequence[str] = ()
        """A command to run it under that becomes it, such as `unshare -m`."""
        self.sockets: dict[str, socket.socket] = {}
        """Listening sockets that the process inherits, by name, as systemd hands them over."""
        self.notices: list[dict[str, str]] = []
        """What the process told its service manager so far, as fields."""
        self.heard: list[bytes] = []
        """Every answer of the API and every word of seguectl so far."""
        self.process: trio.Process | None = None
        self.started_at = 0.0
        self.ready_at = 0.0
        self._notify: trio.socket.SocketType | None = None
        self.write_config(config)

    @property
    def url(self) -> str:
        """Where the TCP door is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self.process is not None
        return self.process.pid

    def write_config(self, text: str) -> None:
        """Write the configuration; the `[server]` section is the rig's, except for lines begun with `server:`."""
        extra = [line[7:].strip() for line in text.splitlines() if line.startswith("server:")]
        rest = "\n".join(line for line in text.splitlines() if not line.startswith("server:"))
        server = [
            "[server]",
            f'listen = "127.0.0.1:{self.port}"',
            f'control_socket = "{self.socket_path}"',
            f'state_dir = "{self.state_dir}"',
            *extra,
        ]
        self.config_path.write_text("\n".join([*server, rest, ""]))
        self.config_path.chmod(0o600)

    # ---------------------------------------------------------------- the process

    async def start(self, *arguments: str) -> None:
        """Start the process and wait until it says READY."""
        await self.spawn(*arguments)
        with trio.move_on_after(READY_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._cancel_at_end, nursery.cancel_scope)
                await self.until_told(lambda notice: notice.get("READY") == "1")
                self.ready_at = time.perf_counter()
                nursery.cancel_scope.cancel()
        if not self.ready_at or self.process is None or self.process.poll() is not None:
            raise RuntimeError(f"segued did not get ready:\n{self.log()}")

    async def spawn(self, *arguments: str) -> None:
        """Start the process and wait for nothing. Without its file the environment alone configures it."""
        self.ready_at = 0.0
        self.notices.clear()
        if self._notify is not None:
            self._notify.close()
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"\0segue-rig-{os.getpid()}-{next(_addresses)}"
        notify.bind(name)
        self._notify = trio.socket.from_stdlib_socket(notify)
        environ = clean_environ()
        environ |= {"NOTIFY_SOCKET": "@" + name[1:], "PYTHONPATH": str(REPO / "daemon"), **self.environ}
        config = ["--config", str(self.config_path)] if self.config_path.exists() else []
        command = [*self.under, sys.executable, *self.program, *config, *arguments]
        fds = [sock.fileno() for sock in self.sockets.values()]
        if self.sockets:
            environ |= {"LISTEN_FDS": str(len(fds)), "LISTEN_FDNAMES": ":".join(self.sockets)}
            command = [sys.executable, "-c", AS_SYSTEMD, ",".join(map(str, fds)), *command]
        self.started_at = time.perf_counter()
        with self.log_path.open("ab") as log:
            self.process = await trio.lowlevel.open_process(
                command, env=environ, stdout=log, stderr=log, pass_fds=fds
            )

    async def until_told(
        self, wanted: Callable[[dict[str, str]], object], *, within_s: float = READY_S
    ) -> dict[str, str]:
        """Wait until the process tells its service manager something, not counting what was read already."""
        assert self._notify is not None
        with trio.move_on_after(within_s):
            while True:
                lines = (await self._notify.recv(4096)).decode().splitlines()
                notice = dict(line.partition("=")[::2] for line in lines)
                self.notices.append(notice)
                if wanted(notice):
                    return notice
        raise AssertionError(f"not told within {within_s} s: {self.notices}\n{self.log()[-3000:]}")

    async def _cancel_at_end(self, scope: trio.CancelScope) -> None:
        assert self.process is not None
        await self.process.wait()
        scope.cancel()

    async def ended(self, *, within_s: float = END_S) -> int:
        """Wait until the process ends by itself and give its exit code."""
        assert self.process is not None
        with trio.move_on_after(within_s):
            return await self.process.wait()
        raise AssertionError(f"segued did not end within {within_s} s:\n{self.log()[-3000:]}")

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End the process and give its exit code; killed when it does not end."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        with trio.move_on_after(END_S):
            return await self.process.wait()
        self.process.kill()
        await self.process.wait()
        raise RuntimeError(f"segued did not end within {END_S} s:\n{self.log()}")

    async def kill(self) -> None:
        """End the process without a word, as a power cut would."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()
        self.ready_at = 0.0

    def close(self) -> None:
        """Hear no more notices."""
        if self._notify is not None:
            self._notify.close()
            self._notify = None

    async def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `segued` with other arguments until it ends by itself, beside the daemon or without it."""
        environ = clean_environ()
        environ |= {"PYTHONPATH": str(REPO / "daemon"), **self.environ}
        command = [sys.executable, "-m", "segue", *arguments]
        with trio.fail_after(30):
            result = await trio.run_process(
                command, env=environ, capture_stdout=True, capture_stderr=True, check=False
            )
        return subprocess.CompletedProcess(
            command, result.returncode, result.stdout.decode(), result.stderr.decode()
        )

    def log(self) -> str:
        """Everything the process printed."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_lines(self, *levels: str) -> list[str]:
        """Give the lines of some levels, all of them when none is named."""
        lines = self.log().splitlines()
        return [line for line in lines if not levels or [*line.split(), "", ""][1] in levels]

    # ---------------------------------------------------------------- talking to it

    async def api(
        self, method: str, path: str, body: Any = None, *, status: int | None = None, confirm: str = ""
    ) -> Any:
        """Call the API on the control socket; gives the decoded answer. `confirm` answers a question of before."""
        arguments = ["--unix-socket", str(self.socket_path), "-X", method]
        if body is not None:
            arguments += ["--data-binary", json.dumps(body), "-H", "Content-Type: application/json"]
        if confirm:
            arguments += ["-H", f"Segue-Confirm: {confirm}"]
        answer = await curl(*arguments, f"http://localhost{path}")
        self.heard.append(answer.body)
        if status is not None:
            assert answer.status == status, answer
        return json.loads(answer.body)

    async def room(self, name: str | None = None) -> Any:
        """Give one room as the API tells it."""
        answer = await self.api("GET", "/api/v1/rooms", status=200)
        rooms = answer["data"]["rooms"]
        return rooms[0] if name is None else next(r for r in rooms if r["name"] == name)

    async def until(self, condition: Any, *, within_s: float = 15.0, name: str | None = None) -> Any:
        """Wait until a room fulfils a condition; fails with the room as it was last seen."""
        room: Any = None
        with trio.move_on_after(within_s):
            while True:
                room = await self.room(name)
                if condition(room):
                    return room
                await trio.sleep(0.05)
        raise AssertionError(f"not within {within_s} s: {room}\n{self.log()[-3000:]}")

    async def ctl(self, *arguments: str, check: int | None = 0) -> subprocess.CompletedProcess[bytes]:
        """Run seguectl as a user would."""
        command: Sequence[str] = [sys.executable, "-m", "segue.cli.seguectl", *arguments]
        environ = clean_environ() | {
            "SEGUE_SOCKET": str(self.socket_path),
            "PYTHONPATH": str(REPO / "daemon"),
        }
        with trio.fail_after(30):
            result = await trio.run_process(
                command, env=environ, capture_stdout=True, capture_stderr=True, check=False
            )
        self.heard += [result.stdout, result.stderr]
        if check is not None:
            assert result.returncode == check, (arguments, result.returncode, result.stdout, result.stderr)
        return result


class Answer(NamedTuple):
    """What curl got."""

    status: int
    """0 when the connection ended without an answer."""
    body: bytes


async def curl(*arguments: str, stdin: bytes = b"", before: Sequence[str] = ()) -> Answer:
    """Ask with curl, a client that is not ours; `before` is a command to run it under, such as setpriv."""
    command = [*before, "curl", "-sS", "-m", "20", "-w", "\n%{http_code}", *arguments]
    result = await trio.run_process(
        command, stdin=stdin, capture_stdout=True, capture_stderr=True, check=False
    )
    body, _, code = result.stdout.rpartition(b"\n")
    return Answer(int(code or b"0"), body)


@asynccontextmanager
async def running(segued: Segued, *arguments: str) -> AsyncIterator[Segued]:
    """Run a daemon for a while; whatever happens, its process ends."""
    try:
        await segued.start(*arguments)
        yield segued
    finally:
        if segued.process is not None and segued.process.poll() is None:
            with trio.CancelScope(shield=True):
                await segued.stop()
        segued.close()


@asynccontextmanager
async def spawned(segued: Segued, *arguments: str) -> AsyncIterator[Segued]:
    """Start a daemon that is not expected to get ready; whatever happens, its process ends."""
    try:
        await segued.spawn(*arguments)
        yield segued
    finally:
        with trio.CancelScope(shield=True):
            await segued.kill()
        segued.close()
