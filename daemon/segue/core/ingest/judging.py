"""From what a name and TMDb say to a decision: in by itself, or before a person with the reasons."""

from msgspec.structs import replace as but

from segue.core.ingest import jobs, scoring
from segue.core.ingest.actions import Identified
from segue.core.ingest.facts import Reason
from segue.core.ingest.state import IngestState, Job
from segue.core.vocabulary import Out

TMDB_AGAIN_S = (60.0, 300.0, 900.0, 3600.0)
"""After TMDb was not there, a job asks again so many seconds later; then it stays with the person."""
BUSY_S = 30.0


def identified(state: IngestState, action: Identified, out: Out) -> IngestState:
    """Judge a name."""
    job = jobs.working_on(state, action.effect_id, action.job_id)
    if job is None:
        return state
    state = _note_tmdb(state, action, out)
    duration_s = action.duration_s if action.duration_s is not None else job.duration_s
    job = but(job, parsed=action.parsed, duration_s=duration_s)
    match_settings = state.settings.match
    if job.threshold is not None:
        match_settings = but(match_settings, threshold=job.threshold)
    verdict = scoring.decide(
        action.parsed,
        action.candidates,
        duration_s,
        match_settings,
        problem=action.problem,
        detail=action.detail,
    )
    job = but(job, verdict=verdict)
    if verdict.accepted and _may_go_in(state, job):
        best = verdict.best
        assert best is not None
        job = but(job, chosen=best.candidate, chosen_by="score", reasons=())
        return jobs.put(state, jobs.become_queued(job, "locate", out.stamp.now_at))
    reasons = verdict.reasons or (_not_by_itself(job),)
    job = jobs.become_reviewing(
        job, out.stamp, reasons, again_in_s=_again_in_s(action, job), attempts=job.attempts + 1
    )
    jobs.say_review(job, out)
    return jobs.put(state, job)


def _may_go_in(state: IngestState, job: Job) -> bool:
    return state.settings.auto if job.auto is None else job.auto


def _not_by_itself(job: Job) -> Reason:
    if job.auto is None:
        return Reason(
            "auto_off", "It is sure enough, but nothing goes in by itself ([ingest] auto is false)."
        )
    return Reason("auto_off", "It is sure enough, but was not to go in by itself (--auto was not said).")


def _again_in_s(action: Identified, job: Job) -> float | None:
    if action.problem not in ("busy", "unavailable"):
        return None
    return TMDB_AGAIN_S[job.attempts] if job.attempts < len(TMDB_AGAIN_S) else None


def _note_tmdb(state: IngestState, action: Identified, out: Out) -> IngestState:
    """Remember how it stands with TMDb; a person hears of a change once."""
    if action.problem == "busy":
        return but(state, tmdb_problem=action.detail or "busy", tmdb_busy_until_at=out.stamp.now_at + BUSY_S)
    if action.problem in ("refused", "unavailable", "unreadable"):
        if not state.tmdb_problem:
            out.say("warning", f"TMDb: {action.detail}", f"tmdb_{action.problem}")
        return but(state, tmdb_problem=action.detail or action.problem)
    if state.tmdb_problem and action.candidates is not None:
        out.say("info", "TMDb answers again.", "tmdb_back")
        return but(state, tmdb_problem="", tmdb_busy_until_at=None)
    return state
