"""One player that is no kinder than a television, one agent, and virtual time between them.

Nothing here is shared with the simulator of the benchmarks: what the controller is tested against is written twice.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from math import floor
from random import Random

from segue.core.party.sync.agent import Agent, Tuning
from segue.core.party.sync.clock import Probe
from segue.core.party.sync.controller import advance, new_agent
from segue.core.party.sync.latency import Learned
from segue.core.party.sync.messages import (
    ClockSampled,
    Event,
    LineReceived,
    Load,
    Order,
    Pause,
    Play,
    PlayState,
    PollNow,
    ProbeClock,
    Report,
    SampleArrived,
    SampleLost,
    SeekTo,
    SetRate,
    TimeCame,
    WakeAt,
)
from segue.core.party.sync.target import GroupLine

MEDIA = "film"
OFFSET_S = 1234.5
"""The server's clock is ahead of ours by this; the agent has to find out."""


@dataclass
class Habits:
    """How unkind the player and the way to it are. Seconds."""

    toggles: bool = True
    quantum: float = 1.0
    frame: float = 1 / 24
    latency: float = 0.03
    seek: float = 0.1
    load: float = 0.6
    skew: float = 0.0
    hop: float = 0.012
    jitter: float = 0.0
    """Commands and answers take up to this much longer."""
    stale: float = 0.0
    """The timeline may tell of a moment so long ago."""
    lost: float = 0.0
    """The share of questions and of commands that are lost."""
    deaf_to_seeks: bool = False
    blind_at_zero: bool = False
    """At the very beginning of a film its timeline says `buffering`, and no position."""
    ignored_offsets: int = 0
    """So many films begin at 0, whatever was asked for."""


@dataclass
class Telly:
    """A player and its agent. `now` is true time, which is also the agent's clock."""

    habits: Habits = field(default_factory=Habits)
    rng: Random = field(default_factory=lambda: Random("telly"))
    learned: Learned = field(default_factory=Learned)
    tuning: Tuning = field(default_factory=Tuning)

    def __post_init__(self) -> None:
        self.now = 0.0
        self.media = ""
        self.button = False
        self.wrong_presses = 0
        self.commands: list[tuple[float, Order]] = []
        self.notes: list[tuple[float, str]] = []
        self.trace: list[Order] = []
        self._anchor = (0.0, 0.0, 0.0)
        self._held_until = 0.0
        self._stalled = False
        self._rate = 1.0
        self._plays = False
        self._history: list[tuple[float, PlayState, float]] = []
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = self._wake = 0
        self._arrived = 0.0
        self.line: GroupLine | None = None
        self.agent: Agent = new_agent(self.learned, self.tuning)
        self.feed(TimeCame())

    # ---------------------------------------------------------------- time

    def at(self, moment: float, call: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (max(moment, self.now), self._count, call))

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self._queue and self._queue[0][0] <= until:
            self.now, _, call = heapq.heappop(self._queue)
            call()
        self.now = until

    # ---------------------------------------------------------------- the player

    @property
    def position(self) -> float:
        moment, position, speed = self._anchor
        return position + (self.now - moment) * speed

    def _turn(self, position: float | None = None) -> None:
        here = self.position if position is None else position
        runs = self._plays and self.now >= self._held_until - 1e-9 and not self._stalled and self.media
        self._anchor = (self.now, here, self._rate * (1 + self.habits.skew) if runs else 0.0)
        self._remember()

    def _remember(self) -> None:
        state: PlayState = "stopped" if not self.media else "playing" if self.button else "paused"
        self._history.append((self.now, state, self.position))
        while len(self._history) > 200:
            self._history.pop(0)

    def press(self, wanted: bool) -> None:
        """Somebody presses play or pause; on a toggling player either is the same button."""
        self.button = not self.button if self.habits.toggles else wanted
        result = self.button

        def effect() -> None:
            self._plays = result
            self._turn()

        self._remember()
        self.at(self.now + self.habits.latency, effect)

    def seek(self, position: float) -> None:
        if self.habits.deaf_to_seeks:
            return
        self._held_until = self.now + self.habits.seek
        self._turn(floor(position / self.habits.quantum + 1e-6) * self.habits.quantum)
        self.at(self._held_until, self._turn)

    def load(self, media: str, position: float) -> None:
        self.media, self.button, self._plays = media, True, True
        self._held_until = self.now + self.habits.load
        if self.habits.ignored_offsets > 0:
            self.habits.ignored_offsets -= 1
            position = 0.0
        self._turn(floor(position / self.habits.quantum + 1e-6) * self.habits.quantum)
        self.at(self._held_until, self._turn)

    def stall(self, seconds: float) -> None:
        """Run dry without saying so."""
        self._stalled = True
        self._turn()

        def over() -> None:
            self._stalled = False
            self._turn()

        self.at(self.now + seconds, over)

    def jump(self, seconds: float) -> None:
        """Be somewhere else, by somebody's hand or by accident."""
        self._turn(self.position + seconds)

    # ---------------------------------------------------------------- the server

    def tell(self, line: GroupLine) -> None:
        """Hear a line, whose moments are given in true time."""
        self.line = line
        server = GroupLine(line.rev, line.position_ms, line.at_s + OFFSET_S, line.rate, MEDIA, line.gathers)
        self.feed(LineReceived(server))

    @property
    def drift(self) -> float:
        assert self.line is not None
        return self.position - self.line.position_s(self.now)

    # ---------------------------------------------------------------- the agent

    def feed(self, event: Event) -> None:
        self.agent, orders = advance(self.agent, event, self.now)
        for order in orders:
            self.trace.append(order)
            self._carry_out(order)

    def _delay(self) -> float:
        return self.habits.hop + self.rng.uniform(0.0, self.habits.jitter)

    def _carry_out(self, order: Order) -> None:
        match order:
            case PollNow():
                self._poll()
            case ProbeClock():
                sent, server = self.now, self.now + 0.02
                probe = Probe(sent, server + OFFSET_S, server + OFFSET_S, sent + 0.04)
                self.at(sent + 0.04, lambda: self.feed(ClockSampled(probe)))
            case WakeAt(at_s):
                self._wake += 1
                number = self._wake
                self.at(at_s, lambda: self.feed(TimeCame()) if number == self._wake else None)
            case Report():
                if order.note:
                    self.notes.append((self.now, order.note))
            case Load() | Play() | Pause() | SeekTo() | SetRate():
                self.commands.append((self.now, order))
                if self.rng.random() < self.habits.lost:
                    return
                self._arrived = max(self._arrived + 1e-6, self.now + self._delay())
                self.at(self._arrived, lambda: self._obey(order))

    def _obey(self, order: Order) -> None:
        match order:
            case Play():
                self.wrong_presses += self.button
                self.press(True)
            case Pause():
                self.wrong_presses += not self.button
                self.press(False)
            case SeekTo(_, position_ms):
                self.seek(position_ms / 1000)
            case Load(_, media, position_ms):
                self.load(media, position_ms / 1000)
            case SetRate(_, rate):
                self._rate = rate
                self._turn()

    def _poll(self) -> None:
        asked = self.now
        if self.rng.random() < self.habits.lost:
            self.at(asked + 1.0, lambda: self.feed(SampleLost(asked)))
            return

        def there() -> None:
            state, position = self._shown()
            if self.habits.blind_at_zero and state != "stopped" and position == 0:
                state = "buffering"
            shown_ms = None if state in ("stopped", "buffering") else round(position * 1000)
            media = self.media
            self.at(
                self.now + self._delay(),
                lambda: self.feed(SampleArrived(asked, self.now, state, shown_ms, media)),
            )

        self.at(asked + self._delay(), there)

    def _shown(self) -> tuple[PlayState, float]:
        state: PlayState = "stopped" if not self.media else "playing" if self.button else "paused"
        position = self.position
        moment = self.now - self.rng.uniform(0.0, self.habits.stale)
        if self.habits.stale and self._history and self._history[-1][0] > moment:
            old = [h for h in self._history if h[0] <= moment] or self._history[:1]
            _, state, position = old[-1]
        return state, floor(position / self.habits.frame + 1e-6) * self.habits.frame

    # ---------------------------------------------------------------- for short

    def count(self, *kinds: type[object], since: float = 0.0, why: str | None = None) -> int:
        return sum(
            1
            for at, order in self.commands
            if at >= since
            and isinstance(order, kinds)
            and (why is None or getattr(order, "why", None) == why)
        )

    def playing(self, rev: int = 1, position_s: int = 60) -> "Telly":
        """Come to the middle of a film that runs in step."""
        self.run(1.0)
        self.tell(GroupLine(rev, position_s * 1000, self.now + 4.0, 1.0))
        self.run(30.0)
        return self
