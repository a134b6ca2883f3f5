"""Hears Plex' webhooks, and lets a flood of them be one hint.

A webhook carries no signature, may be lost, doubled or forged, and only ever means "read the sessions". So nothing is
lost when many become one: the first is told at once, what comes within the gap after it is told as one at its end.
"""

import math

import trio

from segue.core.music.actions import WebhookHeard
from segue.runtime.store import Store

GAP_S = 0.05
"""Least time between two hints that are told to the house."""


class WebhookListener:
    """Takes parsed webhooks from the door, and tells the store of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._latest: WebhookHeard | None = None
        self._arrived = trio.Event()
        self._told_at = -math.inf

    def hear(self, hint: WebhookHeard) -> None:
        """Take a webhook; returns at once, whatever the house is doing."""
        if self._latest is None and trio.current_time() - self._told_at >= GAP_S:
            self._tell(hint)
            return
        self._latest = hint
        self._arrived.set()

    async def run(self) -> None:
        """Tell what had to wait."""
        while True:
            while self._latest is None:
                self._arrived = trio.Event()
                await self._arrived.wait()
            await trio.sleep_until(self._told_at + GAP_S)
            hint, self._latest = self._latest, None
            if hint is not None:
                self._tell(hint)

    def _tell(self, hint: WebhookHeard) -> None:
        self._told_at = trio.current_time()
        self._store.dispatch(hint, by="actor:webhook_listener")
