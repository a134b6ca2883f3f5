"""A watched root as the file watcher knows it: what was told of it, and what a look makes news of. No IO."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec
import trio

from segue.adapters.tree import FoundFile, Scan
from segue.adapters.watch_events import EVERYTHING, Dirty, Hints
from segue.core.ingest.actions import RootChanged, RootStatus
from segue.core.ingest.arrivals import TOLD, Arrivals
from segue.core.ingest.requests import SourceFile

BASELINE: Final = "baseline"

Known = Mapping[str, tuple[int, int, str]]
"""What is dealt with: path -> size, mtime_ns, status."""


class News(NamedTuple):
    """What a look brought."""

    found: tuple[SourceFile, ...] = ()
    """New files, and those that are not what they were."""
    gone: tuple[str, ...] = ()


class WatchedRoot:
    """What is there, what of it was told, and which folders have yet to be looked at."""

    def __init__(self, path: str, arrivals: Arrivals) -> None:
        self.path = path
        self.scope = trio.CancelScope()
        self.hinted = trio.Event()
        self.baseline_for = ""
        """Id of the effect that wants everything written down as old, until that is done."""
        self.with_baseline = False
        """True when the next look tells what is old as well."""
        self.mode: RootStatus = "starting"
        self.reason = ""
        """How it is watched, and why so."""
        self.figures = RootChanged(path, "starting")
        """What was last told."""
        self.told: dict[str, SourceFile] = {}
        self._arrivals = arrivals
        self._hints = Hints()
        self._passed: set[int] = set()
        """Hashes of path, size and time of what is told or dealt with: so the catalogue is asked for news only."""

    # -------------------------------------------------------------- what to look at

    def hint(self, dirty: Iterable[Dirty]) -> None:
        """Note folders to be looked at."""
        self._hints.add_all(dirty)
        self.hinted.set()

    def take_hints(self) -> tuple[Dirty, ...]:
        """Give what is to be looked at now."""
        self.hinted = trio.Event()
        dirty = self._hints.take()
        return (EVERYTHING,) if self.baseline_for or self.with_baseline or not dirty else dirty

    # -------------------------------------------------------------- what is news

    def without_samples(self, found: Scan) -> list[FoundFile]:
        """Give the files that are wanted by size, too; the others are added to what is left."""
        wanted = []
        for file in found.files:
            if self._arrivals.is_sample(file.path[len(self.path.rstrip("/")) + 1 :], file.size):
                found.left["sample"] = found.left.get("sample", 0) + 1
            else:
                wanted.append(file)
        return wanted

    def is_news(self, files: Iterable[FoundFile]) -> bool:
        """Tell whether any file has to be looked up in the catalogue."""
        return self.with_baseline or any(_hash(f.path, f.size, f.mtime_ns) not in self._passed for f in files)

    def compare(self, files: Iterable[FoundFile], known: Known) -> tuple[SourceFile, ...]:
        """Give the files that the core has yet to hear of, and count them as told."""
        fresh = []
        for file in files:
            facts = _hash(file.path, file.size, file.mtime_ns)
            *dealt_with, status = known.get(file.path, (None, None, ""))
            old = dealt_with == [file.size, file.mtime_ns]
            told = self.told.get(file.path)
            same = told is not None and (told.size, told.mtime_ns) == (file.size, file.mtime_ns)
            if same or (old and not (self.with_baseline and status == BASELINE)):
                self._passed.add(facts)
            elif facts not in self._passed or self.with_baseline:
                fresh.append(SourceFile(file.path, file.size, file.mtime_ns, file.inode, file.device))
                self._passed.add(facts)
        return tuple(fresh)

    def missed(self, found: Scan, dirty: Dirty) -> tuple[str, ...]:
        """Give the told files that a look into a folder should have found and did not.

        What lay in a folder that could not be read, or on a disk that is not there, is not gone.
        """
        present = {file.path for file in found.files}
        return tuple(
            path
            for path, file in self.told.items()
            if path not in present
            and self._is_in(path, dirty)
            and file.device in found.devices
            and found.knows(path)
        )

    def pass_over(self, files: Iterable[FoundFile | SourceFile]) -> None:
        """Count files as dealt with."""
        self._passed.update(_hash(f.path, f.size, f.mtime_ns) for f in files)

    def note(self, news: News) -> None:
        """Count news as told. Should a file become again what it was before, that is news as well."""
        for path in (*news.gone, *(file.path for file in news.found)):
            if (before := self.told.pop(path, None)) is not None:
                self._passed.discard(_hash(path, before.size, before.mtime_ns))
        self.told.update((file.path, file) for file in news.found)

    # -------------------------------------------------------------- how it stands

    def figures_after(self, found: Scan, files: list[FoundFile], dirty: Dirty, news: News) -> RootChanged:
        """Give the figures after a look: all of them after a whole one, else corrected by what is news."""
        if dirty == EVERYTHING:
            return self.standing(
                files=len(files),
                bytes=sum(file.size for file in files),
                problems=found.problem_count,
                left=sum(count for word, count in found.left.items() if word in TOLD),
                detail=found.problems[0].text if found.problems else "",
            )
        before = [self.told[path] for path in news.gone]
        before += [self.told[file.path] for file in news.found if file.path in self.told]
        return self.standing(
            files=max(self.figures.files + len(news.found) - len(before), 0),
            bytes=max(self.figures.bytes + _bytes(news.found) - _bytes(before), 0),
        )

    def standing(
        self, status: RootStatus | None = None, detail: str | None = None, **figures: int
    ) -> RootChanged:
        """Give how it stands, with other figures. Why it is watched as it is goes before the first problem."""
        text = self.figures.detail if detail is None else detail
        return msgspec.structs.replace(
            self.figures, status=status or self.mode, detail=self.reason or text, **figures
        )

    def _is_in(self, path: str, dirty: Dirty) -> bool:
        above = f"{self.path.rstrip('/')}/{dirty.folder}".rstrip("/") + "/"
        return path.startswith(above) and (dirty.deep or "/" not in path[len(above) :])


def _hash(path: str, size: int, mtime_ns: int) -> int:
    return hash((path, size, mtime_ns))


def _bytes(files: Iterable[SourceFile]) -> int:
    return sum(file.size for file in files)
