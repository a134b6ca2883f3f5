"""Makes trio's scheduler repeat itself: the only place that touches its private names (trio issues 840 and 890)."""

import random

import trio._core._run as trio_run


def seed_scheduler(seed: int) -> None:
    """Let tasks be scheduled in an order that depends on the seed alone.

    Raises AttributeError when trio renames these, so that nobody believes in a determinism that is gone.
    """
    dice = trio_run._r
    if not isinstance(dice, random.Random):
        raise AttributeError("trio's scheduler has no dice of its own any more")
    _ = trio_run._ALLOW_DETERMINISTIC_SCHEDULING
    trio_run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
    dice.seed(seed)
