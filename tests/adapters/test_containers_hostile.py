"""Whatever the bytes of a video file claim: `probe` never raises, never loops, and reads within its budgets."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.adapters import container_reader
from segue.adapters.containers import Container, probe
from segue.demo import media_files

# ------------------------------------------------------------------ bounds


class Meter:
    """Counts what is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads = self.bytes = 0
        real = os.pread

        def pread(fd: int, length: int, offset: int) -> bytes:
            self.reads += 1
            self.bytes += length
            return real(fd, length, offset)

        monkeypatch.setattr(os, "pread", pread)


def test_a_large_film_costs_no_more_than_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some hundred reads for 200 MB: the film itself is jumped over."""
    for name in ("film.mkv", "film.mp4", "film.avi", "film.wmv", "film.ts"):
        path = media_files.make(tmp_path / name, 5400, 200_000_000 if name == "film.mkv" else 20_000_000)
        with monkeypatch.context() as patch:
            meter = Meter(patch)
            assert probe(path).structure in ("whole", "unknown")
        assert meter.reads < 1000, name
        assert meter.bytes < 2_000_000, name
        path.unlink()


@pytest.mark.parametrize(
    ("name", "head", "part"),
    [
        ("clusters.mkv", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01" + b"\xff" * 7, b"\x1f\x43\xb6\x75\x80"),
        ("boxes.mp4", b"\0\0\0\x08ftyp", b"\0\0\0\x08free"),
        ("riffs.avi", b"RIFF\x04\0\0\0AVI ", b"RIFF\x04\0\0\0AVIX"),
    ],
)
def test_a_file_of_countless_parts_ends_at_the_budget(
    name: str, head: bytes, part: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it claims, so many reads and no more."""
    (tmp_path / name).write_bytes(head + part * 200_000)
    meter = Meter(monkeypatch)
    assert probe(tmp_path / name).structure == "unknown"
    assert meter.reads <= container_reader.READS
    assert meter.bytes <= container_reader.BYTES


# ------------------------------------------------------------------ hostile ones


FORMS: tuple[Callable[[Path], None], ...] = (
    lambda path: media_files.make_mkv(path, 60, 12_000),
    lambda path: media_files.make_mkv(path, 60, 12_000, cues=False),
    lambda path: media_files.make_mkv(path, 60, 12_000, sized=False),
    lambda path: media_files.make_mp4(path, 60, 12_000),
    lambda path: media_files.make_mp4(path, 60, 12_000, index_first=True),
    lambda path: media_files.make_mp4(path, 60, 12_000, fragments=5),
    lambda path: media_files.make_avi(path, 60, 12_000),
    lambda path: media_files.make_avi(path, 60, 12_000, riffs=2),
    lambda path: media_files.make_wmv(path, 60, 12_000),
    lambda path: media_files.make_ts(path, 60, 12_000),
    lambda path: media_files.make_ts(path, 60, 12_000, timestamps=True),
)


def _made(form: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        form(Path(folder) / "film")
        return (Path(folder) / "film").read_bytes()


FILMS = [_made(form) for form in FORMS]
MAGIC = [film[:16] for film in FILMS]


def judge(data: bytes) -> Container:
    """Probe bytes as a file. Must never raise; the answer must be well-formed."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        found = probe(file.fileno())
    assert found.detail
    assert found.duration_s is None or 0 < found.duration_s < container_reader.LONGEST_S
    return found


@given(st.sampled_from([b"", *MAGIC]), st.binary(max_size=3000))
def test_random_bytes_never_raise(magic: bytes, data: bytes) -> None:
    """With or without the beginning of a family."""
    judge(magic + data)


@given(st.sampled_from(FILMS), st.floats(0, 1))
def test_a_cut_at_any_place_is_never_whole(film: bytes, where: float) -> None:
    """No family takes the beginning of a film for the film."""
    cut = film[: int(where * (len(film) - 1))]
    assert judge(cut).structure != "whole"


@settings(max_examples=300)
@given(
    st.sampled_from(FILMS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=12)), min_size=1, max_size=6),
    st.booleans(),
)
def test_damaged_films_never_raise(
    film: bytes, damages: list[tuple[float, bytes]], at_the_head: bool
) -> None:
    """Bytes changed anywhere, or where the headers are."""
    data = bytearray(film)
    reach = min(len(data), 1500) if at_the_head else len(data)
    for where, patch in damages:
        at = int(where * (reach - 1))
        data[at : at + len(patch)] = patch
    judge(bytes(data))


@given(st.sampled_from(FILMS), st.integers(0, 7), st.floats(0, 1))
def test_flipped_bits_never_raise(film: bytes, bit: int, where: float) -> None:
    """One bit anywhere in the first part, where sizes and counts stand."""
    data = bytearray(film)
    data[int(where * (min(len(data), 2000) - 1))] ^= 1 << bit
    judge(bytes(data))
