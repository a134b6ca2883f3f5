"""A WebSocket after its handshake (RFC 6455, sections 5 to 7), for either role: whole messages in and out,
pings, bounds.

Nothing here knows of HTTP or ASGI. The owner runs `run` in a task of its own; it ends when the link has
ended, for whatever reason, and never raises. Without permessage-deflate: it costs 100 kB a connection and
gains nothing at home.
"""

from typing import NoReturn

import trio
from wsproto import ConnectionType
from wsproto.connection import Connection, ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from segue.runtime.http.limits import Limits
from segue.runtime.http.wire import READ_AHEAD_BYTES, ClientGoneError, Wire

NORMAL = int(CloseReason.NORMAL_CLOSURE)
GOING_AWAY = int(CloseReason.GOING_AWAY)
ABNORMAL = int(CloseReason.ABNORMAL_CLOSURE)
POLICY = int(CloseReason.POLICY_VIOLATION)
TOO_BIG = int(CloseReason.MESSAGE_TOO_BIG)
FAILED = int(CloseReason.INTERNAL_ERROR)

WAITING_MESSAGES = 32
"""Messages held for a slow application; then the client meets TCP's own flow control."""


class WebSocketLink:
    """One open WebSocket."""

    def __init__(self, wire: Wire, role: ConnectionType, limits: Limits, trailing: bytes = b"") -> None:
        self._wire = wire
        self._limits = limits
        self._ws = Connection(role, trailing_data=trailing)
        self._waiting: list[str | bytes] = []
        self._arrived: trio.Event | None = None
        self._taken: trio.Event | None = None
        self._parts = bytearray()
        self._reading: trio.CancelScope | None = None
        self._pinged = False
        self._tokens = float(limits.ws_frames_burst)
        self._tokens_at = trio.current_time()
        self.close_code = ABNORMAL
        """How the link ended (RFC 6455, section 7.4): as the other side said, or as we did."""
        self.close_reason = ""
        self.ended = trio.Event()

    @property
    def clean(self) -> bool:
        """True when both sides have said that they close."""
        return self._ws.state is ConnectionState.CLOSED

    # ---------------------------------------------------------------- for the owner

    async def run(self) -> None:
        """Read until the link has ended."""
        try:
            await self._take_events()
            while self._ws.state is not ConnectionState.CLOSED:
                data = await self._read()
                if not data:
                    break
                self._ws.receive_data(data)
                await self._take_events()
        except ClientGoneError:
            pass
        finally:
            self.ended.set()
            if self._arrived is not None:
                self._arrived.set()

    async def receive(self) -> str | bytes | None:
        """Wait for the next message; nothing when the link has ended."""
        while not self._waiting:
            if self.ended.is_set():
                return None
            self._arrived = trio.Event()
            await self._arrived.wait()
        if self._taken is not None:
            self._taken.set()
        return self._waiting.pop(0)

    async def send(self, message: str | bytes) -> None:
        """Send a message.

        Raises:
            ClientGoneError: the link has ended, or is ending.
        """
        if self._ws.state is not ConnectionState.OPEN:
            raise ClientGoneError("the WebSocket is closed")
        event = TextMessage(data=message) if isinstance(message, str) else BytesMessage(data=message)
        await self._write(event)

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say that we close. The other side gets `Limits.ws_close_s` to answer; `ended` is set after that."""
        if self._ws.state is not ConnectionState.OPEN:
            return
        self.close_code, self.close_reason = code, reason
        try:
            await self._write(CloseConnection(code=code, reason=reason or None))
        except ClientGoneError:
            return
        if self._reading is not None:
            self._reading.deadline = trio.current_time() + self._limits.ws_close_s

    # ---------------------------------------------------------------- reading

    async def _read(self) -> bytes:
        """Wait for bytes; nothing when the other side is gone or does not answer any more."""
        while True:
            closing = self._ws.state is ConnectionState.LOCAL_CLOSING
            patience_s = self._limits.ws_close_s if closing else self._limits.ws_ping_s
            with trio.CancelScope(deadline=trio.current_time() + patience_s) as self._reading:
                data = await self._wire.take(READ_AHEAD_BYTES)
                self._pinged = False
                return data
            if self._pinged or self._ws.state is not ConnectionState.OPEN:
                return b""
            await self._write(Ping())
            self._pinged = True

    async def _take_events(self) -> None:
        for event in self._ws.events():
            if isinstance(event, CloseConnection):
                await self._take_close(event)
                return
            if self._ws.state is not ConnectionState.OPEN:
                continue  # we have closed already; what still comes is not for anybody
            whole = getattr(event, "frame_finished", True)
            if whole and not self._may_pass():
                await self._fail(POLICY, f"more than {self._limits.ws_frames_per_s:g} frames a second")
            elif isinstance(event, Ping):
                await self._write(event.response())
            elif isinstance(event, TextMessage | BytesMessage):
                await self._take_part(event)

    async def _take_part(self, event: TextMessage | BytesMessage) -> None:
        part = event.data.encode() if isinstance(event.data, str) else event.data
        if len(self._parts) + len(part) > self._limits.ws_message_bytes:
            await self._fail(TOO_BIG, f"a message has at most {self._limits.ws_message_bytes} bytes")
        self._parts += part
        if event.message_finished:
            whole, self._parts = self._parts, bytearray()
            await self._hand_over(whole.decode() if isinstance(event.data, str) else bytes(whole))

    async def _hand_over(self, message: str | bytes) -> None:
        """Give a message to the application. While that makes us wait, what piles up is not the client's flood."""
        began_at = trio.current_time()
        while len(self._waiting) >= WAITING_MESSAGES:
            self._taken = trio.Event()
            await self._taken.wait()
            self._tokens += (trio.current_time() - began_at) * self._limits.ws_frames_per_s
            began_at = trio.current_time()
        self._waiting.append(message)
        if self._arrived is not None:
            self._arrived.set()

    async def _take_close(self, event: CloseConnection) -> None:
        """Answer a close of the other side, or close because it sent nonsense."""
        state = self._ws.state
        if state is ConnectionState.CLOSED:
            return  # the answer to our own close
        if state is not ConnectionState.LOCAL_CLOSING:
            self.close_code, self.close_reason = int(event.code), event.reason or ""
        if state is ConnectionState.REMOTE_CLOSING:
            await self._write(event.response())
        else:
            await self._fail(int(event.code), "not a WebSocket frame")

    async def _fail(self, code: int, reason: str) -> NoReturn:
        """Close because of what the other side did, and wait for no answer."""
        if self._ws.state is ConnectionState.OPEN:
            await self.close(code, reason)
        raise ClientGoneError(reason)

    def _may_pass(self) -> bool:
        """Count a frame against the flood limit: a bucket of `ws_frames_burst` that fills at `ws_frames_per_s`."""
        now_at = trio.current_time()
        full = max(float(self._limits.ws_frames_burst), self._tokens)
        refill = (now_at - self._tokens_at) * self._limits.ws_frames_per_s
        self._tokens = min(full, self._tokens + refill) - 1.0
        self._tokens_at = now_at
        return self._tokens >= 0.0

    async def _write(self, event: Event) -> None:
        await self._wire.write(self._ws.send(event))
