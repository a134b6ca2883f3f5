"""A journal in a loop, as its tests use it: opened and closed, listened to, and held up."""

import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from segue.core.music.actions import VolumeChanged
from segue.runtime.journal import Entry
from segue.runtime.ledger import Limits
from segue.runtime.sqlite_journal import SqliteJournal
from tests.runtime.steps import PID, Steps

LONG_S = 20.0
"""Patience with a slow machine; nothing here takes a hundredth of it."""


class Heard:
    """What the journal told the loop."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.committed: list[int] = []
        self.failed: list[str] = []
        self.all: list[int | str] = []
        self._news = trio.Event()
        self._thread = threading.get_ident()
        journal.listen(self._on_committed, self._on_failed)

    def _on_committed(self, seq: int) -> None:
        assert threading.get_ident() == self._thread
        self.committed.append(seq)
        self._take(seq)

    def _on_failed(self, text: str) -> None:
        assert threading.get_ident() == self._thread
        self.failed.append(text)
        self._take(text)

    def _take(self, news: int | str) -> None:
        self.all.append(news)
        self._news.set()

    async def until(self, condition: Callable[[], object]) -> None:
        with trio.fail_after(LONG_S):
            while not condition():
                self._news = trio.Event()
                await self._news.wait()

    async def until_committed(self, seq: int) -> None:
        await self.until(lambda: self.committed and self.committed[-1] >= seq)


@asynccontextmanager
async def opened(
    directory: Path,
    *,
    limits: Limits | None = None,
    queue_rows: int = 10_000,
    prepare: Callable[[sqlite3.Connection], None] = lambda _db: None,
) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(directory, limits, queue_rows=queue_rows, prepare=prepare)
    try:
        yield journal
    finally:
        with trio.CancelScope(shield=True):
            await journal.aclose()


def last_seq(appends: list[tuple[Entry, ...]]) -> int:
    return appends[-1][-1].stamp.seq


async def numbers(journal: SqliteJournal) -> list[int]:
    return await journal.read(lambda db: [s for (s,) in db.execute("SELECT seq FROM steps ORDER BY seq")])


def more_levels(steps: Steps, count: int) -> None:
    for n in range(count):
        steps.take(VolumeChanged(PID, n % 60, muted=False))


@asynccontextmanager
async def held(journal: SqliteJournal) -> AsyncIterator[None]:
    """Hold the writer's thread, as a disk that does not answer would."""
    go, holds = threading.Event(), trio.Event()
    token = trio.lowlevel.current_trio_token()

    def hold(_db: sqlite3.Connection) -> None:
        token.run_sync_soon(holds.set)
        go.wait(LONG_S)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(journal.read, hold, LONG_S)
        with trio.fail_after(LONG_S):
            await holds.wait()
        try:
            yield
        finally:
            go.set()
