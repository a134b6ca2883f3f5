"""Library items, sections and files as Plex writes them.

Two forms of an item: the short one of listings, and the full one of `/library/metadata/N` and of sessions, which alone
has the streams with their loudness data. Reference: the server's API document 1.2.0, schema "Metadata"; the loudness
attributes as python-plexapi reads them.
"""

import zlib
from collections.abc import Iterable
from typing import Final

from segue.demo.plex_document import Node, Value
from segue.demo.plex_library import File, Item, ItemType, Section, Subtitle

ELEMENTS: Final[dict[ItemType, str]] = {
    "movie": "Video",
    "episode": "Video",
    "track": "Track",
    "show": "Directory",
    "season": "Directory",
    "artist": "Directory",
    "album": "Directory",
}
LANGUAGE: Final = "en-US"

Attributes = dict[str, Value | None]


def item_node(
    item: Item,
    *,
    media: bool = True,
    full: bool = False,
    guids: bool = False,
    extra: Attributes | None = None,
) -> Node:
    """Write an item: with its `media` or without, in `full` or short, with its ids elsewhere (`guids`) or without."""
    children = [Node("Genre", {"tag": genre}) for genre in item.genres]
    if guids:
        children += [Node("Guid", {"id": guid}) for guid in item.external]
    if media:
        children[:0] = [media_node(item, file, full=full) for file in item.files]
    if full:
        children += [Node("Location", {"path": folder}) for folder in item.folders]
    attributes = _own_attributes(item) | _ancestor_attributes(item) | _counts(item) | _history(item)
    if full:
        attributes |= section_attributes(item.section)
    return Node(ELEMENTS[item.type], attributes | (extra or {}), children, listed_as="Metadata")


def section_attributes(section: Section) -> Attributes:
    """Say which section something is in."""
    return {
        "librarySectionTitle": section.title,
        "librarySectionID": section.key,
        "librarySectionKey": f"/library/sections/{section.key}",
    }


def media_node(item: Item, file: File, *, full: bool, selected: bool = False) -> Node:
    """Write one version of an item, with its file or files; `selected` is for what is being played."""
    chosen: Attributes = {"selected": True} if selected else {}
    shared: Attributes = {"duration": item.duration_ms, "container": file.container}
    video: Attributes = {}
    if file.video_codec:
        video = {"width": file.width, "height": file.height, "videoResolution": file.resolution}
        video |= {"videoCodec": file.video_codec, "videoFrameRate": "24p", "aspectRatio": 1.78}
    media: Attributes = {
        "id": _file_id(item, file),
        "bitrate": file.bitrate,
        "audioChannels": file.channels,
        "audioCodec": file.audio_codec,
    }
    parts = [_part_node(item, part, full=full, selected=selected) for part in file.parts]
    return Node("Media", media | video | shared | chosen, parts)


def _part_node(item: Item, part: File, *, full: bool, selected: bool) -> Node:
    number = _file_id(item, part)
    attributes: Attributes = {
        "id": number,
        "key": f"/library/parts/{number}/{item.added_at}/file.{part.container}",
        "file": part.path,
        "size": part.bitrate * 125 * (item.duration_ms or 0) // 1000 if part.size is None else part.size,
        "duration": item.duration_ms,
        "container": part.container,
    }
    if selected:
        attributes |= {"decision": "directplay", "selected": True}
    return Node("Part", attributes, _streams(item, part, selected=selected) if full else [])


def section_node(section: Section) -> Node:
    """Write a section as `/library/sections` lists it."""
    return Node(
        "Directory",
        {
            "allowSync": True,
            "art": f"/:/resources/{section.type}-fanart.jpg",
            "composite": f"/library/sections/{section.key}/composite/{section.scanned_at}",
            "filters": True,
            "refreshing": section.refreshing,
            "thumb": f"/:/resources/{section.type}.png",
            "key": str(section.key),
            "type": section.type,
            "title": section.title,
            "agent": section.agent,
            "scanner": section.scanner,
            "language": LANGUAGE,
            "uuid": section.uuid,
            "updatedAt": section.scanned_at,
            "createdAt": 1_600_000_000,
            "scannedAt": section.scanned_at,
            "content": True,
            "directory": True,
            "contentChangedAt": section.content_changed_at,
            "hidden": 0,
        },
        [
            Node("Location", {"id": 100 * section.key + number, "path": path})
            for number, path in enumerate(section.locations)
        ],
    )


def listing_attributes(section: Section) -> dict[str, Value | None]:
    """Say what a listing of a section is about."""
    return {
        "allowSync": True,
        "art": f"/:/resources/{section.type}-fanart.jpg",
        "identifier": "com.plexapp.plugins.library",
        "librarySectionID": section.key,
        "librarySectionTitle": section.title,
        "librarySectionUUID": section.uuid,
        "mediaTagPrefix": "/system/bundle/media/flags/",
        "thumb": f"/:/resources/{section.type}.png",
        "title1": section.title,
        "viewGroup": section.type,
    }


def genre_id(genre: str) -> int:
    """Give the number under which clients filter by a genre."""
    return zlib.crc32(genre.encode()) % 100_000


def _own_attributes(item: Item) -> Attributes:
    lists_children = item.type in ("show", "season", "artist", "album")
    return {
        "ratingKey": str(item.rating_key),
        "key": item.key + ("/children" if lists_children else ""),
        "guid": item.guid,
        "studio": item.studio or None,
        "type": item.type,
        "title": item.title,
        "summary": item.summary,
        "editionTitle": item.edition or None,
        "originallyAvailableAt": item.air_date or None,
        "index": item.index,
        "year": item.year,
        "thumb": f"{item.key}/thumb/{item.updated_at}",
        "art": f"{item.key}/art/{item.updated_at}" if item.parent is None else None,
        "duration": item.duration_ms,
        "addedAt": item.added_at,
        "updatedAt": item.updated_at,
        "loudnessAnalysisVersion": _analysis_version(item),
    }


def _ancestor_attributes(item: Item) -> Attributes:
    made: Attributes = {}
    for prefix, other in (("parent", item.parent), ("grandparent", item.grandparent)):
        if other is not None:
            made |= {
                f"{prefix}RatingKey": str(other.rating_key),
                f"{prefix}Key": other.key,
                f"{prefix}Guid": other.guid,
                f"{prefix}Title": other.title,
                f"{prefix}Thumb": f"{other.key}/thumb/{other.updated_at}",
            }
    if item.parent is not None:
        made["parentIndex"] = item.parent.index
        made["parentYear"] = item.parent.year
        made["parentStudio"] = item.parent.studio or None
    return made


def _counts(item: Item) -> Attributes:
    if item.is_playable:
        return {}
    leaves = item.leaves()
    return {
        "leafCount": len(leaves) if item.type != "artist" else None,
        "viewedLeafCount": sum(leaf.view_count > 0 for leaf in leaves) if item.type != "artist" else None,
        "childCount": len(item.children) if item.type in ("show", "artist") else None,
    }


def _history(item: Item) -> Attributes:
    return {
        "viewCount": item.view_count or None,
        "viewOffset": item.view_offset_ms or None,
        "lastViewedAt": item.last_viewed_at,
        "userRating": item.user_rating,
    }


def _analysis_version(item: Item) -> str | None:
    analysed = item.type == "album" and all(leaf.loudness for leaf in item.leaves())
    return "1" if analysed else None


def _file_id(item: Item, file: File) -> int:
    """Give the number of a file: the first one's follows from its item, for those who read answers."""
    files = [part for version in item.files for part in version.parts]
    return 1000 + item.rating_key + 100_000 * next((n for n, each in enumerate(files) if each is file), 0)


def _streams(item: Item, file: File, *, selected: bool) -> Iterable[Node]:
    here: Attributes = {"location": "direct"} if selected else {}
    streams = []
    if file.video_codec:
        shown = f"{file.resolution} ({file.video_codec.upper()})"
        streams.append(
            Node(
                "Stream",
                {
                    "id": 20_000 + item.rating_key,
                    "streamType": 1,
                    "default": True,
                    "codec": file.video_codec,
                    "index": 0,
                    "bitrate": file.bitrate - 400,
                    "width": file.width,
                    "height": file.height,
                    "displayTitle": shown,
                    "extendedDisplayTitle": shown,
                    **here,
                },
            )
        )
    streams.append(Node("Stream", _audio_stream(item, file, len(streams)) | _loudness(item) | here))
    streams += [_subtitle_stream(item, number, each) for number, each in enumerate(file.subtitles)]
    return streams


def _subtitle_stream(item: Item, number: int, subtitle: Subtitle) -> Node:
    """Write subtitles that lie beside the film. A stream with a key is a file of its own."""
    shown = f"{subtitle.language or 'Unknown'} ({subtitle.codec.upper()} External)"
    key = 40_000 + 1000 * number + item.rating_key
    return Node(
        "Stream",
        {
            "id": key,
            "key": f"/library/streams/{key}",
            "streamType": 3,
            "codec": subtitle.codec,
            "format": subtitle.codec,
            "language": subtitle.language or None,
            "languageTag": subtitle.language or None,
            "forced": subtitle.forced or None,
            "hearingImpaired": subtitle.hearing_impaired or None,
            "file": subtitle.path,
            "displayTitle": shown,
            "extendedDisplayTitle": shown,
        },
    )


def _audio_stream(item: Item, file: File, index: int) -> Attributes:
    layout = {1: "mono", 2: "stereo", 6: "5.1"}.get(file.channels, f"{file.channels} channels")
    shown = f"{file.audio_codec.upper()} ({layout})"
    return {
        "id": 30_000 + item.rating_key,
        "streamType": 2,
        "selected": True,
        "codec": file.audio_codec,
        "index": index,
        "channels": file.channels,
        "bitrate": file.bitrate if not file.video_codec else 400,
        "audioChannelLayout": layout,
        "bitDepth": file.bit_depth,
        "samplingRate": file.sampling_rate,
        "displayTitle": shown,
        "extendedDisplayTitle": shown,
    }


def _loudness(item: Item) -> Attributes:
    """Write the loudness data, as strings; nothing before the analysis."""
    if item.loudness is None:
        return {}
    loudness = item.loudness
    return {
        "albumGain": f"{loudness.album_gain:.2f}",
        "albumPeak": f"{loudness.album_peak:.6f}",
        "albumRange": f"{loudness.album_range_lu:.6f}",
        "gain": f"{loudness.gain:.2f}",
        "loudness": f"{loudness.loudness:.2f}",
        "lra": f"{loudness.range_lu:.2f}",
        "peak": f"{loudness.peak:.6f}",
    }
