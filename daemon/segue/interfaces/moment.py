"""Now, for whoever puts a snapshot into words."""

import msgspec


class Moment(msgspec.Struct, frozen=True):
    """Now, on both clocks, so that ages and dates can be told from the state's monotonic moments."""

    now_at: float
    wall_at: float

    def date(self, moment: float | None) -> float | None:
        """Turn a moment of the state into seconds since the Unix epoch."""
        return None if moment is None else round(self.wall_at - (self.now_at - moment), 3)
