"""Languages as subtitles name them, and how Plex reads them in a name.

ISO 639-1 by the codes of ISO 639-1 and 639-2, and by English and own names.

Where a region or a script makes a difference it stays: `pt-BR`, `zh-Hans`.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_TABLE: Final = """
ar ara arabic
bg bul bulgarian
bn ben bengali
bs bos bosnian
ca cat catalan
cs ces cze czech cesky cestina
da dan danish dansk
de deu ger german deutsch
el ell gre greek
en eng english
es spa esp spanish espanol castellano castilian
et est estonian eesti
eu eus baq basque
fa fas per persian farsi
fi fin finnish suomi
fr fra fre french francais
gl glg galician
he heb hebrew
hi hin hindi
hr hrv croatian hrvatski
hu hun hungarian magyar
hy hye arm armenian
id ind indonesian
is isl ice icelandic
it ita italian italiano
ja jpn japanese 日本語
ka kat geo georgian
kk kaz kazakh
kn kan kannada
ko kor korean 한국어
lt lit lithuanian
lv lav latvian
mk mkd mac macedonian
ml mal malayalam
mr mar marathi
ms msa may malay
nb nob bokmal
nl nld dut dutch nederlands flemish
no nor norwegian norsk
pa pan punjabi
pl pol polish polski
pt por portuguese portugues
ro ron rum romanian
ru rus russian русский
sk slk slo slovak
sl slv slovenian
sq sqi alb albanian
sr srp serbian srpski
sv swe swedish svenska
ta tam tamil
te tel telugu
th tha thai
tl tgl tagalog filipino
tr tur turkish turkce
uk ukr ukrainian українська
ur urd urdu
vi vie vietnamese
zh zho chi chinese mandarin 中文
"""
_REGIONS: Final = """
pt-BR pt br bra brazil brazilian
pt-PT pt pt portugal european
es-419 es 419 la latin latino latinoamericano american
es-MX es mx mexico mexican
es-ES es es spain
fr-CA fr ca canada canadian
fr-FR fr fr france
en-GB en gb uk british
en-US en us
de-AT de at austria
de-CH de ch
nl-BE nl be
zh-Hans zh hans cn simplified 简体
zh-Hant zh hant tw hk traditional 繁體
sr-Latn sr latn latin
sr-Cyrl sr cyrl cyrillic
"""
"""What a language is with a word behind it: the tag, the language, the words."""

ALONE: Final[dict[str, str]] = {
    "brazilian": "pt-BR",
    "ptbr": "pt-BR",
    "pob": "pt-BR",
    "latino": "es-419",
    "chs": "zh-Hans",
    "simplified": "zh-Hans",
    "简体": "zh-Hans",
    "cht": "zh-Hant",
    "traditional": "zh-Hant",
    "繁體": "zh-Hant",
}
"""Words that name language and region at once."""
FORCED: Final = frozenset({"forced", "foreign"})
HEARING: Final = frozenset({"sdh", "cc", "hi"})
"""Words for the hard of hearing; `hi` is Hindi as well."""
SAYS_NOTHING: Final = frozenset({"default", "full", "sub", "subs", "subtitle", "subtitles", "track"})

CODES: Final[dict[str, str]] = {}
"""ISO 639 codes of two and three letters -> ISO 639-1."""
NAMES: Final[dict[str, str]] = {}
"""Names -> ISO 639-1."""
REGIONAL: Final[dict[tuple[str, str], str]] = {}
"""Language and a word behind it -> tag."""

_BETWEEN_WORDS = re.compile(r"[\W_]+")


def folded(word: str) -> str:
    """Write a word as the tables have it: small, without accents."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in plain if not unicodedata.combining(c)))


for _line in filter(None, _TABLE.split("\n")):
    _first, *_others = _line.split()
    CODES[_first] = _first
    CODES.update((word, _first) for word in _others if len(word) == 3 and word.isascii())
    NAMES.update((folded(word), _first) for word in _others if len(word) != 3 or not word.isascii())
for _line in filter(None, _REGIONS.split("\n")):
    _tag, _language, *_words = _line.split()
    REGIONAL.update(((_language, folded(word)), _tag) for word in _words)


def is_language(word: str) -> bool:
    """Tell whether a folded word names a language."""
    return word in CODES or word in NAMES or word in ALONE


def is_region(word: str) -> bool:
    """Tell whether a folded word may say more of a language before it."""
    return any(word == region for _, region in REGIONAL)


def language_of(words: Sequence[str]) -> str:
    """Give the tag of the last language that folded words name, with its region; empty for none.

    A short word such as `br` is a region only right behind its language; a long one may stand before it, too.
    """
    found = ""
    for at, word in enumerate(words):
        plain = CODES.get(word) or NAMES.get(word)
        if plain is None:
            if word in ALONE and not found:
                found = ALONE[word]
            continue
        after = REGIONAL.get((plain, words[at + 1])) if at + 1 < len(words) else None
        near = (REGIONAL.get((plain, other)) for other in words if len(other) > 3 and other != word)
        told = after or next((tag for tag in near if tag), None)
        if told is None and found and REGIONAL.get((found.partition("-")[0], word)) == found:
            continue  # the `pt` of `pt-PT` is a region, not another language
        found = told or plain
    return found


def words_of(text: str) -> list[str]:
    """Split a name into folded words."""
    return [folded(word) for word in _BETWEEN_WORDS.split(text) if word]


def last_words(text: str) -> list[str]:
    """Give the words at the end of a name that speak of the language; those before them may be a title's."""
    kept: list[str] = []
    for word in reversed(words_of(text)):
        known = word in FORCED | HEARING | SAYS_NOTHING or is_language(word) or is_region(word)
        if not known and not word.isdecimal():
            break
        kept.insert(0, word)
    return kept


def marks_of(words: Sequence[str]) -> str:
    """Write language, forced and hard of hearing as Plex reads them. `hi` is Hindi unless a language is named, too."""
    others = [word for word in words if word != "hi"]
    language = language_of(others)
    if not language and "hi" in words:
        language, words = "hi", others
    forced = ".forced" if not FORCED.isdisjoint(words) else ""
    hearing = ".sdh" if not HEARING.isdisjoint(words) else ""
    return f"{f'.{language}' if language else ''}{forced}{hearing}"
