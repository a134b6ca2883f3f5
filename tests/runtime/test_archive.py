"""The archive on a real file: what is written twice is there once, and a damaged file loses as little as can be."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from segue.core.ingest.records import HistoryRecord, RecordedFile
from segue.runtime.archive import Archive, ArchiveError

NOW = 1_800_000_000.0


class Wall:
    at = NOW


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def archive(tmp_path: Path, wall: Wall) -> Iterator[Archive]:
    found = Archive(tmp_path, lambda: wall.at)
    yield found
    found.close()


def entry(
    record_id: str = "abc", *, title: str = "Arrival", at: float = NOW, size: int = 10
) -> HistoryRecord:
    files = (
        RecordedFile(f"/in/{title}.mkv", "/lib", f"{title} (2016)/{title}.mkv", size, "ab" * 32, "copy"),
        RecordedFile(
            f"/in/{title}.srt", "/lib", f"{title} (2016)/{title}.en.srt", 3, "", "hardlink", "subtitle"
        ),
    )
    return HistoryRecord(record_id, "ingest", at, title, files, year=2016, media="film", tmdb_id=329865)


async def test_an_entry_written_twice_is_one_row(archive: Archive) -> None:
    await archive.record(entry())
    await archive.record(msgspec.structs.replace(entry(), title="Another"))
    assert await archive.history(10) == [entry()]
    assert await archive.counts() == (1, 2)
    assert await archive.find("abc") == entry()
    assert await archive.find("xyz") is None


async def test_the_entries_of_a_title_are_found_unless_they_were_taken_back(archive: Archive) -> None:
    await archive.record(entry("old", at=NOW - 5))
    await archive.record(entry("new"))
    await archive.record(entry("undone", at=NOW + 5))
    await archive.mark_undone("undone", NOW + 6)
    assert [e.record_id for e in await archive.of_title("film", 329865)] == ["new", "old"]
    assert await archive.of_title("show", 329865) == []


async def test_the_newest_entry_comes_first_and_text_is_found_as_it_is(archive: Archive) -> None:
    for number in range(5):
        await archive.record(entry(str(number), title=f"Film {number}%", at=NOW + number))
    assert [e.record_id for e in await archive.history(3)] == ["4", "3", "2"]
    assert [e.record_id for e in await archive.history(3, before=NOW + 2)] == ["1", "0"]
    assert [e.record_id for e in await archive.history(9, text="3%")] == ["3"]
    assert await archive.history(9, text="_") == []


async def test_a_source_that_was_taken_in_is_known_by_name_and_size(archive: Archive) -> None:
    await archive.record(entry(size=77))
    assert await archive.ingested_before("Arrival.mkv", 77) == "abc"
    assert await archive.ingested_before("Arrival.mkv", 78) == ""
    await archive.mark_undone("abc", NOW + 5)
    await archive.mark_undone("abc", NOW + 9)
    assert await archive.ingested_before("Arrival.mkv", 77) == ""
    undone = await archive.find("abc")
    assert undone is not None
    assert undone.undone_at == NOW + 5


async def test_sources_below_a_watched_root_are_remembered_with_the_entry(archive: Archive) -> None:
    await archive.record(entry(), watched=("/elsewhere", "/in"))
    assert {path: status for path, (_, _, status) in (await archive.known("/in")).items()} == {
        "/in/Arrival.mkv": "ingested",
        "/in/Arrival.srt": "ingested",
    }
    await archive.remember("/in", [("/in/old.mkv", 1, 2)], "baseline")
    await archive.forget("/in", ["/in/Arrival.mkv"])
    assert set(await archive.known("/in")) == {"/in/Arrival.srt", "/in/old.mkv"}
    assert (await archive.known("/in"))["/in/old.mkv"] == (1, 2, "baseline")


async def test_a_folder_is_owned_by_what_was_put_there(archive: Archive) -> None:
    await archive.record(entry())
    assert await archive.owners(["/lib"], ["Arrival (2016)", "Arrival"]) == [("Arrival (2016)", 329865)]


async def test_files_are_read_in_pages_and_their_checksums_noted(archive: Archive) -> None:
    await archive.record(entry("a", title="One"))
    await archive.record(entry("b", title="Two_"))
    first = await archive.files_below("", ("", 0), 3)
    assert [(f.record_id, f.number) for f in first] == [("a", 0), ("a", 1), ("b", 0)]
    rest = await archive.files_below("", (first[-1].record_id, first[-1].number), 3)
    assert [f.path for f in rest] == ["Two_ (2016)/Two_.en.srt"]
    below = await archive.files_below("/lib/Two_ (2016)", ("", 0), 9)
    assert {f.record_id for f in below} == {"b"}
    await archive.note_sha256(rest[0], "cd" * 32)
    assert (await archive.files_below("", ("b", 0), 9))[0].sha256 == "cd" * 32
    kept = await archive.find("b")
    assert kept is not None
    assert kept.files[1].sha256 == "cd" * 32


async def test_answers_grow_old(archive: Archive, wall: Wall) -> None:
    await archive.keep_answer("k", b"{}")
    assert await archive.answer("k", 60) == b"{}"
    wall.at += 61
    assert await archive.answer("k", 60) is None
    wall.at += 40 * 86400
    await archive.tidy()
    assert await archive.answer("k", 1e9) is None
    await archive.keep_names({f"n{i}": b"x" for i in range(1200)})
    assert len(await archive.names([f"n{i}" for i in range(1300)])) == 1200


async def test_a_file_of_garbage_is_moved_aside(
    tmp_path: Path, archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    archive.path.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    await archive.record(entry())
    assert await archive.counts() == (1, 2)
    assert "moved to library.db.aside-" in archive.notices[0]
    assert archive.notices[0] in caplog.text
    assert len(list(tmp_path.glob("library.db.aside-*"))) == 1


async def test_the_history_of_a_damaged_file_is_carried_over(archive: Archive, wall: Wall) -> None:
    """Damage in one table does not take the others along."""
    for number in range(300):
        await archive.record(entry(f"r{number:03}", title=f"Film {number}", at=NOW + number))
        if number % 10 == 0:
            await archive.keep_names({f"{number}-{i}": b"x" * 900 for i in range(40)})
    archive.close()
    raw = bytearray(archive.path.read_bytes())
    marks = [i for i in range(0, len(raw), 4096) if b"x" * 800 in raw[i : i + 4096]]
    for at in marks[10:40]:
        raw[at : at + 4096] = b"\xff" * 4096
    archive.path.write_bytes(raw)
    again = Archive(archive.path.parent, lambda: wall.at)
    assert (await again.counts())[0] == 300
    assert "300 entries were carried over" in again.notices[0]
    again.close()


async def test_a_directory_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "library.db").mkdir()
    archive = Archive(tmp_path, lambda: NOW)
    with pytest.raises(Exception, match=r"library\.db"):
        await archive.counts()


async def test_another_program_that_holds_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    monkeypatch.setattr("segue.runtime.archive_file.BUSY_S", 0.1)
    other = sqlite3.connect(tmp_path / "library.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    archive = Archive(tmp_path, lambda: NOW)
    with pytest.raises(ArchiveError, match="Another program holds it"):
        await archive.counts()
    await archive.keep_answer("k", b"x")
    await archive.keep_names({"n": b"x"})
    assert (await archive.answer("k", 1e9), await archive.names(["n"])) == (None, {}), "a cache may be empty"
    other.execute("ROLLBACK")
    other.close()
    assert await archive.counts() == (0, 0)
    archive.close()
