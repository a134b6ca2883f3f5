"""`seguectl doctor`: tries out everything that the ingest needs, and says in words what does not work and what to do.

Makes small files of its own in the libraries and removes them; nothing else is changed.
"""

import os
import stat
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import trio

from segue.actors.ingest_worker import Tools
from segue.actors.plex_librarian import PlexLibrarian
from segue.adapters.files import orders
from segue.adapters.files.trouble import MoveFailed
from segue.adapters.tmdb import Tmdb, TmdbError, TmdbRefused
from segue.adapters.tree import TreeError, ask_disk
from segue.core.ingest.settings import IngestSettings
from segue.interfaces.ingest_views import is_below
from segue.interfaces.views import Json
from segue.runtime.archive import ArchiveError

CHECK_S = 60.0
"""Longest that one check may take."""


class Check(msgspec.Struct, frozen=True):
    """One thing that was tried out. `ok` is nothing where it could not be."""

    name: str
    ok: bool | None
    text: str
    hint: str = ""


async def examine(tools: Tools, librarian: PlexLibrarian | None, settings: IngestSettings) -> Json:
    """Try everything out."""
    checks: list[Check] = []
    for found in (
        _folders(tools, settings),
        _links(tools, settings),
        _names(tools),
        _tmdb(tools.tmdb),
        _plex(librarian, settings),
        _history(tools),
    ):
        with trio.move_on_after(CHECK_S) as scope:
            async for check in found:
                checks.append(check)
        if scope.cancelled_caught:
            checks.append(
                Check("time", None, f"A check took longer than {CHECK_S:g} s and was left.", "Try again.")
            )
    return {"schema": "segue.doctor/1", "checks": [msgspec.to_builtins(check) for check in checks]}


async def _folders(tools: Tools, settings: IngestSettings) -> AsyncIterator[Check]:
    """The folders are there, can be read, and the libraries written."""
    if not settings.watch:
        yield Check("ingest folder", None, "No ingest folder is configured.", "Set [ingest] watch.")
    for root in settings.watch:
        yield await _readable(root)
    for root in (*settings.movies, *settings.shows):
        for check in await _library(tools, root, settings):
            yield check


async def _readable(root: str) -> Check:
    try:
        count = await ask_disk(root, lambda: len(os.listdir(root)))  # noqa: PTH208 - names are only counted
    except (OSError, TreeError) as error:
        words = getattr(error, "strerror", None) or str(error)
        hint = f"Make it readable for uid {os.geteuid()}, or correct [ingest] watch."
        return Check("ingest folder", ok=False, text=f"{root}: {words}.", hint=hint)
    return Check("ingest folder", ok=True, text=f"{root} can be read ({count} entries).")


async def _library(tools: Tools, root: str, settings: IngestSettings) -> Sequence[Check]:
    link_from = settings.watch[0] if settings.watch else ""
    order = orders.Inspect(job="doctor", folder=orders.Place(root, ""), probe=True, link_from=link_from)
    try:
        seen = await tools.mover.run(order)
    except MoveFailed as error:
        return [Check("library", ok=False, text=f"{root}: {error.detail}.", hint=error.hint)]
    if not seen.exists:
        return [
            Check("library", ok=False, text=f"{root} is not there.", hint="Mount it, or correct [ingest].")
        ]
    if not seen.writable:
        hint = f"Let uid {os.geteuid()} write there (a media group; ReadWritePaths= of the unit)."
        return [Check("library", ok=False, text=f"{root} cannot be written: {seen.problem}.", hint=hint)]
    room = f"{seen.free_bytes / 1e9:.1f} GB free on {seen.file_system or 'its disk'}"
    checks = [Check("library", ok=True, text=f"{root} can be written; {room}.")]
    if not seen.exclusive_rename and not seen.hardlinks:
        text = f"{root} knows neither links nor renames that replace nothing."
        checks.append(
            Check("safe names", ok=False, text=text, hint="Use another file system for the library.")
        )
    mode = await ask_disk(root, lambda: Path(root).stat())
    if mode.st_gid not in (os.getegid(), *os.getgroups()) and not mode.st_mode & stat.S_ISGID:
        text = f"{root} belongs to group {mode.st_gid}, which what segue makes there will not."
        hint = "`chmod g+s` on the library's folders hands the group down; or give segue that group."
        checks.append(Check("group", ok=None, text=text, hint=hint))
    return checks


async def _links(tools: Tools, settings: IngestSettings) -> AsyncIterator[Check]:
    """Hardlinks work between ingest and library: one writable mount, one file system."""
    for watched in settings.watch:
        for root in (*settings.movies, *settings.shows):
            place = orders.Place(root, "")
            order = orders.Inspect(job="doctor", folder=place, probe=True, link_from=watched)
            try:
                seen = await tools.mover.run(order)
            except MoveFailed:
                continue  # said already
            if seen.link_works:
                yield Check("hardlinks", ok=True, text=f"{watched} -> {root}: hardlinks work.")
            elif seen.reflink_works:
                yield Check(
                    "hardlinks", ok=True, text=f"{watched} -> {root}: no hardlinks, but reflinks work."
                )
            else:
                wanted = settings.transfer in ("hardlink", "hardlink-only")
                yield Check(
                    "hardlinks",
                    ok=False if wanted else None,
                    text=f"{watched} -> {root}: no hardlinks; files are copied. {seen.problem}".strip(),
                    hint="Put both below one folder of one file system, and name that in ReadWritePaths=.",
                )


async def _names(tools: Tools) -> AsyncIterator[Check]:
    """The worker that reads names starts."""
    (parsed,) = await tools.reader.read(["A.Film.Called.Probe.1999.1080p.BluRay.x264-GRP.mkv"])
    ok = parsed.year == 1999
    yield Check(
        "names", ok=ok, text="Names can be read." if ok else "The worker that reads names does not start."
    )


async def _tmdb(tmdb: Tmdb | None) -> AsyncIterator[Check]:
    """TMDb takes the key."""
    if tmdb is None:
        hint = "A key is free: themoviedb.org, Settings, API; then [tmdb] api_key_file."
        yield Check("TMDb", ok=None, text="There is no key; everything waits in the review.", hint=hint)
        return
    try:
        await tmdb.check_key()
    except TmdbRefused as error:
        yield Check("TMDb", ok=False, text=f"TMDb: {error}.", hint="Check [tmdb] api_key_file.")
    except TmdbError as error:
        yield Check("TMDb", ok=False, text=f"TMDb: {error}.", hint="Is this machine on line?")
    else:
        yield Check("TMDb", ok=True, text="TMDb answers, and takes the key.")


async def _plex(librarian: PlexLibrarian | None, settings: IngestSettings) -> AsyncIterator[Check]:
    """Plex is there, and has the libraries."""
    if librarian is None:
        hint = "Set [plex] url and a token; without Plex nothing is scanned."
        yield Check("Plex", ok=None, text="No Plex server is configured.", hint=hint)
        return
    status = await librarian.library_status()
    if status.problem:
        yield Check("Plex", ok=False, text=f"Plex: {status.detail}.", hint="Check [plex] url and the token.")
        return
    yield Check("Plex", ok=True, text=f"{status.server} answers (version {status.version}).")
    folders = {folder: section.title for section in status.sections for folder in section.folders}
    for root in (*settings.movies, *settings.shows):
        title = next(
            (t for folder, t in folders.items() if is_below(root, folder) or is_below(folder, root)), ""
        )
        if title:
            yield Check("Plex library", ok=True, text=f"{root} is Plex' library {title}.")
        else:
            hint = "Add the folder to a library of Plex, or say in [ingest] plex_paths where Plex sees it."
            yield Check("Plex library", ok=False, text=f"No library of Plex has {root}.", hint=hint)


async def _history(tools: Tools) -> AsyncIterator[Check]:
    """The history can be read."""
    try:
        entries, files = await tools.archive.counts()
    except ArchiveError as error:
        yield Check("history", ok=False, text=str(error))
        return
    yield Check("history", ok=True, text=f"The history has {entries} entries with {files} files.")
