"""What users leave on items: played, how far, how good; and the history of it all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from segue.demo.plex_document import Node, container
from segue.demo.plex_library import Item
from segue.demo.plex_listing import page_asked_for
from segue.demo.plex_render import item_node
from segue.demo.plex_webhooks import item_hook

if TYPE_CHECKING:
    from segue.demo.plex_server import PlexServer

Handler = Callable[["PlexServer", Request], Awaitable[Node | Response]]
OK: Final = 200


@dataclass(frozen=True)
class Play:
    """One line of the history. `at` is wall time in seconds."""

    item: Item
    account_id: int
    at: int


def count_play(history: list[Play], item: Item, account_id: int, at: float) -> None:
    """Note that somebody played something to its end, or said so."""
    for leaf in item.leaves():
        leaf.view_count += 1
        leaf.last_viewed_at = int(at)
        leaf.view_offset_ms = 0
        history.append(Play(leaf, account_id, int(at)))


def _item(server: "PlexServer", request: Request) -> Item | None:
    key = request.query_params.get("key", "")
    return server.library.item(int(key)) if key.isdecimal() else None


async def _scrobble(server: "PlexServer", request: Request) -> Node | Response:
    item = _item(server, request)
    if item is not None:
        count_play(server.history, item, server.owner.id, server.library.now())
    return Response(b"", OK)


async def _unscrobble(server: "PlexServer", request: Request) -> Node | Response:
    item = _item(server, request)
    for leaf in item.leaves() if item else []:
        leaf.view_count, leaf.view_offset_ms, leaf.last_viewed_at = 0, 0, None
    return Response(b"", OK)


async def _progress(server: "PlexServer", request: Request) -> Node | Response:
    item, time_ms = _item(server, request), request.query_params.get("time", "")
    if item is None or not time_ms.isdecimal():
        return Response(b"", 400)
    item.view_offset_ms = int(time_ms)
    return Response(b"", OK)


async def _rate(server: "PlexServer", request: Request) -> Node | Response:
    item = _item(server, request)
    try:
        rating = float(request.query_params.get("rating", ""))
    except ValueError:
        return Response(b"", 400)
    if item is None:
        return Response(b"", 404)
    item.user_rating = rating if rating >= 0 else None
    server.webhooks.fire(item_hook(server.name, "media.rate", item, server.owner))
    return Response(b"", OK)


async def _history(server: "PlexServer", request: Request) -> Node | Response:
    """List plays. Arguments are filters, e.g. `viewedAt>=...` (read by a query's rules as the name `viewedAt>`)."""
    query = request.query_params
    since, before = _number(query.get("viewedAt>")), _number(query.get("viewedAt<"))
    plays = [
        (number, play)
        for number, play in enumerate(server.history, 1)
        if play.at >= (since or 0)
        and (before is None or play.at <= before)
        and query.get("metadataItemID") in (None, str(play.item.rating_key))
        and query.get("accountID") in (None, str(play.account_id))
        and query.get("librarySectionID") in (None, str(play.item.section.key))
    ]
    if query.get("sort") == "viewedAt:desc":
        plays.reverse()
    start, size = page_asked_for(request)
    shown = plays[start:] if size is None else plays[start : start + size]
    return container([_play_node(number, play) for number, play in shown], totalSize=len(plays), offset=start)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _play_node(number: int, play: Play) -> Node:
    node = item_node(play.item, media=False)
    node.attributes |= {
        "historyKey": f"/status/sessions/history/{number}",
        "librarySectionID": str(play.item.section.key),
        "viewedAt": play.at,
        "accountID": play.account_id,
        "deviceID": 1,
    }
    return node


MARKS: Final[dict[str, Handler]] = {
    "/:/scrobble": _scrobble,
    "/:/unscrobble": _unscrobble,
    "/:/progress": _progress,
    "/:/rate": _rate,
    "/status/sessions/history/all": _history,
}
