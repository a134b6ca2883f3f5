"""Drives the receivers: effects become HEOS commands, raw HEOS events become actions, in the order they came.

It decides nothing. How often a device is asked for its now playing is bounded here, because some receivers answer that
very question with another event of the same kind (HA core #37509) and would keep us asking for ever.
"""

from collections.abc import Callable
from contextlib import suppress

import trio

from segue.adapters import heos
from segue.core.actions import Action
from segue.core.music.actions import (
    CommandDone,
    CommandFailed,
    HeosLinkChanged,
    HeosPlayer,
    HeosPlayersRead,
    PlaybackFailed,
    ReceiverRead,
    ReceiverState,
    ReceiverStateChanged,
    Source,
    SourceChanged,
    VolumeChanged,
)
from segue.core.music.effects import (
    HeosEffect,
    ReadReceiver,
    ReceiverTransport,
    SelectSource,
    SetMute,
    SetVolume,
)
from segue.runtime.inbox import Inbox
from segue.runtime.store import Store

BY = "actor:heos_controller"
NOW_PLAYING_GAP_S = 0.5
"""Least time between two questions for the now playing of one player that its own events lead to."""
MakeSystem = Callable[[Callable[[heos.HeosEvent], None]], heos.HeosSystem]
STATES: dict[str, ReceiverState] = {"play": "play", "pause": "pause", "stop": "stop"}


class HeosController:
    """Owns the HEOS system."""

    def __init__(self, store: Store, inbox: Inbox, make_system: MakeSystem) -> None:
        """Take what makes the adapter: anew after each failure of ours, so that no state of it survives one."""
        self._store = store
        self._inbox = inbox
        self._make_system = make_system
        self._system = make_system(self.hear)
        self._doubts: dict[int, trio.Event] = {}
        self._nursery: trio.Nursery | None = None

    async def run(self) -> None:
        """Keep the link, carry out effects. Each effect has its own task: the adapter orders what must be ordered."""
        self._system = self._make_system(self.hear)
        self._doubts.clear()
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._system.run)
                while True:
                    effect = await self._inbox.get()
                    if isinstance(effect, HeosEffect):
                        nursery.start_soon(self._carry_out, effect)
        except Exception:
            # The next run connects anew; what happens at the receivers until then is heard by nobody.
            if self._store.state.music.heos_up:
                host = self._store.state.music.heos_host
                self._tell(HeosLinkChanged(up=False, host=host, reason="its controller fell over"))
            raise
        finally:
            self._nursery = None

    @property
    def counters(self) -> dict[str, int]:
        """What went wrong or unusually on the link, how often."""
        return dict(self._system.counters)

    # ---------------------------------------------------------------- effects

    async def _carry_out(self, effect: HeosEffect) -> None:
        outcome = await self._outcome(effect)
        self._inbox.done(effect)
        self._tell(outcome)

    async def _outcome(self, effect: HeosEffect) -> Action:
        started_at = trio.current_time()
        try:
            if isinstance(effect, ReadReceiver):
                return await self._read(effect.heos_player_id)
            await self._command(effect)
        except (heos.HeosRefused, ValueError) as error:  # the second: words that HEOS has no way to write
            return CommandFailed(effect.effect_id, effect.room, "refused", str(error))
        except heos.HeosTimeout as error:
            return CommandFailed(effect.effect_id, effect.room, "timeout", str(error))
        except heos.HeosUnavailable as error:
            return CommandFailed(effect.effect_id, effect.room, "unavailable", str(error))
        return CommandDone(effect.effect_id, effect.room, trio.current_time() - started_at)

    async def _command(self, effect: HeosEffect) -> None:
        pid = effect.heos_player_id
        match effect:
            case SetVolume(level=level):
                await self._system.set_volume(pid, level)
            case SetMute(muted=muted):
                await self._system.set_mute(pid, muted)
            case SelectSource(source=source):
                await self._select(pid, source)
            case ReceiverTransport(verb="next"):
                await self._system.play_next(pid)
            case ReceiverTransport(verb="previous"):
                await self._system.play_previous(pid)
            case ReceiverTransport(verb="play" | "pause" | "stop" as verb):
                await self._system.set_play_state(pid, verb)
            case _:
                raise AssertionError(f"no command for {type(effect).__name__}")

    async def _select(self, pid: int, source: Source) -> None:
        """Select an input; or go back to the queue or the station that was on."""
        if source.input:
            await self._system.play_input(pid, source.input)
        elif source.queue_id is not None:
            await self._system.play_queue_item(pid, source.queue_id)
        elif source.source_id is not None:
            await self._system.play_station(pid, source.source_id, None, source.media_id, source.station)

    async def _read(self, pid: int) -> ReceiverRead:
        started_at = trio.current_time()
        level = await self._system.get_volume(pid)
        muted = await self._system.get_mute(pid)
        state = await self._system.get_play_state(pid)
        playing = await self._system.get_now_playing(pid)
        took_s = trio.current_time() - started_at
        return ReceiverRead(pid, level, muted, STATES.get(state, "unknown"), to_source(playing), took_s)

    # ---------------------------------------------------------------- events

    def hear(self, event: heos.HeosEvent) -> None:
        """Turn a raw event into an action, at once and in order."""
        match event:
            case heos.LinkUp(host=host, players=players):
                self._tell(HeosLinkChanged(up=True, host=host))
                self._tell(HeosPlayersRead(tuple(to_player(p) for p in players)))
            case heos.LinkDown(host=host, reason=reason):
                self._tell(HeosLinkChanged(up=False, host=host, reason=reason))
            case heos.PlayersChanged(players=players):
                self._tell(HeosPlayersRead(tuple(to_player(p) for p in players)))
            case heos.VolumeChanged(pid=pid, level=level, mute=muted):
                self._tell(VolumeChanged(pid, level, muted))
            case heos.PlayStateChanged(pid=pid, state=state):
                self._tell(ReceiverStateChanged(pid, STATES.get(state, "unknown")))
            case heos.NowPlayingChanged(pid=pid):
                self._ask_now_playing(pid)
            case heos.EventsMissed(pid=pid):
                if self._nursery is not None:
                    self._nursery.start_soon(self._read_unasked, pid)
            case heos.PlaybackError(pid=pid, text=text):
                self._tell(PlaybackFailed(pid, text))
            case _:
                pass

    async def _read_unasked(self, pid: int) -> None:
        with suppress(heos.HeosError):
            self._tell(await self._read(pid))

    def _ask_now_playing(self, pid: int) -> None:
        doubt = self._doubts.get(pid)
        if doubt is not None:
            doubt.set()
        elif self._nursery is not None:
            self._doubts[pid] = trio.Event()
            self._doubts[pid].set()
            self._nursery.start_soon(self._follow_now_playing, pid)

    async def _follow_now_playing(self, pid: int) -> None:
        """Ask while there is news, at most once in a while; end when there was none."""
        while self._doubts[pid].is_set():
            self._doubts[pid] = trio.Event()
            try:
                playing = await self._system.get_now_playing(pid)
            except heos.HeosError:
                break  # The link says itself when it is gone, and everything is read anew when it is back.
            self._tell(SourceChanged(pid, to_source(playing)))
            await trio.sleep(NOW_PLAYING_GAP_S)
        del self._doubts[pid]

    def _tell(self, action: Action) -> None:
        self._store.post(action, by=BY)


def to_player(player: heos.Player) -> HeosPlayer:
    """Say an adapter's player in the core's words."""
    return HeosPlayer(
        heos_player_id=player.pid,
        name=player.name,
        model=player.model,
        ip=player.ip,
        serial=player.serial,
        version=player.version,
    )


def to_source(playing: heos.NowPlaying) -> Source:
    """Say what a receiver plays in the core's words."""
    return Source(
        input=playing.input or "",
        source_id=playing.sid,
        media_id=playing.mid or "",
        queue_id=playing.qid,
        station=playing.station or "",
        title=playing.song or "",
        artist=playing.artist or "",
        album=playing.album or "",
    )
