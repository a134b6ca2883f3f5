"""A disk that fills, hangs, errs or lies: it is said, nothing grows without end, and what must be kept is kept.

On the real clock with real files. A disk that fills is a database that may not grow; one that hangs is a connection
whose thread is held.
"""

import sqlite3
from pathlib import Path

import msgspec
import pytest
import trio

from segue.core.music.actions import HeosLinkChanged, VolumeChanged
from segue.core.music.state import durable, revived
from segue.core.state import State
from segue.core.system.actions import ActorFailed
from segue.runtime.database import FILE_NAME
from segue.runtime.journal_writer import JournalUnavailableError
from segue.runtime.replay import replay
from tests.runtime.journals import LONG_S, Heard, held, last_seq, more_levels, numbers, opened
from tests.runtime.steps import PID, Steps, json_of, song


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
        written, kept = len(steps.appends), len(steps.entries)
        more_levels(steps, 3000)
        for append in steps.appends[written:]:
            journal.append(append)
        await heard.until(lambda: heard.failed)
        assert "full" in heard.failed[0]
        status = journal.status()
        assert status.state == "failed"
        assert "full" in status.detail
        assert len(await numbers(journal)) >= kept
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
        rooms = await journal.read(
            lambda db: db.execute("SELECT json FROM durable WHERE domain = 'music'").fetchone()[0]
        )
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
