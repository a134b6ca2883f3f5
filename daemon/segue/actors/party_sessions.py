"""The sessions that this home is in, as its orchestrator tells them: each message goes to the seats it is about."""

from collections.abc import Awaitable, Callable, Iterator
from math import inf

import trio

from segue.actors.party_home import HomePlayer
from segue.actors.party_household import Household, kept_alive
from segue.actors.party_seat import Seat
from segue.core.party.sync.clock import Probe
from segue.interfaces.party_old_protocol import OldCommand, StatusUpdate, state_of
from segue.interfaces.party_protocol import Event, Member, Report, State

OLD_SESSION = "000000"
"""The one session that an orchestrator of the old protocol has, as far as it says."""
STATUS_S = 10.0
"""Between two statuses of the old protocol, in seconds."""


class Sessions:
    """All seats of this home."""

    def __init__(self, household: Household, start: Callable[[Callable[[], Awaitable[None]]], None]) -> None:
        """`start` runs something beside everything else."""
        self._household = household
        self._start = start
        self._seats: dict[tuple[str, str], Seat] = {}
        self._driven: dict[str, Seat] = {}
        self._named: set[tuple[str, str]] = set()
        """Sessions and seats that the orchestrator has named since its last welcome."""
        self._status_at: dict[str, float] = {}
        self._states: dict[str, State] = {}
        """The newest state of each session, for seats that come later."""
        self.members: dict[str, Member] = {}
        """What this home is in each session."""

    def __iter__(self) -> Iterator[Seat]:
        return iter(tuple(self._seats.values()))

    @property
    def need_time(self) -> bool:
        """Whether a film runs, or is about to."""
        states = [seat.state for seat in self]
        return any(state is None or state.phase not in ("lobby", "ended") for state in states)

    @property
    def without_player(self) -> bool:
        """Whether there is a session in which none of our players has a seat."""
        return not self.members.keys() <= {seat.session for seat in self}

    # ------------------------------------------------------------ the connection

    def welcomed(self, *, new_clock: bool) -> None:
        """There is a conversation: the sessions are told from the start now."""
        self._named.clear()
        if new_clock:
            self._states.clear()
            for seat in self:
                seat.take_new_clock()

    def lost(self) -> None:
        """The connection ended; the films go on."""
        for seat in self:
            seat.link_lost()

    def forget_unnamed(self) -> None:
        """Let go of seats that the orchestrator knows nothing of any more; their films go on."""
        for key, seat in tuple(self._seats.items()):
            if key not in self._named and seat.session != OLD_SESSION:
                self._remove(seat)
        sessions = {seat.session for seat in self} | {session for session, _ in self._named}
        self.members = {session: m for session, m in self.members.items() if session in sessions}
        self._states = {session: s for session, s in self._states.items() if session in sessions}

    def forget_all(self) -> None:
        """Let go of everything: it is another orchestrator's."""
        for seat in self:
            self._remove(seat)
        self.members.clear()
        self._states.clear()

    def learned_time(self, probe: Probe, *, first: bool) -> None:
        """A probe came back; `first`: the time is known since this one."""
        for seat in self:
            seat.take_probe(probe)
            if first:
                seat.clock_known()

    # ------------------------------------------------------------ what is heard

    def member(self, member: Member) -> None:
        """Take in what this home, or one of its players, is in a session."""
        key = (member.session, member.device)
        if not member.device:
            if member.removed:
                self.members.pop(member.session, None)
            else:
                self._named.add(key)
            for seat in self:
                if seat.session == member.session and member.removed:
                    self._remove(seat)
                elif seat.session == member.session:
                    seat.take_offset(member.offset_ms)
        elif member.removed:
            self._named.discard(key)
            if key in self._seats:
                self._remove(self._seats[key])
            if not any(seat.session == member.session for seat in self):
                self.members.pop(member.session, None)
        else:
            self._named.add(key)
            seat = self._seat(*key, member.title)
            seat.take_member(member)
            if (state := self._states.get(member.session)) is not None:
                seat.take_state(state)
        if not member.removed:
            self.members[member.session] = member

    def state(self, state: State) -> None:
        """Take in where a film should be."""
        known = self._states.get(state.session)
        if known is None or state.rev > known.rev:
            self._states[state.session] = state
        for seat in self:
            if seat.session == state.session:
                seat.take_state(state)
                seat.link_back()

    def event(self, event: Event) -> None:
        """Take in what happened; two kinds are orders."""
        for seat in self:
            if seat.session != event.session or event.device not in ("", seat.device_id):
                continue
            if event.kind == "resync":
                seat.take_resync()
            elif event.kind == "intermission_ending":
                seat.take_cue()

    # ------------------------------------------------------------ the old protocol

    def command(self, command: OldCommand, player: HomePlayer) -> None:
        """Take in a command of the old protocol: it holds from now on."""
        seat = self._seat(OLD_SESSION, player.device_id, player.title)
        before = seat.state
        rev = 1 if before is None else before.rev + 1
        state = state_of(command, OLD_SESSION, rev, trio.current_time(), before)
        if state is not None:
            seat.take_state(state)

    def status(self, report: Report) -> StatusUpdate | None:
        """Make a status of the old protocol out of a report, where one is due."""
        seat = self._seats.get((report.session, report.device))
        now_s = trio.current_time()
        if seat is None or seat.state is None or report.position_ms is None:
            return None
        if now_s - self._status_at.get(report.device, -inf) < STATUS_S:
            return None
        self._status_at[report.device] = now_s
        return StatusUpdate(seat.state.film.filename, report.position_ms)

    # ------------------------------------------------------------ seats

    def drives(self, device_id: str, seat: Seat) -> bool:
        """Take a player, unless another seat has it."""
        return self._driven.setdefault(device_id, seat) is seat

    def lets_go(self, device_id: str, seat: Seat) -> None:
        """Give a player free."""
        if self._driven.get(device_id) is seat:
            del self._driven[device_id]

    def _seat(self, session: str, device_id: str, title: str) -> Seat:
        seat = self._seats.get((session, device_id))
        if seat is None:
            seat = self._seats[session, device_id] = Seat(self._household, session, device_id, title)
            self._start(lambda: kept_alive(seat.run, f"What {seat.title} does in a party"))
        return seat

    def _remove(self, seat: Seat) -> None:
        self._seats.pop((seat.session, seat.device_id), None)
        seat.removed()
