"""`seguectl party`: the word that follows says what is wanted; most are one request to one party."""

from __future__ import annotations

from segue.cli.call import Call, quoted, wide
from segue.cli.control import accepted
from segue.cli.fields import Json, record, records, text
from segue.cli.party_place import HOME, PARTIES, Place, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = {
    "start": "start",
    "pause": "pause",
    "resume": "play",
    "skip": "skip",
    "stop": "stop",
}
"""Words that need nothing but a party, and what they are called as a wish of this home."""
PAGES = {"users": "users", "devices": "devices", "agent": "agent", "nicks": "nicks"}
OWN = {"leave": "leave", "rejoin": "rejoin"}
"""What a home asks for itself, wherever the party is hosted."""
ROLES = ("host", "cohost", "guest")
OPTIONS_OF: dict[str, tuple[str, ...]] = {
    "create": ("at", "host", "film", "guid", "filename", "duration", "rules"),
    "queue": ("film", "guid", "filename", "duration", "clear"),
    "add": ("cohost",),
    "invite": ("cohost", "hours", "address"),
    "list": ("ids",),
}
"""Which options go with which word."""
VERBS = (
    "list",
    "show",
    "watch",
    "create",
    "films",
    "add",
    "remove",
    "invite",
    "join",
    "start",
    "pause",
    "resume",
    "seek",
    "skip",
    "stop",
    "resync",
    "offset",
    "role",
    "ignore",
    "queue",
    "schedule",
    "rules",
    "rejoin",
    "leave",
    "users",
    "devices",
    "agent",
    "nicks",
    "nick",
    "unbind",
)


def party(call: Call) -> None:
    """Do what the first word says; without one, list the parties."""
    verb = call.verb(VERBS) if call.words else "list"
    _check_options(call, verb)
    if verb in PLAIN:
        _plain(call, verb)
    elif verb in PAGES:
        _page(call, verb)
    elif verb in OWN:
        _own(call, verb)
    else:
        _RUN[verb](call)


def _check_options(call: Call, verb: str) -> None:
    allowed = OPTIONS_OF.get(verb, ())
    for name in dict.fromkeys(each for names in OPTIONS_OF.values() for each in names):
        if getattr(call.options, name) and name not in allowed:
            raise call.misused(f"--{name} does not go with `party {verb}`.")


def taken(call: Call, least: int, most: int, what: str) -> list[str]:
    """Take so many words. Raises where there are too few or too many."""
    if not least <= len(call.words) <= most:
        said = " ".join(call.words)
        raise call.misused(f"This takes {what}, not {said!r}." if said else f"This needs {what}.")
    return [*call.words, *[""] * (most - len(call.words))]


# ------------------------------------------------------------------ looking


def _list(call: Call) -> None:
    from segue.cli.party_render import parties

    call.nothing()
    answer = call.house.get(PARTIES)
    if call.options.ids and not call.json:
        for name in ("parties", "elsewhere"):
            for each in records(answer.data.get(name)):
                print(text(each.get("party_id")))
        return
    call.show(answer, wide(parties))


def _show(call: Call) -> None:
    where = place(call, alone=True)
    if where.elsewhere:  # of the others only its own house knows
        from segue.cli.party_pages import agent

        call.show(call.house.get(f"{HOME}/agent"), wide(agent))
        return
    from segue.cli.party_render import one

    call.show(call.house.get(where.path()), wide(one))


def _page(call: Call, verb: str) -> None:
    from segue.cli import party_pages

    call.nothing()
    call.show(call.house.get(f"{HOME}/{verb}"), wide(getattr(party_pages, verb)))


def _films(call: Call) -> None:
    from segue.cli.party_pages import films

    words = " ".join(taken(call, 1, 50, "a title, a guid or a file name"))
    call.show(call.house.get(f"{HOME}/films?text={quoted(words.strip())}"), wide(films))


def _watch(call: Call) -> None:
    from segue.cli.party_watch import watch

    where = place(call, alone=True)
    watch(call, where)


# ------------------------------------------------------------------ leading


def _plain(call: Call, verb: str) -> None:
    where = place(call, alone=True)
    _tell(call, where, verb, {}, PLAIN[verb])


def _tell(call: Call, where: Place, verb: str, body: Json, op: str, **wish: object) -> None:
    """Ask the party's own house; or have our agent ask, where that is another one."""
    if where.elsewhere:
        body = {"party_id": where.party_id, "op": op, **wish}
        call.show(call.tell(f"{HOME}/agent/want", body), accepted)
        return
    call.show(call.tell(where.path(verb), body), _accepted)


def _accepted(data: Json, paint: Callable[[str, str], str]) -> list[str]:
    return [
        f"{paint('bold', text(data.get('party')) or 'segued')} {text(data.get('doing')) or 'has taken it'}"
    ]


def _seek(call: Call) -> None:
    from segue.cli.words import position

    where = place(call)
    word = taken(call, 1, 1, "a position: 1:02:03, +30 or -10")[0]
    wanted = position(word)
    if wanted is None:
        raise call.misused(f"{word!r} is no position: 1:02:03, +30 or -10 is expected.")
    to_ms = wanted.value
    if wanted.relative:
        to_ms = max(0, where.position_ms(call) + wanted.value)
    _tell(call, where, "seek", {"position_ms": to_ms}, "seek", position_ms=to_ms)


def _resync(call: Call) -> None:
    where = place(call)
    (name,) = taken(call, 0, 1, "one member, or nobody for all")
    if where.elsewhere and name:
        raise call.misused("Elsewhere only everybody is resynced, or this home: `party rejoin`.")
    _tell(call, where, "resync", {"username": name}, "resync")


def _offset(call: Call) -> None:
    from segue.cli.party_words import offset_ms

    where = place(call)
    words = taken(call, 1 if where.elsewhere else 2, 2, "a member, and how much later: NAME -120ms")
    value = offset_ms(words[1] or words[0])
    if value is None:
        raise call.misused(f"{words[1] or words[0]!r} is no offset: -120ms, +0.2s or 150 is expected.")
    _tell(call, where, "offset", {"username": words[0], "offset_ms": value}, "offset", offset_ms=value)


def _own(call: Call, verb: str) -> None:
    where = place(call, alone=True, at_home=True)
    body: Json = {"party_id": where.party_id, "op": OWN[verb]}
    call.show(call.tell(f"{HOME}/agent/want", body), accepted)


# ------------------------------------------------------------------ setting up


def _here(call: Call, *, alone: bool = False) -> Place:
    """Give the party, which must be hosted here."""
    where = place(call, alone=alone)
    if where.elsewhere:
        raise call.misused(f"Party {where.party_id} is hosted by another house; its host does that.")
    return where


def _set(call: Call, where: Place, verb: str, body: Json) -> None:
    call.show(call.tell(where.path(verb), body), _accepted)


def _add(call: Call) -> None:
    where = _here(call)
    name, device = taken(call, 1, 2, "a member, and perhaps a player")
    role = "cohost" if call.options.cohost else "guest"
    _set(call, where, "members", {"username": name, "device": device, "role": role})


def _remove(call: Call) -> None:
    where = _here(call)
    name, device = taken(call, 1, 2, "a member, and perhaps one player of theirs")
    _set(call, where, "members/remove", {"username": name, "device": device})


def _role(call: Call) -> None:
    where = _here(call)
    name, role = taken(call, 2, 2, f"a member and what they are: {', '.join(ROLES)}")
    if role not in ROLES:
        raise call.misused(f"{role!r} is no role: {', '.join(ROLES)} are.")
    _set(call, where, "role", {"username": name, "role": role})


def _ignore(call: Call) -> None:
    where = _here(call)
    name, switch = taken(call, 1, 2, "a member, and perhaps `off`")
    if switch not in ("", "on", "off"):
        raise call.misused(f"{switch!r} is neither on nor off.")
    _set(call, where, "ignore", {"username": name, "ignored": switch != "off"})


def _schedule(call: Call) -> None:
    from segue.cli.party_words import A_TIME, start_time

    where = _here(call)
    words = " ".join(taken(call, 1, 4, f"{A_TIME}, or `off`")).strip()
    at = None if words == "off" else start_time(words)
    _set(call, where, "schedule", {"starts_at": at})


def _rules(call: Call) -> None:
    from segue.cli.party_render import rules as render
    from segue.cli.party_words import rules

    where = _here(call)
    if call.words:
        _set(call, where, "rules", rules(call.words))
        return
    call.show(call.house.get(where.path()), lambda data, paint: render(record(data.get("rules")), paint))


def _create(call: Call) -> None:
    from segue.cli.party_make import create

    create(call)


def _queue(call: Call) -> None:
    from segue.cli.party_make import queue

    queue(call, _here(call))


def _invite(call: Call) -> None:
    from segue.cli.party_make import invite

    invite(call, _here(call, alone=True))


def _join(call: Call) -> None:
    from segue.cli.party_make import join

    join(call)


# ------------------------------------------------------------------ nicks on IRC


def _nick(call: Call) -> None:
    code, username = taken(call, 2, 2, "the code that was given on IRC, and the user who it is")
    call.show(call.tell(f"{HOME}/nicks/confirm", {"code": code, "username": username}), accepted)


def _unbind(call: Call) -> None:
    (nick,) = taken(call, 1, 1, "a nick or an account")
    call.show(call.tell(f"{HOME}/nicks/unbind", {"nick": nick}), accepted)


_RUN: dict[str, Callable[[Call], None]] = {
    "list": _list,
    "show": _show,
    "watch": _watch,
    "create": _create,
    "films": _films,
    "add": _add,
    "remove": _remove,
    "invite": _invite,
    "join": _join,
    "seek": _seek,
    "resync": _resync,
    "offset": _offset,
    "role": _role,
    "ignore": _ignore,
    "queue": _queue,
    "schedule": _schedule,
    "rules": _rules,
    "nick": _nick,
    "unbind": _unbind,
}
