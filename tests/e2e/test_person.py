"""A person at the device wins: over a fade, over a limit, over what segue was about to do."""

from pathlib import Path

import trio

from segue.demo.heos_speaker import HeosSpeaker
from tests.e2e.house import BASE, ROOM, house, levels_sent, until
from tests.helpers.rig import Segued

SLOWLY = ROOM.replace("fade_out_s = 0.5", "fade_out_s = 3").replace("fade_in_s = 0.5", "fade_in_s = 3")


async def nothing_more_is_sent(speaker: HeosSpeaker, segued: Segued) -> None:
    """See that the room rests and that no further level comes."""
    await segued.until(lambda room: room["phase"] == "resting")
    sent = len(levels_sent(speaker))
    await trio.sleep(0.5)
    assert len(levels_sent(speaker)) == sent


async def test_the_knob_ends_a_fade_and_is_the_new_base(place: Path) -> None:
    async with house(place) as (speaker, segued):
        await segued.ctl("fade", "living", "10", "--over", "5")
        await until(speaker, lambda s: s.level() < 37)
        speaker.turn_knob(speaker.pid, 52)
        room = await segued.until(lambda room: room["base_level"] == 52)
        assert room["level"] == 52
        await nothing_more_is_sent(speaker, segued)
        assert speaker.level() == 52


async def test_the_knob_in_a_fade_before_a_pause(place: Path) -> None:
    """The fade ends, the pause comes at once, and the level is the person's."""
    async with house(place, config=SLOWLY) as (speaker, segued):
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.level() < 37)
        speaker.turn_knob(speaker.pid, 50)
        await until(speaker, lambda s: s.player().state == "pause")
        await nothing_more_is_sent(speaker, segued)
        room = await segued.room()
        assert (room["level"], room["base_level"], speaker.level()) == (50, 50, 50)


async def test_the_knob_in_a_fade_in(place: Path) -> None:
    async with house(place, config=SLOWLY) as (speaker, segued):
        speaker.pause(speaker.pid)
        await segued.ctl("resume", "living")
        await until(speaker, lambda s: 3 < s.level() < 30 and s.player().state == "play")
        speaker.turn_knob(speaker.pid, 35)
        await segued.until(lambda room: room["base_level"] == 35)
        await nothing_more_is_sent(speaker, segued)
        assert speaker.level() == 35


async def test_a_level_above_the_limit_is_left_alone(place: Path) -> None:
    """The knob may go beyond `max_level`: nothing of ours does, and a fade comes back to the limit."""
    async with house(place) as (speaker, segued):
        speaker.turn_knob(speaker.pid, 75)
        room = await segued.until(lambda room: room["level"] == 75)
        assert room["base_level"] == 60
        await nothing_more_is_sent(speaker, segued)
        assert speaker.level() == 75
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.player().state == "pause" and s.level() == 60)
        await nothing_more_is_sent(speaker, segued)
        assert max(levels_sent(speaker)) == 60


async def test_another_controller_is_a_person_too(place: Path) -> None:
    """A level that comes over the network, from the HEOS app, counts as a hand on the knob."""
    async with house(place) as (speaker, segued):
        await segued.ctl("fade", "living", "10", "--over", "5")
        await until(speaker, lambda s: s.level() < 37)
        stream = await trio.open_tcp_stream(speaker.host or "", speaker.port)
        async with stream:
            command = f"heos://player/set_volume?pid={speaker.pid}&level=48\r\n"
            await stream.send_all(command.encode())
            await stream.receive_some(4096)
            await segued.until(lambda room: room["base_level"] == 48)
        await nothing_more_is_sent(speaker, segued)
        assert speaker.level() == 48


async def test_another_source_in_a_fade_ends_it_at_the_base(place: Path) -> None:
    """Somebody selects an input while the level is down: it comes up again, and stays theirs."""
    async with house(place, config=ROOM.replace("fade_out_s = 0.5", "fade_out_s = 2")) as (speaker, segued):
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.level() < 30)
        speaker.select_input(speaker.pid, "inputs/tvaudio")
        await until(speaker, lambda s: s.level() == BASE)
        room = await segued.until(lambda room: room["phase"] == "resting" and room["level"] == BASE)
        assert room["input"] == "inputs/tvaudio"
        await nothing_more_is_sent(speaker, segued)
