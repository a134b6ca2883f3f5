"""The ingest's events in plain words, and the copy under way in the live picture."""

from typing import Any

import pytest

from segue.cli.live import Board
from segue.cli.narrate import Narrator
from segue.cli.paint import Paint
from tests.cli import answers as house
from tests.cli import ingest_answers as answers
from tests.cli.fake_segued import FakeSegued, says
from tests.cli.running import on_terminal, running

PLAIN = Paint(on=False)


class Teller:
    """A narrator of a house with an ingest."""

    def __init__(self, *, verbose: bool = False) -> None:
        self.narrator = Narrator(verbose=verbose)
        self.narrator.snapshot(house.status(ingest=answers.brief()), 0.0)
        self.seq = 0

    def hears(self, kind: str, /, by: str = "", seq: int | None = None, **data: Any) -> list[str]:
        self.seq = self.seq + 1 if seq is None else seq
        frame = {"type": kind, "seq": self.seq, "at": 0.0, "data": data, "by": by}
        return [f"{line.room}: {line.words}" for line in self.narrator.event(frame, 0.0)]


def found(*names: str, size: int = 1_500_000_000) -> list[answers.Json]:
    return [{"path": f"/srv/ingest/{name}", "size": size} for name in names]


PLAN = {
    "method": "copy",
    "files": [
        {
            "source": "/srv/ingest/a.mkv",
            "root": "/srv/media/Movies/",
            "path": "A (2011)/A (2011).mkv",
            "size": 10**9,
        }
    ],
}


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        (
            "ingest.sources_found",
            {"root": "/srv", "files": found("a.mkv")},
            "a.mkv has arrived (1.5 GB so far)",
        ),
        (
            "ingest.sources_found",
            {"root": "/srv", "files": found("a", "b", "c", "d", "e")},
            "5 files have arrived (7.5 GB so far): a, b, c and 2 more",
        ),
        (
            "effect.transfer_files",
            {"job_id": "j", "plan": PLAN},
            "copies a.mkv (1.0 GB) → /srv/media/Movies/A (2011)/A (2011).mkv",
        ),
        (
            "effect.transfer_files",
            {"job_id": "j", "plan": {**PLAN, "method": "hardlink"}},
            "links a.mkv (1.0 GB) → /srv/media/Movies/A (2011)/A (2011).mkv",
        ),
        ("effect.undo_ingest", {"record": {"title": "A"}}, "takes A back"),
        (
            "ingest.folder_scanned",
            {"folder": "/srv/media/Movies/A"},
            "Plex was told to look at /srv/media/Movies/A",
        ),
        (
            "ingest.transfers_held",
            {"hold": "wait", "because": "somebody watches"},
            "copies wait: somebody watches",
        ),
        ("ingest.transfers_held", {"hold": "slow", "because": ""}, "copies go slowly"),
        ("ingest.transfers_held", {"hold": "", "because": ""}, "copies go on"),
        ("ingest.download_completed", {"path": "/srv/a"}, "root says that /srv/a is complete"),
        (
            "ingest.ingest_requested",
            {"path": "/srv", "files": found("a"), "auto": True},
            "root asks to take 1 file in from /srv, by itself where it is sure enough",
        ),
        (
            "ingest.ingest_requested",
            {"path": "/srv", "files": found("a", "b")},
            "root asks to take 2 files in from /srv, after review",
        ),
        (
            "ingest.rename_requested",
            {"path": "/srv", "files": found("a")},
            "root asks to rename 1 file below /srv",
        ),
        ("ingest.backlog_requested", {}, "root asks to take in what lay there before"),
        ("ingest.review_approved", {"job_ids": ["a"], "upgrade": ""}, "root approves 1 file"),
        (
            "ingest.review_approved",
            {"job_ids": ["a", "b"], "upgrade": "replace"},
            "root approves 2 files, replacing what is there",
        ),
        ("ingest.candidate_picked", {"job_ids": ["a"], "place": 2}, "root picks candidate 2 for 1 file"),
        (
            "ingest.candidate_given",
            {"job_ids": ["a", "b"], "candidate": answers.candidate()},
            "root says what 2 files are: Harbour Lights (2011)",
        ),
        ("ingest.review_rejected", {"job_ids": ["a"]}, "root rejects 1 file"),
        ("ingest.review_retried", {"job_ids": ["a"]}, "root has 1 file looked at again"),
        ("ingest.undo_requested", {"record": {"title": "A"}}, "root asks to take A back"),
        ("ingest.verify_requested", {"path": ""}, "root asks to verify the whole library"),
        ("ingest.adopt_requested", {"path": "/srv"}, "root asks to adopt /srv"),
        ("ingest.long_run_stopped", {}, "root ends what verify or adopt does"),
        ("ingest.transfers_paused", {}, "root pauses all copies"),
        ("ingest.transfers_resumed", {}, "root lets copies go on"),
        ("ingest.watcher_requested", {"verb": "restart"}, "root tells the watcher to restart"),
        ("ingest.scan_requested", {"name": ""}, "root asks Plex to scan all libraries"),
    ],
)
def test_an_event_is_a_sentence(kind: str, data: answers.Json, words: str) -> None:
    assert Teller().hears(kind, by="uid:0", **data) == [f"ingest: {words}"]


def test_a_file_that_grows_arrives_once() -> None:
    teller = Teller()
    assert teller.hears("ingest.sources_found", files=found("a.mkv", size=5)) != []
    assert teller.hears("ingest.sources_found", files=found("a.mkv", size=900)) == []
    assert teller.hears("ingest.sources_found", files=found("a.mkv", "b.mkv", size=900)) == [
        "ingest: b.mkv has arrived (900 bytes so far)"
    ]


def test_what_came_of_a_job_is_said_by_the_daemon_even_beside_another_event() -> None:
    teller = Teller()
    words = "a.mkv waits for review (k3f9a2xz): The year differs."
    teller.hears("effect.transfer_files", seq=9, job_id="b", plan=PLAN)
    assert teller.hears("effect.say", seq=9, level="info", text=words, why="review") == [f"ingest: {words}"]


@pytest.mark.parametrize(
    ("why", "level", "style"),
    [
        ("review", "info", "yellow"),
        ("ingested", "info", "green"),
        ("undone", "info", "cyan"),
        ("transfer_failed", "error", "red"),
        ("verify", "warning", "yellow"),
        ("verify", "info", ""),
        ("no_space", "warning", "yellow"),
    ],
)
def test_what_the_daemon_says_of_the_ingest_has_its_colour(why: str, level: str, style: str) -> None:
    narrator = Narrator()
    frame = {"type": "effect.say", "seq": 1, "at": 0.0, "data": {"level": level, "text": "It.", "why": why}}
    [line] = narrator.event(frame, 0.0)
    assert (line.room, line.words, line.style) == ("ingest", "It.", style)


def test_progress_is_no_line() -> None:
    moving: answers.Json = {"job_id": "a", "done_bytes": 1, "total_bytes": 2, "bytes_per_s": 3}
    assert Teller().hears("ingest.transfer_progressed", **moving) == []
    assert Teller().hears("ingest.long_run_progressed", files_done=1) == []
    assert len(Teller(verbose=True).hears("ingest.transfer_progressed", **moving)) == 1


# ------------------------------------------------------------------ the live picture

WORKING = {"name": "a.mkv", "done_bytes": 1_000_000_000, "total_bytes": 4_000_000_000}


def drawn(columns: int = 79, lines: int = 22, **brief: Any) -> list[str]:
    board = Board()
    paused = house.room(activity="paused")
    board.learn(house.status(paused, ingest=answers.brief(**brief)), 0.0)
    return board.draw(columns, lines, 0.0, PLAIN)[4:]


def test_an_ingest_that_rests_is_not_drawn() -> None:
    assert drawn() == []


def test_the_copy_under_way_is_drawn_with_a_bar() -> None:
    assert drawn(working=WORKING, queue=2, reviews=3, held="slow") == [
        "ingest  copies a.mkv, 2 in the queue, 3 for review, copies go slowly",
        f"        {'━' * 7}{'─' * 23}  25 % of 4.0 GB",
    ]


def test_what_waits_is_drawn_without_a_copy() -> None:
    assert drawn(queue=2, held="paused") == ["ingest  2 in the queue, copies are paused"]


def test_a_small_terminal_gets_the_bar_alone() -> None:
    board = Board()
    board.learn(house.status(ingest=answers.brief(working=WORKING, queue=2)), 0.0)
    assert board.draw(40, 22, 0.0, PLAIN)[-1] == f"{'━' * 6}{'─' * 18}  25 % of 4.0 GB"


def test_watch_shows_a_copy_without_asking_again(segued: FakeSegued) -> None:
    paused = house.room(activity="paused")
    status = house.status(paused, ingest=answers.brief(working=WORKING, queue=1))
    segued.on("GET", "/api/v1/status", says(status))
    with on_terminal("watch", SEGUE_SOCKET=str(segued.path)) as terminal:
        reader = segued.reader()
        reader.push({"type": "snapshot", "data": status})
        terminal.until("25 % of 4.0 GB")
        moving = {"job_id": "a", "done_bytes": 3 * 10**9, "total_bytes": 4 * 10**9, "bytes_per_s": 10**8}
        reader.event("ingest.transfer_progressed", moving)
        terminal.until("75 % of 4.0 GB, 100.0 MB/s, 10 s left")
        assert [asked for asked in segued.asked if "status" in asked] == []
        segued.on("GET", "/api/v1/status", says(house.status(paused, ingest=answers.brief())))
        reader.event("ingest.recorded", {"job_id": "a"})
        reader.event("effect.say", {"level": "info", "text": "a.mkv is in its place.", "why": "ingested"})
        while any("75 %" in line for line in terminal.screen.lines):
            assert terminal.read()
        assert any(line.endswith("ingest  a.mkv is in its place.") for line in terminal.screen.lines)


def test_watch_through_a_pipe_has_no_line_for_progress(segued: FakeSegued) -> None:
    with running("watch", SEGUE_SOCKET=str(segued.path)) as watch:
        reader = segued.reader()
        reader.push({"type": "snapshot", "data": house.status(ingest=answers.brief(working=WORKING))})
        for done in range(50):
            reader.event("ingest.transfer_progressed", {"job_id": "a", "done_bytes": done, "total_bytes": 50})
        reader.event("ingest.folder_scanned", {"folder": "/srv/x"})
        watch.until("ingest   Plex was told to look at /srv/x")
        assert len(watch.lines) == 3
