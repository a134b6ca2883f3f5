"""What a Plex server has, and telling it what is new: sections, films and shows by their ids elsewhere, scans.

Theory of operation. A server cannot be asked for `tmdb://603`: `/library/all?guid=` knows its own ids only, and its
match-making asks the maker's servers and fails without the internet. So candidates are listed and their ids compared
here: first what bears the title, which is one small page; where that finds nothing, everything of that year and its
neighbours, since a library in another language has another title for the same film. Both only ever miss what the
server itself takes for another work. Every section of the kind is asked: a film may be in two of them, in HD and in 4K.

Listings are read in pages, and every page is checked: servers ignore the paging, answer with fewer than asked, and
leave the total out.

References: the server's API document 1.2.0: "Media Queries", `/library/sections`, `/library/sections/{id}/all`,
`/library/metadata/{ids}`; `/library/sections/{id}/refresh` and `/library/metadata/{ids}/refresh`, of which clients use
the first as GET and the second as PUT.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeVar
from urllib.parse import quote

import msgspec
import trio

from segue.adapters.http_client import HttpClient, HttpError, HttpRefused, Origin, Request, Response
from segue.adapters.plex import THREAD_BYTES, plex_failure, plex_headers
from segue.adapters.plex_guid import ExternalIds
from segue.adapters.plex_json import (
    PAGE_BYTES,
    EpisodeOnServer,
    ItemOnServer,
    MediaFile,
    RawItem,
    Section,
    ServerStatus,
    parse_page,
    parse_sections,
    parse_status,
    read_episode,
    read_item,
    text,
)
from segue.adapters.plex_xml import PlexError, PlexUnreadable

__all__ = [
    "EpisodeOnServer",
    "ExternalIds",
    "ItemOnServer",
    "MediaFile",
    "PathMap",
    "PlexLibrary",
    "PlexNotFound",
    "Section",
    "ServerStatus",
    "sections_holding",
]

Answer = TypeVar("Answer")
ItemKind = Literal["movie", "show"]

ANSWER_S = 5.0
"""Longest wait for a small answer, in seconds."""
PAGE_S = 20.0
"""Longest wait for a page of a listing, in seconds; a busy server with a large library takes some."""
SMALL_BYTES = 1024 * 1024
PAGE_ITEMS = 500
"""Items a page: 2 MB of films, and 5 ms to read them."""
PAGES_MAX = 40
"""Longest listing that is read, in pages: three years of the largest libraries have a quarter of that."""
_TYPES: dict[ItemKind, int] = {"movie": 1, "show": 2}
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")


class PlexNotFound(PlexError):  # noqa: N818 - the reason is the name
    """The server has no such section or item (any more)."""


# ------------------------------------------------------------------ paths


class PathMap:
    """Where the server finds what we find elsewhere, as with containers: pairs of folders, ours and theirs.

    The longest prefix counts; what lies below none of them has the same path on both sides. Paths are compared as they
    are written, folder by folder. A server on Windows has backslashes.
    """

    def __init__(self, pairs: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        given = pairs.items() if isinstance(pairs, Mapping) else pairs
        self._pairs = [(_no_end_slash(ours), _no_end_slash(theirs)) for ours, theirs in given]

    def __repr__(self) -> str:
        return f"PathMap({self._pairs!r})"

    def to_plex(self, path: str) -> str:
        """Give a path of ours as the server sees it."""
        return _moved(path, self._pairs)

    def from_plex(self, path: str) -> str:
        """Give a path of the server's as we see it."""
        return _moved(path, [(theirs, ours) for ours, theirs in self._pairs])


def sections_holding(sections: Iterable[Section], path: str) -> tuple[Section, ...]:
    """Give the sections that a folder belongs to, as the server sees it, the one with the nearest location first.

    Several, where one section's folder lies within another's: each has to be told.
    """
    held = [
        (max(len(location) for location in section.locations if _below(path, location) is not None), section)
        for section in sections
        if any(_below(path, location) is not None for location in section.locations)
    ]
    return tuple(section for _, section in sorted(held, key=lambda pair: -pair[0]))


def _no_end_slash(path: str) -> str:
    return path.rstrip("/\\") or path[:1]


def _below(path: str, folder: str) -> str | None:
    """Give what follows after a folder in a path, without the separator; nothing when it is not below it."""
    folder = _no_end_slash(folder)
    if path == folder or _no_end_slash(path) == folder:
        return ""
    for separator in ("/", "\\"):
        prefix = folder if folder == separator else folder + separator
        if path.startswith(prefix):
            return path[len(prefix) :]
    return None


def _moved(path: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Replace the longest of the first folders that a path is below by the second one."""
    for source, target in sorted(pairs, key=lambda pair: -len(pair[0])):
        rest = _below(path, source)
        if rest is not None:
            return _joined(target, rest, from_windows=bool(_WINDOWS.match(source)))
    return path


def _joined(folder: str, rest: str, *, from_windows: bool) -> str:
    if _WINDOWS.match(folder):
        return f"{folder}\\{rest.replace('/', chr(92))}" if rest else folder
    if from_windows:
        rest = rest.replace("\\", "/")
    return f"{folder.rstrip('/')}/{rest}" if rest else folder


def _words_to_ask_for(title: str) -> str:
    """Give the longest stretch of a title without a comma: to the server, `title=A, B` means "A or B is in it"."""
    return max((words.strip() for words in title.split(",")), key=len)


# ------------------------------------------------------------------ the server


class PlexLibrary:
    """The libraries of one server. The token is asked for at each request, so that it can be renewed.

    Every question raises `PlexUnavailable`, `PlexRefused` or `PlexUnreadable` when it has no answer: then it is
    *unknown* what the server has. A section or item that is not there is `PlexNotFound`.
    """

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        client_identifier: str,
        http: HttpClient,
        *,
        answer_s: float = ANSWER_S,
        page_s: float = PAGE_S,
        page_items: int = PAGE_ITEMS,
    ) -> None:
        """`client_identifier` is this installation's own, for ever; `ValueError` when `url` names no server."""
        self.origin = Origin.parse(url)
        self._token = token
        self._client_identifier = client_identifier
        self._http = http
        self._answer_s = answer_s
        self._page_s = page_s
        self._page_items = page_items

    # -------------------------------------------------------- reading

    async def server_status(self) -> ServerStatus:
        """Read which server this is; it answers only with a good token. Reference: `/`."""
        return await self._read("/", parse_status)

    async def sections(self) -> tuple[Section, ...]:
        """Read which libraries there are. Reference: `/library/sections`."""
        return await self._read("/library/sections", parse_sections)

    async def count(self, section: Section) -> int | None:
        """Read how many films, shows or artists a section has; nothing when the server does not say."""
        path = f"/library/sections/{quote(section.key, safe='')}/all"
        nothing_but_the_total = {"X-Plex-Container-Start": 0, "X-Plex-Container-Size": 0}
        return (await self._read(path, parse_page, nothing_but_the_total)).total

    async def find_by_guid(
        self,
        kind: ItemKind,
        ids: ExternalIds,
        titles: Sequence[str],
        year: int | None = None,
        *,
        sections: Sequence[Section] | None = None,
    ) -> tuple[ItemOnServer, ...]:
        """Find the films or shows that carry one of the ids, in every section of the kind, shows with their episodes.

        `titles` are those that the server may know it by, the likeliest first. Without a `year` only they are looked
        for. `sections` saves asking for them. An empty answer is the server's word that it has none.
        """
        if not ids:
            return ()
        known = await self.sections() if sections is None else sections
        found: dict[str, ItemOnServer] = {}
        for section in known:
            if section.kind == kind:
                for item in await self._find_in(section, kind, ids, titles, year):
                    found[item.rating_key] = item
        items = list(found.values())
        return tuple(items if kind == "movie" else [await self._with_episodes(item) for item in items])

    async def _find_in(
        self, section: Section, kind: ItemKind, ids: ExternalIds, titles: Sequence[str], year: int | None
    ) -> list[ItemOnServer]:
        path = f"/library/sections/{quote(section.key, safe='')}/all"
        basic: dict[str, str | int] = {"type": _TYPES[kind], "includeGuids": 1}

        def same(raw_items: Iterable[RawItem]) -> list[ItemOnServer]:
            items = (read_item(raw, kind, section.key) for raw in raw_items)
            return [item for item in items if item.rating_key and item.ids.same(ids)]

        for title in dict.fromkeys(map(_words_to_ask_for, titles)):
            if title:
                # With a year to fall back on, a title such as "It" need not be followed through the whole library.
                listed = await self._list(path, basic | {"title": title}, only_first=year is not None)
                if matches := same(listed):
                    return matches
        if year is None:
            return []
        years = ",".join(str(near) for near in (year - 1, year, year + 1))
        return same(await self._list(path, basic | {"year": years}))

    async def _with_episodes(self, show: ItemOnServer) -> ItemOnServer:
        """Add a show's folders and its episodes. Reference: `/library/metadata/{ids}/allLeaves`."""
        path = f"/library/metadata/{quote(show.rating_key, safe='')}"
        whole_show = await self._list(path, {"includeGuids": 1}, only_first=True)
        leaves = await self._list(f"{path}/allLeaves", {})
        full = read_item(whole_show[0], "show", show.section_key) if whole_show else show
        return msgspec.structs.replace(
            show,
            locations=full.locations or show.locations,
            episodes=tuple(read_episode(leaf) for leaf in leaves),
        )

    async def listing(
        self, section: Section, query: Mapping[str, str | int], *, only_first: bool = False
    ) -> list[RawItem]:
        """Read what a section lists for a query, to its end (or its first page only). Compare what comes: servers
        pass over filters that they do not know."""
        path = f"/library/sections/{quote(section.key, safe='')}/all"
        return await self._list(path, query, only_first=only_first)

    async def _list(
        self, path: str, query: Mapping[str, str | int], *, only_first: bool = False
    ) -> list[RawItem]:
        """Read a listing, page by page, to its end (or its first page only)."""
        items: dict[str, RawItem] = {}
        asked_from = 0
        for _ in range(PAGES_MAX):
            paging = {"X-Plex-Container-Start": asked_from, "X-Plex-Container-Size": self._page_items}
            page = await self._read(path, parse_page, {**query, **paging}, self._page_s, PAGE_BYTES)
            before = len(items)
            items |= {text(raw.ratingKey): raw for raw in page.items}
            asked_from += len(page.items)
            stuck = len(items) == before
            # Without a total only a page with nothing new is the end: short pages happen in the middle. A page longer
            # than asked for is everything, from a server that does not turn pages.
            unpaged = stuck or len(page.items) > self._page_items
            if only_first or (unpaged if page.total is None else asked_from >= page.total):
                return list(items.values())
            if stuck:
                raise PlexUnreadable(
                    f"{self.origin.netloc}{path}: the server announces {page.total} items and lists {before}"
                )
        raise PlexUnreadable(
            f"{self.origin.netloc}{path}: the listing has more than {PAGES_MAX * self._page_items} items"
        )

    # -------------------------------------------------------- telling

    async def scan_folder(self, section_key: str, path: str) -> str:
        """Have the server look at one folder of a section, at or below one of its locations, as the server sees it.

        Gives the name of the activity that the scan is, where the server says it. That the server has taken the order
        is all that is known: a folder outside of its locations is passed over without a word. Raises `ValueError` for
        a path that is not text.
        """
        try:
            path.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{path!a}: the path is not UTF-8, so Plex cannot be told of it") from None
        return await self._scan(section_key, {"path": path})

    async def scan_section(self, section_key: str) -> str:
        """Have the server look at a whole section. As `scan_folder` otherwise."""
        return await self._scan(section_key, {})

    async def _scan(self, section_key: str, query: Mapping[str, str | int]) -> str:
        path = f"/library/sections/{quote(section_key, safe='')}/refresh"
        response = await self._fetch(self._request(path, query))
        return response.headers.get("x-plex-activity", "")[:200]

    async def refresh_item(self, rating_key: str) -> None:
        """Have the server fetch an item's metadata anew. Reference: `/library/metadata/{ids}/refresh`."""
        path = f"/library/metadata/{quote(rating_key, safe='')}/refresh"
        await self._fetch(self._request(path, {}, method="PUT"))

    # -------------------------------------------------------- asking

    async def _read(
        self,
        path: str,
        parse: Callable[[bytes], Answer],
        query: Mapping[str, str | int] | None = None,
        total_s: float | None = None,
        max_bytes: int = SMALL_BYTES,
    ) -> Answer:
        body = (
            await self._fetch(self._request(path, query or {}, total_s=total_s, max_bytes=max_bytes))
        ).body
        try:
            if len(body) > THREAD_BYTES:
                return await trio.to_thread.run_sync(parse, body)
            return parse(body)
        except PlexUnreadable as error:
            unreadable = PlexUnreadable(f"{self.origin.netloc}{path}: {error.reason}")
        raise unreadable

    async def _fetch(self, request: Request) -> Response:
        failure: PlexError
        try:
            return await self._http.fetch(request)
        except HttpRefused as error:
            failure = PlexNotFound(str(error)) if error.status == 404 else plex_failure(error)
        except HttpError as error:
            failure = plex_failure(error)
        raise failure

    def _request(
        self,
        path: str,
        query: Mapping[str, str | int],
        *,
        method: Literal["GET", "PUT"] = "GET",
        total_s: float | None = None,
        max_bytes: int = SMALL_BYTES,
    ) -> Request:
        token = self._token()
        return Request(
            self.origin,
            path,
            method=method,
            query=query,
            headers=plex_headers(self._client_identifier)
            | {"Accept": "application/json"}
            | ({"X-Plex-Token": token} if token else {}),
            total_s=self._answer_s if total_s is None else total_s,
            max_bytes=max_bytes,
            # Two scans or refreshes are as good as one.
            repeatable=True,
        )
