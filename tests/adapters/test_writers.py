"""Who writes to a file: asked about real processes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import segue
from segue.adapters.writers import REMOTE, Writer, _file_system, lease_is_free, who_writes

DAEMON = str(Path(segue.__file__).parents[1])
WAIT_S = 60
HOLD = """
import mmap, os, sys
path, how = sys.argv[1:]
if how == "map":
    fd = os.open(path, os.O_RDWR)
    memory = mmap.mmap(fd, 0)
    os.close(fd)
else:
    flags = {"read": os.O_RDONLY, "write": os.O_WRONLY, "append": os.O_WRONLY | os.O_APPEND, "both": os.O_RDWR}
    fd = os.open(path, flags[how])
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def holding(path: Path, how: str) -> Iterator[int]:
    """A process that has a file open, until the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process.pid
        process.communicate(timeout=WAIT_S)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"film")
    return path


def leases(path: Path) -> int:
    """How many leases the kernel knows of a file."""
    inode = f":{path.stat().st_ino} "
    lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return sum("LEASE" in line and inode in line for line in lines)


def test_nobody_writes_to_a_file_at_rest(film: Path) -> None:
    """Neither is anybody found, nor does the kernel know of anybody."""
    assert who_writes(film) == ()
    assert lease_is_free(film) is True


@pytest.mark.parametrize("how", ["write", "append", "both"])
def test_a_process_that_writes_is_found_and_named(how: str, film: Path) -> None:
    """By its id and its command's name; the kernel says the same, until it is gone."""
    with holding(film, how) as pid:
        assert who_writes(film) == (Writer(pid, Path(f"/proc/{pid}/comm").read_text().strip()),)
        assert lease_is_free(film) is False
    assert who_writes(film) == ()
    assert lease_is_free(film) is True


def test_a_reader_is_no_writer(film: Path) -> None:
    """Somebody watches the film already."""
    with holding(film, "read"):
        assert who_writes(film) == ()
        assert lease_is_free(film) is True


def test_a_writer_by_memory_map_is_known_to_the_kernel(film: Path) -> None:
    """Its descriptor is closed, so that it has no name here."""
    with holding(film, "map"):
        assert lease_is_free(film) is False


def test_several_writers_are_found_under_any_name_of_the_file(film: Path) -> None:
    """The file is meant, not its name: a second link, a new name."""
    os.link(film, film.with_name("link.mkv"))
    with holding(film, "write") as first, holding(film.with_name("link.mkv"), "append") as second:
        film.rename(film.with_name("renamed.mkv"))
        found = who_writes(film.with_name("renamed.mkv"))
        assert [writer.pid for writer in found] == sorted([first, second])


def test_the_caller_is_a_writer_like_others(film: Path) -> None:
    """Nobody is left out."""
    with film.open("ab"):
        assert [writer.pid for writer in who_writes(film)] == [os.getpid()]
        assert lease_is_free(film) is False


def test_what_is_not_there_has_no_writers(tmp_path: Path) -> None:
    """And no lease can be asked for; the same goes for what is no file."""
    assert who_writes(tmp_path / "gone.mkv") == ()
    assert lease_is_free(tmp_path / "gone.mkv") is None
    assert lease_is_free(tmp_path) is None
    assert who_writes("a\0b") == ()
    assert lease_is_free("a\0b") is None
    os.mkfifo(tmp_path / "pipe.mkv")
    assert lease_is_free(tmp_path / "pipe.mkv") is None


def test_no_lease_and_no_descriptor_is_left_behind(film: Path) -> None:
    """However often it was asked."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(50):
        assert lease_is_free(film) is True
    with film.open("ab"):
        assert lease_is_free(film) is False
    assert leases(film) == 0
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_writer_that_comes_while_we_ask_ends_nobody(film: Path) -> None:
    """Breaking a lease sends a signal that would end a process by default, were it not chosen well."""
    asking = """
import sys
from segue.adapters.writers import lease_is_free
for _ in range(3000):
    lease_is_free(sys.argv[1])
print("asked")
"""
    done = threading.Event()

    def write_again_and_again() -> None:
        while not done.is_set():
            os.close(os.open(film, os.O_WRONLY))

    threads = [threading.Thread(target=write_again_and_again) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        ended = subprocess.run(
            [sys.executable, "-c", asking, film],
            env={"PYTHONPATH": DAEMON},
            capture_output=True,
            text=True,
            timeout=WAIT_S,
        )
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert ended.returncode == 0, f"{signal.strsignal(-ended.returncode)} {ended.stderr}"
    assert ended.stdout == "asked\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_another_users_file_cannot_be_asked_about(film: Path) -> None:
    """Leases are for owners; who may not look into a process does not see it, and says nothing wrong."""
    for folder in (film.parent, *film.parents[1:3]):
        folder.chmod(0o755)
    film.chmod(0o644)
    asking = (
        "import os, sys; from segue.adapters.writers import lease_is_free, who_writes\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "print(lease_is_free(sys.argv[1]), who_writes(sys.argv[1]))"
    )
    with holding(film, "write"):
        ended = subprocess.run(
            [sys.executable, "-c", asking, film],
            env={"PYTHONPATH": DAEMON},
            capture_output=True,
            text=True,
            timeout=WAIT_S,
        )
    assert ended.stdout == "None ()\n", ended.stderr


def test_the_file_system_is_known(film: Path) -> None:
    """Its type is read from the mount that the descriptor is on."""
    with film.open("rb") as file:
        assert _file_system(file.fileno()) not in REMOTE | {""}
    with Path("/proc/self/status").open("rb") as file:
        assert _file_system(file.fileno()) == "proc"


def test_a_lease_says_nothing_about_other_machines(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network's file system somebody may write whom this kernel does not know."""
    monkeypatch.setattr("segue.adapters.writers._file_system", lambda _fd: "nfs4")
    assert lease_is_free(film) is None
