"""Makes shows with their seasons: dramas, soaps, shows with a date, anime that counts through."""

import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from segue.demo import tmdb_titles as titles
from segue.demo.tmdb_records import EpisodeRecord, ShowRecord

SAME_TITLE = 0.05
"""Share of shows that are made with the title of another one: the same idea in another country, or again."""
ANIME = 0.05
DATED = 0.02
"""Share of shows whose episodes are known by their dates."""
SPECIALS = 0.3
UNTITLED = 0.15
"""Share of shows whose episodes have no titles but their numbers."""
WITHOUT_TVDB = 0.15

Seasons = Mapping[int, tuple[EpisodeRecord, ...]]


def make_shows(rng: random.Random, count: int) -> Iterator[ShowRecord]:
    """Make so many shows."""
    ids = rng.sample(range(11, 300_000), count)
    taken: set[str] = set()
    made: list[tuple[str, int]] = []
    for tmdb_id in ids:
        if made and rng.random() < SAME_TITLE:
            title, year = rng.choice(made)
            year = rng.randint(year, 2025)
        else:
            title, year = (
                _new_title(rng, taken),
                rng.choice((rng.randint(1955, 2025), rng.randint(2005, 2025))),
            )
        made.append((title, year))
        yield _show(rng, tmdb_id, title, year)


def _new_title(rng: random.Random, taken: set[str]) -> str:
    title = titles.english(rng)
    while title in taken:
        title = titles.english(rng)
    taken.add(title)
    return title


def _show(rng: random.Random, tmdb_id: int, title: str, year: int) -> ShowRecord:
    kind = rng.random()
    started = date(year, rng.randint(1, 12), rng.randint(1, 28))
    original, others, language = title, [], "en"
    if kind < ANIME:
        original, latin = titles.foreign(rng, "ja")
        others, language = [latin], "ja"
        seasons = _anime(rng, started)
    elif kind < ANIME + DATED:
        seasons = _dated(rng, started)
    else:
        seasons = _seasons(rng, started)
    if rng.random() < 0.2:
        others.append(titles.elsewhere(rng, title))
    votes = round(10 ** rng.uniform(0, 3.2) * rng.uniform(0.2, 6))
    return ShowRecord(
        tmdb_id,
        title,
        started.isoformat(),
        seasons,
        votes=votes,
        popularity=round(2 + votes**0.5 * rng.lognormvariate(0, 0.7), 3),
        original_title=original,
        alternative_titles=tuple(others),
        imdb_id=f"tt{30_000_000 + tmdb_id}",
        tvdb_id=None if rng.random() < WITHOUT_TVDB else 400_000 + tmdb_id,
        original_language=language,
    )


def _seasons(rng: random.Random, started: date) -> Seasons:
    """Make one to nine seasons, one a year, a week between two episodes."""
    runtime, untitled = rng.choice((22, 25, 43, 45, 55, 60)), rng.random() < UNTITLED
    length = rng.choice((6, 8, 8, 10, 10, 12, 13, 22, 24))
    seasons: dict[int, tuple[EpisodeRecord, ...]] = {}
    if rng.random() < SPECIALS:
        seasons[0] = tuple(
            EpisodeRecord(n, titles.english(rng), (started + timedelta(90 * n)).isoformat(), runtime * 2)
            for n in range(1, rng.randint(2, 6))
        )
    for number in range(1, rng.choice((1, 1, 1, 2, 2, 3, 4, 5, 7, 9)) + 1):
        first = started + timedelta(365 * (number - 1))
        seasons[number] = tuple(
            EpisodeRecord(
                n,
                f"Episode {n}" if untitled else titles.english(rng),
                (first + timedelta(7 * (n - 1))).isoformat(),
                max(5, runtime + rng.randint(-4, 4)),
            )
            for n in range(1, max(3, length + rng.randint(-2, 2)) + 1)
        )
    return seasons


def _anime(rng: random.Random, started: date) -> Seasons:
    """Make seasons of 12 or 13, which begin with 1 again or count on; or one long season."""
    lengths = (
        (rng.randint(50, 300),)
        if rng.random() < 0.3
        else tuple(rng.choices((12, 13, 24), k=rng.randint(1, 4)))
    )
    counts_on = rng.random() < 0.2
    seasons, before = {}, 0
    for number, length in enumerate(lengths, 1):
        first = before + 1 if counts_on else 1
        seasons[number] = tuple(
            EpisodeRecord(
                first + n, titles.english(rng), (started + timedelta(7 * (before + n))).isoformat(), 24
            )
            for n in range(length)
        )
        before += length
    return seasons


def _dated(rng: random.Random, started: date) -> Seasons:
    """Make seasons with an episode on each workday of some weeks, named after the guests."""
    seasons = {}
    for number in range(1, rng.randint(2, 4)):
        days = (started + timedelta(365 * (number - 1) + n) for n in range(rng.randint(20, 70)))
        workdays = [day for day in days if day.weekday() < 5]
        seasons[number] = tuple(
            EpisodeRecord(n, titles.guest(rng), day.isoformat(), 42) for n, day in enumerate(workdays, 1)
        )
    return seasons
