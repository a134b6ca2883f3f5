"""The rule by which music makes way for a film that is watched together, and what holds whatever happens meanwhile."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace as but

from segue.core import reducer, rules
from segue.core.music.actions import RoomSceneChanged, Scene, VolumeRequested
from segue.core.music.effects import CommandPlayer, SelectSource
from segue.core.music.state import (
    Kept,
    MusicSettings,
    MusicState,
    Resting,
    Room,
    RoomSettings,
    Yielded,
    durable,
    revived,
)
from segue.core.party.home import AgentLinkChanged, Home, HomeSeat, HomeSeatGone, HomeSeatSeen
from segue.core.party.settings import PhaseName
from segue.core.party.state import PartyState
from segue.core.state import State
from segue.core.system.state import SystemState
from tests.helpers.world import CD, PHONO, RADIO, TV, World

EXAMPLES = int(os.environ.get("SEGUE_EXAMPLES", "60"))
HERE = "ws://127.0.0.1:3001/ws"
ROOM = RoomSettings(
    "living",
    plex_player="plexamp-1",
    heos_player="Living Room",
    input="inputs/cd",
    max_level=60,
    film_player="TV",
    film_input="inputs/tv",
    film_level=50,
)
SEAT = HomeSeat("k3x9qa", "tv-1", "TV", "playing", film="Sunrise")
FILM = Scene("film", "k3x9qa", "Sunrise")


def house(
    *seats: HomeSeat,
    scene: Scene | None = None,
    room: RoomSettings = ROOM,
    up: bool = True,
    due: bool = False,
) -> State:
    """Make a house with one room, in which a scene was told before."""
    kept = Kept() if scene is None else Kept(yielded=Yielded(scene=scene))
    rooms = (Room(settings=room, kept=kept, seat_due_at=5.0 if due else None),)
    home = Home(up=up, orchestrator=HERE, seats=seats)
    return State(
        music=MusicState(settings=MusicSettings(rooms=(room,)), rooms=rooms), party=PartyState(home=home)
    )


def told(state: State) -> Scene | None:
    """Give what the rule tells the room; nothing when it has nothing to say."""
    actions = rules.music_yields_to_party(state)
    if not actions:
        return None
    (action,) = actions
    assert isinstance(action, RoomSceneChanged)
    assert action.room == "living"
    return action.scene


# ------------------------------------------------------------------ the rule


@pytest.mark.parametrize(
    ("phase", "cued", "kind"),
    [
        ("lobby", False, None),
        ("gathering", False, "film"),
        ("playing", False, "film"),
        ("paused", False, "film"),
        ("waiting", False, "film"),
        ("intermission", False, "intermission"),
        ("intermission", True, "film"),
        ("ended", False, None),
    ],
)
def test_what_a_phase_means_for_the_room(phase: PhaseName, cued: bool, kind: str | None) -> None:
    """The music is gone before the film is released, at the start as after an intermission."""
    scene = told(house(but(SEAT, phase=phase, cued=cued)))
    assert (None if scene is None else scene.kind) == kind


def test_what_is_told_already_is_not_told_again() -> None:
    assert told(house(SEAT, scene=FILM)) is None


def test_the_end_of_a_party_is_told() -> None:
    """Whether its phase says so, or the seat is gone."""
    assert told(house(but(SEAT, phase="ended"), scene=FILM)) == Scene()
    assert told(house(scene=FILM)) == Scene()


def test_nobody_who_could_tell_is_no_end() -> None:
    """Neither a lost orchestrator nor a start of the daemon ends what a former reading knew of."""
    assert told(house(scene=FILM, up=False)) is None
    assert told(house(scene=FILM, due=True)) is None


def test_the_first_news_after_a_start_is_told_even_if_nothing_changed() -> None:
    """From then on the end is believed as well."""
    assert told(house(SEAT, scene=FILM, due=True)) == FILM


def test_a_daemon_that_stops_tells_nothing() -> None:
    state = house(scene=FILM)
    assert told(but(state, system=SystemState(stopping=True))) is None


@pytest.mark.parametrize(
    ("settings", "seat", "mine"),
    [
        (ROOM, SEAT, True),
        (but(ROOM, film_player="tv"), SEAT, True),
        (but(ROOM, film_player="tv-1"), SEAT, True),
        (but(ROOM, film_player=""), SEAT, False),
        (but(ROOM, film_player=""), but(SEAT, device_id="plexamp-1"), True),
        (ROOM, but(SEAT, device_id="plexamp-1", title="Plexamp"), False),
    ],
)
def test_whose_player_it_is(settings: RoomSettings, seat: HomeSeat, mine: bool) -> None:
    """The film's player is named by title or identifier; without one, the room's only player is meant."""
    assert (told(house(seat, room=settings)) is not None) is mine


def test_a_film_on_the_player_of_the_music_says_so() -> None:
    scene = told(house(but(SEAT, device_id="plexamp-1"), room=but(ROOM, film_player="")))
    assert scene is not None
    assert scene.on_music_player


def test_a_viewer_who_is_not_in_step_keeps_what_there_was() -> None:
    """Nothing begins for whoever never took part, and nothing ends for whoever stepped away."""
    away = but(SEAT, in_step=False)
    assert told(house(away)) is None
    assert told(house(away, scene=FILM)) == but(FILM, in_step=False)
    left = but(away, phase="intermission")
    assert told(house(left, scene=FILM)) == but(FILM, in_step=False)
    assert told(house(but(left, cued=True), scene=but(FILM, kind="intermission"))) == but(FILM, in_step=False)
    assert told(house(but(away, party_id="another"), scene=FILM)) == Scene()


def test_of_two_parties_the_one_that_is_watched_counts() -> None:
    other = but(SEAT, party_id="zzzzzz", in_step=False)
    assert told(house(other, SEAT)) == FILM
    assert told(house(but(other, phase="lobby"), SEAT)) == FILM


# ------------------------------------------------------------------ whatever happens


class PartyWorld(World):
    """A world whose room may be in a party, and whose daemon may be killed."""

    def __init__(self, *, state: State | None = None) -> None:
        super().__init__(ROOM, state=state)
        self.selected: list[str] = []

    def _take(self, effect: object) -> None:
        super()._take(effect)  # type: ignore[arg-type]
        if isinstance(effect, SelectSource):
            self.selected.append(effect.source.input)

    def killed(self) -> "PartyWorld":
        """Give the world of the next process: the outside as it is, the core with what was on disk.

        What the player was told still arrives, what the receiver was told is lost.
        """
        self.commit()
        for effect in self.waiting:
            if isinstance(effect, CommandPlayer) and self.session is not None:
                state = {"play": "playing", "pause": "paused"}[effect.verb]
                self.play(state, hook=False)  # type: ignore[arg-type]
        kept = durable(self.store.state.music)
        after = PartyWorld(state=State(music=revived(kept)))
        after.clock.now = self.clock.now + 1.0
        after.level, after.muted, after.source = self.level, self.muted, self.source
        after.session, after.play_state, after.player_obeys = self.session, self.play_state, True
        after.sent, after.selected = self.sent, self.selected
        return after


class PartyMachine(RuleBasedStateMachine):
    """A party in a room of which nobody touches anything: in the end all is as it was, whatever went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.world = PartyWorld()
        self.world.connect()
        self.world.play("playing")
        self.world.heal(5)
        self.world.dispatch(AgentLinkChanged(True, HERE))
        self.seat: HomeSeat | None = None

    @rule(
        phase=st.sampled_from(["lobby", "gathering", "playing", "paused", "intermission", "ended"]),
        cued=st.booleans(),
    )
    def the_party_goes_on(self, phase: PhaseName, cued: bool) -> None:
        self.seat = but(SEAT, phase=phase, cued=cued and phase == "intermission")
        self.world.dispatch(HomeSeatSeen(self.seat))

    @rule()
    def the_seat_is_gone(self) -> None:
        self.seat = None
        self.world.dispatch(HomeSeatGone(SEAT.party_id, SEAT.device_id))

    @rule(up=st.booleans())
    def the_orchestrator(self, up: bool) -> None:
        self.world.dispatch(AgentLinkChanged(up, HERE))

    @rule(echo=st.booleans(), took=st.floats(0.001, 0.3))
    def answer(self, echo: bool, took: float) -> None:
        self.world.answer(0, echo=echo, took_s=took)

    @rule()
    def answer_all(self) -> None:
        for _ in range(60):
            self.world.answer()

    @rule(seconds=st.floats(0.0, 0.2))
    def a_moment_passes(self, seconds: float) -> None:
        self.world.turn_clock(seconds)

    @rule(seconds=st.floats(0.2, 20.0))
    def a_while_passes(self, seconds: float) -> None:
        """Answers do not take for ever: what takes longer than its deadline has failed, and is another story."""
        end = self.world.clock.now + seconds
        while self.world.clock.now < end:
            while self.world.waiting:
                self.world.answer()
            due = self.world.next_due()
            self.world.turn_clock(max(0.0, min(due or end, end) - self.world.clock.now))
            if due is None or due > end:
                break

    @rule()
    def commit(self) -> None:
        self.world.commit()

    @precondition(lambda self: self.world.link)
    @rule()
    def link_drops(self) -> None:
        self.world.disconnect()

    @precondition(lambda self: not self.world.link)
    @rule()
    def link_returns(self) -> None:
        self.world.connect()

    @rule(told_again=st.booleans())
    def the_daemon_is_killed(self, told_again: bool) -> None:
        self.world = self.world.killed()
        self.world.connect()
        self.world.dispatch(AgentLinkChanged(False, HERE))
        if told_again and self.seat is not None:
            self.world.dispatch(HomeSeatSeen(self.seat))
        self.world.dispatch(AgentLinkChanged(True, HERE))

    @invariant()
    def never_sends_above_the_limit(self) -> None:
        assert all(0 <= effect.level <= 60 for effect in self.world.sent)

    @invariant()
    def the_musics_own_level_is_never_lost(self) -> None:
        assert dict(self.world.room.kept.base_levels)["inputs/cd"] == 40

    @invariant()
    def settled(self) -> None:
        assert rules.enabled(self.world.store.state) is None

    @invariant()
    def replays_equal(self) -> None:
        for entry in self.world.journal.entries[-3:]:
            state, effects = reducer.reduce(entry.before, entry.action, entry.stamp)
            assert (state, tuple(effects)) == (entry.after, entry.effects)

    def teardown(self) -> None:
        """Once the party is over and everything answers, input, level and music are as before it."""
        world = self.world
        world.dispatch(AgentLinkChanged(True, HERE))
        before = len(world.selected)
        world.dispatch(HomeSeatGone(SEAT.party_id, SEAT.device_id))
        world.heal()
        assert world.room.kept.yielded is None
        assert isinstance(world.room.phase, Resting)
        assert (world.source, world.level) == (CD, 40)
        assert world.session is not None
        assert world.session.state == "playing"
        assert world.selected[before:].count("inputs/cd") <= 1


TestParty = PartyMachine.TestCase
TestParty.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    deadline=None,
    derandomize="SEGUE_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)


class PeopleMachine(RuleBasedStateMachine):
    """A party in a room whose people do as they like, and whose receiver fails: they win, and nothing stays ours."""

    def __init__(self) -> None:
        super().__init__()
        self.world = PartyWorld()
        self.world.connect()
        self.world.heal(5)
        self.world.dispatch(AgentLinkChanged(True, HERE))

    @rule(
        phase=st.sampled_from(["gathering", "playing", "intermission", "ended"]),
        cued=st.booleans(),
        in_step=st.booleans(),
    )
    def the_party_goes_on(self, phase: PhaseName, cued: bool, in_step: bool) -> None:
        self.world.dispatch(HomeSeatSeen(but(SEAT, phase=phase, cued=cued, in_step=in_step)))

    @rule()
    def the_seat_is_gone(self) -> None:
        self.world.dispatch(HomeSeatGone(SEAT.party_id, SEAT.device_id))

    @rule(index=st.integers(0, 5), fail=st.booleans(), echo=st.booleans(), took=st.floats(0.001, 0.4))
    def answer(self, index: int, fail: bool, echo: bool, took: float) -> None:
        self.world.answer(index, fail=fail, echo=echo, took_s=took)

    @rule()
    def answer_all(self) -> None:
        for _ in range(30):
            self.world.answer()

    @rule(seconds=st.floats(0.0, 12.0))
    def time_passes(self, seconds: float) -> None:
        self.world.turn_clock(seconds)

    @rule(level=st.integers(0, 100))
    def knob(self, level: int) -> None:
        self.world.turn_knob(level)

    @rule(level=st.integers(0, 60))
    def ask_volume(self, level: int) -> None:
        self.world.dispatch(VolumeRequested("living", level))

    @rule(source=st.sampled_from([CD, TV, PHONO, RADIO]))
    def person_selects(self, source: object) -> None:
        self.world.choose_source(source)  # type: ignore[arg-type]

    @rule(state=st.sampled_from(["playing", "paused", None]))
    def player(self, state: str | None) -> None:
        self.world.play(state)  # type: ignore[arg-type]

    @rule()
    def the_link_drops_and_returns(self) -> None:
        self.world.disconnect()
        self.world.connect()

    @rule()
    def the_daemon_is_killed(self) -> None:
        self.world = self.world.killed()
        self.world.connect()
        self.world.dispatch(AgentLinkChanged(True, HERE))

    @invariant()
    def never_sends_above_the_limit(self) -> None:
        assert all(0 <= effect.level <= 60 for effect in self.world.sent)

    @invariant()
    def settled(self) -> None:
        assert rules.enabled(self.world.store.state) is None

    def teardown(self) -> None:
        """A knob that is turned last has the last word; once the party is over, nothing in the room is ours."""
        world = self.world
        world.heal()
        world.turn_clock(10.0)  # no echo of ours can come any more
        world.turn_knob(33)
        assert world.base == 33
        world.heal()
        assert world.level == 33
        world.dispatch(HomeSeatGone(SEAT.party_id, SEAT.device_id))
        world.heal()
        assert world.room.kept.yielded is None
        assert world.room.kept.faded is None
        assert isinstance(world.room.phase, Resting)
        assert world.base == min(world.level, 60)


TestPeople = PeopleMachine.TestCase
TestPeople.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    deadline=None,
    derandomize="SEGUE_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
