"""The webhooks of the simulated Plex server, as one who hears them gets them, whole or spoilt."""

import email
import email.message
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from segue.demo.plex_catalogue import make_film
from segue.demo.plex_faults import WebhookFaults
from segue.demo.plex_picture import PICTURE_BYTES
from segue.demo.plex_webhooks import Hook, WebhookSender, admin_hook
from segue.runtime.http import HttpServer, open_tcp_listeners
from tests.demo.plex_house import PlexHouse, on_sockets


@dataclass
class Heard:
    """One webhook, taken apart by the standard library."""

    headers: dict[str, str]
    parts: list[email.message.Message]
    at: float

    @property
    def payload(self) -> Any:
        content = self.parts[0].get_payload(decode=True)
        assert isinstance(content, bytes)
        return json.loads(content)

    @property
    def event(self) -> str:
        return str(self.payload["event"])


@dataclass
class Ear:
    """Hears webhooks, and answers with `status`."""

    heard: list[Heard] = field(default_factory=list)
    status: int = 200
    url: str = ""
    _more: trio.Event = field(default_factory=trio.Event)

    async def take(self, request: Request) -> Response:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        parts = email.message_from_bytes(head + await request.body()).get_payload()
        assert isinstance(parts, list)
        self.heard.append(Heard(dict(request.headers), parts, trio.current_time()))  # type: ignore[arg-type]
        self._more.set()
        return Response(b"", self.status)

    async def events(self, count: int) -> list[str]:
        """Wait for so many, and give what they say."""
        while len(self.heard) < count:
            self._more = trio.Event()
            await self._more.wait()
        return [hook.event for hook in self.heard]


@asynccontextmanager
async def listened() -> AsyncIterator[tuple[PlexHouse, Ear]]:
    """Open a house of which the owner has registered an address, where somebody listens."""
    async with on_sockets() as house, trio.open_nursery() as nursery:
        ear = Ear()
        server = HttpServer(Starlette(routes=[Route("/hook", ear.take, methods=["POST"])]))
        listeners = await open_tcp_listeners("127.0.0.1", 0)
        await nursery.start(server.serve, listeners)
        port = listeners[0].socket.getsockname()[1]
        ear.url = f"http://127.0.0.1:{port}/hook"
        house.server.webhooks.register(ear.url)
        yield house, ear
        nursery.cancel_scope.cancel()


async def live(house: PlexHouse) -> None:
    """Play, pause, go on, stop."""
    await house.play()
    await house.player.press_pause()
    await house.player.press_resume()
    await house.player.press_stop()


WHOLE = ["media.play", "media.pause", "media.resume", "media.stop"]

# ------------------------------------------------------------------ whole


async def test_each_change_is_told_once() -> None:
    """In order; what follows a track is a play of its own, and a seek is nothing."""
    async with listened() as (house, ear):
        await live(house)
        assert await ear.events(4) == WHOLE
        await house.play()
        await house.player.seek(5_000)
        await house.player.press_next()
        await house.player.press_stop()
        assert (await ear.events(7))[4:] == ["media.play", "media.play", "media.stop"]


async def test_a_webhook_is_a_form_of_two_parts() -> None:
    """JSON with a type of its own, and a picture of some size when something starts."""
    async with listened() as (house, ear):
        await live(house)
        await ear.events(4)
        play, pause = ear.heard[:2]
        assert play.headers["user-agent"].startswith("PlexMediaServer/1.")
        assert play.headers["content-type"].startswith("multipart/form-data; boundary=---")
        payload, thumb = play.parts
        assert (payload.get_param("name", header="content-disposition"), payload.get_content_type()) == (
            "payload",
            "application/json",
        )
        assert (thumb.get_filename(), thumb.get_content_type()) == ("thumb.jpg", "image/jpeg")
        picture = thumb.get_payload(decode=True)
        assert isinstance(picture, bytes)
        assert (len(picture), picture[:2], picture[-2:]) == (PICTURE_BYTES, b"\xff\xd8", b"\xff\xd9")
        assert [len(hook.parts) for hook in ear.heard] == [2, 1, 1, 1]
        assert pause.payload["Metadata"]["viewOffset"] >= 0


async def test_a_webhook_says_who_and_what_but_not_which_session() -> None:
    """No key of a session, no moment, no id."""
    async with listened() as (house, ear):
        await house.play()
        await ear.events(1)
        payload = ear.heard[0].payload
        assert payload["event"] == "media.play"
        assert payload["Player"]["uuid"] == house.player.info.machine_identifier
        assert payload["Player"]["title"] == "Shelf"
        assert payload["Server"] == {"title": "Cellar", "uuid": house.server.name.machine_identifier}
        assert payload["Account"]["title"] == "owner"
        assert (payload["Metadata"]["title"], payload["Metadata"]["type"]) == ("Handshake", "track")
        assert payload["Metadata"]["librarySectionType"] == "artist"
        text = json.dumps(payload)
        assert "sessionKey" not in text
        assert "sessionId" not in text
        assert house.server.token not in text
        assert 1_000 < len(text) < 4_000


async def test_nine_tenths_are_a_scrobble() -> None:
    """Once."""
    async with listened() as (house, ear):
        await house.play()
        await house.player.seek(200_000)
        await house.player.seek(205_000)
        await house.player.press_stop()
        assert await ear.events(3) == ["media.play", "media.scrobble", "media.stop"]
        assert "viewOffset" not in ear.heard[1].payload["Metadata"]


async def test_a_rating_is_told() -> None:
    """With the picture."""
    async with listened() as (house, ear):
        await house.raw("/:/rate?key=33&rating=8")
        assert await ear.events(1) == ["media.rate"]
        assert (ear.heard[0].payload["rating"], len(ear.heard[0].parts)) == (8.0, 2)


async def test_the_servers_own_events_lack_much() -> None:
    """A new item has no player; a backup has no item either."""
    async with listened() as (house, ear):
        server = house.server
        server.arrives("movie", make_film("Late Arrival", 2026, 90))
        server.webhooks.fire(admin_hook(server.name, "admin.database.backup", server.owner))
        await ear.events(2)
        new, backup = (hook.payload for hook in ear.heard)
        assert "Player" not in new
        assert (new["event"], new["Metadata"]["title"]) == ("library.new", "Late Arrival")
        assert [len(hook.parts) for hook in ear.heard] == [2, 1]
        assert {"Player", "Metadata"}.isdisjoint(backup)


async def test_nobody_repeats_what_was_refused() -> None:
    """It is noted with its status, or with nothing where nobody answered."""
    async with listened() as (house, ear):
        ear.status = 500
        await house.play()
        await ear.events(1)
        house.server.webhooks.register("http://127.0.0.1:1/nobody")
        house.server.webhooks.register("not even an address")
        ear.status = 200
        await house.player.press_pause()
        assert await ear.events(2) == WHOLE[:2]
        while len(house.server.webhooks.sent) < 4:
            await trio.sleep(0.01)
        sent = Counter((event, status) for _, event, status in house.server.webhooks.sent)
        assert sent == {("media.play", 500): 1, ("media.pause", 200): 1, ("media.pause", None): 2}


async def test_an_address_is_taken_away() -> None:
    """Nothing comes any more."""
    async with listened() as (house, ear):
        await house.play()
        await ear.events(1)
        house.server.webhooks.unregister(ear.url)
        await house.player.press_pause()
        await trio.sleep(0.1)
        assert len(ear.heard) == 1


# ------------------------------------------------------------------ spoilt


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (WebhookFaults(lose_next=2), WHOLE[2:]),
        (WebhookFaults(drop=frozenset({"media.stop", "media.pause"})), ["media.play", "media.resume"]),
        (WebhookFaults(duplicate=True), [event for event in WHOLE for _ in range(2)]),
        (WebhookFaults(double_fire=True), [event for event in WHOLE for _ in range(2)]),
        (WebhookFaults(duplicate=True, double_fire=True), [event for event in WHOLE for _ in range(4)]),
        (WebhookFaults(reorder_s=0.4), ["media.pause", "media.stop", "media.play", "media.resume"]),
    ],
    ids=["lost", "dropped", "doubled", "fired twice", "four times", "reordered"],
)
async def test_webhooks_go_wrong(faults: WebhookFaults, expected: list[str]) -> None:
    """What comes, and in which order."""
    async with listened() as (house, ear):
        house.server.webhooks.use(faults)
        await live(house)
        assert await ear.events(len(expected)) == expected
        await trio.sleep(0.1)
        assert len(ear.heard) == len(expected)


async def test_all_are_lost() -> None:
    """The sessions tell nevertheless."""
    async with listened() as (house, ear):
        house.server.webhooks.use(WebhookFaults(lose=1.0))
        await house.play()
        await trio.sleep(0.1)
        assert ear.heard == []
        assert len(await house.sessions()) == 1


async def test_webhooks_are_late() -> None:
    """What happened can be read before they come."""
    async with listened() as (house, ear):
        house.server.webhooks.use(WebhookFaults(delay_s=0.5))
        began_at = trio.current_time()
        await house.play()
        assert ear.heard == []
        assert len(await house.sessions()) == 1
        await ear.events(1)
        assert ear.heard[0].at - began_at >= 0.5


@pytest.mark.parametrize(
    ("faults", "same"), [(WebhookFaults(duplicate=True), True), (WebhookFaults(double_fire=True), False)]
)
async def test_two_of_the_same_are_alike(faults: WebhookFaults, same: bool) -> None:
    """To the letter; or but for the flags that say for whom each was fired."""
    async with listened() as (house, ear):
        house.server.webhooks.use(faults)
        await house.play()
        await ear.events(2)
        one, other = (hook.payload for hook in ear.heard)
        assert (one == other) == same
        without: Callable[[Any], Any] = lambda payload: payload | {"user": None, "owner": None}  # noqa: E731
        assert without(one) == without(other)


async def test_a_webhook_that_is_fired_while_the_server_ends_harms_nobody() -> None:
    """A scan may end after the sender; nobody hears of it any more."""
    async with httpx.AsyncClient() as client:
        sender = WebhookSender(["http://127.0.0.1:9/"], WebhookFaults(), client, "1.0", random.Random(1))
        async with trio.open_nursery() as nursery:
            await nursery.start(sender.run)
            nursery.cancel_scope.cancel()
        sender.fire(Hook("library.new", {}))
        assert sender.sent == []
