"""The HEOS adapter against a line server on a real loopback socket: what only TCP can show.

The server says what a test tells it to, and knows nothing of HEOS. Real clock, generous deadlines, no timing asserted.
"""

import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import trio
import trio.lowlevel

from segue.adapters.heos import HeosSystem, HeosTimeout, HeosUnavailable, LinkDown, LinkUp, VolumeChanged
from tests.adapters.heos_script import GET_VOLUME, PID, PLAYERS, Heard, reply, volume, volume_event
from tests.demo.heos_client import fresh_host

Serve = Callable[[trio.SocketStream, str], Awaitable[None]]
DEADLINE_S = 30.0


async def acknowledge(stream: trio.SocketStream, line: str) -> None:
    """A healthy device, in one line for each command."""
    name, _, query = line.removeprefix("heos://").partition("?")
    await stream.send_all(reply(name, query, PLAYERS if name == "player/get_players" else None))


class Server:
    """Reads lines and lets `serve` answer them."""

    def __init__(self) -> None:
        self.serve: Serve = acknowledge
        self.streams: list[trio.SocketStream] = []

    async def handle(self, stream: trio.SocketStream) -> None:
        self.streams.append(stream)
        buffer = b""
        try:
            while data := await stream.receive_some(4096):
                *lines, buffer = (buffer + data).split(b"\r\n")
                for line in lines:
                    await self.serve(stream, line.decode())
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self.streams.remove(stream)


def reset(stream: trio.SocketStream) -> None:
    """Close with a TCP reset."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.close()


@asynccontextmanager
async def house(**options: Any) -> AsyncIterator[tuple[Server, HeosSystem, Heard]]:
    server, heard, host = Server(), Heard(), fresh_host()
    options = {"backoff_min_s": 0.05, "backoff_max_s": 0.2} | options
    with trio.fail_after(DEADLINE_S):
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(partial(trio.serve_tcp, server.handle, 0, host=host))
            port = listeners[0].socket.getsockname()[1]
            system = HeosSystem([host], port=port, on_event=heard, **options)
            nursery.start_soon(system.run)
            await heard.until(LinkUp)
            while system.connections < 2:
                await trio.sleep(0.005)
            yield server, system, heard
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("end", ["reset", "close", "half close"])
async def test_however_tcp_ends_who_waits_fails_and_the_system_comes_back(end: str) -> None:
    async with house() as (server, system, heard):

        async def hang_up(stream: trio.SocketStream, line: str) -> None:
            if GET_VOLUME not in line:
                await acknowledge(stream, line)
            elif end == "reset":
                reset(stream)
            elif end == "close":
                await stream.aclose()
            else:
                await stream.send_eof()

        server.serve = hang_up
        with pytest.raises(HeosUnavailable):
            await system.get_volume(PID)
        await heard.until(LinkUp, 2)
        assert len(heard.of(LinkDown)) == 1
        server.serve = acknowledge
        await system.set_volume(PID, 5)


async def test_a_device_that_stops_reading_and_answering_is_given_up() -> None:
    async with house(heartbeat_s=0.2, command_timeout_s=0.2) as (server, system, heard):

        async def freeze(stream: trio.SocketStream, line: str) -> None:
            await trio.sleep_forever()

        server.serve = freeze
        with pytest.raises((HeosTimeout, HeosUnavailable)):
            await system.get_volume(PID)
        await heard.until(LinkDown)
        server.serve = acknowledge
        await heard.until(LinkUp, 2)


async def test_lines_in_pieces_and_many_in_one_packet_are_read_alike() -> None:
    async with house() as (server, system, heard):

        async def in_pieces(stream: trio.SocketStream, line: str) -> None:
            if GET_VOLUME not in line:
                await acknowledge(stream, line)
                return
            answer = volume_event(1) + volume_event(2) + volume(31)[:-1]
            for place in range(0, len(answer), 7):
                await stream.send_all(answer[place : place + 7])
                await trio.lowlevel.checkpoint()
            await stream.send_all(b"\n" + volume_event(3))

        server.serve = in_pieces
        assert await system.get_volume(PID) == 31
        await heard.until(VolumeChanged, 3)
        assert [e.level for e in heard.of(VolumeChanged)] == [1, 2, 3]


async def test_a_line_of_twenty_megabytes_is_left_out_and_ends_nothing() -> None:
    async with house(command_timeout_s=20.0) as (server, system, heard):

        async def flood(stream: trio.SocketStream, line: str) -> None:
            if GET_VOLUME in line:
                for _ in range(20):
                    await stream.send_all(b"x" * 1_000_000)
                await stream.send_all(b"\r\n" + volume(31))
            else:
                await acknowledge(stream, line)

        server.serve = flood
        assert await system.get_volume(PID) == 31
        assert system.counters["lines_too_long"] == 1 and not heard.of(LinkDown)
