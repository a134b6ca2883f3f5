"""Parties, laid out for a person: the list, and one of them with everybody in it."""

from __future__ import annotations

from segue.cli.fields import Json, number, record, records, text, whole
from segue.cli.paint import Paint, folded, pad, table
from segue.cli.words import clock, counted, duration, moment

PHASE_STYLES = {
    "playing": "green",
    "lobby": "cyan",
    "gathering": "cyan",
    "paused": "yellow",
    "waiting": "yellow",
    "intermission": "magenta",
    "ended": "dim",
}
AWAY_WORDS = {
    "paused": "paused on its own remote",
    "played": "played on its own remote",
    "sought": "went elsewhere on its own remote",
    "stopped": "stopped on its own remote",
    "intermission": "left for the intermission",
    "busy": "is in another party",
    "late": "came late, and waits to be asked",
}

# ------------------------------------------------------------------ the list


def parties(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out all parties, and those of other houses that this home is in."""
    found, away = records(data.get("parties")), records(data.get("elsewhere"))
    lines = []
    if found:
        head = ("PARTY", "STATE", "MEMBERS", "HOST", "WHEN", "FILM")
        lines += table(head, [_row(party, paint) for party in found], paint, columns)
    elif data.get("hosts") is False:
        lines.append("This segued hosts no parties: [party] host is false, or it runs with --agent.")
    else:
        lines.append("There is no party. `seguectl party create TITLE --at 20:30` makes one.")
    if away:
        rows = [_away_row(party, paint) for party in away]
        lines += ["", *table(("ELSEWHERE", "STATE", "PLAYER", "FILM"), rows, paint, columns)]
    return lines


def _row(party: Json, paint: Paint) -> list[str]:
    members, present = whole(party.get("members")) or 0, whole(party.get("present")) or 0
    problems = whole(party.get("problems")) or 0
    note = f" ({counted(problems, 'problem')})" if problems else ""
    return [
        paint("bold", text(party.get("party_id"))),
        phase(party, paint),
        f"{present} of {members}{paint('yellow', note)}",
        text(party.get("host")) or "-",
        when(party),
        text(party.get("film")),
    ]


def _away_row(party: Json, paint: Paint) -> list[str]:
    step = "" if party.get("in_step") is True else paint("yellow", " (stepped away)")
    return [
        paint("bold", text(party.get("party_id"))),
        phase(party, paint),
        f"{text(party.get('player'))}{step}",
        text(party.get("film")),
    ]


def in_a_line(party: Json, paint: Paint) -> str:
    """Write a party in one line of the status."""
    members, present = whole(party.get("members")) or 0, whole(party.get("present")) or 0
    parts = [phase(party, paint), text(party.get("film")), when(party), f"{present} of {members} here"]
    return f"{pad(text(party.get('party_id')), 8)}{', '.join(filter(None, parts))}"


def phase(party: Json, paint: Paint) -> str:
    """Write the phase of a party."""
    name = text(party.get("phase"))
    return paint(PHASE_STYLES.get(name, ""), name)


def when(party: Json) -> str:
    """Write when a party begins, or where its film is."""
    at = number(party.get("starts_at"))
    if at is not None:
        return f"at {moment(at)}"
    if text(party.get("phase")) in ("lobby", "gathering"):
        return "when started"
    position, length = number(party.get("position_ms")), number(party.get("duration_ms"))
    return "-" if position is None or length is None else f"{clock(position)} / {clock(length)}"


# ------------------------------------------------------------------ one party


def one(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out one party: what is watched, how it goes on, who is in it, and what is missing."""
    lines = [f"{paint('bold', text(data.get('party_id')))} {text(data.get('film'))}"]
    lines.append("  " + ", ".join(filter(None, (phase(data, paint), when(data), _detail(data)))))
    lines += rules(record(data.get("rules")), paint)
    lines += _breaks(data, paint)
    films, item = records(data.get("films")), whole(data.get("item")) or 0
    if following := [text(film.get("name")) for film in films[item + 1 :]]:
        lines += folded(f"then: {', '.join(following)}", "  ", columns)
    members = records(data.get("members"))
    if members:
        head = ("MEMBER", "ROLE", "PLAYER", "STATE", "DRIFT", "OFFSET")
        rows = [row for member in members for row in _member_rows(member, data, paint)]
        lines += ["", *table(head, rows, paint, columns)]
    else:
        lines += ["", "Nobody is in it yet: `seguectl party add NAME`, or `party invite`."]
    lines += _missing(members, paint, columns)
    invites = records(data.get("invites"))
    if open_ones := sum(not invite.get("used_by") for invite in invites):
        lines += ["", f"{counted(open_ones, 'invitation')} not used yet."]
    return lines


def _detail(data: Json) -> str:
    """Say what is particular to the phase."""
    by, reason, until = text(data.get("by")), text(data.get("reason")), number(data.get("until"))
    if by:
        return f"by {by}"
    if reason:
        return reason
    return "" if until is None or data.get("phase") == "gathering" else f"until {moment(until)}"


def rules(found: Json, paint: Paint) -> list[str]:
    """Write what a party is like, as it is typed after `party rules`."""
    breaks = record(found.get("intermissions"))
    words = [f"open={'yes' if found.get('open') is True else 'no'}"]
    words += [f"{name}={text(found.get(name))}" for name in ("join", "late", "stall")]
    grace = number(found.get("start_grace_s"))
    words += [f"grace={grace:g}s"] if grace is not None else []
    if breaks.get("enabled") is True:
        words += ["intermissions=on", f"length={_span(breaks.get('length_s'))}"]
        times = breaks.get("times_s")
        if isinstance(times, list) and times:
            words.append(f"times={'+'.join(_span(each) for each in times)}")
        else:
            words += [f"{name}={_span(breaks.get(f'{name}_s'))}" for name in ("first", "every", "remain")]
        words.append(f"guard={_span(breaks.get('guard_s'))}")
    else:
        words.append("intermissions=off")
    return [paint("dim", f"  {' '.join(words)}")]


def _span(value: object) -> str:
    seconds = whole(value) or 0
    return f"{seconds // 60}min" if seconds and seconds % 60 == 0 else f"{seconds}s"


def _breaks(data: Json, paint: Paint) -> list[str]:
    found = records(data.get("intermissions"))
    if not found:
        return ["  no intermission"]
    shown = []
    for each in found:
        at, held = number(each.get("at_ms")) or 0.0, each.get("held") is True
        shown.append(paint("dim", f"{clock(at)} (held)") if held else clock(at))
    return [f"  intermission at {', '.join(shown)}"]


def _member_rows(member: Json, party: Json, paint: Paint) -> list[list[str]]:
    role = text(member.get("role"))
    name = text(member.get("username"))
    offset = whole(member.get("offset_ms")) or 0
    players = records(member.get("players"))
    shown_role = paint("bold" if role == "host" else "", role)
    if member.get("ignored") is True:
        shown_role += paint("dim", " (not waited for)")
    rows = []
    for at, player in enumerate(players or [{}]):
        rows.append(
            [
                paint("bold", name) if not at else "",
                shown_role if not at else "",
                text(player.get("title")) or "-",
                standing(member, player, text(party.get("phase")), paint),
                drift(player),
                (f"{offset:+d} ms" if offset else "-") if not at else "",
            ]
        )
    return rows


def standing(member: Json, player: Json, phase_name: str, paint: Paint) -> str:
    """Say in a word or two how a player stands: what is missing before what it does."""
    if member.get("present") is not True:
        return paint("dim", "not connected")
    away, problem = text(player.get("away")), text(player.get("problem"))
    if problem:
        return paint("red", problem.replace("_", " "))
    if away:
        return paint("yellow", f"away: {away}")
    if number(player.get("stalled_s")) is not None:
        return paint("yellow", f"stalls for {duration(number(player.get('stalled_s')) or 0.0)}")
    if not text(player.get("device_id")):
        return paint("yellow", "no player")
    if phase_name in ("lobby", "gathering"):
        return paint("green", "ready") if player.get("ready") is True else paint("cyan", "loads")
    note, state = text(player.get("note")), text(player.get("state"))
    if phase_name == "ended":
        return state or "-"
    shown = note.replace("_", " ") or state
    return paint("green" if note in ("in_step", "parked") else "", shown or "no word yet")


def drift(player: Json) -> str:
    """Write how far a player is ahead (+) or behind (-)."""
    value, sigma = whole(player.get("drift_ms")), whole(player.get("sigma_ms"))
    if value is None:
        return "-"
    return f"{value:+d} ms" + (f" ±{sigma}" if sigma is not None else "")


def _missing(members: list[Json], paint: Paint, columns: int | None) -> list[str]:
    """Say what is missing for each player, and how to mend it."""
    lines = []
    for member in members:
        for player in records(member.get("players")):
            lead = ", ".join(filter(None, (text(member.get("username")), text(player.get("title"))))) + ": "
            away = AWAY_WORDS.get(text(player.get("away")))
            if detail := text(player.get("detail")):
                lines += [paint("yellow", each) for each in folded(f"{lead}{detail}", "  ", columns)]
            elif away and not player.get("problem"):
                lines += folded(f"{lead}{away}; it comes back when play is pressed there.", "  ", columns)
    return ["", *lines] if lines else []
