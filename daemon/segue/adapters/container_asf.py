"""ASF, the container of WMV, as far as it says how long it is and where its parts lie.

Reference: Microsoft's Advanced Systems Format Specification 1.2 (top-level objects in section 2, the File Properties
Object in 3.2, the Data Object in 5).
"""

from typing import Final
from uuid import UUID

from segue.adapters.container_reader import (
    SAMPLES,
    Broken,
    Draft,
    Unsure,
    Window,
    spread,
    too_short,
    unwritten,
)


def _guid(text: str) -> bytes:
    return UUID(text).bytes_le


HEADER_OBJECT: Final = _guid("75B22630-668E-11CF-A6D9-00AA0062CE6C")
FILE_PROPERTIES: Final = _guid("8CABDCA1-A947-11CF-8EE4-00C00C205365")
DATA_OBJECT: Final = _guid("75B22636-668E-11CF-A6D9-00AA0062CE6C")
BROADCAST: Final = 0x01
"""The flag of a file whose sizes were not known when it was begun."""
OBJECTS: Final = 256
"""So many objects are read on one level."""
DATA_HEADER: Final = 50
"""Where the first packet begins within the data object."""


def begins(head: bytes) -> bool:
    """Tell whether a file begins with the header object."""
    return head.startswith(HEADER_OBJECT)


def examine(file: Window, draft: Draft) -> str:
    """Visit the parts. Returns a sentence, raises `Broken` and `Unsure`; see `container_reader`."""
    end = _size(file, 0)
    if end > file.size:
        raise too_short("the header", end, file)
    properties = _properties(file, end)
    if len(properties) < 80:
        raise Broken("there is no file properties object in the header")
    said, packets = _u64(properties, 16), _u64(properties, 32)
    broadcast = bool(int.from_bytes(properties[64:68], "little") & BROADCAST)
    packet = int.from_bytes(properties[68:72], "little")
    if not broadcast:
        draft.lasts(_u64(properties, 40) / 1e7 - _u64(properties, 56) / 1e3)
        if said > file.size:
            raise Broken(f"the file says {said:,} bytes, it has {file.size:,}")
    visited = _walk(file, end, packet, packets)
    if broadcast:
        raise Unsure("the file was made as a broadcast and does not say where it ends")
    if said < file.size:
        raise Unsure(f"the file says {said:,} bytes and has {file.size - said:,} more")
    return f"the objects fill the file, and the {visited:,} packets looked at hold data"


def _u64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _size(file: Window, at: int) -> int:
    """Read an object's size, its header of 24 bytes included. Raises `Broken`."""
    data = file.read(at, 24)
    if len(data) < 24:
        raise Broken(f"the file ends within the header of an object, at byte {at:,}")
    size = _u64(data, 16)
    if size < 24:
        if file.is_unwritten(at, 64):
            raise unwritten("the object", at)
        raise Broken(f"the object at byte {at:,} says an impossible size of {size:,} bytes")
    return size


def _properties(file: Window, end: int) -> bytes:
    """Find the File Properties Object within the header, and give its contents."""
    at = 30
    for _ in range(OBJECTS):
        if at + 24 > end:
            break
        size = _size(file, at)
        if file.read(at, 16) == FILE_PROPERTIES:
            return file.read(at + 24, min(size - 24, 80))
        at += size
    return b""


def _walk(file: Window, at: int, packet: int, packets: int) -> int:
    """Go from object to object up to the end of the file. Gives how many packets were visited."""
    visited, found = 0, False
    for _ in range(OBJECTS):
        if at >= file.size:
            break
        size = _size(file, at)
        if at + size > file.size:
            raise too_short("the object", at + size, file)
        if file.read(at, 16) == DATA_OBJECT:
            found = True
            visited += _visit_packets(file, at + DATA_HEADER, at + size, packet, packets)
        at += size
    if not found:
        raise Broken("there is no data object: the film itself is missing")
    return visited


def _visit_packets(file: Window, start: int, end: int, packet: int, packets: int) -> int:
    """Check that packets, which are all of one size, begin with something."""
    if packet <= 0:
        return 0
    room = max(0, end - start) // packet
    if packets > room:
        raise Broken(f"the file says {packets:,} packets, there is room for {room:,}")
    count = packets or room
    for index in spread(count, SAMPLES):
        if file.is_unwritten(start + index * packet, 64):
            raise unwritten("the packet", start + index * packet)
    return min(count, SAMPLES)
