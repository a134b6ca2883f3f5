"""What a person decides about jobs that are not sure enough, and what is refused with which words."""

from collections.abc import Callable

from msgspec.structs import replace as but

from segue.core.ingest import jobs
from segue.core.ingest.asking import files_word as _files
from segue.core.ingest.effects import CancelTransfer, RememberSources
from segue.core.ingest.facts import CandidateKind, ParsedName
from segue.core.ingest.requests import (
    CandidateGiven,
    CandidatePicked,
    ReviewApproved,
    ReviewRejected,
    ReviewRetried,
)
from segue.core.ingest.state import Finished, IngestState, Job, Reviewing, Working
from segue.core.vocabulary import Out


def approve(state: IngestState, action: ReviewApproved, out: Out) -> IngestState:
    """Take each job's best candidate."""

    def choose(job: Job) -> Job | str:
        best = job.verdict.best if job.verdict is not None else None
        if job.chosen is None and best is None:
            return "has no candidate: give an id (`seguectl review id`)"
        chosen = job.chosen or (best.candidate if best is not None else None)
        return but(job, chosen=chosen, upgrade=action.upgrade or job.upgrade)

    return _decide(state, action.job_ids, action.who, out, choose)


def pick(state: IngestState, action: CandidatePicked, out: Out) -> IngestState:
    """Take the candidate at a place of the list."""

    def choose(job: Job) -> Job | str:
        ranked = job.verdict.ranked if job.verdict is not None else ()
        if not 1 <= action.place <= len(ranked):
            return f"has no candidate {action.place}; there are {len(ranked)}"
        return but(job, chosen=ranked[action.place - 1].candidate)

    return _decide(state, action.job_ids, action.who, out, choose)


def give(state: IngestState, action: CandidateGiven, out: Out) -> IngestState:
    """Take what a person named by its id."""

    found = dict(zip(action.job_ids, action.found, strict=False))

    def choose(job: Job) -> Job | str:
        if job.parsed is None:
            return "has not been read yet: retry it first"
        parsed = set_right(job.parsed, action.candidate.kind, action.season, action.episodes)
        if parsed.kind == "episode" and not (parsed.episodes or parsed.absolute or parsed.date):
            return "has no episode number: say --season and --episode"
        episodes = found.get(job.job_id, action.candidate.episodes)
        return but(job, chosen=but(action.candidate, episodes=episodes), parsed=parsed)

    return _decide(state, action.job_ids, action.who, out, choose)


def set_right(
    parsed: ParsedName, kind: CandidateKind, season: int | None, episodes: tuple[int, ...]
) -> ParsedName:
    """Read a name as a person says: as a film, or as an episode with other numbers where some are given."""
    if kind == "film":
        return but(parsed, kind="film", season=None, episodes=(), absolute=(), date="")
    return but(
        parsed,
        kind="episode",
        season=parsed.season if season is None else season,
        episodes=episodes or parsed.episodes,
    )


def _decide(
    state: IngestState, job_ids: tuple[str, ...], who: str, out: Out, choose: Callable[[Job], Job | str]
) -> IngestState:
    """Take a decision for several jobs: all of them, or none and the reason."""
    decided = []
    for job_id in job_ids:
        job = _in_review(state, job_id, out)
        if job is None:
            return state
        chosen = choose(job)
        if isinstance(chosen, str):
            out.refuse(
                "cannot_decide", f"{job.name} ({job_id}) {chosen}.", "`seguectl review` lists the queue."
            )
            return state
        chosen = but(chosen, chosen_by=who, insists=True)
        decided.append(jobs.become_queued(chosen, "locate", out.stamp.now_at))
    if not decided:
        out.refuse("no_jobs", "No job is named.", "`seguectl review` lists the queue.")
        return state
    out.accept(f"takes {_files(len(decided))} in")
    return jobs.put(state, *decided)


def reject(state: IngestState, action: ReviewRejected, out: Out) -> IngestState:
    """Leave files where they are; they are not told again."""
    rejected = []
    for job_id in action.job_ids:
        job = state.jobs.get(job_id)
        if job is None:
            _refuse_unknown(state, job_id, out)
            return state
        if isinstance(job.phase, Working) and job.phase.stage in ("record", "undo"):
            out.refuse(
                "too_late", f"{job.name} is being written into the history.", "`seguectl undo` takes it back."
            )
            return state
        rejected.append(job)
    for job in rejected:
        if isinstance(job.phase, Working) and job.phase.stage == "transfer":
            out.add(
                CancelTransfer(
                    effect_id=out.next_id, why="rejected", because=out.stamp.seq, job_id=job.job_id
                )
            )
        text = f"{job.name} was rejected and stays where it is."
        state = jobs.finish(state, job, Finished(job.job_id, "rejected", text, out.stamp.wall_at))
    out.add(
        RememberSources(
            effect_id=out.next_id,
            why="rejected",
            because=out.stamp.seq,
            paths=tuple(job.source.path for job in rejected if job.intent == "ingest"),
            status="rejected",
        )
    )
    out.accept(f"leaves {_files(len(rejected))} where they are")
    return state


def retry(state: IngestState, action: ReviewRetried, out: Out) -> IngestState:
    """Look at jobs again from the beginning, or undo again what could not be undone."""
    again = []
    for job_id in action.job_ids:
        job = state.jobs.get(job_id)
        if job is None or isinstance(job.phase, Working):
            _refuse_unknown(state, job_id, out)
            return state
        if job.intent == "undo":
            again.append(jobs.become_queued(job, "undo", out.stamp.now_at))
        else:
            again.append(jobs.become_settling(but(job, insists=False, chosen=None), out.stamp.now_at, 0.0))
    out.accept(f"looks at {_files(len(again))} again")
    return jobs.put(state, *again)


def _in_review(state: IngestState, job_id: str, out: Out) -> Job | None:
    job = state.jobs.get(job_id)
    if job is None:
        _refuse_unknown(state, job_id, out)
        return None
    if not isinstance(job.phase, Reviewing) or job.intent == "undo":
        out.refuse("not_in_review", f"{job.name} ({job_id}) does not wait for review.", "`seguectl review`")
        return None
    return job


def _refuse_unknown(state: IngestState, job_id: str, out: Out) -> None:
    waiting = [job.job_id for job in state.jobs.values() if isinstance(job.phase, Reviewing)]
    hint = (
        f"waiting: {', '.join(waiting[:8])}{', ...' if len(waiting) > 8 else ''}" if waiting else "none waits"
    )
    out.refuse("unknown_job", f"There is no job {job_id!r} that this could be done with.", hint)
