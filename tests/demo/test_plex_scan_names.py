"""What the simulated scanner reads out of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.demo.plex_agent import Agent, Work
from segue.demo.plex_library import Section, Subtitle
from segue.demo.plex_names import (
    WorkName,
    episode_name,
    film_name,
    is_ignored,
    resolution_lines,
    subtitle_beside,
    without_part,
)

FILMS = Section(1, "movie", "Films", "tv.plex.agents.movie", "", (), "")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Lantern (1999)/Lantern (1999) - 1080p BluRay.mkv", WorkName("Lantern", 1999)),
        ("Lantern (1999) {tmdb-7}/whatever.mkv", WorkName("Lantern", 1999, {"tmdb": "7"})),
        ("Lantern (1999).mkv", WorkName("Lantern", 1999)),
        ("L/Lantern (1999)/a.mkv", WorkName("Lantern", 1999)),
        ("New/Lantern (1999).mkv", WorkName("Lantern", 1999)),
        ("Lantern/Lantern.mkv", WorkName("Lantern")),
        (
            "Lantern (1999)/Lantern (1999) {edition-Director's Cut}.mkv",
            WorkName("Lantern", 1999, {}, "Director's Cut"),
        ),
        ("2001 - A Lamp (1968)/x.mkv", WorkName("2001 - A Lamp", 1968)),
    ],
)
def test_a_film_is_named_by_its_folder_or_itself(path: str, name: WorkName) -> None:
    """The folder counts where it gives a year."""
    assert film_name(path) == name


@pytest.mark.parametrize(
    ("path", "season", "numbers", "date"),
    [
        ("Harbour/Season 01/Harbour - s01e02 - Fog - 1080p.mkv", 1, (2,), ""),
        ("Harbour/Season 01/Harbour - S01E01-E03.mkv", 1, (1, 2, 3), ""),
        ("Harbour/Season 01/Harbour - s01e01-02.mkv", 1, (1, 2), ""),
        ("Harbour/Season 01/Harbour.S01E01E02.mkv", 1, (1, 2), ""),
        ("Harbour/Season 01/Harbour - s01e01-1080p.mkv", 1, (1,), ""),
        ("Harbour/Specials/Harbour - s00e04.mkv", 0, (4,), ""),
        ("Harbour/Harbour 2x05.mkv", 2, (5,), ""),
        ("Harbour/2024/Harbour - 2024-03-05 - Gale.mkv", None, (), "2024-03-05"),
        ("Harbour/Harbour 05.03.2024.mkv", None, (), "2024-03-05"),
    ],
)
def test_episodes_are_read(path: str, season: int | None, numbers: tuple[int, ...], date: str) -> None:
    """By numbers, ranges and dates."""
    read = episode_name(path)
    assert read is not None
    assert (read.show.title, read.season, read.numbers, read.date) == ("Harbour", season, numbers, date)


def test_what_has_no_number_is_no_episode() -> None:
    """It is passed over."""
    assert episode_name("Harbour/Season 01/Behind it all.mkv") is None


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("A (1999)/.segue-12.partial.mkv", True),
        (".segue-recycle/1.0/A (1999)/A.mkv", True),
        ("A (1999)/Trailers/one.mkv", True),
        ("A (1999)/A (1999)-trailer.mkv", True),
        ("A (1999)/sample.mkv", True),
        ("A (1999)/A (1999).mkv", False),
        ("Trailerpark (1999)/Trailerpark.mkv", False),
    ],
)
def test_hidden_files_extras_and_samples_are_passed_over(path: str, *, ignored: bool) -> None:
    """They are no films."""
    assert is_ignored(path, 1000) is ignored
    assert not is_ignored("A (1999)/sample.mkv", 400_000_000)


@pytest.mark.parametrize(
    ("name", "subtitle"),
    [
        ("A (1999).srt", Subtitle("/f/A (1999).srt", "srt")),
        ("A (1999).en.srt", Subtitle("/f/A (1999).en.srt", "srt", "en")),
        ("A (1999).de.forced.ass", Subtitle("/f/A (1999).de.forced.ass", "ass", "de", forced=True)),
        ("A (1999).en.sdh.srt", Subtitle("/f/A (1999).en.sdh.srt", "srt", "en", hearing_impaired=True)),
        ("A (1999) - 4K.en.srt", None),
        ("A (1999).en.txt", None),
    ],
)
def test_subtitles_belong_to_the_video_of_their_name(name: str, subtitle: Subtitle | None) -> None:
    """With a language, forced, or for the hard of hearing."""
    assert subtitle_beside("A (1999)", "/f", name) == subtitle


def test_parts_and_resolutions_are_read() -> None:
    """As far as a name says."""
    assert without_part("A (1999) - cd2") == ("A (1999)", 2)
    assert without_part("A Part (1999)") == ("A Part (1999)", None)
    assert (resolution_lines("A - 2160p"), resolution_lines("A")) == (2160, 1080)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (WorkName("paper lantern", 1999), "Paper Lantern"),
        (WorkName("Paper Lantern", 2000), "Paper Lantern"),
        (WorkName("Papierlaterne", 1999), "Paper Lantern"),
        (WorkName("Anything", 1950, {"tmdb": "2"}), "Paper Lantern II"),
        (WorkName("Paper Lantern", 2015), None),
        (WorkName("Paper Lamp", 1999), None),
    ],
)
def test_the_agent_knows_what_it_was_told(name: WorkName, title: str | None) -> None:
    """By an id in the name, by title and year, by a year near by; nothing else has an id elsewhere."""
    agent = Agent()
    agent.tell(
        Work("movie", "Paper Lantern", 1999, tmdb=1, other_titles=("Papierlaterne",)),
        Work("movie", "Paper Lantern II", 2003, tmdb=2),
    )
    match = agent.match(FILMS, name)
    assert (match.title if match.external else None) == title
    agent.offline = True
    assert agent.match(FILMS, name).guid.startswith("local://")


@given(
    st.lists(st.text(min_size=1, max_size=30).filter(lambda part: "/" not in part), min_size=1, max_size=3)
)
def test_no_name_is_too_odd(parts: list[str]) -> None:
    """Every path is read as something or nothing."""
    path = "/".join(parts) + ".mkv"
    film_name(path)
    episode_name(path)
    is_ignored(path, 1)
