"""A raw HTTP server on loopback, for answers that no well-behaved server gives."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

Answer = Callable[["Connection"], Awaitable[None]]


@dataclass
class Connection:
    """One accepted connection, with the requests heard on it so far."""

    stream: trio.SocketStream
    heard: bytearray = field(default_factory=bytearray)

    async def read_head(self) -> bytes:
        """Read one request's head; empty when the client went away."""
        while b"\r\n\r\n" not in self.heard:
            data = await self.stream.receive_some()
            if not data:
                return b""
            self.heard += data
        head, _, rest = bytes(self.heard).partition(b"\r\n\r\n")
        self.heard[:] = rest
        return head

    async def send(self, data: bytes) -> None:
        """Send raw bytes."""
        await self.stream.send_all(data)


@dataclass
class RawServer:
    """What the server listens on and what it heard."""

    port: int
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        """Where to reach it."""
        return f"http://127.0.0.1:{self.port}"

    def lines(self, n: int = 0) -> list[str]:
        """The lines of the nth request's head."""
        return self.heads[n].decode("latin-1").split("\r\n")

    def headers(self, n: int = 0) -> dict[str, str]:
        """The headers of the nth request, names in lower case."""
        pairs = (line.partition(":") for line in self.lines(n)[1:])
        return {name.lower(): value.strip() for name, _, value in pairs}


def ok(body: bytes, content_type: str = "text/xml", status: str = "200 OK", extra: str = "") -> bytes:
    """Make a whole, proper answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


@asynccontextmanager
async def serving(*answers: bytes | Answer) -> AsyncIterator[RawServer]:
    """Serve answers, one a request, the last one again and again; bytes as they are, or what a function does."""
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        server = RawServer(listener.socket.getsockname()[1])

        async def handle(stream: trio.SocketStream) -> None:
            server.connections += 1
            connection = Connection(stream)
            try:
                while head := await connection.read_head():
                    answer = answers[min(len(server.heads), len(answers) - 1)]
                    server.heads.append(head)
                    if callable(answer):
                        await answer(connection)
                    else:
                        await connection.send(answer)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass
            finally:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
                    await stream.aclose()

        nursery.start_soon(trio.serve_listeners, handle, [listener])
        try:
            yield server
        finally:
            nursery.cancel_scope.cancel()


async def hang(_connection: Connection) -> None:
    """Never answer."""
    await trio.sleep_forever()


async def drop(connection: Connection) -> None:
    """Close without a word."""
    await connection.stream.aclose()


def close_after(data: bytes) -> Answer:
    """Send something and close."""

    async def answer(connection: Connection) -> None:
        await connection.send(data)
        await connection.stream.aclose()

    return answer


def trickle(data: bytes, every_s: float) -> Answer:
    """Send one byte at a time."""

    async def answer(connection: Connection) -> None:
        for byte in data:
            await connection.send(bytes([byte]))
            await trio.sleep(every_s)

    return answer


def flood(chunk: bytes) -> Answer:
    """Send a body without end."""

    async def answer(connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))

    return answer
