"""How a room's music makes way for a film that is watched together, and comes back.

Theory of operation. A rule tells each room its *scene*: a film, an intermission, or nothing. `follow` is called at the
end of every step that touched a room; when the room is calm and what was last arranged is not what the scene wants, it
arranges that: the music fades away, the player is paused and the input selected in silence, and the film's level set;
or all of it backwards. Several steps may lie between, so the scene may change at any moment and is caught up with.

`room.kept.yielded` says what was there before and what is ours, and outlives the process. It ends when everything is
back, or when a person chooses another input: then nothing in the room is ours until the party is over.
"""

from typing import Literal

from msgspec.structs import replace as but

from segue.core.music import phases, sound
from segue.core.music.actions import Scene, Source
from segue.core.music.levels import base_level, film_input, scene_level, with_kept
from segue.core.music.players import AUX_INPUT_SOURCE_ID, may_take_over, streams
from segue.core.music.state import Fading, MusicState, Resting, Room, Then, Yielded
from segue.core.vocabulary import Out

SOFTER = 0.75
"""Share of its own level at which music is heard in an intermission, where no level is configured."""
SEAT_DUE_S = 60.0
"""So long after a start of the daemon, what it knew of a party holds without anybody telling of it: the agent has to
find its orchestrator again, which may be starting as well."""

BACK_S = 5.0
"""A party that is gone may be back within this time, as when the agent starts anew: nothing is given back before."""

HURRY_S = 5.0
"""Longest fade before a film, whatever the room's own is: after an intermission the input is to be there in time."""

Arranged = Literal["", "film", "music"]


# ------------------------------------------------------------------ what is wanted


def scene_changed(room: Room, scene: Scene, out: Out) -> Room:
    """Note what the party wants now. Its end is believed after a while only: it may be back at once."""
    room = but(room, seat_due_at=None, yield_ends_at=None, pause_due_at=None)
    before = room.kept.yielded or Yielded(scene=Scene())
    after = but(before, scene=scene, because=out.stamp.seq)
    if scene.kind:
        is_back = (
            before.under_way and not before.scene.kind
        )  # how far it had come is not known: from the start
        return with_kept(room, yielded=but(after, arranged="") if is_back else after)
    if before.let_go or not (before.arranged or before.under_way or before.music):
        return with_kept(room, yielded=None)
    after = but(after, arranged=before.arranged or "film", may_play=before.may_play and before.scene.in_step)
    return ending(with_kept(room, yielded=after), out)


def ending(room: Room, out: Out) -> Room:
    """Give everything back in a while."""
    return but(room, yield_ends_at=out.stamp.now_at + max(BACK_S, room.settings.restore_after_s))


def revived(room: Room, out: Out) -> Room:
    """Wait for news of the party that a former process knew of."""
    yielded = room.kept.yielded
    if yielded is None:
        return room
    room = but(room, seat_due_at=out.stamp.now_at + SEAT_DUE_S)
    return room if yielded.scene.kind else ending(room, out)


def _wanted(room: Room, yielded: Yielded) -> Arranged:
    """Say what the scene asks for. Without music, an intermission is as quiet as a pause."""
    match yielded.scene.kind:
        case "film":
            return "film"
        case "intermission":
            back = room.settings.intermission_music and yielded.may_play and bool(yielded.music)
            return "music" if back or yielded.arranged == "music" else "film"
        case _:
            return "" if room.yield_ends_at is None else yielded.arranged


def follow(room: Room, state: MusicState, out: Out) -> Room:
    """Arrange what the scene wants, once the room is calm and it is known what plays there."""
    yielded = room.kept.yielded
    if yielded is None or yielded.let_go or not sound.is_calm(room):
        return room
    wanted = _wanted(room, yielded)
    if room.pause_due_at is not None and (room.activity != "playing" or wanted in ("film", yielded.arranged)):
        room = but(room, pause_due_at=None)
    if wanted == yielded.arranged:
        return _settled(room, yielded)
    if state.settings.plex_configured and state.plex.status == "unknown":
        return room
    if wanted != "film" and yielded.music == "plex" and room.activity == "playing" and not has_music(room):
        # The pause is under way still, so a play would be lost on it.
        due_at = out.stamp.now_at + state.settings.confirm_s
        return room if room.pause_due_at is not None else but(room, pause_due_at=due_at)
    if room.settings.heos_player and not room.receiver.available:
        return _without_receiver(room, state, out, yielded, wanted)
    match wanted:
        case "film":
            return _to_film(room, state, out, yielded)
        case "music":
            return _to_music(room, state, out, yielded)
        case "":
            return _give_back(room, state, out, yielded)


def _settled(room: Room, yielded: Yielded) -> Room:
    """Note that it has come about; when everything is back, nothing is ours any more."""
    is_lost = bool(room.settings.heos_player) and not room.receiver.available
    if room.phase != Resting() or is_lost:
        return room
    if yielded.scene.kind:
        return with_kept(room, yielded=but(yielded, under_way=False)) if yielded.under_way else room
    is_over = not yielded.arranged and room.yield_ends_at is None
    return with_kept(room, yielded=None) if is_over else room


# ------------------------------------------------------------------ the three ways


def _to_film(room: Room, state: MusicState, out: Out, yielded: Yielded) -> Room:
    """Let the music fade away, and hear the film at its level."""
    music = _playing(room, yielded)
    yielded = _begun(room, yielded)
    place, here = film_input(room), room.receiver.observed_source.input
    switch = bool(place) and here != place and (yielded.switched or _may_switch(room, out))
    yielded = but(
        yielded,
        arranged="film",
        under_way=True,
        switched=yielded.switched or switch,
        music=music or yielded.music,
        may_play=bool(music) or yielded.may_play,
    )
    room, because = with_kept(room, yielded=yielded), yielded.because
    if switch:
        film = Source(input=place, source_id=AUX_INPUT_SOURCE_ID, media_id=place)
        verb: Literal["pause"] | None = "pause" if music == "plex" else None
        room = sound.select(room, state, out, film, "film_begins", borrow=False, because=because, verb=verb)
        return _hurried(room)
    if music:
        return _hurried(_silence(room, state, out, music, because))
    return _to_level(room, state, out, "film_begins", because)


def _begun(room: Room, yielded: Yielded) -> Yielded:
    """Remember what was before, once a party."""
    if yielded.source is not None:
        return yielded
    base, softly = base_level(room), room.settings.intermission_level
    if softly is None and base is not None:
        softly = int(base * SOFTER)
    return but(
        yielded,
        source=room.receiver.observed_source,
        film_level=room.settings.film_level,
        intermission_level=softly,
    )


def _to_music(room: Room, state: MusicState, out: Out, yielded: Yielded) -> Room:
    """Bring the music back softly; the film's level is left where it was."""
    room = with_kept(room, yielded=but(yielded, arranged="music", under_way=True))
    return _return_to_source(room, state, out, yielded, "intermission_begins", plays=True)


def _give_back(room: Room, state: MusicState, out: Out, yielded: Yielded) -> Room:
    """Bring everything back to what was before the party: the input, the level, the music if it played."""
    room = with_kept(room, yielded=but(yielded, arranged="", under_way=True))
    if room.kept.borrowed is not None and room.activity == "stopped":
        restore_at = out.stamp.now_at + room.settings.restore_after_s
        room = but(room, restore_at=restore_at, restore_because=yielded.because)
    plays = _comes_back(room, yielded)
    return _return_to_source(room, state, out, yielded, "party_is_over", plays=plays)


def _return_to_source(
    room: Room, state: MusicState, out: Out, yielded: Yielded, why: str, *, plays: bool
) -> Room:
    """Listen to what was on before, if it was us who left it; with music, if it is to play."""
    source, because = yielded.source, yielded.because
    starts = plays and not _sounds(room, yielded)
    if source is None or not yielded.switched or _is_at(room, source):
        if starts and yielded.music:
            return _play(room, state, out, yielded.music, why, because)
        return _to_level(room, state, out, why, because, home=not yielded.scene.kind)
    known = bool(source.input) or (source.source_id is not None and plays)
    if not known or not _is_awake(room):
        return _to_level(room, state, out, why, because, home=not yielded.scene.kind)
    verb: Literal["play"] | None = "play" if starts and yielded.music == "plex" else None
    return sound.select(room, state, out, source, why, borrow=False, because=because, verb=verb)


def _without_receiver(room: Room, state: MusicState, out: Out, yielded: Yielded, wanted: Arranged) -> Room:
    """While the receiver is out of reach, at least pause the music for the film, and play it again after."""
    because = yielded.because
    if wanted == "film" and not yielded.music and _playing(room, yielded) == "plex":
        sound.command(room, state, out, "pause", "plex", "film_begins", because)
        paused = but(yielded, arranged="film", under_way=True, music="plex", may_play=True)
        return with_kept(room, yielded=paused)
    if wanted == "":
        if yielded.music == "plex" and _comes_back(room, yielded) and room.activity != "playing":
            sound.command(room, state, out, "play", "plex", "party_is_over", because)
        # Where nothing was switched, nothing has to be given back once the receiver is there.
        rest = but(yielded, music="", may_play=False)
        return with_kept(room, yielded=None if yielded.source is None else rest)
    return room


# ------------------------------------------------------------------ sound


def _silence(room: Room, state: MusicState, out: Out, music: Literal["plex", "heos"], because: int) -> Room:
    """Fade out and pause, where the input stays as it is."""
    pausable = music == "plex" or room.receiver.observed_source.queue_id is not None
    then = Then(verb="pause" if pausable else "stop", target=music)
    settings = room.settings
    soft = settings.fade_out_s > 0.0 and "pause" in settings.fade_on and state.fades_allowed
    if soft and room.receiver.available and room.receiver.observed_level:
        return sound.fade_out_then(room, state, out, then, "film_begins", because)
    assert then.verb is not None
    sound.command(room, state, out, then.verb, music, "film_begins", because)
    return _to_level(room, state, out, "film_begins", because)


def _hurried(room: Room) -> Room:
    """Let a fade away be short enough for the film."""
    phase = room.phase
    if not isinstance(phase, Fading) or phase.ends_at - phase.started_at <= HURRY_S:
        return room
    return but(room, phase=but(phase, ends_at=phase.started_at + HURRY_S))


def _play(
    room: Room, state: MusicState, out: Out, music: Literal["plex", "heos"], why: str, because: int
) -> Room:
    """Play again, from silence where the room is heard."""
    soft = room.settings.fade_in_s > 0.0 and "resume" in room.settings.fade_on and state.fades_allowed
    if not soft or not room.receiver.available or base_level(room) is None:
        sound.command(room, state, out, "play", music, why, because)
        return _to_level(room, state, out, why, because, home=True)
    then = Then(verb="play", target=music)
    return phases.become_fading(
        room,
        state,
        out,
        kind="out",
        to_level=0,
        duration_s=0.0,
        why=why,
        because=because,
        then=then,
    )


def _to_level(room: Room, state: MusicState, out: Out, why: str, because: int, *, home: bool = False) -> Room:
    """Go to the level of the scene, or home to the person's; a level that is nobody's stays."""
    receiver = room.receiver
    if not receiver.available or receiver.observed_level is None:
        return room
    if not home and scene_level(room, receiver.observed_source.input) is None:
        return room
    if receiver.observed_level == base_level(room):
        return room
    return sound.fade_home(room, state, out, why, because=because)


# ------------------------------------------------------------------ what is there


def _playing(room: Room, yielded: Yielded) -> Literal["", "plex", "heos"]:
    """Say whose music is heard here, as far as is known; what nobody hears may go on."""
    receiver, settings = room.receiver, room.settings
    if receiver.available and streams(room):
        return "heos" if receiver.observed_state == "play" else ""
    on_air = not receiver.available or not settings.input or receiver.observed_source.input == settings.input
    if room.activity == "playing" and not yielded.scene.on_music_player and on_air:
        return "plex"
    return ""


def _sounds(room: Room, yielded: Yielded) -> bool:
    """Tell whether the music that made way plays again already."""
    if yielded.music == "heos":
        return streams(room) and room.receiver.observed_state == "play"
    return room.activity == "playing"


def _comes_back(room: Room, yielded: Yielded) -> bool:
    """Tell whether music is to play again when the party is over."""
    return bool(yielded.music) and yielded.may_play and room.settings.restore_music


def _may_switch(room: Room, out: Out) -> bool:
    """Tell whether the receiver may be switched to the film; from our own music's input it may."""
    allowed, why = may_take_over(room)
    ours = bool(room.settings.input) and room.receiver.observed_source.input == room.settings.input
    if ours and why == "another_input_is_in_use":
        return True
    if not allowed:
        text = f"Room {room.name}: the receiver is left alone for the film ({why.replace('_', ' ')})."
        out.say("info", text, why)
    return allowed


def _is_awake(room: Room) -> bool:
    """Tell whether a selection wakes nobody: HEOS calls a receiver stopped that is in standby."""
    settings = room.settings
    may_wake = settings.trust_idle or (settings.take_over == "always" and settings.wake)
    return room.receiver.observed_state != "stop" or may_wake


def _is_at(room: Room, source: Source) -> bool:
    """Tell whether the receiver listens to what it listened to before."""
    seen = room.receiver.observed_source
    return seen.input == source.input and bool(seen.input or seen.source_id is not None)


# ------------------------------------------------------------------ people and absences


def holds(room: Room) -> bool:
    """Tell whether the room is a party's, so that starts and stops of its players mean nothing by themselves."""
    yielded = room.kept.yielded
    return yielded is not None and not yielded.let_go


def has_music(room: Room) -> bool:
    """Tell whether it is an intermission with its music: then the room is heard as on any other day."""
    return room.kept.yielded is not None and room.kept.yielded.arranged == "music"


def music_by_hand(room: Room, plays: bool) -> Room:
    """Note what a person did to the music in an intermission: what they stopped is not brought back."""
    yielded = room.kept.yielded
    if yielded is None or yielded.arranged != "music" or yielded.may_play == plays:
        return room
    return with_kept(room, yielded=but(yielded, may_play=plays))


def never_paused(room: Room) -> Room:
    """Give a player up that did not obey, or that somebody had play again: there is nothing to bring back."""
    yielded = room.kept.yielded
    room = but(room, pause_due_at=None)
    if yielded is None or room.activity != "playing":
        return room
    return with_kept(room, yielded=but(yielded, music="", may_play=False))


def moved_by_hand(room: Room, input_name: str) -> Room:
    """Let a person's choice of input end all that was ours. Choosing the film's own is no other wish than ours."""
    yielded = room.kept.yielded
    if yielded is None or yielded.let_go or not (yielded.arranged or yielded.under_way):
        return room
    if yielded.arranged == "film" and input_name == film_input(room) != "":
        return room
    if not yielded.scene.kind:
        return with_kept(but(room, yield_ends_at=None), yielded=None)
    gone = Yielded(scene=yielded.scene, because=yielded.because, let_go=True)
    return with_kept(room, yielded=gone)


def after_absence(room: Room) -> Room:
    """Compare a receiver that is back with what was arranged: go on with what was cut off; a person's choice stands."""
    yielded, seen = room.kept.yielded, room.receiver.observed_source
    if yielded is None or yielded.let_go:
        return room
    again = but(yielded, arranged="" if yielded.scene.kind else "film")
    if yielded.source is None:  # it was not there when the film began
        return with_kept(room, yielded=again)
    if not seen.input and seen.source_id is None:
        return room
    at_film = bool(film_input(room)) and seen.input == film_input(room)
    at_source = _is_at(room, yielded.source)
    if yielded.under_way and (at_film or at_source):
        return with_kept(room, yielded=again)
    expected = at_film if yielded.switched and yielded.arranged == "film" else at_source
    return room if expected else moved_by_hand(room, seen.input)
