"""The passkey validation against a real HTTP server that answers well, badly, slowly, or not at all."""

import json
import traceback
from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters import passkey
from segue.adapters.http_client import HttpClient
from segue.adapters.passkey import PasskeyService, PasskeyUnverified
from segue.secret import Secret
from tests.adapters.raw_http import Answer, Connection, close_after, drop, flood, hang, ok, serving, trickle

PASSKEY = Secret("canary & pässkey=81c2")


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient("segue-test/1") as made:
        yield made


def saying(body: bytes, status: str = "200 OK") -> Answer:
    return close_after(ok(body, "application/json", status))


async def problem_of(service: PasskeyService) -> str:
    """Ask where no verdict can be had, and check that no secret shows."""
    with pytest.raises(PasskeyUnverified) as caught:
        await service.is_valid("alice", PASSKEY)
    shown = "".join(traceback.format_exception(caught.value)) + repr(service)
    assert "81c2" not in shown
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return str(caught.value)


async def test_it_posts_name_and_passkey_as_json_in_the_body_alone(http: HttpClient) -> None:
    bodies: list[bytes] = []

    async def answer(connection: Connection) -> None:
        while not connection.heard.endswith(b"}"):
            connection.heard += await connection.stream.receive_some()
        bodies.append(bytes(connection.heard))
        await connection.send(ok(b'{"valid": true}', "application/json"))
        await connection.stream.aclose()

    async with serving(answer) as server:
        assert await PasskeyService(http, f"{server.url}/validate").is_valid("alice", PASSKEY)
    assert server.lines()[0] == "POST /validate HTTP/1.1"
    assert server.headers()["content-type"] == "application/json"
    assert b"81c2" not in server.heads[0]
    assert json.loads(bodies[0]) == {"username": "alice", "passkey": PASSKEY.reveal()}


@pytest.mark.parametrize(
    ("body", "status", "valid"),
    [
        (b'{"valid": true}', "200 OK", True),
        (b'{"valid": true, "more": [1]}', "200 OK", True),
        (b'{"valid": false}', "200 OK", False),
    ],
)
async def test_a_verdict_is_a_verdict(http: HttpClient, body: bytes, status: str, valid: bool) -> None:
    async with serving(saying(body, status)) as server:
        assert await PasskeyService(http, server.url).is_valid("alice", PASSKEY) is valid


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", "200 OK"),
        (b"true", "200 OK"),
        (b'{"valid": "true"}', "200 OK"),
        (b'{"valid": 1}', "200 OK"),
        (b'{"valid": true}', "201 Created"),
        (b"[" * 10_000, "200 OK"),
        (b'{"valid": "\xff"}', "200 OK"),
        (b"busy", "429 Too Many Requests"),
        (b"broken", "500 Internal Server Error"),
        (b'{"valid": true}', "503 Service Unavailable"),
        (b"", "302 Found"),
    ],
)
async def test_what_is_no_verdict_lets_nobody_in_and_blames_nobody(
    http: HttpClient, body: bytes, status: str
) -> None:
    async with serving(saying(body, status)) as server:
        assert await problem_of(PasskeyService(http, server.url))


@pytest.mark.parametrize(
    "answer",
    [drop, hang, flood(b"x" * 1000), trickle(b"HTTP/1.1 200 OK\r\n", 0.1)],
    ids=["drops", "hangs", "floods", "trickles"],
)
async def test_a_service_that_misbehaves_is_given_up_in_time(
    http: HttpClient, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkey, "TOTAL_S", 0.3)
    async with serving(answer) as server:
        assert await problem_of(PasskeyService(http, server.url))


@pytest.mark.parametrize(
    ("status", "turned_away"),
    [
        ("401 No", True),
        ("403 Forbidden", True),
        ("404 Not Found", True),
        ("429 Busy", False),
        ("500 Oh", False),
    ],
)
async def test_a_bare_refusal_is_told_from_a_service_in_trouble(
    http: HttpClient, status: str, turned_away: bool
) -> None:
    async with serving(saying(b'{"valid": true}', status)) as server:
        with pytest.raises(PasskeyUnverified) as caught:
            await PasskeyService(http, server.url).is_valid("alice", PASSKEY)
        assert caught.value.turned_away is turned_away


async def test_nobody_listening_is_told_with_the_place(http: HttpClient) -> None:
    assert "127.0.0.1:9" in await problem_of(PasskeyService(http, "http://127.0.0.1:9/validate"))


@pytest.mark.parametrize("url", ["", "validate", "ftp://127.0.0.1/", "http://"])
async def test_an_address_that_is_none_is_refused(http: HttpClient, url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        PasskeyService(http, url)


@given(st.binary(max_size=200))
def test_only_true_is_true(body: bytes) -> None:
    """Whatever a body is, it is read as one of two verdicts or not at all."""
    try:
        valid = msgspec.json.decode(body, type=passkey._Answer).valid
    except ValueError:
        return
    assert isinstance(valid, bool)
