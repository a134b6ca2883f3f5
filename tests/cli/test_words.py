"""Levels, positions and durations: what is typed, and what is shown."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.cli.errors import CtlError
from segue.cli.words import (
    MINUS,
    Amount,
    ago,
    clock,
    counted,
    duration,
    level,
    moment,
    numbers,
    position,
    seconds,
    share,
    shell_quoted,
    size,
    whole_number,
)


def amount(found: Amount | None) -> tuple[int, bool, str] | None:
    return None if found is None else (found.value, found.relative, found.direction)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("0", (0, False, "")),
        ("30%", (30, False, "")),
        ("100", (100, False, "")),
        ("+2", (2, True, "")),
        ("-10", (-10, True, "")),
        (f"{MINUS}10", (-10, True, "")),
        ("up", (0, False, "up")),
        ("living", None),
        ("", None),
        ("+", None),
        ("3.5", None),
        ("٣", None),
        ("--3", None),
    ],
)
def test_levels(word: str, expected: tuple[int, bool, str] | None) -> None:
    assert amount(level(word)) == expected


@pytest.mark.parametrize(
    ("word", "ms"),
    [
        ("83", 83_000),
        ("1:23", 83_000),
        ("1:02:03", 3_723_000),
        ("83.25", 83_250),
        ("90s", 90_000),
        ("0:00", 0),
    ],
)
def test_positions(word: str, ms: int) -> None:
    assert amount(position(word)) == (ms, False, "")
    assert amount(position(f"+{word}")) == (ms, True, "")
    assert amount(position(f"-{word}")) == (-ms, True, "")


@pytest.mark.parametrize("word", ["", "living", "1:", ":1", "1:2:3:4", "1.x", "1..2", "+-3", "1:23.4.5"])
def test_what_is_no_position(word: str) -> None:
    assert position(word) is None


@given(st.text(max_size=12))
def test_whatever_is_typed_is_understood_or_refused(word: str) -> None:
    for read in (level, position):
        try:
            found = read(word)
        except CtlError as refused:
            assert refused.exit_code == 2
            continue
        assert found is None or isinstance(found, Amount)


@given(st.integers(min_value=0, max_value=360_000))
def test_a_position_that_is_shown_can_be_typed(seconds_in: int) -> None:
    assert amount(position(clock(seconds_in * 1000))) == (seconds_in * 1000, False, "")


@pytest.mark.parametrize("word", ["", "-1", "1e3", "nan", "inf", "1.2.3", "9" * 400])
def test_what_is_no_number_of_seconds(word: str) -> None:
    with pytest.raises(CtlError):
        seconds(word, "--over", 3600)


def test_seconds_and_counts() -> None:
    assert [seconds(word, "--over", 3600) for word in ("3", "1.5", "2s", "0")] == [3.0, 1.5, 2.0, 0.0]
    assert whole_number("200", "-n", 1, 200) == 200
    with pytest.raises(CtlError, match="-n is '201'"):
        whole_number("201", "-n", 1, 200)


def test_how_long_and_how_many_are_written() -> None:
    assert [duration(value) for value in (0.04, 9.94, 12, 75, 3700, 90_000)] == [
        "0.0 s",
        "9.9 s",
        "12 s",
        "1 min 15 s",
        "1 h 1 min",
        "1 d 1 h",
    ]
    assert [ago(value) for value in (-3, 0.2, 3.4, 75)] == [
        "just now",
        "just now",
        "3 s ago",
        "1 min 15 s ago",
    ]
    assert (counted(1, "row"), counted(1234, "row")) == ("1 row", "1,234 rows")
    assert clock(-5) == "0:00"


@given(st.floats(allow_nan=False, min_value=-1e15, max_value=1e15) | st.none())
def test_any_moment_can_be_written(at: float | None) -> None:
    assert moment(at)


@pytest.mark.parametrize(
    ("word", "value"),
    [("0.85", 0.85), (".85", 0.85), ("85%", 0.85), ("0", 0), ("1", 1), ("1.0", 1), ("99.5%", 0.995)],
)
def test_shares(word: str, value: float) -> None:
    assert share(word, "--threshold") == pytest.approx(value)


@pytest.mark.parametrize(
    "word", ["", ".", "%", "1.01", "101%", "-0.1", "0,85", "high", "1e-1", "0.8.5", "٠.٥"]
)
def test_what_is_no_share_is_refused(word: str) -> None:
    with pytest.raises(CtlError, match="a number from 0 to 1"):
        share(word, "--threshold")


@pytest.mark.parametrize(
    ("word", "found"), [("5", [5]), ("0", [0]), ("5,6", [5, 6]), ("5-7", [5, 6, 7]), ("9,1-2,2", [1, 2, 9])]
)
def test_numbers(word: str, found: list[int]) -> None:
    assert numbers(word, "--episode", 99) == found


@pytest.mark.parametrize("word", ["", ",", "5-", "-5", "7-5", "100", "1-51", "1-40,1-40", "x", "1.5"])
def test_what_are_no_numbers_is_refused(word: str) -> None:
    with pytest.raises(CtlError, match="--episode is"):
        numbers(word, "--episode", 99)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (-5, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_940, "999.9 kB"),
        (999_960, "1.0 MB"),
        (12_345_000_000, "12.3 GB"),
        (1_500_000_000_000, "1.5 TB"),
        (2.5e15, "2,500.0 TB"),
    ],
)
def test_sizes(count: float, words: str) -> None:
    assert size(count) == words


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
def test_a_shell_takes_what_was_quoted_as_one_word(word: str) -> None:
    assert shlex.split(shell_quoted(word)) == [word]
