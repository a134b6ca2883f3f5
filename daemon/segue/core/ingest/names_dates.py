"""Days in names: every order that leaves one reading, and a mark on those that leave two."""

import re
from typing import Final, NamedTuple


class Day(NamedTuple):
    """A day that a name speaks of."""

    start: int
    end: int
    date: str
    """`YYYY-MM-DD`."""
    ambiguous: bool
    """True when day and month, or day and year, could be exchanged."""
    sure: bool
    """True when the form can hardly be anything but a date."""


_B = r"(?<![^\W_])"
_E = r"(?![^\W_])"
_YEAR_FIRST = re.compile(_B + r"((?:19|20)\d\d)([ .-])(\d\d)\2(\d\d)" + _E)
_YEAR_LAST = re.compile(_B + r"(\d\d)([ .-])(\d\d)\2((?:19|20)\d\d)" + _E)
_EIGHT = re.compile(_B + r"((?:19|20)\d\d)(\d\d)(\d\d)" + _E)
_SIX = re.compile(_B + r"(\d\d)([ -]?)(\d\d)\2(\d\d)" + _E)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_WORD_LAST = re.compile(
    _B + r"(\d{1,2})(?:st|nd|rd|th)?[ -]" + _MONTH + r",?[ -]((?:19|20)\d\d)" + _E, re.IGNORECASE
)
_WORD_FIRST = re.compile(
    _B + _MONTH + r"[ -](\d{1,2})(?:st|nd|rd|th)?,?[ -]((?:19|20)\d\d)" + _E, re.IGNORECASE
)
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def find_date(text: str) -> Day | None:
    """Find a day in a name whose words are separated by single spaces; nothing where no reading is a day."""
    for find in (_year_first, _year_last, _in_words, _eight_digits, _six_digits):
        found = find(text)
        if found is not None:
            return found
    return None


def exists(year: int, month: int, day: int) -> bool:
    """Tell whether a day is one of the calendar's."""
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1]:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return leap or (month, day) != (2, 29)


def _made(
    found: re.Match[str], readings: list[tuple[int, int, int]], ambiguous: bool, sure: bool = True
) -> Day | None:
    """Take the first reading that is a day; ambiguous when asked to count others and there are any."""
    days = [f"{y:04}-{m:02}-{d:02}" for y, m, d in readings if exists(y, m, d)]
    if not days:
        return None
    return Day(found.start(), found.end(), days[0], ambiguous and len(set(days)) > 1, sure)


def _year_first(text: str) -> Day | None:
    """2019-03-05 is read as the standard has it; 2019.25.12 can only be the other way round, which is doubtful."""
    for found in _YEAR_FIRST.finditer(text):
        year, a, b = int(found[1]), int(found[3]), int(found[4])
        day = _made(found, [(year, a, b), (year, b, a)], ambiguous=False)
        if day is not None:
            return day if exists(year, a, b) else day._replace(ambiguous=True)
    return None


def _year_last(text: str) -> Day | None:
    for found in _YEAR_LAST.finditer(text):
        a, b, year = int(found[1]), int(found[3]), int(found[4])
        day = _made(found, [(year, b, a), (year, a, b)], ambiguous=True)
        if day is not None:
            return day
    return None


def _in_words(text: str) -> Day | None:
    for pattern, day_at, month_at in ((_WORD_LAST, 1, 2), (_WORD_FIRST, 2, 1)):
        for found in pattern.finditer(text):
            month = _MONTHS.index(found[month_at].lower()) + 1
            day = _made(found, [(int(found[3]), month, int(found[day_at]))], ambiguous=False)
            if day is not None:
                return day
    return None


def _eight_digits(text: str) -> Day | None:
    for found in _EIGHT.finditer(text):
        day = _made(found, [(int(found[1]), int(found[2]), int(found[3]))], ambiguous=False)
        if day is not None:
            return day
    return None


def _six_digits(text: str) -> Day | None:
    """190305 and 15.03.02: always doubtful, for six digits may be anything."""
    for found in _SIX.finditer(text):
        a, b, c = int(found[1]), int(found[3]), int(found[4])
        if not found.start() or (found[2] and re.search(r"\d$", text[: found.start()].rstrip(" -"))):
            continue
        readings = [(_century(a), b, c), (_century(c), b, a)]
        day = _made(found, readings, ambiguous=True, sure=False)
        if day is not None:
            return day._replace(ambiguous=True)
    return None


def _century(two: int) -> int:
    return 1900 + two if two >= 60 else 2000 + two
