"""What people ask of a room. Each is taken or turned down with a reason; none is silently dropped."""

from msgspec.structs import replace as but

from segue.core.music import phases, sound, yielding
from segue.core.music.actions import (
    FadeRequested,
    MuteRequested,
    PauseRequested,
    PlayRequested,
    RoomRequest,
    SeekRequested,
    SkipRequested,
    Source,
    SourceRequested,
    StopRequested,
    VolumeRequested,
    VolumeStepRequested,
)
from segue.core.music.effects import SetMute
from segue.core.music.levels import base_level, limited, with_base, with_kept, with_persons_level
from segue.core.music.players import is_on_air, now_playing, transport_target
from segue.core.music.state import Fading, MusicState, Room, Selecting, Silenced, Then
from segue.core.vocabulary import Out

FADE_S_MAX = 600.0
"""Longest fade that a person may ask for: ten minutes, for falling asleep."""


def find_room(state: MusicState, name: str, out: Out) -> Room | None:
    """Find the room of a request, `-` being the only one; refuse where there is none or no telling which."""
    names = ", ".join(room.name for room in state.rooms) or "none is configured"
    if name == "-":
        if len(state.rooms) == 1:
            return state.rooms[0]
        out.refuse("which_room", "The house has not exactly one room; name it.", f"rooms: {names}")
        return None
    for room in state.rooms:
        if room.name == name:
            return room
    out.refuse("unknown_room", f"There is no room {name!r}.", f"rooms: {names}")
    return None


def handle(room: Room, state: MusicState, action: RoomRequest, out: Out) -> Room:
    """Do what a person asks of a room."""
    match action:
        case PlayRequested():
            return play(room, state, out)
        case PauseRequested():
            return halt(room, state, out, "pause")
        case StopRequested():
            return halt(room, state, out, "stop")
        case SkipRequested(direction=direction):
            return _tell_player(room, state, out, direction, f"goes to the {direction} title")
        case SeekRequested(position_ms=position_ms):
            return seek(room, state, out, position_ms)
        case VolumeRequested(level=level):
            return volume(room, state, out, level)
        case VolumeStepRequested(direction=direction):
            return step(room, state, out, 1 if direction == "up" else -1)
        case MuteRequested(muted=muted):
            return mute(room, out, muted)
        case SourceRequested(input=name):
            return source(room, state, out, name)
        case FadeRequested(to_level=to_level, duration_s=duration_s):
            return fade(room, state, out, to_level, duration_s)
        case _:
            raise AssertionError(f"no handler for {type(action).__name__}")


# ------------------------------------------------------------------ transport


def play(room: Room, state: MusicState, out: Out) -> Room:
    """Play: down first where the room is heard, so that the start can be faded in."""
    target = transport_target(room, state)
    if target is None:
        return _no_player(room, out)
    if room.activity == "playing" and target == "plex":
        out.accept("plays already")
        return room
    soft = "resume" in room.settings.fade_on and room.settings.fade_in_s > 0.0 and state.fades_allowed
    heard = target == "heos" or is_on_air(room)
    base = base_level(room)
    if soft and heard and sound.is_calm(room) and base is not None and room.receiver.available and base >= 2:
        out.accept(f"plays, fading in over {room.settings.fade_in_s:g} s")
        return phases.become_fading(
            with_base(room, base),
            state,
            out,
            kind="out",
            to_level=0,
            duration_s=0.0,
            why="play",
            then=Then(verb="play", target=target),
        )
    sound.command(room, state, out, "play", target, "play", out.stamp.seq)
    out.accept("plays")
    return room


def halt(room: Room, state: MusicState, out: Out, verb: str) -> Room:
    """Pause or stop: fade out first where it can be heard."""
    assert verb in ("pause", "stop")
    target = transport_target(room, state)
    if target is None:
        return _no_player(room, out)
    if target == "plex" and room.activity == "stopped":
        out.accept("is stopped already")
        return room
    if target == "plex" and room.activity == "paused" and verb == "pause":
        out.accept("is paused already")
        return room
    if isinstance(room.phase, Fading) and room.phase.then.verb == verb:
        out.accept(f"fades out already, then {verb}s")
        return room
    sounding = room.receiver.observed_state == "play" if target == "heos" else room.activity == "playing"
    heard = (target == "heos" or is_on_air(room)) and bool(room.receiver.observed_level)
    fade_s = room.settings.fade_out_s
    if (
        sounding
        and heard
        and sound.is_calm(room)
        and fade_s > 0.0
        and verb in room.settings.fade_on
        and state.fades_allowed
    ):
        out.accept(f"fades out over {fade_s:g} s, then {verb}s")
        return sound.fade_out_then(
            room, state, out, Then(verb="pause" if verb == "pause" else "stop", target=target), verb
        )
    sound.command(room, state, out, "pause" if verb == "pause" else "stop", target, verb, out.stamp.seq)
    out.accept(f"{verb}s")
    return room


def seek(room: Room, state: MusicState, out: Out, position_ms: int) -> Room:
    """Go to a position of the title that plays on Plex; HEOS has no command for it."""
    seen = now_playing(room, state)
    if transport_target(room, state) != "plex" or seen is None:
        out.refuse(
            "cannot_seek",
            f"Room {room.name}: nothing that can be sought plays here.",
            "HEOS has no seek; start a title on the room's Plex player first.",
        )
        return room
    duration_ms = seen.session.duration_ms
    if position_ms < 0 or (duration_ms is not None and position_ms > duration_ms):
        out.refuse(
            "bad_position",
            f"Room {room.name}: {position_ms} ms is outside of the title (0 to {duration_ms} ms).",
            "Ask for a position inside of the title.",
        )
        return room
    sound.command(room, state, out, "seek", "plex", "seek", out.stamp.seq, position_ms)
    out.accept(f"seeks to {position_ms / 1000:.1f} s")
    return room


def _tell_player(room: Room, state: MusicState, out: Out, verb: str, doing: str) -> Room:
    target = transport_target(room, state)
    if target is None:
        return _no_player(room, out)
    sound.command(room, state, out, "next" if verb == "next" else "previous", target, verb, out.stamp.seq)
    out.accept(doing)
    return room


def _no_player(room: Room, out: Out) -> Room:
    out.refuse(
        "no_player",
        f"Room {room.name} has nothing that could play.",
        "Give the room a `plex_player` or a `heos_player` that is connected (`seguectl players`).",
    )
    return room


# ------------------------------------------------------------------ level


def volume(room: Room, state: MusicState, out: Out, level: int) -> Room:
    """Set the level: it is the new base and ends any fade."""
    if not _has_receiver(room, out) or not _within_limit(room, level, out):
        return room
    out.accept(f"goes to level {level}")
    return _person_asks(room, state, out, level)


def step(room: Room, state: MusicState, out: Out, sign: int) -> Room:
    """Go one step from the base, at most to the limit."""
    if not _has_receiver(room, out):
        return room
    here = room.receiver.observed_level or 0
    base = base_level(room) if room.kept.faded is not None else here
    base = here if base is None else base
    wanted = base + sign * room.settings.volume_step
    level = limited(room, wanted) if wanted <= base or base < room.settings.max_level else base
    if level == base:
        out.accept(f"stays at level {base}, which is the limit")
        return room
    out.accept(f"goes to level {level}")
    return _person_asks(room, state, out, level)


def _person_asks(room: Room, state: MusicState, out: Out, level: int) -> Room:
    """Make a level the base and bring the receiver there; a fade ends, and what follows it follows."""
    room = with_persons_level(room, level)
    phase = room.phase
    if isinstance(phase, Silenced | Selecting) or (
        isinstance(phase, Fading) and phase.then.source is not None
    ):
        return room
    sound.do_now(room, state, out)
    return phases.become_resting(room, wanted_level=level, because=out.stamp.seq, why="asked")


def fade(room: Room, state: MusicState, out: Out, to_level: int, duration_s: float) -> Room:
    """Go to a level slowly; the level is the base from now on, so a crash in between ends there."""
    if not _has_receiver(room, out) or not _within_limit(room, to_level, out):
        return room
    if not 0.0 <= duration_s <= FADE_S_MAX:
        out.refuse(
            "bad_duration",
            f"A fade of {duration_s:g} s is not possible; 0 to {FADE_S_MAX:g} s are.",
            "Ask for a shorter fade.",
        )
        return room
    if isinstance(room.phase, Silenced | Selecting):
        out.accept(f"goes to level {to_level} when the player has answered")
        return _person_asks(room, state, out, to_level)
    if isinstance(room.phase, Fading) and room.phase.then != Then():
        out.refuse(
            "busy",
            f"Room {room.name} is fading for something else ({room.phase.why}).",
            "Ask again in a moment.",
        )
        return room
    out.accept(f"fades to level {to_level} over {duration_s:g} s")
    return phases.become_fading(
        with_base(room, to_level),
        state,
        out,
        kind="to",
        to_level=to_level,
        duration_s=duration_s,
        why="asked",
    )


def mute(room: Room, out: Out, muted: bool | None) -> Room:
    """Mute, unmute, or the other one."""
    if not _has_receiver(room, out):
        return room
    wanted = (not room.receiver.observed_muted) if muted is None else muted
    pid = room.receiver.heos_player_id
    assert pid is not None
    out.add(
        SetMute(
            effect_id=out.next_id,
            why="asked",
            because=out.stamp.seq,
            room=room.name,
            heos_player_id=pid,
            muted=wanted,
        )
    )
    out.accept("is muted" if wanted else "is heard again")
    return room


# ------------------------------------------------------------------ source


def source(room: Room, state: MusicState, out: Out, name: str) -> Room:
    """Listen to an input. A person's choice: nothing is given back later."""
    if not _has_receiver(room, out):
        return room
    name = name if "/" in name else f"inputs/{name}"
    short = name.removeprefix("inputs/").replace("_", "")
    if not name.startswith("inputs/") or not (short.isascii() and short.isalnum()):
        out.refuse(
            "bad_input",
            f"{name!r} is no HEOS input.",
            "Inputs look like inputs/cd, inputs/tv, inputs/aux_in_1.",
        )
        return room
    if room.receiver.observed_source.input == name and not isinstance(room.phase, Selecting):
        out.accept(f"listens to {name} already")
        return room
    if not sound.is_calm(room):
        out.refuse("busy", f"Room {room.name} is about to do something else.", "Ask again in a moment.")
        return room
    out.accept(f"selects {name}")
    room = with_kept(but(room, restore_at=None), borrowed=None)
    room = yielding.moved_by_hand(room, name)
    return sound.select(
        room, state, out, Source(input=name, source_id=1027, media_id=name), "asked", borrow=False
    )


# ------------------------------------------------------------------ what must be there


def _has_receiver(room: Room, out: Out) -> bool:
    if not room.settings.heos_player:
        out.refuse(
            "no_receiver",
            f"Room {room.name} has no receiver.",
            "Give the room a `heos_player` in the configuration.",
        )
        return False
    if not room.receiver.available:
        out.refuse(
            "receiver_unavailable",
            f"Room {room.name}: the receiver {room.settings.heos_player!r} is not reachable now.",
            "See `seguectl status`; segue goes on trying by itself.",
        )
        return False
    return True


def _within_limit(room: Room, level: int, out: Out) -> bool:
    if 0 <= level <= room.settings.max_level:
        return True
    if level > 100 or level < 0:
        out.refuse(
            "bad_level", f"Level {level} does not exist; 0 to 100 do.", "Ask for a level in that range."
        )
    else:
        out.refuse(
            "above_max_level",
            f"Room {room.name}: level {level} is above max_level {room.settings.max_level}.",
            "Raise max_level in the configuration if you mean it.",
        )
    return False
