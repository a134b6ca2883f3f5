"""A simulated Plexamp: a playback clock, a queue, a Companion server of its own, and a person's hands.

It reports to its Plex server as real players do: on every change, and every ten seconds while it plays. It answers
Companion commands with a plain `OK`, as Plexamp does. `quirks` make it as unkind as other players are.
"""

import math
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import httpx
import trio
from starlette.applications import Starlette

from segue.demo.plex_companion import Companion
from segue.demo.plex_library import Item
from segue.demo.plex_queues import PlayQueue
from segue.demo.plex_server import PlexServer
from segue.demo.plex_sessions import PlayerInfo, State
from segue.runtime.http import HttpServer, open_tcp_listeners

PORT: Final = 32500
REPORT_EVERY_S: Final = 10.0
"""While it plays (the server's API document 1.2.0, "timeline")."""
REPORT_S: Final = 5.0
"""Longest wait for the server to take a report."""
UNSENT_MAX: Final = 50
"""Reports kept while the server does not answer; of more than that the oldest are lost."""


@dataclass
class Quirks:
    """What a player may do that is not nice; the defaults are a well-behaved one."""

    toggles: bool = False
    """`play` and `pause` are one button."""
    whole_seconds: bool = False
    """Seeks go to the second below."""
    odd_replies: bool = False
    """It answers with something that is neither `OK` nor XML."""
    slow_s: float = 0.0
    """It answers so much later, having obeyed at once."""
    mute: bool = False
    """It takes commands, obeys, and never answers."""
    ignores: bool = False
    """It answers and does nothing."""
    refuses_direct: bool = False
    """Only the server's relay reaches it."""
    strict_ids: bool = False
    """A command that is not newer than the last one of the same controller is answered, and not obeyed."""


@dataclass(frozen=True)
class _Unsent:
    """A report on its way to the server, and who waits for it to be there."""

    content: dict[str, str]
    gone: trio.Event = field(default_factory=trio.Event)
    """Set when the server has it, or when it is lost."""


class PlexampPlayer:
    """The player. With `port` 0 it listens anywhere; it is known to its server as soon as it is open."""

    def __init__(
        self,
        server: PlexServer,
        *,
        host: str = "127.0.32.2",
        port: int = PORT,
        title: str = "Shelf",
        machine_identifier: str = "f4a1c0de-5e9e-4c1a-9b3e-00000000a301",
        quirks: Quirks | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport` leads to the server; it is the network, from the player's own address, unless given."""
        self.info = PlayerInfo(machine_identifier, title, address=host)
        self.port = port
        self.quirks = quirks or Quirks()
        self.state: State = "stopped"
        self.commands: list[tuple[float, str, bool]] = []
        """When, which verb, and whether it came by the server's relay."""
        self._server = server
        self._tracks: list[Item] = []
        self._index = 0
        self._queue: PlayQueue | None = None
        self._position_ms = 0.0
        self._since = 0.0
        self._changed = trio.Event()
        self._unsent: deque[_Unsent] = deque()
        self._unsent_came = trio.Event()
        self._companion = Companion(self)
        self._nursery: trio.Nursery | None = None
        self._serving = trio.CancelScope()
        transport = transport or httpx.AsyncHTTPTransport(local_address=host)
        self._client = httpx.AsyncClient(transport=transport, timeout=REPORT_S, trust_env=False)
        self._exit_stack = AsyncExitStack()

    # ------------------------------------------------------------ running

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._client)
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            self._nursery = nursery
            await nursery.start(self._serve)
            nursery.start_soon(self._play_on)
            nursery.start_soon(self._send_reports)
            nursery.start_soon(self._companion.push)
            self._server.players[self.info.machine_identifier] = (self.info, self.port)
            self._exit_stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._server.players.pop(self.info.machine_identifier, None)
        self._nursery = None
        return await self._exit_stack.__aexit__(kind, error, trace)

    async def _serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with trio.CancelScope() as self._serving:
            listeners = await open_tcp_listeners(self.info.address, self.port)
            self.port = listeners[0].socket.getsockname()[1]
            await HttpServer(self.application()).serve(listeners, task_status=task_status)

    async def close_app(self) -> None:
        """End the program without a word: it falls silent, its commands are refused, its session stays behind."""
        self._serving.cancel()
        self._enter("stopped")
        self._tracks = []
        self._companion.forget()
        await trio.sleep(0.05)

    async def open_app(self) -> None:
        """Start the program again; nothing plays."""
        assert self._nursery is not None
        await self._nursery.start(self._serve)

    async def _play_on(self) -> None:
        """Report every ten seconds, and go on to the next track at the end of one, without a gap."""
        while True:
            wait_s = 3600.0
            if self.state == "playing" and self.track is not None:
                left_s = ((self.track.duration_ms or 3_600_000) - self.position_ms) / 1000
                wait_s = min(REPORT_EVERY_S, left_s)
            with trio.move_on_after(max(0.0, wait_s)):
                await self._changed.wait()  # the event of this moment: each change brings a new one
                continue
            if self.track is not None and self.position_ms >= (self.track.duration_ms or 0):
                self._go_to(self._index + 1)
            elif self.state == "playing":
                self._tell()

    # ------------------------------------------------------------ what it does

    @property
    def session_id(self) -> str:
        """Its own name for what it plays; the same from one track to the next."""
        return f"session-of-{self.info.machine_identifier}"

    @property
    def track(self) -> Item | None:
        """What is on."""
        return self._tracks[self._index] if self._index < len(self._tracks) else None

    @property
    def position_ms(self) -> int:
        """Where it is in the track; it moves while it plays."""
        moved_ms = (trio.current_time() - self._since) * 1000 if self.state == "playing" else 0.0
        length_ms = self.track.duration_ms if self.track else None
        return round(min(self._position_ms + moved_ms, length_ms or math.inf))

    def _enter(self, state: State, position_ms: float | None = None) -> None:
        self._position_ms = self.position_ms if position_ms is None else position_ms
        self._since = trio.current_time()
        self.state = state
        self._changed.set()
        self._changed = trio.Event()

    def change(self) -> trio.Event:
        """Give what is set when it next does something else."""
        return self._changed

    def _become(self, state: State, position_ms: float | None = None) -> trio.Event:
        self._enter(state, position_ms)
        return self._tell()

    async def report(self) -> None:
        """Tell the server what it does; a server that does not hear is none of its worries."""
        await self._tell().wait()

    def _tell(self) -> trio.Event:
        """Put a report on its way, and give what is set when it is gone. The music waits for no server."""
        return self._send_later(self._report())

    def _send_later(self, content: dict[str, str]) -> trio.Event:
        report = _Unsent(content)
        if self._nursery is None:  # nobody sends it
            report.gone.set()
            return report.gone
        if len(self._unsent) >= UNSENT_MAX:
            self._unsent.popleft().gone.set()
        self._unsent.append(report)
        self._unsent_came.set()
        return report.gone

    async def _send_reports(self) -> None:
        """Send the reports, one after the other in their order."""
        try:
            while True:
                while self._unsent:
                    report = self._unsent.popleft()
                    try:
                        await self._send(report.content)
                    finally:
                        report.gone.set()
                self._unsent_came = trio.Event()
                await self._unsent_came.wait()
        finally:
            for report in self._unsent:
                report.gone.set()

    def _report(self) -> dict[str, str]:
        """Write what it does at this moment; nothing when nothing is on."""
        track = self.track
        if track is None:
            return {}
        made = {
            "ratingKey": str(track.rating_key),
            "key": track.key,
            "state": self.state,
            "time": str(self.position_ms),
            "duration": str(track.duration_ms or 0),
        }
        queue = self._queue
        if queue is not None and self._index < len(queue.entries):
            made |= {
                "playQueueID": str(queue.id),
                "playQueueItemID": str(queue.entries[self._index].id),
                "containerKey": f"/playQueues/{queue.id}",
            }
        return made

    async def _send(self, report: dict[str, str]) -> None:
        if not report:
            return
        headers = {
            "X-Plex-Token": self._server.token,
            "X-Plex-Client-Identifier": self.info.machine_identifier,
            "X-Plex-Device-Name": self.info.title,
            "X-Plex-Product": self.info.product,
            "X-Plex-Platform": self.info.platform,
            "X-Plex-Version": self.info.version,
            "X-Plex-Session-Identifier": self.session_id,
        }
        with suppress(httpx.HTTPError):
            answer = await self._client.get(f"{self._server.url}/:/timeline", params=report, headers=headers)
            if b"terminationCode" in answer.content:
                self._enter("stopped")
                self._tracks = []

    # ------------------------------------------------------------ a person's hands
    # Each does it at once, and returns when the server has heard of it, or cannot.

    async def press_play(
        self, tracks: Sequence[Item], *, index: int = 0, position_ms: int = 0, queue: PlayQueue | None = None
    ) -> None:
        """Choose something and play it. `queue` is the server's, when a client chose for the person."""
        self._tracks, self._index, self._queue = list(tracks), index, queue
        await self._become("playing", position_ms).wait()

    async def press_pause(self) -> None:
        """Pause."""
        if self.state == "playing":
            await self._become("paused").wait()

    async def press_resume(self) -> None:
        """Go on."""
        if self.state == "paused":
            await self._become("playing").wait()

    async def press_stop(self) -> None:
        """Stop."""
        if self.state != "stopped":
            await self._stop().wait()

    async def press_next(self, step: int = 1) -> None:
        """Go to another track of the queue; past its end it stops."""
        await self._go_to(self._index + step).wait()

    async def skip_to(self, key: str) -> None:
        """Go to the track of this key; where the queue has none, it stops."""
        await self._go_to(next((n for n, track in enumerate(self._tracks) if track.key == key), -1)).wait()

    async def seek(self, position_ms: int) -> None:
        """Go to a position."""
        if self.quirks.whole_seconds:
            position_ms -= position_ms % 1000
        await self._become(self.state, position_ms).wait()

    def _go_to(self, index: int) -> trio.Event:
        if not 0 <= index < len(self._tracks):
            return self._stop()
        self._index = index
        return self._become(self.state if self.state != "stopped" else "playing", 0)

    def _stop(self) -> trio.Event:
        self._enter("stopped")
        last_words = self._report()
        self._tracks = []
        return self._send_later(last_words)

    # ------------------------------------------------------------ what a Companion client asks for

    def application(self) -> Starlette:
        """Make the ASGI application that takes commands."""
        return self._companion.application()

    @property
    def subscribers(self) -> list[str]:
        """Where it tells by itself what it does."""
        return self._companion.subscribers

    @property
    def server(self) -> PlexServer:
        """The server that it belongs to."""
        return self._server

    async def find_queue(self, url: str, token: str) -> PlayQueue | None:
        """Fetch a queue of its server from where a client says it is; nothing when that cannot be done."""
        headers = {"X-Plex-Token": token or self._server.token, "Accept": "application/json"}
        try:
            answer = await self._client.get(url, headers=headers)
            queue_id = answer.json()["MediaContainer"]["playQueueID"]
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
            return None
        return self._server.queues.get(queue_id)
