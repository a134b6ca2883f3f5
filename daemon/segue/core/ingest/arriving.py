"""From a file that turns up to a file that is whole: quiet, no writer, and a positive sign (decision 0011)."""

from collections.abc import Iterable

from msgspec.structs import replace as but

from segue.core.ingest import jobs
from segue.core.ingest.actions import (
    BaselineTaken,
    DownloadsRead,
    RootChanged,
    SourceProbe,
    SourcesFound,
    SourcesGone,
    SourcesProbed,
    WatchPutOff,
)
from segue.core.ingest.effects import AskDownloads, ProbeSources, ScanRoot, UnwatchRoot, WatchRoot
from segue.core.ingest.facts import Reason
from segue.core.ingest.requests import DownloadCompleted, SourceFile
from segue.core.ingest.state import (
    Complete,
    Finished,
    IngestState,
    Job,
    Probing,
    Queued,
    Reviewing,
    Root,
    Settling,
    Working,
)
from segue.core.stamp import Stamp
from segue.core.timers import is_due
from segue.core.vocabulary import Out

PROBES_AT_ONCE = 256
BROKEN_AGAIN_MAX_S = 600.0
"""A file that lacks something is looked at after its stability time, then after twice as long, up to this."""
COMPLETE_KEPT_S = 86_400.0
COMPLETE_KEPT = 500
"""A hook may fire before the file is seen; its word is kept for a day."""


WATCH_AGAIN_S = 5.0

# ------------------------------------------------------------------ roots


def watch(state: IngestState, out: Out, *, again: bool = False) -> IngestState:
    """Bring the watcher in line with the settings and with what was asked for."""
    wanted = state.settings.watch if state.watching else ()
    kept = []
    for root in state.roots:
        if root.path in wanted and not again:
            kept.append(root)
        elif root.status != "stopped":
            _unwatch(root.path, out)
    known = {root.path for root in kept}
    for path in wanted:
        if path not in known:
            kept.append(Root(path=path))
            _watch(state, path, out)
    if not state.watching:
        kept += [Root(path=path, status="stopped") for path in state.settings.watch]
    return but(state, roots=tuple(kept))


def watch_put_off(state: IngestState, action: WatchPutOff, stamp: Stamp) -> IngestState:
    """Ask for it again in a moment; a root that is watched, or not wanted any more, needs nothing."""
    again_at = stamp.now_at + WATCH_AGAIN_S
    roots = tuple(
        but(root, watch_at=again_at, detail=action.detail)
        if root.path == action.root and root.status == "starting"
        else root
        for root in state.roots
    )
    return but(state, roots=roots)


def watching_again(state: IngestState, out: Out) -> IngestState:
    """Ask for the roots whose moment has come."""
    due = {root.path for root in state.roots if is_due(root.watch_at, out.stamp.now_at)}
    for path in due:
        _watch(state, path, out)
    roots = tuple(but(root, watch_at=None) if root.path in due else root for root in state.roots)
    return but(state, roots=roots) if due else state


def _watch(state: IngestState, path: str, out: Out) -> None:
    is_new = path not in state.baselined
    out.add(
        WatchRoot(
            effect_id=out.next_id,
            why="watch",
            because=out.stamp.seq,
            after_commit=is_new,
            root=path,
            baseline=is_new,
        )
    )


def _unwatch(path: str, out: Out) -> None:
    out.add(UnwatchRoot(effect_id=out.next_id, why="unwatch", because=out.stamp.seq, root=path))


def root_changed(state: IngestState, action: RootChanged, out: Out) -> IngestState:
    """Note how it stands with a root; a person hears when it goes and when it is back."""
    before = next((root for root in state.roots if root.path == action.root), None)
    if before is None or (action.status == "stopped" and state.watching):
        return state
    after = Root(
        path=action.root,
        status=action.status,
        files=action.files,
        bytes=action.bytes,
        problems=action.problems,
        left=action.left,
        detail=action.detail,
    )
    broken = ("missing", "unreadable")
    if action.status in broken and before.status not in broken:
        out.say("warning", f"{action.root} is {action.status}: {action.detail}", f"root_{action.status}")
    elif action.status not in broken and before.status in broken:
        out.say("info", f"{action.root} is back.", "root_back")
    return but(state, roots=tuple(after if root is before else root for root in state.roots))


def baseline_taken(state: IngestState, action: BaselineTaken, out: Out) -> IngestState:
    """Remember that the old files of a root are known as old."""
    if action.root in state.baselined:
        return state
    if action.files:
        out.say(
            "info",
            f"{action.root} is watched from now on; the {action.files} files that are there already "
            "stay where they are (`seguectl ingest --backlog` takes them in).",
            "baseline",
        )
    return but(state, baselined=(*state.baselined, action.root))


def look_for_backlog(state: IngestState, out: Out) -> IngestState:
    """Have the old files told as new ones."""
    for root in state.roots:
        out.add(
            ScanRoot(
                effect_id=out.next_id,
                why="backlog",
                because=out.stamp.seq,
                after_commit=True,
                root=root.path,
                with_baseline=True,
            )
        )
    return state


# ------------------------------------------------------------------ files that come and go


def found(state: IngestState, action: SourcesFound, stamp: Stamp) -> IngestState:
    """Begin a job for each new file; one that has changed has to be quiet again."""
    known = jobs.by_path(state)
    fresh = []
    for number, file in enumerate(action.files):
        job = known.get(file.path)
        if job is None:
            probe_at = stamp.now_at + _stability_s(state, file.path)
            fresh.append(jobs.new_job(stamp, number, file, action.root, probe_at=probe_at))
        elif _differs(job.source, file) and not _is_being_moved(job):
            fresh.append(_changed(state, job, file, stamp))
    return jobs.put(state, *fresh) if fresh else state


def _changed(state: IngestState, job: Job, file: SourceFile, stamp: Stamp) -> Job:
    job = but(job, source=file, signs=(), verdict=None, plan=None, reasons=(), duration_s=None)
    return jobs.become_settling(job, stamp.now_at, state.settings.stability_s, "it still changes")


def _differs(a: SourceFile, b: SourceFile) -> bool:
    return (a.size, a.mtime_ns, a.inode) != (b.size, b.mtime_ns, b.inode)


def _is_being_moved(job: Job) -> bool:
    """From the transfer on the mover itself watches that the source stays what it was."""
    phase = job.phase
    return isinstance(phase, Queued | Working) and phase.stage in ("transfer", "record", "undo")


def gone(state: IngestState, action: SourcesGone, stamp: Stamp) -> IngestState:
    """Let go of jobs whose file has vanished, unless it is being moved."""
    known = jobs.by_path(state)
    for path in action.paths:
        job = known.get(path)
        if job is not None and not _is_being_moved(job):
            state = vanished(state, job, stamp)
    return state


def vanished(state: IngestState, job: Job, stamp: Stamp) -> IngestState:
    """End a job whose file is no longer there."""
    return jobs.finish(
        state, job, Finished(job.job_id, "vanished", f"{job.name} is no longer there.", stamp.wall_at)
    )


# ------------------------------------------------------------------ signs that a download is whole


def completed(state: IngestState, action: DownloadCompleted, out: Out) -> IngestState:
    """Take a hook's word for a path, whether its file is known yet or not."""
    path = action.path.rstrip("/")
    if not path.startswith("/") or "\0" in path:
        out.refuse("bad_path", f"{action.path!r} is no absolute path.", "Say the path as segued sees it.")
        return state
    state = _note_complete(state, (path,), "hook", out.stamp)
    touched = [job for job in state.jobs.values() if _is_below(job.source.path, path)]
    out.accept(f"takes {_count(len(touched), 'file')} below {path} for whole")
    return _hurry(state, path, out.stamp)


def downloads_read(state: IngestState, action: DownloadsRead, out: Out) -> IngestState:
    """Take a download client's word for what it calls complete."""
    if action.error:
        if action.error != state.client_error:
            out.say("warning", f"{action.client} could not be asked: {action.error}", "client_unread")
        return but(state, client_error=action.error)
    state = but(state, client_error="")
    paths = tuple(path.rstrip("/") for path in action.complete)
    known = [p for p in paths if any(_is_below(job.source.path, p) for job in state.jobs.values())]
    for path in known:
        state = _note_complete(state, (path,), action.client, out.stamp)
        state = _hurry(state, path, out.stamp)
    return state


def _note_complete(state: IngestState, paths: Iterable[str], by: str, stamp: Stamp) -> IngestState:
    kept = [c for c in state.complete if stamp.wall_at - c.wall_at < COMPLETE_KEPT_S and c.path not in paths]
    news = [Complete(path, by, stamp.wall_at) for path in paths]
    return but(state, complete=tuple((*kept, *news)[-COMPLETE_KEPT:]))


def _hurry(state: IngestState, path: str, stamp: Stamp) -> IngestState:
    """Look at once at what is below a path that is whole now."""
    hurried = [
        but(job, phase=but(job.phase, probe_at=stamp.now_at))
        for job in state.jobs.values()
        if isinstance(job.phase, Settling) and _is_below(job.source.path, path)
    ]
    return jobs.put(state, *hurried) if hurried else state


def _signs_for(state: IngestState, job: Job) -> tuple[str, ...]:
    said = (c.by for c in state.complete if _is_below(job.source.path, c.path))
    return tuple(dict.fromkeys((*job.signs, *said)))


def _stability_s(state: IngestState, path: str) -> float:
    return 0.0 if any(_is_below(path, c.path) for c in state.complete) else state.settings.stability_s


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


# ------------------------------------------------------------------ looking closer


def probe_due(state: IngestState, out: Out) -> IngestState:
    """Have all files looked at whose time has come, in one effect."""
    now_at = out.stamp.now_at
    due = [j for j in state.jobs.values() if isinstance(j.phase, Settling) and j.phase.probe_at <= now_at]
    if not due:
        return state
    due = due[:PROBES_AT_ONCE]
    effect_id = out.add(
        ProbeSources(
            effect_id=out.next_id,
            why="settled",
            because=due[0].because,
            paths=tuple(job.source.path for job in due),
        )
    )
    if state.settings.clients_configured:
        out.add(AskDownloads(effect_id=out.next_id, why="settled", because=due[0].because))
    return jobs.put(state, *(jobs.become_probing(job, effect_id) for job in due))


def probed(state: IngestState, action: SourcesProbed, out: Out) -> IngestState:
    """Decide for each file whether it is whole."""
    known = jobs.by_path(state)
    changed = []
    for probe in action.probes:
        job = known.get(probe.path)
        if job is None or not isinstance(job.phase, Probing) or job.phase.effect_id != action.effect_id:
            continue
        if probe.size is None and not probe.error:
            state = vanished(state, job, out.stamp)
            continue
        changed.append(_judged(state, job, job.phase.before, probe, out))
    state = jobs.put(state, *changed)
    return _unanswered(state, action.effect_id, out.stamp)


def probe_failed(state: IngestState, effect_id: str, stamp: Stamp) -> IngestState:
    """Look again later at what could not be looked at."""
    return _unanswered(state, effect_id, stamp)


def _unanswered(state: IngestState, effect_id: str, stamp: Stamp) -> IngestState:
    left = [
        but(job, phase=but(job.phase.before, probe_at=stamp.now_at + state.settings.stability_s + 1.0))
        for job in state.jobs.values()
        if isinstance(job.phase, Probing) and job.phase.effect_id == effect_id
    ]
    return jobs.put(state, *left) if left else state


def _judged(state: IngestState, job: Job, before: Settling, probe: SourceProbe, out: Out) -> Job:
    """Say what one look means: whole, not yet, or never."""
    now_at, settings = out.stamp.now_at, state.settings
    if probe.error:
        return _unreadable(state, job, before, probe, out)
    assert probe.size is not None
    seen = SourceFile(probe.path, probe.size, probe.mtime_ns, probe.inode, probe.device)
    if _differs(job.source, seen):
        return _changed(state, job, seen, out.stamp)
    job = but(job, signs=_signs_for(state, job), duration_s=probe.duration_s)
    waits_for = _what_is_missing(probe)
    if waits_for:
        again = Settling(now_at + settings.stability_s, now_at, before.broken_since_at, waits_for)
        return but(job, phase=again)
    if probe.structure == "broken":
        return _broken(state, job, before, probe, out)
    if probe.structure == "whole":
        job = but(job, signs=tuple(dict.fromkeys((*job.signs, "structure"))))
    quiet_s = now_at - before.quiet_since_at
    if not job.signs and quiet_s < settings.unknown_stability_s:
        probe_at = before.quiet_since_at + settings.unknown_stability_s
        detail = "nothing says that it is whole, so it has to be quiet for longer"
        return but(job, phase=Settling(probe_at, before.quiet_since_at, detail=detail))
    if not job.signs:
        job = but(job, signs=("long-quiet",))
    return jobs.become_queued(job, "identify", now_at)


def _what_is_missing(probe: SourceProbe) -> str:
    if probe.writer:
        return f"{probe.writer} still writes it"
    if probe.unpacking:
        return "its archive is still being unpacked, or was not"
    return "it is empty" if probe.size == 0 else ""


def _broken(state: IngestState, job: Job, before: Settling, probe: SourceProbe, out: Out) -> Job:
    """Wait for what is missing, longer each time; give up where a sign says that nothing more comes."""
    now_at, settings = out.stamp.now_at, state.settings
    since_at = now_at if before.broken_since_at is None else before.broken_since_at
    if job.signs or now_at - since_at >= settings.probe_patience_s:
        signs = (
            f"though it is said to be whole ({', '.join(job.signs)})" if job.signs else "after a long wait"
        )
        return _to_review(job, Reason("broken", f"The file is not whole, {signs}: {probe.detail}"), out)
    wait_s = min(max(now_at - since_at, settings.stability_s), BROKEN_AGAIN_MAX_S)
    return but(job, phase=Settling(now_at + wait_s, before.quiet_since_at, since_at, probe.detail))


def _unreadable(state: IngestState, job: Job, before: Settling, probe: SourceProbe, out: Out) -> Job:
    now_at = out.stamp.now_at
    since_at = now_at if before.broken_since_at is None else before.broken_since_at
    if now_at - since_at >= min(state.settings.stability_s, 60.0) and before.broken_since_at is not None:
        return _to_review(job, Reason("unreadable", f"The file cannot be read: {probe.error}"), out)
    again = Settling(now_at + state.settings.stability_s, before.quiet_since_at, since_at, probe.error)
    return but(job, phase=again)


def _to_review(job: Job, reason: Reason, out: Out) -> Job:
    job = jobs.become_reviewing(job, out.stamp, (reason,))
    jobs.say_review(job, out)
    return job


def reviewing_again(state: IngestState, stamp: Stamp) -> IngestState:
    """Take up again what waits for something that may have passed."""
    due = [
        jobs.become_queued(job, "identify", stamp.now_at, attempts=job.attempts)
        for job in state.jobs.values()
        if isinstance(job.phase, Reviewing)
        and job.phase.again_at is not None
        and job.phase.again_at <= stamp.now_at
    ]
    return jobs.put(state, *due) if due else state


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
