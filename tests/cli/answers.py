"""What a daemon of two rooms would say."""

import time
from typing import Any

Json = dict[str, Any]


def room(name: str = "living", **changes: Any) -> Json:
    """A room in which a title plays; change what a test is about."""
    return {
        "name": name,
        "plex_player": {"id": f"plex-{name}", "title": "Plexamp", "product": "Plexamp"},
        "heos_player": {
            "player_id": 101 if name == "living" else 202,
            "name": name.title(),
            "model": "Amp 9",
        },
        "activity": "playing",
        "now": {
            "title": "Long Road",
            "artist": "The Lanterns",
            "album": "Harbour",
            "duration_ms": 296_000,
            "position_ms": 83_000,
            "rating_key": "77",
            "session_key": "1",
        },
        "level": 30,
        "base_level": 30,
        "max_level": 60,
        "muted": False,
        "input": "inputs/cd",
        "wanted_input": "inputs/cd",
        "phase": "resting",
        "fade": None,
        "available": True,
        "party": None,
        **changes,
    }


def idle_room(name: str = "kitchen", **changes: Any) -> Json:
    idle: Json = {"activity": "stopped", "now": None, "level": 12, "base_level": 12, "input": "inputs/tv"}
    return room(name, **{**idle, **changes})


def rooms(*given: Json) -> Json:
    return {"schema": "segue.rooms/1", "rooms": list(given or (room(), idle_room()))}


def status(*given: Json, **changes: Any) -> Json:
    return {
        "schema": "segue.status/1",
        "version": "0.1.0",
        "uptime_s": 273_600.0,
        "pid": 812,
        "plex": {
            "configured": True,
            "state": "ok",
            "url": "http://192.0.2.1:32400",
            "last_read_at": time.time() - 2,
            "error": "",
        },
        "heos": {"configured": True, "state": "up", "host": "192.0.2.10", "error": "", "players": 2},
        "journal": {"state": "ok", "rows": 10_233, "segment": 3},
        "rooms": rooms(*given)["rooms"],
        "health": [],
        "counters": {},
        **changes,
    }


HEALTH: Json = {
    "code": "SEG-201",
    "severity": "warning",
    "title": "The HEOS system is not reachable",
    "text": "192.0.2.10: connection refused",
    "hint": "Is the receiver's network control set to 'always on'?",
}


def players() -> Json:
    return {
        "schema": "segue.players/1",
        "plex": [
            {
                "id": "bc97b983-8169-47e3-bbcc-54a12d662546",
                "title": "Plexamp",
                "product": "Plexamp",
                "platform": "Linux",
                "address": "192.0.2.21",
                "state": "playing",
                "room": "living",
            }
        ],
        "heos": [
            {
                "player_id": -1_428_708_007,
                "name": "Living",
                "model": "Amp 9",
                "ip": "192.0.2.10",
                "room": "living",
            }
        ],
    }


def act(words: str, seq: int, at: float, why: str = "pause", **changes: Any) -> Json:
    asked = {
        "type": "music.pause_requested",
        "text": "somebody (uid 0) asked: pause",
        "rule": "",
        "by": "uid:0",
    }
    paused = {
        "type": "music.plex_state_changed",
        "text": "Plexamp paused",
        "rule": "plex_follows",
        "by": "store",
    }
    return {
        "seq": seq,
        "at": at,
        "act": words,
        "room": "living",
        "why": why,
        "outcome": "done",
        "outcome_detail": "",
        "because": [{"seq": 4, "at": at - 1, **paused}, {"seq": 3, "at": at - 2, **asked}],
        **changes,
    }


def why() -> Json:
    fade = act("volume 42 -> 18 in 24 steps", 10, 1_700_000_002.0)
    failed = {"outcome": "failed", "outcome_detail": "timeout", "because": []}
    source = act("input inputs/tv -> inputs/cd", 2, 1_699_999_000.0, "player_start", **failed)
    return {"schema": "segue.why/1", "acts": [fade, source]}


def accepted(doing: str, name: str = "living") -> Json:
    return {"schema": "segue.accepted/1", "seq": 7, "room": name, "doing": doing}
