"""Finding Plex players by UDP on loopback, and what a forged answer cannot do."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.gdm import (
    DEVICES_MAX,
    Announcement,
    GdmUnavailable,
    listen,
    read_announcement,
    read_answer,
    search,
)
from segue.demo.video_player import SimulatedVideo
from tests.demo.heos_client import fresh_host

ANSWER = (
    "HTTP/1.0 200 OK\nName: Living Room\nPort: 3199\nContent-Type: plex/media-player\n"
    "Product: Plex MPV Shim\nProtocol: plex\nProtocol-Version: 1\nVersion: 1.11.0\n"
    "Protocol-Capabilities: timeline,playback,navigation,playqueues\nResource-Identifier: shim-1\nDevice-Class: pc\n"
)
SERVER = ANSWER.replace("media-player", "media-server").replace("shim-1", "server-1")


@asynccontextmanager
async def responder(
    answers: Callable[[bytes], list[bytes]],
) -> AsyncIterator[tuple[tuple[str, int], list[bytes]]]:
    """Answers searches on a loopback address; gives the address, and what has arrived there."""
    heard: list[bytes] = []

    async def run() -> None:
        while True:
            datagram, client = await sock.recvfrom(4096)
            heard.append(datagram)
            for answer in answers(datagram):
                await sock.sendto(answer, client)

    with trio.fail_after(30), trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        await sock.bind((fresh_host(), 0))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            yield sock.getsockname(), heard
            nursery.cancel_scope.cancel()


# ------------------------------------------------------------------ searching


async def test_a_player_that_answers_is_found_once_by_the_address_it_answered_from() -> None:
    async with responder(lambda _: [ANSWER.encode(), ANSWER.encode()]) as (address, heard):
        (found,) = await search(0.4, addresses=[address])
        assert (found.identifier, found.host, found.port) == ("shim-1", address[0], 3199)
        assert (found.name, found.product, found.device_class) == ("Living Room", "Plex MPV Shim", "pc")
        assert found.capabilities == ("timeline", "playback", "navigation", "playqueues")
        assert heard[0].startswith(b"M-SEARCH * HTTP/1.0\r\n")
        assert len(heard) > 1


async def test_players_and_servers_are_told_apart() -> None:
    async with responder(lambda _: [ANSWER.encode(), SERVER.encode()]) as (address, _):
        assert [d.identifier for d in await search(0.3, addresses=[address])] == ["shim-1"]
        assert [d.identifier for d in await search(0.3, kind="server", addresses=[address])] == ["server-1"]


async def test_an_answer_is_heard_although_others_are_nonsense() -> None:
    async with responder(lambda _: [b"", b"\xff\x00", b"HTTP/1.0 404 No\n", ANSWER.encode()]) as (address, _):
        assert len(await search(0.3, addresses=[address])) == 1


async def test_a_flood_of_players_is_bounded() -> None:
    many = [ANSWER.replace("shim-1", f"shim-{n}").encode() for n in range(DEVICES_MAX + 40)]
    async with responder(lambda _: many) as (address, _):
        assert len(await search(0.5, addresses=[address])) <= DEVICES_MAX


async def test_silence_is_an_empty_house() -> None:
    async with responder(lambda _: []) as (address, _):
        assert await search(0.1, addresses=[address]) == ()


async def test_one_target_that_cannot_be_reached_does_not_spoil_the_search() -> None:
    """A house without broadcast is searched by multicast all the same."""
    async with responder(lambda _: [ANSWER.encode()]) as (address, _):
        assert len(await search(0.3, addresses=[("127.0.0.1", 0), address])) == 1


async def test_a_search_that_can_be_sent_nowhere_says_where_and_why() -> None:
    with pytest.raises(GdmUnavailable, match=r"127\.0\.0\.1 port 0"):
        await search(0.1, addresses=[("127.0.0.1", 0)])


async def test_the_simulated_player_is_found_until_it_is_gone() -> None:
    with trio.fail_after(60):
        async with SimulatedVideo("shim", host=fresh_host()) as player:
            address = await player.be_found((player.info.address, 0))
            (found,) = await search(0.5, addresses=[address])
            info = found.player_info()
            assert (info.player_id, info.port) == (player.info.machine_identifier, player.port)
            assert (info.host, info.product) == (player.info.address, "Plex MPV Shim")
            await player.vanish()
            assert await search(0.3, addresses=[address]) == ()


# ------------------------------------------------------------------ listening


async def test_players_that_come_and_go_are_heard() -> None:
    heard: list[Announcement] = []
    with trio.fail_after(60):
        async with SimulatedVideo("tvbox", host=fresh_host()) as player, trio.open_nursery() as nursery:

            async def ear(task_status: trio.TaskStatus[tuple[str, int]]) -> None:
                await listen(heard.append, address=(fresh_host(), 0), group=None, task_status=task_status)

            address = await nursery.start(ear)
            for word in ("HELLO", "NONSENSE", "BYE"):
                await player.say(word, address)
            while len(heard) < 2:
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
    assert sorted(each.present for each in heard) == [False, True]
    assert heard[0].device.identifier == player.info.machine_identifier


async def test_an_address_that_is_not_ours_cannot_be_listened_at() -> None:
    with pytest.raises(GdmUnavailable, match=r"192\.0\.2\.1"):
        await listen(lambda _: None, address=("192.0.2.1", 0), group=None)


# ------------------------------------------------------------------ reading


def test_lines_may_end_in_either_way() -> None:
    assert read_answer("h", ANSWER.replace("\n", "\r\n").encode()) == read_answer("h", ANSWER.encode())


@pytest.mark.parametrize("port", ["", "0", "65536", "x", "-1", "٣"])
def test_a_port_that_is_none_is_not_known(port: str) -> None:
    found = read_answer("h", ANSWER.replace("3199", port).encode())
    assert found is not None
    assert found.port is None


@pytest.mark.parametrize(
    "old", ["Resource-Identifier: shim-1", "Content-Type: plex/media-player", "HTTP/1.0 200 OK"]
)
def test_what_does_not_say_who_and_what_it_is_is_no_player(old: str) -> None:
    assert read_answer("h", ANSWER.replace(old, "Other: thing").encode()) is None


def test_an_answer_is_no_announcement_and_the_other_way_round() -> None:
    hello = ANSWER.replace("HTTP/1.0 200 OK", "HELLO * HTTP/1.0").encode()
    assert read_announcement("h", ANSWER.encode()) is None
    assert read_answer("h", hello) is None
    assert read_announcement("h", hello) is not None


@given(st.binary(max_size=300), st.text(max_size=60))
def test_any_datagram_is_read_or_none(datagram: bytes, value: str) -> None:
    """What is read is short and printable."""
    for said in (datagram, ANSWER.encode() + datagram, ANSWER.replace("Living Room", value).encode()):
        for found in (read_answer("h", said), read_announcement("h", said)):
            device = found.device if isinstance(found, Announcement) else found
            if device is not None:
                texts = (device.identifier, device.name, device.product, device.version, device.device_class)
                assert all(len(text) <= 200 and text.isprintable() for text in texts)
