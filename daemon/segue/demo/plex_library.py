"""What the simulated Plex server has: sections, and in them items with parents and children.

Everything has a rating key, given in order, and keeps it for ever. `plex_catalogue` invents a small library.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

ItemType = Literal["movie", "show", "season", "episode", "artist", "album", "track"]
SectionType = Literal["movie", "show", "artist"]

TYPE_NUMBERS: Final[dict[str, int]] = {
    "movie": 1,
    "show": 2,
    "season": 3,
    "episode": 4,
    "artist": 8,
    "album": 9,
    "track": 10,
}
"""Numbers of the item types in `?type=` (API document, "Media Queries")."""
LEVELS: Final[dict[SectionType, tuple[ItemType, ...]]] = {
    "movie": ("movie",),
    "show": ("show", "season", "episode"),
    "artist": ("artist", "album", "track"),
}
"""What a section holds, from the top down."""
AGENTS: Final[dict[SectionType, tuple[str, str]]] = {
    "movie": ("tv.plex.agents.movie", "Plex Movie"),
    "show": ("tv.plex.agents.series", "Plex TV Series"),
    "artist": ("tv.plex.agents.music", "Plex Music"),
}
"""The agent and the scanner that a new section gets."""
PLAYABLE: Final = frozenset({"movie", "episode", "track"})
REFERENCE_LUFS: Final = -18.0
"""Plex's gain is what is missing to this loudness, as in ReplayGain 2."""


@dataclass(frozen=True)
class Loudness:
    """What the server's loudness analysis found. Loudness in LUFS, gain in dB, range in LU, peak of full scale 1."""

    loudness: float
    album_loudness: float
    peak: float = 0.95
    album_peak: float = 0.99
    range_lu: float = 6.0
    album_range_lu: float = 8.0

    @property
    def gain(self) -> float:
        """Gain that takes the track to the reference."""
        return round(REFERENCE_LUFS - self.loudness, 2)

    @property
    def album_gain(self) -> float:
        """Gain that takes its album to the reference."""
        return round(REFERENCE_LUFS - self.album_loudness, 2)


@dataclass(frozen=True)
class Subtitle:
    """A file of subtitles beside a film or an episode."""

    path: str
    codec: str
    language: str = ""
    """As its name says it: `en`, `deu`."""
    forced: bool = False
    hearing_impaired: bool = False


@dataclass(frozen=True)
class File:
    """The file behind something playable. Bitrate in kbit/s; video fields are empty for music."""

    path: str
    container: str
    audio_codec: str
    bitrate: int
    channels: int = 2
    bit_depth: int = 16
    sampling_rate: int = 44100
    video_codec: str = ""
    width: int = 0
    height: int = 0
    size: int | None = None
    """Bytes; nothing for files that are on no disk, whose size follows from bitrate and length."""
    subtitles: tuple[Subtitle, ...] = ()
    more_parts: tuple["File", ...] = ()
    """What follows, of a film in several files."""

    @property
    def parts(self) -> tuple["File", ...]:
        """All of its files, in the order in which they are played."""
        return (self, *self.more_parts)

    @property
    def resolution(self) -> str:
        """The class of resolution, as Plex names it: `4k`, `1080`, `720` or `sd`."""
        names = ((2000, "4k"), (1000, "1080"), (700, "720"))
        return next((name for least, name in names if self.height >= least), "sd")


@dataclass(eq=False)
class Item:
    """A film, show, season, episode, artist, album or track."""

    type: ItemType
    title: str
    guid: str = ""
    external: tuple[str, ...] = ()
    """Ids elsewhere, e.g. `tmdb://603`; told only to those who ask for them (`includeGuids=1`)."""
    index: int | None = None
    """Number of the season, episode or track."""
    year: int | None = None
    duration_ms: int | None = None
    summary: str = ""
    genres: tuple[str, ...] = ()
    studio: str = ""
    edition: str = ""
    air_date: str = ""
    """`YYYY-MM-DD`, of an episode."""
    files: list[File] = field(default_factory=list)
    """One for each version of it."""
    folders: tuple[str, ...] = ()
    """Where a show lies."""
    loudness: Loudness | None = None
    children: list["Item"] = field(default_factory=list)
    # ------------------------------------------------ given by the library
    rating_key: int = 0
    section: "Section" = field(default_factory=lambda: UNFILED)
    parent: "Item | None" = None
    added_at: int = 0
    updated_at: int = 0
    # ------------------------------------------------ what users did
    view_count: int = 0
    view_offset_ms: int = 0
    last_viewed_at: int | None = None
    user_rating: float | None = None

    def __repr__(self) -> str:
        return f"<{self.type} {self.rating_key} {self.title!r}>"

    @property
    def file(self) -> File | None:
        """Its first version, which is what players play."""
        return self.files[0] if self.files else None

    @property
    def key(self) -> str:
        """Path of the item itself."""
        return f"/library/metadata/{self.rating_key}"

    @property
    def is_playable(self) -> bool:
        """Whether it has a file of its own."""
        return self.type in PLAYABLE

    @property
    def grandparent(self) -> "Item | None":
        """The artist of a track, the show of an episode."""
        return self.parent.parent if self.parent else None

    def leaves(self) -> list["Item"]:
        """Give everything playable below it, in order; itself if it is playable."""
        if self.is_playable:
            return [self]
        return [leaf for child in self.children for leaf in child.leaves()]

    def descendants(self) -> Iterator["Item"]:
        """Give itself and everything below it, parents first."""
        yield self
        for child in self.children:
            yield from child.descendants()


@dataclass(eq=False)
class Section:
    """One library of the server, as a user calls it."""

    key: int
    type: SectionType
    title: str
    agent: str
    scanner: str
    locations: tuple[str, ...]
    uuid: str
    items: list[Item] = field(default_factory=list)
    content_changed_at: int = 1
    """Rises with every change: a counter, in spite of its name."""
    scanned_at: int = 0
    refreshing: bool = False
    on_disk: bool = False
    """Whether its folders are really there, and are looked at by a scan."""

    def all(self, item_type: str | None = None) -> list[Item]:
        """Give the items of one type, by default the top level."""
        if item_type is None or item_type == self.type:
            return list(self.items)
        return [each for top in self.items for each in top.descendants() if each.type == item_type]


UNFILED: Final[Section] = Section(0, "movie", "", "", "", (), "")
"""Where an item is before it was put into a library."""


class Library:
    """All sections and items. `now` gives the wall time for what is added later."""

    def __init__(self, sections: Iterable[Section], *, now: Callable[[], float]) -> None:
        self.sections = {section.key: section for section in sections}
        self._items: dict[int, Item] = {}
        self._next_key = 1
        self.now = now
        """The wall time, in seconds."""

    def item(self, rating_key: int) -> Item | None:
        """Find an item."""
        return self._items.get(rating_key)

    def items(self) -> list[Item]:
        """Give all items, in the order of their rating keys."""
        return list(self._items.values())

    def find(self, title: str, item_type: str | None = None) -> Item:
        """Give the first item of that title. Raises LookupError."""
        for item in self._items.values():
            if item.title == title and item_type in (None, item.type):
                return item
        raise LookupError(f"the simulated library has no {item_type or 'item'} {title!r}")

    def section(self, section_type: SectionType) -> Section:
        """Give the first section of a type. Raises LookupError."""
        for section in self.sections.values():
            if section.type == section_type:
                return section
        raise LookupError(f"the simulated library has no section of type {section_type!r}")

    def add_section(
        self, section_type: SectionType, title: str, *folders: str | os.PathLike[str], agent: str = ""
    ) -> Section:
        """Make a section of folders on the disk, still empty; a scan will see what is in them.

        `agent` may be one of the older ones, `com.plexapp.agents.thetvdb` for instance: then items bear its guids.
        """
        own_agent, scanner = AGENTS[section_type]
        key = max(self.sections, default=0) + 1
        section = Section(
            key,
            section_type,
            title,
            agent or own_agent,
            scanner,
            tuple(os.fspath(folder) for folder in folders),
            f"b0a0c3f0-1d7a-4a3e-9c51-{key:012x}",
            on_disk=True,
        )
        self.sections[key] = section
        return section

    def add(self, section: Section, item: Item, parent: Item | None = None, *, at: int | None = None) -> Item:
        """Put an item, with its children, into a section or below a parent. `at` is when, in wall time."""
        moment = int(self.now()) if at is None else at
        (parent.children if parent else section.items).append(item)
        self._file(section, item, parent, moment)
        section.content_changed_at += 1
        return item

    def remove(self, item: Item) -> None:
        """Take an item away, with its children."""
        (item.parent.children if item.parent else item.section.items).remove(item)
        for gone in item.descendants():
            del self._items[gone.rating_key]
        item.section.content_changed_at += 1

    def touch(self, item: Item) -> None:
        """Mark an item as changed now."""
        item.updated_at = int(self.now())
        item.section.content_changed_at += 1

    def search(self, words: str) -> list[Item]:
        """Find items of which the title holds the words, whatever their case."""
        wanted = words.casefold().strip()
        return [item for item in self._items.values() if wanted and wanted in item.title.casefold()]

    def by_guid(self, guid: str) -> list[Item]:
        """Find items by the server's id or by an id elsewhere."""
        return [item for item in self._items.values() if guid == item.guid or guid in item.external]

    def _file(self, section: Section, item: Item, parent: Item | None, at: int) -> None:
        item.rating_key, self._next_key = self._next_key, self._next_key + 1
        item.section, item.parent = section, parent
        item.added_at = item.updated_at = at
        item.guid = item.guid or f"plex://{item.type}/{_hex_id(item.rating_key)}"
        self._items[item.rating_key] = item
        for child in item.children:
            self._file(section, child, item, at)


def _hex_id(number: int) -> str:
    """Make an id of 24 hexadecimal digits, always the same for the same number."""
    return f"{number * 2654435761 % 2**32:08x}{number:016x}"
