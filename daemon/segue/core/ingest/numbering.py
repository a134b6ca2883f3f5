"""Which episodes a file holds, as Plex reads it in a name: `S01E01`, `S01E01-E03`, `S00E02`, `2024-03-05`."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from segue.core.ingest.facts import EpisodeFact, ParsedName

NUMBER_MAX: Final = 9999
LISTED_MAX: Final = 12
"""So many episodes that do not follow one another are listed in a name."""

_DATE = re.compile(r"(\d{4})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_SEASON_FOLDER = re.compile(
    r"(?P<word>(?:season|series|staffel|saison|temporada|stagione|seizoen|säsong|sæson|sesong|kausi|sezon|s)[ ._-]*)"
    r"(?P<number>\d{1,4})",
    re.IGNORECASE,
)
_SPECIALS: Final = frozenset({"specials", "special"})


class Numbering(msgspec.Struct, frozen=True):
    """Where a file stands in its show."""

    label: str
    """What the name says; empty when nothing is known."""
    season: int
    titles: tuple[str, ...] = ()
    """Of its episodes, as the database has them."""
    notes: tuple[str, ...] = ()
    problem: str = ""
    """Why Plex would not know which episode it is; empty when it would."""


def number(parsed: ParsedName, facts: Sequence[EpisodeFact]) -> Numbering:
    """Say where a file stands: by the name's numbers, its date, its absolute numbers, or what the database says."""
    numbers = tuple(sorted(set(parsed.episodes)))
    if not numbers and parsed.date:
        return _dated(parsed, facts)
    if not numbers and parsed.absolute:
        return _absolute(parsed, facts)
    season = parsed.season
    if not numbers:
        if not facts:
            return Numbering("", _valid_season(season), problem="The name has no episode number.")
        numbers, season = tuple(sorted({fact.number for fact in facts})), facts[0].season
    if season is None:
        season = facts[0].season if facts else 1
    return _numbered(season, numbers, facts)


def _numbered(season: int, numbers: Sequence[int], facts: Sequence[EpisodeFact]) -> Numbering:
    wrong = [n for n in (season, *numbers) if not 0 <= n <= NUMBER_MAX]
    if wrong:
        return Numbering(
            "", _valid_season(season), problem=f"There is no season or episode {str(wrong[0])[:12]}."
        )
    titles = _titles(season, numbers, facts)
    if _follow(numbers):
        last = f"-E{numbers[-1]:02}" if len(numbers) > 1 else ""
        return Numbering(f"S{season:02}E{numbers[0]:02}{last}", season, titles)
    if len(numbers) > LISTED_MAX:
        problem = f"It holds {len(numbers)} episodes that do not follow one another: split it."
        return Numbering("", season, problem=problem)
    label = f"S{season:02}" + "".join(f"E{n:02}" for n in numbers)
    note = "Plex has no name for episodes that do not follow one another, and may show other ones."
    return Numbering(label, season, titles, (note,))


def _dated(parsed: ParsedName, facts: Sequence[EpisodeFact]) -> Numbering:
    found = _DATE.fullmatch(parsed.date)
    if found is None:
        return Numbering("", 1, problem=f"{parsed.date[:20]!r} is no date.")
    season = facts[0].season if facts else int(found[1])
    return Numbering(parsed.date, _valid_season(season), tuple(fact.title for fact in facts))


def _absolute(parsed: ParsedName, facts: Sequence[EpisodeFact]) -> Numbering:
    """Give season and episode where the database knows them, else the absolute number as one of season 1."""
    numbers = tuple(sorted(set(parsed.absolute)))
    if len(facts) == len(numbers) and len({fact.season for fact in facts}) == 1:
        return _numbered(facts[0].season, tuple(sorted({fact.number for fact in facts})), facts)
    made = _numbered(1, numbers, ())
    if made.problem:
        return made
    label = re.sub(r"E(\d+)", lambda found: f"E{int(found[1]):03}", made.label)
    note = "The absolute number stands for the episode: let Plex order this show absolutely."
    return Numbering(label, 1, (), (*made.notes, note))


def _titles(season: int, numbers: Sequence[int], facts: Sequence[EpisodeFact]) -> tuple[str, ...]:
    by_number = {fact.number: fact.title for fact in facts if fact.season == season}
    return tuple(by_number.get(n, "") for n in numbers)


def _follow(numbers: Sequence[int]) -> bool:
    return numbers[-1] - numbers[0] == len(numbers) - 1


def _valid_season(season: int | None) -> int:
    return season if season is not None and 0 <= season <= NUMBER_MAX else 1


def joined_titles(titles: Iterable[str]) -> str:
    """Join the titles of several episodes; one that repeats is written once."""
    return " + ".join(dict.fromkeys(title for title in titles if title))


def season_folder(season: int, there: Sequence[str]) -> str | None:
    """Choose among the season folders that a show has; nothing when it has none that tells how.

    A season that is new gets a name in the way of the others: `Season 2` beside `Season 1`. Where the episodes lie in
    the show's own folder (an empty name), so does this one.
    """
    style: re.Match[str] | None = None
    for name in sorted(there):
        if season == 0 and name.casefold() in _SPECIALS:
            return name
        found = _SEASON_FOLDER.fullmatch(name)
        if found and int(found["number"]) == season:
            return name
        style = found if found and int(found["number"]) and style is None else style
    if style is not None:
        width = len(style["number"]) if style["number"].startswith("0") else 1
        return f"{style['word']}{season:0{width}}" if season else f"{style['word']}00"
    return "" if "" in there else None
