"""The archive: what the house keeps for years and looks up by key. One SQLite file, `library.db`.

The state is small and changes all the time; this is large and changes seldom: the history of everything that was taken
in, the sources that are dealt with, TMDb's answers, names that have been read. All calls run in a thread, one after the
other, each in one transaction. Whatever is written twice is the same as if it was written once, so that a step that
is done again after a crash leaves one row.

A file that is damaged is moved aside, and what can still be read of its history goes into the new one.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import msgspec

from segue.core.ingest.records import HistoryRecord
from segue.runtime.archive_file import ArchiveError, ArchiveFile, decode, write_record
from segue.runtime.database import transaction
from segue.runtime.rows import to_json

__all__ = ["Archive", "ArchiveError", "KnownFile"]

ANSWERS_KEPT_S = 30 * 86_400.0
NAMES_KEPT_S = 180 * 86_400.0


class KnownFile(msgspec.Struct, frozen=True):
    """A file of the history with its place, for `verify`."""

    record_id: str
    number: int
    root: str
    path: str
    size: int
    sha256: str


class Archive(ArchiveFile):
    """What is kept for years, and how it is asked for."""

    # ---------------------------------------------------------------- the history

    async def record(self, record: HistoryRecord, watched: Sequence[str] = ()) -> None:
        """Write an entry and its sources' state; a second time changes nothing.

        `watched`: the roots that are watched, so that a source below one is remembered as dealt with.
        """

        def write(db: sqlite3.Connection) -> None:
            with transaction(db):
                if write_record(db, record):
                    for file in record.files:
                        _write_source(
                            db,
                            watched,
                            (file.source, file.size, file.source_mtime_ns),
                            "ingested",
                            record.wall_at,
                        )

        await self.run(write)

    async def mark_undone(self, record_id: str, wall_at: float) -> None:
        """Note that an entry was taken back."""

        def write(db: sqlite3.Connection) -> None:
            with transaction(db):
                row = db.execute(
                    "SELECT json FROM history WHERE record_id = ? AND undone_at IS NULL", (record_id,)
                )
                for (text,) in row.fetchall():
                    record = msgspec.structs.replace(decode(text), undone_at=wall_at)
                    db.execute(
                        "UPDATE history SET undone_at = ?, json = ? WHERE record_id = ?",
                        (wall_at, to_json(record).decode(), record_id),
                    )

        await self.run(write)

    async def history(
        self, limit: int, *, before: float | None = None, text: str = ""
    ) -> list[HistoryRecord]:
        """Give entries, the newest first; `text` in their title or a file's name."""
        pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"

        def read(db: sqlite3.Connection) -> list[HistoryRecord]:
            rows = db.execute(
                "SELECT json FROM history WHERE wall_at < ? AND (title LIKE ? ESCAPE '\\' OR EXISTS (SELECT 1 FROM"
                " files WHERE files.record_id = history.record_id AND files.path LIKE ? ESCAPE '\\'))"
                " ORDER BY wall_at DESC, record_id LIMIT ?",
                (1e15 if before is None else before, pattern, pattern, limit),
            )
            return [decode(text) for (text,) in rows]

        return await self.run(read)

    async def find(self, record_id: str) -> HistoryRecord | None:
        """Give one entry."""

        def read(db: sqlite3.Connection) -> HistoryRecord | None:
            row = db.execute("SELECT json FROM history WHERE record_id = ?", (record_id,)).fetchone()
            return None if row is None else decode(row[0])

        return await self.run(read)

    async def counts(self) -> tuple[int, int]:
        """Give the number of entries, and of files."""

        def read(db: sqlite3.Connection) -> tuple[int, int]:
            (entries,) = db.execute("SELECT count(*) FROM history").fetchone()
            (files,) = db.execute("SELECT count(*) FROM files").fetchone()
            return int(entries), int(files)

        return await self.run(read)

    async def ingested_before(self, name: str, size: int) -> str:
        """Give the entry that took in a source of this name and size and was not taken back; empty if none did."""

        def read(db: sqlite3.Connection) -> str:
            row = db.execute(
                "SELECT history.record_id FROM files JOIN history USING (record_id) WHERE source_name = ? AND size = ?"
                " AND undone_at IS NULL AND history.kind = 'ingest' ORDER BY wall_at DESC LIMIT 1",
                (name, size),
            ).fetchone()
            return "" if row is None else str(row[0])

        return await self.run(read)

    async def owners(self, roots: Sequence[str], folders: Sequence[str]) -> list[tuple[str, int]]:
        """Give which TMDb id the history put into each of these folders, relative to a root."""

        def read(db: sqlite3.Connection) -> list[tuple[str, int]]:
            found = []
            for root in roots:
                for folder in folders:
                    rows = db.execute(
                        "SELECT DISTINCT tmdb_id FROM files JOIN history USING (record_id) WHERE root = ? AND"
                        " path >= ? AND path < ? AND undone_at IS NULL AND tmdb_id IS NOT NULL",
                        (root, f"{folder}/", f"{folder}0"),
                    )
                    found += [(folder, int(tmdb_id)) for (tmdb_id,) in rows]
            return found

        return await self.run(read)

    async def of_title(self, media: str, tmdb_id: int) -> list[HistoryRecord]:
        """Give the entries of a film or a show that were not taken back, the newest first."""

        def read(db: sqlite3.Connection) -> list[HistoryRecord]:
            rows = db.execute(
                "SELECT json FROM history WHERE tmdb_id = ? AND media = ? AND undone_at IS NULL"
                " ORDER BY wall_at DESC",
                (tmdb_id, media),
            )
            return [decode(text) for (text,) in rows]

        return await self.run(read)

    async def files_below(self, prefix: str, after: tuple[str, int], limit: int) -> list[KnownFile]:
        """Give files of the history that were not taken back, a page at a time, in the order of their keys."""

        def read(db: sqlite3.Connection) -> list[KnownFile]:
            rows = db.execute(
                "SELECT files.record_id, n, root, path, size, sha256 FROM files JOIN history USING (record_id)"
                " WHERE (files.record_id, n) > (?, ?) AND undone_at IS NULL"
                " AND (? = '' OR root || '/' || path = ? OR root || '/' || path LIKE ? ESCAPE '\\')"
                " ORDER BY files.record_id, n LIMIT ?",
                (*after, prefix, prefix, _escaped(prefix.rstrip("/")) + "/%", limit),
            )
            return [KnownFile(*row) for row in rows]

        return await self.run(read)

    async def has_file(self, root: str, path: str) -> bool:
        """Tell whether the history knows a file of the library."""

        def read(db: sqlite3.Connection) -> bool:
            row = db.execute("SELECT 1 FROM files WHERE root = ? AND path = ?", (root, path)).fetchone()
            return row is not None

        return await self.run(read)

    async def note_sha256(self, file: KnownFile, sha256: str) -> None:
        """Write down a checksum that was not known."""

        def write(db: sqlite3.Connection) -> None:
            with transaction(db):
                db.execute(
                    "UPDATE files SET sha256 = ? WHERE record_id = ? AND n = ?",
                    (sha256, file.record_id, file.number),
                )
                row = db.execute("SELECT json FROM history WHERE record_id = ?", (file.record_id,)).fetchone()
                record = decode(row[0])
                files = list(record.files)
                files[file.number] = msgspec.structs.replace(files[file.number], sha256=sha256)
                record = msgspec.structs.replace(record, files=tuple(files))
                db.execute(
                    "UPDATE history SET json = ? WHERE record_id = ?",
                    (to_json(record).decode(), file.record_id),
                )

        await self.run(write)

    # ---------------------------------------------------------------- sources

    async def known(self, root: str) -> dict[str, tuple[int, int, str]]:
        """Give the sources below a root that are dealt with: path -> size, mtime_ns, status."""

        def read(db: sqlite3.Connection) -> dict[str, tuple[int, int, str]]:
            rows = db.execute("SELECT path, size, mtime_ns, status FROM sources WHERE root = ?", (root,))
            return {path: (size, mtime_ns, status) for path, size, mtime_ns, status in rows}

        return await self.run(read)

    async def remember(self, root: str, files: Iterable[tuple[str, int, int]], status: str) -> None:
        """Write down that files below a root are dealt with: path, size, mtime_ns of each."""
        taken = [(root, path, size, mtime_ns, status, self._wall_at()) for path, size, mtime_ns in files]

        def write(db: sqlite3.Connection) -> None:
            with transaction(db):
                db.executemany("INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?)", taken)

        await self.run(write)

    async def forget(self, root: str, paths: Iterable[str]) -> None:
        """Let go of sources, so that they are told as new."""
        gone = [(root, path) for path in paths]

        def write(db: sqlite3.Connection) -> None:
            with transaction(db):
                db.executemany("DELETE FROM sources WHERE root = ? AND path = ?", gone)

        await self.run(write)

    # ---------------------------------------------------------------- caches: one that cannot be used is empty

    async def answer(self, key: str, max_age_s: float) -> bytes | None:
        """Give a kept answer of TMDb that is not too old."""
        oldest = self._wall_at() - max_age_s

        def read(db: sqlite3.Connection) -> bytes | None:
            row = db.execute("SELECT body FROM answers WHERE key = ? AND at >= ?", (key, oldest)).fetchone()
            return None if row is None else bytes(row[0])

        with suppress(ArchiveError):
            return await self.run(read)
        return None

    async def keep_answer(self, key: str, body: bytes) -> None:
        """Keep an answer of TMDb."""
        at = self._wall_at()

        def write(db: sqlite3.Connection) -> None:
            with transaction(db):
                db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (key, body, at))

        with suppress(ArchiveError):
            await self.run(write)

    async def names(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Give the names that were read before, by their keys."""

        def read(db: sqlite3.Connection) -> dict[str, bytes]:
            found: dict[str, bytes] = {}
            for start in range(0, len(keys), 500):
                some = keys[start : start + 500]
                marks = ", ".join("?" * len(some))
                rows = db.execute(f"SELECT key, body FROM names WHERE key IN ({marks})", list(some))  # noqa: S608
                found.update((key, bytes(body)) for key, body in rows)
            return found

        with suppress(ArchiveError):
            return await self.run(read)
        return {}

    async def keep_names(self, read: Mapping[str, bytes]) -> None:
        """Keep names that were read."""
        at = self._wall_at()

        def write(db: sqlite3.Connection) -> None:
            with transaction(db):
                db.executemany(
                    "INSERT OR REPLACE INTO names VALUES (?, ?, ?)",
                    ((k, body, at) for k, body in read.items()),
                )

        with suppress(ArchiveError):
            await self.run(write)

    async def tidy(self) -> None:
        """Drop what the caches keep no longer."""
        now = self._wall_at()

        def write(db: sqlite3.Connection) -> None:
            with transaction(db):
                db.execute("DELETE FROM answers WHERE at < ?", (now - ANSWERS_KEPT_S,))
                db.execute("DELETE FROM names WHERE at < ?", (now - NAMES_KEPT_S,))

        await self.run(write)


def _write_source(
    db: sqlite3.Connection, watched: Sequence[str], file: tuple[str, int, int], status: str, at: float
) -> None:
    path, size, mtime_ns = file
    root = next((r for r in watched if path.startswith(r.rstrip("/") + "/")), None)
    if root is not None:
        db.execute(
            "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?)",
            (root, path, size, mtime_ns, status, at),
        )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
