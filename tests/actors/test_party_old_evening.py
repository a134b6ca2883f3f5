"""Whatever a party does, a player of the old protocol ends where the film is: core and translation, against a model."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.actors.party_old_players import OldPlayers
from segue.core.party import reducer
from segue.core.party import requests as ask
from segue.core.party.effects import PublishState
from segue.interfaces import party_translation as translation
from segue.interfaces.party_old_protocol import OldCommand, decode_old_command
from segue.interfaces.party_protocol import DeviceBody
from tests.core.party.evening import FILM, Evening

TV = DeviceBody("ann-tv", "ann's TV")
NEXT = type(FILM)(duration_ms=5_400_000, filename="Next.mkv")
NEAR_S = 0.3
"""What a player of the old protocol may be off without being sent anywhere, and a little."""


class OldPlayer:
    """What that client makes of commands: PLAY of a film that is loaded only goes on; others need it to be loaded."""

    def __init__(self) -> None:
        self.film = ""
        self.playing = False
        self._position_s, self._since = 0.0, 0.0
        self.commands: list[str] = []

    def position_s(self, now_at: float) -> float:
        return self._position_s + (now_at - self._since if self.playing else 0.0)

    def do(self, command: OldCommand, now_at: float) -> None:
        self.commands.append(command.verb)
        self._position_s, self._since = self.position_s(now_at), now_at
        is_loaded = self.film == command.filename
        match command.verb:
            case "play" if is_loaded:
                self.playing = True
            case "play":
                self.film, self.playing = command.filename, True
                self._position_s = command.position_ms / 1000
            case "pause" if is_loaded:
                self.playing = False
            case "seek" if is_loaded:
                self._position_s = command.position_ms / 1000
            case "stop" if is_loaded:
                self.film, self.playing = "", False


class OldHome:
    """A party, and a home of the old protocol that is in it."""

    def __init__(self) -> None:
        self.evening = Evening()
        self.party_id = self.evening.create(FILM, NEXT, host="ann")
        self.evening.connect("ann", protocol="old")
        self.players = OldPlayers()
        self.player = OldPlayer()
        self._seen = 0

    def hear(self) -> None:
        """Follow the states that were told meanwhile, and do what is due."""
        now_at = self.evening.now_at
        for effect in self.evening.effects[self._seen :]:
            if isinstance(effect, PublishState) and effect.to in ("", "ann"):
                self.players.follow(translation.state_message(effect, "ann"), (TV,), now_at)
        self._seen = len(self.evening.effects)
        for text in self.players.due(now_at):
            self.player.do(decode_old_command(text), now_at)

    def act(self, kind: type[ask.PartyRequest], **more: Any) -> None:
        self.evening.act(kind(party_id=self.party_id, **more))
        self.hear()

    def later(self, seconds: float) -> None:
        """Let time pass, and stop wherever the core or a command has a moment."""
        evening, until_at = self.evening, self.evening.now_at + seconds
        while evening.now_at < until_at:
            moments = (reducer.next_deadline(evening.state), self.players.next_at, until_at)
            next_at = min(moment for moment in moments if moment is not None)
            evening.later(min(max(0.001, next_at - evening.now_at), until_at - evening.now_at))
            self.hear()

    @property
    def has_ended(self) -> bool:
        return not self.evening.state.parties or self.evening.phase == "ended"

    def check(self) -> None:
        """Once everything has had its moment, the player is where the film is, and does what it does."""
        evening, player = self.evening, self.player
        if self.has_ended:
            assert not player.film
            return
        party, now_at = evening.party, evening.now_at
        match party.phase_name:
            case "lobby" | "gathering":
                assert not player.playing
            case phase if phase != "playing" and not player.film:
                pass  # paused before it began: this protocol cannot load a film without playing it
            case phase:
                assert player.film == party.film.filename
                assert player.playing == (phase == "playing")
                assert player.position_s(now_at) == pytest.approx(evening.position_s, abs=NEAR_S)


SPANS_S = st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0, 30.0, 700.0, 4000.0])
STEPS = st.one_of(
    st.tuples(st.just("pause"), SPANS_S),
    st.tuples(st.just("resume"), SPANS_S),
    st.tuples(st.just("skip"), SPANS_S),
    st.tuples(st.integers(0, 7_199), SPANS_S),
)


@given(st.lists(STEPS, max_size=12), st.booleans())
@settings(deadline=None)
def test_a_player_of_the_old_protocol_ends_where_the_film_is(
    steps: list[tuple[Any, float]], stops: bool
) -> None:
    """After any pauses, seeks and skips, however soon after one another, and across intermissions."""
    home = OldHome()
    home.act(ask.StartRequested)
    home.later(15.0)
    for step, span_s in steps:
        if home.has_ended:
            break
        match step:
            case "pause":
                home.act(ask.PauseRequested)
            case "resume":
                home.act(ask.ResumeRequested)
            case "skip":
                home.act(ask.SkipRequested)
            case seconds:
                home.act(ask.SeekRequested, position_ms=seconds * 1000)
        home.later(span_s)
    home.later(15.0)
    home.check()
    if stops and not home.has_ended:
        home.act(ask.StopRequested)
        home.later(15.0)
        home.check()


@given(st.lists(st.sampled_from([0.2, 1.0, 20.0]), max_size=6))
@settings(deadline=None)
def test_what_is_told_twice_sends_a_player_nowhere(spans: list[float]) -> None:
    """A state that only has another revision, as after a restart, is no reason to seek."""
    home = OldHome()
    home.act(ask.StartRequested)
    home.later(30.0)
    commands = list(home.player.commands)
    for span_s in spans:
        told = home.evening.told()
        home.players.follow(translation.state_message(told, "ann"), (TV,), home.evening.now_at)
        home.hear()
        home.later(span_s)
    assert home.player.commands == commands == ["play"]
