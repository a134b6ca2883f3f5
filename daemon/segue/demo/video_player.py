"""A simulated video player: a film that moves by arithmetic, behind a Companion face on a real socket.

It is told apart from the truth: `truth_ms` says where the film really is, the timeline says what the profile shows of
it. Seeks, pauses and starts take as long as the profile draws, from its seed; mishaps come by a script.
"""

import math
import random
from collections.abc import Iterable
from typing import Any, Final

import trio

from segue.demo.video_device import VideoDevice
from segue.demo.video_engine import Cassette, Shown
from segue.demo.video_profiles import PROFILES, Mishap, Profile
from segue.demo.video_reel import Reel

PAUSED_SEEK: Final = 0.6
"""A seek of a paused film takes this part of the time."""


class SimulatedEngine:
    """The player's inside."""

    def __init__(self, profile: Profile, *, clock_ppm: float = 0.0, seed: int = 0) -> None:
        """`clock_ppm` is how much too fast its clock runs, in millionths."""
        self.profile = profile
        self._rng = random.Random(seed)
        self._rate = 1.0 + clock_ppm / 1e6
        self._reel: Reel | None = None
        self._cassette: Cassette | None = None
        self._changed = trio.Event()
        self._loaded_at = -math.inf
        """Until then it has shown no picture of its film."""
        self._buffering = (0.0, 0.0)
        """From when until when it says that it buffers."""
        self._refresh_phase_s = self._rng.uniform(0.0, 1.0)

    # ------------------------------------------------------------ the truth

    def truth_ms(self, at: float | None = None) -> float:
        """Where the film really is, or was at a moment of trio's clock, in ms; nan without a film."""
        return math.nan if self._reel is None else self._reel.position_ms(self._at(at))

    def is_moving(self, at: float | None = None) -> bool:
        """Whether pictures really follow one another."""
        return self._reel is not None and self._reel.moves(self._at(at))

    def _at(self, at: float | None) -> float:
        return trio.current_time() if at is None else at

    # ------------------------------------------------------------ commands

    @property
    def cassette(self) -> Cassette | None:
        """What is in it; nothing after the end."""
        self._notice_the_end()
        return self._cassette

    @property
    def wants_to_run(self) -> bool:
        """What its pause button says."""
        self._notice_the_end()
        return self._reel is not None and self._reel.wants_to_run

    async def load(self, cassette: Cassette, position_ms: int, *, paused: bool) -> None:
        """Show a film; until it is there, the timeline says `buffering` and no time."""
        now, takes_s = trio.current_time(), self.profile.start.draw(self._rng)
        self._cassette = cassette
        self._reel = Reel(cassette.film.duration_ms, now=now, position_ms=position_ms, rate=self._rate)
        self._reel.stall(now, takes_s)
        self._loaded_at = now + takes_s
        if not paused:
            self._reel.run(now)
        self._tell()

    async def play(self) -> None:
        """Go on, as soon as it can."""
        if self._reel is not None and not self._reel.wants_to_run:
            self._reel.run(trio.current_time(), self.profile.unpause.draw(self._rng))
            self._tell()

    async def pause(self) -> None:
        """Stand still, a little later."""
        if self._reel is not None and self._reel.wants_to_run:
            self._reel.hold(trio.current_time(), self.profile.pause.draw(self._rng))
            self._tell()

    async def stop(self) -> None:
        """Leave the film."""
        self._reel = self._cassette = None
        self._tell()

    async def seek(self, position_ms: int) -> None:
        """Go there, and stand until the picture is back."""
        if self._reel is not None:
            takes_s = self.profile.seek.draw(self._rng)
            if not self._reel.wants_to_run:
                takes_s *= PAUSED_SEEK
            self._reel.jump(trio.current_time(), position_ms, takes_s)
            self._tell()

    def stall(self, for_s: float, *, shown: bool = False) -> None:
        """Let no data come for so long. `shown`: the timeline says `buffering` meanwhile."""
        if self._reel is not None:
            now = trio.current_time()
            self._reel.stall(now, for_s)
            if shown:
                self._buffering = (now, now + for_s)
                self._tell()

    def run_at_rate(self, clock_ppm: float) -> None:
        """Let its clock run too fast by so many millionths from now on."""
        self._rate = 1.0 + clock_ppm / 1e6
        if self._reel is not None:
            self._reel.turn(trio.current_time(), self._rate)

    # ------------------------------------------------------------ what it says

    async def shown(self) -> Shown:
        """Say what it does: coarsely, and, where the profile says so, of a moment that has passed."""
        self._notice_the_end()
        reel = self._reel
        if reel is None:
            return Shown("stopped")
        now, refresh_s, step_ms = trio.current_time(), self.profile.refresh_s, self.profile.step_ms
        lag_s = (now + self._refresh_phase_s) % refresh_s if refresh_s else 0.0
        seen_at = max(now - lag_s, reel.began_at)
        if seen_at < self._loaded_at:
            return Shown("buffering")
        time_ms = int(math.floor(reel.position_ms(seen_at) / step_ms + 1e-6) * step_ms)
        if time_ms == 0 and self.profile.zero_is_loading:
            return Shown("buffering")
        buffering_from, buffering_until = self._buffering
        if buffering_from <= seen_at < buffering_until:
            return Shown("buffering", time_ms)
        return Shown("playing" if reel.wanted_to_run(seen_at) else "paused", time_ms)

    def changed(self) -> trio.Event:
        """Give what is set when it next does something else."""
        return self._changed

    def _tell(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def _notice_the_end(self) -> None:
        if self._reel is not None and self._reel.has_ended(trio.current_time()):
            self._reel = self._cassette = None
            self._tell()


class SimulatedVideo(VideoDevice):
    """A simulated player on the network. `profile` is a name out of `PROFILES`, or one of the test's own."""

    def __init__(
        self, profile: Profile | str = "shim", *, clock_ppm: float = 0.0, seed: int = 0, **more: Any
    ) -> None:
        kind = PROFILES[profile] if isinstance(profile, str) else profile
        self.engine = SimulatedEngine(kind, clock_ppm=clock_ppm, seed=seed)
        super().__init__(self.engine, kind, seed=seed, **more)

    def truth_ms(self, at: float | None = None) -> float:
        """Where the film really is, or was, in ms; nan without one."""
        return self.engine.truth_ms(at)

    async def live_through(self, mishaps: Iterable[Mishap]) -> None:
        """Let mishaps happen, each at its moment from now on; they are in the order of their moments."""
        began_at = trio.current_time()
        for mishap in mishaps:
            await trio.sleep_until(began_at + mishap.at_s)
            match mishap.kind:
                case "stall":
                    self.engine.stall(mishap.for_s)
                case "buffering":
                    self.engine.stall(mishap.for_s, shown=True)
                case "vanish":
                    await self.vanish()
                    await trio.sleep(mishap.for_s)
                    await self.come_back()
