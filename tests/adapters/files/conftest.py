"""Fixtures for moving bytes."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.files.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An ingest folder and a library on one file system."""
    return Scene(tmp_path)


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than `tmp_path`."""
    for candidate in ("/dev/shm", "/run", "/var/tmp"):
        try:
            if Path(candidate).stat().st_dev != tmp_path.stat().st_dev:
                folder = Path(tempfile.mkdtemp(prefix="segue-test-", dir=candidate))
                break
        except OSError:
            continue
    else:
        pytest.skip("needs a second file system that may be written, such as /dev/shm")
    yield folder
    shutil.rmtree(folder)
