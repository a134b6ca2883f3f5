"""Why moving bytes came to nothing, in words that a person can act on."""

import errno
import os
from typing import ClassVar, Literal

from segue.errors import SegueError

Kind = Literal[
    "no_space",
    "quota",
    "too_large",
    "read_only",
    "permission",
    "source_gone",
    "source_changed",
    "destination_exists",
    "escapes",
    "not_regular",
    "name_too_long",
    "root_missing",
    "no_hardlink",
    "other_disk",
    "busy",
    "io",
    "worker_died",
    "cancelled",
    "bad_order",
]

_KINDS: dict[int, Kind] = {
    errno.ENOSPC: "no_space",
    errno.EDQUOT: "quota",
    errno.EFBIG: "too_large",
    errno.EROFS: "read_only",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.ENAMETOOLONG: "name_too_long",
    errno.ELOOP: "escapes",
    errno.EEXIST: "destination_exists",
    errno.EXDEV: "other_disk",
}
_HINTS: dict[Kind, str] = {
    "no_space": "Make room there; the source is untouched, and the job can be tried again.",
    "quota": "The quota of this user or group is used up; raise it or make room.",
    "too_large": "The file system cannot hold a file of this size (FAT32 ends at 4 GiB).",
    "read_only": "The file system is mounted read-only; look for disk errors, then remount it.",
    "name_too_long": "A name may have 255 bytes on most file systems, and fewer on some encrypted ones.",
    "root_missing": "Is the disk mounted? Check the path in the configuration.",
    "source_gone": "Put the file back, or reject the job.",
    "source_changed": "It seems to be still being written; the job can be tried again when it is whole.",
    "destination_exists": "Nothing was touched. Rename one of the two, or approve a replacement.",
    "escapes": "Name the real folder as a root instead of leading there with a symbolic link.",
    "no_hardlink": "Bring both below one file system, or allow copying.",
    "io": "Look at the kernel's log for errors of this disk or network share.",
}


class MoveFailed(SegueError):  # noqa: N818 - the reason is the name
    """An order came to nothing, and nothing is left of it: no partial file, no file under a final name."""

    code: ClassVar[str] = "move_failed"

    def __init__(
        self,
        kind: Kind,
        path: str,
        detail: str,
        hint: str = "",
        *,
        needed_bytes: int = 0,
        free_bytes: int = 0,
    ) -> None:
        super().__init__(f"{path}: {detail}" if path else detail, hint or _HINTS.get(kind, ""))
        self.kind: Kind = kind
        self.path = path
        """What it is about, absolute where that is known."""
        self.detail = detail
        self.needed_bytes = needed_bytes
        """With `no_space`: what the order needs on that file system; 0 where it is not known."""
        self.free_bytes = free_bytes
        """With `no_space`: what is free there for us."""


def from_os_error(error: OSError, path: str, *, missing: Kind = "io") -> MoveFailed:
    """Make a failure of an error of the operating system; `missing` is what ENOENT means here."""
    number = error.errno or 0
    kind = missing if number == errno.ENOENT else _KINDS.get(number, "io")
    detail = os.strerror(number) if number else str(error)
    hint = ""
    if kind == "permission":
        hint = f"segue runs as uid {os.geteuid()}, gid {os.getegid()}{_owner(path)}."
    return MoveFailed(kind, path, detail, hint)


def _owner(path: str) -> str:
    """Say whose the thing is, or the nearest folder above it that can be seen."""
    while path and path != "/":
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:
            path = os.path.dirname(path)  # noqa: PTH120 - may be no UTF-8
            continue
        return (
            f"; {path} belongs to uid {found.st_uid}, gid {found.st_gid}, mode {found.st_mode & 0o7777:04o}"
        )
    return ""
