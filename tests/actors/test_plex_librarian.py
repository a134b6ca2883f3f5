"""The librarian tells Plex of changed folders and answers questions about its library, each at most once a minute."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from segue.actors.plex_librarian import LibrarySection, LibraryStatus, PlexLibrarian
from segue.adapters.http_client import HttpClient
from segue.adapters.plex import PlexRefused, PlexUnavailable
from segue.adapters.plex_library import (
    EpisodeOnServer,
    ExternalIds,
    ItemOnServer,
    MediaFile,
    PathMap,
    PlexLibrary,
    PlexNotFound,
    Section,
    ServerStatus,
)
from segue.adapters.plex_xml import PlexError, PlexUnreadable
from segue.core.ingest.actions import FolderScanned, OnServer, ScanFailed
from segue.core.ingest.effects import ScanFolder
from segue.core.ingest.facts import Candidate
from segue.core.state import State
from segue.demo.plex_agent import Work
from segue.demo.plex_server import PlexServer
from segue.runtime.inbox import Inbox
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Store
from tests.demo.heos_client import fresh_host

FILMS = Section("1", "Films", "movie", locations=("/data/Films", "/data/More"))
KIDS = Section("5", "Kids", "movie", locations=("/data/Films/Kids",))
SHOWS = Section("2", "Shows", "show", locations=("/data/Shows",))
MUSIC = Section("3", "Music", "artist", locations=("/data",))
PATHS = PathMap({"/srv/media": "/data"})
DOWN = PlexUnavailable("192.0.2.1:32400/: nobody listens there", "connection_refused")


@dataclass
class FakePlex:
    """A server in memory, which counts what it is asked."""

    libraries: tuple[Section, ...] = (FILMS, KIDS, SHOWS, MUSIC)
    items: tuple[ItemOnServer, ...] = ()
    error: PlexError | None = None
    takes_s: float = 0.0
    asked: list[str] = field(default_factory=list)
    scans: list[tuple[str, str]] = field(default_factory=list)
    gone: tuple[str, ...] = ()
    """Sections that are listed and no longer there."""
    wanted: tuple[object, ...] = ()

    async def _answer(self, question: str) -> None:
        self.asked.append(question)
        await trio.sleep(self.takes_s)
        if self.error is not None:
            raise self.error

    async def server_status(self) -> ServerStatus:
        await self._answer("status")
        return ServerStatus("abc", "1.42", "Cellar")

    async def sections(self) -> tuple[Section, ...]:
        await self._answer("sections")
        return self.libraries

    async def count(self, section: Section) -> int | None:
        await self._answer("count")
        if section.key in self.gone:
            raise PlexNotFound("404")
        return 7

    async def scan_folder(self, section_key: str, path: str) -> str:
        await self._answer("scan")
        if section_key in self.gone:
            raise PlexNotFound("404")
        self.scans.append((section_key, path))
        return "activity"

    async def refresh_item(self, rating_key: str) -> None:
        await self._answer(f"refresh {rating_key}")

    async def find_by_guid(
        self,
        kind: str,
        ids: ExternalIds,
        titles: Sequence[str],
        year: int | None = None,
        *,
        sections: Sequence[Section] | None = None,
    ) -> tuple[ItemOnServer, ...]:
        await self._answer("find")
        self.wanted = (kind, ids, tuple(titles), year, sections)
        return self.items


@dataclass
class Desk:
    """A librarian at work, with the store that it tells."""

    librarian: PlexLibrarian
    inbox: Inbox
    journal: MemoryJournal

    def outcomes(self) -> list[FolderScanned | ScanFailed]:
        """What it told so far."""
        actions = [entry.action for entry in self.journal.entries]
        return [action for action in actions if isinstance(action, FolderScanned | ScanFailed)]

    async def scan(self, folder: str) -> FolderScanned | ScanFailed:
        """Have a folder scanned, and wait for the outcome."""
        before = len(self.outcomes())
        self.inbox.put(ScanFolder(effect_id=f"{before}.0", why="new_media", because=1, folder=folder))
        await until(lambda: len(self.outcomes()) > before)
        return self.outcomes()[-1]


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something to come true."""
    with trio.fail_after(30):
        while not holds():
            await trio.sleep(0.01)


@asynccontextmanager
async def at_work(plex: FakePlex | PlexLibrary, paths: PathMap = PATHS) -> AsyncIterator[Desk]:
    """Let a librarian work."""
    journal = MemoryJournal()
    store = Store(State(), journal)
    inbox = Inbox(store.drop)
    librarian = PlexLibrarian(store, inbox, plex, paths)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(librarian.run)
        yield Desk(librarian, inbox, journal)
        nursery.cancel_scope.cancel()


# ------------------------------------------------------------------ telling


async def test_a_folder_is_told_to_its_library(autojump_clock: MockClock) -> None:
    """By the path under which Plex sees it; a music library above it has nothing to do with it."""
    plex = FakePlex()
    async with at_work(plex) as desk:
        outcome = await desk.scan("/srv/media/Shows/Harbour")
        assert outcome == FolderScanned("0.0", "/srv/media/Shows/Harbour", "Shows")
        assert plex.scans == [("2", "/data/Shows/Harbour")]


async def test_a_folder_in_two_libraries_is_told_to_both(autojump_clock: MockClock) -> None:
    """The nearer one first."""
    plex = FakePlex()
    async with at_work(plex) as desk:
        outcome = await desk.scan("/srv/media/Films/Kids/A (1999)")
        assert isinstance(outcome, FolderScanned)
        assert (outcome.section, [key for key, _ in plex.scans]) == ("Kids, Films", ["5", "1"])


async def test_the_libraries_are_asked_for_once_a_minute(autojump_clock: MockClock) -> None:
    """However many folders are told."""
    plex = FakePlex()
    async with at_work(plex) as desk:
        for number in range(20):
            await desk.scan(f"/srv/media/Films/{number}")
        assert plex.asked.count("sections") == 1
        await trio.sleep(61)
        await desk.scan("/srv/media/Films/A")
        assert plex.asked.count("sections") == 2
        assert len(plex.scans) == 21


async def test_a_library_that_was_just_added_is_found(autojump_clock: MockClock) -> None:
    """Before a folder counts as nobody's, the libraries are read anew."""
    plex = FakePlex(libraries=())
    async with at_work(plex) as desk:
        assert isinstance(await desk.scan("/srv/media/Films/A"), ScanFailed)
        plex.libraries = (FILMS,)
        assert isinstance(await desk.scan("/srv/media/Films/A"), FolderScanned)


async def test_a_library_that_was_made_anew_is_found_by_its_new_key(autojump_clock: MockClock) -> None:
    """The old one answers 404."""
    plex = FakePlex(libraries=(FILMS,))
    async with at_work(plex) as desk:
        await desk.scan("/srv/media/Films/A")
        plex.gone = ("1",)
        plex.libraries = (Section("9", "Films", "movie", locations=FILMS.locations),)
        assert isinstance(await desk.scan("/srv/media/Films/B"), FolderScanned)
        assert plex.scans[-1] == ("9", "/data/Films/B")


async def test_a_folder_of_no_library_fails_with_a_next_step(autojump_clock: MockClock) -> None:
    """The text names the folder as Plex would see it, and the folders that Plex has."""
    async with at_work(FakePlex()) as desk:
        outcome = await desk.scan("/mnt/else/A")
        assert isinstance(outcome, ScanFailed)
        assert outcome.reason == "no_section"
        assert "/mnt/else/A" in outcome.detail
        assert "/data/Films, /data/More, /data/Films/Kids, /data/Shows, and none" in outcome.detail


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DOWN, "down"),
        (PlexUnreadable("garbage"), "down"),
        (PlexRefused("HTTP status 401: token refused", 401), "refused"),
    ],
)
async def test_a_plex_that_does_not_take_the_order_is_an_outcome(
    error: PlexError, reason: str, autojump_clock: MockClock
) -> None:
    """And the next order is taken as if nothing had been."""
    plex = FakePlex(error=error)
    async with at_work(plex) as desk:
        outcome = await desk.scan("/srv/media/Films/A")
        assert outcome == ScanFailed("0.0", "/srv/media/Films/A", reason, str(error))  # type: ignore[arg-type]
        plex.error = None
        assert isinstance(await desk.scan("/srv/media/Films/A"), FolderScanned)


# ------------------------------------------------------------------ asking


async def test_the_status_is_a_minute_old_at_most(autojump_clock: MockClock) -> None:
    """And asked for once, however many look."""
    plex = FakePlex(libraries=(FILMS, SHOWS), takes_s=0.1)
    async with at_work(plex) as desk:
        seen: list[LibraryStatus] = []

        async def look() -> None:
            seen.append(await desk.librarian.library_status())

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(look)
        films = LibrarySection("Films", "movie", ("/srv/media/Films", "/srv/media/More"), 7)
        assert seen[0] == LibraryStatus(
            "Cellar", "1.42", (films, LibrarySection("Shows", "show", ("/srv/media/Shows",), 7))
        )
        assert (len(set(map(id, seen))), plex.asked.count("status")) == (1, 1)
        await trio.sleep(61)
        await look()
        assert plex.asked.count("status") == 2


async def test_a_status_shows_what_was_known_while_plex_is_away(autojump_clock: MockClock) -> None:
    """With the reason; and soon asks again."""
    plex = FakePlex()
    async with at_work(plex) as desk:
        good = await desk.librarian.library_status()
        await trio.sleep(61)
        plex.error = DOWN
        for _ in range(3):
            bad = await desk.librarian.library_status()
        assert (bad.problem, bad.detail, bad.sections) == ("down", str(DOWN), good.sections)
        assert plex.asked.count("status") == 2
        plex.error = None
        await trio.sleep(11)
        assert await desk.librarian.library_status() == good


@pytest.mark.parametrize(
    ("error", "problem"), [(PlexRefused("401", 401), "refused"), (PlexUnreadable("html"), "unreadable")]
)
async def test_a_status_says_why_there_is_none(
    error: PlexError, problem: str, autojump_clock: MockClock
) -> None:
    """A wrong token is another matter than a server that is down."""
    async with at_work(FakePlex(error=error)) as desk:
        status = await desk.librarian.library_status()
        assert (status.problem, status.sections) == (problem, ())


async def test_a_slow_plex_does_not_hold_the_status_up_for_ever(autojump_clock: MockClock) -> None:
    """Ten seconds, whatever the number of its libraries; one that is just gone is no reason to fail."""
    async with at_work(FakePlex(takes_s=4)) as desk:
        began_at = trio.current_time()
        status = await desk.librarian.library_status()
        assert trio.current_time() - began_at == pytest.approx(10)
        assert status.problem == "down"
        assert "10 s" in status.detail
    async with at_work(FakePlex(gone=("2",))) as desk:
        status = await desk.librarian.library_status()
        assert [section.items for section in status.sections] == [7, 7, None, 7]


async def test_an_items_metadata_is_fetched_anew(autojump_clock: MockClock) -> None:
    """Whoever asks for it hears what is wrong."""
    plex = FakePlex()
    async with at_work(plex) as desk:
        await desk.librarian.refresh_item("55")
        assert plex.asked == ["refresh 55"]
        plex.error = PlexNotFound("404")
        with pytest.raises(PlexNotFound):
            await desk.librarian.refresh_item("55")


async def test_the_files_of_a_film_are_given_as_segue_sees_them(autojump_clock: MockClock) -> None:
    """It is looked for by all its ids and both its titles."""
    file = MediaFile("/data/Films/A (1999)/a.mkv", 10, "1080", "mkv", 5)
    plex = FakePlex(items=(ItemOnServer("55", "movie", "A", files=(file, MediaFile("/data/b.mkv"))),))
    async with at_work(plex) as desk:
        found = await desk.librarian.on_server(
            Candidate("film", 603, "A", original_title="Ä", year=1999, imdb_id="tt0000055")
        )
        assert found == (
            OnServer("/srv/media/Films/A (1999)/a.mkv", 10, "1080", rating_key="55"),
            OnServer("/srv/media/b.mkv", rating_key="55"),
        )
        ids = ExternalIds(603, None, "tt0000055")
        assert plex.wanted == ("movie", ids, ("A", "Ä"), 1999, plex.libraries)


async def test_a_file_of_several_episodes_is_given_once(autojump_clock: MockClock) -> None:
    """With all of them; one without a number has none."""
    double, dated = (MediaFile(f"/data/Shows/H/{name}.mkv", 1) for name in ("double", "dated"))
    episodes = (
        EpisodeOnServer("92", 1, 2, files=(double,)),
        EpisodeOnServer("91", 1, 1, files=(double,)),
        EpisodeOnServer("93", 2024, None, air_date="2024-03-05", files=(dated,)),
    )
    plex = FakePlex(items=(ItemOnServer("90", "show", "H", episodes=episodes),))
    async with at_work(plex) as desk:
        found = await desk.librarian.on_server(Candidate("show", 77, "H", tvdb_id=770))
        assert [(each.path, each.season, each.episodes) for each in found] == [
            ("/srv/media/Shows/H/double.mkv", 1, (1, 2)),
            ("/srv/media/Shows/H/dated.mkv", 2024, ()),
        ]
        assert plex.wanted[:3] == ("show", ExternalIds(77, 770, ""), ("H",))


# ------------------------------------------------------------------ with a server


async def test_a_film_that_was_told_is_there(tmp_path: Path) -> None:
    """From the order over the simulated server's scan of the real folder to its answer; and again after it was away."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    theirs.mkdir()
    ours.symlink_to(theirs)
    film = theirs / "Paper Lantern (1999)" / "Paper Lantern (1999) - 1080p.mkv"
    film.parent.mkdir()
    film.write_bytes(b"v" * 1234)
    candidate = Candidate("film", 55, "Paper Lantern", year=1999)
    async with PlexServer(host=fresh_host(), port=0) as server, HttpClient("segue-test/1") as http:
        server.agent.tell(Work("movie", "Paper Lantern", 1999, tmdb=55))
        server.library.add_section("movie", "Cinema", theirs)
        plex = PlexLibrary(server.url, lambda: server.token, "our-own-id", http)
        async with at_work(plex, PathMap({str(ours): str(theirs)})) as desk:
            assert await desk.librarian.on_server(candidate) == ()
            await server.shut_down()
            folder = str(ours / "Paper Lantern (1999)")
            outcome = await desk.scan(folder)
            assert isinstance(outcome, ScanFailed)
            assert outcome.reason == "down"
            await server.restart()
            outcome = await desk.scan(folder)
            assert isinstance(outcome, FolderScanned)
            assert outcome.section == "Cinema"
            await server.scanner.wait()
            assert [scan.path for scan in server.scanner.log] == [str(film.parent)]
            (found,) = await desk.librarian.on_server(candidate)
            assert (found.path, found.size) == (f"{folder}/{film.name}", 1234)
            status = await desk.librarian.library_status()
            assert status.sections[-1].folders == (str(ours),)
            assert (status.server, status.sections[-1].items) == ("Cellar", 1)
