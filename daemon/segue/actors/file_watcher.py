"""Sees what arrives below the watched roots, and looks closer at it when the core asks.

The watcher says where something changed, a look says what is there; what is new, or not what it was, is told once. What
is dealt with (old when the root was first watched, ingested, rejected) is written down in a catalogue, and told again
only when it has changed. What lies on a disk that is away is not gone.
"""

import math
import os
import stat
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import trio

from segue.actors.source_probe import probe_source
from segue.actors.watched_root import BASELINE, Known, News, WatchedRoot
from segue.adapters.tree import FoundFile, Names, TreeError, ask_disk, scan
from segue.adapters.watch import RootState, Timing, Watcher
from segue.adapters.watch_events import EVERYTHING, Dirty
from segue.core.ingest.actions import (
    BaselineTaken,
    RootChanged,
    SourceProbe,
    SourcesFound,
    SourcesGone,
    SourcesProbed,
)
from segue.core.ingest.arrivals import ArrivalRules, Arrivals
from segue.core.ingest.effects import ProbeSources, RememberSources, ScanRoot, UnwatchRoot, WatchRoot
from segue.core.ingest.requests import SourceFile
from segue.core.vocabulary import EffectBase
from segue.runtime.inbox import Inbox
from segue.runtime.store import Store

BY: Final = "actor:file_watcher"
FILES_AT_ONCE: Final = 500
"""So many files are told in one action."""
PROBE_ANSWER_S: Final = 60.0
LOOK_AGAIN_S: Final = 15.0
"""When a root is looked through again that could not be read."""


class KnownSources(Protocol):
    """The catalogue of what is dealt with."""

    async def known(self, root: str) -> Known:
        """Give everything below a root."""

    async def remember(self, root: str, files: Iterable[tuple[str, int, int]], status: str) -> None:
        """Write down path, size, mtime_ns of files; what is there already is replaced."""


class FileWatcher:
    """Owns the watched roots. What it knows of them outlives a fall: `run` may be called again."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        known: KnownSources,
        rules: ArrivalRules | None = None,
        *,
        timing: Timing | None = None,
        probe: Callable[[str, Arrivals], SourceProbe] = probe_source,
        probe_answer_s: float = PROBE_ANSWER_S,
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._known = known
        self._arrivals = Arrivals(rules)
        self._names = Names(self._arrivals.folder_left, self._arrivals.file_left)
        self._probe = probe
        self._probe_answer_s = probe_answer_s
        self._roots: dict[str, WatchedRoot] = {}
        self._one_batch = trio.Lock()
        self._watcher = Watcher(self._names, self._hear, self._hear_state, timing=timing)

    async def run(self) -> None:
        """Watch what the core wants watched."""
        async with trio.open_nursery() as nursery:
            for root in self._roots.values():
                self._begin(root, nursery)
            nursery.start_soon(self._watcher.run)
            while True:
                await self._carry_out(await self._inbox.get(), nursery)

    async def _carry_out(self, effect: EffectBase, nursery: trio.Nursery) -> None:
        match effect:
            case WatchRoot():
                self._watch(effect, nursery)
            case UnwatchRoot():
                self._unwatch(effect.root)
            case ScanRoot():
                self._look_soon(effect)
            case RememberSources():
                await self._remember(effect)
            case ProbeSources():
                nursery.start_soon(self._probe_all, effect)
                return  # in hand until it has its outcome
            case _:
                pass
        self._inbox.done(effect)

    # -------------------------------------------------------------- roots come and go

    def _watch(self, effect: WatchRoot, nursery: trio.Nursery) -> None:
        root = self._roots.get(effect.root)
        if root is None:
            root = self._roots[effect.root] = WatchedRoot(effect.root, self._arrivals)
            self._begin(root, nursery)
        if effect.baseline:
            root.baseline_for = effect.effect_id
        self._watcher.watch(effect.root)

    def _begin(self, root: WatchedRoot, nursery: trio.Nursery) -> None:
        root.scope = trio.CancelScope()
        nursery.start_soon(self._keep_looking, root)

    def _unwatch(self, path: str) -> None:
        root = self._roots.pop(path, None)
        if root is not None:
            self._watcher.unwatch(path)
            root.scope.cancel()
        self._store.dispatch(RootChanged(path, "stopped"), by=BY)

    def _look_soon(self, effect: ScanRoot) -> None:
        root = self._roots.get(effect.root)
        if root is not None:
            root.with_baseline = root.with_baseline or effect.with_baseline
            root.hint((EVERYTHING,))

    def _hear(self, path: str, dirty: tuple[Dirty, ...]) -> None:
        if root := self._roots.get(path):
            root.hint(dirty)

    def _hear_state(self, state: RootState) -> None:
        if root := self._roots.get(state.root):
            root.mode, root.reason = state.mode, state.reason
            self._tell(root, root.standing(detail=""))

    def _tell(self, root: WatchedRoot, figures: RootChanged) -> None:
        """Tell how it stands with a root, if that is news."""
        if figures != root.figures:
            root.figures = figures
            self._store.dispatch(figures, by=BY)

    # -------------------------------------------------------------- looking

    async def _keep_looking(self, root: WatchedRoot) -> None:
        """Look where something changed, one look at a time."""
        wait_s = math.inf
        with root.scope:
            while True:
                with trio.move_on_after(wait_s):
                    await root.hinted.wait()
                wait_s = math.inf
                try:
                    for dirty in root.take_hints():
                        await self._look(root, dirty)
                except TreeError as error:
                    if not error.missing:  # the watcher tells what is missing, and when it is back
                        self._tell(root, root.standing("unreadable", str(error)))
                        wait_s = LOOK_AGAIN_S

    async def _look(self, root: WatchedRoot, dirty: Dirty) -> None:
        found = await scan(root.path, self._names, folder=dirty.folder, deep=dirty.deep)
        files = root.without_samples(found)
        if root.baseline_for:
            await self._take_baseline(root, files)
        fresh: tuple[SourceFile, ...] = ()
        if root.is_news(files):
            fresh = root.compare(files, await self._known.known(root.path))
            root.with_baseline = False
        news = News(fresh, root.missed(found, dirty))
        figures = root.figures_after(found, files, dirty, news)
        root.note(news)
        for start in range(0, len(news.found), FILES_AT_ONCE):
            some = news.found[start : start + FILES_AT_ONCE]
            self._store.dispatch(SourcesFound(root.path, some), by=BY)
            await trio.lowlevel.checkpoint()
        if news.gone:
            self._store.dispatch(SourcesGone(root.path, news.gone), by=BY)
        self._tell(root, figures)

    async def _take_baseline(self, root: WatchedRoot, files: list[FoundFile]) -> None:
        """Write down everything as old."""
        await self._known.remember(root.path, [(f.path, f.size, f.mtime_ns) for f in files], BASELINE)
        root.pass_over(files)
        taken = BaselineTaken(root.baseline_for, root.path, len(files), sum(f.size for f in files))
        root.baseline_for = ""
        self._store.dispatch(taken, by=BY)

    # -------------------------------------------------------------- what is dealt with

    async def _remember(self, effect: RememberSources) -> None:
        """Write down that files are dealt with, as they were told, or else as they are."""
        by_root: dict[str, list[tuple[str, int, int]]] = {}
        for path in effect.paths:
            root = self._root_of(path)
            if root is not None and (facts := await self._facts(root, path)) is not None:
                by_root.setdefault(root.path, []).append((path, *facts))
        for root_path, files in by_root.items():
            await self._known.remember(root_path, files, effect.status)

    async def _facts(self, root: WatchedRoot, path: str) -> tuple[int, int] | None:
        told = root.told.get(path)
        if told is not None:
            return told.size, told.mtime_ns
        try:
            about = await ask_disk(root.path, lambda: os.lstat(path))
        except (OSError, ValueError, TreeError):
            return None
        return (about.st_size, about.st_mtime_ns) if stat.S_ISREG(about.st_mode) else None

    def _root_of(self, path: str) -> WatchedRoot | None:
        """Give the innermost root that a path is below."""
        above = [root for root in self._roots.values() if path.startswith(root.path.rstrip("/") + "/")]
        return max(above, key=lambda root: len(root.path), default=None)

    # -------------------------------------------------------------- a closer look

    async def _probe_all(self, effect: ProbeSources) -> None:
        """Look closer at files, one after the other. A disk that does not answer is asked once."""
        silent: dict[str, str] = {}
        probes = []
        async with self._one_batch:
            for path in effect.paths:
                root = self._root_of(path)
                disk = path.rpartition("/")[0] or "/" if root is None else root.path
                if disk not in silent:
                    try:
                        probes.append(await self._probe_one(disk, path))
                        continue
                    except TreeError as error:
                        silent[disk] = str(error)
                probes.append(SourceProbe(path, error=silent[disk]))
        self._inbox.done(effect)
        self._store.dispatch(SourcesProbed(effect.effect_id, tuple(probes)), by=BY)

    async def _probe_one(self, disk: str, path: str) -> SourceProbe:
        return await ask_disk(disk, lambda: self._probe(path, self._arrivals), answer_s=self._probe_answer_s)
