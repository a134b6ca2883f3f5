"""The protocol of Plex Watch Party, in both spellings that exist, for clients and orchestrators of that kind.

Its documentation and its code differ: a `status_update` says `offset` or `current_offset`, a command is
`{"type": "command", "command": "PLAY", ...}` or `{"cmd": {"type": "play", ...}}`. Read here is either; written is one
object that holds both, because each kind of reader ignores the other's fields. There is no clock in it and no revision:
a command is done when it arrives, so it must be sent at its moment, and `Timed` says when that is.
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from segue.interfaces.party_protocol import (
    BadMessage,
    DeviceBody,
    FileName,
    FilmBody,
    Name,
    PhaseName,
    State,
    WrongBeginning,
    text_of,
    type_of,
    unreadable,
)

T = TypeVar("T")
OldVerb = Literal["play", "pause", "seek", "stop", "sync"]
VERBS: frozenset[str] = frozenset({"play", "pause", "seek", "stop", "sync"})
OLD_DEVICES_MAX = 32
OFFSET_MAX_MS = 24 * 3600 * 1000
SAME_LINE_S = 0.25
"""A line that differs by less than this is no reason to send an old player anywhere: a restart, a new revision."""


class Register(msgspec.Struct, frozen=True):
    """An old client's first message."""

    devices: tuple[DeviceBody, ...]
    """Those that have a title and an id; the others are dropped, as that protocol has it."""
    username: str = ""
    """Empty where only the handshake says it."""


class StatusUpdate(msgspec.Struct, frozen=True):
    """What an old client's server last heard of its player: up to 20 s old."""

    filename: str
    position_ms: int


class OldCommand(msgspec.Struct, frozen=True):
    """Something for an old client's player to do now."""

    verb: OldVerb
    filename: str
    position_ms: int
    device: DeviceBody


class Timed(msgspec.Struct, frozen=True):
    """A command and the server time, s, at which it must be sent."""

    at: float
    command: OldCommand


OldUp = Register | StatusUpdate

# ------------------------------------------------------------------ read


class _RegisterBody(msgspec.Struct):
    username: Name | None = None
    authorized_clients: list[Any] = []


_Offset = Annotated[float, Meta(ge=0, le=OFFSET_MAX_MS)]


class _StatusBody(msgspec.Struct):
    filename: FileName = ""
    offset: _Offset | None = None
    current_offset: _Offset | None = None


class _DevicePart(msgspec.Struct):
    title: str | int | None = None
    id: str | int | None = None


class _CommandBody(msgspec.Struct):
    type: str = ""
    command: str = ""
    offset: _Offset | None = None
    filename: str | None = None
    device: _DevicePart | None = None


class _Wrapped(msgspec.Struct):
    cmd: _CommandBody | None = None


def decode_old_up(raw: str | bytes) -> OldUp:
    """Read a message of an old client. Raises a child of `ProtocolError`, and nothing else, whatever comes."""
    data = text_of(raw)
    kind = type_of(data)
    if kind == "register":
        body = _read(data, _RegisterBody)
        found = (_device(part) for part in body.authorized_clients[:OLD_DEVICES_MAX])
        devices = {device.id: device for device in found if device is not None}
        return Register(tuple(devices.values()), body.username or "")
    if kind == "status_update":
        status = _read(data, _StatusBody)
        offset = status.offset if status.current_offset is None else status.current_offset
        if offset is None:
            raise BadMessage(
                "bad_message", "A status_update needs offset or current_offset, in milliseconds."
            )
        return StatusUpdate(status.filename, round(offset))
    raise BadMessage("unknown_type", f"There is no message of type {kind!r}.", "See party-protocol.md.")


def decode_old_command(raw: str | bytes) -> OldCommand:
    """Read a command of an old orchestrator, in either spelling. Raises a child of `ProtocolError`."""
    data = text_of(raw)
    body = _read(data, _Wrapped).cmd or _read(data, _CommandBody)
    verb = (body.command or body.type).lower()
    if verb not in VERBS:
        raise BadMessage(
            "unknown_type", f"There is no command {verb[:32]!r}.", "play, pause, seek, stop or sync."
        )
    device = _device(msgspec.to_builtins(body.device))
    if device is None:
        raise BadMessage("bad_message", "A command needs a device with title and id.")
    known: OldVerb = verb  # type: ignore[assignment]
    return OldCommand(known, (body.filename or "")[:255], round(body.offset or 0), device)


def _read(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind, strict=False)
    except (ValueError, RecursionError) as problem:
        raise unreadable(problem) from None


def _device(part: Any) -> DeviceBody | None:
    """Read a device; nothing where it lacks what it is known by."""
    if not isinstance(part, dict):
        return None
    found = (part.get("id"), part.get("title"))
    if any(isinstance(text, bool) or not isinstance(text, str | int) for text in found):
        return None
    device_id, title = (str(text)[:200] for text in found)
    return DeviceBody(id=device_id, title=title) if device_id and title else None


# ------------------------------------------------------------------ written


def encode_command(command: OldCommand) -> str:
    """Write a command so that a reader of either spelling finds its own."""
    device = {"title": command.device.title, "id": command.device.id}
    body = {"offset": command.position_ms, "filename": command.filename, "device": device}
    both = {"type": "command", "command": command.verb.upper(), **body, "cmd": {"type": command.verb, **body}}
    return msgspec.json.encode(both).decode()


def encode_register(register: Register) -> str:
    """Write a client's first message."""
    clients = [{"title": device.title, "id": device.id} for device in register.devices]
    body: dict[str, object] = {"type": "register", "authorized_clients": clients}
    if register.username:
        body["username"] = register.username
    return msgspec.json.encode(body).decode()


def encode_status(status: StatusUpdate) -> str:
    """Write a status so that an orchestrator of either spelling finds its own."""
    offset = status.position_ms
    body = {"type": "status_update", "filename": status.filename, "offset": offset, "current_offset": offset}
    return msgspec.json.encode(body).decode()


# ------------------------------------------------------------------ translated


def begins_old(raw: str | bytes) -> bool:
    """Tell by the first message which protocol a connection speaks. Raises a child of `ProtocolError`."""
    kind = type_of(text_of(raw))
    if kind not in ("hello", "register"):
        text = f"The first message is {kind!r}." if kind else "The first message has no type."
        raise WrongBeginning(
            "wrong_beginning", text, "Begin with hello, or with register of the old protocol."
        )
    return kind == "register"


def position_at_ms(state: State, at: float) -> int:
    """Give the film's position at a moment of server time."""
    if state.rate == 0.0:
        position_ms = state.position_ms + min(0.0, at - state.at) * 1000
    else:
        position_ms = state.position_ms + max(0.0, at - state.at) * 1000 * state.rate
    return max(0, min(state.film.duration_ms, round(position_ms)))


def commands(before: State | None, after: State, device: DeviceBody, now: float) -> tuple[Timed, ...]:
    """Say what an old client must be sent, and when, to follow from one state to the next.

    `before` is what it last followed; nothing for one that has just come or was away. A film without a file name cannot
    be told in this protocol: then nothing is said, and the caller tells people so. A newer state makes void what has
    not been sent yet.
    """
    if not after.film.filename:
        return ()

    def at(moment: float, verb: OldVerb) -> Timed:
        due = max(now, moment)
        return Timed(due, OldCommand(verb, after.film.filename, position_at_ms(after, due), device))

    same_film = before is not None and before.film == after.film
    ran = before is not None and before.rate > 0.0 and same_film
    if after.phase == "playing":
        if not ran or before is None:
            moved = same_film and before is not None and before.position_ms != after.position_ms
            # On a film that is paused there, PLAY goes on and ignores its offset: a seek must follow.
            return (at(after.at, "play"), at(after.at, "seek")) if moved else (at(after.at, "play"),)
        moment = max(now, before.at, after.at)
        apart_ms = position_at_ms(before, moment) - position_at_ms(after, moment)
        return () if abs(apart_ms) <= SAME_LINE_S * 1000 else (at(after.at, "seek"),)
    if before is None or before.phase in ("lobby", "ended"):
        return ()
    if after.phase == "ended":
        return (at(now, "stop"),)
    if not same_film:
        return (
            (Timed(now, OldCommand("stop", before.film.filename, 0, device)),) if before.film.filename else ()
        )
    if ran and before is not None:
        pause = at(after.at, "pause")
        apart_ms = position_at_ms(before, pause.at) - position_at_ms(after, pause.at)
        # Paused again before it went on, or told late: it would stand elsewhere than the others do.
        return (pause, at(pause.at, "seek")) if abs(apart_ms) > SAME_LINE_S * 1000 else (pause,)
    sought = before.phase != "gathering" and before.position_ms != after.position_ms
    return (at(now, "seek"),) if sought else ()


def state_of(command: OldCommand, session: str, rev: int, now: float, before: State | None) -> State | None:
    """Make the state that a command of an old orchestrator means for an agent of ours; nothing where it means none.

    That protocol knows neither duration nor moment: the film is at the command's offset when it arrives. A PLAY after
    a PAUSE of the same film goes on from its offset, too, for ours need not ignore it. A PAUSE has no offset that could
    be trusted, so the film stands where it was believed to be.
    """
    film = FilmBody(duration_ms=OFFSET_MAX_MS, filename=command.filename)
    same = before is not None and before.film.filename in (command.filename, "")
    position_ms = command.position_ms
    phase: PhaseName
    match command.verb:
        case "play" | "sync":
            phase, rate = "playing", 1.0
        case "seek":
            phase, rate = ("playing", 1.0) if before is None or before.rate > 0.0 else ("paused", 0.0)
        case "pause":
            phase, rate = "paused", 0.0
            if before is not None and same:
                position_ms = position_at_ms(before, now)
        case "stop":
            phase, rate = "ended", 0.0
    return State(
        session=session,
        rev=rev,
        phase=phase,
        item=0,
        film=film,
        position_ms=position_ms,
        at=now,
        rate=rate,
        why=command.verb,
    )
