"""An HTTP/1.1 reply and server-sent events, read piece by piece; nothing here touches a socket.

Only what segued's own server sends is understood (RFC 9112: a length, chunks, or until the end), within limits.
"""

from __future__ import annotations

from segue.cli.errors import UNREACHABLE, CtlError

HEAD_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 64 * 1024 * 1024
"""Twenty thousand jobs, which is as many as one request may begin, with all their candidates."""
EVENT_BYTES_MAX = 16 * 1024 * 1024
LINE_BYTES_MAX = 256
"""Of the line that opens a chunk."""
EVENT_LINES_MAX = 10_000


def not_segued(what: str) -> CtlError:
    """Give the error of an answer that segued cannot have sent."""
    return CtlError(
        UNREACHABLE,
        "not_segued",
        f"What answers there is not segued: {what}.",
        "Is the address right? A proxy in between must pass the answers on as they are.",
    )


class Reply:
    """One reply: feed it what was received, and it gives the bytes of the body as they come."""

    def __init__(self) -> None:
        self.status = 0
        """The status code; 0 until the head is complete."""
        self.headers: dict[str, str] = {}
        """By name in lower case."""
        self.done = False
        """True when the body is complete."""
        self._buffer = b""
        self._chunked = False
        self._left: int | None = None
        """Bytes to come: of the body, or of the chunk; nothing when the body ends with the connection."""
        self._in_trailer = False

    def feed(self, received: bytes) -> bytes:
        """Take what was received (nothing: the end). Gives what that brought of the body. Raises `CtlError`."""
        if not received:
            self._ended()
            return b""
        self._buffer += received
        while not self.status:
            if not self._read_head():
                return b""
        return self._read_chunks() if self._chunked else self._read_plain()

    def _ended(self) -> None:
        if not self.status and not self._buffer:
            raise CtlError(
                UNREACHABLE,
                "closed",
                "segued closed the connection without an answer.",
                "It may be stopping; `systemctl status segued` tells.",
            )
        if self.status and (self.done or (not self._chunked and self._left is None)):
            self.done = True
            return
        raise CtlError(UNREACHABLE, "cut_off", "The answer was cut off in the middle.", "Ask again.")

    def _read_head(self) -> bool:
        """Read a status line and headers when they are complete; an interim reply (1xx) is passed over."""
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not self._buffer.startswith(b"HTTP/1."[: len(self._buffer)]):
            raise not_segued("it does not speak HTTP")
        if not end:
            if len(self._buffer) > HEAD_BYTES_MAX:
                raise not_segued("its headers have no end")
            return False
        self._buffer = rest
        first, *lines = head.decode("latin-1").split("\r\n")
        code = first[9:12]
        if not (code.isascii() and code.isdigit() and first[8:9] == " "):
            raise not_segued("its status line makes no sense")
        if code[0] != "1":
            self.status = int(code)
            self.headers = {name.strip().lower(): value.strip() for name, _, value in _split(lines)}
            self._frame()
        return True

    def _frame(self) -> None:
        """Learn from the headers how the body ends."""
        self._chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        if self._chunked:
            self._left = 0
            return
        length = self.headers.get("content-length")
        if length is None:
            self.done = self.status in (204, 304)
            return
        if not (length.isascii() and length.isdigit()) or len(length) > 12:
            raise not_segued("its length makes no sense")
        self._left = int(length)

    def _read_plain(self) -> bytes:
        body, self._buffer = self._buffer, b""
        if self._left is None:
            return body
        body = body[: self._left]
        self._left -= len(body)
        self.done = self._left == 0
        return body

    def _read_chunks(self) -> bytes:
        pieces = []
        while not self.done:
            if self._left:
                piece = self._buffer[: self._left]
                if not piece:
                    break
                self._buffer = self._buffer[len(piece) :]
                self._left -= len(piece)
                pieces.append(piece)
            elif not self._open_chunk():
                break
        return b"".join(pieces)

    def _open_chunk(self) -> bool:
        """Read the line that opens a chunk, the empty line after one, or the trailer; false when it is incomplete."""
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            if len(self._buffer) > LINE_BYTES_MAX:
                raise not_segued("a chunk of its answer has no end")
            return False
        self._buffer = rest
        if self._in_trailer:
            self.done = not line
            return True
        if not line:
            return True
        try:
            self._left = int(line.partition(b";")[0], 16)
        except ValueError:
            raise not_segued("a chunk of its answer makes no sense") from None
        if self._left < 0:
            raise not_segued("a chunk of its answer makes no sense")
        self._in_trailer = self._left == 0
        return True


def _split(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in lines]


class Events:
    """Server-sent events: feed it the body of a stream, and it gives the data of each complete event."""

    def __init__(self) -> None:
        self._buffer = b""
        self._data: list[bytes] = []

    def feed(self, body: bytes) -> list[str]:
        """Take a piece of the stream, and give the events that it completes. Comments keep the line alive only."""
        self._buffer += body
        if len(self._buffer) > EVENT_BYTES_MAX or len(self._data) > EVENT_LINES_MAX:
            raise not_segued("an event has no end")
        *lines, self._buffer = self._buffer.split(b"\n")
        events = []
        for line in (each.removesuffix(b"\r") for each in lines):
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                events.append(b"\n".join(self._data).decode(errors="replace"))
                self._data = []
        return events
