"""The watch-party protocol: any bytes become a message, or a sentence about what is wrong with them."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.interfaces import party_old_protocol as old
from segue.interfaces import party_protocol as wire
from segue.interfaces import party_translation as translation
from segue.interfaces.party_protocol import BadMessage, NoText, ProtocolError, TooBig, WrongBeginning
from tests.interfaces.party_words import DOWN, READERS, UP, read

# ------------------------------------------------------------------ any bytes


@given(st.one_of(st.text(), st.binary()))
def test_any_frame_is_a_message_or_an_error_with_a_sentence(raw: str | bytes) -> None:
    for reader in READERS:
        read(reader, raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "proto",
        "devices",
        "username",
        "passkey",
        "session",
        "invite",
        "c0",
        "device",
        "rev",
        "parked_ms",
        "state",
        "note",
        "op",
        "position_ms",
        "offset",
        "filename",
        "current_offset",
        "cmd",
        "command",
        "authorized_clients",
        "film",
        "phase",
        "at",
        "rate",
    ]
)
TYPES = st.sampled_from(
    [
        "hello",
        "time",
        "ready",
        "report",
        "want",
        "register",
        "status_update",
        "command",
        "play",
        "state",
        "welcome",
    ]
)


@given(TYPES, st.dictionaries(FIELDS, JSON, max_size=6))
def test_any_field_with_any_value_is_a_message_or_an_error(kind: str, fields: dict[str, Any]) -> None:
    raw = json.dumps({"type": kind, **fields})
    for reader in READERS:
        read(reader, raw)


@given(st.one_of(UP, DOWN), st.data())
def test_a_message_with_one_character_changed_is_a_message_or_an_error(
    message: Any, data: st.DataObject
) -> None:
    text = wire.encode(message)
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.text(max_size=2)) + text[place + 1 :]
    for reader in READERS:
        read(reader, changed)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"{}", NoText),
        ("x" * (wire.MESSAGE_BYTES_MAX + 1), TooBig),
        ("é" * (wire.MESSAGE_BYTES_MAX // 2 + 1), TooBig),
        ("[" * 15_000, BadMessage),
        ('{"type":' * 1500 + "1" + "}" * 1500, BadMessage),
        ("", BadMessage),
        ("null", BadMessage),
        ("\ud800", BadMessage),
        ('{"type":"want","session":"abc123","op":"explode"}', BadMessage),
        ('{"type":"want","session":"ABC","op":"pause"}', BadMessage),
        ('{"type":"time","c0":1e400}', BadMessage),
        ('{"type":"time","c0":NaN}', BadMessage),
        ('{"type":"want","session":"abc123","op":"seek","position_ms":-1}', BadMessage),
        ('{"type":"want","session":"abc123","op":"seek","position_ms":' + "9" * 5000 + "}", BadMessage),
        ('{"type":"hello","proto":[]}', BadMessage),
        ('{"type":"dance"}', BadMessage),
    ],
)
def test_what_is_wrong_is_told_by_kind(raw: str | bytes, kind: type[ProtocolError]) -> None:
    assert type(read(wire.decode_up, raw)) is kind


def test_an_error_says_where_and_never_what_stood_in_a_secret() -> None:
    secret = "hunter2" * 100
    problem = read(wire.decode_up, json.dumps({"type": "hello", "proto": [1], "passkey": secret}))
    assert "$.passkey" in problem.message
    assert "hunter2" not in problem.message
    hello = wire.decode_up(
        json.dumps({"type": "hello", "proto": [1], "passkey": "hunter2", "invite": "hunter2"})
    )
    assert "hunter2" not in repr(hello)
    assert "hunter2" not in f"{hello}"


def test_unknown_fields_and_newer_messages_are_no_error_to_an_agent() -> None:
    state = '{"type":"time","c0":1.0,"s1":2.0,"s2":3.0,"weather":"fine"}'
    assert wire.decode_down(state) == wire.TimeAnswer(1.0, 2.0, 3.0)
    assert wire.decode_down('{"type":"confetti","amount":9}') is None
    assert isinstance(read(wire.decode_down, '{"type":"state"}'), BadMessage)


# ------------------------------------------------------------------ round trips


def test_a_type_that_is_newer_than_the_orchestrator_is_named() -> None:
    problem = read(wire.decode_up, '{"type":"dance"}')
    assert (problem.code, problem.close) == ("unknown_type", None)
    assert "dance" in problem.message


@given(UP)
def test_what_an_agent_says_arrives(message: wire.UpMessage) -> None:
    assert wire.decode_up(wire.encode(message)) == message


@given(DOWN)
def test_what_an_orchestrator_says_arrives(message: wire.DownMessage) -> None:
    assert wire.decode_down(wire.encode(message)) == message


# ------------------------------------------------------------------ the beginning


def test_the_first_message_says_which_protocol() -> None:
    assert not old.begins_old('{"type":"hello","proto":[1]}')
    assert old.begins_old('{"type":"register","authorized_clients":[]}')
    for other in ('{"type":"status_update"}', "{}", '{"type":"want"}'):
        problem = read(old.begins_old, other)
        assert isinstance(problem, WrongBeginning)
        assert problem.close == 1002


def test_versions_are_agreed_upon_or_named() -> None:
    assert wire.chosen_version(wire.Hello((1, 7))) == 1
    with pytest.raises(WrongBeginning, match="speaks protocol 2, 3"):
        wire.chosen_version(wire.Hello((2, 3)))


# ------------------------------------------------------------------ who speaks


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": "Bearer k3y", "x-username": "alice"}, {}),
        ({"authorization": "bearer  k3y", "x-username": " alice "}, {"username": "eve", "passkey": "other"}),
        ({}, {"username": "alice", "passkey": "k3y"}),
        ({"authorization": "Bearer k3y"}, {"username": "alice"}),
        ({"authorization": "Basic xyz"}, {"username": "alice", "passkey": "k3y"}),
    ],
)
def test_a_handshake_says_who_speaks_in_every_form(headers: dict[str, str], query: dict[str, str]) -> None:
    found = translation.credentials(headers, query)
    assert found is not None
    assert (found.username, found.passkey.reveal()) == ("alice", "k3y")
    assert "k3y" not in repr(found)


def test_a_handshake_may_say_nothing() -> None:
    assert translation.credentials({}, {}) is None


@pytest.mark.parametrize("username", ["", "   ", "a" * 65, "al\nice", "\x00"])
def test_usernames_that_cannot_be_are_refused(username: str) -> None:
    with pytest.raises(BadMessage) as caught:
        translation.checked(username, "k3y")
    assert "k3y" not in str(caught.value)


# ------------------------------------------------------------------ the description


def test_every_example_of_the_description_is_read_as_what_it_says() -> None:
    """The page's examples are messages: none is out of date."""
    page = (Path(__file__).parents[2] / "docs/party-protocol.md").read_text()
    lines = re.findall(r"^(up|down|old up|old down)\s+(\{.*\})$", page, re.MULTILINE)
    kinds = set()
    for direction, raw in lines:
        reader: Any = {
            "up": wire.decode_up,
            "down": wire.decode_down,
            "old up": old.decode_old_up,
            "old down": old.decode_old_command,
        }[direction]
        message = reader(raw)
        assert message is not None, raw
        kinds.add(type(message))
    assert kinds >= {*wire.UpMessage.__args__, *wire.DownMessage.__args__}
    assert kinds >= {old.Register, old.StatusUpdate, old.OldCommand}


def test_every_field_and_close_code_is_described() -> None:
    page = (Path(__file__).parents[2] / "docs/party-protocol.md").read_text()
    for kind in (*wire.UpMessage.__args__, *wire.DownMessage.__args__, wire.FilmBody, wire.LimitsBody):
        for field in msgspec.structs.fields(kind):
            assert f"`{field.encode_name}`" in page, f"{kind.__name__}.{field.name}"
    for name, code in vars(wire).items():
        if name.startswith("CLOSE_"):
            assert f"| {code} |" in page, name
