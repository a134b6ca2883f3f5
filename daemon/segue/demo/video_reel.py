"""A film in a player, as a function of time: where it is at any moment, past ones included.

No clock and no chance in here: moments are arguments, in seconds; positions are in ms. What a command will lead to is
written down at once (a seek is a stand now and a run later), so that a later command only has to cross out what has
not happened yet.
"""

import bisect
from dataclasses import dataclass, replace
from typing import Final

KEPT: Final = 256
"""So many stretches are remembered; enough to ask where it was some seconds ago."""


@dataclass(frozen=True)
class Stretch:
    """From `at` on the film is at `position_ms` and moves by `rate` (0: it stands)."""

    at: float
    position_ms: float
    rate: float


class Reel:
    """One film. `rate` is how fast the player's own clock runs: 1.003 is three seconds in a thousand too fast."""

    def __init__(self, duration_ms: int, *, now: float, position_ms: float = 0.0, rate: float = 1.0) -> None:
        self.duration_ms = duration_ms
        self.rate = rate
        self.began_at = now
        self.busy_until = now
        """Before this moment it cannot move: it loads, seeks or stalls."""
        self._stretches = [Stretch(now, self._within(position_ms), 0.0)]
        self._wishes: list[tuple[float, bool]] = [(now, False)]

    @property
    def wants_to_run(self) -> bool:
        """What its button says; a film may stand although it wants to run."""
        return self._wishes[-1][1]

    def wanted_to_run(self, at: float) -> bool:
        """What its button said at a moment."""
        return next((wish for since, wish in reversed(self._wishes) if since <= at), False)

    def position_ms(self, at: float) -> float:
        """Where it is, or was."""
        stretch = self._stretch(at)
        return self._within(stretch.position_ms + max(0.0, at - stretch.at) * stretch.rate * 1000)

    def moves(self, at: float) -> bool:
        """Whether pictures follow one another."""
        return self._stretch(at).rate > 0 and not self.has_ended(at)

    def has_ended(self, at: float) -> bool:
        """Whether it has come to its end."""
        return self.position_ms(at) >= self.duration_ms

    # ------------------------------------------------------------ what happens to it

    def run(self, now: float, delay_s: float = 0.0) -> None:
        """Begin to move `delay_s` from now, or when it can."""
        if not self.wants_to_run:
            self._wish(now, run=True)
            self._stand(now)
            self._run_at(max(now + delay_s, self.busy_until))

    def hold(self, now: float, overrun_s: float = 0.0) -> None:
        """Stand still `overrun_s` from now."""
        if self.wants_to_run:
            self._wish(now, run=False)
            position_ms = self.position_ms(now)
            rate = self._stretch(now).rate
            self._write(Stretch(now, position_ms, rate))
            if rate > 0:
                self._write(
                    Stretch(now + overrun_s, self._within(position_ms + overrun_s * rate * 1000), 0.0)
                )

    def jump(self, now: float, position_ms: float, stand_s: float) -> None:
        """Go to a position, and stand there for so long before it goes on, if it wants to."""
        self._write(Stretch(now, self._within(position_ms), 0.0))
        self.busy_until = max(self.busy_until, now + stand_s)
        if self.wants_to_run:
            self._run_at(self.busy_until)

    def stall(self, now: float, for_s: float) -> None:
        """Stand where it is for so long: no data comes."""
        self._stand(now)
        self.busy_until = max(self.busy_until, now + for_s)
        if self.wants_to_run:
            self._run_at(self.busy_until)

    def turn(self, now: float, rate: float) -> None:
        """Let the player's clock run at another rate from now on."""
        self.rate = rate
        self._stretches = [
            each if each.at <= now or each.rate == 0 else replace(each, rate=rate) for each in self._stretches
        ]
        if self.moves(now) and self._stretches[-1].at <= now:
            self._run_at(now)

    # ------------------------------------------------------------ stretches

    def _wish(self, now: float, *, run: bool) -> None:
        self._wishes = [*self._wishes[-KEPT:], (now, run)]

    def _stand(self, now: float) -> None:
        self._write(Stretch(now, self.position_ms(now), 0.0))

    def _run_at(self, at: float) -> None:
        self._write(Stretch(at, self.position_ms(at), self.rate))

    def _write(self, stretch: Stretch) -> None:
        """Write down what is from a moment on, in place of all that was to be then."""
        place = bisect.bisect_left(self._stretches, stretch.at, key=lambda each: each.at)
        self._stretches[place:] = [stretch]
        del self._stretches[:-KEPT]

    def _stretch(self, at: float) -> Stretch:
        place = bisect.bisect_right(self._stretches, at, key=lambda each: each.at)
        return self._stretches[max(0, place - 1)]

    def _within(self, position_ms: float) -> float:
        return min(max(0.0, position_ms), float(self.duration_ms))
