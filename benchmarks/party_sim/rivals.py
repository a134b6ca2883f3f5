"""The rules of others, from their sources, with their constants: anchors to compare with, in the same worlds.

They get what they have in life: agents ask timelines with delay, commands take their time. Where a player that toggles
would be sent a `play` twice, the rules look at the button first, as their clients do. What is simplified is said.
"""

from collections.abc import Callable, Generator
from statistics import median
from typing import Any

from benchmarks.party_sim.kernel import Task
from benchmarks.party_sim.players import Answer
from benchmarks.party_sim.worlds import MEDIA, START_AT, START_POSITION, GroupAction, Viewer, World

Asking = Generator[float, None, tuple[Answer, float]]
TICK = 0.002


class Rules:
    """What all of them share: a group clock on the server, and commands that cross the links."""

    def __init__(self, world: World) -> None:
        self.world, self.kernel = world, world.kernel
        self.playing = False
        self.position, self.since = START_POSITION, 0.0
        self.joined: list[Viewer] = []
        for viewer in world.viewers:
            self.kernel.at(viewer.joins_at, lambda v=viewer: self._enter(v))  # type: ignore[misc]
        self.kernel.at(START_AT, self.start)
        for action in world.actions:
            self.kernel.at(action.at, lambda a=action: self.act(a))  # type: ignore[misc]

    # ---------------------------------------------------------------- the group

    def group(self) -> float:
        """Give the server's idea of the position."""
        return self.position + (self.kernel.now - self.since if self.playing else 0.0)

    def anchor(self, position: float, *, playing: bool) -> None:
        """Set the server's idea."""
        self.position, self.since, self.playing = position, self.kernel.now, playing

    def _enter(self, viewer: Viewer) -> None:
        self.joined.append(viewer)
        self.kernel.spawn(self.home(viewer))
        if viewer.joins_at > START_AT:
            self.join(viewer)

    def start(self) -> None:
        """Begin the film."""
        self.anchor(START_POSITION, playing=True)
        for viewer in self.joined:
            self.down(viewer, lambda v=viewer: v.hop.command(lambda: v.player.load(MEDIA, START_POSITION)))  # type: ignore[misc]

    def join(self, viewer: Viewer) -> None:
        """Somebody comes late."""
        position = self.group()
        self.down(viewer, lambda: viewer.hop.command(lambda: viewer.player.load(MEDIA, position)))

    def act(self, action: GroupAction) -> None:
        """Do what the group asks for."""
        if action.kind == "pause":
            self.anchor(self.group(), playing=False)
            self.everybody(self.pause)
        elif action.kind == "resume":
            self.anchor(self.position, playing=True)
            self.everybody(self.play)
        else:
            self.anchor(max(0.0, self.group() + action.by), playing=self.playing)
            position = self.position
            self.everybody(lambda v: self.seek(v, position))

    def home(self, viewer: Viewer) -> Task:
        """What runs in each home."""
        raise NotImplementedError

    # ---------------------------------------------------------------- means

    def everybody(self, command: Callable[[Viewer], None]) -> None:
        """Send a command down to all homes."""
        for viewer in self.joined:
            self.down(viewer, lambda v=viewer: command(v))  # type: ignore[misc]

    def down(self, viewer: Viewer, call: Callable[[], None]) -> None:
        """Send something to a home."""
        viewer.link.send("down", call)

    def pause(self, viewer: Viewer) -> None:
        """Press pause, unless the button says it is."""
        viewer.hop.command(lambda: viewer.player.pause() if viewer.player.playing_button else None)

    def play(self, viewer: Viewer) -> None:
        """Press play, unless the button says it is."""
        viewer.hop.command(lambda: None if viewer.player.playing_button else viewer.player.play())

    def seek(self, viewer: Viewer, position: float, *, corrects: bool = False) -> None:
        """Seek."""
        viewer.corrections += corrects
        viewer.hop.command(lambda: viewer.player.seek(position))

    def ask(self, viewer: Viewer) -> Asking:
        """Ask the timeline and wait: gives the answer and the round trip."""
        heard: list[tuple[Answer, float]] = []
        viewer.hop.ask(lambda asked, answer: heard.append((answer, self.kernel.now - asked)))
        while not heard:
            yield TICK if viewer.player.profile.rtt < 0.01 else 5 * TICK
        return heard[0]


class Seed(Rules):
    """The seed's protocol: a status a minute from the media server, eight seconds of tolerance."""

    EVERY, THRESHOLD, REPORTED_EVERY = 60.0, 8.0, (10.0, 10.0, 10.0, 20.0)
    PHASES = (0.13, 0.41, 0.66, 0.89)

    def home(self, viewer: Viewer) -> Task:
        """Report what the media server believes, which the player refreshes every 10 or 20 s."""
        view: list[float] = []
        self.kernel.spawn(self._refresh(viewer, view))
        while True:
            yield self.EVERY
            if view:
                offset = view[-1]
                viewer.link.send("up", lambda o=offset: self._status(viewer, o))  # type: ignore[misc]

    def _refresh(self, viewer: Viewer, view: list[float]) -> Task:
        every = self.REPORTED_EVERY[viewer.index % 4]
        yield every * self.PHASES[viewer.index % 4]  # the two rhythms have nothing to do with each other
        while True:
            yield every + 0.013
            answer = viewer.player.timeline()
            if answer.position is not None:
                view[:] = [answer.position]

    def _status(self, viewer: Viewer, offset: float) -> None:
        if self.playing and abs(offset - self.group()) > self.THRESHOLD:
            position = self.group()
            self.down(viewer, lambda: self.seek(viewer, position, corrects=True))


class SyncLounge(Rules):
    """The host's state is copied when it changes: guests seek when more than three seconds off."""

    FLEXIBILITY, FLEXIBILITY_PAUSED, JUMP, POLL = 3.0, 0.01, 0.5, 1.0

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._lag = {v.index: 0.1 for v in world.viewers}

    def act(self, action: GroupAction) -> None:
        """People use the host's player; the others hear of it from its timeline."""
        host = self.world.viewers[0]
        if action.kind == "pause":
            self.pause(host)
        elif action.kind == "resume":
            self.play(host)
        else:
            self.seek(host, max(0.0, host.player.position() + action.by))

    def home(self, viewer: Viewer) -> Task:
        """Poll; the host publishes changes and jumps."""
        last: tuple[str, float] | None = None
        while True:
            yield self.POLL
            answer, rtt = yield from self.ask(viewer)
            if viewer.index or answer.position is None:
                continue
            state = "paused" if answer.state == "paused" else "playing"
            now = (state, answer.position + (rtt / 2 if state == "playing" else 0.0) - self.kernel.now)
            jumped = last is not None and state == "playing" and abs(now[1] - last[1]) > self.JUMP
            if last is None or last[0] != state or jumped:
                here = now[1] + self.kernel.now
                viewer.link.send("up", lambda s=state, p=here: self._publish(s, p))  # type: ignore[misc]
            last = now

    def _publish(self, state: str, position: float) -> None:
        self.anchor(position + (0.03 if state == "playing" else 0.0), playing=state == "playing")
        for viewer in self.joined[1:]:
            self.down(viewer, lambda v=viewer: self.kernel.spawn(self._copy(v)))  # type: ignore[misc]

    def _copy(self, viewer: Viewer) -> Task:
        answer, rtt = yield from self.ask(viewer)
        if answer.position is None:
            return
        target = self.group() + rtt / 2
        allowed = self.FLEXIBILITY if self.playing else self.FLEXIBILITY_PAUSED
        if abs(answer.position + rtt / 2 - target) > allowed:
            self.seek(viewer, target, corrects=self.playing)
        (self.play if self.playing else self.pause)(viewer)


class Syncplay(Rules):
    """State every second; the room is where its slowest member is; who is four seconds ahead is sent back.

    Its client asks its player every 0.1 s; here every 0.5 s, as the thresholds are seconds.
    """

    REWIND, SLOW, SLOW_END, BEHIND, BEHIND_FOR = 4.0, 1.5, 0.1, 5.0, 3.25

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._at: dict[int, tuple[float, float]] = {}

    def act(self, action: GroupAction) -> None:
        """A person's seek moves everybody's reported place as well."""
        super().act(action)
        self._at.clear()

    def _room(self) -> float:
        now = self.kernel.now
        known = [p + (now - t if self.playing else 0.0) for p, t in self._at.values()]
        return min(known) if known else self.group()

    def home(self, viewer: Viewer) -> Task:
        """Report, compare, rewind."""
        behind_since: float | None = None
        slowed = False
        acted = 0.0
        while True:
            yield 0.5
            answer, rtt = yield from self.ask(viewer)
            if answer.position is None:
                continue
            here = answer.position + (rtt / 2 if answer.state == "playing" else 0.0)
            viewer.link.send("up", lambda p=here: self._at.__setitem__(viewer.index, (p, self.kernel.now)))  # type: ignore[misc]
            room = self._room()
            if not self.playing:
                if abs(here - room) > 1.0 and self.kernel.now - acted > 3.0:
                    acted = self.kernel.now
                    self.seek(viewer, room)
                continue
            diff = here - room
            behind_since = (behind_since or self.kernel.now) if diff < -self.BEHIND else None
            if diff > self.REWIND and self.kernel.now - acted > 3.0:
                acted = self.kernel.now
                self.seek(viewer, room, corrects=True)
            elif behind_since and self.kernel.now - behind_since > self.BEHIND_FOR:
                acted, behind_since = self.kernel.now, None
                self.seek(viewer, room + 0.25, corrects=True)
            elif (
                viewer.player.profile.speed
                and (diff > self.SLOW) != slowed
                and not self.SLOW_END < diff <= self.SLOW
            ):
                slowed = diff > self.SLOW
                viewer.hop.command(lambda s=slowed: viewer.player.set_rate(0.95 if s else 1.0))  # type: ignore[misc]


class Jellyfin(Rules):
    """Group waiting as shipped: correction is off, and one member that buffers stops everybody until all are ready.

    Who does not say that it buffers cannot stop anybody: its web clients do not say it either.
    """

    PING_MIN, ASK = 0.5, 0.25

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._waiting: set[int] = set()
        self._wants = True
        self._release = 0

    def start(self) -> None:
        """Everybody loads; the group waits for all."""
        super().start()
        self._wait({v.index for v in self.joined}, START_POSITION)

    def join(self, viewer: Viewer) -> None:
        """A joiner stops the group."""
        super().join(viewer)
        self.world.group_stops += self.playing
        self._hold({viewer.index})

    def _wait(self, who: set[int], position: float) -> None:
        self.anchor(position, playing=False)
        self._waiting |= who
        self._release += 1

    def _hold(self, who: set[int]) -> None:
        position = self.group()
        self._wait(who, position)
        self.everybody(lambda v: self._stand(v, position))

    def _stand(self, viewer: Viewer, position: float) -> None:
        """A pause command carries a position: the client pauses, then seeks there."""
        self.pause(viewer)
        if viewer.player.loaded_at <= self.kernel.now:
            self.kernel.after(0.3, lambda: self.seek(viewer, position))

    def act(self, action: GroupAction) -> None:
        """Pause at once; resume and seek through a wait."""
        if action.kind == "pause":
            self._wants = False
            position = self.group()
            self.anchor(position, playing=False)
            self.everybody(lambda v: self._stand(v, position))
            self._release += 1
        elif action.kind == "resume":
            self._wants = True
            self._go()
        else:
            position = max(0.0, self.group() + action.by)
            self._wait({v.index for v in self.joined}, position)
            self.everybody(lambda v: self._stand(v, position))

    def _ready(self, viewer: Viewer) -> None:
        self._waiting.discard(viewer.index)
        if not self._waiting and self._wants and not self.playing:
            self._go()

    def _go(self) -> None:
        self._release += 1
        number = self._release
        delay = max(self.PING_MIN, 2 * median([0.02, 0.1, 0.15]))

        def unpause() -> None:
            if number == self._release and not self._waiting:
                self.anchor(self.position, playing=True)
                for viewer in self.joined:
                    self.play(viewer)

        self.kernel.after(delay, unpause)

    def home(self, viewer: Viewer) -> Task:
        """Say when it buffers, and when no longer."""
        while True:
            yield self.ASK
            answer, _ = yield from self.ask(viewer)
            if answer.state == "buffering" and self.playing:
                viewer.link.send("up", lambda: self._buffers(viewer))
            elif answer.state in ("playing", "paused") and viewer.index in self._waiting:
                if answer.state == "playing" and not self.playing:
                    self.pause(viewer)
                elif answer.position is not None and abs(answer.position - self.position) > 1.5:
                    self.seek(viewer, self.position)
                    yield 1.0
                else:
                    viewer.link.send("up", lambda: self._ready(viewer))

    def _buffers(self, viewer: Viewer) -> None:
        if self.playing and viewer.index not in self._waiting:
            self.world.group_stops += 1
            self._hold({viewer.index})


RULES: dict[str, Callable[[World], Any]] = {
    "seed": Seed,
    "SyncLounge": SyncLounge,
    "Syncplay": Syncplay,
    "Jellyfin": Jellyfin,
}
