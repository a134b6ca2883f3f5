"""What of agents' reports the core hears: what is new at once, what flutters seldom, the rest once a minute."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from segue.actors.party_reports import FLUTTER_S, PLAYERS_MAX, STEADY_S, Reports, is_news
from segue.core.party.actions import SeatReported
from segue.core.party.state import Report


def action(note: str = "in_step", rev: int = 1, device: str = "tv", **more: Any) -> SeatReported:
    return SeatReported(
        "alice", "link", "abcdef", device, Report(rev=rev, state="playing", note=note, **more)
    )


def test_the_first_report_is_heard_at_once_and_its_like_once_a_minute() -> None:
    reports = Reports("ours")
    assert reports.take(action(drift_ms=1), 0.0) is not None
    told = [t for t in range(1, 200) if reports.take(action(drift_ms=t), float(t)) is not None]
    assert told == [60, 120, 180]
    (heard,) = reports.of("abcdef")
    assert heard.latest.report.drift_ms == 199, "whoever looks sees the newest"


def test_another_note_or_revision_is_heard_at_once() -> None:
    reports = Reports("ours")
    reports.take(action(), 0.0)
    assert reports.take(action("stalled"), 10.0) is not None
    assert reports.take(action("in_step"), 20.0) is not None
    assert reports.take(action("in_step", rev=2), 30.0) is not None
    assert reports.take(action("in_step", rev=2), 40.0) is None


def test_a_much_longer_time_to_load_is_news() -> None:
    first = action(parking_ms=1000).report
    assert not is_news(first, action(parking_ms=1200).report)
    assert is_news(first, action(parking_ms=1300).report)
    assert is_news(action().report, first)
    assert is_news(first, action().report)


def test_what_flutters_is_held_and_the_newest_counts() -> None:
    reports = Reports("ours")
    reports.take(action(), 0.0)
    assert reports.due(0.05) == []
    assert reports.take(action("stalled", drift_ms=1), 0.1) is None
    assert reports.take(action("stalled", drift_ms=2), 0.2) is None
    assert reports.next_at == FLUTTER_S
    assert reports.due(0.4) == []
    assert [held.report.drift_ms for held in reports.due(FLUTTER_S)] == [2]
    assert reports.due(9.0) == []


def test_a_stall_that_was_over_before_it_was_told_is_told_as_it_is_now() -> None:
    reports = Reports("ours")
    reports.take(action(), 0.0)
    reports.take(action("stalled"), 0.1)
    reports.take(action("in_step"), 0.2)
    assert [held.report.note for held in reports.due(1.0)] == ["in_step"]


def test_an_old_clients_position_is_heard_every_five_seconds() -> None:
    reports = Reports("old")
    told = [t for t in range(20) if reports.take(action("", position_ms=t), float(t)) is not None]
    assert told == [0, 5, 10, 15]


def test_stalls_are_counted_by_their_beginnings() -> None:
    reports = Reports("ours")
    for t, note in enumerate(["stalled", "stalled", "in_step", "stalled", "parked"]):
        reports.take(action(note), float(t))
    (heard,) = reports.of("abcdef")
    assert heard.stalls == 2


def test_what_is_forgotten_is_told_no_more() -> None:
    reports = Reports("ours")
    for device in ("tv", "projector"):
        reports.take(action(device=device), 0.0)
        reports.take(action("stalled", device=device), 0.1)
    reports.forget("abcdef", "tv")
    assert [held.device_id for held in reports.due(1.0)] == ["projector"]
    reports.forget("abcdef")
    assert list(reports.of("abcdef")) == []


def test_years_of_parties_leave_no_more_behind_than_fits() -> None:
    reports = Reports("ours")
    for n in range(3 * PLAYERS_MAX):
        reports.take(action(device=f"tv-{n}"), float(n))
    kept = [heard.latest.device_id for heard in reports.of("abcdef")]
    assert len(kept) == PLAYERS_MAX
    assert kept[-1] == f"tv-{3 * PLAYERS_MAX - 1}"


STEPS = st.lists(
    st.tuples(
        st.floats(0.0, 3.0),
        st.sampled_from(["in_step", "stalled", "parked", ""]),
        st.integers(1, 3),
    ),
    max_size=60,
)


@given(STEPS)
def test_the_core_hears_the_last_word_and_at_most_twice_a_second(steps: list[tuple[float, str, int]]) -> None:
    reports, now_at = Reports("ours"), 0.0
    told: list[tuple[float, Report]] = []
    last = None
    for wait_s, note, rev in steps:
        while reports.next_at is not None and reports.next_at <= now_at + wait_s:
            due_at = reports.next_at
            told += [(due_at, held.report) for held in reports.due(due_at)]
        now_at += wait_s
        last = action(note, rev)
        taken = reports.take(last, now_at)
        if taken is not None:
            told.append((now_at, taken.report))
    told += [(now_at + FLUTTER_S, held.report) for held in reports.due(now_at + FLUTTER_S)]
    assert all(later - earlier > FLUTTER_S - 1e-6 for (earlier, _), (later, _) in pairwise(told))
    if last is not None:
        assert not is_news(told[-1][1], last.report)
    assert len(told) <= now_at / FLUTTER_S + 2
    assert STEADY_S["ours"] > FLUTTER_S
