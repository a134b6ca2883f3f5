"""The parties' door with a service that knows the passkeys: right, wrong, missing, slow, broken; on real sockets."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from segue.adapters import passkey
from segue.adapters.http_client import HttpClient
from segue.adapters.passkey import PasskeyService
from tests.adapters.raw_http import Answer, Connection, RawServer, drop, hang, ok, serving
from tests.helpers.party_hub import HELLO, REGISTER, Hub, hosted, messages_of, visiting

RIGHT, WRONG = "canary-right-81c2", "canary-wrong-93d7"
FIRSTS = pytest.mark.parametrize("first", [HELLO, REGISTER], ids=["ours", "old"])


def bearer(passkey: str) -> dict[str, str]:
    return {"X-Username": "alice", "Authorization": f"Bearer {passkey}"}


async def verdict(connection: Connection) -> None:
    """Answer as the service of Plex Watch Party does."""
    while not connection.heard.endswith(b"}"):
        connection.heard += await connection.stream.receive_some()
    asked = json.loads(connection.heard)
    connection.heard.clear()
    valid = asked == {"username": "alice", "passkey": RIGHT}
    await connection.send(ok(json.dumps({"valid": valid}).encode(), "application/json"))


@asynccontextmanager
async def guarded(*answers: Answer | bytes) -> AsyncIterator[tuple[Hub, RawServer]]:
    """Open a house whose passkeys a service knows that answers like this."""
    async with (
        serving(*answers) as service,
        HttpClient("segue-test/1") as http,
        hosted(service=PasskeyService(http, f"{service.url}/validate")) as hub,
    ):
        yield hub, service


@FIRSTS
async def test_the_right_passkey_comes_in_and_a_wrong_one_does_not(first: Any) -> None:
    async with guarded(verdict) as (hub, _):
        async with visiting(hub, headers=bearer(WRONG)) as guest:
            assert (await guest.ended())[0] == 1008
            assert messages_of(guest.heard, "error")[0]["code"] == "bad_passkey"
            assert WRONG not in json.dumps(guest.heard)
        async with visiting(hub, first, headers=bearer(RIGHT)):
            await hub.until_connected("alice")
        async with visiting(hub, first, query=f"?username=alice&passkey={RIGHT}"):
            await hub.until_connected("alice")
        async with visiting(hub, first, query="?username=alice") as guest:
            assert (await guest.ended())[0] == 1008, "none at all"
        async with visiting(hub, headers=bearer(RIGHT) | {"X-Username": "mallory"}) as guest:
            assert (await guest.ended())[0] == 1008, "somebody else's"


@pytest.mark.parametrize(
    "answer", [hang, drop, ok(b"", "text/html", "502 Bad Gateway"), ok(b"<html>", "text/html")],
    ids=["slow", "silent", "broken", "no JSON"],
)  # fmt: skip
async def test_without_a_verdict_nobody_comes_in_and_is_asked_to_try_later(
    answer: Answer | bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkey, "TOTAL_S", 0.5)
    async with guarded(answer) as (hub, _), visiting(hub, headers=bearer(RIGHT)) as guest:
        code, reason = await guest.ended()
        assert code == 1013
        assert messages_of(guest.heard, "error")[0]["code"] == "unverified"
        assert RIGHT not in reason + json.dumps(guest.heard)
        assert hub.store.state.party.clients == {}


async def test_a_service_that_breaks_puts_nobody_out_who_is_in() -> None:
    broken = ok(b"", "text/html", "403 Forbidden")
    async with (
        guarded(verdict, broken) as (hub, service),
        visiting(hub, HELLO, headers=bearer(RIGHT)) as alice,
    ):
        await alice.until("welcome")
        hub.orchestrator.review()
        with trio.fail_after(30):
            while len(service.heads) < 2:
                await trio.sleep(0.01)
        await trio.sleep(0.1)
        await alice.say({"type": "time", "c0": 1.0})
        await alice.until("time")
