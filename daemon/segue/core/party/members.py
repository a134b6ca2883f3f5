"""Agents come and go, bind their players to seats, get ready and report."""

from msgspec.structs import replace as but

from segue.core.party import transport
from segue.core.party.actions import (
    ClientConnected,
    ClientDisconnected,
    HandSeen,
    SeatReady,
    SeatReported,
)
from segue.core.party.effects import CloseLink, CorrectSeat
from segue.core.party.state import (
    Client,
    Ended,
    Lobby,
    Member,
    Party,
    PartyState,
    Playing,
    Seat,
    Waiting,
)
from segue.core.vocabulary import Out

OLD_AHEAD_S = 8.0
"""The threshold of the old protocol, which compares what a server last heard of a player..."""
OLD_STALE_S = 20.0
"""...and that may be so old (players report every 10 s, on mobile networks every 20 s): it looks behind by as much."""
OLD_QUIET_S = 60.0
"""After a change of the line, or a correction, what an old client reports may still be from before."""

FromSeat = SeatReady | SeatReported | HandSeen


def put(state: PartyState, *parties: Party) -> PartyState:
    """Put parties in their places."""
    return but(state, parties={**state.parties, **{party.party_id: party for party in parties}})


def with_member(party: Party, member: Member) -> Party:
    """Put a member in its place, or last."""
    if party.member(member.username) is None:
        return but(party, members=(*party.members, member))
    return but(party, members=tuple(member if m.username == member.username else m for m in party.members))


def with_seat(party: Party, member: Member, seat: Seat) -> Party:
    """Put a seat in its place."""
    return with_member(
        party, but(member, seats=tuple(seat if s.title == seat.title else s for s in member.seats))
    )


# ------------------------------------------------------------------ coming and going


def connected(state: PartyState, action: ClientConnected, out: Out) -> PartyState:
    """An agent is there: it takes the place of an older connection, and its user is present where it is a member."""
    before = state.clients.get(action.username)
    if before is not None and before.link_id != action.link_id:
        out.add(
            CloseLink(
                effect_id=out.next_id,
                why="replaced",
                because=out.stamp.seq,
                link_id=before.link_id,
                reason="replaced",
            )
        )
    client = Client(action.username, action.link_id, action.protocol, action.devices)
    state = but(state, clients={**state.clients, action.username: client})
    if action.party_id or action.invite_hash:
        state = _joining(state, action, out)
    fresh = before is None or before.link_id != action.link_id
    for party in tuple(state.parties.values()):
        member = party.member(action.username)
        if member is not None and not isinstance(party.phase, Ended):
            member = _unheard(member) if fresh else member
            state = put(state, attached(state, party, member, client, out))
    return state


def attached(state: PartyState, party: Party, member: Member, client: Client, out: Out) -> Party:
    """Bring a member up to date whose agent is there: seats bound, role and state told."""
    newly = not member.present
    seats = tuple(_bound(state, party, member, seat, client) for seat in member.seats or (Seat(title=""),))
    member = but(member, gone_at=None, protocol=client.protocol, seats=_distinct(seats))
    party = with_member(party, member)
    if newly:
        party = but(party, still_at=out.stamp.now_at)
        transport.tell(party, out, "joined", f"{member.username} is here.", username=member.username)
    for seat in member.seats:
        transport.tell_member(party, member, out, seat)
    transport.publish(party, out, member.username)
    return party


def _distinct(seats: tuple[Seat, ...]) -> tuple[Seat, ...]:
    """Keep one seat a player: a seat without a title may have been bound to one that has its own."""
    return tuple({(seat.device_id or seat.title): seat for seat in reversed(seats)}.values())[::-1]


def _bound(state: PartyState, party: Party, member: Member, seat: Seat, client: Client) -> Seat:
    """Bind a seat to a player that the home offers, by id or title; one without a title to the first."""
    device = next(
        (d for d in client.devices if d.device_id in (seat.device_id, seat.title) or d.title == seat.title),
        None,
    )
    if device is None and not seat.title and client.devices:
        device = client.devices[0]
    if device is None:
        offered = ", ".join(d.title for d in client.devices)
        problem = "not_authorised" if offered else "no_device"
        detail = (
            f"{member.username}'s agent offers no player {seat.title!r}, but {offered}."
            if offered
            else f"{member.username}'s agent has found no player so far. Open its Plex app; `seguectl party agent` "
            "there says more."
        )
        return but(seat, problem=problem, detail=detail, stalled_at=None)
    first_time, away = not seat.device_id, seat.away
    if not isinstance(party.phase, Lobby | Ended):
        if is_busy(state, party, member.username, device.device_id):
            away = "busy"
        elif first_time and party.rules.late == "ask":
            away = "late"
    ours = seat.problem in ("not_authorised", "no_device")
    return but(
        seat,
        title=seat.title or device.title,
        device_id=device.device_id,
        away=away,
        problem="" if ours else seat.problem,
        detail="" if ours else seat.detail,
    )


def is_busy(state: PartyState, party: Party, username: str, device_id: str) -> bool:
    """Tell whether a player is in step with another party that runs."""
    for other in state.parties.values():
        member = other.member(username)
        if other.party_id == party.party_id or member is None or isinstance(other.phase, Lobby | Ended):
            continue
        if any(seat.device_id == device_id and not seat.away for seat in member.seats):
            return True
    return False


def _joining(state: PartyState, action: ClientConnected, out: Out) -> PartyState:
    """Let a user in who names a party or shows an invitation. Whoever is in already stays what they are."""
    if action.invite_hash:
        return _invited(state, action, out)
    party = state.parties.get(action.party_id)
    if party is None or isinstance(party.phase, Ended):
        out.refuse(
            "unknown_party", f"There is no party {action.party_id!r}.", "Ask its host for the six characters."
        )
        return state
    if party.member(action.username) is not None:
        return state
    if party.rules.join != "anyone":
        out.refuse(
            "not_invited", f"Party {party.party_id} takes invited users only.", "Ask its host to add you."
        )
        return state
    return _taken_in(state, party, Member(action.username), out)


def _invited(state: PartyState, action: ClientConnected, out: Out) -> PartyState:
    for inviting in state.parties.values():
        invite = next((i for i in inviting.invites if i.token_hash == action.invite_hash), None)
        if invite is None or isinstance(inviting.phase, Ended):
            continue
        if invite.wall_until_at < out.stamp.wall_at:
            break
        if invite.used_by not in ("", action.username):
            out.refuse(
                "invite_used", "This invitation was used by somebody else.", "Ask for one of your own."
            )
            return state
        invites = tuple(but(i, used_by=action.username) if i is invite else i for i in inviting.invites)
        party = but(inviting, invites=invites)
        if party.member(action.username) is not None:
            return put(state, party)
        return _taken_in(state, party, Member(action.username, role=invite.role), out)
    out.refuse(
        "invite_unknown", "This invitation has ended, or never was one.", "Ask the host for a new one."
    )
    return state


def _taken_in(state: PartyState, party: Party, member: Member, out: Out) -> PartyState:
    if len(party.members) >= state.settings.members_max:
        out.refuse("party_full", f"Party {party.party_id} has {len(party.members)} members, its limit.")
        return state
    return put(state, with_member(party, but(member, gone_at=out.stamp.now_at)))


def _unheard(member: Member) -> Member:
    """Forget what a connection told that is no more."""
    seats = tuple(but(s, stalled_at=None, ready_rev=0, parked_ms=None, report=None) for s in member.seats)
    return but(member, seats=seats)


def disconnected(state: PartyState, action: ClientDisconnected, out: Out) -> PartyState:
    """A connection ended. That of an older link changes nothing: its place was taken."""
    client = state.clients.get(action.username)
    if client is None or client.link_id != action.link_id:
        return state
    clients = {name: c for name, c in state.clients.items() if name != action.username}
    state = but(state, clients=clients)
    for before in tuple(state.parties.values()):
        member = before.member(action.username)
        if member is None or not member.present:
            continue
        party = with_member(before, but(_unheard(member), gone_at=out.stamp.now_at))
        if not isinstance(party.phase, Ended):
            party = but(party, still_at=out.stamp.now_at)
            transport.tell(party, out, "left", f"{member.username} is gone.", username=member.username)
        state = put(state, party)
    return state


# ------------------------------------------------------------------ what agents say of their players


def find(state: PartyState, action: FromSeat, out: Out) -> tuple[Party, Member, Seat] | None:
    """Find the seat that an agent speaks of. An older link is not listened to; a wrong name is refused."""
    client = state.clients.get(action.username)
    if client is None or client.link_id != action.link_id:
        return None
    party = state.parties.get(action.party_id)
    member = None if party is None else party.member(action.username)
    if party is None or member is None:
        out.refuse("not_a_member", f"{action.username} is not in a party {action.party_id!r}.")
        return None
    seat = next((s for s in member.seats if s.device_id == action.device_id), None)
    if seat is None:
        out.refuse("unknown_device", f"{action.device_id!r} is no player of {action.username} in this party.")
        return None
    return party, member, seat


def ready(state: PartyState, action: SeatReady, out: Out) -> PartyState:
    """A player is parked, or says what keeps it from it."""
    found = find(state, action, out)
    if found is None:
        return state
    party, member, seat = found
    after = but(seat, problem=action.problem, detail=action.detail)
    if not action.problem and action.rev == party.rev:
        after = but(after, ready_rev=action.rev, parked_ms=action.parked_ms, stalled_at=None)
    if after == seat:
        return state
    party = with_seat(party, member, after)
    if after.problem != seat.problem and after.problem:
        text = f"{member.username}, {seat.title}: {action.detail or action.problem}"
        transport.tell(party, out, "problem", text, username=member.username)
    return put(state, party)


def reported(state: PartyState, action: SeatReported, out: Out) -> PartyState:
    """A player's agent says how it stands. A stall is remembered since it was first told."""
    found = find(state, action, out)
    if found is None:
        return state
    party, member, seat = found
    report = action.report
    after = but(seat, report=report)
    if isinstance(party.phase, Waiting):
        # Paused by us, it does not look stalled any more: only being parked says that it can go on.
        recovered = report.rev == party.rev and report.note in ("parked", "in_step")
        after = but(after, stalled_at=None) if recovered else after
    elif report.note != "stalled" and report.state != "buffering":
        after = but(after, stalled_at=None, waited=False)
    elif isinstance(party.phase, Playing) and seat.stalled_at is None:
        after = but(after, stalled_at=out.stamp.now_at)
    if member.protocol == "old":
        after = _old_corrected(party, member, after, out)
    return put(state, with_seat(party, member, after))


def _old_corrected(party: Party, member: Member, seat: Seat, out: Out) -> Seat:
    """Send a player of the old protocol where it belongs, when it is off by more than old news can explain."""
    now_at, line, report = out.stamp.now_at, party.frame.line, seat.report
    if report is None or report.position_ms is None or seat.away or not isinstance(party.phase, Playing):
        return seat
    if now_at < max(line.at_s, seat.corrected_at or 0.0) + OLD_QUIET_S:
        return seat
    ahead_s = report.position_ms / 1000 - line.position_s(now_at)
    if -OLD_AHEAD_S - OLD_STALE_S <= ahead_s <= OLD_AHEAD_S:
        return seat
    out.add(
        CorrectSeat(
            effect_id=out.next_id,
            why="drift",
            because=party.because,
            party_id=party.party_id,
            to=member.username,
            device_id=seat.device_id,
            title=seat.title,
            film=party.film,
            position_ms=round(line.position_s(now_at) * 1000),
        )
    )
    return but(seat, corrected_at=now_at)


def busy_marked(state: PartyState, party: Party) -> Party:
    """Mark the players that are in step with another party when this one begins: they are not taken from it."""
    for member in party.members:
        for seat in member.seats:
            if not seat.away and seat.device_id and is_busy(state, party, member.username, seat.device_id):
                party = with_seat(party, party.member(member.username) or member, but(seat, away="busy"))
    return party
