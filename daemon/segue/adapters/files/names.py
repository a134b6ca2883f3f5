"""Names: which ones are ours, which ones may be given, and which ones are twins."""

import os
import re
import unicodedata

from segue.adapters.files.trouble import MoveFailed

RECYCLE = ".segue-recycle"
"""Folder for what was replaced or undone. The leading dot keeps Plex and watchers out."""
NAME_BYTES_MAX = 255

_JOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_PARTIAL = re.compile(r"\.segue-(?P<job>[A-Za-z0-9][A-Za-z0-9._-]{0,63})-[0-9]{1,6}\.partial\Z")


def check_job(job: str) -> None:
    """Raise `MoveFailed` for a job id that cannot be part of a file's name."""
    if not _JOB.match(job):
        raise MoveFailed("bad_order", "", f"{job[:80]!r} is no job id: 1 to 64 of A-Z a-z 0-9 . _ -")


def partial_name(job: str, number: int) -> str:
    """Name the partial file of the n-th file of a job. Of bounded length, whatever the final name is."""
    return f".segue-{job}-{number}.partial"


def job_of_partial(name: str) -> str | None:
    """Tell whose partial file this is; nothing when it is none of ours."""
    found = _PARTIAL.match(name)
    return found["job"] if found else None


def split(place: str, path: str) -> list[str]:
    """Split a path below a root into its components, and refuse what is none. `place` is for the message."""
    parts = path.split("/")
    for part in parts:
        if part in {"", ".", ".."} or "\0" in part:
            raise MoveFailed(
                "escapes",
                place,
                f"{path[:200]!r} is no path below a root",
                "It may not be absolute, nor have empty components, '.' or '..'.",
            )
        if len(os.fsencode(part)) > NAME_BYTES_MAX:
            raise MoveFailed("name_too_long", place, f"{part[:60]!r}... has {len(os.fsencode(part))} bytes")
    return parts


def check_ours(place: str, parts: list[str]) -> None:
    """Refuse to take names that we use ourselves for a library file."""
    if any(part.startswith(".segue-") for part in parts):
        raise MoveFailed(
            "bad_order", place, "names that begin with .segue- are for partial and recycled files"
        )


def fold(name: str) -> str:
    """Give the same text for names that a person, or another file system, takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def twin_of(name: str, folder_fd: int) -> str | None:
    """Find another spelling of a name in a folder: other case, or composed otherwise."""
    wanted = fold(name)
    for found in os.listdir(folder_fd):
        if found != name and fold(found) == wanted:
            return found
    return None


def numbered(name: str, number: int) -> str:
    """Give the n-th name to try where one is taken: `a.mkv`, `a (2).mkv`, ... within the length of a name."""
    if number == 1:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 10:
        stem, dot, extension = name, "", ""
    tail = f" ({number}){dot}{extension}"
    room = NAME_BYTES_MAX - len(os.fsencode(tail))
    return os.fsencode(stem)[:room].decode("utf-8", "ignore") + tail
