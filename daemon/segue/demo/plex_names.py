"""What the simulated scanner reads out of the names of files, by the rules that Plex gives its users.

`Title (Year) {tmdb-1} {edition-Extended}/....mkv`, ` - pt1`, `Show (Year)/Season 01/Show - s01e01-e03 - Title.mkv`,
a date in place of the numbers, `Name.en.forced.srt` beside `Name.mkv`. Reference: "Naming and organizing your movie
media files" and its sisters at support.plex.tv. Names of releases, full of dots, are read worse than by the real one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from segue.demo.plex_library import Subtitle

VIDEO: Final = frozenset({"avi", "m4v", "mkv", "mov", "mp4", "ts", "wmv"})
SUBTITLES: Final = frozenset({"ass", "smi", "srt", "ssa", "vtt"})
EXTRA_FOLDERS: Final = frozenset(
    {
        "behind the scenes",
        "deleted scenes",
        "featurettes",
        "interviews",
        "other",
        "scenes",
        "shorts",
        "trailers",
    }
)
EXTRA: Final = re.compile(
    r"-(trailer|behindthescenes|deleted|featurette|interview|scene|short|other)\Z", re.IGNORECASE
)
SAMPLE_BYTES: Final = 300_000_000
"""A file with "sample" in its name is passed over below this size."""

_TAG = re.compile(r"\{(tmdb|tvdb|imdb|edition)-([^{}]+)\}", re.IGNORECASE)
_YEAR = re.compile(r"(.+?)[ ._]*[(\[]((?:18|19|20)\d\d)[)\]]")
_PART = re.compile(r"[ ._-]+(?:cd|disc|disk|dvd|part|pt)([1-8])\Z", re.IGNORECASE)
_NUMBERED = re.compile(r"\bs(\d{1,4})[ ._-]?e(\d{1,4})((?:-?e\d{1,4}|-\d{1,4})*)(?![\dp])", re.IGNORECASE)
_CROSSED = re.compile(r"\b(\d{1,2})x(\d{2,3})()\b")
_DATE = re.compile(r"\b(\d{4})[-. ](\d\d)[-. ](\d\d)\b|\b(\d\d)[-. ](\d\d)[-. ](\d{4})\b")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,4})?\Z", re.IGNORECASE)


@dataclass(frozen=True)
class WorkName:
    """A film's or a show's name, as a folder or a file gives it."""

    title: str
    year: int | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    """By database: `{"tmdb": "603"}`."""
    edition: str = ""


@dataclass(frozen=True)
class EpisodeName:
    """Which episodes a file holds: by numbers, or by the date."""

    show: WorkName
    season: int | None = None
    numbers: tuple[int, ...] = ()
    date: str = ""
    """`YYYY-MM-DD`."""
    title: str = ""


def is_ignored(relative: str, size: int) -> bool:
    """Whether a file, by its path below the location, is none of the scanner's business: hidden, an extra, a sample."""
    *folders, name = relative.split("/")
    stem = name.rpartition(".")[0]
    return (
        any(part.startswith(".") for part in (*folders, name))
        or any(folder.casefold() in EXTRA_FOLDERS for folder in folders)
        or EXTRA.search(stem) is not None
        or ("sample" in name.casefold() and size < SAMPLE_BYTES)
    )


def film_name(relative: str) -> WorkName:
    """Read which film a file is: by its folder, where that gives a year, and else by its own name."""
    *folders, name = relative.split("/")
    own = _work_name(without_part(name.rpartition(".")[0])[0])
    if not folders:
        return own
    folder = _work_name(folders[-1])
    named = own if folder.year is None and own.year is not None else folder
    return WorkName(named.title, named.year, {**folder.ids, **own.ids}, own.edition or folder.edition)


def without_part(stem: str) -> tuple[str, int | None]:
    """Split `Name - cd2` into the name and the number of the part, if it has one."""
    part = _PART.search(stem)
    return (stem[: part.start()], int(part[1])) if part else (stem, None)


def episode_name(relative: str) -> EpisodeName | None:
    """Read which episodes a file holds; nothing when its name does not say."""
    *folders, name = relative.split("/")
    stem = name.rpartition(".")[0]
    numbered = _NUMBERED.search(stem) or _CROSSED.search(stem)
    date = None if numbered else _DATE.search(stem)
    found = numbered or date
    if found is None:
        return None
    show = _work_name(folders[0] if folders else stem[: found.start()].rstrip(" ._-"))
    title = stem[found.end() :].strip(" ._-").partition(" - ")[0]
    if numbered:
        return EpisodeName(show, int(numbered[1]), _numbers(numbered[2], numbered[3]), title=title)
    year, month, day = found[1] or found[6], found[2] or found[5], found[3] or found[4]
    return EpisodeName(show, date=f"{year}-{month}-{day}", title=title)


def subtitle_beside(video_stem: str, folder: str, name: str) -> Subtitle | None:
    """Read a file of subtitles that belongs to a video in the same folder; nothing when it does not."""
    stem, _, ending = name.rpartition(".")
    if ending.lower() not in SUBTITLES or not (stem == video_stem or stem.startswith(f"{video_stem}.")):
        return None
    words = stem[len(video_stem) :].casefold().split(".")
    languages = [word for word in words if _LANGUAGE.match(word) and word not in ("sdh", "cc", "hi")]
    return Subtitle(
        f"{folder}/{name}",
        ending.lower(),
        languages[0] if languages else "",
        forced="forced" in words,
        hearing_impaired=bool({"sdh", "cc"} & set(words)),
    )


def resolution_lines(name: str) -> int:
    """Say how high a picture is, by the name: nothing is analysed here. 1080 when it does not say."""
    said = re.search(r"\b(2160|1080|720|576|480)[pi]\b", name, re.IGNORECASE)
    return int(said[1]) if said else 1080


def _work_name(text: str) -> WorkName:
    tags = {tag.lower(): value.strip() for tag, value in _TAG.findall(text)}
    bare = _TAG.sub("", text).strip()
    dated = _YEAR.match(bare)
    title = dated[1] if dated else bare.partition(" - ")[0]
    return WorkName(
        title.strip(" ._-"),
        int(dated[2]) if dated else None,
        {tag: value for tag, value in tags.items() if tag != "edition"},
        tags.get("edition", ""),
    )


def _numbers(first: str, rest: str) -> tuple[int, ...]:
    """Give the numbers of `e01-e03` (from, to) or `e01e02e03` (each)."""
    numbers = [int(first), *(int(number) for number in re.findall(r"\d+", rest))]
    if len(numbers) == 2 and rest.startswith("-") and numbers[0] < numbers[1] < numbers[0] + 100:
        return tuple(range(numbers[0], numbers[1] + 1))
    return tuple(sorted(set(numbers)))
