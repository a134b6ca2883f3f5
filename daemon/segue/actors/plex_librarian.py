"""Speaks with Plex about its library: tells it which folders have changed, asks what it has, keeps its status a while.

When a folder is told, and whether again after a failure, is the core's; here is only which sections it belongs to.
What people ask (`library_status`, `refresh_item`) and what the ingest worker asks (`on_server`) are questions, and so
they are plain methods that any task may call.
"""

import math
from collections.abc import Sequence
from typing import Generic, Literal, Protocol, TypeVar

import msgspec
import trio

from segue.adapters.plex import PlexRefused
from segue.adapters.plex_guid import ExternalIds
from segue.adapters.plex_json import ItemOnServer, MediaFile, Section, SectionKind, ServerStatus
from segue.adapters.plex_library import ItemKind, PathMap, PlexNotFound, sections_holding
from segue.adapters.plex_xml import PlexError, PlexUnreadable
from segue.core.ingest.actions import FolderScanned, OnServer, ScanFailed
from segue.core.ingest.effects import ScanFolder
from segue.core.ingest.facts import Candidate
from segue.runtime.inbox import Inbox
from segue.runtime.store import Store

BY = "actor:plex_librarian"
KEPT_S = 60.0
"""How long what Plex said of its libraries is good for, in seconds."""
KEPT_BAD_S = 10.0
"""How long it is believed that Plex cannot be asked, in seconds, so that not every look at the status waits for it."""
STATUS_S = 10.0
"""Longest wait for a whole status, in seconds."""
VIDEO: frozenset[SectionKind] = frozenset({"movie", "show"})

Problem = Literal["", "down", "refused", "unreadable"]
T = TypeVar("T")


class LibraryPort(Protocol):
    """The part of the Plex adapter that is needed here. Each raises a `PlexError`."""

    async def server_status(self) -> ServerStatus:
        """Say which server it is."""

    async def sections(self) -> tuple[Section, ...]:
        """List the libraries."""

    async def count(self, section: Section) -> int | None:
        """Count what a library has."""

    async def scan_folder(self, section_key: str, path: str) -> str:
        """Have a folder scanned."""

    async def refresh_item(self, rating_key: str) -> None:
        """Have an item's metadata fetched anew."""

    async def find_by_guid(
        self,
        kind: ItemKind,
        ids: ExternalIds,
        titles: Sequence[str],
        year: int | None = None,
        *,
        sections: Sequence[Section] | None = None,
    ) -> tuple[ItemOnServer, ...]:
        """Find films or shows by their ids elsewhere."""


class LibrarySection(msgspec.Struct, frozen=True):
    """A library of the server, for people to see."""

    title: str
    kind: str
    """`movie`, `show`, `artist`, `photo` or `other`."""
    folders: tuple[str, ...]
    """As segue sees them."""
    items: int | None = None
    """Films, shows or artists; nothing when the server does not say."""
    scanning: bool = False
    scanned_at: int | None = None
    """When it was last scanned, in seconds since the Unix epoch."""


class LibraryStatus(msgspec.Struct, frozen=True):
    """The server and its libraries, as they were a moment ago."""

    server: str = ""
    version: str = ""
    sections: tuple[LibrarySection, ...] = ()
    """The last that was heard of them, also while the server is away."""
    problem: Problem = ""
    """Why they could not be asked for; empty when they could."""
    detail: str = ""


class PlexLibrarian:
    """Owns the questions and orders about Plex' library."""

    def __init__(self, store: Store, inbox: Inbox, plex: LibraryPort, paths: PathMap | None = None) -> None:
        """`paths` says where Plex finds what segue finds elsewhere."""
        self._store = store
        self._inbox = inbox
        self._plex = plex
        self._paths = paths or PathMap()
        self._sections: _Kept[tuple[Section, ...]] = _Kept()
        self._status: _Kept[LibraryStatus] = _Kept()
        self._asking = trio.Lock()

    async def run(self) -> None:
        """Tell Plex of folders, one after the other."""
        while True:
            effect = await self._inbox.get()
            if isinstance(effect, ScanFolder):
                outcome = await self._scan(effect)
                self._inbox.done(effect)
                self._store.dispatch(outcome, by=BY)

    # ------------------------------------------------------------ telling

    async def _scan(self, effect: ScanFolder) -> FolderScanned | ScanFailed:
        path = self._paths.to_plex(effect.folder)
        try:
            told = await self._tell(path, await self._known_sections())
            if not told:
                # A library may have been added, or made anew, since they were last read.
                self._sections.forget()
                told = await self._tell(path, await self._known_sections())
        except PlexRefused as error:
            return ScanFailed(effect.effect_id, effect.folder, "refused", str(error))
        except PlexError as error:
            return ScanFailed(effect.effect_id, effect.folder, "down", str(error))
        except ValueError as error:  # a path that Plex cannot be told
            return ScanFailed(effect.effect_id, effect.folder, "no_section", str(error))
        if not told:
            return ScanFailed(effect.effect_id, effect.folder, "no_section", await self._why_none(path))
        self._status.forget()
        return FolderScanned(effect.effect_id, effect.folder, ", ".join(told))

    async def _tell(self, path: str, sections: Sequence[Section]) -> list[str]:
        """Tell every film and show library that the folder belongs to; give their titles."""
        told = []
        for section in sections_holding(sections, path):
            if section.kind in VIDEO:
                try:
                    await self._plex.scan_folder(section.key, path)
                except PlexNotFound:
                    continue
                told.append(section.title)
        return told

    async def _why_none(self, path: str) -> str:
        """Say what to do when no library has a folder."""
        folders = [
            location
            for section in await self._known_sections()
            if section.kind in VIDEO
            for location in section.locations
        ]
        shown = ", ".join(folders[:6]) + (", ..." if len(folders) > 6 else "")
        return (
            f"Plex' film and show libraries lie in {shown or 'no folder'}, and none of them holds {path}."
            " Add the folder to a library, or say where Plex finds it, if it sees other paths than segue"
        )

    # ------------------------------------------------------------ asking

    async def on_server(self, candidate: Candidate) -> tuple[OnServer, ...]:
        """Find the files that the library has of a film, or of a show with all its episodes, by the ids of it.

        Raises a `PlexError` when that is unknown.
        """
        kind: ItemKind = "movie" if candidate.kind == "film" else "show"
        ids = ExternalIds(candidate.tmdb_id, candidate.tvdb_id, candidate.imdb_id)
        titles = [title for title in (candidate.title, candidate.original_title) if title]
        sections = await self._known_sections()
        items = await self._plex.find_by_guid(kind, ids, titles, candidate.year, sections=sections)
        return tuple(found for item in items for found in self._files(item))

    async def refresh_item(self, rating_key: str) -> None:
        """Have Plex fetch an item's metadata anew. Raises a `PlexError`."""
        await self._plex.refresh_item(rating_key)

    async def library_status(self) -> LibraryStatus:
        """Say how it stands with the server and its libraries: at most a minute old. Never raises.

        Several who ask at once ask Plex once.
        """
        async with self._asking:
            kept = self._status.value
            if kept is None:
                before = self._status.last or LibraryStatus()
                kept = await self._read_status(before)
                self._status.keep(kept, KEPT_BAD_S if kept.problem else KEPT_S)
            return kept

    async def _read_status(self, before: LibraryStatus) -> LibraryStatus:
        try:
            with trio.move_on_after(STATUS_S):
                server = await self._plex.server_status()
                self._sections.forget()
                sections = await self._known_sections()
                shown = tuple([self._shown(section, await self._count(section)) for section in sections])
                return LibraryStatus(server.name, server.version, shown)
            late = f"Plex did not say everything within {STATUS_S:g} s"
            return msgspec.structs.replace(before, problem="down", detail=late)
        except PlexRefused as error:
            return msgspec.structs.replace(before, problem="refused", detail=str(error))
        except PlexUnreadable as error:
            return msgspec.structs.replace(before, problem="unreadable", detail=str(error))
        except PlexError as error:
            return msgspec.structs.replace(before, problem="down", detail=str(error))

    async def _count(self, section: Section) -> int | None:
        try:
            return await self._plex.count(section)
        except PlexNotFound:  # it was deleted just now
            return None

    async def _known_sections(self) -> tuple[Section, ...]:
        kept = self._sections.value
        if kept is None:
            kept = await self._plex.sections()
            self._sections.keep(kept, KEPT_S)
        return kept

    # ------------------------------------------------------------ in other words

    def _shown(self, section: Section, items: int | None) -> LibrarySection:
        return LibrarySection(
            section.title,
            section.kind,
            tuple(self._paths.from_plex(location) for location in section.locations),
            items,
            section.refreshing,
            section.scanned_at,
        )

    def _files(self, item: ItemOnServer) -> list[OnServer]:
        """Say an item's files in the core's words: each once, with all the episodes that it holds."""
        if item.kind == "movie":
            return [self._file(file, item.rating_key) for file in item.files]
        found: dict[str, OnServer] = {}
        for episode in item.episodes:
            for file in episode.files:
                held = found.get(file.path) or self._file(file, episode.rating_key, episode.season)
                number = () if episode.number is None else (episode.number,)
                episodes = tuple(sorted({*held.episodes, *number}))
                found[file.path] = msgspec.structs.replace(held, episodes=episodes)
        return list(found.values())

    def _file(self, file: MediaFile, rating_key: str, season: int | None = None) -> OnServer:
        return OnServer(
            path=self._paths.from_plex(file.path),
            size=file.size or 0,
            resolution=file.resolution,
            season=season,
            rating_key=rating_key,
        )


class _Kept(Generic[T]):
    """Something that was learned, and is good for a while."""

    def __init__(self) -> None:
        self.last: T | None = None
        """What it was, however old."""
        self._good_until_at = -math.inf

    @property
    def value(self) -> T | None:
        """What it is; nothing when it is not known, or too old."""
        return self.last if trio.current_time() < self._good_until_at else None

    def keep(self, value: T, for_s: float) -> None:
        """Take it as known for so many seconds."""
        self.last = value
        self._good_until_at = trio.current_time() + for_s

    def forget(self) -> None:
        """Have it asked for again."""
        self._good_until_at = -math.inf
