"""`advance(agent, event, now_s) -> (agent, orders)`: the whole of an agent's behaviour, as a pure function.

Whoever drives it keeps one `Agent` a player, hands in every event with the moment of a monotonic clock, and carries out
the orders at once, in their order. `WakeAt` replaces the timer that was given before. Nothing else is kept anywhere.
"""

from math import inf
from typing import assert_never

from segue.core.party.sync import clock as clocks
from segue.core.party.sync import cueing, drifting
from segue.core.party.sync.agent import (
    Agent,
    Aiming,
    Away,
    Cueing,
    Following,
    Freezing,
    Held,
    Idle,
    Loading,
    Measuring,
    Pausing,
    Rehearsing,
    Releasing,
    Seen,
    Speeding,
    Tuning,
)
from segue.core.party.sync.latency import Learned
from segue.core.party.sync.messages import (
    ClockSampled,
    CommandAnswered,
    Event,
    LineReceived,
    Order,
    PollNow,
    ProbeClock,
    Rejoined,
    Report,
    SampleArrived,
    SampleLost,
    TimeCame,
    Trimmed,
    WakeAt,
)
from segue.core.party.sync.phase import Sample, add, estimate, next_question_s, presumed, suspicious
from segue.core.party.sync.turn import Turn

POLL_TIMEOUT_S = 2.0
POLL_HELD_S = 2.0
POLL_RARE_MAX_S = 5.0
GOLDEN = 0.618034
"""Multiples of the golden ratio spread the moments of the questions evenly, so that they never beat with a timeline."""
SETTLE_ROUNDS = 8
TICK_MIN_S = 0.001
"""No timer is shorter: what is due by then is due at once."""


def new_agent(learned: Learned | None = None, tuning: Tuning | None = None) -> Agent:
    """Begin with what is known of the player's model."""
    learned = learned or Learned()
    return Agent(learned=learned, tuning=tuning or Tuning(), phase=presumed(learned.refresh_s))


def advance(agent: Agent, event: Event, now_s: float) -> tuple[Agent, tuple[Order, ...]]:
    """Take in an event. Never raises for anything that a network or a player can send."""
    turn = Turn(agent, now_s)
    _take(turn, event)
    for _ in range(SETTLE_ROUNDS):
        step = turn.agent.step
        _run(turn)
        if turn.agent.step == step:
            break
    _ask_and_report(turn)
    return turn.agent, tuple(turn.orders)


# ---------------------------------------------------------------- events


def _take(turn: Turn, event: Event) -> None:
    match event:
        case LineReceived():
            _take_line(turn, event)
        case SampleArrived():
            _take_sample(turn, event)
        case SampleLost():
            turn.put(poll_waits=False, lost=turn.agent.lost + 1)
        case TimeCame():
            turn.put(woken_at_s=-inf)
        case CommandAnswered():
            pass
        case ClockSampled(probe):
            turn.put(clock=clocks.add(turn.agent.clock, probe))
        case Trimmed(offset_ms):
            turn.put(trim_s=max(-2000, min(2000, offset_ms)) / 1000)
        case Rejoined():
            cueing.begin(turn)
        case _:
            assert_never(event)


def _take_line(turn: Turn, event: LineReceived) -> None:
    known, line = turn.agent.line, event.line
    if known is not None and line.rev <= known.rev:
        return
    turn.put(line=line)
    if isinstance(turn.agent.step, Away) and not line.gathers:
        return
    cueing.begin(turn)


def _take_sample(turn: Turn, event: SampleArrived) -> None:
    agent = turn.agent
    rtt_s = event.received_at_s - event.sent_at_s
    position_s = None if event.position_ms is None else event.position_ms / 1000
    if rtt_s < 0 or (agent.seen is not None and event.sent_at_s < agent.seen.sent_at_s):
        return
    at_s = (event.sent_at_s + event.received_at_s) / 2
    last = agent.seen
    repeated = (
        last is not None
        and last.state == event.state
        and (position_s == last.position_s or event.state != "paused")
        and last.sent_at_s >= agent.moved_at_s
    )
    same = last.same + 1 if last is not None and repeated else 0
    stands_since_s = last.stands_since_s if last is not None and position_s == last.position_s else at_s
    seen = Seen(event.sent_at_s, at_s, event.state, position_s, event.media, same, stands_since_s)
    turn.put(seen=seen, poll_waits=False, lost=0)
    if event.state == agent.asked and event.sent_at_s >= agent.asked_at_s:
        turn.put(obeyed_at_s=event.sent_at_s)
    if event.state != "playing" or position_s is None or event.sent_at_s < agent.phase_from_s:
        return
    sample = Sample(at_s, rtt_s, position_s)
    step = turn.agent.step
    fits = not isinstance(step, Measuring) or drifting.is_news(step, sample.phase_s, position_s, at_s)
    if drifting.follows(step) and fits:
        turn.put(phase=add(agent.phase, sample))
        if isinstance(step, Following):
            drifting.follow(turn, step)


# ---------------------------------------------------------------- steps


def _run(turn: Turn) -> None:  # noqa: C901, PLR0912 - a table
    step = turn.agent.step
    match step:
        case Idle():
            if turn.agent.line is not None and turn.agent.clock.known and turn.agent.seen is not None:
                cueing.begin(turn)
        case Loading():
            cueing.run_loading(turn, step)
        case Pausing():
            if not drifting.hand(turn):
                cueing.run_pausing(turn, step)
        case Cueing():
            cueing.run_cueing(turn, step)
        case Held():
            cueing.run_held(turn, step)
        case Rehearsing():
            cueing.run_rehearsing(turn, step)
        case Releasing():
            cueing.run_releasing(turn, step)
        case Measuring():
            if not drifting.hand(turn):
                drifting.run_measuring(turn, step)
        case Following():
            drifting.hand(turn)
        case Freezing():
            drifting.run_freezing(turn, step)
        case Aiming():
            if not drifting.hand(turn):
                drifting.run_aiming(turn, step)
        case Speeding():
            if not drifting.hand(turn):
                drifting.run_speeding(turn, step)
        case Away():
            _run_away(turn, step)
        case _:
            assert_never(step)


def _run_away(turn: Turn, step: Away) -> None:
    """Wait until the viewer presses play: from a pause, while the film is running for the others."""
    verified = turn.verified()
    if verified == "paused" and not step.paused:
        turn.become(Away(paused=True))
    elif verified == "playing" and step.paused and turn.group_moves and turn.line.rate > 0.0:
        turn.say("hand_played", turn.agent.seen.position_s if turn.agent.seen else None)
        turn.put(joined=False)
        cueing.begin(turn)


# ---------------------------------------------------------------- questions, reports, the timer


def _poll_every_s(turn: Turn) -> float:
    agent, tuning = turn.agent, turn.agent.tuning
    match agent.step:
        case Idle():
            every = tuning.poll_s if agent.line is not None else inf
        case Cueing() | Releasing() | Freezing() | Rehearsing() | Measuring():
            every = tuning.poll_quick_s
        case Loading():
            every = 2 * tuning.poll_quick_s
        case Held() as held if turn.line.rate == 0.0 and cueing.rehearsal_at_s(turn, held) <= turn.now_s:
            every = tuning.poll_quick_s
        case Held():
            every = POLL_HELD_S if turn.settled and turn.line.rate == 0.0 else tuning.poll_s / 2
        case Following() if suspicious(agent.phase) or (agent.seen and agent.seen.state == "buffering"):
            every = tuning.poll_quick_s
        case _:
            every = tuning.poll_speed_s if agent.learned.speed else tuning.poll_s
    if agent.lost > 2:
        every = min(POLL_RARE_MAX_S, max(every, tuning.poll_s) * 2 ** (agent.lost - 3))
    return every


def _poll_at_s(turn: Turn) -> float:
    agent = turn.agent
    if agent.poll_waits:
        return agent.poll_sent_at_s + POLL_TIMEOUT_S
    every = _poll_every_s(turn)
    due_s = agent.poll_sent_at_s + every * (0.9 + 0.2 * (agent.polls * GOLDEN % 1.0))
    if isinstance(agent.step, Following) and agent.phase.in_steps:
        aimed_s = next_question_s(agent.phase, agent.poll_sent_at_s + 0.01)
        return due_s if aimed_s is None else min(aimed_s, agent.poll_sent_at_s + 3 * every)
    return due_s


def _ask_and_report(turn: Turn) -> None:
    agent, now_s = turn.agent, turn.now_s
    if agent.poll_waits and now_s >= agent.poll_sent_at_s + POLL_TIMEOUT_S:
        turn.put(poll_waits=False, lost=agent.lost + 1)
    if not turn.agent.poll_waits and now_s >= _poll_at_s(turn):
        turn.put(poll_sent_at_s=now_s, poll_waits=True, polls=turn.agent.polls + 1)
        turn.orders.append(PollNow())
    probe_at_s = clocks.next_probe_at(agent.clock, agent.probes_sent, agent.probe_sent_at_s)
    if probe_at_s is None or now_s >= probe_at_s:
        turn.put(probe_sent_at_s=now_s, probes_sent=agent.probes_sent + 1)
        turn.orders.append(ProbeClock())
        probe_at_s = clocks.next_probe_at(turn.agent.clock, turn.agent.probes_sent, now_s)
    if drifting.stalls(turn) and not turn.note and agent.told != "stalled":
        turn.say("stalled")
    if agent.line is not None and (turn.note or now_s >= agent.reported_at_s + agent.tuning.report_s):
        turn.put(reported_at_s=now_s, told=turn.note or agent.told)
        turn.orders.append(_report(turn))
    report_at_s = turn.agent.reported_at_s + agent.tuning.report_s if agent.line is not None else inf
    wake_at_s = min(probe_at_s or inf, _poll_at_s(turn), report_at_s, _due_at_s(turn))
    wake_at_s = max(wake_at_s, now_s + TICK_MIN_S)
    if wake_at_s != turn.agent.woken_at_s and wake_at_s < inf:
        turn.put(woken_at_s=wake_at_s)
        turn.orders.append(WakeAt(wake_at_s))


def _due_at_s(turn: Turn) -> float:
    """Tell when the step itself has something to do; what it only waits to see, the questions bring."""
    step = turn.agent.step
    match step:
        case Pausing():
            due_s = step.at_s
        case Held() if turn.line.rate > 0.0:
            due_s = cueing.release_at_s(turn, step.position_s)
        case Held():
            due_s = cueing.rehearsal_at_s(turn, step)
        case Freezing():
            due_s = step.play_at_s
        case Aiming():
            due_s = step.send_at_s
        case Speeding():
            due_s = step.until_s
        case _:
            due_s = inf
    return due_s if due_s > turn.now_s else inf


def _report(turn: Turn) -> Report:
    agent = turn.agent
    measured = None
    if isinstance(agent.step, Following | Measuring):
        measured = estimate(agent.phase)
    held = agent.step if isinstance(agent.step, Held) else None
    return Report(
        rev=agent.line.rev if agent.line is not None else 0,
        step=type(agent.step).__name__.lower(),
        state=agent.seen.state if agent.seen is not None else None,
        drift_s=None if measured is None else drifting.drift_s(turn, measured),
        sigma_s=None if measured is None else measured.sigma_s,
        samples=len(agent.phase.samples),
        parked_ms=None if held is None else round(held.position_s * 1000),
        park_s=agent.learned.park_s + agent.learned.pause_s,
        note=turn.note or ("stalled" if drifting.stalls(turn) else ""),
        position_ms=None if turn.noted_s is None else round(turn.noted_s * 1000),
    )
