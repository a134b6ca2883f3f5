"""The journal on disk, in a loop: commits and failures are heard, nothing blocks, nothing grows without end.

On the real clock with real files. A disk that fills is a database that may not grow; one that hangs is a connection
whose thread is held.
"""

import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio

from segue.core.actions import DeadlineDue
from segue.core.music.actions import HeosLinkChanged, PauseRequested, VolumeChanged
from segue.core.music.effects import SetVolume
from segue.core.music.state import durable, revived
from segue.core.state import State
from segue.core.system.actions import ActorFailed
from segue.core.vocabulary import EffectBase
from segue.runtime.database import FILE_NAME, StateDirError, StateDirInUseError
from segue.runtime.journal import Entry
from segue.runtime.journal_writer import JournalUnavailableError
from segue.runtime.ledger import Limits
from segue.runtime.replay import replay
from segue.runtime.sqlite_journal import SqliteJournal
from segue.runtime.store import CoreError, Store
from tests.runtime.steps import PID, Steps, json_of, song

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


async def test_what_is_committed_can_be_read(tmp_path: Path) -> None:
    """The loop hears of the last number, in the loop's thread, and numbers only rise."""
    async with opened(tmp_path) as journal:
        heard = Heard(journal)
        steps = Steps(first_seq=journal.next_seq).begin()
        more_levels(steps, 1500)
        for append in steps.appends:
            journal.append(append)
        await heard.until_committed(last_seq(steps.appends))
        assert heard.committed == sorted(set(heard.committed))
        assert heard.failed == []
        assert await numbers(journal) == [e.stamp.seq for e in steps.entries]
        status = journal.status()
        assert (status.state, status.rows, status.segment) == ("ok", len(steps.entries), 1)
        assert (status.waiting, status.lost) == (0, 0)


async def test_what_waits_is_committed_together(tmp_path: Path) -> None:
    """A thousand appends do not cost a thousand commits."""
    async with opened(tmp_path) as journal:
        heard = Heard(journal)
        steps = Steps().begin()
        more_levels(steps, 1000)
        for append in steps.appends:
            journal.append(append)
        await heard.until_committed(last_seq(steps.appends))
        assert len(heard.committed) < 50


async def test_the_next_process_goes_on(tmp_path: Path) -> None:
    """Numbers and durable slices; a segment of its own."""
    async with opened(tmp_path) as journal:
        assert journal.load_durable().state == State()
        assert journal.next_seq == 1
        steps = Steps().begin(level=33)
        for append in steps.appends:
            journal.append(append)
        journal.note_start()
    async with opened(tmp_path) as journal:
        loaded = journal.load_durable()
        assert loaded.next_seq == last_seq(steps.appends) + 1
        assert loaded.state.music == revived(durable(steps.store.state.music))
        assert not loaded.stopped_cleanly
        journal.note_start()
        journal.note_clean_stop()
    async with opened(tmp_path) as journal:
        assert journal.load_durable().stopped_cleanly


async def test_closing_writes_what_is_queued(tmp_path: Path) -> None:
    """And says so; afterwards appending is harmless and reading is refused."""
    steps = Steps().begin()
    more_levels(steps, 2000)
    async with opened(tmp_path) as journal:
        for append in steps.appends:
            journal.append(append)
        assert await journal.aclose(LONG_S)
        journal.append(steps.appends[0])
        with pytest.raises(JournalUnavailableError, match="closed"):
            await journal.read(lambda _db: None)
    async with opened(tmp_path) as journal:
        assert await numbers(journal) == [e.stamp.seq for e in steps.entries]


async def test_a_second_journal_on_the_directory_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path):
        with pytest.raises(StateDirInUseError):
            SqliteJournal(tmp_path)
    async with opened(tmp_path):
        pass


def test_a_directory_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    """And the directory is free again afterwards."""
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StateDirError, match=FILE_NAME):
        SqliteJournal(tmp_path)
    (tmp_path / FILE_NAME).rmdir()
    assert SqliteJournal(tmp_path).close()


def test_another_program_that_holds_the_file_is_named_after_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forgotten `sqlite3` shell: waited for, then reported; never broken into."""
    monkeypatch.setattr("segue.runtime.database.BUSY_S", 0.05)
    SqliteJournal(tmp_path).close()
    shell = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    shell.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StateDirError, match="locked"):
        SqliteJournal(tmp_path)
    shell.close()
    assert SqliteJournal(tmp_path).close()


def test_callbacks_into_a_loop_that_is_gone_are_dropped(tmp_path: Path) -> None:
    """The thread writes on after the loop's end, as a close at the very end needs."""
    steps = Steps().begin()

    async def short() -> SqliteJournal:
        journal = SqliteJournal(tmp_path)
        Heard(journal)
        return journal

    journal = trio.run(short)
    for append in steps.appends:
        journal.append(append)
    assert journal.close(LONG_S)
    assert trio.run(_count_rows, tmp_path) == len(steps.entries)


async def _count_rows(directory: Path) -> int:
    async with opened(directory) as journal:
        return len(await numbers(journal))


async def test_an_error_of_the_core_in_a_callback_does_not_break_the_loop(tmp_path: Path) -> None:
    """The store keeps its own failure and the process ends by that; the loop must live long enough to do so."""
    async with opened(tmp_path) as journal:
        called = trio.Event()

        def raises(_seq: int) -> None:
            called.set()
            raise CoreError("music", 1, ActorFailed("a", "b", 1.0), RuntimeError("boom"))

        journal.listen(raises, lambda _text: None)
        journal.append(Steps().begin().appends[0])
        with trio.fail_after(LONG_S):
            await called.wait()
            await trio.lowlevel.checkpoint()


# ------------------------------------------------------------------ a disk that fails


class SmallDisk:
    """A database that may not grow beyond some pages, until it is told otherwise."""

    def __init__(self, pages: int) -> None:
        self.pages = pages

    def __call__(self, db: sqlite3.Connection) -> None:
        db.execute(f"PRAGMA max_page_count = {self.pages}").fetchone()


async def test_a_full_disk_is_reported_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier rows stay and can be read meanwhile; when there is room, everything is written, in order."""
    monkeypatch.setattr("segue.runtime.journal_writer.RETRY_MIN_S", 0.05)
    async with opened(tmp_path, prepare=SmallDisk(60)) as journal:
        heard = Heard(journal)
        steps = Steps().begin()
        for append in steps.appends:
            journal.append(append)
        await heard.until_committed(last_seq(steps.appends))
        written = len(steps.entries)
        more_levels(steps, 3000)
        for append in steps.appends[written:]:
            journal.append(append)
        await heard.until(lambda: heard.failed)
        assert "full" in heard.failed[0]
        status = journal.status()
        assert status.state == "failed"
        assert "full" in status.detail
        assert len(await numbers(journal)) >= written
        await journal.read(SmallDisk(100_000))
        await heard.until_committed(last_seq(steps.appends))
        assert await numbers(journal) == [e.stamp.seq for e in steps.entries]
        assert journal.status().state == "ok"
        assert journal.status().lost == 0
        assert len(heard.failed) == 1, "said once, not at every try"


async def test_a_disk_that_is_full_from_the_start_keeps_nobody_out(tmp_path: Path) -> None:
    """Nothing was kept, so the daemon begins with nothing, and writes as soon as it can."""
    disk = SmallDisk(5)
    real = sqlite3.connect

    class Small(sqlite3.Connection):
        def execute(self, sql: str, *args: object) -> sqlite3.Cursor:
            if sql.startswith("CREATE TABLE") and disk.pages == 5:
                super().execute("PRAGMA max_page_count = 5").fetchone()
            return super().execute(sql, *args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", lambda *a, **k: real(*a, **k, factory=Small))
        patch.setattr("segue.runtime.journal_writer.RETRY_MIN_S", 0.05)
        async with opened(tmp_path) as journal:
            heard = Heard(journal)
            assert journal.load_durable().state == State()
            assert journal.status().state == "failed"
            steps = Steps().begin()
            for append in steps.appends:
                journal.append(append)
            disk.pages = 100_000
            await heard.until_committed(last_seq(steps.appends))
            assert len(await numbers(journal)) == len(steps.entries)


async def test_closing_on_a_full_disk_ends_and_says_so(tmp_path: Path) -> None:
    steps = Steps().begin()
    more_levels(steps, 3000)
    async with opened(tmp_path, prepare=SmallDisk(40)) as journal:
        for append in steps.appends:
            journal.append(append)
        with trio.fail_after(LONG_S):
            assert not await journal.aclose(5.0)


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


async def test_a_disk_that_hangs_does_not_fill_the_memory(tmp_path: Path) -> None:
    """What does not fit is given up and reported; the newest durable slice reaches the disk all the same."""
    async with opened(tmp_path, queue_rows=100) as journal:
        heard = Heard(journal)
        steps = Steps().begin(level=20)
        more_levels(steps, 350)
        steps.take(VolumeChanged(PID, 57, muted=False))
        async with held(journal):
            for append in steps.appends:
                journal.append(append)
                assert journal.status().waiting <= 100
            await heard.until(lambda: heard.failed)
        await heard.until_committed(last_seq(steps.appends))
        assert isinstance(heard.all[-1], int), "the good news comes after the bad"
        kept = await numbers(journal)
        assert kept[-1] == last_seq(steps.appends)
        assert journal.status().lost == len(steps.entries) - len(kept) > 0
        assert any("were not written down" in text for text in heard.failed)
    async with opened(tmp_path) as journal:
        assert journal.load_durable().state.music == revived(durable(steps.store.state.music))


async def test_closing_while_the_disk_hangs_is_bounded(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal, held(journal):
        journal.append(Steps().begin().appends[0])
        with trio.fail_after(LONG_S):
            assert not await journal.aclose(0.1)


async def test_reading_while_the_disk_hangs_is_bounded(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal, held(journal):
        with trio.fail_after(LONG_S), pytest.raises(JournalUnavailableError, match="not answered"):
            await journal.read(lambda _db: None, 0.05)


async def test_half_a_surrogate_pair_is_written_as_a_question_mark(tmp_path: Path) -> None:
    """Some devices cut titles in the middle of one; the step is kept, and can be replayed."""
    async with opened(tmp_path) as journal:
        heard = Heard(journal)
        steps = Steps().begin()
        poisoned = steps.take(ActorFailed("strange", "cut \ud83d", 1.0))
        steps.take(VolumeChanged(PID, 9, muted=False))
        for append in steps.appends:
            journal.append(append)
        await heard.until_committed(last_seq(steps.appends))
        assert heard.failed == []
        text = await journal.read(
            lambda db: db.execute("SELECT action FROM steps WHERE seq = ?", (poisoned,)).fetchone()[0]
        )
        assert "cut ?" in text
    assert replay("latest", tmp_path).mismatch is None


async def test_a_step_that_cannot_be_encoded_is_given_up_alone(tmp_path: Path) -> None:
    """A programmer's error must not stop the journal; what must outlive the process is written all the same."""
    async with opened(tmp_path) as journal:
        heard = Heard(journal)
        steps = Steps().begin()
        before = last_seq(steps.appends)
        steps.take(HeosLinkChanged(up=True, host=object()))  # type: ignore[arg-type]
        steps.take(VolumeChanged(PID, 11, muted=False))
        kept = durable(steps.store.state.music)
        async with held(journal):
            for append in steps.appends:
                journal.append(append)
        await heard.until_committed(last_seq(steps.appends))
        assert len(heard.failed) == 1, "said once, or the store's answers would never end"
        assert "cannot be written down: TypeError" in heard.failed[0]
        assert (await numbers(journal))[-1] == before
        assert journal.status().lost == 2
        rooms = await journal.read(lambda db: db.execute("SELECT json FROM durable").fetchone()[0])
        assert rooms == json_of(kept)
        assert ["inputs/cd", 11] in msgspec.json.decode(rooms)["rooms"][0][1]["base_levels"]
        steps.take(HeosLinkChanged(up=True, host="mended"))
        for level in (13, 14):
            steps.take(VolumeChanged(PID, level, muted=False))
            for append in steps.appends[-2 if level == 13 else -1 :]:
                journal.append(append)
            await heard.until_committed(last_seq(steps.appends))
        assert (await numbers(journal))[-1] == last_seq(steps.appends)
        assert journal.status().lost == 3, "the first sound step has an unsound state before it"
        assert journal.status().state == "ok"


async def test_damage_met_in_passing_is_put_aside_and_the_state_is_written_anew(tmp_path: Path) -> None:
    """The file is ruined under a running daemon: it stays up, and what it knows is in the new file."""
    async with opened(tmp_path) as journal:
        heard = Heard(journal)
        steps = Steps().begin(level=44)
        for append in steps.appends:
            journal.append(append)
        await heard.until_committed(last_seq(steps.appends))

        def ruin(db: sqlite3.Connection) -> None:
            db.execute("PRAGMA writable_schema = ON")
            db.execute("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'steps_told'")
            db.execute("PRAGMA schema_version = 4711")
            db.execute("PRAGMA writable_schema = OFF")

        await journal.read(ruin)
        before = len(steps.appends)
        steps.plex(song())
        for append in steps.appends[before:]:
            journal.append(append)
        await heard.until_committed(last_seq(steps.appends))
        assert any("moved to" in text for text in heard.failed)
        assert (await numbers(journal))[-1] == last_seq(steps.appends)
    assert [p for p in tmp_path.iterdir() if ".aside-" in p.name]
    async with opened(tmp_path) as journal:
        assert journal.load_durable().state.music == revived(durable(steps.store.state.music))
        assert journal.notices == ()


async def test_a_damaged_file_at_the_start_is_reported(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"rubbish " * 1000)
    async with opened(tmp_path) as journal:
        assert "not a database" in journal.notices[0]
        assert journal.next_seq == 1


async def test_an_io_error_opens_the_file_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never the same descriptor after an error of the disk; the steps are written through the new one."""
    monkeypatch.setattr("segue.runtime.journal_writer.RETRY_MIN_S", 0.05)
    connections: list[sqlite3.Connection] = []
    async with opened(tmp_path, prepare=connections.append) as journal:
        heard = Heard(journal)
        steps = Steps().begin()
        real = "segue.runtime.ledger.Ledger.write"
        with pytest.MonkeyPatch.context() as patch:

            def breaks(_ledger: object, _appends: object) -> None:
                patch.undo()
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = sqlite3.SQLITE_IOERR
                raise error

            patch.setattr(real, breaks)
            for append in steps.appends:
                journal.append(append)
            await heard.until_committed(last_seq(steps.appends))
        assert heard.failed == ["the journal cannot be written: disk I/O error"]
        assert len(connections) == 2
        assert await numbers(journal) == [e.stamp.seq for e in steps.entries]


# ------------------------------------------------------------------ with the store


async def test_three_failures_of_the_core_set_its_slice_aside(tmp_path: Path) -> None:
    """Each in a process of its own; the fourth starts without the slice and can say so."""
    async with opened(tmp_path) as journal:
        for append in Steps().begin().appends:
            journal.append(append)
        assert journal.note_core_failure("music", "boom 1") == ()
    async with opened(tmp_path) as journal:
        assert journal.note_core_failure("music", "boom 2") == ()
        assert journal.load_durable().state != State()
    async with opened(tmp_path) as journal:
        assert journal.note_core_failure("music", "boom 3") == ("music",)
    async with opened(tmp_path) as journal:
        loaded = journal.load_durable()
        assert loaded.state == State()
        assert loaded.set_aside[0][0] == "music"
        assert "boom 3" in loaded.set_aside[0][1]


async def test_the_store_holds_the_first_step_of_a_fade_until_its_commit(tmp_path: Path) -> None:
    """The receiver hears nothing of a fade before the base is on disk; the disk hangs here for a while."""
    steps = Steps().begin(level=40)
    steps.plex(song())
    async with opened(tmp_path) as journal:
        store = Store(steps.store.state, journal, clock=steps.clock, first_seq=1000, late_s=LONG_S)
        delivered: list[EffectBase] = []
        arrived = trio.Event()

        def deliver(effect: EffectBase) -> None:
            delivered.append(effect)
            arrived.set()

        store.own("heos_controller", deliver)
        async with held(journal):
            store.dispatch(PauseRequested("living"), by="uid:1000")
            steps.clock.at += 0.2
            assert store.dispatch(DeadlineDue("music"), by="store").entries[0].effects
            await trio.sleep(0.05)
            assert delivered == []
        with trio.fail_after(LONG_S):
            await arrived.wait()
        assert isinstance(delivered[0], SetVolume)
        assert delivered[0].after_commit
        kept = await journal.read(lambda db: db.execute("SELECT json FROM durable").fetchone()[0])
        assert '"faded":{' in kept


async def test_a_backup_is_whole_and_private(tmp_path: Path) -> None:
    async with opened(tmp_path / "state") as journal:
        heard = Heard(journal)
        steps = Steps().begin()
        for append in steps.appends:
            journal.append(append)
        await heard.until_committed(last_seq(steps.appends))
        await journal.backup(tmp_path / "copy.db")
        assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
        copy = sqlite3.connect(tmp_path / "copy.db")
        assert copy.execute("SELECT count(*) FROM steps").fetchone() == (len(steps.entries),)
        copy.close()
        with pytest.raises(JournalUnavailableError, match=r"copy\.db"):
            await journal.backup(tmp_path / "copy.db")
