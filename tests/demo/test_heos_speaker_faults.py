"""Every fault of the simulated HEOS speaker that needs no socket, over memory streams in virtual time."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from segue.demo.heos_faults import Faults
from segue.demo.heos_media import STATIONS, make_tracks
from segue.demo.heos_player import Player
from segue.demo.heos_protocol import ErrorId
from segue.demo.heos_speaker import HeosSpeaker
from tests.demo.heos_client import RawClient, take_apart


@asynccontextmanager
async def talking(**faults: Any) -> AsyncIterator[tuple[HeosSpeaker, RawClient]]:
    """Give a speaker in memory and a client that hears its events; the faults begin after it has registered."""
    async with HeosSpeaker([Player(pid=1, level=30)], host=None) as speaker:
        client = await RawClient(speaker.connect()).listen()
        for name, value in faults.items():
            assert hasattr(Faults(), name)
            setattr(speaker.faults, name, value)
        yield speaker, client


async def seconds(client: RawClient, command: str) -> float:
    """How long a command takes to be answered, in virtual time."""
    start = trio.current_time()
    await client.ask(command)
    return trio.current_time() - start


# ---------------------------------------------------------------- time


async def test_latency_has_a_mean_and_a_spread(autojump_clock: MockClock) -> None:
    async with talking(latency_s=0.1) as (_, client):
        times = [await seconds(client, "player/get_volume?pid=1") for _ in range(200)]
        assert 0.07 <= min(times) < 0.08 < 0.12 < max(times) <= 0.13
        assert sum(times) / len(times) == pytest.approx(0.1, abs=0.005)


async def test_the_same_seed_gives_the_same_times(autojump_clock: MockClock) -> None:
    runs = []
    for _ in range(2):
        async with talking(latency_s=0.1) as (_, client):
            runs.append([round(await seconds(client, "player/get_volume?pid=1"), 9) for _ in range(5)])
    assert runs[0] == runs[1]


async def test_a_slow_command_holds_up_its_own_connection_only(autojump_clock: MockClock) -> None:
    async with talking(slow={"browse/play_stream": 1.0}) as (speaker, client):
        other = RawClient(speaker.connect())
        await client.send("browse/play_stream?pid=1&url=http://a/1.flac")
        assert await seconds(other, "player/set_volume?pid=1&level=20") == 0.0
        assert await seconds(client, "player/set_volume?pid=1&level=21") == pytest.approx(0.0, abs=1.01)
        assert trio.current_time() >= 1.0


async def test_a_command_may_stay_under_process_for_long(autojump_clock: MockClock) -> None:
    async with talking(under_process_s=40.0) as (_, client):
        await client.send("browse/browse?sid=1027&SEQUENCE=3")
        assert (await client.reply(1.0)).is_promise
        await client.nothing(for_s=39.0)
        assert (await client.reply(2.0)).message["SEQUENCE"] == "3"


async def test_every_command_may_be_under_process(autojump_clock: MockClock) -> None:
    async with talking(under_process_everything=True) as (_, client):
        await client.ask("player/get_players")
        assert [promise.command for promise in client.promises] == ["player/get_players"]


# ---------------------------------------------------------------- answers


async def test_silence_swallows_everything_and_ends(autojump_clock: MockClock) -> None:
    async with talking(silent=True) as (speaker, client):
        await client.send("player/get_volume?pid=1")
        speaker.turn_knob(1, 50)
        await client.nothing(for_s=100.0)
        fresh = RawClient(speaker.connect())
        await fresh.send("system/heart_beat")
        await fresh.nothing(for_s=100.0)
        assert [each.name for each in speaker.commands[-2:]] == ["player/get_volume", "system/heart_beat"]
        assert speaker.in_flight == 0
        speaker.faults.silent = False
        assert (await client.ask("player/get_volume?pid=1")).message["level"] == "50"


async def test_a_frozen_connection_stays_dead_while_new_ones_work(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        speaker.freeze_connections()
        await client.send("system/heart_beat")
        fresh = RawClient(speaker.connect())
        assert (await fresh.ask("system/heart_beat")).result == "success"
        await client.nothing(for_s=60.0)


async def test_an_answer_gets_lost_but_the_command_was_carried_out(autojump_clock: MockClock) -> None:
    async with talking(lose_next=1) as (speaker, client):
        await client.send("player/set_volume?pid=1&level=12")
        assert (await client.reply()).message == {"pid": "1", "level": "12", "mute": "off"}
        await client.nothing(for_s=60.0)
        assert speaker.level() == 12
        assert (await client.ask("player/get_volume?pid=1")).message["level"] == "12"


async def test_a_late_answer_carries_the_old_value_and_holds_up_the_next(autojump_clock: MockClock) -> None:
    """Seen with pyheos: the next command of the same name gets the stale level."""
    async with talking(late_next=1, late_s=5.0) as (speaker, client):
        await client.send("player/get_volume?pid=1")
        await client.nothing(for_s=1.0)
        speaker.turn_knob(1, 22)
        await client.event()
        await client.send("player/get_volume?pid=1")
        assert [(await client.reply()).message["level"] for _ in range(2)] == ["30", "22"]


async def test_a_late_answer_may_be_overtaken(autojump_clock: MockClock) -> None:
    async with talking(late_next=1, late_s=5.0, late_overtaken=True) as (speaker, client):
        await client.send("player/get_volume?pid=1")
        assert (await client.ask("player/get_mute?pid=1")).command == "player/get_mute"
        assert (await client.reply()).command == "player/get_volume"
        assert speaker.in_flight == 0


async def test_commands_fail_as_scripted_and_are_not_carried_out(autojump_clock: MockClock) -> None:
    script = [ErrorId.PROCESSING_PREVIOUS_COMMAND, ErrorId.TOO_MANY_COMMANDS]
    async with talking(fail_next=script) as (speaker, client):
        replies = [await client.ask("player/set_volume?pid=1&level=9") for _ in range(2)]
        assert [reply.error for reply in replies] == [13, 16]
        assert speaker.level() == 30
        assert (await client.ask("player/set_volume?pid=1&level=9")).result == "success"


async def test_the_first_command_of_a_connection_fails(autojump_clock: MockClock) -> None:
    async with talking(fail_first=ErrorId.NOT_EXECUTED) as (speaker, client):
        assert (await client.ask("system/heart_beat")).result == "success"
        fresh = RawClient(speaker.connect())
        assert (await fresh.ask("system/heart_beat")).error == 7
        assert (await fresh.ask("system/heart_beat")).result == "success"


async def test_too_many_commands_at_once_are_refused(autojump_clock: MockClock) -> None:
    async with talking(busy_above=1, latency_s=0.1) as (speaker, client):
        assert (await client.ask("player/get_volume?pid=1")).result == "success"
        for _ in range(3):
            await client.send("player/get_volume?pid=1")
        errors = [(await client.reply()).error for _ in range(3)]
        assert errors == [None, 16, 16]
        assert speaker.peak_in_flight == 3


async def test_the_connection_drops_instead_of_an_answer(autojump_clock: MockClock) -> None:
    async with talking(drop_at="player/get_volume") as (speaker, client):
        await client.ask("system/heart_beat")
        await client.send("player/get_volume?pid=1")
        assert await client.line() == b""
        fresh = RawClient(speaker.connect())
        assert (await fresh.ask("player/get_volume?pid=1")).result == "success"


async def test_an_answer_breaks_off(autojump_clock: MockClock) -> None:
    async with talking(malformed_next=1) as (_, client):
        await client.send("player/get_players")
        with pytest.raises(json.JSONDecodeError):
            json.loads(await client.line())
        assert (await client.ask("player/get_players")).result == "success"


async def test_an_answer_belongs_to_another_command(autojump_clock: MockClock) -> None:
    async with talking(wrong_name_next=1) as (_, client):
        assert (await client.ask("player/get_volume?pid=1")).command == "player/get_mute"
        assert (await client.ask("player/get_volume?pid=1")).command == "player/get_volume"


async def test_something_comes_that_nobody_asked_for(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        speaker.inject(b"\xff{not json")
        speaker.inject(
            {"heos": {"command": "player/get_volume", "result": "success", "message": "pid=1&level=99"}}
        )
        assert await client.line() == b"\xff{not json"
        assert (await client.reply()).message["level"] == "99"


@pytest.mark.parametrize("size", [70_000, 1_000_000])
async def test_an_answer_grows_to_any_size_and_stays_json(autojump_clock: MockClock, size: int) -> None:
    async with talking(pad_answers_to=size) as (_, client):
        reply = await client.ask("player/get_volume?pid=1")
        assert size <= len(reply.raw) + 2 <= size + 10
        assert reply.message["level"] == "30"


async def test_a_queue_of_long_titles_is_a_large_answer(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        speaker.load_queue(1, make_tracks(100, text_bytes=700))
        reply = await client.ask("player/get_queue?pid=1")
        assert len(reply.raw) > 65536
        assert len(reply.payload) == 100


async def test_a_play_state_has_an_unknown_name(autojump_clock: MockClock) -> None:
    async with talking(states={"play": "buffering"}) as (speaker, client):
        speaker.play_radio(1, "FIP")
        assert (await client.event("player_state_changed")).message["state"] == "buffering"
        assert (await client.ask("player/get_play_state?pid=1")).message["state"] == "buffering"


async def test_asking_what_plays_is_announced_as_a_change(autojump_clock: MockClock) -> None:
    async with talking(now_playing_echo=True) as (_, client):
        for _ in range(3):
            await client.ask("player/get_now_playing_media?pid=1")
            assert (await client.event()).command == "event/player_now_playing_changed"


async def test_the_former_media_are_reported_after_a_url_was_played(autojump_clock: MockClock) -> None:
    async with talking(stale_now_playing_s=2.0) as (speaker, client):
        speaker.play_radio(1, "FIP")
        await client.ask("browse/play_stream?pid=1&url=http://a/1.flac")
        ask = "player/get_now_playing_media?pid=1"
        assert (await client.ask(ask)).payload["type"] == "station"
        await trio.sleep(2.1)
        assert (await client.ask(ask)).payload["song"] == "Url Stream"


async def test_bytes_dribble(autojump_clock: MockClock) -> None:
    async with talking(dribble_s=0.01) as (_, client):
        await client.send("system/heart_beat")
        pieces = [await client.stream.receive_some(65536) for _ in range(10)]
        assert {len(piece) for piece in pieces} == {1}


async def test_a_client_that_never_reads_is_cut_off(autojump_clock: MockClock) -> None:
    async with talking(dribble_s=1000.0) as (speaker, _):
        speaker.storm(6000)
        await speaker.until(lambda s: not s.connections)


async def test_a_line_without_end_is_cut_off(autojump_clock: MockClock) -> None:
    async with talking() as (_, client):
        await client.stream.send_all(b"x" * 10_000)
        assert await client.line() == b""


# ---------------------------------------------------------------- events


async def test_control_works_but_no_events_come(autojump_clock: MockClock) -> None:
    async with talking(no_events=True) as (_, client):
        assert (await client.ask("player/set_volume?pid=1&level=9")).result == "success"
        await client.nothing(for_s=60.0)


async def test_some_events_are_lost(autojump_clock: MockClock) -> None:
    async with talking(lose_events={"player_state_changed"}) as (speaker, client):
        speaker.play_radio(1, "FIP")
        assert (await client.event()).command == "event/player_now_playing_changed"
    async with talking(event_loss=0.5) as (speaker, client):
        for level in range(100):
            speaker.turn_knob(1, level)
        speaker.faults.event_loss = 0.0
        speaker.turn_knob(1, 100)
        heard = 0
        while (await client.event()).message["level"] != "100":
            heard += 1
        assert 25 <= heard <= 75


async def test_events_come_twice(autojump_clock: MockClock) -> None:
    async with talking(duplicate_events=True) as (speaker, client):
        speaker.turn_knob(1, 31)
        assert (await client.event()).raw == (await client.event()).raw
        await client.nothing()


async def test_events_of_one_moment_come_in_reverse(autojump_clock: MockClock) -> None:
    async with talking(reverse_events=True) as (_, client):
        await client.ask("browse/play_stream?pid=1&url=http://a/1.flac")
        names = [(await client.event()).command.removeprefix("event/player_") for _ in range(3)]
        assert names == ["now_playing_changed", "state_changed", "queue_changed"]


async def test_events_come_before_the_answer(autojump_clock: MockClock) -> None:
    async with talking(events_first=True) as (_, client):
        await client.ask("player/set_volume?pid=1&level=9")
        assert len(client.events) == 1


async def test_events_come_late_and_in_order(autojump_clock: MockClock) -> None:
    async with talking(event_delay_s=3.0) as (speaker, client):
        for level in (31, 32, 33):
            speaker.turn_knob(1, level)
        await client.nothing(for_s=2.9)
        assert [(await client.event()).message["level"] for _ in range(3)] == ["31", "32", "33"]


async def test_volume_events_are_thinned_and_the_last_one_always_comes(autojump_clock: MockClock) -> None:
    async with talking(volume_interval_s=1.0) as (_, client):
        for level in range(29, -1, -1):
            await client.ask(f"player/set_volume?pid=1&level={level}")
            await trio.sleep(0.1)
        await trio.sleep(2.0)
        await client.ask("system/heart_beat")
        levels = [int(event.message["level"]) for event in client.events]
        assert [levels[0], levels[-1], len(levels)] == [29, 0, 4]


async def test_a_storm_of_events(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        speaker.storm(300)
        assert {(await client.event()).command for _ in range(300)} == {"event/sources_changed"}


async def test_ids_change_under_the_eyes_of_the_clients(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        new_ids = speaker.renumber()
        assert (await client.event()).command == "event/players_changed"
        assert (await client.ask("player/get_volume?pid=1")).error == 2
        assert (await client.ask(f"player/get_volume?pid={new_ids[1]}")).message["level"] == "30"


async def test_playback_fails_with_words_for_a_person(autojump_clock: MockClock) -> None:
    async with talking() as (speaker, client):
        speaker.play_radio(1, STATIONS[0])
        speaker.fail_playback(1)
        assert (await client.event("playback_error")).message == {"pid": "1", "error": "Could Not Download"}
        assert (await client.event()).message["state"] == "stop"


async def test_a_healthy_speaker_has_no_fault() -> None:
    """The defaults must stay harmless: whoever adds a fault switches it off by default."""
    faults = Faults()
    line = b'{"heos": {"command": "x/y", "message": "pid=1&state=play"}}\r\n'
    assert faults.distort(line) == line
    assert faults.take_refusal(first=True, in_flight=50) is None
    assert take_apart(faults.rename_states(line)).message["state"] == "play"
