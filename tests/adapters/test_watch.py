"""Whatever arrives below a watched root is told of, on real folders; and watching ends at once."""

import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from segue.adapters import mounts
from segue.adapters.watch import RootState, Timing, Watcher
from segue.adapters.watch_events import MODIFIED, Change, Dirty, KernelNotifier, Notifier, NotifierError
from tests.adapters.watch_eyes import FAST, LONG_S, VIDEOS, Seen, inotify_instances, put, watching


async def test_what_is_there_already_is_looked_at_first(tmp_path: Path) -> None:
    put(tmp_path / "a" / "old.mkv")
    async with watching(tmp_path) as seen:
        await seen.sees("a/old.mkv")
        assert seen.states == [RootState(str(tmp_path), "watching")]
        assert seen.told[0] == (str(tmp_path), Dirty("", deep=True))


async def test_a_file_names_only_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    async with watching(tmp_path) as seen:
        before = len(seen.told)
        put(tmp_path / "a" / "new.mkv")
        await seen.sees("a/new.mkv")
        assert seen.told[before:] == [(str(tmp_path), Dirty("a", deep=False))]


async def test_a_folder_that_is_moved_in_whole_is_seen_with_all_it_holds(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    put(elsewhere / "Show" / "Season 01" / "e1.mkv")
    put(elsewhere / "Show" / "Season 02" / "extra" / "e2.mkv")
    async with watching(root) as seen:
        (elsewhere / "Show").rename(root / "Show")
        await seen.sees("Show/Season 01/e1.mkv", "Show/Season 02/extra/e2.mkv")
        put(root / "Show" / "Season 02" / "extra" / "e3.mkv")  # and it is watched from now on
        await seen.sees("Show/Season 02/extra/e3.mkv")


async def test_files_written_at_once_into_new_nested_folders_are_seen(tmp_path: Path) -> None:
    """The events of these are lost: the folder is written to before the kernel watches it."""
    async with watching(tmp_path) as seen:
        for n in range(50):
            put(tmp_path / f"{n}" / "a" / "b" / "c" / "quick.mkv")
        await seen.sees(*(f"{n}/a/b/c/quick.mkv" for n in range(50)))
        for n in range(50):
            put(tmp_path / f"{n}" / "a" / "b" / "c" / "late.mkv")
        await seen.sees(*(f"{n}/a/b/c/late.mkv" for n in range(50)))


async def test_a_thousand_files_in_nested_folders_are_all_seen(tmp_path: Path) -> None:
    paths = [f"{n % 10}/{n % 100}/{n}/film {n}.mkv" for n in range(1000)]
    async with watching(tmp_path) as seen:
        for path in paths:
            put(tmp_path / path)
            await trio.lowlevel.checkpoint()
        await seen.sees(*paths)


async def test_a_download_that_gets_its_name_is_seen(tmp_path: Path) -> None:
    async with watching(tmp_path) as seen:
        put(tmp_path / "film.mkv.part")
        (tmp_path / "film.mkv.part").rename(tmp_path / "film.mkv")
        await seen.sees("film.mkv")


async def test_a_hardlink_and_a_file_moved_over_another_are_seen(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root / "old.mkv")
    put(tmp_path / "linked.mkv")
    put(tmp_path / "better")
    async with watching(root) as seen:
        (root / "link.mkv").hardlink_to(tmp_path / "linked.mkv")
        await seen.sees("link.mkv")
        before = len(seen.told)
        (tmp_path / "better").rename(root / "old.mkv")
        await seen.until(lambda: (str(root), Dirty("", deep=False)) in seen.told[before:])


async def test_a_folder_that_is_moved_out_is_told_as_gone(tmp_path: Path) -> None:
    """Its own path is told: a look at it finds nothing, so all below it has gone."""
    root = tmp_path / "root"
    put(root / "Show" / "e1.mkv")
    async with watching(root) as seen:
        (root / "Show").rename(tmp_path / "Show")
        with trio.fail_after(LONG_S):
            while (str(root), Dirty("Show", deep=True)) not in seen.told:
                await trio.sleep(0.01)


async def test_what_is_not_wanted_makes_nobody_look(tmp_path: Path) -> None:
    (tmp_path / ".hidden").mkdir()
    async with watching(tmp_path) as seen:
        before = len(seen.told)
        put(tmp_path / "notes.txt")
        put(tmp_path / ".hidden" / "film.mkv")
        put(tmp_path / "film.mkv")
        await seen.sees("film.mkv")
        assert seen.told[before:] == [(str(tmp_path), Dirty("", deep=False))]


async def test_a_root_that_is_deleted_and_made_again_is_watched_again(tmp_path: Path) -> None:
    """Even at once, so that the new folder may get the number of the old one, and the watcher alone would be deaf."""
    root = tmp_path / "root"
    put(root / "a.mkv")
    async with watching(root) as seen:
        for n in range(5):
            shutil.rmtree(root)
            put(root / "sub" / f"{n}.mkv")
            await seen.sees(f"sub/{n}.mkv")
            put(root / "sub" / f"later {n}.mkv")
            await seen.sees(f"sub/later {n}.mkv")


async def test_a_root_that_goes_is_told_and_one_that_comes_back_is_watched(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root / "a.mkv")
    async with watching(root) as seen:
        root.rename(tmp_path / "away")
        assert "No such file or directory" in (await seen.hears("missing")).reason
        put(tmp_path / "away" / "sub" / "b.mkv")
        (tmp_path / "away").rename(root)
        await seen.hears("watching")
        await seen.sees("sub/b.mkv")
        put(root / "sub" / "c.mkv")
        await seen.sees("sub/c.mkv")


async def test_a_root_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    async with watching(tmp_path / "root", mode="missing") as seen:
        put(tmp_path / "root" / "a.mkv")
        await seen.sees("a.mkv")
        assert [state.mode for state in seen.states] == ["missing", "watching"]


async def test_one_root_that_is_missing_does_not_hinder_the_other(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    seen = Seen()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(seen.watcher.run)
        nursery.start_soon(seen.look)
        seen.watcher.watch(str(tmp_path / "not here"))
        seen.watcher.watch(str(tmp_path / "here"))
        await seen.until(lambda: len(seen.states) == 2)
        put(tmp_path / "here" / "a.mkv")
        await seen.sees("a.mkv")
        assert {state.mode for state in seen.states} == {"missing", "watching"}
        nursery.cancel_scope.cancel()


async def test_a_root_that_is_no_longer_watched_is_silent(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    async with watching(one, other) as seen:
        seen.watcher.unwatch(str(one))
        await trio.sleep(0.2)
        before = len(seen.told)
        put(one / "a.mkv")
        put(other / "b.mkv")
        await seen.sees("b.mkv")
        assert {root for root, _ in seen.told[before:]} == {str(other)}


async def test_watching_ends_at_once(tmp_path: Path) -> None:
    """It ends while the notifier is set up, waits, or is asked; nothing is left behind."""
    for wait_s in (0.0, 0.001, 0.01, 0.1):
        seen = Seen()
        async with trio.open_nursery() as nursery:
            seen.watcher.watch(str(tmp_path))
            nursery.start_soon(seen.watcher.run)
            await trio.sleep(wait_s)
            nursery.cancel_scope.cancel()
            begin = time.monotonic()
        assert time.monotonic() - begin < 3  # a plain cancel of watchfiles' own loop takes 5 s
    with trio.fail_after(LONG_S):
        while inotify_instances():
            await trio.sleep(0.01)


async def test_a_folder_that_does_not_open_hinders_no_other(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0)
    async with watching(tmp_path) as seen:
        put(tmp_path / "a.mkv")
        await seen.sees("a.mkv")


# ------------------------------------------------------------------ when the kernel gives no events


class NoEvents:
    """A notifier that fails: when it is made, or when it is asked."""

    def __init__(self, *failures: NotifierError, later: bool = False) -> None:
        self.failures = list(failures)
        self.later = later
        self.made = 0

    def __call__(self, roots: Sequence[str]) -> Notifier:
        self.made += 1
        if self.failures and not self.later:
            raise self.failures.pop(0)
        return KernelNotifier(roots) if not self.failures else self

    def drain(self) -> Sequence[Change]:
        raise self.failures.pop(0)

    def close(self) -> None:
        """Nothing to let go of."""


@asynccontextmanager
async def watching_with(
    root: Path, notifier: Callable[[Sequence[str]], Notifier], timing: Timing = FAST
) -> AsyncIterator[Seen]:
    seen = Seen()
    seen.watcher = Watcher(VIDEOS, seen.hear, seen.hear_state, timing=timing, notifier=notifier)
    seen.watcher.watch(str(root))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(seen.watcher.run)
        nursery.start_soon(seen.look)
        yield seen
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("later", [False, True])
async def test_without_events_the_root_is_polled_and_that_is_told(tmp_path: Path, *, later: bool) -> None:
    notifier = NoEvents(NotifierError("the kernel's watch limit is reached"), later=later)
    async with watching_with(tmp_path, notifier) as seen:
        assert "watch limit" in (await seen.hears("polling")).reason
        put(tmp_path / "a" / "b.mkv")
        await seen.sees("a/b.mkv")
        assert notifier.made == 1


async def test_events_are_tried_again_later(tmp_path: Path) -> None:
    notifier = NoEvents(NotifierError("no"), NotifierError("still no"))
    async with watching_with(tmp_path, notifier, FAST._replace(reconcile_s=0.2)) as seen:
        await seen.hears("polling")
        await seen.hears("watching")
        assert notifier.made == 3


class Hums:
    """A notifier that always has, or never has, something to tell of a file."""

    def __init__(self, *events: Change) -> None:
        self.events = events

    def drain(self) -> Sequence[Change]:
        return self.events

    def close(self) -> None:
        """Nothing to let go of."""


async def test_the_timer_finds_what_no_event_told_of(tmp_path: Path) -> None:
    timing = FAST._replace(reconcile_s=0.2)
    async with watching_with(tmp_path, lambda _roots: Hums(), timing) as seen:
        await seen.hears("watching")
        put(tmp_path / "a" / "b.mkv")
        await seen.sees("a/b.mkv")


async def test_a_file_that_is_written_all_the_time_is_told_of_all_the_same(tmp_path: Path) -> None:
    """It never comes to rest, so patience ends the wait."""
    put(tmp_path / "a" / "grows.mkv")
    event = (MODIFIED, f"{tmp_path}/a/grows.mkv")
    async with watching_with(tmp_path, lambda _roots: Hums(event), FAST._replace(quiet_s=3600)) as seen:
        with trio.fail_after(LONG_S):
            while (str(tmp_path), Dirty("a", deep=False)) not in seen.told:
                await trio.sleep(0.01)


async def test_a_share_is_polled_without_a_notifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As is a local folder within which a share is mounted."""
    table = tmp_path / "mountinfo"
    table.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:9 / {tmp_path}/share rw - nfs4 nas:/x rw\n")
    monkeypatch.setattr(mounts, "MOUNTINFO", table)
    (tmp_path / "share" / "films").mkdir(parents=True)
    (tmp_path / "local").mkdir()
    notifier = NoEvents()
    for root in (tmp_path / "share" / "films", tmp_path):
        async with watching_with(root, notifier) as seen:
            state = await seen.hears("polling")
            assert state.reason == f"{tmp_path}/share is on nfs4, whose changes make no events"
            put(root / "a" / "new.mkv")
            await seen.sees("a/new.mkv")
    assert notifier.made == 0
    async with watching_with(tmp_path / "local", notifier) as seen:
        await seen.hears("watching")


# ------------------------------------------------------------------ in a namespace of its own

ALONE = """
import sys
import trio
sys.path[:0] = sys.argv[2:]
from tests.adapters import watch_alone
trio.run(getattr(watch_alone, sys.argv[1]))
"""


def _namespaces() -> bool:
    try:
        return subprocess.run(["unshare", "-rm", "true"], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@pytest.mark.skipif(not _namespaces(), reason="user namespaces are not permitted here")
@pytest.mark.parametrize(
    "story", ["mounted_over", "mounted_within", "limit_at_start", "limit_later", "no_instance"]
)
async def test_in_a_namespace_of_its_own(tmp_path: Path, story: str) -> None:
    """Mounts and the kernel's limits, which take rights that a test has only in a namespace; see `watch_alone`."""
    repo = Path(__file__).parents[2]
    done = await trio.run_process(
        ["unshare", "-rm", sys.executable, "-c", ALONE, story, str(repo), str(repo / "daemon")],
        cwd=tmp_path,
        capture_stdout=True,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
