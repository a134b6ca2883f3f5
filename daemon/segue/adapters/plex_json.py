"""What a Plex server says of its library in JSON, read into plain values.

Theory of operation. As with the sessions (`plex_xml`), an answer as a whole is believed or not: it must be JSON, with a
`MediaContainer` in it, and what it announces must be there; anything else is `PlexUnreadable`, which means *unknown*
and never "the library has none". Within an item it is the other way round: some sixty fields come as text from one
server and as a number from the next, so every field is read leniently, and what makes no sense counts as not said.

JSON and not XML, since listings are long: a fifth of the time. References: the server's API document 1.2.0, schemas
"MediaContainer", "Metadata", "Media", "Part"; `/library/sections`.
"""

import posixpath
from typing import Any, Literal

import msgspec

from segue.adapters.plex_guid import ExternalIds, external_ids
from segue.adapters.plex_xml import PlexUnreadable

PAGE_BYTES = 16 * 1024 * 1024
"""Longest body that is parsed at all; 500 films with their files need 2 MB."""

SectionKind = Literal["movie", "show", "artist", "photo", "other"]
_KINDS: dict[str, SectionKind] = {"movie": "movie", "show": "show", "artist": "artist", "photo": "photo"}


# ------------------------------------------------------------------ what is read


class Section(msgspec.Struct, frozen=True):
    """A library, as its users call it."""

    key: str
    title: str
    kind: SectionKind
    uuid: str = ""
    locations: tuple[str, ...] = ()
    """Its folders, as the server sees them."""
    refreshing: bool = False
    """True while the server scans it."""
    scanned_at: int | None = None
    """When the server last scanned it, in seconds since the Unix epoch."""
    content_changed_at: int | None = None
    """Rises with every change: a counter, in spite of its name."""
    agent: str = ""


class MediaFile(msgspec.Struct, frozen=True):
    """One file of a film or an episode."""

    path: str
    """As the server sees it."""
    size: int | None = None
    """Bytes, as the server last saw it."""
    resolution: str = ""
    """`4k`, `1080`, `720`, `576`, `480` or `sd`, as Plex says it."""
    container: str = ""
    duration_ms: int | None = None


class EpisodeOnServer(msgspec.Struct, frozen=True):
    """An episode that the server has. A file that holds several is a file of each of them."""

    rating_key: str
    season: int | None
    """0 for specials."""
    number: int | None
    """Nothing for some dated episodes."""
    title: str = ""
    air_date: str = ""
    """`YYYY-MM-DD`."""
    files: tuple[MediaFile, ...] = ()


class ItemOnServer(msgspec.Struct, frozen=True):
    """A film or a show that the server has."""

    rating_key: str
    kind: Literal["movie", "show"]
    title: str
    year: int | None = None
    edition: str = ""
    ids: ExternalIds = ExternalIds()
    guids: tuple[str, ...] = ()
    """As the server writes them, its own first."""
    section_key: str = ""
    files: tuple[MediaFile, ...] = ()
    """Of a film: several for several versions or parts."""
    locations: tuple[str, ...] = ()
    """Of a show: its folders."""
    episodes: tuple[EpisodeOnServer, ...] = ()
    """Of a show, in the server's order."""

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that it lies in, as the server sees them: those of a film's files, or a show's own."""
        if self.locations:
            return self.locations
        files = [*self.files, *(file for episode in self.episodes for file in episode.files)]
        return tuple(dict.fromkeys(posixpath.dirname(file.path) for file in files))


class ServerStatus(msgspec.Struct, frozen=True):
    """Which server this is, and that it takes our token."""

    machine_identifier: str
    version: str
    name: str = ""


class Page(msgspec.Struct, frozen=True):
    """A part of a listing."""

    items: "tuple[RawItem, ...]"
    total: int | None = None
    """How many there are in all; nothing when the server does not say."""


# ------------------------------------------------------------------ as the server writes it


class RawPart(msgspec.Struct):
    """`Part`."""

    file: Any = None
    size: Any = None
    container: Any = None
    duration: Any = None


class RawMedia(msgspec.Struct):
    """`Media`."""

    videoResolution: Any = None  # noqa: N815 - as Plex writes it, here and below
    container: Any = None
    duration: Any = None
    Part: list[RawPart] | None = None


class RawItem(msgspec.Struct):
    """`Metadata`: the fields that are of use to us."""

    ratingKey: Any = None  # noqa: N815
    type: Any = None
    title: Any = None
    year: Any = None
    editionTitle: Any = None  # noqa: N815
    guid: Any = None
    Guid: Any = None
    index: Any = None
    parentIndex: Any = None  # noqa: N815
    originallyAvailableAt: Any = None  # noqa: N815
    librarySectionID: Any = None  # noqa: N815
    grandparentTitle: Any = None  # noqa: N815
    Location: Any = None
    Media: list[RawMedia] | None = None


class _RawSection(msgspec.Struct):
    key: Any = None
    type: Any = None
    title: Any = None
    uuid: Any = None
    agent: Any = None
    refreshing: Any = None
    scannedAt: Any = None  # noqa: N815
    contentChangedAt: Any = None  # noqa: N815
    Location: Any = None


class _Container(msgspec.Struct):
    size: Any = None
    totalSize: Any = None  # noqa: N815
    machineIdentifier: Any = None  # noqa: N815
    version: Any = None
    friendlyName: Any = None  # noqa: N815
    Metadata: list[RawItem] | None = None
    Directory: list[_RawSection] | None = None


class _Answer(msgspec.Struct):
    MediaContainer: _Container


_DECODER = msgspec.json.Decoder(_Answer)
_BAD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)
"""What decoding raises: of bad JSON, of bad UTF-8, of 10,000 brackets, of a number of 10,000 digits."""


# ------------------------------------------------------------------ reading


def parse_sections(body: bytes) -> tuple[Section, ...]:
    """Read `/library/sections`. Raises `PlexUnreadable`."""
    container = _container(body)
    entries = container.Directory or []
    _check_count(container, len(entries))
    read = [_section(entry) for entry in entries]
    return tuple(section for section in read if section.key)


def parse_page(body: bytes) -> Page:
    """Read a listing, or a part of one. Raises `PlexUnreadable`."""
    container = _container(body)
    items = container.Metadata or []
    _check_count(container, len(items))
    return Page(tuple(items), whole(container.totalSize))


def parse_status(body: bytes) -> ServerStatus:
    """Read the server's root, `/`. Raises `PlexUnreadable`."""
    container = _container(body)
    identifier = text(container.machineIdentifier)
    if not identifier:
        raise PlexUnreadable("the answer names no machineIdentifier: is this a Plex Media Server?")
    return ServerStatus(identifier, text(container.version), text(container.friendlyName))


def read_item(raw: RawItem, kind: Literal["movie", "show"], section_key: str) -> ItemOnServer:
    """Read a film or a show of a listing."""
    guids = guids_of(raw)
    return ItemOnServer(
        rating_key=text(raw.ratingKey),
        kind=kind,
        title=text(raw.title),
        year=whole(raw.year),
        edition=text(raw.editionTitle),
        # What the newer agents write comes first: `guid` may still be that of an agent that was left behind.
        ids=external_ids([*guids[1:], *guids[:1]]),
        guids=tuple(guid for guid in guids if guid),
        section_key=text(raw.librarySectionID) or section_key,
        files=files_of(raw),
        locations=locations(raw.Location),
    )


def read_episode(raw: RawItem) -> EpisodeOnServer:
    """Read an episode of a listing."""
    return EpisodeOnServer(
        rating_key=text(raw.ratingKey),
        season=whole(raw.parentIndex),
        number=whole(raw.index),
        title=text(raw.title),
        air_date=text(raw.originallyAvailableAt)[:10],
        files=files_of(raw),
    )


def locations(value: object) -> tuple[str, ...]:
    """Read the paths of `Location` entries."""
    entries = value if isinstance(value, list) else []
    paths = [text(entry.get("path")) for entry in entries if isinstance(entry, dict)]
    return tuple(dict.fromkeys(path for path in paths if path))


def text(value: object) -> str:
    """Read a text; a whole number is its digits, everything else is empty."""
    if isinstance(value, str):
        return value
    number = whole(value)
    return "" if number is None else str(number)


def whole(value: object) -> int | None:
    """Read a whole number out of a number or a text; nothing where there is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if abs(value) < 2**53 else None
    if isinstance(value, int):
        return value if abs(value) < 2**63 else None
    digits = value.strip() if isinstance(value, str) else ""
    sign, digits = (-1, digits[1:]) if digits.startswith("-") else (1, digits)
    return sign * int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


# ------------------------------------------------------------------ small helpers


def _container(body: bytes) -> _Container:
    """Decode an answer; bytes that are no UTF-8 are replaced, once."""
    try:
        return _DECODER.decode(body).MediaContainer
    except _BAD as error:
        reason = _reason(error)
    mended = body.decode("utf-8", "replace").encode()
    if mended != body:
        try:
            return _DECODER.decode(mended).MediaContainer
        except _BAD as error:
            reason = _reason(error)
    raise PlexUnreadable(f"the answer is not Plex' JSON: {reason}")


def _reason(error: Exception) -> str:
    return str(error)[:200]


def _check_count(container: _Container, held: int) -> None:
    """Refuse an answer that announces entries and holds none: "there is nothing" must be the server's own word."""
    announced = whole(container.size)
    if held == 0 and announced:
        raise PlexUnreadable(f"the answer announces {announced} entries and holds none")


def _section(raw: _RawSection) -> Section:
    return Section(
        key=text(raw.key),
        title=text(raw.title),
        kind=_KINDS.get(text(raw.type), "other"),
        uuid=text(raw.uuid),
        locations=locations(raw.Location),
        refreshing=raw.refreshing is True or text(raw.refreshing) in ("1", "true"),
        scanned_at=whole(raw.scannedAt),
        content_changed_at=whole(raw.contentChangedAt),
        agent=text(raw.agent),
    )


def guids_of(raw: RawItem) -> list[str]:
    """Give the server's own guid, or an empty text, and then those of other databases."""
    own = raw.guid[0] if isinstance(raw.guid, list) and raw.guid else raw.guid
    others = raw.Guid if isinstance(raw.Guid, list) else []
    return [text(own), *(text(entry.get("id")) for entry in others if isinstance(entry, dict))]


def files_of(raw: RawItem) -> tuple[MediaFile, ...]:
    """Give the files of a film or an episode, each with its length where that is known."""
    return tuple(
        MediaFile(
            path=text(part.file),
            size=whole(part.size),
            resolution=text(media.videoResolution),
            container=text(part.container) or text(media.container),
            duration_ms=whole(part.duration) or whole(media.duration),
        )
        for media in raw.Media or []
        for part in media.Part or []
        if text(part.file)
    )
