"""How good a version is, and whether another one is better.

Only what is certain is called better or worse. Where a person would have to look (another cut, one side unknown, HDR
against none), the answer is *unknown*. Sizes decide nothing: they say how something was packed.
"""

import re
from collections.abc import Iterator
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

_RESOLUTION = re.compile(r"(\d{3,4})([pi])", re.IGNORECASE)
_SOURCE_WORDS: Final = (
    ("Remux", r"remux", r""),
    ("BluRay", r"(?:uhd[ ._-]?)?blu-?ray(?:-?rip)?|bd-?rip|br-?rip", r"bd"),
    ("HD-DVD", r"hd-?dvd", r""),
    ("WEBRip", r"web-?rip", r""),
    ("WEB-DL", r"web-?dl", r"web"),
    ("HDRip", r"hd-?rip", r""),
    ("HDTV", r"hdtv", r""),
    ("DVD", r"dvd-?rip", r"dvd"),
    ("TV", r"tv-?rip|pdtv|sdtv|dsr", r"tv"),
    ("LaserDisc", r"", r"laserdisc"),
    ("VHS", r"vhs-?rip", r"vhs"),
    ("SCR", r"(?:dvd|bd)-?scr", r"scr|screener"),
    ("R5", r"", r"r5"),
    ("TC", r"telecine", r"tc"),
    ("TS", r"telesync|hd-?ts", r"ts"),
    ("CAM", r"hd-?cam|cam-?rip", r"cam"),
)
"""A source, the words that are nothing else, and those that may be a title's as well."""
_STRONG: Final = "|".join(words for _, words, _ in _SOURCE_WORDS if words)
_WEAK: Final = "|".join(words for _, _, words in _SOURCE_WORDS if words)
_WORD = re.compile(
    rf"""(?<![a-z0-9])(?:
      (?P<resolution>\d{{3,4}}[pi]) | (?P<strong>{_STRONG}) | (?P<weak>{_WEAK}) | (?P<three_d>3d)
    | (?:proper|repack|rerip)(?P<mended>\d?) | (?P<hdr>hdr10\+|hdr10|hdr|hlg|dv|dovi)
    | (?P<codec>[xh]\.?26[456]|hevc|avc|av1|xvid|divx) | uhd|10bit|(?:aac|e?ac-?3|ddp?|dts|truehd|atmos)[\d.]*
    )(?![a-z0-9+])""",
    re.IGNORECASE | re.VERBOSE,
)
_GAP = re.compile(r"[ ._()\[\]-]*")
_EDITION = re.compile(r"\{edition-([^{}]+)\}", re.IGNORECASE)
_AFTER_TITLE = re.compile(
    r"[(\[](?:18|19|20)\d\d[)\]]|(?<=[._])(?:19|20)\d\d(?=[._])|s\d{1,4}[ ._-]?e\d{1,4}|\d{4}-\d\d-\d\d",
    re.IGNORECASE,
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

    Words of the title are not read: only what follows the year, the episode's number, or a resolution; and of that only
    words that stand by a resolution, a codec or an unmistakable source, for episodes have titles such as *Web of Lies*.
    Plex' own word for the resolution (`1080`, `4k`, `sd`) goes before the name's: Plex has looked into the file.
    """
    edition = _EDITION.search(name)
    words = list(_quality_words(_EDITION.sub(" ", name.rpartition("/")[2])))
    resolution = next((word["resolution"].lower() for word in words if word["resolution"]), "")
    sources = [_source(word["strong"] or word["weak"]) for word in words if word["strong"] or word["weak"]]
    mended = next((word for word in words if word["mended"] is not None), None)
    return QualityFacts(
        resolution=from_plex(plex_resolution) or resolution,
        source="Remux" if "Remux" in sources else "".join(sources[:1]),
        proper=int(mended["mended"] or 1) if mended else 0,
        hdr=" ".join(dict.fromkeys(word["hdr"].upper() for word in words if word["hdr"])),
        three_d=any(word["three_d"] for word in words),
        edition=edition[1].strip() if edition else "",
        size=size,
    )


def _quality_words(name: str) -> Iterator[re.Match[str]]:
    """Give the words of a library's name that speak of its quality, run by run."""
    stem, dot, extension = name.rpartition(".")
    text = stem if dot and len(extension) <= 4 else name
    title = _AFTER_TITLE.search(text)
    first = next((word.start() for word in _WORD.finditer(text) if word["resolution"]), None)
    start = min((at for at in (title.end() if title else None, first) if at is not None), default=len(text))
    is_dated = title is not None and title[0][0] in "([" and title.end() <= start
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text, start):
        gap = text[run[-1].end() : word.start()] if run else ""
        if run and (" - " in gap or not _GAP.fullmatch(gap)):
            yield from _told(run, text, is_dated)
            run = []
        run.append(word)
    yield from _told(run, text, is_dated)


def _told(run: list[re.Match[str]], text: str, is_dated: bool) -> list[re.Match[str]]:
    """Give a run of words when it speaks of quality: by a word that says nothing else, or as all of a film's part."""
    if any(word["resolution"] or word["strong"] or word["codec"] for word in run):
        return run
    whole = run and text[: run[0].start()].endswith(" - ") and text[run[-1].end() :][:3] in ("", " - ")
    return run if whole and is_dated else []


def _source(word: str) -> str:
    """Name a source by one of its words."""
    fits = (
        name for name, *words in _SOURCE_WORDS for w in words if w and re.fullmatch(w, word, re.IGNORECASE)
    )
    return next(fits, "")


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
        larger, smaller = (new, old) if more else (old, new)
        if larger.source in THEATRE and not smaller.source:
            # Any other source would be better than a theatre's copy, and nobody knows that this one is no other.
            return Compared("unknown", f"{larger.resolution} {larger.source} against {_unknown(smaller)}.")
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


def _unknown(facts: QualityFacts) -> str:
    return f"{facts.resolution} from a source that is not known"


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
