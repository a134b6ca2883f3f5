"""A cache in memory with an age for everything, and a TMDb under virtual time that answers as it is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import trio

from segue.adapters.http_client import HttpClient, HttpRefused, Request, Response
from segue.adapters.tmdb import Tmdb

KEY = "canary-read-access-token-5e0b"
V3_KEY = "0123456789abcdef0123456789abcdef"
FILM = b'{"id":603,"title":"The Matrix","release_date":"1999-03-31","runtime":136,"vote_count":9}'
PAGE = b'{"results":[' + FILM + b"]}"

Reply = Callable[[Request], Awaitable[bytes]]


@dataclass
class MemoryCache:
    """Keeps answers. `aged_s` is how old all of them are; `broken` makes it fail."""

    rows: dict[str, bytes] = field(default_factory=dict)
    aged_s: float = 0.0
    broken: bool = False

    async def get(self, key: str, max_age_s: float) -> bytes | None:
        """Give an answer that is not too old."""
        if self.broken:
            raise OSError("the disk is gone")
        return self.rows.get(key) if self.aged_s <= max_age_s else None

    async def put(self, key: str, body: bytes) -> None:
        """Keep an answer."""
        if self.broken:
            raise OSError("the disk is full")
        self.rows[key] = body


class ScriptedHttp(HttpClient):
    """An HTTP client without a network: each request is answered by the next reply, the last one again and again."""

    def __init__(self, *replies: Reply | bytes | Exception, takes_s: float = 0.0) -> None:
        super().__init__("segue-test/1")
        self.replies = list(replies)
        self.takes_s = takes_s
        self.requests: list[Request] = []
        self.sent_at: list[float] = []
        self.at_once = 0
        self.most_at_once = 0

    async def fetch(self, request: Request) -> Response:
        """Answer from the script."""
        reply = self.replies[min(len(self.requests), len(self.replies) - 1)]
        self.requests.append(request)
        self.sent_at.append(trio.current_time())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await trio.sleep(self.takes_s)
            if isinstance(reply, Exception):
                raise reply
            return Response(200, {}, reply if isinstance(reply, bytes) else await reply(request))
        finally:
            self.at_once -= 1


def refused(status: int, body: bytes = b"{}", **headers: str) -> HttpRefused:
    """Make what the HTTP client raises for a status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRefused("127.0.0.1/3", Response(status, named, body))


def scripted(
    *replies: Reply | bytes | Exception,
    takes_s: float = 0.0,
    cache: MemoryCache | None = None,
    key: str = KEY,
) -> tuple[Tmdb, ScriptedHttp]:
    """Make an adapter whose requests are answered by a script."""
    http = ScriptedHttp(*replies, takes_s=takes_s)
    return Tmdb(http, "http://127.0.0.1:9/3", lambda: key, cache), http
