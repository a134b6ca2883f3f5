"""The server's clock as an agent can know it: from probes that cross a network and come back.

A probe leaves at `sent_s` (ours), reaches the server at `server_received_s`, leaves it at `server_sent_s` (both the
server's), and is back at `received_s` (ours). No message arrives before it was sent, so each probe bounds the offset
(server minus ours) from both sides::

    server_sent - received  <=  offset  <=  server_received - sent

The tightest bound of each side may come from different probes: the quickest way up and the quickest way down need not
be the same round trip. The middle of what is left is the estimate, and half its width is a bound of the error that
holds whatever the network does. Against the mean of the three quickest round trips, with eight probes and 60 ms of
one-sided jitter: 9 ms instead of 13 ms (p95).
"""

from math import inf

import msgspec

PROBES_AT_START = 8
"""Probes in the first burst."""
PROBE_EVERY_S = 0.1
"""Gap between the probes of the first burst."""
PROBE_IDLE_S = 10.0
"""Gap between probes afterwards."""
KEPT = 24
"""Probes that are remembered."""
WANDER = 30e-6
"""How far two clocks part in a second, at most: old bounds are loosened by it."""
GAP_S = 120.0
"""A pause between probes after which nothing old is believed: the machine may have slept."""
STEP_S = 0.05
"""Bounds that miss each other by more than this say that one of the clocks was set."""


class Probe(msgspec.Struct, frozen=True):
    """One round trip: seconds, on the clock that the name says."""

    sent_s: float
    server_received_s: float
    server_sent_s: float
    received_s: float


class ServerClock(msgspec.Struct, frozen=True):
    """What the probes say about the server's clock."""

    probes: tuple[Probe, ...] = ()
    offset_s: float = 0.0
    """Server time minus ours; 0 before the first probe."""
    error_s: float = inf
    """The estimate is not farther from the truth than this."""

    @property
    def known(self) -> bool:
        """Whether there are enough probes to act upon."""
        return len(self.probes) >= 3

    def server_s(self, ours_s: float) -> float:
        """Turn our time into the server's."""
        return ours_s + self.offset_s

    def ours_s(self, server_s: float) -> float:
        """Turn the server's time into ours."""
        return server_s - self.offset_s


def bounds(probes: tuple[Probe, ...], now_s: float) -> tuple[float, float]:
    """Give the lowest and the highest offset that the probes allow."""
    low = max(p.server_sent_s - p.received_s - WANDER * (now_s - p.received_s) for p in probes)
    high = min(p.server_received_s - p.sent_s + WANDER * (now_s - p.received_s) for p in probes)
    return low, high


def add(clock: ServerClock, probe: Probe) -> ServerClock:
    """Take in a probe. One that contradicts itself is dropped; a clock that was set makes the old ones worthless."""
    if probe.received_s < probe.sent_s or probe.server_sent_s < probe.server_received_s:
        return clock
    kept = clock.probes
    if kept and probe.received_s - kept[-1].received_s > GAP_S:
        kept = ()
    probes = (*kept, probe)[-KEPT:]
    low, high = bounds(probes, probe.received_s)
    if low > high + STEP_S:
        probes = (probe,)
        low, high = bounds(probes, probe.received_s)
    return ServerClock(probes, (low + high) / 2, abs(high - low) / 2)


def next_probe_at(clock: ServerClock, sent: int, last_sent_at_s: float | None) -> float | None:
    """Tell when the next probe is due on our clock; None means at once."""
    if last_sent_at_s is None:
        return None
    quick = sent < PROBES_AT_START or len(clock.probes) < 3
    return last_sent_at_s + (PROBE_EVERY_S if quick else PROBE_IDLE_S)
