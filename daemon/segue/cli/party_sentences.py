"""What is said of watch parties while they happen. The words are the daemon's own (`effect.tell_event`)."""

from __future__ import annotations

from collections.abc import Callable

from segue.cli.fields import Json, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from segue.cli.sentences import Sentence, Told

PARTY = "party"
"""Stands where a room's name stands."""
STYLES = {
    "started": "green",
    "resumed": "green",
    "back": "green",
    "problem": "red",
    "waiting": "yellow",
    "away": "yellow",
    "paused": "yellow",
    "intermission": "magenta",
    "intermission_ending": "magenta",
    "starting_soon": "cyan",
    "created": "cyan",
    "gathering": "cyan",
    "next": "cyan",
}


def _tell_event(_told: Told, data: Json, _frame: Json) -> Sentence | None:
    words, party_id = text(data.get("text")), text(data.get("party_id"))
    if not words or data.get("to"):
        return None  # to one member only: nothing that concerns the house
    named = words if party_id in words else f"{party_id}: {words}"
    return PARTY, named, STYLES.get(text(data.get("kind")), "")


PARTY_SENTENCES: dict[str, Callable[[Told, Json, Json], Sentence | None]] = {"effect.tell_event": _tell_event}
