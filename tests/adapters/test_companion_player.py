"""The video remote drives the simulated player over loopback: from the server's film to the true position."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio

from segue.adapters.companion_queue import PlayQueues
from segue.adapters.companion_timeline import Polled, Pushed, Timeline, parse_push
from segue.adapters.companion_video import VideoRemote
from segue.adapters.http_client import HttpClient
from segue.adapters.plex import PlexServer as PlexReader
from segue.adapters.plex_xml import PlexError
from segue.demo.plex_server import PlexServer
from segue.demo.video_player import SimulatedVideo
from segue.demo.video_profiles import Profile
from tests.adapters.raw_http import Connection
from tests.demo.heos_client import fresh_host
from tests.demo.video_house import exact


@dataclass
class Home:
    """A server, a player of it, and our remote of that player."""

    server: PlexServer
    player: SimulatedVideo
    http: HttpClient
    remote: VideoRemote
    pushes: list[Pushed] = field(default_factory=list)

    async def show(self, offset_ms: int = 0, **more: Any) -> None:
        """Show the server's first film, as a party does."""
        film = self.server.library.section("movie").items[0]
        queues = PlayQueues(self.http, self.server.url, lambda: self.server.token, "our-own-id")
        server_id = self.server.name.machine_identifier
        queue = await queues.create(server_id, str(film.rating_key))
        token = await queues.transient_token()
        await self.remote.play_media(queue, server_id, token, offset_ms=offset_ms, **more)

    async def timeline(self) -> Timeline:
        polled = await self.remote.poll()
        assert polled.timeline is not None
        return polled.timeline

    async def until(self, state: str) -> Polled:
        """Poll until the player says that it is in a state."""
        with trio.fail_after(30):
            while True:
                polled = await self.remote.poll()
                if polled.timeline is not None and polled.timeline.state == state:
                    return polled
                await trio.sleep(0.02)


@asynccontextmanager
async def home(profile: Profile | str, *, call_s: float = 2.0, **more: Any) -> AsyncIterator[Home]:
    """Open a home; the remote knows the player from the server's `/clients`."""
    with trio.fail_after(90):
        async with (
            PlexServer(host=fresh_host()) as server,
            SimulatedVideo(profile, host=fresh_host(), server=server, **more) as player,
            HttpClient("segue-test/1") as http,
        ):
            reader = PlexReader(server.url, lambda: server.token, "our-own-id", http)
            (info,) = await reader.clients()
            remote = VideoRemote(http, info, server.url, lambda: server.token, "our-own-id", call_s=call_s)
            yield Home(server, player, http, remote)


async def test_a_film_of_the_server_is_shown_from_a_position() -> None:
    """The player fetched the queue with the token that it was given; the timeline names the film."""
    async with home(exact(quantum_ms=1000)) as here:
        await here.show(61_500)
        seen = await here.timeline()
        film = here.server.library.section("movie").items[0]
        assert (seen.state, seen.rating_key, seen.guid) == ("playing", str(film.rating_key), film.guid)
        assert seen.duration_ms == film.duration_ms
        assert seen.time_ms is not None
        assert 61_000 <= seen.time_ms < 90_000
        assert seen.machine_identifier == here.server.name.machine_identifier


async def test_a_sample_says_where_the_film_was_when_it_was_taken() -> None:
    """The truth at the middle of the request is within half of the round trip."""
    async with home("shim") as here:
        await here.show(61_000)
        await here.until("playing")
        for _ in range(20):
            polled = await here.remote.poll()
            assert polled.timeline is not None
            assert polled.timeline.time_ms is not None
            error_ms = polled.timeline.time_ms - here.player.truth_ms(polled.measured_at)
            assert abs(error_ms) <= 1000 * polled.rtt_s / 2 + 1000 / 24 + 2


async def test_the_player_is_driven_by_all_commands() -> None:
    async with home(exact()) as here:
        await here.show(5000)
        await here.remote.pause()
        await here.remote.seek_to(90_500)
        assert (await here.timeline()).time_ms == 90_500
        await here.remote.set_parameters(volume=30)
        assert (await here.timeline()).volume == 30
        await here.remote.play()
        assert (await here.timeline()).state == "playing"
        await here.remote.stop()
        assert (await here.timeline()).state == "stopped"


async def test_an_ignored_offset_shows_in_the_timeline_and_is_mended_by_a_seek() -> None:
    async with home(exact()) as here:
        here.player.troubles.ignore_offsets = 1
        await here.show(600_000)
        seen = await here.timeline()
        assert seen.time_ms is not None
        assert seen.time_ms < 60_000
        await here.remote.seek_to(600_000)
        seen = await here.timeline()
        assert seen.time_ms is not None
        assert seen.time_ms >= 600_000


async def test_a_hung_seek_is_unknown_then_seen() -> None:
    """It took effect, the call did not come back, and a poll says so; no other call waited for it."""
    async with home(exact(), call_s=0.5) as here:
        await here.show(5000)
        here.player.troubles.hang.add("seekTo")
        sent = await here.remote.seek_to(900_000)
        assert not sent.answered
        seen = await here.timeline()
        assert seen.time_ms is not None
        assert seen.time_ms >= 900_000
        assert sum(heard.verb == "seekTo" for heard in here.player.face.heard) == 1


async def test_a_player_that_hears_its_server_alone_is_reached_by_it() -> None:
    async with home(exact()) as here:
        here.player.troubles.server_only = True
        await here.show(5000)
        sent = await here.remote.pause()
        assert sent.route == "server"
        assert not here.player.engine.is_moving()


async def test_a_player_that_forgets_is_polled_and_obeys() -> None:
    async with home(exact()) as here:
        here.player.troubles.polled_every_s = 80.0
        await here.show(5000)
        await here.remote.pause()
        assert not here.player.engine.is_moving()


async def test_a_player_that_lies_is_found_out_by_its_timeline() -> None:
    async with home(exact()) as here:
        await here.show(5000)
        here.player.troubles.lie.add("pause")
        assert (await here.remote.pause()).answered
        assert (await here.timeline()).state == "playing"


async def test_a_player_that_vanishes_is_unreachable_and_comes_back() -> None:
    async with home(exact(), call_s=1.0) as here:
        await here.show(5000)
        await here.player.vanish()
        with pytest.raises(PlexError, match="direct"):
            await here.remote.poll()
        await here.player.come_back()
        assert (await here.timeline()).state == "playing"


async def test_a_player_that_makes_queues_begins_paused() -> None:
    """A cue without a picture that moves. Whether it can is said by the player itself."""
    async with home(exact(creates_queues=True)) as here:
        info = await here.remote.resources()
        here.remote.player = info
        await here.show(61_500, paused=True)
        seen = await here.timeline()
        assert (seen.state, seen.time_ms) == ("paused", 61_500)


@pytest.mark.parametrize("garbage", [b"<html/>", b"\x00\xff", b"<MediaContainer><Timeline", b""])
async def test_garbage_is_unknown_and_passes(garbage: bytes) -> None:
    async with home(exact()) as here:
        await here.show(5000)
        here.player.troubles.garbage = garbage
        try:
            assert (await here.remote.poll()).timeline is None
        except PlexError:
            assert garbage != b""
        here.player.troubles.garbage = None
        assert (await here.timeline()).state == "playing"


# ------------------------------------------------------------------ pushes


@asynccontextmanager
async def ear(here: Home) -> AsyncIterator[int]:
    """Listen for pushes, and put them into `here.pushes`; gives the port."""
    async with trio.open_nursery() as nursery:

        async def take(stream: trio.SocketStream) -> None:
            connection = Connection(stream)
            while head := await connection.read_head():
                lines = [line.partition(":") for line in head.decode().split("\r\n")[1:]]
                headers = {name.lower(): value.strip() for name, _, value in lines}
                while len(connection.heard) < int(headers["content-length"]):
                    connection.heard += await stream.receive_some()
                here.pushes.append(parse_push(headers, bytes(connection.heard)))
                connection.heard.clear()
                await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await stream.aclose()

        # A player posts to the address that subscribed, which on loopback may be any of 127/8.
        (listener,) = await trio.open_tcp_listeners(0, host="0.0.0.0")
        nursery.start_soon(trio.serve_listeners, take, [listener])
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def test_pushes_come_at_once_at_changes_and_polls_do_not_end_them() -> None:
    """The player of this profile ends a subscription when its owner polls; ours has another name."""
    async with home(exact(poll_ends_subscription=True)) as here, ear(here) as port:
        await here.show(5000)
        await here.remote.subscribe(port)
        await here.remote.poll()
        await here.remote.pause()
        with trio.fail_after(10):
            while not any(push.timeline.state == "paused" for push in here.pushes):
                await trio.sleep(0.01)
        assert here.pushes[-1].player_id == here.player.info.machine_identifier
        await here.remote.unsubscribe()
        assert here.player.face.subscribers == {}


async def test_pushes_tick_while_it_plays() -> None:
    async with home(exact()) as here, ear(here) as port:
        await here.show(5000)
        await here.remote.subscribe(port)
        with trio.fail_after(20):
            while len(here.pushes) < 3:
                await trio.sleep(0.05)
        times = [push.timeline.time_ms or 0 for push in here.pushes]
        assert times == sorted(times)
