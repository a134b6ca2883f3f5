"""Stories of a film that is watched together, as one room lives them: the music makes way, and comes back."""

from collections.abc import Callable
from itertools import pairwise

import trio
from msgspec.structs import replace as but
from trio.testing import MockClock

from segue.core.actions import ConfigLoaded
from segue.core.music.actions import (
    HeosLinkChanged,
    HeosPlayer,
    HeosPlayersRead,
    ReceiverState,
    ReceiverStateChanged,
    Source,
    SourceChanged,
    SourceRequested,
)
from segue.core.music.effects import CommandPlayer, SelectSource
from segue.core.music.state import RoomSettings, durable, revived
from segue.core.party.home import AgentLinkChanged, HomeSeat, HomeSeatGone, HomeSeatSeen
from segue.core.party.settings import PhaseName
from segue.core.state import State
from tests.helpers.house import CD, LIVING, PID, RADIO, TV, House, open_house

CINEMA = but(LIVING, film_player="Living Room TV", film_input="inputs/tv", film_level=50)
PHONO = Source(input="inputs/phono", source_id=1027, media_id="inputs/phono")
SEAT = HomeSeat("k3x9qa", "tv-1", "Living Room TV", "lobby", film="Sunrise")
HERE = "ws://127.0.0.1:3001/ws"


def agent(house: House, up: bool = True) -> None:
    house.dispatch(AgentLinkChanged(up, HERE, "" if up else "lost"))


def party(house: House, phase: PhaseName, *, cued: bool = False, in_step: bool = True) -> None:
    seat = but(SEAT, phase=phase, cued=cued, in_step=in_step)
    house.dispatch(HomeSeatSeen(seat))


def on(source: Source, play_state: ReceiverState = "play") -> Callable[[House], None]:
    def before(house: House) -> None:
        house.source, house.play_state = source, play_state

    return before


def reconnect(house: House) -> None:
    house.dispatch(HeosLinkChanged(up=True, host="h"))
    house.dispatch(HeosPlayersRead((HeosPlayer(PID, "Living Room"),)))


def choose(house: House, source: Source) -> None:
    """Let a person choose an input at the receiver itself."""
    house.source = source
    house.dispatch(SourceChanged(PID, source))


def leave(house: House) -> None:
    house.dispatch(HomeSeatGone("k3x9qa", "tv-1"))


def verbs(house: House) -> list[str]:
    return [e.verb for _, e in house.effects if isinstance(e, CommandPlayer)]


def inputs(house: House) -> list[str]:
    return [e.source.input for _, e in house.effects if isinstance(e, SelectSource)]


def untouched(house: House) -> bool:
    """Tell that nothing was done in the room since the list of effects was last emptied."""
    return not (verbs(house) or inputs(house) or house.sent())


def bases(house: House) -> dict[str, int]:
    return dict(house.room.kept.base_levels)


def plays(house: House) -> bool:
    return house.room.activity == "playing"


def at_rest(house: House) -> bool:
    return house.room.kept.faded is None and house.room.in_flight is None


async def music_plays(house: House) -> None:
    """Let music be heard at the person's level, in a house whose agent is connected."""
    agent(house)
    house.player("playing")
    await trio.sleep(3)
    house.effects.clear()
    house.levels.clear()


async def test_a_whole_evening(autojump_clock: MockClock) -> None:
    """The music fades away, the film is heard at its level. Intermissions are soft, the end is as before."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "lobby")
        await trio.sleep(5)
        assert house.effects == []

        party(house, "gathering")
        await trio.sleep(3)
        party(house, "playing")
        assert (house.source, house.level) == (TV, 50)
        assert verbs(house) == ["pause"]
        silent_at = next(t for t, level in house.levels if level == 0)
        paused_at = next(t for t, e in house.effects if isinstance(e, CommandPlayer))
        selected_at = next(t for t, e in house.effects if isinstance(e, SelectSource))
        assert silent_at <= paused_at
        assert silent_at <= selected_at
        falling = [level for t, level in house.levels if t <= silent_at]
        assert len(falling) > 10
        assert falling == sorted(falling, reverse=True)
        await trio.sleep(3600)
        assert not plays(house)

        party(house, "intermission")
        await trio.sleep(10)
        assert (house.source, house.level) == (CD, 30)
        assert plays(house)
        assert verbs(house) == ["pause", "play"]
        await trio.sleep(100)

        party(house, "intermission", cued=True)
        await trio.sleep(10)
        assert (house.source, house.level) == (TV, 50)
        assert verbs(house) == ["pause", "play", "pause"]
        await trio.sleep(10)
        party(house, "playing")
        await trio.sleep(3600)

        party(house, "ended")
        await trio.sleep(9)
        assert house.source == TV
        await trio.sleep(20)
        assert (house.source, house.level) == (CD, 40)
        assert verbs(house) == ["pause", "play", "pause", "play"]
        assert plays(house)
        assert inputs(house) == ["inputs/tv", "inputs/cd", "inputs/tv", "inputs/cd"]
        assert bases(house)["inputs/cd"] == 40
        assert house.room.kept.yielded is None
        assert at_rest(house)
        house.effects.clear()
        leave(house)
        await trio.sleep(100)
        assert untouched(house)
        assert max(b - a for a, b in pairwise(level for _, level in house.levels)) <= 3


# ------------------------------------------------------------------ what is heard where


async def test_radio_makes_way_and_comes_back(autojump_clock: MockClock) -> None:
    """What HEOS itself streams ends by the switch, and plays again by being selected."""
    async with open_house(CINEMA, before=on(RADIO)) as house:
        agent(house)
        party(house, "playing")
        await trio.sleep(5)
        assert (house.source, house.level) == (TV, 50)
        party(house, "intermission")
        await trio.sleep(5)
        assert (house.source, house.level) == (RADIO, 30)
        party(house, "playing")
        await trio.sleep(5)
        assert (house.source, house.level) == (TV, 50)
        leave(house)
        await trio.sleep(20)
        assert (house.source, house.level) == (RADIO, 40)
        assert verbs(house) == []
        assert at_rest(house)


async def test_a_film_on_the_input_of_the_music(autojump_clock: MockClock) -> None:
    """Where both come in by one input only the level changes, and the music's own is not lost by it."""
    room = but(CINEMA, film_input="inputs/cd")
    async with open_house(room) as house:
        await music_plays(house)
        party(house, "gathering")
        await trio.sleep(5)
        assert (verbs(house), house.level) == (["pause"], 50)
        assert bases(house)["inputs/cd"] == 40
        party(house, "intermission")
        await trio.sleep(5)
        assert (verbs(house), house.level, plays(house)) == (["pause", "play"], 30, True)
        party(house, "playing")
        await trio.sleep(5)
        assert (house.level, plays(house)) == (50, False)
        leave(house)
        await trio.sleep(20)
        assert (house.level, plays(house)) == (40, True)
        assert inputs(house) == []
        assert at_rest(house)


async def test_a_film_on_the_player_of_the_music(autojump_clock: MockClock) -> None:
    """One player for everything: its starts and pauses belong to the party, and no fade of ours cuts into the film."""
    room = but(LIVING, film_level=50)
    seat = but(SEAT, device_id="plexamp-1", title="Plexamp")
    async with open_house(room, before=on(RADIO)) as house:
        agent(house)
        house.dispatch(HomeSeatSeen(but(seat, phase="gathering")))
        await trio.sleep(5)
        assert (house.source, house.level) == (CD, 50)
        house.effects.clear()
        for phase, state in (("playing", "playing"), ("paused", "paused"), ("playing", "playing")):
            house.dispatch(HomeSeatSeen(but(seat, phase=phase)))
            house.player(state)
            await trio.sleep(20)
        assert untouched(house)
        house.dispatch(HomeSeatSeen(but(seat, phase="ended")))
        house.player(None)
        await trio.sleep(30)
        assert (house.source, house.level) == (RADIO, 40)
        assert verbs(house) == []


async def test_a_room_that_is_silent_stays_silent(autojump_clock: MockClock) -> None:
    """No music before: none in the intermission and none afterwards; only the input and the level come and go."""
    async with open_house(CINEMA) as house:
        agent(house)
        house.player("paused")
        await trio.sleep(3)
        for phase in ("gathering", "playing", "intermission", "playing", "ended"):
            party(house, phase)
            await trio.sleep(20)
        assert (house.source, house.level) == (CD, 40)
        assert verbs(house) == []
        assert inputs(house) == ["inputs/tv", "inputs/cd"]


async def test_music_that_stays_away(autojump_clock: MockClock) -> None:
    """Both ways of the music back can be turned off."""
    room = but(CINEMA, intermission_music=False, restore_music=False)
    async with open_house(room) as house:
        await music_plays(house)
        for phase in ("gathering", "playing", "intermission", "playing", "ended"):
            party(house, phase)
            await trio.sleep(20)
        assert (house.source, house.level) == (CD, 40)
        assert verbs(house) == ["pause"]
        assert inputs(house) == ["inputs/tv", "inputs/cd"]


async def test_a_room_without_a_receiver(autojump_clock: MockClock) -> None:
    """Then music is paused and played, and that is all."""
    room = RoomSettings("living", plex_player="plexamp-1", film_player="Living Room TV")
    async with open_house(room) as house:
        await music_plays(house)
        phases: tuple[tuple[PhaseName, bool], ...] = (
            ("playing", False),
            ("intermission", True),
            ("ended", True),
        )
        for phase, heard in phases:
            party(house, phase)
            await trio.sleep(20)
            assert plays(house) is heard
        assert inputs(house) == []
        assert house.sent() == []


async def test_nothing_exceeds_the_limit(autojump_clock: MockClock) -> None:
    """`max_level` binds a party as it binds everybody."""
    room = but(CINEMA, max_level=35, film_level=50, intermission_level=45)
    async with open_house(room) as house:
        house.turn_knob(20)
        await music_plays(house)
        for phase in ("gathering", "playing", "intermission", "playing", "ended"):
            party(house, phase)
            await trio.sleep(20)
        assert max(house.sent()) == 35
        assert house.level == 20


# ------------------------------------------------------------------ what is left alone


async def test_a_film_never_leaves_a_television_that_is_not_ours(autojump_clock: MockClock) -> None:
    """Somebody watches something else on another input: a party in the room is no reason to take it away."""
    game = Source(input="inputs/game", source_id=1027, media_id="inputs/game")
    async with open_house(CINEMA, before=on(game)) as house:
        await music_plays(house)
        for phase in ("gathering", "playing", "intermission", "playing", "ended"):
            party(house, phase)
            await trio.sleep(20)
        assert untouched(house)
        assert any("left alone for the film" in text for text in house.said)


async def test_a_party_wakes_no_receiver(autojump_clock: MockClock) -> None:
    """HEOS says `stopped` of a receiver in standby; only who sets it has it woken."""
    async with open_house(CINEMA, before=on(CD, "stop")) as house:
        agent(house)
        party(house, "playing")
        await trio.sleep(20)
        assert untouched(house)
    waking = but(CINEMA, take_over="always", wake=True)
    async with open_house(waking, before=on(CD, "stop")) as house:
        agent(house)
        party(house, "playing")
        await trio.sleep(20)
        assert inputs(house) == ["inputs/tv"]


async def test_a_receiver_that_was_switched_off_is_not_woken_at_the_end(autojump_clock: MockClock) -> None:
    """Whoever switches the sound off during the film has it off afterwards."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        house.play_state = "stop"
        house.dispatch(ReceiverStateChanged(PID, "stop"))
        leave(house)
        await trio.sleep(30)
        assert inputs(house) == ["inputs/tv"]
        assert verbs(house) == ["pause"]
        assert house.room.kept.yielded is None


async def test_take_over_never_is_never(autojump_clock: MockClock) -> None:
    """The music is paused all the same: it would be heard over the film."""
    async with open_house(but(CINEMA, take_over="never")) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        assert (inputs(house), verbs(house), house.level) == ([], ["pause"], 40)
        leave(house)
        await trio.sleep(20)
        assert (inputs(house), verbs(house), house.level) == ([], ["pause", "play"], 40)


async def test_a_player_of_another_room_is_no_concern(autojump_clock: MockClock) -> None:
    async with open_house(CINEMA) as house:
        await music_plays(house)
        house.dispatch(HomeSeatSeen(but(SEAT, device_id="tv-2", title="Bedroom TV", phase="playing")))
        await trio.sleep(20)
        assert untouched(house)


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


async def test_a_killed_daemon_goes_on_with_the_party(autojump_clock: MockClock) -> None:
    """What is ours is known to the next process; nothing is given back before the orchestrator was heard."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        kept = durable(house.store.state.music)

    def before(house: House) -> None:
        house.source, house.level = TV, 50
        house.player_at_once("paused")

    async with open_house(CINEMA, state=State(music=revived(kept)), before=before) as house:
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
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        kept = durable(house.store.state.music)

    def before(house: House) -> None:
        house.source, house.level = TV, 50
        house.player_at_once("paused")

    async with open_house(CINEMA, state=State(music=revived(kept)), before=before) as house:
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
