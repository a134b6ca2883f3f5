"""A video player on the network: its face on a real socket, its pushes, its reports to a server, how it is found.

`SimulatedVideo` (video_player) and `MpvVideo` (mpv_player) are devices with different engines.
"""

import math
import random
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Any, Final, Self

import httpx
import trio

from segue.demo.plex_document import XML
from segue.demo.plex_server import PlexServer
from segue.demo.plex_sessions import PlayerInfo
from segue.demo.video_engine import Cassette, Film, VideoEngine
from segue.demo.video_face import TICK_S, VideoFace
from segue.demo.video_gdm import announce, answer_searches, describe
from segue.demo.video_profiles import Profile, Troubles
from segue.runtime.http import HttpServer, open_tcp_listeners

REPORT_EVERY_S: Final = 10.0
"""While it plays, it tells its server so often."""
REPORT_S: Final = 5.0
"""Longest wait for a server."""
PUSH_S: Final = 1.0
"""Longest wait for a subscriber to take what it is told."""
VERSION: Final = "1.11.0"


class VideoDevice:
    """A player. With `port` 0 it listens anywhere; it is known to its server as soon as it is open."""

    def __init__(
        self,
        engine: VideoEngine,
        profile: Profile,
        *,
        host: str = "127.0.32.3",
        port: int = 0,
        title: str = "Screen",
        machine_identifier: str = "5c4ee700-0000-4c1a-9b3e-00000000a401",
        films: Mapping[str, Film] | None = None,
        server: PlexServer | None = None,
        troubles: Troubles | None = None,
        seed: int = 0,
    ) -> None:
        """`films` can be shown without a server; `server` is told what plays, and asked for everything else."""
        self.profile = profile
        self.troubles = troubles or Troubles()
        self.info = PlayerInfo(
            machine_identifier,
            title,
            product=profile.product,
            platform=profile.platform,
            version=VERSION,
            address=host,
        )
        self.port = port
        self.rng = random.Random(seed)
        self.films = dict(films or {})
        self.face = VideoFace(
            engine, self.info, profile, self.troubles, self.films, self._fetch, random.Random(seed + 1)
        )
        self._engine = engine
        self._server = server
        self._client = httpx.AsyncClient(timeout=REPORT_S, trust_env=False)
        self._nursery: trio.Nursery | None = None
        self._serving = trio.CancelScope()
        self._is_there = False
        self._exit_stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """Where it takes commands."""
        return f"http://{self.info.address}:{self.port}"

    @property
    def is_there(self) -> bool:
        """False while it has vanished."""
        return self._is_there

    # ------------------------------------------------------------ running

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._client)
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            self._nursery = nursery
            await self.come_back()
            nursery.start_soon(self._push)
            if self._server is not None:
                nursery.start_soon(self._report_to, self._server)
            self._exit_stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if self._server is not None:
            self._server.players.pop(self.info.machine_identifier, None)
        self._nursery = None
        return await self._exit_stack.__aexit__(kind, error, trace)

    async def _serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with trio.CancelScope() as self._serving:
            listeners = await open_tcp_listeners(self.info.address, self.port)
            self.port = listeners[0].socket.getsockname()[1]
            await HttpServer(self.face.application()).serve(listeners, task_status=task_status)

    async def vanish(self) -> None:
        """Leave the network: connections end, new ones are refused. What plays goes on playing."""
        self._serving.cancel()
        self._is_there = False
        if self._server is not None:
            self._server.players.pop(self.info.machine_identifier, None)
        await trio.sleep(0.05)

    async def come_back(self) -> None:
        """Be on the network again, at the same port; controllers are forgotten."""
        assert self._nursery is not None
        self.face.forget()
        await self._nursery.start(self._serve)
        self._is_there = True
        if self._server is not None:
            self._server.players[self.info.machine_identifier] = (self.info, self.port)

    # ------------------------------------------------------------ being found

    def description(self, start: str = "HTTP/1.0 200 OK") -> bytes:
        """Write who it is, as it answers a search."""
        more = {
            "Protocol-Capabilities": self.profile.capabilities,
            "Device-Class": self.profile.device_class,
        }
        return describe(start, self.info, self.port, more)

    async def be_found(self, address: tuple[str, int], *, late_s: float = 0.0) -> tuple[str, int]:
        """Answer searches that come to an address from now on; gives the address, for port 0."""
        assert self._nursery is not None

        def answer() -> bytes | None:
            return self.description() if self._is_there else None

        async def serve(task_status: trio.TaskStatus[tuple[str, int]] = trio.TASK_STATUS_IGNORED) -> None:
            await answer_searches(address, answer, late_s=late_s, task_status=task_status)

        bound: tuple[str, int] = await self._nursery.start(serve)
        return bound

    async def say(self, word: str, address: tuple[str, int]) -> None:
        """Announce itself once: `HELLO` or `BYE`."""
        await announce(address, self.description(f"{word} * HTTP/1.0"))

    # ------------------------------------------------------------ telling others

    async def _push(self) -> None:
        """Tell the subscribers until cancelled: at once, at every change, and every second while it plays."""
        face = self.face
        while True:
            change, subscribed, now = self._engine.changed(), face.subscribed, trio.current_time()
            for name in [name for name, each in face.subscribers.items() if each.until <= now]:
                del face.subscribers[name]
            if self._is_there:
                async with trio.open_nursery() as nursery:
                    for name, each in face.subscribers.items():
                        nursery.start_soon(self._push_to, name, each.url)
            playing = bool(face.subscribers) and self._engine.wants_to_run
            with trio.move_on_after(TICK_S if playing else math.inf):
                await _either(change, subscribed)

    async def _push_to(self, name: str, url: str) -> None:
        """Tell one subscriber; one that does not take it has to look after itself."""
        headers = {"Content-Type": XML, "X-Plex-Client-Identifier": self.info.machine_identifier}
        headers |= {"X-Plex-Protocol": "1.0", "X-Plex-Device-Name": self.info.title}
        body = await self.face.timelines(name)
        with trio.move_on_after(PUSH_S), suppress(httpx.HTTPError, httpx.InvalidURL):
            await self._client.post(url, content=body, headers=headers)

    async def _report_to(self, server: PlexServer) -> None:
        """Tell the server until cancelled: at every change, and every ten seconds while it plays."""
        last: Cassette | None = None
        while True:
            change, cassette = self._engine.changed(), self._engine.cassette
            if last is not None and cassette is not last:
                await self._report(server, last, "stopped", 0)
            if cassette is not None:
                shown = await self._engine.shown()
                await self._report(server, cassette, shown.state, shown.time_ms or 0)
            last = cassette
            with trio.move_on_after(REPORT_EVERY_S if self._engine.wants_to_run else math.inf):
                await change.wait()

    async def _report(self, server: PlexServer, cassette: Cassette, state: str, time_ms: int) -> None:
        film = cassette.film
        report = {"ratingKey": film.rating_key, "key": film.key, "state": state, "time": str(time_ms)}
        report |= {"duration": str(film.duration_ms), "containerKey": cassette.container_key}
        report |= {
            "playQueueID": cassette.play_queue_id,
            "playQueueItemID": cassette.play_queue_item_id,
        }
        headers = {
            "X-Plex-Token": server.token,
            "X-Plex-Client-Identifier": self.info.machine_identifier,
            "X-Plex-Device-Name": self.info.title,
            "X-Plex-Product": self.info.product,
            "X-Plex-Platform": self.info.platform,
            "X-Plex-Version": self.info.version,
            "X-Plex-Session-Identifier": f"session-of-{self.info.machine_identifier}",
        }
        with suppress(httpx.HTTPError):
            await self._client.get(f"{server.url}/:/timeline", params=report, headers=headers)

    async def _fetch(self, url: str, token: str) -> Cassette | None:
        """Fetch a play queue, or an item, from where a client says it is; nothing when that cannot be done."""
        own = self._server.token if self._server else ""
        headers = {"X-Plex-Token": token or own, "Accept": "application/json"}
        try:
            answer = await self._client.get(url, headers=headers)
            container: dict[str, Any] = answer.json()["MediaContainer"]
            entries: list[dict[str, Any]] = container["Metadata"]
            selected = container.get("playQueueSelectedItemID")
            entry = next((e for e in entries if e.get("playQueueItemID") == selected), entries[0])
            film = Film(
                str(entry["ratingKey"]),
                int(entry["duration"]),
                str(entry.get("guid", "")),
                str(entry.get("title", "")),
                str(entry["Media"][0]["Part"][0].get("file", "")),
            )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, IndexError):
            return None
        where = httpx.URL(url)
        return Cassette(
            film,
            machine_identifier=self._server.name.machine_identifier if self._server else "",
            protocol=where.scheme,
            address=where.host,
            port=where.port or 32400,
            container_key=where.path,
            play_queue_id=str(container.get("playQueueID", "")),
            play_queue_item_id=str(selected or ""),
            play_queue_version=str(container.get("playQueueVersion", "")),
        )


async def _either(one: trio.Event, other: trio.Event) -> None:
    async with trio.open_nursery() as nursery:

        async def wait(event: trio.Event) -> None:
            await event.wait()
            nursery.cancel_scope.cancel()

        nursery.start_soon(wait, one)
        nursery.start_soon(wait, other)
