"""The commands that bring media into the library: look at it, plan, take in, rename, and what says when to."""

from __future__ import annotations

from segue.cli.call import Call, quoted, wide
from segue.cli.control import accepted
from segue.cli.fields import Json, texts, whole
from segue.cli.paint import Paint
from segue.cli.paths import absolute
from segue.cli.words import share

INGEST = "/api/v1/ingest"
JOBS_SHOWN_MAX = 6
QUEUE_HINT = "`seguectl status --queue` shows how far it is."
FORMATS = ("table", "json")
WATCHER_VERBS = ("start", "stop", "restart", "status")
A_PATH = "one file or folder"


# ------------------------------------------------------------------ looking


def identify(call: Call) -> None:
    """Say what files are taken for."""
    from segue.cli.ingest_render import identity

    path = absolute(call.one(A_PATH))
    batch = "&batch=1" if call.options.batch else ""
    call.show(call.house.get(f"{INGEST}/identify?path={quoted(path)}{batch}"), wide(identity))


def plan(call: Call) -> None:
    """Say what would be done with files."""
    if call.options.format not in FORMATS:
        raise call.misused(f"--format is {call.options.format!r}: table or json is expected.")
    _show_plan(call, absolute(call.one(A_PATH)), "rename" if call.options.rename else "ingest")


def _show_plan(call: Call, path: str, intent: str) -> None:
    from segue.cli.ingest_render import plans

    query = f"path={quoted(path)}" + ("" if intent == "ingest" else f"&intent={intent}")
    threshold = _threshold(call)
    query += "" if threshold is None else f"&threshold={threshold:g}"
    call.show(call.house.get(f"{INGEST}/plan?{query}"), wide(plans))


def _threshold(call: Call) -> float | None:
    word: str | None = call.options.threshold
    return None if word is None else share(word, "--threshold")


# ------------------------------------------------------------------ taking in


def rename(call: Call) -> None:
    """Show which names files would get, or give them."""
    how = call.chosen("preview", "execute", "dry-run")
    path = absolute(call.one(A_PATH))
    if how != "execute":
        if call.options.wait:
            raise call.misused("--wait goes with --execute: a preview sets nothing in motion.")
        _show_plan(call, path, "rename")
        return
    carry_out(call, f"{INGEST}/rename", _path_and_threshold(call, path))


def ingest(call: Call) -> None:
    """Take files in, or say when bytes may move."""
    switch = call.chosen("backlog", "pause", "resume")
    word = call.one_or_none(A_PATH)
    if switch and word is not None:
        raise call.misused(f"--{switch} concerns everything; it takes no path.")
    if switch:
        _without_a_path(call, switch)
        return
    if word is None:
        if call.options.wait:
            _follow_everything(call)
            return
        raise call.misused("ingest needs a file or a folder, or one of --backlog, --pause, --resume, --wait.")
    path = absolute(word)
    if call.options.dry_run:
        if call.options.wait:
            raise call.misused("--wait and --dry-run exclude each other: nothing is set in motion.")
        _show_plan(call, path, "ingest")
        return
    body = _path_and_threshold(call, path)
    body["auto"] = call.options.auto
    carry_out(call, INGEST, body)


def _path_and_threshold(call: Call, path: str) -> Json:
    body: Json = {"path": path}
    threshold = _threshold(call)
    if threshold is not None:
        body["threshold"] = threshold
    return body


def _without_a_path(call: Call, switch: str) -> None:
    for name in ("auto", "wait", "threshold"):
        if getattr(call.options, name):
            raise call.misused(f"--{name} does not go with --{switch}.")
    if call.options.dry_run and switch != "backlog":
        raise call.misused(f"--dry-run does not go with --{switch}.")
    if switch == "backlog":
        _backlog(call)
    else:
        call.show(call.tell(f"{INGEST}/{switch}", {}), accepted)


def _backlog(call: Call) -> None:
    """Show what lay there before segue came, and then take it in."""
    from segue.cli.ingest_render import backlog

    found = call.house.get(f"{INGEST}/backlog")
    if call.options.dry_run or not whole(found.data.get("files")):
        call.show(found, wide(backlog))
        return
    if not call.json:
        call.show(found, wide(backlog))
    call.show(call.tell(f"{INGEST}/backlog", {}), begun)


def carry_out(call: Call, path: str, body: Json) -> None:
    """Ask for something that begins jobs, and follow them where that is wanted."""
    answer = call.tell(path, body)
    call.show(answer, begun)
    if call.options.wait:
        from segue.cli.follow_jobs import follow_jobs

        follow_jobs(call, texts(answer.data.get("jobs")))


def begun(data: Json, paint: Paint) -> list[str]:
    """Say what was begun, and under which ids."""
    lines = accepted(data, paint)
    ids = texts(data.get("jobs"))
    if ids:
        more = f" and {len(ids) - JOBS_SHOWN_MAX:,} more" if len(ids) > JOBS_SHOWN_MAX else ""
        what = "job" if len(ids) == 1 else "jobs"
        lines.append(paint("dim", f"  {what} {', '.join(ids[:JOBS_SHOWN_MAX])}{more}; {QUEUE_HINT}"))
    return lines


def _follow_everything(call: Call) -> None:
    from segue.cli.follow_jobs import follow_queue

    for name in ("auto", "threshold", "dry_run"):
        if getattr(call.options, name):
            raise call.misused(f"--{name.replace('_', '-')} needs a file or a folder.")
    follow_queue(call)


# ------------------------------------------------------------------ watching and events


def watcher(call: Call) -> None:
    """Start, stop or restart the watching of the ingest folders, or show how it stands."""
    verb = call.verb(WATCHER_VERBS)
    call.nothing()
    if verb == "status":
        from segue.cli.queue_render import watching

        call.show(call.house.get(INGEST), wide(watching))
        return
    call.show(call.tell(f"{INGEST}/watcher", {"verb": verb}), accepted)


def event(call: Call) -> None:
    """Pass on what a program outside has to say."""
    call.verb(("download-complete",))
    path = absolute(call.one(A_PATH))
    call.show(call.tell(f"{INGEST}/completed", {"path": path}), accepted)
