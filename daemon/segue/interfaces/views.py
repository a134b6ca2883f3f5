"""Snapshots, put into the words of the API: what visitors read. Pure; nothing here asks anybody."""

from typing import Any

import msgspec

from segue.core.actions import Action
from segue.core.music.actions import PlexSession
from segue.core.music.levels import base_level
from segue.core.music.players import activity_of, now_playing, streams
from segue.core.music.receiver import find_player
from segue.core.music.state import Fading, MusicState, Observed, Room
from segue.core.state import State
from segue.core.vocabulary import EffectBase
from segue.interfaces import ingest_views, party_views
from segue.interfaces.health import health, is_heos_down
from segue.interfaces.moment import Moment
from segue.runtime.journal import Entry
from segue.runtime.store import action_type

Json = dict[str, Any]


RECEIVER_ACTIVITY = {"play": "playing", "pause": "paused", "stop": "stopped", "unknown": "unknown"}
"""What a room without a Plex player does is what its receiver says."""


class Surroundings(msgspec.Struct, frozen=True):
    """What a status says that is not in the state: the process, the addresses, the counters."""

    version: str
    pid: int
    plex_url: str
    heos_configured: bool
    journal_rows: int = 0
    journal_segment: int = 0
    counters: dict[str, int] = {}


# ------------------------------------------------------------------ rooms


def rooms(state: State, moment: Moment) -> Json:
    """Give every room."""
    return {"schema": "segue.rooms/1", "rooms": [room(r, state.music, moment) for r in state.music.rooms]}


def room(r: Room, music: MusicState, moment: Moment) -> Json:
    """Give one room: who plays what on which player, and how loud."""
    receiver = r.receiver
    seen = now_playing(r, music)
    return {
        "name": r.name,
        "plex_player": _plex_player(r, seen),
        "heos_player": _heos_player(r, music),
        "activity": _activity(r, music),
        "now": _now(r, seen, moment),
        "level": receiver.observed_level if receiver.available else None,
        "base_level": base_level(r),
        "max_level": r.settings.max_level,
        "muted": receiver.observed_muted if receiver.available else None,
        "input": receiver.observed_source.input or None,
        "wanted_input": r.settings.input or None,
        "phase": str(type(r.phase).__struct_config__.tag),
        "fade": _fade(r, moment),
        "available": receiver.available,
        "party": _party(r),
    }


def _activity(r: Room, music: MusicState) -> str:
    """Say what is heard: the Plex player, or else what HEOS itself streams."""
    plex = activity_of(r, music) if r.settings.plex_player else "unknown"
    if plex in ("playing", "paused"):
        return plex
    if streams(r) or not r.settings.plex_player:
        return RECEIVER_ACTIVITY[r.receiver.observed_state]
    return plex


def _plex_player(r: Room, seen: Observed | None) -> Json | None:
    if not r.settings.plex_player:
        return None
    if seen is None:
        return {"id": r.settings.plex_player, "title": r.settings.plex_player, "product": ""}
    s = seen.session
    return {"id": s.player_id, "title": s.player_title, "product": s.player_product}


def _heos_player(r: Room, music: MusicState) -> Json | None:
    player = find_player(r.settings.heos_player, music.heos_players)
    if player is None:
        return None
    return {"player_id": player.heos_player_id, "name": player.name, "model": player.model}


def _now(r: Room, seen: Observed | None, moment: Moment) -> Json | None:
    """Say what is on: the Plex title, else what HEOS itself streams."""
    if seen is not None:
        return _title(seen.session, position_ms(seen, moment.now_at))
    source = r.receiver.observed_source
    if not (source.title or source.station):
        return None
    return {
        "title": source.title or source.station,
        "artist": source.artist,
        "album": source.album,
        "duration_ms": None,
        "position_ms": None,
        "rating_key": "",
        "session_key": "",
    }


def _title(s: PlexSession, position: int) -> Json:
    return {
        "title": s.title,
        "artist": s.artist,
        "album": s.album,
        "duration_ms": s.duration_ms,
        "position_ms": position,
        "rating_key": s.rating_key,
        "session_key": s.session_key,
    }


def position_ms(seen: Observed, now_at: float) -> int:
    """Estimate the position: Plex reports it every 10 s, in between it moves with the clock."""
    position = seen.session.position_ms
    if seen.session.state == "playing":
        position += int((now_at - seen.moved_at) * 1000)
    duration = seen.session.duration_ms
    return position if duration is None else min(position, duration)


def _fade(r: Room, moment: Moment) -> Json | None:
    phase = r.phase
    if not isinstance(phase, Fading):
        return None
    return {
        "from_level": phase.from_level,
        "to_level": phase.to_level,
        "remaining_s": round(max(0.0, phase.ends_at - moment.now_at), 3),
        "why": phase.why,
    }


def _party(r: Room) -> Json | None:
    """Say which watch party the room is in, and whether what was arranged for it is still ours."""
    yielded = r.kept.yielded
    if yielded is None or not yielded.scene.kind:
        return None
    scene = yielded.scene
    return {"party_id": scene.party_id, "film": scene.film, "scene": scene.kind, "held": not yielded.let_go}


# ------------------------------------------------------------------ status


def status(state: State, moment: Moment, around: Surroundings) -> Json:
    """Give the whole picture on one page."""
    music, system = state.music, state.system
    heos_state = "up" if music.heos_up else ("down" if is_heos_down(music) else "unknown")
    plex_state = music.plex.status if music.plex.status in ("ok", "refused", "unknown") else "down"
    return {
        "schema": "segue.status/1",
        "version": around.version,
        "uptime_s": round(moment.now_at - system.started_at, 1),
        "pid": around.pid,
        "plex": {
            "configured": music.settings.plex_configured,
            "state": plex_state,
            "url": around.plex_url,
            "last_read_at": moment.date(music.plex.read_at),
            "error": music.plex.detail,
        },
        "heos": {
            "configured": around.heos_configured,
            "state": heos_state,
            "host": music.heos_host,
            "error": music.heos_detail,
            "players": len(music.heos_players),
        },
        "journal": {
            "state": system.journal,
            "rows": around.journal_rows,
            "segment": around.journal_segment,
        },
        "rooms": [room(r, music, moment) for r in music.rooms],
        "ingest": ingest_views.brief(state.ingest),
        "party": party_views.status(state.party, moment),
        "health": health(state, heos_configured=around.heos_configured),
        "counters": around.counters,
    }


# ------------------------------------------------------------------ events


def snapshot_frame(state: State, moment: Moment, around: Surroundings) -> Json:
    """Give the first frame of every event stream."""
    return {"type": "snapshot", "data": status(state, moment, around)}


def action_frame(entry: Entry) -> Json:
    """Give a step as an event."""
    return {
        "seq": entry.stamp.seq,
        "at": round(entry.stamp.wall_at, 3),
        "type": action_type(entry.action),
        "data": _data(entry.action),
        "cause": entry.cause,
        "by": entry.by,
    }


def effect_frame(entry: Entry, effect: EffectBase) -> Json:
    """Give an effect as an event; its cause is the step that first led to it."""
    return {
        "seq": entry.stamp.seq,
        "at": round(entry.stamp.wall_at, 3),
        "type": f"effect.{type(effect).__struct_config__.tag}",
        "data": _data(effect),
        "cause": effect.because,
    }


def _data(thing: Action | EffectBase) -> Json:
    data: Json = msgspec.to_builtins(thing)
    data.pop("type", None)
    return data
