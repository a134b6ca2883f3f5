"""The recycle folder: where a file goes that is replaced or undone. segue deletes none.

It is `<root>/.segue-recycle/<job>/<the file's path below the root>`. Where the file lies on another mount than its
root, the recycle folder begins at the first folder of that mount, since a file is only ever renamed into it.
"""

import stat

from segue.adapters.files import confined, names, publish
from segue.adapters.files.confined import Folder
from segue.adapters.files.orders import Place
from segue.adapters.files.publish import TakeBack
from segue.adapters.files.sources import kind_of
from segue.adapters.files.trouble import MoveFailed

_NUMBERS = range(1, 100)


def bin_path(root: str, directory: str, job: str) -> str:
    """Say which folder, relative to the root, takes what lies in a folder of the library."""
    parts = names.split(root, directory) if directory else []
    depth = confined.same_mount_from(root, directory)
    return "/".join([*parts[:depth], names.RECYCLE, job, *parts[depth:]])


def open_bin(root: str, directory: str, job: str, made: list[str] | None = None) -> Folder:
    """Open the recycle folder for a folder of the library, and make it where it is missing."""
    return confined.open_folder(root, bin_path(root, directory, job), make=True, made=made, twins=True)


def throw(folder: Folder, name: str, into: Folder) -> str:
    """Move a file into a recycle folder under its own name, or a numbered one; give that."""
    for number in _NUMBERS:
        new = names.numbered(name, number)
        try:
            publish.move(folder, name, into, new)
        except FileExistsError:
            continue
        return new
    raise MoveFailed("destination_exists", into.shown(name), "has a hundred namesakes in the recycle folder")


def free_name(folder: Folder, name: str) -> str:
    """Find a name that is free in a recycle folder."""
    for number in _NUMBERS:
        new = names.numbered(name, number)
        if folder.look(new) is None:
            return new
    raise MoveFailed(
        "destination_exists", folder.shown(name), "has a hundred namesakes in the recycle folder"
    )


def retire(place: Place, job: str, back: TakeBack, made: list[str]) -> str:
    """Move a file of the library into the recycle folder; give where it is now, relative to its root.

    A file that is there already was retired by an earlier run. One that is nowhere gives an empty text: what was to go
    is gone.
    """
    directory, _, name = place.path.rpartition("/")
    try:
        folder = confined.open_folder(place.root, directory)
    except FileNotFoundError:
        return ""
    with folder:
        found = folder.look(name)
        if found is None:
            return _retired_before(place, directory, name, job)
        if not stat.S_ISREG(found.st_mode):
            raise MoveFailed("not_regular", str(place), f"is {kind_of(found.st_mode)}, and no plain file")
        with open_bin(place.root, directory, job, made) as into:
            new = throw(folder, name, into)
            back.then(str(place), lambda: bring_back(place.root, into.below(new), place.path))
            into.sync()
            folder.sync()
            return into.below(new)


def _retired_before(place: Place, directory: str, name: str, job: str) -> str:
    try:
        with confined.open_folder(place.root, bin_path(place.root, directory, job)) as into:
            return into.below(name) if into.look(name) is not None else ""
    except FileNotFoundError:
        return ""


def bring_back(root: str, recycled: str, path: str) -> None:
    """Move a file from the recycle folder to where it was. Raise `FileExistsError` where that name is taken."""
    from_path, _, from_name = recycled.rpartition("/")
    to_path, _, to_name = path.rpartition("/")
    with (
        confined.open_folder(root, from_path) as old,
        confined.open_folder(root, to_path, make=True, twins=True) as new,
    ):
        publish.move(old, from_name, new, to_name)
        new.sync()
        old.sync()
