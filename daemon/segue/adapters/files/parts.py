"""One file of a transfer on its way: what is found at both ends, and how its bytes get across."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

from segue.adapters.files import confined, names, partials, publish, pump, recycle, sources, system
from segue.adapters.files.confined import Folder
from segue.adapters.files.control import Work
from segue.adapters.files.orders import FileOrder, MovedFile, Transfer, UsedMethod
from segue.adapters.files.partials import Partial
from segue.adapters.files.sources import Source
from segue.adapters.files.trouble import MoveFailed, from_os_error

TRIES = 2
"""A second try after a disk reported an error: with a new file, since what an old one says then proves nothing."""
_NO_HARDLINK = {
    errno.EXDEV: "it is on another file system, or another mount",
    errno.EPERM: "the file system has no hardlinks, or does not let this user link files of others",
    errno.EACCES: "this user may not link it",
    errno.EMLINK: "it has as many links as its file system can count",
    errno.EOPNOTSUPP: "the file system has no hardlinks",
    errno.ENOSYS: "the file system has no hardlinks",
}


class Part:
    """One file of an order."""

    def __init__(self, transfer: Transfer, order: FileOrder, number: int, work: Work) -> None:
        self.transfer = transfer
        self.order = order
        self.number = number
        self.work = work
        self.made: list[str] = []
        """Folders of the library that were made for it, relative to its root."""
        self.there = False
        """True when it is in its place already."""
        self.renames = False
        """True when the source itself goes there."""
        self.replaced: os.stat_result | None = None
        """The file that it will change places with."""
        self.in_bin = ""
        """Name in the recycle folder where an interrupted run has put the new file, just before the exchange."""
        self.partial: Partial | None = None
        self.method: UsedMethod = "copy"
        self.sha256 = ""
        self.note = ""
        self.recycled = ""
        self.foreign = False
        """With `there`: true when it was not us who put it there."""
        self._source: Source | None = None
        self._folder: Folder | None = None
        self.directory, _, self.name = order.path.rpartition("/")
        self.shown = f"{order.root.rstrip('/')}/{order.path}"

    @property
    def source(self) -> Source:
        """The source; it is held open."""
        assert self._source is not None
        return self._source

    @property
    def folder(self) -> Folder:
        """The destination's folder."""
        assert self._folder is not None
        return self._folder

    @property
    def is_open(self) -> bool:
        """Tell whether the destination's folder was reached."""
        return self._folder is not None

    @property
    def size(self) -> int:
        """Bytes; of a file whose source went there in an earlier run, what the order says."""
        return self._source.size if self._source is not None else self.order.size

    @property
    def has_source(self) -> bool:
        """False when the source itself has gone there in an earlier run."""
        return self._source is not None

    def close(self) -> None:
        """Let go of everything."""
        if self.partial is not None:
            self.partial.close()
        if self._source is not None:
            self._source.close()
        if self._folder is not None:
            self._folder.close()

    # ------------------------------------------------------------------ looking

    def look(self, *, may_rename: bool) -> None:
        """Find out what is at both ends. Makes missing folders, and changes nothing else."""
        parts = names.split(self.shown, self.order.path)
        names.check_ours(self.shown, parts)
        gone: MoveFailed | None = None
        try:
            self._source = sources.open_source(self.order)
        except MoveFailed as error:
            if error.kind != "source_gone" or self.transfer.method not in {"move", "rename"}:
                raise
            gone = error
        with about(self.shown):
            self._folder = confined.open_folder(
                self.order.root, self.directory, make=gone is None, made=self.made
            )
            found = self.folder.look(self.name)
        if gone is not None:
            return self._look_for_renamed(found, gone)
        if found is not None:
            self._compare(found)
        else:
            self._look_for_twin()
        if not self.there:
            self._look_in_bin()
        if not self.there and self.transfer.method in {"move", "rename"}:
            self._choose_rename(may_rename=may_rename)
        return None

    def _look_for_renamed(self, found: os.stat_result | None, gone: MoveFailed) -> None:
        """The source is gone: perhaps because it is there."""
        if self._is_expected(found):
            self.there, self.method = True, "rename"
            self.find_recycled()
            return
        if self.order.replaces:
            with self._bin() as into:
                if into is not None and self._is_expected(into.look(self.name)):
                    self.in_bin, self.replaced, self.method = self.name, found, "rename"
                    return
        raise gone

    def _is_expected(self, found: os.stat_result | None) -> bool:
        order = self.order
        return (
            found is not None
            and order.inode == found.st_ino
            and order.size == found.st_size
            and order.mtime_ns == found.st_mtime_ns
        )

    def _compare(self, found: os.stat_result) -> None:
        """Something has the name already: the same content is success, other content is not ours to touch."""
        if not stat.S_ISREG(found.st_mode):
            raise MoveFailed(
                "destination_exists", self.shown, f"is there already: {sources.kind_of(found.st_mode)}"
            )
        if self._same_content(self.folder, self.name, found):
            linked = os.path.samestat(found, self.source.stat)
            self.there, self.method = True, "hardlink" if linked else "copy"
            self.foreign = not (self.transfer.resumed or self._left_by_us(found))
            self.find_recycled()
        elif not self.order.replaces:
            raise publish.taken(self.folder, self.name)
        else:
            self.replaced = found

    def _look_in_bin(self) -> None:
        """An earlier run may have got as far as the recycle folder with the new file."""
        if self.order.replaces:
            with self._bin() as into:
                found = into.look(self.name) if into is not None else None
                if into is not None and found is not None and self._same_content(into, self.name, found):
                    self.in_bin = self.name

    def _left_by_us(self, found: os.stat_result) -> bool:
        """Tell whether our partial file is another name of it: the run before ended between two steps."""
        partial = self.folder.look(names.partial_name(self.transfer.job, self.number))
        return partial is not None and os.path.samestat(partial, found)

    def _same_content(self, folder: Folder, name: str, found: os.stat_result) -> bool:
        if not stat.S_ISREG(found.st_mode) or found.st_size != self.source.size:
            return False
        if os.path.samestat(found, self.source.stat):
            return True
        self.work.meter.total_bytes += self.source.size * (1 if self.sha256 else 2)
        self.work.meter.enter("comparing", folder.shown(name))
        if not self.sha256:
            with about(self.source.path):
                self.sha256 = pump.digest(self.source.fd(), self.source.size, self.work)
        with about(folder.shown(name)):
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder.fd)
            try:
                return pump.digest(fd, found.st_size, self.work) == self.sha256
            finally:
                system.close(fd)

    @contextlib.contextmanager
    def _bin(self) -> Iterator[Folder | None]:
        """Open the recycle folder for this file's folder, if it is there."""
        try:
            path = recycle.bin_path(self.order.root, self.directory, self.transfer.job)
            folder = confined.open_folder(self.order.root, path)
        except FileNotFoundError:
            yield None
            return
        with folder:
            yield folder

    def find_recycled(self) -> None:
        """An earlier run may have replaced a file before its answer was lost: find where that one lies."""
        if self.order.replaces:
            with self._bin() as into:
                for name in (self.name, names.numbered(self.name, 2)):
                    if into is not None and name != self.in_bin and into.look(name) is not None:
                        self.recycled = into.below(name)
                        return

    def _look_for_twin(self) -> None:
        """Refuse a name that another spelling of it has; a file may be renamed to its own other spelling."""
        with about(self.shown):
            twin = names.twin_of(self.name, self.folder.fd)
        if twin is None:
            return
        found = self.folder.look(twin)
        own = found is not None and os.path.samestat(found, self.source.stat) and twin == self.source.name
        if not (own and self.transfer.method in {"move", "rename"}):
            raise MoveFailed("destination_exists", self.shown, f"is there already, spelled {twin!r}")

    def _choose_rename(self, *, may_rename: bool) -> None:
        same = self._same_mount()
        self.renames = may_rename and same
        if not self.renames and self.transfer.method == "rename":
            raise MoveFailed(
                "other_disk", self.source.path, f"cannot be renamed to {self.shown}", "Copy it instead."
            )
        if self.renames:
            self.method = "rename"

    def _same_mount(self) -> bool:
        return system.same_mount(system.mount_of(self.source.folder.fd), system.mount_of(self.folder.fd))

    # ------------------------------------------------------------------ staging

    @property
    def copies(self) -> bool:
        """Tell whether its bytes will be copied, unless a hardlink can be made."""
        return not (self.there or self.renames or self.in_bin or self.transfer.method.startswith("hardlink"))

    @property
    def needs_room(self) -> bool:
        """Tell whether bytes will be written for it, as far as that can be told before."""
        if self.there or self.renames or self.in_bin:
            return False
        same = self._same_mount()
        if same and self.transfer.method.startswith("hardlink"):
            return False
        return not (same and system.file_system(self.folder.fd) in system.REFLINKING)

    def stage(self) -> None:
        """Bring the bytes next to their place: whole, verified and on disk."""
        if self.there or self.renames or self.in_bin:
            return
        if self.transfer.method.startswith("hardlink") and self._link():
            return
        for attempt in range(1, TRIES + 1):
            done = self.work.meter.done_bytes
            try:
                self._copy()
            except OSError as error:
                if error.errno != errno.EIO or attempt == TRIES:
                    raise from_os_error(error, self.shown) from error
            except _ReadBackWrong as error:
                if attempt == TRIES:
                    raise MoveFailed(
                        "io", self.shown, "what was read back from the disk is not what was written"
                    ) from error
            else:
                return
            self.work.meter.done_bytes = done

    def _link(self) -> bool:
        try:
            self.partial = partials.link(
                self.folder, self.transfer.job, self.number, self.source.folder.fd, self.source.name
            )
        except OSError as error:
            why = _NO_HARDLINK.get(error.errno or 0)
            if why is None:
                raise from_os_error(error, self.shown) from error
            if self.transfer.method == "hardlink-only":
                raise MoveFailed("no_hardlink", self.source.path, f"cannot be hardlinked: {why}") from error
            self.note = f"no hardlink: {why}"
            self.work.meter.total_bytes += self.size
            return False
        found = self.folder.look(self.partial.name)
        if found is None or not os.path.samestat(found, self.source.stat):
            raise MoveFailed("source_changed", self.source.path, "another file has its name now")
        self.method = "hardlink"
        return True

    def _copy(self) -> None:
        meter = self.work.meter
        self.source.fd()
        self.partial = partials.make(self.folder, self.transfer.job, self.number)
        target = self.partial.fd
        try:
            meter.enter("copying", self.shown)
            try:
                self.method, self.sha256 = pump.copy(self.source.fd(), target, self.size, self.work)
            except MoveFailed as error:
                raise MoveFailed(error.kind, self.source.path, error.detail, error.hint) from error
            with contextlib.suppress(PermissionError):
                os.utime(target, ns=(self.source.stat.st_atime_ns, self.source.stat.st_mtime_ns))
            os.fsync(target)  # the time of change; the content is on disk already
            if os.fstat(target).st_size != self.size:
                raise OSError(errno.EIO, "the copy is shorter than what was written")
            if self.transfer.reread:
                self._read_back(target)
            self.source.check()
        except BaseException:
            self.partial.remove()
            self.partial = None
            raise

    def _read_back(self, target: int) -> None:
        self.work.meter.total_bytes += self.size
        self.work.meter.enter("reading back", self.shown)
        pump.forget_cache(target)
        if pump.digest(target, self.size, self.work) != self.sha256:
            raise _ReadBackWrong

    # ------------------------------------------------------------------ telling

    def moved(self) -> MovedFile:
        """Say what became of it."""
        kept = self.transfer.method == "move" and self.has_source and not self.renames
        return MovedFile(
            self.order.source,
            self.order.root,
            self.order.path,
            self.size,
            self.method,
            sha256=self.sha256,
            already_there=self.there and self.foreign,
            note=self.note,
            recycled=self.recycled,
            made_folders=tuple(self.made),
            source_kept=kept,
        )


class _ReadBackWrong(Exception):  # noqa: N818 - it never leaves this module
    pass


@contextlib.contextmanager
def about(path: str) -> Iterator[None]:
    """Make a failure that names its path of what the system says."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, path) from error
    except MoveFailed as error:
        if error.path:
            raise
        raise MoveFailed(error.kind, path, error.detail, error.hint) from error
