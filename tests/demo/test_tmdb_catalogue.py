"""Catalogues that are made: the troubles of the real one, in the shares that are known."""

import random
from collections import Counter
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.demo.tmdb_catalogue import Catalogue, hand_written, make_catalogue
from segue.demo.tmdb_records import length_difference_min, split

FILMS = 20_000


@cache
def large() -> Catalogue:
    return make_catalogue(1, FILMS, 400)


def share(*values: object) -> float:
    return sum(map(bool, values)) / len(values)


def test_the_same_seed_makes_the_same_catalogue() -> None:
    assert make_catalogue(7, 300, 30) == make_catalogue(7, 300, 30)
    assert make_catalogue(7, 300, 30).films != make_catalogue(8, 300, 30).films


def test_ids_are_used_once() -> None:
    for catalogue in (large(), hand_written()):
        for records in (catalogue.films, catalogue.shows):
            assert len({record.tmdb_id for record in records}) == len(records)
            assert all(catalogue.film(film.tmdb_id) is film for film in catalogue.films)
            assert all(catalogue.show(show.tmdb_id) is show for show in catalogue.shows)


def test_popularity_is_spread_as_it_is() -> None:
    popularity = sorted(film.popularity for film in large().films)
    assert popularity[FILMS // 2] == pytest.approx(5.1, rel=0.05)
    assert popularity[FILMS * 99 // 100] == pytest.approx(19.5, rel=0.05)
    assert 0.0001 <= share(*(each >= 100 for each in popularity)) <= 0.0003


def test_films_share_titles_and_years_differ_elsewhere() -> None:
    films = large().films
    titles = Counter(film.title for film in films)
    assert 0.07 < share(*(titles[film.title] > 1 for film in films)) < 0.1
    dated = [(film.year, film.other_year) for film in films if film.year]
    off = Counter(abs(year - (other or 0)) for year, other in dated)
    assert off[1] / len(dated) == pytest.approx(0.034, abs=0.006)
    assert off[2] / len(dated) == pytest.approx(0.004, abs=0.003)
    assert set(off) == {0, 1, 2}


def test_titles_are_of_all_sorts() -> None:
    films = large().films
    assert 0.25 < share(*(film.title.startswith(("The ", "A ", "An ")) for film in films)) < 0.4
    assert 0.2 < share(*(film.original_language != "en" for film in films)) < 0.4
    assert 0.02 < share(*(film.title.rpartition(" ")[2] in ("2", "3", "II", "III") for film in films)) < 0.06
    assert 0.05 < share(*(": " in film.title or " - " in film.title for film in films)) < 0.15
    assert any(film.title.isdecimal() for film in films)


def test_a_film_is_found_by_each_of_its_titles() -> None:
    for film in random.Random(2).sample(large().films, 300):
        for title in film.titles:
            if split(title):
                assert film in large().search_films(title)
                assert film in large().search_films(title, film.year)


def test_shows_have_seasons_in_order() -> None:
    for show in large().shows:
        assert show.seasons
        for episodes in show.seasons.values():
            numbers = [episode.number for episode in episodes]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert all(episode.air_date >= show.first_air_date for episode in episodes)


def test_lengths_differ_as_they_do_between_databases() -> None:
    rng = random.Random(3)
    sizes = sorted(abs(length_difference_min(rng)) for _ in range(20_000))
    assert round(sizes[10_000]) == 0
    assert sizes[18_000] == pytest.approx(5, abs=0.5)
    assert sizes[19_800] == pytest.approx(22, abs=3)
    film = hand_written().film(603)
    assert film is not None
    assert abs(film.file_length_s(rng) / 60 - 136) <= 60


@given(st.text(max_size=40))
def test_any_words_can_be_searched_for(words: str) -> None:
    """What is found has all the words in one title."""
    for film in hand_written().search_films(words):
        assert any(set(split(words)) <= set(split(title)) for title in film.titles)
