"""An evening with a party: lobby, start, pause, seek, late joiners, people's own remotes, the end."""

import pytest
from msgspec.structs import replace as but

from segue.core.party.actions import ClientConnected, ClientDisconnected, SeatReady, SeatReported
from segue.core.party.effects import CloseLink, CorrectSeat, PublishState, TellEvent, TellMember
from segue.core.party.requests import (
    AddRequested,
    CreateRequested,
    IgnoreRequested,
    InviteRequested,
    OffsetRequested,
    PauseRequested,
    QueueRequested,
    RemoveRequested,
    ResumeRequested,
    ResyncRequested,
    RoleRequested,
    SeekRequested,
    SkipRequested,
    StartRequested,
    StopRequested,
)
from segue.core.party.settings import Device, Film, PartySettings, film_problem
from segue.core.party.state import Ended, Playing, Report
from segue.core.vocabulary import Accept
from tests.core.party.evening import FILM, SHORT, Evening


@pytest.fixture
def evening() -> Evening:
    return Evening()


def kinds(evening: Evening) -> list[str]:
    return [event.kind for event in evening.all(TellEvent)]


# ------------------------------------------------------------------ lobby and start


def test_a_party_has_six_characters_and_a_lobby(evening: Evening) -> None:
    party_id = evening.create()
    assert len(party_id) == 6
    assert set(party_id) <= set("abcdefghijklmnopqrstuvwxyz0123456789")
    assert evening.phase == "lobby"
    assert party_id in evening.last(Accept).doing


@pytest.mark.parametrize(
    ("film", "word"),
    [
        (Film(duration_ms=5000), "guid or a file name"),
        (Film(duration_ms=5000, filename="/films/a.mkv"), "folders"),
        (Film(duration_ms=0, guid="plex://movie/1"), "duration_ms is 0"),
        (Film(duration_ms=10**9, guid="plex://movie/1"), "86400000"),
    ],
)
def test_a_film_that_cannot_be_is_refused_with_the_reason(evening: Evening, film: Film, word: str) -> None:
    assert word in film_problem(film)
    evening.act(CreateRequested((film,)))
    assert evening.refused == "bad_party"
    assert not evening.state.parties


def test_no_more_parties_than_allowed() -> None:
    evening = Evening(PartySettings(parties_max=1))
    party_id = evening.create()
    evening.create()
    assert evening.refused == "too_many_parties"
    evening.act(StopRequested(party_id=party_id))
    evening.create()
    assert evening.refused == ""


def test_two_parties_never_share_an_id(evening: Evening) -> None:
    first = evening.create()
    evening.seq -= 1  # the same entropy again
    second = evening.create()
    assert len({first, second}) == 2


def test_the_film_begins_as_soon_as_everybody_is_parked(evening: Evening) -> None:
    evening.party_of("ann", "bob")
    evening.act(StartRequested(party_id=evening.party.party_id, who="ann"))
    assert (evening.phase, evening.told().frame.line.rate) == ("gathering", 0.0)
    evening.ready("ann")
    assert evening.phase == "gathering"
    evening.ready("bob")
    assert evening.phase == "playing"
    line = evening.told().frame.line
    assert (line.position_ms, line.rate, line.at_s) == (0, 1.0, evening.now_at + 0.9)


def test_a_start_waits_ten_seconds_for_those_who_are_not_ready(evening: Evening) -> None:
    evening.party_of("ann", "bob")
    ordered_at = evening.now_at
    evening.act(StartRequested(party_id=evening.party.party_id))
    evening.ready("ann")
    evening.later(9.0)
    assert evening.phase == "gathering"
    evening.later(0.2)
    assert evening.phase == "playing"
    assert evening.told().frame.line.at_s == pytest.approx(ordered_at + 10.0)


def test_who_is_parked_for_an_older_revision_is_not_ready(evening: Evening) -> None:
    evening.party_of("ann")
    evening.act(StartRequested(party_id=evening.party.party_id))
    evening.ready("ann", rev=evening.party.rev - 1)
    assert evening.phase == "gathering"


def test_who_lacks_the_film_is_named_and_not_waited_for(evening: Evening) -> None:
    evening.party_of("ann", "bob")
    evening.act(StartRequested(party_id=evening.party.party_id))
    evening.ready("bob", problem="no_film")
    assert "bob's TV: no_film" in evening.last(TellEvent).text
    evening.ready("ann")
    assert evening.phase == "playing"


def test_a_second_start_changes_nothing(evening: Evening) -> None:
    party_id = evening.running("ann")
    rev = evening.party.rev
    evening.act(StartRequested(party_id=party_id))
    assert (evening.phase, evening.party.rev) == ("playing", rev)


def test_before_the_start_there_is_nothing_to_pause(evening: Evening) -> None:
    evening.act(PauseRequested(party_id=evening.party_of("ann")))
    assert evening.refused == "not_started"


# ------------------------------------------------------------------ transport


def test_a_pause_is_on_one_whole_second_a_little_ahead(evening: Evening) -> None:
    party_id = evening.running("ann", "bob")
    evening.later(30.25)
    evening.act(PauseRequested(party_id=party_id))
    line = evening.told().frame.line
    assert (line.rate, line.position_ms % 1000) == (0.0, 0)
    assert 0.4 <= line.at_s - evening.now_at <= 1.4
    assert evening.last(PublishState).phase == "paused"


def test_a_second_pause_changes_nothing(evening: Evening) -> None:
    party_id = evening.running("ann")
    evening.act(PauseRequested(party_id=party_id))
    rev, position_ms = evening.party.rev, evening.party.frame.line.position_ms
    evening.later(100.0)
    evening.act(PauseRequested(party_id=party_id))
    assert (evening.party.rev, evening.party.frame.line.position_ms) == (rev, position_ms)
    evening.act(ResumeRequested(party_id=party_id))
    assert evening.party.frame.line.position_ms == position_ms


def test_a_seek_waits_for_the_slowest_player_that_is_in_step(evening: Evening) -> None:
    party_id = evening.running("ann", "bob")
    evening.report("bob", state="playing", parking_ms=2500)
    evening.act(SeekRequested(party_id=party_id, position_ms=600_400))
    line = evening.told().frame.line
    assert line.position_ms == 600_000
    assert line.at_s - evening.now_at == pytest.approx(3.0)
    assert evening.phase == "playing"


def test_a_seek_in_a_pause_leaves_it_paused(evening: Evening) -> None:
    party_id = evening.running("ann")
    evening.act(PauseRequested(party_id=party_id))
    evening.act(SeekRequested(party_id=party_id, position_ms=10_000))
    assert (evening.phase, evening.position_s) == ("paused", 10.0)


@pytest.mark.parametrize("position_ms", [-1, FILM.duration_ms, 10**12])
def test_nobody_seeks_out_of_the_film(evening: Evening, position_ms: int) -> None:
    evening.act(SeekRequested(party_id=evening.running("ann"), position_ms=position_ms))
    assert evening.refused == "outside_film"


def test_a_seek_to_the_very_end_stays_inside(evening: Evening) -> None:
    party_id = evening.running("ann", film=but(SHORT, duration_ms=60_700))
    evening.act(SeekRequested(party_id=party_id, position_ms=60_699))
    assert evening.party.frame.line.position_ms == 60_000


def test_a_party_that_is_not_there_is_named(evening: Evening) -> None:
    evening.act(PauseRequested(party_id="nobody"))
    assert evening.refused == "unknown_party"


# ------------------------------------------------------------------ end and queue


def test_at_the_end_all_are_stopped_and_the_party_is_closed(evening: Evening) -> None:
    party_id = evening.running("ann", film=SHORT)
    evening.later(70.0)
    assert (evening.phase, evening.told().phase, evening.told().frame.why) == ("ended", "ended", "end")
    evening.act(ResumeRequested(party_id=party_id))
    assert evening.refused == "ended"
    evening.later(4000.0)
    assert not evening.state.parties, "an ended party is forgotten after an hour"


def test_the_next_film_of_the_queue_follows(evening: Evening) -> None:
    party_id = evening.running("ann", film=SHORT)
    evening.act(QueueRequested(party_id=party_id, films=(FILM,)))
    evening.later(64.0)
    assert (evening.phase, evening.told().film, evening.told().frame.item) == ("gathering", FILM, 1)
    evening.later(10.0)
    assert (evening.phase, evening.party.film) == ("playing", FILM)


def test_skip_goes_on_or_says_that_nothing_follows(evening: Evening) -> None:
    party_id = evening.running("ann")
    evening.act(SkipRequested(party_id=party_id))
    assert evening.refused == "queue_empty"
    evening.act(QueueRequested(party_id=party_id, films=(SHORT,)))
    evening.act(SkipRequested(party_id=party_id))
    assert evening.party.film == SHORT


def test_a_pause_that_nobody_comes_back_to_ends(evening: Evening) -> None:
    party_id = evening.running("ann")
    evening.act(PauseRequested(party_id=party_id))
    evening.later(7 * 3600.0)
    assert evening.phase == "paused", "somebody is there"
    evening.drop("ann")
    evening.later(6 * 3600.0)
    assert isinstance(evening.party.phase, Ended)
    assert evening.party.phase.reason == "abandoned"


# ------------------------------------------------------------------ coming and going


def test_a_late_joiner_is_told_the_line_and_nobody_else_hears_of_it(evening: Evening) -> None:
    party_id = evening.running("ann")
    evening.act(AddRequested(party_id=party_id, username="bob"))
    rev = evening.party.rev
    evening.later(60.0)
    evening.connect("bob")
    assert [e.to for e in evening.last_step if isinstance(e, PublishState)] == ["bob"]
    assert evening.party.rev == rev
    assert not evening.seat("bob").away


def test_where_the_party_asks_a_late_joiner_waits_for_its_wish(evening: Evening) -> None:
    party_id = evening.running("ann", late="ask")
    evening.act(AddRequested(party_id=party_id, username="bob"))
    evening.connect("bob")
    assert evening.seat("bob").away == "late"
    evening.act(ResyncRequested(party_id=party_id, who="bob", username="bob"))
    assert evening.seat("bob").away == ""
    assert evening.told("bob").frame.line.gathers
    evening.drop("ann")
    evening.connect("ann")
    assert evening.seat("ann").away == "", "who was there before comes back by itself"


def test_an_old_connection_evicts_no_new_one(evening: Evening) -> None:
    evening.running("ann")
    old = evening.state.clients["ann"].link_id
    new = evening.connect("ann")
    assert evening.last(CloseLink).link_id == old
    evening.act(ClientDisconnected("ann", old))
    assert evening.state.clients["ann"].link_id == new
    member = evening.party.member("ann")
    assert member is not None
    assert member.present


def test_what_an_old_connection_says_counts_for_nothing(evening: Evening) -> None:
    party_id = evening.party_of("ann")
    evening.act(StartRequested(party_id=party_id))
    old = evening.state.clients["ann"].link_id
    evening.connect("ann")
    evening.act(SeatReady("ann", old, party_id, "ann-tv", evening.party.rev, 0))
    assert evening.phase == "gathering"


def test_a_new_connection_is_not_ready_because_the_old_one_was(evening: Evening) -> None:
    party_id = evening.party_of("ann", "bob")
    evening.act(StartRequested(party_id=party_id))
    evening.ready("ann")
    evening.connect("ann")
    evening.ready("bob")
    assert evening.phase == "gathering"


def test_whoever_is_connected_is_attached_when_added(evening: Evening) -> None:
    evening.connect("bob")
    party_id = evening.create()
    evening.act(AddRequested(party_id=party_id, username="bob", device_title="bob's TV"))
    assert evening.seat("bob").device_id == "bob-tv"
    assert evening.last(TellMember).to == "bob"


def test_a_player_that_the_home_does_not_offer_is_named(evening: Evening) -> None:
    evening.connect("bob")
    party_id = evening.create()
    evening.act(AddRequested(party_id=party_id, username="bob", device_title="Projector"))
    assert evening.seat("bob").problem == "not_authorised"
    assert "bob's TV" in evening.seat("bob").detail
    evening.connect("bob", devices=(Device("p1", "Projector"),))
    assert (evening.seat("bob").problem, evening.seat("bob").device_id) == ("", "p1")


def test_an_agent_without_players_is_told_so(evening: Evening) -> None:
    evening.connect("bob", devices=())
    party_id = evening.create()
    evening.act(AddRequested(party_id=party_id, username="bob"))
    assert evening.seat("bob").problem == "no_device"


def test_a_player_is_in_step_with_one_party_at_a_time(evening: Evening) -> None:
    first = evening.running("ann")
    second = evening.create()
    evening.act(AddRequested(party_id=second, username="ann"))
    evening.act(StartRequested(party_id=second))
    assert evening.seat("ann").away == "busy"
    evening.act(ResyncRequested(party_id=second, username="ann"))
    assert evening.seat("ann").away == "busy"
    evening.act(StopRequested(party_id=first))
    evening.act(ResyncRequested(party_id=second, username="ann"))
    assert evening.seat("ann").away == ""


def test_only_an_open_door_lets_strangers_in(evening: Evening) -> None:
    closed = evening.create()
    evening.connect("eve", party_id=closed)
    assert evening.refused == "not_invited"
    party_id = evening.create(join="anyone")
    evening.connect("eve", party_id=party_id)
    assert evening.refused == ""
    assert evening.role("eve") == "guest"


def test_an_invitation_is_for_one_user(evening: Evening) -> None:
    party_id = evening.create()
    token = "a" * 64
    evening.act(
        InviteRequested(
            party_id=party_id, token_hash=token, wall_until_at=evening.wall_at + 60, role="cohost"
        )
    )
    evening.connect("bob", invite_hash=token)
    assert evening.role("bob") == "cohost"
    evening.connect("bob", invite_hash=token)
    assert evening.refused == "", "an answer may have been lost"
    evening.connect("eve", invite_hash=token)
    assert evening.refused == "invite_used"
    assert evening.party.member("eve") is None


def test_an_invitation_ends(evening: Evening) -> None:
    token = "b" * 64
    party_id = evening.create()
    evening.act(InviteRequested(party_id=party_id, token_hash=token, wall_until_at=evening.wall_at + 60))
    evening.later(61)
    evening.connect("bob", invite_hash=token)
    assert evening.refused == "invite_unknown"


def test_a_removed_member_is_told_and_gone(evening: Evening) -> None:
    party_id = evening.running("ann", "bob")
    evening.act(RemoveRequested(party_id=party_id, who="ann", username="bob"))
    assert evening.last(TellMember).removed
    assert evening.party.member("bob") is None
    evening.act(RemoveRequested(party_id=party_id, who="ann", username="bob"))
    assert evening.refused == "not_a_member"


def test_everybody_may_leave(evening: Evening) -> None:
    party_id = evening.running("ann", "bob")
    evening.act(RemoveRequested(party_id=party_id, who="bob", username="bob"))
    assert evening.refused == ""
    evening.act(RemoveRequested(party_id=party_id, who="ann", username="ann"))
    assert evening.party.members == ()


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
    assert not evening.told().frame.line.gathers
    evening.hand("bob", "played", 5_000)
    assert evening.seat("bob").away == ""
    assert evening.told("bob").frame.line.gathers


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
