"""What is not sure enough waits for a person, who decides with `seguectl`; and what only looks changes nothing."""

import os
from pathlib import Path
from typing import Any

import trio

from segue.demo.media_files import make
from tests.e2e.library import MATRIX, MATRIX_S, Library, library, side_by_side, snapshot

DUNE = "Dune.1080p.BluRay.x264-GRP.mkv"
"""Two films have that title, and the name has no year."""
NOTHING = "video_0001.mkv"
HARBOUR = "Harbour.Lights.S01.720p.HDTV.x264-GRP"


async def test_looking_deciding_renaming(place: Path) -> None:
    """Three houses at the same time."""
    await side_by_side(
        place,
        a_person_decides,
        what_only_looks_changes_nothing,
        files_get_names_where_they_lie_and_get_them_back,
    )


async def a_person_decides(place: Path) -> None:
    """Nothing goes in by itself; each word of `seguectl review` does what it says, and asks before it does."""
    async with library(place, auto=False) as house:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(the_first_candidate_is_right, house)
            nursery.start_soon(another_candidate_is_right, house)
            nursery.start_soon(none_of_them_is_right, house)
            nursery.start_soon(it_stays_where_it_is, house)
            nursery.start_soon(a_whole_folder_is_right, house)
            nursery.start_soon(the_numbers_are_wrong, house)
        assert await house.reviews() == []
        assert {entry["decided_by"] for entry in await house.history()} == {f"uid:{os.getuid()}"}


async def waiting(house: Library, path: Path) -> Any:
    """Wait until a file waits for a person; gives its job."""
    return await house.until_job(path, lambda job: job["phase"] == "reviewing")


async def the_first_candidate_is_right(house: Library) -> None:
    """`approve` takes it; without `--yes` and without a terminal nothing is done."""
    job = await waiting(house, house.arrive())
    assert [reason["code"] for reason in job["reasons"]] == ["auto_off"]
    assert "The Matrix" in await house.ctl("review", "show", job["job_id"])
    refused = await house.ctl("review", "approve", job["job_id"], check=1)
    assert "--yes" in refused
    assert await waiting(house, Path(job["path"])) == job
    await house.ctl("review", "approve", job["job_id"], "--yes", "--wait")
    entry = await house.until_entry("The Matrix")
    assert entry["record_id"] == job["job_id"]


async def another_candidate_is_right(house: Library) -> None:
    """`pick` takes the one with that number."""
    job = await waiting(house, house.arrive(DUNE, duration_s=100 * 60.0))
    codes = {reason["code"] for reason in job["reasons"]}
    assert codes & {"rival", "no_witness"}, job["reasons"]
    assert {c["year"] for c in job["candidates"]} == {1984, 2021}
    place = next(c["place"] for c in job["candidates"] if c["year"] == 1984)
    await house.ctl("review", "pick", job["job_id"], str(place), "--yes", "--wait")
    entry = await house.until_entry("Dune")
    assert entry["year"] == 1984


async def none_of_them_is_right(house: Library) -> None:
    """`id` takes the film with that number at TMDb; a name that says nothing comes this far and no further."""
    job = await waiting(house, house.arrive(NOTHING, duration_s=103 * 60.0))
    assert job["reasons"], job
    assert all(reason["text"] and reason["hint"] for reason in job["reasons"])
    said = await house.ctl("review", "id", job["job_id"], "--tmdb", "900001", "--film", "--yes", "--wait")
    assert "Keeper's Clock" in said
    entry = await house.until_entry("The Lighthouse Keeper's Clock")
    assert entry["files"][0]["path"].endswith("(2017)/The Lighthouse Keeper's Clock (2017).mkv")


async def the_numbers_are_wrong(house: Library) -> None:
    """`id` with season and episode sets them right, and the episode gets the title of the right one."""
    path = house.arrive("Breaking.Bad.S07E99.1080p.WEB-DL-GRP.mkv", duration_s=48 * 60.0)
    job = await waiting(house, path)
    assert "episode_missing" in [reason["code"] for reason in job["reasons"]], job["reasons"]
    numbers = ("--season", "1", "--episode", "3")
    await house.ctl("review", "id", job["job_id"], "--tmdb", "1396", "--show", *numbers, "--yes", "--wait")
    entry = await house.until_entry("Breaking Bad")
    assert "S01E03 - ...And the Bag's in the River" in entry["files"][0]["path"]


async def it_stays_where_it_is(house: Library) -> None:
    """`reject` leaves the file, and it is not asked about again."""
    path = house.arrive("Paper.Harbour.720p.HDTV-GRP.mkv", duration_s=100 * 60.0)
    job = await waiting(house, path)
    await house.ctl("review", "reject", job["job_id"])
    await house.ctl("watcher", "restart")
    await house.until_watching()
    assert path.exists()
    page = await house.page()
    assert str(path) not in [job["path"] for job in (*page["queue"], *await house.reviews())]


async def a_whole_folder_is_right(house: Library) -> None:
    """`approve` takes a path for all that waits below it."""
    for number in range(1, 5):
        house.arrive(f"{HARBOUR}/Harbour.Lights.S01E0{number}.720p.HDTV.x264-GRP.mkv", duration_s=45 * 60.0)

    async def all_wait() -> bool:
        return sum(HARBOUR in job["path"] for job in await house.reviews()) == 4

    await house.until(all_wait, "four episodes in review")
    await house.ctl("review", "approve", str(house.ingest / HARBOUR), "--yes")
    entries = await house.until_entries("Harbour Lights", 4)
    assert sorted(entry["episodes"] for entry in entries) == [[1], [2], [3], [4]]


async def what_only_looks_changes_nothing(place: Path) -> None:
    """`identify`, `plan`, `--dry-run` and `--preview` leave every file, time and entry; then `--auto` takes it in."""
    async with library(place, auto=False) as house:
        outside = house.place / "downloads"
        film = make(outside / MATRIX, MATRIX_S, 300_000)
        make(outside / NOTHING, 5400.0, 200_000)
        house.beside(film, ".en.srt")
        before = snapshot(house.media, outside)
        for words in (
            ("identify", str(film)),
            ("identify", "--batch", str(outside)),
            ("plan", str(outside)),
            ("plan", str(outside), "--threshold", "0.5"),
            ("plan", str(outside), "--rename"),
            ("ingest", str(outside), "--auto", "--dry-run"),
            ("rename", str(outside), "--preview"),
            ("rename", str(outside), "--dry-run"),
            ("ingest", "--backlog", "--dry-run"),
        ):
            await house.ctl(*words)
        planned = await house.asked("plan", str(film))
        assert snapshot(house.media, outside) == before
        assert await house.history() == []
        assert (await house.page())["queue"] == []

        await house.ctl("ingest", str(outside), "--auto", "--yes", "--wait")
        (entry,) = await house.history()
        destinations = [f["destination"] for f in planned["files"][0]["plan"]["files"]]
        assert [f"{f['root']}/{f['path']}" for f in entry["files"]] == destinations, "as the plan said"
        assert [Path(job["path"]).name for job in await house.reviews()] == [NOTHING]
        assert film.exists()


async def files_get_names_where_they_lie_and_get_them_back(place: Path) -> None:
    """`rename --execute` renames, with what lies beside; `undo` gives the old names back, byte for byte."""
    async with library(place) as house:
        folder = house.place / "downloads"
        film = make(folder / "the.matrix.1999.mkv", MATRIX_S, 300_000)
        house.beside(film, ".en.srt")
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        await house.ctl("rename", str(folder), "--execute", "--yes", "--wait")
        assert sorted(p.name for p in folder.iterdir()) == [
            "The Matrix (1999).en.srt",
            "The Matrix (1999).mkv",
        ]
        (entry,) = await house.history()
        assert entry["kind"] == "rename"
        await house.ctl("undo", entry["record_id"], "--yes", "--wait")
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        assert (await house.history())[0]["undone_at"] is not None
