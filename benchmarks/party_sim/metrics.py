"""What is measured: true positions, ten times a second, whenever the film should run."""

from dataclasses import dataclass, field
from statistics import median

from benchmarks.party_sim.worlds import JOIN_AT, World

EVERY = 0.1
NEAR = 0.25
STOP_S, ASKED_S = 0.5, 12.0
"""The group stopped unasked when its median stands this long, this long after anybody asked for anything."""


@dataclass
class Result:
    """One hour."""

    drift: list[float] = field(default_factory=list)
    spread: list[float] = field(default_factory=list)
    visible_per_viewer_h: float = 0.0
    group_stops_per_h: float = 0.0
    halted_s_per_h: float = 0.0
    join_s: float = 0.0
    recovery_s: list[float] = field(default_factory=list)

    @property
    def disruptions(self) -> float:
        """Visible corrections a viewer's hour, and group stops an hour."""
        return self.visible_per_viewer_h + self.group_stops_per_h


@dataclass
class _Watch:
    """Waits until somebody is near the others and stays so."""

    viewer: int
    since: float
    hold: float
    cap: float
    near_since: float | None = None
    took: float | None = None

    def see(self, now: float, distance: float) -> None:
        if self.took is not None:
            return
        if abs(distance) >= NEAR:
            self.near_since = None
        elif self.near_since is None:
            self.near_since = now
        if self.near_since is not None and now - self.near_since >= self.hold:
            self.took = self.near_since - self.since
        elif now - self.since >= self.cap:
            self.took = self.cap


class Meter:
    """Samples a world while it runs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.result = Result()
        self._halted = self._standing = 0.0
        self._stops = 0
        self._last_median: float | None = None
        late = world.viewers[-1].index
        self._join = _Watch(late, JOIN_AT, 5.0, 900.0)
        self._watches: list[_Watch] = []
        for viewer in world.viewers:
            for stall in viewer.stalls:
                if stall.at > max(60.0, viewer.joins_at + 60.0):
                    self._watches.append(_Watch(viewer.index, stall.at + stall.length, 3.0, 120.0))
        self._changes = [(a.at, a.kind) for a in world.actions]
        world.kernel.after(EVERY, self._sample)

    def _sample(self) -> None:
        world, now = self._world, self._world.kernel.now
        if now < world.length:
            world.kernel.after(EVERY, self._sample)
        if not world.should_play(now):
            self._last_median = None
            return
        here = {v.index: v.player.position() for v in world.viewers if now >= v.joins_at}
        if len(here) < 2:
            return
        middle = median(here.values())
        if now > 60.0 and self._last_median is not None and abs(middle - self._last_median) < 0.2 * EVERY:
            self._halted += EVERY
            self._stand(now)
        else:
            self._standing = 0.0
        self._last_median = middle
        if now > 60.0 and not JOIN_AT <= now < JOIN_AT + 60.0:
            self.result.drift.extend(abs(p - middle) for p in here.values())
            self.result.spread.append(max(here.values()) - min(here.values()))
        self._watch(now, here)

    def _stand(self, now: float) -> None:
        """Count a stop that nobody asked for, whatever the rules say about themselves."""
        before = self._standing
        self._standing += EVERY
        asked = any(0.0 <= now - at < ASKED_S for at, _ in self._changes)
        self._stops += before < STOP_S <= self._standing and not asked

    def _watch(self, now: float, here: dict[int, float]) -> None:
        due = [w for w in (self._join, *self._watches) if w.since <= now and w.took is None]
        for watch in due:
            others = [p for index, p in here.items() if index != watch.viewer]
            there = self._world.viewers[watch.viewer].player.loaded_at <= now
            watch.see(now, here[watch.viewer] - median(others) if there else 1e9)

    def finish(self) -> Result:
        """Sum up."""
        world, result = self._world, self.result
        hours = world.length / 3600.0
        watched = sum((world.length - v.joins_at) / 3600.0 for v in world.viewers)
        result.visible_per_viewer_h = sum(v.corrections for v in world.viewers) / watched
        result.group_stops_per_h = max(world.group_stops, self._stops) / hours
        result.halted_s_per_h = self._halted / hours
        result.join_s = self._join.took if self._join.took is not None else 900.0
        result.recovery_s = [w.took for w in self._watches if w.took is not None]
        return result


def quantile(values: list[float], share: float) -> float:
    """Give a quantile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
