"""What a HEOS system says, as plain data, and how talking to it can fail.

Section numbers are those of the makers' "HEOS CLI Protocol Specification".
"""

from typing import ClassVar, Literal

import msgspec

PlayState = Literal["play", "pause", "stop", "unknown"]
"""`unknown` stands for every word that the specification does not list, such as `buffering`."""
Reason = Literal["unavailable", "timeout", "refused"]


# ------------------------------------------------------------------ how it can fail


class HeosError(Exception):
    """A command came to nothing. The text may be shown: it names no URL, no media id and no account."""

    reason: ClassVar[Reason]


class HeosUnavailable(HeosError):  # noqa: N818 - the reason is the name
    """There is no connection, or it ended while the command was waiting. It may or may not have been carried out."""

    reason = "unavailable"


class HeosTimeout(HeosError):  # noqa: N818 - the reason is the name
    """No answer came in time. The command may still be carried out, unless the text says that it was not sent."""

    reason = "timeout"


class HeosRefused(HeosError):  # noqa: N818 - the reason is the name
    """The device said no (section 6), or answered what makes no sense."""

    reason = "refused"

    def __init__(self, command: str, error_id: int, text: str) -> None:
        super().__init__(f"{command}: {text} (error {error_id})" if error_id else f"{command}: {text}")
        self.command = command
        self.error_id = error_id
        """The device's `eid`; 0 when it did not refuse but its answer could not be understood."""
        self.text = text


# ------------------------------------------------------------------ what there is


class Player(msgspec.Struct, frozen=True, kw_only=True):
    """A player of the system (4.2.1)."""

    pid: int
    """May change at a factory reset or a firmware update: recognise a player by name or serial."""
    name: str
    model: str = ""
    version: str = ""
    ip: str = ""
    serial: str = ""
    network: str = ""
    """`wired`, `wifi`, or empty."""
    gid: int | None = None
    """The group that it belongs to, while it does."""


class NowPlaying(msgspec.Struct, frozen=True, kw_only=True):
    """What a player has on (4.2.5); all fields are empty when it has nothing."""

    pid: int
    media_type: str = ""
    """`song` or `station` (inputs are stations), as the device says it."""
    song: str = ""
    artist: str = ""
    album: str = ""
    station: str = ""
    sid: int | None = None
    """Source: 1027 for inputs, others for services and libraries."""
    mid: str = ""
    """Media id; what is a URL is cut after its host, since its path and query may hold a secret."""
    qid: int | None = None
    """Place in the device's queue, from 1."""
    input: str = ""
    """`inputs/cd` and so on while an input is on, else empty."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """An input that can be played (4.4.9)."""

    pid: int
    """The player that has it."""
    input: str
    """`inputs/cd` and so on."""
    name: str
    """What its owner calls it."""


# ------------------------------------------------------------------ what happens


class LinkUp(msgspec.Struct, frozen=True):
    """The system can be talked to. Everything known of it from before is in doubt."""

    host: str
    players: tuple[Player, ...]


class LinkDown(msgspec.Struct, frozen=True):
    """The system cannot be talked to; said at once when a link is lost, and again when the reason changes."""

    host: str
    """Empty when no device was found at all."""
    reason: str


class PlayersChanged(msgspec.Struct, frozen=True):
    """The players, their names, ids or groups are now these (5.2, 5.3)."""

    players: tuple[Player, ...]


class PlayStateChanged(msgspec.Struct, frozen=True):
    """A player's play state (5.5)."""

    pid: int
    state: PlayState


class NowPlayingChanged(msgspec.Struct, frozen=True):
    """Something else is on; ask what (5.6).

    Some devices send this because they were asked what is on (seen with an AVR-X4400H): never answer each with a
    question at once.
    """

    pid: int


class PositionChanged(msgspec.Struct, frozen=True):
    """How far the player is, every five seconds or so and to the second (5.7)."""

    pid: int
    position_ms: int
    duration_ms: int
    """0 when the device does not know, as with URLs and radio."""


class PlaybackError(msgspec.Struct, frozen=True):
    """The player could not play something (5.8)."""

    pid: int
    text: str
    """For people, from the device: `Could Not Download`."""


class VolumeChanged(msgspec.Struct, frozen=True):
    """A player's volume or mute is now this (5.10): raw and in order, whoever changed it."""

    pid: int
    level: int
    """0 to 100."""
    mute: bool


class GroupVolumeChanged(msgspec.Struct, frozen=True):
    """A group's volume or mute is now this (5.13)."""

    gid: int
    level: int
    mute: bool


class SourcesChanged(msgspec.Struct, frozen=True):
    """Sources came, went or were renamed (5.1). Comes in floods, and a device that is asked at once may refuse."""


class OtherChange(msgspec.Struct, frozen=True):
    """A change that needs no more than its name, such as `player_queue_changed` (5.4, 5.9, 5.11, 5.12)."""

    name: str
    pid: int | None


class EventsMissed(msgspec.Struct, frozen=True):
    """A player's level changed without an event: control works and events do not come. Read its state again."""

    pid: int


HeosEvent = (
    LinkUp
    | LinkDown
    | PlayersChanged
    | PlayStateChanged
    | NowPlayingChanged
    | PositionChanged
    | PlaybackError
    | VolumeChanged
    | GroupVolumeChanged
    | SourcesChanged
    | OtherChange
    | EventsMissed
)
