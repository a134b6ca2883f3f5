"""The commands that move the house: each is one request, and its answer says what that sets in motion."""

from __future__ import annotations

from segue.cli.call import ONLY_ROOM, Call, room_path
from segue.cli.errors import REFUSED, CtlError, usage
from segue.cli.fields import Json, number, record, records, text, texts, whole
from segue.cli.paint import Paint
from segue.cli.words import FADE_S_MAX, Amount, level, position, seconds

VERBS = {"prev": "previous"}
SWITCH = {"on": True, "off": False}


def transport(call: Call) -> None:
    """Play, pause, resume, stop, next, prev."""
    _tell_room(call, call.room(), VERBS.get(call.name, call.name))


def volume(call: Call) -> None:
    """Show the levels, set one, or go some steps."""
    room, wanted = call.room_and(level, "a level: 0-100, up, down, +N or -N")
    if wanted is None:
        from segue.cli.show import volumes

        volumes(call, room)
    elif wanted.direction:
        _tell_room(call, room, "volume", {"direction": wanted.direction})
    elif not wanted.relative:
        _tell_room(call, room, "volume", {"level": wanted.value})
    else:
        here = the_room(call, room)
        _tell_room(call, text(here.get("name")), "volume", {"level": _moved_level(here, wanted)})


def _moved_level(room: Json, by: Amount) -> int:
    """Add to the level that the room has apart from any fade, as far as the room's limit goes."""
    base = whole(room.get("base_level"))
    base = whole(room.get("level")) if base is None else base
    if base is None:
        raise CtlError(
            REFUSED,
            "level_unknown",
            f"The level of {text(room.get('name'))} is not known, so nothing can be added to it.",
            "`seguectl status` shows whether its receiver can be reached.",
        )
    limit = whole(room.get("max_level"))
    highest = 100 if limit is None else max(min(limit, 100), 0)
    return max(min(base + by.value, highest), 0)


def mute(call: Call) -> None:
    """Mute, unmute, or the other one."""
    room, wanted = call.room_and(
        lambda word: word if word in ("on", "off", "toggle") else None, "on, off or toggle"
    )
    _tell_room(call, room, "mute", {} if wanted == "toggle" else {"muted": SWITCH[wanted or "on"]})


def source(call: Call) -> None:
    """Show the inputs, or listen to one."""
    room, wanted = call.room_and(lambda word: word or None, "an input such as cd or inputs/tv")
    if wanted is None:
        from segue.cli.show import sources

        sources(call, room)
    else:
        _tell_room(call, room, "source", {"input": wanted})


def seek(call: Call) -> None:
    """Go to a position of the title, or some way from here."""
    room, wanted = call.room_and(position, "a position: 1:23, 83, +30 or -10")
    if wanted is None:
        raise usage(
            "seek needs a position: 1:23, 83, +30 or -10.", "`seguectl seek --help` shows what it takes."
        )
    if not wanted.relative:
        _tell_room(call, room, "seek", {"position_ms": wanted.value})
        return
    here = the_room(call, room)
    now = record(here.get("now"))
    at, most = number(now.get("position_ms")), number(now.get("duration_ms"))
    name = text(here.get("name"))
    if at is None:
        raise CtlError(REFUSED, "nothing_plays", f"Nothing that can be sought plays in {name}.")
    to = max(int(at) + wanted.value, 0)
    _tell_room(call, name, "seek", {"position_ms": to if most is None else min(to, int(most))})


def fade(call: Call) -> None:
    """Go to a level slowly."""
    room, wanted = call.room_and(level, "a level from 0 to 100")
    if wanted is None or wanted.relative or wanted.direction:
        raise usage("fade needs a level from 0 to 100.", "`seguectl fade --help` shows what it takes.")
    body: Json = {"to_level": wanted.value}
    if call.options.over is not None:
        body["duration_s"] = seconds(call.options.over, "--over", FADE_S_MAX)
    _tell_room(call, room, "fade", body)


def reload(call: Call) -> None:
    """Read the configuration again."""
    call.nothing()
    call.show(call.tell("/api/v1/reload", {}), _reloaded)


def _reloaded(data: Json, paint: Paint) -> list[str]:
    changed, restart = texts(data.get("changed")), texts(data.get("restart_needed"))
    lines = [f"The configuration is in force; {'changed:' if changed else 'nothing in it has changed.'}"]
    lines += [f"  {key}" for key in changed]
    if restart:
        lines.append(paint("yellow", "These need a restart (`sudo systemctl restart segued`):"))
        lines += [f"  {key}" for key in restart]
    return lines


# ------------------------------------------------------------------ rooms


def the_room(call: Call, name: str | None) -> Json:
    """Read one room: the one of that name, or the only one. Raises `CtlError`."""
    return one_of(records(call.house.get("/api/v1/rooms").data.get("rooms")), name)


def one_of(rooms: list[Json], name: str | None) -> Json:
    """Choose a room by its name, or the only one. Raises `CtlError`."""
    wanted = [room for room in rooms if name in (None, ONLY_ROOM, room.get("name"))]
    if len(wanted) == 1:
        return wanted[0]
    names = f"rooms: {', '.join(text(room.get('name')) for room in rooms) or 'none'}"
    if name in (None, ONLY_ROOM):
        raise CtlError(REFUSED, "which_room", "The house has not exactly one room; name it.", names)
    raise CtlError(REFUSED, "unknown_room", f"There is no room {name!r}.", names)


def _tell_room(call: Call, room: str | None, verb: str, body: Json | None = None) -> None:
    answer = call.tell(room_path(room, verb), body or {})
    call.show(answer, accepted)


def accepted(data: Json, paint: Paint) -> list[str]:
    """Say what was set in motion."""
    return [
        f"{paint('bold', text(data.get('room')) or 'segued')} {text(data.get('doing')) or 'has taken it'}"
    ]
