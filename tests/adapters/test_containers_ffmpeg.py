"""Films that ffmpeg made: what `probe` says of them, against what ffprobe says, and of what is left when parts go."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from segue.adapters.containers import probe
from segue.demo import media_files

pytestmark = pytest.mark.skipif(
    shutil.which("ffmpeg") is None and "CI" not in os.environ, reason="needs the Debian package ffmpeg"
)

LENGTH_S = 12
PICTURES = ("-f", "lavfi", "-i", f"testsrc2=s=320x180:r=25:d={LENGTH_S}")
SOUND = ("-f", "lavfi", "-i", f"sine=d={LENGTH_S}")
SILENCE = ("-f", "lavfi", "-i", f"anullsrc=d={LENGTH_S}")
MPEG4 = (*PICTURES, *SOUND, "-c:v", "mpeg4")
FILMS: dict[str, tuple[str, ...]] = {
    "plain.mkv": MPEG4,
    "cues in front.mkv": (*MPEG4, "-cues_to_front", "1", "-reserve_index_space", "4096"),
    "silence.mkv": (*PICTURES, *SILENCE, "-c:v", "mpeg4", "-c:a", "pcm_s16le"),
    "vp8.webm": (*PICTURES, "-c:v", "libvpx", "-deadline", "realtime"),
    "plain.mp4": MPEG4,
    "index in front.mp4": (*MPEG4, "-movflags", "+faststart"),
    "fragments.mp4": (*MPEG4, "-movflags", "frag_keyframe+empty_moov"),
    "dash.mp4": (*MPEG4, "-movflags", "dash+frag_keyframe"),
    "apple.m4v": MPEG4,
    "silence.mov": (*PICTURES, *SILENCE, "-c:v", "mjpeg", "-c:a", "pcm_s16le"),
    "plain.avi": MPEG4,
    "plain.wmv": (*PICTURES, *SOUND, "-c:v", "wmv2"),
}
"""Films whose families say where they end, and how ffmpeg makes them."""
STREAMS: dict[str, tuple[str, ...]] = {
    "plain.ts": (*PICTURES, *SOUND, "-c:v", "mpeg2video"),
    "timestamps.m2ts": (*PICTURES, *SOUND, "-c:v", "mpeg2video"),
    "live.mkv": (*MPEG4, "-live", "1"),
}
"""Those that do not."""


def run(*words: str | Path) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All the films, made once."""
    folder = tmp_path_factory.mktemp("films")
    for name, words in (FILMS | STREAMS).items():
        run("ffmpeg", "-loglevel", "error", *words, folder / name)
    return folder


def length_s(path: Path) -> float:
    """How long ffprobe says that a film plays."""
    words = ("-v", "quiet", "-show_entries", "format=duration", "-of", "csv=p=0")
    return float(run("ffprobe", *words, path))


@pytest.mark.parametrize("name", FILMS)
def test_a_finished_film_is_whole(name: str, folder: Path) -> None:
    """And plays as long as ffprobe says."""
    found = probe(folder / name)
    assert found.structure == "whole", found.detail
    assert found.duration_s == pytest.approx(length_s(folder / name), abs=0.6)


@pytest.mark.parametrize("name", STREAMS)
def test_what_has_no_end_is_unknown(name: str, folder: Path) -> None:
    """Its duration comes from its clock."""
    found = probe(folder / name)
    assert found.structure == "unknown", found.detail
    assert found.duration_s == pytest.approx(LENGTH_S, abs=1)


@pytest.mark.parametrize("name", FILMS)
def test_the_beginning_of_a_film_is_broken(name: str, folder: Path, tmp_path: Path) -> None:
    """Cut off anywhere."""
    data = (folder / name).read_bytes()
    for percent in (2, 20, 40, 60, 80, 99):
        (tmp_path / name).write_bytes(data[: len(data) * percent // 100])
        found = probe(tmp_path / name)
        assert found.structure == "broken", f"{percent} %: {found.detail}"
    (tmp_path / name).write_bytes(data[:-1])
    assert probe(tmp_path / name).structure == "broken"


@pytest.mark.parametrize("name", [*FILMS, "plain.ts", "timestamps.m2ts"])
def test_a_film_with_a_piece_that_was_not_written_is_broken(name: str, folder: Path, tmp_path: Path) -> None:
    """An eighth of it is zeros, as in a file that was set aside and is filled in piece by piece."""
    data = (folder / name).read_bytes()
    for eighth in range(8):
        start, end = len(data) * eighth // 8, len(data) * (eighth + 1) // 8
        (tmp_path / name).write_bytes(data[:start] + bytes(end - start) + data[end:])
        found = probe(tmp_path / name)
        assert found.structure == "broken", f"eighth {eighth}: {found.detail}"


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.mp4", "a.mov", "a.avi", "a.ts", "a.m2ts", "a.wmv"])
def test_the_films_that_we_make_are_believed(name: str, tmp_path: Path) -> None:
    """ffprobe takes our fixtures for what they say they are."""
    path = media_files.make(tmp_path / name, 1234.5, 50_000)
    assert length_s(path) == pytest.approx(1234.5, abs=0.01)


def test_opendml_and_fragments_of_ours_are_believed(tmp_path: Path) -> None:
    """The variants, too."""
    media_files.make_avi(tmp_path / "a.avi", 1234.5, 200_000, riffs=3)
    media_files.make_mp4(tmp_path / "a.mp4", 1234.5, 200_000, fragments=20)
    media_files.make_mp4(tmp_path / "b.mp4", 1234.5, 200_000, index_first=True)
    for name in ("a.avi", "a.mp4", "b.mp4"):
        assert length_s(tmp_path / name) == pytest.approx(1234.5, abs=0.1)
