"""Whatever a client sends and whatever is broken, the simulated HEOS speaker itself neither crashes nor hangs."""

import json
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from segue.demo.heos_faults import Faults
from segue.demo.heos_media import make_tracks
from segue.demo.heos_player import Player
from segue.demo.heos_protocol import ErrorId
from segue.demo.heos_speaker import COMMANDS, HeosSpeaker
from tests.demo.heos_client import RawClient

WORDS = [
    "1",
    "2",
    "0",
    "-1",
    "50",
    "101",
    "on",
    "off",
    "play",
    "pause",
    "stop",
    "on_all",
    "1,2",
    "0,5",
    "x",
    "",
]
NAMES = [
    "pid",
    "gid",
    "sid",
    "level",
    "step",
    "state",
    "qid",
    "sqid",
    "dqid",
    "range",
    "aid",
    "id",
    "preset",
    "repeat",
]
MEDIA = [
    "mid=inputs/cd",
    "input=inputs/cd",
    "url=http://a/b.flac",
    "url=" + "http://a/" + "b" * 300,
    "cid=album-Loopback",
]


@st.composite
def commands(draw: st.DrawFn) -> bytes:
    if draw(st.booleans()) and draw(st.booleans()):
        return draw(st.binary(max_size=60)).replace(b"\n", b"") + b"\r\n"
    name = draw(st.sampled_from(sorted(set(COMMANDS) - {"system/reboot"})))
    pairs = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(WORDS)), max_size=4))
    args = [
        "pid=1",
        *(f"{name}={value}" for name, value in pairs),
        *draw(st.lists(st.sampled_from(MEDIA), max_size=1)),
    ]
    return f"heos://{name}?{'&'.join(args)}\r\n".encode()


FAULTS = st.fixed_dictionaries(
    {},
    optional={
        "latency_s": st.floats(0.0, 1.0),
        "under_process_everything": st.booleans(),
        "silent": st.booleans(),
        "lose_next": st.integers(0, 3),
        "late_next": st.integers(0, 3),
        "late_s": st.floats(0.0, 20.0),
        "late_overtaken": st.booleans(),
        "fail_next": st.lists(st.sampled_from(list(ErrorId)), max_size=3),
        "busy_above": st.integers(0, 3),
        "drop_at": st.sampled_from(sorted(COMMANDS)),
        "malformed_next": st.integers(0, 3),
        "wrong_name_next": st.integers(0, 3),
        "pad_answers_to": st.sampled_from([0, 70_000]),
        "states": st.just({"play": "buffering"}),
        "stale_now_playing_s": st.floats(0.0, 5.0),
        "now_playing_echo": st.booleans(),
        "event_loss": st.floats(0.0, 1.0),
        "duplicate_events": st.booleans(),
        "reverse_events": st.booleans(),
        "events_first": st.booleans(),
        "event_delay_s": st.floats(0.0, 5.0),
        "volume_interval_s": st.floats(0.0, 2.0),
        "new_ids_after_reboot": st.booleans(),
    },
)


async def swallow(stream: trio.abc.Stream) -> None:
    """Read all there is, as a patient client would."""
    async for _ in stream:
        pass


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines=st.lists(commands(), max_size=25), faults=FAULTS, reboot=st.booleans())
def test_nothing_a_client_does_breaks_the_speaker(
    lines: list[bytes], faults: dict[str, Any], reboot: bool
) -> None:
    async def evening() -> None:
        players = [Player(pid=1, queue=make_tracks(3, length_s=7.0)), Player(pid=2, name="Kitchen")]
        async with HeosSpeaker(players, host=None, faults=Faults(**faults)) as speaker:
            stream = speaker.connect()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(swallow, stream)
                try:
                    await stream.send_all(b"heos://system/register_for_change_events?enable=on\r\n")
                    for line in lines:
                        await stream.send_all(line)
                        await trio.sleep(0.5)
                except trio.BrokenResourceError:
                    pass  # one of the faults
                if reboot:
                    speaker.reboot()
                await trio.sleep(100.0)
                nursery.cancel_scope.cancel()
            speaker.faults.__dict__.update(Faults().__dict__)
            healthy = RawClient(speaker.connect())
            for info in (await healthy.ask("player/get_players")).payload:
                level = await healthy.ask(f"player/get_volume?pid={info['pid']}")
                assert 0 <= int(level.message["level"]) <= 100

    trio.run(evening, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_an_answer_is_one_line_of_json(name: str) -> None:
    """Every command, asked for player 1: whatever comes of it is one JSON object on one line."""

    async def ask() -> None:
        async with HeosSpeaker([Player(pid=1)], host=None) as speaker:
            client = RawClient(speaker.connect())
            await client.send(f"{name}?pid=1")
            line = await client.line()
            assert b"\n" not in line
            assert json.loads(line)["heos"]["command"] == name

    trio.run(ask, clock=MockClock(autojump_threshold=0))
