"""What every end-to-end test needs: a short place for sockets, and curl."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from segue.demo.video_film import make_film


@pytest.fixture(autouse=True)
def curl_is_there() -> None:
    """Skip on a user's machine without the independent client; CI has it, or fails."""
    if shutil.which("curl") is None and "CI" not in os.environ:
        pytest.skip("needs curl (apt-get install curl)")


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory whose path is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="segue-") as directory:
        yield Path(directory)


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """A folder on another file system than that of `place`."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev:
        pytest.skip("needs a second file system (/dev/shm beside the temporary directory)")
    with tempfile.TemporaryDirectory(prefix="segue-", dir=memory) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten minutes that a real player can show."""
    path: Path = tmp_path_factory.mktemp("film") / "film.mkv"
    trio.run(make_film, path)
    return path
