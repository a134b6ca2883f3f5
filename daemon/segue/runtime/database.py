"""The daemon's one SQLite file: locked, checked, migrated, and moved aside when it is damaged.

One process, one connection, one thread. The library of many distributions still has a fault that can ruin a database
in WAL mode when two connections write it, so nothing here ever opens a second one: `StateLock` keeps a second daemon
out, and `locking_mode=EXCLUSIVE` every other program, which also does without the shared-memory file. For the same
reason (a `close` of any handle drops the process's POSIX locks) nobody else in the daemon may open the file, not even
to copy it.

Whoever uses `Database` does so from one thread. All moments are wall time, in seconds since the Unix epoch.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from segue.errors import StartError

FILE_NAME = "segue.db"
LOCK_NAME = "segued.lock"
BUSY_S = 5.0
"""How long another program may hold the file before that is a failure."""
CHECK_WHOLE_MB = 32
"""A larger file is checked only where the start depends on it: reading 256 MB from a slow card would take seconds.
Damage elsewhere is found when it is met, and dealt with in the same way."""
WAL_PAGES = 4000
"""Backstop for the size of the write-ahead log, about 16 MB; the writer folds it in earlier, when it has time."""
KEPT_ASIDE = 3
"""Files that could not be used and are kept for a look; older ones give way."""
CHECKED_TABLES = ("migrations", "durable", "durable_parts", "set_aside", "core_failures", "notes", "segments")

Trouble = Literal["full", "busy", "damaged", "io"]


class StateDirError(StartError):
    """The state directory cannot be used; names it and the next step."""

    code = "state_dir"


class StateDirInUseError(StateDirError):
    """Another daemon uses the state directory."""

    code = "state_dir_in_use"


class NewerSchemaError(sqlite3.DatabaseError):
    """The file was written by a newer segue. Kept aside like a damaged one."""

    sqlite_errorcode = sqlite3.SQLITE_NOTADB


def trouble_of(error: sqlite3.Error) -> Trouble:
    """Tell what has befallen the disk: full, held by another program, damaged, or something else."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return "full"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "busy"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "damaged"
        case _:
            return "io"


# ------------------------------------------------------------------ one daemon a directory


class StateLock:
    """Says that a state directory is ours, for as long as the process lives; the kernel lets go when it dies."""

    def __init__(self, directory: Path) -> None:
        """Make the directory if need be (mode 0700) and take it. Raises `StateDirError` or `StateDirInUseError`."""
        self.path = directory / LOCK_NAME
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            text = f"state_dir {directory}: {error.strerror}."
            hint = "Make it writable for the daemon, or set [server] state_dir."
            raise StateDirError(text, hint) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            text = f"state_dir {directory} is in use by another segued (pid {holder})."
            raise StateDirInUseError(text, "Stop it, or set another [server] state_dir.") from error
        with suppress(OSError):  # a full disk: the lock holds all the same
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the directory go; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


# ------------------------------------------------------------------ the schema

Migration = Callable[[sqlite3.Connection], None]


FIRST_SCHEMA = """
CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE durable (
    domain TEXT PRIMARY KEY, version INTEGER NOT NULL, json TEXT NOT NULL, seq INTEGER NOT NULL
);
CREATE TABLE set_aside (
    id INTEGER PRIMARY KEY, domain TEXT NOT NULL, version INTEGER NOT NULL, json TEXT NOT NULL, seq INTEGER NOT NULL,
    at REAL NOT NULL, reason TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE core_failures (
    id INTEGER PRIMARY KEY, domain TEXT NOT NULL, at REAL NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE segments (
    segment INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, at REAL NOT NULL, code TEXT NOT NULL,
    continues INTEGER NOT NULL, dropping INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE snapshots (segment INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE steps (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, now_at REAL NOT NULL, entropy INTEGER NOT NULL, type TEXT NOT NULL,
    action TEXT NOT NULL, cause INTEGER, rule TEXT NOT NULL, who TEXT NOT NULL, effects TEXT NOT NULL,
    hashes TEXT NOT NULL, levels TEXT, told INTEGER NOT NULL
);
CREATE INDEX steps_told ON steps (seq) WHERE told = 1
"""


def _first_schema(db: sqlite3.Connection) -> None:
    for statement in FIRST_SCHEMA.split(";"):
        db.execute(statement)


def _parts_schema(db: sqlite3.Connection) -> None:
    db.execute(
        "CREATE TABLE durable_parts (domain TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL,"
        " json TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (domain, key)) WITHOUT ROWID"
    )


MIGRATIONS: tuple[Migration, ...] = (_first_schema, _parts_schema)
"""From nothing to the present schema, one step a version; never change one that was released."""
SCHEMA_VERSION = len(MIGRATIONS)


def schema_version(db: sqlite3.Connection) -> int:
    """Give the version of a file's schema; 0 for an empty file."""
    if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'").fetchone():
        return 0
    return int(db.execute("SELECT coalesce(max(version), 0) FROM migrations").fetchone()[0])


def _migrate(db: sqlite3.Connection, now: float) -> None:
    version = schema_version(db)
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(f"its schema {version} is newer than ours, {SCHEMA_VERSION}")
    for number, migration in enumerate(MIGRATIONS[version:], version + 1):
        with transaction(db):
            db.execute(
                "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, applied_at REAL NOT NULL)"
            )
            migration(db)
            db.execute("INSERT INTO migrations VALUES (?, ?)", (number, now))


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Put everything within on disk at its end, or nothing of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # the error that led here is the one to report
            if db.in_transaction:
                db.execute("ROLLBACK")
        raise


# ------------------------------------------------------------------ the file


class Salvage:
    """What could still be read of a damaged file: durable rows as they are, and the last step's number."""

    def __init__(self) -> None:
        self.durable: list[tuple[str, int, str, int]] = []
        self.parts: list[tuple[str, str, int, str, int]] = []
        self.last_seq = 0

    @classmethod
    def from_connection(cls, db: sqlite3.Connection) -> "Salvage":
        """Read what is whole; a table that is not is left out."""
        found = cls()
        with suppress(sqlite3.Error):
            if db.execute("PRAGMA quick_check(durable)").fetchone() == ("ok",):
                found.durable = db.execute("SELECT domain, version, json, seq FROM durable").fetchall()
                found.last_seq = max((row[3] for row in found.durable), default=0)
        with suppress(sqlite3.Error):
            if db.execute("PRAGMA quick_check(durable_parts)").fetchone() == ("ok",):
                found.parts = db.execute(
                    "SELECT domain, key, version, json, seq FROM durable_parts"
                ).fetchall()
        with suppress(sqlite3.Error):
            (last,) = db.execute("SELECT coalesce(max(seq), 0) FROM steps").fetchone()
            found.last_seq = max(found.last_seq, int(last))
        return found


class Database:
    """The file in a state directory, and the one connection to it."""

    def __init__(self, directory: Path, wall_at: Callable[[], float]) -> None:
        self.path = directory / FILE_NAME
        self.notices: list[str] = []
        """What a person should hear: which file was moved aside, and why."""
        self._wall_at = wall_at
        self._db: sqlite3.Connection | None = None

    def open(self) -> sqlite3.Connection:
        """Give the connection; connect, check and migrate if need be. A damaged file is moved aside.

        Raises `sqlite3.Error` for what may pass (see `trouble_of`) and `StateDirError` for what will not.
        """
        if self._db is None:
            try:
                self._db = self._connect()
            except sqlite3.Error as error:
                if trouble_of(error) != "damaged":
                    raise
                self.move_aside(str(error))
        if self._db is None:
            self._db = self._connect()
        return self._db

    def close(self) -> None:
        """Close the connection; the write-ahead log is folded in. Never raises."""
        db, self._db = self._db, None
        if db is not None:
            with suppress(sqlite3.Error):
                db.close()

    def move_aside(self, reason: str) -> Path:
        """Put a damaged file out of the way, keeping it, and carry over what of the durable rows is whole."""
        salvage = self._salvaged()
        self.close()
        base = self.path.with_name(f"{FILE_NAME}.aside-{int(self._wall_at())}")
        aside, n = base, 1
        while aside.exists():
            aside, n = base.with_name(f"{base.name}-{n}"), n + 1
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                self.path.with_name(FILE_NAME + suffix).rename(aside.with_name(aside.name + suffix))
        self.path.with_name(FILE_NAME + "-shm").unlink(missing_ok=True)
        self._forget_old_ones()
        text = f"the journal could not be used ({reason}); it was moved to {aside.name}, and a new one begun"
        self.notices.append(text)
        try:
            self._carry_over(salvage)
        except sqlite3.Error:  # what cannot be carried over now is written with the next step
            self.close()
        return aside

    def _connect(self) -> sqlite3.Connection:
        self._make_private()
        db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, cached_statements=64)
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table, or never
            (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                raise sqlite3.OperationalError(f"the file system of {self.path} allows no write-ahead log")
            db.execute("PRAGMA synchronous = FULL")
            db.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
            db.execute("PRAGMA journal_size_limit = 16777216")
            _check(db, self.path)
            _migrate(db, self._wall_at())
        except BaseException:
            db.close()
            raise
        return db

    def _make_private(self) -> None:
        """Make the file with mode 0600 before SQLite does it with another; the log takes its mode from it."""
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
            self.path.chmod(0o600)
        except OSError as error:
            hint = "The daemon must be able to write it."
            raise StateDirError(f"{self.path}: {error.strerror}.", hint) from error

    def _salvaged(self) -> Salvage:
        if self._db is not None:
            return Salvage.from_connection(self._db)
        try:
            db = sqlite3.connect(self.path, timeout=0.0, isolation_level=None)
        except sqlite3.Error:
            return Salvage()
        try:
            with suppress(sqlite3.Error):
                db.execute("PRAGMA locking_mode = EXCLUSIVE")
            return Salvage.from_connection(db)
        finally:
            with suppress(sqlite3.Error):
                db.close()

    def _carry_over(self, salvage: Salvage) -> None:
        if not salvage.durable and not salvage.parts and not salvage.last_seq:
            return
        self._db = self._connect()
        with transaction(self._db):
            self._db.executemany("INSERT OR REPLACE INTO durable VALUES (?, ?, ?, ?)", salvage.durable)
            self._db.executemany("INSERT OR REPLACE INTO durable_parts VALUES (?, ?, ?, ?, ?)", salvage.parts)
            self._db.execute("INSERT OR REPLACE INTO notes VALUES ('last_seq', ?)", (str(salvage.last_seq),))

    def _forget_old_ones(self) -> None:
        aside = [p for p in self.path.parent.glob(f"{FILE_NAME}.aside-*") if not p.name.endswith("-wal")]
        for path in sorted(aside, key=lambda p: p.stat().st_mtime)[:-KEPT_ASIDE]:
            path.unlink(missing_ok=True)
            path.with_name(path.name + "-wal").unlink(missing_ok=True)


def _check(db: sqlite3.Connection, path: Path) -> None:
    """Raise a corruption error when the file is not whole, as far as is looked (see `CHECK_WHOLE_MB`)."""
    if path.stat().st_size <= CHECK_WHOLE_MB * 1_000_000:
        checks = ["PRAGMA quick_check(1)"]
    else:
        present = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        checks = [f"PRAGMA quick_check({table})" for table in CHECKED_TABLES if table in present]
    for check in checks:
        (verdict,) = db.execute(check).fetchone()
        if verdict != "ok":
            error = sqlite3.DatabaseError(f"it is damaged: {str(verdict).splitlines()[-1]}")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
