"""Homes for a watch party: each has a Plex server, a player, and a `segued` of its own; and one is the orchestrator.

The players are real ones where it matters: headless mpv behind a Companion face that is no kinder than a television.
The truth is mpv's own audio clock, which `segued` never sees.
"""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from segue.demo.mpv_ipc import is_installed
from segue.demo.mpv_player import MpvVideo
from segue.demo.plex_library import File, Item
from segue.demo.plex_server import PlexServer
from tests.helpers.rig import TOKEN, Segued, address, running

PATIENCE_S = 60.0
"""How long anything may take that a test waits for: seconds on a machine that is not busy."""
FILM = "The Loopback"
FILM_MS = 600_000
GUID = "plex://movie/5d7768000000000000000a11"
IN_STEP_MS = 1000.0
"""Nearer than this is in step for a test. How near it really is, is a figure, and measured by the benchmarks."""
ONE_FRAME_MS = 200.0
"""Players that stand on the same frame are nearer than this, by clocks that are read one after the other."""
MOVES_MS, STANDS_MS = 100.0, 30.0
LOOK_S = 0.4
"""A film that went on by `MOVES_MS` in this time runs, one that did not by `STANDS_MS` stands."""
NEEDED = "needs the Debian packages mpv and ffmpeg (apt-get install --no-install-recommends mpv ffmpeg)"

HOME = """
[plex]
url = "{plex_url}"
token_file = "{directory}/plex-token"
timeout_s = 3.0
[party]
host = {hosts}
[party.agent]
username = "{name}"
authorized_clients = ["{title}"]
gdm = false
"""
ORCHESTRATOR = """
[party]
start_grace_s = 30.0
"""


def cannot_be_played() -> bool:
    """Whether this is a user's machine without the programs; CI has them, or fails."""
    return "CI" not in os.environ and not (is_installed() and shutil.which("ffmpeg"))


@dataclass(frozen=True)
class Seen:
    """Where a film is, by the player's own clock."""

    position_ms: float
    moves: bool | None
    """None: it went on, but hardly."""


@dataclass
class Home:
    """One home of the party."""

    name: str
    plex: PlexServer
    player: MpvVideo
    segued: Segued
    item: Item | None

    @property
    def commands(self) -> list[str]:
        """Every command that the player was given, oldest first."""
        return [heard.verb for heard in self.player.face.heard]

    async def knows_its_player(self) -> None:
        """Wait until the agent has found the player that it may drive."""

        async def is_known() -> bool:
            answer = await self.segued.api("GET", "/api/v1/party/agent", status=200)
            return any(player["device_id"] for player in answer["data"]["players"])

        await until(is_known, f"the player of {self.name} known", self.segued)

    async def press(self, button: str, position_ms: int = 0) -> None:
        """Use the viewer's own remote: `pause`, `play`, `stop` or `seek`."""
        engine = self.player.engine
        match button:
            case "pause":
                await engine.pause()
            case "play":
                await engine.play()
            case "stop":
                await engine.stop()
            case "seek":
                await engine.seek(position_ms)


@asynccontextmanager
async def orchestrator(place: Path, *, config: str = ORCHESTRATOR) -> AsyncIterator[Segued]:
    """Run a `segued` that hosts parties and has no players of its own."""
    place.mkdir(exist_ok=True)
    async with running(Segued(place, config)) as segued:
        yield segued


@asynccontextmanager
async def home(
    place: Path,
    name: str,
    film: Path | None,
    *,
    at: str = "",
    hosts: bool | None = None,
    more: str = "",
    guid: str = GUID,
    file_name: str = "",
    duration_ms: int = FILM_MS,
    under: Sequence[str] = (),
) -> AsyncIterator[Home]:
    """Run a home. `at` is the orchestrator's address, its own `segued` without one; `film` is what it has, if at all.

    `file_name` gives the film another name there, in a folder of this home's; `under` is a command that its `segued` is
    run under.
    """
    directory = place / name
    directory.mkdir()
    (directory / "plex-token").write_text(TOKEN + "\n")
    (directory / "plex-token").chmod(0o600)
    title = f"{name.capitalize()}'s TV"
    async with PlexServer(
        host=address(), port=0, token=TOKEN, title=f"{name}'s cellar", seed=hash_of(name)
    ) as plex:
        item = None if film is None else file_film(plex, directory, film, guid, file_name, duration_ms)
        machine = f"{hash_of(name):08x}-0000-4c1a-9b3e-00000000a401"
        async with MpvVideo(
            {}, host=address(), title=title, machine_identifier=machine, server=plex
        ) as player:
            config = HOME.format(
                plex_url=plex.url,
                directory=directory,
                name=name,
                title=title,
                hosts=str(not at if hosts is None else hosts).lower(),
            )
            config += (f'orchestrator = "{at}"\n' if at else "") + more
            segued = Segued(directory, config)
            segued.under = under
            async with running(segued):
                yield Home(name, plex, player, segued, item)


def hash_of(name: str) -> int:
    """Give a number that is always the same for the same name."""
    return sum(ord(letter) << (place % 24) for place, letter in enumerate(name))


def file_film(
    plex: PlexServer, directory: Path, film: Path, guid: str, file_name: str, duration_ms: int
) -> Item:
    """Put the film into a home's library."""
    if file_name:
        link = directory / file_name
        link.symlink_to(film)
        film = link
    file = File(str(film), "mkv", "aac", 30, video_codec="mpeg4", width=64, height=36)
    item = Item("movie", FILM, guid=guid, year=2026, duration_ms=duration_ms, files=[file])
    plex.library.add(plex.library.section("movie"), item)
    return item


# ---------------------------------------------------------------- the truth


async def look(homes: Sequence[Home]) -> list[Seen | None]:
    """Read every player's own clock twice, and give where each film was at one and the same moment."""
    first = [await each.player.truth() for each in homes]
    await trio.sleep(LOOK_S)
    second = [await each.player.truth() for each in homes]
    now = trio.current_time()
    seen: list[Seen | None] = []
    for one, two in zip(first, second, strict=True):
        if one is None or two is None:
            seen.append(None)
            continue
        went_ms = two.position_ms - one.position_ms
        stood, moved = abs(went_ms) < STANDS_MS, went_ms > MOVES_MS
        since_ms = 0.0 if stood else 1000 * (now - two.at)
        seen.append(Seen(two.position_ms + since_ms, None if stood == moved else moved))
    return seen


async def until_seen(
    homes: Sequence[Home], wanted: Callable[[list[Seen]], bool], what: str, *, times: int = 1
) -> list[Seen]:
    """Wait until the films are as wanted, so many times in a row; fails with what was seen and what was said."""
    seen: list[Seen | None] = []
    count = 0
    with trio.move_on_after(PATIENCE_S):
        while True:
            seen = await look(homes)
            known = [each for each in seen if each is not None]
            count = count + 1 if len(known) == len(homes) and wanted(known) else 0
            if count == times:
                return known
            await trio.sleep(0.1)
    said = "\n".join(f"--- {each.name}: {each.commands[-12:]}\n{each.segued.log()[-2500:]}" for each in homes)
    raise AssertionError(f"not {what} within {PATIENCE_S:g} s: {seen}\n{said}")


def spread_ms(seen: Sequence[Seen]) -> float:
    """How far the first is from the last."""
    positions = [each.position_ms for each in seen]
    return max(positions) - min(positions)


async def until_in_step(homes: Sequence[Home], *, after_ms: float = 0.0) -> float:
    """Wait until all films run, nearer to each other than `IN_STEP_MS`, and go on so; gives where they are, in ms."""

    def wanted(seen: list[Seen]) -> bool:
        in_step = all(each.moves for each in seen) and spread_ms(seen) < IN_STEP_MS
        return in_step and min(each.position_ms for each in seen) >= after_ms

    seen = await until_seen(homes, wanted, f"in step beyond {after_ms:g} ms", times=3)
    return seen[0].position_ms


async def until_parked(homes: Sequence[Home]) -> float:
    """Wait until all films stand on the same frame, and remain so; gives which, in ms."""

    def wanted(seen: list[Seen]) -> bool:
        return all(each.moves is False for each in seen) and spread_ms(seen) < ONE_FRAME_MS

    seen = await until_seen(homes, wanted, "parked on one frame", times=2)
    return seen[0].position_ms


async def all_stopped(homes: Sequence[Home]) -> bool:
    """Whether no player has a film any more."""
    return all(each.player.engine.cassette is None for each in homes)


async def until(happened: Callable[[], Awaitable[Any]], what: str, segued: Segued | None = None) -> Any:
    """Wait until something is true, and give it."""
    seen: Any = None
    with trio.move_on_after(PATIENCE_S):
        while True:
            seen = await happened()
            if seen:
                return seen
            await trio.sleep(0.1)
    raise AssertionError(f"not {what} within {PATIENCE_S:g} s\n{segued.log()[-3000:] if segued else ''}")
