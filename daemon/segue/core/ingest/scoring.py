"""What a name is taken for, how sure that is, and why it is not surer: the front of the matching.

`weighing` has the documented score and the order of the candidates, `gates` the reasons against, `reasons` their titles
and next steps. A verdict is accepted exactly when there is no reason against it.
"""

from collections.abc import Sequence

from segue.core.ingest import gates
from segue.core.ingest.facts import Candidate, ParsedName, Reason, Verdict
from segue.core.ingest.weighing import MatchSettings, Weights, level, rank, score

__all__ = ["MatchSettings", "Weights", "decide", "score"]


def decide(
    parsed: ParsedName,
    candidates: Sequence[Candidate] | None,
    duration_s: float | None,
    settings: MatchSettings | None = None,
    *,
    problem: str = "",
    detail: str = "",
) -> Verdict:
    """Say what a name is taken for, and why it is not surer.

    `candidates` is nothing when TMDb could not be asked; `problem` then says why (`no_key` when it is empty), and
    `detail` in whose words. Candidates that were found before a problem came are shown, but nothing is accepted.
    """
    settings = settings or MatchSettings()
    if candidates is None and not problem:
        problem = "no_key"
    reasons: list[Reason] = [*gates.problem_reasons(problem, detail), *gates.doubts(parsed, candidates or ())]
    ranked = rank(parsed, candidates or (), duration_s, settings)
    if ranked:
        reasons += gates.match_reasons(parsed, ranked, duration_s, settings)
    elif not problem:
        reasons += gates.nothing_found(parsed)
    return Verdict(
        accepted=not reasons,
        level=level(ranked[0].score.total, settings) if ranked else "none",
        ranked=ranked[: max(settings.shown, 1)],
        reasons=tuple(reasons),
    )
