"""Ways of bringing a file over, versions of one film, and taking it all back: nothing is ever lost."""

import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import trio

from segue.demo.media_files import make
from tests.e2e.library import CONFIG, MATRIX, Library, library, sha256, side_by_side

BETTER = "The.Matrix.1999.2160p.UHD.BluRay.x265-GRP.mkv"
PLACE = "Movies/The Matrix (1999)/The Matrix (1999) - 1080p BluRay.mkv"
BETTER_PLACE = "Movies/The Matrix (1999)/The Matrix (1999) - 2160p BluRay.mkv"


def recycled(house: Library, word: str) -> list[Path]:
    """List what lies in the recycle folder of the films, and has a word in its name."""
    return sorted(p for p in (house.movies / ".segue-recycle").rglob(f"*{word}*") if p.is_file())


def media_of(house: Library, word: str = "") -> list[str]:
    """List what the library has with a word in its name, without the recycle folder."""
    return [path for path in house.in_library() if "/.segue-recycle/" not in path and word in path]


async def waiting(house: Library, path: Path) -> Any:
    """Wait until a file waits for a person; gives its job."""
    return await house.until_job(path, lambda job: job["phase"] == "reviewing")


async def until_on_plex(house: Library, title: str, count: int = 1) -> None:
    """Wait until Plex has so many files of a film."""
    await house.until(
        lambda: sum(1 for item in house.on_plex(title) for _ in item.files) >= count, f"{title} on Plex"
    )


async def test_versions_and_ways_back(place: Path, other_disk: Path) -> None:
    """Five houses at the same time."""
    await side_by_side(
        place,
        versions,
        a_hardlink_is_the_same_file,
        an_old_library_is_adopted,
        what_was_deleted_from_the_library_stays_deleted,
        partial(another_disk, other_disk),
    )


async def versions(place: Path) -> None:
    """What the library has of a film stays, or lies in the recycle folder: whatever is decided can be taken back."""
    async with library(place, more_ingest='upgrade = "replace"') as house, trio.open_nursery() as nursery:
        nursery.start_soon(a_better_version_replaces_and_is_taken_back, house)
        nursery.start_soon(another_rip_of_the_same_quality, house)


async def a_better_version_replaces_and_is_taken_back(house: Library) -> None:
    """The old file lies in the recycle folder until `undo` brings it back, the same to the last byte."""
    old = sha256(house.arrive())
    await until_on_plex(house, "The Matrix")
    new = sha256(house.arrive(BETTER, size=500_000))
    (entry, _) = await house.until_entries("The Matrix", 2)
    assert media_of(house, "Matrix") == [BETTER_PLACE]
    assert [sha256(path) for path in recycled(house, "Matrix")] == [old]
    await house.ctl("undo", entry["record_id"], "--yes", "--wait")
    assert media_of(house, "Matrix") == [PLACE]
    assert sha256(house.media / PLACE) == old
    assert [sha256(path) for path in recycled(house, "Matrix")] == [new]
    again = await house.ctl("undo", entry["record_id"], "--yes", check=1)
    assert "already" in again
    worse = house.arrive("The.Matrix.1999.720p.HDTV.x264-GRP.mkv")
    job = await waiting(house, worse)
    assert [reason["code"] for reason in job["reasons"]] == ["not_better"]
    await house.ctl("review", "approve", job["job_id"], "--keep-both", "--yes", "--wait")
    assert media_of(house, "Matrix") == [PLACE, PLACE.replace("1080p BluRay", "720p HDTV")]
    assert sha256(house.media / PLACE) == old


async def another_rip_of_the_same_quality(house: Library) -> None:
    """A person says which: beside the old one under a name of its own, or in its place; and it is taken back."""
    name, length_s = "Alien.1979.1080p.BluRay.x264-{}.mkv", 117 * 60.0
    there = house.movies / "Alien (1979)" / "Alien (1979) - 1080p BluRay.mkv"
    first = sha256(house.arrive(name.format("FIRST"), duration_s=length_s))
    await house.until_entry("Alien")
    assert not house.on_plex("Alien"), "Plex has yet to look, but the history knows"
    job = await waiting(house, house.arrive(name.format("SECOND"), duration_s=length_s, size=410_000))
    await house.ctl("review", "approve", job["job_id"], "--keep-both", "--yes", "--wait")
    assert len(media_of(house, "Alien")) == 2
    assert sha256(there) == first
    path = house.arrive(name.format("THIRD"), duration_s=length_s, size=420_000)
    job = await waiting(house, path)
    await house.ctl("review", "approve", job["job_id"], "--replace", "--yes", "--wait")
    assert sha256(there) == sha256(path)
    assert first in [sha256(p) for p in recycled(house, "Alien")]
    entry = await house.until_entry("Alien")
    await house.ctl("undo", entry["record_id"], "--yes", "--wait")
    assert sha256(there) == first


async def a_hardlink_is_the_same_file(place: Path) -> None:
    """No byte is copied; the checksum is made by the first `verify`; and a changed byte is found by the second."""
    async with library(place, more_ingest='transfer = "hardlink"') as house:
        source = house.arrive()
        house.beside(source, ".en.srt")
        entry = await house.until_entry("The Matrix")
        assert (house.media / PLACE).stat().st_ino == source.stat().st_ino
        assert [f["method"] for f in entry["files"]] == ["hardlink", "hardlink"]
        assert entry["files"][0]["sha256"] == ""
        await house.ctl("verify", "--wait")
        (entry,) = await house.history()
        assert entry["files"][0]["sha256"] == sha256(source)
        with (house.media / PLACE).open("r+b") as file:
            file.seek(200_000)
            byte = file.read(1)
            file.seek(200_000)
            file.write(bytes([byte[0] ^ 1]))
        said = await house.ctl("verify", "--wait", check=1)
        assert str(house.media / PLACE) in said
        await house.ctl("undo", entry["record_id"], "--yes", "--wait")
        assert source.exists()
        assert media_of(house) == []
        await house.ctl("ingest", str(source), "--auto", "--yes", "--wait")
        assert len(media_of(house)) == 2, "what was taken back can be taken in again"


async def another_disk(other_disk: Path, place: Path) -> None:
    """`hardlink-only` refuses and says why; `hardlink` copies and says so; `move` moves what lies beside, too."""
    config = CONFIG.replace("{media}/Movies", str(other_disk / "Movies"))
    (other_disk / "Movies").mkdir()
    async with library(place, config=config, more_ingest='transfer = "hardlink-only"') as house:
        source = house.arrive()
        subtitle = house.beside(source, ".en.srt")
        job = await waiting(house, source)
        assert [reason["code"] for reason in job["reasons"]] == ["no_hardlink"], job["reasons"]
        assert "one file system" in job["reasons"][0]["hint"]
        assert [p for p in (other_disk / "Movies").rglob("*") if p.is_file()] == []
        house.reconfigure('"hardlink-only"', '"hardlink"')
        await house.ctl("reload")
        await house.ctl("review", "approve", job["job_id"], "--yes", "--wait")
        entry = await house.until_entry("The Matrix")
        assert entry["files"][0]["method"] in ("copy", "reflink", "sendfile", "copy_file_range"), entry
        assert source.exists()
        await house.ctl("undo", entry["record_id"], "--yes", "--wait")

        house.reconfigure('"hardlink"', '"move"')
        await house.ctl("reload")
        wanted = sha256(source)
        await house.ctl("ingest", str(source), "--auto", "--yes", "--wait")
        await house.until_entries("The Matrix", 2)
        await house.until(lambda: not source.exists(), "the source is gone")
        assert not subtitle.exists()
        film = other_disk / PLACE
        assert sha256(film) == wanted
        entry = (await house.history())[0]
        await house.ctl("undo", entry["record_id"], "--yes", "--wait")
        assert sha256(source) == wanted, "what was moved goes back"
        assert subtitle.read_text() == "1\n"
        house.arrive("Alien.1979.1080p.BluRay.x264-GRP.mkv", duration_s=117 * 60.0)
        await house.until_entry("Alien")
        assert len(await house.history()) == 3, "and it is not taken in again by itself"


async def an_old_library_is_adopted(place: Path) -> None:
    """Every file is written down, none is moved; names that Plex would mistake are named; a missing file is found."""

    def fill(house: Library) -> None:
        make(house.movies / "Alien (1979)" / "Alien (1979).mkv", 7000.0, 200_000)
        make(house.movies / "Holiday.mkv", 700.0, 100_000)
        make(house.shows / "Harbour Lights" / "Season 01" / "Harbour Lights - S01E01 - The Tide.mkv", 2700.0)

    async with library(place, before=fill) as house:
        before = {path: sha256(house.media / path) for path in house.in_library()}
        said = await house.ctl("adopt", "--checksums", "--yes", "--wait", check=None)
        assert "Holiday.mkv" in said
        assert {path: sha256(house.media / path) for path in house.in_library()} == before
        entries = await house.history()
        assert {entry["kind"] for entry in entries} == {"adopt"}
        assert {f["sha256"] for entry in entries for f in entry["files"]} == set(before.values())
        await house.ctl("verify", "--wait")
        gone = house.movies / "Holiday.mkv"
        shutil.move(gone, house.place / "away.mkv")
        said = await house.ctl("verify", "--wait", check=1)
        assert str(gone) in said
        refused = await house.ctl("undo", entries[0]["record_id"], "--yes", check=1)
        assert "nothing to undo" in refused


async def what_was_deleted_from_the_library_stays_deleted(place: Path) -> None:
    """Its source still lies in the ingest folder: neither a look nor a restart brings it back, and a rename asks."""
    async with library(place) as house:
        source = house.arrive()
        await house.until_entry("The Matrix")
        (house.media / PLACE).unlink()
        await house.ctl("watcher", "restart")
        await house.until_watching()
        await house.segued.stop()
        await house.segued.start()
        await house.until_watching()
        other = house.arrive("Alien.1979.1080p.BluRay.x264-GRP.mkv", duration_s=117 * 60.0)
        await house.until_entry("Alien")
        assert len(await house.history()) == 2
        assert not (house.media / PLACE).exists()
        moved = house.ingest / "again" / MATRIX
        moved.parent.mkdir()
        shutil.copy2(source, moved)
        os.utime(moved)
        job = await waiting(house, moved)
        assert [reason["code"] for reason in job["reasons"]] == ["ingested_before"]
        assert other.exists()
