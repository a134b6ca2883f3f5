"""What is planned for a job, and what the history keeps of it for years."""

from typing import Literal

import msgspec

FileKind = Literal["video", "subtitle", "nfo", "extra", "image"]
TransferMethod = Literal["copy", "hardlink", "hardlink-only", "move", "rename"]
RecordKind = Literal["ingest", "rename", "adopt"]


class PlannedFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file of a plan: from where to where."""

    source: str
    """Absolute."""
    root: str
    path: str
    """Relative to the root."""
    kind: FileKind = "video"
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    """As they were when the plan was made; a source that has changed since is not touched. 0: not known."""
    replaces: bool = False
    """True when the file that has this very name may be replaced (it goes to the recycle folder)."""


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a job will do: shown before, done after."""

    files: tuple[PlannedFile, ...]
    """The video first."""
    method: TransferMethod = "copy"
    scan_folder: str = ""
    """The folder that Plex is to look at afterwards, absolute."""
    retires: tuple[str, ...] = ()
    """Files of the library that this one replaces under another name, absolute."""
    left: tuple[tuple[str, str], ...] = ()
    """Files near the source that stay where they are, with the reason."""
    notes: tuple[str, ...] = ()
    """What a person should know: a shortened name, an older version that stays."""

    @property
    def total_bytes(self) -> int:
        """All bytes that have to be moved, where moving means copying."""
        return sum(file.size for file in self.files)


class RecordedFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file of a history entry."""

    source: str
    root: str
    path: str
    size: int
    sha256: str = ""
    method: str = ""
    kind: FileKind = "video"
    source_mtime_ns: int = 0
    source_inode: int = 0
    recycled: str = ""
    made_folders: tuple[str, ...] = ()
    moved: bool = False
    """True when the source was to go: what is taken back goes back there."""


class HistoryRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of the history: one job that was carried out."""

    record_id: str
    """The job's id."""
    kind: RecordKind
    wall_at: float
    title: str
    files: tuple[RecordedFile, ...]
    year: int | None = None
    media: Literal["film", "show", ""] = ""
    tmdb_id: int | None = None
    tvdb_id: int | None = None
    season: int | None = None
    episodes: tuple[int, ...] = ()
    score: float | None = None
    decided_by: str = ""
    """`score` where it went in by itself, else who approved it."""
    took_s: float = 0.0
    retired: tuple[tuple[str, str], ...] = ()
    """Files that were replaced under another name: absolute path, and where they lie in the recycle folder."""
    undone_at: float | None = None
    seq: int = 0
    """Number of the step that began it, for `seguectl why`."""
