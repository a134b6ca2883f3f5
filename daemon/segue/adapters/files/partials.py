"""Partial files: where bytes are collected until they are whole.

A partial file is locked for as long as its maker lives, so that a worker that hangs in a system call and one that was
started after it never share one, and a sweep takes only what nobody works on.
"""

import contextlib
import errno
import fcntl
import os
import stat
import time

from segue.adapters.files import names, system
from segue.adapters.files.confined import Folder
from segue.adapters.files.trouble import MoveFailed

LOCK_WAIT_S = 10.0
"""How long we wait for another worker of the same job to end: it was told to when its daemon went away."""
_LOCK_POLL_S = 0.1


class Partial:
    """A partial file of ours. After a hardlink it has no descriptor: its bytes are the source's."""

    def __init__(self, folder: Folder, name: str, fd: int = -1) -> None:
        self.folder = folder
        self.name = name
        self.fd = fd

    def remove(self) -> None:
        """Take the name away, if it is there, and let go of the lock. An error is no new trouble: sweeps come by."""
        with contextlib.suppress(OSError):
            os.unlink(self.name, dir_fd=self.folder.fd)
        self.close()

    def close(self) -> None:
        """Let go of the lock."""
        if self.fd >= 0:
            system.close(self.fd)
            self.fd = -1


def make(folder: Folder, job: str, number: int) -> Partial:
    """Make an empty partial file, in place of one that an interrupted worker left. Rights are the umask's."""
    name = names.partial_name(job, number)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(100):
        clear(folder, name, wait_s=LOCK_WAIT_S)
        try:
            fd = os.open(name, flags, 0o666, dir_fd=folder.fd)
        except FileExistsError:
            continue
        _lock(fd)
        found = folder.look(name)
        if found is not None and os.path.samestat(found, os.fstat(fd)):
            return Partial(folder, name, fd)
        system.close(fd)  # somebody cleared it away in the moment before it was locked
    raise MoveFailed("busy", folder.shown(name), "somebody else makes and removes this file all the time")


def link(folder: Folder, job: str, number: int, from_fd: int, from_name: str) -> Partial:
    """Make a partial file that is a second name of an existing file."""
    name = names.partial_name(job, number)
    clear(folder, name, wait_s=LOCK_WAIT_S)
    os.link(from_name, name, src_dir_fd=from_fd, dst_dir_fd=folder.fd, follow_symlinks=False)
    return Partial(folder, name)


def clear(folder: Folder, name: str, *, wait_s: float) -> int:
    """Remove a partial file that nobody works on; give the bytes that it took.

    Raise `MoveFailed`: `busy` when somebody works on it, `not_regular` when it is no file of ours.
    """
    until = time.monotonic() + wait_s
    while (found := folder.look(name)) is not None:
        if not stat.S_ISREG(found.st_mode):
            raise MoveFailed("not_regular", folder.shown(name), "has the name of a partial file and is none")
        # One that has a second name is whole: it is only the name that is superfluous.
        if found.st_nlink > 1 or _nobody_has_it(folder, name, found):
            os.unlink(name, dir_fd=folder.fd)
            return found.st_blocks * 512 if found.st_nlink == 1 else 0
        if time.monotonic() >= until:
            raise MoveFailed("busy", folder.shown(name), "another worker of this job has not ended yet")
        time.sleep(_LOCK_POLL_S)
    return 0


def _nobody_has_it(folder: Folder, name: str, found: os.stat_result) -> bool:
    """Tell whether a file can be locked, and is still the one that has the name."""
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(name, os.O_RDWR | flags, dir_fd=folder.fd)
    except FileNotFoundError:
        return False
    try:
        return _lock(fd) and os.path.samestat(os.fstat(fd), found)
    finally:
        system.close(fd)


def _lock(fd: int) -> bool:
    """Lock a file without waiting. Where the file system has no locks, there is nobody to be told from."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in {errno.EWOULDBLOCK, errno.EACCES}
    return True
