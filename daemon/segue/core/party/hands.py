"""People first: what a viewer's own remote did is never undone.

Where the viewer may pause and seek for all (host, co-hosts, and everybody in an open party), the hand speaks for all.
Otherwise that viewer steps away, alone, and comes back by pressing play. A hand that presses stop pauses the others and
takes its own player out: ending a party for all cannot be taken back, so it is only ever done by asking for it. During
an intermission a hand that pauses or stops speaks for its own player only, which is fetched back at the end.
"""

from msgspec.structs import replace as but

from segue.core.party import members, policy, transport
from segue.core.party.actions import HandSeen
from segue.core.party.state import (
    Away,
    Ended,
    Gathering,
    Intermission,
    Lobby,
    Member,
    Party,
    PartyState,
    Paused,
    Playing,
    Seat,
    Waiting,
)
from segue.core.vocabulary import Out


def seen(state: PartyState, action: HandSeen, out: Out) -> PartyState:
    """Let a hand speak for all, or for itself."""
    found = members.find(state, action, out)
    if found is None:
        return state
    party, member, seat = found
    if isinstance(party.phase, Lobby | Ended):
        return state
    if action.did == "played" and seat.away:
        if members.is_busy(state, party, member.username, seat.device_id):
            return state
        return members.put(state, _back(party, member, seat, out))
    if seat.away:
        return state
    if policy.may(party, member.username, "transport"):
        spent = policy.spend(member, out.stamp.now_at)
        if spent is not None:
            party = but(members.with_member(party, spent), because=out.stamp.seq)
            return members.put(state, _for_all(party, spent, seat, action, out))
    return members.put(state, _for_itself(party, member, seat, action, out))


def _for_all(party: Party, member: Member, seat: Seat, action: HandSeen, out: Out) -> Party:
    """Make a hand's wish everybody's."""
    username, fetch = member.username, ((member.username, seat.device_id),)
    match action.did, party.phase:
        case "paused", Playing() | Waiting():
            return transport.become_paused(party, out, username, fetch)
        case "stopped", Playing() | Waiting() | Paused():
            if not isinstance(party.phase, Paused):
                party = transport.become_paused(party, out, username)
            return stepped_away(party, member, seat, "stopped", out)
        case "played", Paused() | Intermission() | Waiting():
            party = transport.resumed(party, out, "resume", fetch=fetch)
            transport.tell(party, out, "resumed", f"{username} pressed play.", username=username)
            return party
        case "sought", Playing() | Paused() | Waiting() if action.position_ms is not None:
            if 0 <= action.position_ms < party.film.duration_ms:
                return transport.sought(party, out, action.position_ms, fetch)
    return _for_itself(party, member, seat, action, out)


def _for_itself(party: Party, member: Member, seat: Seat, action: HandSeen, out: Out) -> Party:
    """Let that viewer step away alone; a hand that does what the group does anyway stays in step."""
    match action.did, party.phase:
        case ("played", Playing() | Gathering()) | ("paused", Paused() | Waiting() | Gathering()):
            transport.resync(party, member, seat, out)
            return party
        case _, Intermission():
            return stepped_away(party, member, seat, "intermission", out)
        case _:
            return stepped_away(party, member, seat, action.did, out)


def stepped_away(party: Party, member: Member, seat: Seat, away: Away, out: Out) -> Party:
    """Leave a player to its viewer."""
    seat = but(seat, away=away, stalled_at=None, ready_rev=0)
    party = members.with_seat(party, member, seat)
    transport.tell_member(party, member, out, seat)
    text = f"{member.username} stepped away ({seat.title})."
    transport.tell(party, out, "away", text, username=member.username)
    return party


def _back(party: Party, member: Member, seat: Seat, out: Out) -> Party:
    seat = but(seat, away="")
    party = members.with_seat(party, member, seat)
    transport.resync(party, member, seat, out)
    transport.tell(party, out, "back", f"{member.username} is back ({seat.title}).", username=member.username)
    return party
