"""The phases of a room's level, and the only functions that make one. `sound.py` tells how they follow each other."""

from typing import Literal

from msgspec.structs import replace as but

from segue.core.music import fade as curve
from segue.core.music.actions import Source
from segue.core.music.effects import SelectSource, Verb
from segue.core.music.levels import limited, with_kept
from segue.core.music.state import (
    Faded,
    FadeKind,
    Fading,
    MusicState,
    Resting,
    Room,
    Selecting,
    Silenced,
    Then,
)
from segue.core.vocabulary import Out

SELECT_CONFIRM_S = 10.0
"""Least time given to an input to be observed: a receiver that wakes takes about 4 s."""
TARGET_STATE: dict[str, Literal["playing", "paused", "stopped"]] = {
    "play": "playing",
    "pause": "paused",
    "stop": "stopped",
}


def become_resting(room: Room, *, wanted_level: int | None = None, because: int = 0, why: str = "") -> Room:
    """Let the level be the person's; with a wanted level, bring it there first."""
    if wanted_level is not None:
        room = _remembering(room, wanted_level)
    return but(room, phase=Resting(wanted_level=wanted_level, because=because, why=why))


def become_home(room: Room) -> Room:
    """Rest at the base: nothing of ours is left to undo."""
    return with_kept(become_resting(room), faded=None)


def become_fading(
    room: Room,
    state: MusicState,
    out: Out,
    *,
    kind: FadeKind,
    to_level: int,
    duration_s: float,
    why: str,
    from_level: int | None = None,
    because: int | None = None,
    then: Then | None = None,
) -> Room:
    """Go to a level along a curve, and then do what follows. Remembers where this may leave the receiver."""
    here = room.receiver.observed_level
    to_level = limited(room, to_level)
    start = here if from_level is None else from_level
    start = to_level if start is None else start
    wish_s = duration_s if state.fades_allowed else 0.0
    lasts_s = curve.stretched_s(
        wish_s, abs(to_level - start), room.receiver.rtt_s, state.settings.step_levels_max
    )
    now_at = out.stamp.now_at
    phase = Fading(
        kind=kind,
        from_level=start,
        to_level=to_level,
        started_at=now_at,
        ends_at=now_at + lasts_s,
        because=out.stamp.seq if because is None else because,
        why=why,
        then=then or Then(),
    )
    return _remembering(but(room, phase=phase, overruled=None), start, to_level)


def _remembering(room: Room, *levels: int) -> Room:
    """Remember where we may leave the receiver: between where it is and the levels that we go through."""
    span = list(levels)
    if room.receiver.observed_level is not None:
        span.append(room.receiver.observed_level)
    if room.kept.faded is not None:
        span += [room.kept.faded.low, room.kept.faded.high]
    return with_kept(room, faded=Faded(min(span), max(span)))


def become_silenced(
    room: Room, state: MusicState, out: Out, verb: Verb, target: Literal["plex", "heos"], because: int
) -> Room:
    """Keep the level down until the player is observed to have obeyed."""
    give_up_at = out.stamp.now_at + state.settings.confirm_s
    return but(
        room,
        phase=Silenced(until=TARGET_STATE[verb], target=target, give_up_at=give_up_at, because=because),
    )


def become_selecting(
    room: Room,
    state: MusicState,
    out: Out,
    source: Source,
    level_after: int,
    because: int,
    why: str,
    *,
    play: bool = False,
) -> Room:
    """Ask for a source and wait until it is observed; with `play`, the Plex player then has to play."""
    pid = room.receiver.heos_player_id
    if pid is None:
        return become_resting(room)
    effect_id = out.add(
        SelectSource(
            effect_id=out.next_id,
            why=why,
            because=because,
            room=room.name,
            heos_player_id=pid,
            source=source,
        )
    )
    give_up_at = out.stamp.now_at + max(state.settings.confirm_s, SELECT_CONFIRM_S)
    return but(room, phase=Selecting(source, effect_id, level_after, give_up_at, because, play))
