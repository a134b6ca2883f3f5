"""When a party begins by itself: by the wall clock, which may be set forward or back at any time.

A start at 20:00 means the clock on the wall. The core wakes by the monotonic timeline, so it looks again from time to
time while something is scheduled, and whenever anything else happens: a clock that was set forward is noticed after a
minute at the latest in the last hour, and at once where somebody tells `ClockStepped`.
"""

from typing import Literal

from segue.core.party.state import Lobby, Party
from segue.core.stamp import Stamp

WARN_S = 300.0
"""It is said five minutes before."""
LOOK_SOON_S, LOOK_S = 60.0, 900.0
SOON_S = 3600.0
LEAST_S = 0.001
"""So that rounding never makes us look twice at one moment."""
AHEAD_S_MAX = 366 * 86_400.0
"""Nothing is scheduled further ahead than a year."""

Due = Literal["", "warn", "gather", "missed"]


def due(party: Party, lobby: Lobby, stamp: Stamp) -> Due:
    """Say what the wall clock asks for now."""
    if lobby.wall_starts_at is None:
        return ""
    left_s = lobby.wall_starts_at - stamp.wall_at
    if left_s < -party.rules.catch_up_s:
        return "missed"
    if left_s <= party.rules.start_grace_s:
        return "gather"
    return "warn" if left_s <= WARN_S and not lobby.warned else ""


def next_look_at(party: Party, lobby: Lobby, stamp: Stamp) -> float | None:
    """Give the moment at which to look at the clock again, on the monotonic timeline."""
    if lobby.wall_starts_at is None:
        return None
    left_s = lobby.wall_starts_at - stamp.wall_at
    wait_s = left_s - party.rules.start_grace_s
    if not lobby.warned and left_s > WARN_S:
        wait_s = min(wait_s, left_s - WARN_S)
    return stamp.now_at + max(LEAST_S, min(wait_s, LOOK_S if left_s > SOON_S else LOOK_SOON_S))


def problem(wall_starts_at: float | None, stamp: Stamp, catch_up_s: float) -> str:
    """Say what is wrong with a time; empty when nothing is. Also right for what is no number at all."""
    if wall_starts_at is None:
        return ""
    left_s = wall_starts_at - stamp.wall_at
    if not left_s >= -catch_up_s:
        return f"The start lies {-left_s:.0f} s in the past; at most {catch_up_s:.0f} s are caught up with."
    if not left_s <= AHEAD_S_MAX:
        return "The start lies more than a year ahead."
    return ""
