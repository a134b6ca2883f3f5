"""A scan of real folders finds every wanted file, follows no link, and survives what it meets."""

import os
import socket
import threading
from pathlib import Path

import pytest
import trio

from segue.adapters import tree
from segue.adapters.tree import Limits, Names, Scan, TreeError, printable, scan

VIDEOS = Names(
    folder=lambda name: "hidden" if name.startswith(".") else "",
    file=lambda name: "" if name.endswith(".mkv") else "extension",
)

without_root_rights = pytest.mark.skipif(os.geteuid() == 0, reason="root can read every folder")


def put(root: Path, *paths: str, content: bytes = b"x") -> None:
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def names(found: Scan, root: Path) -> list[str]:
    return [os.path.relpath(file.path, root) for file in found.files]


async def test_every_wanted_file_is_found_with_what_stat_says(tmp_path: Path) -> None:
    put(tmp_path, "b.mkv", "a/c.mkv", "a/b/d.mkv", "a/notes.txt", ".hidden/e.mkv", content=b"12345")
    found = await scan(str(tmp_path), VIDEOS)
    assert names(found, tmp_path) == ["a/b/d.mkv", "a/c.mkv", "b.mkv"]
    about = (tmp_path / "b.mkv").stat()
    file = found.files[-1]
    assert (file.size, file.mtime_ns, file.inode, file.device) == (
        5,
        about.st_mtime_ns,
        about.st_ino,
        about.st_dev,
    )
    assert (found.bytes, found.folders, found.problem_count) == (15, 3, 0)
    assert found.devices == {about.st_dev}
    assert found.left == {"extension": 1, "hidden": 1}
    assert sorted(found.left_named) == [
        (f"{tmp_path}/.hidden", "hidden"),
        (f"{tmp_path}/a/notes.txt", "extension"),
    ]


async def test_one_folder_can_be_looked_at_alone_or_with_all_below(tmp_path: Path) -> None:
    put(tmp_path, "top.mkv", "a/one.mkv", "a/b/two.mkv")
    assert names(await scan(str(tmp_path), VIDEOS, folder="a", deep=False), tmp_path) == ["a/one.mkv"]
    assert names(await scan(str(tmp_path), VIDEOS, folder="a"), tmp_path) == ["a/b/two.mkv", "a/one.mkv"]
    assert names(await scan(str(tmp_path), VIDEOS, deep=False), tmp_path) == ["top.mkv"]


async def test_a_folder_that_has_gone_is_empty_and_a_root_that_has_gone_is_told(tmp_path: Path) -> None:
    assert (await scan(str(tmp_path), VIDEOS, folder="gone")).files == []
    with pytest.raises(TreeError, match="No such file") as caught:
        await scan(str(tmp_path / "gone"), VIDEOS)
    assert caught.value.missing


async def test_a_file_in_place_of_a_root_is_told(tmp_path: Path) -> None:
    put(tmp_path, "file")
    with pytest.raises(TreeError, match="file: Not a directory"):
        await scan(str(tmp_path / "file"), VIDEOS)


async def test_no_link_is_followed_and_those_that_lead_out_are_named(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put(root, "a/real.mkv")
    put(outside, "secret.mkv")
    (root / "out").symlink_to(outside)
    (root / "out.mkv").symlink_to(outside / "secret.mkv")
    (root / "a" / "up").symlink_to(root)  # a folder that holds itself
    (root / "again.mkv").symlink_to(root / "a" / "real.mkv")
    (root / "ring.mkv").symlink_to(root / "ring2.mkv")
    (root / "ring2.mkv").symlink_to(root / "ring.mkv")
    (root / "dead.mkv").symlink_to(root / "nothing.mkv")
    (root / "dead.txt").symlink_to(root / "nothing.txt")
    found = await scan(str(root), VIDEOS)
    assert names(found, root) == ["a/real.mkv"]
    assert found.links == 8
    assert sorted((Path(p.path).name, p.kind) for p in found.problems) == [
        ("dead.mkv", "link-broken"),
        ("out", "link-outside"),
        ("out.mkv", "link-outside"),
        ("ring.mkv", "link-broken"),
        ("ring2.mkv", "link-broken"),
    ]
    assert any("leads in a ring" in p.text for p in found.problems)


async def test_a_root_may_itself_be_a_link(tmp_path: Path) -> None:
    put(tmp_path, "real/a/b.mkv")
    (tmp_path / "link").symlink_to("real")
    found = await scan(str(tmp_path / "link"), VIDEOS, folder="a")
    assert [file.path for file in found.files] == [f"{tmp_path}/link/a/b.mkv"]


async def test_a_folder_that_became_a_link_out_of_the_root_is_not_entered(tmp_path: Path) -> None:
    put(tmp_path, "outside/sub/secret.mkv", "root/x.mkv")
    (tmp_path / "root" / "a").symlink_to(tmp_path / "outside")
    for folder in ("a", "a/sub", "../outside", "a/../../outside"):
        found = await scan(str(tmp_path / "root"), VIDEOS, folder=folder)
        assert found.files == [], folder


async def test_a_folder_that_turns_into_a_link_while_it_is_looked_at_is_not_entered(tmp_path: Path) -> None:
    put(tmp_path, "outside/secret.mkv", "root/a/x.mkv")

    def swaps(name: str) -> str:
        (tmp_path / "root" / name).rename(tmp_path / "swapped")
        (tmp_path / "root" / name).symlink_to(tmp_path / "outside")
        return ""

    assert (await scan(str(tmp_path / "root"), Names(swaps, VIDEOS.file))).files == []


async def test_a_name_that_is_no_utf8_is_named_and_left(tmp_path: Path) -> None:
    put(tmp_path, "good.mkv")
    put(tmp_path, os.fsdecode(b"caf\xe9.mkv"), os.fsdecode(b"dir\xff/x.mkv"))
    found = await scan(str(tmp_path), VIDEOS)
    assert names(found, tmp_path) == ["good.mkv"]
    assert sorted(p.path for p in found.problems) == [f"{tmp_path}/caf\\xe9.mkv", f"{tmp_path}/dir\\xff"]
    assert {p.kind for p in found.problems} == {"not-utf8"}
    for problem in found.problems:
        problem.text.encode()  # it can be written to a log


@without_root_rights
async def test_a_folder_that_does_not_open_is_named_and_its_files_count_as_unknown(tmp_path: Path) -> None:
    put(tmp_path, "open/a.mkv", "shut/b.mkv")
    (tmp_path / "shut").chmod(0)
    try:
        found = await scan(str(tmp_path), VIDEOS)
    finally:
        (tmp_path / "shut").chmod(0o700)
    assert names(found, tmp_path) == ["open/a.mkv"]
    assert [(p.kind, p.text) for p in found.problems] == [
        ("unreadable", f"{tmp_path}/shut cannot be read: Permission denied")
    ]
    assert not found.knows(f"{tmp_path}/shut/b.mkv")
    assert found.knows(f"{tmp_path}/shutter/b.mkv")


async def test_an_error_of_the_disk_is_named_with_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even root meets a disk that fails: the folder is named, the others are read."""
    put(tmp_path, "good/a.mkv", "bad/b.mkv")
    real = os.open

    def fails(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if str(path).endswith("/bad"):
            raise OSError(5, "Input/output error")
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", fails)
    found = await scan(str(tmp_path), VIDEOS)
    assert names(found, tmp_path) == ["good/a.mkv"]
    assert found.problems[0].text == f"{tmp_path}/bad cannot be read: Input/output error"
    assert not found.knows(f"{tmp_path}/bad/b.mkv")


async def test_what_is_neither_file_nor_folder_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mkv")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "sock.mkv"))
        found = await scan(str(tmp_path), VIDEOS)
    assert (found.files, found.problem_count) == ([], 0)


async def test_depth_and_number_are_bounded_and_said(tmp_path: Path) -> None:
    put(tmp_path, "1/2/3/deep.mkv", "1/2/there.mkv")
    found = await scan(str(tmp_path), VIDEOS, limits=Limits(depth=2))
    assert names(found, tmp_path) == ["1/2/there.mkv"]
    assert [p.kind for p in found.problems] == ["too-deep"]
    assert not found.knows(f"{tmp_path}/1/2/3/deep.mkv")
    put(tmp_path, *(f"many/{n}/x.mkv" for n in range(50)))
    found = await scan(str(tmp_path), VIDEOS, limits=Limits(entries=20))
    assert found.problems[-1].kind == "too-many"
    assert not found.knows(f"{tmp_path}/anything.mkv")


async def test_the_longest_path_that_the_kernel_takes_is_no_trouble(tmp_path: Path) -> None:
    """Folders nested beyond PATH_MAX are named, not fallen over."""
    fd = os.open(tmp_path, os.O_DIRECTORY)
    for _ in range(30):
        os.mkdir("n" * 200, dir_fd=fd)
        below = os.open("n" * 200, os.O_DIRECTORY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    found = await scan(str(tmp_path), VIDEOS)
    assert found.folders >= 15
    assert [p.kind for p in found.problems] == ["unreadable"]


async def test_only_the_first_problems_are_named_all_are_counted(tmp_path: Path) -> None:
    for n in range(tree.NAMED_MAX + 20):
        (tmp_path / f"{n}.mkv").symlink_to("/nowhere")
    found = await scan(str(tmp_path), VIDEOS)
    assert (len(found.problems), found.problem_count) == (tree.NAMED_MAX, tree.NAMED_MAX + 20)


async def test_a_disk_that_does_not_answer_ends_the_scan_and_not_the_daemon() -> None:
    """Threads that hang are bounded: when all of them do, the next question fails as well, in its time."""
    release = threading.Event()
    try:
        for _ in range(tree.THREADS + 1):
            with pytest.raises(TreeError, match=r"/mnt/gone does not answer; waited 0\.05 s"):
                await tree.ask_disk("/mnt/gone", release.wait, answer_s=0.05)
        assert await tree.ask_disk("/mnt/other", lambda: 7) == 7
    finally:
        release.set()
    with trio.fail_after(10):
        while tree.threads("/mnt/gone").borrowed_tokens:
            await trio.sleep(0.01)
    assert await tree.ask_disk("/mnt/gone", lambda: 7) == 7


async def test_a_scan_can_be_given_up_at_once(tmp_path: Path) -> None:
    """Cancelled while the thread is in a folder: nobody waits for the thread."""
    put(tmp_path, "a.mkv")
    inside, release = threading.Event(), threading.Event()

    def slow(_name: str) -> str:
        inside.set()
        release.wait()
        return ""

    try:
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(scan, str(tmp_path), Names(lambda _n: "", slow))
                while not inside.is_set():
                    await trio.sleep(0.01)
                nursery.cancel_scope.cancel()
    finally:
        release.set()


async def test_an_error_in_the_rules_is_not_swallowed(tmp_path: Path) -> None:
    put(tmp_path, "a.mkv")
    with pytest.raises(ZeroDivisionError):
        await scan(str(tmp_path), Names(lambda _n: "", lambda _n: str(1 // 0)))


def test_paths_are_shown_without_what_could_harm_a_terminal() -> None:
    assert printable("/a/Größe 東京.mkv") == "/a/Größe 東京.mkv"
    assert printable("/a/\x1b[2J\n.mkv") == "/a/\\x1b[2J\\x0a.mkv"
    assert printable(os.fsdecode(b"/a/\xe9")) == "/a/\\xe9"
    assert printable("/a/\u202e") == "/a/\\u202e"
