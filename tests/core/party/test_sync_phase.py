"""Where a player is, from timelines in frames, in steps, with jitter."""

from math import floor
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from segue.core.party.sync.phase import (
    Phase,
    Sample,
    add,
    bounds,
    estimate,
    flush,
    jumped,
    next_question_s,
    presumed,
    suspicious,
)

SEEDS = st.integers(0, 2**32)


class Film:
    """A film that runs, and a timeline that shows it in frames or steps."""

    def __init__(self, seed: int, *, frame: float = 0.001, refresh: float = 0.0, jitter: float = 0.0) -> None:
        self.rng = Random(seed)
        self.phase_s = self.rng.uniform(-1000.0, 1000.0)
        self.frame, self.refresh, self.jitter = frame, refresh, jitter
        self._shown = 0.0
        self._next = -self.rng.uniform(0.0, refresh or 1.0)

    def ask(self, at: float) -> Sample:
        """Ask at a moment; the answer is of any moment between question and answer."""
        rtt = 0.02 + self.rng.uniform(0.0, self.jitter)
        read = at + self.rng.uniform(0.25, 0.75) * rtt
        shown = read + self.phase_s
        if self.refresh:
            while self._next <= read:
                self._shown = self._next + self.phase_s
                self._next += self.refresh * self.rng.uniform(0.93, 1.08)
            shown = self._shown
        return Sample(at + rtt / 2, rtt, floor(shown / self.frame) * self.frame)


def watch(film: Film, phase: Phase, moments: list[float]) -> Phase:
    for at in moments:
        phase = add(phase, film.ask(at))
    return phase


@given(SEEDS, st.sampled_from([0.001, 1 / 60, 1 / 24]), st.floats(0.0, 0.1))
def test_a_live_timeline_is_known_to_a_frame(seed: int, frame: float, jitter: float) -> None:
    """The estimate is off by a frame and a quarter of the longest round trip at most, and calls the film steady."""
    film = Film(seed, frame=frame, jitter=jitter)
    found = estimate(watch(film, Phase(), [1.0 + 0.97 * n for n in range(8)]))
    assert found is not None
    assert -frame - (0.02 + jitter) / 4 - 1e-6 <= found.phase_s - film.phase_s <= (0.02 + jitter) / 4 + 1e-6
    assert found.steady


@given(SEEDS, st.floats(0.0, 0.06))
@settings(max_examples=60)
def test_a_timeline_in_steps_is_found_out_and_measured(seed: int, jitter: float) -> None:
    """After a few quick questions it is known to be in steps, and the truth lies within the bounds."""
    film = Film(seed, refresh=1.0, jitter=jitter)
    phase = watch(film, Phase(), [10.0 + 0.12 * n for n in range(40)])
    assert phase.in_steps
    slack = (0.02 + jitter) / 2
    low, high, renewals = bounds(phase)
    assert renewals > 0
    assert low - slack <= film.phase_s <= high + slack
    found = estimate(phase)
    assert found is not None
    assert abs(found.phase_s - film.phase_s) <= 0.12 + slack
    assert 0.7 < phase.refresh_s < 1.3


@given(SEEDS)
@settings(max_examples=40)
def test_questions_around_a_renewal_narrow_the_bounds(seed: int) -> None:
    """Asking when `next_question_s` says, once a second or less, keeps the error below a tenth of a second."""
    film = Film(seed, refresh=1.0)
    phase = watch(film, presumed(1.0), [10.0 + 0.12 * n for n in range(20)])
    at = phase.samples[-1].at_s
    for _ in range(40):
        due = next_question_s(phase, at)
        assert due is not None
        assert at <= due <= at + 4.0
        at = due
        phase = add(phase, film.ask(at))
    found = estimate(phase)
    assert found is not None
    assert abs(found.phase_s - film.phase_s) < 0.1


def test_a_live_timeline_is_not_taken_for_one_in_steps() -> None:
    """Frames and slow answers alone never give a vote."""
    film = Film(3, frame=1 / 24, jitter=0.3)
    phase = watch(film, Phase(), [n * 0.5 for n in range(200)])
    assert not phase.in_steps
    assert next_question_s(phase, 1.0) is None


def test_a_seek_forward_is_no_vote_and_one_vote_is_not_enough() -> None:
    """Only what fell and rises back counts, and a single time is forgotten after a while."""
    film = Film(3)
    phase = watch(film, Phase(), [n * 1.0 for n in range(8)])
    film.phase_s += 10.0
    phase = watch(film, phase, [8.0])
    assert phase.votes == 0
    film.phase_s -= 0.5
    phase = watch(film, phase, [9.0])
    film.phase_s += 0.5
    phase = watch(film, phase, [10.0])
    assert phase.votes == 1
    assert not phase.in_steps
    phase = watch(film, phase, [11.0 + n for n in range(60)])
    assert phase.votes == 0


@given(SEEDS, st.floats(0.3, 30.0), st.booleans())
def test_a_jump_is_seen_with_the_second_sample(seed: int, size: float, back: bool) -> None:
    """The first sample is suspicious, the second makes it sure; what runs evenly is neither."""
    film = Film(seed, frame=1 / 24)
    phase = watch(film, Phase(), [n * 1.0 for n in range(8)])
    assert not jumped(phase)
    assert not suspicious(phase)
    film.phase_s += -size if back else size
    phase = watch(film, phase, [8.0])
    assert suspicious(phase)
    assert not jumped(phase)
    phase = watch(film, phase, [8.15])
    assert jumped(phase)


@given(SEEDS, st.floats(1.0, 30.0))
@settings(max_examples=40)
def test_a_jump_in_steps_is_seen(seed: int, size: float) -> None:
    """A stall of more than a second shows within a few seconds."""
    film = Film(seed, refresh=1.0)
    phase = watch(film, presumed(1.0), [10.0 + 0.12 * n for n in range(24)])
    film.phase_s -= size
    seen = False
    for n in range(8):
        phase = add(phase, film.ask(14.0 + 0.6 * n))
        seen = seen or jumped(phase)
    assert seen


def test_a_film_that_stands_is_not_steady() -> None:
    """While the position stays the same there is no measurement, on either kind of timeline."""
    for kind in (Phase(), presumed(1.0)):
        phase = kind
        for n in range(8):
            phase = add(phase, Sample(n * 0.12, 0.02, 60.0))
        found = estimate(phase)
        assert found is None or not found.steady


def test_too_little_is_nothing() -> None:
    """Three samples make no estimate; forgetting keeps the last ones and the kind of the timeline."""
    film = Film(1)
    phase = watch(film, presumed(1.0), [0.0, 0.1, 0.2])
    assert estimate(phase) is None
    kept = flush(phase, 1)
    assert [s.at_s for s in kept.samples] == [phase.samples[-1].at_s]
    assert kept.in_steps
    assert flush(phase).samples == ()


def test_an_answer_out_of_order_is_ignored() -> None:
    """Only what is newer than the last sample counts."""
    phase = watch(Film(1), Phase(), [5.0])
    assert add(phase, Sample(4.0, 0.02, 1.0)) is phase
