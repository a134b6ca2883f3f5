"""Confirmations: what changes files is done at the second asking, by the same caller, for the same thing.

The first call is answered with 409 and a one-time id; the second one carries it in the header `Segue-Confirm`. An id is
good for two minutes, for that caller and that action only: what would be done now must be what was shown then.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable

import msgspec
from starlette.responses import Response

from segue.core.actions import Action
from segue.interfaces.answers import encode
from segue.interfaces.control import Caller
from segue.runtime.rows import to_json

HEADER = "segue-confirm"
GOOD_FOR_S = 120.0
WAITING_MAX = 64
"""Questions that may be open at a time; the oldest gives way."""


class _Question(msgspec.Struct, frozen=True):
    caller: str
    action: bytes
    until_at: float


class Confirmations:
    """The questions that are open."""

    def __init__(self, now_at: Callable[[], float]) -> None:
        self._now_at = now_at
        self._open: OrderedDict[str, _Question] = OrderedDict()

    def ask(self, caller: Caller, action: Action) -> str:
        """Open a question and give its id."""
        confirm_id = secrets.token_urlsafe(9)
        self._open[confirm_id] = _Question(caller.name, _bytes_of(action), self._now_at() + GOOD_FOR_S)
        while len(self._open) > WAITING_MAX:
            self._open.popitem(last=False)
        return confirm_id

    def take(self, confirm_id: str, caller: Caller, action: Action) -> bool:
        """Tell whether this id answers a question of this caller about this very action; it is used up by that."""
        question = self._open.pop(confirm_id, None)
        return (
            question is not None
            and question.caller == caller.name
            and question.action == _bytes_of(action)
            and self._now_at() <= question.until_at
        )


def _bytes_of(action: Action) -> bytes:
    return to_json(action)


def question(confirm_id: str, message: str) -> Response:
    """Answer with a question."""
    body = {
        "ok": False,
        "error": {
            "code": "confirm",
            "message": message,
            "hint": "Nothing was done yet. Say it again with --yes, or with the header Segue-Confirm.",
            "confirm": confirm_id,
        },
    }
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(encode(body), 409, headers, "application/json")
