"""What comes after a transfer: sources of moves go, or a whole job is taken back."""

import errno
import os
import stat

from segue.adapters.files import confined, names, publish, pump, recycle, sources, system
from segue.adapters.files.confined import Folder
from segue.adapters.files.control import Work
from segue.adapters.files.orders import (
    Dropped,
    DropSource,
    FileOrder,
    Place,
    Transfer,
    Undo,
    UndoFile,
    Undone,
    UndoneFile,
)
from segue.adapters.files.parts import about
from segue.adapters.files.transfer import transfer
from segue.adapters.files.trouble import MoveFailed


def drop_source(order: DropSource, work: Work) -> Dropped:
    """Unlink the sources of a move across file systems. Raise `MoveFailed` before anything doubtful is unlinked."""
    names.check_job(order.job)
    gone = []
    for file in order.files:
        work.gate.chunk()
        work.meter.enter("publishing", file.source)
        with about(file.source):
            if _drop(file):
                gone.append(file.source)
    return Dropped(tuple(gone))


def _drop(file: FileOrder) -> bool:
    if file.size < 0 or not file.mtime_ns or not file.inode:
        raise MoveFailed("bad_order", file.source, "is only unlinked when size, time and inode are given")
    try:
        source = sources.open_source(file)
    except MoveFailed as error:
        if error.kind == "source_gone":
            return False
        raise
    try:
        directory, _, name = file.path.rpartition("/")
        place = Place(file.root, file.path)
        names.split(str(place), file.path)
        with _existing(file.root, directory, str(place)) as folder:
            found = folder.look(name)
            if found is None or not stat.S_ISREG(found.st_mode) or found.st_size != file.size:
                raise MoveFailed("source_changed", str(place), "is not the verified copy; the source stays")
            same_folder = os.path.samestat(os.fstat(folder.fd), os.fstat(source.folder.fd))
            if same_folder and name == source.name:
                raise MoveFailed("bad_order", file.source, "is the library's file itself")
        os.unlink(source.name, dir_fd=source.folder.fd)
        source.folder.sync()
    finally:
        source.close()
    return True


def _existing(root: str, directory: str, shown: str) -> Folder:
    try:
        return confined.open_folder(root, directory)
    except FileNotFoundError as error:
        raise MoveFailed("source_changed", shown, "its folder is not there; the source stays") from error


# ------------------------------------------------------------------ undo


def undo(order: Undo, work: Work) -> Undone:
    """Take a job back. Can be given again after a crash; raise `MoveFailed` where a file is not what was brought."""
    names.check_job(order.job)
    for file in order.files:
        _check_unchanged(file, order.job, work)
    done = []
    for file in order.files:
        work.meter.enter("publishing", f"{file.root.rstrip('/')}/{file.path}")
        with about(f"{file.root.rstrip('/')}/{file.path}"):
            done.append(_undo_file(file, order, work))
    for place, recycled in order.retired:
        with about(str(place)):
            done.append(_restore(place, recycled))
    removed = [
        f"{file.root.rstrip('/')}/{path}"
        for file in order.files
        for path in sorted(file.made_folders, key=len, reverse=True)
        if confined.remove_empty(file.root, path)
    ]
    return Undone(tuple(done), tuple(removed))


def _check_unchanged(file: UndoFile, job: str, work: Work) -> None:
    """Refuse to take away a file that is not the one that the job brought: somebody has changed it since."""
    shown = f"{file.root.rstrip('/')}/{file.path}"
    directory, _, name = file.path.rpartition("/")
    names.check_ours(shown, names.split(shown, file.path))
    try:
        folder = confined.open_folder(file.root, directory)
    except FileNotFoundError:
        return
    with folder:
        found = folder.look(name)
        if found is None or _is_recorded(folder, name, found, file, work):
            return
        if file.recycled and _undone_before(file, work):
            return
    raise MoveFailed(
        "source_changed", shown, f"is not the file that job {job} brought", "It stays; move it yourself."
    )


def _is_recorded(folder: Folder, name: str, found: os.stat_result, file: UndoFile, work: Work) -> bool:
    """Tell whether a file is the recorded one: by its size, and by inode, time of change, or content."""
    if not stat.S_ISREG(found.st_mode) or found.st_size != file.size:
        return False
    if found.st_ino == file.source_inode or found.st_mtime_ns == file.source_mtime_ns:
        return True
    return bool(file.sha256) and _content(folder, name, found.st_size, work) == file.sha256


def _content(folder: Folder, name: str, size: int, work: Work) -> str:
    work.meter.total_bytes += size
    work.meter.enter("comparing", folder.shown(name))
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder.fd)
    try:
        return pump.digest(fd, size, work)
    finally:
        system.close(fd)


def _undone_before(file: UndoFile, work: Work) -> bool:
    """Tell whether what the job brought already lies where the replaced file lay."""
    directory, _, name = file.recycled.rpartition("/")
    try:
        with confined.open_folder(file.root, directory) as folder:
            found = folder.look(name)
            return found is not None and _is_recorded(folder, name, found, file, work)
    except FileNotFoundError:
        return False


def _undo_file(file: UndoFile, order: Undo, work: Work) -> UndoneFile:
    shown = f"{file.root.rstrip('/')}/{file.path}"
    directory, _, name = file.path.rpartition("/")
    try:
        folder = confined.open_folder(file.root, directory)
    except FileNotFoundError:
        return UndoneFile(shown, "missing")
    with folder:
        found = folder.look(name)
        if found is None:
            return _undo_missing(file, shown)
        if not _is_recorded(folder, name, found, file, work):
            return UndoneFile(shown, "done before")  # the replaced file is back already
        if file.back:
            _give_back(folder, name, file, order, work)
            if file.recycled:
                _restore(Place(file.root, file.path), file.recycled)
            return UndoneFile(shown, "returned", file.source)
        if file.recycled:
            return _swap_back(folder, name, file, shown)
        with recycle.open_bin(file.root, directory, order.job) as into:
            new = recycle.throw(folder, name, into)
            into.sync()
            folder.sync()
            return UndoneFile(shown, "recycled", into.shown(new))


def _undo_missing(file: UndoFile, shown: str) -> UndoneFile:
    """The library has no such file. What it replaced, if anything, comes back all the same."""
    if not file.recycled:
        return UndoneFile(shown, "missing")
    restored = _restore(Place(file.root, file.path), file.recycled)
    return restored if restored.did == "restored" else UndoneFile(shown, "missing")


def _swap_back(folder: Folder, name: str, file: UndoFile, shown: str) -> UndoneFile:
    """Let the file and the one that it replaced change places again."""
    bin_directory, _, bin_name = file.recycled.rpartition("/")
    with confined.open_folder(file.root, bin_directory) as into:
        if into.look(bin_name) is None:
            raise MoveFailed("source_gone", into.shown(bin_name), "the file that was replaced is not there")
        if not publish.swap(into, bin_name, folder, name):
            new = recycle.throw(folder, name, into)
            publish.move(into, bin_name, folder, name)
            bin_name = new
        into.sync()
        folder.sync()
        return UndoneFile(shown, "swapped", into.shown(bin_name))


def _give_back(folder: Folder, name: str, file: UndoFile, order: Undo, work: Work) -> None:
    """Move a file back to where it came from: a rename, or a copy that is verified, and then the file is recycled."""
    above, _, old_name = file.source.rpartition("/")
    os.makedirs(above or "/", exist_ok=True)  # noqa: PTH103 - quick start
    with confined.open_folder(above or "/") as home:
        try:
            publish.move(folder, name, home, old_name)
        except FileExistsError:
            raise publish.taken(home, old_name, "is there already") from None
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            home.sync()
            folder.sync()
            return
    back = FileOrder(f"{file.root.rstrip('/')}/{file.path}", above or "/", old_name, source_root=file.root)
    transfer(Transfer(job=order.job, files=(back,)), work)
    directory, _, _ = file.path.rpartition("/")
    with recycle.open_bin(file.root, directory, order.job) as into:
        recycle.throw(folder, name, into)
        into.sync()
        folder.sync()


def _restore(place: Place, recycled: str) -> UndoneFile:
    """Bring a retired file back."""
    directory, _, name = recycled.rpartition("/")
    try:
        with confined.open_folder(place.root, directory) as into:
            there = into.look(name) is not None
    except FileNotFoundError:
        there = False
    if not there:
        return UndoneFile(str(place), "done before")
    try:
        recycle.bring_back(place.root, recycled, place.path)
    except FileExistsError as error:
        raise MoveFailed(
            "destination_exists", str(place), "is there already; the retired file stays"
        ) from error
    return UndoneFile(str(place), "restored", str(place))
