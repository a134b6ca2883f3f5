"""A headless mpv as a child, spoken to over its JSON socket.

Reference: mpv's manual, section "JSON IPC". One line of JSON a message; answers carry the number of their request,
events carry none and come in between.
"""

import itertools
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import trio

PACKAGE: Final = "mpv"
"""Debian's package."""
START_S: Final = 20.0
ANSWER_S: Final = 5.0
END_S: Final = 3.0
LINE_BYTES_MAX: Final = 1024 * 1024
OPTIONS: Final = (
    "--no-config",
    "--idle=yes",
    "--no-terminal",
    "--force-window=no",
    "--vo=null",  # frames are timed and thrown away
    "--ao=null",  # a sound device that consumes at the pace of the system's clock
    "--hr-seek=yes",
    "--audio-pitch-correction=no",
    "--cache=no",
    "--ytdl=no",
    "--load-scripts=no",
    "--osc=no",
    "--input-default-bindings=no",
    "--sub-auto=no",
)


class MpvError(Exception):
    """mpv refused a command, or is not there."""


def is_installed() -> bool:
    """Whether there is an mpv on this machine."""
    return shutil.which("mpv") is not None


class MpvIpc:
    """One mpv. `on_event` is called with the name of each event and all that mpv says of it."""

    def __init__(
        self,
        stream: trio.SocketStream,
        process: trio.Process,
        on_event: Callable[[str, dict[str, Any]], None],
    ) -> None:
        self.process = process
        self._stream = stream
        self._on_event = on_event
        self._ids = itertools.count(1)
        self._waiting: dict[int, tuple[trio.Event, list[dict[str, Any]]]] = {}
        self._sending = trio.Lock()

    async def command(self, *words: Any) -> Any:
        """Send a command, and give what it answers. Raises `MpvError`, also after `ANSWER_S` without an answer."""
        number, came, answers = next(self._ids), trio.Event(), list[dict[str, Any]]()
        line = json.dumps({"command": list(words), "request_id": number}).encode() + b"\n"
        self._waiting[number] = (came, answers)
        try:
            with trio.move_on_after(ANSWER_S):
                async with self._sending:
                    await self._stream.send_all(line)
                await came.wait()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise MpvError("mpv is gone") from None
        finally:
            del self._waiting[number]
        if not answers:
            raise MpvError(f"mpv did not answer {words[0]!r} within {ANSWER_S:g} s")
        if answers[0].get("error") != "success":
            raise MpvError(f"mpv answers {answers[0].get('error')!r} to {words!r}")
        return answers[0].get("data")

    async def get(self, name: str) -> Any:
        """Read a property; None while it has no value."""
        try:
            return await self.command("get_property", name)
        except MpvError as error:
            if "property unavailable" in str(error):
                return None
            raise

    async def set(self, name: str, value: Any) -> None:
        """Set a property."""
        await self.command("set_property", name, value)

    async def read(self) -> None:
        """Hand out answers and events until mpv ends."""
        buffer = bytearray()
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for data in self._stream:
                buffer += data
                while b"\n" in buffer:
                    line, _, rest = buffer.partition(b"\n")
                    buffer = bytearray(rest)
                    self._take(json.loads(line))
                if len(buffer) > LINE_BYTES_MAX:
                    raise MpvError("mpv sent a line without an end")

    def _take(self, message: dict[str, Any]) -> None:
        if "event" in message:
            self._on_event(message["event"], message)
        elif (waiting := self._waiting.get(message.get("request_id", 0))) is not None:
            came, answers = waiting
            answers.append(message)
            came.set()


@asynccontextmanager
async def running_mpv(on_event: Callable[[str, dict[str, Any]], None]) -> AsyncIterator[MpvIpc]:
    """Run an mpv that shows nothing and makes no sound. Raises `MpvError` when it cannot be started."""
    program = shutil.which("mpv")
    if program is None:
        raise MpvError(f"there is no mpv: apt-get install --no-install-recommends {PACKAGE}")
    folder = tempfile.mkdtemp(prefix="segue-mpv-")
    place = Path(folder) / "ipc"
    try:
        process = await trio.lowlevel.open_process(
            [program, *OPTIONS, f"--input-ipc-server={place}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            stream = await _connect(place, process)
            async with stream, trio.open_nursery() as nursery:
                mpv = MpvIpc(stream, process, on_event)
                nursery.start_soon(mpv.read)
                yield mpv
                nursery.cancel_scope.cancel()
        finally:
            await _end(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _connect(place: Path, process: trio.Process) -> trio.SocketStream:
    with trio.move_on_after(START_S):
        while process.returncode is None and process.poll() is None:
            with suppress(OSError):
                return await trio.open_unix_socket(str(place))
            await trio.sleep(0.02)
    raise MpvError(f"mpv did not open its socket within {START_S:g} s")


async def _end(process: trio.Process) -> None:
    with trio.move_on_after(END_S, shield=True):
        process.terminate()
        await process.wait()
        return
    with trio.move_on_after(END_S, shield=True):
        process.kill()
        await process.wait()
