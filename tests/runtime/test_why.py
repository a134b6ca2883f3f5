"""Why something happened: acts, outcomes and the chain of causes."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as but

from segue.core.music.actions import (
    CommandDone,
    FadeRequested,
    MuteRequested,
    PauseRequested,
    SeekRequested,
    SourceRequested,
    VolumeChanged,
    VolumeRequested,
)
from segue.core.music.effects import SetVolume
from segue.core.party import requests as party
from segue.core.party.actions import ClientConnected
from segue.core.party.settings import Device, Film
from segue.core.stamp import Stamp
from segue.runtime import why
from segue.runtime.database import MIGRATIONS
from segue.runtime.ledger import Ledger, Limits
from segue.runtime.rows import ACTS, StepRow
from segue.runtime.sqlite_journal import SqliteJournal
from segue.runtime.why import Act, chain, explain, query
from tests.runtime.steps import PID, Steps, song
from tests.runtime.stories import Story, lived, stories

T = TypeVar("T")


def newest(steps: Steps, room: str | None = None) -> Act:
    return explain(steps.rows(), room).acts[0]


@pytest.fixture
def steps() -> Steps:
    """A house in which a track plays, at level 42."""
    found = Steps().begin(level=42)
    found.plex(song())
    return found


# ------------------------------------------------------------------ acts in words


def test_a_start_leads_back_to_the_webhook(steps: Steps) -> None:
    """The fade is one act; its chain goes by the rule and the reading to what came from outside."""
    act = newest(steps)
    assert act.act == "volume 42 -> 0 -> 42 in 43 steps"
    assert (act.room, act.why, act.outcome) == ("living", "player_start", "done")
    assert [(b.type, b.rule) for b in act.because] == [
        ("music.plex_state_changed", "players_follow_their_sessions"),
        ("music.sessions_read", ""),
        ("music.webhook_heard", ""),
    ]
    assert [b.text for b in act.because] == [
        'Plexamp plays "Track 100" by The Loopbacks',
        'Plex was asked: Plexamp playing "Track 100" by The Loopbacks',
        "webhook media.play",
    ]
    first = next(e for e in steps.entries if any(isinstance(x, SetVolume) for x in e.effects))
    assert (act.seq, act.at) == (first.stamp.seq, first.stamp.wall_at)


def test_a_request_names_who_asked(steps: Steps) -> None:
    steps.take(VolumeRequested("living", 18), by="uid:1000")
    steps.answer_all((song(),))
    act = newest(steps)
    assert act.act == "volume 42 -> 18"
    assert [b.text for b in act.because] == ["somebody (uid 1000) asked: level 18"]
    assert act.because[0].by == "uid:1000"
    assert act.outcome_detail == "25 ms"


def test_a_slow_fade_is_one_act_from_where_it_was(steps: Steps) -> None:
    steps.take(FadeRequested("living", 32, 0.3), by="uid:1000", after_s=20)
    steps.answer_all((song(),))
    acts = explain(steps.rows()).acts
    assert acts[0].act.startswith("volume 42 -> 32 in ")
    assert acts[0].act.endswith(" steps")
    assert acts[1].act == "volume 42 -> 0 -> 42 in 43 steps"


def test_acts_of_other_kinds(steps: Steps) -> None:
    """Mute, source and the player's commands, each by itself and newest first."""
    steps.take(MuteRequested("living"), by="uid:0")
    steps.answer_all((song(),))
    steps.take(SeekRequested("living", 61_500), by="uid:0")
    steps.answer_all((song(),))
    steps.take(SourceRequested("living", "tv"), by="uid:0")
    steps.answer_all((song(),))
    acts = [act.act for act in explain(steps.rows()).acts]
    assert "mute" in acts
    assert "player seek to 61.5 s" in acts
    assert "source inputs/tv" in acts
    assert acts.index("source inputs/tv") < acts.index("player seek to 61.5 s") < acts.index("mute")


def test_what_came_of_a_player_command_says_by_which_way(steps: Steps) -> None:
    steps.take(SeekRequested("living", 1_000), by="uid:0")
    steps.answer_all((song(),))
    assert (newest(steps).outcome, newest(steps).outcome_detail) == ("done", "direct, 10 ms")


def test_what_a_party_does_is_an_act_of_whoever_asked_for_it(steps: Steps) -> None:
    """A member that comes is told the state, which is none."""
    steps.take(party.CreateRequested(films=(Film(7_200_000, "plex://movie/1"),), host="ann"), by="uid:1000")
    (party_id,) = steps.store.state.party.parties
    steps.take(party.StartRequested(party_id=party_id, who="ann"), by="party:ann")
    steps.take(ClientConnected("ann", "link-1", (Device("tv-1", "TV"),)), by="party:ann")
    act = newest(steps)
    assert (act.act, act.room, act.outcome) == (f"party {party_id} loads its film", "", "done")
    assert act.because[0].text == f"begin party {party_id}, says ann"
    steps.take(party.ResumeRequested(party_id=party_id), by="uid:1000", after_s=30)
    steps.take(party.SeekRequested(party_id=party_id, position_ms=3_723_000), by="uid:1000", after_s=30)
    assert newest(steps).act == f"party {party_id} plays from 1:02:03"


def test_a_failure_says_why(steps: Steps) -> None:
    steps.take(VolumeRequested("living", 18), by="uid:1000")
    steps.answer(0, fail=True)
    act = newest(steps)
    assert (act.outcome, act.outcome_detail) == ("failed", "timeout: no answer")


def test_without_an_answer_it_is_pending(steps: Steps) -> None:
    steps.take(VolumeRequested("living", 18), by="uid:1000")
    assert (newest(steps).outcome, newest(steps).outcome_detail) == ("pending", "")


def test_only_the_room_that_was_asked_for() -> None:
    found = Steps().begin()
    found.plex(song())
    assert explain(found.rows(), "attic").acts == ()
    assert explain(found.rows(), "living") == explain(found.rows(), None)


def test_an_outcome_leads_past_the_steps_of_its_fade(steps: Steps) -> None:
    """The chain of a late failure does not list forty levels: it goes to what began the fade."""
    found = steps.rows()
    answers = [r for r in found if isinstance(r.action(), CommandDone)]
    rows: Mapping[int, StepRow | None] = {r.seq: r for r in found}
    ways, missing = chain(answers[-1].seq, rows)
    assert missing is None
    assert [r.type for r in ways] == [
        "music.command_done",
        "music.plex_state_changed",
        "music.sessions_read",
        "music.webhook_heard",
    ]


def test_a_deadline_is_named_by_what_it_led_to(steps: Steps) -> None:
    steps.take(PauseRequested("living"), by="uid:1000", after_s=20)
    steps.answer_all((song(),))
    texts = {b.text for act in explain(steps.rows()).acts for b in act.because}
    assert not any(text == "a deadline of music" for text in texts)


# ------------------------------------------------------------------ what an older journal holds


def test_rows_of_another_segue_are_passed_over(steps: Steps) -> None:
    """What cannot be read any more costs its own act only; as a cause it is named by its type."""
    found = steps.rows()
    n = next(i for i, row in enumerate(found) if row.type == "music.webhook_heard" and row.seq > 5)
    found[n] = but(found[n], type="music.hook_came", action_json='{"type":"music.hook_came"}')
    act = explain(found).acts[0]
    assert act.because[-1].text == "hook came"
    broken = [but(row, effects_json='[{"type":"set_mood"}]') for row in found]
    assert explain(broken).acts == ()


def test_a_cause_that_was_dropped_ends_the_chain(steps: Steps) -> None:
    found = [row for row in steps.rows() if row.type != "music.sessions_read"]
    assert [b.type for b in explain(found).acts[0].because] == ["music.plex_state_changed"]


@given(causes=st.lists(st.one_of(st.none(), st.integers(-5, 30)), min_size=1, max_size=20))
def test_no_chain_is_endless(causes: list[int | None]) -> None:
    """Whatever the rows claim, causes only lead back."""
    rows: dict[int, StepRow | None] = dict.fromkeys(range(-5, 31))
    for seq, cause in enumerate(causes):
        rows[seq] = StepRow(
            stamp=Stamp(seq, 0.0, 0.0),
            type="music.command_done",
            action_json=msgspec.json.encode(CommandDone(f"{cause}.0", "living", 0.0)).decode(),
            cause=cause,
            rule="",
            by="",
            effects_json="[]",
            hashes={},
            levels={},
        )
    found, missing = chain(len(causes) - 1, rows)
    assert missing is None
    assert [r.seq for r in found] == sorted({r.seq for r in found}, reverse=True)


# ------------------------------------------------------------------ properties


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(story=stories)
def test_every_act_is_answered_for(story: Story) -> None:
    """Each effect that can be noticed is in exactly one act, and each act has a first cause."""
    steps = lived(Steps().begin(), story)
    found = steps.rows()
    acts = why.Acts(None, 100_000)
    for row in reversed(found):
        acts.add(row)
    told = sorted(effect.effect_id for deed in acts.deeds() for _, effect in deed.effects)
    assert told == sorted(x.effect_id for e in steps.entries for x in e.effects if isinstance(x, ACTS))
    for deed, older in zip(acts.deeds(), acts.deeds()[1:], strict=False):
        assert deed.room != older.room or not deed.takes(older.effects[0][1])
    for act in explain(found, limit=100_000).acts:
        seqs = [b.seq for b in act.because]
        assert seqs
        assert seqs == sorted(set(seqs), reverse=True)
        assert seqs[0] <= act.seq
        assert steps.entries[seqs[-1] - 1].cause is None or len(seqs) == why.CHAIN_MAX


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(story=stories, limit=st.integers(1, 6), a_job=st.integers(1, 40))
def test_reading_in_pieces_comes_to_the_same(story: Story, limit: int, a_job: int) -> None:
    """Short readings that stop early find what all rows together say."""
    steps = lived(Steps().begin(), story)
    with opened(steps) as db, pytest.MonkeyPatch.context() as patch:
        patch.setattr(why, "ROWS_A_JOB", a_job)
        reader = DirectReader(db)
        answer = trio.run(query, reader, None, limit)
        assert answer == explain(steps.rows(), None, limit)
        assert max(reader.counts) <= max(a_job, limit)


class DirectReader:
    """Reads a connection at once, and counts what each job gave."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.counts: list[int] = []

    async def read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        await trio.lowlevel.checkpoint()
        found = job(self._db)
        if isinstance(found, list):
            self.counts.append(len(found))
        return found


@contextmanager
def opened(steps: Steps) -> Iterator[sqlite3.Connection]:
    """Hold the steps in a ledger in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    for migration in MIGRATIONS:
        migration(db)
    Ledger(db, Limits()).write(steps.appends)
    yield db
    db.close()


# ------------------------------------------------------------------ over the disk


async def test_the_journal_answers_while_it_is_written(tmp_path: Path) -> None:
    """The answer includes what was appended just before; the shape is the one of the doors."""
    journal = SqliteJournal(tmp_path)
    try:
        steps = Steps().begin(level=42)
        steps.plex(song())
        for append in steps.appends:
            journal.append(append)
        answer = await journal.query_why("living", 1)
        assert answer == explain(steps.rows(), "living", 1)
        assert (await journal.query_why("attic", 5)).acts == ()
        plain = msgspec.to_builtins(answer)
        assert plain["schema"] == "segue.why/1"
        assert set(plain["acts"][0]) == {
            "seq", "at", "act", "room", "why", "outcome", "outcome_detail", "because",
        }  # fmt: skip
        assert set(plain["acts"][0]["because"][0]) == {"seq", "at", "type", "text", "by", "rule"}
    finally:
        await journal.aclose()


async def test_a_busy_house_does_not_make_the_answer_endless(tmp_path: Path) -> None:
    """One act long ago and thousands of answers since: the search is bounded."""
    journal = SqliteJournal(tmp_path, queue_rows=100_000)
    try:
        steps = Steps().begin(level=42)
        steps.plex(song())
        for n in range(9000):
            steps.take(CommandDone(f"{n}.7", "living", 0.01))
        steps.take(VolumeChanged(PID, 12, muted=False))
        for append in steps.appends:
            journal.append(append)
        jobs = 0
        real = journal.read

        async def counted(job: Callable[[sqlite3.Connection], T], timeout_s: float = 20.0) -> T:
            nonlocal jobs
            jobs += 1
            return await real(job, timeout_s)

        journal.read = counted  # type: ignore[method-assign]
        await journal.query_why(None, 200)
        assert jobs <= why.ROWS_MAX // why.ROWS_A_JOB + 2 * why.CHAIN_MAX
    finally:
        await journal.aclose()
