"""Players of old clients: each command at its moment, none that became void, and none twice."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from segue.actors.party_old_players import OldPlayers
from segue.interfaces.party_protocol import DeviceBody, FilmBody, PhaseName, State

TV = DeviceBody(id="tv-1", title="TV")
PROJECTOR = DeviceBody(id="tv-2", title="Projector")
FILM = FilmBody(duration_ms=7_200_000, filename="Movie.mkv")


def state(rev: int, phase: PhaseName, position_ms: int, at: float, film: FilmBody = FILM) -> State:
    rate = 1.0 if phase == "playing" else 0.0
    return State("abcdef", rev, phase, 0, film, position_ms, at, rate)


def sent(players: OldPlayers, now_at: float) -> list[tuple[str, int]]:
    """Give verbs and offsets of what is due."""
    bodies: list[dict[str, Any]] = [json.loads(text)["cmd"] for text in players.due(now_at)]
    return [(body["type"], body["offset"]) for body in bodies]


def test_a_start_is_sent_at_its_moment_and_once() -> None:
    players = OldPlayers()
    players.follow(state(1, "lobby", 0, 0.0), [TV], 0.0)
    players.follow(state(2, "gathering", 0, 1.0), [TV], 1.0)
    assert sent(players, 2.0) == []
    players.follow(state(3, "playing", 0, 3.0), [TV], 2.0)
    assert players.next_at == 3.0
    assert sent(players, 2.9) == []
    assert sent(players, 3.0) == [("play", 0)]
    players.follow(state(3, "playing", 0, 3.0), [TV], 4.0)
    assert sent(players, 99.0) == []


def test_a_pause_that_is_taken_back_before_its_moment_was_never_sent() -> None:
    players = OldPlayers()
    players.follow(state(1, "playing", 0, 0.0), [TV], 0.0)
    sent(players, 0.0)
    players.follow(state(2, "paused", 10_000, 10.0), [TV], 9.5)
    players.follow(state(3, "playing", 10_000, 10.0), [TV], 9.6)
    assert sent(players, 99.0) == [], "the film runs on as it did"


def test_a_player_that_stepped_away_is_begun_with_anew() -> None:
    players = OldPlayers()
    players.follow(state(1, "playing", 0, 0.0), [TV, PROJECTOR], 0.0)
    assert sent(players, 0.0) == [("play", 0), ("play", 0)]
    players.follow(state(1, "playing", 0, 0.0), [TV], 5.0)
    players.follow(state(2, "paused", 10_000, 10.0), [TV], 9.0)
    assert sent(players, 10.0) == [("pause", 10_000)]
    players.follow(state(3, "playing", 10_000, 20.0), [TV, PROJECTOR], 20.0)
    assert sent(players, 20.0) == [("play", 10_000), ("play", 10_000)]


def test_resync_seeks_what_runs_and_nothing_that_is_about_to_be_told() -> None:
    players = OldPlayers()
    players.follow(state(1, "playing", 0, 0.0), [TV, PROJECTOR], 0.0)
    players.resync("abcdef", "", 0.0)
    assert sent(players, 0.0) == [("play", 0), ("play", 0)]
    players.resync("abcdef", "tv-1", 30.0)
    assert sent(players, 30.0) == [("seek", 30_000)]
    players.resync("other1", "", 30.0)
    players.follow(state(2, "paused", 40_000, 40.0), [TV, PROJECTOR], 39.0)
    sent(players, 40.0)
    players.resync("abcdef", "", 50.0)
    assert sent(players, 99.0) == [], "what stands is where it stands"


def test_a_party_that_is_left_is_followed_no_more() -> None:
    players = OldPlayers()
    players.follow(state(1, "playing", 0, 9.0), [TV], 0.0)
    players.forget("abcdef")
    assert (players.next_at, sent(players, 99.0)) == (None, [])


def test_the_end_is_told_once_and_then_nothing_is_left() -> None:
    players = OldPlayers()
    players.follow(state(1, "playing", 0, 0.0), [TV], 0.0)
    sent(players, 0.0)
    players.follow(state(2, "ended", 90_000, 90.0), [TV], 90.0)
    assert sent(players, 90.0) == [("stop", 90_000)]
    players.follow(state(2, "ended", 90_000, 90.0), [TV], 91.0)
    assert sent(players, 99.0) == []
    assert players.next_at is None


def test_a_film_without_a_file_name_cannot_be_told() -> None:
    players = OldPlayers()
    players.follow(state(1, "playing", 0, 0.0, FilmBody(7_200_000, guid="plex://movie/1")), [TV], 0.0)
    players.resync("abcdef", "", 5.0)
    assert sent(players, 99.0) == []


PHASES = st.sampled_from(["lobby", "gathering", "playing", "paused", "intermission", "waiting", "ended"])


@given(st.lists(st.tuples(PHASES, st.integers(0, 7200), st.floats(0, 5), st.floats(0, 5)), max_size=30))
def test_whatever_happens_a_player_ends_as_the_last_state_says(
    steps: list[tuple[PhaseName, int, float, float]],
) -> None:
    """The obedient player of that protocol: it pauses and goes on when it is told, and PLAY loads the film."""
    players, now_at, running = OldPlayers(), 0.0, False
    for rev, (phase, position_s, ahead_s, wait_s) in enumerate(steps):
        players.follow(state(rev, phase, position_s * 1000, now_at + ahead_s), [TV], now_at)
        now_at += wait_s
        for verb, _ in sent(players, now_at):
            running = running if verb == "seek" else verb == "play"
    for verb, _ in sent(players, now_at + 10.0):
        running = running if verb == "seek" else verb == "play"
    assert players.next_at is None
    if steps and steps[-1][0] not in ("lobby", "gathering"):
        assert running == (steps[-1][0] == "playing")
