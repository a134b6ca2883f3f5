"""A simulated qBittorrent (Web API v2) and a simulated Transmission (RPC) on real sockets.

Both show the same `Torrent` objects, which a person or a test changes while they are listed. Run them as tasks:
`async with QBittorrent(torrents, host="127.0.35.1") as client`. Their doors behave as the real ones do: sessions end,
ids change, and who tries wrong passwords again and again is shut out.
"""

import base64
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Literal, Self
from urllib.parse import parse_qs

import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from segue.runtime.http import HttpServer, open_tcp_listeners

BAN_AFTER: Final = 5
"""So many wrong logins shut out who tries them."""


@dataclass
class Torrent:
    """Something that is downloaded. Sizes are bytes."""

    name: str
    folder: str = "/downloads"
    """Where it lies once it is finished, and before, unless `incomplete_folder` is set."""
    size: int = 1_000_000
    have: int = 0
    incomplete_folder: str = ""
    checking: bool = False
    """True while its data are verified."""
    paused: bool = False
    knows_what: bool = True
    """False while a magnet link has not told what it is."""
    broken: bool = False
    """True when its files are missing."""
    added_at: float = field(default_factory=lambda: 1_700_000_000.0)

    @property
    def left(self) -> int:
        """How much is missing."""
        return max(0, self.size - self.have) if self.knows_what else 0

    @property
    def done(self) -> bool:
        """True when nothing is missing."""
        return self.knows_what and self.left == 0

    @property
    def info_hash(self) -> str:
        """Its id for ever."""
        return f"{random.Random(self.name).randrange(16**40):040x}"


@dataclass
class Faults:
    """What goes wrong, until it is set back."""

    status: int = 0
    """Answer everything with this HTTP status."""
    body: bytes | None = None
    """Answer everything with this body and status 200."""
    hang: bool = False


class _Client:
    """What both have in common: a socket, a person's torrents, faults."""

    def __init__(
        self,
        torrents: list[Torrent] | None = None,
        *,
        host: str = "127.0.35.1",
        port: int = 0,
        username: str = "admin",
        password: str = "demo-password",
        seed: int = 0,
    ) -> None:
        self.torrents = [] if torrents is None else torrents
        self.host, self.port = host, port
        self.username, self.password = username, password
        self.faults = Faults()
        self.requests: list[str] = []
        """Method and path of every request."""
        self.wrong_logins = 0
        self._rng = random.Random(seed)
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.port}"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            listeners = await open_tcp_listeners(self.host, self.port)
            self.port = listeners[0].socket.getsockname()[1]
            await nursery.start(HttpServer(self.application()).serve, listeners)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, trace)

    def application(self) -> Starlette:
        """Make the ASGI application."""
        raise NotImplementedError

    def _route(self, path: str, handler: Callable[[Request], Awaitable[Response]]) -> Route:
        async def endpoint(request: Request) -> Response:
            self.requests.append(f"{request.method} {request.url.path}")
            if self.faults.hang:
                await trio.sleep(3600)
            if self.faults.status:
                return PlainTextResponse("something went wrong", self.faults.status)
            if self.faults.body is not None:
                return Response(self.faults.body, media_type="application/json")
            return await handler(request)

        return Route(path, endpoint, methods=["GET", "POST"])

    def _new_id(self) -> str:
        return base64.b64encode(self._rng.randbytes(24)).decode("ascii")


class QBittorrent(_Client):
    """qBittorrent's web interface, as of 4.6, or as of 5.2 with its other login and other words."""

    def __init__(
        self,
        torrents: list[Torrent] | None = None,
        *,
        version: Literal["4.6", "5.2"] = "5.2",
        bypass: bool = False,
        host: str = "127.0.35.1",
        port: int = 0,
        username: str = "admin",
        password: str = "demo-password",
        seed: int = 0,
    ) -> None:
        """With `bypass`, it lets everybody in without a login, as its option for local clients does."""
        super().__init__(torrents, host=host, port=port, username=username, password=password, seed=seed)
        self.version = version
        self.bypass = bypass
        self.sessions: set[str] = set()

    def end_sessions(self) -> None:
        """Forget all sessions, as time and restarts do."""
        self.sessions.clear()

    def application(self) -> Starlette:
        """Make the ASGI application."""
        return Starlette(
            routes=[
                self._route("/api/v2/auth/login", self._log_in),
                self._route("/api/v2/auth/logout", self._log_out),
                self._route("/api/v2/app/version", self._tell_version),
                self._route("/api/v2/torrents/info", self._list),
            ]
        )

    @property
    def _cookie(self) -> str:
        return f"QBT_SID_{self.port}" if self.version == "5.2" else "SID"

    async def _log_in(self, request: Request) -> Response:
        if request.method != "POST":
            return PlainTextResponse("Method Not Allowed", 405)
        if self.wrong_logins >= BAN_AFTER:
            return PlainTextResponse(
                "Your IP address has been banned after too many failed authentication attempts.", 403
            )
        form = parse_qs((await request.body()).decode(), keep_blank_values=True)
        if not self.bypass and (form.get("username"), form.get("password")) != (
            [self.username],
            [self.password],
        ):
            self.wrong_logins += 1
            return PlainTextResponse("", 401) if self.version == "5.2" else PlainTextResponse("Fails.")
        self.wrong_logins = 0
        session = self._new_id()
        self.sessions.add(session)
        answer = Response(status_code=204) if self.version == "5.2" else PlainTextResponse("Ok.")
        answer.headers["set-cookie"] = f"{self._cookie}={session}; HttpOnly; SameSite=Strict; path=/"
        return answer

    def _admits(self, request: Request) -> bool:
        return self.bypass or request.cookies.get(self._cookie) in self.sessions

    async def _log_out(self, request: Request) -> Response:
        self.sessions.discard(request.cookies.get(self._cookie, ""))
        return Response(status_code=204 if self.version == "5.2" else 200)

    async def _tell_version(self, request: Request) -> Response:
        if not self._admits(request):
            return PlainTextResponse("Forbidden", 403)
        return PlainTextResponse(f"v{self.version}.0")

    async def _list(self, request: Request) -> Response:
        if not self._admits(request):
            return PlainTextResponse("Forbidden", 403)
        body = json.dumps([self._described(torrent) for torrent in self.torrents], separators=(",", ":"))
        return Response(body, media_type="application/json")

    def _described(self, torrent: Torrent) -> dict[str, Any]:
        folder = torrent.folder if torrent.done else torrent.incomplete_folder or torrent.folder
        return {
            "added_on": int(torrent.added_at),
            "amount_left": torrent.left,
            "category": "",
            "completed": torrent.have,
            "completion_on": int(torrent.added_at) + 60 if torrent.done else -1,
            "content_path": f"{folder}/{torrent.name}" if torrent.knows_what else "",
            "dlspeed": 0 if torrent.done else 1_000_000,
            "download_path": torrent.incomplete_folder,
            "eta": 8_640_000,
            "hash": torrent.info_hash,
            "magnet_uri": f"magnet:?xt=urn:btih:{torrent.info_hash}",
            "name": torrent.name if torrent.knows_what else torrent.info_hash,
            "progress": torrent.have / torrent.size if torrent.size and torrent.knows_what else 0,
            "ratio": 0.5,
            "save_path": torrent.folder,
            "size": torrent.size if torrent.knows_what else -1,
            "state": self._state(torrent),
            "tags": "",
            "total_size": torrent.size if torrent.knows_what else -1,
        }

    def _state(self, torrent: Torrent) -> str:
        if torrent.broken:
            return "missingFiles"
        if not torrent.knows_what:
            return "metaDL"
        suffix = "UP" if torrent.done else "DL"
        if torrent.checking:
            return f"checking{suffix}"
        if torrent.paused:
            return ("stopped" if self.version == "5.2" else "paused") + suffix
        return "stalledUP" if torrent.done else "downloading"


class Transmission(_Client):
    """Transmission's RPC, as of 4.0. An empty user name needs no login."""

    session_id = ""

    async def __aenter__(self) -> Self:
        self.renew_session_id()
        return await super().__aenter__()

    def renew_session_id(self) -> None:
        """Take a new id, as it does every hour: requests with the old one are answered by 409."""
        self.session_id = self._new_id().replace("+", "a").replace("/", "b")

    def application(self) -> Starlette:
        """Make the ASGI application."""
        return Starlette(routes=[self._route("/transmission/rpc", self._call)])

    def _admits(self, request: Request) -> bool:
        expected = base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")
        return not self.username or request.headers.get("authorization") == f"Basic {expected}"

    async def _call(self, request: Request) -> Response:
        if self.wrong_logins >= 100:
            return PlainTextResponse("403: Forbidden", 403)
        if not self._admits(request):
            self.wrong_logins += 1
            return PlainTextResponse(
                "401: Unauthorized", 401, headers={"WWW-Authenticate": 'Basic realm="Transmission"'}
            )
        if request.headers.get("x-transmission-session-id") != self.session_id:
            return PlainTextResponse(
                "409: Conflict", 409, headers={"X-Transmission-Session-Id": self.session_id}
            )
        try:
            call = json.loads(await request.body())
            method, fields = call["method"], call.get("arguments", {}).get("fields", [])
        except (ValueError, KeyError, AttributeError, TypeError):
            return self._answer("no method name")
        if method != "torrent-get":
            return self._answer("method name not recognized")
        described = [self._described(number + 1, torrent) for number, torrent in enumerate(self.torrents)]
        return self._answer(
            "success", torrents=[{key: each[key] for key in fields if key in each} for each in described]
        )

    def _answer(self, result: str, **arguments: Any) -> Response:
        body = json.dumps({"arguments": arguments, "result": result}, separators=(",", ":"))
        return Response(
            body, media_type="application/json", headers={"X-Transmission-Session-Id": self.session_id}
        )

    def _described(self, number: int, torrent: Torrent) -> dict[str, Any]:
        return {
            "addedDate": int(torrent.added_at),
            "downloadDir": torrent.folder,
            "error": 3 if torrent.broken else 0,
            "errorString": "No data found! Ensure your drives are connected" if torrent.broken else "",
            "hashString": torrent.info_hash,
            "haveValid": torrent.have,
            "id": number,
            "isFinished": False,
            "leftUntilDone": torrent.left,
            "metadataPercentComplete": 1 if torrent.knows_what else 0,
            "name": torrent.name,
            "percentDone": torrent.have / torrent.size if torrent.size and torrent.knows_what else 0,
            "sizeWhenDone": torrent.size if torrent.knows_what else 0,
            "status": self._status(torrent),
            "totalSize": torrent.size if torrent.knows_what else 0,
        }

    def _status(self, torrent: Torrent) -> int:
        if torrent.checking:
            return 2
        if torrent.paused or torrent.broken:
            return 0
        return 6 if torrent.done else 4
