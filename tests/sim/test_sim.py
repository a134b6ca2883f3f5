"""Seeds of the house simulation, and the proof that a seed repeats itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim.house import simulate

REPO = Path(__file__).resolve().parents[2]
SEEDS = int(os.environ.get("SEGUE_SIM_SEEDS", "200"))
CHUNK = 25


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_ten_minutes_of_misfortune_end_well(first: int) -> None:
    """Whatever happened, the receiver ends at the person's level, and nothing is left to do."""
    failed = []
    for seed in range(first, min(first + CHUNK, SEEDS)):
        try:
            simulate(seed)
        except BaseExceptionGroup as error:
            failed.append(f"make sim SEED={seed}: {error.exceptions[0]!r}")
    assert not failed, "replay with:\n" + "\n".join(failed)


def test_the_same_seed_gives_the_same_trace_in_another_process() -> None:
    here, _ = simulate(4711)
    command = [sys.executable, "-m", "tests.sim", "--seed", "4711"]
    environ = os.environ | {"PYTHONHASHSEED": "12345", "PYTHONPATH": f"{REPO / 'daemon'}:{REPO}"}
    result = subprocess.run(
        command, cwd=REPO, env=environ, capture_output=True, text=True, timeout=120, check=True
    )
    assert f"trace {here}" in result.stdout


def test_another_seed_is_another_evening() -> None:
    assert simulate(1)[0] != simulate(2)[0]
