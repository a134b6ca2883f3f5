"""Steps for the journal's tests: the real store and core, fed with made-up actions, without a loop."""

from collections.abc import Sequence
from typing import Any

import msgspec

from segue.core.actions import Action, ConfigLoaded, DeadlineDue
from segue.core.music.actions import (
    CommandDone,
    CommandFailed,
    HeosLinkChanged,
    HeosPlayer,
    HeosPlayersRead,
    PlayerCommandDone,
    PlexSession,
    ReceiverRead,
    SessionsRead,
    Source,
    WebhookHeard,
)
from segue.core.music.effects import CommandPlayer, FetchSessions, HeosEffect, ReadReceiver
from segue.core.music.state import MusicSettings, RoomSettings
from segue.core.state import State
from segue.core.vocabulary import EffectBase
from segue.runtime import rows
from segue.runtime.journal import Entry
from segue.runtime.store import Store

PID = 11
CD = Source(input="inputs/cd", source_id=1027, media_id="inputs/cd")
SETTINGS = MusicSettings(
    rooms=(
        RoomSettings(
            name="living",
            plex_player="plexamp-1",
            heos_player="Living Room",
            input="inputs/cd",
            max_level=60,
        ),
    ),
    plex_configured=True,
)


class HandClock:
    """A clock that tests move by hand."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.wall_minus_now = 1_700_000_000.25
        self.draws = 0

    def now_at(self) -> float:
        return self.at

    def wall_at(self) -> float:
        return self.at + self.wall_minus_now

    def entropy(self) -> int:
        self.draws += 1
        return (self.draws * 0x9E3779B97F4A7C15) & (2**64 - 1)


class Appends:
    """A journal that keeps each append apart."""

    def __init__(self) -> None:
        self.appends: list[tuple[Entry, ...]] = []

    def append(self, entries: Sequence[Entry]) -> None:
        self.appends.append(tuple(entries))

    def listen(self, on_committed: object, on_failed: object) -> None:
        pass


class Steps:
    """Dispatches, and remembers what the store would have written down."""

    def __init__(self, state: State | None = None, first_seq: int = 1, at: float = 1000.0) -> None:
        self.journal = Appends()
        self.clock = HandClock()
        self.clock.at = at
        self.store = Store(state or State(), self.journal, clock=self.clock, first_seq=first_seq)
        self.open_effects: list[EffectBase] = []
        for owner in ("heos_controller", "player_remote", "session_fetcher", "log", "service_manager"):
            self.store.own(owner, self._deliver)

    def _deliver(self, effect: EffectBase) -> None:
        if effect.owner in ("heos_controller", "player_remote", "session_fetcher"):
            self.open_effects.append(effect)

    @property
    def appends(self) -> list[tuple[Entry, ...]]:
        return self.journal.appends

    @property
    def entries(self) -> list[Entry]:
        return [entry for append in self.appends for entry in append]

    def take(self, action: Action, *, by: str = "test", after_s: float = 0.01) -> int:
        """Dispatch; give the number of the action's own step."""
        self.clock.at += after_s
        step = self.store.dispatch(action, by=by)
        self.store._on_committed(step.entries[-1].stamp.seq)
        return step.seq

    def begin(self, level: int = 40) -> "Steps":
        """Configure one room with a receiver that is there, and read Plex once."""
        self.take(ConfigLoaded(SETTINGS), by="app")
        self.take(HeosLinkChanged(up=True, host="127.0.0.1"))
        self.take(HeosPlayersRead((HeosPlayer(PID, "Living Room"),)))
        self.take(ReceiverRead(PID, level, False, "play", CD))
        self.open_effects = [e for e in self.open_effects if isinstance(e, FetchSessions)]
        self.answer_all(())
        return self

    def plex(self, *sessions: PlexSession, after_s: float = 5.0) -> None:
        """Let a webhook announce what Plex then says."""
        self.take(WebhookHeard("media.play"), after_s=after_s)
        self.answer_all(sessions)

    def answer_all(
        self, sessions: tuple[PlexSession, ...] = (), *, fail: bool = False, rounds: int = 400
    ) -> None:
        """Answer what is asked and go on through every fade, up to the next longer silence."""
        for _ in range(rounds):
            if self.open_effects:
                self.answer(0, sessions, fail=fail)
                continue
            due = self.store._next_moment()
            if due is None or due > self.clock.at + 0.5:
                return
            self.clock.at = max(self.clock.at, due)
            self.take(DeadlineDue("music"), by="store", after_s=0.0)

    def answer(self, which: int, sessions: tuple[PlexSession, ...] = (), *, fail: bool = False) -> None:
        """Answer one of the effects that wait."""
        effect = self.open_effects.pop(which % len(self.open_effects))
        match effect:
            case FetchSessions():
                self.take(SessionsRead(effect.effect_id, sessions, 0.002))
            case ReadReceiver():
                receiver = self.store.state.music.rooms[0].receiver if self.store.state.music.rooms else None
                level = 40 if receiver is None else receiver.observed_level
                self.take(ReceiverRead(PID, level, False, "play", CD))
            case HeosEffect() if fail:
                self.take(CommandFailed(effect.effect_id, effect.room, "timeout", "no answer"))
            case HeosEffect():
                self.take(CommandDone(effect.effect_id, effect.room, 0.025), by="actor:heos_controller")
            case CommandPlayer():
                self.take(PlayerCommandDone(effect.effect_id, effect.room, "direct", 0.01))

    def rows(self) -> list[rows.StepRow]:
        """Give the steps as the journal would give them back."""
        return [rows.decoded(rows.encoded(entry)) for entry in self.entries]


def song(state: Any = "playing", rating_key: str = "100", position_ms: int = 0) -> PlexSession:
    return PlexSession(
        player_id="plexamp-1",
        session_key="7",
        rating_key=rating_key,
        state=state,
        player_title="Plexamp",
        media_type="track",
        title=f"Track {rating_key}",
        artist="The Loopbacks",
        duration_ms=200_000,
        position_ms=position_ms,
    )


def json_of(value: object) -> str:
    return msgspec.json.encode(value).decode()
