"""The simulated outside that is not a HEOS speaker: a Plex server, its player, and the player's remote control."""

import random

import trio

from segue.adapters.companion import MediaType, PlayerAddress, PlayerUnreachable, Sent, Verb
from segue.adapters.plex import PlexUnavailable
from segue.adapters.plex_xml import Loudness, PlayerInfo, PlexUnreadable, Session

PLAYER = "plexamp-1"


class SimPlex:
    """What the sessions say, how badly the server answers, and how its webhooks travel."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self.state: str | None = None
        self.rating_key = 100
        self.session_key = 7
        self.health = "well"
        self.lag_s = 0.0
        self.fetches = 0
        self.obeys = True

    # ---------------------------------------------------------------- what segue asks

    async def sessions(self) -> tuple[Session, ...]:
        self.fetches += 1
        await trio.sleep(self._dice.uniform(0.002, 0.03))
        match self.health:
            case "down":
                raise PlexUnavailable("simulated: refused", "connection_refused")
            case "hangs":
                await trio.sleep(3.0)
                raise PlexUnavailable("simulated: no answer within 3 s", "timeout")
            case "garbage":
                raise PlexUnreadable("simulated: root is html")
        return (self._session(self.state),) if self.state is not None else ()

    async def clients(self) -> tuple[PlayerInfo, ...]:
        return ()

    async def command(
        self,
        player: PlayerAddress,
        verb: Verb,
        *,
        offset_ms: int | None = None,
        media_type: MediaType = "music",
    ) -> Sent:
        await trio.sleep(self._dice.uniform(0.005, 0.1))
        if self.health == "down" and self._dice.random() < 0.5:
            raise PlayerUnreachable("simulated: nobody there")
        if self.obeys:
            match verb:
                case "play":
                    self.state = "playing"
                case "pause":
                    self.state = "paused" if self.state is not None else None
                case "stop":
                    self.state = None
                case "skipNext" | "skipPrevious":
                    self.rating_key += 1
        return Sent("direct", answered=True)

    def _session(self, state: str) -> Session:
        return Session(
            session_key=str(self.session_key),
            rating_key=str(self.rating_key),
            media_type="track",
            title=f"Track {self.rating_key}",
            artist="The Loopbacks",
            album="Virtual Time",
            duration_ms=None,
            position_ms=0,
            state=state,
            player_id=PLAYER,
            player_title="Plexamp",
            player_product="Plexamp",
            player_platform="Linux",
            player_address="127.0.0.9",
            local=True,
            user_title="",
            live=False,
            guid="",
            loudness=Loudness(),
        )
