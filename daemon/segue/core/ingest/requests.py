"""What people ask of the ingest. All but the switches and the looks ask back before they are done."""

from typing import ClassVar, Literal

import msgspec

from segue.core.ingest.facts import Candidate, EpisodeFact
from segue.core.ingest.records import HistoryRecord
from segue.core.vocabulary import ActionBase, Tier, tagger


class IngestAction(ActionBase, frozen=True, tag_field="type", tag=tagger("ingest")):
    """An action of the ingest domain."""


class SourceFile(msgspec.Struct, frozen=True):
    """A video file below a watched root, as `stat` has it."""

    path: str
    """Absolute."""
    size: int
    """Bytes."""
    mtime_ns: int
    inode: int = 0
    device: int = 0


class Request(IngestAction, frozen=True):
    """Somebody at a door asks for something."""

    tier: ClassVar[Tier] = "WRITE"


class DownloadCompleted(Request, frozen=True):
    """A completion hook says that a download is whole: a file, or a folder with all below it."""

    path: str


class IngestRequested(Request, frozen=True):
    """Take these files in, wherever they lie. The door has looked them up below `path`."""

    asks: ClassVar[bool] = True

    path: str
    files: tuple[SourceFile, ...]
    auto: bool = False
    """True: what is sure enough goes in by itself; false: everything waits in the review queue."""
    threshold: float | None = None


class RenameRequested(Request, frozen=True):
    """Give these files Plex' names, in the folder where they lie."""

    asks: ClassVar[bool] = True

    path: str
    files: tuple[SourceFile, ...]
    threshold: float | None = None


class BacklogRequested(Request, frozen=True):
    """Take in what lay below the watched roots before segue came."""

    asks: ClassVar[bool] = True


class ReviewApproved(Request, frozen=True):
    """The best candidate of these jobs is right."""

    asks: ClassVar[bool] = True

    job_ids: tuple[str, ...]
    upgrade: Literal["", "replace", "keep-both"] = ""
    """What becomes of a version that the library already has; empty: as the setting says."""
    who: str = ""
    """Who decided, as the door knows them."""


class CandidatePicked(Request, frozen=True):
    """Another candidate is right, by its place in the list: 1-5."""

    asks: ClassVar[bool] = True

    job_ids: tuple[str, ...]
    place: int
    who: str = ""
    """Who decided, as the door knows them."""


class CandidateGiven(Request, frozen=True):
    """None of the list: this film or show, which the door has looked up by its id."""

    asks: ClassVar[bool] = True

    job_ids: tuple[str, ...]
    candidate: Candidate
    episodes: tuple[int, ...] = ()
    season: int | None = None
    """Numbers that a person sets right; nothing said keeps what the name says."""
    who: str = ""
    """Who decided, as the door knows them."""
    found: tuple[tuple[EpisodeFact, ...] | None, ...] = ()
    """The episodes of each job as the database has them, in the order of `job_ids`; empty where it was not asked."""


class ReviewRejected(Request, frozen=True):
    """Leave these files where they are, for good."""

    job_ids: tuple[str, ...]


class ReviewRetried(Request, frozen=True):
    """Look at these jobs again, from the beginning."""

    job_ids: tuple[str, ...]


class UndoRequested(Request, frozen=True):
    """Take back what a history entry did. The door has looked the entry up."""

    asks: ClassVar[bool] = True

    record: HistoryRecord


class VerifyRequested(Request, frozen=True):
    """Read the library's files again and compare them with the history."""

    path: str = ""


class AdoptRequested(Request, frozen=True):
    """Write an existing library into the history, and audit its names. Moves no file."""

    asks: ClassVar[bool] = True

    path: str = ""
    checksums: bool = False


class LongRunStopped(Request, frozen=True):
    """End `verify` or `adopt` early."""


class TransfersPaused(Request, frozen=True):
    """Copy nothing until `TransfersResumed`."""


class TransfersResumed(Request, frozen=True):
    """Go on copying."""


class WatcherRequested(Request, frozen=True):
    """Start, stop or restart the watching of the ingest folders."""

    verb: Literal["start", "stop", "restart"]


class ScanRequested(Request, frozen=True):
    """Have Plex scan a library, or all of them. The door has looked up their folders."""

    folders: tuple[str, ...]
    name: str = ""


IngestRequests = (
    DownloadCompleted
    | IngestRequested
    | RenameRequested
    | BacklogRequested
    | ReviewApproved
    | CandidatePicked
    | CandidateGiven
    | ReviewRejected
    | ReviewRetried
    | UndoRequested
    | VerifyRequested
    | AdoptRequested
    | LongRunStopped
    | TransfersPaused
    | TransfersResumed
    | WatcherRequested
    | ScanRequested
)
