"""Play queues: what a client is going to play, kept by the server.

Reference: the server's API document 1.2.0, `/playQueues`. A queue is shown through a window around its selected item.
"""

import itertools
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from segue.demo.plex_document import Node, container
from segue.demo.plex_library import Item, Library
from segue.demo.plex_render import item_node

WINDOW: Final = 50
"""Items shown on either side of the selected one, unless asked otherwise."""
_RATING_KEYS = re.compile(r"/library/metadata/(\d+(?:,\d+)*)")


@dataclass
class QueuedItem:
    """One place in a queue: an item may have several, each with an id of its own."""

    id: int
    item: Item


@dataclass
class PlayQueue:
    """A queue, and which of its items is selected. Positions count from 0."""

    id: int
    source_uri: str
    entries: list[QueuedItem]
    selected: int = 0
    version: int = 1
    shuffled: bool = False
    last_added_id: int | None = field(default=None)

    def position(self, entry_id: int) -> int | None:
        """Where in the queue an entry is."""
        return next((place for place, entry in enumerate(self.entries) if entry.id == entry_id), None)


class PlayQueues:
    """All queues of the server."""

    def __init__(self, library: Library, rng: random.Random) -> None:
        self._library = library
        self._rng = rng
        self._queues: dict[int, PlayQueue] = {}
        self._ids = itertools.count(1)
        self._entry_ids = itertools.count(101)

    def get(self, queue_id: int) -> PlayQueue | None:
        """Find a queue."""
        return self._queues.get(queue_id)

    def create(self, uri: str, *, start_key: str = "", shuffle: bool = False) -> PlayQueue | None:
        """Make a queue of what a URI names; nothing when that is nothing playable. `start_key` is selected."""
        items = self.resolve(uri)
        if not items:
            return None
        start = self.resolve(start_key)
        if shuffle:
            self._rng.shuffle(items)
        selected = items.index(start[0]) if start and start[0] in items else 0
        queue = PlayQueue(next(self._ids), uri, self._entries(items), selected, shuffled=shuffle)
        self._queues[queue.id] = queue
        return queue

    def add(self, queue: PlayQueue, uri: str, *, play_next: bool = False) -> None:
        """Put items behind those added before, or, with `play_next`, right behind the selected one."""
        entries = self._entries(self.resolve(uri))
        place = queue.selected
        if not play_next and queue.last_added_id is not None:
            place = queue.position(queue.last_added_id) or place
        queue.entries[place + 1 : place + 1] = entries
        if entries:
            queue.last_added_id = entries[-1].id
            queue.version += 1

    def remove(self, queue: PlayQueue, entry_id: int) -> None:
        """Take an entry away; one that is not there is no error."""
        place = queue.position(entry_id)
        if place is not None and len(queue.entries) > 1:
            del queue.entries[place]
            queue.selected = min(queue.selected - (place < queue.selected), len(queue.entries) - 1)
            queue.version += 1

    def clear(self, queue: PlayQueue) -> None:
        """Take everything out."""
        queue.entries, queue.selected, queue.last_added_id = [], 0, None
        queue.version += 1

    def move(self, queue: PlayQueue, entry_id: int, after_id: int | None) -> None:
        """Put an entry behind another one, or to the front."""
        place = queue.position(entry_id)
        if place is None:
            return
        selected_id = queue.entries[queue.selected].id
        entry = queue.entries.pop(place)
        after = None if after_id is None else queue.position(after_id)
        queue.entries.insert(0 if after is None else after + 1, entry)
        queue.selected = queue.position(selected_id) or 0
        queue.version += 1

    def select(self, queue_id: int, entry_id: int) -> None:
        """Note that a client plays this entry now."""
        queue = self._queues.get(queue_id)
        place = None if queue is None else queue.position(entry_id)
        if queue is not None and place is not None:
            queue.selected = place

    def resolve(self, uri: str) -> list[Item]:
        """Give what is to be played for a URI or key that names items, e.g. all tracks of an album."""
        match = _RATING_KEYS.search(unquote(unquote(uri)))
        if match is None:
            return []
        items = [self._library.item(int(number)) for number in match[1].split(",")]
        return [leaf for item in items if item is not None for leaf in item.leaves()]

    def _entries(self, items: Sequence[Item]) -> list[QueuedItem]:
        return [QueuedItem(next(self._entry_ids), item) for item in items]


def queue_node(queue: PlayQueue, *, window: int = WINDOW, center_id: int | None = None) -> Node:
    """Write a queue, as far as its window shows it."""
    center = queue.selected if center_id is None else (queue.position(center_id) or 0)
    shown = queue.entries[max(0, center - window) : center + window + 1]
    selected = queue.entries[queue.selected] if queue.entries else None
    return container(
        (item_node(entry.item, extra={"playQueueItemID": entry.id}) for entry in shown),
        identifier="com.plexapp.plugins.library",
        mediaTagPrefix="/system/bundle/media/flags/",
        playQueueID=queue.id,
        playQueueSelectedItemID=selected.id if selected else None,
        playQueueSelectedItemOffset=queue.selected,
        playQueueSelectedMetadataItemID=str(selected.item.rating_key) if selected else None,
        playQueueShuffled=queue.shuffled,
        playQueueSourceURI=queue.source_uri,
        playQueueTotalCount=len(queue.entries),
        playQueueVersion=queue.version,
        playQueueLastAddedItemID=queue.last_added_id,
    )
