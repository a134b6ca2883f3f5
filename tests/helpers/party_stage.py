"""A home with simulated players, its party agent, and an orchestrator that says what a test wants.

There are two stages: one in memory, on virtual time, where a minute costs nothing, and one on real sockets with a
simulated Plex server.
"""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from segue.actors import party_kept
from segue.actors.party_agent import AgentSettings, PartyAgent
from segue.actors.party_home import HomePlayer, HomeSeen
from segue.actors.party_line import Link
from segue.actors.party_media import Match, Missing
from segue.actors.party_player import Screen, Trouble
from segue.actors.party_plex import HomePlex
from segue.actors.party_socket import LineError
from segue.adapters.companion import PlayerUnreachable
from segue.adapters.companion_timeline import Polled, Timeline
from segue.adapters.http_client import HttpClient
from segue.adapters.plex import PlexError
from segue.adapters.plex_xml import PlayerInfo
from segue.core.party.home import HomeSeat
from segue.core.state import State
from segue.demo.plex_catalogue import make_film
from segue.demo.plex_library import Item
from segue.demo.plex_server import PlexServer
from segue.demo.video_engine import Cassette, Film
from segue.demo.video_player import SimulatedVideo
from segue.interfaces.party_protocol import FilmBody
from segue.runtime.http import ClientGoneError
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Store
from segue.secret import Secret
from tests.demo.heos_client import fresh_host
from tests.helpers.party_script import PATIENCE_S, Heard, Orchestrator, SocketOrchestrator

CALL_S = 2.0
SESSION = "k3x9qa"
PASSKEY = "canary-passkey-8842"
OWNER_TOKEN = "canary-owner-token-11"
FILM_S = 3600
GONE = 1006


class MemoryLink:
    """A connection without a network, as the agent has it."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self.close_code, self.close_reason = GONE, ""
        self._orchestrator = orchestrator
        self._down, self._heard = trio.open_memory_channel[str](math.inf)
        orchestrator.said_to = self._say
        orchestrator.tell()

    async def _say(self, text: str) -> None:
        if self._orchestrator.said_to == self._say:
            await self._down.send(text)

    async def receive(self) -> str | bytes | None:
        """Wait for the next message."""
        try:
            return await self._heard.receive()
        except trio.EndOfChannel:
            return None

    async def send(self, message: str) -> None:
        """Send a message."""
        if self._orchestrator.said_to != self._say:
            raise ClientGoneError("gone")
        await self._orchestrator.take(message, self._say)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say that we close."""
        self.end(code, reason)

    def end(self, code: int, reason: str = "") -> None:
        """End the connection, from either side."""
        self.close_code, self.close_reason = code, reason
        if self._orchestrator.said_to == self._say:
            self._orchestrator.said_to = None
        self._down.close()


# ------------------------------------------------------------------ players in memory


class EngineScreen:
    """A simulated player without a network, with its troubles."""

    def __init__(self, player: SimulatedVideo, film: Film) -> None:
        self.player, self.film = player, film
        self.heard: list[tuple[str, int]] = []
        self.there = True
        self.prerolls = 0
        """Trailers that are shown before the film; `skipTo` goes to the next."""

    async def _obeys(self, verb: str, position_ms: int = 0) -> bool:
        """Be asked for something: say whether it is to be done."""
        await trio.sleep(self.player.profile.poll_rtt_s / 2)
        if not self.there:
            await trio.sleep(CALL_S)
            raise PlayerUnreachable("nobody there")
        self.heard.append((verb, position_ms))
        return verb not in self.player.troubles.lie

    async def _answers(self, verb: str) -> None:
        await trio.sleep(CALL_S if verb in self.player.troubles.hang else self.player.profile.poll_rtt_s / 2)

    async def play(self) -> object:
        """Go on."""
        return await self._toggle("play", wanted=True)

    async def pause(self) -> object:
        """Stand still."""
        return await self._toggle("pause", wanted=False)

    async def _toggle(self, verb: str, *, wanted: bool) -> object:
        engine = self.player.engine
        if await self._obeys(verb):
            runs = not engine.wants_to_run if self.player.profile.toggles else wanted
            await (engine.play() if runs else engine.pause())
        await self._answers(verb)
        return None

    async def stop(self) -> object:
        """Leave the film."""
        if await self._obeys("stop"):
            await self.player.engine.stop()
        await self._answers("stop")
        return None

    async def seek_to(self, position_ms: int) -> object:
        """Go to a position."""
        if await self._obeys("seekTo", position_ms):
            await self.player.engine.seek(self._whole(position_ms))
        await self._answers("seekTo")
        return None

    async def show(self, media: str, position_ms: int) -> object:
        """Show a film."""
        if await self._obeys("playMedia", position_ms):
            ignored = self.player.troubles.ignore_offsets > 0
            self.player.troubles.ignore_offsets -= ignored
            cassette = Cassette(Film(media, self.film.duration_ms))
            await self.player.engine.load(cassette, 0 if ignored else self._whole(position_ms), paused=False)
        await self._answers("playMedia")
        return None

    async def skip_to(self, media: str) -> object:
        """Go on to the next item of the queue."""
        if await self._obeys("skipTo") and self.prerolls:
            self.prerolls -= 1
            if not self.prerolls:
                await self.player.engine.load(Cassette(Film(media, self.film.duration_ms)), 0, paused=False)
        await self._answers("skipTo")
        return None

    async def poll(self) -> Polled:
        """Ask the timeline."""
        asked_at = trio.current_time()
        await trio.sleep(self.player.profile.poll_rtt_s / 2)
        if not self.there or "poll" in self.player.troubles.hang:
            await trio.sleep(CALL_S)
            raise PlayerUnreachable("no answer")
        engine = self.player.engine
        shown = await engine.shown()
        if self.prerolls and engine.cassette is not None:
            trailer = Timeline("playing", 1000, 30_000, rating_key=f"900{self.prerolls}")
            return Polled(trailer, asked_at, trio.current_time())
        claims: Any = self.player.troubles.claims or shown.state
        key = "" if engine.cassette is None else engine.cassette.film.rating_key
        await trio.sleep(self.player.profile.poll_rtt_s / 2)
        return Polled(Timeline(claims, shown.time_ms, rating_key=key), asked_at, trio.current_time())

    def why(self, trouble: Trouble, error: PlexError | None) -> tuple[str, str]:
        """Say what is wrong."""
        return {"": ("", ""), "no_route": ("no_route", "gone"), "not_loading": ("app_closed", str(error))}[
            trouble
        ]

    def _whole(self, position_ms: int) -> int:
        return position_ms - position_ms % self.player.profile.quantum_ms


class MemoryAgent(PartyAgent):
    """The agent itself, with its outside in memory."""

    house: "Stage"

    async def _dial(self, nursery: trio.Nursery) -> Link:
        self._target = await self._targets.choose()
        if self._target is None:
            raise LineError(self._targets.problem, again="never")
        if not self.house.orchestrator.there:
            raise LineError("nobody listens there")
        self.house.link = MemoryLink(self.house.orchestrator)
        return self.house.link

    async def look(self, younger_than_s: float) -> HomeSeen:
        """Give what the test says."""
        before = self._devices()
        self._seen = HomeSeen(tuple(self.house.seen.values()))
        if self._talk is not None and self._devices() != before:
            self._talk.hello_again()
        return self._seen

    async def find(self, film: FilmBody) -> Match | Missing:
        """Give what the test says."""
        await trio.sleep(0.05)
        return self.house.found.get(film.title) or Missing("no_film", f"{film.title} is not here.")

    def screen(self, player: HomePlayer, match: Match) -> Screen:
        """Give the simulated player."""
        return self.house.screens[player.device_id]


# ------------------------------------------------------------------ the stage


def member(device: str, title: str = "TV", **more: Any) -> Heard:
    """What the user's player is in the session."""
    return {"type": "member", "session": SESSION, "role": "guest", "device": device, "title": title} | more


class Stage:
    """What a test of one home needs, in memory or not."""

    orchestrator: Orchestrator
    agent: PartyAgent

    def __init__(self, directory: Path, nursery: trio.Nursery) -> None:
        self.directory, self.nursery = directory, nursery
        self.store = Store(State(), MemoryJournal())
        self.players: dict[str, SimulatedVideo] = {}
        self.film: Heard = {}
        """The party's."""
        self.rev = 0
        self._running = trio.CancelScope()
        # in memory
        self.link: MemoryLink | None = None
        self.screens: dict[str, EngineScreen] = {}
        self.seen: dict[str, HomePlayer] = {}
        self.found: dict[str, Match] = {}

    def settings(self, **changes: Any) -> AgentSettings:
        """What the agent is started with."""
        given: dict[str, Any] = {"state_dir": self.directory, "username": "alice", "gdm": False}
        given |= {"passkey": Secret(PASSKEY), "orchestrator": "ws://192.0.2.1/ws"}
        return AgentSettings(**(given | {"authorized": tuple(self.players)} | changes))

    def make_agent(self, settings: AgentSettings) -> PartyAgent:
        """Make the agent."""
        agent = MemoryAgent(self.store, settings, None)
        agent.house = self
        return agent

    def start_agent(self, **changes: Any) -> PartyAgent:
        """Start the agent."""
        self.agent = self.make_agent(self.settings(**changes))
        self._running = trio.CancelScope()
        self.nursery.start_soon(self._run, self.agent, self._running)
        return self.agent

    async def _run(self, agent: PartyAgent, scope: trio.CancelScope) -> None:
        with scope:
            await agent.run()

    def stop_agent(self) -> None:
        """End the agent."""
        self._running.cancel()

    async def seated(self, **more: Any) -> None:
        """Start the agent and give each player a seat."""
        titles = [(key, player.info.title) for key, player in self.players.items()]
        self.orchestrator.on_hello = [member(key, title, **more) for key, title in titles]
        self.start_agent()
        await self.orchestrator.hears("hello")

    async def playing(self, position_ms: int = 600_000) -> tuple[SimulatedVideo, Heard]:
        """Have the film run in step; gives the first player and the line."""
        await self.seated()
        line = self.line("playing", position_ms)
        await self.orchestrator.say(**line)
        for key, player in self.players.items():
            await self.orchestrator.hears("report", note="in_step", device=key)
            await self.settles(player, line)
        return next(iter(self.players.values())), line

    @property
    def seats(self) -> tuple[HomeSeat, ...]:
        """What this house knows of its players in parties."""
        return self.store.state.party.home.seats

    def commands(self, device: str = "tv-1") -> list[str]:
        """The commands that a player got."""
        if device in self.screens:
            return [verb for verb, _ in self.screens[device].heard]
        return [heard.verb for heard in self.players[device].face.heard]

    def vanish(self) -> None:
        """Let the orchestrator be gone, without a word."""
        assert self.link is not None
        self.orchestrator.there = False
        self.link.end(GONE)

    def come_back(self) -> None:
        """Let the orchestrator be there again."""
        self.orchestrator.there = True

    def line(
        self, phase: str, position_ms: int, rate: float = 1.0, *, in_s: float = 0.0, **more: Any
    ) -> Heard:
        """A new state of the session: at `position_ms` in `in_s` seconds."""
        self.rev += 1
        state = {"type": "state", "session": SESSION, "rev": self.rev, "phase": phase, "item": 0}
        state |= {"film": self.film, "position_ms": position_ms, "rate": rate}
        return state | {"at": self.orchestrator.now() + in_s, "why": "start"} | more

    def drift_ms(self, player: SimulatedVideo, line: Heard) -> float:
        """How far a player really is ahead of a line (+) or behind it (-)."""
        since_s = self.orchestrator.now() - line["at"]
        moved_s = max(0.0, since_s) if line["rate"] else min(0.0, since_s)
        return float(player.truth_ms() - (line["position_ms"] + 1000 * moved_s))

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        await self.orchestrator.until(holds)

    async def settles(self, player: SimulatedVideo, line: Heard, within_ms: float = 150.0) -> None:
        """Wait until a player runs with a line."""
        await self.until(lambda: player.engine.is_moving() and abs(self.drift_ms(player, line)) <= within_ms)


@asynccontextmanager
async def in_memory(directory: Path, *players: tuple[str, str, str]) -> AsyncIterator[Stage]:
    """A home without a network: (identifier, title, profile) for each player. For virtual time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(party_kept, "off_the_loop", at_once)
        async with _stage(directory, *players) as house:
            yield house


async def at_once(job: Callable[[], Any]) -> Any:
    """Do what would be done in a thread: virtual time waits for none."""
    await trio.lowlevel.checkpoint()
    return job()


@asynccontextmanager
async def _stage(directory: Path, *players: tuple[str, str, str]) -> AsyncIterator[Stage]:
    async with trio.open_nursery() as nursery:
        house = Stage(directory, nursery)
        house.orchestrator = Orchestrator()
        film = Film("51", FILM_S * 1000, "plex://movie/0a1b2c", "A Long Evening")
        house.film = {"duration_ms": film.duration_ms, "guid": film.guid, "title": film.title}
        house.found[film.title] = Match("server-1", film.rating_key, film.title, film.duration_ms)
        for number, (key, title, profile) in enumerate(players):
            player = SimulatedVideo(profile, title=title, machine_identifier=key, seed=number)
            info = PlayerInfo(key, title, player.profile.product, "", "192.0.2.9", 32500, ())
            house.players[key], house.screens[key] = player, EngineScreen(player, film)
            house.seen[key] = HomePlayer(key, title, info)
        yield house
        nursery.cancel_scope.cancel()


class SocketStage(Stage):
    """A home with a Plex server and players on the network."""

    orchestrator: SocketOrchestrator
    server: PlexServer
    http: HttpClient

    def settings(self, **changes: Any) -> AgentSettings:
        """What the agent is started with."""
        return super().settings(**({"orchestrator": self.orchestrator.url} | changes))

    def make_agent(self, settings: AgentSettings) -> PartyAgent:
        """Make the agent."""
        plex = HomePlex(self.http, self.server.url, lambda: OWNER_TOKEN, "client-1")
        return PartyAgent(self.store, settings, plex)


def body_of(film: Item, **changes: Any) -> Heard:
    """A film of the server as a party names it."""
    body = {"duration_ms": film.duration_ms, "guid": film.guid, "title": film.title}
    return body | {"filename": film.files[0].path.rpartition("/")[2]} | changes


@asynccontextmanager
async def on_sockets(directory: Path, *players: tuple[str, str, str]) -> AsyncIterator[SocketStage]:
    """A home on the network: (identifier, title, profile) for each player."""
    with trio.fail_after(4 * PATIENCE_S):
        async with (
            PlexServer(host=fresh_host(), port=0, token=OWNER_TOKEN) as server,
            HttpClient("segue-test/1") as http,
            trio.open_nursery() as nursery,
        ):
            house = SocketStage(directory, nursery)
            house.server, house.http, house.orchestrator = server, http, SocketOrchestrator()
            house.film = body_of(server.arrives("movie", make_film("A Long Evening", 2001, FILM_S)))
            await nursery.start(house.orchestrator.serve)
            for number, (key, title, profile) in enumerate(players):
                named: dict[str, Any] = {"title": title, "machine_identifier": key, "host": fresh_host()}
                player = SimulatedVideo(profile, seed=number, server=server, **named)
                await nursery.start(_open, player)
                house.players[key] = player
            yield house
            nursery.cancel_scope.cancel()


async def _open(
    player: SimulatedVideo, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    async with player:
        task_status.started()
        await trio.sleep_forever()
