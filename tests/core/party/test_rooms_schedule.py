"""Parties begin by the clock on the wall, which may be set, and by a process that may be started late."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from segue.core.party import reducer
from segue.core.party.actions import ClockStepped
from segue.core.party.effects import PublishState, TellEvent
from segue.core.party.requests import CreateRequested, ScheduleRequested, StartRequested
from segue.core.party.state import Ended
from tests.core.party.evening import FILM, Evening


@pytest.fixture
def evening() -> Evening:
    return Evening()


def begun_wall_at(evening: Evening) -> list[float]:
    """The moments on the wall at which the film was told to begin."""
    starts = [e for e in evening.all(PublishState) if e.frame.why == "start" and not e.to]
    return [e.frame.line.at_s - evening.now_at + evening.wall_at for e in starts]


def test_the_film_begins_at_its_minute_though_all_were_ready_before(evening: Evening) -> None:
    starts_at = evening.wall_at + 3600
    evening.create(wall_starts_at=starts_at, host="ann")
    evening.connect("ann")
    evening.later(3595)
    assert evening.phase == "gathering", "loading begins ten seconds before"
    evening.ready("ann")
    assert evening.phase == "gathering"
    evening.later(10)
    assert begun_wall_at(evening) == [pytest.approx(starts_at, abs=0.001)]


def test_five_minutes_before_it_is_said_once(evening: Evening) -> None:
    evening.create(wall_starts_at=evening.wall_at + 3600)
    evening.later(3301)
    kinds = [e.kind for e in evening.all(TellEvent)]
    assert kinds.count("starting_soon") == 1
    evening.later(200)
    assert [e.kind for e in evening.all(TellEvent)] == kinds


@pytest.mark.parametrize(
    ("in_s", "words"), [(3600, "in 5 minutes"), (200, "in 3 minutes"), (70, "in a minute")]
)
def test_how_soon_it_begins_is_said_as_it_is(evening: Evening, in_s: float, words: str) -> None:
    """A party may be made for a minute that is nearer than the five."""
    evening.create(wall_starts_at=evening.wall_at + in_s)
    evening.later(max(1.0, in_s - 299))
    (soon,) = [e.text for e in evening.all(TellEvent) if e.kind == "starting_soon"]
    assert soon.endswith(f"begins {words}.")


def test_a_start_survives_a_restart(evening: Evening) -> None:
    starts_at = evening.wall_at + 7200
    evening.create(wall_starts_at=starts_at)
    evening.later(100)
    evening.restart(gone_s=1000)
    evening.later(7200)
    assert begun_wall_at(evening) == [pytest.approx(starts_at, abs=0.001)]


@pytest.mark.parametrize(("late_s", "begins"), [(5, True), (890, True), (910, False)])
def test_a_missed_start_is_caught_up_with_for_a_quarter_of_an_hour(
    evening: Evening, late_s: float, begins: bool
) -> None:
    evening.create(wall_starts_at=evening.wall_at + 600)
    evening.restart(gone_s=600 + late_s)
    if begins:
        assert evening.phase == "gathering"
        evening.later(15)
        assert evening.phase == "playing"
        assert evening.position_s < 10, "from the beginning"
    else:
        assert isinstance(evening.party.phase, Ended)
        assert evening.party.phase.reason == "missed"
        assert "missed by 15 minutes" in evening.last(TellEvent).text


def test_a_clock_that_is_set_forward_is_noticed_within_a_minute(evening: Evening) -> None:
    starts_at = evening.wall_at + 3000
    evening.create(wall_starts_at=starts_at)
    evening.later(10)
    evening.wall_at += 2900
    evening.later(81)
    assert evening.phase == "gathering"
    evening.later(60)
    assert begun_wall_at(evening) == [pytest.approx(starts_at, abs=0.001)]


def test_a_step_that_is_told_is_noticed_at_once(evening: Evening) -> None:
    evening.create(wall_starts_at=evening.wall_at + 30_000)
    evening.wall_at += 30_000
    evening.act(ClockStepped())
    assert evening.phase == "gathering"


def test_a_clock_that_is_set_back_makes_it_later_and_not_twice(evening: Evening) -> None:
    starts_at = evening.wall_at + 1000
    evening.create(wall_starts_at=starts_at)
    evening.later(500)
    evening.wall_at -= 400
    evening.later(600)
    assert evening.phase == "lobby"
    evening.later(301)
    assert begun_wall_at(evening) == [pytest.approx(starts_at, abs=0.001)]
    evening.wall_at -= 5000
    evening.later(3000)
    assert len(begun_wall_at(evening)) == 1


def test_clock_jumps_move_no_film_that_runs(evening: Evening) -> None:
    evening.running("ann")
    evening.later(100)
    position_s = evening.position_s
    evening.wall_at += 86_400
    evening.act(ClockStepped())
    assert evening.position_s == position_s
    evening.restart(gone_s=3)
    assert evening.position_s == pytest.approx(position_s + 3, abs=0.03)


def test_the_time_can_be_set_until_it_begins(evening: Evening) -> None:
    party_id = evening.create(wall_starts_at=evening.wall_at + 600)
    evening.act(ScheduleRequested(party_id=party_id, wall_starts_at=None))
    evening.later(1000)
    assert evening.phase == "lobby"
    evening.act(ScheduleRequested(party_id=party_id, wall_starts_at=evening.wall_at + 20))
    evening.later(25)
    assert evening.phase == "playing"
    evening.act(ScheduleRequested(party_id=party_id, wall_starts_at=None))
    assert evening.refused == "begun"


@pytest.mark.parametrize("off_s", [-1000.0, 400 * 86_400.0, float("nan"), float("inf")])
def test_times_that_cannot_be_are_refused(evening: Evening, off_s: float) -> None:
    evening.act(CreateRequested((FILM,), evening.wall_at + off_s))
    assert evening.refused == "bad_time"


def test_nobody_comes_to_a_party_without_a_time(evening: Evening) -> None:
    evening.create()
    evening.later(8 * 86_400)
    assert not evening.state.parties


def test_a_scheduled_party_sleeps_most_of_the_time(evening: Evening) -> None:
    """A day ahead it looks at the clock every quarter of an hour, not every second."""
    evening.create(wall_starts_at=evening.wall_at + 86_400)
    seq = evening.seq
    evening.later(80_000)
    assert evening.seq - seq < 100


@hypothesis_settings(deadline=None)
@given(
    st.floats(20, 20_000),
    st.lists(
        st.one_of(
            st.tuples(st.just("jump"), st.floats(-5000, 5000)),
            st.tuples(st.just("wait"), st.floats(0, 3000)),
            st.tuples(st.just("restart"), st.floats(0, 3000)),
        ),
        max_size=6,
    ),
)
def test_whatever_the_clocks_do_it_begins_once_and_never_early(
    ahead_s: float, events: list[tuple[str, float]]
) -> None:
    evening = Evening()
    starts_at = evening.wall_at + ahead_s
    evening.create(wall_starts_at=starts_at)
    begun: list[float] = []
    for what, seconds in [*events, ("wait", 40_000.0)]:
        steps = len(evening.effects)
        if what == "jump":
            evening.wall_at += seconds
        elif what == "restart":
            evening.restart(seconds)
        else:
            until_at = evening.now_at + seconds
            while evening.now_at < until_at:
                due_at = reducer.next_deadline(evening.state)
                evening.later(
                    min(until_at, until_at if due_at is None else max(due_at, evening.now_at))
                    - evening.now_at
                )
                if not evening.state.parties or due_at is None:
                    break
        new = evening.effects[steps:]
        for effect in new:
            if isinstance(effect, PublishState) and effect.frame.why == "gather":
                begun.append(evening.wall_at)
    assert len(begun) <= 1
    kinds = [e.kind for e in evening.all(TellEvent)]
    assert kinds.count("gathering") == len(begun)
    ended = [e for e in evening.all(PublishState) if e.phase == "ended"]
    assert begun or ended, "begun, or said to be missed"


def test_a_start_by_hand_before_its_time_counts(evening: Evening) -> None:
    party_id = evening.create(wall_starts_at=evening.wall_at + 600)
    evening.act(StartRequested(party_id=party_id))
    evening.later(700)
    assert len(begun_wall_at(evening)) == 1
