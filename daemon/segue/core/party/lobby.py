"""Parties are made and set up: films, times, members, roles, rules, invitations."""

from msgspec.structs import replace as but

from segue.core.party import due, intermissions, members, schedule, transport
from segue.core.party.requests import (
    AddRequested,
    CreateRequested,
    IgnoreRequested,
    InviteRequested,
    OffsetRequested,
    QueueRequested,
    RemoveRequested,
    ResyncRequested,
    RoleRequested,
    RulesRequested,
    ScheduleRequested,
    Setting,
)
from segue.core.party.settings import OFFSET_MS_MAX, Film, PartySettings, film_problem, rules_problem
from segue.core.party.state import (
    Ended,
    Frame,
    Invite,
    Lobby,
    Member,
    Party,
    PartyState,
    Playing,
    Seat,
)
from segue.core.party.sync.target import GroupLine
from segue.core.vocabulary import Out

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
ID_LENGTH = 6
INVITE_S_MAX = 30 * 86_400.0
SEATS_MAX = 16
"""Players of one member in one party."""


def create(state: PartyState, action: CreateRequested, out: Out) -> PartyState:
    """Make a party, in its lobby."""
    settings = state.settings
    rules = action.rules or settings.rules
    open_parties = sum(not isinstance(p.phase, Ended) for p in state.parties.values())
    if open_parties >= settings.parties_max:
        out.refuse("too_many_parties", f"There are {open_parties} parties, the limit.", "End one of them.")
        return state
    problem = films_problem(action.films, settings, least=1) or rules_problem(rules)
    if problem:
        out.refuse("bad_party", problem)
        return state
    if problem := schedule.problem(action.wall_starts_at, out.stamp, rules.catch_up_s):
        out.refuse("bad_time", problem)
        return state
    now_at = out.stamp.now_at
    line = GroupLine(rev=1, position_ms=0, at_s=now_at, rate=0.0)
    party = Party(
        party_id=_new_id(state, out.stamp.entropy),
        films=action.films,
        frame=Frame(line=line, item=0, why="created", lead_s=0.0),
        phase=Lobby(wall_starts_at=action.wall_starts_at),
        rules=rules,
        wall_created_at=out.stamp.wall_at,
        still_at=now_at,
        because=out.stamp.seq,
    )
    out.accept(f"makes party {party.party_id}")
    transport.tell(party, out, "created", f"Party {party.party_id}: {party.film.name}.")
    if action.host:
        party = _with_user(state, party, Member(action.host, role="host", gone_at=now_at), out)
    return members.put(state, party)


def _new_id(state: PartyState, entropy: int) -> str:
    """Make six characters of the step's entropy; the next ones where a party has these."""
    number = entropy
    while True:
        rest, text = number, ""
        for _ in range(ID_LENGTH):
            rest, digit = divmod(rest, len(ALPHABET))
            text += ALPHABET[digit]
        if text not in state.parties:
            return text
        number += 1


def films_problem(films: tuple[Film, ...], settings: PartySettings, least: int) -> str:
    """Say what is wrong with a queue; empty when nothing is."""
    if len(films) < least:
        return "A party needs a film."
    if len(films) > settings.queue_max:
        return f"The queue has {len(films)} films; {settings.queue_max} are possible."
    return next(filter(None, map(film_problem, films)), "")


def set_up(state: PartyState, party: Party, action: Setting, out: Out) -> PartyState:
    """Do what somebody who may do it asks of a party's setting."""
    match action:
        case AddRequested():
            party = _add(state, party, action, out)
        case RemoveRequested():
            party = _remove(party, action, out)
        case QueueRequested():
            party = _queue(state, party, action, out)
        case ScheduleRequested():
            party = _schedule(party, action, out)
        case RulesRequested():
            party = _rules(party, action, out)
        case RoleRequested() | IgnoreRequested() | OffsetRequested():
            party = _member_set(party, action, out)
        case ResyncRequested():
            party = _resync(state, party, action, out)
        case InviteRequested():
            party = _invite(state, party, action, out)
    return members.put(state, party)


# ------------------------------------------------------------------ who takes part


def _with_user(state: PartyState, party: Party, member: Member, out: Out) -> Party:
    """Put a member in; whose agent is there is brought up to date at once."""
    party = members.with_member(party, member)
    client = state.clients.get(member.username)
    return party if client is None else members.attached(state, party, member, client, out)


def _add(state: PartyState, party: Party, action: AddRequested, out: Out) -> Party:
    username, title = action.username, action.device_title
    if not username:
        out.refuse("no_user", "A member needs a username.")
        return party
    member = party.member(username)
    if member is None and len(party.members) >= state.settings.members_max:
        out.refuse("party_full", f"Party {party.party_id} has {len(party.members)} members, its limit.")
        return party
    if action.role == "host" or (action.role == "cohost" and action.who and not _is_host(party, action.who)):
        out.refuse(
            "not_allowed", f"Nobody is added as {action.role} so.", "Add them as guest, then give the role."
        )
        return party
    seat = (Seat(title=title),) if title else ()
    if member is None:
        member = Member(username, role=action.role, seats=seat, gone_at=out.stamp.now_at)
    elif not title or any(title in (s.title, s.device_id) for s in member.seats):
        out.accept(f"{username} is in already")
        return party
    elif len(member.seats) >= SEATS_MAX:
        out.refuse("too_many_players", f"{username} has {SEATS_MAX} players here, the limit.", "Remove one.")
        return party
    else:
        member = but(member, seats=(*member.seats, *seat))
    out.accept(f"adds {username}" + (f" with {title}" if title else ""))
    return _with_user(state, party, member, out)


def _is_host(party: Party, username: str) -> bool:
    member = party.member(username)
    return member is not None and member.role == "host"


def _remove(party: Party, action: RemoveRequested, out: Out) -> Party:
    member = party.member(action.username)
    if member is None:
        out.refuse("not_a_member", f"{action.username} is not in party {party.party_id}.", _names(party))
        return party
    title = action.device_title
    kept = tuple(s for s in member.seats if title not in (s.title, s.device_id))
    if title and len(kept) == len(member.seats):
        titles = ", ".join(s.title for s in member.seats) or "none"
        out.refuse(
            "unknown_device", f"{member.username} has no player {title!r} here.", f"Players: {titles}."
        )
        return party
    gone = [s for s in member.seats if s not in kept] if title else member.seats
    for seat in gone:
        if member.present:
            transport.tell_member(party, member, out, seat, removed=True)
    if title and kept:
        out.accept(f"removes {title}")
        return members.with_member(party, but(member, seats=kept))
    stay = tuple(m for m in party.members if m.username != member.username)
    # The link that brought them in would bring them in again.
    invites = tuple(invite for invite in party.invites if invite.used_by != member.username)
    party = but(party, members=stay, invites=invites)
    out.accept(f"removes {member.username}")
    transport.tell(party, out, "left", f"{member.username} left the party.", username=member.username)
    successor = due.heir(party)
    if member.role == "host" and successor is not None and not isinstance(party.phase, Lobby):
        party = due.crowned(party, successor.username, out)
    return party


def _names(party: Party) -> str:
    return f"Members: {', '.join(m.username for m in party.members) or 'none'}."


def _member_set(party: Party, action: RoleRequested | IgnoreRequested | OffsetRequested, out: Out) -> Party:
    member = party.member(action.username)
    if member is None:
        out.refuse("not_a_member", f"{action.username} is not in party {party.party_id}.", _names(party))
        return party
    match action:
        case RoleRequested(role="host"):
            out.accept(f"makes {member.username} the host")
            return party if member.role == "host" else due.crowned(party, member.username, out)
        case RoleRequested(role=role):
            member = but(member, role=role)
            out.accept(f"makes {member.username} a {role}")
        case IgnoreRequested(ignored=ignored):
            member = but(member, ignored=ignored)
            out.accept(f"{'does not wait' if ignored else 'waits'} for {member.username}")
        case OffsetRequested(offset_ms=offset_ms):
            if not -OFFSET_MS_MAX <= offset_ms <= OFFSET_MS_MAX:
                text = f"The offset is {offset_ms} ms; -{OFFSET_MS_MAX} to {OFFSET_MS_MAX} is possible."
                out.refuse("bad_offset", text)
                return party
            member = but(member, offset_ms=offset_ms)
            ms = f"{abs(offset_ms)} ms"
            when = f"{ms} later" if offset_ms > 0 else f"{ms} earlier" if offset_ms else "with the others"
            out.accept(f"lets {member.username} be {when}")
    if member.present:
        transport.tell_member(party, member, out)
    return members.with_member(party, member)


def _resync(state: PartyState, party: Party, action: ResyncRequested, out: Out) -> Party:
    if isinstance(party.phase, Lobby):
        out.refuse("not_started", f"Party {party.party_id} has not begun.", "Start it.")
        return party
    if not action.username:
        out.accept("resyncs everybody who is in step")
        transport.tell(party, out, "resync", "Everybody is brought into step again.")
        return party
    member = party.member(action.username)
    if member is None:
        out.refuse("not_a_member", f"{action.username} is not in party {party.party_id}.", _names(party))
        return party
    out.accept(f"resyncs {member.username}")
    seats = tuple(
        but(s, away="busy" if members.is_busy(state, party, member.username, s.device_id) else "")
        for s in member.seats
    )
    party = members.with_member(party, but(member, seats=seats))
    if member.present:
        transport.publish(party, out, member.username)
        for seat in seats:
            transport.resync(party, member, seat, out)
    return party


def _invite(state: PartyState, party: Party, action: InviteRequested, out: Out) -> Party:
    still = tuple(i for i in party.invites if i.wall_until_at >= out.stamp.wall_at)
    if len(still) >= state.settings.invites_max:
        out.refuse(
            "too_many_invites", f"{len(still)} invitations are open, the limit.", "Wait until some end."
        )
        return party
    if action.role == "host" or (action.role == "cohost" and action.who and not _is_host(party, action.who)):
        out.refuse(
            "not_allowed", f"Nobody is invited as {action.role} so.", "Invite a guest, then give the role."
        )
        return party
    for_s = action.wall_until_at - out.stamp.wall_at
    if len(action.token_hash) != 64 or not 0.0 < for_s <= INVITE_S_MAX:
        out.refuse("bad_invite", f"An invitation holds up to {INVITE_S_MAX / 86_400:.0f} days, from now on.")
        return party
    out.accept("invites one user")
    invite = Invite(action.token_hash, action.role, action.wall_until_at, action.who)
    return but(party, invites=(*still, invite))


# ------------------------------------------------------------------ what, when and how


def _queue(state: PartyState, party: Party, action: QueueRequested, out: Out) -> Party:
    films = (*party.films[: party.frame.item + 1], *action.films)
    if problem := films_problem(films, state.settings, least=1):
        out.refuse("bad_queue", problem)
        return party
    count = len(action.films)
    out.accept("1 film follows" if count == 1 else f"{count or 'no'} films follow")
    return but(party, films=films)


def _schedule(party: Party, action: ScheduleRequested, out: Out) -> Party:
    if not isinstance(party.phase, Lobby):
        out.refuse("begun", f"Party {party.party_id} has begun; its time cannot be set.")
        return party
    if problem := schedule.problem(action.wall_starts_at, out.stamp, party.rules.catch_up_s):
        out.refuse("bad_time", problem)
        return party
    out.accept("sets the time" if action.wall_starts_at is not None else "begins when somebody starts it")
    line = transport.standing(party, 0, out.stamp.now_at)
    party = transport.become(party, out, Lobby(wall_starts_at=action.wall_starts_at), line, "created")
    transport.publish(party, out)
    return party


def _rules(party: Party, action: RulesRequested, out: Out) -> Party:
    if problem := rules_problem(action.rules):
        out.refuse("bad_rules", problem)
        return party
    out.accept("sets the rules")
    party = but(party, rules=action.rules)
    if isinstance(party.phase, Playing):
        position_ms = round(party.frame.line.position_s(out.stamp.now_at) * 1000)
        position_ms = max(position_ms, party.frame.line.position_ms)
        following = intermissions.next_boundary(
            action.rules.intermissions, party.film.duration_ms, position_ms, party.held
        )
        party = but(party, phase=Playing(boundary_ms=following))
    return party
