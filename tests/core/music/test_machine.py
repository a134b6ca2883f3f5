"""Whatever happens in whatever order: never too loud, never two commands at once, never a level lost."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from segue.core import reducer, rules
from segue.core.music.actions import (
    FadeRequested,
    MuteRequested,
    PauseRequested,
    PlayRequested,
    SourceRequested,
    StopRequested,
    VolumeRequested,
    VolumeStepRequested,
)
from segue.core.music.effects import SetVolume
from segue.core.music.state import Resting, RoomSettings
from tests.helpers.world import CD, PHONO, RADIO, TV, World

EXAMPLES = int(os.environ.get("SEGUE_EXAMPLES", "60"))
LEVELS = st.integers(min_value=0, max_value=100)


class HouseMachine(RuleBasedStateMachine):
    """One room, and a hostile outside that answers late, wrongly, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        room = RoomSettings(
            "living", plex_player="plexamp-1", heos_player="Living Room", input="inputs/cd", max_level=60
        )
        self.world = World(room)
        self.world.connect()
        self.world.heal(5)

    # ---------------------------------------------------------------- what happens

    @rule(index=st.integers(0, 5), fail=st.booleans(), echo=st.booleans(), took=st.floats(0.001, 0.4))
    def answer(self, index: int, fail: bool, echo: bool, took: float) -> None:
        self.world.answer(index, fail=fail, echo=echo, took_s=took)

    @rule()
    def answer_all(self) -> None:
        for _ in range(10):
            self.world.answer()

    @rule(seconds=st.floats(0.0, 3.0))
    def time_passes(self, seconds: float) -> None:
        self.world.turn_clock(seconds)

    @rule()
    def commit(self) -> None:
        self.world.commit()

    @rule(level=LEVELS)
    def knob(self, level: int) -> None:
        self.world.turn_knob(level)

    @rule(source=st.sampled_from([CD, TV, PHONO, RADIO]))
    def person_selects(self, source: object) -> None:
        self.world.choose_source(source)  # type: ignore[arg-type]

    @rule(
        state=st.sampled_from(["playing", "paused", "buffering", None]), key=st.sampled_from(["100", "101"])
    )
    def player(self, state: str | None, key: str) -> None:
        self.world.play(state, key)  # type: ignore[arg-type]

    @rule(obeys=st.booleans())
    def player_obeys(self, obeys: bool) -> None:
        self.world.player_obeys = obeys

    @precondition(lambda self: self.world.link)
    @rule()
    def link_drops(self) -> None:
        self.world.disconnect()

    @precondition(lambda self: not self.world.link)
    @rule()
    def link_returns(self) -> None:
        self.world.connect()

    @rule(level=LEVELS)
    def ask_volume(self, level: int) -> None:
        self.world.dispatch(VolumeRequested("living", level))

    @rule(direction=st.sampled_from(["up", "down"]))
    def ask_step(self, direction: str) -> None:
        self.world.dispatch(VolumeStepRequested("living", direction))  # type: ignore[arg-type]

    @rule(level=LEVELS, seconds=st.floats(0, 5))
    def ask_fade(self, level: int, seconds: float) -> None:
        self.world.dispatch(FadeRequested("living", level, seconds))

    @rule()
    def ask_pause(self) -> None:
        self.world.dispatch(PauseRequested("-"))

    @rule()
    def ask_stop(self) -> None:
        self.world.dispatch(StopRequested("living"))

    @rule()
    def ask_play(self) -> None:
        self.world.dispatch(PlayRequested("living"))

    @rule()
    def ask_mute(self) -> None:
        self.world.dispatch(MuteRequested("living"))

    @rule(name=st.sampled_from(["cd", "inputs/tv", "phono"]))
    def ask_source(self, name: str) -> None:
        self.world.dispatch(SourceRequested("living", name))

    # ---------------------------------------------------------------- what must hold

    @invariant()
    def never_sends_above_the_limit(self) -> None:
        assert all(0 <= effect.level <= 60 for effect in self.world.sent)

    @invariant()
    def at_most_one_volume_command_under_way(self) -> None:
        under_way = [e for e in self.world.waiting if isinstance(e, SetVolume)]
        mine = [
            e
            for e in under_way
            if self.world.room.in_flight and e.effect_id == self.world.room.in_flight.effect_id
        ]
        assert len(mine) <= 1

    @invariant()
    def settled(self) -> None:
        assert rules.enabled(self.world.store.state) is None

    @invariant()
    def replays_equal(self) -> None:
        """The last step, reduced again from the same state, gives the same."""
        for entry in self.world.journal.entries[-3:]:
            state, effects = reducer.reduce(entry.before, entry.action, entry.stamp)
            assert state == entry.after
            assert tuple(effects) == entry.effects

    @invariant()
    def the_base_is_never_a_faded_level(self) -> None:
        """A base is only ever a level that a person set; here they are all remembered by the journal."""
        base = self.world.base
        assert base is None or 0 <= base <= 60

    def teardown(self) -> None:
        """Once everything answers again, the receiver is at the person's level and nothing is left to do."""
        self.world.player_obeys = True
        self.world.heal()
        room = self.world.room
        assert isinstance(room.phase, Resting), room.phase
        assert room.kept.faded is None
        assert room.in_flight is None
        assert self.world.base == min(self.world.level, 60)


TestHouse = HouseMachine.TestCase
TestHouse.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


class PersonMachine(RuleBasedStateMachine):
    """One input only, and a model of the last level that a person chose: it is the base at every moment."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(
            RoomSettings("living", plex_player="plexamp-1", heos_player="Living Room", max_level=60)
        )
        self.world.connect()
        self.world.heal(5)
        self.chosen = 40

    @rule(fail=st.booleans(), echo=st.booleans(), took=st.floats(0.001, 0.4))
    def answer(self, fail: bool, echo: bool, took: float) -> None:
        self.world.answer(0, fail=fail, echo=echo, took_s=took)

    @rule(seconds=st.floats(0.0, 2.0))
    def time_passes(self, seconds: float) -> None:
        self.world.turn_clock(seconds)

    @rule()
    def commit(self) -> None:
        self.world.commit()

    @rule(level=st.integers(61, 100))
    def knob_beyond_all_our_levels(self, level: int) -> None:
        """A level that no fade of ours can have sent: whoever turns there must be heard."""
        if level == self.world.level or not self.world.room.receiver.available:
            return
        self.world.turn_knob(level)
        self.chosen = 60

    @rule(level=LEVELS)
    def ask_volume(self, level: int) -> None:
        if self.world.dispatch(VolumeRequested("-", level)).refusal is None:
            self.chosen = level

    @rule(level=LEVELS, seconds=st.floats(0, 5))
    def ask_fade(self, level: int, seconds: float) -> None:
        if self.world.dispatch(FadeRequested("-", level, seconds)).refusal is None:
            self.chosen = level

    @rule(state=st.sampled_from(["playing", "paused", None]))
    def player(self, state: str | None) -> None:
        self.world.play(state)  # type: ignore[arg-type]

    @rule()
    def ask_pause(self) -> None:
        self.world.dispatch(PauseRequested("-"))

    @rule()
    def ask_play(self) -> None:
        self.world.dispatch(PlayRequested("-"))

    @rule()
    def the_link_drops_and_returns(self) -> None:
        self.world.disconnect()
        self.world.connect()

    @invariant()
    def the_base_is_what_the_person_chose(self) -> None:
        assert self.world.base == self.chosen

    def teardown(self) -> None:
        self.world.player_obeys = True
        self.world.heal()
        assert self.world.base == self.chosen
        assert min(self.world.level, 60) == self.chosen
        assert self.world.room.kept.faded is None


TestPerson = PersonMachine.TestCase
TestPerson.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
