"""What is learned about a player, and that no single lie spoils it."""

from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from segue.core.party.sync.latency import (
    LATENCY_MAX_S,
    LATENCY_MIN_S,
    SEEK_MAX_S,
    SEEK_MIN_S,
    Learned,
    loaded,
    parked,
    released,
    sought,
    stopped,
)

ERRORS = st.lists(st.floats(-100.0, 100.0), min_size=1, max_size=30)


@given(ERRORS)
def test_everything_stays_within_its_bounds(errors: list[float]) -> None:
    """Whatever is observed, the model stays one that a player could have."""
    model = Learned()
    for error in errors:
        model = released(sought(stopped(loaded(model, error), error), error), error, parked=error > 0)
        assert LATENCY_MIN_S <= model.unpause_s <= LATENCY_MAX_S
        assert LATENCY_MIN_S <= model.pause_s <= LATENCY_MAX_S
        assert SEEK_MIN_S <= model.seek_s <= SEEK_MAX_S
        assert 0.1 <= model.park_s <= SEEK_MAX_S
        assert 0.0 < model.seek_sigma_s <= 1.5


@given(st.floats(0.01, 1.0), st.integers(0, 1000))
def test_a_latency_is_learned_from_the_errors_it_causes(true_s: float, seed: int) -> None:
    """After ten releases the errors are those of the player's own scatter."""
    rng, model = Random(seed), Learned()
    for _ in range(10):
        model = released(model, model.unpause_s - true_s * rng.uniform(0.9, 1.1), parked=False)
    assert abs(model.unpause_s - true_s) <= 0.1 * true_s + 0.02


@given(st.floats(0.05, 5.0))
def test_a_seek_is_learned_at_once(true_s: float) -> None:
    """The first observation is taken over as it is; later ones are averaged."""
    model = sought(Learned(), true_s - Learned().seek_s)
    assert abs(model.seek_s - true_s) < 1e-6
    assert abs(sought(model, 1.0).seek_s - true_s) < 1.0


def test_one_outlier_does_not_spoil_what_is_known() -> None:
    """A known player's latency moves by a fifth of an error, and an error counts 0.6 s at most."""
    model = Learned(unpause_s=0.2, unpause_seen=20)
    assert abs(released(model, -50.0, parked=False).unpause_s - 0.2) <= 0.121


def test_a_seek_that_had_not_finished_is_not_the_unpausing() -> None:
    """A late release after a seek teaches that parking takes longer, and nothing about play."""
    model = Learned(unpause_s=0.2, unpause_seen=5, park_s=1.0)
    after = released(model, -0.8, parked=True)
    assert after.unpause_s == 0.2
    assert after.park_s > 1.4
    assert released(model, -0.05, parked=True).park_s < 1.0


def test_a_player_that_took_longer_to_park_gets_more_time() -> None:
    """What was seen counts; a quicker one only shortens it by punctual releases, for it may have been luck."""
    model = Learned(park_s=1.0)
    assert parked(model, 0.4) == model
    slower = parked(model, 4.0)
    assert 1.5 < slower.park_s < 4.0
    for _ in range(30):
        slower = parked(slower, 4.0)
    assert abs(slower.park_s - 4.0) < 0.1
    assert loaded(model, 0.6).park_s < 1.0


def test_the_model_can_be_written_down() -> None:
    """It comes back from JSON as it was, and an older one without some fields still reads."""
    model = Learned(unpause_s=0.123, quantum_ms=1000, toggles=True, refresh_s=1.0)
    assert msgspec.json.decode(msgspec.json.encode(model), type=Learned) == model
    assert msgspec.json.decode(b'{"unpause_s": 0.5}', type=Learned).unpause_s == 0.5


def test_an_unknown_player_is_taken_for_a_coarse_one() -> None:
    """Whole seconds until a finer seek was seen."""
    assert Learned().quantum == 1000
    assert Learned(quantum_ms=1).quantum == 1
