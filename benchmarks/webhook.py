"""Webhooks on the simulated house: how fast one is answered, how fast the receiver hears, what a storm costs."""

import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from benchmarks.figures import Figure, median, p99, show
from segue.demo.heos_connection import LoggedCommand
from segue.demo.house import WEBHOOK_SECRET, SimulatedHouse
from segue.demo.plex_picture import make_jpeg
from segue.demo.plex_sessions import Happening
from segue.demo.plex_webhooks import Hook, playing_hook
from tests.helpers.rig import TOKEN, Segued, running

CONFIG = """
server: webhook_secret = "{secret}"
[plex]
url = "{plex_url}"
token = "{token}"
[heos]
host = "{heos_host}"
[[room]]
name = "living"
plex_player = "{player_title}"
heos_player = "{heos_player}"
max_level = 60
fade_in_s = 0.3
[music]
resume_gap_s = 0.2
"""
ANSWERS, ROUNDS, STORM = 300, 100, 500


@asynccontextmanager
async def house_and_segued() -> AsyncIterator[tuple[SimulatedHouse, Segued]]:
    """Run the simulated house, quick as can be, and a daemon that is connected to all of it."""
    async with SimulatedHouse(token=TOKEN) as house:
        house.receiver.faults.latency_s = 0.0
        with tempfile.TemporaryDirectory() as directory:
            config = CONFIG.format(secret=WEBHOOK_SECRET, token=TOKEN, **house.places())
            segued = Segued(Path(directory), config)
            async with running(segued):
                await segued.until(lambda room: room["available"])
                await trio.sleep(1)
                yield house, segued


def request(hook: Hook, path: str) -> bytes:
    """Write a webhook's whole request."""
    boundary = "------------------------0123456789abcdef"
    body = hook.body(boundary)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: PlexMediaServer/1.42\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def post(port: int, data: bytes) -> float:
    """Send a request on a connection of its own, and give the time to its answer in ms."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        begin = time.perf_counter()
        await stream.send_all(data)
        answer = await stream.receive_some(65536)
        took = (time.perf_counter() - begin) * 1000
        assert b" 200 " in answer.split(b"\r\n", 1)[0], answer[:200]
    return took


async def answered(house: SimulatedHouse, segued: Segued) -> list[float]:
    """Time the answers to one webhook after the other, of 54 kB each, as a server sends them."""
    await house.player_starts()
    session, report = house.plex.sessions.shown()[0]
    hook = playing_hook(house.plex.name, Happening("media.play", session, report))
    hook = Hook(hook.event, hook.payload, make_jpeg("bench", 52_000))
    data = request(hook, f"/webhooks/plex/{WEBHOOK_SECRET}")
    assert 52_000 < len(data) < 58_000
    times = []
    for _ in range(ANSWERS):
        times.append(await post(segued.port, data))
        await trio.sleep(0.01)
    return times


async def heard(house: SimulatedHouse, segued: Segued) -> list[float]:
    """Time from a webhook that leaves the server to the first HEOS command that follows from it, in ms."""
    house.segue_port = segued.port
    times = []
    await house.player_stops()
    await trio.sleep(3)
    for n in range(ROUNDS):
        arrived = trio.Event()
        at = [0.0]

        def watch(command: LoggedCommand, at: list[float] = at, arrived: trio.Event = arrived) -> None:
            if command.name == "player/set_volume" and not arrived.is_set():
                at[0] = time.perf_counter()
                arrived.set()

        house.receiver.watch_command = watch
        await house.player_starts() if n == 0 else await house.player.press_resume()
        session, report = house.plex.sessions.shown()[0]
        hook = playing_hook(house.plex.name, Happening("media.play", session, report))
        data = request(hook, f"/webhooks/plex/{WEBHOOK_SECRET}")
        begin = time.perf_counter()
        await post(segued.port, data)
        with trio.fail_after(10):
            await arrived.wait()
        times.append((at[0] - begin) * 1000)
        house.receiver.watch_command = lambda _command: None
        await trio.sleep(0.7)
        await house.player.press_pause()
        await post(segued.port, data)
        await trio.sleep(1.2)
    return times


async def storm(house: SimulatedHouse, segued: Segued) -> tuple[int, str, int, float]:
    """Send 500 webhooks in half a second while the player changes; count readings, and look at the end."""
    await house.player_stops()
    await trio.sleep(3)
    await house.player_starts()
    session, report = house.plex.sessions.shown()[0]
    hook = playing_hook(house.plex.name, Happening("media.play", session, report))
    data = request(hook, f"/webhooks/plex/{WEBHOOK_SECRET}")
    await trio.sleep(3)
    before = house.plex.fetches()
    lost = 0

    async def one() -> None:
        nonlocal lost
        try:
            await post(segued.port, data)
        except AssertionError:
            lost += 1

    begin = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for n in range(STORM):
            nursery.start_soon(one)
            if n == STORM // 3:
                await house.player.press_pause()
            if n == STORM * 2 // 3:
                await house.player.press_resume()
            await trio.sleep(max(0.0, begin + (n + 1) * 0.001 - time.perf_counter()))
    await house.player.press_pause()
    await post(segued.port, data)
    took = time.perf_counter() - begin
    await trio.sleep(2.5)
    fetches = house.plex.fetches() - before
    return fetches, (await segued.room())["activity"], lost, took


async def main() -> None:
    """Measure all three."""
    async with house_and_segued() as (house, segued):
        answers = await answered(house, segued)
        commands = await heard(house, segued)
        fetches, activity, turned_away, took = await storm(house, segued)
    quiet = statistics.median(answers)
    show(
        Figure("webhook of 54 kB answered, p50", quiet, "ms", 1.5, baseline=f"{ANSWERS} times"),
        Figure("webhook of 54 kB answered, p99", p99(answers), "ms", 5.0),
        Figure(
            "webhook -> HEOS command on the wire, p50",
            median(commands),
            "ms",
            8.0,
            baseline=f"with a commit on disk and a reading of the sessions in between; {ROUNDS} times",
            anchor="StreamerBrainz 1.4 ms to the reading of the sessions only",
        ),
        Figure(
            "webhook -> HEOS command on the wire, p99",
            p99(commands),
            "ms",
            25.0,
            anchor="StreamerBrainz 13.7 ms to the reading of the sessions only",
        ),
        Figure(
            f"{STORM} webhooks in {took:.1f} s: readings of the sessions",
            fetches,
            "",
            10,
            baseline=f"{turned_away} were turned away with 429",
            anchor="StreamerBrainz 500",
        ),
        Figure("the same: the last state is right", int(activity == "paused"), "", 1, "equal"),
    )


if __name__ == "__main__":
    trio.run(main)
