"""The pace at which TMDb is asked, under virtual time."""

from itertools import pairwise

import pytest
import trio
import trio.testing

from segue.adapters.tmdb import TmdbBusy
from segue.adapters.tmdb_pace import PAUSE_BELIEVED_S, PAUSE_MAX_S, Pace


class Asker:
    """Takes turns and notes when."""

    def __init__(self, pace: Pace, takes_s: float = 0.0) -> None:
        self.pace = pace
        self.takes_s = takes_s
        self.began_at: list[float] = []
        self.at_once = 0
        self.most_at_once = 0

    async def ask(self) -> None:
        async with self.pace.turn():
            self.began_at.append(trio.current_time())
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            await trio.sleep(self.takes_s)
            self.at_once -= 1

    async def ask_often(self, count: int) -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(self.ask)


async def test_no_second_sees_more_than_so_many(autojump_clock: trio.testing.MockClock) -> None:
    """A hundred at once leave twenty a second, evenly."""
    asker = Asker(Pace(5, 20.0))
    start = trio.current_time()
    await asker.ask_often(100)
    for n, at in enumerate(sorted(asker.began_at)):
        assert at - start == pytest.approx(n / 20)


async def test_no_more_than_so_many_at_once(autojump_clock: trio.testing.MockClock) -> None:
    asker = Asker(Pace(5, 20.0), takes_s=3.0)
    await asker.ask_often(40)
    assert asker.most_at_once == 5
    assert len(asker.began_at) == 40


async def test_time_that_nobody_used_is_not_saved_up(autojump_clock: trio.testing.MockClock) -> None:
    """After a quiet hour, the pace is the same."""
    asker = Asker(Pace(5, 20.0))
    await asker.ask()
    await trio.sleep(3600)
    start = trio.current_time()
    await asker.ask_often(21)
    assert max(asker.began_at) - start == pytest.approx(1.0)


async def test_all_keep_a_pause_also_those_who_wait_already(autojump_clock: trio.testing.MockClock) -> None:
    pace = Pace(5, 2.0)
    asker = Asker(pace)
    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(asker.ask_often, 8)
        await trio.sleep(0.7)
        pace.pause(10)
        before = len(asker.began_at)
    rest = sorted(asker.began_at)[before:]
    assert before == 2
    assert rest[0] - start >= 10.7
    assert all(later - earlier >= 0.499 for earlier, later in pairwise(rest))


async def test_a_pause_can_be_prolonged_and_not_shortened(autojump_clock: trio.testing.MockClock) -> None:
    pace = Pace(5, 20.0)
    asker = Asker(pace)
    start = trio.current_time()
    pace.pause(8)
    pace.pause(2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(asker.ask)
        await trio.sleep(5)
        pace.pause(10)
    assert asker.began_at == [pytest.approx(start + 15)]


async def test_a_long_pause_is_told_at_once(autojump_clock: trio.testing.MockClock) -> None:
    """With what is left of it; those who wait already are told as well."""
    pace = Pace(5, 2.0)
    asker = Asker(pace)
    start = trio.current_time()
    told: list[float | None] = []

    async def ask() -> None:
        try:
            await asker.ask()
        except TmdbBusy as busy:
            told.append(busy.retry_after_s)

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(ask)
        await trio.sleep(0.1)
        pace.pause(100)
        nursery.start_soon(ask)
    assert trio.current_time() - start < 2
    assert told == [pytest.approx(100, abs=2)] * 3
    await trio.sleep(100 - PAUSE_MAX_S)
    await asker.ask()
    assert trio.current_time() - start >= 100


async def test_no_pause_is_believed_for_ever(autojump_clock: trio.testing.MockClock) -> None:
    pace = Pace(5, 20.0)
    pace.pause(999_999)
    with pytest.raises(TmdbBusy) as caught:
        await Asker(pace).ask()
    assert caught.value.retry_after_s == pytest.approx(PAUSE_BELIEVED_S)


async def test_who_is_cancelled_while_waiting_takes_no_place(autojump_clock: trio.testing.MockClock) -> None:
    pace = Pace(1, 20.0)
    slow = Asker(pace, takes_s=10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow.ask)
        await trio.sleep(1)
        with trio.move_on_after(1):
            await slow.ask()
        start = trio.current_time()
        await Asker(pace).ask()
        assert trio.current_time() - start == pytest.approx(8, abs=0.2)
