"""When a film pauses by itself, whatever its length and whatever people do meanwhile."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace as but

from segue.core.party.effects import PublishState, TellEvent
from segue.core.party.intermissions import boundaries, next_boundary
from segue.core.party.requests import (
    PauseRequested,
    ResumeRequested,
    RulesRequested,
    SeekRequested,
    StartRequested,
)
from segue.core.party.settings import Film, IntermissionRules
from segue.core.party.state import Intermission
from tests.core.party.evening import FILM, Evening

H, M = 3_600_000, 60_000
PLAIN = IntermissionRules(guard_s=0)
"""The rule without the guard: the first one comes in every film that is longer than an hour."""


@pytest.mark.parametrize(
    ("duration_ms", "plain", "guarded"),
    [
        (59 * M, (), ()),
        (H, (), ()),
        (H + 1, (H,), ()),
        (H + 9 * M, (H,), ()),
        (H + 10 * M, (H,), (H,)),
        (2 * H + 30 * M, (H,), (H,)),
        (2 * H + 30 * M + 1, (H, 2 * H), (H, 2 * H)),
        (4 * H, (H, 2 * H, 3 * H), (H, 2 * H, 3 * H)),
    ],
)
def test_the_rule_and_its_guard(duration_ms: int, plain: tuple[int, ...], guarded: tuple[int, ...]) -> None:
    assert boundaries(PLAIN, duration_ms) == plain
    assert boundaries(IntermissionRules(), duration_ms) == guarded


def test_switch_length_and_own_times() -> None:
    assert boundaries(IntermissionRules(enabled=False), 4 * H) == ()
    assert boundaries(IntermissionRules(length_s=0), 4 * H) == ()
    own = IntermissionRules(times_s=(5000, 1800, 1800, 14_000), guard_s=600)
    assert boundaries(own, 4 * H) == (1_800_000, 5_000_000)


@given(st.integers(1, 24 * H), st.integers(0, 24 * H), st.sets(st.integers(1, 24).map(lambda h: h * H)))
def test_whatever_the_film_the_plan_keeps_the_rule(
    duration_ms: int, position_ms: int, held: set[int]
) -> None:
    moments = boundaries(PLAIN, duration_ms)
    assert (H in moments) == (duration_ms > H), "the first comes only if the film is longer"
    for hours in range(2, 25):
        assert (hours * H in moments) == (duration_ms - hours * H > 30 * M), "later ones iff > 30 min remain"
    assert all(0 < m < duration_ms for m in moments), "never after the end"
    following = next_boundary(PLAIN, duration_ms, position_ms, held)
    if following is not None:
        assert following > position_ms
        assert following not in held


# ------------------------------------------------------------------ in a party


def in_film(duration_ms: int = 4 * H, **rules: Any) -> Evening:
    evening = Evening()
    party_id = evening.create(
        but(FILM, duration_ms=duration_ms), host="ann", intermissions=IntermissionRules(**rules)
    )
    evening.connect("ann")
    evening.act(StartRequested(party_id=party_id))
    evening.ready("ann")
    evening.later(0.9)
    return evening


def held(evening: Evening) -> list[int]:
    """Where intermissions began, in whole seconds of the film."""
    seen = [e.frame.line for e in evening.all(PublishState) if e.frame.why == "intermission" and not e.to]
    return [line.position_ms // 1000 for line in seen]


def test_an_intermission_is_on_the_frame_and_ten_minutes_long() -> None:
    evening = in_film()
    evening.later(3599)
    assert evening.phase == "intermission", "told two seconds ahead"
    line = evening.told().frame.line
    assert (line.position_ms, line.rate) == (H, 0.0)
    assert evening.position_s == pytest.approx(3599.0)
    stop_at = line.at_s
    evening.later(590)
    assert evening.phase == "intermission"
    evening.later(15)
    again = evening.told().frame.line
    assert (again.position_ms, again.rate) == (H, 1.0)
    assert again.at_s == pytest.approx(stop_at + 600.0)


def test_what_left_during_it_is_fetched_back_twenty_seconds_before_its_end() -> None:
    evening = in_film()
    evening.later(3700)
    evening.hand("ann", "stopped")
    assert (evening.phase, evening.seat("ann").away) == ("intermission", "intermission")
    evening.later(600 - 100 - 25)
    assert evening.seat("ann").away == "intermission"
    evening.later(6)
    assert evening.seat("ann").away == ""
    cue = evening.told().frame
    assert (cue.why, cue.fetch, cue.line.rate) == ("cue", (("ann", "ann-tv"),), 0.0)
    assert evening.last(TellEvent).kind == "intermission_ending"


def test_a_resume_ends_it_early_and_it_does_not_come_again() -> None:
    evening = in_film()
    evening.later(3650)
    evening.act(ResumeRequested(party_id=evening.party.party_id))
    evening.act(SeekRequested(party_id=evening.party.party_id, position_ms=50 * M))
    evening.later(1200)
    assert (evening.phase, held(evening)) == ("playing", [3600])


def test_a_pause_during_it_makes_it_a_persons_pause() -> None:
    evening = in_film()
    evening.later(3700)
    evening.act(PauseRequested(party_id=evening.party.party_id))
    evening.later(3600)
    assert evening.phase == "paused", "nothing resumes behind a person's back"


def test_a_pause_in_the_seconds_before_it_neither_skips_nor_doubles_it() -> None:
    for tenths in range(35_950, 36_010):
        evening = in_film()
        evening.later(tenths / 10)
        evening.act(PauseRequested(party_id=evening.party.party_id))
        assert evening.party.frame.line.position_ms <= H
        evening.later(60)
        evening.act(ResumeRequested(party_id=evening.party.party_id))
        evening.later(900)
        assert held(evening) == [3600]


def test_a_seek_over_a_boundary_skips_it_and_going_back_makes_it_due_again() -> None:
    evening = in_film()
    party_id = evening.party.party_id
    evening.act(SeekRequested(party_id=party_id, position_ms=70 * M))
    evening.later(60)
    assert held(evening) == []
    evening.act(SeekRequested(party_id=party_id, position_ms=50 * M))
    evening.later(700)
    assert held(evening) == [3600]


def test_a_seek_onto_a_boundary_is_over_it() -> None:
    evening = in_film()
    evening.act(SeekRequested(party_id=evening.party.party_id, position_ms=H))
    evening.later(60)
    assert held(evening) == []


def test_a_pause_in_its_last_two_seconds_is_on_the_frame_that_was_told() -> None:
    evening = in_film()
    evening.later(3599)
    told = evening.told().frame.line
    evening.act(PauseRequested(party_id=evening.party.party_id))
    line = evening.told().frame.line
    assert (line.position_ms, line.at_s) == (told.position_ms, told.at_s)


def test_a_seek_during_it_changes_where_it_goes_on() -> None:
    evening = in_film()
    evening.later(3700)
    evening.act(SeekRequested(party_id=evening.party.party_id, position_ms=30 * M))
    assert (evening.phase, evening.position_s) == ("intermission", 1800.0)
    evening.later(600)
    assert evening.phase == "playing"
    evening.later(3600)
    assert held(evening) == [3600]


def test_woken_too_late_it_is_held_at_once_or_not_at_all() -> None:
    evening = in_film()
    evening.now_at += 3700
    evening.wall_at += 3700
    evening.later(0.0)
    assert evening.phase == "intermission"
    assert evening.party.frame.line.position_ms == 3701_000
    evening = in_film(duration_ms=H + 11 * M)
    evening.now_at += 3700
    evening.wall_at += 3700
    evening.later(0.0)
    assert evening.phase == "playing", "too little remains by now"


def test_rules_that_change_during_the_film_are_planned_with() -> None:
    evening = in_film()
    evening.later(60)
    rules = but(evening.party.rules, intermissions=IntermissionRules(times_s=(120,)))
    evening.act(RulesRequested(party_id=evening.party.party_id, rules=rules))
    evening.later(70)
    assert held(evening) == [120]


@pytest.mark.parametrize(
    "wrong", [{"length_s": -1}, {"every_s": 0}, {"times_s": (0,)}, {"times_s": (1,) * 30}]
)
def test_rules_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    evening = in_film()
    rules = but(evening.party.rules, intermissions=IntermissionRules(**wrong))
    evening.act(RulesRequested(party_id=evening.party.party_id, rules=rules))
    assert evening.refused == "bad_rules"


ACTS = st.one_of(
    st.tuples(st.just("pause"), st.floats(0, 900)),
    st.tuples(st.just("resume"), st.floats(0, 2000)),
    st.tuples(st.just("pause twice"), st.floats(0, 900)),
    st.tuples(st.just("play on"), st.floats(0, 5000)),
    st.tuples(st.just("seek"), st.integers(0, 5 * H)),
)


@hypothesis_settings(deadline=None)
@given(st.integers(20 * M, 5 * H), st.sampled_from([0, 600]), st.lists(ACTS, max_size=8))
def test_whatever_people_do_intermissions_keep_their_rule(
    duration_ms: int, guard_s: int, acts: list[tuple[str, float]]
) -> None:
    """Media time, on the boundary, ten minutes, at most once each, never after the end, one moment to wake for."""
    evening = in_film(duration_ms, guard_s=guard_s)
    party_id = evening.party.party_id
    allowed = boundaries(IntermissionRules(guard_s=guard_s), duration_ms)
    for act, value in acts:
        if not evening.state.parties:
            break
        if act in ("pause", "pause twice"):
            for _ in range(1 + (act == "pause twice")):
                evening.act(PauseRequested(party_id=party_id))
            before = evening.party
            evening.later(value)
            if evening.state.parties and evening.phase == "paused":
                assert evening.party.frame == before.frame
                evening.act(ResumeRequested(party_id=party_id))
        elif act == "resume":
            evening.act(ResumeRequested(party_id=party_id))
            evening.later(value)
        elif act == "play on":
            evening.later(value)
        else:
            evening.act(SeekRequested(party_id=party_id, position_ms=int(value)))
        phases = [party.phase for party in evening.state.parties.values()]
        for phase in phases:
            assert not isinstance(phase, Intermission) or phase.release_at - evening.now_at <= 600.0 + 2.0
    evening.act(ResumeRequested(party_id=party_id))
    evening.later(6 * 3600 + 6 * 600)
    assert not evening.state.parties, "it comes to its end by itself"
    moments = [second * 1000 for second in held(evening)]
    assert len(moments) == len(set(moments)), "never twice"
    assert set(moments) <= set(allowed)
    told = [e.frame for e in evening.all(PublishState) if not e.to]
    revs = [frame.line.rev for frame in told]
    assert revs == sorted(set(revs))


@given(st.integers(20 * M, 5 * H), st.lists(st.floats(1, 4000), max_size=4))
@hypothesis_settings(deadline=None)
def test_without_seeks_every_boundary_is_held_exactly_once(duration_ms: int, pauses: list[float]) -> None:
    """Pauses of people move nothing: the plan counts the film's time."""
    evening = in_film(duration_ms)
    party_id = evening.party.party_id
    for after_s in pauses:
        evening.later(after_s)
        evening.act(PauseRequested(party_id=party_id))
        evening.act(PauseRequested(party_id=party_id))
        evening.later(600)
        evening.act(ResumeRequested(party_id=party_id))
    evening.later(6 * 3600 + 6 * 600)
    expected = [moment // 1000 for moment in boundaries(IntermissionRules(), duration_ms)]
    assert held(evening) == expected


def test_each_film_of_a_queue_has_its_own() -> None:
    evening = Evening()
    first = Film(duration_ms=H + 20 * M, guid="plex://movie/1")
    evening.create(first, but(first, guid="plex://movie/3"), host="ann")
    evening.connect("ann")
    evening.act(StartRequested(party_id=evening.party.party_id))
    evening.later(4 * 3600)
    assert held(evening) == [3600, 3600]
