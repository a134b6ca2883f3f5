"""Transmission, as far as segue asks it: what is downloaded, and what is all there.

Reference: Transmission's `docs/rpc-spec.md` of 4.0 (transport and session id in 2.3, `torrent-get` in 3.3). Version
4.1 deprecates these names and still answers to them.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import msgspec
import trio

from segue.adapters.downloads import (
    LIST_BYTES,
    LIST_S,
    THREAD_BYTES,
    Download,
    DownloadsError,
    DownloadsRefused,
    DownloadsUnavailable,
    DownloadsUnreadable,
    Login,
    failure,
)
from segue.adapters.http_client import HttpClient, HttpError, HttpRefused, Origin, Request, Response

SESSION_ID: Final = "x-transmission-session-id"
CHECKING: Final = frozenset({1, 2})
"""Waiting to be verified, and being verified."""
LOCAL_ERROR: Final = 3
"""Something is wrong on that machine's disk: files are missing, or it is full."""
FIELDS: Final = (
    "name",
    "downloadDir",
    "leftUntilDone",
    "sizeWhenDone",
    "metadataPercentComplete",
    "status",
    "error",
)
_SESSION = re.compile(r"[\x21-\x7e]{1,200}\Z")


class _Torrent(msgspec.Struct, rename="camel"):
    """An entry of `torrents`, as `FIELDS` asks for it."""

    name: str = ""
    download_dir: str = ""
    left_until_done: int = 0
    size_when_done: int = 0
    metadata_percent_complete: float = 1.0
    """0.0-1.0; below 1 while a magnet link has not told what it is."""
    status: int = 0
    error: int = 0


class _Arguments(msgspec.Struct):
    torrents: list[_Torrent] = []


class _Answer(msgspec.Struct):
    result: str
    arguments: _Arguments = msgspec.field(default_factory=_Arguments)


class Transmission:
    """One Transmission. Its session id, a guard against strange web pages, is kept and renewed as it asks."""

    def __init__(
        self,
        http: HttpClient,
        url: str,
        username: str,
        password: Callable[[], str],
        *,
        total_s: float = LIST_S,
    ) -> None:
        """`url` names the server, or all of `http://host:9091/transmission/rpc`; an empty `username` is no login.

        `ValueError` when `url` names no server.
        """
        self.origin = Origin.parse(url)
        self._path = "/transmission/rpc"
        if self.origin.base_path.endswith("/rpc"):
            self.origin = replace(self.origin, base_path=self.origin.base_path.removesuffix("/rpc"))
            self._path = "/rpc"
        self._http = http
        self._login = Login(username, password)
        self._total_s = total_s
        self._session_id = ""

    async def downloads(self) -> tuple[Download, ...]:
        """Read what there is.

        Raises a `DownloadsError`: `DownloadsUnavailable`, `DownloadsRefused` or `DownloadsUnreadable`.
        """
        answer = await self._ask()
        if answer.status == 409:
            self._session_id = _session_id(self.origin, answer)
            answer = await self._ask()
        if answer.status == 409:
            raise DownloadsUnavailable(
                f"{self.origin}: the session id that it gave us is refused", "protocol"
            )
        if len(answer.body) > THREAD_BYTES:
            return await trio.to_thread.run_sync(_read, self.origin, answer.body)
        return _read(self.origin, answer.body)

    async def _ask(self) -> Response:
        """Send the one request. A refusal that gives a new session id is an answer here."""
        headers = {"Content-Type": "application/json"}
        if self._session_id:
            headers["X-Transmission-Session-Id"] = self._session_id
        password = ""
        if self._login.username:
            password = self._login.password(str(self.origin))
            headers["Authorization"] = "Basic " + _basic(self._login.username, password)
        request = Request(
            self.origin,
            self._path,
            method="POST",
            headers=headers,
            content=msgspec.json.encode({"method": "torrent-get", "arguments": {"fields": FIELDS}}),
            total_s=self._total_s,
            max_bytes=LIST_BYTES,
            repeatable=True,
        )
        try:
            answer = await self._http.fetch(request)
        except HttpRefused as refused:
            if refused.status == 409:
                return Response(409, refused.headers, b"")
            if refused.status == 401 and password:
                self._login.was_refused(password)
            wrong = _refusal(refused)
        except HttpError as error:
            wrong = failure(error)
        else:
            self._login.was_accepted()
            return answer
        raise wrong


def _basic(username: str, password: str) -> str:
    return b64encode(f"{username}:{password}".encode()).decode("ascii")


def _refusal(refused: HttpRefused) -> DownloadsError:
    match refused.status:
        case 401:
            return DownloadsRefused(f"{refused}: user name or password are wrong or missing")
        case 403:
            return DownloadsRefused(
                f"{refused}: this machine is not in its rpc-whitelist, or is shut out for a while"
            )
        case 421:
            return DownloadsRefused(
                f"{refused}: the host name is not in its rpc-host-whitelist; an address always is"
            )
        case _:
            return failure(refused)


def _session_id(origin: Origin, answer: Response) -> str:
    given = answer.headers.get(SESSION_ID, "")
    if not _SESSION.match(given):
        raise DownloadsUnreadable(f"{origin}: what answers there is not Transmission")
    return given


def _read(origin: Origin, body: bytes) -> tuple[Download, ...]:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        answer = None
    if answer is None:
        raise DownloadsUnreadable(f"{origin}: the list of downloads cannot be read")
    if answer.result != "success":
        raise DownloadsUnavailable(f"{origin}: Transmission says {answer.result[:200]!r}", "status")
    return tuple(
        Download(
            path=f"{torrent.download_dir.rstrip('/')}/{torrent.name}",
            complete=_is_complete(torrent),
            name=torrent.name,
            bytes_left=max(0, torrent.left_until_done),
        )
        for torrent in answer.arguments.torrents
        if torrent.download_dir and torrent.name
    )


def _is_complete(torrent: _Torrent) -> bool:
    return (
        torrent.left_until_done == 0
        and torrent.size_when_done > 0
        and torrent.metadata_percent_complete >= 1
        and torrent.status not in CHECKING
        and torrent.error != LOCAL_ERROR
    )
