"""The doors of this home's own part in watch parties, and of who there is: agent, users, players, nicks on IRC."""

from starlette.requests import Request
from starlette.responses import Response

from segue.core.party.nicks import NickConfirmRequested, NickUnbindRequested
from segue.interfaces import party_views as views
from segue.interfaces.answers import ApiError, body_as, error, ok
from segue.interfaces.control import Caller
from segue.interfaces.door import Door, HouseDoor, PartyDesk, ask
from segue.interfaces.party_bodies import JoinBody, NickConfirmBody, NickUnbindBody, WantBody

LINK_SCHEME = "segue-party"
"""How the link of an invitation begins."""
TEXT_MAX = 200
"""Longest title, guid or file name that is looked for."""


def _desk(house: HouseDoor) -> PartyDesk:
    if house.party.desk is None:
        raise ApiError(
            409,
            "no_agent",
            "No party agent runs here.",
            "Set [party.agent] username, and restart segued.",
        )
    return house.party.desk


def printable(text: str, what: str) -> str:
    """Give a text as it is. Raises `ApiError` for what would garble a terminal."""
    if not text.isprintable():
        raise ApiError(400, "bad_body", f"The {what} {text[:64]!r} has characters that cannot be printed.")
    return text


# ------------------------------------------------------------------ reads


async def _users(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return ok(views.users(house.store.state.party))


async def _devices(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return ok(views.devices(house.store.state.party))


async def _nicks(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return ok(views.nicks(house.store.state.party, house.moment()))


async def _films(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    text = request.query_params.get("text", "").strip()
    if not text or len(text) > TEXT_MAX or not text.isprintable():
        raise ApiError(400, "bad_query", f"text is {text[:40]!r}; a title, guid or file name is expected.")
    return ok({"schema": "segue.party_films/1", "text": text, "films": await _desk(house).find_film(text)})


async def _agent(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    desk = house.party.desk
    return ok(views.agent(house.store.state.party, None if desk is None else desk.home()))


# ------------------------------------------------------------------ this home's agent


async def _join(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    body = await body_as(request, JoinBody)
    if not body.link.startswith(f"{LINK_SCHEME}:"):
        raise ApiError(
            400,
            "bad_link",
            "This is no invitation to a party.",
            f"It begins with `{LINK_SCHEME}:`; copy all of it.",
        )
    return ok({**await _desk(house).join(body.link), "schema": "segue.party_joined/1"})


async def _want(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    body = await body_as(request, WantBody)
    for op, name, value in (
        ("seek", "position_ms", body.position_ms),
        ("offset", "offset_ms", body.offset_ms),
    ):
        if body.op == op and value is None:
            raise ApiError(400, "bad_body", f"A wish to {op} needs {name}.")
    answer = await _desk(house).want(body.party_id, body.op, body.position_ms, body.offset_ms)
    if answer.get("ok") is not True:
        code, message = str(answer.get("code") or "refused"), str(answer.get("message") or "It was refused.")
        return error(404 if code == "unknown_party" else 422, code, message, str(answer.get("hint") or ""))
    return ok({"schema": "segue.accepted/1", "doing": f"asked for {body.op}", "party": body.party_id}, 202)


async def _confirm_nick(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, NickConfirmBody)
    username = printable(body.username.strip(), "username")
    return ask(house, request, NickConfirmRequested(body.code.strip().upper(), username), caller)


async def _unbind_nick(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, NickUnbindBody)
    return ask(house, request, NickUnbindRequested(body.nick), caller)


# ------------------------------------------------------------------ the table

HOME = "/api/v1/party"

DOORS: tuple[Door, ...] = (
    Door("GET", HOME + "/users", "READ", _users, "Every user who is connected or in a party."),
    Door("GET", HOME + "/devices", "READ", _devices, "Every player that a connected agent offers."),
    Door("GET", HOME + "/nicks", "READ", _nicks, "Who speaks on IRC for whom, and who asks to."),
    Door("GET", HOME + "/films", "READ", _films, "Films of this home's Plex for a party (`text`)."),
    Door("GET", HOME + "/agent", "READ", _agent, "This home's own part: its agent and players."),
    Door(
        "POST",
        HOME + "/nicks/confirm",
        "WRITE",
        _confirm_nick,
        "Bind a nick on IRC to a user.",
        NickConfirmBody,
    ),
    Door("POST", HOME + "/nicks/unbind", "WRITE", _unbind_nick, "Take such a binding back.", NickUnbindBody),
    Door("POST", HOME + "/agent/join", "WRITE", _join, "Take an invitation, for this home.", JoinBody),
    Door("POST", HOME + "/agent/want", "WRITE", _want, "Tell the orchestrator this home's wish.", WantBody),
)
