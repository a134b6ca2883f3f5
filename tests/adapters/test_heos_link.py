"""One connection, under virtual time: turns, drops, and silence."""

from collections import Counter
from typing import Any

import pytest
import trio
import trio.testing

from segue.adapters.heos_link import Link, Timing
from segue.adapters.heos_model import HeosError, HeosTimeout, HeosUnavailable
from segue.adapters.heos_wire import command
from tests.adapters.heos_far import GET_MUTE, GET_VOLUME, Far, level, open_link
from tests.adapters.heos_script import PID, event, refusal, reply, volume_event

# ------------------------------------------------------------------ turns


async def test_commands_go_out_one_at_a_time_in_the_order_in_which_they_came(autojump_clock: Any) -> None:
    async with open_link() as world:
        for number in range(5):
            world.ask(str(number), command("player/set_volume", pid=PID, level=number))
            await trio.testing.wait_all_tasks_blocked()
        for number in range(5):
            assert await world.far.next() == f"player/set_volume?pid={PID}&level={number}"
            with trio.move_on_after(1):
                await world.far.next()
                raise AssertionError("a second command was sent before the first was answered")
            await world.far.say(reply("player/set_volume", f"pid={PID}&level={number}"))
        await trio.testing.wait_all_tasks_blocked()
        assert [world.outcomes[str(n)] for n in range(5)] == ["0", "1", "2", "3", "4"]


async def test_a_command_that_never_gets_its_turn_says_that_it_was_not_sent(autojump_clock: Any) -> None:
    async with open_link(heartbeat_s=100) as world:
        world.ask("slow", GET_MUTE, answer_s=15)
        await trio.testing.wait_all_tasks_blocked()
        world.ask("waiting")
        await trio.sleep(6)
        assert isinstance(world.outcomes["waiting"], HeosTimeout)
        assert "not sent" in str(world.outcomes["waiting"])
        assert world.outcomes["waiting_at"] == pytest.approx(5)
        assert world.link.can_ask(GET_VOLUME)


# ------------------------------------------------------------------ a link that drops (A)


@pytest.mark.parametrize("ending", ["closed", "broken"])
async def test_a_drop_fails_everybody_who_waits_at_once(autojump_clock: Any, ending: str) -> None:
    async with open_link() as world:
        for name in "abc":
            world.ask(name)
        await trio.sleep(1)
        if ending == "closed":
            await world.far.stream.aclose()
        else:
            stream = world.far.stream
            assert isinstance(stream, trio.StapledStream)
            await stream.send_stream.aclose()
        await trio.sleep(0.01)
        for name in "abc":
            assert isinstance(world.outcomes[name], HeosUnavailable)
            assert world.outcomes[f"{name}_at"] == pytest.approx(1)
        assert len(world.lost) == 1


async def test_the_loss_is_told_before_anybody_who_waits_hears_of_it(autojump_clock: Any) -> None:
    order: list[str] = []
    async with open_link(on_lost=lambda _: order.append("lost")) as world:

        async def ask() -> None:
            with pytest.raises(HeosUnavailable):
                await world.link.ask(GET_VOLUME)
            order.append("failed")

        world.nursery.start_soon(ask)
        await trio.sleep(1)
        await world.far.stream.aclose()
        await trio.sleep(0.01)
        assert order == ["lost", "failed"]


async def test_a_lost_link_refuses_at_once(autojump_clock: Any) -> None:
    async with open_link() as world:
        world.link.lose("it is the end")
        with trio.fail_after(0.001), pytest.raises(HeosUnavailable, match="it is the end"):
            await world.link.ask(GET_VOLUME)
        assert not world.link.can_ask(GET_VOLUME)


async def test_a_link_that_is_closed_by_us_fails_who_waits_and_says_nothing(autojump_clock: Any) -> None:
    lost: list[str] = []
    async with trio.open_nursery() as callers, open_link(on_lost=lost.append) as world:

        async def ask() -> None:
            with pytest.raises(HeosUnavailable):
                await world.link.ask(GET_VOLUME)

        callers.start_soon(ask)
        await world.far.next()
    assert lost == []


async def test_a_device_that_takes_no_more_bytes_is_lost_within_a_second_or_so(autojump_clock: Any) -> None:
    class Full(trio.abc.Stream):
        async def send_all(self, data: Any) -> None:
            await trio.sleep_forever()

        async def wait_send_all_might_not_block(self) -> None:
            await trio.sleep_forever()

        async def receive_some(self, max_bytes: int | None = None) -> bytes:
            await trio.sleep_forever()
            raise AssertionError

        async def aclose(self) -> None:
            pass

    lost: list[str] = []
    link = Link(
        Full(),
        "avr",
        timing=Timing(),
        timeouts_max=3,
        on_message=lambda _: None,
        on_lost=lost.append,
        counters=Counter(),
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.run)
        with trio.fail_after(1.5), pytest.raises(HeosUnavailable, match="takes no more commands"):
            await link.ask(GET_VOLUME)
    assert lost == ["it takes no more commands"]


# ------------------------------------------------------------------ a link that is dead (B)


async def test_a_silent_link_is_lost_after_one_heartbeat_and_the_time_for_an_answer(
    autojump_clock: Any,
) -> None:
    async with open_link() as world:
        await world.link.lost.wait()
        assert trio.current_time() - world.started_at == pytest.approx(15)
        assert world.lost == ["it was silent for 15 s"]
        assert await world.far.next() == "system/heart_beat"
        assert await world.far.closed()


@pytest.mark.parametrize("asked_at", [0, 3, 8, 9.9])
@pytest.mark.parametrize("answer_s", [None, 15.0])
async def test_a_silent_link_is_lost_within_two_heartbeats_whatever_is_asked(
    autojump_clock: Any, asked_at: float, answer_s: float | None
) -> None:
    async with open_link() as world:
        await trio.sleep(asked_at)
        world.ask("a", answer_s=answer_s)
        with trio.fail_after(21):
            await world.link.lost.wait()
        assert trio.current_time() - world.started_at <= 20.001
        await trio.sleep(0.01)
        assert isinstance(world.outcomes["a"], HeosError)


async def test_a_heartbeat_is_sent_only_after_silence_and_keeps_the_link(autojump_clock: Any) -> None:
    async with open_link() as world:
        for _ in range(20):
            await trio.sleep(9)
            await world.far.say(event("sources_changed"))
        assert world.counters["commands"] == 0
        for _ in range(5):
            started_at = trio.current_time()
            assert await world.far.next() == "system/heart_beat"
            assert trio.current_time() - started_at == pytest.approx(10, abs=0.1)
            await world.far.say(reply("system/heart_beat"))
        assert not world.lost


async def test_half_a_line_is_a_sign_of_life(autojump_clock: Any) -> None:
    async with open_link() as world:
        for _ in range(20):
            await trio.sleep(9)
            await world.far.say(b"x")
        assert not world.lost and world.counters["commands"] == 0


async def test_a_refused_heartbeat_is_a_sign_of_life_too(autojump_clock: Any) -> None:
    async with open_link() as world:
        for _ in range(5):
            assert await world.far.next() == "system/heart_beat"
            await world.far.say(refusal("system/heart_beat", 1, "Command not recognized"))
        assert not world.lost


async def test_a_link_that_brings_events_but_no_answers_is_given_up(autojump_clock: Any) -> None:
    async with open_link(timeouts_max=3) as world:
        world.nursery.start_soon(_chat, world.far)
        for name in ("player/get_volume", "player/get_mute", "player/get_play_state"):
            assert not world.lost
            world.ask(name, command(name, pid=PID))
            await trio.sleep(6)
        assert world.lost == ["it does not answer commands"]


async def test_an_answer_now_and_then_keeps_a_link_that_often_has_none(autojump_clock: Any) -> None:
    async with open_link(timeouts_max=3, heartbeat_s=1000) as world:
        for number in range(9):
            asked = command("player/get_volume", pid=number)
            world.ask(str(number), asked)
            await world.far.next()
            if number % 3 == 2:
                await world.far.say(level(1, pid=number))
            await trio.sleep(6)
        assert world.counters["timeouts"] == 6 and not world.lost


async def _chat(far: Far) -> None:
    try:
        while True:
            await far.say(volume_event(30))
            await trio.sleep(2)
    except trio.BrokenResourceError:
        pass
