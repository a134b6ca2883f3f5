"""Players: coarse, slow, each in its own way. Positions are seconds here."""

from collections.abc import Callable
from math import floor
from random import Random
from typing import NamedTuple

from benchmarks.party_sim.kernel import Kernel
from benchmarks.party_sim.links import lognormal


class Profile(NamedTuple):
    """What a kind of player does. Latencies are (median, spread of a lognormal); seconds."""

    quantum: float
    seek: tuple[float, float]
    pause: tuple[float, float]
    unpause: tuple[float, float]
    start: tuple[float, float]
    step: float
    """The timeline shows whole multiples of this."""
    refresh: float
    """The timeline is renewed about this often (0: always)."""
    rtt: float
    speed: bool
    toggles: bool
    tells: bool
    """Whether it says `buffering` while it does; otherwise it says what its button says."""


PROFILES = {
    "shim": Profile(
        1.0, (0.046, 0.5), (0.006, 0.6), (0.012, 0.9), (0.6, 0.25), 1 / 24, 0, 0.025, False, True, False
    ),
    "tvbox": Profile(
        0.001, (0.7, 0.35), (0.12, 0.4), (0.18, 0.4), (2.5, 0.3), 0.001, 0, 0.03, False, False, True
    ),
    "tvslow": Profile(
        1.0, (1.3, 0.4), (0.25, 0.4), (0.35, 0.4), (4.0, 0.35), 0.001, 1, 0.06, False, False, False
    ),
    "xcode": Profile(
        0.001, (2.6, 0.35), (0.1, 0.4), (0.2, 0.4), (5.0, 0.3), 0.001, 0, 0.03, False, False, True
    ),
    "own": Profile(
        0.001, (0.12, 0.5), (0.01, 0.5), (0.02, 0.6), (0.8, 0.3), 0.001, 0, 0.0005, True, False, True
    ),
}
PAUSED_SEEK = 0.6
"""A paused player is ready this much sooner after a seek."""
SKEW_SD = 60e-6


class Answer(NamedTuple):
    """What the timeline says."""

    state: str
    position: float | None
    media: str


class Player:
    """One player. `position` is the truth and for the metrics only."""

    def __init__(self, kernel: Kernel, profile: Profile, rng: Random) -> None:
        self.kernel, self.profile, self._rng = kernel, profile, rng
        self.skew = rng.gauss(0.0, SKEW_SD)
        self.media = ""
        self.loading = False
        self.playing_button = False
        """What its button says; it follows a command at once, the picture later."""
        self.loaded_at = float("inf")
        self._plays = False
        self._held_until = 0.0
        self._stalled_until = 0.0
        self._rate = 1.0
        self.rate_change_max = 0.0
        self._from = (0.0, 0.0, 0.0)
        self._effect_at = 0.0
        self._epoch = 0
        self._shown = 0.0
        self._renew_at = 0.0

    # ---------------------------------------------------------------- truth

    def position(self) -> float:
        """Give the true position now."""
        moment, position, speed = self._from
        return position + (self.kernel.now - moment) * speed

    def _turn(self, position: float | None = None, *, shows: bool = True) -> None:
        """Begin a new piece of the line; a change by command is shown at once, a stall is not."""
        self._renew()
        now = self.kernel.now
        here = self.position() if position is None else position
        free = self._plays and now >= self._held_until - 1e-9 and now >= self._stalled_until - 1e-9
        self._from = (now, here, self._rate * (1.0 + self.skew) if free and self.media else 0.0)
        if shows:
            self._shown = here

    def _renew(self) -> None:
        """Renew what the timeline shows, at the moments that have passed since."""
        if not self.profile.refresh:
            return
        moment, position, speed = self._from
        while self._renew_at <= self.kernel.now:
            if self._renew_at >= moment:
                self._shown = position + (self._renew_at - moment) * speed
            self._renew_at += self.profile.refresh * self._rng.uniform(0.93, 1.08)

    # ---------------------------------------------------------------- what it hears

    def timeline(self) -> Answer:
        """Answer a question, here and now."""
        self._renew()
        if not self.media:
            return Answer("stopped", None, "")
        if self.loading:
            return Answer("buffering", None, self.media)
        shown = self._shown if self.profile.refresh else self.position()
        state = "playing" if self.playing_button else "paused"
        if self.profile.tells and self.kernel.now < max(self._held_until, self._stalled_until):
            state = "buffering"
        return Answer(state, floor(shown / self.profile.step + 1e-6) * self.profile.step, self.media)

    def load(self, media: str, offset: float) -> None:
        """Play another film from a position."""
        self.media, self.loading = media, True
        self._plays = self.playing_button = True
        took = lognormal(self._rng, *self.profile.start)
        self._hold(floor(offset / self.profile.quantum + 1e-6) * self.profile.quantum, took)

        def there() -> None:
            self.loading = False
            self.loaded_at = min(self.loaded_at, self.kernel.now)

        self.kernel.after(took, there)

    def seek(self, position: float) -> None:
        """Go to a position, as exactly as it can, and be busy for a while."""
        if not self.media:
            return
        took = lognormal(self._rng, *self.profile.seek) * (1.0 if self._plays else PAUSED_SEEK)
        self._hold(max(0.0, floor(position / self.profile.quantum + 1e-6) * self.profile.quantum), took)

    def _hold(self, position: float, took: float) -> None:
        self._held_until = self.kernel.now + took
        self._turn(position)
        self.kernel.after(took, lambda: self._turn(shows=False))

    def pause(self) -> None:
        """Press pause; on some players that is the same button as play."""
        self._press(not self.playing_button if self.profile.toggles else False)

    def play(self) -> None:
        """Press play."""
        self._press(not self.playing_button if self.profile.toggles else True)

    def _press(self, wanted: bool) -> None:
        if not self.media:
            return
        self.playing_button = wanted
        took = lognormal(self._rng, *(self.profile.unpause if wanted else self.profile.pause))
        self._effect_at = max(self._effect_at + 1e-6, self.kernel.now + took)

        def effect() -> None:
            self._plays = wanted
            self._turn()

        self.kernel.at(self._effect_at, effect)

    def set_rate(self, rate: float) -> None:
        """Play faster or slower, where it can."""
        if self.profile.speed:
            self._rate = rate
            self.rate_change_max = max(self.rate_change_max, abs(rate - 1.0))
            self._turn()

    def stall(self, length: float) -> None:
        """Run dry for a while."""
        self._stalled_until = max(self._stalled_until, self.kernel.now + length)
        self._turn(shows=False)
        self.kernel.after(length, lambda: self._turn(shows=False))


class Hop:
    """The way from an agent to its player and back: two requests in a row arrive in that order."""

    def __init__(self, kernel: Kernel, player: Player, rng: Random) -> None:
        self._kernel, self._player, self._rng = kernel, player, rng
        self._arrived = 0.0

    def _delay(self) -> float:
        return lognormal(self._rng, self._player.profile.rtt / 2, 0.5)

    def ask(self, heard: Callable[[float, Answer], None]) -> None:
        """Ask the timeline; `heard` gets the true moment of asking and the answer."""
        asked = self._kernel.now

        def there() -> None:
            answer = self._player.timeline()
            self._kernel.after(self._delay(), lambda: heard(asked, answer))

        self._kernel.after(self._delay(), there)

    def command(self, call: Callable[[], None]) -> None:
        """Have the player do something."""
        self._arrived = max(self._arrived + 1e-6, self._kernel.now + self._delay())
        self._kernel.at(self._arrived, call)
