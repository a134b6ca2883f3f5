"""The way a HEOS device is found: it answers an SSDP search for its device type by UDP (UPnP Device Architecture 1.1).

The address is the test's to choose, so that discovery can be tried on loopback; a multicast group is joined on the
interface of the speaker's own address.
"""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from typing import Final

import trio

SEARCH_TARGET: Final = "urn:schemas-denon-com:device:ACT-Denon:1"
MULTICAST: Final = ("239.255.255.250", 1900)
DATAGRAM_BYTES_MAX: Final = 4096
ANSWERED_TARGETS: Final = frozenset({SEARCH_TARGET, "ssdp:all"})


def search_headers(datagram: bytes) -> Mapping[str, str] | None:
    """Headers of an M-SEARCH, names in capitals; None for anything else."""
    start, *lines = datagram.decode("utf-8", errors="replace").split("\r\n")
    if not start.startswith("M-SEARCH * HTTP/1.1"):
        return None
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().upper(): value.strip() for name, _, value in pairs}


def search_answer(host: str, serial: str) -> bytes:
    """The answer of one device: where it lives and what it is."""
    lines = [
        "HTTP/1.1 200 OK",
        "CACHE-CONTROL: max-age=180",
        "EXT:",
        f"LOCATION: http://{host}:60006/upnp/desc/aios_device/aios_device.xml",
        "SERVER: LINUX UPnP/1.0 Denon-Heos/3.34.410",
        f"ST: {SEARCH_TARGET}",
        f"USN: uuid:{serial}::{SEARCH_TARGET}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


async def answer_searches(
    address: tuple[str, int],
    host: str,
    serial: str,
    answers: Callable[[], bool],
    task_status: trio.TaskStatus[tuple[str, int]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer searches that arrive at `address` for as long as the task runs, while `answers()` says so.

    `task_status.started` carries the address that was bound, for port 0.
    """
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        await sock.bind(address)
        if ipaddress.ip_address(address[0]).is_multicast:
            membership = socket.inet_aton(address[0]) + socket.inet_aton(host)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        task_status.started(sock.getsockname())
        while True:
            datagram, client = await sock.recvfrom(DATAGRAM_BYTES_MAX)
            headers = search_headers(datagram)
            if headers is not None and headers.get("ST") in ANSWERED_TARGETS and answers():
                await sock.sendto(search_answer(host, serial), client)
