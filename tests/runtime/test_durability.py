"""What was said to be on disk is on disk: after SIGKILL, and after a disk that was full.

With real processes. The points of the kills are counted commits, not moments.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from segue.core import rules
from segue.core.music.state import durable
from segue.runtime.replay import Report, open_copy, replay, segments
from segue.runtime.sqlite_journal import SqliteJournal

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'daemon'}{os.pathsep}{ROOT}", "PYTHONWARNINGS": "error"}
COMMAND = [sys.executable, "-m", "tests.runtime.appending_process"]


def run_until_committed(directory: Path, commits: int) -> int:
    """Run the process, kill it after so many commits, and give the last number that it was promised."""
    promised = 0
    with subprocess.Popen(
        [*COMMAND, str(directory), "1000000"], stdout=subprocess.PIPE, env=ENVIRONMENT, cwd=ROOT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            word, _, number = line.partition(" ")
            assert word == "committed", line
            promised = int(number)
            commits -= 1
            if commits == 0:
                process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    return promised


def checked(directory: Path, promised: int) -> Report:
    """Check that nothing is missing, nothing torn, and that rows and slices tell the same story."""
    with open_copy(directory / "segue.db") as db:
        found = [seq for (seq,) in db.execute("SELECT seq FROM steps ORDER BY seq")]
        (kept,) = db.execute("SELECT json FROM durable WHERE domain = 'music'").fetchone()
        newest = segments(db)[-1]
    assert found == list(range(1, len(found) + 1))
    assert found[-1] >= promised
    report = replay("latest", directory)
    assert report.mismatch is None
    assert report.rows == found[-1] - newest.first_seq + 1
    assert rules.enabled(report.state) is None, "the last append is there to its end"
    assert kept == msgspec.json.encode(durable(report.state.music)).decode()
    return report


def test_sigkill_loses_nothing_that_was_promised(tmp_path: Path) -> None:
    """Killed after the 1st, 2nd, 3rd, 5th, 8th ... commit, one process after the other on the same directory."""
    for commits in (1, 2, 3, 5, 8, 40):
        promised = run_until_committed(tmp_path, commits)
        checked(tmp_path, promised)
    journal = SqliteJournal(tmp_path)
    assert not journal.load_durable().stopped_cleanly
    assert journal.notices == ()
    assert journal.close()


def test_a_process_that_ends_by_itself_has_written_everything(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, str(tmp_path), "300"],
        env=ENVIRONMENT,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    word, last, lost = done.stdout.splitlines()[-1].split()
    assert (word, lost) == ("closed", "0")
    assert checked(tmp_path, int(last)).rows == int(last)
    journal = SqliteJournal(tmp_path)
    assert journal.load_durable().stopped_cleanly
    assert journal.close()


def mount_namespace() -> list[str]:
    """Give the command that may mount a file system for itself alone; skip where the kernel lets nobody."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare (apt-get install util-linux)")
    for command in ([unshare, "-m"], [unshare, "-r", "-m"]):
        probe = subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
        if probe.returncode == 0:
            return command
    pytest.skip("needs the right to mount a tmpfs in a namespace of its own")


def test_a_full_file_system_loses_nothing_once_there_is_room(tmp_path: Path) -> None:
    """A real ENOSPC on a tmpfs of 3 MB: reported, earlier rows intact, and all written when a file goes away."""
    namespace = mount_namespace()
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    out.mkdir()
    ballast = str(disk / "ballast")
    script = (
        'mount -t tmpfs -o size=3m tmpfs "$1" && dd if=/dev/zero of="$1/ballast" bs=1024 count=2600 2>/dev/null'
        ' && shift && "$@" && cp "$DISK/state/segue.db" "$OUT/segue.db"'
    )
    done = subprocess.run(
        [*namespace, "sh", "-c", script, "sh", str(disk), *COMMAND, str(disk / "state"), "400", ballast],
        env={**ENVIRONMENT, "DISK": str(disk), "OUT": str(out)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("failed") and "full" in line for line in lines), lines
    word, last, lost = lines[-1].split()
    assert (word, lost) == ("closed", "0")
    checked(out, int(last))


def test_an_integrity_check_after_all_that(tmp_path: Path) -> None:
    """Kills in the middle leave a file that SQLite itself finds whole."""
    run_until_committed(tmp_path, 30)
    with open_copy(tmp_path / "segue.db") as db:
        assert isinstance(db, sqlite3.Connection)
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
