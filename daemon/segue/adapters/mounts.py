"""Which file system a folder is on, and what is mounted below it: `/proc/self/mountinfo`, see proc_pid_mountinfo(5)."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

MOUNTINFO: Final = Path("/proc/self/mountinfo")
WITHOUT_EVENTS: Final = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "ncpfs",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "gpfs",
        "9p",
        "virtiofs",
        "vboxsf",
        "prl_fs",
        "drvfs",
        "fakeowner",
        "fuse",
    }
)
"""What changes on the other side of these makes no event here. Of FUSE, every kind but a local disk (`fuseblk`)."""


class Mount(NamedTuple):
    """A line of mountinfo."""

    point: str
    device: str
    """`major:minor`."""
    kind: str
    """`ext4`, `nfs4`, `fuse.mergerfs`."""

    @property
    def tells_changes(self) -> bool:
        """Whether the kernel hears of every change on it."""
        return self.kind not in WITHOUT_EVENTS and not self.kind.startswith("fuse.")


def mounts() -> tuple[Mount, ...]:
    """Read the mounts, in the order in which they were made; none where there is no such file."""
    try:
        lines = MOUNTINFO.read_bytes().splitlines()
    except OSError:
        return ()
    return tuple(mount for line in lines if (mount := read_mount(os.fsdecode(line))) is not None)


def read_mount(line: str) -> Mount | None:
    """Read a line of mountinfo; nothing where it is none."""
    fields = line.split(" ")
    try:
        dash = fields.index("-", 6)
        return Mount(_unescaped(fields[4]), fields[2], fields[dash + 1])
    except (ValueError, IndexError):
        return None


def mount_of(path: str, all_mounts: Iterable[Mount]) -> Mount | None:
    """Give the mount that a real path is on: the nearest above it, and of several in one place the last."""
    found: Mount | None = None
    for mount in all_mounts:
        if _is_in(path, mount.point) and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def mounts_below(path: str, all_mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    """Give what is mounted within a real path."""
    return tuple(m for m in all_mounts if m.point != path and _is_in(m.point, path))


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _unescaped(text: str) -> str:
    """Undo the kernel's writing of blanks, tabs, line ends and backslashes in octal."""
    for octal, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(octal, character)
    return text
