"""A conversation reads and writes in turn: under any timing nothing is lost, and no writing is ever interrupted."""

import json
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from segue.actors.party_links import PartyLink
from segue.interfaces.party_translation import Credentials
from segue.interfaces.party_visitor import Admitted, Visitor
from segue.interfaces.party_ws import Conversation, Handshake
from segue.secret import Secret

HERE = Visitor("127.0.0.1")
REPORT = {"type": "report", "session": "abcdef", "device": "tv"}
MESSAGES = 200


class Hub:
    """Takes everybody in and remembers what it hears."""

    hosting = True

    def __init__(self) -> None:
        self.link: PartyLink | None = None
        self.heard: list[int] = []
        self.left = 0

    def now_at(self) -> float:
        return trio.current_time()

    async def admit(self, who: Credentials, invite_hash: str, visitor: Visitor) -> Admitted:
        return Admitted(who.username, "loopback", visitor, who.passkey)

    def join(self, admitted: Admitted, first: Any) -> PartyLink:
        self.link = PartyLink("link", admitted, "ours", self.now_at, lambda _link, _action: None)
        return self.link

    def hear(self, link: PartyLink, message: Any) -> None:
        self.heard.append(message.rev)
        if message.rev % 5 == 0:
            link.tell(f"answer {message.rev}")

    def leave(self, link: PartyLink) -> None:
        self.left += 1


class Wire:
    """The ASGI side: frames come from a channel, and writing takes its time."""

    def __init__(self, write_s: float) -> None:
        self.put, self._get = trio.open_memory_channel[dict[str, Any]](1000)
        self.sent: list[str] = []
        self.closed = 0
        self._write_s = write_s

    def say(self, message: dict[str, Any]) -> None:
        self.put.send_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def receive(self) -> dict[str, Any]:
        try:
            return (
                self._get.receive_nowait()
            )  # as the server does: what is there already is given without a pause
        except trio.WouldBlock:
            return await self._get.receive()

    async def send(self, event: Any) -> None:
        if event["type"] == "websocket.close":
            self.closed = event["code"]
            self.put.send_nowait({"type": "websocket.disconnect"})
            return
        try:
            await trio.sleep(self._write_s)
        except trio.Cancelled:
            self.sent.append("interrupted")
            raise
        self.sent.append(event["text"])


@pytest.mark.parametrize("write_s", [0.0, 0.01, 0.07])
@pytest.mark.parametrize("tell_s", [0.01, 0.03, 0.0701])
async def test_nothing_is_lost_whatever_happens_at_the_same_moment(
    write_s: float, tell_s: float, autojump_clock: MockClock
) -> None:
    hub, wire = Hub(), Wire(write_s)
    said = Credentials("alice", Secret("x"))
    wire.say({"type": "hello", "proto": [1]})

    async def speak() -> None:
        for rev in range(MESSAGES):
            wire.say(REPORT | {"rev": rev})
            if rev % 3 == 0:
                wire.say({"type": "time", "c0": float(rev)})
            await trio.sleep(0.01)

    async def tell() -> None:
        for n in range(MESSAGES):
            await trio.sleep(tell_s)
            assert hub.link is not None
            hub.link.tell(f"told {n}", None)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Conversation(wire.receive, wire.send, hub, Handshake(HERE, said)).run)
        async with trio.open_nursery() as talk:
            talk.start_soon(speak)
            talk.start_soon(tell)
        with trio.move_on_after(60):
            while len(hub.heard) < MESSAGES or (hub.link is not None and hub.link.queued):
                await trio.sleep(0.1)
        await trio.sleep(1)
        assert hub.link is not None
        hub.link.end(1001, "enough")
    assert hub.heard == list(range(MESSAGES))
    assert [text for text in wire.sent if text.startswith("told")] == [f"told {n}" for n in range(MESSAGES)]
    assert sum(text.startswith("answer") for text in wire.sent) == MESSAGES // 5
    probes = [json.loads(text)["c0"] for text in wire.sent if text.startswith("{")]
    assert probes == [float(rev) for rev in range(0, MESSAGES, 3)]
    assert "interrupted" not in wire.sent
    assert (wire.closed, hub.left) == (1001, 1)


async def test_a_goodbye_goes_out_though_the_client_never_stops_speaking(autojump_clock: MockClock) -> None:
    hub, wire = Hub(), Wire(0.0)
    wire.say({"type": "hello", "proto": [1], "username": "alice"})

    async def speak() -> None:
        while not wire.closed:
            wire.say(REPORT | {"rev": 1})
            await trio.sleep(0.001)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Conversation(wire.receive, wire.send, hub, Handshake(HERE, None)).run)
        nursery.start_soon(speak)
        await trio.sleep(1)
        assert hub.link is not None
        hub.link.end(4003, "enough")
    assert (wire.closed, hub.left) == (4003, 1)
