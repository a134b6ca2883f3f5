"""Our own reader of release names: the words that are no title are found first; what is left before them is the title.

It is independent of guessit on purpose: where two readers that share nothing agree, a name is read right far more
often than either reads alone. It also knows when nothing was left to guess (`complete`).
"""

import re

import msgspec
from msgspec.structs import replace as but

from segue.core.ingest.facts import MediaKind, ParsedName
from segue.core.ingest.names_ids import carried
from segue.core.ingest.names_numbers import Numbering, special
from segue.core.ingest.names_scan import JOINS, Scan
from segue.core.ingest.names_text import fold, is_foreign, spaced, tidy
from segue.core.ingest.names_words import Tag, tags


class OwnReading(msgspec.Struct, frozen=True):
    """What our reader makes of one name, folders apart."""

    name: ParsedName
    complete: bool = False
    """True when the form leaves nothing to guess: title, year and numbers could not be split in another way."""
    sure_numbers: bool = False
    """True when season and episode stand as `S01E02` or the like."""
    anime: bool = False
    """True for a fansub name, `[Group] Title - 05`."""


_SITE = re.compile(
    r"^(?:www[. ][\w-]{2,40}[. ][a-z]{2,5}|[\w-]{3,40}\.(?:com|org|net|info)) ?[-_ ]+"
    r"|^[\[{(] ?[^\[\]{}() ]{0,30}\.(?:com|org|net|info|to|tv|me|cc|mx|is|io|pw|xyz|site|club) ?[\]})][ ._-]*",
    re.IGNORECASE,
)
_DOMAIN = re.compile(r"(?<![^\W_])(?:www\.[\w-]+|[\w-]{3,}\.(?:com|org|net|info))(?![^\W_])", re.IGNORECASE)
_LAST_BRACKET = re.compile(r"[ ._-]?\[([^\[\]]{2,24})\]$")
_EXTRA = re.compile(
    r"-(trailer|behindthescenes|deleted|featurette|interview|scene|short|other)(?:-?\d{1,2})?$", re.IGNORECASE
)
_SAMPLE = re.compile(r"(?:^|[ ._-])sample(?:$|[ ._-])", re.IGNORECASE)
_AKA = re.compile(r" (?:AKA|a\.k\.a\.|a k a) ", re.IGNORECASE)
_COUNTRY = re.compile(r"(?<=\w) \(?(US|UK|AU|NZ|CA|IE)\)?$")
_LEADING = re.compile(
    r"^[\[(]?(2160p|1080p|720p|576p|480p|Blu-?Ray|WEB-?DL|HDTV|DVD-?Rip)[\])]?[ -]+(.+)$", re.IGNORECASE
)
_ONE_SHOT = re.compile(r"(?<![^\W_])(?:OVA|OAD|Special)(?![^\W_])")


def read_stem(stem: str) -> OwnReading:
    """Read a name that begins with no `[Group]`: of a file without its extension, or of a folder. Never fails."""
    got = carried(stem)
    raw, extra = _without_extra(_SITE.sub("", got.text, count=1))
    raw, group = _without_last_bracket(raw)
    text = _LEADING.sub(r"\2 \1", spaced(raw), count=1)
    scan = Scan(text)
    year = scan.year
    number = scan.number
    found = _title(text, scan)
    title, other = _split_other(found.title)
    parsed = ParsedName(
        kind=_kind(number, scan, title),
        title=title,
        other_title=other or found.other,
        year=year,
        season=number.season if number else None,
        episodes=number.episodes if number else (),
        date=number.date if number else "",
        episode_title=found.episode_title,
        edition=got.edition or scan.edition(),
        part=scan.part[2] if scan.part else None,
        release_group=scan.group or group,
        extra=extra or scan.first("extra"),
        tmdb_id=got.tmdb_id,
        tvdb_id=got.tvdb_id,
        imdb_id=got.imdb_id,
    )
    parsed = with_quality(parsed, scan.tail, number.version if number else 0)
    parsed = _with_country(parsed)
    flags = list(number.flags) if number else []
    if scan.doubtful_year:
        flags.append("ambiguous_year")
    if _SAMPLE.search(stem):
        flags.append("sample")
    parsed = but(parsed, flags=(*flags, *title_flags(parsed, stem)))
    return OwnReading(parsed, _complete(parsed, text, scan), sure_numbers=bool(number and number.sure))


class _Title(msgspec.Struct, frozen=True):
    title: str
    other: str = ""
    episode_title: str = ""


def _title(text: str, scan: Scan) -> _Title:
    """Give the words before the first mark, and those between an episode's numbers and the first tag after them."""
    number, year = scan.number, scan.year_at
    stops = [scan.tail_start, number.start if number else len(text), scan.part[0] if scan.part else len(text)]
    if year is not None and year.start():
        stops.append(year.start())
    begin = 0
    if year is not None and not year.start():
        begin = year.end()
    end = min(stops)
    episode_title = ""
    if number is not None:
        after = next((tag.start for tag in scan.tail if tag.start >= number.end), len(text))
        if after == len(text) and scan.group:
            after -= len(scan.group) + 1
        zone = text[number.end : after]
        episode_title = _without_year(tidy(zone))
        if number.start == 0 and number.date and not text[:end].strip():
            return _Title(tidy(zone))
    if end == len(text) and scan.group:
        end -= len(scan.group) + 1
    return _Title(tidy(text[begin:end]), episode_title=episode_title)


def _without_year(title: str) -> str:
    """A year alone, or at the end in brackets, is not an episode's title."""
    bare = re.sub(r"[\[(](?:19|20)\d\d[\])]$", "", title).strip()
    return "" if re.fullmatch(r"(?:19|20)\d\d", bare) else bare


def _split_other(title: str) -> tuple[str, str]:
    """Split `One Title AKA Another` and `One Title (Another)`."""
    halves = _AKA.split(title, maxsplit=1)
    if len(halves) == 2 and halves[0].strip() and halves[1].strip():
        return tidy(halves[0]), tidy(halves[1])
    found = re.fullmatch(r"([^()\[\]]{2,}) [(\[]([^()\[\]]{3,})[)\]]", title)
    if found and not found[2].isdigit():
        return tidy(found[1]), tidy(found[2])
    return title, ""


def _with_country(name: ParsedName) -> ParsedName:
    """Keep `The Office US` as the second title of `The Office`: databases write it without, or in brackets."""
    found = _COUNTRY.search(name.title) if name.kind == "episode" else None
    if found is None:
        if name.kind == "episode" and name.other_title in ("US", "UK", "AU", "NZ", "CA", "IE"):
            return but(name, other_title=f"{name.title} {name.other_title}")
        return name
    short = tidy(name.title[: found.start()])
    return but(name, title=short, other_title=f"{short} {found[1]}")


def _kind(number: Numbering | None, scan: Scan, title: str) -> MediaKind:
    if number is not None:
        return "episode"
    return (
        "film" if title and (scan.year_at or any(tag.strong for tag in scan.tail) or scan.part) else "unknown"
    )


def _without_extra(raw: str) -> tuple[str, str]:
    found = _EXTRA.search(raw)
    if found is None or not found.start():
        return raw, ""
    return raw[: found.start()], found[1].lower()


def _without_last_bracket(raw: str) -> tuple[str, str]:
    """Take a site's or a group's name in square brackets off the end, unless it says something about the film."""
    found = _LAST_BRACKET.search(raw)
    if (
        found is None
        or not found.start()
        or tags(spaced(found[1]))
        or re.fullmatch(r"(?:19|20)\d\d|\d{1,4}", found[1])
    ):
        return raw, ""
    return raw[: found.start()], found[1] if "." not in found[1] and not re.fullmatch(
        r"[0-9A-Fa-f]{8}", found[1]
    ) else ""


def with_quality(name: ParsedName, found: list[Tag], version: int = 0) -> ParsedName:
    """Add what the tags say about picture, language and mending."""
    first: dict[str, str] = {}
    for tag in found:
        if tag.value:
            first.setdefault(tag.field, tag.value)
    if any(tag.value == "Remux" for tag in found):
        first["source"] = "Remux"
    hdr = list(dict.fromkeys(tag.value for tag in found if tag.field == "hdr"))
    if "HDR10+" in hdr and "HDR10" in hdr:
        hdr.remove("HDR10")
    spoken = list(dict.fromkeys(tag.value for tag in found if tag.field == "language"))
    if (
        any(tag.field == "audio" and tag.value == "multi" for tag in found)
        or len(spoken) > 1
        or "multi" in spoken
    ):
        spoken = ["multi"]
    proper = sum(int(tag.value) for tag in found if tag.field == "proper") + version
    return but(
        name,
        resolution=first.get("resolution", ""),
        source=first.get("source", ""),
        codec=first.get("codec", ""),
        hdr=" ".join(sorted(hdr, key=["DV", "HDR10", "HDR10+", "HLG"].index)),
        three_d="three_d" in first,
        proper=proper,
        language=spoken[0] if spoken else "",
    )


def title_flags(name: ParsedName, stem: str) -> tuple[str, ...]:
    """Give the doubts that the title itself raises."""
    found = []
    if len(name.title) == 1 or (name.title and len(fold(name.title)) == 0):
        found.append("short_title")
    if is_foreign(stem):
        found.append("foreign_brackets")
    if any(c in name.title for c in "[]{}"):
        found.append("brackets_in_title")
    if _DOMAIN.search(name.title) or re.match(r"www(?:\W|$)", name.title):
        found.append("domain_in_title")
    if name.season is not None and not name.episodes and not name.absolute and not name.date:
        found.append("season_without_episode")
    return tuple(found)


def _complete(name: ParsedName, text: str, scan: Scan) -> bool:
    """Tell whether title, year and numbers could not have been split in another way."""
    if name.flags or name.other_title or len(fold(name.title)) < 2 or name.extra:
        return False
    number, year = scan.number, scan.year_at
    title_end = min(m for m in (number.start if number else len(text), year.start() if year else len(text)))
    if any(tag.start < title_end for tag in scan.all_tags) or any(c in name.title for c in "()[]{}"):
        return False
    if len(scan.years) > (1 if year else 0):
        return False
    if number is not None:
        between = text[year.end() : number.start] if year else ""
        return number.sure and special(name.title) is None and JOINS.fullmatch(between) is not None
    if year is None or not year.start():
        return False
    stop = min(
        [t.start for t in scan.tail if t.start >= year.end()] + [scan.part[0] if scan.part else len(text)]
    )
    if stop == len(text) and scan.group:
        stop -= len(scan.group) + 1
    return JOINS.fullmatch(text, year.end(), stop) is not None and _ONE_SHOT.search(text) is None
