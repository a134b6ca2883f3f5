"""The file of the archive: opened, checked, and moved aside when it is damaged, with its history carried over."""

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec
import trio

from segue.core.ingest.records import HistoryRecord
from segue.runtime.database import StateDirError, transaction, trouble_of
from segue.runtime.rows import to_json

FILE_NAME = "library.db"
BUSY_S = 2.0
"""How long another program's lock is waited for: whoever asks waits that long behind each question before."""
SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE history (
    record_id TEXT PRIMARY KEY, kind TEXT NOT NULL, wall_at REAL NOT NULL, title TEXT NOT NULL, year INTEGER,
    media TEXT NOT NULL, tmdb_id INTEGER, undone_at REAL, json TEXT NOT NULL
);
CREATE INDEX history_at ON history (wall_at);
CREATE TABLE files (
    record_id TEXT NOT NULL, n INTEGER NOT NULL, root TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,
    sha256 TEXT NOT NULL, kind TEXT NOT NULL, source_name TEXT NOT NULL, PRIMARY KEY (record_id, n)
) WITHOUT ROWID;
CREATE INDEX files_place ON files (root, path);
CREATE INDEX files_source ON files (source_name, size);
CREATE TABLE sources (
    root TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, status TEXT NOT NULL,
    at REAL NOT NULL, PRIMARY KEY (root, path)
) WITHOUT ROWID;
CREATE TABLE answers (key TEXT PRIMARY KEY, body BLOB NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE names (key TEXT PRIMARY KEY, body BLOB NOT NULL, at REAL NOT NULL) WITHOUT ROWID
"""

Answer = TypeVar("Answer")
_LOG = logging.getLogger("segue.archive")


class ArchiveError(Exception):
    """The archive cannot be used at present; the text names the file, the trouble and the next step."""


class ArchiveFile:
    """The file and its one connection. Open it once, close it at the end."""

    def __init__(self, directory: Path, wall_at: Callable[[], float]) -> None:
        self.path = directory / FILE_NAME
        self.notices: list[str] = []
        """What a person was told: that a damaged file was moved aside."""
        self._wall_at = wall_at
        self._db: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._limiter = trio.CapacityLimiter(1)

    async def run(self, job: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Run a job on the connection, in a thread. Raises `ArchiveError`."""
        return await trio.to_thread.run_sync(self._run, job, limiter=self._limiter)

    def close(self) -> None:
        """Close the file. Never raises."""
        with self._lock:
            db, self._db = self._db, None
            if db is not None:
                with suppress(sqlite3.Error):
                    db.close()

    def _run(self, job: Callable[[sqlite3.Connection], Answer]) -> Answer:
        with self._lock:
            try:
                return job(self._open())
            except sqlite3.Error as error:
                if trouble_of(error) != "damaged":
                    raise self._said(error) from error
                self._move_aside(str(error))
            try:
                return job(self._open())
            except sqlite3.Error as error:
                raise self._said(error) from error

    def _said(self, error: sqlite3.Error) -> ArchiveError:
        hints = {
            "full": "Make room on its disk.",
            "busy": "Another program holds it; end that program.",
            "io": "Look at the disk and at the directory's rights.",
        }
        return ArchiveError(f"{self.path}: {error}. {hints.get(trouble_of(error), 'Look at the disk.')}")

    # ---------------------------------------------------------------- the file

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            try:
                self._db = self._connect()
            except sqlite3.Error as error:
                if trouble_of(error) != "damaged":
                    raise
                self._move_aside(str(error))
        assert self._db is not None
        return self._db

    def _connect(self) -> sqlite3.Connection:
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        except OSError as error:
            raise StateDirError(
                f"{self.path}: {error.strerror}.", "The daemon must be able to write it."
            ) from error
        db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL").fetchone()
            db.execute("PRAGMA synchronous = FULL")
            (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise _damaged(str(verdict).splitlines()[-1])
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA_VERSION:
                raise _damaged(f"its schema {version} is newer than ours, {SCHEMA_VERSION}")
            if version < SCHEMA_VERSION:
                with transaction(db):
                    for statement in SCHEMA.split(";"):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except BaseException:
            db.close()
            raise
        return db

    def _move_aside(self, reason: str) -> None:
        """Put a damaged file out of the way, keeping it, and carry its history over as far as it can be read."""
        kept = self._salvaged()
        db, self._db = self._db, None
        if db is not None:
            with suppress(sqlite3.Error):
                db.close()
        aside = self.path.with_name(f"{FILE_NAME}.aside-{int(self._wall_at())}")
        number = 1
        while aside.exists():
            aside, number = aside.with_name(f"{aside.name.partition('+')[0]}+{number}"), number + 1
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                self.path.with_name(FILE_NAME + suffix).rename(aside.with_name(aside.name + suffix))
        self.path.with_name(FILE_NAME + "-shm").unlink(missing_ok=True)
        text = (
            f"The history could not be used ({reason}); it was moved to {aside.name}, "
            f"{len(kept)} entries were carried over."
        )
        self.notices.append(text)
        _LOG.warning(text)
        fresh = self._db = self._connect()
        with transaction(fresh):
            for record in kept:
                write_record(fresh, record)

    def _salvaged(self) -> list[HistoryRecord]:
        found: list[HistoryRecord] = []
        with suppress(sqlite3.Error):
            db = self._db or sqlite3.connect(self.path, timeout=0.0, isolation_level=None)
            try:
                for (text,) in db.execute("SELECT json FROM history"):
                    with suppress(msgspec.MsgspecError, TypeError):
                        found.append(decode(text))
            finally:
                if db is not self._db:
                    db.close()
        return found


def _damaged(text: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(f"it is damaged: {text}")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def decode(text: str) -> HistoryRecord:
    """Read an entry."""
    return msgspec.json.decode(text, type=HistoryRecord)


def write_record(db: sqlite3.Connection, record: HistoryRecord) -> bool:
    """Write an entry with its files; tells whether it was new."""
    cursor = db.execute(
        "INSERT OR IGNORE INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.record_id,
            record.kind,
            record.wall_at,
            record.title,
            record.year,
            record.media,
            record.tmdb_id,
            record.undone_at,
            to_json(record).decode(),
        ),
    )
    if not cursor.rowcount:
        return False
    db.executemany(
        "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (record.record_id, n, f.root, f.path, f.size, f.sha256, f.kind, f.source.rpartition("/")[2])
            for n, f in enumerate(record.files)
        ),
    )
    return True
