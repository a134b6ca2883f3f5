"""The HEOS command line as bytes: nothing that a device says can do harm, and nothing secret is shown."""

import importlib.metadata
import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyheos import command as c
from pyheos import const
from pyheos.error import CommandFailedError
from pyheos.message import HeosCommand, HeosMessage
from pyheos.player import HeosNowPlayingMedia, HeosPlayer

from segue.adapters import heos_wire as wire
from segue.adapters.heos_model import (
    GroupVolumeChanged,
    NowPlaying,
    NowPlayingChanged,
    OtherChange,
    PlaybackError,
    PlayStateChanged,
    PositionChanged,
    SourcesChanged,
    VolumeChanged,
)
from tests.adapters.heos_script import PID, event, refusal, reply

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "pid",
    "gid",
    "name",
    "model",
    "sid",
    "mid",
    "qid",
    "type",
    "song",
    "ip",
    "serial",
    "network",
    "station",
)


# ------------------------------------------------------------------ pyheos


def test_the_private_names_of_pyheos_that_we_use_are_still_there() -> None:
    """A new pyheos that renames them fails here, and not in somebody's living room."""
    assert importlib.metadata.version("pyheos").startswith("1.0.")
    message = HeosMessage._from_raw_message(
        '{"heos": {"command": "a/b", "result": "fail", "message": "eid=2&text=T"}}'
    )
    assert (message.command, message.result, message.message) == ("a/b", False, {"eid": "2", "text": "T"})
    error = CommandFailedError._from_message(message)
    assert (error.error_id, error.error_text) == (2, "T")
    assert HeosCommand("a/b", {"url": "u?x=1", "pid": 1}).uri == "heos://a/b?pid=1&url=u?x=1"


def test_the_words_of_pyheos_are_those_of_the_specification() -> None:
    assert c.COMMAND_SET_VOLUME == "player/set_volume"
    assert c.COMMAND_BROWSE_PLAY_INPUT == "browse/play_input"
    assert const.EVENT_PLAYER_VOLUME_CHANGED == "event/player_volume_changed"
    assert {13, 16} == wire.BUSY_ERRORS
    assert wire.AUX_INPUT_SID == 1027


def test_players_and_media_are_read_as_pyheos_reads_them() -> None:
    """Its models are the second opinion on ours."""
    record = {
        "name": "Kitchen",
        "pid": PID,
        "gid": 3,
        "model": "HEOS 1",
        "version": "3.34.1",
        "ip": "192.0.2.7",
        "network": "wifi",
        "lineout": 0,
        "serial": "B7",
    }
    theirs, (ours,) = HeosPlayer._from_data(record), wire.read_players(_message(reply("x", "", [record])))
    assert ours.pid == theirs.player_id and ours.gid == theirs.group_id
    assert (ours.name, ours.model, ours.version) == (theirs.name, theirs.model, theirs.version)
    assert (ours.ip, ours.serial, ours.network) == (theirs.ip_address, theirs.serial, theirs.network)

    media = {"type": "station", "song": "S", "station": "CD", "album": "A", "artist": "R", "mid": "inputs/cd"}
    message = _message(reply("x", "", media | {"sid": 1027, "qid": 1, "album_id": "", "image_url": ""}))
    model, now = HeosNowPlayingMedia(), wire.read_now_playing(PID, message)
    model._update_from_message(message)
    assert (now.media_type, now.song, now.album, now.artist) == (
        model.type,
        model.song,
        model.album,
        model.artist,
    )
    assert (now.station, now.mid, now.sid, now.qid) == (
        model.station,
        model.media_id,
        model.source_id,
        model.queue_id,
    )
    assert now.input == "inputs/cd"


# ------------------------------------------------------------------ lines


@given(st.lists(st.binary(max_size=12)), st.integers(1, 9), st.data())
def test_however_the_bytes_are_chopped_up_the_lines_are_the_same(
    parts: list[bytes], limit: int, data: st.DataObject
) -> None:
    stream = b"\n".join(parts)
    whole, chopped = wire.LineBuffer(limit), wire.LineBuffer(limit)
    lines = list(whole.feed(stream))
    seen: list[bytes] = []
    rest = stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        seen += chopped.feed(rest[:size])
        rest = rest[size:]
    assert seen == lines
    assert chopped.too_long == whole.too_long
    assert lines == [part.strip() for part in stream.split(b"\n")[:-1] if len(part) <= limit and part.strip()]


def test_a_line_that_is_too_long_is_left_out_and_the_next_one_is_read() -> None:
    lines = wire.LineBuffer(10)
    assert list(lines.feed(b"x" * 11)) == []
    assert list(lines.feed(b"x" * 1000)) == []
    assert list(lines.feed(b"xx\r\n{}\r\n")) == [b"{}"]
    assert lines.too_long == 1


def test_a_line_of_four_mebibytes_is_read() -> None:
    line = json.dumps({"heos": {"command": "a/b"}, "payload": "x" * (4 * 1024 * 1024 - 60)}).encode()
    assert list(wire.LineBuffer().feed(line + b"\r\n")) == [line]


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_a_line_is_a_message_or_a_value_error(line: bytes) -> None:
    try:
        wire.parse_line(line)
    except ValueError as error:
        assert str(len(line)) in str(error)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"heos": []}',
        b'{"heos": {}}',
        b'{"heos": {"command": "a/b", "message": 5}}',
        b"[" * 100_000,
        b'{"heos": ' * 100_000,
        b'{"heos": {"command": "a/b"}, "payload": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
    ],
)
def test_malformed_lines_say_so_and_show_nothing_of_themselves(line: bytes) -> None:
    with pytest.raises(ValueError, match="is no HEOS message"):
        wire.parse_line(line)


# ------------------------------------------------------------------ commands


def test_a_command_is_one_line_with_the_url_last_and_as_it_is() -> None:
    made = wire.command("browse/play_stream", url="http://h/a?b=1&c=2", pid=5)
    assert wire.encode(made) == b"heos://browse/play_stream?pid=5&url=http://h/a?b=1&c=2\r\n"
    assert wire.encode(wire.command("x/y", name="a&b=c%")) == b"heos://x/y?name=a%26b%3Dc%25\r\n"


@pytest.mark.parametrize("text", ["a\r\nheos://system/reboot", "a\nb", "\x00", "\x7f", "\ud800"])
def test_no_text_can_begin_a_second_command(text: str) -> None:
    with pytest.raises(ValueError, match="'mid' contains a character") as caught:
        wire.command("browse/play_stream", mid=text)
    assert "reboot" not in str(caught.value)


@given(st.text(), st.text())
def test_whatever_can_be_sent_is_exactly_one_line(name: str, mid: str) -> None:
    try:
        line = wire.encode(wire.command("browse/play_stream", name=name, mid=mid))
    except ValueError:
        return
    assert line.endswith(b"\r\n") and line.count(b"\n") == 1 and line.count(b"\r") == 1


def test_a_command_is_described_without_what_may_be_secret() -> None:
    made = wire.command(
        "browse/play_stream", pid=5, sid=3, url="http://h/a?token=1", mid="m", name="n", pw="p"
    )
    assert wire.describe(made) == "browse/play_stream pid=5 sid=3"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot get http://h:32400/a/b.flac?X-Plex-Token=abc now", "cannot get http://h:32400 now"),
        ("https://user:secret@h/x#y", "https://h"),
        ("http://h?token=abc", "http://h"),
        ("Could Not Download", "Could Not Download"),
        ("AC/DC: 1/2", "AC/DC: 1/2"),
    ],
)
def test_urls_in_texts_end_after_their_host(text: str, shown: str) -> None:
    assert wire.redact(text) == shown


def test_answers_are_told_apart_by_name_and_by_player_or_group() -> None:
    key = wire.key_of(wire.command("player/get_volume", pid=PID))
    assert wire.answers(_message(reply("player/get_volume", f"pid={PID}&level=3")), key)
    assert wire.answers(_message(reply("player/get_volume", "level=3")), key)
    assert not wire.answers(_message(reply("player/get_volume", "pid=2&level=3")), key)
    assert not wire.answers(_message(reply("player/get_mute", f"pid={PID}&state=on")), key)
    group = wire.key_of(wire.command("group/get_volume", gid=7))
    assert not wire.answers(_message(reply("group/get_volume", "gid=8&level=3")), group)


def test_a_refusal_names_the_command_the_number_and_the_text() -> None:
    asked = wire.command("player/set_volume", pid=1, level=20)
    error = wire.refusal(asked, _message(refusal("player/set_volume", 9, "Out of range")))
    assert (error.error_id, error.text) == (9, "Out of range")
    assert str(error) == "player/set_volume pid=1 level=20: Out of range (error 9)"
    system = wire.refusal(asked, _message(refusal("x", 12, "System error", "syserrno=-9")))
    assert system.error_id == 12 and "-9" in system.text


@pytest.mark.parametrize(
    "message", ["", "eid=x&text=T", "eid=1", "text=T", "eid=12&text=T", "eid=inf&text=T"]
)
def test_a_refusal_that_cannot_be_read_is_a_refusal_all_the_same(message: str) -> None:
    error = wire.refusal(wire.command("a/b"), _message(reply("a/b", message, result="fail")))
    assert error.error_id == 0


# ------------------------------------------------------------------ what a device says


@pytest.mark.parametrize(
    "value", [None, True, "", "x", "nan", "inf", "-inf", math.inf, 10**400, "9" * 400, 2**53, []]
)
def test_what_is_no_sensible_number_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        wire.to_whole(value)


@pytest.mark.parametrize(
    ("value", "number"), [("3", 3), ("3.0", 3), (3.7, 3), (-1428708007, PID), (" 4 ", 4)]
)
def test_numbers_may_come_as_text_and_with_a_point(value: Any, number: int) -> None:
    assert wire.to_whole(value) == number


@pytest.mark.parametrize("value", ["-1", "101", "1e3"])
def test_a_level_is_between_0_and_100(value: str) -> None:
    with pytest.raises(ValueError, match="not between 0 and 100"):
        wire.to_level(value)


@given(JSON)
def test_text_is_always_fit_to_be_stored_and_shown(value: Any) -> None:
    text = wire.to_text(value)
    assert len(text) <= wire.TEXT_CHARS_MAX
    assert all(ord(char) >= 32 for char in text)
    msgspec.json.encode(text)


def test_a_lone_surrogate_in_a_name_harms_nobody() -> None:
    (player,) = wire.read_players(
        _message(b'{"heos": {"command": "x"}, "payload": [{"name": "a\\ud800b", "pid": 1}]}')
    )
    assert player.name == "a?b"
    msgspec.json.encode(player)


RECORD = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6)


@given(st.lists(RECORD | JSON, max_size=4) | RECORD | JSON)
def test_any_payload_can_be_read_and_what_is_read_can_be_stored(payload: Any) -> None:
    message = HeosMessage("x/y", payload=payload)
    read = (
        wire.read_players(message),
        wire.read_now_playing(1, message),
        wire.read_input_owners(message),
        wire.read_inputs(1, message),
    )
    msgspec.json.encode(read)


def test_an_entry_without_id_or_name_is_left_out_and_the_others_stay() -> None:
    payload = [{"name": "A", "pid": "1"}, {"name": "B"}, {"pid": 3}, "C", {"name": "D", "pid": "x"}]
    assert [p.name for p in wire.read_players(_message(reply("x", "", payload)))] == ["A"]


def test_nothing_on_is_an_empty_now_playing() -> None:
    assert wire.read_now_playing(5, _message(reply("x", "pid=5"))) == NowPlaying(pid=5)
    assert wire.read_now_playing(5, _message(reply("x", "pid=5", {}))) == NowPlaying(pid=5)


def test_a_url_that_plays_is_not_taken_over_with_its_token() -> None:
    payload = {"song": "Url Stream", "mid": "http://h/x?X-Plex-Token=abc", "sid": "1024"}
    now = wire.read_now_playing(5, _message(reply("x", "", payload)))
    assert (now.mid, now.sid, now.input) == ("http://h", 1024, "")


def test_inputs_are_those_that_can_be_played() -> None:
    payload = [{"name": "CD", "mid": "inputs/cd"}, {"name": "Folder", "mid": "x"}, {"mid": "inputs/tv"}]
    inputs = wire.read_inputs(5, _message(reply("x", "", payload)))
    assert [(i.pid, i.input, i.name) for i in inputs] == [
        (5, "inputs/cd", "CD"),
        (5, "inputs/tv", "inputs/tv"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (event("player_volume_changed", f"pid={PID}&level=30&mute=on"), VolumeChanged(PID, 30, mute=True)),
        (event("player_volume_changed", "pid=1&level=30.0&mute=off"), VolumeChanged(1, 30, mute=False)),
        (event("player_state_changed", "pid=1&state=pause"), PlayStateChanged(1, "pause")),
        (event("player_state_changed", "pid=1&state=buffering"), PlayStateChanged(1, "unknown")),
        (event("player_state_changed", "pid=1"), PlayStateChanged(1, "unknown")),
        (event("player_now_playing_changed", "pid=1"), NowPlayingChanged(1)),
        (event("player_now_playing_progress", "pid=1&cur_pos=5000&duration=0"), PositionChanged(1, 5000, 0)),
        (
            event("player_playback_error", "pid=1&error=Could Not Download"),
            PlaybackError(1, "Could Not Download"),
        ),
        (event("group_volume_changed", "gid=1&level=5&mute=off"), GroupVolumeChanged(1, 5, mute=False)),
        (event("sources_changed"), SourcesChanged()),
        (event("players_changed"), OtherChange("players_changed", None)),
        (event("player_queue_changed", "pid=1"), OtherChange("player_queue_changed", 1)),
        (event("heos_is_bored", "pid=1"), None),
    ],
)
def test_events_are_read(line: bytes, expected: object) -> None:
    assert wire.read_event(_message(line)) == expected


@pytest.mark.parametrize(
    "line",
    [
        event("player_volume_changed", "level=30&mute=on"),
        event("player_volume_changed", "pid=1&level=loud&mute=on"),
        event("player_volume_changed", "pid=1&level=101&mute=on"),
        event("player_now_playing_changed"),
        event("group_volume_changed", "pid=1&level=3&mute=on"),
    ],
)
def test_events_without_what_belongs_into_them_are_value_errors(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        wire.read_event(_message(line))


@given(st.sampled_from(sorted(wire._EVENTS)), st.dictionaries(st.sampled_from((*FIELDS, "level")), st.text()))
def test_any_event_is_read_or_a_value_error(name: str, said: dict[str, str]) -> None:
    try:
        happened = wire.read_event(HeosMessage(name, message=said))
    except ValueError:
        return
    msgspec.json.encode(happened)


def _message(line: bytes) -> HeosMessage:
    return wire.parse_line(line)
