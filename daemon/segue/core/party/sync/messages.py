"""What an agent is told, and what it orders: all data, so that a socket, a simulator and a test can carry it.

Moments are seconds of the agent's own monotonic clock unless the name says otherwise.
"""

from typing import Literal

import msgspec

from segue.core.party.sync.clock import Probe
from segue.core.party.sync.target import GroupLine

PlayState = Literal["playing", "paused", "buffering", "stopped"]

Note = Literal[
    "",
    "in_step",
    "parked",
    "stalled",
    "uncorrectable",
    "not_loading",
    "hand_paused",
    "hand_played",
    "hand_sought",
    "hand_stopped",
]
"""What is worth saying beside the figures. `hand_...`: the viewer's own remote did it, and it is not undone."""

Why = Literal["join", "cue", "release", "hold", "correct", "rehearse"]
"""What a command is for. Only `correct` disturbs a viewer who did nothing and for whom nothing was done."""


# ---------------------------------------------------------------- events


class LineReceived(msgspec.Struct, frozen=True, tag=True):
    """The server says where the film should be. An older revision than the known one is ignored."""

    line: GroupLine


class SampleArrived(msgspec.Struct, frozen=True, tag=True):
    """The player's timeline answered."""

    sent_at_s: float
    received_at_s: float
    state: PlayState
    position_ms: int | None = None
    media: str = ""


class SampleLost(msgspec.Struct, frozen=True, tag=True):
    """The player's timeline did not answer in time, or not sensibly."""

    sent_at_s: float


class CommandAnswered(msgspec.Struct, frozen=True, tag=True):
    """The player's reply to a command. It proves nothing: only a timeline does."""

    command: int
    ok: bool


class ClockSampled(msgspec.Struct, frozen=True, tag=True):
    """A clock probe came back."""

    probe: Probe


class TimeCame(msgspec.Struct, frozen=True, tag=True):
    """The moment that was last asked for with `WakeAt`, or any other."""


class Trimmed(msgspec.Struct, frozen=True, tag=True):
    """The viewer wants to be this much later (+) or earlier (-) than the others: a voice call's delay, say."""

    offset_ms: int


class Rejoined(msgspec.Struct, frozen=True, tag=True):
    """The viewer wants to be in step again, now: after stepping away, or because it looks wrong."""


Event = (
    LineReceived | SampleArrived | SampleLost | CommandAnswered | ClockSampled | TimeCame | Trimmed | Rejoined
)


# ---------------------------------------------------------------- orders


class PollNow(msgspec.Struct, frozen=True, tag=True):
    """Ask the player's timeline."""


class ProbeClock(msgspec.Struct, frozen=True, tag=True):
    """Send a clock probe to the server."""


class Load(msgspec.Struct, frozen=True, tag=True):
    """Make the player play a film from a position."""

    command: int
    media: str
    position_ms: int
    why: Why


class Play(msgspec.Struct, frozen=True, tag=True):
    """Go on."""

    command: int
    why: Why


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Stand still."""

    command: int
    why: Why


class SeekTo(msgspec.Struct, frozen=True, tag=True):
    """Jump to a position."""

    command: int
    position_ms: int
    why: Why


class SetRate(msgspec.Struct, frozen=True, tag=True):
    """Play this much faster or slower; 1 is as filmed."""

    command: int
    rate: float
    why: Why


class WakeAt(msgspec.Struct, frozen=True, tag=True):
    """Come back with `TimeCame` then. The last one given counts."""

    at_s: float


class Report(msgspec.Struct, frozen=True, tag=True):
    """What the server may know of this viewer."""

    rev: int
    step: str
    """The name of what the agent is doing."""
    state: PlayState | None
    drift_s: float | None
    """Ahead (+) or behind (-) of the line; None while it is not known or means nothing."""
    sigma_s: float | None
    samples: int
    parked_ms: int | None
    """Where the player stands ready to be released."""
    park_s: float
    """How long it takes this player to get ready after a seek."""
    note: Note = ""
    position_ms: int | None = None
    """For what a hand did: where the player went."""


Command = Load | Play | Pause | SeekTo | SetRate
Order = PollNow | ProbeClock | Command | WakeAt | Report
