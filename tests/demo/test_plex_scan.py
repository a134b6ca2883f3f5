"""The simulated server scans real folders; python-plexapi, which knows nothing of us, orders it and looks."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
import trio
from plexapi import server as api_server

from segue.demo.plex_agent import Work
from segue.demo.plex_library import Section
from segue.demo.plex_scanner import Scan
from segue.demo.plex_server import PlexServer
from tests.demo.heos_client import fresh_host

PlexApi: Any = api_server.PlexServer  # it has no types
T = TypeVar("T")
LANTERN = Work("movie", "Paper Lantern", 1999, tmdb=55, imdb="tt0000055", seconds=5400)
HARBOUR = Work(
    "show",
    "Harbour Lights",
    2018,
    tmdb=77,
    tvdb=770,
    episodes={(1, 1): "Pilot", (1, 2): "Fog", (2, 1): "Gale"},
    dates={"2024-03-05": (2, 1)},
)


@dataclass
class Household:
    """A server with a section of films and one of shows on the disk, and the client that looks at it."""

    server: PlexServer
    films: Section
    shows: Section
    disk: Path
    api: Any

    async def see(self, look: Callable[[Any], T]) -> T:
        """Let the client do something, as it blocks meanwhile."""
        return await trio.to_thread.run_sync(look, self.api)

    async def scan(self, title: str = "Cinema", path: Path | None = None) -> Scan:
        """Let the client order a scan, and wait for its end."""
        folder = None if path is None else str(path)
        await self.see(lambda api: api.library.section(title).update(path=folder))
        await self.server.scanner.wait()
        return self.server.scanner.log[-1]


def write(path: Path, size: int = 1000) -> Path:
    """Put a file on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"v" * size)
    return path


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Household]:
    session = requests.Session()
    (tmp_path / "Films").mkdir()
    (tmp_path / "Shows").mkdir()
    with trio.fail_after(60):
        async with PlexServer(host=fresh_host(), port=0) as server:
            server.agent.tell(LANTERN, HARBOUR)
            films = server.library.add_section("movie", "Cinema", tmp_path / "Films")
            shows = server.library.add_section("show", "Series", tmp_path / "Shows")
            api = await trio.to_thread.run_sync(
                lambda: PlexApi(server.url, server.token, session=session, timeout=20)
            )
            yield Household(server, films, shows, tmp_path, api)
            session.close()


async def test_a_new_section_is_empty_until_it_is_scanned(house: Household) -> None:
    """And then has what lies in its folder, with the size that it has there."""
    file = write(house.disk / "Films/Paper Lantern (1999)/Paper Lantern (1999) - 1080p.mkv", 4321)

    def look(api: Any) -> list[str]:
        return [film.title for film in api.library.section("Cinema").all()]

    assert await house.see(look) == []
    scan = await house.scan()
    assert (scan.outcome, scan.added) == ("done", [str(file)])

    def check(api: Any) -> None:
        section = api.library.section("Cinema")
        assert section.locations == [str(house.disk / "Films")]
        film = section.getGuid("tmdb://55")
        assert (film.title, film.year, film.locations) == ("Paper Lantern", 1999, [str(file)])
        assert {guid.id for guid in film.guids} == {"tmdb://55", "imdb://tt0000055"}
        (part,) = film.media[0].parts
        assert (part.file, part.size, part.container) == (str(file), 4321, "mkv")
        assert film.media[0].videoResolution == "1080"

    await house.see(check)


async def test_only_the_folder_that_was_named_is_looked_at(house: Household) -> None:
    """What else is new has to wait."""
    near = write(house.disk / "Films/Paper Lantern (1999)/a.mkv")
    write(house.disk / "Films/Elsewhere (2001)/b.mkv")
    scan = await house.scan(path=near.parent)
    assert (scan.path, scan.added) == (str(near.parent), [str(near)])
    assert [film.title for film in house.films.items] == ["Paper Lantern"]


async def test_two_files_of_a_film_are_two_versions(house: Household) -> None:
    """Two parts are one version, an edition is a film of its own, and subtitles go with their video."""
    folder = house.disk / "Films/Paper Lantern (1999)"
    for name in (
        "Paper Lantern (1999) - 1080p.mkv",
        "Paper Lantern (1999) - 1080p.en.forced.srt",
        "Paper Lantern (1999) - 2160p.mkv",
        "Paper Lantern (1999) {edition-Extended}.mkv",
        ".segue-1.0.partial.mkv",
        "Paper Lantern (1999)-trailer.mkv",
    ):
        write(folder / name)
    for number in (2, 1):
        write(house.disk / f"Films/Longest Night (1960)/Longest Night (1960) - cd{number}.avi", 10 * number)
        await house.scan()

    def check(api: Any) -> None:
        section = api.library.section("Cinema")
        plain, extended = section.search("Paper Lantern", sort="addedAt")
        assert [media.videoResolution for media in plain.media] == ["1080", "4k"]
        assert (extended.editionTitle, len(extended.media)) == ("Extended", 1)
        plain.reload()
        (subtitle,) = plain.media[0].parts[0].subtitleStreams()
        assert (subtitle.languageTag, subtitle.forced) == ("en", True)
        assert plain.media[1].parts[0].subtitleStreams() == []
        (night,) = section.search("Longest Night")
        assert [part.size for part in night.media[0].parts] == [10, 20]
        assert (len(night.media), night.guid.startswith("local://")) == (1, True)

    await house.see(check)


async def test_episodes_are_filed_below_their_show(house: Household) -> None:
    """Ranges, dates, specials; the show knows its folder."""
    folder = house.disk / "Shows/Harbour Lights (2018)"
    double = write(folder / "Season 01/Harbour Lights - s01e01-e02 - Pilot.mkv")
    dated = write(folder / "Season 02/Harbour Lights - 2024-03-05.mkv")
    write(folder / "Specials/Harbour Lights - s00e01 - Making of.mkv")
    write(folder / "Season 01/notes about it.mkv")
    await house.scan("Series", folder)

    def check(api: Any) -> None:
        show = api.library.section("Series").getGuid("tvdb://770")
        assert (show.title, show.locations) == ("Harbour Lights", [str(folder)])
        assert [season.title for season in show.seasons()] == ["Specials", "Season 1", "Season 2"]
        pilot, fog = show.season(1).episodes()
        assert (pilot.title, fog.title) == ("Pilot", "Fog")
        assert pilot.locations == fog.locations == [str(double)]
        gale = show.episode(season=2, episode=1)
        assert (gale.title, gale.locations) == ("Gale", [str(dated)])
        assert gale.originallyAvailableAt.date().isoformat() == "2024-03-05"
        assert show.episode(season=0, episode=1).title == "Making of"

    await house.see(check)


async def test_what_has_gone_is_taken_away(house: Household) -> None:
    """A version, a film, an episode with its empty season; by a scan of that folder only."""
    keep = write(house.disk / "Films/Paper Lantern (1999)/a - 1080p.mkv")
    old = write(house.disk / "Films/Paper Lantern (1999)/b - 720p.mkv")
    other = write(house.disk / "Films/Elsewhere (2001)/c.mkv")
    episode = write(house.disk / "Shows/Harbour Lights/Season 01/s01e01.mkv")
    await house.scan()
    await house.scan("Series")
    for gone in (old, other, episode):
        gone.unlink()
    scan = await house.scan(path=keep.parent)
    assert scan.removed == [str(old)]
    assert [film.title for film in house.films.items] == ["Elsewhere", "Paper Lantern"]
    other.parent.rmdir()
    assert (await house.scan(path=other.parent)).removed == [str(other)]
    assert [film.title for film in house.films.items] == ["Paper Lantern"]
    await house.scan("Series")
    assert house.shows.items == []


async def test_a_second_scan_changes_nothing(house: Household) -> None:
    """Unless a file has another size, or has been replaced."""
    file = write(house.disk / "Films/Paper Lantern (1999)/a.mkv")
    await house.scan()
    (film,) = house.films.items
    before = house.films.content_changed_at
    assert (await house.scan()).added == []
    assert house.films.content_changed_at == before
    write(file, 2000)
    assert (await house.scan()).added == []
    assert film.files[0].size == 2000
    assert house.films.content_changed_at > before


async def test_a_disk_that_is_not_there_takes_nothing_away(house: Household) -> None:
    """The library keeps what lay on it."""
    write(house.disk / "Films/Paper Lantern (1999)/a.mkv")
    await house.scan()
    (house.disk / "Films").rename(house.disk / "unmounted")
    assert (await house.scan()).outcome == "unreachable"
    assert len(house.films.items) == 1


@pytest.mark.parametrize("path", ["/nowhere/at/all", "../..", "Films/../../x", "Films\0/x", "Shows/Harbour"])
async def test_a_folder_of_no_location_is_passed_over_without_a_word(house: Household, path: str) -> None:
    """The order is taken all the same, as by a real server."""
    assert (await house.scan(path=house.disk / path)).outcome == "outside"
    assert house.films.scanned_at == 0


async def test_a_scan_is_seen_while_it_runs_and_can_be_stopped(house: Household) -> None:
    """As an activity, and in its section; one scan at a time."""
    house.server.faults.scan_delay_s = 30
    write(house.disk / "Films/Paper Lantern (1999)/a.mkv")

    def start_and_stop(api: Any) -> None:
        section = api.library.section("Cinema")
        section.update()
        section.update()
        (activity,) = api.activities
        assert (activity.title, activity.type) == ("Scanning Cinema", "library.update.section")
        assert section.reload().refreshing
        section.cancelUpdate()

    await house.see(start_and_stop)
    await house.server.scanner.wait()
    assert [scan.outcome for scan in house.server.scanner.log] == ["cancelled", "cancelled"]
    assert not house.films.refreshing
    assert house.films.items == []
    house.server.faults.scan_delay_s = 0
    assert (await house.scan()).outcome == "done"


async def test_an_order_can_be_lost(house: Household) -> None:
    """A fault: it is answered, and nothing comes of it."""
    write(house.disk / "Films/Paper Lantern (1999)/a.mkv")
    house.server.faults.lose_scans = 1
    assert [(await house.scan()).outcome for _ in range(2)] == ["lost", "done"]


async def test_what_a_scan_finds_is_told_to_everybody(house: Household) -> None:
    """The film is made and then complete, between the beginning and the end of the scan."""
    write(house.disk / "Films/Paper Lantern (1999)/a.mkv")
    async with house.server.listeners.listen() as frames:
        await house.scan()
        told = [frame["NotificationContainer"] for frame in [await frames.receive() for _ in range(5)]]
    kinds = [each["type"] for each in told]
    assert kinds == ["activity", "timeline", "timeline", "activity", "status"]
    states = [each["TimelineEntry"][0]["state"] for each in told if each["type"] == "timeline"]
    assert states == [0, 5]


async def test_older_agents_write_older_guids(house: Household) -> None:
    """Which are all that such a section tells."""
    folder = house.disk / "Old"
    write(folder / "Harbour Lights/Season 01/s01e01.mkv")
    old = house.server.library.add_section("show", "Old series", folder, agent="com.plexapp.agents.thetvdb")
    await house.scan("Old series")
    assert [(show.guid, show.external) for show in old.items] == [
        ("com.plexapp.agents.thetvdb://770?lang=en", ())
    ]


async def test_a_section_may_have_several_folders(house: Household) -> None:
    """All are scanned; one of them alone when it is named."""
    one = write(house.disk / "A/Paper Lantern (1999)/a.mkv")
    two = write(house.disk / "B/Paper Lantern (1999)/b.mkv")
    section = house.server.library.add_section("movie", "Both", house.disk / "A", house.disk / "B")
    assert (await house.scan("Both", house.disk / "B")).added == [str(two)]
    assert (await house.scan("Both")).added == [str(one)]
    (film,) = section.items
    assert sorted(file.path for file in film.files) == [str(one), str(two)]
    assert await house.see(lambda api: api.library.section("Both").locations) == list(section.locations)
