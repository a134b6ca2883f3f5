"""What the house knows of everything that wants to be taken in. Phases are types; what is impossible cannot be written.

A *job* is one video file with what travels along. All `..._at` fields are on the monotonic timeline, except those named
`wall_..._at`, which outlive the process.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace as but

from segue.core.ingest.actions import RootStatus
from segue.core.ingest.facts import Candidate, ParsedName, Reason, Verdict
from segue.core.ingest.records import HistoryRecord, Plan
from segue.core.ingest.requests import SourceFile
from segue.core.ingest.settings import IngestSettings

Intent = Literal["ingest", "rename", "undo"]
QueueStage = Literal["identify", "locate", "transfer", "record", "undo"]

# ------------------------------------------------------------------ the phases of a job


class Settling(msgspec.Struct, frozen=True, tag="settling"):
    """Waiting until the file is whole."""

    probe_at: float
    """When it is looked at again."""
    quiet_since_at: float
    """Since when neither size nor time have changed."""
    broken_since_at: float | None = None
    """Since when its structure has been known to lack something."""
    detail: str = ""
    """What is waited for, in words."""


class Probing(msgspec.Struct, frozen=True, tag="probing"):
    """Being looked at."""

    effect_id: str
    before: Settling


class Queued(msgspec.Struct, frozen=True, tag="queued"):
    """Ready for a stage, and waiting for its turn or a moment."""

    stage: QueueStage
    since_at: float
    not_before_at: float | None = None
    detail: str = ""
    """Why it is not its turn yet, in words: `no space: 12.3 GB needed, 4.1 GB free`."""


class Working(msgspec.Struct, frozen=True, tag="working"):
    """A worker has it."""

    stage: QueueStage
    effect_id: str
    since_at: float
    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_s: float = 0.0


class Reviewing(msgspec.Struct, frozen=True, tag="reviewing"):
    """A person has to decide; the job's `reasons` say why."""

    wall_since_at: float
    again_at: float | None = None
    """When it is tried once more by itself, where the reason may pass: TMDb was not there."""


Phase = Settling | Probing | Queued | Working | Reviewing

# ------------------------------------------------------------------ the job


class Job(msgspec.Struct, frozen=True, omit_defaults=True):
    """One video file on its way."""

    job_id: str
    source: SourceFile
    root: str
    """The folder below which its path is read for names: a watched root, or what a person named."""
    phase: Phase
    wall_found_at: float
    because: int
    """Number of the step that began it."""
    intent: Intent = "ingest"
    auto: bool | None = None
    """What a person asked for; nothing: as the setting says."""
    threshold: float | None = None
    upgrade: Literal["", "replace", "keep-both"] = ""
    signs: tuple[str, ...] = ()
    """What says that the file is whole: `asked`, `hook`, `qbittorrent`, `transmission`, `structure`, `long-quiet`."""
    duration_s: float | None = None
    parsed: ParsedName | None = None
    verdict: Verdict | None = None
    chosen: Candidate | None = None
    chosen_by: str = ""
    """`score`, or whoever approved."""
    insists: bool = False
    """True when a person has seen the reasons and wants it all the same."""
    reasons: tuple[Reason, ...] = ()
    plan: Plan | None = None
    record: HistoryRecord | None = None
    attempts: int = 0
    """Vain tries of the present stage."""
    begun: bool = False
    """True once a transfer was ordered: a later one may find its own work done."""

    @property
    def relative(self) -> str:
        """The path below the root."""
        prefix = self.root.rstrip("/") + "/"
        return self.source.path.removeprefix(prefix)

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.source.path.rpartition("/")[2]


class Finished(msgspec.Struct, frozen=True):
    """A job that has ended, for the eyes of those who look now; the history keeps it for good."""

    job_id: str
    what: Literal["ingested", "renamed", "undone", "rejected", "vanished", "joined"]
    text: str
    wall_at: float


# ------------------------------------------------------------------ what is around the jobs


class Root(msgspec.Struct, frozen=True):
    """A watched root."""

    path: str
    status: RootStatus = "starting"
    files: int = 0
    bytes: int = 0
    problems: int = 0
    left: int = 0
    detail: str = ""
    watch_at: float | None = None
    """When the watcher is asked once more, because it never heard of this root."""


class PendingScan(msgspec.Struct, frozen=True):
    """A folder that Plex has yet to be told of."""

    folder: str
    due_at: float
    wall_since_at: float
    because: int
    effect_id: str = ""
    """Set while Plex is being told."""
    attempts: int = 0
    detail: str = ""


class LongRun(msgspec.Struct, frozen=True):
    """The last `verify` or `adopt`."""

    kind: Literal["verify", "adopt"]
    effect_id: str
    wall_started_at: float
    running: bool = True
    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    ok: int = 0
    problem_count: int = 0
    problems: tuple[str, ...] = ()
    error: str = ""


class Complete(msgspec.Struct, frozen=True):
    """A path that something called complete, before or after the file was found."""

    path: str
    by: str
    wall_at: float


class Held(msgspec.Struct, frozen=True):
    """Why transfers do not run freely."""

    paused: bool = False
    """A person's wish; outlives the process."""
    hold: Literal["", "wait", "slow"] = ""
    because: str = ""
    sent_paused: bool = False
    sent_bytes_per_s: int | None = None
    """What the worker was last told."""


class IngestState(msgspec.Struct, frozen=True):
    """The ingest domain's slice."""

    settings: IngestSettings = IngestSettings()
    jobs: Mapping[str, Job] = {}
    """By id, the oldest first."""
    roots: tuple[Root, ...] = ()
    watching: bool = True
    """What `seguectl watcher` last asked for."""
    baselined: tuple[str, ...] = ()
    """Roots whose first state has been written down as old."""
    held: Held = Held()
    scans: tuple[PendingScan, ...] = ()
    complete: tuple[Complete, ...] = ()
    client_error: str = ""
    long_run: LongRun | None = None
    recent: tuple[Finished, ...] = ()
    tmdb_problem: str = ""
    """The last thing that TMDb said no with; empty once it answers."""
    tmdb_busy_until_at: float | None = None
    due_at: float | None = None
    """The earliest moment at which something of this slice is due."""


# ------------------------------------------------------------------ what outlives the process

DURABLE_VERSION = 1


class DurableIngest(msgspec.Struct, frozen=True):
    """The durable projection, without the jobs: those are kept one by one."""

    watching: bool = True
    baselined: tuple[str, ...] = ()
    paused: bool = False
    scans: tuple[tuple[str, float, int], ...] = ()
    """Folder, since when (wall), because of which step."""


def durable(state: IngestState) -> DurableIngest:
    """Project the slice on what outlives the process."""
    return DurableIngest(
        watching=state.watching,
        baselined=state.baselined,
        paused=state.held.paused,
        scans=tuple((scan.folder, scan.wall_since_at, scan.because) for scan in state.scans),
    )


def revived(kept: DurableIngest) -> IngestState:
    """Begin a slice with what a former process kept."""
    scans = tuple(
        PendingScan(folder=folder, due_at=0.0, wall_since_at=since, because=because)
        for folder, since, because in kept.scans
    )
    return IngestState(
        watching=kept.watching, baselined=kept.baselined, held=Held(paused=kept.paused), scans=scans
    )


def revived_job(job: Job) -> Job:
    """Put a kept job where a new process can take it up: what was under way begins again, what waits goes on.

    Moments of the old timeline mean nothing now: everything is due at once, and quiet begins anew.
    """
    match job.phase:
        case Settling() | Probing():
            phase: Phase = Settling(probe_at=0.0, quiet_since_at=0.0)
        case Queued(stage=stage) | Working(stage=stage):
            phase = Queued(stage=stage, since_at=0.0)
        case Reviewing(wall_since_at=since):
            phase = Reviewing(wall_since_at=since)
    return but(job, phase=phase, attempts=0)


def with_jobs(state: IngestState, kept: Mapping[str, Job]) -> IngestState:
    """Add the jobs that a former process kept, in the order in which they were found; those of one step by path."""
    ordered = sorted(kept.values(), key=lambda job: (job.wall_found_at, job.because, job.source.path))
    return but(state, jobs={job.job_id: revived_job(job) for job in ordered})
