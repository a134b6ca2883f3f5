"""Ten points of an ingest at which a daemon can be killed: each is seen from outside, and none is waited out.

A point is a state of the house: a job of the API, a request that TMDb or Plex got and does not answer, a file in the
library. So a kill comes at that point on every machine, however fast.
"""

import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import trio

from tests.e2e.library import PATIENCE_S, Library, library

SLOW = 'while_watching = "slow"\nslow_mb_per_s = 1'
"""A film plays all the while, so copies are slow enough to be met half-way."""
SIZE = 4_000_000


@asynccontextmanager
async def slow_house(place: Path) -> AsyncIterator[Library]:
    """Open a house in which copies take a while."""
    async with library(place, more_ingest=SLOW) as house, house.film_plays():
        await until_slow(house)
        yield house


async def until_slow(house: Library) -> None:
    """Wait until the daemon knows that a film plays."""

    async def slow() -> bool:
        return bool((await house.page())["held"]["hold"] == "slow")

    await house.until(slow, "slow")


# ------------------------------------------------------------------ what makes a point last


def nothing_lasts(house: Library) -> None:
    """Let everybody outside answer again."""
    house.tmdb.faults.slow_s = 0.0
    house.plex.faults.hang = False


def tmdb_is_silent(house: Library) -> None:
    """Let TMDb take requests and not answer."""
    house.tmdb.faults.slow_s = 600.0


def plex_is_silent(house: Library) -> None:
    """Let Plex take requests about its library and not answer; counts them from now on."""
    house.plex.requests.clear()
    house.plex.faults.hang, house.plex.faults.hit = True, ("/library/",)


def plex_is_silent_on_scans(house: Library) -> None:
    """Let Plex take orders to scan and not answer; counts them from now on."""
    house.plex.requests.clear()
    scans = tuple(f"/library/sections/{key}/refresh" for key in house.plex.library.sections)
    house.plex.faults.hang, house.plex.faults.hit = True, scans


def asked_of_plex(house: Library, ending: str) -> bool:
    """Tell whether Plex was asked something about its library."""
    return any(path.startswith("/library/") and path.endswith(ending) for _, _, path in house.plex.requests)


async def resume_slowly(house: Library) -> None:
    """Let bytes move, slowly."""
    await until_slow(house)
    await house.ctl("ingest", "--resume")


# ------------------------------------------------------------------ the points


async def found(house: Library, path: Path) -> None:
    """The file has turned up and has to be quiet."""
    await house.until_job(path, lambda job: job["phase"] in ("settling", "probing"))


async def identified(house: Library, path: Path) -> None:
    """TMDb is being asked."""
    await house.until_job(path, lambda job: (job["phase"], job["stage"]) == ("working", "identify"))
    await house.until(lambda: house.tmdb.asked, "TMDb asked")


async def located(house: Library, path: Path) -> None:
    """Plex is being asked what it has of the title."""
    await until_there(house, lambda: asked_of_plex(house, ""))


async def queued(house: Library, path: Path) -> None:
    """Everything is planned, and waits for its turn."""
    await house.until_job(path, lambda job: (job["phase"], job["stage"]) == ("queued", "transfer"))
    await house.until_on_disk()


async def begun(house: Library, path: Path) -> None:
    """A partial file is there."""
    await until_there(house, lambda: partials(house))


async def half_copied(house: Library, path: Path) -> None:
    """Some of the bytes are there."""
    await house.until_job(path, lambda job: 0 < job["done_bytes"] < job["total_bytes"])


async def published(house: Library, path: Path) -> None:
    """The film has its final name; the history has yet to be written."""
    await until_there(house, lambda: films(house, path))


async def recorded(house: Library, path: Path) -> None:
    """The history has its row; Plex has yet to be told."""
    await house.until_in_history(len(films_of_all(house)))


async def told(house: Library, path: Path) -> None:
    """Plex is being told of the folder."""
    await until_there(house, lambda: asked_of_plex(house, "/refresh"))


async def until_there(house: Library, there: Callable[[], object]) -> None:
    """Wait for something outside the daemon, looking as often as can be."""
    with trio.move_on_after(PATIENCE_S):
        while not there():
            await trio.sleep(0.001)
        return
    raise AssertionError(f"not within {PATIENCE_S} s; {house.in_library()}; {await house.page()}")


def partials(house: Library) -> list[Path]:
    """List the partial files."""
    return list(house.movies.rglob(".segue-*.partial"))


def films(house: Library, source: Path) -> list[Path]:
    """List the final files that have the size of a source."""
    size = source.stat().st_size
    return [p for p in films_of_all(house) if p.stat().st_size == size]


def films_of_all(house: Library) -> list[Path]:
    """List the final files of all films."""
    return [p for p in house.movies.rglob("*.mkv") if not p.name.startswith(".")]


# ------------------------------------------------------------------ what is there after a kill


class Row(NamedTuple):
    """A row of the history."""

    record_id: str
    title: str


def rows(house: Library) -> list[Row]:
    """Read the history by other means than the daemon's, while no daemon runs."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            kept = house.segued.state_dir / f"library.db{suffix}"
            if kept.exists():
                Path(folder, kept.name).write_bytes(kept.read_bytes())
        db = sqlite3.connect(Path(folder, "library.db"))
        try:
            return [Row(*row) for row in db.execute("SELECT record_id, title FROM history")]
        finally:
            db.close()
