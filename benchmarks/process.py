"""The process: its start, its memory, its silence when idle, and its end."""

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import trio

from benchmarks.figures import Figure, median, show
from benchmarks.rig import receiver_and_segued
from tests.helpers.rig import REPO

STARTS = 7
IDLE_S = 30.0
GRACE_S = 3.0


def memory_mb(pid: int) -> float:
    """Give the resident memory of a process in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise AssertionError("no VmRSS")


def wakeups(pid: int) -> int:
    """Give how often all threads of a process have gone to sleep by themselves."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                total += int(line.split()[1])
    return total


def connect_when_listening(port: int, begin: float, deadline_s: float = 10.0) -> float:
    """Try to connect until somebody listens; gives the time since `begin`."""
    while time.perf_counter() - begin < deadline_s:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return time.perf_counter() - begin
        time.sleep(0.002)
    raise AssertionError("nobody listens")


async def main() -> None:
    """Measure all of it on one machine, one after the other."""
    async with receiver_and_segued() as (_, segued):
        assert segued.process is not None
        await trio.sleep(3)
        pid = segued.process.pid
        before = wakeups(pid)
        await trio.sleep(IDLE_S)
        idle = (wakeups(pid) - before) / IDLE_S
        memory = memory_mb(pid)
        starts, stops, empty = [], [], []
        for _ in range(STARTS):
            begin = time.perf_counter()
            await segued.stop()
            stops.append(time.perf_counter() - begin)
            async with trio.open_nursery() as nursery:
                begin = time.perf_counter()

                async def look(begin: float = begin) -> None:
                    starts.append(await trio.to_thread.run_sync(connect_when_listening, segued.port, begin))

                nursery.start_soon(look)
                await segued.start()
            begin = time.perf_counter()
            await trio.run_process([sys.executable, "-c", "import trio"], cwd=REPO, check=False)
            empty.append(time.perf_counter() - begin)
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            deaf.connect(str(segued.socket_path))
            deaf.settimeout(1)
            with suppress(
                TimeoutError
            ):  # when even the requests no longer fit, the answers fill every buffer
                for _ in range(2000):
                    deaf.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await trio.sleep(1)  # until its answers fill every buffer on the way, and the server waits for it
            assert segued.process is not None
            begin = time.perf_counter()
            os.kill(segued.process.pid, signal.SIGTERM)
            with trio.fail_after(15):
                await segued.process.wait()
            deaf_s = time.perf_counter() - begin
    show(
        Figure(
            "exec -> listening",
            median(starts),
            "s",
            0.4,
            baseline=f"python that imports trio and ends {median(empty):.2f} s",
        ),
        Figure("memory of the main process, idle", memory, "MB", 60),
        Figure("wake-ups when idle", idle, "/s", 3.0, baseline=f"over {IDLE_S:.0f} s, all threads"),
        Figure("SIGTERM -> exit, idle", median(stops), "s", 0.5),
        Figure("SIGTERM -> exit, with a client that never reads", deaf_s, "s", GRACE_S + 0.5),
    )


if __name__ == "__main__":
    trio.run(main)
