"""Names are read in worker processes: in order, once, and whatever one of them does."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

import pytest

from segue.actors import name_reader
from segue.actors.name_reader import NameReader
from segue.actors.name_worker import read_names, unreadable
from segue.core.ingest import names
from segue.core.ingest.facts import ParsedName

FILM = "The.Matrix.1999.1080p.BluRay.x264-HARBOR.mkv"
SHOW = "Show/Season 01/02 - Pilot.mkv"
LOOSE = "Some Film Without Year.mkv"


class MemoryCache:
    """Rows in a dict, and what was asked."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.asked: list[str] = []

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        self.asked += keys
        return {key: self.rows[key] for key in keys if key in self.rows}

    async def put_many(self, rows: Mapping[str, bytes]) -> None:
        self.rows.update(rows)


def misbehave(batch: Sequence[str]) -> list[ParsedName]:
    """Read like a worker, but hang or die on two names."""
    for path in batch:
        if path.startswith("hang"):
            time.sleep(600)
        if path.startswith("die"):
            os._exit(3)
        if path.startswith("raise"):
            raise ValueError(path)
    return read_names(batch)


async def test_names_come_back_in_the_order_in_which_they_were_asked() -> None:
    paths = [FILM, SHOW, LOOSE, FILM, *[f"Film {n} (2001).mkv" for n in range(100)]]
    found = await NameReader().read(paths)
    assert found == read_names(paths)
    assert found[0].title == "The Matrix"
    assert found[-1].title == "Film 99"


async def test_nothing_is_asked_for_nothing() -> None:
    assert await NameReader().read([]) == []


async def test_what_was_read_before_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = MemoryCache()
    first = await NameReader(cache).read([FILM, SHOW])
    assert len(cache.rows) == 2
    monkeypatch.setattr(name_reader, "in_worker", misbehave_always)
    assert await NameReader(cache).read([SHOW, f"elsewhere/{FILM}", FILM]) != first
    assert (await NameReader(cache).read([FILM, SHOW])) == first


def misbehave_always(batch: Sequence[str]) -> list[ParsedName]:
    return [unreadable() for _ in batch]


async def test_a_new_version_of_a_reader_reads_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = MemoryCache()
    await NameReader(cache).read([FILM])
    monkeypatch.setattr(name_reader, "READER_VERSION", "next")
    await NameReader(cache).read([FILM])
    monkeypatch.setattr(name_reader, "guessit_version", lambda: "99")
    await NameReader(cache).read([FILM])
    assert len(cache.rows) == 3


async def test_a_damaged_row_is_read_anew_and_mended() -> None:
    cache = MemoryCache()
    reader = NameReader(cache)
    first = await reader.read([FILM])
    key = next(iter(cache.rows))
    for damage in (b"", b"{", b'{"year": "soon"}', b"\xff\xfe"):
        cache.rows[key] = damage
        assert await reader.read([FILM]) == first
        assert cache.rows[key] != damage


async def test_names_that_no_database_could_hold_are_read_and_not_kept() -> None:
    cache = MemoryCache()
    found = await NameReader(cache).read(["Film \ud800 (2001).mkv", "x" * 5000, FILM])
    assert found[0].year == 2001
    assert "long_name" in found[1].flags
    assert len(cache.rows) == 1


@pytest.mark.parametrize("bad", ["hang.mkv", "die.mkv", "raise.mkv"])
async def test_a_name_that_breaks_its_worker_costs_nothing_but_itself(
    bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_reader, "in_worker", misbehave)
    cache = MemoryCache()
    reader = NameReader(cache, batch_deadline_s=3, name_deadline_s=6)
    found = await reader.read([FILM, bad, SHOW])
    assert found[1] == unreadable()
    assert [found[0], found[2]] == read_names([FILM, SHOW])
    assert len(cache.rows) == 2, "what could not be read is not remembered"
    monkeypatch.undo()
    assert (await reader.read([LOOSE]))[0].title == "Some Film Without Year"


def test_a_reader_that_fails_is_a_name_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(names, "read", fails)
    assert read_names(["x"]) == [unreadable()]


def test_the_daemon_does_not_load_the_readers_themselves() -> None:
    """Their patterns would stay in the daemon's memory for ever."""
    code = "import sys, segue.actors.name_reader; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())
    assert "segue.actors.name_worker" in loaded
    assert not {"guessit", "rebulk", "rapidfuzz", "segue.core.ingest.names_words"} & loaded


def test_an_idle_worker_ends_itself() -> None:
    code = "from segue.actors import name_worker as w\nimport time\nw.IDLE_S = 0.05\nw.in_worker([])\ntime.sleep(60)\n"
    done = subprocess.run([sys.executable, "-c", code], timeout=50)
    assert done.returncode == 0
