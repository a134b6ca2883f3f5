"""The store's promises: one order, one outcome, no forgetting, and an end when the core is wrong."""

import pytest
import trio
from trio.testing import MockClock

from segue.core import reducer, rules
from segue.core.actions import Action, ConfigLoaded
from segue.core.music.actions import (
    CommandFailed,
    FadeRequested,
    PauseRequested,
    ReceiverRead,
    Source,
    VolumeChanged,
)
from segue.core.music.effects import CommandPlayer, ReadReceiver
from segue.core.music.state import MusicSettings, RoomSettings
from segue.core.state import State
from segue.core.system.actions import DaemonStarted, JournalChanged, ShutdownRequested
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import CoreError, Store
from tests.helpers.house import PID, open_house
from tests.helpers.world import World

ROOM = RoomSettings("living", plex_player="plexamp-1", heos_player="Living Room", max_level=60)


def test_every_step_is_journalled_once_and_in_order() -> None:
    world = World(ROOM)
    world.connect()
    world.heal(30)
    seqs = [entry.stamp.seq for entry in world.journal.entries]
    assert seqs == list(range(1, len(seqs) + 1))


def test_effect_ids_are_unique_and_lead_back_to_their_step() -> None:
    world = World(ROOM)
    world.connect()
    world.heal(30)
    world.play("playing")
    world.heal(30)
    ids = [(e.effect_id, entry.stamp.seq) for entry in world.journal.entries for e in entry.effects]
    assert len({i for i, _ in ids}) == len(ids)
    assert all(i.split(".")[0] == str(seq) for i, seq in ids)


def test_an_outcome_names_the_step_that_asked_for_it() -> None:
    world = World(ROOM)
    world.connect()
    world.heal(30)
    outcomes = [e for e in world.journal.entries if getattr(e.action, "effect_id", "") and e.by == "test"]
    assert outcomes
    for entry in outcomes:
        assert entry.cause == int(entry.action.effect_id.split(".")[0])  # type: ignore[union-attr]


async def test_the_first_step_of_a_fade_waits_for_its_commit(autojump_clock: MockClock) -> None:
    journal = MemoryJournal()
    async with open_house(journal=journal) as house:
        journal.commit_at_once = False
        house.dispatch(FadeRequested("living", 10, 1.0))
        await trio.sleep(0.2)
        assert house.sent() == []
        journal.commit()
        journal.commit_at_once = True
        await trio.sleep(3)
        assert house.level == 10
        assert house.journal_status == "ok"


async def test_a_late_commit_means_sound_without_fades(autojump_clock: MockClock) -> None:
    """Nothing is lowered that a crash could leave low; the pause happens at once, and fades return with the disk."""
    journal = MemoryJournal()
    async with open_house(journal=journal) as house:
        house.player("playing")
        await trio.sleep(3)
        house.effects.clear()
        journal.commit_at_once = False
        house.dispatch(PauseRequested("living"))
        await trio.sleep(0.5)
        assert house.journal_status == "late"
        assert any(isinstance(e, CommandPlayer) and e.verb == "pause" for _, e in house.effects)
        assert house.sent() == []
        assert house.level == 40
        journal.commit()
        journal.commit_at_once = True
        await trio.sleep(1)
        assert house.journal_status == "ok"
        assert house.store.state.music.fades_allowed


async def test_a_failed_commit_lets_everything_go_that_waited(autojump_clock: MockClock) -> None:
    journal = MemoryJournal()
    async with open_house(journal=journal) as house:
        journal.commit_at_once = False
        house.dispatch(FadeRequested("living", 10, 1.0))
        await trio.sleep(0.1)
        journal.fail("disk is full")
        await trio.sleep(0.2)
        assert house.journal_status == "failed"
        assert any(
            isinstance(e.action, CommandFailed) and e.action.reason == "commit_late" for e in journal.entries
        )
        assert house.level == 10
        assert not house.store.state.music.fades_allowed


async def test_once_the_journal_has_failed_nothing_waits_for_it(autojump_clock: MockClock) -> None:
    """Acts come at once, not after a quarter of a second each; and failed stays failed until a commit."""
    journal = MemoryJournal()
    async with open_house(journal=journal) as house:
        journal.commit_at_once = False
        journal.fail("disk is full")
        for level in (10, 20):
            house.dispatch(FadeRequested("living", level, 1.0))
            await trio.sleep(0.1)
            assert house.level == level
        await trio.sleep(1)
        assert house.journal_status == "failed"
        journal.commit()
        await trio.sleep(1)
        assert house.journal_status == "ok"


def test_nobody_is_lost_when_nobody_owns_an_effect() -> None:
    """An effect without an owner becomes its failure, so that no room waits for ever."""
    store = Store(State(), MemoryJournal())
    step = store_config(store)
    assert step.music.plex.status == "down"
    assert "nobody owns" in step.music.plex.detail


def store_config(store: Store) -> State:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segue.runtime.store.HouseClock.now_at", lambda _self: 1.0)
        store.dispatch(ConfigLoaded(MusicSettings(rooms=(ROOM,), plex_configured=True)), by="test")
    return store.state


def test_an_exception_of_the_core_stops_the_store_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(ROOM)

    def broken(*_args: object) -> None:
        raise ZeroDivisionError("a programmer's error")

    monkeypatch.setattr(reducer, "reduce", broken)
    before = world.store.state
    with pytest.raises(CoreError, match=r"music\.volume_changed"):
        world.dispatch(VolumeChanged(PID, 1, muted=False))
    assert world.store.state is before
    monkeypatch.undo()
    with pytest.raises(CoreError):
        world.dispatch(VolumeChanged(PID, 1, muted=False))


def test_a_rule_that_raises_stops_the_store_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """The step is neither journalled nor published by halves: nothing more is taken."""

    def broken(_state: State) -> tuple[Action, ...]:
        raise ZeroDivisionError("a programmer's error")

    world = World(ROOM)
    monkeypatch.setattr(rules, "RULES", (broken,))
    with pytest.raises(CoreError, match=r"system\.daemon_started: ZeroDivisionError"):
        world.dispatch(DaemonStarted("1"))
    monkeypatch.undo()
    with pytest.raises(CoreError):
        world.dispatch(DaemonStarted("1"))


def test_rules_that_contradict_each_other_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def restless(state: State) -> tuple[Action, ...]:
        status = "late" if state.system.journal == "ok" else "ok"
        return (JournalChanged(status),)  # type: ignore[arg-type]

    world = World(ROOM)
    monkeypatch.setattr(rules, "RULES", (restless,))
    with pytest.raises(CoreError, match="do not settle: restless"):
        world.dispatch(DaemonStarted("1"))


async def test_a_slow_subscriber_is_told_that_it_lost_steps(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        subscription = house.store.subscribe(limit=8)
        for level in range(20):
            house.turn_knob(level)
        entries = await subscription.get()
        assert subscription.lost
        assert len(entries) == 8
        assert isinstance(entries[-1].action, VolumeChanged)
        assert entries[-1].action.level == 19


async def test_levels_go_home_before_the_end(autojump_clock: MockClock) -> None:
    """A daemon that stops in the middle of a fade leaves the level where the person had it."""
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(0.4)
        assert house.level < 30
        house.dispatch(ShutdownRequested("SIGTERM"))
        await trio.sleep(1)
        assert house.level == 40
        assert house.room.kept.faded is None


async def test_it_sleeps_when_nothing_is_due(autojump_clock: MockClock) -> None:
    """No tick: over an hour of silence the core is woken for its polls only."""
    async with open_house() as house:
        before = len(house.journal.entries)
        await trio.sleep(3600)
        woken = [e for e in house.journal.entries[before:] if type(e.action).__name__ == "DeadlineDue"]
        assert 55 <= len(woken) <= 65


def test_a_second_owner_of_the_same_effects_is_refused() -> None:
    store = Store(State(), MemoryJournal())
    store.own("heos_controller", lambda _e: None)
    with pytest.raises(ValueError, match="heos_controller"):
        store.own("heos_controller", lambda _e: None)


def test_an_owner_that_dispatches_while_it_is_given_an_effect_is_queued() -> None:
    """The step under way is finished first; a plain dispatch in the middle of it is a programmer's error."""
    world = World(ROOM)
    seen: list[int] = []

    def deliver(effect: object) -> None:
        if isinstance(effect, ReadReceiver):
            with pytest.raises(RuntimeError, match="use post"):
                world.dispatch(VolumeChanged(PID, 3, muted=False))
            world.store.post(ReceiverRead(PID, 33, False, "play", Source()), by="owner")
            seen.append(world.store.state.music.rooms[0].receiver.observed_level or 0)

    world.store._owners["heos_controller"] = deliver  # this one test stands in for the receiver
    world.connect()
    assert seen == [0]
    assert world.room.receiver.observed_level == 33
