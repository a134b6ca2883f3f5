"""Progress bars: how much of how much, how fast, how long still."""

from __future__ import annotations

from segue.cli.fields import Json, number
from segue.cli.paint import Paint, fit, width
from segue.cli.words import duration, size

CELLS_MAX = 30
"""Of a bar; short enough that it keeps its length while the words beside it change, on a terminal of 80 columns."""
CELLS_MIN = 8
"""A shorter bar says nothing."""


class Amounts:
    """How far something has come, in bytes; nothing where that is not known."""

    def __init__(self, done: float | None, total: float | None, per_s: float | None = None) -> None:
        self.total = max(total or 0.0, 0.0)
        self.done = min(max(done or 0.0, 0.0), self.total)
        self.per_s = max(per_s or 0.0, 0.0)

    @property
    def share(self) -> float:
        """The part that is done, 0-1."""
        return self.done / self.total if self.total else 0.0


def amounts(data: Json) -> Amounts:
    """Read them from a job or an event."""
    return Amounts(*(number(data.get(name)) for name in ("done_bytes", "total_bytes", "bytes_per_s")))


def bar(share: float, cells: int, paint: Paint) -> str:
    """Draw a bar."""
    done = int(min(max(share, 0.0), 1.0) * cells)
    return paint("green", paint.sign("━", "=") * done) + paint("dim", paint.sign("─", "-") * (cells - done))


def in_words(how: Amounts) -> str:
    """Write how far it is: `43 % of 12.3 GB, 81.0 MB/s, 1 min 26 s left`."""
    parts = [f"{int(how.share * 100)} % of {size(how.total)}"]
    if how.per_s >= 1:  # slower than a byte a second is not moving
        parts += [f"{size(how.per_s)}/s", f"{duration((how.total - how.done) / how.per_s)} left"]
    return ", ".join(parts)


def progress(how: Amounts, columns: int, paint: Paint) -> str:
    """Draw a bar and its words in so many columns; the bar goes first where both do not fit."""
    words = in_words(how)
    cells = min(columns - width(words) - 2, CELLS_MAX)
    if cells < CELLS_MIN:
        return fit(words, columns, paint.sign("…", "~"))
    return f"{bar(how.share, cells, paint)}  {words}"
