"""Stretches of a file that nobody has written, by the file system's account.

References: lseek(2), `SEEK_HOLE`; Linux' `Documentation/filesystems/fiemap.rst`.

A hole has no place on the disk. A stretch that was set aside (`fallocate`) has one, and reads as zeros. `SEEK_HOLE`
finds both, but a stretch that was set aside looks like data as soon as anybody has read it, for then its zeros are in
the page cache. The map of extents is not fooled by that, where there is one: ext4, XFS and btrfs have it.
"""

import errno
import fcntl
import os
import struct
from typing import Final

FIEMAP: Final = 0xC020660B
"""`FS_IOC_FIEMAP`."""
SYNC: Final = 0x1
"""Write out first what waits in memory: until then it counts as not written."""
LAST: Final = 0x1
UNWRITTEN: Final = 0x800
EXTENT: Final = struct.Struct("=3Q16xI12x")
"""Where it begins in the file, where on the disk, its length, its flags."""
HEADER: Final = struct.Struct("=2Q4I")
EXTENTS: Final = 256
"""So many are asked for at once."""
CALLS: Final = 64
"""So often, at most: a file may be in very many pieces."""

Stretch = tuple[int, int]
"""The first byte, and the one behind the last."""


def first_hole(fd: int, size: int) -> Stretch | None:
    """Find the first stretch within a file of this size that was never written; its position is left where it was.

    Nothing where there is none, or where the file system does not say. Raises `OSError` for a disk that fails.
    """
    return _hole(fd, size) or _set_aside(fd, size)


def _hole(fd: int, size: int) -> Stretch | None:
    before = os.lseek(fd, 0, os.SEEK_CUR)
    try:
        start = os.lseek(fd, 0, os.SEEK_HOLE)
        if start >= size:
            return None
        try:
            end = os.lseek(fd, start, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            end = size
        return start, min(end, size)
    except OSError as error:
        if error.errno == errno.EIO:
            raise
        return None
    finally:
        os.lseek(fd, before, os.SEEK_SET)


def _set_aside(fd: int, size: int) -> Stretch | None:
    start = 0
    for _ in range(CALLS):
        buffer = bytearray(HEADER.size + EXTENTS * EXTENT.size)
        HEADER.pack_into(buffer, 0, start, size - start, SYNC, 0, EXTENTS, 0)
        try:
            fcntl.ioctl(fd, FIEMAP, buffer)
        except OSError as error:
            if error.errno == errno.EIO:
                raise
            return None
        count = HEADER.unpack_from(buffer)[3]
        for index in range(count):
            logical, _, length, flags = EXTENT.unpack_from(buffer, HEADER.size + index * EXTENT.size)
            if flags & UNWRITTEN and logical < size:
                return logical, min(logical + length, size)
            start = logical + length
            if flags & LAST or start >= size:
                return None
        if not count:
            return None
    return None
