"""A device that takes commands but sends no events, under virtual time."""

from typing import Any

import trio

from segue.adapters import heos
from segue.adapters.heos import LinkDown, LinkUp
from tests.adapters.heos_script import (
    GET_VOLUME,
    PID,
    REGISTER,
    SET_VOLUME,
    Asked,
    Connection,
    Script,
    open_system,
    reply,
    says,
    volume,
    volume_event,
)

# ------------------------------------------------------------------ control without events


def deaf(script: Script, level: list[int]) -> None:
    """A device that obeys and says so, but sends no events."""

    async def set_volume(connection: Connection, asked: Asked) -> None:
        level[0] = int(asked.args["level"])
        await connection.say(reply(asked.name, asked.query))

    async def get_volume(connection: Connection, asked: Asked) -> None:
        await connection.say(volume(level[0]))

    script.on[SET_VOLUME], script.on[GET_VOLUME] = set_volume, get_volume


async def test_a_device_that_sends_no_events_is_asked_for_them_again_then_connected_anew_then_left_alone(
    autojump_clock: Any,
) -> None:
    script, level = Script(), [30]
    deaf(script, level)
    async with open_system(script) as (system, heard):
        registered = len(script.sent(REGISTER))
        await system.get_volume(PID)
        await system.set_volume(PID, 20)
        assert await heard.until(heos.EventsMissed) == heos.EventsMissed(PID)
        await trio.sleep(0.1)
        assert len(script.sent(REGISTER)) == registered + 1

        await system.set_volume(PID, 10)
        down = await heard.until(LinkDown)
        assert "no events" in down.reason
        await heard.until(LinkUp, 2)

        for number in range(20):
            await system.get_volume(PID)
            await system.set_volume(PID, 40 + number % 2)
            await trio.sleep(5)
        assert len(heard.of(LinkDown)) == 1
        assert len(heard.of(heos.EventsMissed)) > 10


async def test_events_that_came_back_and_went_away_again_are_first_asked_for_again(
    autojump_clock: Any,
) -> None:
    script, level = Script(), [30]
    deaf(script, level)
    async with open_system(script) as (system, heard):
        await system.get_volume(PID)
        for number in range(1, 6):
            await system.set_volume(PID, number)
            await heard.until(heos.EventsMissed, number)
            await trio.sleep(1)
            await script.tell(volume_event(number))
            await trio.sleep(1)
        assert not heard.of(LinkDown)


async def test_a_device_that_takes_a_level_but_stays_where_it_was_is_not_deaf(autojump_clock: Any) -> None:
    script = Script(on={GET_VOLUME: says(volume(60))})
    async with open_system(script) as (system, heard):
        await system.get_volume(PID)
        await system.set_volume(PID, 90)
        await trio.sleep(10)
        assert len(script.sent(GET_VOLUME)) == 2
        assert not heard.of(heos.EventsMissed)


async def test_levels_that_come_back_as_events_are_not_asked_for(autojump_clock: Any) -> None:
    script = Script()

    async def set_volume(connection: Connection, asked: Asked) -> None:
        await connection.say(reply(asked.name, asked.query))
        await script.tell(volume_event(int(asked.args["level"])))

    script.on[SET_VOLUME] = set_volume
    async with open_system(script) as (system, heard):
        for level in range(40):
            await system.set_volume(PID, level)
            await trio.sleep(1)
        assert not script.sent(GET_VOLUME)
        assert len(heard.of(heos.VolumeChanged)) == 40
