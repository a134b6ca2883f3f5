import errno
import os
import random
from pathlib import Path
from typing import Any

import pytest

from segue.adapters.files import publish, system
from segue.adapters.files.control import Work
from segue.adapters.files.orders import DropSource, Place
from segue.adapters.files.taking_back import drop_source
from segue.adapters.files.transfer import transfer
from segue.adapters.files.trouble import MoveFailed
from tests.adapters.files.scene import Scene

FILM = random.Random(3).randbytes(200_000)
OTHER = random.Random(4).randbytes(200_000)


def elsewhere(scene: Scene, other_disk: Path) -> Path:
    """Put the ingest folder on another file system."""
    scene.ingest = other_disk
    return scene.source(content=FILM)


# ------------------------------------------------------------------ hardlink


@pytest.mark.parametrize("method", ["hardlink", "hardlink-only"])
def test_a_hardlink_is_the_same_file_and_read_by_nobody(scene: Scene, method: str) -> None:
    source = scene.source(content=FILM)
    (moved,) = scene.move(scene.file(source, "A/a.mkv"), method=method).files
    assert source.samefile(scene.library / "A/a.mkv")
    assert source.stat().st_nlink == 2
    assert (moved.method, moved.sha256, moved.note) == ("hardlink", "", "")


def test_an_existing_hardlink_is_there_already(scene: Scene) -> None:
    order = scene.file(scene.source(content=FILM), "A/a.mkv")
    scene.move(order, method="hardlink")
    (moved,) = scene.move(order, method="hardlink").files
    assert (moved.method, moved.already_there, moved.sha256) == ("hardlink", True, "")


def test_where_no_hardlink_can_be_a_copy_is_made_and_told(scene: Scene, other_disk: Path) -> None:
    source = elsewhere(scene, other_disk)
    (moved,) = scene.move(scene.file(source, "A/a.mkv"), method="hardlink").files
    assert moved.method == "copy"
    assert "another file system" in moved.note
    assert moved.sha256


def test_hardlink_only_refuses_with_a_reason(scene: Scene, other_disk: Path) -> None:
    source = elsewhere(scene, other_disk)
    with pytest.raises(MoveFailed) as failure:
        scene.move(scene.file(source, "A/a.mkv"), method="hardlink-only")
    assert failure.value.kind == "no_hardlink"
    assert "another file system" in failure.value.detail
    assert list(scene.library.iterdir()) == []


# ------------------------------------------------------------------ rename and move


@pytest.mark.parametrize("method", ["move", "rename"])
def test_on_one_file_system_the_file_itself_goes(scene: Scene, method: str) -> None:
    source = scene.source(content=FILM)
    inode = source.stat().st_ino
    (moved,) = scene.move(scene.file(source, "A/a.mkv"), method=method).files
    assert (scene.library / "A/a.mkv").stat().st_ino == inode
    assert scene.tree() == {"library/A/a.mkv": FILM}
    assert (moved.method, moved.source_kept, moved.sha256) == ("rename", False, "")


@pytest.mark.parametrize("method", ["move", "rename"])
def test_a_rename_given_again_finds_the_file_in_its_place(scene: Scene, method: str) -> None:
    order = scene.file(scene.source(content=FILM), "A/a.mkv")
    scene.move(order, method=method)
    (moved,) = scene.move(order, method=method).files
    assert (moved.method, moved.already_there, moved.size) == ("rename", False, len(FILM))
    os.utime(scene.library / "A/a.mkv")
    with pytest.raises(MoveFailed) as failure:
        scene.move(order, method=method)
    assert failure.value.kind == "source_gone"


def test_a_rename_across_file_systems_is_refused(scene: Scene, other_disk: Path) -> None:
    source = elsewhere(scene, other_disk)
    with pytest.raises(MoveFailed) as failure:
        scene.move(scene.file(source, "A/a.mkv"), method="rename")
    assert failure.value.kind == "other_disk"
    assert source.exists()
    assert list(scene.library.iterdir()) == []


def test_a_name_may_change_its_case_only(scene: Scene) -> None:
    source = scene.shelve("a/film.mkv", FILM)
    scene.move(scene.file(source, "a/Film.mkv"), method="rename")
    assert scene.tree() == {"library/a/Film.mkv": FILM}


def test_nothing_is_renamed_when_one_of_several_cannot_be(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The subtitles are renamed first; when the video cannot follow, they go back."""
    files = [scene.file(scene.source(n, FILM), f"A/{n}") for n in ("a.mkv", "a.srt")]
    before = scene.tree()
    rename = system.rename_exclusive

    def failing(from_fd: int, name: str, to_fd: int, new: str) -> None:
        if new == "a.mkv":
            raise OSError(errno.EIO, "no")
        rename(from_fd, name, to_fd, new)

    monkeypatch.setattr(system, "rename_exclusive", failing)
    with pytest.raises(MoveFailed):
        scene.move(*files, method="move")
    assert scene.tree() == before
    assert scene.folders() == []


def test_a_move_that_the_system_refuses_becomes_a_copy(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two places may look like one file system and not be: quotas of projects, some bind mounts."""

    def refusing(*_: Any) -> None:
        raise OSError(errno.EXDEV, "other")

    monkeypatch.setattr(system, "rename_exclusive", refusing)
    (moved,) = scene.move(scene.file(scene.source(content=FILM), "A/a.mkv"), method="move").files
    assert (moved.method, moved.source_kept, moved.made_folders) == ("copy", True, ("A",))
    assert scene.tree() == {"ingest/a.mkv": FILM, "library/A/a.mkv": FILM}


def test_a_move_across_file_systems_keeps_the_source_until_it_is_told(scene: Scene, other_disk: Path) -> None:
    source = elsewhere(scene, other_disk)
    order = scene.file(source, "A/a.mkv")
    (moved,) = scene.move(order, method="move").files
    assert (moved.method, moved.source_kept) == ("copy", True)
    assert source.read_bytes() == FILM
    drop = DropSource(job="7.1", files=(order,))
    assert drop_source(drop, Work()).paths == (str(source),)
    assert not source.exists()
    assert drop_source(drop, Work()).paths == ()
    assert scene.tree() == {"library/A/a.mkv": FILM}


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        ("library is gone", "source_changed"),
        ("library is short", "source_changed"),
        ("source", "source_changed"),
    ],
)
def test_a_source_is_not_dropped_when_anything_is_doubtful(scene: Scene, spoil: str, kind: str) -> None:
    source = scene.source(content=FILM)
    order = scene.file(source, "A/a.mkv")
    scene.move(order)
    match spoil:
        case "library is gone":
            (scene.library / "A/a.mkv").unlink()
        case "library is short":
            (scene.library / "A/a.mkv").write_bytes(b"")
        case "source":
            os.utime(source)
    with pytest.raises(MoveFailed) as failure:
        drop_source(DropSource(job="7.1", files=(order,)), Work())
    assert failure.value.kind == kind
    assert source.exists()


def test_a_source_is_not_dropped_by_a_vague_order_or_from_the_library(scene: Scene) -> None:
    source = scene.source(content=FILM)
    scene.move(scene.file(source, "A/a.mkv"))
    itself = scene.file(scene.library / "A/a.mkv", "A/a.mkv")
    for order in (scene.file(source, "A/a.mkv", inode=0), scene.file(source, "A/a.mkv", size=-1), itself):
        with pytest.raises(MoveFailed) as failure:
            drop_source(DropSource(job="7.1", files=(order,)), Work())
        assert failure.value.kind == "bad_order"
    assert len(scene.tree()) == 2


# ------------------------------------------------------------------ replacing


@pytest.mark.parametrize("method", ["copy", "hardlink", "move"])
@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_replaced_file_lies_in_the_recycle_folder(
    scene: Scene, method: str, can_exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_exchange:
        monkeypatch.setattr(publish, "swap", lambda *_: False)
    scene.shelve("A/a.mkv", OTHER)
    (moved,) = scene.move(
        scene.file(scene.source(content=FILM), "A/a.mkv", replaces=True), method=method
    ).files
    tree = scene.tree()
    assert tree.pop(f"library/{moved.recycled}") == OTHER
    tree.pop("ingest/a.mkv", None)
    assert tree == {"library/A/a.mkv": FILM}
    assert moved.recycled.startswith(".segue-recycle/7.1/A/a")


def test_a_replacement_of_nothing_is_a_plain_transfer(scene: Scene) -> None:
    (moved,) = scene.move(scene.file(scene.source(content=FILM), "A/a.mkv", replaces=True)).files
    assert moved.recycled == ""
    assert scene.folders() == ["A"]


def test_a_replacement_given_again_still_knows_the_old_file(scene: Scene) -> None:
    scene.shelve("A/a.mkv", OTHER)
    order = scene.file(scene.source(content=FILM), "A/a.mkv", replaces=True)
    (first,) = scene.move(order).files
    (second,) = scene.move(order, resumed=True).files
    assert second.recycled == first.recycled != ""


def test_two_replacements_keep_both_old_files(scene: Scene) -> None:
    """Whatever lies in the recycle folder already is not overwritten."""
    scene.shelve("A/a.mkv", OTHER)
    scene.shelve(".segue-recycle/7.1/A/a.mkv", b"another one")
    (moved,) = scene.move(scene.file(scene.source(content=FILM), "A/a.mkv", replaces=True)).files
    assert moved.recycled == ".segue-recycle/7.1/A/a (2).mkv"
    assert scene.tree()["library/.segue-recycle/7.1/A/a.mkv"] == b"another one"


def test_files_of_another_name_are_retired_after_the_new_one_is_there(scene: Scene) -> None:
    scene.shelve("A/a.avi", OTHER)
    place = {"root": str(scene.library), "path": "A/a.avi"}
    order = scene.order(scene.file(scene.source(content=FILM), "A/a.mkv"), retires=(Place(**place),))
    moved = transfer(order, Work())
    assert moved.retired == ((Place(**place), ".segue-recycle/7.1/A/a.avi"),)
    assert scene.tree() == {
        "ingest/a.mkv": FILM,
        "library/A/a.mkv": FILM,
        "library/.segue-recycle/7.1/A/a.avi": OTHER,
    }
    assert transfer(order, Work()).retired == moved.retired


@pytest.mark.parametrize("path", ["A", "../x", ".segue-recycle/7.1/x", "A/link"])
def test_what_cannot_be_retired_keeps_the_new_file_out(scene: Scene, path: str) -> None:
    """An upgrade happens whole or not at all: the new file does not stay beside the old one."""
    scene.shelve("A/a.avi", OTHER)
    (scene.library / "A/link").symlink_to("a.avi")
    before = scene.tree()
    with pytest.raises(MoveFailed):
        scene.move(
            scene.file(scene.source(content=FILM), "B/b.mkv"), retires=(Place(str(scene.library), path),)
        )
    assert scene.tree() == before | {"ingest/a.mkv": FILM}
    assert scene.folders() == ["A"]


def test_a_failed_exchange_leaves_the_old_file(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.shelve("A/a.mkv", OTHER)
    order = scene.file(scene.source(content=FILM), "A/a.mkv", replaces=True)
    before = scene.tree()

    def failing(*_: Any) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(system, "exchange", failing)
    with pytest.raises(MoveFailed):
        scene.move(order)
    assert scene.tree() == before
    assert scene.folders() == ["A"]
