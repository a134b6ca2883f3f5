"""What the bytes of a video file say: which container it is, how long it plays, and whether all of it is there.

`probe` reads headers and samples, never the whole film, and never trusts a number that it reads: reads, bytes and time
are bounded whatever a file claims. It is synchronous and belongs into a thread. A file that is half there is an
ordinary answer, not an error.

What `whole` means: every part that the file announces lies where it should and the samples between hold data. It cannot
mean that every byte is right; only a checksum can say that.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from segue.adapters import (
    container_asf,
    container_avi,
    container_matroska,
    container_mp4,
    container_ts,
)
from segue.adapters.container_holes import Stretch, first_hole
from segue.adapters.container_reader import (
    BLOCK,
    Broken,
    Container,
    Draft,
    Kind,
    Structure,
    Unsure,
    Window,
)

__all__ = ["Container", "FileUnreadable", "Kind", "Structure", "probe"]

Examine = Callable[[Window, Draft], str]

FAMILIES: Final[tuple[tuple[Kind, Callable[[bytes], bool], Examine], ...]] = (
    ("matroska", container_matroska.begins, container_matroska.examine),
    ("avi", container_avi.begins, container_avi.examine),
    ("asf", container_asf.begins, container_asf.examine),
    ("mp4", container_mp4.begins, container_mp4.examine),
    ("mpeg-ts", container_ts.begins, container_ts.examine),
)
"""How each family is known by its first bytes, and who reads it. The last two have the weakest marks."""


class FileUnreadable(Exception):  # noqa: N818 - the reason is the name
    """The file cannot be read: it is gone, it is not ours, it is no file, or its disk fails."""

    def __init__(self, path: str, errno: int, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.errno = errno
        """The system's number for it, one of the module `errno`."""


def probe(file: int | str | os.PathLike[str]) -> Container:
    """Look at a file, by its path or by a descriptor that is open for reading and stays open, its position unchanged.

    Raises `FileUnreadable`; never for what the file contains.
    """
    name = f"file descriptor {file}" if isinstance(file, int) else os.fspath(file)
    try:
        with _opened(file) as fd:
            return _probe(name, fd)
    except OSError as error:
        raise FileUnreadable(name, error.errno or 0, error.strerror or str(error)) from None
    except ValueError:
        raise FileUnreadable(name, 22, "no file can have this name") from None


@contextmanager
def _opened(file: int | str | os.PathLike[str]) -> Iterator[int]:
    if isinstance(file, int):
        yield file
        return
    # Without O_NONBLOCK, opening a pipe would wait for its writer.
    fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        yield fd
    finally:
        os.close(fd)


def _probe(name: str, fd: int) -> Container:
    before = os.fstat(fd)
    if not stat.S_ISREG(before.st_mode):
        raise FileUnreadable(name, 21 if stat.S_ISDIR(before.st_mode) else 22, "not a regular file")
    window = Window(fd, before.st_size)
    draft = Draft()
    structure: Structure
    try:
        structure, detail = "whole", _examine(fd, window, draft)
    except Broken as broken:
        structure, detail = "broken", str(broken)
    except Unsure as unsure:
        structure, detail = "unknown", str(unsure)
    after = os.fstat(fd)
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        structure, detail = "broken", "the file changed while it was read: somebody writes to it"
    return Container(draft.kind, draft.duration_s, structure, detail)


def _examine(fd: int, window: Window, draft: Draft) -> str:
    """Look for holes, which break a file of any family, and let the family look."""
    if window.size == 0:
        raise Broken("the file is empty")
    # Before anything is read: reading makes what was set aside look like data.
    hole = first_hole(fd, window.size)
    try:
        sentence = _examine_family(window, draft)
    except Unsure:
        _refuse(hole)
        raise
    # The family's own findings say better what is missing.
    _refuse(hole)
    return sentence


def _examine_family(window: Window, draft: Draft) -> str:
    head = window.read(0, BLOCK)
    for kind, begins, examine in FAMILIES:
        if begins(head):
            draft.kind = kind
            return examine(window, draft)
    if not head.strip(b"\0"):
        raise Broken("the file begins with nothing but zeros: its beginning was not written yet")
    raise Unsure("the file is of no kind whose end can be checked")


def _refuse(hole: Stretch | None) -> None:
    if hole is not None:
        start, end = hole
        raise Broken(f"the bytes {start:,} to {end - 1:,} were set aside and never written")
