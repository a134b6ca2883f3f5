"""qBittorrent, as far as segue asks it: what is downloaded, and what is all there.

References: qBittorrent's wiki, "WebUI API (qBittorrent 4.1)" and "(5.0)" (`auth/login`, `torrents/info`), and its
`WebAPI_Changelog.md`. Up to 5.1 a login is answered by 200 with `Ok.` or `Fails.` and a cookie named SID, or as its
owner likes; from 5.2 on by 204 or 401, and the cookie carries the port in its name. Both are understood.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import msgspec
import trio

from segue.adapters.downloads import (
    LIST_BYTES,
    LIST_S,
    THREAD_BYTES,
    Download,
    DownloadsError,
    DownloadsRefused,
    DownloadsUnreadable,
    Login,
    failure,
)
from segue.adapters.http_client import HttpClient, HttpError, HttpRefused, Origin, Request, Response

FINISHED: Final = frozenset({"uploading", "forcedUP", "stalledUP", "queuedUP", "pausedUP", "stoppedUP"})
"""States of a download that is all there. Not among them: `checkingUP` and `moving`, which may yet change it."""

_COOKIE = re.compile(r"(?:^|,\s*)([A-Za-z0-9_.-]+)=([\x21\x23-\x2b\x2d-\x3a\x3c-\x7e]+)")


class _Torrent(msgspec.Struct):
    """An entry of `torrents/info`; of some forty fields, these."""

    name: str = ""
    state: str = ""
    content_path: str = ""
    amount_left: int = 0
    size: int = 0
    """Of the files that were asked for; 0 or less while that is not known."""


class QBittorrent:
    """One qBittorrent. The session is kept, and opened anew when it has ended."""

    def __init__(
        self,
        http: HttpClient,
        url: str,
        username: str,
        password: Callable[[], str],
        *,
        total_s: float = LIST_S,
    ) -> None:
        """The password is asked for at each login, so that it can be renewed.

        `ValueError` when `url` names no server.
        """
        self.origin = Origin.parse(url)
        self._http = http
        self._login = Login(username, password)
        self._total_s = total_s
        self._cookie = ""

    async def downloads(self) -> tuple[Download, ...]:
        """Read what there is; downloads that have no place yet are left out.

        Raises a `DownloadsError`: `DownloadsUnavailable`, `DownloadsRefused` or `DownloadsUnreadable`.
        """
        # Without a session first: its owner may let this machine in without a login.
        answer = await self._ask_for_list()
        if answer.status == 403:
            self._cookie = await self._log_in()
            answer = await self._ask_for_list()
        if answer.status == 403:
            raise DownloadsRefused(
                f"{self.origin}: the login was accepted, and the list refused nevertheless"
            )
        if len(answer.body) > THREAD_BYTES:
            return await trio.to_thread.run_sync(_read, self.origin, answer.body)
        return _read(self.origin, answer.body)

    async def _ask_for_list(self) -> Response:
        return await self._fetch(
            Request(
                self.origin,
                "/api/v2/torrents/info",
                headers={"Cookie": self._cookie} if self._cookie else {},
                total_s=self._total_s,
                max_bytes=LIST_BYTES,
                repeatable=True,
            )
        )

    async def _log_in(self) -> str:
        """Open a session. Gives its cookie, which is empty where none is needed."""
        password = self._login.password(str(self.origin))
        form = urlencode({"username": self._login.username, "password": password})
        answer = await self._fetch(
            Request(
                self.origin,
                "/api/v2/auth/login",
                method="POST",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                content=form.encode(),
                total_s=self._total_s,
                repeatable=True,
            )
        )
        if answer.status == 403:
            raise DownloadsRefused(
                f"{self.origin}: too many logins have failed, this machine is shut out for a while"
            )
        if answer.status == 401 or answer.body.strip() == b"Fails.":
            self._login.was_refused(password)
            raise DownloadsRefused(f"{self.origin}: user name or password are wrong")
        if answer.body.strip() not in (b"", b"Ok."):
            raise DownloadsUnreadable(f"{self.origin}: what answers there is not qBittorrent's web interface")
        self._login.was_accepted()
        return "; ".join(
            f"{name}={value}" for name, value in _COOKIE.findall(answer.headers.get("set-cookie", ""))
        )

    async def _fetch(self, request: Request) -> Response:
        """Send a request. Refusals that are about the session are answers here."""
        try:
            return await self._http.fetch(request)
        except HttpRefused as refused:
            at_login = request.method == "POST"
            if refused.status == 403 or (refused.status == 401 and at_login):
                return Response(refused.status, refused.headers, b"")
            wrong: DownloadsError = failure(refused)
            if refused.status == 401:
                wrong = DownloadsRefused(
                    f"{refused}: qBittorrent does not know this host name; its option "
                    '"Server domains" or the validation of the Host header must allow it'
                )
        except HttpError as error:
            wrong = failure(error)
        raise wrong


def _read(origin: Origin, body: bytes) -> tuple[Download, ...]:
    try:
        torrents = msgspec.json.decode(body, type=list[_Torrent])
    except (msgspec.DecodeError, UnicodeDecodeError):
        torrents = None
    if torrents is None:
        raise DownloadsUnreadable(f"{origin}: the list of downloads cannot be read")
    return tuple(
        Download(
            path=torrent.content_path,
            complete=torrent.state in FINISHED and torrent.amount_left == 0 and torrent.size > 0,
            name=torrent.name,
            bytes_left=max(0, torrent.amount_left),
        )
        for torrent in torrents
        if torrent.content_path
    )
