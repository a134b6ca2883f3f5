"""A copy with SHA-256, `fsync` and a final name that overwrites nothing, against `cp` and `fsync`, in the same run.

The two take turns, and which goes first changes; each begins with nothing dirty. `SEGUE_BENCH_BYTES` makes the file
smaller, `SEGUE_BENCH_DIR` names the disk (by default the one of this checkout); a tmpfs is refused, since nothing is
brought to a disk there. Everything is removed afterwards.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import trio

from benchmarks.figures import Figure, median, show
from segue.adapters.files import system
from segue.adapters.files.mover_client import Mover
from segue.adapters.files.orders import FileOrder, Transfer

BYTES = int(os.environ.get("SEGUE_BENCH_BYTES", "2000000000"))
DIRECTORY = Path(os.environ.get("SEGUE_BENCH_DIR", Path(__file__).resolve().parents[1]))
ROUNDS = 7
PIECE = 1 << 20


def make_source(path: Path, size: int) -> None:
    """Write bytes that no file system can compress or share."""
    block = os.urandom(PIECE)
    with path.open("wb") as file:
        for number in range(0, size, PIECE):
            turn = number // PIECE % PIECE
            file.write((block[turn:] + block[:turn])[: size - number])
        file.flush()
        os.fsync(file.fileno())


def with_cp(source: Path, target: Path) -> float:
    """Copy as a careful shell script does; give the seconds."""
    began = time.perf_counter()
    subprocess.run(["cp", "--reflink=never", "--", source, target], check=True)
    fd = os.open(target, os.O_RDWR)
    os.fsync(fd)
    os.close(fd)
    folder = os.open(target.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return time.perf_counter() - began


async def with_segue(source: Path, library: Path, size: int) -> tuple[float, str]:
    """Copy as the daemon does, with a mover process; give the seconds, and the method."""
    file = FileOrder(str(source), str(library), "Films/a.mkv", size=size)
    began = time.perf_counter()
    moved = await Mover().run(Transfer(job="bench", files=(file,), gentle=False))
    took_s = time.perf_counter() - began
    assert moved.files[0].sha256
    return took_s, moved.files[0].method


def sha256_s(source: Path) -> float:
    """Only read a file and make its checksum: no copy that does both is faster. Give the seconds."""
    began = time.perf_counter()
    with source.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    return time.perf_counter() - began


async def compare(folder: Path, size: int) -> Figure:
    """Let both copy in turns."""
    source, library = folder / "source", folder / "library"
    library.mkdir()
    make_source(source, size)
    cp_s: list[float] = []
    segue_s: list[float] = []
    method = ""
    for turn in range(ROUNDS + 1):  # the first one warms up
        for who in ("cp", "segue") if turn % 2 else ("segue", "cp"):
            os.sync()
            if who == "cp":
                took_s = with_cp(source, library / "cp.mkv")
                (library / "cp.mkv").unlink()
                cp_s += [took_s] if turn else []
            else:
                took_s, method = await with_segue(source, library, size)
                shutil.rmtree(library / "Films")
                segue_s += [took_s] if turn else []
    cp, segue, alone = median(cp_s), median(segue_s), sha256_s(source)
    return Figure(
        f"copy of {size / 1e9:g} GB with SHA-256 and fsync, speed against cp and fsync",
        cp / segue,
        "times",
        0.85,
        "more",
        baseline=f"cp and fsync {size / cp / 1e6:.0f} MB/s, segue {size / segue / 1e6:.0f} MB/s ({method}), medians "
        f"of {ROUNDS} on {disk_of(folder)}; cp took {min(cp_s):.2f} to {max(cp_s):.2f} s, "
        f"segue {min(segue_s):.2f} to {max(segue_s):.2f} s; SHA-256 alone, with one core for itself, {alone:.2f} s; "
        f"load {os.getloadavg()[0]:.1f}",
        anchor="others make no checksum and no fsync (Sonarr, Radarr)",
    )


def disk_of(folder: Path) -> str:
    """Name the file system of a folder."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return system.file_system(fd)
    finally:
        os.close(fd)


async def main() -> int:
    """Measure, and remove what was written."""
    with tempfile.TemporaryDirectory(prefix=".bench-copying-", dir=DIRECTORY) as name:
        folder = Path(name)
        if disk_of(folder) == "tmpfs":
            print(f"{DIRECTORY} is no disk; name one with SEGUE_BENCH_DIR", file=sys.stderr)
            return 1
        size = min(BYTES, shutil.disk_usage(folder).free // 4)
        show(await compare(folder, size))
    return 0


if __name__ == "__main__":
    sys.exit(trio.run(main))
