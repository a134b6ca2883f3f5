"""The core decides the same again: random houses are journalled, replayed and compared."""

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as but

from segue.core.music.state import durable
from segue.runtime import replay as replaying
from segue.runtime import rows
from segue.runtime.ledger import Limits
from segue.runtime.replay import ReplayRefusedError, differences, open_copy, replay, replay_rows, segments
from segue.runtime.sqlite_journal import SqliteJournal
from tests.runtime.steps import Steps, json_of, song
from tests.runtime.stories import Story, lived, stories


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(story=stories, started=st.booleans())
def test_every_story_replays_to_the_same_hashes(story: Story, started: bool) -> None:
    """Out of JSON alone: snapshot, actions and stamps lead to the same slices, effects and end."""
    steps = lived(Steps().begin() if started else Steps(), story)
    if not steps.entries:
        return
    snapshot = msgspec.json.decode(json_of(steps.entries[0].before), type=type(steps.store.state))
    report = replay_rows(snapshot, steps.rows(), next_snapshot=steps.store.state)
    assert report.mismatch is None
    assert report.rows == len(steps.entries)
    assert report.state == steps.store.state


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories)
def test_every_story_replays_from_the_disk(tmp_path: Path, story: Story) -> None:
    """Over a real file, in several segments, each of which replays by itself and leads to the next."""
    directory = tmp_path / "state"
    shutil.rmtree(directory, ignore_errors=True)
    steps = lived(Steps(at=1e9).begin(), story)
    journal = SqliteJournal(directory, Limits(segment_rows=10, keep_days=1e6))
    for append in steps.appends:
        journal.append(append)
    assert journal.close(30)
    with open_copy(directory / "segue.db") as db:
        found = segments(db)
    reports = [replay(str(segment.number), directory) for segment in found]
    assert [r.mismatch for r in reports] == [None] * len(found)
    assert sum(r.rows for r in reports) == len(steps.entries)
    assert reports[-1].state == steps.store.state
    again = SqliteJournal(directory)
    assert again.load_durable().next_seq == steps.entries[-1].stamp.seq + 1
    assert durable(again.load_durable().state.music).rooms == tuple(
        sorted(durable(steps.store.state.music).rooms)
    )
    assert again.close()


# ------------------------------------------------------------------ what differs


def evening() -> Steps:
    steps = Steps().begin()
    steps.plex(song())
    return steps


def test_a_changed_action_is_found_at_its_step() -> None:
    """The report names the step, the slice and the places in it."""
    steps = evening()
    found = steps.rows()
    n = next(i for i, row in enumerate(found) if row.type == "music.receiver_read")
    found[n] = but(found[n], action_json=found[n].action_json.replace('"level":40', '"level":41'))
    mismatch = replay_rows(steps.entries[0].before, found).mismatch
    assert mismatch is not None
    assert (mismatch.seq, mismatch.type, mismatch.part) == (found[n].seq, "music.receiver_read", "music")
    assert mismatch.recorded == found[n].hashes["music"] != mismatch.replayed
    assert "rooms[0].receiver.observed_level: null -> 41" in mismatch.lines
    assert '"level":41' in mismatch.action


def test_a_slice_that_should_not_have_changed_is_found() -> None:
    steps = evening()
    found = steps.rows()
    found[2] = but(found[2], hashes={})
    mismatch = replay_rows(steps.entries[0].before, found).mismatch
    assert mismatch is not None
    assert (mismatch.seq, mismatch.part, mismatch.recorded) == (found[2].seq, "music", "unchanged")


def test_other_effects_are_found_and_shown() -> None:
    """Effects are recorded in full, so the difference is theirs."""
    steps = evening()
    found = steps.rows()
    n = next(i for i, row in enumerate(found) if '"set_volume"' in row.effects_json)
    found[n] = but(found[n], effects_json=found[n].effects_json.replace('"level":', '"level":9'))
    mismatch = replay_rows(steps.entries[0].before, found).mismatch
    assert mismatch is not None
    assert (mismatch.seq, mismatch.part) == (found[n].seq, "effects")
    assert mismatch.lines[0].startswith("[0].level: 9")


def test_an_error_of_the_core_is_found() -> None:
    """So is an action that this code cannot even read."""
    steps = evening()
    found = steps.rows()
    found[3] = but(found[3], action_json='{"type":"music.no_such_thing"}')
    mismatch = replay_rows(steps.entries[0].before, found).mismatch
    assert mismatch is not None
    assert (mismatch.seq, mismatch.part) == (found[3].seq, "error")
    assert "no_such_thing" in mismatch.replayed


def test_another_state_at_the_end_is_found() -> None:
    steps = evening()
    end = steps.store.state
    wrong = but(end, music=but(end.music, heos_host="elsewhere"))
    mismatch = replay_rows(steps.entries[0].before, steps.rows(), next_snapshot=wrong).mismatch
    assert mismatch is not None
    assert mismatch.part == "snapshot"
    assert mismatch.lines == ('music.heos_host: "elsewhere" -> "127.0.0.1"',)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(before=json_values, after=json_values)
def test_differences_are_named_exactly_when_there_are_some(before: Any, after: Any) -> None:
    """An absent key and null are the same here, as is an absent element; `1` and `true` are not."""
    found = differences(before, after)
    assert differences(before, before) == []
    if json_of(before) == json_of(after):
        assert found == []
    assert found == [] or json_of(before) != json_of(after)
    assert len(found) == len(differences(after, before))


def test_a_difference_is_at_most_a_screenful() -> None:
    found = differences(list(range(1000)), list(range(1, 1001)))
    assert len(found) == replaying.DIFFERENCES_MAX + 1
    assert found[-1] == "... and more"


# ------------------------------------------------------------------ what is refused


def kept(directory: Path, steps: Steps) -> Path:
    journal = SqliteJournal(directory)
    for append in steps.appends:
        journal.append(append)
    assert journal.close(30)
    return directory


def test_a_running_daemon_is_left_alone(tmp_path: Path) -> None:
    """Its file is its own; a copy of it can be replayed meanwhile."""
    kept(tmp_path, evening())
    shutil.copy(tmp_path / "segue.db", tmp_path / "copy.db")
    journal = SqliteJournal(tmp_path)
    with pytest.raises(ReplayRefusedError, match="in use by a running segued"):
        replay("latest", tmp_path)
    assert replay(str(tmp_path / "copy.db"), tmp_path).mismatch is None
    assert journal.close()
    assert replay("latest", tmp_path).mismatch is None


def test_a_replay_changes_nothing(tmp_path: Path) -> None:
    """Not a byte, not a file: another user than the daemon's may run it."""
    kept(tmp_path, evening())
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()}
    replay("latest", tmp_path)
    assert {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()} == before


def test_a_segment_of_other_code_is_refused_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path, evening())
    monkeypatch.setattr(rows, "code_version", lambda: "9.9.9+abc")
    with pytest.raises(ReplayRefusedError, match=r"this is 9\.9\.9\+abc") as caught:
        replay("latest", tmp_path)
    assert "install that version" in caught.value.hint
    assert replay("latest", tmp_path, any_code=True).mismatch is None


@pytest.mark.parametrize(
    ("target", "text"),
    [("7", "no segment 7; it has 1 to 1"), ("missing.db", "is not there"), ("0", "no segment 0")],
)
def test_what_is_not_there_is_named(tmp_path: Path, target: str, text: str) -> None:
    kept(tmp_path, evening())
    with pytest.raises(ReplayRefusedError, match=text):
        replay(target, tmp_path)


def test_an_empty_journal_has_nothing_to_replay(tmp_path: Path) -> None:
    assert SqliteJournal(tmp_path).close()
    with pytest.raises(ReplayRefusedError, match="holds no segment yet"):
        replay("latest", tmp_path)


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.db").write_bytes(b"milk, bread, tea " * 100)
    sqlite3.connect(tmp_path / "other.db").close()
    with pytest.raises(ReplayRefusedError, match="not a database"):
        replay(str(tmp_path / "list.db"), tmp_path)
    with pytest.raises(ReplayRefusedError, match="has schema 0, this segue reads 2"):
        replay(str(tmp_path / "other.db"), tmp_path)


def test_a_snapshot_of_another_shape_is_refused(tmp_path: Path) -> None:
    kept(tmp_path, evening())
    db = sqlite3.connect(tmp_path / "segue.db")
    with db:
        db.execute("""UPDATE snapshots SET json = '{"music": 5}'""")
    db.close()
    with pytest.raises(ReplayRefusedError, match="does not fit the state of this code"):
        replay("latest", tmp_path)


def test_the_log_of_a_killed_daemon_is_replayed_too(tmp_path: Path) -> None:
    """The newest steps of a process that was killed are in the write-ahead log only."""
    journal = SqliteJournal(tmp_path / "state")
    steps = evening()
    for append in steps.appends:
        journal.append(append)
    while journal.status().waiting:
        os.sched_yield()
    shutil.copytree(tmp_path / "state", tmp_path / "killed")
    assert (tmp_path / "killed" / "segue.db-wal").stat().st_size > 0
    assert replay("latest", tmp_path / "killed").rows == len(steps.entries)
    assert journal.close()
