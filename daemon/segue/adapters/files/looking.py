"""Orders that only look, or tidy up: verify, sweep, inspect."""

import errno
import os
import stat
from collections.abc import Callable, Iterator

from segue.adapters.files import confined, names, partials, pump, sources, system
from segue.adapters.files.confined import Folder
from segue.adapters.files.control import Work
from segue.adapters.files.orders import (
    Entry,
    Inspect,
    Inspected,
    Place,
    Sweep,
    Swept,
    Verified,
    VerifiedFile,
    Verify,
    VerifyFile,
)
from segue.adapters.files.transfer import room
from segue.adapters.files.trouble import MoveFailed, from_os_error

DEPTH_MAX = 64
"""Folders below folders in a sweep; no library is that deep."""


def verify(order: Verify, work: Work) -> Verified:
    """Read files and compare. What is wrong with one is its answer; only `cancelled` is raised."""
    names.check_job(order.job)
    work.meter.files_total = len(order.files)
    work.meter.total_bytes = sum(max(0, file.size) for file in order.files)
    found = []
    for file in order.files:
        try:
            found.append(_verify(file, work))
        except (MoveFailed, OSError) as error:
            if isinstance(error, MoveFailed) and error.kind == "cancelled":
                raise
            text = error.detail if isinstance(error, MoveFailed) else os.strerror(error.errno or 0)
            found.append(VerifiedFile(file.root, file.path, "unreadable", detail=text))
        work.meter.files_done += 1
    return Verified(tuple(found))


def _verify(file: VerifyFile, work: Work) -> VerifiedFile:
    shown = str(Place(file.root, file.path))
    work.gate.chunk()
    names.split(shown, file.path)
    directory, _, name = file.path.rpartition("/")
    try:
        with confined.open_folder(file.root, directory) as folder:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder.fd)
    except FileNotFoundError:
        return VerifiedFile(file.root, file.path, "missing")
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            return VerifiedFile(file.root, file.path, "unreadable", detail=sources.kind_of(found.st_mode))
        if file.size >= 0 and found.st_size != file.size:
            detail = f"{file.size} bytes were ingested, {found.st_size} are there"
            return VerifiedFile(file.root, file.path, "size", found.st_size, detail=detail)
        work.meter.enter("reading", shown)
        pump.forget_cache(fd)
        content = pump.digest(fd, found.st_size, work)
    finally:
        system.close(fd)
    if not file.sha256:
        return VerifiedFile(file.root, file.path, "read", found.st_size, content)
    same = content == file.sha256
    return VerifiedFile(file.root, file.path, "ok" if same else "content", found.st_size, content)


# ------------------------------------------------------------------ sweep


def sweep(order: Sweep, work: Work) -> Swept:
    """Remove partial files that belong to no living job, and that no worker holds."""
    names.check_job(order.job)
    for job in order.keep:
        names.check_job(job)
    keep = frozenset((*order.keep, order.job))
    removed: list[str] = []
    left: list[tuple[str, str]] = []
    total = folders = 0
    for folder in _folders(order, left, work):
        folders += 1
        for name in os.listdir(folder.fd):  # noqa: PTH208 - an open folder has no path
            owner = names.job_of_partial(name)
            if owner is None or owner in keep:
                continue
            try:
                total += partials.clear(folder, name, wait_s=0)
            except MoveFailed as error:
                left.append((folder.shown(name), error.detail))
            except OSError as error:
                left.append((folder.shown(name), os.strerror(error.errno or 0)))
            else:
                removed.append(folder.shown(name))
    return Swept(tuple(removed), total, tuple(left), folders)


def _folders(order: Sweep, left: list[tuple[str, str]], work: Work) -> Iterator[Folder]:
    """Open one folder after the other: those that are named, then all below the roots."""
    for place in (*order.folders, *(Place(root, "") for root in order.roots)):
        try:
            folder = confined.open_folder(place.root, place.path)
        except FileNotFoundError:
            continue  # and so are the partial files that were in it
        except MoveFailed as error:
            left.append((str(place), error.detail))
            continue
        with folder:
            yield folder
            if not place.path and place.root in order.roots:
                yield from _below(folder, left, work, DEPTH_MAX)


def _below(folder: Folder, left: list[tuple[str, str]], work: Work, depth: int) -> Iterator[Folder]:
    work.gate.chunk()
    with os.scandir(folder.fd) as entries:
        found = [e.name for e in entries if e.is_dir(follow_symlinks=False) and e.name != names.RECYCLE]
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    for name in found if depth else ():
        try:
            below = Folder(os.open(name, flags, dir_fd=folder.fd), folder.root, folder.below(name))
        except OSError as error:
            if error.errno != errno.ENOENT:
                left.append((folder.shown(name), os.strerror(error.errno or 0)))
            continue
        with below:
            yield below
            yield from _below(below, left, work, depth - 1)


# ------------------------------------------------------------------ inspect


def inspect(order: Inspect) -> Inspected:
    """Look at a folder; with `probe`, try out what works in it."""
    names.check_job(order.job)
    place = order.folder
    try:
        folder = confined.open_folder(place.root, place.path)
    except FileNotFoundError:
        return Inspected(exists=False)
    with folder:
        try:
            entries, unreadable = _entries(folder)
            free, total = room(folder.fd)
            probed = _Probe(folder, order).run() if order.probe else {}
        except OSError as error:
            raise from_os_error(error, str(place)) from error
        return Inspected(
            exists=True,
            entries=entries,
            unreadable_names=unreadable,
            free_bytes=free,
            total_bytes=total,
            device=os.fstat(folder.fd).st_dev,
            file_system=system.file_system(folder.fd),
            problem=str(probed.pop("problem", "")),
            **{name: bool(works) for name, works in probed.items()},
        )


def _entries(folder: Folder) -> tuple[tuple[Entry, ...], int]:
    entries = []
    unreadable = 0
    with os.scandir(folder.fd) as found:
        for entry in found:
            try:
                entry.name.encode()
            except UnicodeEncodeError:
                unreadable += 1
                continue
            try:
                seen = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            regular = stat.S_ISREG(seen.st_mode)
            entries.append(
                Entry(
                    entry.name,
                    seen.st_size if regular else 0,
                    "file" if regular else "folder" if stat.S_ISDIR(seen.st_mode) else "other",
                )
            )
    return tuple(sorted(entries, key=lambda entry: entry.name)), unreadable


class _Probe:
    """Tries things out with small files of ours, and removes them."""

    def __init__(self, folder: Folder, order: Inspect) -> None:
        self._folder = folder
        self._order = order
        self._found: dict[str, bool | str] = {}
        self._names = [names.partial_name(order.job, number) for number in range(3)]

    def run(self) -> dict[str, bool | str]:
        """Try everything; what does not work is an answer."""
        fd, (first, second, third) = self._folder.fd, self._names
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._remove(self._folder)
        try:
            if not self._try("writable", lambda: os.close(os.open(first, flags, 0o666, dir_fd=fd))):
                return self._found
            self._try("hardlinks", lambda: os.link(first, second, src_dir_fd=fd, dst_dir_fd=fd))
            self._try("exclusive_rename", lambda: system.rename_exclusive(fd, first, fd, third))
            os.close(os.open(first, flags & ~os.O_EXCL, 0o666, dir_fd=fd))
            os.close(os.open(third, flags & ~os.O_EXCL, 0o666, dir_fd=fd))
            self._try("exchange", lambda: system.exchange(fd, first, fd, third))
        finally:
            self._remove(self._folder)
        if self._order.link_from:
            self._between(flags)
        return self._found

    def _between(self, flags: int) -> None:
        first, second, third = self._names
        here = self._folder.fd
        with confined.open_folder(self._order.link_from) as other:
            self._remove(other)
            try:
                fd = os.open(first, flags, 0o666, dir_fd=other.fd)
                os.write(fd, b"segue")
                self._try("link_works", lambda: os.link(first, second, src_dir_fd=other.fd, dst_dir_fd=here))
                target = os.open(third, flags, 0o666, dir_fd=here)
                self._found["reflink_works"] = system.clone(target, fd)
                system.close(target)
                system.close(fd)
            except OSError as error:
                self._note(f"{self._order.link_from}: {os.strerror(error.errno or 0)}")
            finally:
                self._remove(other)
                self._remove(self._folder)

    def _try(self, what: str, attempt: Callable[[], None]) -> bool:
        try:
            attempt()
        except OSError as error:
            self._found[what] = False
            self._note(f"{what.replace('_', ' ')}: {os.strerror(error.errno or 0)}")
        else:
            self._found[what] = True
        return bool(self._found[what])

    def _note(self, problem: str) -> None:
        self._found.setdefault("problem", problem)

    def _remove(self, folder: Folder) -> None:
        for name in self._names:
            try:
                partials.clear(folder, name, wait_s=0)
            except (OSError, MoveFailed):
                continue
