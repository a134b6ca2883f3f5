"""A world without a loop: the store, a clock that is turned by hand, and a receiver and a player as plain data.

For property tests: every step of the outside is a method, and nothing happens by itself.
"""

from segue.core import reducer
from segue.core.actions import Action, ConfigLoaded, DeadlineDue
from segue.core.music.actions import (
    CommandDone,
    CommandFailed,
    HeosLinkChanged,
    HeosPlayer,
    HeosPlayersRead,
    PlayerCommandDone,
    PlayerCommandFailed,
    PlexSession,
    PlexState,
    ReceiverRead,
    ReceiverState,
    SessionsRead,
    SessionsUnread,
    Source,
    SourceChanged,
    VolumeChanged,
    WebhookHeard,
)
from segue.core.music.effects import (
    CommandPlayer,
    FetchSessions,
    HeosEffect,
    ReadReceiver,
    ReceiverTransport,
    SelectSource,
    SetMute,
    SetVolume,
)
from segue.core.music.levels import base_level
from segue.core.music.state import MusicSettings, Room, RoomSettings
from segue.core.state import State
from segue.core.vocabulary import EffectBase
from segue.runtime.journal import MemoryJournal
from segue.runtime.store import Step, Store

PID = 11
CD = Source(input="inputs/cd", source_id=1027, media_id="inputs/cd")
TV = Source(input="inputs/tv", source_id=1027, media_id="inputs/tv")
PHONO = Source(input="inputs/phono", source_id=1027, media_id="inputs/phono")
RADIO = Source(source_id=3, media_id="s1", station="Radio Nine")


class HandClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.dice = 0

    def now_at(self) -> float:
        return self.now

    def wall_at(self) -> float:
        return 1_700_000_000.0 + self.now

    def entropy(self) -> int:
        self.dice = (self.dice * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.dice


class World:
    """One room's outside, in which effects wait until somebody answers them."""

    def __init__(self, room: RoomSettings, *, state: State | None = None) -> None:
        self.clock = HandClock()
        self.journal = MemoryJournal(commit_at_once=False)
        self.store = Store(state or State(), self.journal, clock=self.clock)
        self.waiting: list[EffectBase] = []
        self.level, self.muted, self.link = 40, False, False
        self.play_state: ReceiverState = "play"
        self.source = CD
        self.session: PlexSession | None = None
        self.player_obeys = True
        self.sent: list[SetVolume] = []
        for owner in ("heos_controller", "player_remote", "session_fetcher"):
            self.store.own(owner, self._take)
        self.store.own("log", lambda _effect: None)
        self.dispatch(ConfigLoaded(MusicSettings(rooms=(room,), plex_configured=True)))

    @property
    def room(self) -> Room:
        return self.store.state.music.rooms[0]

    @property
    def base(self) -> int | None:
        return base_level(self.room)

    def dispatch(self, action: Action) -> Step:
        return self.store.dispatch(action, by="test")

    def _take(self, effect: EffectBase) -> None:
        if isinstance(effect, SetVolume):
            self.sent.append(effect)
        self.waiting.append(effect)

    # ------------------------------------------------------------ time

    def next_due(self) -> float | None:
        due = reducer.next_deadline(self.store.state)
        return None if due is None else due[0]

    def turn_clock(self, seconds: float) -> None:
        """Let time pass, stopping at each deadline on the way."""
        end = self.clock.now + seconds
        for _ in range(5000):
            due = reducer.next_deadline(self.store.state)
            if due is None or due[0] > end:
                break
            self.clock.now = max(self.clock.now, due[0])
            self.dispatch(DeadlineDue(due[1]))
            assert reducer.next_deadline(self.store.state) != due, "a deadline stays due"
        else:
            raise AssertionError("the core never sleeps")
        self.clock.now = max(self.clock.now, end)

    # ------------------------------------------------------------ answers

    def answer(self, index: int = 0, *, fail: bool = False, echo: bool = True, took_s: float = 0.02) -> None:
        """Answer one waiting effect, the way that a real outside would."""
        if not self.waiting:
            return
        effect = self.waiting.pop(index % len(self.waiting))
        self.clock.now += took_s
        match effect:
            case FetchSessions():
                sessions = (self.session,) if self.session else ()
                self.dispatch(
                    SessionsUnread(effect.effect_id, "down", "test")
                    if fail
                    else SessionsRead(effect.effect_id, sessions, took_s)
                )
            case CommandPlayer():
                if fail:
                    self.dispatch(PlayerCommandFailed(effect.effect_id, effect.room, "unavailable"))
                    return
                self.dispatch(PlayerCommandDone(effect.effect_id, effect.room, "direct"))
                if self.player_obeys and effect.verb in ("play", "pause", "stop"):
                    self.play({"play": "playing", "pause": "paused"}.get(effect.verb))  # type: ignore[arg-type]
            case HeosEffect():
                self._answer_heos(effect, fail or not self.link, echo, took_s)

    def _answer_heos(self, effect: HeosEffect, fail: bool, echo: bool, took_s: float) -> None:
        if fail:
            self.dispatch(CommandFailed(effect.effect_id, effect.room, "timeout"))
            return
        if isinstance(effect, ReadReceiver):
            self.dispatch(ReceiverRead(PID, self.level, self.muted, self.play_state, self.source))
            return
        after: Action | None = None
        match effect:
            case SetVolume():
                self.level = effect.level
                after = VolumeChanged(PID, self.level, self.muted)
            case SetMute():
                self.muted = effect.muted
                after = VolumeChanged(PID, self.level, self.muted)
            case SelectSource():
                self.source, self.play_state = effect.source, "play"
                after = SourceChanged(PID, self.source)
            case ReceiverTransport():
                pass
        if echo and after is not None:
            self.dispatch(after)
        self.dispatch(CommandDone(effect.effect_id, effect.room, took_s))

    def commit(self) -> None:
        self.journal.commit()

    # ------------------------------------------------------------ the outside acts

    def connect(self) -> None:
        self.link = True
        self.dispatch(HeosLinkChanged(up=True, host="h"))
        self.dispatch(HeosPlayersRead((HeosPlayer(PID, "Living Room"),)))

    def disconnect(self) -> None:
        self.link = False
        self.dispatch(HeosLinkChanged(up=False, host="h", reason="dropped"))

    def turn_knob(self, level: int) -> None:
        self.level = level
        if self.link:
            self.dispatch(VolumeChanged(PID, level, self.muted))

    def choose_source(self, source: Source) -> None:
        self.source, self.play_state = source, "play"
        if self.link:
            self.dispatch(SourceChanged(PID, source))

    def play(self, state: PlexState | None, rating_key: str = "100", *, hook: bool = True) -> None:
        self.session = (
            None
            if state is None
            else PlexSession(
                "plexamp-1", "7", rating_key, state, "Plexamp", media_type="track", duration_ms=None
            )
        )
        if hook:
            self.dispatch(WebhookHeard("media.play"))

    def heal(self, seconds: float = 120.0) -> None:
        """Answer everything well and let time pass until the house is calm."""
        if not self.link:
            self.connect()
        end = self.clock.now + seconds
        for _ in range(20_000):
            self.commit()
            if self.waiting:
                self.answer()
                continue
            due = self.next_due()
            if due is None or due > end:
                return
            self.turn_clock(max(0.0, due - self.clock.now))
        raise AssertionError("the house does not come to rest")
