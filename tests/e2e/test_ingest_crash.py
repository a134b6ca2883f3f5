"""`kill -9` of the whole daemon in the middle of an ingest: the film arrives once and whole, whatever happens."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from tests.e2e import ingest_points as points
from tests.e2e.library import CONFIG, MATRIX, Library, library, sha256, side_by_side, snapshot

FILM = "Movies/The Matrix (1999)/The Matrix (1999) - 1080p BluRay.mkv"


async def test_kills(place: Path, other_disk: Path) -> None:
    """Two houses at the same time."""
    await side_by_side(place, one_film_ten_kills, partial(a_move_to_another_disk, other_disk))


async def one_film_ten_kills(place: Path) -> None:
    """One ingest, killed at ten points one after the other, and begun again each time."""
    async with library(place, more_ingest=points.SLOW) as house:
        await house.ctl("ingest", "--pause")
        source = house.arrive(f"The.Matrix/{MATRIX}", size=points.SIZE)
        house.beside(source, ".en.srt")
        before, wanted = snapshot(source.parent), sha256(source)
        kills = Kills(house, source)
        await kills.at(points.found)
        points.tmdb_is_silent(house)
        await kills.at(points.identified)
        points.plex_is_silent(house)
        await kills.at(points.located)
        await kills.at(points.queued)
        async with house.film_plays():
            await kills.at(points.begun, first=points.resume_slowly, last=pause)
            await kills.at(just_started)
            await kills.at(points.half_copied, first=points.resume_slowly)
        await kills.at(points.published)
        await kills.at(points.recorded)
        points.plex_is_silent_on_scans(house)
        await kills.at(points.told)
        assert kills.count == 10
        await house.segued.start()
        await house.until(lambda: house.on_plex("The Matrix"))
        (entry,) = await house.history()
        assert house.in_library() == [FILM.replace(".mkv", ".en.srt"), FILM]
        assert sha256(house.media / FILM) == wanted == entry["files"][0]["sha256"]
        assert snapshot(source.parent) == before
        page = await house.page()
        assert (page["queue"], page["scans"], await house.reviews()) == ([], [], [])


async def a_move_to_another_disk(other_disk: Path, place: Path) -> None:
    """Killed when the film has its final name: the source is there for as long as the history does not know of it."""
    (other_disk / "Movies").mkdir()
    config = CONFIG.replace("{media}/Movies", str(other_disk / "Movies"))
    async with library(place, config=config, more_ingest='transfer = "move"') as house:
        house.movies = other_disk / "Movies"
        source = house.arrive(size=points.SIZE)
        wanted = sha256(source)
        await points.published(house, source)
        await house.segued.kill()
        assert source.exists() or points.rows(house)
        await house.segued.start()
        entry = await house.until_entry("The Matrix")
        await house.until(lambda: not source.exists(), "the source is gone")
        assert sha256(house.movies / entry["files"][0]["path"]) == wanted
        assert len(await house.history()) == 1


class Kills:
    """Starts the daemon, lets it come to a point, and kills it there."""

    def __init__(self, house: Library, path: Path) -> None:
        self._house, self._path = house, path
        self.count = 0

    async def at(
        self,
        reach: Callable[[Library, Path], Awaitable[None]],
        *,
        first: Callable[[Library], Awaitable[None]] | None = None,
        last: Callable[[Library], Awaitable[None]] | None = None,
    ) -> None:
        """Kill at a point. No final name ever has half a film behind it."""
        segued = self._house.segued
        if not segued.ready_at:
            await segued.start()
        if first is not None:
            await first(self._house)
        await reach(self._house, self._path)
        if last is not None:
            await last(self._house)
        await segued.kill()
        self.count += 1
        points.nothing_lasts(self._house)
        size = self._path.stat().st_size
        assert all(film.stat().st_size == size for film in points.films_of_all(self._house))
        assert len(points.rows(self._house)) <= 1


async def pause(house: Library) -> None:
    """Let no byte move, also after the kill."""
    await house.ctl("ingest", "--pause")
    await house.until_on_disk()


async def just_started(house: Library, path: Path) -> None:
    """It has said that it is ready, and nothing else yet."""
