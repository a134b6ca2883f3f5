"""MP4 and QuickTime files: one track of pictures, its index in front of the data or behind, or fragments
(ISO/IEC 14496-12)."""

import struct
from pathlib import Path

from segue.demo.media_noise import pictures, share, write_noise

SCALE = 1000
"""Units of time in a second."""
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def make_mp4(
    path: Path | str,
    duration_s: float = 60.0,
    size_bytes: int = 65_536,
    *,
    index_first: bool = False,
    fragments: int = 0,
    closed: bool = True,
    brand: str = "isom",
) -> None:
    """Write an MP4 file of exactly this size; `brand` "qt  " makes it a QuickTime movie.

    `index_first` puts the index in front, as for streaming. With `fragments` it is in so many, and ends with their
    index when it is `closed`. Raises `ValueError` when the size is too small for what has to be in it.
    """
    front = _box("ftyp", brand.encode() + struct.pack(">I", 512) + brand.encode())
    if fragments:
        _write_fragments(Path(path), front, duration_s, size_bytes, fragments, closed=closed)
        return
    count = pictures(size_bytes)
    index_length = len(_moov(duration_s, [0] * count, [0] * count))
    sizes = share(size_bytes - len(front) - index_length - 16, count)
    at = len(front) + 16 + (index_length if index_first else 0)
    starts = []
    for size in sizes:
        starts.append(at)
        at += size
    index = _moov(duration_s, starts, sizes)
    with Path(path).open("wb") as out:
        out.write(front + (index if index_first else b""))
        out.write(struct.pack(">I4sQ", 1, b"mdat", sum(sizes) + 16))
        write_noise(out, sum(sizes))
        out.write(b"" if index_first else index)


def _write_fragments(
    path: Path, front: bytes, duration_s: float, size_bytes: int, count: int, *, closed: bool
) -> None:
    index = _moov(0, [], [], extends=True)
    fragment_ms = int(duration_s * SCALE / count)
    end = _mfra() if closed else b""
    heads = len(_moof(0, 0, 0, 0)) + 8
    sizes = share(size_bytes - len(front) - len(index) - len(end) - count * heads, count)
    with path.open("wb") as out:
        out.write(front + index)
        for number, size in enumerate(sizes):
            out.write(_moof(number + 1, number * fragment_ms, fragment_ms, size))
            out.write(struct.pack(">I4s", size + 8, b"mdat"))
            write_noise(out, size)
        out.write(end)


# ------------------------------------------------------------------ boxes


def _box(kind: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind.encode()) + body


def _full(kind: str, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _moov(duration_s: float, starts: list[int], sizes: list[int], *, extends: bool = False) -> bytes:
    length = int(duration_s * SCALE)
    film = _full(
        "mvhd",
        struct.pack(">4IIH10x", 0, 0, SCALE, length, 0x10000, 0x100),
        _MATRIX,
        struct.pack(">24xI", 2),
    )
    head = _full(
        "tkhd",
        struct.pack(">5I16x", 0, 0, 1, 0, length),
        _MATRIX,
        struct.pack(">2I", 640 << 16, 360 << 16),
        flags=3,
    )
    media = _box(
        "mdia",
        _full("mdhd", struct.pack(">4I2H", 0, 0, SCALE, length, 0x55C4, 0)),
        _full("hdlr", struct.pack(">I4s12x", 0, b"vide"), b"pictures\0"),
        _box(
            "minf",
            _full("vmhd", bytes(8), flags=1),
            _box("dinf", _full("dref", struct.pack(">I", 1), _full("url ", flags=1))),
            _tables(length, starts, sizes),
        ),
    )
    more = _box("mvex", _full("trex", struct.pack(">5I", 1, 1, 0, 0, 0))) if extends else b""
    return _box("moov", film, _box("trak", head, media), more)


def _tables(length: int, starts: list[int], sizes: list[int]) -> bytes:
    """Write the sample tables: one picture a chunk, all equally long."""
    count = len(starts)
    entry = _box(
        "mp4v",
        struct.pack(">6xH16x2H", 1, 640, 360),
        struct.pack(">2I4xH32xHh", 72 << 16, 72 << 16, 1, 24, -1),
    )
    runs = struct.pack(">3I", 1, 1, 1) if count else b""
    times = struct.pack(">2I", count, length // count) if count else b""
    return _box(
        "stbl",
        _full("stsd", struct.pack(">I", 1), entry),
        _full("stts", struct.pack(">I", len(times) // 8), times),
        _full("stsc", struct.pack(">I", len(runs) // 12), runs),
        _full("stsz", struct.pack(">2I", 0, count), struct.pack(f">{count}I", *sizes)),
        _full("co64", struct.pack(">I", count), struct.pack(f">{count}Q", *starts)),
    )


def _moof(number: int, at_ms: int, length_ms: int, size: int) -> bytes:
    """Write the head of a fragment of one picture; its data follow behind eight bytes more."""
    flags = 0x000001 | 0x000100 | 0x000200  # where the data begin, durations, sizes
    whole = 8 + 16 + 8 + 16 + 20 + 28
    return _box(
        "moof",
        _full("mfhd", struct.pack(">I", number)),
        _box(
            "traf",
            _full("tfhd", struct.pack(">I", 1), flags=0x020000),
            _full("tfdt", struct.pack(">Q", at_ms), version=1),
            _full("trun", struct.pack(">IiII", 1, whole + 8, length_ms, size), flags=flags),
        ),
    )


def _mfra() -> bytes:
    """Write the index of the fragments. It names none of them, which is allowed, but tells that all are there."""
    table = _full("tfra", struct.pack(">3I", 1, 0, 0), version=1)
    return _box("mfra", table, _full("mfro", struct.pack(">I", 8 + len(table) + 16)))
