"""Every way in which the simulated Plex server can be wrong, as a plain client meets it."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import trio
from trio.testing import MockClock

from segue.demo import plex_oddities
from segue.demo.plex_faults import BodyFault, Faults
from tests.demo.plex_house import STRANGER, PlexHouse, in_memory, on_sockets

# ------------------------------------------------------------------ bodies

BODIES: dict[BodyFault, Callable[[bytes], bool]] = {
    "html": lambda body: body.startswith(b"<html>"),
    "truncated": lambda body: body.startswith(b"<?xml") and not body.rstrip().endswith(b"</MediaContainer>"),
    "invalid_bytes": lambda body: b'title="\xff\xc3(Handshake"' in body,
    "control_characters": lambda body: b'title="\x01\x0b\x1fHandshake"' in body,
    "empty": lambda body: body == b"",
    "huge": lambda body: len(body) == 3_000_000,
    "no_sessions": lambda body: body == b'<MediaContainer size="0"/>',
    "laughs": lambda body: body.count(b"<!ENTITY") == 11 and b"&a10;" in body,
    "doctype": lambda body: b'<!ENTITY server "a small joke">' in body and b"&server;Handshake" in body,
    "external_entity": lambda body: b'SYSTEM "file:///etc/hostname"' in body,
}
READABLE = {"html", "huge", "no_sessions"}
"""Faults after which the body is still well-formed XML, to a reader that takes no DOCTYPE for one."""


@pytest.mark.parametrize("fault", BODIES)
async def test_a_spoilt_body(fault: BodyFault) -> None:
    """The status is good all the same; other paths are not hit, and the next answer is good again."""
    async with in_memory(faults=Faults(huge_bytes=3_000_000)) as house:
        await house.play()
        house.server.faults.body = fault
        answer = await house.raw()
        assert answer.status_code == 200
        assert BODIES[fault](answer.content)
        if fault not in READABLE and fault not in ("doctype", "laughs", "external_entity"):
            with pytest.raises(ElementTree.ParseError):
                ElementTree.fromstring(answer.content)
        ElementTree.fromstring((await house.raw("/library/sections")).content)
        house.server.faults.body = None
        assert (await house.only()).get("title") == "Handshake"


async def test_a_body_is_spoilt_where_the_fault_says_so() -> None:
    """On every path that begins so."""
    async with in_memory(faults=Faults(body="html", body_paths=("/library",))) as house:
        assert (await house.raw("/library/sections")).content.startswith(b"<html>")
        assert await house.sessions() == []


async def test_a_connection_is_cut_in_the_middle_of_the_body(caplog: pytest.LogCaptureFixture) -> None:
    """After half of the promised bytes; the server has nothing to say about it, and the next answer is good."""
    async with on_sockets() as house:
        await house.play()
        house.server.faults.body = "cut"
        received = b""
        with pytest.raises(httpx.RemoteProtocolError):
            async with house.http.stream("GET", "/status/sessions") as answer:
                length = int(answer.headers["content-length"])
                async for piece in answer.aiter_raw():
                    received += piece
        assert len(received) == length // 2
        assert received.startswith(b"<?xml")
        house.server.faults.body = None
        assert (await house.only()).get("title") == "Handshake"
        assert [record for record in caplog.records if record.name.startswith("segue")] == []


# ------------------------------------------------------------------ requests


async def test_no_token_is_good() -> None:
    """401, as after the owner signed everybody out; where the fault does not hit, it still is."""
    async with in_memory(faults=Faults(unauthorized=True, hit=("/status",))) as house:
        assert (await house.raw()).status_code == 401
        assert (await house.raw("/library/sections")).status_code == 200


async def test_the_server_is_starting() -> None:
    """503, with a page of HTML."""
    async with in_memory(faults=Faults(starting=True)) as house:
        answer = await house.raw()
        assert (answer.status_code, answer.headers["content-type"][:9]) == (503, "text/html")


async def test_the_server_is_slow(autojump_clock: MockClock) -> None:
    """The answer is good and late."""
    async with in_memory(faults=Faults(slow_s=7, hit=("/status",))) as house:
        began_at = trio.current_time()
        assert await house.sessions() == []
        assert trio.current_time() - began_at >= 7


async def test_the_server_hangs() -> None:
    """It takes the request, and that is all; who goes away is let go."""
    async with on_sockets(faults=Faults(hang=True, hit=("/status",))) as house:
        with pytest.raises(httpx.ReadTimeout):
            await house.raw(timeout=0.3)
        assert house.server.fetches() == 1
        assert (await house.raw("/identity")).status_code == 200


# ------------------------------------------------------------------ sessions


async def test_sessions_lag(autojump_clock: MockClock) -> None:
    """What a player reports is to be read only later: its beginning, its pause, its end."""
    async with in_memory(faults=Faults(sessions_lag_s=2)) as house:
        await house.play()
        assert await house.sessions() == []
        await trio.sleep(2.1)
        assert await states(house) == ["playing"]
        await house.player.press_pause()
        assert await states(house) == ["playing"]
        await trio.sleep(2.1)
        assert await states(house) == ["paused"]
        await house.player.press_stop()
        assert await states(house) == ["paused"]
        await trio.sleep(2.1)
        assert await states(house) == []


async def test_an_ended_session_lingers(autojump_clock: MockClock) -> None:
    """So long, and no longer; a new session of the same player stands beside it."""
    async with in_memory(faults=Faults(linger_s=5)) as house:
        await house.play()
        await house.player.press_stop()
        assert await states(house) == ["playing"]
        await house.play()
        assert [session.get("sessionKey") for session in await house.sessions()] == ["1", "2"]
        await trio.sleep(5.1)
        assert [session.get("sessionKey") for session in await house.sessions()] == ["2"]


async def test_sessions_are_stale(autojump_clock: MockClock) -> None:
    """They never end, whatever the player said."""
    async with in_memory(faults=Faults(stale_sessions=True)) as house:
        await house.play()
        await house.player.press_stop()
        await trio.sleep(1000)
        assert await states(house) == ["playing"]


async def test_a_session_has_no_user() -> None:
    """As with players that nobody signed in to."""
    async with in_memory(faults=Faults(missing_user=True)) as house:
        await house.play()
        assert (await house.only()).find("User") is None
        assert "User" not in (await house.json())["Metadata"][0]


async def test_no_players_are_listed() -> None:
    """Although they are there, and can be reached by the relay."""
    async with on_sockets(faults=Faults(no_players=True)) as house:
        assert await house.json("/clients") == {"size": 0}
        await house.play()
        target = {"X-Plex-Target-Client-Identifier": house.player.info.machine_identifier}
        assert (await house.raw("/player/playback/pause", headers=target)).text == "OK"
        assert await states(house) == ["paused"]


async def test_a_restart_forgets_and_counts_anew() -> None:
    """The key of the next session is one that was there before."""
    async with in_memory() as house:
        await house.play()
        assert (await house.only()).get("sessionKey") == "1"
        house.server.sessions.restart()
        assert await house.sessions() == []
        await house.player.press_pause()
        assert (await house.only()).get("sessionKey") == "1"


async def states(house: PlexHouse) -> list[str | None]:
    """Read what each session's player does."""
    players = [session.find("Player") for session in await house.sessions()]
    return [player.get("state") for player in players if player is not None]


# ------------------------------------------------------------------ odd sessions


async def test_a_photo_is_looked_at() -> None:
    """Neither Video nor Track, without a duration, a file or a user."""
    async with in_memory() as house:
        plex_oddities.photo_session(house.server.sessions, STRANGER, None)
        photo = await house.only()
        assert (photo.tag, photo.get("type"), photo.get("duration")) == ("Photo", "photo", None)
        assert [child.tag for child in photo] == ["Player", "Session"]
        assert (await house.json())["Metadata"][0]["type"] == "photo"


async def test_television_is_watched() -> None:
    """Without a rating key and a duration, in a section that does not exist, with sizes below nought."""
    async with in_memory() as house:
        plex_oddities.live_tv_session(house.server.sessions, STRANGER, house.server.owner)
        live = await house.only()
        assert (live.tag, live.get("live"), live.get("librarySectionID")) == ("Video", "1", "-4")
        assert (live.get("ratingKey"), live.get("duration")) == (None, None)
        assert str(live.get("title")).endswith(" ")
        media = live.find("Media")
        assert media is not None
        assert (media.get("size"), media.get("bitrate")) == ("-22", "2147483647")


async def test_a_phantom_of_dlna(autojump_clock: MockClock) -> None:
    """It is there for a second, and nobody hears a word about it."""
    async with in_memory() as house:
        plex_oddities.dlna_phantom(house.server.sessions, house.album[0], STRANGER)
        assert (await house.only()).get("title") == "Handshake"
        await trio.sleep(1.1)
        assert await house.sessions() == []


async def test_one_player_in_two_sessions() -> None:
    """Of different items and states; only the true one goes on."""
    async with in_memory() as house:
        await house.play()
        first = house.server.sessions.find(house.player.session_id)
        assert first is not None
        plex_oddities.second_session(house.server.sessions, first, house.album[3])
        one, other = await house.sessions()
        assert (one.get("title"), other.get("title")) == ("Handshake", "Window Scale")
        assert one.get("sessionKey") != other.get("sessionKey")
        await house.player.press_pause()
        assert await states(house) == ["paused", "paused"]
        await house.player.press_stop()
        assert [session.get("title") for session in await house.sessions()] == ["Window Scale"]


async def test_the_faults_are_off_by_default() -> None:
    """A new server is in the best of health."""
    faults: Any = Faults()
    assert faults.body_fault("/status/sessions") is None
    assert not any((faults.hang, faults.slow_s, faults.starting, faults.unauthorized, faults.stale_sessions))
