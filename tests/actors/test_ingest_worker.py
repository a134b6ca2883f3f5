"""What the ingest worker passes on: every way in which the mover fails has its words in the core."""

from typing import get_args

import pytest

from segue.adapters.files.trouble import Kind
from segue.core.ingest.failures import FAILURES


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_failure_of_the_mover_has_a_next_step(kind: str) -> None:
    """A kind that the core does not know would tell a person nothing but to look into the log."""
    assert kind in FAILURES
