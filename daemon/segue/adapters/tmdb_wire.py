"""TMDb's JSON, read into plain values.

Theory of operation. An answer as a whole is believed or not: it must be an object with what was asked for in it, and
anything else is `TmdbUnreadable`, which never means "there is nothing". Its fields are read leniently: one that is
missing, null or of another kind counts as not said, and an entry of a list that says nothing is passed over.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from segue.adapters.tmdb_types import (
    Episode,
    Film,
    FilmHit,
    Found,
    Season,
    SeasonSummary,
    Show,
    ShowHit,
    TmdbUnreadable,
)

Json = dict[str, Any]
Answer = TypeVar("Answer")
TITLES_MAX = 100
"""Alternative titles of one film that are looked at."""
TEXT_MAX = 1000
"""Characters of a text that are kept."""
NOT_THERE_CODES = (6, 34)
"""TMDb's `status_code` of "invalid id" and of "the resource could not be found"."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_IMDB_ID = re.compile(r"tt[0-9]{1,12}\Z")


def read_json(body: bytes) -> Json:
    """Decode a body that has to be an object. Raises `TmdbUnreadable`."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise TmdbUnreadable(f"TMDb's answer is no JSON ({type(error).__name__})") from None
    if not isinstance(value, dict):
        raise TmdbUnreadable("TMDb's answer is not an object")
    return value


def status_code(body: bytes) -> int | None:
    """Read TMDb's own number for what went wrong; nothing where the body is not TMDb's."""
    try:
        return _whole(read_json(body), "status_code")
    except TmdbUnreadable:
        return None


def films(value: Json) -> tuple[FilmHit, ...]:
    """Read a page of found films."""
    return tuple(_each(_needed(value, "results"), film_hit))


def shows(value: Json) -> tuple[ShowHit, ...]:
    """Read a page of found shows."""
    return tuple(_each(_needed(value, "results"), show_hit))


def found(value: Json) -> Found:
    """Read what has an id elsewhere."""
    return Found(
        tuple(_each(_needed(value, "movie_results"), film_hit)),
        tuple(_each(_needed(value, "tv_results"), show_hit)),
    )


def film_hit(value: Json) -> FilmHit:
    """Read one film of a list."""
    return FilmHit(
        _id(value),
        _text(value, "title") or _text(value, "original_title"),
        _text(value, "original_title"),
        _date(value, "release_date"),
        _whole(value, "vote_count") or 0,
        _real(value, "popularity"),
    )


def show_hit(value: Json) -> ShowHit:
    """Read one show of a list."""
    return ShowHit(
        _id(value),
        _text(value, "name") or _text(value, "original_name"),
        _text(value, "original_name"),
        _date(value, "first_air_date"),
        _whole(value, "vote_count") or 0,
        _real(value, "popularity"),
    )


def film(value: Json) -> Film:
    """Read a film's details, with what was appended to them."""
    hit = film_hit(value)
    ids = _object(value, "external_ids")
    return Film(
        hit.tmdb_id,
        hit.title,
        hit.original_title,
        hit.release_date,
        hit.votes,
        hit.popularity,
        runtime_min=_whole(value, "runtime") or None,
        alternative_titles=_titles(_object(value, "alternative_titles"), "titles", hit.title),
        imdb_id=_imdb_id(value) or _imdb_id(ids),
        release_years=_release_years(_object(value, "release_dates")),
    )


def show(value: Json) -> Show:
    """Read a show's details, with what was appended to them."""
    hit = show_hit(value)
    ids = _object(value, "external_ids")
    return Show(
        hit.tmdb_id,
        hit.title,
        hit.original_title,
        hit.first_air_date,
        hit.votes,
        hit.popularity,
        alternative_titles=_titles(_object(value, "alternative_titles"), "results", hit.title),
        imdb_id=_imdb_id(ids),
        tvdb_id=_whole(ids, "tvdb_id") or None,
        seasons=tuple(_each(_list(value, "seasons"), _summary)),
    )


def season(value: Json) -> Season:
    """Read a season's episodes."""
    number = _whole(value, "season_number")
    if number is None:
        raise TmdbUnreadable("TMDb's season has no number")
    return Season(number, tuple(_each(_needed(value, "episodes"), _episode)))


def _summary(value: Json) -> SeasonSummary:
    number = _whole(value, "season_number")
    if number is None:
        raise TmdbUnreadable("no number")
    return SeasonSummary(number, _whole(value, "episode_count") or 0, _date(value, "air_date"))


def _episode(value: Json) -> Episode:
    number = _whole(value, "episode_number")
    if number is None:
        raise TmdbUnreadable("no number")
    return Episode(number, _text(value, "name"), _date(value, "air_date"), _whole(value, "runtime") or None)


# ------------------------------------------------------------------ fields


def _each(values: list[Any], read: Callable[[Json], Answer]) -> Iterator[Answer]:
    """Read each entry that can be read; one that is broken does not take the others along."""
    for value in values:
        if isinstance(value, dict):
            try:
                yield read(value)
            except TmdbUnreadable:
                continue


def _id(value: Json) -> int:
    number = _whole(value, "id")
    if number is None or number < 1:
        raise TmdbUnreadable("TMDb's entry has no id")
    return number


def _titles(value: Json, key: str, own: str) -> tuple[str, ...]:
    titles = (_text(entry, "title") for entry in _list(value, key)[:TITLES_MAX] if isinstance(entry, dict))
    return tuple(dict.fromkeys(title for title in titles if title and title != own))


def _release_years(value: Json) -> tuple[int, ...]:
    """Read the years of all releases in all countries; their moments look like `1999-03-31T00:00:00.000Z`."""
    countries = (entry for entry in _list(value, "results") if isinstance(entry, dict))
    releases = (entry for country in countries for entry in _list(country, "release_dates"))
    moments = (_text(entry, "release_date") for entry in releases if isinstance(entry, dict))
    return tuple(sorted({int(moment[:4]) for moment in moments if _DATE.match(moment[:10])}))


def _text(value: Json, key: str) -> str:
    text = value.get(key)
    return text[:TEXT_MAX] if isinstance(text, str) else ""


def _date(value: Json, key: str) -> str:
    text = _text(value, key)
    return text if _DATE.match(text) else ""


def _imdb_id(value: Json) -> str:
    text = _text(value, "imdb_id")
    return text if _IMDB_ID.match(text) else ""


def _whole(value: Json, key: str) -> int | None:
    number = value.get(key)
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < 1e12:
        return None
    return int(number)


def _real(value: Json, key: str) -> float:
    number = value.get(key)
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < 1e12:
        return 0.0
    return float(number)


def _needed(value: Json, key: str) -> list[Any]:
    """Give a list without which an answer is none."""
    entries = value.get(key)
    if not isinstance(entries, list):
        raise TmdbUnreadable(f"TMDb's answer has no list {key!r}")
    return entries


def _list(value: Json, key: str) -> list[Any]:
    entries = value.get(key)
    return entries if isinstance(entries, list) else []


def _object(value: Json, key: str) -> Json:
    part = value.get(key)
    return part if isinstance(part, dict) else {}
