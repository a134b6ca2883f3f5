"""The way a Plex player is found: it answers a search by UDP with headers, and says when it comes and goes (GDM).

The addresses are the test's to choose, so that discovery can be tried on loopback.
"""

import socket
from collections.abc import Callable, Mapping
from typing import Final

import trio

from segue.demo.plex_sessions import PlayerInfo

SEARCH_PORT: Final = 32412
ANNOUNCE_PORT: Final = 32413
DATAGRAM_BYTES_MAX: Final = 4096


def describe(start: str, info: PlayerInfo, port: int, more: Mapping[str, str]) -> bytes:
    """Write a datagram: a first line, and who the player is. Lines end in LF alone, as those of real players."""
    headers = {
        "Name": info.title,
        "Port": str(port),
        "Content-Type": "plex/media-player",
        "Product": info.product,
        "Protocol": "plex",
        "Protocol-Version": "1",
        "Version": info.version,
        "Resource-Identifier": info.machine_identifier,
        **more,
    }
    return "".join(f"{line}\n" for line in (start, *(f"{n}: {v}" for n, v in headers.items()), "")).encode()


async def answer_searches(
    address: tuple[str, int],
    answer: Callable[[], bytes | None],
    *,
    late_s: float = 0.0,
    task_status: trio.TaskStatus[tuple[str, int]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer searches that arrive at `address` for as long as the task runs, with what `answer` gives.

    `task_status.started` carries the address that was bound, for port 0. Real players answer after 0 to 0.5 s.
    """
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        await sock.bind(address)
        task_status.started(sock.getsockname())
        while True:
            datagram, client = await sock.recvfrom(DATAGRAM_BYTES_MAX)
            if datagram.startswith(b"M-SEARCH * HTTP/1."):
                await trio.sleep(late_s)
                if (said := answer()) is not None:
                    await sock.sendto(said, client)


async def announce(address: tuple[str, int], datagram: bytes) -> None:
    """Say something once to whoever listens at `address`."""
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        await sock.sendto(datagram, address)
