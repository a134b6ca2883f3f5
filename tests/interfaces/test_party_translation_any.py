"""Between the wire and the core, with anything: what one side says, the other reads, and nobody speaks for others."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.party import reducer
from segue.core.party.actions import ClientConnected, HandSeen, SeatReady, SeatReported
from segue.core.party.effects import CorrectSeat, PublishState, TellEvent, TellMember
from segue.core.party.requests import PartyRequest
from segue.core.party.settings import Film
from segue.core.party.state import Frame
from segue.core.party.sync.target import GroupLine
from segue.core.vocabulary import Refuse
from segue.interfaces import party_old_protocol as old
from segue.interfaces import party_protocol as wire
from segue.interfaces import party_translation as translation
from segue.interfaces.party_protocol import BadMessage
from tests.core.party.evening import Evening
from tests.interfaces.party_words import DEVICE, MOMENT, MS, READY, REPORT, REV, SESSION, TEXT, UP, WANT, read


def texts(longest: int, shortest: int = 0) -> st.SearchStrategy[str]:
    """Any short text, and one of any length up to the longest."""
    return st.text(min_size=shortest, max_size=20) | st.integers(shortest, longest).map("ü".__mul__)


LONG = texts(700)
"""More than any field of the wire takes: titles, names of files and sentences are whatever they are."""
USER, DEVICE_ID, WORD = texts(64, 1), texts(200), texts(32)
"""Held to these lengths where they come in."""
FILM = st.builds(Film, duration_ms=st.integers(1000, 86_400_000), guid=LONG, filename=LONG, title=LONG)
OF_EFFECT: dict[str, Any] = {"effect_id": st.just("1.0"), "why": st.just("x"), "because": st.just(1)}
FRAME = st.builds(
    Frame,
    line=st.builds(GroupLine, rev=REV, position_ms=MS, at_s=MOMENT, rate=st.sampled_from([0.0, 1.0])),
    item=st.integers(0, 50),
    why=st.sampled_from(["created", "start", "pause", "restart"]),
    lead_s=st.floats(0, 1e7),
    fetch=st.lists(st.tuples(st.sampled_from(["ann", "bob"]), texts(200)), max_size=40).map(tuple),
)
PHASES = st.sampled_from(["lobby", "gathering", "playing", "paused", "intermission", "waiting", "ended"])
STATES = st.builds(
    PublishState, party_id=SESSION, phase=PHASES, frame=FRAME, film=FILM, wall_starts_at=st.none() | MOMENT,
    **OF_EFFECT,
)  # fmt: skip
MEMBERS = st.builds(
    TellMember, party_id=SESSION, to=USER, role=st.sampled_from(["host", "cohost", "guest"]),
    offset_ms=st.integers(-2000, 2000), device_id=DEVICE_ID, title=LONG, away=st.sampled_from(["", "intermission"]),
    problem=WORD, detail=LONG, removed=st.booleans(), **OF_EFFECT,
)  # fmt: skip
EVENTS = st.builds(
    TellEvent, party_id=SESSION, kind=st.sampled_from(["created", "intermission_ending", "problem"]), text=LONG,
    username=USER, device_id=DEVICE_ID, **OF_EFFECT,
)  # fmt: skip


REFUSALS = st.builds(Refuse, code=WORD, message=LONG, hint=LONG, **OF_EFFECT)
CORRECTIONS = st.builds(
    CorrectSeat, party_id=SESSION, to=USER, device_id=texts(200, 1),
    title=texts(400, 1), film=FILM, position_ms=MS, **OF_EFFECT,
)  # fmt: skip


@given(STATES)
def test_any_state_that_the_core_tells_can_be_read_by_agents_of_both_protocols(effect: PublishState) -> None:
    message = translation.state_message(effect, "ann")
    assert wire.decode_down(wire.encode(message)) == message
    line = effect.frame.line
    assert (message.rev, message.position_ms, message.at, message.rate) == (
        line.rev, line.position_ms, line.at_s, line.rate,
    )  # fmt: skip
    for timed in old.commands(None, message, wire.DeviceBody("tv", "TV"), 0.0):
        assert old.decode_old_command(old.encode_command(timed.command)) == timed.command


@given(MEMBERS, EVENTS)
def test_anything_that_the_core_tells_a_person_can_be_read(member: TellMember, event: TellEvent) -> None:
    for message in (translation.member_message(member), translation.event_message(event)):
        assert wire.decode_down(wire.encode(message)) == message


@given(REFUSALS, WANT)
def test_any_refusal_can_be_read(refusal: Refuse, want: wire.Want) -> None:
    for message in (translation.answered(want, refusal), translation.refused(refusal)):
        assert wire.decode_down(wire.encode(message)) == message


@given(CORRECTIONS)
def test_any_correction_can_be_read(effect: CorrectSeat) -> None:
    command = translation.corrected(effect)
    assert old.decode_old_command(old.encode_command(command)).position_ms == effect.position_ms


@given(UP, st.text(max_size=64))
def test_nobody_speaks_for_others_whatever_the_message_says(message: wire.UpMessage, username: str) -> None:
    """The user is the one who was authenticated, also where the first message names another."""
    if isinstance(message, wire.Time):
        return
    if isinstance(message, wire.Hello):
        action: Any = translation.connected(message, username, "link")
        assert (action.username, action.link_id) == (username, "link")
        assert not message.invite or message.invite not in repr(action) or len(message.invite) < 8
        return
    try:
        action = translation.said(message, username, "link")
    except BadMessage:
        assert isinstance(message, wire.Want)
        return
    if isinstance(action, PartyRequest):
        assert (action.who, action.party_id) == (username, message.session)
        assert getattr(action, "username", username) in (username, "")
    else:
        assert isinstance(action, SeatReady | SeatReported | HandSeen)
        assert (action.username, action.link_id, action.party_id) == (username, "link", message.session)


@given(st.lists(st.one_of(READY, REPORT, WANT), max_size=8), st.sampled_from(["ann", "bob", "eve"]))
def test_whatever_an_agent_says_the_core_takes_it(messages: list[Any], username: str) -> None:
    """Also about a party and a player that are there, and from a user who is not in it."""
    evening = Evening()
    party_id = evening.running("ann", "bob")
    clients = evening.state.clients
    link = clients[username].link_id if username in clients else "no-link"
    for message in messages:
        about = msgspec.structs.replace(message, session=party_id)
        if not isinstance(about, wire.Want):
            about = msgspec.structs.replace(about, device=f"{username}-tv")
        with suppress(BadMessage):
            evening.act(translation.said(about, username, link))
        evening.later(1.0)
        party = evening.state.parties.get(party_id)
        assert party is None or (username == "eve") <= (party.member("eve") is None)
    for effect in evening.effects:
        match effect:
            case PublishState():
                text = wire.encode(translation.state_message(effect, "ann"))
            case TellEvent():
                text = wire.encode(translation.event_message(effect))
            case TellMember():
                text = wire.encode(translation.member_message(effect))
            case _:
                continue
        assert wire.decode_down(text) is not None


HEADER = st.sampled_from(["authorization", "x-username", "cookie"])
SCHEME = st.sampled_from(["", "Bearer ", "bearer  ", "Basic "])


@given(
    st.dictionaries(HEADER, st.builds(str.__add__, SCHEME, texts(600)), max_size=3),
    st.dictionaries(st.sampled_from(["username", "passkey", "other"]), texts(600), max_size=3),
)
def test_any_handshake_names_a_possible_user_or_nobody_or_is_refused(
    headers: dict[str, str], query: dict[str, str]
) -> None:
    found = read(lambda _: translation.credentials(headers, query), "")
    if isinstance(found, BadMessage):
        secrets = [
            text for text in (query.get("passkey", ""), headers.get("authorization", "")) if len(text) > 20
        ]
        assert not any(text in f"{found.message} {found.hint}" for text in secrets)
    elif found is not None:
        assert 0 < len(found.username) <= translation.USERNAME_MAX
        assert found.username.isprintable()
        assert found.username == found.username.strip()
        assert len(found.passkey.reveal()) <= translation.PASSKEY_MAX


@given(
    st.lists(st.tuples(st.sampled_from(sorted(old.VERBS)), TEXT, MS, st.floats(0, 5000)), max_size=12), DEVICE
)
def test_any_commands_of_an_old_orchestrator_become_states_that_can_be_followed(
    commands: list[tuple[Any, str, int, float]], device: wire.DeviceBody
) -> None:
    """In any order, of any films, as soon after one another as they like."""
    before: wire.State | None = None
    now = 0.0
    for rev, (verb, filename, position_ms, pause_s) in enumerate(commands):
        now += pause_s
        after = old.state_of(old.OldCommand(verb, filename, position_ms, device), "abc123", rev, now, before)
        if after is None:
            continue
        assert wire.decode_down(wire.encode(after)) == after
        assert (after.rev, after.at, after.film.filename) == (rev, now, filename)
        assert after.phase == {"play": "playing", "sync": "playing", "pause": "paused", "stop": "ended"}.get(
            verb, after.phase
        )
        before = after


def test_an_invitation_is_known_by_its_hash_alone() -> None:
    assert translation.hashed("") == ""
    assert translation.hashed("a-token") != "a-token"
    assert len(translation.hashed("a-token")) == 64


@pytest.mark.parametrize(
    "reader", [wire.decode_up, wire.decode_down, old.decode_old_up, old.decode_old_command]
)
@pytest.mark.parametrize("size", [100, 2000, 10_000])
def test_no_message_is_read_slower_than_it_is_long(reader: Any, size: int) -> None:
    """Deep, wide and repeated: an error or a message, and at once. A hang would end in the suite's own deadline."""
    for raw in (
        '{"a":' * size + "1" + "}" * size,
        "[" * size + "]" * size,
        json.dumps({"type": "register", "authorized_clients": [{"id": "x", "title": "y"}] * (size // 30)}),
        json.dumps({"type": "hello", "proto": [1] * size}),
        '{"type":"hello","proto":[1],' + '"username":"a",' * (size // 20) + '"agent":"b"}',
    ):
        read(reader, raw)


def test_a_user_who_is_connected_once_is_connected_once() -> None:
    """What the translation makes of a first message is what the core takes it for."""
    evening = Evening()
    hello = wire.Hello((1,), (wire.DeviceBody("tv", "TV"), wire.DeviceBody("tv2", "TV 2")))
    action = translation.connected(hello, "ann", "link-1")
    assert isinstance(action, ClientConnected)
    evening.act(action)
    assert [device.title for device in evening.state.clients["ann"].devices] == ["TV", "TV 2"]
    assert reducer.next_deadline(evening.state) is None
