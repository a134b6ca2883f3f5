"""The scanner of the simulated server: looks at real folders, and brings the library into line with them.

A scan is ordered, answered at once, and carried out a moment later, one at a time. It sees the folder that it was sent
to and nothing else: what is new becomes an item, a version or a part, what has gone is taken away, and everybody who
listens hears of it. A section whose folder is not there at all (an unmounted disk) keeps what it has. Every order is
kept in `log`, so that who gives too many is found out.
"""

import os
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import trio

from segue.demo.plex_filing import Filing, FoundFile
from segue.demo.plex_library import Section
from segue.demo.plex_names import SUBTITLES, VIDEO, is_ignored, subtitle_beside
from segue.demo.plex_notifications import (
    CREATED,
    DELETED,
    PROCESSED,
    tell_activity,
    tell_status,
    tell_timeline,
)
from segue.demo.plex_webhooks import item_hook

if TYPE_CHECKING:
    from segue.demo.plex_server import PlexServer

Outcome = Literal["waiting", "done", "outside", "unreachable", "lost", "cancelled"]
ACTIVITY: Final = "library.update.section"


@dataclass(eq=False)
class Scan:
    """One order to scan, and what came of it."""

    section: Section
    path: str
    """The folder it was for; empty for all of the section's."""
    ordered_at: float
    """By trio's clock."""
    name: str
    outcome: Outcome = "waiting"
    """`outside`: no folder of the section, nothing happened. `unreachable`: its disk is not there. `lost`: a fault."""
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    """Paths of files."""
    ended: trio.Event = field(default_factory=trio.Event)


class Scanner:
    """Carries out scans for a server, one at a time."""

    def __init__(self, server: "PlexServer") -> None:
        self.log: list[Scan] = []
        """Every order, the oldest first."""
        self.activities: dict[str, dict[str, Any]] = {}
        """What runs at the moment, by name."""
        self._server = server
        self._turn = trio.Lock()
        self._running: trio.CancelScope | None = None

    def order(self, section: Section, path: str = "") -> Scan:
        """Take an order; `carry_out` does the rest."""
        scan = Scan(section, path, trio.current_time(), f"scan-{section.key}-{len(self.log) + 1}")
        self.log.append(scan)
        return scan

    def cancel(self, section: Section) -> None:
        """Give up the scans of a section that wait or run."""
        for scan in self.log:
            if scan.section is section and not scan.ended.is_set():
                scan.outcome = "cancelled"
        if section.refreshing and self._running is not None:
            self._running.cancel()

    async def wait(self) -> None:
        """Wait until every scan that was ordered so far has ended."""
        for scan in self.log:
            await scan.ended.wait()

    async def carry_out(self, scan: Scan) -> None:
        """Look at the folder when it is its turn."""
        faults = self._server.faults
        try:
            if faults.lose_scans > 0:
                faults.lose_scans -= 1
                scan.outcome = "lost"
            elif scan.path and not any(_is_below(scan.path, root) for root in scan.section.locations):
                scan.outcome = "outside"
            else:
                async with self._turn:
                    if scan.outcome == "waiting":
                        with trio.CancelScope() as self._running, self._shown(scan):
                            await trio.sleep(faults.scan_delay_s)
                            await self._look(scan)
        finally:
            scan.ended.set()

    async def _look(self, scan: Scan) -> None:
        section = scan.section
        if section.on_disk:
            roots = [root for root in section.locations if not scan.path or _is_below(scan.path, root)]
            for root in roots:
                place = scan.path or root
                found = await trio.to_thread.run_sync(look_at, root, place)
                if found is not None:
                    self._file(scan, place, found)
                    scan.outcome = "done"
            if scan.outcome != "done":
                scan.outcome = "unreachable"
                return
        section.scanned_at = int(self._server.library.now())
        scan.outcome = "done"

    def _file(self, scan: Scan, place: str, found: list[FoundFile]) -> None:
        """Bring the library into line with what was found in one place, and tell of it."""
        server = self._server
        filing = Filing(server.library, server.agent, scan.section)
        filing.take_away(place, {file.path for file in found})
        for file in found:
            filing.take_in(file)
        scan.added += filing.added
        scan.removed += filing.removed
        for item in filing.gone:
            tell_timeline(server.listeners, item, DELETED)
        for item in filing.new:
            tell_timeline(server.listeners, item, CREATED)
        for item in [*filing.new, *filing.changed]:
            tell_timeline(server.listeners, item, PROCESSED)
        tops = [item for item in filing.new if item.parent not in filing.new]
        for item in tops:
            server.webhooks.fire(item_hook(server.name, "library.new", item, server.owner))

    @contextmanager
    def _shown(self, scan: Scan) -> Iterator[None]:
        """Let everybody see that it runs."""
        server, section = self._server, scan.section
        activity: dict[str, Any] = {"uuid": scan.name, "type": ACTIVITY, "title": f"Scanning {section.title}"}
        activity |= {"cancellable": True, "userID": server.owner.id, "subtitle": "", "progress": 0}
        self.activities[scan.name] = activity
        section.refreshing = True
        tell_activity(server.listeners, "started", activity)
        try:
            yield
        finally:
            section.refreshing = False
            del self.activities[scan.name]
            tell_activity(server.listeners, "ended", activity | {"progress": 100})
            tell_status(server.listeners, "Library scan complete", f"{section.title} was scanned.")


def look_at(root: str, place: str) -> list[FoundFile] | None:
    """List the videos below a folder of a section's location, with the subtitles beside them, by their paths.

    Nothing when the location itself is not there.
    """
    if not Path(root).is_dir():
        return None
    found = []
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        subtitles = [name for name in sorted(names) if _ending(name) in SUBTITLES]
        for name in sorted(names):
            path = Path(folder, name)
            size = _size(path) if _ending(name) in VIDEO else None
            relative = path.relative_to(root).as_posix()
            if size is not None and not is_ignored(relative, size):
                beside = [subtitle_beside(path.stem, folder, each) for each in subtitles]
                found.append(FoundFile(str(path), relative, size, tuple(each for each in beside if each)))
    return found


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _size(path: Path) -> int | None:
    """Give a file's size; nothing when it is none, has just gone, or has a name that is no text."""
    try:
        path.name.encode()
        return path.stat().st_size if path.is_file() else None
    except (OSError, UnicodeEncodeError):
        return None


def _is_below(path: str, root: str) -> bool:
    path, root = posixpath.normpath(path), posixpath.normpath(root)
    return "\0" not in path and (path == root or path.startswith(root.rstrip("/") + "/"))
