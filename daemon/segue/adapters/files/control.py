"""Whether the work may go on, how fast, and how far it has come."""

import threading
import time
from collections.abc import Callable

from segue.adapters.files.orders import Phase, Progress
from segue.adapters.files.trouble import MoveFailed

CHUNK_BYTES = 16 * 1024 * 1024
"""What is copied in one call: large enough that calls cost nothing, small enough that a pause is felt at once."""
LIMITED_CHUNK_S = 0.25
"""With a limit, a chunk is what may be copied in this time, so that a film beside it sees no bursts."""
CHUNK_BYTES_MIN = 64 * 1024
TELL_EVERY_S = 0.2


class Gate:
    """Set by the thread that hears the controls, asked by the one that works."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._cancelled = False
        self._bytes_per_s: int | None = None
        self._free_at = 0.0
        """Moment at which the bytes taken so far are paid for."""

    def pause(self, *, paused: bool) -> None:
        """Let the work wait, or go on."""
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def limit(self, bytes_per_s: int | None) -> None:
        """Let the work go slowly; nothing: as fast as it can."""
        with self._changed:
            self._bytes_per_s = max(1, bytes_per_s) if bytes_per_s is not None else None
            self._free_at = 0.0
            self._changed.notify_all()

    def cancel(self) -> None:
        """Have the work end at its next step."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def chunk(self) -> int:
        """Say how many bytes may be moved in one go; wait while there is a pause. Raise when cancelled."""
        with self._changed:
            while True:
                if self._cancelled:
                    raise MoveFailed("cancelled", "", "The order was cancelled.")
                wait_s = self._free_at - time.monotonic() if self._bytes_per_s is not None else 0.0
                if not self._paused and wait_s <= 0:
                    break
                # A pause has no end of its own: the end of our input, too, cancels.
                self._changed.wait(None if self._paused else wait_s)
            if self._bytes_per_s is None:
                return CHUNK_BYTES
            return min(CHUNK_BYTES, max(CHUNK_BYTES_MIN, int(self._bytes_per_s * LIMITED_CHUNK_S)))

    def moved(self, count: int) -> None:
        """Note how many bytes were moved, for the limit."""
        with self._changed:
            if self._bytes_per_s is not None:
                self._free_at = max(self._free_at, time.monotonic()) + count / self._bytes_per_s


class Meter:
    """How far it has come; tells at most a few times a second, and each new phase."""

    def __init__(self, tell: Callable[[Progress], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._told_at = float("-inf")
        self.done_bytes = 0
        self.total_bytes = 0
        self.files_done = 0
        self.files_total = 0
        self._phase: Phase = "looking"
        self.path = ""
        """What is being worked on."""

    def enter(self, phase: Phase, path: str) -> None:
        """Begin with something else."""
        self._phase, self.path = phase, path
        self._say()

    def add(self, count: int) -> None:
        """Some bytes are done."""
        self.done_bytes += count
        if self._clock() - self._told_at >= TELL_EVERY_S:
            self._say()

    def _say(self) -> None:
        self._told_at = self._clock()
        self._tell(
            Progress(
                self._phase, self.path, self.done_bytes, self.total_bytes, self.files_done, self.files_total
            )
        )


class Work:
    """What every step needs: the gate and the meter."""

    def __init__(self, gate: Gate | None = None, tell: Callable[[Progress], None] = lambda _: None) -> None:
        self.gate = gate or Gate()
        self.meter = Meter(tell)
