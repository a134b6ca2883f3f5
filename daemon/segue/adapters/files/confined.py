"""Folders below a root, opened so that nothing can lead out of it.

A path is walked component by component, each opened relative to the one before and never through a symbolic link.
What is done afterwards is done relative to the open folder: a component that is swapped for a link meanwhile changes
nothing. Paths that were checked as text first and opened later would have that gap.

References: openat(2), `O_NOFOLLOW`, `O_PATH`; the gap is CWE-367.
"""

import errno
import os
import stat
from collections.abc import Iterator
from types import TracebackType

from segue.adapters.files import names, system
from segue.adapters.files.trouble import MoveFailed, from_os_error

_WALK = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_UNSYNCABLE = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.ENOTTY}


class Folder:
    """An open folder below a root; closed by `close`, or at the end of a `with`."""

    def __init__(self, fd: int, root: str, path: str) -> None:
        self.fd = fd
        self.root = root
        self.path = path
        """Relative to the root; empty for the root itself."""

    def __enter__(self) -> "Folder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it; a second time changes nothing."""
        if self.fd >= 0:
            system.close(self.fd)
            self.fd = -1

    def shown(self, name: str = "") -> str:
        """Give the absolute path of something in it, for messages."""
        return "/".join(part for part in (self.root.rstrip("/"), self.path, name) if part) or "/"

    def below(self, name: str) -> str:
        """Give the path of something in it, relative to the root."""
        return f"{self.path}/{name}" if self.path else name

    def look(self, name: str) -> os.stat_result | None:
        """Give what has this name, without following it; nothing when nothing has."""
        try:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def sync(self) -> None:
        """Bring the names in it to disk. Some network file systems cannot, and need not."""
        sync_folder(self.fd)

    def is_where_it_was(self) -> bool:
        """Tell whether its path still leads to it: somebody may have moved it elsewhere."""
        try:
            with open_folder(self.root, self.path) as again:
                return os.path.samestat(os.fstat(again.fd), os.fstat(self.fd))
        except (MoveFailed, FileNotFoundError):
            return False


def open_root(root: str) -> int:
    """Open a root for walking. Raise `MoveFailed` with kind `root_missing`, or as the system says."""
    if not root.startswith("/") or "\0" in root:
        raise MoveFailed("bad_order", root, "a root is an absolute path")
    try:
        return os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except NotADirectoryError as error:
        raise MoveFailed("root_missing", root, "is not a folder") from error
    except OSError as error:
        raise from_os_error(error, root, missing="root_missing") from error


def open_folder(
    root: str, path: str = "", *, make: bool = False, made: list[str] | None = None, twins: bool = False
) -> Folder:
    """Open a folder below a root.

    With `make`, missing folders are made (plainly, so that group, setgid bit and umask decide about their rights),
    brought to disk, and noted in `made` relative to the root, outermost first; without `twins` none is made beside
    another spelling of its name. Raise `FileNotFoundError` where one is missing and not to be made, `MoveFailed` for
    the rest.
    """
    fd = open_root(root)
    done: list[str] = []
    try:
        for part in names.split(root, path) if path else ():
            shown = "/".join((root.rstrip("/"), *done, part))
            below = _step(fd, part, shown, make=make)
            if isinstance(below, str):
                ours = made if made is not None else []
                below = _make(fd, part, shown, "/".join((*done, part)), ours, twins=twins)
            system.close(fd)
            fd = below
            done.append(part)
        return Folder(_readable(fd, "/".join((root.rstrip("/"), *done))), root, path)
    finally:
        system.close(fd)


def _step(fd: int, part: str, shown: str, *, make: bool) -> int | str:
    """Open one component; give a text where it is missing and may be made."""
    try:
        return os.open(part, _WALK, dir_fd=fd)
    except FileNotFoundError:
        if not make:
            raise
        return "missing"
    except OSError as error:
        if error.errno not in {errno.ENOTDIR, errno.ELOOP}:
            raise from_os_error(error, shown) from error
        mode = os.stat(part, dir_fd=fd, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            raise MoveFailed("escapes", shown, "is a symbolic link") from error
        if stat.S_ISDIR(mode):
            raise MoveFailed("escapes", shown, "was replaced while it was opened") from error
        raise MoveFailed("not_regular", shown, "is in the way: a folder is needed here") from error


def _make(fd: int, part: str, shown: str, path: str, made: list[str], *, twins: bool) -> int:
    """Make one folder, unless another spelling of it is there, note that, and open it."""
    parent = _readable(fd, shown)
    try:
        twin = None if twins else names.twin_of(part, parent)
        if twin is not None:
            raise MoveFailed(
                "destination_exists", shown, f"is there already, spelled {twin!r}", "Use that spelling."
            )
        try:
            os.mkdir(part, dir_fd=parent)
            made.append(path)
        except FileExistsError:
            pass  # somebody was quicker; it is looked at like any other
        sync_folder(parent)
    except OSError as error:
        raise from_os_error(error, shown) from error
    finally:
        system.close(parent)
    found = _step(fd, part, shown, make=False)
    assert isinstance(found, int)
    return found


def _readable(fd: int, shown: str) -> int:
    """Open a folder that was walked to, now for listing and syncing."""
    try:
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd)
    except OSError as error:
        raise from_os_error(error, shown) from error


def remove_empty(root: str, path: str) -> bool:
    """Remove a folder if it is empty; tell whether it is gone by us. Nothing that is wrong with it is a failure."""
    above, _, name = path.rpartition("/")
    try:
        with open_folder(root, above) as folder:
            os.rmdir(name, dir_fd=folder.fd)
            folder.sync()
    except (OSError, MoveFailed):
        return False
    return True


def sync_folder(fd: int) -> None:
    """Bring the names in an open folder to disk, where its file system can."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _UNSYNCABLE:
            raise


def same_mount_from(root: str, path: str) -> int:
    """Count the components after which a path lies on the mount that it ends on: 0 when the whole root does."""
    parts = names.split(root, path) if path else []
    mounts = [system.mount_of(fd) for fd in _walk(root, parts)]
    return next(
        n for n, mount in enumerate(mounts) if all(system.same_mount(m, mounts[-1]) for m in mounts[n:])
    )


def _walk(root: str, parts: list[str]) -> Iterator[int]:
    """Give the root and each folder on the way, open while it is looked at."""
    fd = open_root(root)
    try:
        yield fd
        for part in parts:
            below = os.open(part, _WALK, dir_fd=fd)
            system.close(fd)
            fd = below
            yield fd
    finally:
        system.close(fd)
