"""A real `segued` process on real sockets, for end-to-end tests and benchmarks: started, watched, ended by its id."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

REPO = Path(__file__).resolve().parents[2]
READY_S = 20.0
END_S = 15.0
TOKEN = "canary-plex-token-4711"
"""The Plex token of every rig: a canary that must show up nowhere."""

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
        self.process: trio.Process | None = None
        self.started_at = 0.0
        self.ready_at = 0.0
        self.write_config(config)

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

    async def start(self, *arguments: str) -> None:
        """Start the process and wait until it says READY."""
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"\0segue-rig-{os.getpid()}-{next(_addresses)}"
        notify.bind(name)
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("SEGUE_", "PLEX_"))}
        environ |= {"NOTIFY_SOCKET": "@" + name[1:], "PYTHONPATH": str(REPO / "daemon"), **self.environ}
        log = self.log_path.open("ab")
        command = [sys.executable, "-m", "segue", "--config", str(self.config_path), *arguments]
        self.started_at = time.perf_counter()
        self.process = await trio.lowlevel.open_process(command, env=environ, stdout=log, stderr=log)
        log.close()
        sock = trio.socket.from_stdlib_socket(notify)
        with sock, trio.move_on_after(READY_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._cancel_at_end, nursery.cancel_scope)
                while b"READY=1" not in await sock.recv(4096):
                    pass
                self.ready_at = time.perf_counter()
                nursery.cancel_scope.cancel()
        if not self.ready_at or self.process.poll() is not None:
            raise RuntimeError(f"segued did not get ready:\n{self.log()}")

    async def _cancel_at_end(self, scope: trio.CancelScope) -> None:
        assert self.process is not None
        await self.process.wait()
        scope.cancel()

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

    def log(self) -> str:
        """Everything the process printed."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    # ---------------------------------------------------------------- talking to it

    async def api(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """Call the API on the control socket with curl, an independent client; gives the decoded answer."""
        command = ["curl", "-sS", "-m", "10", "--unix-socket", str(self.socket_path), "-X", method]
        command += ["-w", "\n%{http_code}"]
        if body is not None:
            command += ["--data-binary", json.dumps(body), "-H", "Content-Type: application/json"]
        result = await trio.run_process([*command, f"http://localhost{path}"], capture_stdout=True)
        text, _, code = result.stdout.decode().rpartition("\n")
        if status is not None:
            assert int(code) == status, (code, text)
        return json.loads(text)

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
        environ = os.environ | {"SEGUE_SOCKET": str(self.socket_path), "PYTHONPATH": str(REPO / "daemon")}
        with trio.fail_after(30):
            result = await trio.run_process(
                command, env=environ, capture_stdout=True, capture_stderr=True, check=False
            )
        if check is not None:
            assert result.returncode == check, (arguments, result.returncode, result.stdout, result.stderr)
        return result


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
