"""An evening with one player: in step, disturbed, taken over by its viewer, and never fought with."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.core.party.sync.agent import Away, Following, Held, Rehearsing
from segue.core.party.sync.cueing import REHEARSE_LATER_S
from segue.core.party.sync.latency import Learned
from segue.core.party.sync.messages import Load, Pause, Play, Rejoined, Report, SeekTo, SetRate, Trimmed
from segue.core.party.sync.target import GroupLine, pausing, resuming, seeking
from tests.core.party.telly import MEDIA, Habits, Telly

SEEDS = st.integers(0, 2**32)
FRAME = 1 / 24


def test_a_start_is_cued_and_released_on_its_moment() -> None:
    """The film is loaded, parked at its first frame, and runs from the agreed moment on."""
    telly = Telly()
    telly.run(1.0)
    telly.tell(GroupLine(1, 60_000, 6.0))
    telly.run(4.5)
    assert isinstance(telly.agent.step, Held)
    assert telly.position == 60.0
    telly.run(2.5)
    assert abs(telly.drift) < 0.06
    assert telly.count(Load) == 1


def test_a_pause_parks_everybody_on_the_same_frame_and_a_resume_goes_on_from_there() -> None:
    """Paused, the player stands exactly at the line's position; resumed, it is in step again within a second."""
    telly = Telly().playing()
    assert telly.line is not None
    telly.tell(pausing(telly.line, 2, telly.now))
    telly.run(4.0)
    assert telly.position == telly.line.position_ms / 1000
    assert isinstance(telly.agent.step, Held | type(telly.agent.step))
    telly.run(20.0)
    telly.tell(resuming(telly.line, 3, telly.now))
    telly.run(2.5)
    assert abs(telly.drift) < 0.06
    assert telly.wrong_presses == 1  # the one try that found out that it toggles
    telly.run(10.0)


@pytest.mark.parametrize("by_s", [-55, 1, 600])
def test_a_seek_of_the_group_is_parked_and_released(by_s: int) -> None:
    """Wherever the group jumps to, the player runs from there at the agreed moment."""
    telly = Telly().playing()
    assert telly.line is not None
    to_ms = int((telly.line.position_s(telly.now) + by_s) * 1000)
    telly.tell(seeking(telly.line, 2, to_ms, telly.now, 2.5))
    telly.run(6.0)
    assert abs(telly.drift) < 0.06


def test_a_late_joiner_is_in_step_within_four_seconds() -> None:
    """A quick whole-second player, of which nothing is known, joins a running film."""
    telly = Telly()
    telly.run(1.0)
    telly.tell(GroupLine(7, 600_000, -100.0))
    telly.run(4.0)
    assert abs(telly.drift) < 0.1
    telly.run(10.0)
    assert abs(telly.drift) < 0.1
    assert telly.count(Play, Pause, SeekTo, why="correct") == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_film_that_began_at_its_beginning_is_in_step_within_four_seconds_too(seed: int) -> None:
    """A player that ignores where it was asked to begin is sent there at once, without being measured first."""
    telly = Telly(Habits(ignored_offsets=1, jitter=0.02), Random(seed))
    telly.tell(GroupLine(1, 60_000, -600.0 - seed / 7, 1.0))
    telly.run(4.0)
    assert abs(telly.drift) < 0.1


def test_who_is_too_little_ahead_for_a_freeze_waits_farther_ahead() -> None:
    """Slow buttons make no short freeze: a quarter of a second too early would stay for ever."""
    telly = Telly(Habits(latency=0.28), learned=Learned(unpause_s=0.28, unpause_seen=5)).playing()
    telly.jump(0.25 - telly.drift)
    telly.run(40.0)
    assert abs(telly.drift) < 0.2


@given(SEEDS, st.floats(0.4, 3.0))
@settings(max_examples=30, deadline=None)
def test_a_silent_stall_is_repaired_with_little(seed: int, length: float) -> None:
    """Within six seconds after a stall that says `playing`, with one seek and two freezes at most."""
    telly = Telly(rng=Random(seed)).playing()
    telly.run(20.0 + (seed % 100) / 100)
    before = telly.now
    telly.stall(length)
    telly.run(length + 6.0)
    assert abs(telly.drift) < 0.1
    assert telly.count(SeekTo, since=before) <= 2
    assert telly.count(Pause, since=before) <= 2


def test_a_long_stall_is_told_while_it_lasts() -> None:
    """The server hears of it, so that a group that wants to wait can."""
    telly = Telly().playing()
    telly.stall(8.0)
    telly.run(5.0)
    assert telly.notes[-1][1] == "stalled"
    told = [o for o in telly.trace if isinstance(o, Report)][-1]
    assert told.note == "stalled"
    telly.run(10.0)
    assert telly.notes[-1][1] == "in_step"


@given(SEEDS, st.floats(-0.03, 0.03), st.floats(0.0, 0.08))
@settings(max_examples=30, deadline=None)
def test_a_player_within_its_band_is_left_alone(seed: int, off: float, jitter: float) -> None:
    """Ten minutes with quantised answers, jitter and a small drift: not one command."""
    telly = Telly(Habits(jitter=jitter, frame=1 / 60), Random(seed)).playing()
    telly.jump(off - telly.drift)
    telly.run(20.0)
    before = telly.now
    telly.run(600.0)
    assert telly.count(Play, Pause, SeekTo, SetRate, since=before) == 0


@pytest.mark.parametrize("ppm", [3000, -3000])
def test_a_player_that_runs_wrong_is_kept_with_few_corrections(ppm: int) -> None:
    """3000 ppm are 0.18 s a minute: six freezes (or seeks) a minute at most, and always near."""
    telly = Telly(Habits(skew=ppm * 1e-6)).playing()
    worst, before = 0.0, telly.now
    for _ in range(300):
        telly.run(1.0)
        worst = max(worst, abs(telly.drift))
    assert telly.count(Pause, SeekTo, since=before) <= 6 * 5
    assert worst < 0.25


def test_a_player_with_speed_is_corrected_by_speed_and_nothing_else() -> None:
    """Five per cent at most, and back to the film's own speed."""
    telly = Telly(
        Habits(toggles=False, quantum=0.001, frame=0.001, hop=0.0005), learned=Learned(speed=True)
    ).playing()
    before = telly.now
    telly.jump(0.3)
    telly.run(20.0)
    rates = [o.rate for at, o in telly.commands if at >= before and isinstance(o, SetRate)]
    assert rates
    assert all(0.95 - 1e-9 <= rate <= 1.05 + 1e-9 for rate in rates)
    assert rates[-1] == 1.0
    assert abs(telly.drift) < 0.03
    assert telly.count(Pause, SeekTo, since=before) == 0


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_what_cannot_be_corrected_is_given_up_and_said(seed: int) -> None:
    """A player that ignores seeks and stalls again and again gets a bounded number of commands."""
    telly = Telly(Habits(deaf_to_seeks=True), Random(seed)).playing()
    before = telly.now
    telly.stall(5.0)
    telly.run(300.0)
    assert "uncorrectable" in {note for _, note in telly.notes}
    assert telly.count(Play, Pause, SeekTo, since=before) <= 120


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_a_player_that_jumps_about_does_not_make_us_restless(seed: int) -> None:
    """A jump every ten seconds, wherever: the commands stay below three for each."""
    telly = Telly(rng=Random(seed)).playing()
    before = telly.now
    for n in range(60):
        telly.jump(telly.rng.choice([-0.8, -0.3, 0.3, 0.8]))
        telly.run(10.0 + n % 3)
    assert telly.count(Pause, SeekTo, since=before) <= 3 * 60
    telly.run(30.0)
    assert abs(telly.drift) < 0.25


def test_corrections_keep_their_distance() -> None:
    """A film that is thrown about every two seconds is corrected once in four at most."""
    telly = Telly(Habits(toggles=False), learned=Learned(toggles=False, quantum_ms=1000)).playing()
    before = telly.now
    for _ in range(100):
        telly.jump(telly.rng.choice([-0.5, 0.5]))
        telly.run(2.0)
    starts = [at for at, o in telly.commands if at >= before and isinstance(o, Pause | SeekTo)]
    assert len(starts) <= 2 * 200 / 4


# ---------------------------------------------------------------- the viewer's own remote


def test_a_pause_by_hand_is_not_undone_and_play_comes_back() -> None:
    """The agent tells it, keeps its hands off, and fetches the player back when the viewer presses play."""
    telly = Telly().playing()
    before = telly.now
    telly.press(False)
    telly.run(20.0)
    assert telly.notes[-1][1] == "hand_paused"
    assert telly.count(Play, Pause, SeekTo, since=before) == 0
    assert not telly.button
    telly.press(True)
    telly.run(12.0)
    assert abs(telly.drift) < 0.1
    assert isinstance(telly.agent.step, Following)


def test_a_pause_by_hand_right_after_a_release_is_not_undone() -> None:
    """The film was seen running after our own `play`: what stands then was stopped by somebody."""
    telly = Telly(learned=Learned(toggles=True, quantum_ms=1000)).playing()
    assert telly.line is not None
    telly.tell(pausing(telly.line, 2, telly.now))
    telly.run(6.0)
    telly.tell(resuming(telly.line, 3, telly.now))
    telly.run(telly.line.at_s + 0.5 - telly.now)
    before = telly.now
    telly.press(False)
    telly.run(10.0)
    assert "hand_paused" in {note for at, note in telly.notes if at >= before}
    assert telly.count(Play, Pause, SeekTo, since=before) == 0
    assert not telly.button


def test_who_stepped_away_is_not_fetched_by_what_the_others_do_unless_they_all_are() -> None:
    """A line for the others changes nothing; one that gathers does."""
    telly = Telly().playing()
    telly.press(False)
    telly.run(10.0)
    before = telly.now
    assert telly.line is not None
    telly.tell(seeking(telly.line, 2, 900_000, telly.now, 2.5))
    telly.run(10.0)
    assert telly.count(Play, Pause, SeekTo, since=before) == 0
    line = GroupLine(3, 1_200_000, telly.now + 3.0, gathers=True)
    telly.tell(line)
    telly.run(8.0)
    assert abs(telly.drift) < 0.1


@pytest.mark.parametrize("by_s", [300.0, -60.0])
def test_a_seek_by_hand_is_told_with_its_place(by_s: float) -> None:
    """Forward or back by more than a stall could explain is a person's wish."""
    telly = Telly().playing()
    before = telly.now
    telly.jump(by_s)
    telly.run(8.0)
    assert "hand_sought" in {note for at, note in telly.notes if at >= before}
    assert isinstance(telly.agent.step, Away)
    assert telly.count(Play, Pause, SeekTo, since=before) == 0
    told = [o for o in telly.trace if isinstance(o, Report) and o.note == "hand_sought"][-1]
    assert told.position_ms is not None
    assert abs(told.position_ms / 1000 - telly.position) < 9.0


def test_play_by_hand_while_a_standing_player_is_tried_out_is_told() -> None:
    """A trial whether it seeks to less than a second takes seconds; a play in the middle of it is a person's."""
    telly = Telly(Habits(toggles=False), learned=Learned(toggles=False)).playing()
    assert telly.line is not None
    telly.tell(pausing(telly.line, 2, telly.now))
    for _ in range(400):
        telly.run(0.05)
        if isinstance(telly.agent.step, Rehearsing):
            break
    assert isinstance(telly.agent.step, Rehearsing)
    before = telly.now
    telly.press(True)
    telly.run(8.0)
    assert "hand_played" in {note for at, note in telly.notes if at >= before}
    assert telly.count(Play, Pause, SeekTo, since=before) == 0


def test_no_trial_undoes_a_play_that_was_not_seen_yet() -> None:
    """A player that stands is looked at rarely; before it is tried out, it is looked at once more."""
    telly = Telly().playing()
    assert telly.line is not None
    telly.tell(pausing(telly.line, 2, telly.now))
    for _ in range(400):
        telly.run(0.05)
        if isinstance(telly.agent.step, Held):
            break
    telly.run(REHEARSE_LATER_S - 0.15)
    before = telly.now
    telly.press(True)
    telly.run(8.0)
    assert "hand_played" in {note for at, note in telly.notes if at >= before}
    assert telly.count(Play, Pause, SeekTo, since=before) == 0


@pytest.mark.parametrize("position_ms", [0, 400])
def test_a_player_that_shows_nothing_at_the_beginning_begins_with_the_others(position_ms: int) -> None:
    """It cannot be seen to stand at 0, so it stands a second farther on, and is released a second later."""
    telly = Telly(Habits(blind_at_zero=True))
    telly.run(1.0)
    telly.tell(GroupLine(1, position_ms, telly.now, 0.0, MEDIA))
    telly.run(12.0)
    assert isinstance(telly.agent.step, Held)
    telly.tell(GroupLine(2, position_ms, telly.now + 2.0, 1.0, MEDIA))
    telly.run(8.0)
    assert telly.button
    assert abs(telly.drift) < 0.1


@pytest.mark.parametrize("after_s", [1.5, 2.0, 4.0, 8.0])
def test_who_pauses_and_soon_plays_again_is_heard(after_s: float) -> None:
    """A player of which nothing is known yet is not tried out in a short pause."""
    telly = Telly().playing()
    assert telly.line is not None
    telly.tell(pausing(telly.line, 2, telly.now))
    for _ in range(400):
        telly.run(0.05)
        if isinstance(telly.agent.step, Held):
            break
    telly.run(after_s)
    before = telly.now
    telly.press(True)
    telly.run(8.0)
    assert "hand_played" in {note for at, note in telly.notes if at >= before}
    assert telly.count(Play, Pause, SeekTo, since=before) == 0


def test_play_by_hand_in_a_paused_group_is_told() -> None:
    """Nobody presses pause against the viewer."""
    telly = Telly(learned=Learned(toggles=True, quantum_ms=1000)).playing()
    assert telly.line is not None
    telly.tell(pausing(telly.line, 2, telly.now))
    telly.run(10.0)
    before = telly.now
    telly.press(True)
    telly.run(10.0)
    assert telly.notes[-1][1] == "hand_played"
    assert telly.count(Play, Pause, SeekTo, since=before) == 0


@pytest.mark.parametrize("seed", range(12))
def test_a_play_of_ours_that_comes_late_is_no_hand(seed: int) -> None:
    """The group pauses just after a release, the pause is lost, and the first answer still tells of the time before."""
    model = Learned(toggles=False, quantum_ms=1000)
    telly = Telly(Habits(toggles=False), Random(seed), learned=model).playing()
    assert telly.line is not None
    telly.tell(pausing(telly.line, 2, telly.now))
    telly.run(6.0)
    telly.tell(resuming(telly.line, 3, telly.now))
    telly.run(telly.line.at_s - telly.now)
    assert telly.button
    telly.habits.lost, telly.habits.stale = 1.0, 0.7
    telly.tell(GroupLine(4, telly.line.position_ms, telly.now, 0.0))
    telly.habits.lost = 0.0
    telly.run(15.0)
    assert "hand_played" not in {note for _, note in telly.notes}
    assert not telly.button


def test_a_viewer_may_be_late_on_purpose() -> None:
    """A trim of half a second is kept as if it were the line."""
    telly = Telly().playing()
    telly.feed(Trimmed(500))
    telly.feed(Rejoined())
    telly.run(20.0)
    assert abs(telly.drift + 0.5) < 0.1


# ---------------------------------------------------------------- what is learned


def test_quantum_and_toggling_are_found_out_while_the_group_stands() -> None:
    """Told nothing, the agent knows both after one long pause, and the player stands where it stood."""
    for toggles, quantum in ((True, 1.0), (False, 0.001)):
        telly = Telly(Habits(toggles=toggles, quantum=quantum)).playing()
        assert telly.line is not None
        telly.tell(pausing(telly.line, 2, telly.now))
        telly.run(REHEARSE_LATER_S + 15.0)
        assert telly.agent.learned.toggles is toggles
        assert telly.agent.learned.quantum_ms == (1000 if quantum == 1.0 else 1)
        assert telly.position == telly.line.position_ms / 1000
        assert not telly.button


def test_slow_buttons_are_learned() -> None:
    """After a few pauses a player that takes 0.3 s to unpause is released 0.3 s early."""
    telly = Telly(Habits(latency=0.3, toggles=False)).playing()
    for rev in range(2, 12, 2):
        assert telly.line is not None
        telly.tell(pausing(telly.line, rev, telly.now))
        telly.run(12.0)
        assert abs(telly.position - telly.line.position_ms / 1000) <= FRAME
        telly.tell(resuming(telly.line, rev + 1, telly.now))
        telly.run(12.0)
    assert abs(telly.agent.learned.unpause_s - 0.3) < 0.1
    assert abs(telly.drift) < 0.06
