"""The ingest's jobs in the journal: kept one by one, replayed, told by `why`, set aside alone when they are broken."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.core.actions import ConfigLoaded
from segue.core.ingest.actions import (
    Identified,
    LibraryFacts,
    Located,
    Recorded,
    RootFacts,
    SourceProbe,
    SourcesFound,
    SourcesProbed,
    Transferred,
    TransferredFile,
)
from segue.core.ingest.effects import (
    IdentifySource,
    LocateDestination,
    ProbeSources,
    RecordIngest,
    TransferFiles,
)
from segue.core.ingest.requests import DownloadCompleted, SourceFile
from segue.core.ingest.state import Queued, Reviewing, Settling
from segue.core.state import State
from segue.core.vocabulary import EffectBase
from segue.runtime.database import FILE_NAME, Database
from segue.runtime.ledger import Ledger, Limits
from segue.runtime.replay import replay_rows
from segue.runtime.rows import digest
from segue.runtime.why import explain
from tests.helpers.ingest import MATRIX, NAMED, SETTINGS
from tests.runtime.steps import SETTINGS as MUSIC
from tests.runtime.steps import Steps
from tests.runtime.test_ledger import NOW, Book


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    found = Book(tmp_path)
    yield found
    found.database.close()


class Ingest(Steps):
    """Steps of a house that takes media in; the test speaks for the workers."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[EffectBase] = []
        for owner in ("file_watcher", "ingest_worker", "plex_librarian"):
            self.store.own(owner, self.wanted.append)
        self.take(ConfigLoaded(MUSIC, SETTINGS), by="app")
        self.answer_all(())

    def arrive(self, *names: str) -> None:
        files = tuple(SourceFile(f"/in/{name}", 1000, 5, 7, 1) for name in names)
        self.take(SourcesFound("/in", files), by="actor:file_watcher")

    def go_on(self) -> None:
        """Answer what is open, well."""
        wanted, self.wanted[:] = list(self.wanted), []
        for effect in wanted:
            match effect:
                case ProbeSources():
                    probes = tuple(SourceProbe(p, 1000, 5, 7, 1, structure="whole") for p in effect.paths)
                    self.take(SourcesProbed(effect.effect_id, probes))
                case IdentifySource():
                    self.take(Identified(effect.effect_id, effect.job_id, NAMED, (MATRIX,)))
                case LocateDestination():
                    facts = LibraryFacts(roots=(RootFacts("/films", exists=True, free_bytes=10**12),))
                    self.take(Located(effect.effect_id, effect.job_id, facts))
                case TransferFiles():
                    files = tuple(
                        TransferredFile(f.source, f.root, f.path, f.size, "ab", "copy")
                        for f in effect.plan.files
                    )
                    self.take(Transferred(effect.effect_id, effect.job_id, files, 1.25))
                case RecordIngest():
                    self.take(Recorded(effect.effect_id, effect.job_id))
                case _:
                    pass


def in_library(name: str = "a.mkv") -> Ingest:
    steps = Ingest()
    steps.arrive(name)
    steps.take(DownloadCompleted(f"/in/{name}"), by="uid:1000")
    for _ in range(6):
        steps.go_on()
    assert not steps.store.state.ingest.jobs
    return steps


def parts(book: Book) -> set[str]:
    return {key for (key,) in book.db.execute("SELECT key FROM durable_parts")}


# ------------------------------------------------------------------ one by one


def test_a_job_is_kept_while_it_lives(book: Book) -> None:
    steps = Ingest()
    steps.arrive("a.mkv", "b.mkv")
    book.ledger.write(steps.appends)
    assert parts(book) == set(steps.store.state.ingest.jobs)
    loaded = book.open().load(NOW).state.ingest
    assert [job.source.path for job in loaded.jobs.values()] == ["/in/a.mkv", "/in/b.mkv"]
    assert all(isinstance(job.phase, Settling) for job in loaded.jobs.values())
    done = in_library()
    book.ledger.write(done.appends[-1:])
    assert parts(book) == set()


def test_only_the_job_that_moved_on_is_written(book: Book) -> None:
    steps = Ingest()
    steps.arrive(*(f"{n}.mkv" for n in range(300)))
    book.ledger.write(steps.appends)
    before = book.one("SELECT max(seq) FROM durable_parts")
    count = len(steps.appends)
    steps.take(DownloadCompleted("/in/7.mkv"))
    book.ledger.write(steps.appends[count:])
    changed = book.db.execute("SELECT key FROM durable_parts WHERE seq > ?", (before,)).fetchall()
    (key,) = [key for (key,) in changed]
    assert steps.store.state.ingest.jobs[key].source.path == "/in/7.mkv"


def test_what_was_under_way_waits_for_its_turn_again(book: Book) -> None:
    steps = Ingest()
    steps.arrive("a.mkv")
    steps.take(DownloadCompleted("/in/a.mkv"))
    for _ in range(3):
        steps.go_on()
    book.ledger.write(steps.appends)
    (job,) = book.open().load(NOW).state.ingest.jobs.values()
    assert isinstance(job.phase, Queued)
    assert (job.phase.stage, job.begun) == ("transfer", True)


# ------------------------------------------------------------------ broken ones


def test_a_job_that_cannot_be_read_is_set_aside_alone(book: Book) -> None:
    steps = Ingest()
    steps.arrive("a.mkv", "b.mkv")
    book.ledger.write(steps.appends)
    first, second = steps.store.state.ingest.jobs
    book.db.execute("UPDATE durable_parts SET json = '{\"nonsense\": 1}' WHERE key = ?", (first,))
    loaded = book.open().load(NOW)
    assert list(loaded.state.ingest.jobs) == [second]
    assert loaded.set_aside[0][0] == "ingest"
    assert first in loaded.set_aside[0][1]
    assert parts(book) == {second}


def test_jobs_go_aside_with_their_domain(book: Book) -> None:
    steps = Ingest()
    steps.arrive("a.mkv")
    book.ledger.write(steps.appends)
    for n in range(3):
        moved = book.ledger.note_core_failure("ingest", f"boom {n}", NOW + n)
    assert moved == ("ingest",)
    assert parts(book) == set()
    assert "a.mkv" in str(book.one("SELECT group_concat(json) FROM set_aside"))
    assert not book.open().load(NOW + 9).state.ingest.jobs


def test_a_damaged_journal_keeps_its_jobs(tmp_path: Path) -> None:
    book = Book(tmp_path)
    steps = Ingest()
    steps.arrive("a.mkv")
    book.ledger.write(steps.appends)
    book.database.move_aside("a test says so")
    fresh = Ledger(book.database.open(), Limits())
    assert len(fresh.load(NOW).state.ingest.jobs) == 1
    book.database.close()


def test_a_journal_of_the_first_schema_is_taken_up(tmp_path: Path) -> None:
    import sqlite3

    from segue.runtime.database import MIGRATIONS

    db = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    db.execute("CREATE TABLE migrations (version INTEGER PRIMARY KEY, applied_at REAL NOT NULL)")
    MIGRATIONS[0](db)
    db.execute("INSERT INTO migrations VALUES (1, 0)")
    db.execute("INSERT INTO durable VALUES ('music', 1, '{\"rooms\": []}', 5)")
    db.close()
    database = Database(tmp_path, lambda: NOW)
    loaded = Ledger(database.open(), Limits()).load(NOW)
    assert loaded.next_seq == 6
    assert not loaded.set_aside
    database.close()


# ------------------------------------------------------------------ digests, replay, why


def test_the_digest_tells_every_change_of_a_job() -> None:
    """Though each job's own part of it is remembered."""
    steps = Ingest()
    steps.arrive("a.mkv", "b.mkv")
    states = [entry.after.ingest for entry in in_library().entries] + [steps.store.state.ingest]
    seen: dict[str, object] = {}
    for state in states:
        known = seen.setdefault(digest(state), state)
        assert known == state
    assert len(seen) > 8


def test_a_life_is_replayed_with_the_same_digests() -> None:
    steps = in_library()
    report = replay_rows(State(), steps.rows())
    assert report.mismatch is None
    assert report.state.ingest == steps.store.state.ingest


def test_why_tells_what_became_of_a_file() -> None:
    acts = explain(in_library("The.Matrix.1999.mkv").rows()).acts
    told = {act.act.partition(" ")[0]: act for act in reversed(acts)}
    copy = told["copy"]
    assert copy.act == ("copy The.Matrix.1999.mkv to The Matrix (1999)/The Matrix (1999) - 1080p BluRay.mkv")
    assert (copy.outcome, copy.outcome_detail) == ("done", "copy, 1.2 s")
    assert copy.because[-1].text == "The.Matrix.1999.mkv turned up"
    assert told["history:"].outcome == "done"


def test_a_review_is_no_act_but_a_persons_word_leads_on() -> None:
    steps = Ingest()
    steps.arrive("a.mkv")
    steps.take(DownloadCompleted("/in/a.mkv"), by="uid:1000")
    steps.go_on()
    (effect,) = [e for e in steps.wanted if isinstance(e, IdentifySource)]
    steps.take(Identified(effect.effect_id, effect.job_id, NAMED, ()))
    (job,) = steps.store.state.ingest.jobs.values()
    assert isinstance(job.phase, Reviewing)
    assert not [act for act in explain(steps.rows()).acts if act.act.startswith("copy")]
