"""One connection of the party agent to an orchestrator, from the first message to the last.

Theory of operation. `hello` goes out, and an orchestrator of ours answers with `welcome`. One that does not within
`WELCOME_S`, or hangs up on it, is taken for one of the old protocol and gets `register`. After that three tasks: what
is heard, what is to be said (paced, since an orchestrator cuts off who floods it; a report replaces an older one that
still waits), and the clock, whose probes go out by themselves so that nothing delays them. An orchestrator that leaves
a probe unanswered for `DEAD_S` is gone, however open its connection looks.
"""

from collections.abc import Callable
from typing import Protocol

import trio

from segue.actors.party_line import Link
from segue.core.party.sync import clock as clocks
from segue.core.party.sync.clock import Probe, ServerClock
from segue.interfaces.party_old_protocol import (
    OldCommand,
    Register,
    StatusUpdate,
    decode_old_command,
    encode_register,
    encode_status,
)
from segue.interfaces.party_protocol import (
    CLOSE_PROTOCOL,
    DownMessage,
    Hello,
    ProtocolError,
    Report,
    Time,
    TimeAnswer,
    UpMessage,
    Welcome,
    decode_down,
    encode,
)
from segue.runtime.http import ClientGoneError

WELCOME_S = 3.0
"""An orchestrator that has not answered `hello` by then does not know it, in seconds."""
DEAD_S = 9.0
"""Longest wait for the answer to a probe, in seconds."""
PACE_S = 0.06
"""Between two messages, in seconds: below the 20 a second that an orchestrator takes."""
FIRST_PROBES_S = 0.02
"""Between the first three probes, in seconds: as soon as they are back the time is known well enough to act."""
WAITING_MAX = 200
UNREADABLE_MAX = 50
"""So many messages that cannot be read are passed over; the next one ends the connection."""
GOING_AWAY = 1001
NOT_OLD = frozenset({1002, 1008, 1009, 1012, 1013, 4001, 4002, 4003})
"""Close codes that an orchestrator of ours hangs up with; any other before a `welcome` may be an old one's."""


class Listener(Protocol):
    """Who hears what an orchestrator says."""

    @property
    def clock(self) -> ServerClock:
        """The orchestrator's clock as it is known."""

    def hello(self) -> Hello:
        """Say who we are."""

    def register(self) -> Register:
        """The same in the old protocol."""

    def welcomed(self, welcome: Welcome | None) -> None:
        """There is a conversation now; without a `welcome` it is one of the old protocol."""

    def heard(self, message: DownMessage) -> None:
        """The orchestrator said something, other than the time."""

    def commanded(self, command: OldCommand) -> None:
        """An old orchestrator said something."""

    def learned_time(self, probe: Probe) -> None:
        """A probe came back."""

    @property
    def needs_time(self) -> bool:
        """Whether a film runs, or is about to."""


class Talk:
    """The conversation on one open connection."""

    def __init__(self, listener: Listener, *, old: bool) -> None:
        """`old`: begin with `register`, because `hello` was not understood the last time."""
        self._listener = listener
        self.old = old
        self.welcome = False
        """Whether there is a conversation."""
        self.heard_anything = False
        self._outbox: dict[tuple[str, ...], Callable[[], str]] = {}
        self._count = 0
        self._queued = trio.Event()
        self._needed = trio.Event()
        self._asked: dict[float, None] = {}
        """The moments of probes that are under way."""
        self._unreadable = 0

    def next_is_old(self, close_code: int) -> bool:
        """Say whether the next conversation should begin with the old protocol, now that this one has ended."""
        if self.welcome:
            return self.old and self.heard_anything
        return not self.old and not self.heard_anything and close_code not in NOT_OLD

    # ------------------------------------------------------------ what is to be said

    def say(self, message: UpMessage) -> None:
        """Queue a message. A report that still waits gives way to a newer one of the same player."""
        if self.old:
            return
        self._count += 1
        key: tuple[str, ...] = (str(self._count),)
        if isinstance(message, Report) and not message.note:
            key = ("report", message.session, message.device)
            self._outbox.pop(key, None)
        self._queue(key, lambda: encode(message))

    def say_status(self, device_id: str, status: StatusUpdate) -> None:
        """Queue a status of the old protocol."""
        self._queue(("status", device_id), lambda: encode_status(status))

    def hello_again(self) -> None:
        """Say anew who we are: the players of the home have changed."""
        if self.welcome:
            listener = self._listener
            if self.old:
                self._queue(("hello",), lambda: encode_register(listener.register()))
            else:
                self._queue(("hello",), lambda: encode(listener.hello()))

    def needs_time(self) -> None:
        """A film begins: the clock must be known well again."""
        self._needed.set()

    def _queue(self, key: tuple[str, ...], write: Callable[[], str]) -> None:
        if len(self._outbox) < WAITING_MAX or key in self._outbox:
            self._outbox[key] = write
            self._queued.set()

    # ------------------------------------------------------------ life

    async def run(self, link: Link) -> None:
        """Talk until the connection has ended."""
        try:
            await self._begin(link)
            if self.welcome:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._speak, link)
                    if not self.old:
                        nursery.start_soon(self._keep_time, link)
                    await self._listen(link)
                    nursery.cancel_scope.cancel()
        except* ClientGoneError:
            pass  # the link says how it ended

    async def _begin(self, link: Link) -> None:
        """Come to terms about the protocol."""
        if not self.old:
            await link.send(encode(self._listener.hello()))
            with trio.move_on_after(WELCOME_S):
                await self._wait_for_welcome(link)
                return
            self.old = True
        await link.send(encode_register(self._listener.register()))
        self.welcome = True
        self._listener.welcomed(None)

    async def _wait_for_welcome(self, link: Link) -> None:
        while not self.welcome:
            raw = await link.receive()
            if raw is None:
                return
            self.heard_anything = True
            message = self._read(raw)
            if isinstance(message, Welcome):
                self.welcome = True
                self._listener.welcomed(message)
            elif message is not None:
                self._listener.heard(message)

    async def _listen(self, link: Link) -> None:
        while (raw := await link.receive()) is not None:
            received_s, self.heard_anything = trio.current_time(), True
            if self.old:
                self._take_old(raw)
            elif (message := self._read(raw)) is not None:
                if isinstance(message, TimeAnswer):
                    self._take_time(message, received_s)
                else:
                    self._listener.heard(message)
            if self._unreadable > UNREADABLE_MAX:
                await link.close(CLOSE_PROTOCOL, "too many messages that cannot be read")
                return

    def _read(self, raw: str | bytes) -> DownMessage | None:
        """Read a message; nothing for what cannot be read, which is passed over."""
        try:
            return decode_down(raw)
        except ProtocolError:
            self._unreadable += 1
            return None

    def _take_old(self, raw: str | bytes) -> None:
        try:
            command = decode_old_command(raw)
        except ProtocolError:
            self._unreadable += 1
        else:
            self._listener.commanded(command)

    async def _speak(self, link: Link) -> None:
        while True:
            while not self._outbox:
                self._queued = trio.Event()
                await self._queued.wait()
            write = self._outbox.pop(next(iter(self._outbox)))
            await link.send(write())
            await trio.sleep(PACE_S)

    # ------------------------------------------------------------ the time

    async def _keep_time(self, link: Link) -> None:
        """Ask what time it is: often at first, and while a film runs now and then."""
        sent = 0
        while True:
            if sent >= clocks.PROBES_AT_START and not self._listener.needs_time:
                self._needed = trio.Event()
                await self._needed.wait()
            c0 = trio.current_time()
            self._asked[c0] = None
            await link.send(encode(Time(c0)))
            sent += 1
            due_s = clocks.next_probe_at(self._listener.clock, sent, c0) or c0
            await trio.sleep_until(c0 + FIRST_PROBES_S if sent < 3 else due_s)
            oldest_s = next(iter(self._asked), None)
            if oldest_s is not None and trio.current_time() - oldest_s > DEAD_S:
                await link.close(GOING_AWAY, f"no answer for {DEAD_S:g} s")
                return

    def _take_time(self, answer: TimeAnswer, received_s: float) -> None:
        if answer.c0 not in self._asked:
            return  # no question of ours
        for earlier in [c0 for c0 in self._asked if c0 <= answer.c0]:
            del self._asked[earlier]
        self._listener.learned_time(Probe(answer.c0, answer.s1, answer.s2, received_s))
