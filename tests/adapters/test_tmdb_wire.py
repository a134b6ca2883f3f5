"""TMDb's JSON: strict about the answer, lenient about its fields."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters import tmdb_wire as wire
from segue.adapters.tmdb import Episode, FilmHit, Season, SeasonSummary, Show, TmdbUnreadable

FILM: dict[str, Any] = {
    "id": 603,
    "title": "The Matrix",
    "original_title": "The Matrix",
    "release_date": "1999-03-31",
    "runtime": 136,
    "vote_count": 26000,
    "popularity": 88.0,
    "imdb_id": "tt0133093",
    "alternative_titles": {"titles": [{"title": "Matrix"}, {"title": "The Matrix"}, {"title": "Matrix"}]},
    "external_ids": {"imdb_id": "tt0133093"},
    "release_dates": {"results": [{"release_dates": [{"release_date": "2021-12-01T00:00:00.000Z"}]}]},
}
SHOW: dict[str, Any] = {
    "id": 1,
    "name": "A",
    "original_name": "B",
    "first_air_date": "2001-01-01",
    "external_ids": {"tvdb_id": 5, "imdb_id": "tt5"},
    "alternative_titles": {"results": [{"title": "C"}]},
    "seasons": [{"season_number": 0, "episode_count": 3, "air_date": None}, {"season_number": None}, "x"],
}
READERS: tuple[Callable[[wire.Json], object], ...] = (
    wire.films, wire.shows, wire.found, wire.film, wire.show, wire.season,
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
JSON_VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
KEYS = st.sampled_from(
    ("id", "title", "name", "original_title", "release_date", "first_air_date", "vote_count", "popularity",
     "runtime", "imdb_id", "results", "movie_results", "tv_results", "seasons", "episodes", "season_number",
     "episode_number", "air_date", "alternative_titles", "titles", "external_ids", "tvdb_id", "release_dates")
)  # fmt: skip
ANSWERS = st.recursive(
    LEAVES | st.sampled_from((1, 603, "2001-01-01", "tt1")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=8),
)


def test_a_film_is_read() -> None:
    film = wire.film(FILM)
    assert (film.tmdb_id, film.title, film.release_date) == (603, "The Matrix", "1999-03-31")
    assert (film.runtime_min, film.votes, film.popularity) == (136, 26_000, 88.0)
    assert film.alternative_titles == ("Matrix",)
    assert (film.imdb_id, film.release_years) == ("tt0133093", (2021,))


def test_a_show_is_read() -> None:
    assert wire.show(SHOW) == Show(
        1,
        "A",
        "B",
        "2001-01-01",
        alternative_titles=("C",),
        imdb_id="tt5",
        tvdb_id=5,
        seasons=(SeasonSummary(0, 3, ""),),
    )


@pytest.mark.parametrize(
    ("field", "values", "attribute", "expected"),
    [
        ("release_date", ("", None, "1999", "soon", 1999, "١٩٩٩-٠١-٠١", "1999-03-31T00:00"), "release_date", ""),
        ("runtime", (0, None, "136", True, [], 1e300), "runtime_min", None),
        ("vote_count", (None, "many", {}, False), "votes", 0),
        ("popularity", (None, "88", True, [88]), "popularity", 0.0),
        ("original_title", (None, 5, ["x"]), "original_title", ""),
        ("alternative_titles", (None, [], {"titles": None}, {"titles": [None, 5, {}]}), "alternative_titles", ()),
        ("release_dates", (None, {"results": [1, {"release_dates": [2, {"release_date": 3}]}]}), "release_years", ()),
    ],
)  # fmt: skip
def test_what_makes_no_sense_counts_as_not_said(
    field: str, values: tuple[Any, ...], attribute: str, expected: object
) -> None:
    for value in values:
        film = wire.film({**FILM, field: value})
        assert getattr(film, attribute) == expected, value
        assert film.title == "The Matrix"
    without = wire.film({name: value for name, value in FILM.items() if name != field})
    assert getattr(without, attribute) == expected


@pytest.mark.parametrize("imdb_id", ["", None, 5, "603", "tt", "tt1/../..", "TT1", "tt1\n"])
def test_only_what_looks_like_an_id_is_one(imdb_id: object) -> None:
    """It becomes part of a file's name."""
    assert wire.film({**FILM, "imdb_id": imdb_id, "external_ids": {"imdb_id": imdb_id}}).imdb_id == ""


def test_a_film_without_a_title_has_its_original_one() -> None:
    assert wire.film_hit({"id": 1, "title": None, "original_title": "夜"}).title == "夜"


@pytest.mark.parametrize("broken", [{}, {"id": None}, {"id": "603"}, {"id": 0}, {"id": -1}, {"id": True}])
def test_what_has_no_number_is_none(broken: wire.Json) -> None:
    """Alone it is no answer; in a list it does not take the others along."""
    with pytest.raises(TmdbUnreadable):
        wire.film(broken)
    assert wire.films({"results": [broken, None, "x", {"id": 1, "title": "A"}]}) == (FilmHit(1, "A"),)


def test_episodes_without_a_number_are_passed_over() -> None:
    read = wire.season({"season_number": 1, "episodes": [{"name": "x"}, {"episode_number": 2, "name": None}]})
    assert read == Season(1, (Episode(2),))


@pytest.mark.parametrize("reader", READERS)
def test_an_answer_without_what_was_asked_for_is_none(reader: Callable[[wire.Json], object]) -> None:
    for answer in ({}, {"results": None}, {"success": False, "status_code": 11}, {"season_number": 1}):
        with pytest.raises(TmdbUnreadable):
            reader(answer)


@given(st.binary(max_size=60) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_object_or_unreadable(body: bytes) -> None:
    with suppress(TmdbUnreadable):
        assert isinstance(wire.read_json(body), dict)
    code = wire.status_code(body)
    assert code is None or isinstance(code, int)


@given(st.dictionaries(KEYS, ANSWERS, max_size=12))
def test_any_object_is_a_value_or_unreadable(value: wire.Json) -> None:
    """What comes out can be kept: it is read again as it was."""
    for reader in READERS:
        try:
            read = reader(value)
        except TmdbUnreadable:
            continue
        kind: Any = tuple[FilmHit, ...] if reader is wire.films else type(read)
        if reader is not wire.shows:
            assert msgspec.json.decode(msgspec.json.encode(read), type=kind) == read


@given(st.sampled_from(sorted(FILM)), ANSWERS)
def test_one_broken_field_spoils_nothing_else(field: str, value: Any) -> None:
    try:
        film = wire.film({**FILM, field: value})
    except TmdbUnreadable:
        assert field == "id"
        return
    good = wire.film(FILM)
    touched = {"alternative_titles", "release_years", "imdb_id"}
    names = {"runtime": "runtime_min", "vote_count": "votes", "id": "tmdb_id"}
    for attribute in set(film.__struct_fields__) - touched - {names.get(field, field)}:
        assert getattr(film, attribute) == getattr(good, attribute)
