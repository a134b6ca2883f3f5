"""The stages of a job after its name is known: each has its turn, its worker, its outcome, and its ways to fail."""

from collections import Counter
from collections.abc import Callable

from msgspec.structs import replace as but

from segue.core.ingest import jobs, telling
from segue.core.ingest.actions import Recorded, StageFailed, TransferProgressed, Transferred, Undone
from segue.core.ingest.effects import (
    IdentifySource,
    LocateDestination,
    RecordIngest,
    SteerTransfers,
    TransferFiles,
    UndoIngest,
    WorkerEffect,
)
from segue.core.ingest.facts import Reason
from segue.core.ingest.placing import folder_for, roots_for
from segue.core.ingest.records import HistoryRecord, RecordedFile
from segue.core.ingest.state import Finished, IngestState, Job, Queued, QueueStage, Working
from segue.core.stamp import Stamp
from segue.core.vocabulary import Out

AT_ONCE: dict[QueueStage, int] = {"identify": 4, "locate": 2, "transfer": 1, "record": 4, "undo": 1}
"""Jobs that may be in one stage at a time. One copy at a time is the fastest for a disk, and the kindest."""
ATTEMPTS_MAX = 5
RETRY_S = 5.0
"""After a failure that may pass: 5, 10, 20, 40 s."""
NO_SPACE_AGAIN_S = 300.0
PASSING = frozenset({"dropped", "commit_late", "worker_died", "cancelled", "busy"})
"""Kinds of failure that say nothing about the file."""
STORES = frozenset({"dropped", "commit_late", "cancelled"})
"""Those that do not count as a try: nothing was tried."""

# ------------------------------------------------------------------ turns


def give_turns(state: IngestState, out: Out) -> IngestState:
    """Start what may be started now, the oldest first."""
    now_at = out.stamp.now_at
    busy = Counter(job.phase.stage for job in state.jobs.values() if isinstance(job.phase, Working))
    if all(not isinstance(job.phase, Queued) for job in state.jobs.values()):
        return state
    started = []
    for job in state.jobs.values():
        phase = job.phase
        if not isinstance(phase, Queued) or not _may_start(state, phase, now_at):
            continue
        if busy[phase.stage] >= AT_ONCE[phase.stage]:
            continue
        busy[phase.stage] += 1
        started.append(_start(state, job, phase.stage, out))
    return jobs.put(state, *started) if started else state


def _may_start(state: IngestState, phase: Queued, now_at: float) -> bool:
    if phase.not_before_at is not None and phase.not_before_at > now_at:
        return False
    if phase.stage == "identify":
        return state.tmdb_busy_until_at is None or state.tmdb_busy_until_at <= now_at
    if phase.stage in ("transfer", "undo"):
        return not is_held(state)
    return True


def is_held(state: IngestState) -> bool:
    """Tell whether no byte may move at present."""
    return state.held.paused or state.held.hold == "wait"


def _start(state: IngestState, job: Job, stage: QueueStage, out: Out) -> Job:
    effect_id = out.next_id
    out.add(_EFFECTS[stage](state, job, effect_id))
    job = but(job, begun=job.begun or stage == "transfer")
    return jobs.become_working(job, stage, effect_id, out.stamp.now_at)


def _identify(_state: IngestState, job: Job, effect_id: str) -> IdentifySource:
    return IdentifySource(
        effect_id=effect_id,
        why="identify",
        because=job.because,
        job_id=job.job_id,
        path=job.source.path,
        relative=job.relative,
        duration_s=job.duration_s,
    )


def _locate(state: IngestState, job: Job, effect_id: str) -> LocateDestination:
    assert job.parsed is not None
    assert job.chosen is not None
    return LocateDestination(
        effect_id=effect_id,
        why="locate",
        because=job.because,
        job_id=job.job_id,
        path=job.source.path,
        size=job.source.size,
        parsed=job.parsed,
        candidate=job.chosen,
        roots=roots_for(job, state.settings),
        folder=folder_for(job, state.settings),
    )


def _transfer(state: IngestState, job: Job, effect_id: str) -> TransferFiles:
    assert job.plan is not None
    return TransferFiles(
        effect_id=effect_id,
        why=job.plan.method,
        because=job.because,
        after_commit=True,
        job_id=job.job_id,
        plan=job.plan,
        resumed=job.begun,
        spare_bytes=state.settings.spare_bytes,
        reread=state.settings.reread,
    )


def _write_history(_state: IngestState, job: Job, effect_id: str) -> RecordIngest:
    assert job.record is not None
    return RecordIngest(
        effect_id=effect_id,
        why="history",
        because=job.because,
        after_commit=True,
        job_id=job.job_id,
        record=job.record,
        drop_sources=_to_drop(job),
    )


def _undo(_state: IngestState, job: Job, effect_id: str) -> UndoIngest:
    assert job.record is not None
    return UndoIngest(
        effect_id=effect_id,
        why="undo",
        because=job.because,
        after_commit=True,
        job_id=job.job_id,
        record=job.record,
    )


_EFFECTS: dict[QueueStage, Callable[[IngestState, Job, str], WorkerEffect]] = {
    "identify": _identify,
    "locate": _locate,
    "transfer": _transfer,
    "record": _write_history,
    "undo": _undo,
}


def _to_drop(job: Job) -> tuple[str, ...]:
    """Name the sources that were to be moved, but lie on another file system and were copied."""
    if job.record is None:
        return ()
    return tuple(file.source for file in job.record.files if file.moved and file.method != "rename")


# ------------------------------------------------------------------ transfers, and what holds them


def steer(state: IngestState, out: Out) -> IngestState:
    """Tell the worker when transfers under way shall wait, go slowly, or go on."""
    held, settings = state.held, state.settings
    paused = is_held(state)
    limit = settings.slow_bytes_per_s if held.hold == "slow" else None
    if (paused, limit) == (held.sent_paused, held.sent_bytes_per_s):
        return state
    out.add(
        SteerTransfers(
            effect_id=out.next_id,
            why=held.because or ("paused" if paused else "free"),
            because=out.stamp.seq,
            paused=paused,
            bytes_per_s=limit,
        )
    )
    return but(state, held=but(held, sent_paused=paused, sent_bytes_per_s=limit))


def progressed(state: IngestState, action: TransferProgressed) -> IngestState:
    """Note how far a transfer has come."""
    job = jobs.working_on(state, action.effect_id, action.job_id)
    if job is None:
        return state
    assert isinstance(job.phase, Working)
    phase = but(
        job.phase,
        done_bytes=action.done_bytes,
        total_bytes=action.total_bytes,
        bytes_per_s=action.bytes_per_s,
    )
    return jobs.put(state, but(job, phase=phase))


def transferred(state: IngestState, action: Transferred, out: Out) -> IngestState:
    """Everything is in its place: now the history has to know."""
    job = jobs.working_on(state, action.effect_id, action.job_id)
    if job is None:
        return state
    job = but(job, record=_record(job, action, out.stamp))
    return jobs.put(state, jobs.become_queued(job, "record", out.stamp.now_at))


def _record(job: Job, action: Transferred, stamp: Stamp) -> HistoryRecord:
    assert job.chosen is not None
    assert job.parsed is not None
    assert job.plan is not None
    planned = {file.source: file for file in job.plan.files}
    files = tuple(
        RecordedFile(
            source=file.source,
            root=file.root,
            path=file.path,
            size=file.size,
            sha256=file.sha256,
            method=file.method,
            kind=planned[file.source].kind if file.source in planned else "video",
            source_mtime_ns=planned[file.source].mtime_ns if file.source in planned else 0,
            source_inode=planned[file.source].inode if file.source in planned else 0,
            recycled=file.recycled,
            made_folders=file.made_folders,
            moved=job.plan.method in ("move", "rename") and file.method != "already there",
        )
        for file in action.files
    )
    best = job.verdict.best if job.verdict is not None else None
    is_show = job.chosen.kind == "show"
    return HistoryRecord(
        record_id=job.job_id,
        kind="rename" if job.intent == "rename" else "ingest",
        wall_at=stamp.wall_at,
        title=job.chosen.title,
        files=files,
        year=job.chosen.year,
        media=job.chosen.kind,
        tmdb_id=job.chosen.tmdb_id,
        tvdb_id=job.chosen.tvdb_id,
        season=job.parsed.season if is_show else None,
        episodes=(job.parsed.episodes or job.parsed.absolute) if is_show else (),
        score=round(best.score.total, 4) if best is not None and best.candidate == job.chosen else None,
        decided_by=job.chosen_by,
        took_s=round(action.took_s, 3),
        retired=action.retired,
        seq=job.because,
    )


def recorded(state: IngestState, action: Recorded, out: Out) -> IngestState:
    """The job has ended: say so, and have Plex look at the folder."""
    job = jobs.working_on(state, action.effect_id, action.job_id)
    if job is None or job.record is None:
        return state
    first = job.record.files[0]
    what = "renamed" if job.intent == "rename" else "ingested"
    text = f"{job.name} is {first.path} in {first.root} now ({first.method or 'moved'})."
    out.say("info", text, what)
    if action.note:
        out.say("warning", f"{job.name}: {action.note}", "source_stays")
    end = Finished(job.job_id, "renamed" if job.intent == "rename" else "ingested", text, out.stamp.wall_at)
    state = jobs.finish(state, job, end)
    folder = job.plan.scan_folder if job.plan is not None else ""
    return telling.want_scan(state, folder, job.because, out.stamp) if folder else state


def undone(state: IngestState, action: Undone, out: Out) -> IngestState:
    """An entry is taken back: Plex has to see that, too."""
    job = jobs.working_on(state, action.effect_id, action.job_id)
    if job is None or job.record is None:
        return state
    text = f"{job.record.title} ({job.record.record_id}) was taken back: {'; '.join(action.files) or 'nothing to do'}"
    out.say("info", text, "undone")
    state = jobs.finish(state, job, Finished(job.job_id, "undone", text, out.stamp.wall_at))
    for folder in dict.fromkeys(f"{f.root}/{f.path.rpartition('/')[0]}" for f in job.record.files):
        state = telling.want_scan(state, folder.rstrip("/"), job.because, out.stamp)
    return state


# ------------------------------------------------------------------ failures


def failed(state: IngestState, action: StageFailed, out: Out) -> IngestState:
    """Try again where that may help, wait where room is missing, else put it before a person."""
    job = jobs.working_on(state, action.effect_id, action.job_id)
    if job is None:
        return state
    assert isinstance(job.phase, Working)
    stage, now_at = job.phase.stage, out.stamp.now_at
    detail = action.detail or action.kind
    moving = stage not in ("record", "undo")
    if stage == "transfer" and action.kind in ("source_gone", "source_changed") and _is_beside(job, action):
        attempts = job.attempts + 1
        if attempts < ATTEMPTS_MAX:
            return jobs.put(
                state, jobs.become_queued(job, "locate", now_at, detail=detail, attempts=attempts)
            )
    elif action.kind == "source_gone" and moving:
        text = f"{job.name} vanished before it was taken in."
        out.say("warning", text, "source_gone")
        return jobs.finish(state, job, Finished(job.job_id, "vanished", text, out.stamp.wall_at))
    if action.kind == "source_changed" and moving:
        return jobs.put(
            state, jobs.become_settling(job, now_at, state.settings.stability_s, "it changed meanwhile")
        )
    if action.kind == "no_space":
        return jobs.put(state, _waits_for_space(job, stage, action, out))
    if action.kind == "archive" and stage == "record":
        return jobs.put(state, _waits_for_archive(job, detail, out))
    attempts = job.attempts + (action.kind not in STORES)
    if action.kind in PASSING and attempts < ATTEMPTS_MAX:
        wait_s = RETRY_S * 2 ** max(attempts - 1, 0)
        return jobs.put(
            state,
            jobs.become_queued(job, stage, now_at, wait_s=wait_s, detail=detail, attempts=attempts),
        )
    reason = Reason(action.kind, f"{_DOING[stage]} failed: {detail}")
    job = jobs.become_reviewing(job, out.stamp, (reason,))
    text = f"{job.name} ({job.job_id}): {reason.text}"
    out.say("error", text, f"{stage}_failed")
    return jobs.put(state, job)


def _is_beside(job: Job, action: StageFailed) -> bool:
    """Tell whether a failure is about what travels along: the plan is made anew, of what is there now."""
    return action.path not in ("", job.source.path)


_DOING: dict[QueueStage, str] = {
    "identify": "Identifying",
    "locate": "Looking for its place",
    "transfer": "Bringing it into the library",
    "record": "Writing the history",
    "undo": "Taking it back",
}


def _waits_for_space(job: Job, stage: QueueStage, action: StageFailed, out: Out) -> Job:
    detail = f"no space: {gigabytes(action.needed_bytes)} needed, {gigabytes(action.free_bytes)} free"
    if not job.attempts:
        out.say("warning", f"{job.name} ({job.job_id}) waits: {detail}", "no_space")
    now_at = out.stamp.now_at
    return jobs.become_queued(
        job, stage, now_at, wait_s=NO_SPACE_AGAIN_S, detail=detail, attempts=job.attempts + 1
    )


def _waits_for_archive(job: Job, detail: str, out: Out) -> Job:
    """The file is in its place: nothing is copied again, and the row is written once that is possible."""
    if not job.attempts:
        out.say(
            "error", f"{job.name} ({job.job_id}) is in its place, but not in the history: {detail}", "archive"
        )
    wait_s = min(RETRY_S * 2**job.attempts, NO_SPACE_AGAIN_S)
    now_at = out.stamp.now_at
    return jobs.become_queued(
        job,
        "record",
        now_at,
        wait_s=wait_s,
        detail=f"the history: {detail}",
        attempts=min(job.attempts + 1, 10),
    )


def gigabytes(count: int) -> str:
    """Write a number of bytes for people, in decimal units."""
    if count >= 1_000_000_000:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count} bytes"
