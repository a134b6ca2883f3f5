"""Asks TMDb about a name, as little as possible, and measures how well each answer fits.

Which questions are asked and when they end says `core.ingest.search`; what follows from the answers says
`core.ingest.scoring`. Here only the asking and the comparing happens. The adapter keeps answers, so that the hundred
episodes of a show ask once.
"""

from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

import msgspec
import trio
from msgspec.structs import replace as but

from segue.actors.episode_finder import find_episodes, telling_titles
from segue.adapters.tmdb import (
    Film,
    FilmHit,
    Found,
    Season,
    Show,
    ShowHit,
    TmdbBusy,
    TmdbRefused,
    TmdbUnavailable,
    TmdbUnreadable,
)
from segue.core.ingest.facts import Candidate, CandidateKind, EpisodeFact, ParsedName
from segue.core.ingest.search import Search, is_due, is_settled, searches, worth_details
from segue.core.ingest.weighing import MatchSettings, rank

Problem = Literal["", "no_key", "refused", "busy", "unavailable", "unreadable"]

PATIENCE_S = 120.0
"""Longest time for all questions about one name; the adapter has its own deadline for each."""
DETAILS_MAX = 4
"""So many films or shows are read closely for one name, over all searches."""
KEPT = 10
"""Candidates that are handed on: the rivals, and the best of the others."""
TITLES_KEPT = 5
"""Alternative titles of a candidate that are handed on; all of them have been compared."""
PAGE = 20
"""Results of a full answer; there may be more."""


class TmdbPort(Protocol):
    """The part of the TMDb adapter that is needed here. Each raises what the adapter raises."""

    async def search_films(self, title: str, year: int | None = None) -> tuple[FilmHit, ...]:
        """Give films of that title, first released in that year where one is said; at most a page."""

    async def search_shows(self, title: str, first_air_year: int | None = None) -> tuple[ShowHit, ...]:
        """Give shows of that title; at most a page."""

    async def film(self, tmdb_id: int) -> Film | None:
        """Give a film's details with all its titles; nothing when there is no such film."""

    async def show(self, tmdb_id: int) -> Show | None:
        """Give a show's details with all its titles and seasons; nothing when there is no such show."""

    async def season(self, show_id: int, number: int) -> Season | None:
        """Give a season's episodes; nothing when there is no such season."""

    async def find(self, *, imdb_id: str = "", tvdb_id: int | None = None) -> Found:
        """Give what has that id elsewhere."""


class Identification(msgspec.Struct, frozen=True):
    """What TMDb offers for a name."""

    candidates: tuple[Candidate, ...] | None
    """Compared, the best first; nothing when TMDb could not be asked at all."""
    problem: Problem = ""
    detail: str = ""
    """What went wrong, in words; never a secret."""
    retry_after_s: float | None = None
    """How long TMDb asks to be left alone."""
    asked: int = 0
    """Questions put to the adapter; most are answered from what it keeps."""


class Identifier:
    """Owns the question "which film or show is this?"."""

    def __init__(self, tmdb: TmdbPort | None, settings: MatchSettings | None = None) -> None:
        self._tmdb = tmdb
        self._settings = settings or MatchSettings()

    async def candidates(self, parsed: ParsedName, duration_s: float | None = None) -> Identification:
        """Look for what a name means. Never raises for what TMDb does; the problem is in the answer."""
        if self._tmdb is None:
            return Identification(None, "no_key", "There is no TMDb key")
        inquiry = _Inquiry(self._tmdb, parsed, duration_s, self._settings)
        return await _answered(inquiry, inquiry.by_name)

    async def by_id(
        self,
        parsed: ParsedName,
        kind: CandidateKind,
        *,
        tmdb_id: int | None = None,
        imdb_id: str = "",
        tvdb_id: int | None = None,
    ) -> Identification:
        """Look up what a person says a file is; no candidate when there is no such id."""
        if self._tmdb is None:
            return Identification(None, "no_key", "There is no TMDb key")
        named = but(parsed, tmdb_id=tmdb_id, imdb_id=imdb_id, tvdb_id=tvdb_id)
        inquiry = _Inquiry(self._tmdb, named, None, self._settings)

        async def ask() -> None:
            await inquiry.by_ids((kind,))

        return await _answered(inquiry, ask)


async def _answered(inquiry: "_Inquiry", ask: Callable[[], Awaitable[None]]) -> Identification:
    """Ask, and say in the answer what went wrong. What was found before that is kept for people to see."""
    problem: Problem = ""
    detail, retry_after_s = "", None
    try:
        with trio.fail_after(PATIENCE_S):
            await ask()
    except TmdbBusy as error:
        problem, detail, retry_after_s = "busy", str(error), error.retry_after_s
    except TmdbRefused as error:
        problem, detail = "refused", str(error)
    except TmdbUnreadable as error:
        problem, detail = "unreadable", str(error)
    except TmdbUnavailable as error:
        problem, detail = "unavailable", str(error)
    except trio.TooSlowError:
        problem, detail = "unavailable", f"no end of its answers within {PATIENCE_S:g} s"
    found = inquiry.handed_on()
    return Identification(
        found if found or not problem else None, problem, detail, retry_after_s, asked=inquiry.asked
    )


class _Inquiry:
    """The questions about one name, and what they have brought."""

    def __init__(
        self, tmdb: TmdbPort, parsed: ParsedName, duration_s: float | None, settings: MatchSettings
    ) -> None:
        # rapidfuzz is loaded when the first name is compared, not when the daemon starts.
        from segue.core.ingest import titles

        self._titles = titles
        self._tmdb = tmdb
        self._parsed = parsed
        self._names = tuple(dict.fromkeys(name for name in (parsed.title, parsed.other_title) if name))
        self._duration_s = duration_s
        self._settings = settings
        self._found: dict[tuple[CandidateKind, int], Candidate] = {}
        self._details = 0
        self.asked = 0

    # -------------------------------------------------------------- the course of it

    async def by_name(self) -> None:
        """Follow the ids that the name carries; without any, look for its titles until one fits."""
        kinds: tuple[CandidateKind, ...] = ("film", "show")
        if self._parsed.kind != "unknown":
            kinds = ("film",) if self._parsed.kind == "film" else ("show",)
        if await self.by_ids(kinds):
            return
        cut_short = False
        for search in searches(self._parsed):
            if not is_due(search, found=len(self._found), cut_short=cut_short):
                continue
            hits = await self._search(search)
            cut_short = cut_short or (hits >= PAGE and search.year is None)
            await self._look_closer()
            if is_settled(self._parsed, self._candidates, self._duration_s, self._settings):
                return

    async def by_ids(self, kinds: tuple[CandidateKind, ...]) -> bool:
        """Look up the ids of the name, as one of these kinds; say whether there is such a thing."""
        parsed = self._parsed
        if parsed.tmdb_id is not None:
            wanted = [(kind, parsed.tmdb_id) for kind in kinds]
        elif parsed.imdb_id or parsed.tvdb_id is not None:
            self.asked += 1
            found = await self._tmdb.find(imdb_id=parsed.imdb_id, tvdb_id=parsed.tvdb_id)
            wanted = [("film", hit.tmdb_id) for hit in found.films if "film" in kinds]
            wanted += [("show", hit.tmdb_id) for hit in found.shows if "show" in kinds]
        else:
            return False
        for kind, tmdb_id in wanted:
            candidate = await self._detailed(Candidate(kind, tmdb_id, "", by_id=True))
            if candidate is not None:
                self._found[kind, tmdb_id] = candidate
                return True
        return False

    @property
    def _candidates(self) -> tuple[Candidate, ...]:
        return tuple(self._found.values())

    def handed_on(self) -> tuple[Candidate, ...]:
        """Give the candidates, the best first, and no more of them than a decision and a person need."""
        ranked = rank(self._parsed, self._candidates, self._duration_s, self._settings)
        limit = self._settings.rival_similarity
        by_need = sorted(
            ranked, key=lambda r: r.candidate.title_similarity < limit
        )  # rivals first; it is stable
        kept = {id(r) for r in by_need[:KEPT]}
        return tuple(
            but(r.candidate, alternative_titles=r.candidate.alternative_titles[:TITLES_KEPT])
            for r in ranked
            if id(r) in kept
        )

    # -------------------------------------------------------------- one question each

    async def _search(self, search: Search) -> int:
        """Ask for a title; give the number of results."""
        self.asked += 1
        if search.kind == "film":
            films = await self._tmdb.search_films(search.title, search.year)
            hits = [_of_film(hit) for hit in films]
        else:
            shows = await self._tmdb.search_shows(search.title, search.year)
            hits = [_of_show(hit) for hit in shows]
        for hit in hits:
            key = (hit.kind, hit.tmdb_id)
            if key not in self._found:
                self._found[key] = self._compared(hit)
        return len(hits)

    async def _look_closer(self) -> None:
        """Read the details of those that could be meant."""
        for candidate in worth_details(self._parsed, self._candidates, self._duration_s, self._settings):
            if self._details >= DETAILS_MAX:
                return
            self._details += 1
            detailed = await self._detailed(candidate)
            if detailed is not None:
                self._found[candidate.kind, candidate.tmdb_id] = detailed

    async def _detailed(self, candidate: Candidate) -> Candidate | None:
        """Read a candidate's details, and a show's episodes that the name speaks of; nothing when it is gone."""
        self.asked += 1
        if candidate.kind == "film":
            film = await self._tmdb.film(candidate.tmdb_id)
            return None if film is None else self._compared(_with_film(candidate, film))
        show = await self._tmdb.show(candidate.tmdb_id)
        if show is None:
            return None
        candidate = self._compared(_with_show(candidate, show))

        async def read(number: int) -> Season | None:
            self.asked += 1
            return await self._tmdb.season(candidate.tmdb_id, number)

        episodes = await find_episodes(self._parsed, show.seasons, read)
        return but(candidate, episodes=episodes, episode_title_similarity=self._episode_fits(episodes))

    # -------------------------------------------------------------- comparing

    def _compared(self, candidate: Candidate) -> Candidate:
        known = (candidate.title, candidate.original_title, *candidate.alternative_titles)
        each = [self._titles.compare((name,), known) for name in self._names] or [(0.0, False)]
        fits, exact = max(each)
        weaker = min(each)[0] if len(each) > 1 else None
        return but(candidate, title_similarity=fits, exact=exact, weaker_title_similarity=weaker)

    def _episode_fits(self, episodes: tuple[EpisodeFact, ...] | None) -> float | None:
        named, known = self._parsed.episode_title, telling_titles(episodes or ())
        return self._titles.episode_similarity(named, known) if named and known else None


# ------------------------------------------------------------------ TMDb's words in ours


def _of_film(hit: FilmHit) -> Candidate:
    return Candidate(
        "film",
        hit.tmdb_id,
        hit.title,
        original_title=hit.original_title,
        year=_year(hit.release_date),
        votes=hit.votes,
        popularity=hit.popularity,
    )


def _of_show(hit: ShowHit) -> Candidate:
    return Candidate(
        "show",
        hit.tmdb_id,
        hit.title,
        original_title=hit.original_title,
        year=_year(hit.first_air_date),
        votes=hit.votes,
        popularity=hit.popularity,
    )


def _with_film(candidate: Candidate, film: Film) -> Candidate:
    return but(
        _of_film(film),
        runtime_min=film.runtime_min,
        alternative_titles=film.alternative_titles,
        imdb_id=film.imdb_id,
        detailed=True,
        by_id=candidate.by_id,
    )


def _with_show(candidate: Candidate, show: Show) -> Candidate:
    return but(
        _of_show(show),
        alternative_titles=show.alternative_titles,
        imdb_id=show.imdb_id,
        tvdb_id=show.tvdb_id,
        detailed=True,
        by_id=candidate.by_id,
    )


def _year(date: str) -> int | None:
    """Read the year of `YYYY-MM-DD`; TMDb has an empty text for what is not dated."""
    return int(date[:4]) if date[:4].isdecimal() and len(date) >= 4 else None
