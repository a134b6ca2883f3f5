import errno
import os
import random
from pathlib import Path
from typing import Any

import pytest

from segue.adapters.files import publish, system
from segue.adapters.files.control import Work
from segue.adapters.files.orders import Place, Undone
from segue.adapters.files.taking_back import undo
from segue.adapters.files.trouble import MoveFailed
from tests.adapters.files.scene import Scene, undoing

FILM = random.Random(5).randbytes(150_000)
OTHER = random.Random(6).randbytes(150_000)


def did(undone: Undone) -> list[str]:
    return [file.did for file in undone.files]


def test_what_was_brought_lies_in_the_recycle_folder(scene: Scene) -> None:
    """The source is as it was, the folders that were made for it are gone, and a second time changes nothing."""
    moved = scene.move(*[scene.file(scene.source(n, FILM), f"A/B/{n}") for n in ("a.mkv", "a.srt")])
    undone = undo(undoing(moved), Work())
    assert did(undone) == ["recycled", "recycled"]
    assert undone.removed_folders == (f"{scene.library}/A/B", f"{scene.library}/A")
    expected = {
        "ingest/a.mkv": FILM,
        "ingest/a.srt": FILM,
        "library/.segue-recycle/7.1/A/B/a.mkv": FILM,
        "library/.segue-recycle/7.1/A/B/a.srt": FILM,
    }
    assert scene.tree() == expected
    assert did(undo(undoing(moved), Work())) == ["missing", "missing"]
    assert scene.tree() == expected


def test_a_folder_with_something_else_in_it_stays(scene: Scene) -> None:
    moved = scene.move(scene.file(scene.source(content=FILM), "A/B/a.mkv"))
    scene.shelve("A/note.txt", b"mine")
    assert undo(undoing(moved), Work()).removed_folders == (f"{scene.library}/A/B",)
    assert (scene.library / "A/note.txt").exists()


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_replaced_file_comes_back(
    scene: Scene, can_exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_exchange:
        monkeypatch.setattr(publish, "swap", lambda *_: False)
    scene.shelve("A/a.mkv", OTHER)
    moved = scene.move(scene.file(scene.source(content=FILM), "A/a.mkv", replaces=True))
    assert did(undo(undoing(moved), Work())) == ["swapped"]
    assert scene.tree()["library/A/a.mkv"] == OTHER
    assert FILM in {data for name, data in scene.tree().items() if ".segue-recycle" in name}


def test_an_exchange_is_not_taken_back_twice(scene: Scene) -> None:
    """Given again after its answer was lost, an undo does not bring the new file back."""
    scene.shelve("A/a.mkv", OTHER)
    moved = scene.move(scene.file(scene.source(content=FILM), "A/a.mkv", replaces=True))
    undo(undoing(moved), Work())
    after = scene.tree()
    assert did(undo(undoing(moved), Work())) == ["done before"]
    assert scene.tree() == after


def test_retired_files_come_back(scene: Scene) -> None:
    scene.shelve("A/a.avi", OTHER)
    moved = scene.move(
        scene.file(scene.source(content=FILM), "A/a.mkv"), retires=(Place(str(scene.library), "A/a.avi"),)
    )
    assert did(undo(undoing(moved), Work())) == ["recycled", "restored"]
    assert scene.tree()["library/A/a.avi"] == OTHER
    assert did(undo(undoing(moved), Work())) == ["missing", "done before"]


@pytest.mark.parametrize("method", ["move", "rename"])
def test_a_renamed_file_goes_back_to_where_it_was(scene: Scene, method: str) -> None:
    """Also when the folder that it came from has been cleared away meanwhile."""
    source = scene.source("deep/er/a.mkv", FILM)
    moved = scene.move(scene.file(source, "A/a.mkv"), method=method)
    source.parent.rmdir()
    assert did(undo(undoing(moved, back=True), Work())) == ["returned"]
    assert scene.tree() == {"ingest/deep/er/a.mkv": FILM}
    assert scene.folders() == []


def test_a_file_that_was_moved_from_another_disk_is_copied_back(scene: Scene, other_disk: Path) -> None:
    """Verified like any copy; what was in the library lies in the recycle folder."""
    scene.ingest = other_disk
    source = scene.source(content=FILM)
    moved = scene.move(scene.file(source, "A/a.mkv"), method="move")
    source.unlink()
    assert did(undo(undoing(moved, back=True), Work())) == ["returned"]
    assert source.read_bytes() == FILM
    assert scene.tree() == {"library/.segue-recycle/7.1/A/a.mkv": FILM}


def test_the_way_back_overwrites_nothing(scene: Scene) -> None:
    source = scene.source(content=FILM)
    moved = scene.move(scene.file(source, "A/a.mkv"), method="move")
    scene.source(content=OTHER)
    before = scene.tree()
    with pytest.raises(MoveFailed) as failure:
        undo(undoing(moved, back=True), Work())
    assert failure.value.kind == "destination_exists"
    assert scene.tree() == before


def test_a_moved_file_that_replaced_one_goes_back_and_the_other_comes_back(scene: Scene) -> None:
    scene.shelve("A/a.mkv", OTHER)
    moved = scene.move(scene.file(scene.source(content=FILM), "A/a.mkv", replaces=True), method="move")
    assert did(undo(undoing(moved, back=True), Work())) == ["returned"]
    assert scene.tree() == {"ingest/a.mkv": FILM, "library/A/a.mkv": OTHER}


@pytest.mark.parametrize("content", [OTHER, b"short"])
def test_a_file_that_somebody_changed_since_is_left(scene: Scene, content: bytes) -> None:
    """It is not what the job brought, and not ours to take away; nothing else of the job is touched either."""
    moved = scene.move(*[scene.file(scene.source(n, FILM), f"A/{n}") for n in ("a.mkv", "a.srt")])
    (scene.library / "A/a.srt").write_bytes(content)
    before = scene.tree()
    with pytest.raises(MoveFailed) as failure:
        undo(undoing(moved), Work())
    assert failure.value.kind == "source_changed"
    assert scene.tree() == before


def test_a_touched_file_is_known_by_its_content(scene: Scene) -> None:
    moved = scene.move(scene.file(scene.source(content=FILM), "A/a.mkv"))
    os.utime(scene.library / "A/a.mkv")
    assert did(undo(undoing(moved), Work())) == ["recycled"]


def test_what_failed_half_way_is_finished_the_next_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = scene.move(*[scene.file(scene.source(n, FILM), f"A/{n}") for n in ("a.mkv", "a.srt")])
    rename = system.rename_exclusive

    def failing(from_fd: int, name: str, *rest: Any) -> None:
        if name == "a.srt":
            raise OSError(errno.EIO, "no")
        rename(from_fd, name, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(system, "rename_exclusive", failing)
        with pytest.raises(MoveFailed):
            undo(undoing(moved), Work())
    assert did(undo(undoing(moved), Work())) == ["missing", "recycled"]
    assert scene.folders() == [".segue-recycle", ".segue-recycle/7.1", ".segue-recycle/7.1/A"]
