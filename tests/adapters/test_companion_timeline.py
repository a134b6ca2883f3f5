"""Reading what a video player says: nothing is made up, and nothing that comes breaks it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segue.adapters.companion_timeline import TIMELINE_BYTES, Polled, Timeline, parse_push, parse_video
from segue.adapters.plex_xml import PlexUnreadable

PLAYING = b"""<?xml version="1.0"?>
<MediaContainer commandID="7" location="fullScreenVideo">
<Timeline type="music" state="stopped"/><Timeline type="photo" state="stopped"/>
<Timeline type="video" state="playing" time="62105" duration="1200023" seekRange="0-1200023" ratingKey="51"
 key="/library/metadata/51" guid="plex://movie/0a1b" machineIdentifier="server-1" playQueueItemID="101"
 volume="80.5" controllable="playPause,stop, seekTo," token="canary-token" X-Plex-Token="canary-token"/>
</MediaContainer>"""


def video(attributes: str) -> Timeline:
    """What a player says with these attributes of its video."""
    read = parse_video(f'<MediaContainer><Timeline type="video" {attributes}/></MediaContainer>'.encode())
    assert read is not None
    return read


def test_what_a_player_says_is_read_to_the_letter() -> None:
    read = parse_video(PLAYING)
    assert read is not None
    assert (read.state, read.time_ms, read.duration_ms) == ("playing", 62_105, 1_200_023)
    assert (read.rating_key, read.guid, read.machine_identifier) == ("51", "plex://movie/0a1b", "server-1")
    assert (read.command_id, read.location, read.volume) == (7, "fullScreenVideo", 80.5)
    assert read.controllable == ("playPause", "stop", "seekTo")
    assert read.play_queue_item_id == "101"


def test_what_is_kept_for_people_holds_no_token() -> None:
    read = parse_video(PLAYING)
    assert read is not None
    assert read.raw["seekRange"] == "0-1200023"
    assert "canary-token" not in repr(read)


@pytest.mark.parametrize(
    "attributes", ['state="buffering"', 'state="playing" time=""', 'time="NaN"', 'time="-5"']
)
def test_a_position_that_is_missing_or_senseless_is_unknown_and_not_zero(attributes: str) -> None:
    assert video(attributes).time_ms is None


def test_zero_is_a_position() -> None:
    assert video('state="paused" time="0"').time_ms == 0


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("playing", "playing"),
        (" Paused ", "paused"),
        ("error", "unknown"),
        ("", "unknown"),
        ("stopped", "stopped"),
    ],
)
def test_a_state_that_is_not_in_the_protocol_is_unknown(said: str, read: str) -> None:
    assert video(f'state="{said}"').state == read


def test_a_player_that_plays_music_has_stopped_its_video() -> None:
    read = parse_video(b'<MediaContainer><Timeline type="music" state="playing" time="5"/></MediaContainer>')
    assert read is not None
    assert (read.state, read.time_ms) == ("stopped", None)


def test_an_empty_list_says_nothing() -> None:
    read = parse_video(b'<MediaContainer commandID="3"/>')
    assert read is not None
    assert (read.state, read.command_id) == ("unknown", 3)


@pytest.mark.parametrize("body", [b"", b"OK", b" OK\n"])
def test_an_answer_that_is_no_timeline_is_none(body: bytes) -> None:
    assert parse_video(body) is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html><body>502</body></html>", "<html>"),
        (b"<MediaContainer", "not XML"),
        (
            b'<!DOCTYPE a [<!ENTITY b "c">]><MediaContainer><Timeline type="video" state="&b;"/></MediaContainer>',
            "type",
        ),
        (b"\xff\xfe\x00nonsense", "not XML"),
        (b"<MediaContainer>" + b" " * TIMELINE_BYTES + b"</MediaContainer>", "longer than"),
    ],
)
def test_what_is_no_timeline_is_unreadable_and_says_why(body: bytes, says: str) -> None:
    with pytest.raises(PlexUnreadable, match=says):
        parse_video(body)


def test_a_push_names_its_player() -> None:
    pushed = parse_push({"x-plex-client-identifier": " tv-1 "}, PLAYING)
    assert (pushed.player_id, pushed.timeline.state) == ("tv-1", "playing")


def test_a_push_without_a_timeline_is_unreadable() -> None:
    with pytest.raises(PlexUnreadable):
        parse_push({}, b"OK")


def test_a_sample_is_of_the_middle_of_its_request() -> None:
    polled = Polled(None, 10.0, 10.5)
    assert (polled.measured_at, polled.rtt_s) == (10.25, 0.5)


@given(st.binary(max_size=400))
@example(PLAYING[:-20])
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Nothing but `PlexUnreadable` comes out."""
    for read in (parse_video, lambda b: parse_push({}, b)):
        try:
            read(body)
        except PlexUnreadable as error:
            assert len(str(error)) < 300


NAMES = st.sampled_from(["state", "time", "duration", "ratingKey", "guid", "volume", "controllable", "type"])
VALUES = st.text(st.characters(codec="utf-8", exclude_characters='<>&"', min_codepoint=32), max_size=60)


@given(st.dictionaries(NAMES, VALUES | st.integers().map(str) | st.floats().map(str)), VALUES)
def test_any_attributes_give_a_sound_timeline(attributes: dict[str, str], command_id: str) -> None:
    """Whatever a player writes: positions are within a week, states are of the protocol, numbers are numbers."""
    inner = "".join(f' {name}="{value}"' for name, value in ({"type": "video"} | attributes).items())
    body = f'<MediaContainer commandID="{command_id}"><Timeline{inner}/></MediaContainer>'.encode()
    try:
        read = parse_video(body)
    except PlexUnreadable:
        return  # a character that XML does not allow
    assert read is not None
    assert read.state in ("playing", "paused", "buffering", "stopped", "unknown")
    for number in (read.time_ms, read.duration_ms):
        assert number is None or 0 <= number <= 7 * 24 * 3600 * 1000
    assert read.command_id is None or 0 <= read.command_id < 2**31
    assert all(word == word.strip() and word for word in read.controllable)
