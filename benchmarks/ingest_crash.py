"""The whole daemon killed with SIGKILL at ten points of an ingest, each time another film, and started again.

After each: is the film in the library once and whole, is its source untouched, has the history one row, is nothing left
over? The points are seen from outside (`tests/e2e/ingest_points.py`); nothing is waited out.
"""

import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import trio

from benchmarks.figures import Figure, show
from tests.e2e import ingest_points as points
from tests.e2e.library import Library, sha256, snapshot

PATIENCE_S = 60.0
"""The target of the issue for all that comes after a kill."""


class Point(NamedTuple):
    """Where the kill comes, and what makes the point last."""

    reach: Callable[[Library, Path], Awaitable[None]]
    outside: Callable[[Library], None] = lambda _house: None
    held: bool = False
    """True: nothing is copied before the job has come to its turn; then bytes move slowly."""


async def just_started(house: Library, path: Path) -> None:
    """Killed half-way, it has been started again, and is killed as soon as it is ready."""
    await points.half_copied(house, path)
    await house.segued.kill()
    await house.segued.start()


POINTS = (
    Point(points.found),
    Point(points.identified, points.tmdb_is_silent),
    Point(points.located, points.plex_is_silent),
    Point(points.queued, held=True),
    Point(points.begun, held=True),
    Point(points.half_copied, held=True),
    Point(just_started, held=True),
    Point(points.published),
    Point(points.recorded),
    Point(points.told, points.plex_is_silent_on_scans),
)


class Tally:
    """What went wrong."""

    def __init__(self) -> None:
        self.partial = self.lost = self.rows = self.left = self.good = 0
        self.longest_s = 0.0

    def judge(self, house: Library, source: Path, before: object, rows: int, queue: int) -> None:
        """Look at the library, the source and what is left over; `rows` and `queue` are what the daemon says."""
        films = points.films(house, source)
        whole = [film for film in films if sha256(film) == sha256(source)]
        mine = [film for film in points.films_of_all(house) if film.parent in {f.parent for f in films}]
        faults = {
            "partial": sum(film.stat().st_size != source.stat().st_size for film in mine),
            "lost": int(len(whole) != 1) + int(snapshot(source.parent) != before),
            "rows": int(rows != 1),
            "left": len(points.partials(house)) + queue,
        }
        for name, count in faults.items():
            setattr(self, name, getattr(self, name) + count)
        self.good += not any(faults.values())


async def ingest_and_kill(house: Library, number: int, point: Point, tally: Tally) -> None:
    """Let a film arrive, kill the daemon at a point, start it again, and wait until the film is in the library."""
    film = [f for f in house.tmdb.catalogue.films if f.year and f.runtime_min][number]
    if point.held:
        await house.ctl("ingest", "--pause")
    point.outside(house)
    name = f"{film.title}.{film.year}.1080p.BluRay.x264-GRP"
    source = house.arrive(f"{name}/{name}.mkv", duration_s=film.runtime_min * 60.0, size=points.SIZE + number)
    house.beside(source, ".en.srt")
    before = snapshot(source.parent)
    if point.held:
        await points.queued(house, source)
        if point.reach is not points.queued:
            await points.resume_slowly(house)
    await point.reach(house, source)
    await house.segued.kill()
    points.nothing_lasts(house)
    tally.partial += halves(house)
    began = time.monotonic()
    await house.segued.start()
    if point.held:
        await house.ctl("ingest", "--resume")
    with trio.fail_after(PATIENCE_S):
        while not [i for i in house.plex.library.items() if i.file and i.file.path in _paths(house, source)]:
            await trio.sleep(0.05)
    tally.longest_s = max(tally.longest_s, time.monotonic() - began)
    page = await house.page()
    rows = [entry for entry in await house.history() if entry["tmdb_id"] == film.tmdb_id]
    tally.judge(house, source, before, len(rows), len(page["queue"]) + page["reviews"])


def halves(house: Library) -> int:
    """Count the final files that are shorter than any film of ours."""
    return sum(film.stat().st_size < points.SIZE for film in points.films_of_all(house))


def _paths(house: Library, source: Path) -> set[str]:
    return {str(path) for path in points.films(house, source)}


async def main() -> None:
    """Kill ten times, and say what is left."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="segue-") as directory:
        async with points.slow_house(Path(directory)) as house:
            for number, point in enumerate(POINTS):
                await ingest_and_kill(house, number, point, tally)
    show(
        Figure(
            "whole daemon, kill -9 at ten points: 0 partial, 0 lost, one row each",
            tally.good,
            f"of {len(POINTS)}",
            len(POINTS),
            "equal",
            baseline=f"{tally.partial} partial, {tally.lost} lost, {tally.rows} with other than one row, {tally.left} "
            f"left over; the longest took {tally.longest_s:.1f} s until Plex had it",
            anchor="copies shaped like Sonarr's write to the final name",
        )
    )


if __name__ == "__main__":
    trio.run(main)
