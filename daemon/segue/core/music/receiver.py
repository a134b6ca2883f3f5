"""What the receiver says: its level (ours or a person's), its source, its answers, its absence.

The one rule above all others is that the person wins. A level that we did not send ends the fade and is the new base
for the input that is on; nothing of ours overwrites it.
"""

from msgspec.structs import replace as but

from segue.core.music import phases, sound, yielding
from segue.core.music.actions import (
    CommandDone,
    CommandFailed,
    HeosLinkChanged,
    HeosPlayer,
    HeosPlayersRead,
    ReceiverRead,
    Source,
    VolumeChanged,
)
from segue.core.music.effects import ReadReceiver
from segue.core.music.levels import (
    after_echo,
    answered,
    base_level,
    is_echo,
    with_base,
    with_kept,
    with_persons_level,
)
from segue.core.music.state import Fading, MusicState, Receiver, Resting, Room, Selecting, Sent
from segue.core.vocabulary import Out

RTT_WEIGHT = 0.25
"""Share of the newest round trip in the average: a few commands forget a hiccup."""
READ_AGAIN_S = 5.0
"""Between two tries to read a receiver that is connected but has not told its level."""
OVERWRITTEN_LEVELS_MIN = 3
"""A level of ours that lands on a person's is put right only if it is off by more than a click or two."""


# ------------------------------------------------------------------ the link and the players


def link_changed(state: MusicState, action: HeosLinkChanged, out: Out) -> MusicState:
    """Note that the system came or went; said once each way."""
    if action.up == state.heos_up:
        if not action.up and not state.heos_detail:
            out.say(
                "warning", f"The HEOS system cannot be reached ({action.reason}); trying again.", "heos_down"
            )
        return but(state, heos_host=action.host or state.heos_host, heos_detail=action.reason)
    if action.up:
        out.say("info", f"The HEOS system at {action.host} is connected.", "heos_up")
        return but(state, heos_up=True, heos_host=action.host, heos_detail="")
    out.say(
        "warning", f"The HEOS system at {action.host} is gone ({action.reason}); trying again.", "heos_down"
    )
    rooms = tuple(_lost(room, state, out) for room in state.rooms)
    return but(state, heos_up=False, heos_host=action.host, heos_detail=action.reason, rooms=rooms)


def _lost(room: Room, state: MusicState, out: Out) -> Room:
    """Let go of a receiver that is out of reach. What was to follow a fade still follows, without the fade.

    A command that is under way stays so: its outcome comes for certain, and until then it may still arrive.
    """
    room = but(room, receiver=but(room.receiver, available=False), overruled=None, read_at=None)
    sound.do_now(room, state, out)
    return phases.become_resting(room)


def players_read(state: MusicState, action: HeosPlayersRead, out: Out) -> MusicState:
    """Find each room's player anew, by name or id, and read those that are new to us."""
    state = but(state, heos_players=action.players)
    return but(state, rooms=tuple(resolved(room, state, out) for room in state.rooms))


def resolved(room: Room, state: MusicState, out: Out) -> Room:
    """Point a room at its HEOS player; one that is missing is said, and the room goes without."""
    player = find_player(room.settings.heos_player, state.heos_players)
    known = room.receiver.heos_player_id
    if player is None:
        if known is not None or (room.settings.heos_player and state.heos_players):
            names = ", ".join(sorted(p.name for p in state.heos_players)) or "none"
            out.say(
                "warning",
                f"Room {room.name}: no HEOS player {room.settings.heos_player!r}; there are: {names}.",
                "heos_player_missing",
            )
        lost = _lost(room, state, out)
        return but(lost, receiver=but(lost.receiver, heos_player_id=None))
    if known != player.heos_player_id:
        room = but(
            _lost(room, state, out),
            receiver=Receiver(heos_player_id=player.heos_player_id, rtt_s=room.receiver.rtt_s),
            in_flight=None,
            sent=(),
        )
    if not room.receiver.available:
        room = read_again(room, out, "found")
    return room


def find_player(name: str, players: tuple[HeosPlayer, ...]) -> HeosPlayer | None:
    """Find a player by id, by its exact name, or by its name in any case."""
    if not name:
        return None
    for matches in (
        lambda p: str(p.heos_player_id) == name,
        lambda p: p.name == name,
        lambda p: p.name.casefold() == name.casefold(),
    ):
        for player in players:
            if matches(player):
                return player
    return None


def read_again(room: Room, out: Out, why: str) -> Room:
    """Ask the receiver for everything, and again later if it does not tell."""
    pid = room.receiver.heos_player_id
    if pid is None:
        return but(room, read_at=None)
    out.add(
        ReadReceiver(
            effect_id=out.next_id, why=why, because=out.stamp.seq, room=room.name, heos_player_id=pid
        )
    )
    return but(room, read_at=out.stamp.now_at + READ_AGAIN_S)


# ------------------------------------------------------------------ what it says of itself


def receiver_read(room: Room, state: MusicState, action: ReceiverRead, out: Out) -> Room:
    """Take in a whole reading; after an absence, bring the level home if a fade of ours was cut off.

    A reading is several questions, and takes a second on a slow device: a level that was heard of meanwhile is newer.
    """
    was_available, heard_at = room.receiver.available, room.receiver.level_at
    level = action.level
    if level is not None and heard_at is not None and heard_at > out.stamp.now_at - action.took_s:
        level = room.receiver.observed_level
    receiver = but(
        room.receiver,
        observed_muted=room.receiver.observed_muted if action.muted is None else action.muted,
        observed_state=action.play_state,
        observed_at=out.stamp.now_at,
        available=was_available or level is not None,
    )
    room = but(room, receiver=receiver, read_at=room.read_at if level is None else None)
    if not was_available:
        room = but(room, receiver=but(receiver, observed_source=action.source, observed_level=level))
        return _returned(room, state, out)
    room = source_observed(room, state, action.source, out)
    return room if level is None else level_observed(room, state, level, out)


def _returned(room: Room, state: MusicState, out: Out) -> Room:
    """Decide about the level of a receiver that is back: ours to mend, or a person's to keep."""
    level, faded = room.receiver.observed_level, room.kept.faded
    if level is None:
        return room
    room = yielding.after_absence(room)
    base = base_level(room)
    if faded is None or base is None or not faded.low <= level <= faded.high:
        return with_base(phases.become_home(room), level)
    if level == base:
        return sound.bring_home(room, out, "restore_after_absence")
    out.say(
        "info", f"Room {room.name}: a fade was cut off at level {level}; going back to {base}.", "restore"
    )
    return sound.fade_home(room, state, out, "restore_after_absence")


def volume_changed(room: Room, state: MusicState, action: VolumeChanged, out: Out) -> Room:
    """Take in the raw event: a level that we did not send is a person's."""
    now_at = out.stamp.now_at
    receiver = but(room.receiver, observed_muted=action.muted, observed_at=now_at, level_at=now_at)
    if not receiver.available:
        return but(room, receiver=but(receiver, observed_level=action.level))
    return level_observed(but(room, receiver=receiver), state, action.level, out)


def level_observed(room: Room, state: MusicState, level: int, out: Out) -> Room:
    """Tell our own echo from a person's hand."""
    now_at = out.stamp.now_at
    if room.overruled is not None and level != room.receiver.observed_level:
        ours, room = room.overruled, but(room, overruled=None)
        base = base_level(room)
        if level == ours and base is not None and abs(level - base) >= OVERWRITTEN_LEVELS_MIN:
            room = but(room, receiver=but(room.receiver, observed_level=level), sent=())
            return sound.bring_home(room, out, "person_was_overwritten")
    if is_echo(room, level, now_at):
        return but(room, sent=after_echo(room.sent, level, now_at))
    return person_chose(room, state, level, out)


def person_chose(room: Room, state: MusicState, level: int, out: Out) -> Room:
    """Let the person win: the fade ends here, the level is the base, and what was to follow follows at once."""
    under_way = room.in_flight.level if room.in_flight else None
    receiver = but(room.receiver, observed_level=level)
    sent = () if under_way is None else (Sent(under_way),)
    room = with_persons_level(but(room, receiver=receiver, sent=sent, overruled=under_way), level)
    phase = room.phase
    if isinstance(phase, Selecting):
        return room
    if isinstance(phase, Fading) and phase.then.source is not None:
        return sound.conclude(room, state, out, phase)
    sound.do_now(room, state, out)
    return phases.become_home(room)


def source_observed(room: Room, state: MusicState, source: Source, out: Out) -> Room:
    """Take in what the receiver listens to: what we selected, or what a person did."""
    before = room.receiver.observed_source
    room = but(room, receiver=but(room.receiver, observed_source=source))
    if isinstance(room.phase, Selecting) and _is_selected(room.phase.source, source):
        return sound.selected(room, state, out, room.phase)
    if _same_place(before, source) or (isinstance(room.phase, Selecting) and not source.input):
        return room
    if room.kept.borrowed is not None and source.input != room.settings.input:
        room = with_kept(but(room, restore_at=None), borrowed=None)
    if source.input or source.source_id is not None:
        room = yielding.moved_by_hand(room, source.input)
    return _moved_by_hand(room, state, before.input, out)


def _moved_by_hand(room: Room, state: MusicState, left_input: str, out: Out) -> Room:
    """Let a person's choice of source stand. A level that is ours to undo is undone at the new place."""
    phase, level = room.phase, room.receiver.observed_level
    if isinstance(phase, Resting) and phase.wanted_level is not None:
        return with_base(room, phase.wanted_level)
    if room.kept.faded is None:
        return room if level is None else with_base(room, level)
    was = base_level(room, left_input)
    if base_level(room) is None and was is not None:
        room = with_base(room, was)
    if isinstance(phase, Resting):
        return room
    sound.do_now(room, state, out)
    return sound.fade_home(room, state, out, "source_changed_by_hand")


def _is_selected(wanted: Source, seen: Source) -> bool:
    if wanted.input:
        return seen.input == wanted.input
    return not seen.input and seen.source_id is not None


def _same_place(a: Source, b: Source) -> bool:
    """Tell whether two sources are the same input, or both HEOS itself: the next title is no new place."""
    return a.input == b.input


# ------------------------------------------------------------------ its answers


def command_done(room: Room, state: MusicState, action: CommandDone, out: Out) -> Room:
    """Take in an acknowledgement: the round trip, and the level that is there now unless a person was faster."""
    if room.in_flight is not None and room.in_flight.effect_id == action.effect_id:
        receiver = room.receiver
        rtt_s = receiver.rtt_s + RTT_WEIGHT * (action.took_s - receiver.rtt_s)
        level = receiver.observed_level if room.overruled is not None else room.in_flight.level
        expires_at = out.stamp.now_at + max(state.settings.human_window_s, 4 * rtt_s)
        sent = answered(room.sent, expires_at, out.stamp.now_at)
        now_at = out.stamp.now_at
        receiver = but(receiver, rtt_s=rtt_s, observed_level=level, observed_at=now_at, level_at=now_at)
        room = but(room, in_flight=None, receiver=receiver, sent=sent)
        return _without_stray_level(room, out)
    if isinstance(room.phase, Selecting) and room.phase.effect_id == action.effect_id:
        return read_again(room, out, "confirm_source")
    return room


def _without_stray_level(room: Room, out: Out) -> Room:
    """Put right a level of ours that arrived after the reason for it had gone."""
    stray = (
        room.phase == Resting()
        and room.overruled is None
        and room.receiver.observed_level != base_level(room)
    )
    return sound.bring_home(room, out, "stray_level") if stray else room


def command_failed(room: Room, state: MusicState, action: CommandFailed, out: Out) -> Room:
    """Take in a failure: nothing is tried again blindly, the receiver is asked how it stands."""
    if room.in_flight is not None and room.in_flight.effect_id == action.effect_id:
        expires_at = out.stamp.now_at + state.settings.human_window_s
        room = but(room, in_flight=None, sent=answered(room.sent, expires_at, out.stamp.now_at))
        if action.reason == "commit_late":
            return _without_fade(room, state, out)
        sound.do_now(room, state, out)
        if isinstance(room.phase, Fading | Resting):
            room = phases.become_resting(room)
        room = but(room, receiver=but(room.receiver, available=False))
        if not state.heos_up:
            return room  # said already; everything is read anew when the link is back
        text = f"Room {room.name}: the receiver did not take a level ({action.reason}). {action.detail}"
        out.say("warning", text.rstrip(), "volume_failed")
        return read_again(room, out, "doubt")
    if isinstance(room.phase, Selecting) and room.phase.effect_id == action.effect_id:
        return select_failed(room, state, out, f"{action.reason} {action.detail}".rstrip())
    return room


def _without_fade(room: Room, state: MusicState, out: Out) -> Room:
    """Act at once where the journal could not promise to remember the base in time; nothing has been sent."""
    phase = room.phase
    if not isinstance(phase, Fading):
        return room
    if phase.kind in ("to", "restore"):
        return phases.become_resting(
            with_kept(room, faded=None), wanted_level=phase.to_level, because=phase.because, why=phase.why
        )
    if phase.then.source is not None:
        return sound.jump(room, out, phase)
    sound.do_now(room, state, out)
    return sound.bring_home(room, out, "without_fade")


def select_failed(room: Room, state: MusicState, out: Out, detail: str) -> Room:
    """Give a source up: what was on stays on, at its own level."""
    phase = room.phase
    name = phase.source.input or "the former source" if isinstance(phase, Selecting) else "a source"
    out.say("warning", f"Room {room.name}: {name} could not be selected ({detail}).", "select_failed")
    room = with_kept(but(room, restore_at=None), borrowed=None)
    return sound.fade_home(room, state, out, "select_failed")
