"""How good a version is, and whether another one is better.

Only what is certain is called better or worse. Where a person would have to look (another cut, one side unknown, HDR
against none), the answer is *unknown*. Sizes decide nothing: they say how something was packed.
"""

import re
from typing import Final, Literal

import msgspec

from segue.core.ingest.facts import ParsedName

Comparison = Literal["better", "same", "worse", "unknown"]

SOURCES: Final = (
    "CAM", "TS", "TC", "R5", "SCR", "VHS", "LaserDisc", "TV", "DVD", "HDTV", "HDRip", "WEBRip", "WEB-DL", "HD-DVD",
    "BluRay", "Remux",
)  # fmt: skip
"""Where a picture comes from, the worst first."""
THEATRE: Final = frozenset({"CAM", "TS", "TC", "R5", "SCR"})
"""Copies from before the release: any other source is better, however few lines it has."""

_RESOLUTION = re.compile(r"(?<![a-z0-9])(\d{3,4})([pi])(?![a-z0-9])", re.IGNORECASE)
_SOURCE_PATTERNS: Final = (
    (r"remux", "Remux"),
    (r"(?:uhd[ ._-]?)?blu-?ray|bd-?rip|br-?rip", "BluRay"),
    (r"hd-?dvd", "HD-DVD"),
    (r"web-?rip", "WEBRip"),
    (r"web(?:-?dl)?", "WEB-DL"),
    (r"hd-?rip", "HDRip"),
    (r"hdtv", "HDTV"),
    (r"dvd(?:-?rip)?", "DVD"),
    (r"tv|tv-?rip|pdtv|sdtv|dsr", "TV"),
    (r"laserdisc", "LaserDisc"),
    (r"vhs(?:-?rip)?", "VHS"),
    (r"scr|(?:dvd-?)?screener", "SCR"),
    (r"r5", "R5"),
    (r"tc|telecine", "TC"),
    (r"(?:hd-?)?ts|telesync", "TS"),
    (r"(?:hd-?)?cam(?:rip)?", "CAM"),
)
_SOURCE = re.compile(
    r"(?<![a-z0-9])(?:" + "|".join(f"({pattern})" for pattern, _ in _SOURCE_PATTERNS) + r")(?![a-z0-9])",
    re.IGNORECASE,
)
_MENDED = re.compile(r"(?<![a-z0-9])(?:proper|repack|rerip)(\d?)(?![a-z0-9])", re.IGNORECASE)
_THREE_D = re.compile(r"(?<![a-z0-9])3d(?![a-z0-9])", re.IGNORECASE)
_HDR = re.compile(r"(?<![a-z0-9])(?:hdr10\+?|hdr|hlg|dv|dovi)(?![a-z0-9])", re.IGNORECASE)
_EDITION = re.compile(r"\{edition-([^{}]+)\}", re.IGNORECASE)
_AFTER_TITLE = re.compile(
    r"[(\[](?:18|19|20)\d\d[)\]]|s\d{1,4}[ ._-]?e\d{1,4}|\d{4}-\d\d-\d\d", re.IGNORECASE
)
_PLEX: Final = {"4k": "2160p", "8k": "4320p", "sd": "480p"}


class QualityFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one version. Words are those of `ParsedName`; empty where unknown."""

    resolution: str = ""
    source: str = ""
    proper: int = 0
    """How often it was mended."""
    hdr: str = ""
    three_d: bool = False
    edition: str = ""
    size: int = 0
    """Bytes; only told, never weighed."""


class Compared(msgspec.Struct, frozen=True):
    """What a comparison found, and why."""

    verdict: Comparison
    """Of the new version against the old."""
    text: str
    """A sentence."""


def quality_of(parsed: ParsedName, size: int = 0) -> QualityFacts:
    """Give what a release's name says of its quality."""
    return QualityFacts(
        parsed.resolution, parsed.source, parsed.proper, parsed.hdr, parsed.three_d, parsed.edition, size
    )


def quality_text(facts: QualityFacts) -> str:
    """Write a quality as names carry it: `1080p BluRay`, `2160p Remux Proper`; empty when nothing is known."""
    words = (
        facts.resolution,
        facts.source,
        "3D" if facts.three_d else "",
        "Proper" if facts.proper == 1 else f"Proper{facts.proper}" if facts.proper > 1 else "",
    )
    return " ".join(word for word in words if word)


def parse_quality(name: str, *, size: int = 0, plex_resolution: str = "") -> QualityFacts:
    """Read the quality out of the name of a library's file, ours or another's.

    Words of the title are not read: only what follows the year, the episode's number, or a resolution. Plex' own word
    for the resolution (`1080`, `4k`, `sd`) goes before the name's: Plex has looked into the file.
    """
    edition = _EDITION.search(name)
    tail = _tail(_EDITION.sub(" ", name.rpartition("/")[2]))
    resolution = _RESOLUTION.search(tail)
    sources = [_SOURCE_PATTERNS[(found.lastindex or 1) - 1][1] for found in _SOURCE.finditer(tail)]
    mended = _MENDED.search(tail)
    return QualityFacts(
        resolution=from_plex(plex_resolution) or (resolution[0].lower() if resolution else ""),
        source="Remux" if "Remux" in sources else "".join(sources[:1]),
        proper=int(mended[1] or 1) if mended else 0,
        hdr=" ".join(dict.fromkeys(word.upper() for word in _HDR.findall(tail))),
        three_d=_THREE_D.search(tail) is not None,
        edition=edition[1].strip() if edition else "",
        size=size,
    )


def _tail(name: str) -> str:
    """Give what follows the title in a file's name, without the extension."""
    stem, dot, extension = name.rpartition(".")
    text = stem if dot and len(extension) <= 4 else name
    starts = [found.end() for found in (_AFTER_TITLE.search(text),) if found]
    starts += [found.start() for found in (_RESOLUTION.search(text),) if found]
    return text[min(starts) :] if starts else ""


def from_plex(resolution: str) -> str:
    """Give a resolution in our words, for Plex' `videoResolution`; empty for what is none."""
    word = resolution.strip().lower()
    return _PLEX.get(word) or (f"{word}p" if word.isascii() and word.isdecimal() else "")


def lines(resolution: str) -> int:
    """Count the lines of a picture; 0 when unknown."""
    found = _RESOLUTION.fullmatch(resolution)
    return int(found[1]) if found else 0


# ------------------------------------------------------------------ comparing


def compare(new: QualityFacts, old: QualityFacts) -> Compared:
    """Say whether a new version is better than the one that is there."""
    if _folded(new.edition) != _folded(old.edition):
        return Compared(
            "unknown", f"It is another cut: {new.edition or 'none named'}, not {old.edition or 'that'}."
        )
    if new.three_d != old.three_d:
        return Compared("unknown", "One of them is in 3D.")
    if new.source and old.source and (new.source in THEATRE) != (old.source in THEATRE):
        return _judged(old.source in THEATRE, f"{new.source} against {old.source}")
    if not lines(new.resolution) or not lines(old.resolution):
        which = "the new one" if not lines(new.resolution) else "the one that is there"
        return Compared("unknown", f"The resolution of {which} is not known.")
    if lines(new.resolution) != lines(old.resolution):
        more = lines(new.resolution) > lines(old.resolution)
        return _judged(more, f"{new.resolution} against {old.resolution}")
    return _of_one_resolution(new, old)


def _of_one_resolution(new: QualityFacts, old: QualityFacts) -> Compared:
    ranks = [SOURCES.index(facts.source) if facts.source in SOURCES else -1 for facts in (new, old)]
    if -1 in ranks and new.source != old.source:
        return Compared("unknown", f"Both are {new.resolution}; where one of them comes from is not known.")
    if ranks[0] != ranks[1]:
        return _judged(ranks[0] > ranks[1], f"both {new.resolution}, {new.source} against {old.source}")
    if _is_interlaced(new) != _is_interlaced(old):
        return _judged(_is_interlaced(old), f"{new.resolution} against {old.resolution}")
    if new.proper != old.proper:
        what = "a mended release" if new.proper > old.proper else "the one that is there is a mended release"
        return _judged(new.proper > old.proper, f"both {quality_text(_bare(new))}, {what}")
    if _words(new.hdr) != _words(old.hdr):
        return Compared(
            "unknown", f"Both are {quality_text(new)}: {new.hdr or 'no HDR'} against {old.hdr or 'no HDR'}."
        )
    return Compared("same", f"Both are {quality_text(new)}{_sizes(new.size, old.size)}.")


def _judged(better: bool, why: str) -> Compared:
    word = "better" if better else "worse"
    return Compared("better" if better else "worse", f"It is {word}: {why}.")


def _bare(facts: QualityFacts) -> QualityFacts:
    return QualityFacts(facts.resolution, facts.source)


def _is_interlaced(facts: QualityFacts) -> bool:
    return facts.resolution.endswith("i")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.upper().replace("DOVI", "DV").split())


def _folded(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _sizes(new: int, old: int) -> str:
    if not new or not old:
        return ""
    if new == old:
        return ", and of the same size"
    return f", and the new one is {abs(new - old) / old:.0%} {'larger' if new > old else 'smaller'}"
