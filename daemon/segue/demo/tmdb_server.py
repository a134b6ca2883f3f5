"""A simulated TMDb on a real socket: its documented shapes, its search, its limits, and every way to fail.

Run it as a task: `async with TmdbServer(host="127.0.41.1") as tmdb`. References: TMDb's API reference, version 3.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from segue.demo.tmdb_catalogue import Catalogue, FilmRecord, ShowRecord, hand_written
from segue.runtime.http import ClientGoneError, HttpServer, open_tcp_listeners

Json = dict[str, Any]
KEY: Final = "demo-tmdb-read-access-token"
PAGE: Final = 20
GARBAGE: Final = b"<html>502 Bad Gateway</html>"


@dataclass
class Faults:
    """What goes wrong, as switches."""

    busy: int = 0
    """So many requests are answered with 429."""
    retry_after: str | None = "1"
    """What 429 says about when to come back; nothing: it says nothing."""
    status: int = 0
    """Every answer has this status; 0: as it should be."""
    garbage: bool = False
    half: bool = False
    """Answers break off in the middle."""
    silent: bool = False
    """Requests are taken and never answered."""


@dataclass(frozen=True)
class Asked:
    """One request, for those who count."""

    path: str
    query: dict[str, str] = field(default_factory=dict)


class TmdbServer:
    """The service. `url` is what `[tmdb] base_url` has to be."""

    def __init__(
        self, *, host: str = "127.0.41.1", port: int = 0, key: str = KEY, catalogue: Catalogue | None = None
    ) -> None:
        self.host, self.port, self.key = host, port, key
        self.catalogue = catalogue or hand_written()
        self.faults = Faults()
        self.asked: list[Asked] = []
        self._exit_stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """The address of the API, with its version."""
        return f"http://{self.host}:{self.port}/3"

    async def __aenter__(self) -> Self:
        listeners = await open_tcp_listeners(self.host, self.port)
        self.port = int(listeners[0].socket.getsockname()[1])
        async with AsyncExitStack() as stack:
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            server = HttpServer(self._application(), allowed_hosts=lambda _name: True)
            await nursery.start(server.serve, listeners)
            self._exit_stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._exit_stack.__aexit__(kind, error, trace)

    def _application(self) -> Starlette:
        routes: tuple[tuple[str, Callable[[Request], Json | None]], ...] = (
            ("/3/search/movie", self._search_movie),
            ("/3/search/tv", self._search_tv),
            ("/3/movie/{id:int}", self._movie),
            ("/3/tv/{id:int}", self._tv),
            ("/3/tv/{id:int}/season/{season:int}", self._season),
            ("/3/find/{value}", self._find),
            (
                "/3/authentication",
                lambda _request: {"success": True, "status_code": 1, "status_message": "Success."},
            ),
        )
        return Starlette(routes=[Route(path, partial(self._answer, make)) for path, make in routes])

    # ---------------------------------------------------------------- answering

    async def _answer(self, make: Callable[[Request], Json | None], request: Request) -> Response:
        query = {name: value for name, value in request.query_params.items() if name != "api_key"}
        self.asked.append(Asked(request.url.path, query))
        faults = self.faults
        if faults.silent:
            await trio.sleep_forever()
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.key not in (given, request.query_params.get("api_key", "")):
            text = "Invalid API key: You must be granted a valid key."
            return _json({"success": False, "status_code": 7, "status_message": text}, 401)
        if faults.busy:
            faults.busy -= 1
            headers = {} if faults.retry_after is None else {"retry-after": faults.retry_after}
            text = "Your request count is over the allowed limit."
            return _json({"success": False, "status_code": 25, "status_message": text}, 429, headers)
        if faults.status:
            return _json(
                {"success": False, "status_code": 11, "status_message": "Internal error."}, faults.status
            )
        if faults.garbage:
            return Response(GARBAGE, 200, media_type="text/html")
        value = make(request)
        if value is None:
            text = "The resource you requested could not be found."
            return _json({"success": False, "status_code": 34, "status_message": text}, 404)
        if faults.half:
            body = json.dumps(value).encode()
            return StreamingResponse(_half(body), headers={"content-length": str(len(body))})
        return _json(value)

    # ---------------------------------------------------------------- what is asked

    def _search_movie(self, request: Request) -> Json:
        found = self.catalogue.search_films(
            request.query_params.get("query", ""),
            primary_release_year=_year(request, "primary_release_year"),
            year=_year(request, "year"),
        )
        return _page([movie_result(film) for film in found], request)

    def _search_tv(self, request: Request) -> Json:
        found = self.catalogue.search_shows(
            request.query_params.get("query", ""), first_air_year=_year(request, "first_air_date_year")
        )
        return _page([tv_result(show) for show in found], request)

    def _movie(self, request: Request) -> Json | None:
        film = self.catalogue.film(request.path_params["id"])
        if film is None:
            return None
        found = movie_result(film) | {
            "runtime": film.runtime_min,
            "imdb_id": film.imdb_id or None,
            "status": "Released",
            "genres": [],
        }
        more = request.query_params.get("append_to_response", "").split(",")
        if "alternative_titles" in more:
            titles = [{"iso_3166_1": "US", "title": title, "type": ""} for title in film.alternative_titles]
            found["alternative_titles"] = {"titles": titles}
        if "external_ids" in more:
            found["external_ids"] = {"imdb_id": film.imdb_id or None, "wikidata_id": None}
        if "release_dates" in more:
            found["release_dates"] = {"results": []}
        return found

    def _tv(self, request: Request) -> Json | None:
        show = self.catalogue.show(request.path_params["id"])
        if show is None:
            return None
        found = tv_result(show) | {
            "number_of_seasons": sum(number > 0 for number in show.seasons),
            "seasons": [
                {
                    "air_date": held[0].air_date or None,
                    "episode_count": len(held),
                    "name": f"Season {number}" if number else "Specials",
                    "season_number": number,
                }
                for number, held in sorted(show.seasons.items())
            ],
        }
        more = request.query_params.get("append_to_response", "").split(",")
        if "alternative_titles" in more:
            titles = [{"iso_3166_1": "US", "title": title, "type": ""} for title in show.alternative_titles]
            found["alternative_titles"] = {"results": titles}
        if "external_ids" in more:
            found["external_ids"] = {"imdb_id": show.imdb_id or None, "tvdb_id": show.tvdb_id}
        return found

    def _season(self, request: Request) -> Json | None:
        show = self.catalogue.show(request.path_params["id"])
        number = request.path_params["season"]
        if show is None or number not in show.seasons:
            return None
        return {
            "id": show.tmdb_id * 100 + number,
            "season_number": number,
            "name": f"Season {number}" if number else "Specials",
            "episodes": [
                {
                    "id": show.tmdb_id * 10_000 + number * 100 + e.number,
                    "episode_number": e.number,
                    "season_number": number,
                    "name": e.title,
                    "air_date": e.air_date or None,
                    "runtime": e.runtime_min,
                    "vote_average": 8.0,
                }
                for e in show.seasons[number]
            ],
        }

    def _find(self, request: Request) -> Json:
        value, source = request.path_params["value"], request.query_params.get("external_source", "")
        films = [f for f in self.catalogue.films if source == "imdb_id" and f.imdb_id == value]
        shows = [
            s
            for s in self.catalogue.shows
            if value == (s.imdb_id if source == "imdb_id" else str(s.tvdb_id) if source == "tvdb_id" else "")
        ]
        return {
            "movie_results": [movie_result(film) for film in films],
            "tv_results": [tv_result(show) for show in shows],
            "person_results": [],
            "tv_episode_results": [],
            "tv_season_results": [],
        }


def movie_result(film: FilmRecord) -> Json:
    """Give a film as lists have it."""
    return {
        "adult": False,
        "id": film.tmdb_id,
        "title": film.title,
        "original_title": film.original_title or film.title,
        "original_language": "en",
        "release_date": film.release_date,
        "popularity": film.popularity,
        "vote_average": 7.3,
        "vote_count": film.votes,
        "overview": "",
        "poster_path": None,
        "video": False,
    }


def tv_result(show: ShowRecord) -> Json:
    """Give a show as lists have it."""
    return {
        "id": show.tmdb_id,
        "name": show.title,
        "original_name": show.original_title or show.title,
        "original_language": "en",
        "first_air_date": show.first_air_date,
        "origin_country": ["US"],
        "popularity": show.popularity,
        "vote_average": 7.9,
        "vote_count": show.votes,
        "overview": "",
        "poster_path": None,
    }


def _page(results: list[Json], request: Request) -> Json:
    number = _year(request, "page") or 1
    return {
        "page": number,
        "results": results[(number - 1) * PAGE : number * PAGE],
        "total_pages": max(1, -(-len(results) // PAGE)),
        "total_results": len(results),
    }


def _year(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _json(value: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    plain = (
        {"cache-control": "public, max-age=600", "etag": f'W/"{abs(hash(body)):x}"'} if status == 200 else {}
    )
    return Response(body, status, {**plain, **(headers or {})}, "application/json;charset=utf-8")


async def _half(body: bytes) -> AsyncIterator[bytes]:
    yield body[: len(body) // 2]
    raise ClientGoneError("the connection is cut")
