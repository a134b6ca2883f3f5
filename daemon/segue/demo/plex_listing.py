"""The library's part of the simulated server: sections, items, children, search."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from segue.demo.plex_document import Node, container
from segue.demo.plex_filters import CHOICES, choices, choose, meta_node, sort_items
from segue.demo.plex_library import Item, Section
from segue.demo.plex_notifications import PROCESSED, tell_timeline
from segue.demo.plex_render import LANGUAGE, item_node, listing_attributes, section_node

if TYPE_CHECKING:
    from segue.demo.plex_server import PlexServer

Handler = Callable[["PlexServer", Request], Awaitable[Node | Response]]
PAGING: Final = ("X-Plex-Container-Start", "X-Plex-Container-Size")
RECENT_MAX: Final = 50
"""Items that `recentlyAdded` lists at most."""


def page_asked_for(request: Request) -> tuple[int, int | None]:
    """Read where a page starts and how long it is (nothing: to the end), out of the headers or the query."""
    given = [request.headers.get(name.lower()) or request.query_params.get(name) for name in PAGING]
    start, size = (int(text) if text and text.isdecimal() else None for text in given)
    return start or 0, size


def _page(request: Request, items: list[Item], **attributes: Any) -> Node:
    """Write a part of a list, with the total."""
    limit = request.query_params.get("limit", "")
    items = items[: int(limit)] if limit.isdecimal() else items
    start, size = page_asked_for(request)
    shown = items[start:] if size is None else items[start : start + size]
    guids = request.query_params.get("includeGuids") == "1"
    nodes = [item_node(item, guids=guids) for item in shown]
    return container(nodes, totalSize=len(items), offset=start, **attributes)


async def _library(_server: "PlexServer", _request: Request) -> Node | Response:
    return container(title1="Plex Library")


async def _sections(server: "PlexServer", _request: Request) -> Node | Response:
    return container(
        [section_node(section) for section in server.library.sections.values()], title1="Plex Library"
    )


def _section_of(server: "PlexServer", request: Request) -> Section | None:
    key = request.path_params["section"]
    return server.library.sections.get(key)


async def _all(server: "PlexServer", request: Request) -> Node | Response:
    section = _section_of(server, request)
    if section is None:
        return Response(b"", 404)
    page = _page(request, choose(section, _filters(request)), **listing_attributes(section))
    if request.query_params.get("includeMeta") == "1":
        page.children.insert(0, meta_node(section))
    return page


def _filters(request: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.query_params.multi_items() if not _is_control(name)]


def _is_control(name: str) -> bool:
    """Tell what is about the answer, and not about the items."""
    return name.startswith(("X-Plex", "include", "check", "async")) or name == "limit"


async def _refresh(server: "PlexServer", request: Request) -> Node | Response:
    """Scan a section, or one folder of it, or stop scanning it. A folder elsewhere is taken, too, and nothing comes."""
    section = _section_of(server, request)
    if section is None:
        return Response(b"", 404)
    if request.method == "DELETE":
        server.scanner.cancel(section)
        return Response(b"", 200)
    scan = await server.scan(section, request.query_params.get("path", ""))
    return Response(b"", 200, headers={"X-Plex-Activity": scan.name})


async def _activities(server: "PlexServer", _request: Request) -> Node | Response:
    return container([Node("Activity", activity) for activity in server.scanner.activities.values()])


async def _choices(server: "PlexServer", request: Request) -> Node | Response:
    """List the genres, years or resolutions that occur."""
    section, field = _section_of(server, request), request.path_params["field"]
    if section is None or field not in CHOICES:
        return Response(b"", 404)
    return container(choices(section, field))


async def _collections(server: "PlexServer", request: Request) -> Node | Response:
    """List no collections; but what one could filter them by."""
    section = _section_of(server, request)
    if section is None:
        return Response(b"", 404)
    page = _page(request, [], **listing_attributes(section))
    if request.query_params.get("includeMeta") == "1":
        page.children.insert(0, meta_node(section, ("collection",)))
    return page


async def _albums(server: "PlexServer", request: Request) -> Node | Response:
    section = _section_of(server, request)
    if section is None or section.type != "artist":
        return Response(b"", 404)
    return _page(request, section.all("album"), **listing_attributes(section))


async def _section_hubs(server: "PlexServer", request: Request) -> Node | Response:
    section = _section_of(server, request)
    if section is None:
        return Response(b"", 404)
    recent = [item_node(item) for item in _recent(section.all())[:10]]
    key = f"/library/sections/{section.key}/all?sort=addedAt:desc"
    hub = {"hubIdentifier": f"{section.type}.recentlyadded", "type": section.type, "title": "Recently Added"}
    return container([Node("Hub", {**hub, "key": key, "size": len(recent), "more": True}, recent)])


# ------------------------------------------------------------------ all sections together


def _everything(server: "PlexServer", request: Request) -> list[Item]:
    """Give what is at the top of all sections (of one, where the path names it)."""
    if "section" in request.path_params:
        section = _section_of(server, request)
        return section.all() if section else []
    return [item for section in server.library.sections.values() for item in section.all()]


async def _library_all(server: "PlexServer", request: Request) -> Node | Response:
    pairs = _filters(request)
    if any(name in ("type", "guid") or name.startswith("title") for name, _ in pairs):
        sections = server.library.sections.values()
        return _page(request, _flat(_anything(section, pairs) for section in sections))
    return _page(request, _everything(server, request))


def _anything(section: Section, pairs: list[tuple[str, str]]) -> list[Item]:
    """Choose among items of all types, unless one is named."""
    if any(name == "type" for name, _ in pairs):
        return choose(section, pairs)
    types = dict.fromkeys(each.type for top in section.items for each in top.descendants())
    return _flat(choose(section, [*pairs, ("type", item_type)]) for item_type in types)


def _recent(items: list[Item]) -> list[Item]:
    return sort_items(items, "addedAt:desc")[:RECENT_MAX]


async def _recently_added(server: "PlexServer", request: Request) -> Node | Response:
    return _page(request, _recent(_everything(server, request)))


async def _on_deck(server: "PlexServer", request: Request) -> Node | Response:
    """List what somebody began and did not end."""
    leaves = _flat(item.leaves() for item in _everything(server, request))
    return _page(request, [leaf for leaf in leaves if leaf.view_offset_ms and leaf.type != "track"])


async def _agents(server: "PlexServer", _request: Request) -> Node | Response:
    agents = {section.agent: section for section in server.library.sections.values()}
    return container(
        [
            Node(
                "Agent",
                {"name": section.scanner, "identifier": agent, "hasPrefs": True, "primary": True},
                [Node("Language", {"code": LANGUAGE})],
            )
            for agent, section in agents.items()
        ],
        identifier="com.plexapp.system",
    )


# ------------------------------------------------------------------ items


def _items(server: "PlexServer", request: Request) -> list[Item]:
    keys = [int(key) for key in request.path_params["keys"].split(",") if key.isdecimal()]
    return [item for item in (server.library.item(key) for key in keys) if item is not None]


async def _metadata(server: "PlexServer", request: Request) -> Node | Response:
    items = _items(server, request)
    if not items:
        return Response(b"", 404)
    return container([item_node(item, full=True, guids=True) for item in items])


async def _matches(server: "PlexServer", request: Request) -> Node | Response:
    """Say what an item could be. `title` may be an id elsewhere, such as `tmdb-603`; then that item is the match."""
    title = request.query_params.get("title", "")
    found = server.library.by_guid(title.replace("-", "://", 1)) or server.library.search(title)
    results = [
        Node("SearchResult", {"guid": item.guid, "name": item.title, "year": item.year, "score": 100})
        for item in found
    ]
    return container(results, identifier="com.plexapp.plugins.library")


async def _mend(server: "PlexServer", request: Request) -> Node | Response:
    """Read an item's files or metadata again: nothing has changed but the time of it, and everybody hears so."""
    items = _items(server, request)
    for item in items:
        server.library.touch(item)
        tell_timeline(server.listeners, item, PROCESSED)
    return Response(b"", 200 if items else 404)


async def _children(server: "PlexServer", request: Request) -> Node | Response:
    return _page(request, _flat(item.children for item in _items(server, request)))


async def _leaves(server: "PlexServer", request: Request) -> Node | Response:
    return _page(request, _flat(item.leaves() for item in _items(server, request)))


def _flat(lists: Iterable[list[Item]]) -> list[Item]:
    return [item for items in lists for item in items]


async def _search(server: "PlexServer", request: Request) -> Node | Response:
    found = server.library.search(request.query_params.get("query", ""))
    kinds = dict.fromkeys(item.type for item in found)
    hubs = []
    for kind in kinds:
        nodes = [item_node(item) for item in found if item.type == kind]
        hubs.append(Node("Hub", {"type": kind, "title": kind.title(), "size": len(nodes)}, nodes))
    return container(hubs)


LISTINGS: Final[dict[str, Handler]] = {
    "/activities": _activities,
    "/library": _library,
    "/library/sections": _sections,
    "/library/sections/{section:int}/all": _all,
    "/library/sections/{section:int}/albums": _albums,
    "/library/sections/{section:int}/collections": _collections,
    "/library/sections/{section:int}/onDeck": _on_deck,
    "/library/sections/{section:int}/recentlyAdded": _recently_added,
    "/library/sections/{section:int}/refresh": _refresh,
    "/library/sections/{section:int}/{field}": _choices,
    "/library/all": _library_all,
    "/library/onDeck": _on_deck,
    "/library/recentlyAdded": _recently_added,
    "/library/metadata/{keys}": _metadata,
    "/library/metadata/{keys}/children": _children,
    "/library/metadata/{keys}/allLeaves": _leaves,
    "/library/metadata/{keys}/matches": _matches,
    "/library/metadata/{keys}/refresh": _mend,
    "/library/metadata/{keys}/analyze": _mend,
    "/system/agents": _agents,
    "/hubs/sections/{section:int}": _section_hubs,
    "/hubs/search": _search,
}
