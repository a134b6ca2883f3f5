"""What has to be known before a destination can be chosen: what lies beside the source, and what the library has.

Reads only. Plex that does not answer is no failure: then the folders alone speak, and the facts say so.
"""

import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

import trio

from segue.adapters.plex import PlexError
from segue.adapters.tree import TreeError, ask_disk
from segue.core.ingest.actions import LibraryFacts, OnServer, RootFacts, Sibling
from segue.core.ingest.effects import LocateDestination
from segue.core.ingest.facts import Candidate
from segue.runtime.archive import Archive, ArchiveError

PLEX_S = 15.0
"""How long Plex may take to say what it has of one title."""
SIBLINGS_MAX = 2000
SIBLING_DEPTH = 2
"""Sidecars lie beside the video, or in folders such as `Subs/Episode/`."""
FOLDERS_MAX = 200


class Librarian(Protocol):
    """Knows what Plex has of a title."""

    async def on_server(self, candidate: Candidate) -> tuple[OnServer, ...]:
        """Give its files as segue sees them; raises `PlexError` when that cannot be known."""


class LibraryLookup:
    """Gathers the facts for one file."""

    def __init__(
        self, archive: Archive, librarian: Librarian | None, *, is_video: Callable[[str], bool]
    ) -> None:
        """`is_video` judges a file's name."""
        self._archive = archive
        self._librarian = librarian
        self._is_video = is_video

    async def facts(self, effect: LocateDestination) -> LibraryFacts:
        """Find out everything for one job."""
        folder, _, name = effect.path.rpartition("/")
        on_server, asked = await self._in_library(effect)
        try:
            siblings = await ask_disk(folder, lambda: tuple(_siblings(folder, name)))
        except (OSError, TreeError):
            siblings = ()
        folders: list[str] = []
        entries: list[str] = []
        roots = []
        for root in effect.roots:
            facts, of_title, in_folder = await self._root(root, effect)
            roots.append(facts)
            folders += of_title
            entries += in_folder
        folders = list(dict.fromkeys(folders))
        return LibraryFacts(
            siblings=siblings,
            videos_in_folder=1 + sum("/" not in s.path and self._is_video(s.path) for s in siblings),
            on_server=on_server,
            plex_asked=asked,
            folders=tuple(folders),
            entries=tuple(entries),
            owners=tuple(await self._owners(effect, folders)),
            roots=tuple(roots),
            ingested_before=await self._before(name, effect.size),
        )

    async def _in_library(self, effect: LocateDestination) -> tuple[tuple[OnServer, ...], bool]:
        """Say what the library has of the title: by Plex' word, and by the history, for Plex may have yet to look.

        What either believes to be below a root, and is not there, is left out.
        """
        on_server, asked = await self._on_server(effect.candidate)
        found = {file.path: file for file in (*await self._in_history(effect.candidate), *on_server)}
        for root in effect.roots:
            paths = [path for path in found if path.startswith(root.rstrip("/") + "/")]
            try:
                gone = await ask_disk(root, partial(_not_there, paths))
            except TreeError:
                continue
            found = {path: file for path, file in found.items() if path not in gone}
        return tuple(found.values()), asked

    async def _in_history(self, candidate: Candidate) -> list[OnServer]:
        try:
            records = await self._archive.of_title(candidate.kind, candidate.tmdb_id)
        except ArchiveError:  # Plex alone speaks then
            return []
        return [
            OnServer(f"{file.root}/{file.path}", file.size, season=record.season, episodes=record.episodes)
            for record in reversed(records)
            for file in record.files
            if file.kind == "video"
        ]

    async def _on_server(self, candidate: Candidate) -> tuple[tuple[OnServer, ...], bool]:
        if self._librarian is None:
            return (), False
        try:
            with trio.fail_after(PLEX_S):
                return await self._librarian.on_server(candidate), True
        except (PlexError, trio.TooSlowError):
            return (), False

    async def _root(
        self, root: str, effect: LocateDestination
    ) -> tuple[RootFacts, tuple[str, ...], tuple[str, ...]]:
        title = effect.candidate.title
        try:
            return await ask_disk(root, lambda: _look_at_root(root, title, effect.folder))
        except (OSError, TreeError):
            return RootFacts(root, exists=False), (), ()

    async def _owners(self, effect: LocateDestination, folders: list[str]) -> list[tuple[str, int]]:
        try:
            return await self._archive.owners(effect.roots, folders)
        except ArchiveError:  # a guard less, and the copy itself overwrites nothing
            return []

    async def _before(self, name: str, size: int) -> str:
        try:
            return await self._archive.ingested_before(name, size)
        except ArchiveError:
            return ""


def _not_there(paths: list[str]) -> frozenset[str]:
    return frozenset(path for path in paths if not os.path.lexists(path))


def _siblings(folder: str, name: str) -> Iterator[Sibling]:
    """List what lies near a video, itself left out; links are not followed."""
    found = 0
    waiting = [("", 0)]
    while waiting:
        below, depth = waiting.pop()
        for entry in sorted(os.scandir(f"{folder}/{below}"), key=lambda e: e.name):
            path = f"{below}{entry.name}"
            if entry.name.startswith(".segue-") or path == name or not _is_utf8(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False) and depth < SIBLING_DEPTH:
                waiting.append((f"{path}/", depth + 1))
            elif entry.is_file(follow_symlinks=False):
                found += 1
                if found > SIBLINGS_MAX:
                    return
                info = entry.stat(follow_symlinks=False)
                yield Sibling(path, info.st_size, info.st_mtime_ns, info.st_ino)


def _look_at_root(root: str, title: str, folder: str) -> tuple[RootFacts, tuple[str, ...], tuple[str, ...]]:
    """Look at a library root: its room, folders that begin with the title, and names where the file would go."""
    info = Path(root).stat()
    if not stat.S_ISDIR(info.st_mode):
        return RootFacts(root, exists=False), (), ()
    room = os.statvfs(root)
    facts = RootFacts(root, exists=True, free_bytes=room.f_bavail * room.f_frsize, device=info.st_dev)
    wanted = _folded(title)
    top = folder.partition("/")[0]
    folders = []
    with os.scandir(root) as entries:
        for entry in entries:
            name = entry.name
            if (name == top or _folded(name).startswith(wanted)) and entry.is_dir(follow_symlinks=False):
                folders.append(name)
                if len(folders) >= FOLDERS_MAX:
                    break
    names: list[str] = []
    for place in dict.fromkeys((top, folder)):
        try:
            with os.scandir(f"{root}/{place}") as entries:
                names += (f"{place}/{e.name}" for e in entries if _is_utf8(e.name))
        except OSError:
            continue
    return facts, tuple(sorted(filter(_is_utf8, folders))), tuple(names)


def _folded(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
