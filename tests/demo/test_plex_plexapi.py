"""python-plexapi, which knows nothing of us, uses the simulated server and player as it uses real ones."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
import requests
import trio
from plexapi import client as api_client
from plexapi import server as api_server
from plexapi.exceptions import NotFound, Unauthorized

from segue.demo.plex_player import PlexampPlayer
from segue.demo.plex_server import PlexServer
from tests.demo.heos_client import fresh_host

PlexApi: Any = api_server.PlexServer  # it has no types
PlexClient: Any = api_client.PlexClient
T = TypeVar("T")
TIMEOUT_S = 20
ALBUM = "First Light on the Wire"
TRACKS = ["Handshake", "Nagle's Waltz", "Slow Start", "Window Scale", "Keepalive", "Half Closed"]


@dataclass
class Visitor:
    """A simulated house, and the client that looks at it from a thread of its own."""

    server: PlexServer
    player: PlexampPlayer
    api: Any

    async def see(self, look: Callable[[Any], T]) -> T:
        """Let the client do something, as it blocks meanwhile."""
        return await trio.to_thread.run_sync(look, self.api)

    async def client(self, *, proxied: bool) -> Any:
        """Give the player as the client finds it at the server."""

        def find(api: Any) -> Any:
            (client,) = api.clients()
            client.proxyThroughServer(proxied)
            return client

        return await self.see(find)


@pytest.fixture
async def house() -> AsyncIterator[Visitor]:
    session = requests.Session()
    with trio.fail_after(120):
        async with (
            PlexServer(host=fresh_host()) as server,
            PlexampPlayer(server, host=fresh_host()) as player,
        ):
            api = await trio.to_thread.run_sync(
                lambda: PlexApi(server.url, server.token, session=session, timeout=TIMEOUT_S)
            )
            yield Visitor(server, player, api)
            session.close()


def titles(items: Any) -> list[str]:
    return [item.title for item in items]


# ------------------------------------------------------------------ the server


async def test_it_connects(house: Visitor) -> None:
    """The server says who it is."""
    api = house.api
    assert (api.friendlyName, api.machineIdentifier) == ("Cellar", house.server.name.machine_identifier)
    assert api.version == house.server.name.version


async def test_a_wrong_token_is_unauthorized(house: Visitor) -> None:
    """As with a real server, whose answer is a page of HTML."""

    def knock(_api: Any) -> None:
        with requests.Session() as session:
            PlexApi(house.server.url, "wrong", session=session, timeout=TIMEOUT_S)

    with pytest.raises(Unauthorized):
        await house.see(knock)


async def test_the_servers_own_pages_are_read(house: Visitor) -> None:
    """Accounts, devices, settings, activities, butler, statistics, transcodes, playlists, a passing token."""

    def look(api: Any) -> None:
        assert titles_of(api.systemAccounts()) == ["owner"]
        assert titles_of(api.systemDevices()) == ["Shelf"]
        assert api.settings.get("LoudnessAnalysisBehavior").value == "scheduled"
        assert api.activities == api.butlerTasks() == api.bandwidth() == api.transcodeSessions() == []
        assert api.playlists() == []
        assert api.createToken().startswith("transient-")

    def titles_of(things: Any) -> list[str]:
        return [thing.name for thing in things]

    await house.see(look)


# ------------------------------------------------------------------ the library


async def test_sections_list_what_they_hold(house: Visitor) -> None:
    """Films, shows down to the episode, music down to the track, and how many there are."""

    def look(api: Any) -> None:
        assert titles(api.library.sections()) == ["Films", "Television", "Music"]
        films, shows, music = api.library.sections()
        assert "Two Minutes" in titles(films.all())
        show = shows.get("Harbour Street")
        assert titles(show.seasons()) == ["Season 1", "Season 2"]
        assert titles(show.episodes()) == ["Pilot", "Fog", "The Wrong Boat", "Return", "Low Tide"]
        assert show.episode(season=1, episode=2).title == "Fog"
        assert titles(music.albums())[:2] == [ALBUM, "Acknowledged"]
        artist = music.get("The Loopbacks")
        assert titles(artist.albums()) == [ALBUM, "Acknowledged"]
        assert titles(artist.album(ALBUM).tracks()) == TRACKS
        assert artist.track("Fin").album().title == "Acknowledged"
        assert artist.track("Fin").artist().title == "The Loopbacks"
        assert (music.totalSize, music.totalViewSize("track")) == (3, 20)
        assert titles(music.hubs()) == ["Recently Added"]

    await house.see(look)


async def test_items_are_fetched_by_key(house: Visitor) -> None:
    """One, or several at once; one that is not there is not found."""

    def look(api: Any) -> None:
        assert api.fetchItem(3).title == "Handshake"
        assert titles(api.fetchItems("/library/metadata/1,3,33")) == [
            "The Loopbacks",
            "Handshake",
            "Two Minutes",
        ]
        with pytest.raises(NotFound):
            api.fetchItem(99999)

    await house.see(look)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"title": "orbit"}, ["Orbit of the Paper Moon", "Orbit of the Paper Moon"]),
        ({"year": 1962}, ["The Lighthouse Keeper's Radio"]),
        ({"year": [1962, 1987]}, ["The Lighthouse Keeper's Radio", "Midnight at Platform Nine"]),
        ({"genre": "Thriller"}, ["Midnight at Platform Nine"]),
        ({"resolution": "720"}, ["Two Minutes"]),
        ({"filters": {"year>>": 2015}}, ["Two Minutes", "Orbit of the Paper Moon"]),
        ({"filters": {"title==": "two minutes"}}, ["Two Minutes"]),
        ({"sort": "year", "limit": 1}, ["The Lighthouse Keeper's Radio"]),
        ({"sort": "year:desc", "maxresults": 1}, ["Orbit of the Paper Moon"]),
        ({"unwatched": False}, []),
    ],
)
async def test_a_section_is_searched(house: Visitor, arguments: dict[str, Any], expected: list[str]) -> None:
    """The client first reads which filters there are, and refuses what is not named there."""

    def look(api: Any) -> list[str]:
        return sorted(titles(api.library.section("Films").search(**arguments)))

    assert await house.see(look) == sorted(expected)


async def test_the_values_of_a_filter_are_listed(house: Visitor) -> None:
    """Genres of films."""
    genres = await house.see(lambda api: titles(api.library.section("Films").listFilterChoices("genre")))
    assert genres == ["Documentary", "Drama", "Science Fiction", "Short", "Thriller"]


async def test_everything_is_searched(house: Visitor) -> None:
    """By hubs, and by title in all sections."""

    def look(api: Any) -> None:
        assert titles(api.search("Handshake", mediatype="track")) == ["Handshake"]
        assert titles(api.search("small")) == ["Small Change", "Small Hours"]
        assert titles(api.library.search("Handshake")) == ["Handshake"]
        assert "Two Minutes" in titles(api.library.recentlyAdded())

    await house.see(look)


@pytest.mark.parametrize("guid", ["tmdb://900006", "imdb://tt0900006"])
async def test_an_item_is_found_by_an_id_elsewhere(house: Visitor, guid: str) -> None:
    """Through `matches`, as the client does; one that is unknown is not found."""

    def look(api: Any) -> None:
        films = api.library.section("Films")
        item = films.getGuid(guid)
        assert item.title == "Two Minutes"
        assert guid in [each.id for each in item.guids]
        assert films.getGuid(item.guid) == item
        with pytest.raises(NotFound):
            films.getGuid("tmdb://1")

    await house.see(look)


async def test_what_was_played_is_kept(house: Visitor) -> None:
    """Played, not played, begun, rated; and a history that can be asked for a time."""

    def look(api: Any) -> None:
        film = api.library.section("Films").get("Two Minutes")
        film.markPlayed()
        assert (film.reload().viewCount, film.isPlayed) == (1, True)
        assert titles(api.history()) == ["Two Minutes"]
        assert titles(api.history(mindate=datetime.now() - timedelta(hours=1))) == ["Two Minutes"]  # noqa: DTZ005
        assert api.history(mindate=datetime.now() + timedelta(hours=1)) == []  # noqa: DTZ005
        film.markUnplayed()
        assert not film.reload().isPlayed
        film.updateProgress(61_000)
        assert film.reload().viewOffset == 61_000
        assert titles(api.library.onDeck()) == ["Two Minutes"]
        film.rate(8)
        assert film.reload().userRating == 8
        film.refresh()
        film.analyze()

    await house.see(look)


# ------------------------------------------------------------------ sessions and players


async def test_a_session_has_its_player_and_its_loudness(house: Visitor) -> None:
    """Sessions alone, and single items, have the streams with what the loudness analysis found."""
    await house.player.press_play(house.server.library.find(ALBUM, "album").children)

    def look(api: Any) -> None:
        (track,) = api.sessions()
        assert (track.title, track.TYPE, track.usernames) == ("Handshake", "track", ["owner"])
        (player,) = track.players
        assert (player.title, player.state, player.machineIdentifier) == (
            "Shelf",
            "playing",
            house.player.info.machine_identifier,
        )
        assert player.address == house.player.info.address
        for item in (track, api.fetchItem(track.ratingKey)):
            (stream,) = item.media[0].parts[0].audioStreams()
            assert (stream.gain, stream.albumGain, stream.loudness) == (-9.6, -8.4, -8.4)
            assert (stream.peak, stream.albumPeak, stream.lra) == (0.95, 0.99, 6.0)

    await house.see(look)
    await house.player.press_stop()
    assert await house.see(lambda api: api.sessions()) == []


@pytest.mark.parametrize("proxied", [True, False], ids=["by the server", "directly"])
async def test_a_player_obeys(house: Visitor, proxied: bool) -> None:
    """Every command of playing, and what the player says of itself after it."""
    await house.player.press_play(house.server.library.find(ALBUM, "album").children)
    player = await house.client(proxied=proxied)
    key = house.server.library.find("Keepalive").key

    def music() -> Any:
        player._timeline_cache_timestamp = 0.0  # it keeps what it polled for a second
        (timeline,) = [each for each in player.timelines() if each.type == "music"]
        return timeline

    def use(api: Any) -> None:
        player.pause("music")
        assert (music().state, api.sessions()[0].players[0].state) == ("paused", "paused")
        player.seekTo(50_000, "music")
        assert (music().time, api.sessions()[0].viewOffset) == (50_000, 50_000)
        player.stepForward("music")
        assert music().time == 60_000
        player.play("music")
        assert music().state == "playing"
        assert player.isPlayingMedia()
        player.skipNext("music")
        assert titles(api.sessions()) == ["Nagle's Waltz"]
        player.skipPrevious("music")
        assert titles(api.sessions()) == ["Handshake"]
        player.skipTo(key, "music")
        assert titles(api.sessions()) == ["Keepalive"]
        player.setVolume(40, "music")
        player.stop("music")
        assert (music().state, api.sessions()) == ("stopped", [])

    await house.see(use)
    assert {relayed for _, _, relayed in house.player.commands} == {proxied}


@pytest.mark.parametrize("proxied", [True, False], ids=["by the server", "directly"])
async def test_a_player_plays_what_it_is_given(house: Visitor, proxied: bool) -> None:
    """A play queue is made, and the player starts at its selected item, where it is told to."""
    player = await house.client(proxied=proxied)

    def use(api: Any) -> None:
        artist = api.library.section("Music").get("The Loopbacks")
        player.playMedia(artist.album(ALBUM).tracks()[2], offset=30_000)
        (session,) = api.sessions()
        assert session.title == "Slow Start"
        assert session.viewOffset >= 30_000
        player.playMedia(artist.album("Acknowledged"))
        player.skipNext("music")
        assert titles(api.sessions()) == ["Duplicate"]

    await house.see(use)


async def test_a_play_queue_is_changed(house: Visitor) -> None:
    """Items come, move and go; the client sees the queue after each."""

    def use(api: Any) -> None:
        artist = api.library.section("Music").get("The Loopbacks")
        queue = api.createPlayQueue(artist.album("Acknowledged"))
        assert titles(queue.items) == ["Out of Order", "Duplicate", "Sliding", "Fin"]
        queue.addItem(artist.track("Keepalive"), playNext=True)
        assert titles(queue.items)[1] == "Keepalive"
        queue.moveItem(queue.items[-1], after=queue.items[0])
        queue.removeItem(queue.items[2])
        assert titles(queue.items) == ["Out of Order", "Fin", "Duplicate", "Sliding"]
        queue.clear()
        assert queue.items == []

    await house.see(use)


async def test_the_administrator_ends_a_session(house: Visitor) -> None:
    """It is gone at once, and the player stops when it reports the next time."""
    await house.player.press_play(house.server.library.find(ALBUM, "album").children)
    await house.see(lambda api: api.sessions()[0].stop("Bed time"))
    assert await house.see(lambda api: api.sessions()) == []
    await house.player.report()
    assert house.player.state == "stopped"
    assert await house.see(lambda api: api.sessions()) == []


async def test_a_player_is_reached_without_a_server(house: Visitor) -> None:
    """At its own address, where it says who it is."""
    url = f"http://{house.player.info.address}:{house.player.port}"

    def use(api: Any) -> str:
        client = PlexClient(baseurl=url, token=house.server.token, session=api._session, timeout=TIMEOUT_S)
        return str(client.title)

    assert await house.see(use) == "Shelf"
