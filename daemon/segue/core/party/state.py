"""What the house knows of its parties. Phases are types; what is impossible cannot be written.

A *party* is one shared viewing, a *member* a user who takes part in it, a *seat* one player of a member. A *client* is
a connected agent, whether or not it is in a party. All `..._at` fields are on the monotonic timeline, which is the
"server time" that agents follow, except those named `wall_..._at`, which outlive the process.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace as but

from segue.core.party.home import Home
from segue.core.party.nicks import Nicks
from segue.core.party.nicks import durable as durable_nicks
from segue.core.party.settings import Device, Film, PartyRules, PartySettings, PhaseName, Role, Why
from segue.core.party.sync.target import GroupLine

Protocol = Literal["ours", "old"]
EndReason = Literal["finished", "stopped", "missed", "abandoned"]
Away = Literal["", "paused", "played", "sought", "stopped", "intermission", "busy", "late"]
"""Why a seat is not in step and not to be put there: what its viewer's own remote did, or `busy` in another party, or
`late` where the party waits to be asked. `intermission`: it left during one, and is fetched back at its end."""

# ------------------------------------------------------------------ the phases of a party


class Lobby(msgspec.Struct, frozen=True, tag="lobby"):
    """Not begun. Homes look for the film meanwhile."""

    wall_starts_at: float | None = None
    """When it begins by itself."""
    warned: bool = False
    """Whether it was said that it begins in five minutes."""


class Gathering(msgspec.Struct, frozen=True, tag="gathering"):
    """Everybody loads the film and parks on its first frame."""

    go_at: float
    """When the film begins at the latest."""
    exact: bool = False
    """True: it begins then and not before, because that minute was announced."""


class Playing(msgspec.Struct, frozen=True, tag="playing"):
    """The film runs, or is about to."""

    boundary_ms: int | None = None
    """Where the next intermission begins."""


class Paused(msgspec.Struct, frozen=True, tag="paused"):
    """Somebody paused. The only standing still without a deadline, because a person ends it."""

    by: str


class Intermission(msgspec.Struct, frozen=True, tag="intermission"):
    """The film pauses by itself."""

    release_at: float
    """When it goes on."""
    cued: bool = False
    """Whether players that left have been fetched back."""


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """The group stands still for a stall in one home (policy `wait`)."""

    until_at: float
    """When it goes on, whatever happens."""


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """Over. There is no way back."""

    reason: EndReason
    gone_at: float
    """When it is forgotten."""


Phase = Lobby | Gathering | Playing | Paused | Intermission | Waiting | Ended
Running = Gathering | Playing | Paused | Intermission | Waiting

# ------------------------------------------------------------------ who takes part


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one player stands to the line, as its agent says."""

    rev: int
    state: Literal["playing", "paused", "buffering", "stopped"] | None = None
    drift_ms: int | None = None
    """Ahead (+) or behind (-)."""
    sigma_ms: int | None = None
    samples: int = 0
    note: str = ""
    """`in_step`, `parked`, `stalled`, `uncorrectable`, `not_loading`, or empty."""
    step: str = ""
    """What the agent is doing, in a word."""
    position_ms: int | None = None
    parking_ms: int | None = None
    """How long it takes this player to be ready after a seek, as learned."""


class Seat(msgspec.Struct, frozen=True, omit_defaults=True):
    """One player of a member."""

    title: str
    device_id: str = ""
    """Empty until the home's agent has offered a player of that title."""
    away: Away = ""
    ready_rev: int = 0
    """The revision for which it last was parked and verified."""
    parked_ms: int | None = None
    problem: str = ""
    """What is missing, as a stable word: `no_film`, `not_found`, `no_route`, ..."""
    detail: str = ""
    """The same in a sentence, with how to mend it."""
    stalled_at: float | None = None
    waited: bool = False
    """Whether the group has waited for this stall: it does so once."""
    report: Report | None = None
    corrected_at: float | None = None
    """When a client of the old protocol was last sent somewhere."""


class Member(msgspec.Struct, frozen=True, omit_defaults=True):
    """A user who takes part, in the order in which they came: the order of succession."""

    username: str
    role: Role = "guest"
    seats: tuple[Seat, ...] = ()
    gone_at: float | None = None
    """Since when its agent has not been connected; nothing while it is."""
    protocol: Protocol = "ours"
    ignored: bool = False
    """True: its stalls are never waited for."""
    offset_ms: int = 0
    wants: float = 5.0
    """What is left of its allowance of wishes."""
    wants_at: float = 0.0

    @property
    def present(self) -> bool:
        """Whether its agent is connected."""
        return self.gone_at is None


class Invite(msgspec.Struct, frozen=True, omit_defaults=True):
    """An invitation for one user. Only the hash of its token is known here."""

    token_hash: str
    role: Role
    wall_until_at: float
    by: str = ""
    used_by: str = ""
    """Who took it. The same user may show it again until it ends, because an answer may get lost."""


class Frame(msgspec.Struct, frozen=True):
    """The last state that was told: where the film is, since when, and why."""

    line: GroupLine
    item: int
    why: Why
    lead_s: float
    """How long before its moment it was decided."""
    fetch: tuple[tuple[str, str], ...] = ()
    """Players (user, device) that are put in step by this state although their viewer's remote took them out: it spoke
    for all, or it left during an intermission. All others that stepped away are left alone."""


class Party(msgspec.Struct, frozen=True, omit_defaults=True):
    """One shared viewing."""

    party_id: str
    """Six characters, a-z and 0-9."""
    films: tuple[Film, ...]
    """The queue, with what has been seen of it."""
    frame: Frame
    phase: Phase
    rules: PartyRules
    wall_created_at: float
    still_at: float
    """Since when it has been standing still or nobody has come or gone; for parties that everybody left."""
    members: tuple[Member, ...] = ()
    invites: tuple[Invite, ...] = ()
    held: tuple[int, ...] = ()
    """Boundaries whose intermission was held in this film."""
    waits_at: tuple[float, ...] = ()
    """When the group began to wait for stalls, in the last hour."""
    because: int = 0
    """Number of the step in which a person last decided something."""
    due_at: float | None = None
    """The next moment at which something of it is due."""

    @property
    def rev(self) -> int:
        """The revision of the state; rises by each change."""
        return self.frame.line.rev

    @property
    def film(self) -> Film:
        """What is watched now."""
        return self.films[self.frame.item]

    @property
    def phase_name(self) -> PhaseName:
        """The phase as it is called on every wire."""
        name: PhaseName = self.phase.__struct_config__.tag  # type: ignore[assignment]
        return name

    def member(self, username: str) -> Member | None:
        """Find a member."""
        return next((m for m in self.members if m.username == username), None)


class Client(msgspec.Struct, frozen=True):
    """A connected agent. There is one a user: a newer one takes its place."""

    username: str
    link_id: str
    """Which connection; a message or an end of any other counts for nothing."""
    protocol: Protocol
    devices: tuple[Device, ...] = ()
    """Players that its home authorised, the preferred one first."""


class PartyState(msgspec.Struct, frozen=True):
    """The party domain's slice."""

    settings: PartySettings = PartySettings()
    parties: Mapping[str, Party] = {}
    """By id, the oldest first."""
    clients: Mapping[str, Client] = {}
    """By username."""
    home: Home = Home()
    """What this house's own agent says of its players."""
    nicks: Nicks = Nicks()
    """Who speaks on IRC for whom."""
    wall_minus_now_s: float | None = None
    """How the two clocks stood to each other when last looked at."""
    due_at: float | None = None
    """The earliest moment at which something of this slice is due."""
    asleep: "DurableParties | None" = None
    """What a former process kept, until the first step knows what time it is."""


# ------------------------------------------------------------------ what outlives the process

DURABLE_VERSION = 1
REVS_LEFT_OUT = 100
"""Revisions that are left out at a restart: as many may have been told and not yet been written down."""
RETURN_S = 35.0
"""What a restart adds to the patience with those who were there: agents come back within 30 s."""


class DurableParties(msgspec.Struct, frozen=True):
    """The durable projection: the parties, the clocks by which their moments are to be read, and who is who on IRC."""

    parties: tuple[Party, ...] = ()
    wall_minus_now_s: float = 0.0
    nicks: Nicks = Nicks()


def durable(state: PartyState) -> DurableParties:
    """Project the slice on what outlives the process."""
    nicks = durable_nicks(state.nicks)
    if state.asleep is not None:
        return but(state.asleep, nicks=nicks)
    if not state.parties:
        return DurableParties(nicks=nicks)
    return DurableParties(
        parties=tuple(_kept(party) for party in state.parties.values()),
        wall_minus_now_s=state.wall_minus_now_s or 0.0,
        nicks=nicks,
    )


def _kept(party: Party) -> Party:
    """Leave out what changes by the second and means nothing to a later process."""
    members = tuple(
        Member(
            username=m.username,
            role=m.role,
            seats=tuple(Seat(title=s.title, device_id=s.device_id, away=s.away) for s in m.seats),
            protocol=m.protocol,
            ignored=m.ignored,
            offset_ms=m.offset_ms,
        )
        for m in party.members
    )
    return but(party, members=members, due_at=None)


def revived(kept: DurableParties) -> PartyState:
    """Begin a slice with what a former process kept; `awake` reads its moments as soon as there is a stamp."""
    return PartyState(asleep=kept if kept.parties else None, nicks=kept.nicks)


def awake(state: PartyState, now_at: float, wall_at: float) -> PartyState:
    """Put kept parties on this process' timeline. Films went on meanwhile: players do not need us to run."""
    kept = state.asleep
    if kept is None:
        return state
    by_s = kept.wall_minus_now_s - (wall_at - now_at)
    parties = {party.party_id: _rebased(party, by_s, now_at) for party in kept.parties}
    return but(state, parties=parties, asleep=None, wall_minus_now_s=wall_at - now_at)


def _rebased(party: Party, by_s: float, now_at: float) -> Party:
    line = party.frame.line
    frame = but(
        party.frame, line=but(line, rev=line.rev + REVS_LEFT_OUT, at_s=line.at_s + by_s), why="restart"
    )
    gone_at = now_at + RETURN_S
    return but(
        party,
        frame=frame,
        phase=_rebased_phase(party.phase, by_s),
        members=tuple(but(m, gone_at=gone_at) for m in party.members),
        still_at=now_at,
        waits_at=tuple(moment + by_s for moment in party.waits_at),
        due_at=now_at,
    )


def _rebased_phase(phase: Phase, by_s: float) -> Phase:
    match phase:
        case Gathering():
            return but(phase, go_at=phase.go_at + by_s)
        case Intermission():
            return but(phase, release_at=phase.release_at + by_s)
        case Waiting():
            return but(phase, until_at=phase.until_at + by_s)
        case Ended():
            return but(phase, gone_at=phase.gone_at + by_s)
        case Lobby() | Playing() | Paused():
            return phase
