"""A film, a show, and a name for each; a verdict on them in few words."""

from segue.core.ingest.facts import Candidate, EpisodeFact, ParsedName, Verdict
from segue.core.ingest.scoring import decide

MATRIX = ParsedName("film", title="The Matrix", year=1999, readers="agree")
FOUND = Candidate(
    "film", 603, "The Matrix", year=1999, votes=20_000, runtime_min=136, title_similarity=1.0, exact=True
)
LENGTH_S = 136 * 60.0
PILOT = ParsedName("episode", title="Breaking Bad", season=1, episodes=(1,), readers="agree")
SHOW = Candidate(
    "show",
    1396,
    "Breaking Bad",
    year=2008,
    votes=10_000,
    title_similarity=1.0,
    exact=True,
    episodes=(EpisodeFact(1, 1, "Pilot", "2008-01-20", 58),),
)


def codes(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.reasons]


def judge(parsed: ParsedName, *candidates: Candidate, duration_s: float | None = LENGTH_S) -> Verdict:
    return decide(parsed, candidates, duration_s)


def judge_episode(parsed: ParsedName, *candidates: Candidate, minutes: float = 58) -> Verdict:
    return decide(parsed, candidates, minutes * 60)
