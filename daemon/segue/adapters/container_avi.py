"""AVI, as far as it says how long it is and where its parts lie.

References: Microsoft's "AVI RIFF File Reference" (`avih`, `strh`, `idx1`) and the OpenDML AVI File Format Extensions
1.02 (further `RIFF AVIX` chunks, the indexes `indx` and `ix##`, `dmlh`).

A file is one RIFF chunk after another, up to its end. The index of the first one (`idx1`) and, in OpenDML files, the
indexes that `indx` names say where pictures lie; samples of those places must hold what the index says.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from segue.adapters.container_reader import SAMPLES, Broken, Draft, Unsure, Window, spread, unwritten

INDEXES: Final = 64
"""So many OpenDML indexes are visited."""
PER_INDEX: Final = 24
"""So many pictures are visited for each of them."""
INSIDE: Final = 1024
"""So many chunks are read within one list."""


class Chunk(NamedTuple):
    """Where a chunk lies. `form` is the type of a list, and `data` begins behind it."""

    id: bytes
    form: bytes
    start: int
    data: int
    end: int


@dataclass(slots=True)
class _Film:
    """What the headers and the lists said."""

    frame_s: float = 0.0
    frames: int = 0
    stream_s: float = 0.0
    """How long the pictures last by their stream's own header."""
    indexes: list[Chunk] = field(default_factory=list)
    """`indx` of each stream."""
    movies: list[Chunk] = field(default_factory=list)
    idx1: Chunk | None = None


def begins(head: bytes) -> bool:
    """Tell whether a file begins with a RIFF chunk of the form AVI."""
    return head.startswith(b"RIFF") and head[8:12] == b"AVI "


def examine(file: Window, draft: Draft) -> str:
    """Visit the parts. Returns a sentence, raises `Broken` and `Unsure`; see `container_reader`."""
    film = _Film()
    first = _chunk(file, 0)
    _read_riff(file, first, film)
    draft.lasts(film.frames * film.frame_s)
    if draft.duration_s is None:
        draft.lasts(film.stream_s)
    _walk_riffs(file, first, film)
    if not film.movies or all(movie.end <= movie.data for movie in film.movies):
        raise Broken("there is no movi list: the film itself is missing")
    visited = _visit_old_index(file, film) + _visit_indexes(file, film)
    if not visited:
        raise Unsure("the sizes fit, but there is no index by which to look further")
    return f"the RIFF chunks fill the file, and the {visited:,} pictures looked at are where the index says"


# ------------------------------------------------------------------ chunks


def _chunk(file: Window, at: int) -> Chunk:
    """Read a chunk's header, and the form of a list. Raises `Broken`."""
    data = file.read(at, 12)
    if len(data) < 8:
        raise Broken(f"the file ends within the header of a chunk, at byte {at:,}")
    kind, size = data[:4], int.from_bytes(data[4:8], "little")
    if not all(32 <= byte < 127 for byte in kind):
        if file.is_unwritten(at, 64):
            raise unwritten("the chunk", at)
        raise Broken(f"what stands at byte {at:,} is no chunk")
    is_list = kind in (b"RIFF", b"LIST")
    return Chunk(kind, data[8:12] if is_list else b"", at, at + (12 if is_list else 8), at + 8 + size)


def _next(chunk: Chunk) -> int:
    """Give where the next chunk begins: they begin at even places."""
    return max(chunk.end + (chunk.end & 1), chunk.start + 8)


def _inside(file: Window, around: Chunk) -> Iterator[Chunk]:
    """Give the chunks within a list, up to its end, or to the end of the file or to nonsense."""
    at = around.data
    for _ in range(INSIDE):
        if at + 8 > min(around.end, file.size):
            return
        try:
            chunk = _chunk(file, at)
        except Broken:
            return
        yield chunk
        at = _next(chunk)


def _read_riff(file: Window, riff: Chunk, film: _Film) -> None:
    """Read what a RIFF chunk holds; only the first one has headers and the old index."""
    for chunk in _inside(file, riff):
        if chunk.form == b"hdrl":
            _read_headers(file, chunk, film)
        elif chunk.form == b"movi":
            film.movies.append(chunk)
        elif chunk.id == b"idx1":
            film.idx1 = chunk


def _walk_riffs(file: Window, riff: Chunk, film: _Film) -> None:
    """Go from RIFF chunk to RIFF chunk, which must meet the end of the file. Raises `Broken` and `Unsure`."""
    while True:
        if riff.end > file.size:
            size, have = riff.end - riff.start, file.size - riff.start
            raise Broken(f"the RIFF chunk says {size:,} bytes, the file has {have:,} of them")
        _check_parts(file, riff)
        at = _next(riff)
        if at >= file.size:
            return
        riff = _chunk(file, at)
        if riff.id == b"RIFF":
            _read_riff(file, riff, film)
        elif riff.id != b"JUNK":
            raise Unsure(f"{file.size - at:,} bytes follow the end of the film")


def _check_parts(file: Window, riff: Chunk) -> None:
    """Check that a RIFF chunk is full of chunks, the last of which ends where it does."""
    at = riff.data
    for _ in range(INSIDE):
        if at + 8 > riff.end:
            return
        chunk = _chunk(file, at)
        if chunk.end > riff.end:
            raise Broken(f"the chunk at byte {at:,} ends behind the RIFF chunk that it lies in")
        at = _next(chunk)


# ------------------------------------------------------------------ the headers


def _read_headers(file: Window, hdrl: Chunk, film: _Film) -> None:
    for chunk in _inside(file, hdrl):
        if chunk.id == b"avih":
            data = file.read(chunk.data, 20)
            film.frame_s = int.from_bytes(data[:4], "little") / 1e6
            film.frames = max(film.frames, int.from_bytes(data[16:20], "little"))
        elif chunk.form == b"strl":
            _read_stream(file, chunk, film)
        elif chunk.form == b"odml":
            for inner in _inside(file, chunk):
                if inner.id == b"dmlh":
                    # The old header counts the pictures of the first RIFF chunk only.
                    film.frames = max(film.frames, int.from_bytes(file.read(inner.data, 4), "little"))


def _read_stream(file: Window, strl: Chunk, film: _Film) -> None:
    for chunk in _inside(file, strl):
        if chunk.id == b"strh":
            data = file.read(chunk.data, 36)
            scale, rate = int.from_bytes(data[20:24], "little"), int.from_bytes(data[24:28], "little")
            if data[:4] == b"vids" and rate:
                film.stream_s = int.from_bytes(data[32:36], "little") * scale / rate
        elif chunk.id == b"indx":
            film.indexes.append(chunk)


# ------------------------------------------------------------------ the indexes


def _visit_old_index(file: Window, film: _Film) -> int:
    """Check that pictures lie where `idx1` says. Gives how many were visited."""
    if film.idx1 is None or not film.movies:
        return 0
    count = max(0, min(film.idx1.end, file.size) - film.idx1.data) // 16
    movie = film.movies[0]
    base: int | None = None
    for index in spread(count, SAMPLES):
        entry = file.read(film.idx1.data + index * 16, 16)
        offset = int.from_bytes(entry[8:12], "little")
        if not entry.strip(b"\0"):
            raise unwritten("the index", film.idx1.data + index * 16)
        # Writers count from the list's form or from the file's beginning; the first picture shows which.
        bases = (movie.data - 4, 0) if base is None else (base,)
        found = [start for start in bases if file.read(start + offset, 4) == entry[:4]]
        if not found:
            if base is None and not file.is_unwritten(bases[0] + offset, 64):
                raise Unsure("the sizes fit, but the index counts from a place that is not known")
            _complain(file, bases[0] + offset)
        base = found[0]
    return min(count, SAMPLES)


def _visit_indexes(file: Window, film: _Film) -> int:
    """Check that the OpenDML indexes are there, and pictures where they say. Gives how many were visited."""
    visited = 0
    for indx in film.indexes:
        head = file.read(indx.data, 24)
        if len(head) < 24 or head[3] != 0:
            continue  # An index without further ones below it.
        most = max(0, min(indx.end, file.size) - indx.data - 24) // 16
        count = min(int.from_bytes(head[4:8], "little"), most)
        for index in spread(count, INDEXES):
            at = int.from_bytes(file.read(indx.data + 24 + index * 16, 8), "little")
            visited += _visit_index(file, at)
    return visited


def _visit_index(file: Window, at: int) -> int:
    """Visit a few pictures of one index (`ix00`)."""
    chunk = _chunk(file, at)
    if not chunk.id.startswith(b"ix") and chunk.id[2:] != b"ix":
        raise Broken(f"no index stands at byte {at:,}, where the file says one is")
    if chunk.end > file.size:
        raise Broken(f"the index at byte {at:,} is cut off by the end of the file")
    head = file.read(chunk.data, 24)
    base = int.from_bytes(head[12:20], "little")
    count = min(int.from_bytes(head[4:8], "little"), (chunk.end - chunk.data - 24) // 8)
    for index in spread(count, PER_INDEX):
        offset = int.from_bytes(file.read(chunk.data + 24 + index * 8, 4), "little")
        # The offset is that of the data, behind the header of 8 bytes.
        if file.read(base + offset - 8, 4) != head[8:12]:
            _complain(file, base + offset - 8)
    return max(0, min(count, PER_INDEX))


def _complain(file: Window, at: int) -> None:
    if at >= file.size:
        raise Broken(f"a picture should lie at byte {at:,}, the file has {file.size:,} bytes")
    if file.is_unwritten(at, 64):
        raise unwritten("the picture", at)
    raise Broken(f"no picture lies at byte {at:,}, where the index says one is")
