"""Pictures of any size, as bytes: a grey JPEG that every decoder can read."""

import hashlib
from typing import Final

PICTURE_BYTES: Final = 50_000
"""Size of a poster, as servers send them with their webhooks."""

_SEGMENT_MAX: Final = 65_533
_HEAD: Final = bytes.fromhex("ffd8" + "ffe000104a46494600010100000100010000")
_TABLES: Final = (
    bytes.fromhex("ffdb004300") + b"\x01" * 64  # quantisation: none
    + bytes.fromhex("ffc0000b080008000801011100")  # 8 by 8 pixels, 8 bits, one component
    + bytes.fromhex("ffc4001400" + "01" + "00" * 15 + "00")  # DC codes: `0` is "no difference"
    + bytes.fromhex("ffc4001410" + "01" + "00" * 15 + "00")  # AC codes: `0` is "end of block"
)  # fmt: skip
_SCAN: Final = bytes.fromhex("ffda0008010100003f00" + "3f" + "ffd9")


def make_jpeg(seed: str = "", size: int = PICTURE_BYTES) -> bytes:
    """Make a picture of exactly `size` bytes (at least 400), padded with comments that depend on the seed.

    References: ITU-T T.81, annex B (baseline), and JFIF 1.02.
    """
    missing = max(0, size - len(_HEAD) - len(_TABLES) - len(_SCAN))
    comments = []
    while missing >= 4:
        length = min(_SEGMENT_MAX + 2, missing)
        if 0 < missing - length < 4:
            length -= 4
        comments.append(b"\xff\xfe" + (length - 2).to_bytes(2, "big") + _noise(seed, length - 4))
        missing -= length
    return b"".join([_HEAD, *comments, _TABLES, _SCAN])


def _noise(seed: str, length: int) -> bytes:
    return hashlib.shake_128(seed.encode()).digest(length)
