"""How an exchange ends when the application fails or the client goes."""

import pytest
import trio
from trio.testing import MockClock

from segue.runtime.http import Message, Receive, Scope, Send
from tests.runtime.http.talk import GET, Stream, echo, post, read_body, reply, talking

# ---------------------------------------------------------------- failures of the application


async def test_a_failure_becomes_a_500_without_any_detail(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive)
        raise KeyError("a secret")

    async with talking(app) as client:
        answer = await client.ask(
            b"GET /token/abc HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\n\r\n"
        )
        assert (answer.status, answer.error["code"]) == (500, "internal")
        assert b"secret" not in answer.body
        assert client.failures.messages == ["GET request: KeyError"], (
            "no path, no header, no text of the error"
        )
        assert isinstance(client.failures.errors[0], KeyError)


async def test_a_failure_names_the_route_by_its_pattern(autojump_clock: MockClock) -> None:
    class Route:
        path = "/webhooks/plex/{secret}"

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = Route()
        raise ValueError

    async with talking(app) as client:
        await client.ask(b"GET /webhooks/plex/s3cr3t HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.failures.messages == ["GET /webhooks/plex/{secret}: ValueError"]


async def test_a_failure_amid_the_answer_cuts_the_connection(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ValueError

    async with talking(app) as client:
        await client.send(GET)
        seen = await client.rest()
        assert b"half" in seen
        assert not seen.endswith(b"0\r\n\r\n"), "the client can tell that the answer is not whole"
        assert client.failures.messages == ["GET request: ValueError"]


async def test_a_failure_after_the_answer_harms_nobody(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive)
        await reply(send, b"fine")
        raise ValueError

    async with talking(app) as client:
        assert (await client.ask(GET)).body == b"fine"
        assert (await client.ask(GET)).body == b"fine"
        assert client.failures.messages == ["GET request: ValueError"] * 2


async def test_no_answer_at_all_becomes_a_500(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive)

    async with talking(app) as client:
        assert (await client.ask(GET)).status == 500
        assert client.failures.messages == ["GET request: the application gave no whole answer"]


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x-a", b"b\r\nset-cookie: evil")],
        [(b"x a", b"b")],
        [(b"content-length", b"1"), (b"content-length", b"2")],
        [(b"content-length", b"-1")],
    ],
)
async def test_an_answer_that_is_not_http_becomes_a_500(
    autojump_clock: MockClock, headers: list[tuple[bytes, bytes]]
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x"})

    async with talking(app) as client:
        assert (await client.ask(GET)).status == 500
        assert len(client.failures.messages) == 1


@pytest.mark.parametrize("body", [b"x", b"xxx"])
async def test_a_body_of_another_size_than_announced_is_cut(autojump_clock: MockClock, body: bytes) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": body})

    async with talking(app) as client:
        await client.send(GET)
        assert b"\r\n\r\nxxx" not in await client.rest()
        assert client.failures.messages == ["GET request: LocalProtocolError"]


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.response.body", "body": b"x"}],
        [{"type": "http.response.start", "status": 200}] * 2,
        [{"type": "websocket.send", "text": "x"}],
    ],
)
async def test_messages_out_of_turn_are_an_error_of_the_application(
    autojump_clock: MockClock, messages: list[Message]
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    async with talking(app) as client:
        await client.send(GET)
        await client.rest()
        assert client.failures.messages == ["GET request: RuntimeError"]


async def test_a_fatal_error_answers_and_ends_the_server(autojump_clock: MockClock) -> None:
    class CoreError(Exception):
        pass

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async with trio.open_nursery():
            raise CoreError

    with pytest.raises(ExceptionGroup) as raised:
        async with talking(app, fatal=(CoreError,)) as client:
            assert (await client.ask(GET)).status == 500
            await trio.sleep(1)
    assert raised.group_contains(CoreError)


# ---------------------------------------------------------------- disconnects


async def test_a_handler_is_cancelled_soon_after_its_client_has_gone(autojump_clock: MockClock) -> None:
    stream = Stream()
    async with talking(stream) as client:
        await client.send(GET)
        await stream.begun.wait()
        await client.stream.aclose()
        gone_at = trio.current_time()
        await stream.ended.wait()
        assert trio.current_time() - gone_at <= 1.0
        assert client.failures.messages == []


async def test_a_disconnect_is_told_at_once_through_receive(autojump_clock: MockClock) -> None:
    told: list[tuple[Message, float]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive)
        told.append((await receive(), trio.current_time()))

    async with talking(app) as client:
        await client.send(GET)
        await trio.sleep(5)
        await client.stream.aclose()
        gone_at = trio.current_time()
        await trio.sleep(5)
        assert told == [({"type": "http.disconnect"}, gone_at)]
        assert client.failures.messages == [], "an application that ends then has not failed"


async def test_a_client_that_goes_amid_its_body_is_no_failure(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        await client.send(post(b"x" * 100)[:-50])
        await client.stream.aclose()
        await trio.sleep(5)
        assert client.server.connections == 0
        assert client.failures.messages == []


async def test_a_client_that_only_closes_its_sending_half_gets_its_answer(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive)
        await trio.sleep(0.5)
        await reply(send, b"late, not lost")

    async with talking(app) as client:
        await client.send(GET)
        assert isinstance(client.stream, trio.StapledStream)
        await client.stream.send_eof()
        assert (await client.answer()).body == b"late, not lost"


async def test_a_pipelined_request_of_a_client_that_is_gone_ends_too(autojump_clock: MockClock) -> None:
    stream = Stream()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/stream":
            await stream(scope, receive, send)
        else:
            await trio.sleep(0.5)
            await reply(send, b"")

    async with talking(app) as client:
        await client.send(GET + GET.replace(b"/ ", b"/stream "))
        assert isinstance(client.stream, trio.StapledStream)
        await client.stream.send_eof()
        await stream.ended.wait()
        assert trio.current_time() < 2


async def test_a_failure_translated_from_the_clients_going_is_not_reported(autojump_clock: MockClock) -> None:
    class FrameworkError(Exception):
        pass

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while True:
                await trio.sleep(0.1)
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
        except OSError:
            raise FrameworkError from None

    async with talking(app) as client:
        await client.send(GET)
        await client.stream.aclose()
        await trio.sleep(5)
        assert client.failures.messages == []
