"""A Starlette application on our server: the framework's own ways of failing, streaming and hearing of disconnects."""

import contextlib
from collections.abc import AsyncIterator

import pytest
import trio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from trio.testing import MockClock

from segue.runtime.http import Limits
from tests.runtime.http.talk import GET, post, talking
from tests.runtime.http.ws_client import HANDSHAKE, linked


class House:
    """An application with one route of each kind; remembers how its streams ended."""

    def __init__(self, *, middleware: bool = False) -> None:
        self.ended: list[float] = []
        routes = [
            Route("/json", self.json, methods=["GET", "POST"]),
            Route("/events", self.events),
            Route("/fails/{secret}", self.fails),
            Route("/late", self.late),
            WebSocketRoute("/ws", self.websocket),
            WebSocketRoute("/refused", self.refused),
        ]

        async def passing(request: Request, call_next: RequestResponseEndpoint) -> Response:
            return await call_next(request)

        wrap = [Middleware(BaseHTTPMiddleware, dispatch=passing)] if middleware else []
        self.app = Starlette(routes=routes, middleware=wrap)

    async def json(self, request: Request) -> Response:
        return JSONResponse(
            {"body": (await request.body()).decode(), "peer": request.scope["extensions"]["segue.peer"]}
        )

    async def events(self, request: Request) -> Response:
        async def generate() -> AsyncIterator[bytes]:
            try:
                yield b"data: 1\n\n"
                await trio.sleep_forever()
            finally:
                self.ended.append(trio.current_time())

        return StreamingResponse(generate(), media_type="text/event-stream")

    async def fails(self, request: Request) -> Response:
        raise KeyError(request.path_params["secret"])

    async def late(self, request: Request) -> Response:
        with contextlib.suppress(trio.TooSlowError), trio.fail_after(100):
            while not await request.is_disconnected():
                await trio.sleep(0.1)
        self.ended.append(trio.current_time())
        return Response(b"late")

    async def websocket(self, ws: WebSocket) -> None:
        await ws.accept()
        try:
            async for text in ws.iter_text():
                await ws.send_text(text)
        finally:
            self.ended.append(trio.current_time())

    async def refused(self, ws: WebSocket) -> None:
        await ws.close()


@pytest.fixture(params=[False, True], ids=["plain", "middleware"])
def house(request: pytest.FixtureRequest) -> House:
    return House(middleware=request.param)


async def test_a_body_is_read_and_answered(autojump_clock: MockClock, house: House) -> None:
    async with talking(house.app) as client:
        answer = await client.ask(post(b"x" * 54_000, path=b"/json"))
        assert (answer.status, len(answer.body)) == (200, 54_000 + len('{"body":"","peer":null}'))
        assert (await client.ask(GET)).status == 404
        head = b"HEAD /json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert (await client.ask(head, "HEAD")).headers["content-type"] == "application/json"


async def test_a_failure_is_reported_once_and_told_by_the_frameworks_500(
    autojump_clock: MockClock, house: House
) -> None:
    async with talking(house.app) as client:
        answer = await client.ask(b"GET /fails/s3cr3t HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (answer.status, answer.body) == (500, b"Internal Server Error")
        assert client.failures.messages == ["GET /fails/{secret}: KeyError"]


async def test_a_body_that_grows_too_large_is_our_413(autojump_clock: MockClock, house: House) -> None:
    async with talking(house.app, limits=Limits(body_bytes=10)) as client:
        await client.send(b"POST /json HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        answer = await client.ask(b"20\r\n" + b"x" * 32 + b"\r\n", "POST")
        assert answer.status == 413
        assert client.failures.messages == []


async def test_a_generator_ends_with_its_client(autojump_clock: MockClock, house: House) -> None:
    async with talking(house.app) as client:
        await client.send(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await client.until(b"data: 1\n\n")
        await client.stream.aclose()
        gone_at = trio.current_time()
        await trio.sleep(5)
        assert house.ended[0] - gone_at <= 1.0
        assert client.failures.messages == []


async def test_a_generator_ends_when_the_server_stops(autojump_clock: MockClock, house: House) -> None:
    async with talking(house.app) as client:
        await client.send(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await client.until(b"data: 1\n\n")
        client.server.stop(10)
        assert (await client.rest()).endswith(b"0\r\n\r\n")
        assert len(house.ended) == 1
        assert client.failures.messages == []


async def test_a_client_that_goes_amid_its_body_is_no_failure(
    autojump_clock: MockClock, house: House
) -> None:
    async with talking(house.app) as client:
        await client.send(post(b"x" * 100, path=b"/json")[:-50])
        await client.stream.aclose()
        await trio.sleep(5)
        assert (client.server.connections, client.failures.messages) == (0, [])


async def test_is_disconnected_tells(autojump_clock: MockClock) -> None:
    house = House()
    async with talking(house.app) as client:
        await client.send(b"GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await trio.sleep(3)
        await client.stream.aclose()
        gone_at = trio.current_time()
        await trio.sleep(5)
        assert house.ended[0] - gone_at < 0.3


async def test_a_websocket_talks_and_ends(autojump_clock: MockClock, house: House) -> None:
    async with linked(house.app) as ws:
        await ws.say("hello")
        assert await ws.text() == "hello"
        ws.protocol.send_close(1000)
        await ws.flush()
        await ws.ended()
        assert len(house.ended) == 1
        assert ws.client.failures.messages == []


@pytest.mark.parametrize("path", [b"/refused", b"/nowhere"])
async def test_a_websocket_is_refused(autojump_clock: MockClock, house: House, path: bytes) -> None:
    async with talking(house.app) as client:
        answer = await client.ask(HANDSHAKE.replace(b"/ws", path) + b"\r\n")
        assert (answer.status, answer.error["code"]) == (403, "forbidden")
        assert client.failures.messages == []
