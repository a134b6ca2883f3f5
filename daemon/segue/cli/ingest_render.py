"""What files are taken for, and what would be done with them, laid out for a person."""

from __future__ import annotations

from segue.cli.fields import Json, number, record, records, text, whole
from segue.cli.ingest_words import (
    candidate,
    files,
    label,
    length,
    named,
    plan,
    read_as,
    reasons,
    score,
    size_of,
)
from segue.cli.paint import Paint, folded, pad, table, warned
from segue.cli.words import duration, size


def identity(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out what files are taken for: one in full, several in short."""
    found = records(data.get("files"))
    if not found:
        return ["There is no video file."]
    if len(found) == 1:
        return _identity_in_full(found[0], paint, columns)
    lines = []
    for file in found:
        lines += _identity_in_short(file, paint, columns)
    sure = sum(file.get("accepted") is True for file in found)
    words = f"{files(len(found))}: {sure:,} sure enough, {len(found) - sure:,} for a person to look at."
    return [*lines, "", *folded(words, "", columns), *_truncated(data, paint, columns)]


def _identity_in_full(file: Json, paint: Paint, columns: int | None) -> list[str]:
    lines = [paint("bold", text(file.get("relative")) or text(file.get("path")))]
    facts = [size_of(file), length(file), _structure(file)]
    lines += folded(", ".join(filter(None, facts)), "  ", columns)
    lines += folded(f"read as {read_as(record(file.get('parsed')))}", "  ", columns)
    lines += ["", f"{score(file, paint)}  {_verdict(file, paint)}"]
    lines += reasons(file, paint, columns, "  ")
    for each in records(file.get("candidates")):
        lines += ["", *candidate(each, paint, columns, "  ")]
    return lines


def _structure(file: Json) -> str:
    words = {"whole": "whole", "broken": "not whole", "unknown": "cannot be checked for wholeness"}
    return words.get(text(file.get("structure")), "")


def _verdict(thing: Json, paint: Paint) -> str:
    if thing.get("accepted") is True:
        return paint("green", "sure enough to go in by itself")
    return paint("yellow", "a person has to look at it")


def _identity_in_short(file: Json, paint: Paint, columns: int | None) -> list[str]:
    best = next(iter(records(file.get("candidates"))), {})
    number_of = named({**record(file.get("parsed")), "title": "", "year": None})
    title = " ".join(filter(None, (label(best) or "nothing found", number_of)))
    name = text(file.get("relative")) or text(file.get("path"))
    sign = paint("green", paint.sign("✓", "+")) if file.get("accepted") is True else paint("yellow", "?")
    lines = [f"{sign} {pad(score(file, paint), 11)}  {paint('bold', title)}"]
    lines += folded(name, "  ", columns)
    return lines + reasons(file, paint, columns, "    ")


def _truncated(data: Json, paint: Paint, columns: int | None) -> list[str]:
    if data.get("truncated") is not True:
        return []
    return warned("There are more files; name a folder further down to see them.", paint, columns)


# ------------------------------------------------------------------ plans


def plans(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out what would be done with files; nothing has been done yet."""
    lines = []
    for file in records(data.get("files")):
        lines += _plan(file, paint, columns)
    is_rename = data.get("intent") == "rename"
    accepted, review = whole(data.get("accepted")) or 0, whole(data.get("review")) or 0
    if not lines:
        return ["There is no video file."]
    bytes_to_move = number(data.get("bytes"))
    amount = f" ({size(bytes_to_move)})" if bytes_to_move and not is_rename else ""
    verb = "would be renamed" if is_rename else "would go in"
    words = f"{files(accepted)} {verb}{amount}, {review:,} would wait for review. Nothing was done yet."
    return [*lines, *folded(words, "", columns), *_truncated(data, paint, columns)]


def _plan(file: Json, paint: Paint, columns: int | None) -> list[str]:
    sign = paint("green", paint.sign("✓", "+")) if file.get("accepted") is True else paint("yellow", "?")
    title = named(file) or "nothing found"
    lines = [f"{sign} {pad(score(file, paint), 11)}  {paint('bold', title)}"]
    lines.append(f"  {text(file.get('path'))}{paint('dim', f'  ({size_of(file)})' if size_of(file) else '')}")
    lines += plan(record(file.get("plan")), paint, columns, "  ")
    return [*lines, *reasons(file, paint, columns, "    "), ""]


def backlog(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out how much lay there before segue came."""
    count = whole(data.get("files")) or 0
    if not count:
        return ["Nothing lies in the ingest folders from before segue watched them."]
    rows = [
        [files(number(root.get("files")) or 0), size_of(root, "bytes"), text(root.get("path"))]
        for root in records(data.get("roots"))
    ]
    lines = table(("FILES", "SIZE", "FOLDER"), rows, paint, columns)
    takes_s = number(data.get("seconds"))
    takes = f"; to copy them takes about {duration(takes_s)}" if takes_s is not None else ""
    return [*lines, *folded(f"{files(count)}, {size_of(data, 'bytes')}{takes}.", "", columns)]
