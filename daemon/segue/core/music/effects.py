"""What the music domain wants done: at the receiver, at the Plex player, at the Plex server."""

from typing import ClassVar, Literal

from segue.core.music.actions import Source
from segue.core.vocabulary import Accept, EffectBase, Refuse, Say

Verb = Literal["play", "pause", "stop", "next", "previous", "seek"]


class FetchSessions(EffectBase, frozen=True, kw_only=True, tag="fetch_sessions"):
    """Read `/status/sessions`. Outcome: `SessionsRead` or `SessionsUnread`."""

    owner: ClassVar[str] = "session_fetcher"


class HeosEffect(EffectBase, frozen=True, kw_only=True):
    """Something to be done at a receiver. Outcome: `CommandDone` or `CommandFailed`."""

    owner: ClassVar[str] = "heos_controller"

    room: str
    heos_player_id: int


class SetVolume(HeosEffect, frozen=True, kw_only=True, tag="set_volume"):
    """Set the level, 0-100 (HEOS CLI 4.2.7). Never above the room's `max_level`."""

    level: int

    def coalesce_key(self) -> tuple[str, ...]:
        """Only the newest level of a room matters."""
        return ("set_volume", self.room)


class SetMute(HeosEffect, frozen=True, kw_only=True, tag="set_mute"):
    """Mute or unmute (HEOS CLI 4.2.11)."""

    muted: bool

    def coalesce_key(self) -> tuple[str, ...]:
        """Only the newest wish of a room matters."""
        return ("set_mute", self.room)


class SelectSource(HeosEffect, frozen=True, kw_only=True, tag="select_source"):
    """Listen to an input, a station or a song of the device's queue (HEOS CLI 4.4.9, 4.4.7, 4.2.15)."""

    source: Source


class ReceiverTransport(HeosEffect, frozen=True, kw_only=True, tag="receiver_transport"):
    """Drive what HEOS itself plays (HEOS CLI 4.2.4, 4.2.21, 4.2.22)."""

    verb: Verb


class ReadReceiver(HeosEffect, frozen=True, kw_only=True, tag="read_receiver"):
    """Ask a receiver for everything. Outcome: `ReceiverRead`, or `CommandFailed`."""

    def coalesce_key(self) -> tuple[str, ...]:
        """One reading answers every doubt before it."""
        return ("read_receiver", self.room)


class CommandPlayer(EffectBase, frozen=True, kw_only=True, tag="command_player"):
    """Drive a Plex player by Companion. Outcome: `PlayerCommandDone` or `PlayerCommandFailed`."""

    owner: ClassVar[str] = "player_remote"

    room: str
    player_id: str
    player_address: str
    verb: Verb
    media_type: Literal["music", "video"] = "music"
    position_ms: int | None = None


MusicEffects = (
    FetchSessions
    | SetVolume
    | SetMute
    | SelectSource
    | ReceiverTransport
    | ReadReceiver
    | CommandPlayer
    | Say
    | Refuse
    | Accept
)
