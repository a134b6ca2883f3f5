import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.adapters.files import control, pump
from segue.adapters.files.control import Work
from segue.adapters.files.orders import Progress
from segue.adapters.files.trouble import MoveFailed

CONTENT = os.urandom(1_000_003)


class Files:
    """A source and an empty target, open."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "target"
        (folder / "source").write_bytes(CONTENT)
        self.source = os.open(folder / "source", os.O_RDONLY)
        self.target = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)

    def close(self) -> None:
        os.close(self.source)
        os.close(self.target)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    both = Files(tmp_path)
    yield both
    both.close()


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte is many chunks."""
    monkeypatch.setattr(control, "CHUNK_BYTES", 100_000)
    monkeypatch.setattr(pump, "READ_BYTES", 70_000)


def copied(files: Files, work: Work | None = None) -> pump.Copied:
    result = pump.copy(files.source, files.target, len(CONTENT), work or Work())
    assert files.path.read_bytes() == CONTENT
    assert result.sha256 == hashlib.sha256(CONTENT).hexdigest()
    return result


def test_bytes_and_checksum_are_the_sources(files: Files) -> None:
    assert copied(files).method in {"copy", "reflink", "server-side copy"}


@pytest.mark.parametrize("way", pump.WAYS)
def test_each_way_copies_the_same(files: Files, way: pump.Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "WAYS", (way,))
    copied(files)


def test_an_empty_file_is_a_file(files: Files) -> None:
    result = pump.copy(files.source, files.target, 0, Work())
    assert (files.path.read_bytes(), result.sha256) == (b"", hashlib.sha256().hexdigest())


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM])
def test_a_way_that_is_not_possible_leads_to_the_next(
    files: Files, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the middle, and also when some bytes were copied beyond what was counted."""
    calls = 0

    def unwilling(source: int, target: int, count: int) -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            os.write(target, b"half a chunk that does not count")
            raise OSError(number, "no")
        return pump.send(source, target, count)

    monkeypatch.setattr(pump, "WAYS", (unwilling, pump.read_and_write))
    assert copied(files).method == "copy"
    assert calls == 3


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG])
def test_a_failure_is_no_reason_for_another_way(
    files: Files, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(source: int, target: int, count: int) -> int:
        raise OSError(number, "no")

    monkeypatch.setattr(pump, "WAYS", (failing, pump.read_and_write))
    with pytest.raises(OSError, match="no") as failure:
        copied(files)
    assert failure.value.errno == number


@settings(deadline=None, max_examples=30)
@given(counts=st.lists(st.integers(0, 150_000), max_size=40))
def test_short_writes_end_whole(counts: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    """A call may copy less than it was asked for, any number of times."""
    left = list(counts)

    def short(source: int, target: int, count: int) -> int:
        return pump.read_and_write(source, target, min(count, left.pop() if left else count))

    both = Files(tmp_path_factory.mktemp("short"))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pump, "WAYS", (short, pump.read_and_write))
            copied(both)
    finally:
        both.close()


def test_a_source_that_ends_early_has_changed(files: Files) -> None:
    with pytest.raises(MoveFailed) as failure:
        pump.copy(files.source, files.target, len(CONTENT) + 1, Work())
    assert failure.value.kind == "source_changed"


def test_the_checksum_thread_fails_aloud(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the thread that reads is the error of the copy, and nobody waits for ever."""

    def broken(*_: object) -> list[int]:
        raise OSError(errno.EIO, "cannot be read")

    monkeypatch.setattr(pump, "_pieces", broken)
    with pytest.raises(OSError, match="cannot be read"):
        pump.copy(files.source, files.target, len(CONTENT), Work())


def test_a_cancelled_copy_ends(files: Files) -> None:
    work = Work()
    work.gate.cancel()
    with pytest.raises(MoveFailed) as failure:
        pump.copy(files.source, files.target, len(CONTENT), work)
    assert failure.value.kind == "cancelled"


def test_progress_counts_every_byte_once(files: Files) -> None:
    told: list[Progress] = []
    work = Work(tell=told.append)
    copied(files, work)
    assert work.meter.done_bytes == len(CONTENT)


def test_a_file_is_read_to_its_end(files: Files) -> None:
    assert pump.digest(files.source, len(CONTENT), Work()) == hashlib.sha256(CONTENT).hexdigest()
    with pytest.raises(MoveFailed):
        pump.digest(files.source, len(CONTENT) + 1, Work())
