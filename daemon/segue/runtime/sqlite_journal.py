"""The journal on disk, seen from the loop: `append` returns at once, and news of commits comes back to the trio thread.

States are immutable, so a queue of references is all that passes to the writer's thread; encoding, SQL and fsync happen
there (`journal_writer.py`). What is written is in `ledger.py`, the file itself in `database.py`.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
import trio

from segue.runtime import why
from segue.runtime.database import StateDirError
from segue.runtime.durable import SLICES, DurableSlice
from segue.runtime.journal import Entry
from segue.runtime.journal_writer import JournalUnavailableError, Writer
from segue.runtime.ledger import Limits, Loaded
from segue.runtime.store import CoreError
from segue.runtime.why import Why

T = TypeVar("T")

QUEUE_ROWS = 10_000
"""Steps that may wait for a disk that hangs."""
READ_S = 5.0
"""How long a reading job may take, waiting for its turn included."""
BACKUP_S = 60.0
CLOSE_S = 2.0


class JournalStatus(msgspec.Struct, frozen=True):
    """How the journal fares."""

    state: Literal["ok", "failed"]
    detail: str
    rows: int
    """Steps on disk, about."""
    segment: int
    waiting: int
    """Steps that are not yet on disk."""
    lost: int
    """Steps that were given up since the start."""


class SqliteJournal:
    """The daemon's journal. Opening waits for the disk, so make it before the loop has much to do."""

    def __init__(
        self,
        directory: Path,
        limits: Limits | None = None,
        *,
        slices: Sequence[DurableSlice] = SLICES,
        queue_rows: int = QUEUE_ROWS,
        prepare: Callable[[sqlite3.Connection], None] = lambda _db: None,
    ) -> None:
        """Take the directory, open the file and load what was kept.

        Raises `StateDirError` when the directory is in use or cannot be used. `prepare` is called with each new
        connection, in the writer's thread: tests make the disk small with it.
        """
        self._post = _Post()
        self._writer = Writer(
            directory, limits or Limits(), slices, self._post, queue_rows=queue_rows, prepare=prepare
        )

    # ---------------------------------------------------------------- the start and the end

    def load_durable(self) -> Loaded:
        """Give what a former process kept, as it was read when the file was opened."""
        return self._writer.loaded

    @property
    def next_seq(self) -> int:
        """Number of the next step: numbers go on over restarts."""
        return self._writer.loaded.next_seq

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should hear about the file, such as that a damaged one was moved aside."""
        return self._writer.notices

    def note_start(self) -> None:
        """Note that the daemon runs from now on."""
        self._writer.submit(lambda ledger, _db: ledger.note_running(running=True))

    def note_clean_stop(self) -> None:
        """Note that the daemon stops as it should; the last thing before `close`."""
        self._writer.submit(lambda ledger, _db: ledger.note_running(running=False))

    def note_core_failure(self, domain: str, detail: str = "") -> tuple[str, ...]:
        """Note that the core raised, and wait (at most `CLOSE_S`) until that is on disk: the process ends next.

        Gives the domains whose slice was set aside because this was the third time in ten minutes.
        """
        now = time.time()
        noted = self._writer.submit(lambda ledger, _db: ledger.note_core_failure(domain, detail, now))
        try:
            return noted.result(CLOSE_S)
        except (TimeoutError, sqlite3.Error, OSError, StateDirError, JournalUnavailableError):
            return ()

    def close(self, timeout_s: float = CLOSE_S) -> bool:
        """Commit what is queued, close the file and let the directory go; false when not all reached the disk.

        Blocks, unlike `aclose`. A second call does nothing.
        """
        self._writer.stop(timeout_s)
        return self._writer.join(timeout_s + 0.5)

    async def aclose(self, timeout_s: float = CLOSE_S) -> bool:
        """Do the same without blocking the loop, and in spite of a cancellation."""
        self._writer.stop(timeout_s)
        with trio.move_on_after(timeout_s + 1.0, shield=True):
            return await trio.to_thread.run_sync(self._writer.join, timeout_s + 0.5, abandon_on_cancel=True)
        return False

    # ---------------------------------------------------------------- writing

    def listen(self, on_committed: Callable[[int], None], on_failed: Callable[[str], None]) -> None:
        """Name who hears of commits and failures, on the trio thread. To be called from there."""
        self._post.address(trio.lowlevel.current_trio_token(), on_committed, on_failed)

    def append(self, entries: Sequence[Entry]) -> None:
        """Queue the steps of one dispatch. Never blocks, and never grows without end."""
        if entries:
            self._writer.append(tuple(entries))

    # ---------------------------------------------------------------- reading

    def status(self) -> JournalStatus:
        """Say how the journal fares."""
        writer = self._writer
        return JournalStatus(
            state="failed" if writer.trouble else "ok",
            detail=writer.trouble,
            rows=writer.row_count,
            segment=writer.segment,
            waiting=writer.waiting,
            lost=writer.lost,
        )

    async def read(self, job: Callable[[sqlite3.Connection], T], timeout_s: float = READ_S) -> T:
        """Run a short reading job on the connection, between two commits. Raises `JournalUnavailableError`.

        Commits wait while it runs, so it must be bounded: some hundred rows, then others have their turn.
        """
        done = trio.Event()
        token = trio.lowlevel.current_trio_token()

        def tell(_future: object) -> None:
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(done.set)

        answer = self._writer.submit(lambda _ledger, db: job(db))
        answer.add_done_callback(tell)
        with trio.move_on_after(timeout_s):
            await done.wait()
        if not answer.done():
            answer.cancel()
            text = f"The journal has not answered for {timeout_s:g} s."
            raise JournalUnavailableError(text, "Is the disk well? See `seguectl status`.")
        try:
            return answer.result()
        except (sqlite3.Error, OSError, StateDirError) as error:
            raise JournalUnavailableError(f"The journal cannot be read: {error}.") from error

    async def query_why(self, room: str | None, limit: int) -> Why:
        """Answer why the house did what it did lately, in one room or in all. Raises `JournalUnavailableError`."""
        return await why.query(self, room, limit)

    async def backup(self, path: Path) -> None:
        """Write a copy of the whole file, mode 0600, for `segued replay` or for safety. The path must be new.

        Commits wait meanwhile, about a second per 100 MB, so the sound goes without fades: not for every hour.
        Raises `JournalUnavailableError`.
        """

        def copy(db: sqlite3.Connection) -> None:
            path.touch(mode=0o600, exist_ok=False)
            db.execute("VACUUM INTO ?", (str(path),))

        await self.read(copy, BACKUP_S)


class _Post:
    """Brings the writer's news to the trio thread; news for a loop that is gone is dropped."""

    def __init__(self) -> None:
        self._token: trio.lowlevel.TrioToken | None = None
        self._on_committed: Callable[[int], None] = lambda _seq: None
        self._on_failed: Callable[[str], None] = lambda _text: None
        self._committed_seq = 0
        self._on_its_way = False

    def address(
        self,
        token: trio.lowlevel.TrioToken,
        on_committed: Callable[[int], None],
        on_failed: Callable[[str], None],
    ) -> None:
        """Name the loop, and who hears there."""
        self._on_committed, self._on_failed, self._token = on_committed, on_failed, token

    def committed(self, seq: int) -> None:
        """Pass the number on; a message that is still on its way takes the newer one along."""
        self._committed_seq = seq
        if self._token is not None and not self._on_its_way:
            self._on_its_way = True
            self._send(self._deliver_committed)

    def failed(self, text: str) -> None:
        """Pass the reason on. The next commit must be heard after it, so it goes by itself."""
        self._on_its_way = False
        self._send(lambda: self._deliver_failed(text))

    def _send(self, deliver: Callable[[], None]) -> None:
        if self._token is not None:
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(deliver)

    def _deliver_committed(self) -> None:
        self._on_its_way = False
        with suppress(
            CoreError
        ):  # the store keeps it and ends the process; raised here it would break the loop
            self._on_committed(self._committed_seq)

    def _deliver_failed(self, text: str) -> None:
        with suppress(CoreError):
            self._on_failed(text)
