"""What no single key shows: values that contradict one another, and texts that must be addresses.

Each check is a function whose name is what must hold. It concludes nothing from a key that has a problem already.
"""

import grp
import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from segue.config import checks_ingest, checks_party
from segue.config.draft import Draft, Where, closest
from segue.config.schema import Config
from segue.config.schema_room import RoomConfig

SOCKET_PATH_BYTES_MAX = 107
"""`sun_path` of unix(7) without its final zero."""
URL_PATH = re.compile(r"(/(?!/)[^?#\\\s]*)?\Z")
"""A server behind a proxy may have a path of its own before Plex' paths."""
HOST_NAME = re.compile(
    r"^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})?)*\.?$"
)

NUMBERED_INPUTS = "source:18 aux:7 aux_in_:4 line_in_:4 hdmi_in_:4 optical_in_:3 coax_in_:2 analog_in_:2"
NAMED_INPUTS = (
    "cd phono tuner hdradio tv tvaudio cable_sat dvd bluray mediaplayer game game2 aux_single aux_8k hdmi_arc_1 "
    "recorder_in_1 usbdac"
)
HEOS_INPUTS = frozenset(f"inputs/{name}" for name in NAMED_INPUTS.split()) | frozenset(
    f"inputs/{stem}{n}"
    for stem, _, count in (family.partition(":") for family in NUMBERED_INPUTS.split())
    for n in range(1, int(count) + 1)
)
"""HEOS CLI protocol, section 4.4.9. Devices may have others, so a stranger is only worth a warning."""


# ------------------------------------------------------------------ addresses


class Listen(NamedTuple):
    """Where the HTTP server listens."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_listen(text: str) -> Listen | None:
    """Read `127.0.0.1:3001`, `[::1]:3001` or `localhost:3001`; nothing when it is none of these."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port[:6]) > 65535:
        return None
    if host.startswith("[") and host.endswith("]"):
        return Listen(host[1:-1], int(port)) if _is_address(host[1:-1], 6) else None
    if _is_address(host, 4) or (HOST_NAME.match(host) and not _looks_numeric(host)):
        return Listen(host, int(port))
    return None


def _is_address(text: str, version: int = 0) -> bool:
    try:
        return ipaddress.ip_address(text).version in ((version,) if version else (4, 6))
    except ValueError:
        return False


def _looks_numeric(host: str) -> bool:
    return host.replace(".", "").isdigit()


def is_host(text: str) -> bool:
    """Say whether a text is an address or a host's name."""
    return _is_address(text) or (HOST_NAME.match(text) is not None and not _looks_numeric(text))


def problem_of_url(url: str) -> str:
    """Say why a text is not the address of a server; empty when it is. Never shows the text: it may hold a token."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "expected an address such as http://192.0.2.7:32400"
    if parts.scheme not in ("http", "https"):
        return "expected an address that begins with http:// or https://"
    if parts.username is not None or parts.password is not None:
        return "expected an address without a user and password"
    if parts.query or parts.fragment:
        return "expected an address without ? and #; a token has a key of its own"
    if not parts.hostname or not is_host(parts.hostname) or port == 0 or not URL_PATH.match(parts.path):
        return "expected an address such as http://192.0.2.7:32400"
    return ""


# ------------------------------------------------------------------ the checks


class Finding(NamedTuple):
    """One contradiction: the key that is named, what is expected, and the keys that it was concluded from."""

    key: str
    expected: str
    got: str = ""
    suggestion: str = ""
    hint: str = ""
    concerns: tuple[str, ...] = ()
    at: str = ""
    """The key whose place is shown, where the named one is missing."""


def addresses_are_addresses(config: Config) -> Iterator[Finding]:
    """Hosts, URLs and networks are what they claim to be."""
    server, plex, heos = config.server, config.plex, config.heos
    if server.listen and parse_listen(server.listen) is None:
        yield Finding(
            "server.listen",
            "expected address:port, such as 127.0.0.1:3001 or [::1]:3001",
            f'"{server.listen}"',
        )
    urls = (
        ("plex.url", plex.url),
        ("plex.account_url", plex.account_url),
        ("tmdb.base_url", config.tmdb.base_url),
        ("downloads.qbittorrent_url", config.downloads.qbittorrent_url),
        ("downloads.transmission_url", config.downloads.transmission_url),
    )
    for key, url in urls:
        problem = problem_of_url(url) if url or key in ("plex.account_url", "tmdb.base_url") else ""
        if problem:
            yield Finding(key, problem)
    hosts = [("heos.host", heos.host)] if heos.host else []
    hosts += [("heos.failover_hosts", host) for host in heos.failover_hosts]
    hosts += [("server.allowed_hosts", host) for host in server.allowed_hosts]
    for key, host in hosts:
        if not is_host(host):
            hint = "The port has a key of its own." if key == "heos.host" and ":" in host else ""
            yield Finding(
                key, "expected a host's name or address, without scheme and port", f'"{host}"', hint=hint
            )
    for source in server.webhook_sources:
        try:
            ipaddress.ip_network(source)
        except ValueError:
            expected = "expected addresses or networks, such as 192.0.2.7 or 192.0.2.0/24"
            yield Finding("server.webhook_sources", expected, f'"{source}"')


def strangers_bring_a_secret(config: Config) -> Iterator[Finding]:
    """Whoever can connect from outside must know a secret to send a webhook."""
    listen = parse_listen(config.server.listen)
    if listen is not None and not listen.is_loopback and config.server.webhook_secret is None:
        yield Finding(
            "server.listen",
            "a server that others can reach needs a webhook secret",
            f'"{config.server.listen}"',
            hint="Set webhook_secret_file (openssl rand -hex 24 makes a secret), or listen on 127.0.0.1.",
            concerns=("server.webhook_secret", "server.webhook_secret_file"),
        )


def plex_has_address_and_token(config: Config) -> Iterator[Finding]:
    """A server is only read with a token, and a player is only heard through a server."""
    plex = config.plex
    if plex.url and plex.token is None:
        yield Finding(
            "plex.token",
            "a Plex server needs a token",
            hint='Give the credential plex-token, or token_file = "plex-token", or the variable PLEX_TOKEN.',
            concerns=("plex.token_file",),
            at="plex.url",
        )
    for room in config.rooms:
        if (room.plex_player or room.film_player) and not plex.url:
            key = f"room[{room.name}].{'plex_player' if room.plex_player else 'film_player'}"
            hint = 'Set [plex] url = "http://...:32400" and a token.'
            yield Finding(
                key,
                "a Plex player is heard through a server, and plex.url is not set",
                hint=hint,
                concerns=("plex.url",),
            )


def polls_are_not_frantic(config: Config) -> Iterator[Finding]:
    """Between automatic and once a second there is nothing."""
    if 0 < config.plex.poll_s < 1:
        yield Finding(
            "plex.poll_s", "expected 0 (automatic) or a number from 1 to 3600", str(config.plex.poll_s)
        )


def socket_path_is_short(config: Config) -> Iterator[Finding]:
    """The kernel takes short paths for sockets only."""
    length = len(config.server.control_socket.encode())
    if length > SOCKET_PATH_BYTES_MAX:
        expected = f"expected a path of at most {SOCKET_PATH_BYTES_MAX} bytes"
        yield Finding("server.control_socket", expected, f"{length} bytes")


def groups_exist(config: Config) -> Iterator[Finding]:
    """A misspelt group would lock its members out in silence."""
    for name in config.server.write_groups:
        try:
            grp.getgrnam(name)
        except KeyError:
            near = closest(name, [group.gr_name for group in grp.getgrall()])
            expected = "expected groups of this machine"
            yield Finding(
                "server.write_groups", expected, f'"{name}"', suggestion=f'"{near}"' if near else ""
            )


def rooms_are_told_apart(config: Config) -> Iterator[Finding]:
    """Names differ by more than a hyphen, and no player serves two rooms."""
    kinds: tuple[tuple[str, Callable[[RoomConfig], str]], ...] = (
        ("name", lambda room: room.name.replace("-", "_")),
        ("plex_player", lambda room: room.plex_player.casefold()),
        ("film_player", lambda room: room.film_player.casefold()),
        ("heos_player", lambda room: room.heos_player.casefold()),
    )
    for key, of in kinds:
        first: dict[str, str] = {}
        for room in config.rooms:
            value = of(room)
            if value and value in first:
                other = f"the room {first[value]} has this {key} already"
                yield Finding(f"room[{room.name}].{key}", other, f'"{getattr(room, key)}"')
            first.setdefault(value, room.name)


def rooms_make_sense(config: Config) -> Iterator[Finding]:
    """An input belongs to a receiver, and no level that is set is above the limit."""
    for room in config.rooms:
        label = f"room[{room.name}]"
        for key in ("input", "film_input"):
            if getattr(room, key) and not room.heos_player:
                yield Finding(
                    f"{label}.{key}",
                    "an input is selected on a receiver, and heos_player is not set",
                    hint=f"Set heos_player, or take {key} out.",
                    concerns=(f"{label}.heos_player",),
                )
        for key in ("start_level", "film_level", "intermission_level"):
            level = getattr(room, key)
            if level is not None and level > room.max_level:
                expected = f"expected at most max_level, which is {room.max_level}"
                yield Finding(f"{label}.{key}", expected, str(level), concerns=(f"{label}.max_level",))


def ingest_makes_sense(config: Config) -> Iterator[Finding]:
    """What is watched is no library, what comes in has a place, and lists hold what they should."""
    for trouble in checks_ingest.troubles(config):
        yield Finding(trouble.key, trouble.expected, trouble.got, hint=trouble.hint)


def parties_make_sense(config: Config) -> Iterator[Finding]:
    """Addresses, names and channels of watch parties are what they claim to be."""
    for trouble in checks_party.troubles(config, problem_of_url, is_host):
        secret_file = (f"{trouble.key}_file",)
        yield Finding(trouble.key, trouble.expected, trouble.got, hint=trouble.hint, concerns=secret_file)


Check = Callable[[Config], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    addresses_are_addresses,
    strangers_bring_a_secret,
    plex_has_address_and_token,
    polls_are_not_frantic,
    socket_path_is_short,
    groups_exist,
    rooms_are_told_apart,
    rooms_make_sense,
    ingest_makes_sense,
    parties_make_sense,
)


def check(config: Config, draft: Draft, more: Sequence[Check] = ()) -> None:
    """Run every check, our own and more. What contradicts a broken key is left until that key is mended."""
    for holds in (*CHECKS, *more):
        for finding in holds(config):
            if draft.broken.isdisjoint((finding.key, *finding.concerns)):
                where = where_of(draft, finding.at or finding.key)
                hints = {"got": finding.got, "suggestion": finding.suggestion, "hint": finding.hint}
                draft.refuse(where, finding.key, finding.expected, **hints)


def where_of(draft: Draft, key: str) -> Where:
    """Find where a key was set, also one of a room (the last room of that name)."""
    if not key.startswith("room["):
        return draft.where(key)
    name, _, inner = key.removeprefix("room[").partition("].")
    for index in range(len(draft.rooms) - 1, -1, -1):
        given = draft.rooms[index].get("name")
        if given is not None and given.value == name:
            found = draft.rooms[index].get(inner)
            return found.where if found is not None else draft.room_wheres[index]
    return draft.where("room")


# ------------------------------------------------------------------ warnings


def warnings_of(config: Config) -> Iterator[str]:
    """What works, but is probably not meant so."""
    if config.plex.token is not None and not config.plex.url:
        yield "There is a Plex token, but plex.url is not set: Plex is not listened to."
    if config.plex.url.startswith("https://") and not config.plex.verify_tls:
        yield "plex.verify_tls is false: whoever stands between here and the server can read the token."
    if config.ingest.watch and config.tmdb.api_key is None:
        yield "There is no TMDb key: everything that arrives waits in the review. See [tmdb] api_key_file."
    for room in config.rooms:
        label = f"room[{room.name}]"
        if not room.plex_player and not room.heos_player:
            yield f"{label} has neither plex_player nor heos_player: nothing happens there. See `seguectl players`."
        if room.wake and room.take_over != "always":
            yield f'{label}.wake does nothing without take_over = "always".'
        if room.film_level is not None and not (room.film_input or (room.input and not room.film_player)):
            yield f"{label}.film_level does nothing without film_input: nobody knows when a film is heard there."
        for name in dict.fromkeys((room.input, room.film_input, *room.music_inputs)):
            if name and name not in HEOS_INPUTS:
                near = closest(name, sorted(HEOS_INPUTS))
                meant = f"; did you mean {near}?" if near else "."
                yield f"{label}: HEOS documents no input {name}{meant}"
    listen = parse_listen(config.server.listen)
    yield from checks_party.warnings_of(config, listen is not None and not listen.is_loopback)
