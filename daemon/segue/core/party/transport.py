"""The phases of a party and the ways between them: only the `become_...` functions here make a phase.

Each of them tells the whole state with a new revision. A state says where the film is at which moment of the server's
time; moments lie a little ahead, so that everybody can do it on the same frame. See `sync.target` for the lines.
"""

from math import ceil

from msgspec.structs import replace as but

from segue.core.party import intermissions
from segue.core.party.effects import EventKind, PublishState, TellEvent, TellMember
from segue.core.party.settings import PartySettings, Why
from segue.core.party.state import (
    Ended,
    EndReason,
    Frame,
    Gathering,
    Intermission,
    Lobby,
    Member,
    Party,
    Paused,
    Phase,
    Playing,
    Seat,
    Waiting,
)
from segue.core.party.sync.target import (
    PAUSE_LEAD_S,
    RESUME_LEAD_S,
    GroupLine,
    pausing,
    resuming,
    seek_lead_s,
    seeking,
)
from segue.core.vocabulary import Out

Players = tuple[tuple[str, str], ...]
"""Users and devices."""

INTERMISSION_LEAD_S = 2.0
"""An intermission is told this long before it begins; more than any person's pause reaches ahead."""
CUE_S = 20.0
"""This long before an intermission ends, what left is fetched back: loading takes half of it, and inputs are to be back
and observed ten seconds before."""
END_GRACE_S = 2.0
"""The end is told this long after the film's: so much may the lengths of two homes' files differ."""


# ------------------------------------------------------------------ telling


def tell(
    party: Party,
    out: Out,
    kind: EventKind,
    text: str,
    *,
    to: str = "",
    username: str = "",
    device_id: str = "",
) -> None:
    """Tell members and onlookers what happened."""
    out.add(
        TellEvent(
            effect_id=out.next_id,
            why=kind,
            because=party.because,
            party_id=party.party_id,
            kind=kind,
            text=text,
            to=to,
            username=username,
            device_id=device_id,
        )
    )


def resync(party: Party, member: Member, seat: Seat, out: Out) -> None:
    """Have a player brought into step now, whatever its agent thinks of it."""
    tell_member(party, member, out, seat)
    text = f"{seat.title} is brought into step again."
    tell(party, out, "resync", text, to=member.username, username=member.username, device_id=seat.device_id)


def tell_member(
    party: Party, member: Member, out: Out, seat: Seat | None = None, *, removed: bool = False
) -> None:
    """Tell a member what it is here, or how it stands with one of its players."""
    seat = seat or Seat(title="")
    out.add(
        TellMember(
            effect_id=out.next_id,
            why="member",
            because=party.because,
            party_id=party.party_id,
            to=member.username,
            role=member.role,
            offset_ms=member.offset_ms,
            device_id=seat.device_id,
            title=seat.title,
            away=seat.away,
            problem=seat.problem,
            detail=seat.detail,
            removed=removed,
        )
    )


def publish(party: Party, out: Out, to: str = "") -> None:
    """Tell the state as it is, to all or to one."""
    frame = party.frame
    out.add(
        PublishState(
            effect_id=out.next_id,
            why=frame.why,
            because=party.because,
            party_id=party.party_id,
            to=to,
            phase=party.phase_name,
            frame=frame,
            film=party.film,
            wall_starts_at=party.phase.wall_starts_at if isinstance(party.phase, Lobby) else None,
        )
    )


def become(
    party: Party,
    out: Out,
    phase: Phase,
    line: GroupLine,
    why: Why,
    *,
    item: int | None = None,
    fetch: Players = (),
) -> Party:
    """Put a party into a phase, with its line as a new revision. Tells nobody yet."""
    assert not isinstance(party.phase, Ended), "an ended party stays ended"
    assert line.rev == party.rev + 1, "revisions rise by one"
    item = party.frame.item if item is None else item
    line = but(line, position_ms=min(line.position_ms, party.films[item].duration_ms))
    lead_s = max(0.0, line.at_s - out.stamp.now_at)
    frame = Frame(line=line, item=item, why=why, lead_s=lead_s, fetch=fetch)
    return but(party, phase=phase, frame=frame, still_at=out.stamp.now_at)


def standing(party: Party, position_ms: int, at_s: float) -> GroupLine:
    """Give a line that stands still from a moment on."""
    return GroupLine(rev=party.rev + 1, position_ms=position_ms, at_s=at_s, rate=0.0)


def halted(party: Party, now_at: float) -> GroupLine:
    """Give the line of a pause now. A halt that was told already and lies ahead stays where it is."""
    line = party.frame.line
    if line.rate == 0.0 and line.at_s > now_at:
        return but(line, rev=party.rev + 1)
    return pausing(line, party.rev + 1, now_at)


# ------------------------------------------------------------------ the ways


def become_gathering(
    party: Party, out: Out, item: int, why: Why, wall_starts_at: float | None = None
) -> Party:
    """Have everybody load a film. It begins when all are ready, or at the minute that was announced."""
    now_at = out.stamp.now_at
    go_at, exact = now_at + party.rules.start_grace_s, False
    if wall_starts_at is not None and wall_starts_at > out.stamp.wall_at:
        go_at, exact = now_at + wall_starts_at - out.stamp.wall_at, True
    if item != party.frame.item:
        party = but(party, held=())
    phase = Gathering(go_at=go_at, exact=exact)
    party = become(party, out, phase, standing(party, 0, now_at), why, item=item)
    publish(party, out)
    tell(party, out, "gathering", f"{party.film.name} is being loaded in every home.")
    return party


def become_playing(party: Party, out: Out, line: GroupLine, why: Why, fetch: Players = ()) -> Party:
    """Let the film run from where the line says, and plan the next intermission from there."""
    boundary = intermissions.next_boundary(
        party.rules.intermissions, party.film.duration_ms, line.position_ms, party.held
    )
    party = become(party, out, Playing(boundary_ms=boundary), line, why, fetch=fetch)
    publish(party, out)
    return party


def become_paused(party: Party, out: Out, by: str, fetch: Players = ()) -> Party:
    """Pause for all."""
    line = halted(party, out.stamp.now_at)
    party = become(party, out, Paused(by=by), line, "pause", fetch=fetch)
    publish(party, out)
    tell(party, out, "paused", f"{by or 'The house'} paused.", username=by)
    return party


def become_intermission(party: Party, out: Out, boundary_ms: int) -> Party:
    """Pause at a boundary. Woken too late for it: at once, where enough of the film remains; else not at all."""
    now_at, rules = out.stamp.now_at, party.rules.intermissions
    line, rev = party.frame.line, party.rev + 1
    at_s = line.reached_at_s(boundary_ms / 1000)
    if at_s >= now_at + PAUSE_LEAD_S:
        stop = GroupLine(rev=rev, position_ms=boundary_ms, at_s=at_s, rate=0.0)
    else:
        stop = pausing(line, rev, now_at)
    held = (*party.held, boundary_ms)
    if not intermissions.fits(rules, party.film.duration_ms, stop.position_ms):
        following = intermissions.next_boundary(rules, party.film.duration_ms, stop.position_ms, held)
        return but(party, held=held, phase=Playing(boundary_ms=following))
    phase = Intermission(release_at=stop.at_s + rules.length_s)
    party = become(but(party, held=held), out, phase, stop, "intermission")
    publish(party, out)
    tell(party, out, "intermission", f"Intermission: {_length(rules.length_s)}.")
    return party


def _length(length_s: int) -> str:
    """Write how long an intermission is."""
    minutes, seconds = divmod(length_s, 60)
    if seconds:
        return f"{length_s} seconds"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def become_cued(party: Party, out: Out, phase: Intermission) -> Party:
    """Near the end of an intermission: fetch back what left during it, and say that it goes on."""
    left = tuple(
        (m.username, s.device_id) for m in party.members for s in m.seats if s.away == "intermission"
    )
    members = tuple(
        but(m, seats=tuple(but(s, away="") if s.away == "intermission" else s for s in m.seats))
        for m in party.members
    )
    line = standing(party, party.frame.line.position_ms, out.stamp.now_at)
    party = become(but(party, members=members), out, but(phase, cued=True), line, "cue", fetch=left)
    publish(party, out)
    in_s = phase.release_at - out.stamp.now_at
    tell(party, out, "intermission_ending", f"The intermission ends in {in_s:.0f} s.")
    return party


def become_waiting(party: Party, out: Out, settings: PartySettings, stalled: list[tuple[str, str]]) -> Party:
    """Stand still for homes that stall, with a deadline."""
    now_at = out.stamp.now_at
    line = halted(party, now_at)
    waits_at = (*(at for at in party.waits_at if at > now_at - 3600.0), now_at)
    members = tuple(
        but(m, seats=tuple(but(s, waited=s.waited or (m.username, s.title) in stalled) for s in m.seats))
        for m in party.members
    )
    party = but(party, waits_at=waits_at, members=members)
    party = become(party, out, Waiting(until_at=now_at + settings.wait_s), line, "stall")
    publish(party, out)
    names = ", ".join(sorted({username for username, _ in stalled}))
    tell(party, out, "waiting", f"Waiting for {names}, at most {settings.wait_s:g} s.")
    return party


def become_ended(party: Party, out: Out, reason: EndReason, settings: PartySettings, text: str) -> Party:
    """Stop and close."""
    now_at = out.stamp.now_at
    position_ms = max(0, ceil(party.frame.line.position_s(now_at) * 1000))
    phase = Ended(reason=reason, gone_at=now_at + settings.ended_kept_s)
    party = become(party, out, phase, standing(party, position_ms, now_at), "end")
    publish(party, out)
    tell(party, out, "ended", text)
    return but(party, invites=())


def resumed(party: Party, out: Out, why: Why, at_s: float | None = None, fetch: Players = ()) -> Party:
    """Go on from where the film stands, at a moment or as soon as everybody can."""
    line = resuming(party.frame.line, party.rev + 1, out.stamp.now_at)
    if at_s is not None:
        line = but(line, at_s=max(line.at_s, at_s))
    return become_playing(party, out, line, why, fetch)


def sought(party: Party, out: Out, position_ms: int, fetch: Players = ()) -> Party:
    """Go to a whole second of the film. What stands still stays so, for as long as it would have."""
    parking_s = [
        s.report.parking_ms / 1000
        for m in party.members
        if m.present
        for s in m.seats
        if not s.away and s.report is not None and s.report.parking_ms is not None
    ]
    last_ms = (party.film.duration_ms - 1) // 1000 * 1000
    to_ms = min(round(position_ms / 1000) * 1000, last_ms)
    line = seeking(party.frame.line, party.rev + 1, to_ms, out.stamp.now_at, seek_lead_s(parking_s))
    if isinstance(party.phase, Playing):
        return become_playing(party, out, line, "seek", fetch)
    party = become(party, out, party.phase, line, "seek", fetch=fetch)
    publish(party, out)
    return party


def over(party: Party, out: Out, settings: PartySettings) -> Party:
    """The film is over: on to the next one, or to the end."""
    following = party.frame.item + 1
    if following >= len(party.films):
        return become_ended(party, out, "finished", settings, f"{party.film.name} is over.")
    party = become_gathering(party, out, following, "next")
    tell(party, out, "next", f"Next: {party.film.name}.")
    return party


def release_lead_at(moment_at: float) -> float:
    """Give the moment at which a release must be told."""
    return moment_at - RESUME_LEAD_S
