"""Levels: the base that a person chose, the limit that binds us, and whose level an event reports."""

from msgspec.structs import replace as but

from segue.core.music.actions import Source
from segue.core.music.state import Fading, Kept, Room, Selecting, Sent, Then


def limited(room: Room, level: int) -> int:
    """Bring a level into what we may send: 0 to the room's `max_level`."""
    return max(0, min(level, room.settings.max_level))


def base_level(room: Room, input_name: str | None = None) -> int | None:
    """Give the person's level for an input (the selected one when none is named), never above the limit.

    Without one of its own an input takes the room's `start_level`; nothing is known otherwise. What a party has set
    for a scene stands before all of it, and leaves it untouched.
    """
    key = room.receiver.observed_source.input if input_name is None else input_name
    of_scene = scene_level(room, key)
    if of_scene is not None:
        return limited(room, of_scene)
    for name, level in room.kept.base_levels:
        if name == key:
            return limited(room, level)
    start = room.settings.start_level
    return None if start is None else limited(room, start)


def with_base(room: Room, level: int, input_name: str | None = None) -> Room:
    """Keep a level as the person's own for an input: the smaller of it and the limit."""
    key = room.receiver.observed_source.input if input_name is None else input_name
    bounded = limited(room, level)
    of_scene = scene_level(room, key)
    if of_scene is not None:
        if bounded == limited(room, of_scene):
            return room
        room = without_scene_level(room)
    others = tuple(pair for pair in room.kept.base_levels if pair[0] != key)
    if (key, bounded) in room.kept.base_levels:
        return room
    return but(room, kept=but(room.kept, base_levels=tuple(sorted((*others, (key, bounded))))))


def film_input(room: Room) -> str:
    """Give the input that a film's player is wired to; empty where the receiver has no part in it."""
    return room.settings.film_input or ("" if room.settings.film_player else room.settings.input)


def scene_level(room: Room, input_name: str) -> int | None:
    """Give the level that a party has set for an input: no person's, so it is kept apart from theirs."""
    yielded = room.kept.yielded
    if yielded is None or yielded.let_go:
        return None
    if yielded.arranged == "film" and input_name == film_input(room) != "":
        return yielded.film_level
    if yielded.arranged == "music" and yielded.source is not None and input_name == yielded.source.input:
        return yielded.intermission_level
    return None


def without_scene_level(room: Room) -> Room:
    """Forget the level of the scene that is on: a person has chosen another."""
    yielded = room.kept.yielded
    assert yielded is not None
    if yielded.arranged == "film":
        return with_kept(room, yielded=but(yielded, film_level=None))
    return with_kept(room, yielded=but(yielded, intermission_level=None))


def with_persons_level(room: Room, level: int) -> Room:
    """Keep a level that a person has just chosen: for the input that is on, and for the one about to be."""
    room = with_base(room, level)
    match room.phase:
        case Fading(then=Then(source=Source() as source)) as phase:
            then = but(phase.then, level_after=limited(room, level))
            return but(with_base(room, level, source.input), phase=but(phase, then=then))
        case Selecting(source=source) as phase:
            return but(
                with_base(room, level, source.input), phase=but(phase, level_after=limited(room, level))
            )
        case _:
            return room


def with_kept(room: Room, **changes: object) -> Room:
    """Change what is kept of a room; the same room when nothing changes."""
    kept: Kept = but(room.kept, **changes)
    return room if kept == room.kept else but(room, kept=kept)


REORDER_S = 0.15
"""How long an echo may still come after that of a later level of ours: devices thin their events out and delay some."""


LATE_ECHOES_MAX = 4
"""So many levels before the last echo are still expected, for that moment."""


def is_echo(room: Room, level: int, now_at: float) -> bool:
    """Tell whether a reported level is one that we sent lately, or no change at all.

    Echoes may be thinned out but keep their order, more or less, so whatever was sent before the last echo cannot come
    any more after a moment (see `after_echo`): a knob turned back to a level that a fade passed is a person's.
    """
    if level == room.receiver.observed_level:
        return True
    return level in [s.level for s in room.sent if s.expires_at is None or s.expires_at > now_at]


def answered(sent: tuple[Sent, ...], expires_at: float, now_at: float) -> tuple[Sent, ...]:
    """Give what was sent a time to come back by, now that its command has ended, and forget what is over."""
    return tuple(
        [
            Sent(s.level, expires_at) if s.expires_at is None else s
            for s in sent
            if s.expires_at is None or s.expires_at > now_at
        ]
    )


def after_echo(sent: tuple[Sent, ...], level: int, now_at: float) -> tuple[Sent, ...]:
    """Expect no more echoes, after a moment, of what was sent before the level that came back."""
    newest = len(sent) - 1
    while newest > 0 and sent[newest].level != level:
        newest -= 1
    if newest <= 0:
        return sent
    soon = now_at + REORDER_S
    late = sent[max(0, newest - LATE_ECHOES_MAX) : newest]
    marked = [s if s.expires_at is not None and s.expires_at <= soon else Sent(s.level, soon) for s in late]
    return (*marked, *sent[newest:])
