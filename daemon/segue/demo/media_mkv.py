"""Matroska files: a head, clusters of one picture each, and the Cues behind them (RFC 9559)."""

import struct
from pathlib import Path
from typing import BinaryIO

from segue.demo.media_noise import pictures, share, write_noise

_CLUSTER_HEAD = 4 + 8 + 10 + 1 + 8 + 4
"""Id and size of the cluster, its timestamp, and the head of its one block."""


def make_mkv(
    path: Path | str,
    duration_s: float = 60.0,
    size_bytes: int = 65_536,
    *,
    cues: bool = True,
    sized: bool = True,
    doc_type: str = "matroska",
) -> None:
    """Write a Matroska file of exactly this size.

    Without `cues` it has no index; not `sized`, it is as a recording leaves it: segment and clusters of unknown size,
    no index, no duration. Raises `ValueError` when the size is too small for what has to be in it.
    """
    front = _ebml(doc_type)
    indexed = cues and sized
    count = pictures(size_bytes)
    info = _element(0x1549A966, _info(duration_s if sized else None))
    tracks = _element(0x1654AE6B, _track())
    # Positions count from the first byte of the segment's contents.
    seek_length = len(_seek_head(0, 0, 0)) if indexed else 0
    clusters_at = seek_length + len(info) + len(tracks)
    starts = [0] * count
    cues_length = len(_cues(starts, duration_s)) if indexed else 0
    noise = size_bytes - len(front) - 12 - clusters_at - cues_length - count * _CLUSTER_HEAD
    bodies = share(noise, count)
    at = clusters_at
    for index, body in enumerate(bodies):
        starts[index] = at
        at += _CLUSTER_HEAD + body
    with Path(path).open("wb") as out:
        out.write(front + struct.pack(">I", 0x18538067))
        out.write(_size(at + cues_length) if sized else b"\x01" + b"\xff" * 7)
        if indexed:
            out.write(_seek_head(seek_length, seek_length + len(info), at))
        out.write(info + tracks)
        for index, body in enumerate(bodies):
            _write_cluster(out, int(index * duration_s * 1000 / count), body, sized=sized)
        if indexed:
            out.write(_cues(starts, duration_s))


def _size(value: int) -> bytes:
    """Write a size in eight bytes."""
    return (value | 1 << 56).to_bytes(8, "big")


def _element(identity: int, body: bytes) -> bytes:
    return identity.to_bytes((identity.bit_length() + 7) // 8, "big") + _size(len(body)) + body


def _number(identity: int, value: int) -> bytes:
    return _element(identity, value.to_bytes(8, "big"))


def _ebml(doc_type: str) -> bytes:
    return _element(
        0x1A45DFA3,
        _number(0x4286, 1)
        + _number(0x42F7, 1)
        + _number(0x42F2, 4)
        + _number(0x42F3, 8)
        + _element(0x4282, doc_type.encode())
        + _number(0x4287, 4)
        + _number(0x4285, 2),
    )


def _info(duration_s: float | None) -> bytes:
    names = _element(0x4D80, b"segue") + _element(0x5741, b"segue")
    duration = b"" if duration_s is None else _element(0x4489, struct.pack(">d", duration_s * 1000))
    return _number(0x2AD7B1, 1_000_000) + duration + names


def _track() -> bytes:
    video = _element(0xE0, _number(0xB0, 640) + _number(0xBA, 360))
    return _element(
        0xAE,
        _number(0xD7, 1) + _number(0x73C5, 1) + _number(0x83, 1) + _element(0x86, b"V_MPEG4/ISO/ASP") + video,
    )


def _seek_head(info_at: int, tracks_at: int, cues_at: int) -> bytes:
    places = ((0x1549A966, info_at), (0x1654AE6B, tracks_at), (0x1C53BB6B, cues_at))
    return _element(
        0x114D9B74,
        b"".join(
            _element(0x4DBB, _element(0x53AB, identity.to_bytes(4, "big")) + _number(0x53AC, at))
            for identity, at in places
        ),
    )


def _cues(starts: list[int], duration_s: float) -> bytes:
    return _element(
        0x1C53BB6B,
        b"".join(
            _element(
                0xBB,
                _number(0xB3, int(index * duration_s * 1000 / len(starts)))
                + _element(0xB7, _number(0xF7, 1) + _number(0xF1, start)),
            )
            for index, start in enumerate(starts)
        ),
    )


def _write_cluster(out: BinaryIO, time_ms: int, noise: int, *, sized: bool) -> None:
    """Write a cluster with one picture, a key frame, in a simple block."""
    timestamp = b"\xe7\x88" + time_ms.to_bytes(8, "big")
    size = _size(len(timestamp) + 1 + 8 + 4 + noise) if sized else b"\x01" + b"\xff" * 7
    out.write(struct.pack(">I", 0x1F43B675) + size + timestamp)
    out.write(b"\xa3" + _size(4 + noise) + b"\x81\0\0\x80")
    write_noise(out, noise)
