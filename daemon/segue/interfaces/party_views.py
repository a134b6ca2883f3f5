"""The watch parties, put into the words of the API. Pure."""

from collections.abc import Iterator
from typing import Any

import msgspec

from segue.core.party import intermissions
from segue.core.party.settings import Film
from segue.core.party.state import (
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
from segue.interfaces.moment import Moment

Json = dict[str, Any]
FROM_LIVE = ("state", "note", "step", "position_ms", "drift_ms", "sigma_ms", "samples")
"""What the orchestrator may know of a player anew since its last report came into the state."""


def film(f: Film) -> Json:
    """Give a film."""
    return {
        "title": f.title,
        "name": f.name,
        "guid": f.guid,
        "filename": f.filename,
        "duration_ms": f.duration_ms,
    }


def position_ms(party: Party, moment: Moment) -> int:
    """Say where the film is now, whoever watches."""
    at_ms = round(party.frame.line.position_s(moment.now_at) * 1000)
    return min(max(0, at_ms), party.film.duration_ms)


# ------------------------------------------------------------------ all parties


def parties(state: PartyState, moment: Moment, *, hosts: bool) -> Json:
    """Give every party in a few words, and those of other houses that our own players are in."""
    return {
        "schema": "segue.parties/1",
        "hosts": hosts,
        "parties": [brief_of(party, moment) for party in state.parties.values()],
        "elsewhere": _elsewhere(state),
    }


def brief_of(party: Party, moment: Moment) -> Json:
    """Give one party in a few words."""
    return {
        "party_id": party.party_id,
        "phase": party.phase_name,
        "film": party.film.name,
        "position_ms": position_ms(party, moment),
        "duration_ms": party.film.duration_ms,
        "queue": len(party.films) - party.frame.item - 1,
        "created_at": party.wall_created_at,
        "starts_at": _starts_at(party, moment),
        "host": _host(party),
        "members": len(party.members),
        "present": sum(member.present for member in party.members),
        "problems": sum(bool(seat.problem) for member in party.members for seat in member.seats),
        "spread_ms": spread_ms(_drifts(party)),
    }


def _drifts(party: Party) -> list[int]:
    """Give the drifts that count: of players that are there and have not stepped away."""
    seats = [seat for member in party.members if member.present for seat in member.seats if not seat.away]
    return [s.report.drift_ms for s in seats if s.report is not None and s.report.drift_ms is not None]


def spread_ms(drifts: list[int]) -> int | None:
    """Give how far the first viewer is ahead of the last; nothing where there are no two."""
    return max(drifts) - min(drifts) if len(drifts) > 1 else None


def _elsewhere(state: PartyState) -> list[Json]:
    seats = [seat for seat in state.home.seats if seat.party_id not in state.parties]
    return [
        {"party_id": s.party_id, "phase": s.phase, "film": s.film, "player": s.title, "in_step": s.in_step}
        for s in seats
    ]


def _host(party: Party) -> str:
    return next((member.username for member in party.members if member.role == "host"), "")


def _starts_at(party: Party, moment: Moment) -> float | None:
    match party.phase:
        case Lobby(wall_starts_at=wall_starts_at):
            return wall_starts_at
        case Gathering(go_at=go_at):
            return moment.date(go_at)
        case _:
            return None


def status(state: PartyState, moment: Moment) -> Json:
    """Give what the status of the whole house says about parties."""
    home = state.home
    return {
        "parties": [brief_of(p, moment) for p in state.parties.values() if not isinstance(p.phase, Ended)],
        "clients": len(state.clients),
        "agent": {
            "configured": bool(home.orchestrator),
            "up": home.up,
            "orchestrator": home.orchestrator,
            "reason": home.reason,
        },
        "seats": [
            {
                "party_id": s.party_id,
                "player": s.title,
                "phase": s.phase,
                "film": s.film,
                "in_step": s.in_step,
            }
            for s in home.seats
        ],
    }


# ------------------------------------------------------------------ one party


def party(p: Party, moment: Moment, known: Json | None = None) -> Json:
    """Give everything about one party, except the secret of its invitations. `known`: as in `live`."""
    heard = _heard(known or {})
    plan = intermissions.boundaries(p.rules.intermissions, p.film.duration_ms)
    members = [_member(p, member, moment, heard) for member in p.members]
    players = [seat for member in members if member["present"] for seat in member["players"]]
    return {
        "schema": "segue.party/1",
        **brief_of(p, moment),
        **_of_phase(p, moment),
        "rev": p.rev,
        "why": p.frame.why,
        "runs": p.frame.line.rate > 0 and p.frame.line.at_s <= moment.now_at,
        "item": p.frame.item,
        "films": [film(f) for f in p.films],
        "rules": msgspec.to_builtins(p.rules),
        "intermissions": [{"at_ms": at_ms, "held": at_ms in p.held} for at_ms in plan],
        "spread_ms": _spread_of(players),
        "members": members,
        "invites": [
            {"role": i.role, "until": i.wall_until_at, "by": i.by, "used_by": i.used_by} for i in p.invites
        ],
    }


def _of_phase(p: Party, moment: Moment) -> Json:
    """Give what is particular to a phase: how long it lasts, who wanted it, or why it ended."""
    match p.phase:
        case Lobby():
            return {}
        case Gathering(go_at=at) | Intermission(release_at=at) | Waiting(until_at=at):
            return {"until": moment.date(at)}
        case Playing(boundary_ms=boundary_ms):
            return {"next_intermission_ms": boundary_ms}
        case Paused(by=by):
            return {"by": by}
        case Ended(reason=reason):
            return {"reason": reason}


Heard = dict[tuple[str, str], Json]
"""What was heard of each player since its last report came into the state, by user and device."""


def _spread_of(players: list[Json]) -> int | None:
    """Give how far players are apart that are there, as they are shown."""
    drifts = (p["drift_ms"] for p in players if not p["away"])
    return spread_ms([drift for drift in drifts if drift is not None])


def _heard(known: Json) -> Heard:
    return {(str(s.get("username")), str(s.get("device_id"))): s for s in known.get("seats") or ()}


def _member(p: Party, member: Member, moment: Moment, heard: Heard) -> Json:
    return {
        "username": member.username,
        "role": member.role,
        "present": member.present,
        "gone_at": moment.date(member.gone_at),
        "protocol": member.protocol,
        "ignored": member.ignored,
        "offset_ms": member.offset_ms,
        "players": [_seat(p, member, seat, moment, heard) for seat in member.seats],
    }


def _seat(p: Party, member: Member, seat: Seat, moment: Moment, heard: Heard) -> Json:
    report, fresh = seat.report, heard.get((member.username, seat.device_id)) or {}
    reported: Json = {
        "title": seat.title,
        "device_id": seat.device_id,
        "ready": _is_ready(p, member, seat),
        "away": seat.away,
        "problem": seat.problem,
        "detail": seat.detail,
        "stalled_s": None if seat.stalled_at is None else round(moment.now_at - seat.stalled_at, 1),
        "state": None if report is None else report.state,
        "note": "" if report is None else report.note,
        "step": "" if report is None else report.step,
        "position_ms": None if report is None else report.position_ms,
        "drift_ms": None if report is None else report.drift_ms,
        "sigma_ms": None if report is None else report.sigma_ms,
        "samples": 0 if report is None else report.samples,
    }
    return reported | {name: fresh[name] for name in FROM_LIVE if name in fresh}


def _is_ready(p: Party, member: Member, seat: Seat) -> bool:
    """Tell whether nothing is missing; while the film is being loaded: whether it is loaded, too."""
    if not member.present or not seat.device_id or seat.problem:
        return False
    return seat.ready_rev == p.rev if isinstance(p.phase, Gathering) else True


# ------------------------------------------------------------------ everybody's drift


def live(p: Party, moment: Moment, known: Json) -> Json:
    """Give how every viewer stands to the line now. `known`: what the orchestrator has heard since, see `PartyLive`."""
    links, heard = known.get("links") or {}, _heard(known)
    viewers = [
        _viewer(p, member, seat, moment, links.get(member.username) or {}, heard)
        for member in p.members
        for seat in member.seats or (Seat(title=""),)
    ]
    return {
        "schema": "segue.party_live/1",
        **brief_of(p, moment),
        **_of_phase(p, moment),
        "rev": p.rev,
        "why": p.frame.why,
        "runs": p.frame.line.rate > 0 and p.frame.line.at_s <= moment.now_at,
        "spread_ms": _spread_of([viewer for viewer in viewers if viewer["present"]]),
        "viewers": viewers,
    }


def _viewer(p: Party, member: Member, seat: Seat, moment: Moment, link: Json, heard: Heard) -> Json:
    fresh = heard.get((member.username, seat.device_id)) or {}
    return {
        "username": member.username,
        "role": member.role,
        "present": member.present,
        "protocol": member.protocol,
        "ignored": member.ignored,
        "offset_ms": member.offset_ms,
        **_seat(p, member, seat, moment, heard),
        "heard_s": fresh.get("heard_s"),
        "stalls": fresh.get("stalls"),
        "rtt_ms": link.get("rtt_ms"),
        "queued": link.get("queued"),
    }


# ------------------------------------------------------------------ users, devices, nicks


def users(state: PartyState) -> Json:
    """Give every user: those whose agent is connected, and the members of parties."""
    names = dict.fromkeys((*state.clients, *(m.username for p in state.parties.values() for m in p.members)))
    return {"schema": "segue.party_users/1", "users": [_user(state, name) for name in names]}


def _user(state: PartyState, username: str) -> Json:
    client = state.clients.get(username)
    return {
        "username": username,
        "present": client is not None,
        "protocol": None if client is None else client.protocol,
        "devices": [] if client is None else [msgspec.to_builtins(device) for device in client.devices],
        "parties": [
            {"party_id": party.party_id, "phase": party.phase_name, "role": member.role}
            for party, member in _memberships(state, username)
        ],
        "nicks": [b.account or b.nick for b in state.nicks.bindings if b.username == username],
    }


def _memberships(state: PartyState, username: str) -> Iterator[tuple[Party, Member]]:
    for party in state.parties.values():
        member = party.member(username)
        if member is not None:
            yield party, member


def devices(state: PartyState) -> Json:
    """Give every player that a connected agent offers, and what it is in."""
    return {
        "schema": "segue.party_devices/1",
        "devices": [
            {
                "username": client.username,
                "device_id": device.device_id,
                "title": device.title,
                "protocol": client.protocol,
                "parties": [
                    {"party_id": party.party_id, "phase": party.phase_name, "away": seat.away}
                    for party, member in _memberships(state, client.username)
                    for seat in member.seats
                    if seat.device_id == device.device_id
                ],
            }
            for client in state.clients.values()
            for device in client.devices
        ],
    }


def nicks(state: PartyState, moment: Moment) -> Json:
    """Give who speaks on IRC for whom, and who waits for a code to be confirmed. A code alone does nothing."""
    return {
        "schema": "segue.party_nicks/1",
        "bindings": [
            {"nick": b.nick, "account": b.account, "username": b.username, "here": b.here}
            for b in state.nicks.bindings
        ],
        "asking": [
            {
                "nick": a.nick,
                "account": a.account,
                "username": a.username,
                "until": moment.date(a.until_at),
            }
            for a in state.nicks.asking
        ],
    }


def agent(state: PartyState, known: Json | None) -> Json:
    """Give how this home's agent is doing. `known`: what it says of itself; nothing where none runs."""
    home = state.home
    return {
        "running": known is not None,
        "up": home.up,
        "orchestrator": home.orchestrator,
        "reason": home.reason,
        "seats": [msgspec.to_builtins(seat) for seat in home.seats],
        **(known or {}),
        "schema": "segue.party_agent/1",
    }
