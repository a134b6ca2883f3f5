"""The state directory goes wrong: a damaged file, a slice nobody can read, a disk without room."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
import trio

from tests.e2e.house import BASE, ROOM, daemon, house, levels_sent, receiver, until
from tests.helpers.rig import Segued, running, spawned

MOUNT = 'dir="$1" && shift && mount -t tmpfs -o size=2m tmpfs "$dir" && exec "$@"'


async def health(segued: Segued) -> list[str]:
    """Give the codes of what is wrong at present."""
    status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
    return [item["code"] for item in status["health"]]


async def until_health(segued: Segued, codes: list[str]) -> None:
    """Wait until just these things are wrong."""
    found: list[str] = []
    with trio.move_on_after(20):
        while (found := await health(segued)) != codes:
            await trio.sleep(0.05)
        return
    raise AssertionError(f"{found} and not {codes}\n{segued.log()[-3000:]}")


@pytest.mark.parametrize("damage", ["zeros", "garbage", "torn", "empty"])
async def test_a_damaged_database_is_moved_aside(place: Path, damage: str) -> None:
    """The daemon starts without it, says so with the new name, learns the level anew, and works."""
    async with house(place) as (speaker, segued):
        await segued.stop()
        file = segued.state_dir / "segue.db"
        whole = file.read_bytes()
        file.write_bytes(
            {
                "zeros": bytes(len(whole)),
                "garbage": os.urandom(len(whole)),
                "torn": whole[: len(whole) // 2 - 700],
                "empty": b"",
            }[damage]
        )
        before = len(segued.log_lines())
        await segued.start()
        room = await segued.until(lambda room: room["available"])
        assert (room["level"], room["base_level"]) == (BASE, BASE)
        lines = segued.log_lines()[before:]
        if damage != "empty":  # an empty file is a new database
            aside = [path.name for path in segued.state_dir.iterdir() if "segue.db." in path.name]
            aside = [name for name in aside if not name.endswith(("-wal", "-shm", "-journal"))]
            assert len(aside) == 1
            assert any(aside[0] in line for line in lines)
        assert not any("Traceback" in line for line in lines)
        await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 20}, status=202)
        await until(speaker, lambda s: s.level() == 20)
        assert (await segued.api("GET", "/api/v1/why", status=200))["data"]["acts"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE durable SET json = '{\"rooms\": 7}' WHERE domain = 'music'",
        "UPDATE durable SET version = 999 WHERE domain = 'music'",
    ],
    ids=["unreadable", "of a later version"],
)
async def test_a_slice_that_nobody_can_read_is_set_aside(place: Path, change: str) -> None:
    """SEG-304 and a line name the domain; what was kept is still in the file; the daemon works."""
    async with house(place) as (speaker, segued):
        await segued.stop()
        with closing(sqlite3.connect(segued.state_dir / "segue.db")) as db, db:
            assert db.execute(change).rowcount >= 1
        await segued.start()
        assert await health(segued) == ["SEG-304"]
        assert any("set aside" in line and "music" in line for line in segued.log_lines("error"))
        assert (await segued.until(lambda room: room["available"]))["base_level"] == BASE
        await segued.stop()
        with closing(sqlite3.connect(segued.state_dir / "segue.db")) as db:
            assert db.execute("SELECT count(*) FROM set_aside WHERE domain = 'music'").fetchone() == (1,)
        await segued.start()
        assert await health(segued) == []
        await segued.until(lambda room: room["available"])
        await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 20}, status=202)
        await until(speaker, lambda s: s.level() == 20)


def small_disk(place: Path) -> Sequence[str]:
    """Give the command that runs another one with 2 MB for its state; skip where the kernel lets nobody mount."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare (apt-get install util-linux)")
    for command in ([unshare, "-m"], [unshare, "-r", "-m"]):
        probe = subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
        if probe.returncode == 0:
            return [*command, "sh", "-c", MOUNT, "sh", str(place / "state")]
    pytest.skip("needs the right to mount a tmpfs in a namespace of its own")


def fill(directory: Path) -> Path:
    """Leave no room on a disk; gives the file to remove."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return ballast
    raise AssertionError("a disk without an end")


async def test_a_full_disk_means_sound_without_fades(place: Path) -> None:
    """SEG-301 while there is no room: levels are set at once. Fades are back with the room, and nothing is lost."""
    (place / "state").mkdir()
    async with receiver() as speaker:
        segued = daemon(place, speaker)
        segued.under = small_disk(place)
        async with running(segued):
            await segued.until(lambda room: room["available"])
            inside = Path(f"/proc/{segued.pid}/root{segued.state_dir}")
            ballast = fill(inside)
            with trio.fail_after(20):
                while await health(segued) != ["SEG-301"]:
                    await segued.ctl("mute", "living")
            sent = len(levels_sent(speaker))
            await segued.api(
                "POST", "/api/v1/rooms/living/fade", {"to_level": 20, "duration_s": 1}, status=202
            )
            await until(speaker, lambda s: s.level() == 20)
            assert levels_sent(speaker)[sent:] == [20]
            await segued.ctl("pause", "living")
            await until(speaker, lambda s: s.player().state == "pause")
            assert levels_sent(speaker)[sent:] == [20]
            status = (await segued.api("GET", "/api/v1/status", status=200))["data"]
            assert status["journal"]["state"] == "failed"
            ballast.unlink()
            with trio.fail_after(40):
                while await health(segued):
                    await segued.ctl("mute", "living")
            sent = len(levels_sent(speaker))
            await segued.api(
                "POST", "/api/v1/rooms/living/fade", {"to_level": 40, "duration_s": 0.5}, status=202
            )
            await until(speaker, lambda s: s.level() == BASE)
            assert len(levels_sent(speaker)[sent:]) > 3
            assert segued.log_lines("critical") == []
            assert sum("The journal is failed" in line for line in segued.log_lines("warning")) == 1
            assert await segued.stop() == 0


async def test_a_start_on_a_full_disk_is_a_clear_error(place: Path) -> None:
    """Without room for a database there is no memory: it says so, names the directory, and ends."""
    (place / "state").mkdir()
    segued = Segued(place, "")
    segued.under = [*small_disk(place)[:-3], MOUNT.replace("exec", FILL), "sh", str(segued.state_dir)]
    async with spawned(segued):
        assert await segued.ended() == 1
        assert str(segued.state_dir) in segued.log()
        assert "Traceback" not in segued.log()


FILL = 'dd if=/dev/zero of="$dir/ballast" bs=4096 2>/dev/null; exec'


async def test_a_state_directory_that_vanishes_is_survived(place: Path) -> None:
    """Somebody removes the directory under a running daemon: the house goes on, the status tells or nothing is lost."""
    async with house(place, config=ROOM) as (speaker, segued):
        shutil.rmtree(segued.state_dir)
        await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 20}, status=202)
        await until(speaker, lambda s: s.level() == 20)
        await segued.ctl("pause", "living")
        await until(speaker, lambda s: s.player().state == "pause" and s.level() == 20)
        assert await segued.stop() == 0
        await segued.start()
        assert (await segued.until(lambda room: room["available"]))["base_level"] == 20
