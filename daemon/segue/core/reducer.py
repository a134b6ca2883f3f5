"""The root: hands an action to the domain it belongs to. Nothing is decided here."""

from typing import assert_never

from msgspec.structs import replace as but

from segue.core.actions import DOMAINS, Action, ConfigLoaded, DeadlineDue, Domain
from segue.core.music import reducer as music
from segue.core.music.actions import MusicAction
from segue.core.stamp import Stamp
from segue.core.state import State
from segue.core.system import reducer as system
from segue.core.system.actions import SystemAction
from segue.core.vocabulary import EffectBase

Step = tuple[State, list[EffectBase]]


def reduce(state: State, action: Action, stamp: Stamp) -> Step:
    """Give the next state and what is to be done; the same state object when nothing changes."""
    if isinstance(action, MusicAction):
        return _with_music(state, music.reduce(state.music, action, stamp))
    if isinstance(action, SystemAction):
        return _with_system(state, system.reduce(state.system, action, stamp))
    if isinstance(action, ConfigLoaded):
        state = but(state, system=system.configure(state.system))
        return _with_music(state, music.configure(state.music, action.music, stamp))
    return _expire(state, action, stamp)


def next_deadline(state: State) -> tuple[float, Domain] | None:
    """Give the earliest moment that any domain has asked for, and whose it is."""
    moments = (music.next_deadline(state.music), system.next_deadline(state.system))
    due = [(m, d) for m, d in zip(moments, DOMAINS, strict=True) if m is not None]
    return min(due, default=None)


def _expire(state: State, action: DeadlineDue, stamp: Stamp) -> Step:
    match action.domain:
        case "music":
            return _with_music(state, music.expire(state.music, stamp))
        case "system":
            return _with_system(state, system.expire(state.system, stamp))
        case _:
            assert_never(action.domain)


def _with_music(state: State, step: music.Step) -> Step:
    part, effects = step
    return (state if part is state.music else but(state, music=part)), effects


def _with_system(state: State, step: system.Step) -> Step:
    part, effects = step
    return (state if part is state.system else but(state, system=part)), effects
