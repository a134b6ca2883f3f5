"""A HEOS system: Denon and Marantz receivers and speakers, driven over their command line (TCP port 1255).

`HeosSystem` is all that others need: one method a command, and every event, raw, in the order in which it came. What
happens below is in `heos_connections` (two links, back-off), `heos_link` (one command at a time, no wrong answers)
and `heos_wire` (bytes and pyheos' words); `heos_discovery` finds devices.

Section numbers are those of the makers' "HEOS CLI Protocol Specification". Every command raises `HeosUnavailable` when
there is no connection or it ends, `HeosTimeout` when no answer comes, `HeosRefused` when the device says no, each of
them within a bounded time, and `ValueError` for arguments that cannot be sent.
"""

import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Literal, Never, TypeVar

import trio
from pyheos import command as c
from pyheos import const
from pyheos.message import HeosMessage

from segue.adapters.heos_connections import (
    PORT,
    BackOff,
    Connections,
    FindHosts,
    Lane,
    OpenStream,
    open_tcp,
)
from segue.adapters.heos_ear import Ear
from segue.adapters.heos_link import Timing
from segue.adapters.heos_model import (
    EventsMissed,
    GroupVolumeChanged,
    HeosError,
    HeosEvent,
    HeosRefused,
    HeosTimeout,
    HeosUnavailable,
    Input,
    LinkDown,
    LinkUp,
    NowPlaying,
    NowPlayingChanged,
    OtherChange,
    PlaybackError,
    Player,
    PlayersChanged,
    PlayState,
    PlayStateChanged,
    PositionChanged,
    SourcesChanged,
    VolumeChanged,
)
from segue.adapters.heos_wire import (
    AUX_INPUT_SID,
    command,
    read_event,
    read_input_owners,
    read_inputs,
    read_now_playing,
    read_players,
    to_level,
    to_play_state,
    to_switch,
)

__all__ = [
    "EventsMissed",
    "GroupVolumeChanged",
    "HeosError",
    "HeosEvent",
    "HeosRefused",
    "HeosSystem",
    "HeosTimeout",
    "HeosUnavailable",
    "Input",
    "LinkDown",
    "LinkUp",
    "NowPlaying",
    "NowPlayingChanged",
    "OtherChange",
    "PlayState",
    "PlayStateChanged",
    "PlaybackError",
    "Player",
    "PlayersChanged",
    "PositionChanged",
    "SourcesChanged",
    "VolumeChanged",
]

log = logging.getLogger(__name__)
Value = TypeVar("Value")

PATIENCE: Final = 3
"""Commands that start something may take so many times longer than others."""
URL_CHARS_MAX: Final = 255
"""Firmware cuts longer URLs (home-assistant/core#131750)."""
PLAYERS_SETTLE_S: Final = 1.0
"""Changes of players and groups come in floods, and a device that is asked in the middle may refuse."""
PLAYERS_RETRY_S: Final = 5.0
INPUT_OWNERS_MAX: Final = 32
"""Players whose inputs are read; a HEOS system has at most 32."""


class HeosSystem:
    """One HEOS system, reached through any of its devices.

    `hosts` are tried in turn; `find_hosts` is asked for more when there are none or none answers. `on_event` is called
    out of the reading task and must not block. All times are in seconds of trio's clock.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        on_event: Callable[[HeosEvent], None],
        port: int = PORT,
        heartbeat_s: float = 10.0,
        command_timeout_s: float = 5.0,
        backoff_min_s: float = 1.0,
        backoff_max_s: float = 15.0,
        jitter: Callable[[], float] = random.random,
        open_stream: OpenStream = open_tcp,
        find_hosts: FindHosts | None = None,
    ) -> None:
        if isinstance(hosts, str) or not (hosts or find_hosts):
            raise ValueError(
                "hosts must be a list of host names or addresses, or find_hosts a way to find them"
            )
        self.counters: Counter[str] = Counter()
        """What went wrong, or unusually, how often: `timeouts`, `lines_malformed`, `events_unknown` and so on."""
        self.players: tuple[Player, ...] = ()
        """The players as last read."""
        self._tell = on_event
        self._players_in_doubt = trio.Event()
        self._connections = Connections(
            hosts,
            port,
            timing=Timing(
                heartbeat_s=heartbeat_s,
                answer_s=command_timeout_s,
                patient_s=PATIENCE * command_timeout_s,
            ),
            back_off=lambda: BackOff(backoff_min_s, backoff_max_s, jitter),
            open_stream=open_stream,
            find_hosts=find_hosts,
            on_up=self._on_up,
            on_down=self._on_down,
            on_event=self._on_message,
            counters=self.counters,
        )
        self._ear = Ear(self._connections, self.get_volume, self._tell, self.counters)

    def __repr__(self) -> str:
        return f"<HeosSystem {self.host or 'down'} {len(self.players)} players>"

    @property
    def host(self) -> str:
        """The device that we are connected to; empty while there is none."""
        return self._connections.host

    @property
    def connections(self) -> int:
        """How many connections can be used: 2 in good health, 1 where the device accepts no second one."""
        return self._connections.count

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> Never:
        """Keep the system connected, for ever. Started at once; `LinkUp` says when it can be used."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._connections.run)
            nursery.start_soon(self._keep_players)
            nursery.start_soon(self._ear.run)
            task_status.started()
            await trio.sleep_forever()
        raise AssertionError("a nursery that sleeps for ever ends by an exception only")

    # ------------------------------------------------------------ acting

    async def set_volume(self, pid: int, level: int) -> None:
        """Set the level, 0 to 100 (4.2.7). The event tells whether the device did so."""
        await self._ask(Lane.QUICK, c.COMMAND_SET_VOLUME, pid=pid, level=to_level(level))
        self._ear.set_level(pid, level)

    async def set_mute(self, pid: int, on: bool) -> None:
        """Mute or unmute (4.2.11)."""
        await self._ask(Lane.QUICK, c.COMMAND_SET_MUTE, pid=pid, state=c.VALUE_ON if on else c.VALUE_OFF)

    async def set_play_state(self, pid: int, state: Literal["play", "pause", "stop"]) -> None:
        """Play, pause or stop (4.2.4). Playing may have to wake the device up, and is no quick command."""
        if state not in ("play", "pause", "stop"):
            raise ValueError(f"play state {state!r} is neither play, pause nor stop")
        lane = Lane.SLOW if state == "play" else Lane.QUICK
        await self._ask(lane, c.COMMAND_SET_PLAY_STATE, pid=pid, state=state)

    async def play_next(self, pid: int) -> None:
        """Go to the next title (4.2.21)."""
        await self._ask(Lane.SLOW, c.COMMAND_PLAY_NEXT, pid=pid)

    async def play_previous(self, pid: int) -> None:
        """Go to the previous title (4.2.22)."""
        await self._ask(Lane.SLOW, c.COMMAND_PLAY_PREVIOUS, pid=pid)

    async def play_input(self, pid: int, input: str, source_pid: int | None = None) -> None:  # noqa: A002
        """Play an input such as `inputs/cd`, of this player or of another one (4.4.9)."""
        source = {} if source_pid is None else {c.ATTR_SOURCE_PLAYER_ID: source_pid}
        await self._ask(Lane.SLOW, c.COMMAND_BROWSE_PLAY_INPUT, pid=pid, input=input, **source)

    async def play_queue_item(self, pid: int, qid: int) -> None:
        """Play an entry of the device's own queue, from 1 (4.2.16)."""
        await self._ask(Lane.SLOW, c.COMMAND_PLAY_QUEUE, pid=pid, qid=qid)

    async def play_station(self, pid: int, sid: int, cid: str | None, mid: str, name: str = "") -> None:
        """Play a station of a source (4.4.7); `cid` is its container where it has one."""
        more = {} if not cid else {c.ATTR_CONTAINER_ID: cid}
        more |= {c.ATTR_NAME: name} if name else {}
        await self._ask(Lane.SLOW, c.COMMAND_BROWSE_PLAY_STREAM, pid=pid, sid=sid, mid=mid, **more)

    async def play_url(self, pid: int, url: str) -> None:
        """Play a URL (4.4.10). It ends up in the device's queue for all to see: no secret may be in it."""
        if not url.startswith(("http://", "https://")) or " " in url:
            raise ValueError("a URL to play begins with http:// or https:// and has no spaces")
        if len(url) > URL_CHARS_MAX:
            raise ValueError(f"a URL to play has {len(url)} characters, at most {URL_CHARS_MAX} are kept")
        await self._ask(Lane.SLOW, c.COMMAND_BROWSE_PLAY_STREAM, pid=pid, url=url)

    # ------------------------------------------------------------ asking

    async def get_volume(self, pid: int) -> int:
        """Give the level, 0 to 100 (4.2.6)."""
        message = await self._ask(Lane.QUESTION, c.COMMAND_GET_VOLUME, pid=pid)
        level = self._value(message, c.ATTR_LEVEL, to_level)
        self._ear.heard_level(pid, level)
        return level

    async def get_mute(self, pid: int) -> bool:
        """Tell whether it is muted (4.2.10)."""
        message = await self._ask(Lane.QUESTION, c.COMMAND_GET_MUTE, pid=pid)
        return self._value(message, c.ATTR_STATE, to_switch)

    async def get_play_state(self, pid: int) -> PlayState:
        """Give the play state (4.2.3)."""
        message = await self._ask(Lane.QUESTION, c.COMMAND_GET_PLAY_STATE, pid=pid)
        return self._value(message, c.ATTR_STATE, to_play_state)

    async def get_now_playing(self, pid: int) -> NowPlaying:
        """Give what is on (4.2.5)."""
        return read_now_playing(pid, await self._ask(Lane.QUESTION, c.COMMAND_GET_NOW_PLAYING_MEDIA, pid=pid))

    async def get_players(self) -> tuple[Player, ...]:
        """Give the players of the system (4.2.1)."""
        return read_players(await self._ask(Lane.QUESTION, c.COMMAND_GET_PLAYERS))

    async def get_inputs(self) -> tuple[Input, ...]:
        """Give all inputs of all players (4.4.9): one question for the players that have some, and one for each."""
        owners = read_input_owners(await self._ask(Lane.QUESTION, c.COMMAND_BROWSE_BROWSE, sid=AUX_INPUT_SID))
        inputs: list[Input] = []
        for pid in owners[:INPUT_OWNERS_MAX]:
            inputs += read_inputs(pid, await self._ask(Lane.QUESTION, c.COMMAND_BROWSE_BROWSE, sid=pid))
        return tuple(inputs)

    async def _ask(self, lane: Lane, name: str, /, **parameters: str | int) -> HeosMessage:
        return await self._connections.ask(command(name, **parameters), lane)

    @staticmethod
    def _value(message: HeosMessage, name: str, read: Callable[[object], Value]) -> Value:
        try:
            return read(message.message.get(name))
        except ValueError as error:
            raise HeosRefused(message.command, 0, f"the answer has no usable {name!r}: {error}") from None

    # ------------------------------------------------------------ hearing

    def _on_up(self, host: str, players: tuple[Player, ...]) -> None:
        self.players = players
        self._ear.forget()
        self._tell(LinkUp(host, players))

    def _on_down(self, host: str, reason: str) -> None:
        self._tell(LinkDown(host, reason))

    def _on_message(self, message: HeosMessage) -> None:
        try:
            event = read_event(message)
        except ValueError as error:
            self.counters["events_malformed"] += 1
            log.debug("HEOS %s: %s", message.command[:60], error)
            return
        if event is None:
            self.counters["events_unknown"] += 1
            return
        self._ear.heard(event)
        if isinstance(event, PlayStateChanged) and event.state == "unknown":
            self.counters["states_unknown"] += 1
        if message.command in (const.EVENT_PLAYERS_CHANGED, const.EVENT_GROUPS_CHANGED):
            self._players_in_doubt.set()
        else:
            self._tell(event)

    async def _keep_players(self) -> Never:
        """Read the players again after they changed, when the flood is over."""
        while True:
            await self._players_in_doubt.wait()
            await trio.sleep(PLAYERS_SETTLE_S)
            self._players_in_doubt = trio.Event()
            try:
                players = await self.get_players()
            except HeosError:
                if self.host:  # else they are read with the next link
                    self._players_in_doubt.set()
                    await trio.sleep(PLAYERS_RETRY_S)
                continue
            if players != self.players:
                self.players = players
                self._tell(PlayersChanged(players))
