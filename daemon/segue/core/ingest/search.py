"""Which questions to put to TMDb about a name, in which order, and when to stop.

A search without the year sees the other years too, so it comes right after the one with the year; the years beside it
are asked for only when that answer was cut short, as it is for short and common titles. Most names need one search; the
later ones are asked only while nothing fits (`is_settled`).
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from segue.core.ingest.facts import Candidate, CandidateKind, ParsedName
from segue.core.ingest.gates import match_reasons
from segue.core.ingest.weighing import MatchSettings, kind_part, rank, runtime_fit, year_gap

PAGE = 20
"""Results that TMDb gives at most in one answer."""
SEARCHES_MAX = 6
DETAILS_MAX = 2
"""So many candidates are looked at closely: those that could be taken."""
SETTLED_VOTES = 200
"""A film of so many votes needs no look at the years beside it."""
_WORD_MIN = 4
"""Letters of a word that is worth a search of its own."""

When = Literal["always", "cut_short", "nothing"]


class Search(msgspec.Struct, frozen=True):
    """One question: films or shows of this title."""

    kind: CandidateKind
    title: str
    year: int | None = None
    """Only of this year (of the first release or broadcast); nothing for any year."""
    when: When = "always"
    """Asked when nothing fits yet: in any case; if an answer for the title was cut short; if nothing came at all."""


def searches(parsed: ParsedName) -> tuple[Search, ...]:
    """Give the questions about a name, the most promising first. Empty where there is no title to ask for."""
    plan: dict[tuple[str, str, int | None], Search] = {}
    for kind in _kinds(parsed):
        for title in dict.fromkeys((parsed.title.strip(), parsed.other_title.strip())):
            if title:
                for search in _for_title(kind, title, parsed.year):
                    plan.setdefault((search.kind, search.title.casefold(), search.year), search)
    return tuple(sorted(plan.values(), key=_turn))[:SEARCHES_MAX]


def is_due(search: Search, *, found: int, cut_short: bool) -> bool:
    """Say whether a question is worth asking after those before it found so many and were cut short or not."""
    if search.when == "cut_short":
        return cut_short
    return not found if search.when == "nothing" else True


def worth_details(
    parsed: ParsedName, candidates: Sequence[Candidate], duration_s: float | None, settings: MatchSettings
) -> tuple[Candidate, ...]:
    """Name the candidates whose details are to be read: the best two of those that could be meant.

    Where no title fits, a title in another language still may: it is among the details.
    """
    ranked = rank(parsed, candidates, duration_s, settings)
    possible = [r.candidate for r in ranked if _could_be(parsed, r.candidate, settings)]
    fitting = [c for c in possible if c.title_similarity >= settings.title_min]
    return tuple(c for c in (fitting or possible)[:DETAILS_MAX] if not c.detailed)


def is_settled(
    parsed: ParsedName, candidates: Sequence[Candidate], duration_s: float | None, settings: MatchSettings
) -> bool:
    """Say whether one candidate fits so well that no further question is needed.

    A film whose title is not exactly the name's, that is little known, or whose length is another's, is taken only
    after it was asked whether a neighbouring year has a better one.
    """
    ranked = rank(parsed, candidates, duration_s, settings)
    if not ranked or match_reasons(parsed, ranked, duration_s, settings):
        return False
    best = ranked[0].candidate
    if best.kind == "show" or best.by_id:
        return True
    is_known = best.exact and (best.votes >= SETTLED_VOTES or parsed.year is None)
    return is_known and runtime_fit(parsed, best, duration_s, settings) in ("agrees", "unknown")


def _kinds(parsed: ParsedName) -> tuple[CandidateKind, ...]:
    if parsed.kind == "unknown":
        return ("film", "show")
    return ("film",) if parsed.kind == "film" else ("show",)


def _for_title(kind: CandidateKind, title: str, year: int | None) -> Iterator[Search]:
    if year is None:
        yield Search(kind, title)
        return
    yield Search(kind, title, year)
    yield Search(kind, title)
    if kind == "film":
        yield Search(kind, title, year + 1, when="cut_short")
        yield Search(kind, title, year - 1, when="cut_short")
        # A word that is misspelt makes TMDb find nothing; the longest other one and the year may.
        words = sorted(
            {w for w in title.split() if len(w) >= _WORD_MIN and w.isalpha()}, key=lambda w: (-len(w), w)
        )
        for word in words[:2] if len(title.split()) > 1 else ():
            yield Search(kind, word, year, when="nothing")


def _turn(search: Search) -> int:
    return ("always", "cut_short", "nothing").index(search.when)


def _could_be(parsed: ParsedName, candidate: Candidate, settings: MatchSettings) -> bool:
    gap = year_gap(parsed, candidate)
    return kind_part(parsed, candidate) > 0.0 and (gap is None or gap <= settings.year_tolerance)
