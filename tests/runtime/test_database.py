"""The file: one daemon, mode 0600, checked at the start, moved aside when it is damaged."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from segue.runtime import database
from segue.runtime.database import (
    FILE_NAME,
    SCHEMA_VERSION,
    Database,
    StateDirError,
    StateDirInUseError,
    StateLock,
    schema_version,
    transaction,
    trouble_of,
)


def opened(directory: Path) -> Database:
    directory.mkdir(exist_ok=True)
    found = Database(directory, lambda: 1_700_000_000.0)
    found.open()
    return found


def keep_something(db: sqlite3.Connection, count: int = 300) -> None:
    with transaction(db):
        db.execute("INSERT INTO durable VALUES ('music', 1, '{\"rooms\":[]}', 77)")
        db.executemany(
            "INSERT INTO steps VALUES (?, 0, 0, 0, 't', ?, NULL, '', '', '[]', '{}', NULL, 0)",
            [(n, "x" * 500) for n in range(1, count)],
        )


def test_file_and_directory_are_private(tmp_path: Path) -> None:
    """Nobody else may read what was played: 0700 and 0600, the log too, whatever the umask."""
    before = os.umask(0)
    try:
        directory = tmp_path / "state" / "segue"
        lock = StateLock(directory)
        found = opened(directory)
        keep_something(found.open())
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert modes == {FILE_NAME: 0o600, FILE_NAME + "-wal": 0o600, database.LOCK_NAME: 0o600}
        found.close()
        lock.release()
    finally:
        os.umask(before)


def test_a_readable_file_is_made_private(tmp_path: Path) -> None:
    opened(tmp_path).close()
    (tmp_path / FILE_NAME).chmod(0o644)
    opened(tmp_path).close()
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_a_second_daemon_is_refused_by_name(tmp_path: Path) -> None:
    """The message names the directory, the process and the way out; after release the directory is free."""
    lock = StateLock(tmp_path)
    with pytest.raises(StateDirInUseError, match=f"pid {os.getpid()}") as caught:
        StateLock(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "[server] state_dir" in str(caught.value)
    lock.release()
    StateLock(tmp_path).release()


def test_the_lock_of_a_killed_daemon_is_free(tmp_path: Path) -> None:
    """The kernel lets go of it: no stale file keeps the next daemon out."""
    code = (
        "import sys, time; from pathlib import Path; from segue.runtime.database import StateLock\n"
        "lock = StateLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(StateDirInUseError, match=f"pid {process.pid}"):
            StateLock(tmp_path)
        process.kill()
        process.wait(10)
    StateLock(tmp_path).release()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateDirError, match="file/state: Not a directory"):
        StateLock(tmp_path / "file" / "state")


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    """Whoever can write into the directory must not make the daemon write elsewhere."""
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateDirError):
        opened(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_the_connection_is_durable_and_alone(tmp_path: Path) -> None:
    """WAL, full synchronisation, and no second program may even read."""
    found = opened(tmp_path)
    db = found.open()
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert db.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    assert schema_version(db) == SCHEMA_VERSION
    assert not (tmp_path / (FILE_NAME + "-shm")).exists()
    other = sqlite3.connect(tmp_path / FILE_NAME, timeout=0.0)
    with pytest.raises(sqlite3.OperationalError) as caught:
        other.execute("SELECT * FROM durable").fetchall()
    assert trouble_of(caught.value) == "busy"
    other.close()
    found.close()


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    first = opened(tmp_path)
    keep_something(first.open())
    first.close()
    second = opened(tmp_path)
    assert second.open().execute("SELECT count(*) FROM migrations").fetchone() == (SCHEMA_VERSION,)
    assert second.open().execute("SELECT max(seq) FROM steps").fetchone() == (299,)
    assert second.notices == []
    second.close()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    found = opened(tmp_path)
    db = found.open()
    with pytest.raises(ZeroDivisionError), transaction(db):
        db.execute("INSERT INTO notes VALUES ('a', 'b')")
        raise ZeroDivisionError
    assert db.execute("SELECT * FROM notes").fetchall() == []
    assert not db.in_transaction
    found.close()


def test_something_that_is_no_database_is_moved_aside(tmp_path: Path) -> None:
    """It is kept, and the notice says where."""
    (tmp_path / FILE_NAME).write_bytes(b"this is a shopping list\n" * 100)
    found = opened(tmp_path)
    aside = tmp_path / f"{FILE_NAME}.aside-1700000000"
    assert aside.read_bytes().startswith(b"this is a shopping list")
    assert aside.name in found.notices[0]
    assert "not a database" in found.notices[0]
    assert found.open().execute("SELECT count(*) FROM durable").fetchone() == (0,)
    found.close()


@pytest.mark.parametrize("whole_mb", [database.CHECK_WHOLE_MB, 0])
def test_what_is_whole_of_a_damaged_file_is_carried_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole_mb: int
) -> None:
    """The durable rows outlive damage elsewhere, and the numbers go on. A large file is checked only in part."""
    first = opened(tmp_path)
    keep_something(first.open())
    (root,) = first.open().execute("SELECT rootpage FROM sqlite_schema WHERE name = 'steps'").fetchone()
    first.close()
    with (tmp_path / FILE_NAME).open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    monkeypatch.setattr(database, "CHECK_WHOLE_MB", whole_mb)
    second = opened(tmp_path)
    if whole_mb:
        assert "damaged" in second.notices[0] or "malformed" in second.notices[0]
        assert second.open().execute("SELECT value FROM notes WHERE key = 'last_seq'").fetchone() == ("77",)
        assert second.open().execute("SELECT count(*) FROM steps").fetchone() == (0,)
    else:
        assert second.notices == []
        second.move_aside("met while reading")
    assert second.open().execute("SELECT * FROM durable").fetchall() == [("music", 1, '{"rooms":[]}', 77)]
    second.close()


def test_a_newer_schema_is_kept_and_not_touched(tmp_path: Path) -> None:
    """A step back to an older segue must not destroy what the newer one wrote."""
    first = opened(tmp_path)
    first.open().execute("INSERT INTO migrations VALUES (?, 0)", (SCHEMA_VERSION + 1,))
    first.close()
    second = opened(tmp_path)
    assert f"schema {SCHEMA_VERSION + 1} is newer than ours, {SCHEMA_VERSION}" in second.notices[0]
    second.close()
    aside = sqlite3.connect(tmp_path / f"{FILE_NAME}.aside-1700000000")
    assert schema_version(aside) == SCHEMA_VERSION + 1
    aside.close()


def test_an_older_schema_is_migrated_one_step_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tmp_path).close()

    def add_mood(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE notes ADD COLUMN mood TEXT")

    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, add_mood))
    monkeypatch.setattr(database, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    found = opened(tmp_path)
    assert found.open().execute("SELECT mood FROM notes").fetchall() == []
    assert schema_version(found.open()) == SCHEMA_VERSION + 1
    found.close()


def test_few_files_are_kept_aside(tmp_path: Path) -> None:
    """A disk that ruins the file again and again is not filled with its ruins."""
    for _ in range(database.KEPT_ASIDE + 3):
        (tmp_path / FILE_NAME).write_bytes(b"rubbish " * 1000)
        opened(tmp_path).close()
    kept = [p for p in tmp_path.iterdir() if ".aside-" in p.name]
    assert len(kept) == database.KEPT_ASIDE
