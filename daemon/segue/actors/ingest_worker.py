"""Carries out what the ingest wants done: reads names, looks for places, moves bytes, writes the history.

Decides nothing. Effects are carried out side by side, as many as the core lets out. Everything here may be done twice:
the mover takes its own work for done, and the history takes an entry once.
"""

import os
from collections.abc import Callable
from typing import Protocol

import msgspec
import trio

from segue.actors.identifier import Identification
from segue.actors.library_facts import LibraryLookup
from segue.actors.long_runs import LongRuns
from segue.adapters.files import orders
from segue.adapters.files.mover_client import Mover
from segue.adapters.files.trouble import MoveFailed
from segue.adapters.tmdb import Tmdb
from segue.adapters.tree import TreeError, ask_disk
from segue.core.actions import Action
from segue.core.effects import STAGES
from segue.core.ingest.actions import (
    Identified,
    Located,
    Recorded,
    StageFailed,
    TransferProgressed,
    Transferred,
    TransferredFile,
    Undone,
)
from segue.core.ingest.effects import (
    CancelTransfer,
    IdentifySource,
    LocateDestination,
    RecordIngest,
    RunAdopt,
    RunVerify,
    SteerTransfers,
    StopLongRun,
    SweepPartials,
    TransferFiles,
    UndoIngest,
    WorkerEffect,
)
from segue.core.ingest.facts import ParsedName
from segue.core.ingest.records import RecordedFile
from segue.core.vocabulary import EffectBase
from segue.runtime.archive import Archive, ArchiveError
from segue.runtime.inbox import Inbox
from segue.runtime.store import Store

BY = "actor:ingest_worker"
PROGRESS_S = 1.0
"""How often the house hears how far a transfer has come."""
SWEEP_JOB = "sweep"


class Reader(Protocol):
    """Reads names."""

    async def read(self, paths: list[str]) -> list[ParsedName]:
        """Read paths, in their order; never fails."""


class Finder(Protocol):
    """Knows which film or show a name means."""

    async def candidates(self, parsed: ParsedName, duration_s: float | None = None) -> Identification:
        """Look for candidates; never fails."""


class Tools(msgspec.Struct, frozen=True):
    """What the worker works with."""

    reader: Reader
    finder: Finder
    lookup: LibraryLookup
    mover: Mover
    archive: Archive
    watched: tuple[str, ...] = ()
    """Roots that are watched: their files are remembered once they are dealt with."""
    libraries: tuple[str, ...] = ()
    tmdb: Tmdb | None = None
    """Where a key is configured; only the doctor asks it directly."""
    wall_at: Callable[[], float] = lambda: 0.0


class IngestWorker:
    """Owns the bytes."""

    def __init__(self, store: Store, inbox: Inbox, tools: Tools) -> None:
        self._store = store
        self._inbox = inbox
        self._tools = tools
        self._paused = False
        self._bytes_per_s: int | None = None
        self._nursery: trio.Nursery
        self._long_runs = LongRuns(store, tools.mover, tools.archive)

    async def run(self) -> None:
        """Carry out effects, side by side."""
        async with trio.open_nursery() as self._nursery:
            while True:
                effect = await self._inbox.get()
                if isinstance(effect, SteerTransfers | CancelTransfer | StopLongRun):
                    self._steer(effect)
                    self._inbox.done(effect)
                else:
                    self._nursery.start_soon(self._carry_out, effect)

    def _steer(self, effect: SteerTransfers | CancelTransfer | StopLongRun) -> None:
        mover = self._tools.mover
        match effect:
            case SteerTransfers():
                self._paused, self._bytes_per_s = effect.paused, effect.bytes_per_s
                for job in mover.jobs:
                    self._set_pace(job)
            case CancelTransfer():
                mover.cancel(effect.job_id)
            case StopLongRun():
                self._long_runs.stop()

    def _set_pace(self, job: str) -> None:
        mover = self._tools.mover
        (mover.pause if self._paused else mover.resume)(job)
        mover.limit(job, self._bytes_per_s)

    async def _set_first_pace(self, job: str) -> None:
        """Tell a new order how fast it may go. Runs as soon as the order is handed over, before its process is up."""
        if job in self._tools.mover.jobs:
            self._set_pace(job)

    async def _carry_out(self, effect: EffectBase) -> None:
        outcome: Action | None = None
        try:
            outcome = await self._done(effect)
        except MoveFailed as error:
            outcome = self._failed(effect, error.kind, str(error.detail), error)
        except ArchiveError as error:
            outcome = self._failed(effect, "archive", str(error))
        self._inbox.done(effect)
        if outcome is not None:
            self._store.dispatch(outcome, by=BY)

    async def _done(self, effect: EffectBase) -> Action | None:
        match effect:
            case IdentifySource():
                return await self._identify(effect)
            case LocateDestination():
                return Located(effect.effect_id, effect.job_id, await self._tools.lookup.facts(effect))
            case TransferFiles():
                return await self._transfer(effect)
            case RecordIngest():
                return await self._record(effect)
            case UndoIngest():
                return await self._undo(effect)
            case SweepPartials():
                await self._sweep(effect)
                return None
            case RunVerify():
                return await self._long_runs.verify(effect)
            case RunAdopt():
                return await self._long_runs.adopt(effect)
            case _:
                raise TypeError(f"the ingest worker does not know {type(effect).__name__}")

    def _failed(
        self, effect: EffectBase, kind: str, detail: str, error: MoveFailed | None = None
    ) -> Action | None:
        if not isinstance(effect, WorkerEffect):
            return None
        return StageFailed(
            effect.effect_id,
            effect.job_id,
            STAGES[type(effect)],
            kind,
            detail,
            path=error.path if error is not None else "",
            needed_bytes=error.needed_bytes if error is not None else 0,
            free_bytes=error.free_bytes if error is not None else 0,
        )

    # ---------------------------------------------------------------- names

    async def _identify(self, effect: IdentifySource) -> Identified:
        (parsed,) = await self._tools.reader.read([effect.relative])
        found = await self._tools.finder.candidates(parsed, effect.duration_s)
        return Identified(
            effect.effect_id,
            effect.job_id,
            parsed,
            found.candidates,
            found.problem,
            found.detail,
            effect.duration_s,
        )

    # ---------------------------------------------------------------- bytes

    async def _transfer(self, effect: TransferFiles) -> Transferred:
        plan = effect.plan
        order = orders.Transfer(
            job=effect.job_id,
            files=tuple(
                orders.FileOrder(
                    source=file.source,
                    root=file.root,
                    path=file.path,
                    size=file.size if file.mtime_ns else -1,
                    mtime_ns=file.mtime_ns,
                    inode=file.inode,
                    replaces=file.replaces,
                )
                for file in plan.files
            ),
            method=plan.method,
            retires=tuple(self._place(path) for path in plan.retires),
            reread=effect.reread,
            resumed=effect.resumed,
            margin_bytes=effect.spare_bytes,
        )
        self._nursery.start_soon(self._set_first_pace, effect.job_id)
        moved = await self._tools.mover.run(order, self._progress_of(effect))
        kinds = {file.source: file.kind for file in plan.files}
        files = tuple(
            TransferredFile(
                source=file.source,
                root=file.root,
                path=file.path,
                size=file.size,
                sha256=file.sha256,
                method="already there" if file.already_there and not effect.resumed else file.method,
                kind=kinds.get(file.source, "video"),
                recycled=file.recycled,
                made_folders=file.made_folders,
            )
            for file in moved.files
        )
        retired = tuple((str(place), where) for place, where in moved.retired)
        return Transferred(effect.effect_id, effect.job_id, files, moved.took_s, retired)

    def _place(self, path: str) -> orders.Place:
        """Say which library root a file of the library lies below."""
        for root in sorted(self._tools.libraries, key=len, reverse=True):
            prefix = root.rstrip("/") + "/"
            if path.startswith(prefix):
                return orders.Place(root, path.removeprefix(prefix))
        raise MoveFailed("escapes", path, f"{path} is below none of the libraries")

    def _progress_of(self, effect: TransferFiles) -> Callable[[orders.Progress], None]:
        """Tell the house about once a second how far a transfer has come."""
        told_at = trio.current_time()
        told_bytes = 0

        def hear(progress: orders.Progress) -> None:
            nonlocal told_at, told_bytes
            now_at = trio.current_time()
            if now_at - told_at < PROGRESS_S:
                return
            rate = max(progress.done_bytes - told_bytes, 0) / (now_at - told_at)
            told_at, told_bytes = now_at, progress.done_bytes
            self._store.dispatch(
                TransferProgressed(
                    effect.effect_id, effect.job_id, progress.done_bytes, progress.total_bytes, round(rate)
                ),
                by=BY,
            )

        return hear

    async def _sweep(self, effect: SweepPartials) -> None:
        try:
            await self._tools.mover.run(orders.Sweep(job=SWEEP_JOB, keep=effect.keep, roots=effect.roots))
        except MoveFailed:  # what is left over harms nobody; the next start looks again
            return

    # ---------------------------------------------------------------- the history

    async def _record(self, effect: RecordIngest) -> Recorded:
        await self._tools.archive.record(effect.record, self._tools.watched)
        if effect.drop_sources:
            wanted = frozenset(effect.drop_sources)
            files = tuple(_dropped(file) for file in effect.record.files if file.source in wanted)
            try:
                await self._tools.mover.run(orders.DropSource(job=effect.job_id, files=files))
            except MoveFailed as error:
                if error.kind in ("worker_died", "busy", "cancelled"):
                    raise  # the row is there; a second time only the source goes
                return Recorded(effect.effect_id, effect.job_id, f"the source stays: {error.detail}")
        return Recorded(effect.effect_id, effect.job_id)

    async def _undo(self, effect: UndoIngest) -> Undone:
        record = effect.record
        ours = [file for file in record.files if file.method != "already there"]
        order = orders.Undo(
            job=record.record_id,
            files=tuple([_to_undo(file, back=await self._goes_back(file)) for file in ours]),
            retired=tuple((self._place(old), where) for old, where in record.retired),
        )
        undone = await self._tools.mover.run(order)
        await self._tools.archive.mark_undone(record.record_id, self._tools.wall_at())
        told = tuple(f"{f.path} {f.did}{f' to {f.to}' if f.to else ''}" for f in undone.files)
        return Undone(effect.effect_id, effect.job_id, told)

    async def _goes_back(self, file: RecordedFile) -> bool:
        """Tell whether a file goes back to its source. A source on another disk that could not be removed stays."""
        if not file.moved or file.method == "rename":
            return file.moved
        folder = file.source.rpartition("/")[0] or "/"
        try:
            return not await ask_disk(folder, lambda: os.path.lexists(file.source))
        except TreeError as error:
            raise MoveFailed("io", file.source, str(error)) from error


def _dropped(file: RecordedFile) -> orders.FileOrder:
    return orders.FileOrder(
        source=file.source,
        root=file.root,
        path=file.path,
        size=file.size,
        mtime_ns=file.source_mtime_ns,
        inode=file.source_inode,
    )


def _to_undo(file: RecordedFile, *, back: bool) -> orders.UndoFile:
    return orders.UndoFile(
        source=file.source,
        root=file.root,
        path=file.path,
        size=file.size,
        sha256=file.sha256,
        source_mtime_ns=file.source_mtime_ns,
        source_inode=file.source_inode,
        back=back,
        recycled=file.recycled,
        made_folders=file.made_folders,
    )
