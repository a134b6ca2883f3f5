"""The HTTP API: a table of routes, each with its tier, and two translations: bytes to action, snapshot to bytes.

The same application answers on TCP and on the control socket. Reads come from the published snapshot or the journal and
never ask the core; a POST becomes one action, and the answer says what that set in motion or why not.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

import msgspec
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from segue.core.actions import Action
from segue.core.music.actions import (
    FadeRequested,
    MuteRequested,
    PauseRequested,
    PlayRequested,
    SeekRequested,
    SkipRequested,
    SourceRequested,
    StopRequested,
    VolumeRequested,
    VolumeStepRequested,
)
from segue.interfaces import events, openapi, party_ws, views
from segue.interfaces.answers import ApiError, body_as, error, from_error, number, ok
from segue.interfaces.control import Caller, judge
from segue.interfaces.door import Door, Handler, HouseDoor, Nothing, ask
from segue.interfaces.ingest_api import DOORS as INGEST_DOORS
from segue.interfaces.party_api import DOORS as PARTY_DOORS
from segue.interfaces.party_home_api import DOORS as PARTY_HOME_DOORS
from segue.runtime.http.asgi import ASGIApp

# ------------------------------------------------------------------ bodies


class SeekBody(msgspec.Struct, forbid_unknown_fields=True):
    """Where to go, in ms from the beginning of the title."""

    position_ms: int


class VolumeBody(msgspec.Struct, forbid_unknown_fields=True):
    """A level 0-100, or one step in a direction; exactly one of the two."""

    level: int | None = None
    direction: Literal["up", "down"] | None = None


class MuteBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whether the room shall be muted; the other one when nothing is said."""

    muted: bool | None = None


class SourceBody(msgspec.Struct, forbid_unknown_fields=True):
    """A HEOS input such as `inputs/cd`; the prefix may be left out."""

    input: Annotated[str, msgspec.Meta(max_length=64)]


class FadeBody(msgspec.Struct, forbid_unknown_fields=True):
    """The level to go to, 0-100, and the time it may take, in seconds."""

    to_level: int
    duration_s: float = 3.0


# ------------------------------------------------------------------ reads


async def _healthz(_house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return ok({"schema": "segue.healthz/1", "alive": True})


async def _readyz(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    if house.store.state.system.stopping:
        return error(503, "stopping", "segued is stopping.")
    return ok({"schema": "segue.readyz/1", "ready": True})


async def _status(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return ok(views.status(house.store.state, house.moment(), house.surroundings()))


async def _rooms(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return ok(views.rooms(house.store.state, house.moment()))


async def _state(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return ok({"schema": "segue.state/1", "state": msgspec.to_builtins(house.store.state)})


async def _players(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return ok(await house.players())


async def _why(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    limit = number(request, "limit", 10, 1, 200)
    room = request.query_params.get("room") or None
    names = [r.name for r in house.store.state.music.rooms]
    if room == "-" and len(names) == 1:
        room = names[0]
    if room is not None and room not in names:
        raise ApiError(404, "unknown_room", f"There is no room {room!r}.", f"rooms: {', '.join(names)}")
    return ok(await house.why(room, limit))


async def _events(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return events.stream(house.store, house.moment, house.surroundings)


async def _metrics(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    status = views.status(house.store.state, house.moment(), house.surroundings())
    return Response(openapi.metrics(status), media_type="text/plain; version=0.0.4")


async def _openapi(_house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return Response(msgspec.json.encode(openapi.document(DOORS)), media_type="application/json")


# ------------------------------------------------------------------ writes


def _room_verb(make: Callable[[str], Action]) -> Handler:
    async def handler(house: HouseDoor, request: Request, caller: Caller) -> Response:
        await body_as(request, Nothing)
        return ask(house, request, make(request.path_params["room"]), caller)

    return handler


async def _seek(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, SeekBody)
    return ask(house, request, SeekRequested(request.path_params["room"], body.position_ms), caller)


async def _volume(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, VolumeBody)
    room = request.path_params["room"]
    if (body.level is None) == (body.direction is None):
        raise ApiError(400, "bad_body", "Say either `level` or `direction`.", 'For example {"level": 30}.')
    if body.level is not None:
        return ask(house, request, VolumeRequested(room, body.level), caller)
    assert body.direction is not None
    return ask(house, request, VolumeStepRequested(room, body.direction), caller)


async def _mute(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, MuteBody)
    return ask(house, request, MuteRequested(request.path_params["room"], body.muted), caller)


async def _source(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, SourceBody)
    return ask(house, request, SourceRequested(request.path_params["room"], body.input), caller)


async def _fade(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, FadeBody)
    return ask(
        house, request, FadeRequested(request.path_params["room"], body.to_level, body.duration_s), caller
    )


async def _reload(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    await body_as(request, Nothing)
    return ok(await house.reload())


# ------------------------------------------------------------------ webhooks


async def _webhook(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    return await house.webhook(request, request.path_params.get("secret"))


# ------------------------------------------------------------------ the table

ROOM = "/api/v1/rooms/{room}"

ROOM_DOORS: tuple[Door, ...] = (
    Door("GET", "/healthz", "OPEN", _healthz, "Is the process alive?"),
    Door("GET", "/readyz", "OPEN", _readyz, "Does it take work?"),
    Door("POST", "/webhooks/plex", "OPEN", _webhook, "A Plex webhook, where no secret is configured."),
    Door("POST", "/webhooks/plex/{secret}", "OPEN", _webhook, "A Plex webhook with its secret."),
    Door("GET", "/api/v1/status", "READ", _status, "The whole house on one page, with its health."),
    Door("GET", "/api/v1/state", "READ", _state, "The core's state as it is."),
    Door("GET", "/api/v1/rooms", "READ", _rooms, "Every room: who plays what, and how loud."),
    Door("GET", "/api/v1/players", "READ", _players, "The Plex and HEOS players that there are."),
    Door("GET", "/api/v1/why", "READ", _why, "The last acts and what caused them (`room`, `limit`)."),
    Door("GET", "/api/v1/events", "READ", _events, "Server-sent events: a snapshot, then every step."),
    Door("GET", "/metrics", "READ", _metrics, "Counters in the Prometheus text form."),
    Door("GET", "/openapi.json", "READ", _openapi, "This table as OpenAPI 3.1."),
    Door("POST", ROOM + "/play", "WRITE", _room_verb(PlayRequested), "Play, or go on.", Nothing),
    Door("POST", ROOM + "/resume", "WRITE", _room_verb(PlayRequested), "The same as play.", Nothing),
    Door("POST", ROOM + "/pause", "WRITE", _room_verb(PauseRequested), "Fade out, then pause.", Nothing),
    Door("POST", ROOM + "/stop", "WRITE", _room_verb(StopRequested), "Fade out, then stop.", Nothing),
    Door(
        "POST",
        ROOM + "/next",
        "WRITE",
        _room_verb(lambda room: SkipRequested(room, "next")),
        "Go to the next title.",
        Nothing,
    ),
    Door(
        "POST",
        ROOM + "/previous",
        "WRITE",
        _room_verb(lambda room: SkipRequested(room, "previous")),
        "Go to the previous title.",
        Nothing,
    ),
    Door("POST", ROOM + "/seek", "WRITE", _seek, "Go to a position of the title.", SeekBody),
    Door("POST", ROOM + "/volume", "WRITE", _volume, "Set the level, or go one step.", VolumeBody),
    Door("POST", ROOM + "/mute", "WRITE", _mute, "Mute, unmute, or the other one.", MuteBody),
    Door("POST", ROOM + "/source", "WRITE", _source, "Listen to an input.", SourceBody),
    Door("POST", ROOM + "/fade", "WRITE", _fade, "Go to a level slowly.", FadeBody),
    Door("POST", "/api/v1/reload", "WRITE", _reload, "Read the configuration again.", Nothing),
)

DOORS = (*ROOM_DOORS, *INGEST_DOORS, *PARTY_DOORS, *PARTY_HOME_DOORS)
"""Every door that there is."""


def application(house: HouseDoor) -> ASGIApp:
    """Build the ASGI application: every route judged before its handler is called; and beside it the parties' door."""
    routes: list[BaseRoute] = [
        Route(door.path, _guarded(house, door), methods=[door.method], include_in_schema=False)
        for door in DOORS
    ]
    routes.append(WebSocketRoute("/ws/state", _ws_state(house)))
    app = Starlette(
        routes=routes,
        exception_handlers={404: _not_found, 405: _not_allowed, Exception: _failed},
    )
    app.router.redirect_slashes = False  # whoever is a slash off hears it in the one shape, not as a 307
    return party_ws.beside(app, party_ws.PartyDoor(lambda: house.party.hub, lambda: house.policy))


def _guarded(house: HouseDoor, door: Door) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        caller = caller_of(request)
        denied = judge(caller, door.tier, house.policy)
        if denied is not None:
            return error(denied.status, denied.code, denied.message, denied.hint)
        try:
            return await door.handler(house, request, caller)
        except ApiError as problem:
            return from_error(problem)

    return endpoint


def _ws_state(house: HouseDoor) -> Callable[[WebSocket], Awaitable[None]]:
    async def endpoint(websocket: WebSocket) -> None:
        denied = judge(caller_of(websocket), "READ", house.policy)
        if denied is not None or not party_ws.same_origin(websocket):
            await websocket.close(1008, "not permitted")
            return
        await events.feed(websocket, house.store, house.moment, house.surroundings)

    return endpoint


def caller_of(connection: HTTPConnection) -> Caller:
    """Say who is asking, by the kernel on the socket and by the token on TCP."""
    peer = connection.scope.get("extensions", {}).get("segue.peer")
    if peer is not None:
        return Caller(uid=peer.uid, gid=peer.gid, pid=peer.pid)
    kind, _, bearer = connection.headers.get("authorization", "").partition(" ")
    address = connection.client.host if connection.client is not None else ""
    return Caller(address=address, bearer=bearer.strip() if kind.lower() == "bearer" else "")


async def _not_found(request: Request, _problem: Exception) -> Response:
    if request.url.path.startswith("/webhooks/"):
        return error(404, "not_found", "There is nothing here.")
    return error(404, "not_found", "There is no such route.", "See /openapi.json.")


async def _not_allowed(_request: Request, problem: Exception) -> Response:
    answer = error(405, "method_not_allowed", "This route takes another method.", "See /openapi.json.")
    for name, value in (getattr(problem, "headers", None) or {}).items():
        answer.headers[name] = value
    return answer


async def _failed(_request: Request, _problem: Exception) -> Response:
    """Say that the mistake is ours, in the one shape; Starlette then lets the server log it."""
    return error(500, "internal_error", "segued made a mistake at this request.", "Its log says more.")
