"""Looks through a folder and all below it for files of wanted names: the truth about what is there.

Read with `os.scandir` in a thread, a slice at a time. Links are never followed: what one leads to inside the root is
found in its own place, what lies outside is none of ours, and a ring of links ends nowhere. Depth and number are
bounded, a folder that does not open is named and passed over, and a disk that does not answer ends the scan instead of
the daemon. Names are text: one that is no UTF-8 is named and never touched.
"""

import errno
import os
import stat
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeVar

import msgspec
import trio

SLICE_S: Final = 0.05
"""A thread reads for so long before the scan can be given up."""
ANSWER_S: Final = 30.0
"""A disk that needs longer for one slice does not answer."""
NAMED_MAX: Final = 100
"""So many problems, and so many files that are left, are named; the others are counted."""
LINKS_RESOLVED_MAX: Final = 1000
THREADS: Final = 3
"""Threads that a root's disk may hold without an answer; then every question to it fails until one comes back."""

T = TypeVar("T")
ProblemKind = Literal["unreadable", "not-utf8", "link-outside", "link-broken", "too-deep", "too-many"]


class Names(NamedTuple):
    """Which names are of interest. Both give a word for what is left, and nothing for what is wanted."""

    folder: Callable[[str], str]
    file: Callable[[str], str]


class Limits(NamedTuple):
    """Where a scan stops."""

    depth: int = 64
    entries: int = 2_000_000


class FoundFile(msgspec.Struct, frozen=True, gc=False):
    """A file of a wanted name, as `stat` has it."""

    path: str
    """Absolute."""
    size: int
    mtime_ns: int
    inode: int
    device: int


class Problem(msgspec.Struct, frozen=True):
    """Something that could not be looked at, or must not be."""

    path: str
    """Absolute, fit to be shown: what cannot be printed is written as `\\xff`."""
    kind: ProblemKind
    text: str
    """The sentence, with the path."""


class Scan(msgspec.Struct):
    """What one look found."""

    files: list[FoundFile] = []
    """In the order of their paths."""
    folders: int = 0
    entries: int = 0
    bytes: int = 0
    """Of the wanted files."""
    links: int = 0
    left: dict[str, int] = {}
    """What was left, by word."""
    left_named: list[tuple[str, str]] = []
    """Path and word of the first of them."""
    problems: list[Problem] = []
    problem_count: int = 0
    unread: list[str] = []
    """Folders of whose content nothing is known; what was there before may still be."""
    devices: set[int] = set()
    """Of the folders that were read; what lay on another one is not gone but away."""

    def knows(self, path: str) -> bool:
        """Tell whether a path that was not found is really not there."""
        return not any(path.startswith(folder + "/") for folder in self.unread)


class TreeError(Exception):
    """A root cannot be read at all; `missing` where there is none."""

    def __init__(self, text: str, *, missing: bool = False) -> None:
        super().__init__(text)
        self.missing = missing


_threads: trio.lowlevel.RunVar[dict[str, trio.CapacityLimiter]] = trio.lowlevel.RunVar("tree_threads")


def threads(root: str) -> trio.CapacityLimiter:
    """Give the limiter of the threads that wait for a root's disk, so that one that hangs takes no other's place."""
    try:
        limiters = _threads.get()
    except LookupError:
        limiters = {}
        _threads.set(limiters)
    return limiters.setdefault(root, trio.CapacityLimiter(THREADS))


async def ask_disk(root: str, ask: Callable[[], T], *, answer_s: float = ANSWER_S) -> T:
    """Run one question to a root's disk in a thread. Raises `TreeError` when no answer comes."""
    with trio.move_on_after(answer_s):
        return await trio.to_thread.run_sync(ask, abandon_on_cancel=True, limiter=threads(root))
    raise TreeError(f"{printable(root)} does not answer; waited {answer_s:g} s. Is its disk or share there?")


async def scan(
    root: str, names: Names, *, folder: str = "", deep: bool = True, limits: Limits | None = None
) -> Scan:
    """Look through `root`, or one `folder` below it (a relative path), with all below it if `deep`.

    A folder that is not there is an empty answer; a root that is not there raises `TreeError`.
    """
    walk = _Walk(root, names, limits or Limits(), deep=deep)
    await ask_disk(root, lambda: walk.begin(folder))
    while walk.pending:
        await ask_disk(root, lambda: walk.read_for(SLICE_S))
    await ask_disk(root, walk.end)
    return walk.found


class _Walk:
    """One look, as far as it has come. Used by one thread at a time."""

    def __init__(self, root: str, names: Names, limits: Limits, *, deep: bool) -> None:
        self.found = Scan()
        self.pending: list[tuple[str, int]] = []
        """Folders to be read, with their depth."""
        self._root = root.rstrip("/") or "/"
        self._real_root = self._root
        self._names = names
        self._limits = limits
        self._deep = deep
        self._left: Counter[str] = Counter()

    def begin(self, folder: str) -> None:
        """Find the first folder. Raises `TreeError` where the root cannot be read."""
        self._real_root = os.path.realpath(self._root)
        try:
            self.found.devices.add(Path(self._root).stat().st_dev)
            os.scandir(self._root).close()
        except OSError as error:
            missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
            raise TreeError(f"{printable(self._root)}: {_words(error)}", missing=missing) from None
        path = _below(self._root, folder) if folder else self._root
        if not folder or os.path.realpath(path) == _below(self._real_root, folder):
            self.pending.append((path, folder.count("/") + 1 if folder else 0))

    def read_for(self, time_s: float) -> None:
        """Read folders until the time is over, at least one."""
        until = time.monotonic() + time_s
        while self.pending:
            self._read(*self.pending.pop())
            if self.found.entries > self._limits.entries:
                self._too_many()
            if time.monotonic() >= until:
                return

    def end(self) -> None:
        """Put what was found in order."""
        self.found.files.sort(key=lambda file: file.path)
        self.found.left = dict(self._left)

    def _read(self, path: str, depth: int) -> None:
        follow = 0 if depth == 0 else os.O_NOFOLLOW
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | follow)
        except (FileNotFoundError, NotADirectoryError):
            return  # it has gone, or has become something else since its name was read
        except OSError as error:
            self._unreadable(path, error)
            return
        try:
            self.found.devices.add(os.fstat(fd).st_dev)
            self.found.folders += 1
            with os.scandir(fd) as entries:
                for entry in entries:
                    self.found.entries += 1
                    self._see(entry, path, depth)
        except OSError as error:
            self._unreadable(path, error)
        finally:
            os.close(fd)

    def _see(self, entry: os.DirEntry[str], folder: str, depth: int) -> None:
        path = _below(folder, entry.name)
        if not _is_utf8(entry.name):
            self._problem(path, "not-utf8", "has a name that is no UTF-8; rename it to have it seen")
            return
        try:
            if entry.is_symlink():
                self._see_link(path, entry.name)
            elif entry.is_dir(follow_symlinks=False):
                self._see_folder(path, entry.name, depth)
            elif entry.is_file(follow_symlinks=False):
                self._see_file(entry, path)
        except FileNotFoundError:
            return
        except OSError as error:
            self._problem(path, "unreadable", f"cannot be looked at: {_words(error)}")

    def _see_folder(self, path: str, name: str, depth: int) -> None:
        if reason := self._names.folder(name):
            self._leave(path, reason)
        elif not self._deep:
            return
        elif depth >= self._limits.depth:
            self.found.unread.append(path)
            self._problem(path, "too-deep", f"lies deeper than {self._limits.depth} folders; not looked into")
        else:
            self.pending.append((path, depth + 1))

    def _see_file(self, entry: os.DirEntry[str], path: str) -> None:
        if reason := self._names.file(entry.name):
            self._leave(path, reason)
            return
        about = entry.stat(follow_symlinks=False)
        self.found.bytes += about.st_size
        self.found.files.append(FoundFile(path, about.st_size, about.st_mtime_ns, about.st_ino, about.st_dev))

    def _see_link(self, path: str, name: str) -> None:
        self.found.links += 1
        if self.found.links > LINKS_RESOLVED_MAX or self._names.folder(name):
            return
        of_interest = not self._names.file(name)
        try:
            real = os.path.realpath(path, strict=True)
            of_interest = of_interest or stat.S_ISDIR(Path(real).stat().st_mode)
        except OSError as error:
            if of_interest:
                why = "leads in a ring" if error.errno == errno.ELOOP else "leads to nothing that can be read"
                self._problem(path, "link-broken", f"is a link that {why}")
            return
        inside = real == self._real_root or real.startswith(_below(self._real_root, ""))
        if of_interest and not inside:
            self._problem(
                path, "link-outside", f"is a link that leads out of {printable(self._root)}; not followed"
            )

    def _leave(self, path: str, reason: str) -> None:
        self._left[reason] += 1
        if len(self.found.left_named) < NAMED_MAX:
            self.found.left_named.append((path, reason))

    def _unreadable(self, path: str, error: OSError) -> None:
        self.found.unread.append(path)
        self._problem(path, "unreadable", f"cannot be read: {_words(error)}")

    def _too_many(self) -> None:
        self.pending.clear()
        self.found.unread.append(self._root)
        self._problem(
            self._root,
            "too-many",
            f"holds more than {self._limits.entries} entries; the rest is not looked at",
        )

    def _problem(self, path: str, kind: ProblemKind, text: str) -> None:
        self.found.problem_count += 1
        if len(self.found.problems) < NAMED_MAX:
            shown = printable(path)
            self.found.problems.append(Problem(shown, kind, f"{shown} {text}"))


def printable(path: str) -> str:
    """Write a path so that it can be shown: bytes that are no text, and control characters, as `\\xff`."""
    if path.isprintable():
        return path
    return "".join(c if c.isprintable() else _escaped(c) for c in path)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _below(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}"


def _is_utf8(name: str) -> bool:
    if name.isascii():
        return True
    try:
        os.fsencode(name).decode()
    except UnicodeDecodeError:
        return False
    return True


def _words(error: OSError) -> str:
    return error.strerror or str(error)
