"""The letters of a release name: what separates its words, and when two titles are the same for a reader."""

import re
import unicodedata
from typing import Final

import msgspec


class PathParts(msgspec.Struct, frozen=True):
    """A path taken apart: folders from the outermost to the nearest, and the file's name without its extension."""

    folders: tuple[str, ...] = ()
    stem: str = ""
    too_long: bool = False
    """True when a part is longer than 255 characters, and was cut."""


READER_VERSION: Final = "1"
"""Goes up with every change of what a name is read as: what was cached before is then read again."""

PART_CHARS_MAX: Final = 255
"""A part of a path has at most 255 bytes on the file systems that matter; more is hostile, and is not read."""

FOLDERS_MAX: Final = 3
"""So many folders above a file are read: `Show/Season 01/Show.S01E01.../file`."""

_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$|\.(?:3gp|3g2)$", re.IGNORECASE)
_EXTENSIONS_WORDS: Final = """
mkv mp4 avi m4v ts wmv mov m2ts mts mpg mpeg webm flv vob iso ogm ogv rmvb divx asf 3gp 3g2 srt ass ssa
sub idx vtt nfo smi sup
"""
_EXTENSIONS: Final = frozenset(_EXTENSIONS_WORDS.split())
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_ACRONYM = re.compile(r"(?<![^\W_])((?:[A-Za-z]\.){2,}(?:[A-Za-z](?![^\W_]))?)")
_FOREIGN = re.compile("[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")
_NOT_WORD = re.compile(r"[^\w]+|_+")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")


def path_parts(path: str) -> PathParts:
    """Take a path below the ingest root apart. Only the nearest folders are kept."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts:
        return PathParts()
    kept = parts[-FOLDERS_MAX - 1 :]
    cut = tuple([clean(part[:PART_CHARS_MAX]) for part in kept])
    too_long = any(len(part) > PART_CHARS_MAX for part in kept)
    return PathParts(cut[:-1], without_extension(cut[-1]), too_long)


def context(path: str) -> str:
    """Give the part of a path that a reading depends on, and that a cache goes by: the name and its nearest folders."""
    return "/".join([part for part in path.split("/") if part not in ("", ".")][-FOLDERS_MAX - 1 :])


def without_extension(name: str) -> str:
    """Take a video's or a sidecar's extension off; what only looks like one (`Mr.Robot`) stays."""
    found = _EXTENSION.search(name)
    if found and found.start() and found[0][1:].lower() in _EXTENSIONS:
        return name[: found.start()]
    return name


def clean(text: str) -> str:
    """Bring text into NFC, without control characters, surrogates and marks of direction."""
    return _CONTROL.sub(" ", unicodedata.normalize("NFC", text)).strip()


def spaced(stem: str) -> str:
    """Write a name with spaces between its words, where dots or underscores stood. Acronyms keep their dots."""
    text = stem
    if "_" in text:
        text = text.replace("_", " ")
    dots = text.count(".")
    if dots and (" " not in text.strip() or dots > text.count(" ") + 1):
        text = _ACRONYM.sub(_keep_acronym, text).replace(".", " ").replace("\x00", ".")
    return _SPACES.sub(" ", text).strip()


def _keep_acronym(found: re.Match[str]) -> str:
    """Protect the dots of `S.W.A.T.`; of `E.T.`, two letters, only where a name begins (not `Malcolm.X.A.Film`)."""
    letters = found[1].replace(".", "")
    if len(letters) < 3 and found.start():
        return found[1]
    kept = "\x00".join(letters) + "\x00"
    return kept + "." if found[1].endswith(".") else kept


def fold(title: str) -> str:
    """Bring a title into the form in which two readings of one title are equal."""
    text = unicodedata.normalize("NFKD", title).casefold()
    text = "".join([c for c in text if not unicodedata.combining(c)])
    text = _POINT.sub(" ", text)
    text = text.replace("&", " and ").replace("'", "").replace("\u2019", "").replace(".", "")
    return _NOT_WORD.sub(" ", text).strip()


def is_foreign(text: str) -> bool:
    """Tell whether a name has full-width brackets, or characters that are written without spaces."""
    return _FOREIGN.search(text) is not None


def tidy(title: str) -> str:
    """Take the separators off both ends of a title, and a bracket that has lost its partner."""
    text = title.strip(" -_,;~+|").strip()
    for opening, closing in ("()", "[]", "{}"):
        if text.count(opening) != text.count(closing):
            text = text.replace(opening, " ").replace(closing, " ")
    text = _SPACES.sub(" ", text).strip(" -_,;~+|")
    return text.rstrip(".") if text.count(".") == 1 and not text.endswith(("Jr.", "Mr.")) else text
