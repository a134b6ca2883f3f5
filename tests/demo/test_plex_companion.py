"""The simulated player and its remote controls: who is told what, whose command counts, and what waits for nobody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree import ElementTree

import httpx
import pytest
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from trio.testing import MockClock

from segue.demo.plex_companion import ANSWER_S, SUBSCRIPTION_S
from segue.runtime.http import HttpServer, open_tcp_listeners
from tests.demo.plex_house import commanded, in_memory, on_sockets

# ------------------------------------------------------------------ subscribers


class Controller:
    """Listens for what a player tells by itself."""

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[tuple[str, ElementTree.Element]] = []
        """Who told it, and what."""
        self._news = trio.Event()

    async def _timeline(self, request: Request) -> Response:
        root = ElementTree.fromstring(await request.body())
        self.heard.append((request.headers["x-plex-client-identifier"], root))
        self._news.set()
        self._news = trio.Event()
        return Response(b"")

    def states(self) -> list[str | None]:
        """Give what the music did, one after the other, without repetitions."""
        states = [root[0].get("state") for _, root in self.heard]
        return [state for n, state in enumerate(states) if n == 0 or states[n - 1] != state]

    async def until_state(self, state: str) -> None:
        while state not in self.states():
            await self._news.wait()

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        listeners = await open_tcp_listeners("127.0.0.1", 0)
        self.port = listeners[0].socket.getsockname()[1]
        app = Starlette(routes=[Route("/:/timeline", self._timeline, methods=["POST"])])
        await HttpServer(app).serve(listeners, task_status=task_status)


@asynccontextmanager
async def controller() -> AsyncIterator[Controller]:
    async with trio.open_nursery() as nursery:
        listening = Controller()
        await nursery.start(listening.serve)
        yield listening
        nursery.cancel_scope.cancel()


ME = {"X-Plex-Client-Identifier": "remote-1", "X-Plex-Device-Name": "Remote"}


async def test_a_subscriber_is_told_of_every_change() -> None:
    """At once, at its own address, with the number of its own last command."""
    async with controller() as ear, commanded() as (house, remote):
        path = f"/player/timeline/subscribe?protocol=http&port={ear.port}&commandID=3"
        assert (await remote.get(path, headers=ME)).text == "OK"
        assert house.player.subscribers == [f"http://127.0.0.1:{ear.port}/:/timeline"]
        await ear.until_state("playing")
        await house.player.press_pause()
        await ear.until_state("paused")
        assert ear.heard[-1][1].get("commandID") == "3"
        await remote.get("/player/playback/stop?commandID=9", headers=ME)
        await ear.until_state("stopped")
        assert ear.states() == ["playing", "paused", "stopped"]
        assert {name for name, _ in ear.heard} == {house.player.info.machine_identifier}
        assert ear.heard[-1][1].get("commandID") == "9"


async def test_a_subscriber_is_told_where_it_is_while_it_plays() -> None:
    """Again and again, without a change."""
    async with controller() as ear, commanded() as (_house, remote):
        await remote.get(f"/player/timeline/subscribe?port={ear.port}", headers=ME)
        while len(ear.heard) < 3:
            await trio.sleep(0.05)
        times = [int(root[0].get("time", "")) for _, root in ear.heard]
        assert times == sorted(times)
        assert times[-1] > times[0]


async def test_who_unsubscribes_hears_no_more() -> None:
    """A second controller goes on hearing."""
    async with controller() as ear, controller() as other, commanded() as (house, remote):
        await remote.get(f"/player/timeline/subscribe?port={ear.port}", headers=ME)
        await remote.get(
            f"/player/timeline/subscribe?port={other.port}", headers={"X-Plex-Client-Identifier": "remote-2"}
        )
        await remote.get("/player/timeline/unsubscribe", headers=ME)
        await house.player.press_pause()
        await other.until_state("paused")
        assert "paused" not in ear.states()


async def test_a_subscriber_that_is_gone_disturbs_nobody() -> None:
    """Its port refuses; the other one hears."""
    async with controller() as ear, commanded() as (house, remote):
        nobody = {"X-Plex-Client-Identifier": "gone"}
        await remote.get("/player/timeline/subscribe?port=9", headers=nobody)
        await remote.get(f"/player/timeline/subscribe?port={ear.port}", headers=ME)
        await house.player.press_pause()
        await ear.until_state("paused")


@pytest.mark.parametrize("query", ["", "?port=0", "?port=65536", "?port=x"])
async def test_a_subscription_without_an_address_is_refused(query: str) -> None:
    """400, and nobody is told anything; the same without a name."""
    async with commanded() as (house, remote):
        assert (await remote.get(f"/player/timeline/subscribe{query}", headers=ME)).status_code == 400
        assert (await remote.get("/player/timeline/subscribe?port=4711")).status_code == 400
        assert house.player.subscribers == []


async def test_a_subscription_ends_unless_it_is_renewed(autojump_clock: MockClock) -> None:
    """After a minute and a half."""
    async with in_memory() as house:
        transport = httpx.ASGITransport(house.player.application())
        async with httpx.AsyncClient(base_url="http://player", transport=transport) as remote:
            path = "/player/timeline/subscribe?port=9"
            await remote.get(path, headers=ME)
            await trio.sleep(SUBSCRIPTION_S - 1)
            await remote.get(path, headers=ME)
            await trio.sleep(SUBSCRIPTION_S - 1)
            assert len(house.player.subscribers) == 1
            await trio.sleep(2)
            assert house.player.subscribers == []


# ------------------------------------------------------------------ commands


@pytest.mark.parametrize("strict", [True, False])
async def test_a_command_that_is_not_newer_may_be_ignored(strict: bool) -> None:
    """It is answered all the same; each controller has a count of its own."""
    async with commanded(strict_ids=strict) as (house, remote):
        other = {"X-Plex-Client-Identifier": "remote-2"}
        states = []
        for verb, command_id, who in (("pause", 5, ME), ("play", 5, ME), ("play", 4, ME), ("play", 1, other)):
            answer = await remote.get(f"/player/playback/{verb}?commandID={command_id}", headers=who)
            states.append(house.player.state)
            assert answer.text == "OK"
        kept = "paused" if strict else "playing"
        assert states == ["paused", kept, kept, "playing"]


async def test_the_server_passes_on_whose_command_it_is() -> None:
    """So that a relayed command is counted with the direct ones of the same controller."""
    async with commanded(strict_ids=True) as (house, remote):
        await remote.get("/player/playback/pause?commandID=5", headers=ME)
        target = ME | {"X-Plex-Target-Client-Identifier": house.player.info.machine_identifier}
        states = []
        for command_id in (5, 6):
            await house.raw(f"/player/playback/play?commandID={command_id}", headers=target)
            states.append(house.player.state)
        assert states == ["paused", "playing"]


async def test_a_command_is_answered_although_the_server_hangs() -> None:
    """It has been obeyed at once, and the report is on its way."""
    async with commanded() as (house, remote):
        house.server.faults.hang, house.server.faults.hit = True, ("/:/timeline",)
        answer = await remote.get("/player/playback/pause", timeout=ANSWER_S + 3)
        assert (answer.text, house.player.state) == ("OK", "paused")


async def test_the_music_waits_for_no_server(autojump_clock: MockClock) -> None:
    """Tracks change on time while reports are taken slowly, and all of them arrive in their order."""
    async with in_memory() as house:
        await house.play()
        house.server.faults.slow_s, house.server.faults.hit = 9.0, ("/:/timeline",)
        await trio.sleep(214.1)
        assert house.player.track is house.album[1]
        assert house.player.position_ms < 200
        await trio.sleep(300)
        house.server.faults.slow_s = 0.0
        await house.player.press_pause()
        assert (await house.only()).get("title") == house.player.track.title


async def test_a_queue_is_fetched_from_where_the_client_says() -> None:
    """With a token that the server made for this; a place where nobody is, or a wrong token, changes nothing."""
    async with commanded() as (house, remote):
        tokens = [str((await house.json("/security/token?type=delegation"))["token"]), "wrong"]
        album = house.server.library.find("Acknowledged", "album")
        queue = house.server.queues.create(album.key)
        assert queue is not None
        asked = {"containerKey": f"/playQueues/{queue.id}?own=1&window=100", "protocol": "http"}
        asked |= {"address": house.server.host, "port": str(house.server.port)}
        for changes, title in (
            ({"token": tokens[1]}, "Handshake"),
            ({"token": tokens[0], "address": "127.0.0.1", "port": "9"}, "Handshake"),
            ({"token": tokens[0], "port": "nonsense"}, "Handshake"),
            ({"token": tokens[0]}, "Out of Order"),
        ):
            assert (await remote.get("/player/playback/playMedia", params=asked | changes)).text == "OK"
            assert (await house.only()).get("title") == title


async def test_a_token_for_players_dies_with_the_server() -> None:
    """It opens what the owner's opens, until a restart; no two are alike."""
    async with on_sockets() as house:
        first, second = [(await house.json("/security/token"))["token"] for _ in range(2)]
        assert first != second
        headers = {"X-Plex-Token": first}
        assert (await house.raw(headers=headers)).status_code == 200
        await house.server.restart()
        assert (await house.raw(headers=headers)).status_code == 401


# ------------------------------------------------------------------ the program


async def test_the_program_ends_without_a_word() -> None:
    """Its commands are refused, by the server too; its session stays as it was; started again, it is silent."""
    async with commanded() as (house, remote):
        await remote.get("/player/timeline/subscribe?port=9", headers=ME)
        await house.player.close_app()
        with pytest.raises(httpx.ConnectError):
            await remote.get("/player/playback/pause")
        target = {"X-Plex-Target-Client-Identifier": house.player.info.machine_identifier}
        assert (await house.raw("/player/playback/pause", headers=target)).status_code == 502
        assert (await house.only()).get("title") == "Handshake"
        await house.player.open_app()
        assert (await remote.get("/player/playback/play")).text == "OK"
        assert (house.player.state, house.player.track, house.player.subscribers) == ("stopped", None, [])


async def test_hands_on_a_player_that_is_not_open_wait_for_nothing() -> None:
    """There is nobody to report it."""
    async with in_memory() as house:
        player, album = house.player, house.album
    with trio.fail_after(5):
        await player.press_play(album)
        await player.report()
