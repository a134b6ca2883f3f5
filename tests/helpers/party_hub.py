"""A house that hosts parties, in this process on a real socket; and guests, by a client that we did not write."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import Any

import trio
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from segue.actors.party_gate import GateSettings, PasskeyGate, Service
from segue.actors.party_orchestrator import PartyOrchestrator
from segue.core.actions import Action
from segue.core.party.requests import CreateRequested
from segue.core.party.settings import Film, PartyRules
from segue.core.party.state import Party
from segue.core.state import State
from segue.interfaces import party_ws
from segue.interfaces.control import Policy
from segue.runtime.clock import HouseClock
from segue.runtime.http import HttpServer, Limits
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Step, Store

PATIENCE_S = 30.0
FILM = Film(duration_ms=7_200_000, guid="plex://movie/5d7768", filename="Movie.mkv", title="Movie")
TV = {"id": "tv-1", "title": "Living Room TV"}
HELLO = {"type": "hello", "proto": [1], "devices": [TV], "agent": "test"}
REGISTER = {"type": "register", "authorized_clients": [TV]}


class Hub:
    """The store, the gate and the orchestrator of one house."""

    def __init__(self, service: Service | None, settings: GateSettings | None) -> None:
        self.clock = HouseClock()
        self.store = Store(State(), MemoryJournal(), clock=self.clock)
        self.gate = PasskeyGate(
            self.clock.now_at, self.clock.wall_at, lambda: self.store.state.party, settings, service
        )
        self.orchestrator = PartyOrchestrator(self.store, self.clock, self.gate)
        self.store.own("party_orchestrator", self.orchestrator.deliver)
        self.failures: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Where the door is."""
        return f"ws://127.0.0.1:{self.port}/ws"

    def ask(self, action: Action) -> Step:
        """Ask something as the house."""
        step = self.store.dispatch(action, by="test")
        assert step.refusal is None, step.refusal
        return step

    def party(self, host: str = "", *, film: Film = FILM, rules: PartyRules | None = None) -> str:
        """Make a party and give its id."""
        known = set(self.store.state.party.parties)
        self.ask(CreateRequested(films=(film,), host=host, rules=rules))
        (party_id,) = set(self.store.state.party.parties) - known
        return party_id

    def state(self, party_id: str) -> Party:
        """Give a party as the core knows it."""
        return self.store.state.party.parties[party_id]

    async def until_connected(self, *usernames: str) -> None:
        """Wait until exactly these users are connected."""
        with trio.fail_after(PATIENCE_S):
            while set(self.store.state.party.clients) != set(usernames):
                await trio.sleep(0.01)


@asynccontextmanager
async def hosted(
    *,
    service: Service | None = None,
    settings: GateSettings | None = None,
    limits: Limits | None = None,
    send_buffer_bytes: int = 0,
) -> AsyncIterator[Hub]:
    """Open a house's door for parties; what fails inside of it fails the test."""
    hub = Hub(service, settings)
    app = party_ws.beside(Starlette(), party_ws.PartyDoor(lambda: hub.orchestrator, Policy))
    server = HttpServer(app, limits=limits, on_failure=lambda text, _error: hub.failures.append(text))
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    if send_buffer_bytes:
        listeners[0].socket.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_SNDBUF, send_buffer_bytes)
    hub.port = listeners[0].socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.orchestrator.run)
        nursery.start_soon(hub.store.run)
        await nursery.start(partial(server.serve, listeners))
        yield hub
        nursery.cancel_scope.cancel()
    assert hub.failures == []


class Guest:
    """One `websockets` connection; each call runs in a thread."""

    def __init__(self, websocket: ClientConnection) -> None:
        self.websocket = websocket
        self.heard: list[dict[str, Any]] = []

    async def say(self, *messages: Any) -> None:
        """Send messages, without a pause; texts and bytes as they are, everything else as JSON."""
        raw = [message if isinstance(message, str | bytes) else json.dumps(message) for message in messages]

        def send() -> None:
            for message in raw:
                self.websocket.send(message)

        await trio.to_thread.run_sync(send)

    async def hear(self) -> dict[str, Any]:
        """Wait for the next message."""
        raw = await trio.to_thread.run_sync(partial(self.websocket.recv, timeout=PATIENCE_S))
        message: dict[str, Any] = json.loads(raw)
        self.heard.append(message)
        return message

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Wait for a message of a type with these fields."""
        while True:
            message = await self.hear()
            if message.get("type") == kind and fields.items() <= message.items():
                return message

    async def command(self) -> dict[str, Any]:
        """Wait for a command of the old protocol; checks that both spellings say the same."""
        message = await self.hear()
        assert message["type"] == "command", message
        body = message["cmd"]
        assert message["command"] == body["type"].upper()
        assert all(message[name] == body[name] for name in ("device", "filename", "offset"))
        found: dict[str, Any] = body
        return found

    async def ended(self) -> tuple[int, str]:
        """Wait for the end; give the code and the reason that the house closed with."""
        with trio.fail_after(PATIENCE_S * 2):
            while True:
                try:
                    await self.hear()
                except ConnectionClosed as closed:
                    assert closed.rcvd is not None, "cut off without a word"
                    return closed.rcvd.code, closed.rcvd.reason

    async def hang_up(self) -> None:
        """Close in good order."""
        await trio.to_thread.run_sync(self.websocket.close)


@asynccontextmanager
async def visiting(
    hub: Hub,
    *messages: Any,
    query: str = "",
    headers: dict[str, str] | None = None,
) -> AsyncIterator[Guest]:
    """Connect, say something, and hang up in the end."""
    connections = ExitStack()

    def dial() -> ClientConnection:
        return connections.enter_context(
            connect(
                hub.url + query,
                additional_headers=headers,
                compression=None,
                open_timeout=PATIENCE_S,
                close_timeout=5.0,
            )
        )

    guest = Guest(await trio.to_thread.run_sync(dial))
    try:
        await guest.say(*messages)
        yield guest
    finally:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 10.0):
            await trio.to_thread.run_sync(connections.close)


def named(username: str, **more: Any) -> dict[str, Any]:
    """Make a `hello` that says who speaks."""
    return HELLO | {"username": username} | more


def messages_of(heard: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Pick the messages of a type."""
    return [message for message in heard if message.get("type") == kind]
