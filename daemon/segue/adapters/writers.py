"""Who still writes to a file, as far as Linux tells.

References: proc_pid_fd(5), whose links are writable by their owner when the descriptor may write; fcntl(2): a lease
for reading is granted only while nobody has the file open for writing; proc_pid_mountinfo(5).

Both answers are about this machine and this moment. `who_writes` knows names and sees what it may see: processes of
the same user, or all of them for root, in the same process namespace. `lease_is_free` asks the kernel, which also
counts writers by memory map and other users' processes, but tells no names, and grants leases only to a file's owner
or to root.
"""

import errno
import fcntl
import os
import signal
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REMOTE: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "fuse.sshfs", "fuse.glusterfs"}
)
"""File systems whose writers may be on another machine, so that a lease says nothing."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A process that has a file open for writing."""

    pid: int
    name: str
    """The command's name, of at most 15 characters; empty when the process was gone before it could be read."""


def who_writes(path: str | os.PathLike[str]) -> tuple[Writer, ...]:
    """Find the processes that have a file open for writing, in the order of their ids; the caller among them.

    Looks at every process that it may look into, which takes some milliseconds: call it in a thread. A file that is
    not there has no writers. Names are not compared, so a file that was renamed or has a second link is found.
    """
    try:
        meant = Path(path).stat()
    except (OSError, ValueError):
        return ()
    with os.scandir("/proc") as entries:
        pids = sorted(int(entry.name) for entry in entries if entry.name.isdecimal())
    return tuple(Writer(pid, _name(pid)) for pid in pids if _writes(pid, meant))


def _writes(pid: int, meant: os.stat_result) -> bool:
    # An error means that the process has ended, or is not ours to look into.
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as links:
        for link in links:
            with suppress(OSError):
                # The link itself is looked at first: a file on a server that is gone would hold us.
                may_write = link.stat(follow_symlinks=False).st_mode & stat.S_IWUSR
                if may_write and os.path.samestat(link.stat(), meant):
                    return True
    return False


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def lease_is_free(path: str | os.PathLike[str]) -> bool | None:
    """Ask the kernel whether nobody on this machine has a file open for writing.

    Nothing where that cannot be known: the file is another user's, its file system grants no leases or is another
    machine's, or it cannot be opened. The lease is given back at once. Somebody who opens the file for writing in
    between is held up for that moment, and the signal that would tell us is one that is ignored.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except ValueError:
        return None
    except OSError as error:
        # Somebody holds a lease of their own, for writing.
        return False if error.errno == errno.EWOULDBLOCK else None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode) or _file_system(fd) in REMOTE:
            return None
        # A lease is broken by SIGIO, which would end the process; SIGURG is ignored by default.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return False if error.errno in (errno.EAGAIN, errno.EBUSY) else None
    else:
        return True
    finally:
        os.close(fd)


def _file_system(fd: int) -> str:
    """Name the type of file system that an open file is on; empty where that is not told."""
    with suppress(OSError, ValueError, IndexError):
        facts = Path(f"/proc/self/fdinfo/{fd}").read_text(encoding="utf-8").split()
        mount = facts[facts.index("mnt_id:") + 1]
        for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(mount + " "):
                # Optional fields of any number end at a lone hyphen.
                return line.partition(" - ")[2].split()[0]
    return ""
