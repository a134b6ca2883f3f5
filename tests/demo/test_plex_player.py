"""The simulated player: its clock and reports under virtual time, its commands and quirks on the network."""

from xml.etree import ElementTree

import httpx
import pytest
import trio
from trio.testing import MockClock

from segue.demo.plex_player import PlexampPlayer
from tests.demo.plex_house import PlexHouse, commanded, in_memory, on_sockets

# ------------------------------------------------------------------ its clock


def reports(house: PlexHouse) -> list[float]:
    """Give when the player reported."""
    return [at for at, _, path in house.server.requests if path == "/:/timeline"]


async def test_it_reports_every_ten_seconds_while_it_plays(autojump_clock: MockClock) -> None:
    """And not at all while it does not."""
    async with in_memory() as house:
        await house.play()
        began_at = trio.current_time()
        await trio.sleep(35)
        assert [round(at - began_at) for at in reports(house)] == [0, 10, 20, 30]
        await house.player.press_pause()
        await trio.sleep(600)
        assert len(reports(house)) == 5
        await house.player.press_resume()
        await trio.sleep(10.5)
        assert len(reports(house)) == 7


async def test_the_next_track_follows_without_a_gap(autojump_clock: MockClock) -> None:
    """At the end of one the next begins, under the same session; after the last it stops."""
    async with in_memory() as house:
        await house.player.press_play(house.album[:2])
        await trio.sleep(213.9)
        assert (house.player.track, house.player.position_ms) == (house.album[0], 213_900)
        await trio.sleep(0.2)
        assert house.player.track is house.album[1]
        assert house.player.position_ms < 200
        track = await house.only()
        assert (track.get("title"), track.get("sessionKey")) == ("Nagle's Waltz", "1")
        await trio.sleep(187)
        assert house.player.state == "stopped"
        assert await house.sessions() == []


async def test_the_position_moves_only_while_it_plays(autojump_clock: MockClock) -> None:
    """And never past the end of the track."""
    async with in_memory() as house:
        await house.play()
        await trio.sleep(5)
        await house.player.press_pause()
        await trio.sleep(100)
        assert house.player.position_ms == 5_000
        await house.player.seek(1_000_000_000)
        assert house.player.position_ms == 214_000


async def test_going_back_from_the_first_track_stops_it() -> None:
    """As going on from the last one does."""
    async with in_memory() as house:
        await house.play()
        await house.player.press_next(-1)
        assert house.player.state == "stopped"


async def test_a_button_that_changes_nothing_is_not_reported() -> None:
    """Pause twice is pause once; resume and stop out of nowhere are nothing."""
    async with in_memory() as house:
        await house.player.press_resume()
        await house.player.press_stop()
        assert reports(house) == []
        await house.play()
        await house.player.press_pause()
        await house.player.press_pause()
        assert len(reports(house)) == 2


async def test_a_choice_right_after_a_stop_is_kept(autojump_clock: MockClock) -> None:
    """Also while the stop is still being reported."""
    async with in_memory() as house:
        await house.play()
        house.server.faults.slow_s, house.server.faults.hit = 1.0, ("/:/timeline",)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.player.press_stop)
            await trio.sleep(0.5)
            nursery.start_soon(house.play)
        assert house.player.track is house.album[0]
        assert (await house.only()).get("sessionKey") == "2"


async def test_it_plays_on_without_its_server(autojump_clock: MockClock) -> None:
    """Reports that nobody hears do not disturb the music."""
    async with in_memory() as house:

        def lost(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("the network is down", request=request)

        house.player._client = httpx.AsyncClient(transport=httpx.MockTransport(lost))
        await house.play()
        await trio.sleep(220)
        assert (house.player.state, house.player.track) == ("playing", house.album[1])


async def test_it_calls_from_its_own_address() -> None:
    """Which is what its session says of it."""
    async with on_sockets() as house:
        await house.play()
        player = (await house.only()).find("Player")
        assert player is not None
        assert player.get("address") == house.player.info.address


async def test_it_is_known_while_it_is_open() -> None:
    """And not after."""
    async with on_sockets() as house:
        async with PlexampPlayer(
            house.server, host="127.0.0.1", port=0, machine_identifier="second"
        ) as second:
            clients = (await house.json("/clients"))["Server"]
            assert [client["machineIdentifier"] for client in clients][1:] == ["second"]
            assert clients[1]["port"] == second.port
        assert len((await house.json("/clients"))["Server"]) == 1


# ------------------------------------------------------------------ commands


async def test_it_answers_a_plain_ok() -> None:
    """Which is no XML."""
    async with commanded() as (house, remote):
        answer = await remote.get("/player/playback/pause?commandID=1&type=music")
        assert (answer.status_code, answer.text) == (200, "OK")
        assert house.player.state == "paused"


@pytest.mark.parametrize(
    ("command", "state", "title"),
    [
        ("pause", "paused", "Handshake"),
        ("play", "playing", "Handshake"),
        ("skipNext", "playing", "Nagle's Waltz"),
        ("skipTo?key=/library/metadata/8", "playing", "Half Closed"),
        ("seekTo?offset=90000", "playing", "Handshake"),
        ("seekTo?offset=nonsense", "playing", "Handshake"),
        ("stepBack", "playing", "Handshake"),
        ("setParameters?volume=3", "playing", "Handshake"),
        ("playMedia?containerKey=/playQueues/77", "playing", "Handshake"),
        ("createPlayQueue?uri=library:///item/%2Flibrary%2Fmetadata%2F9", "playing", "Out of Order"),
        ("stop", "stopped", None),
        ("skipTo?key=nowhere", "stopped", None),
    ],
)
async def test_it_obeys(command: str, state: str, title: str | None) -> None:
    """Each verb; its session says the same as itself."""
    async with commanded() as (house, remote):
        assert (await remote.get(f"/player/playback/{command}")).text == "OK"
        assert (house.player.state, house.player.track and house.player.track.title) == (state, title)
        assert [session.get("title") for session in await house.sessions()] == ([title] if title else [])


async def test_a_verb_that_it_does_not_know_is_refused() -> None:
    """404, and nothing happens."""
    async with commanded() as (house, remote):
        assert (await remote.get("/player/playback/dance")).status_code == 404
        assert house.player.state == "playing"


async def test_it_says_what_it_does() -> None:
    """Three timelines, of which one plays."""
    async with commanded() as (house, remote):
        root = ElementTree.fromstring((await remote.get("/player/timeline/poll?commandID=7")).content)
        assert root.get("commandID") == "7"
        assert {each.get("type"): each.get("state") for each in root} == {
            "music": "playing",
            "video": "stopped",
            "photo": "stopped",
        }
        assert root[0].attrib.items() >= {"duration": "214000", "ratingKey": "3", "volume": "0"}.items()
        resources = ElementTree.fromstring((await remote.get("/resources")).content)
        assert resources[0].get("machineIdentifier") == house.player.info.machine_identifier


async def test_a_waiting_poll_ends_with_a_change_after_a_report(autojump_clock: MockClock) -> None:
    """A report in between, which changes nothing, does not make it deaf."""
    async with in_memory() as house:
        await house.play()
        transport = httpx.ASGITransport(house.player.application())
        async with httpx.AsyncClient(base_url="http://player", transport=transport) as remote:
            answered_at: list[float] = []

            async def wait() -> None:
                answer = await remote.get("/player/timeline/poll?wait=1")
                assert b'state="paused"' in answer.content
                answered_at.append(trio.current_time())

            async with trio.open_nursery() as nursery:
                nursery.start_soon(wait)
                await trio.sleep(12)
                paused_at = trio.current_time()
                await house.player.press_pause()
            assert answered_at == [pytest.approx(paused_at)]


# ------------------------------------------------------------------ quirks


async def test_play_and_pause_may_be_one_button() -> None:
    """A second pause plays on."""
    async with commanded(toggles=True) as (house, remote):
        states = []
        for verb in ("pause", "pause", "play", "play"):
            await remote.get(f"/player/playback/{verb}")
            states.append(house.player.state)
        assert states == ["paused", "playing", "paused", "playing"]


async def test_seeks_may_go_to_the_second_below() -> None:
    """As the session says."""
    async with commanded(whole_seconds=True) as (house, remote):
        await remote.get("/player/playback/pause")
        await remote.get("/player/playback/seekTo?offset=61999")
        assert (await house.only()).get("viewOffset") == "61000"


async def test_its_answer_may_be_nonsense() -> None:
    """It has obeyed."""
    async with commanded(odd_replies=True) as (house, remote):
        answer = await remote.get("/player/playback/pause")
        with pytest.raises(ElementTree.ParseError):
            ElementTree.fromstring(answer.content)
        assert house.player.state == "paused"


async def test_its_answer_may_be_late() -> None:
    """It has obeyed long before."""
    async with commanded(slow_s=0.6) as (house, remote):
        with pytest.raises(httpx.ReadTimeout):
            await remote.get("/player/playback/pause", timeout=0.3)
        assert house.player.state == "paused"


async def test_it_may_obey_and_never_answer() -> None:
    """Neither directly, nor by its server, which gives up after a while."""
    async with commanded(mute=True) as (house, remote):
        with pytest.raises(httpx.ReadTimeout):
            await remote.get("/player/playback/pause", timeout=0.3)
        assert house.player.state == "paused"
        target = {"X-Plex-Target-Client-Identifier": house.player.info.machine_identifier}
        assert (await house.raw("/player/playback/play", headers=target)).status_code == 502
        (session,) = (await house.json())["Metadata"]
        assert session["Player"]["state"] == "playing"


async def test_it_may_answer_and_do_nothing() -> None:
    """Its commands are noted all the same."""
    async with commanded(ignores=True) as (house, remote):
        assert (await remote.get("/player/playback/pause")).text == "OK"
        assert house.player.state == "playing"
        assert [verb for _, verb, _ in house.player.commands] == ["pause"]


async def test_only_its_server_may_reach_it() -> None:
    """403 for everybody else."""
    async with commanded(refuses_direct=True) as (house, remote):
        assert (await remote.get("/player/playback/pause")).status_code == 403
        assert house.player.state == "playing"
        target = {"X-Plex-Target-Client-Identifier": house.player.info.machine_identifier}
        assert (await house.raw("/player/playback/pause", headers=target)).text == "OK"
        assert [relayed for _, _, relayed in house.player.commands] == [True]
