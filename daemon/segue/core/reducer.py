"""The root: hands an action to the domain it belongs to. Nothing is decided here."""

from typing import assert_never

from msgspec.structs import replace as but

from segue.core.actions import DOMAINS, Action, ConfigLoaded, DeadlineDue, Domain
from segue.core.ingest import reducer as ingest
from segue.core.ingest.requests import IngestAction
from segue.core.music import reducer as music
from segue.core.music.actions import MusicAction
from segue.core.party import reducer as party
from segue.core.party.requests import PartyAction
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
    if isinstance(action, IngestAction):
        return _with_ingest(state, ingest.reduce(state.ingest, action, stamp))
    if isinstance(action, PartyAction):
        return _with_party(state, party.reduce(state.party, action, stamp))
    if isinstance(action, SystemAction):
        return _with_system(state, system.reduce(state.system, action, stamp))
    if isinstance(action, ConfigLoaded):
        state = but(state, system=system.configure(state.system))
        return _configure(state, action, stamp)
    return _expire(state, action, stamp)


def next_deadline(state: State) -> tuple[float, Domain] | None:
    """Give the earliest moment that any domain has asked for, and whose it is."""
    moments = (
        music.next_deadline(state.music),
        ingest.next_deadline(state.ingest),
        party.next_deadline(state.party),
        system.next_deadline(state.system),
    )
    due = [(m, d) for m, d in zip(moments, DOMAINS, strict=True) if m is not None]
    return min(due, default=None)


def _configure(state: State, action: ConfigLoaded, stamp: Stamp) -> Step:
    """Give each domain its settings; each one's effects are numbered after those of the ones before."""
    state, of_music = _with_music(state, music.configure(state.music, action.music, stamp))
    part, of_ingest = ingest.configure(state.ingest, action.ingest, stamp, first_effect=len(of_music))
    state, of_ingest = _with_ingest(state, (part, of_ingest))
    before = len(of_music) + len(of_ingest)
    state, of_party = _with_party(
        state, party.configure(state.party, action.party, stamp, first_effect=before)
    )
    return state, [*of_music, *of_ingest, *of_party]


def _expire(state: State, action: DeadlineDue, stamp: Stamp) -> Step:
    match action.domain:
        case "music":
            return _with_music(state, music.expire(state.music, stamp))
        case "ingest":
            return _with_ingest(state, ingest.expire(state.ingest, stamp))
        case "party":
            return _with_party(state, party.expire(state.party, stamp))
        case "system":
            return _with_system(state, system.expire(state.system, stamp))
        case _:
            assert_never(action.domain)


def _with_music(state: State, step: music.Step) -> Step:
    part, effects = step
    return (state if part is state.music else but(state, music=part)), effects


def _with_ingest(state: State, step: ingest.Step) -> Step:
    part, effects = step
    return (state if part is state.ingest else but(state, ingest=part)), effects


def _with_party(state: State, step: party.Step) -> Step:
    part, effects = step
    return (state if part is state.party else but(state, party=part)), effects


def _with_system(state: State, step: system.Step) -> Step:
    part, effects = step
    return (state if part is state.system else but(state, system=part)), effects
