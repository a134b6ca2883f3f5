"""The wire of the simulated HEOS speaker: lines in, lines out, nothing else."""

import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.demo import heos_protocol as protocol
from segue.demo.heos_protocol import Answer, Command, ErrorId, Event, RefusalError

NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20)


def test_a_command_is_its_name_and_its_arguments_in_order() -> None:
    command = protocol.parse_command(b"heos://player/set_volume?pid=-7&level=30\r\n")
    assert command == Command("player/set_volume", {"pid": "-7", "level": "30"})
    assert command.group == "player"


def test_a_command_may_have_no_arguments() -> None:
    assert protocol.parse_command(b"heos://system/heart_beat") == Command("system/heart_beat", {})


def test_a_url_takes_everything_behind_it() -> None:
    """That is why it must be the last argument: what follows becomes part of it."""
    command = protocol.parse_command(b"heos://browse/play_stream?pid=1&url=http://a/b?x=1&y=%25&pid=2")
    assert command.args == {"pid": "1", "url": "http://a/b?x=1&y=%25&pid=2"}


@pytest.mark.parametrize(
    "line", [b"", b"heos://", b"heos://player", b"get_players", b"HTTP/1.1 GET /", b"\xff\xfe"]
)
def test_a_line_that_is_no_command_is_refused(line: bytes) -> None:
    with pytest.raises(RefusalError) as caught:
        protocol.parse_command(line)
    assert caught.value.error_id is ErrorId.UNRECOGNIZED_COMMAND


@given(st.binary(max_size=200))
def test_any_bytes_are_a_command_or_a_refusal(line: bytes) -> None:
    try:
        command = protocol.parse_command(line)
    except RefusalError:
        return
    assert "/" in command.name


@given(st.dictionaries(NAMES.filter(lambda name: name not in ("url", "pw")), VALUES, max_size=4))
def test_arguments_survive_the_wire_and_the_echo(args: dict[str, str]) -> None:
    line = f"heos://browse/browse?{protocol.query(args)}".encode()
    command = protocol.parse_command(line)
    assert command.args == args
    body = json.loads(protocol.success(command, Answer()))
    echo = [part.partition("=")[::2] for part in body["heos"]["message"].split("&") if part]
    assert {name: protocol.unquote(value) for name, value in echo} == args


def test_only_browse_and_now_playing_hand_the_sequence_back() -> None:
    for name, echoes in {
        "browse/browse": True,
        "player/get_now_playing_media": True,
        "player/get_volume": False,
        "system/check_account": False,
    }.items():
        body = json.loads(protocol.success(Command(name, {"SEQUENCE": "12", "pid": "1"}), Answer()))
        assert ("SEQUENCE=12" in body["heos"]["message"]) is echoes, name


def test_an_answer_has_payload_and_options_only_when_it_carries_them() -> None:
    plain = json.loads(protocol.success(Command("player/get_volume", {"pid": "1"}), Answer("pid=1&level=3")))
    assert plain == {
        "heos": {"command": "player/get_volume", "result": "success", "message": "pid=1&level=3"}
    }
    full = json.loads(protocol.success(Command("browse/browse"), Answer("", [], [])))
    assert full["payload"] == []
    assert full["options"] == []


@pytest.mark.parametrize("error_id", list(ErrorId))
def test_every_error_has_a_text(error_id: ErrorId) -> None:
    body = json.loads(protocol.failure(Command("player/set_volume", {"pid": "1"}), error_id))
    message = dict(parse_qsl(body["heos"]["message"]))
    assert body["heos"]["result"] == "fail"
    assert int(message["eid"]) == error_id
    assert message["text"]
    assert message["pid"] == "1"
    assert ("syserrno" in message) is (error_id is ErrorId.SYSTEM)


def test_a_password_is_never_handed_back() -> None:
    command = protocol.parse_command(b"heos://system/sign_in?un=me&pw=canary")
    for line in (
        protocol.failure(command, ErrorId.INVALID_CREDENTIALS),
        protocol.under_process(command),
        protocol.success(command, Answer()),
    ):
        assert b"canary" not in line


def test_an_event_has_no_result_and_may_have_no_message() -> None:
    assert json.loads(protocol.event_line(Event("sources_changed"))) == {
        "heos": {"command": "event/sources_changed"}
    }
    body = json.loads(protocol.event_line(Event("player_state_changed", "pid=1&state=play")))
    assert body == {"heos": {"command": "event/player_state_changed", "message": "pid=1&state=play"}}


def test_pretty_json_takes_several_lines() -> None:
    line = protocol.under_process(Command("browse/browse", {"sid": "1"}), pretty=True)
    assert line.count(b"\n") > 1
    assert json.loads(line)["heos"]["message"] == "command under process&sid=1"
