"""The reverse proxies of `docs/party.md`, with the configurations that stand there, in front of segue."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from websockets.exceptions import InvalidStatus

from segue.runtime.http import HttpServer, open_tcp_listeners
from segue.runtime.http.asgi import Message, Receive, Scope, Send
from tests.e2e.party_guests import GUEST, guest
from tests.e2e.party_house import orchestrator
from tests.e2e.party_talk import create
from tests.e2e.reverse_proxy import Proxy, both, talked

PASSKEY = "canary-passkey-0815"
"""Must show up in no log."""
DEADLINE_S = 60.0
NAME = "Bea's TV"


class Listener:
    """Our HTTP server with an application that answers each message with what it was told by the handshake."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.port = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        self.paths.append(scope["path"])
        if scope["type"] != "websocket":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"open to the world"})
            return
        await receive()
        await send({"type": "websocket.accept"})
        told = {name.decode(): value.decode() for name, value in scope["headers"]}
        while (message := await receive())["type"] == "websocket.receive":
            await send(_answer(message, told))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Listener"]:
        """Serve for a while."""
        listeners = await open_tcp_listeners("127.0.0.1", 0)
        self.port = int(listeners[0].socket.getsockname()[1])
        async with trio.open_nursery() as nursery:
            await nursery.start(HttpServer(self).serve, listeners)
            yield self
            nursery.cancel_scope.cancel()


def _answer(message: Message, told: dict[str, str]) -> Message:
    return {"type": "websocket.send", "text": json.dumps({"heard": message["text"], "told": told})}


@pytest.fixture
def headers() -> dict[str, str]:
    return {"X-Username": "alice", "Authorization": f"Bearer {PASSKEY}"}


@both
async def test_a_websocket_goes_through_and_says_where_it_comes_from(
    kind: str, place: Path, headers: dict[str, str]
) -> None:
    """Messages pass both ways at once. What the friend claims to be forwarded for is not passed on as the truth."""
    with trio.fail_after(DEADLINE_S):
        async with Listener().serving() as listener, Proxy(kind, place, listener.port).running() as proxy:
            forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
            answers = await talked(proxy, "/ws", headers | forged, "one", "two")
    first: dict[str, Any] = json.loads(answers[0])
    assert [json.loads(answer)["heard"] for answer in answers] == ["one", "two"]
    told = first["told"]
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] in ("https", "wss")
    assert (told["x-username"], told["authorization"]) == ("alice", f"Bearer {PASSKEY}")
    assert told["host"] == f"127.0.0.1:{listener.port}"


@both
async def test_nothing_but_the_party_is_open_to_the_world(kind: str, place: Path) -> None:
    """The API, the webhooks and the pages of the house are not there at all."""
    with trio.fail_after(DEADLINE_S):
        async with Listener().serving() as listener, Proxy(kind, place, listener.port).running() as proxy:
            for path in (
                "/",
                "/api/v1/status",
                "/ws/state",
                "/ws/",
                "/healthz",
                "/webhooks/plex/x",
                "//api/v1/why",
            ):
                url = f"https://localhost:{proxy.port}{path}"
                command = ["curl", "-sS", "-m", "20", "--cacert", str(proxy.certificate), "--resolve"]
                command += [f"localhost:{proxy.port}:127.0.0.1", "--path-as-is", "-w", "\n%{http_code}", url]
                done = await trio.run_process(command, capture_stdout=True)
                assert done.stdout.endswith(b"\n404"), (path, done.stdout)
    assert listener.paths == []


@both
async def test_the_proxy_writes_no_passkey_into_a_log(
    kind: str, place: Path, headers: dict[str, str]
) -> None:
    """Not of a client of the old protocol, which has it in the address; and not when segued is down either."""
    query = f"/ws?username=alice&passkey={PASSKEY}"
    with trio.fail_after(DEADLINE_S):
        async with Listener().serving() as listener, Proxy(kind, place, listener.port).running() as proxy:
            await talked(proxy, query, headers, "hello")
            up = proxy.written()
        async with proxy.running():
            with pytest.raises(InvalidStatus) as refused:
                await talked(proxy, query, headers, "hello")
            down = proxy.written()
    assert refused.value.response.status_code == 502
    assert ('"GET /ws" 101' in up) == (kind == "nginx")
    assert ("passkey=REDACTED" in down) == (kind == "caddy")
    assert PASSKEY not in up + down


# ------------------------------------------------------------------ in front of segued


@both
async def test_through_the_proxy_nobody_is_of_this_machine(
    kind: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy's own address is loopback, which needs no passkey; a friend that it speaks for needs an invitation."""
    monkeypatch.setenv("SSL_CERT_FILE", str(place / "fullchain.pem"))
    async with orchestrator(place / "host", config="[party]\nrequire_tls = true\n") as host:
        party = await create(host)
        token = (await party.invite()).rpartition("token=")[2]
        async with Proxy(kind, place, host.port).running() as proxy:
            url, who = f"wss://localhost:{proxy.port}/ws", ("--username", "bea", "--device", "tv-b", NAME)
            async with guest(GUEST, f"ws://127.0.0.1:{host.port}/ws", *who) as local:
                await local.until(lambda one: one.heard("welcome"), "welcome on the machine itself")
            async with guest(GUEST, url, *who) as stranger:
                (refusal,) = await stranger.until(lambda one: one.heard("error"), "refused")
                assert refusal["code"] == "bad_passkey"
                assert "invited" in refusal["message"]
                await stranger.until(
                    lambda one: [line for line in one.lines if line.get("closed") == 1008], "closed"
                )
            async with guest(GUEST, url, *who, invite=token) as friend:
                await friend.until(lambda one: one.heard("member", session=party.party_id), "a member")
        assert token not in proxy.written() + host.log()
