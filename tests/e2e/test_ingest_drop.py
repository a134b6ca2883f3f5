"""A thousand files in forty nested folders at once: all are found, and the house answers meanwhile."""

import shutil
from pathlib import Path

import trio

from segue.demo.media_files import make
from tests.e2e.library import PATIENCE_S, Library, library

FILES, FOLDERS = 1000, 40


async def test_a_thousand_files_at_once(place: Path) -> None:
    """Half are written below folders that are made meanwhile, half are moved in whole; `status` always answers."""
    async with library(place, auto=False) as house:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, drop, house)
            seen = await counts(house)
        assert len(seen) > 2, seen
        assert seen[-1] == FILES
        page = await house.page()
        (root,) = page["roots"]
        assert (root["files"], root["problems"]) == (FILES, 0)
        assert len({job["path"] for job in [*page["queue"], *await house.reviews()]}) == FILES
        assert house.segued.log_lines("error", "critical") == []


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


async def counts(house: Library) -> list[int]:
    """Ask for the status again and again until all are found; gives how many were known each time."""
    seen: list[int] = []
    with trio.fail_after(PATIENCE_S):
        while not seen or seen[-1] < FILES:
            ingest = (await house.segued.api("GET", "/api/v1/status", status=200))["data"]["ingest"]
            seen.append(ingest["queue"] + ingest["reviews"])
    return seen
