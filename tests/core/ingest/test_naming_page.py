"""The page on names says what the code does."""

import re
from pathlib import Path

import pytest

from segue.core.ingest.facts import EpisodeFact, ParsedName
from segue.core.ingest.naming import Chosen, NamingSettings, destination
from segue.core.ingest.sidecars import SUBTITLES
from segue.core.ingest.templates import EPISODE_PRESETS, FILM_PRESETS, PLACEHOLDERS, parse_template

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "naming.md").read_text(encoding="utf-8")
MATRIX = Chosen("film", "The Matrix", 1999, 603, 169, "tt0133093")
BAD = Chosen("show", "Breaking Bad", 2008, 1396, 81189, "tt0903747", (EpisodeFact(1, 1, "Pilot"),))
FILM = ParsedName(
    resolution="1080p",
    source="BluRay",
    codec="H.264",
    hdr="DV HDR10",
    release_group="GRP",
    edition="Director's Cut",
    part=1,
)
EPISODE = ParsedName(
    season=1,
    episodes=(1,),
    resolution="1080p",
    source="WEB-DL",
    codec="H.265",
    hdr="HDR10",
    release_group="GRP",
)


def _cell(text: str) -> str:
    return f" `{text}` |" if text else " |"


def test_the_table_has_every_placeholder_with_its_meaning_and_examples() -> None:
    rows = [
        f"|{_cell(f'{{{n}}}')} {p.meaning} |{_cell(p.film)}{_cell(p.episode)}"
        for n, p in PLACEHOLDERS.items()
    ]
    assert re.findall(r"^\| `\{\w+\}` \|.*$", PAGE, re.MULTILINE) == rows


def test_the_presets_are_written_as_they_are() -> None:
    for preset in ("plain", "ids"):
        assert re.search(rf"^{preset}, film +{re.escape(FILM_PRESETS[preset])}$", PAGE, re.MULTILINE)
        assert re.search(rf"^{preset}, episode +{re.escape(EPISODE_PRESETS[preset])}$", PAGE, re.MULTILINE)


def test_the_names_of_the_presets_are_those_that_files_get() -> None:
    parsed = ParsedName(resolution="1080p", source="BluRay")
    for settings in (NamingSettings("plain"), NamingSettings("ids")):
        assert f"`{destination(parsed, MATRIX, settings, '.mkv').path}`" in PAGE
        assert f"`{destination(EPISODE, BAD, settings, '.mkv').path}`" in PAGE


def test_the_template_in_the_page_can_be_used() -> None:
    found = re.search(r'^movie_template = "(.*)"$', PAGE, re.MULTILINE)
    assert found is not None
    parse_template(found[1], "film")


@pytest.mark.parametrize("name", [name for name, p in PLACEHOLDERS.items() if p.film])
def test_a_films_example_is_what_it_says(name: str) -> None:
    settings = NamingSettings(film_template=f"{{title}}/{{title}} = {{{name}}}")
    stem = destination(FILM, MATRIX, settings, ".mkv").stem
    said = stem.partition(" = ")[2].removesuffix("" if name == "part" else " - pt1")
    assert said == PLACEHOLDERS[name].film


@pytest.mark.parametrize(
    "name", [name for name, p in PLACEHOLDERS.items() if p.episode and name not in ("date", "absolute")]
)
def test_an_episodes_example_is_what_it_says(name: str) -> None:
    settings = NamingSettings(episode_template=f"{{title}}/{{title}} {{episode}} = {{{name}}}")
    assert destination(EPISODE, BAD, settings, ".mkv").stem.partition(" = ")[2] == PLACEHOLDERS[name].episode


@pytest.mark.parametrize(
    ("name", "parsed"),
    [("date", ParsedName(date="2024-03-05")), ("absolute", ParsedName(absolute=(12,)))],
)
def test_the_other_ways_to_count(name: str, parsed: ParsedName) -> None:
    settings = NamingSettings(episode_template=f"{{title}}/{{title}} {{episode}} = {{{name}}}")
    assert destination(parsed, BAD, settings, ".mkv").stem.partition(" = ")[2] == PLACEHOLDERS[name].episode


def test_the_page_names_every_kind_of_subtitle() -> None:
    listed = re.search(r"subtitles \(`([^`]*)`\)", PAGE)
    assert listed is not None
    assert {f".{word}" for word in listed[1].split()} == SUBTITLES
