"""A house for one story: a simulated receiver in this process, and a real `segued` beside it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from segue.demo.heos_media import Track
from segue.demo.heos_speaker import HeosSpeaker
from tests.helpers.rig import Segued, address, running

PATIENCE_S = 20.0
"""How long anything may take that a test waits for; nothing takes so long on a machine that is not busy."""
ROOM = """
[heos]
host = "{host}"
[[room]]
name = "living"
heos_player = "Living Room"
max_level = 60
fade_in_s = 0.5
fade_out_s = 0.5
"""
"""A room with a receiver and nothing else: what it plays is its own."""
BASE = 40


@asynccontextmanager
async def house(
    place: Path,
    *,
    config: str = ROOM,
    more: str = "",
    environ: dict[str, str] | None = None,
    before: Callable[[HeosSpeaker], object] = lambda _speaker: None,
) -> AsyncIterator[tuple[HeosSpeaker, Segued]]:
    """Run a receiver that plays a song at level 40, and a daemon that knows it."""
    async with receiver() as speaker:
        before(speaker)
        segued = daemon(place, speaker, config=config, more=more, environ=environ)
        async with running(segued):
            await segued.until(lambda room: room["available"], name="living")
            yield speaker, segued


@asynccontextmanager
async def receiver() -> AsyncIterator[HeosSpeaker]:
    """Run a receiver by itself, for stories that begin before the daemon does."""
    async with HeosSpeaker(host=address()) as speaker:
        speaker.turn_knob(speaker.pid, BASE)
        speaker.play_song(speaker.pid, Track("Loop", artist="The Loopbacks"))
        yield speaker


def daemon(
    place: Path,
    speaker: HeosSpeaker,
    *,
    config: str = ROOM,
    more: str = "",
    environ: dict[str, str] | None = None,
) -> Segued:
    """Make a daemon for that receiver, not yet started."""
    return Segued(place, (more + config).format(host=speaker.host), environ=environ)


async def until(speaker: HeosSpeaker, happened: Callable[[HeosSpeaker], object]) -> None:
    """Wait until something is true of the receiver; fails with its last levels and commands."""
    with trio.move_on_after(PATIENCE_S) as scope:
        await speaker.until(happened)
    if scope.cancelled_caught:
        levels = [(change.level, change.by) for change in speaker.level_history()[-8:]]
        commands = [(command.name, dict(command.args)) for command in speaker.commands[-8:]]
        raise AssertionError(f"not within {PATIENCE_S} s; levels {levels}; commands {commands}")


def levels_sent(speaker: HeosSpeaker) -> list[int]:
    """Give the levels that the daemon sent so far."""
    return [int(command.args["level"]) for command in speaker.sent("player/set_volume")]
