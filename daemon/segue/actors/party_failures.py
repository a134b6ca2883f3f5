"""Counts failures of the last minute by key, within bounds."""

from collections import deque
from collections.abc import Callable

FAILURES_MAX = 5
WINDOW_S = 60.0
KEYS_MAX = 8192
"""Addresses and users that are remembered; more than that are an attack, and then the oldest are forgotten."""


class Failures:
    """When something last failed, by key."""

    def __init__(self, now_at: Callable[[], float]) -> None:
        self._now_at = now_at
        self._noted: dict[str, deque[float]] = {}

    def note(self, key: str) -> None:
        """Count a failure."""
        moments = self._noted.pop(key, None) or deque(maxlen=FAILURES_MAX)
        moments.append(self._now_at())
        while len(self._noted) >= KEYS_MAX:
            del self._noted[next(iter(self._noted))]
        self._noted[key] = moments

    def count(self, key: str) -> int:
        """Give how many there were in the last minute, `FAILURES_MAX` at most."""
        moments = self._noted.get(key)
        if moments is None:
            return 0
        while moments and moments[0] <= self._now_at() - WINDOW_S:
            moments.popleft()
        if not moments:
            del self._noted[key]
        return len(moments)

    def wait_s(self, key: str) -> float:
        """Say how long it is until another failure may happen; 0 when one may now."""
        if self.count(key) < FAILURES_MAX:
            return 0.0
        return self._noted[key][0] + WINDOW_S - self._now_at()
