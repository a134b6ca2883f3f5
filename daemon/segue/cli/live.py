"""The live view of the rooms: what is on, how far it has come, how loud it is and where the level is going.

Pure: given the last answer of the daemon, the time since, and the size of the terminal, it writes lines. What moves
between two answers (positions, fades) is reckoned from the clock, and only as long as something moves.
"""

from __future__ import annotations

from segue.cli.bars import amounts, progress
from segue.cli.fields import Json, number, record, records, text, whole
from segue.cli.paint import Paint, fit, pad, width
from segue.cli.render import ACTIVITY_SIGNS, ACTIVITY_STYLES, SEVERITY_STYLES, short_input, title
from segue.cli.words import clock

FRAME_S = 0.1
"""Between two pictures of a fade."""
NARROW = 44
"""Below so many columns a room is one line."""
TINY = 20
"""Below so many columns it is only a name."""
METER_CELLS = 24
PROGRESS_CELLS_MAX = 60
EIGHTHS = " ▏▎▍▌▋▊▉█"
HELD = {"paused": "copies are paused", "wait": "copies wait", "slow": "copies go slowly"}
PHASES = {
    "fading": "fading",
    "silenced": "silent until the player has answered",
    "selecting": "switching",
    "switching": "switching",
}


class Board:
    """What is shown of the house, as of the last answer."""

    def __init__(self) -> None:
        self.rooms: list[Json] = []
        self.health: list[Json] = []
        self.ingest: Json = {}
        self.learned_at = 0.0
        """When that was, on this process's monotonic clock."""
        self.notice = ""
        """Stands instead of the rooms while segued is away."""

    def learn(self, data: Json, now: float) -> None:
        """Take in an answer to `status`."""
        self.rooms, self.health = records(data.get("rooms")), records(data.get("health"))
        self.ingest, self.learned_at, self.notice = record(data.get("ingest")), now, ""

    def progressed(self, data: Json) -> bool:
        """Take in how far the copy under way is; false when none was known to be under way."""
        working = record(self.ingest.get("working"))
        if not working:
            return False
        self.ingest = {**self.ingest, "working": {**data, "name": working.get("name")}}
        return True

    def moves_in(self, now: float) -> float | None:
        """Say in how many seconds the picture will have changed by itself; nothing while all is still."""
        if self.notice or not self.rooms:
            return None
        age = now - self.learned_at
        if any(_fade_left(room, age) > 0 for room in self.rooms):
            return FRAME_S
        waits = [1.0 - (at / 1000) % 1.0 for room in self.rooms if (at := _position(room, age)) is not None]
        return min(waits, default=None)

    def draw(self, columns: int, lines: int, now: float, paint: Paint) -> list[str]:
        """Draw the rooms, in at most so many lines and columns; as many lines for each as there is space for."""
        if self.notice:
            return [paint("yellow", fit(self.notice, columns, paint.sign("…", "~")))]
        age = now - self.learned_at
        drawn = [each for room in self.rooms for each in _tall(room, age, columns, paint)]
        drawn += _ingest(self.ingest, columns, paint)
        if columns < NARROW or len(drawn) + len(self.health) + 1 > lines:
            drawn = [_flat(room, age, columns, paint) for room in self.rooms]
            drawn += _ingest(self.ingest, columns, paint)[-1:]
        drawn = [*[_trouble(item, columns, paint) for item in self.health], *drawn]
        if len(drawn) + 1 > lines:
            kept = max(lines - 2, 0)
            drawn = [*drawn[:kept], paint("dim", fit(f"and {len(drawn) - kept} more", columns))]
        return [paint("dim", paint.sign("─", "-") * columns), *drawn]


# ------------------------------------------------------------------ what moves


def _position(room: Json, age: float) -> float | None:
    """Reckon where a title that plays is now, in ms; nothing where none plays."""
    now = record(room.get("now"))
    at, most = number(now.get("position_ms")), number(now.get("duration_ms"))
    if at is None or room.get("activity") != "playing" or (most is not None and at + age * 1000 >= most):
        return None
    return at + age * 1000


def _fade_left(room: Json, age: float) -> float:
    return (number(record(room.get("fade")).get("remaining_s")) or 0.0) - age


def _level(room: Json, age: float) -> float | None:
    """Reckon the level: on its way while a fade runs, and at its end after that."""
    level, fade = number(room.get("level")), record(room.get("fade"))
    to_level, left = number(fade.get("to_level")), number(fade.get("remaining_s")) or 0.0
    if level is None or to_level is None:
        return level
    part = min(age / left, 1.0) if left > 0 else 1.0
    return level + (to_level - level) * part


# ------------------------------------------------------------------ a room


def _tall(room: Json, age: float, columns: int, paint: Paint) -> list[str]:
    """Draw a room: its title; its progress where there is any; its level."""
    name = fit(text(room.get("name")), columns // 3, paint.sign("…", "~"))
    indent = max(width(name), 7) + 1
    lines = [f"{paint('bold', pad(name, indent))}{_what(room, columns - indent, paint)}"]
    progress = _progress(room, age, columns - indent, paint)
    level = _level_line(room, age, columns - indent, paint)
    return lines + [f"{' ' * indent}{line}" for line in (progress, level) if line]


def _what(room: Json, columns: int, paint: Paint) -> str:
    activity = text(room.get("activity")) or "unknown"
    style, sign = ACTIVITY_STYLES.get(activity, "dim"), paint.sign(*ACTIVITY_SIGNS.get(activity, ("?", "?")))
    now = record(room.get("now"))
    album = text(now.get("album"))
    words = title(now) or {"unknown": "nothing is known of its player"}.get(activity, "nothing is on")
    shown = fit(words, columns - 2, paint.sign("…", "~"))
    left = columns - 2 - width(shown) - 3
    more = f"{paint('dim', ' - ' + fit(album, left, paint.sign('…', '~')))}" if album and left >= 8 else ""
    return f"{paint(style, sign)} {shown}{more}"


def _progress(room: Json, age: float, columns: int, paint: Paint) -> str:
    now = record(room.get("now"))
    most = number(now.get("duration_ms"))
    at = _position(room, age)
    at = number(now.get("position_ms")) if at is None else at
    if at is None or most is None or most <= 0:
        return ""
    at = min(at, most)
    times = f" {clock(at)} / {clock(most)}"
    cells = min(columns - len(times), PROGRESS_CELLS_MAX)
    if cells < 8:
        return times.strip()
    done = round(cells * at / most)
    bar = paint("green", paint.sign("━", "=") * done) + paint("dim", paint.sign("─", "-") * (cells - done))
    return f"{bar}{times}"


def _level_line(room: Json, age: float, columns: int, paint: Paint) -> str:
    level = _level(room, age)
    if level is None:
        has_receiver = room.get("heos_player") is not None or room.get("base_level") is not None
        return paint("red", fit("the receiver is not reachable", columns)) if has_receiver else ""
    notes = _notes(room, age, level, paint)
    cells = min(METER_CELLS, columns - 6)
    meter = f"{_meter(room, level, cells, paint)} " if cells >= 8 else ""
    return f"{meter}{fit(notes, columns - width(meter), paint.sign('…', '~'))}"


def _notes(room: Json, age: float, level: float, paint: Paint) -> str:
    fade = record(room.get("fade"))
    to_level = whole(fade.get("to_level"))
    words = f"{level:.0f}"
    if to_level is not None and _fade_left(room, age) > 0:
        words += f" {paint.sign('→', '->')} {to_level}"
    parts = [words, "muted" if room.get("muted") is True else "", PHASES.get(text(room.get("phase")), "")]
    parts.append(short_input(text(room.get("input"))))
    return "  ".join(part for part in parts if part)


def _meter(room: Json, level: float, cells: int, paint: Paint) -> str:
    """Draw a level on the scale of 0 to 100: what is heard, where a fade is going, and the room's limit."""
    fade = record(room.get("fade"))
    to_level, limit = number(fade.get("to_level")), number(room.get("max_level"))
    heard = _bar(min(max(level, 0.0), 100.0) * cells / 100, paint)
    goal = cells if limit is None else round(min(max(limit, 0.0), 100.0) * cells / 100)
    reach = round(min(max(to_level or 0.0, 0.0), 100.0) * cells / 100)
    rest = "".join(
        paint.sign("░", ":") if at < reach else paint.sign("·", ".") if at < goal else " "
        for at in range(width(heard), cells)
    )
    style = "dim" if room.get("muted") is True else "cyan" if to_level is not None else "green"
    return f"{paint('dim', paint.sign('▕', '['))}{paint(style, heard)}{paint('dim', rest + paint.sign('▏', ']'))}"


def _bar(filled: float, paint: Paint) -> str:
    """Draw a bar, to an eighth of a cell where the terminal can."""
    if not paint.unicode:
        return "#" * round(filled)
    whole_cells, part = divmod(round(filled * 8), 8)
    return EIGHTHS[8] * whole_cells + (EIGHTHS[part] if part else "")


def _flat(room: Json, age: float, columns: int, paint: Paint) -> str:
    """Draw a room in one line, for a small terminal or a large house."""
    if columns < TINY:
        return paint("bold", fit(text(room.get("name")), columns, paint.sign("…", "~")))
    name = fit(text(room.get("name")), max(columns // 3, 4), paint.sign("…", "~"))
    activity = text(room.get("activity")) or "unknown"
    sign = paint.sign(*ACTIVITY_SIGNS.get(activity, ("?", "?")))
    level = _level(room, age)
    volume = f"{level:.0f}" if level is not None else "-"
    head = f"{paint('bold', name)} {paint(ACTIVITY_STYLES.get(activity, 'dim'), sign)} {volume:>3} "
    return f"{head}{fit(title(record(room.get('now'))), max(columns - width(head), 0), paint.sign('…', '~'))}"


def _ingest(ingest: Json, columns: int, paint: Paint) -> list[str]:
    """Draw the copy under way, or how much waits; nothing while nothing does."""
    more = paint.sign("…", "~")
    queued, reviews = whole(ingest.get("queue")) or 0, whole(ingest.get("reviews")) or 0
    waits = [f"{queued:,} in the queue"] if queued else []
    waits += [f"{reviews:,} for review"] if reviews else []
    waits += [HELD[held]] if (held := text(ingest.get("held"))) in HELD else []
    lead = pad("ingest", 8) if columns >= NARROW else ""
    working = record(ingest.get("working"))
    if not working:
        return [paint("bold", lead) + fit(", ".join(waits), columns - len(lead), more)] if waits else []
    head = fit(", ".join([f"copies {text(working.get('name'))}", *waits]), columns - len(lead), more)
    how = progress(amounts(working), columns - len(lead), paint)
    return [f"{paint('bold', lead)}{head}", f"{' ' * len(lead)}{how}"]


def _trouble(item: Json, columns: int, paint: Paint) -> str:
    words = f"{text(item.get('code'))} {text(item.get('title'))}: {text(item.get('text'))}"
    return paint(
        SEVERITY_STYLES.get(text(item.get("severity")), ""), fit(words, columns, paint.sign("…", "~"))
    )
