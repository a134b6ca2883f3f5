"""What people see of the party agent, and the wishes that it passes on for them."""

from collections.abc import Callable, Mapping, Sequence

import trio

from segue.actors.party_home import HomeSeen
from segue.actors.party_seat import Seat
from segue.actors.party_target import Target
from segue.interfaces.answers import ApiError
from segue.interfaces.party_protocol import Answer, Member
from segue.interfaces.views import Json

ANSWER_S = 5.0
"""Longest wait for the answer to a wish, in seconds."""
WAITING_MAX = 32


class WaitingWants:
    """Wishes that wait for their answers."""

    def __init__(self) -> None:
        self._waiting: dict[int, trio.Event] = {}
        self._answers: dict[int, Answer] = {}
        self._last_id = 0

    def next_id(self) -> int:
        """Number a wish."""
        self._last_id += 1
        return self._last_id

    async def ask(self, number: int, send: Callable[[], None]) -> Json:
        """Send a wish and wait for its answer. Raises `ApiError` where none comes."""
        if len(self._waiting) >= WAITING_MAX:
            raise ApiError(429, "too_often", f"{len(self._waiting)} wishes wait for an answer already.")
        self._waiting[number] = trio.Event()
        try:
            send()
            with trio.move_on_after(ANSWER_S):
                await self._waiting[number].wait()
        finally:
            del self._waiting[number]
        answer = self._answers.pop(number, None)
        if answer is None:
            raise ApiError(504, "no_answer", "The orchestrator did not answer.", "Look whether it was done.")
        return {"ok": answer.ok, "code": answer.code, "message": answer.message, "hint": answer.hint}

    def answered(self, answer: Answer) -> None:
        """Hand an answer to whoever waits for it."""
        event = self._waiting.get(answer.id)
        if event is not None:
            self._answers[answer.id] = answer
            event.set()

    def lost(self) -> None:
        """The connection ended: no answer will come."""
        for event in self._waiting.values():
            event.set()


def views(
    *,
    target: Target | None,
    up: bool,
    reason: str,
    old: bool,
    seen: HomeSeen,
    members: Mapping[str, Member],
    seats: Sequence[Seat],
) -> Json:
    """Show this home's part in parties."""
    return {
        "schema": "segue.party-home/1",
        "orchestrator": "" if target is None else target.address.shown,
        "username": "" if target is None else target.username,
        "invited": target is not None and target.invitation is not None,
        "up": up,
        "reason": "" if up else reason,
        "protocol": "old" if old else "ours",
        "plex_problem": seen.plex_problem,
        "players": [
            {"device_id": p.device_id, "title": p.title, "problem": p.problem, "detail": p.detail}
            for p in seen.players
        ],
        "not_authorized": list(seen.others),
        "parties": [
            {"party_id": session, "role": member.role, "offset_ms": member.offset_ms}
            for session, member in members.items()
        ],
        "seats": [seat.view() for seat in seats],
    }
