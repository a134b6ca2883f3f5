"""The Plex adapters against the simulated Plex server and player, which were written without them."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import trio

from segue.adapters.companion import Companion, PlayerAddress, PlayerRefused, PlayerUnreachable, Sent
from segue.adapters.http_client import HttpClient
from segue.adapters.plex import PlexRefused, PlexServer, PlexUnavailable
from segue.adapters.plex_xml import Loudness, PlexUnreadable, Session, Timeline
from segue.demo import plex_oddities, plex_player, plex_server
from segue.demo.plex_sessions import PlayerInfo

HOST = f"127.42.{1 + os.getpid() % 250}"
TOKEN = "demo-canary-token"
ALBUM = "First Light on the Wire"


@dataclass
class House:
    """A simulated server and player, and the adapters that look at them."""

    server: plex_server.PlexServer
    player: plex_player.PlexampPlayer
    plex: PlexServer
    companion: Companion

    async def play(self) -> None:
        """Choose an album on the player."""
        await self.player.press_play(self.server.library.find(ALBUM, "album").children)

    async def only(self) -> Session:
        """Read the one session there is."""
        (session,) = await self.plex.sessions()
        return session

    async def address(self) -> PlayerAddress:
        """Look the player up as `/clients` has it."""
        (client,) = await self.plex.clients()
        assert client.port is not None
        return PlayerAddress(client.player_id, client.host, client.port)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    server = plex_server.PlexServer(host=f"{HOST}.1", port=0, token=TOKEN)
    async with server, HttpClient("segue-test/1") as http, AsyncExitStack() as at_the_end:
        player = plex_player.PlexampPlayer(server, host=f"{HOST}.2", port=0)
        async with player:
            plex = PlexServer(server.url, lambda: TOKEN, "our-own-id", http, sessions_s=5)
            # The connections of the server's relay outlive it, unless they are closed.
            at_the_end.push_async_callback(server._client.aclose)
            yield House(
                server, player, plex, Companion(http, server.url, lambda: TOKEN, "our-own-id", direct_s=1)
            )


async def test_a_track_that_plays_is_read(house: House) -> None:
    """From a person's press on the player to a session with its loudness."""
    assert await house.plex.sessions() == ()
    await house.play()
    session = await house.only()
    assert (session.title, session.artist, session.album) == ("Handshake", "The Loopbacks", ALBUM)
    assert (session.player_title, session.player_product, session.state) == ("Shelf", "Plexamp", "playing")
    assert (session.media_type, session.duration_ms, session.live) == ("track", 214_000, False)
    assert session.player_address == f"{HOST}.2"
    assert session.loudness.gain_db is not None
    assert await house.plex.loudness(session.rating_key) == session.loudness


async def test_the_session_follows_the_persons_hands(house: House) -> None:
    """Pause, go on, next, stop; the key of the session stays across tracks."""
    await house.play()
    first = await house.only()
    await house.player.press_pause()
    assert (await house.only()).state == "paused"
    await house.player.press_resume()
    await house.player.press_next()
    second = await house.only()
    assert (second.state, second.title) == ("playing", "Nagle's Waltz")
    assert second.session_key == first.session_key
    assert second.rating_key != first.rating_key
    await house.player.press_stop()
    assert await house.plex.sessions() == ()


async def test_the_server_says_who_it_is(house: House) -> None:
    """The name that its webhooks carry."""
    assert (await house.plex.identity()).machine_identifier == house.server.name.machine_identifier


async def test_photos_and_television_are_sessions(house: House) -> None:
    """Without users, durations or rating keys."""
    sessions, info = house.server.sessions, PlayerInfo("odd-1", "Odd")
    plex_oddities.photo_session(sessions, info, None)
    plex_oddities.live_tv_session(sessions, info, None)
    photo, live = await house.plex.sessions()
    assert (photo.media_type, photo.duration_ms, photo.user_title) == ("photo", None, "")
    assert (live.live, live.duration_ms, live.title) == (True, None, "The Late Bulletin")
    assert live.rating_key.startswith("/livetv/sessions/")


async def test_a_session_without_a_user_is_read(house: House) -> None:
    """Nobody has signed in."""
    house.server.faults.missing_user = True
    await house.play()
    assert (await house.only()).user_title == ""


@pytest.mark.parametrize("fault", ["invalid_bytes", "control_characters"])
async def test_bytes_that_do_not_belong_are_taken_out(house: House, fault: Any) -> None:
    """The session is there all the same."""
    await house.play()
    house.server.faults.body = fault
    assert (await house.only()).state == "playing"


@pytest.mark.parametrize(
    "fault", ["html", "truncated", "empty", "huge", "laughs", "doctype", "external_entity"]
)
async def test_a_spoilt_answer_is_unreadable(house: House, fault: Any) -> None:
    """Never "nothing plays"; and the next good answer is good."""
    await house.play()
    house.server.faults.body = fault
    with pytest.raises(PlexUnreadable):
        await house.plex.sessions()
    house.server.faults.body = None
    assert (await house.only()).title == "Handshake"


async def test_the_faults_of_requests_have_their_own_errors(house: House) -> None:
    """Refused, starting, hanging, down, and back again."""
    faults = house.server.faults
    faults.unauthorized = True
    with pytest.raises(PlexRefused):
        await house.plex.sessions()
    faults.unauthorized, faults.starting = False, True
    with pytest.raises(PlexUnavailable, match="starting"):
        await house.plex.sessions()
    faults.starting = False
    await house.server.shut_down()
    with pytest.raises(PlexUnavailable) as caught:
        await house.plex.sessions()
    assert caught.value.kind in ("connection_refused", "dropped")
    await house.server.restart()
    assert await house.plex.sessions() == ()


async def test_commands_reach_the_player_and_show_in_its_session(house: House) -> None:
    """Each verb, directly; what it did is in the next reading."""
    await house.play()
    address = await house.address()
    assert await house.companion.command(address, "pause") == Sent("direct", answered=True)
    assert (await house.only()).state == "paused"
    await house.companion.command(address, "play")
    assert (await house.only()).state == "playing"
    await house.companion.command(address, "seekTo", offset_ms=61_500)
    assert (await house.only()).position_ms >= 61_500
    await house.companion.command(address, "skipNext")
    assert (await house.only()).title == "Nagle's Waltz"
    await house.companion.command(address, "skipPrevious")
    assert (await house.only()).title == "Handshake"
    await house.companion.command(address, "stop")
    assert await house.plex.sessions() == ()
    assert not any(relayed for _, _, relayed in house.player.commands)


async def test_a_player_that_only_the_server_reaches_is_reached(house: House) -> None:
    """It refuses whoever comes directly."""
    house.player.quirks.refuses_direct = True
    await house.play()
    assert await house.companion.command(await house.address(), "pause") == Sent("server", answered=True)
    assert [(verb, relayed) for _, verb, relayed in house.player.commands] == [("pause", True)]


async def test_a_player_that_obeys_and_never_answers_is_asked_once(house: House) -> None:
    """On this one, play and pause are one button: a second pause would play on."""
    house.player.quirks.mute = house.player.quirks.toggles = True
    await house.play()
    sent = await house.companion.command(await house.address(), "pause")
    assert sent == Sent("direct", answered=False)
    assert (await house.only()).state == "paused"


async def test_a_player_may_answer_nonsense(house: House) -> None:
    """It has obeyed."""
    house.player.quirks.odd_replies = True
    await house.play()
    assert (await house.companion.command(await house.address(), "pause")).answered
    assert (await house.only()).state == "paused"


async def test_a_player_that_nobody_knows_is_unreachable_or_refused(house: House) -> None:
    """The server says that it has no such player."""
    with pytest.raises(PlayerRefused) as caught:
        await house.companion.command(PlayerAddress("nobody"), "pause")
    assert caught.value.code == 404
    await house.server.shut_down()
    with pytest.raises(PlayerUnreachable):
        await house.companion.command(PlayerAddress("nobody"), "pause")


async def test_the_timeline_is_polled_on_both_ways(house: House) -> None:
    """The same player, asked directly and through the server."""
    await house.play()
    address = await house.address()
    for player in (address, PlayerAddress(address.machine_identifier)):
        answer = await house.companion.timeline_poll(player)
        assert answer is not None
        (music,) = [t for t in answer.timelines if t.media_type == "music"]
        assert isinstance(music, Timeline)
        assert (music.state, music.duration_ms) == ("playing", 214_000)
        assert music.position_ms is not None


async def test_a_waiting_poll_returns_at_the_next_change(house: House) -> None:
    """Not before, and not at the end of some interval."""
    await house.play()
    address = await house.address()
    answers: list[str] = []

    async def wait() -> None:
        answer = await house.companion.timeline_poll(address, wait=True)
        assert answer is not None
        answers.extend(t.state for t in answer.timelines if t.media_type == "music")

    with trio.fail_after(15):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.sleep(0.3)
            assert answers == []
            await house.player.press_pause()
    assert answers == ["paused"]


async def test_an_item_without_analysis_has_no_loudness(house: House) -> None:
    """Which is not the same as none."""
    item = house.server.library.find("Abgang", "track")
    assert await house.plex.loudness(str(item.rating_key)) == Loudness()
