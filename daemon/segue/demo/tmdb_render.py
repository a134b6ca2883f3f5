"""The simulated TMDb's answers, in the shapes that its reference documents for version 3."""

from collections.abc import Callable, Sequence
from typing import Any

from segue.demo.tmdb_records import EpisodeRecord, FilmRecord, ShowRecord

Json = dict[str, Any]

PAGE = 20
"""Results of a page."""


def page(results: Sequence[Json], number: int) -> Json:
    """Give one page of a search."""
    return {
        "page": number,
        "results": list(results[(number - 1) * PAGE : number * PAGE]),
        "total_pages": max(1, -(-len(results) // PAGE)),
        "total_results": len(results),
    }


def problem(status_code: int, text: str) -> Json:
    """Say what is wrong; `status_code` is TMDb's own number for it."""
    return {"success": False, "status_code": status_code, "status_message": text}


# ------------------------------------------------------------------ films


def movie_result(film: FilmRecord) -> Json:
    """Give a film as lists have it."""
    return {
        "adult": False,
        "backdrop_path": None,
        "genre_ids": [18],
        "id": film.tmdb_id,
        "original_language": film.original_language,
        "original_title": film.original_title or film.title,
        "overview": "",
        "popularity": film.popularity,
        "poster_path": None,
        "release_date": film.release_date,
        "title": film.title,
        "video": False,
        "vote_average": 6.3,
        "vote_count": film.votes,
    }


def movie(film: FilmRecord) -> Json:
    """Give a film's details."""
    result = movie_result(film)
    del result["genre_ids"]
    return result | {
        "budget": 0,
        "genres": [{"id": 18, "name": "Drama"}],
        "imdb_id": film.imdb_id or None,
        "runtime": film.runtime_min,
        "status": "Released" if film.release_date else "In Production",
        "tagline": "",
    }


def movie_alternative_titles(film: FilmRecord) -> Json:
    """Give a film's titles in other countries."""
    return {"titles": [{"iso_3166_1": "US", "title": title, "type": ""} for title in film.alternative_titles]}


def movie_external_ids(film: FilmRecord) -> Json:
    """Give a film's ids elsewhere."""
    return {
        "facebook_id": None,
        "imdb_id": film.imdb_id or None,
        "instagram_id": None,
        "twitter_id": None,
        "wikidata_id": None,
    }


def movie_release_dates(film: FilmRecord) -> Json:
    """Give a film's releases: the first one, that after which files are named, and again."""
    dates = [film.release_date] if film.release_date else []
    dates += [
        f"{year}-06-01" for year in (film.named_year, film.rerelease_year) if year not in (None, film.year)
    ]
    releases = [
        {"certification": "", "iso_639_1": "", "note": "", "release_date": f"{day}T00:00:00.000Z", "type": 3}
        for day in sorted(dates)
    ]
    return {"results": [{"iso_3166_1": "US", "release_dates": releases}] if releases else []}


MOVIE_PARTS: dict[str, Callable[[FilmRecord], Json]] = {
    "alternative_titles": movie_alternative_titles,
    "external_ids": movie_external_ids,
    "release_dates": movie_release_dates,
}
"""What can be asked for by itself, or appended to the details."""


# ------------------------------------------------------------------ shows


def tv_result(show: ShowRecord) -> Json:
    """Give a show as lists have it."""
    return {
        "adult": False,
        "backdrop_path": None,
        "first_air_date": show.first_air_date,
        "genre_ids": [18],
        "id": show.tmdb_id,
        "name": show.title,
        "origin_country": ["US"],
        "original_language": show.original_language,
        "original_name": show.original_title or show.title,
        "overview": "",
        "popularity": show.popularity,
        "poster_path": None,
        "vote_average": 7.9,
        "vote_count": show.votes,
    }


def tv(show: ShowRecord) -> Json:
    """Give a show's details."""
    result = tv_result(show)
    del result["genre_ids"]
    return result | {
        "episode_run_time": [],
        "genres": [{"id": 18, "name": "Drama"}],
        "in_production": False,
        "number_of_episodes": sum(len(held) for number, held in show.seasons.items() if number > 0),
        "number_of_seasons": sum(number > 0 for number in show.seasons),
        "seasons": [_summary(show, number) for number in sorted(show.seasons)],
        "status": "Ended",
        "type": "Scripted",
    }


def tv_alternative_titles(show: ShowRecord) -> Json:
    """Give a show's titles in other countries; the list is called otherwise than that of films."""
    return {
        "results": [{"iso_3166_1": "US", "title": title, "type": ""} for title in show.alternative_titles]
    }


def tv_external_ids(show: ShowRecord) -> Json:
    """Give a show's ids elsewhere."""
    return {
        "freebase_id": None,
        "imdb_id": show.imdb_id or None,
        "tvdb_id": show.tvdb_id,
        "tvrage_id": None,
        "wikidata_id": None,
    }


TV_PARTS: dict[str, Callable[[ShowRecord], Json]] = {
    "alternative_titles": tv_alternative_titles,
    "external_ids": tv_external_ids,
}
"""What can be asked for by itself, or appended to the details."""


def season(show: ShowRecord, number: int) -> Json:
    """Give a season with its episodes."""
    held = show.seasons[number]
    return {
        "_id": f"{show.tmdb_id:016x}{number:08x}",
        "air_date": held[0].air_date or None if held else None,
        "episodes": [_episode(show, number, episode) for episode in held],
        "id": _season_id(show, number),
        "name": _season_name(number),
        "overview": "",
        "poster_path": None,
        "season_number": number,
        "vote_average": 7.9,
    }


def _summary(show: ShowRecord, number: int) -> Json:
    held = show.seasons[number]
    return {
        "air_date": held[0].air_date or None if held else None,
        "episode_count": len(held),
        "id": _season_id(show, number),
        "name": _season_name(number),
        "overview": "",
        "poster_path": None,
        "season_number": number,
        "vote_average": 7.9,
    }


def _episode(show: ShowRecord, number: int, episode: EpisodeRecord) -> Json:
    return {
        "air_date": episode.air_date or None,
        "crew": [],
        "episode_number": episode.number,
        "episode_type": "standard",
        "guest_stars": [],
        "id": _season_id(show, number) * 1000 + episode.number,
        "name": episode.title or f"Episode {episode.number}",
        "overview": "",
        "production_code": "",
        "runtime": episode.runtime_min or None,
        "season_number": number,
        "show_id": show.tmdb_id,
        "still_path": None,
        "vote_average": 8.0,
        "vote_count": 12,
    }


def _season_id(show: ShowRecord, number: int) -> int:
    return show.tmdb_id * 10_000 + number


def _season_name(number: int) -> str:
    return f"Season {number}" if number else "Specials"
