"""Proof that the core decides the same again: a segment of the journal is run once more and compared.

A segment opens with the whole state. Each row's action is reduced with the row's own stamp; the fingerprints of the
slices that change must be the recorded ones, and so must the effects. Nothing is carried out. If the next segment goes
on where this one ends, its snapshot must be the state that the replay arrived at.

The daemon keeps its file to itself (see `database.py`), so a replay works on the file of a stopped daemon or on a
backup, and even that is copied first: opening the original could write to it, under another user.
"""

import fcntl
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from segue.core import reducer
from segue.core.state import State
from segue.errors import SegueError
from segue.runtime import rows
from segue.runtime.database import FILE_NAME, LOCK_NAME, SCHEMA_VERSION, schema_version
from segue.runtime.ledger import segment_rows

DIFFERENCES_MAX = 40
"""Lines of a difference that are shown."""


class ReplayRefusedError(SegueError):
    """The replay cannot be made; names what stands in the way and the next step."""

    code = "replay_refused"


class Segment(msgspec.Struct, frozen=True):
    """One segment of a journal."""

    number: int
    first_seq: int
    end_seq: int | None
    """Number of the first step that belongs to the next segment; nothing for the newest."""
    at: float
    code: str
    """Which core wrote it; see `rows.code_version`."""


class Mismatch(msgspec.Struct, frozen=True):
    """Where the replay first differs from what was recorded."""

    seq: int
    type: str
    action: str
    """JSON of the action that was reduced."""
    part: str
    """`effects`, `error`, `snapshot`, or the name of a slice."""
    recorded: str
    """Fingerprint or JSON."""
    replayed: str
    lines: tuple[str, ...]
    """What differs: for effects and snapshots recorded -> replayed. Of a slice only the fingerprint was recorded, so
    for a slice: what it was before the step -> what the replay makes of it."""


class Report(msgspec.Struct, frozen=True):
    """What a replay found."""

    segment: int
    rows: int
    took_s: float
    mismatch: Mismatch | None
    state: State
    """Where the replay ended."""

    @property
    def rows_per_s(self) -> float:
        """Speed of the replay."""
        return self.rows / self.took_s if self.took_s > 0 else 0.0


# ------------------------------------------------------------------ pure


def replay_rows(
    snapshot: State, steps: Iterable[rows.StepRow], *, next_snapshot: State | None = None, segment: int = 0
) -> Report:
    """Run steps again from a state, up to the first one that differs."""
    started = time.perf_counter()
    state, count, mismatch = snapshot, 0, None
    for count, row in enumerate(steps, 1):  # noqa: B007 -- told afterwards
        after, mismatch = _again(state, row)
        if mismatch is not None:
            break
        state = after
    if mismatch is None and next_snapshot is not None and next_snapshot != state:
        mismatch = _differs_at_end(next_snapshot, state)
    return Report(segment, count, time.perf_counter() - started, mismatch, state)


def _again(state: State, row: rows.StepRow) -> tuple[State, Mismatch | None]:
    """Reduce one action again; give the new state, or where it differs from the record."""
    try:
        after, effects = reducer.reduce(state, row.action(), row.stamp)
    except Exception as error:  # whatever the core raises is the finding
        return state, _mismatch(row, "error", "", f"{type(error).__name__}: {error}", ())
    hashes = rows.changed_hashes(state, after)
    for name in rows.SLICE_NAMES:
        recorded, replayed = row.hashes.get(name, "unchanged"), hashes.get(name, "unchanged")
        if recorded != replayed:
            lines = differences(_plain(getattr(state, name)), _plain(getattr(after, name)))
            return state, _mismatch(row, name, recorded, replayed, lines)
    again = msgspec.json.encode(effects).decode()
    if again != row.effects_json:
        lines = differences(msgspec.json.decode(row.effects_json), msgspec.json.decode(again))
        return state, _mismatch(row, "effects", row.effects_json, again, lines)
    return after, None


def _mismatch(row: rows.StepRow, part: str, recorded: str, replayed: str, lines: Iterable[str]) -> Mismatch:
    return Mismatch(row.seq, row.type, row.action_json, part, recorded, replayed, tuple(lines))


def _differs_at_end(recorded: State, replayed: State) -> Mismatch | None:
    lines = differences(_plain(recorded), _plain(replayed))
    if not lines:
        return None
    return Mismatch(0, "", "", "snapshot", rows.digest(recorded), rows.digest(replayed), tuple(lines))


def _plain(value: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def differences(before: Any, after: Any) -> list[str]:
    """Name each place where two JSON values differ: `rooms[0].kept.faded: null -> {...}`; at most a screenful."""
    found: list[str] = []
    for line in _differences("", before, after):
        if len(found) == DIFFERENCES_MAX:
            found.append("... and more")
            break
        found.append(line)
    return found


def _differences(path: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in (*before, *(k for k in after if k not in before)):
            yield from _differences(f"{path}.{key}" if path else key, before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        for n in range(max(len(before), len(after))):
            old, new = (items[n] if n < len(items) else None for items in (before, after))
            yield from _differences(f"{path}[{n}]", old, new)
    elif before != after or type(before) is not type(after):
        yield f"{path or '.'}: {_short(before)} -> {_short(after)}"


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 120 else f"{text[:117]}..."


# ------------------------------------------------------------------ over a file


def replay(target: str, state_dir: Path, *, any_code: bool = False) -> Report:
    """Replay a segment: its number, `latest`, or the newest one of a file such as a backup.

    Raises `ReplayRefusedError`. With `any_code` a segment of another core is replayed as well as it can be, which
    shows what a change of the core would have decided differently.
    """
    if target == "latest" or target.isdigit():
        path, wanted = state_dir / FILE_NAME, None if target == "latest" else int(target)
    else:
        path, wanted = Path(target), None
    with open_copy(path) as db:
        segment = _choose(segments(db), wanted, path)
        if segment.code != rows.code_version() and not any_code:
            raise ReplayRefusedError(
                f"Segment {segment.number} was written by segue {segment.code}, this is {rows.code_version()}.",
                "Only the same code decides the same; install that version to replay it.",
            )
        snapshot = _snapshot(db, segment.number)
        if snapshot is None:
            raise ReplayRefusedError(f"Segment {segment.number} has no snapshot.")
        steps = segment_rows(db, segment.first_seq, segment.end_seq)
        return replay_rows(snapshot, steps, next_snapshot=_continuation(db, segment), segment=segment.number)


def segments(db: sqlite3.Connection) -> list[Segment]:
    """Give the segments of a journal that are whole, oldest first."""
    found = db.execute(
        "SELECT segment, first_seq, at, code, dropping FROM segments ORDER BY segment"
    ).fetchall()
    ends = [row[1] for row in found[1:]]
    return [
        Segment(number, first_seq, end_seq, at, code)
        for (number, first_seq, at, code, dropping), end_seq in zip(found, [*ends, None], strict=False)
        if not dropping
    ]


def _choose(found: list[Segment], wanted: int | None, path: Path) -> Segment:
    if not found:
        raise ReplayRefusedError(f"{path} holds no segment yet.")
    if wanted is None:
        return found[-1]
    for segment in found:
        if segment.number == wanted:
            return segment
    raise ReplayRefusedError(
        f"{path} has no segment {wanted}; it has {found[0].number} to {found[-1].number}."
    )


def _snapshot(db: sqlite3.Connection, number: int) -> State | None:
    row = db.execute("SELECT json FROM snapshots WHERE segment = ?", (number,)).fetchone()
    if row is None:
        return None
    try:
        return msgspec.json.decode(row[0], type=State)
    except msgspec.MsgspecError as error:
        raise ReplayRefusedError(
            f"The snapshot of segment {number} does not fit the state of this code: {error}."
        ) from error


def _continuation(db: sqlite3.Connection, segment: Segment) -> State | None:
    """Give the next segment's snapshot if it goes on where this segment ends."""
    following = db.execute(
        "SELECT segment, continues FROM segments WHERE segment > ? ORDER BY segment LIMIT 1",
        (segment.number,),
    ).fetchone()
    return _snapshot(db, following[0]) if following is not None and following[1] else None


@contextmanager
def open_copy(path: Path) -> Iterator[sqlite3.Connection]:
    """Copy a journal with its log into a private directory and open the copy. Raises `ReplayRefusedError`."""
    if not path.is_file():
        raise ReplayRefusedError(f"{path} is not there.", "Name a segment, `latest`, or a journal's file.")
    with tempfile.TemporaryDirectory(prefix="segue-replay-") as directory:
        copy = Path(directory) / FILE_NAME
        with _no_daemon_on(path):
            try:
                for suffix in ("", "-wal"):
                    with suppress(FileNotFoundError):
                        shutil.copyfile(
                            path.with_name(path.name + suffix), copy.with_name(copy.name + suffix)
                        )
            except OSError as error:
                raise ReplayRefusedError(f"{path} cannot be copied: {error.strerror}.") from error
        db = sqlite3.connect(copy, isolation_level=None)
        try:
            version = schema_version(db)
            if version != SCHEMA_VERSION:
                text = f"{path} has schema {version}, this segue reads {SCHEMA_VERSION}."
                raise ReplayRefusedError(text, "Use the segue that wrote it.")
            yield db
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise ReplayRefusedError(f"{path} cannot be read: {error}.") from error
        finally:
            db.close()


@contextmanager
def _no_daemon_on(path: Path) -> Iterator[None]:
    """Hold the state directory while its file is copied; refuse while a daemon has it."""
    lock = path.with_name(LOCK_NAME)
    if path.name != FILE_NAME or not lock.exists():
        yield
        return
    try:
        fd = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise ReplayRefusedError(f"{lock} cannot be opened: {error.strerror}.") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise ReplayRefusedError(
            f"{path} is in use by a running segued.", "Stop it, or replay a backup of the file."
        ) from error
    try:
        yield
    finally:
        os.close(fd)
