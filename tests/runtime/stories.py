"""Random stories that happen to a house, for property tests."""

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace as but

from segue.core.actions import Action, ConfigLoaded, DeadlineDue
from segue.core.music import actions as music
from segue.core.system import actions as system
from tests.runtime.steps import PID, SETTINGS, Steps, song

levels = st.integers(0, 100)
rooms = st.sampled_from(["living", "-", "attic"])
words = st.text(max_size=8)
sources = st.builds(
    music.Source,
    input=st.sampled_from(["", "inputs/cd", "inputs/tv"]),
    source_id=st.sampled_from([None, 3, 1027]),
    station=words,
)
sessions = st.lists(
    st.builds(
        song, st.sampled_from(["playing", "paused", "buffering", "stopped"]), st.sampled_from(["100", "101"])
    ),
    max_size=2,
).map(tuple)
observed: st.SearchStrategy[Action] = st.one_of(
    st.builds(music.WebhookHeard, event=words),
    st.builds(music.HeosLinkChanged, up=st.booleans(), host=words),
    st.builds(music.VolumeChanged, heos_player_id=st.just(PID), level=levels, muted=st.booleans()),
    st.builds(music.SourceChanged, heos_player_id=st.just(PID), source=sources),
    st.builds(
        music.ReceiverStateChanged,
        heos_player_id=st.just(PID),
        play_state=st.sampled_from(["play", "pause", "stop", "unknown"]),
    ),
    st.builds(music.PlaybackFailed, heos_player_id=st.just(PID), text=words),
    st.builds(system.ActorFailed, actor=words, error=words, again_in_s=st.floats(0, 15)),
    st.builds(system.JournalChanged, status=st.sampled_from(["ok", "late", "failed"]), detail=words),
    st.just(ConfigLoaded(SETTINGS)),
    st.just(ConfigLoaded(but(SETTINGS, rooms=()))),
    st.just(DeadlineDue("music")),
)
asked: st.SearchStrategy[Action] = st.one_of(
    st.builds(music.PlayRequested, room=rooms),
    st.builds(music.PauseRequested, room=rooms),
    st.builds(music.StopRequested, room=rooms),
    st.builds(music.SkipRequested, room=rooms, direction=st.sampled_from(["next", "previous"])),
    st.builds(music.SeekRequested, room=rooms, position_ms=st.integers(-1, 300_000)),
    st.builds(music.VolumeRequested, room=rooms, level=st.integers(-5, 105)),
    st.builds(music.VolumeStepRequested, room=rooms, direction=st.sampled_from(["up", "down"])),
    st.builds(music.MuteRequested, room=rooms, muted=st.sampled_from([None, True, False])),
    st.builds(music.SourceRequested, room=rooms, input=st.sampled_from(["cd", "inputs/tv", "x y"])),
    st.builds(
        music.FadeRequested, room=rooms, to_level=levels, duration_s=st.sampled_from([0.0, 0.3, 2.5, 1e9])
    ),
)
waits = st.sampled_from([0.0, 0.001, 0.02, 0.3, 1.7, 11.0])
Story = list[tuple[Any, ...]]
stories: st.SearchStrategy[Story] = st.lists(
    st.one_of(
        st.tuples(st.just("act"), st.one_of(observed, asked), waits),
        st.tuples(st.just("answer"), st.integers(0, 5), sessions, st.booleans()),
        st.tuples(st.just("settle"), sessions, st.booleans()),
    ),
    max_size=25,
)


def lived(steps: Steps, story: Story) -> Steps:
    """Let a story happen to a house."""
    for happening in story:
        match happening:
            case ("act", action, after_s):
                steps.take(action, by="uid:1000", after_s=after_s)
            case ("answer", which, plays, fail) if steps.open_effects:
                steps.answer(which, plays, fail=fail)
            case ("settle", plays, fail):
                steps.answer_all(plays, fail=fail, rounds=60)
    return steps
