"""Webhooks: what the server posts to the addresses that its owner registered.

Reference: Plex' support article 115002267687, and the captures that the article lacks. A hook names no session, no
moment and no event id, and nobody repeats it when it gets lost.
"""

import heapq
import itertools
import json
import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import trio

from segue.demo.plex_document import to_object
from segue.demo.plex_faults import WebhookFaults
from segue.demo.plex_library import Item
from segue.demo.plex_picture import make_jpeg
from segue.demo.plex_render import item_node, section_attributes
from segue.demo.plex_sessions import Account, Happening, PlayerInfo

ADMIN_EVENTS: Final = frozenset({"admin.database.backup", "admin.database.corrupted", "device.new"})
"""Events of the server itself, for its owner alone: without an item and without a player."""
WITH_PICTURE: Final = frozenset({"media.play", "media.rate", "library.new", "playback.started"})
POST_S: Final = 10.0
"""Longest wait for a receiver. The real time is not known."""
BOUNDARY: Final = "------------------------"


@dataclass(frozen=True)
class Hook:
    """One webhook. `picture` is the JPEG that goes with it, or nothing."""

    event: str
    payload: Mapping[str, Any]
    picture: bytes = b""

    def body(self, boundary: str) -> bytes:
        """Write it as `multipart/form-data` (RFC 7578); its JSON is a part with a type of its own."""
        text = json.dumps(self.payload, ensure_ascii=False).encode()
        parts = [_part(boundary, 'name="payload"', "application/json", text)]
        if self.picture:
            parts.append(_part(boundary, 'name="thumb"; filename="thumb.jpg"', "image/jpeg", self.picture))
        return b"".join([*parts, f"--{boundary}--\r\n".encode()])


@dataclass(frozen=True)
class ServerName:
    """How a server names itself."""

    title: str
    machine_identifier: str
    version: str


def playing_hook(server: ServerName, happening: Happening) -> Hook:
    """Make the hook of something that a player did."""
    session, event = happening.session, happening.event
    extra: dict[str, Any] = {}
    if event not in ("media.scrobble", "media.play"):
        extra["viewOffset"] = happening.report.time_ms
    return item_hook(
        server, event, happening.report.item, session.account, player=session.player, extra=extra
    )


def item_hook(
    server: ServerName,
    event: str,
    item: Item,
    account: Account | None,
    *,
    player: PlayerInfo | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Hook:
    """Make a hook about an item. `library.new` and `library.on.deck` come without a player."""
    metadata = {"librarySectionType": item.section.type}
    metadata |= to_object(item_node(item, media=False, guids=True)) | section_attributes(item.section)
    payload = _payload(server, event, account)
    if player is not None:
        payload["Player"] = {
            "local": True,
            "publicAddress": "203.0.113.7",
            "title": player.title,
            "uuid": player.machine_identifier,
        }
    if item.user_rating is not None and event == "media.rate":
        payload["rating"] = item.user_rating
    payload["Metadata"] = metadata | dict(extra or {})
    picture = make_jpeg(item.key) if event in WITH_PICTURE else b""
    return Hook(event, payload, picture)


def admin_hook(server: ServerName, event: str, account: Account | None) -> Hook:
    """Make a hook about the server itself."""
    return Hook(event, _payload(server, event, account))


def _payload(server: ServerName, event: str, account: Account | None) -> dict[str, Any]:
    """Give what every hook says. One without an account says that the owner did it."""
    known = account or Account(1, "owner", owner=True)
    return {
        "event": event,
        "user": True,
        "owner": known.owner,
        "Account": {"id": known.id, "thumb": known.thumb, "title": known.name},
        "Server": {"title": server.title, "uuid": server.machine_identifier},
    }


def _part(boundary: str, name: str, content_type: str, content: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {name}\r\nContent-Type: {content_type}\r\n\r\n"
    return head.encode() + content + b"\r\n"


class WebhookSender:
    """Posts hooks to every registered address, one after the other at each; what fails is lost."""

    def __init__(
        self,
        urls: Iterable[str],
        faults: WebhookFaults,
        client: httpx.AsyncClient,
        version: str,
        rng: random.Random,
    ) -> None:
        self.sent: list[tuple[str, str, int | None]] = []
        """Address, event, and the status that was answered, or nothing where nobody answered."""
        self._urls = list(urls)
        self._faults = faults
        self._client = client
        self._version = version
        self._rng = rng
        self._outboxes: dict[str, _Outbox] = {}
        self._nursery: trio.Nursery | None = None
        self._odd = False

    def use(self, faults: WebhookFaults) -> None:
        """Go wrong in another way from now on."""
        self._faults = faults

    def register(self, url: str) -> None:
        """Add an address to those that hear of everything."""
        self._urls.append(url)

    def unregister(self, url: str) -> None:
        """Take an address away. Raises ValueError when it is not there."""
        self._urls.remove(url)

    def fire(self, hook: Hook) -> None:
        """Send a hook to everybody, as far as the faults let it."""
        faults = self._faults
        if faults.lose_next > 0:
            faults.lose_next -= 1
            return
        if hook.event in faults.drop or (faults.lose > 0 and self._rng.random() < faults.lose):
            return
        self._odd = not self._odd
        delay_s = faults.delay_s + (faults.reorder_s if self._odd else 0.0)
        copies = [hook]
        if faults.double_fire:
            copies = [Hook(hook.event, {**hook.payload, **flags}, hook.picture) for flags in _FLAGS]
        for copy in copies * (2 if faults.duplicate else 1):
            for url in self._urls:
                self._outbox(url).put(trio.current_time() + delay_s, copy)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Post until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for url, outbox in self._outboxes.items():
                nursery.start_soon(self._deliver, url, outbox)
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                self._nursery = None  # a scan may end later than this, and fire into the void

    def _outbox(self, url: str) -> "_Outbox":
        if url not in self._outboxes:
            self._outboxes[url] = _Outbox()
            if self._nursery is not None:
                self._nursery.start_soon(self._deliver, url, self._outboxes[url])
        return self._outboxes[url]

    async def _deliver(self, url: str, outbox: "_Outbox") -> None:
        while True:
            hook = await outbox.take()
            status = await self._post(url, hook)
            self.sent.append((url, hook.event, status))

    async def _post(self, url: str, hook: Hook) -> int | None:
        boundary = f"{BOUNDARY}{self._rng.randrange(16**16):016x}"
        headers = {
            "User-Agent": f"PlexMediaServer/{self._version}",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Accept": "*/*",
        }
        with trio.move_on_after(POST_S):
            try:
                response = await self._client.post(url, content=hook.body(boundary), headers=headers)
            except (httpx.HTTPError, httpx.InvalidURL):
                return None
            return response.status_code
        return None


_FLAGS: Final = ({"user": True, "owner": False}, {"user": False, "owner": True})


@dataclass
class _Outbox:
    """Hooks for one address, by when they are due."""

    _due: list[tuple[float, int, Hook]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _changed: trio.Event = field(default_factory=trio.Event)

    def put(self, at: float, hook: Hook) -> None:
        heapq.heappush(self._due, (at, next(self._numbers), hook))
        self._changed.set()

    async def take(self) -> Hook:
        """Wait for the next hook to be due."""
        while True:
            at = self._due[0][0] if self._due else math.inf
            if at <= trio.current_time():
                return heapq.heappop(self._due)[2]
            self._changed = trio.Event()
            with trio.move_on_at(at):
                await self._changed.wait()
