"""A simulated TMDb on a real socket: its documented shapes, its search, its limits, and every way to fail.

Run it as a task (`async with TmdbServer(host="127.0.41.1") as tmdb`) or by itself:
`python -m segue.demo.tmdb_server --host 127.0.41.1 --films 20000`. References: TMDb's API reference, version 3.
"""

import json
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Final, Self

import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from segue.demo import tmdb_render as render
from segue.demo.tmdb_catalogue import Catalogue, hand_written, make_catalogue
from segue.demo.tmdb_render import Json
from segue.runtime.http import ClientGoneError, HttpServer, open_tcp_listeners

KEY: Final = "demo-tmdb-read-access-token"
PAGES_MAX: Final = 500
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
    broken: int = 0
    """So many requests are answered with 500."""
    garbage: bool = False
    """Answers are a page for people, with status 200."""
    half: bool = False
    """Answers break off in the middle."""
    silent: bool = False
    """Requests are taken and never answered."""
    slow_s: float = 0.0
    """Answers come so much later."""


@dataclass(frozen=True)
class Asked:
    """One request, for those who count. No key is in it."""

    path: str
    query: dict[str, str] = field(default_factory=dict)


class TmdbServer:
    """The service. `url` is what `[tmdb] base_url` has to be; `key` is good in a header and in the query."""

    def __init__(
        self, *, host: str = "127.0.41.1", port: int = 0, key: str = KEY, catalogue: Catalogue | None = None
    ) -> None:
        self.host, self.port, self.key = host, port, key
        self.catalogue = catalogue or hand_written()
        self.faults = Faults()
        self.asked: list[Asked] = []
        self.most_at_once = 0
        """Most requests that were answered at the same time."""
        self._at_once = 0
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
        routes: dict[str, Callable[[Request], Response]] = {
            "/3/authentication": self._authentication,
            "/3/search/movie": self._search_movie,
            "/3/search/tv": self._search_tv,
            "/3/movie/{id:int}": self._movie,
            "/3/movie/{id:int}/{part:str}": self._movie_part,
            "/3/tv/{id:int}": self._tv,
            "/3/tv/{id:int}/{part:str}": self._tv_part,
            "/3/tv/{id:int}/season/{season:int}": self._season,
            "/3/find/{value:str}": self._find,
            "/3/{rest:path}": self._nothing,
        }
        return Starlette(routes=[Route(path, partial(self._answer, make)) for path, make in routes.items()])

    # ---------------------------------------------------------------- answering

    async def _answer(self, make: Callable[[Request], Response], request: Request) -> Response:
        query = {name: value for name, value in request.query_params.items() if name != "api_key"}
        self.asked.append(Asked(request.url.path, query))
        with self._counted():
            if self.faults.silent:
                await trio.sleep_forever()
            await trio.sleep(self.faults.slow_s)
        return self._refusal(request) or self._fault() or self._spoilt(make(request))

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            self._at_once -= 1

    def _refusal(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.key in (given, request.query_params.get("api_key", "")):
            return None
        return _json(render.problem(7, "Invalid API key: You must be granted a valid key."), 401)

    def _fault(self) -> Response | None:
        """Give the answer that a fault puts in the place of the right one."""
        faults = self.faults
        if faults.busy:
            faults.busy -= 1
            headers = {} if faults.retry_after is None else {"retry-after": faults.retry_after}
            text = "Your request count (41) is over the allowed limit of (40)."
            return _json(render.problem(25, text), 429, headers)
        if faults.broken:
            faults.broken -= 1
            return _json(render.problem(11, "Internal error: Something went wrong."), 500)
        if faults.status:
            return _json(render.problem(11, "Internal error: Something went wrong."), faults.status)
        return Response(GARBAGE, 200, media_type="text/html") if faults.garbage else None

    def _spoilt(self, answer: Response) -> Response:
        if not self.faults.half:
            return answer
        body = bytes(answer.body)
        return StreamingResponse(_half(body), answer.status_code, {"content-length": str(len(body))})

    # ---------------------------------------------------------------- what is asked

    def _authentication(self, _request: Request) -> Response:
        return _json({"success": True, "status_code": 1, "status_message": "Success."})

    def _nothing(self, _request: Request) -> Response:
        return _json(render.problem(34, "The resource you requested could not be found."), 404)

    def _search_movie(self, request: Request) -> Response:
        def found(words: str) -> list[Json]:
            films = self.catalogue.search_films(
                words,
                _number(request, "year"),
                primary_release_year=_number(request, "primary_release_year"),
            )
            return [render.movie_result(film) for film in films]

        return _search(request, found)

    def _search_tv(self, request: Request) -> Response:
        def found(words: str) -> list[Json]:
            shows = self.catalogue.search_shows(words, _number(request, "first_air_date_year"))
            return [render.tv_result(show) for show in shows]

        return _search(request, found)

    def _movie(self, request: Request) -> Response:
        film = self.catalogue.film(request.path_params["id"])
        if film is None:
            return self._nothing(request)
        parts = {part: render.MOVIE_PARTS[part](film) for part in _appended(request, render.MOVIE_PARTS)}
        return _json(render.movie(film) | parts)

    def _movie_part(self, request: Request) -> Response:
        film = self.catalogue.film(request.path_params["id"])
        part = render.MOVIE_PARTS.get(request.path_params["part"])
        if film is None or part is None:
            return self._nothing(request)
        return _json({"id": film.tmdb_id} | part(film))

    def _tv(self, request: Request) -> Response:
        show = self.catalogue.show(request.path_params["id"])
        if show is None:
            return self._nothing(request)
        parts = {part: render.TV_PARTS[part](show) for part in _appended(request, render.TV_PARTS)}
        return _json(render.tv(show) | parts)

    def _tv_part(self, request: Request) -> Response:
        show = self.catalogue.show(request.path_params["id"])
        part = render.TV_PARTS.get(request.path_params["part"])
        if show is None or part is None:
            return self._nothing(request)
        return _json({"id": show.tmdb_id} | part(show))

    def _season(self, request: Request) -> Response:
        show = self.catalogue.show(request.path_params["id"])
        number = request.path_params["season"]
        if show is None or number not in show.seasons:
            return self._nothing(request)
        return _json(render.season(show, number))

    def _find(self, request: Request) -> Response:
        value, source = request.path_params["value"], request.query_params.get("external_source", "")
        if source not in ("imdb_id", "tvdb_id"):
            return _json(render.problem(5, "Invalid parameters: Your request parameters are incorrect."), 400)
        films = [f for f in self.catalogue.films if source == "imdb_id" and f.imdb_id == value]
        shows = [
            s for s in self.catalogue.shows if value == (s.imdb_id if source == "imdb_id" else str(s.tvdb_id))
        ]
        return _json(
            {
                "movie_results": [render.movie_result(film) | {"media_type": "movie"} for film in films],
                "person_results": [],
                "tv_results": [render.tv_result(show) | {"media_type": "tv"} for show in shows],
                "tv_episode_results": [],
                "tv_season_results": [],
            }
        )


# ------------------------------------------------------------------ small helpers


def _search(request: Request, find: Callable[[str], list[Json]]) -> Response:
    words, page = request.query_params.get("query", ""), _number(request, "page") or 1
    if not words:
        return _json({"errors": ["query must be provided"]}, 422)
    if not 1 <= page <= PAGES_MAX:
        text = f"Invalid page: Pages start at 1 and max at {PAGES_MAX}. They are expected to be an integer."
        return _json(render.problem(22, text), 400)
    return _json(render.page(find(words), page))


def _appended(request: Request, known: dict[str, Callable[..., Json]]) -> list[str]:
    wanted = request.query_params.get("append_to_response", "").split(",")
    return [part for part in dict.fromkeys(wanted) if part in known]


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _json(value: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    kept = {"cache-control": "public, max-age=600", "etag": f'W/"{zlib.crc32(body):08x}"'}
    all_headers = (kept if status == 200 else {}) | (headers or {})
    return Response(body, status, all_headers, "application/json;charset=utf-8")


async def _half(body: bytes) -> AsyncIterator[bytes]:
    """Give the first half of a body, and end the connection in the middle of it."""
    yield body[: len(body) // 2]
    raise ClientGoneError("the connection is cut")


def main() -> None:
    """Run a server by itself until it is interrupted."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m segue.demo.tmdb_server", description=__doc__)
    parser.add_argument("--host", default="127.0.41.1")
    parser.add_argument("--port", type=int, default=8041)
    parser.add_argument("--key", default=KEY)
    parser.add_argument("--films", type=int, default=0, help="make so many; otherwise those written by hand")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    catalogue = make_catalogue(options.seed, options.films) if options.films else None

    async def serve() -> None:
        server = TmdbServer(host=options.host, port=options.port, key=options.key, catalogue=catalogue)
        async with server:
            print(f"A simulated TMDb listens on {server.url}", flush=True)
            await trio.sleep_forever()

    try:
        trio.run(serve)
    except* KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
