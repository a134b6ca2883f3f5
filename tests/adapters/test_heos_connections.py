"""Coming up, going down and coming back, with a scripted device, under virtual time."""

import itertools
from typing import Any

import pytest
import trio

from segue.adapters import heos
from segue.adapters.heos import HeosSystem, HeosUnavailable, LinkDown, LinkUp
from tests.adapters.heos_script import (
    GET_VOLUME,
    PID,
    REGISTER,
    SET_VOLUME,
    Asked,
    Connection,
    Heard,
    Script,
    Timer,
    first_fails,
    in_turn,
    nothing,
    open_system,
    refusal,
    refused_connection,
    says,
    volume,
    volume_event,
)

# ------------------------------------------------------------------ coming up


async def test_a_connection_begins_as_the_makers_recommend(autojump_clock: Any) -> None:
    script = Script()
    async with open_system(script) as (system, heard):
        begin = [(a.name, a.query) for a in script.asked if a.connection == 1]
        assert begin == [(REGISTER, "enable=off"), ("player/get_players", ""), (REGISTER, "enable=on")]
        assert script.names(connection=2) == ["system/heart_beat"]
        (up,) = heard.events
        assert isinstance(up, LinkUp) and up.host == "avr"
        assert [(p.pid, p.name, p.serial) for p in up.players] == [(PID, "Living Room", "B1")]
        assert system.players == up.players and system.host == "avr"


async def test_events_of_the_first_moments_are_told_after_the_link_is_and_in_order(
    autojump_clock: Any,
) -> None:
    script = Script()

    async def flood(connection: Connection, asked: Asked) -> None:
        await connection.say(volume_event(1), volume_event(2))
        await script.acknowledge(connection, asked)
        await connection.say(volume_event(3), volume_event(4))

    script.on[REGISTER] = flood
    async with open_system(script) as (_, heard):
        assert isinstance(heard.events[0], LinkUp)
        levels = [e.level for e in heard.of(heos.VolumeChanged)]
        assert levels == [1, 2, 3, 4, 1, 2, 3, 4]


async def test_a_first_command_that_is_refused_is_tried_again(autojump_clock: Any) -> None:
    script = Script()
    script.on[REGISTER] = in_turn(says(refusal(REGISTER, 7)), script.acknowledge)
    script.on["system/heart_beat"] = in_turn(says(refusal("system/heart_beat", 7)), script.acknowledge)
    async with open_system(script) as (system, _):
        assert system.counters["first_retries"] == 2
        await system.set_volume(PID, 20)
        assert script.sent(SET_VOLUME)[0].connection == 2


async def test_a_device_that_knows_no_heartbeat_can_still_be_driven(autojump_clock: Any) -> None:
    script = Script()
    script.on["system/heart_beat"] = says(refusal("system/heart_beat", 1, "Command not recognized"))
    async with open_system(script) as (system, heard):
        await trio.sleep(100)
        await system.set_volume(PID, 20)
        assert script.sent(SET_VOLUME)[0].connection == 2
        assert not heard.of(LinkDown)


async def test_a_device_that_accepts_one_connection_only_can_still_be_driven(autojump_clock: Any) -> None:
    script = Script()

    async def one_only(host: str) -> None:
        if script.connections:
            await refused_connection(host)

    script.connect = one_only
    async with open_system(script) as (system, heard):
        script.on[GET_VOLUME] = says(volume(20))
        await system.set_volume(PID, 20)
        assert await system.get_volume(PID) == 20
        await trio.sleep(600)
        tries = [at for at, _ in script.attempts[1:]]
        assert len(tries) < 50
        assert heard.events == [heard.events[0]]


async def test_hosts_or_a_way_to_find_them_must_be_given() -> None:
    for hosts in ((), "avr"):
        with pytest.raises(ValueError, match="hosts"):
            HeosSystem(hosts, on_event=Heard())


# ------------------------------------------------------------------ going down and coming back


async def test_a_drop_is_told_before_the_waiting_commands_fail_and_the_system_is_back_in_a_second(
    autojump_clock: Any,
) -> None:
    script = Script()
    script.on[GET_VOLUME] = nothing
    async with open_system(script) as (system, heard):
        downs_at_failure: list[int] = []

        async def ask() -> None:
            with pytest.raises(HeosUnavailable):
                await system.get_volume(PID)
            downs_at_failure.append(len(heard.of(LinkDown)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.sleep(1)
            timer = Timer()
            await script.listening.drop()
        assert timer.s < 0.1 and downs_at_failure == [1]
        assert heard.of(LinkDown) == [LinkDown("avr", "it closed the connection")]
        with pytest.raises(HeosUnavailable, match="not connected to avr: it closed"):
            await system.set_volume(PID, 1)
        await heard.until(LinkUp, 2)
        assert timer.s <= 1.5
        await trio.sleep(0.5)
        await system.set_volume(PID, 20)
        assert script.peak == 2


async def test_the_pauses_grow_from_1_to_15_seconds_and_one_reason_is_told_once(autojump_clock: Any) -> None:
    script = Script(connect=refused_connection)
    async with open_system(script, up=False) as (system, heard):
        await trio.sleep(300)
        times = [at for at, _ in script.attempts]
        pauses = [round(b - a, 3) for a, b in itertools.pairwise(times)]
        assert pauses[:6] == [1, 2, 4, 8, 15, 15] and max(pauses) == 15
        assert heard.events == [LinkDown("avr", "cannot connect to avr port 1255: Connection refused")]
        assert system.host == ""


async def test_chance_only_shortens_the_pauses(autojump_clock: Any) -> None:
    script = Script(connect=refused_connection)
    async with open_system(script, up=False, jitter=lambda: 1.0):
        await trio.sleep(100)
        times = [at for at, _ in script.attempts]
        pauses = [round(b - a, 3) for a, b in itertools.pairwise(times)]
        assert pauses[:6] == [0.7, 1.4, 2.8, 5.6, 10.5, 10.5]


async def test_a_device_that_drops_every_new_connection_is_not_stormed(autojump_clock: Any) -> None:
    script = Script()

    async def drop(connection: Connection, asked: Asked) -> None:
        await script.acknowledge(connection, asked)
        if asked.args.get("enable") == "on":
            await connection.drop()

    script.on[REGISTER] = drop
    async with open_system(script, up=False):
        await trio.sleep(600)
    assert 40 < len(script.attempts) < 100


async def test_a_connection_that_held_for_a_while_is_made_again_after_a_second(autojump_clock: Any) -> None:
    script = Script(connect=first_fails(6))
    async with open_system(script, up=False) as (_, heard):
        await heard.until(LinkUp)
        await trio.sleep(20)
        timer = Timer()
        await script.listening.drop()
        await heard.until(LinkUp, 2)
        assert timer.s == pytest.approx(1, abs=0.01)


async def test_a_silent_device_is_down_within_two_heartbeats_and_up_when_it_is_back(
    autojump_clock: Any,
) -> None:
    script = Script()
    async with open_system(script) as (_, heard):
        names = ("system/heart_beat", REGISTER, "player/get_players")
        for name in names:
            script.on[name] = nothing
        timer = Timer()
        down = await heard.until(LinkDown)
        assert timer.s <= 20 and "silent" in down.reason
        await trio.sleep(100)
        for name in names:
            del script.on[name]
        timer = Timer()
        await heard.until(LinkUp, 2)
        assert timer.s <= 20.1


async def test_a_device_that_accepts_and_never_answers_is_told_to_be_down(autojump_clock: Any) -> None:
    script = Script(on={REGISTER: nothing})
    async with open_system(script, up=False) as (_, heard):
        await trio.sleep(100)
        assert "no answer from avr" in heard.of(LinkDown)[0].reason
        assert not heard.of(LinkUp)
        assert script.peak == 1


async def test_a_connection_that_is_never_made_ends_after_the_time_for_an_answer(autojump_clock: Any) -> None:
    async def hang(host: str) -> None:
        await trio.sleep_forever()

    async with open_system(Script(connect=hang), up=False) as (_, heard):
        timer = Timer()
        down = await heard.until(LinkDown)
        assert timer.s == pytest.approx(5) and "within 5.0 s" in down.reason


@pytest.mark.parametrize(
    "error", [OSError("all attempts failed"), UnicodeError("bad name"), trio.BrokenResourceError()]
)
async def test_whatever_keeps_us_from_connecting_is_a_reason(autojump_clock: Any, error: Exception) -> None:
    async def fail(host: str) -> None:
        raise error

    async with open_system(Script(connect=fail), up=False) as (_, heard):
        down = await heard.until(LinkDown)
        assert down.reason.startswith("cannot connect to avr port 1255: ")


async def test_when_the_host_is_gone_the_next_one_is_taken_and_kept(autojump_clock: Any) -> None:
    script = Script()
    gone: set[str] = set()

    async def connect(host: str) -> None:
        if host in gone:
            await refused_connection(host)

    script.connect = connect
    async with open_system(script, ["a", "b"]) as (system, heard):
        assert system.host == "a"
        gone.add("a")
        timer = Timer()
        await script.listening.drop()
        up = await heard.until(LinkUp, 2)
        assert up.host == "b" and timer.s <= 1.5
        await trio.sleep(20)
        gone.clear()
        await script.listening.drop()
        assert (await heard.until(LinkUp, 3)).host == "b"


async def test_hosts_are_searched_for_when_there_are_none_or_none_answers(autojump_clock: Any) -> None:
    finds: list[list[str]] = [[], ["b"]]

    async def find() -> list[str]:
        await trio.sleep(3)
        return finds.pop(0)

    async with open_system(Script(), [], up=False, find_hosts=find) as (system, heard):
        await heard.until(LinkUp)
        assert heard.events[0] == LinkDown("", "no HEOS device answers a search")
        assert system.host == "b" and finds == []

    script, finds = Script(), [["b"]]

    async def connect(host: str) -> None:
        if host == "a":
            await refused_connection(host)

    script.connect = connect
    async with open_system(script, ["a"], up=False, find_hosts=find) as (system, heard):
        await heard.until(LinkUp)
        assert system.host == "b"


async def test_a_search_that_fails_is_a_reason_too(autojump_clock: Any) -> None:
    async def find() -> list[str]:
        raise HeosUnavailable("cannot search: Network is unreachable")

    async with open_system(Script(), [], up=False, find_hosts=find) as (_, heard):
        await trio.sleep(100)
        assert heard.events == [LinkDown("", "cannot search: Network is unreachable")]


async def test_stopping_fails_who_waits_and_tells_nothing(autojump_clock: Any) -> None:
    script = Script(on={GET_VOLUME: nothing})
    async with trio.open_nursery() as callers, open_system(script) as (system, heard):

        async def ask() -> None:
            with pytest.raises(HeosUnavailable):
                await system.get_volume(PID)

        callers.start_soon(ask)
        await trio.sleep(1)
    assert not heard.of(LinkDown)


async def test_an_error_of_whoever_listens_comes_out_of_run(autojump_clock: Any) -> None:
    script = Script()

    def fall_over(happened: heos.HeosEvent) -> None:
        if isinstance(happened, heos.VolumeChanged):
            raise ZeroDivisionError

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            script.nursery = nursery
            system = HeosSystem(["avr"], on_event=fall_over, open_stream=script.open_stream)
            nursery.start_soon(system.run)
            await trio.sleep(1)
            await script.tell(volume_event(1))

    with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
        await run()
