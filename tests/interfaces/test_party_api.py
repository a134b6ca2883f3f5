"""The doors of the watch parties: requests that end in one action or a clear refusal, and views that hide nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from segue.core.actions import Action
from segue.core.party.actions import ClientConnected, SeatReady, SeatReported
from segue.core.party.home import AgentLinkChanged, HomeSeat, HomeSeatSeen
from segue.core.party.nicks import NickAsked
from segue.core.party.settings import Device
from segue.core.party.state import Party, Report
from segue.core.vocabulary import EffectBase
from segue.interfaces.answers import ApiError
from segue.interfaces.door import PartyParts
from segue.interfaces.moment import Moment
from segue.interfaces.party_api import DOORS
from segue.interfaces.party_home_api import DOORS as HOME_DOORS
from segue.interfaces.party_translation import hashed
from segue.interfaces.views import Json
from segue.runtime.clock import HouseClock
from segue.secret import Secret
from tests.helpers.house import House
from tests.interfaces.test_http_api import Door, at_the_door

FILM = {"duration_ms": 8_160_000, "guid": "plex://movie/1", "filename": "Film.mkv", "title": "Film"}
TV = Device("tv-1", "Living Room TV")


class Orchestrator:
    """Implements `interfaces.door.PartyLive` with what a test puts there."""

    def __init__(self) -> None:
        self.known: Json = {}

    def live(self, _party_id: str) -> Json:
        return self.known


class Agent:
    """Implements `interfaces.door.PartyDesk` with what a test puts there."""

    def __init__(self) -> None:
        self.wishes: list[tuple[str, str, int | None, int | None]] = []
        self.links: list[Secret] = []
        self.answer: Json = {"ok": True}
        self.films: list[Json] = []

    def home(self) -> Json:
        return {"username": "alice", "players": [{"title": "Living Room TV"}]}

    async def want(
        self, party_id: str, op: str, position_ms: int | None = None, offset_ms: int | None = None
    ) -> Json:
        self.wishes.append((party_id, op, position_ms, offset_ms))
        return self.answer

    async def join(self, link: Secret) -> Json:
        self.links.append(link)
        return {"orchestrator": "wss://party.example.org/ws", "up": False}

    async def find_film(self, text: str) -> list[Json]:
        if text == "down":
            raise ApiError(503, "plex_down", "Plex does not answer.")
        return self.films


class Host:
    """A house that hosts parties, without connections: the test speaks for the agents."""

    def __init__(self, client: httpx.AsyncClient, door: Door, house: House) -> None:
        self.client, self.house = client, house
        self.effects: list[EffectBase] = []
        self.orchestrator, self.agent = Orchestrator(), Agent()
        self.door = door
        self.clock = HouseClock()
        door.moment = self.moment  # type: ignore[method-assign]  # on the clock that the store stamps with
        door.party = PartyParts(self.orchestrator, self.agent, "wss://party.example.org/ws", 7)
        for owner in ("party_orchestrator", "irc_announcer"):
            house.store.own(owner, self.effects.append)

    def act(self, action: Action) -> None:
        self.house.store.dispatch(action, by="test")

    def moment(self) -> Moment:
        return Moment(self.clock.now_at(), self.clock.wall_at())

    @property
    def parties(self) -> list[Party]:
        return list(self.house.store.state.party.parties.values())

    @property
    def party(self) -> Party:
        (party,) = self.parties
        return party

    async def get(self, path: str) -> Json:
        answer = await self.client.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        data: Json = answer.json()["data"]
        return data

    async def post(self, path: str, body: object = None) -> httpx.Response:
        return await self.client.post(f"/api/v1/{path}", json={} if body is None else body)

    async def done(self, path: str, body: object = None) -> Json:
        answer = await self.post(path, body)
        assert answer.status_code in (200, 202), answer.text
        data: Json = answer.json()["data"]
        return data

    async def refused(self, path: str, body: object = None) -> tuple[int, str, str]:
        answer = await self.post(path, body)
        problem = answer.json()["error"]
        assert answer.json()["ok"] is False
        return answer.status_code, problem["code"], problem["message"]

    async def create(self, **more: object) -> str:
        party_id: str = (await self.done("parties", {"film": FILM, "host": "alice", **more}))["party"]
        return party_id

    def connect(self, username: str, *devices: Device) -> None:
        self.act(ClientConnected(username, f"link-{username}", devices or (TV,)))

    async def playing(self) -> str:
        """A party of alice, that plays."""
        party_id = await self.create()
        self.connect("alice")
        await self.done(f"parties/{party_id}/start")
        self.act(SeatReady("alice", "link-alice", party_id, "tv-1", self.party.rev))
        assert self.party.phase_name == "playing"
        return party_id

    def reports(self, username: str, drift_ms: int, **more: Any) -> None:
        report = Report(rev=self.party.rev, state="playing", drift_ms=drift_ms, sigma_ms=8, **more)
        self.act(SeatReported(username, f"link-{username}", self.party.party_id, "tv-1", report))


@asynccontextmanager
async def hosting() -> AsyncIterator[Host]:
    async with at_the_door(uid=1000) as (client, door, house):
        yield Host(client, door, house)


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


# ------------------------------------------------------------------ invitations


async def test_the_token_of_an_invitation_is_in_that_answer_only(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.create()
        answer = await host.done("parties/-/invite", {"hours": 2})
        link = parse_qs(answer["link"].partition("?")[2])
        (token,) = link["token"]
        assert answer["link"].startswith("segue-party:?at=wss%3A%2F%2Fparty.example.org%2Fws&party=")
        assert link["party"] == [party_id]
        assert 7000 < answer["until"] - host.moment().wall_at <= 7201
        assert answer["encrypted"] is True
        (invite,) = host.party.invites
        assert invite.token_hash == hashed(token)
        assert len(token) >= 32
        state = msgspec.json.encode(msgspec.to_builtins(host.house.store.state))
        journal = repr(host.house.journal.entries)
        for place in (
            state.decode(),
            journal,
            str(await host.get("parties/-")),
            str(await host.get("state")),
        ):
            assert token not in place
        assert "token_hash" not in str(await host.get("parties/-"))


async def test_an_invitation_admits_its_bearer(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        await host.create()
        link = (await host.done("parties/-/invite", {"role": "cohost"}))["link"]
        (token,) = parse_qs(link.partition("?")[2])["token"]
        host.act(ClientConnected("carol", "link-carol", (TV,), invite_hash=hashed(token)))
        carol = host.party.member("carol")
        assert carol is not None
        assert carol.role == "cohost"
        (shown,) = (await host.get("parties/-"))["invites"]
        assert (shown["used_by"], shown["role"]) == ("carol", "cohost")


async def test_an_invitation_needs_an_address(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        await host.create()
        host.door.party = PartyParts(host.orchestrator)
        assert (await host.refused("parties/-/invite"))[:2] == (422, "no_public_url")
        assert not host.party.invites
        answer = await host.done("parties/-/invite", {"at": "http://192.0.2.7:3001"})
        assert (answer["at"], answer["encrypted"]) == ("ws://192.0.2.7:3001/ws", False)


# ------------------------------------------------------------------ looking


async def test_the_live_view_tells_everybodys_drift(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.playing()
        await host.done("parties/-/members", {"username": "bob"})
        host.connect("bob")
        host.reports("alice", -12, note="in_step")
        host.reports("bob", 40)
        host.orchestrator.known = {
            "links": {"alice": {"rtt_ms": 23, "queued": 0}},
            "seats": [
                {"username": "bob", "device_id": "tv-1", "drift_ms": 55, "heard_s": 0.4, "secret": "no"},
                {"username": "carol", "device_id": "tv-9", "drift_ms": 5000},
            ],
        }
        live = await host.get(f"parties/{party_id}/live")
        alice, bob = live["viewers"]
        assert (alice["drift_ms"], alice["rtt_ms"], alice["note"], alice["heard_s"]) == (
            -12,
            23,
            "in_step",
            None,
        )
        assert (bob["drift_ms"], bob["heard_s"], bob["rtt_ms"], bob["sigma_ms"]) == (55, 0.4, None, 8)
        assert live["spread_ms"] == 67
        assert (live["phase"], live["film"], live["duration_ms"]) == ("playing", "Film", 8_160_000)
        assert "secret" not in bob


async def test_a_stall_is_counted_from_when_it_was_first_told(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        await host.playing()
        host.reports("alice", -900, note="stalled")
        (alice,) = (await host.get("parties/-/live"))["viewers"]
        assert alice["stalled_s"] is not None
        host.reports("alice", -20, note="in_step")
        (alice,) = (await host.get("parties/-/live"))["viewers"]
        assert alice["stalled_s"] is None


async def test_the_lobby_says_what_is_missing(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.create()
        host.connect("alice")
        detail = "The app on Living Room TV is closed. Open it."
        host.act(SeatReady("alice", "link-alice", party_id, "tv-1", 1, problem="app_closed", detail=detail))
        (alice,) = (await host.get("parties/-"))["members"]
        (tv,) = alice["players"]
        assert (tv["ready"], tv["problem"], tv["detail"]) == (False, "app_closed", detail)
        assert (await host.get("parties"))["parties"][0]["problems"] == 1
        host.act(SeatReady("alice", "link-alice", party_id, "tv-1", 1))
        assert (await host.get("parties/-"))["members"][0]["players"][0]["ready"] is True


async def test_users_and_players_are_listed(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.create()
        host.connect("alice", TV, Device("den", "Den"))
        host.connect("bob", Device("b", "Bob's"))
        await host.done("parties/-/members", {"username": "carol"})
        users = {user["username"]: user for user in (await host.get("party/users"))["users"]}
        assert list(users) == ["alice", "bob", "carol"]
        assert users["alice"]["parties"] == [{"party_id": party_id, "phase": "lobby", "role": "host"}]
        assert users["bob"]["devices"] == [{"device_id": "b", "title": "Bob's"}]
        assert users["carol"]["present"] is False
        devices = (await host.get("party/devices"))["devices"]
        assert [(d["username"], d["title"], len(d["parties"])) for d in devices] == [
            ("alice", "Living Room TV", 1),
            ("alice", "Den", 0),
            ("bob", "Bob's", 0),
        ]


async def test_the_status_and_the_metrics_speak_of_parties(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        party_id = await host.playing()
        host.act(AgentLinkChanged(up=False, orchestrator="wss://there", reason="it does not answer"))
        seat = HomeSeat("k3x9qa", "tv-1", "Living Room TV", "playing", film="Other")
        host.act(HomeSeatSeen(seat))
        status = await host.get("status")
        assert status["party"]["parties"][0]["party_id"] == party_id
        assert status["party"]["agent"] == {
            "configured": True,
            "up": False,
            "orchestrator": "wss://there",
            "reason": "it does not answer",
        }
        assert "SEG-501" in [item["code"] for item in status["health"]]
        (elsewhere,) = (await host.get("parties"))["elsewhere"]
        assert (elsewhere["party_id"], elsewhere["film"]) == ("k3x9qa", "Other")
        lines = (await host.client.get("/metrics")).text.splitlines()
        for line in (
            'segue_parties{phase="playing"} 1',
            'segue_parties{phase="lobby"} 0',
            "segue_party_clients 1",
            'segue_party_members{present="true"} 1',
            "segue_party_agent_up 0",
        ):
            assert line in lines


async def test_events_tell_what_happens_in_a_party(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        subscription = host.house.store.subscribe()
        await host.playing()
        entries = await subscription.get()
        types = [type(entry.action).__struct_config__.tag for entry in entries]
        assert {"party.create_requested", "party.client_connected", "party.start_requested"} <= set(types)
        host.house.store.unsubscribe(subscription)


# ------------------------------------------------------------------ this home


async def test_this_homes_agent_is_asked(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        agent = await host.get("party/agent")
        assert (agent["running"], agent["username"], agent["players"]) == (
            True,
            "alice",
            [{"title": "Living Room TV"}],
        )
        host.agent.films = [FILM]
        assert (await host.get("party/films?text=film"))["films"] == [FILM]
        assert (await host.client.get("/api/v1/party/films?text=down")).status_code == 503
        for text in ("", "%00", "x" * 300):
            assert (await host.client.get(f"/api/v1/party/films?text={text}")).status_code == 400


async def test_an_invitation_is_taken_and_not_shown(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        link = "segue-party:?at=wss%3A%2F%2Fthere&party=k3x9qa&token=t0ken"
        answer = await host.post("party/agent/join", {"link": link})
        assert answer.status_code == 200
        assert "t0ken" not in answer.text
        assert [secret.reveal() for secret in host.agent.links] == [link]
        assert "t0ken" not in repr(host.house.journal.entries)
        for bad in ("https://there/t0ken", "", "x" * 3000):
            refused = await host.post("party/agent/join", {"link": bad})
            assert refused.status_code == 400
            assert "t0ken" not in refused.text


async def test_a_wish_of_this_home_goes_to_the_orchestrator(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        await host.done("party/agent/want", {"party_id": "k3x9qa", "op": "seek", "position_ms": 61_000})
        assert host.agent.wishes == [("k3x9qa", "seek", 61_000, None)]
        host.agent.answer = {"ok": False, "code": "not_allowed", "message": "No.", "hint": "Ask bob."}
        assert (await host.refused("party/agent/want", {"party_id": "k3x9qa", "op": "pause"}))[:2] == (
            422,
            "not_allowed",
        )
        assert (await host.refused("party/agent/want", {"party_id": "k3x9qa", "op": "seek"}))[0] == 400
        assert (await host.refused("party/agent/want", {"party_id": "k3x9qa", "op": "sing"}))[0] == 400
        assert len(host.agent.wishes) == 2


async def test_a_nick_is_bound_by_the_code_that_its_bearer_tells(autojump_clock: MockClock) -> None:
    async with hosting() as host:
        host.act(NickAsked("al_", username="alice"))
        code = host.house.store.state.party.nicks.asking[0].code
        asking = await host.get("party/nicks")
        assert (asking["asking"][0]["nick"], asking["bindings"]) == ("al_", [])
        assert code not in str(asking)
        assert (await host.refused("party/nicks/confirm", {"code": "NOPE", "username": "alice"}))[0] == 422
        await host.done("party/nicks/confirm", {"code": f" {code.lower()} ", "username": "alice"})
        (bound,) = (await host.get("party/nicks"))["bindings"]
        assert (bound["nick"], bound["username"]) == ("al_", "alice")
        await host.done("party/nicks/unbind", {"nick": "al_"})
        assert (await host.get("party/nicks"))["bindings"] == []


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
