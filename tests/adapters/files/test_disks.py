"""Disks that are full, read-only, forbidden, or another one: real mounts in a namespace of our own."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from segue.adapters.files.orders import Failed, Lines, Moved, Progress, Transfer
from tests.adapters.files.scene import Scene

ROOT = Path(__file__).resolve().parents[3]
FILM = random.Random(9).randbytes(3_000_000)
MOVER = [sys.executable, "-P", "-m", "segue.adapters.files.mover"]
_BLINDED = """
import sys
from segue.adapters.files import mover, parts, system
parts.Part.needs_room = property(lambda self: False)
if sys.argv[1:]:
    system.preallocate = lambda *_: None
sys.exit(mover.main())
"""
BLIND = [sys.executable, "-P", "-c", _BLINDED]
"""A mover that does not look for room before it begins; with an argument it does not reserve it either."""


def namespace() -> list[str]:
    """Give the command that may mount a file system for itself alone; skip where that is not permitted."""
    unshare = shutil.which("unshare")
    if unshare is None:
        assert "CI" not in os.environ, "needs unshare (apt-get install util-linux)"
        pytest.skip("needs unshare (apt-get install util-linux)")
    for command in ([unshare, "-m"], [unshare, "-r", "-m"]):
        probe = subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
        if probe.returncode == 0:
            return command
    pytest.skip("needs the right to mount a tmpfs in a namespace of its own")


def on_mount(scene: Scene, options: str, order: Transfer, command: list[str]) -> tuple[Lines, list[str]]:
    """Mount a tmpfs as the library, have a mover carry an order out; give its answer, and what is there then."""
    (scene.base / "order.json").write_bytes(msgspec.json.encode(order) + b"\n")
    script = (
        'mount -t tmpfs -o "$2" tmpfs "$1/library" && cd / && base=$1 && shift 2 && '
        '{ cat "$base/order.json"; sleep 60 & echo $! > "$base/sleep"; wait; } 2>/dev/null | '
        '{ "$@"; kill $(cat "$base/sleep") 2>/dev/null; }; find "$base/library" -mindepth 1 > "$base/found"'
    )
    done = subprocess.run(
        [*namespace(), "sh", "-c", script, "sh", str(scene.base), options, *command],
        env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(ROOT / "daemon")},
        capture_output=True,
        timeout=120,
    )
    lines = [msgspec.json.decode(line, type=Lines) for line in done.stdout.splitlines()]
    answer = [line for line in lines if not isinstance(line, Progress)]
    assert len(answer) == 1, done.stdout + done.stderr
    return answer[0], (scene.base / "found").read_text().split("\n")[:-1]


@pytest.mark.parametrize(
    ("options", "command"),
    [
        pytest.param("size=2m", MOVER, id="looked-for-before"),
        pytest.param("size=2m", BLIND, id="when-reserved"),
        pytest.param("size=2m", [*BLIND, "write"], id="while-written"),
        pytest.param("size=16m,nr_inodes=3", MOVER, id="no-inodes"),
    ],
)
def test_a_full_disk_is_left_as_it_was(scene: Scene, options: str, command: list[str]) -> None:
    """A real ENOSPC, early or late: told with figures, nothing left, the source untouched."""
    source = scene.source(content=FILM)
    answer, found = on_mount(scene, options, scene.order(scene.file(source, "A/a.mkv")), command)
    assert isinstance(answer, Failed)
    assert answer.kind == "no_space"
    assert answer.needed_bytes == len(FILM)
    assert answer.free_bytes > 0
    assert found == []
    assert source.read_bytes() == FILM


def test_the_sidecars_of_a_video_that_does_not_fit_do_not_appear(scene: Scene) -> None:
    files = [scene.file(scene.source("a.mkv", FILM), "A/a.mkv"), scene.file(scene.source("b", b"x"), "A/b")]
    answer, found = on_mount(scene, "size=2m", scene.order(files[1], files[0]), BLIND)
    assert isinstance(answer, Failed)
    assert found == []


def test_what_fits_exactly_is_brought_over(scene: Scene) -> None:
    source = scene.source(content=FILM)
    answer, found = on_mount(scene, "size=3m", scene.order(scene.file(source, "a.mkv")), MOVER)
    assert isinstance(answer, Moved)
    assert found == [f"{scene.library}/a.mkv"]


def test_a_read_only_library_is_told(scene: Scene) -> None:
    source = scene.source(content=FILM)
    answer, _ = on_mount(scene, "size=9m,ro", scene.order(scene.file(source, "A/a.mkv")), MOVER)
    assert isinstance(answer, Failed)
    assert answer.kind == "read_only"


_AS_NOBODY = """
import os, sys
from segue.adapters.files import mover
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
sys.exit(mover.main())
"""


@pytest.fixture
def open_scene() -> Iterator[Scene]:
    """A scene in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="segue-test-") as folder:
        Path(folder).chmod(0o755)
        yield Scene(Path(folder))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
@pytest.mark.parametrize("forbidden", ["library", "folder", "source"])
def test_what_is_forbidden_is_told_with_names(open_scene: Scene, forbidden: str) -> None:
    """Who we are, whose it is and what its rights are: what a person needs to mend it."""
    source = open_scene.source(content=FILM)
    order = open_scene.order(open_scene.file(source, "A/a.mkv"))
    open_scene.library.chmod(0o755 if forbidden == "library" else 0o777)
    if forbidden == "folder":
        (open_scene.library / "A").mkdir(mode=0o755)
    source.chmod(0o600 if forbidden == "source" else 0o644)
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _AS_NOBODY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT / "daemon")},
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(order) + b"\n")
        process.stdin.flush()
        answer = msgspec.json.decode(process.stdout.read().splitlines()[-1], type=Lines)
    assert isinstance(answer, Failed)
    assert answer.kind == "permission"
    assert "uid 65534" in answer.hint
    assert "belongs to uid 0" in answer.hint
    assert list(open_scene.library.glob("*/*")) == []


def test_another_disk_is_no_obstacle_to_a_copy(scene: Scene, other_disk: Path) -> None:
    scene.ingest = other_disk
    (moved,) = scene.move(scene.file(scene.source(content=FILM), "A/a.mkv")).files
    assert moved.method == "copy"
    assert scene.tree() == {"library/A/a.mkv": FILM}
