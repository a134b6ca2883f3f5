"""The WebSocket conversation, with an independent client (`websockets`, sans-IO) on a memory stream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from segue.runtime.http import ClientGoneError, Limits, Message, Receive, Scope, Send
from tests.runtime.http.talk import Client, talking

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class WsClient:
    """The `websockets` library on a test's stream; it answers no ping unless told to read."""

    def __init__(self, client: Client, subprotocols: list[Subprotocol] | None = None) -> None:
        self.client = client
        self.protocol = ClientProtocol(
            parse_uri("ws://localhost/ws"), subprotocols=subprotocols, max_size=None
        )
        self.frames: list[Frame] = []

    async def open(self) -> None:
        self.protocol.send_request(self.protocol.connect())
        await self.flush()
        while self.protocol.state is State.CONNECTING and not self.protocol.handshake_exc:
            await self.read()

    async def flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                await self.client.send(data)

    async def read(self) -> bool:
        """Read once; False at the end of the stream."""
        try:
            data = await self.client.stream.receive_some(65536)
        except trio.BrokenResourceError:
            data = b""
        if data:
            self.protocol.receive_data(data)
        else:
            self.protocol.receive_eof()
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self.flush()
        self.frames += [e for e in self.protocol.events_received() if isinstance(e, Frame)]
        return bool(data)

    async def next(self) -> Frame:
        """Wait for the next frame that is not about pings."""
        while True:
            while self.frames:
                frame = self.frames.pop(0)
                if frame.opcode not in (Opcode.PING, Opcode.PONG):
                    return frame
            assert await self.read(), "the stream ended"

    async def text(self) -> str:
        frame = await self.next()
        assert frame.opcode is Opcode.TEXT
        return bytes(frame.data).decode()

    async def say(self, text: str) -> None:
        self.protocol.send_text(text.encode())
        await self.flush()

    async def ended(self) -> int | None:
        """Read to the end and give the close code that came."""
        while await self.read():
            pass
        return self.protocol.close_code


class Echo:
    """Says back what it hears; remembers how the link ended."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            self.heard.append(message)
            if message["type"] == "websocket.disconnect":
                return
            await send({**message, "type": "websocket.send"})


@asynccontextmanager
async def linked(app: Any, **options: Any) -> AsyncIterator[WsClient]:
    async with talking(app, **options) as client:
        ws = WsClient(client)
        await ws.open()
        assert ws.protocol.state is State.OPEN
        yield ws


async def test_messages_go_both_ways(autojump_clock: MockClock) -> None:
    echo = Echo()
    async with linked(echo) as ws:
        await ws.say("grüße")
        assert await ws.text() == "grüße"
        ws.protocol.send_binary(b"\x00\xff")
        await ws.flush()
        assert bytes((await ws.next()).data) == b"\x00\xff"
    assert [m.get("text", m.get("bytes")) for m in echo.heard] == ["grüße", b"\x00\xff"]


async def test_the_scope_is_a_websockets(autojump_clock: MockClock) -> None:
    echo = Echo()
    async with linked(echo):
        scope = echo.scopes[0]
        assert (scope["type"], scope["scheme"], scope["path"]) == ("websocket", "ws", "/ws")
        assert scope["subprotocols"] == []
        assert scope["extensions"]["segue.peer"] is None
        assert "method" not in scope


async def test_compression_is_never_agreed_on(autojump_clock: MockClock) -> None:
    async with talking(Echo()) as client:
        await client.send(HANDSHAKE + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
        seen = await client.until(b"\r\n\r\n")
        assert seen.startswith(b"HTTP/1.1 101 ")
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in seen, "the key of RFC 6455, section 1.3"
        assert b"extensions" not in seen.lower()


async def test_a_message_may_come_in_fragments_with_a_ping_between(autojump_clock: MockClock) -> None:
    async with linked(Echo()) as ws:
        ws.protocol.send_text("ä".encode()[:1], fin=False)
        ws.protocol.send_ping(b"now")
        ws.protocol.send_continuation("ä".encode()[1:], fin=True)
        await ws.flush()
        assert await ws.text() == "ä"


async def test_what_comes_right_behind_the_handshake_is_heard(autojump_clock: MockClock) -> None:
    async with talking(Echo()) as client:
        masked = b"\x81\x82\x00\x00\x00\x00hi"
        await client.send(HANDSHAKE + b"\r\n" + masked)
        assert (await client.until(b"\x81\x02hi")).endswith(b"\x81\x02hi")


async def test_a_subprotocol_is_chosen_among_those_offered(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        assert scope["subprotocols"] == ["one", "two"]
        await send({"type": "websocket.accept", "subprotocol": "two", "headers": [(b"x-a", b"b")]})

    async with talking(app) as client:
        ws = WsClient(client, [Subprotocol("one"), Subprotocol("two")])
        await ws.open()
        assert ws.protocol.subprotocol == "two"
        assert await ws.ended() == 1000, "an application that is done closes"


async def test_an_unoffered_subprotocol_is_the_applications_error(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept", "subprotocol": "two"})

    async with talking(app) as client:
        assert (await client.ask(HANDSHAKE + b"\r\n")).status == 500
        assert client.failures.messages == ["WebSocket request: RuntimeError"]


# ---------------------------------------------------------------- the end


async def test_the_clients_close_is_answered_and_told(autojump_clock: MockClock) -> None:
    echo = Echo()
    async with linked(echo) as ws:
        ws.protocol.send_close(4001, "bye")
        await ws.flush()
        assert await ws.ended() == 4001
        await trio.sleep(1)
        assert ws.client.server.connections == 0
    assert echo.heard == [{"type": "websocket.disconnect", "code": 4001, "reason": "bye"}]


async def test_a_close_without_a_code_is_told_as_1005(autojump_clock: MockClock) -> None:
    echo = Echo()
    async with linked(echo) as ws:
        ws.protocol.send_close()
        await ws.flush()
        await ws.ended()
    assert echo.heard[0]["code"] == 1005


async def test_the_applications_close_carries_its_code(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4003, "reason": "not you"})
        with pytest.raises(ClientGoneError):
            await send({"type": "websocket.send", "text": "x"})

    async with linked(app) as ws:
        assert await ws.ended() == 4003
        assert ws.protocol.close_reason == "not you"
        assert ws.client.failures.messages == []


async def test_a_client_that_does_not_answer_a_close_is_not_waited_for(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})

    async with talking(app) as client:
        began_at = trio.current_time()
        await client.send(HANDSHAKE + b"\r\n")
        await client.rest()
        assert trio.current_time() - began_at < 5


async def test_after_its_close_the_application_hears_the_end_soon(autojump_clock: MockClock) -> None:
    heard: list[tuple[Message, float]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await trio.sleep(3)
        await send({"type": "websocket.close", "code": 4000})
        heard.append((await receive(), trio.current_time()))

    async with talking(app) as client:
        await client.send(HANDSHAKE + b"\r\n")
        await client.rest()
    assert heard[0][0] == {"type": "websocket.disconnect", "code": 4000, "reason": ""}
    assert heard[0][1] == pytest.approx(5, abs=0.1), "though the client never answers the close"


async def test_a_handshake_that_waits_is_refused_when_stopping(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await trio.sleep_forever()

    async with talking(app) as client:
        await client.send(HANDSHAKE + b"\r\n")
        await trio.sleep(1)
        client.server.stop(10)
        answer = await client.answer()
        assert (answer.status, answer.error["code"]) == (503, "stopping")
        assert trio.current_time() < 1.2
        assert client.failures.messages == []


async def test_a_client_that_vanishes_is_told_as_1006_and_the_handler_cancelled(
    autojump_clock: MockClock,
) -> None:
    ended: list[float] = []

    async def deaf(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        try:
            await trio.sleep_forever()
        finally:
            ended.append(trio.current_time())

    echo = Echo()
    async with linked(echo) as ws:
        await ws.client.stream.aclose()
        await trio.sleep(0.1)
    assert echo.heard == [{"type": "websocket.disconnect", "code": 1006, "reason": ""}]
    async with linked(deaf) as ws:
        await ws.client.stream.aclose()
        gone_at = trio.current_time()
        await trio.sleep(5)
        assert ended[0] - gone_at <= 1.0


async def test_an_application_that_fails_closes_with_1011(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        raise ValueError("a secret")

    async with linked(app) as ws:
        assert await ws.ended() == 1011
        assert ws.protocol.close_reason == ""
        assert ws.client.failures.messages == ["WebSocket request: ValueError"]


async def test_stopping_says_goodbye(autojump_clock: MockClock) -> None:
    echo = Echo()
    async with linked(echo) as ws:
        stopped_at = trio.current_time()
        ws.client.server.stop(10)
        assert await ws.ended() == 1001
        await trio.sleep(0.1)
        assert ws.client.server.connections == 0
        assert trio.current_time() - stopped_at < 0.5
    assert echo.heard[-1]["code"] == 1001


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"Version: 13", b"Version: 8"), 426),
        ((b"Sec-WebSocket-Version: 13\r\n", b""), 400),
        ((b"dGhlIHNhbXBsZSBub25jZQ==", b"c2hvcnQ="), 400),
        ((b"dGhlIHNhbXBsZSBub25jZQ==", b"***"), 400),
        ((b"keep-alive, Upgrade", b"keep-alive"), 400),
        ((b"GET", b"POST"), 400),
        ((b"HTTP/1.1", b"HTTP/1.0"), 400),
        ((b"Host: localhost\r\n", b"Host: localhost\r\nContent-Length: 2\r\n"), 400),
        ((b"Host: localhost", b"Host: stranger.example"), 421),
    ],
)
async def test_a_bad_handshake_is_refused(
    autojump_clock: MockClock, change: tuple[bytes, bytes], status: int
) -> None:
    async with talking(Echo()) as client:
        answer = await client.ask(HANDSHAKE.replace(*change) + b"\r\n")
        assert answer.status == status
        assert answer.error["message"]
        assert (status != 426) or answer.headers["sec-websocket-version"] == "13"
        assert client.failures.messages == []


async def test_an_application_may_refuse(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.close", "code": 1008})

    async with talking(app) as client:
        answer = await client.ask(HANDSHAKE + b"\r\n")
        assert (answer.status, answer.error["code"]) == (403, "forbidden")
        assert await client.closed()


async def test_an_application_may_refuse_in_its_own_words(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "websocket.http.response.start", "status": 401, "headers": [(b"X-A", b"b")]}
        await send(start)
        await send({"type": "websocket.http.response.body", "body": b"no ", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"token"})

    async with talking(app) as client:
        answer = await client.ask(HANDSHAKE + b"\r\n")
        assert (answer.status, answer.headers["x-a"], answer.body) == (401, "b", b"no token")


async def test_an_unanswered_handshake_is_a_500(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    async with talking(app) as client:
        assert (await client.ask(HANDSHAKE + b"\r\n")).status == 500
        assert client.failures.messages == ["WebSocket request: the application did not answer the handshake"]


# ---------------------------------------------------------------- bounds


@pytest.mark.parametrize("fragments", [1, 5])
async def test_a_message_of_the_largest_size_passes_and_a_larger_one_closes_with_1009(
    autojump_clock: MockClock, fragments: int
) -> None:
    echo = Echo()
    async with linked(echo, limits=Limits(ws_message_bytes=1000)) as ws:
        await ws.say("x" * 1000)
        assert await ws.text() == "x" * 1000
        for n in range(fragments):
            send = ws.protocol.send_continuation if n else ws.protocol.send_text
            send(b"x" * (1000 // fragments + 1), fin=n == fragments - 1)
        await ws.flush()
        assert await ws.ended() == 1009
    assert [m["type"] for m in echo.heard] == ["websocket.receive", "websocket.disconnect"]
    assert echo.heard[-1]["code"] == 1009


async def test_a_frame_that_claims_an_exabyte_is_refused_early(autojump_clock: MockClock) -> None:
    async with linked(Echo()) as ws:
        await ws.client.send(b"\x82\xff" + (1 << 60).to_bytes(8, "big") + b"\x00" * 4 + b"x" * 20_000)
        assert await ws.ended() == 1009


async def test_a_flood_closes_with_1008(autojump_clock: MockClock) -> None:
    echo = Echo()
    async with linked(echo) as ws:
        for n in range(60):
            ws.protocol.send_text(str(n).encode())
        await ws.flush()
        assert await ws.ended() == 1008
    assert len(echo.heard) <= 41


async def test_a_flood_of_pings_closes_with_1008(autojump_clock: MockClock) -> None:
    async with linked(Echo()) as ws:
        for n in range(60):
            ws.protocol.send_ping(str(n).encode())
        await ws.flush()
        assert await ws.ended() == 1008


async def test_a_steady_client_below_the_limit_is_served(autojump_clock: MockClock) -> None:
    async with linked(Echo()) as ws:
        for n in range(300):
            await trio.sleep(1 / 19)
            await ws.say(str(n))
            assert await ws.text() == str(n)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x02hi", 1002),
        (b"\x83\x80\x00\x00\x00\x00", 1002),
        (b"\xc1\x82\x00\x00\x00\x00hi", 1002),
        (b"\x80\x82\x00\x00\x00\x00hi", 1002),
        (b"\x09\x80\x00\x00\x00\x00", 1002),
        (b"\x88\x82\x00\x00\x00\x00\x03\xed", 1002),
        (b"\x81\x82\x00\x00\x00\x00\xff\xfe", 1007),
    ],
)
async def test_what_is_no_websocket_frame_closes(autojump_clock: MockClock, data: bytes, code: int) -> None:
    echo = Echo()
    async with linked(echo) as ws:
        await ws.client.send(data)
        assert await ws.ended() == code
        assert ws.client.failures.messages == []
    assert echo.heard[-1] == {"type": "websocket.disconnect", "code": code, "reason": "not a WebSocket frame"}


async def test_a_silent_client_is_pinged_and_stays(autojump_clock: MockClock) -> None:
    async with linked(Echo()) as ws:
        with trio.move_on_after(600):
            while await ws.read():
                pass
        assert ws.protocol.state is State.OPEN
        pings = [f for f in ws.frames if f.opcode is Opcode.PING]
        assert 28 <= len(pings) <= 31


async def test_a_client_that_answers_no_ping_is_dead_after_two_silences(autojump_clock: MockClock) -> None:
    echo = Echo()
    async with linked(echo) as ws:
        began_at = trio.current_time()
        while not echo.heard:
            await trio.sleep(1)
        assert echo.heard[0]["code"] == 1006
        assert trio.current_time() - began_at <= 41
        assert ws.client.server.connections <= 1


async def test_a_client_that_never_reads_is_cut_off_alone(autojump_clock: MockClock) -> None:
    raised: list[float] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "text": "x" * 1000})
        except OSError:
            raised.append(trio.current_time())
            raise

    async with talking(app, lockstep=True) as client:
        await client.send(HANDSHAKE + b"\r\n")
        await client.until(b"\r\n\r\n")
        began_at = trio.current_time()
        while client.server.connections:
            await trio.sleep(0.1)
        assert raised[0] - began_at == pytest.approx(5, abs=0.1)
        assert trio.current_time() - began_at < 7
        assert client.failures.messages == []


async def test_a_slow_application_holds_its_client_back_and_no_ping_condemns_it(
    autojump_clock: MockClock,
) -> None:
    heard = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal heard
        await receive()
        await send({"type": "websocket.accept"})
        await trio.sleep(200)
        while (await receive())["type"] == "websocket.receive":
            heard += 1

    async with linked(app) as ws:
        for n in range(100):
            await ws.say(str(n))
            await trio.sleep(0.1)
        await trio.sleep(300)
        assert heard == 100


FRAMES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [b"\x81\x82\x00\x00\x00\x00hi", b"\x01\x81\x00\x00\x00\x00h", b"\x80\x81\x00\x00\x00\x00i"]
    ),
    st.sampled_from(
        [b"\x89\x80\x00\x00\x00\x00", b"\x88\x80\x00\x00\x00\x00", b"\x82\xfe\x00\x80\x01\x02\x03\x04"]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(FRAMES, max_size=15))
def test_no_frames_break_a_link(parts: list[bytes]) -> None:
    """Whatever comes: the server fails in no way of its own, and the application hears the end exactly once."""
    echo = Echo()

    async def talk() -> None:
        async with talking(echo) as client:
            await client.send(HANDSHAKE + b"\r\n")
            await client.until(b"\r\n\r\n")
            try:
                for part in parts:
                    await client.send(part)
                    await trio.sleep(0.1)
                await client.rest()
            except trio.BrokenResourceError:
                pass
            await trio.sleep(60)
            assert client.server.connections == 0
            assert client.failures.messages == []

    trio.run(talk, clock=MockClock(autojump_threshold=0))
    assert [m["type"] for m in echo.heard].count("websocket.disconnect") == 1
