"""The library's part of the simulated server: sections, items, children, search."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from segue.demo.plex_document import Node, container
from segue.demo.plex_filters import choose, meta_node
from segue.demo.plex_library import Item, Section
from segue.demo.plex_render import item_node, listing_attributes, section_node

if TYPE_CHECKING:
    from segue.demo.plex_server import PlexServer

Handler = Callable[["PlexServer", Request], Awaitable[Node | Response]]
PAGING: Final = ("X-Plex-Container-Start", "X-Plex-Container-Size")


def _page(request: Request, items: list[Item], **attributes: Any) -> Node:
    """Write a part of a list, as `X-Plex-Container-Start` and `-Size` ask for it, with the total."""
    given = [request.headers.get(name.lower()) or request.query_params.get(name) for name in PAGING]
    start = int(given[0] or 0)
    shown = items[start:] if given[1] is None else items[start : start + int(given[1])]
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
    pairs = [(name, value) for name, value in request.query_params.multi_items() if not _is_control(name)]
    page = _page(request, choose(section, pairs), **listing_attributes(section))
    if request.query_params.get("includeMeta") == "1":
        page.children.insert(0, meta_node(section))
    return page


def _is_control(name: str) -> bool:
    """Tell what is about the answer, and not about the items."""
    return name.startswith(("X-Plex", "include", "check", "async")) or name == "limit"


async def _refresh(server: "PlexServer", request: Request) -> Node | Response:
    section = _section_of(server, request)
    return Response(b"", 404 if section is None else 200)


def _items(server: "PlexServer", request: Request) -> list[Item]:
    keys = [int(key) for key in request.path_params["keys"].split(",") if key.isdigit()]
    return [item for item in (server.library.item(key) for key in keys) if item is not None]


async def _metadata(server: "PlexServer", request: Request) -> Node | Response:
    items = _items(server, request)
    if not items:
        return Response(b"", 404)
    return container([item_node(item, full=True, guids=True) for item in items])


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
    "/library": _library,
    "/library/sections": _sections,
    "/library/sections/{section:int}/all": _all,
    "/library/sections/{section:int}/refresh": _refresh,
    "/library/metadata/{keys}": _metadata,
    "/library/metadata/{keys}/children": _children,
    "/library/metadata/{keys}/allLeaves": _leaves,
    "/hubs/search": _search,
}
