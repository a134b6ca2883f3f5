"""How close a party stays: our synchronisation in simulated homes, beside the rules of others in the same homes.

The others are re-implemented from their sources (`party_sim/rivals.py` says what is simplified): read them as an order
of magnitude. Four of the five player profiles are guesses; only the shim was measured. Figures are of seeds that no
constant was chosen on (those were 100 to 129). Everything is virtual time: the machine's speed has no influence on any
value but the last.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from random import Random
from statistics import fmean

from benchmarks.figures import Figure, show
from benchmarks.party_sim import ours, worlds
from benchmarks.party_sim.metrics import Meter, Result, quantile
from benchmarks.party_sim.rivals import RULES
from segue.core.party.sync.clock import PROBE_EVERY_S, Probe, ServerClock, add

SEEDS = range(1, 7)
WORKERS = 2
CLOCK_TRIALS = 2000


@dataclass
class Sum:
    """The hours of all seeds under one set of rules."""

    hours: list[Result]
    rate_change: float

    def spread(self, share: float) -> float:
        """Give a quantile of the spread over all hours."""
        return quantile([s for hour in self.hours for s in hour.spread], share)

    def mean(self, name: str) -> float:
        """Give the mean of a figure."""
        return fmean(getattr(hour, name) for hour in self.hours)

    def recovery(self, share: float) -> float:
        """Give a quantile of the time after a stall until near the others."""
        return quantile([s for hour in self.hours for s in hour.recovery_s], share)

    @property
    def join_s(self) -> float:
        """The slowest late joiner."""
        return max(hour.join_s for hour in self.hours)


def hour(task: tuple[str, worlds.WorldKind, int, int]) -> tuple[Result, float]:
    """Live one hour; gives the largest change of playback rate, too."""
    rules, kind, seed, viewers = task
    world = worlds.build(kind, seed, viewers=viewers)
    meter = Meter(world)
    if rules == "segue":
        ours.run(world)
    else:
        RULES[rules](world)
    world.kernel.run(world.length)
    return meter.finish(), max(v.player.rate_change_max for v in world.viewers)


def live(pool: ProcessPoolExecutor, rules: str, kind: worlds.WorldKind, viewers: int = 4) -> Sum:
    """Live an hour of every seed."""
    done = list(pool.map(hour, [(rules, kind, seed, viewers) for seed in SEEDS]))
    return Sum([result for result, _ in done], max(change for _, change in done))


def clock_error_ms(rng: Random, jitter: tuple[float, float]) -> float:
    """Give the error after eight probes, with so much jitter up and down (seconds, uniform)."""
    clock, truth = ServerClock(), rng.uniform(-1000.0, 1000.0)
    for number in range(8):
        sent = number * PROBE_EVERY_S
        server = sent + 0.02 + rng.uniform(0.0, jitter[0])
        back = server + 0.02 + rng.uniform(0.0, jitter[1])
        clock = add(clock, Probe(sent, server + truth, server + truth, back))
    return abs(clock.offset_s - truth) * 1000


def clock_p95_ms() -> float:
    """Give the worst p95 over the directions that jitter can have."""
    rng = Random("clock")
    shapes = ((0.06, 0.0), (0.0, 0.06), (0.06, 0.02), (0.06, 0.06))
    return max(quantile([clock_error_ms(rng, shape) for _ in range(CLOCK_TRIALS)], 0.95) for shape in shapes)


def beside(others: dict[str, Sum], tell: str) -> str:
    """Write what the others reach in the same homes."""
    found = []
    for name, summed in others.items():
        value = summed.spread(float(tell)) if tell[0].isdigit() else getattr(summed, tell, None)
        found.append(f"{name} {value if value is not None else summed.mean(tell):.2f}")
    return ", ".join(found)


def mixed(pool: ProcessPoolExecutor) -> None:
    """Four homes, four kinds of players."""
    mine = live(pool, "segue", "companion")
    others = {name: live(pool, name, "companion") for name in RULES}
    where = "party, mixed players, 6 seeds"
    show(
        Figure(f"{where}: spread p50", mine.spread(0.5), "s", 0.20, baseline=beside(others, "0.5")),
        Figure(f"{where}: spread p95", mine.spread(0.95), "s", 0.8, baseline=beside(others, "0.95")),
        Figure(
            f"{where}: disruptions a viewer's hour",
            mine.mean("disruptions"),
            "/h",
            15,
            baseline=beside(others, "disruptions"),
        ),
        Figure(
            f"{where}: group stops an hour",
            mine.mean("group_stops_per_h"),
            "/h",
            0,
            baseline=beside(others, "group_stops_per_h"),
        ),
        Figure(
            f"{where}: slowest late joiner to < 250 ms",
            mine.join_s,
            "s",
            30,
            baseline=beside(others, "join_s"),
        ),
        Figure(
            f"{where}: after a stall to < 250 ms, p50",
            mine.recovery(0.5),
            "s",
            6.0,
            baseline=f"p90 {mine.recovery(0.9):.1f} s; "
            + ", ".join(f"{n} {o.recovery(0.5):.0f}" for n, o in others.items()),
            anchor="120 means never",
        ),
    )


def own(pool: ProcessPoolExecutor) -> None:
    """Four homes with players that take a playback rate."""
    mine = live(pool, "segue", "native")
    others = {name: live(pool, name, "native") for name in ("Syncplay", "Jellyfin")}
    where = "party, own players, 6 seeds"
    show(
        Figure(f"{where}: spread p95", mine.spread(0.95), "s", 0.10, baseline=beside(others, "0.95")),
        Figure(
            f"{where}: largest change of rate",
            round(mine.rate_change * 100, 6),
            "%",
            5.0,
            anchor="SyncLounge 50 %",
        ),
    )


def crowd(pool: ProcessPoolExecutor) -> None:
    """Sixteen homes."""
    mine = live(pool, "segue", "companion", 16)
    others = {"Jellyfin": live(pool, "Jellyfin", "companion", 16)}
    where = "party, 16 viewers, 6 seeds"
    show(
        Figure(
            f"{where}: disruptions a viewer's hour",
            mine.mean("disruptions"),
            "/h",
            20,
            baseline=beside(others, "disruptions"),
        ),
        Figure(
            f"{where}: halted, from the wish on",
            mine.mean("halted_s_per_h"),
            "s/h",
            20,
            baseline=beside(others, "halted_s_per_h"),
        ),
    )


def main() -> None:
    """Measure and print."""
    began = time.monotonic()
    show(
        Figure(
            "party, clock after 8 probes in 0.8 s, 60 ms jitter one way or both: error p95",
            clock_p95_ms(),
            "ms",
            15,
            anchor="Jellyfin: 1 probe after 1 s",
        )
    )
    with ProcessPoolExecutor(WORKERS) as pool:
        mixed(pool)
        own(pool)
        crowd(pool)
    show(Figure("party: the simulations took", time.monotonic() - began, "s", 300))


if __name__ == "__main__":
    main()
