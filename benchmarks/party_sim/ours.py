"""Our rules: `segue.core.party.sync` itself, with the smallest possible server around it."""

from benchmarks.party_sim.players import Answer
from benchmarks.party_sim.worlds import MEDIA, START_AT, START_POSITION, GroupAction, Viewer, World
from segue.core.party.sync import target
from segue.core.party.sync.agent import Agent, Tuning
from segue.core.party.sync.clock import Probe
from segue.core.party.sync.controller import advance, new_agent
from segue.core.party.sync.latency import Learned
from segue.core.party.sync.messages import (
    ClockSampled,
    Event,
    LineReceived,
    Load,
    Pause,
    Play,
    PollNow,
    ProbeClock,
    Report,
    SampleArrived,
    SeekTo,
    SetRate,
    TimeCame,
    WakeAt,
)


class Home:
    """Carries out the orders of one agent, on its own clock, and hands it what comes back."""

    def __init__(self, world: World, viewer: Viewer, server: "Server", tuning: Tuning | None) -> None:
        self._world, self._viewer, self._server = world, viewer, server
        learned = Learned(speed=viewer.player.profile.speed)
        self.agent: Agent = new_agent(learned, tuning)
        self._wake = 0
        self.log: list[tuple[float, object]] = []
        self.logs = False

    def feed(self, event: Event) -> None:
        """Hand in an event and do as told."""
        kernel, viewer = self._world.kernel, self._viewer
        self.agent, orders = advance(self.agent, event, viewer.clock.ours(kernel.now))
        player, hop = viewer.player, viewer.hop
        for order in orders:
            if self.logs and not isinstance(order, PollNow | WakeAt | ProbeClock):
                self.log.append((kernel.now, order))
            match order:
                case PollNow():
                    hop.ask(self._heard)
                case ProbeClock():
                    self._probe()
                case WakeAt(at_s):
                    self._set_timer(viewer.clock.true(at_s))
                case Report():
                    viewer.link.send("up", lambda r=order: self._server.heard(viewer, r))  # type: ignore[misc]
                case Load(_, media, position_ms):
                    hop.command(lambda m=media, p=position_ms: player.load(m, p / 1000))  # type: ignore[misc]
                case Play():
                    hop.command(player.play)
                case Pause(_, why):
                    viewer.corrections += why == "correct"
                    hop.command(player.pause)
                case SeekTo(_, position_ms, why):
                    viewer.corrections += why == "correct"
                    hop.command(lambda p=position_ms: player.seek(p / 1000))  # type: ignore[misc]
                case SetRate(_, rate):
                    hop.command(lambda r=rate: player.set_rate(r))  # type: ignore[misc]

    def _set_timer(self, at: float) -> None:
        self._wake += 1
        number = self._wake
        self._world.kernel.at(at, lambda: self.feed(TimeCame()) if number == self._wake else None)

    def _heard(self, asked: float, answer: Answer) -> None:
        clock = self._viewer.clock
        sent_s, received_s = clock.ours(asked), clock.ours(self._world.kernel.now)
        position_ms = None if answer.position is None else round(answer.position * 1000)
        self.feed(SampleArrived(sent_s, received_s, answer.state, position_ms, answer.media))  # type: ignore[arg-type]

    def _probe(self) -> None:
        kernel, viewer = self._world.kernel, self._viewer
        sent_s = viewer.clock.ours(kernel.now)

        def at_server() -> None:
            server_s = kernel.now

            def back() -> None:
                received_s = viewer.clock.ours(kernel.now)
                self.feed(ClockSampled(Probe(sent_s, server_s, server_s, received_s)))

            viewer.link.send("down", back)

        viewer.link.send("up", at_server)


class Server:
    """Draws the group's line and tells everybody: the follow policy, nothing more."""

    def __init__(self, world: World, tuning: Tuning | None = None) -> None:
        self._world = world
        self._line: target.GroupLine | None = None
        self._park_s: dict[int, float] = {}
        self.homes = {v.index: Home(world, v, self, tuning) for v in world.viewers}
        kernel = world.kernel
        for viewer in world.viewers:
            kernel.at(viewer.joins_at, lambda v=viewer: self._join(v))  # type: ignore[misc]
        kernel.at(
            START_AT, lambda: self._draw(target.starting(1, MEDIA, int(START_POSITION * 1000), START_AT))
        )
        for action in world.actions:
            kernel.at(action.at, lambda a=action: self._act(a))  # type: ignore[misc]

    def _join(self, viewer: Viewer) -> None:
        home = self.homes[viewer.index]
        home.feed(TimeCame())
        if self._line is not None:
            self._tell(viewer, self._line)

    def _tell(self, viewer: Viewer, line: target.GroupLine) -> None:
        viewer.link.send("down", lambda: self.homes[viewer.index].feed(LineReceived(line)))

    def _draw(self, line: target.GroupLine) -> None:
        self._line = line
        for viewer in self._world.viewers:
            if self._world.kernel.now >= viewer.joins_at:
                self._tell(viewer, line)

    def _act(self, action: GroupAction) -> None:
        line, now = self._line, self._world.kernel.now
        assert line is not None
        rev = line.rev + 1
        if action.kind == "pause":
            self._draw(target.pausing(line, rev, now))
        elif action.kind == "resume":
            self._draw(target.resuming(line, rev, now))
        else:
            to_ms = int(max(0.0, line.position_s(now) + action.by) * 1000)
            self._draw(target.seeking(line, rev, to_ms, now, target.seek_lead_s(self._park_s.values())))

    def heard(self, viewer: Viewer, report: Report) -> None:
        """Take in what a home reports."""
        self._park_s[viewer.index] = report.park_s


def run(world: World, tuning: Tuning | None = None) -> Server:
    """Set our rules to work on a world."""
    return Server(world, tuning)
