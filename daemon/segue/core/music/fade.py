"""The curve of a fade: which level is due when. Linear in level, which on a Denon scale is linear in dB."""

from math import ceil, floor

from segue.core.music.state import Fading

STRETCH_MAX = 2.0
"""A slow device may make a fade last this many times longer before its steps grow instead."""


def rounded(level: float) -> int:
    """Round to the nearest level, halves upwards (Python's own rounding would skip some)."""
    return floor(level + 0.5)


def stretched_s(duration_s: float, levels: int, rtt_s: float, step_levels_max: int) -> float:
    """Give the time a fade takes on a device with this round trip, so that no step exceeds the limit.

    At most one command is in flight, so a device answers 1 / rtt steps a second. 40 levels in 1 s at 25 ms fit
    one by one; at 100 ms two levels a step need 2 s. Beyond twice the wish the steps grow instead of the time.
    """
    needed_s = levels * rtt_s / max(1, step_levels_max)
    return min(max(duration_s, needed_s), duration_s * STRETCH_MAX)


def step_limit(duration_s: float, levels: int, rtt_s: float, step_levels_max: int) -> int:
    """Give the levels that one step may jump, so that even a slow device ends within the stretched time."""
    if duration_s <= 0.0:
        return max(1, levels)
    return max(step_levels_max, ceil(levels * rtt_s / (STRETCH_MAX * duration_s)))


def level_at(fade: Fading, moment: float) -> int:
    """Give the level that is due at a moment."""
    if moment >= fade.ends_at:
        return fade.to_level
    if moment <= fade.started_at:
        return fade.from_level
    share = (moment - fade.started_at) / (fade.ends_at - fade.started_at)
    return rounded(fade.from_level + (fade.to_level - fade.from_level) * share)


def next_change_at(fade: Fading, level: int) -> float:
    """Tell when the curve leaves `level` for the next one on its way; its end when there is none."""
    span = fade.to_level - fade.from_level
    if span == 0:
        return fade.ends_at
    edge = level + 0.5 if span > 0 else level - 0.5
    share = (edge - fade.from_level) / span
    moment = fade.started_at + share * (fade.ends_at - fade.started_at)
    return min(max(moment, fade.started_at), fade.ends_at)
