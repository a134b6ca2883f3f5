"""The ingest at work, laid out for a person: the queue, the watched folders, the last ends, the long runs."""

from __future__ import annotations

import time

from segue.cli.bars import amounts, in_words, progress
from segue.cli.fields import Json, number, record, records, text, whole
from segue.cli.ingest_words import files, size_of
from segue.cli.paint import Paint, folded, led, table, warned, width
from segue.cli.words import ago, moment, size

ROOT_STYLES = {
    "watching": "green",
    "polling": "green",
    "missing": "red",
    "unreadable": "red",
    "stopped": "yellow",
}
STAGES = {
    "identify": "identify",
    "locate": "find its place",
    "transfer": "copy",
    "record": "write the history",
    "undo": "take back",
}
STAGES_DOING = {
    "identify": "identifying",
    "locate": "finding its place",
    "transfer": "copying",
    "record": "writing the history",
    "undo": "taking back",
}
PHASES = {"settling": "arriving", "probing": "arriving", "reviewing": "waits for review"}
STATE_STYLES = {"copying": "cyan", "waits for review": "yellow"}
RECENT_STYLES = {
    "ingested": "green",
    "renamed": "green",
    "undone": "cyan",
    "vanished": "yellow",
    "rejected": "dim",
}
RECENT_SHOWN = 5
PROBLEMS_SHOWN = 20


def queue(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out what arrives, what is being done with it, what waits, and what was done last."""
    lines = [*watching(data, paint, columns), ""]
    jobs = records(data.get("queue"))
    if jobs:
        rows = [
            [
                paint("bold", text(job.get("job_id"))),
                size_of(job),
                state_of(job, paint),
                text(job.get("name")),
            ]
            for job in jobs
        ]
        lines += table(("JOB", "SIZE", "STATE", "NAME"), rows, paint, columns)
        for job in jobs:
            lines += _how_far(job, paint, columns)
    else:
        lines.append("Nothing is in the queue.")
    reviews = whole(data.get("reviews")) or 0
    if reviews:
        verb = "waits" if reviews == 1 else "wait"
        words = f"{files(reviews)} {verb} for review: `seguectl review` lists them."
        lines += warned(words, paint, columns)
    lines += _scans(data, paint, columns)
    run = record(data.get("run"))
    lines += long_run(run, paint, columns) if run else []
    return lines + _recent(data, paint, columns)


def state_of(job: Json, paint: Paint) -> str:
    """Write where a job is, in a few words."""
    phase, stage = text(job.get("phase")), text(job.get("stage"))
    if phase == "working":
        words = STAGES_DOING.get(stage, "working")
        words = "renaming" if stage == "transfer" and job.get("intent") == "rename" else words
    elif phase == "queued":
        words = f"waits to {STAGES.get(stage, 'go on')}"
        words = "waits to rename" if stage == "transfer" and job.get("intent") == "rename" else words
    else:
        words = PHASES.get(phase, phase)
    return paint(STATE_STYLES.get(words, ""), words)


def _how_far(job: Json, paint: Paint, columns: int | None) -> list[str]:
    lead = f"  {text(job.get('job_id'))}  "
    how = amounts(job)
    if columns is not None and text(job.get("phase")) == "working" and how.total:
        return [f"{lead}{progress(how, max(columns - width(lead), 10), paint)}"]
    detail = detail_of(job)
    return led(lead, detail, columns) if detail else []


def detail_of(job: Json) -> str:
    """Write how far a job is, or what it waits for; empty where there is nothing more to say."""
    how = amounts(job)
    if text(job.get("phase")) == "working" and how.total:
        return in_words(how)
    return text(job.get("detail"))


def _scans(data: Json, paint: Paint, columns: int | None) -> list[str]:
    lines = []
    for scan in records(data.get("scans")):
        since = number(scan.get("since"))
        tries = whole(scan.get("attempts")) or 0
        words = f"Plex has yet to be told of {text(scan.get('folder'))}"
        words += f" (since {moment(since)})" if since is not None and tries else ""
        words += f": {text(scan.get('detail'))}" if scan.get("detail") else "."
        lines += [paint("yellow" if tries else "dim", line) for line in folded(words, "", columns)]
    return lines


def _recent(data: Json, paint: Paint, columns: int | None) -> list[str]:
    lines = []
    for end in records(data.get("recent"))[:RECENT_SHOWN]:
        what = text(end.get("what"))
        when = moment(number(end.get("at")))
        words = text(end.get("text")) or what
        style = RECENT_STYLES.get(what, "")
        first, *more = led(f"{when}  ", words, columns)
        lines.append(f"{paint('dim', when)}{paint(style, first.removeprefix(when))}")
        lines += [paint(style, line) for line in more]
    return ["", paint("dim", "LATELY"), *lines] if lines else []


def watching(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out what is watched, what goes in by itself, and what holds copies up."""
    roots = records(data.get("roots"))
    if data.get("watching") is not True:
        lines = warned("The watcher is stopped; `seguectl watcher start` starts it.", paint, columns)
    elif not roots:
        lines = ["No folder is watched: set [ingest] watch, then `seguectl reload`."]
    else:
        lines = []
    if roots:
        rows = [_root(root, paint) for root in roots]
        lines += table(("STATE", "FILES", "SIZE", "FOLDER"), rows, paint, columns)
        for root in roots:
            lines += _root_notes(root, paint, columns)
    return [*lines, *_rules(data, paint, columns)]


def _root(root: Json, paint: Paint) -> list[str]:
    status = text(root.get("status")) or "unknown"
    count = whole(root.get("files"))
    return [
        paint(ROOT_STYLES.get(status, ""), status),
        "-" if count is None else f"{count:,}",
        size_of(root, "bytes"),
        text(root.get("path")),
    ]


def _root_notes(root: Json, paint: Paint, columns: int | None) -> list[str]:
    problems, left, detail = (
        whole(root.get("problems")) or 0,
        whole(root.get("left")) or 0,
        text(root.get("detail")),
    )
    lines = []
    if problems or detail:
        counted = (
            f"{files(problems, 'problem')} in {text(root.get('path'))}"
            if problems
            else text(root.get("path"))
        )
        words = f"{counted}{f': {detail}' if detail else ''}"
        lines += warned(words, paint, columns, "  ")
    if left:
        verb = "is" if left == 1 else "are"
        words = f"{files(left)} {verb} left alone: samples, junk, unfinished ones"
        lines += [paint("dim", line) for line in folded(words, "  ", columns)]
    return lines


def _rules(data: Json, paint: Paint, columns: int | None) -> list[str]:
    threshold = number(data.get("threshold"))
    limit = f" from a score of {threshold:.2f} on" if threshold is not None else ""
    auto = f"What is sure enough{limit} goes in by itself." if data.get("auto") is True else ""
    lines = folded(auto or "Nothing goes in by itself ([ingest] auto is false).", "", columns)
    held = record(data.get("held"))
    because = f": {text(held.get('because'))}" if held.get("because") else "."
    if held.get("paused") is True:
        lines += warned("Copies are paused; `seguectl ingest --resume` lets them go on.", paint, columns)
    elif held.get("hold") in ("wait", "slow"):
        words = f"Copies {'wait' if held.get('hold') == 'wait' else 'go slowly'}{because}"
        lines += warned(words, paint, columns)
    tmdb = record(data.get("tmdb"))
    if tmdb.get("configured") is False:
        words = "There is no TMDb key, so everything waits for review: set [tmdb] api_key_file."
        lines += warned(words, paint, columns)
    elif tmdb.get("problem"):
        lines += warned(f"TMDb: {text(tmdb.get('problem'))}", paint, columns)
    return lines


# ------------------------------------------------------------------ long runs


def long_run(run: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out how far `verify` or `adopt` is, or what came of it."""
    kind = text(run.get("kind")) or "run"
    done, total = whole(run.get("files_done")) or 0, whole(run.get("files_total")) or 0
    if run.get("running") is True:
        of_bytes = number(run.get("bytes_total"))
        part = f" ({size(number(run.get('bytes_done')) or 0)} of {size(of_bytes)})" if of_bytes else ""
        return folded(f"{kind}: {done:,} of {files(total)}{part} so far.", "", columns)
    problems = whole(run.get("problem_count")) or 0
    began = number(run.get("started_at"))
    when = f" (begun {ago(time.time() - began)})" if began is not None else ""
    words = f"{kind}: {_as_they_should(whole(run.get('ok')) or 0, done)}{when}."
    lines = [paint("red" if problems else "green", line) for line in folded(words, "", columns)]
    if run.get("error"):
        lines += [
            paint("red", line) for line in folded(f"It ended early: {text(run.get('error'))}", "  ", columns)
        ]
    found = run.get("problems")
    shown = [text(each) for each in found[:PROBLEMS_SHOWN]] if isinstance(found, list) else []
    for sentence in filter(None, shown):
        lines += folded(sentence, "  ", columns)
    if problems > len(shown):
        lines.append(paint("dim", f"  {problems - len(shown):,} more problems"))
    return lines


def _as_they_should(good: int, count: int) -> str:
    if count == 1:
        return f"the only file is {'' if good else 'not '}as it should be"
    return f"{good:,} of {files(count)} {'is as it' if good == 1 else 'are as they'} should be"
