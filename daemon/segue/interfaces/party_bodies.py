"""What the doors of the watch parties take: every field with its limits."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from segue.core.party.settings import DURATION_MS_MAX, Role

FILMS_MAX = 50
UserName = Annotated[str, Meta(min_length=1, max_length=64)]
Player = Annotated[str, Meta(max_length=200)]
"""Title or id of a player."""
PartyId = Annotated[str, Meta(min_length=1, max_length=64)]
Seconds = Annotated[int, Meta(ge=0, le=86_400)]
UnixTime = Annotated[float, Meta(ge=0, le=1e11)]
"""Seconds since 1970, UTC."""


class PartyFilm(Struct, forbid_unknown_fields=True, kw_only=True):
    """A film: its length, and a guid or a file name (without folders) by which each home finds it."""

    duration_ms: Annotated[int, Meta(ge=1000, le=DURATION_MS_MAX)]
    guid: Annotated[str, Meta(max_length=200)] = ""
    filename: Annotated[str, Meta(max_length=255)] = ""
    title: Annotated[str, Meta(max_length=200)] = ""


Films = Annotated[tuple[PartyFilm, ...], Meta(max_length=FILMS_MAX)]


class PartyIntermissions(Struct, forbid_unknown_fields=True, kw_only=True):
    """When a party pauses by itself, in seconds of the film. What is left out stays as it is."""

    enabled: bool | UnsetType = UNSET
    length_s: Seconds | UnsetType = UNSET
    first_s: Seconds | UnsetType = UNSET
    every_s: Seconds | UnsetType = UNSET
    remain_s: Seconds | UnsetType = UNSET
    guard_s: Seconds | UnsetType = UNSET
    times_s: tuple[Seconds, ...] | UnsetType = UNSET


class PartyRulesBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a party is like. What is left out stays as it is, or as the house sets it."""

    open: bool | UnsetType = UNSET
    join: Literal["invited", "anyone"] | UnsetType = UNSET
    late: Literal["attach", "ask"] | UnsetType = UNSET
    stall: Literal["follow", "wait"] | UnsetType = UNSET
    start_grace_s: Annotated[float, Meta(ge=0, le=120)] | UnsetType = UNSET
    catch_up_s: Annotated[float, Meta(ge=0, le=86_400)] | UnsetType = UNSET
    intermissions: PartyIntermissions | UnsetType = UNSET


class PartyBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A new party: what is watched, what follows, when it begins by itself, and who is its host."""

    film: PartyFilm
    queue: Films = ()
    starts_at: UnixTime | None = None
    host: Annotated[str, Meta(max_length=64)] = ""
    rules: PartyRulesBody | None = None


class MemberBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Who takes part, on which player (empty: the first that their agent offers), and as what."""

    username: UserName
    device: Player = ""
    role: Role = "guest"


class PlayerBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A member, or one player of theirs."""

    username: UserName
    device: Player = ""


class ResyncBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Whom to bring into step again; empty: all who did not step away."""

    username: Annotated[str, Meta(max_length=64)] = ""


class PartySeekBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where to go, in ms from the beginning of the film."""

    position_ms: Annotated[int, Meta(ge=0, le=DURATION_MS_MAX)]


class OffsetBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """How much later (+) or earlier (-) than the others a member is, in ms."""

    username: UserName
    offset_ms: int


class IgnoreBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A member whose stalls are never waited for; `ignored` false: they are again."""

    username: UserName
    ignored: bool = True


class RoleBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A member, and what they are from now on. A new host makes the old one a co-host."""

    username: UserName
    role: Role


class QueueBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is watched after the present film."""

    films: Films


class ScheduleBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """When it begins by itself; null: when somebody starts it."""

    starts_at: UnixTime | None


class InviteBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the invited user is, how long the invitation holds, and the address that stands in it (for `public_url`)."""

    role: Literal["guest", "cohost"] = "guest"
    hours: Annotated[float, Meta(gt=0, le=720)] | None = None
    at: Annotated[str, Meta(max_length=500)] = ""


class JoinBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """The link of an invitation, whole."""

    link: Annotated[str, Meta(min_length=1, max_length=2000)]

    def __repr__(self) -> str:
        return "JoinBody(***)"


class WantBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A wish of this home, told to the orchestrator by its agent (see the party protocol, `want`)."""

    party_id: PartyId
    op: Literal["pause", "play", "seek", "start", "skip", "stop", "resync", "rejoin", "leave", "offset"]
    position_ms: Annotated[int, Meta(ge=0, le=DURATION_MS_MAX)] | None = None
    offset_ms: int | None = None


class NickConfirmBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """The code that somebody was given on IRC, and the user that they are."""

    code: Annotated[str, Meta(min_length=1, max_length=16)]
    username: UserName


class NickUnbindBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A nick or account on IRC that speaks for nobody any more."""

    nick: UserName
