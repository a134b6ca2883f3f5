"""A fade of 40 levels in 1 s on a device that takes 25 ms a command: its end, steps, commands and direction."""

import json
import socket
import time
from itertools import pairwise

import trio

from benchmarks.figures import Figure, median, show
from benchmarks.rig import receiver_and_segued
from segue.demo.heos_speaker import HeosSpeaker

LATENCY_S = 0.025
LEVELS = 40
FADE_S = 1.0
ROUNDS = 5


async def one_fade(speaker: HeosSpeaker, segued: object) -> tuple[float, list[int], int]:
    """Fade from 40 to 0; gives the time to the last level, the levels, and the number of commands."""
    await segued.api("POST", "/api/v1/rooms/-/volume", {"level": LEVELS})  # type: ignore[attr-defined]
    await speaker.until(lambda s: s.level() == LEVELS)
    await trio.sleep(0.5)
    before, commands = len(speaker.level_history()), len(speaker.sent("player/set_volume"))
    begin = trio.current_time()
    await segued.api(  # type: ignore[attr-defined]
        "POST", "/api/v1/rooms/-/fade", {"to_level": 0, "duration_s": FADE_S}, status=202
    )
    with trio.fail_after(10):
        await speaker.until(lambda s: s.level() == 0)
    await trio.sleep(0.3)
    changes = speaker.level_history()[before:]
    count = len(speaker.sent("player/set_volume")) - commands
    return changes[-1].at - begin, [LEVELS, *(c.level for c in changes)], count


def plain_loop(host: str, pid: int) -> float:
    """Fade as a plain loop does: set, wait for the answer, sleep a fortieth of the time."""
    with socket.create_connection((host, 1255), timeout=5) as sock:
        reader = sock.makefile("rb")
        begin = time.perf_counter()
        for level in range(LEVELS - 1, -1, -1):
            sock.sendall(f"heos://player/set_volume?pid={pid}&level={level}\r\n".encode())
            assert json.loads(reader.readline())["heos"]["result"] == "success"
            time.sleep(FADE_S / LEVELS)
        return time.perf_counter() - begin


async def main() -> None:
    """Measure ours, and the plain loop on the same device."""
    async with receiver_and_segued(latency_s=LATENCY_S) as (speaker, segued):
        await one_fade(speaker, segued)  # the first one learns the device's round trip
        ends, steps, counts, monotone = [], [], [], 0
        for _ in range(ROUNDS):
            took, levels, count = await one_fade(speaker, segued)
            ends.append(took)
            counts.append(count)
            falls = [a - b for a, b in pairwise(levels)]
            steps.append(max(falls))
            monotone += min(falls) >= 0
        loop_s = await trio.to_thread.run_sync(plain_loop, str(speaker.host), speaker.pid)
    show(
        Figure(
            "fade of 40 levels in 1 s, device 25 ms: its end",
            median(ends),
            "s",
            1.1,
            baseline=f"a plain loop on the same device {loop_s:.2f} s",
            anchor="a plain loop needs 2.39 s",
        ),
        Figure("the same: largest step", max(steps), "levels", 2),
        Figure("the same: commands", max(counts), "", 45),
        Figure("the same: fades that never went back", monotone, f"of {ROUNDS}", ROUNDS, "equal"),
    )


if __name__ == "__main__":
    trio.run(main)
