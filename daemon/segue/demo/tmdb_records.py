"""What the simulated TMDb keeps of a film and a show, and how it searches.

Its search, as far as anything is known of the real one: all words must occur in one of the titles, whatever their
accents and punctuation; the popular come first. `primary_release_year` is exact; `year` also finds re-releases.
"""

import random
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

LENGTHS = ((0.0, 0.0), (0.5, 0.49), (0.9, 5.0), (0.99, 22.0), (1.0, 60.0))
"""Share of films, and minutes at most by which two sources differ about the length of so many."""


@dataclass(frozen=True, slots=True)
class FilmRecord:
    """A film."""

    tmdb_id: int
    title: str
    release_date: str
    """Of the first release, `YYYY-MM-DD`; empty for what is not dated."""
    runtime_min: int
    """0 where nobody has said it."""
    votes: int = 1000
    popularity: float = 10.0
    original_title: str = ""
    alternative_titles: tuple[str, ...] = ()
    imdb_id: str = ""
    rerelease_year: int | None = None
    """The year of a re-release, which TMDb's laxer year filter finds as well."""
    named_year: int | None = None
    """The year that files are named after, where it is another one: other databases date some films differently."""
    original_language: str = "en"

    @property
    def year(self) -> int | None:
        """The year of the first release."""
        return _year(self.release_date)

    @property
    def other_year(self) -> int | None:
        """The year that a file's name would carry."""
        return self.named_year or self.year

    @property
    def titles(self) -> tuple[str, ...]:
        """All titles that a search looks at."""
        return (self.title, self.original_title, *self.alternative_titles)

    def file_length_s(self, rng: random.Random) -> float:
        """Draw the length of a file of this film, in seconds: databases and files differ (`length_difference_min`)."""
        if not self.runtime_min:
            return rng.uniform(70, 150) * 60
        return max(2.0, self.runtime_min + length_difference_min(rng)) * 60


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """An episode."""

    number: int
    title: str
    air_date: str = ""
    runtime_min: int = 45


@dataclass(frozen=True, slots=True)
class ShowRecord:
    """A show with its seasons."""

    tmdb_id: int
    title: str
    first_air_date: str
    seasons: Mapping[int, tuple[EpisodeRecord, ...]] = field(default_factory=dict)
    """By number; 0 holds the specials."""
    votes: int = 500
    popularity: float = 10.0
    original_title: str = ""
    alternative_titles: tuple[str, ...] = ()
    imdb_id: str = ""
    tvdb_id: int | None = None
    original_language: str = "en"

    @property
    def year(self) -> int | None:
        """The year of the first episode."""
        return _year(self.first_air_date)

    @property
    def titles(self) -> tuple[str, ...]:
        """All titles that a search looks at."""
        return (self.title, self.original_title, *self.alternative_titles)


class Record(Protocol):
    """What can be searched for."""

    @property
    def tmdb_id(self) -> int:
        """Its number."""

    @property
    def popularity(self) -> float:
        """What results are sorted by."""

    @property
    def titles(self) -> tuple[str, ...]:
        """What is searched."""


R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Catalogue:
    """Films and shows, and how they are found. Words are indexed at the first search."""

    films: Sequence[FilmRecord]
    shows: Sequence[ShowRecord]

    def search_films(
        self, words: str, year: int | None = None, *, primary_release_year: int | None = None
    ) -> list[FilmRecord]:
        """Search films; `primary_release_year` is exact, `year` also finds re-releases."""
        found = [
            film
            for film in self._film_index.find(words)
            if (primary_release_year is None or film.year == primary_release_year)
            and (year is None or year in (film.year, film.rerelease_year))
        ]
        return sorted(found, key=lambda film: (-film.popularity, film.tmdb_id))

    def search_shows(self, words: str, first_air_year: int | None = None) -> list[ShowRecord]:
        """Search shows; `first_air_year` is exact."""
        found = [
            show
            for show in self._show_index.find(words)
            if first_air_year is None or show.year == first_air_year
        ]
        return sorted(found, key=lambda show: (-show.popularity, show.tmdb_id))

    def film(self, tmdb_id: int) -> FilmRecord | None:
        """Find a film."""
        return self._film_index.by_id.get(tmdb_id)

    def show(self, tmdb_id: int) -> ShowRecord | None:
        """Find a show."""
        return self._show_index.by_id.get(tmdb_id)

    @cached_property
    def _film_index(self) -> "_Index[FilmRecord]":
        return _Index(self.films)

    @cached_property
    def _show_index(self) -> "_Index[ShowRecord]":
        return _Index(self.shows)


class _Index(Generic[R]):
    """Records by number and by word."""

    def __init__(self, records: Iterable[R]) -> None:
        self.by_id: dict[int, R] = {}
        self._with_word: dict[str, set[int]] = {}
        self._words: dict[int, list[frozenset[str]]] = {}
        for record in records:
            self.by_id[record.tmdb_id] = record
            each = [frozenset(split(title)) for title in record.titles if title]
            self._words[record.tmdb_id] = each
            for word in frozenset().union(*each):
                self._with_word.setdefault(word, set()).add(record.tmdb_id)

    def find(self, words: str) -> list[R]:
        """Give those that have all the words in one title."""
        wanted = frozenset(split(words))
        if not wanted:
            return []
        near = set.intersection(*(self._with_word.get(word, set()) for word in wanted))
        return [self.by_id[n] for n in near if any(wanted <= title for title in self._words[n])]


def length_difference_min(rng: random.Random) -> float:
    """Draw by how much two sources differ about a film's length, in minutes.

    By size: 0 at the median, 5 at the ninth decile, 22 at p99 (other cuts), an hour at the most.
    """
    share = rng.random()
    size = 60.0
    for (low, below), (high, above) in pairwise(LENGTHS):
        if share <= high:
            size = below + (above - below) * (share - low) / (high - low)
            break
    return rng.choice((-1, 1)) * size


def split(text: str) -> list[str]:
    """Divide into words, without case, accents and punctuation."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    plain = "".join(c for c in folded if not unicodedata.combining(c) and c not in "'’")
    return "".join(c if c.isalnum() else " " for c in plain).split()


def _year(date: str) -> int | None:
    return int(date[:4]) if date else None
