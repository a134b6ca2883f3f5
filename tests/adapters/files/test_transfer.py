import errno
import hashlib
import os
import random
import socket
import stat
import threading
from typing import Any

import pytest

from segue.adapters.files import confined, partials, pump, system
from segue.adapters.files.control import Work
from segue.adapters.files.orders import FileOrder, Progress
from segue.adapters.files.trouble import MoveFailed
from tests.adapters.files.scene import MTIME_NS, Scene

FILM = random.Random(1).randbytes(300_000)
OTHER = random.Random(2).randbytes(300_000)
PLACE = "Films/A (1999)/A (1999).mkv"


def failure_of(scene: Scene, *files: FileOrder, **more: Any) -> MoveFailed:
    """Have an order fail, and find that nothing has changed by it."""
    before = scene.tree(), scene.folders()
    with pytest.raises(MoveFailed) as failure:
        scene.move(*files, **more)
    assert (scene.tree(), scene.folders()) == before
    return failure.value


def test_a_copy_has_content_time_checksum_and_plain_rights(scene: Scene) -> None:
    source = scene.source(content=FILM)
    source.chmod(0o400)
    old = os.umask(0o002)
    try:
        (moved,) = scene.move(scene.file(source, PLACE)).files
    finally:
        os.umask(old)
    final = scene.library / PLACE
    assert scene.tree() == {"ingest/a.mkv": FILM, f"library/{PLACE}": FILM}
    assert final.stat().st_mtime_ns == MTIME_NS
    assert final.stat().st_mode & 0o7777 == 0o664
    assert final.stat().st_nlink == 1
    assert moved.sha256 == hashlib.sha256(FILM).hexdigest()
    assert moved.made_folders == ("Films", "Films/A (1999)")
    assert (moved.size, moved.already_there, moved.note, moved.source_kept) == (len(FILM), False, "", False)
    assert moved.method in {"copy", "reflink"}


def test_an_empty_file_is_brought_over_as_well(scene: Scene) -> None:
    scene.move(scene.file(scene.source(content=b""), "a"))
    assert scene.tree()["library/a"] == b""


def test_progress_ends_at_all_bytes_of_all_files(scene: Scene) -> None:
    told: list[Progress] = []
    files = [scene.file(scene.source(name, FILM), f"A/{name}") for name in ("a.mkv", "a.srt")]
    scene.move(*files, work=Work(tell=told.append))
    last = told[-1]
    assert (last.done_bytes, last.total_bytes) == (600_000, 600_000)
    assert (last.files_done, last.files_total, last.phase) == (2, 2, "publishing")


def test_sidecars_are_in_place_before_the_video(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees the video finds its subtitles."""
    seen = []
    link = os.link

    def watching(source: str, name: str, **more: Any) -> None:
        seen.append(name)
        link(source, name, **more)

    monkeypatch.setattr(os, "link", watching)
    scene.move(*[scene.file(scene.source(n, FILM), f"A/{n}") for n in ("a.mkv", "a.srt", "a.nfo")])
    assert seen == ["a.nfo", "a.srt", "a.mkv"]


# ------------------------------------------------------------------ what is there already


def test_the_same_content_is_there_already(scene: Scene) -> None:
    scene.shelve(PLACE, FILM)
    (moved,) = scene.move(scene.file(scene.source(content=FILM), PLACE)).files
    assert (moved.already_there, moved.sha256) == (True, hashlib.sha256(FILM).hexdigest())


def test_an_order_given_again_finds_its_work_done(scene: Scene) -> None:
    """With `resumed` what is there is taken for what was brought."""
    order = scene.file(scene.source(content=FILM), PLACE)
    scene.move(order)
    (moved,) = scene.move(order, resumed=True).files
    assert (moved.already_there, moved.method) == (False, "copy")


@pytest.mark.parametrize("content", [OTHER, FILM[:-1], FILM + b"x", b""])
def test_other_content_is_not_touched(scene: Scene, content: bytes) -> None:
    scene.shelve(PLACE, content)
    failure = failure_of(scene, scene.file(scene.source(content=FILM), PLACE))
    assert failure.kind == "destination_exists"
    assert ("empty file" in failure.detail) == (content == b"")


@pytest.mark.parametrize("method", ["copy", "hardlink", "move", "rename"])
def test_a_conflict_of_one_file_keeps_all_of_them_out(scene: Scene, method: str) -> None:
    scene.shelve("A/a.srt", OTHER)
    files = [scene.file(scene.source(n, FILM), f"A/{n}") for n in ("a.mkv", "a.srt")]
    assert failure_of(scene, *files, method=method).kind == "destination_exists"


def test_a_folder_or_a_link_of_that_name_is_in_the_way(scene: Scene) -> None:
    (scene.library / "dir").mkdir()
    (scene.library / "link").symlink_to("nowhere")
    for name in ("dir", "link"):
        assert failure_of(scene, scene.file(scene.source(content=FILM), name)).kind == "destination_exists"
    assert (scene.library / "link").is_symlink()


@pytest.mark.parametrize("twin", ["AMÉLIE.mkv", "Ame\u0301lie.mkv"])
def test_another_spelling_of_the_name_is_in_the_way(scene: Scene, twin: str) -> None:
    scene.shelve(f"A/{twin}", OTHER)
    failure = failure_of(scene, scene.file(scene.source(content=FILM), "A/Amélie.mkv"))
    assert failure.kind == "destination_exists"
    assert repr(twin) in failure.detail


def test_a_name_that_is_taken_at_the_last_moment_is_not_overwritten(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody puts a file there after we looked: all is taken back, and theirs stays."""
    files = [scene.file(scene.source(n, FILM), f"A/{n}") for n in ("a.mkv", "a.srt")]
    link = os.link

    def racing(source: str, name: str, **more: Any) -> None:
        if name == "a.mkv":
            scene.shelve("A/a.mkv", OTHER)
        link(source, name, **more)

    monkeypatch.setattr(os, "link", racing)
    with pytest.raises(MoveFailed) as failure:
        scene.move(*files)
    assert failure.value.kind == "destination_exists"
    assert scene.tree() == {"ingest/a.mkv": FILM, "ingest/a.srt": FILM, "library/A/a.mkv": OTHER}


# ------------------------------------------------------------------ sources


def test_a_source_that_is_gone_or_other_than_it_was_is_refused(scene: Scene) -> None:
    source = scene.source(content=FILM)
    order = scene.file(source, PLACE)
    os.utime(source, ns=(MTIME_NS, MTIME_NS + 1))
    assert failure_of(scene, order).kind == "source_changed"
    source.write_bytes(FILM + b"x")
    assert failure_of(scene, order).kind == "source_changed"
    source.unlink()
    assert failure_of(scene, order).kind == "source_gone"
    again = scene.source(content=FILM)
    assert failure_of(scene, scene.file(again, PLACE, inode=1)).kind == "source_changed"
    assert (
        failure_of(scene, FileOrder(f"{scene.ingest}/no/such", str(scene.library), PLACE)).kind
        == "source_gone"
    )


@pytest.mark.parametrize("change", ["grows", "shrinks", "is replaced", "vanishes"])
def test_a_source_that_changes_while_it_is_copied_is_dropped(
    scene: Scene, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = scene.source(content=FILM)
    order = scene.file(source, PLACE)

    def meddle(source_fd: int, target: int, count: int) -> int:
        done = pump.read_and_write(source_fd, target, count)
        match change:
            case "grows":
                source.write_bytes(FILM + b"more")
            case "shrinks":
                source.write_bytes(FILM[:1000])
            case "is replaced":
                source.rename(scene.ingest / "old")
                scene.source(content=FILM)
            case "vanishes":
                source.unlink()
        monkeypatch.setattr(pump, "WAYS", (pump.read_and_write,))
        return done

    monkeypatch.setattr(pump, "WAYS", (meddle, pump.read_and_write))
    monkeypatch.setattr(system, "clone", lambda *_: False)
    with pytest.raises(MoveFailed) as failure:
        scene.move(order)
    assert failure.value.kind == ("source_gone" if change == "vanishes" else "source_changed")
    assert list(scene.library.iterdir()) == []


def test_only_plain_files_are_sources(scene: Scene) -> None:
    """Neither a pipe, which would wait for ever, nor a socket, a folder or a link."""
    (scene.ingest / "link").symlink_to(scene.source(content=FILM))
    (scene.ingest / "folder").mkdir()
    os.mkfifo(scene.ingest / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(scene.ingest / "socket"))
        for name in ("link", "folder", "pipe", "socket"):
            order = FileOrder(str(scene.ingest / name), str(scene.library), PLACE)
            assert failure_of(scene, order).kind == "not_regular"


def test_a_source_has_to_lie_below_its_root(scene: Scene) -> None:
    source = scene.source("deep/a.mkv", FILM)
    (scene.ingest / "link").symlink_to("deep")
    root = str(scene.ingest)
    outside = scene.base / "outside.mkv"
    outside.write_bytes(FILM)
    for path in (f"{root}/link/a.mkv", f"{root}/../outside.mkv", str(outside), f"{root}-x/a.mkv"):
        order = FileOrder(path, str(scene.library), PLACE, source_root=root)
        assert failure_of(scene, order).kind in {"escapes", "source_gone"}
    scene.move(scene.file(source, PLACE, source_root=root + "/"))


def test_a_library_with_links_in_it_is_not_left(scene: Scene) -> None:
    (scene.base / "elsewhere").mkdir()
    (scene.library / "Films").symlink_to(scene.base / "elsewhere")
    assert failure_of(scene, scene.file(scene.source(content=FILM), PLACE)).kind == "escapes"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("../a", "escapes"),
        ("/etc/a", "escapes"),
        ("a/../../b", "escapes"),
        ("", "escapes"),
        ("字" * 86, "name_too_long"),
        (".segue-recycle/a", "bad_order"),
        ("A/.segue-7-0.partial", "bad_order"),
    ],
)
def test_hostile_names_are_refused(scene: Scene, path: str, kind: str) -> None:
    assert failure_of(scene, scene.file(scene.source(content=FILM), path)).kind == kind


def test_orders_that_make_no_sense_are_refused(scene: Scene) -> None:
    file = scene.file(scene.source(content=FILM), PLACE)
    assert failure_of(scene).kind == "bad_order"
    assert failure_of(scene, file, file).kind == "bad_order"
    assert failure_of(scene, file, job="../7").kind == "bad_order"
    relative = FileOrder("a.mkv", str(scene.library), PLACE)
    assert failure_of(scene, relative).kind == "bad_order"
    assert failure_of(scene, scene.file(scene.source(), PLACE, size=1)).kind == "source_changed"


# ------------------------------------------------------------------ disks


def test_too_little_room_is_told_before_anything_is_copied(scene: Scene) -> None:
    failure = failure_of(scene, scene.file(scene.source(content=FILM), PLACE), margin_bytes=2**60)
    assert failure.kind == "no_space"
    assert failure.needed_bytes == 2**60 + len(FILM)
    assert 0 < failure.free_bytes < failure.needed_bytes


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, "no_space"),
        (errno.EDQUOT, "quota"),
        (errno.EFBIG, "too_large"),
        (errno.EROFS, "read_only"),
        (errno.EIO, "io"),
        (errno.ESTALE, "io"),
    ],
)
def test_what_the_disk_says_is_told_in_our_words(
    scene: Scene, number: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(system, "preallocate", failing)
    failure = failure_of(scene, scene.file(scene.source(content=FILM), PLACE))
    assert failure.kind == kind
    assert str(scene.library) in failure.path
    if kind == "no_space":
        assert failure.needed_bytes == len(FILM)
        assert failure.free_bytes > 0


def test_a_disk_error_is_tried_once_more_with_a_new_file(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an old descriptor says after a failed fsync proves nothing."""
    fsync, synced = os.fsync, []

    def failing_once(fd: int) -> None:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            synced.append(os.fstat(fd).st_ino)
            if len(synced) == 1:
                raise OSError(errno.EIO, "lost")
        fsync(fd)

    monkeypatch.setattr(os, "fsync", failing_once)
    scene.move(scene.file(scene.source(content=FILM), PLACE))
    assert scene.tree()[f"library/{PLACE}"] == FILM
    assert len(synced) == 3  # the failed one; content and time of the new file


def test_a_lying_disk_is_found_by_reading_back(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    forget = pump.forget_cache

    def flip(fd: int) -> None:
        os.pwrite(fd, b"\0\1\2\3", 1000)
        forget(fd)

    monkeypatch.setattr(pump, "forget_cache", flip)
    failure = failure_of(scene, scene.file(scene.source(content=FILM), PLACE), reread=True)
    assert failure.kind == "io"
    monkeypatch.setattr(pump, "forget_cache", forget)
    scene.move(scene.file(scene.source(content=FILM), PLACE), reread=True)


def test_a_folder_that_is_moved_away_meanwhile_gets_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = scene.file(scene.source(content=FILM), "Films/a.mkv")
    (scene.library / "Films").mkdir()

    def meddle(source: int, target: int, count: int) -> int:
        if (scene.library / "Films").exists():
            (scene.library / "Films").rename(scene.base / "moved")
        return pump.read_and_write(source, target, count)

    monkeypatch.setattr(pump, "WAYS", (meddle,))
    monkeypatch.setattr(system, "clone", lambda *_: False)
    with pytest.raises(MoveFailed) as failure:
        scene.move(order)
    assert failure.value.kind == "escapes"
    assert list((scene.base / "moved").iterdir()) == []


# ------------------------------------------------------------------ partial files


def test_a_partial_file_of_an_earlier_run_is_replaced(scene: Scene) -> None:
    scene.shelve("A/.segue-7.1-0.partial", b"half")
    scene.move(scene.file(scene.source(content=FILM), "A/a.mkv"))
    assert scene.tree() == {"ingest/a.mkv": FILM, "library/A/a.mkv": FILM}


def test_a_worker_that_still_holds_the_partial_file_is_not_disturbed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers of one job never share a partial file, not even when the first hangs."""
    monkeypatch.setattr(partials, "LOCK_WAIT_S", 0.2)
    with confined.open_folder(str(scene.library), "A", make=True) as folder:
        held = partials.make(folder, "7.1", 0)
        os.write(held.fd, b"half")
        failure = failure_of(scene, scene.file(scene.source(content=FILM), "A/a.mkv"))
        assert failure.kind == "busy"
        threading.Timer(0.3, held.remove).start()
        monkeypatch.setattr(partials, "LOCK_WAIT_S", 30.0)
        scene.move(scene.file(scene.source(content=FILM), "A/a.mkv"))
    assert scene.tree() == {"ingest/a.mkv": FILM, "library/A/a.mkv": FILM}


def test_a_link_with_the_name_of_a_partial_file_is_not_followed(scene: Scene) -> None:
    victim = scene.source("victim", OTHER)
    (scene.library / "A").mkdir()
    (scene.library / "A/.segue-7.1-0.partial").symlink_to(victim)
    assert failure_of(scene, scene.file(scene.source(content=FILM), "A/a.mkv")).kind == "not_regular"
