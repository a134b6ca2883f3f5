"""Calls of Linux that Python does not have: each does one thing, and raises `OSError` as Python's own do.

References: renameat2(2), fallocate(2), sync_file_range(2), ioctl_ficlone(2), fstatfs(2), ioprio_set(2), proc(5).
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import platform
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
_FALLOC_FL_KEEP_SIZE = 1
_SYNC_FILE_RANGE_WRITE = 2
_FICLONE = 0x40049409
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "armv7l": 314, "riscv64": 30}
_IOPRIO_CLASS_IDLE = 3 << 13
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTTY)

_FILE_SYSTEMS = {
    0xEF53: "ext4",
    0x58465342: "xfs",
    0x9123683E: "btrfs",
    0x2FC12FC1: "zfs",
    0xCA451A4E: "bcachefs",
    0x01021994: "tmpfs",
    0x794C7630: "overlayfs",
    0xF2F52010: "f2fs",
    0x6969: "nfs",
    0xFF534D42: "cifs",
    0xFE534D42: "smb2",
    0x65735546: "fuse",
    0x4D44: "vfat",
    0x2011BAB0: "exfat",
    0x5346544E: "ntfs",
    0x7366746E: "ntfs3",
}
NETWORK = frozenset({"nfs", "cifs", "smb2"})
REFLINKING = frozenset({"xfs", "btrfs", "zfs", "bcachefs", "nfs", "smb2", "cifs", "overlayfs"})
"""Where a copy may need no room."""


def _function(name: str, *types: Any) -> Any:
    """Find a function of the C library, with 64-bit offsets where it has two; nothing where it has none."""
    for candidate in (f"{name}64", name):
        found = getattr(_libc, candidate, None)
        if found is not None:
            found.argtypes = types
            found.restype = ctypes.c_int
            return found
    return None


_renameat2 = _function(
    "renameat2", ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint
)
_fallocate = _function("fallocate", ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
_sync_file_range = _function("sync_file_range", ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
_fstatfs = _function("fstatfs", ctypes.c_int, ctypes.c_char_p)


def _call(function: Any, *arguments: Any) -> None:
    if function is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    while function(*arguments) != 0:
        number = ctypes.get_errno()
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))


def unsupported(error: OSError) -> bool:
    """Tell "this file system, or this kernel, does not do that" from a failure."""
    return error.errno in _UNSUPPORTED


def rename_exclusive(from_fd: int, name: str, to_fd: int, new: str) -> None:
    """Rename; raise `FileExistsError` where the new name is taken. `unsupported` on NFS and some others."""
    _call(_renameat2, from_fd, os.fsencode(name), to_fd, os.fsencode(new), _RENAME_NOREPLACE)


def exchange(one_fd: int, one: str, other_fd: int, other: str) -> None:
    """Let two files change places in a single step. `unsupported` on NFS, CIFS and some others."""
    _call(_renameat2, one_fd, os.fsencode(one), other_fd, os.fsencode(other), _RENAME_EXCHANGE)


def preallocate(fd: int, size: int) -> None:
    """Reserve room, so that a full disk says so now. Where a file system cannot, do nothing.

    The size stays what has been written where that can be had. The C library's `posix_fallocate` is not used: where
    there is no support, it writes into every block.
    """
    for mode in (_FALLOC_FL_KEEP_SIZE, 0):
        try:
            _call(_fallocate, fd, mode, 0, size)
        except OSError as error:
            if not unsupported(error):
                raise
        else:
            return


def start_writeback(fd: int, offset: int, size: int) -> None:
    """Have what was written go to the disk while more is being written. Brings no guarantee: `fsync` does.

    An error of the disk that is reported here is not reported again by `fsync`, so it is raised.
    """
    try:
        _call(_sync_file_range, fd, offset, size, _SYNC_FILE_RANGE_WRITE)
    except OSError as error:
        if error.errno in {errno.EIO, errno.ENOSPC, errno.EDQUOT}:
            raise


def clone(target_fd: int, source_fd: int) -> bool:
    """Make the target share the source's bytes. False where that cannot be had; then nothing has happened."""
    try:
        fcntl.ioctl(target_fd, _FICLONE, source_fd)
    except OSError as error:
        if error.errno in {*_UNSUPPORTED, errno.EXDEV, errno.EPERM, errno.ETXTBSY, errno.EBADF, errno.EISDIR}:
            return False
        raise
    return True


def file_system(fd: int) -> str:
    """Name the file system of an open file, as far as we know it; else its number."""
    buffer = ctypes.create_string_buffer(256)  # struct statfs has 120 bytes and begins with f_type
    try:
        _call(_fstatfs, fd, buffer)
    except OSError:
        return ""
    number = ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF
    return _FILE_SYSTEMS.get(number, f"{number:#x}")


Mount = tuple[int, str]
"""Device, and the mount's number as far as it can be had."""


def same_mount(one: Mount, other: Mount) -> bool:
    """Tell whether rename and link work between two places, as far as that can be known before."""
    return one[0] == other[0] and (one[1] == other[1] or not one[1] or not other[1])


def mount_of(fd: int) -> Mount:
    """Give device and mount of an open file."""
    device = os.fstat(fd).st_dev
    try:
        info = os.open(f"/proc/self/fdinfo/{fd}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            lines = os.read(info, 4096).splitlines()
        finally:
            close(info)
    except OSError:
        return device, ""  # without /proc the device has to do
    return device, next((line[7:].strip().decode() for line in lines if line.startswith(b"mnt_id:")), "")


def close(fd: int) -> None:
    """Close a descriptor. What that may report concerns what was written, and `fsync` has told it before."""
    with contextlib.suppress(OSError):
        os.close(fd)


def give_way() -> None:
    """Take the lowest priority for processor and disk, where that is permitted."""
    with contextlib.suppress(OSError):
        os.nice(19)
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        _libc.syscall(number, 1, 0, _IOPRIO_CLASS_IDLE)
