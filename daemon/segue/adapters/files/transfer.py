"""The recipe: how the files of a job get into the library.

1. **Look** at both ends of every file. A name that is taken by other content ends it here, with nothing touched.
2. **Stage** every file: its bytes are brought next to their place under a partial name (`partials`), with a checksum,
   to the disk, and compared. A source that has changed meanwhile ends it.
3. **Publish**: each gets its final name (`publish`), the first of the order, the video, last; the folders are brought
   to disk; what is replaced lies in the recycle folder (`recycle`). What fails here is taken back.
4. The partial names go.

A crash leaves partial files in 1 and 2, which the next run or a sweep removes; in 3 some files with their final names,
whole, which the next run finds `there`.

**Replacing a file of the same name.** The new file is moved into the recycle folder, where the old one will lie, and
the two change places in one step. At no moment does the old file have a name that a sweep would remove, or the final
name nothing behind it. Where a file system cannot exchange (NFS, CIFS), the old file goes first, and for a moment the
name is free; a crash in that moment leaves both files in the recycle folder, and the next run goes on from there.
"""

import contextlib
import errno
import os
import time

from segue.adapters.files import confined, names, partials, publish, recycle, system
from segue.adapters.files.confined import Folder
from segue.adapters.files.control import Work
from segue.adapters.files.orders import Moved, Place, Transfer
from segue.adapters.files.parts import Part, about
from segue.adapters.files.publish import TakeBack
from segue.adapters.files.trouble import MoveFailed


def transfer(order: Transfer, work: Work) -> Moved:
    """Carry an order out. Raise `MoveFailed`; then nothing is left of it."""
    _check(order)
    began_at = time.monotonic()
    try:
        moved = _Run(order, work, may_rename=True).run()
    except _RenameRefused:
        moved = _Run(order, work, may_rename=False).run()
    return Moved(moved.files, moved.retired, time.monotonic() - began_at)


def _check(order: Transfer) -> None:
    names.check_job(order.job)
    places = [(file.root.rstrip("/"), file.path) for file in order.files]
    retired = [(place.root.rstrip("/"), place.path) for place in order.retires]
    if not places:
        raise MoveFailed("bad_order", "", "a transfer has at least one file")
    twice = {place for place in [*places, *retired] if (places + retired).count(place) > 1}
    if twice:
        root, path = sorted(twice)[0]
        raise MoveFailed("bad_order", f"{root}/{path}", "is named twice in one order")


class _RenameRefused(Exception):  # noqa: N818 - it never leaves this module
    """The system says that two places are on different file systems, though they look like one."""


class _Run:
    """One attempt."""

    def __init__(self, order: Transfer, work: Work, *, may_rename: bool) -> None:
        self._order = order
        self._work = work
        self._may_rename = may_rename
        self._parts = [Part(order, file, number, work) for number, file in enumerate(order.files)]
        self._bins: dict[str, list[str]] = {}
        """Folders that were made for recycling, by root."""
        self._retired: list[tuple[Place, str]] = []
        self._held = contextlib.ExitStack()

    def run(self) -> Moved:
        """Look, stage, publish; on failure nothing is left."""
        try:
            for part in self._parts:
                part.look(may_rename=self._may_rename)
            self._check_room()
            self._work.meter.total_bytes += sum(part.size for part in self._parts if part.copies)
            self._work.meter.files_total = len(self._parts)
            for part in self._parts:
                part.stage()
                self._work.meter.files_done += 1
            self._publish()
        except BaseException as error:
            self._clean_up()
            if isinstance(error, MoveFailed) and error.kind == "no_space":
                raise self._with_figures(error) from error
            raise
        finally:
            self._held.close()
            for part in self._parts:
                part.close()
        return Moved(tuple(part.moved() for part in self._parts), tuple(self._retired))

    def _check_room(self) -> None:
        """Say at once what would end in a full disk after an hour."""
        needed: dict[int, int] = {}
        for part in self._parts:
            if part.needs_room:
                device = os.fstat(part.folder.fd).st_dev
                needed[device] = needed.get(device, 0) + part.size
        for part in self._parts:
            if not part.needs_room:
                continue
            wanted = needed[os.fstat(part.folder.fd).st_dev] + self._order.margin_bytes
            free, total = room(part.folder.fd)
            if total and free < wanted:
                raise MoveFailed(
                    "no_space",
                    part.folder.shown(),
                    f"{wanted} bytes are needed with the margin, {free} are free",
                    needed_bytes=wanted,
                    free_bytes=free,
                )

    def _with_figures(self, error: MoveFailed) -> MoveFailed:
        if error.needed_bytes:
            return error
        needed = sum(part.size for part in self._parts if not part.there and part.has_source)
        free = 0
        with contextlib.suppress(OSError, MoveFailed):
            fd = os.open(self._order.files[0].root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            free = room(fd)[0]
            system.close(fd)
        return MoveFailed(
            error.kind, error.path, error.detail, error.hint, needed_bytes=needed, free_bytes=free
        )

    # ------------------------------------------------------------------ publishing

    def _publish(self) -> None:
        """Give all files their names, or none."""
        self._work.gate.chunk()  # the last moment to pause or cancel
        self._work.meter.enter("publishing", self._parts[0].shown)
        back = TakeBack()
        try:
            for part in self._parts:
                if not part.there and part.has_source:
                    part.source.check()
            for part in reversed(self._parts):
                if not part.there:
                    with about(part.shown):
                        self._give(part, back)
            for part in self._parts:
                with about(part.shown):
                    part.folder.sync()
                    if part.renames:
                        part.source.folder.sync()
            self._retire(back)
        except BaseException as error:
            stuck = back.run()
            if stuck and isinstance(error, MoveFailed):
                detail = "; ".join([error.detail, "this could not be taken back", *stuck])
                raise MoveFailed(error.kind, error.path, detail, error.hint) from error
            raise
        self._drop_partial_names()

    def _give(self, part: Part, back: TakeBack) -> None:
        if not part.folder.is_where_it_was():
            raise MoveFailed(
                "escapes", part.folder.shown(), "was moved or replaced while the files were copied"
            )
        if part.replaced is not None or part.in_bin:
            self._replace(part, back)
        elif part.renames:
            self._move(part, part.folder, part.name, back)
        else:
            assert part.partial is not None
            publish.give_name(part.partial, part.name, part.size, back)

    def _move(self, part: Part, folder: Folder, name: str, back: TakeBack) -> None:
        """Rename the source, and make sure that it was the one that was meant."""
        source = part.source
        try:
            publish.move(source.folder, source.name, folder, name)
        except FileExistsError:
            raise publish.taken(folder, name) from None
        except OSError as error:
            if error.errno == errno.EXDEV and self._order.method == "move":
                raise _RenameRefused from error
            raise
        back.then(folder.shown(name), lambda: publish.move(folder, name, source.folder, source.name))
        found = folder.look(name)
        if found is None or not os.path.samestat(found, source.stat):
            raise MoveFailed("source_changed", source.path, "another file has its name now")

    def _replace(self, part: Part, back: TakeBack) -> None:
        """Let the new file and the old one change places."""
        into = self._open_bin(part)
        name = part.in_bin or recycle.free_name(into, part.name)
        if part.renames:
            self._move(part, into, name, back)
        elif part.partial is not None:
            partial = part.partial
            publish.move(partial.folder, partial.name, into, name)
            back.then(into.shown(name), lambda: publish.move(into, name, partial.folder, partial.name))
        into.sync()
        if part.replaced is None:
            publish.move(into, name, part.folder, part.name)
            back.then(part.shown, lambda: publish.move(part.folder, part.name, into, name))
            part.find_recycled()
        elif publish.swap(into, name, part.folder, part.name):
            back.then(part.shown, lambda: _swap_back(part, into, name))
            part.recycled = into.below(name)
        else:
            part.recycled = into.below(_replace_in_two_steps(part, into, name, back))
        into.sync()
        found = part.folder.look(part.name)
        if found is None or found.st_size != part.size:
            raise MoveFailed("io", part.shown, "does not show up, though the exchange succeeded")

    def _open_bin(self, part: Part) -> Folder:
        made = self._bins.setdefault(part.order.root, [])
        return self._held.enter_context(
            recycle.open_bin(part.order.root, part.directory, self._order.job, made)
        )

    def _retire(self, back: TakeBack) -> None:
        for place in self._order.retires:
            names.check_ours(str(place), names.split(str(place), place.path))
            with about(str(place)):
                made = self._bins.setdefault(place.root, [])
                to = recycle.retire(place, self._order.job, back, made)
            if to:
                self._retired.append((place, to))

    # ------------------------------------------------------------------ tidying

    def _drop_partial_names(self) -> None:
        """The files are final: what fails here is a superfluous name, and a sweep takes it."""
        for part in self._parts:
            if part.partial is not None:
                part.partial.remove()
            else:
                _clear_quietly(part, self._order.job)
        for part in self._parts:
            with contextlib.suppress(OSError):
                part.folder.sync()

    def _clean_up(self) -> None:
        """Remove our partial files, and the folders that we made for nothing."""
        for part in self._parts:
            if part.partial is not None:
                part.partial.remove()
            else:
                _clear_quietly(part, self._order.job)
            for path in reversed(part.made):
                confined.remove_empty(part.order.root, path)
        for root, made in self._bins.items():
            for path in reversed(made):
                confined.remove_empty(root, path)


def _swap_back(part: Part, into: Folder, name: str) -> None:
    publish.swap(into, name, part.folder, part.name)


def _replace_in_two_steps(part: Part, into: Folder, name: str, back: TakeBack) -> str:
    """Replace where the file system cannot exchange; give the old file's name in the recycle folder."""
    old = recycle.throw(part.folder, part.name, into)
    back.then(part.shown, lambda: publish.move(into, old, part.folder, part.name))
    publish.move(into, name, part.folder, part.name)
    back.then(part.shown, lambda: publish.move(part.folder, part.name, into, name))
    return old


def _clear_quietly(part: Part, job: str) -> None:
    """Remove what a run before left under our partial name."""
    if part.is_open:
        with contextlib.suppress(OSError, MoveFailed):
            partials.clear(part.folder, names.partial_name(job, part.number), wait_s=0)


def room(fd: int) -> tuple[int, int]:
    """Give the bytes that are free for us, and all bytes, of the file system of an open folder."""
    found = os.fstatvfs(fd)
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
