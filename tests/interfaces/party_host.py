"""A house that hosts parties, behind its doors: the test speaks for the agents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from segue.core.actions import Action
from segue.core.party.actions import ClientConnected, SeatReady, SeatReported
from segue.core.party.settings import Device
from segue.core.party.state import Party, Report
from segue.core.vocabulary import EffectBase
from segue.interfaces.answers import ApiError
from segue.interfaces.door import PartyParts
from segue.interfaces.moment import Moment
from segue.interfaces.views import Json
from segue.runtime.clock import HouseClock
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
        self.links: list[str] = []
        self.answer: Json = {"ok": True}
        self.films: list[Json] = []

    def home(self) -> Json:
        return {"username": "alice", "players": [{"title": "Living Room TV"}]}

    async def want(
        self, party_id: str, op: str, position_ms: int | None = None, offset_ms: int | None = None
    ) -> Json:
        self.wishes.append((party_id, op, position_ms, offset_ms))
        return self.answer

    async def join(self, link: str) -> Json:
        self.links.append(link)
        return {"orchestrator": "wss://party.example.org/ws", "joined": False}

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
        door.party = PartyParts(
            live=self.orchestrator, desk=self.agent, invitation_url="wss://party.example.org/ws"
        )
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
