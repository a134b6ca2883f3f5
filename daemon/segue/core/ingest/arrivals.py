"""Which names below a watched root are wanted, and why the others are left alone: pure, by the name alone.

What is left is left with a word (`Left`), so that a person can be shown what was recognised. Names are compared without
regard to case. The lists are those of the download clients, unpackers and storage boxes that people run; each can be
extended by a setting.
"""

import re
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

Left = Literal[
    "",
    "ours",
    "hidden",
    "trash",
    "system",
    "ignored",
    "unpacking",
    "failed",
    "temporary",
    "sample",
    "junk",
    "archive",
    "sidecar",
    "extension",
]
"""Why an entry is left; empty: it is wanted. `ours`: made by segue. `unpacking` and `failed`: a folder that an unpacker
works in or gave up. `extension`: no video. `sidecar`: travels with a video. `ignored`: a setting says so."""

TOLD: Final[frozenset[Left]] = frozenset({"unpacking", "failed", "temporary", "sample", "junk"})
"""What a person asks after when a file does not turn up; the rest is of no interest."""

EXTENSIONS: Final = (".mkv", ".mp4", ".avi", ".m4v", ".ts", ".wmv", ".mov")
TEMPORARY_SUFFIXES: Final = (
    ".part",
    ".partial",
    ".!qb",
    ".!ut",
    ".!bt",
    ".bc!",
    ".crdownload",
    ".download",
    ".opdownload",
    ".tmp",
    ".temp",
    ".aria2",
    ".filepart",
    ".unfinished",
    ".incomplete",
)
SAMPLE_BYTES_MAX: Final = 300_000_000
"""Plex itself passes over a file below this size with `sample` in its name."""

_OURS: Final = ".segue-"
_TRASH: Final = frozenset({".trashes", "#recycle", "@recycle", "$recycle.bin", "recycler", "recycled"})
_SYSTEM: Final = frozenset(
    {
        "@eadir",
        "@tmp",
        "@sharebin",
        "@recently-snapshot",
        "#snapshot",
        "lost+found",
        "system volume information",
        "__macosx",
    }
)
_ARCHIVE: Final = re.compile(r"\.(rar|r\d\d|s\d\d|7z|zip|par2|\d{3})$")
_VOLUME: Final = re.compile(r"\.(rar|r\d\d|s\d\d|7z|par2|\d{3})$")
"""Kinds of archives that films come in; a zip beside a film holds subtitles."""
_SIDECAR: Final = re.compile(r"\.(srt|sub|idx|ass|ssa|smi|vtt|sup|nfo|jpe?g|png|tbn)$")
_PROGRAM: Final = re.compile(r"\.(url|lnk|exe|bat|cmd|scr|com|msi|website|webloc)$")
_ADVERT: Final = re.compile(
    r"(rarbg|etrg|yts|yify|eztv|ettv|ahashare|1337x|torrentgalaxy|tgx)([._ -]*\w{2,4})?\.\w{2,4}"
    r"|www[._ ][\w-]+[._ ][a-z]{2,4}\.\w{2,4}|(torrent )?downloaded from .*"
    r"|rarbg_do_not_mirror.*"
)
_SAMPLE: Final = re.compile(r"(?<![a-z])samples?(?![a-z])")


class ArrivalRules(msgspec.Struct, frozen=True):
    """What a person may set. Suffixes begin with a dot; all of it is matched without regard to case."""

    extensions: tuple[str, ...] = EXTENSIONS
    temporary_suffixes: tuple[str, ...] = TEMPORARY_SUFFIXES
    ignore: tuple[str, ...] = ()
    """Names of files and folders to pass over; `*` stands for anything, `?` for one character."""
    sample_bytes_max: int = SAMPLE_BYTES_MAX


class Arrivals:
    """The rules, made ready for many names."""

    def __init__(self, rules: ArrivalRules | None = None) -> None:
        self.rules = rules = rules or ArrivalRules()
        self._videos = _lowered(rules.extensions)
        self._temporary = _lowered(rules.temporary_suffixes)
        self._ignored = _pattern(rules.ignore) if rules.ignore else None

    def wanted(self, relpath: str) -> bool:
        """Tell whether a file at this path below a root is wanted, as far as names say."""
        return not self.left_because(relpath)

    def left_because(self, relpath: str) -> Left:
        """Say why a file at this path below a root is left: for a folder on the way, or for its own name."""
        *folders, name = relpath.split("/")
        for folder in folders:
            if reason := self.folder_left(folder):
                return reason
        return self.file_left(name)

    def folder_left(self, name: str) -> Left:
        """Say why nothing below a folder of this name is looked at; empty for folders that are."""
        lower = name.lower()
        if reason := self._never(lower):
            return reason
        if lower.startswith("_unpack_") or lower == "__admin__":
            return "unpacking"
        if lower.startswith("_failed_"):
            return "failed"
        return "temporary" if lower.endswith(self._temporary) else ""

    def file_left(self, name: str) -> Left:
        """Say why a file of this name is left; empty for a wanted one. Samples take a size: `is_sample`."""
        lower = name.lower()
        if reason := self._never(lower):
            return reason
        if lower.endswith(self._temporary):
            return "temporary"
        if _ADVERT.fullmatch(lower) or _PROGRAM.search(lower):
            return "junk"
        if lower.endswith(self._videos):
            return ""
        if _SIDECAR.search(lower):
            return "sidecar"
        return "archive" if _ARCHIVE.search(lower) else "extension"

    def is_sample(self, relpath: str, size: int) -> bool:
        """Tell whether a video is a sample: its name or its folder says so, and it is small."""
        if size >= self.rules.sample_bytes_max:
            return False
        folder, _, name = relpath.lower().rpartition("/")
        return bool(_SAMPLE.search(name)) or folder.rpartition("/")[2] in ("sample", "samples")

    def unfinished_beside(self, name: str, siblings: Iterable[str]) -> str:
        """Give the file that says that `name` is not whole yet, such as `Film.mkv.aria2`; empty without one.

        Some clients write under the final name and keep their notes in such a file; others put an empty file in its
        place.
        """
        lower = name.lower()
        signs = {lower + suffix for suffix in self._temporary}
        return next((sibling for sibling in siblings if sibling.lower() in signs), "")

    def _never(self, lower: str) -> Left:
        """Say why an entry is passed over whatever it is."""
        if lower.startswith("."):
            if lower.startswith(_OURS):
                return "ours"
            return "trash" if lower.startswith((".trash", ".recycle")) else "hidden"
        if lower in _TRASH:
            return "trash"
        if lower in _SYSTEM:
            return "system"
        return "ignored" if self._ignored is not None and self._ignored.fullmatch(lower) else ""


def wanted(relpath: str, rules: ArrivalRules) -> bool:
    """Tell whether a single path below a root is wanted; who has many makes `Arrivals` once."""
    return Arrivals(rules).wanted(relpath)


def is_unpacking(siblings: Iterable[str]) -> bool:
    """Tell whether volumes of an archive are among the names of a folder.

    What lies beside them may still be growing out of them; they stay when it is done, so this alone proves nothing.
    """
    return any(_VOLUME.search(name.lower()) for name in siblings)


def _lowered(suffixes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(suffix.lower() for suffix in suffixes if suffix)


def _pattern(ignore: tuple[str, ...]) -> re.Pattern[str]:
    """Make one pattern out of all."""
    parts = (re.escape(p.lower()).replace(r"\*", ".*").replace(r"\?", ".") for p in ignore if p)
    return re.compile("|".join(f"(?:{part})" for part in parts) or r"(?!)", re.DOTALL)
