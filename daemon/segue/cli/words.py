"""The words that people type for levels, positions and durations, and the words that they are shown."""

from __future__ import annotations

import time

from segue.cli.errors import usage

LEVEL_MAX = 100
POSITION_MS_MAX = 100 * 3600 * 1000
"""No title is longer than a hundred hours."""
FADE_S_MAX = 3600.0
NUMBERS_MAX = 50
"""Episodes that one file may hold."""
MINUS = "\N{MINUS SIGN}"
"""What some keyboards and documents have instead of the hyphen of `-10`."""


class Amount:
    """A number that was typed: where to go, or how far from here."""

    __slots__ = ("direction", "relative", "value")

    def __init__(self, value: int = 0, *, relative: bool = False, direction: str = "") -> None:
        self.value = value
        self.relative = relative
        self.direction = direction
        """`up` or `down`: a step whose size segued knows."""


def level(word: str) -> Amount | None:
    """Read `30`, `30%`, `+2`, `-2`, `up` or `down`; nothing when the word is none of them. Raises when out of range."""
    if word in ("up", "down"):
        return Amount(direction=word)
    sign, digits = _signed(word.removesuffix("%"))
    if not _is_digits(digits):
        return None
    value = int(digits[:9])
    if value > LEVEL_MAX:
        raise usage(f"The level {word} is out of range: levels go from 0 to {LEVEL_MAX}.")
    return Amount(value * (sign or 1), relative=sign != 0)


def position(word: str) -> Amount | None:
    """Read `83`, `83.5`, `1:23`, `1:02:03`, `+30` or `-0:10` as ms; nothing when the word is none of them."""
    sign, rest = _signed(word.removesuffix("s"))
    rest, dot, fraction = rest.partition(".")
    parts = rest.split(":")
    if len(parts) > 3 or not all(_is_digits(part) and len(part) <= 9 for part in parts):
        return None
    if dot and not _is_digits(fraction):
        return None
    if any(int(part) > 59 for part in parts[1:]):
        raise usage(f"The position {word} is none: minutes and seconds after a colon go up to 59.")
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    value = seconds * 1000 + int((fraction + "000")[:3])
    if value > POSITION_MS_MAX:
        raise usage(f"The position {word} is out of range: at most {POSITION_MS_MAX // 3_600_000} hours.")
    return Amount(value * (sign or 1), relative=sign != 0)


def seconds(word: str, name: str, most: float) -> float:
    """Read a duration in seconds, such as `3`, `1.5` or `2s`. Raises when it is none, or longer than `most`."""
    digits, dot, fraction = word.removesuffix("s").partition(".")
    if not _is_digits(digits) or (dot and not _is_digits(fraction)):
        raise usage(f"{name} is {word!r}: a number of seconds is expected, such as 3 or 1.5.")
    value = float(f"{digits[:9]}.{fraction[:6] or '0'}")
    if value > most:
        raise usage(f"{name} is {word}: at most {most:g} seconds.")
    return value


def whole_number(word: str, name: str, least: int, most: int) -> int:
    """Read a count. Raises when it is none, or outside of its limits."""
    if not _is_digits(word) or not least <= int(word[:9]) <= most:
        raise usage(f"{name} is {word!r}: a number from {least} to {most} is expected.")
    return int(word[:9])


def share(word: str, name: str) -> float:
    """Read a part of the whole: `0.85`, `.85` or `85%`. Raises when it is none, or outside of 0 to 1."""
    digits, dot, fraction = word.removesuffix("%").partition(".")
    digits = digits or ("0" if fraction else "")
    value = -1.0
    if _is_digits(digits) and (not dot or _is_digits(fraction)):
        value = float(f"{digits[:9]}.{fraction[:9] or '0'}") / (100 if word.endswith("%") else 1)
    if not 0 <= value <= 1:
        raise usage(f"{name} is {word!r}: a number from 0 to 1 is expected, such as 0.85.")
    return value


def numbers(word: str, name: str, most: int) -> list[int]:
    """Read one number or several: `5`, `5,6` or `5-6`. Raises when they are none, too high or too many."""
    found: list[int] = []
    for part in word.split(","):
        first, dash, last = part.partition("-")
        if not _is_digits(first) or (dash and not _is_digits(last)):
            raise usage(f"{name} is {word!r}: a number is expected, or several such as 5,6 or 5-6.")
        low, high = int(first[:9]), int((last or first)[:9])
        if not low <= high <= most or len(found) + high - low >= NUMBERS_MAX:
            raise usage(
                f"{name} is {word!r}: at most {NUMBERS_MAX} rising numbers up to {most} are expected."
            )
        found += range(low, high + 1)
    return sorted(set(found))


def _signed(word: str) -> tuple[int, str]:
    if word[:1] == "+":
        return 1, word[1:]
    if word[:1] in ("-", MINUS):
        return -1, word[1:]
    return 0, word


def _is_digits(word: str) -> bool:
    return word.isascii() and word.isdigit()


# ------------------------------------------------------------------ shown


def clock(ms: float) -> str:
    """Write a position or a length as a player shows it: `4:56`, `1:02:03`."""
    minutes, secs = divmod(int(max(ms, 0.0) / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def duration(value_s: float) -> str:
    """Write how long something lasts, in its two largest units."""
    value_s = max(value_s, 0.0)
    if value_s < 10:
        return f"{value_s:.1f} s"
    if value_s < 60:
        return f"{value_s:.0f} s"
    minutes, secs = divmod(int(value_s), 60)
    if minutes < 60:
        return f"{minutes} min {secs} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def ago(value_s: float) -> str:
    """Write how long ago something was."""
    return (
        "just now" if value_s < 1 else f"{value_s:.0f} s ago" if value_s < 10 else f"{duration(value_s)} ago"
    )


def moment(at: float | None, now: float | None = None) -> str:
    """Write a moment (seconds since the epoch) as local time, with its date when that is not today."""
    if at is None:
        return "--:--:--"
    try:
        then = time.localtime(at)
    except (OverflowError, ValueError, OSError):
        return "--:--:--"
    today = time.localtime(now)
    clock_time = time.strftime("%H:%M:%S", then)
    same = (then.tm_year, then.tm_yday) == (today.tm_year, today.tm_yday)
    return clock_time if same else f"{time.strftime('%Y-%m-%d', then)} {clock_time}"


def capitalised(words: str) -> str:
    """Begin a sentence; a program's name stays as it is typed."""
    return words if words.startswith("segue") else f"{words[:1].upper()}{words[1:]}"


def counted(count: int, thing: str) -> str:
    """Write `1 room`, `2 rooms`."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def size(count: float) -> str:
    """Write a number of bytes in decimal units: `12.3 GB`."""
    if count < 1000:
        return counted(max(int(count), 0), "byte")
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:,.1f} TB"


def shell_quoted(word: str) -> str:
    """Write a word so that a shell takes it as one."""
    if word and all(sign.isalnum() or sign in "/._-+,:@%=" for sign in word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"
