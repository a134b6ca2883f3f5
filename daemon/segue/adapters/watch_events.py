"""The kernel's word that something changed below a root, by way of watchfiles; and what its words are worth.

Events are hints: a folder that is moved in makes one event for all that it holds, a file that is written at once into
a new folder makes none, and a full queue loses some without a word. So an event only names a folder to be looked at.

watchfiles offers a loop that sleeps a step, looks, and sleeps again, in a thread that hears of its end only after the
step. Here the same notifier is asked without waiting, when its owner wakes; that takes 2 us, no thread, and ends at
once (watchfiles, "Rust backend direct usage").
"""

import os
import stat
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from segue.adapters.tree import Names, printable

EVENTS_MAX: Final = 5_000
"""With more events at once the kernel may have dropped some (its queue holds 16,384): the whole root is looked at."""
FOLDERS_MAX: Final = 256
"""With more folders than these it is cheaper to look at the whole root."""
LIMIT_WORDS: Final = "watch limit"
"""How the notifier says ENOSPC."""
WATCHES_FILE: Final = "/proc/sys/fs/inotify/max_user_watches"

Change = tuple[int, str]
ADDED, MODIFIED, DELETED = 1, 2, 3


class Dirty(NamedTuple):
    """A folder, relative to its root (empty: the root itself), in which something changed."""

    folder: str
    deep: bool
    """True when anything below may have changed, false for the folder's own files."""


EVERYTHING: Final = Dirty("", deep=True)


class NotifierError(Exception):
    """Events cannot be had; says why and what to do."""


class Notifier(Protocol):
    """Something that collects events."""

    def drain(self) -> Iterable[Change]:
        """Give what has come in since the last time, without waiting."""

    def close(self) -> None:
        """Stop collecting."""


class _TwoLooks:
    """Ends the notifier's loop after its second round: the first one sees events, the second hands them out."""

    def __init__(self) -> None:
        self._rounds = 0

    def is_set(self) -> bool:
        self._rounds += 1
        return self._rounds > 2


class KernelNotifier:
    """One inotify instance for all roots. Setting it up takes about 15 us a folder, with the GIL held."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._notify = _rust_notify(roots)
        try:
            require_room()
        except NotifierError:
            self.close()
            raise

    def drain(self) -> Iterable[Change]:
        """Give the events that came in since the last time. Raises `NotifierError` when the notifier has failed."""
        try:
            events = self._notify.watch(0, 0, 0, _TwoLooks())
        except Exception as error:  # its own error is a class without a public name
            raise NotifierError(f"watching failed: {error}") from None
        return () if isinstance(events, str) else events

    def close(self) -> None:
        """Let go of the kernel's watches."""
        self._notify.close()


def require_room() -> None:
    """Raise `NotifierError` when the kernel gives no more watches.

    A recursive watch that runs into the limit halfway, or later, says nothing; so it is asked for one more.
    """
    try:
        _rust_notify(["/"], recursive=False).close()
    except NotifierError as error:
        if LIMIT_WORDS in str(error):
            raise


def _rust_notify(roots: Sequence[str], *, recursive: bool = True) -> Any:
    """Make a notifier. watchfiles is imported here, so that who does not watch does not carry it."""
    from watchfiles._rust_notify import RustNotify

    try:
        # In order: no debugging, no polling and its delay, and whether folders that cannot be watched are passed over:
        # with many folders some go, or do not open, and that must not end the watching of the others.
        return RustNotify(list(roots), False, False, 300, recursive, recursive)  # noqa: FBT003
    except Exception as error:  # OSError, or its own class for "too many instances"
        raise NotifierError(_advice(str(error))) from None


def _advice(text: str) -> str:
    """Say what to do about a limit of the kernel."""
    if LIMIT_WORDS in text.lower():
        limit = _read_number(WATCHES_FILE)
        return (
            f"the kernel's {LIMIT_WORDS} is reached ({limit} folders for all programs of this user); "
            "raise fs.inotify.max_user_watches with sysctl"
        )
    if "os error 24" in text:
        return "the kernel gives no further inotify instance; raise fs.inotify.max_user_instances with sysctl"
    return f"the kernel's events cannot be had: {printable(text)}"


def _read_number(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:  # noqa: PTH123
            return file.read().strip()
    except (OSError, UnicodeDecodeError):
        return "unknown number of"


# ------------------------------------------------------------------ from events to folders


class Hints:
    """The folders of one root that have to be looked at."""

    def __init__(self) -> None:
        self._folders: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._folders)

    def add(self, folder: str, *, deep: bool) -> None:
        """Add a folder; nothing is kept twice, and too many become the whole root."""
        if self._folders.get("") or any(self._folders.get(above) for above in _above(folder)):
            return
        self._folders[folder] = deep or self._folders.get(folder, False)
        if len(self._folders) > FOLDERS_MAX:
            self._folders = {"": True}

    def add_all(self, dirty: Iterable[Dirty]) -> None:
        """Add several."""
        for each in dirty:
            self.add(each.folder, deep=each.deep)

    def take(self) -> tuple[Dirty, ...]:
        """Give the folders, none within another that is looked at with all below, and forget them."""
        taken, self._folders = self._folders, {}
        return tuple(
            Dirty(folder, deep=deep)
            for folder, deep in sorted(taken.items())
            if not any(taken.get(above) for above in _above(folder))
        )


def _above(folder: str) -> Iterable[str]:
    """Give the folders above a relative one, the root (empty) last."""
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


class Events(NamedTuple):
    """What a lot of events comes to."""

    dirty: dict[str, tuple[Dirty, ...]]
    """By root."""
    removed: frozenset[str]
    """Roots that have themselves been removed or moved."""
    new_folders: bool
    """True when folders came in, which take further watches."""


def read_events(events: Iterable[Change], roots: Sequence[str], names: Names) -> Events:
    """Say which folders of which root events speak of.

    Looks at the disk: whether a path is a folder is not part of an event.
    """
    changes = list(events)
    removed = frozenset(path for kind, path in changes if kind == DELETED and path in roots)
    if len(changes) > EVENTS_MAX:
        return Events(dict.fromkeys(roots, (EVERYTHING,)), removed, new_folders=True)
    hints = {root: Hints() for root in roots}
    new_folders = False
    for kind, path in changes:
        for root in roots:
            above = root.rstrip("/") + "/"
            if path.startswith(above):
                new_folders |= _read_event(kind, path, path[len(above) :], names, hints[root])
    return Events({root: hint.take() for root, hint in hints.items() if hint}, removed, new_folders)


def _read_event(kind: int, path: str, relative: str, names: Names, hints: Hints) -> bool:
    """Note the folder that an event makes doubtful; True for a folder that came in."""
    folder, _, name = relative.rpartition("/")
    if any(names.folder(part) for part in folder.split("/") if part):
        return False
    wanted = not names.file(name)
    if kind == DELETED:
        if wanted:
            hints.add(folder, deep=False)
        if not names.folder(name):
            hints.add(relative, deep=True)  # it may have been a folder: then all below it has gone
    elif _is_folder(path):
        if not names.folder(name):
            hints.add(relative, deep=True)
            return kind == ADDED
    elif wanted:
        hints.add(folder, deep=False)
    return False


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False
