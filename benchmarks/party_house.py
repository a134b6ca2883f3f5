"""A party of whole daemons: an orchestrator, two homes with a `segued` and a real player each, and things that break.

What is measured is the product as it is installed: its API, its protocol, its agents. The truth is mpv's own clock.
"""

import math
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import trio

from benchmarks.figures import Figure, show
from benchmarks.party_homes.screens import Witness, apart, ran_evenly
from benchmarks.party_sim.metrics import quantile
from segue.demo.video_film import make_film
from tests.e2e.party_house import Home, home, orchestrator
from tests.e2e.party_talk import Party, create
from tests.helpers.rig import Segued, address

FILM_S = 600.0
START_IN_S = 15.0
STEADY_S, OUTAGE_S, RUN_ON_S = 20.0, 10.0, 3.0
NEAR_S = 0.25
WAIT_S = 60.0
NAMES = ("ada", "ben")


class Wire:
    """A wire between a home and the orchestrator that can be cut: connections break, and new ones are refused."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._whole = True
        self._carried: set[trio.CancelScope] = set()
        self.host, self.port = address(), 0
        self.mended_at = self.used_at = 0.0

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Carry until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host=self.host)
        self.port = listeners[0].socket.getsockname()[1]
        await trio.serve_listeners(self._carry, listeners, task_status=task_status)  # type: ignore[arg-type]

    def cut(self) -> None:
        """Break it."""
        self._whole = False
        for scope in self._carried:
            scope.cancel()

    def mend(self) -> None:
        """Let connections through again."""
        self._whole, self.mended_at, self.used_at = True, trio.current_time(), 0.0

    async def _carry(self, near: trio.SocketStream) -> None:
        if not self._whole:
            await near.aclose()
            return
        self.used_at = self.used_at or trio.current_time()
        with (
            trio.CancelScope() as scope,
            suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError),
        ):
            self._carried.add(scope)
            async with (
                near,
                await trio.open_tcp_stream("127.0.0.1", self._port) as far,
                trio.open_nursery() as nursery,
            ):
                nursery.start_soon(self._pump, near, far)
                await self._pump(far, near)
                nursery.cancel_scope.cancel()
        self._carried.discard(scope)

    @staticmethod
    async def _pump(source: trio.SocketStream, sink: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for data in source:
                await sink.send_all(data)


async def took_s(happened: Callable[[], Awaitable[Any]], since: float) -> float:
    """Give when something is true, in seconds after a moment; infinity when it does not come."""
    with trio.move_on_after(WAIT_S):
        while not await happened():
            await trio.sleep(0.02)
        return trio.current_time() - since
    return math.inf


async def all_there(host: Segued) -> bool:
    """Whether both homes are connected."""
    with suppress(Exception):  # it may not be up yet
        answer = await host.api("GET", "/api/v1/party/users")
        there = {user["username"] for user in answer["data"]["users"] if user["present"]}
        return there >= set(NAMES)
    return False


async def stands_at(each: Witness, position_s: float) -> bool:
    """Whether a player stands at a place."""
    before = await each.frame_s()
    await trio.sleep(0.08)
    after = await each.frame_s()
    return before is not None and after is not None and before == after and abs(after - position_s) < 0.06


# ------------------------------------------------------------------ the evening


async def begins(party: Party, watched: list[Witness], starts_at: float) -> None:
    """Wait for the planned start; the film's own clock says when it really began."""
    offset_s = time.time() - trio.current_time()
    await trio.sleep(starts_at - time.time() + 6.0)
    began = [each.readings[-1].at - each.readings[-1].position_s + offset_s for each in watched]
    late_ms = [1000 * (each - starts_at) for each in began]
    show(
        Figure(
            "party of whole daemons: planned start, worst distance from the wall clock",
            max(abs(each) for each in late_ms),
            "ms",
            100,
            baseline=", ".join(f"{each:+.0f} ms" for each in late_ms)
            + f"; phase {(await party.show())['phase']}",
        )
    )


async def steady(watched: list[Witness]) -> None:
    """Nothing happens."""
    now = trio.current_time()
    await trio.sleep(STEADY_S)
    distances = [abs(d) for _, d in apart(watched[0], watched[1], now, trio.current_time())]
    show(
        Figure(
            "party of whole daemons, two real players: apart when steady, p95",
            1000 * quantile(distances, 0.95) if distances else math.inf,
            "ms",
            60,
        )
    )


async def killed(host: Segued, party: Party, watched: list[Witness]) -> None:
    """The orchestrator dies and is started again at once, as a service manager does."""
    died = trio.current_time()
    await host.stop(signal.SIGKILL)
    restarted = trio.current_time()
    await host.start()
    ready_s = trio.current_time() - restarted
    back_s = await took_s(lambda: all_there(host), restarted)
    await trio.sleep(RUN_ON_S)
    even = sum(ran_evenly(each, died, trio.current_time()) for each in watched)
    distances = [abs(d) for _, d in apart(watched[0], watched[1], died, trio.current_time())]
    phase = (await party.show())["phase"]
    show(
        Figure(
            "party of whole daemons: orchestrator killed and restarted, both homes in control again after",
            back_s,
            "s",
            2.0,
            baseline=f"of which its own start {ready_s:.2f} s; phase {phase}",
            anchor="all others lose the room",
        ),
        Figure(
            "party of whole daemons: films that ran on evenly meanwhile",
            even,
            "films",
            2,
            better="equal",
            baseline=f"apart p95 {1000 * quantile(distances, 0.95):.0f} ms" if distances else "",
        ),
    )
    asked = trio.current_time()
    await party.ask("pause")
    frame_s = await _both_stand(watched)
    show(
        Figure(
            "party of whole daemons: the first pause after that, both stand on one frame after",
            trio.current_time() - asked if frame_s is not None else math.inf,
            "s",
            3.0,
        )
    )
    await party.ask("resume")
    await trio.sleep(RUN_ON_S)


async def _both_stand(watched: list[Witness]) -> float | None:
    with trio.move_on_after(WAIT_S):
        while True:
            frames = [await each.frame_s() for each in watched]
            if frames[0] is not None and await stands_at(watched[1], frames[0]):
                return frames[0]
            await trio.sleep(0.02)
    return None


async def cut_off(wire: Wire, party: Party, watched: list[Witness]) -> None:
    """One home hears nothing for ten seconds, and misses a seek and a pause."""
    wire.cut()
    began = trio.current_time()
    await trio.sleep(1.0)
    await party.ask("seek", position_ms=300_000)
    await trio.sleep(3.0)
    await party.ask("pause")
    await trio.sleep_until(began + OUTAGE_S)
    position_s = (await party.show())["position_ms"] / 1000
    wire.mend()
    after_s = await took_s(lambda: stands_at(watched[1], position_s), wire.mended_at)
    connected_s = wire.used_at - wire.mended_at
    show(
        Figure(
            "party of whole daemons: a home that missed a seek and a pause stands right after its line is back",
            after_s,
            "s",
            3.0,
            baseline=f"of which {connected_s:.2f} s until it knocked again",
            anchor="the seed: never, the state is not sent again",
        )
    )
    await party.ask("resume")
    await trio.sleep(RUN_ON_S)


async def ends(party: Party, homes: list[Home]) -> None:
    """The party is ended."""
    asked = trio.current_time()
    await party.ask("stop")

    async def stopped() -> bool:
        return all(each.player.engine.cassette is None for each in homes)

    after_s = await took_s(stopped, asked)
    phase = (await party.show())["phase"]
    show(
        Figure(
            "party of whole daemons: after STOP both players have left the film",
            after_s,
            "s",
            3.0,
            baseline=f"phase {phase}",
            anchor="the seed never sends it",
        )
    )


async def evening(place: Path, film: Path, nursery: trio.Nursery) -> None:
    """All of it."""
    async with orchestrator(place / "host") as host:
        wire = Wire(host.port)
        await nursery.start(wire.serve)
        ways = (f"ws://127.0.0.1:{host.port}/ws", f"ws://{wire.host}:{wire.port}/ws")
        async with (
            home(place, NAMES[0], film, at=ways[0]) as ada,
            home(place, NAMES[1], film, at=ways[1]) as ben,
        ):
            homes = [ada, ben]
            watched = [Witness(each.player) for each in homes]
            await took_s(lambda: all_there(host), trio.current_time())
            starts_at = time.time() + START_IN_S
            party = await create(host, starts_at=starts_at)
            for name in NAMES:
                await party.ask("members", username=name)
            for each in watched:
                nursery.start_soon(each.watch)
            await begins(party, watched, starts_at)
            await steady(watched)
            await killed(host, party, watched)
            await cut_off(wire, party, watched)
            await ends(party, homes)
            nursery.cancel_scope.cancel()


async def measure() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="segue-") as directory:
        film = await make_film(Path(directory) / "film.mkv", FILM_S)
        async with trio.open_nursery() as nursery:
            await evening(Path(directory), film, nursery)


if __name__ == "__main__":
    trio.run(measure)
