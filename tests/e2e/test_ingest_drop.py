"""A thousand files in forty nested folders at once: all are found, and the house answers meanwhile."""

import itertools
import shutil
from pathlib import Path
from typing import NamedTuple

import trio

from segue.demo.media_files import make
from tests.e2e.library import PATIENCE_S, Library, library

FILES, FOLDERS = 1000, 40
PER_S, AT_ONCE = 20, 5
"""How TMDb may be asked; what was sent evenly can arrive in a bunch, of so many at most."""
ASKED = 50


async def test_a_thousand_files_at_once(place: Path) -> None:
    """Half are written below folders that are made meanwhile, half are moved in whole; `status` always answers."""
    async with library(place, auto=False) as house:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, drop, house)
            seen = await looks(house)
        page = await house.page()
        (root,) = page["roots"]
        assert (root["files"], root["problems"]) == (FILES, 0)
        assert len({job["path"] for job in [*page["queue"], *await house.reviews()]}) == FILES
        assert house.segued.log_lines("error", "critical") == []
        for first, last in itertools.combinations(seen, 2):
            asked = last.asked - first.asked
            assert asked <= (last.at - first.at) * PER_S + AT_ONCE + 1, (
                "TMDb is asked 20 times a second at most"
            )


def drop(house: Library) -> None:
    """Let everything arrive."""
    one = make(house.place / "one.mkv", 3600.0, 65_536)
    heap = house.place / "heap"
    for root, numbers in ((heap, range(FILES // 2, FILES)), (house.ingest, range(FILES // 2))):
        for number in numbers:
            branch = number % (FOLDERS // 2)
            folder = root / f"branch {branch % 4}" / f"leaf {branch}" / "deep"
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(one, folder / f"Some.Film.{number:04}.1999.1080p-GRP.mkv")
    heap.rename(house.ingest / "heap")


class Look(NamedTuple):
    """What was known at a moment."""

    at: float
    files: int
    asked: int
    """Requests that TMDb had had."""


async def looks(house: Library) -> list[Look]:
    """Ask for the status again and again, until all are found and TMDb has been busy for a while."""
    seen: list[Look] = []
    with trio.fail_after(PATIENCE_S):
        while not seen or seen[-1].files < FILES or seen[-1].asked < ASKED:
            asked = len(house.tmdb.asked)
            at = trio.current_time()
            ingest = (await house.segued.api("GET", "/api/v1/status", status=200))["data"]["ingest"]
            seen.append(Look(at, ingest["queue"] + ingest["reviews"], asked))
    return seen
