"""Writes what the core says to the log: a message is a consequence like any other."""

from typing import Any

from segue.core.vocabulary import EffectBase, Say


class LogWriter:
    """Owns the log's lines; never blocks."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def deliver(self, effect: EffectBase) -> None:
        """Write one line, with the step that it comes from."""
        if isinstance(effect, Say):
            seq = effect.effect_id.partition(".")[0]
            getattr(self._log, effect.level)(effect.text, why=effect.why, seq=int(seq))
