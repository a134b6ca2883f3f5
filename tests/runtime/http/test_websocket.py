"""The WebSocket conversation: handshake, messages, the ways it ends."""

import pytest
import trio
from trio.testing import MockClock
from websockets.typing import Subprotocol

from segue.runtime.http import ClientGoneError, Message, Receive, Scope, Send
from tests.runtime.http.talk import talking
from tests.runtime.http.ws_client import HANDSHAKE, Echo, WsClient, linked


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
