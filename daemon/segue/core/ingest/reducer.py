"""Everything that changes the ingest domain's state happens here.

Theory of operation. A job goes through *settling*, *identify*, perhaps *review*, *locate*, *transfer*, *record*; each
stage is queued, worked on, and ends with an action that carries the effect's id, so an outcome that comes too late
finds nobody. After every action `_advance` looks what may start now. Stages that touch files wait until the journal has
them on disk, and every one of them may be done twice: so a crash at any point ends in the same library, with one row
of history (decision 0012).
"""

from typing import assert_never

from msgspec.structs import replace as but

from segue.core.ingest import arriving, asking, judging, moving, placing, reviewing, telling
from segue.core.ingest.actions import (
    BaselineTaken,
    DownloadsRead,
    FolderScanned,
    Identified,
    IngestActions,
    IngestNews,
    Located,
    LongRunEnded,
    LongRunProgressed,
    Recorded,
    RootChanged,
    ScanFailed,
    SourcesFound,
    SourcesGone,
    SourcesProbed,
    StageFailed,
    TransferProgressed,
    Transferred,
    TransfersHeld,
    Undone,
    WatchPutOff,
)
from segue.core.ingest.effects import SweepPartials
from segue.core.ingest.requests import (
    AdoptRequested,
    BacklogRequested,
    CandidateGiven,
    CandidatePicked,
    DownloadCompleted,
    IngestRequested,
    IngestRequests,
    LongRunStopped,
    RenameRequested,
    Request,
    ReviewApproved,
    ReviewRejected,
    ReviewRetried,
    ScanRequested,
    TransfersPaused,
    TransfersResumed,
    UndoRequested,
    VerifyRequested,
    WatcherRequested,
)
from segue.core.ingest.settings import IngestSettings
from segue.core.ingest.state import IngestState, Queued, Reviewing, Settling
from segue.core.stamp import Stamp
from segue.core.timers import earliest, is_due
from segue.core.vocabulary import EffectBase, Out

Step = tuple[IngestState, list[EffectBase]]


def reduce(state: IngestState, action: IngestActions, stamp: Stamp) -> Step:
    """Take one action in."""
    out = Out(stamp)
    after = _asked(state, action, out) if isinstance(action, Request) else _observed(state, action, out)
    return _advance(state, after, out)


def _observed(state: IngestState, action: IngestNews, out: Out) -> IngestState:  # noqa: C901, PLR0912 - a table
    """Take in what happened: the table of contents, first half."""
    match action:
        case SourcesFound():
            return arriving.found(state, action, out.stamp)
        case SourcesGone():
            return arriving.gone(state, action, out.stamp)
        case RootChanged():
            return arriving.root_changed(state, action, out)
        case WatchPutOff():
            return arriving.watch_put_off(state, action, out.stamp)
        case BaselineTaken():
            return arriving.baseline_taken(state, action, out)
        case SourcesProbed():
            return arriving.probed(state, action, out)
        case DownloadsRead():
            return arriving.downloads_read(state, action, out)
        case Identified():
            return judging.identified(state, action, out)
        case Located():
            return placing.located(state, action, out)
        case TransferProgressed():
            return moving.progressed(state, action)
        case Transferred():
            return moving.transferred(state, action, out)
        case Recorded():
            return moving.recorded(state, action, out)
        case Undone():
            return moving.undone(state, action, out)
        case StageFailed(stage="probe"):
            return arriving.probe_failed(state, action.effect_id, out.stamp)
        case StageFailed():
            return moving.failed(state, action, out)
        case FolderScanned():
            return telling.scanned(state, action)
        case ScanFailed():
            return telling.failed(state, action, out)
        case LongRunProgressed():
            return asking.long_run_progressed(state, action)
        case LongRunEnded():
            return asking.long_run_ended(state, action, out)
        case TransfersHeld():
            return but(state, held=but(state.held, hold=action.hold, because=action.because))
        case _:
            assert_never(action)


def _asked(state: IngestState, action: IngestRequests, out: Out) -> IngestState:  # noqa: C901, PLR0912 - a table
    """Take in what people ask for: the table of contents, second half."""
    match action:
        case DownloadCompleted():
            return arriving.completed(state, action, out)
        case IngestRequested():
            return asking.ingest(state, action, out)
        case RenameRequested():
            return asking.rename(state, action, out)
        case BacklogRequested():
            return asking.backlog(state, action, out)
        case ReviewApproved():
            return reviewing.approve(state, action, out)
        case CandidatePicked():
            return reviewing.pick(state, action, out)
        case CandidateGiven():
            return reviewing.give(state, action, out)
        case ReviewRejected():
            return reviewing.reject(state, action, out)
        case ReviewRetried():
            return reviewing.retry(state, action, out)
        case UndoRequested():
            return asking.undo(state, action, out)
        case VerifyRequested():
            return asking.verify(state, action, out)
        case AdoptRequested():
            return asking.adopt(state, action, out)
        case LongRunStopped():
            return asking.stop_long_run(state, action, out)
        case TransfersPaused():
            return asking.pause(state, action, out)
        case TransfersResumed():
            return asking.resume(state, action, out)
        case WatcherRequested():
            return asking.watcher(state, action, out)
        case ScanRequested():
            return asking.scan(state, action, out)
        case _:
            assert_never(action)


def configure(state: IngestState, settings: IngestSettings, stamp: Stamp, *, first_effect: int = 0) -> Step:
    """Take settings in: watch what is to be watched, and remove what an interrupted transfer left behind.

    `first_effect`: how many effects the step has already.
    """
    out = Out(stamp, first_effect)
    first = state.settings == IngestSettings() and not state.roots
    before = state
    changed = state.settings.watch != settings.watch
    anew = _watching(state.settings) != _watching(settings)
    state = but(state, settings=settings)
    if first:
        state = _on_this_timeline(state, stamp)
    if first or changed or anew:
        state = arriving.watch(state, out, again=anew)
    libraries = (*settings.movies, *settings.shows)
    if first and libraries:
        out.add(
            SweepPartials(
                effect_id=out.next_id,
                why="leftovers",
                because=stamp.seq,
                roots=libraries,
                keep=tuple(state.jobs),
            )
        )
    return _advance(before, state, out)


def _watching(settings: IngestSettings) -> tuple[object, ...]:
    """Give the settings that the watcher is made with."""
    return (settings.arrivals, settings.rescan_s, settings.poll_s)


def _on_this_timeline(state: IngestState, stamp: Stamp) -> IngestState:
    """Begin the waits of revived jobs anew: moments of another process mean nothing here."""
    revived = {}
    for key, job in state.jobs.items():
        if isinstance(job.phase, Settling):
            probe_at = stamp.now_at + state.settings.stability_s
            phase = Settling(probe_at=probe_at, quiet_since_at=stamp.now_at)
            revived[key] = but(job, phase=phase)
        else:
            revived[key] = job
    return but(state, jobs=revived)


def expire(state: IngestState, stamp: Stamp) -> Step:
    """Do what is due. A spurious call changes nothing."""
    if not is_due(state.due_at, stamp.now_at):
        return state, []
    out = Out(stamp)
    after = arriving.watching_again(arriving.reviewing_again(state, stamp), out)
    if is_due(after.tmdb_busy_until_at, stamp.now_at):
        after = but(after, tmdb_busy_until_at=None)
    return _advance(state, after, out)


def next_deadline(state: IngestState) -> float | None:
    """Give the next moment at which something of this domain is due."""
    return state.due_at


def _advance(before: IngestState, state: IngestState, out: Out) -> Step:
    """Start whatever may start now, and note when to look again."""
    if state is before and not is_due(state.due_at, out.stamp.now_at):
        return state, out.effects
    state = arriving.probe_due(state, out)
    state = moving.give_turns(state, out)
    state = moving.steer(state, out)
    state = telling.tell(state, out)
    due_at = _due_at(state, out.stamp.now_at)
    return (state if due_at == state.due_at else but(state, due_at=due_at)), out.effects


def _due_at(state: IngestState, now_at: float) -> float | None:
    moments: list[float | None] = [state.tmdb_busy_until_at, *(root.watch_at for root in state.roots)]
    for job in state.jobs.values():
        match job.phase:
            case Settling(probe_at=moment):
                moments.append(max(moment, now_at))
            case Reviewing(again_at=moment) | Queued(not_before_at=moment) if moment is not None:
                # What is past and could not start waits for a turn, which an outcome will bring.
                moments.append(moment if moment > now_at else None)
            case _:
                pass
    if sum(bool(scan.effect_id) for scan in state.scans) < telling.AT_ONCE:
        moments += [scan.due_at for scan in state.scans if not scan.effect_id]
    return earliest(moments)
