"""Who may come in by which door, and what the event streams tell."""

import json
import os
import socket
import stat
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import trio
import websockets
from websockets.sync.client import connect, unix_connect

from tests.e2e.house import BASE, ROOM, house, until
from tests.helpers.rig import Segued, curl, running

Frame = dict[str, Any]
NOBODY = 65534


def token_of(segued: Segued) -> str:
    """Read the token of TCP callers, as an administrator does."""
    return (segued.state_dir / "api-token").read_text().strip()


@asynccontextmanager
async def events(segued: Segued) -> AsyncIterator[AsyncGenerator[Frame, None]]:
    """Follow the event stream with curl."""
    command = ["curl", "-sSN", "--unix-socket", str(segued.socket_path), "http://localhost/api/v1/events"]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with process.stdout, aclosing(frames(process.stdout)) as stream:
            yield stream
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


async def frames(stream: trio.abc.ReceiveStream) -> AsyncGenerator[Frame, None]:
    """Read server-sent events."""
    text = b""
    async for data in stream:
        *whole, text = (text + data).split(b"\n\n")
        for frame in whole:
            fields = dict(line.partition(b": ")[::2] for line in frame.split(b"\n"))
            if b"data" in fields:
                told = json.loads(fields[b"data"])
                assert b"id" not in fields or int(fields[b"id"]) == told["seq"]
                yield told


async def until_frame(stream: AsyncIterator[Frame], wanted: Callable[[Frame], object]) -> list[Frame]:
    """Read on until a frame is as wanted; gives all that were read."""
    read = []
    with trio.fail_after(20):
        async for frame in stream:
            read.append(frame)
            if wanted(frame):
                return read
    raise AssertionError(f"the stream ended: {read[-3:]}")


async def test_tcp_callers_need_the_token(place: Path) -> None:
    """Without, with a wrong one, or in the address: 401; with it: the same as on the socket. Health is open."""
    async with house(place) as (speaker, segued):
        token = token_of(segued)
        assert stat.S_IMODE((segued.state_dir / "api-token").stat().st_mode) == 0o600
        url = f"{segued.url}/api/v1/status"
        for arguments in (
            [url],
            [url, "-H", "Authorization: Bearer wrong"],
            [url, "-H", f"Authorization: Basic {token}"],
            [url, "-H", "Authorization: Bearer"],
            [f"{url}?token={token}"],
        ):
            answer = await curl(*arguments)
            assert answer.status == 401, arguments
            assert json.loads(answer.body)["error"]["code"] in ("no_token", "wrong_token")
        volume = f"{segued.url}/api/v1/rooms/living/volume"
        assert (await curl("-X", "POST", volume, "-d", '{"level": 20}')).status == 401
        bearer = ("-H", f"Authorization: Bearer {token}")
        assert (await curl(*bearer, url)).status == 200
        assert (await curl(*bearer, "-X", "POST", volume, "-d", '{"level": 20}')).status == 202
        await until(speaker, lambda s: s.level() == 20)
        for path in ("healthz", "readyz"):
            assert (await curl(f"{segued.url}/{path}")).status == 200
        assert token not in segued.log()


async def test_another_name_for_this_server_is_refused(place: Path) -> None:
    """A page that has its own name point here (DNS rebinding) gets nothing, not even with the token."""
    async with running(Segued(place, 'server: allowed_hosts = ["house.example"]')) as segued:
        bearer = ("-H", f"Authorization: Bearer {token_of(segued)}")
        url = f"{segued.url}/api/v1/status"
        for host, status in (
            ("evil.example", 421),
            ("house.example", 200),
            ("HOUSE.example:3001", 200),
            ("localhost:1", 200),
        ):
            assert (await curl(*bearer, url, "-H", f"Host: {host}")).status == status, host


async def test_only_named_users_may_change_things(place: Path) -> None:
    """On the socket the kernel says who asks: reading is free, writing is for the uids of `write_uids`."""
    is_root = os.geteuid() == 0
    uid = NOBODY if is_root else os.geteuid()
    become = ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups") if is_root else ()
    place.chmod(0o755)
    async with house(place, more="server: write_uids = [1]\n") as (speaker, segued):
        door = ("--unix-socket", str(segued.socket_path))
        volume = (*door, "-X", "POST", "http://localhost/api/v1/rooms/living/volume", "-d", '{"level": 20}')
        if is_root:
            assert (await curl(*door, "http://localhost/api/v1/status", before=become)).status == 0
            segued.socket_path.chmod(0o666)
        assert (await curl(*door, "http://localhost/api/v1/status", before=become)).status == 200
        refused = await curl(*volume, before=become)
        assert refused.status == 403
        error = json.loads(refused.body)["error"]
        assert error["code"] == "not_permitted"
        assert str(uid) in error["message"]
        assert speaker.level() == BASE
        segued.write_config(f"server: write_uids = [{uid}]\n" + ROOM.format(host=speaker.host))
        await segued.api("POST", "/api/v1/reload", status=200 if is_root else 403)
        if is_root:
            assert (await curl(*volume, before=become)).status == 202
            await until(speaker, lambda s: s.level() == 20)
            why = await segued.api("GET", "/api/v1/why?limit=1", status=200)
            assert why["data"]["acts"][0]["because"][-1]["by"] == f"uid:{uid}"


async def test_the_event_stream_begins_with_a_snapshot_and_tells_each_step(place: Path) -> None:
    """The command, its effect and its outcome follow in order, each with its cause."""
    async with house(place) as (_speaker, segued), events(segued) as stream:
        first = (await until_frame(stream, lambda _frame: True))[0]
        assert first["type"] == "snapshot"
        assert first["data"]["rooms"][0]["level"] == BASE
        accepted = await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 20}, status=202)
        frames = await until_frame(stream, lambda f: f["type"] == "music.command_done")
        types = [f["type"] for f in frames]
        asked = frames[types.index("music.volume_requested")]
        assert asked["seq"] == accepted["data"]["seq"]
        assert asked["data"] == {"room": "living", "level": 20}
        effect = frames[types.index("effect.set_volume")]
        assert (effect["cause"], effect["data"]["level"]) == (asked["seq"], 20)
        assert frames[-1]["cause"] == asked["seq"]
        seqs = [f["seq"] for f in frames]
        assert seqs == sorted(seqs)


async def test_the_websocket_tells_the_same(place: Path) -> None:
    """A snapshot, then the steps, for a client of the `websockets` library, on the socket and on TCP."""
    async with house(place) as (_speaker, segued):

        def follow() -> list[Frame]:
            with unix_connect(str(segued.socket_path), "ws://localhost/ws/state", open_timeout=20) as ws:
                frames = [json.loads(ws.recv(timeout=20))]
                trio.from_thread.run(segued.api, "POST", "/api/v1/rooms/living/volume", {"level": 20})
                while frames[-1]["type"] != "music.command_done":
                    frames.append(json.loads(ws.recv(timeout=20)))
                return frames

        frames = await trio.to_thread.run_sync(follow)
        assert frames[0]["type"] == "snapshot"
        assert frames[0]["data"]["rooms"][0]["level"] == BASE
        assert [f["type"] for f in frames[1:3]] == ["music.volume_requested", "effect.set_volume"]


async def test_a_page_of_another_site_gets_no_websocket(place: Path) -> None:
    """TCP needs the token; and a browser's page of another origin is turned away in spite of it."""
    async with running(Segued(place, "")) as segued:
        bearer = {"Authorization": f"Bearer {token_of(segued)}"}
        url = f"ws://127.0.0.1:{segued.port}/ws/state"

        def is_told(headers: dict[str, str], origin: str | None) -> bool:
            try:
                with connect(url, additional_headers=headers, origin=origin, open_timeout=20) as ws:  # type: ignore[arg-type]
                    return bool(json.loads(ws.recv(timeout=20))["type"] == "snapshot")
            except websockets.WebSocketException:
                return False

        async def told(headers: dict[str, str], origin: str | None) -> bool:
            return await trio.to_thread.run_sync(is_told, headers, origin)

        assert await told(bearer, None)
        assert await told(bearer, f"http://127.0.0.1:{segued.port}")
        assert not await told(bearer, "http://evil.example")
        assert not await told(bearer, "null")
        assert not await told({}, None)
        assert not await told({"Authorization": "Bearer wrong"}, None)


async def test_a_reader_that_does_not_read_holds_up_nobody(place: Path) -> None:
    """One client never reads its stream while thousands of steps happen: others see them, commands are obeyed."""
    async with house(place) as (speaker, segued):
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.connect(str(segued.socket_path))
            deaf.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            async with events(segued) as stream:
                await until_frame(stream, lambda f: f["type"] == "snapshot")
                for n in range(3000):
                    speaker.turn_knob(speaker.pid, 30 + n % 2)
                    if n % 100 == 0:
                        await trio.sleep(0.01)
                await segued.api("POST", "/api/v1/rooms/living/volume", {"level": 20}, status=202)
                await until(speaker, lambda s: s.level() == 20)
                await until_frame(
                    stream,
                    lambda f: (
                        f["data"]["rooms"][0]["level"] == 20
                        if f["type"] == "snapshot"
                        else f["type"] == "music.command_done"
                    ),
                )
            assert await segued.stop() == 0
        assert segued.log_lines("error") == []


async def test_the_whole_state_and_the_description_can_be_read(place: Path) -> None:
    """`/api/v1/state`, `/openapi.json`, `/metrics` and the players, as `seguectl` and others read them."""
    async with house(place) as (speaker, segued):
        state = (await segued.api("GET", "/api/v1/state", status=200))["data"]["state"]
        assert state["music"]["rooms"][0]["receiver"]["observed_level"] == BASE
        document = await segued.api("GET", "/openapi.json", status=200)
        assert "/api/v1/rooms/{room}/pause" in document["paths"]
        metrics = await curl("--unix-socket", str(segued.socket_path), "http://localhost/metrics")
        assert metrics.status == 200
        told = json.loads((await segued.ctl("players", "--json")).stdout)["data"]["heos"]
        assert [(p["player_id"], p["name"], p["room"]) for p in told] == [
            (speaker.pid, "Living Room", "living")
        ]
        for command in ("status", "rooms", "players"):
            assert b"living" in (await segued.ctl(command)).stdout.lower()
