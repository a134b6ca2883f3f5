"""The parties on IRC: what people type becomes requests, what happens becomes one line each.

A request says on whose behalf it comes and is the core's to admit or to refuse; what is only asked is answered from the
snapshot. All of it is text for people. The commands, which are those of older watch-party bots where these had any:

    !devices    !list    !join [DEVICE] PARTY    !leave [PARTY]    !create FILE [LENGTH] [TIME]    !bind USER
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from segue.core.party.effects import EventKind, TellEvent
from segue.core.party.requests import AddRequested, CreateRequested, PartyRequests, RemoveRequested
from segue.core.party.settings import DURATION_MS_MAX, Film
from segue.core.party.state import Ended, Intermission, Lobby, Party, PartyState
from segue.core.vocabulary import Accept, Refuse
from segue.interfaces.moment import Moment

ANNOUNCED: frozenset[EventKind] = frozenset({"created", "starting_soon", "started", "intermission", "ended"})
NAME_CHARS = 40
PARTIES_A_LINE, LINES_MAX = 4, 4
ABOUT_MS = 90_000
"""Minutes are rounded: a film's own length may be so far from what a person says."""
HELP = (
    "!devices · !list · !join [DEVICE] PARTY · !leave [PARTY] · !create FILE [MINUTES or H:MM:SS] [now, HH:MM or "
    "2026-12-24T20:15] · !bind USER"
)
PARTY_ID = re.compile(r"[a-z0-9]{6}")
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d\S*", re.IGNORECASE)
LENGTH = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)")

Name = Literal["devices", "list", "join", "leave", "create", "bind", "help"]
NAMES: dict[str, Name] = {
    "devices": "devices", "list": "list", "join": "join", "leave": "leave", "create": "create", "bind": "bind",
    "help": "help",
}  # fmt: skip


class Command(msgspec.Struct, frozen=True):
    """What somebody typed, if it is for us."""

    name: Name
    rest: str = ""


class NewParty(msgspec.Struct, frozen=True):
    """A party as it was typed."""

    filename: str
    duration_ms: int | None = None
    is_exact: bool = False
    """Whether the length was given to the second."""
    wall_starts_at: float | None = None


class BadCommand(Exception):  # noqa: N818 - it is the person's, not ours
    """A command that means nothing, or not one thing. The text says what would."""


def heard(text: str) -> Command | None:
    """Read a line of the channel; nothing where it is no command of ours: others have bots there, too."""
    if not text.startswith("!"):
        return None
    word, _, rest = text[1:].partition(" ")
    name = NAMES.get(word.lower())
    return None if name is None else Command(name, rest.strip())


# ------------------------------------------------------------------ requests


def joining(rest: str, username: str) -> AddRequested:
    """Read `!join [DEVICE] PARTY`; the device's name may have spaces in it. Raises `BadCommand`."""
    device, _, party_id = rest.rpartition(" ")
    if not PARTY_ID.fullmatch(party_id.lower()):
        raise BadCommand("!join [DEVICE] PARTY: a party's id has six letters or digits; !list shows them.")
    device = device.strip().strip('"')
    return AddRequested(party_id=party_id.lower(), who=username, username=username, device_title=device)


def leaving(rest: str, username: str, state: PartyState) -> RemoveRequested:
    """Read `!leave [PARTY]`; where a user is in one party only, it is that one. Raises `BadCommand`."""
    party_id = rest.lower()
    if not party_id:
        mine = [party.party_id for party in _open(state) if party.member(username) is not None]
        if len(mine) != 1:
            where = f"You are in {', '.join(mine)}: which one?" if mine else "You are in no party."
            raise BadCommand(f"!leave PARTY. {where}")
        party_id = mine[0]
    return RemoveRequested(party_id=party_id, who=username, username=username)


def creating(rest: str, wall_at: float) -> NewParty:
    """Read `!create FILE [LENGTH] [TIME]` from its end, because the file's name may have spaces in it.

    `wall_at`: now. Raises `BadCommand`.
    """
    rest, starts_at = _without_time(rest, wall_at)
    rest, duration_ms, is_exact = _without_length(rest)
    filename = rest.strip()
    if len(filename) > 1 and filename[0] == filename[-1] == '"':
        filename = filename[1:-1]
    if not filename:
        raise BadCommand(f"!create needs a file name. {HELP}")
    return NewParty(filename, duration_ms, is_exact, starts_at)


def _split(rest: str) -> tuple[str, str]:
    before, _, last = rest.strip().rpartition(" ")
    return before.strip(), last


def _without_time(rest: str, wall_at: float) -> tuple[str, float | None]:
    before, last = _split(rest)
    if last.lower() == "now" and before:
        return before, wall_at
    if clock := CLOCK.fullmatch(last):
        now = datetime.fromtimestamp(wall_at).astimezone()
        start = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        # A time that is over means tomorrow's; one that is just over was meant for now.
        if (now - start).total_seconds() > 60.0:
            start = (start.replace(tzinfo=None) + timedelta(days=1)).astimezone()
        return before, start.timestamp()
    if DATE.fullmatch(last):
        with suppress(ValueError, OverflowError, OSError):
            return before, datetime.fromisoformat(last.upper()).astimezone().timestamp()
        raise BadCommand(f"{last[:40]} is no time: now, 20:15 or 2026-12-24T20:15+01:00 is.")
    return rest, None


def _without_length(rest: str) -> tuple[str, int | None, bool]:
    before, last = _split(rest)
    if not before:
        return rest, None, False
    duration_ms, is_exact = 0, False
    if length := LENGTH.fullmatch(last):
        duration_ms = (int(length[1]) * 3600 + int(length[2]) * 60 + int(length[3])) * 1000
        is_exact = True
    elif last.isascii() and last.isdigit() and len(last) < 10:
        duration_ms = int(last) * 60_000
    else:
        return rest, None, False
    if not 1000 <= duration_ms <= DURATION_MS_MAX:
        raise BadCommand(f"A film of {last} is not possible: say minutes, or H:MM:SS, up to 24 hours.")
    return before, duration_ms, is_exact


def chosen(new: NewParty, found: Sequence[Film]) -> Film:
    """Find the film that was meant among those that the house has; by its own length, homes find theirs.

    Raises `BadCommand`.
    """
    name = new.filename.casefold()
    named = [f for f in found if name in (f.filename.casefold(), f.title.casefold(), f.guid.casefold())]
    fits = [f for f in named if new.duration_ms is None or abs(f.duration_ms - new.duration_ms) <= ABOUT_MS]
    # One film in several copies is told apart by its length alone; those of one length are the same to a party.
    kinds = {(f.guid, f.duration_ms) for f in fits}
    if len(kinds) == 1:
        return fits[0]
    if fits:
        lengths = ", ".join(sorted(length_of(f.duration_ms) for f in fits)[:5])
        raise BadCommand(
            f"There are several of {new.filename}: say its file name, or its length ({lengths})."
        )
    if named and not new.is_exact:
        lengths = ", ".join(sorted(length_of(f.duration_ms) for f in named)[:5])
        raise BadCommand(f"{new.filename} is {lengths} here, not {length_of(new.duration_ms or 0)}.")
    if new.duration_ms is None:
        names = ", ".join(dict.fromkeys(film_name(film) for film in found[:5]))
        meant = f"Did you mean {names}? Else say" if names else "Say"
        raise BadCommand(
            f"This house has no film {new.filename}. {meant} its file name and length: !create FILE H:MM:SS."
        )
    if "/" in new.filename or "\\" in new.filename:
        raise BadCommand("A file's name alone is needed, without folders.")
    return Film(duration_ms=new.duration_ms, filename=new.filename)


def created(new: NewParty, film: Film, username: str) -> CreateRequested:
    """Make the request for a party of a film."""
    return CreateRequested(films=(film,), wall_starts_at=new.wall_starts_at, host=username)


def answered(action: PartyRequests, refusal: Refuse | None, acceptance: Accept | None) -> list[str]:
    """Say what became of a request."""
    if refusal is not None:
        return [f"{refusal.message} {refusal.hint}".strip()]
    lines = [f"Done: {acceptance.doing}." if acceptance is not None else "Done."]
    match action:
        case CreateRequested(films=(film,)) if not film.guid and film.duration_ms % 60_000 == 0:
            lines.append(
                "Homes only take a copy of that length, to two seconds: say it as H:MM:SS if theirs is not found."
            )
        case _:
            pass
    return lines


# ------------------------------------------------------------------ what is only asked


def devices(state: PartyState, username: str) -> list[str]:
    """Answer `!devices`."""
    client = state.clients.get(username)
    if client is None:
        return [f"{username}, your home is not connected: is segued running there, with its party agent on?"]
    if not client.devices:
        return [f"{username}, your home offers no player: `seguectl party agent` there says what is missing."]
    return ["Your players: " + ", ".join(device.title for device in client.devices)]


def parties(state: PartyState, moment: Moment) -> list[str]:
    """Answer `!list`: a few parties a line, the oldest first."""
    words = [_described(party, moment) for party in _open(state)]
    if not words:
        return ["There is no party. !create makes one."]
    shown = words[: PARTIES_A_LINE * LINES_MAX]
    lines = [
        " · ".join(shown[start : start + PARTIES_A_LINE]) for start in range(0, len(shown), PARTIES_A_LINE)
    ]
    if len(words) > len(shown):
        lines[-1] += f" · and {len(words) - len(shown)} more"
    return lines


def _open(state: PartyState) -> list[Party]:
    return [party for party in state.parties.values() if not isinstance(party.phase, Ended)]


def _described(party: Party, moment: Moment) -> str:
    match party.phase:
        case Lobby(wall_starts_at=None):
            how = "not begun"
        case Lobby(wall_starts_at=starts_at):
            how = f"begins {date_of(starts_at or 0.0)}"
        case Intermission():
            how = "intermission"
        case _:
            position_ms = round(party.frame.line.position_s(moment.now_at) * 1000)
            position_ms = min(max(0, position_ms), party.film.duration_ms)
            how = f"{party.phase_name} at {length_of(position_ms)}"
    here = sum(member.present for member in party.members)
    return f"{party.party_id} {film_name(party.film)}: {how}, {here} of {len(party.members)} there"


# ------------------------------------------------------------------ announcements


def announcement(effect: TellEvent, state: PartyState) -> str:
    """Write what happened for the channel; empty for what is not announced. `state`: after it happened."""
    party = state.parties.get(effect.party_id)
    if effect.kind not in ANNOUNCED or effect.to:
        return ""
    if party is None:
        return f"Party {effect.party_id}: {effect.text}"
    film = film_name(party.film)
    match effect.kind:
        case "created":
            match party.phase:
                case Lobby(wall_starts_at=None):
                    when = "when its host starts it"
                case Lobby(wall_starts_at=float(starts_at)):
                    when = date_of(starts_at)
                case _:
                    when = "now"
            how = f" Take part: !join {party.party_id}" if party.rules.join == "anyone" else ""
            return f"New party {party.party_id}: {film} ({length_of(party.film.duration_ms)}), begins {when}.{how}"
        case "intermission":
            return f"Party {party.party_id}: {film}. {effect.text}"
        case _:
            return f"Party {party.party_id}: {effect.text}"


# ------------------------------------------------------------------ small words


def film_name(film: Film) -> str:
    """Give a film's name, cut where it is long."""
    return film.name if len(film.name) <= NAME_CHARS else f"{film.name[: NAME_CHARS - 1]}…"


def length_of(duration_ms: int) -> str:
    """Write a length or a position: `2:16:17`."""
    seconds = duration_ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def date_of(wall_at: float) -> str:
    """Write a moment as a clock here shows it, with its difference from UTC: those who read it may be elsewhere."""
    return datetime.fromtimestamp(wall_at).astimezone().strftime("%a %d %b %H:%M (UTC%z)")
