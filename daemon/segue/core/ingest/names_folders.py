"""The folders above a file: seasons, parts, extras, shelves that mean nothing, and releases that say it better."""

import re
from typing import Final, Literal

import msgspec
from msgspec.structs import replace as but

from segue.core.ingest.facts import ParsedName
from segue.core.ingest.names_anime import is_anime, read_anime
from segue.core.ingest.names_nothing import says_nothing
from segue.core.ingest.names_own import OwnReading, read_stem
from segue.core.ingest.names_text import fold, spaced, tidy
from segue.core.ingest.names_words import tags

Role = Literal["season", "part", "extras", "sample", "shelf", "title"]


class Folder(msgspec.Struct, frozen=True):
    """What a folder is for."""

    role: Role
    season: int | None = None
    part: int | None = None
    extra: str = ""
    reading: OwnReading | None = None
    """Of a folder that is called after a film, a show or a release."""


_SEASON = re.compile(
    r"(?:S|Season|Saison|Staffel|Temporada|Stagione|Seizoen|Sezon|Series|S\u00e4song|S\u00e6son)[ ._-]{0,2}(\d{1,4})"
    r"(?:[ ._-]*[\[(](?:(?:19|20)\d\d|\d{3,4}p|Complete)[\])])?$",
    re.IGNORECASE,
)
_SPECIALS = re.compile(r"(?:Specials?|OVAs?|Season 0+|S00)$", re.IGNORECASE)
_PART = re.compile(r"(?:cd|dis[ck]|dvd|part|pt)[ ._-]?([1-8])$", re.IGNORECASE)
_EXTRAS = {
    "trailers": "trailer",
    "trailer": "trailer",
    "behind the scenes": "behindthescenes",
    "deleted scenes": "deleted",
    "featurettes": "featurette",
    "featurette": "featurette",
    "interviews": "interview",
    "scenes": "scene",
    "shorts": "short",
    "other": "other",
    "extras": "other",
    "extra": "other",
    "bonus": "other",
    "bonus features": "other",
    "nc": "other",
    "special features": "other",
    "creditless": "other",
}
_SHELVES_WORDS: Final = """
movies movie films film tv shows tvshows series serien anime animes video videos media downloads download
downloaded complete completed finished done incoming ingest inbox new torrents torrent usenet nzb sonarr
radarr movies-uhd uhd 4k hd sd bdmv stream video_ts subs subtitles subtitle proof cover covers data temp
tmp misc unsorted sorted collection collections cartoons documentaries documentary kids dramas drama
comedy action horror foreign watched unwatched seeding share public private library plex jellyfin kodi
filme serie series animation
"""
_SHELVES = frozenset(_SHELVES_WORDS.split())
_DISC_FOLDERS = ("video ts", "audio ts", "bdmv", "certificate")
_YEARS = re.compile(r"\b(?:19|20)\d\d ?- ?(?:19|20)?\d\d\b")
_SHELF_WORD = re.compile(
    r"\b(?:collection|trilogy|quadrilogy|anthology|box ?set|filmography|saga|complete series)\b",
    re.IGNORECASE,
)
_DIGITS_FIRST = re.compile(
    r"(?:EP?)?(\d{1,4})(?:(?:-| ?- ?E?| ?& ?)(\d{1,4}))?(?:v(\d))?(?: ?[-.] ?| |$)", re.IGNORECASE
)
_DIGITS_AFTER = re.compile(r" (?:- )?(?:EP?|#)?(\d{2,3})(?:-(\d{2,3}))?(?:v(\d))?(?= - |$)", re.IGNORECASE)
_DASHED = re.compile(
    r"(.{2,}?) - (\d{2,3})(?:-(\d{2,3}))?(?:v(\d))?(?: - ([^\[(]+)| ?[\[(].*|)$", re.IGNORECASE
)
_ORDER = re.compile(r"^\d{1,2}(?:\.| -) ?(?=\D)")


def folder(name: str) -> Folder:
    """Tell what a folder is for, by its name."""
    words = spaced(name)
    found = _SEASON.match(words)
    if found:
        return Folder("season", season=int(found[1]))
    if _SPECIALS.match(words):
        return Folder("season", season=0)
    found = _PART.match(words)
    if found:
        return Folder("part", part=int(found[1]))
    lower = words.lower()
    if lower in ("sample", "samples"):
        return Folder("sample")
    if lower in _EXTRAS:
        return Folder("extras", extra=_EXTRAS[lower])
    if _is_shelf(words):
        return Folder("shelf")
    reading = read_name(name)
    return (
        Folder("title", season=reading.name.season, reading=reading)
        if reading.name.title
        else Folder("shelf")
    )


def _is_shelf(words: str) -> bool:
    lower = words.lower()
    plain = [word for word in re.split(r"[^\w-]+", lower) if word]
    if (
        not plain
        or lower in _DISC_FOLDERS
        or all(word in _SHELVES or (word.isdigit() and len(word) < 4) for word in plain)
    ):
        return True
    if lower.startswith("_") or lower.strip("[]()") in _SHELVES or says_nothing(words):
        return True
    return _YEARS.search(lower) is not None or _SHELF_WORD.search(lower) is not None


def read_name(stem: str) -> OwnReading:
    """Read one name with the reader that it is for."""
    return read_anime(stem) if is_anime(stem) else read_stem(stem)


def number_in_season(stem: str, season: int | None) -> tuple[tuple[int, ...], str, str, int] | None:
    """Read a bare number of a file in a season's or a show's folder: episodes, show, episode's title, version.

    Three digits that begin with the season's number hold both: `105` in `Season 1`.
    """
    text = spaced(stem)
    first = next((tag.start for tag in tags(text) if tag.strong), len(text))
    body = tidy(text[:first])
    found = _DIGITS_FIRST.match(body)
    before = ""
    if found is None:
        found = _DIGITS_AFTER.search(body)
        if found is None:
            return None
        before = tidy(body[: found.start()])
    number, last = int(found[1]), int(found[2] or found[1])
    if season and len(found[1]) == 3 and number // 100 == season and number % 100:
        number, last = number % 100, last % 100 if last >= 100 else last
    if len(found[1]) == 4 or not number <= last <= number + 50:
        return None
    return tuple(range(number, last + 1)), before, tidy(body[found.end() :]), max(0, int(found[3] or 1) - 1)


def dashed_number(stem: str) -> tuple[tuple[int, ...], str, str, int] | None:
    """Read a number between dashes, without a group or a folder that says what it counts: `Show - 05 - Title`."""
    found = _DASHED.match(spaced(stem))
    if found is None:
        return None
    first, last = int(found[2]), int(found[3] or found[2])
    if not first <= last <= first + 50:
        return None
    title = tidy(found[5] or "")
    return tuple(range(first, last + 1)), tidy(found[1]), title, max(0, int(found[4] or 1) - 1)


def same_title(a: str, b: str) -> bool:
    """Tell whether two titles are one: equal, or one begins with the other's words."""
    x, y = fold(a), fold(b)
    if not x or not y:
        return False
    return (
        x == y or x.startswith(y + " ") or y.startswith(x + " ") or x.replace(" ", "") == y.replace(" ", "")
    )


def abbreviates(short: str, release: ParsedName) -> bool:
    """`grpmtrx`, `matrix`, `tm`: the title's initials, part of it, or letters of it beside the group's name."""
    full = fold(release.title).replace(" ", "")
    group = fold(release.release_group).replace(" ", "")
    rest = short.replace(group, "", 1) if group else short
    initials = "".join(word[0] for word in fold(release.title).split())
    if not rest or rest in full or rest == initials or (group and group in short):
        return True
    letters = iter(full)
    return len(rest) >= 3 and all(letter in letters for letter in rest)


def is_richer(release: ParsedName, name: ParsedName) -> bool:
    """Tell whether a release's folder says what its file only hints at (`grp-show.105.mkv`)."""
    numbered = bool(release.episodes or release.date or release.absolute)
    if numbered:
        if not (name.episodes or name.date or name.absolute):
            return True
        short = fold(name.title).replace(" ", "")
        return release.episodes == name.episodes and (not short or abbreviates(short, release))
    return release.year is not None and name.year is None and name.kind != "episode"


def without_order(stem: str) -> str:
    """Take off the place in a collection: `01 - Film (1999)` in a folder of films."""
    return _ORDER.sub("", stem, count=1)


def with_context(name: ParsedName, other: ParsedName) -> ParsedName:
    """Add what only the folder says: the title where there is none, the year, the ids."""
    if not name.title:
        name = but(name, title=other.title, other_title=other.other_title)
    elif other.title and fold(other.title) != fold(name.title) and not name.other_title:
        name = but(name, other_title=other.title)
    return but(
        name,
        year=name.year if name.year is not None else other.year,
        tmdb_id=name.tmdb_id if name.tmdb_id is not None else other.tmdb_id,
        tvdb_id=name.tvdb_id if name.tvdb_id is not None else other.tvdb_id,
        imdb_id=name.imdb_id or other.imdb_id,
        edition=name.edition or (other.edition if name.kind == "film" else ""),
        resolution=name.resolution or other.resolution,
        source=name.source or other.source,
        codec=name.codec or other.codec,
        hdr=name.hdr or other.hdr,
        language=name.language or other.language,
        release_group=name.release_group or other.release_group,
    )
