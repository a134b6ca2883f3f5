"""Making ready what a player shall show: a play queue on the server, and a token that may be given away.

A player is not told a film but a queue of the server, which it fetches by itself; so it gets the server's address *as
the player reaches it*, and a token that is short-lived. The owner's own never leaves for a player.

References: the server's API document 1.2.0, "Play Queue" and "/security/token".
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from segue.adapters.http_client import HttpClient, HttpError, Origin, Request
from segue.adapters.plex import plex_failure, plex_headers
from segue.adapters.plex_xml import PlexUnreadable
from segue.secret import Secret

ANSWER_S = 3.0
"""Longest wait for the server, in seconds."""
ANSWER_BYTES = 2 * 1024 * 1024
LIBRARY = "com.plexapp.plugins.library"

T = TypeVar("T")


class PlayQueue(msgspec.Struct, frozen=True):
    """A queue of the server, with the one film that is selected in it."""

    play_queue_id: int
    selected_item_id: int | None
    version: int | None
    rating_key: str
    key: str
    """Path of the film on the server: `/library/metadata/1`."""
    guid: str = ""
    duration_ms: int | None = None
    title: str = ""

    @property
    def container_key(self) -> str:
        """How a player asks for it."""
        return f"/playQueues/{self.play_queue_id}?window=100&own=1"


class PlayQueues:
    """Makes queues on one server."""

    def __init__(
        self, http: HttpClient, plex_url: str, token: Callable[[], str], client_identifier: str
    ) -> None:
        """`ValueError` when `plex_url` names no server."""
        self._http = http
        self._origin = Origin.parse(plex_url)
        self._token = token
        self._client_identifier = client_identifier

    async def create(self, server_id: str, rating_key: str) -> PlayQueue:
        """Make a queue of one film of the server whose machine identifier is `server_id`.

        Raises `PlexUnavailable`, `PlexRefused` or `PlexUnreadable`; nothing plays yet.
        """
        query: dict[str, str | int] = {"type": "video", "uri": item_uri(server_id, rating_key)}
        query |= {"includeChapters": 1, "includeRelated": 0, "repeat": 0, "shuffle": 0, "continuous": 0}
        return await self._ask("POST", "/playQueues", query, parse_play_queue)

    async def transient_token(self) -> Secret:
        """Get a token that a player may have; it ends within 48 hours, or with the server.

        Raises as `create` does; a server's guest may not have one, which is `PlexRefused`.
        """
        query: dict[str, str | int] = {"type": "delegation", "scope": "all"}
        return await self._ask("GET", "/security/token", query, parse_token)

    async def _ask(
        self, method: Any, path: str, query: dict[str, str | int], parse: Callable[[bytes], T]
    ) -> T:
        token = self._token()
        headers = plex_headers(self._client_identifier) | {"Accept": "application/json"}
        request = Request(
            self._origin,
            path,
            method=method,
            query=query,
            headers=headers | ({"X-Plex-Token": token} if token else {}),
            total_s=ANSWER_S,
            max_bytes=ANSWER_BYTES,
            repeatable=method == "GET",
        )
        try:
            body = (await self._http.fetch(request)).body
        except HttpError as error:
            failure = plex_failure(error)
        else:
            return parse(body)
        raise failure


def item_uri(server_id: str, rating_key: str) -> str:
    """Name an item of a server for a play queue."""
    return f"server://{server_id}/{LIBRARY}/library/metadata/{rating_key}"


def parse_play_queue(body: bytes) -> PlayQueue:
    """Read the answer to `POST /playQueues`. Raises `PlexUnreadable`, also for a queue without the film."""
    container = _container(body)
    play_queue_id = _whole(container.get("playQueueID"))
    if play_queue_id is None:
        raise PlexUnreadable("the server does not say which play queue it made")
    selected_id = _whole(container.get("playQueueSelectedItemID"))
    listed = container.get("Metadata")
    entries = [e for e in listed if isinstance(e, dict)] if isinstance(listed, list) else []
    film = next((e for e in entries if _whole(e.get("playQueueItemID")) == selected_id), None)
    film = film or (entries[0] if entries else None)
    if film is None or not _text(film.get("key")).startswith("/"):
        raise PlexUnreadable("the play queue that the server made is empty: is the film still there?")
    return PlayQueue(
        play_queue_id=play_queue_id,
        selected_item_id=selected_id,
        version=_whole(container.get("playQueueVersion")),
        rating_key=_text(film.get("ratingKey")),
        key=_text(film.get("key")),
        guid=_text(film.get("guid")),
        duration_ms=_whole(film.get("duration")),
        title=_text(film.get("title")),
    )


def parse_token(body: bytes) -> Secret:
    """Read the answer to `/security/token`. Raises `PlexUnreadable`; what was in it is not repeated."""
    token = _container(body).get("token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token.strip():
        raise PlexUnreadable("the server gave no token for the player")
    return Secret(token.strip())


def _container(body: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise PlexUnreadable("the server's answer is not JSON") from None
    container = document.get("MediaContainer") if isinstance(document, dict) else None
    if not isinstance(container, dict):
        raise PlexUnreadable("the server's answer has no MediaContainer")
    return container


def _whole(value: object) -> int | None:
    """Read a number that may have come as text; what is none was not said."""
    try:
        number = int(value) if isinstance(value, int | str) and len(str(value)) < 20 else -1
    except ValueError:
        return None
    return number if 0 <= number < 2**53 else None


def _text(value: object) -> str:
    return str(value)[:500] if isinstance(value, str | int) else ""
