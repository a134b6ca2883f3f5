"""Our rules on real players: the product's own driver, remote and synchronisation, with the smallest server around."""

from random import Random

import trio
from msgspec.structs import replace

from benchmarks.party_homes.screens import QUEUE, RATING_KEY, SERVER_ID, Screen
from segue.actors.party_media import Match
from segue.actors.party_player import PlayerDriver, Trouble
from segue.actors.party_talk import FIRST_PROBES_S
from segue.adapters.companion_timeline import Polled
from segue.adapters.plex import PlexError
from segue.core.party.sync import target
from segue.core.party.sync.clock import PROBE_EVERY_S, PROBE_IDLE_S, PROBES_AT_START, Probe
from segue.core.party.sync.controller import new_agent
from segue.core.party.sync.messages import ClockSampled, LineReceived, Report
from segue.secret import Secret

QUICK_PROBES = 3
"""The product's agent sends so many at once, to be able to begin."""
LOBBY_S = 8.0
"""From the invitation to the start: time to load the film, and to try the player out."""
JITTER_S = (0.015, 0.120)


class Line:
    """One direction of the way between a home and the server: late, never out of order."""

    def __init__(self, rng: Random) -> None:
        self._rng, self._free_at = rng, 0.0

    async def delay(self) -> None:
        """Be under way."""
        at = max(trio.current_time() + self._rng.uniform(*JITTER_S), self._free_at)
        self._free_at = at
        await trio.sleep_until(at)


class RealScreen:
    """The player as the product's driver wants it; the film needs no server."""

    def __init__(self, screen: Screen) -> None:
        self._remote = screen.remote

    async def play(self) -> object:
        """Go on."""
        return await self._remote.play()

    async def pause(self) -> object:
        """Stand still."""
        return await self._remote.pause()

    async def stop(self) -> object:
        """Leave the film."""
        return await self._remote.stop()

    async def seek_to(self, position_ms: int) -> object:
        """Go to a position."""
        return await self._remote.seek_to(position_ms)

    async def skip_to(self, media: str) -> object:
        """Go on to the film."""
        return await self._remote.skip_to(f"/library/metadata/{media}")

    async def show(self, _media: str, position_ms: int) -> object:
        """Show the film."""
        return await self._remote.play_media(QUEUE, SERVER_ID, Secret("transient-1"), offset_ms=position_ms)

    async def poll(self) -> Polled:
        """Ask the timeline."""
        return await self._remote.poll()

    def why(self, _trouble: Trouble, _error: PlexError | None) -> tuple[str, str]:
        """Say what is wrong: nothing that anybody here would read."""
        return "", ""


class OurHome:
    """One home: the product's driver of its player, its clock, and its way to the server.

    The homes' clocks do not agree: for each, the server's clock is another `ahead_s` before its own.
    """

    def __init__(self, screen: Screen, nursery: trio.Nursery, ahead_s: float, rng: Random) -> None:
        self.screen, self._nursery, self._ahead_s = screen, nursery, ahead_s
        self.reports: list[tuple[float, Report]] = []
        self.up, self.down = Line(rng), Line(rng)
        match = Match(SERVER_ID, RATING_KEY, "A Film", None)
        self.driver = PlayerDriver(RealScreen(screen), new_agent(), match, told=self._note)

    def _note(self, report: Report) -> None:
        self.reports.append((trio.current_time(), report))

    async def live(self) -> None:
        """Be switched on."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.driver.run)
            sent = 0
            while True:
                nursery.start_soon(self._probe)
                sent += 1
                if sent < QUICK_PROBES:
                    await trio.sleep(FIRST_PROBES_S)
                else:
                    await trio.sleep(PROBE_EVERY_S if sent < PROBES_AT_START else PROBE_IDLE_S)

    async def tell(self, line: target.GroupLine) -> None:
        """Hear a line, after its way down."""
        await self.down.delay()
        self.driver.feed(LineReceived(replace(line, at_s=line.at_s + self._ahead_s)))

    async def _probe(self) -> None:
        sent_s = trio.current_time()
        await self.up.delay()
        server_s = trio.current_time() + self._ahead_s
        await self.down.delay()
        self.driver.feed(ClockSampled(Probe(sent_s, server_s, server_s, trio.current_time())))


class Ours:
    """The party."""

    name = "segue"

    def __init__(
        self, screens: list[Screen], ahead_s: list[float], nursery: trio.Nursery, rng: Random
    ) -> None:
        self._nursery, self._line = nursery, target.GroupLine(0, 0, 0.0, 0.0)
        self.homes = [
            OurHome(each, nursery, each_s, rng) for each, each_s in zip(screens, ahead_s, strict=True)
        ]
        self._joined: list[OurHome] = []

    def _draw(self, line: target.GroupLine) -> float:
        self._line = line
        for home in self._joined:
            self._nursery.start_soon(home.tell, line)
        return line.at_s

    def _enter(self, home: OurHome) -> None:
        self._joined.append(home)
        self._nursery.start_soon(home.live)

    async def start(self, position_ms: int) -> float:
        """The first home gets ready, as in a lobby, and begins the film; gives when."""
        self._enter(self.homes[0])
        self._draw(target.GroupLine(1, position_ms, trio.current_time(), 0.0, RATING_KEY))
        await trio.sleep(LOBBY_S)
        return self._draw(target.resuming(self._line, 2, trio.current_time()))

    def join(self) -> None:
        """The second home comes late, and knows nothing."""
        self._enter(self.homes[1])
        self._nursery.start_soon(self.homes[1].tell, self._line)

    def pause(self) -> float:
        """Somebody pauses; gives when everybody stands."""
        return self._draw(target.pausing(self._line, self._line.rev + 1, trio.current_time()))

    def resume(self) -> float:
        """Somebody goes on; gives when everybody runs."""
        return self._draw(target.resuming(self._line, self._line.rev + 1, trio.current_time()))
