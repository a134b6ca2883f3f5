"""A simulated Plex Media Server on real sockets: sessions, library, relay to players, webhooks, and every fault.

Run it as a task (`async with PlexServer(host="127.0.32.1") as server`) or by itself:
`python -m segue.demo.plex_server --host 127.0.32.1 --token demo-token`.

Sessions are what players report by `/:/timeline`, as with a real server. Faults are switches of `server.faults`;
`shut_down` and `restart` are what a power cut and a service manager do.
"""

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

import httpx
import trio
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from segue.demo.plex_agent import Agent
from segue.demo.plex_catalogue import make_library
from segue.demo.plex_document import JSON, XML, to_json, to_xml
from segue.demo.plex_faults import ERROR_PAGE, Faults, spoil
from segue.demo.plex_library import Item, Library, Section, SectionType
from segue.demo.plex_marks import Play, count_play
from segue.demo.plex_notifications import (
    CREATED,
    DELETED,
    PROCESSED,
    Listeners,
    as_text,
    tell_playing,
    tell_timeline,
)
from segue.demo.plex_queues import PlayQueues
from segue.demo.plex_routes import ROUTES, Answer, Handler
from segue.demo.plex_scanner import Scan, Scanner
from segue.demo.plex_sessions import Account, PlayerInfo, Report, Session, Sessions
from segue.demo.plex_webhooks import ServerName, WebhookSender, item_hook, playing_hook
from segue.runtime.http import ClientGoneError, HttpServer, open_tcp_listeners

PORT: Final = 32400
VERSION: Final = "1.42.2.10156-f737b826c"
OWNER: Final = Account(1, "owner", owner=True)
UNAUTHORIZED: Final = (
    b"<html><head><title>Unauthorized</title></head><body><h1>401 Unauthorized</h1></body></html>"
)
RELAY_S: Final = 5.0
"""Longest wait of the server for a player that it relays a command to."""


async def _half(body: bytes) -> AsyncIterator[bytes]:
    """Give the first half of a body, and end the connection in the middle of it."""
    yield body[: len(body) // 2]
    raise ClientGoneError("the connection is cut")


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
        self.owner = OWNER
        self.name = ServerName(title, f"{rng.randrange(16**40):040x}", VERSION)
        self.library: Library = make_library(time.time)
        self.agent = Agent()
        """Knows films and shows by their names, once they were told to it."""
        self.scanner = Scanner(self)
        self.sessions = Sessions(self.faults, now=trio.current_time)
        self.queues = PlayQueues(self.library, rng)
        self.listeners = Listeners()
        self.history: list[Play] = []
        """What was played to its end, oldest first."""
        self.players: dict[str, tuple[PlayerInfo, int]] = {}
        """Players that are open, by machine identifier, with the port that they listen on."""
        self.requests: list[tuple[float, str, str]] = []
        """When, method, and path (without its query) of every request."""
        self.transient_tokens: set[str] = set()
        """Tokens that were handed out for players; they are as good as the owner's until the server restarts."""
        self._rng = rng
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
            await stack.enter_async_context(self._client)
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
        self.transient_tokens.clear()
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
            refused = faults.unauthorized and faults.hits(path)
            if path != "/identity" and (refused or not self._admits(request)):
                return Response(UNAUTHORIZED, 401, media_type="text/html")
            return self._written(request, await handler(self, request))

        return endpoint

    def _admits(self, caller: HTTPConnection) -> bool:
        """Whether a caller's token is good."""
        given = caller.headers.get("x-plex-token") or caller.query_params.get("X-Plex-Token")
        return given is not None and (given == self.token or given in self.transient_tokens)

    def new_transient_token(self) -> str:
        """Make a token that a client can give away in place of its own (`/security/token`)."""
        token = f"transient-{self._rng.randrange(16**32):032x}"
        self.transient_tokens.add(token)
        return token

    def _written(self, request: Request, answer: Answer) -> Response:
        """Write an answer as the client asks for it, and spoil it where a fault says so."""
        if isinstance(answer, Response):
            return answer
        wants_json = JSON in request.headers.get("accept", "")
        body = to_json(answer) if wants_json else to_xml(answer)
        fault = self.faults.body_fault(request.url.path)
        if fault is not None:
            body = spoil(fault, body, self.faults.huge_bytes)
        kind = JSON if wants_json else XML
        if fault == "cut":
            return StreamingResponse(_half(body), media_type=kind, headers={"content-length": str(len(body))})
        return Response(body, media_type=kind)

    async def _notify(self, websocket: WebSocket) -> None:
        if not self._admits(websocket):
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
        session, happenings = self.sessions.report(player, session_id, self.owner, report)
        if report.item.type != "track":
            report.item.view_offset_ms = report.time_ms
        for happening in happenings:
            if happening.event == "media.scrobble":
                count_play(self.history, report.item, self.owner.id, self.library.now())
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
        headers["X-Plex-Client-Identifier"] = request.headers.get("x-plex-client-identifier", "")
        try:
            answer = await self._client.get(url, headers=headers)
        except httpx.HTTPError:
            return Response(b"<Response code='502' status='Player does not answer'/>", 502, media_type=XML)
        kind = answer.headers.get("content-type", XML)
        return Response(answer.content, answer.status_code, media_type=kind)

    # ------------------------------------------------------------ the library

    async def scan(self, section: Section, path: str = "") -> Scan:
        """Have a folder scanned, as at the request of a client; it happens a moment later."""
        scan = self.scanner.order(section, path)
        if self._nursery is None:
            # Without a network there is nobody who would do it later.
            await self.scanner.carry_out(scan)
        else:
            self._nursery.start_soon(self.scanner.carry_out, scan)
        return scan

    def arrives(self, section_type: SectionType, item: Item, parent: Item | None = None) -> Item:
        """Let the server find something new, as after a scan: notifications and `library.new` follow."""
        self.library.add(self.library.section(section_type), item, parent)
        for state in (CREATED, PROCESSED):
            tell_timeline(self.listeners, item, state)
        self.webhooks.fire(item_hook(self.name, "library.new", item, self.owner))
        return item

    def goes(self, item: Item) -> None:
        """Let the server find that something is no longer there."""
        self.library.remove(item)
        tell_timeline(self.listeners, item, DELETED)


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
    except* KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
