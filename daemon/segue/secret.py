"""A text that must not be seen."""

import hmac
from typing import NoReturn


class Secret:
    """A token or passphrase. Shown as `***` wherever it is printed; only `reveal()` gives it away.

    It is masked by its type and not by those who log, and it can be neither pickled nor encoded by msgspec, so that it
    cannot wander into the journal or an answer by accident.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the secret itself; the caller answers for where it goes."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be pickled or copied to disk")
