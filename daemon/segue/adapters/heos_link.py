"""One connection to a HEOS device: one command at a time, and no answer given to the wrong question.

Theory of operation. Callers of `ask` take turns in the order in which they came. The command on the wire is the
*flight*. It lands when its answer is read. It is overdue when its deadline passes, and then its answer is *owed*: it
may still come, and HEOS does not say which of two equal commands an answer belongs to. So a command that an owed
answer could be mistaken for is not sent here (`can_ask`); our caller sends it over the other connection. A caller
that is cancelled leaves its flight in the air, and the next one waits until that has landed.

Whatever is heard is a sign of life. Only after `heartbeat_s` of silence a heartbeat is sent, and a link that stays
silent until twice that is lost: a receiver without power closes no connection. A lost link fails everybody who waits
on it at once, and is never used again.
"""

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import trio
from pyheos import command as c
from pyheos.message import HeosCommand, HeosMessage

from segue.adapters.heos_model import HeosError, HeosRefused, HeosTimeout, HeosUnavailable
from segue.adapters.heos_wire import (
    BUSY_ERRORS,
    Key,
    LineBuffer,
    answers,
    command,
    describe,
    encode,
    key_of,
    parse_line,
    refusal,
)

log = logging.getLogger(__name__)

BUSY_PAUSES_S: Final = (0.1, 0.3, 0.9)
"""Waits before a command is tried again that was refused with "not now"."""
SEND_S: Final = 1.0
"""Longest time that a device may leave a command, some hundred bytes, in our send buffer."""
OWED_S: Final = 30.0
"""After this time an answer that is overdue will not come any more."""
RECEIVE_BYTES: Final = 65536
HEARTBEAT: Final = command(c.COMMAND_HEART_BEAT)
HEARTBEAT_KEY: Final = key_of(HEARTBEAT)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How patient we are; all in seconds."""

    heartbeat_s: float = 10.0
    """A heartbeat is sent after so much silence, and the link is lost after at most twice as much."""
    answer_s: float = 5.0
    """Longest wait for an answer, and as much again for one's turn before that."""
    patient_s: float = 15.0
    """The same for commands that start something, or that the device says are "under process"."""


@dataclass(eq=False)
class _Flight:
    """The command that is on the wire."""

    command: HeosCommand
    key: Key
    sent_at: float
    scope: trio.CancelScope
    """Around whoever waits for it; its deadline is the flight's."""
    landed: trio.Event = field(default_factory=trio.Event)
    answer: HeosMessage | None = None
    """None after landing: the link was lost."""


class Link:
    """A connection to `host` over `stream`, alive while `run` runs.

    `on_message` gets every event, in order, out of the reading task. `on_lost` is told the reason, once, before
    anybody who waits is; not when `run` is cancelled. After `timeouts_max` commands in a row without an answer the
    link counts as lost, even if events come. `counters` are shared with the other links.
    """

    def __init__(
        self,
        stream: trio.abc.Stream,
        host: str,
        *,
        timing: Timing,
        timeouts_max: int,
        on_message: Callable[[HeosMessage], None],
        on_lost: Callable[[str], None],
        counters: Counter[str],
    ) -> None:
        self.host = host
        self.lost = trio.Event()
        self.lost_because = ""
        self._stream = stream
        self._timing = timing
        self._timeouts_left = self._timeouts_max = timeouts_max
        self._on_message = on_message
        self._on_lost = on_lost
        self._counters = counters
        self._lines = LineBuffer()
        self._turn = trio.Lock()
        self._flight: _Flight | None = None
        self._owed: dict[Key, float] = {}
        self._heard_at = trio.current_time()

    def __repr__(self) -> str:
        state = f"lost: {self.lost_because}" if self.lost.is_set() else "busy" if self.is_busy else "free"
        return f"<Link {self.host} {state}>"

    # ------------------------------------------------------------ asking

    @property
    def is_busy(self) -> bool:
        """Whether a command would have to wait its turn."""
        return self._turn.locked() or self._flight is not None

    def can_ask(self, command: HeosCommand) -> bool:
        """Tell whether the answer to this command could not be mistaken for one that is owed."""
        if self.lost.is_set():
            return False
        key, now = key_of(command), trio.current_time()
        self._owed = {owed: until for owed, until in self._owed.items() if until > now}
        # A mixed-up heartbeat does no harm: it carries nothing.
        return key not in self._owed or key == HEARTBEAT_KEY

    async def ask(
        self, command: HeosCommand, *, answer_s: float | None = None, turn_s: float | None = None
    ) -> HeosMessage:
        """Send a command and give its answer.

        Waits `turn_s` at most for its turn and `answer_s` for the answer, longer where the device asks for patience;
        tries again for a moment where the device is busy.
        Raises `HeosUnavailable`, `HeosTimeout` and `HeosRefused`.
        """
        answer_s = self._timing.answer_s if answer_s is None else answer_s
        await self._take_turn(command, answer_s if turn_s is None else turn_s)
        try:
            for pause_s in BUSY_PAUSES_S:
                try:
                    return await self._exchange(command, answer_s)
                except HeosRefused as error:
                    if error.error_id not in BUSY_ERRORS:
                        raise
                self._counters["busy_retries"] += 1
                with trio.move_on_after(pause_s):
                    await self.lost.wait()
            return await self._exchange(command, answer_s)
        finally:
            self._turn.release()

    async def ask_first(self, command: HeosCommand) -> HeosMessage:
        """Ask as the first on a new connection: devices are known to refuse whatever comes first, once."""
        try:
            return await self.ask(command)
        except HeosRefused:
            self._counters["first_retries"] += 1
            return await self.ask(command)

    async def until_quiet(self) -> None:
        """Wait until everything that was asked before has been answered, or cannot be."""
        with trio.move_on_after(self._timing.answer_s):
            async with self._turn:
                await self._until_landed()

    async def _take_turn(self, command: HeosCommand, turn_s: float) -> None:
        with trio.move_on_after(turn_s) as waiting:
            await self._turn.acquire()
        if waiting.cancelled_caught:
            raise HeosTimeout(f"{describe(command)}: not sent, {self.host} was busy for {turn_s:.1f} s")

    async def _exchange(self, command: HeosCommand, answer_s: float) -> HeosMessage:
        await self._until_landed()
        if self.lost.is_set():
            raise self._unavailable(command)
        if not self.can_ask(command):
            raise HeosUnavailable(
                f"{describe(command)}: {self.host} still owes an answer to the same question"
            )
        now = trio.current_time()
        scope = trio.CancelScope(deadline=now + answer_s)
        flight = self._flight = _Flight(command, key_of(command), now, scope)
        self._counters["commands"] += 1
        await self._send(encode(command))
        await self._until_landed()
        return self._result(flight)

    async def _until_landed(self) -> None:
        """Wait for the flight, whoever's it is, until it has landed or is overdue."""
        flight = self._flight
        if flight is None:
            return
        with trio.CancelScope(deadline=flight.scope.deadline) as flight.scope:
            await flight.landed.wait()
        if flight is self._flight:
            self._give_up(flight)

    def _give_up(self, flight: _Flight) -> None:
        self._flight = None
        self._owed[flight.key] = trio.current_time() + OWED_S
        self._counters["timeouts"] += 1
        self._timeouts_left -= 1
        if self._timeouts_left == 0:
            self.lose("it does not answer commands")

    def _result(self, flight: _Flight) -> HeosMessage:
        if flight.answer is None:
            if flight.landed.is_set():
                raise self._unavailable(flight.command)
            waited_s = trio.current_time() - flight.sent_at
            raise HeosTimeout(f"{describe(flight.command)}: no answer from {self.host} in {waited_s:.1f} s")
        if not flight.answer.result:
            raise refusal(flight.command, flight.answer)
        return flight.answer

    def _unavailable(self, command: HeosCommand) -> HeosUnavailable:
        return HeosUnavailable(f"{describe(command)}: the link to {self.host} was lost: {self.lost_because}")

    async def _send(self, line: bytes) -> None:
        """Send a whole line, or lose the link: half a line would spoil the next one. Shielded for `SEND_S` at most."""
        try:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + SEND_S) as sending:
                await self._stream.send_all(line)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.lose("the connection is broken")
        else:
            if sending.cancelled_caught:
                self.lose("it takes no more commands")

    # ------------------------------------------------------------ living and ending

    async def run(self) -> None:
        """Read until the link is lost, then close it."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read)
                nursery.start_soon(self._keep_alive)
                await self.lost.wait()
                nursery.cancel_scope.cancel()
        finally:
            self._end("it was closed by us")
            # Takes no time. The shield keeps a cancellation from replacing an error that is on its way out.
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(self._stream)

    def lose(self, reason: str) -> None:
        """Give the link up and fail everybody who waits on it; `run` then closes it."""
        if not self.lost.is_set():
            log.debug("HEOS link to %s lost: %s", self.host, reason)
            self._on_lost(reason)
            self._end(reason)

    def _end(self, reason: str) -> None:
        if self.lost.is_set():
            return
        self.lost_because = reason
        self.lost.set()
        if self._flight is not None:
            self._flight.landed.set()
            self._flight = None

    async def _read(self) -> None:
        while not self.lost.is_set():
            try:
                data = await self._stream.receive_some(RECEIVE_BYTES)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self.lose("the connection is broken")
                return
            if not data:
                self.lose("it closed the connection")
                return
            self._heard_at = trio.current_time()
            too_long = self._lines.too_long
            for line in self._lines.feed(data):
                if not self.lost.is_set():
                    self._take(line)
            if self._lines.too_long > too_long:
                self._counters["lines_too_long"] += self._lines.too_long - too_long

    async def _keep_alive(self) -> None:
        """Send a heartbeat when nothing has been heard, and lose the link when it changes nothing."""
        heartbeat_s = self._timing.heartbeat_s
        while True:
            heard_at = self._heard_at
            await trio.sleep_until(heard_at + heartbeat_s)
            if self._heard_at != heard_at:
                continue
            with trio.move_on_at(heard_at + 2 * heartbeat_s), suppress(HeosError):
                await self.ask(
                    HEARTBEAT, answer_s=min(heartbeat_s, self._timing.answer_s), turn_s=heartbeat_s
                )
            if self._heard_at == heard_at:
                self.lose(f"it was silent for {trio.current_time() - heard_at:.0f} s")
                return

    # ------------------------------------------------------------ what is heard

    def _take(self, line: bytes) -> None:
        try:
            message = parse_line(line)
        except ValueError as error:
            self._counters["lines_malformed"] += 1
            log.debug("HEOS device %s: %s", self.host, error)
            return
        if message.is_event:
            self._on_message(message)
            return
        flight = self._flight
        if flight is None or not answers(message, flight.key):
            self._take_unexpected(message)
        elif message.is_under_process:
            patient_until = flight.sent_at + self._timing.patient_s
            flight.scope.deadline = max(flight.scope.deadline, patient_until)
        else:
            self._timeouts_left = self._timeouts_max
            self._flight = None
            flight.answer = message
            flight.landed.set()

    def _take_unexpected(self, message: HeosMessage) -> None:
        """Drop an answer that nobody waits for; if it was owed, the same may be asked again."""
        self._counters["answers_unexpected"] += 1
        if not message.is_under_process:
            for key in [key for key in self._owed if answers(message, key)]:
                del self._owed[key]
