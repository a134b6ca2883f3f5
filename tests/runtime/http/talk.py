"""Both ends of a conversation: applications to serve, and clients that say exactly what a test wants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import h11
import msgspec
import trio
from trio.testing import lockstep_stream_pair, memory_stream_pair

from segue.runtime.http import HttpServer, Limits, Message, Origin, Receive, Scope, Send, open_tcp_listeners

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Answer:
    """One answer as a client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, str]:
        """The error object, in the project's one shape."""
        told = msgspec.json.decode(self.body)
        assert told["ok"] is False
        assert set(told["error"]) == {"code", "message", "hint"}
        error: dict[str, str] = told["error"]
        return error


@dataclass
class Failures:
    """What the server says of failures."""

    messages: list[str] = field(default_factory=list)
    errors: list[BaseException | None] = field(default_factory=list)

    def __call__(self, message: str, error: BaseException | None) -> None:
        self.messages.append(message)
        self.errors.append(error)


class Client:
    """One end of a stream: raw bytes out, parsed answers in."""

    def __init__(self, stream: trio.abc.Stream, server: HttpServer, failures: Failures) -> None:
        self.stream = stream
        self.server = server
        self.failures = failures
        self.left = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def answer(self, method: str = "GET") -> Answer:
        """Read one answer to a request of that method."""
        conn = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        conn.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        conn.send(h11.EndOfMessage())
        if self.left:
            conn.receive_data(self.left)
        response: h11.Response | None = None
        body = b""
        while True:
            event = conn.next_event()
            if event is h11.NEED_DATA:
                conn.receive_data(bytes(await self.stream.receive_some(65536)))
            elif isinstance(event, h11.InformationalResponse):
                raise AssertionError(f"unexpected {event.status_code}")
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                assert response is not None
                self.left = conn.trailing_data[0]
                headers = {n.decode(): v.decode() for n, v in response.headers}
                return Answer(response.status_code, headers, body)
            else:
                raise AssertionError(f"no answer, but {event!r}")

    async def ask(self, data: bytes, method: str = "GET") -> Answer:
        await self.send(data)
        return await self.answer(method)

    async def until(self, part: bytes) -> bytes:
        """Read until some bytes were seen."""
        seen = self.left
        self.left = b""
        while part not in seen:
            data = await self.stream.receive_some(65536)
            assert data, f"the stream ended with {seen!r}"
            seen += data
        return seen

    async def rest(self) -> bytes:
        """Read to the end of the stream."""
        seen = self.left
        self.left = b""
        try:
            while data := await self.stream.receive_some(65536):
                seen += data
        except trio.BrokenResourceError:
            pass
        return seen

    async def closed(self) -> bool:
        """Wait until the server has closed, having sent nothing more."""
        return await self.rest() == b""


@asynccontextmanager
async def talking(
    app: Any, *, origin: Origin | None = None, lockstep: bool = False, **options: Any
) -> AsyncIterator[Client]:
    """Serve an application on a memory stream. In lockstep, what is not read cannot be written."""
    failures = Failures()
    server = HttpServer(app, on_failure=failures, **options)
    here, there = lockstep_stream_pair() if lockstep else memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(server.serve_stream, there, origin=origin))
        yield Client(here, server, failures)
        nursery.cancel_scope.cancel()


@dataclass
class House:
    """A server on a real TCP socket."""

    server: HttpServer
    failures: Failures
    port: int
    stopped: trio.Event
    streams: list[trio.SocketStream] = field(default_factory=list)

    async def connect(self) -> Client:
        """Connect; the stream is closed with the house."""
        self.streams.append(await trio.open_tcp_stream("127.0.0.1", self.port))
        return Client(self.streams[-1], self.server, self.failures)


@asynccontextmanager
async def serving(app: Any, **options: Any) -> AsyncIterator[House]:
    """Serve an application on a free TCP port of loopback, on the real clock, for a minute at most."""
    failures = Failures()
    server = HttpServer(app, on_failure=failures, **options)
    stopped = trio.Event()

    async def serve(
        listeners: list[trio.SocketListener], *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        await server.serve(listeners, task_status=task_status)
        stopped.set()

    listeners = await open_tcp_listeners("127.0.0.1", 0)
    port = listeners[0].socket.getsockname()[1]
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            await nursery.start(serve, listeners)
            house = House(server, failures, port, stopped)
            try:
                yield house
            finally:
                nursery.cancel_scope.cancel()
                for stream in house.streams:
                    stream.socket.close()


# ---------------------------------------------------------------- applications


async def read_body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RuntimeError("the client went away")
        body += message["body"]
        if not message["more_body"]:
            return body


async def reply(send: Send, body: bytes, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with method, path and body."""
    body = await read_body(receive)
    await reply(send, f"{scope['method']} {scope['path']} ".encode() + body)


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 404 without looking at the body."""
    await reply(send, b"no", 404)


class Stream:
    """An endless event stream: one event, then nothing; remembers how it ended."""

    def __init__(self) -> None:
        self.begun = trio.Event()
        self.ended = trio.Event()
        self.messages: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        self.begun.set()
        try:
            await trio.sleep_forever()
        finally:
            self.ended.set()


def post(body: bytes, *fields: bytes, path: bytes = b"/") -> bytes:
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: localhost", b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def limits(**values: Any) -> Limits:
    return Limits(**values)
