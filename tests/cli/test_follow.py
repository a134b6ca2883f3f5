"""`--wait`: jobs and long runs are followed to their end, on a terminal with a bar, elsewhere in lines."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from segue.cli import follow_jobs
from segue.core.ingest.failures import FAILURES
from tests.cli import ingest_answers as answers
from tests.cli.conftest import Ctl
from tests.cli.fake_segued import FakeSegued, Reader, refuses, says
from tests.cli.running import OnTerminal, Running, on_terminal, running

INGEST = "/api/v1/ingest"
ID = "k3f9a2xz"
NAME = "Harbour.Lights.2011.mkv"
UNKNOWN = refuses(404, "unknown_job", "There is no such job.")
DONE = answers.ingest(recent=[answers.end(ID, "ingested", f"{NAME} is x.mkv now (copy).")])
WAITING = answers.job(ID, phase="settling", detail="")


def begins(segued: FakeSegued, *ids: str, path: str = INGEST) -> None:
    segued.on("POST", path, says(answers.accepted("takes it up", *(ids or (ID,))), 202))


@contextmanager
def waiting(segued: FakeSegued, *words: str) -> Iterator[tuple[Running, Reader]]:
    with running(*(words or ("ingest", "/x", "--wait")), SEGUE_SOCKET=str(segued.path)) as run:
        reader = segued.reader()
        reader.push({"type": "snapshot", "data": {}})
        yield run, reader


# ------------------------------------------------------------------ in lines


def test_a_job_is_told_from_its_arrival_to_its_end(segued: FakeSegued) -> None:
    begins(segued)
    segued.on("GET", INGEST, says(answers.ingest(WAITING)))
    with waiting(segued) as (run, reader):
        run.until(f"{NAME}: arriving")
        segued.on("GET", INGEST, says(answers.ingest(answers.copying())))
        reader.event("ingest.located", {"job_id": ID})
        run.until(f"{NAME}: copying")
        for done in range(101):
            part = {"done_bytes": done, "total_bytes": 100, "bytes_per_s": 0}
            reader.event("ingest.transfer_progressed", {"job_id": ID, **part})
        run.until(f"{NAME}: 75 %")
        segued.on("GET", INGEST, says(DONE))
        reader.event("ingest.recorded", {"job_id": ID})
        assert run.wait() == 0
        assert run.lines == [
            "segued takes it up",
            f"  job {ID}; `seguectl status --queue` shows how far it is.",
            f"{NAME}: arriving",
            f"{NAME}: copying",
            f"{NAME}: 25 % of 100 bytes",
            f"{NAME}: 50 % of 100 bytes",
            f"{NAME}: 75 % of 100 bytes",
            f"{NAME} is x.mkv now (copy).",
        ]
        assert run.errors == []


def test_what_waits_for_review_ends_the_waiting_and_has_not_failed(segued: FakeSegued) -> None:
    begins(segued)
    segued.on("GET", INGEST, says(answers.ingest(reviews=1)))
    segued.on("GET", f"{INGEST}/jobs/{ID}", says(answers.one_job()))
    with waiting(segued) as (run, _reader):
        assert run.wait() == 0
        assert run.lines[2] == (
            f"{NAME} ({ID}) waits for review: Harbour Lights (1982) fits nearly as well (0.84) as "
            "Harbour Lights (2011) (0.91)."
        )
        assert run.lines[3] == "1 file: 1 waits for review; `seguectl review` shows why."


def test_what_failed_ends_with_1(segued: FakeSegued) -> None:
    begins(segued, ID, "job00002")
    full = answers.reason("no_space", "Bringing it into the library failed: no space.", "Make room.")
    segued.on("GET", INGEST, says(DONE))
    segued.on("GET", f"{INGEST}/jobs/job00002", says(answers.one_job(job_id="job00002", reasons=[full])))
    with waiting(segued) as (run, _reader):
        assert run.wait() == 1
        assert f"{NAME} (job00002) failed: Bringing it into the library failed: no space." in run.lines
        assert run.lines[-1] == "2 files: 1 done, 1 failed; `seguectl review` shows why."


@pytest.mark.parametrize(("what", "code"), [("vanished", 1), ("rejected", 0), ("renamed", 0), ("joined", 0)])
def test_an_end_is_good_or_bad_by_its_word(segued: FakeSegued, ctl: Ctl, what: str, code: int) -> None:
    begins(segued)
    segued.on("GET", INGEST, says(answers.ingest(recent=[answers.end(ID, what, "It ended.")])))
    with waiting(segued) as (run, _reader):
        assert run.wait() == code
        assert "It ended." in run.lines


def test_a_job_that_nobody_remembers_ended_by_its_last_words(segued: FakeSegued) -> None:
    """With a thousand files the list of the last ends is soon full; the events have told it all the same."""
    begins(segued, ID, "job00002")
    segued.on("GET", INGEST, says(answers.ingest(answers.copying())))
    segued.on("GET", f"{INGEST}/jobs/{ID}", UNKNOWN)
    segued.on("GET", f"{INGEST}/jobs/job00002", UNKNOWN)
    with waiting(segued) as (run, reader):
        run.until("job00002 has ended.")
        segued.on("GET", INGEST, says(answers.ingest()))
        reader.event("ingest.recorded", {"job_id": ID}, seq=70)
        reader.event(
            "effect.say", {"level": "info", "text": "It is in its place.", "why": "ingested"}, seq=70
        )
        assert run.wait() == 0
        assert "It is in its place." in run.lines
        assert run.lines[-1] == "2 files: 2 done."


def test_a_job_that_moved_on_between_two_questions_is_still_followed(segued: FakeSegued) -> None:
    begins(segued)
    segued.on("GET", INGEST, says(answers.ingest()), says(answers.ingest()), says(DONE))
    segued.on("GET", f"{INGEST}/jobs/{ID}", UNKNOWN, says({"schema": "segue.job/1", **answers.copying()}))
    with waiting(segued) as (run, reader):
        run.until(f"{NAME}: copying")
        reader.event("ingest.recorded", {"job_id": ID})
        assert run.wait() == 0


def test_copies_that_are_held_are_explained_once(segued: FakeSegued) -> None:
    begins(segued)
    held = {"paused": False, "hold": "wait", "because": "somebody watches in living"}
    queued = answers.job(ID, phase="queued", stage="transfer")
    segued.on("GET", INGEST, says(answers.ingest(queued, held=held)))
    with waiting(segued) as (run, reader):
        run.until(f"{NAME}: waits to copy")
        full = answers.job(ID, phase="queued", stage="transfer", detail="no space: 12.3 GB needed")
        segued.on("GET", INGEST, says(answers.ingest(full, held=held)))
        reader.event("ingest.stage_failed", {"job_id": ID})
        run.until(f"{NAME}: waits to copy (no space: 12.3 GB needed)")
        segued.on("GET", INGEST, says(DONE))
        reader.event("ingest.recorded", {"job_id": ID})
        assert run.wait() == 0
        assert run.lines.count("copies wait: somebody watches in living") == 1


def test_the_daemon_may_go_away_and_come_back_meanwhile(segued: FakeSegued) -> None:
    begins(segued)
    segued.on("GET", INGEST, says(answers.ingest(answers.copying())))
    with waiting(segued) as (run, reader):
        run.until(f"{NAME}: copying")
        segued.stop()
        reader.end()
        run.until("segued went away (the connection broke); trying again")
        segued.on("GET", INGEST, says(DONE))
        segued.start()
        segued.reader().push({"type": "snapshot", "data": {}})
        assert run.wait() == 0
        assert any(line.startswith("segued is back, after ") for line in run.lines)


def test_a_look_that_fails_is_repeated(segued: FakeSegued) -> None:
    begins(segued)
    segued.on("GET", INGEST, refuses(503, "busy", "Busy."), says(DONE))
    with waiting(segued) as (run, _reader):
        assert run.wait() == 0
        assert run.errors == []


def test_who_may_no_longer_read_is_told(segued: FakeSegued) -> None:
    begins(segued)
    segued.on("GET", INGEST, refuses(403, "not_permitted", "You may not."))
    with waiting(segued) as (run, _reader):
        assert run.wait() == 4
        assert run.errors == ["seguectl: You may not."]


def test_with_json_every_end_is_a_line(segued: FakeSegued) -> None:
    begins(segued, ID, "job00002")
    segued.on("GET", INGEST, says(DONE))
    segued.on("GET", f"{INGEST}/jobs/job00002", says(answers.one_job(job_id="job00002")))
    with waiting(segued, "ingest", "/x", "--wait", "--json") as (run, _reader):
        assert run.wait() == 0
        lines = [json.loads(line)["data"] for line in run.lines]
        assert [line["schema"] for line in lines] == ["segue.accepted/1", "segue.end/1", "segue.end/1"]
        assert [(line["job_id"], line["what"]) for line in lines[1:]] == [
            (ID, "ingested"),
            ("job00002", "review"),
        ]
        assert lines[2]["reasons"] == [answers.reason()]


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("rename", "/x", "--execute", "--wait"), f"{INGEST}/rename"),
        (("undo", "abc", "--wait"), f"{INGEST}/undo"),
        (("review", "approve", ID, "-w"), f"{INGEST}/review/approve"),
        (("review", "pick", ID, "2", "-w"), f"{INGEST}/review/pick"),
        (("review", "id", ID, "--tmdb", "5", "-w"), f"{INGEST}/review/id"),
    ],
)
def test_whatever_begins_jobs_can_be_waited_for(
    segued: FakeSegued, words: tuple[str, ...], path: str
) -> None:
    begins(segued, path=path)
    segued.on("GET", INGEST, says(DONE))
    with waiting(segued, *words) as (run, _reader):
        assert run.wait() == 0
        assert f"{NAME} is x.mkv now (copy)." in run.lines


def test_the_whole_queue_can_be_waited_for(segued: FakeSegued) -> None:
    segued.on("GET", INGEST, says(answers.ingest(answers.copying())), says(DONE))
    with waiting(segued, "ingest", "--wait") as (run, _reader):
        assert run.wait() == 0
        assert run.lines == [f"{NAME} is x.mkv now (copy)."]


def test_an_empty_queue_is_not_waited_for(segued: FakeSegued, ctl: Ctl) -> None:
    segued.on("GET", INGEST, says(answers.ingest()))
    done = ctl("ingest", "--wait")
    assert (done.code, done.out) == (0, "Nothing is in the queue.\n")


def test_ctrl_c_ends_the_following_and_nothing_else(segued: FakeSegued) -> None:
    begins(segued)
    segued.on("GET", INGEST, says(answers.ingest(answers.copying())))
    with waiting(segued) as (run, _reader):
        run.until("copying")
        assert run.end(signal.SIGINT) == 130
        assert run.errors == ["It goes on without seguectl; `seguectl status --queue` shows how far it is."]
        assert not any("pause" in asked or "reject" in asked for asked in segued.asked)


def test_every_failure_of_the_core_is_a_failure_here_or_a_question_there() -> None:
    """A new word must be sorted: did something go wrong, or does a person have to say something?"""
    questions = {
        "auto_off",
        "destination_exists",
        "extra_alone",
        "ingested_before",
        "library_has_it",
        "no_library",
        "no_number",
        "not_better",
        "same_destination",
        "unnamable",
    }
    assert set(FAILURES) == follow_jobs.FAILURES | questions


# ------------------------------------------------------------------ on a terminal


@contextmanager
def waiting_on_terminal(segued: FakeSegued, *words: str, **more: Any) -> Iterator[tuple[OnTerminal, Reader]]:
    with on_terminal(
        *(words or ("ingest", "/x", "--wait")), SEGUE_SOCKET=str(segued.path), **more
    ) as terminal:
        reader = segued.reader()
        reader.push({"type": "snapshot", "data": {}})
        yield terminal, reader


def test_a_copy_has_a_bar_that_moves_with_its_events(segued: FakeSegued) -> None:
    begins(segued, ID, "job00002")
    other = answers.job("job00002", "b.mkv", phase="queued", stage="transfer", size=1_000_000_000)
    segued.on("GET", INGEST, says(answers.ingest(answers.copying(), other)))
    with waiting_on_terminal(segued) as (terminal, reader):
        terminal.until("2 of 2 files to go, 8.3 GB left (copying, waits to copy)")
        assert terminal.screen.lines[-3:] == [
            NAME,
            f"{'━' * 12}{'─' * 18}  40 % of 12.3 GB, 80.0 MB/s, 1 min 31 s left",
            "2 of 2 files to go, 8.3 GB left (copying, waits to copy)",
        ]
        asked = len(segued.requests)
        part = {"done_bytes": 9_258_750_000, "total_bytes": 12_345_000_000, "bytes_per_s": 100_000_000}
        reader.event("ingest.transfer_progressed", {"job_id": ID, **part})
        terminal.until(" 75 % of 12.3 GB, 100.0 MB/s, 31 s left")
        assert len(segued.requests) == asked
        segued.on(
            "GET",
            INGEST,
            says(answers.ingest(recent=[answers.end(ID), answers.end("job00002", text="b is in.")])),
        )
        reader.event("ingest.recorded", {"job_id": ID})
        assert terminal.end() == 0
        assert terminal.screen.lines[-4:] == ["(copy).", "b is in.", "2 files: 2 done.", ""]
        assert terminal.screen.cursor_shown
        assert "━" not in repr(terminal)


@pytest.mark.parametrize("columns", [24, 40, 100])
def test_the_picture_fits_a_small_terminal(segued: FakeSegued, columns: int) -> None:
    begins(segued)
    held = {"paused": True, "hold": "", "because": ""}
    segued.on("GET", INGEST, says(answers.ingest(answers.copying(), held=held)))
    with waiting_on_terminal(segued, columns=columns) as (terminal, _reader):
        lines = terminal.until("40 %")
        assert all(len(line) < columns for line in lines[-4:])


def test_q_ends_the_following(segued: FakeSegued) -> None:
    begins(segued)
    segued.on("GET", INGEST, says(answers.ingest(answers.copying())))
    with waiting_on_terminal(segued) as (terminal, _reader):
        terminal.until("40 %")
        terminal.type("q")
        assert terminal.end() == 130
        assert "It goes on without seguectl" in repr(terminal)
        assert terminal.screen.cursor_shown


def test_after_a_signal_the_terminal_is_as_it_was(segued: FakeSegued) -> None:
    begins(segued)
    segued.on("GET", INGEST, says(answers.ingest(answers.copying())))
    with waiting_on_terminal(segued) as (terminal, _reader):
        terminal.until("40 %")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 143
        assert terminal.screen.cursor_shown


def test_a_terminal_that_cannot_draw_gets_lines(segued: FakeSegued) -> None:
    begins(segued)
    segued.on("GET", INGEST, says(DONE))
    with waiting_on_terminal(segued, TERM="dumb") as (terminal, _reader):
        assert terminal.end() == 0
        assert b"\x1b" not in terminal.output
        assert f"{NAME} is x.mkv now" in repr(terminal)


# ------------------------------------------------------------------ long runs


def test_verify_is_followed_and_ends_with_1_when_it_found_problems(segued: FakeSegued) -> None:
    begins(segued, path=f"{INGEST}/verify")
    segued.on("GET", INGEST, says(answers.ingest(run=answers.long_run(files_done=0, bytes_done=0))))
    with waiting(segued, "verify", "--wait") as (run, reader):
        run.until("segued takes it up")
        for done in range(41):
            parts = {"files_done": done, "files_total": 40, "bytes_done": done, "bytes_total": 40}
            reader.event("ingest.long_run_progressed", {"effect_id": "1.0", **parts})
        run.until("verify: 75 %, 30 of 40 files")
        bad = answers.long_run(
            running=False,
            files_done=40,
            ok=39,
            problem_count=1,
            problems=["/srv/x.mkv has another checksum."],
        )
        segued.on("GET", INGEST, says(answers.ingest(run=bad)))
        reader.event("ingest.long_run_ended", {"effect_id": "1.0"})
        assert run.wait() == 1
        assert run.lines[-2].startswith("verify: 39 of 40 files are as they should be (begun ")
        assert run.lines[-1] == "  /srv/x.mkv has another checksum."
        assert run.errors == []


def test_a_run_without_problems_is_good(segued: FakeSegued) -> None:
    begins(segued, path=f"{INGEST}/adopt")
    good = answers.long_run("adopt", running=False, files_done=40, ok=40)
    segued.on("GET", INGEST, says(answers.ingest(run=good)))
    with waiting(segued, "adopt", "--wait") as (run, _reader):
        assert run.wait() == 0
        assert run.lines[-1].startswith("adopt: 40 of 40 files are as they should be")


def test_a_run_that_ended_early_is_bad(segued: FakeSegued) -> None:
    begins(segued, path=f"{INGEST}/verify")
    early = answers.long_run(running=False, files_done=4, ok=4, error="stopped")
    segued.on("GET", INGEST, says(answers.ingest(run=early)))
    with waiting(segued, "verify", "--wait", "--json") as (run, _reader):
        assert run.wait() == 1
        assert json.loads(run.lines[-1]) == {"ok": True, "data": {"schema": "segue.run/1", **early}}


def test_a_run_has_a_bar(segued: FakeSegued) -> None:
    begins(segued, path=f"{INGEST}/verify")
    segued.on("GET", INGEST, says(answers.ingest(run=answers.long_run())))
    with waiting_on_terminal(segued, "verify", "--wait") as (terminal, reader):
        terminal.until("25 % of 40.0 GB")
        assert "verify: 120 of 480 files" in terminal.screen.lines
        only_files = {"files_done": 240, "files_total": 480, "bytes_done": 0, "bytes_total": 0}
        reader.event("ingest.long_run_progressed", only_files)
        terminal.until(f"{'━' * 15}{'─' * 15}")
        segued.on("GET", INGEST, says(answers.ingest()))
        reader.event("ingest.long_run_ended", {})
        assert terminal.end() == 0
