"""What a party is like: the words that everybody in it shares, and what its host may set."""

from typing import Literal

import msgspec

Role = Literal["host", "cohost", "guest"]
PhaseName = Literal["lobby", "gathering", "playing", "paused", "intermission", "waiting", "ended"]
Why = Literal[
    "created", "gather", "start", "pause", "resume", "seek", "stall", "recovered", "intermission", "cue", "next", "end",
    "restart",
]  # fmt: skip
"""Why the state is what it is, in one word, for people and for agents."""

DURATION_MS_MAX = 24 * 3600 * 1000
"""Longest film that a party takes: a day."""
OFFSET_MS_MAX = 2000
"""A member may be this much earlier or later than the others: a voice call's delay, no more."""


class Film(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is watched. Each home finds it on its own server: by guid, else by exact file name, and by its length."""

    duration_ms: int
    guid: str = ""
    """Plex' own guid, `plex://movie/...`, or that of another database."""
    filename: str = ""
    """The file's name without folders."""
    title: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.title or self.filename or self.guid


class Device(msgspec.Struct, frozen=True):
    """A player of a home, as its agent names it."""

    device_id: str
    title: str


class IntermissionRules(msgspec.Struct, frozen=True):
    """When a party pauses by itself. Moments are of the film, not of the evening."""

    enabled: bool = True
    length_s: int = 600
    first_s: int = 3600
    every_s: int = 3600
    remain_s: int = 1800
    """After the first, one is held only where more than this remains of the film."""
    guard_s: int = 600
    """None at all, not even the first, where less than this remains; 0 leaves the first to every longer film."""
    times_s: tuple[int, ...] = ()
    """Moments of one's own choice instead of first and every; `guard_s` holds for them, too."""


class PartyRules(msgspec.Struct, frozen=True):
    """What the host of one party may set."""

    open: bool = False
    """True: everybody may pause, resume and seek; false: host and co-hosts."""
    join: Literal["invited", "anyone"] = "invited"
    """Who may join: whoever was added or has an invitation, or everybody that this orchestrator admits."""
    late: Literal["attach", "ask"] = "attach"
    """What becomes of a member who comes after the start: cued by itself, or only once it wants to (`rejoin`)."""
    stall: Literal["follow", "wait"] = "follow"
    """What a stall in one home does: that home catches up alone, or the group waits for it a little."""
    start_grace_s: float = 10.0
    """How long a start waits for those who are not ready."""
    catch_up_s: float = 900.0
    """How late a scheduled start may still happen, after an outage or a clock that was wrong."""
    intermissions: IntermissionRules = IntermissionRules()


class PartySettings(msgspec.Struct, frozen=True):
    """What the house that hosts parties sets for all of them."""

    rules: PartyRules = PartyRules()
    """What a party has whose creator says nothing else."""
    parties_max: int = 50
    """Parties that have not ended."""
    members_max: int = 100
    queue_max: int = 50
    invites_max: int = 100
    succession_s: float = 10.0
    """How long a host may be gone before the next in line takes over."""
    stall_s: float = 3.0
    """Stalls up to this long are never waited for."""
    wait_s: float = 10.0
    """Longest wait for a stall, whatever happens."""
    waits_per_hour: int = 3
    abandoned_s: float = 6 * 3600.0
    """How long a party stands still with nobody there before it is closed."""
    ended_kept_s: float = 3600.0
    """How long an ended party is still shown."""


_RANGES = {
    "length_s": (0, 3600),
    "first_s": (60, 86_400),
    "every_s": (60, 86_400),
    "remain_s": (0, 86_400),
    "guard_s": (0, 86_400),
}
TIMES_MAX = 24


def rules_problem(rules: PartyRules) -> str:
    """Say what is wrong with a party's rules, with the value and the limits; empty when nothing is."""
    if not 0.0 <= rules.start_grace_s <= 120.0:
        return f"start_grace_s is {rules.start_grace_s:g}; 0 to 120 is possible."
    if not 0.0 <= rules.catch_up_s <= 86_400.0:
        return f"catch_up_s is {rules.catch_up_s:g}; 0 to 86400 is possible."
    breaks = rules.intermissions
    for name, (low, high) in _RANGES.items():
        value = getattr(breaks, name)
        if not low <= value <= high:
            return f"intermissions.{name} is {value}; {low} to {high} is possible."
    if len(breaks.times_s) > TIMES_MAX:
        return f"intermissions.times_s has {len(breaks.times_s)} moments; {TIMES_MAX} are possible."
    if wrong := [moment for moment in breaks.times_s if not 0 < moment < 86_400]:
        return f"intermissions.times_s has {wrong[0]}; 1 to 86399 is possible."
    return ""


def clock_time(position_ms: int) -> str:
    """Write a position in a film as people do: `1:58:20`."""
    seconds = position_ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def film_problem(film: Film) -> str:
    """Say what is wrong with a film; empty when nothing is."""
    if not film.guid and not film.filename:
        return "A film needs a guid or a file name."
    if "/" in film.filename or "\\" in film.filename:
        return f"The file name {film.filename[:80]!r} has folders in it; the name alone is expected."
    if not 1000 <= film.duration_ms <= DURATION_MS_MAX:
        return f"duration_ms is {film.duration_ms}; 1000 to {DURATION_MS_MAX} is possible."
    return ""
