"""The doors: who may do what, one shape of answer, and requests that end in one action or a clear refusal."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
import trio
from msgspec.structs import replace as but
from starlette.requests import Request
from starlette.responses import Response
from trio.testing import MockClock

from segue.core.music.actions import PauseRequested, SourceChanged, WebhookHeard
from segue.interfaces import events
from segue.interfaces.answers import encode, ok
from segue.interfaces.confirm import Confirmations
from segue.interfaces.control import Caller, Policy, judge
from segue.interfaces.door import PartyParts
from segue.interfaces.http_api import DOORS, application
from segue.interfaces.moment import Moment
from segue.interfaces.views import Json, Surroundings
from segue.runtime.store import Store
from tests.helpers.desk import Desk
from tests.helpers.house import PID, RADIO, House, open_house

TOKEN = "t0ken-of-the-api"


class Peer(msgspec.Struct, frozen=True):
    pid: int
    uid: int
    gid: int


class Door:
    """A house behind the doors, with what the composition root would otherwise bring."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.policy = Policy(api_token=TOKEN)
        self.asked: list[tuple[str | None, int]] = []
        self.confirmations = Confirmations(trio.current_time)
        self.ingest = Desk()
        self.party = PartyParts()

    @property
    def store(self) -> Store:
        return self.house.store

    def moment(self) -> Moment:
        return Moment(trio.current_time(), 1_700_000_000.0)

    def surroundings(self) -> Surroundings:
        return Surroundings("0", 1, "http://127.0.0.1:32400", heos_configured=True, counters={"a": 1})

    async def players(self) -> Json:
        return {"schema": "segue.players/1", "plex": [], "heos": []}

    async def why(self, room: str | None, limit: int) -> Json:
        self.asked.append((room, limit))
        return {"schema": "segue.why/1", "acts": []}

    async def reload(self) -> Json:
        return {"schema": "segue.reload/1", "changed": [], "restart_needed": []}

    async def webhook(self, _request: Request, _secret: str | None) -> Response:
        return ok({"schema": "segue.webhook/1"})


class AsPeer:
    """The application as a caller of a certain uid sees it; no uid: a caller on TCP."""

    def __init__(self, app: Any, uid: int | None) -> None:
        self.app, self.uid = app, uid

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        peer = None if self.uid is None else Peer(1, self.uid, self.uid)
        scope["extensions"] = {**scope.get("extensions", {}), "segue.peer": peer}
        await self.app(scope, receive, send)


@asynccontextmanager
async def at_the_door(
    *, uid: int | None = None, token: str = ""
) -> AsyncIterator[tuple[httpx.AsyncClient, Door, House]]:
    async with open_house() as house:
        door = Door(house)
        transport = httpx.ASGITransport(AsPeer(application(door), uid))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as client:
            yield client, door, house


def path_of(path: str) -> str:
    return path.replace("{room}", "living").replace("{secret}", "s")


async def test_every_route_needs_the_token_on_tcp(autojump_clock: MockClock) -> None:
    async with at_the_door() as (client, _, _):
        for door in DOORS:
            if door.tier == "OPEN" or door.path.endswith("/events"):
                continue
            answer = await client.request(door.method, path_of(door.path))
            assert answer.status_code == 401, door.path
            assert answer.json()["error"]["code"] == "no_token"


async def test_a_wrong_token_is_no_token(autojump_clock: MockClock) -> None:
    async with at_the_door(token="guess") as (client, _, _):
        answer = await client.get("/api/v1/status")
        assert answer.status_code == 401
        assert "guess" not in answer.text


async def test_a_peer_outside_of_the_policy_reads_but_does_not_write(autojump_clock: MockClock) -> None:
    async with at_the_door(uid=1234) as (client, door, house):
        door.policy = Policy(write_uids=frozenset({4321}))
        assert (await client.get("/api/v1/rooms")).status_code == 200
        answer = await client.post("/api/v1/rooms/living/volume", json={"level": 10})
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "not_permitted"
        assert house.sent() == []


def test_every_write_of_the_table_is_judged() -> None:
    policy = Policy(write_uids=frozenset({1}))
    for door in DOORS:
        allowed = judge(Caller(uid=2, gid=2), door.tier, policy) is None
        assert allowed == (door.tier != "WRITE"), door.path
        assert door.method == ("POST" if door.tier == "WRITE" else door.method)


def test_what_is_blocked_has_no_door() -> None:
    assert not [door for door in DOORS if "delete" in door.path or door.method not in ("GET", "POST")]


@pytest.mark.parametrize(
    ("verb", "body", "doing"),
    [
        ("volume", {"level": 30}, "goes to level 30"),
        ("volume", {"direction": "up"}, "goes to level 42"),
        ("mute", {}, "is muted"),
        ("mute", {"muted": False}, "is heard again"),
        ("fade", {"to_level": 10, "duration_s": 2}, "fades to level 10 over 2 s"),
        ("source", {"input": "tv"}, "selects inputs/tv"),
        ("pause", {}, "is stopped already"),
        ("play", {}, "plays, fading in over 1 s"),
        ("next", {}, "goes to the next title"),
    ],
)
async def test_a_request_becomes_one_action(
    autojump_clock: MockClock, verb: str, body: dict[str, Any], doing: str
) -> None:
    async with at_the_door(uid=1000) as (client, _, house):
        before = len(house.journal.entries)
        answer = await client.post(f"/api/v1/rooms/-/{verb}", json=body)
        assert answer.status_code == 202, answer.text
        data = answer.json()["data"]
        assert data["doing"] == doing
        assert data["room"] == "living"
        entry = house.journal.entries[before]
        assert entry.stamp.seq == data["seq"]
        assert entry.by == "uid:1000"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("rooms/attic/volume", '{"level": 3}', 404, "unknown_room"),
        ("rooms/living/volume", '{"level": 61}', 422, "above_max_level"),
        ("rooms/living/volume", '{"level": 101}', 422, "bad_level"),
        ("rooms/living/volume", '{"level": -1}', 422, "bad_level"),
        ("rooms/living/volume", '{"level": "loud"}', 400, "bad_body"),
        ("rooms/living/volume", '{"level": 1, "direction": "up"}', 400, "bad_body"),
        ("rooms/living/volume", "{", 400, "bad_body"),
        ("rooms/living/volume", '{"lvl": 3}', 400, "bad_body"),
        ("rooms/living/fade", '{"to_level": 5, "duration_s": 1e9}', 422, "bad_duration"),
        ("rooms/living/fade", '{"to_level": 5, "duration_s": -1}', 422, "bad_duration"),
        ("rooms/living/source", '{"input": "../etc"}', 422, "bad_input"),
        ("rooms/living/seek", '{"position_ms": 5}', 422, "cannot_seek"),
        ("rooms/living/dance", "{}", 404, "not_found"),
    ],
)
async def test_bad_requests_name_the_thing_and_the_next_step(
    autojump_clock: MockClock, path: str, body: str, status: int, code: str
) -> None:
    async with at_the_door(uid=0) as (client, _, house):
        answer = await client.post(f"/api/v1/{path}", content=body)
        assert answer.status_code == status, answer.text
        problem = answer.json()
        assert problem["ok"] is False
        assert problem["error"]["code"] == code
        assert problem["error"]["message"]
        assert house.sent() == []


async def test_half_a_character_breaks_no_stream_and_no_answer(autojump_clock: MockClock) -> None:
    """JSON of a device, or a path, may carry half a surrogate pair, which UTF-8 cannot."""
    half = "\ud83c"
    async with at_the_door(uid=0) as (client, _, house):
        house.source = but(RADIO, title=half, station=half)
        house.dispatch(SourceChanged(PID, house.source))
        house.dispatch(WebhookHeard("media.play", half, half))
        house.dispatch(PauseRequested(half))
        for path in ("status", "state", "rooms"):
            answer = await client.get(f"/api/v1/{path}")
            assert answer.status_code == 200
            assert json.loads(answer.text)["ok"]
        for frame in events.frames(house.journal.entries):
            assert json.loads(encode(frame))["type"] == frame["type"]


async def test_a_wrong_method_is_refused_by_name(autojump_clock: MockClock) -> None:
    async with at_the_door(uid=0) as (client, _, _):
        for path, method in (
            ("/webhooks/plex", "GET"),
            ("/api/v1/status", "POST"),
            ("/api/v1/status", "DELETE"),
        ):
            answer = await client.request(method, path)
            assert answer.status_code == 405
            assert answer.json()["error"]["code"] == "method_not_allowed"
            assert answer.headers["allow"]


async def test_the_status_tells_what_a_person_can_do(autojump_clock: MockClock) -> None:
    async with at_the_door(token=TOKEN) as (client, _, house):
        house.player("playing")
        await trio.sleep(3)
        status = (await client.get("/api/v1/status")).json()["data"]
        assert status["schema"] == "segue.status/1"
        room = status["rooms"][0]
        assert (room["activity"], room["level"], room["base_level"]) == ("playing", 40, 40)
        assert room["now"]["artist"] == "The Loopbacks"
        assert room["now"]["position_ms"] >= 2000
        assert status["health"] == []
        assert (await client.get("/metrics")).text.startswith("# TYPE segue_up")


async def test_why_is_bounded_and_knows_its_rooms(autojump_clock: MockClock) -> None:
    async with at_the_door(uid=0) as (client, door, _):
        assert (await client.get("/api/v1/why?room=-&limit=5")).status_code == 200
        assert door.asked == [("living", 5)]
        assert (await client.get("/api/v1/why?limit=100000")).status_code == 400
        assert (await client.get("/api/v1/why?room=attic")).status_code == 404


async def test_openapi_describes_every_route(autojump_clock: MockClock) -> None:
    async with at_the_door(uid=0) as (client, _, _):
        document = (await client.get("/openapi.json")).json()
        described = {(m.upper(), p) for p, ops in document["paths"].items() for m in ops}
        assert described == {(door.method, door.path) for door in DOORS}
        names = set(document["components"]["schemas"])
        for reference in json.dumps(document).split('"#/components/schemas/')[1:]:
            assert reference.split('"')[0] in names


async def test_events_begin_with_a_snapshot_and_go_on_with_steps(autojump_clock: MockClock) -> None:
    """The stream is read straight from the application: httpx' in-memory transport waits for an end."""
    async with open_house() as house:
        app = AsPeer(application(Door(house)), 0)
        chunks: list[bytes] = []
        gone = trio.Event()

        async def send(message: Any) -> None:
            chunks.append(message.get("body", b""))

        async def receive() -> Any:
            await gone.wait()
            return {"type": "http.disconnect"}

        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": "/api/v1/events",
            "raw_path": b"/api/v1/events",
            "query_string": b"",
            "headers": [],
            "client": None,
            "server": ("localhost", 80),
            "scheme": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
        }
        async with trio.open_nursery() as nursery:
            nursery.start_soon(app, scope, receive, send)
            await trio.sleep(0.1)
            house.turn_knob(33)
            await trio.sleep(1)
            gone.set()
        frames = [
            json.loads(line[6:]) for line in b"".join(chunks).splitlines() if line.startswith(b"data: ")
        ]
        assert frames[0]["type"] == "snapshot"
        assert frames[0]["data"]["rooms"][0]["level"] == 40
        assert frames[1]["type"] == "music.volume_changed"
        assert frames[1]["data"]["level"] == 33
        assert not house.store._subscriptions
