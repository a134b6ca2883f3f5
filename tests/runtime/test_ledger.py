"""What is written: segments, durable slices, accounts of crashes, retention."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace as but

from segue.core.music.actions import VolumeChanged
from segue.core.music.state import DurableMusic, durable, revived
from segue.core.state import State
from segue.runtime.database import FILE_NAME, Database
from segue.runtime.durable import SLICES, DurableSlice
from segue.runtime.ledger import FREE_PAGES_KEPT, Ledger, Limits, rows_of, told_rows
from segue.runtime.replay import replay_rows, segments
from tests.runtime.steps import PID, Steps, song

NOW = 1_700_001_000.0
DAY_S = 86_400.0


class Book:
    """A ledger on a real file, which can be closed and opened again."""

    def __init__(self, directory: Path) -> None:
        self.database = Database(directory, lambda: NOW)
        self.limits = Limits()
        self.slices = SLICES
        self.open()

    def open(self, limits: Limits | None = None, slices: tuple[DurableSlice, ...] | None = None) -> Ledger:
        self.limits = limits or self.limits
        self.slices = slices or self.slices
        self.database.close()
        self.db: sqlite3.Connection = self.database.open()
        self.ledger = Ledger(self.db, self.limits, self.slices)
        return self.ledger

    def one(self, sql: str) -> object:
        (value,) = self.db.execute(sql).fetchone()
        return value

    def tidy(self, now: float = NOW) -> int:
        count = 0
        while self.ledger.tidy(now):
            count += 1
            assert count < 10_000
        return count


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    found = Book(tmp_path)
    yield found
    found.database.close()


def levels(steps: Steps, count: int, *, after_s: float = 0.01) -> None:
    for n in range(count):
        steps.take(VolumeChanged(PID, n % 60, muted=False), after_s=after_s)


# ------------------------------------------------------------------ steps and segments


def test_all_steps_are_there_in_order(book: Book) -> None:
    """Chunks of any size come to the same rows."""
    steps = Steps().begin()
    levels(steps, 150)
    book.ledger.write(steps.appends)
    written = [seq for (seq,) in book.db.execute("SELECT seq FROM steps ORDER BY seq")]
    assert written == [e.stamp.seq for e in steps.entries]
    assert book.ledger.row_count == len(written)
    assert book.open().row_count == len(written)


def test_a_segment_opens_with_the_state_before_its_first_step(book: Book) -> None:
    steps = Steps().begin()
    book.ledger.write(steps.appends[:3])
    book.ledger.write(steps.appends[3:])
    (segment,) = segments(book.db)
    assert segment.first_seq == 1
    snapshot = msgspec.json.decode(str(book.one("SELECT json FROM snapshots")), type=State)
    assert snapshot == steps.entries[0].before


def test_a_gap_opens_a_new_segment(book: Book) -> None:
    """Lost steps end a segment, so that each one can be replayed by itself."""
    steps = Steps().begin()
    levels(steps, 4)
    book.ledger.write(steps.appends[:5])
    book.ledger.write(steps.appends[6:])
    first, second = segments(book.db)
    assert second.first_seq == steps.appends[6][0].stamp.seq
    assert first.end_seq == second.first_seq
    assert book.one("SELECT group_concat(continues) FROM segments") == "0,0"


def test_a_new_process_opens_a_new_segment(book: Book) -> None:
    steps = Steps().begin()
    book.ledger.write(steps.appends)
    book.open()
    again = Steps(first_seq=book.ledger.load(NOW).next_seq)
    levels(again, 1)
    book.ledger.write(again.appends)
    assert [s.number for s in segments(book.db)] == [1, 2]


@pytest.mark.parametrize(
    ("limits", "after_s"),
    [
        (Limits(segment_rows=10), 0.01),
        (Limits(segment_s=60.0), 10.0),
        (Limits(keep_mb=0.03), 0.01),
    ],
)
def test_rows_bytes_and_time_end_a_segment(book: Book, limits: Limits, after_s: float) -> None:
    """Such a segment goes on where the last one ended, and says so."""
    book.open(limits)
    steps = Steps().begin()
    levels(steps, 30, after_s=after_s)
    for append in steps.appends:
        book.ledger.write([append])
    found = segments(book.db)
    assert len(found) >= 3
    assert book.one("SELECT min(continues) FROM segments WHERE segment > 1") == 1
    for segment in found:
        append_starts = {append[0].stamp.seq for append in steps.appends}
        assert segment.first_seq in append_starts


def test_a_failed_write_leaves_the_ledger_as_it_was(book: Book) -> None:
    """Rows, segments and slices roll back together, in memory too; the next try succeeds."""
    steps = Steps().begin()
    book.ledger.write(steps.appends[:2])
    before = book.ledger.row_count
    pages = int(str(book.one("PRAGMA page_count")))
    levels(steps, 200)
    book.db.execute(f"PRAGMA max_page_count = {pages}").fetchone()
    with pytest.raises(sqlite3.OperationalError, match="full"):
        book.ledger.write(steps.appends[2:])
    assert book.ledger.row_count == before
    assert book.one("SELECT count(*) FROM steps") == before
    book.db.execute("PRAGMA max_page_count = 1000000").fetchone()
    book.ledger.write(steps.appends[2:])
    assert book.one("SELECT count(*) FROM steps") == len(steps.entries)
    assert len(segments(book.db)) == 1


# ------------------------------------------------------------------ durable slices


def test_what_is_kept_is_what_the_last_step_left(book: Book) -> None:
    """The durable slice is written with the step that changed it, and revived at the next start."""
    steps = Steps().begin(level=37)
    book.ledger.write(steps.appends)
    loaded = book.open().load(NOW)
    kept = durable(steps.store.state.music)
    assert kept.rooms[0][1].base_levels == (("inputs/cd", 37),)
    assert loaded.state == State(music=revived(kept))
    assert loaded.set_aside == ()
    assert loaded.next_seq == steps.entries[-1].stamp.seq + 1


def test_an_unchanged_slice_is_not_written_again(book: Book) -> None:
    steps = Steps().begin()
    book.ledger.write(steps.appends)
    seq_before = book.one("SELECT seq FROM durable")
    more = len(steps.appends)
    steps.plex()
    assert durable(steps.appends[-1][-1].after.music) == durable(steps.appends[more][0].before.music)
    book.ledger.write(steps.appends[more:])
    assert book.one("SELECT seq FROM durable") == seq_before


def test_numbers_go_on_though_all_rows_are_gone(book: Book) -> None:
    steps = Steps().begin()
    book.ledger.write(steps.appends)
    book.db.execute("DELETE FROM steps")
    seq = int(str(book.one("SELECT seq FROM durable")))
    assert book.open().load(NOW).next_seq == seq + 1


@pytest.mark.parametrize("text", ["", "{", '{"rooms": 5}', '{"rooms": [["living", {"base_levels": "x"}]]}'])
def test_an_unreadable_slice_is_set_aside_and_told_once(book: Book, text: str) -> None:
    """The daemon starts without it; the row is kept under another roof, for a person to look at."""
    book.db.execute("INSERT INTO durable VALUES ('music', 1, ?, 9)", (text,))
    loaded = book.open().load(NOW)
    assert loaded.state == State()
    ((domain, reason),) = loaded.set_aside
    assert domain == "music"
    assert reason
    assert book.db.execute("SELECT json, seq FROM set_aside").fetchall() == [(text, 9)]
    assert book.one("SELECT count(*) FROM durable") == 0
    assert book.open().load(NOW).set_aside == ()


def test_a_slice_of_a_newer_segue_is_set_aside(book: Book) -> None:
    book.db.execute("INSERT INTO durable VALUES ('music', 99, '{}', 9)")
    assert "newer segue (version 99, ours is 1)" in book.open().load(NOW).set_aside[0][1]


def test_a_slice_of_a_domain_that_we_do_not_know_is_left_alone(book: Book) -> None:
    book.db.execute("INSERT INTO durable VALUES ('garden', 1, '{}', 9)")
    steps = Steps().begin()
    book.open().load(NOW)
    book.ledger.write(steps.appends)
    assert book.one("SELECT json FROM durable WHERE domain = 'garden'") == "{}"


def third_version(*missing: int) -> tuple[DurableSlice, ...]:
    """The music slice as version 3, whose older versions were a list and a level per room."""
    migrations = {
        1: lambda old: {"levels": dict(old)},
        2: lambda old: {
            "rooms": [[n, {"base_levels": [["inputs/cd", lv]]}] for n, lv in old["levels"].items()]
        },
    }
    for number in missing:
        del migrations[number]
    return (but(SLICES[0], version=3, migrations=migrations),)


def test_older_versions_are_migrated_step_by_step(book: Book) -> None:
    """And written anew, under the present version, with the next step."""
    book.db.execute("INSERT INTO durable VALUES ('music', 1, '[[\"living\", 33]]', 9)")
    state = book.open(slices=third_version()).load(NOW).state
    assert dict(state.music.kept_elsewhere)["living"].base_levels == (("inputs/cd", 33),)
    steps = Steps(state, first_seq=10).begin(level=33)
    book.ledger.write(steps.appends)
    assert book.one("SELECT version FROM durable") == 3
    kept = msgspec.json.decode(str(book.one("SELECT json FROM durable")), type=DurableMusic)
    assert kept == durable(steps.store.state.music)


def test_a_missing_migration_sets_the_slice_aside(book: Book) -> None:
    book.db.execute("INSERT INTO durable VALUES ('music', 1, '[[\"living\", 33]]', 9)")
    loaded = book.open(slices=third_version(2)).load(NOW)
    assert "no way from version 2 to 3" in loaded.set_aside[0][1]


# ------------------------------------------------------------------ starts and crashes


def test_a_clean_stop_is_told_from_a_crash(book: Book) -> None:
    assert book.ledger.load(NOW).stopped_cleanly
    book.ledger.note_running(running=True)
    assert not book.open().load(NOW).stopped_cleanly
    book.ledger.note_running(running=False)
    assert book.open().load(NOW).stopped_cleanly


@pytest.mark.parametrize(
    ("domain", "guilty"),
    [("music", ("music",)), ("house", ("music", "ingest", "party"))],
    ids=["music", "house"],
)
def test_the_third_failure_in_ten_minutes_sets_the_slice_aside(
    book: Book, domain: str, guilty: tuple[str, ...]
) -> None:
    """For `house`, the rules, every slice is suspect. After that the account begins anew."""
    book.ledger.write(Steps().begin().appends)
    assert book.ledger.note_core_failure(domain, "boom", NOW) == ()
    assert book.ledger.note_core_failure(domain, "boom", NOW + 200) == ()
    assert book.open().load(NOW).state != State()
    assert book.ledger.note_core_failure(domain, "boom 3", NOW + 599) == guilty
    loaded = book.open().load(NOW + 600)
    assert loaded.state == State()
    reason = "the core failed 3 times in ten minutes; last: boom 3"
    assert loaded.set_aside == tuple((name, reason) for name in guilty)
    assert book.ledger.note_core_failure(domain, "boom", NOW + 601) == ()


def test_failures_far_apart_set_nothing_aside(book: Book) -> None:
    book.ledger.write(Steps().begin().appends)
    for n in range(6):
        assert book.ledger.note_core_failure("music", "boom", NOW + n * 301) == ()


def test_the_failures_of_another_domain_do_not_count(book: Book) -> None:
    """The system domain keeps nothing, so nothing is set aside for it."""
    book.ledger.write(Steps().begin().appends)
    for n in range(4):
        assert book.ledger.note_core_failure("system", "boom", NOW + n) == ()
    assert book.ledger.note_core_failure("music", "boom", NOW + 5) == ()


def test_few_slices_are_kept_aside(book: Book) -> None:
    for n in range(60):
        book.db.execute("INSERT OR REPLACE INTO durable VALUES ('music', 1, '', ?)", (n,))
        book.open().load(NOW)
    assert book.one("SELECT count(*) FROM set_aside") == 20
    assert book.one("SELECT max(seq) FROM set_aside") == 59


# ------------------------------------------------------------------ retention


def written_in_segments(book: Book, limits: Limits, count: int, *, after_s: float = 0.01) -> Steps:
    book.open(limits)
    steps = Steps(first_seq=book.ledger.load(NOW).next_seq).begin()
    levels(steps, count, after_s=after_s)
    for start in range(0, len(steps.appends), 100):
        book.ledger.write(steps.appends[start : start + 100])
    return steps


def test_old_segments_go_whole(book: Book) -> None:
    """After keep_days; what stays can still be replayed. The newest stays however old it is."""
    steps = written_in_segments(book, Limits(keep_days=2.0), 40, after_s=DAY_S / 8)
    before = segments(book.db)
    assert len(before) == 6
    book.tidy(steps.clock.wall_at())
    kept = segments(book.db)
    assert [s.number for s in kept] == [3, 4, 5, 6]
    assert book.one("SELECT min(seq) FROM steps") == kept[0].first_seq
    assert book.one("SELECT count(*) FROM snapshots") == len(kept)
    assert book.ledger.row_count == book.one("SELECT count(*) FROM steps")
    (text,) = book.db.execute("SELECT json FROM snapshots WHERE segment = ?", (kept[0].number,)).fetchone()
    rows = [r for r in steps.rows() if kept[0].first_seq <= r.seq < (kept[0].end_seq or 0)]
    assert replay_rows(msgspec.json.decode(text, type=State), rows).mismatch is None
    book.tidy(steps.clock.wall_at() + 365 * DAY_S)
    assert [s.number for s in segments(book.db)] == [6]


def test_the_file_stays_within_its_size_and_gives_space_back(book: Book, tmp_path: Path) -> None:
    """Old segments go until what is left fits keep_mb, in small pieces; the file on disk shrinks."""
    written_in_segments(book, Limits(keep_mb=64.0, segment_rows=50_000), 20_000)
    book.ledger.fold()
    large = (tmp_path / FILE_NAME).stat().st_size
    book.open(Limits(keep_mb=1.5, segment_rows=1000))
    assert book.tidy() == 0, "one segment only: it is the current one"
    written_in_segments(book, Limits(keep_mb=1.0, segment_rows=500), 3000)
    pieces = book.tidy()
    book.ledger.fold()
    small = (tmp_path / FILE_NAME).stat().st_size
    assert pieces > 20_000 / 256
    assert small < large / 2
    assert small <= 1_000_000 + FREE_PAGES_KEPT * 4096
    assert len(segments(book.db)) >= 1


def test_a_segment_that_is_being_dropped_is_not_offered(book: Book) -> None:
    """Also when the daemon died in the middle: the next one finishes the work."""
    steps = written_in_segments(book, Limits(segment_rows=1000, keep_days=1.0), 2500)
    later = steps.clock.wall_at() + 3 * DAY_S
    assert book.ledger.tidy(later)
    assert [s.number for s in segments(book.db)] == [2, 3]
    book.open(Limits(keep_days=100.0))
    book.tidy(later)
    assert book.one("SELECT min(segment) FROM segments") == 2
    assert book.one("SELECT min(seq) FROM steps") == segments(book.db)[0].first_seq


def test_nothing_to_tidy_is_one_look(book: Book) -> None:
    book.ledger.write(Steps().begin().appends)
    assert book.ledger.tidy(NOW) is False


# ------------------------------------------------------------------ reading


def test_told_rows_are_acts_and_outcomes_newest_first(book: Book) -> None:
    steps = Steps().begin()
    steps.plex(song())
    book.ledger.write(steps.appends)
    found = told_rows(book.db, None, 10)
    assert len(found) == 10
    assert [r.seq for r in found] == sorted((r.seq for r in found), reverse=True)
    rest = told_rows(book.db, found[-1].seq, 10_000)
    assert rest[0].seq < found[-1].seq
    types = {r.type for r in (*found, *rest)}
    assert "music.command_done" in types
    assert "music.webhook_heard" not in types


def test_rows_are_found_by_number(book: Book) -> None:
    steps = Steps().begin()
    book.ledger.write(steps.appends)
    assert {r.seq for r in rows_of(book.db, [2, 3, 999_999])} == {2, 3}
