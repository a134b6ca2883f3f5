"""What the ingest domain wants done: by the watcher, the worker, the librarian."""

from typing import ClassVar

from segue.core.ingest.facts import Candidate, ParsedName
from segue.core.ingest.records import HistoryRecord, Plan
from segue.core.vocabulary import EffectBase


class WatcherEffect(EffectBase, frozen=True, kw_only=True):
    """Something for the file watcher."""

    owner: ClassVar[str] = "file_watcher"


class WatchRoot(WatcherEffect, frozen=True, kw_only=True, tag="watch_root"):
    """Watch a root; tells `SourcesFound` as things change. Outcome: `RootChanged`, each time, or `WatchPutOff`."""

    root: str
    baseline: bool = False
    """True at the first time: what is there now is written down as old (`BaselineTaken`) and not told."""


class UnwatchRoot(WatcherEffect, frozen=True, kw_only=True, tag="unwatch_root"):
    """Stop watching a root; tells `RootChanged` with status `stopped`."""

    root: str


class ScanRoot(WatcherEffect, frozen=True, kw_only=True, tag="scan_root"):
    """Look through a root now."""

    root: str
    with_baseline: bool = False
    """True: what was written down as old is told as new (`seguectl ingest --backlog`)."""


class ProbeSources(WatcherEffect, frozen=True, kw_only=True, tag="probe_sources"):
    """Look closer at files. Outcome: `SourcesProbed`, or `StageFailed` with stage `probe` and no job."""

    paths: tuple[str, ...]


class RememberSources(WatcherEffect, frozen=True, kw_only=True, tag="remember_sources"):
    """Write down that these files are dealt with, so that they are not told again."""

    paths: tuple[str, ...]
    status: str
    """`rejected` or `ingested`."""


class AskDownloads(EffectBase, frozen=True, kw_only=True, tag="ask_downloads"):
    """Ask the configured download clients what is complete; each tells `DownloadsRead`."""

    owner: ClassVar[str] = "download_asker"

    def coalesce_key(self) -> tuple[str, ...]:
        """One question answers every doubt before it."""
        return ("ask_downloads",)


class WorkerEffect(EffectBase, frozen=True, kw_only=True):
    """Something for the ingest worker. Every one has an outcome; `StageFailed` where it comes to nothing."""

    owner: ClassVar[str] = "ingest_worker"

    job_id: str


class IdentifySource(WorkerEffect, frozen=True, kw_only=True, tag="identify_source"):
    """Read a file's name and ask TMDb. Outcome: `Identified`."""

    path: str
    relative: str
    """The path below its root: the folders above it speak, too."""
    duration_s: float | None = None


class LocateDestination(WorkerEffect, frozen=True, kw_only=True, tag="locate_destination"):
    """Find out what the library has of this title, and what lies beside the source. Outcome: `Located`."""

    path: str
    size: int
    parsed: ParsedName
    candidate: Candidate
    roots: tuple[str, ...]
    folder: str
    """Where the file would go if the library had nothing of it, relative to a root."""


class TransferFiles(WorkerEffect, frozen=True, kw_only=True, tag="transfer_files"):
    """Bring a job's files into the library. Outcome: `Transferred`; on the way `TransferProgressed`."""

    plan: Plan
    resumed: bool = False
    """True when it may have been done before and its outcome was lost; then what is there already is ours."""
    spare_bytes: int = 0
    """Room that must stay free."""
    reread: bool = False


class SteerTransfers(EffectBase, frozen=True, kw_only=True, tag="steer_transfers"):
    """Let the transfers under way wait, go slowly, or go on."""

    owner: ClassVar[str] = "ingest_worker"

    paused: bool
    bytes_per_s: int | None = None

    def coalesce_key(self) -> tuple[str, ...]:
        """Only the newest order counts."""
        return ("steer_transfers",)


class CancelTransfer(WorkerEffect, frozen=True, kw_only=True, tag="cancel_transfer"):
    """Give up a transfer under way; its outcome is `StageFailed` with kind `cancelled`."""


class SweepPartials(EffectBase, frozen=True, kw_only=True, tag="sweep_partials"):
    """Remove what an interrupted transfer left: our own partial files of jobs that are not in `keep`."""

    owner: ClassVar[str] = "ingest_worker"

    roots: tuple[str, ...]
    keep: tuple[str, ...]


class RecordIngest(WorkerEffect, frozen=True, kw_only=True, tag="record_ingest"):
    """Write the history's row; a second time changes nothing. Outcome: `Recorded`."""

    record: HistoryRecord
    drop_sources: tuple[str, ...] = ()
    """Sources that were to be moved and had to be copied: unlinked once the row is on disk."""


class UndoIngest(WorkerEffect, frozen=True, kw_only=True, tag="undo_ingest"):
    """Take an entry back: library files to the recycle folder or to their source, replaced ones to their place.

    Outcome: `Undone`, and the history knows when.
    """

    record: HistoryRecord


class RunVerify(EffectBase, frozen=True, kw_only=True, tag="run_verify"):
    """Read the files of the history again. Outcome: `LongRunEnded`; on the way `LongRunProgressed`."""

    owner: ClassVar[str] = "ingest_worker"

    path: str


class RunAdopt(EffectBase, frozen=True, kw_only=True, tag="run_adopt"):
    """Write an existing library into the history. Outcome: `LongRunEnded`; on the way `LongRunProgressed`."""

    owner: ClassVar[str] = "ingest_worker"

    roots: tuple[str, ...]
    shows: tuple[str, ...] = ()
    """Those of the roots that hold series."""
    checksums: bool


class StopLongRun(EffectBase, frozen=True, kw_only=True, tag="stop_long_run"):
    """End the verification or adoption under way."""

    owner: ClassVar[str] = "ingest_worker"


class ScanFolder(EffectBase, frozen=True, kw_only=True, tag="scan_folder"):
    """Have Plex look at one folder. Outcome: `FolderScanned` or `ScanFailed`."""

    owner: ClassVar[str] = "plex_librarian"

    folder: str
    """Absolute, as segue sees it."""


IngestEffects = (
    WatchRoot
    | UnwatchRoot
    | ScanRoot
    | ProbeSources
    | RememberSources
    | AskDownloads
    | IdentifySource
    | LocateDestination
    | TransferFiles
    | SteerTransfers
    | CancelTransfer
    | SweepPartials
    | RecordIngest
    | UndoIngest
    | RunVerify
    | RunAdopt
    | StopLongRun
    | ScanFolder
)
