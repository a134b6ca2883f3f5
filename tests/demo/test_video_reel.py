"""A film as a function of time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.demo.video_reel import Reel

HOUR_MS = 3_600_000


def running(position_ms: float = 0.0, **more: Any) -> Reel:
    """A film that runs since moment 0."""
    reel = Reel(HOUR_MS, now=0.0, position_ms=position_ms, **more)
    reel.run(0.0)
    return reel


def test_a_film_stands_until_it_is_told_to_run() -> None:
    reel = Reel(HOUR_MS, now=0.0, position_ms=5000)
    assert (reel.position_ms(10), reel.moves(10)) == (5000, False)
    reel.run(10.0, 0.5)
    assert (reel.position_ms(10.5), reel.position_ms(11.5), reel.moves(10.4)) == (5000, 6000, False)


def test_a_pause_overruns() -> None:
    reel = running()
    reel.hold(10.0, 0.25)
    assert (reel.position_ms(10.25), reel.position_ms(99.0)) == (10_250, 10_250)
    assert (reel.wants_to_run, reel.moves(10.1), reel.moves(10.3)) == (False, True, False)


def test_a_seek_stands_until_the_picture_is_back() -> None:
    reel = running()
    reel.jump(10.0, 60_000, 0.7)
    assert (reel.position_ms(10.0), reel.position_ms(10.7), reel.position_ms(11.7)) == (
        60_000,
        60_000,
        61_000,
    )


def test_a_film_that_is_paused_while_it_seeks_stays_there() -> None:
    reel = running()
    reel.jump(10.0, 60_000, 0.7)
    reel.hold(10.3, 0.1)
    assert reel.position_ms(20.0) == 60_000


def test_a_film_that_stalls_wants_to_run_and_goes_on_by_itself() -> None:
    reel = running()
    reel.stall(10.0, 1.5)
    assert (reel.wants_to_run, reel.moves(11.0), reel.position_ms(12.5)) == (True, False, 11_000)


def test_nothing_runs_before_a_stall_is_over() -> None:
    reel = running()
    reel.stall(10.0, 5.0)
    reel.hold(11.0)
    reel.run(12.0)
    assert (reel.position_ms(15.0), reel.position_ms(16.0)) == (10_000, 11_000)


def test_a_clock_that_is_too_fast_gains_from_then_on() -> None:
    reel = running()
    reel.turn(10.0, 1.003)
    assert reel.position_ms(20.0) == pytest.approx(20_030)


def test_turning_the_clock_undoes_no_pause_that_is_on_its_way() -> None:
    reel = running()
    reel.hold(10.0, 0.2)
    reel.turn(10.1, 1.003)
    assert not reel.moves(11.0)


def test_a_film_ends_and_no_seek_leaves_it() -> None:
    reel = running(HOUR_MS - 1000)
    assert (reel.has_ended(0.9), reel.has_ended(1.0), reel.moves(2.0)) == (False, True, False)
    reel.jump(5.0, 10 * HOUR_MS, 0.0)
    assert reel.position_ms(6.0) == HOUR_MS


def test_the_past_stays_what_it_was() -> None:
    reel = running()
    before = reel.position_ms(5.0)
    reel.jump(10.0, 60_000, 1.0)
    reel.hold(12.0)
    assert (reel.position_ms(5.0), reel.wanted_to_run(5.0), reel.wanted_to_run(12.0)) == (before, True, False)


EVENTS = st.lists(
    st.tuples(
        st.floats(0.0, 5.0),
        st.sampled_from(["run", "hold", "jump", "stall", "turn"]),
        st.floats(0.0, 3.0),
        st.floats(0.0, 2e6),
    ),
    max_size=40,
)


@given(EVENTS)
def test_whatever_happens_it_only_moves_as_fast_as_it_may(
    events: list[tuple[float, str, float, float]],
) -> None:
    """Between events the position never falls, never gains more than the clock gives, and a film that is not wanted
    to run stands in the end."""
    reel, now = Reel(HOUR_MS, now=0.0), 0.0
    for after_s, what, takes_s, position_ms in events:
        for part in (0.25, 0.5, 1.0):
            was, then = reel.position_ms(now), now + after_s * part
            gained = reel.position_ms(then) - was
            assert -1e-6 <= gained <= (then - now) * 1000 * 1.01 + 1e-6
        now += after_s
        match what:
            case "run":
                reel.run(now, takes_s)
            case "hold":
                reel.hold(now, takes_s)
            case "jump":
                reel.jump(now, position_ms, takes_s)
            case "stall":
                reel.stall(now, takes_s)
            case _:
                reel.turn(now, 1.0 + takes_s / 1000)
    end = now + 100
    assert reel.moves(end) == (reel.wants_to_run and not reel.has_ended(end))
