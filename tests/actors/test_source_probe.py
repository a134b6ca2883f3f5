"""A closer look at a file says whether it is there, whole, and let alone."""

import os
import threading
from pathlib import Path

import pytest
import trio

from segue.actors.file_watcher import FileWatcher
from segue.core.ingest.actions import SourceProbe
from segue.core.ingest.arrivals import Arrivals
from segue.core.ingest.effects import ProbeSources
from segue.demo import media_files
from tests.actors.watcher_desk import LONG_S, Desk, at_work, put, until


async def test_a_whole_film_is_seen_to_be_whole_and_a_half_one_to_be_broken(tmp_path: Path) -> None:
    whole = media_files.make(tmp_path / "whole.mkv", 90.0, 200_000)
    half = put(tmp_path / "half.mkv", whole.read_bytes()[:100_000])
    async with at_work() as desk:
        probes = await desk.probe(whole, half, tmp_path / "gone.mkv", tmp_path)
    about = whole.stat()
    assert (probes[0].size, probes[0].mtime_ns, probes[0].inode) == (
        200_000,
        about.st_mtime_ns,
        about.st_ino,
    )
    assert (probes[0].structure, probes[0].writer, probes[0].error) == ("whole", "", "")
    assert probes[0].duration_s == pytest.approx(90, abs=1)
    assert (probes[1].structure, probes[1].size) == ("broken", 100_000)
    assert probes[1].detail
    assert (probes[2].size, probes[2].error) == (None, "")
    assert probes[3].error == f"{tmp_path} is no regular file"


async def test_who_writes_is_named(tmp_path: Path) -> None:
    place = media_files.make(tmp_path / "f.mkv")
    async with at_work() as desk:
        with place.open("ab"):
            (probe,) = await desk.probe(place)
            assert f"({os.getpid()})" in probe.writer
        (probe,) = await desk.probe(place)
        assert probe.writer == ""


async def test_notes_of_a_client_beside_a_file_count_as_a_writer(tmp_path: Path) -> None:
    place = media_files.make(tmp_path / "f.mkv")
    put(tmp_path / "f.mkv.aria2")
    async with at_work() as desk:
        (probe,) = await desk.probe(place)
    assert probe.writer == "a download (f.mkv.aria2 lies beside it)"


async def test_a_file_beside_its_archive_is_unpacked_until_it_has_been_quiet(tmp_path: Path) -> None:
    fresh = media_files.make(tmp_path / "f.mkv")
    put(tmp_path / "f.rar")
    async with at_work() as desk:
        (probe,) = await desk.probe(fresh)
    assert probe.unpacking


async def test_a_disk_that_does_not_answer_fails_the_look_and_not_the_actor(tmp_path: Path) -> None:
    """It is asked once, not once for each file."""
    release, asked = threading.Event(), []

    def hangs(path: str, _arrivals: Arrivals) -> SourceProbe:
        asked.append(path)
        release.wait()
        return SourceProbe(path)

    desk = Desk()
    desk.watcher = FileWatcher(desk.store, desk.inbox, desk.catalogue, probe=hangs, probe_answer_s=0.05)
    try:
        async with at_work(desk):
            probes = await desk.probe(*(tmp_path / f"{n}.mkv" for n in range(5)))
    finally:
        release.set()
    assert len(asked) == 1
    assert all("does not answer" in probe.error for probe in probes)
    assert len(probes) == 5


async def test_the_actor_ends_at_once_while_a_disk_does_not_answer(tmp_path: Path) -> None:
    release, begun = threading.Event(), threading.Event()

    def hangs(path: str, _arrivals: Arrivals) -> SourceProbe:
        begun.set()
        release.wait()
        return SourceProbe(path)

    desk = Desk()
    desk.watcher = FileWatcher(desk.store, desk.inbox, desk.catalogue, probe=hangs)
    try:
        with trio.fail_after(LONG_S):
            async with at_work(desk):
                desk.ask(ProbeSources(effect_id="9.0", why="settled", because=1, paths=(f"{tmp_path}/x",)))
                await until(begun.is_set)
    finally:
        release.set()
