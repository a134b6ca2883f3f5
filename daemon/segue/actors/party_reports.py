"""What agents report of their players: kept for whoever looks, and cut down to what the core needs to hear.

A report says twice a minute and more how far a player is from the line, which is for people to look at; the core acts
on little of it. So only what tells something new becomes an action: a revision, a state, a note, a much better or worse
way of loading. Of the rest one a minute goes on, so that the journal can be read. Whatever flutters is heard twice a
second at most, and the newest counts.
"""

from collections.abc import Iterator, Mapping

import msgspec

from segue.core.party.actions import SeatReported
from segue.core.party.state import Protocol, Report

FLUTTER_S = 0.5
"""Shortest time between two actions of one player."""
STEADY_S: Mapping[Protocol, float] = {"ours": 60.0, "old": 5.0}
"""After so long, in seconds, a report that says nothing new goes on as well. Clients of the old protocol say nothing
but where they are, which is what they are corrected by."""
PARKING_MS = 250
"""How much longer or shorter loading must take to be news."""

PLAYERS_MAX = 64
"""Players of one connection that are remembered; those of parties long over give way."""

Key = tuple[str, str]
"""A party and a device."""


class Heard(msgspec.Struct):
    """What was heard of one player."""

    latest: SeatReported
    heard_at: float
    stalls: int = 0
    """How often it was said to have stalled."""
    told: Report | None = None
    """What the core knows."""
    told_at: float = 0.0
    held: bool = False
    """True: the latest is news, and waits for its moment."""


class Reports:
    """The reports of one connection; its caller takes only those of seats that exist."""

    def __init__(self, protocol: Protocol) -> None:
        self._steady_s = STEADY_S[protocol]
        self._heard: dict[Key, Heard] = {}

    def take(self, action: SeatReported, now_at: float) -> SeatReported | None:
        """Take a report; give it back where the core is to hear it now."""
        key = (action.party_id, action.device_id)
        heard = self._heard.get(key)
        if heard is None:
            while len(self._heard) >= PLAYERS_MAX:
                del self._heard[next(iter(self._heard))]
            heard = self._heard[key] = Heard(action, now_at)
        stalled = action.report.note == "stalled"
        if stalled and (heard.latest is action or heard.latest.report.note != "stalled"):
            heard.stalls += 1
        heard.latest, heard.heard_at = action, now_at
        if heard.told is not None and now_at < heard.told_at + FLUTTER_S:
            heard.held = heard.held or is_news(heard.told, action.report)
            return None
        old_enough = now_at >= heard.told_at + self._steady_s
        if heard.held or old_enough or is_news(heard.told, action.report):
            return self._told(heard, now_at)
        return None

    @property
    def next_at(self) -> float | None:
        """When something that is held has its moment."""
        return min((heard.told_at + FLUTTER_S for heard in self._heard.values() if heard.held), default=None)

    def due(self, now_at: float) -> list[SeatReported]:
        """Give what was held and has its moment now."""
        return [
            self._told(heard, now_at)
            for heard in self._heard.values()
            if heard.held and heard.told_at + FLUTTER_S <= now_at
        ]

    def of(self, party_id: str) -> Iterator[Heard]:
        """Give what was heard of the players in one party."""
        return (heard for (party, _), heard in self._heard.items() if party == party_id)

    def forget(self, party_id: str, device_id: str = "") -> None:
        """Forget one player of a party, or all."""
        for key in [k for k in self._heard if k[0] == party_id and device_id in ("", k[1])]:
            del self._heard[key]

    def _told(self, heard: Heard, now_at: float) -> SeatReported:
        heard.told, heard.told_at, heard.held = heard.latest.report, now_at, False
        return heard.latest


def is_news(told: Report | None, report: Report) -> bool:
    """Tell whether a report says what the core does not know."""
    if told is None or (told.rev, told.state, told.note) != (report.rev, report.state, report.note):
        return True
    if told.parking_ms is None or report.parking_ms is None:
        return told.parking_ms is not report.parking_ms
    return abs(told.parking_ms - report.parking_ms) > PARKING_MS
