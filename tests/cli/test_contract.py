"""The answers that these tests show are answers that the daemon gives: the same fields, made by its own views."""

from typing import Any

from segue.core.ingest import scoring
from segue.core.ingest.facts import Candidate, ParsedName, Reason
from segue.core.ingest.records import HistoryRecord, Plan, PlannedFile, RecordedFile
from segue.core.ingest.requests import SourceFile
from segue.core.ingest.state import IngestState, Job, LongRun, PendingScan, Reviewing, Root, Working
from segue.core.ingest.weighing import MatchSettings
from segue.interfaces import ingest_views as views
from segue.interfaces.moment import Moment
from tests.cli import ingest_answers as answers

CANDIDATE = Candidate(
    kind="film", tmdb_id=603, title="Harbour Lights", year=2011, title_similarity=1.0, exact=True
)
PARSED = ParsedName(kind="film", title="Harbour Lights", year=2011)
PLAN = Plan(files=(PlannedFile("/srv/ingest/a.mkv", "/srv/media/Movies", "A/A.mkv"),))
JOB = Job(
    job_id="k3f9a2xz",
    source=SourceFile("/srv/ingest/a.mkv", 5, 0),
    root="/srv/ingest",
    phase=Reviewing(wall_since_at=1.0),
    wall_found_at=1.0,
    because=1,
    parsed=PARSED,
    verdict=scoring.decide(PARSED, (CANDIDATE,), None, MatchSettings()),
    plan=PLAN,
)
NOW = Moment(now_at=5.0, wall_at=5.0)


def keys(value: Any) -> set[str]:
    assert isinstance(value, dict)
    return set(value)


def test_a_job_has_these_fields() -> None:
    made, shown = views.job_of(JOB, NOW), answers.job(plan=answers.plan())
    assert keys(made) == keys(shown)
    assert keys(made["candidates"][0]) == keys(shown["candidates"][0])
    assert keys(made["candidates"][0]["score"]) == keys(shown["candidates"][0]["score"])
    assert keys(made["plan"]) == keys(shown["plan"])
    assert keys(made["plan"]["files"][0]) == keys(shown["plan"]["files"][0])
    assert keys(views.reasons((Reason("io", "The disk fails."),))[0]) == keys(shown["reasons"][0])


def test_the_ingest_has_these_fields() -> None:
    state = IngestState(
        jobs={"a": Job("a", JOB.source, "/srv", Working("transfer", "1.1", 0.0), 1.0, 1)},
        roots=(Root("/srv/ingest"),),
        scans=(PendingScan("/srv/x", 0.0, 1.0, 1),),
        long_run=LongRun("verify", "1.2", 1.0),
    )
    made, shown = views.ingest(state, NOW, (1, 2)), answers.ingest()
    assert keys(made) == keys(shown)
    assert keys(made["roots"][0]) == keys(answers.root())
    assert keys(made["run"]) == keys(answers.long_run())
    for name in ("held", "tmdb", "history"):
        assert keys(made[name]) == keys(shown[name])
    assert keys(views.brief(state)) == keys(answers.brief())


def test_the_history_has_these_fields() -> None:
    file = RecordedFile("/srv/ingest/a.mkv", "/srv/media/Movies", "A/A.mkv", 5)
    made = views.entry(HistoryRecord("k3f9a2xz", "ingest", 1.0, "A", (file,)))
    assert keys(made) == keys(answers.entry())
    assert keys(made["files"][0]) == keys(answers.entry()["files"][0])


def test_a_verdict_has_these_fields() -> None:
    assert JOB.verdict is not None
    made = views.verdict(JOB.verdict)
    assert keys(made) <= keys(answers.identified())
