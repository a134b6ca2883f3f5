"""Where a file goes, and names as Plex reads them, whatever the title."""

import unicodedata

import pytest
from msgspec.structs import replace as but

from segue.core.ingest.facts import Candidate, EpisodeFact, ParsedName
from segue.core.ingest.naming import (
    STEM_BYTES_MAX,
    Chosen,
    Existing,
    NamingSettings,
    chosen_from,
    destination,
)
from segue.core.ingest.numbering import season_folder
from segue.core.ingest.templates import TemplateError
from tests.core.ingest.test_naming_hostile import is_safe

PLAIN, IDS = NamingSettings("plain"), NamingSettings("ids")
MATRIX = Chosen("film", "The Matrix", 1999, 603)
FILM = ParsedName(kind="film", title="the matrix", resolution="1080p", source="BluRay")
BAD = Chosen("show", "Breaking Bad", 2008, 1396, 81189, episodes=(EpisodeFact(1, 1, "Pilot"),))
EPISODE = ParsedName(kind="episode", title="breaking bad", season=1, episodes=(1,))
OFFICE = Chosen("show", "The Office", 2005, 2316, 73244)


def test_the_documented_names() -> None:
    film = destination(FILM, MATRIX, PLAIN, ".mkv")
    assert film.path == "The Matrix (1999)/The Matrix (1999) - 1080p BluRay.mkv"
    assert film.title_folder == "The Matrix (1999)"
    episode = destination(EPISODE, BAD, PLAIN, ".MKV")
    assert episode.path == "Breaking Bad/Season 01/Breaking Bad - S01E01 - Pilot.mkv"
    assert episode.title_folder == "Breaking Bad"
    assert (film.notes, film.problem, episode.notes, episode.problem) == ((), "", (), "")


def test_ids_make_plex_certain() -> None:
    film = destination(FILM, MATRIX, IDS, ".mkv")
    assert film.path == "The Matrix (1999) {tmdb-603}/The Matrix (1999) {tmdb-603} - 1080p BluRay.mkv"
    assert destination(EPISODE, BAD, IDS, ".mkv").folder == "Breaking Bad {tvdb-81189}/Season 01"
    assert (
        destination(EPISODE, but(BAD, tvdb_id=None), IDS, ".mkv").folder
        == "Breaking Bad {tmdb-1396}/Season 01"
    )
    assert (
        destination(EPISODE, but(BAD, tvdb_id=0, tmdb_id=None), IDS, ".mkv").folder
        == "Breaking Bad/Season 01"
    )


def test_a_candidate_gives_what_names_need() -> None:
    candidate = Candidate("show", 1396, "Breaking Bad", year=2008, tvdb_id=81189, episodes=BAD.episodes)
    assert chosen_from(candidate) == BAD
    assert chosen_from(Candidate("film", 1, "", original_title="Original")).title == "Original"


# ------------------------------------------------------------------ films


@pytest.mark.parametrize(
    ("parsed", "stem"),
    [
        (but(FILM, edition="Director's Cut"), "The Matrix (1999) {edition-Director's Cut} - 1080p BluRay"),
        (but(FILM, part=2), "The Matrix (1999) - 1080p BluRay - pt2"),
        (but(FILM, resolution="", source=""), "The Matrix (1999)"),
        (but(FILM, resolution=""), "The Matrix (1999) - BluRay"),
        (but(FILM, source=""), "The Matrix (1999) - 1080p"),
        (but(FILM, proper=1), "The Matrix (1999) - 1080p BluRay Proper"),
        (but(FILM, proper=2, three_d=True), "The Matrix (1999) - 1080p BluRay 3D Proper2"),
    ],
)
def test_films(parsed: ParsedName, stem: str) -> None:
    assert destination(parsed, MATRIX, PLAIN, ".mkv").stem == stem


def test_a_film_without_a_year_has_no_empty_brackets() -> None:
    found = destination(FILM, but(MATRIX, year=None), IDS, ".mkv")
    assert found.path == "The Matrix {tmdb-603}/The Matrix {tmdb-603} - 1080p BluRay.mkv"


def test_parts_keep_apart_even_where_the_template_forgot_them() -> None:
    settings = NamingSettings(film_template="{title}/{title}")
    assert destination(but(FILM, part=1), MATRIX, settings, ".avi").name == "The Matrix - pt1.avi"


def test_more_parts_than_plex_joins_are_a_problem() -> None:
    assert "at most 8" in destination(but(FILM, part=9), MATRIX, PLAIN, ".mkv").problem
    assert destination(but(FILM, part=8), MATRIX, PLAIN, ".mkv").problem == ""


def test_a_title_cannot_write_plex_tags() -> None:
    found = destination(FILM, but(MATRIX, title="{tmdb-1} {edition-X}"), IDS, ".mkv")
    assert found.title_folder == "(tmdb-1) (edition-X) (1999) {tmdb-603}"


# ------------------------------------------------------------------ episodes


@pytest.mark.parametrize(
    ("parsed", "path"),
    [
        (but(EPISODE, episodes=(1, 2, 3)), "Season 01/Breaking Bad - S01E01-E03 - Pilot"),
        (but(EPISODE, episodes=(2, 1)), "Season 01/Breaking Bad - S01E01-E02 - Pilot"),
        (but(EPISODE, episodes=(1, 3)), "Season 01/Breaking Bad - S01E01E03 - Pilot"),
        (but(EPISODE, season=0), "Season 00/Breaking Bad - S00E01"),
        (but(EPISODE, season=12, episodes=(104,)), "Season 12/Breaking Bad - S12E104"),
        (but(EPISODE, season=2008), "Season 2008/Breaking Bad - S2008E01"),
        (but(EPISODE, season=None), "Season 01/Breaking Bad - S01E01 - Pilot"),
        (but(EPISODE, season=None, episodes=()), "Season 01/Breaking Bad - S01E01 - Pilot"),
        (but(EPISODE, season=None, episodes=(), absolute=(1,)), "Season 01/Breaking Bad - S01E01 - Pilot"),
        (but(EPISODE, episodes=(7,), episode_title="A: B"), "Season 01/Breaking Bad - S01E07 - A - B"),
    ],
)
def test_episodes(parsed: ParsedName, path: str) -> None:
    assert destination(parsed, BAD, PLAIN, ".mkv").path == f"Breaking Bad/{path}.mkv"


def test_several_episodes_have_all_their_titles_each_once() -> None:
    facts = (EpisodeFact(1, 1, "Pilot"), EpisodeFact(1, 2, "Pilot"), EpisodeFact(1, 3, "Bag"))
    found = destination(but(EPISODE, episodes=(1, 2, 3)), but(BAD, episodes=facts), PLAIN, ".mkv")
    assert found.stem == "Breaking Bad - S01E01-E03 - Pilot + Bag"


def test_a_dated_episode_keeps_its_date() -> None:
    dated = ParsedName(kind="episode", date="2024-03-05", episode_title="Guest")
    show = Chosen("show", "Late Show", 2015)
    assert (
        destination(dated, show, PLAIN, ".mkv").path
        == "Late Show/Season 2024/Late Show - 2024-03-05 - Guest.mkv"
    )
    known = but(show, episodes=(EpisodeFact(9, 80, "Somebody", "2024-03-05"),))
    assert (
        destination(dated, known, PLAIN, ".mkv").path
        == "Late Show/Season 09/Late Show - 2024-03-05 - Somebody.mkv"
    )


def test_absolute_numbers_become_season_and_episode_where_that_is_known() -> None:
    parsed = ParsedName(kind="episode", absolute=(13, 14))
    known = Chosen("show", "Anime", episodes=(EpisodeFact(2, 1, "A"), EpisodeFact(2, 2, "B")))
    assert destination(parsed, known, PLAIN, ".mkv").path == "Anime/Season 02/Anime - S02E01-E02 - A + B.mkv"
    for unknown in (Chosen("show", "Anime"), but(known, episodes=known.episodes[:1])):
        found = destination(parsed, unknown, PLAIN, ".mkv")
        assert found.path == "Anime/Season 01/Anime - S01E013-E014.mkv"
        assert "absolute" in found.notes[0]


@pytest.mark.parametrize(
    ("parsed", "words"),
    [
        (ParsedName(), "no episode number"),
        (ParsedName(season=2), "no episode number"),
        (ParsedName(season=1, episodes=(10**30,)), "no season or episode"),
        (ParsedName(season=-1, episodes=(1,)), "no season or episode"),
        (ParsedName(season=1, episodes=tuple(range(1, 60, 2))), "split it"),
        (ParsedName(date="2024-13-45"), "is no date"),
        (ParsedName(date="../../etc"), "is no date"),
        (ParsedName(absolute=(10**30,)), "no season or episode"),
    ],
)
def test_what_has_no_number_that_plex_reads_is_a_problem(parsed: ParsedName, words: str) -> None:
    found = destination(parsed, Chosen("show", "Show", 2020), PLAIN, ".mkv")
    assert words in found.problem
    assert is_safe(found)


def test_episodes_that_do_not_follow_one_another_are_told() -> None:
    assert "do not follow" in destination(but(EPISODE, episodes=(1, 3)), BAD, PLAIN, ".mkv").notes[0]


# ------------------------------------------------------------------ what the library has


def test_the_librarys_own_folder_is_kept_as_it_is() -> None:
    existing = Existing("Series A-K/BREAKING Bad: e\u0301", ("Season 1", "Season 2"))
    assert destination(EPISODE, BAD, IDS, ".mkv", existing=existing).folder == f"{existing.folder}/Season 1"
    found = destination(FILM, MATRIX, PLAIN, ".mkv", existing=Existing("M/Matrix"))
    assert (found.folder, found.title_folder) == ("M/Matrix", "M/Matrix")


@pytest.mark.parametrize("folder", ["..", "../x", "/etc", "a/../..", "a//b", "\udc80", ".segue-recycle/j"])
def test_a_folder_that_is_no_folder_of_the_library_is_not_used(folder: str) -> None:
    assert destination(FILM, MATRIX, PLAIN, ".mkv", existing=Existing(folder)).folder == "The Matrix (1999)"


@pytest.mark.parametrize(
    ("season", "there", "name"),
    [
        (1, ("Season 1",), "Season 1"),
        (2, ("Season 1",), "Season 2"),
        (2, ("Season 01",), "Season 02"),
        (2, ("S01",), "S02"),
        (2, ("Season 10",), "Season 2"),
        (3, ("Staffel 1", "Staffel 3"), "Staffel 3"),
        (0, ("Season 1", "Specials"), "Specials"),
        (0, ("Season 1",), "Season 00"),
        (1, ("Season 1", "Season 01"), "Season 01"),
        (1, ("",), ""),
        (2, ("", "Season 1"), "Season 2"),
        (1, (), None),
        (1, ("Extras", "poster.jpg", "Season ²"), None),
    ],
)
def test_seasons_are_named_in_the_way_of_the_others(
    season: int, there: tuple[str, ...], name: str | None
) -> None:
    assert season_folder(season, there) == name


def test_two_titles_never_share_a_folder() -> None:
    """The year is added, then the id; the file's name follows, so that both say the same."""
    first = destination(EPISODE, OFFICE, PLAIN, ".mkv", existing=Existing(owners=(("The Office", 2996),)))
    assert first.path == "The Office (2005)/Season 01/The Office (2005) - S01E01.mkv"
    assert "The year is added" in first.notes[0]
    owners: tuple[tuple[str, int | None], ...] = (("the office", 2996), ("The Office (2005)", 1))
    second = destination(EPISODE, OFFICE, PLAIN, ".mkv", existing=Existing(owners=owners))
    assert second.title_folder == "The Office (2005) {tvdb-73244}"
    remake = destination(FILM, MATRIX, PLAIN, ".mkv", existing=Existing(owners=(("The Matrix (1999)", 604),)))
    assert remake.title_folder == "The Matrix (1999) {tmdb-603}"
    assert remake.stem == "The Matrix (1999) - 1080p BluRay"


def test_its_own_folder_is_used_in_the_spelling_that_is_there() -> None:
    for owner in (2316, None):
        existing = Existing(owners=(("THE Office", owner),))
        assert destination(EPISODE, OFFICE, PLAIN, ".mkv", existing=existing).title_folder == "THE Office"
    decomposed = unicodedata.normalize("NFD", "Amélie (2001)")
    amelie = Chosen("film", "Amélie", 2001, 194)
    found = destination(FILM, amelie, PLAIN, ".mkv", existing=Existing(owners=((decomposed, None),)))
    assert found.title_folder == decomposed


def test_a_tag_in_a_folders_name_says_whose_it_is() -> None:
    settings = NamingSettings(episode_template="{title} {{tmdb-2996}}/{title} {episode}")
    existing = Existing(owners=(("The Office {tmdb-2996}", None),))
    mine = destination(EPISODE, but(OFFICE, tmdb_id=2996), settings, ".mkv", existing=existing)
    assert mine.folder == "The Office {tmdb-2996}"
    assert (
        destination(EPISODE, OFFICE, settings, ".mkv", existing=existing).folder != "The Office {tmdb-2996}"
    )


def test_a_title_that_plex_takes_for_a_folder_of_extras_gets_its_year() -> None:
    shorts = Chosen("show", "Shorts", 2020, 5)
    assert destination(EPISODE, shorts, PLAIN, ".mkv").title_folder == "Shorts (2020)"
    assert destination(EPISODE, but(shorts, year=None), PLAIN, ".mkv").title_folder == "Shorts {tmdb-5}"
    assert destination(EPISODE, Chosen("show", "Shorts"), PLAIN, ".mkv").title_folder == "Shorts_"


def test_another_version_beside_the_first_says_its_quality() -> None:
    parsed = but(EPISODE, resolution="720p", source="HDTV")
    found = destination(parsed, BAD, PLAIN, ".mkv", beside=True)
    assert found.stem == "Breaking Bad - S01E01 - Pilot - 720p HDTV"
    assert destination(FILM, MATRIX, PLAIN, ".mkv", beside=True) == destination(FILM, MATRIX, PLAIN, ".mkv")


# ------------------------------------------------------------------ own templates


def test_own_templates() -> None:
    film = "{letter}/{title_sort}[ ({year})]/{title}[ - {hdr}][ - {codec}][ - {group}]"
    parsed = but(FILM, codec="H.264", release_group="GRP")
    assert destination(parsed, MATRIX, NamingSettings(film_template=film), ".mkv").path == (
        "M/Matrix, The (1999)/The Matrix - H.264 - GRP.mkv"
    )
    flat = destination(FILM, MATRIX, NamingSettings(film_template="{title} ({year})"), ".mkv")
    assert (flat.path, flat.title_folder) == ("The Matrix (1999).mkv", "")
    show = "{title}/[{edition}]/{title} {episode}"
    with pytest.raises(TemplateError, match="episodes have no"):
        destination(EPISODE, BAD, NamingSettings(episode_template=show), ".mkv")


def test_a_folder_that_says_nothing_is_no_folder() -> None:
    settings = NamingSettings(film_template="[{edition}]/{title}/{title}")
    assert destination(FILM, MATRIX, settings, ".mkv").folder == "The Matrix"


# ------------------------------------------------------------------ length


def test_a_long_title_gives_way_and_the_rest_stays() -> None:
    long = but(MATRIX, title="A Very Long Title " * 30)
    found = destination(but(FILM, edition="Extended", part=2), long, IDS, ".mkv")
    assert found.stem.endswith("(1999) {tmdb-603} {edition-Extended} - 1080p BluRay - pt2")
    assert found.title_folder.endswith("(1999) {tmdb-603}")
    assert "shortened" in found.notes[0]


def test_a_long_episode_title_goes_before_the_shows() -> None:
    show = but(BAD, title="B" * 100, episodes=(EpisodeFact(1, 1, "T" * 400),))
    stem = destination(EPISODE, show, PLAIN, ".mkv").stem
    assert stem.startswith("B" * 100 + " - S01E01 - TTT")
    assert len(stem.encode()) <= STEM_BYTES_MAX


@pytest.mark.parametrize(
    ("title", "folder"),
    [
        ("..", "tmdb-603 (1999)"),
        ("???", "tmdb-603 (1999)"),
        ("\u202e\u200b", "tmdb-603 (1999)"),
        (".hack//SIGN", "hack-SIGN (1999)"),
        ("CON", "CON (1999)"),
        (".segue-recycle", "segue-recycle (1999)"),
        ("." * 300 + "Late", "Late (1999)"),
        ("()" * 150 + "- " * 20 + "Late", "Late (1999)"),
        ("- " * 300 + "Too late", "tmdb-603 (1999)"),
        ("()-.", "tmdb-603 (1999)"),
        ("!!!", "!!! (1999)"),
        ("Monsters, Inc.", "Monsters, Inc. (1999)"),
    ],
)
def test_a_title_of_which_nothing_remains(title: str, folder: str) -> None:
    nameless = ParsedName(title=title)
    assert destination(nameless, but(MATRIX, title=title), PLAIN, ".mkv").title_folder == folder


def test_the_names_title_stands_in_before_an_id_does() -> None:
    assert destination(FILM, but(MATRIX, title="?"), PLAIN, ".mkv").title_folder == "the matrix (1999)"
    assert destination(ParsedName(), Chosen("film", ""), PLAIN, ".mkv").path == "Untitled/Untitled.mkv"
