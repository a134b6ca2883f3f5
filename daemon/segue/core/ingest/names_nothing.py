"""Names that say nothing: random letters, and what machines call files that nobody has named."""

import re
from typing import Final

from segue.core.ingest.names_words import tags

_DULL_WORDS: Final = """
movie video film title track vts clip file new untitled output download downloaded stream index main
feature rip encode encoded disc t b mov img dsc vid tmp temp final test media play playlist bdmv avi mkv
mp4 unknown sample mvi
"""
_DULL: Final = frozenset(_DULL_WORDS.split())
_YEAR_WORD = re.compile(r"(?<![^\W_])(?:19|20)\d\d(?![^\W_])")
_RUNS = re.compile(r"[^\W\d_]+|\d+")
_HEX = re.compile(r"[0-9a-f]{12,}$|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
_CHANGES = re.compile(r"(?<=[a-zA-Z])(?=\d)|(?<=\d)(?=[a-zA-Z])|(?<=[a-z])(?=[A-Z])")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{6,}", re.IGNORECASE)
_WORDS = re.compile(r"[\s._\-\[\](){}]+")
RANDOM_CHARS_MIN: Final = 10
"""Shorter words are never called random: `Se7en`, `THX1138`, `U2R3D`."""


def looks_random(word: str) -> bool:
    """Tell whether one word, without separators, is a hash or a made-up identifier rather than language."""
    if len(word) < RANDOM_CHARS_MIN or not word.isascii():
        return False
    if _HEX.match(word):
        return any(c.isdigit() for c in word) or len(set(word.lower())) < 6
    digits = sum(c.isdigit() for c in word)
    if digits == len(word):
        return True
    changes = len(_CHANGES.findall(word))
    if changes >= 4 and len(word) / (changes + 1) < 3.2 and (digits or _CONSONANTS.search(word)):
        return True
    if digits >= 3 and changes >= 4:
        return True
    vowels = sum(c in "aeiouyAEIOUY" for c in word)
    letters = len(word) - digits
    return letters >= RANDOM_CHARS_MIN and (
        vowels / letters < 0.15 or (vowels / letters < 0.25 and changes >= 3)
    )


def says_nothing(stem: str) -> bool:
    """Tell whether a file's name is random or a machine's, so that only its folder can tell what it is."""
    if not stem.strip(" ._-()[]{}"):
        return True
    if _HEX.match(stem):
        return looks_random(stem.replace("-", ""))
    words = [word for word in _WORDS.split(stem) if word]
    if len(words) == 1:
        return looks_random(words[0]) or _is_dull(stem)
    if any(looks_random(word) for word in words):
        rest = [word for word in words if not looks_random(word)]
        return not [word for word in rest if len(word) > 2 and not tags(word)]
    return _is_dull(stem)


def _is_dull(stem: str) -> bool:
    """`title_t00`, `VTS_01_1`, `video (1)`; a bare number of up to three digits may be an episode's, and says that."""
    if re.fullmatch(r"\d{1,3}", stem) or _YEAR_WORD.search(stem):
        return False
    return all(run.isdigit() or run.lower() in _DULL for run in _RUNS.findall(stem))
