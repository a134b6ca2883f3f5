"""One client of the simulated HEOS device: its lines in, its answers and events out, and its share of the faults.

Three tasks, so that nothing waits for the wrong thing: the reader notes every command as soon as it is on the wire, the
worker carries out one after the other (a slow command holds up only its own connection), and the writer is the only one
that sends. A client that does not read what it is sent is cut off, as the device has no room to keep it.
"""

import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import trio

from segue.demo.heos_faults import Faults
from segue.demo.heos_protocol import Command, RefusalError, failure, parse_command, under_process

LINE_BYTES_MAX: Final = 8192
LINES_WAITING_MAX: Final = 256
OUTBOX_LINES_MAX: Final = 5000


@dataclass(frozen=True)
class LoggedCommand:
    """A command as it arrived: when (seconds of the speaker's clock), on which connection, and what.

    Passwords are masked.
    """

    at: float
    connection: int
    name: str
    args: Mapping[str, str]


class Device(Protocol):
    """What a connection needs of the device behind it."""

    faults: Faults

    @property
    def in_flight(self) -> int:
        """Commands received and not answered, over all connections."""

    def draw_latency(self, name: str) -> float:
        """How long the device takes for this command, in seconds."""

    def received(self, connection: "Connection", command: Command) -> None:
        """A command arrived."""

    def execute(self, connection: "Connection", command: Command) -> bytes:
        """Carry a command out and return the line that answers it."""

    def settle(self) -> None:
        """Send the events of what just happened."""


class Connection:
    """A client's connection. `registered` for change events, `pretty` JSON, `frozen`: dead, though not closed."""

    def __init__(self, device: Device, stream: trio.abc.Stream, number: int) -> None:
        self.number = number
        self.registered = False
        self.pretty = False
        self.frozen = False
        self.in_flight = 0
        self._device = device
        self._stream = stream
        self._scope = trio.CancelScope()
        self._is_new = True
        self._to_worker, self._inbox = trio.open_memory_channel[tuple[bytes, int]](LINES_WAITING_MAX)
        self._to_writer, self._outbox = trio.open_memory_channel[bytes](OUTBOX_LINES_MAX)

    def __repr__(self) -> str:
        words = [word for word in ("registered", "pretty", "frozen") if getattr(self, word)]
        return f"<Connection {self.number} {' '.join(words)} {self.in_flight} in flight>"

    async def run(self) -> None:
        """Serve until the client leaves or `drop` is called."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write)
                    nursery.start_soon(self._work, nursery)
                    await self._read()
                    nursery.cancel_scope.cancel()
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client is gone; that is all there is to it
        finally:
            await trio.aclose_forcefully(self._stream)

    def send(self, line: bytes) -> None:
        """Queue a line for the client, unless the link is dead."""
        if self.frozen or self._device.faults.silent:
            return
        try:
            self._to_writer.send_nowait(line)
        except trio.WouldBlock:
            self.drop(reset=True)

    def drop(self, *, reset: bool) -> None:
        """Close the connection, at once: with a TCP reset, or as politely as TCP can; again is harmless."""
        if reset and isinstance(self._stream, trio.SocketStream) and self._stream.socket.fileno() != -1:
            self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._scope.cancel()

    async def _read(self) -> None:
        buffer = b""
        while data := await self._stream.receive_some(65536):
            *lines, buffer = (buffer + data).split(b"\n")
            if len(buffer) > LINE_BYTES_MAX:
                return
            for line in lines:
                if line.strip():
                    await self._note(line.strip())

    async def _note(self, line: bytes) -> None:
        self.in_flight += 1
        self._device.received(self, _command_of(line))
        await self._to_worker.send((line, self._device.in_flight))

    async def _work(self, nursery: trio.Nursery) -> None:
        async for line, in_flight in self._inbox:
            if self.frozen or self._device.faults.silent:
                self.in_flight -= 1
                continue
            await self._serve(_command_of(line), in_flight, nursery)

    async def _serve(self, command: Command, in_flight: int, nursery: trio.Nursery) -> None:
        faults = self._device.faults
        is_first, self._is_new = self._is_new, False
        if faults.drop_at == command.name:
            faults.drop_at = None
            self.drop(reset=True)
            return
        refusal = faults.take_refusal(first=is_first, in_flight=in_flight)
        if refusal is None and faults.says_under_process(command):
            self.send(under_process(command, pretty=self.pretty))
            await _pause(faults.under_process_s)
        await _pause(self._device.draw_latency(command.name))
        if refusal is None:
            answer = self._device.execute(self, command)
        else:
            answer = failure(command, refusal, pretty=self.pretty)
        await self._answer(faults.distort(answer), nursery)

    async def _answer(self, answer: bytes, nursery: trio.Nursery) -> None:
        faults = self._device.faults
        lost, late = faults.take("lose_next"), faults.take("late_next")
        if lost or late or faults.events_first:
            self._device.settle()
        if late and not lost:
            if faults.late_overtaken:
                nursery.start_soon(self._answer_late, answer)
                return
            await _pause(faults.late_s)
        self.in_flight -= 1
        if not lost:
            self.send(answer)
        self._device.settle()

    async def _answer_late(self, answer: bytes) -> None:
        await _pause(self._device.faults.late_s)
        self.in_flight -= 1
        self.send(answer)

    async def _write(self) -> None:
        async for line in self._outbox:
            pause_s = self._device.faults.dribble_s
            if pause_s is None:
                await self._stream.send_all(line)
                continue
            for place in range(len(line)):
                await self._stream.send_all(line[place : place + 1])
                await _pause(pause_s)


def _command_of(line: bytes) -> Command:
    """Read a line; what is no command becomes one that nobody knows, so that it is refused with error 1."""
    try:
        return parse_command(line)
    except RefusalError:
        return Command(line[:64].decode("utf-8", errors="replace"))


async def _pause(seconds: float) -> None:
    if seconds > 0:
        await trio.sleep(seconds)
