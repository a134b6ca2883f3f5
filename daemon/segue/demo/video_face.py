"""The Companion face of a video player: commands in, timelines out. It is as unkind as real ones are.

What it does is the engine's; what it understands, answers and forgets is here: whole-second seeks, one button for play
and pause, offsets that are ignored, answers that say 200 and mean no, subscriptions that a poll ends.

References: the Companion protocol as players and controllers speak it (`/player/playback/*`, `/player/timeline/*`);
the unkindnesses are those of Plex MPV Shim, and of others as their users report them.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from segue.demo.plex_document import XML, Node, to_xml
from segue.demo.plex_routes import number
from segue.demo.plex_sessions import PlayerInfo
from segue.demo.video_engine import Cassette, Film, VideoEngine
from segue.demo.video_profiles import Latency, Profile, Troubles
from segue.runtime.http import ClientGoneError

POLL_S_MAX: Final = 30.0
"""Longest wait of `poll?wait=1`."""
TICK_S: Final = 1.0
"""While it plays, who waits hears of it so often (measured: 0.93-1.08 s)."""
SUBSCRIPTION_S: Final = 90.0
"""A subscription that is not renewed ends after so long."""
CONTROLLABLE: Final = "playPause,stop,volume,audioStream,subtitleStream,seekTo,skipTo,stepBack"
OK: Final = b'<?xml version="1.0" encoding="utf-8"?>\n<Response code="200" status="OK"/>\n'
BROKEN: Final = b'<?xml version="1.0" encoding="utf-8"?>\n<Response code="200" status="OK">'
REFUSED: Final = (
    b'<?xml version="1.0"?>\n<MediaContainer><Response code="500" status="Failed"/></MediaContainer>'
)
REPLIES: Final = {"xml": OK, "ok": b"OK", "broken": BROKEN}

Fetch = Callable[[str, str], Awaitable[Cassette | None]]


@dataclass
class Heard:
    """One command as it came in: when, what, and in whose name."""

    at: float
    verb: str
    query: dict[str, str]
    controller: str
    relayed: bool


@dataclass
class Subscriber:
    """A controller that is told by itself. `url` is where, `until` when that ends."""

    url: str
    until: float


class VideoFace:
    """The commands, the polls and the subscribers of one player."""

    def __init__(
        self,
        engine: VideoEngine,
        info: PlayerInfo,
        profile: Profile,
        troubles: Troubles,
        films: Mapping[str, Film],
        fetch: Fetch,
        rng: random.Random,
    ) -> None:
        """`films` are those that need no server; `fetch` gets any other from where a client says it is."""
        self.heard: list[Heard] = []
        self.subscribers: dict[str, Subscriber] = {}
        self.subscribed = trio.Event()
        self.volume = 100
        self._engine = engine
        self._info = info
        self._profile = profile
        self._troubles = troubles
        self._films = films
        self._fetch = fetch
        self._rng = rng
        self._command_ids: dict[str, int] = {}
        self._polled_at: dict[str, float] = {}

    def application(self) -> Starlette:
        """Make the ASGI application."""
        return Starlette(
            routes=[
                Route("/player/playback/{verb}", self._command, methods=["GET", "POST"]),
                Route("/player/timeline/poll", self._poll),
                Route("/player/timeline/subscribe", self._subscribe),
                Route("/player/timeline/unsubscribe", self._unsubscribe),
                Route("/resources", self._resources),
            ]
        )

    def forget(self) -> None:
        """Forget all controllers, as a program does that ends."""
        self.subscribers.clear()
        self._command_ids.clear()
        self._polled_at.clear()

    # ------------------------------------------------------------ commands

    async def _command(self, request: Request) -> Response:
        troubles, verb = self._troubles, request.path_params["verb"]
        await self._hop()
        controller, query = _controller(request), dict(request.query_params)
        relayed = request.headers.get("x-plex-relayed") == "1"
        self.heard.append(Heard(trio.current_time(), verb, query, controller, relayed))
        if troubles.server_only and not relayed:
            return Response(b"", 403)
        if self._is_forgotten(controller):
            return Response(b"", 406)
        act = self._verbs(query).get(verb)
        if act is None or verb in troubles.refuse:
            return self._said(REFUSED)
        self._note_command(request)
        if verb not in troubles.lie:
            await act()
        return await self._answer(verb, self._said(REPLIES[self._profile.reply]))

    async def _answer(self, verb: str, answer: Response) -> Response:
        """Answer, later or in pieces or never, as the troubles want it."""
        if verb in self._troubles.hang:
            await trio.sleep(3600)
        if verb in self._troubles.drop:
            return StreamingResponse(_cut(), headers={"content-length": "100"})
        await trio.sleep(self._troubles.late_s)
        await self._hop()
        return answer

    def _verbs(self, query: Mapping[str, str]) -> dict[str, Callable[[], Awaitable[None]]]:
        engine = self._engine

        async def toggle() -> None:
            await (engine.pause() if engine.wants_to_run else engine.play())

        async def step(by_ms: int) -> None:
            await engine.seek(max(0, ((await engine.shown()).time_ms or 0) + by_ms))

        async def set_parameters() -> None:
            if "volume" in query:
                self.volume = min(100, number(query["volume"]))

        async def nothing() -> None:
            """Take a command that changes nothing here."""

        one_button = self._profile.toggles
        return {
            "play": toggle if one_button else engine.play,
            "pause": toggle if one_button else engine.pause,
            "stop": engine.stop,
            "seekTo": lambda: engine.seek(self._whole(number(query.get("offset")))),
            "skipTo": lambda: self._show(query, query.get("key", "")),
            "stepBack": lambda: step(-10_000),
            "setParameters": set_parameters,
            "setStreams": nothing,
            "refreshPlayQueue": nothing,
            "playMedia": lambda: self._play_media(query),
            **(
                {"createPlayQueue": lambda: self._create_queue(query)} if self._profile.creates_queues else {}
            ),
        }

    def _whole(self, position_ms: int) -> int:
        return position_ms - position_ms % self._profile.quantum_ms

    async def _play_media(self, query: Mapping[str, str]) -> None:
        """Show what a play queue of the server has selected. Without a queue there is nothing to show."""
        if query.get("containerKey"):
            await self._show(query, query.get("key", ""))

    async def _create_queue(self, query: Mapping[str, str]) -> None:
        _, _, key = query.get("uri", "").partition("/library/metadata/")
        await self._show(query, f"/library/metadata/{key}", paused=query.get("paused") == "1")

    async def _show(self, query: Mapping[str, str], key: str, *, paused: bool = False) -> None:
        cassette = await self._cassette(query, key)
        if cassette is None:
            return
        offset_ms = self._whole(number(query.get("offset")))
        if self._troubles.ignore_offsets > 0:
            self._troubles.ignore_offsets -= 1
            offset_ms = 0
        await self._engine.load(cassette, offset_ms, paused=paused)

    async def _cassette(self, query: Mapping[str, str], key: str) -> Cassette | None:
        """Find a film: one of our own, or one of the server that the command names."""
        film = self._films.get(key.rpartition("/")[2])
        container_key = query.get("containerKey", "")
        if film is not None:
            return Cassette(
                film,
                machine_identifier=query.get("machineIdentifier", ""),
                protocol=query.get("protocol", "http"),
                address=query.get("address", ""),
                port=number(query.get("port")),
                container_key=container_key.partition("?")[0],
            )
        if not query.get("address"):
            return None
        place = f"{query.get('protocol', 'http')}://{query['address']}:{query.get('port', '32400')}"
        return await self._fetch(place + (container_key or key), query.get("token", ""))

    # ------------------------------------------------------------ what it does

    async def _poll(self, request: Request) -> Response:
        """Say what it does: at once, or at its next change or tick when asked to wait."""
        await self._hop()
        controller = _controller(request)
        if not controller or "commandID" not in request.query_params:
            return self._said(REFUSED)
        self._polled_at[controller] = trio.current_time()
        self._note_command(request)
        if self._profile.poll_ends_subscription:
            self.subscribers.pop(controller, None)
        if request.query_params.get("wait") == "1":
            longest_s = TICK_S if self._engine.wants_to_run else POLL_S_MAX
            with trio.move_on_after(longest_s):
                await self._engine.changed().wait()
        if self._troubles.garbage is not None:
            return self._said(self._troubles.garbage)
        body = await self.timelines(controller)
        return await self._answer("poll", self._said(body))

    async def timelines(self, controller: str) -> bytes:
        """Write what it does, for a controller that counts its own commands."""
        shown, cassette = await self._engine.shown(), self._engine.cassette
        state = self._troubles.claims or shown.state
        video: dict[str, str | int | None] = {"type": "video", "state": state}
        if cassette is not None:
            time_ms = shown.time_ms
            if time_ms is not None:
                time_ms = max(0, time_ms + self._troubles.bias_ms)
            film = cassette.film
            video |= {
                "time": time_ms,
                "duration": film.duration_ms,
                "seekRange": f"0-{film.duration_ms}",
                "ratingKey": film.rating_key,
                "key": film.key,
                "guid": film.guid or None,
                "containerKey": cassette.container_key or None,
                "playQueueID": cassette.play_queue_id or None,
                "playQueueItemID": cassette.play_queue_item_id or None,
                "playQueueVersion": cassette.play_queue_version or None,
                "machineIdentifier": cassette.machine_identifier or None,
                "protocol": cassette.protocol,
                "address": cassette.address or None,
                "port": cassette.port or None,
                "volume": f"{float(self.volume)}",
                "controllable": CONTROLLABLE,
            }
        others = [Node("Timeline", {"type": kind, "state": "stopped"}) for kind in ("music", "photo")]
        location = "navigation" if cassette is None else "fullScreenVideo"
        told = {"commandID": str(self._command_ids.get(controller, 0)), "location": location}
        return to_xml(Node("MediaContainer", told, [*others, Node("Timeline", video)]))

    async def _subscribe(self, request: Request) -> Response:
        """Take or renew a subscription: the controller listens at its own address, on the port it names."""
        port, name = number(request.query_params.get("port")), _controller(request)
        named = request.headers.get("x-plex-device-name")
        if not name or not named or not 0 < port < 65536 or request.client is None:
            return self._said(REFUSED)
        self._note_command(request)
        url = f"http://{request.client.host}:{port}/:/timeline"
        self.subscribers[name] = Subscriber(url, trio.current_time() + SUBSCRIPTION_S)
        self.subscribed.set()
        self.subscribed = trio.Event()
        return await self._answer("subscribe", self._said(OK))

    async def _unsubscribe(self, request: Request) -> Response:
        self.subscribers.pop(_controller(request), None)
        return self._said(OK)

    async def _resources(self, _request: Request) -> Response:
        info = self._info
        player: dict[str, str | None] = {
            "title": info.title,
            "machineIdentifier": info.machine_identifier,
            "product": info.product,
            "platform": info.platform,
            "version": info.version,
            "protocol": "plex",
            "protocolVersion": "1",
            "protocolCapabilities": self._profile.capabilities,
            "deviceClass": self._profile.device_class,
        }
        return self._said(to_xml(Node("MediaContainer", {"size": 1}, [Node("Player", player)])))

    # ------------------------------------------------------------ habits

    def _said(self, body: bytes) -> Response:
        kind = "text/plain" if body == b"OK" else XML
        return Response(
            body, media_type=kind, headers={"connection": "close"} if self._profile.closes else None
        )

    async def _hop(self) -> None:
        """Let the house's network take its time, one way."""
        await trio.sleep(Latency(self._profile.poll_rtt_s / 2, 0.5).draw(self._rng))

    def _note_command(self, request: Request) -> None:
        name, given = _controller(request), number(request.query_params.get("commandID"))
        self._command_ids[name] = max(self._command_ids.get(name, 0), given)

    def _is_forgotten(self, controller: str) -> bool:
        every_s = self._troubles.polled_every_s
        if every_s is None:
            return False
        return trio.current_time() - self._polled_at.get(controller, -every_s) >= every_s


def _controller(request: Request) -> str:
    """Give the client identifier of who sends a command."""
    name = "X-Plex-Client-Identifier"
    return request.headers.get(name.lower()) or request.query_params.get(name, "")


async def _cut() -> AsyncIterator[bytes]:
    """End a connection within the answer's body."""
    yield b"<"
    raise ClientGoneError("the connection is cut")
