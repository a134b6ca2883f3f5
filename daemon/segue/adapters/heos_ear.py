"""Notices that a device takes commands but sends no events, as some do until they are restarted.

Nobody can hear silence; but a level that we changed has to come back as an event. When none comes in time, the device
is asked. If its level is no longer the one from before, it has changed without a word: then events are asked for
again, the next time the link is made anew, and after that the device is left alone for a while, since a receiver that
has to reconnect all day serves nobody.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Never, Protocol

import trio

from segue.adapters.heos_model import EventsMissed, HeosError, HeosEvent, VolumeChanged

log = logging.getLogger(__name__)

EVENT_WAIT_S: Final = 3.0
"""A level of ours that has not come back as an event after this time is missed; devices thin them to one a second."""
REPAIR_AGAIN_S: Final = 300.0
"""When events do not come even after reconnecting, nothing more is tried for so long."""


@dataclass(frozen=True, eq=False)
class _Missed:
    """An event that should come: of which player, its level before, and when we stop waiting."""

    pid: int
    before: int
    at: float


class Repairs(Protocol):
    """What can be done about it."""

    async def register_again(self) -> None:
        """Ask for events once more."""

    def reconnect(self, reason: str) -> None:
        """Make the link anew."""


class Ear:
    """Listens whether the events of our own levels come back."""

    def __init__(
        self,
        repairs: Repairs,
        get_volume: Callable[[int], Awaitable[int]],
        tell: Callable[[HeosEvent], None],
        counters: Counter[str],
    ) -> None:
        self._repairs = repairs
        self._get_volume = get_volume
        self._tell = tell
        self._counters = counters
        self._levels: dict[int, int] = {}
        self._missed: _Missed | None = None
        self._waiting = trio.Event()
        self._strikes = 0
        self._repaired_at = 0.0

    def forget(self) -> None:
        """Forget the levels: the link is new."""
        self._levels.clear()
        self._missed = None

    def heard(self, event: HeosEvent) -> None:
        """Take note of an event."""
        if isinstance(event, VolumeChanged):
            self._levels[event.pid] = event.level
            self._strikes = 0
            if self._missed is not None and self._missed.pid == event.pid:
                self._missed = None

    def heard_level(self, pid: int, level: int) -> None:
        """Take note of a level that was asked for."""
        self._levels[pid] = level

    def set_level(self, pid: int, level: int) -> None:
        """Expect an event, since the device took a level that is not the one it had."""
        before = self._levels.get(pid, level)
        if self._missed is None and before != level:
            self._missed = _Missed(pid, before, trio.current_time() + EVENT_WAIT_S)
            self._waiting.set()

    async def run(self) -> Never:
        """Wait for events that do not come. Sleeps while none are expected."""
        while True:
            await self._waiting.wait()
            self._waiting = trio.Event()
            while (missed := self._missed) is not None:
                await trio.sleep_until(missed.at)
                if self._missed is missed:
                    self._missed = None
                    await self._look_into(missed)

    async def _look_into(self, missed: _Missed) -> None:
        try:
            level = await self._get_volume(missed.pid)
            if level != missed.before:  # else it took the level and stayed where it was
                self._counters["events_missed"] += 1
                self._tell(EventsMissed(missed.pid))
                await self._repair()
        except HeosError as error:
            log.debug("HEOS events are missing, and the device cannot be asked: %s", error)

    async def _repair(self) -> None:
        now = trio.current_time()
        if self._strikes >= 2 and now < self._repaired_at + REPAIR_AGAIN_S:
            return
        self._strikes = self._strikes + 1 if self._strikes < 2 else 1
        self._repaired_at = now
        log.warning("HEOS takes commands but sends no events; try %d to get them back", self._strikes)
        if self._strikes == 1:
            await self._repairs.register_again()
        else:
            self._repairs.reconnect("it takes commands but sends no events")
