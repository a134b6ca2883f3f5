"""The clocks and the dice that the store stamps with; the only place of the daemon that reads them for the core."""

import random
import time
from typing import Protocol

import trio


class Clock(Protocol):
    """What a stamp is made of."""

    def now_at(self) -> float:
        """Seconds on the monotonic timeline."""

    def wall_at(self) -> float:
        """Seconds since the Unix epoch."""

    def entropy(self) -> int:
        """64 random bits."""


class HouseClock:
    """Trio's clock, which tests may replace, the system's wall clock, and the system's dice."""

    def __init__(self) -> None:
        self._dice = random.SystemRandom()

    def now_at(self) -> float:
        """Seconds on trio's timeline."""
        return trio.current_time()

    def wall_at(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    def entropy(self) -> int:
        """64 random bits."""
        return self._dice.getrandbits(64)
