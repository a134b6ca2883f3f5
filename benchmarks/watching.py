"""Watching: a thousand files in nested folders are all found, and what watching costs a daemon that idles.

The drop runs in a mount namespace of its own, so that a disk can be mounted over the root.
"""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import trio
from watchfiles import awatch

from benchmarks.figures import Figure, show
from benchmarks.process import memory_mb
from segue.actors.file_watcher import FileWatcher
from segue.core.ingest.actions import SourcesFound
from segue.core.ingest.effects import WatchRoot
from segue.core.state import State
from segue.runtime.inbox import Inbox
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Store
from tests.actors.watcher_desk import Catalogue
from tests.helpers.rig import REPO, Segued, running

FILES = 1000
STABILITY_S = 60.0
QUIET_S = 5.0
"""So long after our own last find watchfiles alone may still find something."""
FOLDERS = 5000
SETTLE_S = 20.0
IDLE_S = 40.0


# ------------------------------------------------------------------ a drop of a thousand files


def drop(root: Path, name: str) -> set[str]:
    """Write a thousand files, each at once into a new folder, three or four deep."""
    paths = {f"{name} {n % 20}/Season {n % 5}/{n}/extra/film {n}.mkv" for n in range(FILES)}
    for path in sorted(paths):
        place = root / path
        place.parent.mkdir(parents=True)
        place.write_bytes(b"film")
    return paths


async def drops(directory: Path) -> None:
    """Run in the namespace: three drops, seen by our watcher and by watchfiles alone; prints what each found."""
    root = directory / "root"
    root.mkdir()
    alone: set[str] = set()
    ours = _Ours(root)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_watchfiles_alone, root, alone)
        nursery.start_soon(ours.run)
        await ours.standing("watching")
        for name in ("first", "after deletion", "after a mount"):
            if name == "after deletion":
                shutil.rmtree(root)
                root.mkdir()
            elif name == "after a mount":
                await trio.run_process(["mount", "-t", "tmpfs", "none", str(root)])
            paths = await trio.to_thread.run_sync(drop, root, name)
            begin = trio.current_time()
            await ours.all_of(paths)
            took_s = trio.current_time() - begin
            await trio.sleep(QUIET_S)
            line = {
                "ours": len(paths & ours.found),
                "alone": len(paths & {str(Path(path).relative_to(root)) for path in alone}),
                "took_s": took_s,
            }
            print(json.dumps(line), flush=True)
        nursery.cancel_scope.cancel()


async def _watchfiles_alone(root: Path, found: set[str]) -> None:
    async for changes in awatch(root, step=500):
        found |= {path for _, path in changes if path.endswith(".mkv")}


class _Ours:
    """The file watcher as the daemon runs it, with its own timing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.journal = MemoryJournal()
        store = Store(State(), self.journal)
        inbox = Inbox(store.drop)
        self.run = FileWatcher(store, inbox, Catalogue()).run
        inbox.put(WatchRoot(effect_id="1.0", why="watch", because=1, root=str(root), baseline=True))

    @property
    def found(self) -> set[str]:
        """What was told, relative to the root."""
        told = (entry.action for entry in self.journal.entries if isinstance(entry.action, SourcesFound))
        return {str(Path(file.path).relative_to(self.root)) for action in told for file in action.files}

    async def standing(self, status: str) -> None:
        with trio.fail_after(30):
            while status not in {getattr(entry.action, "status", "") for entry in self.journal.entries}:
                await trio.sleep(0.05)

    async def all_of(self, paths: set[str]) -> None:
        with trio.move_on_after(STABILITY_S):
            while not paths <= self.found:
                await trio.sleep(0.1)


async def measure_drops() -> None:
    """Show what was found."""
    with tempfile.TemporaryDirectory() as directory:
        command = ["unshare", "-rm", sys.executable, "-m", "benchmarks.watching", "drops", directory]
        done = await trio.run_process(command, cwd=REPO, capture_stdout=True)
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    names = ("a drop", "a drop after deletion of the root", "a drop after a mount over the root")
    for name, line in zip(names, lines, strict=True):
        show(
            Figure(
                f"{name}: {FILES} files in nested folders, found within one stability period",
                line["ours"],
                "files",
                FILES,
                "equal",
                baseline=f"watchfiles alone {line['alone']}; the last one {line['took_s']:.1f} s after it was written",
            )
        )


# ------------------------------------------------------------------ what watching costs


def tree(root: Path) -> None:
    """Make the folders, with a film in each."""
    for n in range(FOLDERS - 50):
        place = root / f"{n % 50}" / f"Film {n}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"Film {n}.mkv").write_bytes(b"film")


def make_folder(above: str, name: str) -> Path:
    """Make a folder for a daemon."""
    place = Path(above) / name
    place.mkdir()
    return place


def cpu_s(pid: int) -> float:
    """Give the CPU time of a process so far, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def switches(pid: int) -> dict[str, int]:
    """Give how often each thread of a process has gone to sleep by itself."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            text = (task / "status").read_text()
        except OSError:
            continue
        found[task.name] = int(text.rpartition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return found


def watches(pid: int) -> int:
    """Count the folders that a process has the kernel watch."""
    found = 0
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if "inotify" in str(fd.readlink()):
                found += Path(f"/proc/{pid}/fdinfo/{fd.name}").read_text().count("inotify wd")
        except OSError:
            continue
    return found


async def idle(directory: Path, config: str) -> tuple[float, float, float, int]:
    """Give memory in MB, share of a CPU in %, wake-ups a second and kernel watches of a daemon that idles."""
    segued = Segued(directory, config)
    async with running(segued):
        pid = segued.pid
        await trio.sleep(SETTLE_S)
        cpu, begin = cpu_s(pid), time.perf_counter()
        first, last = switches(pid), switches(pid)
        with trio.move_on_after(IDLE_S):
            while True:  # threads come and go; what one has counted goes with it
                await trio.sleep(1)
                last |= switches(pid)
        took_s = time.perf_counter() - begin
        woken = sum(count - first.get(thread, 0) for thread, count in last.items())
        return memory_mb(pid), (cpu_s(pid) - cpu) / took_s * 100, woken / took_s, watches(pid)


async def measure_overhead() -> None:
    """Show what a daemon takes that watches, beside one that does not."""
    with tempfile.TemporaryDirectory() as directory:
        root = make_folder(directory, "arrivals")
        tree(root)
        empty = make_folder(directory, "empty")
        plain = await idle(make_folder(directory, "plain"), "")
        movies = make_folder(directory, "movies")
        config = f'[ingest]\nmovies = ["{movies}"]\nwatch = ["{{root}}"]'
        ingest = await idle(make_folder(directory, "ingest"), config.format(root=empty))
        watching = await idle(make_folder(directory, "watching"), config.format(root=root))
    assert plain[3] == 0
    assert watching[3] >= FOLDERS, f"the daemon watches {watching[3]} folders"
    beside = (
        f"daemon without {plain[0]:.1f} MB, {plain[1]:.2f} % of a CPU, {plain[2]:.1f} wake-ups/s; "
        f"watching one empty folder {ingest[0]:.1f} MB, {ingest[1]:.2f} %, {ingest[2]:.1f} wake-ups/s"
    )
    show(
        Figure(f"memory of watching {FOLDERS} folders", watching[0] - plain[0], "MB", 10.0, baseline=beside),
        Figure(f"CPU of watching {FOLDERS} folders, idle", watching[1] - plain[1], "%", 1.0, baseline=beside),
        Figure(f"wake-ups when idle, watching {FOLDERS} folders", watching[2], "/s", 3.0, baseline=beside),
    )


async def main() -> None:
    """Measure all of it."""
    await measure_drops()
    await measure_overhead()


if __name__ == "__main__":
    if sys.argv[1:2] == ["drops"]:
        trio.run(drops, Path(sys.argv[2]))
    else:
        trio.run(main)
