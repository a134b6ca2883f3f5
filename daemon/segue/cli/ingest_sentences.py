"""What is said of the ingest's events. What came of a job, and why one waits, the daemon says itself (`effect.say`)."""

from __future__ import annotations

from collections.abc import Callable

from segue.cli.fields import Json, number, record, records, text, whole
from segue.cli.ingest_words import files, label, size_of
from segue.cli.stories import who
from segue.cli.words import size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from segue.cli.sentences import Sentence, Told

INGEST = "ingest"
"""Stands where a room's name stands."""
SAID = {
    "review": "yellow",
    "ingested": "green",
    "renamed": "green",
    "undone": "cyan",
    "baseline": "",
    "root_back": "green",
    "root_missing": "red",
    "root_unreadable": "red",
    "client_unread": "yellow",
    "no_section": "yellow",
    "scan_failed": "yellow",
    "no_space": "yellow",
    "source_gone": "yellow",
    "tmdb_back": "green",
    "tmdb_refused": "red",
    "tmdb_unavailable": "yellow",
    "tmdb_unreadable": "yellow",
    "verify": "",
    "adopt": "",
}
"""By its `why`, what the daemon says about the ingest, and in which colour; a failed stage is red."""
STAGES_FAILED = tuple(f"{stage}_failed" for stage in ("identify", "locate", "transfer", "record", "undo"))
ARRIVALS_KNOWN_MAX = 5000
NAMES_SHOWN = 3
METHODS = {"hardlink": "links", "hardlink-only": "links", "move": "moves", "rename": "renames"}


def said(data: Json) -> Sentence | None:
    """Pass on what the daemon says about the ingest; nothing when it speaks of something else."""
    why, words, level = text(data.get("why")), text(data.get("text")), text(data.get("level"))
    if why in STAGES_FAILED:
        return INGEST, words, "red"
    if why not in SAID:
        return None
    return INGEST, words, SAID[why] or {"warning": "yellow", "error": "red"}.get(level, "")


# ------------------------------------------------------------------ files


def _sources_found(told: Told, data: Json, _frame: Json) -> Sentence | None:
    """Tell what has arrived: once, although a file that grows is found again and again."""
    fresh = [file for file in records(data.get("files")) if text(file.get("path")) not in told.arrived]
    for file in fresh:
        told.arrived[text(file.get("path"))] = None
    while len(told.arrived) > ARRIVALS_KNOWN_MAX:
        del told.arrived[next(iter(told.arrived))]
    if not fresh:
        return None
    names = [text(file.get("path")).rpartition("/")[2] for file in fresh]
    together = size(sum(number(file.get("size")) or 0 for file in fresh))
    if len(fresh) == 1:
        return INGEST, f"{names[0]} has arrived ({together} so far)", ""
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    words = f"{files(len(fresh))} have arrived ({together} so far): {', '.join(names[:NAMES_SHOWN])}{more}"
    return INGEST, words, ""


def _transfer_files(_told: Told, data: Json, _frame: Json) -> Sentence:
    plan = record(data.get("plan"))
    first = next(iter(records(plan.get("files"))), {})
    name = text(first.get("source")).rpartition("/")[2] or text(data.get("job_id"))
    verb = METHODS.get(text(plan.get("method")), "copies")
    amount = f" ({size_of(first)})" if size_of(first) else ""
    return (
        INGEST,
        f"{verb} {name}{amount} → {text(first.get('root')).rstrip('/')}/{text(first.get('path'))}",
        "cyan",
    )


def _undo_ingest(_told: Told, data: Json, _frame: Json) -> Sentence:
    return INGEST, f"takes {text(record(data.get('record')).get('title')) or 'an entry'} back", "cyan"


def _folder_scanned(_told: Told, data: Json, _frame: Json) -> Sentence:
    return INGEST, f"Plex was told to look at {text(data.get('folder'))}", "green"


def _transfers_held(_told: Told, data: Json, _frame: Json) -> Sentence:
    hold, because = text(data.get("hold")), text(data.get("because"))
    if not hold:
        return INGEST, "copies go on", "green"
    return (
        INGEST,
        f"copies {'wait' if hold == 'wait' else 'go slowly'}{f': {because}' if because else ''}",
        "yellow",
    )


# ------------------------------------------------------------------ requests


def _somebody(does: str | Callable[[Json], str]) -> Callable[[Told, Json, Json], Sentence]:
    def sentence(_told: Told, data: Json, frame: Json) -> Sentence:
        by = text(frame.get("by"))
        name = who(by) if by.startswith(("uid:", "token:")) else "somebody"
        return INGEST, f"{name} {does if isinstance(does, str) else does(data)}", ""

    return sentence


def _jobs(data: Json) -> str:
    ids = data.get("job_ids")
    return files(len(ids)) if isinstance(ids, list) else "files"


def _are(data: Json) -> str:
    ids = data.get("job_ids")
    return "is" if isinstance(ids, list) and len(ids) == 1 else "are"


def _takes_in(data: Json) -> str:
    how = "by itself where it is sure enough" if data.get("auto") is True else "after review"
    return f"asks to take {files(len(records(data.get('files'))))} in from {text(data.get('path'))}, {how}"


def _approves(data: Json) -> str:
    upgrade = {"replace": ", replacing what is there", "keep-both": ", keeping what is there"}
    return f"approves {_jobs(data)}{upgrade.get(text(data.get('upgrade')), '')}"


def _gives(data: Json) -> str:
    return f"says what {_jobs(data)} {_are(data)}: {label(record(data.get('candidate'))) or 'something else'}"


def _long_run(what: str) -> Callable[[Json], str]:
    return lambda data: f"asks to {what} {text(data.get('path')) or 'the whole library'}"


INGEST_SENTENCES: dict[str, Callable[[Told, Json, Json], Sentence | None]] = {
    "ingest.sources_found": _sources_found,
    "ingest.folder_scanned": _folder_scanned,
    "ingest.transfers_held": _transfers_held,
    "effect.transfer_files": _transfer_files,
    "effect.undo_ingest": _undo_ingest,
    "ingest.download_completed": _somebody(lambda data: f"says that {text(data.get('path'))} is complete"),
    "ingest.ingest_requested": _somebody(_takes_in),
    "ingest.rename_requested": _somebody(
        lambda data: f"asks to rename {files(len(records(data.get('files'))))} below {text(data.get('path'))}"
    ),
    "ingest.backlog_requested": _somebody("asks to take in what lay there before"),
    "ingest.review_approved": _somebody(_approves),
    "ingest.candidate_picked": _somebody(
        lambda data: f"picks candidate {whole(data.get('place')) or '?'} for {_jobs(data)}"
    ),
    "ingest.candidate_given": _somebody(_gives),
    "ingest.review_rejected": _somebody(lambda data: f"rejects {_jobs(data)}"),
    "ingest.review_retried": _somebody(lambda data: f"has {_jobs(data)} looked at again"),
    "ingest.undo_requested": _somebody(
        lambda data: f"asks to take {text(record(data.get('record')).get('title')) or 'an entry'} back"
    ),
    "ingest.verify_requested": _somebody(_long_run("verify")),
    "ingest.adopt_requested": _somebody(_long_run("adopt")),
    "ingest.long_run_stopped": _somebody("ends what verify or adopt does"),
    "ingest.transfers_paused": _somebody("pauses all copies"),
    "ingest.transfers_resumed": _somebody("lets copies go on"),
    "ingest.watcher_requested": _somebody(lambda data: f"tells the watcher to {text(data.get('verb'))}"),
    "ingest.scan_requested": _somebody(
        lambda data: f"asks Plex to scan {text(data.get('name')) or 'all libraries'}"
    ),
}
