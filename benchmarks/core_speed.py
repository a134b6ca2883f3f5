"""How fast the heart is: one reducer step, and actions a second through the whole store with a journal on disk."""

import tempfile
import time
from pathlib import Path

import trio
import trio.testing

from benchmarks.figures import Figure, median, show
from segue.core import reducer
from segue.core.actions import ConfigLoaded
from segue.core.music.actions import HeosLinkChanged, HeosPlayer, HeosPlayersRead, ReceiverRead, VolumeChanged
from segue.core.music.state import MusicSettings, RoomSettings
from segue.core.state import State
from segue.runtime.journal import Entry, MemoryJournal
from segue.runtime.sqlite_journal import SqliteJournal
from segue.runtime.store import Store
from tests.helpers.house import PID, open_house
from tests.helpers.world import CD

ROOM = RoomSettings("living", plex_player="plexamp-1", heos_player="Living Room", max_level=60)
ACTIONS = 30_000
SUBSCRIBERS = 10
WAITING_MAX = 4000
"""Steps that may wait for the disk while the next are dispatched; far beyond it the journal would give some up."""


async def evening() -> list[Entry]:
    """Live an evening of starts, fades, knobs and pauses under virtual time, and give its steps."""
    journal = MemoryJournal()
    async with open_house(journal=journal) as house:
        for n in range(30):
            house.player("playing", str(100 + n))
            await trio.sleep(3)
            house.turn_knob(30 + n)
            await trio.sleep(3)
            house.player("paused", str(100 + n))
            await trio.sleep(3)
    return journal.entries


def reducer_step() -> Figure:
    """Reduce the evening's actions again, one by one."""
    entries = trio.run(evening, clock=trio.testing.MockClock(autojump_threshold=0))
    times = []
    for _ in range(5):
        for entry in entries:
            begin = time.perf_counter_ns()
            reducer.reduce(entry.before, entry.action, entry.stamp)
            times.append((time.perf_counter_ns() - begin) / 1000)
    empty = []
    for _ in range(10_000):
        begin = time.perf_counter_ns()
        empty.append((time.perf_counter_ns() - begin) / 1000)
    return Figure(
        "reducer step, median over an evening of fades",
        median(times),
        "us",
        5.0,
        baseline=f"an empty measurement {median(empty):.2f} us; {len(entries)} steps",
    )


async def throughput(directory: Path) -> tuple[float, float]:
    """Give actions a second, and how late the loop was for a task that wakes every millisecond (p99, ms)."""
    journal = SqliteJournal(directory)
    store = Store(State(), journal)
    for owner in ("heos_controller", "session_fetcher", "log"):
        store.own(owner, lambda _effect: None)
    store.dispatch(ConfigLoaded(MusicSettings(rooms=(ROOM,))), by="bench")
    store.dispatch(HeosLinkChanged(up=True, host="h"), by="bench")
    store.dispatch(HeosPlayersRead((HeosPlayer(PID, "Living Room"),)), by="bench")
    store.dispatch(ReceiverRead(PID, 40, muted=False, play_state="play", source=CD), by="bench")
    subscriptions = [store.subscribe() for _ in range(SUBSCRIBERS)]
    taken = 0

    async def read(n: int) -> None:
        nonlocal taken
        while True:
            taken += len(await subscriptions[n].get())

    late: list[float] = []

    async def heartbeat() -> None:
        while True:
            due = trio.current_time() + 0.001
            await trio.sleep_until(due)
            late.append((trio.current_time() - due) * 1000)

    async with trio.open_nursery() as nursery:
        for n in range(SUBSCRIBERS):
            nursery.start_soon(read, n)
        nursery.start_soon(heartbeat)
        begin = time.perf_counter()
        for n in range(ACTIONS):
            store.dispatch(VolumeChanged(PID, 30 + n % 20, muted=False), by="bench")
            if n % 20 == 0:
                await trio.lowlevel.checkpoint()
            while journal.status().waiting > WAITING_MAX:
                await trio.sleep(0.001)
        while journal.status().waiting:
            await trio.sleep(0.001)
        took = time.perf_counter() - begin
        nursery.cancel_scope.cancel()
    assert journal.status().lost == 0, "steps were given up"
    await journal.aclose(10)
    return ACTIONS / took, sorted(late)[int(len(late) * 0.99)] if late else 0.0


def main() -> None:
    """Measure both."""
    show(reducer_step())
    rates = []
    late = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as directory:
            rate, late_ms = trio.run(throughput, Path(directory))
            rates.append(rate)
            late.append(late_ms)
    show(
        Figure(
            f"actions a second with {SUBSCRIBERS} subscribers, all of them on disk at the end",
            median(rates),
            "/s",
            10_000,
            "more",
            baseline=f"the loop was late by {median(late):.1f} ms at p99 meanwhile",
        )
    )


if __name__ == "__main__":
    main()
