"""The two connections to a HEOS system: kept, lost, found again.

Theory of operation. The *listening* link makes the system: it is opened first, in the order that the makers
recommend (events off, players, events on), and with it the system is up or down. It also takes questions, and
commands that may be slow. The *acting* link is opened when the system is up, for what must be quick: volume, mute,
pause and stop. So a level never waits behind an input that is being switched. Where one link cannot serve, the other
does; a receiver that accepts one connection only works, just less well.

There are never more than two connections, and both go to one device, since that speaks for the whole system. A lost
link is opened again after 1 to 15 seconds; when the listening one is lost, all hosts are tried, the last good one
first.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto
from typing import Final, Never

import trio
from pyheos import command as c
from pyheos.message import HeosCommand, HeosMessage

from segue.adapters.heos_link import HEARTBEAT, Link, Timing
from segue.adapters.heos_model import HeosError, HeosRefused, HeosUnavailable, Player
from segue.adapters.heos_wire import command, describe, read_players

log = logging.getLogger(__name__)

OpenStream = Callable[[str, int], Awaitable[trio.abc.Stream]]
FindHosts = Callable[[], Awaitable[Sequence[str]]]

PORT: Final = 1255
TIMEOUTS_MAX: Final = 3
"""So many commands in a row without an answer, and even a link that brings events is given up."""
HELD_EVENTS_MAX: Final = 1000
"""Events kept while the players are read; a device that wakes up may send many."""
JITTER: Final = 0.3
"""Largest part of a pause that chance takes away, so that many clients do not come back in step."""


class Lane(Enum):
    """What a command is, for the choice of its connection."""

    QUICK = auto()
    """Acts at once; in the order in which it was asked among its kind."""
    SLOW = auto()
    """Starts something and may take seconds. Goes out after the quick ones that were asked before it."""
    QUESTION = auto()
    """Changes nothing; goes wherever nobody waits."""


class BackOff:
    """Pauses between tries: `min_s`, then twice as long each time, `max_s` at most; all in seconds."""

    def __init__(self, min_s: float, max_s: float, jitter: Callable[[], float]) -> None:
        self._min_s, self._max_s, self._jitter = min_s, max_s, jitter
        self._pause_s = min_s

    def next_s(self, up_s: float) -> float:
        """Give the next pause. A connection that lived for `up_s`, at least `max_s`, has proved itself."""
        if up_s >= self._max_s:
            self._pause_s = self._min_s
        pause_s = self._pause_s * (1.0 - JITTER * self._jitter())
        self._pause_s = min(self._pause_s * 2, self._max_s)
        return pause_s


class Connections:
    """Keeps the links while `run` runs; `on_up`, `on_down` and `on_event` are called in the order of events."""

    def __init__(
        self,
        hosts: Sequence[str],
        port: int,
        *,
        timing: Timing,
        back_off: Callable[[], BackOff],
        open_stream: OpenStream,
        find_hosts: FindHosts | None,
        on_up: Callable[[str, tuple[Player, ...]], None],
        on_down: Callable[[str, str], None],
        on_event: Callable[[HeosMessage], None],
        counters: Counter[str],
    ) -> None:
        self._hosts, self._port = tuple(hosts), port
        self._timing = timing
        self._back_off = back_off
        self._open_stream = open_stream
        self._find_hosts = find_hosts
        self._on_up, self._on_down, self._on_event = on_up, on_down, on_event
        self._counters = counters
        self._listening: Link | None = None
        self._acting: Link | None = None
        self._changed = trio.Event()
        self._held: list[HeosMessage] = []
        self._last_host = ""
        self._said_down = ("", "")

    @property
    def host(self) -> str:
        """The device that we are connected to; empty while the system is down."""
        return self._listening.host if self._listening is not None else ""

    @property
    def count(self) -> int:
        """How many links can be used."""
        return sum(link is not None for link in (self._listening, self._acting))

    # ------------------------------------------------------------ asking

    async def ask(self, command: HeosCommand, lane: Lane) -> HeosMessage:
        """Send a command over the link that fits and give its answer. Raises `HeosError`."""
        if lane is Lane.SLOW and self._acting is not None:
            await self._acting.until_quiet()
        link = await self._link_for(command, lane)
        answer_s = self._timing.patient_s if lane is Lane.SLOW else None
        return await link.ask(command, answer_s=answer_s)

    async def _link_for(self, command: HeosCommand, lane: Lane) -> Link:
        """Choose a link; where none can take this command, a new acting link may come soon."""
        with trio.move_on_after(self._timing.answer_s):
            while (link := self._choose(command, lane)) is None:
                await self._changed.wait()
            return link
        raise HeosUnavailable(f"{describe(command)}: {self.host} still owes an answer to the same question")

    def _choose(self, command: HeosCommand, lane: Lane) -> Link | None:
        if self._listening is None:
            raise HeosUnavailable(f"{describe(command)}: not connected{self._why_down()}")
        preferred, other = self._listening, self._acting
        if lane is Lane.QUICK and self._acting is not None:
            preferred, other = self._acting, self._listening
        if lane is Lane.QUESTION and other is not None and preferred.is_busy and not other.is_busy:
            preferred, other = other, preferred
        usable = (link for link in (preferred, other) if link is not None and link.can_ask(command))
        return next(usable, None)

    def _why_down(self) -> str:
        host, reason = self._said_down
        return f" to {host or 'any device'}: {reason}" if reason else ""

    async def register_again(self) -> None:
        """Ask for events once more, because none come. Raises `HeosError`."""
        if self._listening is not None:
            await self._listening.ask(_register(enable=True))

    def reconnect(self, reason: str) -> None:
        """Give the listening link up, so that everything starts anew."""
        if self._listening is not None:
            self._listening.lose(reason)

    # ------------------------------------------------------------ the listening link

    async def run(self) -> Never:
        """Keep the system up, for ever."""
        back_off = self._back_off()
        failed = False
        while True:
            hosts, failed, started_at = await self._hosts_to_try(failed=failed), True, trio.current_time()
            for host in hosts:
                started_at = trio.current_time()
                failed = not await self._live_with(host)
                if not failed:
                    break
            await trio.sleep(back_off.next_s(0.0 if failed else trio.current_time() - started_at))
            self._counters["reconnects"] += 1

    async def _hosts_to_try(self, *, failed: bool) -> list[str]:
        hosts = list(self._hosts)
        if self._find_hosts is not None and (failed or not hosts):
            try:
                hosts += [host for host in await self._find_hosts() if host not in hosts]
            except HeosError as error:
                self._say_down("", str(error))
            else:
                if not hosts:
                    self._say_down("", "no HEOS device answers a search")
        return sorted(hosts, key=lambda host: host != self._last_host)

    async def _live_with(self, host: str) -> bool:
        """Connect to a host and stay until the link is lost. Tells whether the system came up."""
        self._held.clear()
        try:
            link = await self._connect(host, TIMEOUTS_MAX, self._hear, self._on_listening_lost)
        except HeosError as error:
            self._say_down(host, str(error))
            return False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.run)
            came_up = await self._come_up(link)
            if came_up:
                nursery.start_soon(self._keep_acting, host)
                await link.lost.wait()
            nursery.cancel_scope.cancel()
        return came_up

    async def _come_up(self, link: Link) -> bool:
        try:
            players = await self._introduce(link)
        except HeosError as error:
            self._say_down(link.host, str(error))
            return False
        if link.lost.is_set():  # in the same moment
            self._say_down(link.host, link.lost_because)
            return False
        self._listening, self._last_host, self._said_down = link, link.host, ("", "")
        self._on_up(link.host, players)
        held, self._held = self._held, []
        for message in held:
            self._on_event(message)
        return True

    async def _introduce(self, link: Link) -> tuple[Player, ...]:
        """Begin as the makers recommend (2.1.3): a device that has slept tells of itself in floods."""
        await link.ask_first(_register(enable=False))
        players = read_players(await link.ask(command(c.COMMAND_GET_PLAYERS)))
        await link.ask(_register(enable=True))
        return players

    def _hear(self, message: HeosMessage) -> None:
        if self._listening is not None:
            self._on_event(message)
        elif len(self._held) < HELD_EVENTS_MAX:
            self._held.append(message)
        else:
            self._counters["events_dropped"] += 1

    def _on_listening_lost(self, reason: str) -> None:
        """Say at once that the system is down. What waits on the links fails after this."""
        link, self._listening = self._listening, None
        if link is not None:
            self._say_down(link.host, reason)
            self._wake_who_waits_for_a_link()

    def _say_down(self, host: str, reason: str) -> None:
        if (host, reason) != self._said_down:
            self._said_down = (host, reason)
            self._on_down(host, reason)

    # ------------------------------------------------------------ the acting link

    async def _keep_acting(self, host: str) -> Never:
        back_off = self._back_off()
        while True:
            started_at = trio.current_time()
            await self._act_with(host)
            await trio.sleep(back_off.next_s(trio.current_time() - started_at))

    async def _act_with(self, host: str) -> None:
        try:
            link = await self._connect(host, 1, self._ignore, self._on_acting_lost)
        except HeosError as error:
            self._on_acting_lost(str(error))
            return
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.run)
                await self._greet(link)
                await link.lost.wait()
                nursery.cancel_scope.cancel()
        finally:
            self._acting = None

    async def _greet(self, link: Link) -> None:
        """Let the command that a new connection may refuse be one that does not matter."""
        try:
            await link.ask_first(HEARTBEAT)
        except HeosRefused:
            pass  # an answer is an answer
        except HeosError:
            return  # the link is lost by then
        if not link.lost.is_set():
            self._acting = link
            self._wake_who_waits_for_a_link()

    def _wake_who_waits_for_a_link(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def _on_acting_lost(self, reason: str) -> None:
        self._acting = None
        self._counters["acting_link_lost"] += 1
        log.debug("HEOS link for commands lost: %s", reason)

    def _ignore(self, message: HeosMessage) -> None:
        del message
        self._counters["events_not_asked_for"] += 1

    # ------------------------------------------------------------ both

    async def _connect(
        self,
        host: str,
        timeouts_max: int,
        on_message: Callable[[HeosMessage], None],
        on_lost: Callable[[str], None],
    ) -> Link:
        """Open a connection. Raises `HeosUnavailable`."""
        stream = None
        try:
            with trio.move_on_after(self._timing.answer_s):
                stream = await self._open_stream(host, self._port)
        except (OSError, UnicodeError, trio.BrokenResourceError) as error:
            raise HeosUnavailable(f"cannot connect to {host} port {self._port}: {_why(error)}") from None
        if stream is None:
            waited_s = self._timing.answer_s
            raise HeosUnavailable(f"cannot connect to {host} port {self._port} within {waited_s:.1f} s")
        return Link(
            stream,
            host,
            timing=self._timing,
            timeouts_max=timeouts_max,
            on_message=on_message,
            on_lost=on_lost,
            counters=self._counters,
        )


async def open_tcp(host: str, port: int) -> trio.abc.Stream:
    """Open a TCP connection."""
    return await trio.open_tcp_stream(host, port)


def _why(error: BaseException) -> str:
    """Say why a connection failed; trio hides the reason one or two levels down."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _why(error.__cause__) if error.__cause__ is not None else str(error) or type(error).__name__


def _register(*, enable: bool) -> HeosCommand:
    return command(
        c.COMMAND_REGISTER_FOR_CHANGE_EVENTS,
        **{c.ATTR_ENABLE: c.VALUE_ON if enable else c.VALUE_OFF},
    )
