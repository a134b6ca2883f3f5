"""The ingest in plain words: a line for each of its actions, and for each act that somebody can notice."""

from collections.abc import Callable
from typing import Any

from segue.core.ingest import actions as a
from segue.core.ingest import requests as r
from segue.core.ingest.effects import RecordIngest, ScanFolder, TransferFiles, UndoIngest

IngestAct = TransferFiles | RecordIngest | UndoIngest | ScanFolder


def act_words(effect: IngestAct) -> str:
    """Say what an effect does to the library."""
    match effect:
        case TransferFiles():
            first = effect.plan.files[0]
            return f"{effect.plan.method} {_name(first.source)} to {first.path}"
        case RecordIngest():
            return f"history: {effect.record.title}"
        case UndoIngest():
            return f"undo {effect.record.title}"
        case ScanFolder():
            return f"Plex scan of {effect.folder}"


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _some(paths: Any) -> str:
    paths = list(paths)
    first = _name(paths[0]) if paths else "nothing"
    return f"{first} and {len(paths) - 1} more" if len(paths) > 1 else first


def _because(text: str, detail: str) -> str:
    return f"{text} ({detail})" if detail else text


def _identified(action: a.Identified) -> str:
    title = action.parsed.title or "nothing"
    year = f" ({action.parsed.year})" if action.parsed.year else ""
    found = "TMDb could not be asked" if action.candidates is None else f"{len(action.candidates)} candidates"
    return _because(f"a name was read: {title}{year}, {found}", action.detail)


def _held(action: a.TransfersHeld) -> str:
    words = {"": "transfers go on", "wait": "transfers wait", "slow": "transfers go slowly"}
    return _because(words.get(action.hold, action.hold), action.because)


def _jobs(verb: str) -> Callable[[Any], str]:
    return lambda action: f"{verb} {', '.join(action.job_ids[:5])}"


WORDS: dict[type, str | Callable[[Any], str]] = {
    a.SourcesFound: lambda x: f"{_some(f.path for f in x.files)} turned up",
    a.SourcesGone: lambda x: f"{_some(x.paths)} went away",
    a.RootChanged: lambda x: _because(f"{x.root} is {x.status}", x.detail),
    a.WatchPutOff: lambda x: _because(f"{x.root} is not watched yet", x.detail),
    a.BaselineTaken: lambda x: f"{x.files} old files below {x.root} were written down",
    a.SourcesProbed: lambda x: f"{_some(p.path for p in x.probes)} was looked at",
    a.DownloadsRead: lambda x: _because(f"{x.client} was asked", x.error),
    a.Identified: _identified,
    a.Located: "a place was looked for",
    a.TransferProgressed: lambda x: f"{x.done_bytes} of {x.total_bytes} bytes are there",
    a.Transferred: lambda x: f"{_some(f.path for f in x.files)} is in its place",
    a.Recorded: "the history has it",
    a.Undone: "an entry was taken back",
    a.StageFailed: lambda x: _because(f"{x.stage} failed: {x.kind}", x.detail),
    a.FolderScanned: lambda x: f"Plex looks at {x.folder}",
    a.ScanFailed: lambda x: _because(f"Plex could not be told of {x.folder}", x.detail),
    a.LongRunProgressed: lambda x: f"{x.files_done} of {x.files_total} files are read",
    a.LongRunEnded: lambda x: _because(f"{x.files} files were read", x.error),
    a.TransfersHeld: _held,
    r.DownloadCompleted: lambda x: f"the download {x.path} is complete",
    r.IngestRequested: lambda x: f"take in {x.path}",
    r.RenameRequested: lambda x: f"rename {x.path}",
    r.BacklogRequested: "take in what lay there before",
    r.ReviewApproved: _jobs("approve"),
    r.CandidatePicked: _jobs("pick a candidate for"),
    r.CandidateGiven: lambda x: f"take {', '.join(x.job_ids[:5])} for {x.candidate.title}",
    r.ReviewRejected: _jobs("reject"),
    r.ReviewRetried: _jobs("look again at"),
    r.UndoRequested: lambda x: f"undo {x.record.title}",
    r.VerifyRequested: "verify the library",
    r.AdoptRequested: "adopt the library",
    r.LongRunStopped: "end the verification or adoption",
    r.TransfersPaused: "pause the copying",
    r.TransfersResumed: "go on copying",
    r.WatcherRequested: lambda x: f"{x.verb} the watcher",
    r.ScanRequested: lambda x: f"scan {x.name or 'all libraries'}",
}
