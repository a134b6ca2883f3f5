"""What can go wrong in a way that a person can mend: a flat tree, one line of meaning each.

A programmer's error is no `SegueError`; it is whatever Python raises, and it ends the process.
"""

from typing import ClassVar

import msgspec


class SegueError(Exception):
    """Something that a person can understand and mend. Never raised itself, only its children are."""

    code: ClassVar[str] = "error"
    """A stable word for programs."""
    exit_code: ClassVar[int] = 1
    """What a process that ends with this error gives to its parent."""

    def __init__(self, message: str, hint: str = "") -> None:
        if type(self) is SegueError:
            raise TypeError("raise one of SegueError's children, which say what went wrong")
        super().__init__(message)
        self.message = message
        """Names the thing, the value and the limit."""
        self.hint = hint
        """The next step; may be empty."""

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class StartError(SegueError):
    """The daemon cannot start here: an address is taken, or a directory is not ours to write."""

    code = "cannot_start"


class ConfigProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with the configuration. Never shows a secret."""

    source: str
    """The file's path, or the name of the environment variable."""
    line: int | None = None
    """Counted from 1, as editors do; nothing for what is missing or not from a file."""
    column: int | None = None
    """Counted from 1."""
    key: str = ""
    """`plex.url` or `room[living].fade_in_s`; empty where the file itself is meant."""
    expected: str
    got: str = ""
    """The value, shortened; empty where there is none or it must not be shown."""
    suggestion: str = ""
    """What was probably meant."""
    hint: str = ""
    """The next step, as a sentence."""

    @property
    def where(self) -> str:
        """The place as compilers write it: `segue.toml:12:5`."""
        return ":".join(str(part) for part in (self.source, self.line, self.column) if part is not None)

    def __str__(self) -> str:
        text = f"{self.where}: "
        if self.key:
            text += f"{self.key}: "
        text += self.expected
        if self.got:
            text += f", got {self.got}"
        if self.suggestion:
            text += f"; did you mean {self.suggestion}?"
        if self.hint:
            text += f"\n    {self.hint}"
        return text


class ConfigError(SegueError):
    """The configuration cannot be used; carries every problem that was found, not only the first."""

    code = "bad_config"
    exit_code = 2

    def __init__(self, problems: list[ConfigProblem]) -> None:
        if not problems:
            raise ValueError("a ConfigError has at least one problem")
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"The configuration has {count}:\n" + "\n".join(map(str, problems)))
        self.problems = tuple(problems)
