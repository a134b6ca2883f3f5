"""The simulated house as one thing: a Plex server, its players, and a receiver that their cables lead to."""

import os
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import trio

from segue.demo.heos_media import Track
from segue.demo.heos_speaker import HeosSpeaker
from segue.demo.plex_agent import Work
from segue.demo.plex_player import PlexampPlayer
from segue.demo.plex_server import PlexServer
from segue.demo.tmdb_server import TmdbServer
from segue.demo.video_player import SimulatedVideo

TOKEN = "demo-token-of-the-simulated-house"
WEBHOOK_SECRET = "demo-webhook-secret"
LATENCY_S = 0.02
"""What a real receiver takes for a command, about."""


class SimulatedHouse:
    """Everything that is not segue. Each part has an address of its own on loopback."""

    def __init__(
        self,
        *,
        number: int | None = None,
        segue_port: int = 0,
        token: str = TOKEN,
        media: Path | None = None,
    ) -> None:
        """`number` 1-250 tells houses apart that run at one time; the process' own by default.

        `media`: a folder of the house's own, in which there are then an ingest folder and two libraries.
        """
        own = self.number = 1 + os.getpid() % 250 if number is None else number
        self.token = token
        self.segue_port = segue_port or _free_port()
        self.plex = PlexServer(host=f"127.32.{own}.1", token=token)
        self.player = PlexampPlayer(self.plex, host=f"127.32.{own}.2")
        self.receiver = HeosSpeaker(host=f"127.32.{own}.3")
        self.receiver.faults.latency_s = LATENCY_S
        self.study = PlexampPlayer(
            self.plex,
            host=f"127.32.{own}.4",
            title="Study TV",
            machine_identifier="study-tv-0000-4000-8000-00000000a401",
        )
        self.television = SimulatedVideo(
            "shim",
            host=f"127.32.{own}.6",
            title="Living Room TV",
            machine_identifier="living-tv-0000-4000-8000-00000000a401",
            server=self.plex,
            seed=6,
        )
        self.tmdb = TmdbServer(host=f"127.32.{own}.5")
        self.media = media
        self._exit_stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for part in (self.plex, self.player, self.receiver, self.study, self.television, self.tmdb):
                await stack.enter_async_context(part)
            if self.media is not None:
                self._furnish(self.media)
            self.receiver.turn_knob(self.receiver.pid, 26)
            self.receiver.play_song(self.receiver.pid, Track("Small Hours", artist="The Queue"))
            self._exit_stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._exit_stack.__aexit__(kind, error, trace)

    def _furnish(self, media: Path) -> None:
        """Make the folders, and tell Plex of its libraries and of what there is to know about films."""
        for name in ("ingest", "Movies", "TV Shows"):
            (media / name).mkdir(parents=True, exist_ok=True)
        self.plex.library.add_section("movie", "New Films", media / "Movies")
        self.plex.library.add_section("show", "New Series", media / "TV Shows")
        for film in self.tmdb.catalogue.films:
            self.plex.agent.tell(Work("movie", film.title, film.year, tmdb=film.tmdb_id))
        for show in self.tmdb.catalogue.shows:
            self.plex.agent.tell(Work("show", show.title, show.year, tmdb=show.tmdb_id, tvdb=show.tvdb_id))

    def places(self) -> dict[str, str | int]:
        """Give the addresses and names that a configuration needs."""
        return {
            "port": self.segue_port,
            "webhook_secret": WEBHOOK_SECRET,
            "plex_url": self.plex.url,
            "heos_host": str(self.receiver.host),
            "heos_player": self.receiver.player().name,
            "player_title": self.player.info.title,
            "television_title": self.television.info.title,
            "tmdb_url": self.tmdb.url,
            "media": str(self.media or ""),
        }

    def expect_webhooks(self, path: str = f"/webhooks/plex/{WEBHOOK_SECRET}") -> None:
        """Register segue's address with the Plex server, as its owner would."""
        self.plex.webhooks.register(f"http://127.0.0.1:{self.segue_port}{path}")

    # ------------------------------------------------------------ people

    async def player_starts(self, album: str = "First Light on the Wire") -> None:
        """Choose an album on the player."""
        await self.player.press_play(self.plex.library.find(album, "album").children)

    async def player_goes_on(self) -> None:
        """Go on to the next track."""
        await self.player.press_next()

    async def player_stops(self) -> None:
        """Stop the player."""
        await self.player.press_stop()

    async def film_starts(self) -> None:
        """Somebody watches a film in the study."""
        films = [item for item in self.plex.library.items() if item.type == "movie"]
        await self.study.press_play(films[:1])

    async def film_stops(self) -> None:
        """The film is over."""
        await self.study.press_stop()

    async def between_commands(self) -> None:
        """Wait until the receiver has nothing left to do that it was told: what it did last would be its last word."""
        with trio.move_on_after(LATENCY_S * 50):
            while True:
                if not self.receiver.in_flight:
                    return
                await trio.sleep(LATENCY_S / 20)

    def turn_knob(self, level: int) -> None:
        """Turn the receiver's knob."""
        self.receiver.turn_knob(self.receiver.pid, level)

    def unplug(self) -> None:
        """Pull the receiver's network cable."""
        self.receiver.unplug()

    def plug_in(self) -> None:
        """Put it back."""
        self.receiver.plug_in()


def _free_port() -> int:
    """Give a port that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
