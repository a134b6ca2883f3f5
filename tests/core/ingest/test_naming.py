"""Names as Plex reads them, whatever the title."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as but

from segue.core.ingest import paths
from segue.core.ingest.facts import Candidate, EpisodeFact, ParsedName
from segue.core.ingest.naming import CannotNameError, NamingSettings, destination, episode_range, season_of
from segue.core.ingest.templates import PLACEHOLDERS, TemplateError, parse_template
from tests.helpers.ingest import MATRIX, NAMED

PLAIN, IDS = NamingSettings("plain"), NamingSettings("ids")
SHOW = Candidate(
    "show", 1396, "Breaking Bad", year=2008, tvdb_id=81189, episodes=(EpisodeFact(1, 1, "Pilot"),)
)
EPISODE = ParsedName(kind="episode", title="Breaking Bad", season=1, episodes=(1,))


def test_the_documented_names() -> None:
    film = destination(NAMED, MATRIX, PLAIN, ".mkv")
    assert film.path == "The Matrix (1999)/The Matrix (1999) - 1080p BluRay.mkv"
    assert film.top == "The Matrix (1999)"
    episode = destination(EPISODE, SHOW, PLAIN, ".MKV")
    assert episode.path == "Breaking Bad/Season 01/Breaking Bad - S01E01 - Pilot.mkv"
    assert episode.top == "Breaking Bad"


def test_ids_make_plex_certain() -> None:
    film = destination(NAMED, MATRIX, IDS, ".mkv")
    assert film.path == ("The Matrix (1999) {tmdb-603}/The Matrix (1999) {tmdb-603} - 1080p BluRay.mkv")
    assert destination(EPISODE, SHOW, IDS, ".mkv").folder == "Breaking Bad (2008) {tvdb-81189}/Season 01"
    assert "{tmdb-1396}" in destination(EPISODE, but(SHOW, tvdb_id=None), IDS, ".mkv").folder


@pytest.mark.parametrize(
    ("parsed", "stem"),
    [
        (but(NAMED, edition="Director's Cut"), "The Matrix (1999) - 1080p BluRay {edition-Director's Cut}"),
        (but(NAMED, part=2), "The Matrix (1999) - 1080p BluRay - pt2"),
        (but(NAMED, part=9), "The Matrix (1999) - 1080p BluRay"),
        (but(NAMED, resolution="", source=""), "The Matrix (1999)"),
        (but(NAMED, resolution=""), "The Matrix (1999) - BluRay"),
    ],
)
def test_films(parsed: ParsedName, stem: str) -> None:
    assert destination(parsed, MATRIX, PLAIN, ".mkv").stem == stem


@pytest.mark.parametrize(
    ("parsed", "path"),
    [
        (but(EPISODE, episodes=(1, 2, 3)), "Season 01/Breaking Bad - S01E01-E03 - Pilot"),
        (but(EPISODE, episodes=(1, 3)), "Season 01/Breaking Bad - S01E01E03 - Pilot"),
        (but(EPISODE, season=0), "Season 00/Breaking Bad - S00E01 - Pilot"),
        (but(EPISODE, season=12, episodes=(104,)), "Season 12/Breaking Bad - S12E104 - Pilot"),
        (but(EPISODE, season=None, episodes=(), absolute=(1,)), "Season 01/Breaking Bad - S01E01 - Pilot"),
    ],
)
def test_episodes(parsed: ParsedName, path: str) -> None:
    assert destination(parsed, SHOW, PLAIN, ".mkv").path == f"Breaking Bad/{path}.mkv"


def test_what_has_no_number_in_the_database() -> None:
    """A date stands for itself; an absolute number goes on counting in the first season."""
    unknown = but(SHOW, episodes=None)
    dated = but(EPISODE, season=None, episodes=(), date="2024-03-05", episode_title="Guest")
    assert destination(dated, unknown, PLAIN, ".mkv").stem == "Breaking Bad - 2024-03-05 - Guest"
    absolute = but(EPISODE, season=None, episodes=(), absolute=(101, 102))
    assert destination(absolute, unknown, PLAIN, ".mkv").stem == "Breaking Bad - S01E101-E102"
    with pytest.raises(CannotNameError, match="neither season"):
        destination(but(EPISODE, season=None, episodes=()), unknown, PLAIN, ".mkv")


def test_the_librarys_own_folder_is_kept() -> None:
    found = destination(
        EPISODE, SHOW, IDS, ".mkv", existing_folder="Breaking Bad", season_folders=("Season 1", "Season 2")
    )
    assert found.folder == "Breaking Bad/Season 1"
    assert destination(NAMED, MATRIX, PLAIN, ".mkv", existing_folder="M/Matrix").folder == "M/Matrix"


def test_two_titles_never_share_a_folder() -> None:
    assert (
        destination(EPISODE, SHOW, PLAIN, ".mkv", tell_apart=True).top == "Breaking Bad (2008) {tvdb-81189}"
    )
    assert destination(NAMED, MATRIX, PLAIN, ".mkv", tell_apart=True).top == "The Matrix (1999) {tmdb-603}"
    assert destination(NAMED, MATRIX, IDS, ".mkv", tell_apart=True).top == "The Matrix (1999) {tmdb-603}"


def test_a_title_without_a_year_has_no_empty_brackets() -> None:
    found = destination(NAMED, but(MATRIX, year=None), IDS, ".mkv")
    assert found.path == "The Matrix {tmdb-603}/The Matrix {tmdb-603} - 1080p BluRay.mkv"


def test_a_long_title_gives_way_and_the_rest_stays() -> None:
    long = but(MATRIX, title="A Very Long Title " * 30)
    found = destination(NAMED, long, IDS, ".mkv")
    assert found.stem.endswith("(1999) {tmdb-603} - 1080p BluRay")
    assert len(found.stem.encode()) <= 211
    assert found.notes
    episode = destination(
        EPISODE, but(SHOW, title="B" * 300, episodes=(EpisodeFact(1, 1, "T" * 300),)), PLAIN, ".mkv"
    )
    assert "S01E01" in episode.stem


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Alien: Covenant", "Alien - Covenant"),
        ("Face/Off", "Face-Off"),
        ("What If...?", "What If"),
        ("..", "Untitled"),
        ("\u202etxt.exe", "txt.exe"),
        ("CON", "_CON"),
        ("aux.1", "_aux.1"),
        (".hack//SIGN", "hack--SIGN"),
        ("Amélie", "Amélie"),
        ("e\u0301", "é"),
        ("*?<>|", "-"),
        (" \u200b ", "Untitled"),
        ("WALL·E", "WALL·E"),
    ],
)
def test_components(title: str, name: str) -> None:
    assert paths.component(title) == name


@given(st.text(max_size=600))
def test_no_title_escapes(title: str) -> None:
    for settings in (PLAIN, IDS):
        for chosen, parsed in ((MATRIX, NAMED), (SHOW, EPISODE)):
            hostile = but(chosen, title=title, original_title=title)
            found = destination(but(parsed, edition=title, episode_title=title), hostile, settings, ".mkv")
            assert not found.path.startswith("/")
            for part in found.path.split("/"):
                assert part not in ("", ".", "..")
                assert len(part.encode()) <= 255
                assert unicodedata.is_normalized("NFC", part)
                assert not part.startswith(".")
            assert len(found.path.split("/")) == (2 if chosen.kind == "film" else 3)


@given(st.text(max_size=300))
def test_a_safe_name_stays_as_it_is(text: str) -> None:
    name = paths.component(text)
    assert paths.component(name) == name
    assert paths.is_safe(name)


# ------------------------------------------------------------------ templates


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("{titel}/{title}", 0, "there is no placeholder"),
        ("{title}", 0, "parted by a slash"),
        ("{title}/{year}", 14, "needs {title}"),
        ("{title}//{title}", 16, "empty"),
        ("{title/{title}", 0, "brace"),
        ("{title}/[{title}", 16, "not closed"),
        ("{title}/{title}]", 15, "never opened"),
        ("[a[b]]/{title}", 2, "brackets"),
        ("[{title}/{year}]/{title}", 8, "slash"),
        ("../{title}", 10, "empty"),
    ],
)
def test_bad_templates_say_where(text: str, position: int, words: str) -> None:
    with pytest.raises(TemplateError, match=words) as caught:
        parse_template(text)
    assert caught.value.position == position


def test_a_misspelt_placeholder_is_recognised() -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template("{titel}/{title}")
    assert caught.value.hint == "Did you mean {title}?"


def test_sections_go_when_they_have_nothing_to_say() -> None:
    template = parse_template("{title}[ ({year})]/{title}[ - {quality} {edition}]")
    assert template.fill({"title": "A"}) == ["A", "A"]
    assert template.fill({"title": "A", "edition": "B"}) == ["A", "A -  B"]
    assert template.placeholders == {"title", "year", "quality", "edition"}


def test_every_placeholder_is_explained() -> None:
    assert all(meaning.endswith(".") and example for meaning, example in PLACEHOLDERS.values())


@given(st.text(alphabet="{}[]/ atile", max_size=40))
def test_any_text_is_a_template_or_says_why_not(text: str) -> None:
    try:
        template = parse_template(text)
    except TemplateError as error:
        assert 0 <= error.position <= len(text)
    else:
        assert len(template.fill({"title": "A"})) == len(template.components)


def test_seasons_by_their_folders() -> None:
    assert [season_of(n) for n in ("Season 01", "season 1", "Specials", "Staffel 3", "S", "Extras")] == [
        1,
        1,
        0,
        3,
        None,
        None,
    ]
    assert episode_range((1,)) == "E01"
