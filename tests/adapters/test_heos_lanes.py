"""Which of the two connections a command takes, against a scripted device, under virtual time."""

from typing import Any

import pytest
import trio

from segue.adapters.heos import HeosTimeout, HeosUnavailable, LinkDown
from tests.adapters.heos_script import (
    GET_VOLUME,
    PID,
    PLAY_INPUT,
    SET_VOLUME,
    Asked,
    Connection,
    Script,
    Timer,
    acknowledges,
    after,
    in_turn,
    nothing,
    open_system,
    refused_connection,
    says,
    volume,
)


async def test_a_level_does_not_wait_behind_an_input_that_is_switched(autojump_clock: Any) -> None:
    script = Script(on={PLAY_INPUT: after(1.0)})
    async with open_system(script) as (system, _), trio.open_nursery() as nursery:
        nursery.start_soon(system.play_input, PID, "inputs/cd")
        await trio.sleep(0.1)
        timer = Timer()
        await system.set_volume(PID, 20)
        await system.set_play_state(PID, "pause")
        await system.set_mute(PID, on=True)
        assert timer.s < 0.05
        assert {a.connection for a in script.asked if a.name.startswith("player/set")} == {2}
        assert script.sent(PLAY_INPUT)[0].connection == 1


async def test_a_pause_does_not_wait_behind_a_play_that_wakes_the_device_up(autojump_clock: Any) -> None:
    async def wake_up(connection: Connection, asked: Asked) -> None:
        await trio.sleep(4.0 if asked.args["state"] == "play" else 0.0)
        await acknowledges(connection, asked)

    script = Script(on={"player/set_play_state": wake_up})
    async with open_system(script) as (system, _), trio.open_nursery() as nursery:
        nursery.start_soon(system.set_play_state, PID, "play")
        await trio.sleep(0.1)
        timer = Timer()
        await system.set_play_state(PID, "pause")
        assert timer.s < 0.05


async def test_what_makes_sound_waits_for_the_levels_that_were_asked_for_before_it(
    autojump_clock: Any,
) -> None:
    script = Script(on={SET_VOLUME: after(0.5)})
    async with open_system(script) as (system, _):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(system.set_volume, PID, 5)
            await trio.sleep(0.1)
            nursery.start_soon(system.play_input, PID, "inputs/cd")
        at = {a.name: a.at for a in script.asked}
        assert at[PLAY_INPUT] >= at[SET_VOLUME] + 0.5


async def test_slow_commands_are_given_more_time(autojump_clock: Any) -> None:
    script = Script(on={PLAY_INPUT: after(12.0), "player/play_next": after(12.0), SET_VOLUME: after(12.0)})
    async with open_system(script) as (system, _):
        await system.play_input(PID, "inputs/cd")
        await system.play_next(PID)
        with pytest.raises(HeosTimeout):
            await system.set_volume(PID, 5)


async def test_questions_do_not_wait_behind_an_input_that_is_switched(autojump_clock: Any) -> None:
    script = Script(on={PLAY_INPUT: after(4.0), GET_VOLUME: says(volume(7))})
    async with open_system(script) as (system, _), trio.open_nursery() as nursery:
        nursery.start_soon(system.play_input, PID, "inputs/cd")
        await trio.sleep(0.1)
        timer = Timer()
        assert await system.get_volume(PID) == 7
        assert timer.s < 0.05


async def test_a_level_without_an_answer_costs_only_its_own_connection(autojump_clock: Any) -> None:
    script = Script(on={SET_VOLUME: in_turn(nothing, acknowledges)})
    async with open_system(script) as (system, heard):
        with pytest.raises(HeosTimeout):
            await system.set_volume(PID, 5)
        await system.set_volume(PID, 6)
        assert script.sent(SET_VOLUME)[1].connection == 1
        await trio.sleep(2)
        await system.set_volume(PID, 7)
        assert script.sent(SET_VOLUME)[2].connection == 3
        assert not heard.of(LinkDown) and script.peak == 2


async def test_a_late_answer_is_never_taken_for_the_next_one(autojump_clock: Any) -> None:
    script = Script()
    script.on[GET_VOLUME] = in_turn(nothing, says(volume(22)))
    async with open_system(script) as (system, _heard):
        with pytest.raises(HeosTimeout):
            await system.get_volume(PID)
        await script.listening.say(volume(77))
        await trio.sleep(0.01)
        assert await system.get_volume(PID) == 22
        assert [a.connection for a in script.sent(GET_VOLUME)] == [1, 1]


async def test_while_an_answer_is_owed_the_question_goes_over_the_other_connection(
    autojump_clock: Any,
) -> None:
    script = Script()
    script.on[GET_VOLUME] = in_turn(nothing, says(volume(22)))
    async with open_system(script) as (system, heard):
        with pytest.raises(HeosTimeout):
            await system.get_volume(PID)
        assert await system.get_volume(PID) == 22
        await script.listening.say(volume(77))
        await trio.sleep(0.01)
        assert await system.get_volume(PID) == 22
        assert [a.connection for a in script.sent(GET_VOLUME)] == [1, 2, 1]
        assert not heard.of(LinkDown)


async def test_one_connection_that_owes_an_answer_refuses_the_same_question(autojump_clock: Any) -> None:
    script = Script(on={GET_VOLUME: nothing})

    async def one_only(host: str) -> None:
        if script.connections:
            await refused_connection(host)

    script.connect = one_only
    async with open_system(script) as (system, _):
        with pytest.raises(HeosTimeout):
            await system.get_volume(PID)
        timer = Timer()
        with pytest.raises(HeosUnavailable, match="still owes an answer"):
            await system.get_volume(PID)
        assert timer.s <= 5


async def test_who_finds_no_link_that_can_take_a_command_gets_the_next_one(autojump_clock: Any) -> None:
    script = Script()
    started_at = trio.current_time()

    async def only_later(connection: Connection, asked: Asked) -> None:
        if connection.number > 2:
            await acknowledges(connection, asked)

    async def none_for_a_while(host: str) -> None:
        if 1 < trio.current_time() - started_at < 11:
            await refused_connection(host)

    script.on[SET_VOLUME], script.connect = only_later, none_for_a_while
    async with open_system(script) as (system, heard):
        for _ in range(2):
            with pytest.raises(HeosTimeout):
                await system.set_volume(PID, 5)
        assert system.connections == 1
        await system.set_volume(PID, 6)
        first, second, third = (a.connection for a in script.sent(SET_VOLUME))
        assert (first, second) == (2, 1) and third > 2
        assert not heard.of(LinkDown)


async def test_the_acting_connection_is_not_stormed_either(autojump_clock: Any) -> None:
    script = Script()

    async def drop(connection: Connection, asked: Asked) -> None:
        if connection.number == 1:
            await script.acknowledge(connection, asked)
        else:
            await connection.drop()

    script.on["system/heart_beat"] = drop
    async with open_system(script) as (system, heard):
        await trio.sleep(600)
        assert 40 < len(script.attempts) < 60
        assert not heard.of(LinkDown)
        await system.set_volume(PID, 3)
