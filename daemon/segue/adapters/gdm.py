"""Finds Plex players and servers on the local network by GDM, Plex's "Good Day Mate": HTTP-like datagrams by UDP.

A search (`M-SEARCH * HTTP/1.0`) goes to port 32412 for players and 32414 for servers; who is there sends its headers.
Players that come and go say `HELLO` and `BYE` to port 32413. The host of a find is the address that the datagram came
from, never one that is written in it, so that a forged answer cannot send us anywhere else. We only ever search and
listen; searches of others are not answered.

Reference: GDM as players speak it; headers end in LF alone on some.
"""

import logging
import re
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Literal

import msgspec
import trio

from segue.adapters.plex_xml import PlayerInfo, PlexError

log = logging.getLogger(__name__)

Address = tuple[str, int]
Kind = Literal["player", "server"]

MULTICAST: Final = "239.0.0.250"
BROADCAST: Final = "255.255.255.255"
PLAYERS_PORT: Final = 32412
ANNOUNCE_PORT: Final = 32413
SERVERS_PORT: Final = 32414
DATAGRAM_BYTES_MAX: Final = 4096
DATAGRAMS_MAX: Final = 1000
"""So many answers are read in one search; nobody has that many players."""
DEVICES_MAX: Final = 128
SEARCHES: Final = 3
"""UDP loses datagrams: the search is sent so many times in the first half of the wait."""
HOPS: Final = 2
TEXT_CHARS: Final = 200
KINDS: Final[dict[str, Kind]] = {"plex/media-player": "player", "plex/media-server": "server"}
SEARCH: Final = b"M-SEARCH * HTTP/1.0\r\n\r\n"

_STATUS = re.compile(r"HTTP/1\.\d 200\b")
_IDENTIFIER = re.compile(r"[\x21-\x7e]{1,200}\Z")


class GdmUnavailable(PlexError):  # noqa: N818 - the reason is the name
    """The network cannot be searched. The text says where and why."""


class GdmDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A player or a server that answered. Nothing of it is proven but `host`."""

    kind: Kind
    identifier: str
    """`machineIdentifier`, by which the server and its sessions know it, too."""
    host: str
    """The address that it answered from."""
    port: int | None
    """Where it takes commands."""
    name: str = ""
    product: str = ""
    version: str = ""
    device_class: str = ""
    """`pc`, `phone`, `stb`, `tv`."""
    capabilities: tuple[str, ...] = ()

    def player_info(self) -> PlayerInfo:
        """Give it as `/clients` of a server would."""
        return PlayerInfo(
            player_id=self.identifier,
            title=self.name,
            product=self.product,
            platform="",
            host=self.host,
            port=self.port,
            capabilities=self.capabilities,
        )


class Announcement(msgspec.Struct, frozen=True):
    """A device says that it has come (`HELLO`), or that it goes (`BYE`)."""

    present: bool
    device: GdmDevice


async def search(
    timeout_s: float = 2.0,
    *,
    kind: Kind = "player",
    addresses: Sequence[Address] | None = None,
    interface: str | None = None,
) -> tuple[GdmDevice, ...]:
    """Search for `timeout_s` seconds; give what answered, by name. A second is enough on most networks.

    `addresses` are where the search goes, by default the multicast group and everybody. `interface` is the address of
    the network interface to search on, where the system's choice is wrong.
    Raises `GdmUnavailable` when the search can be sent nowhere.
    """
    port = PLAYERS_PORT if kind == "player" else SERVERS_PORT
    targets = addresses or ((MULTICAST, port), (BROADCAST, port))
    found: dict[str, GdmDevice] = {}
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            _prepare(sock, interface)
        except OSError as error:
            raise GdmUnavailable(f"cannot search for Plex devices on {interface}: {_reason(error)}") from None
        await _send(sock, targets)
        with trio.move_on_after(timeout_s):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_collect, sock, kind, found)
                for _ in range(SEARCHES - 1):
                    await trio.sleep(timeout_s / 2 / SEARCHES)
                    with suppress(GdmUnavailable):
                        await _send(sock, targets)
    return tuple(sorted(found.values(), key=lambda device: (device.name, device.identifier)))


async def listen(
    heard: Callable[[Announcement], None],
    *,
    address: Address = ("0.0.0.0", ANNOUNCE_PORT),
    group: str | None = MULTICAST,
    task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Tell `heard` of devices that come and go, until cancelled. A hint only: most players say nothing.

    `task_status.started` carries the address that was bound. Raises `GdmUnavailable` when it cannot be.
    """
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            await sock.bind(address)
            if group is not None:
                everywhere = socket.inet_aton(address[0])
                sock.setsockopt(
                    socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + everywhere
                )
        except OSError as error:
            raise GdmUnavailable(
                f"cannot listen for Plex players at {address[0]} port {address[1]}: {_reason(error)}"
            ) from None
        task_status.started(sock.getsockname())
        while True:
            datagram, host = await _receive(sock)
            announcement = read_announcement(host, datagram)
            if announcement is not None:
                heard(announcement)


# ------------------------------------------------------------------ reading


def read_answer(host: str, datagram: bytes) -> GdmDevice | None:
    """Read an answer to a search; `None` for what is none."""
    start, headers = _take_apart(datagram)
    return _device(host, headers) if _STATUS.match(start) else None


def read_announcement(host: str, datagram: bytes) -> Announcement | None:
    """Read a `HELLO` or a `BYE`; `None` for anything else."""
    start, headers = _take_apart(datagram)
    word = start.split(" ", 1)[0]
    device = _device(host, headers)
    if word not in ("HELLO", "BYE") or device is None:
        return None
    return Announcement(word == "HELLO", device)


def _device(host: str, headers: dict[str, str]) -> GdmDevice | None:
    kind = KINDS.get(headers.get("content-type", "").lower())
    identifier = headers.get("resource-identifier", "")
    if kind is None or not _IDENTIFIER.match(identifier):
        return None
    port = headers.get("port", "")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else 0
    return GdmDevice(
        kind=kind,
        identifier=identifier,
        host=host,
        port=number if 0 < number < 65536 else None,
        name=headers.get("name", "")[:TEXT_CHARS],
        product=headers.get("product", "")[:TEXT_CHARS],
        version=headers.get("version", "")[:TEXT_CHARS],
        device_class=headers.get("device-class", "")[:TEXT_CHARS],
        capabilities=tuple(
            word[:TEXT_CHARS]
            for w in headers.get("protocol-capabilities", "").split(",")[:32]
            if (word := w.strip())
        ),
    )


def _take_apart(datagram: bytes) -> tuple[str, dict[str, str]]:
    """Give the first line, and the headers with names in lower case; characters that no name has are left out."""
    text = datagram[:DATAGRAM_BYTES_MAX].decode("utf-8", errors="replace")
    start, *lines = re.split(r"\r?\n", text)
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): _printable(value) for name, _, value in pairs}
    return start.strip(), headers


def _printable(text: str) -> str:
    return "".join(c for c in text.strip() if c.isprintable())


# ------------------------------------------------------------------ sockets


def _prepare(sock: trio.socket.SocketType, interface: str | None) -> None:
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, HOPS)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if interface is not None:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))


async def _send(sock: trio.socket.SocketType, targets: Sequence[Address]) -> None:
    """Send the search to every target. Raises `GdmUnavailable` when none of them took it."""
    failures: list[str] = []
    for target in targets:
        try:
            await sock.sendto(SEARCH, target)
        except OSError as error:
            failures.append(f"{target[0]} port {target[1]}: {_reason(error)}")
    if len(failures) == len(targets):
        raise GdmUnavailable(f"cannot search for Plex devices: {'; '.join(failures)}")


async def _collect(sock: trio.socket.SocketType, kind: Kind, found: dict[str, GdmDevice]) -> None:
    for _ in range(DATAGRAMS_MAX):
        datagram, host = await _receive(sock)
        device = read_answer(host, datagram)
        if device is not None and device.kind == kind and len(found) < DEVICES_MAX:
            found.setdefault(device.identifier, device)


async def _receive(sock: trio.socket.SocketType) -> tuple[bytes, str]:
    while True:
        try:
            datagram, (host, *_) = await sock.recvfrom(DATAGRAM_BYTES_MAX)
        except OSError as error:
            log.debug("GDM: %s", error)
            await trio.sleep(0.05)  # an error that stays must not become a busy loop
            continue
        return datagram, host


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
