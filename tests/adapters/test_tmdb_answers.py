"""What is kept of TMDb's answers, and for how long it is believed."""

from datetime import date

import pytest

from segue.adapters.tmdb import Episode, Film, FilmHit, Found, Season, SeasonSummary, Show
from segue.adapters.tmdb_answers import KeptAnswers
from tests.adapters.tmdb_desk import MemoryCache

TODAY = date(2026, 3, 1)
DAY_S = 86_400.0
HIT = FilmHit(1, "A", "A", "2020-01-01")


def season(*dates: str) -> Season:
    return Season(1, tuple(Episode(n, f"E{n}", day) for n, day in enumerate(dates, 1)))


def show(*begun: str) -> Show:
    return Show(1, "A", seasons=tuple(SeasonSummary(n, 8, day) for n, day in enumerate(begun, 1)))


SETTLED: tuple[object, ...] = (
    (HIT,),
    Found(films=(HIT,)),
    Film(1, "A", "A", "2020-01-01", runtime_min=90),
    season("2020-01-01", "2020-01-08"),
    show("2019-01-01", "2020-01-01"),
)
UNSETTLED: tuple[object, ...] = (
    (),
    None,
    Found(),
    Film(1, "A", "A", "2026-02-20", runtime_min=90),
    Film(1, "A", "A", "2027-01-01", runtime_min=90),
    Film(1, "A", "A", "", runtime_min=90),
    Film(1, "A", "A", "2020-01-01"),
    season(),
    season("2020-01-01", ""),
    season("2025-12-01", "2026-02-28"),
    season("2026-02-28", "2026-03-07"),
    show(),
    show("2019-01-01", "2026-01-01"),
    show("2019-01-01", "2025-01-15"),
)


def kind_of(answer: object) -> type[object]:
    """Name the kind that the adapter would read."""
    if isinstance(answer, tuple) or answer is None:
        return tuple[FilmHit, ...]
    return type(answer)


@pytest.mark.parametrize("answer", SETTLED, ids=repr)
async def test_what_is_settled_is_believed_for_a_month(answer: object) -> None:
    cache = MemoryCache()
    kept = KeptAnswers(cache, lambda: TODAY)
    await kept.put("/x", answer)
    for day, expected in ((0, (answer,)), (29.9, (answer,)), (30.1, None)):
        cache.aged_s = day * DAY_S
        assert await kept.get("/x", kind_of(answer)) == expected


@pytest.mark.parametrize("answer", UNSETTLED, ids=repr)
async def test_what_may_still_grow_is_believed_for_a_day(answer: object) -> None:
    """Nothing found, not out yet, being shown, without a length."""
    cache = MemoryCache()
    kept = KeptAnswers(cache, lambda: TODAY)
    await kept.put("/x", answer)
    for day, expected in ((0, (answer,)), (0.9, (answer,)), (1.1, None)):
        cache.aged_s = day * DAY_S
        assert await kept.get("/x", kind_of(answer)) == expected


async def test_another_kind_is_not_taken_for_this_one() -> None:
    kept = KeptAnswers(MemoryCache(), lambda: TODAY)
    await kept.put("/x", season("2020-01-01"))
    assert await kept.get("/x", Film) is None
    assert await kept.get("/y", Season) is None


async def test_without_a_cache_everything_is_asked() -> None:
    kept = KeptAnswers(None)
    await kept.put("/x", HIT)
    assert await kept.get("/x", FilmHit) is None
