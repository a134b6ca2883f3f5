"""Video files of any size and duration: sound in structure, with noise for pictures.

`make(path, duration_s, size_bytes)` goes by the suffix. The families have functions of their own, whose options make
the variants that the world has: the index in front or behind, no index, fragments, OpenDML. Nothing here can be
watched, but programs that read headers believe them. Files are written in pieces, so that they may be large.
"""

from pathlib import Path

from segue.demo.media_avi import make_avi
from segue.demo.media_mkv import make_mkv
from segue.demo.media_mp4 import make_mp4
from segue.demo.media_streams import make_ts, make_wmv

__all__ = ["make", "make_avi", "make_mkv", "make_mp4", "make_ts", "make_wmv"]


def make(path: Path | str, duration_s: float = 60.0, size_bytes: int = 65_536) -> Path:
    """Write the file that its suffix asks for, in a folder that is made when it is missing. Gives the path.

    Raises `ValueError` for other suffixes and for sizes that are too small.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix.lower():
        case ".mkv":
            make_mkv(path, duration_s, size_bytes)
        case ".webm":
            make_mkv(path, duration_s, size_bytes, doc_type="webm")
        case ".mp4" | ".m4v":
            make_mp4(path, duration_s, size_bytes)
        case ".mov":
            make_mp4(path, duration_s, size_bytes, brand="qt  ")
        case ".avi":
            make_avi(path, duration_s, size_bytes)
        case ".ts":
            make_ts(path, duration_s, size_bytes)
        case ".m2ts" | ".mts":
            make_ts(path, duration_s, size_bytes, timestamps=True)
        case ".wmv" | ".asf":
            make_wmv(path, duration_s, size_bytes)
        case suffix:
            raise ValueError(
                f"no film can be made with the suffix {suffix!r}: take .mkv, .mp4, .avi, .ts or .wmv"
            )
    return path
