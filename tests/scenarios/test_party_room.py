"""Stories of a film that is watched together, as one room lives them: the music makes way, and comes back."""

from itertools import pairwise

import trio
from msgspec.structs import replace as but
from trio.testing import MockClock

from segue.core.music.actions import (
    ReceiverStateChanged,
    Source,
)
from segue.core.music.effects import CommandPlayer, SelectSource
from segue.core.music.state import RoomSettings
from segue.core.party.home import HomeSeatSeen
from segue.core.party.settings import PhaseName
from segue.interfaces.moment import Moment
from segue.interfaces.views import rooms
from segue.runtime.rows import decoded, encoded
from segue.runtime.why import explain
from tests.helpers.house import CD, LIVING, PID, RADIO, TV, open_house
from tests.helpers.party_room import (
    CINEMA,
    PHONO,
    SEAT,
    agent,
    at_rest,
    bases,
    choose,
    inputs,
    leave,
    music_plays,
    on,
    party,
    plays,
    untouched,
    verbs,
)


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


async def test_why_tells_how_it_came(autojump_clock: MockClock) -> None:
    """Every act leads back to the party's own news, by the rule that bears the sentence."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)
        party(house, "intermission")
        await trio.sleep(20)
        leave(house)
        await trio.sleep(30)
        acts = explain([decoded(encoded(entry)) for entry in house.journal.entries], limit=50).acts
        told = {(act.why, act.act): act for act in acts}
        film = told["film_begins", "source inputs/tv"]
        assert [cause.text for cause in film.because] == [
            'living makes way for "Sunrise" of party k3x9qa',
            "Living Room TV is in party k3x9qa: playing",
        ]
        assert film.because[0].rule == "music_yields_to_party"
        music = told["intermission_begins", "source inputs/cd"]
        assert music.because[0].text == 'living has an intermission of "Sunrise" in party k3x9qa'
        home = next(act for act in acts if act.why == "party_is_over")
        assert [cause.text for cause in home.because] == [
            "living is in no party any more",
            "our player is out of party k3x9qa",
        ]


async def test_the_room_shows_its_party(autojump_clock: MockClock) -> None:
    """What a reader of the API sees; a room that was let go says so."""
    async with open_house(CINEMA) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(20)

        def shown() -> object:
            (room,) = rooms(house.store.state, Moment(0.0, 0.0))["rooms"]
            return room["party"]

        film = {"party_id": "k3x9qa", "film": "Sunrise", "scene": "film", "held": True}
        assert shown() == film
        choose(house, PHONO)
        assert shown() == {**film, "held": False}
        leave(house)
        assert shown() is None


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


async def test_the_input_is_back_ten_seconds_before_the_film(autojump_clock: MockClock) -> None:
    """It is cued twenty seconds before its release; not even a room that fades for half a minute is late."""
    async with open_house(but(CINEMA, fade_out_s=30.0)) as house:
        await music_plays(house)
        party(house, "playing")
        await trio.sleep(60)
        party(house, "intermission")
        await trio.sleep(60)
        assert house.source == CD
        party(house, "intermission", cued=True)
        await trio.sleep(10)
        assert (house.room.receiver.observed_source, plays(house)) == (TV, False)


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
