"""A made catalogue of films and shows, with the troubles of the real one in about the real shares.

Calibrated by what is known of real catalogues: 13 % of the films share their title with another one, 0.5 % with one of
the same or a neighbouring year; votes grow from none to some twenty thousands, half of the films have about fifty;
popularity has its median at 5 and its 99th percentile at 20. Sequels, articles, subtitles, numbers in titles and titles
in other languages are there in shares that were judged, not measured. Same seed, same catalogue.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence

from segue.adapters.tmdb import Episode, Film, Season, SeasonSummary, Show

NAMESAKES = 0.063
"""So many films get a second one of their title; both count as sharing it."""
TWINS = 0.04
"""So many of the namesakes come out within two years, as films of one subject do."""
SEQUELS = 0.05
FOREIGN = 0.20
UNKNOWN_RUNTIME = 0.01
YEAR_MAX = 2025


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADJECTIVES = _words(
    "Dark Silent Broken Golden Last First Hidden Burning Frozen Lost Red Blue Black White Wild Secret Distant Empty "
    "Perfect Little Great Bitter Sweet Cold Warm Iron Paper Glass Stone Velvet Crooked Hollow Savage Gentle Quiet Loud "
    "Blind Deaf Electric Invisible Restless Sleeping Falling Rising Young Old Long Short Strange Familiar Borrowed"
)
NOUNS = _words(
    "River Mountain City Night Day House Garden King Queen Soldier Thief Doctor Teacher Stranger Brother Sister Mother "
    "Father Dream Memory War Peace Road Bridge Island Ocean Desert Forest Storm Wind Fire Rain Snow Mirror Window Door "
    "Key Letter Song Dance Game Wolf Lion Tiger Horse Bird Snake Star Moon Sun Harbour Station Winter Summer Morning "
    "Evening Promise Lie Truth Witness Servant Captain Painter Hunter Gambler Orphan Widow Tailor Baker Clock Candle"
)
VERBS = ("Finding", "Losing", "Saving", "Remembering", "Leaving", "Chasing", "Waiting for", "Dancing with")
FOREIGN_WORDS = _words(
    "ça été façon Mädchen Brücke für über niño corazón señora coração irmão città perché älskling mør lille små żona "
    "łódź dům měsíc kız güneş forêt château L'amour l'été nuit ombre Straße Glück sueños años"
)


class Names:
    """Makes words and titles."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._proper = [self._word().title() for _ in range(5000)]

    def _word(self) -> str:
        onset = _words("b d f g k l m n p r s t v br st tr gr cl h j w")
        rhyme = _words("a e i o u ai ou an en il or es")
        return "".join(
            self._rng.choice(onset) + self._rng.choice(rhyme) for _ in range(self._rng.choice((2, 2, 3)))
        )

    def proper(self) -> str:
        """Make a name of a person or a place."""
        return self._rng.choice(self._proper)

    def title(self) -> str:
        """Make a title."""
        rng, a, n = self._rng, self._rng.choice(ADJECTIVES), self._rng.choice(NOUNS)
        shapes: tuple[tuple[float, Callable[[], str]], ...] = (
            (6, lambda: f"{a} {self.proper()}"),
            (10, lambda: f"The {a} {n} of {self.proper()}"),
            (10, lambda: f"The {n} of {self.proper()}"),
            (8, lambda: f"{self.proper()}'s {n}"),
            (7, lambda: f"{self.proper()} & {self.proper()}"),
            (7, lambda: f"{rng.choice(VERBS)} {self.proper()}"),
            (7, lambda: f"{self.proper()}: {a} {n}"),
            (5, lambda: f"{self.proper()} - The {n}"),
            (6, lambda: f"{'An' if n[0] in 'AEIOU' else 'A'} {n} in {self.proper()}"),
            (4, self.proper),
            (3, lambda: f"The {self.proper()}"),
            (1.0, lambda: f"{a} {n}"),
            (1.0, lambda: f"The {a} {n}"),
            (0.3, lambda: n),
            (0.3, lambda: f"The {n}"),
            (4, lambda: f"{a} {n}, {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"),
            (3, lambda: f"{self.proper()}-{self.proper()} {n}"),
            (2, lambda: f"What the {n} Said to {self.proper()}?"),
            (1, lambda: f"{self.proper()} {rng.randint(2, 2099)}"),
            (0.1, lambda: str(rng.choice((9, 21, 42, 54, 300, 1408, 1917, 1984, 2012)))),
        )
        return rng.choices([make for _, make in shapes], [weight for weight, _ in shapes])[0]()

    def foreign(self) -> str:
        """Make a title in some other language."""
        words = [self._rng.choice(FOREIGN_WORDS), self._word(), self._rng.choice(("", self._word()))]
        return " ".join(word for word in words if word).capitalize()


# ------------------------------------------------------------------ films


def films(seed: int, count: int) -> list[Film]:
    """Make so many films."""
    rng = random.Random(seed)
    names = Names(rng)
    made: list[Film] = []
    while len(made) < count:
        first = _film(rng, names, len(made) + 1, names.title(), _year(rng))
        made.append(first)
        if rng.random() < SEQUELS:
            made += _sequels(rng, names, first, len(made) + 1)
        if rng.random() < NAMESAKES:
            year = _namesake_year(rng, int(first.release_date[:4]))
            made.append(_film(rng, names, len(made) + 1, first.title, year))
    return made[:count]


def _film(
    rng: random.Random, names: Names, tmdb_id: int, title: str, year: int, votes: int | None = None
) -> Film:
    votes = _votes(rng) if votes is None else votes
    original = title
    others: tuple[str, ...] = ()
    if rng.random() < FOREIGN:
        original = names.foreign()
        others = (f"{names.proper()} {rng.choice(NOUNS)}",)
        if rng.random() < 0.2:
            title = original
    return Film(
        tmdb_id,
        title,
        original,
        f"{year:04}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        votes,
        _popularity(rng, votes),
        runtime_min=None if rng.random() < UNKNOWN_RUNTIME else min(max(round(rng.gauss(103, 19)), 62), 230),
        alternative_titles=others,
    )


def _sequels(rng: random.Random, names: Names, first: Film, tmdb_id: int) -> Iterator[Film]:
    """Go on with a film: by digit, by Roman number, as a part, or by a title of its own after the same name."""
    style, year = rng.randrange(4), int(first.release_date[:4])
    for number in range(2, 2 + rng.choice((1, 1, 1, 2, 3))):
        year += rng.randint(1, 4)
        roman = ("", "", "II", "III", "IV", "V")[number]
        ending = (
            f" {number}",
            f" {roman}",
            f": Part {roman}",
            f": {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}",
        )
        head = first.title.partition(": ")[0] if style == 3 else first.title
        votes = int(first.votes * rng.uniform(0.3, 1.1))
        if year <= YEAR_MAX:
            yield _film(rng, names, tmdb_id + number - 2, head + ending[style], year, votes)


def _year(rng: random.Random) -> int:
    return max(1915, YEAR_MAX - int(rng.expovariate(1 / 20)))


def _namesake_year(rng: random.Random, year: int) -> int:
    apart = rng.choice((0, 1, 2)) if rng.random() < TWINS else round(rng.gammavariate(2, 11))
    later = year + apart
    return later if later <= YEAR_MAX else max(1915, year - apart)


def _votes(rng: random.Random) -> int:
    return min(int(math.exp(rng.gauss(4.0, 2.0))), 38_000)


def _popularity(rng: random.Random, votes: int) -> float:
    return round(math.exp(rng.gauss(1.55, 0.55)) * (1 + votes / 8_000), 3)


# ------------------------------------------------------------------ shows


def shows(seed: int, count: int) -> tuple[list[Show], dict[tuple[int, int], Season]]:
    """Make so many shows, and their seasons by show and number."""
    rng = random.Random(seed + 1_000_003)
    names = Names(rng)
    made: list[Show] = []
    seasons: dict[tuple[int, int], Season] = {}
    while len(made) < count:
        title, year = names.title(), _year(rng)
        for year_of in (year, *([_namesake_year(rng, year)] if rng.random() < NAMESAKES else ())):
            held = list(_seasons(rng, names, year_of))
            tmdb_id = len(made) + 1
            seasons |= {(tmdb_id, season.number): season for season in held}
            votes = _votes(rng)
            made.append(
                Show(
                    tmdb_id,
                    title,
                    title,
                    f"{year_of:04}-03-01",
                    votes,
                    _popularity(rng, votes),
                    seasons=tuple(_summary(season) for season in held),
                )
            )
    return made[:count], seasons


def _seasons(rng: random.Random, names: Names, year: int) -> Iterator[Season]:
    length, minutes = rng.choice((6, 8, 10, 13, 22)), rng.choice((24, 43, 52, 58))
    generic = rng.random() < 0.1
    for number in range(1, 1 + rng.choice((1, 1, 1, 2, 3, 4, 6, 9))):
        yield Season(
            number, tuple(_episodes(rng, names, year + number - 1, length, minutes, generic=generic))
        )


def _episodes(
    rng: random.Random, names: Names, year: int, count: int, minutes: int, *, generic: bool
) -> Iterator[Episode]:
    for number in range(1, count + 1):
        title = f"Episode {number}" if generic else names.title()
        date = f"{year:04}-{3 + number // 28:02}-{1 + number % 28:02}"
        yield Episode(number, title, date, minutes + rng.randint(-2, 2))


def _summary(season: Season) -> SeasonSummary:
    episodes: Sequence[Episode] = season.episodes
    return SeasonSummary(season.number, len(episodes), episodes[0].air_date)
