"""Stories of a film that is watched together, as one room lives them: people, and what goes wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from msgspec.structs import replace as but
from trio.testing import MockClock

from segue.core.actions import ConfigLoaded
from segue.core.music.actions import (
    HeosLinkChanged,
    Source,
    SourceRequested,
)
from segue.core.music.state import durable, revived
from segue.core.party.home import AgentLinkChanged
from segue.core.state import State
from tests.helpers.house import CD, TV, House, open_house
from tests.helpers.party_room import (
    CINEMA,
    PHONO,
    agent,
    at_rest,
    bases,
    choose,
    inputs,
    leave,
    music_plays,
    party,
    plays,
    reconnect,
    untouched,
    verbs,
)

# ------------------------------------------------------------------ people


async def test_a_knob_turned_in_the_film_stands(autojump_clock: MockClock) -> None:
    """The level is the person's from then on, for the rest of the party as well; the music's own is another."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        house.turn_knob(35)
        house.effects.clear()
        await trio.sleep(20)
        assert house.sent() == []
        party(house, "intermission")
        await trio.sleep(20)
        assert house.level == 30
        party(house, "playing")
        await trio.sleep(20)
        assert house.level == 35
        leave(house)
        await trio.sleep(20)
        assert house.level == 40
        assert bases(house) == {"inputs/cd": 40, "inputs/tv": 35}


async def test_a_knob_turned_while_the_music_fades_away(autojump_clock: MockClock) -> None:
    """The person wins and the film is heard at their level; what was to follow follows at once."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "gathering")
        await trio.sleep(0.5)
        house.turn_knob(44)
        await trio.sleep(10)
        assert (house.source, house.level) == (TV, 44)
        assert verbs(house) == ["pause"]
        assert bases(house)["inputs/tv"] == 44


async def test_an_input_chosen_by_hand_ends_all_claims(autojump_clock: MockClock) -> None:
    """From then on nothing of this party is done in the room, and nothing is given back."""
    for phase in ("playing", "intermission"):
        async with open_house(CINEMA) as house:
            await music_plays(house)
            party(house, "playing")
            await trio.sleep(20)
            party(house, phase)
            await trio.sleep(20)
            choose(house, PHONO)
            house.effects.clear()
            for later in ("playing", "intermission", "playing", "ended"):
                party(house, later)
                await trio.sleep(20)
            leave(house)
            await trio.sleep(60)
            assert house.source == PHONO
            assert inputs(house) == verbs(house) == []
            assert house.room.kept.yielded is None
            party(house, "gathering")
            await trio.sleep(20)
            assert house.source == TV


async def test_an_input_asked_for_is_chosen_by_hand_too(autojump_clock: MockClock) -> None:
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        house.dispatch(SourceRequested("living", "phono"))
        await trio.sleep(20)
        house.effects.clear()
        leave(house)
        await trio.sleep(60)
        assert house.source.input == "inputs/phono"
        assert inputs(house) == verbs(house) == []


async def test_music_stopped_by_hand_in_the_intermission_stays_silent(autojump_clock: MockClock) -> None:
    """Nobody who pressed pause wants it back an hour later; the input still comes and goes."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        party(house, "intermission")
        await trio.sleep(20)
        house.player("paused")
        await trio.sleep(20)
        assert house.source == CD
        for phase in ("playing", "intermission", "playing", "ended"):
            party(house, phase)
            await trio.sleep(20)
        assert verbs(house) == ["pause", "play"]
        assert (house.source, house.level) == (CD, 40)


async def test_a_viewer_who_stepped_away_finds_all_as_it_was(autojump_clock: MockClock) -> None:
    """Stepping away changes nothing in the room; and hours later no music starts for somebody who is asleep."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        house.effects.clear()
        party(house, "playing", in_step=False)
        await trio.sleep(20)
        party(house, "intermission", in_step=False)
        await trio.sleep(100)
        assert untouched(house)
        party(house, "ended", in_step=False)
        await trio.sleep(30)
        assert (house.source, house.level, plays(house)) == (CD, 40, False)


async def test_who_never_took_part_hears_nothing_of_it(autojump_clock: MockClock) -> None:
    """A seat that waits to be asked, or lacks the film, is none that music has to yield to."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        for phase in ("gathering", "playing", "intermission", "ended"):
            party(house, phase, in_step=False)
            await trio.sleep(20)
        assert untouched(house)


async def test_a_viewer_who_left_in_the_intermission_is_fetched_back(autojump_clock: MockClock) -> None:
    """The room is the film's again as soon as the player is cued."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        party(house, "intermission")
        await trio.sleep(20)
        party(house, "intermission", in_step=False)
        await trio.sleep(20)
        assert (house.source, plays(house)) == (CD, True)
        party(house, "intermission", in_step=False, cued=True)
        await trio.sleep(10)
        assert (house.source, plays(house)) == (TV, False)


# ------------------------------------------------------------------ what goes wrong


async def test_a_lost_orchestrator_changes_nothing(autojump_clock: MockClock) -> None:
    """The players play on, so the rooms stay as they are, for as long as it takes."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        house.effects.clear()
        agent(house, up=False)
        await trio.sleep(4000)
        agent(house)
        party(house, "playing")
        await trio.sleep(20)
        assert untouched(house)


async def test_an_agent_that_is_switched_off_gives_everything_back(autojump_clock: MockClock) -> None:
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        house.dispatch(AgentLinkChanged(up=False, orchestrator=""))
        await trio.sleep(20)
        assert (house.source, house.level, plays(house)) == (CD, 40, True)


@asynccontextmanager
async def killed_in_the_film() -> AsyncIterator[House]:
    """Kill the daemon in the middle of a film; gives the house of the next process, which finds what was left."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        kept = durable(house.store.state.music)

    def before(house: House) -> None:
        house.source, house.level = TV, 50
        house.player_at_once("paused")

    async with open_house(CINEMA, state=State(music=revived(kept)), before=before) as house:
        yield house


async def test_a_killed_daemon_goes_on_with_the_party(autojump_clock: MockClock) -> None:
    """What is ours is known to the next process; nothing is given back before the orchestrator was heard."""
    async with killed_in_the_film() as house:
        agent(house, up=False)
        await trio.sleep(500)
        assert untouched(house)
        agent(house)
        party(house, "playing")
        await trio.sleep(100)
        assert untouched(house)
        leave(house)
        await trio.sleep(20)
        assert (house.source, house.level, plays(house)) == (CD, 40, True)


async def test_a_party_that_ended_while_the_daemon_was_away(autojump_clock: MockClock) -> None:
    """The orchestrator knows of no party any more: everything goes back, once."""
    async with killed_in_the_film() as house:
        agent(house)
        await trio.sleep(120)
        assert (house.source, house.level, plays(house)) == (CD, 40, True)
        assert inputs(house) == ["inputs/cd"]
        assert house.room.kept.yielded is None


async def test_a_daemon_killed_at_any_moment_of_the_change(autojump_clock: MockClock) -> None:
    """However far it had come, the next process brings it to its end, and the music's level is never lost."""
    for tenths in range(30):
        async with open_house(CINEMA) as house:
            await music_plays(house)
            party(house, "playing")
            await trio.sleep(tenths / 10)
            kept = durable(house.store.state.music)
            left = house.source, house.level, house.room.activity

        def before(house: House, left: tuple[Source, int, str] = left) -> None:
            house.source, house.level, _ = left
            house.player_at_once("playing" if left[2] == "playing" else "paused")

        async with open_house(CINEMA, state=State(music=revived(kept)), before=before) as house:
            agent(house)
            party(house, "playing")
            await trio.sleep(30)
            assert (house.source, house.level, plays(house)) == (TV, 50, False), tenths
            leave(house)
            await trio.sleep(30)
            assert (house.source, house.level, plays(house)) == (CD, 40, True), tenths
            assert bases(house)["inputs/cd"] == 40
            assert at_rest(house)


async def test_a_daemon_killed_while_everything_goes_back(autojump_clock: MockClock) -> None:
    """The input and the music are given back, once, by whichever process is there."""
    for tenths in range(99, 130):
        async with open_house(CINEMA) as house:
            await music_plays(house)
            party(house, "playing")
            await trio.sleep(20)
            leave(house)
            await trio.sleep(tenths / 10)
            kept = durable(house.store.state.music)
            left = house.source, house.level, house.room.activity

        def before(house: House, left: tuple[Source, int, str] = left) -> None:
            house.source, house.level, _ = left
            house.player_at_once("playing" if left[2] == "playing" else "paused")

        async with open_house(CINEMA, state=State(music=revived(kept)), before=before) as house:
            agent(house)
            await trio.sleep(120)
            assert (house.source, house.level, plays(house)) == (CD, 40, True), tenths
            assert len(inputs(house)) == (0 if left[0] == CD else 1)
            assert house.room.kept.yielded is None


async def test_a_reload_in_the_middle_of_a_party(autojump_clock: MockClock) -> None:
    """Nothing jumps; a room that loses its film player gives everything back."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        house.effects.clear()
        louder = but(CINEMA, film_level=58)
        house.dispatch(ConfigLoaded(but(house.settings, rooms=(louder,))))
        await trio.sleep(20)
        assert untouched(house)
        house.dispatch(ConfigLoaded(but(house.settings, rooms=(but(CINEMA, film_player=""),))))
        await trio.sleep(20)
        assert (house.level, plays(house)) == (40, True)


async def test_a_receiver_that_comes_late_is_arranged_then(autojump_clock: MockClock) -> None:
    """Without its receiver a room's music is paused at least; the rest follows when it is back."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        house.dispatch(HeosLinkChanged(up=False, host="h", reason="reset"))
        party(house, "playing")
        await trio.sleep(20)
        assert (verbs(house), house.source) == (["pause"], CD)
        reconnect(house)
        await trio.sleep(20)
        assert (house.source, house.level) == (TV, 50)
        house.dispatch(HeosLinkChanged(up=False, host="h", reason="reset"))
        leave(house)
        await trio.sleep(20)
        assert verbs(house) == ["pause", "play"]
        reconnect(house)
        await trio.sleep(20)
        assert (house.source, house.level, plays(house)) == (CD, 40, True)


async def test_an_input_chosen_while_the_link_was_down_stands(autojump_clock: MockClock) -> None:
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        house.dispatch(HeosLinkChanged(up=False, host="h", reason="reset"))
        house.source = PHONO
        reconnect(house)
        await trio.sleep(20)
        house.effects.clear()
        leave(house)
        await trio.sleep(30)
        assert house.source == PHONO
        assert inputs(house) == verbs(house) == []


async def test_scenes_that_change_faster_than_a_receiver(autojump_clock: MockClock) -> None:
    """Whatever came in between, what is wanted last is what is heard."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        for gap_s in (0.05, 0.3, 0.8, 1.1, 1.4):
            for phase in ("playing", "intermission", "playing", "intermission", "playing"):
                party(house, phase)
                await trio.sleep(gap_s)
            await trio.sleep(20)
            assert (house.source, house.level, plays(house)) == (TV, 50, False), gap_s
        leave(house)
        await trio.sleep(5)
        party(house, "playing")
        await trio.sleep(20)
        assert house.source == TV
        leave(house)
        await trio.sleep(30)
        assert (house.source, house.level, plays(house)) == (CD, 40, True)


async def test_a_player_that_does_not_play_again_brings_the_level_home(autojump_clock: MockClock) -> None:
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        house.obeys = False
        leave(house)
        await trio.sleep(60)
        assert (house.source, house.level) == (CD, 40)
        assert any("still not playing" in text for text in house.said)
        assert house.room.kept.yielded is None
