"""A figure, how it is judged, and how it is printed."""

import json
import statistics
from collections.abc import Sequence
from typing import Literal

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One measured figure beside its target."""

    name: str
    value: float
    unit: str
    target: float
    better: Literal["less", "more", "equal"] = "less"
    baseline: str = ""
    """What was measured beside it in the same run, in words."""
    anchor: str = ""
    """What others reach, with its source."""

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        if self.better == "less":
            return self.value <= self.target
        return self.value >= self.target if self.better == "more" else self.value == self.target

    def line(self) -> str:
        """Write it as the line of JSON that `make bench` collects."""
        sign = {"less": "<=", "more": ">=", "equal": "="}[self.better]
        return json.dumps(
            {
                "name": self.name,
                "value": round(self.value, 4),
                "unit": self.unit,
                "target": f"{sign} {self.target:g}",
                "met": self.met,
                "baseline": self.baseline,
                "anchor": self.anchor,
            }
        )


def show(*figures: Figure) -> None:
    """Print figures as they are measured."""
    for figure in figures:
        print(figure.line(), flush=True)


def median(values: Sequence[float]) -> float:
    """Give the median."""
    return statistics.median(values)


def p99(values: Sequence[float]) -> float:
    """Give the value that 99 of 100 do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
