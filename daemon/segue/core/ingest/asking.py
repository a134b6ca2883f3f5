"""What people ask of the ingest, and what is refused with which words."""

from collections.abc import Callable

from msgspec.structs import replace as but

from segue.core.ingest import arriving, jobs
from segue.core.ingest.actions import (
    AdoptRequested,
    BacklogRequested,
    CandidateGiven,
    CandidatePicked,
    IngestRequested,
    LongRunEnded,
    LongRunProgressed,
    LongRunStopped,
    RenameRequested,
    ReviewApproved,
    ReviewRejected,
    ReviewRetried,
    ScanRequested,
    SourceFile,
    TransfersPaused,
    TransfersResumed,
    UndoRequested,
    VerifyRequested,
    WatcherRequested,
)
from segue.core.ingest.effects import CancelTransfer, RememberSources, RunAdopt, RunVerify, StopLongRun
from segue.core.ingest.facts import Candidate
from segue.core.ingest.state import (
    Finished,
    IngestState,
    Intent,
    Job,
    LongRun,
    PendingScan,
    Reviewing,
    Working,
)
from segue.core.vocabulary import Out

CANDIDATES_MAX = 5

# ------------------------------------------------------------------ taking in


def ingest(state: IngestState, action: IngestRequested, out: Out) -> IngestState:
    """Begin a job for each named file. A person's word counts as a sign that the files are whole."""
    if not state.settings.movies and not state.settings.shows:
        out.refuse(
            "no_library",
            "No library folder is configured, so nothing has a place to go to.",
            "Set [ingest] movies and shows.",
        )
        return state
    return _begin(
        state, action.path, action.files, out, intent="ingest", auto=action.auto, threshold=action.threshold
    )


def rename(state: IngestState, action: RenameRequested, out: Out) -> IngestState:
    """Begin a job for each named file, which will stay in its folder."""
    return _begin(
        state, action.path, action.files, out, intent="rename", auto=True, threshold=action.threshold
    )


def _begin(
    state: IngestState,
    path: str,
    files: tuple[SourceFile, ...],
    out: Out,
    *,
    intent: Intent,
    auto: bool,
    threshold: float | None,
) -> IngestState:
    if not files:
        out.refuse(
            "no_files", f"There is no video file at {path}.", "Name a video file, or a folder with some."
        )
        return state
    known = jobs.by_path(state)
    root = next((r for r in state.settings.watch if path.startswith(r.rstrip("/") + "/")), "")
    root = root or path.rpartition("/")[0] or "/"
    begun, busy = [], 0
    for number, file in enumerate(files):
        job = known.get(file.path)
        if job is not None and isinstance(job.phase, Working):
            busy += 1
            continue
        fresh = jobs.new_job(out.stamp, number, file, root, probe_at=out.stamp.now_at, intent=intent)
        if job is not None:
            fresh = but(fresh, job_id=job.job_id, wall_found_at=job.wall_found_at)
        begun.append(but(fresh, auto=auto, threshold=threshold, signs=("asked",)))
    if not begun:
        out.refuse(
            "busy", f"All {busy} of them are being worked on.", "`seguectl status --queue` shows how far."
        )
        return state
    out.accept(f"takes {_files(len(begun))} up" + (f"; {busy} are being worked on" if busy else ""))
    return jobs.put(state, *begun)


def backlog(state: IngestState, _action: BacklogRequested, out: Out) -> IngestState:
    """Take in what lay there before segue came."""
    if not any(root.status in ("watching", "polling") for root in state.roots):
        out.refuse("not_watching", "No ingest folder is being watched.", "`seguectl watcher start`")
        return state
    out.accept("looks through the ingest folders for what lay there before")
    return arriving.look_for_backlog(state, out)


# ------------------------------------------------------------------ the review


def approve(state: IngestState, action: ReviewApproved, out: Out) -> IngestState:
    """Take each job's best candidate."""

    def choose(job: Job) -> Job | str:
        best = job.verdict.best if job.verdict is not None else None
        if job.chosen is None and best is None:
            return "has no candidate: give an id (`seguectl review id`)"
        chosen = job.chosen or (best.candidate if best is not None else None)
        return but(job, chosen=chosen, upgrade=action.upgrade or job.upgrade)

    return _decide(state, action.job_ids, action.who, out, choose)


def pick(state: IngestState, action: CandidatePicked, out: Out) -> IngestState:
    """Take the candidate at a place of the list."""

    def choose(job: Job) -> Job | str:
        ranked = job.verdict.ranked if job.verdict is not None else ()
        if not 1 <= action.place <= len(ranked):
            return f"has no candidate {action.place}; there are {len(ranked)}"
        return but(job, chosen=ranked[action.place - 1].candidate)

    return _decide(state, action.job_ids, action.who, out, choose)


def give(state: IngestState, action: CandidateGiven, out: Out) -> IngestState:
    """Take what a person named by its id."""

    def choose(job: Job) -> Job | str:
        return _numbered(job, action) if job.parsed is not None else "has not been read yet: retry it first"

    return _decide(state, action.job_ids, action.who, out, choose)


def _numbered(job: Job, action: CandidateGiven) -> Job | str:
    assert job.parsed is not None
    candidate: Candidate = action.candidate
    parsed = job.parsed
    if candidate.kind == "show":
        season = parsed.season if action.season is None else action.season
        episodes = action.episodes or parsed.episodes
        if not episodes and not parsed.absolute and not parsed.date:
            return "has no episode number: say --season and --episode"
        parsed = but(parsed, kind="episode", season=season, episodes=episodes)
    else:
        parsed = but(parsed, kind="film", season=None, episodes=(), absolute=(), date="")
    return but(job, chosen=candidate, parsed=parsed)


def _decide(
    state: IngestState, job_ids: tuple[str, ...], who: str, out: Out, choose: Callable[[Job], Job | str]
) -> IngestState:
    """Take a decision for several jobs: all of them, or none and the reason."""
    decided = []
    for job_id in job_ids:
        job = _in_review(state, job_id, out)
        if job is None:
            return state
        chosen = choose(job)
        if isinstance(chosen, str):
            out.refuse(
                "cannot_decide", f"{job.name} ({job_id}) {chosen}.", "`seguectl review` lists the queue."
            )
            return state
        chosen = but(chosen, chosen_by=who, insists=True)
        decided.append(jobs.become_queued(chosen, "locate", out.stamp.now_at))
    if not decided:
        out.refuse("no_jobs", "No job is named.", "`seguectl review` lists the queue.")
        return state
    out.accept(f"takes {_files(len(decided))} in")
    return jobs.put(state, *decided)


def reject(state: IngestState, action: ReviewRejected, out: Out) -> IngestState:
    """Leave files where they are; they are not told again."""
    rejected = []
    for job_id in action.job_ids:
        job = state.jobs.get(job_id)
        if job is None:
            _refuse_unknown(state, job_id, out)
            return state
        if isinstance(job.phase, Working) and job.phase.stage in ("record", "undo"):
            out.refuse(
                "too_late", f"{job.name} is being written into the history.", "`seguectl undo` takes it back."
            )
            return state
        rejected.append(job)
    for job in rejected:
        if isinstance(job.phase, Working) and job.phase.stage == "transfer":
            out.add(
                CancelTransfer(
                    effect_id=out.next_id, why="rejected", because=out.stamp.seq, job_id=job.job_id
                )
            )
        text = f"{job.name} was rejected and stays where it is."
        state = jobs.finish(state, job, Finished(job.job_id, "rejected", text, out.stamp.wall_at))
    out.add(
        RememberSources(
            effect_id=out.next_id,
            why="rejected",
            because=out.stamp.seq,
            paths=tuple(job.source.path for job in rejected if job.intent == "ingest"),
            status="rejected",
        )
    )
    out.accept(f"leaves {_files(len(rejected))} where they are")
    return state


def retry(state: IngestState, action: ReviewRetried, out: Out) -> IngestState:
    """Look at jobs again from the beginning, or undo again what could not be undone."""
    again = []
    for job_id in action.job_ids:
        job = state.jobs.get(job_id)
        if job is None or isinstance(job.phase, Working):
            _refuse_unknown(state, job_id, out)
            return state
        if job.intent == "undo":
            again.append(jobs.become_queued(job, "undo", out.stamp.now_at))
        else:
            again.append(jobs.become_settling(but(job, insists=False, chosen=None), out.stamp.now_at, 0.0))
    out.accept(f"looks at {_files(len(again))} again")
    return jobs.put(state, *again)


def _in_review(state: IngestState, job_id: str, out: Out) -> Job | None:
    job = state.jobs.get(job_id)
    if job is None:
        _refuse_unknown(state, job_id, out)
        return None
    if not isinstance(job.phase, Reviewing) or job.intent == "undo":
        out.refuse("not_in_review", f"{job.name} ({job_id}) does not wait for review.", "`seguectl review`")
        return None
    return job


def _refuse_unknown(state: IngestState, job_id: str, out: Out) -> None:
    waiting = [job.job_id for job in state.jobs.values() if isinstance(job.phase, Reviewing)]
    hint = (
        f"waiting: {', '.join(waiting[:8])}{', ...' if len(waiting) > 8 else ''}" if waiting else "none waits"
    )
    out.refuse("unknown_job", f"There is no job {job_id!r} that this could be done with.", hint)


# ------------------------------------------------------------------ the history


def undo(state: IngestState, action: UndoRequested, out: Out) -> IngestState:
    """Begin to take an entry back, unless that was done, is being done, or is too long ago."""
    record = action.record
    if record.undone_at is not None:
        out.refuse("undone", f"{record.record_id} was taken back already.", "`seguectl history ingest`")
        return state
    if record.kind == "adopt":
        out.refuse(
            "adopted", f"{record.record_id} only wrote down what was there.", "There is nothing to undo."
        )
        return state
    age_s = out.stamp.wall_at - record.wall_at
    if age_s > state.settings.undo_s:
        days = state.settings.undo_s / 86400
        out.refuse(
            "too_old",
            f"{record.record_id} is {age_s / 86400:.0f} days old; {days:.0f} can be taken back.",
            "[ingest] undo_days says how many.",
        )
        return state
    if any(
        job.record is not None and job.record.record_id == record.record_id for job in state.jobs.values()
    ):
        out.refuse("busy", f"{record.record_id} is being worked on.", "`seguectl status --queue`")
        return state
    first = record.files[0]
    source = SourceFile(path=f"{first.root}/{first.path}", size=first.size, mtime_ns=0)
    job = jobs.new_job(out.stamp, 0, source, first.root, probe_at=out.stamp.now_at, intent="undo")
    job = jobs.become_queued(but(job, record=record), "undo", out.stamp.now_at)
    out.accept(f"takes {record.title} back")
    return jobs.put(state, job)


# ------------------------------------------------------------------ long runs


def verify(state: IngestState, action: VerifyRequested, out: Out) -> IngestState:
    """Begin to read the library again."""
    if _is_running(state, out):
        return state
    effect_id = out.add(
        RunVerify(effect_id=out.next_id, why="verify", because=out.stamp.seq, path=action.path)
    )
    out.accept("reads the library's files again")
    return but(state, long_run=LongRun("verify", effect_id, out.stamp.wall_at))


def adopt(state: IngestState, action: AdoptRequested, out: Out) -> IngestState:
    """Begin to write an existing library down."""
    if _is_running(state, out):
        return state
    libraries = (*state.settings.movies, *state.settings.shows)
    roots = (action.path,) if action.path else libraries
    outside = [
        r for r in roots if not any(r == lib or r.startswith(lib.rstrip("/") + "/") for lib in libraries)
    ]
    if outside or not roots:
        out.refuse(
            "not_a_library",
            f"{outside[0]} is below none of the libraries."
            if outside
            else "No library folder is configured.",
            "Set [ingest] movies and shows.",
        )
        return state
    effect_id = out.add(
        RunAdopt(
            effect_id=out.next_id,
            why="adopt",
            because=out.stamp.seq,
            after_commit=True,
            roots=roots,
            checksums=action.checksums,
        )
    )
    out.accept("writes down what the library has; no file is moved")
    return but(state, long_run=LongRun("adopt", effect_id, out.stamp.wall_at))


def _is_running(state: IngestState, out: Out) -> bool:
    run = state.long_run
    if run is not None and run.running:
        out.refuse("busy", f"{run.kind} is running.", f"`seguectl {run.kind} --stop` ends it.")
        return True
    return False


def stop_long_run(state: IngestState, _action: LongRunStopped, out: Out) -> IngestState:
    """End it early."""
    if state.long_run is None or not state.long_run.running:
        out.refuse("nothing_to_do", "Neither verify nor adopt is running.")
        return state
    out.add(StopLongRun(effect_id=out.next_id, why="stopped", because=out.stamp.seq))
    out.accept(f"ends {state.long_run.kind}")
    return state


def long_run_progressed(state: IngestState, action: LongRunProgressed) -> IngestState:
    """Note how far it has come."""
    run = state.long_run
    if run is None or run.effect_id != action.effect_id:
        return state
    run = but(
        run,
        files_done=action.files_done,
        files_total=action.files_total,
        bytes_done=action.bytes_done,
        bytes_total=action.bytes_total,
    )
    return but(state, long_run=run)


def long_run_ended(state: IngestState, action: LongRunEnded, out: Out) -> IngestState:
    """Say what was found."""
    run = state.long_run
    if run is None or run.effect_id != action.effect_id:
        return state
    tail = f"; {action.problem_count} problems, the first: {action.problems[0]}" if action.problems else ""
    tail += f"; it ended early: {action.error}" if action.error else ""
    out.say(
        "warning" if tail else "info",
        f"{run.kind}: {action.ok} of {action.files} files are as they should be{tail}",
        run.kind,
    )
    run = but(
        run,
        running=False,
        files_done=action.files,
        ok=action.ok,
        problem_count=action.problem_count,
        problems=action.problems,
        error=action.error,
    )
    return but(state, long_run=run)


# ------------------------------------------------------------------ switches


def pause(state: IngestState, _action: TransfersPaused, out: Out) -> IngestState:
    """Let no byte move until further notice."""
    out.accept("copies nothing until `seguectl ingest --resume`")
    return but(state, held=but(state.held, paused=True))


def resume(state: IngestState, _action: TransfersResumed, out: Out) -> IngestState:
    """Let bytes move again."""
    waits = state.held.hold == "wait"
    out.accept(f"goes on copying{' once nobody watches' if waits else ''}")
    return but(state, held=but(state.held, paused=False))


def watcher(state: IngestState, action: WatcherRequested, out: Out) -> IngestState:
    """Start, stop or restart the watching; a stop outlives the process."""
    if not state.settings.watch:
        out.refuse("no_ingest_folder", "No ingest folder is configured.", "Set [ingest] watch.")
        return state
    folders = f"{len(state.settings.watch)} folder{'s' if len(state.settings.watch) > 1 else ''}"
    match action.verb:
        case "stop":
            out.accept(f"stops watching {folders}")
            return arriving.watch(but(state, watching=False), out)
        case "start":
            out.accept(f"watches {folders}")
            return arriving.watch(but(state, watching=True), out, again=not state.watching)
        case _:
            out.accept(f"watches {folders} anew")
            return arriving.watch(but(state, watching=True), out, again=True)


def scan(state: IngestState, action: ScanRequested, out: Out) -> IngestState:
    """Have Plex look at whole libraries."""
    if not state.settings.plex_configured:
        out.refuse("no_plex", "No Plex server is configured.", "Set [plex] url.")
        return state
    if not action.folders:
        out.refuse(
            "unknown_library", f"Plex has no library {action.name!r}.", "`seguectl status --libraries`"
        )
        return state
    stamp = out.stamp
    waiting = {s.folder for s in state.scans if not s.effect_id}
    fresh = tuple(
        PendingScan(folder, stamp.now_at, stamp.wall_at, stamp.seq)
        for folder in action.folders
        if folder not in waiting
    )
    out.accept(f"has Plex scan {action.name or 'all libraries'}")
    return but(state, scans=(*state.scans, *fresh))


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"
