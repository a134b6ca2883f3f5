"""The table of routes as OpenAPI 3.1, and the status as Prometheus text. Both made from what there is."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from segue import __version__

if TYPE_CHECKING:
    from segue.interfaces.door import Door

_ERROR = {
    "type": "object",
    "required": ["ok", "error"],
    "properties": {
        "ok": {"const": False},
        "error": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "properties": {name: {"type": "string"} for name in ("code", "message", "hint")},
        },
    },
}
_ANSWER = {
    "type": "object",
    "required": ["ok", "data"],
    "properties": {
        "ok": {"const": True},
        "data": {"type": "object", "required": ["schema"], "properties": {"schema": {"type": "string"}}},
    },
}


def document(doors: "Sequence[Door]") -> dict[str, Any]:
    """Describe every route: its tier, its body, its answers."""
    bodies = {door.body for door in doors if door.body is not None}
    ordered = sorted(bodies, key=lambda body: str(body.__name__))
    _, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {}
    for door in doors:
        paths.setdefault(door.path, {})[door.method.lower()] = _operation(door)
    return {
        "openapi": "3.1.0",
        "info": {"title": "segue", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {**components, "Answer": _ANSWER, "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(door: "Door") -> dict[str, Any]:
    status = "202" if door.tier == "WRITE" and "/rooms/" in door.path else "200"
    operation: dict[str, Any] = {
        "summary": door.summary,
        "x-segue-tier": door.tier,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", door.path)
        ],
        "responses": {
            status: {"description": "Done or set in motion.", "content": _content("Answer")},
            "default": {"description": "Refused or failed.", "content": _content("Error")},
        },
    }
    if door.tier != "OPEN":
        operation["security"] = [{"token": []}]
    if door.body is not None:
        operation["requestBody"] = {"content": _content(door.body.__name__)}
    return operation


def _content(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def metrics(status: dict[str, Any]) -> str:
    """Write the status as Prometheus text exposition (version 0.0.4)."""
    lines = [
        "# TYPE segue_up gauge",
        "segue_up 1",
        "# TYPE segue_uptime_seconds gauge",
        f"segue_uptime_seconds {status['uptime_s']}",
        "# TYPE segue_plex_ok gauge",
        f"segue_plex_ok {int(status['plex']['state'] == 'ok')}",
        "# TYPE segue_heos_up gauge",
        f"segue_heos_up {int(status['heos']['state'] == 'up')}",
        "# TYPE segue_journal_ok gauge",
        f"segue_journal_ok {int(status['journal']['state'] == 'ok')}",
        "# TYPE segue_ingest_jobs gauge",
        f'segue_ingest_jobs{{state="queue"}} {status["ingest"]["queue"]}',
        f'segue_ingest_jobs{{state="review"}} {status["ingest"]["reviews"]}',
        "# TYPE segue_room_level gauge",
    ]
    lines += [
        f'segue_room_level{{room="{room["name"]}"}} {room["level"]}'
        for room in status["rooms"]
        if room["level"] is not None
    ]
    lines += _party_metrics(status["party"])
    lines.append("# TYPE segue_events_total counter")
    lines += [
        f'segue_events_total{{kind="{name}"}} {count}' for name, count in sorted(status["counters"].items())
    ]
    return "\n".join(lines) + "\n"


PARTY_PHASES = ("lobby", "gathering", "playing", "paused", "intermission", "waiting")


def _party_metrics(party: dict[str, Any]) -> list[str]:
    """Count parties by phase, and who is in them; names of users are nobody's business here."""
    parties, agent = party["parties"], party["agent"]
    lines = ["# TYPE segue_parties gauge"]
    for phase in PARTY_PHASES:
        count = sum(each["phase"] == phase for each in parties)
        lines.append(f'segue_parties{{phase="{phase}"}} {count}')
    lines += [
        "# TYPE segue_party_clients gauge",
        f"segue_party_clients {party['clients']}",
        "# TYPE segue_party_members gauge",
        f'segue_party_members{{present="true"}} {sum(each["present"] for each in parties)}',
        f'segue_party_members{{present="false"}} {sum(e["members"] - e["present"] for e in parties)}',
        "# TYPE segue_party_problems gauge",
        f"segue_party_problems {sum(each['problems'] for each in parties)}",
    ]
    spreads = [each for each in parties if each["spread_ms"] is not None]
    if spreads:
        lines.append("# TYPE segue_party_spread_seconds gauge")
    lines += [
        f'segue_party_spread_seconds{{party="{each["party_id"]}"}} {each["spread_ms"] / 1000}'
        for each in spreads
    ]
    if agent["configured"]:
        lines += ["# TYPE segue_party_agent_up gauge", f"segue_party_agent_up {int(agent['up'])}"]
    return lines
