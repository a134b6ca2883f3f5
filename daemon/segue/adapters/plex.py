"""A Plex Media Server, as far as segue asks it: who plays, which players there are, how loud an item is.

References: the server's published API document 1.2.0 (`/status/sessions`, `/identity`, `/library/metadata/{ids}`);
`/clients` is known from its use only.
"""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

import trio

from segue import __version__
from segue.adapters.http_client import (
    HttpClient,
    HttpError,
    HttpRefused,
    HttpUnavailable,
    Origin,
    Request,
    TooLarge,
)
from segue.adapters.plex_xml import (
    SESSIONS_BYTES,
    Identity,
    Loudness,
    PlayerInfo,
    PlexError,
    PlexUnreadable,
    Session,
    parse_clients,
    parse_identity,
    parse_loudness,
    parse_sessions,
)

__all__ = [
    "PlexError",
    "PlexRefused",
    "PlexServer",
    "PlexUnavailable",
    "PlexUnreadable",
    "plex_failure",
    "plex_headers",
]

Answer = TypeVar("Answer")

SESSIONS_S = 3.0
"""Longest wait for the sessions, in seconds; a healthy server answers within 50 ms."""
THREAD_BYTES = 256 * 1024
"""From here on a body is parsed in a thread: 8 MiB of hostile XML take 0.3 s."""
REFUSING = frozenset({401, 403, 498})
"""Statuses that are about the token; 498 is an expired one of the newer kind."""


class PlexUnavailable(PlexError):  # noqa: N818 - the reason is the name
    """The server did not answer, or not with what was asked for. Trying again later may help."""

    def __init__(self, detail: str, kind: str) -> None:
        super().__init__(detail)
        self.kind = kind
        """`connection_refused`, `unreachable`, `unknown_name`, `tls`, `dropped`, `protocol`, `timeout` or `status`."""


class PlexRefused(PlexError):  # noqa: N818 - the reason is the name
    """The server does not accept the token, or not for this. Trying again soon does not help."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__(detail)
        self.status = status


class PlexServer:
    """One server, one token. The token is asked for at each request, so that it can be renewed."""

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        client_identifier: str,
        http: HttpClient,
        *,
        sessions_s: float = SESSIONS_S,
    ) -> None:
        """`client_identifier` is this installation's own, for ever; `ValueError` when `url` names no server."""
        self.origin = Origin.parse(url)
        self._token = token
        self._client_identifier = client_identifier
        self._http = http
        self._sessions_s = sessions_s

    async def sessions(self) -> tuple[Session, ...]:
        """Read who plays what. An empty tuple is the server's word that nobody does.

        Raises `PlexUnavailable`, `PlexRefused`, `PlexUnreadable`: then it is *unknown*.
        """
        return await self._read("/status/sessions", parse_sessions, self._sessions_s)

    async def clients(self) -> tuple[PlayerInfo, ...]:
        """Read which players take commands, and where. Raises as `sessions` does."""
        return await self._read("/clients", parse_clients)

    async def identity(self) -> Identity:
        """Read which server this is. Raises as `sessions` does."""
        return await self._read("/identity", parse_identity)

    async def loudness(self, rating_key: str) -> Loudness:
        """Read the loudness data of an item, which the server keeps after its analysis. Raises as `sessions` does."""
        return await self._read(f"/library/metadata/{quote(rating_key, safe='')}", parse_loudness)

    async def _read(self, path: str, parse: Callable[[bytes], Answer], total_s: float = SESSIONS_S) -> Answer:
        token = self._token()
        request = Request(
            self.origin,
            path,
            headers=plex_headers(self._client_identifier)
            | {"Accept": "application/xml"}
            | ({"X-Plex-Token": token} if token else {}),
            total_s=total_s,
            max_bytes=SESSIONS_BYTES,
            repeatable=True,
        )
        try:
            body = (await self._http.fetch(request)).body
        except HttpError as error:
            failure = plex_failure(error)
        else:
            if len(body) > THREAD_BYTES:
                return await trio.to_thread.run_sync(parse, body)
            return parse(body)
        raise failure


def plex_headers(client_identifier: str) -> dict[str, str]:
    """Say who asks, as every Plex program does. A new dict each time: nobody's headers reach anybody else's request."""
    return {
        "X-Plex-Client-Identifier": client_identifier,
        "X-Plex-Product": "segue",
        "X-Plex-Version": __version__,
        "X-Plex-Device": "segue",
        "X-Plex-Device-Name": "segue",
        "X-Plex-Platform": "Linux",
    }


def plex_failure(error: HttpError) -> PlexError:
    """Say in Plex's terms what a failed request means."""
    match error:
        case HttpRefused() if error.status in REFUSING:
            hint = "this needs the token of the server's owner" if error.status == 403 else "token refused"
            return PlexRefused(f"{error}: {hint}", error.status)
        case HttpRefused(status=503):
            return PlexUnavailable(f"{error}: the server is starting or busy", "status")
        case HttpRefused():
            return PlexUnavailable(str(error), "status")
        case TooLarge():
            return PlexUnreadable(str(error))
        case HttpUnavailable():
            return PlexUnavailable(str(error), error.kind)
        case _:
            return PlexUnavailable(str(error), "timeout")
