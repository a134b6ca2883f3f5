"""The keys of TMDb and Plex while files arrive, well and badly: they show up in requests, and nowhere else."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import trio

from segue.demo.media_files import make
from tests.e2e.library import CONFIG, KEY, SECRET, Library, family, faulty, library, side_by_side
from tests.helpers.rig import TOKEN

OLD_KEY = "c0ffee4711c0ffee4711c0ffee471100"
"""A key of 32 hexadecimal digits, which TMDb takes in the query alone."""


def with_key(key: str) -> Callable[[Path], Awaitable[None]]:
    """Make the story of one key."""

    async def story(place: Path) -> None:
        await the_keys_show_up_nowhere(place, key)

    return story


async def test_the_keys_show_up_nowhere(place: Path) -> None:
    """With a key for the header, and with one for the query."""
    await side_by_side(place, with_key(KEY), with_key(OLD_KEY))


async def the_keys_show_up_nowhere(place: Path, key: str) -> None:
    """Not in the log at its most talkative, the state, an answer, a word of seguectl, or what /proc shows of anyone."""

    def before(house: Library) -> None:
        (place / "tmdb-key").write_text(key + "\n")
        house.tmdb.key = key

    secrets = (key, TOKEN, SECRET)
    seen: set[str] = set()
    async with library(place, config=CONFIG + '[log]\nlevel = "debug"\n', before=before) as house:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(spy, house, secrets, seen)
            await an_evening(house, key)
            nursery.cancel_scope.cancel()
        assert house.tmdb.asked, "the key was used"
        await house.segued.stop()
        assert seen == set()
        for secret in secrets:
            assert not [name for name, held in everything(house) if secret.encode() in held], (
                "a secret shows up"
            )


async def an_evening(house: Library, key: str) -> None:
    """Let things go well, and then badly in every way whose message might carry an address."""
    path = house.arrive()
    await house.until_entry("The Matrix")
    await house.ctl("status", "--queue", "--libraries", "--history")
    await house.ctl("identify", str(path))
    for title, faults in (
        ("Alien", {"status": 500}),
        ("Dune", {"garbage": True}),
        ("Aliens", {"half": True}),
    ):
        with faulty(house, **faults):
            await fails(house, title)
    house.tmdb.key = "another"
    await fails(house, "Se7en")
    await house.plex.shut_down()
    await house.ctl("doctor", check=1)
    await house.ctl("scan", check=None)
    for words in (("review",), ("why", "-n", "200"), ("state",)):
        await house.ctl(*words, check=None)
    for page in ("status", "state", "ingest", "ingest/review", "libraries", "history/ingest"):
        await house.segued.api("GET", f"/api/v1/{page}")
    house.reconfigure("[tmdb]", f'[tmdb]\napi_key = ["{key}"]')
    await house.ctl("reload", check=1)


async def fails(house: Library, title: str) -> None:
    """Have a film identified, in vain."""
    path = make(house.place / "downloads" / f"{title}.1999.1080p-GRP.mkv", 7000.0)
    await house.ctl("ingest", str(path), "--yes")
    await house.until_job(path, lambda job: job["phase"] == "reviewing")


async def spy(house: Library, secrets: tuple[str, ...], seen: set[str]) -> None:
    """Look again and again at what every user of the machine can see of the daemon and all that it started."""
    while True:
        for pid in family(house.segued.pid):
            for name in ("cmdline", "environ"):
                try:
                    held = Path(f"/proc/{pid}/{name}").read_bytes()
                except OSError:
                    continue
                if any(secret.encode() in held for secret in secrets):
                    seen.add(f"{name} of {pid}")
        await trio.sleep(0.02)


def everything(house: Library) -> Iterator[tuple[str, bytes]]:
    """Give all that the daemon wrote or said, by where it is."""
    segued = house.segued
    yield "the log", segued.log_path.read_bytes()
    for path in segued.state_dir.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
    for number, heard in enumerate(segued.heard):
        yield f"answer {number}", heard
    for notice in segued.notices:
        yield "a word to the service manager", repr(notice).encode()
