"""Everything the music domain hears: what Plex says, what the receiver says, what people ask."""

from typing import ClassVar, Literal

import msgspec

from segue.core.vocabulary import ActionBase, Tier, tagger

PlexState = Literal["playing", "paused", "buffering", "stopped"]
ReceiverState = Literal["play", "pause", "stop", "unknown"]
SceneKind = Literal["", "film", "intermission"]


class MusicAction(ActionBase, frozen=True, tag_field="type", tag=tagger("music")):
    """An action of the music domain."""


# ------------------------------------------------------------------ what Plex says


class PlexSession(msgspec.Struct, frozen=True):
    """One entry of `/status/sessions`, as far as the sound of a room is concerned."""

    player_id: str
    """`machineIdentifier` of the player."""
    session_key: str
    """Opaque; Plexamp keeps one across tracks, and a server's restart begins them anew."""
    rating_key: str
    state: PlexState
    player_title: str = ""
    player_product: str = ""
    player_address: str = ""
    media_type: str = ""
    title: str = ""
    artist: str = ""
    album: str = ""
    duration_ms: int | None = None
    position_ms: int = 0


class WebhookHeard(MusicAction, frozen=True):
    """A Plex webhook came in. Only ever a hint to read the sessions: anybody can forge one."""

    event: str
    player_id: str = ""
    rating_key: str = ""


class SessionsRead(MusicAction, frozen=True):
    """`/status/sessions` was read whole: who is not in it has stopped."""

    effect_id: str
    sessions: tuple[PlexSession, ...]
    took_s: float = 0.0


class SessionsUnread(MusicAction, frozen=True):
    """The sessions could not be read: what plays is *unknown*, which is not *nothing*."""

    effect_id: str
    reason: Literal["down", "refused", "unreadable", "dropped"]
    detail: str = ""


class PlexStateChanged(MusicAction, frozen=True):
    """One player's play of one item changed its state: exactly once per real transition.

    Made by a rule out of two successive readings, so that lost, doubled and reordered news end the same.
    """

    player_id: str
    player_title: str
    player_product: str
    state: PlexState
    title: str
    artist: str
    album: str
    duration_ms: int | None
    position_ms: int
    session_key: str
    rating_key: str


# ------------------------------------------------------------------ what the receiver says


class HeosPlayer(msgspec.Struct, frozen=True):
    """A player of the HEOS system (HEOS CLI 4.2.1)."""

    heos_player_id: int
    """HEOS `pid`; may change at a factory reset, so rooms name players."""
    name: str
    model: str = ""
    ip: str = ""
    serial: str = ""
    version: str = ""


class Source(msgspec.Struct, frozen=True):
    """What a receiver listens to: an input of its own, or something that HEOS streams."""

    input: str = ""
    """`inputs/cd` and so on; empty when HEOS streams or nothing is known."""
    source_id: int | None = None
    """HEOS `sid`: 1027 for inputs, others for services; nothing when the device says nothing."""
    media_id: str = ""
    queue_id: int | None = None
    """HEOS `qid` when a song of the device's own queue is on."""
    station: str = ""
    title: str = ""
    artist: str = ""
    album: str = ""


class HeosLinkChanged(MusicAction, frozen=True):
    """The connection to the HEOS system is there, or gone."""

    up: bool
    host: str
    reason: str = ""


class HeosPlayersRead(MusicAction, frozen=True):
    """The system's players as they are now; ids may have changed."""

    players: tuple[HeosPlayer, ...]


class ReceiverRead(MusicAction, frozen=True):
    """Everything about one receiver, read anew after a connection or on doubt. `None`: it did not say."""

    heos_player_id: int
    level: int | None
    muted: bool | None
    play_state: ReceiverState
    source: Source
    took_s: float = 0.0
    """How long the reading took: what was heard meanwhile is newer than what it says."""


class VolumeChanged(MusicAction, frozen=True):
    """The receiver says that its volume or mute is now this; raw, in order, ours or a person's."""

    heos_player_id: int
    level: int
    muted: bool


class ReceiverStateChanged(MusicAction, frozen=True):
    """The receiver's own play state (HEOS CLI 5.5)."""

    heos_player_id: int
    play_state: ReceiverState


class SourceChanged(MusicAction, frozen=True):
    """The receiver listens to something else, or to the next title of it."""

    heos_player_id: int
    source: Source


class PlaybackFailed(MusicAction, frozen=True):
    """The receiver could not play something; the text is its own (HEOS CLI 5.8)."""

    heos_player_id: int
    text: str


# ------------------------------------------------------------------ outcomes


class CommandDone(MusicAction, frozen=True):
    """A HEOS command was acknowledged. Believed only as far as its round trip: the state is what events say."""

    effect_id: str
    room: str
    took_s: float


class CommandFailed(MusicAction, frozen=True):
    """A HEOS command failed, or was dropped before it could be sent."""

    effect_id: str
    room: str
    reason: Literal["unavailable", "timeout", "refused", "dropped", "commit_late"]
    detail: str = ""


class PlayerCommandDone(MusicAction, frozen=True):
    """A Plex player took a Companion command: an answer, not yet a fact."""

    effect_id: str
    room: str
    path: str
    """`direct` or `server`."""
    took_s: float = 0.0


class PlayerCommandFailed(MusicAction, frozen=True):
    """No way led to the Plex player."""

    effect_id: str
    room: str
    reason: str
    detail: str = ""


# ------------------------------------------------------------------ what people ask


class RoomRequest(MusicAction, frozen=True):
    """Something that a person asks of one room."""

    tier: ClassVar[Tier] = "WRITE"
    room: str
    """The room's name; `-` where there is only one."""


class PlayRequested(RoomRequest, frozen=True):
    """Play, or go on playing."""


class PauseRequested(RoomRequest, frozen=True):
    """Fade out, pause, and have the level back once it is silent."""


class StopRequested(RoomRequest, frozen=True):
    """Fade out and stop."""


class SkipRequested(RoomRequest, frozen=True):
    """Go to the next or the previous title."""

    direction: Literal["next", "previous"]


class SeekRequested(RoomRequest, frozen=True):
    """Go to a position of the title that plays."""

    position_ms: int


class VolumeRequested(RoomRequest, frozen=True):
    """Set the level, 0-100 of the receiver's scale, at most the room's `max_level`."""

    level: int


class VolumeStepRequested(RoomRequest, frozen=True):
    """One step louder or softer (`volume_step` levels)."""

    direction: Literal["up", "down"]


class MuteRequested(RoomRequest, frozen=True):
    """Mute, unmute, or the other one when nothing is said."""

    muted: bool | None = None


class SourceRequested(RoomRequest, frozen=True):
    """Listen to an input such as `inputs/cd`."""

    input: str


class FadeRequested(RoomRequest, frozen=True):
    """Go to a level slowly; it is the new base."""

    to_level: int
    duration_s: float


# ------------------------------------------------------------------ what rules ask


class FadesAllowed(MusicAction, frozen=True):
    """Whether levels may be lowered for a while: not when the journal cannot promise to remember the base."""

    allowed: bool
    because: str


class RestoreRequested(MusicAction, frozen=True):
    """Bring every room to its base level at once: the daemon stops."""

    because: str


class Scene(msgspec.Struct, frozen=True):
    """What a watch party wants of a room, as it is told from outside of this domain."""

    kind: SceneKind = ""
    party_id: str = ""
    film: str = ""
    """What people call what is watched."""
    on_music_player: bool = False
    """The film is on the very player that has the room's music: that music is gone anyway."""
    in_step: bool = True
    """False: the viewer stepped away. What was arranged stays as it is."""


class RoomSceneChanged(MusicAction, frozen=True):
    """What a watch party wants of a room is another thing now; an empty scene: there is no party here any more."""

    room: str
    scene: Scene


MusicActions = (
    WebhookHeard
    | SessionsRead
    | SessionsUnread
    | PlexStateChanged
    | HeosLinkChanged
    | HeosPlayersRead
    | ReceiverRead
    | VolumeChanged
    | ReceiverStateChanged
    | SourceChanged
    | PlaybackFailed
    | CommandDone
    | CommandFailed
    | PlayerCommandDone
    | PlayerCommandFailed
    | PlayRequested
    | PauseRequested
    | StopRequested
    | SkipRequested
    | SeekRequested
    | VolumeRequested
    | VolumeStepRequested
    | MuteRequested
    | SourceRequested
    | FadeRequested
    | FadesAllowed
    | RestoreRequested
    | RoomSceneChanged
)
