"""The Movie Database: asked as little as possible, never faster than it likes, and each question once.

Theory of operation. A question is looked up in the cache, then among the questions under way, and only then asked: at
most `at_once` at a time and `per_s` a second (TMDb documents about 40 to 50 a second; its answer to more is 429). What
may pass is tried again, twice at most; a pause that TMDb asks for is kept if it is short, and told if it is long.

The key goes into a header where TMDb allows it. An old key of 32 hexadecimal digits can only go into the query:
requests show neither query nor header, errors name host and path alone.
"""

import re
from collections.abc import Callable
from typing import Protocol, TypeVar
from urllib.parse import urlencode

import trio

from segue.adapters import tmdb_wire as wire
from segue.adapters.http_client import HttpClient, HttpError, HttpRefused, Origin, Request, TooLarge
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
ANSWER_BYTES = 4 * 1024 * 1024
KEPT_S = 30 * 86_400.0
"""How long an answer is kept; what TMDb does not know is asked again after a day."""
NOTHING_KEPT_S = 86_400.0
TRIES_MAX = 3
BACK_OFF_S = 0.5
PAUSE_MAX_S = 10.0
"""A pause that TMDb asks for is kept up to this; a longer one is told."""
NOT_THERE = b"{}"
"""Stands in the cache for an answer of 404."""
_V3_KEY = re.compile(r"[0-9a-f]{32}\Z", re.IGNORECASE)


class AnswerCache(Protocol):
    """Where answers are kept. One that fails is no failure of the question."""

    async def get(self, key: str, max_age_s: float) -> bytes | None:
        """Give an answer that is not too old."""

    async def put(self, key: str, body: bytes) -> None:
        """Keep an answer."""


class _Asking:
    """A question under way: whoever asks the same waits for its answer."""

    def __init__(self) -> None:
        self.done = trio.Event()
        self.body: bytes | None = None
        self.failed = True


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
    ) -> None:
        """`base_url` includes the version, `/3`; `ValueError` when it names no server."""
        self.origin = Origin.parse(base_url)
        self._http = http
        self._key = key
        self._cache = cache
        self._places = trio.CapacityLimiter(at_once)
        self._interval_s = 1.0 / per_s
        self._next_at = 0.0
        self._asking: dict[str, _Asking] = {}
        self.requests = 0
        """Requests that were sent, for those who count."""

    # ---------------------------------------------------------------- questions

    async def search_films(self, title: str, year: int | None = None) -> tuple[FilmHit, ...]:
        """Search films by title, and by the year of their first release. Raises a `TmdbError`."""
        query = {"query": title, "include_adult": "false"}
        if year is not None:
            query["primary_release_year"] = str(year)
        return wire.films(await self._ask("/search/movie", query) or {})

    async def search_shows(self, title: str, first_air_year: int | None = None) -> tuple[ShowHit, ...]:
        """Search shows by title, and by the year of their first episode. Raises a `TmdbError`."""
        query = {"query": title, "include_adult": "false"}
        if first_air_year is not None:
            query["first_air_date_year"] = str(first_air_year)
        return wire.shows(await self._ask("/search/tv", query) or {})

    async def film(self, tmdb_id: int) -> Film | None:
        """Read a film with all its titles and ids; nothing when there is none. Raises a `TmdbError`."""
        more = {"append_to_response": "alternative_titles,external_ids,release_dates"}
        return self._read(await self._ask(f"/movie/{int(tmdb_id)}", more), wire.film)

    async def show(self, tmdb_id: int) -> Show | None:
        """Read a show with its titles, ids and seasons; nothing when there is none. Raises a `TmdbError`."""
        more = {"append_to_response": "alternative_titles,external_ids"}
        return self._read(await self._ask(f"/tv/{int(tmdb_id)}", more), wire.show)

    async def season(self, show_id: int, number: int) -> Season | None:
        """Read a season's episodes; nothing when there is none. Raises a `TmdbError`."""
        return self._read(await self._ask(f"/tv/{int(show_id)}/season/{int(number)}", {}), wire.season)

    async def find(self, *, imdb_id: str = "", tvdb_id: int | None = None) -> Found:
        """Find what has an id elsewhere: exactly one of the two is given. Raises a `TmdbError`."""
        source, value = ("imdb_id", imdb_id) if imdb_id else ("tvdb_id", str(tvdb_id))
        if not re.fullmatch(r"(tt)?\d{1,12}", value):
            return Found()
        return wire.found(await self._ask(f"/find/{value}", {"external_source": source}) or {})

    def _read(self, value: wire.Json | None, read: Callable[[wire.Json], Answer]) -> Answer | None:
        return read(value) if value else None

    # ---------------------------------------------------------------- one question, one request

    async def _ask(self, path: str, query: dict[str, str]) -> wire.Json | None:
        """Give the answer to a question; nothing for one that TMDb has none to (404)."""
        name = f"{path}?{urlencode(sorted(query.items()))}"
        while True:
            kept = await self._kept(name)
            if kept is not None:
                return wire.read_json(kept) or None
            other = self._asking.get(name)
            if other is None:
                break
            await other.done.wait()
            if not other.failed and other.body is not None:
                return wire.read_json(other.body) or None
        mine = self._asking[name] = _Asking()
        try:
            mine.body = await self._fetch(path, query)
            value = wire.read_json(mine.body)
            mine.failed = False
            await self._keep(name, mine.body)
            return value or None
        finally:
            del self._asking[name]
            mine.done.set()

    async def _kept(self, name: str) -> bytes | None:
        if self._cache is None:
            return None
        try:
            body = await self._cache.get(name, KEPT_S)
            if body is not None and _is_nothing(body):
                body = await self._cache.get(name, NOTHING_KEPT_S)
        except Exception:  # whatever is the matter with the cache, TMDb can be asked
            return None
        return body

    async def _keep(self, name: str, body: bytes) -> None:
        if self._cache is None:
            return
        try:
            await self._cache.put(name, body)
        except Exception:  # asked once more the next time
            return

    async def _fetch(self, path: str, query: dict[str, str]) -> bytes:
        key = self._key()
        headers = {"Accept": "application/json"}
        if _V3_KEY.match(key):
            query = {**query, "api_key": key}
        else:
            headers["Authorization"] = f"Bearer {key}"
        request = Request(
            self.origin,
            path,
            query=query,
            headers=headers,
            total_s=ANSWER_S,
            max_bytes=ANSWER_BYTES,
            repeatable=True,
        )
        failure: TmdbError | None = None
        for attempt in range(TRIES_MAX):
            try:
                async with self._places:
                    await self._turn()
                    self.requests += 1
                    return (await self._http.fetch(request)).body
            except HttpError as error:
                if isinstance(error, HttpRefused) and error.status == 404:
                    return NOT_THERE
                failure, wait_s = self._failure(error, attempt)
            if wait_s is None or attempt == TRIES_MAX - 1:
                break
            await trio.sleep(wait_s)
        assert failure is not None
        raise failure

    async def _turn(self) -> None:
        """Wait until the next request may go: evenly, `per_s` a second."""
        now_at = trio.current_time()
        at = max(self._next_at, now_at)
        self._next_at = at + self._interval_s
        await trio.sleep_until(at)

    def _failure(self, error: HttpError, attempt: int) -> tuple[TmdbError, float | None]:
        """Say in TMDb's terms what a failed request means, and after which wait it is worth another try."""
        back_off_s = BACK_OFF_S * 2**attempt
        match error:
            case HttpRefused(status=401 | 403):
                hint = "it does not take the key; see [tmdb] api_key_file"
                return TmdbRefused(f"{error}: {hint}"), None
            case HttpRefused(status=429):
                pause_s = error.retry_after_s
                self._next_at = max(self._next_at, trio.current_time() + min(pause_s or 1.0, PAUSE_MAX_S))
                busy = TmdbBusy(f"{error}: too many requests", pause_s)
                return busy, (pause_s or 1.0) if (pause_s or 1.0) <= PAUSE_MAX_S else None
            case HttpRefused() if error.status < 500:
                return TmdbUnreadable(f"{error}"), None
            case TooLarge():
                return TmdbUnreadable(str(error)), None
            case _:
                return TmdbUnavailable(str(error)), back_off_s


def _is_nothing(body: bytes) -> bool:
    """Tell an answer that found nothing: it is believed for a shorter time."""
    return body == NOT_THERE or b'"results":[]' in body[:200] or b'"results": []' in body[:200]
