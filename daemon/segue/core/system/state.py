"""What the daemon knows about itself."""

from typing import Literal

import msgspec


class ActorTrouble(msgspec.Struct, frozen=True):
    """An actor that failed and has not yet proved itself again."""

    actor: str
    error: str
    failures: int
    since_at: float


class SystemState(msgspec.Struct, frozen=True):
    """The system domain's slice."""

    version: str = ""
    started_at: float = 0.0
    stopping: bool = False
    journal: Literal["ok", "late", "failed"] = "ok"
    journal_detail: str = ""
    config_generation: int = 0
    config_problems: str = ""
    """Why the last reload was refused; empty when the configuration in force is the one on disk."""
    troubles: tuple[ActorTrouble, ...] = ()
    set_aside: tuple[tuple[str, str], ...] = ()
    watchdog_s: float | None = None
    watchdog_at: float | None = None
