"""A file that is to be brought over: the very one that was looked at, and unchanged."""

import os
import stat

from segue.adapters.files import confined, system
from segue.adapters.files.confined import Folder
from segue.adapters.files.orders import FileOrder
from segue.adapters.files.trouble import MoveFailed, from_os_error


class Source:
    """An existing regular file, held by its folder and name, and by what it is."""

    def __init__(self, path: str, folder: Folder, name: str, found: os.stat_result) -> None:
        self.path = path
        self.folder = folder
        self.name = name
        self.stat = found
        self._fd = -1

    @property
    def size(self) -> int:
        """Bytes."""
        return self.stat.st_size

    def fd(self) -> int:
        """Open it for reading, once."""
        if self._fd < 0:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            try:
                self._fd = os.open(self.name, flags, dir_fd=self.folder.fd)
            except OSError as error:
                raise from_os_error(error, self.path, missing="source_gone") from error
            self._compare(os.fstat(self._fd))
        return self._fd

    def check(self) -> None:
        """Raise `MoveFailed` when it is gone, or no longer what it was."""
        if self._fd >= 0:
            self._compare(os.fstat(self._fd))
        found = self.folder.look(self.name)
        if found is None:
            raise MoveFailed("source_gone", self.path, "is no longer there")
        self._compare(found)

    def _compare(self, found: os.stat_result) -> None:
        changed = _difference(self.stat, found.st_size, found.st_mtime_ns, found.st_ino)
        if changed or found.st_dev != self.stat.st_dev:
            raise MoveFailed("source_changed", self.path, f"has changed meanwhile: {changed or 'device'}")

    def close(self) -> None:
        """Let go of it."""
        if self._fd >= 0:
            system.close(self._fd)
            self._fd = -1
        self.folder.close()


def _difference(was: os.stat_result, size: int, mtime_ns: int, inode: int) -> str:
    """Say what is not what it was: size, time of change, or the file itself (another one has its name)."""
    if was.st_size != size:
        return f"size {was.st_size} and {size}"
    if was.st_mtime_ns != mtime_ns:
        return f"time of change {was.st_mtime_ns} and {mtime_ns} ns"
    return f"inode {was.st_ino} and {inode}" if was.st_ino != inode else ""


def open_source(order: FileOrder) -> Source:
    """Find the source of an order. Raise `MoveFailed` when it is gone, changed, or no plain file."""
    folder_path, _, name = order.source.rpartition("/")
    if not order.source.startswith("/") or name in {"", ".", ".."} or "\0" in order.source:
        raise MoveFailed("bad_order", order.source, "a source is an absolute path of a file")
    folder = _open_parent(order, folder_path or "/")
    try:
        found = folder.look(name)
        if found is None:
            raise MoveFailed("source_gone", order.source, "is no longer there")
        if not stat.S_ISREG(found.st_mode):
            raise MoveFailed("not_regular", order.source, f"is {kind_of(found.st_mode)}, and no plain file")
        wanted = (
            order.size if order.size >= 0 else found.st_size,
            order.mtime_ns or found.st_mtime_ns,
            order.inode or found.st_ino,
        )
        changed = _difference(found, *wanted)
        if changed:
            raise MoveFailed(
                "source_changed", order.source, f"is not what it was when it was looked at: {changed}"
            )
        return Source(order.source, folder, name, found)
    except OSError as error:
        folder.close()
        raise from_os_error(error, order.source, missing="source_gone") from error
    except MoveFailed:
        folder.close()
        raise


def _open_parent(order: FileOrder, folder_path: str) -> Folder:
    root = order.source_root.rstrip("/") if order.source_root else ""
    if root and folder_path != root and not folder_path.startswith(root + "/"):
        raise MoveFailed("escapes", order.source, f"does not lie below {order.source_root}")
    try:
        if root:
            return confined.open_folder(root, folder_path[len(root) + 1 :])
        return confined.open_folder(folder_path)
    except FileNotFoundError as error:
        raise MoveFailed("source_gone", order.source, "its folder is no longer there") from error
    except MoveFailed as error:
        if error.kind == "root_missing":
            raise MoveFailed("source_gone", order.source, "its folder is no longer there") from error
        raise


def kind_of(mode: int) -> str:
    """Say in words what a thing is that is no plain file."""
    for test, words in (
        (stat.S_ISREG, "a plain file"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISCHR, "a device"),
    ):
        if test(mode):
            return words
    return "something unknown"
