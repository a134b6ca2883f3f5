"""What the simulated Plex server tells those who listen, heard by independent clients on the network."""

import json
from typing import Any

import httpx
import pytest
import trio
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from segue.demo.plex_catalogue import make_film
from tests.demo.plex_house import on_sockets


async def _hear(url: str, count: int, act: Any) -> list[Any]:
    """Give so many frames, heard by an independent client in a thread, after it has connected."""
    connected = trio.Event()
    frames: list[Any] = []

    def listen() -> None:
        with connect(url, open_timeout=20, close_timeout=5) as websocket:
            trio.from_thread.run_sync(connected.set)
            frames.extend(json.loads(websocket.recv(timeout=20)) for _ in range(count))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, listen)
        await connected.wait()
        await act()
    return [frame["NotificationContainer"] for frame in frames]


async def test_notifications_tell_what_plays() -> None:
    """At every report, with the key of the session and the position."""
    async with on_sockets() as house:

        async def act() -> None:
            await house.play()
            await house.player.seek(42_000)
            await house.player.press_pause()
            await house.player.press_stop()

        url = f"{house.server.url}/:/websockets/notifications?X-Plex-Token={house.server.token}"
        frames = await _hear(url.replace("http", "ws"), 4, act)
        bodies = [frame["PlaySessionStateNotification"][0] for frame in frames]
        assert {(frame["type"], frame["size"]) for frame in frames} == {("playing", 1)}
        assert [body["state"] for body in bodies] == ["playing", "playing", "paused", "stopped"]
        assert {body["sessionKey"] for body in bodies} == {"1"}
        assert bodies[1]["viewOffset"] == 42_000
        assert bodies[0]["ratingKey"] == str(house.album[0].rating_key)


async def test_notifications_are_filtered() -> None:
    """Who asks for the library's hears nothing of players."""
    async with on_sockets() as house:

        async def act() -> None:
            await house.play()
            await house.raw("/library/metadata/3/refresh")

        url = f"ws{house.server.url[4:]}/:/websockets/notifications?filters=timeline"
        (frame,) = await _hear(f"{url}&X-Plex-Token={house.server.token}", 1, act)
        assert frame["type"] == "timeline"
        assert frame["TimelineEntry"][0]["itemID"] == "3"


async def test_a_scan_is_told_to_everybody() -> None:
    """It begins and ends, and the answer names it; the section says when."""
    async with on_sockets() as house:
        answers: list[httpx.Response] = []

        async def act() -> None:
            answers.append(await house.raw("/library/sections/1/refresh"))

        url = f"ws{house.server.url[4:]}/:/websockets/notifications?filters=activity,status"
        frames = await _hear(f"{url}&X-Plex-Token={house.server.token}", 3, act)
        events = [each["event"] for frame in frames for each in frame.get("ActivityNotification", [])]
        assert events == ["started", "ended"]
        name = answers[0].headers["x-plex-activity"]
        assert frames[0]["ActivityNotification"][0]["uuid"] == name
        assert frames[2]["StatusNotification"][0]["title"] == "Library scan complete"
        films = next(
            each for each in (await house.json("/library/sections"))["Directory"] if each["key"] == "1"
        )
        assert films["scannedAt"] > 0


async def test_what_arrives_and_goes_is_told() -> None:
    """Made, then complete, then deleted; the section lists it in between, and its counter rises."""
    async with on_sockets() as house:
        server, seen = house.server, []

        async def act() -> None:
            seen.append(server.library.section("movie").content_changed_at)
            film = server.arrives("movie", make_film("Late Arrival", 2026, 90))
            listed = (await house.json("/library/sections/1/all?title=Late"))["Metadata"]
            assert [each["ratingKey"] for each in listed] == [str(film.rating_key)]
            server.goes(film)
            assert (await house.raw(film.key)).status_code == 404
            seen.append(server.library.section("movie").content_changed_at)

        url = f"ws{server.url[4:]}/:/websockets/notifications?filters=timeline"
        frames = await _hear(f"{url}&X-Plex-Token={server.token}", 3, act)
        entries = [frame["TimelineEntry"][0] for frame in frames]
        assert [(entry["state"], entry["title"]) for entry in entries] == [
            (0, "Late Arrival"),
            (5, "Late Arrival"),
            (9, "Late Arrival"),
        ]
        assert seen[1] == seen[0] + 2


async def test_notifications_need_the_token() -> None:
    """The handshake is refused without."""
    async with on_sockets() as house:

        def listen() -> None:
            with connect(f"ws{house.server.url[4:]}/:/websockets/notifications", open_timeout=20):
                raise AssertionError("it was let in")

        with pytest.raises(InvalidStatus):
            await trio.to_thread.run_sync(listen)
        assert house.server.listeners.count == 0


async def test_notifications_come_as_a_stream_of_events_too() -> None:
    """For those who cannot do WebSocket; it ends with the server."""
    async with on_sockets() as house:
        stream = await trio.open_tcp_stream(house.server.host, house.server.port)
        async with stream:
            lines = ["GET /:/eventsource/notifications HTTP/1.1", f"Host: {house.server.host}"]
            lines += [f"X-Plex-Token: {house.server.token}", "", ""]
            await stream.send_all("\r\n".join(lines).encode())
            while house.server.listeners.count == 0:
                await trio.sleep(0.01)
            await house.play()
            received = b""
            while b"\n\n" not in received.partition(b"\r\n\r\n")[2]:
                received += await stream.receive_some()
            assert b"content-type: text/event-stream" in received.lower()
            kind, data = received[received.index(b"event: ") :].split(b"\n")[:2]
            assert kind == b"event: playing"
            body = json.loads(data.removeprefix(b"data: "))
            assert (body["state"], body["sessionKey"]) == ("playing", "1")
            await house.server.shut_down()
            while await stream.receive_some():
                pass


async def test_a_listener_that_went_is_forgotten() -> None:
    """Nothing is kept for it."""
    async with on_sockets() as house:
        url = f"ws{house.server.url[4:]}/:/websockets/notifications?X-Plex-Token={house.server.token}"
        await _hear(url, 1, house.play)
        for _ in range(500):
            if house.server.listeners.count == 0:
                break
            await trio.sleep(0.01)
        assert house.server.listeners.count == 0
