"""Lines between a home and the server, and clocks that are wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log
from random import Random
from typing import NamedTuple

from benchmarks.party_sim.kernel import Kernel


class LinkKind(NamedTuple):
    """Seconds: what is always there, what comes on top (lognormal), and how often a spike of 0.2 to 0.9 s comes."""

    base: float
    median: float
    sigma: float
    spike: float


LINKS = {
    "lan": LinkKind(0.001, 0.0005, 0.5, 0.0),
    "home": LinkKind(0.012, 0.006, 0.9, 0.002),
    "far": LinkKind(0.060, 0.010, 0.8, 0.004),
    "mobile": LinkKind(0.035, 0.025, 1.0, 0.02),
}


def lognormal(rng: Random, median: float, sigma: float) -> float:
    """Draw a latency by its median and spread."""
    return exp(rng.gauss(log(median), sigma))


class Link:
    """Two directions, each first in first out. The way up is not as long as the way down."""

    def __init__(self, kernel: Kernel, kind: LinkKind, rng: Random) -> None:
        self._kernel, self._kind, self._rng = kernel, kind, rng
        self._base = {"up": kind.base * rng.uniform(0.7, 1.5), "down": kind.base}
        self._free = {"up": 0.0, "down": 0.0}

    def send(self, way: str, call: Callable[[], None]) -> None:
        """Deliver by calling, after the delay of now."""
        delay = self._base[way] + lognormal(self._rng, self._kind.median, self._kind.sigma)
        if self._rng.random() < self._kind.spike:
            delay += self._rng.uniform(0.2, 0.9)
        moment = max(self._kernel.now + delay, self._free[way] + 1e-6)
        self._free[way] = moment
        self._kernel.at(moment, call)


@dataclass
class Clock:
    """A home's clock: set wrongly, and running a little fast or slow."""

    offset: float
    drift: float

    def ours(self, true: float) -> float:
        """Turn true time into this clock's."""
        return true * (1.0 + self.drift) + self.offset

    def true(self, ours: float) -> float:
        """Turn this clock's time into true time."""
        return (ours - self.offset) / (1.0 + self.drift)
