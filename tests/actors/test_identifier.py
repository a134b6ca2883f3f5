"""TMDb is asked in memory: what is asked, what is made of the answers, and what becomes of a refusal."""

from collections.abc import Callable, Sequence

import pytest
import trio
import trio.testing
from msgspec.structs import replace as but

from segue.actors.identifier import DETAILS_MAX, KEPT, PATIENCE_S, Identifier
from segue.adapters.tmdb import (
    Episode,
    Film,
    FilmHit,
    Found,
    Season,
    SeasonSummary,
    Show,
    ShowHit,
    TmdbBusy,
    TmdbRefused,
    TmdbUnavailable,
    TmdbUnreadable,
)
from segue.core.ingest.facts import ParsedName
from segue.core.ingest.scoring import decide

MATRIX = Film(603, "The Matrix", "The Matrix", "1999-03-30", 20_000, runtime_min=136, imdb_id="tt0133093")
SPIRITED = Film(
    129,
    "Spirited Away",
    "千と千尋の神隠し",
    "2001-07-20",
    15_000,
    runtime_min=125,
    alternative_titles=("Sen to Chihiro no kamikakushi",),
)
SHOW = Show(
    1,
    "Long Show",
    "Long Show",
    "2010-01-10",
    5_000,
    tvdb_id=77,
    seasons=(
        SeasonSummary(0, 1, "2010-01-01"),
        SeasonSummary(1, 3, "2010-01-10"),
        SeasonSummary(2, 2, "2011-01-10"),
    ),
)
SEASONS = {
    0: ("Special",),
    1: ("Pilot", "Second", "Third"),
    2: ("Fourth", "Fifth"),
}


def season_of(number: int, titles: Sequence[str], first: int = 1) -> Season:
    return Season(
        number,
        tuple(
            Episode(first + n, title, f"20{9 + number:02}-02-{first + n:02}", 45)
            for n, title in enumerate(titles)
        ),
    )


class FakeTmdb:
    """Finds by whole words in any title, newest first; counts and may fail."""

    def __init__(self, *known: Film | Show) -> None:
        self.films = {film.tmdb_id: film for film in known if isinstance(film, Film)}
        self.shows = {show.tmdb_id: show for show in known if isinstance(show, Show)}
        self.seasons = {number: season_of(number, titles) for number, titles in SEASONS.items()}
        self.asked: list[str] = []
        self.fails: Callable[[str], Exception | None] = lambda _question: None
        self.takes_s = 0.0

    async def _ask(self, question: str) -> None:
        self.asked.append(question)
        await trio.sleep(self.takes_s)
        error = self.fails(question)
        if error is not None:
            raise error

    async def search_films(self, title: str, year: int | None = None) -> tuple[FilmHit, ...]:
        await self._ask(f"films {title} {year or ''}".strip())
        found = [
            f for f in self.films.values() if _fits(title, (f.title, f.original_title, *f.alternative_titles))
        ]
        return tuple(
            FilmHit(f.tmdb_id, f.title, f.original_title, f.release_date, f.votes)
            for f in found
            if year is None or f.release_date.startswith(str(year))
        )[:20]

    async def search_shows(self, title: str, first_air_year: int | None = None) -> tuple[ShowHit, ...]:
        await self._ask(f"shows {title} {first_air_year or ''}".strip())
        found = [
            s for s in self.shows.values() if _fits(title, (s.title, s.original_title, *s.alternative_titles))
        ]
        return tuple(ShowHit(s.tmdb_id, s.title, s.original_title, s.first_air_date, s.votes) for s in found)

    async def film(self, tmdb_id: int) -> Film | None:
        await self._ask(f"film {tmdb_id}")
        return self.films.get(tmdb_id)

    async def show(self, tmdb_id: int) -> Show | None:
        await self._ask(f"show {tmdb_id}")
        return self.shows.get(tmdb_id)

    async def season(self, show_id: int, number: int) -> Season | None:
        await self._ask(f"season {show_id} {number}")
        return self.seasons.get(number)

    async def find(self, *, imdb_id: str = "", tvdb_id: int | None = None) -> Found:
        await self._ask(f"find {imdb_id or tvdb_id}")
        films = [FilmHit(f.tmdb_id, f.title) for f in self.films.values() if imdb_id and f.imdb_id == imdb_id]
        shows = [ShowHit(s.tmdb_id, s.title) for s in self.shows.values() if tvdb_id and s.tvdb_id == tvdb_id]
        return Found(tuple(films), tuple(shows))


def _fits(title: str, known: Sequence[str]) -> bool:
    words = title.casefold().split()
    return any(all(word in name.casefold().split() for word in words) for name in known)


def film_name(title: str, year: int | None = None) -> ParsedName:
    return ParsedName("film", title=title, year=year, readers="agree")


def episode_name(**parts: object) -> ParsedName:
    return but(ParsedName("episode", title="Long Show", readers="agree"), **parts)


# ------------------------------------------------------------------ films


async def test_a_film_costs_one_search_and_one_reading_of_its_details() -> None:
    tmdb = FakeTmdb(MATRIX, but(MATRIX, tmdb_id=604, title="The Matrix Reloaded", release_date="2003-05-15"))
    found = await Identifier(tmdb).candidates(film_name("The Matrix", 1999), 136 * 60.0)
    assert tmdb.asked == ["films The Matrix 1999", "film 603"]
    assert found.asked == 2
    assert found.problem == ""
    assert found.candidates is not None
    best = found.candidates[0]
    assert (best.tmdb_id, best.exact, best.detailed, best.year, best.runtime_min) == (
        603,
        True,
        True,
        1999,
        136,
    )
    assert best.imdb_id == "tt0133093"


async def test_a_title_in_another_language_is_found_among_the_details() -> None:
    tmdb = FakeTmdb(SPIRITED)
    parsed = film_name("Sen to Chihiro no Kamikakushi", 2001)
    found = await Identifier(tmdb).candidates(parsed, 125 * 60.0)
    assert found.candidates is not None
    assert found.candidates[0].exact
    assert decide(parsed, found.candidates, 125 * 60.0).accepted


async def test_a_wrong_year_is_found_by_the_search_without_one() -> None:
    tmdb = FakeTmdb(MATRIX)
    parsed = film_name("The Matrix", 2000)
    found = await Identifier(tmdb).candidates(parsed, 136 * 60.0)
    assert tmdb.asked == ["films The Matrix 2000", "films The Matrix", "film 603"]
    assert decide(parsed, found.candidates, 136 * 60.0).accepted


async def test_the_years_beside_are_asked_for_when_the_answer_was_cut_short() -> None:
    many = [but(MATRIX, tmdb_id=n, title=f"It Comes {n}", release_date="1950-01-01") for n in range(30)]
    tmdb = FakeTmdb(*many, but(MATRIX, title="It", release_date="1990-11-18"))
    found = await Identifier(tmdb).candidates(film_name("It", 1989), 136 * 60.0)
    assert "films It 1990" in tmdb.asked
    assert "films It 1988" not in tmdb.asked
    assert found.candidates is not None
    assert found.candidates[0].title == "It"


async def test_a_misspelt_word_is_left_out_when_nothing_is_found() -> None:
    tmdb = FakeTmdb(MATRIX)
    found = await Identifier(tmdb).candidates(film_name("Teh Matrix", 1999), 136 * 60.0)
    assert tmdb.asked[-2:] == ["films Matrix 1999", "film 603"]
    assert found.candidates is not None
    assert found.candidates[0].title_similarity > 0.88


async def test_films_that_do_not_fit_are_read_closely_only_up_to_a_limit() -> None:
    many = [
        but(
            MATRIX,
            tmdb_id=n,
            title=f"Lost {n}",
            original_title=f"Lost {n}",
            release_date=f"{1999 + n % 2}-01-01",
        )
        for n in range(60)
    ]
    tmdb = FakeTmdb(*many)
    found = await Identifier(tmdb).candidates(film_name("Lost", 1999), 136 * 60.0)
    assert sum(question.startswith("film ") for question in tmdb.asked) <= DETAILS_MAX
    assert found.candidates is not None
    assert len(found.candidates) <= KEPT


async def test_nothing_found_is_an_answer() -> None:
    found = await Identifier(FakeTmdb()).candidates(film_name("No Such Film", 1999), None)
    assert found.candidates == ()
    assert found.problem == ""


async def test_a_name_without_a_title_asks_nothing() -> None:
    tmdb = FakeTmdb(MATRIX)
    found = await Identifier(tmdb).candidates(ParsedName("film", year=1999))
    assert (found.candidates, tmdb.asked) == ((), [])


async def test_both_titles_of_a_name_are_compared() -> None:
    tmdb = FakeTmdb(SPIRITED)
    parsed = but(film_name("Spirited Away", 2001), other_title="Totally Different")
    found = await Identifier(tmdb).candidates(parsed, 300 * 60.0)
    assert found.candidates is not None
    assert found.candidates[0].exact
    assert found.candidates[0].weaker_title_similarity is not None
    assert found.candidates[0].weaker_title_similarity < 0.5


async def test_what_vanished_between_search_and_details_stays_as_it_was() -> None:
    tmdb = FakeTmdb(MATRIX)
    tmdb.film = lambda _id: _nothing()  # type: ignore[method-assign,assignment]
    found = await Identifier(tmdb).candidates(film_name("The Matrix", 1999))
    assert found.candidates is not None
    assert not found.candidates[0].detailed


async def _nothing() -> None:
    return None


# ------------------------------------------------------------------ episodes


@pytest.mark.parametrize(
    ("parts", "titles", "asked"),
    [
        ({"season": 1, "episodes": (2,)}, ["Second"], [1]),
        ({"season": 1, "episodes": (2, 3)}, ["Second", "Third"], [1]),
        ({"season": 1, "episodes": (3, 4)}, ["Third"], [1]),
        ({"season": 0, "episodes": (1,)}, ["Special"], [0]),
        ({"season": 9, "episodes": (1,)}, [], [9]),
        ({"episodes": (2,)}, ["Second"], [1]),
        ({"absolute": (4,)}, ["Fourth"], [2]),
        ({"absolute": (3, 4)}, ["Third", "Fourth"], [1, 2]),
        ({"absolute": (6,)}, [], []),
        ({"date": "2011-02-02"}, ["Fifth"], [2]),
        ({"date": "2010-02-01"}, ["Pilot"], [1]),
        ({"date": "2009-02-01"}, ["Special"], [0]),
        ({"date": "1999-01-01"}, [], [0]),
    ],
)
async def test_episodes_are_found_by_number_by_absolute_number_and_by_date(
    parts: dict[str, object], titles: list[str], asked: list[int]
) -> None:
    tmdb = FakeTmdb(SHOW)
    found = await Identifier(tmdb).candidates(episode_name(**parts))
    assert found.candidates is not None
    assert found.candidates[0].episodes is not None
    assert [episode.title for episode in found.candidates[0].episodes] == titles
    assert [q for q in tmdb.asked if q.startswith("season")] == [f"season 1 {n}" for n in asked]


async def test_a_show_that_counts_on_within_its_seasons_is_counted_so_too() -> None:
    tmdb = FakeTmdb(SHOW)
    tmdb.seasons[2] = season_of(2, ("Fourth", "Fifth"), first=4)
    found = await Identifier(tmdb).candidates(episode_name(absolute=(5,)))
    assert found.candidates is not None
    assert [e.title for e in found.candidates[0].episodes or ()] == ["Fifth"]


async def test_an_episode_without_a_number_looks_for_the_show_only() -> None:
    tmdb = FakeTmdb(SHOW)
    found = await Identifier(tmdb).candidates(episode_name(season=1))
    assert found.candidates is not None
    assert found.candidates[0].episodes is None
    assert tmdb.asked == ["shows Long Show", "show 1"]


@pytest.mark.parametrize(
    ("named", "low", "high"), [("Second", 1.0, 1.0), ("Third", 0.0, 0.59), ("The Second One", 0.0, 0.99)]
)
async def test_the_title_of_an_episode_is_compared(named: str, low: float, high: float) -> None:
    found = await Identifier(FakeTmdb(SHOW)).candidates(
        episode_name(season=1, episodes=(2,), episode_title=named)
    )
    assert found.candidates is not None
    similarity = found.candidates[0].episode_title_similarity
    assert similarity is not None
    assert low <= similarity <= high


@pytest.mark.parametrize("title", ["", "Episode 2", "Folge 2", "TBA", "2"])
async def test_an_episode_whose_title_says_nothing_is_not_compared(title: str) -> None:
    tmdb = FakeTmdb(SHOW)
    tmdb.seasons[1] = season_of(1, ("Pilot", title))
    found = await Identifier(tmdb).candidates(episode_name(season=1, episodes=(2,), episode_title="Second"))
    assert found.candidates is not None
    assert found.candidates[0].episode_title_similarity is None


# ------------------------------------------------------------------ ids


async def test_an_id_in_the_name_needs_no_search() -> None:
    for parsed in (
        but(film_name("The Matrix", 1999), tmdb_id=603),
        but(film_name("The Matrix", 1999), imdb_id="tt0133093"),
    ):
        tmdb = FakeTmdb(MATRIX)
        found = await Identifier(tmdb).candidates(parsed, 136 * 60.0)
        assert not [question for question in tmdb.asked if question.startswith("films")]
        assert found.candidates is not None
        assert [(c.tmdb_id, c.by_id) for c in found.candidates] == [(603, True)]
        assert decide(parsed, found.candidates, 136 * 60.0).accepted


async def test_a_show_is_found_by_its_tvdb_id_with_its_episodes() -> None:
    parsed = episode_name(season=1, episodes=(1,), tvdb_id=77)
    found = await Identifier(FakeTmdb(SHOW)).candidates(parsed)
    assert decide(parsed, found.candidates, None).accepted


async def test_an_id_that_does_not_exist_falls_back_to_the_title() -> None:
    tmdb = FakeTmdb(MATRIX)
    found = await Identifier(tmdb).candidates(but(film_name("The Matrix", 1999), tmdb_id=1), 136 * 60.0)
    assert found.candidates is not None
    assert [(c.tmdb_id, c.by_id) for c in found.candidates] == [(603, False)]


async def test_a_person_may_name_the_id() -> None:
    identifier = Identifier(FakeTmdb(MATRIX, SHOW))
    garbage = ParsedName("unknown", title="x")
    film = await identifier.by_id(garbage, "film", tmdb_id=603)
    assert film.candidates is not None
    assert [(c.title, c.by_id, c.detailed) for c in film.candidates] == [("The Matrix", True, True)]
    show = await identifier.by_id(episode_name(season=2, episodes=(1,)), "show", tvdb_id=77)
    assert show.candidates is not None
    assert [e.title for e in show.candidates[0].episodes or ()] == ["Fourth"]
    assert (await identifier.by_id(garbage, "show", tmdb_id=603)).candidates == ()
    assert (await identifier.by_id(garbage, "film", imdb_id="tt1")).candidates == ()


# ------------------------------------------------------------------ what goes wrong


async def test_without_a_key_nothing_is_asked() -> None:
    identifier = Identifier(None)
    for found in (
        await identifier.candidates(film_name("The Matrix", 1999)),
        await identifier.by_id(film_name("The Matrix"), "film", tmdb_id=603),
    ):
        assert (found.candidates, found.problem) == (None, "no_key")


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (TmdbRefused("refused"), "refused"),
        (TmdbUnavailable("down"), "unavailable"),
        (TmdbUnreadable("garbage"), "unreadable"),
    ],
)
async def test_what_tmdb_does_is_said_and_never_raised(error: Exception, problem: str) -> None:
    tmdb = FakeTmdb(MATRIX)
    tmdb.fails = lambda _question: error
    found = await Identifier(tmdb).candidates(film_name("The Matrix", 1999))
    assert (found.candidates, found.problem, found.detail) == (None, problem, str(error))


async def test_how_long_tmdb_wants_to_be_left_alone_is_handed_on() -> None:
    tmdb = FakeTmdb(MATRIX)
    tmdb.fails = lambda _question: TmdbBusy("too many requests", 42.0)
    found = await Identifier(tmdb).candidates(film_name("The Matrix", 1999))
    assert (found.candidates, found.problem, found.retry_after_s) == (None, "busy", 42.0)


async def test_what_was_found_before_the_trouble_is_kept() -> None:
    tmdb = FakeTmdb(MATRIX)
    tmdb.fails = lambda question: TmdbUnavailable("down") if question.startswith("film ") else None
    found = await Identifier(tmdb).candidates(film_name("The Matrix", 1999))
    assert found.problem == "unavailable"
    assert found.candidates is not None
    assert [c.title for c in found.candidates] == ["The Matrix"]


async def test_a_tmdb_that_never_ends_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    tmdb = FakeTmdb(MATRIX)
    tmdb.takes_s = 10 * PATIENCE_S
    found = await Identifier(tmdb).candidates(film_name("The Matrix", 1999))
    assert (found.candidates, found.problem) == (None, "unavailable")
    assert f"{PATIENCE_S:g} s" in found.detail
