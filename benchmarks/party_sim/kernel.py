"""Virtual time: a queue of events, and tasks written as generators that yield the seconds they sleep."""

import heapq
from collections.abc import Callable, Generator
from typing import Any

Task = Generator[float, None, Any]


class Kernel:
    """The only clock of a simulation."""

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, moment: float, call: Callable[[], None]) -> None:
        """Have something called at a moment, not before now."""
        self._count += 1
        heapq.heappush(self._queue, (max(moment, self.now), self._count, call))

    def after(self, delay: float, call: Callable[[], None]) -> None:
        """Have something called after a delay."""
        self.at(self.now + delay, call)

    def spawn(self, task: Task) -> None:
        """Run a task until its first sleep, and from sleep to sleep."""

        def resume() -> None:
            try:
                delay = next(task)
            except StopIteration:
                return
            self.after(delay, resume)

        resume()

    def run(self, until: float) -> None:
        """Let everything happen up to a moment."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, call = heapq.heappop(self._queue)
            call()
        self.now = until
