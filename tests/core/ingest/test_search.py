"""TMDb is asked as little as possible, and as much as needed."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as but

from segue.core.ingest.facts import Candidate, EpisodeFact, ParsedName
from segue.core.ingest.search import (
    DETAILS_MAX,
    SEARCHES_MAX,
    Search,
    is_due,
    is_settled,
    searches,
    worth_details,
)
from segue.core.ingest.weighing import MatchSettings

MATRIX = ParsedName("film", title="The Matrix", year=1999)
FOUND = Candidate("film", 603, "The Matrix", year=1999, votes=20_000, title_similarity=1.0, exact=True)
LIMITS = MatchSettings()
LENGTH_S = 136 * 60.0


def test_a_film_is_looked_for_with_its_year_then_without_then_beside_it() -> None:
    assert searches(MATRIX) == (
        Search("film", "The Matrix", 1999),
        Search("film", "The Matrix"),
        Search("film", "The Matrix", 2000, when="cut_short"),
        Search("film", "The Matrix", 1998, when="cut_short"),
        Search("film", "Matrix", 1999, when="nothing"),
    )


def test_without_a_year_one_search_must_do() -> None:
    assert searches(but(MATRIX, year=None)) == (Search("film", "The Matrix"),)
    assert searches(ParsedName("episode", title="Lost", season=1)) == (Search("show", "Lost"),)


def test_what_is_neither_film_nor_episode_is_looked_for_as_both() -> None:
    assert searches(ParsedName(title="Fargo")) == (Search("film", "Fargo"), Search("show", "Fargo"))


def test_a_second_title_is_looked_for_too_but_no_title_twice() -> None:
    both = searches(but(MATRIX, year=None, other_title="Matrix"))
    assert [search.title for search in both] == ["The Matrix", "Matrix"]
    assert searches(but(MATRIX, other_title="the matrix")) == searches(MATRIX)


def test_without_a_title_nothing_is_asked() -> None:
    assert searches(ParsedName("film", title=" ", year=1999)) == ()


def test_later_searches_depend_on_what_the_first_ones_found() -> None:
    beside, word = Search("film", "It", 1991, when="cut_short"), Search("film", "Word", 1990, when="nothing")
    assert is_due(Search("film", "It"), found=3, cut_short=False)
    assert is_due(beside, found=20, cut_short=True)
    assert not is_due(beside, found=3, cut_short=False)
    assert is_due(word, found=0, cut_short=False)
    assert not is_due(word, found=1, cut_short=False)


def test_the_details_of_those_whose_title_fits_are_read() -> None:
    others = [but(FOUND, tmdb_id=n, title_similarity=0.4, exact=False, votes=30_000) for n in range(5)]
    assert worth_details(MATRIX, [*others, FOUND], None, LIMITS) == (FOUND,)
    assert worth_details(MATRIX, [*others, but(FOUND, detailed=True)], None, LIMITS) == ()


def test_where_no_title_fits_the_details_may_hold_one_in_another_language() -> None:
    foreign = [but(FOUND, tmdb_id=n, title_similarity=0.2, exact=False) for n in range(5)]
    assert len(worth_details(MATRIX, foreign, None, LIMITS)) == DETAILS_MAX
    too_old = [but(candidate, year=1950) for candidate in foreign]
    assert worth_details(MATRIX, too_old, None, LIMITS) == ()


def test_a_film_that_fits_settles_the_question() -> None:
    known = but(FOUND, runtime_min=136)
    assert is_settled(MATRIX, [known], LENGTH_S, LIMITS)
    assert is_settled(MATRIX, [known], None, LIMITS)
    assert not is_settled(MATRIX, [], LENGTH_S, LIMITS)
    assert not is_settled(MATRIX, [but(known, title_similarity=0.8, exact=False)], LENGTH_S, LIMITS)


def test_a_film_of_another_length_does_not_although_it_would_be_taken() -> None:
    assert not is_settled(MATRIX, [but(FOUND, runtime_min=136)], LENGTH_S + 20 * 60, LIMITS)


def test_a_film_that_few_know_is_settled_only_after_a_look_at_other_years() -> None:
    obscure = but(FOUND, votes=50, runtime_min=136)
    assert not is_settled(MATRIX, [obscure], LENGTH_S, LIMITS)
    assert is_settled(but(MATRIX, year=None), [but(obscure, votes=1_000)], LENGTH_S, LIMITS)


def test_a_film_that_only_resembles_the_name_is_settled_by_no_single_answer() -> None:
    close = but(FOUND, runtime_min=136, title_similarity=0.97, exact=False)
    assert not is_settled(MATRIX, [close], LENGTH_S, LIMITS)


def test_doubts_about_the_reading_of_the_name_cost_no_further_question() -> None:
    parsed = but(MATRIX, flags=("ambiguous_year",), readers="differ")
    assert is_settled(parsed, [but(FOUND, runtime_min=136)], LENGTH_S, LIMITS)


def test_a_show_is_settled_by_its_episode() -> None:
    parsed = ParsedName("episode", title="Lost", season=1, episodes=(1,))
    show = Candidate("show", 1, "Lost", votes=10_000, title_similarity=1.0, exact=True)
    assert not is_settled(parsed, [show], None, LIMITS)
    assert is_settled(parsed, [but(show, episodes=(EpisodeFact(1, 1),))], None, LIMITS)


@given(
    st.builds(
        ParsedName,
        kind=st.sampled_from(("film", "episode", "unknown")),
        title=st.text(max_size=30),
        other_title=st.text(max_size=30),
        year=st.none() | st.integers(1880, 2100),
    )
)
def test_a_plan_is_short_and_repeats_nothing(parsed: ParsedName) -> None:
    plan = searches(parsed)
    assert len(plan) <= SEARCHES_MAX
    asked = [(search.kind, search.title.casefold(), search.year) for search in plan]
    assert len(set(asked)) == len(asked)
    assert all(search.title.strip() == search.title != "" for search in plan)
    assert bool(plan) == bool(parsed.title.strip() or parsed.other_title.strip())
    if plan:
        assert plan[0].year == parsed.year
