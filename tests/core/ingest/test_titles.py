"""Titles that mean the same look the same; two parts of a series never do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.ingest.titles import (
    LENGTH_MAX,
    NO_SUBTITLE,
    OTHER_NUMBERS_MAX,
    OTHER_WORD_MAX,
    compare,
    episode_similarity,
    normalise,
    similarity,
)

WORDS = "the a an and & of II III IV V X 2 3 10 part Part Vol. One two Rocky é ñ W. E. Ocean's Łódź : - , 千 $ ½ ②"
words = st.sampled_from(WORDS.split())
titles = st.one_of(st.text(max_size=40), st.lists(words, max_size=7).map(" ".join))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Amélie", "amelie"),
        ("Wall·E", "WALL-E"),
        ("Wall.E", "WALLE"),
        ("Fast & Furious", "Fast and Furious"),
        ("Matrix, The", "The Matrix"),
        ("Avventura, L'", "L'Avventura"),
        ("Rocky II", "Rocky 2"),
        ("Henry V", "Henry 5"),
        ("S.W.A.T.", "SWAT"),
        ("E.T. the Extra-Terrestrial", "E T The Extra Terrestrial"),
        ("Kill Bill: Vol. 1", "Kill Bill Volume One"),
        ("Dune: Part Two", "Dune Pt 2"),
        ("Star Wars: Episode I - The Phantom Menace", "Star Wars Episode 1 The Phantom Menace"),
        ("Ocean’s Eleven", "Oceans Eleven"),
        ("Spider-Man", "Spiderman"),
        ("The Office (US)", "The Office US"),
        ("Straße nach Łódź", "Strasse nach Lodz"),
        ("Smørrebrød", "smorrebrod"),
        ("Agent 007", "Agent 7"),
    ],
)
def test_ways_of_writing_one_title_are_the_same_title(a: str, b: str) -> None:
    assert compare([a], [b]) == (1.0, True)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Rocky II", "Rocky III"),
        ("Rocky", "Rocky II"),
        ("Blade Runner", "Blade Runner 2049"),
        ("The Very Long Journey of the Little Prince 2", "The Very Long Journey of the Little Prince 3"),
        ("A Quiet Place", "A Quiet Place Part II"),
    ],
)
def test_parts_of_a_series_are_not_alike_however_long_their_titles_are(a: str, b: str) -> None:
    fits, exact = compare([a], [b])
    assert not exact
    assert fits <= OTHER_NUMBERS_MAX


@pytest.mark.parametrize(
    ("a", "b"), [("9", "Nine"), ("The Matrix", "The Matrix Resurrections"), ("Alien", "Aliens"), ("I", "1")]
)
def test_titles_that_only_resemble_each_other_do_not_pass_for_rivals(a: str, b: str) -> None:
    fits, exact = compare([a], [b])
    assert not exact
    assert fits < 0.95


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("What the Baker Said to Stabru", "What the Baker Said to Kesgrou"),
        ("The Long Way to the Old Harbour", "The Long Way to the New Harbour Station"),
        ("Harry and the Philosopher's Stone", "Harry and the Sorcerer's Stone"),
    ],
)
def test_a_word_of_its_own_makes_another_title(a: str, b: str) -> None:
    assert compare([a], [b])[0] <= OTHER_WORD_MAX


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("The Shawshnk Redemption", "The Shawshank Redemption"),
        ("Gaurdians of the Galaxy", "Guardians of the Galaxy"),
        ("XMen Origins Wolverine Cut", "X Men Origins: Wolverine Cut"),
    ],
)
def test_a_misspelt_word_is_still_the_word(a: str, b: str) -> None:
    assert compare([a], [b])[0] > 0.9


@pytest.mark.parametrize(("a", "b"), [("Matrix", "The Matrix"), ("Matrix The", "The Matrix")])
def test_a_missing_or_moved_article_is_nearly_the_title_but_not_exactly(a: str, b: str) -> None:
    fits, exact = compare([a], [b])
    assert not exact
    assert fits >= 0.95


def test_a_title_without_its_subtitle_fits_but_is_never_exact() -> None:
    assert compare(["Leon"], ["Léon: The Professional"]) == (NO_SUBTITLE, False)
    assert compare(["Leon"], ["Léon the Professional"])[0] < NO_SUBTITLE
    assert compare(["Leon"], ["Léon: Part II"])[0] <= OTHER_NUMBERS_MAX


def test_a_title_of_punctuation_alone_is_compared_as_it_is() -> None:
    assert compare(["$"], ["$"]) == (1.0, True)
    assert compare(["$"], ["!"]) == (0.0, False)


def test_the_best_of_all_titles_counts() -> None:
    assert compare(["Sen to Chihiro"], ["Spirited Away", "千と千尋の神隠し", "Sen to Chihiro"]) == (1.0, True)
    assert compare(["nonsense", "Spirited Away"], ["Spirited Away"]) == (1.0, True)


def test_nothing_is_like_nothing() -> None:
    assert compare([], ["The Matrix"]) == (0.0, False)
    assert compare([""], [""]) == (0.0, False)


def test_an_episode_may_name_one_of_its_titles_all_of_them_or_their_beginning() -> None:
    known = ["The One Where It Begins", "The Second Part"]
    assert episode_similarity("The Second Part", known) == 1.0
    assert episode_similarity("The One Where It Begins The Second Part", known) == 1.0
    assert episode_similarity("The One Where", known) == NO_SUBTITLE
    assert episode_similarity("Something Else", known) < 0.6


@given(titles)
def test_the_plain_form_is_found_again_in_itself(title: str) -> None:
    plain = normalise(title)
    assert normalise(plain) == plain
    assert plain == plain.strip()
    assert "  " not in plain


@given(titles, titles)
def test_similarity_is_a_share_and_the_same_both_ways(a: str, b: str) -> None:
    plain_a, plain_b = normalise(a), normalise(b)
    one, other = similarity(plain_a, plain_b), similarity(plain_b, plain_a)
    assert one == pytest.approx(other)
    assert 0.0 <= one <= 1.0
    assert (one == 1.0) == (plain_a.replace(" ", "") == plain_b.replace(" ", "") != "")


@given(st.lists(titles, max_size=3), st.lists(titles, max_size=3), titles)
def test_another_title_of_a_candidate_never_makes_it_fit_less(
    names: list[str], known: list[str], more: str
) -> None:
    fits, exact = compare(names, known)
    fits_more, exact_more = compare(names, [*known, more])
    assert fits_more >= fits
    assert exact_more >= exact
    assert (fits == 1.0) == exact


@given(st.integers(0, 3).map(lambda n: "9" * 5000 * n), titles)
def test_a_title_of_any_length_is_compared_by_its_beginning(long: str, other: str) -> None:
    assert len(normalise(long)) <= LENGTH_MAX
    assert 0.0 <= compare([long], [other])[0] <= 1.0
