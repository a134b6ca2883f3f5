"""What the bytes of a video file say, on films of our own making; ffmpeg's are in `test_containers_ffmpeg`."""

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from segue.adapters import containers
from segue.adapters.containers import Container, FileUnreadable, probe
from segue.demo import media_files

LENGTH_S = 5400.0
SIZE = 400_000
CLOSED = (".mkv", ".webm", ".mp4", ".m4v", ".mov", ".avi", ".wmv")
"""Suffixes of families that say where they end."""
OPEN = (".ts", ".m2ts")
KINDS = {
    ".mkv": "matroska",
    ".webm": "matroska",
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mp4",
    ".avi": "avi",
    ".wmv": "asf",
    ".ts": "mpeg-ts",
    ".m2ts": "mpeg-ts",
}
VARIANTS: dict[str, Callable[[Path], None]] = {
    "index in front.mp4": lambda path: media_files.make_mp4(path, LENGTH_S, SIZE, index_first=True),
    "index behind.mp4": lambda path: media_files.make_mp4(path, LENGTH_S, SIZE),
    "fragments.mp4": lambda path: media_files.make_mp4(path, LENGTH_S, SIZE, fragments=200),
    "cues.mkv": lambda path: media_files.make_mkv(path, LENGTH_S, SIZE),
    "no cues.mkv": lambda path: media_files.make_mkv(path, LENGTH_S, SIZE, cues=False),
    "one index.avi": lambda path: media_files.make_avi(path, LENGTH_S, SIZE),
    "opendml.avi": lambda path: media_files.make_avi(path, LENGTH_S, SIZE, riffs=4),
    "plain.wmv": lambda path: media_files.make_wmv(path, LENGTH_S, SIZE),
}
"""Films that can be proved whole, in all the forms that we know."""


def truncated(path: Path, length: int) -> Path:
    """Cut a file off."""
    os.truncate(path, length)
    return path


def overwritten(path: Path, start: int, length: int) -> Path:
    """Put zeros into a file, written ones: no hole shows them."""
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(length))
    return path


def _file_system(path: Path) -> str:
    """What stat(1) calls the file system that a path is on."""
    return subprocess.run(
        ["stat", "-f", "-c", "%T", path], check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


# ------------------------------------------------------------------ whole ones


@pytest.mark.parametrize("suffix", CLOSED)
def test_a_film_that_is_all_there_is_whole(suffix: str, tmp_path: Path) -> None:
    """Kind, duration and structure of each family that says where it ends."""
    found = probe(media_files.make(tmp_path / f"film{suffix}", LENGTH_S, SIZE))
    assert (found.kind, found.structure) == (KINDS[suffix], "whole"), found.detail
    assert found.duration_s == pytest.approx(LENGTH_S, rel=0.001)


@pytest.mark.parametrize("suffix", OPEN)
def test_a_transport_stream_can_never_be_proved_whole(suffix: str, tmp_path: Path) -> None:
    """There is nothing in it that says where it ends, but its clock says how long it plays."""
    found = probe(media_files.make(tmp_path / f"film{suffix}", LENGTH_S, SIZE))
    assert (found.kind, found.structure) == ("mpeg-ts", "unknown"), found.detail
    assert found.duration_s == pytest.approx(LENGTH_S, rel=0.001)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_form_of_a_film_is_whole(name: str, tmp_path: Path) -> None:
    """With the index in front or behind, in fragments, with or without cues, in one RIFF chunk or in several."""
    VARIANTS[name](tmp_path / name)
    found = probe(tmp_path / name)
    assert found.structure == "whole", found.detail
    # Of a film in fragments, what the last one adds is not counted.
    assert found.duration_s == pytest.approx(LENGTH_S, rel=0.01)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("live.mkv", lambda path: media_files.make_mkv(path, LENGTH_S, SIZE, sized=False)),
        ("open.mp4", lambda path: media_files.make_mp4(path, LENGTH_S, SIZE, fragments=200, closed=False)),
        ("broadcast.wmv", lambda path: media_files.make_wmv(path, LENGTH_S, SIZE, broadcast=True)),
    ],
)
def test_a_recording_that_may_go_on_is_unknown(
    name: str, make: Callable[[Path], None], tmp_path: Path
) -> None:
    """What is in order so far and says no size is neither whole nor broken."""
    make(tmp_path / name)
    found = probe(tmp_path / name)
    assert found.structure == "unknown", found.detail
    if name != "broadcast.wmv":
        assert found.duration_s == pytest.approx(LENGTH_S, rel=0.01)


def test_a_recording_that_stops_within_a_block_is_broken(tmp_path: Path) -> None:
    """Clusters of unknown size are walked block by block."""
    media_files.make_mkv(tmp_path / "live.mkv", LENGTH_S, SIZE, sized=False)
    found = probe(truncated(tmp_path / "live.mkv", SIZE - 100))
    assert found.structure == "broken"
    assert "cut off by the end of the file" in found.detail


# ------------------------------------------------------------------ broken ones


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("percent", [1, 10, 50, 90, 99])
def test_a_film_that_is_cut_off_is_broken(name: str, percent: int, tmp_path: Path) -> None:
    """Whichever part of it has arrived."""
    VARIANTS[name](tmp_path / name)
    found = probe(truncated(tmp_path / name, SIZE * percent // 100))
    assert found.structure == "broken", found.detail
    assert found.detail


def test_the_last_byte_matters(tmp_path: Path) -> None:
    """A film without its last byte is not whole."""
    for name, make in VARIANTS.items():
        make(tmp_path / name)
        assert probe(truncated(tmp_path / name, SIZE - 1)).structure == "broken", name


def test_what_is_missing_is_named_with_its_numbers(tmp_path: Path) -> None:
    """A person can see how much there is and how much there should be."""
    path = media_files.make(tmp_path / "film.mkv", 60, 100_000)
    with path.open("rb") as file:
        header = file.read(200).index(b"\x18\x53\x80\x67") + 12
    found = probe(truncated(path, 60_000))
    assert found.detail == (
        f"the segment says {100_000 - header:,} bytes, the file has {60_000 - header:,} of them"
    )
    assert found.duration_s == 60
    path = media_files.make(tmp_path / "film.mp4", 60, 100_000)
    assert "the box mdat says" in probe(truncated(path, 60_000)).detail


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("percent", [0, 25, 50, 75, 95])
def test_a_film_with_zeros_in_it_is_broken(name: str, percent: int, tmp_path: Path) -> None:
    """Set aside in full and filled in piece by piece: a piece of 5 % is missing somewhere."""
    VARIANTS[name](tmp_path / name)
    found = probe(overwritten(tmp_path / name, SIZE * percent // 100, SIZE // 20))
    assert found.structure == "broken", found.detail


@pytest.mark.parametrize("suffix", OPEN)
@pytest.mark.parametrize("percent", [0, 25, 50, 75, 95])
def test_a_stream_with_zeros_in_it_is_broken(suffix: str, percent: int, tmp_path: Path) -> None:
    """Packets that are not there are seen, though nobody says how many there should be."""
    path = media_files.make(tmp_path / f"film{suffix}", LENGTH_S, SIZE)
    found = probe(overwritten(path, SIZE * percent // 100, SIZE // 20))
    assert found.structure == "broken", found.detail


def test_a_stream_that_turns_into_something_else_is_broken(tmp_path: Path) -> None:
    """Garbage in the middle of a transport stream is no transport stream."""
    path = media_files.make(tmp_path / "film.ts", LENGTH_S, SIZE)
    with path.open("r+b") as file:
        file.seek(SIZE // 2)
        file.write(b"\x47no packets here" * 2000)
    assert probe(path).structure == "broken"


def test_a_stream_that_lost_a_few_bytes_is_not_called_broken(tmp_path: Path) -> None:
    """Recordings lose bytes; the packets go on behind the gap, out of step with those before it."""
    path = media_files.make(tmp_path / "film.ts", LENGTH_S, SIZE)
    data = path.read_bytes()
    path.write_bytes(data[: SIZE // 2] + data[SIZE // 2 + 77 :])
    assert probe(path).structure == "unknown"


def test_a_piece_that_was_set_aside_and_never_written_is_a_hole(tmp_path: Path) -> None:
    """As download clients do: room for all of it first, then the pieces in any order."""
    data = media_files.make(tmp_path / "film.mkv", LENGTH_S, 4_000_000).read_bytes()
    with (tmp_path / "download.mkv").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, len(data))
        os.pwrite(file.fileno(), data[:2_000_000], 0)
        os.pwrite(file.fileno(), data[2_010_000:], 2_010_000)
    found = probe(tmp_path / "download.mkv")
    assert found.structure == "broken", found.detail
    assert "set aside" in found.detail
    # Somebody has watched it meanwhile: what was set aside is in memory now, as zeros.
    assert (tmp_path / "download.mkv").read_bytes() != data
    if _file_system(tmp_path) in ("ext2/ext3", "xfs", "btrfs"):
        assert probe(tmp_path / "download.mkv") == found
    with (tmp_path / "download.mkv").open("r+b") as file:
        os.pwrite(file.fileno(), data[2_000_000:2_010_000], 2_000_000)
    assert probe(tmp_path / "download.mkv").structure == "whole"


@pytest.mark.parametrize("suffix", [*CLOSED, *OPEN])
def test_a_hole_breaks_a_film_of_any_kind(suffix: str, tmp_path: Path) -> None:
    """A hole that is too small for samples to find it is named by the file system."""
    size = 4_000_000
    path = media_files.make(tmp_path / f"film{suffix}", LENGTH_S, size)
    data = path.read_bytes()
    start = 1_999_000 // 4096 * 4096 + 4096
    path.unlink()
    with path.open("wb") as file:
        file.write(data[:start])
        file.seek(start + 4096)
        file.write(data[start + 4096 :])
    with path.open("rb") as file:
        if os.lseek(file.fileno(), 0, os.SEEK_HOLE) >= len(data):
            pytest.skip("this file system knows no holes")
    found = probe(path)
    assert found.structure == "broken", found.detail
    if "never written" in found.detail:
        assert f"the bytes {start:,} to {start + 4095:,} were set aside" in found.detail


def test_a_file_that_is_only_set_aside_is_broken(tmp_path: Path) -> None:
    """Nothing but zeros is no film, with holes or without."""
    (tmp_path / "hole.mkv").touch()
    os.truncate(tmp_path / "hole.mkv", 1_000_000)
    (tmp_path / "zeros.mkv").write_bytes(bytes(1_000_000))
    for name in ("hole.mkv", "zeros.mkv"):
        found = probe(tmp_path / name)
        assert (found.kind, found.structure) == ("unknown", "broken")
        assert "its beginning was not written yet" in found.detail


def test_a_film_without_its_index_is_broken(tmp_path: Path) -> None:
    """A program that writes its index last was stopped before."""
    path = media_files.make(tmp_path / "film.mp4", LENGTH_S, SIZE)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"moov") - 4])
    found = probe(path)
    assert found.structure == "broken"
    assert "the index, which many programs write last, is missing" in found.detail


# ------------------------------------------------------------------ neither


def test_what_follows_the_end_makes_it_unknown(tmp_path: Path) -> None:
    """Something was appended; whether it belongs to the film is not known."""
    for name, make in VARIANTS.items():
        if name.endswith((".mkv", ".wmv", ".avi")):
            make(tmp_path / name)
            with (tmp_path / name).open("ab") as file:
                file.write(b"JUNKmore than there should be".ljust(400, b"."))
            found = probe(tmp_path / name)
            assert found.structure in ("unknown", "broken"), name


def test_silence_is_not_taken_for_what_was_never_written(tmp_path: Path) -> None:
    """Uncompressed silent sound is zeros, but they lie within a block that has a head."""
    path = tmp_path / "silence.mkv"
    media_files.make_mkv(path, 60, 3_000_000, cues=False)
    data = bytearray(path.read_bytes())
    for cluster in range(3):
        at = -1
        for _ in range(cluster + 1):
            at = data.index(b"\x1f\x43\xb6\x75", at + 1)
        block = at + 12 + 10 + 13
        end = data.index(b"\x1f\x43\xb6\x75", at + 1)
        data[block:end] = bytes(end - block)
    path.write_bytes(data)
    assert probe(path).structure == "whole"


@pytest.mark.parametrize(
    "text", [b"<html>404 not found</html>", b"Rar!\x1a\x07\x00", b"\0\0\1\xba" * 3, b"G" * 100]
)
def test_other_files_are_unknown(text: bytes, tmp_path: Path) -> None:
    """What is of no family that we read is nothing to be judged."""
    (tmp_path / "film.mkv").write_bytes(text)
    found = probe(tmp_path / "film.mkv")
    assert found == Container("unknown", None, "unknown", "the file is of no kind whose end can be checked")


def test_an_empty_file_is_broken(tmp_path: Path) -> None:
    """Nothing has arrived yet."""
    (tmp_path / "film.mkv").touch()
    assert probe(tmp_path / "film.mkv") == Container("unknown", None, "broken", "the file is empty")


def test_a_file_that_grows_while_it_is_read_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is taken before and after."""
    path = media_files.make(tmp_path / "film.mkv", 60, 100_000)

    def first_hole(_fd: int, _size: int) -> None:
        with path.open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr(containers, "first_hole", first_hole)
    assert "somebody writes to it" in probe(path).detail


# ------------------------------------------------------------------ errors and descriptors


def test_a_file_that_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    """Path and number of the error are there for a program, the sentence for a person."""
    with pytest.raises(FileUnreadable, match="No such file") as caught:
        probe(tmp_path / "gone.mkv")
    assert (caught.value.path, caught.value.errno) == (str(tmp_path / "gone.mkv"), errno.ENOENT)
    with pytest.raises(FileUnreadable, match="not a regular file") as caught:
        probe(tmp_path)
    assert caught.value.errno == errno.EISDIR
    with pytest.raises(FileUnreadable, match="no file can have this name"):
        probe("a\0b")


def test_a_pipe_does_not_hold_the_caller(tmp_path: Path) -> None:
    """Opening a pipe without a writer would wait for ever."""
    os.mkfifo(tmp_path / "film.mkv")
    with pytest.raises(FileUnreadable, match="not a regular file"):
        probe(tmp_path / "film.mkv")


def test_a_disk_that_fails_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the middle of reading is told like one at the beginning."""
    path = media_files.make(tmp_path / "film.mkv", 60, 100_000)

    def pread(_fd: int, _length: int, offset: int) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", pread)
    with pytest.raises(FileUnreadable, match="Input/output error") as caught:
        probe(path)
    assert caught.value.errno == errno.EIO


def test_a_descriptor_is_read_and_left_as_it_was(tmp_path: Path) -> None:
    """Whoever opened the file goes on where it was."""
    path = media_files.make(tmp_path / "film.mkv", 60, 100_000)
    with path.open("rb", buffering=0) as file:
        file.seek(1234)
        assert probe(file.fileno()) == probe(path)
        assert file.tell() == 1234
