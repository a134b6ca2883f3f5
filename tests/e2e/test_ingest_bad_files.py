"""Files, folders and disks that are not as they should be: each ends in a clear state with a reason and a next step."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import trio

from segue.demo.media_files import make
from tests.e2e import ingest_points as points
from tests.e2e.library import Library, library, sha256, side_by_side

POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")
"""What makes the superuser heed the rights of files."""


def film(title: str, year: int) -> str:
    """Name a release."""
    return f"{title}.{year}.1080p.BluRay.x264-GRP.mkv"


def heed_rights(house: Library) -> None:
    """Run the daemon so that rights of files bind it, whoever runs the tests."""
    if os.geteuid() == 0:
        house.segued.under = POWERLESS


async def waits_because(house: Library, path: Path, code: str) -> Any:
    """Wait until a file waits for a person for that reason, with a text and a next step."""
    job = await house.until_job(path, lambda job: job["phase"] == "reviewing")
    (reason,) = job["reasons"]
    assert reason["code"] == code, reason
    assert reason["text"], reason
    assert reason["hint"], reason
    return job


async def until_root(house: Library, wanted: Callable[[Any], object]) -> Any:
    """Wait until the watched root is as wanted."""

    async def found() -> Any:
        (root,) = (await house.page())["roots"]
        return root if wanted(root) else None

    return await house.until(found, "the root")


async def test_what_is_bad_ends_in_a_clear_state(place: Path) -> None:
    """Two houses at the same time."""
    await side_by_side(place, bad_files, sources_that_change_while_they_are_copied)


async def bad_files(place: Path) -> None:
    """One daemon, everything at once: what is bad waits, or is left, with its reason; the rest goes in."""
    stories: tuple[Callable[[Library], Awaitable[None]], ...] = (
        vanishes_while_it_settles,
        cannot_be_read,
        links_in_a_ring,
        destination_with_other_content,
        library_folder_that_leads_away,
        library_that_cannot_be_written,
        half_a_file,
    )

    def before(house: Library) -> None:
        heed_rights(house)

    async with library(place, before=before) as house:
        await folder_that_cannot_be_read(house)
        async with trio.open_nursery() as nursery:
            for story in stories:
                nursery.start_soon(story, house)
        await name_that_is_no_text(house)
        assert points.partials(house) == []
        assert house.segued.log_lines("critical") == []


async def vanishes_while_it_settles(house: Library) -> None:
    """It is let go."""
    path = house.arrive(film("Dune", 1984), duration_s=137 * 60.0)
    await house.until_job(path, lambda job: job["phase"] == "settling")
    path.unlink()

    async def let_go() -> bool:
        page = await house.page()
        return str(path) not in [job["path"] for job in (*page["queue"], *await house.reviews())]

    await house.until(let_go, "let go")
    assert not [entry for entry in await house.history() if entry["title"] == "Dune"]


async def cannot_be_read(house: Library) -> None:
    """Its rights are named; with others it goes in."""
    path = house.arrive(film("The.Matrix", 1999), duration_s=136 * 60.0)
    path.chmod(0)
    job = await waits_because(house, path, "unreadable")
    path.chmod(0o644)
    await house.ctl("review", "retry", job["job_id"])
    await house.until_entry("The Matrix")


async def folder_that_cannot_be_read(house: Library) -> None:
    """A look at everything names it as the root's problem; once it can be read, what is in it is found."""
    hidden = house.place / "hidden"
    make(hidden / film("Aliens", 1986), 137 * 60.0, 200_000)
    hidden.chmod(0)
    there = hidden.rename(house.ingest / "hidden")
    await house.ctl("watcher", "restart")
    root = await until_root(house, lambda root: root["problems"] == 1)
    assert str(there) in root["detail"]
    there.chmod(0o755)
    await house.until_entry("Aliens")


async def links_in_a_ring(house: Library) -> None:
    """A ring of links ends nowhere, and a link into the folder is no second file."""
    ring = house.ingest / "ring"
    ring.mkdir()
    (ring / "itself").symlink_to(ring)
    (ring / "one.mkv").symlink_to(ring / "two.mkv")
    (ring / "two.mkv").symlink_to(ring / "one.mkv")
    path = house.arrive(f"ring/{film('Se7en', 1995)}", duration_s=127 * 60.0)
    (ring / film("Seven.Again", 1995)).symlink_to(path)
    await house.until_entry("Se7en")
    page = await house.page()
    assert not [job for job in (*page["queue"], *await house.reviews()) if "/ring/" in job["path"]]


async def name_that_is_no_text(house: Library) -> None:
    """It is named as a problem, and not touched."""
    path = house.ingest / os.fsdecode(b"Film.\xff\xfe.1999.mkv")
    path.write_bytes(b"x")
    await house.ctl("watcher", "restart")
    root = await until_root(house, lambda root: r"\xff" in root["detail"].lower())
    assert root["status"] in ("watching", "polling")
    assert path.read_bytes() == b"x"


async def destination_with_other_content(house: Library) -> None:
    """Plex does not know what has the name: it is not overwritten; `--replace` puts it into the recycle folder."""
    there = house.movies / "Alien (1979)" / "Alien (1979) - 1080p BluRay.mkv"
    make(there, 117 * 60.0, 123_456)
    old = sha256(there)
    path = house.arrive(film("Alien", 1979), duration_s=117 * 60.0)
    job = await waits_because(house, path, "destination_exists")
    assert sha256(there) == old
    await house.ctl("review", "approve", job["job_id"], "--replace", "--yes", "--wait")
    assert sha256(there) == sha256(path)
    kept = [p for p in (house.movies / ".segue-recycle").rglob("*.mkv") if "Alien" in p.name]
    assert [sha256(p) for p in kept] == [old]


async def library_folder_that_leads_away(house: Library) -> None:
    """A link out of the library is not followed."""
    outside = house.place / "outside"
    outside.mkdir()
    (house.movies / "2012 (2009)").symlink_to(outside)
    path = house.arrive(film("2012", 2009), duration_s=158 * 60.0)
    await waits_because(house, path, "escapes")
    assert list(outside.iterdir()) == []


async def library_that_cannot_be_written(house: Library) -> None:
    """Whose folder it is, is named; with other rights it goes in."""
    house.shows.chmod(0o555)
    path = house.arrive("Harbour.Lights.S01E01.720p.HDTV-GRP.mkv", duration_s=45 * 60.0)
    job = await waits_because(house, path, "permission")
    house.shows.chmod(0o755)
    await house.ctl("review", "retry", job["job_id"])
    await house.until_entry("Harbour Lights")


async def half_a_file(house: Library) -> None:
    """Quiet is not enough: its structure says that something lacks. When the rest has come, it goes in."""
    whole = make(house.place / "whole.mkv", 155 * 60.0, 400_000).read_bytes()
    path = house.ingest / film("Dune", 2021)
    path.write_bytes(whole[:250_000])
    await house.until_job(path, lambda job: job["phase"] == "settling" and "quiet" not in job["detail"])
    with path.open("ab") as file:
        file.write(whole[250_000:])
    entry = await house.until_entry("Dune")
    assert sha256(house.movies / entry["files"][0]["path"]) == sha256(path)


async def sources_that_change_while_they_are_copied(place: Path) -> None:
    """One vanishes, one is written anew, one loses its subtitle: nothing half is left, and nothing is lost."""
    async with library(place, more_ingest=points.SLOW) as house:
        async with house.film_plays():
            await points.until_slow(house)
            gone = house.arrive(film("Alien", 1979), duration_s=117 * 60.0, size=points.SIZE)
            await points.half_copied(house, gone)
            gone.unlink()
            await house.until_recent("vanished")
            assert house.in_library() == []

            grows = house.arrive(film("Aliens", 1986), duration_s=137 * 60.0, size=points.SIZE)
            await points.half_copied(house, grows)
            make(grows, 137 * 60.0, points.SIZE + 500_000)
        entry = await house.until_entry("Aliens")
        assert sha256(house.movies / entry["files"][0]["path"]) == sha256(grows)

        await house.ctl("ingest", "--pause")
        loses = house.arrive(f"The.Matrix/{film('The.Matrix', 1999)}", duration_s=136 * 60.0)
        subtitle = house.beside(loses, ".en.srt")
        await points.queued(house, loses)
        subtitle.unlink()
        await house.ctl("ingest", "--resume")
        entry = await house.until_entry("The Matrix")
        assert [f["kind"] for f in entry["files"]] == ["video"]
        assert points.partials(house) == []
