"""Where a player is, from what its timeline says.

A *sample* is one answer of the timeline: a position, and the moment in the middle of its question. The *phase* is
position minus moment; it is constant while the film plays, whatever the moment, and everything here is about it.

Two kinds of timeline exist. A *live* one follows the film (in whole frames): its phase is the mean of the better half
of the last samples, better by round trip. One *in steps* is renewed once a second or so and stands still in between:
it lags, never leads. There each sample is a bound, and a renewal caught between two samples one from the other side::

    phase >= position - moment                  of every sample
    phase <= later position - earlier moment    of two neighbours that differ

So a renewal need only be caught between two questions that lie close together; `next_question_s` says when to ask.
A timeline is known to be in steps when the phase falls and rises back by itself, which a film never does: each such
rise is a vote.
"""

from itertools import pairwise
from math import inf
from statistics import fmean, median, pstdev

import msgspec

KEPT_LIVE = 8
KEPT_STEPS = 24
AGE_MAX_S = 30.0
"""Samples older than this say nothing of now."""
RISE_S = 0.1
"""A rise of the phase by more than this, certain in spite of the round trips, is a vote for steps."""
VOTES_ON, VOTES_MAX = 2, 4
CALM_SAMPLES = 40
"""So many samples without a rise take a vote back."""
JUMP_LIVE_S = 0.2
STEADY_LIVE_S = 0.12
STEADY_STEPS_S = 0.12
SURE_STEPS_S = 0.2
"""A timeline in steps is measured when its bounds are this close."""
CLOSE_S = 0.3
OVERDUE = 1.3
"""A renewal later than this many periods did not happen: the film stood still."""


class Sample(msgspec.Struct, frozen=True):
    """One answer of a moving timeline."""

    at_s: float
    """The middle between question and answer, on our clock."""
    rtt_s: float
    position_s: float

    @property
    def phase_s(self) -> float:
        """Position minus moment."""
        return self.position_s - self.at_s


class Phase(msgspec.Struct, frozen=True):
    """The samples since the last discontinuity, and what kind of timeline they come from."""

    samples: tuple[Sample, ...] = ()
    votes: int = 0
    calm: int = 0
    in_steps: bool = False
    refresh_s: float = 0.0
    """The period of the steps; 0 while unknown."""
    peak_s: float = -inf
    """The highest phase since all was forgotten, also of samples that are not kept any more."""


class Estimate(msgspec.Struct, frozen=True):
    """What the samples amount to."""

    phase_s: float
    sigma_s: float
    n: int
    steady: bool
    """Whether the film ran evenly all the while; otherwise it stalled or jumped in between."""


def add(phase: Phase, sample: Sample) -> Phase:
    """Take in a sample of a playing timeline."""
    votes, calm, refresh_s = phase.votes, phase.calm + 1, phase.refresh_s
    if phase.samples:
        last = phase.samples[-1]
        if sample.at_s <= last.at_s:
            return phase
        caught_up = _catches_up(phase, sample)
        if caught_up:
            votes, calm = min(VOTES_MAX, votes + 1), 0
        if caught_up or (phase.in_steps and sample.position_s > last.position_s):
            refresh_s = _period(refresh_s, sample.position_s - last.position_s, sample.at_s - last.at_s)
    if calm >= CALM_SAMPLES:
        votes, calm = max(0, votes - 1), 0
    in_steps = votes >= VOTES_ON or (phase.in_steps and votes > 0)
    kept = (*phase.samples, sample)[-(KEPT_STEPS if in_steps else KEPT_LIVE) :]
    while kept[0].at_s < sample.at_s - AGE_MAX_S:
        kept = kept[1:]
    peak_s = max(phase.peak_s, sample.phase_s + sample.rtt_s / 2)
    return Phase(kept, votes, calm, in_steps, refresh_s, peak_s)


def _catches_up(phase: Phase, sample: Sample) -> bool:
    """Tell whether the phase rose by itself, back to where it had been: beyond that it would be a jump forward."""
    last = phase.samples[-1]
    rose = sample.phase_s - sample.rtt_s / 2 > last.phase_s + last.rtt_s / 2 + RISE_S
    return rose and sample.phase_s <= phase.peak_s + RISE_S


def _period(known_s: float, step_s: float, gap_s: float) -> float:
    """Follow the steps. Between close questions there is one renewal; else as many as fit what is known."""
    close = gap_s <= CLOSE_S
    if not 0.2 <= step_s <= 5.0 or not (known_s or close):
        return known_s
    if known_s == 0.0:
        return step_s
    period_s = step_s if close else step_s / max(1, round(step_s / known_s))
    fits = abs(period_s - known_s) <= 0.15 * known_s
    if not (fits or close):
        return known_s
    return known_s + (0.1 if fits else 0.3) * (period_s - known_s)


def flush(phase: Phase, keep: int = 0) -> Phase:
    """Forget the samples but the last `keep`; what kind of timeline it is stays known."""
    kept = phase.samples[-keep:] if keep else ()
    return msgspec.structs.replace(phase, samples=kept, peak_s=phase.peak_s if keep else -inf)


def presumed(refresh_s: float) -> Phase:
    """Begin with what is known of the player's model."""
    if refresh_s > 0.0:
        return Phase(votes=VOTES_MAX, in_steps=True, refresh_s=refresh_s)
    return Phase()


def estimate(phase: Phase) -> Estimate | None:
    """Give the phase, or None while there is too little to say anything."""
    return _of_steps(phase) if phase.in_steps else _of_live(phase.samples)


def _of_live(samples: tuple[Sample, ...]) -> Estimate | None:
    if len(samples) < 4:
        return None
    better = sorted(samples, key=lambda s: s.rtt_s)[: max(2, (len(samples) + 1) // 2)]
    phases = [s.phase_s for s in better]
    steady = max(phases) - min(phases) <= STEADY_LIVE_S
    return Estimate(fmean(phases), pstdev(phases), len(samples), steady)


def bounds(phase: Phase) -> tuple[float, float, int]:
    """Give the lowest and the highest phase that a timeline in steps allows, and how many renewals were caught."""
    usual_s = median(s.rtt_s for s in phase.samples)
    good = [s for s in phase.samples if s.rtt_s <= 2 * usual_s + 0.01]
    period_s = phase.refresh_s or 1.0
    low = max(s.phase_s for s in good)
    high = min(s.phase_s for s in good) + OVERDUE * period_s
    renewals = 0
    for earlier, later in pairwise(good):
        if later.position_s > earlier.position_s + 0.02:
            renewals += 1
            high = min(high, later.position_s - earlier.at_s)
    return low, high, renewals


def _of_steps(phase: Phase) -> Estimate | None:
    if len(phase.samples) < 4:
        return None
    low, high, renewals = bounds(phase)
    steady = renewals > 0 and -STEADY_STEPS_S <= high - low <= SURE_STEPS_S
    return Estimate((low + high) / 2, abs(high - low) / 3.5, len(phase.samples), steady)


def jumped(phase: Phase) -> bool:
    """Tell whether the last samples no longer belong to the earlier ones: a stall, a seek, somebody's hand."""
    if len(phase.samples) < 4:
        return False
    if phase.in_steps:
        low, high, renewals = bounds(msgspec.structs.replace(phase, samples=phase.samples[:-1]))
        last = phase.samples[-1]
        fell = last.phase_s + OVERDUE * (phase.refresh_s or 1.0) < low - 0.15
        rose = last.phase_s - last.rtt_s / 2 > high + 0.15
        return renewals > 0 and (fell or rose)
    usual_s = median(s.phase_s for s in phase.samples[:-2])
    one, two = (s.phase_s - usual_s for s in phase.samples[-2:])
    return min(one, two) > JUMP_LIVE_S or max(one, two) < -JUMP_LIVE_S


def suspicious(phase: Phase) -> bool:
    """Tell whether the last sample alone looks like a jump: reason enough to ask again soon."""
    if phase.in_steps or len(phase.samples) < 3:
        return False
    usual_s = median(s.phase_s for s in phase.samples[:-1])
    last = phase.samples[-1]
    return abs(last.phase_s - usual_s) > JUMP_LIVE_S + last.rtt_s / 2


def next_question_s(phase: Phase, after_s: float) -> float | None:
    """Tell when to ask a timeline in steps: just before and just after a renewal, in turn.

    A pair that hits narrows the bounds; it is wide enough for renewals that are not quite regular. None for live
    timelines, or while nothing is known.
    """
    if not phase.in_steps or not phase.samples:
        return None
    low, high, renewals = bounds(phase)
    if renewals == 0:
        return None
    last, period_s = phase.samples[-1], phase.refresh_s or 1.0
    margin_s = max(0.08, (high - low) / 4)
    renewal_s = last.position_s - (low + high) / 2
    renewal_s += max(0.0, round((last.at_s - renewal_s) / period_s)) * period_s
    if renewal_s - margin_s - 0.03 <= last.at_s <= renewal_s and after_s <= renewal_s + margin_s:
        return renewal_s + margin_s
    while renewal_s - margin_s < after_s + period_s:
        renewal_s += period_s
    return renewal_s - margin_s
