"""The library adapter against the simulated Plex server, which was written without it and scans real folders."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from segue.adapters.http_client import HttpClient
from segue.adapters.plex import PlexError, PlexRefused, PlexUnavailable, PlexUnreadable
from segue.adapters.plex_library import ExternalIds, ItemOnServer, PlexLibrary, PlexNotFound, Section
from segue.demo.plex_agent import Work
from segue.demo.plex_faults import BodyFault
from segue.demo.plex_server import PlexServer
from tests.demo.heos_client import fresh_host

CANARY = "canary-token-5d3f"
LANTERN = Work("movie", "Paper Lantern", 1999, tmdb=55, imdb="tt0000055", seconds=5400)
REMAKE = Work("movie", "Paper Lantern", 2019, tmdb=56, seconds=6000)
IT = Work("movie", "It", 1990, tmdb=90)
FOREIGN = Work("movie", "Die Papierlaterne", 2007, tmdb=57, other_titles=("The Paper Lamp",))
HARBOUR = Work("show", "Harbour Lights", 2018, tmdb=77, tvdb=770, episodes={(1, 1): "Pilot"})


@dataclass
class House:
    """A server with empty libraries on the disk, and the adapter that asks it."""

    server: PlexServer
    plex: PlexLibrary
    disk: Path

    def section(self, kind: str, title: str, agent: str = "") -> Section:
        """Make a library of a folder."""
        (self.disk / title).mkdir(exist_ok=True)
        made = self.server.library.add_section(
            "show" if kind == "show" else "movie", title, self.disk / title, agent=agent
        )
        return Section(str(made.key), title, "show" if kind == "show" else "movie")

    async def put(self, section: Section, *names: str) -> None:
        """Put files into a library's folder and have each one's folder scanned by the adapter's order."""
        for name in names:
            path = self.disk / section.title / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"v" * 100)
            await self.plex.scan_folder(section.key, str(path.parent))
        await self.server.scanner.wait()

    async def film(self, tmdb: int, *titles: str, year: int | None = None) -> list[str]:
        """Find the files of a film."""
        found = await self.plex.find_by_guid("movie", ExternalIds(tmdb=tmdb), titles, year)
        return [Path(file.path).name for item in found for file in item.files]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    with trio.fail_after(60):
        async with (
            PlexServer(host=fresh_host(), port=0, token=CANARY) as server,
            HttpClient("segue-test/1") as http,
        ):
            server.agent.tell(LANTERN, REMAKE, IT, FOREIGN, HARBOUR)
            yield House(server, PlexLibrary(server.url, lambda: CANARY, "our-own-id", http), tmp_path)


async def test_sections_and_the_server_are_read(house: House) -> None:
    """With their folders; and how much is in them."""
    made = house.section("movie", "Cinema")
    await house.put(made, "Paper Lantern (1999)/a.mkv")
    sections = {section.title: section for section in await house.plex.sections()}
    assert list(sections) == ["Films", "Television", "Music", "Cinema"]
    cinema = sections["Cinema"]
    assert cinema.locations == (str(house.disk / "Cinema"),)
    assert (cinema.kind, cinema.agent, cinema.refreshing) == ("movie", "tv.plex.agents.movie", False)
    assert cinema.scanned_at is not None
    assert await house.plex.count(cinema) == 1
    assert await house.plex.count(sections["Music"]) == 3
    status = await house.plex.server_status()
    assert (status.name, status.version) == ("Cellar", house.server.name.version)


async def test_a_film_is_told_from_its_remake(house: House) -> None:
    """By the id, whatever the title; with each of its versions."""
    cinema = house.section("movie", "Cinema")
    await house.put(
        cinema,
        "Paper Lantern (1999)/old - 1080p.mkv",
        "Paper Lantern (1999)/old - 2160p.mkv",
        "Paper Lantern (2019)/new.mkv",
    )
    assert await house.film(55, "Paper Lantern", year=1999) == ["old - 1080p.mkv", "old - 2160p.mkv"]
    assert await house.film(56, "Paper Lantern") == ["new.mkv"]
    assert await house.film(4711, "Paper Lantern", year=1999) == []
    (item,) = await house.plex.find_by_guid("movie", ExternalIds(imdb="tt0000055"), ["Lantern"])
    assert [(file.resolution, file.size) for file in item.files] == [("1080", 100), ("4k", 100)]
    assert item.folders == (str(house.disk / "Cinema/Paper Lantern (1999)"),)
    assert (item.ids.tmdb, item.year, item.section_key) == (55, 1999, cinema.key)


async def test_a_film_with_another_title_is_found_by_its_year(house: House) -> None:
    """Also when the year is off by one; without a year it cannot be."""
    await house.put(house.section("movie", "Kino"), "The Paper Lamp (2007)/a.mkv")
    assert await house.film(57, "The Paper Lamp", year=2006) == ["a.mkv"]
    assert await house.film(57, "The Paper Lamp") == []


async def test_a_title_that_is_in_many_others_is_found(house: House) -> None:
    """Although it is not on the first page of those that have it."""
    cinema = house.section("movie", "Cinema")
    for number in range(30):
        house.server.agent.tell(Work("movie", f"Bit {number}", 2000, tmdb=1000 + number))
    await house.put(cinema, *[f"Bit {number} (2000)/a.mkv" for number in range(30)], "It (1990)/it.mkv")
    house.plex._page_items = 10
    assert await house.film(90, "It", year=1990) == ["it.mkv"]
    assert await house.film(90, "It") == ["it.mkv"]
    assert await house.film(1029, "Bit 29", year=2001) == ["a.mkv"]


async def test_a_comma_in_a_title_is_no_alternative(house: House) -> None:
    """Everything has an "a" in it."""
    tale = "Snow, a Tale"
    house.server.agent.tell(Work("movie", tale, 2001, tmdb=60))
    await house.put(
        house.section("movie", "Cinema"), *[f"{name} (2001)/a.mkv" for name in ("Ada", "Adam", tale)]
    )
    house.plex._page_items = 2
    assert await house.film(60, tale) == ["a.mkv"]
    assert len([path for _, _, path in house.server.requests if path.endswith("/all")]) == 2


async def test_a_film_in_two_libraries_is_found_in_both(house: House) -> None:
    """Also where one of them is of an older agent, whose guid is the id."""
    old = house.section("movie", "Old", agent="com.plexapp.agents.themoviedb")
    new = house.section("movie", "New")
    await house.put(old, "Paper Lantern (1999)/old.mkv")
    await house.put(new, "Paper Lantern (1999)/new.mkv")
    assert await house.film(55, "Paper Lantern", year=1999) == ["old.mkv", "new.mkv"]


@pytest.mark.parametrize("agent", ["", "com.plexapp.agents.thetvdb"])
async def test_a_show_is_found_with_its_episodes(house: House, agent: str) -> None:
    """With the folder that it has, though it is named otherwise than we would."""
    series = house.section("show", "Series", agent)
    await house.put(
        series,
        "Harbour Lights/Season 01/Harbour Lights - s01e01-e02.mkv",
        "Harbour Lights/Specials/Harbour Lights - s00e01.mkv",
    )
    (show,) = await house.plex.find_by_guid("show", ExternalIds(tmdb=77, tvdb=770), ["Harbour Lights"], 2018)
    assert show.folders == (str(house.disk / "Series/Harbour Lights"),)
    assert [(e.season, e.number, len(e.files)) for e in show.episodes] == [(0, 1, 1), (1, 1, 1), (1, 2, 1)]
    assert show.episodes[1].title == "Pilot"


async def test_an_unmatched_film_has_no_id_to_be_found_by(house: House) -> None:
    """A server that is cut off from its maker files it under its name."""
    house.server.agent.offline = True
    await house.put(house.section("movie", "Cinema"), "Paper Lantern (1999)/a.mkv")
    assert await house.film(55, "Paper Lantern", year=1999) == []


async def test_a_deleted_film_is_gone_after_a_scan(house: House) -> None:
    """Of its folder, which is gone as well."""
    cinema = house.section("movie", "Cinema")
    await house.put(cinema, "Paper Lantern (1999)/a.mkv")
    folder = house.disk / "Cinema/Paper Lantern (1999)"
    (folder / "a.mkv").unlink()
    folder.rmdir()
    assert await house.plex.scan_folder(cinema.key, str(folder)) == "scan-4-2"
    await house.server.scanner.wait()
    assert await house.film(55, "Paper Lantern") == []


async def test_an_items_metadata_is_fetched_anew(house: House) -> None:
    """Everybody hears of it."""
    async with house.server.listeners.listen("timeline") as frames:
        await house.plex.refresh_item("3")
        frame = await frames.receive()
    assert frame["NotificationContainer"]["TimelineEntry"][0]["itemID"] == "3"
    with pytest.raises(PlexNotFound):
        await house.plex.refresh_item("99999")
    with pytest.raises(PlexNotFound):
        await house.plex.scan_section("77")


async def test_a_whole_section_is_scanned(house: House) -> None:
    """Without a path."""
    cinema = house.section("movie", "Cinema")
    (house.disk / "Cinema/It (1990).mkv").write_bytes(b"v")
    await house.plex.scan_section(cinema.key)
    await house.server.scanner.wait()
    assert await house.film(90, "It") == ["It (1990).mkv"]


@pytest.mark.parametrize("fault", ["html", "truncated", "empty", "no_sessions", "laughs", "huge"])
async def test_a_bad_listing_is_unknown_and_never_empty(house: House, fault: BodyFault) -> None:
    """Whatever stands there instead."""
    cinema = house.section("movie", "Cinema")
    await house.put(cinema, "Paper Lantern (1999)/a.mkv")
    house.server.faults.body, house.server.faults.body_paths = fault, ("/library",)
    with pytest.raises(PlexUnreadable):
        await house.film(55, "Paper Lantern")
    house.server.faults.body_paths = (f"/library/sections/{cinema.key}/all",)
    if fault != "huge":  # as long as that is allowed to be: spaces at the end
        with pytest.raises(PlexUnreadable):
            await house.film(55, "Paper Lantern")


async def test_bad_bytes_in_a_title_do_not_hide_a_film(house: House) -> None:
    """Its id is all that counts."""
    await house.put(house.section("movie", "Cinema"), "Paper Lantern (1999)/a.mkv")
    house.server.faults.body, house.server.faults.body_paths = "invalid_bytes", ("/library",)
    assert await house.film(55, "Paper Lantern") == ["a.mkv"]


async def test_a_server_that_starts_or_refuses_is_told_apart(house: House) -> None:
    """From one that has nothing."""

    async def failure() -> PlexError:
        with pytest.raises(PlexError) as caught:
            await house.plex.find_by_guid("movie", ExternalIds(tmdb=55), ["x"])
        assert CANARY not in str(caught.value)
        return caught.value

    house.server.faults.starting = True
    assert isinstance(await failure(), PlexUnavailable)
    house.server.faults.starting = False
    house.server.faults.unauthorized, house.server.faults.hit = True, ("/library",)
    assert isinstance(await failure(), PlexRefused)
    await house.server.shut_down()
    assert isinstance(await failure(), PlexUnavailable)


def test_folders_of_nothing_are_none() -> None:
    """An item without files has no folder."""
    assert ItemOnServer("1", "movie", "x").folders == ()
