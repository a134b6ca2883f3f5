"""guessit's answer in plain types."""

import pickle
from typing import Any

import guessit
import pytest

from segue.adapters.guessit_names import GuessedName, guess, guessit_version


def test_an_answer_can_be_sent_between_processes() -> None:
    found = guess("The.Ember.Line.S01E02.720p.HDTV.x264-COAL.mkv")
    assert pickle.loads(pickle.dumps(found)) == found
    assert (found.kind, found.title, found.seasons, found.episodes) == (
        "episode",
        "The Ember Line",
        (1,),
        (2,),
    )


def test_ranges_dates_parts_and_second_titles_arrive() -> None:
    assert guess("Show.S01E01-E03.mkv").episodes == (1, 2, 3)
    assert guess("Show.2019.03.05.720p.mkv").date == "2019-03-05"
    assert guess("Film.2004.CD2.DVDRip.avi").part == 2
    assert guess("Spider-Man - Homecoming (2017).mkv").other_titles == ("Homecoming",)


def test_an_error_inside_guessit_is_noted_and_goes_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ValueError("no such thing")

    monkeypatch.setattr(guessit, "guessit", fails)
    assert guess("x") == GuessedName(error="ValueError: no such thing")


@pytest.mark.parametrize("name", ["", "/", "\x00", "\ud800", "[" * 200, "1" * 200, "a/" * 50, "é" * 100])
def test_no_name_makes_it_raise(name: str) -> None:
    assert isinstance(guess(name), GuessedName)


def test_the_version_is_known_without_importing_it() -> None:
    assert guessit_version()[0].isdigit()
