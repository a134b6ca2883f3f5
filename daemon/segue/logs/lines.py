"""One line of the log, and the ways to write it: for a person's terminal, for a file, for a machine."""

from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

Level = Literal["debug", "info", "warning", "error", "critical"]

LEVELS: dict[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
PRIORITIES: dict[str, int] = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""syslog(3); journald takes the same numbers."""

QUIET_FIELDS = frozenset({"seq", "why"})
"""Where a line comes from: good for `journalctl SEGUE_SEQ=...`, but noise to somebody who watches a terminal."""


class Line(NamedTuple):
    """What is to be written; nothing in it is secret any more."""

    at: float
    """Wall clock, seconds."""
    level: Level
    text: str
    fields: dict[str, object]
    exception: str = ""
    """A traceback over several lines."""


def one_line(text: str) -> str:
    """Escape what would begin a new line or move a terminal's cursor: texts of others must not forge lines."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _pairs(fields: dict[str, object]) -> str:
    return " ".join(f"{name}={_short(value)}" for name, value in fields.items())


def _short(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = one_line(text)
    return f'"{text}"' if " " in text or not text else text


def _traceback(exception: str) -> str:
    return "".join("\n  " + one_line(line) for line in exception.splitlines())


def plain(line: Line) -> str:
    """Write `2026-11-25T20:14:03.123Z warning the receiver does not answer room=living`."""
    parts = (_iso(line.at), f"{line.level:7}", one_line(line.text), _pairs(line.fields))
    return " ".join(part for part in parts if part) + _traceback(line.exception)


def json(line: Line) -> str:
    """Write one object of JSON."""
    entry = {"at": _iso(line.at), "level": line.level, "message": line.text, **line.fields}
    if line.exception:
        entry["exception"] = line.exception
    return msgspec.json.encode(entry).decode()


def prefixed(line: Line) -> str:
    """Write `<4>the receiver does not answer`: journald reads a priority from each line of stderr (sd-daemon(3))."""
    mark = f"<{PRIORITIES[line.level]}>"
    parts = (one_line(line.text), _pairs(line.fields))
    text = " ".join(part for part in parts if part) + _traceback(line.exception)
    return mark + text.replace("\n", f"\n{mark}")


DIM, RED, YELLOW, RESET = "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
COLOURS = {"debug": DIM, "info": "", "warning": YELLOW, "error": RED, "critical": RED}


def console(line: Line, *, colours: bool) -> str:
    """Write `20:14:03  The receiver does not answer.`: the time of day here, and only what a person wants to see."""
    clock = f"{datetime.fromtimestamp(line.at).astimezone():%H:%M:%S}"
    word = "" if line.level in ("debug", "info") else f"{line.level}: "
    shown = (
        line.fields
        if line.level == "debug"
        else {k: v for k, v in line.fields.items() if k not in QUIET_FIELDS}
    )
    text, pairs = word + one_line(line.text), _pairs(shown)
    if colours:
        clock = f"{DIM}{clock}{RESET}"
        text = f"{COLOURS[line.level]}{text}{RESET}" if COLOURS[line.level] else text
        pairs = f"{DIM}{pairs}{RESET}" if pairs else ""
    return f"{clock}  {text}" + (f"  {pairs}" if pairs else "") + _traceback(line.exception)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
