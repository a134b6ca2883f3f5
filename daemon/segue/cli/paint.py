"""Colour, and the room that text takes on a terminal. Colour only where a person looks, and never against NO_COLOR."""

from __future__ import annotations

import os
import sys

from segue.cli.fields import plain

STYLES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
RESET = "\x1b[0m"


class Paint:
    """Paints text when it is on, and lets it be when it is off; knows which signs the terminal can show."""

    def __init__(self, *, on: bool, unicode: bool = True) -> None:
        self.on = on
        self.unicode = unicode

    def __call__(self, style: str, text: str) -> str:
        """Paint a text; the empty style and the empty text stay as they are."""
        return f"\x1b[{STYLES[style]}m{text}{RESET}" if self.on and style and text else text

    def sign(self, fine: str, simple: str) -> str:
        """Choose a sign by what the terminal's encoding can show."""
        return fine if self.unicode else simple


def paint_for(stream: object) -> Paint:
    """Say how to paint on a stream."""
    isatty = getattr(stream, "isatty", None)
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    on = isatty is not None and bool(isatty())
    on = on and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") not in ("", "dumb")
    return Paint(on=on, unicode=encoding.startswith("utf"))


def columns_of_terminal() -> int | None:
    """Give the width that lines must keep to; nothing where the output is no terminal."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    try:
        return max(os.get_terminal_size(sys.stdout.fileno()).columns, 20)
    except OSError:
        return 80


def width(text: str) -> int:
    """Count the cells that a text takes: none for paint and combining marks, two for the wide signs of East Asia."""
    if "\x1b" in text:
        text = without_paint(text)
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(sign: str) -> int:
    if sign.isascii():
        return 1
    from unicodedata import combining, east_asian_width

    if combining(sign) or sign in "\u200d\ufe0e\ufe0f":
        return 0
    return 2 if east_asian_width(sign) in ("W", "F") else 1


def without_paint(text: str) -> str:
    """Take the paint off again."""
    head, *rest = text.split("\x1b[")
    return head + "".join(part.partition("m")[2] for part in rest)


def fit(text: str, cells: int, more: str = "…") -> str:
    """Cut an unpainted text to a number of cells, with a sign that there was more."""
    if width(text) <= cells:
        return text
    room = cells - width(more)
    if room < 0:
        return more[:cells]
    taken = []
    for sign in text:
        room -= _cells(sign)
        if room < 0:
            break
        taken.append(sign)
    return "".join(taken).rstrip() + more


def pad(text: str, cells: int) -> str:
    """Fill a text up with blanks."""
    return text + " " * max(cells - width(text), 0)


def folded(text: str, indent: str, columns: int | None) -> list[str]:
    """Fold an unpainted sentence between words, each line indented; a longer word is left whole for copying."""
    if columns is None or width(indent) + width(text) <= columns:
        return [f"{indent}{text}"] if text else []
    lines, line = [], ""
    for word in text.split(" "):
        if line and width(indent) + width(line) + 1 + width(word) > columns:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [f"{indent}{each}" for each in (*lines, line) if each]


def warned(words: str, paint: Paint, columns: int | None, indent: str = "") -> list[str]:
    """Fold a sentence that a person should not overlook."""
    return [paint("yellow", line) for line in folded(words, indent, columns)]


def led(lead: str, text: str, columns: int | None) -> list[str]:
    """Fold a sentence beside a lead: its first line stands after the lead, the others below the first."""
    cells = width(lead)
    first, *more = folded(text, " " * cells, columns) or [" " * cells]
    return [f"{lead}{first[cells:]}".rstrip(), *more]


def table(
    head: tuple[str, ...], rows: list[list[str]], paint: Paint, columns: int | None = None
) -> list[str]:
    """Lay out rows under their headings; the last column gives way when the terminal is narrow."""
    widths = [max([len(name), *(width(row[i]) for row in rows)]) for i, name in enumerate(head)]
    if columns is not None:
        before = sum(widths[:-1]) + 2 * (len(widths) - 1)
        widths[-1] = min(widths[-1], max(columns - before, 8))
    lines = [paint("dim", "  ".join(map(pad, head, widths)).rstrip())]
    for row in rows:
        *cells, last = row
        if width(last) > widths[-1]:
            last = fit(plain(without_paint(last)), widths[-1], paint.sign("…", "~"))
        lines.append("  ".join(map(pad, (*cells, last), widths)).rstrip())
    return lines
