"""One client's byte stream, read ahead of the handler and written with a deadline.

One task per connection reads, whatever the handler does. So a client that goes away is noticed at once and
without a task for each request; and as no more than `READ_AHEAD_BYTES` are held, a client that sends too much
meets TCP's own flow control.
"""

from collections.abc import Callable

import trio

READ_AHEAD_BYTES = 64 * 1024
"""Held unread; a Plex webhook with its picture (54 kB) fits."""

WRITE_BYTES = 64 * 1024
"""Written under one deadline, so that a large answer over a slow network passes and a stuck one does not."""

LINGER_PAUSE_S = 0.05
"""Between two reads while a connection ends. A client that pours a large body on is held up by its own full
buffers, and comes to read the answer; without the pause it would fill any bound at once and meet the reset."""


class ClientGoneError(ConnectionError):
    """The client closed the connection, or read slower than the limit. `send` raises it; applications let it pass."""


def _nobody() -> None:
    pass


class Wire:
    """A stream with a read-ahead task (`read_ahead`, to be started by the owner) and bounded writes."""

    def __init__(self, stream: trio.abc.Stream, write_s: float) -> None:
        self._stream = stream
        self._write_s = write_s
        self._buffer = bytearray()
        self._arrived = trio.Event()
        self._room: trio.Event | None = None
        self._writing = trio.Lock()
        self.ended = False
        """True when no more bytes will come, though some may still wait to be taken."""
        self.broken = False
        """True when nothing can be written any more."""
        self.on_end: Callable[[], None] = _nobody
        """Called once, when the client is found to be gone."""

    @property
    def waiting(self) -> bool:
        """True when bytes wait to be taken."""
        return bool(self._buffer)

    async def read_ahead(self) -> None:
        """Read until the end of the stream."""
        while not self.ended:
            try:
                data = await self._stream.receive_some(READ_AHEAD_BYTES)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._end(broken=True)
                return
            if not data:
                self._end(broken=False)
                return
            self._buffer += data
            self._arrived.set()
            while len(self._buffer) >= READ_AHEAD_BYTES and not self.ended:
                self._room = trio.Event()
                await self._room.wait()

    async def take(self, max_bytes: int) -> bytes:
        """Wait for bytes and take some; nothing at the end of the stream."""
        while not self._buffer:
            if self.ended:
                return b""
            self._arrived = trio.Event()
            await self._arrived.wait()
        data = bytes(self._buffer[:max_bytes])
        del self._buffer[:max_bytes]
        self._make_room()
        return data

    async def write(self, data: bytes) -> None:
        """Write all of it, in the order of the calls.

        Raises:
            ClientGoneError: the client went away or reads too slowly; the wire is broken from then on.
        """
        try:
            self._writing.acquire_nowait()
        except trio.WouldBlock:
            await self._writing.acquire()
        try:
            for start in range(0, len(data), WRITE_BYTES):
                await self._write_some(
                    data if len(data) <= WRITE_BYTES else data[start : start + WRITE_BYTES]
                )
        finally:
            self._writing.release()

    async def _write_some(self, data: bytes) -> None:
        if self.broken:
            raise ClientGoneError("the client is gone")
        whole = False
        try:
            with trio.CancelScope(deadline=trio.current_time() + self._write_s):
                await self._stream.send_all(data)
                whole = True
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ClientGoneError("the client is gone") from error
        finally:
            if not whole:  # also when cancelled: nothing that follows half a chunk would make sense
                self._end(broken=True)
        if not whole:
            raise ClientGoneError(f"the client read nothing for {self._write_s:g} s")

    async def linger(self, limit_s: float) -> None:
        """Say that nothing more will be written, and throw away what still comes, for a short while."""
        with trio.move_on_after(limit_s):
            if isinstance(self._stream, trio.abc.HalfCloseableStream):
                try:
                    await self._stream.send_eof()
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    return
            more = True
            while more:
                more = bool(await self.take(READ_AHEAD_BYTES))
                await trio.sleep(LINGER_PAUSE_S)

    def _end(self, *, broken: bool) -> None:
        first = not self.ended
        self.broken = self.broken or broken
        self.ended = True
        self._arrived.set()
        self._make_room()
        if first:
            self.on_end()

    def _make_room(self) -> None:
        if self._room is not None:
            self._room.set()
            self._room = None
