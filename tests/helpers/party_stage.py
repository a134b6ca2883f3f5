"""A home with a simulated Plex server and players, its party agent, and an orchestrator that says what a test wants.

The orchestrator is written after `docs/party-protocol.md`: JSON in text frames, with a clock of its own whose zero is
far from ours. It uses nothing of the agent's.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from segue.actors.party_agent import AgentSettings, PartyAgent
from segue.actors.party_plex import HomePlex
from segue.adapters.http_client import HttpClient
from segue.core.state import State
from segue.demo.plex_catalogue import make_film
from segue.demo.plex_library import Item
from segue.demo.plex_server import PlexServer
from segue.demo.video_player import SimulatedVideo
from segue.runtime.http import HttpServer, open_tcp_listeners
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Store
from segue.secret import Secret
from tests.demo.heos_client import fresh_host

PATIENCE_S = 60.0
"""Longest wait of a test for anything; the machine may be busy."""
SESSION = "k3x9qa"
PASSKEY = "canary-passkey-8842"
OWNER_TOKEN = "canary-owner-token-11"
FILM_S = 3600
Heard = dict[str, Any]


class Orchestrator:
    """Answers `hello` and `time`; everything else the test says."""

    def __init__(self, *, epoch: str = "first", ahead_s: float = 5000.0) -> None:
        """`ahead_s`: how far its clock is ahead of ours."""
        self.host = fresh_host()
        self.port = 0
        self.epoch, self.ahead_s = epoch, ahead_s
        self.heard: list[Heard] = []
        self.headers: list[dict[str, str]] = []
        """Of each handshake."""
        self.speaks_old = False
        """Whether it passes over everything but `register`, as one of the old protocol does."""
        self.answers_time = True
        self.refuses: tuple[int, str] | None = None
        """A status to refuse handshakes with, and a sentence."""
        self.on_hello: list[Heard] = []
        """What is said after each welcome: members and state as they were told last."""
        self._socket: WebSocket | None = None
        self._serving = trio.CancelScope()
        self._news = trio.Event()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"ws://{self.host}:{self.port}/ws"

    def now(self) -> float:
        """Its own time."""
        return trio.current_time() + self.ahead_s

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be there until `vanish`."""
        with trio.CancelScope() as self._serving:
            listeners = await open_tcp_listeners(self.host, self.port)
            self.port = listeners[0].socket.getsockname()[1]
            app = Starlette(routes=[WebSocketRoute("/ws", self._talk)])
            await HttpServer(app).serve(listeners, task_status=task_status)

    def vanish(self) -> None:
        """Be gone at once, without a word."""
        self._socket = None
        self._serving.cancel()

    async def hang_up(self, code: int, reason: str = "") -> None:
        """End the connection properly."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close(code, reason)

    async def _talk(self, socket: WebSocket) -> None:
        self.headers.append(dict(socket.headers))
        if self.refuses is not None:
            status, text = self.refuses
            body = {"ok": False, "error": {"code": "no", "message": text, "hint": ""}}
            response: Response = JSONResponse(body, status)
            await socket.send_denial_response(response)
            return
        await socket.accept()
        self._socket = socket
        self._tell()
        try:
            while True:
                self._take(message := json.loads(await socket.receive_text()))
                await self._answer(socket, message)
        except (WebSocketDisconnect, ConnectionError):
            pass
        finally:
            if self._socket is socket:
                self._socket = None

    def _take(self, message: Heard) -> None:
        if message["type"] != "time":
            self.heard.append(message)
            self._tell()

    async def _answer(self, socket: WebSocket, message: Heard) -> None:
        if self.speaks_old:
            return
        if message["type"] == "hello":
            welcome = {"type": "welcome", "proto": 1, "username": "alice", "epoch": self.epoch}
            await socket.send_text(json.dumps(welcome | {"server": "script/1"}))
            for said in self.on_hello:
                await socket.send_text(json.dumps(said))
        elif message["type"] == "time" and self.answers_time:
            now = self.now()
            await socket.send_text(json.dumps({"type": "time", "c0": message["c0"], "s1": now, "s2": now}))

    # ------------------------------------------------------------ what it says

    async def say(self, **message: Any) -> None:
        """Say something, as soon as somebody is there. Members and states are remembered for the next welcome."""
        if message["type"] in ("member", "state"):
            about = (message["type"], message.get("device"))
            kept = [m for m in self.on_hello if (m["type"], m.get("device")) != about]
            self.on_hello = sorted([*kept, message], key=lambda m: str(m["type"]))
        await self.until(lambda: self._socket is not None)
        assert self._socket is not None
        await self._socket.send_text(json.dumps(message))

    async def say_raw(self, text: str) -> None:
        """Say a text."""
        await self.until(lambda: self._socket is not None)
        assert self._socket is not None
        await self._socket.send_text(text)

    # ------------------------------------------------------------ what it hears

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        with trio.fail_after(PATIENCE_S):
            while not holds():
                with trio.move_on_after(0.05):
                    await self._news.wait()

    async def hears(self, kind: str, *, after: int = 0, **fields: Any) -> Heard:
        """Wait for a message with these fields, among those from the `after`th on."""

        def found() -> Heard | None:
            same = (m for m in self.heard[after:] if m["type"] == kind)
            return next((m for m in same if all(m.get(k) == v for k, v in fields.items())), None)

        await self.until(found)
        message = found()
        assert message is not None
        return message


def member(device: str, title: str = "TV", **more: Any) -> Heard:
    """What the user's player is in the session."""
    return {"type": "member", "session": SESSION, "role": "guest", "device": device, "title": title} | more


class Stage:
    """Everything that a test of one home needs."""

    def __init__(self, directory: Path, server: PlexServer, film: Item, nursery: trio.Nursery) -> None:
        self.directory, self.server, self.film = directory, server, film
        self.orchestrator = Orchestrator()
        self.nursery = nursery
        self.http = HttpClient("segue-test/1")
        self.store = Store(State(), MemoryJournal())
        self.players: dict[str, SimulatedVideo] = {}
        self.rev = 0
        self._agent: trio.CancelScope | None = None
        self.agent: PartyAgent | None = None

    def settings(self, **changes: Any) -> AgentSettings:
        """What the agent is started with."""
        given: dict[str, Any] = {
            "state_dir": self.directory,
            "orchestrator": self.orchestrator.url,
            "username": "alice",
            "passkey": Secret(PASSKEY),
            "authorized": tuple(self.players),
            "gdm": False,
        }
        return AgentSettings(**(given | changes))

    def start_agent(self, **changes: Any) -> PartyAgent:
        """Start the agent."""
        plex = HomePlex(self.http, self.server.url, lambda: OWNER_TOKEN, "client-1")
        self.agent = PartyAgent(self.store, self.settings(**changes), plex)
        self._agent = trio.CancelScope()
        self.nursery.start_soon(self._run, self.agent, self._agent)
        return self.agent

    async def _run(self, agent: PartyAgent, scope: trio.CancelScope) -> None:
        with scope:
            await agent.run()

    def stop_agent(self) -> None:
        """End the agent."""
        assert self._agent is not None
        self._agent.cancel()

    def film_body(self, **changes: Any) -> Heard:
        """The party's film."""
        path = self.film.files[0].path
        body = {"duration_ms": self.film.duration_ms, "guid": self.film.guid, "title": self.film.title}
        return body | {"filename": path.rpartition("/")[2]} | changes

    def line(
        self, phase: str, position_ms: int, rate: float = 1.0, *, in_s: float = 0.0, **more: Any
    ) -> Heard:
        """A new state of the session: at `position_ms` in `in_s` seconds."""
        self.rev += 1
        state = {"type": "state", "session": SESSION, "rev": self.rev, "phase": phase, "item": 0}
        state |= {"film": self.film_body(), "position_ms": position_ms, "rate": rate}
        return state | {"at": self.orchestrator.now() + in_s, "why": "start"} | more

    def drift_ms(self, player: SimulatedVideo, line: Heard) -> float:
        """How far a player really is ahead of a line (+) or behind it (-)."""
        since_s = self.orchestrator.now() - line["at"]
        moved_s = max(0.0, since_s) if line["rate"] else min(0.0, since_s)
        return float(player.truth_ms() - (line["position_ms"] + 1000 * moved_s))

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        await self.orchestrator.until(holds)

    async def settles(self, player: SimulatedVideo, line: Heard, within_ms: float = 150.0) -> None:
        """Wait until a player runs with a line."""
        await self.until(lambda: player.engine.is_moving() and abs(self.drift_ms(player, line)) <= within_ms)


@asynccontextmanager
async def stage(directory: Path, *players: tuple[str, str, str]) -> AsyncIterator[Stage]:
    """A home with players: (identifier, title, profile) each."""
    with trio.fail_after(4 * PATIENCE_S):
        async with (
            PlexServer(host=fresh_host(), port=0, token=OWNER_TOKEN) as server,
            trio.open_nursery() as nursery,
        ):
            film = server.arrives("movie", make_film("A Long Evening", 2001, FILM_S))
            made = Stage(directory, server, film, nursery)
            await nursery.start(made.orchestrator.serve)
            async with made.http, trio.open_nursery() as inner:
                for number, (identifier, title, profile) in enumerate(players):
                    player = SimulatedVideo(
                        profile,
                        host=fresh_host(),
                        title=title,
                        machine_identifier=identifier,
                        server=server,
                        seed=number,
                    )
                    await inner.start(_open, player)
                    made.players[identifier] = player
                yield made
                nursery.cancel_scope.cancel()


async def _open(
    player: SimulatedVideo, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    async with player:
        task_status.started()
        await trio.sleep_forever()
