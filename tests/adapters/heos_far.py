"""One link and the device's end of it in a test's hand, for tests under virtual time."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio
import trio.testing
from pyheos.message import HeosMessage

from segue.adapters.heos_link import Link, Timing
from segue.adapters.heos_model import HeosError
from segue.adapters.heos_wire import command
from tests.adapters.heos_script import PID, reply

GET_VOLUME = command("player/get_volume", pid=PID)
GET_MUTE = command("player/get_mute", pid=PID)


def level(value: int, pid: int = PID) -> bytes:
    return reply("player/get_volume", f"pid={pid}&level={value}")


@dataclass(eq=False)
class Far:
    """The device's end, by hand."""

    stream: trio.abc.Stream
    buffer: bytes = b""

    async def next(self) -> str:
        """The next command that arrives."""
        with trio.fail_after(100):
            while b"\r\n" not in self.buffer:
                data = await self.stream.receive_some(4096)
                assert data, "the link was closed"
                self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode().removeprefix("heos://")

    async def say(self, *lines: bytes) -> None:
        await self.stream.send_all(b"".join(lines))

    async def closed(self) -> bool:
        """Whether the link hangs up, with no further command."""
        with trio.move_on_after(100):
            return not self.buffer and not await self.stream.receive_some(4096)
        return False


@dataclass(eq=False)
class World:
    link: Link
    far: Far
    nursery: trio.Nursery
    messages: list[HeosMessage]
    lost: list[str]
    counters: Counter[str]
    outcomes: dict[str, Any] = field(default_factory=dict)

    def ask(self, name: str, asked: Any = GET_VOLUME, **options: Any) -> trio.CancelScope:
        """Ask in a task of its own; the outcome is kept under `name`, with its time."""
        scope = trio.CancelScope()

        async def run() -> None:
            with scope:
                try:
                    message = await self.link.ask(asked, **options)
                except HeosError as error:
                    self.outcomes[name] = error
                else:
                    self.outcomes[name] = message.message.get("level") or message.command
                self.outcomes[f"{name}_at"] = trio.current_time() - self.started_at

        self.nursery.start_soon(run)
        return scope

    started_at: float = 0.0


@asynccontextmanager
async def open_link(
    *, timeouts_max: int = 100, on_lost: Callable[[str], None] | None = None, **timing: float
) -> AsyncIterator[World]:
    ours, theirs = trio.testing.memory_stream_pair()
    messages: list[HeosMessage] = []
    lost: list[str] = []
    counters: Counter[str] = Counter()
    link = Link(
        ours,
        "avr",
        timing=Timing(**timing),
        timeouts_max=timeouts_max,
        on_message=messages.append,
        on_lost=on_lost or lost.append,
        counters=counters,
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.run)
        yield World(link, Far(theirs), nursery, messages, lost, counters, started_at=trio.current_time())
        nursery.cancel_scope.cancel()
