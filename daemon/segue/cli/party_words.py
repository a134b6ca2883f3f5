"""The words that people type about parties: when it begins, how much earlier or later, and what it is like."""

from __future__ import annotations

import re
import time

from segue.cli.errors import usage
from segue.cli.fields import Json
from segue.cli.words import MINUS

DAY_S = 86_400
UNITS_S = {"": 1, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": DAY_S}
SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ?(s|sec|m|min|h|d|)", re.ASCII)
OFFSET = re.compile(rf"([+{MINUS}-]?)(\d{{1,6}}(?:\.\d{{1,6}})?) ?(ms|s|)", re.ASCII)
TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[T ](.+)", re.ASCII)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
A_TIME = "a time such as 20:30, 'fri 20:30', '2026-12-24 20:30' or +30min"
SWITCH = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}

# ------------------------------------------------------------------ when


def start_time(word: str, now: float | None = None) -> float:
    """Read when a party begins, in local time, as seconds since 1970. A time of day is the next one. Raises."""
    now = time.time() if now is None else now
    text = word.strip().lower()
    if text == "now":
        return now
    if text.startswith(("+", "in ")):
        return now + span(text.removeprefix("+").removeprefix("in "), "The time")
    zone = re.fullmatch(r"(.*\d)(z|[+-]\d\d:?\d\d)", text, re.ASCII)
    if zone and "t" in zone[1]:
        return _with_zone(zone[1], zone[2], word)
    date = DATE.fullmatch(text.replace("t", " ", 1) if text[:4].isdigit() else text)
    if date:
        return _at(int(date[1]), int(date[2]), int(date[3]), _time_of_day(date[4], word), word)
    return _next(text, word, now)


def _next(text: str, word: str, now: float) -> float:
    """Find the next moment of a time of day, perhaps on a weekday, or tomorrow."""
    day, _, clock = text.rpartition(" ")
    parts = _time_of_day(clock, word)
    today = time.localtime(now)
    if not day:
        ahead = 0
    elif day == "today":
        return _at(today.tm_year, today.tm_mon, today.tm_mday, parts, word)
    elif day == "tomorrow":
        return _at(today.tm_year, today.tm_mon, today.tm_mday + 1, parts, word)
    elif day[:3] in WEEKDAYS and len(day) >= 3:
        ahead = (WEEKDAYS.index(day[:3]) - today.tm_wday) % 7
    else:
        raise _no_time(word)
    at = _at(today.tm_year, today.tm_mon, today.tm_mday + ahead, parts, word)
    if at > now:
        return at
    return _at(today.tm_year, today.tm_mon, today.tm_mday + ahead + (7 if day else 1), parts, word)


def _time_of_day(text: str, word: str) -> tuple[int, int, int]:
    found = TIME_OF_DAY.fullmatch(text.strip())
    if found is None:
        raise _no_time(word)
    hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3] or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise _no_time(word)
    return hours, minutes, seconds


def _at(year: int, month: int, day: int, parts: tuple[int, int, int], word: str) -> float:
    """Give a moment of local time; the clock's changes in spring and autumn are the system's to know."""
    if not 1 <= month <= 12 or not 1 <= day <= 38:
        raise _no_time(word)
    try:
        return time.mktime((year, month, day, *parts, 0, 0, -1))
    except (OverflowError, ValueError):
        raise _no_time(word) from None


def _with_zone(text: str, zone: str, word: str) -> float:
    """Read ISO 8601 with its zone."""
    import datetime

    try:
        return datetime.datetime.fromisoformat(text.upper() + zone.upper()).timestamp()
    except (ValueError, OverflowError):
        raise _no_time(word) from None


def _no_time(word: str) -> Exception:
    return usage(f"{word!r} is no time: {A_TIME} is expected.")


# ------------------------------------------------------------------ how long


def span(word: str, name: str) -> float:
    """Read how long something lasts, as seconds: `90`, `90s`, `10min`, `1.5h`, `2d`, `5:00`, `1:00:00`. Raises."""
    text = word.strip().lower()
    parts = text.split(":")
    if len(parts) in (2, 3) and all(p.isascii() and p.isdigit() and len(p) < 4 for p in parts):
        seconds = 0
        for part in parts:
            seconds = seconds * 60 + int(part)
        return float(seconds)
    found = SPAN.fullmatch(text)
    if found is None:
        raise usage(f"{name} is {word!r}: a length of time is expected, such as 90s, 10min or 1:00:00.")
    return float(found[1]) * UNITS_S[found[2]]


def offset_ms(word: str) -> int | None:
    """Read how much later (+) or earlier (-): `-120ms`, `0.2s`, `150` (ms); nothing when the word is none."""
    found = OFFSET.fullmatch(word.strip().lower())
    if found is None:
        return None
    value = float(found[2]) * (1000 if found[3] == "s" else 1)
    return round(-value if found[1] in ("-", MINUS) else value)


# ------------------------------------------------------------------ what a party is like


WORDS: dict[str, tuple[str, ...]] = {
    "join": ("invited", "anyone"),
    "late": ("attach", "ask"),
    "stall": ("follow", "wait"),
}
SPANS = {"grace": "start_grace_s", "catch-up": "catch_up_s"}
BREAKS = {
    "length": "length_s",
    "first": "first_s",
    "every": "every_s",
    "remain": "remain_s",
    "guard": "guard_s",
}
RULES = ("open", *WORDS, *SPANS, "intermissions", *BREAKS, "times")
"""What may be set, as `KEY=VALUE`."""


def rules(words: list[str]) -> Json:
    """Read `open=yes stall=wait length=5min times=45:00+1:30:00` as the body that sets a party's rules. Raises."""
    body: Json = {}
    breaks: Json = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = key.strip().lower()
        if not equals or key not in RULES:
            raise usage(f"{word!r} is no rule: KEY=VALUE is expected, with a KEY of {', '.join(RULES)}.")
        if key == "open":
            body["open"] = _switch(key, value)
        elif key == "intermissions":
            breaks["enabled"] = _switch(key, value)
        elif key in WORDS:
            if value not in WORDS[key]:
                raise usage(f"{key} is {value!r}: {' or '.join(WORDS[key])} is expected.")
            body[key] = value
        elif key in SPANS:
            body[SPANS[key]] = span(value, key)
        elif key == "times":
            breaks["times_s"] = [round(span(each, "times")) for each in value.split("+") if each]
        else:
            breaks[BREAKS[key]] = round(span(value, key))
    return {**body, "intermissions": breaks} if breaks else body


def _switch(key: str, value: str) -> bool:
    if value.lower() not in SWITCH:
        raise usage(f"{key} is {value!r}: yes or no is expected.")
    return SWITCH[value.lower()]
