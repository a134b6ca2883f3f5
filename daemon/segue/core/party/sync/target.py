"""Where the film should be: a straight line that all homes share, and the lines that people's wishes draw.

A line is the whole truth with a revision: the last one wins, and hearing one twice changes nothing. Positions are
milliseconds of the film, moments are seconds of the server's monotonic clock. All anchors are whole seconds of the
film, because many players can only seek to whole seconds.
"""

from collections.abc import Iterable
from math import ceil

import msgspec

PAUSE_LEAD_S = 0.4
"""A pause is agreed upon this long before it happens, so that it happens everywhere on the same frame."""
RESUME_LEAD_S = 0.9
"""A resume likewise: longer than a bad line plus the slowest unpausing."""
SEEK_LEAD_S = 0.5
"""What a seek needs beside the time that the slowest player takes to load: the way down, and looking twice."""
SEEK_LEAD_MAX_S = 6.0
"""Nobody waits longer than this for one slow player: it catches up alone."""
START_LEAD_S = 5.0
"""A start from nothing: time for players to load the film."""


class GroupLine(msgspec.Struct, frozen=True):
    """The film is at `position_ms` at `at_s`, and then stays (`rate` 0) or goes on (`rate` 1).

    A line with rate 1 waits at its position until its moment; one with rate 0 arrives there by playing.
    """

    rev: int
    position_ms: int
    at_s: float
    rate: float = 1.0
    media: str = ""
    """Which film, as the players of this home name it; empty when it does not matter."""
    gathers: bool = False
    """Whether those who stepped away are fetched back: true when it follows a person's hand."""

    def position_s(self, server_s: float) -> float:
        """Give the position in seconds of the film at a moment of the server's clock."""
        anchor = self.position_ms / 1000
        if self.rate == 0.0:
            return anchor + min(0.0, server_s - self.at_s)
        return anchor + max(0.0, server_s - self.at_s) * self.rate

    def reached_at_s(self, position_s: float) -> float:
        """Tell when the line comes to a position (its own moment, for positions that lie behind it)."""
        ahead_s = position_s - self.position_ms / 1000
        if self.rate == 0.0:
            return self.at_s + min(0.0, ahead_s)
        return self.at_s + max(0.0, ahead_s) / self.rate


def starting(rev: int, media: str, position_ms: int, now_s: float, lead_s: float = START_LEAD_S) -> GroupLine:
    """Begin a film at a position, in so many seconds."""
    return GroupLine(rev, position_ms, now_s + lead_s, 1.0, media)


def pausing(line: GroupLine, rev: int, now_s: float, lead_s: float = PAUSE_LEAD_S) -> GroupLine:
    """Pause at the next whole second of the film that is at least `lead_s` away; where it stands if it stands."""
    if line.rate == 0.0 or now_s < line.at_s:
        return GroupLine(rev, line.position_ms, now_s, 0.0, line.media)
    position_ms = ceil(round(line.position_s(now_s + lead_s), 6)) * 1000
    return GroupLine(rev, position_ms, line.reached_at_s(position_ms / 1000), 0.0, line.media)


def resuming(line: GroupLine, rev: int, now_s: float, lead_s: float = RESUME_LEAD_S) -> GroupLine:
    """Go on from where the line stands or will stand."""
    return GroupLine(rev, line.position_ms, max(now_s + lead_s, line.at_s + lead_s), 1.0, line.media)


def seeking(line: GroupLine, rev: int, to_ms: int, now_s: float, lead_s: float) -> GroupLine:
    """Jump to a whole second: everybody parks there and is released together after `lead_s`; paused stays paused."""
    position_ms = max(0, round(to_ms / 1000) * 1000)
    if line.rate == 0.0:
        return GroupLine(rev, position_ms, now_s, 0.0, line.media)
    return GroupLine(rev, position_ms, now_s + lead_s, line.rate, line.media)


def seek_lead_s(parking_s: Iterable[float]) -> float:
    """Give the lead of a group seek from how long each player takes to be parked there (learned, reported)."""
    return min(SEEK_LEAD_MAX_S, SEEK_LEAD_S + max(parking_s, default=0.5))


def whole_ms(position_s: float, quantum_ms: int) -> int:
    """Round a position up to what a player can seek to."""
    return ceil(round(position_s * 1000 / quantum_ms, 6)) * quantum_ms
