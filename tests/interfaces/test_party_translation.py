"""Words of an agent become what the core hears, and what the core wants said becomes words."""

from typing import Any

import pytest

from segue.core.party import requests as ask
from segue.core.party.actions import HandSeen, SeatReady, SeatReported
from segue.core.party.effects import CorrectSeat, PublishState, TellEvent, TellMember
from segue.core.party.requests import PauseRequested, StartRequested
from segue.core.vocabulary import Refuse
from segue.interfaces import party_old_protocol as old
from segue.interfaces import party_protocol as wire
from segue.interfaces import party_translation as translation
from tests.core.party.evening import Evening


def test_a_hello_is_a_connection_and_its_invitation_a_hash() -> None:
    hello = wire.Hello((1,), (wire.DeviceBody("tv", "TV"),), username="eve", invite="token")
    action = translation.connected(hello, "alice", "link")
    assert (action.username, action.link_id, action.protocol) == ("alice", "link", "ours")
    assert action.devices[0].device_id == "tv"
    assert len(action.invite_hash) == 64
    assert "token" not in repr(action)
    assert translation.connected(old.Register(()), "bob", "link").protocol == "old"


@pytest.mark.parametrize("did", ["paused", "played", "sought", "stopped"])
def test_what_a_hand_did_is_told_as_such(did: Any) -> None:
    report = wire.Report("abc123", "tv", 3, note=f"hand_{did}", position_ms=5)  # type: ignore[arg-type]
    assert translation.said(report, "alice", "l") == HandSeen("alice", "l", "abc123", "tv", did, 5)


def test_reports_and_readiness_keep_their_figures() -> None:
    report = wire.Report("abc123", "tv", 3, "playing", -12, 4, 8, "in_step", "Following", 1000, 250)
    action = translation.said(report, "alice", "l")
    assert isinstance(action, SeatReported)
    kept = action.report
    assert (kept.drift_ms, kept.sigma_ms, kept.samples, kept.parking_ms) == (-12, 4, 8, 250)
    ready = translation.said(wire.Ready("abc123", "tv", 3, 1000), "alice", "l")
    assert ready == SeatReady("alice", "l", "abc123", "tv", 3, 1000)


@pytest.mark.parametrize(
    ("op", "more", "kind"),
    [
        ("start", {}, ask.StartRequested),
        ("pause", {}, ask.PauseRequested),
        ("play", {}, ask.ResumeRequested),
        ("seek", {"position_ms": 5000}, ask.SeekRequested),
        ("skip", {}, ask.SkipRequested),
        ("stop", {}, ask.StopRequested),
        ("rejoin", {}, ask.ResyncRequested),
        ("resync", {}, ask.ResyncRequested),
        ("leave", {}, ask.RemoveRequested),
        ("offset", {"offset_ms": -20}, ask.OffsetRequested),
    ],
)
def test_every_wish_is_a_request_of_the_user_who_was_authenticated(op: Any, more: Any, kind: Any) -> None:
    action: Any = translation.wanted(wire.Want("abc123", op, **more), "alice")
    assert isinstance(action, kind)
    assert (action.party_id, action.who) == ("abc123", "alice")
    assert getattr(action, "username", "alice") == ("" if op == "resync" else "alice")


@pytest.mark.parametrize("op", ["seek", "offset"])
def test_a_wish_without_its_number_is_refused(op: Any) -> None:
    with pytest.raises(wire.BadMessage):
        translation.wanted(wire.Want("abc123", op), "alice")


def test_everything_that_a_party_says_can_be_read_by_an_agent() -> None:
    evening = Evening()
    party_id = evening.running("ann", "bob")
    evening.act(PauseRequested(party_id=party_id))
    writers: list[tuple[type, Any]] = [
        (PublishState, lambda effect: translation.state_message(effect, "ann")),
        (TellMember, translation.member_message),
        (TellEvent, translation.event_message),
    ]
    for kind, writer in writers:
        told: list[Any] = evening.all(kind)
        assert told
        for effect in told:
            message = writer(effect)
            assert wire.decode_down(wire.encode(message)) == message
    state = translation.state_message(evening.told(), "ann")
    line = evening.party.frame.line
    assert (state.rev, state.position_ms, state.at, state.rate) == (
        line.rev,
        line.position_ms,
        line.at_s,
        0.0,
    )


def test_an_old_client_sees_one_play_one_pause_and_one_stop() -> None:
    """A whole evening in the old protocol, command by command."""
    evening = Evening()
    party_id = evening.party_of("ann")
    evening.act(StartRequested(party_id=party_id))
    evening.ready("ann")
    evening.later(30)
    evening.act(PauseRequested(party_id=party_id))
    evening.act(ask.ResumeRequested(party_id=party_id))
    evening.act(ask.StopRequested(party_id=party_id))
    device, before, verbs = wire.DeviceBody("ann-tv", "TV"), None, []
    for effect in (e for e in evening.all(PublishState) if not e.to):
        after = translation.state_message(effect, "ann")
        verbs += [t.command.verb for t in old.commands(before, after, device, after.at)]
        before = after
    assert verbs == ["play", "pause", "play", "stop"]


def test_an_old_status_finds_its_party_by_the_film() -> None:
    evening = Evening()
    party_id = evening.running("ann")
    link = evening.state.clients["ann"].link_id
    status = old.StatusUpdate("Film.mkv", 5000)
    action = translation.old_report(status, evening.state, "ann", link)
    assert action is not None
    assert (action.party_id, action.device_id, action.report.position_ms) == (party_id, "ann-tv", 5000)
    assert translation.old_report(old.StatusUpdate("Other.mkv", 1), evening.state, "ann", link) is None
    assert translation.old_report(status, evening.state, "bob", link) is None


def test_answers_say_what_became_of_a_wish() -> None:
    want = wire.Want("abc123", "pause", 7)
    refusal = Refuse(effect_id="1.0", why="x", because=1, code="not_allowed", message="No.", hint="Ask.")
    assert translation.answered(want, None) == wire.Answer(7, ok=True)
    assert translation.answered(want, refusal) == wire.Answer(
        7, ok=False, code="not_allowed", message="No.", hint="Ask."
    )
    assert translation.refused(refusal) == wire.Error("not_allowed", "No.", "Ask.")


def test_a_correction_is_a_seek() -> None:
    evening = Evening()
    evening.running("ann")
    effect = CorrectSeat(
        effect_id="1.0",
        why="drift",
        because=1,
        party_id="abc123",
        to="ann",
        device_id="tv",
        title="TV",
        film=evening.party.film,
        position_ms=61_000,
    )
    assert translation.corrected(effect) == old.OldCommand(
        "seek", "Film.mkv", 61_000, wire.DeviceBody("tv", "TV")
    )
