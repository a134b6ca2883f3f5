"""Drives one player of this home in one session: the synchronisation decides (`core/party/sync`), this carries out.

Theory of operation. `feed` takes an event to the pure function and puts what it orders where the tasks of `run` find
it: a timer, questions to the timeline, commands. Questions may overlap, and a late answer is dropped by its moment.
Commands go out in their order, but a player that does not answer one holds the next up for a quarter of a second only.
Every call ends within its own deadline, and nothing that a player answers to a command is believed: what it does is
what its timeline shows. So a player that hangs, lies or vanishes keeps one driver busy and nobody else.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Literal, Protocol

import trio
from msgspec.structs import replace as but

from segue.actors.party_media import LENGTH_MS, Match, why_down
from segue.actors.party_plex import HomePlex
from segue.adapters.companion import PlayerRefused, PlayerUnreachable
from segue.adapters.companion_timeline import Polled, Timeline
from segue.adapters.companion_video import VideoRemote
from segue.adapters.plex import PlexError, PlexRefused
from segue.adapters.plex_xml import PlayerInfo
from segue.core.party.sync.agent import Agent, Away, Idle
from segue.core.party.sync.clock import ServerClock
from segue.core.party.sync.controller import advance
from segue.core.party.sync.messages import (
    Command,
    CommandAnswered,
    Event,
    Load,
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
from segue.secret import Secret

ORDER_S = 0.25
"""A command waits so long for the answer to the one before it, in seconds: enough to keep their order."""
STALE_S = 8.0
"""So long after a film was asked for, a timeline that knows nothing of that yet is about the film before."""
SKIP_EVERY_S = 2.0
PREROLL_MS = 10 * 60_000
"""What is shown before a film and is no longer than this is skipped, in ms."""
LOADING_S = 12.0
"""A film that is not seen so long after it was asked for is not loading, in seconds."""
LOST_MAX = 5
"""So many questions without an answer, in a row, and the player counts as gone."""
STOP_TRIES = 3
STOP_LOOK_S = 0.7

Trouble = Literal["", "no_route", "not_loading"]
"""What goes wrong beyond the synchronisation: the player does not answer; it could not be given the film."""


class Screen(Protocol):
    """A player, as far as the driver needs it. Each call ends within seconds and raises `PlexError`."""

    async def play(self) -> object:
        """Go on."""

    async def pause(self) -> object:
        """Stand still."""

    async def stop(self) -> object:
        """Leave the film."""

    async def seek_to(self, position_ms: int) -> object:
        """Go to a position, in ms."""

    async def show(self, media: str, position_ms: int) -> object:
        """Show a film of the home's server, by its rating key, from a position, in ms."""

    async def skip_to(self, media: str) -> object:
        """Go on to the film, where something else is shown before it."""

    async def poll(self) -> Polled:
        """Ask the timeline."""

    def why(self, trouble: Trouble, error: PlexError | None) -> tuple[str, str]:
        """Say what is wrong, as `ready` has it: a word, and how to mend it."""


class PlexScreen:
    """A player, reached by Plex Companion. It gets a token of its own, never the owner's."""

    def __init__(self, plex: HomePlex, player: PlayerInfo, match: Match) -> None:
        self._plex = plex
        self._player = player
        self._server_id = match.server_id

    @property
    def _remote(self) -> VideoRemote:
        return self._plex.remote(self._player)

    async def play(self) -> object:
        """Go on."""
        return await self._remote.play()

    async def pause(self) -> object:
        """Stand still."""
        return await self._remote.pause()

    async def stop(self) -> object:
        """Leave the film."""
        return await self._remote.stop()

    async def seek_to(self, position_ms: int) -> object:
        """Go to a position."""
        return await self._remote.seek_to(position_ms)

    async def skip_to(self, media: str) -> object:
        """Go on to the film in the queue."""
        return await self._remote.skip_to(f"/library/metadata/{media}")

    async def poll(self) -> Polled:
        """Ask the timeline."""
        return await self._remote.poll()

    async def show(self, media: str, position_ms: int) -> object:
        """Have the server make a queue of the film, and the player show it."""
        queue = await self._plex.queues.create(self._server_id, media)
        token = Secret("")
        with suppress(PlexRefused):  # a guest may not have one; then the player comes in by its own account
            token = await self._plex.queues.transient_token()
        seen_at = self._plex.seen_from(self._player)
        return await self._remote.play_media(
            queue, self._server_id, token, offset_ms=position_ms, seen_at=seen_at
        )

    def why(self, trouble: Trouble, error: PlexError | None) -> tuple[str, str]:
        """Say what is wrong, as `ready` has it: a word, and how to mend it."""
        title = self._player.title
        match trouble:
            case "no_route":
                return "no_route", f"{title} does not answer any more. Switch it on; open its Plex app."
            case "not_loading" if error and not isinstance(error, PlayerRefused | PlayerUnreachable):
                return "plex_down", why_down(self._plex, error)
            case "not_loading":
                return "app_closed", f"{title} does not take the film. Open its Plex app."
            case _:
                return "", ""


class PlayerDriver:
    """Keeps one player on the group's line."""

    def __init__(
        self,
        screen: Screen,
        agent: Agent,
        match: Match,
        *,
        told: Callable[[Report], None],
        moved: Callable[[Agent], None] = lambda _agent: None,
        troubled: Callable[[Trouble, PlexError | None], None] = lambda _trouble, _error: None,
    ) -> None:
        """`told` gets the reports, `moved` what the agent is like after each event, `troubled` what goes wrong beyond
        the synchronisation, and an empty word when that is over."""
        self.agent = agent
        self.match = match
        self._screen = screen
        self._told = told
        self._moved = moved
        self._troubled = troubled
        self._trouble: Trouble = ""
        self._wake_at = -inf
        self._woken = trio.Event()
        self._commands: deque[Command] = deque()
        self._commanded = trio.Event()
        self._questions = 0
        self._asked = trio.Event()
        self._loaded_at = -inf
        self._waits_since = inf
        """When the film was asked for that has not been seen yet."""
        self._skip_not_before = -inf

    # ------------------------------------------------------------ events

    def feed(self, event: Event) -> None:
        """Take in an event; what it orders is carried out by `run`."""
        self.agent, orders = advance(self.agent, event, trio.current_time())
        for order in orders:
            match order:
                case PollNow():
                    self._questions += 1
                    self._asked.set()
                case ProbeClock():
                    pass  # one clock serves all players of the home: the agent asks, and hands it in
                case WakeAt(at_s):
                    self._wake_at = at_s
                    self._woken.set()
                case Report():
                    self._told(order)
                case _:
                    self._commands.append(order)
                    self._commanded.set()
        self._moved(self.agent)

    def begin_anew(self, clock: ServerClock) -> None:
        """Forget line and clock, which were another server's; what is known of the player stays."""
        away, line = self.agent.step, self.agent.line
        if isinstance(away, Away) and line is not None:
            self.agent = but(self.agent, clock=clock, line=but(line, rev=-1))
        else:
            self.agent = but(self.agent, clock=clock, line=None, step=Idle())

    def fetch_back(self) -> None:
        """Let the next line fetch a player back that stepped away."""
        if isinstance(self.agent.step, Away):
            self.agent = but(self.agent, step=Idle())

    def leave(self) -> None:
        """Leave the player to its viewer until a line or an order fetches it back."""
        seen = self.agent.seen
        if not isinstance(self.agent.step, Away) and self.agent.line is not None:
            paused = seen is not None and seen.state == "paused"
            self.agent = but(self.agent, step=Away(paused=paused))

    @property
    def away(self) -> bool:
        """Whether the viewer has taken the player."""
        return isinstance(self.agent.step, Away)

    # ------------------------------------------------------------ life

    async def run(self) -> None:
        """Drive until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._ask, nursery)
            nursery.start_soon(self._obey, nursery)
            self.feed(TimeCame())
            while True:
                self._woken = trio.Event()
                with trio.move_on_at(self._wake_at):
                    await self._woken.wait()
                if trio.current_time() >= self._wake_at:
                    self._wake_at = inf
                    self.feed(TimeCame())

    async def _ask(self, nursery: trio.Nursery) -> None:
        while True:
            while not self._questions:
                self._asked = trio.Event()
                await self._asked.wait()
            self._questions -= 1
            nursery.start_soon(self._poll)

    async def _obey(self, nursery: trio.Nursery) -> None:
        while True:
            while not self._commands:
                self._commanded = trio.Event()
                await self._commanded.wait()
            done = trio.Event()
            nursery.start_soon(self._carry_out, self._commands.popleft(), done)
            with trio.move_on_after(ORDER_S):
                await done.wait()

    # ------------------------------------------------------------ one question, one command

    async def _poll(self) -> None:
        sent_at_s = trio.current_time()
        try:
            polled = await self._screen.poll()
        except PlexError:
            self.feed(SampleLost(sent_at_s))
            if self.agent.lost >= LOST_MAX:
                self._say("no_route")
            return
        timeline = polled.timeline
        stale = polled.stale and trio.current_time() - self._loaded_at < STALE_S
        if timeline is None or timeline.state == "unknown" or stale:
            self.feed(SampleLost(polled.requested_at))
            return
        if self._waits_since < inf and is_preroll(timeline, self.match):
            self.feed(SampleLost(polled.requested_at))
            await self._skip_preroll()
            return
        media = media_of(timeline, self.match)
        ours = media in ("", self.match.rating_key)
        if ours and timeline.state in ("playing", "paused"):
            self._waits_since = inf
            self._say("")
        elif trio.current_time() - self._waits_since > LOADING_S:
            self._say("not_loading")
        elif self._trouble == "no_route":
            self._say("")
        # A viewer who shows something else has left this film, and nobody seeks in theirs.
        state: PlayState = timeline.state if ours else "stopped"
        self.feed(
            SampleArrived(
                polled.requested_at, polled.answered_at, state, timeline.time_ms if ours else None, media
            )
        )

    async def _skip_preroll(self) -> None:
        """Have the film begin: a queue that the player makes itself may have trailers and such before it."""
        now = trio.current_time()
        if now < self._skip_not_before:
            return
        self._skip_not_before = now + SKIP_EVERY_S
        with suppress(PlexError):  # the next look tells
            await self._screen.skip_to(self.match.rating_key)

    async def _carry_out(self, order: Command, done: trio.Event) -> None:
        ok = True
        try:
            await self._send(order)
        except (PlexError, ValueError) as error:
            ok = False
            if isinstance(order, Load):
                self._say("not_loading", error if isinstance(error, PlexError) else None)
        finally:
            done.set()
        self.feed(CommandAnswered(order.command, ok))

    async def _send(self, order: Command) -> None:
        match order:
            case Load(_, media, position_ms):
                self._loaded_at = trio.current_time()
                self._waits_since = min(self._waits_since, self._loaded_at)
                await self._screen.show(media, position_ms)
            case Play():
                await self._screen.play()
            case Pause():
                await self._screen.pause()
            case SeekTo(_, position_ms):
                await self._screen.seek_to(position_ms)
            case SetRate():
                raise ValueError("no player of Plex takes a playback rate")

    def _say(self, trouble: Trouble, error: PlexError | None = None) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._troubled(trouble, error)


def media_of(timeline: Timeline, match: Match) -> str:
    """Name what a player shows: the rating key where it is of this home's server, else something that is not ours."""
    if not timeline.rating_key:
        return match.rating_key if _as_long(timeline.duration_ms, match.duration_ms) else ""
    if timeline.machine_identifier not in ("", match.server_id):
        return f"{timeline.machine_identifier}/{timeline.rating_key}"
    return timeline.rating_key


def is_preroll(timeline: Timeline, match: Match) -> bool:
    """Tell a trailer before the film from the film: something else, and short."""
    shown_ms, ours_ms = timeline.duration_ms, match.duration_ms
    short = shown_ms is not None and 0 < shown_ms <= PREROLL_MS and not _as_long(shown_ms, ours_ms)
    return short and timeline.state in ("playing", "paused") and timeline.rating_key != match.rating_key


def _as_long(shown_ms: int | None, ours_ms: int | None) -> bool:
    """Tell the film by its length, where a player does not name it."""
    return shown_ms is not None and ours_ms is not None and abs(shown_ms - ours_ms) <= LENGTH_MS


async def stop_film(screen: Screen, match: Match) -> bool:
    """Stop a player, if it still shows this film; says whether it surely shows it no more."""
    for _ in range(STOP_TRIES):
        try:
            timeline = (await screen.poll()).timeline
            if timeline is not None and (
                timeline.state == "stopped" or media_of(timeline, match) not in ("", match.rating_key)
            ):
                return True
            await screen.stop()
        except PlexError:
            pass  # the next look tells
        await trio.sleep(STOP_LOOK_S)
    return False
