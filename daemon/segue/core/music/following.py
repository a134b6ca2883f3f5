"""How a room follows its Plex player: what a start, a pause and a stop mean for its sound."""

from msgspec.structs import replace as but

from segue.core.music import sound, yielding
from segue.core.music.actions import Source
from segue.core.music.levels import with_base
from segue.core.music.players import activity_of, is_on_air, may_take_over
from segue.core.music.state import Activity, Fading, MusicState, Room, Selecting, Silenced
from segue.core.vocabulary import Out


def activity_changed(room: Room, state: MusicState, out: Out) -> Room:
    """Let a room follow its Plex player."""
    now, before = activity_of(room, state), room.activity
    if now == before:
        return room
    silent_for_s = 0.0 if room.activity_at is None else out.stamp.now_at - room.activity_at
    room = but(room, activity=now, activity_at=out.stamp.now_at)
    if now == "playing":
        return _started(room, state, out, before, silent_for_s)
    return _fell_silent(room, out, now)


def _started(room: Room, state: MusicState, out: Out, before: Activity, silent_for_s: float) -> Room:
    """The player began, or went on: heard already, or worth switching to, or none of our business."""
    room = but(room, restore_at=None)
    start_level = room.settings.start_level
    held = yielding.holds(room)
    is_start = before == "stopped" and silent_for_s >= state.settings.resume_gap_s
    if is_start and start_level is not None and not held:
        room = with_base(room, start_level, room.settings.input or None)
    if isinstance(room.phase, Silenced) and room.phase.target == "plex":
        return sound.fade_in(room, state, out, "started_by_segue", room.phase.because)
    if isinstance(room.phase, Selecting | Fading):
        return room
    if held and not yielding.has_music(room):
        return room
    room = yielding.music_by_hand(room, plays=True)
    if is_on_air(room):
        edge = "resume" if before == "paused" else "start"
        if edge in room.settings.fade_on and silent_for_s >= state.settings.resume_gap_s:
            return sound.fade_in(room, state, out, f"player_{edge}")
        return room
    if not room.settings.input or not room.settings.heos_player:
        return room
    allowed, why = may_take_over(room)
    if not allowed:
        out.say("info", f"Room {room.name}: the receiver is left alone ({why.replace('_', ' ')}).", why)
        return room
    wanted = Source(input=room.settings.input, source_id=1027, media_id=room.settings.input)
    return sound.select(room, state, out, wanted, "player_start", borrow=True)


def _fell_silent(room: Room, out: Out, now: Activity) -> Room:
    """The player paused or stopped: what waited for it goes on, a fade for its sound is over."""
    if not isinstance(room.phase, Silenced | Selecting):
        room = yielding.music_by_hand(room, plays=False)
    if now == "stopped" and room.kept.borrowed is not None and not yielding.holds(room):
        restore_at = out.stamp.now_at + room.settings.restore_after_s
        room = but(room, restore_at=restore_at, restore_because=out.stamp.seq)
    match room.phase:
        case Silenced(until="paused" | "stopped", target="plex", because=because):
            return sound.bring_home(room, out, f"{now}_confirmed", because)
        case Fading(kind="in" | "out", then=then):
            if then.source is not None or then.verb == "play":
                return room
            if then.verb == "stop" and now == "paused":
                return room
            return sound.bring_home(room, out, f"player_{now}")
        case _:
            return room
