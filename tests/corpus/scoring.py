"""The corpus of release names, and how a reading is compared with the truth.

`release_names.jsonl` was written first, and read while the reader was made. `held_out.jsonl` and `held_out_2.jsonl`
were written when the reader was done, to see how it does on names that nobody looked at: at first sight 149 of 158
and 59 of 65 were right (guessit alone: 142 and 59), and 189 of the 193 that raised no doubt. Then what they showed
was mended.
The same people wrote names and reader, so other people's names will be read less well than these.

A line: the class, the name (a path below an ingest root), the truth, and the doubts that must be raised.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from segue.adapters.guessit_names import GuessedName
from segue.core.ingest.facts import ParsedName
from segue.core.ingest.names_text import fold

HERE = Path(__file__).parent
IDENTITY = ("title", "year", "season", "numbers", "date")
"""What a name must be read right in to count as right: absolute and seasonal numbers are told apart, too."""


class Entry(msgspec.Struct, frozen=True):
    """One name with its truth."""

    kind: str = msgspec.field(name="class")
    name: str
    truth: dict[str, Any]
    flags: tuple[str, ...] = ()


def load(file: str = "release_names.jsonl") -> list[Entry]:
    """Read a file of the corpus."""
    lines = (HERE / file).read_text(encoding="utf-8").splitlines()
    return [msgspec.convert(json.loads(line), Entry) for line in lines]


def is_right(parsed: ParsedName, truth: dict[str, Any]) -> bool:
    """Tell whether title, year, season, numbers and date are all as they should be."""
    return not wrong_fields(parsed, truth)


def wrong_fields(parsed: ParsedName, truth: dict[str, Any]) -> list[str]:
    """Name the fields of the identity that are not as they should be."""
    wrong = []
    if fold(parsed.title) != fold(truth["title"]):
        wrong.append("title")
    if parsed.year != truth.get("year"):
        wrong.append("year")
    if parsed.season != truth.get("season"):
        wrong.append("season")
    for numbers in ("episodes", "absolute"):
        if list(getattr(parsed, numbers)) != truth.get(numbers, []):
            wrong.append(numbers)
    if parsed.date != truth.get("date", ""):
        wrong.append("date")
    return wrong


def wrong_details(parsed: ParsedName, truth: dict[str, Any]) -> list[str]:
    """Name the other fields that the truth states and the reading has otherwise."""
    stated = set(truth) - {"title", "year", "season", "episodes", "absolute", "date"}
    built = msgspec.structs.asdict(parsed)
    return [
        name
        for name in sorted(stated)
        if (fold(str(built[name])) if name.endswith("title") else built[name])
        != (fold(truth[name]) if name.endswith("title") else truth[name])
    ]


def guessed_alone(guessed: GuessedName, truth: dict[str, Any]) -> ParsedName:
    """Make a reading of guessit's answer alone, to its advantage where the two only count differently.

    It does not tell absolute numbers from seasonal ones, and calls the end of a title an alternative one.
    """
    numbers = tuple(sorted(guessed.episodes or guessed.absolute))
    absolute = bool(truth.get("absolute")) and not guessed.seasons
    joined = " ".join([guessed.title, *guessed.other_titles])
    title = joined if fold(joined) == fold(truth["title"]) else guessed.title
    return ParsedName(
        title=title,
        year=guessed.year,
        season=guessed.seasons[0] if guessed.seasons else None,
        episodes=() if absolute else numbers,
        absolute=numbers if absolute else (),
        date=guessed.date,
    )


def by_class(entries: Iterable[Entry], right: Callable[[Entry], bool]) -> dict[str, tuple[int, int]]:
    """Count right names and all names of each class."""
    counts: dict[str, tuple[int, int]] = {}
    for entry in entries:
        good, total = counts.get(entry.kind, (0, 0))
        counts[entry.kind] = (good + right(entry), total + 1)
    return counts
