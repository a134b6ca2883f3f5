"""Is the new version better than the one that is there? By resolution, source, mending; never by size alone."""

import re
from typing import Final, Literal

import msgspec

Answer = Literal["better", "same", "worse", "unknown"]

SOURCES: Final[tuple[str, ...]] = (
    "CAM",
    "TS",
    "TC",
    "SCR",
    "VHS",
    "TV",
    "SDTV",
    "DVDRip",
    "DVD",
    "HDTV",
    "WEBRip",
    "WEB",
    "WEB-DL",
    "BDRip",
    "BluRay",
    "Remux",
)
"""From the worst to the best."""
_LINES: Final = re.compile(r"(?<!\d)(\d{3,4})[pi](?![a-z\d])", re.IGNORECASE)


class QualityFacts(msgspec.Struct, frozen=True):
    """What is known of one version."""

    resolution: str = ""
    """`1080p`, or as Plex says it: `1080`, `4k`, `sd`."""
    source: str = ""
    proper: int = 0


def lines_of(resolution: str) -> int | None:
    """Give the number of lines that a resolution means."""
    text = resolution.strip().lower()
    if text in ("4k", "uhd"):
        return 2160
    if text == "8k":
        return 4320
    if text == "sd":
        return 480
    digits = text.rstrip("pi")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 4 else None


def facts_of(name: str, resolution: str = "") -> QualityFacts:
    """Read the quality out of a file name of the library; `resolution` is Plex' word and goes before it."""
    match = _LINES.search(name)
    lower = name.lower()
    found = [s for s in SOURCES if re.search(rf"(?<![a-z]){re.escape(s.lower())}(?![a-z])", lower)]
    return QualityFacts(resolution or (match[0].lower() if match else ""), found[-1] if found else "")


def compare(new: QualityFacts, old: QualityFacts) -> tuple[Answer, str]:
    """Say how the new version is beside the old one, and why."""
    new_lines, old_lines = lines_of(new.resolution), lines_of(old.resolution)
    if new_lines is None or old_lines is None:
        missing = "the new one" if new_lines is None else "the one that is there"
        return "unknown", f"the resolution of {missing} is not known"
    if new_lines != old_lines:
        answer: Answer = "better" if new_lines > old_lines else "worse"
        return answer, f"{new_lines} lines against {old_lines}"
    if new.source and old.source and new.source != old.source and {new.source, old.source} <= set(SOURCES):
        better = SOURCES.index(new.source) > SOURCES.index(old.source)
        return "better" if better else "worse", f"{new.source} against {old.source}"
    if new.proper != old.proper:
        better = new.proper > old.proper
        return (
            "better" if better else "worse",
            "a mended release (PROPER)" if better else "the one there is mended",
        )
    return "same", f"both have {new_lines} lines"
