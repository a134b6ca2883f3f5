"""The simulated TMDb, driven by curl as TMDb's reference describes."""

import json
from typing import Any

import pytest
import trio

from segue.demo.tmdb_catalogue import Catalogue, FilmRecord
from segue.demo.tmdb_server import KEY, TmdbServer

BEARER = ("-H", f"Authorization: Bearer {KEY}")
PAGEFUL = tuple(
    FilmRecord(n, f"Common Word {n}", "2001-01-01", 90, popularity=float(n % 7)) for n in range(1, 46)
)


async def curl(url: str, *words: str) -> tuple[int, dict[str, str], str]:
    """Run curl. Gives the status, the headers and the body."""
    done = await trio.run_process(
        ["curl", "-sS", "--max-time", "30", "-D", "/dev/stderr", "-w", "\n%{http_code}", *words, url],
        capture_stdout=True,
        capture_stderr=True,
        check=False,
    )
    body, _, status = done.stdout.decode().rpartition("\n")
    lines = (line.partition(": ") for line in done.stderr.decode().splitlines() if ": " in line)
    return int(status), {name.lower(): value for name, _, value in lines}, body


async def ask(tmdb: TmdbServer, path: str) -> Any:
    """Ask with the key, and read what must be JSON with status 200."""
    status, _, body = await curl(f"{tmdb.url}{path}", *BEARER)
    assert status == 200
    return json.loads(body)


# ------------------------------------------------------------------ the door


@pytest.mark.parametrize(
    ("words", "query"), [(BEARER, ""), ((), f"&api_key={KEY}")], ids=["in the header", "in the query"]
)
async def test_a_key_opens_the_door(words: tuple[str, ...], query: str) -> None:
    async with TmdbServer() as tmdb:
        status, headers, body = await curl(f"{tmdb.url}/search/movie?query=matrix{query}", *words)
        assert status == 200
        assert headers["content-type"] == "application/json;charset=utf-8"
        assert headers["cache-control"] == "public, max-age=600"
        assert headers["etag"].startswith('W/"')
        assert json.loads(body)["total_results"] == 4
        assert KEY not in repr(tmdb.asked)


@pytest.mark.parametrize("words", [(), ("-H", "Authorization: Bearer wrong")])
async def test_no_key_and_a_wrong_one_are_refused(words: tuple[str, ...]) -> None:
    async with TmdbServer() as tmdb:
        status, _, body = await curl(f"{tmdb.url}/movie/603", *words)
    assert status == 401
    assert json.loads(body)["status_code"] == 7


@pytest.mark.parametrize(
    "path",
    ["/movie/1", "/tv/1", "/tv/1396/season/9", "/movie/603/nonsense", "/tv/1396/nonsense", "/nonsense"],
)
async def test_what_is_not_there_has_a_number_of_its_own(path: str) -> None:
    async with TmdbServer() as tmdb:
        status, _, body = await curl(f"{tmdb.url}{path}", *BEARER)
    assert status == 404
    assert json.loads(body)["status_code"] == 34


# ------------------------------------------------------------------ searching


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("query=matrix", [624860, 603, 604, 605]),
        ("query=the%20MATRIX&primary_release_year=1999", [603]),
        ("query=matrix&primary_release_year=2021", [624860]),
        ("query=matrix&year=2021", [624860, 603]),
        ("query=matrix&year=2001", []),
        ("query=dune", [438631, 841]),
        ("query=amelie", [194]),
        ("query=fabuleux%20destin", [194]),
        ("query=sen%20to%20chihiro", [129]),
        ("query=%E5%8D%83%E3%81%A8%E5%8D%83%E5%B0%8B%E3%81%AE%E7%A5%9E%E9%9A%A0%E3%81%97", [129]),
        ("query=wall-e", [10681]),
        ("query=wall%20e", [10681]),
        ("query=copper%20and%20salt", [900007]),
        ("query=leon%20destin", []),
        ("query=unfinished%20bridge", [900012]),
        ("query=unfinished%20bridge&year=2020", []),
        ("query=%3F%21", []),
    ],
)
async def test_films_are_found_by_words(query: str, expected: list[int]) -> None:
    """All words must be in one of a film's titles; the popular come first; `year` also knows re-releases."""
    async with TmdbServer() as tmdb:
        answer = await ask(tmdb, f"/search/movie?{query}")
    assert [each["id"] for each in answer["results"]] == expected
    assert answer["total_results"] == len(expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("query=the%20office", [2316, 2996]),
        ("query=the%20office&first_air_date_year=2001", [2996]),
        ("query=office%20us", [2316]),
        ("query=soratomo", [910003]),
    ],
)
async def test_shows_are_found_by_words(query: str, expected: list[int]) -> None:
    async with TmdbServer() as tmdb:
        answer = await ask(tmdb, f"/search/tv?{query}")
    assert [each["id"] for each in answer["results"]] == expected


async def test_a_search_has_pages_of_twenty() -> None:
    async with TmdbServer(catalogue=Catalogue(PAGEFUL, ())) as tmdb:
        pages = [await ask(tmdb, f"/search/movie?query=word&page={n}") for n in (1, 2, 3, 4)]
        assert [len(page["results"]) for page in pages] == [20, 20, 5, 0]
        assert {(page["total_pages"], page["total_results"]) for page in pages} == {(3, 45)}
        found = [each["popularity"] for page in pages for each in page["results"]]
        assert found == sorted(found, reverse=True)
        assert len({each["id"] for page in pages for each in page["results"]}) == 45
        status, _, body = await curl(f"{tmdb.url}/search/movie?query=word&page=501", *BEARER)
        assert (status, json.loads(body)["status_code"]) == (400, 22)
        assert (await curl(f"{tmdb.url}/search/movie", *BEARER))[0] == 422


# ------------------------------------------------------------------ details


async def test_a_film_has_what_was_appended() -> None:
    async with TmdbServer() as tmdb:
        plain = await ask(tmdb, "/movie/603")
        full = await ask(
            tmdb, "/movie/603?append_to_response=alternative_titles,external_ids,release_dates,x"
        )
        alone = await ask(tmdb, "/movie/10681/alternative_titles")
    assert (plain["title"], plain["runtime"], plain["imdb_id"]) == ("The Matrix", 136, "tt0133093")
    added = {"alternative_titles", "external_ids", "release_dates"}
    assert set(full) - set(plain) == added
    assert full["external_ids"]["imdb_id"] == "tt0133093"
    (country,) = full["release_dates"]["results"]
    assert [each["release_date"][:4] for each in country["release_dates"]] == ["1999", "2021"]
    assert [each["title"] for each in alone["titles"]] == ["WALL-E"]


async def test_a_show_has_seasons_and_titles() -> None:
    async with TmdbServer() as tmdb:
        show = await ask(tmdb, "/tv/910001?append_to_response=alternative_titles,external_ids")
        season = await ask(tmdb, "/tv/910001/season/0")
        ids = await ask(tmdb, "/tv/910001/external_ids")
    assert [(each["season_number"], each["episode_count"]) for each in show["seasons"]] == [
        (0, 1),
        (1, 4),
        (2, 3),
    ]
    assert (show["number_of_seasons"], show["number_of_episodes"]) == (2, 7)
    assert show["alternative_titles"] == {"results": []}
    assert show["external_ids"]["tvdb_id"] == ids["tvdb_id"] == 410001
    (special,) = season["episodes"]
    assert (special["season_number"], special["episode_number"]) == (0, 1)
    assert (special["air_date"], special["runtime"]) == ("2014-12-24", 30)


async def test_ids_elsewhere_lead_to_films_and_shows() -> None:
    async with TmdbServer() as tmdb:
        by_imdb = await ask(tmdb, "/find/tt0133093?external_source=imdb_id")
        by_tvdb = await ask(tmdb, "/find/81189?external_source=tvdb_id")
        none = await ask(tmdb, "/find/tt1?external_source=imdb_id")
        assert (await curl(f"{tmdb.url}/find/tt1", *BEARER))[0] == 400
    assert [each["id"] for each in by_imdb["movie_results"]] == [603]
    assert [each["id"] for each in by_tvdb["tv_results"]] == [1396]
    assert none["movie_results"] == none["tv_results"] == []


# ------------------------------------------------------------------ faults


async def test_faults_are_seen() -> None:
    """Each as the real one would show it; afterwards everything is as before."""
    async with TmdbServer() as tmdb:
        url = f"{tmdb.url}/movie/603"
        tmdb.faults.busy, tmdb.faults.broken = 2, 1
        status, headers, body = await curl(url, *BEARER)
        assert (status, headers["retry-after"], json.loads(body)["status_code"]) == (429, "1", 25)
        tmdb.faults.retry_after = None
        status, headers, _ = await curl(url, *BEARER)
        assert status == 429
        assert "retry-after" not in headers
        assert (await curl(url, *BEARER))[0] == 500
        tmdb.faults.status = 503
        assert (await curl(url, *BEARER))[0] == 503
        tmdb.faults.status, tmdb.faults.garbage = 0, True
        assert (await curl(url, *BEARER))[2].startswith("<html>")
        tmdb.faults.garbage, tmdb.faults.half = False, True
        _, headers, body = await curl(url, *BEARER)
        assert len(body) < int(headers["content-length"])
        tmdb.faults.half = False
        assert (await curl(url, *BEARER))[0] == 200
        tmdb.faults.silent = True
        assert (await curl(url, *BEARER, "--max-time", "0.5"))[0] == 0
        assert len(tmdb.asked) == 8
