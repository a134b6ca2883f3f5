"""What a door is: one route, who may use it, what it takes, what it does; and what doors need of the house behind."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from segue.core.actions import Action
from segue.core.ingest.facts import Candidate, CandidateKind, EpisodeFact, ParsedName
from segue.core.ingest.records import HistoryRecord
from segue.core.ingest.requests import SourceFile
from segue.core.party.requests import PartyAction
from segue.interfaces.answers import error, ok
from segue.interfaces.confirm import HEADER, Confirmations, question
from segue.interfaces.control import Caller, Policy, RouteTier
from segue.interfaces.moment import Moment
from segue.interfaces.party_ws import PartyHub
from segue.interfaces.views import Json, Surroundings
from segue.runtime.store import Step, Store


class WantedId(msgspec.Struct, frozen=True):
    """What a person says a file is: one of the ids, and numbers that the name has wrong or not at all."""

    kind: CandidateKind | None
    tmdb_id: int | None = None
    imdb_id: str = ""
    tvdb_id: int | None = None
    season: int | None = None
    episodes: tuple[int, ...] = ()


class GivenCandidate(msgspec.Struct, frozen=True):
    """The film or show of an id, and for each name that was asked about the episodes that it holds."""

    candidate: Candidate
    episodes: tuple[tuple[EpisodeFact, ...] | None, ...] = ()


class IngestDesk(Protocol):
    """Looks up what the ingest's doors ask for. Changes nothing, except where a method says so.

    Whatever cannot be looked up is an `ApiError`, with its status.
    """

    async def files_below(self, path: str) -> tuple[SourceFile, ...]:
        """Find the video files at or below a path."""

    async def identify(self, path: str, *, batch: bool) -> Json:
        """Say what files are taken for."""

    async def plan(self, path: str, *, threshold: float | None, intent: Literal["ingest", "rename"]) -> Json:
        """Say what would be done with files."""

    async def backlog(self) -> Json:
        """Count what lay there before segue came."""

    async def history(self, limit: int, before: float | None, text: str) -> list[HistoryRecord]:
        """Read the history, the newest entry first."""

    async def entry(self, record_id: str) -> HistoryRecord | None:
        """Read one entry."""

    async def history_counts(self) -> tuple[int, int]:
        """Count entries and files."""

    async def candidate(self, wanted: WantedId, names: Sequence[ParsedName]) -> GivenCandidate:
        """Look a film or a show up by an id, and the episodes of it that each of some names speaks of."""

    async def libraries(self) -> Json:
        """Give Plex' libraries, and the roots."""

    async def library_folders(self, name: str) -> tuple[str, ...]:
        """Give the folders of a library by its title or key, as segue sees them; of all when the name is empty."""

    async def refresh(self, rating_key: str) -> None:
        """Have Plex read an item's metadata anew."""

    async def doctor(self) -> Json:
        """Test everything that the ingest needs; makes probe files and removes them."""


class PartyLive(Protocol):
    """The orchestrator, as the doors see it: what it knows of a party that the state does not."""

    def live(self, party_id: str) -> Json:
        """Say how each connection and each player is doing now. Everything in it may be left out.

        `{"links": {username: {"rtt_ms", "heard_s", "queued"}}, "seats": [{"username", "device_id", "heard_s",
        "drift_ms", "sigma_ms", "samples", "state", "note", "step", "position_ms", "stalls"}]}`; `heard_s` is how long
        ago it was heard. A party that is not there: empty lists.
        """


class PartyDesk(Protocol):
    """This home's agent, as the doors see it. Whatever it cannot do is an `ApiError`, with its status."""

    def home(self) -> Json:
        """Say how the agent is doing: `username`, `orchestrator` without secrets, `up`, `reason`, `players` with
        `device_id`, `title`, `problem` and `detail`, and `seats` in parties with `party_id`, `phase`, `film`, `away`
        and `report` (see the party protocol).
        """

    async def want(
        self, party_id: str, op: str, position_ms: int | None = None, offset_ms: int | None = None
    ) -> Json:
        """Tell the orchestrator a person's wish, and give its answer: `ok`, else `code`, `message`, `hint`."""

    async def join(self, link: str) -> Json:
        """Take an invitation, keep it, and connect: `orchestrator`, `party_id`, whether it has `joined` already, and
        the `reason` where it has not. The link is a secret.
        """

    async def find_film(self, text: str) -> list[Json]:
        """Find films and episodes on this home's Plex by title, guid or file name, the best first: `title`, `year`,
        `duration_ms`, `guid`, `filename`, `rating_key`, `kind`.
        """


class PartyParts(msgspec.Struct, frozen=True):
    """What the doors of the parties need beside the state; what is not there is nothing."""

    live: PartyLive | None = None
    """Nothing: this segued hosts no parties."""
    desk: PartyDesk | None = None
    """Nothing: no agent runs here."""
    invitation_url: str = ""
    """The address that stands in invitations; empty: none is known."""
    invite_days: int = 7
    hub: PartyHub[Any] | None = None
    """Where connections at `/ws` lead."""


class HouseDoor(Protocol):
    """What the doors need of the house behind them."""

    @property
    def store(self) -> Store:
        """Where actions go and snapshots come from."""

    @property
    def policy(self) -> Policy:
        """Who may do what, as of now."""

    @property
    def confirmations(self) -> Confirmations:
        """The questions that are open."""

    @property
    def ingest(self) -> IngestDesk:
        """Looks up what the ingest's doors ask for."""

    @property
    def party(self) -> PartyParts:
        """The orchestrator and the agent, where they are."""

    def moment(self) -> Moment:
        """Now, on both clocks."""

    def surroundings(self) -> Surroundings:
        """What a status says beyond the state."""

    async def players(self) -> Json:
        """Look up the Plex and HEOS players that there are."""

    async def why(self, room: str | None, limit: int) -> Json:
        """Read the last acts and their causes from the journal."""

    async def reload(self) -> Json:
        """Read the configuration again; raises `ApiError` and keeps the old one when it is broken."""

    async def webhook(self, request: Request, secret: str | None) -> Response:
        """Take a Plex webhook."""


Handler = Callable[[HouseDoor, Request, Caller], Awaitable[Response]]


class Door(msgspec.Struct, frozen=True):
    """One route: who may use it, what it takes, what it does."""

    method: Literal["GET", "POST"]
    path: str
    tier: RouteTier
    handler: Handler
    summary: str
    body: Any = None
    """The type of the JSON body, where there is one."""


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No fields."""


NOT_FOUND = frozenset({"unknown_room", "unknown_job", "unknown_library", "unknown_party"})
"""Refusals that are a 404: what was named is not there."""


def ask(
    house: HouseDoor,
    request: Request,
    action: Action,
    caller: Caller,
    *,
    message: str = "",
    jobs: Sequence[str] = (),
) -> Response:
    """Dispatch a request and say what became of it; one that asks is first answered with a question."""
    if type(action).asks:
        given = request.headers.get(HEADER, "")
        if not given or not house.confirmations.take(given, caller, action):
            return question(house.confirmations.ask(caller, action), message)
    step = house.store.dispatch(action, by=caller.name)
    refusal = step.refusal
    if refusal is not None:
        status = 404 if refusal.code in NOT_FOUND else 422
        return error(status, refusal.code, refusal.message, refusal.hint)
    accepted = step.acceptance
    answer: Json = {
        "schema": "segue.accepted/1",
        "seq": step.seq,
        "doing": accepted.doing if accepted is not None else "",
    }
    return ok(answer | _concerned(house, action, step, jobs), 202)


def _concerned(house: HouseDoor, action: Action, step: Step, jobs: Sequence[str]) -> Json:
    """Name what a request was about: its room, its party (a new one by the id that it got), or its jobs."""
    state = house.store.state
    room = getattr(action, "room", None)
    if room is not None:
        names = [r.name for r in state.music.rooms]
        return {"room": names[0] if room == "-" and names else room}
    if isinstance(action, PartyAction):
        before = step.entries[0].before.party.parties
        named = [key for key in state.party.parties if key not in before]
        party_id = getattr(action, "party_id", "") or "".join(named[:1])
        return {"party": party_id} if party_id else {}
    known = step.entries[0].before.ingest.jobs
    return {"jobs": [*jobs, *(key for key in state.ingest.jobs if key not in known)]}
