"""Taking fields out of an answer without trusting it: whatever is missing or of another kind reads as nothing.

Titles come from files, and names from the network. `text` therefore lets no control character through to the terminal.
"""

from __future__ import annotations

Json = dict[str, object]

NUMBER_MAX = 1e15
"""Larger numbers are nonsense everywhere here, and would break the arithmetic of times."""


def record(value: object) -> Json:
    """Give a JSON object as it is, and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def records(value: object) -> list[Json]:
    """Give the JSON objects of an array."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def number(value: object) -> float | None:
    """Give a number; nothing for anything else, and for what is not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -NUMBER_MAX < value < NUMBER_MAX else None


def whole(value: object) -> int | None:
    """Give a number without its fraction."""
    found = number(value)
    return None if found is None else int(found)


def text(value: object) -> str:
    """Give a string that is safe on a terminal and stays on its line; numbers as they read, all else as nothing."""
    if isinstance(value, str):
        return plain(value)
    found = number(value)
    return "" if found is None else str(found) if isinstance(found, int) else f"{found:g}"


def texts(value: object) -> list[str]:
    """Give the strings of an array."""
    return [plain(item) for item in value if isinstance(item, str)] if isinstance(value, list) else []


def plain(line: str) -> str:
    """Drop what a terminal would obey instead of show: control characters, and marks that reverse the writing."""
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else " " if c.isspace() else "" for c in line)
