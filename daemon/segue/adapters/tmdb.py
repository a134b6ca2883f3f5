"""The Movie Database: asked as little as possible, never faster than it likes, and each question once.

Theory of operation. A question is looked up among the answers that are kept (`tmdb_answers`), then among the questions
under way, and only then asked, at TMDb's pace (`tmdb_pace`; it documents about 40 to 50 requests a second, and its
answer to more is 429). What may pass is tried again, twice at most. A whole question has a deadline.

The key goes into a header where TMDb allows it. An old key of 32 hexadecimal digits can only go into the query:
requests show neither query nor header, errors name host and path alone, and what is kept is named without it.
"""

import copy
import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

import trio

from segue.adapters import tmdb_wire as wire
from segue.adapters.http_client import HttpClient, HttpError, HttpRefused, Origin, Request, TooLarge
from segue.adapters.tmdb_answers import AnswerCache, KeptAnswers
from segue.adapters.tmdb_pace import PAUSE_MAX_S, Pace
from segue.adapters.tmdb_types import (
    Episode,
    Film,
    FilmHit,
    Found,
    Season,
    SeasonSummary,
    Show,
    ShowHit,
    TmdbBusy,
    TmdbError,
    TmdbRefused,
    TmdbUnavailable,
    TmdbUnreadable,
)

__all__ = [
    "AnswerCache",
    "Episode",
    "Film",
    "FilmHit",
    "Found",
    "Season",
    "SeasonSummary",
    "Show",
    "ShowHit",
    "Tmdb",
    "TmdbBusy",
    "TmdbError",
    "TmdbRefused",
    "TmdbUnavailable",
    "TmdbUnreadable",
]

Answer = TypeVar("Answer")

ANSWER_S = 10.0
"""Longest wait for one answer, in seconds."""
QUESTION_S = 60.0
"""Longest wait for the end of a question, with its turns, pauses and repetitions, in seconds."""
ANSWER_BYTES = 8 * 1024 * 1024
"""Longest answer that is read: a soap's season of 300 episodes with all its guests has 3 MB."""
THREAD_BYTES = 256 * 1024
"""From here on an answer is parsed in a thread."""
TRIES_MAX = 3
BACK_OFF_S = 0.5
"""Wait before the second try, in seconds; twice that before the third."""
QUERY_MAX = 300
"""Characters of a title that are asked for; no title is longer."""
_V3_KEY = re.compile(r"[0-9a-f]{32}\Z", re.IGNORECASE)
_ID_ELSEWHERE = re.compile(r"(?:tt)?[0-9]{1,12}\Z")
_SEE_SETTING = "see [tmdb] api_key_file"
_SEE_ADDRESS = "is [tmdb] base_url right?"

Read = Callable[[wire.Json], Answer]


class _Asking:
    """A question under way: whoever asks the same waits for its end."""

    def __init__(self) -> None:
        self.over = trio.Event()
        self.answer: tuple[Any] | None = None
        self.failure: TmdbError | None = None
        """Neither is there when who asked was cancelled."""


class Tmdb:
    """One account. The key is asked for at each request, so that it can be renewed."""

    def __init__(
        self,
        http: HttpClient,
        base_url: str,
        key: Callable[[], str],
        cache: AnswerCache | None = None,
        *,
        at_once: int = 5,
        per_s: float = 20.0,
        answer_s: float = ANSWER_S,
    ) -> None:
        """`base_url` includes the version, `/3`; `ValueError` when it names no server."""
        self.origin = Origin.parse(base_url)
        self._http = http
        self._key = key
        self._kept = KeptAnswers(cache)
        self._pace = Pace(at_once, per_s)
        self._answer_s = answer_s
        self._asking: dict[str, _Asking] = {}
        self.requests = 0
        """Requests that were sent, for those who count."""

    # ---------------------------------------------------------------- questions

    async def check_key(self) -> None:
        """Ask whether the key is good. Raises `TmdbRefused`, or another `TmdbError` when that cannot be learned.

        Reference: "Validate Key".
        """
        await self._fetched("/authentication", {})

    async def search_films(self, title: str, year: int | None = None) -> tuple[FilmHit, ...]:
        """Search films by title, and by the year of their first release; at most 20. Raises a `TmdbError`.

        Reference: "Search Movie". `year` would find re-releases as well, and `region` changes the dates.
        """
        query = _query(title, "primary_release_year", year)
        return await self._search("/search/movie", query, wire.films, tuple[FilmHit, ...]) if query else ()

    async def search_shows(self, title: str, first_air_year: int | None = None) -> tuple[ShowHit, ...]:
        """Search shows by title, and by the year of their first episode; at most 20. Raises a `TmdbError`.

        Reference: "Search TV".
        """
        query = _query(title, "first_air_date_year", first_air_year)
        return await self._search("/search/tv", query, wire.shows, tuple[ShowHit, ...]) if query else ()

    async def film(self, tmdb_id: int) -> Film | None:
        """Read a film with all its titles and ids; nothing when there is none. Raises a `TmdbError`.

        Reference: "Movie Details", "Append To Response".
        """
        more = {"append_to_response": "alternative_titles,external_ids,release_dates"}
        return await self._ask(f"/movie/{int(tmdb_id)}", more, wire.film, Film)

    async def show(self, tmdb_id: int) -> Show | None:
        """Read a show with its titles, ids and seasons; nothing when there is none. Raises a `TmdbError`.

        Reference: "TV Series Details", "Append To Response".
        """
        more = {"append_to_response": "alternative_titles,external_ids"}
        return await self._ask(f"/tv/{int(tmdb_id)}", more, wire.show, Show)

    async def season(self, show_id: int, number: int) -> Season | None:
        """Read a season's episodes; nothing when there is none. Raises a `TmdbError`.

        Reference: "TV Season Details".
        """
        return await self._ask(f"/tv/{int(show_id)}/season/{int(number)}", {}, wire.season, Season)

    async def find(self, *, imdb_id: str = "", tvdb_id: int | None = None) -> Found:
        """Find what has an id elsewhere; the second id is asked for where nothing has the first. Raises a `TmdbError`.

        Reference: "Find By ID".
        """
        by_id = ("imdb_id", imdb_id), ("tvdb_id", "" if tvdb_id is None else str(tvdb_id))
        found = Found()
        for source, value in by_id:
            if found == Found() and _ID_ELSEWHERE.match(value):
                query = {"external_source": source}
                found = await self._search(f"/find/{value}", query, wire.found, Found)
        return found

    # ---------------------------------------------------------------- one question, one request

    async def _search(
        self, path: str, query: dict[str, str], read: Read[Answer], kind: type[Answer]
    ) -> Answer:
        """Ask for a list, which is there even when it is empty."""
        found = await self._ask(path, query, read, kind, optional=False)
        assert found is not None
        return found

    async def _ask(
        self,
        path: str,
        query: dict[str, str],
        read: Read[Answer],
        kind: type[Answer],
        *,
        optional: bool = True,
    ) -> Answer | None:
        """Give the answer to a question; nothing where it is optional, and TMDb says that there is no such thing."""
        question = f"{path}?{urlencode(sorted(query.items()))}"
        while True:
            kept = await self._kept.get(question, kind)
            if kept is not None:
                return kept[0]
            other = self._asking.get(question)
            if other is None:
                break
            await other.over.wait()
            if other.failure is not None:
                # Each gets an exception of its own: one that is raised twice collects the tracebacks of both.
                raise copy.copy(other.failure)
            if other.answer is not None:
                shared: Answer | None = other.answer[0]
                return shared
        mine = self._asking[question] = _Asking()
        try:
            body = await self._fetched(path, query)
            if body is None and not optional:
                where = f"{self.origin.netloc}{self.origin.base_path}{path}"
                raise TmdbUnreadable(f"{where}: nothing is there; {_SEE_ADDRESS}")
            answer = None if body is None else await _parsed(body, read)
            mine.answer = (answer,)
            await self._kept.put(question, answer)
            return answer
        except TmdbError as error:
            mine.failure = copy.copy(error)  # without the traceback, which leads back here
            raise
        finally:
            del self._asking[question]
            mine.over.set()

    async def _fetched(self, path: str, query: dict[str, str]) -> bytes | None:
        """Give the body of an answer; nothing where TMDb says that there is no such thing."""
        request = self._request(path, query)
        with trio.move_on_after(QUESTION_S):
            return await self._tried(request)
        raise TmdbUnavailable(f"{request.where}: no answer within {QUESTION_S:g} s")

    async def _tried(self, request: Request) -> bytes | None:
        for attempt in range(1, TRIES_MAX + 1):
            try:
                async with self._pace.turn():
                    self.requests += 1
                    return (await self._http.fetch(request)).body
            except HttpError as error:
                if _is_not_there(error):
                    return None
                failure, wait_s = _meaning(error, BACK_OFF_S * 2 ** (attempt - 1))
            if isinstance(failure, TmdbBusy):
                self._pace.pause(wait_s or failure.retry_after_s or 0.0)
            if wait_s is None or attempt == TRIES_MAX:
                raise failure
            await trio.sleep(wait_s)
        raise AssertionError("the last try has returned or raised")

    def _request(self, path: str, query: dict[str, str]) -> Request:
        key = self._key()
        headers = {"Accept": "application/json"}
        if _V3_KEY.match(key):
            query = {**query, "api_key": key}
        else:
            headers["Authorization"] = f"Bearer {key}"
        try:
            return Request(
                self.origin,
                path,
                query=query,
                headers=headers,
                total_s=self._answer_s,
                max_bytes=ANSWER_BYTES,
                repeatable=True,
            )
        except ValueError:
            pass
        raise TmdbRefused(f"The TMDb key holds characters that no key has; {_SEE_SETTING}")


async def _parsed(body: bytes, read: Read[Answer]) -> Answer:
    if len(body) > THREAD_BYTES:
        return await trio.to_thread.run_sync(lambda: read(wire.read_json(body)))
    return read(wire.read_json(body))


def _query(title: str, year_name: str, year: int | None) -> dict[str, str] | None:
    """Write the query of a search; nothing where the title has nothing to search for."""
    printable = title.encode("utf-8", "replace").decode("utf-8")
    words = " ".join("".join(c if c.isprintable() else " " for c in printable).split())[:QUERY_MAX]
    if not any(c.isalnum() for c in words):
        return None
    return {"query": words, "include_adult": "false"} | ({} if year is None else {year_name: str(year)})


def _is_not_there(error: HttpError) -> bool:
    """Tell TMDb's word that there is no such thing from the 404 of a wrong address."""
    return (
        isinstance(error, HttpRefused)
        and error.status == 404
        and wire.status_code(error.body) in wire.NOT_THERE_CODES
    )


def _meaning(error: HttpError, back_off_s: float) -> tuple[TmdbError, float | None]:
    """Say in TMDb's terms what a failed request means, and after which wait it is worth another try."""
    match error:
        case HttpRefused(status=401 | 403):
            return TmdbRefused(f"{error}: TMDb does not take the key; {_SEE_SETTING}"), None
        case HttpRefused(status=429):
            pause_s = error.retry_after_s
            wait_s = back_off_s if pause_s is None else pause_s
            busy = TmdbBusy(f"{error}: TMDb is asked too often", pause_s)
            return busy, wait_s if wait_s <= PAUSE_MAX_S else None
        case HttpRefused() if error.status < 500:
            return TmdbUnreadable(f"{error}; {_SEE_ADDRESS}"), None
        case TooLarge():
            return TmdbUnreadable(str(error)), None
        case _:
            return TmdbUnavailable(str(error)), back_off_s
