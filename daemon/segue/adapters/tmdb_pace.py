"""How fast TMDb is asked: so many requests at once, so many a second, and not at all while it asks for a pause."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from segue.adapters.tmdb_types import TmdbBusy

PAUSE_MAX_S = 30.0
"""A pause that TMDb asks for is waited for up to this; a longer one is told instead."""
PAUSE_BELIEVED_S = 3600.0
"""No pause is taken for longer than this, whatever the answer says."""


class Pace:
    """Gives out turns, evenly: two requests are at least `1 / per_s` seconds apart."""

    def __init__(self, at_once: int, per_s: float) -> None:
        self._places = trio.CapacityLimiter(at_once)
        self._interval_s = 1.0 / per_s
        self._free_at = 0.0
        """When the next turn may be, in trio's time."""
        self._pause_ends_at = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place and for the moment, and hold the place meanwhile.

        Raises `TmdbBusy` when TMDb has asked for a pause that does not end soon.
        """
        async with self._places:
            self._check()
            await self._wait()
            while trio.current_time() < self._pause_ends_at:
                # It was asked for while this one waited.
                self._check()
                await self._wait()
            yield

    def pause(self, for_s: float) -> None:
        """Let nobody go for a while."""
        self._pause_ends_at = max(self._pause_ends_at, trio.current_time() + min(for_s, PAUSE_BELIEVED_S))

    async def _wait(self) -> None:
        """Take the next moment that is free, and wait for it."""
        at = max(self._free_at, self._pause_ends_at, trio.current_time())
        self._free_at = at + self._interval_s
        await trio.sleep_until(at)

    def _check(self) -> None:
        left_s = self._pause_ends_at - trio.current_time()
        if left_s > PAUSE_MAX_S:
            raise TmdbBusy(f"TMDb asks for a pause, of which {left_s:.0f} s are left", left_s)
