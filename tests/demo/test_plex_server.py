"""The simulated Plex server, looked at with plain clients: its answers, its sessions, its notifications."""

import os
import shutil
import signal
import subprocess
import sys
from xml.etree import ElementTree

import httpx
import pytest
import trio
from trio.testing import MockClock

from segue.demo.plex_server import PlexServer
from segue.demo.plex_sessions import FORGET_S
from tests.demo.heos_client import fresh_host
from tests.demo.plex_house import PlexHouse, in_memory, on_sockets

# ------------------------------------------------------------------ answers


async def test_a_session_in_xml() -> None:
    """A track with its file and streams, then who plays it, on what, and the connection."""
    async with in_memory() as house:
        await house.play()
        answer = await house.raw()
        assert answer.headers["content-type"].startswith("application/xml")
        assert answer.text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<MediaContainer size="1">')
        track = await house.only()
        assert track.tag == "Track"
        assert (
            track.attrib.items()
            >= {
                "sessionKey": "1",
                "type": "track",
                "title": "Handshake",
                "parentTitle": "First Light on the Wire",
                "grandparentTitle": "The Loopbacks",
                "librarySectionID": "3",
                "viewOffset": "0",
            }.items()
        )
        assert [child.tag for child in track] == ["Media", "User", "Player", "Session"]
        stream = track.find("Media/Part/Stream")
        assert stream is not None
        assert {"gain", "albumGain", "peak", "albumPeak", "loudness", "lra"} <= set(stream.attrib)
        player = track.find("Player")
        assert player is not None
        assert (player.get("state"), player.get("product"), player.get("local")) == (
            "playing",
            "Plexamp",
            "1",
        )
        assert "port" not in player.attrib


async def test_a_session_in_json() -> None:
    """The same as an entry of `Metadata`, with numbers and truths that are no strings, and one player."""
    async with in_memory() as house:
        await house.play()
        found = await house.json()
        (track,) = found["Metadata"]
        assert found["size"] == 1
        assert (track["sessionKey"], track["viewOffset"], track["title"]) == ("1", 0, "Handshake")
        assert track["Player"]["state"] == "playing"
        assert track["Player"]["local"] is True
        assert track["Media"][0]["Part"][0]["Stream"][0]["streamType"] == 2


async def test_nothing_plays() -> None:
    """A container of size nought, in both forms."""
    async with in_memory() as house:
        assert await house.sessions() == []
        assert await house.json() == {"size": 0}


@pytest.mark.parametrize("token", ["wrong", ""])
async def test_a_wrong_token_is_refused(token: str) -> None:
    """With a page of HTML, on every path but the one that says who the server is."""
    async with in_memory() as house:
        house.http.headers["X-Plex-Token"] = token
        for path in ("/", "/status/sessions", "/library/sections", "/:/timeline"):
            answer = await house.raw(path)
            assert (answer.status_code, answer.text[:6]) == (401, "<html>")
        assert (await house.raw("/identity")).status_code == 200


async def test_a_token_may_come_in_the_query() -> None:
    """As some clients send it; every request is noted, without it."""
    async with in_memory() as house:
        del house.http.headers["X-Plex-Token"]
        assert (await house.raw(f"/status/sessions?X-Plex-Token={house.server.token}")).status_code == 200
        assert house.server.token not in repr(house.server.requests)
        assert house.server.fetches() == 1


@pytest.mark.parametrize("by_header", [True, False])
async def test_a_list_comes_in_pages(by_header: bool) -> None:
    """A part as asked for, and how many there are in all; none at all is a question for the total alone."""
    async with in_memory() as house:
        for start, size, titles in ((0, 0, []), (4, 1, ["Orbit of the Paper Moon"]), (5, 9, ["Two Minutes"])):
            paging = {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": str(size)}
            answer = await house.raw(
                "/library/sections/1/all", **({"headers": paging} if by_header else {"params": paging})
            )
            root = ElementTree.fromstring(answer.content)
            assert [child.get("title") for child in root] == titles
            assert (root.get("totalSize"), root.get("size")) == ("6", str(len(titles)))


async def test_ids_elsewhere_come_only_when_asked_for() -> None:
    """In listings."""
    async with in_memory() as house:
        for query, count in (("", 0), ("?includeGuids=1", 2)):
            root = ElementTree.fromstring((await house.raw("/library/sections/1/all" + query)).content)
            assert len(root[0].findall("Guid")) == count


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/library/sections/77/all", 404),
        ("/library/sections/77/refresh", 404),
        ("/library/metadata/99999", 404),
        ("/library/metadata/nonsense", 404),
        ("/playQueues/77", 404),
        ("/playQueues?uri=nonsense", 400),
        ("/:/timeline", 400),
        ("/:/timeline?ratingKey=3&state=dancing", 400),
        ("/:/timeline?ratingKey=x&time=y&state=playing", 400),
        ("/:/rate?key=3&rating=lots", 400),
        ("/:/progress?key=3", 400),
        ("/status/sessions/terminate?sessionId=nobody", 404),
        ("/player/playback/pause", 404),
    ],
)
async def test_what_makes_no_sense_is_refused(path: str, status: int) -> None:
    """With the status of a client's error."""
    async with in_memory() as house:
        assert (await house.raw(path)).status_code == status


@pytest.mark.skipif(
    shutil.which("curl") is None and "CI" not in os.environ, reason="needs curl (apt-get install curl)"
)
async def test_curl_reads_it() -> None:
    """On the network, with a client of another kind."""
    async with on_sockets() as house:
        await house.play()
        header = f"X-Plex-Token: {house.server.token}"
        command = ["curl", "-sS", "--fail", "-H", header, f"{house.server.url}/status/sessions"]
        result = await trio.run_process(command, capture_stdout=True)
        assert b'title="Handshake"' in result.stdout


# ------------------------------------------------------------------ sessions


async def test_a_session_keeps_its_key_across_tracks(autojump_clock: MockClock) -> None:
    """The item changes, the session does not; the next session has a key of its own."""
    async with in_memory() as house:
        keys = []
        await house.play()
        for step in (house.player.press_next, house.player.press_next, house.play):
            keys.append(((await house.only()).get("sessionKey"), (await house.only()).get("title")))
            await step()
        assert keys == [("1", "Handshake"), ("1", "Nagle's Waltz"), ("1", "Slow Start")]
        await house.player.press_stop()
        assert await house.sessions() == []
        await house.play()
        assert (await house.only()).get("sessionKey") == "2"


async def test_the_position_is_the_one_last_reported(autojump_clock: MockClock) -> None:
    """It stands still between two reports, and then jumps."""
    async with in_memory() as house:
        await house.play()
        seen = []
        for _ in range(6):
            await trio.sleep(3.9)
            seen.append((await house.only()).get("viewOffset"))
        assert seen == ["0", "0", "10000", "10000", "10000", "20000"]


async def test_a_pause_is_seen_at_once(autojump_clock: MockClock) -> None:
    """With the position at which it came."""
    async with in_memory() as house:
        await house.play()
        await trio.sleep(3)
        await house.player.press_pause()
        track = await house.only()
        player = track.find("Player")
        assert player is not None
        assert (track.get("viewOffset"), player.get("state")) == ("3000", "paused")


async def test_a_player_that_is_gone_is_forgotten(autojump_clock: MockClock) -> None:
    """After three minutes without a word; its session ends without a webhook."""
    async with in_memory() as house:
        await house.play()
        house.player._client = httpx.AsyncClient(transport=httpx.MockTransport(_lost))
        await trio.sleep(FORGET_S - 1)
        assert len(await house.sessions()) == 1
        await trio.sleep(2)
        assert await house.sessions() == []


async def test_nine_tenths_of_a_track_count_as_played(autojump_clock: MockClock) -> None:
    """Once, in the item and in the history."""
    async with in_memory() as house:
        await house.play()
        await trio.sleep(190)
        assert house.server.history == []
        await trio.sleep(30)
        assert [play.item.title for play in house.server.history] == ["Handshake"]
        (entry,) = (await house.json("/status/sessions/history/all"))["Metadata"]
        assert (entry["title"], entry["accountID"], entry["librarySectionID"]) == ("Handshake", 1, "3")


async def test_a_stopped_film_is_on_deck() -> None:
    """At the position where it was stopped; a track is not."""
    async with in_memory() as house:
        film = house.server.library.find("Two Minutes")
        for item in (film, house.album[0]):
            await house.player.press_play([item])
            await house.player.seek(61_000)
            await house.player.press_stop()
        deck = (await house.json("/library/onDeck"))["Metadata"]
        assert [entry["title"] for entry in deck] == ["Two Minutes"]
        assert 61_000 <= deck[0]["viewOffset"] < 90_000


def _lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("the network is down", request=request)


# ------------------------------------------------------------------ up and down


async def test_a_server_that_is_down_refuses_and_comes_back() -> None:
    """Without its sessions, and with keys that begin anew."""
    async with on_sockets() as house:
        await house.play()
        await house.player.press_stop()
        await house.play()
        assert (await house.only()).get("sessionKey") == "2"
        await house.server.shut_down()
        with pytest.raises(httpx.ConnectError):
            await house.raw()
        await house.player.press_pause()  # reported to nobody
        await house.server.restart()
        assert await house.sessions() == []
        await house.player.press_resume()
        assert (await house.only()).get("sessionKey") == "1"


async def test_a_server_can_be_left_while_it_answers() -> None:
    """Nothing hangs at the end."""
    async with on_sockets() as house:
        house.server.faults.hang = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_get_nothing, house)
            await trio.sleep(0.1)
            await house.server.shut_down()


async def _get_nothing(house: PlexHouse) -> None:
    with pytest.raises(httpx.HTTPError):
        await house.raw()


async def test_two_servers_have_nothing_to_do_with_each_other() -> None:
    """But for the library, which is the same one; the name is made from the seed."""
    async with PlexServer(host=fresh_host(), seed=1) as one, PlexServer(host=fresh_host(), seed=2) as other:
        assert one.name.machine_identifier != other.name.machine_identifier
        assert PlexServer(seed=1).name == one.name


def test_it_runs_as_a_program() -> None:
    """By itself, until it is interrupted."""
    command = [sys.executable, "-m", "segue.demo.plex_server", "--host", fresh_host(), "--token", "t"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().decode().split()[-1]
            assert httpx.get(f"{url}/identity", trust_env=False).status_code == 200
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=20) == (b"", b"")
            assert process.returncode == 0
        finally:
            process.kill()
