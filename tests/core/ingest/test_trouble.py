"""What goes wrong with a job, what makes it wait, and what a new process makes of it."""

import pytest
from msgspec.structs import replace as but

from segue.core.ingest.actions import (
    FolderScanned,
    Identified,
    LibraryFacts,
    Located,
    LongRunEnded,
    Recorded,
    ScanFailed,
    Sibling,
    SourcesFound,
    TransfersHeld,
    Undone,
)
from segue.core.ingest.effects import (
    IdentifySource,
    LocateDestination,
    RecordIngest,
    RunVerify,
    ScanFolder,
    SteerTransfers,
    TransferFiles,
    UndoIngest,
)
from segue.core.ingest.requests import (
    IngestRequested,
    RenameRequested,
    ScanRequested,
    SourceFile,
    TransfersPaused,
    TransfersResumed,
    UndoRequested,
    VerifyRequested,
)
from segue.core.ingest.state import (
    IngestState,
    Queued,
    Settling,
    Working,
    durable,
    revived,
    with_jobs,
)
from tests.helpers.ingest import MATRIX, NAMED, SETTINGS
from tests.helpers.life import ROOTS, Life


@pytest.fixture
def life() -> Life:
    return Life()


# ------------------------------------------------------------------ failures


@pytest.mark.parametrize("kind", ["worker_died", "busy"])
def test_what_may_pass_is_tried_again_and_then_given_up(life: Life, kind: str) -> None:
    life.until_transfer()
    for _ in range(4):
        life.fail(kind)
        assert isinstance(life.job.phase, Queued)
        life.later(60)
        assert life.last(TransferFiles).resumed
    life.fail(kind)
    assert life.codes == [kind]


def test_the_journals_delay_is_no_try(life: Life) -> None:
    life.until_transfer()
    for _ in range(20):
        life.fail("commit_late")
        life.later(5)
    assert isinstance(life.job.phase, Working)


def test_no_space_waits_with_figures_and_goes_on(life: Life) -> None:
    life.until_transfer()
    for _ in range(30):
        life.fail("no_space", needed_bytes=12_300_000_000, free_bytes=4_100_000_000)
        assert isinstance(life.job.phase, Queued)
        assert life.job.phase.detail == "no space: 12.3 GB needed, 4.1 GB free"
        life.later(300)
    assert sum("no space" in text for text in life.said) == 1
    life.transfer()
    assert life.wanted(RecordIngest)


@pytest.mark.parametrize("kind", ["read_only", "permission", "destination_exists", "escapes", "io"])
def test_what_stays_is_a_persons_business(life: Life, kind: str) -> None:
    life.until_transfer()
    life.fail(kind)
    assert life.codes == [kind]
    assert "as the disk says" in life.job.reasons[0].text


def test_a_source_that_changed_begins_anew(life: Life) -> None:
    life.until_transfer()
    life.fail("source_changed")
    assert isinstance(life.job.phase, Settling)


def test_a_source_that_is_gone_ends_the_job(life: Life) -> None:
    life.until_transfer()
    life.fail("source_gone")
    assert not life.state.jobs


def test_a_history_that_cannot_be_written_is_waited_for(life: Life) -> None:
    """The file is in its place: it is not copied again, however long that takes."""
    life.until_transfer()
    life.transfer()
    for _ in range(12):
        life.fail("archive", stage="record")
        assert isinstance(life.job.phase, Queued)
        life.later(301)
    assert len(life.wanted(TransferFiles)) == 1
    assert sum("not in the history" in text for text in life.said) == 1
    life.record()
    assert not life.state.jobs


def test_a_source_that_stays_is_said(life: Life) -> None:
    life.until_transfer()
    life.transfer()
    effect = life.last(RecordIngest)
    life.act(Recorded(effect.effect_id, effect.job_id, "the source stays: it changed"))
    assert "the source stays" in life.said[-1]


def test_the_history_is_written_again_when_that_failed(life: Life) -> None:
    life.until_transfer()
    life.transfer()
    record = life.last(RecordIngest).record
    life.fail("dropped", stage="record")
    life.later(5)
    assert life.last(RecordIngest).record == record


# ------------------------------------------------------------------ waiting for people


def test_one_copy_at_a_time(life: Life) -> None:
    life.find("a.mkv", "b.mkv")
    life.later(60)
    life.probe()
    for n, effect in enumerate(life.wanted(IdentifySource)):
        life.act(
            Identified(effect.effect_id, effect.job_id, but(NAMED, resolution=f"{n + 1}080p"), (MATRIX,))
        )
    for located in life.wanted(LocateDestination):
        life.act(Located(located.effect_id, located.job_id, LibraryFacts(roots=ROOTS)))
    assert len(life.wanted(TransferFiles)) == 1
    life.transfer()
    assert len(life.wanted(TransferFiles)) == 2


def test_copies_wait_while_somebody_watches(life: Life) -> None:
    life.act(TransfersHeld("wait", "a film is being watched"))
    life.until_transfer()
    assert not life.wanted(TransferFiles)
    life.act(TransfersHeld(""))
    assert life.wanted(TransferFiles)
    life.act(TransfersHeld("wait", "a film is being watched"))
    assert life.last(SteerTransfers).paused
    life.act(TransfersHeld("slow", "a film is being watched"))
    steer = life.last(SteerTransfers)
    assert (steer.paused, steer.bytes_per_s) == (False, 20_000_000)
    life.act(TransfersPaused())
    assert life.last(SteerTransfers).paused
    life.act(TransfersResumed())
    assert not life.last(SteerTransfers).paused


# ------------------------------------------------------------------ Plex


def test_a_season_makes_one_scan(life: Life) -> None:
    life.whole()
    life.later(3)
    life.find("b.mkv")
    life.later(1)
    assert len(life.state.scans) == 1
    life.later(10)
    assert len(life.wanted(ScanFolder)) == 1


def test_plex_that_is_down_is_told_later(life: Life) -> None:
    life.whole()
    for _ in range(8):
        life.later(301)
        effect = life.last(ScanFolder)
        life.act(ScanFailed(effect.effect_id, effect.folder, "down", "connection refused"))
        assert len(life.state.scans) == 1
    assert sum("Plex could not be told" in text for text in life.said) == 1
    life.later(301)
    effect = life.last(ScanFolder)
    life.act(FolderScanned(effect.effect_id, effect.folder))
    assert not life.state.scans


def test_a_folder_that_no_library_has_is_said_and_left(life: Life) -> None:
    life.whole()
    life.later(5)
    effect = life.last(ScanFolder)
    life.act(ScanFailed(effect.effect_id, effect.folder, "no_section", "Plex has /other"))
    assert not life.state.scans
    assert "No Plex library" in life.said[-1]


def test_libraries_are_scanned_when_asked(life: Life) -> None:
    life.act(ScanRequested(("/films", "/shows"), "all"))
    assert [effect.folder for effect in life.wanted(ScanFolder)] == ["/films", "/shows"]
    life.configure(but(SETTINGS, plex_configured=False))
    life.act(ScanRequested(("/films",)))
    assert life.refused is not None


# ------------------------------------------------------------------ asked for, undone


def test_a_person_takes_a_file_in_wherever_it_lies(life: Life) -> None:
    file = SourceFile("/home/a/Film (1999)/x.mkv", 5, 6)
    life.act(IngestRequested("/home/a/Film (1999)", (file,), auto=True))
    assert life.accepted == "takes 1 file up"
    life.later(0)
    life.probe(structure="unknown")
    asked = life.last(IdentifySource)
    assert asked.relative == "Film (1999)/x.mkv"
    life.identify()
    assert life.wanted(LocateDestination)


def test_nothing_to_take_in_is_refused(life: Life) -> None:
    life.act(IngestRequested("/home", ()))
    assert life.refused is not None
    assert life.refused.code == "no_files"


def test_renaming_stays_in_the_folder(life: Life) -> None:
    file = SourceFile("/films/old/matrix.mkv", 5, 6, 7)
    life.act(RenameRequested("/films/old", (file,)))
    life.later(0)
    life.probe()
    life.identify()
    asked = life.last(LocateDestination)
    assert (asked.roots, asked.folder) == (("/films/old",), "")
    life.locate(siblings=(Sibling("matrix.en.srt", 3),))
    plan = life.last(TransferFiles).plan
    assert plan.method == "rename"
    assert [(f.root, f.path) for f in plan.files] == [
        ("/films/old", "The Matrix (1999) - 1080p BluRay.mkv"),
        ("/films/old", "The Matrix (1999) - 1080p BluRay.en.srt"),
    ]
    life.transfer()
    assert life.last(RecordIngest).record.kind == "rename"


def test_what_went_in_can_be_taken_back_once(life: Life) -> None:
    life.whole()
    record = life.last(RecordIngest).record
    life.act(UndoRequested(record))
    effect = life.last(UndoIngest)
    assert effect.after_commit
    life.act(UndoRequested(record))
    assert life.refused is not None
    life.act(Undone(effect.effect_id, effect.job_id, ("/films/x recycled",)))
    assert not life.state.jobs
    life.later(5)
    assert life.wanted(ScanFolder)
    life.act(UndoRequested(but(record, undone_at=1.0)))
    assert life.refused is not None
    life.wall_at += 31 * 86400
    life.act(UndoRequested(record))
    assert life.refused is not None
    assert life.refused.code == "too_old"


def test_long_runs_come_one_at_a_time(life: Life) -> None:
    life.act(VerifyRequested())
    effect = life.last(RunVerify)
    life.act(VerifyRequested())
    assert life.refused is not None
    life.act(LongRunEnded(effect.effect_id, 10, 9, ("/films/x: content",), 1))
    assert "9 of 10 files" in life.said[-1]
    life.act(VerifyRequested())
    assert life.refused is None


# ------------------------------------------------------------------ another process


def test_a_new_process_takes_every_job_up_where_it_may_be_taken_up(life: Life) -> None:
    life.until_transfer()
    kept = revived(durable(life.state))
    again = Life.__new__(Life)
    again.__dict__.update(life.__dict__)
    again.state = with_jobs(kept, life.state.jobs)
    again.effects, again.now_at = [], 5.0
    again.configure(SETTINGS)
    order = again.last(TransferFiles)
    assert order.resumed
    again.transfer()
    again.record()
    assert not again.state.jobs


def test_what_was_settling_has_to_be_quiet_anew(life: Life) -> None:
    life.find("a.mkv")
    life.later(30)
    state = with_jobs(IngestState(), life.state.jobs)
    again = Life.__new__(Life)
    again.__dict__.update(life.__dict__)
    again.state, again.now_at, again.effects = state, 7.0, []
    again.configure(SETTINGS)
    assert isinstance(again.job.phase, Settling)
    assert again.job.phase.probe_at == 67.0
    again.act(SourcesFound("/in", (again.job.source,)))
    again.later(60)
    again.probe()
    assert again.wanted(IdentifySource)
