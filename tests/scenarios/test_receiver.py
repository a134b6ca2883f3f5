"""Stories of a room and its receiver, under virtual time: what is unknown, what fails, and who is right."""

from itertools import pairwise

import pytest
import trio
from msgspec.structs import replace as but
from trio.testing import MockClock

from segue.core.actions import ConfigLoaded
from segue.core.music.actions import (
    FadeRequested,
    HeosLinkChanged,
    HeosPlayer,
    HeosPlayersRead,
    MuteRequested,
    PauseRequested,
    SourceChanged,
    SourceRequested,
    StopRequested,
    VolumeRequested,
    VolumeStepRequested,
)
from segue.core.music.effects import CommandPlayer, SelectSource, SetMute, SetVolume
from segue.core.music.state import MusicSettings, RoomSettings, durable, revived
from segue.core.state import State
from tests.helpers.house import CD, LIVING, PID, RADIO, TV, House, open_house

STEP_UP_MAX = 3


def steps_up(house: House) -> int:
    """Give the largest step upwards that was sent."""
    return max((b - a for a, b in pairwise([lv for _, lv in house.levels])), default=0)


def pid_of(house: House) -> int | None:
    return house.room.receiver.heos_player_id


def on(source: object, play_state: str = "play") -> object:
    def before(house: House) -> None:
        house.source, house.play_state = source, play_state  # type: ignore[assignment]

    return before


async def test_a_link_that_drops_in_a_fade_brings_the_level_home(autojump_clock: MockClock) -> None:
    """Said once when gone and once when back; and the way up is in small steps."""
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(0.5)
        house.dispatch(HeosLinkChanged(up=False, host="h", reason="reset"))
        stuck_at = house.level
        assert 5 < stuck_at < 35
        await trio.sleep(5)
        assert house.level == stuck_at
        house.dispatch(HeosLinkChanged(up=True, host="h"))
        house.dispatch(HeosPlayersRead((HeosPlayer(PID, "Living Room"),)))
        await trio.sleep(5)
        assert house.level == 40
        assert house.room.kept.faded is None
        assert steps_up(house) <= STEP_UP_MAX
        assert len([text for text in house.said if "gone" in text or "is connected" in text]) == 2


async def test_a_level_turned_while_the_link_was_down_is_the_persons(autojump_clock: MockClock) -> None:
    """A level outside of the span of our fade cannot be ours, so it is adopted and not undone."""
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(0.5)
        house.dispatch(HeosLinkChanged(up=False, host="h", reason="reset"))
        house.level = 52
        house.dispatch(HeosLinkChanged(up=True, host="h"))
        house.dispatch(HeosPlayersRead((HeosPlayer(PID, "Living Room"),)))
        await trio.sleep(5)
        assert house.level == 52
        assert dict(house.room.kept.base_levels)["inputs/cd"] == 52


async def test_a_killed_daemon_finds_the_level_and_mends_it(autojump_clock: MockClock) -> None:
    """The next process has only what was durable, and that is enough."""
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(0.5)
        kept, level = durable(house.store.state.music), house.level
        assert 5 < level < 35
    fresh = State(music=revived(kept))
    async with open_house(state=fresh, before=lambda h: setattr(h, "level", level)) as house:
        await trio.sleep(3)
        assert house.level == 40
        assert house.room.kept.faded is None


async def test_a_knob_above_the_limit_is_observed_and_left(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.turn_knob(80)
        await trio.sleep(5)
        assert house.level == 80
        assert house.sent() == []
        assert dict(house.room.kept.base_levels)["inputs/cd"] == 60
        house.player("playing")
        await trio.sleep(3)
        assert house.level == 60
        assert max(house.sent()) == 60


async def test_a_step_of_the_knob_in_the_middle_of_a_fade_out_is_seen(autojump_clock: MockClock) -> None:
    """Even a level that the fade has passed already is a person's, once its echo has come by."""
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(3)
        house.dispatch(FadeRequested("living", 0, 2.0))
        await trio.sleep(1.2)
        passed = house.level + 9
        house.turn_knob(passed)
        await trio.sleep(3)
        assert house.level == passed
        assert dict(house.room.kept.base_levels)["inputs/cd"] == passed


async def test_a_volume_asked_for_during_a_fade_to_pause_pauses_at_once(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(3)
        house.effects.clear()
        house.dispatch(PauseRequested("living"))
        await trio.sleep(0.4)
        house.dispatch(VolumeRequested("living", 25))
        await trio.sleep(2)
        assert house.level == 25
        assert [e.verb for _, e in house.effects if isinstance(e, CommandPlayer)] == ["pause"]
        assert house.room.activity == "paused"


async def test_a_pause_that_nobody_obeys_brings_the_sound_back(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(3)
        house.obeys = False
        house.dispatch(PauseRequested("living"))
        await trio.sleep(3)
        assert house.level == 0
        await trio.sleep(6)
        assert house.level == 40
        assert steps_up(house) <= STEP_UP_MAX
        assert any("still not paused" in text for text in house.said)


async def test_a_stop_through_segue_fades_out_and_restores(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(3)
        house.dispatch(StopRequested("living"))
        await trio.sleep(3)
        assert house.room.activity == "stopped"
        assert house.level == 40


async def test_a_pause_at_the_player_itself_touches_no_level(autojump_clock: MockClock) -> None:
    """The news comes when it is silent already: nothing to fade, and the resume fades in."""
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(3)
        house.effects.clear()
        house.player("paused")
        await trio.sleep(5)
        assert house.sent() == []
        house.player("playing")
        await trio.sleep(3)
        assert house.sent()[0] <= 1
        assert house.level == 40


async def test_a_seek_is_no_start(autojump_clock: MockClock) -> None:
    """Some players report a pause and a play for it, a moment apart."""
    async with open_house() as house:
        house.player("playing")
        await trio.sleep(3)
        house.effects.clear()
        house.player("paused")
        await trio.sleep(0.3)
        house.player("playing")
        await trio.sleep(3)
        assert house.sent() == []


@pytest.mark.parametrize(
    ("settings", "source", "play_state", "taken"),
    [
        ({}, RADIO, "play", True),
        ({}, but(CD, input="inputs/phono"), "play", True),
        ({}, TV, "play", False),
        ({}, RADIO, "stop", False),
        ({}, TV, "stop", False),
        ({"trust_idle": True}, RADIO, "stop", True),
        ({"take_over": "never"}, RADIO, "play", False),
        ({"take_over": "always"}, TV, "play", True),
        ({"take_over": "always"}, TV, "stop", False),
        ({"take_over": "always", "wake": True}, TV, "stop", True),
        ({"music_inputs": ("inputs/tv",)}, TV, "play", True),
    ],
)
async def test_who_is_taken_over_from(
    autojump_clock: MockClock, settings: dict[str, object], source: object, play_state: str, taken: bool
) -> None:
    """A start leaves alone what may be television or standby; settings say otherwise."""
    async with open_house(but(LIVING, **settings), before=on(source, play_state)) as house:  # type: ignore[arg-type]
        house.player("playing")
        await trio.sleep(5)
        assert any(isinstance(e, SelectSource) for _, e in house.effects) == taken
        if not taken:
            assert house.sent() == []


async def test_the_input_is_selected_at_the_lower_of_two_levels(autojump_clock: MockClock) -> None:
    """Without a fade too: never is a loud level heard from the quieter source, or the other way round."""
    room = but(LIVING, fade_in_s=0.0, fade_out_s=0.0)
    for radio, cd in ((50, 20), (20, 50)):
        async with open_house(room) as house:
            house.turn_knob(cd)
            house.source = RADIO
            house.dispatch(SourceChanged(PID, RADIO))
            house.turn_knob(radio)
            house.player("playing")
            await trio.sleep(5)
            select = next(t for t, e in house.effects if isinstance(e, SelectSource))
            before = [e.level for t, e in house.effects if isinstance(e, SetVolume) and t <= select]
            assert (before or [radio])[-1] == min(radio, cd)
            assert house.level == cd


async def test_a_person_who_chooses_an_input_is_not_sent_back(autojump_clock: MockClock) -> None:
    """The room was borrowed from the radio; somebody turns to the television: there is nothing to give back."""
    async with open_house(before=on(RADIO)) as house:  # type: ignore[arg-type]
        house.player("playing")
        await trio.sleep(5)
        house.source = TV
        house.dispatch(SourceChanged(PID, TV))
        house.player(None)
        await trio.sleep(30)
        assert house.source == TV
        assert house.room.kept.borrowed is None


async def test_an_input_that_never_shows_is_given_up(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.store._owners["heos_controller"] = lambda effect: (
            house.effects.append((trio.current_time(), effect))
            if isinstance(effect, SelectSource)
            else house._carry_out(effect)
        )
        house.dispatch(SourceRequested("living", "tv"))
        await trio.sleep(20)
        assert any("could not be selected" in text for text in house.said)
        assert house.level == 40
        assert house.room.kept.faded is None


async def test_a_start_level_is_where_each_start_goes(autojump_clock: MockClock) -> None:
    async with open_house(but(LIVING, start_level=25)) as house:
        house.turn_knob(50)
        house.player("playing")
        await trio.sleep(3)
        assert house.level == 25
        house.turn_knob(33)
        house.player("paused")
        await trio.sleep(3)
        house.player("playing")
        await trio.sleep(3)
        assert house.level == 33


async def test_fades_that_are_switched_off_do_not_happen(autojump_clock: MockClock) -> None:
    async with open_house(but(LIVING, fade_on=())) as house:
        house.player("playing")
        await trio.sleep(3)
        house.dispatch(PauseRequested("living"))
        await trio.sleep(3)
        assert house.sent() == []
        assert house.room.activity == "paused"


async def test_a_slow_device_gets_a_longer_fade_and_small_steps(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.rtt_s = 0.1
        house.dispatch(FadeRequested("living", 10, 1.0))
        await trio.sleep(5)
        house.effects.clear()
        house.levels.clear()
        house.dispatch(FadeRequested("living", 50, 1.0))
        began = trio.current_time()
        await trio.sleep(5)
        assert house.level == 50
        assert house.levels[-1][0] - began <= 2.2
        assert steps_up(house) <= STEP_UP_MAX
        assert len(house.sent()) <= 22


async def test_mute_is_the_other_one_when_nothing_is_said(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.dispatch(MuteRequested("living"))
        await trio.sleep(1)
        assert house.muted
        house.dispatch(MuteRequested("living"))
        await trio.sleep(1)
        assert [e.muted for _, e in house.effects if isinstance(e, SetMute)] == [True, False]


async def test_steps_stop_at_the_limit(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        for _ in range(20):
            house.dispatch(VolumeStepRequested("living", "up"))
            await trio.sleep(0.2)
        assert house.level == 60
        step = house.dispatch(VolumeStepRequested("living", "up"))
        assert step.acceptance is not None
        assert "limit" in step.acceptance.doing


async def test_a_lower_limit_moves_nothing_by_itself(autojump_clock: MockClock) -> None:
    """A reload never jumps in volume; the new limit holds for what is sent from now on."""
    async with open_house() as house:
        house.dispatch(ConfigLoaded(MusicSettings(rooms=(but(LIVING, max_level=30),), plex_configured=True)))
        await trio.sleep(5)
        assert house.sent() == []
        assert house.level == 40
        house.player("playing")
        await trio.sleep(3)
        assert house.level == 30


async def test_a_room_that_comes_back_remembers_its_levels(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.turn_knob(47)
        house.dispatch(ConfigLoaded(MusicSettings(rooms=(), plex_configured=True)))
        assert dict(house.store.state.music.kept_elsewhere)["living"].base_levels
        house.dispatch(ConfigLoaded(house.settings))
        await trio.sleep(2)
        assert dict(house.room.kept.base_levels)["inputs/cd"] == 47


async def test_a_player_that_got_another_id_is_found_by_its_name(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        house.dispatch(HeosPlayersRead((HeosPlayer(99, "living room"),)))
        assert pid_of(house) == 99
        house.dispatch(HeosPlayersRead((HeosPlayer(7, "Kitchen"),)))
        assert pid_of(house) is None
        assert any("Kitchen" in text for text in house.said)


async def test_two_rooms_do_not_disturb_each_other(autojump_clock: MockClock) -> None:
    kitchen = RoomSettings("kitchen", heos_player="Kitchen", max_level=70)
    async with open_house() as house:
        both = MusicSettings(rooms=(LIVING, kitchen), plex_configured=True)
        house.dispatch(ConfigLoaded(both))
        house.player("playing")
        await trio.sleep(0.3)
        refusal = house.dispatch(VolumeRequested("-", 5)).refusal
        assert refusal is not None
        assert refusal.code == "which_room"
        assert "kitchen" in refusal.hint
        refusal = house.dispatch(VolumeRequested("kitchen", 5)).refusal
        assert refusal is not None
        assert refusal.code == "receiver_unavailable"
        await trio.sleep(3)
        assert house.level == 40
