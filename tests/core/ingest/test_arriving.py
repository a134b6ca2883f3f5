"""From a file that turns up to a file that is whole."""

import pytest
from msgspec.structs import replace as but

from segue.core.effects import dropped
from segue.core.ingest.actions import (
    BaselineTaken,
    DownloadsRead,
    RootChanged,
    SourcesFound,
    SourcesGone,
    StageFailed,
    WatchPutOff,
)
from segue.core.ingest.arriving import WATCH_AGAIN_S
from segue.core.ingest.effects import (
    AskDownloads,
    IdentifySource,
    ProbeSources,
    ScanRoot,
    SweepPartials,
    UnwatchRoot,
    WatchRoot,
)
from segue.core.ingest.requests import DownloadCompleted, WatcherRequested
from segue.core.ingest.settings import IngestSettings
from segue.core.ingest.state import Probing, Reviewing, Settling, Working
from tests.helpers.ingest import SETTINGS, Domain


@pytest.fixture
def domain() -> Domain:
    return Domain()


# ------------------------------------------------------------------ roots


def test_a_root_is_watched_with_a_baseline_the_first_time_only(domain: Domain) -> None:
    first = domain.last(WatchRoot)
    assert (first.root, first.baseline, first.after_commit) == ("/in", True, True)
    domain.act(BaselineTaken(first.effect_id, "/in", 40, 4000))
    assert "40 files" in domain.said[-1]
    domain.act(WatcherRequested("restart"))
    again = domain.last(WatchRoot)
    assert (again.baseline, again.after_commit) == (False, False)
    assert domain.wanted(UnwatchRoot)


def test_a_root_whose_watch_was_put_off_is_watched_in_a_moment(domain: Domain) -> None:
    """A disk that is slow at the first start would else leave the folder unwatched until the next one."""
    first = domain.last(WatchRoot)
    outcome = dropped(first, "commit_late", "a commit takes longer than 250 ms")
    assert isinstance(outcome, WatchPutOff)
    for count in (2, 3):
        domain.act(outcome)
        domain.later(WATCH_AGAIN_S + 0.1)
        assert len(domain.wanted(WatchRoot)) == count
        assert but(domain.last(WatchRoot), effect_id="", because=0) == but(first, effect_id="", because=0)
    domain.act(RootChanged("/in", "watching"))
    domain.act(outcome)
    domain.later(60)
    assert len(domain.wanted(WatchRoot)) == 3


def test_leftovers_are_swept_at_the_start(domain: Domain) -> None:
    assert domain.last(SweepPartials).roots == ("/films", "/shows")


def test_a_stopped_watcher_stays_stopped(domain: Domain) -> None:
    domain.act(RootChanged("/in", "watching", files=3))
    domain.act(WatcherRequested("stop"))
    domain.act(RootChanged("/in", "stopped"))
    assert domain.state.roots[0].status == "stopped"
    count = len(domain.wanted(WatchRoot))
    domain.configure(but(SETTINGS, auto=False))
    assert len(domain.wanted(WatchRoot)) == count
    domain.act(WatcherRequested("start"))
    assert len(domain.wanted(WatchRoot)) == count + 1


def test_a_root_that_goes_is_said_once_and_so_is_its_return(domain: Domain) -> None:
    domain.act(RootChanged("/in", "watching"))
    for _ in range(3):
        domain.act(RootChanged("/in", "missing", detail="No such file"))
    domain.act(RootChanged("/in", "watching"))
    assert [text for text in domain.said if "/in" in text] == ["/in is missing: No such file", "/in is back."]


def test_without_a_folder_there_is_nothing_to_watch() -> None:
    domain = Domain(IngestSettings())
    assert not domain.wanted(WatchRoot)
    domain.act(WatcherRequested("start"))
    assert domain.refused is not None
    assert domain.refused.code == "no_ingest_folder"


# ------------------------------------------------------------------ quiet, and a sign


def test_quiet_and_a_whole_structure_are_enough(domain: Domain) -> None:
    domain.find("The.Matrix.1999.mkv")
    assert isinstance(domain.job.phase, Settling)
    domain.later(59)
    assert not domain.wanted(ProbeSources)
    domain.later(1)
    assert domain.last(ProbeSources).paths == ("/in/The.Matrix.1999.mkv",)
    domain.probe()
    assert domain.job.signs == ("structure",)
    assert domain.last(IdentifySource).relative == "The.Matrix.1999.mkv"
    assert domain.last(IdentifySource).duration_s == 8160.0


def test_quiet_alone_is_not_enough(domain: Domain) -> None:
    """What cannot be checked and nobody calls whole has to be quiet for ten minutes."""
    domain.find("a.ts")
    domain.later(60)
    domain.probe(structure="unknown")
    domain.later(530)
    assert len(domain.wanted(ProbeSources)) == 1
    domain.later(20)
    domain.probe(structure="unknown")
    assert domain.job.signs == ("long-quiet",)
    assert domain.wanted(IdentifySource)


def test_a_file_that_grows_begins_anew(domain: Domain) -> None:
    domain.find("a.mkv")
    domain.later(50)
    domain.find("a.mkv", size=2000)
    domain.later(50)
    assert not domain.wanted(ProbeSources)
    domain.later(10)
    domain.probe(size=3000)
    assert domain.job.source.size == 3000
    assert isinstance(domain.job.phase, Settling)
    domain.later(60)
    domain.probe()
    assert domain.wanted(IdentifySource)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"writer": "qbittorrent (77)"}, "qbittorrent (77) still writes it"),
        ({"unpacking": True}, "unpacked"),
        ({"structure": "broken", "detail": "the end is missing"}, "the end is missing"),
    ],
)
def test_what_is_missing_is_waited_for_and_shown(
    domain: Domain, facts: dict[str, object], words: str
) -> None:
    domain.find("a.mkv")
    domain.later(60)
    domain.probe(**facts)
    assert isinstance(domain.job.phase, Settling)
    assert words in domain.job.phase.detail
    domain.later(120)
    domain.probe()
    domain.later(60)
    domain.probe()
    assert domain.wanted(IdentifySource)


def test_a_broken_file_is_looked_at_less_and_less_and_given_up_after_a_day(domain: Domain) -> None:
    domain.find("a.mkv")
    for _ in range(4000):
        if isinstance(domain.job.phase, Reviewing):
            break
        domain.later(30)
        if isinstance(domain.job.phase, Probing):
            domain.probe(structure="broken", detail="the end is missing")
    assert domain.now_at - 1000.0 == pytest.approx(86400, rel=0.02)
    assert len(domain.wanted(ProbeSources)) < 170
    assert domain.job.reasons[0].code == "broken"
    assert "the end is missing" in domain.job.reasons[0].text


def test_what_is_called_whole_and_is_broken_is_a_persons_business(domain: Domain) -> None:
    domain.find("a.mkv")
    domain.act(DownloadCompleted("/in"))
    domain.probe(structure="broken", detail="the end is missing")
    assert domain.job.reasons[0].code == "broken"
    assert "hook" in domain.job.reasons[0].text


def test_a_file_that_cannot_be_read_is_a_persons_business(domain: Domain) -> None:
    domain.find("a.mkv")
    domain.later(60)
    domain.probe(error="Permission denied")
    domain.later(60)
    domain.probe(error="Permission denied")
    assert domain.job.reasons[0].code == "unreadable"


# ------------------------------------------------------------------ signs from others


def test_a_hook_makes_it_quick(domain: Domain) -> None:
    domain.find("show/a.mkv", "other/b.mkv")
    domain.act(DownloadCompleted("/in/show/"))
    assert "1 file below /in/show" in domain.accepted
    assert domain.last(ProbeSources).paths == ("/in/show/a.mkv",)
    domain.probe(structure="unknown")
    assert domain.last(IdentifySource).path == "/in/show/a.mkv"


def test_a_hook_may_come_before_the_file_is_seen(domain: Domain) -> None:
    domain.act(DownloadCompleted("/in/a.mkv"))
    domain.find("a.mkv")
    domain.later(0)
    domain.probe(structure="unknown")
    assert domain.job.signs == ("hook",)
    assert isinstance(domain.job.phase, Working)


def test_a_hook_with_nonsense_is_refused(domain: Domain) -> None:
    domain.act(DownloadCompleted("relative/path"))
    assert domain.refused is not None
    assert domain.refused.code == "bad_path"


def test_a_download_client_is_asked_and_believed() -> None:
    domain = Domain(but(SETTINGS, clients_configured=True))
    domain.find("a.ts", "b.ts")
    domain.later(60)
    assert domain.wanted(AskDownloads)
    domain.probe(structure="unknown")
    domain.act(
        DownloadsRead("transmission", complete=("/in/a.ts", "/elsewhere/c.ts"), incomplete=("/in/b.ts",))
    )
    assert domain.last(ProbeSources).paths == ("/in/a.ts",)
    domain.probe(structure="unknown")
    assert domain.last(IdentifySource).path == "/in/a.ts"
    assert [c.path for c in domain.state.complete] == ["/in/a.ts"]


def test_a_client_that_is_silent_is_said_once() -> None:
    domain = Domain(but(SETTINGS, clients_configured=True))
    for _ in range(3):
        domain.act(DownloadsRead("qbittorrent", error="connection refused"))
    assert sum("qbittorrent" in text for text in domain.said) == 1


# ------------------------------------------------------------------ many, and none


def test_a_thousand_files_are_looked_at_together(domain: Domain) -> None:
    domain.find(*(f"s{n % 20}/{n}.mkv" for n in range(1000)))
    domain.later(60)
    effects = domain.wanted(ProbeSources)
    assert sum(len(effect.paths) for effect in effects) == 1000
    assert len(effects) <= 5
    assert len({job.job_id for job in domain.state.jobs.values()}) == 1000


def test_a_file_that_vanishes_takes_its_job_along(domain: Domain) -> None:
    domain.find("a.mkv", "b.mkv", "c.mkv")
    domain.act(SourcesGone("/in", ("/in/a.mkv",)))
    domain.later(60)
    domain.probe(size=None)
    assert not domain.state.jobs
    assert {end.what for end in domain.state.recent} == {"vanished"}


def test_a_look_that_came_to_nothing_is_taken_again(domain: Domain) -> None:
    domain.find("a.mkv")
    domain.later(60)
    effect = domain.last(ProbeSources)
    domain.act(StageFailed(effect.effect_id, "", "probe", "dropped"))
    domain.later(61)
    assert len(domain.wanted(ProbeSources)) == 2
    domain.act(StageFailed("1.1", "", "probe", "dropped"))
    domain.probe()
    assert domain.wanted(IdentifySource)


def test_at_most_four_names_are_read_at_a_time(domain: Domain) -> None:
    domain.find(*(f"{n}.mkv" for n in range(9)))
    domain.later(60)
    domain.probe()
    assert len(domain.wanted(IdentifySource)) == 4


def test_old_files_are_told_when_asked_for(domain: Domain) -> None:
    from segue.core.ingest.requests import BacklogRequested

    domain.act(BacklogRequested())
    assert domain.refused is not None
    domain.act(RootChanged("/in", "watching"))
    domain.act(BacklogRequested())
    assert domain.last(ScanRoot).with_baseline
    assert domain.last(ScanRoot).after_commit


def test_the_same_news_twice_changes_nothing(domain: Domain) -> None:
    domain.find("a.mkv")
    before = domain.state
    domain.act(SourcesFound("/in", (domain.job.source,)))
    assert domain.state is before
