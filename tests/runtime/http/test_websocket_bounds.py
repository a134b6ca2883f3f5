"""What a WebSocket client may not do, and how it ends."""

import pytest
import trio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock
from websockets.frames import Opcode
from websockets.protocol import State

from segue.runtime.http import Limits, Receive, Scope, Send
from tests.runtime.http.talk import talking
from tests.runtime.http.ws_client import HANDSHAKE, Echo, linked

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
@example(parts=[b"\x81\x80\x00\x00\x00\x00\x00\x00"])
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
    assert [m["type"] for m in echo.heard].count("websocket.disconnect") + echo.refused_sends == 1
