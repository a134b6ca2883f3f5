"""The review queue, laid out for a person: folder by folder, each file with what it seems to be and why it waits."""

from __future__ import annotations

from segue.cli.fields import Json, number, record, records, text, texts
from segue.cli.ingest_words import (
    candidate,
    files,
    length,
    named,
    numbered,
    plan,
    read_as,
    reasons,
    score,
    short_list,
    size_of,
)
from segue.cli.paint import Paint, fit, folded, pad, width
from segue.cli.queue_render import detail_of, state_of
from segue.cli.words import moment, shell_quoted, size

HOW = (
    "`seguectl review show ID` shows candidates and plan; `review approve`, `pick`, `id`, `reject` and `retry` decide, "
    "with ids or with the path of a whole folder."
)


def queue(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out what waits for a person."""
    jobs = records(data.get("jobs"))
    if not jobs:
        return ["Nothing waits for review."]
    together = sum(number(job.get("size")) or 0 for job in jobs)
    lines = [
        paint(
            "bold",
            f"{files(len(jobs))} {'waits' if len(jobs) == 1 else 'wait'} for review ({size(together)})",
        )
    ]
    folders: dict[str, list[Json]] = {}
    for job in jobs:
        folders.setdefault(text(job.get("path")).rpartition("/")[0], []).append(job)
    for folder, within in folders.items():
        lines += ["", paint("dim", f"{folder}/")]
        shared = len(within) > 1 and all(_sentences(job) == _sentences(within[0]) for job in within)
        for job in within:
            lines += _in_short(job, paint, columns)
            lines += [] if shared else _why(job, paint, columns)
        lines += _why(within[0], paint, columns, of_all=True) if shared else []
    return [*lines, "", *(paint("dim", line) for line in folded(HOW, "", columns))]


def _sentences(job: Json) -> list[str]:
    return [text(reason.get("text")) for reason in records(job.get("reasons"))]


def _in_short(job: Json, paint: Paint, columns: int | None) -> list[str]:
    job_id, amount = text(job.get("job_id")), size_of(job)
    name = text(job.get("name")) or text(job.get("path"))
    if columns is not None:
        name = fit(name, max(columns - width(job_id) - width(amount) - 6, 8), paint.sign("…", "~"))
    lines = [f"  {paint('bold', job_id)}  {name}  {paint('dim', amount)}".rstrip()]
    found, chosen = records(job.get("candidates")), record(job.get("chosen"))
    guess = named(chosen) if chosen else short_list(found)
    episode = numbered(record(job.get("parsed")))
    words = f"{episode} of {guess}" if guess and episode else guess or "no candidate"
    lead = f"  {' ' * width(job_id)}  "
    head = f"{lead}{pad(score(job, paint), 11)}  "
    room = None if columns is None else max(columns - width(head), 8)
    lines.append(f"{head}{words if room is None else fit(words, room, paint.sign('…', '~'))}")
    return lines


def _why(job: Json, paint: Paint, columns: int | None, *, of_all: bool = False) -> list[str]:
    """Lay out the reasons; those that a whole folder shares are said once, and their steps name the folder."""
    job_id = text(job.get("job_id"))
    folder = str(job.get("path")).rpartition("/")[0]
    if of_all and folder.isprintable():
        return reasons(job, paint, columns, "  ", job_id=shell_quoted(folder))
    return reasons(job, paint, columns, f"  {' ' * width(job_id)}  ", job_id="ID" if of_all else job_id)


# ------------------------------------------------------------------ one job


def job(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out one job with everything that is known of it."""
    job_id = text(data.get("job_id"))
    lines = [f"{paint('bold', job_id)}  {text(data.get('name'))}  {state_of(data, paint)}".rstrip()]
    lines.append(f"  {text(data.get('path'))}")
    lines += folded(", ".join(filter(None, _facts(data))), "  ", columns)
    detail = detail_of(data)
    lines += folded(detail, "  ", columns)
    if record(data.get("parsed")):
        lines += folded(f"read as {read_as(record(data.get('parsed')))}", "  ", columns)
    if record(data.get("chosen")):
        lines += folded(f"chosen: {named(record(data.get('chosen')))}", "  ", columns)
    if records(data.get("reasons")):
        lines += ["", paint("bold", "Why it waits"), *reasons(data, paint, columns, "  ", job_id=job_id)]
    found = records(data.get("candidates"))
    if found:
        lines += ["", f"{paint('bold', 'Candidates')}, the best with {score(data, paint)}"]
        for each in found:
            lines += candidate(each, paint, columns, "  ")
    planned = plan(record(data.get("plan")), paint, columns, "  ")
    return [*lines, "", paint("bold", "Plan"), *planned] if planned else lines


def _facts(data: Json) -> list[str]:
    signs = [sign.replace("-", " ") for sign in texts(data.get("signs"))]
    found_at = number(data.get("found_at"))
    return [
        size_of(data),
        length(data),
        f"found {moment(found_at)}" if found_at is not None else "",
        f"whole by: {', '.join(signs)}" if signs else "",
    ]
