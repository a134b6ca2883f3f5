"""The HEOS adapter drives the simulated speaker, which was written without it from the specification.

In memory and under virtual time where faults take minutes, and over TCP where only a real socket can show them.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from segue.adapters import heos
from segue.adapters.heos import HeosRefused, HeosSystem, HeosTimeout, HeosUnavailable, LinkDown, LinkUp
from segue.demo.heos_faults import Faults
from segue.demo.heos_media import make_tracks
from segue.demo.heos_player import Player
from segue.demo.heos_protocol import ErrorId
from segue.demo.heos_speaker import HeosSpeaker
from tests.adapters.heos_script import Heard
from tests.demo.heos_client import fresh_host

PID = 11
REAL_S = 30.0
"""Deadline of a test on real sockets, in seconds."""


@asynccontextmanager
async def open_house(
    faults: Faults | None = None, *, up: bool = True, **options: Any
) -> AsyncIterator[tuple[HeosSpeaker, HeosSystem, Heard]]:
    """A speaker in memory and a system that drives it."""
    player = Player(pid=PID, queue=make_tracks(3))

    async def open_stream(host: str, port: int) -> trio.abc.Stream:
        return speaker.connect()

    async with HeosSpeaker([player], host=None, faults=faults) as speaker:
        options = {"open_stream": open_stream, "jitter": lambda: 0.0} | options
        async with running(HeosSystem(["avr"], **options, on_event=(heard := Heard()))) as system:
            if up:
                await until_ready(system)
            yield speaker, system, heard


@asynccontextmanager
async def open_tcp_house(**options: Any) -> AsyncIterator[tuple[HeosSpeaker, HeosSystem, Heard]]:
    """A speaker on a loopback address of its own, with patience as short as the real clock allows."""
    with trio.fail_after(REAL_S):
        async with HeosSpeaker([Player(pid=PID)], host=fresh_host()) as speaker:
            assert speaker.host is not None
            options = {"backoff_min_s": 0.05, "backoff_max_s": 0.2} | options
            async with running(HeosSystem([speaker.host], **options, on_event=(heard := Heard()))) as system:
                await until_ready(system)
                yield speaker, system, heard


@asynccontextmanager
async def running(system: HeosSystem) -> AsyncIterator[HeosSystem]:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(system.run)
        yield system
        nursery.cancel_scope.cancel()


async def until_ready(system: HeosSystem) -> None:
    with trio.fail_after(100):
        while system.connections < 2:
            await trio.sleep(0.01)


async def until(heard: Heard, happened: Callable[[], bool]) -> None:
    with trio.fail_after(100):
        while not happened():
            await heard.news.park()


# ------------------------------------------------------------------ in good health


async def test_an_evening_in_short(autojump_clock: Any) -> None:
    async with open_house() as (speaker, system, heard):
        up = heard.of(LinkUp)[0]
        assert [(p.pid, p.name) for p in up.players] == [(PID, speaker.player().name)]
        inputs = {i.input: i for i in await system.get_inputs()}
        assert inputs["inputs/cd"].pid == PID

        await system.play_input(PID, "inputs/cd")
        playing = await system.get_now_playing(PID)
        assert (playing.input, playing.sid) == ("inputs/cd", 1027)
        assert await system.get_play_state(PID) == "play"
        await system.set_volume(PID, 42)
        assert speaker.level() == await system.get_volume(PID) == 42
        await system.set_mute(PID, on=True)
        assert await system.get_mute(PID) is True
        await system.set_play_state(PID, "stop")

        await system.play_queue_item(PID, 2)
        assert (await system.get_now_playing(PID)).qid == 2
        await system.play_next(PID)
        assert (await system.get_now_playing(PID)).qid == 3
        await system.play_previous(PID)
        await system.set_play_state(PID, "pause")
        assert await system.get_play_state(PID) == "pause"

        await system.play_url(PID, "http://192.0.2.1/s/1.flac")
        await trio.sleep(12)
        assert heard.of(heos.PositionChanged)[-1].position_ms > 4000
        assert heard.of(heos.VolumeChanged)[-1] == heos.VolumeChanged(PID, 42, mute=True)
        assert {e.state for e in heard.of(heos.PlayStateChanged)} == {"play", "stop", "pause"}
        assert not heard.of(LinkDown) and system.counters["timeouts"] == 0


async def test_a_station_that_was_on_can_be_called_back(autojump_clock: Any) -> None:
    async with open_house() as (speaker, system, _):
        speaker.house.sign_in("listener@example.com", "opensesame")
        station = speaker.house.stations[0]
        speaker.play_radio(PID, station)
        before = await system.get_now_playing(PID)
        assert before.sid is not None and before.station == station.name
        await system.play_input(PID, "inputs/cd")
        await system.play_station(PID, before.sid, None, before.mid, before.station)
        assert await system.get_now_playing(PID) == before


async def test_a_persons_hand_is_told_among_our_own_levels_in_order(autojump_clock: Any) -> None:
    async with open_house() as (speaker, system, heard):
        for level in (39, 38, 37, 36):
            await system.set_volume(PID, level)
        speaker.turn_knob(PID, 55)
        await system.set_volume(PID, 35)
        await trio.sleep(0.1)
        assert [e.level for e in heard.of(heos.VolumeChanged)] == [39, 38, 37, 36, 55, 35]


# ------------------------------------------------------------------ faults


async def test_a_level_is_not_held_up_by_a_stream_that_takes_a_second_to_start(autojump_clock: Any) -> None:
    faults = Faults(slow={"browse/play_stream": 1.0})
    async with open_house(faults) as (speaker, system, _), trio.open_nursery() as nursery:
        nursery.start_soon(system.play_url, PID, "http://192.0.2.1/s/1.flac")
        await speaker.until(lambda s: s.sent("browse/play_stream"))
        started_at = trio.current_time()
        await system.set_volume(PID, 12)
        assert trio.current_time() - started_at <= 0.05


async def test_ids_that_change_under_our_eyes_are_told(autojump_clock: Any) -> None:
    async with open_house() as (speaker, system, heard):
        new_pid = speaker.renumber()[PID]
        changed = await heard.until(heos.PlayersChanged)
        assert [p.pid for p in changed.players] == [new_pid]
        with pytest.raises(HeosRefused) as caught:
            await system.set_volume(PID, 1)
        assert caught.value.error_id == 2
        await system.set_volume(new_pid, 1)


@pytest.mark.parametrize("reset", [True, False])
async def test_a_reboot_or_a_drop_is_survived(autojump_clock: Any, reset: bool) -> None:
    async with open_house(Faults(new_ids_after_reboot=True)) as (speaker, system, heard):
        if reset:
            speaker.drop_connections()
        else:
            speaker.reboot_s = 40
            speaker.reboot()
        await heard.until(LinkDown)
        up = await heard.until(LinkUp, 2)
        await system.set_volume(up.players[0].pid, 7)
        assert speaker.level() == 7


@pytest.mark.parametrize("how", ["silent", "freeze_connections", "unplug"])
async def test_a_half_open_link_is_found_within_two_heartbeats_and_made_anew(
    autojump_clock: Any, how: str
) -> None:
    async with open_house() as (speaker, system, heard):
        if how == "silent":
            speaker.faults.silent = True
        else:
            getattr(speaker, how)()
        started_at = trio.current_time()
        await heard.until(LinkDown)
        assert trio.current_time() - started_at <= 20
        await trio.sleep(60)
        speaker.faults.silent = False
        speaker.plug_in()
        started_at = trio.current_time()
        await heard.until(LinkUp, 2)
        assert trio.current_time() - started_at <= 21
        await system.set_volume(PID, 3)
        assert len(speaker.connections) <= 2


@pytest.mark.parametrize("overtaken", [True, False])
async def test_a_late_answer_never_becomes_the_value_of_the_next_question(
    autojump_clock: Any, overtaken: bool
) -> None:
    async with open_house(Faults(late_s=7.0, late_overtaken=overtaken)) as (speaker, system, heard):
        speaker.faults.late_next = 1
        speaker.turn_knob(PID, 77)
        with pytest.raises(HeosTimeout):
            await system.get_volume(PID)
        speaker.turn_knob(PID, 22)
        for _ in range(30):
            assert await system.get_volume(PID) == 22
            await trio.sleep(0.25)
        assert not heard.of(LinkDown)


async def test_answers_that_are_lost_now_and_then_cost_a_timeout_each_and_nothing_else(
    autojump_clock: Any,
) -> None:
    async with open_house() as (speaker, system, heard):
        failed = 0
        for level in range(40):
            speaker.faults.lose_next = 1 if level % 5 == 0 else 0
            try:
                await system.set_volume(PID, level)
            except HeosTimeout:
                failed += 1
            assert await system.get_volume(PID) == level
            await trio.sleep(5)
        assert failed == 8
        assert not heard.of(LinkDown) and len(speaker.connections) <= 2


async def test_a_device_that_is_busy_or_refuses_whatever_comes_first_is_driven_all_the_same(
    autojump_clock: Any,
) -> None:
    busy = [ErrorId.TOO_MANY_COMMANDS, ErrorId.PROCESSING_PREVIOUS_COMMAND]
    async with open_house() as (speaker, system, _):
        speaker.faults.fail_next[:] = busy
        await system.set_volume(PID, 5)
        assert speaker.level() == 5 and system.counters["busy_retries"] == 2

    async with open_house(Faults(fail_first=ErrorId.NOT_EXECUTED)) as (speaker, system, _):
        await system.set_volume(PID, 6)
        assert speaker.level() == 6


async def test_there_is_never_more_than_one_command_in_flight_on_a_connection(autojump_clock: Any) -> None:
    async with open_house(Faults(latency_s=0.05, busy_above=2)) as (speaker, system, _):
        async with trio.open_nursery() as nursery:
            for level in range(10):
                nursery.start_soon(system.set_volume, PID, level)
                nursery.start_soon(system.get_volume, PID)
                nursery.start_soon(system.play_input, PID, "inputs/cd")
        assert speaker.peak_in_flight <= 2 and system.counters["busy_retries"] == 0


async def test_big_broken_misnamed_and_dribbled_answers_are_survived(autojump_clock: Any) -> None:
    async with open_house() as (speaker, system, heard):
        speaker.faults.pad_answers_to = 1_000_000
        assert await system.get_volume(PID) == speaker.level()
        speaker.faults.pad_answers_to = 0
        for fault in ("malformed_next", "wrong_name_next"):
            setattr(speaker.faults, fault, 1)
            with pytest.raises(HeosTimeout):
                await system.get_play_state(PID)
            await trio.sleep(31)
        speaker.faults.dribble_s = 0.001
        assert await system.get_volume(PID) == speaker.level()
        assert (await system.get_now_playing(PID)).pid == PID
        assert not heard.of(LinkDown)


async def test_a_state_that_nobody_knows_is_unknown(autojump_clock: Any) -> None:
    async with open_house(Faults(states={"play": "buffering"})) as (speaker, system, heard):
        speaker.play_radio(PID, "Radio Nine")
        await heard.until(heos.PlayStateChanged)
        assert heard.of(heos.PlayStateChanged)[0].state == "unknown"
        assert await system.get_play_state(PID) == "unknown"


async def test_events_in_any_order_doubled_or_in_floods_are_told_as_they_come(autojump_clock: Any) -> None:
    async with open_house(Faults(duplicate_events=True, reverse_events=True)) as (speaker, system, heard):
        speaker.turn_knob(PID, 33)
        speaker.storm(1000)
        await until(heard, lambda: len(heard.of(heos.SourcesChanged)) == 1000)
        assert heard.of(heos.VolumeChanged) == [heos.VolumeChanged(PID, 33, mute=False)] * 2
        assert await system.get_volume(PID) == 33


async def test_a_device_without_events_is_noticed_and_repaired(autojump_clock: Any) -> None:
    async with open_house(Faults(no_events=True)) as (speaker, system, heard):
        await system.get_volume(PID)
        await system.set_volume(PID, 9)
        assert await heard.until(heos.EventsMissed) == heos.EventsMissed(PID)
        speaker.faults.no_events = False
        speaker.turn_knob(PID, 44)
        assert (await heard.until(heos.VolumeChanged)).level == 44


async def test_thinned_levels_are_no_missing_ones(autojump_clock: Any) -> None:
    async with open_house(Faults(volume_interval_s=1.0, latency_s=0.025)) as (_speaker, system, heard):
        await system.get_volume(PID)
        for level in range(60):
            await system.set_volume(PID, level)
        await trio.sleep(20)
        assert not heard.of(heos.EventsMissed)
        assert heard.of(heos.VolumeChanged)[-1].level == 59


async def test_a_device_that_refuses_connections_is_not_stormed(autojump_clock: Any) -> None:
    async with open_house(Faults(reset_new=True), up=False) as (speaker, _, heard):
        await trio.sleep(300)
        assert speaker.connects < 30 and not heard.of(LinkUp)
        speaker.faults.reset_new = False
        started_at = trio.current_time()
        await heard.until(LinkUp)
        assert trio.current_time() - started_at <= 16


# ------------------------------------------------------------------ over TCP


async def test_over_tcp_a_reset_fails_who_waits_and_the_system_is_back() -> None:
    async with open_tcp_house() as (speaker, system, heard):
        for drop_at in ("player/get_volume", "player/get_mute"):
            speaker.faults.drop_at = drop_at
            ups = len(heard.of(LinkUp))
            with pytest.raises(HeosUnavailable):
                await (system.get_volume(PID) if drop_at.endswith("volume") else system.get_mute(PID))
            await heard.until(LinkUp, ups + 1)
        await system.set_volume(PID, 18)
        assert speaker.level() == 18
        assert len(heard.of(LinkDown)) == 2


async def test_over_tcp_a_lost_acting_connection_is_made_anew_and_nothing_is_said() -> None:
    async with open_tcp_house() as (speaker, system, heard):
        speaker.faults.drop_at = "player/set_volume"
        with pytest.raises(HeosUnavailable):
            await system.set_volume(PID, 18)
        await system.set_volume(PID, 19)
        await speaker.until(lambda s: s.connects == 3)
        assert speaker.level() == 19 and not heard.of(LinkDown)


async def test_over_tcp_a_pulled_plug_is_noticed_and_a_plug_put_back_too() -> None:
    async with open_tcp_house(heartbeat_s=0.3, command_timeout_s=0.3) as (speaker, _system, heard):
        speaker.unplug()
        await heard.until(LinkDown)
        await until(heard, lambda: "refused" in heard.of(LinkDown)[-1].reason)
        speaker.plug_in()
        await heard.until(LinkUp, 2)
        speaker.turn_knob(PID, 21)
        await until(heard, lambda: bool(heard.of(heos.VolumeChanged)))


async def test_over_tcp_a_megabyte_in_single_bytes_and_a_thousand_levels_arrive() -> None:
    async with open_tcp_house() as (speaker, system, heard):
        speaker.faults.pad_answers_to = 1_000_000
        assert await system.get_volume(PID) == speaker.level()
        speaker.faults.pad_answers_to = 0
        speaker.faults.dribble_s = 0.0
        assert await system.get_volume(PID) == speaker.level()
        speaker.faults.dribble_s = None
        levels = [number % 100 for number in range(1000)]
        for level in levels:
            await system.set_volume(PID, level)
        await until(heard, lambda: bool(heard.events) and heard.of(heos.VolumeChanged)[-1].level == 99)
        told = [e.level for e in heard.of(heos.VolumeChanged)]
        assert told == levels if speaker.level_history()[0].level == 0 else told == levels[1:]


async def test_over_tcp_a_failover_host_is_taken() -> None:
    with trio.fail_after(REAL_S):
        async with HeosSpeaker([Player(pid=PID)], host=fresh_host()) as speaker:
            assert speaker.host is not None
            heard = Heard()
            hosts = [fresh_host(), "no-such-host.invalid", speaker.host]
            async with running(HeosSystem(hosts, on_event=heard)) as system:
                assert (await heard.until(LinkUp)).host == speaker.host == system.host
                assert "refused" in heard.of(LinkDown)[0].reason
