"""SIGKILL at 50 counted effects of fades, and a restart: is the person's level there again?"""

import trio

from benchmarks.figures import Figure, show
from benchmarks.rig import receiver_and_segued
from segue.demo.heos_connection import LoggedCommand

POINTS = 50
BASE = 40
HOME_S = 20.0


async def main() -> None:
    """Kill the daemon as its n-th level of a fade arrives at the receiver, for n from 1 to 50."""
    restored = 0
    lowest: list[int] = []
    async with receiver_and_segued(latency_s=0.004) as (speaker, segued):
        for point in range(1, POINTS + 1):
            speaker.resume(speaker.pid)
            await segued.api("POST", "/api/v1/rooms/-/volume", {"level": BASE}, status=202)
            await speaker.until(lambda s: s.level() == BASE)
            await trio.sleep(0.3)
            killed = trio.Event()
            left = [point]

            def watch(command: LoggedCommand, left: list[int] = left, killed: trio.Event = killed) -> None:
                if command.name == "player/set_volume":
                    left[0] -= 1
                    if left[0] == 0 and segued.process is not None:
                        segued.process.kill()
                        killed.set()

            speaker.watch_command = watch
            await segued.api("POST", "/api/v1/rooms/-/pause", {}, status=202)
            with trio.move_on_after(3.0):
                await killed.wait()
            if not killed.is_set():  # the fade out was over; the fade in has the rest of the points
                await segued.api("POST", "/api/v1/rooms/-/play", {}, status=202)
                with trio.fail_after(10):
                    await killed.wait()
            speaker.watch_command = lambda _command: None
            await segued.kill()
            await trio.sleep(0.1)
            lowest.append(speaker.level())
            await segued.start()
            with trio.move_on_after(HOME_S):
                await speaker.until(lambda s: s.level() == BASE)
            await trio.sleep(0.2)
            restored += speaker.level() == BASE
    away = sum(1 for level in lowest if level != BASE)
    show(
        Figure(
            "SIGKILL at counted effects of fades, restart: base level restored",
            restored,
            f"of {POINTS}",
            POINTS,
            "equal",
            baseline=f"the kill left the receiver away from its level {away} times",
            anchor="nobody",
        )
    )


if __name__ == "__main__":
    trio.run(main)
