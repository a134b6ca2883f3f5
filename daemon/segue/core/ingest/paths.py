"""Names that every file system takes and nobody is hurt by: how a text becomes one component of a path.

Two steps. `plain` takes out of a title what cannot stand in a name, and writes what has a meaning another way. Then
`component` sees to what depends on the place: the ends, the length, the names that Windows keeps for devices. Both give
the same again when repeated.

A library is often shared with Windows and macOS, and so names keep to what all of them allow.
"""

import re
import unicodedata
from typing import Final

NAME_BYTES_MAX: Final = 255
"""Bytes of one component in UTF-8, on every file system that matters."""
PATH_BYTES_MAX: Final = 2400
"""Bytes of a folder that is taken as it is; with five names below and the root above, the kernel still takes it."""
EXTENSION_BYTES_MAX: Final = 12
TEXT_CHARS_MAX: Final = 500
"""More of a title cannot stand in a name anyway."""

_CONTROL_OR_FORMAT: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
"""Control characters, marks of direction and other invisible ones, halves of pairs, private ones."""
_SPACES: Final = frozenset({"Zs", "Zl", "Zp"})
_BLANKS: Final = "\t\n\v\f\r\x85"
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufdd0-\ufdef"
    "\U0001bca0-\U0001bca3\U000e0000-\U000e0fff]"
)
"""What is drawn as nothing though Unicode calls it a letter, a mark or a symbol; and what is no character."""
_SEPARATORS: Final = "/\\:|"
_AT_ENDS = re.compile(r"^[\s/\\:|]+|[\s/\\:|]+$")
_BETWEEN = re.compile(r"\s*[/\\:|][/\\:|\s]*")
_GONE = str.maketrans({"*": "", "?": "", "<": "", ">": "", '"': "'", "{": "(", "}": ")"})
"""Braces are Plex' marks for ids and editions: a title that has some must not be read as one."""
_RUN_OF_SPACES = re.compile(r"\s+")
_RUN_OF_DASHES = re.compile(r"(?: -)+ ")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]|\{\s*\}")
_IN_FRONT = re.compile(r"^(?:[ .]|-\s)+")
_DANGLING = re.compile(r"^(?:\s*-\s+)+|(?:\s+-)+\s*$")
_DEVICE = re.compile(
    r"(con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?=\s*(?:\.|$))",
    re.IGNORECASE,
)
_EXTRA = re.compile(
    r"-(?=(?:trailer|behindthescenes|deleted|featurette|interview|scene|short|other)$)", re.IGNORECASE
)
_EXTENSION = re.compile(r"\.[a-z0-9][a-z0-9_-]*")
_MODIFIERS: Final = range(0x1F3FB, 0x1F400)
"""Colours of skin: they belong to the character before them."""
_MARKS_BACK_MAX: Final = 16
"""So many marks belong to one character when a text is cut; nobody writes more."""


def plain(text: str) -> str:
    """Give a text in the form in which it can stand within a name; empty where nothing of it can.

    `Mission: Impossible` is `Mission - Impossible`, `AC/DC` is `AC-DC`, `M*A*S*H` is `MASH`. What is invisible goes,
    what is composed is composed (NFC), every space is a plain one.
    """
    text = unicodedata.normalize("NFC", "".join(map(_visible, text[:TEXT_CHARS_MAX])))
    text = _BETWEEN.sub(_dash, _AT_ENDS.sub("", text)).translate(_GONE)
    text = _RUN_OF_DASHES.sub(" - ", _RUN_OF_SPACES.sub(" ", text)).strip()
    return unicodedata.normalize("NFC", _without_lone_marks(text))


def _without_lone_marks(text: str) -> str:
    """Take off marks at the beginning: they would belong to whatever comes before."""
    while text and unicodedata.category(text[0])[0] == "M":
        text = text[1:].lstrip()
    return text


def title(text: str) -> str:
    """Give a plain title that still says something when it is shortened: it begins with what may begin a name."""
    text = plain(text)
    for _ in range(8):
        before = text
        text = _without_lone_marks(_IN_FRONT.sub("", _EMPTY_BRACKETS.sub("", text)))
        if text == before:
            break
    return text if component(text).strip(" .-()[]") else ""


def _visible(character: str) -> str:
    if character in _BLANKS:
        return " "
    category = unicodedata.category(character)
    if category in _SPACES:
        return " "
    if category in _CONTROL_OR_FORMAT or ord(character) & 0xFFFE == 0xFFFE or _INVISIBLE.match(character):
        return ""
    return character


def _dash(found: re.Match[str]) -> str:
    return " - " if _RUN_OF_SPACES.search(found[0]) else "-"


def component(text: str, bytes_max: int = NAME_BYTES_MAX) -> str:
    """Make one component of a path out of a text whose parts are `plain`; empty where nothing is left.

    It neither begins nor ends with a dot or a space, is no device's name, and has no more than `bytes_max` bytes.
    """
    for _ in range(8):  # the end of a text that is cut may have to be mended again
        before = text
        text = _EMPTY_BRACKETS.sub("", text)
        text = _RUN_OF_DASHES.sub(" - ", _RUN_OF_SPACES.sub(" ", text))
        text = _without_lone_marks(_DANGLING.sub("", text).strip(" ."))
        text = _DEVICE.sub(r"\1_", text, count=1) if _DEVICE.match(text) else text
        text = cut(unicodedata.normalize("NFC", text), bytes_max)
        if text == before:
            break
    return text


def stem(text: str, bytes_max: int) -> str:
    """Make a file's name without its extension: a component that Plex does not take for an extra."""
    return component(_EXTRA.sub(" ", component(text, bytes_max)), bytes_max)


def cut(text: str, bytes_max: int) -> str:
    """Shorten a text to a number of bytes without taking a character apart from its marks."""
    raw = text.encode()
    if len(raw) <= bytes_max:
        return text
    kept = raw[: max(bytes_max, 0)].decode("utf-8", "ignore")
    back = 0
    while kept and back < _MARKS_BACK_MAX and _belongs_to_the_one_before(text[len(kept)]):
        kept = kept[:-1]
        back += 1
    return kept.rstrip(" .-")


def _belongs_to_the_one_before(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or ord(character) in _MODIFIERS


def extension(text: str) -> str:
    """Give an extension in small letters, with its dot; empty for what is none."""
    lower = text.lower()
    whole = _EXTENSION.fullmatch(lower) is not None
    return lower if whole and len(lower) <= EXTENSION_BYTES_MAX else ""


def fold(name: str) -> str:
    """Give the same text for names that a person, or another file system, takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def size(text: str) -> int:
    """Count the bytes of a text in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def is_below(path: str) -> bool:
    """Tell whether a path of somebody else's making lies below where it starts, and can be used as it is.

    It is relative, has no empty, `.` or `..` component, none of ours (`.segue-`), and is UTF-8.
    """
    if size(path) > PATH_BYTES_MAX or any("\ud800" <= c <= "\udfff" or c == "\0" for c in path):
        return False
    return all(_is_usable(part) for part in path.split("/"))


def _is_usable(part: str) -> bool:
    return part not in ("", ".", "..") and not part.startswith(".segue-") and size(part) <= NAME_BYTES_MAX
