"""The server's clock, from probes over a line that does what it likes."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from segue.core.party.sync.clock import KEPT, PROBE_EVERY_S, Probe, ServerClock, add, next_probe_at

DELAYS = st.lists(st.tuples(st.floats(0.0, 0.5), st.floats(0.0, 0.5)), min_size=1, max_size=40)


def cross(clock: ServerClock, sent: float, truth: float, up: float, down: float) -> ServerClock:
    server = sent + up + truth
    return add(clock, Probe(sent, server, server, sent + up + down))


@given(DELAYS, st.floats(-1e5, 1e5))
def test_the_truth_is_within_the_stated_error(delays: list[tuple[float, float]], truth: float) -> None:
    """Whatever the delays are, the offset is not farther from the truth than the clock says itself."""
    clock = ServerClock()
    for number, (up, down) in enumerate(delays):
        clock = cross(clock, float(number), truth, up, down)
        assert abs(clock.offset_s - truth) <= clock.error_s + 1e-6


@given(st.floats(-200e-6, 200e-6).filter(lambda d: abs(d) <= 30e-6), DELAYS)
def test_a_clock_that_wanders_is_followed(drift: float, delays: list[tuple[float, float]]) -> None:
    """Old bounds are loosened as fast as two clocks can part, so that they never exclude the truth."""
    clock, at = ServerClock(), 0.0
    for number, (up, down) in enumerate(delays):
        at = 10.0 * number
        clock = cross(clock, at, 50.0 + drift * at, up, down)
    assert abs(clock.offset_s - (50.0 + drift * at)) <= clock.error_s + 2e-4


def test_the_quick_ways_up_and_down_are_taken_apart() -> None:
    """A probe that was quick up and one that was quick down are worth one that was quick both ways."""
    clock = cross(ServerClock(), 0.0, 7.0, 0.01, 0.3)
    clock = cross(clock, 1.0, 7.0, 0.3, 0.01)
    assert abs(clock.offset_s - 7.0) < 0.001


def test_eight_probes_with_sixty_ms_of_jitter_are_enough() -> None:
    """95 of 100 times the error is below 15 ms after eight probes."""
    rng = Random(1)
    errors = []
    for _ in range(400):
        clock = ServerClock()
        for number in range(8):
            clock = cross(clock, number * PROBE_EVERY_S, 3.0, 0.02 + rng.uniform(0, 0.06), 0.02)
        errors.append(abs(clock.offset_s - 3.0))
    assert sorted(errors)[379] <= 0.015


def test_a_clock_that_was_set_is_believed_anew() -> None:
    """One probe after a step is enough: the old ones contradict it and go."""
    clock = ServerClock()
    for number in range(10):
        clock = cross(clock, float(number), 5.0, 0.02, 0.02)
    clock = cross(clock, 11.0, 9.0, 0.02, 0.02)
    assert abs(clock.offset_s - 9.0) < 0.001
    assert len(clock.probes) == 1


def test_nothing_old_is_believed_after_a_long_gap() -> None:
    """A machine that slept begins anew."""
    clock = cross(ServerClock(), 0.0, 5.0, 0.001, 0.001)
    clock = cross(clock, 1000.0, 5.2, 0.3, 0.3)
    assert len(clock.probes) == 1


def test_a_probe_that_contradicts_itself_is_dropped() -> None:
    """Nothing comes back before it was sent, and the server does not answer before it was asked."""
    clock = cross(ServerClock(), 0.0, 5.0, 0.02, 0.02)
    assert add(clock, Probe(2.0, 7.0, 7.0, 1.0)) is clock
    assert add(clock, Probe(2.0, 7.5, 7.0, 2.1)) is clock


def test_not_more_is_kept_than_needed() -> None:
    """The memory has an end, and the clock is known from the third probe on."""
    clock = ServerClock()
    for number in range(100):
        assert clock.known is (number >= 3)
        clock = cross(clock, number * 10.0, 5.0, 0.02, 0.02)
    assert len(clock.probes) == KEPT


def test_probes_are_quick_first_and_rare_then() -> None:
    """Eight within a second, then one in ten."""
    assert next_probe_at(ServerClock(), 0, None) is None
    assert next_probe_at(ServerClock(), 3, 1.0) == 1.0 + PROBE_EVERY_S
    clock = ServerClock()
    for number in range(8):
        clock = cross(clock, number * 0.1, 5.0, 0.02, 0.02)
    assert next_probe_at(clock, 8, 1.0) == 11.0
