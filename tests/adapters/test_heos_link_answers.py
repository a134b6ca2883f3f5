"""One connection, under virtual time: late, big, broken and slow answers, refusals, and events among them."""

from collections import Counter
from typing import Any

import pytest
import trio
import trio.testing
from pyheos.message import HeosMessage

from segue.adapters.heos_link import BUSY_PAUSES_S, HEARTBEAT, OWED_S, Link, Timing
from segue.adapters.heos_model import HeosRefused, HeosTimeout, HeosUnavailable
from segue.adapters.heos_wire import command
from tests.adapters.heos_far import GET_MUTE, GET_VOLUME, level, open_link
from tests.adapters.heos_script import PID, refusal, reply, volume_event

# ------------------------------------------------------------------ late answers (C)


async def test_a_late_answer_is_never_given_to_the_next_question(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("first")
        await world.far.next()
        await trio.sleep(6)
        assert isinstance(world.outcomes["first"], HeosTimeout)
        assert not world.link.can_ask(GET_VOLUME)
        world.ask("second")
        await trio.sleep(0.01)
        assert isinstance(world.outcomes["second"], HeosUnavailable)
        await world.far.say(level(77))
        await trio.sleep(0.01)
        assert world.counters["answers_unexpected"] == 1
        world.ask("third")
        await world.far.next()
        await world.far.say(level(22))
        await trio.sleep(0.01)
        assert world.outcomes["third"] == "22"


async def test_an_answer_that_is_owed_hinders_no_other_question(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("first")
        await world.far.next()
        await trio.sleep(6)
        assert world.link.can_ask(GET_MUTE)
        assert world.link.can_ask(command("player/get_volume", pid=2))
        world.ask("mute", GET_MUTE)
        await world.far.next()
        await world.far.say(level(77), reply("player/get_mute", f"pid={PID}&state=on"))
        await trio.sleep(0.01)
        assert world.outcomes["mute"] == "player/get_mute"


async def test_an_answer_that_is_long_overdue_is_not_waited_for_any_more(autojump_clock: Any) -> None:
    async with open_link(heartbeat_s=1000) as world:
        world.ask("first")
        await trio.sleep(6)
        assert not world.link.can_ask(GET_VOLUME)
        await trio.sleep(OWED_S)
        assert world.link.can_ask(GET_VOLUME)


async def test_a_caller_who_goes_away_leaves_no_answer_for_the_next_one(autojump_clock: Any) -> None:
    async with open_link() as world:
        scope = world.ask("first")
        await world.far.next()
        scope.cancel()
        world.ask("second")
        await trio.sleep(1)
        await world.far.say(level(77))
        assert await world.far.next() == f"player/get_volume?pid={PID}"
        await world.far.say(level(22))
        await trio.sleep(0.01)
        assert world.outcomes["second"] == "22"
        assert "first" not in world.outcomes


async def test_the_next_caller_waits_no_longer_than_the_one_who_went_away_would_have(
    autojump_clock: Any,
) -> None:
    async with open_link() as world:
        scope = world.ask("first")
        await world.far.next()
        scope.cancel()
        world.ask("other", GET_MUTE)
        assert (await world.far.next()).startswith("player/get_mute")
        assert trio.current_time() - world.started_at == pytest.approx(5)
        assert world.counters["timeouts"] == 1


async def test_who_goes_away_before_his_turn_sends_nothing(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("first")
        await world.far.next()
        world.ask("second", GET_MUTE).cancel()
        await trio.sleep(0.01)
        await world.far.say(level(1))
        await trio.sleep(1)
        assert world.counters["commands"] == 1


async def test_an_answer_about_another_player_is_not_taken(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("mine")
        await world.far.next()
        await world.far.say(level(99, pid=2), reply("player/get_mute", f"pid={PID}&state=on"), level(5))
        await trio.sleep(0.01)
        assert world.outcomes["mine"] == "5"
        assert world.counters["answers_unexpected"] == 2


# ------------------------------------------------------------------ big, broken and slow answers (D, E, F)


async def test_a_reply_of_a_megabyte_is_an_answer(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("a")
        await world.far.next()
        await world.far.say(reply("player/get_volume", f"pid={PID}&level=7", ["x" * 1_000_000]))
        await trio.sleep(0.01)
        assert world.outcomes["a"] == "7"


async def test_a_line_beyond_all_bounds_is_left_out_and_the_link_lives(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("a")
        await world.far.next()
        for _ in range(6):
            await world.far.say(b"x" * 1_000_000)
        await world.far.say(b"\r\n", level(7))
        await trio.sleep(0.01)
        assert world.outcomes["a"] == "7"
        assert world.counters["lines_too_long"] == 1


async def test_a_malformed_line_is_counted_and_the_next_one_is_read(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("a")
        await world.far.next()
        await world.far.say(b'{"heos": {"command": "play\r\n', b"\xff\r\n", b"[1]\r\n", level(7))
        await trio.sleep(0.01)
        assert world.outcomes["a"] == "7"
        assert world.counters["lines_malformed"] == 3


async def test_under_process_gives_a_command_more_time(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("a")
        await world.far.next()
        await trio.sleep(4)
        await world.far.say(reply("player/get_volume", f"command under process&pid={PID}"))
        await trio.sleep(8)
        await world.far.say(level(7))
        await trio.sleep(0.01)
        assert world.outcomes["a"] == "7"


async def test_under_process_said_for_ever_does_not_mean_for_ever(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("a")
        await world.far.next()
        for _ in range(10):
            await world.far.say(reply("player/get_volume", f"command under process&pid={PID}"))
            await trio.sleep(2)
        assert isinstance(world.outcomes["a"], HeosTimeout)
        assert world.outcomes["a_at"] == pytest.approx(15)


async def test_an_answer_in_the_very_moment_of_the_deadline_is_an_answer_or_a_timeout(
    autojump_clock: Any,
) -> None:
    async with open_link() as world:
        world.ask("a")
        await world.far.next()
        await trio.sleep_until(world.started_at + 5)
        await world.far.say(level(7))
        await trio.sleep(0.01)
        assert world.outcomes["a"] == "7" or isinstance(world.outcomes["a"], HeosTimeout)


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize("error_id", [13, 16])
async def test_a_busy_device_is_asked_again_a_moment_later(autojump_clock: Any, error_id: int) -> None:
    async with open_link() as world:
        world.ask("a")
        for _ in BUSY_PAUSES_S:
            await world.far.next()
            await world.far.say(refusal("player/get_volume", error_id))
        await world.far.next()
        await world.far.say(level(7))
        await trio.sleep(0.01)
        assert world.outcomes["a"] == "7"
        assert world.outcomes["a_at"] == pytest.approx(sum(BUSY_PAUSES_S))


async def test_a_device_that_stays_busy_has_refused(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("a")
        for _ in range(len(BUSY_PAUSES_S) + 1):
            await world.far.next()
            await world.far.say(refusal("player/get_volume", 16, "Too many commands"))
        await trio.sleep(0.01)
        error = world.outcomes["a"]
        assert isinstance(error, HeosRefused) and error.error_id == 16
        assert not world.lost


async def test_a_drop_while_a_busy_device_is_given_time_fails_at_once(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("a")
        for _ in range(2):
            await world.far.next()
            await world.far.say(refusal("player/get_volume", 16))
        await world.far.stream.aclose()
        await trio.sleep(0.01)
        assert isinstance(world.outcomes["a"], HeosUnavailable)


@pytest.mark.parametrize("error_id", [n for n in range(1, 18) if n not in (13, 16)])
async def test_every_other_refusal_is_told_with_its_number_and_not_repeated(
    autojump_clock: Any, error_id: int
) -> None:
    async with open_link() as world:
        world.ask("a")
        await world.far.next()
        await world.far.say(refusal("player/get_volume", error_id, "Because", "syserrno=-9"))
        await trio.sleep(1)
        error = world.outcomes["a"]
        assert isinstance(error, HeosRefused) and error.error_id == error_id and "Because" in error.text
        assert world.counters["commands"] == 1


async def test_the_first_command_of_a_connection_is_tried_twice(autojump_clock: Any) -> None:
    async with open_link() as world:

        async def first() -> None:
            world.outcomes["first"] = await world.link.ask_first(HEARTBEAT)

        world.nursery.start_soon(first)
        await world.far.next()
        await world.far.say(refusal("system/heart_beat", 7))
        await world.far.next()
        await world.far.say(reply("system/heart_beat"))
        await trio.sleep(0.01)
        assert world.outcomes["first"].result


# ------------------------------------------------------------------ events (G)


async def test_events_are_told_raw_and_in_order_while_a_command_waits(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.ask("a")
        await world.far.next()
        levels = [39, 38, 37, 36, 55, 35]
        await world.far.say(*map(volume_event, levels[:4]), level(1), *map(volume_event, levels[4:]))
        await trio.sleep(0.01)
        assert [int(m.message["level"]) for m in world.messages] == levels
        assert world.outcomes["a"] == "1"


async def test_an_error_of_whoever_is_told_ends_the_link_and_is_not_swallowed(autojump_clock: Any) -> None:
    ours, theirs = trio.testing.memory_stream_pair()

    def fall_over(message: HeosMessage) -> None:
        raise ZeroDivisionError

    link = Link(
        ours,
        "avr",
        timing=Timing(),
        timeouts_max=3,
        on_message=fall_over,
        on_lost=lambda _: None,
        counters=Counter(),
    )
    await theirs.send_all(volume_event(1))
    with pytest.RaisesGroup(ZeroDivisionError):
        await link.run()
    with pytest.raises(HeosUnavailable):
        await link.ask(GET_VOLUME)
