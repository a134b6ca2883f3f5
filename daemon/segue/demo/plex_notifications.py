"""Notifications: what the server tells those who hold `/:/websockets/notifications` or the event stream open.

Every frame is `{"NotificationContainer": {"type", "size", <body>: [...]}}`. Reference: the server's API document 1.2.0
names the doors and the filter; the bodies are known from their readers.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import trio

from segue.demo.plex_library import TYPE_NUMBERS, Item
from segue.demo.plex_sessions import Report, Session

UNREAD_MAX: Final = 200
"""Frames kept for a listener that does not read; of more than that the newest are lost."""
CREATED, PROCESSED, DELETED = 0, 5, 9
"""States of a library item in a `timeline` notification."""

Frame = dict[str, Any]


class Listeners:
    """All who listen, and what each wants to hear."""

    def __init__(self) -> None:
        self._open: list[tuple[str, trio.MemorySendChannel[Frame]]] = []

    @property
    def count(self) -> int:
        """How many listen."""
        return len(self._open)

    @asynccontextmanager
    async def listen(self, filters: str = "") -> AsyncIterator[trio.MemoryReceiveChannel[Frame]]:
        """Give the frames that come from now on. `filters` is e.g. `playing,timeline` or `-log`."""
        send, receive = trio.open_memory_channel[Frame](UNREAD_MAX)
        entry = (filters, send)
        self._open.append(entry)
        try:
            yield receive
        finally:
            self._open.remove(entry)
            send.close()

    def tell(self, kind: str, body_name: str, *bodies: Frame) -> None:
        """Tell everybody who wants to hear of this kind."""
        frame = {"NotificationContainer": {"type": kind, "size": len(bodies), body_name: list(bodies)}}
        for filters, send in self._open:
            if _wanted(kind, filters):
                try:
                    send.send_nowait(frame)
                except (trio.WouldBlock, trio.BrokenResourceError):
                    continue


def tell_playing(listeners: Listeners, session: Session, report: Report) -> None:
    """Tell what a session does: at every report of its player, so about every ten seconds while it plays."""
    body = {
        "sessionKey": session.key,
        "clientIdentifier": session.player.machine_identifier,
        "guid": report.item.guid,
        "ratingKey": str(report.item.rating_key),
        "url": "",
        "key": report.item.key,
        "viewOffset": report.time_ms,
        "playQueueItemID": int(report.play_queue_item_id or 0),
        "playQueueID": int(report.play_queue_id or 0),
        "state": report.state,
    }
    listeners.tell("playing", "PlaySessionStateNotification", body)


def tell_timeline(listeners: Listeners, item: Item, state: int) -> None:
    """Tell that a library item was made, changed or deleted."""
    body = {
        "identifier": "com.plexapp.plugins.library",
        "sectionID": str(item.section.key),
        "itemID": str(item.rating_key),
        "type": TYPE_NUMBERS[item.type],
        "title": item.title,
        "state": state,
        "updatedAt": item.updated_at,
    }
    listeners.tell("timeline", "TimelineEntry", body)


def tell_activity(listeners: Listeners, event: str, activity: Frame) -> None:
    """Tell that something began, went on or ended, such as a scan."""
    body = {"event": event, "uuid": activity["uuid"], "Activity": activity}
    listeners.tell("activity", "ActivityNotification", body)


def tell_status(listeners: Listeners, title: str, description: str) -> None:
    """Tell what the server says to people, e.g. "Library scan complete"."""
    body = {"title": title, "description": description, "notificationName": "LIBRARY_UPDATE"}
    listeners.tell("status", "StatusNotification", body)


def as_text(frame: Frame) -> str:
    """Write a frame for the WebSocket."""
    return json.dumps(frame, ensure_ascii=False)


def as_event(frame: Frame) -> bytes:
    """Write a frame for the event stream, which names the kind apart and leaves the container out."""
    container = frame["NotificationContainer"]
    body = next(value for name, value in container.items() if name not in ("type", "size"))
    return f"event: {container['type']}\ndata: {json.dumps(body[0], ensure_ascii=False)}\n\n".encode()


def _wanted(kind: str, filters: str) -> bool:
    names = [name for name in filters.split(",") if name]
    if not names:
        return True
    refused = {name[1:] for name in names if name.startswith("-")}
    asked = {name for name in names if not name.startswith("-")}
    return kind not in refused and (not asked or kind in asked)
