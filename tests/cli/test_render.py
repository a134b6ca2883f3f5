"""Answers laid out: within the terminal, without anything that steers it, and never a crash."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.cli import render
from segue.cli.live import Board
from segue.cli.narrate import Narrator
from segue.cli.paint import Paint, fit, pad, table, width, without_paint
from segue.cli.sentences import SENTENCES
from segue.cli.stories import stories, who
from tests.cli import answers

PLAIN = Paint(on=False)
COLOURED = Paint(on=True)
KEYS = sorted(
    set(answers.status())
    | set(answers.room())
    | set(answers.room()["now"])
    | set(answers.act("x", 1, 1.0))
    | {
        "acts",
        "plex",
        "heos",
        "health",
        "from_level",
        "to_level",
        "remaining_s",
        "type",
        "seq",
        "at",
        "data",
        "by",
    }
    | {
        "heos_player_id",
        "player_id",
        "state",
        "text",
        "level",
        "why",
        "room",
        "source",
        "reason",
        "title",
        "hint",
    }
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=8)
ROOMS = st.fixed_dictionaries(
    {"name": st.text(max_size=12)}, optional={key: ANYTHING for key in answers.room() if key != "name"}
)


def is_safe(lines: list[str]) -> bool:
    return all(without_paint(line).isprintable() for line in lines)


@given(data=OBJECTS, rooms=st.lists(ROOMS, max_size=3), paint=st.sampled_from([PLAIN, COLOURED]))
def test_no_answer_crashes_a_layout_or_reaches_the_terminal_raw(data: Any, rooms: Any, paint: Paint) -> None:
    data = {**data, "rooms": rooms}
    for lines in (
        render.status(data, paint, 60),
        render.rooms(data, paint, 60),
        render.players(data, paint),
        stories(data, paint),
        [render.volume_line(room, paint) for room in rooms],
        [render.input_line(room, paint) for room in rooms],
    ):
        assert is_safe(lines)


@given(
    data=OBJECTS,
    rooms=st.lists(ROOMS, max_size=4),
    columns=st.integers(8, 120),
    lines=st.integers(1, 30),
    age=st.floats(0, 1e6),
)
def test_the_picture_never_leaves_its_frame(
    data: Any, rooms: Any, columns: int, lines: int, age: float
) -> None:
    board = Board()
    board.learn({**data, "rooms": rooms}, 0.0)
    for paint in (COLOURED, Paint(on=False, unicode=False)):
        drawn = board.draw(columns, lines, age, paint)
        assert is_safe(drawn)
        assert all(width(line) <= columns for line in drawn)
        assert len(drawn) <= max(lines, 2)
    moves_in = board.moves_in(age)
    assert moves_in is None or 0 < moves_in <= 1.0


@given(
    frames=st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from([*SENTENCES, "effect.set_volume", "music.volume_changed", "x"]),
                "data": OBJECTS,
            },
            optional={"seq": ANYTHING, "at": ANYTHING, "by": ANYTHING},
        ),
        max_size=6,
    ),
    rooms=st.lists(ROOMS, max_size=2),
)
@settings(max_examples=200)
def test_no_event_crashes_the_narrator(frames: Any, rooms: Any) -> None:
    narrator = Narrator(verbose=True)
    lines = narrator.snapshot({"rooms": rooms}, 0.0)
    for now, frame in enumerate(frames):
        lines += narrator.event(json.loads(json.dumps(frame)), float(now))
        lines += narrator.settle(now + 0.5)
    lines += narrator.settle_all()
    assert is_safe([narrator.layout(line, COLOURED) for line in lines])


# ------------------------------------------------------------------ the room that text takes


@pytest.mark.parametrize(
    ("text", "cells"),
    [("living", 6), ("Küche", 5), ("リビング", 8), ("e\u0301", 1), (COLOURED("red", "down"), 4), ("", 0)],
)
def test_cells_are_counted_as_a_terminal_does(text: str, cells: int) -> None:
    assert width(text) == cells
    assert width(pad(text, 10)) == 10


@given(
    st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs", "Mn"]), max_size=30), st.integers(1, 20)
)
def test_what_was_cut_fits_and_what_fits_is_not_cut(text: str, cells: int) -> None:
    cut = fit(text, cells)
    assert width(cut) <= cells
    assert cut == text or (width(text) > cells and cut.endswith("…"))


def test_columns_stay_aligned_with_wide_signs_and_paint() -> None:
    rows = [["リビング", COLOURED("green", "playing"), "x"], ["den", "stopped", "y"]]
    lines = table(("ROOM", "STATE", "NOW"), rows, COLOURED)
    assert [
        width(without_paint(line)[: without_paint(line).index(last)])
        for line, last in zip(lines, "Nxy", strict=True)
    ] == [19] * 3


def test_a_caller_is_named_by_the_account() -> None:
    assert who("uid:0") == "root"
    assert who("uid:4000000000") == "uid:4000000000"
    assert who("token:192.0.2.7") == "the API token, from 192.0.2.7"
    assert who("actor:heos_controller") == "heos controller"
