"""A Companion controller of a few lines, for tests that look at single answers of a simulated player."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from xml.etree import ElementTree

import httpx
import trio

from segue.demo.video_engine import Film
from segue.demo.video_player import SimulatedVideo
from segue.demo.video_profiles import Latency, Profile
from tests.demo.heos_client import fresh_host

FILM = Film("51", 3_600_000, "plex://movie/0a1b2c", "A Film")
NONE = Latency(0.0, 0.0)


def exact(**changes: object) -> Profile:
    """A player that does everything at once, but for what is changed."""
    made: dict[str, object] = {
        "name": "exact",
        "product": "Exact",
        "platform": "Linux",
        "seek": NONE,
        "pause": NONE,
        "unpause": NONE,
        "start": NONE,
        "poll_rtt_s": 0.0,
    }
    return Profile(**(made | changes))  # type: ignore[arg-type]


class Controller:
    """Sends commands and reads timelines."""

    def __init__(self, client: httpx.AsyncClient, name: str = "test-hand") -> None:
        self.client = client
        self.name = name
        self.count = 0

    async def send(self, path: str, **query: object) -> httpx.Response:
        """Send anything below `/player`."""
        self.count += 1
        headers = {"X-Plex-Client-Identifier": self.name, "X-Plex-Device-Name": "test"}
        parameters = {"commandID": str(self.count)} | {name: str(value) for name, value in query.items()}
        return await self.client.get(f"/player/{path}", params=parameters, headers=headers)

    async def show(self, offset_ms: int = 0, key: str = FILM.key) -> None:
        """Have a film shown."""
        await self.send("playback/playMedia", key=key, containerKey="/playQueues/1", offset=offset_ms)

    async def video(self, **query: object) -> dict[str, str]:
        """The attributes of the video timeline."""
        answer = await self.send("timeline/poll", **query)
        (video,) = (e for e in ElementTree.fromstring(answer.content) if e.get("type") == "video")
        return dict(video.attrib)


@asynccontextmanager
async def in_memory(
    profile: Profile | str, name: str = "test-hand", **more: Any
) -> AsyncIterator[tuple[SimulatedVideo, Controller]]:
    """A player that is reached without a network, for virtual time, and a controller of it."""
    player = SimulatedVideo(profile, films={FILM.rating_key: FILM}, **more)
    transport = httpx.ASGITransport(player.face.application())
    async with httpx.AsyncClient(base_url="http://player", transport=transport, timeout=None) as client:
        yield player, Controller(client, name)


@asynccontextmanager
async def on_sockets(
    profile: Profile | str, name: str = "test-hand", **more: Any
) -> AsyncIterator[tuple[SimulatedVideo, Controller]]:
    """A player on the network, and a controller of it."""
    with trio.fail_after(60):
        async with (
            SimulatedVideo(profile, host=fresh_host(), films={FILM.rating_key: FILM}, **more) as player,
            httpx.AsyncClient(base_url=player.url, trust_env=False, timeout=20) as client,
        ):
            yield player, Controller(client, name)
