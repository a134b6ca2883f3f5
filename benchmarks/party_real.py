"""How close two real players are: ours, and three other sets of rules, on the same evening.

Two headless mpv play a film of 24 frames a second behind Companion faces that take whole seconds, have one button for
play and pause, show whole frames, and ignore the first offset (not for the others: theirs do as they are told). Every
message between the homes and the server takes 15 to 120 ms. The truth is mpv's own audio clock. On a busy machine the
players themselves stutter: what is measured is then the machine.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import trio

from benchmarks.figures import Figure, show
from benchmarks.party_homes.evening import Evening, live
from benchmarks.party_homes.others import NoRules, Seed, SyncLounge
from benchmarks.party_homes.ours import Ours
from benchmarks.party_sim.metrics import quantile
from segue.demo.video_engine import Film
from segue.demo.video_film import make_film

FILM_MS = 420_000
SEEDS = (1, 2, 3)
NEVER_S = 99.0


def ms(values: list[float], share: float = 0.95) -> float:
    """Give a quantile of seconds in ms; what was never measured counts as never reached."""
    return 1000 * (quantile(values, share) if values else NEVER_S)


def slowest_s(evenings: list[Evening], pick: Callable[[Evening], float | None]) -> float:
    """Give the slowest of some times of which any may be never."""
    return max(NEVER_S if (found := pick(each)) is None else found for each in evenings)


def beside(others: list[Evening], pick: Callable[[Evening], float | None], unit: str) -> str:
    """Write what the others reached in the same homes."""
    found = []
    for each in others:
        value = pick(each)
        found.append(f"{each.rules} {'never' if value is None else f'{value:.0f} {unit}'}")
    return ", ".join(found)


def pooled(evenings: list[Evening], pick: Callable[[Evening], list[float]]) -> list[float]:
    """Give the values of all evenings."""
    return [value for each in evenings for value in pick(each)]


def in_step(mine: list[Evening], others: list[Evening]) -> None:
    """Steady, late, and after a stall."""
    show(
        Figure(
            "party, two real players: apart when steady, 20 s, p95",
            ms(pooled(mine, lambda e: e.steady_s)),
            "ms",
            60,
            baseline=beside(others, lambda e: ms(e.steady_s), "ms"),
            anchor="measured before: seed 21-616, SyncLounge 534",
        ),
        Figure(
            "party, two real players: slowest late joiner, from nothing to < 100 ms",
            slowest_s(mine, lambda e: e.join_s),
            "s",
            4,
            baseline=beside(others, lambda e: e.join_s, "s"),
            anchor="Jellyfin pauses everybody",
        ),
        Figure(
            "party, two real players: late joins that the others did not notice",
            sum(each.untouched for each in mine),
            "evenings",
            len(mine),
            better="equal",
        ),
        Figure(
            "party, two real players: slowest after a silent stall of 1.5 s, to < 100 ms",
            slowest_s(mine, lambda e: e.stall_to_s),
            "s",
            5,
            baseline=beside(others, lambda e: e.stall_to_s, "s"),
        ),
        Figure(
            "party, two real players: seeks for it, at most",
            max(each.stall_seeks for each in mine),
            "",
            1,
        ),
        Figure(
            "party, two real players: freezes for it, at most",
            max(each.stall_freezes for each in mine),
            "",
            2,
        ),
    )


def wrong_and_released(mine: list[Evening], others: list[Evening]) -> None:
    """A clock that runs wrong, a pause, a resume."""
    show(
        Figure(
            "party, two real players, one runs 3000 ppm fast: apart p95",
            ms(pooled(mine, lambda e: e.skew_s)),
            "ms",
            80,
            baseline=beside(others, lambda e: ms(e.skew_s), "ms"),
            anchor="nobody corrects it",
        ),
        Figure(
            "party, two real players, one runs 3000 ppm fast: freezes a minute",
            fmean(each.skew_freezes_per_min for each in mine),
            "/min",
            6,
        ),
        Figure(
            "party, two real players, group pause: frames apart, at most",
            1000 * slowest_s(mine, lambda e: e.parked_apart_s),
            "ms",
            42,
            baseline=beside(
                others, lambda e: None if e.parked_apart_s is None else 1000 * e.parked_apart_s, "ms"
            ),
        ),
        Figure(
            "party, two real players: apart after a resume, 20 s, p95",
            ms(pooled(mine, lambda e: e.resumed_s)),
            "ms",
            80,
            baseline=beside(others, lambda e: ms(e.resumed_s), "ms"),
            anchor="measured before: seed 1800, SyncLounge 504",
        ),
        Figure(
            "party, two real players: players that were found to toggle and to take whole seconds, untold",
            sum(_found_out(each.learned[0]) for each in mine),
            "evenings",
            len(mine),
            better="equal",
            baseline="tried in the lobby; the late joiner is taken for such a one until the first long pause",
        ),
    )


def _found_out(model: Any) -> bool:
    return model.toggles is True and model.quantum_ms == 1000


async def measure() -> None:
    """Live our evenings one after another, and those of the others side by side."""
    with tempfile.TemporaryDirectory() as directory:
        path = await make_film(Path(directory) / "film.mkv", FILM_MS / 1000)
        film = Film("51", FILM_MS, "plex://movie/0a1b2c", "A Film", str(path))
        mine = [await live(film, Ours, seed) for seed in SEEDS]
        others: list[Evening] = []

        async def one(rules: Callable[..., Any]) -> None:
            others.append(await live(film, rules, spared=True))

        async with trio.open_nursery() as nursery:
            for rules in (NoRules, Seed, SyncLounge):
                nursery.start_soon(one, rules)
    others.sort(key=lambda each: each.rules)
    in_step(mine, others)
    wrong_and_released(mine, others)


if __name__ == "__main__":
    trio.run(measure)
