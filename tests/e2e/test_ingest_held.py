"""When bytes may move: not while a film plays, not while paused, not without room; and all of it outlives a restart."""

import os
import signal
from pathlib import Path
from typing import Any

from segue.demo.media_files import make
from tests.e2e import ingest_points as points
from tests.e2e.library import Library, cmdline, family, library, sha256, side_by_side

ALIEN = "Alien.1979.1080p.BluRay.x264-GRP.mkv"
ALIEN_S = 117 * 60.0


async def until_held(house: Library, because: str) -> Any:
    """Wait until transfers are held, and say why."""

    async def held() -> Any:
        found = (await house.page())["held"]
        return found if because in (found["hold"], "paused" if found["paused"] else "") else None

    return await house.until(held, f"held: {because}")


async def until_free(house: Library) -> None:
    """Wait until transfers run freely."""

    async def free() -> bool:
        found = (await house.page())["held"]
        return not found["hold"] and not found["paused"]

    await house.until(free, "free")


async def test_when_bytes_may_move(place: Path) -> None:
    """Five houses at the same time."""
    await side_by_side(
        place,
        copies_wait_while_a_film_plays,
        copies_go_slowly_while_a_film_plays,
        what_was_waiting_waits_after_a_restart,
        what_lay_there_before_is_old,
        copies_that_are_cut_off,
    )


async def copies_wait_while_a_film_plays(place: Path) -> None:
    """Somebody watches on a player that segue has nothing to do with: the copy waits, a half-done one as well."""
    async with library(place) as house:
        async with house.film_plays():
            await until_held(house, "wait")
            path = house.arrive()
            job = await house.until_job(path, lambda job: job["stage"] == "transfer")
            assert job["phase"] == "queued"
            said = await house.ctl("status", "--queue")
            assert "watch" in said, said
            assert house.in_library() == []
        await until_free(house)
        await house.until_entry("The Matrix")


async def copies_go_slowly_while_a_film_plays(place: Path) -> None:
    """With `slow` they go on at the set pace, and stop in the middle when paused; then they go on from there."""
    slow = 'while_watching = "slow"\nslow_mb_per_s = 0.5'
    async with library(place, more_ingest=slow) as house:
        async with house.film_plays():
            await until_held(house, "slow")
            path = house.arrive(size=4_000_000)
            await house.until_job(path, lambda job: 0 < job["done_bytes"] < job["total_bytes"])
            await house.ctl("ingest", "--pause")
            await until_held(house, "paused")
            assert [
                name for name in house.in_library() if not name.rpartition("/")[2].startswith(".segue-")
            ] == []
        assert await house.history() == []
        await house.ctl("ingest", "--resume")
        entry = await house.until_entry("The Matrix")
        assert sha256(house.movies / entry["files"][0]["path"]) == sha256(path)


async def what_was_waiting_waits_after_a_restart(place: Path) -> None:
    """Reviews, the queue, a pause and a stopped watcher outlive the process, however it ends."""
    async with library(place) as house:
        await house.ctl("ingest", "--pause")
        queued = house.arrive()
        unsure = house.arrive("Dune.1080p.BluRay.x264-GRP.mkv", duration_s=100 * 60.0)
        await house.until_job(queued, lambda job: job["stage"] == "transfer")
        review = await house.until_job(unsure, lambda job: job["phase"] == "reviewing")
        await house.ctl("watcher", "stop")
        await house.until_on_disk()
        await house.segued.kill()
        ignored = house.arrive(ALIEN, duration_s=ALIEN_S)
        await house.segued.start()
        page = await house.page()
        assert page["held"]["paused"]
        assert not page["watching"]
        assert [root["status"] for root in page["roots"]] == ["stopped"]
        assert [(job["path"], job["stage"]) for job in page["queue"]] == [(str(queued), "transfer")]
        assert await house.reviews() == [review]
        await house.ctl("ingest", "--resume")
        await house.until_entry("The Matrix")
        await house.ctl("review", "pick", review["job_id"], "1", "--yes", "--wait")
        assert [job["path"] for job in (await house.page())["queue"]] == []
        await house.ctl("watcher", "start")
        await house.until_entry("Alien")
        assert ignored.exists()


async def what_lay_there_before_is_old(place: Path) -> None:
    """The first start takes nothing in; `--backlog` says how much there is, asks, and then takes it in."""

    def before(house: Library) -> None:
        house.arrive()
        house.arrive(f"older/{ALIEN}", duration_s=ALIEN_S, size=300_000)

    async with library(place, before=before) as house:
        make(house.ingest / "Aliens.1986.1080p.BluRay.x264-GRP.mkv", 137 * 60.0, 200_000)
        await house.until_entry("Aliens")
        assert len(await house.history()) == 1
        backlog = await house.asked("ingest", "--backlog", "--dry-run")
        assert (backlog["files"], backlog["bytes"]) == (2, 700_000)
        assert "seconds" in backlog
        refused = await house.ctl("ingest", "--backlog", check=1)
        assert "2 old files" in refused
        assert "--yes" in refused
        await house.ctl("ingest", "--backlog", "--yes")
        await house.until_in_history(3)
        assert (await house.asked("ingest", "--backlog", "--dry-run"))["files"] == 0


async def copies_that_are_cut_off(place: Path) -> None:
    """By the end of the daemon, of the mover, or by a person: nothing half is left, and only the last ends the job."""
    async with library(place, more_ingest=points.SLOW) as house:
        async with house.film_plays():
            await points.until_slow(house)
            await by_the_movers_death_and_by_a_person(house)
            other = house.arrive(ALIEN, duration_s=ALIEN_S, size=points.SIZE)
            await points.half_copied(house, other)
            assert await house.segued.stop() == 0
        assert house.in_library() == []
        await house.segued.start()
        await house.until_entry("Alien")


async def by_the_movers_death_and_by_a_person(house: Library) -> None:
    """The first is tried again by itself, the second is not."""
    path = house.arrive(size=points.SIZE)
    await points.half_copied(house, path)
    (mover,) = [pid for pid in family(house.segued.pid) if b"files.mover" in cmdline(pid)]
    os.kill(mover, signal.SIGKILL)
    job = await house.until_job(path, lambda job: job["phase"] == "queued")
    assert "-9" in job["detail"]
    await house.until_job(path, lambda job: job["phase"] == "working")
    await points.begun(house, path)
    await house.ctl("review", "reject", job["job_id"])
    await house.until(lambda: house.in_library() == [], "nothing is left")
    page = await house.page()
    assert (page["queue"], page["recent"][0]["what"]) == ([], "rejected")
    assert path.exists()
