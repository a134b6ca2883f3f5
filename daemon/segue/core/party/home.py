"""What this house's own agent says of itself: whether it has an orchestrator, and what its players are in.

The orchestrator of a party may be this very process or one in another town; either way the rooms of this house are
only concerned by what is told here. So the rule by which music makes room for a film looks here, not at the parties
that this process hosts.
"""

import msgspec
from msgspec.structs import replace as but

from segue.core.party.requests import PartyAction
from segue.core.party.settings import PhaseName
from segue.core.vocabulary import Out


class HomeSeat(msgspec.Struct, frozen=True, omit_defaults=True):
    """One player of this house in a party."""

    party_id: str
    device_id: str
    title: str
    phase: PhaseName
    in_step: bool = True
    """False: its viewer stepped away, or it does not take part yet."""
    cued: bool = False
    """In an intermission: the film comes back in a moment."""
    film: str = ""
    """What people call what is watched."""


class Home(msgspec.Struct, frozen=True, omit_defaults=True):
    """This house's part in parties."""

    up: bool = False
    """Whether the agent is connected."""
    orchestrator: str = ""
    """Where, without secrets; empty: no agent runs."""
    reason: str = ""
    """Why it is not connected, in a sentence."""
    seats: tuple[HomeSeat, ...] = ()


class AgentLinkChanged(PartyAction, frozen=True):
    """The agent of this house found its orchestrator, lost it, or was told to stay away."""

    up: bool
    orchestrator: str
    reason: str = ""


class HomeSeatSeen(PartyAction, frozen=True):
    """One of our players is in a party, or what it does there changed."""

    seat: HomeSeat


class HomeSeatGone(PartyAction, frozen=True):
    """One of our players is in that party no more."""

    party_id: str
    device_id: str


HomeActions = AgentLinkChanged | HomeSeatSeen | HomeSeatGone


def reduced(home: Home, action: HomeActions, out: Out) -> Home:
    """Take in what the agent says. Players go on when the orchestrator is lost, so their seats stay; none is left
    where no agent runs any more."""
    match action:
        case AgentLinkChanged(up, orchestrator, reason):
            if (up, orchestrator, reason) == (home.up, home.orchestrator, home.reason):
                return home
            _say(home, action, out)
            seats = home.seats if orchestrator else ()
            return Home(up=up, orchestrator=orchestrator, reason=reason, seats=seats)
        case HomeSeatSeen(seat):
            others = tuple(known for known in home.seats if _key(known) != _key(seat))
            return home if seat in home.seats else but(home, seats=(*others, seat))
        case HomeSeatGone(party_id, device_id):
            left = tuple(known for known in home.seats if _key(known) != (party_id, device_id))
            return home if len(left) == len(home.seats) else but(home, seats=left)


def _key(seat: HomeSeat) -> tuple[str, str]:
    return seat.party_id, seat.device_id


def _say(home: Home, action: AgentLinkChanged, out: Out) -> None:
    """Say it once when it is lost and once when it is back, whatever was tried in between."""
    where = action.orchestrator or home.orchestrator
    if action.up and not home.up:
        out.say("info", f"The party agent is connected to {where}.", "agent_up")
    elif home.up and not action.up and action.orchestrator:
        out.say(
            "warning",
            f"The party agent lost {where}: {(action.reason or 'no reason given').rstrip('.')}.",
            "agent_down",
        )
