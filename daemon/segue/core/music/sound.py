"""How a room's level moves: the phases, and the one command that may be under way.

Theory of operation. A room is in one phase: *resting* (the level is the person's), *fading* (it follows a curve),
*silenced* (it is down until the player has been observed to pause, stop or play) or *selecting* (it is down until the
input has been observed). Only the functions of `phases.py` make one. `pursue` is called at the end of every step
that touched a room: if no volume command is in flight it sends the one level that is due now, or notes when the next
one will be. So there is never more than one, a slow device simply gets fewer and larger steps, and a fade is the same
whether the room was woken by an answer or by a deadline.

The person's level, the base, lives in `room.kept` and no fade ever writes it. `kept.faded` says that we may have left
the receiver away from it; as long as it is set, a restart or a reconnection brings the level home.
"""

from typing import Literal

from msgspec.structs import replace as but

from segue.core.music import fade as curve
from segue.core.music.actions import Source
from segue.core.music.effects import CommandPlayer, ReceiverTransport, SetVolume, Verb
from segue.core.music.levels import base_level, limited, with_base, with_kept
from segue.core.music.phases import (
    become_fading,
    become_home,
    become_resting,
    become_selecting,
    become_silenced,
)
from segue.core.music.players import is_on_air, plex_target
from segue.core.music.state import (
    Borrowed,
    Fading,
    InFlight,
    MusicState,
    Resting,
    Room,
    Selecting,
    Sent,
    Silenced,
    Then,
)
from segue.core.vocabulary import Out

RESTORE_S = 0.3
"""Length of the quick way home when the daemon stops."""
SOON_S = 0.001
"""A deadline of ours is never now, or the store would turn without end."""

# ------------------------------------------------------------------ the fades that there are


def fade_in(room: Room, state: MusicState, out: Out, why: str, because: int | None = None) -> Room:
    """Set the level low, then ramp to the base; leave it alone where nothing is known or the fade is off."""
    base = base_level(room)
    if base is None or not room.receiver.available or not state.fades_allowed:
        return room
    if room.settings.fade_in_s <= 0.0 or base < 2:
        return bring_home(room, out, why)
    room = with_base(room, base)
    return become_fading(
        room,
        state,
        out,
        kind="in",
        from_level=0,
        to_level=base,
        duration_s=room.settings.fade_in_s,
        why=why,
        because=because,
    )


def fade_out_then(
    room: Room, state: MusicState, out: Out, then: Then, why: str, because: int | None = None
) -> Room:
    """Ramp to silence, then do what follows."""
    base = base_level(room)
    if base is not None:
        room = with_base(room, base)
    return become_fading(
        room,
        state,
        out,
        kind="out",
        to_level=0,
        duration_s=room.settings.fade_out_s,
        why=why,
        because=because,
        then=then,
    )


def fade_home(
    room: Room,
    state: MusicState,
    out: Out,
    why: str,
    duration_s: float | None = None,
    because: int | None = None,
) -> Room:
    """Ramp from wherever the level is to the base. Up is always slow: nobody knows who sits near a speaker."""
    base = base_level(room)
    if base is None:
        return become_home(room)
    lasts_s = max(room.settings.fade_in_s, 1.0) if duration_s is None else duration_s
    here = room.receiver.observed_level
    if here is not None and here >= base:
        lasts_s = 0.0
    return become_fading(
        room, state, out, kind="restore", to_level=base, duration_s=lasts_s, why=why, because=because
    )


def bring_home(room: Room, out: Out, why: str, because: int | None = None) -> Room:
    """Bring the level to the base in one command: it is silent, so nobody hears the jump."""
    base = base_level(room)
    if base is None or (room.receiver.observed_level == base and room.in_flight is None):
        return become_home(room)
    return become_resting(
        room, wanted_level=base, because=out.stamp.seq if because is None else because, why=why
    )


def select(
    room: Room,
    state: MusicState,
    out: Out,
    source: Source,
    why: str,
    *,
    borrow: bool,
    level: int | None = None,
    because: int | None = None,
    verb: Literal["pause", "play"] | None = None,
) -> Room:
    """Listen to another source: down to the lower of the two levels, select, observe, up to the new base.

    The Plex player may be paused once it is silent, before the source goes, or played once the new one is there.
    """
    here = room.receiver.observed_level
    base_here = base_level(room)
    base_here = here if base_here is None else base_here
    base_there = base_level(room, source.input) if level is None else level
    after = base_here if base_there is None else base_there
    if borrow and room.kept.borrowed is None:
        room = with_kept(room, borrowed=Borrowed(room.receiver.observed_source, base_here))
    if base_here is not None and room.kept.yielded is None:
        room = with_base(room, base_here)  # a scene's level is no person's
    if after is not None:
        room = with_base(room, after, source.input)
    if here is None or after is None or base_here is None:
        cause = out.stamp.seq if because is None else because
        if verb == "pause":
            command(room, state, out, verb, "plex", why, cause)
        return become_selecting(room, state, out, source, after or 0, cause, why, play=verb == "play")
    soft = state.fades_allowed and room.settings.fade_in_s > 0.0 and "start" in room.settings.fade_on
    silent = is_on_air(room) and room.activity in ("paused", "stopped") and bool(room.settings.plex_player)
    audible = room.receiver.observed_state == "play" and not silent
    return become_fading(
        room,
        state,
        out,
        kind="out",
        to_level=0 if soft else min(here, base_here, after),
        duration_s=room.settings.fade_out_s if audible and soft else 0.0,
        why=why,
        because=because,
        then=Then(verb=verb, source=source, level_after=after),
    )


def selected(room: Room, state: MusicState, out: Out, phase: Selecting) -> Room:
    """Go on once the source is observed: up to its base."""
    level = room.receiver.observed_level
    if phase.play and room.activity != "playing":
        command(room, state, out, "play", "plex", "music_returns", phase.because)
        return become_silenced(room, state, out, "play", "plex", phase.because)
    if level is None or level == phase.level_after:
        return become_home(room)
    return become_fading(
        room,
        state,
        out,
        kind="in",
        to_level=phase.level_after,
        duration_s=room.settings.fade_in_s if "start" in room.settings.fade_on else 0.0,
        why="source_selected",
        because=phase.because,
    )


def is_calm(room: Room) -> bool:
    """Tell whether nothing is about to follow that another fade would cut off."""
    match room.phase:
        case Silenced() | Selecting():
            return False
        case Fading(then=then):
            return then == Then()
        case _:
            return True


# ------------------------------------------------------------------ moving


def pursue(room: Room, state: MusicState, out: Out) -> Room:
    """Send the one level that is due, or note when the next will be. Changes nothing while one is in flight."""
    if room.in_flight is not None or not room.receiver.available:
        return room
    match room.phase:
        case Fading() as phase:
            return _advance(room, state, out, phase)
        case Resting(wanted_level=int(level), because=because, why=why):
            if room.receiver.observed_level == level:
                return become_home(room)
            return _send(room, out, level, why, because, after_commit=False)
        case Resting() | Silenced() | Selecting():
            return room


def _advance(room: Room, state: MusicState, out: Out, phase: Fading) -> Room:
    """Take the next step of a fade: the level due when the device will have it, half a round trip from now."""
    here = room.receiver.observed_level
    moment = out.stamp.now_at + room.receiver.rtt_s / 2
    level = curve.level_at(phase, moment)
    if here is not None and (phase.committed or here == phase.from_level):
        level = _bounded_step(room, state, phase, here, level)
    if level != here:
        if not phase.committed or phase.step_at is not None:
            room = but(room, phase=but(phase, committed=True, step_at=None))
        return _send(room, out, level, phase.why, phase.because, after_commit=not phase.committed)
    if level == phase.to_level:
        return conclude(room, state, out, phase)
    step_at = max(curve.next_change_at(phase, level) - room.receiver.rtt_s / 2, out.stamp.now_at + SOON_S)
    return but(room, phase=but(phase, step_at=step_at))


def _bounded_step(room: Room, state: MusicState, phase: Fading, here: int, level: int) -> int:
    """Keep a step within its limit, and never against the direction of the fade."""
    rising = phase.to_level >= phase.from_level
    step = level - here if rising else here - level
    if 0 <= step <= state.settings.step_levels_max:
        return level
    limit = curve.step_limit(
        phase.ends_at - phase.started_at,
        abs(phase.to_level - phase.from_level),
        room.receiver.rtt_s,
        state.settings.step_levels_max,
    )
    if rising:
        return min(max(level, here), here + limit, phase.to_level)
    return max(min(level, here), here - limit, phase.to_level)


def _send(room: Room, out: Out, level: int, why: str, because: int, *, after_commit: bool) -> Room:
    pid = room.receiver.heos_player_id
    if pid is None:
        return room
    level = limited(room, level)
    effect_id = out.add(
        SetVolume(
            effect_id=out.next_id,
            why=why,
            because=because,
            after_commit=after_commit,
            room=room.name,
            heos_player_id=pid,
            level=level,
        )
    )
    return but(room, in_flight=InFlight(effect_id, level), sent=(*room.sent, Sent(level)))


def conclude(room: Room, state: MusicState, out: Out, phase: Fading) -> Room:
    """Do what follows a fade that has arrived, or that must not happen."""
    then = phase.then
    if then.source is not None:
        after = phase.to_level if then.level_after is None else then.level_after
        play = then.verb == "play"
        if then.verb is not None and not play:
            command(room, state, out, then.verb, then.target, phase.why, phase.because)
        return become_selecting(room, state, out, then.source, after, phase.because, phase.why, play=play)
    if then.verb is None:
        return become_home(room)
    command(room, state, out, then.verb, then.target, phase.why, phase.because)
    return become_silenced(room, state, out, then.verb, then.target, phase.because)


def jump(room: Room, out: Out, phase: Fading) -> Room:
    """Go to the lower of the two levels in one command before a source is selected, without any fade."""
    after = phase.to_level if phase.then.level_after is None else phase.then.level_after
    base = base_level(room)
    lower = after if base is None else min(after, base)
    moment = out.stamp.now_at
    there = but(phase, to_level=lower, from_level=lower, started_at=moment, ends_at=moment, committed=True)
    return but(room, phase=there)


def do_now(room: Room, state: MusicState, out: Out) -> None:
    """Carry out the transport command that a fade was to be followed by, without the rest of the fade."""
    if isinstance(room.phase, Fading) and room.phase.then.verb is not None:
        then = room.phase.then
        assert then.verb is not None
        command(room, state, out, then.verb, then.target, room.phase.why, room.phase.because)


def command(
    room: Room,
    state: MusicState,
    out: Out,
    verb: Verb,
    target: Literal["plex", "heos"],
    why: str,
    because: int,
    position_ms: int | None = None,
) -> None:
    """Tell the room's player, the Plex one or the HEOS one, to do something."""
    pid = room.receiver.heos_player_id
    if target == "heos" and pid is not None:
        out.add(
            ReceiverTransport(
                effect_id=out.next_id,
                why=why,
                because=because,
                room=room.name,
                heos_player_id=pid,
                verb=verb,
            )
        )
        return
    player = plex_target(room, state)
    out.add(
        CommandPlayer(
            effect_id=out.next_id,
            why=why,
            because=because,
            room=room.name,
            player_id=player.player_id,
            player_address=player.address,
            verb=verb,
            media_type=player.media_type,
            position_ms=position_ms,
        )
    )
