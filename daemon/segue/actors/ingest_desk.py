"""Answers what people ask about the ingest before they decide: identify, plan, backlog, history, libraries.

Reads only; it uses the same readers, the same matching and the same planning as the jobs themselves, so what it shows
is what would be done. Implements `interfaces.door.IngestDesk`.
"""

import errno
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import trio

from segue.actors.doctor import examine
from segue.actors.given_ids import look_up
from segue.actors.identifier import Identifier
from segue.actors.ingest_worker import Tools
from segue.actors.plex_librarian import LibraryStatus, PlexLibrarian
from segue.adapters.containers import Container, FileUnreadable, probe
from segue.adapters.files import orders
from segue.adapters.files.trouble import MoveFailed
from segue.adapters.plex import PlexError
from segue.adapters.tree import Names, TreeError, ask_disk, scan
from segue.core.ingest import placing, scoring
from segue.core.ingest.arrivals import Arrivals
from segue.core.ingest.effects import LocateDestination
from segue.core.ingest.facts import ParsedName, Reason, Verdict
from segue.core.ingest.records import HistoryRecord, Plan
from segue.core.ingest.requests import SourceFile
from segue.core.ingest.settings import IngestSettings
from segue.core.ingest.state import Intent, Job, Queued
from segue.interfaces import ingest_views as views
from segue.interfaces.answers import ApiError
from segue.interfaces.door import GivenCandidate, WantedId
from segue.interfaces.views import Json
from segue.runtime.archive import ArchiveError

FILES_MAX = 20_000
"""Files that one request may begin jobs for."""
SHOWN_MAX = 300
"""Files of one answer of `identify` or `plan`."""
AT_ONCE = 4
COPY_BYTES_PER_S = 100_000_000
"""What a disk of a home server copies, for the estimate of a backlog."""


class IngestDesk:
    """Looks things up."""

    def __init__(
        self,
        tools: Tools,
        finder: Identifier,
        librarian: PlexLibrarian | None,
        arrivals: Arrivals,
        settings: Callable[[], IngestSettings],
    ) -> None:
        self._tools = tools
        self._finder = finder
        self._librarian = librarian
        self._arrivals = arrivals
        self._settings = settings
        self._turns = trio.CapacityLimiter(AT_ONCE)

    # ---------------------------------------------------------------- files

    async def files_below(self, path: str) -> tuple[SourceFile, ...]:
        """Find the video files at or below a path."""
        path = path.rstrip("/") or "/"
        try:
            info = await ask_disk(path, lambda: Path(path).lstat())
            if stat.S_ISREG(info.st_mode):
                if self._arrivals.file_left(path.rpartition("/")[2]):
                    raise ApiError(
                        422,
                        "no_video",
                        f"{path} does not end like a video file.",
                        f"Endings: {' '.join(self._arrivals.rules.extensions)} ([ingest] extensions).",
                    )
                return (SourceFile(path, info.st_size, info.st_mtime_ns, info.st_ino, info.st_dev),)
            if not stat.S_ISDIR(info.st_mode):
                raise ApiError(
                    422, "no_file", f"{path} is neither a file nor a folder (a link is not followed)."
                )
            found = await scan(path, Names(self._arrivals.folder_left, self._arrivals.file_left))
        except (OSError, TreeError) as error:
            raise _no_such(path, error) from None
        if len(found.files) > FILES_MAX:
            raise ApiError(
                422,
                "too_many",
                f"There are {len(found.files)} video files below {path}; {FILES_MAX} go at once.",
                "Name a folder further down.",
            )
        wanted = (f for f in found.files if not self._arrivals.is_sample(f.path, f.size))
        return tuple(SourceFile(f.path, f.size, f.mtime_ns, f.inode, f.device) for f in wanted)

    def _root_of(self, path: str) -> str:
        watched = (r for r in self._settings().watch if path.startswith(r.rstrip("/") + "/"))
        return next(watched, path.rpartition("/")[0] or "/")

    # ---------------------------------------------------------------- identify

    async def identify(self, path: str, *, batch: bool) -> Json:
        """Say what files are taken for."""
        files = await self.files_below(path)
        if not batch and (len(files) != 1 or files[0].path != path):
            raise ApiError(
                422, "is_folder", f"{path} is a folder.", "Add --batch to look at all that is in it."
            )
        shown = files[:SHOWN_MAX]
        jobs = await self._identified(shown, path, "ingest", None)
        return {
            "schema": "segue.identify/1",
            "path": path,
            "files": [self._identity(job, container) for job, container in jobs],
            "truncated": len(files) > len(shown),
        }

    def _identity(self, job: Job, container: Container | None) -> Json:
        assert job.parsed is not None
        assert job.verdict is not None
        return {
            "path": job.source.path,
            "relative": job.relative,
            "size": job.source.size,
            "duration_s": job.duration_s,
            "structure": "unknown" if container is None else container.structure,
            "parsed": views.parsed_name(job.parsed),
            **views.verdict(job.verdict),
        }

    async def _identified(
        self, files: Sequence[SourceFile], path: str, intent: Intent, threshold: float | None
    ) -> list[tuple[Job, Container | None]]:
        """Read names and ask TMDb, several at a time."""
        root = self._root_of(path)
        jobs = [_job(file, root, intent, number) for number, file in enumerate(files)]
        names = await self._tools.reader.read([job.relative for job in jobs])
        found: list[tuple[Job, Container | None]] = [(job, None) for job in jobs]

        async def look(number: int, job: Job, parsed: ParsedName) -> None:
            async with self._turns:
                container = await _probe(job.source.path)
                duration_s = None if container is None else container.duration_s
                verdict = await self._verdict(parsed, duration_s, threshold)
            job = msgspec.structs.replace(job, parsed=parsed, duration_s=duration_s, verdict=verdict)
            found[number] = (job, container)

        async with trio.open_nursery() as nursery:
            for number, (job, parsed) in enumerate(zip(jobs, names, strict=True)):
                nursery.start_soon(look, number, job, parsed)
        return found

    async def _verdict(
        self, parsed: ParsedName, duration_s: float | None, threshold: float | None
    ) -> Verdict:
        settings = self._settings().match
        if threshold is not None:
            settings = msgspec.structs.replace(settings, threshold=threshold)
        asked = await self._finder.candidates(parsed, duration_s)
        return scoring.decide(
            parsed, asked.candidates, duration_s, settings, problem=asked.problem, detail=asked.detail
        )

    # ---------------------------------------------------------------- plan

    async def plan(self, path: str, *, threshold: float | None, intent: Literal["ingest", "rename"]) -> Json:
        """Say what would be done with files."""
        files = await self.files_below(path)
        shown = files[:SHOWN_MAX]
        jobs = await self._identified(shown, path, intent, threshold)
        planned: list[Json] = [{} for _ in jobs]

        async def look(number: int, job: Job) -> None:
            async with self._turns:
                planned[number] = await self._planned(job)

        async with trio.open_nursery() as nursery:
            for number, (job, _) in enumerate(jobs):
                nursery.start_soon(look, number, job)
        accepted = [entry for entry in planned if entry["accepted"]]
        return {
            "schema": "segue.plan/1",
            "path": path,
            "intent": intent,
            "files": planned,
            "accepted": len(accepted),
            "review": len(planned) - len(accepted),
            "bytes": sum(file["size"] for entry in accepted for file in entry["plan"]["files"]),
            "truncated": len(files) > len(shown),
        }

    async def _planned(self, job: Job) -> Json:
        assert job.verdict is not None
        assert job.parsed is not None
        parsed, verdict, best = job.parsed, job.verdict, job.verdict.best
        plan: Plan | None = None
        reasons: tuple[Reason, ...] = verdict.reasons
        if best is not None:
            job = msgspec.structs.replace(job, chosen=best.candidate)
            made = await self._plan_of(job)
            if isinstance(made, Plan):
                plan = made
            else:
                reasons = (*reasons, *made)
        return {
            "path": job.source.path,
            "size": job.source.size,
            "title": "" if best is None else best.candidate.title,
            "year": None if best is None else best.candidate.year,
            "season": parsed.season,
            "episodes": list(parsed.episodes),
            "score": None if best is None else round(best.score.total, 4),
            "level": verdict.level,
            "accepted": verdict.accepted and plan is not None,
            "reasons": views.reasons(reasons),
            "plan": None if plan is None else views.plan(plan),
        }

    async def _plan_of(self, job: Job) -> Plan | tuple[Reason, ...]:
        assert job.parsed is not None
        assert job.chosen is not None
        settings = self._settings()
        refused = placing.hindrance(job, settings)
        if refused is not None:
            return (refused,)
        effect = LocateDestination(
            effect_id="0.0",
            why="plan",
            because=0,
            job_id=job.job_id,
            path=job.source.path,
            size=job.source.size,
            parsed=job.parsed,
            candidate=job.chosen,
            roots=placing.roots_for(job, settings),
            folder=placing.folder_for(job, settings),
        )
        return placing.plan(job, await self._tools.lookup.facts(effect), settings)

    # ---------------------------------------------------------------- backlog and history

    async def backlog(self) -> Json:
        """Count what lay there before segue came."""
        roots: list[Json] = []
        for root in self._settings().watch:
            try:
                known = await self._tools.archive.known(root)
            except ArchiveError as error:
                raise _archive(error) from None
            old = [size for size, _, status in known.values() if status == "baseline"]
            roots.append({"path": root, "files": len(old), "bytes": sum(old)})
        size = sum(int(root["bytes"]) for root in roots)
        return {
            "schema": "segue.backlog/1",
            "files": sum(int(root["files"]) for root in roots),
            "bytes": size,
            "seconds": round(size / COPY_BYTES_PER_S),
            "roots": roots,
        }

    async def history(self, limit: int, before: float | None, text: str) -> list[HistoryRecord]:
        """Read the history, the newest entry first."""
        try:
            return await self._tools.archive.history(limit, before=before, text=text)
        except ArchiveError as error:
            raise _archive(error) from None

    async def entry(self, record_id: str) -> HistoryRecord | None:
        """Read one entry."""
        try:
            return await self._tools.archive.find(record_id)
        except ArchiveError as error:
            raise _archive(error) from None

    async def history_counts(self) -> tuple[int, int]:
        """Count entries and files."""
        try:
            return await self._tools.archive.counts()
        except ArchiveError as error:
            raise _archive(error) from None

    # ---------------------------------------------------------------- the doctor

    async def doctor(self) -> Json:
        """Test everything that the ingest needs."""
        return await examine(self._tools, self._librarian, self._settings())

    # ---------------------------------------------------------------- TMDb and Plex

    async def candidate(self, wanted: WantedId, names: Sequence[ParsedName]) -> GivenCandidate:
        """Look a film or a show up by an id, and its episodes for each name."""
        return await look_up(self._finder, wanted, names, has_key=self._settings().tmdb_configured)

    async def libraries(self) -> Json:
        """Give Plex' libraries, and the roots."""
        status = LibraryStatus() if self._librarian is None else await self._librarian.library_status()
        settings = self._settings()
        roots = [await self._root("movies", root) for root in settings.movies]
        roots += [await self._root("shows", root) for root in settings.shows]
        return {
            "schema": "segue.libraries/1",
            "server": {
                "configured": self._librarian is not None,
                "name": status.server,
                "version": status.version,
                "ok": self._librarian is not None and not status.problem,
                "error": status.detail,
            },
            "libraries": [msgspec.to_builtins(section) for section in status.sections],
            "roots": roots,
        }

    async def _root(self, kind: str, root: str) -> Json:
        order = orders.Inspect(job=f"look-{abs(hash(root)) % 10**8}", folder=orders.Place(root, ""))
        try:
            seen = await self._tools.mover.run(order)
        except MoveFailed as error:
            return {
                "path": root,
                "kind": kind,
                "exists": False,
                "free_bytes": 0,
                "problem": str(error.detail),
            }
        return {
            "path": root,
            "kind": kind,
            "exists": seen.exists,
            "free_bytes": seen.free_bytes,
            "total_bytes": seen.total_bytes,
            "file_system": seen.file_system,
            "recycled_bytes": await self._recycled_bytes(root),
            "problem": seen.problem,
        }

    async def _recycled_bytes(self, root: str) -> int | None:
        """Count what the recycle folder of a library holds; nothing where that is not known."""
        names = Names(folder=lambda _name: "", file=lambda _name: "")
        try:
            return (await scan(f"{root.rstrip('/')}/.segue-recycle", names)).bytes
        except TreeError as error:
            return 0 if error.missing else None

    async def library_folders(self, name: str) -> tuple[str, ...]:
        """Give the folders of a library by its title, as segue sees them; of all when the name is empty."""
        if self._librarian is None:
            return ()
        status = await self._librarian.library_status()
        if status.problem and not status.sections:
            raise ApiError(
                503, "plex_unavailable", f"Plex does not say which libraries there are: {status.detail}."
            )
        sections = [s for s in status.sections if s.kind in ("movie", "show")]
        wanted = [s for s in sections if not name or s.title.casefold() == name.casefold()]
        if not wanted:
            titles = ", ".join(s.title for s in sections) or "none"
            raise ApiError(
                404, "unknown_library", f"Plex has no library {name[:80]!r}.", f"libraries: {titles}"
            )
        return tuple(dict.fromkeys(folder for section in wanted for folder in section.folders))

    async def refresh(self, rating_key: str) -> None:
        """Have Plex read an item's metadata anew."""
        if self._librarian is None:
            raise ApiError(422, "no_plex", "No Plex server is configured.", "Set [plex] url.")
        try:
            await self._librarian.refresh_item(rating_key)
        except PlexError as error:
            raise ApiError(503, "plex_unavailable", f"Plex: {error}.") from None


def _job(file: SourceFile, root: str, intent: Intent, number: int) -> Job:
    return Job(
        job_id=f"plan{number}",
        source=file,
        root=root,
        phase=Queued(stage="identify", since_at=0.0),
        wall_found_at=0.0,
        because=0,
        intent=intent,
    )


async def _probe(path: str) -> Container | None:
    try:
        return await ask_disk(path.rpartition("/")[0] or "/", lambda: probe(path))
    except (OSError, TreeError, FileUnreadable):
        return None


def _no_such(path: str, error: Exception) -> ApiError:
    number = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENOTDIR) or getattr(error, "missing", False):
        return ApiError(404, "no_such_path", f"{path} is not there.", "The path is one as segued sees it.")
    words = getattr(error, "strerror", None) or str(error)
    return ApiError(422, "unreadable", f"{path} cannot be read: {words}.", "Give segue's user the right to.")


def _archive(error: ArchiveError) -> ApiError:
    return ApiError(503, "archive", str(error))
