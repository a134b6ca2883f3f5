"""What a release name reads as, and when the second reader is asked."""

import msgspec
import pytest

from segue.core.ingest.facts import ParsedName
from segue.core.ingest.names import read
from segue.core.ingest.names_flags import FLAGS
from segue.core.ingest.names_text import context


class Guess(msgspec.Struct, frozen=True):
    """What a second reader says, by hand."""

    kind: str = ""
    title: str = ""
    other_titles: tuple[str, ...] = ()
    year: int | None = None
    seasons: tuple[int, ...] = ()
    episodes: tuple[int, ...] = ()
    absolute: tuple[int, ...] = ()
    date: str = ""
    episode_title: str = ""


def nobody(name: str) -> Guess:
    """A second reader that makes nothing of any name."""
    return Guess()


def never(name: str) -> Guess:
    """A second reader that must not be asked."""
    raise AssertionError(f"asked about {name}")


@pytest.mark.parametrize(
    "name",
    [
        "The.Matrix.1999.1080p.BluRay.x264-HARBOR.mkv",
        "The Matrix (1999).mkv",
        "Show.Name.S01E02.720p.HDTV.x264-COAL.mkv",
        "Show Name - S01E02 - Pilot.mkv",
        "Show Name/Season 01/02 - Pilot.mkv",
        "The Matrix (1999)/9f86d081884c7d659a2feaa0c55ad015.mkv",
        "[Group] Show Name - 05 (1080p) [0A1B2C3D].mkv",
        "Show.Name.2019.03.05.720p.HDTV.mkv",
    ],
)
def test_a_form_that_leaves_nothing_to_guess_needs_no_second_reader(name: str) -> None:
    found = read(name, never)
    assert (found.readers, found.flags) == ("canonical", ())


@pytest.mark.parametrize(
    "name",
    [
        "1917.2019.1080p.BluRay.x264-AB.mkv",
        "The.Proper.Villains.2015.1080p.mkv",
        "Blade.Runner.The.Final.Cut.1982.1080p.mkv",
        "Title (Other Title) (2001).mkv",
        "Some Film 1080p.mkv",
        "Show/Season 02/Show S03E01.mkv",
        "Film (1999)/Something Else 1080p.mkv",
    ],
)
def test_what_could_be_split_in_another_way_is_never_canonical(name: str) -> None:
    assert read(name, nobody).readers != "canonical"


def test_two_readers_that_say_the_same_agree_and_those_that_do_not_differ() -> None:
    name = "Uncut.Gems.2019.1080p.mkv"
    same = Guess(kind="film", title="uncut gems", year=2019)
    assert read(name, lambda _: same).readers == "agree"
    for other in (
        Guess(kind="film", title="Gems", year=2019),
        Guess(kind="film", title="Uncut Gems", year=2018),
        Guess(kind="film", title="Uncut Gems"),
        Guess(kind="episode", title="Uncut Gems", year=2019, seasons=(1,)),
        Guess(kind="episode", title="Uncut Gems", year=2019, episodes=(1,)),
        Guess(kind="episode", title="Uncut Gems", year=2019, date="2019-01-01"),
    ):
        assert read(name, lambda _, other=other: other).readers == "differ"  # type: ignore[misc]
    assert read(name, nobody).readers == "single"


def test_the_end_of_a_title_may_be_a_second_title_for_the_other_reader() -> None:
    guess = Guess(title="Uncut Gems", other_titles=("The Real Story",), year=2019)
    assert read("Uncut Gems - The Real Story (2019).mkv", lambda _: guess).readers in ("agree", "canonical")


def test_the_second_reader_gives_a_title_where_ours_finds_none() -> None:
    found = read("S01E02.mkv", lambda _: Guess(kind="episode", title="Pilot", seasons=(1,), episodes=(2,)))
    assert (found.title, found.season, found.episodes, found.readers) == ("Pilot", 1, (2,), "differ")


def test_a_name_that_says_nothing_takes_no_title_from_anybody() -> None:
    found = read("b7e23ec29a4d4f0e8c53.mkv", never)
    assert (found.title, found.flags) == ("", ("hash_like_name",))


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("S01E02.mkv", "no_title"),
        ("Q.2011.1080p.mkv", "short_title"),
        ("aB3xK9q0ZpL27tRw.mkv", "hash_like_name"),
        ("Title.1999.Something.2005.1080p.mkv", "ambiguous_year"),
        ("Show.S2019E05.mkv", "season_is_year"),
        ("Show.S01-S03.1080p.mkv", "several_seasons"),
        ("Show.S01E01-S02E03.mkv", "several_seasons"),
        ("Show.S03.1080p.BluRay.mkv", "season_without_episode"),
        ("Show.S01E02E05.mkv", "episode_gap"),
        ("Show.S01E00.mkv", "episode_zero"),
        ("[Group] Show - 05.5 [1080p].mkv", "half_episode"),
        ("Show - 05 - Title.mkv", "bare_number"),
        ("Show 03-04-2019.mkv", "ambiguous_date"),
        ("Show 190305.mkv", "ambiguous_date"),
        ("Show.2019.25.12.mkv", "ambiguous_date"),
        ("【組】[Show][05].mkv", "foreign_brackets"),
        ("[REC] (2007).mkv", "brackets_in_title"),
        ("The site.com Film (2007).mkv", "domain_in_title"),
        ("Show/Season 02/Show S03E01.mkv", "folder_disagrees"),
        ("Alien (1979)/Aliens (1986).mkv", "folder_disagrees"),
        ("The.Matrix.1999.1080p.BluRay.x264-HARBOR-sample.mkv", "sample"),
        ("x" * 300 + ".mkv", "long_name"),
    ],
)
def test_each_doubt_is_raised_by_a_name(name: str, flag: str) -> None:
    assert flag in read(name, nobody).flags


def test_each_doubt_has_a_sentence() -> None:
    """`unreadable_name` comes from the worker's keeper; the test above raises all others."""
    assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in FLAGS.values())


def test_only_the_name_and_its_nearest_folders_count() -> None:
    deep = "a/b/Shelf/Show Name/Season 01/02 - Pilot.mkv"
    assert context(deep) == "Shelf/Show Name/Season 01/02 - Pilot.mkv"
    assert read(deep, nobody) == read(context(deep), nobody)
    assert context("./x.mkv") == "x.mkv"
    assert context("") == ""


def test_the_folder_adds_what_the_file_leaves_out() -> None:
    found = read("Show (2010) {tvdb-42}/Season 03/Show - S03E04 - Ash.mkv", nobody)
    assert found == ParsedName(
        kind="episode",
        title="Show",
        year=2010,
        season=3,
        episodes=(4,),
        episode_title="Ash",
        tvdb_id=42,
        readers="canonical",
    )


def test_a_release_folder_speaks_for_an_abbreviated_file() -> None:
    found = read("The.Long.Night.1999.1080p.BluRay.x264-COAL/coal-tln.mkv", never)
    assert (found.title, found.year, found.source, found.release_group) == (
        "The Long Night",
        1999,
        "BluRay",
        "COAL",
    )


def test_a_shelf_is_no_title() -> None:
    assert read("Movies/The Matrix.mkv", nobody).other_title == ""
    assert read("downloads/complete/S01E01.mkv", nobody).title == ""


def test_an_extra_belongs_to_the_film_or_show_around_it_and_a_shelf_makes_none() -> None:
    found = read("Show/Season 2/Featurettes/Making Of.mkv", nobody)
    assert (found.title, found.extra, found.episode_title) == ("Show", "featurette", "Making Of")
    assert read("Other/The Matrix (1999).mkv", nobody).extra == ""


def test_mending_is_counted() -> None:
    assert read("Film.2003.PROPER.REPACK.1080p.WEB-DL.mkv", nobody).proper == 2
    assert read("[Group] Show - 05v3 [1080p].mkv", nobody).proper == 2
