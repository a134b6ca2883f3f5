"""Worlds: who watches with what over which line, what people do, and what goes wrong. All of it from one seed."""

from dataclasses import dataclass, field
from random import Random
from typing import Literal

from benchmarks.party_sim.kernel import Kernel
from benchmarks.party_sim.links import LINKS, Clock, Link
from benchmarks.party_sim.players import PROFILES, Hop, Player

WorldKind = Literal["companion", "shim", "native"]
MIXES: dict[str, tuple[str, ...]] = {
    "companion": ("shim", "tvbox", "tvslow", "xcode"),
    "shim": ("shim",),
    "native": ("own",),
}
MEDIA = "film"
START_AT, START_POSITION = 2.0, 60.0
JOIN_AT = 600.0
CLOCK_OFFSET_SD, CLOCK_DRIFT_SD = 0.040, 15e-6


@dataclass
class GroupAction:
    """Something that the group asked for."""

    at: float
    kind: Literal["pause", "resume", "seek"]
    by: float = 0.0
    """For a seek: so many seconds forward or back."""


@dataclass
class Stall:
    """A player that runs dry."""

    at: float
    length: float


@dataclass
class Viewer:
    """One home."""

    index: int
    player: Player
    hop: Hop
    link: Link
    clock: Clock
    joins_at: float
    stalls: list[Stall] = field(default_factory=list)
    corrections: int = 0
    """Seeks and freezes that were seen although nobody had asked for anything."""


@dataclass
class World:
    """Everything that is the same for all rule sets."""

    kernel: Kernel
    viewers: list[Viewer]
    actions: list[GroupAction]
    length: float
    group_stops: int = 0
    """How often a rule set stopped everybody without being asked."""

    def should_play(self, at: float) -> bool:
        """Tell whether people want the film to run: from the moment of their wish, not of its fulfilment."""
        playing = at >= START_AT
        for action in self.actions:
            if action.at > at:
                break
            if action.kind != "seek":
                playing = action.kind == "resume"
        return playing


def group_actions(rng: Random, length: float) -> list[GroupAction]:
    """Draw what the group does."""
    actions: list[GroupAction] = []
    at = 900.0
    while True:
        at += 60.0 + rng.expovariate(1 / 420.0)
        if at > length - 300.0:
            return actions
        if rng.random() < 0.5:
            actions.append(GroupAction(at, "pause"))
            at += rng.uniform(15.0, 60.0)
            actions.append(GroupAction(at, "resume"))
        else:
            actions.append(GroupAction(at, "seek", rng.uniform(-300.0, 300.0)))


def stalls(rng: Random, length: float) -> list[Stall]:
    """Draw when one player runs dry."""
    found: list[Stall] = []
    at = 300.0
    while True:
        at += 60.0 + rng.expovariate(1 / 900.0)
        if at > length - 60.0:
            return found
        found.append(Stall(at, rng.uniform(0.8, 5.0)))


def build(kind: WorldKind, seed: int, *, viewers: int = 4, length: float = 3600.0) -> World:
    """Build a world from its seed."""
    kernel = Kernel()
    rng = Random(f"world {seed}")
    actions = group_actions(rng, length)
    homes = []
    for index in range(viewers):
        own = Random(f"viewer {seed} {index}")
        mix = MIXES[kind]
        player = Player(kernel, PROFILES[mix[index % len(mix)]], Random(f"player {seed} {index}"))
        link_kind = list(LINKS.values())[index % len(LINKS)]
        viewer = Viewer(
            index,
            player,
            Hop(kernel, player, Random(f"hop {seed} {index}")),
            Link(kernel, link_kind, Random(f"link {seed} {index}")),
            Clock(own.gauss(0.0, CLOCK_OFFSET_SD), own.gauss(0.0, CLOCK_DRIFT_SD)),
            JOIN_AT if index == viewers - 1 else START_AT,
            stalls(own, length),
        )
        for stall in viewer.stalls:
            if stall.at > viewer.joins_at + 60.0:
                kernel.at(stall.at, lambda p=player, s=stall: p.stall(s.length))  # type: ignore[misc]
        homes.append(viewer)
    return World(kernel, homes, actions, length)
