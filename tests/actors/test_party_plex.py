"""This home's Plex as the party agent uses it: where a player finds the server, and which token it gets."""

from collections.abc import AsyncIterator

import pytest
import trio

from segue.actors.party_media import Match
from segue.actors.party_player import PlexScreen
from segue.actors.party_plex import HomePlex
from segue.adapters.http_client import HttpClient, Origin
from segue.adapters.plex import PlexError
from segue.adapters.plex_xml import PlayerInfo
from segue.demo.plex_server import PlexServer
from segue.demo.video_player import SimulatedVideo
from tests.demo.heos_client import fresh_host

TOKEN = "canary-owner-token-55"


def player_at(host: str, port: int = 32500) -> PlayerInfo:
    """A player somewhere."""
    return PlayerInfo("tv-1", "TV", "Some Player", "", host, port, ())


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    with trio.fail_after(90):
        async with HttpClient("segue-test/1") as made:
            yield made


async def test_a_player_on_this_machine_finds_the_server_where_we_do(http: HttpClient) -> None:
    plex = HomePlex(http, "http://127.0.0.1:32400", str, "client-1")
    for host in ("127.0.0.5", "", "not an address"):
        assert plex.seen_from(player_at(host)) == plex.origin
    named = HomePlex(http, "https://plex.example.org", str, "client-1")
    assert named.seen_from(player_at("192.0.2.4")) == named.origin


async def test_a_player_elsewhere_is_not_sent_to_its_own_machine(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "127.0.0.1" is another machine for a television."""
    monkeypatch.setattr("segue.actors.party_plex._address_towards", lambda _host: "192.0.2.1")
    plex = HomePlex(http, "http://localhost:32400", str, "client-1")
    assert plex.seen_from(player_at("192.0.2.4")) == Origin.of("192.0.2.1", 32400)


async def test_a_player_that_moved_gets_another_remote_and_one_that_did_not_keeps_its_count(
    http: HttpClient,
) -> None:
    plex = HomePlex(http, "http://127.0.0.1:32400", str, "client-1")
    first = plex.remote(player_at("192.0.2.4"))
    assert plex.remote(player_at("192.0.2.4")) is first
    assert plex.remote(player_at("192.0.2.5")) is not first


async def test_a_player_gets_a_token_of_its_own_and_a_guests_player_none(http: HttpClient) -> None:
    """Where the server gives none away, the player comes in by its own account."""
    async with PlexServer(host=fresh_host(), port=0, token=TOKEN) as server:
        films = server.library.section("movie").items
        async with SimulatedVideo("shim", host=fresh_host(), machine_identifier="tv-1", server=server) as tv:
            plex = HomePlex(http, server.url, lambda: TOKEN, "client-1")
            match = Match(server.name.machine_identifier, str(films[0].rating_key), "A Film", None)
            screen = PlexScreen(plex, player_at(tv.info.address, tv.port), match)
            await screen.show(match.rating_key, 61_000)
            assert tv.face.heard[-1].query["token"] in server.transient_tokens
            assert tv.truth_ms() >= 61_000
            server.faults.unauthorized, server.faults.hit = True, ("/security/token",)
            await screen.show(match.rating_key, 0)
            assert "token" not in tv.face.heard[-1].query
            with pytest.raises(PlexError):
                await screen.show("999999", 0)
        for heard in tv.face.heard:
            assert TOKEN not in heard.query.values()
