"""Which players of this home parties may drive, and what keeps one of them from it, with how to mend that.

Players are looked for where they are known: the home's Plex server (`/clients`), and the network (GDM). Authorised is
what the configuration names, by title or machine identifier, and nothing else: what an orchestrator asks for beyond
that does not exist here. A player that is found is asked for its timeline, so that "found" means "can be driven".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec
import trio

from segue.actors.party_media import why_down
from segue.actors.party_plex import HomePlex, with_address
from segue.adapters.companion import PlayerRefused, PlayerUnreachable
from segue.adapters.gdm import Address, GdmUnavailable, search
from segue.adapters.plex import PlexError, PlexRefused
from segue.adapters.plex_xml import PlayerInfo, Session

RELAY_FAILS = frozenset({404, 502, 503, 504})
"""What a server answers that finds no way to a player either."""
SEARCH_S = 1.0
"""How long the network is listened to after a search, in seconds."""

Problem = Literal["", "not_found", "no_route", "app_closed", "plex_down", "not_controllable", "ambiguous"]
"""The words of `ready` in docs/party-protocol.md, and two of our own."""


class HomePlayer(msgspec.Struct, frozen=True):
    """An authorised player."""

    device_id: str
    """Its machine identifier; empty for a title that was never seen."""
    title: str
    info: PlayerInfo | None = None
    """How it is reached; nothing where it was not found."""
    problem: Problem = ""
    detail: str = ""


class HomeSeen(msgspec.Struct, frozen=True):
    """What a look around found."""

    players: tuple[HomePlayer, ...] = ()
    """The authorised ones, in the order of the configuration."""
    others: tuple[str, ...] = ()
    """Titles of players that nobody authorised."""
    plex_problem: str = ""
    """Why the home's Plex server cannot be asked; empty when it can."""

    def player(self, device_id: str) -> HomePlayer | None:
        """Find an authorised player by its identifier, or, as old orchestrators do, by its title."""
        named = [p for p in self.players if device_id and p.device_id == device_id]
        named += [p for p in self.players if p.title == device_id]
        return named[0] if named else None


class Home(Protocol):
    """What the agent needs of this home."""

    async def look(self) -> HomeSeen:
        """Look around."""


class PartyHome:
    """Looks around in one home."""

    def __init__(
        self,
        plex: HomePlex | None,
        authorized: Sequence[str],
        titles: Callable[[], Mapping[str, str]],
        *,
        gdm: bool = True,
        gdm_addresses: Sequence[Address] | None = None,
    ) -> None:
        """`titles` gives those of players that were seen before, by identifier. `gdm_addresses`: where to search."""
        self._plex = plex
        self._authorized = tuple(dict.fromkeys(name.strip() for name in authorized if name.strip()))
        self._titles = titles
        self._gdm = gdm
        self._gdm_addresses = gdm_addresses

    async def look(self) -> HomeSeen:
        """Look around; takes some seconds where somebody does not answer. Never raises for what a network can do."""
        look = _Look()
        async with trio.open_nursery() as nursery:
            if self._plex is not None:
                nursery.start_soon(self._ask_plex, self._plex, look)
            else:
                look.plex_problem = "No Plex server is configured in this home. Set [plex] url."
            if self._gdm:
                nursery.start_soon(self._search, look)
        found = look.found()
        named = [_named(name, found, self._titles()) for name in self._authorized]
        players = list({player.device_id or player.title: player for player in named}.values())
        async with trio.open_nursery() as nursery:
            for place, player in enumerate(players):
                nursery.start_soon(self._judge, players, place, player, look)
        authorised = {player.device_id for player in players}
        others = sorted(info.title for key, info in found.items() if key not in authorised and info.title)
        return HomeSeen(tuple(players), tuple(others), look.plex_problem)

    # ------------------------------------------------------------ who is there

    async def _ask_plex(self, plex: HomePlex, look: "_Look") -> None:
        try:
            look.clients = await plex.server.clients()
        except PlexRefused:
            # A guest's token is good for the films and may not be for this: then the network must show the players.
            look.plex_problem = await _identity_problem(plex)
        except PlexError as error:
            look.plex_problem = why_down(plex, error)
        if not look.plex_problem:
            try:
                look.sessions = await plex.server.sessions()
            except PlexError:
                look.sessions = ()  # only the owner may read them

    async def _search(self, look: "_Look") -> None:
        try:
            devices = await search(SEARCH_S, addresses=self._gdm_addresses)
        except GdmUnavailable:
            return  # without a network Plex may still know them
        look.heard = tuple(device.player_info() for device in devices)

    # ------------------------------------------------------------ what is missing

    async def _judge(self, players: list[HomePlayer], place: int, player: HomePlayer, look: "_Look") -> None:
        """Say of one player what keeps it from taking part."""
        if player.problem:
            return
        problem: Problem = ""
        detail = ""
        if player.info is None:
            problem, detail = _why_absent(player, look)
        elif self._plex is not None:
            problem, detail = await _why_deaf(self._plex, player.title, player.info)
        if look.plex_problem and not problem:
            problem, detail = "plex_down", look.plex_problem
        players[place] = msgspec.structs.replace(player, problem=problem, detail=detail)


class _Look:
    """What one look around gathers."""

    def __init__(self) -> None:
        self.clients: tuple[PlayerInfo, ...] = ()
        self.heard: tuple[PlayerInfo, ...] = ()
        self.sessions: tuple[Session, ...] = ()
        self.plex_problem = ""

    def found(self) -> dict[str, PlayerInfo]:
        """Put together what the server and the network know: the server names platforms, the network addresses."""
        found = {info.player_id: info for info in self.clients if info.player_id}
        for heard in self.heard:
            known = found.get(heard.player_id)
            found[heard.player_id] = with_address(known, heard.host, heard.port) if known else heard
        return found


async def _identity_problem(plex: HomePlex) -> str:
    try:
        await plex.server.identity()
    except PlexError as error:
        return why_down(plex, error)
    return ""


def _named(name: str, found: Mapping[str, PlayerInfo], titles: Mapping[str, str]) -> HomePlayer:
    """Find who is meant by a title or an identifier."""
    if name in found:
        return HomePlayer(name, found[name].title or name, found[name])
    same = [info for info in found.values() if info.title.strip() == name]
    same = same or [info for info in found.values() if info.title.strip().casefold() == name.casefold()]
    if len(same) > 1:
        ids = ", ".join(sorted(info.player_id for info in same))
        detail = f"{len(same)} players are called {name!r}. Authorise one by its identifier: {ids}."
        return HomePlayer("", name, None, "ambiguous", detail)
    if same:
        return HomePlayer(same[0].player_id, same[0].title, same[0])
    if name in titles:
        return HomePlayer(name, titles[name] or name)
    before = [key for key, title in titles.items() if title.strip().casefold() == name.casefold()]
    return HomePlayer(before[-1] if before else "", name)


def _why_absent(player: HomePlayer, look: _Look) -> tuple[Problem, str]:
    name = player.title
    if look.plex_problem:
        return "plex_down", look.plex_problem
    switch = "'Advertise as player' in the settings of its Plex app"
    if any(s.player_id == player.device_id or s.player_title == name for s in look.sessions):
        return "not_found", f"{name} plays, but lets nobody control it. Switch on {switch}."
    return "app_closed", f"{name} is not there. Open its Plex app. If it is open, switch on {switch}."


async def _why_deaf(plex: HomePlex, name: str, info: PlayerInfo) -> tuple[Problem, str]:
    """Ask a player for its timeline, and say why it cannot be driven."""
    if info.capabilities and not {"playback", "timeline"} <= set(info.capabilities):
        can = ", ".join(info.capabilities)
        return "not_controllable", f"{name} ({info.product}) cannot be driven from outside; it offers {can}."
    try:
        await plex.remote(info).poll()
    except PlayerUnreachable:
        pass
    except PlayerRefused as error:
        if error.code not in RELAY_FAILS:
            return "no_route", f"{name} refuses to be controlled ({error.code}). Sign it in to the same Plex."
    except PlexError:
        return "", ""  # it answers, and what it says of nothing need make no sense
    else:
        return "", ""
    where = f"{info.host} port {info.port}" if info.host and info.port else "an unknown address"
    detail = f"{name} answers neither at {where} nor through Plex."
    return "no_route", f"{detail} Open its Plex app; put it into the same network, without a firewall."
