"""The TMDb adapter against the simulated TMDb, which was written without it, and against bad servers."""

import logging
import traceback
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass

import pytest
import trio

from segue.adapters import tmdb
from segue.adapters.http_client import HttpClient
from segue.adapters.tmdb import (
    ANSWER_BYTES,
    Film,
    Found,
    Season,
    Show,
    Tmdb,
    TmdbBusy,
    TmdbError,
    TmdbRefused,
    TmdbUnavailable,
    TmdbUnreadable,
)
from segue.demo.tmdb_catalogue import Catalogue, FilmRecord, ShowRecord, episodes, make_catalogue
from segue.demo.tmdb_server import TmdbServer
from tests.adapters.raw_http import Answer, close_after, drop, flood, hang, ok, serving
from tests.adapters.tmdb_desk import KEY, V3_KEY, MemoryCache


@dataclass
class House:
    """A server, the adapter that asks it, and what the adapter keeps."""

    server: TmdbServer
    tmdb: Tmdb
    cache: MemoryCache
    http: HttpClient

    def again(self, **options: float) -> Tmdb:
        """Make another adapter on the same cache, as after a restart."""
        return Tmdb(self.http, self.server.url, lambda: KEY, self.cache, **options)  # type: ignore[arg-type]

    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [asked.path for asked in self.server.asked]


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a moment between two tries: it is tested that there are several, and when there are none."""
    monkeypatch.setattr(tmdb, "BACK_OFF_S", 0.02)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    with trio.fail_after(60):
        async with TmdbServer(key=KEY) as server, HttpClient("segue-test/1") as http:
            cache = MemoryCache()
            yield House(server, Tmdb(http, server.url, lambda: KEY, cache), cache, http)


async def error_of(ask: Awaitable[object]) -> TmdbError:
    """Ask for what cannot be had, and check that no key shows."""
    with pytest.raises(TmdbError) as caught:
        await ask
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    assert V3_KEY not in shown
    return caught.value


# ------------------------------------------------------------------ answers


async def test_films_are_searched_by_title_and_first_year(house: House) -> None:
    """The film of 1999 was shown again in 2021: that is not when it came out."""
    assert [film.tmdb_id for film in await house.tmdb.search_films("The Matrix")] == [624860, 603, 604, 605]
    assert [film.tmdb_id for film in await house.tmdb.search_films("The Matrix", 2021)] == [624860]
    (film,) = await house.tmdb.search_films("The Matrix", 1999)
    assert (film.title, film.original_title, film.release_date) == ("The Matrix", "The Matrix", "1999-03-31")
    assert (film.votes, film.popularity) == (26_000, 88.0)
    assert house.server.asked[1].query == {
        "query": "The Matrix",
        "include_adult": "false",
        "primary_release_year": "2021",
    }


async def test_shows_are_searched_by_title_and_first_year(house: House) -> None:
    assert [show.tmdb_id for show in await house.tmdb.search_shows("the office")] == [2316, 2996]
    (show,) = await house.tmdb.search_shows("the office", 2001)
    assert (show.title, show.first_air_date, show.votes) == ("The Office", "2001-07-09", 900)


async def test_nothing_found_is_an_answer(house: House) -> None:
    assert await house.tmdb.search_films("no such film") == ()
    assert await house.tmdb.search_shows("no such show") == ()
    assert await house.tmdb.film(1) is None
    assert await house.tmdb.show(1) is None
    assert await house.tmdb.season(1396, 9) is None
    assert await house.tmdb.find(imdb_id="tt0000001") == Found()


async def test_a_film_has_all_its_titles_and_ids(house: House) -> None:
    film = await house.tmdb.film(129)
    assert film == Film(
        129,
        "Spirited Away",
        "千と千尋の神隠し",
        "2001-07-20",
        17_000,
        80.0,
        runtime_min=125,
        alternative_titles=("Sen to Chihiro no Kamikakushi",),
        release_years=(2001,),
    )
    matrix = await house.tmdb.film(603)
    assert matrix is not None
    assert (matrix.imdb_id, matrix.release_years) == ("tt0133093", (1999, 2021))
    unfinished = await house.tmdb.film(900012)
    assert unfinished is not None
    assert (unfinished.release_date, unfinished.runtime_min) == ("", None)


async def test_a_show_has_its_seasons_and_a_season_its_episodes(house: House) -> None:
    show = await house.tmdb.show(910003)
    assert isinstance(show, Show)
    assert (show.original_title, show.alternative_titles) == ("空灯学園", ("Soratomo Gakuen",))
    assert show.tvdb_id == 410003
    assert [(s.number, s.episode_count, s.air_date) for s in show.seasons] == [
        (1, 13, "2011-04-05"),
        (2, 12, "2012-04-03"),
    ]
    season = await house.tmdb.season(910001, 0)
    assert isinstance(season, Season)
    (special,) = season.episodes
    assert (season.number, special.number, special.title) == (0, 1, "Behind the Harbour")
    assert (special.air_date, special.runtime_min) == ("2014-12-24", 30)


async def test_ids_elsewhere_are_followed(house: House) -> None:
    assert [film.tmdb_id for film in (await house.tmdb.find(imdb_id="tt0133093")).films] == [603]
    assert [show.tmdb_id for show in (await house.tmdb.find(imdb_id="tt0903747")).shows] == [1396]
    assert [show.tmdb_id for show in (await house.tmdb.find(tvdb_id=81189)).shows] == [1396]


async def test_the_second_id_counts_where_nothing_has_the_first(house: House) -> None:
    """The id of an episode at IMDb is no show's; that of the show at TVDB is."""
    found = await house.tmdb.find(imdb_id="tt9999999", tvdb_id=81189)
    assert [show.tmdb_id for show in found.shows] == [1396]
    house.server.asked.clear()
    found = await house.tmdb.find(imdb_id="tt0133093", tvdb_id=81189)
    assert ([film.tmdb_id for film in found.films], found.shows) == ([603], ())
    assert [asked.query["external_source"] for asked in house.server.asked] == ["imdb_id"]


@pytest.mark.parametrize(
    "imdb_id", ["tt", "tt12/../../authentication", "nm0000001", "tt1?x=y", "tt" + "9" * 50]
)
async def test_an_id_that_is_none_is_not_asked_for(house: House, imdb_id: str) -> None:
    assert await house.tmdb.find(imdb_id=imdb_id) == Found()
    assert house.server.asked == []


@pytest.mark.parametrize("title", ["", "  ", "?!", "...", "\n\x00", "\ud800"])
async def test_a_title_without_a_letter_is_not_asked_for(house: House, title: str) -> None:
    assert await house.tmdb.search_films(title) == ()
    assert await house.tmdb.search_shows(title) == ()
    assert house.server.asked == []


@pytest.mark.parametrize(
    ("title", "sent"),
    [
        ("  a \n b\tc ", "a b c"),
        ("half a \ud800 character", "half a ? character"),
        ("100% & #1 + more?", "100% & #1 + more?"),
        ("千と千尋", "千と千尋"),
        ("x" * 1000, "x" * 300),
    ],
)
async def test_any_title_can_be_asked_for(house: House, title: str, sent: str) -> None:
    await house.tmdb.search_films(title)
    assert house.server.asked[0].query["query"] == sent


# ------------------------------------------------------------------ as little as possible


async def test_each_question_is_asked_once(house: House) -> None:
    """Also by others at the same time, and after a restart; what there is not is remembered as well."""

    async def look(tmdb: Tmdb) -> None:
        await tmdb.search_films("The Matrix", 1999)
        await tmdb.film(603)
        await tmdb.show(1396)
        await tmdb.season(1396, 1)
        await tmdb.film(1)
        await tmdb.search_films("no such film")

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(look, house.tmdb)
    await look(house.again())
    questions = [(asked.path, *sorted(asked.query.items())) for asked in house.server.asked]
    assert len(questions) == len(set(questions)) == 6
    assert house.tmdb.requests == 6


async def test_what_is_not_there_is_asked_again_after_a_day(house: House) -> None:
    """What is there is believed for thirty days."""
    for day, requests in ((0, 3), (0.9, 3), (1.1, 5), (29, 7), (31, 10)):
        house.cache.aged_s = day * 86_400
        await house.tmdb.search_films("The Matrix", 1999)
        await house.tmdb.search_films("no such film")
        await house.tmdb.film(1)
        assert len(house.paths()) == requests, day


async def test_a_thousand_titles_cost_no_more_than_two_requests_each(house: House) -> None:
    """On a large catalogue, with ten files of each title, five at a time."""
    catalogue = make_catalogue(5, 2_000, 10)
    house.server.catalogue = catalogue
    tmdb = house.again(per_s=5000.0)
    chosen = catalogue.films[:60]

    async def take_in(film: FilmRecord) -> None:
        hits = await tmdb.search_films(film.title, film.year)
        if any(hit.tmdb_id == film.tmdb_id for hit in hits):
            found = await tmdb.film(film.tmdb_id)
            assert found is not None
            assert (found.title, found.release_date) == (film.title, film.release_date)
            assert found.alternative_titles == tuple(
                dict.fromkeys(title for title in film.alternative_titles if title != film.title)
            )

    async with trio.open_nursery() as nursery:
        for film in (*chosen,) * 10:
            nursery.start_soon(take_in, film)
    searches = [path for path in house.paths() if "search" in path]
    details = [path for path in house.paths() if "search" not in path]
    assert len(searches) <= len({(film.title, film.year) for film in chosen})
    assert len(details) == len(set(details)) <= len(chosen)
    assert len(details) >= 0.9 * len(chosen)
    assert house.server.most_at_once <= 5


# ------------------------------------------------------------------ the key


async def test_a_read_token_goes_into_a_header(house: House) -> None:
    async with serving(ok(b'{"results":[]}', "application/json")) as server:
        await Tmdb(house.http, server.url + "/3", lambda: KEY).search_films("x")
    assert server.headers()["authorization"] == f"Bearer {KEY}"
    assert KEY not in server.lines()[0]


async def test_an_old_key_goes_into_the_query_and_nowhere_else(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """TMDb takes it nowhere else; no log, no error and no row of the cache has it."""
    caplog.set_level(logging.DEBUG)
    cache = MemoryCache()
    async with serving(
        ok(b'{"results":[]}', "application/json"), ok(b"", status="401 Unauthorized")
    ) as server:
        tmdb = Tmdb(house.http, server.url + "/3", lambda: V3_KEY, cache)
        await tmdb.search_films("x")
        assert f"api_key={V3_KEY}" in server.lines()[0]
        assert "authorization" not in server.headers()
        assert isinstance(await error_of(tmdb.film(1)), TmdbRefused)
    assert V3_KEY not in caplog.text
    assert V3_KEY not in repr(cache) + repr(tmdb)


async def test_a_wrong_key_is_refused_with_the_setting(house: House) -> None:
    house.server.key = "another"
    for ask in (house.tmdb.check_key(), house.tmdb.film(603), house.tmdb.search_films("matrix")):
        error = await error_of(ask)
        assert isinstance(error, TmdbRefused)
        assert "[tmdb] api_key_file" in str(error)
    assert len(house.paths()) == 3


async def test_a_good_key_is_good(house: House) -> None:
    """It is asked for at each request, so that it can be renewed; the check is not answered from the cache."""
    await house.tmdb.check_key()
    await house.tmdb.check_key()
    assert house.paths() == ["/3/authentication"] * 2


@pytest.mark.parametrize("key", ["two\nlines", "canary ümlaut", "trailing space ", ""])
async def test_a_key_that_http_cannot_carry_is_refused(house: House, key: str) -> None:
    error = await error_of(Tmdb(house.http, house.server.url, lambda: key).film(603))
    assert isinstance(error, TmdbRefused)
    assert "[tmdb] api_key_file" in str(error)
    assert "canary" not in "".join(traceback.format_exception(error))


# ------------------------------------------------------------------ what goes wrong


async def test_too_many_requests_are_waited_out(house: House) -> None:
    house.server.faults.busy, house.server.faults.retry_after = 2, "0"
    assert await house.tmdb.film(603) is not None
    assert len(house.paths()) == 3


@pytest.mark.parametrize("retry_after", ["600", "1000000000", None, "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_who_is_told_to_stay_away_stays_away(house: House, retry_after: str | None) -> None:
    house.server.faults.busy, house.server.faults.retry_after = 99, retry_after
    error = await error_of(house.tmdb.film(603))
    assert isinstance(error, TmdbBusy)
    assert error.retry_after_s == (600 if retry_after == "600" else None)
    assert len(house.paths()) == (1 if retry_after == "600" else 3)


async def test_a_short_fault_passes(house: House) -> None:
    house.server.faults.broken = 2
    assert await house.tmdb.film(603) is not None
    assert len(house.paths()) == 3


@pytest.mark.parametrize(
    ("switch", "value", "kind", "requests"),
    [
        ("status", 500, TmdbUnavailable, 3),
        ("status", 503, TmdbUnavailable, 3),
        ("status", 404, TmdbUnreadable, 1),
        ("status", 400, TmdbUnreadable, 1),
        ("garbage", True, TmdbUnreadable, 1),
        ("half", True, TmdbUnavailable, 3),
        ("silent", True, TmdbUnavailable, 3),
    ],
)
async def test_every_fault_has_its_error(
    house: House, switch: str, value: int, kind: type[TmdbError], requests: int
) -> None:
    """Nothing of it is kept: when the fault is gone, the answer is there."""
    setattr(house.server.faults, switch, value)
    tmdb = house.again(answer_s=0.5 if switch == "silent" else 10.0)
    error = await error_of(tmdb.film(603))
    assert type(error) is kind
    assert "127.0.41.1" in str(error) or "TMDb" in str(error)
    assert len(house.paths()) == requests
    setattr(house.server.faults, switch, type(value)(0))
    assert await house.tmdb.film(603) is not None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (drop, TmdbUnavailable),
        (hang, TmdbUnavailable),
        (close_after(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), TmdbUnavailable),
        (close_after(b"\x00\x01\x02 no HTTP at all\r\n\r\n"), TmdbUnavailable),
        (flood(b"x" * (ANSWER_BYTES // 4)), TmdbUnreadable),
        (ok(b""), TmdbUnreadable),
        (ok(b"null"), TmdbUnreadable),
        (ok(b"[]"), TmdbUnreadable),
        (ok(b"{}"), TmdbUnreadable),
        (ok(b"[" * 100_000), TmdbUnreadable),
        (ok(b'{"results":' * 20_000), TmdbUnreadable),
        (ok(b'{"results":null}'), TmdbUnreadable),
        (ok(b'{"results":{"id":1}}'), TmdbUnreadable),
        (ok(b"\xff\xfe{}"), TmdbUnreadable),
        (ok(b"Not Found", status="404 Not Found"), TmdbUnreadable),
        (ok(b'{"status_code":34}', status="404 Not Found"), TmdbUnreadable),
        (ok(b"", status="302 Found", extra="Location: http://elsewhere.example/\r\n"), TmdbUnreadable),
    ],
)
async def test_a_search_is_never_empty_by_mistake(
    house: House, answer: bytes | Answer, kind: type[TmdbError]
) -> None:
    """Whoever answers there, it is not taken for "there is no such film"."""
    async with serving(answer) as server:
        cache = MemoryCache()
        tmdb = Tmdb(
            house.http, server.url + "/3", lambda: KEY, cache, answer_s=1.0 if answer is hang else 10.0
        )
        assert type(await error_of(tmdb.search_films("matrix"))) is kind
        assert not cache.rows


async def test_nobody_listens(house: House) -> None:
    error = await error_of(Tmdb(house.http, "http://127.0.41.99:9/3", lambda: KEY).film(603))
    assert isinstance(error, TmdbUnavailable)
    assert "nobody listens there" in str(error)


async def test_a_wrong_address_is_not_an_empty_catalogue(house: House) -> None:
    """Without its version the address leads nowhere, and the error names the setting."""
    wrong = Tmdb(house.http, house.server.url.removesuffix("/3"), lambda: KEY)
    for ask in (wrong.search_films("matrix"), wrong.film(603), wrong.check_key()):
        error = await error_of(ask)
        assert isinstance(error, TmdbUnreadable)
        assert "[tmdb] base_url" in str(error)


async def test_a_huge_season_is_read(house: House) -> None:
    """A soap has hundreds of episodes a year; long answers are parsed off the loop."""
    long = episodes("2001-01-01", *(f"{n} {'word ' * 40}" for n in range(1, 1500)), days=1)
    house.server.catalogue = Catalogue((), (ShowRecord(5, "Soap", "2001-01-01", {1: long}),))
    season = await house.tmdb.season(5, 1)
    assert season is not None
    assert len(season.episodes) == 1499
