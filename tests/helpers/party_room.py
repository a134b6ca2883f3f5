"""A room in which a film is watched together: what happens in it, and what was done there."""

from collections.abc import Callable

import trio
from msgspec.structs import replace as but

from segue.core.music.actions import (
    HeosLinkChanged,
    HeosPlayer,
    HeosPlayersRead,
    ReceiverState,
    Source,
    SourceChanged,
)
from segue.core.music.effects import CommandPlayer, SelectSource
from segue.core.party.home import AgentLinkChanged, HomeSeat, HomeSeatGone, HomeSeatSeen
from segue.core.party.settings import PhaseName
from tests.helpers.house import LIVING, PID, House

CINEMA = but(LIVING, film_player="Living Room TV", film_input="inputs/tv", film_level=50)
PHONO = Source(input="inputs/phono", source_id=1027, media_id="inputs/phono")
SEAT = HomeSeat("k3x9qa", "tv-1", "Living Room TV", "lobby", film="Sunrise")
HERE = "ws://127.0.0.1:3001/ws"


def agent(house: House, up: bool = True) -> None:
    """Connect the agent, or lose its orchestrator."""
    house.dispatch(AgentLinkChanged(up, HERE, "" if up else "lost"))


def party(house: House, phase: PhaseName, *, cued: bool = False, in_step: bool = True) -> None:
    """Let the film's player be in a party."""
    seat = but(SEAT, phase=phase, cued=cued, in_step=in_step)
    house.dispatch(HomeSeatSeen(seat))


def on(source: Source, play_state: ReceiverState = "play") -> Callable[[House], None]:
    """Give what a receiver is at before the house begins."""

    def before(house: House) -> None:
        house.source, house.play_state = source, play_state

    return before


def reconnect(house: House) -> None:
    """Let the receiver be found again."""
    house.dispatch(HeosLinkChanged(up=True, host="h"))
    house.dispatch(HeosPlayersRead((HeosPlayer(PID, "Living Room"),)))


def choose(house: House, source: Source) -> None:
    """Let a person choose an input at the receiver itself."""
    house.source = source
    house.dispatch(SourceChanged(PID, source))


def leave(house: House) -> None:
    """Let the film's player be in no party any more."""
    house.dispatch(HomeSeatGone("k3x9qa", "tv-1"))


def verbs(house: House) -> list[str]:
    """List what the players were told."""
    return [e.verb for _, e in house.effects if isinstance(e, CommandPlayer)]


def inputs(house: House) -> list[str]:
    """List the inputs that were selected."""
    return [e.source.input for _, e in house.effects if isinstance(e, SelectSource)]


def untouched(house: House) -> bool:
    """Tell that nothing was done in the room since the list of effects was last emptied."""
    return not (verbs(house) or inputs(house) or house.sent())


def bases(house: House) -> dict[str, int]:
    """Give the levels that people chose."""
    return dict(house.room.kept.base_levels)


def plays(house: House) -> bool:
    """Tell whether the music plays."""
    return house.room.activity == "playing"


def at_rest(house: House) -> bool:
    """Tell whether no level is on its way."""
    return house.room.kept.faded is None and house.room.in_flight is None


async def music_plays(house: House) -> None:
    """Let music be heard at the person's level, in a house whose agent is connected."""
    agent(house)
    house.player("playing")
    await trio.sleep(3)
    house.effects.clear()
    house.levels.clear()
