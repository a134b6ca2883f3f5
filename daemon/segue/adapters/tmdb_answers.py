"""Which answers of TMDb are kept, and for how long they are believed.

What is settled is believed for 30 days. What is not there, or may still grow (a season that is being shown, a film that
is not out), is believed for a day: the episode of next week shall not be missed for a month. Only what was read from an
answer is kept, a hundredth of the answer itself.
"""

from collections.abc import Callable
from datetime import date
from typing import Protocol, TypeVar

import msgspec

from segue.adapters.tmdb_types import Film, Found, Season, Show

Answer = TypeVar("Answer")

KEPT_S = 30 * 86_400.0
"""How long what is settled is believed, in seconds."""
UNSETTLED_KEPT_S = 86_400.0
"""How long everything else is."""
SETTLED_DAYS = 183
"""A season or film is settled so long after its last date: a season may pause for months."""
SHOW_SETTLED_DAYS = 550
"""A show is, when its newest season began so long ago."""
NOTHING = b"null"
FORMAT = 1
"""Counts up when what is kept changes its form; what was kept before is then asked again."""


class AnswerCache(Protocol):
    """Where answers are kept. One that fails is no failure of the question."""

    async def get(self, key: str, max_age_s: float) -> bytes | None:
        """Give an answer that is not too old."""

    async def put(self, key: str, body: bytes) -> None:
        """Keep an answer."""


class KeptAnswers:
    """Answers by question. `today` gives the date, for those who test."""

    def __init__(self, cache: AnswerCache | None, today: Callable[[], date] = date.today) -> None:
        self._cache = cache
        self._today = today

    async def get(self, question: str, kind: type[Answer]) -> tuple[Answer | None] | None:
        """Give the answer, of this kind or none; nothing when it must be asked.

        In a tuple, since that there is none is an answer, too.
        """
        if self._cache is None:
            return None
        key = f"{FORMAT} {question}"
        try:
            body = await self._cache.get(key, KEPT_S)
            if body is None:
                return None
            answer = None if body == NOTHING else msgspec.json.decode(body, type=kind)
            if self._is_settled(answer) or await self._cache.get(key, UNSETTLED_KEPT_S) is not None:
                return (answer,)
        except Exception:  # damaged or out of order: TMDb can be asked as if nothing had been kept
            return None
        return None

    async def put(self, question: str, answer: object) -> None:
        """Keep an answer. Where that fails, it is asked once more the next time."""
        if self._cache is None:
            return
        try:
            await self._cache.put(f"{FORMAT} {question}", msgspec.json.encode(answer))
        except Exception:
            return

    def _is_settled(self, answer: object) -> bool:
        match answer:
            case Film():
                return answer.runtime_min is not None and self._is_past(answer.release_date, SETTLED_DAYS)
            case Season():
                dates = [episode.air_date for episode in answer.episodes]
                return all(dates) and self._is_past(max(dates, default=""), SETTLED_DAYS)
            case Show():
                begun = [season.air_date for season in answer.seasons]
                return self._is_past(max(begun, default=""), SHOW_SETTLED_DAYS)
            case Found():
                return bool(answer.films or answer.shows)
            case _:
                return bool(answer)

    def _is_past(self, day: str, by_days: int) -> bool:
        """Tell whether a date lies so far back; one that is unknown or none does not."""
        try:
            return (self._today() - date.fromisoformat(day)).days > by_days
        except ValueError:
            return False
