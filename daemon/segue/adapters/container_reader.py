"""What the readers of video containers share: the answer, its draft, and a window on a file that never opens wide.

Theory of operation. A reader of one family walks from header to header and jumps over what lies between, so that a
file of 50 GB costs as much as one of 50 KB. Whatever sizes and counts a file claims, three budgets end the walk: so
many reads, so many bytes, so much time. A reader raises `Broken` where something is missing that the file itself
says must be there, `Unsure` where nothing can be said, and returns when all that it looked at was in its place.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["matroska", "mp4", "avi", "mpeg-ts", "asf", "unknown"]
"""Families, not suffixes: WebM is `matroska`, MOV and M4V are `mp4`, M2TS is `mpeg-ts`, WMV is `asf`."""
Structure = Literal["whole", "broken", "unknown"]

READS: Final = 6_000
"""So many reads, at most, for one file."""
BYTES: Final = 64 * 1024 * 1024
"""So many bytes are read, at most, of one file."""
SECONDS: Final = 10.0
"""After so long no further read is begun. A disk that does not answer at all can hold the one that runs."""
LONGEST_S: Final = 7 * 24 * 3600.0
"""What claims to last longer than a week says nothing."""
SAMPLES: Final = 128
"""So many places of a film are visited, one after another: a second or two on a disk that has to turn. That finds a
tenth that is missing for certain, a single piece of hundreds only now and then, unless it is a hole."""
BLOCK: Final = 4096
"""Zeros are looked for in blocks of so many bytes: what nobody has written reads as zeros."""


@dataclass(frozen=True, slots=True)
class Container:
    """What the bytes of a file say about it."""

    kind: Kind
    duration_s: float | None
    """How long it plays, in seconds, as its headers have it; nothing where they do not say."""
    structure: Structure
    """`whole`: all that it announces is there, as far as samples can tell. `broken`: something is missing.
    `unknown`: this family, or this file, does not say how long it has to be."""
    detail: str
    """A sentence that names what is missing, or what was found."""


class Broken(Exception):  # noqa: N818 - it says what the file is
    """Something is not there that must be; the text is the sentence for people."""


class Unsure(Exception):  # noqa: N818 - it says what we are
    """Nothing is missing that we know of, and yet the file may be unfinished; the text says why."""


@dataclass(slots=True)
class Draft:
    """What was learned before the answer was ready."""

    kind: Kind = "unknown"
    duration_s: float | None = None

    def lasts(self, seconds: float) -> None:
        """Note the duration, unless no film can have it."""
        if 0 < seconds < LONGEST_S:
            self.duration_s = seconds


class Window:
    """A file, read in small pieces at any place, within budgets."""

    def __init__(self, fd: int, size: int) -> None:
        self._fd = fd
        self.size = size
        """Of the file when it was opened, in bytes."""
        self._reads_left = READS
        self._bytes_left = BYTES
        self._until = time.monotonic() + SECONDS

    def read(self, offset: int, length: int) -> bytes:
        """Read what there is of so many bytes, fewer at the end of the file. Raises `OSError`, and `Unsure` when a
        budget is spent."""
        if not 0 <= offset < self.size or length <= 0:
            return b""
        length = min(length, self.size - offset)
        self._reads_left -= 1
        self._bytes_left -= length
        if self._reads_left < 0 or self._bytes_left < 0 or time.monotonic() > self._until:
            raise Unsure("the file has too many parts to look at all of them")
        return os.pread(self._fd, length, offset)

    def is_unwritten(self, offset: int, length: int = BLOCK) -> bool:
        """Tell whether a place holds nothing but zeros. Data of a film is packed and never looks like that."""
        data = self.read(offset, length)
        return bool(data) and not data.strip(b"\0")


def spread(count: int, most: int) -> Iterator[int]:
    """Pick at most so many of `count` places, evenly, the first and the last among them."""
    if count <= most:
        yield from range(count)
    else:
        yield from (index * (count - 1) // (most - 1) for index in range(most))


def too_short(thing: str, needs: int, file: Window) -> Broken:
    """Say that a part ends behind the end of the file."""
    return Broken(f"{thing} ends at byte {needs:,}, the file has {file.size:,} bytes")


def unwritten(thing: str, offset: int) -> Broken:
    """Say that a part was set aside and not written."""
    return Broken(f"{thing} at byte {offset:,} holds nothing but zeros: it was not written yet")
