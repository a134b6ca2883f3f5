import hashlib
import os
import random
from pathlib import Path

import pytest

from segue.adapters.files import confined, partials, pump
from segue.adapters.files.control import Work
from segue.adapters.files.looking import inspect, sweep, verify
from segue.adapters.files.orders import Inspect, Place, Progress, Sweep, Swept, Verify, VerifyFile
from segue.adapters.files.trouble import MoveFailed
from tests.adapters.files.scene import Scene

FILM = random.Random(7).randbytes(150_000)
SHA256 = hashlib.sha256(FILM).hexdigest()

# ------------------------------------------------------------------ verify


def status(scene: Scene, path: str, *, size: int = len(FILM), sha256: str = SHA256) -> str:
    file = VerifyFile(str(scene.library), path, size, sha256)
    (found,) = verify(Verify(job="v", files=(file,)), Work()).files
    return found.status


def test_each_file_gets_its_own_verdict(scene: Scene) -> None:
    scene.shelve("good", FILM)
    scene.shelve("rotten", FILM[:-1] + b"x")
    scene.shelve("short", FILM[:-1])
    (scene.library / "link").symlink_to("good")
    (scene.library / "folder").mkdir()
    assert status(scene, "good") == "ok"
    assert status(scene, "rotten") == "content"
    assert status(scene, "short") == "size"
    assert status(scene, "gone") == "missing"
    assert status(scene, "no/such/folder") == "missing"
    assert status(scene, "link") == status(scene, "folder") == status(scene, "../x") == "unreadable"


def test_a_file_that_nobody_has_read_gets_its_checksum(scene: Scene) -> None:
    """Hardlinks, and libraries that were there before us."""
    scene.shelve("a", FILM)
    told: list[Progress] = []
    file = VerifyFile(str(scene.library), "a")
    (found,) = verify(Verify(job="v", files=(file,)), Work(tell=told.append)).files
    assert (found.status, found.sha256, found.size) == ("read", SHA256, len(FILM))
    assert told[-1].path == f"{scene.library}/a"


def test_one_unreadable_file_ends_no_verification(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.shelve("a", FILM)
    scene.shelve("b", FILM)
    digest = pump.digest
    calls = []

    def failing(*arguments: object) -> str:
        calls.append(1)
        if len(calls) == 1:
            raise OSError(5, "no")
        return digest(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pump, "digest", failing)
    files = tuple(VerifyFile(str(scene.library), name, len(FILM), SHA256) for name in "ab")
    found = verify(Verify(job="v", files=files), Work()).files
    assert [(f.status, f.detail) for f in found] == [("unreadable", "Input/output error"), ("ok", "")]


def test_a_verification_can_be_cancelled(scene: Scene) -> None:
    scene.shelve("a", FILM)
    work = Work()
    work.gate.cancel()
    with pytest.raises(MoveFailed) as failure:
        verify(Verify(job="v", files=(VerifyFile(str(scene.library), "a"),)), work)
    assert failure.value.kind == "cancelled"


# ------------------------------------------------------------------ sweep


def swept(scene: Scene, **more: object) -> Swept:
    given = {"roots": (str(scene.library),), "keep": ("9.9",)} | more
    return sweep(Sweep(job="sweep", **given), Work())  # type: ignore[arg-type]


def test_only_stale_partial_files_go(scene: Scene) -> None:
    """Not those of jobs that are kept, not what only looks like one, not what lies in the recycle folder."""
    scene.shelve(".segue-1.2-0.partial", b"12345")
    scene.shelve("A/B/.segue-3-12.partial", b"")
    others = [
        scene.shelve("A/.segue-9.9-0.partial", b"kept"),
        scene.shelve("A/.segue-1.2-0.partial.mkv", b"not ours"),
        scene.shelve("A/segue-1.2-0.partial", b"not ours"),
        scene.shelve("A/a.mkv", FILM),
        scene.shelve(".segue-recycle/1/.segue-1.2-0.partial", b"recycled"),
    ]
    (scene.library / ".segue-4-0.partial").mkdir()
    (scene.library / ".segue-5-0.partial").symlink_to("A/a.mkv")
    found = swept(scene)
    assert set(found.removed) == {
        f"{scene.library}/.segue-1.2-0.partial",
        f"{scene.library}/A/B/.segue-3-12.partial",
    }
    assert all(path.exists() for path in others)
    assert {Path(path).name for path, _ in found.left} == {".segue-4-0.partial", ".segue-5-0.partial"}
    assert found.bytes > 0
    assert found.folders == 4


def test_a_partial_file_that_a_worker_holds_stays(scene: Scene) -> None:
    with confined.open_folder(str(scene.library)) as folder:
        held = partials.make(folder, "1.2", 0)
        ((path, why),) = swept(scene).left
        assert (path, "another worker" in why) == (f"{scene.library}/{held.name}", True)
        held.close()
        assert swept(scene).removed == (path,)


def test_folders_can_be_named_without_their_depths(scene: Scene) -> None:
    scene.shelve("A/.segue-1-0.partial", b"")
    scene.shelve("A/B/.segue-1-0.partial", b"")
    found = swept(
        scene, roots=(), folders=(Place(str(scene.library), "A"), Place(str(scene.library), "gone"))
    )
    assert found.removed == (f"{scene.library}/A/.segue-1-0.partial",)


def test_a_sweep_follows_no_link_and_survives_a_missing_root(scene: Scene) -> None:
    scene.source(".segue-1-0.partial", b"")
    (scene.library / "link").symlink_to(scene.ingest)
    found = swept(scene, roots=(str(scene.library), str(scene.base / "gone")))
    assert found.removed == ()
    assert [path for path, _ in found.left] == [str(scene.base / "gone")]


# ------------------------------------------------------------------ inspect


def test_a_folder_is_described(scene: Scene) -> None:
    scene.shelve("A/a.mkv", FILM)
    (scene.library / "A/B").mkdir()
    (scene.library / "A/link").symlink_to("a.mkv")
    os.mkfifo(scene.library / "A/pipe")
    (scene.library / "A").joinpath(os.fsdecode(b"bad\xff")).write_bytes(b"")
    found = inspect(Inspect(job="i", folder=Place(str(scene.library), "A")))
    assert [(e.name, e.size, e.kind) for e in found.entries] == [
        ("B", 0, "folder"),
        ("a.mkv", len(FILM), "file"),
        ("link", 0, "other"),
        ("pipe", 0, "other"),
    ]
    assert found.unreadable_names == 1
    assert found.exists
    assert 0 < found.free_bytes <= found.total_bytes
    assert found.device == scene.library.stat().st_dev
    assert found.file_system
    assert found.writable is None


def test_a_folder_that_is_not_there_is_no_error(scene: Scene) -> None:
    assert not inspect(Inspect(job="i", folder=Place(str(scene.library), "A"))).exists


def test_a_probe_tries_things_out_and_leaves_nothing(scene: Scene) -> None:
    order = Inspect(job="i", folder=Place(str(scene.library), ""), probe=True, link_from=str(scene.ingest))
    found = inspect(order)
    assert (found.writable, found.hardlinks, found.link_works) == (True, True, True)
    assert None not in {found.exclusive_rename, found.exchange, found.reflink_works}
    assert scene.tree() == {}


def test_a_probe_says_that_two_disks_have_no_links(scene: Scene, other_disk: Path) -> None:
    order = Inspect(job="i", folder=Place(str(scene.library), ""), probe=True, link_from=str(other_disk))
    found = inspect(order)
    assert (found.writable, found.link_works) == (True, False)
    assert "link works" in found.problem
    assert list(other_disk.iterdir()) == []
