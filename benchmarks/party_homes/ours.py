"""Our rules on real players: `segue.core.party.sync` and the product's own remote, with the smallest server around."""

import math
from contextlib import suppress
from random import Random

import trio

from benchmarks.party_homes.screens import QUEUE, RATING_KEY, Screen
from segue.adapters.plex_xml import PlexError
from segue.core.party.sync import target
from segue.core.party.sync.agent import Agent
from segue.core.party.sync.clock import Probe
from segue.core.party.sync.controller import advance, new_agent
from segue.core.party.sync.messages import (
    ClockSampled,
    Command,
    Event,
    LineReceived,
    Load,
    Pause,
    Play,
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
from segue.secret import Secret

JITTER_S = (0.015, 0.120)


class Line:
    """One direction of the way between a home and the server: late, never out of order."""

    def __init__(self, nursery: trio.Nursery, rng: Random) -> None:
        self._nursery, self._rng, self._free_at = nursery, rng, 0.0

    async def delay(self) -> None:
        """Be under way."""
        at = max(trio.current_time() + self._rng.uniform(*JITTER_S), self._free_at)
        self._free_at = at
        await trio.sleep_until(at)


class OurHome:
    """Carries out the orders of one agent on its real player."""

    def __init__(
        self,
        screen: Screen,
        nursery: trio.Nursery,
        clock_offset_s: float,
        rng: Random,
        agent: Agent | None = None,
    ) -> None:
        self.screen, self._nursery, self._offset_s = screen, nursery, clock_offset_s
        self.agent = agent or new_agent()
        self.reports: list[Report] = []
        self.log: list[tuple[float, object]] = []
        self.up, self.down = Line(nursery, rng), Line(nursery, rng)
        self._wake_at = math.inf
        self._timer = trio.CancelScope()
        self._commands, self._to_do = trio.open_memory_channel[Command](100)

    def now_s(self) -> float:
        """The home's own clock."""
        return trio.current_time() + self._offset_s

    async def live(self) -> None:
        """Be switched on."""
        self._nursery.start_soon(self._obey)
        self.feed(TimeCame())
        while True:
            with trio.CancelScope(deadline=self._wake_at - self._offset_s) as self._timer:
                await trio.sleep_forever()
            self._wake_at = math.inf
            self.feed(TimeCame())

    def feed(self, event: Event) -> None:
        """Hand in an event and carry out the orders."""
        self.agent, orders = advance(self.agent, event, self.now_s())
        for order in orders:
            match order:
                case PollNow():
                    self._nursery.start_soon(self._poll)
                case ProbeClock():
                    self._nursery.start_soon(self._probe)
                case WakeAt(at_s):
                    self._wake_at = at_s
                    self._timer.deadline = at_s - self._offset_s
                case Report():
                    self.reports.append(order)
                case Load() | Play() | Pause() | SeekTo() | SetRate():
                    self._commands.send_nowait(order)
            if not isinstance(order, PollNow | WakeAt | ProbeClock):
                self.log.append((trio.current_time(), order))

    async def tell(self, line: target.GroupLine) -> None:
        """Hear a line, after its way down."""
        await self.down.delay()
        self.feed(LineReceived(line))

    async def _probe(self) -> None:
        sent_s = self.now_s()
        await self.up.delay()
        server_s = trio.current_time()
        await self.down.delay()
        self.feed(ClockSampled(Probe(sent_s, server_s, server_s, self.now_s())))

    async def _poll(self) -> None:
        asked_s = self.now_s()
        try:
            polled = await self.screen.remote.poll()
        except PlexError:
            self.feed(SampleLost(asked_s))
            return
        timeline = polled.timeline
        if timeline is None or polled.stale or timeline.state == "unknown":
            self.feed(SampleLost(asked_s))
            return
        self.feed(
            SampleArrived(
                polled.requested_at,
                polled.answered_at,
                timeline.state,
                timeline.time_ms,
                timeline.rating_key,
            )
        )

    async def _obey(self) -> None:
        remote = self.screen.remote
        async for order in self._to_do:
            with suppress(PlexError):
                match order:
                    case Load(_, _, position_ms):
                        await remote.play_media(
                            QUEUE, "server-1", Secret("transient-1"), offset_ms=position_ms
                        )
                    case Play():
                        await remote.play()
                    case Pause():
                        await remote.pause()
                    case SeekTo(_, position_ms):
                        await remote.seek_to(position_ms)
                    case SetRate():
                        pass  # no player of this kind takes one


class Ours:
    """The party."""

    name = "segue"

    def __init__(
        self, screens: list[Screen], offsets_s: list[float], nursery: trio.Nursery, rng: Random
    ) -> None:
        self._nursery, self._line = nursery, target.GroupLine(0, 0, 0.0, 0.0)
        self.homes = [
            OurHome(each, nursery, offset_s, rng) for each, offset_s in zip(screens, offsets_s, strict=True)
        ]
        self._joined: list[OurHome] = []

    def _draw(self, line: target.GroupLine) -> float:
        self._line = line
        for home in self._joined:
            self._nursery.start_soon(home.tell, line)
        return line.at_s

    def _enter(self, home: OurHome) -> None:
        self._joined.append(home)
        self._nursery.start_soon(home.live)

    def start(self, position_ms: int) -> float:
        """The first home begins the film; gives when."""
        self._enter(self.homes[0])
        return self._draw(target.starting(1, RATING_KEY, position_ms, trio.current_time()))

    def join(self) -> None:
        """The second home comes late, and knows nothing."""
        self._enter(self.homes[1])
        self._nursery.start_soon(self.homes[1].tell, self._line)

    def pause(self) -> float:
        """Somebody pauses; gives when everybody stands."""
        return self._draw(target.pausing(self._line, self._line.rev + 1, trio.current_time()))

    def resume(self) -> float:
        """Somebody goes on; gives when everybody runs."""
        return self._draw(target.resuming(self._line, self._line.rev + 1, trio.current_time()))
