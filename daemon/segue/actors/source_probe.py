"""A closer look at one file that has been quiet: is it there, does somebody write it, is all of it there?

Synchronous; the file watcher runs it in a thread, with a deadline.
"""

import os
import stat
import time
from typing import Final

from segue.adapters.containers import FileUnreadable, probe
from segue.adapters.tree import printable
from segue.adapters.writers import lease_is_free, who_writes
from segue.core.ingest.actions import SourceProbe
from segue.core.ingest.arrivals import Arrivals, is_unpacking

UNPACKED_S: Final = 600.0
"""A file that has not changed for so long is not being unpacked, though its archive still lies beside it."""
WRITERS_NAMED: Final = 3


def probe_source(path: str, arrivals: Arrivals) -> SourceProbe:
    """Look at a file. What cannot be looked at is an answer as well: `error` says why; one that is gone has no size."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return SourceProbe(path, error=f"{printable(path)} is no regular file")
        folder, _, name = path.rpartition("/")
        siblings = os.listdir(folder or "/")  # noqa: PTH208 - names are all that is wanted
        writer = _writer(path) or _download(arrivals.unfinished_beside(name, siblings))
        content = probe(path)
        about = os.lstat(path)  # the last word: what changed meanwhile shows
    except FileNotFoundError:
        return SourceProbe(path)
    except FileUnreadable as error:
        return SourceProbe(path, error=printable(str(error))) if _is_there(path) else SourceProbe(path)
    except (OSError, ValueError) as error:
        return SourceProbe(path, error=f"{printable(path)}: {getattr(error, 'strerror', None) or error}")
    changed_at = max(about.st_mtime, about.st_ctime)
    return SourceProbe(
        path,
        size=about.st_size,
        mtime_ns=about.st_mtime_ns,
        inode=about.st_ino,
        device=about.st_dev,
        writer=writer,
        structure=content.structure,
        detail=content.detail,
        duration_s=content.duration_s,
        unpacking=is_unpacking(siblings) and time.time() - changed_at < UNPACKED_S,
    )


def _writer(path: str) -> str:
    """Name who has a file open for writing; a lease rules that out at once, where the kernel grants one."""
    free = lease_is_free(path)
    if free:
        return ""
    writers = who_writes(path)
    if writers:
        return ", ".join(f"{printable(w.name) or 'a program'} ({w.pid})" for w in writers[:WRITERS_NAMED])
    return "another program" if free is False else ""


def _download(notes: str) -> str:
    """Say that a client's own file beside it speaks of a download under way."""
    return f"a download ({printable(notes)} lies beside it)" if notes else ""


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except OSError:
        return False
    return True
