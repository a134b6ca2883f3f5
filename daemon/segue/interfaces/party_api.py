"""The doors of the watch parties: making them, leading them, looking at them.

Whoever may write here is the house that hosts, so a request names no user who asks: it may do anything. What a guest
may do is judged where guests come in, in `party_ws`.
"""

import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

import msgspec
from msgspec.structs import replace as but
from starlette.requests import Request
from starlette.responses import Response

from segue.config.schema_party import websocket_url
from segue.core.party.requests import (
    AddRequested,
    CreateRequested,
    IgnoreRequested,
    InviteRequested,
    OffsetRequested,
    PauseRequested,
    QueueRequested,
    RemoveRequested,
    ResumeRequested,
    ResyncRequested,
    RoleRequested,
    RulesRequested,
    ScheduleRequested,
    SeekRequested,
    Setting,
    SkipRequested,
    StartRequested,
    StopRequested,
    Transport,
)
from segue.core.party.settings import Film, PartyRules
from segue.core.party.state import Ended, Party
from segue.interfaces import party_views as views
from segue.interfaces.answers import ApiError, body_as, error, ok
from segue.interfaces.control import Caller
from segue.interfaces.door import Door, Handler, HouseDoor, Nothing, ask
from segue.interfaces.party_bodies import (
    IgnoreBody,
    InviteBody,
    MemberBody,
    OffsetBody,
    PartyBody,
    PartyFilm,
    PartyRulesBody,
    PartySeekBody,
    PlayerBody,
    QueueBody,
    ResyncBody,
    RoleBody,
    ScheduleBody,
)
from segue.interfaces.party_home_api import LINK_SCHEME, printable
from segue.interfaces.party_translation import hashed

ONLY_PARTY = "-"
"""Stands for the only party that has not ended."""
TOKEN_BYTES = 24

# ------------------------------------------------------------------ which party


def _party_id(house: HouseDoor, request: Request) -> str:
    """Read which party is meant. Raises `ApiError` where `-` means none or several."""
    named: str = request.path_params["party"]
    if named != ONLY_PARTY:
        return named
    parties = house.store.state.party.parties
    running = [key for key, party in parties.items() if not isinstance(party.phase, Ended)]
    if len(running) == 1:
        return running[0]
    text = "There are several parties; name one." if running else "There is no party."
    hint = f"Parties: {', '.join(running)}." if running else "`seguectl party create` makes one."
    raise ApiError(404, "unknown_party", text, hint)


def _party(house: HouseDoor, request: Request) -> Party:
    parties = house.store.state.party.parties
    party_id = _party_id(house, request)
    if party_id not in parties:
        names = ", ".join(parties) or "none"
        raise ApiError(404, "unknown_party", f"There is no party {party_id[:64]!r}.", f"Parties: {names}.")
    return parties[party_id]


def _must_host(house: HouseDoor) -> None:
    if house.party.live is None:
        raise ApiError(
            409,
            "hosts_nothing",
            "This segued hosts no parties.",
            "Set [party] host = true here, or ask the segued that hosts yours.",
        )


# ------------------------------------------------------------------ reads


async def _list(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    hosts = house.party.live is not None
    return ok(views.parties(house.store.state.party, house.moment(), hosts=hosts))


async def _show(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    party = _party(house, request)
    return ok(views.party(party, house.moment(), _known(house, party)))


async def _live(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    party = _party(house, request)
    return ok(views.live(party, house.moment(), _known(house, party)))


def _known(house: HouseDoor, party: Party) -> views.Json:
    """Give what the orchestrator has heard of a party since it last told the core."""
    return {} if house.party.live is None else house.party.live.live(party.party_id)


# ------------------------------------------------------------------ making and setting


async def _create(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, PartyBody)
    _must_host(house)
    settings = house.store.state.party.settings
    rules = None if body.rules is None else _changed(settings.rules, body.rules)
    films = _films_of((body.film, *body.queue))
    host = printable(body.host.strip(), "username")
    return ask(house, request, CreateRequested(films, body.starts_at, host, rules), caller)


def _films_of(films: tuple[PartyFilm, ...]) -> tuple[Film, ...]:
    for film in films:
        for text in (film.guid, film.filename, film.title):
            printable(text, "name")
    return tuple(Film(film.duration_ms, film.guid, film.filename, film.title) for film in films)


def _changed(rules: PartyRules, body: PartyRulesBody) -> PartyRules:
    """Put the said fields in the place of the present ones."""
    said = {
        name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not msgspec.UNSET
    }
    breaks = said.pop("intermissions", None)
    if breaks is not None:
        values = {name: getattr(breaks, name) for name in breaks.__struct_fields__}
        changed = {name: value for name, value in values.items() if value is not msgspec.UNSET}
        said["intermissions"] = but(rules.intermissions, **changed)
    return but(rules, **said)


Make = Callable[[HouseDoor, Request, str], Awaitable[Transport | Setting]]
"""Reads a body and makes the request to the party of this id."""


def _request(make: Make) -> Handler:
    async def handler(house: HouseDoor, request: Request, caller: Caller) -> Response:
        _must_host(house)
        return ask(house, request, await make(house, request, _party_id(house, request)), caller)

    return handler


Plain = type[StartRequested | PauseRequested | ResumeRequested | SkipRequested | StopRequested]


def _plain(kind: Plain) -> Handler:
    async def make(_house: HouseDoor, request: Request, party_id: str) -> Transport | Setting:
        await body_as(request, Nothing)
        return kind(party_id=party_id)

    return _request(make)


async def _seek(_house: HouseDoor, request: Request, party_id: str) -> Transport | Setting:
    body = await body_as(request, PartySeekBody)
    return SeekRequested(party_id=party_id, position_ms=body.position_ms)


async def _add(_house: HouseDoor, request: Request, party_id: str) -> Transport | Setting:
    body = await body_as(request, MemberBody)
    username, device = printable(body.username.strip(), "username"), printable(body.device, "player")
    return AddRequested(party_id=party_id, username=username, device_title=device, role=body.role)


async def _remove(_house: HouseDoor, request: Request, party_id: str) -> Transport | Setting:
    body = await body_as(request, PlayerBody)
    return RemoveRequested(party_id=party_id, username=body.username, device_title=body.device)


async def _resync(_house: HouseDoor, request: Request, party_id: str) -> Transport | Setting:
    return ResyncRequested(party_id=party_id, username=(await body_as(request, ResyncBody)).username)


async def _offset(_house: HouseDoor, request: Request, party_id: str) -> Transport | Setting:
    body = await body_as(request, OffsetBody)
    return OffsetRequested(party_id=party_id, username=body.username, offset_ms=body.offset_ms)


async def _ignore(_house: HouseDoor, request: Request, party_id: str) -> Transport | Setting:
    body = await body_as(request, IgnoreBody)
    return IgnoreRequested(party_id=party_id, username=body.username, ignored=body.ignored)


async def _role(_house: HouseDoor, request: Request, party_id: str) -> Transport | Setting:
    body = await body_as(request, RoleBody)
    return RoleRequested(party_id=party_id, username=body.username, role=body.role)


async def _queue(_house: HouseDoor, request: Request, party_id: str) -> Transport | Setting:
    return QueueRequested(party_id=party_id, films=_films_of((await body_as(request, QueueBody)).films))


async def _schedule(_house: HouseDoor, request: Request, party_id: str) -> Transport | Setting:
    body = await body_as(request, ScheduleBody)
    return ScheduleRequested(party_id=party_id, wall_starts_at=body.starts_at)


async def _rules(house: HouseDoor, request: Request, party_id: str) -> Transport | Setting:
    body = await body_as(request, PartyRulesBody)
    party = house.store.state.party.parties.get(party_id)
    present = PartyRules() if party is None else party.rules
    return RulesRequested(party_id=party_id, rules=_changed(present, body))


# ------------------------------------------------------------------ invitations


async def _invite(house: HouseDoor, request: Request, caller: Caller) -> Response:
    """Make an invitation. Its token is in this one answer, and nowhere else."""
    body = await body_as(request, InviteBody)
    _must_host(house)
    address = _address(house, body)
    party_id, parts = _party_id(house, request), house.party
    hours = parts.invite_days * 24.0 if body.hours is None else body.hours
    until_at = house.moment().wall_at + hours * 3600.0
    token = secrets.token_urlsafe(TOKEN_BYTES)
    step = house.store.dispatch(
        InviteRequested(party_id=party_id, token_hash=hashed(token), wall_until_at=until_at, role=body.role),
        by=caller.name,
    )
    if step.refusal is not None:
        refusal = step.refusal
        status = 404 if refusal.code == "unknown_party" else 422
        return error(status, refusal.code, refusal.message, refusal.hint)
    link = f"{LINK_SCHEME}:?at={quote(address, safe='')}&party={party_id}&token={token}"
    return ok(
        {
            "schema": "segue.party_invite/1",
            "party": party_id,
            "link": link,
            "until": round(until_at),
            "role": body.role,
            "at": address,
            "encrypted": address.startswith("wss:"),
        }
    )


def _address(house: HouseDoor, body: InviteBody) -> str:
    """Give the address that stands in an invitation. Raises `ApiError` where none is known, or it is none."""
    if not body.at:
        if not house.party.invitation_url:
            raise ApiError(
                422,
                "no_public_url",
                "It is not known by which address friends reach this house.",
                "Set [party] public_url, or say it here: `at`, such as wss://party.example.org.",
            )
        return house.party.invitation_url
    address = websocket_url(body.at)
    try:
        parts = urlsplit(address)
        is_one = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.username is None
    except ValueError:
        is_one = False
    if not is_one or not address.isprintable():
        raise ApiError(
            400,
            "bad_body",
            f"at is {body.at[:80]!r}; an address such as wss://party.example.org is expected.",
        )
    return address


# ------------------------------------------------------------------ the table

PARTIES = "/api/v1/parties"
PARTY = f"{PARTIES}/{{party}}"

DOORS: tuple[Door, ...] = (
    Door("GET", PARTIES, "READ", _list, "Every watch party, and those elsewhere that this home is in."),
    Door("GET", PARTY, "READ", _show, "One party: films, members, players, rules (`-`: the only one)."),
    Door("GET", PARTY + "/live", "READ", _live, "How every viewer stands to the line now."),
    Door("POST", PARTIES, "WRITE", _create, "Make a party.", PartyBody),
    Door(
        "POST", PARTY + "/members", "WRITE", _request(_add), "Add a user, or a player of theirs.", MemberBody
    ),
    Door(
        "POST",
        PARTY + "/members/remove",
        "WRITE",
        _request(_remove),
        "Take a user or player out.",
        PlayerBody,
    ),
    Door("POST", PARTY + "/start", "WRITE", _plain(StartRequested), "Begin now.", Nothing),
    Door("POST", PARTY + "/pause", "WRITE", _plain(PauseRequested), "Pause for all.", Nothing),
    Door(
        "POST", PARTY + "/resume", "WRITE", _plain(ResumeRequested), "Go on; ends an intermission.", Nothing
    ),
    Door("POST", PARTY + "/seek", "WRITE", _request(_seek), "Go elsewhere in the film.", PartySeekBody),
    Door("POST", PARTY + "/skip", "WRITE", _plain(SkipRequested), "Go on to the next film.", Nothing),
    Door("POST", PARTY + "/stop", "WRITE", _plain(StopRequested), "End the party and close it.", Nothing),
    Door("POST", PARTY + "/resync", "WRITE", _request(_resync), "Bring into step again.", ResyncBody),
    Door(
        "POST", PARTY + "/offset", "WRITE", _request(_offset), "Let a member be later or earlier.", OffsetBody
    ),
    Door("POST", PARTY + "/ignore", "WRITE", _request(_ignore), "Never wait for a member.", IgnoreBody),
    Door(
        "POST", PARTY + "/role", "WRITE", _request(_role), "Make a member host, co-host or guest.", RoleBody
    ),
    Door("POST", PARTY + "/queue", "WRITE", _request(_queue), "Set what is watched afterwards.", QueueBody),
    Door("POST", PARTY + "/schedule", "WRITE", _request(_schedule), "Set when it begins.", ScheduleBody),
    Door("POST", PARTY + "/rules", "WRITE", _request(_rules), "Set rules and intermissions.", PartyRulesBody),
    Door("POST", PARTY + "/invite", "WRITE", _invite, "Make a link that admits one user.", InviteBody),
)
