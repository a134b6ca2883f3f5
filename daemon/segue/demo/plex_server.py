"""A simulated Plex Media Server on real sockets: sessions, library, relay to players, webhooks, and every fault.

Run it as a task (`async with PlexServer(host="127.0.32.1") as server`) or by itself:
`python -m segue.demo.plex_server --host 127.0.32.1 --token demo-token`.

Sessions are what players report by `/:/timeline`, as with a real server. Faults are switches of `server.faults`;
`shut_down` and `restart` are what a power cut and a service manager do.
"""

import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

import httpx
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from segue.demo.plex_catalogue import make_library
from segue.demo.plex_document import JSON, XML, Node, container, to_json, to_xml
from segue.demo.plex_faults import ERROR_PAGE, Faults, spoil
from segue.demo.plex_library import Library
from segue.demo.plex_listing import LISTINGS
from segue.demo.plex_notifications import Listeners, as_text, tell_playing
from segue.demo.plex_queues import PlayQueues, queue_node
from segue.demo.plex_sessions import Account, PlayerInfo, Report, Session, Sessions, State, session_node
from segue.demo.plex_webhooks import ServerName, WebhookSender, playing_hook
from segue.runtime.http import HttpServer, open_tcp_listeners

PORT: Final = 32400
VERSION: Final = "1.42.2.10156-f737b826c"
OWNER: Final = Account(1, "owner", owner=True)
UNAUTHORIZED: Final = (
    b"<html><head><title>Unauthorized</title></head><body><h1>401 Unauthorized</h1></body></html>"
)
RELAY_S: Final = 5.0
"""Longest wait of the server for a player that it relays a command to."""

Answer = Node | Response
Handler = Callable[["PlexServer", Request], Awaitable[Answer]]


class PlexServer:
    """The server. `port` 0 takes any; `webhooks` are the addresses that its owner registered."""

    def __init__(
        self,
        *,
        host: str = "127.0.32.1",
        port: int = PORT,
        token: str = "demo-token",
        title: str = "Cellar",
        webhooks: tuple[str, ...] = (),
        faults: Faults | None = None,
        seed: int = 0,
    ) -> None:
        self.host, self.port, self.token = host, port, token
        self.faults = faults or Faults()
        rng = random.Random(seed)
        self.name = ServerName(title, f"{rng.randrange(16**40):040x}", VERSION)
        self.library: Library = make_library(time.time)
        self.sessions = Sessions(self.faults, now=trio.current_time)
        self.queues = PlayQueues(self.library, rng)
        self.listeners = Listeners()
        self.players: dict[str, tuple[PlayerInfo, int]] = {}
        """Players that are open, by machine identifier, with the port that they listen on."""
        self.requests: list[tuple[float, str, str]] = []
        """When, method, and path (without its query) of every request."""
        self._client = httpx.AsyncClient(timeout=RELAY_S, trust_env=False)
        self.webhooks = WebhookSender(webhooks, self.faults.webhooks, self._client, VERSION, rng)
        self._nursery: trio.Nursery | None = None
        self._serving = trio.CancelScope()
        self._exit_stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.port}"

    def fetches(self) -> int:
        """How often the sessions were asked for."""
        return sum(1 for _, _, path in self.requests if path == "/status/sessions")

    # ------------------------------------------------------------ running

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            self._nursery = nursery
            await nursery.start(self.webhooks.run)
            await nursery.start(self._serve)
            self._exit_stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._exit_stack.__aexit__(kind, error, trace)

    async def _serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with trio.CancelScope() as self._serving:
            listeners = await open_tcp_listeners(self.host, self.port)
            self.port = listeners[0].socket.getsockname()[1]
            await HttpServer(self.application()).serve(listeners, task_status=task_status)

    async def shut_down(self) -> None:
        """Stop listening; connections are refused until `restart`."""
        self._serving.cancel()
        await trio.sleep(0.05)

    async def restart(self) -> None:
        """Listen again, with all sessions forgotten and their keys counted from 1."""
        self._serving.cancel()
        await trio.sleep(0.05)
        self.sessions.restart()
        assert self._nursery is not None
        await self._nursery.start(self._serve)

    # ------------------------------------------------------------ answering

    def application(self) -> Starlette:
        """Make the ASGI application."""
        routes = [
            Route(path, self._guarded(handler), methods=["GET", "POST", "PUT", "DELETE"])
            for path, handler in ROUTES.items()
        ]
        return Starlette(routes=[*routes, WebSocketRoute("/:/websockets/notifications", self._notify)])

    def _guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            path, faults = request.url.path, self.faults
            self.requests.append((trio.current_time(), request.method, path))
            if faults.hits(path):
                if faults.hang:
                    await trio.sleep(3600)
                await trio.sleep(faults.slow_s)
                if faults.starting:
                    return Response(ERROR_PAGE, 503, media_type="text/html")
            given = request.headers.get("x-plex-token") or request.query_params.get("X-Plex-Token")
            refused = faults.unauthorized and faults.hits(path)
            if path != "/identity" and (given != self.token or refused):
                return Response(UNAUTHORIZED, 401, media_type="text/html")
            return self._written(request, await handler(self, request))

        return endpoint

    def _written(self, request: Request, answer: Answer) -> Response:
        """Write an answer as the client asks for it, and spoil it where a fault says so."""
        if isinstance(answer, Response):
            return answer
        wants_json = JSON in request.headers.get("accept", "")
        body = to_json(answer) if wants_json else to_xml(answer)
        fault = self.faults.body_fault(request.url.path)
        if fault is not None:
            body = spoil(fault, body, self.faults.huge_bytes)
        return Response(body, media_type=JSON if wants_json else XML)

    async def _notify(self, websocket: WebSocket) -> None:
        given = websocket.headers.get("x-plex-token") or websocket.query_params.get("X-Plex-Token")
        if given != self.token:
            await websocket.close(1008)
            return
        await websocket.accept()
        try:
            async with self.listeners.listen(websocket.query_params.get("filters", "")) as frames:
                async for frame in frames:
                    await websocket.send_text(as_text(frame))
        except WebSocketDisconnect:
            return

    # ------------------------------------------------------------ players

    def reported(self, player: PlayerInfo, session_id: str, report: Report) -> Session | None:
        """Take a player's report in: sessions, webhooks and notifications follow."""
        session, happenings = self.sessions.report(player, session_id, OWNER, report)
        for happening in happenings:
            self.webhooks.fire(playing_hook(self.name, happening))
        if session is not None:
            tell_playing(self.listeners, session, report)
        return session

    async def relay(self, request: Request) -> Response:
        """Pass a Companion command on to the player that it names."""
        target = request.headers.get("x-plex-target-client-identifier", "")
        target = target or request.query_params.get("X-Plex-Target-Client-Identifier", "")
        if target not in self.players:
            return Response(b"<Response code='404' status='Player not found'/>", 404, media_type=XML)
        info, port = self.players[target]
        url = f"http://{info.address}:{port}{request.url.path}?{request.url.query}"
        headers = {"X-Plex-Target-Client-Identifier": target, "X-Plex-Relayed": "1"}
        try:
            answer = await self._client.get(url, headers=headers)
        except httpx.HTTPError:
            return Response(b"<Response code='502' status='Player does not answer'/>", 502, media_type=XML)
        kind = answer.headers.get("content-type", XML)
        return Response(answer.content, answer.status_code, media_type=kind)


# ------------------------------------------------------------------ routes


async def _root(server: PlexServer, _request: Request) -> Answer:
    return container(
        friendlyName=server.name.title,
        machineIdentifier=server.name.machine_identifier,
        version=VERSION,
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


async def _identity(server: PlexServer, _request: Request) -> Answer:
    return container(claimed=True, machineIdentifier=server.name.machine_identifier, version=VERSION)


async def _sessions(server: PlexServer, _request: Request) -> Answer:
    return container([session_node(s, r, server.faults) for s, r in server.sessions.shown()])


async def _clients(server: PlexServer, _request: Request) -> Answer:
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
            "protocolCapabilities": "timeline,playback,playqueues",
        },
    )


async def _timeline(server: PlexServer, request: Request) -> Answer:
    query = request.query_params
    item = server.library.item(int(query.get("ratingKey", "0") or 0))
    state = query.get("state", "")
    if item is None or state not in ("playing", "paused", "buffering", "stopped"):
        return Response(b"", 400)
    known: State = state  # type: ignore[assignment]
    report = Report(item, known, int(query.get("time", "0") or 0), query.get("playQueueID", ""))
    info = player_of(dict(request.headers) | dict(query), request.client.host if request.client else "")
    session_id = request.headers.get("x-plex-session-identifier", info.machine_identifier)
    session = server.reported(info, session_id, report)
    if session is not None and session.termination is not None:
        return container(terminationCode=2006, terminationText=session.termination)
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


async def _relay(server: PlexServer, request: Request) -> Answer:
    return await server.relay(request)


async def _scrobble(server: PlexServer, request: Request) -> Answer:
    item = server.library.item(int(request.query_params.get("key", "0") or 0))
    if item is not None:
        item.view_count += 1
    return Response(b"", 200)


async def _play_queues(server: PlexServer, request: Request) -> Answer:
    queue = server.queues.create(
        request.query_params.get("uri", ""), start_key=request.query_params.get("key", "")
    )
    return Response(b"", 400) if queue is None else queue_node(queue)


async def _play_queue(server: PlexServer, request: Request) -> Answer:
    queue = server.queues.get(int(request.path_params["queue"]))
    return Response(b"", 404) if queue is None else queue_node(queue)


async def _token(_server: PlexServer, _request: Request) -> Answer:
    return container(token="transient-0f0e0d0c")


async def _empty(_server: PlexServer, _request: Request) -> Answer:
    return container()


ROUTES: Final[dict[str, Handler]] = {
    "/": _root,
    "/identity": _identity,
    "/status/sessions": _sessions,
    "/clients": _clients,
    "/resources": _clients,
    "/:/timeline": _timeline,
    "/:/scrobble": _scrobble,
    "/:/prefs": _empty,
    "/activities": _empty,
    "/security/token": _token,
    "/playQueues": _play_queues,
    "/playQueues/{queue:int}": _play_queue,
    "/player/{rest:path}": _relay,
    **LISTINGS,
}


def main() -> None:
    """Run a server by itself until it is interrupted."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m segue.demo.plex_server", description=__doc__)
    parser.add_argument("--host", default="127.0.32.1")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--token", default="demo-token")
    options = parser.parse_args()

    async def serve() -> None:
        async with PlexServer(host=options.host, port=options.port, token=options.token) as server:
            print(f"{server.name.title} listens on {server.url}", flush=True)
            await trio.sleep_forever()

    try:
        trio.run(serve)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
