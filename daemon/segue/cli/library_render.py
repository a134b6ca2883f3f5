"""What the library says, laid out for a person: libraries and disks, the history, the doctor's findings."""

from __future__ import annotations

from segue.cli.fields import Json, number, record, records, text, texts
from segue.cli.ingest_words import files, named
from segue.cli.paint import Paint, folded, led, pad, table, width
from segue.cli.words import moment, size

ENTRY_COLUMNS: tuple[str, ...] = ("ENTRY", "WHEN", "WHAT", "BY", "SIZE", "TITLE")
NARROW = 80
"""Below so many columns the history leaves out what matters less than the title."""
LOW_SHARE = 0.05
"""Of a disk: with less free it is coloured."""
LOW_BYTES = 20e9
DONE_WORDS = {"ingest": "ingested", "rename": "renamed", "adopt": "adopted"}
CHECK_SIGNS = {True: ("✓", "ok", "green"), False: ("✗", "no", "red"), None: ("?", "??", "yellow")}


def libraries(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out Plex's libraries, and the disks that they lie on."""
    lines = [_server(record(data.get("server")), paint)]
    found = records(data.get("libraries"))
    if found:
        rows = [_library(library, paint) for library in found]
        lines += ["", *table(("KEY", "LIBRARY", "KIND", "LAST SCAN", "FOLDERS"), rows, paint, columns)]
    roots = records(data.get("roots"))
    if roots:
        lines += [
            "",
            *table(
                ("KIND", "FREE", "RECYCLED", "LIBRARY FOLDER"),
                [_root(r, paint) for r in roots],
                paint,
                columns,
            ),
        ]
        for root in roots:
            if root.get("problem"):
                words = f"{text(root.get('path'))}: {text(root.get('problem'))}"
                lines += [paint("red", line) for line in folded(words, "  ", columns)]
    else:
        lines += ["", "No library folder is configured: set [ingest] movies and shows."]
    return lines


def _server(server: Json, paint: Paint) -> str:
    name = " ".join(filter(None, (text(server.get("name")) or "Plex", text(server.get("version")))))
    if server.get("ok") is True:
        return f"{paint('bold', name)} {paint('green', 'answers')}"
    if server.get("configured") is False:
        return "No Plex server is configured: set [plex] url."
    error = text(server.get("error"))
    return f"{paint('bold', name)} {paint('red', 'does not answer')}{f': {error}' if error else ''}"


def _library(library: Json, paint: Paint) -> list[str]:
    scanned_at = number(library.get("scanned_at"))
    scanned = (
        moment(scanned_at) if scanned_at else "never"
    )  # Plex says 0 of a library that it has never scanned
    folders = texts(library.get("locations")) or texts(library.get("folders"))
    return [
        text(library.get("key")) or "-",
        paint("bold", text(library.get("title"))),
        text(library.get("kind")),
        paint("cyan", "now") if library.get("refreshing") is True else scanned,
        ", ".join(folders),
    ]


def _root(root: Json, paint: Paint) -> list[str]:
    free, total, recycled = (number(root.get(f"{name}_bytes")) for name in ("free", "total", "recycled"))
    if root.get("exists") is not True:
        shown = paint("red", "not there")
    else:
        is_low = free is not None and free < (LOW_SHARE * total if total else LOW_BYTES)
        shown = "-" if free is None else paint("yellow" if is_low else "", size(free))
    return [
        text(root.get("kind")),
        shown,
        "-" if recycled is None else size(recycled),
        text(root.get("path")),
    ]


# ------------------------------------------------------------------ the history


def history(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out entries of the history, the newest first."""
    entries = records(data.get("entries"))
    if not entries:
        return ["The history has no such entry."]
    head, rows = ENTRY_COLUMNS, [_entry(entry, paint) for entry in entries]
    if columns is not None and columns < NARROW:
        head, rows = _without_details(head), [[*_without_details(tuple(row))] for row in rows]
    return table(head, rows, paint, columns)


def _without_details(row: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out who decided and the size, where the terminal has no room for them."""
    return (*row[:3], row[-1])


def _entry(entry: Json, paint: Paint) -> list[str]:
    parts = records(entry.get("files"))
    together = sum(number(file.get("size")) or 0 for file in parts)
    methods = dict.fromkeys(text(file.get("method")) for file in parts if file.get("method"))
    what = DONE_WORDS.get(text(entry.get("kind")), text(entry.get("kind")))
    undone = number(entry.get("undone_at"))
    if undone is not None:
        what = paint("yellow", "undone")
    title = named(entry) or "without a title"
    notes = [", ".join(methods)] if methods else []
    notes += [f"{files(len(parts))}"] if len(parts) != 1 else []
    notes += [f"undone {moment(undone)}"] if undone is not None else []
    replaced = entry.get("retired")
    notes += [f"replaced {files(len(replaced))}"] if isinstance(replaced, list) and replaced else []
    note = f"  {paint('dim', ', '.join(notes))}" if notes else ""
    return [
        paint("bold", text(entry.get("record_id"))),
        moment(number(entry.get("at"))),
        what,
        _decided(entry),
        size(together),
        f"{title}{note}",
    ]


def _decided(entry: Json) -> str:
    by, value = text(entry.get("decided_by")), number(entry.get("score"))
    if by == "score" and value is not None:
        return f"{value:.2f}"
    if not by:
        return "-"
    from segue.cli.stories import who

    return who(by)


# ------------------------------------------------------------------ the doctor


def doctor(data: Json, paint: Paint, columns: int | None) -> list[str]:
    """Lay out what was tried out, and what to do about what does not work."""
    checks = records(data.get("checks"))
    if not checks:
        return ["Nothing was tested."]
    cells = max(len(text(check.get("name"))) for check in checks)
    lines = []
    for check in checks:
        ok = _outcome(check)
        fine, simple, style = CHECK_SIGNS[ok]
        name = pad(text(check.get("name")), cells)
        lead = f"{paint(style, paint.sign(fine, simple))} {paint('bold', name)}  "
        lines += led(lead, text(check.get("text")), columns)
        hint = text(check.get("hint"))
        if hint and ok is not True:
            indent, arrow = " " * width(lead), paint.sign("→", "->")
            lines += [paint("cyan", line) for line in folded(f"{arrow} {hint}", indent, columns)]
    outcomes = [_outcome(check) for check in checks]
    good, bad, open_ones = (outcomes.count(value) for value in (True, False, None))
    return [*lines, "", f"{good} fine, {bad} not, {open_ones} could not be tested."]


def _outcome(check: Json) -> bool | None:
    ok = check.get("ok")
    return ok if isinstance(ok, bool) else None
