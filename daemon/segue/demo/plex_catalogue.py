"""An invented library: music, films and shows. No such work exists; lengths and loudness are made up.

Two of the four albums were analysed for loudness, one in part, one not at all, as happens on real servers, which
analyse at night.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from segue.demo.plex_library import File, Item, Library, Loudness, Section

ADDED_AT: Final = 1_700_000_000
"""When the library was made, as wall time."""

Song = tuple[str, int, float | None]
"""Title, length in seconds, loudness in LUFS if known."""

ALBUMS: Final[Sequence[tuple[str, str, int, float | None, Sequence[Song]]]] = (
    (
        "The Loopbacks", "First Light on the Wire", 2014, -9.6,
        [
            ("Handshake", 214, -8.4),
            ("Nagle's Waltz", 187, -10.1),
            ("Slow Start", 305, -12.9),
            ("Window Scale", 241, -8.9),
            ("Keepalive", 198, -9.3),
            ("Half Closed", 262, -11.7),
        ],
    ),
    (
        "The Loopbacks", "Acknowledged", 2019, -8.2,
        [
            ("Out of Order", 176, -7.6),
            ("Duplicate", 176, None),
            ("Sliding", 233, -8.8),
            ("Fin", 401, None),
        ],
    ),
    (
        "Ada Quill & the Ledger", "Double Entry", 1978, -18.5,
        [
            ("Carried Forward", 254, -18.0),
            ("Small Change", 143, -19.2),
            ("The Long Column", 512, -20.4),
            ("Balance", 228, -16.1),
            ("Coda: Closing the Books", 97, -23.0),
        ],
    ),
    (
        "Ensemble Käferpaß", "Nächtliche Gänge – Live", 2022, None,
        [
            ("Ouvertüre (Öffnung)", 331, None),
            ("夜の歩行", 289, None),
            ("Rain & Thunder <Remix>", 205, None),
            ("\"Quoted\" Silence", 61, None),
            ("Abgang", 1260, None),
        ],
    ),
)  # fmt: skip

FILMS: Final[Sequence[tuple[str, int, int, int, Sequence[str], str]]] = (
    ("The Lighthouse Keeper's Radio", 1962, 6120, 480, ["Drama"], "900001"),
    ("Midnight at Platform Nine", 1987, 5460, 1080, ["Thriller"], "900002"),
    ("A Field Guide to Clouds", 2003, 7380, 1080, ["Documentary"], "900003"),
    ("Orbit of the Paper Moon", 2011, 8820, 2160, ["Science Fiction", "Drama"], "900004"),
    ("Orbit of the Paper Moon", 2024, 9300, 2160, ["Science Fiction"], "900005"),
    ("Two Minutes", 2016, 120, 720, ["Short"], "900006"),
)
"""Title, year, length in seconds, lines, genres, id at TMDb. Two of them share a title."""

SHOWS: Final[Sequence[tuple[str, int, int, Sequence[Sequence[str]], str]]] = (
    (
        "Harbour Street", 2018, 1500,
        [["Pilot", "Fog", "The Wrong Boat"], ["Return", "Low Tide"]],
        "950001",
    ),
    ("Small Hours", 2021, 2640, [["One", "Two"]], "950002"),
)  # fmt: skip
"""Title, year, length of an episode in seconds, titles by season, id at TMDb."""


def make_library(now: Callable[[], float] = time.time) -> Library:
    """Make the invented library. The same rating keys every time."""
    films = Section(
        1,
        "movie",
        "Films",
        "tv.plex.agents.movie",
        "Plex Movie",
        ("/srv/media/Films",),
        "b0a0c3f0-1d7a-4a3e-9c51-0f0000000001",
    )
    shows = Section(
        2,
        "show",
        "Television",
        "tv.plex.agents.series",
        "Plex TV Series",
        ("/srv/media/Television",),
        "b0a0c3f0-1d7a-4a3e-9c51-0f0000000002",
    )
    music = Section(
        3,
        "artist",
        "Music",
        "tv.plex.agents.music",
        "Plex Music",
        ("/srv/media/Music",),
        "b0a0c3f0-1d7a-4a3e-9c51-0f0000000003",
    )
    library = Library([films, shows, music], now=now)
    for artist in _artists():
        library.add(music, artist, at=ADDED_AT)
    for title, year, seconds, lines, genres, tmdb in FILMS:
        library.add(films, make_film(title, year, seconds, lines, genres, tmdb), at=ADDED_AT)
    for title, year, seconds, seasons, tmdb in SHOWS:
        library.add(shows, _show(title, year, seconds, seasons, tmdb), at=ADDED_AT)
    return library


def make_film(
    title: str,
    year: int,
    seconds: int,
    lines: int = 1080,
    genres: Sequence[str] = (),
    tmdb: str = "",
) -> Item:
    """Make a film that is not in a library yet. `lines` is the height of the picture."""
    path = f"/srv/media/Films/{title} ({year})/{title} ({year}).mkv"
    return Item(
        "movie",
        title,
        external=(f"tmdb://{tmdb}", f"imdb://tt{tmdb:0>7}") if tmdb else (),
        year=year,
        duration_ms=seconds * 1000,
        genres=tuple(genres),
        studio="Paper Moon Pictures",
        summary=f"An invented film of {year}.",
        files=[_video_file(path, lines)],
    )


def make_track(title: str, seconds: float, *, index: int = 1, loudness: Loudness | None = None) -> Item:
    """Make a track that is not in a library yet."""
    return Item(
        "track",
        title,
        index=index,
        duration_ms=round(seconds * 1000),
        loudness=loudness,
        files=[File(f"/srv/media/Music/{index:02} {title}.flac", "flac", "flac", 912)],
    )


def _artists() -> list[Item]:
    artists: dict[str, Item] = {}
    for name, title, year, album_loudness, songs in ALBUMS:
        artist = artists.setdefault(
            name, Item("artist", name, genres=("Invented",), summary=f"{name} do not exist.")
        )
        tracks = [
            make_track(song, seconds, index=number, loudness=_loudness(lufs, album_loudness))
            for number, (song, seconds, lufs) in enumerate(songs, 1)
        ]
        artist.children.append(
            Item("album", title, index=1, year=year, studio="Loopback Records", children=tracks)
        )
    return list(artists.values())


def _loudness(lufs: float | None, album_lufs: float | None) -> Loudness | None:
    return None if lufs is None or album_lufs is None else Loudness(lufs, album_lufs)


def _show(title: str, year: int, seconds: int, seasons: Sequence[Sequence[str]], tmdb: str) -> Item:
    show = Item(
        "show",
        title,
        external=(f"tmdb://{tmdb}", f"tvdb://{tmdb}"),
        year=year,
        duration_ms=seconds * 1000,
        studio="Harbour Television",
        summary="An invented show.",
        genres=("Drama",),
    )
    for number, episodes in enumerate(seasons, 1):
        season = Item("season", f"Season {number}", index=number)
        for index, name in enumerate(episodes, 1):
            path = f"/srv/media/Television/{title}/Season {number:02}/{title} - s{number:02}e{index:02}.mkv"
            season.children.append(
                Item(
                    "episode",
                    name,
                    index=index,
                    year=year + number - 1,
                    duration_ms=seconds * 1000,
                    files=[_video_file(path, 1080)],
                )
            )
        show.children.append(season)
    return show


def _video_file(path: str, lines: int) -> File:
    bitrate = {480: 1800, 720: 4200, 1080: 9800}.get(lines, 24000)
    return File(
        path,
        "mkv",
        "eac3" if lines > 1000 else "aac",
        bitrate,
        channels=6 if lines > 1000 else 2,
        video_codec="hevc" if lines > 2000 else "h264",
        width=lines * 16 // 9,
        height=lines,
        sampling_rate=48000,
    )
