"""The journal on disk, in a loop: commits are heard, nothing blocks, the next process goes on.

On the real clock with real files.
"""

import sqlite3
from pathlib import Path

import pytest
import trio

from segue.core.actions import DeadlineDue
from segue.core.music.actions import PauseRequested
from segue.core.music.effects import SetVolume
from segue.core.music.state import durable, revived
from segue.core.state import State
from segue.core.system.actions import ActorFailed
from segue.core.vocabulary import EffectBase
from segue.runtime.database import FILE_NAME, StateDirError, StateDirInUseError
from segue.runtime.journal_writer import JournalUnavailableError
from segue.runtime.sqlite_journal import SqliteJournal
from segue.runtime.store import CoreError, Store
from tests.runtime.journals import LONG_S, Heard, held, last_seq, more_levels, numbers, opened
from tests.runtime.steps import Steps, song


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
