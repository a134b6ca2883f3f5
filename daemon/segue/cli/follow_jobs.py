"""Following jobs: each until it has ended or waits for a person."""

from __future__ import annotations

from segue.cli.bars import Amounts, amounts, in_words, progress
from segue.cli.call import Call, quoted
from segue.cli.client import House
from segue.cli.errors import REFUSED, CtlError
from segue.cli.fields import Json, number, record, records, text, whole
from segue.cli.follow import Follower, clipped, run
from segue.cli.ingest_words import files
from segue.cli.paint import Paint
from segue.cli.queue_render import state_of
from segue.cli.words import size

INGEST = "/api/v1/ingest"
GOOD_ENDS = ("ingested", "renamed", "undone", "joined", "ended")
"""How jobs end well; `ended` is our own word where nobody remembers how."""
FAILURES = frozenset(
    {
        "archive",
        "bad_order",
        "broken",
        "busy",
        "cancelled",
        "commit_late",
        "dropped",
        "escapes",
        "failed",
        "io",
        "name_too_long",
        "no_hardlink",
        "no_root",
        "no_space",
        "not_regular",
        "other_disk",
        "permission",
        "quota",
        "read_only",
        "root_missing",
        "source_changed",
        "source_gone",
        "stalled",
        "too_large",
        "unreadable",
        "verify_failed",
        "worker_died",
    }
)
"""Codes of reasons that no doubt is, but something that went wrong."""
ENDED_WORDS = {
    "good": ("done", "done"),
    "review": ("waits for review", "wait for review"),
    "failed": ("failed", "failed"),
    "left": ("left alone", "left alone"),
}
BARS_MAX = 3
MOVING = ("copying", "renaming", "taking back")


def follow_jobs(call: Call, job_ids: list[str]) -> None:
    """Follow jobs to their end; ends with 1 when one failed."""
    follower = JobFollower(call.house, call.paint, job_ids, as_json=call.json)
    if job_ids:
        run(call, follower)
    if not call.json:
        for line in follower.summary():
            print(line)
    if follower.failed:
        raise SystemExit(REFUSED)


def follow_queue(call: Call) -> None:
    """Follow everything that is in the queue now."""
    queue = records(call.house.get(INGEST).data.get("queue"))
    follow_jobs(call, [text(job.get("job_id")) for job in queue])


class _Job:
    """A job as it was seen last."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.name = job_id
        self.state = ""
        self.detail = ""
        self.size = 0.0
        self.how = Amounts(None, None)
        self.quarter = 0
        self.was_missed = False
        """True when it was nowhere to be seen once: it ended, or moved on between two questions."""
        self.end = ""


class JobFollower(Follower):
    """Follows jobs."""

    def __init__(self, house: House, paint: Paint, job_ids: list[str], *, as_json: bool) -> None:
        super().__init__(house, paint, as_json=as_json)
        self.jobs = {job_id: _Job(job_id) for job_id in job_ids}
        self.held = ""
        self._ended_at: dict[int, str] = {}
        """By the number of a step, which job ended in it: what the daemon says in that step is how."""
        self._last_words: dict[str, str] = {}

    @property
    def left(self) -> list[_Job]:
        """The jobs that have not ended yet."""
        return [job for job in self.jobs.values() if not job.end]

    # -------------------------------------------------------------- events

    def heard(self, frame: Json) -> bool:
        """Take an event. Progress is shown as it comes, everything else calls for a look."""
        kind, data, seq = text(frame.get("type")), record(frame.get("data")), whole(frame.get("seq"))
        job = self.jobs.get(text(data.get("job_id")))
        if kind == "ingest.transfer_progressed":
            if job is not None:
                self._progressed(job, amounts(data))
            return False
        if kind in ("ingest.recorded", "ingest.undone") and job is not None and seq is not None:
            self._ended_at[seq] = job.job_id
        if kind == "effect.say" and seq in self._ended_at:
            self._last_words[self._ended_at[seq]] = text(data.get("text"))
        return kind == "snapshot" or kind.startswith("ingest.") or job is not None

    def _progressed(self, job: _Job, how: Amounts) -> None:
        job.how = how
        quarter = int(how.share * 4)
        if not self.draws and job.quarter < quarter < 4:
            self.say(f"{job.name}: {in_words(how)}")
        job.quarter = quarter

    # -------------------------------------------------------------- looking

    def look(self) -> bool:
        """Read where the jobs are."""
        data = self.house.get(INGEST).data
        queue = {text(job.get("job_id")): job for job in records(data.get("queue"))}
        recent = {text(end.get("job_id")): end for end in records(data.get("recent"))}
        held = record(data.get("held"))
        self._held(
            "paused" if held.get("paused") is True else text(held.get("hold")), text(held.get("because"))
        )
        for job in self.left:
            if job.job_id in queue:
                self._seen(job, queue[job.job_id])
            elif job.job_id in recent:
                end = recent[job.job_id]
                self._end(job, text(end.get("what")), text(end.get("text")))
            else:
                self._look_elsewhere(job)
        return bool(self.left)

    def _held(self, held: str, because: str) -> None:
        words = {
            "paused": "copies are paused (`seguectl ingest --resume`)",
            "wait": f"copies wait{f': {because}' if because else ''}",
            "slow": f"copies go slowly{f': {because}' if because else ''}",
        }.get(held, "")
        if words and words != self.held and not self.draws:
            self.say(words, "yellow")
        self.held = words

    def _seen(self, job: _Job, data: Json) -> None:
        job.was_missed = False
        job.name = text(data.get("name")) or job.job_id
        job.size = number(data.get("size")) or 0.0
        if text(data.get("phase")) == "working":
            job.how = amounts(data)
        state = state_of(data, Paint(on=False))
        detail = text(data.get("detail")) if text(data.get("phase")) == "queued" else ""
        if not self.draws and (state, detail) != (job.state, job.detail):
            self.say(f"{job.name}: {state}{f' ({detail})' if detail else ''}")
        job.state, job.detail = state, detail

    def _look_elsewhere(self, job: _Job) -> None:
        """Ask for a job that is neither in the queue nor among the last ends: it is in review, or ended long ago."""
        try:
            data = self.house.get(f"{INGEST}/jobs/{quoted(job.job_id)}").data
        except CtlError as error:
            if error.code != "unknown_job":
                raise
            if job.job_id in self._last_words or job.was_missed:
                what = "ingested" if job.job_id in self._last_words else "ended"
                self._end(job, what, self._last_words.get(job.job_id, f"{job.name} has ended."))
            job.was_missed = True
            self.look_soon()
            return
        job.name = text(data.get("name")) or job.job_id
        if text(data.get("phase")) != "reviewing":
            self._seen(job, data)
            return
        reasons = records(data.get("reasons"))
        failed = any(text(reason.get("code")) in FAILURES for reason in reasons)
        why = "; ".join(filter(None, (text(reason.get("text")) for reason in reasons)))
        words = f"{job.name} ({job.job_id}) {'failed' if failed else 'waits for review'}: {why}"
        self._end(job, "failed" if failed else "review", words, reasons)

    def _end(self, job: _Job, what: str, words: str, reasons: list[Json] | None = None) -> None:
        job.end = _end_of(what)
        self.failed = self.failed or job.end == "failed"
        self.say(
            words or f"{job.name}: {what}",
            {"good": "green", "failed": "red", "review": "yellow"}.get(job.end, ""),
        )
        self.show_json(
            {
                "schema": "segue.end/1",
                "job_id": job.job_id,
                "name": job.name,
                "what": what,
                "text": words,
                "reasons": reasons or [],
            }
        )

    # -------------------------------------------------------------- showing

    def picture(self, columns: int) -> list[str]:
        """Draw the copies under way, and how much is left in all."""
        paint, lines = self.paint, []
        moving = [job for job in self.left if job.how.total and job.state in MOVING]
        for job in moving[:BARS_MAX]:
            lines += [paint("bold", clipped(job.name, columns, paint)), progress(job.how, columns, paint)]
        if self.held:
            lines.append(paint("yellow", clipped(self.held, columns, paint)))
        waiting = [job.detail for job in self.left if job.detail]
        if waiting and not moving:
            lines.append(paint("yellow", clipped(waiting[0], columns, paint)))
        return [*lines, paint("dim", clipped(self._in_all(), columns, paint))]

    def _in_all(self) -> str:
        counts = self._counts()
        left = self.left
        states = list(dict.fromkeys(job.state for job in left if job.state))
        words = [f"{len(left):,} of {files(len(self.jobs))} to go", *self._count_words(counts)]
        still = sum(max(job.size - job.how.done, 0.0) for job in left)
        words += [f"{size(still)} left"] if still and len(left) > 1 else []
        return ", ".join(words) + (f" ({', '.join(states[:3])})" if states else "")

    def _counts(self) -> dict[str, int]:
        return {end: sum(job.end == end for job in self.jobs.values()) for end in ENDED_WORDS}

    def _count_words(self, counts: dict[str, int]) -> list[str]:
        return [f"{count:,} {ENDED_WORDS[end][count != 1]}" for end, count in counts.items() if count]

    def summary(self) -> list[str]:
        """Say how it all ended, where that is more than one file's end."""
        if not self.jobs:
            return ["Nothing is in the queue."]
        words = self._count_words(self._counts())
        waits = any(job.end in ("review", "failed") for job in self.jobs.values())
        hint = "; `seguectl review` shows why" if waits else ""
        return [f"{files(len(self.jobs))}: {', '.join(words)}{hint}."] if len(self.jobs) > 1 or waits else []


def _end_of(what: str) -> str:
    """Sort an end: was it what was wanted?"""
    if what in GOOD_ENDS:
        return "good"
    return {"review": "review", "failed": "failed", "vanished": "failed"}.get(what, "left")
