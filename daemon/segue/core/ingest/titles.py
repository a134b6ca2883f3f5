"""How alike two titles are.

A title is first brought into a plain form (`normalise`): no accents, no punctuation, one way to write what people
write in several. Then two plain forms are compared (`similarity`). What must never look alike are two parts of a
series: a title with another number is capped, however long the rest of it. Token sets and partial ratios are not used
for the same reason: they find *The Matrix* in *The Matrix Resurrections*.

This is the only module of the core that needs rapidfuzz; the daemon imports it when the first name is compared.
"""

import re
import unicodedata
from collections.abc import Iterable

from rapidfuzz import fuzz

LENGTH_MAX = 300
"""Characters of a title that are compared; no real title is longer."""
OTHER_NUMBERS_MAX = 0.80
"""At most so alike are titles whose numbers differ: *Rocky II* and *Rocky III*."""
OTHER_WORD_MAX = 0.85
"""At most so alike are titles of which one has a word that is not in the other, not even misspelt."""
OTHER_ORDER = 0.98
"""What the same words in another order are worth: `Matrix The`."""
NO_ARTICLE = 0.97
"""What the same title without its first article is worth: *Matrix*."""
NO_SUBTITLE = 0.90
"""What the part before a colon is worth: *Leon* of *Leon: The Professional*."""

_WORD_MIN = 4
"""Letters of a word that tells titles apart; shorter ones come and go."""
_MISSPELT = 60.0
"""Percent from which two words count as one, misspelt."""

_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŧ": "t"}
)
"""Latin letters that Unicode does not take apart."""
_MARKS = re.compile("[\u0300-\u036f]")
_ARTICLE_LAST = re.compile(
    r"^(?P<rest>[^,]+),\s*(?P<article>the|an?|les?|la|l['’]|el|los|las|der|die|das|il|lo|gli)(?=\s*(?:$|[:(–-]))",
    re.IGNORECASE,
)
_APOSTROPHE = re.compile("(?<=\\w)['’‘ʼ`´](?=\\w)")
_AND = re.compile(r"\s*[&+]\s*")
_SUBTITLE = re.compile(r"\s*:\s+|\s+[–—-]\s+")

_ARTICLES = frozenset({"the", "a", "an"})
_COUNTED = frozenset({"part", "chapter", "volume", "episode", "book"})
"""After these a number may be a word, and `I` is a number."""
_SHORT = {"pt": "part", "vol": "volume", "vols": "volume"}
_WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip
_ROMAN = {
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "x": "10",
    "xi": "11", "xii": "12", "xiii": "13", "xiv": "14", "xv": "15", "xvi": "16", "xvii": "17", "xviii": "18",
    "xix": "19", "xx": "20",
}  # fmt: skip


# ------------------------------------------------------------------ the plain form


def normalise(title: str) -> str:
    """Give a title's plain form: lower case, words and numbers divided by single spaces; the same again if repeated.

    `Wall·E` is `wall e`, `Fast & Furious` is `fast and furious`, `Matrix, The` is `the matrix`, `Rocky II` is
    `rocky 2`, `S.W.A.T.` is `swat`. A title that is all punctuation stays as it is. Number words stay words except
    after `part` and its like: *9* and *Nine* are two films of one year.
    """
    text = _ARTICLE_LAST.sub(_article_first, title[:LENGTH_MAX].strip())
    text = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    text = unicodedata.normalize("NFC", _MARKS.sub("", text))
    text = _AND.sub(" and ", _APOSTROPHE.sub("", text))
    words = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text).split()
    if not words or words == ["and"]:
        return " ".join(title[:LENGTH_MAX].casefold().split())
    return " ".join(_numbered(_joined(words)))


def _article_first(match: re.Match[str]) -> str:
    article = match["article"]
    space = "" if article[-1] in "'’" else " "
    return f"{article}{space}{match['rest']}"


def _joined(words: list[str]) -> list[str]:
    """Make one word of letters that stand alone one after the other: `s w a t`."""
    joined: list[str] = []
    run = ""
    for word in [*words, ""]:
        if len(word) == 1 and word.isascii() and word.isalpha():
            run += word
            continue
        if run:
            joined.append(run)
            run = ""
        if word:
            joined.append(word)
    return joined


def _numbered(words: list[str]) -> list[str]:
    """Write the numbers of a series as digits. A first word is never one, and `I` is one only after `part`."""
    plain: list[str] = []
    for word in (_SHORT.get(word, word) for word in words):
        if word.isdecimal():
            plain.append(str(int(word)))
        elif plain and plain[-1] in _COUNTED:
            plain.append(_WORDS.get(word) or _ROMAN.get(word, word))
        elif plain and word != "i":
            plain.append(_ROMAN.get(word, word))
        else:
            plain.append(word)
    return plain


# ------------------------------------------------------------------ comparing


def similarity(a: str, b: str) -> float:
    """Say how alike two plain titles are, 0-1; 1 for equal ones and those that differ only in their spaces."""
    if a.replace(" ", "") == b.replace(" ", ""):
        return 1.0 if a else 0.0
    if not a or not b:
        return 0.0
    best = max(fuzz.ratio(a, b), OTHER_ORDER * fuzz.token_sort_ratio(a, b)) / 100
    bare_a, bare_b = _without_article(a), _without_article(b)
    if (bare_a, bare_b) != (a, b):
        best = max(best, NO_ARTICLE * fuzz.ratio(bare_a, bare_b) / 100)
    best = min(best, 0.99)
    if _numbers(a) != _numbers(b):
        return min(best, OTHER_NUMBERS_MAX)
    if best > OTHER_WORD_MAX and (_has_other_word(a, b) or _has_other_word(b, a)):
        return OTHER_WORD_MAX
    return best


def compare(names: Iterable[str], titles: Iterable[str]) -> tuple[float, bool]:
    """Compare what a name says with all titles of a candidate: the best similarity, and whether one is the name's.

    Titles are as people write them. A name that is the part before a colon of a title counts as `NO_SUBTITLE`: names
    often leave subtitles out, but so do wrong ones, and so it never counts as exact.
    """
    plain_names = [plain for name in names if (plain := normalise(name))]
    best = 0.0
    for title in titles:
        plain = normalise(title)
        head = _SUBTITLE.split(title, maxsplit=1)[0]
        plain_head = normalise(head) if head != title else ""
        if _numbers(plain_head) != _numbers(plain):
            plain_head = ""  # what follows is no subtitle but the number of a sequel
        for name in plain_names:
            best = max(best, similarity(name, plain))
            if best == 1.0:
                return 1.0, True
            if plain_head and name == plain_head:
                best = max(best, NO_SUBTITLE)
    return best, False


def episode_similarity(name: str, titles: Iterable[str]) -> float:
    """Say how well an episode's title in a name fits the titles of its episodes, 0-1.

    A file of several episodes may name one of them or all; names also cut titles short, so that a beginning of two
    words or more counts as `NO_SUBTITLE`.
    """
    plain_name = normalise(name)
    plain_titles = [normalise(title) for title in titles]
    best = similarity(plain_name, " ".join(plain_titles))
    for title in plain_titles:
        best = max(best, similarity(plain_name, title))
        shorter, longer = sorted((plain_name, title), key=len)
        if " " in shorter and longer.startswith(shorter + " "):
            best = max(best, NO_SUBTITLE)
    return best


def _without_article(plain: str) -> str:
    first, _, rest = plain.partition(" ")
    return rest if rest and first in _ARTICLES else plain


def _has_other_word(a: str, b: str) -> bool:
    """Say whether a title has a word that stands in no spelling in the other."""
    words_a, words_b = a.split(), b.split()
    others = [word for word in words_b if word not in words_a]
    return any(
        len(word) >= _WORD_MIN and all(fuzz.ratio(word, other) < _MISSPELT for other in others)
        for word in words_a
        if word not in words_b
    )


def _numbers(plain: str) -> list[str]:
    return sorted(word for word in plain.split() if word.isdecimal())
