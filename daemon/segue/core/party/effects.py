"""What the party domain wants done: by the orchestrator, which holds the connections, and by who speaks on IRC."""

from typing import ClassVar, Literal

from segue.core.party.nicks import TellNick
from segue.core.party.settings import Film, PhaseName, Role
from segue.core.party.state import Away, Frame
from segue.core.vocabulary import EffectBase

EventKind = Literal[
    "created", "starting_soon", "gathering", "started", "paused", "resumed", "intermission", "intermission_ending",
    "waiting", "next", "ended", "joined", "left", "away", "back", "host", "problem", "resync",
]  # fmt: skip


class PartyEffect(EffectBase, frozen=True, kw_only=True):
    """Something for the orchestrator."""

    owner: ClassVar[str] = "party_orchestrator"


class PublishState(PartyEffect, frozen=True, kw_only=True, tag="publish_state"):
    """Tell where the film should be: the whole state, to all members or to one. Hearing it twice changes nothing."""

    party_id: str
    to: str = ""
    """A username; empty: every member that is connected."""
    phase: PhaseName
    frame: Frame
    film: Film
    wall_starts_at: float | None = None

    def coalesce_key(self) -> tuple[str, ...]:
        """Only the newest state counts."""
        return ("publish_state", self.party_id, self.to)


class TellMember(PartyEffect, frozen=True, kw_only=True, tag="tell_member"):
    """Tell a member what it is in this party. With a title, it is about that player of theirs."""

    party_id: str
    to: str
    role: Role
    offset_ms: int
    device_id: str = ""
    title: str = ""
    away: Away = ""
    problem: str = ""
    detail: str = ""
    removed: bool = False
    """True: it is no longer in this party, with this player."""


class TellEvent(PartyEffect, frozen=True, kw_only=True, tag="tell_event"):
    """Tell what happened, in a word and a sentence: to members, to IRC, to whoever looks."""

    party_id: str
    kind: EventKind
    text: str
    to: str = ""
    """A username; empty: everybody."""
    username: str = ""
    """Whom it is about."""
    device_id: str = ""
    """Which player of theirs; empty: all, or none in particular."""


class CorrectSeat(PartyEffect, frozen=True, kw_only=True, tag="correct_seat"):
    """Send a player of the old protocol somewhere: those do not follow a line by themselves."""

    party_id: str
    to: str
    device_id: str
    title: str
    film: Film
    position_ms: int


class CloseLink(PartyEffect, frozen=True, kw_only=True, tag="close_link"):
    """End a connection, saying why."""

    link_id: str
    reason: Literal["replaced"]


PartyEffects = PublishState | TellMember | TellEvent | CorrectSeat | CloseLink | TellNick
