"""A real player, the remote control of its home, and a witness that watches mpv's own clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import trio

from segue.adapters.companion_queue import PlayQueue
from segue.adapters.companion_video import VideoRemote
from segue.adapters.http_client import HttpClient
from segue.adapters.plex_xml import PlayerInfo
from segue.demo.mpv_ipc import MpvError
from segue.demo.mpv_player import MpvVideo
from segue.demo.video_engine import Film
from segue.demo.video_profiles import Troubles
from tests.helpers.rig import address

RATING_KEY = "51"
SERVER_ID = "server-1"
WITNESS_EVERY_S = 0.1
SURE_S = 0.02
"""Readings of mpv's clock that are less certain than this are not counted: the machine was busy."""
UNEVEN_S = 0.1
"""A film whose phase changed by more than this jumped or halted."""
QUEUE = PlayQueue(1, 101, 1, RATING_KEY, f"/library/metadata/{RATING_KEY}")


@dataclass
class Reading:
    """Where the film really was: seconds."""

    at: float
    position_s: float

    @property
    def phase_s(self) -> float:
        """Position minus moment."""
        return self.position_s - self.at


@dataclass
class Witness:
    """Watches one player's own clock, and what it is told."""

    player: MpvVideo
    readings: list[Reading] = field(default_factory=list)
    doubtful: int = 0

    def commands(self, *verbs: str, since: float, until: float) -> int:
        """Count what the player was really told in a span of time."""
        return sum(1 for h in self.player.face.heard if h.verb in verbs and since <= h.at < until)

    async def watch(self) -> None:
        """Read mpv's clock until cancelled."""
        while True:
            with suppress(MpvError):
                truth = await self.player.truth()
                if truth is not None and truth.within_s <= SURE_S:
                    self.readings.append(Reading(truth.at, truth.position_ms / 1000))
                elif truth is not None:
                    self.doubtful += 1
            await trio.sleep(WITNESS_EVERY_S)

    async def frame_s(self) -> float | None:
        """Ask where the picture is, by mpv itself."""
        seconds = await self.player.engine.mpv.get("time-pos")
        return None if seconds is None else float(seconds)


@dataclass(kw_only=True)
class Screen(Witness):
    """One home's player, and its remote control."""

    remote: VideoRemote


@asynccontextmanager
async def screen(film: Film, *, ignored_offsets: int) -> AsyncIterator[Screen]:
    """Switch a player on."""
    async with (
        MpvVideo(
            {RATING_KEY: film}, host=address(), troubles=Troubles(ignore_offsets=ignored_offsets)
        ) as player,
        HttpClient("segue-benchmark/1") as http,
    ):
        info = PlayerInfo(
            player.info.machine_identifier,
            "",
            player.info.product,
            "",
            player.info.address,
            player.port,
            (),
        )
        remote = VideoRemote(http, info, "http://127.0.0.1:9", str, "segue-benchmark")
        yield Screen(player=player, remote=remote)


def apart(first: Witness, second: Witness, since: float, until: float) -> list[tuple[float, float]]:
    """Give how far the second player is ahead (+) of the first, with when; readings are paired in time."""
    found, others = [], [r for r in first.readings if since - 1 <= r.at < until + 1]
    place = 0
    for reading in second.readings:
        if not since <= reading.at < until:
            continue
        while place + 1 < len(others) and abs(others[place + 1].at - reading.at) <= abs(
            others[place].at - reading.at
        ):
            place += 1
        if place < len(others) and abs(others[place].at - reading.at) < WITNESS_EVERY_S:
            found.append((reading.at, reading.phase_s - others[place].phase_s))
    return found


def ran_evenly(each: Witness, since: float, until: float) -> bool:
    """Whether a film ran on without a jump or a halt in a span of time."""
    phases = [r.phase_s for r in each.readings if since <= r.at < until]
    return bool(phases) and max(phases) - min(phases) < UNEVEN_S
