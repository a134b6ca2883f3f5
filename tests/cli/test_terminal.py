"""`seguectl watch` on a terminal: lines that scroll by over a picture that stays whole."""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cli import answers
from tests.cli.fake_segued import FakeSegued, Reader, says
from tests.cli.running import OnTerminal, on_terminal


@contextmanager
def watching(segued: FakeSegued, *given: Any, **more: Any) -> Iterator[tuple[OnTerminal, Reader]]:
    """A watch that draws these rooms."""
    segued.on("GET", "/api/v1/status", says(answers.status(*given)))
    with on_terminal("watch", SEGUE_SOCKET=str(segued.path), **more) as terminal:
        reader = segued.reader()
        reader.push({"type": "snapshot", "data": answers.status(*given)})
        terminal.until("living")
        yield terminal, reader


PAUSED = answers.room(activity="paused")
"""A room in which nothing moves by itself."""


def test_the_picture_shows_title_progress_and_level(segued: FakeSegued) -> None:
    with watching(segued, PAUSED, answers.idle_room()) as (terminal, _reader):
        assert terminal.screen.lines == [
            "─" * 79,
            "living  ⏸ Long Road by The Lanterns - Harbour",
            f"        {'━' * 17}{'─' * 41} 1:23 / 4:56".replace("─" * 41, "─" * 42)[: 8 + 59]
            + " 1:23 / 4:56",
            "        ▕███████▎······          ▏ 30  cd",
            "kitchen ■ nothing is on",
            "        ▕██▉···········          ▏ 12  tv",
        ]
        assert not terminal.screen.cursor_shown
        terminal.type("q")
        assert terminal.end() == 0
        assert terminal.screen.lines == [""]
        assert terminal.screen.cursor_shown


def test_lines_scroll_by_and_the_picture_stays_below(segued: FakeSegued) -> None:
    with watching(segued, PAUSED) as (terminal, reader):
        picture = list(terminal.screen.lines)
        for number in range(40):
            reader.event("effect.say", {"level": "info", "text": f"event {number}"})
        lines = terminal.until("event 39")
        assert len(lines) == 24
        assert lines[-len(picture) :] == picture
        assert [line.rpartition(" ")[2] for line in lines[: -len(picture)]] == [str(n) for n in range(20, 40)]
        terminal.type("q")
        assert terminal.end() == 0
        assert "event 39" in terminal.screen.lines[-2]


def test_what_is_written_over_leaves_nothing_behind(segued: FakeSegued) -> None:
    """The picture shrinks from two rooms to one while lines come in."""
    with watching(segued, PAUSED, answers.idle_room()) as (terminal, reader):
        segued.on("GET", "/api/v1/status", says(answers.status(answers.idle_room("living"))))
        reader.event("system.actor_recovered", {"actor": "heos_controller"})
        terminal.until("nothing is on")
        while any("kitchen" in line for line in terminal.screen.lines):
            terminal.read()
        assert terminal.screen.lines[1:] == [
            "─" * 79,
            "living  ■ nothing is on",
            "        ▕██▉···········          ▏ 12  tv",
        ]


def test_a_fade_moves_by_itself_and_comes_to_its_end(segued: FakeSegued) -> None:
    fade = {"from_level": 10, "to_level": 40, "remaining_s": 1.5, "why": "player_start"}
    fading = answers.room(level=10, activity="paused", phase="fading", fade=fade)
    with watching(segued, fading) as (terminal, _reader):
        terminal.until("→ 40  fading")
        assert "▕█████████▋" in terminal.until("▏ 40  fading  cd")[3]
        assert len({line for line in terminal.output.decode().split("\n") if "→ 40" in line}) >= 2


def test_a_title_that_plays_goes_on_from_second_to_second(segued: FakeSegued) -> None:
    with watching(segued, answers.room()) as (terminal, _reader):
        while len(set(re.findall(rb"1:\d\d / 4:56", terminal.output))) < 2:
            assert terminal.read()


def test_nothing_is_drawn_while_nothing_moves(segued: FakeSegued) -> None:
    with watching(segued, PAUSED) as (terminal, reader):
        before = terminal.output
        reader.raw(b": alive\n\n")
        time.sleep(0.5)
        reader.event("effect.say", {"level": "info", "text": "the end"})
        terminal.until("the end")
        assert terminal.output.removeprefix(before).count(b"\x1b[?2026h") == 1


@pytest.mark.parametrize("columns", [30, 50, 120])
def test_another_size_is_drawn_anew(segued: FakeSegued, columns: int) -> None:
    with watching(segued, PAUSED) as (terminal, _reader):
        terminal.resize(columns, 24)
        rule = "─" * (columns - 1)
        while terminal.screen.lines[0] != rule:
            assert terminal.read()
        lines = terminal.until("Long Road")
        assert lines[0] == rule
        assert not any("─" * 5 in line and "4:56" not in line for line in lines[1:])
        assert all(len(line) < columns for line in lines)
        terminal.type("q")
        assert terminal.end() == 0


def test_a_small_terminal_gets_a_line_for_each_room(segued: FakeSegued) -> None:
    rooms = [answers.room("living"), *(answers.idle_room(f"room{n}") for n in range(12))]
    with watching(segued, *rooms, lines=10) as (terminal, _reader):
        assert terminal.screen.lines[1].startswith("living ▶  30 Long Road")
        assert terminal.screen.lines[-1] == "and 7 more"
        assert len(terminal.screen.lines) == 8


def test_what_is_not_well_stands_above_the_rooms(segued: FakeSegued) -> None:
    with watching(segued, PAUSED) as (terminal, reader):
        segued.on("GET", "/api/v1/status", says(answers.status(PAUSED, health=[answers.HEALTH])))
        reader.event("music.heos_link_changed", {"up": False, "host": "192.0.2.10", "reason": "no heartbeat"})
        lines = terminal.until("SEG-201")
        assert lines[2] == "SEG-201 The HEOS system is not reachable: 192.0.2.10: connection refused"


def test_no_room_is_shown_of_a_daemon_that_is_away(segued: FakeSegued) -> None:
    with watching(segued, PAUSED) as (terminal, reader):
        segued.stop()
        reader.end()
        lines = terminal.until("segued is away; trying again")
        assert not any("Long Road" in line for line in lines)
        segued.start()
        segued.reader().push({"type": "snapshot", "data": answers.status(PAUSED)})
        terminal.until("Long Road")


def test_without_colour_it_is_still_a_picture(segued: FakeSegued) -> None:
    with watching(segued, PAUSED, NO_COLOR="1") as (terminal, _reader):
        assert not terminal.screen.painted
        assert terminal.screen.lines[0] == "─" * 79
    with watching(segued, PAUSED) as (terminal, _reader):
        assert terminal.screen.painted


def test_a_terminal_that_cannot_draw_gets_lines(segued: FakeSegued) -> None:
    with watching(segued, PAUSED, TERM="dumb") as (terminal, _reader):
        assert 'living  paused "Long Road by The Lanterns"' in terminal.until("Long Road")[0]
        assert b"\x1b" not in terminal.output


def test_a_terminal_without_unicode_gets_simple_signs(segued: FakeSegued) -> None:
    with watching(segued, PAUSED, PYTHONIOENCODING="ascii") as (terminal, _reader):
        assert terminal.screen.lines[0] == "-" * 79
        assert "[#######......." in terminal.screen.lines[3]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_after_a_signal_the_terminal_is_as_it_was(segued: FakeSegued, number: int, code: int) -> None:
    with watching(segued, PAUSED) as (terminal, _reader):
        terminal.process.send_signal(number)
        assert terminal.end() == code
        assert terminal.screen.cursor_shown
        assert b"Traceback" not in terminal.output


def test_typed_keys_do_not_break_the_picture(segued: FakeSegued) -> None:
    with watching(segued, PAUSED) as (terminal, reader):
        picture = list(terminal.screen.lines)
        terminal.type("hello\nworld\n")
        reader.event("effect.say", {"level": "info", "text": "event"})
        assert terminal.until("event")[1:] == picture


def test_tables_are_coloured_and_kept_within_a_terminal(segued: FakeSegued) -> None:
    long = {**answers.room()["now"], "title": "A very long title indeed " * 10}
    segued.on("GET", "/api/v1/status", says(answers.status(answers.room(now=long))))
    with on_terminal("status", columns=60, SEGUE_SOCKET=str(segued.path)) as terminal:
        assert terminal.end() == 0
        assert terminal.screen.painted
        assert all(len(line) <= 60 for line in terminal.screen.lines)
        assert any(line.endswith("…") for line in terminal.screen.lines)


def test_json_is_indented_for_a_person(segued: FakeSegued) -> None:
    segued.on("GET", "/api/v1/rooms", says(answers.rooms(answers.room("K\x9büche"))))
    with on_terminal("rooms", "--json", SEGUE_SOCKET=str(segued.path)) as terminal:
        assert terminal.end() == 0
        assert '        "name": "K\\u009büche",' in terminal.output.decode().splitlines()


def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(segued: FakeSegued) -> None:
    with watching(segued, PAUSED) as (terminal, _reader):
        terminal.type("\x1a")
        while not terminal.screen.cursor_shown:
            assert terminal.read()
        assert terminal.screen.lines == [""]
        os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED | os.WNOWAIT)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.until("Long Road")
        assert not terminal.screen.cursor_shown
