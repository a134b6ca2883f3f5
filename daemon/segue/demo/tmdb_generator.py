"""Makes a catalogue of thousands of films and shows, whose troubles come as often as the real ones do.

The same seed makes the same catalogue, in any process. What the shares are taken from: in 58,788 films of a public
data set one in twelve has its title from another one; of 4,225 films 3.4 % are dated a year apart by two databases and
0.4 % two years; the popularity of 4,623 films has its median at 5.1, its p99 at 19.5, and 0.02 % of it above 100. The
shares of languages, sequels and articles are estimates.
"""

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from segue.demo import tmdb_titles as titles
from segue.demo.tmdb_records import Catalogue, FilmRecord
from segue.demo.tmdb_seasons import make_shows
from segue.demo.tmdb_words import SUBTITLES

SAME_TITLE = 0.042
"""Share of films that are made with the title of another one: remakes, and works that have nothing to do with it. So
twice as many films share their title."""
SEQUELS = 0.045
RUNTIME_UNKNOWN = 0.03
SHORTS = 0.07
UNDATED = 0.005
RERELEASED = 0.015
NAMED_A_YEAR_OFF = 0.034
NAMED_TWO_YEARS_OFF = 0.004
WITHOUT_IMDB = 0.08
HAS_OTHER_TITLES = 0.35
OTHER_TITLE_IS_ANOTHERS = 0.02
"""Share of other titles under which another film is better known."""

Quantiles = Sequence[tuple[float, float]]
POPULARITY: Quantiles = (
    (0, 0.6),
    (0.25, 2.6),
    (0.5, 5.1),
    (0.9, 11.0),
    (0.99, 19.5),
    (0.9998, 100),
    (1, 450),
)
VOTES: Quantiles = (
    (0, 0),
    (0.1, 1),
    (0.3, 8),
    (0.5, 32),
    (0.75, 180),
    (0.9, 1_000),
    (0.99, 9_000),
    (1, 36_000),
)
YEARS: Quantiles = ((0, 1902), (0.06, 1935), (0.2, 1962), (0.4, 1985), (0.6, 2003), (0.8, 2014), (1, 2025))


def make_catalogue(seed: int, films: int = 20_000, shows: int | None = None) -> Catalogue:
    """Make a catalogue of so many films; of shows an eighth of that, where no number is said."""
    rng = random.Random(f"catalogue {seed}")
    count = films // 8 if shows is None else shows
    return Catalogue(tuple(_Films(rng).make(films)), tuple(make_shows(rng, count)))


class _Films:
    """Films in the making."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._made: list[FilmRecord] = []
        self._taken: set[str] = set()
        self._parts: Counter[str] = Counter()
        """How many sequels a film has, by its title."""

    def make(self, count: int) -> Iterator[FilmRecord]:
        """Make films: first those with titles of their own, then sequels and namesakes, then what depends on all."""
        rng = self._rng
        sequels, namesakes = round(count * SEQUELS), round(count * SAME_TITLE)
        while len(self._made) < count - sequels - namesakes:
            self._made.append(self._original())
        first = list(self._made)
        weights = [(film.votes + 1) ** 0.6 for film in first]
        for before in rng.choices(first, weights, k=sequels):
            self._made.append(self._sequel(before))
        for before in rng.choices(first, [weight**0.5 for weight in weights], k=namesakes):
            self._made.append(self._namesake(before))
        yield from self._finished()

    def _original(self) -> FilmRecord:
        """Make a film with a title that no other has."""
        rng = self._rng
        made_in = titles.language(rng)
        title = self._new_title()
        original, others = "", []
        if made_in != "en":
            original, latin = titles.foreign(rng, made_in)
            if latin != original:
                others.append(latin)
            if original == latin and rng.random() < 0.25 and original not in self._taken:
                title = original  # known by its own title everywhere
                self._taken.add(title)
        return FilmRecord(
            0,
            title,
            self._date(round(_drawn(rng, YEARS))),
            self._runtime(),
            votes=round(_drawn(rng, VOTES)),
            original_title=original or title,
            alternative_titles=tuple(others),
            original_language=made_in,
        )

    def _sequel(self, before: FilmRecord) -> FilmRecord:
        """Make the next part of a film: each has a number, and comes years after the one before it."""
        rng = self._rng
        series = before.title.partition(":")[0]
        self._parts[series] += 1
        number = 1 + self._parts[series]
        title = titles.sequel(rng, series, number)
        while title in self._taken:
            title = titles.sequel(rng, series, number) + rng.choice(("", f": {rng.choice(SUBTITLES)}"))
        self._taken.add(title)
        year = _within((before.year or 2000) + rng.randint(2, 4) * (number - 1), rng)
        votes = round(before.votes * rng.uniform(0.1, 0.9))
        return FilmRecord(0, title, self._date(year), self._runtime(), votes=votes, original_title=title)

    def _namesake(self, before: FilmRecord) -> FilmRecord:
        """Make a remake, decades later or earlier; or something else of the same title, of any year."""
        rng = self._rng
        if rng.random() < 0.6:
            year = (before.year or 2000) + rng.choice((-1, 1)) * rng.randint(8, 50)
            runtime = max(40, before.runtime_min + rng.randint(-35, 35))
        else:
            year, runtime = round(_drawn(rng, YEARS)), self._runtime()
            if rng.random() < 0.08:
                year = (before.year or 2000) + rng.randint(-1, 1)
        return FilmRecord(
            0,
            before.title,
            self._date(_within(year, rng)),
            runtime,
            votes=round(_drawn(rng, VOTES)),
            original_title=before.title,
        )

    def _finished(self) -> Iterator[FilmRecord]:
        """Number the films, and add what needs to know the others: popularity, other titles, years elsewhere."""
        rng = self._rng
        ids = rng.sample(range(11, 1_400_000), len(self._made))
        popularity = _popularities(rng, [film.votes for film in self._made])
        for tmdb_id, film, liked in zip(ids, self._made, popularity, strict=True):
            year = film.year
            yield replace(
                film,
                tmdb_id=tmdb_id,
                popularity=liked,
                imdb_id="" if rng.random() < WITHOUT_IMDB else f"tt{10_000_000 + tmdb_id}",
                alternative_titles=(*film.alternative_titles, *self._other_titles(film)),
                named_year=year + _years_off(rng) if year else None,
                rerelease_year=rng.randint(year + 10, year + 60)
                if year and year < 1995 and rng.random() < RERELEASED * 2
                else None,
            )

    def _other_titles(self, film: FilmRecord) -> Iterator[str]:
        rng = self._rng
        if rng.random() < HAS_OTHER_TITLES:
            for _ in range(rng.choice((1, 1, 1, 2, 3))):
                if rng.random() < OTHER_TITLE_IS_ANOTHERS:
                    yield rng.choice(self._made).title
                else:
                    yield titles.elsewhere(rng, film.title)

    def _new_title(self) -> str:
        while True:
            title = titles.english(self._rng)
            if title not in self._taken:
                self._taken.add(title)
                return title

    def _date(self, year: int) -> str:
        rng = self._rng
        return "" if rng.random() < UNDATED else f"{year:04}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"

    def _runtime(self) -> int:
        rng = self._rng
        kind = rng.random()
        if kind < RUNTIME_UNKNOWN:
            return 0
        if kind < RUNTIME_UNKNOWN + SHORTS:
            return rng.randint(3, 38)
        return round(min(240, max(55, rng.gauss(99, 18))))


def _within(year: int, rng: random.Random) -> int:
    """Give a year, or another one where that is before the first films or yet to come."""
    return year if YEARS[0][1] <= year <= YEARS[-1][1] else round(_drawn(rng, YEARS))


def _years_off(rng: random.Random) -> int:
    share = rng.random()
    size = 1 if share < NAMED_A_YEAR_OFF else 2 if share < NAMED_A_YEAR_OFF + NAMED_TWO_YEARS_OFF else 0
    return rng.choice((-1, 1)) * size


def _popularities(rng: random.Random, votes: Sequence[int]) -> list[float]:
    """Give each its popularity: by the votes for the most part, by the moment for the rest."""
    noisy = [(count + 1) * rng.lognormvariate(0, 1.1) for count in votes]
    order = sorted(noisy)
    last = max(1, len(order) - 1)
    return [round(_at(POPULARITY, bisect_left(order, one) / last), 3) for one in noisy]


def _drawn(rng: random.Random, quantiles: Quantiles) -> float:
    return _at(quantiles, rng.random())


def _at(quantiles: Quantiles, share: float) -> float:
    """Read a value between two quantiles."""
    for (low, below), (high, above) in pairwise(quantiles):
        if share <= high:
            return below + (above - below) * (share - low) / (high - low)
    return quantiles[-1][1]
