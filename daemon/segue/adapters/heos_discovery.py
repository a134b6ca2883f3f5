"""Finds HEOS devices on the local network: one SSDP search by UDP (UPnP Device Architecture 1.1, section 1.3).

The host of a find is the address that the answer came from, never one that is written in it, so that a forged answer
cannot send us anywhere else. We only ever search; searches of others are not answered.
"""

import logging
import math
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import msgspec
import trio

from segue.adapters.heos_model import HeosUnavailable
from segue.adapters.heos_wire import to_text

log = logging.getLogger(__name__)

SEARCH_TARGET: Final = "urn:schemas-denon-com:device:ACT-Denon:1"
MULTICAST: Final = ("239.255.255.250", 1900)
DATAGRAM_BYTES_MAX: Final = 4096
DATAGRAMS_MAX: Final = 1000
"""So many answers are read in one search; nobody has that many devices."""
HOSTS_MAX: Final = 64
SEARCHES: Final = 3
"""UDP loses datagrams: the search is sent so many times in the first half of the wait."""
HOPS: Final = 2
"""Routers that a search may cross, as UPnP recommends."""


class DiscoveredHost(msgspec.Struct, frozen=True, kw_only=True):
    """A device that answered."""

    host: str
    """The address that it answered from."""
    usn: str = ""
    """What it calls itself, unique in the world: `uuid:...::urn:schemas-denon-com:device:ACT-Denon:1`."""
    server: str = ""
    """Its software, in its own words."""


async def discover(
    timeout_s: float = 3.0, *, address: tuple[str, int] = MULTICAST, interface: str | None = None
) -> tuple[DiscoveredHost, ...]:
    """Search for `timeout_s` seconds, and give the HEOS devices that answered, by address.

    `interface` is the address of the network interface to search on, where the system's choice is wrong.
    Raises `HeosUnavailable` when the search cannot be sent, such as without a network.
    """
    found: dict[str, DiscoveredHost] = {}
    request = search_request(address, timeout_s)
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, HOPS)
            if interface is not None:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
            await sock.sendto(request, address)
        except OSError as error:
            raise HeosUnavailable(
                f"cannot search for HEOS devices at {address[0]} port {address[1]}: {error.strerror or error}"
            ) from None
        with trio.move_on_after(timeout_s):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_collect, sock, found)
                for _ in range(SEARCHES - 1):
                    await trio.sleep(timeout_s / 2 / SEARCHES)
                    with suppress(OSError):
                        await sock.sendto(request, address)
    return tuple(found[host] for host in sorted(found, key=socket.inet_aton))


async def _collect(sock: trio.socket.SocketType, found: dict[str, DiscoveredHost]) -> None:
    for _ in range(DATAGRAMS_MAX):
        try:
            datagram, (host, *_) = await sock.recvfrom(DATAGRAM_BYTES_MAX)
        except OSError as error:
            log.debug("HEOS search: %s", error)
            continue
        device = read_answer(host, datagram)
        if device is not None and len(found) < HOSTS_MAX:
            found[host] = device


def search_request(address: tuple[str, int], timeout_s: float) -> bytes:
    """Give the datagram that asks for HEOS devices; they spread their answers over the first `MX` seconds."""
    latest_s = max(1, min(math.floor(timeout_s), 5))
    lines = (
        "M-SEARCH * HTTP/1.1",
        f"HOST: {address[0]}:{address[1]}",
        'MAN: "ssdp:discover"',
        f"MX: {latest_s}",
        f"ST: {SEARCH_TARGET}",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def read_answer(host: str, datagram: bytes) -> DiscoveredHost | None:
    """Read an answer; None for what is no answer of a HEOS device."""
    start, *lines = datagram.decode("utf-8", errors="replace").splitlines() or [""]
    if not re.match(r"HTTP/1\.\d 200\b", start):
        return None
    headers = _headers(lines)
    if headers.get("ST") != SEARCH_TARGET:
        return None
    return DiscoveredHost(host=host, usn=to_text(headers.get("USN")), server=to_text(headers.get("SERVER")))


def _headers(lines: list[str]) -> Mapping[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().upper(): value.strip() for name, _, value in pairs}
