"""Deadlines: moments kept in state. No task sleeps for the core."""

from collections.abc import Iterable


def earliest(moments: Iterable[float | None]) -> float | None:
    """Give the first of the moments that are set, or nothing."""
    return min((m for m in moments if m is not None), default=None)


def is_due(moment: float | None, now_at: float) -> bool:
    """Tell whether a deadline is set and has been reached. A spurious wake-up finds nothing due."""
    return moment is not None and moment <= now_at
