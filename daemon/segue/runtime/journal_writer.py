"""The one thread that touches the database: it commits in groups, serves readers in between, and tidies up.

All that waits when the thread comes round goes into one transaction (up to `GROUP_ROWS`, whole appends only), so a busy
house pays for one fsync a group and a quiet one waits for nobody. Between two commits at most one job is served. It
never wakes up by itself, unless something waits that the disk has refused.

What may go wrong, and what becomes of it:

=============  =====================================================================================================
full, I/O      the group is rolled back and kept, the listener is told, and it is tried again after 1 s to 15 s
damaged        the file is moved aside, a fresh one begun, and the durable slices of the newest state written to it
hangs          past `queue_rows` steps, all that wait but the newest append are given up, and the listener is told
not encodable  that append is given up but for its durable slices, and the listener is told
=============  =====================================================================================================

After steps were given up, the newest number is committed all the same: the durable slices of that step are on disk.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from segue.core.state import State
from segue.errors import SegueError
from segue.runtime.database import Database, StateDirError, StateLock, trouble_of
from segue.runtime.durable import DurableSlice
from segue.runtime.journal import Entry
from segue.runtime.ledger import Ledger, Limits, Loaded

T = TypeVar("T")
Append = tuple[Entry, ...]

GROUP_ROWS = 512
"""Steps of one transaction, about: some 10 ms of encoding."""
FOLD_EVERY = 400
"""Commits after which the write-ahead log is folded in as soon as there is time."""
RETRY_MIN_S = 1.0
RETRY_MAX_S = 15.0
OPEN_S = 60.0
"""How long the file may take to open; a check of 32 MB on a bad card is slow."""


class JournalUnavailableError(SegueError):
    """The journal cannot be read now; says why."""

    code = "journal_unavailable"


class Listener(Protocol):
    """Who hears of commits and failures; called in whichever thread finds out, so it must only pass the news on."""

    def committed(self, seq: int) -> None:
        """All steps up to a number are on disk."""

    def failed(self, text: str) -> None:
        """They are not, and this is why."""


class Writer:
    """The thread, its queue and its jobs. Every method may be called from any thread."""

    def __init__(
        self,
        directory: Path,
        limits: Limits,
        slices: Sequence[DurableSlice],
        listener: Listener,
        *,
        queue_rows: int,
        prepare: Callable[[sqlite3.Connection], None],
    ) -> None:
        """Take the directory, start the thread and wait until it has opened the file. Raises `StateDirError`."""
        self.trouble = ""
        """Why the last commit failed; empty after one that did not."""
        self.lost = 0
        """Steps given up since the start."""
        self.row_count = 0
        self.segment = 0
        self._limits = limits
        self._slices = slices
        self._listener = listener
        self._queue_rows = queue_rows
        self._prepare = prepare
        self._lock = StateLock(directory)
        self._database = Database(directory, time.time)
        self._ledger: Ledger | None = None
        self._notices_told = 0
        # Guarded by the condition.
        self._wake = threading.Condition()
        self._queue: deque[Append] = deque()
        self._queued = 0
        self._jobs: deque[tuple[Callable[[Ledger, sqlite3.Connection], Any], Future[Any]]] = deque()
        self._stop_by: float | None = None
        self._retry_at: float | None = None
        # The thread's own.
        self._group: list[Append] = []
        self._retry_s = RETRY_MIN_S
        self._untidy = True
        self._unfolded = 0
        opened: Future[Loaded] = Future()
        self._thread = threading.Thread(target=self._run, args=(opened,), name="segue-journal", daemon=True)
        self._thread.start()
        self.loaded = self._await_open(opened)

    def _await_open(self, opened: "Future[Loaded]") -> Loaded:
        try:
            return opened.result(OPEN_S)
        except TimeoutError:
            text = f"{self._database.path}: the disk has not answered for {OPEN_S:.0f} s."
            raise StateDirError(text, "See the kernel's log (`dmesg`).") from None
        except BaseException:
            self._thread.join(OPEN_S)  # it lets the directory go
            raise

    # ---------------------------------------------------------------- for others

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should hear about the file."""
        return tuple(self._database.notices)

    @property
    def waiting(self) -> int:
        """Steps that are not yet on disk."""
        return self._queued + sum(map(len, self._group))

    def append(self, append: Append) -> None:
        """Queue the steps of one dispatch; never waits for the disk."""
        lost = 0
        with self._wake:
            if self._stop_by is not None:
                return
            if self._queued + len(append) > self._queue_rows:
                lost, self._queued = self._queued, 0
                self._queue.clear()
            self._queue.append(append)
            self._queued += len(append)
            self._wake.notify()
        if lost:
            self.lost += lost
            self._listener.failed(f"the disk is too slow: {lost} steps were not written down")

    def submit(self, job: Callable[[Ledger, sqlite3.Connection], T]) -> "Future[T]":
        """Have something done in the thread, between two commits."""
        future: Future[T] = Future()
        with self._wake:
            if self._thread.is_alive():
                self._jobs.append((job, future))
                self._wake.notify()
                return future
        future.set_exception(JournalUnavailableError("The journal is closed."))
        return future

    def stop(self, timeout_s: float) -> None:
        """Take no more, write what is queued within the time, close the file."""
        with self._wake:
            if self._stop_by is None:
                self._stop_by = time.monotonic() + timeout_s
                self._retry_at = None  # one last try
            self._wake.notify()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; tells whether it has come and everything is on disk."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self.waiting

    # ---------------------------------------------------------------- the thread

    def _run(self, opened: "Future[Loaded]") -> None:
        try:
            try:
                loaded = self._start()
            except (sqlite3.Error, OSError) as error:
                where = self._database.path
                text = f"{where}: the journal cannot be opened: {error}."
                hint = "Nothing was changed; mend the disk, or move the file away to begin anew."
                opened.set_exception(StateDirError(text, hint))
                return
            except BaseException as error:
                opened.set_exception(error)
                return
            opened.set_result(loaded)
            while self._turn():
                pass
        finally:
            self._database.close()
            self._lock.release()
            with self._wake:
                jobs, self._jobs = self._jobs, deque()
            for _, future in jobs:
                if future.set_running_or_notify_cancel():
                    future.set_exception(JournalUnavailableError("The journal is closed."))

    def _start(self) -> Loaded:
        path = self._database.path
        was_empty = not path.exists() or path.stat().st_size == 0
        try:
            return self._opened().load(time.time())
        except sqlite3.Error as error:
            if trouble_of(error) != "full" or not was_empty:
                raise
            # Nothing was kept, so nothing is lost by going on: the tables are made when there is room.
            self._failed(error)
            return Loaded(State(), (), 1, stopped_cleanly=True)

    def _opened(self) -> Ledger:
        """Give the ledger; open the file anew if it had to be let go."""
        if self._ledger is None:
            db = self._database.open()
            self._prepare(db)
            self._ledger = Ledger(db, self._limits, self._slices)
            self._untidy = True
            self._note_size(self._ledger)
            if len(self._database.notices) > self._notices_told:
                self._tell_failed(self._database.notices[-1])
        return self._ledger

    def _turn(self) -> bool:
        """Wait for work and do one round of it; false when it is time to go."""
        with self._wake:
            while not self._has_work():
                if self._stop_by is not None:
                    return False
                self._wake.wait(self._patience_s())
            may_commit = self._may_commit()
            if may_commit:
                self._take_group()
            job = self._jobs.popleft() if self._jobs else None
        if may_commit:
            self._commit()
        if job is not None:
            self._do(*job)
        elif not may_commit:
            self._keep_house()
        return self._stop_by is None or time.monotonic() < self._stop_by

    def _has_work(self) -> bool:
        if self._jobs or self._may_commit():
            return True
        return self._stop_by is None and not self.trouble and (self._untidy or self._unfolded >= FOLD_EVERY)

    def _may_commit(self) -> bool:
        if not self._queue and not self._group:
            return False
        if self._retry_at is None:
            return True
        return self._stop_by is None and time.monotonic() >= self._retry_at

    def _patience_s(self) -> float | None:
        """Tell how long to sleep: for ever, unless something waits that the disk refused."""
        if self._retry_at is None or not (self._queue or self._group):
            return None
        return max(0.0, self._retry_at - time.monotonic())

    def _take_group(self) -> None:
        count = sum(map(len, self._group))
        while self._queue and count < GROUP_ROWS:
            append = self._queue.popleft()
            self._queued -= len(append)
            self._group.append(append)
            count += len(append)

    def _commit(self) -> None:
        newest = self._group[-1][-1].stamp.seq
        segment_before = self.segment
        try:
            ledger = self._opened()
            unwritten = self._write(ledger)
        except (sqlite3.Error, OSError, StateDirError) as error:
            self._failed(error)
            return
        self._note_size(ledger)
        self._untidy = self._untidy or self.segment != segment_before
        self._unfolded += 1
        self._retry_at, self._retry_s = None, RETRY_MIN_S
        if unwritten and not self.trouble:
            # Said once: the store answers with a step, which would be refused for the same reason, without end.
            self._tell_failed(unwritten)
        self.trouble = unwritten
        self._listener.committed(newest)

    def _write(self, ledger: Ledger) -> str:
        """Write the group. A step that cannot be encoded is given up, alone; gives the reason, if there was one."""
        try:
            ledger.write(self._group)
            self._group = []
            return ""
        except (sqlite3.Error, OSError):
            raise
        except Exception:
            return self._write_one_by_one(ledger)

    def _write_one_by_one(self, ledger: Ledger) -> str:
        reason = ""
        while self._group:
            append = self._group[0]
            try:
                ledger.write([append])
            except (sqlite3.Error, OSError):
                raise
            except Exception as error:
                self.lost += len(append)
                reason = f"step {append[0].stamp.seq} cannot be written down: {type(error).__name__}: {error}"
                ledger.write_slices(append[-1])
            self._group.pop(0)
        return reason

    def _failed(self, error: Exception) -> None:
        """Report a failure and decide what comes next; the group stays in hand."""
        trouble = trouble_of(error) if isinstance(error, sqlite3.Error) else "io"
        text = f"the journal cannot be written: {error}"
        if trouble == "damaged":
            self._ledger = None
            with suppress(OSError, StateDirError):
                self._database.move_aside(str(error))
                text = self._database.notices[-1]
        elif trouble == "io":
            # After a failed fsync nobody knows what the kernel kept: never the same descriptor again.
            self._ledger = None
            self._database.close()
        at_once = trouble == "damaged" and not self.trouble
        if text != self.trouble:
            self.trouble = text
            self._tell_failed(text)
        self._retry_at = time.monotonic() + (0.0 if at_once else self._retry_s)
        self._retry_s = min(self._retry_s * 2, RETRY_MAX_S)

    def _tell_failed(self, text: str) -> None:
        self._notices_told = len(self._database.notices)
        self._listener.failed(text)

    def _do(self, job: Callable[[Ledger, sqlite3.Connection], Any], future: "Future[Any]") -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            ledger = self._opened()
            future.set_result(job(ledger, self._database.open()))
        except BaseException as error:
            future.set_exception(error)
            if isinstance(error, sqlite3.Error) and trouble_of(error) == "damaged":
                self._failed(error)

    def _keep_house(self) -> None:
        """Do one small piece of what can wait."""
        try:
            ledger = self._opened()
            if self._unfolded >= FOLD_EVERY:
                self._unfolded = 0
                ledger.fold()
            elif self._untidy:
                self._untidy = ledger.tidy(time.time())
                self._note_size(ledger)
        except (sqlite3.Error, OSError, StateDirError) as error:
            self._untidy = False
            self._failed(error)

    def _note_size(self, ledger: Ledger) -> None:
        self.row_count, self.segment = ledger.row_count, ledger.segment
