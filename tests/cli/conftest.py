"""A scripted segued on a Unix socket, and seguectl pointed at it."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.fake_segued import FakeSegued
from tests.cli.running import Result, seguectl

Ctl = Callable[..., Result]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: the path of a socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="segue-") as name:
        yield Path(name)


@pytest.fixture
def segued(folder: Path) -> Iterator[FakeSegued]:
    """A daemon that listens."""
    daemon = FakeSegued(folder / "ctl.sock").start()
    yield daemon
    daemon.stop()


@pytest.fixture
def ctl(segued: FakeSegued) -> Ctl:
    """seguectl, told by the environment where that daemon listens."""
    return lambda *words, **more: seguectl(*words, SEGUE_SOCKET=str(segued.path), **more)
