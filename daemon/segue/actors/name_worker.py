"""What runs in the worker process that reads names.

The daemon imports this module too, to name the function; the readers themselves are imported where they are used.
"""

import contextlib
import os
import threading
from collections.abc import Sequence
from typing import Final

from segue.core.ingest.facts import ParsedName

IDLE_S: Final = 60.0
"""A worker that has had nothing to do for so long ends itself: about 40 MB are not kept for the next download."""

NICE: Final = 10
"""How much less urgent reading names is than fades and synchronisation."""

_idle: threading.Timer | None = None
_lowered = False


def unreadable() -> ParsedName:
    """Make the reading of a name that could not be read."""
    return ParsedName(flags=("unreadable_name",))


def read_names(batch: Sequence[str]) -> list[ParsedName]:
    """Read paths relative to their ingest root, in their order. A name that fails is `unreadable_name`."""
    return [_read(path) for path in batch]


def in_worker(batch: Sequence[str]) -> list[ParsedName]:
    """Do the same in a worker process: with a lower priority, and an end when nothing more comes."""
    global _idle, _lowered  # noqa: PLW0603  one worker, one timer
    if _idle is not None:
        _idle.cancel()
    if not _lowered:
        _lowered = True
        _step_back()
    names = read_names(batch)
    _idle = threading.Timer(IDLE_S, os._exit, (0,))
    _idle.daemon = True
    _idle.start()
    return names


def _step_back() -> None:
    """Let everybody else go first: this process never interrupts the daemon, which may be in the middle of a fade."""
    os.nice(NICE)
    if hasattr(os, "SCHED_BATCH"):
        with contextlib.suppress(OSError):  # a sandbox may forbid it; the lower priority is enough
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _read(path: str) -> ParsedName:
    from segue.adapters.guessit_names import guess
    from segue.core.ingest.names import read

    try:
        return read(path, guess)
    except Exception:
        return unreadable()
