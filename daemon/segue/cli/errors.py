"""The one exception of seguectl, and its exit codes, which scripts rely on."""

from __future__ import annotations

DONE = 0
"""The command was carried out, or what was asked for was shown."""
REFUSED = 1
"""segued refused or failed; or a confirmation was needed and not given."""
USAGE = 2
"""The command line does not make sense; nothing was sent."""
UNREACHABLE = 3
"""segued could not be reached, or what answered is not segued."""
NOT_PERMITTED = 4
"""The socket may not be opened, the token is missing or wrong, or segued says that the caller may not."""
INTERRUPTED = 130
"""Ended by Ctrl-C."""


class CtlError(Exception):
    """A command that ends without success: the exit code, a stable code word, what is wrong, and the next step."""

    def __init__(self, exit_code: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.code = code
        self.message = message
        self.hint = hint
        self.answer = ""
        """The daemon's own words as JSON, where it was the daemon that refused."""
        self.confirm = ""
        """The one-time id with which a second call is carried out, where segued asks for a confirmation."""


def usage(message: str, hint: str = "") -> CtlError:
    """Give the error of a command line that does not make sense."""
    return CtlError(USAGE, "usage", message, hint)
