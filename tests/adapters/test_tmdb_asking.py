"""One question, one request: waiting, sharing, trying again and giving up, under virtual time."""

import pytest
import trio
import trio.testing

from segue.adapters.http_client import HttpTimeout, HttpUnavailable, TooLarge
from segue.adapters.tmdb import (
    QUESTION_S,
    TRIES_MAX,
    Film,
    TmdbBusy,
    TmdbError,
    TmdbRefused,
    TmdbUnavailable,
    TmdbUnreadable,
)
from segue.adapters.tmdb_pace import PAUSE_MAX_S
from tests.adapters.tmdb_desk import FILM, PAGE, MemoryCache, refused, scripted

DROPPED = HttpUnavailable("127.0.0.1/3", "dropped", "the connection ended", sent=True)
LATE = HttpTimeout("127.0.0.1/3", 10, sent=True)
BUSY = refused(429, retry_after="4")


# ------------------------------------------------------------------ sharing


async def test_the_same_question_at_the_same_time_is_asked_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    tmdb, http = scripted(FILM, takes_s=2)
    found: list[Film | None] = []

    async def ask() -> None:
        found.append(await tmdb.film(603))

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(ask)
    assert len(http.requests) == 1
    assert [film.tmdb_id for film in found if film] == [603] * 50


async def test_a_shared_failure_is_not_asked_again_by_each(autojump_clock: trio.testing.MockClock) -> None:
    """Everybody gets an exception of his own."""
    tmdb, http = scripted(refused(401, b'{"status_code":7}'), takes_s=2)
    caught: list[TmdbError] = []

    async def ask() -> None:
        try:
            await tmdb.film(603)
        except TmdbRefused as error:
            caught.append(error)

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(ask)
    assert len(http.requests) == 1
    assert len({id(error) for error in caught}) == 20
    assert len({str(error) for error in caught}) == 1


async def test_a_shared_pause_keeps_its_length(autojump_clock: trio.testing.MockClock) -> None:
    tmdb, _ = scripted(refused(429, retry_after="500"), takes_s=1)
    told: list[float | None] = []

    async def ask() -> None:
        try:
            await tmdb.film(603)
        except TmdbBusy as busy:
            told.append(busy.retry_after_s)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(ask)
    assert told == [500, 500, 500]


async def test_when_the_one_who_asks_is_cancelled_another_asks(
    autojump_clock: trio.testing.MockClock,
) -> None:
    tmdb, http = scripted(FILM, takes_s=5)
    async with trio.open_nursery() as nursery:

        async def ask_and_leave() -> None:
            with trio.move_on_after(2):
                await tmdb.film(603)

        nursery.start_soon(ask_and_leave)
        await trio.sleep(1)
        film = await tmdb.film(603)
    assert film is not None
    assert film.title == "The Matrix"
    assert len(http.requests) == 2


async def test_different_questions_do_not_wait_for_each_other(autojump_clock: trio.testing.MockClock) -> None:
    tmdb, http = scripted(FILM, takes_s=5)
    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        for number in range(1, 6):
            nursery.start_soon(tmdb.film, number)
    assert http.most_at_once == 5
    assert trio.current_time() - start < 6


# ------------------------------------------------------------------ trying again


@pytest.mark.parametrize("failure", [DROPPED, LATE, refused(500), refused(503)])
async def test_what_may_pass_is_tried_again_twice(
    failure: Exception, autojump_clock: trio.testing.MockClock
) -> None:
    """With waits that grow."""
    tmdb, http = scripted(failure, failure, FILM)
    assert await tmdb.film(603) is not None
    first, second, third = http.sent_at
    assert second - first == pytest.approx(0.5)
    assert third - second == pytest.approx(1.0)


@pytest.mark.parametrize("failure", [DROPPED, LATE, refused(502)])
async def test_what_does_not_pass_is_unavailable(
    failure: Exception, autojump_clock: trio.testing.MockClock
) -> None:
    tmdb, http = scripted(failure)
    with pytest.raises(TmdbUnavailable):
        await tmdb.film(603)
    assert len(http.requests) == TRIES_MAX


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_not_tried_again(status: int, autojump_clock: trio.testing.MockClock) -> None:
    tmdb, http = scripted(refused(status, b'{"status_code":7}'))
    with pytest.raises(TmdbRefused, match=r"\[tmdb\] api_key_file"):
        await tmdb.search_films("matrix")
    assert len(http.requests) == 1


@pytest.mark.parametrize("failure", [refused(400), refused(422), refused(301), TooLarge("127.0.0.1/3", 8)])
async def test_an_answer_that_makes_no_sense_is_not_asked_for_again(
    failure: Exception, autojump_clock: trio.testing.MockClock
) -> None:
    tmdb, http = scripted(failure)
    with pytest.raises(TmdbUnreadable):
        await tmdb.search_films("matrix")
    assert len(http.requests) == 1


async def test_a_question_ends_after_its_deadline(autojump_clock: trio.testing.MockClock) -> None:
    """However long the answers take."""
    tmdb, _ = scripted(LATE, takes_s=QUESTION_S - 1)
    start = trio.current_time()
    with pytest.raises(TmdbUnavailable):
        await tmdb.film(603)
    assert trio.current_time() - start <= QUESTION_S


# ------------------------------------------------------------------ pauses


async def test_a_pause_is_kept_by_all(autojump_clock: trio.testing.MockClock) -> None:
    tmdb, http = scripted(BUSY, FILM)
    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tmdb.film, 1)
        await trio.sleep(1)
        nursery.start_soon(tmdb.film, 2)
    assert len(http.requests) == 3
    assert min(http.sent_at[1:]) - start == pytest.approx(4.0)


async def test_a_pause_of_unknown_length_is_short(autojump_clock: trio.testing.MockClock) -> None:
    tmdb, http = scripted(refused(429), FILM)
    assert await tmdb.film(603) is not None
    assert http.sent_at[1] - http.sent_at[0] == pytest.approx(0.5)


async def test_three_pauses_are_enough(autojump_clock: trio.testing.MockClock) -> None:
    tmdb, http = scripted(BUSY)
    with pytest.raises(TmdbBusy) as caught:
        await tmdb.film(603)
    assert caught.value.retry_after_s == 4
    assert len(http.requests) == TRIES_MAX


async def test_a_long_pause_is_told_and_nobody_asks_before_its_end(
    autojump_clock: trio.testing.MockClock,
) -> None:
    tmdb, http = scripted(refused(429, retry_after="300"), FILM)
    start = trio.current_time()
    with pytest.raises(TmdbBusy) as caught:
        await tmdb.film(1)
    assert caught.value.retry_after_s == 300
    assert trio.current_time() == start
    await trio.sleep(100)
    with pytest.raises(TmdbBusy) as caught:
        await tmdb.film(2)
    assert caught.value.retry_after_s == pytest.approx(200)
    assert len(http.requests) == 1
    await trio.sleep(201 - PAUSE_MAX_S)
    assert await tmdb.film(3) is not None
    assert http.sent_at[-1] - start >= 300


# ------------------------------------------------------------------ the cache


async def test_a_cache_that_fails_is_no_failure(autojump_clock: trio.testing.MockClock) -> None:
    cache = MemoryCache(broken=True)
    tmdb, http = scripted(FILM, cache=cache)
    assert await tmdb.film(603) is not None
    assert await tmdb.film(603) is not None
    assert len(http.requests) == 2


@pytest.mark.parametrize("damage", [b"", b"\x00\xff", b"[1]", b"{}", b'"x"', b'{"tmdb_id":"x","title":1}'])
async def test_a_damaged_row_of_the_cache_is_asked_again(
    damage: bytes, autojump_clock: trio.testing.MockClock
) -> None:
    cache = MemoryCache()
    tmdb, http = scripted(FILM, cache=cache)
    await tmdb.film(603)
    (row,) = cache.rows
    cache.rows[row] = damage
    film = await tmdb.film(603)
    assert film is not None
    assert film.runtime_min == 136
    assert len(http.requests) == 2


async def test_a_failure_is_not_kept(autojump_clock: trio.testing.MockClock) -> None:
    cache = MemoryCache()
    tmdb, http = scripted(b"<html>", PAGE, cache=cache)
    with pytest.raises(TmdbUnreadable):
        await tmdb.search_films("matrix")
    assert not cache.rows
    assert len(await tmdb.search_films("matrix")) == 1
    assert len(http.requests) == 2
