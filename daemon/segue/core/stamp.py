"""Moments, and the units that the core counts in."""

import msgspec


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """The moment of one step; the only clock and the only randomness that the core has (decision 0002)."""

    seq: int
    """Number of the step, rising by one; the journal's key."""
    now_at: float
    """Seconds on the daemon's monotonic timeline: all `..._at` fields of the state are on it."""
    wall_at: float
    """Seconds since the Unix epoch, for what outlives the process and for people. May jump."""
    entropy: int = 0
    """64 random bits, the same again when a journal is replayed."""

    def effect_id(self, n: int = 0) -> str:
        """Name the step's `n`-th effect: `seq.n`, so that an outcome leads back to its cause."""
        return f"{self.seq}.{n}"

    def jitter(self, span: float) -> float:
        """Give a factor in 1 - span .. 1 + span, drawn from the step's entropy."""
        return 1.0 + span * (2.0 * (self.entropy % 65536) / 65535.0 - 1.0)


def cause_of(effect_id: str) -> int | None:
    """Read the step's number out of an effect's id; nothing when it is not one of ours."""
    head, _, _ = effect_id.partition(".")
    return int(head) if head.isdigit() else None
