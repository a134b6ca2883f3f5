"""Status, rooms and players, laid out for a person: aligned, compact, and coloured only on a terminal."""

from __future__ import annotations

import time

from segue.cli.bars import amounts
from segue.cli.fields import Json, number, record, records, text, whole
from segue.cli.paint import Paint, pad, table
from segue.cli.words import ago, clock, counted, duration

LINK_STYLES = {
    "ok": "green",
    "up": "green",
    "down": "red",
    "refused": "red",
    "failed": "red",
    "late": "yellow",
    "unreadable": "yellow",
    "watching": "green",
    "paused": "yellow",
    "waits": "yellow",
    "slowed": "yellow",
}
HELD = {"paused": "paused", "wait": "waits", "slow": "slowed"}
"""What holds copies up, and how that is called."""
SEVERITY_STYLES = {"error": "red", "warning": "yellow", "info": "cyan"}
ACTIVITY_STYLES = {"playing": "green", "paused": "yellow"}
ACTIVITY_SIGNS = {"playing": ("▶", ">"), "paused": ("⏸", "="), "stopped": ("■", "."), "unknown": ("?", "?")}


# ------------------------------------------------------------------ status


def status(data: Json, paint: Paint, columns: int | None = None) -> list[str]:
    """Lay out the whole house: the daemon and its links, the rooms, and what is not well."""
    lines = [_daemon(data, paint), *_links(data, paint)]
    rooms = records(data.get("rooms"))
    lines.append("")
    if rooms:
        head = ("ROOM", "STATE", "VOLUME", "INPUT", "NOW")
        lines += table(head, [_status_row(room, paint) for room in rooms], paint, columns)
    else:
        lines.append("No rooms are configured: add a [[room]] to the configuration, then `seguectl reload`.")
    health = records(data.get("health"))
    if health:
        lines.append("")
        for item in health:
            lines += health_item(item, paint)
    return lines


def _daemon(data: Json, paint: Paint) -> str:
    up = number(data.get("uptime_s"))
    parts = [paint("bold", f"segued {text(data.get('version'))}".rstrip())]
    parts += [f"up {duration(up)}"] if up is not None else []
    parts += [f"pid {whole(data.get('pid'))}"] if whole(data.get("pid")) is not None else []
    return ", ".join(parts)


def _links(data: Json, paint: Paint) -> list[str]:
    plex, heos, journal = (record(data.get(name)) for name in ("plex", "heos", "journal"))
    read_at = number(plex.get("last_read_at"))
    read = f"read {ago(time.time() - read_at)}" if read_at is not None else ""
    count = whole(heos.get("players"))
    of_heos = counted(count, "player") if count is not None and heos.get("state") == "up" else ""
    rows = whole(journal.get("rows"))
    lines = [
        _link("plex", plex, [text(plex.get("url")), read, text(plex.get("error"))], paint),
        _link("heos", heos, [text(heos.get("host")), of_heos, text(heos.get("error"))], paint),
        _link("journal", journal, [counted(rows, "row") if rows is not None else ""], paint),
    ]
    ingest = record(data.get("ingest"))
    lines += [ingest_line(ingest, paint)] if ingest else []
    return lines + _party_lines(record(data.get("party")), paint)


def _party_lines(party: Json, paint: Paint) -> list[str]:
    """Write this home's part in parties, and one line for each party that is hosted; nothing where there is none."""
    agent = record(party.get("agent"))
    lines = []
    if agent.get("configured") is True:
        state = "up" if agent.get("up") is True else "down"
        details = [text(agent.get("orchestrator")), text(agent.get("reason")) if state == "down" else ""]
        lines.append(_link("party", {"state": state}, details, paint))
    found = records(party.get("parties"))
    if found:
        from segue.cli.party_render import in_a_line

        lines += [in_a_line(each, paint) for each in found]
    return lines


def ingest_line(ingest: Json, paint: Paint) -> str:
    """Write how it stands with the ingest in one line: the state, what is under way, what waits."""
    if ingest.get("configured") is False:
        return _link("ingest", ingest, [], paint)
    held = text(ingest.get("held"))
    state = HELD.get(held) or ("watching" if ingest.get("watching") is True else "idle")
    queued, reviews = whole(ingest.get("queue")) or 0, whole(ingest.get("reviews")) or 0
    working = record(ingest.get("working"))
    how = amounts(working)
    copying = f"copying {text(working.get('name'))}{f' ({int(how.share * 100)} %)' if how.total else ''}"
    details = [
        copying if working else "",
        f"{queued:,} in the queue" if queued else "",
        f"{reviews:,} wait{'s' if reviews == 1 else ''} for review (`seguectl review`)" if reviews else "",
    ]
    return _link("ingest", {"state": state}, details, paint)


def _link(name: str, link: Json, details: list[str], paint: Paint) -> str:
    if link.get("configured") is False:
        return f"{pad(name, 8)}{paint('dim', 'not configured')}"
    state = text(link.get("state")) or "unknown"
    painted = paint(LINK_STYLES.get(state, ""), state)
    return f"{pad(name, 8)}{pad(painted, 9)}{', '.join(filter(None, details))}".rstrip()


def _status_row(room: Json, paint: Paint) -> list[str]:
    activity = text(room.get("activity")) or "unknown"
    sign = paint.sign(*ACTIVITY_SIGNS.get(activity, ("?", "?")))
    return [
        paint("bold", text(room.get("name"))),
        paint(ACTIVITY_STYLES.get(activity, ""), f"{sign} {activity}"),
        volume(room, paint),
        input_of(room, paint),
        now_line(room, paint),
    ]


def health_item(item: Json, paint: Paint) -> list[str]:
    """Lay out one thing that is not well: what, where, and the next step."""
    severity = text(item.get("severity"))
    code = paint(SEVERITY_STYLES.get(severity, ""), text(item.get("code")))
    lines = [f"{code} {paint('bold', text(item.get('title')))}"]
    for line in str(item.get("text") or "").splitlines():
        lines.append(f"  {text(line)}")
    if item.get("hint"):
        lines.append(f"  {paint.sign('→', '->')} {text(item.get('hint'))}")
    return lines


# ------------------------------------------------------------------ a room in words


def volume(room: Json, paint: Paint) -> str:
    """Write how loud a room is, and where its level is going."""
    level = whole(room.get("level"))
    if level is None:
        has_receiver = room.get("heos_player") is not None or room.get("base_level") is not None
        return paint("red", "not reachable") if has_receiver else paint("dim", "-")
    words = str(level)
    fade = record(room.get("fade"))
    to_level = whole(fade.get("to_level"))
    if to_level is not None:
        left = number(fade.get("remaining_s")) or 0.0
        words = paint("cyan", f"{words} {paint.sign('→', '->')} {to_level} ({duration(left)})")
    return f"{words} {paint('yellow', 'muted')}" if room.get("muted") is True else words


def input_of(room: Json, paint: Paint) -> str:
    """Write what a receiver listens to, and what the room's player would need where that is another."""
    is_input, wanted = text(room.get("input")), text(room.get("wanted_input"))
    return (
        short_input(is_input) if is_input else paint("dim", "-" if not wanted else f"({short_input(wanted)})")
    )


def short_input(name: str) -> str:
    """Write an input without its prefix, as `seguectl source` takes it."""
    return name.removeprefix("inputs/")


def title(now: Json) -> str:
    """Write a title as a person would say it."""
    name, artist = text(now.get("title")), text(now.get("artist"))
    return f"{name} by {artist}" if name and artist else name or artist


def now_line(room: Json, paint: Paint) -> str:
    """Write what is on, and how far it has come; a film that is watched together stands before the music."""
    party, now = record(room.get("party")), record(room.get("now"))
    scene, film = text(party.get("scene")), text(party.get("film"))
    if scene == "film":
        return f"{film or 'a film'}  {paint('dim', 'party ' + text(party.get('party_id')))}"
    name = title(now)
    if scene == "intermission":
        name = f"{name}  {paint('dim', 'intermission')}".strip()
    at, most = number(now.get("position_ms")), number(now.get("duration_ms"))
    if not name or at is None:
        return name
    return f"{name}  {paint('dim', f'{clock(at)} / {clock(most)}' if most is not None else clock(at))}"


def volume_line(room: Json, paint: Paint) -> str:
    """Write the level of a room with what bounds it."""
    base, most = whole(room.get("base_level")), whole(room.get("max_level"))
    notes = [f"base {base}"] if base is not None and base != whole(room.get("level")) else []
    notes += [f"at most {most}"] if most is not None else []
    note = f" ({', '.join(notes)})" if notes else ""
    return f"{paint('bold', text(room.get('name')))} {volume(room, paint)}{note}"


def input_line(room: Json, paint: Paint) -> str:
    """Write the input of a room, and the one that its player wants."""
    is_input, wanted = text(room.get("input")), text(room.get("wanted_input"))
    note = f" (its player wants {short_input(wanted)})" if wanted and wanted != is_input else ""
    return f"{paint('bold', text(room.get('name')))} {short_input(is_input) or 'no input'}{note}"


# ------------------------------------------------------------------ tables


def rooms(data: Json, paint: Paint, columns: int | None = None) -> list[str]:
    """Lay out the rooms and what belongs to them."""
    found = records(data.get("rooms"))
    if not found:
        return ["No rooms are configured: add a [[room]] to the configuration, then `seguectl reload`."]
    head = ("ROOM", "PLEX PLAYER", "HEOS PLAYER", "STATE", "VOLUME", "MAX", "PHASE", "INPUT")
    rows = []
    for room in found:
        plex, heos = record(room.get("plex_player")), record(room.get("heos_player"))
        rows.append(
            [
                paint("bold", text(room.get("name"))),
                text(plex.get("title")) or "-",
                text(heos.get("name")) or "-",
                text(room.get("activity")) or "unknown",
                volume(room, paint),
                text(room.get("max_level")) or "-",
                text(room.get("phase")) or "-",
                input_of(room, paint),
            ]
        )
    return table(head, rows, paint, columns)


def players(data: Json, paint: Paint) -> list[str]:
    """Lay out the players of both worlds. Their ids are what a [[room]] names, so nothing is ever cut."""
    plex, heos = records(data.get("plex")), records(data.get("heos"))
    lines = [paint("bold", "Plex")]
    if plex:
        heads = {
            "title": "TITLE",
            "product": "PRODUCT",
            "room": "ROOM",
            "state": "STATE",
            "address": "ADDRESS",
        }
        lines += _players(plex, paint, **heads, id="ID")
    else:
        lines.append("no player is known; start one, and it will be here")
    lines += ["", paint("bold", "HEOS")]
    if heos:
        lines += _players(heos, paint, name="NAME", model="MODEL", room="ROOM", ip="ADDRESS", player_id="ID")
    else:
        lines.append("no player is known; `seguectl status` shows whether the system can be reached")
    return lines


def _players(found: list[Json], paint: Paint, **heads: str) -> list[str]:
    return table(tuple(heads.values()), [[text(p.get(key)) or "-" for key in heads] for p in found], paint)
