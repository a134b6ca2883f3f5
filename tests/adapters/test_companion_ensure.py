"""Driving a player whose play and pause are one button, by what its timeline says and by nothing else.

`Ensure` is the whole rule: a command is sent only while a poll that was asked for later than the last command (and a
moment for it to take effect) shows the other state. The player hangs, drops and delays its answers meanwhile.
"""

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

import pytest
import trio

from segue.adapters.companion_video import VideoRemote
from segue.adapters.http_client import HttpClient
from segue.adapters.plex_xml import PlayerInfo, PlexError
from segue.demo.video_engine import Cassette
from segue.demo.video_player import SimulatedVideo
from segue.demo.video_profiles import Latency
from tests.demo.heos_client import fresh_host
from tests.demo.video_house import FILM, exact

Goal = Literal["playing", "paused"]

TAKES_S = 0.1
"""Longer than the player needs to do as it was told."""


class Ensure:
    """Brings a player into a state, and knows when it is there."""

    def __init__(self, remote: VideoRemote) -> None:
        self._remote = remote
        self._acted_at = -1e9

    async def state(self, goal: Goal) -> None:
        """Return when a poll has shown the goal; act only on what polls show."""
        while True:
            seen = await self._look()
            if seen == goal:
                return
            if seen in ("playing", "paused"):
                await self._act(self._remote.play if goal == "playing" else self._remote.pause)

    async def position(self, position_ms: int) -> None:
        """Seek; a second seek does no harm to a player that stands."""
        await self._act(lambda: self._remote.seek_to(position_ms))

    async def _look(self) -> str:
        """Give the state of a poll that cannot be older than what was done last; else nothing."""
        try:
            polled = await self._remote.poll()
        except PlexError:
            return ""
        if polled.requested_at < self._acted_at + TAKES_S:
            await trio.sleep(0.02)
            return ""
        return "" if polled.timeline is None or polled.stale else polled.timeline.state

    async def _act(self, act: Callable[[], Awaitable[object]]) -> None:
        try:
            with suppress(PlexError):
                await act()
        finally:
            self._acted_at = trio.current_time()


def misbehave(player: SimulatedVideo, rng: random.Random) -> None:
    """Let commands be obeyed and not answered, refused, or taken and forgotten, some of the time."""
    be_well(player)
    troubles = player.troubles
    verbs = {"play", "pause"}
    match rng.randrange(12):
        case 0:
            troubles.hang = verbs
        case 1 | 2:
            troubles.drop = verbs
        case 3:
            troubles.lie = verbs
        case 4:
            troubles.refuse = verbs
        case _:
            pass


@pytest.mark.parametrize("seed", range(3))
async def test_a_toggling_player_never_ends_in_the_wrong_state(seed: int) -> None:
    """Twenty-five goals a seed, with troubles that pass; after each the truth is looked at, and not the timeline."""
    rng = random.Random(seed)
    quick = Latency(0.01, 0.5)
    profile = exact(toggles=True, quantum_ms=1000, seek=quick, pause=quick, unpause=quick)
    with trio.fail_after(120):
        async with (
            SimulatedVideo(profile, host=fresh_host(), films={FILM.rating_key: FILM}, seed=seed) as player,
            HttpClient("segue-test/1") as http,
        ):
            info = PlayerInfo("tv-1", "TV", "", "", player.info.address, player.port, ())
            remote = VideoRemote(http, info, "http://127.0.0.1:9", str, "our-own-id", call_s=0.2)
            ensure = Ensure(remote)
            await player.engine.load(Cassette(FILM), 60_000, paused=False)
            for _ in range(25):
                misbehave(player, rng)
                if rng.random() < 0.3:
                    await ensure.position(rng.randrange(1, 3000) * 1000)
                goal: Goal = rng.choice(("playing", "paused"))
                with trio.move_on_after(0.6) as trying:
                    await ensure.state(goal)
                if (
                    trying.cancelled_caught
                ):  # it lied or refused all the time: its bad day ends, and it is tried on
                    be_well(player)
                    await ensure.state(goal)
                await trio.sleep(0.05)
                assert player.engine.is_moving() == (goal == "playing")


def be_well(player: SimulatedVideo) -> None:
    """Let the player be well again."""
    troubles = player.troubles
    troubles.hang, troubles.drop, troubles.lie, troubles.refuse = set(), set(), set(), set()


async def test_the_naive_way_ends_in_the_wrong_state() -> None:
    """Who sends `pause` to be on the safe side lets such a player go on: the player is no kinder than real ones."""
    with trio.fail_after(30):
        async with (
            SimulatedVideo(exact(toggles=True), host=fresh_host(), films={FILM.rating_key: FILM}) as player,
            HttpClient("segue-test/1") as http,
        ):
            info = PlayerInfo("tv-1", "TV", "", "", player.info.address, player.port, ())
            remote = VideoRemote(http, info, "http://127.0.0.1:9", str, "our-own-id")
            await player.engine.load(Cassette(FILM), 60_000, paused=True)
            await remote.pause()
            assert player.engine.is_moving()
