"""Real files dropped into a running `segued`: named, verified, scanned and in the history."""

from collections import Counter
from pathlib import Path

import trio

from segue.demo.media_files import make, make_ts
from tests.e2e.library import MATRIX, Library, library, sha256

FILM = "Movies/The Matrix (1999)/The Matrix (1999) - 1080p BluRay.mkv"
SHOW = "TV Shows/Breaking Bad"
EPISODE_S = 48 * 60.0
TAIL = "1080p.WEB-DL.x264-GRP.mkv"
BOTH = "...And the Bag's in the River + Cancer Man"
SEASON = {
    f"Breaking.Bad.S01E01.{TAIL}": "Season 01/Breaking Bad - S01E01 - Pilot.mkv",
    f"Breaking.Bad.S01E02.{TAIL}": "Season 01/Breaking Bad - S01E02 - Cat's in the Bag.mkv",
    f"Breaking.Bad.S01E03E04.{TAIL}": f"Season 01/Breaking Bad - S01E03-E04 - {BOTH}.mkv",
    f"Breaking.Bad.S01E05.{TAIL}": "Season 01/Breaking Bad - S01E05 - Gray Matter.mkv",
    f"Breaking.Bad.S01E06.{TAIL}": "Season 01/Breaking Bad - S01E06 - Crazy Handful of Nothin'.mkv",
    f"Breaking.Bad.S00E02.Wedding.Day.{TAIL}": "Season 00/Breaking Bad - S00E02 - Wedding Day.mkv",
}


async def test_what_arrives_goes_where_it_belongs(place: Path) -> None:
    """One daemon, five stories at the same time; and TMDb is asked once for each title, not for each file."""
    async with library(place) as house:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(a_film_with_what_travels_along, house)
            nursery.start_soon(a_season_in_one_go, house)
            nursery.start_soon(a_hook_says_that_it_is_whole, house)
            nursery.start_soon(what_is_still_written_waits, house)
            nursery.start_soon(a_folder_is_moved_in, house)
        await the_same_film_comes_again(house)
        assert tmdb_was_spared(house)


async def a_film_with_what_travels_along(house: Library) -> None:
    """Subtitles come along, an advertisement does not, the source stays, and Plex looks once."""
    source = house.arrive(f"The.Matrix.1999.1080p.BluRay.x264-GRP/{MATRIX}")
    house.beside(source, ".en.srt")
    house.beside(source, ".en.forced.srt")
    house.beside(source, ".nfo", "<movie/>")
    (source.parent / "RARBG.txt").write_text("junk")
    await house.until(lambda: house.on_plex("The Matrix"))
    (entry,) = [e for e in await house.history() if e["title"] == "The Matrix"]
    endings = (".en.forced.srt", ".en.srt", ".mkv", ".nfo")
    assert [p for p in house.in_library() if "Matrix" in p] == [FILM.replace(".mkv", e) for e in endings]
    assert entry["files"][0]["sha256"] == sha256(source) == sha256(house.media / FILM)
    assert source.exists(), "a copy leaves its source alone"
    assert len(list(source.parent.iterdir())) == 5
    assert house.scans_of("Movies/The Matrix (1999)") == 1


async def a_season_in_one_go(house: Library) -> None:
    """Six files, one of two episodes and one special: six entries, and one look of Plex at the folder."""
    folder = "Breaking.Bad.S01.1080p.WEB-DL.x264-GRP"
    for name in SEASON:
        house.arrive(f"{folder}/{name}", duration_s=EPISODE_S * (2 if "E03E04" in name else 1))
    await house.until(lambda: house.on_plex("Breaking Bad"))
    assert {p for p in house.in_library() if p.startswith(SHOW)} == {f"{SHOW}/{p}" for p in SEASON.values()}
    entries = [e for e in await house.history() if e["title"] == "Breaking Bad"]
    episodes = sorted((e["season"], *e["episodes"]) for e in entries)
    assert episodes == [(0, 2), (1, 1), (1, 2), (1, 3, 4), (1, 5), (1, 6)]
    assert house.scans_of(SHOW) == 1


async def a_hook_says_that_it_is_whole(house: Library) -> None:
    """A transport stream proves nothing by itself; with the word of the download client it goes in at once."""
    name = "Se7en.1995.720p.HDTV.x264-GRP.ts"
    path = house.ingest / name
    make_ts(path, 127 * 60.0, 400_000)
    said = await house.ctl("event", "download-complete", str(path))
    assert "for whole" in said
    job = await house.until_entry("Se7en")
    assert job["files"][0]["path"].endswith("(1995) - 720p HDTV.ts")


async def what_is_still_written_waits(house: Library) -> None:
    """A file that somebody has open for writing is not taken in, however quiet it is; then it is."""
    path = house.arrive("Alien.1979.1080p.BluRay.x264-GRP.mkv", duration_s=117 * 60.0)
    with path.open("ab"):
        job = await house.until_job(path, lambda job: "still writes it" in job["detail"])
        assert job["phase"] in ("settling", "probing")
    await house.until_entry("Alien")


async def a_folder_is_moved_in(house: Library) -> None:
    """One event for a whole folder is enough; and what has a temporary name is not looked at."""
    folder = house.place / "elsewhere" / "Aliens.1986.1080p.BluRay.x264-GRP"
    make(folder / "Aliens.1986.1080p.BluRay.x264-GRP.mkv", 137 * 60.0, 300_000)
    make(folder / "sample" / "aliens-sample.mkv", 30.0, 70_000)
    (folder / "Aliens.2.mkv.part").write_bytes(b"half")
    folder.rename(house.ingest / folder.name)
    await house.until_entry("Aliens")
    assert [p for p in house.in_library() if "Aliens" in p] == [
        "Movies/Aliens (1986)/Aliens (1986) - 1080p BluRay.mkv"
    ]


async def the_same_film_comes_again(house: Library) -> None:
    """The same bytes under another name are success, and change nothing; other bytes are a person's to decide."""
    before = house.in_library()
    again = house.ingest / "The.Matrix.1999.1080p.BluRay.x264-OTHERS.mkv"
    again.write_bytes((house.media / FILM).read_bytes())
    entries = await house.until_entries("The Matrix", 2)
    assert [e["files"][0]["method"] for e in entries] == ["already there", "copy"]
    house.arrive("The.Matrix.1999.1080p.BluRay.x264-THIRD.mkv", size=410_000)
    (job,) = await house.until_review()
    assert [reason["code"] for reason in job["reasons"]] == ["library_has_it"]
    assert "--keep-both" in job["reasons"][0]["hint"]
    assert house.in_library() == before


def tmdb_was_spared(house: Library) -> bool:
    """At most one search and one page of details for each title, one page for each season."""
    asked = Counter(asked.path for asked in house.tmdb.asked)
    titles = 5
    searches = asked.pop("/3/search/movie") + asked.pop("/3/search/tv")
    assert searches <= titles, house.tmdb.asked
    assert max(asked.values()) == 1, asked
    return True
