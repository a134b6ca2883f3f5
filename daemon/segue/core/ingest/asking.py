"""What people ask of the ingest, and what is refused with which words."""

from msgspec.structs import replace as but

from segue.core.ingest import arriving, jobs
from segue.core.ingest.actions import LongRunEnded, LongRunProgressed
from segue.core.ingest.effects import RunAdopt, RunVerify, StopLongRun
from segue.core.ingest.requests import (
    AdoptRequested,
    BacklogRequested,
    IngestRequested,
    LongRunStopped,
    RenameRequested,
    ScanRequested,
    SourceFile,
    TransfersPaused,
    TransfersResumed,
    UndoRequested,
    VerifyRequested,
    WatcherRequested,
)
from segue.core.ingest.state import (
    IngestState,
    Intent,
    LongRun,
    PendingScan,
    Working,
)
from segue.core.vocabulary import Out

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
    out.accept(f"takes {files_word(len(begun))} up" + (f"; {busy} are being worked on" if busy else ""))
    return jobs.put(state, *begun)


def backlog(state: IngestState, _action: BacklogRequested, out: Out) -> IngestState:
    """Take in what lay there before segue came."""
    if not any(root.status in ("watching", "polling") for root in state.roots):
        out.refuse("not_watching", "No ingest folder is being watched.", "`seguectl watcher start`")
        return state
    out.accept("looks through the ingest folders for what lay there before")
    return arriving.look_for_backlog(state, out)


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
    outside = [root for root in roots if not any(_is_within(root, library) for library in libraries)]
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
            shows=tuple(r for r in roots if any(_is_within(r, lib) for lib in state.settings.shows)),
            checksums=action.checksums,
        )
    )
    out.accept("writes down what the library has; no file is moved")
    return but(state, long_run=LongRun("adopt", effect_id, out.stamp.wall_at))


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


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


def files_word(number: int) -> str:
    """Count files in words."""
    return "1 file" if number == 1 else f"{number} files"
