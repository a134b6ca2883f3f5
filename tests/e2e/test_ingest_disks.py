"""Disks that are full or read-only, databases that are held or damaged, folders that go and come back."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.e2e.library import KEY, Library, library, sha256, side_by_side
from tests.e2e.test_ingest_bad_files import film, until_root, waits_because

DISKS = """
set -e
movies="$1" shows="$2"
shift 2
mount -t tmpfs -o size=3m tmpfs "$movies"
head -c 2000000 /dev/zero > "$movies/filler"
mount --bind "$shows" "$shows"
mount -o remount,bind,ro "$shows"
exec "$@"
"""
"""Gives a command a full disk for films and a read-only one for shows, in a namespace of its own."""


def can_mount() -> bool:
    """Tell whether this machine lets us make a namespace with mounts of its own."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return tried.returncode == 0


async def test_disks_databases_and_settings(place: Path) -> None:
    """Six houses, each with its own misfortune."""
    disks = (a_full_disk_and_a_read_only_one,) if can_mount() else ()
    await side_by_side(
        place,
        *disks,
        a_history_that_somebody_holds,
        a_damaged_history,
        a_damaged_journal,
        a_folder_that_goes_and_comes_back,
        a_reload,
    )
    if not disks:
        pytest.skip("told without the full disk: needs a namespace with mounts of its own (unshare -rm)")


async def a_full_disk_and_a_read_only_one(place: Path) -> None:
    """The film waits with figures, and goes on when there is room; the episode says that the library is read-only."""

    def on_odd_disks(house: Library) -> None:
        house.segued.under = ("unshare", "-rm", "sh", "-c", DISKS, "sh", str(house.movies), str(house.shows))

    async with library(place, before=on_odd_disks, more_ingest="spare_gb = 0") as house:
        path = house.arrive(film("The.Matrix", 1999), duration_s=136 * 60.0, size=2_000_000)
        episode = house.arrive("Harbour.Lights.S01E01.720p.HDTV-GRP.mkv", duration_s=45 * 60.0)
        job = await house.until_job(path, lambda job: "no space" in job["detail"])
        assert job["phase"] == "queued"
        assert "2.0 MB needed" in job["detail"], job["detail"]
        assert "free" in job["detail"]
        assert "no space" in await house.ctl("status", "--queue")
        inside = Path(f"/proc/{house.segued.pid}/root{house.movies}")
        assert [p.name for p in inside.rglob("*") if p.is_file()] == ["filler"], "nothing half is left there"
        (inside / "filler").unlink()
        await house.ctl("review", "retry", job["job_id"])
        entry = await house.until_entry("The Matrix")
        assert sha256(inside / entry["files"][0]["path"]) == sha256(path)

        review = await waits_because(house, episode, "read_only")
        assert house.in_library() == []
        await house.segued.stop()
        house.segued.under = ()
        await house.segued.start()
        await house.ctl("review", "retry", review["job_id"])
        await house.until_entry("Harbour Lights")


async def a_history_that_somebody_holds(place: Path) -> None:
    """The file stays where it is, and the reason names the database; once it is let go, everything goes on."""
    async with library(place) as house:
        await house.segued.stop()
        held = sqlite3.connect(house.segued.state_dir / "library.db", isolation_level=None)
        held.execute("BEGIN EXCLUSIVE")
        await house.segued.start()
        path = house.arrive(film("The.Matrix", 1999), duration_s=136 * 60.0)
        answer = await house.segued.api("GET", "/api/v1/history/ingest", status=503)
        assert "library.db" in answer["error"]["message"]
        assert "end that program" in answer["error"]["message"]
        assert (await house.page())["history"]["entries"] is None
        held.execute("ROLLBACK")
        held.close()
        await house.until_entry("The Matrix")
        assert path.exists()


async def a_damaged_history(place: Path) -> None:
    """It is moved aside, what can be read of it is carried over, the log says so, and the work goes on."""
    async with library(place) as house:
        house.arrive(film("The.Matrix", 1999), duration_s=136 * 60.0)
        await house.until_entry("The Matrix")
        await house.segued.stop()
        damage(house.segued.state_dir / "library.db")
        await house.segued.start()
        house.arrive(film("Alien", 1979), duration_s=117 * 60.0)
        await house.until_entry("Alien")
        assert list(house.segued.state_dir.glob("library.db.aside-*"))
        (line,) = [line for line in house.segued.log_lines("warning", "error") if "library.db" in line]
        assert "moved to library.db.aside-" in line


async def a_damaged_journal(place: Path) -> None:
    """It is moved aside; what waited is forgotten and counts as old, which the log says, and `--backlog` finds it."""
    async with library(place, auto=False) as house:
        path = house.arrive(film("The.Matrix", 1999), duration_s=136 * 60.0)
        await house.until_job(path, lambda job: job["phase"] == "reviewing")
        await house.segued.stop()
        damage(house.segued.state_dir / "segue.db")
        await house.segued.start()
        await house.until_watching()
        assert list(house.segued.state_dir.glob("segue.db.aside-*"))
        assert "--backlog" in house.segued.log()
        await house.ctl("ingest", "--backlog", "--yes")
        job = await house.until_job(path, lambda job: job["phase"] == "reviewing")
        await house.ctl("review", "approve", job["job_id"], "--yes", "--wait")
        assert len(await house.history()) == 1


def damage(path: Path) -> None:
    """Overwrite the middle of a database."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(size - 200))


async def a_folder_that_goes_and_comes_back(place: Path) -> None:
    """It is missing, and said to be; what waits from it is not let go; when it is back, it is watched again."""
    async with library(place, auto=False) as house:
        path = house.arrive(film("The.Matrix", 1999), duration_s=136 * 60.0)
        await house.until_job(path, lambda job: job["phase"] == "reviewing")
        away = house.ingest.rename(house.place / "away")
        root = await until_root(house, lambda root: root["status"] == "missing")
        assert str(house.ingest) in root["detail"]
        assert len(await house.reviews()) == 1, "a disk that is away has lost no file"
        away.rename(house.ingest)
        await until_root(house, lambda root: root["status"] == "watching")
        other = house.arrive(film("Alien", 1979), duration_s=117 * 60.0)
        await house.until_job(other, lambda job: job["phase"] == "reviewing")
        assert len(await house.reviews()) == 2


async def a_reload(place: Path) -> None:
    """Another folder, another template, and `auto`: each counts from then on; a mistake changes nothing."""
    async with library(place, auto=False) as house:
        other = house.media / "other"
        other.mkdir()
        house.reconfigure(f'watch = ["{house.ingest}"]', f'watch = ["{house.ingest}", "{other}"]')
        house.reconfigure(
            "auto = false", 'auto = true\nmovie_template = "{title} ({year})/{title} of {year}"'
        )
        await house.ctl("reload")
        await house.until_watching(2)
        first = house.arrive(film("The.Matrix", 1999), duration_s=136 * 60.0)
        second = house.arrive(f"../other/{film('Alien', 1979)}", duration_s=117 * 60.0)
        entry = await house.until_entry("The Matrix")
        assert entry["files"][0]["path"] == "The Matrix (1999)/The Matrix of 1999.mkv"
        await house.until_entry("Alien")
        house.reconfigure("of {year}", "of {yaer}")
        said = await house.ctl("reload", check=1)
        assert "yaer" in said
        assert "movie_template" in said
        house.arrive(film("Aliens", 1986), duration_s=137 * 60.0)
        assert (await house.until_entry("Aliens"))["files"][0]["path"] == "Aliens (1986)/Aliens of 1986.mkv"
        assert first.exists()
        assert second.exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('movie_template = "{titel}"', ("movie_template", "titel", "title")),
        ('episode_template = "{title}/{sesaon}"', ("episode_template", "sesaon", "season")),
        ('movie_template = "{title"', ("movie_template",)),
        ('movie_template = "../{title}"', ("movie_template",)),
        ('transfer = "hardlnk"', ("transfer", "hardlnk", "hardlink")),
        ("undo_days = -1", ("undo_days", "-1", "0")),
    ],
)
async def test_a_mistake_in_the_settings_is_named(place: Path, line: str, words: tuple[str, ...]) -> None:
    """With its key, what is there, and what was probably meant; the exit code says that nothing would start."""
    async with library(place, start=False, more_ingest=line) as house:
        checked = await house.segued.run("--config", str(house.segued.config_path), "--check-config")
        said = checked.stdout + checked.stderr
        assert checked.returncode == 2, said
        assert all(word in said for word in words), said
        assert KEY not in said
