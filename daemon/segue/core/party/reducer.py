"""Everything that changes the party domain's state happens here, or in the module that a line here names.

Theory of operation. A party is made in its lobby (`lobby.py`); agents connect, and their players are bound to the seats
of members (`members.py`). A start, asked for or scheduled (`schedule.py`), has everybody load the film and park; then
the film runs. Requests (`policy.py` says whose) and people's remotes (`hands.py`) move the party between the phases of
`transport.py`, each of which tells the whole state with a new revision. What a moment brings about, such as an
intermission, the end of a wait or a new host, is in `due.py`, and is looked at after every step.

Nothing here follows the players: an agent holds its own players to the line. What it reports is shown, and used for
nothing but the policy `wait` and clients of the old protocol.
"""

from typing import assert_never

from msgspec.structs import replace as but

from segue.core.party import due, hands, lobby, members, nicks, policy, transport
from segue.core.party.actions import (
    ClientConnected,
    ClientDisconnected,
    ClockStepped,
    HandSeen,
    PartyActions,
    SeatReady,
    SeatReported,
)
from segue.core.party.home import AgentLinkChanged, HomeActions, HomeSeatGone, HomeSeatSeen, reduced
from segue.core.party.nicks import NickActions, NickAsked, NickConfirmRequested, NickGone, NickUnbindRequested
from segue.core.party.requests import (
    AddRequested,
    CreateRequested,
    IgnoreRequested,
    InviteRequested,
    OffsetRequested,
    PauseRequested,
    QueueRequested,
    RemoveRequested,
    ResumeRequested,
    ResyncRequested,
    RoleRequested,
    RulesRequested,
    ScheduleRequested,
    SeekRequested,
    Setting,
    SkipRequested,
    StartRequested,
    StopRequested,
    Transport,
)
from segue.core.party.settings import PartySettings, clock_time
from segue.core.party.state import (
    Ended,
    Gathering,
    Intermission,
    Lobby,
    Party,
    PartyState,
    Paused,
    Playing,
    Waiting,
    awake,
)
from segue.core.stamp import Stamp
from segue.core.timers import earliest, is_due
from segue.core.vocabulary import EffectBase, Out

Step = tuple[PartyState, list[EffectBase]]

CLOCKS_APART_S = 0.02
"""How far the two clocks may drift apart before it is written down: a restart puts the film off by no more."""


def reduce(state: PartyState, action: PartyActions, stamp: Stamp) -> Step:
    """Take one action in: the table of contents of the domain."""
    out = Out(stamp)
    state = before = _awake(state, stamp)
    match action:
        case CreateRequested():
            state = lobby.create(state, action, out)
        case (
            StartRequested()
            | PauseRequested()
            | ResumeRequested()
            | SeekRequested()
            | StopRequested()
            | SkipRequested()
            | AddRequested()
            | RemoveRequested()
            | QueueRequested()
            | ScheduleRequested()
            | RulesRequested()
            | RoleRequested()
            | IgnoreRequested()
            | OffsetRequested()
            | ResyncRequested()
            | InviteRequested()
        ):
            state = _requested(state, action, out)
        case ClientConnected():
            state = members.connected(state, action, out)
        case ClientDisconnected():
            state = members.disconnected(state, action, out)
        case SeatReady():
            state = members.ready(state, action, out)
        case SeatReported():
            state = members.reported(state, action, out)
        case HandSeen():
            state = hands.seen(state, action, out)
        case ClockStepped():
            pass
        case AgentLinkChanged() | HomeSeatSeen() | HomeSeatGone():
            state = _at_home(state, action, out)
        case NickAsked() | NickGone() | NickConfirmRequested() | NickUnbindRequested():
            state = _on_irc(state, action, out)
        case _:
            assert_never(action)
    return _advance(before, state, out), out.effects


def configure(state: PartyState, settings: PartySettings, stamp: Stamp, first_effect: int = 0) -> Step:
    """Take the configuration in. Parties that exist keep their own rules."""
    out = Out(stamp, first_effect)
    before = _awake(state, stamp)
    return _advance(before, but(before, settings=settings), out), out.effects


def expire(state: PartyState, stamp: Stamp) -> Step:
    """Do what deadlines ask for. A spurious call finds nothing due and changes nothing."""
    out = Out(stamp)
    state = _awake(state, stamp)
    if not is_due(state.due_at, stamp.now_at):
        return state, out.effects
    return _advance(state, state, out), out.effects


def next_deadline(state: PartyState) -> float | None:
    """Give the next moment at which something of this domain is due."""
    return 0.0 if state.asleep is not None and state.asleep.parties else state.due_at


def _at_home(state: PartyState, action: HomeActions, out: Out) -> PartyState:
    home = reduced(state.home, action, out)
    return state if home is state.home else but(state, home=home)


def _on_irc(state: PartyState, action: NickActions, out: Out) -> PartyState:
    known = nicks.reduced(state.nicks, action, out)
    return state if known is state.nicks else but(state, nicks=known)


# ------------------------------------------------------------------ before and after each step


def _awake(state: PartyState, stamp: Stamp) -> PartyState:
    """Wake what a former process kept, and note how the clocks stand."""
    if state.asleep is not None:
        state = but(awake(state, stamp.now_at, stamp.wall_at), due_at=stamp.now_at)
    apart_s = stamp.wall_at - stamp.now_at
    if state.wall_minus_now_s is None or abs(state.wall_minus_now_s - apart_s) > CLOCKS_APART_S:
        state = but(state, wall_minus_now_s=apart_s)
    return state


def _advance(before: PartyState, state: PartyState, out: Out) -> PartyState:
    """Do what is due in each party, forget those that ended long ago, and note when to look again.

    A party that did not change in this step and is not due is left alone, unless it goes by the wall clock.
    """
    all_anew = before.settings is not state.settings
    for party in tuple(state.parties.values()):
        known = before.parties.get(party.party_id)
        waits_for_the_clock = isinstance(party.phase, Lobby)
        if (
            party is known
            and not is_due(party.due_at, out.stamp.now_at)
            and not (all_anew or waits_for_the_clock)
        ):
            continue
        if isinstance(party.phase, Ended) and party.phase.gone_at <= out.stamp.now_at:
            state = but(state, parties={k: p for k, p in state.parties.items() if p is not party})
            continue
        after = _advanced(state, party, known, out)
        if after is not party:
            state = members.put(state, after)
    asking = nicks.pruned(state.nicks, out.stamp.now_at)
    if asking is not state.nicks:
        state = but(state, nicks=asking)
    due_at = earliest((nicks.next_at(asking), *(party.due_at for party in state.parties.values())))
    return state if due_at == state.due_at else but(state, due_at=due_at)


def _advanced(state: PartyState, party: Party, known: Party | None, out: Out) -> Party:
    party = due.advance(party, state.settings, out)
    begins = known is None or isinstance(known.phase, Lobby)
    if begins and isinstance(party.phase, Gathering):
        party = due.advance(members.busy_marked(state, party), state.settings, out)
    due_at = due.next_at(party, state.settings, out.stamp)
    return party if due_at == party.due_at else but(party, due_at=due_at)


# ------------------------------------------------------------------ what people ask


def _requested(state: PartyState, action: Transport | Setting, out: Out) -> PartyState:
    party = state.parties.get(action.party_id)
    if party is None:
        names = ", ".join(state.parties) or "none"
        out.refuse("unknown_party", f"There is no party {action.party_id!r}.", f"Parties: {names}.")
        return state
    if isinstance(party.phase, Ended):
        out.refuse("ended", f"Party {party.party_id} has ended ({party.phase.reason}).", "Make a new one.")
        return state
    admitted = policy.admit(party, action, out)
    if admitted is None:
        return state
    match action:
        case (
            StartRequested()
            | PauseRequested()
            | ResumeRequested()
            | SeekRequested()
            | StopRequested()
            | SkipRequested()
        ):
            return members.put(state, _transport(state.settings, admitted, action, out))
        case _:
            return lobby.set_up(state, admitted, action, out)


def _transport(settings: PartySettings, party: Party, action: Transport, out: Out) -> Party:
    match action:
        case StopRequested():
            out.accept("ends the party")
            who = action.who or "The house"
            return transport.become_ended(party, out, "stopped", settings, f"{who} ended the party.")
        case StartRequested() if isinstance(party.phase, Lobby):
            out.accept("starts: everybody loads the film")
            return transport.become_gathering(party, out, party.frame.item, "gather")
        case _ if isinstance(party.phase, Lobby):
            text = f"Party {party.party_id} has not begun."
            out.refuse("not_started", text, f"`party start {party.party_id}` begins it.")
            return party
        case StartRequested() | ResumeRequested():
            return _resume(party, action.who, out)
        case PauseRequested():
            if isinstance(party.phase, Paused):
                out.accept("is paused already")
                return party
            out.accept("pauses")
            return transport.become_paused(party, out, action.who)
        case SeekRequested(position_ms=position_ms):
            return _seek(party, position_ms, out)
        case SkipRequested():
            if party.frame.item + 1 >= len(party.films):
                out.refuse("queue_empty", "No film follows.", "Put one into the queue, or end the party.")
                return party
            out.accept("goes on to the next film")
            return transport.over(party, out, settings)
        case _:
            assert_never(action)


def _resume(party: Party, who: str, out: Out) -> Party:
    match party.phase:
        case Playing():
            out.accept("plays already")
        case Gathering():
            out.accept("is about to begin")
        case Paused() | Intermission() | Waiting():
            out.accept("goes on")
            party = transport.resumed(party, out, "resume")
            transport.tell(party, out, "resumed", f"{who or 'The house'} resumed.", username=who)
    return party


def _seek(party: Party, position_ms: int, out: Out) -> Party:
    duration_ms = party.film.duration_ms
    if not 0 <= position_ms < duration_ms:
        text = f"{clock_time(position_ms)} is outside of {party.film.name}, which lasts {clock_time(duration_ms)}."
        out.refuse("outside_film", text)
        return party
    if isinstance(party.phase, Gathering):
        out.refuse("not_begun", "The film is being loaded; seek once it runs.", "Try again in a few seconds.")
        return party
    out.accept(f"goes to {clock_time(position_ms)}")
    return transport.sought(party, out, position_ms)
