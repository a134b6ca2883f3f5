"""How patient the IRC client is, on virtual time: its connection is a pipe in memory."""

import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
import trio.testing

from segue.adapters.irc import Away, Entered, IrcClient, IrcEnd, IrcEvent, IrcSettings
from tests.adapters.irc_server import Visit

SETTINGS = IrcSettings(host="irc.test", tls=False, channel="#films")
VIRTUAL_S = 10_000.0


class Wire:
    """Where the client connects to: each connection is a visit, unless it is told to fail."""

    def __init__(self) -> None:
        self.events: list[IrcEvent] = []
        self.dialled_at: list[float] = []
        self.fails: IrcEnd | None = None
        self._put, self._visits = trio.open_memory_channel[Visit](100)
        self.client = IrcClient(SETTINGS, self.events.append, rng=random.Random(1), connect=self._connect)

    async def _connect(self, settings: IrcSettings, within_s: float) -> trio.abc.Stream:
        self.dialled_at.append(trio.current_time())
        if self.fails is not None:
            raise self.fails
        ours, theirs = trio.testing.memory_stream_pair()
        await self._put.send(Visit(theirs, wait_s=VIRTUAL_S))
        return ours

    async def visit(self) -> Visit:
        with trio.fail_after(VIRTUAL_S):
            return await self._visits.receive()

    @property
    def reasons(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, Away)]


@asynccontextmanager
async def wire() -> AsyncIterator[Wire]:
    it = Wire()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.client.run)
        yield it
        nursery.cancel_scope.cancel()


async def answering(visit: Visit) -> None:
    """Answer each sign of life that is asked for."""
    while True:
        await visit.until("PING")
        await visit.say(":irc.test PONG irc.test :segue")


async def test_there_is_at_most_one_line_to_people_in_two_seconds(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Also from one connection to the next."""
    async with wire() as it:
        visit = await it.visit()
        await visit.admit()
        for n in range(4):
            it.client.announce(f"line-{n}")
        it.client.answer("alice", "an-answer")
        await visit.until("NOTICE")
        await visit.say("ERROR :bye")
        it.client.announce("after")
        again = await it.visit()
        await again.admit()
        await again.until("PRIVMSG")
        at = [
            at
            for v in (visit, again)
            for line, at in zip(v.lines, v.at, strict=True)
            if line.startswith(("PRIVMSG", "NOTICE"))
        ]
        assert len(at) == 6
        gaps = [later - sooner for sooner, later in itertools.pairwise(at)]
        assert all(gap >= 2.0 - 1e-6 for gap in gaps)
        assert sum(gaps[:4]) < 8.1  # and no slower than that


async def test_a_ping_is_answered_at_once_however_much_waits(autojump_clock: trio.testing.MockClock) -> None:
    async with wire() as it:
        visit = await it.visit()
        await visit.admit()
        for n in range(9):
            it.client.announce(f"line-{n}")
        await visit.until("PRIVMSG #films line-0")
        asked_at = trio.current_time()
        await visit.say("PING :are-you-there")
        assert await visit.until("PONG", "PRIVMSG") == "PONG are-you-there"
        assert trio.current_time() == asked_at


async def test_a_half_open_link_is_found(autojump_clock: trio.testing.MockClock) -> None:
    """A server that is connected and says nothing any more is left after a minute and a half."""
    async with wire() as it:
        visit = await it.visit()
        await visit.admit()
        began_at = trio.current_time()
        await visit.until("PING")
        await it.visit()
        assert it.reasons == ["it was silent for 90 s"]
        assert trio.current_time() - began_at < 95.0


async def test_a_sign_of_life_keeps_the_link_for_hours(autojump_clock: trio.testing.MockClock) -> None:
    async with wire() as it:
        visit = await it.visit()
        await visit.admit()
        with trio.move_on_after(3 * 3600.0):
            await answering(visit)
        assert it.client.is_in
        assert it.reasons == []
        assert 100 < sum(line.startswith("PING") for line in visit.lines) < 200


async def test_a_server_that_never_lets_us_in_is_left(autojump_clock: trio.testing.MockClock) -> None:
    async with wire() as it:
        await it.visit()
        await it.visit()
        assert it.reasons == ["it did not let us in within 60 s"]


async def test_a_line_that_the_server_does_not_take_ends_the_link(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Its buffer is full: what comes after half a line would be read as the rest of it."""
    async with wire() as it:
        visit = await it.visit()
        await visit.admit()

        async def stuck() -> None:
            await trio.sleep_forever()

        link = it.client._link
        assert link is not None
        assert isinstance(link._stream, trio.StapledStream)
        sending = link._stream.send_stream
        assert isinstance(sending, trio.testing.MemorySendStream)
        sending.send_all_hook = stuck
        it.client.announce("never heard")
        await it.visit()
        assert it.reasons == ["it takes no more lines for 10 s"]


async def test_waits_grow_and_a_good_link_makes_them_short_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with wire() as it:
        it.fails = IrcEnd("nobody there")
        with trio.move_on_after(3600.0):
            await trio.sleep_forever()
        waits = [later - sooner for sooner, later in itertools.pairwise(it.dialled_at)]
        for wait_s, least_s in zip(waits, (2, 5, 15, 30, 60, 120, 300, 300), strict=False):
            assert least_s <= wait_s <= least_s * 1.25
        assert waits[-1] >= 300.0
        it.fails = None
        visit = await it.visit()
        await visit.admit()
        with trio.move_on_after(300.0):
            await answering(visit)
        await visit.say("ERROR :bye")
        ended_at = trio.current_time()
        await it.visit()
        assert trio.current_time() - ended_at <= 2.5


async def test_what_a_person_has_to_mend_is_tried_again_much_later(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with wire() as it:
        visit = await it.visit()
        await visit.until("USER")
        await visit.say(":irc.test 464 * :Bad password")
        ended_at = trio.current_time()
        await it.visit()
        assert it.reasons == ["it turns us away: Bad password"]
        assert 900.0 <= trio.current_time() - ended_at <= 1130.0


async def test_a_channel_that_cannot_be_entered_is_tried_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with wire() as it:
        visit = await it.visit()
        await visit.until("USER")
        await visit.say(":irc.test CAP * LS :", ":irc.test 001 segue :Hi", ":irc.test 376 segue :End")
        await visit.until("JOIN")
        await visit.say(":irc.test 471 segue #films :Cannot join channel (+l)")
        await visit.until("PING")
        await visit.say(":irc.test PONG irc.test :segue")
        await visit.enter()
        await trio.testing.wait_all_tasks_blocked()
        assert it.events == [Away("#films cannot be entered: Cannot join channel (+l)"), Entered("segue")]
