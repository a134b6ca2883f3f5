"""A simulated Plex server with a player, and a plain client that looks at what it answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import httpx
import trio

from segue.demo.plex_library import Item
from segue.demo.plex_player import PlexampPlayer, Quirks
from segue.demo.plex_server import PlexServer
from segue.demo.plex_sessions import PlayerInfo
from tests.demo.heos_client import fresh_host

DEADLINE_S = 60.0
ALBUM = "First Light on the Wire"
STRANGER = PlayerInfo("odd-player-1", "Odd")


@dataclass
class PlexHouse:
    """The server, the player, and `http`, which carries the token."""

    server: PlexServer
    player: PlexampPlayer
    http: httpx.AsyncClient

    @property
    def album(self) -> list[Item]:
        return self.server.library.find(ALBUM, "album").children

    async def play(self) -> None:
        await self.player.press_play(self.album)

    async def sessions(self) -> list[ElementTree.Element]:
        """Read the sessions as XML."""
        return list(ElementTree.fromstring((await self.raw()).content))

    async def only(self) -> ElementTree.Element:
        (session,) = await self.sessions()
        return session

    async def raw(self, path: str = "/status/sessions", **arguments: Any) -> httpx.Response:
        return await self.http.get(path, **arguments)

    async def json(self, path: str = "/status/sessions") -> Any:
        answer = await self.raw(path, headers={"Accept": "application/json"})
        assert answer.headers["content-type"].startswith("application/json")
        return answer.json()["MediaContainer"]


@asynccontextmanager
async def on_sockets(**settings: Any) -> AsyncIterator[PlexHouse]:
    """Open a house on the network."""
    with trio.fail_after(DEADLINE_S):
        async with PlexServer(host=fresh_host(), **settings) as server:
            headers = {"X-Plex-Token": server.token}
            async with (
                PlexampPlayer(server, host=fresh_host()) as player,
                httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=20) as http,
            ):
                yield PlexHouse(server, player, http)


@asynccontextmanager
async def in_memory(**settings: Any) -> AsyncIterator[PlexHouse]:
    """Open a house in which the player and the client reach the server without a network, for virtual time."""
    server = PlexServer(**settings)
    transport = httpx.ASGITransport(server.application())
    async with (
        PlexampPlayer(
            server, host=fresh_host(), transport=httpx.ASGITransport(server.application())
        ) as player,
        httpx.AsyncClient(
            base_url="http://plex", headers={"X-Plex-Token": server.token}, transport=transport
        ) as http,
    ):
        yield PlexHouse(server, player, http)


@asynccontextmanager
async def commanded(**quirks: Any) -> AsyncIterator[tuple[PlexHouse, httpx.AsyncClient]]:
    """Open a house in which the player plays, and a client that speaks to the player itself."""
    async with on_sockets() as house:
        house.player.quirks = Quirks(**quirks)
        await house.play()
        url = f"http://{house.player.info.address}:{house.player.port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as remote:
            yield house, remote
