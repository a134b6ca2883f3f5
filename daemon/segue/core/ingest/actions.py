"""Everything the ingest domain hears: what arrives, what the workers found out, what people ask."""

from typing import Literal

import msgspec

from segue.core.ingest.facts import Candidate, ParsedName
from segue.core.ingest.requests import (
    IngestAction,
    IngestRequests,
    SourceFile,
)

RootStatus = Literal["starting", "watching", "polling", "missing", "unreadable", "stopped"]
Structure = Literal["whole", "broken", "unknown"]
Stage = Literal["probe", "identify", "locate", "transfer", "record", "undo"]


# ------------------------------------------------------------------ what arrives


class SourcesFound(IngestAction, frozen=True):
    """Files that are new, or not what they were when they were last told. Many files, one action."""

    root: str
    files: tuple[SourceFile, ...]


class SourcesGone(IngestAction, frozen=True):
    """Files that were told and are no longer there."""

    root: str
    paths: tuple[str, ...]


class RootChanged(IngestAction, frozen=True):
    """How it stands with a watched root; told after each scan that found another state or other figures."""

    root: str
    status: RootStatus
    files: int = 0
    """Wanted video files below it, known or new."""
    bytes: int = 0
    problems: int = 0
    """Entries that could not be read, have no UTF-8 name, or are links that lead out of the root."""
    detail: str = ""
    """Names the first problem, or why the root is missing."""
    left: int = 0
    """Files that were recognised and left alone: samples, junk, unfinished ones."""


class WatchPutOff(IngestAction, frozen=True):
    """A root is not watched yet: the order was dropped, as while nothing can be remembered. It is given again soon."""

    root: str
    detail: str = ""


class BaselineTaken(IngestAction, frozen=True):
    """What lay below a root when it was watched for the first time was written down as old."""

    effect_id: str
    root: str
    files: int
    bytes: int


class SourceProbe(msgspec.Struct, frozen=True, omit_defaults=True):
    """A second, closer look at one file."""

    path: str
    size: int | None = None
    """Nothing when the file is gone."""
    mtime_ns: int = 0
    inode: int = 0
    device: int = 0
    writer: str = ""
    """Who has it open for writing, as far as that can be seen: `qbittorrent (1234)`."""
    structure: Structure = "unknown"
    detail: str = ""
    """What the structure lacks, in words."""
    duration_s: float | None = None
    unpacking: bool = False
    """True when archives that belong to it lie beside it."""
    error: str = ""
    """Why it could not be looked at."""


class SourcesProbed(IngestAction, frozen=True):
    """The outcome of `ProbeSources`."""

    effect_id: str
    probes: tuple[SourceProbe, ...]


class DownloadsRead(IngestAction, frozen=True):
    """A download client was asked what it holds."""

    client: Literal["qbittorrent", "transmission"]
    complete: tuple[str, ...] = ()
    """Files and folders that it calls complete."""
    incomplete: tuple[str, ...] = ()
    error: str = ""


# ------------------------------------------------------------------ what the workers found out


class Identified(IngestAction, frozen=True):
    """A name was read and TMDb was asked. The verdict is the core's."""

    effect_id: str
    job_id: str
    parsed: ParsedName
    candidates: tuple[Candidate, ...] | None = None
    """Nothing when TMDb could not be asked; then `problem` says why."""
    problem: Literal["", "no_key", "refused", "busy", "unavailable", "unreadable"] = ""
    detail: str = ""
    duration_s: float | None = None


class OnServer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of the same film or episodes that the library already has, by Plex' word or by the folder's."""

    path: str
    """As segue sees it, absolute."""
    size: int = 0
    resolution: str = ""
    """As Plex says it: `1080`, `4k`, `sd`."""
    season: int | None = None
    episodes: tuple[int, ...] = ()
    rating_key: str = ""


class Sibling(msgspec.Struct, frozen=True):
    """A file near the video, relative to the video's folder; what is in sub-folders has slashes."""

    path: str
    size: int
    mtime_ns: int = 0
    inode: int = 0
    """By these a file that was moved is known again when that is taken back."""


class RootFacts(msgspec.Struct, frozen=True):
    """A library root as it is now."""

    root: str
    exists: bool
    free_bytes: int = 0
    device: int = 0


class LibraryFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What has to be known before a destination can be chosen."""

    siblings: tuple[Sibling, ...] = ()
    videos_in_folder: int = 1
    on_server: tuple[OnServer, ...] = ()
    """Files of the same title; for a show all of its episodes' files."""
    plex_asked: bool = False
    """False when Plex could not be asked; then only the folders were looked at."""
    folders: tuple[str, ...] = ()
    """Names of the folders in the library roots of this kind that begin with the title, relative to their root."""
    entries: tuple[str, ...] = ()
    """Names in the folder that the file would go to, and in the title's folder."""
    owners: tuple[tuple[str, int], ...] = ()
    """Folders of the title's name, relative to their root, and the TMDb id of what the history put there."""
    roots: tuple[RootFacts, ...] = ()
    ingested_before: str = ""
    """Id of the history entry that took in a source of this name and size before."""


class Located(IngestAction, frozen=True):
    """The outcome of `LocateDestination`."""

    effect_id: str
    job_id: str
    facts: LibraryFacts


class TransferredFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that is in its place now, verified and on disk."""

    source: str
    root: str
    path: str
    """Relative to the root."""
    size: int
    sha256: str = ""
    """Empty for a hardlink until `verify` has read it."""
    method: str = ""
    """`hardlink`, `reflink`, `server-side copy`, `copy`, `rename` or `already there`."""
    kind: str = "video"
    recycled: str = ""
    """Where the file that it replaced lies now, relative to the root."""
    made_folders: tuple[str, ...] = ()
    """Folders that had to be made, relative to the root."""


class TransferProgressed(IngestAction, frozen=True):
    """How far a transfer has come; told about once a second."""

    effect_id: str
    job_id: str
    done_bytes: int
    total_bytes: int
    bytes_per_s: float = 0.0


class Transferred(IngestAction, frozen=True):
    """The outcome of `TransferFiles`: everything is in its place."""

    effect_id: str
    job_id: str
    files: tuple[TransferredFile, ...]
    took_s: float = 0.0
    retired: tuple[tuple[str, str], ...] = ()
    """Files of another name that were replaced: absolute path, and where they lie in the recycle folder."""


class Recorded(IngestAction, frozen=True):
    """The outcome of `RecordIngest`: the history has its row."""

    effect_id: str
    job_id: str
    note: str = ""
    """Why a source that was to be moved is still there."""


class Undone(IngestAction, frozen=True):
    """The outcome of `UndoIngest`."""

    effect_id: str
    job_id: str
    files: tuple[str, ...] = ()
    """What was done with each file, in words."""


class StageFailed(IngestAction, frozen=True):
    """A stage of a job came to nothing."""

    effect_id: str
    job_id: str
    stage: Stage
    kind: str
    """A word of `reasons.FAILURES`, such as `no_space`; `dropped` and `commit_late` are the store's own."""
    detail: str = ""
    path: str = ""
    needed_bytes: int = 0
    free_bytes: int = 0


class FolderScanned(IngestAction, frozen=True):
    """Plex has taken the order to look at a folder."""

    effect_id: str
    folder: str
    section: str = ""


class ScanFailed(IngestAction, frozen=True):
    """Plex could not be told."""

    effect_id: str
    folder: str
    reason: Literal["down", "refused", "no_section", "dropped"]
    detail: str = ""


class LongRunProgressed(IngestAction, frozen=True):
    """How far `verify` or `adopt` has come; told about once a second."""

    effect_id: str
    files_done: int
    files_total: int
    bytes_done: int = 0
    bytes_total: int = 0


class LongRunEnded(IngestAction, frozen=True):
    """`verify` or `adopt` has ended."""

    effect_id: str
    files: int
    ok: int = 0
    problems: tuple[str, ...] = ()
    """The first hundred, a sentence each; the history keeps them all."""
    problem_count: int = 0
    error: str = ""
    """Why it ended early; empty when it went to its end."""


# ------------------------------------------------------------------ what the house decides


class TransfersHeld(IngestAction, frozen=True):
    """Somebody watches, or nobody does any more: transfers wait, go slowly, or go on. Made by a rule."""

    hold: Literal["", "wait", "slow"]
    because: str = ""


IngestNews = (
    SourcesFound
    | SourcesGone
    | RootChanged
    | WatchPutOff
    | BaselineTaken
    | SourcesProbed
    | DownloadsRead
    | Identified
    | Located
    | TransferProgressed
    | Transferred
    | Recorded
    | Undone
    | StageFailed
    | FolderScanned
    | ScanFailed
    | LongRunProgressed
    | LongRunEnded
    | TransfersHeld
)
IngestActions = IngestNews | IngestRequests
