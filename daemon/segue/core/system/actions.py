"""What the daemon learns about itself."""

from typing import Literal

from segue.core.vocabulary import ActionBase, tagger


class SystemAction(ActionBase, frozen=True, tag_field="type", tag=tagger("system")):
    """An action of the system domain."""


class DaemonStarted(SystemAction, frozen=True):
    """The first action of a process: what was loaded has been loaded."""

    version: str
    watchdog_s: float | None = None
    """How often the service manager wants to hear from us; nothing without one."""


class ReloadRefused(SystemAction, frozen=True):
    """A reload found a broken configuration; the old one stands."""

    problems: str


class ShutdownRequested(SystemAction, frozen=True):
    """The daemon is to end: levels go home first."""

    reason: str


class ActorFailed(SystemAction, frozen=True):
    """An actor raised something it does not know; the supervisor starts it again."""

    actor: str
    error: str
    again_in_s: float


class ActorRecovered(SystemAction, frozen=True):
    """An actor has run for a while since it failed."""

    actor: str


class JournalChanged(SystemAction, frozen=True):
    """The journal commits in time, too late, or not at all."""

    status: Literal["ok", "late", "failed"]
    detail: str = ""


class DomainSetAside(SystemAction, frozen=True):
    """A durable slice could not be used and was put away; the daemon started without it."""

    domain: str
    detail: str


SystemActions = (
    DaemonStarted
    | ReloadRefused
    | ShutdownRequested
    | ActorFailed
    | ActorRecovered
    | JournalChanged
    | DomainSetAside
)
