"""Finding HEOS devices by UDP on loopback, and what a forged answer cannot do."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.heos_discovery import (
    DATAGRAM_BYTES_MAX,
    HOSTS_MAX,
    SEARCH_TARGET,
    DiscoveredHost,
    discover,
    read_answer,
    search_request,
)
from segue.adapters.heos_model import HeosUnavailable
from segue.demo.heos_player import Player
from segue.demo.heos_speaker import HeosSpeaker
from tests.demo.heos_client import fresh_host

ANSWER = (
    "HTTP/1.1 200 OK\r\n"
    "LOCATION: http://203.0.113.9:60006/upnp/desc/aios_device/aios_device.xml\r\n"
    f"ST: {SEARCH_TARGET}\r\n"
    f"USN: uuid:1::{SEARCH_TARGET}\r\n"
    "SERVER: LINUX UPnP/1.0 Denon-Heos\r\n\r\n"
)


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


async def test_a_device_that_answers_is_found_once_by_the_address_it_answered_from() -> None:
    async with responder(lambda _: [ANSWER.encode(), ANSWER.encode()]) as (address, heard):
        found = await discover(0.3, address=address)
        assert found == (
            DiscoveredHost(
                host=address[0], usn=f"uuid:1::{SEARCH_TARGET}", server="LINUX UPnP/1.0 Denon-Heos"
            ),
        )
        assert heard[0] == search_request(address, 0.3) and len(heard) == 3


async def test_the_simulated_speaker_is_found() -> None:
    with trio.fail_after(30):
        async with HeosSpeaker([Player(pid=1)], host=fresh_host(), ssdp=(fresh_host(), 0)) as speaker:
            assert speaker.ssdp is not None
            (found,) = await discover(0.3, address=speaker.ssdp, interface="127.0.0.1")
            assert found.host == speaker.ssdp[0] and SEARCH_TARGET in found.usn


async def test_a_network_without_devices_gives_none_when_the_time_is_over() -> None:
    async with responder(lambda _: []) as (address, heard):
        assert await discover(0.2, address=address) == ()
        assert heard


async def test_an_address_where_nobody_listens_gives_none() -> None:
    with trio.fail_after(30):
        assert await discover(0.2, address=(fresh_host(), 9)) == ()


async def test_garbage_and_floods_end_with_the_time_and_find_nothing() -> None:
    other = ANSWER.replace("ACT-Denon", "MediaRenderer")
    junk = [
        b"",
        b"\xff" * DATAGRAM_BYTES_MAX,
        b"HTTP/1.1 404 No\r\n\r\n",
        other.encode(),
        b"NOTIFY * HTTP/1.1\r\n",
    ]
    async with responder(lambda _: junk * 300) as (address, _):
        assert await discover(0.3, address=address) == ()


async def test_a_search_that_cannot_be_sent_says_why() -> None:
    with pytest.raises(HeosUnavailable, match=r"cannot search for HEOS devices at 127\.0\.0\.1 port 0: "):
        await discover(0.1, address=("127.0.0.1", 0))
    with pytest.raises(HeosUnavailable, match="cannot search"):
        await discover(0.1, interface="192.0.2.77")


def test_the_search_asks_for_heos_devices_and_for_an_answer_in_time() -> None:
    lines = search_request(("239.255.255.250", 1900), 3.7).decode().split("\r\n")
    assert lines[0] == "M-SEARCH * HTTP/1.1" and lines[-2:] == ["", ""]
    assert {"HOST: 239.255.255.250:1900", 'MAN: "ssdp:discover"', "MX: 3", f"ST: {SEARCH_TARGET}"} <= set(
        lines
    )
    assert (
        "MX: 1" in search_request(("h", 1), 0.1).decode() and "MX: 5" in search_request(("h", 1), 60).decode()
    )


def test_where_an_answer_says_it_lives_does_not_matter() -> None:
    found = read_answer("192.0.2.7", ANSWER.encode())
    assert found is not None and found.host == "192.0.2.7" and "203.0.113.9" not in repr(found)


@pytest.mark.parametrize("start", ["HTTP/1.1 404 OK", "NOTIFY * HTTP/1.1", "", "HTTP/2 200"])
def test_what_is_no_answer_of_a_heos_device_is_none(start: str) -> None:
    assert read_answer("h", ANSWER.replace("HTTP/1.1 200 OK", start).encode()) is None


@given(st.binary(max_size=300), st.text(max_size=300))
def test_any_datagram_can_be_read_and_what_is_read_can_be_stored(tail: bytes, usn: str) -> None:
    read_answer("h", tail)
    for datagram in (ANSWER.encode() + tail, f"{ANSWER[:-2]}USN: {usn}".encode("utf-8", "replace")):
        found = read_answer("h", datagram)
        if found is not None:
            assert len(found.usn) <= 1000
            msgspec.json.encode(found)


def test_there_is_room_for_every_house() -> None:
    assert HOSTS_MAX >= 32
