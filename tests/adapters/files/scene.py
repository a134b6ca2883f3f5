"""An ingest folder and a library on a real disk, and short ways to say what is to be done with them."""

import os
from pathlib import Path
from typing import Any

from segue.adapters.files.control import Work
from segue.adapters.files.orders import FileOrder, Moved, Transfer, Undo, UndoFile
from segue.adapters.files.transfer import transfer

MTIME_NS = 1_500_000_000_123_456_789


class Scene:
    """Two folders below a temporary one."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.ingest = base / "ingest"
        self.library = base / "library"
        self.ingest.mkdir()
        self.library.mkdir()

    def source(self, name: str = "a.mkv", content: bytes = b"a film" * 1000) -> Path:
        """Put a file into the ingest folder."""
        path = self.ingest / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(MTIME_NS, MTIME_NS))
        return path

    def shelve(self, name: str, content: bytes) -> Path:
        """Put a file into the library."""
        path = self.library / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def file(self, source: Path, path: str, **more: Any) -> FileOrder:
        """Order one file, as it is now."""
        found = source.stat()
        given = {"size": found.st_size, "mtime_ns": found.st_mtime_ns, "inode": found.st_ino} | more
        return FileOrder(str(source), str(self.library), path, **given)

    def order(self, *files: FileOrder, **more: Any) -> Transfer:
        """Order some files."""
        return Transfer(job=more.pop("job", "7.1"), files=files, **{"margin_bytes": 0} | more)

    def move(self, *files: FileOrder, work: Work | None = None, **more: Any) -> Moved:
        """Order some files, and have it done."""
        return transfer(self.order(*files, **more), work or Work())

    def tree(self) -> dict[str, bytes]:
        """Give all files, by their path."""
        return {
            str(path.relative_to(self.base)): path.read_bytes()
            for path in sorted(self.base.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }

    def folders(self) -> list[str]:
        """Name the folders of the library."""
        return sorted(str(p.relative_to(self.library)) for p in self.library.rglob("*") if p.is_dir())


def undoing(moved: Moved, job: str = "7.1", *, back: bool = False) -> Undo:
    """Make the order that takes a transfer back, as the history would."""
    files = tuple(
        UndoFile(
            file.source,
            file.root,
            file.path,
            file.size,
            file.sha256,
            source_mtime_ns=MTIME_NS,
            back=back,
            recycled=file.recycled,
            made_folders=file.made_folders,
        )
        for file in moved.files
        if not file.already_there
    )
    return Undo(job=job, files=files, retired=moved.retired)
