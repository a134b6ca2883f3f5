"""Who there is for a party, laid out for a person: users, players, this home's agent, nicks on IRC, films."""

from __future__ import annotations

from segue.cli.fields import Json, number, record, records, text, texts
from segue.cli.paint import Paint, folded, table
from segue.cli.party_render import drift, phase
from segue.cli.words import clock, moment

# ------------------------------------------------------------------ users and players


def users(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out who is connected, or in a party."""
    found = records(data.get("users"))
    if not found:
        return ["Nobody is connected, and nobody is in a party."]
    head = ("USER", "AGENT", "PARTIES", "IRC", "PLAYERS")
    return table(head, [_user(user, paint) for user in found], paint, columns)


def _user(user: Json, paint: Paint) -> list[str]:
    present = user.get("present") is True
    old = present and user.get("protocol") == "old"
    parties = [f"{text(p.get('party_id'))} ({text(p.get('role'))})" for p in records(user.get("parties"))]
    return [
        paint("bold", text(user.get("username"))),
        paint("green", "connected (old)" if old else "connected")
        if present
        else paint("dim", "not connected"),
        ", ".join(parties) or "-",
        ", ".join(texts(user.get("nicks"))) or "-",
        ", ".join(text(device.get("title")) for device in records(user.get("devices"))) or "-",
    ]


def devices(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out every player that a connected agent offers."""
    found = records(data.get("devices"))
    if not found:
        return ["No connected agent offers a player."]
    return table(("PLAYER", "USER", "PARTIES", "ID"), [_device(d, paint) for d in found], paint, columns)


def _device(device: Json, paint: Paint) -> list[str]:
    parties = []
    for party in records(device.get("parties")):
        away = text(party.get("away"))
        parties.append(f"{text(party.get('party_id'))}{f' (away: {away})' if away else ''}")
    return [
        paint("bold", text(device.get("title"))),
        text(device.get("username")),
        ", ".join(parties) or "-",
        text(device.get("device_id")),
    ]


# ------------------------------------------------------------------ this home


def agent(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out this home's own part: who it is, where it is connected, what its players do."""
    if data.get("running") is not True:
        return ["No party agent runs here: [party.agent] username is not set, or it is disabled."]
    name, where = text(data.get("username")) or "nobody yet", text(data.get("orchestrator"))
    up = data.get("up") is True
    state = paint("green", "connected") if up else paint("red", "not connected")
    lines = [
        f"{paint('bold', name)}, {state} to {where}" if where else f"{paint('bold', name)}: nowhere to go"
    ]
    if not up and data.get("reason"):
        lines += folded(text(data.get("reason")), "  ", columns)
    if data.get("plex_problem"):
        lines += [paint("yellow", each) for each in folded(text(data.get("plex_problem")), "  ", columns)]
    players = records(data.get("players"))
    rows = [[text(p.get("title")), *_problem(p, paint), text(p.get("device_id"))] for p in players]
    lines += ["", *table(("PLAYER", "STATE", "ID"), rows, paint, columns)] if rows else ["", _no_players()]
    for player in players:
        if player.get("detail"):
            words = f"{text(player.get('title'))}: {text(player.get('detail'))}"
            lines += [paint("yellow", each) for each in folded(words, "  ", columns)]
    if others := texts(data.get("not_authorized")):
        lines += folded(f"Not in authorized_clients: {', '.join(others)}.", "", columns)
    seats = [_seat(seat, paint) for seat in records(data.get("seats"))]
    if seats:
        head = ("PARTY", "STATE", "PLAYER", "DOES", "DRIFT", "FILM")
        lines += ["", *table(head, seats, paint, columns)]
    return lines


def _no_players() -> str:
    return "It knows no player that it may drive: set [party.agent] authorized_clients."


def _problem(player: Json, paint: Paint) -> list[str]:
    problem = text(player.get("problem")).replace("_", " ")
    return [paint("red", problem) if problem else paint("green", "ready")]


def _seat(seat: Json, paint: Paint) -> list[str]:
    report, away, problem = record(seat.get("report")), text(seat.get("away")), text(seat.get("problem"))
    does = f"away: {away}" if away else problem or text(report.get("note")) or text(report.get("step")) or "-"
    return [
        paint("bold", text(seat.get("party_id"))),
        phase(seat, paint),
        text(seat.get("title")),
        does.replace("_", " "),
        drift(report),
        text(seat.get("film")),
    ]


# ------------------------------------------------------------------ IRC


def nicks(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out who speaks on IRC for whom, and who asks to."""
    bindings, asking = records(data.get("bindings")), records(data.get("asking"))
    lines = []
    if bindings:
        rows = [_binding(binding, paint) for binding in bindings]
        lines += table(("NICK", "USER", "SPEAKS"), rows, paint, columns)
    else:
        lines.append("No nick speaks for anybody.")
    for each in asking:
        whom = f" for {text(each.get('username'))}" if each.get("username") else ""
        until = moment(number(each.get("until")))
        lines.append(
            f"{paint('bold', text(each.get('nick')))} asks to speak{whom}, until {until}: let them tell you the code "
            "that they were given, then `seguectl party nick CODE USER`."
        )
    return lines


def _binding(binding: Json, paint: Paint) -> list[str]:
    account = text(binding.get("account"))
    here = binding.get("here") is True
    nick = f"{text(binding.get('nick'))}{f' (account {account})' if account else ''}"
    return [
        paint("bold", nick),
        text(binding.get("username")),
        paint("green", "yes")
        if account or here
        else paint("yellow", "after a new code: it was gone meanwhile"),
    ]


# ------------------------------------------------------------------ films


def films(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out films of this home's Plex, as `party create --film ID` takes them."""
    found = records(data.get("films"))
    if not found:
        return [f"This home's Plex has nothing like {text(data.get('text'))!r}."]
    rows = [
        [
            paint("bold", text(film.get("rating_key"))),
            _length(film),
            _named(film),
            text(film.get("filename")) or text(film.get("guid")),
        ]
        for film in found
    ]
    return table(("ID", "LENGTH", "TITLE", "FILE"), rows, paint, columns)


def film_line(film: Json, paint: Paint) -> str:
    """Write one film in a line."""
    key = text(film.get("rating_key"))
    parts = [paint("bold", key)] if key else []
    return "  ".join([*parts, _length(film), _named(film)])


def _named(film: Json) -> str:
    name = text(film.get("title")) or text(film.get("filename")) or text(film.get("guid"))
    year = text(film.get("year"))
    return f"{name} ({year})" if year and year not in name else name


def _length(film: Json) -> str:
    ms = number(film.get("duration_ms"))
    return "-" if ms is None else clock(ms)
