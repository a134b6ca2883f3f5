"""The life of a job after its file is whole: judged, placed, moved, written down, told, undone."""

from typing import Any

import pytest
from msgspec.structs import replace as but

from segue.core.ingest.actions import (
    CandidateGiven,
    CandidatePicked,
    FolderScanned,
    Identified,
    IngestRequested,
    LibraryFacts,
    Located,
    LongRunEnded,
    OnServer,
    Recorded,
    RenameRequested,
    ReviewApproved,
    ReviewRejected,
    ReviewRetried,
    RootFacts,
    ScanFailed,
    ScanRequested,
    Sibling,
    SourceFile,
    SourcesFound,
    StageFailed,
    TransferProgressed,
    Transferred,
    TransferredFile,
    TransfersHeld,
    TransfersPaused,
    TransfersResumed,
    Undone,
    UndoRequested,
    VerifyRequested,
)
from segue.core.ingest.effects import (
    CancelTransfer,
    IdentifySource,
    LocateDestination,
    RecordIngest,
    RememberSources,
    RunVerify,
    ScanFolder,
    SteerTransfers,
    TransferFiles,
    UndoIngest,
)
from segue.core.ingest.facts import Candidate, ParsedName
from segue.core.ingest.state import (
    IngestState,
    Queued,
    Reviewing,
    Settling,
    Working,
    durable,
    revived,
    with_jobs,
)
from tests.helpers.ingest import MATRIX, NAMED, SETTINGS, Domain

NAME = "The.Matrix.1999.1080p.BluRay.mkv"
PLACE = "The Matrix (1999)/The Matrix (1999) - 1080p BluRay.mkv"
ROOTS = (RootFacts("/films", exists=True, free_bytes=10**12),)
OTHER = but(MATRIX, tmdb_id=604, title="The Matrix Reloaded", year=2003, title_similarity=0.7, exact=False)


class Life(Domain):
    """A job, driven stage by stage."""

    def arrive(self, name: str = NAME) -> None:
        self.find(name)
        self.later(60)
        self.probe()

    def identify(
        self, *candidates: Candidate, parsed: ParsedName = NAMED, problem: Any = "", detail: str = ""
    ) -> None:
        effect = self.last(IdentifySource)
        found = None if problem else candidates or (MATRIX,)
        self.act(Identified(effect.effect_id, effect.job_id, parsed, found, problem, detail, 8160.0))

    def locate(self, **facts: Any) -> None:
        effect = self.last(LocateDestination)
        self.act(Located(effect.effect_id, effect.job_id, LibraryFacts(**({"roots": ROOTS} | facts))))

    def transfer(self) -> None:
        effect = self.last(TransferFiles)
        files = tuple(
            TransferredFile(f.source, f.root, f.path, f.size, "ab" * 32, "copy", f.kind)
            for f in effect.plan.files
        )
        self.act(Transferred(effect.effect_id, effect.job_id, files, 1.5))

    def record(self) -> None:
        effect = self.last(RecordIngest)
        self.act(Recorded(effect.effect_id, effect.job_id))

    def fail(self, kind: str, stage: Any = "transfer", **more: Any) -> None:
        phase = self.job.phase
        assert isinstance(phase, Working)
        self.act(StageFailed(phase.effect_id, self.job.job_id, stage, kind, "as the disk says", **more))

    def until_transfer(self) -> None:
        self.arrive()
        self.identify()
        self.locate()

    def whole(self) -> None:
        self.until_transfer()
        self.transfer()
        self.record()

    @property
    def codes(self) -> list[str]:
        assert isinstance(self.job.phase, Reviewing), self.job.phase
        return [reason.code for reason in self.job.reasons]


@pytest.fixture
def life() -> Life:
    return Life()


# ------------------------------------------------------------------ the straight way


def test_a_film_goes_in_by_itself(life: Life) -> None:
    life.arrive()
    life.identify()
    asked = life.last(LocateDestination)
    assert (asked.roots, asked.folder) == (("/films",), "The Matrix (1999)")
    life.locate(siblings=(Sibling("The.Matrix.1999.1080p.BluRay.en.srt", 9), Sibling("RARBG.txt", 3)))
    order = life.last(TransferFiles)
    assert order.after_commit
    assert [(f.source, f"{f.root}/{f.path}") for f in order.plan.files] == [
        (f"/in/{NAME}", f"/films/{PLACE}"),
        ("/in/The.Matrix.1999.1080p.BluRay.en.srt", f"/films/{PLACE[:-4]}.en.srt"),
    ]
    assert order.plan.left == (("RARBG.txt", "nothing that Plex reads"),)
    life.act(TransferProgressed(order.effect_id, order.job_id, 400, 1000, 200.0))
    assert isinstance(life.job.phase, Working)
    assert life.job.phase.done_bytes == 400
    life.transfer()
    written = life.last(RecordIngest)
    assert written.after_commit
    record = written.record
    assert (record.title, record.year, record.tmdb_id, record.decided_by) == (
        "The Matrix",
        1999,
        603,
        "score",
    )
    assert [f.kind for f in record.files] == ["video", "subtitle"]
    assert record.files[0].sha256 == "ab" * 32
    life.record()
    assert not life.state.jobs
    assert PLACE in life.said[-1]
    assert not life.wanted(ScanFolder)
    life.later(5)
    assert life.last(ScanFolder).folder == "/films/The Matrix (1999)"
    life.act(FolderScanned(life.last(ScanFolder).effect_id, "/films/The Matrix (1999)"))
    assert not life.state.scans


def test_an_outcome_that_comes_too_late_finds_nobody(life: Life) -> None:
    life.until_transfer()
    order = life.last(TransferFiles)
    life.transfer()
    before = life.state
    life.act(StageFailed(order.effect_id, order.job_id, "transfer", "io"))
    life.act(Recorded("99.9", order.job_id))
    life.act(TransferProgressed(order.effect_id, order.job_id, 1, 2))
    assert life.state is before


# ------------------------------------------------------------------ a person decides


def test_without_auto_it_waits(life: Life) -> None:
    life.configure(but(SETTINGS, auto=False))
    life.arrive()
    life.identify()
    assert life.codes == ["auto_off"]
    life.act(ReviewApproved((life.job.job_id,), who="uid:1000"))
    life.locate()
    life.transfer()
    assert life.last(RecordIngest).record.decided_by == "uid:1000"


def test_what_is_not_sure_shows_its_candidates(life: Life) -> None:
    life.arrive()
    life.identify(but(MATRIX, title_similarity=0.6, exact=False), OTHER)
    assert life.job.verdict is not None
    assert len(life.job.verdict.ranked) == 2
    assert life.codes
    job_id = life.job.job_id
    life.act(CandidatePicked((job_id,), 3))
    assert life.refused is not None
    place = 1 + [r.candidate.tmdb_id for r in life.job.verdict.ranked].index(604)
    life.act(CandidatePicked((job_id,), place, who="uid:1"))
    assert life.last(LocateDestination).candidate.tmdb_id == 604


def test_an_id_and_numbers_can_be_given(life: Life) -> None:
    life.arrive("thing.mkv")
    life.identify(parsed=ParsedName(title="thing"), problem="no_key", detail="There is no TMDb key")
    assert "no_tmdb_key" in life.codes
    show = Candidate("show", 7, "A Show", year=2001, detailed=True)
    life.act(CandidateGiven((life.job.job_id,), show))
    assert life.refused is not None
    assert "--episode" in life.refused.message
    life.act(CandidateGiven((life.job.job_id,), show, (4, 5), 2, "uid:1"))
    asked = life.last(LocateDestination)
    assert (asked.parsed.season, asked.parsed.episodes) == (2, (4, 5))
    assert asked.roots == ("/shows",)


def test_what_is_rejected_stays_and_is_remembered(life: Life) -> None:
    life.until_transfer()
    life.act(ReviewRejected((life.job.job_id,)))
    assert life.wanted(CancelTransfer)
    assert life.last(RememberSources).paths == (f"/in/{NAME}",)
    assert not life.state.jobs
    life.act(ReviewRejected(("nobody",)))
    assert life.refused is not None
    assert life.refused.code == "unknown_job"


def test_a_whole_folder_is_decided_or_none_of_it(life: Life) -> None:
    life.configure(but(SETTINGS, auto=False))
    life.find("a.mkv", "b.mkv")
    life.later(60)
    life.probe()
    for effect in life.wanted(IdentifySource):
        life.act(Identified(effect.effect_id, effect.job_id, NAMED, (MATRIX,)))
    first, second = life.state.jobs
    life.act(ReviewApproved((first, "other")))
    assert life.refused is not None
    assert all(isinstance(job.phase, Reviewing) for job in life.state.jobs.values())
    life.act(ReviewApproved((first, second)))
    assert life.accepted == "takes 2 files in"


def test_a_job_is_looked_at_again_from_the_beginning(life: Life) -> None:
    life.arrive()
    life.identify(problem="unreadable", detail="not JSON")
    life.act(ReviewRetried((life.job.job_id,)))
    life.later(0)
    life.probe()
    life.identify()
    assert life.wanted(LocateDestination)


# ------------------------------------------------------------------ TMDb


def test_tmdb_that_is_away_is_asked_again_four_times(life: Life) -> None:
    life.arrive()
    waits = []
    for _ in range(5):
        life.identify(problem="unavailable", detail="no connection within 2 s")
        assert "tmdb_unavailable" in life.codes
        assert isinstance(life.job.phase, Reviewing)
        if life.job.phase.again_at is None:
            break
        waits.append(life.job.phase.again_at - life.now_at)
        life.later(waits[-1])
    assert waits == [60, 300, 900, 3600]
    assert sum(text.startswith("TMDb:") for text in life.said) == 1
    life.act(ReviewRetried((life.job.job_id,)))
    life.later(0)
    life.probe()
    life.identify()
    assert "TMDb answers again." in life.said


def test_tmdb_that_is_busy_is_left_alone_for_a_while(life: Life) -> None:
    life.find("a.mkv", "b.mkv", "c.mkv", "d.mkv", "e.mkv", "f.mkv")
    life.later(60)
    life.probe()
    count = len(life.wanted(IdentifySource))
    life.identify(problem="busy", detail="429")
    assert len(life.wanted(IdentifySource)) == count
    life.later(31)
    assert len(life.wanted(IdentifySource)) == count + 1


# ------------------------------------------------------------------ what the library has


def test_what_the_library_has_is_a_persons_business_by_default(life: Life) -> None:
    life.arrive()
    life.identify()
    old = OnServer("/films/Matrix (1999)/Matrix 720p.mkv", 5, "720")
    life.locate(on_server=(old,), plex_asked=True)
    assert life.codes == ["library_has_it"]
    assert "The new one is better" in life.job.reasons[0].text
    life.act(ReviewApproved((life.job.job_id,), "replace"))
    life.locate(on_server=(old,), plex_asked=True)
    plan = life.last(TransferFiles).plan
    assert plan.retires == ("/films/Matrix (1999)/Matrix 720p.mkv",)
    assert plan.files[0].path == "Matrix (1999)/The Matrix (1999) - 1080p BluRay.mkv"
    assert plan.scan_folder == "/films/Matrix (1999)"


@pytest.mark.parametrize(("resolution", "goes"), [("720", True), ("1080", False), ("4k", False)])
def test_only_a_better_version_replaces_by_itself(life: Life, resolution: str, *, goes: bool) -> None:
    life.configure(but(SETTINGS, upgrade="replace"))
    life.arrive()
    life.identify()
    life.locate(on_server=(OnServer("/films/M/The Matrix (1999) - BluRay.mkv", 5, resolution),))
    assert bool(life.wanted(TransferFiles)) == goes
    if not goes:
        assert life.codes == ["not_better"]


def test_both_may_stay(life: Life) -> None:
    life.configure(but(SETTINGS, upgrade="keep-both"))
    life.arrive()
    life.identify()
    life.locate(on_server=(OnServer(f"/films/{PLACE}", 5, "1080"),), entries=(PLACE,))
    plan = life.last(TransferFiles).plan
    assert plan.files[0].path.endswith(" - version 2.mkv")
    assert not plan.retires


def test_a_stranger_under_that_name_is_not_touched(life: Life) -> None:
    life.configure(but(SETTINGS, upgrade="replace"))
    life.arrive()
    life.identify()
    life.locate(entries=(PLACE,))
    assert life.codes == ["destination_exists"]


def test_what_was_taken_in_before_is_not_brought_back(life: Life) -> None:
    life.arrive()
    life.identify()
    life.locate(ingested_before="k3f9a2xz")
    assert life.codes == ["ingested_before"]
    life.act(ReviewApproved((life.job.job_id,)))
    life.locate(ingested_before="k3f9a2xz")
    assert life.wanted(TransferFiles)


def test_another_title_of_that_name_gets_a_folder_of_its_own(life: Life) -> None:
    life.arrive()
    life.identify()
    life.locate(owners=(("The Matrix (1999)", 4711),))
    assert life.last(TransferFiles).plan.files[0].path.startswith("The Matrix (1999) {tmdb-603}/")


def test_the_first_library_with_room_is_taken(life: Life) -> None:
    life.configure(but(SETTINGS, movies=("/full", "/films")))
    life.arrive()
    life.identify()
    life.locate(roots=(RootFacts("/full", exists=True, free_bytes=1000), *ROOTS))
    assert life.last(TransferFiles).plan.files[0].root == "/films"


def test_a_library_that_is_not_there_is_said(life: Life) -> None:
    life.arrive()
    life.identify()
    life.locate(roots=(RootFacts("/films", exists=False),))
    assert life.codes == ["no_root"]


def test_two_jobs_never_go_to_one_place(life: Life) -> None:
    life.find("a.mkv", "b.mkv")
    life.later(60)
    life.probe()
    for effect in life.wanted(IdentifySource):
        life.act(Identified(effect.effect_id, effect.job_id, NAMED, (MATRIX,)))
    for located in life.wanted(LocateDestination):
        life.act(Located(located.effect_id, located.job_id, LibraryFacts(roots=ROOTS)))
    reviewing = [job for job in life.state.jobs.values() if isinstance(job.phase, Reviewing)]
    assert [job.reasons[0].code for job in reviewing] == ["same_destination"]


def test_an_extra_goes_along_and_its_own_job_ends(life: Life) -> None:
    life.find(NAME, "The.Matrix.1999.1080p.BluRay-trailer.mkv")
    life.later(60)
    life.probe()
    film, trailer = life.wanted(IdentifySource)
    life.act(Identified(film.effect_id, film.job_id, NAMED, (MATRIX,)))
    life.locate(siblings=(Sibling("The.Matrix.1999.1080p.BluRay-trailer.mkv", 9),))
    assert list(life.state.jobs) == [film.job_id]
    assert life.state.recent[-1].what == "joined"
    assert (
        life.last(TransferFiles).plan.files[1].path.endswith("The Matrix (1999) - 1080p BluRay-trailer.mkv")
    )
    life.act(Identified(trailer.effect_id, trailer.job_id, but(NAMED, extra="trailer"), (MATRIX,)))
    assert list(life.state.jobs) == [film.job_id]


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
