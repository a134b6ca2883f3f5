"""The old protocol: both spellings are read and written, and rooms are translated both ways."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.interfaces import party_old_protocol as old
from segue.interfaces import party_protocol as wire
from segue.interfaces.party_protocol import BadMessage
from tests.interfaces.party_words import DEVICE, MOMENT, MS, STATE, TEXT, read


@given(st.lists(DEVICE, max_size=4, unique_by=lambda d: d.id), TEXT)
def test_an_old_register_arrives(devices: list[wire.DeviceBody], username: str) -> None:
    register = old.Register(tuple(devices), username)
    assert old.decode_old_up(old.encode_register(register)) == register


@given(TEXT, MS)
def test_an_old_status_arrives(filename: str, position_ms: int) -> None:
    status = old.StatusUpdate(filename, position_ms)
    assert old.decode_old_up(old.encode_status(status)) == status


@given(st.sampled_from(sorted(old.VERBS)), TEXT, MS, DEVICE)
def test_an_old_command_arrives_in_both_spellings(
    verb: Any, filename: str, position_ms: int, device: wire.DeviceBody
) -> None:
    command = old.OldCommand(verb, filename, position_ms, device)
    written = json.loads(old.encode_command(command))
    assert old.decode_old_command(json.dumps(written)) == command
    as_in_the_readme = {k: v for k, v in written.items() if k != "cmd"}
    assert as_in_the_readme == {
        "type": "command",
        "command": verb.upper(),
        "device": {"title": device.title, "id": device.id},
        "filename": filename,
        "offset": position_ms,
    }
    assert old.decode_old_command(json.dumps(as_in_the_readme)) == command
    assert old.decode_old_command(json.dumps({"cmd": written["cmd"]})) == command
    assert old.decode_old_command(json.dumps(written["cmd"])) == command


def test_devices_without_title_or_id_are_dropped_as_the_old_protocol_has_it() -> None:
    raw = {
        "type": "register",
        "username": "alice",
        "authorized_clients": [
            {"title": "TV", "id": "1"},
            {"title": "no id"},
            {"id": "no title"},
            {"title": "", "id": "2"},
            {"title": True, "id": "3"},
            "nonsense",
            None,
            {"title": "Number", "id": 7},
            {"title": "TV again", "id": "1"},
        ],
    }
    register = old.decode_old_up(json.dumps(raw))
    assert isinstance(register, old.Register)
    assert [(d.id, d.title) for d in register.devices] == [("1", "TV again"), ("7", "Number")]


@pytest.mark.parametrize(
    ("fields", "position_ms"),
    [
        ({"offset": 123_456}, 123_456),
        ({"current_offset": 123_456}, 123_456),
        ({"offset": 5, "current_offset": 123_456}, 123_456),
        ({"offset": "123456"}, 123_456),
        ({"offset": 123_456.0}, 123_456),
        ({"offset": 0}, 0),
    ],
)
def test_a_status_says_its_offset_in_every_spelling(fields: dict[str, Any], position_ms: int) -> None:
    status = old.decode_old_up(json.dumps({"type": "status_update", "filename": "Movie.mkv", **fields}))
    assert status == old.StatusUpdate("Movie.mkv", position_ms)


@pytest.mark.parametrize("offset", [None, -1, 10**12, "soon", [], True])
def test_a_status_without_a_sensible_offset_is_refused(offset: Any) -> None:
    raw = json.dumps({"type": "status_update", "filename": "a", "offset": offset})
    assert isinstance(read(old.decode_old_up, raw), BadMessage)


# ------------------------------------------------------------------ rooms in the old protocol

TV = wire.DeviceBody("tv-1", "TV")
MOVIE = wire.FilmBody(7_200_000, filename="Movie.mkv")


def state(
    phase: Any, position_ms: int, at: float, rate: float, rev: int = 1, film: wire.FilmBody = MOVIE
) -> wire.State:
    return wire.State("abc123", rev, phase, 0, film, position_ms, at, rate)


LOBBY = state("lobby", 0, 0.0, 0.0)
PLAYING = state("playing", 60_000, 100.0, 1.0)
PAUSED = state("paused", 90_000, 130.0, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "now", "expected"),
    [
        (LOBBY, state("gathering", 0, 90.0, 0.0), 90.0, []),
        (state("gathering", 0, 90.0, 0.0), state("playing", 0, 100.0, 1.0), 99.1, [("play", 0, 100.0)]),
        (None, PLAYING, 110.0, [("play", 70_000, 110.0)]),
        (PLAYING, PAUSED, 129.0, [("pause", 90_000, 130.0)]),
        (PAUSED, state("playing", 90_000, 200.0, 1.0), 199.1, [("play", 90_000, 200.0)]),
        (PAUSED, state("paused", 10_000, 150.0, 0.0), 150.0, [("seek", 10_000, 150.0)]),
        (
            PAUSED,
            state("playing", 10_000, 200.0, 1.0),
            199.1,
            [("play", 10_000, 200.0), ("seek", 10_000, 200.0)],
        ),
        (PLAYING, state("playing", 600_000, 120.0, 1.0), 118.0, [("seek", 600_000, 120.0)]),
        (PLAYING, state("playing", 80_000, 120.0, 1.0, 9), 150.0, []),
        (PLAYING, state("ended", 100_000, 140.0, 0.0), 140.0, [("stop", 100_000, 140.0)]),
        (LOBBY, state("ended", 0, 140.0, 0.0), 140.0, []),
        (
            PLAYING,
            state("gathering", 0, 140.0, 0.0, film=wire.FilmBody(1000, filename="Next.mkv")),
            140.0,
            [("stop", 0, 140.0)],
        ),
        (None, state("playing", 0, 1.0, 1.0, film=wire.FilmBody(1000, guid="plex://movie/1")), 1.0, []),
    ],
)
def test_states_become_old_commands_at_their_moment(
    before: wire.State | None, after: wire.State, now: float, expected: list[tuple[str, int, float]]
) -> None:
    found = old.commands(before, after, TV, now)
    assert [(t.command.verb, t.command.position_ms, t.at) for t in found] == expected
    assert all(t.command.device == TV and t.at >= now for t in found)


@given(STATE, STATE, MOMENT)
def test_whatever_the_states_old_commands_are_few_and_possible(
    before: wire.State, after: wire.State, now: float
) -> None:
    found = old.commands(before, after, TV, now)
    assert len(found) <= 2
    for timed in found:
        assert timed.at >= now
        assert 0 <= timed.command.position_ms <= max(before.film.duration_ms, after.film.duration_ms)
        assert old.decode_old_command(old.encode_command(timed.command)) == timed.command


def test_commands_of_an_old_orchestrator_become_states() -> None:
    play = old.OldCommand("play", "Movie.mkv", 61_000, TV)
    first = old.state_of(play, "abc123", 1, 50.0, None)
    assert first is not None
    assert (first.phase, first.position_ms, first.at, first.rate) == ("playing", 61_000, 50.0, 1.0)
    pause = old.state_of(old.OldCommand("pause", "Movie.mkv", 0, TV), "abc123", 2, 60.0, first)
    assert pause is not None
    assert (pause.phase, pause.position_ms, pause.rate) == ("paused", 71_000, 0.0)
    seek = old.state_of(old.OldCommand("seek", "Movie.mkv", 5_000, TV), "abc123", 3, 61.0, pause)
    assert seek is not None
    assert (seek.phase, seek.position_ms, seek.rate) == ("paused", 5_000, 0.0)
    stop = old.state_of(old.OldCommand("stop", "Movie.mkv", 0, TV), "abc123", 4, 62.0, seek)
    assert stop is not None
    assert stop.phase == "ended"


@given(st.sampled_from(["play", "seek"]), MS, st.floats(0, 1e6))
def test_an_old_command_translated_there_and_back_is_the_same(
    verb: Any, position_ms: int, now: float
) -> None:
    command = old.OldCommand(verb, "Movie.mkv", position_ms, TV)
    before = None
    if verb == "seek":
        before = old.state_of(old.OldCommand("play", "Movie.mkv", 0, TV), "abc123", 1, now - 50.0, None)
    after = old.state_of(command, "abc123", 2, now, before)
    assert after is not None
    if before is None or abs(position_ms - 50_000) > 300:
        assert [t.command for t in old.commands(before, after, TV, now)] == [command]
