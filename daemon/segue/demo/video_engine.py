"""What any video player has behind its Companion face, whether it is simulated or real."""

from dataclasses import dataclass
from typing import Protocol

import trio


@dataclass(frozen=True)
class Film:
    """Something that can be shown."""

    rating_key: str
    duration_ms: int
    guid: str = ""
    title: str = ""
    file: str = ""
    """Where it is on this machine, for players that really play."""

    @property
    def key(self) -> str:
        """Its path on the server."""
        return f"/library/metadata/{self.rating_key}"


@dataclass(frozen=True)
class Cassette:
    """A film, and where it came from: what a player repeats in its timeline."""

    film: Film
    machine_identifier: str = ""
    protocol: str = "http"
    address: str = ""
    port: int = 0
    container_key: str = ""
    play_queue_id: str = ""
    play_queue_item_id: str = ""
    play_queue_version: str = ""


@dataclass(frozen=True)
class Shown:
    """What a player says at one moment: a state of the protocol, and a position in ms where it has one."""

    state: str
    time_ms: int | None = None


class VideoEngine(Protocol):
    """The player itself. Commands return when they are taken, which is not when they have taken effect."""

    @property
    def cassette(self) -> Cassette | None:
        """What is in it."""

    @property
    def wants_to_run(self) -> bool:
        """What its pause button says."""

    async def load(self, cassette: Cassette, position_ms: int, *, paused: bool) -> None:
        """Show a film from a position."""

    async def play(self) -> None:
        """Go on."""

    async def pause(self) -> None:
        """Stand still."""

    async def stop(self) -> None:
        """Leave the film."""

    async def seek(self, position_ms: int) -> None:
        """Go to a position."""

    async def shown(self) -> Shown:
        """Say what it does, as far as it knows and tells."""

    def changed(self) -> trio.Event:
        """Give what is set when it next does something else."""
