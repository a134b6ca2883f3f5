"""What the simulated TMDb knows: some dozens of films and shows, half of them invented, with the real one's troubles.

Titles, years, lengths and ids of real works are facts; votes and popularity are of the right order, and dates of
episodes, a week apart, are made up. Written by hand: remakes of one title, sequels, titles in several languages, years
that differ elsewhere, films without a date or a length, specials, dated and absolute episodes.
"""

from datetime import date, timedelta

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
    begins: str, *titles: str, first: int = 1, runtime_min: int = 45, days: int = 7
) -> tuple[EpisodeRecord, ...]:
    """Number episodes from `first` on, and date them from a day on, so many days apart."""
    day = date.fromisoformat(begins)
    return tuple(
        EpisodeRecord(first + n, title, (day + timedelta(days * n)).isoformat(), runtime_min)
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
    FilmRecord(900005, "Night Train to Odense", "2020-01-12", 94, 230, 3.9, named_year=2019),
    FilmRecord(900006, "Night Train to Odense 2", "2022-02-11", 101, 120, 3.1),
    FilmRecord(900007, "Copper & Salt", "2015-08-21", 118, 640, 5.5, alternative_titles=("Copper and Salt",)),
    FilmRecord(900008, "The Weathermaker: A Winter's Tale", "2009-12-04", 99, 410, 4.4),
    FilmRecord(900009, "Glass Orchard", "2023-06-30", 127, 980, 14.0),
    FilmRecord(900010, "A Quiet Field", "1974-02-01", 84, 40, 0.9),
    FilmRecord(900011, "Papierhafen", "1999-09-09", 92, 33, 0.8, original_language="de"),
    FilmRecord(900012, "The Unfinished Bridge", "", 0, 3, 0.6),
    FilmRecord(900013, "Glass Orchard: The Making Of", "2023-09-12", 31, 12, 0.7),
    FilmRecord(
        900014,
        "The Ferryman's Winter",
        "1961-11-17",
        97,
        74,
        1.9,
        "Зима паромщика",
        ("Zima paromshchika",),
        original_language="ru",
        rerelease_year=2011,
    ),
)

SHOWS: tuple[ShowRecord, ...] = (
    ShowRecord(
        1396,
        "Breaking Bad",
        "2008-01-20",
        {
            0: episodes("2009-02-17", "Good Cop / Bad Cop", "Wedding Day", runtime_min=5),
            1: episodes(
                "2008-01-20", "Pilot", "Cat's in the Bag...", "...And the Bag's in the River", "Cancer Man",
                "Gray Matter", "Crazy Handful of Nothin'", "A No-Rough-Stuff-Type Deal", runtime_min=48,
            ),
            2: episodes(
                "2009-03-08", "Seven Thirty-Seven", "Grilled", "Bit by a Dead Bee", "Down", runtime_min=48
            ),
        },
        14_000,
        430.0,
        imdb_id="tt0903747",
        tvdb_id=81189,
    ),
    ShowRecord(
        2316,
        "The Office",
        "2005-03-24",
        {1: episodes("2005-03-24", "Pilot", "Diversity Day", "Health Care", runtime_min=22)},
        4_200,
        250.0,
        alternative_titles=("The Office US",),
        imdb_id="tt0386676",
        tvdb_id=73244,
    ),
    ShowRecord(
        2996,
        "The Office",
        "2001-07-09",
        {1: episodes("2001-07-09", "Downsize", "Work Experience", "The Quiz", runtime_min=30)},
        900,
        60.0,
        alternative_titles=("The Office UK",),
        imdb_id="tt0290978",
        tvdb_id=78107,
    ),
    ShowRecord(
        910001,
        "Harbour Lights",
        "2014-09-01",
        {
            0: episodes("2014-12-24", "Behind the Harbour", runtime_min=30),
            1: episodes("2014-09-01", "The Tide", "Low Water", "High Water", "Salt"),
            2: episodes("2015-09-07", "Return", "Fog", "Beacon"),
        },
        310,
        8.0,
        imdb_id="tt9100010",
        tvdb_id=410001,
    ),
    ShowRecord(
        910002,
        "The Late Desk",
        "2019-01-07",
        {
            2023: episodes("2023-03-06", "Dora Vale", "Emil Hart", runtime_min=40, days=1),
            2024: episodes("2024-03-04", "Ada Stone", "Ben Carver", "Cleo Marsh", runtime_min=40, days=1),
        },
        150,
        5.0,
    ),
    ShowRecord(
        910003,
        "Sky Lantern Academy",
        "2011-04-05",
        {
            1: episodes("2011-04-05", *(f"Lantern {n}" for n in range(1, 14)), runtime_min=24),
            2: episodes("2012-04-03", *(f"Sky {n}" for n in range(1, 13)), runtime_min=24),
        },
        760,
        12.0,
        "空灯学園",
        ("Soratomo Gakuen",),
        tvdb_id=410003,
        original_language="ja",
    ),
    ShowRecord(
        910004,
        "Nine Tides",
        "2016-01-09",
        {
            1: episodes("2016-01-09", *(f"Tide {n}" for n in range(1, 13)), runtime_min=24),
            2: episodes("2017-01-07", *(f"Tide {n}" for n in range(13, 25)), first=13, runtime_min=24),
        },
        95,
        3.0,
        "九つの潮",
        ("Kokonotsu no Shio",),
        tvdb_id=410004,
        original_language="ja",
    ),
    ShowRecord(
        910005,
        "Das stille Ufer",
        "2018-10-02",
        {1: episodes("2018-10-02", *(f"Folge {n}" for n in range(1, 7)), runtime_min=50)},
        60,
        2.4,
        alternative_titles=("The Silent Shore",),
        original_language="de",
    ),
)  # fmt: skip


def hand_written() -> Catalogue:
    """Give the films and shows of this page."""
    return Catalogue(FILMS, SHOWS)
