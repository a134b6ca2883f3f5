"""A house in memory: the real store and core, with a receiver and a Plex player that are plain data.

For tests under virtual time. It answers effects as the outside would, after the device's round trip.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio

from segue.core.actions import Action, ConfigLoaded
from segue.core.music.actions import (
    CommandDone,
    HeosLinkChanged,
    HeosPlayer,
    HeosPlayersRead,
    PlayerCommandDone,
    PlexSession,
    ReceiverRead,
    ReceiverState,
    ReceiverStateChanged,
    SessionsRead,
    Source,
    SourceChanged,
    VolumeChanged,
    WebhookHeard,
)
from segue.core.music.effects import (
    CommandPlayer,
    FetchSessions,
    ReadReceiver,
    ReceiverTransport,
    SelectSource,
    SetMute,
    SetVolume,
)
from segue.core.music.state import MusicSettings, Room, RoomSettings
from segue.core.state import State
from segue.core.vocabulary import EffectBase
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Step, Store

PID = 11
CD = Source(input="inputs/cd", source_id=1027, media_id="inputs/cd")
TV = Source(input="inputs/tv", source_id=1027, media_id="inputs/tv")
RADIO = Source(source_id=3, media_id="s1", station="Radio Nine")
LIVING = RoomSettings(
    name="living", plex_player="plexamp-1", heos_player="Living Room", input="inputs/cd", max_level=60
)


class House:
    """The store, and around it one receiver and one Plex player."""

    def __init__(
        self, room: RoomSettings = LIVING, *, journal: MemoryJournal | None = None, state: State | None = None
    ) -> None:
        self.journal = journal or MemoryJournal()
        self.store = Store(state or State(), self.journal)
        self.settings = MusicSettings(rooms=(room,), plex_configured=True)
        self.level, self.muted, self.source = 40, False, CD
        self.play_state: ReceiverState = "play"
        self.rtt_s = 0.025
        self.echoes = True
        self.session: PlexSession | None = None
        self.obeys = True
        self.effects: list[tuple[float, EffectBase]] = []
        self.levels: list[tuple[float, int]] = []
        self._nursery: trio.Nursery | None = None
        for owner in ("heos_controller", "player_remote", "session_fetcher", "log", "service_manager"):
            self.store.own(owner, self._carry_out)

    @property
    def room(self) -> Room:
        return self.store.state.music.rooms[0]

    @property
    def said(self) -> list[str]:
        return [e.text for _, e in self.effects if hasattr(e, "text")]

    @property
    def journal_status(self) -> str:
        return self.store.state.system.journal

    def sent(self) -> list[int]:
        """The levels sent so far."""
        return [e.level for _, e in self.effects if isinstance(e, SetVolume)]

    def dispatch(self, action: Action) -> Step:
        return self.store.dispatch(action, by="test")

    # ------------------------------------------------------------ outside

    def _carry_out(self, effect: EffectBase) -> None:
        self.effects.append((trio.current_time(), effect))
        assert self._nursery is not None
        self._nursery.start_soon(self._answer, effect)

    async def _answer(self, effect: EffectBase) -> None:
        started = trio.current_time()
        match effect:
            case FetchSessions():
                await trio.sleep(0.002)
                sessions = (self.session,) if self.session else ()
                self._tell(SessionsRead(effect.effect_id, sessions, 0.002))
            case SetVolume():
                await trio.sleep(self.rtt_s / 2)
                self.set_level(effect.level)
                await trio.sleep(self.rtt_s / 2)
                self._tell(CommandDone(effect.effect_id, effect.room, trio.current_time() - started))
            case SetMute():
                self.muted = effect.muted
                self._tell(VolumeChanged(PID, self.level, self.muted))
                self._tell(CommandDone(effect.effect_id, effect.room, 0.0))
            case SelectSource():
                await trio.sleep(0.1)
                self.source, self.play_state = effect.source, "play"
                self._tell(CommandDone(effect.effect_id, effect.room, 0.1))
                self._tell(SourceChanged(PID, self.source))
            case ReadReceiver():
                await trio.sleep(0.004)
                self._tell(ReceiverRead(PID, self.level, self.muted, self.play_state, self.source))
            case ReceiverTransport():
                self.play_state = effect.verb if effect.verb in ("play", "pause", "stop") else "play"
                self._tell(CommandDone(effect.effect_id, effect.room, 0.0))
                self._tell(ReceiverStateChanged(PID, self.play_state))
            case CommandPlayer():
                await trio.sleep(0.01)
                self._tell(PlayerCommandDone(effect.effect_id, effect.room, "direct"))
                if self.obeys and effect.verb in ("play", "pause", "stop"):
                    self.player({"play": "playing", "pause": "paused", "stop": None}[effect.verb])

    def _tell(self, action: Action) -> None:
        self.store.dispatch(action, by="outside")

    def set_level(self, level: int) -> None:
        self.level = level
        self.levels.append((trio.current_time(), level))
        if self.echoes:
            self._tell(VolumeChanged(PID, level, self.muted))

    # ------------------------------------------------------------ people

    def turn_knob(self, level: int) -> None:
        self.level = level
        self._tell(VolumeChanged(PID, level, self.muted))

    def player(self, state: str | None, rating_key: str = "100") -> None:
        """Let the Plex player be in a state, and the server send its webhook."""
        self.player_at_once(state, rating_key)
        self._tell(WebhookHeard("media.play"))

    def player_at_once(self, state: str | None, rating_key: str = "100") -> None:
        """Let the Plex player be in a state of which nobody has told."""
        self.session = (
            None
            if state is None
            else PlexSession(
                player_id="plexamp-1",
                session_key="7",
                rating_key=rating_key,
                state=state,  # type: ignore[arg-type]
                player_title="Plexamp",
                media_type="track",
                title=f"Track {rating_key}",
                artist="The Loopbacks",
                duration_ms=200_000,
            )
        )


@asynccontextmanager
async def open_house(
    room: RoomSettings = LIVING,
    *,
    before: Callable[[House], None] = lambda _house: None,
    journal: MemoryJournal | None = None,
    state: State | None = None,
) -> AsyncIterator[House]:
    """Run a house whose receiver is connected and whose Plex has been read once."""
    async with trio.open_nursery() as nursery:
        house = House(room, journal=journal, state=state)
        house._nursery = nursery
        before(house)
        nursery.start_soon(house.store.run)
        house.dispatch(ConfigLoaded(house.settings))
        house.dispatch(HeosLinkChanged(up=True, host="127.0.0.1"))
        house.dispatch(HeosPlayersRead((HeosPlayer(PID, "Living Room"),)))
        await trio.sleep(2)
        house.effects.clear()
        house.levels.clear()
        yield house
        nursery.cancel_scope.cancel()
