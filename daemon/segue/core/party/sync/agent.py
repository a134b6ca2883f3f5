"""What an agent remembers of one player, and what it is doing with it.

Each thing it can be doing is a type of its own, a *step*, with only the fields that mean something then. The steps of
one evening::

    Idle -> Loading -> Measuring -> Following <-> (Freezing -> Releasing | Aiming | Speeding) -> Measuring
                          group pause, seek, resume: Pausing -> Cueing -> Held -> Releasing -> Measuring
                          the viewer's own remote:   Away
"""

from typing import Literal

import msgspec

from segue.core.party.sync.clock import ServerClock
from segue.core.party.sync.latency import Learned
from segue.core.party.sync.messages import Note, PlayState, Why
from segue.core.party.sync.phase import Phase
from segue.core.party.sync.target import GroupLine


class Tuning(msgspec.Struct, frozen=True):
    """The constants of the controller, in seconds unless said otherwise. Chosen on seeds that print no figure."""

    band_s: float = 0.045
    """Drift below this is left alone."""
    band_steps_s: float = 0.1
    """The same where the timeline moves in steps."""
    band_speed_s: float = 0.02
    """The same where the correction is a playback rate, which nobody sees."""
    band_sigmas: float = 1.3
    """A correction that misses by s is not worth it below this many s."""
    band_max_s: float = 0.2
    behind_s: float = 0.22
    """The band on the side behind, where the player must be stopped and sent ahead."""
    behind_exact_s: float = 0.06
    """The same where an exact seek does."""
    join_s: float = 0.12
    """The same for one who has not been in step yet, and is in nobody's way."""
    seek_exact_s: float = 0.1
    """Seeks that miss by less than this are exact: the film may run while they happen."""
    far_s: float = 1.0
    """Drift above this is acted upon at once."""
    hits: int = 3
    quiet_s: float = 15.0
    """Nothing is corrected within this time after a correction..."""
    quiet_big_s: float = 4.0
    """...or within this, when the drift is above `big_s`."""
    big_s: float = 0.4
    rounds: int = 5
    """Corrections in a row before the player is called uncorrectable and left alone for `rest_s`."""
    rest_s: float = 60.0
    freeze_max_s: float = 3.0
    join_freeze_max_s: float = 12.0
    poll_s: float = 1.0
    poll_speed_s: float = 0.5
    poll_quick_s: float = 0.12
    report_s: float = 5.0
    rehearse: bool = True
    """Whether a player that stands still anyway may be tried for its quantum and for toggling."""


class Seen(msgspec.Struct, frozen=True):
    """The last answer of the timeline."""

    sent_at_s: float
    at_s: float
    state: PlayState
    position_s: float | None
    media: str
    same: int = 0
    """How many answers before it had the same state and, paused, the same position."""
    stands_since_s: float = 0.0
    """Since when the position has not changed."""


class Idle(msgspec.Struct, frozen=True, tag=True):
    """Nothing to do, or nothing known yet."""


class Loading(msgspec.Struct, frozen=True, tag=True):
    """The film was asked for."""

    sent_at_s: float
    position_s: float
    tries: int = 1


class Pausing(msgspec.Struct, frozen=True, tag=True):
    """The group pauses in a moment; the player goes on until then."""

    at_s: float


class Cueing(msgspec.Struct, frozen=True, tag=True):
    """The player is brought to stand still at a position."""

    position_s: float
    began_at_s: float
    why: Why
    hurry: bool = False
    """Whether to seek before the pause is verified."""
    aimed: bool = False
    """Whether the pause was timed to stop right there, so that its overrun can be learned."""
    seek_at_s: float | None = None
    tries: int = 0
    recues: int = 0
    """How often it came too late and was sent farther ahead."""
    round: int = 0
    """Which correction in a row this is; 0 when the whole group is cued."""


class Held(msgspec.Struct, frozen=True, tag=True):
    """The player stands still, verified, and waits for the line to come to its position."""

    position_s: float
    since_s: float
    sought: bool
    """Whether it was brought here by a seek, which may not have finished."""
    why: Why
    round: int = 0


class Rehearsing(msgspec.Struct, frozen=True, tag=True):
    """A player that stands still is tried out: does it toggle, does it seek to less than a second?"""

    what: Literal["toggles", "quantum"]
    asked_at_s: float
    position_s: float


class Releasing(msgspec.Struct, frozen=True, tag=True):
    """`play` is due or sent, and not verified yet."""

    since_s: float
    due_s: float
    """When it should be sent; an error that is left after a punctual release teaches."""
    sought: bool
    why: Why
    round: int = 0


class Measuring(msgspec.Struct, frozen=True, tag=True):
    """Questions in quick succession, to know the drift for sure."""

    after: Literal["nothing", "jump", "load", "release", "late", "seek", "speed"]
    since_s: float
    why: Why = "correct"
    round: int = 0
    sought: bool = False
    expected_s: float = 0.0
    """After a seek: the lead that was given to it."""
    target_s: float | None = None
    """After a seek or load: where the film goes on from."""
    old_phase_s: float | None = None
    """The phase before, to tell an old answer from a new one."""
    old_position_s: float | None = None
    """The farthest position before: no stall ever goes back behind it."""


class Following(msgspec.Struct, frozen=True, tag=True):
    """In step, and watched."""

    hits: int = 0


class Freezing(msgspec.Struct, frozen=True, tag=True):
    """Ahead: the player stands still for as long as that takes."""

    play_at_s: float
    since_s: float
    why: Why
    round: int
    stands_s: float | None = None
    """Where it stands, once that is sure."""


class Aiming(msgspec.Struct, frozen=True, tag=True):
    """Behind: a seek will be sent when its target is as far ahead as the seek takes."""

    position_s: float
    lead_s: float
    send_at_s: float
    why: Why
    round: int


class Speeding(msgspec.Struct, frozen=True, tag=True):
    """A playback rate makes the drift melt."""

    until_s: float
    rate: float
    round: int


class Away(msgspec.Struct, frozen=True, tag=True):
    """The viewer took the remote: nothing is commanded until they press play or ask."""

    paused: bool


Step = (
    Idle
    | Loading
    | Pausing
    | Cueing
    | Held
    | Rehearsing
    | Releasing
    | Measuring
    | Following
    | Freezing
    | Aiming
    | Speeding
    | Away
)


class Agent(msgspec.Struct, frozen=True):
    """Everything about one player in one party."""

    learned: Learned = Learned()
    tuning: Tuning = Tuning()
    clock: ServerClock = ServerClock()
    line: GroupLine | None = None
    step: Step = Idle()
    phase: Phase = Phase()
    seen: Seen | None = None
    trim_s: float = 0.0
    blind_at_zero: bool = False
    """Whether the player names no position where a film begins, so that it cannot be seen to stand there."""
    joined: bool = False
    """Whether the player has been in step; until then nothing that is done to it disturbs anybody."""
    commands: int = 0
    """Commands ordered so far; the number of the last one."""
    asked: Literal["playing", "paused"] | None = None
    """What the last play or pause asked for..."""
    asked_at_s: float = -1e9
    """...when..."""
    asked_tries: int = 0
    """...and for how manieth time in a row."""
    obeyed_at_s: float = -1e9
    """When a question was sent that was answered with what the last play or pause had asked for."""
    moved_at_s: float = -1e9
    """When anything was last commanded."""
    corrected_at_s: float = -1e9
    resting_until_s: float = -1e9
    phase_from_s: float = -1e9
    """Samples that were asked for before this say nothing of the present."""
    poll_sent_at_s: float = -1e9
    poll_waits: bool = False
    polls: int = 0
    probe_sent_at_s: float | None = None
    probes_sent: int = 0
    reported_at_s: float = -1e9
    told: Note = ""
    woken_at_s: float = -1e9
    """The last `WakeAt` that was given."""
    lost: int = 0
    """Questions without an answer, in a row."""
