"""What people ask of a party: at the house's doors, or from their own home through their agent."""

from typing import ClassVar

import msgspec

from segue.core.party.settings import Film, PartyRules, Role
from segue.core.vocabulary import ActionBase, Tier, tagger


class PartyAction(ActionBase, frozen=True, tag_field="type", tag=tagger("party")):
    """An action of the party domain."""


class CreateRequested(PartyAction, frozen=True):
    """Make a party; the first host is `host`, or nobody while that is empty."""

    tier: ClassVar[Tier] = "WRITE"

    films: tuple[Film, ...]
    """What is watched, in this order; at least one."""
    wall_starts_at: float | None = None
    """When it begins by itself; nothing: when somebody starts it."""
    host: str = ""
    rules: PartyRules | None = None
    """Nothing: as the house sets it."""


class PartyRequest(PartyAction, frozen=True, kw_only=True):
    """Somebody asks something of one party."""

    tier: ClassVar[Tier] = "WRITE"

    party_id: str
    who: str = ""
    """The user who asks, as authenticated; empty: the house that hosts, which may do anything."""


class AddRequested(PartyRequest, frozen=True, kw_only=True):
    """Let a user take part, or one more player of theirs. Everybody may add themselves to a party that anyone may join,
    and players of their own to one that they are in."""

    username: str
    device_title: str = ""
    """Which player; empty: the first that their agent offers."""
    role: Role = "guest"


class RemoveRequested(PartyRequest, frozen=True, kw_only=True):
    """Let a user take part no more, or one player of theirs. Everybody may remove themselves."""

    username: str
    device_title: str = ""


class StartRequested(PartyRequest, frozen=True, kw_only=True):
    """Begin now."""


class PauseRequested(PartyRequest, frozen=True, kw_only=True):
    """Pause for all, on the same frame."""


class ResumeRequested(PartyRequest, frozen=True, kw_only=True):
    """Go on; ends an intermission or a wait early."""


class SeekRequested(PartyRequest, frozen=True, kw_only=True):
    """Go somewhere else in the film."""

    position_ms: int


class StopRequested(PartyRequest, frozen=True, kw_only=True):
    """End the party."""


class SkipRequested(PartyRequest, frozen=True, kw_only=True):
    """Go on to the next film of the queue."""


class QueueRequested(PartyRequest, frozen=True, kw_only=True):
    """Set what is watched after the present film."""

    films: tuple[Film, ...]


class ScheduleRequested(PartyRequest, frozen=True, kw_only=True):
    """Set when it begins by itself, or that it does not."""

    wall_starts_at: float | None


class RulesRequested(PartyRequest, frozen=True, kw_only=True):
    """Set the party's rules."""

    rules: PartyRules


class RoleRequested(PartyRequest, frozen=True, kw_only=True):
    """Give a member a role. A new host makes the old one a co-host."""

    username: str
    role: Role


class IgnoreRequested(PartyRequest, frozen=True, kw_only=True):
    """Never wait for a member's stalls, or do so again."""

    username: str
    ignored: bool


class OffsetRequested(PartyRequest, frozen=True, kw_only=True):
    """Let a member be this much later (+) or earlier (-) than the others."""

    username: str
    offset_ms: int


class ResyncRequested(PartyRequest, frozen=True, kw_only=True):
    """Bring a member into step again, also one that stepped away; empty: all that did not step away."""

    username: str = ""


class InviteRequested(PartyRequest, frozen=True, kw_only=True):
    """Make an invitation. The door made the token, hands it out, and tells only its hash."""

    token_hash: str
    """SHA-256 of the token, in hexadecimal."""
    wall_until_at: float
    role: Role = "guest"


Transport = StartRequested | PauseRequested | ResumeRequested | SeekRequested | StopRequested | SkipRequested
Setting = (
    AddRequested
    | RemoveRequested
    | QueueRequested
    | ScheduleRequested
    | RulesRequested
    | RoleRequested
    | IgnoreRequested
    | OffsetRequested
    | ResyncRequested
    | InviteRequested
)
PartyRequests = CreateRequested | Transport | Setting


class Asked(msgspec.Struct, frozen=True):
    """How a request is called when it is talked about, and the right that it takes."""

    words: str
    right: str


ASKED: dict[type[PartyRequest], Asked] = {
    StartRequested: Asked("start the party", "lead"),
    PauseRequested: Asked("pause", "transport"),
    ResumeRequested: Asked("resume", "transport"),
    SeekRequested: Asked("seek", "transport"),
    StopRequested: Asked("end the party", "lead"),
    SkipRequested: Asked("go on to the next film", "lead"),
    QueueRequested: Asked("change the queue", "lead"),
    AddRequested: Asked("add members", "lead"),
    InviteRequested: Asked("invite", "lead"),
    IgnoreRequested: Asked("set whose stalls are waited for", "lead"),
    RemoveRequested: Asked("remove others", "self-or-lead"),
    OffsetRequested: Asked("set the offset of others", "self-or-lead"),
    ResyncRequested: Asked("resync others", "self-or-lead"),
    ScheduleRequested: Asked("set the time", "own"),
    RulesRequested: Asked("set the rules", "own"),
    RoleRequested: Asked("give roles", "own"),
}
"""`transport`: host and co-hosts, in an open party everybody. `lead`: host and co-hosts. `own`: the host.
`self-or-lead`: everybody for themselves, host and co-hosts for others."""
