"""The drift controller: measure, correct with the least visible thing that can work, measure again, give up in time.

A freeze is exact and only helps a player that is ahead. A seek of a running film is only as good as the player; where
that is bad, the player is stopped, sent ahead, and released when the group comes by, which is as exact as any release.
A playback rate is seen by nobody, where a player has one.
"""

from msgspec.structs import replace

from segue.core.party.sync.agent import (
    Aiming,
    Away,
    Following,
    Freezing,
    Measuring,
    Pausing,
    Releasing,
    Speeding,
)
from segue.core.party.sync.cueing import catch_up
from segue.core.party.sync.latency import released, sought
from segue.core.party.sync.messages import Why
from segue.core.party.sync.phase import Estimate, estimate, jumped
from segue.core.party.sync.target import whole_ms
from segue.core.party.sync.turn import OURS_S, Turn

MEASURE_MAX_S = 30.0
ENOUGH = 5
"""Samples of a live timeline that make a measurement."""
HAND_S = 1.5
"""A jump forward, or back in the film, by more than this is a person's seek: no player does it by itself."""
STALL_SAID_S = 1.0
"""A film that stands still this long without having been told to is called stalled."""
OWN_DOING_S = 6.0
"""So long after a command of ours a player that stands is still busy with it."""
SEEKS_TO_KNOW = 2
SEEN_RUNNING = 2
"""So many samples of a running film after a command show that it was obeyed."""
RATE_MIN, RATE_MAX = 0.01, 0.05
FREEZE_CHECK_S = 0.1
"""What it costs to look before `play` on a player that toggles."""


def drift_s(turn: Turn, measured: Estimate) -> float:
    """Give how far ahead (+) or behind (-) the player is now."""
    return measured.phase_s + turn.now_s - turn.group_s(turn.now_s)


def band_s(turn: Turn, *, ahead: bool, joins: bool = False) -> float:
    """Give the drift that is left alone: what no correction would surely better. A joiner gets less of it."""
    learned, tuning = turn.agent.learned, turn.agent.tuning
    if learned.speed:
        return tuning.band_speed_s
    least_s = tuning.band_steps_s if turn.agent.phase.in_steps else tuning.band_s
    band = min(tuning.band_max_s, max(least_s, tuning.band_sigmas * learned.release_sigma_s))
    if ahead:
        return band
    if not seeks_exactly(turn, "join" if joins else "correct"):
        return max(band, tuning.join_s if joins else tuning.behind_s)
    return max(band, tuning.behind_exact_s)


def hand(turn: Turn) -> bool:
    """Notice what the viewer's own remote did to a player that should run. It is told, and not undone."""
    agent = turn.agent
    seen = agent.seen
    if seen is None:
        return False
    if seen.state == "stopped" and seen.same >= 1:
        turn.say("hand_stopped", seen.position_s)
        turn.become(Away(paused=True))
        return True
    if turn.verified() != "paused":
        return False
    if _may_be_ours(turn):
        turn.release(Releasing(turn.now_s, -1e9, sought=False, why="release"))
        return True
    if seen.same >= 1:
        turn.say("hand_paused", seen.position_s)
        turn.become(Away(paused=True))
        return True
    return False


def _may_be_ours(turn: Turn) -> bool:
    """Tell whether a pause may be the late work of a command of ours; not once the film was seen running after it."""
    agent = turn.agent
    ran = agent.asked == "playing" and agent.asked_tries == 1 and len(agent.phase.samples) >= SEEN_RUNNING
    settled = not isinstance(agent.step, Measuring) and agent.asked_tries <= 1
    return not ran and not settled and turn.now_s - agent.asked_at_s < OURS_S


# ---------------------------------------------------------------- following


def follow(turn: Turn, step: Following) -> None:
    """Look at the newest sample of a player that should be in step."""
    agent = turn.agent
    if jumped(agent.phase):
        before = agent.phase.samples[:-2]
        phase_s = max(s.phase_s for s in before)
        position_s = max(s.position_s for s in before)
        turn.forget_samples(keep=1)
        turn.become(Measuring("jump", turn.now_s, old_phase_s=phase_s, old_position_s=position_s))
        return
    measured = estimate(agent.phase)
    if measured is None or turn.now_s < agent.resting_until_s:
        return
    drift = drift_s(turn, measured)
    if abs(drift) <= band_s(turn, ahead=drift > 0):
        if step.hits:
            turn.become(Following())
        return
    hits = step.hits + 1
    if may_act(turn, drift) and (hits >= agent.tuning.hits or abs(drift) > agent.tuning.far_s):
        turn.measure(Measuring("nothing", turn.now_s))
    else:
        turn.become(Following(hits))


def may_act(turn: Turn, drift: float) -> bool:
    """Tell whether the last correction is long enough ago for another one."""
    agent, tuning = turn.agent, turn.agent.tuning
    quiet_s = tuning.quiet_big_s if abs(drift) > tuning.big_s else tuning.quiet_s
    if agent.learned.speed:
        quiet_s = tuning.quiet_big_s / 2
    return turn.now_s - agent.corrected_at_s >= quiet_s and turn.now_s >= agent.resting_until_s


# ---------------------------------------------------------------- measuring


def is_news(step: Measuring, phase_s: float, position_s: float, now_s: float) -> bool:
    """Tell whether a sample after a seek is of the time after it."""
    if step.after != "seek" or step.target_s is None:
        return True
    if step.old_phase_s is not None and abs(phase_s - step.old_phase_s) < 0.1 and now_s - step.since_s < 3.0:
        return False
    return step.target_s - 0.06 <= position_s <= step.target_s + now_s - step.since_s + 0.5 or (
        now_s - step.since_s > 12.0
    )


def run_measuring(turn: Turn, step: Measuring) -> None:
    """Ask until the film is known to run evenly, then learn and decide."""
    phase = turn.agent.phase
    measured = estimate(phase)
    enough = measured is not None and (phase.in_steps or measured.n >= ENOUGH)
    if measured is not None and enough and measured.steady:
        _conclude(turn, step, measured)
    elif turn.now_s - step.since_s > MEASURE_MAX_S:
        turn.measure(replace(step, since_s=turn.now_s, after="jump", target_s=None))
    elif not phase.in_steps and len(phase.samples) >= ENOUGH:
        turn.forget_samples(keep=ENOUGH - 1)
    elif phase.in_steps and jumped(phase):
        turn.forget_samples(keep=1)


def _conclude(turn: Turn, step: Measuring, measured: Estimate) -> None:
    drift = drift_s(turn, measured)
    learned = turn.agent.learned
    if step.after == "release":
        learned = released(learned, drift, parked=step.sought)
    elif step.after == "seek" and not _is_old(step, measured) and abs(drift) < 10.0:
        learned = sought(learned, step.expected_s - drift - learned.seek_s)
    if turn.agent.phase.in_steps != (learned.refresh_s > 0.0):
        learned = replace(learned, refresh_s=turn.agent.phase.refresh_s if turn.agent.phase.in_steps else 0.0)
    if learned != turn.agent.learned:
        turn.put(learned=learned)
    if step.after == "jump" and _is_hand(turn, step, measured):
        turn.say("hand_sought", measured.phase_s + turn.now_s)
        turn.become(Away(paused=False))
        return
    if step.after == "jump" and not (abs(drift) > turn.agent.tuning.far_s or may_act(turn, drift)):
        turn.become(Following())
        return
    decide(turn, drift, step.round, step.why)


def _is_old(step: Measuring, measured: Estimate) -> bool:
    return step.old_phase_s is not None and abs(measured.phase_s - step.old_phase_s) < 0.1


def _is_hand(turn: Turn, step: Measuring, measured: Estimate) -> bool:
    """A stall only ever loses time, and never goes back in the film."""
    if step.old_phase_s is None or step.old_position_s is None:
        return False
    forward = measured.phase_s - step.old_phase_s > HAND_S
    return forward or turn.agent.phase.samples[0].position_s < step.old_position_s - HAND_S


# ---------------------------------------------------------------- correcting


def decide(turn: Turn, drift: float, round_: int, why: Why) -> None:
    """Choose what to do about a drift that was just measured."""
    agent, tuning = turn.agent, turn.agent.tuning
    why = "join" if why == "join" else "correct"
    if abs(drift) <= band_s(turn, ahead=drift > 0, joins=why == "join"):
        turn.say("in_step")
        turn.put(joined=True)
        turn.become(Following())
    elif round_ >= tuning.rounds + (2 if 0 < drift <= tuning.freeze_max_s else 0):
        turn.say("uncorrectable")
        turn.put(resting_until_s=turn.now_s + tuning.rest_s)
        turn.become(Following())
    elif agent.learned.speed and abs(drift) < tuning.big_s:
        _speed(turn, drift, round_)
    elif 0 < drift <= (tuning.join_freeze_max_s if why == "join" else tuning.freeze_max_s):
        _freeze(turn, drift, round_, why)
    elif seeks_exactly(turn, why):
        _aim(turn, round_, why)
    else:
        turn.put(corrected_at_s=turn.now_s)
        catch_up(turn, why, round_ + 1)


def seeks_exactly(turn: Turn, why: Why) -> bool:
    """Tell whether the film may run during a seek. Who is not known yet is tried, but not while joining."""
    learned = turn.agent.learned
    known = learned.seek_seen >= SEEKS_TO_KNOW or why != "join"
    return known and learned.seek_sigma_s <= turn.agent.tuning.seek_exact_s


def shortest_freeze_s(turn: Turn) -> float:
    """Give the shortest freeze that can be made: on a player that toggles the pause must be seen first."""
    learned = turn.agent.learned
    if learned.toggles is False:
        return max(0.02, learned.unpause_s - learned.pause_s + 0.02)
    return FREEZE_CHECK_S + learned.unpause_s


def _freeze(turn: Turn, drift: float, round_: int, why: Why) -> None:
    least_s = shortest_freeze_s(turn)
    if least_s - drift > 0.5 * drift:
        # It would be as far behind as it is ahead. What may stay, stays; the rest is worth a release.
        if drift <= turn.agent.tuning.band_max_s:
            turn.become(Following())
        else:
            turn.put(corrected_at_s=turn.now_s)
            catch_up(turn, why, round_ + 1)
        return
    learned = turn.agent.learned
    length_s = max(drift, least_s) + learned.pause_s - learned.unpause_s
    turn.put(corrected_at_s=turn.now_s)
    turn.ensure("paused", why)
    turn.become(Freezing(turn.now_s + max(0.0, length_s), turn.now_s, why, round_))


def run_freezing(turn: Turn, step: Freezing) -> None:
    """Stand still until the group is there, then go on."""
    agent = turn.agent
    paused = turn.ensure("paused", step.why)
    seen = agent.seen
    if step.stands_s is None and paused and seen is not None and seen.same >= 1 and not agent.phase.in_steps:
        stands_s = seen.position_s
        if stands_s is not None:
            play_at_s = turn.reached_at_s(stands_s) - agent.learned.unpause_s
            step = replace(step, stands_s=stands_s, play_at_s=play_at_s)
            turn.become(step)
    blind = agent.learned.toggles is False and agent.asked == "paused"
    if turn.now_s >= step.play_at_s and (paused or blind):
        turn.put(corrected_at_s=turn.now_s)
        turn.release(Releasing(turn.now_s, step.play_at_s, sought=False, why=step.why, round=step.round + 1))
    elif turn.now_s - step.play_at_s > 10.0:
        turn.measure(Measuring("jump", turn.now_s, step.why, step.round + 1))


def _aim(turn: Turn, round_: int, why: Why) -> None:
    learned = turn.agent.learned
    lead_s = learned.seek_s
    position_s = whole_ms(turn.group_s(turn.now_s) + lead_s + 0.02, learned.quantum) / 1000
    send_at_s = turn.reached_at_s(position_s - lead_s)
    turn.become(Aiming(position_s, lead_s, send_at_s, why, round_))


def run_aiming(turn: Turn, step: Aiming) -> None:
    """Seek when the group is as far from the target as the seek takes."""
    if turn.now_s < step.send_at_s:
        return
    measured = estimate(turn.agent.phase)
    old_s = measured.phase_s if measured is not None else None
    lead_s = step.position_s - turn.group_s(turn.now_s)
    turn.put(corrected_at_s=turn.now_s)
    turn.seek(step.position_s, step.why)
    turn.measure(
        Measuring(
            "seek",
            turn.now_s,
            step.why,
            step.round + 1,
            expected_s=lead_s,
            target_s=step.position_s,
            old_phase_s=old_s,
        )
    )


def _speed(turn: Turn, drift: float, round_: int) -> None:
    change = min(RATE_MAX, max(RATE_MIN, abs(drift) / 2))
    rate = 1.0 - change if drift > 0 else 1.0 + change
    turn.put(corrected_at_s=turn.now_s)
    turn.set_rate(rate, "correct")
    turn.become(Speeding(turn.now_s + abs(drift) / change, rate, round_))


def run_speeding(turn: Turn, step: Speeding) -> None:
    """Go back to the film's own speed when the drift has melted."""
    if turn.now_s >= step.until_s:
        turn.put(corrected_at_s=turn.now_s)
        turn.set_rate(1.0, "correct")
        turn.measure(Measuring("speed", turn.now_s, "correct", step.round + 1))


def stalls(turn: Turn) -> bool:
    """Tell whether the film stands still, though nobody told it to."""
    agent, seen = turn.agent, turn.agent.seen
    step = agent.step
    if (
        seen is None
        or seen.state not in ("playing", "buffering")
        or turn.now_s - agent.moved_at_s < OWN_DOING_S
    ):
        return False
    unasked = isinstance(step, Following) or (
        isinstance(step, Measuring) and step.after in ("nothing", "jump")
    )
    return unasked and seen.at_s - seen.stands_since_s >= STALL_SAID_S + 1.5 * agent.phase.refresh_s


def follows(step: object) -> bool:
    """Whether samples of a running film are collected in this step."""
    return isinstance(step, Following | Measuring | Pausing)
