"""The line to one player: two ways, one deadline, and what is known of a request that was not answered.

Theory of operation. Two ways lead to a player: its own port, and its server, which relays. A request takes the way that
last worked, so that a blocked one costs its time once and not at each pause; questions, which are harmless, try the
direct one again now and then. What was sent and not answered is *unknown* and never sent again, since a second `pause`
makes some players go on and a second `seekTo` takes all of them back; only where it is certain that the player has
seen nothing of it (nobody listens there; it says "no") is it tried the other way.

Two names: commands and polls come from the client identifier, subscriptions from another one, since players of one
family drop a subscription when its owner polls.
"""

import math
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import trio

from segue.adapters.companion import PlayerRefused, PlayerUnreachable, Route
from segue.adapters.http_client import (
    HttpClient,
    HttpError,
    HttpRefused,
    HttpUnavailable,
    Origin,
    Request,
    Response,
)
from segue.adapters.plex import plex_headers
from segue.adapters.plex_xml import PlayerInfo, PlexError, refusal_code

Controller = Literal["hand", "ear"]
"""Who asks: the hand sends commands and polls, the ear subscribes."""

DIRECT_AGAIN_S = 30.0
"""How long after a failure the direct way is tried again, in seconds."""
ENOUGH_S = 0.1
"""With less than this left of a call, in seconds, no other way is begun."""
FIRST_PART = 0.6
"""So much of a question's time the first way may take where there is a second one."""
ANSWER_BYTES = 256 * 1024
EAR_SUFFIX = "-ear"
"""Appended to the client identifier for subscriptions."""


class Heard(msgspec.Struct, frozen=True):
    """How an exchange went, on the caller's clock. Without a response it was sent, and nobody knows more."""

    route: Route
    response: Response | None
    requested_at: float
    answered_at: float


class PlayerLine:
    """Sends requests to one player."""

    def __init__(
        self,
        http: HttpClient,
        player: PlayerInfo,
        server: Origin,
        token: Callable[[], str],
        client_identifier: str,
        *,
        player_token: Callable[[], str] | None,
        server_only: bool,
        clock: Callable[[], float],
    ) -> None:
        self.player = player
        self.server = server
        self._http = http
        self._token = token
        self._player_token = player_token
        self._names: dict[Controller, str] = {
            "hand": client_identifier,
            "ear": client_identifier + EAR_SUFFIX,
        }
        self._clock = clock
        self._direct = None if server_only else _direct_origin(player)
        self._prefers: Route = "direct" if self._direct else "server"
        self._direct_failed_at = -math.inf

    async def tell(
        self, path: str, query: Mapping[str, str | int], total_s: float, controller: Controller = "hand"
    ) -> Heard:
        """Send a command. Without a response in the answer it may have been carried out, or not.

        Raises `PlayerUnreachable` or `PlayerRefused` when it certainly was not.
        """
        until = trio.current_time() + total_s
        tried: list[PlexError] = []
        for route in self._routes(tried, asking=False):
            left_s = until - trio.current_time()
            if tried and left_s < ENOUGH_S:
                break
            request = self._request(route, path, query, max(ENOUGH_S, left_s), controller, repeatable=False)
            heard, error = await self._exchange(route, request)
            if error is None or _is_unknown(error):
                return heard
            tried.append(_as_plex_error(route, error))
        raise _verdict(tried)

    async def ask(
        self,
        path: str,
        query: Mapping[str, str | int],
        total_s: float,
        *,
        wait_s: float = 0.0,
        direct_only: bool = False,
    ) -> tuple[Heard, bytes]:
        """Ask something that changes nothing, and give the answer's body. A player may take `wait_s` longer over it.

        Raises `PlayerUnreachable` or `PlayerRefused`.
        """
        until = trio.current_time() + total_s
        tried: list[PlexError] = []
        routes = self._routes(tried, asking=True)
        if direct_only:
            routes = [route for route in routes if route == "direct"]
        for n, route in enumerate(routes):
            left_s = until - trio.current_time()
            if tried and left_s < ENOUGH_S:
                break
            part = FIRST_PART if n + 1 < len(routes) else 1.0
            longest_s = max(ENOUGH_S, left_s * part) + wait_s
            request = self._request(route, path, query, longest_s, "hand", repeatable=True)
            heard, error = await self._exchange(route, request)
            if heard.response is not None:
                return heard, heard.response.body
            if error is not None:
                tried.append(_as_plex_error(route, error))
        raise _verdict(tried)

    async def _exchange(
        self, route: Route, request: Request
    ) -> tuple[Heard, HttpError | PlayerRefused | None]:
        requested_at = self._clock()
        response: Response | None = None
        failure: HttpError | PlayerRefused | None = None
        try:
            response = await self._http.fetch(request)
        except HttpError as error:
            failure = error
        answered_at = self._clock()
        if response is not None and (code := refusal_code(response.body)) is not None:
            failure = PlayerRefused(f"{request.where}: the player answers with code {code}", code)
            response = None
        if failure is None:
            self._prefers = route
        elif route == "direct" and not isinstance(failure, PlayerRefused | HttpRefused):
            self._prefers = "server"
            self._direct_failed_at = trio.current_time()
        return Heard(route, response, requested_at, answered_at), failure

    def _routes(self, tried: list[PlexError], *, asking: bool) -> list[Route]:
        """List the ways, best first; note in `tried` why there is none."""
        name = self.player.player_id
        if not name or not name.isascii() or not name.isprintable() or name != name.strip():
            tried.append(PlayerUnreachable(f"{name[:80]!r} is no machine identifier"))
            return []
        if self._direct is None:
            tried.append(PlayerUnreachable("direct: no address is known, or the product takes none"))
            return ["server"]
        due = asking and trio.current_time() - self._direct_failed_at >= DIRECT_AGAIN_S
        return ["direct", "server"] if self._prefers == "direct" or due else ["server", "direct"]

    def _request(
        self,
        route: Route,
        path: str,
        query: Mapping[str, str | int],
        total_s: float,
        controller: Controller,
        *,
        repeatable: bool,
    ) -> Request:
        headers = plex_headers(self._names[controller])
        headers["X-Plex-Provides"] = "controller"
        headers["X-Plex-Target-Client-Identifier"] = self.player.player_id
        token = self._token if route == "server" else self._player_token
        if token is not None and (value := token()):
            headers["X-Plex-Token"] = value
        direct = self._direct if route == "direct" else None
        return Request(
            direct or self.server,
            path,
            query=query,
            headers=headers,
            total_s=total_s,
            max_bytes=ANSWER_BYTES,
            repeatable=repeatable,
        )


# ------------------------------------------------------------------ small helpers


def _direct_origin(player: PlayerInfo) -> Origin | None:
    try:
        return Origin.of(player.host, player.port or 0)
    except ValueError:
        return None


def _is_unknown(error: HttpError | PlayerRefused) -> bool:
    """Tell silence after a command was sent, which proves nothing, from what proves that nothing was done: a refusal,
    or an answer that is no player's."""
    if isinstance(error, PlayerRefused | HttpRefused):
        return False
    return error.sent and not (isinstance(error, HttpUnavailable) and error.kind == "protocol")


def _as_plex_error(route: Route, error: HttpError | PlayerRefused) -> PlexError:
    if isinstance(error, HttpRefused):
        return PlayerRefused(f"{route}: {error}", error.status)
    if isinstance(error, PlayerRefused):
        return PlayerRefused(f"{route}: {error}", error.code)
    return PlayerUnreachable(f"{route}: {error}")


def _verdict(tried: list[PlexError]) -> PlexError:
    """Make one error of all that was tried; a refusal says more than a way that does not exist."""
    detail = "; ".join(str(error) for error in tried)
    for error in tried:
        if isinstance(error, PlayerRefused):
            return PlayerRefused(detail, error.code)
    return PlayerUnreachable(detail)
