"""Everything that changes the music domain's state happens here, or in the module that a line here names.

Theory of operation. Plex' sessions are read (`sessions.py`), the difference to what the house was told becomes
`PlexStateChanged` (a rule), and that changes a room's *activity* here: start, resume, pause, stop. What the receiver
says goes through `receiver.py`, what people ask through `requests.py`. All three move a room between the phases of
`sound.py`; and whatever happened, `pursue` then sends at most one level. The moments that nobody reports are deadlines:
the next step of a fade, the end of patience with a player, the giving back of a borrowed input, the next reading.
"""

from collections.abc import Callable
from typing import assert_never

from msgspec.structs import replace as but

from segue.core.music import following, receiver, requests, sessions, sound, yielding
from segue.core.music.actions import (
    CommandDone,
    CommandFailed,
    FadeRequested,
    FadesAllowed,
    HeosLinkChanged,
    HeosPlayersRead,
    MusicActions,
    MuteRequested,
    PauseRequested,
    PlaybackFailed,
    PlayerCommandDone,
    PlayerCommandFailed,
    PlayRequested,
    PlexStateChanged,
    ReceiverRead,
    ReceiverStateChanged,
    RestoreRequested,
    RoomRequest,
    RoomSceneChanged,
    SeekRequested,
    SessionsRead,
    SessionsUnread,
    SkipRequested,
    SourceChanged,
    SourceRequested,
    StopRequested,
    VolumeChanged,
    VolumeRequested,
    VolumeStepRequested,
    WebhookHeard,
)
from segue.core.music.players import activity_of, is_on_air
from segue.core.music.state import (
    Fading,
    MusicSettings,
    MusicState,
    Play,
    Resting,
    Room,
    Selecting,
    Silenced,
)
from segue.core.stamp import Stamp
from segue.core.timers import earliest, is_due
from segue.core.vocabulary import EffectBase, Out

Step = tuple[MusicState, list[EffectBase]]
RoomChange = Callable[[Room, MusicState, Out], Room]


def reduce(state: MusicState, action: MusicActions, stamp: Stamp) -> Step:
    """Take one action in: the table of contents of the domain."""
    out = Out(stamp)
    match action:
        case VolumeChanged() | ReceiverRead() | ReceiverStateChanged() | SourceChanged() | PlaybackFailed():
            state = _receiver_said(state, action, out)
        case CommandDone() | CommandFailed() | PlayerCommandDone() | PlayerCommandFailed():
            state = _answered(state, action, out)
        case WebhookHeard():
            state = sessions.hinted(state, out)
        case SessionsRead():
            state = _sessions_read(state, action, out)
        case SessionsUnread():
            state = _sessions_unread(state, action, out)
        case PlexStateChanged():
            state = _plex_state_changed(state, action, out)
        case HeosLinkChanged():
            state = receiver.link_changed(state, action, out)
        case HeosPlayersRead():
            state = receiver.players_read(state, action, out)
        case (
            PlayRequested()
            | PauseRequested()
            | StopRequested()
            | SkipRequested()
            | SeekRequested()
            | VolumeRequested()
            | VolumeStepRequested()
            | MuteRequested()
            | SourceRequested()
            | FadeRequested()
        ):
            state = _requested(state, action, out)
        case FadesAllowed():
            state = but(state, fades_allowed=action.allowed)
        case RestoreRequested() | RoomSceneChanged():
            state = _ruled(state, action, out)
        case _:
            assert_never(action)
    return state, out.effects


def configure(state: MusicState, settings: MusicSettings, stamp: Stamp) -> Step:
    """Take the configuration in. Rooms keep what they know; nothing jumps in volume."""
    out = Out(stamp)
    kept = {**dict(state.kept_elsewhere), **{room.name: room.kept for room in state.rooms}}
    former = {room.name: room for room in state.rooms}
    state = but(state, settings=settings)
    rooms = []
    for wanted in settings.rooms:
        room = former.get(wanted.name)
        if room is None:
            room = (
                yielding.revived(Room(settings=wanted, kept=kept[wanted.name]), out)
                if wanted.name in kept
                else Room(settings=wanted)
            )
        moved = room.settings.heos_player != wanted.heos_player
        room = but(room, settings=wanted)
        if moved or (state.heos_players and room.receiver.heos_player_id is None):
            room = receiver.resolved(room, state, out)
        rooms.append(room)
    names = {room.name for room in rooms}
    for gone in (room for room in state.rooms if room.name not in names):
        sound.pursue(sound.bring_home(gone, out, "room_removed"), state, out)
    elsewhere = tuple(sorted((name, k) for name, k in kept.items() if name not in names))
    # What kept Plex from answering, such as a refused token, may be mended: a reload is a reason to try at once.
    plex = but(state.plex, allowed_at=stamp.now_at)
    state = but(state, rooms=tuple(rooms), kept_elsewhere=elsewhere, plex=plex)
    return sessions.want(state, out, "configured"), out.effects


def expire(state: MusicState, stamp: Stamp) -> Step:
    """Do what deadlines ask for. A spurious call finds nothing due and changes nothing."""
    out = Out(stamp)
    state = sessions.due(state, out)
    return _each_room(state, out, _expired), out.effects


def next_deadline(state: MusicState) -> float | None:
    """Give the next moment at which something of this domain is due."""
    moments = [sessions.next_deadline(state.plex)]
    for room in state.rooms:
        moments += (room.restore_at, room.read_at, room.yield_ends_at, room.seat_due_at, room.pause_due_at)
        match room.phase:
            case Fading(step_at=moment):
                moments.append(moment)
            case Silenced(give_up_at=moment) | Selecting(give_up_at=moment):
                moments.append(moment)
            case Resting():
                pass
    return earliest(moments)


# ------------------------------------------------------------------ Plex


def _sessions_read(state: MusicState, action: SessionsRead, out: Out) -> MusicState:
    before, first = state.plex.status, state.plex.read_at is None
    state = sessions.read(state, action, out.stamp)
    if before not in ("ok", "unknown") and state.plex.status == "ok":
        out.say("info", "Plex answers again.", "plex_up")
    if first and state.plex.read_at is not None:
        # What plays when we come is no start: nothing fades and nothing is switched for it.
        state = but(state, plays=_told_silently(state, out), rooms=tuple(state.rooms))
        rooms = tuple(
            but(r, activity=activity_of(r, state), activity_at=out.stamp.now_at) for r in state.rooms
        )
        state = _each_room(but(state, rooms=rooms), out, lambda room, _state, _out: room)
    return state


def _told_silently(state: MusicState, out: Out) -> tuple[Play, ...]:
    return tuple(
        Play(told=sessions.changed(o.session, o.session.state), told_at=out.stamp.now_at)
        for o in state.observed_sessions
        if o.session.state != "stopped"
    )


def _sessions_unread(state: MusicState, action: SessionsUnread, out: Out) -> MusicState:
    before = state.plex.status
    state = sessions.unread(state, action, out.stamp)
    if before in ("ok", "unknown") and state.plex.status not in ("ok", "unknown"):
        what = "refuses the token" if action.reason == "refused" else "does not answer as it should"
        out.say("warning", f"Plex {what}: {action.detail}", f"plex_{action.reason}")
    return state


def _plex_state_changed(state: MusicState, action: PlexStateChanged, out: Out) -> MusicState:
    key = (action.player_id, action.session_key, action.rating_key)
    others = tuple(play for play in state.plays if play.key != key)
    mine = () if action.state == "stopped" else (Play(told=action, told_at=out.stamp.now_at),)
    state = but(state, plays=others + mine)
    return _each_room(state, out, following.activity_changed)


# ------------------------------------------------------------------ receiver and answers


def _receiver_said(
    state: MusicState,
    action: ReceiverRead | VolumeChanged | ReceiverStateChanged | SourceChanged | PlaybackFailed,
    out: Out,
) -> MusicState:
    def heard(room: Room, state: MusicState, out: Out) -> Room:
        if room.receiver.heos_player_id != action.heos_player_id:
            return room
        match action:
            case VolumeChanged():
                return receiver.volume_changed(room, state, action, out)
            case ReceiverRead():
                return receiver.receiver_read(room, state, action, out)
            case ReceiverStateChanged():
                return _receiver_state(room, state, action, out)
            case SourceChanged():
                return receiver.source_observed(room, state, action.source, out)
            case PlaybackFailed():
                out.say("warning", f"Room {room.name}: the receiver says: {action.text}", "playback_failed")
                return room

    return _each_room(state, out, heard)


def _receiver_state(room: Room, state: MusicState, action: ReceiverStateChanged, out: Out) -> Room:
    receiver_now = but(room.receiver, observed_state=action.play_state, observed_at=out.stamp.now_at)
    room = but(room, receiver=receiver_now)
    match room.phase:
        case Silenced(until="playing", target="heos") if action.play_state == "play":
            return sound.fade_in(room, state, out, "started_by_segue", room.phase.because)
        case Silenced(until="paused" | "stopped", target="heos", because=because) if action.play_state in (
            "pause",
            "stop",
        ):
            return sound.bring_home(room, out, f"{action.play_state}_confirmed", because)
        case Resting() if action.play_state in ("pause", "stop"):
            return yielding.music_by_hand(room, plays=False)
        case _:
            return room


def _answered(
    state: MusicState,
    action: CommandDone | CommandFailed | PlayerCommandDone | PlayerCommandFailed,
    out: Out,
) -> MusicState:
    def answer(room: Room, state: MusicState, out: Out) -> Room:
        if room.name != action.room:
            return room
        match action:
            case CommandDone():
                return receiver.command_done(room, state, action, out)
            case CommandFailed():
                return receiver.command_failed(room, state, action, out)
            case PlayerCommandDone():
                return room
            case PlayerCommandFailed():
                return _player_command_failed(room, state, action, out)

    state = _each_room(state, out, answer)
    if isinstance(action, PlayerCommandDone):
        return sessions.want(state, out, "after_command")
    return state


def _player_command_failed(room: Room, state: MusicState, action: PlayerCommandFailed, out: Out) -> Room:
    detail = f"{action.reason}. {action.detail}".rstrip()
    out.say(
        "warning", f"Room {room.name}: the Plex player could not be reached: {detail}", "player_unreachable"
    )
    if isinstance(room.phase, Silenced) and room.phase.target == "plex":
        return sound.fade_home(room, state, out, "player_unreachable")
    return room


# ------------------------------------------------------------------ people and deadlines


def _requested(state: MusicState, action: RoomRequest, out: Out) -> MusicState:
    room = requests.find_room(state, action.room, out)
    if room is None:
        return state
    after = _moved_on(requests.handle(room, state, action, out), state, out)
    if after is room:
        return state
    return but(state, rooms=tuple(after if r is room else r for r in state.rooms))


def _restored(room: Room, state: MusicState, out: Out) -> Room:
    """Bring a room's level home quickly; what a fade was to be followed by happens at once."""
    if room.kept.faded is None or not room.receiver.available:
        return room
    if isinstance(room.phase, Fading) and room.phase.then.verb in ("pause", "stop"):
        sound.command(room, state, out, "pause", room.phase.then.target, room.phase.why, room.phase.because)
    return sound.fade_home(room, state, out, "daemon_stops", sound.RESTORE_S)


def _expired(room: Room, state: MusicState, out: Out) -> Room:
    now_at = out.stamp.now_at
    match room.phase:
        case Fading(step_at=moment) if is_due(moment, now_at):
            room = but(room, phase=but(room.phase, step_at=None))
        case Silenced(give_up_at=moment, until=until) if is_due(moment, now_at):
            out.say("warning", f"Room {room.name}: the player is still not {until}.", "not_confirmed")
            room = sound.fade_home(room, state, out, "not_confirmed")
        case Selecting(give_up_at=moment) if is_due(moment, now_at):
            room = receiver.select_failed(room, state, out, "the receiver does not show it")
        case _:
            pass
    if is_due(room.read_at, now_at):
        room = receiver.read_again(room, out, "not_told_yet") if state.heos_up else but(room, read_at=None)
    if is_due(room.restore_at, now_at):
        room = _give_back(but(room, restore_at=None), state, out)
    if is_due(room.yield_ends_at, now_at):
        room = but(room, yield_ends_at=None)
    if is_due(room.seat_due_at, now_at):
        room = but(room, seat_due_at=None)
    if is_due(room.pause_due_at, now_at):
        room = yielding.never_paused(room)
    return room


def _give_back(room: Room, state: MusicState, out: Out) -> Room:
    """Go back to what the room listened to before its player came; only from our own input."""
    borrowed = room.kept.borrowed
    if borrowed is None or room.activity == "playing":
        return room
    room = but(room, kept=but(room.kept, borrowed=None))
    if not is_on_air(room) or not isinstance(room.phase, Resting):
        return room
    source = borrowed.source
    if not source.input and source.source_id is None:
        return room
    because = room.restore_because
    return sound.select(
        room, state, out, source, "player_gone", borrow=False, level=borrowed.level, because=because
    )


def _ruled(state: MusicState, action: RestoreRequested | RoomSceneChanged, out: Out) -> MusicState:
    """Do what a rule asks of one room or of all."""

    def change(room: Room, state: MusicState, out: Out) -> Room:
        if isinstance(action, RestoreRequested):
            return _restored(room, state, out)
        return yielding.scene_changed(room, action.scene, out) if room.name == action.room else room

    return _each_room(state, out, change)


def _moved_on(room: Room, state: MusicState, out: Out) -> Room:
    """Let a room arrange what a party wants of it, and send the one level that is due."""
    if room.kept.yielded is None:
        return sound.pursue(room, state, out)
    room = sound.pursue(yielding.follow(room, state, out), state, out)
    arrived = yielding.follow(room, state, out)
    return room if arrived is room else sound.pursue(arrived, state, out)


def _each_room(state: MusicState, out: Out, change: RoomChange) -> MusicState:
    """Change every room that is concerned, and let each send what is due; the same state when none changed."""
    rooms: list[Room] | None = None
    for index, room in enumerate(state.rooms):
        after = _moved_on(change(room, state, out), state, out)
        if after is not room:
            rooms = rooms or list(state.rooms)
            rooms[index] = after
    return state if rooms is None else but(state, rooms=tuple(rooms))
