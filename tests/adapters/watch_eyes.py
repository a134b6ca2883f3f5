"""One who looks where a watcher says, for the watcher's tests."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from segue.adapters.tree import Names, TreeError, scan
from segue.adapters.watch import RootState, Timing, Watcher
from segue.adapters.watch_events import Dirty

LONG_S = 30.0
FAST = Timing(tick_s=0.05, check_s=0.1, poll_s=0.2, reconcile_s=3600, quiet_s=0.05, patience_s=0.3)
VIDEOS = Names(
    folder=lambda name: "hidden" if name.startswith(".") else "",
    file=lambda name: "" if name.endswith(".mkv") else "extension",
)


class Seen:
    """Looks where the watcher says, and keeps what it saw, as a careful owner of the watcher would."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.told: list[tuple[str, Dirty]] = []
        self.looked: set[str] = set()
        self.states: list[RootState] = []
        self._changed = trio.Event()
        self._send, self._receive = trio.open_memory_channel[tuple[str, Dirty]](1000)
        self.watcher = Watcher(VIDEOS, self.hear, self.hear_state, timing=FAST)

    def hear(self, root: str, dirty: tuple[Dirty, ...]) -> None:
        for each in dirty:
            self.told.append((root, each))
            self._send.send_nowait((root, each))

    def hear_state(self, state: RootState) -> None:
        self.states.append(state)
        self._changed.set()

    async def look(self) -> None:
        async for root, dirty in self._receive:
            try:
                found = await scan(root, VIDEOS, folder=dirty.folder, deep=dirty.deep)
            except TreeError:
                continue
            self.looked.add(root)
            self.files |= {os.path.relpath(file.path, root) for file in found.files}
            self._changed.set()

    async def until(self, true: Callable[[], bool]) -> None:
        with trio.fail_after(LONG_S):
            while not true():
                self._changed = trio.Event()
                await self._changed.wait()

    async def sees(self, *paths: str) -> None:
        await self.until(lambda: self.files.issuperset(paths))

    async def hears(self, mode: str) -> RootState:
        await self.until(lambda: bool(self.states) and self.states[-1].mode == mode)
        return self.states[-1]


@asynccontextmanager
async def watching(*roots: Path, mode: str = "watching") -> AsyncIterator[Seen]:
    """Watch roots until they are in a mode and have been looked through once."""
    seen = Seen()
    async with trio.open_nursery() as nursery:
        for root in roots:
            seen.watcher.watch(str(root))
        nursery.start_soon(seen.watcher.run)
        nursery.start_soon(seen.look)
        await seen.hears(mode)
        if mode in ("watching", "polling"):
            await seen.until(lambda: seen.looked == {str(root) for root in roots})
        yield seen
        nursery.cancel_scope.cancel()


def put(place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"film")


def inotify_instances() -> int:
    """Count this process' inotify instances."""
    found = 0
    for fd in Path("/proc/self/fd").iterdir():
        try:
            found += str(fd.readlink()) == "anon_inode:inotify"
        except FileNotFoundError:
            continue
    return found
