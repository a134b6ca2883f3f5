"""python-plexapi, which knows nothing of us, drives the simulated video player as it drives real ones."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import requests
import trio
from plexapi import server as api_server

from segue.demo.plex_library import Item
from segue.demo.plex_server import PlexServer
from segue.demo.video_player import SimulatedVideo
from tests.demo.heos_client import fresh_host
from tests.demo.video_house import exact

PlexApi: Any = api_server.PlexServer  # it has no types
T = TypeVar("T")
PROFILE = exact(toggles=True, quantum_ms=1000, creates_queues=True)


@dataclass
class Cinema:
    """A server, a player, and the client that drives it."""

    server: PlexServer
    player: SimulatedVideo
    api: Any
    client: Any

    @property
    def film(self) -> Item:
        return self.server.library.section("movie").items[0]

    async def do(self, act: Callable[[Any], T]) -> T:
        """Let the client do something, as it blocks meanwhile."""
        return await trio.to_thread.run_sync(act, self.client)

    async def timeline(self) -> Any:
        """What the client sees; it keeps what it saw for a second."""

        def look(client: Any) -> Any:
            client._timeline_cache_timestamp = 0
            return client.timeline

        return await self.do(look)

    async def play(self, offset_ms: int = 0) -> None:
        """Show the film, by a queue that the client makes at the server."""
        item = await trio.to_thread.run_sync(lambda: self.api.fetchItem(self.film.rating_key))
        await self.do(lambda client: client.playMedia(item, offset=offset_ms))


@pytest.fixture(params=[False, True], ids=["direct", "proxied"])
async def cinema(request: pytest.FixtureRequest) -> AsyncIterator[Cinema]:
    session = requests.Session()
    with trio.fail_after(120):
        async with (
            PlexServer(host=fresh_host()) as server,
            SimulatedVideo(PROFILE, host=fresh_host(), server=server) as player,
        ):

            def connect() -> tuple[Any, Any]:
                api = PlexApi(server.url, server.token, session=session, timeout=20)
                (client,) = api.clients()
                client.proxyThroughServer(request.param)
                return api, client

            api, client = await trio.to_thread.run_sync(connect)
            yield Cinema(server, player, api, client)
            session.close()


async def test_it_finds_the_player_and_what_it_is(cinema: Cinema) -> None:
    client = cinema.client
    assert (client.title, client.product) == ("Screen", "Exact")
    assert "playback" in client.protocolCapabilities


async def test_it_shows_a_film_from_a_position(cinema: Cinema) -> None:
    """To the whole second below, with the item's name in the world."""
    await cinema.play(61_500)
    seen = await cinema.timeline()
    assert (seen.state, seen.ratingKey) == ("playing", cinema.film.rating_key)
    assert 61_000 <= seen.time < 90_000
    assert seen.duration == cinema.film.duration_ms
    assert seen.playQueueID is not None


async def test_it_has_a_queue_made_and_begun_paused(cinema: Cinema) -> None:
    """As newer players take it."""
    item = await trio.to_thread.run_sync(lambda: cinema.api.fetchItem(cinema.film.rating_key))
    await cinema.do(lambda client: client.createPlayQueue(cinema.api, item, offset=61_500, paused=True))
    seen = await cinema.timeline()
    assert (seen.state, seen.time, seen.ratingKey) == ("paused", 61_000, cinema.film.rating_key)


async def test_it_seeks_pauses_and_stops(cinema: Cinema) -> None:
    await cinema.play()
    await cinema.do(lambda client: client.pause())
    await cinema.do(lambda client: client.seekTo(100_700))
    seen = await cinema.timeline()
    assert (seen.state, seen.time) == ("paused", 100_000)
    await cinema.do(lambda client: client.pause())
    assert (await cinema.timeline()).state == "playing"  # one button
    await cinema.do(lambda client: client.stop())
    assert await cinema.timeline() is None


async def test_the_server_hears_what_is_shown(cinema: Cinema) -> None:
    """Its sessions name the player and the film."""
    await cinema.play(61_500)

    def sessions() -> list[Any]:
        for _ in range(100):
            if found := cinema.api.sessions():
                return list(found)
            time.sleep(0.05)
        return []

    (session,) = await trio.to_thread.run_sync(sessions)
    assert session.ratingKey == cinema.film.rating_key
    assert session.players[0].machineIdentifier == cinema.player.info.machine_identifier
