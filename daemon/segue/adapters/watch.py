"""Says when something changed below the watched roots, as folders to look at; a scan is the truth (`adapters.tree`).

Three things say so: the kernel's events (`watch_events`), a timer for what events miss, and a root that is no longer
what it was: gone, back, another disk, something mounted over it or within. On network shares, which make no events, and
where the kernel gives no more watches, the timer is all there is, and runs more often.

All roots share one notifier. While it is set up the owner wakes once a second to ask it, and every few seconds to see
that each root is still the same folder; nothing else happens on an idle tree.
"""

import errno
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import trio

from segue.adapters.mounts import Mount, mount_of, mounts, mounts_below
from segue.adapters.tree import Names, TreeError, ask_disk, printable
from segue.adapters.watch_events import (
    EVERYTHING,
    Dirty,
    Hints,
    KernelNotifier,
    Notifier,
    NotifierError,
    read_events,
    require_room,
)

LOOK_ANSWER_S: Final = 10.0
ARM_ANSWER_S: Final = 120.0

Mode = Literal["starting", "watching", "polling", "missing", "unreadable"]


class RootState(NamedTuple):
    """How it stands with a root."""

    root: str
    mode: Mode
    reason: str = ""
    """Why it is polled, missing or unreadable."""


OnDirty = Callable[[str, tuple[Dirty, ...]], None]
OnState = Callable[[RootState], None]


class Timing(NamedTuple):
    """How long things take, in seconds."""

    tick_s: float = 1.0
    """Between two questions to the notifier."""
    check_s: float = 10.0
    """Between two looks whether a root is still the same."""
    poll_s: float = 45.0
    """Between two looks through a root that makes no events."""
    reconcile_s: float = 600.0
    """Between two looks through a root that makes events."""
    quiet_s: float = 1.0
    """A folder is told of when nothing has happened in its root for so long,"""
    patience_s: float = 5.0
    """or so long after the first event."""


class _Look(NamedTuple):
    """What a root is at this moment; two looks that are equal saw the same root."""

    device: int
    inode: int
    below: tuple[Mount, ...]
    without_events: str
    """Why changes may come without events; empty where the kernel hears of all."""


class _Root:
    """A root and what is known of it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.scope = trio.CancelScope()
        self.state = RootState(path, "starting")
        self.look: _Look | None = None
        self.armed_look: _Look | None = None
        """What it was when the notifier was set up for it."""
        self.hints = Hints()
        self.first_hint_at = 0.0
        self.last_hint_at = 0.0
        self.full_at = math.inf
        """When the timer has it looked through."""
        self.look_now = trio.Event()

    def hint(self, dirty: Sequence[Dirty], *, at: float) -> None:
        """Note folders that are to be looked at."""
        if not self.hints:
            self.first_hint_at = at
        self.last_hint_at = at
        self.hints.add_all(dirty)

    def forget(self) -> None:
        """Take the root for another one at the next look."""
        self.look = self.armed_look = None
        self.full_at = math.inf
        self.hints.take()


class Watcher:
    """Watches roots, which come and go. `on_dirty` and `on_state` are plain functions that return at once."""

    def __init__(
        self,
        names: Names,
        on_dirty: OnDirty,
        on_state: OnState,
        *,
        timing: Timing | None = None,
        notifier: Callable[[Sequence[str]], Notifier] = KernelNotifier,
    ) -> None:
        self._names = names
        self._on_dirty = on_dirty
        self._on_state = on_state
        self._timing = timing or Timing()
        self._make_notifier = notifier
        self._roots: dict[str, _Root] = {}
        self._notifier: Notifier | None = None
        self._arm_soon = False
        self._no_events = ""
        """Why the kernel's events cannot be had; empty while they can."""
        self._retry_at = math.inf
        self._woken = trio.Event()
        self._nursery: trio.Nursery | None = None

    def watch(self, path: str) -> None:
        """Begin to watch a root, an absolute path; one that is watched already is looked through again."""
        known = self._roots.get(path)
        if known is not None:
            if known.look is not None:
                self._hint_everything(known)
            return
        root = self._roots[path] = _Root(path)
        if self._nursery is not None:
            self._nursery.start_soon(self._mind, root)

    def unwatch(self, path: str) -> None:
        """Stop watching a root; nothing is told of it any more."""
        root = self._roots.pop(path, None)
        if root is not None:
            root.scope.cancel()
            self._arm()

    async def run(self) -> None:
        """Watch until cancelled, which takes no time. May be called again; then all is looked through anew."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                for root in tuple(self._roots.values()):
                    root.forget()
                    root.scope = trio.CancelScope()
                    nursery.start_soon(self._mind, root)
                while True:
                    if self._arm_soon or trio.current_time() >= self._retry_at:
                        await self._set_up()
                    await self._take_events()
                    self._deliver()
                    await self._sleep()
        finally:
            self._nursery = None
            self._replace_notifier(None)

    # -------------------------------------------------------------- a root

    async def _mind(self, root: _Root) -> None:
        """See to it that a root is what it was, and have it looked through when its time comes."""
        with root.scope:
            while True:
                root.look_now = trio.Event()
                await self._look(root)
                if trio.current_time() >= root.full_at:
                    self._hint_everything(root)
                wait_s = min(self._timing.check_s, root.full_at - trio.current_time())
                with trio.move_on_after(wait_s):
                    await root.look_now.wait()

    async def _look(self, root: _Root) -> None:
        before = root.look
        try:
            root.look = await ask_disk(root.path, lambda: _look(root.path), answer_s=LOOK_ANSWER_S)
        except TreeError as error:
            root.forget()
            self._tell(root, "missing" if error.missing else "unreadable", str(error))
            return
        if root.look == before:
            return
        if reason := root.look.without_events or self._no_events:
            self._tell(root, "polling", reason)
            self._hint_everything(root)
        else:
            self._arm()

    def _hint_everything(self, root: _Root) -> None:
        """Have a root looked through at once, and again when its time comes."""
        now = trio.current_time()
        polled = root.state.mode == "polling"
        root.full_at = now + (self._timing.poll_s if polled else self._timing.reconcile_s)
        root.hint((EVERYTHING,), at=now - self._timing.quiet_s)
        self._woken.set()

    def _tell(self, root: _Root, mode: Mode, reason: str = "") -> None:
        state = RootState(root.path, mode, reason)
        if state != root.state:
            root.state = state
            self._on_state(state)

    # -------------------------------------------------------------- the notifier

    def _with_events(self) -> list[_Root]:
        """Give the roots whose changes the kernel hears of."""
        return [r for r in self._roots.values() if r.look is not None and not r.look.without_events]

    def _arm(self) -> None:
        self._arm_soon = True
        self._woken.set()

    async def _set_up(self) -> None:
        """Set up the notifier for the roots as they are now; the old one serves until the new one does."""
        self._arm_soon, self._retry_at = False, math.inf
        armed = [(root, root.look) for root in self._with_events()]
        paths = [root.path for root, _ in armed]
        if not paths:
            self._no_events = ""
            self._replace_notifier(None)
            return
        try:
            notifier = await ask_disk(paths[0], lambda: self._make_notifier(paths), answer_s=ARM_ANSWER_S)
        except (NotifierError, TreeError) as error:
            self._do_without(str(error))
            return
        await self._take_events()
        self._replace_notifier(notifier)
        self._no_events = ""
        for root, look in armed:
            if root.look == look and self._roots.get(root.path) is root:
                self._tell(root, "watching")
                if root.armed_look != look:
                    root.armed_look = look
                    self._hint_everything(root)

    def _replace_notifier(self, notifier: Notifier | None) -> None:
        before, self._notifier = self._notifier, notifier
        if before is not None:
            before.close()

    def _do_without(self, reason: str) -> None:
        """Poll instead of watching, and try again when all would have been looked through anyway."""
        self._no_events = reason
        self._replace_notifier(None)
        self._retry_at = trio.current_time() + self._timing.reconcile_s
        for root in self._with_events():
            root.armed_look = None
            self._tell(root, "polling", reason)
            self._hint_everything(root)

    async def _take_events(self) -> None:
        """Turn the kernel's events into folders that are to be looked at."""
        if self._notifier is None:
            return
        try:
            events = self._notifier.drain()
            if not events:
                return
            paths = [root.path for root in self._with_events()]
            found = await trio.to_thread.run_sync(
                read_events, events, paths, self._names, abandon_on_cancel=True
            )
            if found.new_folders:
                await trio.to_thread.run_sync(require_room, abandon_on_cancel=True)
        except NotifierError as error:
            self._do_without(str(error))
            return
        now = trio.current_time()
        for path, dirty in found.dirty.items():
            if path in self._roots:
                self._roots[path].hint(dirty, at=now)
        for path in found.removed & self._roots.keys():
            self._roots[path].forget()  # a new folder may even have the same number
            self._roots[path].look_now.set()

    # -------------------------------------------------------------- the one who waits

    def _deliver(self) -> None:
        """Tell of what has come to rest, or has waited long enough."""
        for root in tuple(self._roots.values()):
            if root.hints and trio.current_time() >= self._due_at(root):
                self._on_dirty(root.path, root.hints.take())

    def _due_at(self, root: _Root) -> float:
        timing = self._timing
        return min(root.last_hint_at + timing.quiet_s, root.first_hint_at + timing.patience_s)

    async def _sleep(self) -> None:
        """Sleep until the notifier is asked again, something is due, or something is to be done."""
        due_at = min((self._due_at(root) for root in self._roots.values() if root.hints), default=math.inf)
        wait_s = min(due_at, self._retry_at) - trio.current_time()
        if self._notifier is not None:
            wait_s = min(wait_s, self._timing.tick_s)
        with trio.move_on_after(max(wait_s, 0.0)):
            await self._woken.wait()
        self._woken = trio.Event()


def _look(path: str) -> _Look:
    """Look what a root is now, and that it opens. Raises `TreeError`."""
    try:
        about = Path(path).stat()
        os.scandir(path).close()
    except OSError as error:
        missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
        raise TreeError(f"{printable(path)}: {error.strerror or error}", missing=missing) from None
    everything, real = mounts(), os.path.realpath(path)
    on, below = mount_of(real, everything), mounts_below(real, everything)
    silent = next((mount for mount in (on, *below) if mount is not None and not mount.tells_changes), None)
    why = (
        ""
        if silent is None
        else f"{printable(silent.point)} is on {silent.kind}, whose changes make no events"
    )
    return _Look(about.st_dev, about.st_ino, below, why)
