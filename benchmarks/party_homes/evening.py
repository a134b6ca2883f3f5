"""One evening for two players, the same for every set of rules: start, late join, stall, fast clock, pause, resume."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any

import trio

from benchmarks.party_homes.screens import Screen, apart, ran_evenly, screen
from segue.demo.video_engine import Film

START_MS = 60_000
NEAR_S = 0.1
HELD_S = 2.0
AHEAD_S = (0.0, 1234.5)
"""How far the server's clock is ahead of each home's."""
SEEKS = ("seekTo",)
FREEZES = ("pause",)
COMMANDS = ("play", "pause", "seekTo", "playMedia", "createPlayQueue", "stop")
STALL_S, SKEW_PPM, PAUSE_S = 1.5, 3000.0, 3.0
ALONE_S, STEADY_FROM_S, JOIN_S, STALLED_S, SKEWED_S, AFTER_S = 14.0, 8.0, 28.0, 16.0, 40.0, 20.0
SETTLED_S = 0.3
"""After a release, until its effect can be seen at all."""


@dataclass
class Evening:
    """What was measured; seconds, and None for what never happened."""

    rules: str
    join_s: float | None = None
    untouched: bool = True
    """Whether the first home was told nothing during the join, and its film ran on."""
    steady_s: list[float] = field(default_factory=list)
    stall_to_s: float | None = None
    stall_left_s: list[float] = field(default_factory=list)
    stall_seeks: int = 0
    stall_freezes: int = 0
    skew_s: list[float] = field(default_factory=list)
    skew_freezes_per_min: float = 0.0
    parked_apart_s: float | None = None
    resumed_s: list[float] = field(default_factory=list)
    doubtful: int = 0
    learned: list[Any] = field(default_factory=list)
    log: list[list[tuple[float, Any]]] = field(default_factory=list)
    drifts: list[tuple[float, float]] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)


def settled(drifts: list[tuple[float, float]], since: float) -> float | None:
    """Tell how long after `since` the players were near each other and stayed so."""
    near_since: float | None = None
    for at, drift in drifts:
        if abs(drift) >= NEAR_S:
            near_since = None
        elif near_since is None:
            near_since = at
        if near_since is not None and at - near_since >= HELD_S:
            return near_since - since
    return None


async def live(film: Film, make: Callable[..., Any], seed: int = 1, *, spared: bool = False) -> Evening:
    """Live one evening under rules; `spared` players do not ignore their first offset."""
    async with AsyncExitStack() as stack:
        screens = [
            await stack.enter_async_context(screen(film, ignored_offsets=0 if spared else 1)) for _ in AHEAD_S
        ]
        async with trio.open_nursery() as nursery:
            for each in screens:
                nursery.start_soon(each.watch)
            rules = make(screens, list(AHEAD_S), nursery, Random(seed))
            evening = Evening(rules.name)
            await _live(evening, rules, screens, nursery)
            evening.doubtful = sum(each.doubtful for each in screens)
            for home in getattr(rules, "homes", []):
                evening.learned.append(home.driver.agent.learned)
                evening.log.append(home.reports)
            nursery.cancel_scope.cancel()
    return evening


async def _live(evening: Evening, rules: Any, screens: list[Screen], nursery: trio.Nursery) -> None:
    first, second = screens
    began = await rules.start(START_MS)
    await trio.sleep_until(began + ALONE_S)

    joined = trio.current_time()
    evening.marks.append((joined, "join"))
    rules.join()
    await trio.sleep(JOIN_S)
    now = trio.current_time()
    evening.join_s = settled(apart(first, second, joined, now), joined)
    evening.steady_s = [abs(d) for _, d in apart(first, second, joined + STEADY_FROM_S, now)]
    evening.untouched = first.commands(*COMMANDS, since=joined, until=joined + 8.0) == 0 and ran_evenly(
        first, joined, joined + 8.0
    )

    evening.marks.append((now, "stall"))
    nursery.start_soon(second.player.engine.stall, STALL_S)
    await trio.sleep(STALL_S)
    over = trio.current_time()
    await trio.sleep(STALLED_S)
    after = apart(first, second, over, trio.current_time())
    evening.stall_to_s = settled(after, over)
    evening.stall_left_s = [abs(d) for at, d in after if at >= over + 5.0]
    evening.stall_seeks = second.commands(*SEEKS, since=now, until=trio.current_time())
    evening.stall_freezes = second.commands(*FREEZES, since=now, until=trio.current_time())

    now = trio.current_time()
    evening.marks.append((now, "skew"))
    await second.player.engine.run_at_rate(SKEW_PPM)
    await trio.sleep(SKEWED_S)
    await second.player.engine.run_at_rate(0.0)
    evening.skew_s = [abs(d) for _, d in apart(first, second, now, trio.current_time())]
    freezes = second.commands(*FREEZES, since=now, until=trio.current_time())
    evening.skew_freezes_per_min = freezes * 60.0 / SKEWED_S

    evening.marks.append((trio.current_time(), "pause"))
    stands_at = rules.pause()
    await trio.sleep_until(stands_at + PAUSE_S)
    frames = [await each.frame_s() for each in screens]
    if frames[0] is not None and frames[1] is not None:
        evening.parked_apart_s = abs(frames[0] - frames[1])
    evening.marks.append((trio.current_time(), "resume"))
    runs_at = rules.resume()
    await trio.sleep_until(runs_at + AFTER_S)
    resumed = apart(first, second, runs_at + SETTLED_S, trio.current_time())
    evening.resumed_s = [abs(d) for _, d in resumed]
    evening.drifts = apart(first, second, joined, trio.current_time())
