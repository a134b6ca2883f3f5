"""Which Plex player belongs to a room, what it does, and who obeys a transport command there."""

from typing import Literal

import msgspec

from segue.core.music.sessions import is_player
from segue.core.music.state import Activity, MusicState, Observed, Room

AUX_INPUT_SOURCE_ID = 1027
"""HEOS `sid` of a receiver's own inputs (HEOS CLI 4.4.1)."""


class PlexTarget(msgspec.Struct, frozen=True):
    """Where a Companion command goes."""

    player_id: str
    """The machine identifier, or the configured title while the player has not been seen."""
    address: str
    media_type: Literal["music", "video"]


def sessions_of(room: Room, state: MusicState) -> tuple[Observed, ...]:
    """Give the sessions that were last read on a room's player."""
    name = room.settings.plex_player
    return tuple(
        o
        for o in state.observed_sessions
        if not o.stale
        and o.session.state != "stopped"
        and is_player(name, o.session.player_id, o.session.player_title)
    )


def now_playing(room: Room, state: MusicState) -> Observed | None:
    """Give the session that counts as the room's: one that plays before one that does not."""
    order = {"playing": 0, "buffering": 1, "paused": 2}
    return min(sessions_of(room, state), key=lambda o: order.get(o.session.state, 3), default=None)


def activity_of(room: Room, state: MusicState) -> Activity:
    """Say what a room's Plex player does, by what the house has been told."""
    if state.plex.read_at is None:
        return "unknown"
    name = room.settings.plex_player
    mine = [
        play.told.state
        for play in state.plays
        if is_player(name, play.told.player_id, play.told.player_title)
    ]
    if "playing" in mine:
        return "playing"
    return "paused" if mine else "stopped"


def plex_target(room: Room, state: MusicState) -> PlexTarget:
    """Say where a Companion command to the room's player goes."""
    seen = now_playing(room, state)
    if seen is None:
        return PlexTarget(room.settings.plex_player, "", "music")
    media_type: Literal["music", "video"] = "music" if seen.session.media_type == "track" else "video"
    return PlexTarget(seen.session.player_id, seen.session.player_address, media_type)


def streams(room: Room) -> bool:
    """Tell whether HEOS itself plays something here, and not an input of the receiver."""
    source = room.receiver.observed_source
    return source.source_id is not None and source.source_id != AUX_INPUT_SOURCE_ID and not source.input


def transport_target(room: Room, state: MusicState) -> Literal["plex", "heos"] | None:
    """Say who obeys transport commands in this room: whoever is heard, the Plex player first."""
    receiver = room.receiver
    if room.settings.plex_player and sessions_of(room, state):
        return "plex"
    if receiver.available and streams(room) and receiver.observed_state in ("play", "pause"):
        return "heos"
    if room.settings.plex_player:
        return "plex"
    return "heos" if receiver.available else None


def is_on_air(room: Room) -> bool:
    """Tell whether the room's Plex player is what the receiver listens to, as far as is known.

    A room without an input has a receiver that never listens to anything else. Otherwise only an observed
    input counts, and not while the receiver is stopped: what is unknown may be somebody's television, or standby.
    """
    if not room.receiver.available:
        return False
    if not room.settings.input:
        return True
    stopped = room.receiver.observed_state == "stop" and not room.settings.trust_idle
    return room.receiver.observed_source.input == room.settings.input and not stopped


def may_take_over(room: Room) -> tuple[bool, str]:
    """Say whether a start may switch the receiver to the room's input, and the reason in a word."""
    settings, receiver = room.settings, room.receiver
    if settings.take_over == "never":
        return False, "take_over_never"
    if not receiver.available:
        return False, "receiver_unavailable"
    if receiver.observed_state not in ("play", "pause"):
        # HEOS calls a receiver stopped that is in standby, shows television over HDMI, or is idle.
        if settings.trust_idle or (settings.take_over == "always" and settings.wake):
            return True, "idle"
        return False, "stopped_is_not_known_to_be_idle"
    if settings.take_over == "always":
        return True, "take_over_always"
    if streams(room) or receiver.observed_source.input in settings.music_inputs:
        return True, "music"
    return False, "another_input_is_in_use"
