"""What every end-to-end test needs: a short place for sockets, and curl."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


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
