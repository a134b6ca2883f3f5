"""Makes titles: English ones of many forms, and those of films that were made elsewhere."""

import random
from collections.abc import Callable, Sequence
from typing import Literal

from segue.demo import tmdb_words as words

Language = Literal["en", "fr", "de", "es", "it", "ja", "ru"]

LANGUAGES: tuple[tuple[Language, float], ...] = (
    ("en", 0.66), ("fr", 0.09), ("de", 0.06), ("es", 0.06), ("it", 0.04), ("ja", 0.06), ("ru", 0.03),
)  # fmt: skip
"""Languages of films, and their shares."""
ROMAN = ("", "", "II", "III", "IV", "V", "VI", "VII", "VIII")
NUMBER_TITLES = 0.01
"""Share of titles that are, or hold, a number that could be a year or a count."""


def language(rng: random.Random) -> Language:
    """Draw a language."""
    return rng.choices([name for name, _ in LANGUAGES], [share for _, share in LANGUAGES])[0]


def english(rng: random.Random) -> str:
    """Make a title. A third begins with an article, one in sixteen has a subtitle, some are one word."""
    if rng.random() < NUMBER_TITLES:
        return _number_title(rng)
    makers, shares = zip(*_FORMS, strict=True)
    title: str = rng.choices(makers, shares)[0](rng)
    if rng.random() < 0.06:
        mark = rng.choice((": ", ": ", ": ", " - "))
        title += mark + rng.choice(words.SUBTITLES)
    elif rng.random() < 0.01:
        title += rng.choice("!?")
    return title


def foreign(rng: random.Random, made_in: Language) -> tuple[str, str]:
    """Make a title in another language, and how it is written with Latin letters (the same for most)."""
    if made_in in ("ja", "ru"):
        nouns, adjectives = words.JAPANESE if made_in == "ja" else words.RUSSIAN
        first, second, adjective = rng.choice(nouns), rng.choice(nouns), rng.choice(adjectives)
        joined = ("の", " no ") if made_in == "ja" else (" и ", " i ")
        form = rng.random()
        if form < 0.35:
            parts = adjective, (("", " ") if made_in == "ja" else (" ", " ")), first
        elif form < 0.95:
            parts = first, joined, second
        else:
            parts = (first, ("", ""), ("", ""))
        own, latin = ("".join(part[n] for part in parts) for n in (0, 1))
        return own[0].upper() + own[1:], latin[0].upper() + latin[1:]
    title = _romance_or_german(rng, made_in)
    return title, title


def sequel(rng: random.Random, title: str, number: int) -> str:
    """Name the sequel of a film: by a numeral, by a figure, by a subtitle, by the plural."""
    form = rng.random()
    if form < 0.4 or (form < 0.6 and number >= len(ROMAN)):
        return f"{title} {number}"
    if form < 0.6:
        return f"{title} {ROMAN[number]}"
    if form < 0.75 and number == 2 and " " not in title:
        return _plural(title)
    if form < 0.85:
        return f"{title} {number}: {rng.choice(words.SUBTITLES)}"
    return f"{title}: {rng.choice(words.SUBTITLES)}"


def elsewhere(rng: random.Random, title: str) -> str:
    """Name a film as another country does: its article gone or its subtitle, or something of its own."""
    form = rng.random()
    if form < 0.2 and title.startswith("The "):
        return title[4:]
    if form < 0.4 and ": " in title:
        return title.replace(": ", " - ")
    if form < 0.5:
        return f"{title}: {rng.choice(words.SUBTITLES)}"
    return english(rng)


def guest(rng: random.Random) -> str:
    """Name a person."""
    return f"{_name(rng)} {_often(rng, words.SURNAMES)}"


def _often(rng: random.Random, known: Sequence[words.Word]) -> words.Word:
    """Draw one of some words, the first ones far more often."""
    return known[min(int(len(known) * rng.random() ** 2.2), len(known) - 1)]


def _noun(rng: random.Random) -> str:
    return _often(rng, words.NOUNS)


def _adjective(rng: random.Random) -> str:
    return _often(rng, words.ADJECTIVES)


def _name(rng: random.Random) -> str:
    return _often(rng, words.FIRST_NAMES)


def _plural(noun: str) -> str:
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"


def _number_title(rng: random.Random) -> str:
    """Titles with numbers are what readers of names stumble over."""
    return rng.choice(
        (
            str(rng.randint(1900, 2049)),
            str(rng.randint(3, 999)),
            f"{_noun(rng)} {rng.randint(1900, 2099)}",
            f"{rng.randint(2, 99)} {_plural(_noun(rng))}",
            f"{_noun(rng)} {rng.randint(2, 99)}",
        )
    )


_FORMS: tuple[tuple[Callable[[random.Random], str], float], ...] = (
    (_noun, 6),
    (lambda r: f"The {_noun(r)}", 8),
    (lambda r: f"{_adjective(r)} {_noun(r)}", 15),
    (lambda r: f"The {_adjective(r)} {_noun(r)}", 12),
    (lambda r: f"{_noun(r)} of the {_noun(r)}", 5),
    (lambda r: f"The {_noun(r)} of {_noun(r)}", 5),
    (lambda r: f"The {_noun(r)} in the {_noun(r)}", 2),
    (lambda r: f"{_noun(r)} in {_often(r, words.PLACES)}", 4),
    (lambda r: f"The {_noun(r)} from {_often(r, words.PLACES)}", 2),
    (lambda r: f"{_noun(r)} and {_noun(r)}", 3),
    (lambda r: f"{_noun(r)} & {_noun(r)}", 1),
    (lambda r: f"{_noun(r)}'s {_noun(r)}", 2),
    (lambda r: f"{_name(r)}'s {_noun(r)}", 3),
    (lambda r: f"The {_noun(r)}'s {_noun(r)}", 2),
    (lambda r: f"A {_adjective(r)} {_noun(r)}".replace("A A", "An A").replace("A E", "An E"), 4),
    (lambda r: f"{_name(r)} {_often(r, words.SURNAMES)}", 4),
    (_name, 1),
    (lambda r: f"{_name(r)} and the {_noun(r)}", 2),
    (lambda r: f"{_name(r)} & {_name(r)}", 1),
    (lambda r: f"{r.choice(words.GERUNDS)} {_name(r)}", 2),
    (lambda r: f"{r.choice(words.GERUNDS)} the {_noun(r)}", 2),
    (lambda r: f"{r.choice(words.NUMBERS)} {_plural(_noun(r))}", 2),
    (lambda r: f"The {r.choice(words.NUMBERS)} {_plural(_noun(r))}", 1),
    (lambda r: f"{_adjective(r)} {_plural(_noun(r))}", 3),
    (lambda r: f"{_plural(_noun(r))}", 2),
    (lambda r: f"I {r.choice(words.VERBS)} at {r.choice(('Night', 'Dawn', 'Noon', 'Midnight'))}", 0.5),
    (lambda r: f"Don't {r.choice(words.VERBS)}", 0.5),
    (lambda r: f"The {_noun(r)} Who Would Not {r.choice(words.VERBS)}", 0.5),
    (lambda r: f"{_noun(r)}-{_noun(r)}", 0.5),
    (lambda r: f"{_adjective(r)} {_noun(r)} {_noun(r)}", 3),
    (lambda r: f"{_often(r, words.PLACES)}", 0.5),
    (lambda r: f"{_often(r, words.PLACES)} {_noun(r)}", 2),
    (lambda r: f"{_noun(r)} at the {_adjective(r)} {_noun(r)}", 1.5),
)
"""Forms of titles and how often each comes."""


def _romance_or_german(rng: random.Random, made_in: Language) -> str:
    lists = {"fr": words.FRENCH, "de": words.GERMAN, "es": words.SPANISH, "it": words.ITALIAN}
    nouns, adjectives, joiners = lists[made_in]
    noun, other, adjective = rng.choice(nouns), rng.choice(nouns), rng.choice(adjectives)
    form = rng.random()
    if form < 0.05:
        title = noun
    elif form < 0.4:
        article, _, bare = noun.partition(" ")
        title = f"{article} {adjective} {bare}" if made_in == "de" else f"{noun} {adjective}"
    else:
        title = f"{noun} {rng.choice(joiners)} {other}"
    return title[0].upper() + title[1:]
