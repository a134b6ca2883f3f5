"""One player of this home in one session: from the orchestrator's words to the player, and back.

Theory of operation. What is told is kept, and a task brings reality to it (`_settle`), so that it does not matter in
which order things arrive or how long a look-up takes. Only one thing does not wait for that task: the next line of the
film that is already being shown, which goes to the driver at once.
"""

import time
from math import inf

import msgspec
import trio
from msgspec.structs import replace as but

from segue.actors.party_household import RESTART_S, Household, guarded, wire_report
from segue.actors.party_media import LENGTH_UNKNOWN_MS, Match, Missing
from segue.actors.party_player import PlayerDriver, Screen, Trouble, stop_film
from segue.adapters.plex import PlexError
from segue.adapters.plex_xml import PlayerInfo
from segue.core.party.home import HomeSeat, HomeSeatGone, HomeSeatSeen
from segue.core.party.sync.agent import Agent, Away, Held
from segue.core.party.sync.clock import PROBES_AT_START, Probe
from segue.core.party.sync.controller import new_agent
from segue.core.party.sync.messages import ClockSampled, LineReceived, Rejoined, Trimmed
from segue.core.party.sync.messages import Report as SyncReport
from segue.core.party.sync.target import GroupLine
from segue.interfaces.party_protocol import FilmBody, Member, Ready, Report, State
from segue.interfaces.views import Json

LOOK_AGAIN_S = 20.0
"""While something is missing, it is looked for again after so long, in seconds..."""
LOOK_AGAIN_MAX_S = 300.0
"""...and later and later, up to this; so often also where nothing is missing, but a lobby is open..."""
SOON_S = 900.0
"""...unless the party begins within this: then it is looked at every `LOOK_AGAIN_S`."""
FRESH_S = 5.0
"""A look around that is younger than this need not be repeated."""
END_MS = 5000
"""What happens to a film within this time of its end is its end, and nobody's hand."""
NOT_STARTED = ("late", "busy")
"""Words of `member.away` for a player that has not been in step yet."""


class Seat:
    """One player in one session."""

    def __init__(self, household: Household, session: str, device_id: str, title: str) -> None:
        self.session = session
        self.device_id = device_id
        self.title = title
        self.state: State | None = None
        self.away = ""
        """Why the orchestrator leaves this player alone; empty when it is in step."""
        self.problem = ""
        self.detail = ""
        self.report: Report | None = None
        self.cued = False
        self._household = household
        self._driver: PlayerDriver | None = None
        self._driving: trio.CancelScope | None = None
        self._match: Match | None = None
        self._film: FilmBody | None = None
        """The film that the match is for."""
        self._screen: Screen | None = None
        self._info: PlayerInfo | None = None
        self._offset_ms = 0
        self._fetched_rev = -1
        self._ready_rev, self._stalled = -1, False
        self._hand: Report | None = None
        """What the viewer's hand did that the orchestrator has not answered yet..."""
        self._hand_untold = False
        """...and whether it may not even have heard of it."""
        self._looks = 0
        """How often something was looked for in vain."""
        self._unheard = False
        """Whether a connection was lost and no state was told since."""
        self._in_time = True
        """Whether the driver reckons with the clock that the orchestrator has now."""
        self._told: HomeSeat | None = None
        self._changed = trio.Event()
        self._nursery: trio.Nursery | None = None
        self._gone = False

    # ------------------------------------------------------------ what the orchestrator says

    def take_member(self, member: Member) -> None:
        """Take in what the orchestrator says of this player."""
        self.title, self.away = member.title or self.title, member.away
        if not self._hand_untold:
            self._hand = None
        self.take_offset(member.offset_ms)
        if member.away and self._driver is not None:
            self._driver.leave()
        self._tell_house()
        self._wake()

    def take_offset(self, offset_ms: int) -> None:
        """Be so much later (+) or earlier (-) than the line."""
        self._offset_ms = offset_ms
        if self._driver is not None:
            self._driver.feed(Trimmed(offset_ms))

    def take_state(self, state: State) -> None:
        """Take in where the film should be; an older state changes nothing."""
        if self.state is not None and state.rev <= self.state.rev:
            return
        self.state = state
        self.cued = state.phase == "intermission" and state.why == "cue"
        if self.device_id in state.fetch:
            self.away, self._fetched_rev = "", state.rev
            self._hand, self._hand_untold = None, False
        if self._film == state.film:
            self._feed_line()
        self._tell_house()
        self._wake()

    def take_resync(self) -> None:
        """Bring the player into step now."""
        self.away, self._hand, self._hand_untold = "", None, False
        if self._driver is not None:
            self._driver.feed(Rejoined())
        self._tell_house()
        self._wake()

    def take_cue(self) -> None:
        """The intermission is over in a moment."""
        self.cued = True
        self._tell_house()

    def take_probe(self, probe: Probe) -> None:
        """Learn the time."""
        if self._driver is not None and self._in_time:
            self._driver.feed(ClockSampled(probe))

    def take_new_clock(self) -> None:
        """The orchestrator counts time anew: what it said before means nothing now. The player goes on as it is."""
        self.state, self._fetched_rev, self._ready_rev = None, -1, -1
        self._in_time = False

    def clock_known(self) -> None:
        """The orchestrator's clock is known now: what waited for it may go on."""
        if not self._in_time:
            self._in_time = True
            if self._driver is not None:
                self._driver.begin_anew(self._household.clock)
        self._feed_line()
        self._wake()

    def link_lost(self) -> None:
        """The connection ended: what was told last may not have been heard."""
        self._hand_untold, self._unheard = self._hand is not None, True

    def link_back(self) -> None:
        """The state has been told: the first time after a loss, say what the orchestrator may not know."""
        if not self._unheard:
            return
        self._unheard, self._ready_rev = False, -1
        if self._hand_untold and self._hand is not None and self.state is not None and not self.away:
            self._hand_untold = not self._household.say(but(self._hand, rev=self.state.rev))
        self._say_ready()

    def removed(self) -> None:
        """This player is no longer in the session; what it shows is its viewer's affair."""
        self._gone = True
        self._wake()

    # ------------------------------------------------------------ life

    async def run(self) -> None:
        """Bring reality to what is wanted, until the seat is gone."""
        async with trio.open_nursery() as self._nursery:
            try:
                while not self._gone:
                    self._changed = trio.Event()
                    again_s = await self._settle()
                    with trio.move_on_after(again_s):
                        await self._changed.wait()
            finally:
                self._release()
                if self._told is not None:
                    self._told = None
                    self._household.post(HomeSeatGone(self.session, self.device_id))
            self._nursery.cancel_scope.cancel()

    def _wake(self) -> None:
        self._changed.set()

    @property
    def _runs(self) -> bool:
        return self._driver is not None

    async def _settle(self) -> float:
        """Do what the present state asks for; give how long that holds if nothing changes, in seconds."""
        state = self.state
        if state is None:
            return inf
        match state.phase:
            case "lobby":
                self._release()
                return await self._prepare(state)
            case "ended":
                await self._finish()
                return inf
            case _:
                return await self._take_part(state)

    async def _prepare(self, state: State) -> float:
        """In the lobby: look whether everything is there, and say what is not."""
        home = await self._household.look(FRESH_S)
        found = await self._household.find(state.film)
        player = home.player(self.device_id)
        if player is None:
            self._set_problem("not_found", f"{self.title} is no player that this home authorises.")
        elif player.problem:
            self._set_problem(player.problem, player.detail)
        elif isinstance(found, Missing):
            self._set_problem(found.problem, found.detail)
        else:
            self._set_problem("", "")
        if state.starts_at is not None and abs(state.starts_at - time.time()) < SOON_S:
            return LOOK_AGAIN_S
        return self._later_s() if self.problem else LOOK_AGAIN_MAX_S

    def _later_s(self) -> float:
        """Say when to look again for what is missing."""
        self._looks += 1
        return float(min(LOOK_AGAIN_MAX_S, LOOK_AGAIN_S * 1.3 ** max(0, self._looks - 5)))

    async def _take_part(self, state: State) -> float:
        """Have a driver with the right film on the right line."""
        if not self._household.clock.known or (self.away in NOT_STARTED and not self._runs):
            return inf
        if self._film != state.film or self._match is None:
            found = await self._household.find(state.film)
            if isinstance(found, Missing):
                self._release()
                self._set_problem(found.problem, found.detail)
                return self._later_s()
            self._film, self._match = state.film, found
            if self._driver is not None:
                self._driver.match = found
                if not self.away and self._driver.away and not self._hand:
                    self._driver.fetch_back()
        if self._driver is not None and self.problem == "no_route":
            await self._follow_the_player()
        if self._driver is None and not await self._begin(self._match):
            return self._later_s()
        self._feed_line()
        return self._later_s() if self.problem == "no_route" else inf

    async def _follow_the_player(self) -> None:
        """A player that does not answer may have moved to another address: then it is driven there."""
        player = (await self._household.look(FRESH_S)).player(self.device_id)
        if player is not None and player.info is not None and player.info != self._info:
            self._release()

    async def _begin(self, match: Match) -> bool:
        """Take the player. Where it was last seen is good enough at first, for a look around takes a second or more."""
        player = (await self._household.look(inf)).player(self.device_id)
        if player is None or player.info is None or player.problem:
            player = (await self._household.look(FRESH_S)).player(self.device_id)
        if player is None or player.info is None:
            detail = (
                f"{self.title} is no player that this home authorises." if player is None else player.detail
            )
            self._set_problem(player.problem if player and player.problem else "not_found", detail)
            return False
        if not self._household.drives(self.device_id, self):
            self._set_problem("busy", f"{self.title} is in another party.")
            return False
        self._set_problem("", "")
        self._info = player.info
        self._screen = self._household.screen(player, match)
        agent = new_agent(self._household.players.learned(self.device_id))
        # The clock is known already; without this the player would wait for eight probes of its own.
        agent = but(agent, clock=self._household.clock, probes_sent=PROBES_AT_START)
        if self.away and self.state is not None:
            agent = but(agent, line=self._line(self.state, match), step=Away(paused=False))
        self._in_time = True
        self._driver = PlayerDriver(
            self._screen,
            agent,
            match,
            told=self._reported,
            moved=self._moved,
            troubled=self._troubled,
        )
        self._driver.feed(Trimmed(self._offset_ms))
        assert self._nursery is not None
        self._driving = trio.CancelScope()
        self._nursery.start_soon(self._keep, self._driver, self._driving)
        return True

    async def _keep(self, driver: PlayerDriver, scope: trio.CancelScope) -> None:
        """Run a driver. One that falls over is made anew; it is this player's affair only."""
        with scope:
            await guarded(driver.run, f"The driver of {self.title}")
            if self._driver is driver:
                self._driver = None
                self._household.lets_go(self.device_id, self)
                await trio.sleep(RESTART_S)
                self._wake()

    def _release(self) -> None:
        """Let go of the player; it goes on with what it does."""
        if self._driver is not None:
            self._household.lets_go(self.device_id, self)
        self._driver, self._hand, self._hand_untold = None, None, False
        if self._driving is not None:
            self._driving.cancel()
            self._driving = None

    async def _finish(self) -> None:
        """The party is over: stop the player, unless its viewer has taken it."""
        driver, screen, match = self._driver, self._screen, self._match
        self._release()
        if driver and screen and match and not driver.away and not self.away:
            await stop_film(screen, match)
        self._set_problem("", "", silent=True)
        if self._told is not None:
            self._told = None
            self._household.post(HomeSeatGone(self.session, self.device_id))

    # ------------------------------------------------------------ towards the player

    def _line(self, state: State, match: Match) -> GroupLine:
        fetched = self._fetched_rev == state.rev
        return GroupLine(state.rev, state.position_ms, state.at, state.rate, match.rating_key, fetched)

    def _feed_line(self) -> None:
        """Give the driver the line, once the orchestrator's clock is known."""
        driver, state, match, clock = self._driver, self.state, self._match, self._household.clock
        if driver is None or state is None or match is None or not self._in_time or not clock.known:
            return
        if state.phase in ("lobby", "ended"):
            return
        if not self.away and self._hand is None:
            driver.fetch_back()  # what took it away was the end of a film, and nobody's wish
        if driver.agent.clock.probes[-1:] != clock.probes[-1:]:
            driver.agent = but(driver.agent, clock=clock)
        driver.feed(LineReceived(self._line(state, match)))

    # ------------------------------------------------------------ what comes back

    def _moved(self, agent: Agent) -> None:
        """Say that the player is parked, once for each revision."""
        state, line = self.state, agent.line
        if state is None or line is None or line.rate != 0.0 or line.rev != state.rev:
            return
        if isinstance(agent.step, Held) and self._ready_rev != line.rev and not self.problem:
            self._ready_rev = line.rev
            self._stalled = False
            parked_ms = max(0, round(agent.step.position_s * 1000))
            self._household.say(Ready(self.session, self.device_id, line.rev, parked_ms))

    def _reported(self, report: SyncReport) -> None:
        state, driver = self.state, self._driver
        if state is None or driver is None:
            return
        note = report.note
        by_hand = note.startswith("hand_")
        if by_hand and self._is_the_end(state, driver):
            return
        if note == "stalled":
            self._stalled = True
        elif note in ("parked", "in_step"):
            self._stalled = False
        if self._stalled and state.phase == "waiting" and not note:
            note = "stalled"
        self.report = wire_report(self.session, self.device_id, report, note, driver.agent)
        went_out = self._household.say(self.report)
        if by_hand:
            self._hand, self._hand_untold = self.report, not went_out
        self._household.players.note(self.device_id, title=self.title, learned=driver.agent.learned)
        if note == "not_loading" and not self.problem:
            self._troubled("not_loading", None)
        self._tell_house()

    def _is_the_end(self, state: State, driver: PlayerDriver) -> bool:
        """Tell whether the film is over, here or in the party: files of one film differ by two seconds."""
        length_ms = state.film.duration_ms
        if driver.match.duration_ms is not None:
            length_ms = min(length_ms, driver.match.duration_ms)
        line = driver.agent.line
        if length_ms >= LENGTH_UNKNOWN_MS or line is None:
            return False
        at_s = driver.agent.clock.server_s(trio.current_time())
        return line.position_s(at_s) * 1000 >= length_ms - END_MS

    # ------------------------------------------------------------ what is missing

    def _troubled(self, trouble: Trouble, error: PlexError | None) -> None:
        if self._screen is not None:
            self._set_problem(*self._screen.why(trouble, error))
            self._wake()

    def _set_problem(self, problem: str, detail: str, *, silent: bool = False) -> None:
        if (problem, detail) == (self.problem, self.detail):
            return
        self.problem, self.detail, self._looks = problem, detail, 0
        if not silent:
            self._say_ready()
        self._tell_house()

    def _say_ready(self) -> None:
        """Tell what is missing, or, with empty words, that nothing is. Parked is said in `_moved` only."""
        rev = self.state.rev if self.state is not None else 0
        if self.problem or self.state is None or self.state.phase == "lobby":
            self._household.say(
                Ready(self.session, self.device_id, rev, None, self.problem[:32], self.detail[:500])
            )
        elif self._driver is not None:
            self._ready_rev = -1
            self._moved(self._driver.agent)

    # ------------------------------------------------------------ towards this house

    def _tell_house(self) -> None:
        state = self.state
        if state is None or state.phase == "ended" or self._gone:
            return
        taken = self._driver is not None and not self._driver.away
        seat = HomeSeat(
            party_id=self.session,
            device_id=self.device_id,
            title=self.title,
            phase=state.phase,
            in_step=not self.away and not self.problem and (taken or state.phase == "lobby"),
            cued=self.cued,
            film=state.film.title or state.film.filename,
        )
        if seat != self._told:
            self._told = seat
            self._household.post(HomeSeatSeen(seat))

    def view(self) -> Json:
        """Show it to people."""
        report, state = self.report, self.state
        return {
            "party_id": self.session,
            "device_id": self.device_id,
            "title": self.title,
            "phase": "" if state is None else state.phase,
            "film": "" if state is None else state.film.title or state.film.filename,
            "away": self.away,
            "problem": self.problem,
            "detail": self.detail,
            "report": None if report is None else msgspec.to_builtins(report),
        }
