"""Finding one film or episode on a server: by the server's own guid, by an id of another database, by its file's name.

Theory of operation. A quick question comes first (the guid as a filter; what bears the title), and what comes back is
compared here. Where that finds nothing, every item of the library is listed once and kept as an index, for as long as
the server says that the section has not changed. Parts of names never match: `1.mkv` is not `21.mkv`.

Reference: the server's API document 1.2.0, "Media Queries", `/library/sections/{id}/all`.
"""

import unicodedata
from collections.abc import Callable, Iterable

import msgspec

from segue.adapters.http_client import HttpClient
from segue.adapters.plex_guid import ExternalIds, external_ids
from segue.adapters.plex_json import MediaFile, RawItem, Section, files_of, guids_of, text, whole
from segue.adapters.plex_library import PlexLibrary

TYPES = {"movie": 1, "show": 4}
"""What can be shown of a section of each kind, as the server counts types: films, episodes."""
DATABASES = ("tmdb://", "imdb://", "tvdb://")
FOUND_MAX = 25


class FilmOnServer(msgspec.Struct, frozen=True):
    """A film, or an episode."""

    rating_key: str
    title: str
    show: str = ""
    """Of an episode."""
    year: int | None = None
    guid: str = ""
    """The server's own."""
    ids: ExternalIds = ExternalIds()
    files: tuple[MediaFile, ...] = ()

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.show} - {self.title}" if self.show else self.title

    @property
    def filenames(self) -> tuple[str, ...]:
        """The names of its files, without folders."""
        return tuple(base_name(file.path) for file in self.files)


Test = Callable[[FilmOnServer], object]


class PlexFilms:
    """Films and episodes of one server. Every question raises as those of `PlexLibrary` do."""

    def __init__(self, url: str, token: Callable[[], str], client_identifier: str, http: HttpClient) -> None:
        """`ValueError` when `url` names no server."""
        self._library = PlexLibrary(url, token, client_identifier, http)
        self._kept: dict[str, tuple[int, tuple[FilmOnServer, ...]]] = {}
        """By section: its count of changes, and all that it has."""

    async def by_guid(self, guid: str, title: str = "") -> tuple[FilmOnServer, ...]:
        """Find what carries a guid: the server's own, or `tmdb://603` and the like."""
        if not guid.startswith(DATABASES):
            return await self._find(lambda film: film.guid == guid, {"guid": guid})
        wanted = external_ids([guid])
        if not wanted:
            return ()
        return await self._find(lambda film: film.ids.same(wanted), _titled(title))

    async def by_filename(self, filename: str, title: str = "") -> tuple[FilmOnServer, ...]:
        """Find what has a file of exactly this name, whatever its folder."""
        wanted = _composed(filename)
        return await self._find(
            lambda film: any(_composed(name) == wanted for name in film.filenames), _titled(title)
        )

    async def by_title(self, title: str) -> tuple[FilmOnServer, ...]:
        """Find what has these words in its title, at most `FOUND_MAX`."""
        query = _titled(title)
        if query is None:
            return ()
        found: list[FilmOnServer] = []
        for section in await self._sections():
            found += await self._listed(section, query, only_first=True)
        wanted = title.strip().casefold()
        found = [film for film in found if query["title"].casefold() in film.title.casefold()]
        found.sort(key=lambda film: (film.title.casefold() != wanted, film.title.casefold(), film.year or 0))
        return tuple(found[:FOUND_MAX])

    # ------------------------------------------------------------ looking

    async def _find(self, is_it: Test, quick: dict[str, str] | None) -> tuple[FilmOnServer, ...]:
        sections = await self._sections()
        if quick is not None:
            for section in sections:
                if found := _those(is_it, await self._listed(section, quick, only_first=True)):
                    return found
        everything = [film for section in sections for film in await self._everything(section)]
        return _those(is_it, everything)

    async def _sections(self) -> tuple[Section, ...]:
        known = await self._library.sections()
        return tuple(sorted((s for s in known if s.kind in TYPES), key=lambda s: s.kind != "movie"))

    async def _listed(
        self, section: Section, query: dict[str, str], *, only_first: bool = False
    ) -> list[FilmOnServer]:
        basic: dict[str, str | int] = {"type": TYPES[section.kind], "includeGuids": 1}
        listed = await self._library.listing(section, basic | query, only_first=only_first)
        return [film for raw in listed if (film := read_film(raw)).rating_key and film.files]

    async def _everything(self, section: Section) -> tuple[FilmOnServer, ...]:
        change = section.content_changed_at
        kept = self._kept.get(section.key)
        if kept is not None and kept[0] == change:
            return kept[1]
        films = tuple(await self._listed(section, {}))
        if change is not None:
            self._kept[section.key] = (change, films)
        return films


def read_film(raw: RawItem) -> FilmOnServer:
    """Read one item of a listing."""
    guids = guids_of(raw)
    return FilmOnServer(
        rating_key=text(raw.ratingKey),
        title=text(raw.title),
        show=text(raw.grandparentTitle),
        year=whole(raw.year),
        guid=guids[0],
        # Not the own guid: with the older agents an episode's is that of its show.
        ids=external_ids(guids[1:]),
        files=files_of(raw),
    )


def base_name(path: str) -> str:
    """Give the name of a file, whatever system the server runs on."""
    return path.replace("\\", "/").rpartition("/")[2]


def _composed(name: str) -> str:
    """Give a name as most systems write it: some take the accents off the letters."""
    return unicodedata.normalize("NFC", name)


def _titled(title: str) -> dict[str, str] | None:
    """Ask for a title; of one with commas for its longest part, since a comma is an "or" there."""
    words = max(title.split(","), key=len).strip()
    return {"title": words} if words else None


def _those(is_it: Test, films: Iterable[FilmOnServer]) -> tuple[FilmOnServer, ...]:
    return tuple(film for film in films if is_it(film))
