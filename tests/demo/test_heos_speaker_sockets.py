"""The simulated HEOS speaker on real sockets: what only TCP, UDP and processes can show."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

import segue
from segue.demo.heos_faults import Faults
from segue.demo.heos_media import make_tracks
from segue.demo.heos_player import Player
from segue.demo.heos_speaker import HeosSpeaker
from segue.demo.heos_ssdp import SEARCH_TARGET, search_headers
from tests.demo.heos_client import RawClient, fresh_host

DEADLINE_S = 30.0
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(segue.__file__).parents[1])}


class Room:
    """A listening speaker, and clients that are hung up at the end."""

    def __init__(self, speaker: HeosSpeaker) -> None:
        self.speaker = speaker
        self.clients: list[RawClient] = []

    async def dial(self) -> RawClient:
        assert self.speaker.host is not None
        stream = await trio.open_tcp_stream(self.speaker.host, self.speaker.port)
        self.clients.append(RawClient(stream))
        return self.clients[-1]

    async def redial(self) -> RawClient:
        """Dial until somebody answers; the room's deadline bounds it."""
        while True:
            try:
                return await self.dial()
            except OSError:
                await trio.sleep(0.02)


@asynccontextmanager
async def listening(**settings: Any) -> AsyncIterator[Room]:
    player = Player(pid=1, queue=make_tracks(100, text_bytes=700))
    with trio.fail_after(DEADLINE_S):
        async with HeosSpeaker([player], host=fresh_host(), **settings) as speaker:
            room = Room(speaker)
            try:
                yield room
            finally:
                for client in room.clients:
                    await trio.aclose_forcefully(client.stream)


async def test_it_listens_on_the_port_of_the_protocol() -> None:
    async with listening() as room:
        assert room.speaker.port == 1255
        client = await room.dial()
        assert (await client.ask("player/get_players")).payload[0]["pid"] == 1


async def test_any_port_will_do() -> None:
    async with listening(port=0) as room:
        assert room.speaker.port != 0
        assert (await (await room.dial()).ask("system/heart_beat")).result == "success"


async def test_an_address_in_use_is_an_error_at_the_start() -> None:
    async with listening() as room:
        with pytest.RaisesGroup(OSError, flatten_subgroups=True):
            async with HeosSpeaker(host=room.speaker.host):
                pass


async def test_several_clients_hear_each_other() -> None:
    async with listening() as room:
        clients = [await (await room.dial()).listen() for _ in range(5)]
        await clients[0].ask("player/set_volume?pid=1&level=61")
        for client in clients[1:]:
            assert (await client.event()).message["level"] == "61"


async def test_the_thirty_third_socket_is_closed() -> None:
    async with listening() as room:
        clients = [await room.dial() for _ in range(32)]
        for client in clients:
            assert (await client.ask("system/heart_beat")).result == "success"
        assert await (await room.dial()).line() == b""
        await clients[0].stream.aclose()
        await room.speaker.until(lambda s: len(s.connections) == 31)
        assert (await (await room.dial()).ask("system/heart_beat")).result == "success"


async def test_used_up_sockets_can_be_switched_on() -> None:
    async with listening(faults=Faults(connections_max=0)) as room:
        assert await (await room.dial()).line() == b""


async def test_connections_end_with_a_reset() -> None:
    async with listening() as room:
        client = await room.dial()
        await client.ask("system/heart_beat")
        room.speaker.drop_connections(reset=True)
        with pytest.raises(trio.BrokenResourceError) as caught:
            await client.line()
        assert isinstance(caught.value.__cause__, ConnectionResetError)


async def test_connections_end_politely() -> None:
    async with listening() as room:
        client = await room.dial()
        await client.ask("system/heart_beat")
        room.speaker.drop_connections(reset=False)
        assert await client.line() == b""


async def test_a_command_in_flight_is_dropped_with_a_reset() -> None:
    async with listening(faults=Faults(drop_at="player/get_volume")) as room:
        client = await room.dial()
        await client.send("player/get_volume?pid=1")
        with pytest.raises(trio.BrokenResourceError):
            await client.line()


async def test_new_connections_are_reset() -> None:
    async with listening(faults=Faults(reset_new=True)) as room:
        client = await room.dial()
        with pytest.raises(trio.BrokenResourceError):
            await client.line()


async def test_an_unplugged_speaker_refuses_and_says_nothing_more() -> None:
    async with listening() as room:
        client = await (await room.dial()).listen()
        room.speaker.unplug()
        room.speaker.turn_knob(1, 77)
        with pytest.raises(OSError, match="all attempts to connect"):
            await room.dial()
        await client.send("system/heart_beat")
        await client.nothing()
        room.speaker.plug_in()
        with pytest.raises(trio.BrokenResourceError):
            await client.line()
        again = await room.redial()
        assert (await again.ask("player/get_volume?pid=1")).message["level"] == "77"


async def test_a_speaker_that_refuses_still_serves_whom_it_has() -> None:
    async with listening() as room:
        client = await room.dial()
        await client.ask("system/heart_beat")
        room.speaker.refuse_connections()
        with pytest.raises(OSError, match="all attempts to connect"):
            await room.dial()
        assert (await client.ask("system/heart_beat")).result == "success"
        room.speaker.plug_in()
        assert (await (await room.redial()).ask("system/heart_beat")).result == "success"
        assert (await client.ask("system/heart_beat")).result == "success"


async def test_it_comes_back_on_the_same_port_after_a_reboot() -> None:
    async with listening() as room:
        client = await room.dial()
        assert (await client.ask("system/reboot")).result == "success"
        assert await client.line() == b""
        assert (await (await room.redial()).ask("system/heart_beat")).result == "success"


async def test_a_large_answer_dribbles_in_single_bytes() -> None:
    async with listening(faults=Faults(dribble_s=0.0)) as room:
        client = await room.dial()
        reply = await client.ask("player/get_queue?pid=1&range=0,3")
        assert len(reply.payload) == 4


async def test_a_large_answer_reaches_a_client_that_reads_slowly() -> None:
    async with listening(faults=Faults(pad_answers_to=1_000_000)) as room:
        client = await room.dial()
        await client.send("player/get_queue?pid=1")
        other = await room.dial()
        assert len((await other.ask("player/get_volume?pid=1")).raw) > 999_000
        assert len((await client.reply()).payload) == 100


async def test_a_half_closed_client_is_let_go() -> None:
    async with listening() as room:
        client = await room.dial()
        await client.ask("system/heart_beat")
        assert isinstance(client.stream, trio.SocketStream)
        await client.stream.send_eof()
        assert await client.line() == b""
        await room.speaker.until(lambda s: not s.connections)


async def search(address: tuple[str, int], target: str) -> bytes | None:
    lines = [
        "M-SEARCH * HTTP/1.1",
        "HOST: 239.255.255.250:1900",
        'MAN: "ssdp:discover"',
        "MX: 1",
        f"ST: {target}",
    ]
    request = "\r\n".join([*lines, "", ""])
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind((address[0], 0))
        await sock.sendto(request.encode(), address)
        with trio.move_on_after(5.0 if target in (SEARCH_TARGET, "ssdp:all") else 0.2):
            return await sock.recv(4096)
    return None


async def test_it_is_found_by_search() -> None:
    host = fresh_host()
    async with HeosSpeaker(host=host, ssdp=(host, 0)) as speaker:
        assert speaker.ssdp is not None
        answer = await search(speaker.ssdp, SEARCH_TARGET)
        assert answer is not None
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert f"\r\nST: {SEARCH_TARGET}\r\n".encode() in answer
        assert f"\r\nLOCATION: http://{host}:".encode() in answer
        assert await search(speaker.ssdp, "ssdp:all") == answer


async def test_it_keeps_quiet_when_something_else_is_searched_or_the_plug_is_out() -> None:
    host = fresh_host()
    async with HeosSpeaker(host=host, ssdp=(host, 0)) as speaker:
        assert speaker.ssdp is not None
        assert await search(speaker.ssdp, "urn:schemas-upnp-org:device:ZonePlayer:1") is None
        speaker.unplug()
        with trio.move_on_after(0.3):
            raise AssertionError(await search(speaker.ssdp, SEARCH_TARGET))


@pytest.mark.parametrize("datagram", [b"", b"NOTIFY * HTTP/1.1\r\nST: x\r\n\r\n", b"\xff\x00", b"M-SEARCH"])
def test_only_searches_are_searches(datagram: bytes) -> None:
    assert search_headers(datagram) is None


async def test_it_runs_by_itself_and_says_what_it_is_told() -> None:
    """`python -m segue.demo.heos_speaker` prints commands, but neither passwords nor what a url carries."""
    host = fresh_host()
    run = partial(
        trio.run_process,
        [sys.executable, "-W", "error", "-m", "segue.demo.heos_speaker", "--host", host, "--songs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=ENVIRONMENT,
        check=False,
    )
    with trio.fail_after(DEADLINE_S):
        async with trio.open_nursery() as nursery:
            process: trio.Process = await nursery.start(run)
            assert process.stdout is not None
            output = b""
            while b"listens on" not in output:
                output += await process.stdout.receive_some()
            async with await trio.open_tcp_stream(host, 1255) as stream:
                client = RawClient(stream)
                assert len((await client.ask("player/get_queue?pid=-1428708007")).payload) == 2
                await client.ask("system/sign_in?un=me&pw=canary")
                await client.ask("browse/play_stream?pid=-1428708007&url=http://a/b?X-Plex-Token=canary")
            process.send_signal(signal.SIGTERM)
            async for piece in process.stdout:
                output += piece
            assert await process.wait() == 0
    assert b"browse/play_stream pid=-1428708007 url=http://a/b?..." in output
    assert b"canary" not in output


async def test_by_itself_it_says_when_the_address_is_taken() -> None:
    async with listening() as room:
        result = await trio.run_process(
            [sys.executable, "-m", "segue.demo.heos_speaker", "--host", str(room.speaker.host)],
            capture_stdout=True,
            env=ENVIRONMENT,
            check=False,
        )
    assert result.returncode == 1
    assert str(room.speaker.host).encode() in result.stdout
    assert b"Traceback" not in result.stdout
