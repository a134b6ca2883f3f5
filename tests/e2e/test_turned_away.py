"""When segued cannot start, whoever waits on systemd's sockets is told, and no door stands open by mistake."""

import socket
from pathlib import Path

import trio

from tests.helpers.rig import Segued, spawned

REQUEST = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def test_who_waits_for_a_broken_configuration_is_told(place: Path) -> None:
    """Else the connection stays in the queue, and systemd starts us again at once, over and over."""
    with socket.socket() as http, socket.socket() as early:
        http.bind(("127.0.0.1", 0))
        http.listen(16)
        early.connect(http.getsockname())
        early.sendall(REQUEST)
        segued = Segued(place, "[nonsense]\n")
        segued.sockets = {"http": http}
        async with spawned(segued):
            assert await segued.ended() == 2
        answer = trio.socket.from_stdlib_socket(early.dup())
        with trio.fail_after(10), answer:
            assert (await answer.recv(4096)).startswith(b"HTTP/1.1 503 ")
    assert "nonsense" in segued.log()


async def test_a_socket_unit_on_the_network_needs_a_webhook_secret(place: Path) -> None:
    """The configuration cannot see what the unit listens on; the start can."""
    with socket.socket() as http:
        http.bind(("0.0.0.0", 0))
        http.listen(16)
        segued = Segued(place, "")
        segued.sockets = {"http": http}
        async with spawned(segued):
            assert await segued.ended() == 1
        assert "no webhook secret is set" in segued.log()
        assert "Traceback" not in segued.log()
