"""The picture of a party: one line a viewer, with a bar from zero to how far they are ahead or behind.

Pure: given the last answer, the time since, and the size of the terminal, it writes lines. The scale is logarithmic, so
that a few frames and a few seconds both can be seen.
"""

from __future__ import annotations

from math import log1p

from segue.cli.fields import Json, number, records, text, whole
from segue.cli.paint import Paint, fit, pad, width
from segue.cli.party_render import phase, standing
from segue.cli.words import clock, counted, duration, moment

FULL_MS = 2000.0
"""What fills a bar to its end; whatever is more is as long."""
FINE_MS = 10.0
"""About here the scale turns from linear to logarithmic."""
GOOD_MS, FAIR_MS = 80.0, 250.0
"""Up to these a drift is green, and yellow: the first nobody notices, the second only in a call."""
BAR_CELLS_MAX, BAR_CELLS_MIN = 41, 13
NAME_CELLS_MAX = 24
VALUE_CELLS = 14
WORDS_CELLS_MIN = 27
PROGRESS_CELLS_MAX = 60
TICKS = ((-1000.0, "-1s"), (-100.0, "-100"), (0.0, "0"), (100.0, "100"), (1000.0, "1s"))
"""Of the scale, in ms, and how they are written."""


class Board:
    """What is shown of a party, as of the last answer."""

    def __init__(self) -> None:
        self.data: Json = {}
        self.learned_at = 0.0
        """When that was, on this process's monotonic clock."""
        self.notice = ""
        """Stands above the rest while segued is away."""

    def learn(self, data: Json, now: float) -> None:
        """Take in an answer."""
        self.data, self.learned_at, self.notice = data, now, ""

    @property
    def viewers(self) -> list[Json]:
        """Everybody with a player, and members without one."""
        return records(self.data.get("viewers"))

    def position_ms(self, now: float) -> float | None:
        """Reckon where the film is by now; nothing where that is not known."""
        at, length = number(self.data.get("position_ms")), number(self.data.get("duration_ms"))
        if at is None:
            return None
        if self.data.get("runs") is True:
            at += max(now - self.learned_at, 0.0) * 1000
        return at if length is None else min(at, length)

    def draw(self, columns: int, lines: int, now: float, paint: Paint) -> list[str]:
        """Draw everybody, in at most so many lines and columns."""
        drawn = [paint("dim", paint.sign("─", "-") * columns)]
        if self.notice:
            drawn.append(paint("yellow", fit(self.notice, columns, _more(paint))))
        drawn += [self._head(columns, now, paint), *self._progress(columns, now, paint)]
        viewers = self.viewers
        names = _names(viewers)
        name_cells = min(max(map(width, names), default=0), NAME_CELLS_MAX, max(columns // 3, 4))
        bar_cells = _bar_cells(columns, name_cells)
        if bar_cells and viewers:
            drawn.append(" " * (name_cells + 1) + paint("dim", axis(bar_cells)))
        room = max(lines - len(drawn) - 1, 1)
        for viewer, name in list(zip(viewers, names, strict=True))[:room]:
            shown = pad(fit(name, name_cells, _more(paint)), name_cells)
            drawn.append(self._row(viewer, shown, bar_cells, columns, paint))
        if len(viewers) > room:
            drawn.append(paint("dim", fit(f"and {len(viewers) - room} more", columns, _more(paint))))
        elif not viewers:
            drawn.append(fit("Nobody is in it yet.", columns, _more(paint)))
        details = _details(viewers)
        drawn += [paint("yellow", fit(each, columns, _more(paint))) for each in details]
        return drawn[:lines]

    def _head(self, columns: int, now: float, paint: Paint) -> str:
        data = self.data
        words = [summary(data, paint)]
        at, length = self.position_ms(now), number(data.get("duration_ms"))
        begun = data.get("phase") not in ("lobby", "gathering")
        if begun and at is not None and length is not None and not self._has_progress(columns):
            words.append(f"{clock(at)} / {clock(length)}")
        head = "  ".join(filter(None, words))
        left = columns - width(head) - 2
        name = f"  {paint('bold', fit(text(data.get('film')), left, _more(paint)))}" if left > 4 else ""
        return f"{head}{name}" if width(head) <= columns else fit(_bare(head), columns, _more(paint))

    def _has_progress(self, columns: int) -> bool:
        return columns >= 40 and self.data.get("phase") not in ("lobby", "ended", None)

    def _progress(self, columns: int, now: float, paint: Paint) -> list[str]:
        at, length = self.position_ms(now), number(self.data.get("duration_ms"))
        if not self._has_progress(columns) or at is None or not length or length <= 0:
            return []
        times = f" {clock(at)} / {clock(length)}"
        cells = min(columns - len(times), PROGRESS_CELLS_MAX)
        done = round(cells * at / length)
        bar = list(paint.sign("━", "=") * done + paint.sign("─", "-") * (cells - done))
        pause_at = number(self.data.get("next_intermission_ms"))
        if pause_at is not None and 0 <= pause_at < length:
            bar[min(int(cells * pause_at / length), cells - 1)] = paint.sign("◆", "*")
        left, right = "".join(bar[:done]), "".join(bar[done:])
        return [f"{paint('green', left)}{paint('dim', right)}{times}"]

    def _row(self, viewer: Json, name: str, bar_cells: int, columns: int, paint: Paint) -> str:
        value = number(viewer.get("drift_ms"))
        stands_by = viewer.get("present") is not True or bool(text(viewer.get("away")))
        style = "dim" if stands_by or value is None else drift_style(value)
        parts = [paint("bold", name)]
        if bar_cells:
            parts.append(bar(None if stands_by else value, bar_cells, style, paint))
        parts.append(paint(style, pad(_value(viewer), VALUE_CELLS)))
        head = " ".join(parts)
        left = columns - width(head) - 1
        words = _words(viewer, text(self.data.get("phase")), paint)
        shown = words if width(words) <= left else fit(_bare(words), left, _more(paint))
        return f"{head} {shown}".rstrip() if left > 3 else fit(_bare(head), columns, _more(paint))


def _more(paint: Paint) -> str:
    return paint.sign("…", "~")


def _bare(painted: str) -> str:
    from segue.cli.paint import without_paint

    return without_paint(painted)


def summary(data: Json, paint: Paint) -> str:
    """Write how a party is in a few words: its state, how far apart the viewers are, who is there."""
    parts = [paint("bold", text(data.get("party_id"))), phase(data, paint)]
    until, starts_at = number(data.get("until")), number(data.get("starts_at"))
    if starts_at is not None:
        parts.append(f"begins {moment(starts_at)}")
    elif until is not None:
        parts.append(f"until {moment(until)}")
    spread = number(data.get("spread_ms"))
    if spread is not None:
        parts.append(f"spread {paint(drift_style(spread / 2), f'{spread:.0f} ms')}")
    present, members = whole(data.get("present")), whole(data.get("members"))
    if present is not None and members is not None:
        parts.append(f"{present} of {members} here")
    return "  ".join(parts)


def _names(viewers: list[Json]) -> list[str]:
    """Call everybody by their name; with the player's where somebody has several."""
    names = [text(viewer.get("username")) for viewer in viewers]
    return [
        f"{name}/{text(viewer.get('title'))}" if names.count(name) > 1 else name
        for name, viewer in zip(names, viewers, strict=True)
    ]


def _bar_cells(columns: int, name_cells: int) -> int:
    """Say how long the bars are: an odd number, or none where there is no room for them."""
    cells = min(columns - name_cells - VALUE_CELLS - WORDS_CELLS_MIN - 3, BAR_CELLS_MAX)
    if cells < BAR_CELLS_MIN:
        return 0
    return cells if cells % 2 else cells - 1


def drift_style(drift_ms: float) -> str:
    """Say in which colour a drift is written."""
    size = abs(drift_ms)
    return "green" if size <= GOOD_MS else "yellow" if size <= FAIR_MS else "red"


def reach(drift_ms: float, half: int) -> int:
    """Say how many cells of one half a drift fills; at least one for what is not nothing."""
    size = min(abs(drift_ms), FULL_MS)
    cells = round(half * log1p(size / FINE_MS) / log1p(FULL_MS / FINE_MS))
    return max(cells, 1) if size >= 1.0 else 0


def bar(drift_ms: float | None, cells: int, style: str, paint: Paint) -> str:
    """Draw a bar from the middle: to the left for who is behind, to the right for who is ahead."""
    half = cells // 2
    middle = paint("dim", paint.sign("│", "|"))
    if drift_ms is None:
        empty = paint("dim", paint.sign("·", ".") * half)
        return f"{empty}{middle}{empty}"
    filled = reach(drift_ms, half)
    drawn = paint(style, paint.sign("█", "#") * filled)
    rest = " " * (half - filled)
    nothing = " " * half
    if drift_ms < 0:
        return f"{rest}{drawn}{middle}{nothing}"
    return f"{nothing}{middle}{drawn}{rest}"


def axis(cells: int) -> str:
    """Write the scale of the bars."""
    half = cells // 2
    line = [" "] * cells
    taken = -2
    for at_ms, words in TICKS:
        cell = half + (reach(at_ms, half) if at_ms >= 0 else -reach(at_ms, half))
        start = min(max(cell - len(words) // 2, 0), cells - len(words))
        if start > taken + 1:
            line[start : start + len(words)] = words
            taken = start + len(words) - 1
    return "".join(line).rstrip()


def _value(viewer: Json) -> str:
    value, sigma = whole(viewer.get("drift_ms")), whole(viewer.get("sigma_ms"))
    if value is None:
        return "-"
    return f"{value:+d} ms" + (f" ±{sigma}" if sigma is not None else "")


def _words(viewer: Json, phase_name: str, paint: Paint) -> str:
    """Say what a viewer does, how far away it is, and how often it stalled."""
    parts = [standing(viewer, viewer, phase_name, paint)]
    step = text(viewer.get("step"))
    if step and viewer.get("note") not in ("in_step", "parked") and viewer.get("present") is True:
        parts.append(paint("dim", step.lower()))
    rtt, stalls, heard = (number(viewer.get(name)) for name in ("rtt_ms", "stalls", "heard_s"))
    parts += [f"rtt {rtt:.0f} ms"] if rtt is not None and viewer.get("present") is True else []
    parts += [counted(int(stalls), "stall")] if stalls else []
    parts += [paint("yellow", f"silent for {duration(heard)}")] if heard is not None and heard > 15 else []
    offset = whole(viewer.get("offset_ms"))
    parts += [f"offset {offset:+d} ms"] if offset else []
    parts += [paint("dim", "old client")] if viewer.get("protocol") == "old" else []
    return "  ".join(parts)


def _details(viewers: list[Json]) -> list[str]:
    lines = []
    for viewer in viewers:
        whose = ", ".join(filter(None, (text(viewer.get("username")), text(viewer.get("title")))))
        if detail := text(viewer.get("detail")):
            lines.append(f"{whose}: {detail}")
    return lines
