"""What the scripts share: a simulated receiver in this process, and a real `segued` beside it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from segue.demo.heos_media import Track
from segue.demo.heos_speaker import HeosSpeaker
from tests.helpers.rig import Segued, address, running

ROOM = """
[heos]
host = "{host}"
[[room]]
name = "living"
heos_player = "Living Room"
max_level = 60
"""
"""A room with a receiver and nothing else: what it plays is its own."""


@asynccontextmanager
async def receiver_and_segued(
    config: str = ROOM, *, latency_s: float = 0.0
) -> AsyncIterator[tuple[HeosSpeaker, Segued]]:
    """Run a receiver that plays a song at level 40, and a daemon that is connected to it."""
    host = address()
    with tempfile.TemporaryDirectory() as directory:
        async with HeosSpeaker(host=host) as speaker:
            speaker.turn_knob(speaker.pid, 40)
            speaker.play_song(speaker.pid, Track("Loop", artist="The Loopbacks"))
            speaker.faults.latency_s = latency_s
            segued = Segued(Path(directory), config.format(host=host))
            async with running(segued):
                await segued.until(lambda room: room["available"])
                await trio.sleep(0.5)
                yield speaker, segued
