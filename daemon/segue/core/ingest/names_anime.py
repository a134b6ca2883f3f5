"""Fansub names: `[Group] Title - 05v2 (1080p) [0A1B2C3D]`, where the number counts from the show's first episode."""

import re
from typing import Final

import msgspec

from segue.core.ingest.facts import MediaKind, ParsedName
from segue.core.ingest.names_ids import carried
from segue.core.ingest.names_numbers import RANGE_MAX, numbering
from segue.core.ingest.names_own import OwnReading, title_flags, with_quality
from segue.core.ingest.names_scan import YEAR_MAX, YEAR_MIN
from segue.core.ingest.names_text import fold, is_foreign, spaced, tidy
from segue.core.ingest.names_words import Tag, tags

_OPENING = re.compile(
    r"^(?:\[([^\[\]]{1,60})\]|【([^【】]{1,60})】|\(([^()]{1,40})\)(?=[^()\[\]]{2,100} - \d{2,4}\b))"
)
_YEAR_NEXT = re.compile(r"[\[(]?(?:19|20)\d\d[\])]?(?! - )(?![^\W_])")
"""What follows a title in brackets, `[REC] (2007)`, and no group."""

_CHECKSUM = re.compile(r"^[0-9A-Fa-f]{8}$")
_BRACKETED = re.compile(r"\[([^\[\]]{0,120})\]|\(([^()]{0,120})\)|【([^【】]{0,120})】|「([^「」]{0,120})」")
_NUMBERS = r"(\d{1,4})(?:\.(\d))?(?: ?v(\d))?"
_RANGE = r"(\d{1,4}) ?(?:-|~|\+|to|&) ?(\d{1,4})(?: ?v(\d))?"
_RANGE_ALONE = re.compile(r"^(?:EP?s?\.? ?|Episodes? )?" + _RANGE + r"(?: ?END| ?Fin)?$", re.IGNORECASE)
_NUMBER_ALONE = re.compile(
    r"^(?:EP?\.? ?|Episode |#|第)?" + _NUMBERS + r"(?: ?END| ?Fin|[話话集])?$", re.IGNORECASE
)
_AFTER_DASH = re.compile(
    r" - (?:EP?\.? ?|Episode |#)?(?:"
    + _RANGE
    + "|"
    + _NUMBERS
    + r")(?: ?END| ?Fin)?(?= - |$| (?=[A-Z'\"(\[])|(?= *$))",
    re.IGNORECASE,
)
_AT_END = re.compile(
    r" (?:EP?\.? ?|Episode |#)?(?:" + _RANGE + "|" + _NUMBERS + r")(?: ?END| ?Fin)?$", re.IGNORECASE
)
_SEASON_END = re.compile(
    r"[ -]{1,3}(?:S(\d{1,2})|(\d{1,2})(?:st|nd|rd|th) Season|Season (\d{1,2})|(\d{1,2})[期季])$",
    re.IGNORECASE,
)
_SPECIAL = re.compile(
    r"[ -]{1,3}(OVA|OAD|ONA|SP|Specials?|Bonus|Extra|Picture Drama)(?:[ -]{0,3}(\d{1,2})(?:v(\d))?)?(?= - |$)",
    re.IGNORECASE,
)
_CREDITLESS = re.compile(
    r"[ -]{1,3}(?:NC ?(?:OP|ED)|Creditless (?:OP|ED|Opening|Ending)|OP|ED|PV|CM|Menu|Preview|Trailer)"
    r"[ -]?\d{0,2}(?:v\d)?[a-z]?$"
)
_BATCH: Final = ("batch", "complete", "complete batch", "complete series", "end", "fin", "unofficial batch")


class _Found(msgspec.Struct):
    """What has been found so far; filled while a name is taken apart."""

    title: str = ""
    other_title: str = ""
    season: int | None = None
    episodes: tuple[int, ...] = ()
    absolute: tuple[int, ...] = ()
    episode_title: str = ""
    extra: str = ""
    year: int | None = None
    version: int = 0
    batch: bool = False
    plain: bool = False
    """True when the number stands behind ` - `, as most groups write it."""
    unexplained: int = 0
    """Brackets that mean nothing to us."""
    flags: tuple[str, ...] = ()


def is_anime(stem: str) -> bool:
    """Tell whether a name begins with a group's name in brackets, as fansub names do."""
    found = _OPENING.match(stem)
    if found is None:
        return False
    inside = found[1] or found[2] or found[3] or ""
    if "." in inside or re.fullmatch(r"(?:19|20)\d\d|\d{1,3}", inside.strip()):
        return False
    rest = stem[found.end() :].strip(" ._-")
    return bool(rest) and _YEAR_NEXT.match(rest) is None


def read_anime(stem: str) -> OwnReading:
    """Read a name for which `is_anime` is true. Never fails."""
    got = carried(stem)
    opening = _OPENING.match(got.text)
    group = tidy((opening[1] or opening[2] or opening[3] or "") if opening else "")
    rest = got.text[opening.end() :] if opening else got.text
    found = _Found()
    found_tags: list[Tag] = []
    text = _without_brackets(_with_spaces(rest), found, found_tags)
    outside = [tag for tag in tags(text) if tag.strong and tag.start]
    if outside:
        found_tags += [tag for tag in tags(text) if tag.start >= outside[0].start]
        text = text[: outside[0].start].rstrip(" -")
    _read_body(text, found)
    counted = bool(found.absolute or found.episodes or found.season is not None)
    kind: MediaKind = "episode" if counted or found.batch else ("film" if found.title else "unknown")
    parsed = ParsedName(
        kind=kind,
        title=found.title,
        other_title=found.other_title,
        year=found.year,
        season=found.season,
        episodes=found.episodes,
        absolute=found.absolute,
        episode_title=found.episode_title,
        edition=got.edition,
        release_group=group,
        extra=found.extra,
        tmdb_id=got.tmdb_id,
        tvdb_id=got.tvdb_id,
        imdb_id=got.imdb_id,
    )
    parsed = with_quality(parsed, found_tags, found.version)
    numbers = found.absolute or found.episodes
    flags = list(found.flags)
    if 0 in numbers:
        flags.append("episode_zero")
    flags += title_flags(parsed, stem)
    parsed = msgspec.structs.replace(parsed, flags=tuple(dict.fromkeys(flags)))
    complete = found.plain and not flags and not found.unexplained and _plain_title(found)
    return OwnReading(parsed, complete, sure_numbers=found.plain, anime=True)


def _plain_title(found: _Found) -> bool:
    """A title without numbers, tags and brackets cannot be split in another way."""
    return (
        len(fold(found.title)) >= 2
        and not any(c.isdigit() for c in found.title)
        and " - " not in found.title
        and not found.other_title
    )


def _with_spaces(text: str) -> str:
    """Put spaces between the words outside brackets; numbers such as 05.5 and 5.1 keep their point."""
    if " " in text.strip(" ._-"):
        return re.sub(r"\s+", " ", text.replace("_", " "))
    return spaced(re.sub(r"(?<=\d)\.(?=\d(?!\d))", "\x01", text)).replace("\x01", ".")


def _without_brackets(text: str, found: _Found, found_tags: list[Tag]) -> str:
    """Take every bracket out of the text, and note what it says."""
    pieces, at = [], 0
    names: list[str] = []
    for match in _BRACKETED.finditer(text):
        inside = next((group for group in match.groups() if group is not None), "").strip()
        before = text[at : match.start()]
        pieces.append(before)
        at = match.end()
        if not _note_bracket(inside, found, found_tags):
            names.append(inside)
    pieces.append(text[at:])
    body = re.sub(r" +", " ", " ".join(pieces)).strip(" _")
    named = [name for name in names if not re.fullmatch(r"[\W\d]*", name)]
    if not tidy(body) or _number_only(body):
        body = f"{named[0]} {body}".strip() if named else body
        named = named[1:]
    elif (
        named
        and text.rstrip().endswith((")", "]"))
        and len(named) == 1
        and re.fullmatch(r"[A-Za-z]+(?: [A-Za-z]+)+", named[0])
    ):
        found.other_title = named[0]
        return body
    found.unexplained = len(named)
    return body


def _number_only(body: str) -> bool:
    return _NUMBER_ALONE.match(body.strip(" -")) is not None


def _note_bracket(inside: str, found: _Found, found_tags: list[Tag]) -> bool:
    """Note what one bracket says; False when it says nothing that we know."""
    text = spaced(inside) if " " not in inside else inside
    if not text or _CHECKSUM.match(text):
        return True
    if text.lower() in _BATCH:
        found.batch = True
        return True
    if re.fullmatch(r"(?:18[89]|19\d|20[0-3])\d", text) and YEAR_MIN <= int(text) <= YEAR_MAX:
        found.year = int(text)
        return True
    ranged = _RANGE_ALONE.match(text)
    if ranged and not found.absolute:
        _note_range(ranged[1], ranged[2], ranged[3], found)
        return True
    alone = _NUMBER_ALONE.match(text)
    if alone and not found.absolute and not text.startswith("0x"):
        _note_number(alone[1], alone[2], alone[3], found)
        return True
    season = re.fullmatch(r"S(\d{1,2})|Season (\d{1,2})|(\d)(?:st|nd|rd|th) Season", text, re.IGNORECASE)
    if season:
        found.season = int(next(g for g in season.groups() if g))
        return True
    known = tags(text)
    if known:
        found_tags += [tag._replace(start=tag.start + 1) for tag in known]
        return True
    return False


def _note_range(first: str, last: str, version: str | None, found: _Found) -> None:
    low, high = int(first), int(last)
    if low <= high <= low + RANGE_MAX:
        found.absolute = tuple(range(low, high + 1))
    else:
        found.absolute = (low,)
        found.flags = (*found.flags, "episode_gap")
    found.version = max(0, int(version or 1) - 1)


def _note_number(number: str, half: str | None, version: str | None, found: _Found) -> None:
    if half and half != "0":
        found.flags = (*found.flags, "half_episode")
        found.season = 0
        return
    found.absolute = (int(number),)
    found.version = max(0, int(version or 1) - 1)


def _read_body(text: str, found: _Found) -> None:
    """Read what stands outside the brackets: the title, a season, and the number."""
    creditless = _CREDITLESS.search(text)
    if creditless is not None and creditless.start():
        found.title, found.extra = tidy(text[: creditless.start()]), "other"
        found.flags = (*found.flags, *(("season_without_episode",) if found.season is not None else ()))
        _split_season(found)
        return
    named = numbering(text)
    if named is not None and (named.sure or named.date) and named.start:
        found.title, found.episode_title = tidy(text[: named.start]), tidy(text[named.end :])
        found.season, found.episodes, found.version = named.season, named.episodes, named.version
        found.flags = (*found.flags, *named.flags)
        found.absolute = ()
        found.plain = True
        return
    special = _SPECIAL.search(text)
    if special is not None and special.start():
        found.title, found.episode_title = tidy(text[: special.start()]), tidy(text[special.end() :])
        found.season = 0
        found.episodes = (int(special[2]),) if special[2] else found.absolute
        found.absolute = ()
        found.version = max(found.version, int(special[3] or 1) - 1)
        return
    if found.absolute:
        found.title = tidy(text)
        _split_season(found)
        return
    found.title = _read_number(text, found)
    _split_season(found)


def _read_number(text: str, found: _Found) -> str:
    """Take the number out of the body, and give the title before it."""
    dashed = list(_AFTER_DASH.finditer(text))
    match = dashed[-1] if dashed else _AT_END.search(text)
    if match is None or not match.start():
        return tidy(text)
    if not dashed and match[1] is None and not match[0].strip().lower().startswith(("e", "#")):
        digits = match[4]
        if len(digits) < 2 or (len(digits) == 4 and YEAR_MIN <= int(digits) <= YEAR_MAX):
            return tidy(text)
    if match[1]:
        _note_range(match[1], match[2], match[3], found)
    else:
        _note_number(match[4], match[5], match[6], found)
        found.plain = bool(dashed) and len(match[4]) >= 2
    found.episode_title = tidy(text[match.end() :])
    return tidy(text[: match.start()])


def _split_season(found: _Found) -> None:
    """Take `S2` or `2nd Season` off the title's end: the number then counts within that season."""
    season = _SEASON_END.search(found.title)
    if season is None or not season.start():
        if found.season is not None and found.absolute:
            found.episodes, found.absolute = found.absolute, ()
        elif found.season is not None and found.season and not found.extra:
            found.flags = (*found.flags, "season_without_episode")
        _split_year(found)
        return
    found.season = int(next(group for group in season.groups() if group))
    found.title = tidy(found.title[: season.start()])
    found.episodes, found.absolute = found.absolute, ()
    _split_year(found)


def _split_year(found: _Found) -> None:
    """Take a year off the title's end."""
    year = re.search(r" ((?:19|20)\d\d)$", found.title)
    if (
        year is not None
        and found.year is None
        and YEAR_MIN <= int(year[1]) <= YEAR_MAX
        and (found.absolute or found.episodes)
    ):
        found.year = int(year[1])
        found.title = tidy(found.title[: year.start()])
    if is_foreign(found.title):
        found.unexplained += 1
