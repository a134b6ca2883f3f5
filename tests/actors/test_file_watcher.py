"""What arrives below a watched root is told to the core once, and again when it is not what it was."""

import shutil
from pathlib import Path

import pytest
import trio

from segue.actors import file_watcher
from segue.actors.file_watcher import FILES_AT_ONCE
from segue.adapters import tree
from segue.adapters.tree import Names, Scan, TreeError
from segue.core.ingest.actions import BaselineTaken, RootChanged, SourcesFound, SourcesGone
from segue.core.system.actions import ActorFailed
from segue.core.vocabulary import ActionBase
from segue.runtime.supervisor import keep
from tests.actors.watcher_desk import Catalogue, Desk, at_work, put, until

# ------------------------------------------------------------------ what arrives


async def test_a_file_is_told_once_with_what_stat_says(tmp_path: Path) -> None:
    async with at_work(None, tmp_path) as desk:
        place = put(tmp_path / "Show" / "e1.mkv")
        await desk.sees(tmp_path, "Show/e1.mkv")
        file, about = desk.heard(SourcesFound)[0].files[0], place.stat()
        assert (file.path, file.size, file.mtime_ns, file.inode, file.device) == (
            str(place),
            4,
            about.st_mtime_ns,
            about.st_ino,
            about.st_dev,
        )
        desk.look(tmp_path)
        put(tmp_path / "e2.mkv")
        await desk.sees(tmp_path, "e2.mkv")
        assert desk.found(tmp_path) == ["Show/e1.mkv", "e2.mkv"]


async def test_a_file_that_changes_is_told_again(tmp_path: Path) -> None:
    put(tmp_path / "f.mkv")
    async with at_work(None, tmp_path) as desk:
        await desk.sees(tmp_path, "f.mkv")
        put(tmp_path / "f.mkv", b"more of it")
        await until(lambda: len(desk.found(tmp_path)) == 2)
        assert [a.files[0].size for a in desk.heard(SourcesFound)] == [4, 10]


async def test_a_thousand_files_come_in_few_actions(tmp_path: Path) -> None:
    for n in range(1000):
        put(tmp_path / f"{n % 30}" / f"{n}.mkv")
    async with at_work(None, tmp_path) as desk:
        await until(lambda: len(desk.found(tmp_path)) == 1000)
        assert len(set(desk.found(tmp_path))) == 1000
        assert max(len(a.files) for a in desk.heard(SourcesFound)) == FILES_AT_ONCE
        assert desk.catalogue.asked == 1


async def test_a_file_that_goes_is_told_and_told_anew_when_it_is_back(tmp_path: Path) -> None:
    place = put(tmp_path / "a" / "f.mkv")
    async with at_work(None, tmp_path) as desk:
        await desk.sees(tmp_path, "a/f.mkv")
        place.rename(tmp_path / "a" / "g.mkv")
        await until(lambda: bool(desk.heard(SourcesGone)))
        assert desk.heard(SourcesGone) == [SourcesGone(str(tmp_path), (str(place),))]
        (tmp_path / "a" / "g.mkv").rename(place)
        await until(lambda: desk.found(tmp_path) == ["a/f.mkv", "a/g.mkv", "a/f.mkv"])


async def test_a_folder_that_is_moved_out_takes_its_files_along(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root / "Show" / "S1" / "e1.mkv")
    put(root / "Show" / "S2" / "e2.mkv")
    put(root / "Show 2" / "e3.mkv")
    async with at_work(None, root) as desk:
        await desk.sees(root, "Show 2/e3.mkv")
        (root / "Show").rename(tmp_path / "Show")
        await until(lambda: bool(desk.heard(SourcesGone)))
        gone = [path for action in desk.heard(SourcesGone) for path in action.paths]
        assert sorted(gone) == [f"{root}/Show/S1/e1.mkv", f"{root}/Show/S2/e2.mkv"]


async def test_samples_and_unfinished_files_are_left_and_counted(tmp_path: Path) -> None:
    put(tmp_path / "F" / "film.mkv")
    put(tmp_path / "F" / "sample" / "film.mkv")
    put(tmp_path / "F" / "next.mkv.part")
    put(tmp_path / "F" / "film.nfo")
    put(tmp_path / "_UNPACK_G" / "g.mkv")
    async with at_work(None, tmp_path) as desk:
        await until(lambda: desk.standing().files > 0)
        assert desk.found(tmp_path) == ["F/film.mkv"]
        standing = desk.standing()
        assert (standing.status, standing.files, standing.bytes, standing.left) == ("watching", 1, 4, 3)


async def test_problems_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root / "f.mkv")
    (root / "out").symlink_to(tmp_path)
    async with at_work(None, root) as desk:
        await until(lambda: desk.standing().files > 0)
        assert desk.standing().problems == 1
        assert desk.standing().detail == f"{root}/out is a link that leads out of {root}; not followed"


async def test_figures_keep_up_with_what_arrives_and_goes(tmp_path: Path) -> None:
    put(tmp_path / "old.mkv")
    async with at_work(None, tmp_path) as desk:
        await until(lambda: desk.standing().files == 1)
        put(tmp_path / "a" / "new.mkv", b"123456")
        await until(lambda: (desk.standing().files, desk.standing().bytes) == (2, 10))
        put(tmp_path / "a" / "new.mkv", b"1234567890")
        await until(lambda: (desk.standing().files, desk.standing().bytes) == (2, 14))
        (tmp_path / "a" / "new.mkv").unlink()
        await until(lambda: (desk.standing().files, desk.standing().bytes) == (1, 4))


async def test_nothing_is_told_where_nothing_changed(tmp_path: Path) -> None:
    put(tmp_path / "f.mkv")
    async with at_work(None, tmp_path) as desk:
        await until(lambda: desk.standing().files == 1)
        before = len(desk.journal.entries)
        asked = desk.catalogue.asked
        for _ in range(3):
            desk.look(tmp_path)
            await trio.sleep(0.1)
        assert len(desk.journal.entries) == before
        assert desk.catalogue.asked == asked  # nor is the catalogue asked


# ------------------------------------------------------------------ what is dealt with


async def test_at_the_first_time_what_is_there_is_written_down_as_old(tmp_path: Path) -> None:
    old = put(tmp_path / "old.mkv")
    desk = Desk()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.watcher.run)
        desk.watch(tmp_path, baseline=True)
        await until(lambda: bool(desk.heard(BaselineTaken)))
        assert desk.heard(BaselineTaken) == [BaselineTaken("1.0", str(tmp_path), 1, 4)]
        assert desk.catalogue.statuses(tmp_path) == {"old.mkv": "baseline"}
        put(tmp_path / "new.mkv")
        await desk.sees(tmp_path, "new.mkv")
        assert desk.found(tmp_path) == ["new.mkv"]
        put(old, b"it was not old: it still grows")
        await desk.sees(tmp_path, "old.mkv")
        nursery.cancel_scope.cancel()


async def test_a_root_that_is_missing_at_the_first_time_gets_its_baseline_when_it_comes(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    put(tmp_path / "away" / "old.mkv")
    desk = Desk()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.watcher.run)
        desk.watch(root, baseline=True)
        await until(lambda: bool(desk.heard(RootChanged)) and desk.standing().status == "missing")
        assert "No such file" in desk.standing().detail
        (tmp_path / "away").rename(root)
        await until(lambda: bool(desk.heard(BaselineTaken)))
        await until(lambda: desk.standing().status == "watching")
        assert desk.found(root) == []
        nursery.cancel_scope.cancel()


async def test_the_backlog_is_told_when_it_is_asked_for_and_only_once(tmp_path: Path) -> None:
    put(tmp_path / "old.mkv")
    put(tmp_path / "rejected.mkv")
    desk = Desk()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.watcher.run)
        desk.watch(tmp_path, baseline=True)
        await until(lambda: bool(desk.heard(BaselineTaken)))
        desk.remember("rejected", tmp_path / "rejected.mkv")
        desk.look(tmp_path, with_baseline=True)
        await desk.sees(tmp_path, "old.mkv")
        desk.look(tmp_path, with_baseline=True)
        desk.look(tmp_path)
        put(tmp_path / "new.mkv")
        await desk.sees(tmp_path, "new.mkv")
        assert desk.found(tmp_path) == ["old.mkv", "new.mkv"]
        asked = desk.catalogue.asked
        desk.look(tmp_path)
        desk.remember("rejected", tmp_path / "new.mkv")
        await until(lambda: desk.catalogue.statuses(tmp_path).get("new.mkv") == "rejected")
        assert desk.catalogue.asked == asked  # a look is an ordinary one again
        nursery.cancel_scope.cancel()


async def test_what_is_dealt_with_is_not_told_after_a_restart(tmp_path: Path) -> None:
    catalogue = Catalogue()
    put(tmp_path / "rejected.mkv")
    put(tmp_path / "open.mkv")
    async with at_work(Desk(catalogue), tmp_path) as desk:
        await desk.sees(tmp_path, "rejected.mkv", "open.mkv")
        desk.remember("rejected", tmp_path / "rejected.mkv", tmp_path / "gone.mkv", Path("/elsewhere/x.mkv"))
        await until(lambda: catalogue.statuses(tmp_path) == {"rejected.mkv": "rejected"})
    async with at_work(Desk(catalogue), tmp_path) as desk:
        await desk.sees(tmp_path, "open.mkv")
        assert desk.found(tmp_path) == ["open.mkv"]
        put(tmp_path / "rejected.mkv", b"another file of this name")
        await desk.sees(tmp_path, "rejected.mkv")


async def test_what_nobody_told_us_of_is_remembered_as_it_is(tmp_path: Path) -> None:
    place = put(tmp_path / ".hidden.mkv")
    async with at_work(None, tmp_path) as desk:
        desk.remember("ingested", place)
        await until(lambda: bool(desk.catalogue.rows))
        assert desk.catalogue.rows[str(tmp_path)][str(place)] == (4, place.stat().st_mtime_ns, "ingested")


# ------------------------------------------------------------------ roots


async def test_a_root_that_is_deleted_and_made_again_is_looked_through(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root / "a.mkv")
    async with at_work(None, root) as desk:
        await desk.sees(root, "a.mkv")
        shutil.rmtree(root)
        await until(lambda: desk.standing().status == "missing")
        put(root / "b.mkv")
        await desk.sees(root, "b.mkv")
        await until(lambda: bool(desk.heard(SourcesGone)))
        assert desk.standing().status == "watching"


async def test_a_root_is_let_go_of_and_taken_up_again(tmp_path: Path) -> None:
    async with at_work(None, tmp_path) as desk:
        desk.unwatch(tmp_path)
        await until(lambda: desk.standing().status == "stopped")
        put(tmp_path / "a.mkv")
        await trio.sleep(0.3)
        assert desk.found(tmp_path) == []
        desk.watch(tmp_path)
        await desk.sees(tmp_path, "a.mkv")
        desk.unwatch(tmp_path)
        desk.watch(tmp_path)  # at once
        put(tmp_path / "b.mkv")
        await desk.sees(tmp_path, "b.mkv")


async def test_a_root_that_could_not_be_looked_through_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = tree.scan, [TreeError(f"{tmp_path} does not answer")]

    async def scan(root: str, names: Names, *, folder: str = "", deep: bool = True) -> Scan:
        if failures:
            raise failures.pop()
        return await real(root, names, folder=folder, deep=deep)

    monkeypatch.setattr(file_watcher, "scan", scan)
    monkeypatch.setattr(file_watcher, "LOOK_AGAIN_S", 0.2)
    put(tmp_path / "a.mkv")
    async with at_work(None, tmp_path) as desk:
        await desk.sees(tmp_path, "a.mkv")
        await until(lambda: desk.standing().files == 1)
        standings = [(a.status, a.detail) for a in desk.heard(RootChanged)]
        assert standings == [
            ("watching", ""),
            ("unreadable", f"{tmp_path} does not answer"),
            ("watching", ""),
        ]


async def test_an_actor_that_fell_takes_up_its_roots_again(tmp_path: Path) -> None:
    """Its supervisor starts it anew; nobody asks a second time to watch the root."""
    put(tmp_path / "a.mkv")
    desk = Desk()
    desk.catalogue.fails = 1

    def post(action: ActionBase) -> None:
        if isinstance(action, ActorFailed):
            falls.append(action.error)

    falls: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, "file_watcher", desk.watcher.run, post, desk.inbox)
        desk.watch(tmp_path)
        await desk.sees(tmp_path, "a.mkv")
        put(tmp_path / "b.mkv")
        await desk.sees(tmp_path, "b.mkv")
        assert falls == ["RuntimeError: the catalogue cannot be read"]
        nursery.cancel_scope.cancel()
