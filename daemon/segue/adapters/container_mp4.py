"""MP4, M4V and QuickTime movies, as far as they say how long they are and where their parts lie.

References: ISO/IEC 14496-12 (boxes in 4.2, `mvhd` in 8.2.2, sample tables in 8.5 to 8.7, fragments in 8.8); Apple's
QuickTime File Format, which has the same boxes under the name of atoms.

Boxes follow one another up to the end of the file, exactly. A film needs its index (`moov`) and its data (`mdat`). The
index names where every chunk of a track lies; samples of those chunks must hold data.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from segue.adapters.container_reader import SAMPLES, Broken, Draft, Unsure, Window, spread, unwritten

FIRST: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"})
"""What a file may begin with; QuickTime's older ones have no `ftyp`."""
HEADER: Final = 16
TRACKS: Final = 16
"""So many tracks are read."""
INSIDE: Final = 256
"""So many boxes are read within one box of the index."""


class Box(NamedTuple):
    """Where a box lies: its header begins at `start`, its contents at `data`."""

    type: bytes
    start: int
    data: int
    end: int


@dataclass(slots=True)
class _Film:
    """What the walk along the file found."""

    moov: Box | None = None
    last_moof: Box | None = None
    mdat_bytes: int = 0
    closed: bool = False
    """True when the file ends with the index of its fragments: whoever wrote it has finished."""


@dataclass(slots=True)
class _Track:
    """What the index says of one track."""

    handler: bytes = b""
    timescale: int = 0
    number: int = 0
    tables: dict[bytes, Box] = field(default_factory=dict)
    """`stco`, `co64`, `stsc`, `stsz`."""


def begins(head: bytes) -> bool:
    """Tell whether a file begins with a box that may stand first."""
    return head[4:8] in FIRST


def examine(file: Window, draft: Draft) -> str:
    """Visit the parts. Returns a sentence, raises `Broken` and `Unsure`; see `container_reader`."""
    film = _Film()
    damage = None
    try:
        _walk(file, film)
    except Broken as broken:
        damage = broken
    # A film that is cut off behind its index still says how long it plays.
    tracks, fragmented_s = _read_index(file, film.moov, draft) if film.moov else ([], None)
    if damage is not None:
        raise damage
    if film.moov is None:
        raise Broken("there is no moov box: the index, which many programs write last, is missing")
    if film.last_moof is not None:
        return _examine_fragments(file, film, tracks, fragmented_s, draft)
    if not film.mdat_bytes:
        raise Broken("there is no mdat box: the film itself is missing")
    visited = sum(_visit_chunks(file, track) for track in _worth_a_visit(tracks))
    if not visited:
        raise Unsure("all boxes are there, but the index names no chunk that could be looked at")
    return f"the boxes fill the file, and the {visited:,} chunks looked at hold data"


# ------------------------------------------------------------------ boxes


def _box(file: Window, at: int, limit: int) -> Box:
    """Read a box's header. `limit` is where the box around it ends. Raises `Broken`."""
    data = file.read(at, HEADER)
    size = int.from_bytes(data[:4], "big")
    kind = data[4:8]
    if len(data) < 8:
        raise Broken(f"the file ends within the header of a box, at byte {at:,}")
    if not _is_type(kind):
        if file.is_unwritten(at, 64):
            raise unwritten("the box", at)
        raise Broken(f"what stands at byte {at:,} is no box")
    body = at + 8
    if size == 1:
        size, body = int.from_bytes(data[8:16], "big"), at + 16
    elif size == 0:
        size = limit - at
    if at + size < body:
        raise Broken(f"the box {_name(kind)} at byte {at:,} says an impossible size of {size:,} bytes")
    return Box(kind, at, body, at + size)


def _is_type(kind: bytes) -> bool:
    """Tell whether four bytes can name a box: printable, or with the copyright sign of Apple's user data."""
    return len(kind) == 4 and all(32 <= byte < 127 or byte == 0xA9 for byte in kind)


def _name(kind: bytes) -> str:
    return kind.decode("latin-1").strip()


def _inside(file: Window, box: Box, offset: int = 0) -> Iterator[Box]:
    """Give the boxes within a box, up to its end or to nonsense."""
    at = box.data + offset
    for _ in range(INSIDE):
        if at + 8 > min(box.end, file.size):
            return
        try:
            child = _box(file, at, box.end)
        except Broken:
            return
        yield child
        at = child.end


def _walk(file: Window, film: _Film) -> None:
    """Go from box to box, which must meet the end of the file exactly."""
    at = 0
    while at < file.size:
        box = _box(file, at, file.size)
        if box.type == b"moov" and film.moov is None:
            film.moov = box
        elif box.type == b"mdat":
            film.mdat_bytes += box.end - box.data
        elif box.type == b"moof":
            film.last_moof = box
        film.closed = box.type == b"mfra"
        if box.end > file.size:
            size, have = box.end - box.start, file.size - box.start
            raise Broken(f"the box {_name(box.type)} says {size:,} bytes, the file has {have:,} of them")
        at = box.end


# ------------------------------------------------------------------ the index


def _read_index(file: Window, moov: Box, draft: Draft) -> tuple[list[_Track], float | None]:
    """Read duration and tracks. The second value is the duration of a fragmented film, where one is announced."""
    tracks: list[_Track] = []
    timescale, fragments = 0, 0
    for box in _inside(file, moov):
        if box.type == b"mvhd":
            timescale, duration = _clock(file, box)
            if timescale and duration:
                draft.lasts(duration / timescale)
        elif box.type == b"trak" and len(tracks) < TRACKS:
            tracks.append(_read_track(file, box))
        elif box.type == b"mvex":
            fragments = _announced_fragments(file, box)
    fragmented_s = fragments / timescale if timescale and fragments else None
    if draft.duration_s is None and fragmented_s is not None:
        draft.lasts(fragmented_s)
    return tracks, fragmented_s


def _clock(file: Window, box: Box) -> tuple[int, int]:
    """Read time scale and duration of `mvhd` or `mdhd`; a duration of all ones is an unknown one."""
    data = file.read(box.data, 32)
    if len(data) < 20:
        return 0, 0
    if data[0] == 1:
        timescale, duration, unknown = data[20:24], data[24:32], 0xFFFFFFFFFFFFFFFF
    else:
        timescale, duration, unknown = data[12:16], data[16:20], 0xFFFFFFFF
    value = int.from_bytes(duration, "big")
    return int.from_bytes(timescale, "big"), 0 if value == unknown else value


def _announced_fragments(file: Window, mvex: Box) -> int:
    """Read how long all fragments together are (`mehd`), in the film's time scale; 0 where that is not said."""
    for box in _inside(file, mvex):
        if box.type == b"mehd":
            data = file.read(box.data, 12)
            return int.from_bytes(data[4:12] if data[:1] == b"\1" else data[4:8], "big")
    return 0


def _read_track(file: Window, trak: Box) -> _Track:
    track = _Track()
    for box in _inside(file, trak):
        if box.type == b"tkhd":
            data = file.read(box.data, 24)
            track.number = int.from_bytes(data[20:24] if data[:1] == b"\1" else data[12:16], "big")
        elif box.type == b"mdia":
            _read_media(file, box, track)
    return track


def _read_media(file: Window, mdia: Box, track: _Track) -> None:
    for box in _inside(file, mdia):
        if box.type == b"mdhd":
            track.timescale, _ = _clock(file, box)
        elif box.type == b"hdlr":
            track.handler = file.read(box.data + 8, 4)
        elif box.type == b"minf":
            for inner in _inside(file, box):
                if inner.type == b"stbl":
                    track.tables = {table.type: table for table in _inside(file, inner)}


# ------------------------------------------------------------------ the chunks


def _worth_a_visit(tracks: list[_Track]) -> list[_Track]:
    """Choose the pictures: sound may be uncompressed silence, which looks like what was never written."""
    named = [track for track in tracks if b"stco" in track.tables or b"co64" in track.tables]
    return [track for track in named if track.handler == b"vide"] or named


def _visit_chunks(file: Window, track: _Track) -> int:
    """Check that chunks lie within the file and hold data. Gives how many were visited."""
    width = 8 if b"co64" in track.tables else 4
    table = track.tables[b"co64" if width == 8 else b"stco"]
    count = _entries(file, table, 4, width)
    for index in spread(count, SAMPLES):
        at = int.from_bytes(file.read(table.data + 8 + index * width, width), "big")
        _visit(file, at)
    if count:
        last = int.from_bytes(file.read(table.data + 8 + (count - 1) * width, width), "big")
        _visit(file, _last_sample(file, track, last))
    return min(count, SAMPLES)


def _visit(file: Window, at: int) -> None:
    if at >= file.size:
        raise Broken(f"a chunk should lie at byte {at:,}, the file has {file.size:,} bytes")
    if file.is_unwritten(at, 64):
        raise unwritten("the chunk", at)


def _entries(file: Window, table: Box, offset: int, width: int) -> int:
    """Read how many entries a table has, at most as many as its box can hold."""
    count = int.from_bytes(file.read(table.data + offset, 4), "big")
    return max(0, min(count, (table.end - table.data - offset - 4) // width))


def _last_sample(file: Window, track: _Track, chunk: int) -> int:
    """Find where the last picture begins: the end of a film is what a download may have left out."""
    stsc, stsz = track.tables.get(b"stsc"), track.tables.get(b"stsz")
    if stsc is None or stsz is None or not (runs := _entries(file, stsc, 4, 12)):
        return chunk
    per_chunk = int.from_bytes(file.read(stsc.data + 8 + (runs - 1) * 12 + 4, 4), "big")
    head = file.read(stsz.data + 4, 8)
    same, count = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    before = min(per_chunk, count) - 1
    if before <= 0 or before > 4096:
        return chunk
    if same:
        return chunk + before * same
    sizes = file.read(stsz.data + 12 + (count - before - 1) * 4, before * 4)
    return chunk + sum(int.from_bytes(sizes[at : at + 4], "big") for at in range(0, len(sizes), 4))


# ------------------------------------------------------------------ fragments


def _examine_fragments(
    file: Window, film: _Film, tracks: list[_Track], announced_s: float | None, draft: Draft
) -> str:
    """Judge a film in fragments, which may go on: it is whole when it says where it ends."""
    assert film.last_moof is not None
    reached_s = _begin_of(file, film.last_moof, tracks)
    if draft.duration_s is None and reached_s is not None:
        draft.lasts(reached_s)
    if not film.mdat_bytes:
        raise Broken("there is no mdat box: the film itself is missing")
    if film.closed:
        return "the boxes fill the file, and the index of its fragments ends it"
    if announced_s is not None and reached_s is not None:
        # The last fragment plays on for some seconds after its beginning.
        if reached_s >= announced_s - 30:
            return "the boxes fill the file, and its fragments reach the announced end"
        if reached_s < 0.9 * announced_s - 60:
            raise Broken(f"the fragments end at {reached_s:,.0f} s, the file announces {announced_s:,.0f} s")
    raise Unsure("the film is in fragments and does not say how many; up to here it is in order")


def _begin_of(file: Window, moof: Box, tracks: list[_Track]) -> float | None:
    """Read when a fragment begins, in seconds (`tfdt`), as the latest of its tracks has it."""
    scales = {track.number: track.timescale for track in tracks if track.timescale}
    begins_s: list[float] = []
    for traf in _inside(file, moof):
        if traf.type != b"traf":
            continue
        number = 0
        for box in _inside(file, traf):
            data = file.read(box.data, 12)
            if box.type == b"tfhd":
                number = int.from_bytes(data[4:8], "big")
            elif box.type == b"tfdt" and number in scales:
                time = int.from_bytes(data[4:12] if data[:1] == b"\1" else data[4:8], "big")
                begins_s.append(time / scales[number])
    return max(begins_s, default=None)
