"""The lines that people's wishes draw."""

from hypothesis import given
from hypothesis import strategies as st

from segue.core.party.sync.target import (
    PAUSE_LEAD_S,
    RESUME_LEAD_S,
    SEEK_LEAD_MAX_S,
    GroupLine,
    pausing,
    resuming,
    seek_lead_s,
    seeking,
    starting,
    whole_ms,
)

MOMENTS = st.floats(0.0, 20_000.0)
PLAYING = st.builds(
    GroupLine, st.just(1), st.integers(0, 9_000).map(lambda s: s * 1000), st.floats(0.0, 5_000.0)
)


@given(PLAYING, MOMENTS)
def test_a_line_reaches_what_it_says(line: GroupLine, at: float) -> None:
    """`reached_at_s` is the inverse of `position_s` from the line's moment on."""
    at = max(at, line.at_s)
    assert abs(line.reached_at_s(line.position_s(at)) - at) < 1e-6


@given(PLAYING, MOMENTS)
def test_a_pause_happens_on_the_way(line: GroupLine, now: float) -> None:
    """It lies at a whole second, not too near and not too far, and the old line leads to it without a jump."""
    pause = pausing(line, 2, now)
    assert pause.rate == 0.0
    assert pause.position_ms % 1000 == 0
    if now >= line.at_s:
        assert PAUSE_LEAD_S - 1e-6 <= pause.at_s - now <= PAUSE_LEAD_S + 1.0 + 1e-6
        assert abs(line.position_s(pause.at_s) - pause.position_ms / 1000) < 1e-6
        assert abs(pause.position_s(now) - line.position_s(now)) < 1e-6
    else:
        assert pause.position_ms == line.position_ms
    assert pause.position_s(pause.at_s + 100.0) == pause.position_ms / 1000


@given(PLAYING, MOMENTS, st.floats(0.0, 60.0))
def test_a_resume_goes_on_from_where_it_stands(line: GroupLine, now: float, later: float) -> None:
    """No frame is lost and none is seen twice, also when the resume overtakes the pause."""
    pause = pausing(line, 2, now)
    resume = resuming(pause, 3, now + later)
    assert resume.position_ms == pause.position_ms
    assert resume.at_s >= max(now + later, pause.at_s) + RESUME_LEAD_S - 1e-9


@given(PLAYING, MOMENTS, st.integers(-1_000_000, 9_000_000))
def test_a_seek_lands_on_a_whole_second_of_the_film(line: GroupLine, now: float, to_ms: int) -> None:
    """It never goes before the beginning, and keeps a paused group paused."""
    moving = seeking(line, 2, to_ms, now, 2.0)
    assert moving.position_ms % 1000 == 0
    assert moving.position_ms >= 0
    assert abs(moving.position_ms - max(0, to_ms)) <= 500
    assert moving.rate == 1.0
    assert moving.at_s == now + 2.0
    assert seeking(pausing(line, 2, now), 3, to_ms, now, 2.0).rate == 0.0


def test_the_lead_of_a_seek_is_that_of_the_slowest_and_has_an_end() -> None:
    """One player that never gets ready does not hold up the others."""
    assert seek_lead_s([0.1, 2.0]) > 2.0
    assert seek_lead_s([0.1, 200.0]) == SEEK_LEAD_MAX_S
    assert seek_lead_s([]) < 2.0


def test_a_start_waits_at_its_position() -> None:
    """Before its moment the film stands where it will begin."""
    line = starting(1, "film", 60_000, 100.0)
    assert line.position_s(0.0) == 60.0
    assert line.position_s(line.at_s + 2.0) == 62.0


@given(st.floats(0.0, 9_000.0), st.sampled_from([1, 1000]))
def test_a_whole_position_is_never_before_what_was_asked(position: float, quantum: int) -> None:
    """Rounding is upwards, by less than one quantum."""
    found = whole_ms(position, quantum)
    assert found % quantum == 0
    assert -0.001 <= found - position * 1000 < quantum + 0.001
