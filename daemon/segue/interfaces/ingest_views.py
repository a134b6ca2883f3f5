"""The ingest, put into the words of the API. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec

from segue.core.ingest.facts import Candidate, ParsedName, Ranked, Reason, Verdict
from segue.core.ingest.failures import known
from segue.core.ingest.records import HistoryRecord, Plan
from segue.core.ingest.state import (
    IngestState,
    Job,
    LongRun,
    Probing,
    Queued,
    Reviewing,
    Root,
    Settling,
    Working,
)
from segue.interfaces.moment import Moment

Json = dict[str, Any]
TMDB_PAGES = {"film": "https://www.themoviedb.org/movie/", "show": "https://www.themoviedb.org/tv/"}


def ingest(state: IngestState, moment: Moment, history: tuple[int, int] | None) -> Json:
    """Give everything about the ingest on one page; the jobs in review are only counted.

    `history`: its entries and files; nothing where it cannot be read.
    """
    queue = [job for job in state.jobs.values() if not isinstance(job.phase, Reviewing)]
    entries, files = history or (None, None)
    return {
        "schema": "segue.ingest/1",
        "watching": state.watching,
        "auto": state.settings.auto,
        "threshold": state.settings.match.threshold,
        "roots": [_root(root) for root in state.roots],
        "held": {"paused": state.held.paused, "hold": state.held.hold, "because": state.held.because},
        "queue": [job_of(job, moment) for job in queue],
        "reviews": len(state.jobs) - len(queue),
        "scans": [
            {"folder": s.folder, "since": s.wall_since_at, "attempts": s.attempts, "detail": s.detail}
            for s in state.scans
        ],
        "run": None if state.long_run is None else long_run(state.long_run),
        "recent": [
            {"job_id": f.job_id, "what": f.what, "text": f.text, "at": f.wall_at}
            for f in reversed(state.recent)
        ],
        "tmdb": {"configured": state.settings.tmdb_configured, "problem": state.tmdb_problem},
        "history": {"entries": entries, "files": files},
    }


def _root(root: Root) -> Json:
    """Give a root; when it is asked for again is of our own timeline, and means nothing to anybody else."""
    shown: Json = msgspec.to_builtins(root)
    return {name: value for name, value in shown.items() if name != "watch_at"}


def brief(state: IngestState) -> Json:
    """Give what the status of the whole house says about the ingest."""
    working = next(
        (j for j in state.jobs.values() if isinstance(j.phase, Working) and j.phase.stage == "transfer"), None
    )
    reviews = sum(isinstance(job.phase, Reviewing) for job in state.jobs.values())
    current = None
    if working is not None and isinstance(working.phase, Working):
        phase = working.phase
        current = {"name": working.name, "done_bytes": phase.done_bytes, "total_bytes": phase.total_bytes}
    return {
        "configured": bool(state.settings.movies or state.settings.shows),
        "watching": state.watching and bool(state.roots),
        "queue": len(state.jobs) - reviews,
        "reviews": reviews,
        "working": current,
        "held": "paused" if state.held.paused else state.held.hold,
    }


def review(state: IngestState, moment: Moment, below: str) -> Json:
    """Give the jobs that wait for a person."""
    jobs = [
        job_of(job, moment)
        for job in state.jobs.values()
        if isinstance(job.phase, Reviewing) and is_below(job.source.path, below)
    ]
    return {"schema": "segue.review/1", "jobs": jobs}


def is_below(path: str, folder: str) -> bool:
    """Tell whether a path is a folder, or lies in it; everything lies in the empty one."""
    return not folder or path == folder or path.startswith(folder.rstrip("/") + "/")


def job_of(job: Job, moment: Moment) -> Json:
    """Give one job."""
    phase = job.phase
    best = job.verdict.best if job.verdict is not None else None
    return {
        "job_id": job.job_id,
        "name": job.name,
        "path": job.source.path,
        "relative": job.relative,
        "size": job.source.size,
        "intent": job.intent,
        "phase": str(type(phase).__struct_config__.tag),
        "stage": phase.stage if isinstance(phase, Queued | Working) else None,
        "detail": _detail(job, moment),
        "found_at": job.wall_found_at,
        "done_bytes": phase.done_bytes if isinstance(phase, Working) else 0,
        "total_bytes": phase.total_bytes if isinstance(phase, Working) else 0,
        "bytes_per_s": round(phase.bytes_per_s) if isinstance(phase, Working) else 0,
        "signs": list(job.signs),
        "duration_s": job.duration_s,
        "parsed": None if job.parsed is None else parsed_name(job.parsed),
        "score": None if best is None else round(best.score.total, 4),
        "level": None if job.verdict is None else job.verdict.level,
        "reasons": reasons(job.reasons),
        "candidates": [] if job.verdict is None else candidates(job.verdict.ranked),
        "chosen": None if job.chosen is None else candidate(job.chosen),
        "plan": None if job.plan is None else plan(job.plan),
    }


def _detail(job: Job, moment: Moment) -> str:
    match job.phase:
        case (
            Settling(detail=detail, quiet_since_at=since)
            | Probing(before=Settling(detail=detail, quiet_since_at=since))
        ):
            quiet_s = max(moment.now_at - since, 0.0)
            return detail or f"quiet for {quiet_s:.0f} s"
        case Queued(detail=detail):
            return detail
        case _:
            return ""


def parsed_name(parsed: ParsedName) -> Json:
    """Give what a name says, without what it does not say."""
    found: Json = msgspec.to_builtins(parsed)
    return found


def reasons(found: Iterable[Reason]) -> list[Json]:
    """Give reasons with their next steps."""
    return [{"code": r.code, "text": r.text, "hint": hint_of(r.code)} for r in found]


def hint_of(code: str) -> str:
    """Give the next step that goes with a reason."""
    return known(code).next_step


def candidates(ranked: Iterable[Ranked]) -> list[Json]:
    """Give candidates with their places and scores."""
    return [
        {
            "place": place,
            **candidate(r.candidate),
            "score": {name: round(value, 4) for name, value in msgspec.to_builtins(r.score).items()},
        }
        for place, r in enumerate(ranked, 1)
    ]


def candidate(found: Candidate) -> Json:
    """Give one film or show."""
    return {
        "kind": found.kind,
        "title": found.title,
        "original_title": found.original_title,
        "year": found.year,
        "tmdb_id": found.tmdb_id,
        "imdb_id": found.imdb_id,
        "tvdb_id": found.tvdb_id,
        "runtime_min": found.runtime_min,
        "votes": found.votes,
        "url": f"{TMDB_PAGES[found.kind]}{found.tmdb_id}",
    }


def verdict(found: Verdict) -> Json:
    """Give a verdict."""
    return {
        "accepted": found.accepted,
        "level": found.level,
        "score": None if found.best is None else round(found.best.score.total, 4),
        "reasons": reasons(found.reasons),
        "candidates": candidates(found.ranked),
    }


def plan(found: Plan) -> Json:
    """Give what a job would do."""
    return {
        "method": found.method,
        "files": [
            {
                "source": f.source,
                "destination": f"{f.root.rstrip('/')}/{f.path}",
                "kind": f.kind,
                "size": f.size,
                "replaces": f.replaces,
            }
            for f in found.files
        ],
        "retires": list(found.retires),
        "left": [list(pair) for pair in found.left],
        "notes": list(found.notes),
    }


def long_run(run: LongRun) -> Json:
    """Give the last `verify` or `adopt`."""
    found: Json = msgspec.to_builtins(run)
    found["started_at"] = found.pop("wall_started_at")
    del found["effect_id"]
    return found


def entry(record: HistoryRecord) -> Json:
    """Give one entry of the history, every field said."""
    found: Json = {name: getattr(record, name) for name in record.__struct_fields__}
    found["at"] = found.pop("wall_at")
    found["files"] = [{n: getattr(f, n) for n in f.__struct_fields__} for f in record.files]
    return found
