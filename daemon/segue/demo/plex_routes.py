"""What a simulated Plex server answers, path by path, apart from its library: itself, its sessions, players, queues.

Reference: the server's API document 1.2.0. Where clients in the field use GET for what the document says is PUT or
POST, both are taken.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from segue.demo.plex_document import Node, Value, container
from segue.demo.plex_listing import LISTINGS
from segue.demo.plex_marks import MARKS
from segue.demo.plex_notifications import as_event
from segue.demo.plex_queues import PlayQueue, queue_node
from segue.demo.plex_sessions import STATES, PlayerInfo, Report, State, session_node

if TYPE_CHECKING:
    from segue.demo.plex_server import PlexServer

Answer = Node | Response
Handler = Callable[["PlexServer", Request], Awaitable[Answer]]

CAPABILITIES: Final = "timeline,playback,playqueues"
TERMINATED: Final = 2006
"""Code by which a player hears that the administrator ended its session."""


def number(text: str | None) -> int:
    """Read a number out of a query; what is none is 0."""
    return int(text) if text and text.isdecimal() else 0


# ------------------------------------------------------------------ the server itself


async def _root(server: "PlexServer", _request: Request) -> Answer:
    return container(
        friendlyName=server.name.title,
        machineIdentifier=server.name.machine_identifier,
        version=server.name.version,
        platform="Linux",
        myPlex=True,
        myPlexSigninState="ok",
        myPlexSubscription=True,
        multiuser=True,
        allowSync=True,
        sync=True,
        companionProxy=True,
        transcoderActiveVideoSessions=0,
    )


async def _identity(server: "PlexServer", _request: Request) -> Answer:
    return container(
        claimed=True, machineIdentifier=server.name.machine_identifier, version=server.name.version
    )


async def _accounts(server: "PlexServer", _request: Request) -> Answer:
    owner = server.owner
    account = Node("Account", {"id": owner.id, "key": f"/accounts/{owner.id}", "name": owner.name})
    return container([account], identifier="com.plexapp.system.accounts")


async def _devices(server: "PlexServer", _request: Request) -> Answer:
    players = [info for info, _ in server.players.values()]
    return container(
        [
            Node(
                "Device",
                {"id": n, "name": i.title, "platform": i.platform, "clientIdentifier": i.machine_identifier},
            )
            for n, i in enumerate(players, 1)
        ],
        identifier="com.plexapp.system.devices",
    )


async def _prefs(_server: "PlexServer", _request: Request) -> Answer:
    setting: dict[str, Value | None] = {
        "id": "LoudnessAnalysisBehavior",
        "label": "Analyze audio tracks for loudness",
        "summary": "",
        "type": "text",
        "default": "scheduled",
        "value": "scheduled",
        "hidden": False,
        "advanced": False,
        "group": "butler",
    }
    return container([Node("Setting", setting)])


async def _token(server: "PlexServer", _request: Request) -> Answer:
    return container(token=server.new_transient_token())


async def _empty(_server: "PlexServer", _request: Request) -> Answer:
    return container()


async def _events(server: "PlexServer", request: Request) -> Answer:
    async def frames() -> AsyncIterator[bytes]:
        async with server.listeners.listen(request.query_params.get("filters", "")) as received:
            async for frame in received:
                yield as_event(frame)

    return StreamingResponse(frames(), media_type="text/event-stream")


# ------------------------------------------------------------------ sessions


async def _sessions(server: "PlexServer", _request: Request) -> Answer:
    return container([session_node(s, r, server.faults) for s, r in server.sessions.shown()])


async def _terminate(server: "PlexServer", request: Request) -> Answer:
    session = server.sessions.find(request.query_params.get("sessionId", ""))
    if session is None:
        return Response(b"", 404)
    session.termination = request.query_params.get("reason") or "The administrator ended the session."
    return Response(b"", 200)


async def _timeline(server: "PlexServer", request: Request) -> Answer:
    query = request.query_params
    item = server.library.item(number(query.get("ratingKey")))
    state = query.get("state", "")
    if item is None or state not in STATES:
        return Response(b"", 400)
    known: State = state  # type: ignore[assignment]
    queue_id, entry_id = query.get("playQueueID", ""), query.get("playQueueItemID", "")
    server.queues.select(number(queue_id), number(entry_id))
    report = Report(item, known, number(query.get("time")), queue_id, entry_id)
    info = player_of(dict(request.headers) | dict(query), request.client.host if request.client else "")
    session_id = request.headers.get("x-plex-session-identifier", info.machine_identifier)
    session = server.reported(info, session_id, report)
    if session is not None and session.termination is not None:
        return container(terminationCode=TERMINATED, terminationText=session.termination)
    return container()


def player_of(headers: Mapping[str, str], address: str) -> PlayerInfo:
    """Read who calls, out of its `X-Plex-...` headers (or query)."""
    lower = {name.lower(): value for name, value in headers.items()}
    return PlayerInfo(
        machine_identifier=lower.get("x-plex-client-identifier", ""),
        title=lower.get("x-plex-device-name", "Player"),
        product=lower.get("x-plex-product", "Plexamp"),
        platform=lower.get("x-plex-platform", "Linux"),
        version=lower.get("x-plex-version", "4.12.3"),
        address=address,
    )


# ------------------------------------------------------------------ players


async def _clients(server: "PlexServer", _request: Request) -> Answer:
    if server.faults.no_players:
        return container()
    return container([_client_node(info, port) for info, port in server.players.values()])


def _client_node(info: PlayerInfo, port: int) -> Node:
    return Node(
        "Server",
        {
            "name": info.title,
            "host": info.address,
            "address": info.address,
            "port": port,
            "machineIdentifier": info.machine_identifier,
            "version": info.version,
            "protocol": "plex",
            "product": info.product,
            "deviceClass": "pc",
            "protocolVersion": "1",
            "protocolCapabilities": CAPABILITIES,
        },
    )


async def _relay(server: "PlexServer", request: Request) -> Answer:
    return await server.relay(request)


# ------------------------------------------------------------------ play queues


async def _play_queues(server: "PlexServer", request: Request) -> Answer:
    query = request.query_params
    queue = server.queues.create(
        query.get("uri", ""), start_key=query.get("key", ""), shuffle=query.get("shuffle") == "1"
    )
    return Response(b"", 400) if queue is None else queue_node(queue)


def _queue(server: "PlexServer", request: Request) -> PlayQueue | None:
    return server.queues.get(request.path_params["queue"])


async def _play_queue(server: "PlexServer", request: Request) -> Answer:
    queue = _queue(server, request)
    if queue is None:
        return Response(b"", 404)
    if request.method == "PUT":
        server.queues.add(
            queue, request.query_params.get("uri", ""), play_next=request.query_params.get("next") == "1"
        )
    center = number(request.query_params.get("center"))
    return queue_node(queue, center_id=center or None)


async def _play_queue_items(server: "PlexServer", request: Request) -> Answer:
    queue = _queue(server, request)
    if queue is None:
        return Response(b"", 404)
    if request.method == "DELETE":
        server.queues.clear(queue)
    return queue_node(queue)


async def _play_queue_item(server: "PlexServer", request: Request) -> Answer:
    queue = _queue(server, request)
    if queue is None:
        return Response(b"", 404)
    server.queues.remove(queue, request.path_params["entry"])
    return queue_node(queue)


async def _play_queue_move(server: "PlexServer", request: Request) -> Answer:
    queue = _queue(server, request)
    if queue is None:
        return Response(b"", 404)
    after = number(request.query_params.get("after"))
    server.queues.move(queue, request.path_params["entry"], after or None)
    return queue_node(queue)


ROUTES: Final[dict[str, Handler]] = {
    "/": _root,
    "/identity": _identity,
    "/accounts": _accounts,
    "/devices": _devices,
    "/butler": _empty,
    "/playlists": _empty,
    "/statistics/{kind}": _empty,
    "/transcode/sessions": _empty,
    "/updater/{rest}": _empty,
    "/:/prefs": _prefs,
    "/:/eventsource/notifications": _events,
    "/:/timeline": _timeline,
    "/security/token": _token,
    "/status/sessions": _sessions,
    "/status/sessions/terminate": _terminate,
    "/clients": _clients,
    "/resources": _clients,
    "/player/{rest:path}": _relay,
    "/playQueues": _play_queues,
    "/playQueues/{queue:int}": _play_queue,
    "/playQueues/{queue:int}/items": _play_queue_items,
    "/playQueues/{queue:int}/items/{entry:int}": _play_queue_item,
    "/playQueues/{queue:int}/items/{entry:int}/move": _play_queue_move,
    **MARKS,
    **LISTINGS,
}
