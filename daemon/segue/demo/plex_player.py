"""A simulated Plexamp: a playback clock, a queue, a Companion server of its own, and a person's hands.

It reports to its Plex server as real players do: on every change, and every ten seconds while it plays. It answers
Companion commands with a plain `OK`, as Plexamp does. `quirks` make it as unkind as other players are.
"""

import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpx
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from segue.demo.plex_document import XML, Node, to_xml
from segue.demo.plex_library import Item
from segue.demo.plex_queues import PlayQueue
from segue.demo.plex_routes import CAPABILITIES, number
from segue.demo.plex_server import PlexServer
from segue.demo.plex_sessions import PlayerInfo, State
from segue.runtime.http import HttpServer, open_tcp_listeners

PORT: Final = 32500
REPORT_EVERY_S: Final = 10.0
"""While it plays (the server's API document 1.2.0, "timeline")."""
REPORT_S: Final = 5.0
POLL_S_MAX: Final = 20.0
STEP_MS: Final = 10_000
"""How far `stepForward` and `stepBack` go."""


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
        transport = transport or httpx.AsyncHTTPTransport(local_address=host)
        self._client = httpx.AsyncClient(transport=transport, timeout=REPORT_S, trust_env=False)
        self._exit_stack = AsyncExitStack()

    # ------------------------------------------------------------ running

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._client)
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            await nursery.start(self._serve)
            nursery.start_soon(self._play_on)
            self._server.players[self.info.machine_identifier] = (self.info, self.port)
            self._exit_stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._server.players.pop(self.info.machine_identifier, None)
        return await self._exit_stack.__aexit__(kind, error, trace)

    async def _serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        listeners = await open_tcp_listeners(self.info.address, self.port)
        self.port = listeners[0].socket.getsockname()[1]
        await HttpServer(self._application()).serve(listeners, task_status=task_status)

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
                await self.press_next()
            elif self.state == "playing":
                await self.report()

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

    async def _become(self, state: State, position_ms: float | None = None) -> None:
        self._enter(state, position_ms)
        await self.report()

    async def report(self) -> None:
        """Tell the server what it does; a server that does not hear is none of its worries."""
        await self._send(self._report())

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

    async def press_play(
        self, tracks: Sequence[Item], *, index: int = 0, position_ms: int = 0, queue: PlayQueue | None = None
    ) -> None:
        """Choose something and play it. `queue` is the server's, when a client chose for the person."""
        self._tracks, self._index, self._queue = list(tracks), index, queue
        await self._become("playing", position_ms)

    async def press_pause(self) -> None:
        """Pause."""
        if self.state == "playing":
            await self._become("paused")

    async def press_resume(self) -> None:
        """Go on."""
        if self.state == "paused":
            await self._become("playing")

    async def press_stop(self) -> None:
        """Stop."""
        if self.state != "stopped":
            self._enter("stopped")
            last_words = self._report()
            self._tracks = []
            await self._send(last_words)

    async def press_next(self, step: int = 1) -> None:
        """Go to another track of the queue; past its end it stops."""
        await self._go_to(self._index + step)

    async def _go_to(self, index: int) -> None:
        if not 0 <= index < len(self._tracks):
            await self.press_stop()
            return
        self._index = index
        await self._become(self.state if self.state != "stopped" else "playing", 0)

    async def seek(self, position_ms: int) -> None:
        """Go to a position."""
        if self.quirks.whole_seconds:
            position_ms -= position_ms % 1000
        await self._become(self.state, position_ms)

    # ------------------------------------------------------------ Companion

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/player/playback/{verb}", self._command, methods=["GET", "POST"]),
                Route("/player/mirror/details", self._answer_ok),
                Route("/player/timeline/poll", self._poll),
                Route("/player/timeline/subscribe", self._answer_ok),
                Route("/player/timeline/unsubscribe", self._answer_ok),
                Route("/resources", self._resources),
            ]
        )

    async def _answer_ok(self, _request: Request) -> Response:
        return Response(b"OK", media_type="text/plain")

    async def _command(self, request: Request) -> Response:
        relayed = request.headers.get("x-plex-relayed") == "1"
        if self.quirks.refuses_direct and not relayed:
            return Response(b"", 403)
        verb = request.path_params["verb"]
        self.commands.append((trio.current_time(), verb, relayed))
        act = self._verbs(request).get(verb)
        if act is None:
            return Response(b"<Response code='404' status='Not Found'/>", 404, media_type=XML)
        if not self.quirks.ignores:
            await act()
        if self.quirks.mute:
            await trio.sleep(3600)
        await trio.sleep(self.quirks.slow_s)
        if self.quirks.odd_replies:
            return Response(b"\xff\xfenot xml <at all", media_type=XML)
        return Response(b"OK", media_type="text/plain")

    def _verbs(self, request: Request) -> dict[str, Callable[[], Awaitable[None]]]:
        async def toggle() -> None:
            await (self.press_pause() if self.state == "playing" else self.press_resume())

        async def seek() -> None:
            await self.seek(number(request.query_params.get("offset")))

        async def skip_to() -> None:
            key = request.query_params.get("key", "")
            await self._go_to(next((n for n, track in enumerate(self._tracks) if track.key == key), -1))

        async def step(by_ms: int) -> None:
            await self.seek(max(0, self.position_ms + by_ms))

        async def note() -> None:
            """Take a setting: volume, shuffle, repeat, streams. Nothing here depends on them."""

        async def choose() -> None:
            await self._play_queue(request.query_params)

        return {
            "play": toggle if self.quirks.toggles else self.press_resume,
            "pause": toggle if self.quirks.toggles else self.press_pause,
            "stop": self.press_stop,
            "seekTo": seek,
            "skipNext": self.press_next,
            "skipPrevious": lambda: self.press_next(-1),
            "skipTo": skip_to,
            "stepForward": lambda: step(STEP_MS),
            "stepBack": lambda: step(-STEP_MS),
            "setParameters": note,
            "setStreams": note,
            "playMedia": choose,
            "createPlayQueue": choose,
        }

    async def _play_queue(self, query: Mapping[str, str]) -> None:
        """Play a queue of the server, or have one made of what a URI names, as a client asks for it."""
        found = re.match(r"/playQueues/(\d+)", query.get("containerKey", ""))
        if found:
            queue = self._server.queues.get(int(found[1]))
        else:
            queue = self._server.queues.create(query.get("uri", ""), start_key=query.get("key", ""))
        if queue is not None:
            tracks = [entry.item for entry in queue.entries]
            offset_ms = number(query.get("offset"))
            await self.press_play(tracks, index=queue.selected, position_ms=offset_ms, queue=queue)

    async def _poll(self, request: Request) -> Response:
        """Say what it does: at once, or at its next change when asked to wait."""
        if request.query_params.get("wait") == "1":
            with trio.move_on_after(POLL_S_MAX):
                await self._changed.wait()
        track = self.track
        music: dict[str, str | int | None] = {"type": "music", "state": self.state, "volume": 0}
        if track is not None:
            music |= {
                "time": self.position_ms,
                "duration": track.duration_ms,
                "ratingKey": str(track.rating_key),
                "key": track.key,
                "machineIdentifier": self._server.name.machine_identifier,
                "controllable": "playPause,stop,skipPrevious,skipNext,seekTo",
            }
        others = [Node("Timeline", {"type": kind, "state": "stopped"}) for kind in ("video", "photo")]
        command_id = request.query_params.get("commandID", "0")
        root = Node("MediaContainer", {"commandID": command_id}, [Node("Timeline", music), *others])
        return Response(to_xml(root), media_type=XML)

    async def _resources(self, _request: Request) -> Response:
        info = self.info
        player = Node(
            "Player",
            {
                "title": info.title,
                "machineIdentifier": info.machine_identifier,
                "product": info.product,
                "platform": info.platform,
                "version": info.version,
                "protocol": "plex",
                "protocolVersion": "1",
                "protocolCapabilities": CAPABILITIES,
                "deviceClass": "pc",
            },
        )
        return Response(to_xml(Node("MediaContainer", {"size": 1}, [player])), media_type=XML)
