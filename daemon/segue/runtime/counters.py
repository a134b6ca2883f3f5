"""Counts of what is harmless but worth knowing: unknown events, unknown fields, dropped lines."""


class Counters:
    """Names and how often; bounded, so that a stranger cannot fill the memory with names."""

    LIMIT = 256

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def count(self, name: str, by: int = 1) -> None:
        """Add to a name; names beyond the limit are counted together."""
        if name not in self._counts and len(self._counts) >= self.LIMIT:
            name = "other"
        self._counts[name] = self._counts.get(name, 0) + by

    def snapshot(self) -> dict[str, int]:
        """Give all counts, sorted by name."""
        return dict(sorted(self._counts.items()))
