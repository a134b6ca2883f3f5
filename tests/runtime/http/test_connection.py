"""What a connection takes and refuses before any application hears of it."""

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from segue.runtime.http import Limits, Origin, Peer
from tests.runtime.http.talk import GET, Stream, echo, not_found, post, talking


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad_request"),
        (b"nonsense\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nA : b\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\x00c\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400, "bad_request"),
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
            "bad_request",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9" + b"9" * 30 + b"\r\n\r\n",
            400,
            "bad_request",
        ),
        (b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad_request"),
        (b"GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad_request"),
        (b"GET http:/// HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad_request"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "bad_version"),
        (b"GET / HTTP/1.2\r\n\r\n", 505, "bad_version"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "bad_encoding"),
        (b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "url_too_long"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 17_000 + b"\r\n\r\n", 431, "header_too_large"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: a\r\n" * 5_000 + b"\r\n", 431, "header_too_large"),
        (b"GET /" + b"a" * 100_000, 431, "header_too_large"),
        (b"GET / HTTP/1.1\r\nHost: stranger.example\r\n\r\n", 421, "misdirected_host"),
        (b"GET http://stranger.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 421, "misdirected_host"),
        (b"GET / HTTP/1.1\r\nHost: local host\r\n\r\n", 421, "misdirected_host"),
        (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "bad_request"),
    ],
)
async def test_what_is_not_a_request_for_us_is_refused(
    autojump_clock: MockClock, data: bytes, status: int, code: str
) -> None:
    async with talking(echo) as client:
        answer = await client.ask(data)
        assert (answer.status, answer.error["code"]) == (status, code)
        assert answer.error["hint"]
        assert answer.headers["connection"] == "close"
        assert b"stranger" not in answer.body, "nothing of the request is repeated"
        assert await client.closed()
        assert client.failures.messages == []


@pytest.mark.parametrize(
    "fields",
    [
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n",
    ],
)
async def test_two_ways_of_saying_the_size_are_refused(autojump_clock: MockClock, fields: bytes) -> None:
    async with talking(echo) as client:
        assert (await client.ask(fields + b"\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")).status == 400
        assert await client.closed()


async def test_a_badly_framed_body_is_refused(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert (await client.ask(head + b"xyz\r\n")).error["code"] == "bad_request"
        assert client.failures.messages == []


@pytest.mark.parametrize(
    "host", [b"127.0.0.1:3001", b"[::1]:3001", b"[fe80::1]", b"LOCALHOST", b"localhost.", b"tv"]
)
async def test_our_own_names_are_answered(autojump_clock: MockClock, host: bytes) -> None:
    async with talking(echo, allowed_hosts={"tv"}.__contains__) as client:
        assert (await client.ask(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")).status == 200


async def test_an_absolute_target_is_served_like_its_path(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        ask = b"GET http://127.0.0.1:3001/a?b HTTP/1.1\r\nHost: stranger.example\r\n\r\n"
        assert (await client.ask(ask)).body == b"GET /a "
        assert (await client.ask(b"GET http://localhost?b HTTP/1.1\r\nHost: x\r\n\r\n")).body == b"GET / "


async def test_a_local_process_may_use_any_host(autojump_clock: MockClock) -> None:
    async with talking(echo, origin=Origin(peer=Peer(1, 2, 3))) as client:
        assert (await client.ask(b"GET / HTTP/1.1\r\nHost: stranger.example\r\n\r\n")).status == 200


async def test_a_silent_connection_is_closed_without_a_word(autojump_clock: MockClock) -> None:
    began_at = trio.current_time()
    async with talking(echo) as client:
        assert await client.closed()
        assert trio.current_time() - began_at == pytest.approx(5, abs=0.1)


async def test_a_slow_header_is_refused(autojump_clock: MockClock) -> None:
    began_at = trio.current_time()
    async with talking(echo) as client:
        async with trio.open_nursery() as nursery:

            async def drip() -> None:
                for byte in GET:
                    await client.send(bytes([byte]))
                    await trio.sleep(1)

            nursery.start_soon(drip)
            answer = await client.answer()
            nursery.cancel_scope.cancel()
        assert (answer.status, answer.error["code"]) == (408, "too_slow")
        assert trio.current_time() - began_at == pytest.approx(5, abs=0.1)


async def test_a_late_first_byte_gives_no_more_time(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        await trio.sleep(4)
        await client.send(GET[:5])
        assert (await client.answer()).status == 408
        assert trio.current_time() == pytest.approx(5, abs=0.1)


async def test_an_idle_connection_is_kept_for_a_while_and_then_closed(autojump_clock: MockClock) -> None:
    async with talking(echo, limits=Limits(idle_s=75)) as client:
        await client.ask(GET)
        await trio.sleep(74)
        assert (await client.ask(GET)).status == 200
        idle_at = trio.current_time()
        assert await client.closed()
        assert trio.current_time() - idle_at == pytest.approx(75, abs=0.1)


async def test_the_header_clock_of_a_later_request_starts_with_its_first_byte(
    autojump_clock: MockClock,
) -> None:
    async with talking(echo) as client:
        await client.ask(GET)
        await trio.sleep(60)
        await client.send(GET[:5])
        began_at = trio.current_time()
        assert (await client.answer()).status == 408
        assert trio.current_time() - began_at == pytest.approx(5, abs=0.1)


async def test_a_client_that_closes_between_or_amid_requests_is_no_failure(autojump_clock: MockClock) -> None:
    for data in (b"", GET, GET[:20], GET + GET[:20]):
        async with talking(echo) as client:
            await client.send(data)
            await client.stream.aclose()
            await trio.sleep(5)
            assert (client.server.connections, client.failures.messages) == (0, [])


async def test_the_bound_on_headers_holds_for_pipelined_requests(autojump_clock: MockClock) -> None:
    large = b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 20_000 + b"\r\n\r\n"
    async with talking(echo) as client:
        chunked = (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
        )
        await client.send(post(b"x" * 30_000) + GET + chunked + large)
        statuses = [(await client.answer()).status for _ in range(4)]
        assert statuses == [200, 200, 200, 431]


# ---------------------------------------------------------------- stopping


async def test_stopping_closes_an_idle_connection_at_once(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        await client.ask(GET)
        stopped_at = trio.current_time()
        client.server.stop(10)
        assert await client.closed()
        assert trio.current_time() - stopped_at < 0.2


async def test_a_request_that_was_under_way_when_stopping_is_answered(autojump_clock: MockClock) -> None:
    async with talking(echo) as client:
        client.server.stop(10)
        await trio.sleep(0.05)
        await client.send(GET[:10])
        await trio.sleep(2)
        answer = await client.ask(GET[10:])
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await client.closed()


async def test_a_client_that_was_promised_another_request_gets_it(autojump_clock: MockClock) -> None:
    """Stopped while an answer without `Connection: close` is being written: the next request is on its way."""
    async with talking(echo, lockstep=True) as client:
        await client.send(GET)
        await trio.sleep(1)
        client.server.stop(10)
        assert "connection" not in (await client.answer()).headers
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.send, GET)
            assert (await client.answer()).headers["connection"] == "close"


async def test_such_a_promise_is_not_kept_for_long(autojump_clock: MockClock) -> None:
    async with talking(echo, lockstep=True) as client:
        await client.send(GET)
        await trio.sleep(1)
        client.server.stop(10)
        await client.answer()
        answered_at = trio.current_time()
        assert await client.closed()
        assert trio.current_time() - answered_at < 0.2


async def test_an_event_stream_that_begins_when_stopping_ends_at_once(autojump_clock: MockClock) -> None:
    stream = Stream()
    async with talking(stream) as client:
        client.server.stop(10)
        await client.send(GET)
        assert (await client.rest()).endswith(b"0\r\n\r\n")
        assert trio.current_time() < 0.2


async def test_a_request_in_flight_gets_its_grace_and_no_more(autojump_clock: MockClock) -> None:
    async with talking(echo, limits=Limits(body_s=100)) as client:
        await client.send(post(b"abc")[:-1])
        await trio.sleep(1)
        client.server.stop(3)
        await trio.sleep(2)
        assert client.server.connections == 1
        await trio.sleep(1.1)
        assert client.server.connections == 0


async def test_a_second_stop_can_only_shorten_the_grace(autojump_clock: MockClock) -> None:
    async with talking(echo, limits=Limits(body_s=100)) as client:
        await client.send(post(b"abc")[:-1])
        await trio.sleep(1)
        client.server.stop(3)
        client.server.stop(30)
        await trio.sleep(3.1)
        assert client.server.connections == 0
    async with talking(echo, limits=Limits(body_s=100)) as client:
        await client.send(post(b"abc")[:-1])
        await trio.sleep(1)
        client.server.stop(30)
        client.server.stop(0)
        await trio.sleep(0.1)
        assert client.server.connections == 0


async def test_an_event_stream_ends_in_good_order_when_stopping(autojump_clock: MockClock) -> None:
    stream = Stream()
    async with talking(stream) as client:
        await client.send(GET)
        await client.until(b"data: 1\n\n")
        stopped_at = trio.current_time()
        client.server.stop(10)
        assert (await client.rest()).endswith(b"0\r\n\r\n")
        assert trio.current_time() - stopped_at < 0.2
        assert stream.ended.is_set()


async def test_a_client_that_never_reads_is_cut_at_the_end_of_the_grace(autojump_clock: MockClock) -> None:
    async with talking(not_found, lockstep=True) as client:
        await client.send(GET)
        await trio.sleep(1)
        client.server.stop(2)
        await trio.sleep(2.1)
        assert client.server.connections == 0


# ---------------------------------------------------------------- garbage

FRAGMENTS = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\n",
        b"HEAD /%zz?%00 HTTP/1.0\r\n",
        b"Host: localhost\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Connection: upgrade\r\n",
        b"Upgrade: websocket\r\n",
        b"Sec-WebSocket-Version: 13\r\n",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
        b"\r\n",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b" folded\r\n",
        b"\x81\x85\x00\x00\x00\x00hello",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.one_of(FRAGMENTS, st.binary(max_size=40)), max_size=12), cut=st.integers(1, 400))
def test_no_bytes_break_a_connection(parts: list[bytes], cut: int) -> None:
    """Whatever comes, in whatever pieces: the server fails in no way of its own, and the connection ends."""
    data = b"".join(parts)

    async def talk() -> None:
        async with talking(echo_any) as client:
            try:
                for start in range(0, len(data), cut):
                    await client.send(data[start : start + cut])
                    await trio.lowlevel.checkpoint()
                await client.rest()
            except trio.BrokenResourceError:
                pass
            assert [m for m in client.failures.messages if "HTTP server" in m] == []

    trio.run(talk, clock=MockClock(autojump_threshold=0))


async def echo_any(scope, receive, send):  # type: ignore[no-untyped-def]
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send(message | {"type": "websocket.send"})
    else:
        await echo(scope, receive, send)
