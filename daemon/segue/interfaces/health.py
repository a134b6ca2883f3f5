"""What is not well, in words that a person can act on: the cause, the place, and the next step.

A code stays the same for ever, so that a search for it finds what others wrote; a new trouble gets a new one. The
hundreds say whose it is: 1 Plex, 2 HEOS, 3 segue itself, 4 the ingest, 5 watch parties.
"""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from segue.core.ingest.state import IngestState, Queued
from segue.core.music.state import MusicState, Room
from segue.core.party.state import Gathering, Lobby, Party, PartyState
from segue.core.state import State

Json = dict[str, Any]


class Trouble(msgspec.Struct, frozen=True):
    """One thing that can be not well. What is particular to a case is in the item's text."""

    code: str
    severity: Literal["warning", "error"]
    """`warning`: mends itself, or costs little. `error`: somebody has to do something."""
    title: str
    hint: str
    """The next step."""


TOKEN_REFUSED = Trouble(
    "SEG-101",
    "error",
    "Plex refuses the token",
    "Put a new token in the old one's place (docs/setup.md says how), and run `seguectl reload`; "
    "where it is a systemd credential, restart segued.",
)
PLEX_SILENT = Trouble(
    "SEG-102",
    "warning",
    "Plex does not answer",
    "segue keeps trying. Is the server up, and [plex] url right?",
)
HEOS_GONE = Trouble(
    "SEG-201",
    "warning",
    "The HEOS system is not reachable",
    "segue keeps trying. If it lasts: is the receiver's network control set to 'always on'?",
)
HEOS_PLAYER_MISSING = Trouble(
    "SEG-202",
    "error",
    "A HEOS player is missing",
    "Correct heos_player of the room; `seguectl players` lists those that there are.",
)
JOURNAL_TROUBLED = Trouble(
    "SEG-301",
    "error",
    "The journal is late or fails",
    "Look at the disk of the state directory. Until then nothing is faded.",
)
CONFIG_BROKEN = Trouble(
    "SEG-302",
    "error",
    "The configuration on disk is broken",
    "Correct the file and run `seguectl reload`; the former settings are in force.",
)
ACTOR_FAILS = Trouble(
    "SEG-303",
    "error",
    "A part of segue fails",
    "It is started again by itself. Please report it, with the log's lines about it.",
)
SET_ASIDE = Trouble(
    "SEG-304",
    "warning",
    "What was kept was set aside",
    "Levels are learnt anew; the former ones are in the database's set_aside table.",
)
INGEST_FOLDER_GONE = Trouble(
    "SEG-401",
    "error",
    "An ingest folder cannot be watched",
    "Mount it, or correct [ingest] watch; it is looked for again by itself. `seguectl doctor` tries everything out.",
)
TMDB_REFUSES = Trouble(
    "SEG-402",
    "error",
    "TMDb gives no answer that helps",
    "If it refuses the key, correct [tmdb] api_key_file; otherwise it is asked again by itself.",
)
NO_SPACE = Trouble(
    "SEG-403",
    "error",
    "A library has no space",
    "Make room on its disk; what waits goes on by itself.",
)
PLEX_NOT_TOLD = Trouble(
    "SEG-404",
    "warning",
    "Plex has not been told of new media",
    "segue tells it once it answers.",
)
CLIENT_SILENT = Trouble(
    "SEG-405",
    "warning",
    "A download client does not answer",
    "Check [downloads]; meanwhile files are judged by their structure alone.",
)
HISTORY_FAILS = Trouble(
    "SEG-406",
    "error",
    "The history cannot be written",
    "Look at the disk of the state directory. The files are in their places; their rows are written once that works.",
)
PARTY_HOST_GONE = Trouble(
    "SEG-501",
    "warning",
    "The party agent has no orchestrator",
    "It keeps trying, unless the text says what has to be mended; films that run go on meanwhile. "
    "`seguectl party agent` says more.",
)
PARTY_NOT_READY = Trouble(
    "SEG-502",
    "warning",
    "A player is not ready for its party",
    "Tell its viewer; `seguectl party show` lists everybody. A start does not wait for it for long.",
)

TROUBLES: tuple[Trouble, ...] = (
    TOKEN_REFUSED,
    PLEX_SILENT,
    HEOS_GONE,
    HEOS_PLAYER_MISSING,
    JOURNAL_TROUBLED,
    CONFIG_BROKEN,
    ACTOR_FAILS,
    SET_ASIDE,
    INGEST_FOLDER_GONE,
    TMDB_REFUSES,
    NO_SPACE,
    PLEX_NOT_TOLD,
    CLIENT_SILENT,
    HISTORY_FAILS,
    PARTY_HOST_GONE,
    PARTY_NOT_READY,
)
"""All of them, by their codes."""


def health(state: State, *, heos_configured: bool) -> list[Json]:
    """List what is not well; nothing when all is. A system that nobody configured is not missed."""
    heos = _of_heos(state.music) if heos_configured else ()
    found = (
        *_of_plex(state.music),
        *heos,
        *_of_segue(state),
        *_of_ingest(state.ingest),
        *_of_party(state.party),
    )
    return [_item(trouble, text) for trouble, text in found]


def is_heos_down(music: MusicState) -> bool:
    """Tell a system that is gone, or was never found, from one that has not been looked for yet."""
    return not music.heos_up and bool(music.heos_host or music.heos_detail)


Found = Iterator[tuple[Trouble, str]]


def _of_plex(music: MusicState) -> Found:
    if music.plex.status == "refused":
        yield TOKEN_REFUSED, music.plex.detail
    elif music.plex.status in ("down", "unreadable"):
        yield PLEX_SILENT, music.plex.detail


def _of_heos(music: MusicState) -> Found:
    if is_heos_down(music):
        yield HEOS_GONE, music.heos_detail
    names = ", ".join(sorted(player.name for player in music.heos_players)) or "none"
    for room in music.rooms:
        if _misses_its_player(room, music):
            yield (
                HEOS_PLAYER_MISSING,
                f"Room {room.name} names {room.settings.heos_player!r}; the system has: {names}.",
            )


def _misses_its_player(room: Room, music: MusicState) -> bool:
    return bool(room.settings.heos_player) and music.heos_up and room.receiver.heos_player_id is None


def _of_segue(state: State) -> Found:
    system = state.system
    if system.journal != "ok":
        yield JOURNAL_TROUBLED, f"{system.journal}: {system.journal_detail}"
    if system.config_problems:
        yield CONFIG_BROKEN, system.config_problems
    for failing in system.troubles:
        yield ACTOR_FAILS, f"{failing.actor} failed {failing.failures} times: {failing.error}"
    for domain, detail in system.set_aside:
        yield SET_ASIDE, f"{domain}: {detail}"


def _of_ingest(ingest: IngestState) -> Found:
    for root in ingest.roots:
        if root.status in ("missing", "unreadable"):
            yield INGEST_FOLDER_GONE, f"{root.path} is {root.status}: {root.detail}"
    if ingest.tmdb_problem:
        yield TMDB_REFUSES, ingest.tmdb_problem
    for job in ingest.jobs.values():
        if isinstance(job.phase, Queued) and job.phase.detail.startswith("no space"):
            yield NO_SPACE, f"{job.name}: {job.phase.detail}"
        elif isinstance(job.phase, Queued) and job.phase.stage == "record" and job.attempts:
            yield HISTORY_FAILS, f"{job.name}: {job.phase.detail}"
    for scan in ingest.scans:
        if scan.attempts:
            yield PLEX_NOT_TOLD, f"{scan.folder}: {scan.detail}"
    if ingest.client_error:
        yield CLIENT_SILENT, ingest.client_error


def _of_party(state: PartyState) -> Found:
    home = state.home
    if home.orchestrator and not home.up and home.reason:
        yield PARTY_HOST_GONE, f"{home.orchestrator}: {home.reason}"
    for party in state.parties.values():
        yield from _unready(party)


def _unready(party: Party) -> Found:
    """Say what is missing in homes, once it matters: a start is near."""
    near = isinstance(party.phase, Gathering) or (isinstance(party.phase, Lobby) and party.phase.warned)
    for member in party.members if near else ():
        for seat in member.seats:
            if seat.problem:
                told = seat.detail or seat.problem
                whose = ", ".join(filter(None, (f"Party {party.party_id}", member.username, seat.title)))
                yield PARTY_NOT_READY, f"{whose}: {told}"


def _item(trouble: Trouble, text: str) -> Json:
    return {
        "code": trouble.code,
        "severity": trouble.severity,
        "title": trouble.title,
        "text": text,
        "hint": trouble.hint,
    }
