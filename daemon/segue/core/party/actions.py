"""Everything the party domain hears beside requests: agents come and go, get ready, report, and see people's hands.

The doors and the orchestrator have authenticated who says it and have cut it to size. A `link_id` names the connection
that it came through: what an old connection says, or its end, counts for nothing once there is a newer one.
"""

from typing import Literal

from segue.core.party.home import HomeActions
from segue.core.party.nicks import NickActions
from segue.core.party.requests import PartyAction, PartyRequests
from segue.core.party.settings import Device
from segue.core.party.state import Protocol, Report


class ClientConnected(PartyAction, frozen=True):
    """A user's agent is there. Also told when the same link offers other devices."""

    username: str
    link_id: str
    devices: tuple[Device, ...]
    protocol: Protocol = "ours"
    party_id: str = ""
    """The party that it wants to join; empty: those that it is a member of."""
    invite_hash: str = ""
    """SHA-256 of the invitation's token, where it has one."""


class ClientDisconnected(PartyAction, frozen=True):
    """A connection ended."""

    username: str
    link_id: str


class SeatReady(PartyAction, frozen=True):
    """A player is parked for a revision and a timeline showed it; or cannot be, for a reason."""

    username: str
    link_id: str
    party_id: str
    device_id: str
    rev: int
    parked_ms: int | None = None
    problem: str = ""
    """A stable word; empty where nothing is wrong."""
    detail: str = ""


class SeatReported(PartyAction, frozen=True):
    """How a player stands to the line. The door lets through what changed, and one in five seconds."""

    username: str
    link_id: str
    party_id: str
    device_id: str
    report: Report


class HandSeen(PartyAction, frozen=True):
    """A viewer's own remote did something, as the agent concluded: no command of ours explains it."""

    username: str
    link_id: str
    party_id: str
    device_id: str
    did: Literal["paused", "played", "sought", "stopped"]
    position_ms: int | None = None
    """Where the player is now."""


class ClockStepped(PartyAction, frozen=True):
    """The wall clock was set. What is scheduled is looked at again."""


PartyActions = (
    PartyRequests
    | ClientConnected
    | ClientDisconnected
    | SeatReady
    | SeatReported
    | HandSeen
    | ClockStepped
    | HomeActions
    | NickActions
)
