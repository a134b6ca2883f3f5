"""The parties in plain words: a line for each of their actions."""

from collections.abc import Callable
from typing import Any

from segue.core.party import actions as a
from segue.core.party import home as h
from segue.core.party import nicks as n
from segue.core.party import requests as r
from segue.core.party.effects import PublishState
from segue.core.party.settings import PhaseName, clock_time

DID = {
    "paused": "pressed pause",
    "played": "pressed play",
    "sought": "went elsewhere",
    "stopped": "pressed stop",
}


DOES: dict[PhaseName, str] = {
    "lobby": "waits in its lobby",
    "gathering": "loads its film",
    "playing": "plays from",
    "paused": "pauses at",
    "intermission": "has an intermission at",
    "waiting": "waits for a home at",
    "ended": "ends at",
}


def act_words(effect: PublishState) -> str:
    """Say what a party does from now on."""
    does = DOES[effect.phase]
    at = f" {clock_time(effect.frame.line.position_ms)}" if does.endswith((" at", " from")) else ""
    return f"party {effect.party_id} {does}{at}"


def _by(verb: str) -> Callable[[Any], str]:
    return lambda action: f"{verb} party {action.party_id}{_who(action)}"


def _who(action: r.PartyRequest) -> str:
    return f", says {action.who}" if action.who else ""


def _created(action: r.CreateRequested) -> str:
    first = action.films[0].name if action.films else "nothing"
    more = f" and {len(action.films) - 1} more" if len(action.films) > 1 else ""
    return f"make a party of {first}{more}"


def _ready(action: a.SeatReady) -> str:
    if action.problem:
        return f"{action.username}'s player cannot: {action.detail or action.problem}"
    return f"{action.username}'s player is ready"


def _reported(action: a.SeatReported) -> str:
    report = action.report
    where = "" if report.drift_ms is None else f", {report.drift_ms:+d} ms"
    return f"{action.username}'s player: {report.note or report.state or 'nothing known'}{where}"


def _offset(action: r.OffsetRequested) -> str:
    return (
        f"{action.username} {action.offset_ms:+d} ms from the others in party {action.party_id}{_who(action)}"
    )


def _link(action: h.AgentLinkChanged) -> str:
    if action.up:
        return f"our party agent is connected to {action.orchestrator}"
    return (
        f"our party agent is not connected ({action.reason})" if action.reason else "our party agent is off"
    )


def _seat(action: h.HomeSeatSeen) -> str:
    seat = action.seat
    return f"{seat.title} is in party {seat.party_id}: {seat.phase}{'' if seat.in_step else ', left alone'}"


WORDS: dict[type, str | Callable[[Any], str]] = {
    r.CreateRequested: _created,
    r.AddRequested: lambda x: f"{x.username} takes part in party {x.party_id}{_who(x)}",
    r.RemoveRequested: lambda x: f"{x.username} leaves party {x.party_id}{_who(x)}",
    r.StartRequested: _by("begin"),
    r.PauseRequested: _by("pause"),
    r.ResumeRequested: _by("resume"),
    r.SeekRequested: lambda x: f"go to {clock_time(x.position_ms)} in party {x.party_id}{_who(x)}",
    r.StopRequested: _by("end"),
    r.SkipRequested: _by("next film in"),
    r.QueueRequested: lambda x: f"{len(x.films)} films follow in party {x.party_id}{_who(x)}",
    r.ScheduleRequested: _by("set the time of"),
    r.RulesRequested: _by("set the rules of"),
    r.RoleRequested: lambda x: f"{x.username} is {x.role} of party {x.party_id}{_who(x)}",
    r.IgnoreRequested: lambda x: (
        f"{x.username}'s stalls are {'not ' if x.ignored else ''}waited for in party {x.party_id}{_who(x)}"
    ),
    r.OffsetRequested: _offset,
    r.ResyncRequested: lambda x: f"{x.username or 'everybody'} into step in party {x.party_id}{_who(x)}",
    r.InviteRequested: _by("an invitation to"),
    a.ClientConnected: lambda x: f"{x.username}'s agent is connected",
    a.ClientDisconnected: lambda x: f"{x.username}'s agent is gone",
    a.SeatReady: _ready,
    a.SeatReported: _reported,
    a.HandSeen: lambda x: f"{x.username} {DID[x.did]} on the remote",
    a.ClockStepped: "the clock was set",
    h.AgentLinkChanged: _link,
    h.HomeSeatSeen: _seat,
    h.HomeSeatGone: lambda x: f"our player is out of party {x.party_id}",
    n.NickAsked: lambda x: f"{x.nick} on IRC wants to be {x.username or 'known'}",
    n.NickGone: lambda x: f"{x.nick or 'everybody'} on IRC is somebody else from now on",
    n.NickConfirmRequested: lambda x: f"whoever was given the code {x.code[:20]} on IRC is {x.username}",
    n.NickUnbindRequested: lambda x: f"{x.nick} on IRC is nobody",
}
