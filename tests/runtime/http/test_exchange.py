"""An HTTP exchange on a memory stream and virtual time: order and bounds."""

import itertools
from contextlib import suppress

import pytest
import trio
from trio.testing import MockClock

from segue.runtime.http import ClientGoneError, Limits, Message, Origin, Peer, Receive, Scope, Send
from tests.runtime.http.talk import GET, Client, Stream, echo, not_found, post, read_body, reply, talking


async def test_a_request_gets_its_answer_and_the_connection_stays_open(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        first = await client.ask(post(b"abc", path=b"/a%20b?c=d"))
        assert (first.status, first.body) == (200, b"POST /a b abc")
        assert "connection" not in first.headers
        assert (await client.ask(GET)).body == b"GET / "


async def test_an_answer_is_dated_and_names_no_server(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        answer = await client.ask(GET)
        assert answer.headers["date"].endswith(" GMT")
        assert "server" not in answer.headers


async def test_the_scope_says_what_asgi_wants_and_who_calls(autojump_clock: MockClock) -> None:
    seen: list[Scope] = []
    states: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        states.append(dict(scope["state"]))
        scope["state"]["mine"] = 1
        await reply(send, b"")

    peer = Peer(pid=12, uid=34, gid=56)
    origin = Origin(server=("/run/ctl.sock", None), peer=peer)
    async with talking(app, origin=origin, state={"house": "h"}) as client:
        await client.ask(b"PUT /x%2Fy/%C3%A4?q=%20 HTTP/1.1\r\nHost: stranger.example\r\nX-A: b\r\n\r\n")
        await client.ask(GET)
    first = seen[0]
    assert first["type"] == "http"
    assert first["asgi"] == {"version": "3.0", "spec_version": "2.4"}
    assert first["method"] == "PUT"
    assert (first["path"], first["raw_path"], first["query_string"]) == ("/x/y/ä", b"/x%2Fy/%C3%A4", b"q=%20")
    assert first["headers"] == [(b"host", b"stranger.example"), (b"x-a", b"b")]
    assert first["extensions"]["segue.peer"] == peer
    assert (first["client"], first["server"]) == (None, ("/run/ctl.sock", None))
    assert states == [{"house": "h"}] * 2, "a request's state is its own"


async def test_head_gets_the_header_of_get_and_no_body(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        answer = await client.ask(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HEAD")
        assert (answer.status, answer.headers["content-length"], answer.body) == (200, "7", b"")
        assert (await client.ask(GET)).body == b"GET / ", "nothing of a body was sent"


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_may_have_no_body_has_none(autojump_clock: MockClock, status: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"never"})

    async with talking(app) as client:
        assert (await client.ask(GET)).body == b""
        assert (await client.ask(GET)).status == status


async def test_pipelined_requests_are_answered_in_order(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        await client.send(b"".join(post(str(n).encode()) for n in range(50)))
        for n in range(50):
            assert (await client.answer("POST")).body == f"POST / {n}".encode()


async def test_a_chunked_body_arrives_whole(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in (b"3\r\nabc\r\n", b"2;x=y\r\nde\r", b"\n0\r\n", b"\r\n"):
            await client.send(part)
            await trio.sleep(0.1)
        assert (await client.answer("POST")).body == b"POST / abcde"
        assert (await client.ask(GET)).status == 200


async def test_a_stream_is_sent_part_by_part(autojump_clock: MockClock) -> None:
    stream = Stream()
    async with talking(stream) as client:
        await client.send(GET)
        seen = await client.until(b"data: 1\n\n")
        assert b"transfer-encoding: chunked" in seen.lower()


async def test_the_header_of_a_stream_goes_ahead_of_its_first_part(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await trio.sleep_forever()

    async with talking(app) as client:
        await client.send(GET)
        assert (await client.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_http_1_0_gets_a_plain_body_and_the_end(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"plain", "more_body": True})
        await send({"type": "http.response.body", "body": b" words"})

    async with talking(app) as client:
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert (await client.rest()).endswith(b"\r\n\r\nplain words")


async def test_an_upgrade_that_we_do_not_speak_is_ignored(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        fields = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")
        assert (await client.ask(post(b"x", *fields))).body == b"POST / x"
        assert (await client.ask(GET)).status == 200


# ---------------------------------------------------------------- Expect: 100-continue


async def test_a_client_that_waits_is_told_to_go_on_when_the_body_is_wanted(
    autojump_clock: MockClock,
) -> None:
    async with talking(echo) as client:
        head, body = post(b"abc", b"Expect: 100-continue").split(b"\r\n\r\n")
        await client.send(head + b"\r\n\r\n")
        assert (await client.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        assert (await client.ask(body, "POST")).body == b"POST / abc"


async def test_a_client_that_waits_gets_the_answer_at_once_when_the_body_is_not_wanted(
    autojump_clock: MockClock,
) -> None:
    async with talking(not_found) as client:
        head = post(b"abc", b"Expect: 100-continue")[:-3]
        answer = await client.ask(head, "POST")
        assert (answer.status, answer.headers["connection"]) == (404, "close")
        assert await client.closed()


async def test_a_client_that_waits_with_too_large_a_body_hears_413(autojump_clock: MockClock) -> None:
    async with talking(echo, limits=Limits(body_bytes=2)) as client:
        answer = await client.ask(post(b"abc", b"Expect: 100-continue")[:-3], "POST")
        assert answer.status == 413


# ---------------------------------------------------------------- bounds


async def test_a_large_body_is_refused_before_the_application_hears_of_it(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("not to be called")

    async with talking(app) as client:
        answer = await client.ask(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n")
        assert (answer.status, answer.error["code"]) == (413, "body_too_large")
        assert "1048576" in answer.error["message"]
        assert answer.headers["connection"] == "close"
        assert await client.closed()
        assert client.failures.messages == []


async def test_a_chunked_body_that_grows_too_large_cancels_the_application(autojump_clock: MockClock) -> None:
    got = 0
    caught: list[BaseException] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal got
        try:
            while True:
                got += len((await receive())["body"])
        except Exception as error:
            caught.append(error)
            raise

    async with talking(app, limits=Limits(body_bytes=10_000)) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        async with trio.open_nursery() as nursery:

            async def flood() -> None:
                with trio.move_on_after(30):
                    for _ in itertools.count():
                        try:
                            await client.send(b"400\r\n" + b"x" * 1024 + b"\r\n")
                        except (trio.BrokenResourceError, trio.ClosedResourceError):
                            return
                        await trio.sleep(0.001)

            nursery.start_soon(flood)
            assert (await client.answer("POST")).status == 413
        assert got <= 10_000
        assert caught == [], "frameworks would answer an exception with a 500"


async def test_the_bound_of_a_body_may_depend_on_the_path(autojump_clock: MockClock) -> None:
    async with talking(echo, body_limit=lambda path: 10 if path == "/small" else 100) as client:
        assert (await client.ask(post(b"x" * 50, path=b"/big"))).status == 200
        assert (await client.ask(post(b"x" * 50, path=b"/small"))).status == 413


async def test_a_slow_body_ends_after_ten_seconds_of_waiting(autojump_clock: MockClock) -> None:
    began_at = trio.current_time()
    async with talking(echo) as client:
        await client.send(post(b"x" * 100)[:-100])
        async with trio.open_nursery() as nursery:

            async def drip() -> None:
                for _ in range(50):
                    await client.send(b"x")
                    await trio.sleep(1)

            nursery.start_soon(drip)
            answer = await client.answer("POST")
            nursery.cancel_scope.cancel()
        assert (answer.status, answer.error["code"]) == (408, "too_slow")
        assert 9.9 < trio.current_time() - began_at < 10.1


async def test_the_applications_own_time_does_not_count_against_the_body(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await trio.sleep(100)
        await reply(send, await read_body(receive))

    async with talking(app) as client:
        await client.send(post(b"ab")[:-1])
        await trio.sleep(1)
        await client.send(b"b")
        assert (await client.answer("POST")).body == b"b"


async def test_a_client_that_never_reads_is_cut_off(autojump_clock: MockClock) -> None:
    raised: list[BaseException] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
        except OSError as error:
            raised.append(error)
            raise

    began_at = trio.current_time()
    async with talking(app, lockstep=True) as client:
        await client.send(GET)
        while client.server.connections:
            await trio.sleep(0.1)
        assert trio.current_time() - began_at < 6
        assert isinstance(raised[0], ClientGoneError)
        assert client.failures.messages == [], "a slow client is no failure"


async def test_a_large_answer_may_take_long_as_long_as_it_moves(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(send, b"x" * 1_000_000)

    async with talking(app, lockstep=True) as client:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.send, GET)
            size = 0
            while size < 1_000_000:
                await trio.sleep(4)
                size += len(await client.stream.receive_some(65536))
        assert trio.current_time() > 60


# ---------------------------------------------------------------- answers before the body


async def test_an_answer_before_the_body_closes_the_connection(autojump_clock: MockClock) -> None:
    async with talking(not_found) as client:
        answer = await client.ask(post(b"x" * 1000)[:-500], "POST")
        assert (answer.status, answer.headers["connection"]) == (404, "close")
        assert await client.closed()


async def test_an_unread_body_is_not_drained_for_long(autojump_clock: MockClock) -> None:
    async with talking(not_found) as client:
        await client.send(post(b"x" * 1000)[:-1000])
        assert (await client.answer("POST")).status == 404
        began_at = trio.current_time()
        with trio.move_on_after(30):
            while True:
                await client.send(b"x")
                await trio.sleep(0.1)
                if not client.server.connections:
                    break
        assert trio.current_time() - began_at < 1.5


async def test_the_end_of_an_early_answer_is_seen_at_once(autojump_clock: MockClock) -> None:
    async with talking(not_found) as client:
        await client.send(post(b"x" * 1000)[:-1000])
        assert (await client.answer("POST")).status == 404
        assert await client.closed()
        assert trio.current_time() < 0.5, "the server says that it is done before it has thrown the rest away"


class Pouring:
    """A client that sends as much as is taken from it."""

    def __init__(self) -> None:
        self.taken = 0

    async def __call__(self, client: Client) -> None:
        await client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while True:
                await client.send(b"x" * 10_000)
                self.taken += 10_000


async def test_no_more_is_read_ahead_than_fits(autojump_clock: MockClock) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await trio.sleep_forever()

    pouring = Pouring()
    async with talking(app, lockstep=True) as client, trio.open_nursery() as nursery:
        nursery.start_soon(pouring, client)
        await trio.sleep(60)
        assert 50_000 < pouring.taken < 150_000
        nursery.cancel_scope.cancel()


async def test_a_client_that_pours_on_is_held_up_while_the_connection_ends(autojump_clock: MockClock) -> None:
    pouring = Pouring()
    async with talking(not_found, lockstep=True) as client:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pouring, client)
            assert (await client.answer("POST")).status == 404
            began_at = trio.current_time()
            while client.server.connections:
                await trio.sleep(0.1)
            nursery.cancel_scope.cancel()
        assert 0.5 < trio.current_time() - began_at < 1.5, "there was time to read the answer"
        assert pouring.taken < 3_000_000


async def test_receive_ends_when_the_answer_is_complete(autojump_clock: MockClock) -> None:
    last: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive)
        await reply(send, b"done")
        last.append(await receive())

    async with talking(app) as client:
        await client.ask(GET)
        await client.ask(GET)
        await trio.sleep(1)
        assert last == [{"type": "http.disconnect"}] * 2
