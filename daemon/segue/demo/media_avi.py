"""AVI files: one stream of pictures with the old index, or with OpenDML's in several RIFF chunks."""

import struct
from pathlib import Path
from typing import BinaryIO

from segue.demo.media_noise import pictures, share, write_noise


def make_avi(path: Path | str, duration_s: float = 60.0, size_bytes: int = 65_536, *, riffs: int = 1) -> None:
    """Write an AVI file of exactly this size, which is even; of several `riffs`, it is an OpenDML file.

    Raises `ValueError` when the size is odd, or too small for what has to be in it.
    """
    if size_bytes % 2:
        raise ValueError(f"an AVI file has an even size, not {size_bytes}")
    count = max(riffs, pictures(size_bytes) // riffs * riffs)
    head = _Head(duration_s, count, riffs)
    if riffs == 1:
        _write_plain(Path(path), head, size_bytes)
    else:
        _write_opendml(Path(path), head, size_bytes)


class _Head:
    """What the headers say."""

    def __init__(self, duration_s: float, count: int, riffs: int) -> None:
        self.frame_us = int(duration_s * 1e6 / count)
        self.count = count
        self.riffs = riffs
        self.per_riff = count // riffs

    def hdrl(self, indexes: list[tuple[int, int]]) -> bytes:
        """Write the header list. `indexes` are place and size of each OpenDML index."""
        avih = struct.pack("<14I", self.frame_us, 0, 0, 0x10, self.per_riff, 0, 1, 0, 640, 360, 0, 0, 0, 0)
        strh = struct.pack(
            "<4s4sI2HI8I", b"vids", b"FMP4", 0, 0, 0, 0, self.frame_us, 1_000_000, 0, self.count, 0, 0, 0, 0
        ) + struct.pack("<4H", 0, 0, 640, 360)
        strf = struct.pack("<IiiHH4s5I", 40, 640, 360, 1, 24, b"FMP4", 640 * 360 * 3, 0, 0, 0, 0)
        stream = _chunk(b"strh", strh) + _chunk(b"strf", strf)
        more = b""
        if indexes:
            entries = b"".join(struct.pack("<QII", at, size, self.per_riff) for at, size in indexes)
            stream += _chunk(b"indx", struct.pack("<HBBI4s12x", 4, 0, 0, len(indexes), b"00dc") + entries)
            more = _list(b"odml", _chunk(b"dmlh", struct.pack("<I244x", self.count)))
        return _list(b"hdrl", _chunk(b"avih", avih) + _list(b"strl", stream) + more)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body


def _list(form: bytes, body: bytes) -> bytes:
    return _chunk(b"LIST", form + body)


def _even(sizes: list[int]) -> list[int]:
    """Round sizes down to even ones, and give what that saves to the last."""
    even = [size & ~1 for size in sizes]
    even[-1] += sum(sizes) - sum(even)
    return even


def _write_pictures(out: BinaryIO, sizes: list[int]) -> None:
    for size in sizes:
        out.write(b"00dc" + struct.pack("<I", size))
        write_noise(out, size)


def _write_plain(path: Path, head: _Head, size_bytes: int) -> None:
    hdrl = head.hdrl([])
    sizes = _even(share(size_bytes - 12 - len(hdrl) - 12 - 8 - head.count * 24, head.count))
    entries, at = [], 4
    for size in sizes:
        entries.append(struct.pack("<4s3I", b"00dc", 0x10, at, size))
        at += 8 + size
    with path.open("wb") as out:
        out.write(b"RIFF" + struct.pack("<I", size_bytes - 8) + b"AVI " + hdrl)
        out.write(b"LIST" + struct.pack("<I", at) + b"movi")
        _write_pictures(out, sizes)
        out.write(_chunk(b"idx1", b"".join(entries)))


def _write_opendml(path: Path, head: _Head, size_bytes: int) -> None:
    hdrl = head.hdrl([(0, 0)] * head.riffs)
    index_length = 8 + 24 + 8 * head.per_riff
    fixed = len(hdrl) + head.riffs * (12 + 12 + index_length + head.per_riff * 8)
    sizes = _even(share(size_bytes - fixed, head.count))
    groups = [sizes[n * head.per_riff : (n + 1) * head.per_riff] for n in range(head.riffs)]
    indexes, at = [], 0
    for number, group in enumerate(groups):
        at += 12 + (len(hdrl) if number == 0 else 0) + 12 + sum(group) + 8 * len(group)
        indexes.append((at, index_length))
        at += index_length
    with path.open("wb") as out:
        for number, group in enumerate(groups):
            before = head.hdrl(indexes) if number == 0 else b""
            movi = 4 + sum(group) + 8 * len(group) + index_length
            form = b"AVI " if number == 0 else b"AVIX"
            out.write(b"RIFF" + struct.pack("<I", 4 + len(before) + 8 + movi) + form + before)
            out.write(b"LIST" + struct.pack("<I", movi) + b"movi")
            start = out.tell()
            _write_pictures(out, group)
            out.write(_index(start, group))


def _index(start: int, sizes: list[int]) -> bytes:
    """Write an index of pictures that begin at `start`; it names their data, behind their headers."""
    entries, at = [], 8
    for size in sizes:
        entries.append(struct.pack("<2I", at, size))
        at += 8 + size
    head = struct.pack("<HBBI4sQI", 2, 0, 1, len(sizes), b"00dc", start, 0)
    return _chunk(b"ix00", head + b"".join(entries))
