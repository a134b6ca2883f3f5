"""The door of the parties on a real socket, with the `websockets` client: who comes in, what ends it, and why."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import trio
from websockets.exceptions import ConnectionClosed, InvalidStatus

from segue.actors.party_gate import GateSettings
from segue.core.party.requests import PauseRequested, ResumeRequested, SeekRequested, StartRequested
from segue.core.party.settings import PartyRules
from segue.interfaces import party_ws
from segue.runtime.http import Limits
from segue.secret import Secret
from tests.helpers.party_hub import (
    HELLO,
    REGISTER,
    TV,
    Hub,
    hosted,
    messages_of,
    named,
    visiting,
)

OPEN_PARTY = PartyRules(join="anyone", open=True, start_grace_s=0.0)
TABLE = GateSettings(passkeys={"alice": Secret("sesame")})
RIGHT = {"X-Username": "alice", "Authorization": "Bearer sesame"}


# ------------------------------------------------------------------ our protocol


async def test_a_guest_says_hello_and_is_told_all_about_its_parties() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice")
        async with visiting(hub, named("alice")) as alice:
            welcome = await alice.hear()
            assert welcome["type"] == "welcome"
            assert (welcome["proto"], welcome["username"]) == (1, "alice")
            assert welcome["epoch"] == hub.orchestrator.epoch
            member = await alice.until("member", session=party_id)
            assert (member["role"], member["device"]) == ("host", TV["id"])
            state = await alice.until("state", session=party_id)
            assert (state["phase"], state["film"]["filename"]) == ("lobby", "Movie.mkv")


async def test_a_clock_probe_is_answered_with_server_time() -> None:
    async with hosted() as hub, visiting(hub, named("alice")) as alice:
        before = hub.clock.now_at()
        await alice.say({"type": "time", "c0": 88.125})
        answer = await alice.until("time")
        assert answer["c0"] == 88.125
        assert before <= answer["s1"] <= answer["s2"] <= hub.clock.now_at()


async def test_a_wish_is_answered_and_reaches_everybody() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice", rules=OPEN_PARTY)
        async with (
            visiting(hub, named("alice")) as alice,
            visiting(hub, named("bob", session=party_id)) as bob,
        ):
            await bob.until("state", phase="lobby")
            await alice.until("state", phase="lobby")
            await bob.say({"type": "want", "session": party_id, "op": "start", "id": 7})
            refusal = await bob.until("answer", id=7)
            assert (refusal["ok"], refusal["code"]) == (False, "not_allowed")
            assert "bob" in refusal["message"]
            await alice.say({"type": "want", "session": party_id, "op": "start", "id": 8})
            assert (await alice.until("answer", id=8))["ok"]
            assert (await bob.until("state", phase="playing"))["rate"] == 1.0
            await bob.say({"type": "want", "session": party_id, "op": "pause", "id": 9})
            assert (await bob.until("answer", id=9))["ok"], "the party is open"
            assert (await alice.until("state", phase="paused"))["rate"] == 0.0


async def test_a_wish_without_its_number_is_answered_too() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice")
        async with visiting(hub, named("alice")) as alice:
            await alice.say({"type": "want", "session": party_id, "op": "seek", "id": 3})
            answer = await alice.until("answer", id=3)
            assert (answer["ok"], answer["code"]) == (False, "bad_message")


async def test_a_wish_for_a_party_that_is_not_there_is_refused() -> None:
    async with hosted() as hub, visiting(hub, named("alice")) as alice:
        await alice.say({"type": "want", "session": "zzzzzz", "op": "pause", "id": 1})
        assert (await alice.until("answer", id=1))["code"] == "unknown_party"


async def test_a_report_of_a_player_that_is_not_the_users_is_refused_and_goes_nowhere() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice")
        async with visiting(hub, named("alice")) as alice:
            await alice.say({"type": "report", "session": party_id, "device": "radio", "rev": 1})
            assert (await alice.until("error"))["code"] == "unknown_device"
            await alice.say({"type": "report", "session": "zzzzzz", "device": "tv-1", "rev": 1})
            assert (await alice.until("error"))["code"] == "not_a_member"
            assert hub.orchestrator.live(party_id)["seats"] == []


async def test_reports_are_shown_live() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice")
        report = {"type": "report", "session": party_id, "device": "tv-1", "rev": 1, "state": "playing"}
        async with visiting(hub, named("alice")) as alice:
            await alice.say(report | {"drift_ms": -400, "note": "stalled"})
            await alice.say(
                report | {"drift_ms": -12, "sigma_ms": 9, "samples": 8, "note": "in_step", "rtt_ms": 23}
            )
            await alice.say({"type": "time", "c0": 1.0})
            await alice.until("time")
            live = hub.orchestrator.live(party_id)
            (seat,) = live["seats"]
            assert (seat["username"], seat["device_id"], seat["drift_ms"], seat["stalls"]) == (
                "alice",
                "tv-1",
                -12,
                1,
            )
            assert set(live["links"]) == {"alice"}
            assert live["links"]["alice"]["rtt_ms"] == 23
        await hub.until_connected()
        assert hub.orchestrator.live(party_id) == {"links": {}, "seats": []}
    assert hub.orchestrator.live("zzzzzz") == {"links": {}, "seats": []}


async def test_a_session_that_is_not_open_to_anyone_takes_nobody_in_but_the_connection_stays() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice")
        async with visiting(hub, named("bob", session=party_id)) as bob:
            assert (await bob.until("error"))["code"] == "not_invited"
            await bob.say({"type": "time", "c0": 1.0})
            await bob.until("time")
            assert hub.state(party_id).member("bob") is None


async def test_other_devices_may_be_offered_later_on_the_same_connection() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice")
        async with visiting(hub, named("alice", devices=[])) as alice:
            assert (await alice.until("member", session=party_id))["problem"] == "no_device"
            await alice.say(named("mallory"))
            assert (await alice.until("member", session=party_id, device="tv-1"))["title"] == TV["title"]
            assert set(hub.store.state.party.clients) == {"alice"}, (
                "who speaks was settled by the first hello"
            )


# ------------------------------------------------------------------ who speaks


@pytest.mark.parametrize("first", [HELLO, REGISTER], ids=["ours", "old"])
@pytest.mark.parametrize(
    ("query", "headers"),
    [("?username=alice&passkey=sesame", None), ("", RIGHT), ("?username=bob&passkey=wrong", RIGHT)],
    ids=["query", "header", "the header beats the query"],
)
async def test_both_spellings_of_the_handshake_let_both_protocols_in(
    first: dict[str, Any], query: str, headers: dict[str, str] | None
) -> None:
    async with hosted(settings=TABLE) as hub, visiting(hub, first, query=query, headers=headers):
        await hub.until_connected("alice")


async def test_the_first_message_may_carry_the_passkey_but_not_another_name_than_the_handshake() -> None:
    async with hosted(settings=TABLE) as hub:
        async with visiting(hub, named("alice", passkey="sesame")) as alice:
            await alice.until("welcome")
        async with visiting(hub, named("bob", passkey="sesame"), headers={"X-Username": "alice"}) as alice:
            assert (await alice.until("welcome"))["username"] == "alice"


@pytest.mark.parametrize(
    ("query", "headers", "first"),
    [
        ("?username=alice&passkey=wrong", None, None),
        ("", RIGHT | {"Authorization": "Bearer wrong"}, None),
        ("", None, named("alice", passkey="wrong")),
        ("?username=alice", None, REGISTER),
        ("?username=bob&passkey=sesame", None, None),
    ],
    ids=["query", "header", "first message", "no passkey", "somebody else's"],
)
async def test_a_wrong_passkey_is_refused_with_a_sentence_that_does_not_hold_it(
    query: str, headers: dict[str, str] | None, first: Any
) -> None:
    said = [] if first is None else [first]
    async with hosted(settings=TABLE) as hub, visiting(hub, *said, query=query, headers=headers) as guest:
        code, reason = await guest.ended()
        assert code == 1008
        (told,) = messages_of(guest.heard, "error")
        assert told["code"] == "bad_passkey"
        assert "wrong" not in reason + json.dumps(told)
        assert "sesame" not in reason + json.dumps(told)
        assert hub.store.state.party.clients == {}


@pytest.mark.parametrize("username", ["", " ", "x" * 65, "a\u0007b"], ids=["none", "blank", "long", "bell"])
async def test_a_username_that_is_none_is_refused(username: str) -> None:
    async with hosted() as hub, visiting(hub, named(username)) as guest:
        code, reason = await guest.ended()
        assert code in (1002, 1008)
        assert reason
        assert hub.store.state.party.clients == {}


async def test_a_newer_connection_of_a_user_takes_the_place_of_the_older() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice")
        async with visiting(hub, named("alice")) as first:
            await first.until("state", session=party_id)
            async with visiting(hub, named("alice")) as second:
                await second.until("state", session=party_id)
                assert (await first.ended())[0] == 4001
                await first.hang_up()
                await second.say({"type": "want", "session": party_id, "op": "start", "id": 1})
                assert (await second.until("answer"))["ok"]
                assert set(hub.store.state.party.clients) == {"alice"}, "the old socket's end evicts nobody"


async def test_a_page_of_another_site_may_not_speak() -> None:
    async with hosted() as hub:
        with pytest.raises(InvalidStatus) as refused:
            async with visiting(hub, headers={"Origin": "https://elsewhere.example"}):
                pass
        assert refused.value.response.status_code == 403
        async with visiting(hub, named("alice"), headers={"Origin": f"http://127.0.0.1:{hub.port}"}) as alice:
            await alice.until("welcome")


async def test_a_house_that_does_not_host_has_no_door_and_sends_its_guests_away() -> None:
    async with hosted() as hub, visiting(hub, named("alice")) as alice:
        await alice.until("welcome")
        hub.orchestrator.hosting = False
        assert (await alice.ended())[0] == 1001
        with pytest.raises(InvalidStatus) as refused:
            async with visiting(hub):
                pass
        assert refused.value.response.status_code == 404


async def test_behind_a_proxy_loopback_is_no_passkey() -> None:
    async with hosted() as hub:
        headers = {"X-Forwarded-For": "198.51.100.7"}
        async with visiting(hub, named("alice"), headers=headers) as guest:
            assert (await guest.ended())[0] == 1008


# ------------------------------------------------------------------ what ends a conversation


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("nonsense", 1002),
        ("[]", 1002),
        ({"type": "time", "c0": 1.0}, 1002),
        ({"no": "type"}, 1002),
        ({"type": "hello", "proto": [99]}, 1002),
        ({"type": "hello", "proto": []}, 1002),
        (
            {"type": "hello", "proto": [1], "devices": [{"id": f"d{n}", "title": "t"} for n in range(33)]},
            1002,
        ),
        ({"type": "register", "authorized_clients": "all of them"}, 1002),
        (b"\x00\x01", 1003),
        ("[" * 9000, 1002),
    ],
    ids=[
        "no JSON",
        "a list",
        "time",
        "no type",
        "version",
        "none",
        "33 devices",
        "no list",
        "binary",
        "deep",
    ],
)
async def test_a_first_message_that_begins_nothing_ends_it_with_a_reason(first: Any, code: int) -> None:
    async with hosted() as hub, visiting(hub, first) as guest:
        ended, reason = await guest.ended()
        assert (ended, bool(reason)) == (code, True)
        assert messages_of(guest.heard, "error")
        assert hub.store.state.party.clients == {}


async def test_ten_messages_that_cannot_be_read_are_answered_and_the_next_ends_it() -> None:
    bad = [
        "{",
        "[]",
        {"type": "sing"},
        {"type": "ready"},
        {"type": "want", "session": "UPPER!", "op": "pause"},
    ]
    async with hosted() as hub, visiting(hub, named("alice"), *bad, *bad, "{") as alice:
        code, reason = await alice.ended()
        assert code == 4002
        assert "11" in reason
        codes = [message["code"] for message in messages_of(alice.heard, "error")]
        assert codes[:5] == ["bad_json", "bad_message", "unknown_type", "bad_message", "bad_message"]
        assert len(codes) <= 10


@pytest.mark.parametrize(
    ("message", "code"),
    [(b"\x00\x01", 1003), (json.dumps({"type": "time", "x": "y" * 20_000}), 1009)],
    ids=["binary", "giant"],
)
async def test_binary_and_giant_messages_end_it(message: Any, code: int) -> None:
    async with hosted() as hub, visiting(hub, named("alice")) as alice:
        await alice.until("welcome")
        await alice.say(message)
        ended, reason = await alice.ended()
        assert (ended, bool(reason)) == (code, True)
        await hub.until_connected()


async def test_a_flood_ends_it_and_nobody_else_notices() -> None:
    async with hosted() as hub, visiting(hub, named("bob")) as bob, visiting(hub, named("alice")) as alice:
        await alice.until("welcome")
        await bob.until("welcome")
        with suppress(ConnectionClosed):  # while it still speaks
            await alice.say(*['{"type":"time","c0":1}'] * 2000)
        code, reason = await alice.ended()
        assert code == 1008
        assert "a second" in reason
        await bob.say({"type": "time", "c0": 2.0})
        assert (await bob.until("time"))["c0"] == 2.0


async def test_nothing_that_is_said_raises_in_the_house() -> None:
    """Every message, out of turn and about things that are not there; the connection stays or ends with a reason."""
    about = {"session": "zzzzzz", "device": "tv-1", "rev": 2**53}
    said = [
        {"type": "ready", **about, "problem": "no_film", "detail": "\u202e" * 500},
        {"type": "report", **about, "note": "hand_sought", "position_ms": 86_400_000},
        {"type": "report", **about, "drift_ms": -86_400_000, "parking_ms": 600_000},
        {"type": "want", "session": "zzzzzz", "op": "offset", "offset_ms": -2000},
        {"type": "status_update", "filename": "Movie.mkv", "offset": 1},
        {"type": "register"},
        '{"type":"time","c0":1e999}',
    ]
    async with hosted() as hub, visiting(hub, named("alice"), *said) as alice:
        await alice.say({"type": "time", "c0": 5.0})
        assert (await alice.until("time"))["c0"] == 5.0


async def test_silence_after_the_handshake_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(party_ws, "FIRST_MESSAGE_S", 0.05)
    async with hosted() as hub, visiting(hub) as guest:
        assert (await guest.ended())[0] == 1013


async def test_revoked_access_ends_it() -> None:
    async with hosted(settings=TABLE) as hub, visiting(hub, HELLO, headers=RIGHT) as alice:
        await alice.until("welcome")
        hub.gate.change(GateSettings(passkeys={"alice": Secret("other")}), None)
        hub.orchestrator.review()
        assert (await alice.ended())[0] == 4003
        await hub.until_connected()


# ------------------------------------------------------------------ coming back


async def test_whoever_comes_back_hears_what_it_missed_with_a_higher_revision() -> None:
    async with hosted() as hub:
        party_id = hub.party("alice", rules=OPEN_PARTY)
        async with visiting(hub, named("alice")) as alice:
            await alice.until("state", phase="lobby")
            hub.ask(StartRequested(party_id=party_id))
            playing = await alice.until("state", phase="playing")
        await hub.until_connected()
        hub.ask(PauseRequested(party_id=party_id))
        hub.ask(SeekRequested(party_id=party_id, position_ms=600_000))
        async with visiting(hub, named("alice")) as alice:
            assert (await alice.until("welcome"))["epoch"] == hub.orchestrator.epoch
            state = await alice.until("state", session=party_id)
            assert (state["phase"], state["position_ms"]) == ("paused", 600_000)
            assert state["rev"] > playing["rev"]


async def test_a_slow_reader_is_cut_off_and_nobody_else_waits() -> None:
    async with hosted(limits=Limits(write_s=3.0), send_buffer_bytes=4096) as hub:
        party_id = hub.party("alice", rules=OPEN_PARTY)
        async with (
            deaf(hub, named("alice", agent="one that never reads")),
            visiting(hub, named("bob", session=party_id)) as bob,
        ):
            await hub.until_connected("alice", "bob")
            hub.ask(StartRequested(party_id=party_id))
            await bob.until("state", phase="playing")
            while "alice" in hub.store.state.party.clients:
                hub.ask(PauseRequested(party_id=party_id))
                await bob.until("state", phase="paused")
                hub.ask(ResumeRequested(party_id=party_id))
                await bob.until("state", phase="playing")
            await bob.say({"type": "time", "c0": 1.0})
            await bob.until("time")
            assert any(event["kind"] == "left" for event in messages_of(bob.heard, "event"))
        await hub.until_connected()


@asynccontextmanager
async def deaf(hub: Hub, message: Any) -> AsyncIterator[None]:
    """Connect by hand, say something, and never read."""
    with trio.socket.socket() as sock:
        sock.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 2048)
        await sock.connect(("127.0.0.1", hub.port))
        handshake = (
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        body = json.dumps(message).encode()
        assert 125 < len(body) < 65_536, "the length is written in two bytes"
        stream = trio.SocketStream(sock)
        await stream.send_all(
            handshake.encode() + b"\x81\xfe" + len(body).to_bytes(2, "big") + bytes(4) + body
        )
        yield
