"""The ingest's pages: of whatever shape an answer is, nothing crashes, steers the terminal or leaves it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segue.cli import ingest_render, library_render, queue_render, review_render
from segue.cli.bars import Amounts, bar, in_words, progress
from segue.cli.ingest_words import numbered, read_as, reasons, step
from segue.cli.live import Board
from segue.cli.narrate import Narrator
from segue.cli.paint import Paint, folded, led, width, without_paint
from segue.cli.render import ingest_line
from segue.cli.sentences import SENTENCES
from tests.cli import ingest_answers as answers

PLAIN = Paint(on=False)
COLOURED = Paint(on=True)
Page = Callable[[Any, Paint, int | None], list[str]]
PAGES: dict[str, tuple[Page, answers.Json]] = {
    "identify": (ingest_render.identity, answers.identify()),
    "batch": (ingest_render.identity, answers.identify(answers.identified(), answers.identified("b.mkv"))),
    "plan": (ingest_render.plans, answers.plans()),
    "backlog": (ingest_render.backlog, answers.backlog()),
    "queue": (
        queue_render.queue,
        answers.ingest(
            answers.copying(),
            answers.job("job00002", phase="queued", stage="transfer", detail="no space: 12.3 GB needed"),
            reviews=3,
            recent=[answers.end()],
            run=answers.long_run(running=False, problem_count=3, problems=["x.mkv is gone"], error="stopped"),
            scans=[{"folder": "/srv/x", "since": answers.AT, "attempts": 1, "detail": "down"}],
            held={"paused": False, "hold": "wait", "because": "somebody watches"},
            roots=[answers.root(problems=1, left=2, detail="a link leads out")],
        ),
    ),
    "watching": (queue_render.watching, answers.ingest(watching=False)),
    "review": (review_render.queue, answers.review(answers.job(), answers.job("job00002", "b.mkv"))),
    "job": (review_render.job, answers.one_job(plan=answers.plan(), chosen=answers.candidate())),
    "libraries": (library_render.libraries, answers.libraries()),
    "history": (library_render.history, answers.history()),
    "doctor": (library_render.doctor, answers.doctor(("x", None, "A sentence of some length.", "A step."))),
}
HOSTILE = "a\x1b[2J\x1b]0;title\x07b\r\nc\x9b31m\u202ed\x00\u2028e" + "\ud800"
EVENT_KEYS = "files path size job_id job_ids plan record candidate hold because folder text why verb"
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(HOSTILE)
LISTS = st.lists(st.dictionaries(st.sampled_from(["path", "size"]), SCALARS), max_size=2)
EVENT_DATA = st.dictionaries(st.sampled_from(EVENT_KEYS.split()), SCALARS | LISTS)


def is_safe(lines: list[str]) -> bool:
    return all(without_paint(line).isprintable() for line in lines)


def _changed(data: Any, draw: st.DrawFn) -> Any:
    """The same answer, with some of it missing, of another kind, or hostile."""
    if isinstance(data, dict):
        kept = {key: value for key, value in data.items() if draw(st.integers(0, 9))}
        return {key: _changed(value, draw) for key, value in kept.items()}
    if isinstance(data, list):
        return [_changed(value, draw) for value in data]
    return data if draw(st.integers(0, 4)) else draw(SCALARS | st.lists(SCALARS, max_size=2))


@st.composite
def changed_answers(draw: st.DrawFn) -> tuple[str, Any]:
    name = draw(st.sampled_from(sorted(PAGES)))
    return name, _changed(PAGES[name][1], draw)


@given(
    changed_answers(),
    st.sampled_from([PLAIN, COLOURED, Paint(on=False, unicode=False)]),
    st.integers(20, 130),
)
@settings(max_examples=400)
def test_no_answer_crashes_a_page_or_reaches_the_terminal_raw(given: Any, paint: Paint, columns: int) -> None:
    name, data = given
    for room in (columns, None):
        assert is_safe(PAGES[name][0](data, paint, room))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("columns", [20, 40, 60, 80, 120])
def test_a_page_keeps_to_the_terminal_except_for_what_one_copies(name: str, columns: int) -> None:
    """Paths, addresses and commands are left whole; the tables need 60 columns."""
    render, data = PAGES[name]
    for line in render(data, PLAIN, columns):
        words = line.split()
        copied = any(part in line for part in ("/srv/", "https://", "`seguectl"))
        is_one_word = len(words) <= 2
        assert width(line) <= columns or copied or is_one_word or columns < 60, line


@pytest.mark.parametrize("name", PAGES)
def test_a_page_without_unicode_uses_simple_signs(name: str) -> None:
    render, data = PAGES[name]
    lines = render(data, Paint(on=False, unicode=False), 100)
    assert "\n".join(lines).isascii()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("data", [{}, {"jobs": 3, "files": "x", "queue": None, "entries": {}, "checks": []}])
def test_an_answer_of_nothing_is_still_a_page(name: str, data: answers.Json) -> None:
    assert PAGES[name][0](data, COLOURED, 80)


def test_a_name_that_would_steer_the_terminal_is_shown_without_it() -> None:
    job = answers.job(
        name=HOSTILE, path=f"/srv/{HOSTILE}", reasons=[answers.reason(text=HOSTILE, hint=HOSTILE)]
    )
    lines = review_render.queue(answers.review(job), PLAIN, 80)
    assert is_safe(lines)
    assert any("a[2J]0;titleb  c31md e" in line for line in lines)


def test_a_shared_step_names_no_folder_that_a_shell_would_not_find() -> None:
    jobs = [answers.job(f"j{n}", f"{n}.mkv", path=f"/srv/a\x1bb/{n}.mkv") for n in range(2)]
    lines = review_render.queue(answers.review(*jobs), PLAIN, None)
    assert any("`seguectl review approve ID` takes" in line for line in lines)


# ------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        ({"season": 1, "episodes": [2]}, "S01E02"),
        ({"season": 12, "episodes": [2, 3, 4]}, "S12E02-E04"),
        ({"season": 0, "episodes": [1]}, "S00E01"),
        ({"episodes": [7]}, "E07"),
        ({"absolute": [1071]}, "#1071"),
        ({"absolute": [1, 2]}, "#1-2"),
        ({"date": "2024-03-05"}, "2024-03-05"),
        ({"season": 3}, "season 3"),
        ({"season": "x", "episodes": ["y"]}, ""),
        ({}, ""),
    ],
)
def test_episodes_are_numbered_as_names_do(thing: answers.Json, words: str) -> None:
    assert numbered(thing) == words


def test_a_reading_says_what_the_name_said_and_no_more() -> None:
    parsed = answers.parsed(
        other_title="Feux du port",
        edition="Extended",
        part=2,
        proper=1,
        extra="trailer",
        imdb_id="tt12345",
        hdr="DV",
    )
    assert read_as(parsed) == (
        "film Harbour Lights (2011), also called Feux du port, 1080p BluRay DV H.264, Extended, part 2, PROPER, "
        "an extra (trailer), imdb tt12345, by GRP"
    )
    assert read_as({}) == "without a title"


@pytest.mark.parametrize(
    ("hint", "job_id", "words"),
    [
        ("`review approve ID` or `pick ID N`", "abc", "`review approve abc` or `pick abc N`"),
        ("`review approve ID`", "", ""),
        ("Correct the id.", "", "Correct the id."),
        ("IDs of GRID", "abc", "IDs of GRID"),
        (r"ID", r"\1\g<0>", r"\1\g<0>"),
    ],
)
def test_a_step_speaks_of_the_job_it_is_for(hint: str, job_id: str, words: str) -> None:
    assert step(hint, job_id) == words


def test_many_reasons_are_counted() -> None:
    many: answers.Json = {"reasons": [answers.reason(text=f"Reason {n}.") for n in range(25)]}
    lines = reasons(many, PLAIN, None, "")
    assert lines[0] == "Reason 0."
    assert lines[-1] == "and 5 more reasons"


@given(st.floats(-10, 1e15), st.floats(-10, 1e15), st.floats(-10, 1e12) | st.none(), st.integers(1, 150))
@example(0.0, 1.0, 2.225073858507203e-309, 1)
def test_progress_keeps_to_its_columns(done: float, total: float, per_s: float | None, columns: int) -> None:
    how = Amounts(done, total, per_s)
    assert 0 <= how.share <= 1
    for paint in (COLOURED, Paint(on=False, unicode=False)):
        assert width(progress(how, columns, paint)) <= columns
        assert width(bar(how.share, columns, paint)) == columns


def test_progress_says_how_fast_and_how_long_still() -> None:
    assert in_words(Amounts(5e9, 20e9, 100e6)) == "25 % of 20.0 GB, 100.0 MB/s, 2 min 30 s left"
    assert in_words(Amounts(5e9, 20e9)) == "25 % of 20.0 GB"
    assert progress(Amounts(1, 2), 60, PLAIN) == f"{'━' * 15}{'─' * 15}  50 % of 2 bytes"


@given(st.text(alphabet="ab c", max_size=60), st.integers(0, 6), st.integers(8, 30))
def test_folding_loses_no_word_and_keeps_to_the_columns(text: str, indent: int, columns: int) -> None:
    lines = folded(text, " " * indent, columns)
    assert " ".join(lines).split() == text.split()
    assert all(width(line) <= columns or " " not in line.strip() for line in lines)
    hanging = led("x" * indent, text, columns)
    assert " ".join(hanging)[indent:].split() == text.split()


# ------------------------------------------------------------------ events and the live picture


@given(
    frames=st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from([kind for kind in SENTENCES if "ingest" in kind or "effect" in kind])},
            optional={"seq": SCALARS, "by": SCALARS, "data": EVENT_DATA},
        ),
        max_size=5,
    )
)
@settings(max_examples=200)
def test_no_event_of_the_ingest_crashes_the_narrator(frames: Any) -> None:
    narrator = Narrator(verbose=True)
    lines = [line for now, frame in enumerate(frames) for line in narrator.event(frame, float(now))]
    assert is_safe([narrator.layout(line, COLOURED) for line in lines])


@given(
    brief=st.fixed_dictionaries({}, optional=dict.fromkeys(answers.brief(), SCALARS)),
    working=st.none()
    | st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "done_bytes", "total_bytes"), SCALARS)),
    columns=st.integers(8, 120),
    lines=st.integers(2, 20),
)
def test_the_picture_of_a_copy_never_leaves_its_frame(
    brief: Any, working: Any, columns: int, lines: int
) -> None:
    board = Board()
    board.learn(json.loads(json.dumps({"ingest": {**brief, "working": working}})), 0.0)
    board.progressed({"done_bytes": 3, "total_bytes": 7, "bytes_per_s": 1})
    drawn = board.draw(columns, lines, 0.0, COLOURED)
    assert is_safe([*drawn, ingest_line({**brief, "working": working}, COLOURED)])
    assert all(width(line) <= columns for line in drawn)
    assert len(drawn) <= lines
