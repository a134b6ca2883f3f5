"""Cue, then release: how a player is brought to a frame, stands there, and goes on with everybody else."""

from msgspec.structs import replace

from segue.core.party.sync.agent import (
    Away,
    Cueing,
    Held,
    Idle,
    Loading,
    Measuring,
    Pausing,
    Rehearsing,
    Releasing,
    Seen,
    Speeding,
)
from segue.core.party.sync.latency import loaded, parked, stopped
from segue.core.party.sync.messages import Why
from segue.core.party.sync.target import whole_ms
from segue.core.party.sync.turn import OURS_S, Turn

PARKED_S = 0.06
"""A player that stands this close to where it was sent stands right: a frame and a half."""
STOPPED_S = 0.03
"""One that stopped by itself must be closer: a seek could put it right there."""
PUNCTUAL_S = 0.05
LATE_S = 0.3
"""A player that could only be released later than this is sent farther ahead instead."""
CATCH_UP_S = 0.4
"""What catching up needs beside the seek: the pause, and looking twice."""
CUE_MAX_S = 15.0
RELEASE_MAX_S = 12.0
LOAD_MAX_S = 20.0
LOADS_MAX = 3
LOAD_REST_S = 60.0
STARTED_S = 3.0
"""A film that is this far from where it began has just begun."""
BESIDE_ZERO_S = 1.0
"""Where a player stands that cannot be seen to stand at the very beginning; it is released so much later."""
SEEKS_MAX = 5
REHEARSE_AFTER_S = 1.5
"""A player that stands for so long is tried out before it has been in step; nobody has a hand on it then."""
REHEARSE_LATER_S = 15.0
"""The same in the middle of a film: who pauses may soon press play again, and a trial looks the same."""
TOGGLE_WATCH_S = 1.2
QUANTUM_WATCH_S = 8.0


def begin(turn: Turn) -> None:
    """Take the line as it is now, and do whatever brings the player onto it."""
    agent = turn.agent
    if isinstance(agent.step, Speeding):
        turn.set_rate(1.0, "cue")
    if agent.line is None or not agent.clock.known or agent.seen is None:
        turn.become(Idle())
        return
    line, seen = turn.line, agent.seen
    if seen.state == "stopped" or (line.media and seen.media != line.media):
        load(turn)
    elif line.rate == 0.0 and turn.group_moves and turn.verified() == "playing" and agent.asked != "paused":
        turn.become(
            Pausing(turn.reached_at_s(line.position_ms / 1000 - agent.trim_s) - agent.learned.pause_s)
        )
    elif line.rate == 0.0 or not turn.group_moves:
        cue(turn, "cue", hurry=True)
    elif turn.verified() == "paused":
        cue(turn, "correct" if agent.joined else "join", hurry=True)
    else:
        turn.measure(Measuring("nothing", turn.now_s, "correct" if agent.joined else "join"))


def cue(turn: Turn, why: Why, *, hurry: bool = False, aimed: bool = False) -> None:
    """Bring the player to stand at the line's position; one that stands there already just stays."""
    earliest_s = BESIDE_ZERO_S if turn.agent.blind_at_zero else 0.0
    position_s = max(earliest_s, turn.line.position_ms / 1000 - turn.agent.trim_s)
    step = turn.agent.step
    if isinstance(step, Held | Cueing) and abs(step.position_s - position_s) <= PARKED_S:
        return
    turn.forget_samples()
    turn.become(Cueing(position_s, turn.now_s, why, hurry, aimed))


def catch_up(turn: Turn, why: Why, round_: int) -> None:
    """Stop a player that lags and have it wait farther ahead, so far that it surely is ready when the group comes."""
    learned = turn.agent.learned
    ahead_s = turn.group_s(turn.now_s) + learned.park_s + learned.unpause_s + CATCH_UP_S
    position_s = whole_ms(ahead_s, learned.quantum) / 1000
    turn.forget_samples()
    turn.become(Cueing(position_s, turn.now_s, why, hurry=True, round=round_))


def load(turn: Turn, tries: int = 1) -> None:
    """Ask for the film, from where the group will be when it has come."""
    learned = turn.agent.learned
    if turn.group_moves:
        ahead_s = turn.group_s(turn.now_s) + learned.load_s + 0.8
        position_s = whole_ms(ahead_s, 1000) / 1000
    else:
        position_s = turn.line.position_ms / 1000
    turn.load(position_s)
    turn.forget_samples()
    turn.become(Loading(turn.now_s, position_s, tries))


def run_loading(turn: Turn, step: Loading) -> None:
    """Wait until the film is there."""
    seen = turn.agent.seen
    line = turn.line
    there = (
        seen is not None and seen.sent_at_s > step.sent_at_s and (not line.media or seen.media == line.media)
    )
    if there and seen is not None and seen.state in ("playing", "paused") and seen.position_s is not None:
        _loaded(turn, step, seen, seen.position_s)
    elif step.tries < LOADS_MAX and turn.now_s - step.sent_at_s >= LOAD_MAX_S:
        load(turn, step.tries + 1)
    elif turn.now_s - step.sent_at_s >= LOAD_REST_S:
        turn.say("not_loading")
        load(turn)


def _loaded(turn: Turn, step: Loading, seen: Seen, position_s: float) -> None:
    """Learn how long it took, and go on: a film that began elsewhere than it was asked to is not measured first."""
    moved_s = position_s - step.position_s
    there = -1.1 < moved_s < STARTED_S
    if seen.state == "playing" and (there or position_s < STARTED_S):
        ran_s = max(0.0, moved_s) if there else position_s
        turn.put(learned=loaded(turn.agent.learned, seen.at_s - step.sent_at_s - ran_s))
    if seen.state == "paused" or not turn.group_moves:
        turn.become(Idle())
        cue(turn, "join", hurry=True)
    elif there:
        turn.measure(Measuring("load", turn.now_s, why="join"))
    else:
        catch_up(turn, "join", 1)


def run_pausing(turn: Turn, step: Pausing) -> None:
    """Pause when the line arrives."""
    if turn.now_s >= step.at_s:
        cue(turn, "hold", aimed=turn.now_s - step.at_s < PUNCTUAL_S)


def seek_wait_s(turn: Turn) -> float:
    """Give the time after which a parking seek that is not seen was not executed."""
    return max(1.5, 2 * turn.agent.learned.park_s + 0.5)


def run_cueing(turn: Turn, step: Cueing) -> None:
    """Pause, look, seek, look."""
    paused = turn.ensure("paused", step.why)
    stands_s = standing_s(turn, step) if paused else None
    if turn.now_s - step.began_at_s > CUE_MAX_S:
        _give_up(turn, step, stands_s)
        return
    if _is_blind(turn, step):
        turn.put(blind_at_zero=True)
        _send_to(turn, replace(step, position_s=BESIDE_ZERO_S, tries=0))
        return
    if step.aimed and stands_s is not None:
        if abs(stands_s - step.position_s) < 1.0 and turn.agent.asked_tries == 1:
            turn.put(learned=stopped(turn.agent.learned, stands_s - step.position_s))
        step = replace(step, aimed=False)
        turn.become(step)
    near_s = STOPPED_S if step.seek_at_s is None else PARKED_S
    if stands_s is not None and abs(stands_s - step.position_s) <= near_s:
        if step.seek_at_s is not None and step.tries == 1:
            turn.put(learned=parked(turn.agent.learned, turn.now_s - step.seek_at_s))
        hold(turn, step, stands_s, sought=step.seek_at_s is not None)
    elif step.seek_at_s is None:
        if not step.aimed and (paused or (step.hurry and turn.agent.asked == "paused")):
            _send_to(turn, step)
    elif stands_s is not None:
        # A player that was still running when the seek came has gone on from there; others get time to obey.
        ran_on = (
            0.0 < stands_s - step.position_s < 1.5
            and turn.agent.seen is not None
            and turn.agent.seen.same >= 2
        )
        if not ran_on and turn.now_s - step.seek_at_s <= seek_wait_s(turn):
            return
        if step.tries < SEEKS_MAX:
            _send_to(turn, step)
        else:
            hold(turn, step, stands_s, sought=True)


def _is_blind(turn: Turn, step: Cueing) -> bool:
    """Tell whether a player was sent to the beginning and says ever since that it buffers, and no position."""
    seen = turn.agent.seen
    if seen is None or step.seek_at_s is None or step.position_s >= BESIDE_ZERO_S:
        return False
    nothing = seen.state == "buffering" and seen.position_s is None and seen.sent_at_s >= step.seek_at_s
    return nothing and turn.now_s - step.seek_at_s > seek_wait_s(turn)


def standing_s(turn: Turn, step: Cueing) -> float | None:
    """Give where the player stands: two answers with the same position, of which none can be an old one."""
    agent, seen = turn.agent, turn.agent.seen
    if seen is None or seen.same < 1:
        return None
    if step.seek_at_s is not None:
        return seen.position_s if seen.sent_at_s >= step.seek_at_s else None
    lag_s = 1.2 * agent.phase.refresh_s if agent.phase.in_steps else 0.0
    return seen.position_s if seen.sent_at_s >= agent.asked_at_s + agent.learned.pause_s + lag_s else None


def _give_up(turn: Turn, step: Cueing, stands_s: float | None) -> None:
    """Take a player as it stands; begin anew with one that does not even stand."""
    turn.say("uncorrectable", stands_s)
    if stands_s is not None:
        turn.become(Held(stands_s, turn.now_s, sought=False, why=step.why, round=step.round))
    else:
        begin_anew(turn)


def begin_anew(turn: Turn) -> None:
    """What was tried in vain may be tried again, from the start."""
    turn.put(asked_tries=0)
    turn.become(Idle())


def _send_to(turn: Turn, step: Cueing) -> None:
    """Seek to the position, or farther ahead where the group would be gone before the player is ready."""
    learned = turn.agent.learned
    position_s = step.position_s
    if turn.line.rate > 0.0 and turn.reached_at_s(position_s) < turn.now_s + 0.6 * learned.park_s:
        ahead_s = turn.group_s(turn.now_s) + learned.park_s + learned.unpause_s + 0.3
        position_s = whole_ms(max(ahead_s, position_s), 1000) / 1000
    turn.seek(position_s, step.why)
    turn.become(replace(step, position_s=position_s, seek_at_s=turn.now_s, tries=step.tries + 1))


def hold(turn: Turn, step: Cueing, stands_s: float, *, sought: bool) -> None:
    """The player stands. Where the group has left already it is sent farther ahead, twice at most."""
    late_s = turn.now_s - (turn.reached_at_s(stands_s) - turn.agent.learned.unpause_s)
    if turn.line.rate > 0.0 and late_s > LATE_S and step.recues < 2:
        _send_to(turn, replace(step, recues=step.recues + 1, tries=0))
        return
    turn.say("parked", stands_s)
    turn.become(Held(stands_s, turn.now_s, sought, step.why, step.round))


def release_at_s(turn: Turn, position_s: float) -> float:
    """Tell when `play` must be sent for a player that stands at a position."""
    return turn.reached_at_s(position_s) - turn.agent.learned.unpause_s


def run_held(turn: Turn, step: Held) -> None:
    """Wait for the line; meanwhile notice the viewer's hand, and try the player out where nobody is in a hurry."""
    seen = turn.agent.seen
    if seen is not None and seen.state == "stopped" and seen.same >= 1:
        turn.say("hand_stopped", seen.position_s)
        turn.become(Away(paused=True))
        return
    if turn.line.rate > 0.0:
        due_s = release_at_s(turn, step.position_s)
        if turn.now_s >= due_s:
            why: Why = step.why if step.why in ("join", "correct") else "release"
            turn.release(Releasing(turn.now_s, due_s, step.sought, why, step.round))
        return
    if turn.verified() == "playing":
        agent = turn.agent
        if not turn.settled and turn.now_s - agent.asked_at_s < OURS_S:
            turn.become(Idle())
            cue(turn, step.why)
        else:
            _played_by_hand(turn)
    elif turn.agent.seen is not None and turn.agent.seen.sent_at_s >= rehearsal_at_s(turn, step):
        _rehearse(turn, step)


def _played_by_hand(turn: Turn) -> None:
    """Leave the player to whoever pressed play."""
    turn.say("hand_played", turn.agent.seen.position_s if turn.agent.seen else None)
    turn.become(Away(paused=False))


def rehearsal_at_s(turn: Turn, step: Held) -> float:
    """Tell when the next thing may be tried, once an answer from then on shows that the player still stands; infinity
    when there is nothing to try. Else a trial could undo what the viewer has just done."""
    learned = turn.agent.learned
    known = learned.toggles is not None and (learned.quantum_ms is not None or step.position_s < 1.5)
    if known or not turn.agent.tuning.rehearse:
        return float("inf")
    in_use = turn.agent.joined and step.why != "rehearse"
    after_s = REHEARSE_LATER_S if in_use else REHEARSE_AFTER_S
    return max(step.since_s, turn.reached_at_s(step.position_s)) + after_s


def _rehearse(turn: Turn, step: Held) -> None:
    if turn.agent.learned.toggles is None:
        turn.try_pause()
        turn.become(Rehearsing("toggles", turn.now_s, step.position_s))
    else:
        turn.seek(step.position_s - 0.5, "rehearse")
        turn.become(Rehearsing("quantum", turn.now_s, step.position_s))


def run_rehearsing(turn: Turn, step: Rehearsing) -> None:
    """Watch what the trial did, write it down, and go back to where the player stood."""
    seen = turn.agent.seen
    if seen is None or seen.sent_at_s < step.asked_at_s:
        return
    if step.what == "toggles":
        if seen.state == "playing":
            _learned(turn, toggles=True)
        elif seen.state == "paused" and seen.sent_at_s >= step.asked_at_s + TOGGLE_WATCH_S:
            _learned(turn, toggles=False)
        return
    if turn.verified() == "playing":
        _played_by_hand(turn)  # no seek makes a film run
        return
    moved = seen.position_s is not None and abs(seen.position_s - step.position_s) > PARKED_S
    if seen.state == "paused" and seen.same >= 2 and moved and seen.position_s is not None:
        fine = abs(seen.position_s - (step.position_s - 0.5)) <= PARKED_S
        _learned(turn, quantum_ms=1 if fine else 1000)
    elif turn.now_s - step.asked_at_s > QUANTUM_WATCH_S:
        _learned(turn, quantum_ms=1000)


def _learned(turn: Turn, **changes: bool | int) -> None:
    turn.put(learned=replace(turn.agent.learned, **changes))
    turn.become(Idle())
    cue(turn, "rehearse")


def run_releasing(turn: Turn, step: Releasing) -> None:
    """Look whether it plays; a punctual release teaches how long that takes."""
    if turn.ensure("playing", step.why):
        agent = turn.agent
        punctual = agent.asked_at_s - step.due_s < PUNCTUAL_S and agent.asked_tries == 1
        after = Measuring("release" if punctual else "late", turn.now_s, step.why, step.round, step.sought)
        turn.measure(after)
    elif turn.now_s - step.since_s > RELEASE_MAX_S:
        turn.say("uncorrectable")
        begin_anew(turn)
