"""What the simulated player answers to its remote controls: Plex Companion.

A command is obeyed at once and answered when the server has heard of it, or after a second. Who subscribes hears of
every change, and every second while it plays.

References: the Companion protocol as players and controllers speak it (`/player/playback/*`, `/player/timeline/*`).
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from segue.demo.plex_document import XML, Node, to_xml
from segue.demo.plex_routes import CAPABILITIES, number

if TYPE_CHECKING:
    from segue.demo.plex_player import PlexampPlayer

ANSWER_S: Final = 1.0
"""Longest wait for the server before a command is answered."""
POLL_S_MAX: Final = 20.0
"""Longest wait of `poll?wait=1`."""
PUSH_EVERY_S: Final = 1.0
"""While it plays (measured at Plex MPV Shim)."""
PUSH_S: Final = 1.0
"""Longest wait for a subscriber to take what it is told."""
SUBSCRIPTION_S: Final = 90.0
"""A subscription that is not renewed ends after so long."""
STEP_MS: Final = 10_000
"""How far `stepForward` and `stepBack` go."""
CONTROLLABLE: Final = "playPause,stop,skipPrevious,skipNext,seekTo"


@dataclass
class Subscriber:
    """A controller that is told by itself. `url` is where, `until` when that ends."""

    url: str
    until: float


class Companion:
    """The commands, the polls and the subscribers of one player."""

    def __init__(self, player: "PlexampPlayer") -> None:
        self._player = player
        self._subscribers: dict[str, Subscriber] = {}
        self._subscribed = trio.Event()
        self._command_ids: dict[str, int] = {}
        """The last command of each controller, by its client identifier."""

    def application(self) -> Starlette:
        """Make the ASGI application."""
        return Starlette(
            routes=[
                Route("/player/playback/{verb}", self._command, methods=["GET", "POST"]),
                Route("/player/mirror/details", self._mirror),
                Route("/player/timeline/poll", self._poll),
                Route("/player/timeline/subscribe", self._subscribe),
                Route("/player/timeline/unsubscribe", self._unsubscribe),
                Route("/resources", self._resources),
            ]
        )

    @property
    def subscribers(self) -> list[str]:
        """Where it tells what it does."""
        now = trio.current_time()
        return [each.url for each in self._subscribers.values() if each.until > now]

    def forget(self) -> None:
        """Forget all controllers, as a program does that ends."""
        self._subscribers.clear()
        self._command_ids.clear()

    # ------------------------------------------------------------ commands

    async def _mirror(self, _request: Request) -> Response:
        return Response(b"OK", media_type="text/plain")

    async def _command(self, request: Request) -> Response:
        player, quirks = self._player, self._player.quirks
        relayed = request.headers.get("x-plex-relayed") == "1"
        if quirks.refuses_direct and not relayed:
            return Response(b"", 403)
        verb = request.path_params["verb"]
        player.commands.append((trio.current_time(), verb, relayed))
        act = self._verbs(request).get(verb)
        if act is None:
            return Response(b"<Response code='404' status='Not Found'/>", 404, media_type=XML)
        is_newer = self._note_command(request)
        if not quirks.ignores and (is_newer or not quirks.strict_ids):
            with trio.move_on_after(ANSWER_S):
                await act()
        if quirks.mute:
            await trio.sleep(3600)
        await trio.sleep(quirks.slow_s)
        if quirks.odd_replies:
            return Response(b"\xff\xfenot xml <at all", media_type=XML)
        return Response(b"OK", media_type="text/plain")

    def _note_command(self, request: Request) -> bool:
        """Note a controller's `commandID`; say whether it is above its last one. No id is always new."""
        name, given = _controller(request), number(request.query_params.get("commandID"))
        last = self._command_ids.get(name, 0)
        self._command_ids[name] = max(last, given)
        return given == 0 or given > last

    def _verbs(self, request: Request) -> dict[str, Callable[[], Awaitable[None]]]:
        player, query = self._player, request.query_params

        async def toggle() -> None:
            await (player.press_pause() if player.state == "playing" else player.press_resume())

        async def step(by_ms: int) -> None:
            await player.seek(max(0, player.position_ms + by_ms))

        async def note() -> None:
            """Take a setting: volume, shuffle, repeat, streams. Nothing here depends on them."""

        return {
            "play": toggle if player.quirks.toggles else player.press_resume,
            "pause": toggle if player.quirks.toggles else player.press_pause,
            "stop": player.press_stop,
            "seekTo": lambda: player.seek(number(query.get("offset"))),
            "skipNext": player.press_next,
            "skipPrevious": lambda: player.press_next(-1),
            "skipTo": lambda: player.skip_to(query.get("key", "")),
            "stepForward": lambda: step(STEP_MS),
            "stepBack": lambda: step(-STEP_MS),
            "setParameters": note,
            "setStreams": note,
            "refreshPlayQueue": note,
            "playMedia": lambda: self._play_queue(query),
            "createPlayQueue": lambda: self._play_queue(query),
        }

    async def _play_queue(self, query: Mapping[str, str]) -> None:
        """Play a queue of the server, or have one made of what a URI names, as a client asks for it."""
        player, path = self._player, query.get("containerKey", "")
        if path.startswith("/playQueues/"):
            there = player.server.url
            if query.get("address"):
                there = f"{query.get('protocol', 'http')}://{query['address']}:{query.get('port', '32400')}"
            queue = await player.find_queue(there + path, query.get("token", ""))
        else:
            queue = player.server.queues.create(query.get("uri", ""), start_key=query.get("key", ""))
        if queue is not None:
            tracks = [entry.item for entry in queue.entries]
            offset_ms = number(query.get("offset"))
            await player.press_play(tracks, index=queue.selected, position_ms=offset_ms, queue=queue)

    # ------------------------------------------------------------ what it does

    async def _poll(self, request: Request) -> Response:
        """Say what it does: at once, or at its next change when asked to wait."""
        if request.query_params.get("wait") == "1":
            with trio.move_on_after(POLL_S_MAX):
                await self._player.change().wait()
        command_id = number(request.query_params.get("commandID"))
        return Response(self._timelines(command_id), media_type=XML)

    def _timelines(self, command_id: int) -> bytes:
        player = self._player
        track = player.track
        music: dict[str, str | int | None] = {"type": "music", "state": player.state, "volume": 0}
        if track is not None:
            music |= {
                "time": player.position_ms,
                "duration": track.duration_ms,
                "ratingKey": str(track.rating_key),
                "key": track.key,
                "machineIdentifier": player.server.name.machine_identifier,
                "controllable": CONTROLLABLE,
            }
        others = [Node("Timeline", {"type": kind, "state": "stopped"}) for kind in ("video", "photo")]
        return to_xml(Node("MediaContainer", {"commandID": command_id}, [Node("Timeline", music), *others]))

    async def _subscribe(self, request: Request) -> Response:
        """Take or renew a subscription: the controller listens at its own address, on the port it names."""
        port, name = number(request.query_params.get("port")), _controller(request)
        if not name or not 0 < port < 65536 or request.client is None:
            return Response(b"<Response code='400' status='Bad Request'/>", 400, media_type=XML)
        self._note_command(request)
        url = f"http://{request.client.host}:{port}/:/timeline"
        self._subscribers[name] = Subscriber(url, trio.current_time() + SUBSCRIPTION_S)
        self._subscribed.set()
        return Response(b"OK", media_type="text/plain")

    async def _unsubscribe(self, request: Request) -> Response:
        self._subscribers.pop(_controller(request), None)
        return Response(b"OK", media_type="text/plain")

    async def push(self) -> None:
        """Tell the subscribers until cancelled: at once, at every change, and every second while it plays."""
        async with httpx.AsyncClient(timeout=PUSH_S, trust_env=False) as client:
            while True:
                change, self._subscribed = self._player.change(), trio.Event()
                now = trio.current_time()
                self._subscribers = {name: s for name, s in self._subscribers.items() if s.until > now}
                async with trio.open_nursery() as nursery:
                    for name, subscriber in self._subscribers.items():
                        nursery.start_soon(self._push_to, client, name, subscriber)
                playing = bool(self._subscribers) and self._player.state == "playing"
                with trio.move_on_after(PUSH_EVERY_S if playing else math.inf):
                    await _either(change, self._subscribed)

    async def _push_to(self, client: httpx.AsyncClient, name: str, subscriber: Subscriber) -> None:
        """Tell one subscriber; one that does not take it has to look after itself."""
        headers = {"Content-Type": XML, "X-Plex-Client-Identifier": self._player.info.machine_identifier}
        body = self._timelines(self._command_ids.get(name, 0))
        with trio.move_on_after(PUSH_S):
            try:
                await client.post(subscriber.url, content=body, headers=headers)
            except (httpx.HTTPError, httpx.InvalidURL):
                return

    async def _resources(self, _request: Request) -> Response:
        info = self._player.info
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


def _controller(request: Request) -> str:
    """Give the client identifier of who sends a command."""
    name = "X-Plex-Client-Identifier"
    return request.headers.get(name.lower()) or request.query_params.get(name, "")


async def _either(one: trio.Event, other: trio.Event) -> None:
    async with trio.open_nursery() as nursery:

        async def wait(event: trio.Event) -> None:
            await event.wait()
            nursery.cancel_scope.cancel()

        nursery.start_soon(wait, one)
        nursery.start_soon(wait, other)
