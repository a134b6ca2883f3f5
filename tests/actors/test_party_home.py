"""Which players a home has for parties, and what is missing, by simulated devices on real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from segue.actors.party_home import HomePlayer, PartyHome
from segue.actors.party_plex import HomePlex
from segue.adapters.gdm import Address
from segue.adapters.http_client import HttpClient
from segue.demo.plex_server import PlexServer
from segue.demo.plex_sessions import PlayerInfo as DemoPlayer
from segue.demo.video_player import SimulatedVideo
from tests.demo.heos_client import fresh_host

TOKEN = "canary-owner-token-44"
TV, BOX = ("tv-1", "Living Room TV"), ("box-1", "Bedroom Box")


class House:
    """A server, its network, and who looks around."""

    def __init__(self, server: PlexServer, plex: HomePlex, nursery: trio.Nursery) -> None:
        self.server, self.plex, self._nursery = server, plex, nursery
        self.addresses: list[Address] = []
        self.titles: dict[str, str] = {}

    async def opens(
        self, identifier: str, title: str, *, known: bool = True, gdm: bool = False
    ) -> SimulatedVideo:
        """Switch a player on; `known` to the server, found by `gdm`."""
        player = SimulatedVideo(
            "shim",
            host=fresh_host(),
            title=title,
            machine_identifier=identifier,
            server=self.server if known else None,
        )
        await self._nursery.start(self._open, player)
        if gdm:
            self.addresses.append(await player.be_found((player.info.address, 0)))
        return player

    async def _open(self, player: SimulatedVideo, task_status: trio.TaskStatus[None]) -> None:
        async with player:
            task_status.started()
            await trio.sleep_forever()

    async def looks(self, *authorized: str) -> list[HomePlayer]:
        """Look around."""
        home = PartyHome(
            self.plex,
            authorized,
            lambda: self.titles,
            gdm=bool(self.addresses),
            gdm_addresses=self.addresses,
        )
        self.seen = await home.look()
        return list(self.seen.players)


@asynccontextmanager
async def opened() -> AsyncIterator[House]:
    with trio.fail_after(120):
        async with (
            PlexServer(host=fresh_host(), port=0, token=TOKEN) as server,
            HttpClient("segue-test/1") as http,
            trio.open_nursery() as nursery,
        ):
            yield House(server, HomePlex(http, server.url, lambda: TOKEN, "client-1"), nursery)
            nursery.cancel_scope.cancel()


async def test_authorised_players_are_found_by_title_or_identifier_and_others_left_alone() -> None:
    async with opened() as house:
        await house.opens(*TV)
        await house.opens(*BOX)
        stranger = await house.opens("radio-9", "Kitchen Radio")
        box, tv = await house.looks("box-1", " living room tv ")
        assert (box.device_id, box.title, box.problem) == ("box-1", "Bedroom Box", "")
        assert (tv.device_id, tv.title, tv.problem) == ("tv-1", "Living Room TV", "")
        assert house.seen.others == ("Kitchen Radio",)
        assert stranger.face.heard == []
        assert house.seen.player("radio-9") is None
        assert house.seen.player("Living Room TV") == tv, "the old protocol names titles"


async def test_a_player_that_only_the_network_knows_is_found_by_a_search() -> None:
    async with opened() as house:
        player = await house.opens(*TV, known=False, gdm=True)
        (tv,) = await house.looks("Living Room TV")
        assert tv.problem == ""
        assert tv.info is not None
        assert (tv.info.host, tv.info.port) == (player.info.address, player.port)


async def test_an_app_that_is_closed_is_named_with_what_to_do() -> None:
    async with opened() as house:
        house.titles["tv-1"] = "Living Room TV"
        (tv,) = await house.looks("Living Room TV")
        assert (tv.device_id, tv.problem) == ("tv-1", "app_closed"), "it was seen on another evening"
        assert "Open its Plex app" in tv.detail
        (nobody,) = await house.looks("Attic")
        assert (nobody.device_id, nobody.problem) == ("", "app_closed")


async def test_a_player_that_plays_and_cannot_be_found_is_not_discoverable() -> None:
    async with opened() as house:
        player = await house.opens(*TV)
        item = house.server.library.section("movie").items[0]
        film = {"key": f"/library/metadata/{item.rating_key}", "protocol": "http", "offset": "0"}
        where = {"address": house.server.host, "port": str(house.server.port), "token": TOKEN}
        await player.face._play_media(film | where | {"containerKey": film["key"]})
        while not house.server.sessions.shown():
            await trio.sleep(0.02)
        house.server.players.clear()
        (tv,) = await house.looks("Living Room TV")
        assert tv.problem == "not_found"
        assert "Advertise as player" in tv.detail


async def test_a_player_that_no_way_leads_to_is_named() -> None:
    async with opened() as house:
        info = DemoPlayer(
            "tv-1", "Living Room TV", product="Old", platform="", version="", address=fresh_host()
        )
        house.server.players["tv-1"] = (info, 9)
        (tv,) = await house.looks("tv-1")
        assert tv.problem == "no_route"
        assert f"{info.address} port 9" in tv.detail
        assert TOKEN not in tv.detail


async def test_two_of_one_name_are_not_guessed_between() -> None:
    async with opened() as house:
        await house.opens("tv-1", "Plex for Android")
        await house.opens("tv-2", "Plex for Android")
        (either,) = await house.looks("Plex for Android")
        assert either.problem == "ambiguous"
        assert "tv-1, tv-2" in either.detail
        (one,) = await house.looks("tv-2")
        assert one.problem == ""


@pytest.mark.parametrize("gdm", [True, False])
async def test_a_server_that_is_down_is_the_problem_of_every_player(gdm: bool) -> None:
    async with opened() as house:
        await house.opens(*TV, gdm=gdm)
        await house.server.shut_down()
        (tv,) = await house.looks("Living Room TV")
        assert tv.problem == "plex_down"
        assert "does not answer" in tv.detail
        assert (tv.info is not None) is gdm


async def test_a_guest_of_a_shared_server_finds_players_by_the_network() -> None:
    """Its token is good for films; who listens is the owner's to know."""
    async with opened() as house:
        await house.opens(*TV, known=False, gdm=True)
        house.server.faults.unauthorized = True
        (tv,) = await house.looks("Living Room TV")
        assert tv.problem == ""


async def test_a_home_without_a_server_says_so() -> None:
    seen = await PartyHome(None, ["TV"], dict, gdm=False).look()
    (tv,) = seen.players
    assert tv.problem == "plex_down"
    assert "[plex] url" in tv.detail
