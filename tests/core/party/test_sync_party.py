"""Four homes together, in the simulator of the benchmarks: half an hour with stalls, a joiner and wishes."""

import pytest

from benchmarks.party_sim import ours, worlds
from benchmarks.party_sim.metrics import Meter, Result, quantile
from benchmarks.party_sim.rivals import RULES


def live(kind: worlds.WorldKind, rules: str, seed: int = 77, length: float = 1800.0) -> Result:
    world = worlds.build(kind, seed, length=length)
    meter = Meter(world)
    if rules == "segue":
        ours.run(world)
    else:
        RULES[rules](world)
    world.kernel.run(length)
    return meter.finish()


def test_mixed_players_stay_together_and_nobody_is_stopped() -> None:
    """Four players of four kinds: close most of the time, and never stopped for one another."""
    result = live("companion", "segue")
    assert quantile(result.spread, 0.5) < 0.3
    assert quantile(result.spread, 0.95) < 1.0
    assert result.group_stops_per_h == 0
    assert result.join_s < 40.0
    assert result.visible_per_viewer_h < 30


def test_own_players_stay_within_a_tenth_of_a_second() -> None:
    """Players that take a playback rate are in step to a few frames."""
    assert quantile(live("native", "segue").spread, 0.95) < 0.1


def test_a_simulated_hour_is_the_same_again() -> None:
    """The same seed gives the same positions; another seed does not."""
    first, second, other = (live("shim", "segue", seed, 700.0) for seed in (5, 5, 6))
    assert first.spread == second.spread
    assert first.spread != other.spread


@pytest.mark.parametrize("rules", list(RULES))
def test_the_rules_of_others_hold_a_party_too(rules: str) -> None:
    """They start, play, and stay within half a minute: an anchor that does not run would flatter us."""
    result = live("companion", rules, length=1200.0)
    assert 0.0 < quantile(result.spread, 0.5) < 30.0
    assert result.halted_s_per_h < 600.0
