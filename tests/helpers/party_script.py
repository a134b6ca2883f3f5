"""An orchestrator that says what a test wants, for an agent to talk to.

It is written after `docs/party-protocol.md`: JSON in text frames, with a clock of its own whose zero is far from ours.
It uses nothing of the agent's.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from segue.runtime.http import HttpServer, open_tcp_listeners
from tests.demo.heos_client import fresh_host

PATIENCE_S = 90.0
"""Longest wait of a test for anything; the machine may be busy."""
Heard = dict[str, Any]
Say = Callable[[str], Awaitable[None]]


class Orchestrator:
    """Answers `hello` and `time`; everything else the test says."""

    def __init__(self, *, epoch: str = "first", ahead_s: float = 5000.0) -> None:
        """`ahead_s`: how far its clock is ahead of ours."""
        self.epoch, self.ahead_s = epoch, ahead_s
        self.heard: list[Heard] = []
        self.there = True
        self.speaks_old = False
        """Whether it passes over everything but `register`, as one of the old protocol does."""
        self.answers_time = True
        self.on_hello: list[Heard] = []
        """What is said after each welcome: members and state as they were told last."""
        self.said_to: Say | None = None
        """Whoever is connected."""
        self._news = trio.Event()

    def now(self) -> float:
        """Its own time."""
        return trio.current_time() + self.ahead_s

    async def take(self, text: str, say: Say) -> None:
        """Hear a message, and answer the two that are answered."""
        message = json.loads(text)
        if message["type"] == "time" and not self.speaks_old:
            if self.answers_time:
                now = self.now()
                await say(json.dumps({"type": "time", "c0": message["c0"], "s1": now, "s2": now}))
            return
        self.heard.append(message)
        self.tell()
        if message["type"] == "hello" and not self.speaks_old:
            welcome = {"type": "welcome", "proto": 1, "username": "alice", "epoch": self.epoch}
            await say(json.dumps(welcome | {"server": "script/1"}))
            for said in self.on_hello:
                await say(json.dumps(said))

    # ------------------------------------------------------------ what it says

    async def say(self, **message: Any) -> None:
        """Say something, as soon as somebody is there. Members and states are remembered for the next welcome."""
        if message.get("type") in ("member", "state"):
            about = (message["type"], message.get("device"))
            kept = [m for m in self.on_hello if (m["type"], m.get("device")) != about]
            self.on_hello = sorted([*kept, message], key=lambda m: str(m["type"]))
        await self.say_raw(json.dumps(message))

    async def say_raw(self, text: str) -> None:
        """Say a text, as soon as somebody is there."""
        await self.until(lambda: self.said_to is not None)
        assert self.said_to is not None
        await self.said_to(text)

    # ------------------------------------------------------------ what it hears

    def tell(self) -> None:
        """Wake whoever waits for something."""
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


class SocketOrchestrator(Orchestrator):
    """The same on a real socket."""

    def __init__(self) -> None:
        super().__init__()
        self.host = fresh_host()
        self.port = 0
        self.headers: list[dict[str, str]] = []
        """Of each handshake."""
        self.refuses: tuple[int, str] | None = None
        """A status to refuse handshakes with, and a sentence."""
        self._serving = trio.CancelScope()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"ws://{self.host}:{self.port}/ws"

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be there until `vanish`."""
        with trio.CancelScope() as self._serving:
            listeners = await open_tcp_listeners(self.host, self.port)
            self.port = listeners[0].socket.getsockname()[1]
            app = Starlette(routes=[WebSocketRoute("/ws", self._talk)])
            await HttpServer(app).serve(listeners, task_status=task_status)

    def vanish(self) -> None:
        """Be gone at once, without a word."""
        self.said_to = None
        self._serving.cancel()

    async def _talk(self, socket: WebSocket) -> None:
        self.headers.append(dict(socket.headers))
        if self.refuses is not None:
            status, text = self.refuses
            body = {"ok": False, "error": {"code": "no", "message": text, "hint": ""}}
            await socket.send_denial_response(JSONResponse(body, status))
            return
        await socket.accept()
        self.said_to = say = socket.send_text
        self.tell()
        try:
            while True:
                await self.take(await socket.receive_text(), say)
        except (WebSocketDisconnect, ConnectionError):
            pass
        finally:
            if self.said_to is say:
                self.said_to = None
