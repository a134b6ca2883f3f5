"""The video remote drives a real player, mpv, whose own clock tells the truth."""

import os
import statistics
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from segue.adapters.companion_queue import PlayQueue
from segue.adapters.companion_timeline import Timeline
from segue.adapters.companion_video import VideoRemote
from segue.adapters.http_client import HttpClient
from segue.adapters.plex_xml import PlayerInfo
from segue.demo.mpv_ipc import MpvError, is_installed
from segue.demo.mpv_player import MpvVideo, Truth
from segue.demo.video_engine import Film
from segue.demo.video_film import make_film
from segue.secret import Secret
from tests.demo.heos_client import fresh_host

pytestmark = pytest.mark.skipif(
    not is_installed() and "CI" not in os.environ,
    reason="needs the Debian packages mpv and ffmpeg (apt-get install --no-install-recommends mpv ffmpeg)",
)
FRAME_MS = 1000 / 24
MINUTES_MS = 300_000


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Five minutes of 24 frames a second."""
    path: Path = tmp_path_factory.mktemp("film") / "film.mkv"
    trio.run(make_film, path, MINUTES_MS / 1000)
    return Film("51", MINUTES_MS, "plex://movie/0a1b2c", "A Film", str(path))


@dataclass
class Home:
    """A real player, and our remote of it."""

    player: MpvVideo
    remote: VideoRemote

    async def show(self, offset_ms: int) -> None:
        queue = PlayQueue(1, 101, 1, "51", "/library/metadata/51")
        await self.remote.play_media(queue, "server-1", Secret("transient-1"), offset_ms=offset_ms)

    async def timeline(self) -> Timeline:
        polled = await self.remote.poll()
        assert polled.timeline is not None
        return polled.timeline

    async def until(self, holds: Callable[[Timeline], bool]) -> Timeline:
        """Poll until something holds."""
        with trio.fail_after(60):
            while not holds(seen := await self.timeline()):
                await trio.sleep(0.05)
            return seen

    async def truth(self) -> Truth:
        truth = await self.player.truth()
        assert truth is not None
        return truth

    async def playing(self, offset_ms: int) -> None:
        """Show the film from a position; the first offset is ignored."""
        await self.show(offset_ms)
        await self.until(lambda seen: seen.state == "playing")
        await self.remote.seek_to(offset_ms)
        await self.until(lambda seen: seen.time_ms is not None and seen.time_ms >= offset_ms)


@asynccontextmanager
async def home(film: Film, clock_ppm: float = 0.0) -> AsyncIterator[Home]:
    with trio.fail_after(120):
        async with (
            MpvVideo({film.rating_key: film}, host=fresh_host(), clock_ppm=clock_ppm) as player,
            HttpClient("segue-test/1") as http,
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
            yield Home(player, VideoRemote(http, info, "http://127.0.0.1:9", str, "our-own-id", call_s=10.0))


async def stands(here: Home) -> bool:
    """Whether the film stands, by mpv's clock."""
    await trio.sleep(0.3)  # a pause takes some ms
    before = await here.truth()
    await trio.sleep(0.3)
    return (await here.truth()).position_ms == before.position_ms


async def test_the_first_offset_is_ignored_and_a_seek_mends_it(film: Film) -> None:
    async with home(film) as here:
        await here.show(61_500)
        seen = await here.until(lambda seen: seen.state == "playing")
        assert seen.time_ms is not None
        assert seen.time_ms < 60_000
        await here.remote.seek_to(61_900)
        await here.until(lambda seen: seen.time_ms is not None and seen.time_ms >= 61_000)
        await here.show(120_500)
        seen = await here.until(lambda seen: seen.state == "playing" and (seen.time_ms or 0) >= 120_000)
        assert seen.duration_ms == MINUTES_MS


async def test_seeks_go_to_the_whole_second_below(film: Film) -> None:
    """Found paused, where nothing moves meanwhile."""
    async with home(film) as here:
        await here.playing(30_000)
        await here.remote.pause()
        await here.remote.seek_to(90_700)
        seen = await here.until(lambda seen: (seen.time_ms or 0) > 89_000)
        assert seen.state == "paused"
        assert seen.time_ms is not None
        assert abs(seen.time_ms - 90_000) <= FRAME_MS + 1


async def test_one_button_does_both(film: Film) -> None:
    async with home(film) as here:
        await here.playing(30_000)
        await here.remote.pause()
        assert (await here.timeline()).state == "paused"
        assert await stands(here)
        await here.remote.pause()
        assert (await here.timeline()).state == "playing"
        assert not await stands(here)


async def test_the_timeline_is_near_the_truth(film: Film) -> None:
    """Most of twenty samples are near mpv's own clock: they differ by frames and by the way, not by what is read."""
    async with home(film) as here:
        await here.playing(30_000)
        misses = []
        for _ in range(20):
            polled = await here.remote.poll()
            truth = await here.truth()
            assert polled.timeline is not None
            assert polled.timeline.time_ms is not None
            aged_ms = polled.timeline.time_ms + 1000 * (truth.at - polled.measured_at)
            misses.append(abs(aged_ms - truth.position_ms) - 1000 * (polled.rtt_s / 2 + truth.within_s))
            await trio.sleep(0.05)
        assert statistics.median(misses) <= 250


async def test_a_stall_is_not_seen_in_the_state(film: Film) -> None:
    async with home(film) as here:
        await here.playing(30_000)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(here.player.engine.stall, 3.0)
            assert await stands(here)
            assert (await here.timeline()).state == "playing"
        assert not await stands(here)


async def test_a_pause_within_a_stall_holds_after_it(film: Film) -> None:
    async with home(film) as here:
        await here.playing(30_000)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(here.player.engine.stall, 0.5)
            await trio.sleep(0.1)
            await here.remote.pause()
        assert await stands(here)


async def test_a_fast_clock_really_runs_faster(film: Film) -> None:
    """A tenth too fast, so that no noise hides it."""
    async with home(film, clock_ppm=100_000) as here:
        await here.playing(30_000)
        before = await here.truth()
        await trio.sleep(3)
        after = await here.truth()
        rate = (after.position_ms - before.position_ms) / 1000 / (after.at - before.at)
        assert 1.04 < rate < 1.16


async def test_the_end_of_the_film_and_a_stop_are_stops(film: Film) -> None:
    async with home(film) as here:
        await here.playing(30_000)
        await here.remote.stop()
        await here.until(lambda seen: seen.state == "stopped")
        await here.show(MINUTES_MS - 1000)
        await here.until(lambda seen: seen.state == "playing")
        await here.until(lambda seen: seen.state == "stopped")


async def test_a_film_that_cannot_be_opened_stops(film: Film) -> None:
    gone = Film("51", MINUTES_MS, file="/nowhere/film.mkv")
    async with home(gone) as here:
        await here.show(0)
        await here.until(lambda seen: seen.state == "stopped")


async def test_mpv_is_gone_with_its_player(film: Film) -> None:
    async with home(film) as here:
        mpv = here.player.engine.mpv
    assert mpv.process.returncode is not None
    with pytest.raises(MpvError):
        await mpv.command("get_version")


@pytest.mark.parametrize(
    ("words", "says"), [(["no_such_command"], "no_such_command"), (["get_property", "no-such"], "not found")]
)
async def test_what_mpv_refuses_is_said(film: Film, words: list[str], says: str) -> None:
    async with home(film) as here:
        with pytest.raises(MpvError, match=says):
            await here.player.engine.mpv.command(*words)
