"""Plex Companion: driving a Plex player from outside.

A command goes to the player directly where its address is known, and else through the server, which relays it. Some
players hear only one of the two. Nothing that a player answers is believed: some answer 200 and refuse, some do what
they are told and never answer, some take `pause` for "the other one". The caller looks at what the player does.

That is also why a command that was sent and not answered is not sent again on the other way, unless twice is the same
as once: a second `skipNext` skips a second track, and a second `pause` makes some players go on playing.

References: the Plex Companion protocol as players and controllers speak it (`/player/playback/*`,
`/player/timeline/poll`); the server's API document does not describe it.
"""

import re
from collections.abc import Callable
from typing import Literal

import msgspec

from segue.adapters.http_client import HttpClient, HttpError, HttpRefused, HttpUnavailable, Origin, Request
from segue.adapters.plex import plex_headers
from segue.adapters.plex_xml import PlexError, Timelines, parse_timeline, refusal_code

Verb = Literal["play", "pause", "stop", "skipNext", "skipPrevious", "seekTo"]
MediaType = Literal["music", "video", "photo"]
Route = Literal["direct", "server"]

DIRECT_S = 2.0
"""Longest wait for a player, in seconds."""
SERVER_S = 3.0
"""Longest wait for the server, which itself waits for the player, in seconds."""
POLL_WAIT_S = 35.0
"""Longest wait for a poll that waits for news, in seconds; players answer after 30 at the latest."""
ANSWER_BYTES = 256 * 1024
SAFE_TWICE: frozenset[Verb] = frozenset({"stop", "seekTo"})
"""Commands of which a second one changes nothing, on every player known."""

_IDENTIFIER = re.compile(r"[\x21-\x7e]{1,200}\Z")


class PlayerAddress(msgspec.Struct, frozen=True):
    """Where a player is. Without host and port it is reached through the server only."""

    machine_identifier: str
    host: str = ""
    port: int = 0


class Sent(msgspec.Struct, frozen=True):
    """A command went out. Whether the player obeyed is seen in its sessions or timeline, never here."""

    route: Route
    answered: bool
    """False when the deadline passed, or the connection ended, after the command was sent."""


class PlayerUnreachable(PlexError):  # noqa: N818 - the reason is the name
    """No way led to the player: the command has certainly not been carried out. The text says what was tried."""


class PlayerRefused(PlexError):  # noqa: N818 - the reason is the name
    """The player, or the server on its behalf, said no."""

    def __init__(self, detail: str, code: int) -> None:
        super().__init__(detail)
        self.code = code


class Companion:
    """Drives players. One for each server; commands of one player should not be sent at the same time."""

    def __init__(
        self,
        http: HttpClient,
        plex_url: str,
        token: Callable[[], str],
        client_identifier: str,
        *,
        player_token: Callable[[], str] | None = None,
        direct_s: float = DIRECT_S,
        server_s: float = SERVER_S,
    ) -> None:
        """`token` is for the server alone. A player gets `player_token`, a short-lived one, or none at all."""
        self._http = http
        self._server = Origin.parse(plex_url)
        self._token = token
        self._player_token = player_token
        self._client_identifier = client_identifier
        self._direct_s = direct_s
        self._server_s = server_s
        self._command_ids: dict[str, int] = {}

    async def command(
        self,
        player: PlayerAddress,
        verb: Verb,
        *,
        offset_ms: int | None = None,
        media_type: MediaType = "music",
    ) -> Sent:
        """Tell a player to do something, directly or else through the server.

        `offset_ms` belongs to `seekTo`; many players go to the whole second below. Raises `PlayerUnreachable` or
        `PlayerRefused` when it is certain that nothing was done, `ValueError` for an offset that cannot be.
        """
        if (verb == "seekTo") != (offset_ms is not None) or (offset_ms or 0) < 0:
            raise ValueError(
                f"seekTo, and nothing else, takes an offset of at least 0 ms; {verb} got {offset_ms}"
            )
        query: dict[str, str | int] = {"type": media_type, "commandID": self._next_command_id(player)}
        if offset_ms is not None:
            query["offset"] = offset_ms
        tried: list[PlexError] = []
        silent: Sent | None = None
        for route in self._routes(player, tried):
            outcome = await self._try(self._request(route, player, f"/player/playback/{verb}", query), route)
            if isinstance(outcome, PlexError):
                tried.append(outcome)
            elif outcome.answered or verb not in SAFE_TWICE:
                return outcome
            else:
                silent = silent or outcome
        if silent is not None:
            return silent
        raise _verdict(tried)

    async def timeline_poll(self, player: PlayerAddress, *, wait: bool = False) -> Timelines | None:
        """Ask a player what it does; with `wait`, at its next news. Nothing when it answers and does not say.

        Raises `PlayerUnreachable`, `PlayerRefused`, or `PlexUnreadable`.
        """
        query: dict[str, str | int] = {"wait": int(wait), "commandID": self._next_command_id(player)}
        tried: list[PlexError] = []
        for route in self._routes(player, tried):
            request = self._request(route, player, "/player/timeline/poll", query, wait=wait)
            try:
                response = await self._http.fetch(request)
            except HttpError as error:
                tried.append(_refused_or_unreachable(route, error))
                continue
            code = refusal_code(response.body)
            if code is None:
                return self._heard(player, parse_timeline(response.body))
            tried.append(PlayerRefused(f"{route}: {request.where}: code {code}", code))
        raise _verdict(tried)

    async def _try(self, request: Request, route: Route) -> Sent | PlexError:
        """Send a command on one way, and tell "done or unknown" from "certainly not"."""
        try:
            response = await self._http.fetch(request)
        except HttpError as error:
            if error.sent and not _answered_wrongly(error):
                return Sent(route, answered=False)
            return _refused_or_unreachable(route, error)
        code = refusal_code(response.body)
        if code is not None:
            return PlayerRefused(f"{route}: {request.where}: the player answers with code {code}", code)
        return Sent(route, answered=True)

    def _routes(self, player: PlayerAddress, tried: list[PlexError]) -> list[Route]:
        """List the ways to a player, and note in `tried` why one is none."""
        if not _IDENTIFIER.match(player.machine_identifier):
            tried.append(PlayerUnreachable(f"{player.machine_identifier[:80]!r} is no machine identifier"))
            return []
        try:
            Origin.of(player.host, player.port)
        except ValueError:
            tried.append(PlayerUnreachable("direct: the player's address is not known"))
            return ["server"]
        return ["direct", "server"]

    def _request(
        self,
        route: Route,
        player: PlayerAddress,
        path: str,
        query: dict[str, str | int],
        *,
        wait: bool | None = None,
    ) -> Request:
        """Make a request; `wait` is given for a poll, which may be repeated."""
        headers = plex_headers(self._client_identifier)
        headers["X-Plex-Provides"] = "controller"
        headers["X-Plex-Target-Client-Identifier"] = player.machine_identifier
        token = self._token if route == "server" else self._player_token
        if token is not None and (value := token()):
            headers["X-Plex-Token"] = value
        total_s = self._direct_s if route == "direct" else self._server_s
        return Request(
            Origin.of(player.host, player.port) if route == "direct" else self._server,
            path,
            query=query,
            headers=headers,
            total_s=total_s + (POLL_WAIT_S if wait else 0),
            max_bytes=ANSWER_BYTES,
            repeatable=wait is not None,
        )

    def _next_command_id(self, player: PlayerAddress) -> int:
        """Count a player's commands: players ignore one that is not newer than the last."""
        command_id = self._command_ids.get(player.machine_identifier, 0) + 1
        self._command_ids[player.machine_identifier] = command_id
        return command_id

    def _heard(self, player: PlayerAddress, timelines: Timelines | None) -> Timelines | None:
        """Move our count past the player's own: another controller of our name, or we before a restart, was further."""
        if timelines is not None and timelines.command_id is not None and timelines.command_id < 2**31:
            ours = self._command_ids.get(player.machine_identifier, 0)
            self._command_ids[player.machine_identifier] = max(ours, timelines.command_id)
        return timelines


def _answered_wrongly(error: HttpError) -> bool:
    """Tell an answer that is no player's, which proves that nothing was done, from silence, which proves nothing."""
    return isinstance(error, HttpRefused) or (isinstance(error, HttpUnavailable) and error.kind == "protocol")


def _refused_or_unreachable(route: Route, error: HttpError) -> PlexError:
    if isinstance(error, HttpRefused):
        return PlayerRefused(f"{route}: {error}", error.status)
    return PlayerUnreachable(f"{route}: {error}")


def _verdict(tried: list[PlexError]) -> PlexError:
    """Make one error of all that was tried; a refusal says more than a way that does not exist."""
    detail = "; ".join(str(error) for error in tried)
    for error in tried:
        if isinstance(error, PlayerRefused):
            return PlayerRefused(detail, error.code)
    return PlayerUnreachable(detail)
