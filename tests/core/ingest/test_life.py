"""The life of a job after its file is whole: judged, placed, moved, written down, told, undone."""

from typing import Any

import pytest
from msgspec.structs import replace as but

from segue.core.ingest.actions import (
    FolderScanned,
    Identified,
    LibraryFacts,
    Located,
    OnServer,
    Recorded,
    RootFacts,
    Sibling,
    StageFailed,
    TransferProgressed,
)
from segue.core.ingest.effects import (
    CancelTransfer,
    IdentifySource,
    LocateDestination,
    RecordIngest,
    RememberSources,
    ScanFolder,
    TransferFiles,
)
from segue.core.ingest.facts import Candidate, EpisodeFact, ParsedName
from segue.core.ingest.requests import (
    CandidateGiven,
    CandidatePicked,
    ReviewApproved,
    ReviewRejected,
    ReviewRetried,
)
from segue.core.ingest.state import (
    Reviewing,
    Settling,
    Working,
)
from tests.helpers.ingest import MATRIX, NAMED, SETTINGS
from tests.helpers.life import NAME, OTHER, PLACE, ROOTS, Life


@pytest.fixture
def life() -> Life:
    return Life()


# ------------------------------------------------------------------ what travels along


def test_what_travels_along_is_written_down_as_it_was(life: Life) -> None:
    """By time and inode a moved or renamed file is known again when it is taken back, or its source dropped."""
    life.arrive()
    life.identify()
    life.locate(siblings=(Sibling("The.Matrix.1999.1080p.BluRay.en.srt", 9, 77, 5),))
    life.transfer()
    beside = life.last(RecordIngest).record.files[1]
    assert (beside.kind, beside.source_mtime_ns, beside.source_inode) == ("subtitle", 77, 5)


@pytest.mark.parametrize("method", ["copy", "move"])
def test_what_was_to_move_is_written_down_as_moved(method: Any) -> None:
    """So that it goes back when it is taken back, though it was copied to another disk and then dropped."""
    life = Life(but(SETTINGS, transfer=method))
    life.until_transfer()
    life.transfer()
    written = life.last(RecordIngest)
    assert [file.moved for file in written.record.files] == [method == "move"]
    assert written.drop_sources == ((life.job.source.path,) if method == "move" else ())


@pytest.mark.parametrize("kind", ["source_gone", "source_changed"])
def test_a_subtitle_that_vanishes_does_not_take_the_film_along(life: Life, kind: str) -> None:
    """The plan is made anew, of what is there now."""
    life.arrive()
    life.identify()
    subtitle = "The.Matrix.1999.1080p.BluRay.en.srt"
    life.locate(siblings=(Sibling(subtitle, 9, 77, 5),))
    life.fail(kind, path=f"/in/{subtitle}")
    life.locate()
    assert [file.kind for file in life.last(TransferFiles).plan.files] == ["video"]
    life.fail(kind, path=life.job.source.path)
    assert not life.state.jobs or isinstance(life.job.phase, Settling)


# ------------------------------------------------------------------ the straight way


def test_a_film_goes_in_by_itself(life: Life) -> None:
    life.arrive(f"M/{NAME}")
    life.identify()
    asked = life.last(LocateDestination)
    assert (asked.roots, asked.folder) == (("/films",), "The Matrix (1999)")
    life.locate(siblings=(Sibling("The.Matrix.1999.1080p.BluRay.en.srt", 9), Sibling("RARBG.txt", 3)))
    order = life.last(TransferFiles)
    assert order.after_commit
    assert [(f.source, f"{f.root}/{f.path}") for f in order.plan.files] == [
        (f"/in/M/{NAME}", f"/films/{PLACE}"),
        ("/in/M/The.Matrix.1999.1080p.BluRay.en.srt", f"/films/{PLACE[:-4]}.en.srt"),
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


def test_each_job_gets_the_episodes_that_its_own_name_speaks_of(life: Life) -> None:
    """One id for several files: the database was asked about each of them."""
    life.arrive("thing.S01E01.mkv")
    life.identify(parsed=ParsedName(title="thing", season=1, episodes=(1,)), problem="no_key")
    life.arrive("thing.S01E02.mkv")
    life.identify(parsed=ParsedName(title="thing", season=1, episodes=(2,)), problem="no_key")
    show = Candidate("show", 7, "A Show", year=2001, detailed=True)
    facts = ((EpisodeFact(1, 1, "One"),), (EpisodeFact(1, 2, "Two"),))
    life.act(CandidateGiven(tuple(life.state.jobs), show, found=facts))
    chosen = [job.chosen.episodes for job in life.state.jobs.values() if job.chosen]
    assert chosen == list(facts)


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


@pytest.mark.parametrize("upgrade", ["review", "replace", "keep-both"])
def test_a_stranger_under_that_name_is_not_touched(life: Life, upgrade: Any) -> None:
    """The mover compares: the same content is no error, other content is a person's business."""
    life.configure(but(SETTINGS, upgrade=upgrade))
    life.arrive()
    life.identify()
    life.locate(entries=(PLACE,))
    (file, *_) = life.last(TransferFiles).plan.files
    assert (file.path, file.replaces) == (PLACE, False)
    life.fail("destination_exists")
    assert life.codes == ["destination_exists"]
    life.act(ReviewApproved((life.job.job_id,), "replace"))
    life.locate(entries=(PLACE,))
    assert life.last(TransferFiles).plan.files[0].replaces


def test_the_same_file_once_more_is_no_second_version(life: Life) -> None:
    life.arrive()
    life.identify()
    life.locate(on_server=(OnServer(f"/films/{PLACE}", life.job.source.size, "1080"),))
    assert life.last(TransferFiles).plan.files[0].path == PLACE


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
