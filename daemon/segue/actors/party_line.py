"""The agent's line to its orchestrator: one WebSocket, opened again when it is lost, and not where that would harm.

Which end of a connection means what is the close-code table of docs/party-protocol.md. Nothing has to be caught up
with after a loss: on connecting, the orchestrator tells each session's whole state.
"""

import random
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
import trio

from segue.actors.party_socket import Again, LineError

BACK_OFF_S = (*(1.0,) * 12, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Waits before the attempts that follow a loss, in seconds; the last one stays. A restart takes seconds, and whoever
watches a film wants to be heard again at once: so the first quarter of a minute is spent trying."""
JITTER = 0.25
"""Each wait is so much longer at most, by chance, so that homes do not come back all at once."""
PAUSE_S = 30.0
"""The short pause, in seconds: for who is asked not to come at once."""
LATER_S = 900.0
"""The long pause, in seconds: for what a person has to mend first, and might have."""
PROVED_S = 30.0
"""A connection that lasted for so long, in seconds, was good: the waits begin anew."""

REASONS: dict[int, tuple[Again, str]] = {
    1002: ("later", "The orchestrator does not understand this agent."),
    1003: ("later", "The orchestrator does not take binary frames."),
    1007: ("later", "The orchestrator got text that is no UTF-8."),
    1008: ("later", "The orchestrator refuses the passkey, or got too many messages."),
    1009: ("later", "The orchestrator got a message that is too long."),
    1013: ("pause", "The orchestrator asks to come back later."),
    4001: ("never", "The same user connected from elsewhere."),
    4002: ("later", "The orchestrator got too many messages that it could not read."),
    4003: ("later", "The user's access was taken back."),
}
"""Close codes after which coming back soon would change nothing."""
RESTARTS = 1012
"""The orchestrator restarts (IANA's registry of close codes): it will be there again in a moment."""


class Link(Protocol):
    """An open connection, as the line and the agent need it."""

    close_code: int
    close_reason: str

    async def receive(self) -> str | bytes | None:
        """Wait for the next message; nothing when the link has ended."""

    async def send(self, message: str) -> None:
        """Send a message. Raises `ClientGoneError`."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say that we close."""


Dial = Callable[[trio.Nursery], Awaitable[Link]]
"""Opens a connection, served by tasks in the nursery. Raises `LineError`."""
Talk = Callable[[Link], Awaitable[None]]
"""Speaks on an open connection until it has ended."""


class End(msgspec.Struct, frozen=True):
    """How an attempt or a connection ended."""

    again: Again
    reason: str
    lasted_s: float = 0.0
    code: int = 0
    """The close code; 0 where there was no connection."""


def end_of(code: int, reason: str, lasted_s: float) -> End:
    """Say what a close code means."""
    again, text = REASONS.get(code, ("soon", "The connection ended."))
    detail = reason.strip()[:200]
    if detail and detail.isprintable():
        text = f"{text.rstrip('.')}: {detail.rstrip('.')}."
    return End(again, text, lasted_s, code)


class PartyLine:
    """Keeps the agent connected."""

    def __init__(
        self,
        dial: Dial,
        talk: Talk,
        lost: Callable[[End], None],
        *,
        rng: random.Random | None = None,
    ) -> None:
        """`lost` is told of each end, before the wait that follows it."""
        self._dial = dial
        self._talk = talk
        self._lost = lost
        self._rng = rng or random.SystemRandom()
        self._attempt = 0
        self._anew = trio.Event()

    def try_now(self) -> None:
        """End a wait: somebody has changed something."""
        self._attempt = 0
        self._anew.set()

    async def run(self) -> None:
        """Connect, talk, wait, for ever."""
        while True:
            self._anew = trio.Event()
            end = await self._once()
            if end.lasted_s >= PROVED_S or end.code == RESTARTS:
                self._attempt = 0
            self._lost(end)
            with trio.move_on_after(self.wait_s(end)):
                await self._anew.wait()

    def wait_s(self, end: End) -> float:
        """Give the wait after an end, in seconds."""
        if end.again == "never":
            return float("inf")
        if end.again != "soon":
            return (PAUSE_S if end.again == "pause" else LATER_S) * (1.0 + JITTER * self._rng.random())
        base_s = BACK_OFF_S[min(self._attempt, len(BACK_OFF_S) - 1)]
        self._attempt += 1
        return base_s * (1.0 + JITTER * self._rng.random())

    async def _once(self) -> End:
        """Make one connection and use it up."""
        end: End | None = None
        async with trio.open_nursery() as nursery:
            try:
                link = await self._dial(nursery)
            except LineError as error:
                end = End(error.again, str(error))
            else:
                began_at = trio.current_time()
                await self._talk(link)
                end = end_of(link.close_code, link.close_reason, trio.current_time() - began_at)
            nursery.cancel_scope.cancel()
        assert end is not None
        return end
