"""The doors that make and lead watch parties: requests that end in one action or a clear refusal."""

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from segue.interfaces.door import PartyParts
from segue.interfaces.party_api import DOORS
from segue.interfaces.party_home_api import DOORS as HOME_DOORS
from segue.interfaces.views import Json
from tests.interfaces.party_host import FILM, hosting

# ------------------------------------------------------------------ making


async def test_a_party_is_made_and_shown(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.create(starts_at=host.moment().wall_at + 3600, queue=[FILM])
        shown = await host.get(f"parties/{party_id}")
        assert shown["schema"] == "segue.party/1"
        assert (shown["phase"], shown["film"], shown["host"], shown["queue"]) == ("lobby", "Film", "alice", 1)
        assert [film["duration_ms"] for film in shown["films"]] == [8_160_000, 8_160_000]
        assert shown["members"][0] | {"players": []} == {
            "username": "alice",
            "role": "host",
            "present": False,
            "gone_at": shown["members"][0]["gone_at"],
            "protocol": "ours",
            "ignored": False,
            "offset_ms": 0,
            "players": [],
        }
        assert [moment["at_ms"] for moment in shown["intermissions"]] == [3_600_000], (
            "the second is too near the end"
        )
        (listed,) = (await host.get("parties"))["parties"]
        assert listed["party_id"] == party_id
        assert (await host.get("parties/-"))["party_id"] == party_id


async def test_the_journal_knows_who_asked(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        await host.create()
        assert host.house.journal.entries[-1].by == "uid:1000"


async def test_rules_are_those_of_the_house_but_for_what_was_said(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        usual = host.house.store.state.party.settings.rules
        await host.create(rules={"open": True, "intermissions": {"length_s": 300}})
        rules = host.party.rules
        assert (rules.open, rules.intermissions.length_s) == (True, 300)
        assert (rules.late, rules.intermissions.first_s) == (usual.late, usual.intermissions.first_s)
        await host.done("parties/-/rules", {"stall": "wait"})
        assert (host.party.rules.open, host.party.rules.stall) == (True, "wait")
        await host.done("parties/-/rules", {"intermissions": {"enabled": False}})
        assert (host.party.rules.intermissions.enabled, host.party.rules.intermissions.length_s) == (
            False,
            300,
        )


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "bad_body"),
        ({"film": {"duration_ms": 5_000_000}}, 422, "bad_party"),
        ({"film": FILM | {"filename": "a/b.mkv"}}, 422, "bad_party"),
        ({"film": FILM | {"duration_ms": 10}}, 400, "bad_body"),
        ({"film": FILM | {"title": "a\x1b[2J"}}, 400, "bad_body"),
        ({"film": FILM, "starts_at": 5}, 422, "bad_time"),
        ({"film": FILM, "starts_at": 99_999_999_999}, 422, "bad_time"),
        ({"film": FILM, "starts_at": "20:30"}, 400, "bad_body"),
        ({"film": FILM, "host": "x" * 65}, 400, "bad_body"),
        ({"film": FILM, "host": "a\nb"}, 400, "bad_body"),
        ({"film": FILM, "rules": {"stall": "never"}}, 400, "bad_body"),
        ({"film": FILM, "rules": {"intermissions": {"first_s": 5}}}, 422, "bad_party"),
        ({"film": FILM, "queue": [FILM] * 51}, 400, "bad_body"),
        ({"film": FILM, "queue": [FILM] * 50}, 422, "bad_party"),
    ],
)
async def test_a_party_that_cannot_be_is_refused(
    autojump_clock: MockClock, body: Json, status: int, code: str
) -> None:
    async with hosting() as host:
        assert (await host.refused("parties", body))[:2] == (status, code)
        assert not host.parties


# ------------------------------------------------------------------ leading


async def test_a_party_is_led_from_its_start_to_its_end(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.playing()
        for verb, body, phase in (
            ("pause", None, "paused"),
            ("seek", {"position_ms": 61_000}, "paused"),
            ("resume", None, "playing"),
            ("resync", None, "playing"),
            ("resync", {"username": "alice"}, "playing"),
            ("queue", {"films": [FILM | {"title": "Another"}]}, "playing"),
            ("skip", None, "gathering"),
            ("stop", None, "ended"),
        ):
            answer = await host.done(f"parties/{party_id}/{verb}", body)
            assert answer["party"] == party_id
            assert answer["doing"]
            assert host.party.phase_name == phase, verb
        assert await host.refused(f"parties/{party_id}/pause") == (
            422,
            "ended",
            f"Party {party_id} has ended (stopped).",
        )


async def test_members_come_change_and_go(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        await host.create()
        await host.done("parties/-/members", {"username": "bob", "device": "Den"})
        await host.done("parties/-/role", {"username": "bob", "role": "cohost"})
        await host.done("parties/-/offset", {"username": "bob", "offset_ms": -120})
        await host.done("parties/-/ignore", {"username": "bob"})
        bob = host.party.member("bob")
        assert bob is not None
        assert (bob.role, bob.offset_ms, bob.ignored, bob.seats[0].title) == ("cohost", -120, True, "Den")
        await host.done("parties/-/ignore", {"username": "bob", "ignored": False})
        await host.done("parties/-/members", {"username": "bob", "device": "Attic"})
        await host.done("parties/-/members/remove", {"username": "bob", "device": "Den"})
        bob = host.party.member("bob")
        assert bob is not None
        assert [seat.title for seat in bob.seats] == ["Attic"]
        await host.done("parties/-/members/remove", {"username": "bob"})
        assert host.party.member("bob") is None


async def test_the_time_is_set_and_taken_back(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        await host.create()
        at = host.moment().wall_at + 7200
        await host.done("parties/-/schedule", {"starts_at": at})
        assert (await host.get("parties/-"))["starts_at"] == at
        await host.done("parties/-/schedule", {"starts_at": None})
        assert (await host.get("parties/-"))["starts_at"] is None


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("pause", {}, 422, "not_started"),
        ("seek", {"position_ms": -1}, 400, "bad_body"),
        ("seek", {}, 400, "bad_body"),
        ("seek", {"position_ms": 1, "level": 3}, 400, "bad_body"),
        ("members", {"username": ""}, 400, "bad_body"),
        ("members", {"username": " "}, 422, "no_user"),
        ("members", {"username": "eve", "role": "host"}, 422, "not_allowed"),
        ("members", {"username": "eve\x07"}, 400, "bad_body"),
        ("members/remove", {"username": "nobody"}, 422, "not_a_member"),
        ("members/remove", {"username": "alice", "device": "radio"}, 422, "unknown_device"),
        ("offset", {"username": "alice", "offset_ms": 9000}, 422, "bad_offset"),
        ("role", {"username": "alice", "role": "king"}, 400, "bad_body"),
        ("rules", {"intermissions": {"length_s": 86_400}}, 422, "bad_rules"),
        ("queue", {"films": [{"duration_ms": 5000}]}, 422, "bad_queue"),
        ("schedule", {}, 400, "bad_body"),
        ("invite", {"hours": 0}, 400, "bad_body"),
        ("invite", {"role": "host"}, 400, "bad_body"),
        ("invite", {"at": "ftp://there"}, 400, "bad_body"),
        ("invite", {"at": "wss://user:pw@there"}, 400, "bad_body"),
        ("invite", {"at": "wss://[::1"}, 400, "bad_body"),
        ("dance", {}, 404, "not_found"),
    ],
)
async def test_bad_requests_name_the_thing_and_change_nothing(
    autojump_clock: MockClock, path: str, body: Json, status: int, code: str
) -> None:
    async with hosting() as host:
        await host.create()
        before = host.party
        refused = await host.refused(f"parties/-/{path}", body)
        assert refused[:2] == (status, code)
        assert refused[2]
        after = host.party
        assert (after.members, after.films, after.rules, after.invites, after.phase) == (
            before.members,
            before.films,
            before.rules,
            before.invites,
            before.phase,
        )


async def test_an_unknown_party_is_not_found_behind_any_door(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.create()
        bodies: dict[str, Json] = {
            "seek": {"position_ms": 0},
            "members": {"username": "bob"},
            "remove": {"username": "bob"},
            "offset": {"username": "bob", "offset_ms": 0},
            "ignore": {"username": "bob"},
            "role": {"username": "bob", "role": "guest"},
            "queue": {"films": []},
            "schedule": {"starts_at": None},
        }
        for door in DOORS:
            if "{party}" not in door.path:
                continue
            path = door.path.replace("{party}", "zzzzzz")
            answer = await host.client.request(
                door.method, path, json=bodies.get(path.rsplit("/", 1)[1]) if door.method == "POST" else None
            )
            assert answer.status_code == 404, path
            problem = answer.json()["error"]
            assert problem["code"] == "unknown_party"
            assert party_id in problem["hint"]


async def test_the_only_party_is_meant_as_long_as_there_is_one(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        assert (await host.refused("parties/-/pause"))[:2] == (404, "unknown_party")
        first = await host.create()
        await host.done("parties/-/stop")
        second = await host.create()
        assert (await host.done("parties/-/start"))["party"] == second, "one that has ended is not meant"
        third = await host.create()
        answer = await host.post("parties/-/pause")
        assert answer.status_code == 404
        assert answer.json()["error"]["hint"] == f"Parties: {second}, {third}."
        assert first not in answer.text


async def test_a_house_that_hosts_nothing_says_so(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        host.door.party = PartyParts()
        assert await host.refused("parties", {"film": FILM}) == (
            409,
            "hosts_nothing",
            "This segued hosts no parties.",
        )
        assert (await host.refused("parties/-/pause"))[1] == "hosts_nothing"
        assert (await host.refused("parties/-/invite"))[1] == "hosts_nothing"
        assert (await host.get("parties"))["hosts"] is False
        assert (await host.refused("party/agent/join", {"link": "segue-party:?x"}))[:2] == (409, "no_agent")
        assert (await host.get("party/agent"))["running"] is False


# ------------------------------------------------------------------ whatever comes


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "film",
    "username",
    "position_ms",
    "offset_ms",
    "films",
    "starts_at",
    "intermissions",
    "role",
    "link",
)


@settings(deadline=None, max_examples=25)
@given(st.dictionaries(st.sampled_from(NAMES), JUNK, max_size=3) | JUNK)
def test_no_body_breaks_a_door(body: object) -> None:
    """Every answer has the one shape, and none is a mistake of ours."""

    async def try_all() -> None:
        async with hosting() as host:
            await host.create()
            for door in (*DOORS, *HOME_DOORS):
                if door.method == "POST":
                    answer = await host.client.post(door.path.replace("{party}", "-"), json=body)
                    assert answer.status_code in (200, 202, 400, 404, 409, 422), (door.path, answer.text)
                    assert isinstance(answer.json()["ok"], bool)

    trio.run(try_all, clock=MockClock(autojump_threshold=0.0))
