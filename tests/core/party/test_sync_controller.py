"""The controller as a function: the last revision wins, nothing pending survives it, no button is pressed wrongly."""

import os
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from segue.core.party.sync.agent import Agent, Seen
from segue.core.party.sync.clock import Probe
from segue.core.party.sync.controller import POLL_RARE_MAX_S, advance, new_agent
from segue.core.party.sync.latency import Learned
from segue.core.party.sync.messages import (
    ClockSampled,
    CommandAnswered,
    Event,
    LineReceived,
    Load,
    Order,
    Pause,
    Play,
    PlayState,
    PollNow,
    Rejoined,
    Report,
    SampleArrived,
    SampleLost,
    SeekTo,
    SetRate,
    TimeCame,
    Trimmed,
    WakeAt,
)
from segue.core.party.sync.target import GroupLine, pausing, resuming, seeking
from segue.core.party.sync.turn import Turn
from tests.core.party.telly import Habits, Telly

SEQUENCES = int(os.environ.get("SEGUE_SEQUENCES", "1000"))
TOLD = Learned(toggles=True, quantum_ms=1000)
COMMANDS = (Play, Pause, SeekTo, SetRate, Load)


def wish(telly: Telly, rng: Random) -> GroupLine:
    """Draw what the group does next."""
    line = telly.line
    assert line is not None
    rev, kind = line.rev + 1, rng.choice(["pause", "resume", "seek"])
    if kind == "pause":
        return pausing(line, rev, telly.now)
    if kind == "resume":
        return resuming(line, rev, telly.now) if line.rate == 0.0 else line
    return seeking(line, rev, rng.randrange(30, 6000) * 1000, telly.now, rng.uniform(0.5, 3.0))


def is_right(telly: Telly) -> bool:
    """Tell whether the player is in the state that the line asks for."""
    assert telly.line is not None
    return telly.button is (telly.line.rate > 0.0)


@pytest.mark.parametrize("toggles", [True, False])
def test_players_never_end_in_the_wrong_state(toggles: bool) -> None:
    """1,000 sequences of wishes in quick succession, against a timeline that tells old news, late, or nothing.

    Whatever was pressed meanwhile, half a minute after the last wish the player does what the group does. One that
    happens to be in the middle of a correction then gets the time to finish it.
    """
    rng = Random(f"sequences {toggles}")
    habits = Habits(toggles=toggles, jitter=0.15, stale=0.5, lost=0.04, latency=0.08)
    telly = Telly(habits, Random("adversary"), TOLD).playing()
    wrong = []
    for number in range(SEQUENCES):
        for _ in range(rng.randrange(2, 6)):
            line = wish(telly, rng)
            if line is not telly.line:
                telly.tell(GroupLine(line.rev, line.position_ms, line.at_s, line.rate, gathers=True))
            telly.run(rng.choice([0.0, 0.05, 0.4, 1.5]))
        telly.run(25.0)
        if not is_right(telly) or abs(telly.drift) > 0.5:
            telly.run(15.0)
        if not is_right(telly) or abs(telly.drift) > 0.5:
            wrong.append(number)
    assert wrong == []


@pytest.mark.parametrize("toggles", [True, False])
def test_nobody_is_left_behind_when_the_network_was_terrible(toggles: bool) -> None:
    """A minute of answers that are up to two seconds old and often lost, then a usual evening: all is right again."""
    for seed in range(30):
        rng = Random(seed)
        telly = Telly(Habits(toggles=toggles, latency=0.3), Random(seed), TOLD).playing()
        telly.habits.jitter, telly.habits.stale, telly.habits.lost = 0.5, 1.5, 0.2
        for _ in range(20):
            line = wish(telly, rng)
            if line is not telly.line:
                telly.tell(GroupLine(line.rev, line.position_ms, line.at_s, line.rate, gathers=True))
            telly.run(rng.choice([0.5, 1.0, 8.0]))
        telly.habits.jitter, telly.habits.stale, telly.habits.lost = 0.02, 0.0, 0.0
        telly.run(40.0)
        assert is_right(telly)
        assert abs(telly.drift) < 0.3


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=15, deadline=None)
def test_an_honest_timeline_never_leads_to_a_wrong_press(seed: int, slow: bool) -> None:
    """No button is pressed on a player that is in that state already, if its timeline tells the truth."""
    rng = Random(seed)
    telly = Telly(Habits(jitter=0.05, latency=0.3 if slow else 0.01), Random(seed), TOLD).playing()
    for _ in range(20):
        line = wish(telly, rng)
        if line is not telly.line:
            telly.tell(line)
        telly.run(rng.choice([0.0, 0.2, 1.0, 6.0]))
    telly.run(10.0)
    assert telly.wrong_presses == 0
    assert is_right(telly)


@pytest.mark.parametrize(
    ("state", "sent_at_s", "now_s", "verified"),
    [
        ("paused", 9.9, 10.2, None),
        ("playing", 9.9, 10.2, None),
        ("paused", 10.1, 10.2, "paused"),
        ("playing", 10.1, 10.2, None),
        ("playing", 10.9, 11.0, "playing"),
        ("buffering", 10.9, 11.0, None),
        ("stopped", 10.9, 11.0, None),
        ("paused", 10.1, 13.0, None),
    ],
)
def test_only_a_timeline_that_can_know_verifies(
    state: PlayState, sent_at_s: float, now_s: float, verified: str | None
) -> None:
    """After a pause at 10: earlier questions say nothing, the contrary only when there was time, old news nothing."""
    seen = Seen(sent_at_s, sent_at_s, state, 60.0, "film")
    agent = replace(new_agent(TOLD), asked="paused", asked_at_s=10.0, asked_tries=1, seen=seen)
    turn = Turn(agent, now_s)
    assert turn.verified() == verified
    assert turn.ensure("paused", "cue") is (verified == "paused")
    assert len(turn.orders) == (verified == "playing")
    turn = Turn(agent, now_s)
    turn.ensure("playing", "cue")
    assert len(turn.orders) == (verified == "paused")


def test_a_player_that_does_not_toggle_may_be_told_once_blindly() -> None:
    """The second time it waits for the timeline like everybody."""
    turn = Turn(new_agent(Learned(toggles=False)), 10.0)
    assert not turn.ensure("paused", "cue")
    assert not turn.ensure("paused", "cue")
    assert len(turn.orders) == 1


def test_a_timer_that_rings_early_is_set_again() -> None:
    """Clocks are rounded: an agent that is woken a moment too soon does not sleep for ever."""
    agent, orders = advance(new_agent(), TimeCame(), 0.0)
    due = next(o.at_s for o in orders if isinstance(o, WakeAt))
    _, orders = advance(agent, TimeCame(), due - 0.005)
    assert [o for o in orders if isinstance(o, WakeAt)]


def test_the_last_revision_wins() -> None:
    """An older or equal revision that comes late changes nothing, not even by an order."""
    telly = Telly().playing(rev=5)
    before, line = telly.agent.step, telly.agent.line
    telly.tell(GroupLine(5, 0, 0.0, 0.0))
    telly.tell(GroupLine(4, 0, 0.0, 0.0))
    assert telly.agent.line == line
    assert telly.agent.step == before


def test_a_new_revision_aborts_what_is_pending() -> None:
    """A release that was due in a moment is not sent when the group pauses first, nor an old seek's target."""
    telly = Telly(learned=TOLD).playing()
    assert telly.line is not None
    telly.tell(pausing(telly.line, 2, telly.now))
    telly.run(5.0)
    telly.tell(resuming(telly.line, 3, telly.now, 2.0))
    telly.run(1.9)
    before = telly.now
    telly.tell(pausing(telly.line, 4, telly.now))
    telly.run(20.0)
    assert telly.count(Play, since=before) == 0
    telly.tell(seeking(telly.line, 5, 900_000, telly.now, 2.0))
    telly.tell(seeking(telly.line, 6, 1_200_000, telly.now, 2.0))
    since = telly.now
    telly.run(5.0)
    assert telly.position == 1200.0
    targets = [o.position_ms for at, o in telly.commands if at > since and isinstance(o, SeekTo)]
    assert set(targets) <= {1_200_000}


def test_a_correction_that_is_pending_is_aborted_too() -> None:
    """A freeze under way when the group seeks ends where the group is, not where it was."""
    telly = Telly(learned=TOLD).playing()
    telly.run(20.0)
    telly.jump(1.4)
    while telly.button:
        telly.run(0.05)
    assert telly.line is not None
    telly.tell(seeking(telly.line, 2, 900_000, telly.now, 2.5))
    telly.run(6.0)
    assert abs(telly.drift) < 0.1


def test_the_same_events_give_the_same_orders() -> None:
    """Twice the same evening, order for order."""
    traces = []
    for _ in range(2):
        rng = Random(9)
        telly = Telly(Habits(jitter=0.1, stale=0.2, lost=0.05), Random(9)).playing()
        for _ in range(20):
            telly.tell(wish(telly, rng))
            telly.run(rng.uniform(0.0, 20.0))
        traces.append(telly.trace)
    assert traces[0] == traces[1]
    assert len(traces[0]) > 100


def test_every_command_has_a_number_of_its_own() -> None:
    """They rise by one, so that an answer can be told from another's."""
    telly = Telly().playing()
    telly.jump(1.0)
    telly.run(20.0)
    numbers = [o.command for _, o in telly.commands if isinstance(o, COMMANDS)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_player_that_does_not_answer_is_asked_less_and_less() -> None:
    """Without answers the questions come every few seconds, and no command is sent blindly."""
    telly = Telly().playing()
    telly.habits.lost = 1.0
    telly.run(30.0)
    before, asked = telly.now, len([o for o in telly.trace if isinstance(o, PollNow)])
    telly.run(100.0)
    polls = len([o for o in telly.trace if isinstance(o, PollNow)]) - asked
    assert 100.0 / (POLL_RARE_MAX_S + 3.0) <= polls <= 100.0 / POLL_RARE_MAX_S + 10
    assert telly.count(*COMMANDS, since=before) == 0


def test_nothing_to_do_means_asleep() -> None:
    """Without a party only the clock's probes wake the agent."""
    telly = Telly()
    telly.run(1.0)
    before = len(telly.trace)
    telly.run(1000.0)
    assert not [o for o in telly.trace[before:] if isinstance(o, PollNow | Report)]
    assert len(telly.trace) - before <= 2 * 1000 / 10 + 10


def test_nothing_is_done_before_the_clock_is_known() -> None:
    """A line alone is not enough: without the server's time nothing can be right."""
    agent = new_agent()
    agent, _ = advance(agent, LineReceived(GroupLine(1, 0, 0.0)), 1.0)
    agent, orders = advance(agent, SampleArrived(1.0, 1.1, "paused", 5000, ""), 1.1)
    assert not [o for o in orders if isinstance(o, COMMANDS)]
    for n in range(3):
        agent, orders = advance(agent, ClockSampled(Probe(1.2 + n, 5.2 + n, 5.2 + n, 1.21 + n)), 1.3 + n)
    assert [o for o in orders if isinstance(o, COMMANDS)]


# ---------------------------------------------------------------- whatever comes

MOMENTS = st.floats(-100.0, 10_000.0)
MS = st.integers(-1_000, 20_000_000)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        LineReceived,
        st.builds(
            GroupLine,
            st.integers(0, 50),
            MS,
            MOMENTS,
            st.sampled_from([0.0, 1.0]),
            st.sampled_from(["", "film"]),
        ),
    ),
    st.builds(
        SampleArrived,
        MOMENTS,
        MOMENTS,
        st.sampled_from(["playing", "paused", "buffering", "stopped"]),
        st.none() | MS,
        st.sampled_from(["", "film"]),
    ),
    st.builds(SampleLost, MOMENTS),
    st.builds(CommandAnswered, st.integers(0, 50), st.booleans()),
    st.builds(ClockSampled, st.builds(Probe, MOMENTS, MOMENTS, MOMENTS, MOMENTS)),
    st.just(TimeCame()),
    st.just(Rejoined()),
    st.builds(Trimmed, st.integers(-10_000, 10_000)),
)


@given(st.lists(st.tuples(EVENTS, st.floats(0.0, 5.0)), max_size=60))
@settings(max_examples=150, deadline=None)
def test_nothing_that_can_come_breaks_it(events: list[tuple[Event, float]]) -> None:
    """Contradictory, late and absurd events are survived; timers lie ahead, positions are not negative."""
    agent: Agent = new_agent()
    now = 0.0
    for event, gap in events:
        now += gap
        agent, orders = advance(agent, event, now)
        commands = [o for o in orders if isinstance(o, COMMANDS)]
        assert len(commands) <= 4
        for order in orders:
            check(order, now)


def check(order: Order, now: float) -> None:
    if isinstance(order, WakeAt):
        assert order.at_s > now
    if isinstance(order, SeekTo | Load):
        assert order.position_ms >= 0
    if isinstance(order, SetRate):
        assert 0.95 - 1e-9 <= order.rate <= 1.05 + 1e-9


def test_the_function_changes_nothing_it_is_given() -> None:
    """The old agent is as it was, and gives the same answer again."""
    telly = Telly().playing()
    agent = telly.agent
    event = SampleArrived(telly.now, telly.now + 0.02, "playing", 90_000, "film")
    first, second = (advance(agent, event, telly.now + 0.02) for _ in range(2))
    assert first == second
    assert telly.agent is agent


def test_questions_come_at_uneven_moments() -> None:
    """They never beat with the renewals of a timeline."""
    telly = Telly().playing()
    asked: list[float] = []
    for _ in range(3000):
        before = telly.agent.polls
        telly.run(0.01)
        if telly.agent.polls != before:
            asked.append(telly.now)
    gaps = {round(b - a, 2) for a, b in pairwise(asked)}
    assert len(gaps) > 5
