"""What the store writes down: the entries, the journal's promise, and a journal that lives in memory."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from segue.core.actions import Action
from segue.core.stamp import Stamp
from segue.core.state import State
from segue.core.vocabulary import EffectBase


class Entry(msgspec.Struct, frozen=True):
    """One step, as it happened. Holds the states by reference: they are immutable, so a thread may encode them."""

    stamp: Stamp
    action: Action
    effects: tuple[EffectBase, ...]
    before: State
    after: State
    cause: int | None = None
    """Number of the step that led to this one; nothing for what came from outside."""
    rule: str = ""
    """Name of the rule that asked for the action; empty for all others."""
    by: str = ""
    """Who dispatched it: `actor:heos_controller`, `uid:1000`, `token:192.0.2.7`, `store`."""


class Journal(Protocol):
    """Where steps are written. Nothing here blocks the loop."""

    def append(self, entries: Sequence[Entry]) -> None:
        """Take the steps of one dispatch, to be committed together with the durable slices they changed."""

    def listen(self, on_committed: Callable[[int], None], on_failed: Callable[[str], None]) -> None:
        """Name who hears, on the trio thread, that all steps up to a number are on disk, or why they are not."""


class MemoryJournal:
    """A journal in memory, for tests under virtual time: commits at once, or when it is told to."""

    def __init__(self, *, commit_at_once: bool = True) -> None:
        self.entries: list[Entry] = []
        self.commit_at_once = commit_at_once
        self._on_committed: Callable[[int], None] = lambda _seq: None
        self._on_failed: Callable[[str], None] = lambda _error: None

    def listen(self, on_committed: Callable[[int], None], on_failed: Callable[[str], None]) -> None:
        """Name who hears of commits."""
        self._on_committed, self._on_failed = on_committed, on_failed

    def append(self, entries: Sequence[Entry]) -> None:
        """Keep the steps."""
        self.entries.extend(entries)
        if self.commit_at_once:
            self.commit()

    def commit(self) -> None:
        """Say that everything so far is on disk."""
        if self.entries:
            self._on_committed(self.entries[-1].stamp.seq)

    def fail(self, error: str) -> None:
        """Say that the disk refused."""
        self._on_failed(error)
