"""`seguectl party watch`: everybody's drift as bars on a terminal, as lines in a log, as JSON for a program."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.cli.paint import Paint, width
from segue.cli.party_board import FULL_MS, Board, axis, bar, reach
from tests.cli import party_answers as answers
from tests.cli.fake_segued import FakeSegued, Reader, refuses, says
from tests.cli.running import OnTerminal, Running, on_terminal, running

PARTIES = "/api/v1/parties"
LIVE = f"{PARTIES}/-/live"
MINE = f"{PARTIES}/k3x9qa/live"
PAUSED: dict[str, Any] = {"phase": "paused", "runs": False, "by": "alice"}
"""A party in which nothing moves by itself."""
PLAIN = Paint(on=False)


@pytest.fixture(autouse=True)
def one_party(segued: FakeSegued) -> None:
    """A house with one party, that has ended when it is asked for a second time unless a test says more."""
    segued.on("GET", PARTIES, says(answers.parties()))


def shows(segued: FakeSegued, *viewers: Any, **changes: Any) -> None:
    for path in (LIVE, MINE):
        segued.on("GET", path, says(answers.live(*viewers, **changes)))


@contextmanager
def drawing(segued: FakeSegued, **more: Any) -> Iterator[tuple[OnTerminal, Reader]]:
    with on_terminal("party", "watch", SEGUE_SOCKET=str(segued.path), **more) as terminal:
        reader = segued.reader()
        reader.push({"type": "snapshot", "data": {}})
        terminal.until("k3x9qa")
        yield terminal, reader


def happens(reader: Reader, text: str, party_id: str = "k3x9qa", **more: Any) -> None:
    reader.event("effect.tell_event", {"party_id": party_id, "kind": "paused", "text": text, **more})


# ------------------------------------------------------------------ on a terminal


def test_everybody_has_a_bar_around_zero(segued: FakeSegued) -> None:
    bob = answers.viewer("bob", -1500, note="", step="Chasing", stalls=2, sigma_ms=40)
    shows(segued, answers.viewer("alice", 12), bob, spread_ms=1512, **PAUSED)
    with drawing(segued, columns=110) as (terminal, _reader):
        lines = terminal.screen.lines
        assert lines[0] == "─" * 109
        assert lines[1] == "k3x9qa  paused  spread 1512 ms  2 of 2 here  Harbour Lights"
        assert lines[2] == f"{'━' * 18}{'─' * 8}◆{'─' * 33} 41:12 / 2:16:00"
        alice = next(line for line in lines if line.startswith("alice"))
        bob_line = next(line for line in lines if line.startswith("bob"))
        zero = alice.index("│")
        assert bob_line.index("│") == zero
        assert alice[zero + 1] == "█", "ahead is to the right"
        assert alice[zero - 1] == " "
        assert bob_line[zero - 18 : zero] == "█" * 18, "behind is to the left"
        assert alice.endswith("+12 ms ±8      in step  rtt 23 ms")
        assert bob_line.endswith("-1500 ms ±40   playing  chasing  rtt 23 ms  2 stalls")
        terminal.type("q")
        assert terminal.end() == 0
        assert terminal.screen.cursor_shown


def test_what_happens_scrolls_by_above_the_picture(segued: FakeSegued) -> None:
    shows(segued, **PAUSED)
    with drawing(segued) as (terminal, reader):
        picture = list(terminal.screen.lines)
        happens(reader, "bob paused.", party_id="zz9zz9")
        happens(reader, "For alice only.", to="alice")
        happens(reader, "alice paused.")
        lines = terminal.until("alice paused.")
        assert lines == ["2023-11-14 22:13:20 alice paused.", *picture]
        terminal.type("q")
        assert terminal.end() == 0


def test_an_event_brings_the_picture_up_to_date(segued: FakeSegued) -> None:
    shows(segued, **PAUSED)
    with drawing(segued) as (terminal, reader):
        away = answers.viewer("bob", None, away="stopped", note="", problem="")
        shows(segued, answers.viewer("alice", 3), away, spread_ms=None, **PAUSED)
        reader.event("party.seat_reported", {"party_id": "k3x9qa"})
        terminal.until("away: stopped")
        assert not [line for line in terminal.screen.lines if "spread" in line]
        terminal.type("q")
        assert terminal.end() == 0


def test_what_is_missing_is_said_below(segued: FakeSegued) -> None:
    bob = answers.viewer("bob", None, problem="app_closed", detail="The app is closed. Open it.")
    shows(segued, answers.viewer("alice", 3), bob, **PAUSED)
    with drawing(segued) as (terminal, _reader):
        assert terminal.screen.lines[-1] == "bob, Living Room TV: The app is closed. Open it."


def test_the_end_of_the_party_ends_it(segued: FakeSegued) -> None:
    shows(segued, **PAUSED)
    with drawing(segued) as (terminal, reader):
        shows(segued, phase="ended", runs=False, reason="stopped")
        happens(reader, "The house ended the party.")
        assert terminal.end() == 0
        assert any("ended the party" in line for line in terminal.screen.lines)


def test_it_says_that_segued_is_away(segued: FakeSegued) -> None:
    shows(segued, **PAUSED)
    with drawing(segued) as (terminal, reader):
        reader.end()
        segued.reader()
        terminal.until("segued is back")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 0


def test_a_small_terminal_is_enough(segued: FakeSegued) -> None:
    shows(segued, *(answers.viewer(f"user{number}", number * 7) for number in range(20)), **PAUSED)
    with drawing(segued, columns=30, lines=10) as (terminal, _reader):
        assert any("more" in line for line in terminal.screen.lines)
        assert all(len(line) <= 30 for line in terminal.screen.lines)
        terminal.resize(120, 40)
        terminal.until("user19")
        assert any("│" in line for line in terminal.screen.lines)
        terminal.type("q")
        assert terminal.end() == 0


# ------------------------------------------------------------------ elsewhere


@contextmanager
def watching(segued: FakeSegued, *words: str) -> Iterator[tuple[Running, Reader]]:
    with running("party", "watch", *words, SEGUE_SOCKET=str(segued.path)) as watch:
        yield watch, segued.reader()


def test_lines_for_a_log(segued: FakeSegued) -> None:
    gone = answers.viewer("carol", None, present=False)
    shows(segued, answers.viewer("alice", -12), answers.viewer("bob", 55), gone)
    with watching(segued) as (watch, reader):
        line = watch.until("spread")
        assert line.endswith(
            "k3x9qa  playing  spread 67 ms  2 of 2 here  41:12  alice -12 ms, bob +55 ms, carol gone"
        )
        happens(reader, "alice paused.")
        assert watch.until("alice paused.") == "2023-11-14 22:13:20 alice paused."
        shows(segued, **PAUSED)
        happens(reader, "once more")
        watch.until("k3x9qa  paused")
        assert watch.end() == 0
        assert watch.errors == []


def test_json_for_a_program(segued: FakeSegued) -> None:
    shows(segued)
    with watching(segued, "--json") as (watch, reader):
        assert json.loads(watch.until("viewers"))["data"]["viewers"][1]["drift_ms"] == 55
        shows(segued, phase="ended", runs=False, reason="stopped")
        happens(reader, "It is over.")
        assert watch.wait() == 0
        assert [json.loads(line)["ok"] for line in watch.lines] == [True] * len(watch.lines)
        assert watch.errors[0] == "seguectl: It is over."


def test_a_party_that_is_forgotten_ends_it(segued: FakeSegued) -> None:
    shows(segued, **PAUSED)
    with watching(segued) as (watch, reader):
        watch.until("k3x9qa")
        segued.on("GET", MINE, refuses(404, "unknown_party", "There is no party 'k3x9qa'."))
        reader.event("party.stop_requested", {"party_id": "k3x9qa"})
        assert watch.wait() == 0
        assert watch.lines[-1].endswith("There is no party 'k3x9qa'.")


def test_an_unknown_party_is_refused_at_once(segued: FakeSegued) -> None:
    segued.on("GET", f"{PARTIES}/zzzzzz/live", refuses(404, "unknown_party", "There is no party 'zzzzzz'."))
    with running("party", "watch", "zzzzzz", SEGUE_SOCKET=str(segued.path)) as watch:
        assert watch.wait() == 1
        assert watch.errors == ["seguectl: There is no party 'zzzzzz'."]


def test_of_a_party_elsewhere_this_homes_players_are_shown(segued: FakeSegued) -> None:
    segued.on("GET", PARTIES, says(answers.none(answers.AWAY)))
    segued.on("GET", "/api/v1/party/agent", says(answers.agent()))
    with watching(segued) as (watch, _reader):
        assert watch.until("zz9zz9").endswith("zz9zz9  playing  carol -7 ms")
        segued.on("GET", "/api/v1/party/agent", says(answers.agent(seats=[])))
        watch.end()


# ------------------------------------------------------------------ drawn without a process


def test_the_scale_shows_frames_and_seconds_alike() -> None:
    cells = [reach(ms, 20) for ms in (0, 1, 20, 42, 100, 500, 2000, 90_000)]
    assert cells == sorted(cells)
    assert cells[0] == 0
    assert cells[1] >= 1
    assert len(set(cells)) >= 6
    assert cells[-1] == cells[-2] == 20
    assert axis(41).strip().startswith("-1s")


@given(
    st.one_of(st.none(), st.integers(-(10**9), 10**9)),
    st.integers(13, 61).filter(lambda cells: cells % 2 == 1),
)
def test_a_bar_is_as_long_as_it_is_told(drift_ms: int | None, cells: int) -> None:
    drawn = bar(drift_ms, cells, "", PLAIN)
    assert width(drawn) == cells
    assert drawn[cells // 2] == "│"
    if drift_ms is not None and abs(drift_ms) > FULL_MS:
        assert drawn.count("█") == cells // 2


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["username", "drift_ms"]), inner)
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(sorted(answers.live())), JUNK, max_size=6),
    st.dictionaries(st.sampled_from(sorted(answers.viewer("a", 1))), JUNK, max_size=6),
    st.integers(7, 130),
    st.integers(3, 40),
)
def test_no_answer_breaks_the_picture(data: Any, viewer: Any, columns: int, lines: int) -> None:
    board = Board()
    board.learn(
        {**answers.live(answers.viewer("alice", 5), {**answers.viewer("bob", 7), **viewer}), **data}, 0.0
    )
    drawn = board.draw(columns, lines, 3.5, Paint(on=False))
    assert len(drawn) <= lines
    assert all(width(line) <= columns for line in drawn)
    assert all("\n" not in line and "\x1b" not in line for line in drawn)
