"""What the mover can be asked, and what it answers: lines of JSON on its pipes.

The first line of its input is one order, the lines after it are controls. Its output is any number of `Progress` lines,
then one answer, or one `Failed`.
"""

from typing import Literal

import msgspec

from segue.adapters.files.trouble import Kind, MoveFailed

Method = Literal["copy", "hardlink", "hardlink-only", "move", "rename"]
"""How a file is to be brought over.

`copy`           a reflink where the file system has them, else a copy
`hardlink`       a second name for the same bytes; where that cannot be, a copy, and the answer says why
`hardlink-only`  or else refuse
`move`           rename on one file system; across two a copy, and the source goes with `DropSource`
`rename`         rename, or refuse
"""
UsedMethod = Literal["hardlink", "reflink", "server-side copy", "copy", "rename"]
Phase = Literal[
    "looking", "comparing", "copying", "reading back", "syncing", "publishing", "reading", "stalled"
]

MARGIN_BYTES = 64 * 1024 * 1024
"""What a transfer leaves free by default: a file system that is full to its last byte stops others, too."""


class Place(msgspec.Struct, frozen=True):
    """A file or folder below a root. No symbolic link below the root is ever followed."""

    root: str
    """Absolute."""
    path: str
    """Relative to the root."""

    def __str__(self) -> str:
        return f"{self.root.rstrip('/')}/{self.path}" if self.path else self.root


class FileOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file that is to be brought over."""

    source: str
    """Absolute."""
    root: str
    path: str
    """Where it is to be, relative to `root`."""
    source_root: str = ""
    """When given, `source` has to lie below it, with no symbolic link on the way."""
    size: int = -1
    """Bytes; with `mtime_ns` and `inode` what the source was when it was looked at. A source that is something else
    now is refused. -1, 0 and 0: not known."""
    mtime_ns: int = 0
    inode: int = 0
    replaces: bool = False
    """True when a file of this very name may be replaced; it goes to the recycle folder."""


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Something to be done for one job."""

    job: str
    """1 to 64 of `A-Za-z0-9._-`; it is part of the names of partial files and of the recycle folder."""
    gentle: bool = True
    """Give way to others: lowest priority for processor and disk."""


class Transfer(Order, frozen=True, kw_only=True, tag="transfer"):
    """Bring the files of a job into the library. Answer: `Moved`."""

    files: tuple[FileOrder, ...]
    """The video first: it is published last, when its sidecars are in place."""
    method: Method = "copy"
    retires: tuple[Place, ...] = ()
    """Files of the library that this job replaces under another name; they go to the recycle folder."""
    reread: bool = False
    """Read each copy back from the disk, past the cache, and compare."""
    resumed: bool = False
    """True when this order may have been carried out before, and its answer was lost. Then a file that is already
    there with the same content is taken for ours."""
    margin_bytes: int = MARGIN_BYTES


class DropSource(Order, frozen=True, kw_only=True, tag="drop_source"):
    """Unlink sources that were moved across file systems, now that the history has them. Answer: `Dropped`."""

    files: tuple[FileOrder, ...]
    """As in the transfer, with `size`, `mtime_ns` and `inode`: only that very file is unlinked, and only when a file
    of its size is in the library."""


class UndoFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file that a job brought over, as the history has it."""

    source: str
    root: str
    path: str
    size: int
    sha256: str = ""
    source_mtime_ns: int = 0
    source_inode: int = 0
    back: bool = False
    """True when the source was moved or renamed: then the file goes back there."""
    recycled: str = ""
    """Where the file that it replaced lies, relative to the root."""
    made_folders: tuple[str, ...] = ()


class Undo(Order, frozen=True, kw_only=True, tag="undo"):
    """Take a job back. Answer: `Undone`. Files that were not there before go to the recycle folder."""

    files: tuple[UndoFile, ...]
    retired: tuple[tuple[Place, str], ...] = ()
    """Where each retired file was, and where it lies now, relative to the same root."""


class VerifyFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file whose content is to be looked at."""

    root: str
    path: str
    size: int = -1
    sha256: str = ""
    """Empty: nobody has read it yet; the answer brings it."""


class Verify(Order, frozen=True, kw_only=True, tag="verify"):
    """Read files, from the disk and not from the cache, and compare. Answer: `Verified`."""

    files: tuple[VerifyFile, ...]


class Sweep(Order, frozen=True, kw_only=True, tag="sweep"):
    """Remove partial files that no job claims. Answer: `Swept`."""

    keep: tuple[str, ...] = ()
    """Jobs that are not over."""
    roots: tuple[str, ...] = ()
    """Looked through with all folders below."""
    folders: tuple[Place, ...] = ()
    """Looked through without what is below."""


class Inspect(Order, frozen=True, kw_only=True, tag="inspect"):
    """Look at a folder of the library, and try out what works there. Answer: `Inspected`."""

    folder: Place
    probe: bool = False
    """Make, link, rename and remove a small file of ours."""
    link_from: str = ""
    """With `probe`: a folder from which a hardlink and a reflink are tried, absolute."""


Orders = Transfer | DropSource | Undo | Verify | Sweep | Inspect


class Control(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A line after the order."""

    pause: bool | None = None
    limit_bytes_per_s: int | msgspec.UnsetType | None = msgspec.UNSET
    cancel: bool = False


# ------------------------------------------------------------------ what comes back


class Progress(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="progress"):
    """How far an order has come. At most five a second, and none while nothing moves."""

    phase: Phase
    path: str = ""
    """What is being worked on."""
    done_bytes: int = 0
    total_bytes: int = 0
    files_done: int = 0
    files_total: int = 0
    silent_s: float = 0.0
    """With `stalled`, which the client says itself: how long nothing was heard, though nothing is paused."""


class MovedFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file that is in its place, whole and on disk."""

    source: str
    root: str
    path: str
    size: int
    method: UsedMethod
    """With `already_there`: what it looks like."""
    sha256: str = ""
    """Of the bytes as read from the source; empty where nobody had to read them (hardlink, rename)."""
    already_there: bool = False
    """True when it was in place with the same content; then nothing was done."""
    note: str = ""
    """Why another method was used than the one asked for."""
    recycled: str = ""
    """Where the file that it replaced lies now, relative to the root."""
    made_folders: tuple[str, ...] = ()
    """Folders that had to be made for it, relative to the root, outermost first."""
    source_kept: bool = False
    """With `move`: the source is still there, and `DropSource` may take it."""


class Moved(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="moved"):
    """All files of the order are in their places."""

    files: tuple[MovedFile, ...]
    """In the order of the order."""
    retired: tuple[tuple[Place, str], ...] = ()
    """Where each retired file was, and where it lies now, relative to the same root."""
    took_s: float = 0.0


class Dropped(msgspec.Struct, frozen=True, tag_field="type", tag="dropped"):
    """The sources are gone."""

    paths: tuple[str, ...]
    """Those that this call unlinked; the others were gone before."""


class UndoneFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one file of the library."""

    path: str
    """Absolute."""
    did: Literal["recycled", "returned", "swapped", "restored", "missing", "done before"]
    """`swapped`: into the recycle folder, and the replaced file is back; `restored`: a retired file is back."""
    to: str = ""
    """Where it is now, absolute."""


class Undone(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="undone"):
    """The job is taken back."""

    files: tuple[UndoneFile, ...]
    removed_folders: tuple[str, ...] = ()
    """Folders that we had made and that were empty, absolute."""


class VerifiedFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was found of one file."""

    root: str
    path: str
    status: Literal["ok", "read", "missing", "size", "content", "unreadable"]
    """`read`: no checksum was known before; `content`: the bytes are not the ones that were ingested."""
    size: int = 0
    sha256: str = ""
    detail: str = ""


class Verified(msgspec.Struct, frozen=True, tag_field="type", tag="verified"):
    """All files were looked at."""

    files: tuple[VerifiedFile, ...]


class Swept(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="swept"):
    """The partial files are gone."""

    removed: tuple[str, ...] = ()
    bytes: int = 0
    """What they took, as far as they were the last name of their bytes."""
    left: tuple[tuple[str, str], ...] = ()
    """Those that could not be removed, and why."""
    folders: int = 0
    """Folders looked through."""


class Entry(msgspec.Struct, frozen=True):
    """A name in a folder."""

    name: str
    size: int
    kind: Literal["file", "folder", "other"]


class Inspected(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="inspected"):
    """A folder, and what works there. Nothing where it was not tried."""

    exists: bool
    entries: tuple[Entry, ...] = ()
    unreadable_names: int = 0
    """Names that are no UTF-8."""
    free_bytes: int = 0
    total_bytes: int = 0
    device: int = 0
    file_system: str = ""
    writable: bool | None = None
    hardlinks: bool | None = None
    exclusive_rename: bool | None = None
    exchange: bool | None = None
    link_works: bool | None = None
    """Whether a file in `link_from` can be hardlinked here."""
    reflink_works: bool | None = None
    problem: str = ""
    """The first thing that did not work, in words."""


class Failed(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="failed"):
    """The order came to nothing; see `trouble.MoveFailed`."""

    kind: Kind
    path: str
    detail: str
    hint: str = ""
    needed_bytes: int = 0
    free_bytes: int = 0

    @classmethod
    def of(cls, error: MoveFailed) -> "Failed":
        """Write a failure down."""
        return cls(error.kind, error.path, error.detail, error.hint, error.needed_bytes, error.free_bytes)

    def error(self) -> MoveFailed:
        """Make the failure again on the other side."""
        return MoveFailed(
            self.kind,
            self.path,
            self.detail,
            self.hint,
            needed_bytes=self.needed_bytes,
            free_bytes=self.free_bytes,
        )


Answer = Moved | Dropped | Undone | Verified | Swept | Inspected
Lines = Progress | Answer | Failed
