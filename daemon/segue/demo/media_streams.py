"""Files that are rows of packets: MPEG transport streams (ISO/IEC 13818-1) and WMV (Microsoft's ASF)."""

import struct
from pathlib import Path
from uuid import UUID

from segue.demo.media_noise import write_noise

PACKET = 188
VIDEO = 0x100
"""The id of the stream with the pictures and the clock."""


def make_ts(
    path: Path | str, duration_s: float = 60.0, size_bytes: int = 65_536, *, timestamps: bool = False
) -> None:
    """Write a transport stream of so many bytes at most, in whole packets; with `timestamps`, as `.m2ts` has them.

    Raises `ValueError` when there is no room for ten packets.
    """
    length = PACKET + 4 * timestamps
    count = size_bytes // length
    if count < 10:
        raise ValueError(f"{size_bytes} bytes are too few for 10 packets: ask for {10 * length}")
    every = max(1, count // 200)
    with Path(path).open("wb") as out:
        for number in range(count):
            if timestamps:
                out.write(struct.pack(">I", (0xC0000000 | number & 0x3FFFFFFF)))
            if number < 2:
                out.write(_table(number))
                continue
            clock = int(duration_s * 90_000 * (number - 2) / (count - 3))
            with_clock = (number - 2) % every == 0 or number == count - 1
            out.write(_packet(number, clock if with_clock else None, first=number == 2))


def _header(pid: int, counter: int, *, begins: bool, adapted: bool) -> bytes:
    return struct.pack(">BHB", 0x47, begins << 14 | pid, (0x30 if adapted else 0x10) | counter & 15)


def _packet(number: int, clock: int | None, *, first: bool) -> bytes:
    head = _header(VIDEO, number, begins=first or clock is not None, adapted=clock is not None)
    if clock is not None:
        # Length, "holds a PCR", and the PCR: 33 bits of 90 kHz, six reserved ones, nine of 27 MHz.
        head += b"\x07\x10" + (clock << 15 | 0x7E00).to_bytes(6, "big")
        stamp = (
            (0x2 << 4 | clock >> 29 & 0xE | 1).to_bytes(1, "big")
            + (clock >> 14 & 0xFFFE | 1).to_bytes(2, "big")
            + (clock << 1 & 0xFFFE | 1).to_bytes(2, "big")
        )
        head += b"\0\0\1\xe0\0\0\x80\x80\x05" + stamp
    return head + bytes(1 + (number + index) % 255 for index in range(PACKET - len(head)))


def _table(number: int) -> bytes:
    """Write the packet that names the programme (0), or its stream (1)."""
    if number == 0:
        body = struct.pack(">BHHBBBHH", 0, 0xB00D, 1, 0xC1, 0, 0, 1, 0xE000 | 0x20)
        pid = 0
    else:
        body = struct.pack(
            ">BHHBBBHHBHH", 2, 0xB012, 1, 0xC1, 0, 0, 0xE000 | VIDEO, 0xF000, 2, 0xE000 | VIDEO, 0xF000
        )
        pid = 0x20
    whole = _header(pid, 0, begins=True, adapted=False) + b"\0" + body + struct.pack(">I", _crc(body))
    return whole.ljust(PACKET, b"\xff")


def _crc(data: bytes) -> int:
    """Compute the checksum of such tables (ISO/IEC 13818-1, annex A)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


# ------------------------------------------------------------------ WMV


def _object(guid: str, body: bytes) -> bytes:
    return UUID(guid).bytes_le + struct.pack("<Q", len(body) + 24) + body


def make_wmv(
    path: Path | str, duration_s: float = 60.0, size_bytes: int = 65_536, *, broadcast: bool = False
) -> None:
    """Write a WMV file of exactly this size; as a `broadcast`, it does not say how long it is.

    Raises `ValueError` when the size is too small for its header and one packet.
    """
    packet = 1024
    head_length = len(_wmv_head(0, 0, 0, packet, broadcast=broadcast))
    count = (size_bytes - head_length - 50) // packet
    if count < 1:
        raise ValueError(
            f"{size_bytes} bytes are too few for a WMV file: ask for {head_length + 50 + packet}"
        )
    rest = size_bytes - head_length - 50 - count * packet
    with Path(path).open("wb") as out:
        out.write(_wmv_head(duration_s, size_bytes, count, packet, broadcast=broadcast))
        out.write(UUID("75B22636-668E-11CF-A6D9-00AA0062CE6C").bytes_le)
        out.write(struct.pack("<Q16xQH", 50 + count * packet + rest, count, 0x0101))
        for _ in range(count):
            # Error correction flags and data, then flags that say: one payload, no lengths, the size is known.
            head = b"\x82\0\0\x00\x5d" + struct.pack("<IH", 0, 0)
            out.write(head)
            write_noise(out, packet - len(head))
        write_noise(out, rest)


def _wmv_head(duration_s: float, size: int, count: int, packet: int, *, broadcast: bool) -> bytes:
    preroll_ms = 3000
    play = int((duration_s + preroll_ms / 1000) * 1e7)
    properties = _object(
        "8CABDCA1-A947-11CF-8EE4-00C00C205365",
        struct.pack(
            "<16x6Q4I",
            size,
            0x01D0000000000000,
            count,
            play,
            play,
            preroll_ms,
            1 if broadcast else 2,
            packet,
            packet,
            1_000_000,
        ),
    )
    extension = _object(
        "5FBF03B5-A92E-11CF-8EE3-00C00C205365",
        UUID("ABD3D211-A9BA-11CF-8EE6-00C00C205365").bytes_le + struct.pack("<HI", 6, 0),
    )
    picture = struct.pack("<IIBH", 640, 360, 2, 40) + struct.pack(
        "<IiiHH4s5I", 40, 640, 360, 1, 24, b"WMV2", 640 * 360 * 3, 0, 0, 0, 0
    )
    stream = _object(
        "B7DC0791-A9B7-11CF-8EE6-00C00C205365",
        UUID("BC19EFC0-5B4D-11CF-A8FD-00805F5C442B").bytes_le
        + UUID("20FB5700-5B55-11CF-A8FD-00805F5C442B").bytes_le
        + struct.pack("<QIIHI", 0, len(picture), 0, 1, 0)
        + picture,
    )
    body = struct.pack("<IBB", 3, 1, 2) + properties + extension + stream
    return _object("75B22630-668E-11CF-A6D9-00AA0062CE6C", body)
