"""Who may do what in a party, people's own remotes, stalls, old clients, and a process that is lost."""

import pytest

from segue.core.party.actions import ClientConnected, SeatReported
from segue.core.party.effects import CorrectSeat, TellEvent, TellMember
from segue.core.party.requests import (
    AddRequested,
    IgnoreRequested,
    OffsetRequested,
    PauseRequested,
    RemoveRequested,
    ResumeRequested,
    RoleRequested,
    SkipRequested,
    StartRequested,
    StopRequested,
)
from segue.core.party.state import Playing, Report
from tests.core.party.evening import FILM, Evening


@pytest.fixture
def evening() -> Evening:
    return Evening()


def kinds(evening: Evening) -> list[str]:
    return [event.kind for event in evening.all(TellEvent)]


# ------------------------------------------------------------------ who may what


@pytest.mark.parametrize(
    ("who", "is_open", "refused"),
    [
        ("ann", False, ""),
        ("cob", False, ""),
        ("bob", False, "not_allowed"),
        ("bob", True, ""),
        ("eve", True, "not_a_member"),
        ("", False, ""),
    ],
)
def test_who_may_pause(evening: Evening, who: str, is_open: bool, refused: str) -> None:
    party_id = evening.running("ann", "bob", "cob", open=is_open)
    evening.act(RoleRequested(party_id=party_id, username="cob", role="cohost"))
    evening.act(PauseRequested(party_id=party_id, who=who))
    assert evening.refused == refused


@pytest.mark.parametrize(
    ("request_type", "allowed"),
    [(StopRequested, {"ann", "cob"}), (SkipRequested, {"ann", "cob"}), (StartRequested, {"ann", "cob"})],
)
def test_even_in_an_open_party_guests_do_not_lead(
    evening: Evening, request_type: type, allowed: set[str]
) -> None:
    for who in ("ann", "bob", "cob"):
        party_id = evening.running("ann", "bob", "cob", open=True)
        evening.act(RoleRequested(party_id=party_id, username="cob", role="cohost"))
        evening.act(request_type(party_id=party_id, who=who))
        assert (evening.refused != "not_allowed") == (who in allowed)
        evening.act(StopRequested(party_id=party_id))


def test_a_cohost_removes_guests_but_not_the_host(evening: Evening) -> None:
    party_id = evening.party_of("ann", "bob", "cob")
    evening.act(RoleRequested(party_id=party_id, username="cob", role="cohost", who="ann"))
    evening.act(RemoveRequested(party_id=party_id, who="cob", username="ann"))
    assert evening.refused == "not_allowed"
    evening.act(RoleRequested(party_id=party_id, who="cob", username="cob", role="host"))
    assert evening.refused == "not_allowed"
    evening.act(AddRequested(party_id=party_id, who="cob", username="dan", role="cohost"))
    assert evening.refused == "not_allowed"
    evening.act(RemoveRequested(party_id=party_id, who="cob", username="bob"))
    assert evening.refused == ""


def test_a_user_joins_by_themselves_where_anyone_may(evening: Evening) -> None:
    party_id = evening.party_of("ann")
    evening.act(AddRequested(party_id=party_id, who="bob", username="bob"))
    assert evening.refused == "not_a_member"
    party_id = evening.party_of("ann", join="anyone")
    evening.act(AddRequested(party_id=party_id, who="bob", username="cob"))
    assert evening.refused == "not_a_member"
    for role in ("host", "cohost"):
        evening.act(AddRequested(party_id=party_id, who="bob", username="bob", role=role))
        assert evening.refused == "not_allowed"
    evening.act(AddRequested(party_id=party_id, who="bob", username="bob", device_title="bob's TV"))
    assert (evening.refused, evening.role("bob")) == ("", "guest")


def test_a_guest_adds_players_of_their_own_so_many_and_no_more(evening: Evening) -> None:
    party_id = evening.party_of("ann", "bob")
    for n in range(15):
        evening.act(AddRequested(party_id=party_id, who="bob", username="bob", device_title=f"TV {n}"))
        assert evening.refused == ""
        evening.later(2.0)
    evening.act(AddRequested(party_id=party_id, who="bob", username="bob", device_title="another"))
    assert evening.refused == "too_many_players"
    evening.act(AddRequested(party_id=party_id, who="bob", username="ann", device_title="TV"))
    assert evening.refused == "not_allowed"


def test_there_is_one_host(evening: Evening) -> None:
    party_id = evening.party_of("ann", "bob")
    evening.act(RoleRequested(party_id=party_id, who="ann", username="bob", role="host"))
    assert (evening.role("ann"), evening.role("bob")) == ("cohost", "host")


def test_wishes_are_limited_and_come_back(evening: Evening) -> None:
    party_id = evening.running("ann", "bob", open=True)
    codes = []
    for number in range(8):
        kind = PauseRequested if number % 2 else ResumeRequested
        evening.act(kind(party_id=party_id, who="bob"))
        codes.append(evening.refused)
    assert codes == [""] * 5 + ["too_often"] * 3
    evening.act(PauseRequested(party_id=party_id, who="ann"))
    assert evening.refused == "", "one member's flood is not another's"
    evening.later(2.0)
    evening.act(ResumeRequested(party_id=party_id, who="bob"))
    assert evening.refused == ""


@pytest.mark.parametrize(("offset_ms", "refused"), [(-2000, ""), (150, ""), (2001, "bad_offset")])
def test_everybody_sets_their_own_offset(evening: Evening, offset_ms: int, refused: str) -> None:
    party_id = evening.party_of("ann", "bob")
    evening.act(OffsetRequested(party_id=party_id, who="bob", username="bob", offset_ms=offset_ms))
    assert evening.refused == refused
    if not refused:
        assert (evening.last(TellMember).to, evening.last(TellMember).offset_ms) == ("bob", offset_ms)
    evening.act(OffsetRequested(party_id=party_id, who="bob", username="ann", offset_ms=1))
    assert evening.refused == "not_allowed"


# ------------------------------------------------------------------ the host


def test_a_lost_host_is_succeeded_after_ten_seconds_by_a_cohost(evening: Evening) -> None:
    party_id = evening.running("ann", "bob", "cob")
    evening.act(RoleRequested(party_id=party_id, username="cob", role="cohost"))
    evening.drop("ann")
    evening.later(9.9)
    assert evening.role("ann") == "host"
    evening.later(0.2)
    assert (evening.role("ann"), evening.role("cob"), evening.role("bob")) == ("cohost", "host", "guest")
    evening.connect("ann")
    assert evening.role("cob") == "host", "who comes back does not take it away again"


def test_without_cohosts_the_first_guest_follows(evening: Evening) -> None:
    evening.running("ann", "bob", "cob")
    evening.drop("bob")
    evening.drop("ann")
    evening.later(20)
    assert evening.role("cob") == "host"


def test_a_host_who_is_back_in_time_stays_host(evening: Evening) -> None:
    evening.running("ann", "bob")
    evening.drop("ann")
    evening.later(5)
    evening.connect("ann")
    evening.later(100)
    assert evening.role("ann") == "host"


def test_when_all_were_gone_the_first_to_come_back_is_host(evening: Evening) -> None:
    evening.running("ann", "bob")
    evening.drop("bob")
    evening.drop("ann")
    evening.later(60)
    assert evening.role("ann") == "host"
    evening.connect("bob")
    assert evening.role("bob") == "host"


def test_in_the_lobby_no_host_need_be_there(evening: Evening) -> None:
    evening.party_of("ann", "bob")
    evening.drop("ann")
    evening.later(3600)
    assert evening.role("ann") == "host"


# ------------------------------------------------------------------ people's own remotes


@pytest.mark.parametrize(
    ("who", "is_open", "for_all"), [("bob", True, True), ("bob", False, False), ("ann", False, True)]
)
def test_a_pause_on_a_remote_is_everybodys_or_its_own(
    evening: Evening, who: str, is_open: bool, for_all: bool
) -> None:
    evening.running("ann", "bob", open=is_open)
    evening.later(20)
    evening.hand(who, "paused", 20_000)
    assert (evening.phase == "paused") == for_all
    assert (evening.seat(who).away == "paused") != for_all


def test_who_stepped_away_is_left_alone_and_rejoins_by_pressing_play(evening: Evening) -> None:
    party_id = evening.running("ann", "bob")
    evening.hand("bob", "sought", 5_000)
    assert evening.seat("bob").away == "sought"
    evening.hand("bob", "paused", 5_000)
    assert evening.phase == "playing"
    evening.act(PauseRequested(party_id=party_id))
    evening.act(ResumeRequested(party_id=party_id))
    assert evening.seat("bob").away == "sought", "a group's pause and resume do not fetch it back"
    assert evening.told().frame.fetch == ()
    evening.hand("bob", "played", 5_000)
    assert evening.seat("bob").away == ""
    assert "resync" in [event.kind for event in evening.last_step if isinstance(event, TellEvent)]


def test_a_hand_that_spoke_for_all_stays_in_step_with_all(evening: Evening) -> None:
    """Its agent believes that its viewer stepped away; the state says that it did not, and of nobody else."""
    evening.running("ann", "bob", "cob", open=True)
    evening.hand("cob", "stopped")
    evening.hand("bob", "played")
    assert evening.told().frame.fetch == (("bob", "bob-tv"),)
    evening.hand("bob", "paused")
    assert evening.told().frame.fetch == (("bob", "bob-tv"),)
    evening.hand("ann", "sought", 60_000)
    assert evening.told().frame.fetch == (("ann", "ann-tv"),)
    assert evening.seat("cob").away == "stopped"


def test_a_hand_that_does_what_the_group_does_stays_in_step(evening: Evening) -> None:
    party_id = evening.running("ann", "bob")
    evening.act(PauseRequested(party_id=party_id))
    rev = evening.party.rev
    evening.hand("bob", "paused", 1_000)
    assert (evening.seat("bob").away, evening.party.rev) == ("", rev)
    assert (evening.last(TellEvent).kind, evening.last(TellEvent).to) == ("resync", "bob")


def test_a_seek_on_a_remote_is_everybodys_in_an_open_party(evening: Evening) -> None:
    evening.running("ann", "bob", open=True)
    evening.hand("bob", "sought", 1_200_300)
    assert evening.party.frame.line.position_ms == 1_200_000
    assert evening.phase == "playing"


def test_a_stop_on_a_remote_pauses_the_others_and_ends_nothing(evening: Evening) -> None:
    evening.running("ann", "bob", open=True)
    evening.hand("bob", "stopped")
    assert (evening.phase, evening.seat("bob").away) == ("paused", "stopped")
    evening.hand("ann", "played")
    assert (evening.phase, evening.seat("bob").away) == ("playing", "stopped")


def test_play_on_a_remote_ends_a_pause_in_an_open_party(evening: Evening) -> None:
    party_id = evening.running("ann", "bob", open=True)
    evening.act(PauseRequested(party_id=party_id))
    evening.hand("bob", "played")
    assert evening.phase == "playing"


def test_a_remote_gone_mad_drives_only_its_own_player(evening: Evening) -> None:
    """A player that is thought to move by itself must not drag the others to and fro without end."""
    evening.running("ann", "bob", open=True)
    for _ in range(12):
        evening.hand("bob", "paused")
        evening.hand("bob", "played")
    assert evening.party.rev < 10
    assert evening.seat("ann").away == ""


# ------------------------------------------------------------------ stalls


def test_by_default_a_stall_is_its_own_homes_business(evening: Evening) -> None:
    evening.running("ann", "bob")
    rev = evening.party.rev
    evening.stall("bob")
    evening.later(60)
    assert (evening.phase, evening.party.rev) == ("playing", rev)


def test_where_the_party_waits_it_waits_after_three_seconds_until_all_is_well(evening: Evening) -> None:
    evening.running("ann", "bob", stall="wait")
    evening.stall("bob")
    evening.later(2.9)
    assert evening.phase == "playing"
    evening.later(0.2)
    assert evening.phase == "waiting"
    evening.report("bob", state="paused", note="stalled")
    assert evening.phase == "waiting"
    evening.ready("bob")
    assert evening.phase == "playing"


def test_a_short_stall_is_not_waited_for(evening: Evening) -> None:
    evening.running("ann", "bob", stall="wait")
    evening.stall("bob")
    evening.later(2.0)
    evening.recover("bob")
    evening.later(10)
    assert evening.phase == "playing"


def test_no_wait_is_longer_than_ten_seconds_and_no_stall_waited_for_twice(evening: Evening) -> None:
    evening.running("ann", "bob", stall="wait")
    evening.stall("bob")
    evening.later(3.0)
    began_at = evening.now_at
    evening.later(9.2)
    assert evening.phase == "playing"
    assert evening.told().frame.line.at_s <= began_at + 10.0 + 1e-6
    evening.stall("bob")
    evening.later(600)
    assert evening.phase == "playing"
    assert kinds(evening).count("waiting") == 1


def test_there_are_three_waits_an_hour(evening: Evening) -> None:
    evening.running("ann", "bob", stall="wait", film=FILM)
    for _ in range(6):
        evening.stall("bob")
        evening.later(20)
        evening.recover("bob")
        evening.later(60)
    assert kinds(evening).count("waiting") == 3


def test_who_is_ignored_or_gone_is_not_waited_for(evening: Evening) -> None:
    party_id = evening.running("ann", "bob", stall="wait")
    evening.act(IgnoreRequested(party_id=party_id, username="bob", ignored=True))
    evening.stall("bob")
    evening.later(10)
    assert evening.phase == "playing"
    evening.act(IgnoreRequested(party_id=party_id, username="bob", ignored=False))
    assert evening.phase == "waiting"
    evening.drop("bob")
    assert evening.phase == "playing"


def test_a_person_who_pauses_during_a_wait_is_obeyed(evening: Evening) -> None:
    party_id = evening.running("ann", "bob", stall="wait")
    evening.stall("bob")
    evening.later(3.1)
    evening.act(PauseRequested(party_id=party_id, who="ann"))
    evening.later(60)
    assert evening.phase == "paused"


# ------------------------------------------------------------------ the old protocol


def test_an_old_client_is_not_waited_for_and_corrected_only_beyond_what_old_news_explain(
    evening: Evening,
) -> None:
    party_id = evening.party_of("ann")
    evening.act(AddRequested(party_id=party_id, username="old"))
    evening.connect("old", protocol="old")
    evening.act(StartRequested(party_id=party_id))
    evening.ready("ann")
    assert evening.phase == "playing"
    evening.later(100)
    for behind_s, corrections in ((0, 0), (20, 0), (27, 0), (40, 1), (40, 1)):
        evening.report("old", state="playing", position_ms=round((evening.position_s - behind_s) * 1000))
        assert len(evening.all(CorrectSeat)) == corrections
    evening.later(61)
    evening.report("old", state="playing", position_ms=round((evening.position_s + 9) * 1000))
    assert len(evening.all(CorrectSeat)) == 2
    assert evening.last(CorrectSeat).position_ms == round(evening.position_s * 1000)


# ------------------------------------------------------------------ restart


def test_a_restart_finds_the_film_where_it_is(evening: Evening) -> None:
    party_id = evening.running("ann", "bob")
    evening.later(600)
    before_s, rev = evening.position_s, evening.party.rev
    evening.restart(gone_s=2.0)
    assert evening.phase == "playing"
    assert evening.position_s == pytest.approx(before_s + 2.0, abs=0.03)
    assert evening.party.rev > rev
    evening.later(30)
    assert evening.role("ann") == "host", "agents need time to come back"
    evening.connect("ann")
    assert evening.told("ann").frame.why == "restart"
    assert isinstance(evening.party.phase, Playing)
    assert evening.party.party_id == party_id


def test_a_restart_in_an_intermission_keeps_its_end(evening: Evening) -> None:
    evening.running("ann")
    evening.later(3700)
    assert evening.phase == "intermission"
    evening.restart(gone_s=100)
    evening.later(600 - 100 - 60)
    assert evening.phase == "playing"


def test_a_restart_keeps_a_pause(evening: Evening) -> None:
    party_id = evening.running("ann")
    evening.later(10)
    evening.act(PauseRequested(party_id=party_id))
    evening.later(5)
    position_s = evening.position_s
    evening.restart()
    assert (evening.phase, evening.position_s) == ("paused", position_s)


def test_words_about_what_is_not_there_are_refused_or_ignored(evening: Evening) -> None:
    party_id = evening.party_of("ann")
    link_id = evening.state.clients["ann"].link_id
    evening.act(SeatReported("ann", link_id, party_id, "toaster", Report(rev=1)))
    assert evening.refused == "unknown_device"
    evening.act(SeatReported("ann", link_id, "nobody", "ann-tv", Report(rev=1)))
    assert evening.refused == "not_a_member"
    evening.act(SeatReported("ghost", "x", party_id, "ann-tv", Report(rev=1)))
    assert evening.last_step == []
    evening.act(ClientConnected("bob", "b", (), party_id="nobody"))
    assert evening.refused == "unknown_party"
