"""The ingest's doors: looking, planning, deciding, undoing."""

from collections.abc import Callable, Sequence
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from segue.core.ingest.facts import ParsedName
from segue.core.ingest.moving import gigabytes
from segue.core.ingest.requests import (
    AdoptRequested,
    BacklogRequested,
    CandidateGiven,
    CandidatePicked,
    DownloadCompleted,
    IngestRequested,
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
from segue.core.ingest.state import Job, Reviewing
from segue.interfaces import ingest_views as views
from segue.interfaces.answers import ApiError, body_as, number, ok
from segue.interfaces.control import Caller
from segue.interfaces.door import Door, Handler, HouseDoor, Nothing, WantedId, ask
from segue.interfaces.ingest_bodies import (
    AdoptBody,
    ApproveBody,
    CompletedBody,
    IdBody,
    IngestBody,
    JobsBody,
    PathBody,
    PickBody,
    RefreshBody,
    RenameBody,
    ScanBody,
    UndoBody,
    WatcherBody,
)

# ------------------------------------------------------------------ reads


async def _ingest(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    try:
        counts: tuple[int, int] | None = await house.ingest.history_counts()
    except ApiError:  # its own page says why; the queue is shown all the same
        counts = None
    return ok(views.ingest(house.store.state.ingest, house.moment(), counts))


async def _job(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    job_id = request.path_params["job"]
    job = house.store.state.ingest.jobs.get(job_id)
    if job is None:
        raise ApiError(404, "unknown_job", f"There is no job {job_id[:64]!r}.", "`seguectl status --queue`")
    return ok({"schema": "segue.job/1", **views.job_of(job, house.moment())})


async def _review(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    below = request.query_params.get("path", "")
    return ok(views.review(house.store.state.ingest, house.moment(), below))


async def _identify(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    batch = request.query_params.get("batch", "") not in ("", "0", "false")
    return ok(await house.ingest.identify(_path(request), batch=batch))


async def _plan(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    intent = request.query_params.get("intent", "ingest")
    if intent not in ("ingest", "rename"):
        raise ApiError(400, "bad_query", f"intent is {intent[:20]!r}; ingest or rename is expected.")
    kind: Literal["ingest", "rename"] = "rename" if intent == "rename" else "ingest"
    return ok(await house.ingest.plan(_path(request), threshold=_share(request, "threshold"), intent=kind))


async def _backlog(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return ok(await house.ingest.backlog())


async def _history(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    limit = number(request, "limit", 20, 1, 500)
    before = number(request, "before", 0, 0, 10**11)
    text = request.query_params.get("text", "")[:200]
    records = await house.ingest.history(limit, float(before) or None, text)
    return ok({"schema": "segue.history/1", "entries": [views.entry(record) for record in records]})


async def _libraries(house: HouseDoor, _request: Request, _caller: Caller) -> Response:
    return ok(await house.ingest.libraries())


def _path(request: Request) -> str:
    path = request.query_params.get("path", "")
    if not path.startswith("/") or "\0" in path or len(path) > 4096:
        raise ApiError(400, "bad_query", f"path is {path[:80]!r}; an absolute path is expected.")
    return path


def _share(request: Request, name: str) -> float | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        value = float(text) if len(text) < 20 else -1.0
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ApiError(400, "bad_query", f"{name} is {text[:20]!r}; a number from 0 to 1 is expected.")
    return value


# ------------------------------------------------------------------ taking in


async def _take_in(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, IngestBody)
    files = await house.ingest.files_below(_absolute(body.path))
    action = IngestRequested(body.path.rstrip("/") or "/", files, body.auto, body.threshold)
    how = "what is sure enough by itself, the rest" if body.auto else "all"
    message = f"Takes {_amount(files)} in from {body.path}: {how} after review."
    return ask(house, request, action, caller, message=message)


async def _rename(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, RenameBody)
    files = await house.ingest.files_below(_absolute(body.path))
    action = RenameRequested(body.path.rstrip("/") or "/", files, body.threshold)
    message = f"Renames {_amount(files)} below {body.path}, where they lie. `rename --preview` shows how."
    return ask(house, request, action, caller, message=message)


async def _take_backlog(house: HouseDoor, request: Request, caller: Caller) -> Response:
    await body_as(request, Nothing)
    found = await house.ingest.backlog()
    count = f"{found['files']} old files ({gigabytes(found['bytes'])})"
    message = f"Takes {count} in; copying them takes about {_duration(found['seconds'])}."
    return ask(house, request, BacklogRequested(), caller, message=message)


def _absolute(path: str) -> str:
    if not path.startswith("/") or "\0" in path:
        raise ApiError(400, "bad_body", f"path is {path[:80]!r}; an absolute path is expected.")
    return path


def _amount(files: Sequence[SourceFile]) -> str:
    size = gigabytes(sum(file.size for file in files))
    return f"1 file ({size})" if len(files) == 1 else f"{len(files)} files ({size})"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


# ------------------------------------------------------------------ the review


def _chosen(house: HouseDoor, body: JobsBody) -> tuple[Job, ...]:
    """Find the jobs that a body names."""
    jobs = house.store.state.ingest.jobs
    if bool(body.jobs) == bool(body.path):
        raise ApiError(400, "bad_body", "Say either `jobs` or `path`.", 'For example {"jobs": ["k3f9a2xz"]}.')
    if body.jobs:
        missing = [job_id for job_id in body.jobs if job_id not in jobs]
        if missing:
            raise ApiError(
                404, "unknown_job", f"There is no job {missing[0]!r}.", "`seguectl review` lists them."
            )
        return tuple(jobs[job_id] for job_id in dict.fromkeys(body.jobs))
    below = tuple(
        job
        for job in jobs.values()
        if isinstance(job.phase, Reviewing) and views.is_below(job.source.path, body.path)
    )
    if not below:
        raise ApiError(
            404, "unknown_job", f"Nothing below {body.path} waits for review.", "`seguectl review`"
        )
    return below


def _ids(jobs: Sequence[Job]) -> tuple[str, ...]:
    return tuple(job.job_id for job in jobs)


def _summary(jobs: Sequence[Job], what: str) -> str:
    named = ", ".join(job.name for job in jobs[:3]) + (f" and {len(jobs) - 3} more" if len(jobs) > 3 else "")
    return f"Takes {named} in as {what}."


def _best_title(jobs: Sequence[Job]) -> str:
    found = [
        job.chosen or (job.verdict.best.candidate if job.verdict and job.verdict.best else None)
        for job in jobs
    ]
    titles = dict.fromkeys(f"{c.title} ({c.year})" if c.year else c.title for c in found if c is not None)
    return ", ".join(list(titles)[:3]) or "nothing yet"


async def _approve(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, ApproveBody)
    jobs = _chosen(house, body)
    action = ReviewApproved(_ids(jobs), body.upgrade, caller.name)
    what = _best_title(jobs) + (f" ({body.upgrade})" if body.upgrade else "")
    return ask(house, request, action, caller, message=_summary(jobs, what), jobs=_ids(jobs))


async def _pick(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, PickBody)
    jobs = _chosen(house, body)
    picked = [
        j.verdict.ranked[body.place - 1].candidate
        for j in jobs
        if j.verdict and len(j.verdict.ranked) >= body.place
    ]
    what = ", ".join(dict.fromkeys(f"{c.title} ({c.year})" for c in picked)) or f"candidate {body.place}"
    action = CandidatePicked(_ids(jobs), body.place, caller.name)
    return ask(house, request, action, caller, message=_summary(jobs, what), jobs=_ids(jobs))


async def _give_id(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, IdBody)
    jobs = _chosen(house, body)
    if sum((body.tmdb_id is not None, bool(body.imdb_id), body.tvdb_id is not None)) != 1:
        raise ApiError(400, "bad_body", "Say one of `tmdb_id`, `imdb_id`, `tvdb_id`.")
    kind = body.kind or _kind_of(jobs)
    wanted = WantedId(kind, body.tmdb_id, body.imdb_id, body.tvdb_id, body.season, body.episodes)
    given = await house.ingest.candidate(wanted, [job.parsed or ParsedName() for job in jobs])
    found = given.candidate
    action = CandidateGiven(_ids(jobs), found, body.episodes, body.season, caller.name, given.episodes)
    what = f"{found.title} ({found.year})" if found.year else found.title
    return ask(house, request, action, caller, message=_summary(jobs, what), jobs=_ids(jobs))


def _kind_of(jobs: Sequence[Job]) -> Literal["film", "show"] | None:
    kinds = {job.parsed.kind for job in jobs if job.parsed is not None}
    if kinds == {"film"}:
        return "film"
    return "show" if kinds == {"episode"} else None


def _decision(make: Callable[[tuple[str, ...]], ReviewRejected | ReviewRetried]) -> Handler:
    async def handler(house: HouseDoor, request: Request, caller: Caller) -> Response:
        jobs = _chosen(house, await body_as(request, JobsBody))
        return ask(house, request, make(_ids(jobs)), caller, jobs=_ids(jobs))

    return handler


# ------------------------------------------------------------------ the history, and long runs


async def _undo(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, UndoBody)
    record = await house.ingest.entry(body.entry)
    if record is None:
        raise ApiError(
            404, "unknown_entry", f"The history has no entry {body.entry!r}.", "`seguectl history ingest`"
        )
    back = "back to where they came from" if record.files[0].moved else "into the recycle folder"
    count = "1 file goes" if len(record.files) == 1 else f"{len(record.files)} files go"
    message = f"Takes {record.title} back: {count} {back}. Nothing is deleted."
    return ask(house, request, UndoRequested(record), caller, message=message)


async def _verify(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, PathBody)
    return ask(house, request, VerifyRequested(body.path), caller)


async def _adopt(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, AdoptBody)
    message = (
        f"Writes {body.path or 'all libraries'} into the history and looks at the names. No file is moved."
    )
    return ask(house, request, AdoptRequested(body.path, body.checksums), caller, message=message)


async def _end_run(house: HouseDoor, request: Request, caller: Caller) -> Response:
    await body_as(request, Nothing)
    return ask(house, request, LongRunStopped(), caller)


# ------------------------------------------------------------------ switches, Plex, the doctor


async def _pause(house: HouseDoor, request: Request, caller: Caller) -> Response:
    await body_as(request, Nothing)
    return ask(house, request, TransfersPaused(), caller)


async def _resume(house: HouseDoor, request: Request, caller: Caller) -> Response:
    await body_as(request, Nothing)
    return ask(house, request, TransfersResumed(), caller)


async def _watcher(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, WatcherBody)
    return ask(house, request, WatcherRequested(body.verb), caller)


async def _completed(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, CompletedBody)
    return ask(house, request, DownloadCompleted(body.path), caller)


async def _scan(house: HouseDoor, request: Request, caller: Caller) -> Response:
    body = await body_as(request, ScanBody)
    folders = await house.ingest.library_folders(body.library)
    return ask(house, request, ScanRequested(folders, body.library), caller)


async def _refresh(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    body = await body_as(request, RefreshBody)
    await house.ingest.refresh(body.rating_key)
    return ok({"schema": "segue.accepted/1", "doing": f"has Plex read item {body.rating_key} anew"}, 202)


async def _doctor(house: HouseDoor, request: Request, _caller: Caller) -> Response:
    await body_as(request, Nothing)
    return ok(await house.ingest.doctor())


# ------------------------------------------------------------------ the table

HOME = "/api/v1/ingest"
REVIEW = f"{HOME}/review"

DOORS: tuple[Door, ...] = (
    Door("GET", HOME, "READ", _ingest, "What arrives, what is being done with it, what watches and waits."),
    Door("GET", HOME + "/jobs/{job}", "READ", _job, "One job with everything that is known of it."),
    Door("GET", REVIEW, "READ", _review, "What waits for a person, with reasons and candidates (`path`)."),
    Door(
        "GET", HOME + "/identify", "READ", _identify, "What a file is taken for, and why (`path`, `batch`)."
    ),
    Door("GET", HOME + "/plan", "READ", _plan, "What would be done (`path`, `threshold`, `intent`)."),
    Door("GET", HOME + "/backlog", "READ", _backlog, "How much lay there before segue came."),
    Door("GET", "/api/v1/history/ingest", "READ", _history, "What was taken in (`limit`, `before`, `text`)."),
    Door("GET", "/api/v1/libraries", "READ", _libraries, "Plex' libraries, and the disks that they lie on."),
    Door("POST", HOME, "WRITE", _take_in, "Take files in. Asks first.", IngestBody),
    Door(
        "POST",
        HOME + "/rename",
        "WRITE",
        _rename,
        "Give files Plex' names, where they lie. Asks first.",
        RenameBody,
    ),
    Door(
        "POST",
        HOME + "/backlog",
        "WRITE",
        _take_backlog,
        "Take in what lay there before. Asks first.",
        Nothing,
    ),
    Door(
        "POST",
        REVIEW + "/approve",
        "WRITE",
        _approve,
        "The best candidate is right. Asks first.",
        ApproveBody,
    ),
    Door("POST", REVIEW + "/pick", "WRITE", _pick, "Another candidate is right. Asks first.", PickBody),
    Door("POST", REVIEW + "/id", "WRITE", _give_id, "It is this one, by its id. Asks first.", IdBody),
    Door(
        "POST",
        REVIEW + "/reject",
        "WRITE",
        _decision(ReviewRejected),
        "Leave files where they are.",
        JobsBody,
    ),
    Door("POST", REVIEW + "/retry", "WRITE", _decision(ReviewRetried), "Look at them once more.", JobsBody),
    Door("POST", HOME + "/undo", "WRITE", _undo, "Take an entry of the history back. Asks first.", UndoBody),
    Door(
        "POST", HOME + "/verify", "WRITE", _verify, "Read the library's files again, and compare.", PathBody
    ),
    Door("POST", HOME + "/adopt", "WRITE", _adopt, "Write an existing library down. Asks first.", AdoptBody),
    Door("POST", HOME + "/end-run", "WRITE", _end_run, "End verify or adopt early.", Nothing),
    Door("POST", HOME + "/pause", "WRITE", _pause, "Copy nothing until further notice.", Nothing),
    Door("POST", HOME + "/resume", "WRITE", _resume, "Go on copying.", Nothing),
    Door("POST", HOME + "/watcher", "WRITE", _watcher, "Start, stop or restart the watcher.", WatcherBody),
    Door("POST", HOME + "/completed", "WRITE", _completed, "A download is complete.", CompletedBody),
    Door("POST", "/api/v1/libraries/scan", "WRITE", _scan, "Have Plex scan a library.", ScanBody),
    Door("POST", "/api/v1/libraries/refresh", "WRITE", _refresh, "Have Plex read an item anew.", RefreshBody),
    Door("POST", "/api/v1/doctor", "WRITE", _doctor, "Test everything that the ingest needs.", Nothing),
)
