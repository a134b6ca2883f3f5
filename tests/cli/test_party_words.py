"""Times, spans, offsets and rules: what is typed about parties."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.cli.errors import CtlError
from segue.cli.party_words import offset_ms, rules, span, start_time
from segue.cli.words import MINUS

NOW = 1_700_000_000.0
"""A Tuesday, 22:13:20 UTC."""


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("word", "after_s"),
    [
        ("now", 0),
        ("22:14", 40),
        ("22:13:20", 86_400),
        ("22:13", 86_400 - 20),
        ("23:13:20", 3600),
        ("today 22:00", -800),
        ("tomorrow 22:13:20", 86_400),
        ("fri 22:13:20", 3 * 86_400),
        ("Friday 22:13:20", 3 * 86_400),
        ("tue 22:13:20", 7 * 86_400),
        ("tue 22:14", 40),
        ("2023-11-15 22:13:20", 86_400),
        ("2023-11-15T22:13:20", 86_400),
        ("2023-11-15T22:13:20Z", 86_400),
        ("2023-11-15T22:13:20+01:00", 86_400 - 3600),
        ("2024-02-29 00:00", 1_709_164_800 - NOW),
        ("+30min", 1800),
        ("+90", 90),
        ("in 2h", 7200),
        ("+1:30:00", 5400),
    ],
)
def test_times(word: str, after_s: float) -> None:
    assert start_time(word, NOW) - NOW == after_s


@pytest.mark.parametrize(
    "word",
    [
        "",
        "soon",
        "24:00",
        "20:60",
        "20",
        "2023-13-01 20:00",
        "2023-11-15",
        "moon 20:00",
        "+soon",
        "2023-11-99 20:00",
    ],
)
def test_what_is_no_time_is_refused(word: str) -> None:
    with pytest.raises(CtlError):
        start_time(word, NOW)


@pytest.mark.parametrize(
    ("word", "seconds"),
    [("90", 90), ("90s", 90), ("10min", 600), ("10 m", 600), ("1.5h", 5400), ("2d", 172_800), ("5:00", 300),
     ("1:00:00", 3600), ("0", 0)],
)  # fmt: skip
def test_spans(word: str, seconds: float) -> None:
    assert span(word, "it") == seconds


@pytest.mark.parametrize(
    ("word", "ms"),
    [("-120ms", -120), ("+0.2s", 200), ("150", 150), (f"{MINUS}80", -80), ("0", 0), ("1.5ms", 2), ("bob", None),
     ("", None), ("--3", None), ("3min", None)],
)  # fmt: skip
def test_offsets(word: str, ms: int | None) -> None:
    assert offset_ms(word) == ms


def test_rules_may_be_left_out_and_are_never_guessed() -> None:
    assert rules([]) == {}
    assert rules(["late=ask", "open=no"]) == {"late": "ask", "open": False}
    assert rules(["first=45min", "every=1h"]) == {"intermissions": {"first_s": 2700, "every_s": 3600}}
    assert rules(["times="]) == {"intermissions": {"times_s": []}}
    for wrong in ("open", "open=", "open=perhaps", "late=never", "length=long", "colour=red"):
        with pytest.raises(CtlError):
            rules([wrong])


@given(st.text(max_size=20))
def test_whatever_is_typed_is_read_or_refused(word: str) -> None:
    for read in (lambda: start_time(word, NOW), lambda: span(word, "it"), lambda: rules([word])):
        try:
            read()
        except CtlError as error:
            assert error.exit_code == 2
    offset_ms(word)
