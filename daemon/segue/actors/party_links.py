"""One user's connection as the orchestrator holds it: a bounded queue of what is to be sent, and what has its moment.

The queue never makes the orchestrator wait. A newer state of a party takes the place of an older one that was not sent
yet; whoever reads so slowly that the queue is full is cut off. All that happens at a moment, commands of the old
protocol and reports that were held, is done by the conversation's own task, so nothing ticks while nothing is due.
"""

import math
from collections.abc import Callable

import trio

from segue.actors.party_old_players import OldPlayers
from segue.actors.party_reports import Reports
from segue.core.party.actions import SeatReported
from segue.core.party.state import Protocol
from segue.core.timers import earliest
from segue.interfaces.party_protocol import CLOSE_POLICY
from segue.interfaces.party_visitor import Admitted
from segue.interfaces.party_ws import Goodbye

WAITING_MAX = 256
WAITING_BYTES_MAX = 64 * 1024
ACTS_PER_S, ACTS_BURST = 4.0, 40.0
"""How much of what a client says may become actions: a bucket of so many, which fills at so many a second."""


class PartyLink:
    """One connection of one user."""

    __slots__ = (
        "_acts", "_acts_at", "_goodbye", "_listening", "_now_at", "_report", "_told", "_waiting", "_waiting_bytes",
        "admitted", "heard_at", "link_id", "old_players", "protocol", "reports",
        "rtt_ms",
    )  # fmt: skip

    def __init__(
        self,
        link_id: str,
        admitted: Admitted,
        protocol: Protocol,
        now_at: Callable[[], float],
        report: "Callable[[PartyLink, SeatReported], None]",
    ) -> None:
        """`report` hears of reports that were held, when they have their moment."""
        self.link_id = link_id
        self.admitted = admitted
        self.protocol: Protocol = protocol
        self.reports = Reports(protocol)
        self.old_players = OldPlayers() if protocol == "old" else None
        self.heard_at = now_at()
        self.rtt_ms: int | None = None
        self._now_at, self._report = now_at, report
        self._waiting: dict[tuple[str, ...] | int, str] = {}
        self._waiting_bytes = 0
        self._told = 0
        self._goodbye: Goodbye | None = None
        self._listening: trio.CancelScope | None = None
        self._acts, self._acts_at = ACTS_BURST, self.heard_at

    @property
    def username(self) -> str:
        """Who speaks here."""
        return self.admitted.username

    @property
    def ended(self) -> bool:
        """True when nothing counts any more that comes from there."""
        return self._goodbye is not None

    @property
    def queued(self) -> int:
        """How many messages wait to be sent."""
        return len(self._waiting)

    # ---------------------------------------------------------------- what is to be sent

    def tell(self, text: str, key: tuple[str, ...] | None = None) -> None:
        """Queue a message; one with a key takes the place of a waiting one with the same key."""
        if self._goodbye is not None:
            return
        self._told += 1
        place = key or self._told
        self._waiting_bytes += len(text) - len(self._waiting.get(place, ""))
        self._waiting[place] = text
        if len(self._waiting) > WAITING_MAX or self._waiting_bytes > WAITING_BYTES_MAX:
            self.end(CLOSE_POLICY, "what is sent to you is read too slowly")
        self.wake()

    def end(self, code: int, reason: str) -> None:
        """Have the connection closed. What still waits is dropped; a second call changes nothing."""
        if self._goodbye is None:
            self._goodbye = Goodbye(code, reason)
            self._waiting.clear()
            self.wake()

    def wake(self) -> None:
        """Have its conversation look again at what there is to send and what is due when."""
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None

    def next(self) -> str | Goodbye | None:
        """Do what has its moment, and give what is to be sent next, if anything is."""
        self._listening = None
        self._do_due()
        if self._goodbye is not None:
            return self._goodbye
        if not self._waiting:
            return None
        text = self._waiting.pop(next(iter(self._waiting)))
        self._waiting_bytes -= len(text)
        return text

    @property
    def quiet(self) -> bool:
        """Whether nothing waits to be sent."""
        return not self._waiting and self._goodbye is None

    def listens(self, scope: trio.CancelScope) -> None:
        """Hear that its conversation waits in a scope, to be cancelled when there is something to send or do."""
        due_at = self.reports.next_at
        if self.old_players is not None:
            due_at = earliest((due_at, self.old_players.next_at))
        self._listening = scope
        if due_at is not None:
            scope.deadline = due_at

    def heeds(self) -> bool:
        """Hear that a message has come; False where the scope was cancelled at the same moment."""
        scope, self._listening = self._listening, None
        if scope is None or scope.cancel_called:
            return False
        if scope.deadline != math.inf:
            scope.deadline = math.inf
        return True

    def _do_due(self) -> None:
        """Do what has its moment."""
        held_at = self.reports.next_at
        if held_at is not None and held_at <= self._now_at():
            for action in self.reports.due(self._now_at()):
                self._report(self, action)
        if self.old_players is not None:
            for text in self.old_players.due(self._now_at()):
                self.tell(text)

    # ---------------------------------------------------------------- what is heard

    def may_act(self) -> bool:
        """Count something that is to become an action; False where there were too many."""
        now_at = self._now_at()
        self._acts = min(ACTS_BURST, self._acts + (now_at - self._acts_at) * ACTS_PER_S)
        self._acts_at = now_at
        if self._acts < 1.0:
            return False
        self._acts -= 1.0
        return True
