"""Small hands for jobs: find, put, move between phases. Every phase is made here, nowhere else."""

from collections.abc import Iterable

from msgspec.structs import replace as but

from segue.core.ingest.facts import Reason
from segue.core.ingest.requests import SourceFile
from segue.core.ingest.state import (
    Finished,
    IngestState,
    Intent,
    Job,
    Phase,
    Probing,
    Queued,
    QueueStage,
    Reviewing,
    Settling,
    Working,
)
from segue.core.stamp import Stamp
from segue.core.vocabulary import Out

RECENT_MAX = 20
ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's: what a person can read aloud."""


def new_id(stamp: Stamp, number: int) -> str:
    """Make a job's id: 8 letters out of the step's entropy, another for each number within the step."""
    value = (stamp.entropy + number * 0x9E3779B97F4A7C15 + stamp.seq) & (1 << 64) - 1
    value = (value ^ (value >> 29)) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    return "".join(ID_LETTERS[value >> (24 + 5 * n) & 31] for n in range(8))


def put(state: IngestState, *jobs: Job) -> IngestState:
    """Give the state with these jobs as they are now; a new one comes last."""
    return but(state, jobs={**state.jobs, **{job.job_id: job for job in jobs}})


def drop(state: IngestState, job_ids: Iterable[str]) -> IngestState:
    """Give the state without these jobs."""
    gone = frozenset(job_ids)
    return but(state, jobs={key: job for key, job in state.jobs.items() if key not in gone})


def by_path(state: IngestState) -> dict[str, Job]:
    """Give the jobs by the path of their source."""
    return {job.source.path: job for job in state.jobs.values() if job.intent != "undo"}


def working_on(state: IngestState, effect_id: str, job_id: str) -> Job | None:
    """Find the job that waits for this outcome; nothing when it has moved on meanwhile."""
    job = state.jobs.get(job_id)
    if job is not None and isinstance(job.phase, Working) and job.phase.effect_id == effect_id:
        return job
    return None


def finish(state: IngestState, job: Job, what: Finished, *others: str) -> IngestState:
    """End a job, and others with it; the last ends are kept for those who look."""
    state = drop(state, (job.job_id, *others))
    return but(state, recent=(*state.recent, what)[-RECENT_MAX:])


def new_job(
    stamp: Stamp, number: int, source: SourceFile, root: str, *, probe_at: float, intent: Intent = "ingest"
) -> Job:
    """Begin a job for a file that has turned up."""
    return Job(
        job_id=new_id(stamp, number),
        source=source,
        root=root,
        phase=Settling(probe_at=probe_at, quiet_since_at=stamp.now_at),
        wall_found_at=stamp.wall_at,
        because=stamp.seq,
        intent=intent,
    )


# ------------------------------------------------------------------ phases


def become_settling(job: Job, now_at: float, probe_in_s: float, detail: str = "") -> Job:
    """Begin to wait for quiet, from now on."""
    phase = Settling(probe_at=now_at + probe_in_s, quiet_since_at=now_at, detail=detail)
    return but(job, phase=phase, attempts=0)


def become_probing(job: Job, effect_id: str) -> Job:
    """Note that a settling job is being looked at."""
    assert isinstance(job.phase, Settling)
    return but(job, phase=Probing(effect_id=effect_id, before=job.phase))


def become_queued(
    job: Job, stage: QueueStage, now_at: float, *, wait_s: float = 0.0, detail: str = "", attempts: int = 0
) -> Job:
    """Let a job wait for its turn at a stage."""
    not_before_at = now_at + wait_s if wait_s else None
    phase = Queued(stage=stage, since_at=now_at, not_before_at=not_before_at, detail=detail)
    return but(job, phase=phase, attempts=attempts)


def become_working(job: Job, stage: QueueStage, effect_id: str, now_at: float) -> Job:
    """Note that a worker has the job."""
    total = job.plan.total_bytes if stage == "transfer" and job.plan is not None else 0
    return but(job, phase=Working(stage=stage, effect_id=effect_id, since_at=now_at, total_bytes=total))


def become_reviewing(
    job: Job, stamp: Stamp, reasons: tuple[Reason, ...], *, again_in_s: float | None = None, attempts: int = 0
) -> Job:
    """Put a job before a person."""
    again_at = None if again_in_s is None else stamp.now_at + again_in_s
    phase: Phase = Reviewing(wall_since_at=stamp.wall_at, again_at=again_at)
    return but(job, phase=phase, reasons=reasons, attempts=attempts)


def say_review(job: Job, out: Out) -> None:
    """Tell the log that a job waits for a person, and why."""
    why = "; ".join(reason.text for reason in job.reasons[:3])
    out.say("info", f"{job.name} waits for review ({job.job_id}): {why}", "review")
