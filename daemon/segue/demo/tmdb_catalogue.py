"""What the simulated TMDb knows: some dozens of films and shows, half of them invented, with the real one's troubles.

Titles, years, lengths and ids of real works are facts; votes and popularity are of the right order. Written by hand:
remakes of one title, sequels, titles in several languages, years that differ elsewhere, specials, dated and absolute
episodes.
"""

from collections.abc import Sequence

from segue.demo.tmdb_generator import make_catalogue
from segue.demo.tmdb_records import Catalogue, EpisodeRecord, FilmRecord, ShowRecord

__all__ = [
    "FILMS",
    "SHOWS",
    "Catalogue",
    "EpisodeRecord",
    "FilmRecord",
    "ShowRecord",
    "episodes",
    "hand_written",
    "make_catalogue",
]


def episodes(
    *titles: str, first: int = 1, runtime_min: int = 45, dates: Sequence[str] = ()
) -> tuple[EpisodeRecord, ...]:
    """Number episodes from `first` on."""
    return tuple(
        EpisodeRecord(first + n, title, dates[n] if n < len(dates) else "", runtime_min)
        for n, title in enumerate(titles)
    )


FILMS: tuple[FilmRecord, ...] = (
    FilmRecord(603, "The Matrix", "1999-03-31", 136, 26_000, 88.0, imdb_id="tt0133093", rerelease_year=2021),
    FilmRecord(604, "The Matrix Reloaded", "2003-05-15", 138, 10_900, 51.0, imdb_id="tt0234215"),
    FilmRecord(605, "The Matrix Revolutions", "2003-11-05", 129, 9_900, 45.0, imdb_id="tt0242653"),
    FilmRecord(624860, "The Matrix Resurrections", "2021-12-16", 148, 5_900, 120.0, imdb_id="tt10838180"),
    FilmRecord(348, "Alien", "1979-05-25", 117, 14_500, 60.0, imdb_id="tt0078748"),
    FilmRecord(679, "Aliens", "1986-07-18", 137, 9_800, 52.0, imdb_id="tt0090605"),
    FilmRecord(438631, "Dune", "2021-09-15", 155, 12_700, 90.0, imdb_id="tt1160419"),
    FilmRecord(841, "Dune", "1984-12-14", 137, 3_100, 25.0, imdb_id="tt0087182"),
    FilmRecord(
        194,
        "Amélie",
        "2001-04-25",
        122,
        11_800,
        30.0,
        "Le fabuleux destin d'Amélie Poulain",
        ("Amelie from Montmartre",),
    ),
    FilmRecord(
        129,
        "Spirited Away",
        "2001-07-20",
        125,
        17_000,
        80.0,
        "千と千尋の神隠し",
        ("Sen to Chihiro no Kamikakushi",),
    ),
    FilmRecord(
        101, "Léon: The Professional", "1994-09-14", 110, 14_900, 70.0, "Léon", ("The Professional", "Leon")
    ),
    FilmRecord(10681, "WALL·E", "2008-06-22", 98, 19_000, 75.0, alternative_titles=("WALL-E",)),
    FilmRecord(530915, "1917", "2019-12-25", 119, 12_500, 40.0, imdb_id="tt8579674"),
    FilmRecord(14161, "2012", "2009-10-10", 158, 11_900, 60.0, imdb_id="tt1190080"),
    FilmRecord(1271, "300", "2007-03-07", 117, 13_900, 55.0),
    FilmRecord(807, "Se7en", "1995-09-22", 127, 21_000, 66.0, alternative_titles=("Seven",)),
    FilmRecord(900001, "The Lighthouse Keeper's Clock", "2017-10-06", 103, 812, 7.1),
    FilmRecord(900002, "The Lighthouse Keeper", "2017-03-01", 96, 95, 2.2),
    FilmRecord(900003, "Paper Harbour", "2012-05-18", 111, 1_420, 6.4, "Papierhafen", ("Harbour of Paper",)),
    FilmRecord(900004, "Paper Harbour", "1968-11-02", 89, 61, 1.3),
    FilmRecord(900005, "Night Train to Odense", "2020-01-12", 94, 230, 3.9),
    FilmRecord(900006, "Night Train to Odense 2", "2022-02-11", 101, 120, 3.1),
    FilmRecord(900007, "Copper & Salt", "2015-08-21", 118, 640, 5.5, alternative_titles=("Copper and Salt",)),
    FilmRecord(900008, "The Weathermaker: A Winter's Tale", "2009-12-04", 99, 410, 4.4),
    FilmRecord(900009, "Glass Orchard", "2023-06-30", 127, 980, 14.0),
    FilmRecord(900010, "A Quiet Field", "1974-02-01", 84, 40, 0.9),
)

SHOWS: tuple[ShowRecord, ...] = (
    ShowRecord(
        1396,
        "Breaking Bad",
        "2008-01-20",
        {
            1: episodes(
                "Pilot", "Cat's in the Bag...", "...And the Bag's in the River", "Cancer Man", "Gray Matter",
                "Crazy Handful of Nothin'", "A No-Rough-Stuff-Type Deal", runtime_min=48,
            ),
            2: episodes("Seven Thirty-Seven", "Grilled", "Bit by a Dead Bee", "Down", runtime_min=48),
        },
        14_000,
        430.0,
        imdb_id="tt0903747",
        tvdb_id=81189,
    ),
    ShowRecord(2316, "The Office", "2005-03-24", {1: episodes("Pilot", "Diversity Day", "Health Care", runtime_min=22)},
               4_200, 250.0, alternative_titles=("The Office US",), tvdb_id=73244),
    ShowRecord(2996, "The Office", "2001-07-09", {1: episodes("Downsize", "Work Experience", "The Quiz")},
               900, 60.0, alternative_titles=("The Office UK",), tvdb_id=78107),
    ShowRecord(
        910001,
        "Harbour Lights",
        "2014-09-01",
        {
            0: episodes("Behind the Harbour", runtime_min=30),
            1: episodes("The Tide", "Low Water", "High Water", "Salt"),
            2: episodes("Return", "Fog", "Beacon"),
        },
        310,
        8.0,
        tvdb_id=410001,
    ),
    ShowRecord(
        910002,
        "The Late Desk",
        "2019-01-07",
        {
            2024: episodes(
                "Ada Stone", "Ben Carver", "Cleo Marsh",
                dates=("2024-03-04", "2024-03-05", "2024-03-06"), runtime_min=40,
            )
        },
        150,
        5.0,
    ),
    ShowRecord(
        910003,
        "Sky Lantern Academy",
        "2011-04-05",
        {
            1: episodes(*(f"Lantern {n}" for n in range(1, 14)), runtime_min=24),
            2: episodes(*(f"Sky {n}" for n in range(1, 13)), runtime_min=24),
        },
        760,
        12.0,
        "空灯学園",
        ("Soratomo Gakuen",),
        tvdb_id=410003,
    ),
)  # fmt: skip


def hand_written() -> Catalogue:
    """Give the films and shows of this page."""
    return Catalogue(FILMS, SHOWS)
