"""Every state that a small party can come into, looked at one by one: nobody waits for ever.

Two members, every order of what they, their agents and the clock may do, to a depth; from each state reached, time
alone must lead to a film that runs, a person's pause, or the end.
"""

import os
from collections.abc import Iterator

from segue.core.party import reducer
from segue.core.party.actions import (
    ClientConnected,
    ClientDisconnected,
    HandSeen,
    PartyActions,
    SeatReady,
    SeatReported,
)
from segue.core.party.requests import (
    AddRequested,
    CreateRequested,
    PauseRequested,
    ResumeRequested,
    SeekRequested,
    StartRequested,
)
from segue.core.party.settings import Device, Film, IntermissionRules, PartyRules, PartySettings
from segue.core.party.state import (
    Ended,
    Gathering,
    Intermission,
    Party,
    PartyState,
    Paused,
    Playing,
    Report,
    Waiting,
)
from segue.core.stamp import Stamp
from segue.runtime.rows import digest

DEPTH = int(os.environ.get("SEGUE_MODEL_DEPTH", "4"))
FILM = Film(duration_ms=120_000, guid="plex://movie/1")
RULES = PartyRules(
    stall="wait", open=True, intermissions=IntermissionRules(times_s=(30,), length_s=60, guard_s=0)
)
LONGEST_HALT_S = 62.0
"""The intermission of these rules and the lead with which it is told."""


class World:
    """One state of the slice, and the moment it is in."""

    def __init__(self, state: PartyState, now_at: float) -> None:
        self.state, self.now_at = state, now_at

    @property
    def party(self) -> Party:
        return next(iter(self.state.parties.values()))

    def _stamp(self) -> Stamp:
        return Stamp(1, self.now_at, 1_800_000_000.0 + self.now_at, 77)

    def after(self, action: PartyActions) -> "World":
        return World(reducer.reduce(self.state, action, self._stamp())[0], self.now_at)

    def later(self, until_at: float) -> "World":
        world = self
        for _ in range(100):
            due_at = reducer.next_deadline(world.state)
            if due_at is None or due_at > until_at:
                return World(world.state, until_at)
            world = World(world.state, max(world.now_at, due_at))
            world = World(reducer.expire(world.state, world._stamp())[0], world.now_at)
        raise AssertionError("deadlines without end")

    def key(self) -> str:
        return digest((self.state.parties, self.state.clients, self.now_at))

    def choices(self) -> Iterator["World"]:
        """Give every world that may come next."""
        party = self.party
        party_id, rev = party.party_id, party.rev
        for action in (
            StartRequested(party_id=party_id),
            PauseRequested(party_id=party_id),
            ResumeRequested(party_id=party_id),
            SeekRequested(party_id=party_id, position_ms=25_000),
        ):
            yield self.after(action)
        for user in ("ann", "bob"):
            yield self.after(ClientConnected(user, "new", (Device(f"{user}-tv", user),)))
            yield self.after(ClientDisconnected(user, "first"))
            yield self.after(SeatReady(user, "first", party_id, f"{user}-tv", rev, 0))
            yield self.after(SeatReady(user, "first", party_id, f"{user}-tv", rev, None, "no_film"))
            for note in ("stalled", "in_step"):
                report = Report(rev, "playing", note=note)
                yield self.after(SeatReported(user, "first", party_id, f"{user}-tv", report))
            yield self.after(HandSeen(user, "first", party_id, f"{user}-tv", "stopped"))
            yield self.after(HandSeen(user, "first", party_id, f"{user}-tv", "played"))
        for seconds in (3.5, 28.0):
            yield self.later(self.now_at + seconds)


def beginning() -> World:
    state = reducer.configure(PartyState(), PartySettings(), Stamp(1, 0.0, 1_800_000_000.0, 1))[0]
    world = World(state, 0.0).after(CreateRequested((FILM,), None, "ann", RULES))
    world = world.after(AddRequested(party_id=world.party.party_id, username="bob"))
    for user in ("ann", "bob"):
        world = world.after(ClientConnected(user, "first", (Device(f"{user}-tv", user),)))
    return world


def running() -> World:
    world = beginning()
    return world.after(StartRequested(party_id=world.party.party_id)).later(11.0)


def goes_on(world: World) -> bool:
    """Tell whether time alone ends the wait that this world may be in."""
    limits = {Gathering: 10.0, Waiting: 10.0, Intermission: LONGEST_HALT_S}
    phase = world.party.phase
    limit_s = limits.get(type(phase))
    if limit_s is None:
        return True
    after = world.later(world.now_at + limit_s).party.phase
    return isinstance(after, Playing | Ended | Paused) or type(after) is not type(phase)


def test_from_every_state_time_alone_leads_on() -> None:
    seen: dict[str, World] = {}
    edge = [beginning(), running()]
    phases = set()
    for _ in range(DEPTH):
        following = []
        for world in edge:
            for choice in world.choices():
                key = choice.key()
                if key in seen:
                    continue
                seen[key] = choice
                if choice.state.parties:
                    phases.add(choice.party.phase_name)
                    following.append(choice)
        edge = following
    assert {"lobby", "gathering", "playing", "paused", "waiting", "intermission"} <= phases
    stuck = [world for world in seen.values() if world.state.parties and not goes_on(world)]
    assert not stuck, f"{len(stuck)} of {len(seen)} states wait for ever, such as {stuck[0].party}"
