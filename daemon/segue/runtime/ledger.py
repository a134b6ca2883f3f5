"""What is written into the database: steps in segments, the durable slices, and the accounts of starts and crashes.

Plain SQL over one connection, called from the writer's thread only; knows no thread and no loop. All that it remembers
between two calls it has read from the file or written to it, so a new ledger on a new connection goes on correctly.

A *segment* is a run of steps with the state before its first one. A step that does not begin where the last one ended
(the process is new, or steps were lost) opens a new segment, so every segment can be replayed by itself. So do
`segment_rows` steps, `segment_bytes` or a day. Retention drops the oldest segments, never the current one.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec

from segue.core.state import State
from segue.runtime import rows
from segue.runtime.database import transaction
from segue.runtime.durable import SLICES, DurableSlice, UnreadableSliceError
from segue.runtime.journal import Entry

CHUNK_ROWS = (64, 8, 1)
"""Rows of one INSERT. Each call into SQLite gives the interpreter to the loop, and gets it back only when the loop
lets go: so few large calls, but never more than about a millisecond of encoding between two of them."""
ROW_BYTES = 150
"""What a row costs besides its action and its effects, about."""
TIDY_ROWS = 256
"""Rows dropped at a time, so that a commit never waits long for the house-keeping."""
TIDY_PAGES = 64
FREE_PAGES_KEPT = 256
"""Free pages (of 4 KiB) that stay in the file for the next rows."""
CRASHES_MAX = 3
CRASH_WINDOW_S = 600.0
SET_ASIDE_KEPT = 20
DAY_S = 86_400.0


class Limits(msgspec.Struct, frozen=True):
    """How long the journal remembers, and how it is cut."""

    keep_days: float = 7.0
    keep_mb: float = 256.0
    segment_rows: int = 20_000
    segment_s: float = DAY_S

    @property
    def segment_bytes(self) -> float:
        """Encoded bytes after which a segment ends, so that retention works in eighths of the whole."""
        return self.keep_mb * 1_000_000 / 8


class Loaded(msgspec.Struct, frozen=True):
    """What a former process left behind."""

    state: State
    """A state that holds the durable slices and nothing else."""
    set_aside: tuple[tuple[str, str], ...]
    """Domain and reason of each slice that was put away since the last start."""
    next_seq: int
    stopped_cleanly: bool


class _Segment(msgspec.Struct):
    number: int
    opened_at: float
    rows: int = 0
    bytes: int = 0


class Ledger:
    """The journal's tables on one connection."""

    def __init__(
        self, db: sqlite3.Connection, limits: Limits, slices: Sequence[DurableSlice] = SLICES
    ) -> None:
        self._db = db
        self._limits = limits
        self._slices = slices
        self._segment: _Segment | None = None
        self._after: State | None = None
        self._written: dict[str, tuple[int, str]] = {
            domain: (version, text)
            for domain, version, text in db.execute("SELECT domain, version, json FROM durable")
        }
        self._parts: dict[str, dict[str, object]] = {}
        """By domain and key, the parts as they were last written."""
        first, last = db.execute("SELECT min(seq), max(seq) FROM steps").fetchone()
        self.row_count: int = 0 if first is None else last - first + 1
        """Steps kept, by their numbers: counting them would read the whole file."""
        (newest,) = db.execute("SELECT max(segment) FROM segments").fetchone()
        self._last_segment: int = newest or 0

    @property
    def segment(self) -> int:
        """Number of the newest segment; 0 when there is none."""
        return self._last_segment if self._segment is None else self._segment.number

    # ---------------------------------------------------------------- steps

    def write(self, appends: Sequence[Sequence[Entry]]) -> None:
        """Put whole appends, and the durable slices as they are after the last one, into one transaction."""
        segment, after = self._segment, self._after
        # On a copy: a transaction that fails leaves nothing behind, here neither.
        segment = None if segment is None else msgspec.structs.replace(segment)
        count = 0
        with transaction(self._db):
            pending: list[rows.Row] = []
            for entries in appends:
                first = entries[0]
                continues = segment is not None and first.before is after
                if segment is None or not continues or self._is_full(segment, first):
                    self._insert(pending)
                    number = (segment.number if segment else self._last_segment) + 1
                    segment = self._open_segment(number, first, continues=continues)
                for entry in entries:
                    row = rows.encoded(entry)
                    pending.append(row)
                    segment.rows += 1
                    segment.bytes += len(row[5]) + len(row[9]) + ROW_BYTES
                count += len(entries)
                after = entries[-1].after
                if len(pending) >= CHUNK_ROWS[0]:
                    self._insert(pending)
            self._insert(pending)
            slices = {} if after is None else self._keep(after, appends[-1][-1].stamp.seq)
            parts = {} if after is None else self._keep_parts(after, appends[-1][-1].stamp.seq)
        self._segment, self._after = segment, after
        self._written.update(slices)
        self._parts.update(parts)
        self.row_count += count

    def write_slices(self, last: Entry) -> None:
        """Write only what must outlive the process, where a step cannot be written; the next segment begins anew."""
        with transaction(self._db):
            slices = self._keep(last.after, last.stamp.seq)
            parts = self._keep_parts(last.after, last.stamp.seq)
        self._written.update(slices)
        self._parts.update(parts)
        self._after = None

    def _is_full(self, segment: _Segment, first: Entry) -> bool:
        limits = self._limits
        age_s = abs(first.stamp.wall_at - segment.opened_at)  # the clock may have been set back
        return (
            segment.rows >= limits.segment_rows
            or segment.bytes >= limits.segment_bytes
            or age_s >= limits.segment_s
        )

    def _open_segment(self, number: int, first: Entry, *, continues: bool) -> _Segment:
        opened_at = first.stamp.wall_at
        self._db.execute(
            "INSERT INTO segments (segment, first_seq, at, code, continues) VALUES (?, ?, ?, ?, ?)",
            (number, first.stamp.seq, opened_at, rows.code_version(), continues),
        )
        snapshot = rows.to_json(first.before).decode()
        self._db.execute("INSERT INTO snapshots VALUES (?, ?)", (number, snapshot))
        return _Segment(number, opened_at)

    def _insert(self, pending: list[rows.Row]) -> None:
        """Insert and forget the rows that wait."""
        done = 0
        for size in CHUNK_ROWS:
            while len(pending) - done >= size:
                values = [value for row in pending[done : done + size] for value in row]
                self._db.execute(_INSERTS[size], values)
                done += size
        pending.clear()

    def _keep(self, state: State, seq: int) -> dict[str, tuple[int, str]]:
        """Write the durable slices that differ from what is on disk."""
        changed = {}
        for slice_ in self._slices:
            now = (slice_.version, slice_.encode(state))
            if self._written.get(slice_.domain) != now:
                self._db.execute(
                    "INSERT OR REPLACE INTO durable (domain, version, json, seq) VALUES (?, ?, ?, ?)",
                    (slice_.domain, *now, seq),
                )
                changed[slice_.domain] = now
        return changed

    def _keep_parts(self, state: State, seq: int) -> dict[str, dict[str, object]]:
        """Write the parts that are not the ones on disk, and remove those that are no more."""
        now = {}
        for slice_ in self._slices:
            if slice_.parts is None:
                continue
            domain, before = slice_.domain, self._parts.get(slice_.domain, {})
            after = now[domain] = dict(slice_.parts.project(state))
            changed = [(key, part) for key, part in after.items() if before.get(key) is not part]
            self._db.executemany(
                "INSERT OR REPLACE INTO durable_parts VALUES (?, ?, ?, ?, ?)",
                ((domain, key, slice_.version, rows.to_json(part).decode(), seq) for key, part in changed),
            )
            self._db.executemany(
                "DELETE FROM durable_parts WHERE domain = ? AND key = ?",
                ((domain, key) for key in before.keys() - after.keys()),
            )
        return now

    # ---------------------------------------------------------------- the start

    def load(self, now: float) -> Loaded:
        """Read the durable slices; one that cannot be read is set aside and the state goes without it."""
        state = State()
        for slice_ in self._slices:
            if slice_.domain not in self._written:
                continue
            version, text = self._written[slice_.domain]
            try:
                kept = slice_.decode(version, text)
            except UnreadableSliceError as error:
                self._set_aside((slice_.domain,), str(error), now)
            else:
                state = slice_.revive(state, kept)
        for slice_ in self._slices:
            if slice_.parts is not None:
                state = slice_.parts.revive(state, self._load_parts(slice_, now))
                # Keys only: the objects are new ones, so each is written once more with the first commit.
                self._parts[slice_.domain] = dict.fromkeys(slice_.parts.project(state))
        loaded = Loaded(state, self._untold(), self._next_seq(), self._note("running") != "1")
        if loaded.set_aside:
            with suppress(sqlite3.OperationalError), transaction(self._db):  # a full disk: told once more
                self._db.execute("UPDATE set_aside SET told = 1")
        return loaded

    def _load_parts(self, slice_: DurableSlice, now: float) -> dict[str, object]:
        """Read the parts of a domain; one that cannot be read is set aside alone."""
        found, broken = {}, []
        rows_ = self._db.execute(
            "SELECT key, version, json FROM durable_parts WHERE domain = ?", (slice_.domain,)
        ).fetchall()
        for key, version, text in rows_:
            try:
                found[key] = slice_.decode_part(version, text)
            except UnreadableSliceError as error:
                broken.append((key, version, text, str(error)))
        if broken:
            with transaction(self._db):
                for key, version, text, reason in broken:
                    self._db.execute(
                        "INSERT INTO set_aside (domain, version, json, seq, at, reason) VALUES (?, ?, ?, 0, ?, ?)",
                        (slice_.domain, version, text, now, f"{key}: {reason}"),
                    )
                    self._db.execute(
                        "DELETE FROM durable_parts WHERE domain = ? AND key = ?", (slice_.domain, key)
                    )
        return found

    def _untold(self) -> tuple[tuple[str, str], ...]:
        return tuple(self._db.execute("SELECT domain, reason FROM set_aside WHERE told = 0 ORDER BY id"))

    def _next_seq(self) -> int:
        (in_steps,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM steps").fetchone()
        (in_durable,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM durable").fetchone()
        (in_parts,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM durable_parts").fetchone()
        noted = self._note("last_seq")
        return int(max(in_steps, in_durable, in_parts, int(noted) if noted.isdigit() else 0)) + 1

    def _note(self, key: str) -> str:
        row = self._db.execute("SELECT value FROM notes WHERE key = ?", (key,)).fetchone()
        return "" if row is None else str(row[0])

    def note_running(self, *, running: bool) -> None:
        """Note that the daemon runs, or that it has stopped as it should."""
        with transaction(self._db):
            self._db.execute("INSERT OR REPLACE INTO notes VALUES ('running', ?)", ("1" if running else "0",))

    def note_core_failure(self, domain: str, detail: str, now: float) -> tuple[str, ...]:
        """Note that the core raised; after the third time in ten minutes put the domain's slice aside.

        `house` stands for the rules and what they share: then no slice is above suspicion. Gives what was put aside.
        """
        with transaction(self._db):
            self._db.execute(
                "INSERT INTO core_failures (domain, at, detail) VALUES (?, ?, ?)", (domain, now, detail)
            )
            self._db.execute("DELETE FROM core_failures WHERE abs(? - at) > ?", (now, CRASH_WINDOW_S))
        (count,) = self._db.execute(
            "SELECT count(*) FROM core_failures WHERE domain = ?", (domain,)
        ).fetchone()
        if count < CRASHES_MAX:
            return ()
        guilty = tuple(s.domain for s in self._slices if domain in (s.domain, "house"))
        reason = f"the core failed {count} times in ten minutes; last: {detail}"
        return self._set_aside(guilty, reason, now)

    def _set_aside(self, domains: Sequence[str], reason: str, now: float) -> tuple[str, ...]:
        moved = []
        with transaction(self._db):
            for domain in domains:
                cursor = self._db.execute(
                    "INSERT INTO set_aside (domain, version, json, seq, at, reason)"
                    " SELECT domain, version, json, seq, ?, ? FROM durable WHERE domain = ?",
                    (now, reason, domain),
                )
                cursor_of_parts = self._db.execute(
                    "INSERT INTO set_aside (domain, version, json, seq, at, reason)"
                    " SELECT domain, max(version), json_group_object(key, json(json)), max(seq), ?, ?"
                    " FROM durable_parts WHERE domain = ? GROUP BY domain",
                    (now, f"its parts: {reason}", domain),
                )
                if cursor.rowcount > 0 or cursor_of_parts.rowcount > 0:
                    moved.append(domain)
                self._db.execute("DELETE FROM durable WHERE domain = ?", (domain,))
                self._db.execute("DELETE FROM durable_parts WHERE domain = ?", (domain,))
                self._db.execute("DELETE FROM core_failures WHERE domain IN (?, 'house')", (domain,))
            self._db.execute(
                "DELETE FROM set_aside WHERE id <= (SELECT max(id) - ? FROM set_aside)", (SET_ASIDE_KEPT,)
            )
        for domain in domains:
            self._written.pop(domain, None)
            self._parts.pop(domain, None)
        return tuple(moved)

    # ---------------------------------------------------------------- house-keeping

    def tidy(self, now: float) -> bool:
        """Do one small piece of what retention asks for; tells whether there is more to do."""
        number = self._outlived(now)
        if number is not None:
            self._drop_some(number)
            return True
        (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
        if free <= FREE_PAGES_KEPT:
            return False
        # Needs to be stepped to its end, or it gives back one page only.
        self._db.execute(f"PRAGMA incremental_vacuum({TIDY_PAGES})").fetchall()
        (left,) = self._db.execute("PRAGMA freelist_count").fetchone()
        return bool(FREE_PAGES_KEPT < left < free)

    def fold(self) -> None:
        """Fold the write-ahead log into the file, so that no commit has to."""
        self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _outlived(self, now: float) -> int | None:
        """Give the oldest segment if it has to go: begun to be dropped, too old, or too much."""
        oldest = self._db.execute(
            "SELECT segment, dropping, at FROM segments ORDER BY segment LIMIT 2"
        ).fetchall()
        if len(oldest) < 2 or oldest[0][0] == self.segment:
            return None
        number, dropping, _ = oldest[0]
        ended_at = oldest[1][2]
        if dropping or now - ended_at > self._limits.keep_days * DAY_S:
            return int(number)
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
        (page_bytes,) = self._db.execute("PRAGMA page_size").fetchone()
        allowed = self._limits.keep_mb * 1_000_000 - self._limits.segment_bytes
        return int(number) if (pages - free) * page_bytes > allowed else None

    def _drop_some(self, number: int) -> None:
        (end,) = self._db.execute(
            "SELECT min(first_seq) FROM segments WHERE segment > ?", (number,)
        ).fetchone()
        with transaction(self._db):
            self._db.execute("UPDATE segments SET dropping = 1 WHERE segment = ?", (number,))
            cursor = self._db.execute(
                "DELETE FROM steps WHERE seq IN (SELECT seq FROM steps WHERE seq < ? ORDER BY seq LIMIT ?)",
                (end, TIDY_ROWS),
            )
            gone = cursor.rowcount
            if gone < TIDY_ROWS:
                self._db.execute("DELETE FROM snapshots WHERE segment = ?", (number,))
                self._db.execute("DELETE FROM segments WHERE segment = ?", (number,))
        self.row_count -= gone


def _insert_of(size: int) -> str:
    one = f"({', '.join('?' * rows.COLUMN_COUNT)})"
    # OR REPLACE: a commit that reported an error may have reached the disk all the same, and is tried again.
    return f"INSERT OR REPLACE INTO steps ({rows.COLUMNS}) VALUES {', '.join([one] * size)}"  # noqa: S608


_INSERTS = {size: _insert_of(size) for size in CHUNK_ROWS}


def told_rows(db: sqlite3.Connection, before: int | None, limit: int) -> list[rows.StepRow]:
    """Give the newest steps before a number that acted on the house or say how that went, newest first."""
    cursor = db.execute(
        f"SELECT {rows.COLUMNS} FROM steps WHERE told = 1 AND seq < ? ORDER BY seq DESC LIMIT ?",  # noqa: S608
        ((1 << 62) if before is None else before, limit),
    )
    return [rows.decoded(row) for row in cursor]


def rows_of(db: sqlite3.Connection, seqs: Sequence[int]) -> list[rows.StepRow]:
    """Give steps by their numbers; those that the journal no longer has are left out."""
    marks = ", ".join("?" * len(seqs))
    cursor = db.execute(f"SELECT {rows.COLUMNS} FROM steps WHERE seq IN ({marks})", list(seqs))  # noqa: S608
    return [rows.decoded(row) for row in cursor]


def segment_rows(db: sqlite3.Connection, first_seq: int, end_seq: int | None) -> Iterator[rows.StepRow]:
    """Give a segment's steps in order."""
    cursor = db.execute(
        f"SELECT {rows.COLUMNS} FROM steps WHERE seq >= ? AND seq < ? ORDER BY seq",  # noqa: S608
        (first_seq, (1 << 62) if end_seq is None else end_seq),
    )
    return (rows.decoded(row) for row in cursor)
