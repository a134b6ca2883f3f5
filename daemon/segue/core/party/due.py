"""What happens by itself: everything that a moment, and not a person, brings about.

`advance` looks at a party and does what is due, until nothing is; `next_at` says when to look again. Both go by the
same moments, which the phases hold. Every phase but `Lobby`, `Paused` and `Ended` has one at which it ends whatever
happens: nobody waits for ever.
"""

from collections.abc import Iterator

from msgspec.structs import replace as but

from segue.core.party import schedule, transport
from segue.core.party.settings import PartySettings, Role
from segue.core.party.state import (
    Ended,
    Gathering,
    Intermission,
    Lobby,
    Member,
    Party,
    Paused,
    Playing,
    Seat,
    Waiting,
)
from segue.core.stamp import Stamp
from segue.core.timers import earliest, is_due
from segue.core.vocabulary import Out

ROUNDS_MAX = 8
EMPTY_LOBBY_S = 7 * 86_400.0
"""How long a party without a time is kept that nobody comes to."""


def advance(party: Party, settings: PartySettings, out: Out) -> Party:
    """Do what is due."""
    for _ in range(ROUNDS_MAX):
        after = _succession(_once(party, settings, out), settings, out)
        if after is party:
            return party
        party = after
    raise AssertionError(f"party {party.party_id} does not settle in {party.phase_name}")


def _once(party: Party, settings: PartySettings, out: Out) -> Party:
    now_at = out.stamp.now_at
    match party.phase:
        case Lobby() as lobby:
            return _lobby(party, lobby, settings, out)
        case Gathering() as gathering:
            return _begin(party, gathering, out) if now_at >= _go_at(party, gathering) else party
        case Playing() as playing:
            return _playing(party, playing, settings, out)
        case Paused():
            if is_due(_abandoned_at(party, settings), now_at):
                return transport.become_ended(party, out, "abandoned", settings, "Nobody came back.")
            return party
        case Intermission() as intermission:
            return _intermission(party, intermission, out)
        case Waiting(until_at=until_at):
            over = now_at >= transport.release_lead_at(until_at) or not _anybody_stalls(party)
            return transport.resumed(party, out, "recovered") if over else party
        case Ended():
            return party


def next_at(party: Party, settings: PartySettings, stamp: Stamp) -> float | None:
    """Give the next moment at which `advance` has something to do."""
    moments: list[float | None] = [_succession_at(party, settings)]
    match party.phase:
        case Lobby() as lobby:
            moments += (schedule.next_look_at(party, lobby, stamp), _empty_at(party))
        case Gathering() as gathering:
            moments.append(_go_at(party, gathering))
        case Playing() as playing:
            moments += (_end_at(party), _boundary_at(party, playing))
            moments.append(_stall_at(party, settings))
        case Paused():
            moments.append(_abandoned_at(party, settings))
        case Intermission() as intermission:
            moments.append(_release_at(party, intermission))
            if not intermission.cued:
                moments.append(_cue_at(party, intermission))
        case Waiting(until_at=until_at):
            moments.append(transport.release_lead_at(until_at))
        case Ended(gone_at=gone_at):
            return gone_at
    return earliest(moments)


# ------------------------------------------------------------------ lobby and start


def _lobby(party: Party, lobby: Lobby, settings: PartySettings, out: Out) -> Party:
    match schedule.due(party, lobby, out.stamp):
        case "missed":
            late_min = (out.stamp.wall_at - (lobby.wall_starts_at or 0.0)) / 60
            text = f"The start was missed by {late_min:.0f} minutes. Set a new time for a new party."
            return transport.become_ended(party, out, "missed", settings, text)
        case "gather":
            return transport.become_gathering(party, out, party.frame.item, "gather", lobby.wall_starts_at)
        case "warn":
            left_min = max(1, round(((lobby.wall_starts_at or 0.0) - out.stamp.wall_at) / 60))
            in_time = f"in {left_min} minutes" if left_min > 1 else "in a minute"
            transport.tell(party, out, "starting_soon", f"{party.film.name} begins {in_time}.")
            return but(party, phase=but(lobby, warned=True))
        case _:
            if is_due(_empty_at(party), out.stamp.now_at):
                return transport.become_ended(party, out, "abandoned", settings, "Nobody came.")
            return party


def _empty_at(party: Party) -> float | None:
    unscheduled = isinstance(party.phase, Lobby) and party.phase.wall_starts_at is None
    return party.still_at + EMPTY_LOBBY_S if unscheduled and _nobody_here(party) else None


def _go_at(party: Party, phase: Gathering) -> float:
    """When to tell the start: early enough for its moment; at once when all are ready and no minute was announced."""
    if not phase.exact and all_ready(party):
        return party.frame.line.at_s
    return transport.release_lead_at(phase.go_at)


def _begin(party: Party, phase: Gathering, out: Out) -> Party:
    party = transport.resumed(party, out, "start", phase.go_at if phase.exact else None)
    transport.tell(party, out, "started", f"{party.film.name} begins.")
    return party


def in_step(party: Party) -> Iterator[tuple[Member, Seat]]:
    """Give the seats that the group counts on: connected, able to play, and not stepped away."""
    for member in party.members:
        for seat in member.seats:
            if member.present and seat.device_id and not seat.away and not seat.problem:
                yield member, seat


def all_ready(party: Party) -> bool:
    """Tell whether there is somebody, and everybody is parked for this revision. Old clients cannot say, nor wait."""
    seats = [(m, s) for m, s in in_step(party) if m.protocol == "ours"]
    return bool(seats) and all(seat.ready_rev == party.rev for _, seat in seats)


# ------------------------------------------------------------------ while the film runs


def _playing(party: Party, phase: Playing, settings: PartySettings, out: Out) -> Party:
    now_at = out.stamp.now_at
    if now_at >= _end_at(party):
        return transport.over(party, out, settings)
    boundary_at = _boundary_at(party, phase)
    if boundary_at is not None and now_at >= boundary_at:
        assert phase.boundary_ms is not None
        return transport.become_intermission(party, out, phase.boundary_ms)
    stall_at = _stall_at(party, settings)
    if stall_at is not None and now_at >= stall_at:
        stalled = [(member.username, seat.title) for member, seat in _waited_for(party)]
        return transport.become_waiting(party, out, settings, stalled)
    return party


def _end_at(party: Party) -> float:
    line = party.frame.line
    return line.reached_at_s(party.film.duration_ms / 1000) + transport.END_GRACE_S


def _boundary_at(party: Party, phase: Playing) -> float | None:
    """When to tell an intermission: ahead of it, but not before the film runs."""
    if phase.boundary_ms is None:
        return None
    line = party.frame.line
    return max(line.at_s, line.reached_at_s(phase.boundary_ms / 1000) - transport.INTERMISSION_LEAD_S)


def _waited_for(party: Party) -> Iterator[tuple[Member, Seat]]:
    for member, seat in in_step(party):
        if seat.stalled_at is not None and not seat.waited and not member.ignored:
            yield member, seat


def _stall_at(party: Party, settings: PartySettings) -> float | None:
    """When a stall is long enough to wait for it; nothing where the party does not wait, or has done so enough."""
    if party.rules.stall != "wait":
        return None
    since_at = min((s.stalled_at for _, s in _waited_for(party) if s.stalled_at is not None), default=None)
    if since_at is None:
        return None
    at = max(since_at + settings.stall_s, party.frame.line.at_s)
    lately = sum(moment > at - 3600.0 for moment in party.waits_at)
    return at if lately < settings.waits_per_hour else None


def _anybody_stalls(party: Party) -> bool:
    return any(seat.stalled_at is not None and seat.waited and not m.ignored for m, seat in in_step(party))


# ------------------------------------------------------------------ while it stands still


def _intermission(party: Party, phase: Intermission, out: Out) -> Party:
    if out.stamp.now_at >= _release_at(party, phase):
        party = transport.resumed(party, out, "resume", phase.release_at)
        transport.tell(party, out, "resumed", "The intermission is over.")
    elif not phase.cued and out.stamp.now_at >= _cue_at(party, phase):
        party = transport.become_cued(party, out, phase)
    return party


def _release_at(party: Party, phase: Intermission) -> float:
    return max(party.frame.line.at_s, transport.release_lead_at(phase.release_at))


def _cue_at(party: Party, phase: Intermission) -> float:
    return max(party.frame.line.at_s, phase.release_at - transport.CUE_S)


def _nobody_here(party: Party) -> bool:
    return not any(member.present for member in party.members)


def _abandoned_at(party: Party, settings: PartySettings) -> float | None:
    return party.still_at + settings.abandoned_s if _nobody_here(party) else None


# ------------------------------------------------------------------ the host


def heir(party: Party) -> Member | None:
    """Give the next in line: the first co-host that is here, else the guest that has been here longest."""
    here = [m for m in party.members if m.present and m.role != "host"]
    return next((m for m in here if m.role == "cohost"), here[0] if here else None)


def _succession_at(party: Party, settings: PartySettings) -> float | None:
    """When a host that is gone is succeeded; never in the lobby, where nobody need be yet."""
    if isinstance(party.phase, Lobby | Ended) or heir(party) is None:
        return None
    host = next((m for m in party.members if m.role == "host"), None)
    if host is None or host.gone_at is None:
        return None
    return host.gone_at + settings.succession_s


def _succession(party: Party, settings: PartySettings, out: Out) -> Party:
    at, successor = _succession_at(party, settings), heir(party)
    if at is None or out.stamp.now_at < at or successor is None:
        return party
    return crowned(party, successor.username, out)


def crowned(party: Party, username: str, out: Out) -> Party:
    """Make a member the host; who was it before becomes a co-host, and may come back as one."""
    members = []
    for before in party.members:
        role: Role = "cohost" if before.role == "host" else before.role
        member = but(before, role="host" if before.username == username else role)
        members.append(member)
        if member != before and member.present:
            transport.tell_member(party, member, out)
    transport.tell(party, out, "host", f"{username} is the host now.", username=username)
    return but(party, members=tuple(members))
