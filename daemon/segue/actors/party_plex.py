"""This home's Plex, as the party agent uses it: one server, and a remote control of each player."""

import ipaddress
import socket
from collections.abc import Callable

from msgspec.structs import replace as but

from segue.adapters.companion_queue import PlayQueues
from segue.adapters.companion_video import VideoRemote
from segue.adapters.http_client import HttpClient, Origin
from segue.adapters.plex import PlexServer
from segue.adapters.plex_films import PlexFilms
from segue.adapters.plex_xml import PlayerInfo

NAME_SUFFIX = "-party"
"""Appended to the client identifier towards players: their count of commands is one a controller, and music has its
own."""


class HomePlex:
    """The server and the players. A remote is kept for each player and address, since it counts its commands."""

    def __init__(self, http: HttpClient, url: str, token: Callable[[], str], client_identifier: str) -> None:
        """`ValueError` when `url` names no server."""
        self._http = http
        self._url = url
        self._token = token
        self._name = client_identifier + NAME_SUFFIX
        self._remotes: dict[str, VideoRemote] = {}
        self.origin = Origin.parse(url)
        self.server = PlexServer(url, token, client_identifier, http)
        self.films = PlexFilms(url, token, client_identifier, http)
        self.queues = PlayQueues(http, url, token, client_identifier)

    def remote(self, player: PlayerInfo) -> VideoRemote:
        """Give the remote control of a player; another one when it has moved."""
        known = self._remotes.get(player.player_id)
        if known is None or _where(known.player) != _where(player):
            known = VideoRemote(self._http, player, self._url, self._token, self._name)
            self._remotes[player.player_id] = known
        return known

    def seen_from(self, player: PlayerInfo) -> Origin:
        """Give the server as a player reaches it: "this machine" means another one there."""
        if not _is_loopback(self.origin.host) or not player.host or _is_loopback(player.host):
            return self.origin
        ours = _address_towards(player.host)
        return self.origin if not ours else Origin.of(ours, self.origin.port, self.origin.scheme)


def with_address(player: PlayerInfo, host: str, port: int | None) -> PlayerInfo:
    """Give a player another address."""
    return but(player, host=host, port=port or player.port)


def _where(player: PlayerInfo) -> tuple[str, int | None, str, tuple[str, ...]]:
    return player.host, player.port, player.product, player.capabilities


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address_towards(host: str) -> str:
    """Give the address that packets to a host leave from; nothing is sent. Empty where there is no way."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((host, 9))
            return str(sock.getsockname()[0])
        except OSError:
            return ""
