"""Short stories of an evening, under virtual time: what happened, and what the house did about it."""

from itertools import pairwise

import trio

from segue.core.music.actions import FadeRequested, PauseRequested, PlayRequested, VolumeRequested
from segue.core.music.effects import CommandPlayer, SelectSource, SetVolume
from tests.helpers.house import CD, RADIO, TV, open_house


async def test_a_start_fades_in_to_the_persons_level(autojump_clock: trio.testing.MockClock) -> None:
    """The player starts: the level goes down at once and comes back in a second, one command at a time."""
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(3)
        sent = house.sent()
        assert sent[0] <= 1
        assert sent == sorted(sent)
        assert sent[-1] == 40
        assert max(b - a for a, b in pairwise(sent)) <= 2
        assert len(sent) <= 45
        assert house.levels[-1][0] - house.levels[0][0] <= 1.1
        assert house.room.kept.faded is None
        assert dict(house.room.kept.base_levels)["inputs/cd"] == 40


async def test_a_pause_through_segue_fades_out_and_restores(autojump_clock: trio.testing.MockClock) -> None:
    """Fade out, then pause, then the level comes back in one step once the pause is observed."""
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(3)
        house.effects.clear()
        step = house.dispatch(PauseRequested("living"))
        assert step.acceptance is not None
        await trio.sleep(3)
        kinds = [type(e).__name__ for _, e in house.effects]
        pause = kinds.index("CommandPlayer")
        before, after = house.effects[:pause], house.effects[pause + 1 :]
        assert [e.level for _, e in before if isinstance(e, SetVolume)][-1] == 0
        assert [e.level for _, e in after if isinstance(e, SetVolume)] == [40]
        assert house.level == 40
        house.effects.clear()
        house.dispatch(PlayRequested("-"))
        await trio.sleep(3)
        assert house.sent()[0] == 0
        assert house.sent()[-1] == 40
        assert any(isinstance(e, CommandPlayer) for _, e in house.effects)


async def test_the_person_wins_during_a_fade(autojump_clock: trio.testing.MockClock) -> None:
    """A knob turned while the level is moving ends the fade; the level is the new base."""
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(0.5)
        house.turn_knob(55)
        count = len(house.sent())
        await trio.sleep(3)
        assert house.level == 55
        assert len(house.sent()) - count <= 1
        assert dict(house.room.kept.base_levels)["inputs/cd"] == 55
        assert house.room.kept.faded is None


async def test_a_start_takes_over_from_the_radio_and_gives_back(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The radio fades away, the input is selected in silence, the player fades in; later the radio comes back."""

    def radio(house: object) -> None:
        house.source = RADIO  # type: ignore[attr-defined]

    async with open_house(before=radio) as house:
        house.player("playing")
        await trio.sleep(5)
        selects = [(t, e) for t, e in house.effects if isinstance(e, SelectSource)]
        assert [e.source.input for _, e in selects] == ["inputs/cd"]
        at_select = [lv for t, lv in house.levels if t <= selects[0][0]][-1]
        assert at_select == 0
        assert house.level == 40
        house.player(None)
        await trio.sleep(20)
        assert house.source == RADIO
        assert house.level == 40


async def test_a_start_never_leaves_the_television(autojump_clock: trio.testing.MockClock) -> None:
    """Somebody watches television: the player starts, and nothing is touched."""

    def television(house: object) -> None:
        house.source = TV  # type: ignore[attr-defined]

    async with open_house(before=television) as house:
        house.player("playing")
        await trio.sleep(5)
        assert house.sent() == []
        assert house.source == TV
        assert any("left alone" in text for text in house.said)


async def test_going_on_to_the_next_track_is_no_start(autojump_clock: trio.testing.MockClock) -> None:
    """The player goes from one track to the next under one session key: the level does not move."""
    async with open_house() as house:
        house.player("playing", "100")
        await trio.sleep(3)
        house.effects.clear()
        house.player("playing", "101")
        await trio.sleep(3)
        assert house.sent() == []
        assert [p.told.rating_key for p in house.store.state.music.plays] == ["101"]
        assert house.source == CD


async def test_a_fade_asked_for_is_the_new_base(autojump_clock: trio.testing.MockClock) -> None:
    async with open_house() as house:
        house.dispatch(FadeRequested("living", 20, 2.0))
        await trio.sleep(1)
        assert 28 <= house.level <= 32
        await trio.sleep(2)
        assert house.level == 20
        assert house.room.kept.faded is None


async def test_a_level_above_the_limit_is_refused(autojump_clock: trio.testing.MockClock) -> None:
    async with open_house() as house:
        step = house.dispatch(VolumeRequested("living", 80))
        assert step.refusal is not None
        assert step.refusal.code == "above_max_level"
        assert house.sent() == []
