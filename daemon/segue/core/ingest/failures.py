"""Every word for what stands in the way apart from the name: a short title, and the next step for the person."""

from typing import Final

from segue.core.ingest.reasons import REASONS, Known

_AGAIN = "`seguectl review retry ID` tries once more."

FAILURES: Final[dict[str, Known]] = {
    "auto_off": Known("nothing goes in by itself", "`seguectl review approve ID` takes it in."),
    "broken": Known("not whole", f"Fetch it anew, or wait for the rest; {_AGAIN}"),
    "unreadable": Known("cannot be read", f"Give segue's user the right to read it; {_AGAIN}"),
    "extra_alone": Known(
        "an extra without its film", "Put it beside its film, or leave it: `seguectl review reject ID`."
    ),
    "no_library": Known("no library for it", "Set [ingest] movies or shows, then `seguectl reload`."),
    "no_root": Known("the library is not there", f"Mount it, or correct [ingest] movies or shows; {_AGAIN}"),
    "ingested_before": Known(
        "was taken in before", "`seguectl review approve ID` takes it in once more; `reject ID` leaves it."
    ),
    "library_has_it": Known(
        "the library has it",
        "Say which: `seguectl review approve ID --replace`, or `--keep-both`, or `reject ID`.",
    ),
    "not_better": Known("not better than what is there", "`seguectl review approve ID --replace` insists."),
    "same_destination": Known("another job goes there", "Decide that one first, or reject one of the two."),
    "destination_exists": Known(
        "the name is taken",
        "Look at the file that is there; `approve ID --replace` puts it into the recycle folder.",
    ),
    "no_number": Known(
        "no number for its name", "Give it: `seguectl review id ID ... --season N --episode N`."
    ),
    "unnamable": Known("no name can be made", "Change the templates in [ingest], or give another id."),
    "no_space": Known("no space", "Make room on the library's disk; it goes on by itself."),
    "too_large": Known(
        "too large for the disk", "FAT32 ends at 4 GiB: take another file system for the library."
    ),
    "root_missing": Known("a folder is not there", f"Mount its disk, or correct [ingest]; {_AGAIN}"),
    "other_disk": Known("on another disk", "A rename stays on one disk; take the file in instead."),
    "bad_order": Known("not possible like this", f"Look into the log; {_AGAIN}"),
    "quota": Known("over the quota", f"Raise the quota, or make room; {_AGAIN}"),
    "read_only": Known(
        "the library is read-only", f"Mount it writable, or add it to ReadWritePaths=; {_AGAIN}"
    ),
    "permission": Known("not permitted", f"Give segue's user the right to write there; {_AGAIN}"),
    "no_hardlink": Known(
        "no hardlink possible", "Put both folders on one file system, or set [ingest] transfer."
    ),
    "escapes": Known(
        "leaves its folder", "Remove the symbolic link that leads out of the library, then retry."
    ),
    "not_regular": Known("not a plain file", "Only plain files are taken in; put the file itself there."),
    "name_too_long": Known("the name is too long", "Shorten the template in [ingest]."),
    "io": Known("the disk fails", f"Look at the disk (`dmesg`); {_AGAIN}"),
    "verify_failed": Known("the copy is not the source", f"Look at the disk and the memory; {_AGAIN}"),
    "stalled": Known("nothing moves", f"Look at the disk or the network mount; {_AGAIN}"),
    "source_gone": Known("the source is gone", "Bring it back, then `seguectl review retry ID`."),
    "source_changed": Known("the source changed", _AGAIN),
    "worker_died": Known("the worker died", f"Look into the log; {_AGAIN}"),
    "archive": Known("the history cannot be written", f"Look at the disk of the state directory; {_AGAIN}"),
    "busy": Known("busy", _AGAIN),
    "cancelled": Known("given up", _AGAIN),
    "dropped": Known("not carried out", _AGAIN),
    "commit_late": Known("the journal is late", "It goes on by itself."),
    "failed": Known("failed", f"Look into the log; {_AGAIN}"),
}
"""By the code of a `Reason`; those of the matching are in `reasons.REASONS`."""


def known(code: str) -> Known:
    """Give title and next step of a code, whosever it is."""
    return REASONS.get(code) or FAILURES.get(code) or FAILURES["failed"]
