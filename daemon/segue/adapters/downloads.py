"""What download clients have in common: a download, a login that is not tried too often, and what goes wrong."""

from collections.abc import Callable
from typing import Final

import msgspec
import trio

from segue.adapters.http_client import HttpError, HttpRefused, HttpUnavailable, TooLarge

LIST_BYTES: Final = 64 * 1024 * 1024
"""Longest list that is read: 20,000 downloads of 2 kB, and room."""
LIST_S: Final = 10.0
"""Longest wait for a list, in seconds."""
THREAD_BYTES: Final = 256 * 1024
"""From here on a list is parsed in a thread."""
AGAIN_S: Final = 3600.0
"""After so long, in seconds, a password that was refused is tried again. Clients shut out, for an hour or for good, who
tries a wrong one five times or a hundred."""


class Download(msgspec.Struct, frozen=True):
    """Something that a client downloads, or has downloaded."""

    path: str
    """The file, or the folder with the files, as the client sees it: it may live in a container, or on Windows."""
    complete: bool
    """True when all that was asked for is there, checked, and where it belongs. Files within it that nobody asked for
    may be there in part."""
    name: str
    bytes_left: int
    """How much of what was asked for is missing; 0 also while that is not known."""


class DownloadsError(Exception):
    """What downloads there are could not be learned. The text names the place and the cause, and no secret."""


class DownloadsUnavailable(DownloadsError):  # noqa: N818 - the reason is the name
    """The client did not answer, or not with what was asked for. Trying again later may help."""

    def __init__(self, detail: str, kind: str) -> None:
        super().__init__(detail)
        self.kind = kind
        """`connection_refused`, `unreachable`, `unknown_name`, `tls`, `dropped`, `protocol`, `timeout` or `status`."""


class DownloadsRefused(DownloadsError):  # noqa: N818 - the reason is the name
    """The client does not let us in. Trying again soon does harm."""


class DownloadsUnreadable(DownloadsError):  # noqa: N818 - the reason is the name
    """The answer is not what it should be; perhaps somebody else listens there."""


class Login:
    """User name and password, asked for at each use, and the one that was refused."""

    def __init__(self, username: str, password: Callable[[], str]) -> None:
        self.username = username
        self._password = password
        self._refused: tuple[str, float] | None = None

    def password(self, where: str) -> str:
        """Give the password. Raises `DownloadsRefused` when this one was refused a short while ago."""
        password = self._password()
        if self._refused is not None:
            refused, at = self._refused
            if password == refused and trio.current_time() < at + AGAIN_S:
                raise DownloadsRefused(
                    f"{where}: user name or password were refused, and are not tried again before they change, or "
                    f"{AGAIN_S / 60:.0f} minutes have passed"
                )
        return password

    def was_refused(self, password: str) -> None:
        """Remember that a password does not open the door."""
        self._refused = (password, trio.current_time())

    def was_accepted(self) -> None:
        """Forget what was refused."""
        self._refused = None


def failure(error: HttpError) -> DownloadsError:
    """Say what a request that came to nothing means for us."""
    match error:
        case HttpRefused():
            return DownloadsUnavailable(str(error), "status")
        case TooLarge():
            return DownloadsUnreadable(str(error))
        case HttpUnavailable():
            return DownloadsUnavailable(str(error), error.kind)
        case _:
            return DownloadsUnavailable(str(error), "timeout")
