"""Ten virtual minutes of a house in which everything goes wrong, from one seed.

The store, the core, the actors, the HEOS adapter and the simulated speaker are the real ones; only sockets, the disk
and Plex are replaced by memory. The same seed gives the same trace. A first phase is for safety (whatever happens, some
things never do), a second one, after everything has been healed, for liveness (the house comes to rest as its people
want it).
"""

import hashlib
import itertools
import random
from collections.abc import Callable

import msgspec
import trio
from msgspec.structs import replace as but
from trio.testing import MockClock

from segue.actors.heos_controller import HeosController
from segue.actors.player_remote import PlayerRemote
from segue.actors.session_fetcher import SessionFetcher
from segue.actors.webhook_listener import WebhookListener
from segue.adapters.heos import HeosSystem
from segue.core.actions import Action, ConfigLoaded
from segue.core.music.actions import (
    FadeRequested,
    MuteRequested,
    PauseRequested,
    PlayRequested,
    SkipRequested,
    SourceRequested,
    StopRequested,
    VolumeRequested,
    VolumeStepRequested,
    WebhookHeard,
)
from segue.core.music.levels import base_level
from segue.core.music.state import MusicSettings, Resting, Room, RoomSettings, durable, revived
from segue.core.party.home import AgentLinkChanged, HomeSeat, HomeSeatGone, HomeSeatSeen
from segue.core.state import State
from segue.core.system.actions import DaemonStarted
from segue.demo.heos_speaker import HeosSpeaker
from segue.runtime.inbox import Inbox
from segue.runtime.journal import Entry, MemoryJournal
from segue.runtime.store import Store, action_type
from segue.runtime.supervisor import keep
from tests.sim.determinism import seed_scheduler
from tests.sim.outside import PLAYER, SimPlex

MINUTES = 10
MAX_LEVEL = 60
HEALING_S = 90.0
STEP_UP_MAX = 3
"""Levels that one command may go up while something is heard."""

ROOM = RoomSettings(
    "living",
    plex_player=PLAYER,
    heos_player="Living Room",
    input="inputs/cd",
    max_level=MAX_LEVEL,
    start_level=None,
    film_player="Projector",
    film_input="inputs/tv",
    film_level=45,
)
SEAT = HomeSeat("k3x9qa", "projector-1", "Projector", "lobby", film="Sunrise")
EVENING = (
    *("gathering", "playing", "playing", "paused", "playing", "intermission", "intermission", "playing"),
    *("waiting", "playing", "ended"),
)
"""How a party goes on, by one word each time."""


class ViolationError(AssertionError):
    """Something happened that never may."""


class SimClock:
    """Virtual time for the stamps, and dice from the seed."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def now_at(self) -> float:
        return trio.current_time()

    def wall_at(self) -> float:
        return 1_800_000_000.0 + trio.current_time()

    def entropy(self) -> int:
        return self._dice.getrandbits(64)


class SimJournal(MemoryJournal):
    """A journal on a disk that is sometimes slow; what was committed survives a crash."""

    def __init__(self, nursery: trio.Nursery, dice: random.Random) -> None:
        super().__init__(commit_at_once=False)
        self._nursery, self._dice = nursery, dice
        self.slow = False
        self.kept = State()
        self.dead = False

    def append(self, entries: object) -> None:
        super().append(entries)  # type: ignore[arg-type]
        self._nursery.start_soon(self._commit_later, self.entries[-1])

    async def _commit_later(self, last: Entry) -> None:
        await trio.sleep(self._dice.uniform(0.2, 1.5) if self.slow else self._dice.uniform(0.0005, 0.01))
        if not self.dead:
            self.kept = last.after
            self._on_committed(last.stamp.seq)


class SimHouse:
    """One seed's house."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.plex = SimPlex(random.Random(seed + 1))
        self.speaker = HeosSpeaker(host=None, seed=seed, reboot_s=5.0)
        self.speaker.faults.latency_s = self.dice.choice([0.002, 0.01, 0.025, 0.1])
        self.trace = hashlib.blake2b(digest_size=16)
        self.steps = 0
        self.daemon = trio.CancelScope()
        self.story: list[str] = []
        self.evening = itertools.cycle(EVENING)
        self.store: Store
        self.listener: WebhookListener
        self.journal: SimJournal
        self._kept = State()
        self._started = trio.Event()

    # ---------------------------------------------------------------- the daemon

    async def live(self) -> None:
        """Run the daemon; after a crash, run it again with what was committed."""
        while True:
            with trio.CancelScope() as self.daemon:
                await self._process()
            self.journal.dead = True
            self._kept = self.journal.kept
            await trio.sleep(self.dice.uniform(0.3, 3.0))

    async def _process(self) -> None:
        async with trio.open_nursery() as nursery:
            self.journal = SimJournal(nursery, random.Random(self.seed + 2))
            state = State(music=revived(durable(self._kept.music)))
            self.store = Store(state, self.journal, clock=SimClock(random.Random(self.seed + 3)))
            self.listener = WebhookListener(self.store)
            post = self._post
            fetch, heos, remote = (Inbox(self.store.drop) for _ in range(3))
            for owner, inbox in (
                ("session_fetcher", fetch),
                ("heos_controller", heos),
                ("player_remote", remote),
            ):
                self.store.own(owner, inbox.put)
            self.store.own("log", lambda _effect: None)
            controller = HeosController(self.store, heos, self._system)
            nursery.start_soon(keep, "webhook_listener", self.listener.run, post)
            nursery.start_soon(
                keep, "session_fetcher", SessionFetcher(self.store, fetch, self.plex).run, post, fetch
            )
            player_remote = PlayerRemote(self.store, remote, self.plex, self.plex)
            nursery.start_soon(keep, "player_remote", player_remote.run, post, remote)
            nursery.start_soon(keep, "heos_controller", controller.run, post, heos)
            nursery.start_soon(self.store.run)
            nursery.start_soon(self._watch)
            self.store.dispatch(DaemonStarted("sim"), by="sim")
            self.store.dispatch(ConfigLoaded(MusicSettings(rooms=(ROOM,), plex_configured=True)), by="sim")
            self._started.set()

    def _post(self, action: Action) -> None:
        self.store.post(action, by="supervisor")

    def _system(self, hear: Callable[..., None]) -> HeosSystem:
        async def connect(_host: str, _port: int) -> trio.abc.Stream:
            await trio.sleep(0.001)
            return self.speaker.connect()

        return HeosSystem(("speaker",), on_event=hear, jitter=self.dice.random, open_stream=connect)

    async def _watch(self) -> None:
        """Put every step into the trace, and check what may never happen."""
        subscription = self.store.subscribe(limit=100_000)
        while True:
            for entry in await subscription.get():
                self.steps += 1
                self.trace.update(f"{entry.stamp.now_at:.6f} {action_type(entry.action)}".encode())
                self.trace.update(msgspec.json.encode(entry.action))
                self._check(entry)

    def _check(self, entry: Entry) -> None:
        if action_type(entry.action) == "system.actor_failed":
            raise ViolationError(f"an actor failed: {entry.action}")
        if any(len(room.sent) > 250 for room in entry.after.music.rooms):
            raise ViolationError("the list of echoes grows without end")

    def check_speaker(self) -> None:
        """Check what arrived at the device: never too loud, never two levels at once, never a jump upwards."""
        for command in self.speaker.sent("player/set_volume"):
            level = int(command.args["level"])
            if not 0 <= level <= MAX_LEVEL:
                raise ViolationError(f"level {level} was sent; the limit is {MAX_LEVEL}")

    # ---------------------------------------------------------------- what people and fate do

    async def misfortune(self) -> None:
        """Let something happen every few seconds."""
        end = trio.current_time() + MINUTES * 60
        while trio.current_time() < end:
            await trio.sleep(self.dice.expovariate(1 / 4.0))
            happening = self.dice.choice(self.HAPPENINGS)
            self.story.append(f"{trio.current_time():8.2f} {happening.__name__}")
            happening(self)

    def _ask(self, action: Action) -> None:
        if self._started.is_set():
            self.store.dispatch(action, by="sim")

    def _hook(self) -> None:
        """Send the webhook: mostly once, sometimes twice, late, or never."""
        for _ in range(self.dice.choice([0, 1, 1, 1, 1, 2]) if self._started.is_set() else 0):
            self.listener.hear(WebhookHeard("media.play"))

    def player_plays(self) -> None:
        self.plex.state = "playing"
        self._hook()

    def player_pauses(self) -> None:
        if self.plex.state is not None:
            self.plex.state = "paused"
        self._hook()

    def player_stops(self) -> None:
        self.plex.state = None
        self._hook()

    def player_goes_on(self) -> None:
        self.plex.rating_key += 1
        self._hook()

    def player_is_deaf(self) -> None:
        self.plex.obeys = not self.plex.obeys

    def plex_suffers(self) -> None:
        self.plex.health = self.dice.choice(["well", "well", "down", "hangs", "garbage"])

    def plex_restarts(self) -> None:
        self.plex.session_key += 1

    def knob(self) -> None:
        if self._can_act():
            self.speaker.turn_knob(self.speaker.pid, self.dice.randrange(0, 101))

    def person_selects(self) -> None:
        if self._can_act():
            self.speaker.select_input(
                self.speaker.pid, self.dice.choice(["inputs/cd", "inputs/tv", "inputs/phono"])
            )

    def person_plays_radio(self) -> None:
        if self._can_act():
            self.speaker.play_radio(self.speaker.pid, "Radio Nine")

    def asks_volume(self) -> None:
        self._ask(VolumeRequested("living", self.dice.randrange(0, 70)))

    def asks_step(self) -> None:
        self._ask(VolumeStepRequested("living", self.dice.choice(["up", "down"])))

    def asks_fade(self) -> None:
        self._ask(FadeRequested("living", self.dice.randrange(0, 61), self.dice.uniform(0, 4)))

    def asks_pause(self) -> None:
        self._ask(PauseRequested("-"))

    def asks_play(self) -> None:
        self._ask(PlayRequested("-"))

    def asks_stop(self) -> None:
        self._ask(StopRequested("-"))

    def asks_next(self) -> None:
        self._ask(SkipRequested("-", "next"))

    def asks_mute(self) -> None:
        self._ask(MuteRequested("-"))

    def asks_source(self) -> None:
        self._ask(SourceRequested("living", self.dice.choice(["cd", "tv", "phono"])))

    def link_resets(self) -> None:
        self.speaker.drop_connections()

    def link_freezes(self) -> None:
        self.speaker.freeze_connections()

    def speaker_reboots(self) -> None:
        if self._can_act():
            self.speaker.reboot()

    def speaker_is_slow(self) -> None:
        self.speaker.faults.latency_s = self.dice.choice([0.002, 0.01, 0.025, 0.1, 0.3])

    def answers_are_lost(self) -> None:
        self.speaker.faults.lose_next += self.dice.randrange(1, 3)

    def answers_are_late(self) -> None:
        self.speaker.faults.late_s = 6.0
        self.speaker.faults.late_next += 1

    def answers_are_garbage(self) -> None:
        self.speaker.faults.malformed_next += 1

    def events_are_thin(self) -> None:
        self.speaker.faults.volume_interval_s = self.dice.choice([0.0, 0.0, 0.3, 1.0])

    def events_are_doubled(self) -> None:
        self.speaker.faults.duplicate_events = not self.speaker.faults.duplicate_events

    def disk_is_slow(self) -> None:
        self.journal.slow = not self.journal.slow

    def party_goes_on(self) -> None:
        phase = next(self.evening)
        cued = phase == "intermission" and self.dice.random() < 0.3
        seat = but(SEAT, phase=phase, cued=cued, in_step=self.dice.random() < 0.9)
        self._ask(AgentLinkChanged(True, "ws://loopback"))
        self._ask(HomeSeatSeen(seat))

    def party_loses_its_seat(self) -> None:
        self._ask(HomeSeatGone(SEAT.party_id, SEAT.device_id))

    def orchestrator_is_lost(self) -> None:
        self._ask(AgentLinkChanged(False, "ws://loopback", "simulated"))

    def daemon_is_killed(self) -> None:
        self._started = trio.Event()
        self.daemon.cancel()

    def _can_act(self) -> bool:
        return self.speaker._plugged.is_set()

    HAPPENINGS = (
        *itertools.repeat(player_plays, 4),
        *itertools.repeat(player_pauses, 3),
        *itertools.repeat(player_goes_on, 2),
        *itertools.repeat(knob, 3),
        *itertools.repeat(asks_pause, 2),
        *itertools.repeat(asks_play, 2),
        *itertools.repeat(party_goes_on, 5),
        party_loses_its_seat,
        orchestrator_is_lost,
        player_stops,
        player_is_deaf,
        plex_suffers,
        plex_suffers,
        plex_restarts,
        person_selects,
        person_plays_radio,
        asks_volume,
        asks_step,
        asks_fade,
        asks_stop,
        asks_next,
        asks_mute,
        asks_source,
        link_resets,
        link_freezes,
        speaker_reboots,
        speaker_is_slow,
        answers_are_lost,
        answers_are_late,
        answers_are_garbage,
        events_are_thin,
        events_are_doubled,
        disk_is_slow,
        daemon_is_killed,
    )

    # ---------------------------------------------------------------- the end

    async def heal(self) -> None:
        """Take every fault away, let the house come to rest, and look at it."""
        faults = self.speaker.faults
        faults.latency_s = 0.01
        faults.lose_next = faults.late_next = faults.malformed_next = 0
        faults.volume_interval_s = 0.0
        faults.duplicate_events = False
        self.plex.health, self.plex.obeys = "well", True
        self.journal.slow = False
        self._ask(AgentLinkChanged(True, "ws://loopback"))
        self.party_loses_its_seat()
        await trio.sleep(90.0)  # what was asked last may still take its course, and a party be given up
        self.plex.state = None
        await trio.sleep(HEALING_S)
        self.check_speaker()
        room = self.room
        if not room.receiver.available:
            raise ViolationError("the receiver is still not available")
        if not isinstance(room.phase, Resting) or room.in_flight is not None:
            raise ViolationError(f"the room does not rest: {room.phase}")
        if room.kept.faded is not None:
            raise ViolationError(f"the level is not home: {room.kept}")
        level, base = self.speaker.level(), base_level(room)
        if base is None or min(level, MAX_LEVEL) != base:
            raise ViolationError(f"the receiver is at {level}, the person's level is {base}")
        if room.kept.yielded is not None:
            raise ViolationError(f"the party is over, and something is still its: {room.kept.yielded}")
        if room.activity != "stopped":
            raise ViolationError(f"the room believes that the player is {room.activity}")
        if self.store.state.system.journal != "ok":
            raise ViolationError("the journal is not ok")

    @property
    def room(self) -> Room:
        return self.store.state.music.rooms[0]

    async def run(self) -> str:
        """Live through the whole seed; gives the trace's fingerprint."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.speaker.serve)
            nursery.start_soon(self.live)
            await trio.sleep(5.0)
            await self.misfortune()
            await self._started.wait()
            await self.heal()
            nursery.cancel_scope.cancel()
        return self.trace.hexdigest()


def simulate(seed: int) -> tuple[str, SimHouse]:
    """Run one seed; raises what went wrong."""
    seed_scheduler(seed)
    made: list[SimHouse] = []

    async def main() -> str:
        made.append(SimHouse(seed))
        return await made[0].run()

    clock = MockClock(autojump_threshold=0)
    digest = trio.run(main, clock=clock)
    return digest, made[0]
