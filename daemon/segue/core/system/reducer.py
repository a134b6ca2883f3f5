"""Everything that changes the system domain's state happens here.

Theory of operation. The slice keeps what `seguectl status` must be able to say about the daemon, and one deadline: the
watchdog's. Because that deadline passes through the same store and the same reducer as every fade, a hang of either
stops the feeding, and a hang of a device does not.
"""

from typing import assert_never

from msgspec.structs import replace as but

from segue.core.stamp import Stamp
from segue.core.system.actions import (
    ActorFailed,
    ActorRecovered,
    DaemonStarted,
    DomainSetAside,
    JournalChanged,
    ReloadRefused,
    ShutdownRequested,
    SystemActions,
)
from segue.core.system.effects import FeedWatchdog
from segue.core.system.state import ActorTrouble, SystemState
from segue.core.timers import is_due
from segue.core.vocabulary import EffectBase, Out

Step = tuple[SystemState, list[EffectBase]]


def reduce(state: SystemState, action: SystemActions, stamp: Stamp) -> Step:
    """Take one action in: the table of contents of the domain."""
    out = Out(stamp)
    match action:
        case DaemonStarted():
            state = _started(action, out)
        case ReloadRefused():
            out.say("error", f"The configuration was not reloaded:\n{action.problems}", "reload_refused")
            state = but(state, config_problems=action.problems)
        case ShutdownRequested():
            out.say("info", f"Stopping ({action.reason}).", "shutdown")
            state = but(state, stopping=True)
        case ActorFailed():
            state = _actor_failed(state, action, out)
        case ActorRecovered():
            out.say("info", f"{action.actor} works again.", "actor_recovered")
            state = but(state, troubles=_without(state, action.actor))
        case JournalChanged():
            state = _journal_changed(state, action, out)
        case DomainSetAside():
            text = f"What was kept of {action.domain} was set aside: {action.detail}"
            out.say("error", text, "domain_set_aside")
            state = but(state, set_aside=(*state.set_aside, (action.domain, action.detail)))
        case _:
            assert_never(action)
    return state, out.effects


def configure(state: SystemState) -> SystemState:
    """Note that a configuration was taken in."""
    return but(state, config_generation=state.config_generation + 1, config_problems="")


def expire(state: SystemState, stamp: Stamp) -> Step:
    """Feed the watchdog when it is due. A spurious call changes nothing."""
    if not is_due(state.watchdog_at, stamp.now_at) or state.watchdog_s is None:
        return state, []
    out = Out(stamp)
    out.add(FeedWatchdog(effect_id=out.next_id, why="alive", because=stamp.seq))
    return but(state, watchdog_at=stamp.now_at + state.watchdog_s), out.effects


def next_deadline(state: SystemState) -> float | None:
    """Give the next moment at which something of this domain is due."""
    return state.watchdog_at


def _started(action: DaemonStarted, out: Out) -> SystemState:
    now_at = out.stamp.now_at
    watchdog_at = None if action.watchdog_s is None else now_at
    return SystemState(
        version=action.version, started_at=now_at, watchdog_s=action.watchdog_s, watchdog_at=watchdog_at
    )


def _without(state: SystemState, actor: str) -> tuple[ActorTrouble, ...]:
    return tuple(t for t in state.troubles if t.actor != actor)


def _actor_failed(state: SystemState, action: ActorFailed, out: Out) -> SystemState:
    """Say it once when an actor goes down, not at every try."""
    before = next((t for t in state.troubles if t.actor == action.actor), None)
    if before is None:
        text = f"{action.actor} failed ({action.error}); starting it again in {action.again_in_s:.0f} s."
        out.say("error", text, "actor_failed")
    trouble = ActorTrouble(
        actor=action.actor,
        error=action.error,
        failures=1 if before is None else before.failures + 1,
        since_at=out.stamp.now_at if before is None else before.since_at,
    )
    return but(state, troubles=(*_without(state, action.actor), trouble))


def _journal_changed(state: SystemState, action: JournalChanged, out: Out) -> SystemState:
    if action.status == state.journal:
        return but(state, journal_detail=action.detail)
    if action.status == "ok":
        out.say("info", "The journal commits in time again; fades are back.", "journal_ok")
    else:
        text = f"The journal is {action.status} ({action.detail}); sound acts without fades until it is back."
        out.say("warning", text, f"journal_{action.status}")
    return but(state, journal=action.status, journal_detail=action.detail)
