"""Giving a file its final name, never over another one, and taking that back.

| file system | how a name is given |
| --- | --- |
| most | link(2), which refuses a name that is taken; then the partial name is unlinked |
| without hardlinks (exFAT, some FUSE) | renameat2(2) with `RENAME_NOREPLACE` |
| without both | the name is claimed with an empty file, `O_EXCL`, and the partial file is renamed over that |

In the last case a crash in between leaves an empty file under the final name. It is told as a destination that exists;
that is better than a moment in which a foreign file could be overwritten.
"""

import contextlib
import errno
import os
from collections.abc import Callable

from segue.adapters.files import system
from segue.adapters.files.confined import Folder
from segue.adapters.files.partials import Partial
from segue.adapters.files.trouble import MoveFailed

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EMLINK}


class TakeBack:
    """What has to be done to take back what was done, in reverse. What cannot be taken back is told."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, Callable[[], None]]] = []

    def then(self, what: str, step: Callable[[], None]) -> None:
        """Remember how to take a step back that has just succeeded."""
        self._steps.append((what, step))

    def run(self) -> list[str]:
        """Take everything back; give what could not be."""
        stuck = []
        while self._steps:
            what, step = self._steps.pop()
            try:
                step()
            except (OSError, MoveFailed) as error:
                stuck.append(f"{what}: {error}")
        return stuck


def give_name(partial: Partial, name: str, size: int, back: TakeBack) -> None:
    """Give a whole partial file its final name. Raise `MoveFailed` with `destination_exists` where it is taken."""
    folder = partial.folder
    ours = folder.look(partial.name)
    if ours is None or ours.st_size != size:
        raise MoveFailed("io", folder.shown(partial.name), "somebody has removed or changed our partial file")
    try:
        os.link(partial.name, name, src_dir_fd=folder.fd, dst_dir_fd=folder.fd, follow_symlinks=False)
    except FileExistsError:
        # A server may answer so to a question that it was asked twice.
        found = folder.look(name)
        if found is None or not os.path.samestat(found, ours):
            raise taken(folder, name) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _give_name_without_links(partial, name)
    back.then(folder.shown(name), lambda: take_name(partial, name, ours))
    found = folder.look(name)
    if found is None or found.st_size != size:
        raise MoveFailed("io", folder.shown(name), "does not show up, though giving it its name succeeded")


def _give_name_without_links(partial: Partial, name: str) -> None:
    folder = partial.folder
    try:
        return system.rename_exclusive(folder.fd, partial.name, folder.fd, name)
    except FileExistsError:
        raise taken(folder, name) from None
    except OSError as error:
        if not system.unsupported(error):
            raise
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=folder.fd))
    except FileExistsError:
        raise taken(folder, name) from None
    try:
        return os.rename(partial.name, name, src_dir_fd=folder.fd, dst_dir_fd=folder.fd)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder.fd)  # the empty file of ours
        raise


def take_name(partial: Partial, name: str, ours: os.stat_result) -> None:
    """Take a final name back from a file of ours; somebody else's, put there meanwhile, stays."""
    folder = partial.folder
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial.name, dir_fd=folder.fd)  # else the rename of two names of one file would do nothing
    try:
        move(folder, name, folder, partial.name)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.rename(name, partial.name, src_dir_fd=folder.fd, dst_dir_fd=folder.fd)  # that name is ours alone
    found = folder.look(partial.name)
    if found is None or not os.path.samestat(found, ours):
        move(folder, partial.name, folder, name)
        raise MoveFailed("destination_exists", folder.shown(name), "was replaced by somebody else meanwhile")
    os.unlink(partial.name, dir_fd=folder.fd)


def move(old: Folder, name: str, new: Folder, new_name: str) -> None:
    """Rename without overwriting. Raise `FileExistsError` where the new name is taken."""
    try:
        return system.rename_exclusive(old.fd, name, new.fd, new_name)
    except OSError as error:
        if not system.unsupported(error):
            raise
    # NFS: a second name, then the first one goes. A crash in between leaves both, and the next run unlinks the first.
    with contextlib.suppress(FileExistsError):
        os.link(name, new_name, src_dir_fd=old.fd, dst_dir_fd=new.fd, follow_symlinks=False)
    before, after = old.look(name), new.look(new_name)
    if before is None or after is None or not os.path.samestat(before, after):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    return os.unlink(name, dir_fd=old.fd)


def swap(one: Folder, one_name: str, other: Folder, other_name: str) -> bool:
    """Let two files change places in a single step; false where that cannot be had, and nothing has happened."""
    try:
        system.exchange(one.fd, one_name, other.fd, other_name)
    except OSError as error:
        if not system.unsupported(error):
            raise
        return False
    return True


def taken(folder: Folder, name: str, why: str = "is there already, with other content") -> MoveFailed:
    """Make the failure of a name that is taken."""
    found = folder.look(name)
    if found is not None and found.st_size == 0:
        why = "is there already: an empty file"
    return MoveFailed("destination_exists", folder.shown(name), why)
