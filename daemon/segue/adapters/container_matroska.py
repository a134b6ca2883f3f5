"""Matroska and WebM, as far as they say how long they are and where their parts lie.

References: RFC 8794 (EBML: variable-size numbers in section 4, unknown sizes in 6.2), RFC 9559 (Matroska: the element
ids, `SeekHead` in 6.3, `Cues` in 22).

A segment announces its size. Files that were set aside in full and are filled in any order have that size from the
first byte on, so the parts themselves are visited: what the SeekHead names, clusters that the Cues name, and the
chain of elements from the last of those clusters to the end.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from segue.adapters.container_reader import (
    BLOCK,
    SAMPLES,
    Broken,
    Draft,
    Unsure,
    Window,
    spread,
    too_short,
    unwritten,
)

EBML: Final = 0x1A45DFA3
SEGMENT: Final = 0x18538067
SEEK_HEAD: Final = 0x114D9B74
INFO: Final = 0x1549A966
CLUSTER: Final = 0x1F43B675
CUES: Final = 0x1C53BB6B
VOID: Final = 0xEC
CRC_32: Final = 0xBF
TOP_LEVEL: Final = {
    SEEK_HEAD: "SeekHead",
    INFO: "Info",
    0x1654AE6B: "Tracks",
    CLUSTER: "Cluster",
    CUES: "Cues",
    0x1941A469: "Attachments",
    0x1043A770: "Chapters",
    0x1254C367: "Tags",
    VOID: "Void",
    CRC_32: "CRC-32",
}
TIMESTAMP: Final = 0xE7
BLOCKS: Final = frozenset({0xA3, 0xA0})
IN_CLUSTER: Final = frozenset({TIMESTAMP, 0xA7, 0xAB, 0x5854, 0xAF, VOID, CRC_32}) | BLOCKS

HEADER: Final = 12
"""Bytes of the longest id and the longest size."""
CUES_BYTES: Final = 2 * 1024 * 1024
"""So much is read of the Cues; those of a long film have some 200 KB."""
TABLE_BYTES: Final = 64 * 1024
"""So much is read of SeekHead and Info."""
CHILDREN: Final = 50_000
"""So many children of one element are looked at."""
CLUSTER_BYTES: Final = 6 * 1024 * 1024
"""A suspicious cluster up to this size is read whole. Writers end theirs after 5 MB."""


class Element(NamedTuple):
    """Where an element lies. `end` is nothing for one of unknown size."""

    id: int
    start: int
    data: int
    end: int | None


@dataclass(slots=True)
class _Segment:
    """What is known of the segment so far."""

    data: int
    end: int
    sized: bool
    """False when its size is unknown: it goes on to the end of the file."""
    scale_ns: int = 1_000_000
    seeks: list[tuple[int, int]] = field(default_factory=list)
    cues: Element | None = None
    first_cluster: int | None = None


def begins(head: bytes) -> bool:
    """Tell whether a file begins as EBML does."""
    return head.startswith(EBML.to_bytes(4, "big"))


def examine(file: Window, draft: Draft) -> str:
    """Visit the parts. Returns a sentence, raises `Broken` and `Unsure`; see `container_reader`."""
    segment = _open_segment(file)
    _read_front(file, segment, draft)
    if segment.sized and segment.end > file.size:
        size = segment.end - segment.data
        have = max(0, file.size - segment.data)
        raise Broken(f"the segment says {size:,} bytes, the file has {have:,} of them")
    _follow_seeks(file, segment, draft)
    if segment.first_cluster is None:
        raise Broken("there is no cluster: the film itself is missing")
    clusters = _cued_clusters(file, segment) if segment.cues else []
    # Without cues, the walk goes by every cluster.
    walked = _walk_to_end(file, segment, clusters[-1] if clusters else segment.first_cluster)
    clusters = clusters or walked
    for index in spread(len(clusters), SAMPLES):
        _visit_cluster(file, segment, clusters[index], max(1, SAMPLES // len(clusters)))
    if draft.duration_s is None and walked:
        draft.lasts(_timestamp_s(file, segment, walked[-1]))
    if not segment.sized:
        raise Unsure("the segment says no size, as a recording that goes on does; up to here it is in order")
    if segment.end < file.size:
        raise Unsure(f"{file.size - segment.end:,} bytes follow the end of the segment")
    found = min(len(clusters), SAMPLES)
    return f"the segment fills the file, and the {found:,} clusters looked at are where they should be"


# ------------------------------------------------------------------ numbers and elements


def _number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int] | None:
    """Read a variable-size number: its value and its length; nothing where there is none. An unknown size is -1."""
    if at >= len(data) or data[at] == 0:
        return None
    length = 9 - data[at].bit_length()
    raw = data[at : at + length]
    if len(raw) < length:
        return None
    value = int.from_bytes(raw, "big")
    if keep_marker:
        return value, length
    mask = (1 << (7 * length)) - 1
    return (-1 if value & mask == mask else value & mask), length


def _parse(data: bytes, at: int, base: int) -> Element | None:
    """Read an element's header out of bytes that begin at `base` in the file; nothing where there is no header."""
    identity = _number(data, at, keep_marker=True)
    if identity is None or identity[1] > 4:
        return None
    size = _number(data, at + identity[1], keep_marker=False)
    if size is None:
        return None
    start = base + at
    body = start + identity[1] + size[1]
    return Element(identity[0], start, body, None if size[0] < 0 else body + size[0])


def _element(file: Window, at: int) -> Element | None:
    return _parse(file.read(at, HEADER), 0, at)


def _children(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give ids and contents within an element that was read, up to its end or to nonsense."""
    at = 0
    for _ in range(CHILDREN):
        child = _parse(data, at, 0)
        if child is None:
            return
        at = len(data) if child.end is None else min(child.end, len(data))
        yield child.id, data[child.data : at]


def _whole_number(data: bytes) -> int:
    return int.from_bytes(data[:8], "big")


def _float(data: bytes) -> float:
    if len(data) not in (4, 8):
        return math.nan
    value: float = struct.unpack(">f" if len(data) == 4 else ">d", data)[0]
    return value


# ------------------------------------------------------------------ the front


def _open_segment(file: Window) -> _Segment:
    header = _element(file, 0)
    if header is None or header.end is None:
        raise Broken("the EBML header is cut off")
    if header.end >= file.size:
        raise too_short("the EBML header", header.end, file)
    at = header.end
    for _ in range(16):
        segment = _element(file, at)
        if segment is None:
            raise unwritten("the segment", at) if file.is_unwritten(at) else Broken("there is no segment")
        if segment.id == SEGMENT:
            end = file.size if segment.end is None else segment.end
            return _Segment(segment.data, end, sized=segment.end is not None)
        if segment.id not in (VOID, CRC_32) or segment.end is None:
            break
        at = segment.end
    raise Broken("there is no segment")


def _read_front(file: Window, segment: _Segment, draft: Draft) -> None:
    """Read what stands before the first cluster."""
    at = segment.data
    while at < min(segment.end, file.size):
        element = _top_level(file, at)
        if element.id == CLUSTER:
            segment.first_cluster = at
            return
        _take_in(file, segment, element, draft)
        if element.end is None:
            raise Broken(f"the {TOP_LEVEL[element.id]} at byte {at:,} has no size")
        at = element.end


def _take_in(file: Window, segment: _Segment, element: Element, draft: Draft) -> None:
    if element.id == INFO:
        _read_info(_contents(file, element), segment, draft)
    elif element.id == SEEK_HEAD:
        for identity, position in _read_seeks(_contents(file, element)):
            segment.seeks.append((identity, segment.data + position))
    elif element.id == CUES:
        segment.cues = element


def _contents(file: Window, element: Element, most: int = TABLE_BYTES) -> bytes:
    end = element.data if element.end is None else element.end
    return file.read(element.data, min(end - element.data, most))


def _read_info(data: bytes, segment: _Segment, draft: Draft) -> None:
    fields = dict(_children(data))
    segment.scale_ns = _whole_number(fields.get(0x2AD7B1, b"")) or 1_000_000
    duration = _float(fields.get(0x4489, b""))
    if math.isfinite(duration):
        draft.lasts(duration * segment.scale_ns / 1e9)


def _read_seeks(data: bytes) -> Iterator[tuple[int, int]]:
    for identity, seek in _children(data):
        fields = dict(_children(seek)) if identity == 0x4DBB else {}
        if 0x53AB in fields and 0x53AC in fields:
            yield _whole_number(fields[0x53AB]), _whole_number(fields[0x53AC])


def _top_level(file: Window, at: int) -> Element:
    """Read the header of one of the segment's own children."""
    element = _element(file, at)
    if element is None or element.id not in TOP_LEVEL:
        if at + HEADER > file.size and element is None:
            raise Broken(f"the file ends within the header of a part, at byte {at:,}")
        if file.is_unwritten(at, 64):
            raise unwritten("the part", at)
        raise Broken(f"what stands at byte {at:,} is no part of a Matroska file")
    return element


# ------------------------------------------------------------------ the parts in their places


def _follow_seeks(file: Window, segment: _Segment, draft: Draft) -> None:
    """Visit what the SeekHead names, and read what stands behind the clusters."""
    for identity, at in segment.seeks[:64]:
        name = TOP_LEVEL.get(identity, f"element {identity:X}")
        if at >= file.size:
            raise Broken(f"the {name} should stand at byte {at:,}, the file has {file.size:,} bytes")
        element = _element(file, at)
        if element is None or element.id != identity:
            raise (
                unwritten(f"the {name}", at)
                if file.is_unwritten(at, 64)
                else Broken(f"the {name} is not at byte {at:,}, where the file says it is")
            )
        if element.end is not None and element.end > segment.end:
            raise too_short(f"the {name}", element.end, file)
        if identity == CUES or (identity == INFO and draft.duration_s is None):
            _take_in(file, segment, element, draft)


def _cued_clusters(file: Window, segment: _Segment) -> list[int]:
    """Read where the Cues say that clusters begin, in rising order."""
    assert segment.cues is not None
    places: set[int] = set()
    for identity, point in _children(_contents(file, segment.cues, CUES_BYTES)):
        if identity != 0xBB:
            continue
        for inner, positions in _children(point):
            if inner == 0xB7:
                places.update(_whole_number(value) for key, value in _children(positions) if key == 0xF1)
    return sorted(segment.data + place for place in places)


def _visit_cluster(file: Window, segment: _Segment, at: int, samples: int) -> None:
    """Check that a cluster begins here, that something begins where it ends, and that places between were written."""
    if at >= segment.end:
        raise Broken(f"a cluster should stand at byte {at:,}, the segment ends at byte {segment.end:,}")
    cluster = _top_level(file, at)
    if cluster.id != CLUSTER:
        raise Broken(f"no cluster stands at byte {at:,}, where the cues say one is")
    first = _element(file, cluster.data)
    if first is None or first.id not in IN_CLUSTER:
        raise unwritten("the cluster", at)
    if cluster.end is None:
        return
    if cluster.end > segment.end:
        raise too_short(f"the cluster at byte {at:,}", cluster.end, file)
    if cluster.end < segment.end:
        _top_level(file, cluster.end)
    length = cluster.end - cluster.data
    for number in range(1, samples + 1):
        place = cluster.data + length * number // (samples + 1)
        if cluster.end - place >= BLOCK and file.is_unwritten(place):
            _walk_blocks(file, cluster.data, cluster.end)
            return


def _walk_blocks(file: Window, start: int, end: int) -> None:
    """Tell silence from what was never written: silent sound is zeros within a block, and its block has a header."""
    data = file.read(start, min(end - start, CLUSTER_BYTES))
    at = 0
    for _ in range(CHILDREN):
        if at + HEADER > len(data):
            return
        child = _parse(data, at, 0)
        if child is None or child.id not in IN_CLUSTER:
            raise unwritten("a block", start + at)
        if child.end is None:
            return
        at = child.end


def _walk_to_end(file: Window, segment: _Segment, at: int) -> list[int]:
    """Go from part to part, which must meet the end exactly. Gives where the clusters among them begin."""
    clusters: list[int] = []
    while at < segment.end:
        element = _top_level(file, at)
        if element.id == CLUSTER:
            clusters.append(at)
        if element.end is None:
            at = _end_of_open_cluster(file, segment, element)
            continue
        if element.end > segment.end:
            raise too_short(f"the {TOP_LEVEL[element.id]} at byte {at:,}", element.end, file)
        at = element.end
    return clusters


def _end_of_open_cluster(file: Window, segment: _Segment, cluster: Element) -> int:
    """Go through a cluster of unknown size, block by block, to the first element that is not its child."""
    if cluster.id != CLUSTER:
        raise Broken(f"the {TOP_LEVEL[cluster.id]} at byte {cluster.start:,} has no size")
    at = cluster.data
    while at < segment.end:
        child = _element(file, at)
        if child is None or (child.id not in IN_CLUSTER and child.id not in TOP_LEVEL):
            raise (
                unwritten("a block", at)
                if file.is_unwritten(at, 64)
                else Broken(f"the file ends or breaks within a cluster, at byte {at:,}")
            )
        if child.id not in IN_CLUSTER:
            break
        if child.end is None or child.end > segment.end:
            raise Broken(f"the block at byte {at:,} is cut off by the end of the file")
        at = child.end
    return at


def _timestamp_s(file: Window, segment: _Segment, cluster: int) -> float:
    """Read when a cluster begins, in seconds; its timestamp is its first child, or follows a checksum."""
    fields = dict(_children(file.read(_top_level(file, cluster).data, 64)))
    return _whole_number(fields.get(TIMESTAMP, b"")) * segment.scale_ns / 1e9
