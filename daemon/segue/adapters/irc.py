"""An IRC client for one channel: stays connected, says little, hears what is said to it.

Over TLS with the server's certificate checked, unless it is set otherwise. What must go out at once (an answer to
`PING`, the registration) does; what we say to people goes out at most one line in `Timing.line_s`, announcements before
answers. A link on which nothing is heard although we asked for a sign of life is lost: a router without power
closes no connection. After a loss we come back, later each time, and much later where a person has to mend something.

`irc_talk.py` has the conversation, `irc_lines.py` the lines, `irc_outbox.py` what waits to be said.
"""

import logging
import math
import random
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NoReturn

import trio

from segue.adapters.irc_lines import LineBuffer, LineTooLong, formed, spoken
from segue.adapters.irc_outbox import Outbox
from segue.adapters.irc_talk import (
    Again,
    Away,
    Conversation,
    Entered,
    Gone,
    Hear,
    IrcEnd,
    IrcEvent,
    IrcSettings,
    Said,
)

__all__ = ["Away", "Entered", "Gone", "IrcClient", "IrcEnd", "IrcEvent", "IrcSettings", "Said", "Timing"]

log = logging.getLogger(__name__)

RECEIVE_BYTES: Final = 65536
URGENT_MAX: Final = 64
"""Lines that the server may have us owe; one that asks for more is no server."""
JITTER: Final = 0.25
GOODBYE_S: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How patient we are; all in seconds."""

    connect_s: float = 20.0
    """Until the connection stands, TLS included."""
    register_s: float = 60.0
    """Until the server lets us in: some look our name up first."""
    send_s: float = 10.0
    """How long the server may leave a line in our send buffer."""
    beat_s: float = 60.0
    """So often we ask for a sign of life..."""
    silent_s: float = 30.0
    """...and so long it may take to come."""
    line_s: float = 2.0
    """Least time between two lines to people."""
    back_off_s: tuple[float, ...] = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0)
    """Waits before we come back; the last one stays."""
    later_s: float = 900.0
    """The wait where a person has to mend something first."""
    proved_s: float = 120.0
    """A link that lasted for so long was good: the waits begin anew."""


Connect = Callable[[IrcSettings, float], Awaitable[trio.abc.Stream]]
"""Opens the connection within so many seconds; raises `IrcEnd`."""


class IrcClient:
    """Speaks in one channel while `run` runs. What it hears goes to `hear`, in order, from its own task."""

    def __init__(
        self,
        settings: IrcSettings,
        hear: Hear,
        *,
        timing: Timing | None = None,
        rng: random.Random | None = None,
        connect: Connect | None = None,
    ) -> None:
        self._settings = settings
        self._connect = connect or connected
        self._hear = hear
        self._timing = timing or Timing()
        self._rng = rng or random.SystemRandom()
        self._outbox = Outbox()
        self._link: _Link | None = None
        self._speaks_at = -math.inf
        """When the next line to people may go; outlives a link."""
        self.is_in = False
        """Whether we are in the channel."""
        self.trouble = "not connected yet"
        """Why not; empty while we are."""

    @property
    def dropped(self) -> int:
        """Lines that nobody heard: too many, or too late."""
        return self._outbox.dropped

    def announce(self, text: str) -> None:
        """Say something in the channel, soon; never blocks."""
        self._put(text, "")

    def answer(self, nick: str, text: str) -> None:
        """Tell one person something, soon; never blocks. A notice, to which no program answers."""
        self._put(text, nick)

    def _put(self, text: str, to: str) -> None:
        self._outbox.put(text, trio.current_time(), to)
        if self._link is not None:
            self._link.wake()

    async def run(self) -> NoReturn:
        """Connect, stay, come back; for ever."""
        attempt = 0
        while True:
            began_at = trio.current_time()
            end = await self._once()
            self._outbox.forget_answers()
            self._take(Away(str(end)))
            if trio.current_time() - began_at >= self._timing.proved_s:
                attempt = 0
            await trio.sleep(self._wait_s(end.again, attempt))
            attempt += 1

    def _wait_s(self, again: Again, attempt: int) -> float:
        waits = self._timing.back_off_s
        base_s = self._timing.later_s if again == "later" else waits[min(attempt, len(waits) - 1)]
        return base_s * (1.0 + JITTER * self._rng.random())

    async def _once(self) -> IrcEnd:
        """Hold one conversation, and say how it ended."""
        try:
            stream = await self._connect(self._settings, self._timing.connect_s)
        except IrcEnd as end:
            return end
        self._link = link = _Link(stream, self)
        try:
            return await link.run()
        finally:
            self._link = None

    def _take(self, event: IrcEvent) -> None:
        """Note where we are, say it once, and pass on what was heard."""
        match event:
            case Entered(nick):
                log.info("IRC: in %s as %s", self._settings.channel, nick)
                self.is_in, self.trouble = True, ""
                if self._link is not None:
                    self._link.wake()
            case Away(reason):
                if self.is_in or self.trouble != reason:
                    log.warning("IRC: not in %s: %s", self._settings.channel, reason)
                self.is_in, self.trouble = False, reason
            case Gone(nick):
                self._outbox.forget_answers(nick)
            case Said():
                pass
        self._hear(event)


class _Link:
    """One connection, alive while `run` runs."""

    def __init__(self, stream: trio.abc.Stream, client: IrcClient) -> None:
        self._stream = stream
        self._client = client
        self._timing = client._timing
        self._talk = Conversation(client._settings, self._send_soon, client._take)
        self._urgent: deque[bytes] = deque()
        self._woken = trio.Event()
        self._lost = trio.Event()
        self._registered = trio.Event()
        self._end = IrcEnd("it was closed by us")
        self._heard_at = trio.current_time()

    async def run(self) -> IrcEnd:
        """Talk until the link is lost, then close it."""
        self._talk.begin()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read)
                nursery.start_soon(self._write)
                nursery.start_soon(self._watch)
                await self._lost.wait()
                nursery.cancel_scope.cancel()
        finally:
            await self._close()
        return self._end

    def wake(self) -> None:
        """Look for something to say."""
        self._woken.set()

    def _lose(self, end: IrcEnd) -> None:
        if not self._lost.is_set():
            self._end = end
            self._lost.set()

    async def _close(self) -> None:
        """Say goodbye where that is quickly done. The shield is short, and the stream is closed whatever happens."""
        with trio.CancelScope(shield=True):
            with trio.move_on_after(GOODBYE_S), suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                if not self._lost.is_set():
                    await self._stream.send_all(formed("QUIT", "segue ends"))
            await trio.aclose_forcefully(self._stream)

    # ------------------------------------------------------------ in

    async def _read(self) -> None:
        lines = LineBuffer()
        try:
            while True:
                data = await self._stream.receive_some(RECEIVE_BYTES)
                if not data:
                    raise IrcEnd("it closed the connection")
                self._heard_at = trio.current_time()
                for line in lines.feed(data):
                    self._talk.take(line)
                if self._talk.is_registered:
                    self._registered.set()
        except IrcEnd as end:
            self._lose(end)
        except LineTooLong as problem:
            self._lose(IrcEnd(f"it does not speak IRC: {problem}"))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._lose(IrcEnd("the connection is broken"))

    async def _watch(self) -> None:
        """Give up on a server that does not let us in, or that gives no sign of life when asked."""
        with trio.move_on_after(self._timing.register_s):
            await self._registered.wait()
        if not self._registered.is_set():
            self._lose(IrcEnd(f"it did not let us in within {self._timing.register_s:g} s"))
            return
        while True:
            await trio.sleep(self._timing.beat_s)
            asked_at = trio.current_time()
            self._talk.beat()
            await trio.sleep(self._timing.silent_s)
            if self._heard_at < asked_at:
                self._lose(IrcEnd(f"it was silent for {trio.current_time() - self._heard_at:.0f} s"))
                return

    # ------------------------------------------------------------ out

    def _send_soon(self, line: bytes) -> None:
        if len(self._urgent) >= URGENT_MAX:
            self._lose(IrcEnd(f"it asks for more than {URGENT_MAX} answers at once"))
            return
        self._urgent.append(line)
        self.wake()

    async def _write(self) -> None:
        """Send what is urgent at once, and one line to people in a while."""
        while True:
            self._woken = trio.Event()
            line = self._urgent.popleft() if self._urgent else self._line_to_people()
            if line is not None:
                if not await self._sent(line):
                    return
                continue
            with trio.move_on_at(self._next_line_at()):
                await self._woken.wait()

    def _next_line_at(self) -> float:
        """Give the moment at which something that waits may be said."""
        waits = self._talk.is_in and len(self._client._outbox) > 0
        return self._client._speaks_at if waits else math.inf

    def _line_to_people(self) -> bytes | None:
        now_at = trio.current_time()
        if self._next_line_at() > now_at:
            return None
        words = self._client._outbox.take(now_at)
        if words is None:
            return None
        settings = self._client._settings
        command, target = ("NOTICE", words.to) if words.to else ("PRIVMSG", settings.channel)
        try:
            line = spoken(command, self._talk.nick, target, words.text)
        except ValueError:
            return None  # a nick that no server gives, or nothing to say: there is nobody to tell
        self._client._speaks_at = now_at + self._timing.line_s
        return line

    async def _sent(self, line: bytes) -> bool:
        """Send a whole line, or lose the link: half a line would spoil the next one."""
        try:
            with trio.move_on_after(self._timing.send_s) as sending:
                await self._stream.send_all(line)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._lose(IrcEnd("the connection is broken"))
            return False
        if sending.cancelled_caught:
            self._lose(IrcEnd(f"it takes no more lines for {self._timing.send_s:g} s"))
            return False
        return True


# ------------------------------------------------------------------ connecting


async def connected(settings: IrcSettings, within_s: float) -> trio.abc.Stream:
    """Connect, over TLS where that is set, with the certificate and the name in it checked. Raises `IrcEnd`."""
    where = f"{settings.host}:{settings.port}"
    context = _tls_context(settings) if settings.tls else None
    with trio.move_on_after(within_s):
        try:
            stream: trio.SocketStream = await trio.open_tcp_stream(settings.host, settings.port)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else ""
            raise IrcEnd(f"{where} cannot be reached: {reason or error}") from None
        if context is None:
            return stream
        secure = trio.SSLStream(stream, context, server_hostname=settings.host, https_compatible=True)
        try:
            await secure.do_handshake()
        except trio.BrokenResourceError as error:
            await trio.aclose_forcefully(secure)
            raise _no_tls(where, error.__cause__) from None
        except BaseException:
            await trio.aclose_forcefully(secure)
            raise
        return secure
    raise IrcEnd(f"{where} does not answer within {within_s:g} s")


def _tls_context(settings: IrcSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise IrcEnd(f"the certificate {settings.ca_file} cannot be read: {error}", "later") from None


def _no_tls(where: str, cause: BaseException | None) -> IrcEnd:
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "irc.tls_ca_file names one that is trusted instead."
        return IrcEnd(f"the certificate of {where} is not good: {cause.verify_message}. {hint}", "later")
    if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
        return IrcEnd(f"{where} does not speak TLS; with irc.tls = false it goes without.", "later")
    return IrcEnd(f"{where} broke off the TLS handshake")
