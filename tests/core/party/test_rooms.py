"""An evening with a party: lobby, start, pause, seek, late joiners, people's own remotes, the end."""

import pytest
from msgspec.structs import replace as but

from segue.core.party.actions import ClientDisconnected, SeatReady
from segue.core.party.effects import CloseLink, PublishState, TellEvent, TellMember
from segue.core.party.requests import (
    AddRequested,
    CreateRequested,
    InviteRequested,
    PauseRequested,
    QueueRequested,
    RemoveRequested,
    ResumeRequested,
    ResyncRequested,
    SeekRequested,
    SkipRequested,
    StartRequested,
    StopRequested,
)
from segue.core.party.settings import Device, Film, PartySettings, film_problem
from segue.core.party.state import Ended
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
    assert (evening.last(TellEvent).kind, evening.last(TellEvent).device_id) == ("resync", "bob-tv")
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


def test_the_invitation_of_a_guest_who_was_removed_brings_nobody_back(evening: Evening) -> None:
    """Nor of one who left: their agent would else be in again with its next connection."""
    party_id, token = evening.create(), "c" * 64
    evening.act(InviteRequested(party_id=party_id, token_hash=token, wall_until_at=evening.wall_at + 60))
    evening.connect("bob", invite_hash=token)
    evening.act(RemoveRequested(party_id=party_id, username="bob"))
    evening.connect("bob", invite_hash=token)
    assert evening.refused == "invite_unknown"
    assert evening.party.member("bob") is None


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
