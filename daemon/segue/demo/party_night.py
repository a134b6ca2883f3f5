"""The third part of the demo: a film that is watched together with a friend who is in another home."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import trio

from segue.demo.friends import Friend, friends_house
from segue.demo.video_player import SimulatedVideo

if TYPE_CHECKING:
    from segue.demo.evening import Evening

FILM = "A Field Guide to Clouds"
"""Both homes have it, each a file of its own; it is long enough for an intermission."""
INTERMISSION_MS = 3_600_000
SHORTLY_BEFORE_MS = 6_000
SHORT_S = 25
"""The shortest intermission in which the music is heard: it makes room for the film twenty seconds before the end."""
CONFIG = """
[party]
public_url = "ws://127.0.0.1:{port}"
intermission_length_s = {intermission_s}

[party.agent]
username = "ada"
authorized_clients = ["{television_title}"]
gdm = false
"""
IN_STEP_MS = 500.0
PATIENCE_S = 30.0


async def party_night(evening: "Evening", environ: dict[str, str]) -> None:
    """A lobby, a start in step, a pause that is everybody's, an intermission with music, and the end."""
    house = evening.house
    evening.tell(
        "Another night. Ben lives two streets away, with a Plex server, a television and a segued of his own. "
        f"Ada asks him over to a film that both have: {FILM}."
    )
    async with friends_house(evening.directory / "ben", house.number, environ) as ben:
        night = PartyNight(evening, ben)
        for chapter in (
            night.the_lobby,
            night.the_start,
            night.a_pause,
            night.an_intermission,
            night.the_end,
        ):
            await chapter()


class PartyNight:
    """The story of one party."""

    def __init__(self, evening: "Evening", ben: Friend) -> None:
        self.evening, self.ben = evening, ben
        self.screens = (evening.house.television, ben.television)

    async def the_lobby(self) -> None:
        """The party is made, the friend invited, and all is ready."""
        evening = self.evening
        await evening.ctl("party", "create", FILM, "--host", "ada", "--rules", "open=yes")
        link = (await evening.answer("party", "invite")).get("link", "")
        evening.echo("seguectl party invite", f"{link.partition('&token=')[0]}&token=...")
        evening.tell("Ben gives that link to his segued, and needs nothing else.")
        await evening.carry_out(
            "seguectl party join 'segue-party:...'", self.ben.command("party", "join", link)
        )
        await evening.see("ben is here")
        await self.until_party(lambda party: len(ready(party)) == len(self.screens))
        await evening.ctl("party", "show")
        await evening.wait(4)

    async def the_start(self) -> None:
        """The music makes room, and both films begin on the same frame."""
        evening = self.evening
        evening.tell(
            "Both televisions are ready. The party starts: in Ada's living room the song fades away, the receiver "
            "turns to the film, and both homes begin on the same frame."
        )
        await evening.ctl("party", "start")
        await evening.see("switches to bluray")
        await self.until_screens(run=True)
        self.compare()
        await evening.wait(6)
        await evening.ctl("party", "show")
        await evening.wait(3)

    async def a_pause(self) -> None:
        """One viewer's own remote is everybody's."""
        evening = self.evening
        evening.tell(
            "The telephone, at Ben's. He takes his own remote, and presses pause: it is everybody's."
        )
        await self.ben.television.engine.pause()
        await self.until_screens(run=False)
        self.compare()
        await evening.wait(3)
        evening.tell("And on, by the same remote.")
        await self.ben.television.engine.play()
        await self.until_screens(run=True)
        self.compare()
        await evening.wait(3)

    async def an_intermission(self) -> None:
        """Ten minutes after the first hour, or a little less in a demo; with music."""
        evening = self.evening
        evening.tell(
            "Nearly an hour later: the intermission is near. The films stand, the music comes back softly; before the "
            "film goes on, it makes room again."
        )
        await evening.ctl("party", "seek", clock(INTERMISSION_MS - SHORTLY_BEFORE_MS))
        await evening.see("has an intermission")
        await evening.see("fading in")
        await self.until_party(lambda party: party.get("phase") == "playing")
        await self.until_screens(run=True)
        self.compare()
        await evening.wait(3)

    async def the_end(self) -> None:
        """Everything is what it was before."""
        evening = self.evening
        evening.tell(
            "They leave it there for tonight. The party ends, and the receiver is what it was before."
        )
        await evening.ctl("party", "stop", "--yes")
        await evening.see("party is over")
        await evening.see("fading in")
        await evening.wait(3)

    # ---------------------------------------------------------------- what is so

    async def party(self) -> dict[str, Any]:
        """Ask how the party is doing."""
        return await self.evening.answer("party", "show")

    async def until_party(self, wanted: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until the party is as wanted; the story goes on without it in the end."""
        with trio.move_on_after(PATIENCE_S):
            while True:
                if wanted(await self.party()):
                    return
                await trio.sleep(0.2)

    async def until_screens(self, *, run: bool) -> None:
        """Wait until all films run, or stand, nearly where the others do."""
        with trio.move_on_after(PATIENCE_S):
            while True:
                as_wanted = all(screen.engine.is_moving() == run for screen in self.screens)
                if as_wanted and apart_ms(self.screens) < IN_STEP_MS:
                    return
                await trio.sleep(0.1)

    def compare(self) -> None:
        """Show where the films really are: something that no segued can see, but whoever made these televisions."""
        places = ", ".join(f"{s.info.title} at {clock(s.truth_ms(), parts=True)}" for s in self.screens)
        self.evening.show(f"The screens show: {places}; {apart_ms(self.screens):.0f} ms apart.")


def ready(party: dict[str, Any]) -> list[str]:
    """Give the players where nothing is missing."""
    members = party.get("members", [])
    return [player["title"] for member in members for player in member["players"] if player["ready"]]


def apart_ms(screens: tuple[SimulatedVideo, ...]) -> float:
    """How far the first is ahead of the last, in ms; endless where one shows nothing."""
    places = [screen.truth_ms() for screen in screens]
    return math.inf if any(map(math.isnan, places)) else max(places) - min(places)


def clock(position_ms: float, *, parts: bool = False) -> str:
    """Write a position as a display does."""
    if math.isnan(position_ms):
        return "nothing"
    seconds, ms = divmod(round(position_ms), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" + (f".{ms:03}" if parts else "")
