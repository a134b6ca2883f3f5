import os
import stat
import threading
from pathlib import Path

import pytest

from segue.adapters.files import confined, system
from segue.adapters.files.trouble import MoveFailed


def kind_of(root: Path, path: str, *, make: bool = False) -> str:
    with pytest.raises(MoveFailed) as failure:
        confined.open_folder(str(root), path, make=make).close()
    return failure.value.kind


def test_missing_folders_are_made_and_told(tmp_path: Path) -> None:
    """Outermost first, so that they can be removed from the end."""
    made: list[str] = []
    (tmp_path / "a").mkdir()
    with confined.open_folder(str(tmp_path), "a/b/c", make=True, made=made) as folder:
        assert os.path.samestat(os.fstat(folder.fd), (tmp_path / "a/b/c").stat())
        assert folder.shown("x") == str(tmp_path / "a/b/c/x")
        assert folder.below("x") == "a/b/c/x"
    assert made == ["a/b", "a/b/c"]


def test_a_folder_that_is_missing_and_not_to_be_made_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        confined.open_folder(str(tmp_path), "a")


def test_new_folders_inherit_group_and_setgid(tmp_path: Path) -> None:
    """Plain mkdir does that; a mode or owner of our own would break it (and is refused in a sandbox)."""
    tmp_path.chmod(0o2775)
    old = os.umask(0o007)
    try:
        confined.open_folder(str(tmp_path), "a/b", make=True).close()
    finally:
        os.umask(old)
    for path in (tmp_path / "a", tmp_path / "a/b"):
        assert path.stat().st_mode & 0o7777 == 0o2770
        assert path.stat().st_gid == tmp_path.stat().st_gid


@pytest.mark.parametrize("target", ["/etc", "..", "../outside", "inside", "loop", "nowhere"])
def test_no_symbolic_link_is_followed(tmp_path: Path, target: str) -> None:
    """Whether it leaves the root, stays in it, loops or leads nowhere."""
    root = tmp_path / "root"
    (root / "inside").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (root / "loop").symlink_to(target)
    assert kind_of(root, "loop") == "escapes"
    assert kind_of(root, "loop/x", make=True) == "escapes"
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("path", ["../x", "/etc", "a/../../x", "a//b", "."])
def test_no_text_leads_out(tmp_path: Path, path: str) -> None:
    assert kind_of(tmp_path, path, make=True) == "escapes"


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    """It is named by the person who configures it, and a person may mean a link."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "root").symlink_to("disk")
    confined.open_folder(str(tmp_path / "root"), "a", make=True).close()
    assert (tmp_path / "disk/a").is_dir()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    assert kind_of(tmp_path, "a/b", make=True) == "not_regular"


def test_a_root_that_is_not_there_is_told_apart(tmp_path: Path) -> None:
    """An unmounted disk is no reason to fill the folder beneath it."""
    assert kind_of(tmp_path / "gone", "a", make=True) == "root_missing"
    (tmp_path / "file").write_bytes(b"")
    assert kind_of(tmp_path / "file", "a", make=True) == "root_missing"
    assert kind_of(Path("relative"), "a", make=True) == "bad_order"
    assert not (tmp_path / "gone").exists()


def test_no_folder_is_made_beside_another_spelling_of_it(tmp_path: Path) -> None:
    (tmp_path / "Ame\u0301lie (2001)").mkdir()
    assert kind_of(tmp_path, "Amélie (2001)/x", make=True) == "destination_exists"
    confined.open_folder(str(tmp_path), "Amélie (2001)", make=True, twins=True).close()


def test_a_component_that_is_swapped_for_a_link_leads_nowhere(tmp_path: Path) -> None:
    """One thread swaps a folder and a link that leaves the root, another opens: never is something made outside."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "show").mkdir(parents=True)
    outside.mkdir()
    (root / "link").symlink_to(outside)
    stop = threading.Event()

    def swap() -> None:
        fd = os.open(root, os.O_RDONLY)
        while not stop.is_set():
            system.exchange(fd, "show", fd, "link")
        os.close(fd)

    thread = threading.Thread(target=swap)
    thread.start()
    outcomes: set[str] = set()
    try:
        for number in range(20_000):
            if number > 500 and outcomes == {"made", "escapes"}:
                break
            try:
                with confined.open_folder(str(root), f"show/season {number}", make=True) as folder:
                    os.close(os.open("probe", os.O_CREAT | os.O_WRONLY, dir_fd=folder.fd))
                outcomes.add("made")
            except (MoveFailed, FileNotFoundError) as error:
                outcomes.add(error.kind if isinstance(error, MoveFailed) else "missing")
    finally:
        stop.set()
        thread.join()
    assert list(outside.iterdir()) == []
    assert outcomes == {"made", "escapes"}


def test_a_folder_that_was_moved_away_is_noticed(tmp_path: Path) -> None:
    with confined.open_folder(str(tmp_path), "a", make=True) as folder:
        assert folder.is_where_it_was()
        (tmp_path / "a").rename(tmp_path / "b")
        assert not folder.is_where_it_was()
        (tmp_path / "a").mkdir()
        assert not folder.is_where_it_was()


def test_only_empty_folders_are_removed(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/file").write_bytes(b"")
    assert confined.remove_empty(str(tmp_path), "a/b")
    assert not confined.remove_empty(str(tmp_path), "a/b")
    assert not confined.remove_empty(str(tmp_path), "a")
    assert stat.S_ISDIR((tmp_path / "a").stat().st_mode)


def test_a_mount_below_the_root_begins_where_it_begins(tmp_path: Path) -> None:
    """On one file system all of the root is one place; `/dev/shm` is another below `/`."""
    (tmp_path / "a/b").mkdir(parents=True)
    assert confined.same_mount_from(str(tmp_path), "a/b") == 0
    if os.path.ismount("/dev/shm"):
        assert confined.same_mount_from("/", "dev/shm") == 2
