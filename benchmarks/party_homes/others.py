"""The rules of others on the same players. What is simplified is said; what is uncertain is decided in their favour.

They press play and pause only when the timeline says that it is needed, as a real client of a toggling player must;
and their players do not ignore the first offset, as ours do.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

import trio

from benchmarks.party_homes.ours import JITTER_S
from benchmarks.party_homes.screens import QUEUE, SERVER_ID, Screen
from segue.adapters.companion_timeline import Polled
from segue.adapters.plex_xml import PlexError
from segue.secret import Secret


class NoRules:
    """Commands are passed on, with the position where the server believes the film to be. That is all."""

    name = "no rules"

    def __init__(
        self, screens: list[Screen], _ahead_s: list[float], nursery: trio.Nursery, rng: Random
    ) -> None:
        self.screens, self.nursery, self.rng = screens, nursery, rng
        self.position_s, self.since, self.playing = 0.0, 0.0, False

    def group_s(self) -> float:
        """The server's idea of the position."""
        return self.position_s + (trio.current_time() - self.since if self.playing else 0.0)

    def anchor(self, position_s: float, *, playing: bool) -> None:
        """Set the server's idea."""
        self.position_s, self.since, self.playing = position_s, trio.current_time(), playing

    async def start(self, position_ms: int) -> float:
        """The first home begins."""
        self.anchor(position_ms / 1000, playing=True)
        self.down(self.show, self.screens[0], position_ms / 1000)
        return trio.current_time()

    def join(self) -> None:
        """The second home is sent to where the film is."""
        self.down(self.show, self.screens[1], self.group_s())

    def pause(self) -> float:
        """Pause everywhere."""
        self.anchor(self.group_s(), playing=False)
        for each in self.screens:
            self.down(self.press, each, False)
        return trio.current_time()

    def resume(self) -> float:
        """Go on everywhere."""
        self.anchor(self.position_s, playing=True)
        for each in self.screens:
            self.down(self.press, each, True)
        return trio.current_time()

    # ---------------------------------------------------------------- means

    def down(self, call: Callable[..., Awaitable[None]], *args: object) -> None:
        """Have something done in a home, after the way there."""

        async def later() -> None:
            await trio.sleep(self.rng.uniform(*JITTER_S))
            with suppress(PlexError):
                await call(*args)

        self.nursery.start_soon(later)

    async def show(self, screen: Screen, position_s: float) -> None:
        """Show the film from a position."""
        await screen.remote.play_media(
            QUEUE, SERVER_ID, Secret("transient-1"), offset_ms=round(position_s * 1000)
        )

    async def seek(self, screen: Screen, position_s: float) -> None:
        """Seek."""
        await screen.remote.seek_to(max(0, round(position_s * 1000)))

    async def press(self, screen: Screen, play: bool) -> None:
        """Press play or pause where the timeline says that it is needed."""
        polled = await self.ask(screen)
        if polled is not None and polled[0] != play:
            await (screen.remote.play() if play else screen.remote.pause())

    async def ask(self, screen: Screen) -> tuple[bool, float, Polled] | None:
        """Ask a timeline: whether it plays, and where it was in the middle of the question."""
        with suppress(PlexError):
            polled = await screen.remote.poll()
            seen = polled.timeline
            if seen is not None and seen.time_ms is not None:
                return seen.state == "playing", seen.time_ms / 1000, polled
        return None


class Seed(NoRules):
    """The seed's protocol: a status a minute, up to 10 s old, and eight seconds of tolerance."""

    name = "seed"
    EVERY_S, OLD_S, THRESHOLD_S = 60.0, 5.0, 8.0

    async def start(self, position_ms: int) -> float:
        """Begin, and have both homes report."""
        for each in self.screens:
            self.nursery.start_soon(self._report, each)
        return await super().start(position_ms)

    async def _report(self, screen: Screen) -> None:
        while True:
            await trio.sleep(self.EVERY_S - self.OLD_S)
            answer = await self.ask(screen)
            await trio.sleep(self.OLD_S)
            if answer is not None and self.playing and abs(answer[1] - self.group_s()) > self.THRESHOLD_S:
                self.down(self.seek, screen, self.group_s())


class SyncLounge(NoRules):
    """The host's state is copied when it changes; guests seek when more than three seconds off.

    Its ping is taken for perfect: the server knows the host's position without age.
    """

    name = "SyncLounge"
    POLL_S, JUMP_S, FLEXIBILITY_S, FLEXIBILITY_PAUSED_S = 1.0, 0.5, 3.0, 0.01

    async def start(self, position_ms: int) -> float:
        """Begin, and watch the host."""
        self.nursery.start_soon(self._watch_host)
        return await super().start(position_ms)

    def pause(self) -> float:
        """The host pauses at home; the guests hear of it from its timeline."""
        self.down(self.press, self.screens[0], False)
        return trio.current_time()

    def resume(self) -> float:
        """Likewise."""
        self.down(self.press, self.screens[0], True)
        return trio.current_time()

    async def _watch_host(self) -> None:
        last: tuple[bool, float] | None = None
        while True:
            await trio.sleep(self.POLL_S)
            answer = await self.ask(self.screens[0])
            if answer is None:
                continue
            playing, position_s, polled = answer
            here_s = position_s + (polled.rtt_s / 2 if playing else 0.0)
            phase_s = here_s - trio.current_time()
            jumped = last is not None and playing and abs(phase_s - last[1]) > self.JUMP_S
            if last is None or last[0] != playing or jumped:
                self.anchor(here_s, playing=playing)
                self.down(self._copy, self.screens[1])
            last = (playing, phase_s)

    async def _copy(self, screen: Screen) -> None:
        answer = await self.ask(screen)
        if answer is None:
            return
        target_s = self.group_s() + answer[2].rtt_s / 2
        allowed_s = self.FLEXIBILITY_S if self.playing else self.FLEXIBILITY_PAUSED_S
        if abs(answer[1] + answer[2].rtt_s / 2 - target_s) > allowed_s:
            await self.seek(screen, target_s)
        await self.press(screen, self.playing)
