"""Seasons, episodes, parts and dates in a name whose words are separated by single spaces."""

import re
from itertools import pairwise
from typing import Final

import msgspec

from segue.core.ingest.names_dates import find_date

RANGE_MAX: Final = 400
"""A longer range of episodes is taken for two unrelated numbers."""


class Numbering(msgspec.Struct, frozen=True):
    """Which episode a name speaks of, where in the name it says so, and what is doubtful about it."""

    start: int
    end: int
    season: int | None = None
    episodes: tuple[int, ...] = ()
    absolute: tuple[int, ...] = ()
    date: str = ""
    version: int = 0
    """Of `v2`: how often it was mended, so 1."""
    flags: tuple[str, ...] = ()
    sure: bool = False
    """True for `S01E02` and its like, which mean nothing else."""


_B = r"(?<![^\W_])"
_E = r"(?![^\W_])"
_I = re.IGNORECASE

_SXE = re.compile(
    _B + r"S(?:eason )?(\d{1,4})(?: ?- ?| )?x?EP?(?:isode)? ?(\d{1,4})"
    r"((?: ?(?:[-+&~]|to(?= )) ?(?:S\d{1,4} ?)?EP?\d{1,4}| ?(?:S\d{1,4} ?)?EP?\d{1,4}|[-+~]\d{1,3}(?![\dpi])){0,40})"
    r"([a-d]|v\d| 5(?= ))?" + _E,
    _I,
)
_NXN = re.compile(
    _B
    + r"(\d{1,2})x(\d{2,3})((?:(?: ?[-+&~] ?)\d{1,2}x\d{2,3}|[-x+~]\d{2,3}(?![\dpi])| \d{1,2}x\d{2,3}){0,40})(v\d)?"
    + _E,
    _I,
)
_NUMBER = re.compile(r"(to|[-+&~x]?) ?(?:S(\d{1,4}) ?|(\d{1,2})x)?(?:EP?)?(\d{1,4})", _I)
_SEASON_WORD = r"(?:Season|Saison|Staffel|Temporada|Stagione|Seizoen|Sezon|Series|Säsong|Sæson|Sesong)"
_EPISODE_WORD = (
    r"(?:Episodes?|Épisode|Folge|Cap[ií]tulo|Episodio|Aflevering|Odcinek|Avsnitt|Afsnit|Chapter|Ep|E)"
)
_LONG = re.compile(
    _B
    + _SEASON_WORD
    + r" ?(\d{1,4})[ ,)-]{0,3}"
    + _EPISODE_WORD
    + r" ?(\d{1,4})((?: ?[-&+] ?\d{1,4}){0,4})"
    + _E,
    _I,
)
_NTH = re.compile(_B + r"(\d{1,2})(?:st|nd|rd|th) Season" + _E, _I)
_SEASONS = re.compile(
    _B + r"(?:S(\d{1,2})|" + _SEASON_WORD + r"s? ?(\d{1,4}))(?:(?: ?[-&+~] ?| to | and )S?(\d{1,2}))?" + _E,
    _I,
)
_EPISODE = re.compile(
    _B + r"(?:E(\d{2,4})|Ep[ .]?(\d{1,4})|(?:Episode|Folge|Épisode|Cap[ií]tulo|Aflevering) ?(\d{1,4}))"
    r"((?: ?[-+&~] ?E?P?\d{1,4}|E\d{1,4}){0,20})(v\d)?" + _E,
    _I,
)
_OF = re.compile(_B + r"(?:Part )?(\d{1,2}) ?of ?(\d{1,2})" + _E, _I)
_SPECIAL = re.compile(_B + r"(?:SP|OVA|OAD|ONA|Special)[ -]{0,3}(\d{1,2})(v\d)?" + _E)
_PART = re.compile(_B + r"(?:cd|dis[ck]|dvd|pt|part)[ -]?([1-8])" + _E, _I)


def numbering(text: str) -> Numbering | None:
    """Find what says most surely which episode it is; nothing where the name speaks of none.

    Bare numbers are not looked at: they mean something only in an anime name or a season's folder.
    """
    for find in (
        _by_words,
        _by_season_and_episode,
        _by_cross,
        find_dated,
        _by_season_alone,
        _by_episode_alone,
        _by_count,
    ):
        found = find(text)
        if found is not None:
            return found
    return None


def episode_list(first: int, more: str) -> tuple[list[int], list[str]]:
    """Read what follows a first episode: `E02E03` lists, `-E03` and `-03` are ranges."""
    numbers, flags = [first], []
    for mark, _, _, digits in _NUMBER.findall(more):
        number = int(digits)
        last = numbers[-1]
        if mark in ("-", "~", "to") and last < number <= last + RANGE_MAX:
            numbers += range(last + 1, number + 1)
        elif number != last:
            numbers.append(number)
    if any(b != a + 1 for a, b in pairwise(numbers)):
        flags.append("episode_gap")
    return sorted(set(numbers)), flags


def checked(season: int | None, episodes: list[int], flags: list[str]) -> tuple[str, ...]:
    """Add the doubts that numbers by themselves raise."""
    doubts = list(flags)
    if season is not None and season >= 1900:
        doubts.append("season_is_year")
    if 0 in episodes:
        doubts.append("episode_zero")
    return tuple(doubts)


def _by_season_and_episode(text: str) -> Numbering | None:
    found = _SXE.search(text)
    if found is None:
        return None
    season = int(found[1])
    episodes, flags = episode_list(int(found[2]), found[3])
    seasons = {int(s or x) for _, s, x, _ in _NUMBER.findall(found[3]) if s or x}
    if seasons - {season}:
        flags.append("several_seasons")
    tail = found[4] or ""
    if tail and tail[0].lower() != "v":
        flags.append("half_episode")
    return Numbering(
        found.start(),
        found.end(),
        season,
        tuple(episodes),
        version=_version(tail),
        flags=checked(season, episodes, flags),
        sure=True,
    )


def _by_cross(text: str) -> Numbering | None:
    found = _NXN.search(text)
    if found is None:
        return None
    season = int(found[1])
    more = found[3].lower()
    if re.fullmatch(r"(?:x\d{2,3})+", more):
        more = more.replace("x", "+")
    episodes, flags = episode_list(int(found[2]), more)
    if re.fullmatch(r"(?:-\d{2,3}){2,}", found[3]):
        listed = [int(found[2]), *map(int, found[3].strip("-").split("-"))]
        episodes, flags = (
            sorted(set(listed)),
            [] if listed == list(range(listed[0], listed[0] + len(listed))) else ["episode_gap"],
        )
    return Numbering(
        found.start(),
        found.end(),
        season,
        tuple(episodes),
        version=_version(found[4]),
        flags=checked(season, episodes, flags),
        sure=True,
    )


def _by_words(text: str) -> Numbering | None:
    found = _LONG.search(text)
    if found is None:
        return None
    season = int(found[1])
    episodes, flags = episode_list(int(found[2]), found[3])
    return Numbering(
        found.start(), found.end(), season, tuple(episodes), flags=checked(season, episodes, flags), sure=True
    )


def find_dated(text: str) -> Numbering | None:
    """Find the date of an episode that is named by the day it was shown."""
    found = find_date(text)
    if found is None:
        return None
    return Numbering(
        found.start,
        found.end,
        date=found.date,
        flags=("ambiguous_date",) if found.ambiguous else (),
        sure=found.sure,
    )


def season_alone(text: str) -> Numbering | None:
    """Find a season that no episode goes with, at any place of the text."""
    found = _NTH.search(text) or _SEASONS.search(text)
    if found is None:
        return None
    groups = found.groups()
    season = int(next(g for g in groups if g))
    last = int(groups[2]) if len(groups) > 2 and groups[2] else season
    flags = [] if last == season else ["several_seasons"]
    return Numbering(found.start(), found.end(), season, flags=checked(season, [], flags))


def _by_season_alone(text: str) -> Numbering | None:
    season = season_alone(text)
    if season is None:
        return None
    episode = _by_episode_alone(text[season.end :]) or _by_count(text[season.end :])
    if episode is not None and episode.start <= 4:
        return Numbering(
            season.start, season.end + episode.end, season.season, episode.episodes, version=episode.version,
            flags=(*season.flags, *episode.flags), sure=True,
        )  # fmt: skip
    bare = re.match(r"\)? ?-? (\d{2,3})(?:-(\d{2,3}))?(?:v(\d))?(?= - |$| [\[(]| *$)", text[season.end :])
    if bare is None:
        return season
    first, last = int(bare[1]), int(bare[2] or bare[1])
    episodes = list(range(first, last + 1)) if first <= last <= first + RANGE_MAX else [first]
    return Numbering(
        season.start, season.end + bare.end(), season.season, tuple(episodes), version=max(0, int(bare[3] or 1) - 1),
        flags=checked(season.season, episodes, list(season.flags)), sure=True,
    )  # fmt: skip


def _by_episode_alone(text: str) -> Numbering | None:
    found = _EPISODE.search(text)
    if found is None:
        return None
    episodes, flags = episode_list(int(found[1] or found[2] or found[3]), found[4])
    return Numbering(
        found.start(),
        found.end(),
        None,
        tuple(episodes),
        version=_version(found[5]),
        flags=checked(None, episodes, flags),
    )


def _by_count(text: str) -> Numbering | None:
    found = _OF.search(text)
    if found is None or not 0 < int(found[1]) <= int(found[2]):
        return None
    return Numbering(found.start(), found.end(), None, (int(found[1]),))


def special(text: str) -> Numbering | None:
    """Find a numbered special: `OVA 2`, `SP1`."""
    found = _SPECIAL.search(text)
    if found is None:
        return None
    return Numbering(
        found.start(),
        found.end(),
        0,
        (int(found[1]),),
        version=_version(found[2]),
        flags=checked(0, [int(found[1])], []),
    )


def part(text: str, start: int) -> tuple[int, int, int] | None:
    """Find which part of a film in several files this is, from a place of the text on: start, end, part."""
    found = _PART.search(text, start)
    return (found.start(), found.end(), int(found[1])) if found else None


def _version(text: str | None) -> int:
    return max(0, int(text[1:]) - 1) if text and text[0] in "vV" else 0
