"""seguectl: from the connection to the command on the wire, and the whole process against an empty Python."""

import subprocess
import sys
import time

import trio

from benchmarks.figures import Figure, median, p99, show
from benchmarks.rig import receiver_and_segued
from tests.helpers.rig import REPO

ROUNDS = 200
PROCESSES = 15


def request(level: int) -> bytes:
    """Write the request that `seguectl volume LEVEL` sends."""
    body = b'{"level": %d}' % level
    head = b"POST /api/v1/rooms/-/volume HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    return head + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def whole_process(command: list[str], environ: dict[str, str]) -> float:
    """Time one process from start to end, in ms."""
    begin = time.perf_counter()
    subprocess.run(command, env=environ, check=True, capture_output=True, timeout=30)
    return (time.perf_counter() - begin) * 1000


async def main() -> None:
    """Measure both."""
    async with receiver_and_segued() as (speaker, segued):
        times = []
        for n in range(ROUNDS):
            arrived = trio.Event()
            speaker.watch_command = lambda command, arrived=arrived: (  # type: ignore[misc]
                arrived.set() if command.name == "player/set_volume" else None
            )
            stream = await trio.open_unix_socket(str(segued.socket_path))
            async with stream:
                begin = time.perf_counter()
                await stream.send_all(request(20 + n % 20))
                with trio.fail_after(5):
                    await arrived.wait()
                times.append((time.perf_counter() - begin) * 1000)
                while await stream.receive_some(4096):
                    pass
            await trio.sleep(0.005)
        environ = {
            "SEGUE_SOCKET": str(segued.socket_path),
            "PYTHONPATH": str(REPO / "daemon"),
            "PATH": "/usr/bin",
        }
        ours, empty = [], []
        for n in range(PROCESSES):
            ctl = [sys.executable, "-m", "segue.cli.seguectl", "volume", str(30 + n % 5)]
            ours.append(await trio.to_thread.run_sync(whole_process, ctl, environ))
            nothing = [sys.executable, "-c", "pass"]
            empty.append(await trio.to_thread.run_sync(whole_process, nothing, environ))
    show(
        Figure(
            "seguectl volume: connected -> HEOS command on the wire, p50",
            median(times),
            "ms",
            3.0,
            baseline=f"p99 {p99(times):.1f} ms; {ROUNDS} times",
            anchor="StreamerBrainz 22-24 ms",
        ),
        Figure(
            "seguectl volume: whole process, as a multiple of `python -c pass`",
            median([a / b for a, b in zip(ours, empty, strict=True)]),
            "x",
            4.0,
            baseline=f"{median(ours):.0f} ms against {median(empty):.0f} ms",
        ),
    )


if __name__ == "__main__":
    trio.run(main)
