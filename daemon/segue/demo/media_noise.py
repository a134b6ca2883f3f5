"""Noise: what the simulated films are made of. It has no zeros, which would look like what was never written."""

from typing import BinaryIO, Final

_PIECE: Final = bytes(1 + (index * 167 + index // 251 * 41) % 255 for index in range(1 << 16))
"""64 KiB without a zero, repeated as often as needed."""


def write_noise(out: BinaryIO, length: int) -> None:
    """Write so many bytes of noise."""
    while length > 0:
        length -= out.write(_PIECE[: min(length, len(_PIECE))])


def share(total: int, parts: int) -> list[int]:
    """Divide bytes into parts that differ by one byte at most. Raises `ValueError` where that leaves parts empty."""
    if total < parts:
        raise ValueError(f"{total} bytes are too few for {parts} pictures: ask for a larger file")
    small, larger = divmod(total, parts)
    return [small + (index < larger) for index in range(parts)]


def pictures(size_bytes: int, *, each_at_least: int = 64, most: int = 200) -> int:
    """Choose how many pictures a film of this size gets."""
    return max(1, min(most, size_bytes // 4 // each_at_least))
