"""Holds the connections of all agents: carries what they say to the core, and what the core wants told to them.

Nothing is decided here. An effect is put into the queues of those whom it concerns, at once and without waiting, so it
is delivered straight from the store and needs no inbox. A connection is known by its id: the end of an older one, and
what it still says, count for nothing once the same user has a newer one.
"""

import math
import secrets
from collections.abc import Callable, Iterator

import trio

from segue import __version__
from segue.actors.party_gate import PasskeyGate
from segue.actors.party_links import PartyLink
from segue.actors.party_reports import Heard
from segue.core.party.actions import ClientDisconnected, PartyActions, SeatReady, SeatReported
from segue.core.party.effects import CloseLink, CorrectSeat, PublishState, TellEvent, TellMember
from segue.core.party.state import Party, Protocol
from segue.core.vocabulary import EffectBase, Refuse
from segue.interfaces.party_old_protocol import OldUp, Register, StatusUpdate, encode_command
from segue.interfaces.party_protocol import (
    CLOSE_REPLACED,
    CLOSE_REVOKED,
    VERSION,
    Answer,
    BadMessage,
    DeviceBody,
    DownMessage,
    Error,
    Hello,
    Ready,
    Report,
    UpMessage,
    Want,
    Welcome,
    encode,
)
from segue.interfaces.party_translation import (
    Credentials,
    answered,
    connected,
    corrected,
    event_message,
    member_message,
    old_report,
    refused,
    said,
    state_message,
)
from segue.interfaces.party_visitor import Admitted, TurnedAway, Visitor
from segue.interfaces.views import Json
from segue.runtime.clock import Clock
from segue.runtime.store import Store

REVIEW_S = 900.0
"""How often those who came with a passkey are looked at again, where a service knows the passkeys."""
GOES_S = 3.0
"""How long a guest who is in no party any more stays connected: the answer to a wish to leave goes first."""
CLOSE_GOING = 1001
NO_FILE_NAME = "This film has no file name, and clients of the old protocol know films by nothing else."

OnEvent = Callable[[TellEvent], None]


class PartyOrchestrator:
    """All connections of the house's parties."""

    def __init__(self, store: Store, clock: Clock, gate: PasskeyGate, *, server: str = "segue") -> None:
        """`server`: what this house is called towards its guests."""
        self._store, self._clock, self.gate = store, clock, gate
        self._server = server
        self.epoch = secrets.token_hex(6)
        """Names this process' timeline."""
        self._links: dict[str, PartyLink] = {}
        self._current: dict[str, PartyLink] = {}
        self._listeners: list[OnEvent] = []
        self._numbers = 0
        self._hosting = True
        self._review_at = math.inf
        self._review_moved = trio.Event()

    # ---------------------------------------------------------------- the actor

    async def run(self) -> None:
        """Look again at who is connected: when it is asked for, and now and then where a service has the say."""
        while True:
            with trio.CancelScope(deadline=self._review_at):
                await self._review_moved.wait()
            self._review_moved = trio.Event()
            if self._review_at <= trio.current_time():
                self._review_at = math.inf
                await self._look_again()

    async def _look_again(self) -> None:
        # Those about whom nobody must be asked go first: a service that is silent makes nobody else wait.
        links = sorted(self._links.values(), key=lambda link: link.admitted.way == "passkey")
        for link in links:
            if not link.ended and not await self.gate.still_admitted(link.admitted):
                link.end(CLOSE_REVOKED, f"the access of {link.username} was taken back")
        if self.gate.asks_a_service and any(link.admitted.way == "passkey" for link in self._links.values()):
            self._review_by(trio.current_time() + REVIEW_S)

    def review(self) -> None:
        """Have everybody who is connected looked at again: after other settings, for one."""
        self._review_by(trio.current_time())

    def _review_by(self, moment: float) -> None:
        if moment < self._review_at:
            self._review_at = moment
            self._review_moved.set()

    def revoke(self, username: str) -> bool:
        """Take a user's access back now, as far as it is connected. Its passkey must go elsewhere."""
        self.gate.forget(username)
        link = self._current.get(username)
        if link is None:
            return False
        link.end(CLOSE_REVOKED, f"the access of {username} was taken back")
        return True

    # ---------------------------------------------------------------- for the door `/ws`

    @property
    def hosting(self) -> bool:
        """Whether parties are hosted here at all; when they are no more, everybody is told to go."""
        return self._hosting

    @hosting.setter
    def hosting(self, hosting: bool) -> None:
        self._hosting = hosting
        if not hosting:
            for link in self._links.values():
                link.end(CLOSE_GOING, "no parties are hosted here any more")

    def now_at(self) -> float:
        """Give server time, s."""
        return self._clock.now_at()

    async def admit(self, who: Credentials, invite_hash: str, visitor: Visitor) -> Admitted | TurnedAway:
        """Judge a visitor."""
        return await self.gate.admit(who, invite_hash, visitor)

    def join(self, admitted: Admitted, first: Hello | Register) -> PartyLink:
        """Take in a user whose conversation has begun."""
        self._numbers += 1
        link_id = f"{self.epoch}-{self._numbers}"
        protocol: Protocol = "old" if isinstance(first, Register) else "ours"
        link = PartyLink(link_id, admitted, protocol, self.now_at, self._tell_core)
        self._links[link_id] = self._current[link.username] = link
        if protocol == "ours":
            server = f"{self._server}/{__version__}"
            _tell(link, Welcome(VERSION, link.username, self.epoch, server))
        self._began(link, first)
        if self.gate.asks_a_service and admitted.way == "passkey":
            self._review_by(trio.current_time() + REVIEW_S)
        return link

    def hear(self, link: PartyLink, message: UpMessage | OldUp) -> None:
        """Take a message. What comes from a connection that has ended or was replaced is not listened to."""
        link.heard_at = self.now_at()
        if link.ended:
            return
        match message:
            case Report(note="" | "in_step" | "parked" | "stalled" | "uncorrectable" | "not_loading"):
                report = said(message, link.username, link.link_id)
                assert isinstance(report, SeatReported)
                link.rtt_ms = message.rtt_ms
                self._reported(link, report)
            case StatusUpdate():
                found = old_report(message, self._store.state.party, link.username, link.link_id)
                if found is not None:
                    self._reported(link, found)
            case Want():
                self._wished(link, message)
            case Hello() | Register():
                if self._may_act(link):
                    self._began(link, message)
            case Ready() | Report():
                if self._may_act(link):
                    self._tell_core(link, said(message, link.username, link.link_id))

    def leave(self, link: PartyLink) -> None:
        """Hear that a connection has ended."""
        del self._links[link.link_id]
        link.end(CLOSE_GOING, "")
        if self._current.get(link.username) is link:
            del self._current[link.username]
            self._store.dispatch(ClientDisconnected(link.username, link.link_id), by=_by(link))

    # ---------------------------------------------------------------- what they say

    def _began(self, link: PartyLink, message: Hello | Register) -> None:
        self._tell_core(link, connected(message, link.username, link.link_id))

    def _wished(self, link: PartyLink, want: Want) -> None:
        """Take a person's wish, and answer it."""
        if not link.may_act():
            _tell(link, Answer(want.id, ok=False, **_TOO_OFTEN))
            return
        try:
            action = said(want, link.username, link.link_id)
        except BadMessage as wrong:
            _tell(link, Answer(want.id, ok=False, code=wrong.code, message=wrong.message, hint=wrong.hint))
            return
        step = self._store.dispatch(action, by=_by(link))
        _tell(link, answered(want, step.refusal))

    def _reported(self, link: PartyLink, action: SeatReported) -> None:
        """Keep a report, and tell the core what is new in it."""
        if not self._has_seat(action):
            if self._may_act(link):
                self._tell_core(link, action)  # which says what is wrong with it
            return
        news = link.reports.take(action, self.now_at())
        if news is not None:
            self._tell_core(link, news)
        elif link.reports.next_at is not None:
            link.wake()

    def _has_seat(self, action: SeatReported) -> bool:
        party = self._store.state.party.parties.get(action.party_id)
        member = None if party is None else party.member(action.username)
        return member is not None and any(seat.device_id == action.device_id for seat in member.seats)

    def _may_act(self, link: PartyLink) -> bool:
        if link.may_act():
            return True
        _tell(link, Error(**_TOO_OFTEN))
        return False

    def _tell_core(self, link: PartyLink, action: PartyActions) -> None:
        """Dispatch what an agent says; where it cannot be, the agent is told why."""
        if link.ended:
            return
        refusal: Refuse | None = self._store.dispatch(action, by=_by(link)).refusal
        if refusal is not None:
            _tell(link, refused(refusal))

    # ---------------------------------------------------------------- what they are told

    def deliver(self, effect: EffectBase) -> None:
        """Carry out an effect: put it into the queues of those whom it concerns."""
        match effect:
            case PublishState():
                self._publish(effect)
            case TellMember():
                self._tell_member(effect)
            case TellEvent():
                self._tell_event(effect)
            case CorrectSeat():
                link = self._current.get(effect.to)
                if link is not None and link.protocol == "old":
                    link.tell(encode_command(corrected(effect)))
            case CloseLink():
                old = self._links.get(effect.link_id)
                if old is not None:
                    old.end(CLOSE_REPLACED, "the same user connected from elsewhere")

    def on_event(self, callback: OnEvent) -> None:
        """Tell somebody, too, what everybody in a party is told; it must neither wait nor raise."""
        self._listeners.append(callback)

    def _publish(self, effect: PublishState) -> None:
        key = ("state", effect.party_id)
        common = ""
        fetched = {username for username, _ in effect.frame.fetch}
        for link in self._concerned(effect.party_id, effect.to):
            if link.protocol == "old":
                self._lead_old(link, effect.party_id)
            elif link.username in fetched:
                link.tell(encode(state_message(effect, link.username)), key)
            else:
                common = common or encode(state_message(effect, ""))
                link.tell(common, key)

    def _tell_member(self, effect: TellMember) -> None:
        link = self._current.get(effect.to)
        if link is None:
            return
        if effect.removed:
            link.reports.forget(effect.party_id, effect.device_id)
            if link.admitted.way == "invite":
                self._review_by(trio.current_time() + GOES_S)
        if link.old_players is not None:
            self._lead_old(link, effect.party_id)
            return
        key = ("member", effect.party_id, effect.device_id or effect.title)
        link.tell(encode(member_message(effect)), key)

    def _tell_event(self, effect: TellEvent) -> None:
        text = ""
        for link in self._concerned(effect.party_id, effect.to):
            if link.old_players is None:
                text = text or encode(event_message(effect))
                link.tell(text)
            elif effect.kind == "resync":
                link.old_players.resync(effect.party_id, effect.device_id, self.now_at())
                link.wake()
        if not effect.to:
            for callback in self._listeners:
                callback(effect)

    def _concerned(self, party_id: str, to: str) -> Iterator[PartyLink]:
        """Find the connections of a party's members, or of one user."""
        if to:
            usernames: tuple[str, ...] = (to,)
        else:
            party = self._store.state.party.parties.get(party_id)
            usernames = () if party is None else tuple(member.username for member in party.members)
        return (link for name in usernames if (link := self._current.get(name)) is not None)

    def _lead_old(self, link: PartyLink, party_id: str) -> None:
        """Have the players of an old client follow their party's state as it is now."""
        assert link.old_players is not None
        party = self._store.state.party.parties.get(party_id)
        member = None if party is None else party.member(link.username)
        if party is None or member is None:
            link.old_players.forget(party_id)
            return
        seats = [seat for seat in member.seats if seat.device_id and not seat.away]
        devices = [DeviceBody(id=seat.device_id, title=seat.title) for seat in seats]
        link.old_players.follow(state_message(_published(party), ""), devices, self.now_at())
        link.wake()
        for seat in seats:
            # Such a client cannot say itself that it will never hear of this film.
            problem, detail = ("", "") if party.film.filename else ("no_film", NO_FILE_NAME)
            if problem != seat.problem and seat.problem in ("", "no_film"):
                ready = SeatReady(
                    link.username, link.link_id, party_id, seat.device_id, 0, None, problem, detail
                )
                self._store.post(ready, by=_by(link))

    # ---------------------------------------------------------------- for who looks

    def live(self, party_id: str) -> Json:
        """Say how each connection and each player of a party is doing now (`interfaces.door.PartyLive`)."""
        now_at = self.now_at()
        links, seats = {}, []
        for link in self._concerned(party_id, ""):
            links[link.username] = {
                "heard_s": round(now_at - link.heard_at, 1),
                "queued": link.queued,
                "rtt_ms": link.rtt_ms,
            }
            seats += [_seat_view(heard, now_at) for heard in link.reports.of(party_id)]
        return {"links": links, "seats": seats}

    @property
    def connections(self) -> int:
        """How many agents are connected."""
        return len(self._links)


_TOO_OFTEN = {
    "code": "too_often",
    "message": "Too much was said at once; this was not heard.",
    "hint": "Wait a few seconds.",
}


def _tell(link: PartyLink, message: DownMessage) -> None:
    link.tell(encode(message))


def _by(link: PartyLink) -> str:
    """Name who is behind an action, for the journal."""
    return f"party:{link.username}"


def _published(party: Party) -> PublishState:
    """Give the state of a party as it would be told."""
    return PublishState(
        effect_id="",
        why=party.frame.why,
        because=party.because,
        party_id=party.party_id,
        phase=party.phase_name,
        frame=party.frame,
        film=party.film,
    )


def _seat_view(heard: Heard, now_at: float) -> Json:
    action, report = heard.latest, heard.latest.report
    return {
        "username": action.username,
        "device_id": action.device_id,
        "heard_s": round(now_at - heard.heard_at, 1),
        "rev": report.rev,
        "drift_ms": report.drift_ms,
        "sigma_ms": report.sigma_ms,
        "samples": report.samples,
        "state": report.state,
        "note": report.note,
        "step": report.step,
        "position_ms": report.position_ms,
        "parking_ms": report.parking_ms,
        "stalls": heard.stalls,
    }
