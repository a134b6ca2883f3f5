"""TMDb and Plex in every kind of trouble: each ends in a clear state, and goes on when the trouble is over."""

from pathlib import Path
from typing import Any

from segue.demo.media_files import make
from segue.demo.tmdb_catalogue import FILMS
from tests.e2e.library import CONFIG, KEY, Library, faulty, library, side_by_side


async def takes_in(house: Library, tmdb_id: int) -> Path:
    """Ask for a film to be taken in, from outside the ingest folder: it need not be quiet first."""
    film = next(film for film in FILMS if film.tmdb_id == tmdb_id)
    name = f"{film.title}.{film.year}.1080p.BluRay.x264-GRP.mkv"
    path = make(house.place / "downloads" / name, film.runtime_min * 60.0, 200_000)
    await house.ctl("ingest", str(path), "--auto", "--yes")
    return path


async def waits_because(house: Library, path: Path, code: str) -> Any:
    """Wait until a file waits for a person for that reason, with a text and a next step."""
    job = await house.until_job(path, lambda job: job["phase"] == "reviewing")
    (reason,) = job["reasons"]
    assert reason["code"] == code, reason
    assert reason["text"], reason
    assert reason["hint"], reason
    return job


async def test_tmdb_and_plex_in_trouble(place: Path) -> None:
    """Four houses at the same time."""
    await side_by_side(
        place,
        tmdb_in_trouble_and_plex_away,
        silence_of_tmdb,
        without_a_key_everything_else_works,
        plex_has_no_such_library,
    )


async def tmdb_in_trouble_and_plex_away(place: Path) -> None:
    """What TMDb refuses, spoils or keeps back waits with the reason; Plex is away all the time, and told at the end."""
    async with library(place) as house:
        await house.plex.shut_down()
        await a_wrong_key(house)
        await trouble(house, 348, "Alien", "tmdb_unavailable", status=500)
        await trouble(house, 679, "Aliens", "tmdb_unreadable", garbage=True)
        await trouble(house, 807, "Se7en", "tmdb_unavailable", half=True)
        await a_pause(house, 1271, "300", busy=1, retry_after="1")
        await a_pause(house, 14161, "2012", busy=2, retry_after=None)
        page = await house.page()
        assert page["tmdb"]["problem"] == ""
        assert len(page["scans"]) == 6, "every job has ended, though Plex has not heard of it"
        assert "nobody listens there" in page["scans"][0]["detail"]
        await a_long_pause(house)
        await house.plex.restart()
        await house.until(lambda: house.plex.scanner.log, "a scan")
        await house.until_on_disk()
        await house.segued.kill()
        await house.segued.start()
        await house.until(lambda: len({scan.path for scan in house.plex.scanner.log}) == 6, "six scans")


async def a_wrong_key(house: Library) -> None:
    """401: the key is named, not shown, and `doctor` finds it."""
    house.tmdb.key = "another"
    path = await takes_in(house, 603)
    job = await waits_because(house, path, "tmdb_refused")
    said = await house.ctl("doctor", check=1)
    assert "api_key_file" in said
    assert KEY not in said
    house.tmdb.key = KEY
    await house.ctl("review", "retry", job["job_id"])
    await house.until_entry("The Matrix")


async def trouble(house: Library, tmdb_id: int, title: str, code: str, **faults: Any) -> None:
    """An answer of no use: the file waits, is asked about again, and goes in."""
    with faulty(house, **faults):
        path = await takes_in(house, tmdb_id)
        job = await waits_because(house, path, code)
        assert job["candidates"] == [] or code != "tmdb_refused"
    await house.ctl("review", "retry", job["job_id"])
    await house.until_entry(title)


async def a_pause(house: Library, tmdb_id: int, title: str, **faults: Any) -> None:
    """429 a few times, with or without a word of when to come back: nobody has to do anything."""
    with faulty(house, **faults):
        await takes_in(house, tmdb_id)
        await house.until_entry(title)


async def a_long_pause(house: Library) -> None:
    """429 and an hour to wait: it is told, and asked again later."""
    with faulty(house, busy=1, retry_after="3600"):
        path = await takes_in(house, 530915)
        job = await waits_because(house, path, "tmdb_busy")
        assert "left alone" in job["reasons"][0]["text"]


async def silence_of_tmdb(place: Path) -> None:
    """No answer at all: the house answers meanwhile, and the question is asked again."""
    async with library(place) as house:
        with faulty(house, silent=True):
            path = await takes_in(house, 900009)
            await house.until(lambda: house.tmdb.asked, "asked")
            job = await house.until_job(path, lambda job: job["stage"] == "identify")
            assert job["phase"] == "working"
        await house.until_entry("Glass Orchard")


async def without_a_key_everything_else_works(place: Path) -> None:
    """Files wait with that reason; whoever knows the film gives its id, and it goes in under the name that it has."""
    config = "\n".join(line for line in CONFIG.splitlines() if "api_key_file" not in line)
    async with library(place, config=config) as house:
        path = house.arrive()
        job = await waits_because(house, path, "no_tmdb_key")
        assert "api_key_file" in job["reasons"][0]["hint"]
        await house.ctl("review", "id", job["job_id"], "--tmdb", "603", "--film", "--yes", "--wait")
        entry = await house.until_entry("The Matrix")
        assert entry["files"][0]["path"] == "The Matrix (1999)/The Matrix (1999) - 1080p BluRay.mkv"
        assert house.tmdb.asked == []
        episode = house.arrive("Harbour.Lights.S01E02.720p.HDTV-GRP.mkv", duration_s=2700.0)
        job = await waits_because(house, episode, "no_tmdb_key")
        await house.ctl("review", "id", job["job_id"], "--tmdb", "910001", "--show", "--yes", "--wait")
        entry = await house.until_entry("Harbour Lights")
        assert entry["files"][0]["path"] == "Harbour Lights/Season 01/Harbour Lights - S01E02.mkv"


async def plex_has_no_such_library(place: Path) -> None:
    """The film is in, the log says which folder nobody has, and nothing is asked again and again."""

    def without_films(house: Library) -> None:
        for key in [k for k, section in house.plex.library.sections.items() if section.title == "Films"]:
            del house.plex.library.sections[key]

    async with library(place, before=without_films) as house:
        house.arrive()
        await house.until_entry("The Matrix")
        await house.until(lambda: house.segued.log_lines("warning"), "a warning")
        (line,) = house.segued.log_lines("warning")
        assert str(house.movies) in line
        assert "plex_paths" in line or "Add the folder" in line
        page = await house.page()
        assert (page["queue"], page["scans"]) == ([], [])
        assert str(house.movies) in await house.ctl("doctor", check=1)
