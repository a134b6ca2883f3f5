"""Inboxes lose nothing in silence, and an actor that falls is picked up."""

from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock

from segue.core.actions import Action
from segue.core.music.actions import Source
from segue.core.music.effects import SelectSource, SetVolume
from segue.core.system.actions import ActorFailed, ActorRecovered
from segue.core.vocabulary import EffectBase
from segue.runtime.inbox import Inbox
from segue.runtime.store import CoreError
from segue.runtime.supervisor import keep


def volume(n: int, level: int, room: str = "living") -> SetVolume:
    return SetVolume(effect_id=f"{n}.0", why="test", because=n, room=room, heos_player_id=1, level=level)


def select(n: int) -> SelectSource:
    return SelectSource(
        effect_id=f"{n}.0", why="t", because=n, room="living", heos_player_id=1, source=Source()
    )


async def test_only_the_newest_level_of_a_room_is_kept(autojump_clock: MockClock) -> None:
    dropped: list[EffectBase] = []
    inbox = Inbox(lambda effect, _why: dropped.append(effect))
    for n in range(5):
        inbox.put(volume(n, n))
    inbox.put(volume(9, 9, "kitchen"))
    assert [e.effect_id for e in dropped] == ["0.0", "1.0", "2.0", "3.0"]
    assert (await inbox.get()).effect_id == "4.0"
    assert (await inbox.get()).effect_id == "9.0"


async def test_what_is_not_coalesced_all_arrives_in_order(autojump_clock: MockClock) -> None:
    inbox = Inbox(lambda _e, _w: pytest.fail("nothing may be dropped"))
    for n in range(10):
        inbox.put(select(n))
    assert [(await inbox.get()).effect_id for _ in range(10)] == [f"{n}.0" for n in range(10)]


async def test_a_full_inbox_says_what_it_refused(autojump_clock: MockClock) -> None:
    dropped: list[tuple[str, str]] = []
    inbox = Inbox(lambda effect, why: dropped.append((effect.effect_id, why)), limit=3)
    for n in range(5):
        inbox.put(select(n))
    assert [i for i, _ in dropped] == ["3.0", "4.0"]
    assert "more than 3" in dropped[0][1]


async def test_an_actor_is_started_again_later_and_later(autojump_clock: MockClock) -> None:
    starts: list[float] = []
    said: list[Action] = []

    async def fragile() -> None:
        starts.append(trio.current_time())
        if len(starts) < 7:
            raise OSError("the cable is out")
        await trio.sleep_forever()

    with trio.move_on_after(200):
        await keep("fragile", fragile, said.append)
    gaps = [round(b - a) for a, b in pairwise(starts)]
    assert gaps == [1, 2, 4, 8, 15, 15]
    assert [type(a) for a in said] == [ActorFailed] * 6 + [ActorRecovered]


async def test_what_an_actor_held_gets_its_outcome(autojump_clock: MockClock) -> None:
    dropped: list[str] = []
    inbox = Inbox(lambda effect, _why: dropped.append(effect.effect_id))
    inbox.put(select(1))
    inbox.put(select(2))
    done = trio.Event()

    async def falls() -> None:
        effect = await inbox.get()
        if effect.effect_id == "1.0":
            raise ValueError("unexpected")
        inbox.done(effect)
        done.set()
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, "falls", falls, lambda _a: None, inbox)
        with trio.fail_after(60):
            await done.wait()
        nursery.cancel_scope.cancel()
    assert dropped == ["1.0"]


async def test_an_error_of_the_core_is_not_an_actors(autojump_clock: MockClock) -> None:
    async def sees_it() -> None:
        raise CoreError("music", 1, ActorRecovered("x"), ValueError("bug"))

    with pytest.raises(BaseExceptionGroup) as caught:
        await keep("sees_it", sees_it, lambda _a: pytest.fail("not an actor's failure"))
    assert caught.group_contains(CoreError)
