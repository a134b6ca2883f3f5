"""What segued says about parties, for the tests of seguectl; `test_party_contract` holds it to the daemon's views."""

from typing import Any

Json = dict[str, Any]


def brief(**changes: Any) -> Json:
    return {
        "party_id": "k3x9qa",
        "phase": "playing",
        "film": "Harbour Lights",
        "position_ms": 2_472_000,
        "duration_ms": 8_160_000,
        "queue": 0,
        "created_at": 1_700_000_000.0,
        "starts_at": None,
        "host": "alice",
        "members": 2,
        "present": 2,
        "problems": 0,
        "spread_ms": 67,
        **changes,
    }


def parties(*given: Json, elsewhere: tuple[Json, ...] = (), hosts: bool = True) -> Json:
    return {
        "schema": "segue.parties/1",
        "hosts": hosts,
        "parties": list(given or (brief(),)),
        "elsewhere": list(elsewhere),
    }


def none(*elsewhere: Json, hosts: bool = True) -> Json:
    return {"schema": "segue.parties/1", "hosts": hosts, "parties": [], "elsewhere": list(elsewhere)}


AWAY: Json = {
    "party_id": "zz9zz9",
    "phase": "playing",
    "film": "Other",
    "player": "Living Room TV",
    "in_step": True,
}


def player(**changes: Any) -> Json:
    return {
        "title": "Living Room TV",
        "device_id": "tv-1",
        "ready": True,
        "away": "",
        "problem": "",
        "detail": "",
        "stalled_s": None,
        "state": "playing",
        "note": "in_step",
        "step": "Following",
        "position_ms": 2_472_000,
        "drift_ms": -12,
        "sigma_ms": 8,
        "samples": 9,
        **changes,
    }


def member(username: str, *players: Json, **changes: Any) -> Json:
    return {
        "username": username,
        "role": "guest",
        "present": True,
        "gone_at": None,
        "protocol": "ours",
        "ignored": False,
        "offset_ms": 0,
        "players": list(players or (player(),)),
        **changes,
    }


FILM: Json = {
    "title": "Harbour Lights",
    "name": "Harbour Lights",
    "guid": "plex://movie/1",
    "filename": "Harbour Lights (2011).mkv",
    "duration_ms": 8_160_000,
}
RULES: Json = {
    "open": False,
    "join": "invited",
    "late": "attach",
    "stall": "follow",
    "start_grace_s": 10.0,
    "catch_up_s": 900.0,
    "intermissions": {
        "enabled": True,
        "length_s": 600,
        "first_s": 3600,
        "every_s": 3600,
        "remain_s": 1800,
        "guard_s": 600,
        "times_s": [],
    },
}


def party(*members: Json, **changes: Any) -> Json:
    given = members or (member("alice", role="host"), member("bob", player(title="Den", drift_ms=55)))
    return {
        "schema": "segue.party/1",
        **brief(),
        "next_intermission_ms": 3_600_000,
        "rev": 5,
        "why": "start",
        "runs": True,
        "item": 0,
        "films": [FILM],
        "rules": RULES,
        "intermissions": [{"at_ms": 3_600_000, "held": False}],
        "members": list(given),
        "invites": [{"role": "guest", "until": 1_700_000_000.0, "by": "", "used_by": ""}],
        **changes,
    }


def viewer(username: str, drift_ms: int | None, **changes: Any) -> Json:
    return {
        "username": username,
        "role": "guest",
        "present": True,
        "protocol": "ours",
        "ignored": False,
        "offset_ms": 0,
        **player(drift_ms=drift_ms),
        "heard_s": 0.4,
        "stalls": 0,
        "rtt_ms": 23,
        "queued": 0,
        **changes,
    }


def live(*viewers: Json, **changes: Any) -> Json:
    return {
        "schema": "segue.party_live/1",
        **brief(),
        "next_intermission_ms": 3_600_000,
        "rev": 5,
        "why": "start",
        "runs": True,
        "viewers": list(viewers or (viewer("alice", -12), viewer("bob", 55))),
        **changes,
    }


def agent(**changes: Any) -> Json:
    return {
        "schema": "segue.party_agent/1",
        "running": True,
        "up": True,
        "orchestrator": "wss://party.example.org/ws",
        "reason": "",
        "username": "carol",
        "plex_problem": "",
        "players": [{"device_id": "tv-1", "title": "Living Room TV", "problem": "", "detail": ""}],
        "not_authorized": ["Kitchen"],
        "parties": [{"party_id": "zz9zz9", "role": "guest", "offset_ms": 0}],
        "seats": [
            {
                "party_id": "zz9zz9",
                "device_id": "tv-1",
                "title": "Living Room TV",
                "phase": "playing",
                "film": "Other",
                "away": "",
                "problem": "",
                "detail": "",
                "report": {"rev": 5, "drift_ms": -7, "sigma_ms": 3, "note": "in_step", "step": "Following"},
            }
        ],
        **changes,
    }


FOUND: Json = {
    "title": "Harbour Lights",
    "year": 2011,
    "guid": "plex://movie/1",
    "filename": "Harbour Lights (2011).mkv",
    "duration_ms": 8_160_000,
    "rating_key": "41",
    "kind": "movie",
}


def films(*found: Json) -> Json:
    return {"schema": "segue.party_films/1", "text": "harbour", "films": list(found)}


def done(doing: str, party_id: str = "k3x9qa") -> Json:
    return {"schema": "segue.accepted/1", "seq": 7, "doing": doing, "party": party_id}
