"""Copying the bytes of one open file to another, with a SHA-256 on the way.

The checksum is of the bytes as they are read from the *source*, by a second thread that follows one chunk behind: they
are still in the cache, and two cores work. So the checksum says what the file ought to be, and whoever reads the copy
later (`reread`, `verify`) compares it with that, and not with itself.

How far a copy has come is asked of the file (its position), not of the call that claims to have copied: a copy has no
hole in the middle, whatever a call claims. What has been copied is sent to the disk at once, so that `fsync` has little
left to do, progress is honest, and the memory of a machine that plays a film meanwhile is not filled with it.
"""

import errno
import hashlib
import os
import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

from segue.adapters.files import system
from segue.adapters.files.control import Work
from segue.adapters.files.orders import UsedMethod
from segue.adapters.files.trouble import MoveFailed

READ_BYTES = 1024 * 1024
CHUNKS_BEHIND = 16
"""How far the checksum may stay behind: far enough that neither waits for a hiccup of the other, and near enough that
what it reads is still in the cache."""
_NEXT_WAY = {
    errno.EINVAL,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.EXDEV,
    errno.EPERM,
    errno.EBADF,
    errno.ETXTBSY,
    errno.EOVERFLOW,
}
"""What a call says that cannot do it between these two files, though another may."""

Way = Callable[[int, int, int], int]
"""From a source to a target, both at their positions, at most so many bytes; gives how many."""


class Copied(NamedTuple):
    """What became of it."""

    method: UsedMethod
    sha256: str


class _Digest(threading.Thread):
    """Reads stretches of a file and makes the checksum of them, beside the copying."""

    def __init__(self, fd: int) -> None:
        super().__init__(name="digest", daemon=True)
        self._fd = fd
        self._stretches: queue.Queue[tuple[int, int] | None] = queue.Queue(CHUNKS_BEHIND)
        self._hash = hashlib.sha256()
        self._error: Exception | None = None
        self._stopped = False
        self.start()

    def run(self) -> None:
        """Take stretches until the end; after an error let them pass, so that nobody waits for ever."""
        while (stretch := self._stretches.get()) is not None:
            if self._error is None and not self._stopped:
                try:
                    for _ in _pieces(self._fd, *stretch, self._hash.update):
                        pass
                except (OSError, MoveFailed) as error:
                    self._error = error

    def follow(self, offset: int, size: int) -> None:
        """Another stretch is copied."""
        if self._error is not None:
            raise self._error
        self._stretches.put((offset, size))

    def finish(self, *, wanted: bool) -> str:
        """Wait for the rest and give the checksum; when it is not `wanted`, only stop."""
        self._stopped = not wanted
        self._stretches.put(None)
        self.join()
        if wanted and self._error is not None:
            raise self._error
        return self._hash.hexdigest()


def copy(source: int, target: int, size: int, work: Work) -> Copied:
    """Bring `size` bytes from an open file to an empty one, in the cheapest way that works here.

    Raise `MoveFailed` when cancelled or when the source ends early, `OSError` for the rest.
    """
    if size and system.clone(target, source):
        return Copied("reflink", digest(source, size, work))
    if size:
        system.preallocate(target, size)
    os.lseek(source, 0, os.SEEK_SET)
    follower = _Digest(source)
    try:
        in_kernel = _copy_chunks(source, target, size, work, follower.follow)
        work.meter.enter("syncing", work.meter.path)
        os.fsync(target)  # while the checksum catches up
    except BaseException:
        follower.finish(wanted=False)
        raise
    same_server = (
        in_kernel
        and os.fstat(source).st_dev == os.fstat(target).st_dev
        and system.file_system(target) in system.NETWORK
    )
    return Copied("server-side copy" if same_server else "copy", follower.finish(wanted=True))


def _copy_chunks(source: int, target: int, size: int, work: Work, follow: Callable[[int, int], None]) -> bool:
    """Copy chunk by chunk; tell whether all of it was done by `copy_file_range`."""
    ways = list(WAYS)
    at = 0
    while at < size:
        wanted = min(work.gate.chunk(), size - at)
        try:
            ways[0](source, target, wanted)
        except OSError as error:
            if error.errno not in _NEXT_WAY or len(ways) == 1:
                raise
            del ways[0]
            _back_to(source, target, at)
            continue
        moved = os.lseek(target, 0, os.SEEK_CUR) - at
        if moved <= 0:
            if len(ways) == 1:
                raise MoveFailed("source_changed", "", f"ends after {at} of {size} bytes")
            del ways[0]
            _back_to(source, target, at)
            continue
        follow(at, moved)
        system.start_writeback(target, at, moved)
        at += moved
        os.lseek(source, at, os.SEEK_SET)
        work.gate.moved(moved)
        work.meter.add(moved)
    return ways[0] is copy_range


def _back_to(source: int, target: int, at: int) -> None:
    os.lseek(source, at, os.SEEK_SET)
    os.lseek(target, at, os.SEEK_SET)


def copy_range(source: int, target: int, count: int) -> int:
    """Copy within the kernel, or within a server: copy_file_range(2)."""
    return os.copy_file_range(source, target, count)


def send(source: int, target: int, count: int) -> int:
    """Copy within the kernel, also between file systems that do not know each other: sendfile(2)."""
    return os.sendfile(target, source, None, count)


def read_and_write(source: int, target: int, count: int) -> int:
    """Copy through our own memory, which works everywhere; small pieces of it stay in the processor's."""
    buffer = memoryview(bytearray(min(READ_BYTES, count)))
    moved = 0
    while moved < count:
        read = os.readv(source, [buffer[: count - moved]])
        written = os.write(target, buffer[:read])
        moved += written
        if written < read or not read:
            break  # whoever asked goes by the positions, and asks again
    return moved


WAYS: tuple[Way, ...] = (copy_range, send, read_and_write)


def digest(fd: int, size: int, work: Work) -> str:
    """Read an open file and give its SHA-256. Raise `MoveFailed` when cancelled, or when it ends early."""
    checksum = hashlib.sha256()
    at = 0
    while at < size:
        wanted = min(work.gate.chunk(), size - at)
        for count in _pieces(fd, at, wanted, checksum.update):
            work.meter.add(count)
        work.gate.moved(wanted)
        at += wanted
    return checksum.hexdigest()


def _pieces(fd: int, offset: int, size: int, take: Callable[[memoryview], None]) -> "list[int]":
    """Read a stretch piece by piece; give the lengths of the pieces."""
    buffer = memoryview(bytearray(min(READ_BYTES, size)))
    counts = []
    while size:
        count = os.preadv(fd, [buffer[: min(len(buffer), size)]], offset)
        if count == 0:
            raise MoveFailed("source_changed", "", f"ends after {offset} bytes")
        take(buffer[:count])
        offset, size = offset + count, size - count
        counts.append(count)
    return counts


def forget_cache(fd: int) -> None:
    """Have the next reader ask the disk: what was synced is dropped from memory, as far as the kernel likes."""
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
