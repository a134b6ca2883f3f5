"""A file watcher at work on real folders, with what it told and ways to ask it."""

import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import trio

from segue.actors.file_watcher import FileWatcher
from segue.adapters.watch import Timing
from segue.core.ingest.actions import RootChanged, SourceProbe, SourcesFound, SourcesProbed
from segue.core.ingest.effects import ProbeSources, RememberSources, ScanRoot, UnwatchRoot, WatchRoot
from segue.core.state import State
from segue.core.vocabulary import ActionBase, EffectBase
from segue.runtime.inbox import Inbox
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Store

LONG_S = 30.0
FAST = Timing(tick_s=0.05, check_s=0.1, poll_s=0.2, reconcile_s=3600, quiet_s=0.05, patience_s=0.3)
A = TypeVar("A", bound=ActionBase)


class Catalogue:
    """What is dealt with, in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, tuple[int, int, str]]] = {}
        self.asked = 0
        self.fails = 0

    async def known(self, root: str) -> dict[str, tuple[int, int, str]]:
        await trio.lowlevel.checkpoint()
        self.asked += 1
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the catalogue cannot be read")
        return dict(self.rows.get(root, {}))

    async def remember(self, root: str, files: Iterable[tuple[str, int, int]], status: str) -> None:
        await trio.lowlevel.checkpoint()
        rows = self.rows.setdefault(root, {})
        rows.update((path, (size, mtime_ns, status)) for path, size, mtime_ns in files)

    def statuses(self, root: Path) -> dict[str, str]:
        return {os.path.relpath(p, root): row[2] for p, row in self.rows.get(str(root), {}).items()}


class Desk:
    """A file watcher at work, with what it told and ways to ask it."""

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self.catalogue = catalogue or Catalogue()
        self.journal = MemoryJournal()
        self.store = Store(State(), self.journal)
        self.inbox = Inbox(self.store.drop)
        self.watcher = FileWatcher(self.store, self.inbox, self.catalogue, timing=FAST)
        self._asked = 0

    def heard(self, kind: type[A]) -> list[A]:
        return [entry.action for entry in self.journal.entries if isinstance(entry.action, kind)]

    def found(self, root: Path) -> list[str]:
        """Every file that was told, in the order of the telling."""
        return [
            os.path.relpath(file.path, root)
            for action in self.heard(SourcesFound)
            for file in action.files
            if action.root == str(root)
        ]

    def standing(self) -> RootChanged:
        return self.heard(RootChanged)[-1]

    @property
    def next_id(self) -> str:
        self._asked += 1
        return f"{self._asked}.0"

    def ask(self, effect: EffectBase) -> EffectBase:
        self.inbox.put(effect)
        return effect

    def watch(self, root: Path, *, baseline: bool = False) -> None:
        self.ask(WatchRoot(effect_id=self.next_id, why="watch", because=1, root=str(root), baseline=baseline))

    def unwatch(self, root: Path) -> None:
        self.ask(UnwatchRoot(effect_id=self.next_id, why="unwatch", because=1, root=str(root)))

    def look(self, root: Path, *, with_baseline: bool = False) -> None:
        effect_id = self.next_id
        self.ask(
            ScanRoot(effect_id=effect_id, why="scan", because=1, root=str(root), with_baseline=with_baseline)
        )

    def remember(self, status: str, *paths: Path) -> None:
        effect_id = self.next_id
        self.ask(
            RememberSources(
                effect_id=effect_id, why="done", because=1, paths=tuple(map(str, paths)), status=status
            )
        )

    async def probe(self, *paths: Path) -> tuple[SourceProbe, ...]:
        effect_id = self.next_id
        self.ask(ProbeSources(effect_id=effect_id, why="settled", because=1, paths=tuple(map(str, paths))))
        await until(lambda: any(a.effect_id == effect_id for a in self.heard(SourcesProbed)))
        return self.heard(SourcesProbed)[-1].probes

    async def sees(self, root: Path, *paths: str) -> None:
        await until(lambda: set(paths) <= set(self.found(root)))


async def until(holds: Callable[[], bool]) -> None:
    with trio.fail_after(LONG_S):
        while not holds():
            await trio.sleep(0.01)


@asynccontextmanager
async def at_work(desk: Desk | None = None, *roots: Path) -> AsyncIterator[Desk]:
    """Let a file watcher work, watching roots that it has looked through once."""
    desk = desk or Desk()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.watcher.run)
        for root in roots:
            desk.watch(root)
        await until(
            lambda: (
                {a.root for a in desk.heard(RootChanged) if a.status == "watching"} == set(map(str, roots))
            )
        )
        yield desk
        nursery.cancel_scope.cancel()


def put(place: Path, content: bytes = b"film") -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return place
