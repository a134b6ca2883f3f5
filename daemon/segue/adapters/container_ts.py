"""MPEG transport streams (`.ts`), and those with a time stamp before each packet (`.m2ts`).

Reference: ISO/IEC 13818-1 (packets in 2.4.3.2, the adaptation field and its PCR in 2.4.3.4 and 2.4.3.5).

A transport stream has no beginning and no end: whatever there is of it plays. So a stream in which nothing is wrong
is `unknown`, never `whole`; packets that are not there make it `broken`.
"""

from collections.abc import Iterator
from typing import Final

from segue.adapters.container_reader import SAMPLES, Broken, Draft, Unsure, Window, spread, unwritten

SYNC: Final = 0x47
STRIDES: Final = ((188, 0), (192, 4), (204, 0))
"""Length of a packet and where its sync byte stands: plain, with a time stamp in front, with a checksum behind."""
IN_A_ROW: Final = 5
"""So many packets must follow one another where one is looked for."""
CLOCK_BYTES: Final = 512 * 1024
"""So much is searched for a PCR at both ends; there is one every 0.1 s."""
CLOCK_HZ: Final = 90_000
CLOCK_WRAPS: Final = 1 << 33
LONGEST_S: Final = 13 * 3600
"""Beyond this a difference of clocks is a jump from one programme to another."""


def begins(head: bytes) -> bool:
    """Tell whether sync bytes stand at the beginning, at the distance of packets."""
    return _stride(head) is not None


def _stride(head: bytes) -> tuple[int, int] | None:
    for length, at in STRIDES:
        if len(head) >= length * IN_A_ROW and _in_step(head, at, length):
            return length, at
    return None


def _in_step(data: bytes, at: int, length: int) -> bool:
    """Tell whether enough packets begin here, one after another."""
    marks = data[at : at + length * IN_A_ROW : length]
    return len(marks) == IN_A_ROW and not marks.strip(b"\x47")


def examine(file: Window, draft: Draft) -> str:
    """Visit samples and measure the clock. Raises `Broken` or `Unsure` always; see `container_reader`."""
    stride = _stride(file.read(0, 4096))
    assert stride is not None
    length, at = stride
    first = _clocks(file, 0, length)
    last = _clocks(file, max(0, file.size - CLOCK_BYTES), length)
    for pid in first.keys() & last.keys():
        ticks = (last[pid][1] - first[pid][0]) % CLOCK_WRAPS
        if ticks < LONGEST_S * CLOCK_HZ:
            draft.lasts(ticks / CLOCK_HZ)
            break
    places = max(1, file.size // length - IN_A_ROW)
    for index in spread(places, SAMPLES):
        _visit(file, index * length, length, at)
    raise Unsure("a transport stream has no end of its own; where it was looked at, it is in order")


def _visit(file: Window, start: int, length: int, at: int) -> None:
    """Check that packets follow one another here, perhaps out of step: recordings lose bytes now and then."""
    data = file.read(start, length * (IN_A_ROW + 1) + at)
    if len(data) < length * IN_A_ROW or _in_step(data, at, length):
        return
    if not data.strip(b"\0"):
        raise unwritten("the packet", start)
    if not any(_in_step(data, phase, length) for phase in range(length)):
        raise Broken(f"no packets stand at byte {start:,}: it is not the stream that the file began with")


# ------------------------------------------------------------------ the clock


def _packets(data: bytes, length: int) -> Iterator[bytes]:
    """Cut packets of 188 bytes out of a piece of a stream."""
    phase = next((phase for phase in range(length) if _in_step(data, phase, length)), None)
    if phase is None:
        return
    for at in range(phase, len(data) - 187, length):
        if data[at] == SYNC:
            yield data[at : at + 188]


def _clocks(file: Window, start: int, length: int) -> dict[int, tuple[int, int]]:
    """Find the first and the last PCR of each programme near a place, in ticks of 90 kHz."""
    seen: dict[int, tuple[int, int]] = {}
    for packet in _packets(file.read(start, CLOCK_BYTES), length):
        # An adaptation field that is long enough, and says that it holds a PCR.
        if packet[3] & 0x20 and packet[4] >= 7 and packet[5] & 0x10:
            pid = int.from_bytes(packet[1:3], "big") & 0x1FFF
            ticks = int.from_bytes(packet[6:11], "big") >> 7
            seen[pid] = (seen.get(pid, (ticks, ticks))[0], ticks)
    return seen
