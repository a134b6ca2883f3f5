"""A house with a library: real folders, a simulated Plex that looks into them, a simulated TMDb, a real `segued`."""

import hashlib
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import trio

from segue.demo.media_files import make
from segue.demo.plex_agent import Work
from segue.demo.plex_library import Item
from segue.demo.plex_player import PlexampPlayer
from segue.demo.plex_server import PlexServer
from segue.demo.tmdb_catalogue import Catalogue
from segue.demo.tmdb_server import TmdbServer
from tests.helpers.rig import TOKEN, Segued, address, running

KEY = "canary-tmdb-key-4711-read-access"
SECRET = "canary-webhook-secret-4711"
PATIENCE_S = 30.0
CONFIG = """
server: webhook_secret_file = "{directory}/webhook-secret"
[plex]
url = "{plex_url}"
token_file = "{directory}/plex-token"
timeout_s = 1
[ingest]
watch = ["{media}/ingest"]
movies = ["{media}/Movies"]
shows = ["{media}/TV Shows"]
{auto}
stability_s = 1
unknown_stability_s = 4
{more_ingest}
[tmdb]
base_url = "{tmdb_url}"
api_key_file = "{directory}/tmdb-key"
"""
MATRIX = "The.Matrix.1999.1080p.BluRay.x264-GRP.mkv"
MATRIX_S = 136 * 60.0


class Library:
    """Everything around the daemon, and the daemon."""

    def __init__(self, place: Path, plex: PlexServer, tmdb: TmdbServer, segued: Segued) -> None:
        self.place, self.plex, self.tmdb, self.segued = place, plex, tmdb, segued
        self.media = place / "media"
        self.ingest = self.media / "ingest"
        self.movies = self.media / "Movies"
        self.shows = self.media / "TV Shows"

    # ---------------------------------------------------------------- people

    async def ctl(self, *words: str, check: int | None = 0) -> str:
        """Say something with seguectl, a process of its own; gives all that it said."""
        done = await self.segued.ctl(*words, check=check)
        return (done.stdout + done.stderr).decode()

    async def asked(self, *words: str) -> Any:
        """Ask something with `seguectl --json`; gives what the answer holds."""
        done = await self.segued.ctl(*words, "--json")
        return json.loads(done.stdout)["data"]

    @asynccontextmanager
    async def film_plays(self) -> AsyncIterator[None]:
        """Let somebody watch a film for a while, on a player that segue has nothing to do with."""
        async with PlexampPlayer(
            self.plex, host=address(), title="Study TV", machine_identifier="study-tv"
        ) as study:
            films = [item for item in self.plex.library.items() if item.type == "movie"]
            await study.press_play(films[:1])
            yield
            await study.press_stop()

    def reconfigure(self, before: str, after: str) -> None:
        """Change something in the configuration file; who wants it read says so."""
        text = self.segued.config_path.read_text()
        assert before in text, text
        self.segued.config_path.write_text(text.replace(before, after))

    # ---------------------------------------------------------------- files

    def arrive(self, name: str = MATRIX, *, duration_s: float = MATRIX_S, size: int = 400_000) -> Path:
        """Put a whole video file into the ingest folder, under its name from the first moment."""
        path = self.ingest / name
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path, duration_s, size)
        return path

    def beside(self, source: Path, ending: str, text: str = "1\n") -> Path:
        """Put a file beside a video, with its name and another ending."""
        path = source.with_name(source.stem + ending)
        path.write_text(text)
        return path

    def in_library(self) -> list[str]:
        """List what the libraries have, hidden files and folders as well."""
        return sorted(
            str(path.relative_to(self.media))
            for root in (self.movies, self.shows)
            for path in root.rglob("*")
            if path.is_file()
        )

    def scans_of(self, folder: str) -> int:
        """Count the scans that Plex was asked for of one folder, relative to the media."""
        return sum(scan.path == str(self.media / folder) for scan in self.plex.scanner.log)

    def on_plex(self, title: str) -> list[Item]:
        """Give the items of Plex that have a title."""
        return [item for item in self.plex.library.items() if item.title == title]

    # ---------------------------------------------------------------- what segue says

    async def page(self) -> Any:
        """Give all that the ingest shows."""
        return (await self.segued.api("GET", "/api/v1/ingest", status=200))["data"]

    async def reviews(self) -> list[Any]:
        """Give what waits for a person."""
        return list((await self.segued.api("GET", "/api/v1/ingest/review", status=200))["data"]["jobs"])

    async def history(self) -> list[Any]:
        """Give the entries, the newest first."""
        return list(
            (await self.segued.api("GET", "/api/v1/history/ingest?limit=100", status=200))["data"]["entries"]
        )

    async def until(self, happened: Callable[[], Any], what: str = "") -> Any:
        """Wait until something is so; `happened` may be asynchronous. Fails with all that is known."""
        found: Any = None
        with trio.move_on_after(PATIENCE_S):
            while True:
                found = happened()
                if hasattr(found, "__await__"):
                    found = await found
                if found:
                    return found
                await trio.sleep(0.05)
        page = await self.page()
        raise AssertionError(
            f"{what or happened} not within {PATIENCE_S} s; library {self.in_library()}; queue {page['queue']}; "
            f"recent {page['recent']}; reviews {await self.reviews()}; log {self.segued.log()[-3000:]}"
        )

    async def until_in_history(self, count: int = 1) -> list[Any]:
        """Wait until the history has so many entries."""

        async def enough() -> list[Any]:
            entries = await self.history()
            return entries if len(entries) >= count else []

        found: list[Any] = await self.until(enough, f"{count} entries")
        return found

    async def until_entries(self, title: str, count: int = 1) -> list[Any]:
        """Wait until the history has so many entries of a title; gives them, the newest first."""

        async def enough() -> list[Any]:
            entries = [entry for entry in await self.history() if entry["title"] == title]
            return entries if len(entries) >= count else []

        found: list[Any] = await self.until(enough, f"{count} entries of {title}")
        return found

    async def until_entry(self, title: str) -> Any:
        """Wait until the history has an entry of a title; gives the newest."""
        return (await self.until_entries(title))[0]

    async def until_job(self, path: Path, wanted: Callable[[Any], object]) -> Any:
        """Wait until the job of a file is as wanted, whether it waits for a person or not."""

        async def found() -> Any:
            jobs = [*(await self.page())["queue"], *(await self.reviews())]
            return next((job for job in jobs if job["path"] == str(path) and wanted(job)), None)

        return await self.until(found, f"the job of {path.name}")

    async def until_review(self, count: int = 1) -> list[Any]:
        """Wait until so many jobs wait for a person."""

        async def enough() -> list[Any]:
            jobs = await self.reviews()
            return jobs if len(jobs) >= count else []

        found: list[Any] = await self.until(enough, f"{count} reviews")
        return found

    async def until_watching(self, count: int = 1) -> None:
        """Wait until so many roots are watched, all there are, and what lay there before is known as old."""

        async def watching() -> bool:
            roots = (await self.page())["roots"]
            state = (await self.segued.api("GET", "/api/v1/state", status=200))["data"]["state"]
            old = state["ingest"]["baselined"]
            return len(roots) == count and all(
                root["status"] in ("watching", "polling") and root["path"] in old for root in roots
            )

        await self.until(watching, "watching")

    async def until_recent(self, what: str) -> Any:
        """Wait until a job has ended in some way; gives the newest such end."""

        async def ended() -> Any:
            recent = (await self.page())["recent"]
            return next((end for end in reversed(recent) if end["what"] == what), None)

        return await self.until(ended, f"a job that ended as {what}")

    async def until_on_disk(self) -> None:
        """Wait until the journal has all steps so far: it answers between two commits."""
        await self.segued.api("GET", "/api/v1/why?limit=1", status=200)

    async def confirmed(self, path: str, body: dict[str, Any], *, status: int = 202) -> Any:
        """Ask for something that asks back, and say yes."""
        question = await self.segued.api("POST", path, body, status=409)
        return await self.segued.api("POST", path, body, status=status, confirm=question["error"]["confirm"])


@asynccontextmanager
async def library(
    place: Path,
    *,
    more: str = "",
    more_ingest: str = "",
    catalogue: Catalogue | None = None,
    before: Callable[[Library], object] = lambda _library: None,
    start: bool = True,
    environ: dict[str, str] | None = None,
    auto: bool = True,
    config: str = CONFIG,
) -> AsyncIterator[Library]:
    """Open the house with its library."""
    media = place / "media"
    for name in ("ingest", "Movies", "TV Shows"):
        (media / name).mkdir(parents=True, exist_ok=True)
    for name, secret in (("plex-token", TOKEN), ("tmdb-key", KEY), ("webhook-secret", SECRET)):
        (place / name).write_text(secret + "\n")
        (place / name).chmod(0o600)
    async with AsyncExitStack() as stack:
        plex = await stack.enter_async_context(PlexServer(host=address(), token=TOKEN))
        tmdb = await stack.enter_async_context(TmdbServer(host=address(), key=KEY, catalogue=catalogue))
        plex.library.add_section("movie", "Films", str(media / "Movies"))
        plex.library.add_section("show", "Series", str(media / "TV Shows"))
        for film in tmdb.catalogue.films:
            plex.agent.tell(Work("movie", film.title, film.year, tmdb=film.tmdb_id))
        for show in tmdb.catalogue.shows:
            plex.agent.tell(Work("show", show.title, show.year, tmdb=show.tmdb_id, tvdb=show.tvdb_id))
        text = more + config.format(
            plex_url=plex.url,
            directory=place,
            media=media,
            tmdb_url=tmdb.url,
            auto=f"auto = {str(auto).lower()}",
            more_ingest=more_ingest,
        )
        house = Library(place, plex, tmdb, Segued(place, text, environ=environ))
        plex.webhooks.register(f"{house.segued.url}/webhooks/plex/{SECRET}")
        before(house)
        if not start:
            yield house
            return
        async with running(house.segued):
            await house.until_watching()
            yield house


def sha256(path: Path) -> str:
    """Give a file's checksum, by other means than the daemon's."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def side_by_side(place: Path, *stories: Callable[[Path], Awaitable[None]]) -> None:
    """Tell several stories at the same time, each in a house of its own: what they do most is wait."""
    async with trio.open_nursery() as nursery:
        for number, story in enumerate(stories):
            home = place / str(number)
            home.mkdir()
            nursery.start_soon(story, home)


@contextmanager
def faulty(house: Library, **faults: Any) -> Iterator[None]:
    """Let TMDb be in trouble for a while."""
    before = vars(house.tmdb.faults).copy()
    for name, value in faults.items():
        setattr(house.tmdb.faults, name, value)
    yield
    for name, value in before.items():
        setattr(house.tmdb.faults, name, value)


def family(pid: int) -> Iterator[int]:
    """Give a process and all below it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from family(int(child))


def cmdline(pid: int) -> bytes:
    """Give the words that a process was started with; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def snapshot(*folders: Path) -> dict[str, tuple[int, int, int, str]]:
    """Say what is below folders: of everything its kind and rights, its time, its links, and what it holds."""
    found = {}
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            info = path.lstat()
            held = sha256(path) if stat.S_ISREG(info.st_mode) else ""
            found[str(path)] = (info.st_mode, info.st_mtime_ns, info.st_nlink, held)
    return found
