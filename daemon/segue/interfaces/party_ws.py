"""The door of the watch parties, `/ws`: frames to messages, in our protocol and in the old one, within all limits.

One conversation a connection. Its first message says which protocol it speaks and who speaks; whoever may come in is
handed to the orchestrator as a link, and from then on this module only reads, counts and writes. Sizes, floods, pings
and slow readers are the WebSocket's own bounds (`runtime.http.limits`); what is said here is the rest of the table in
`docs/party-protocol.md`. One task a connection reads and writes in turn; whoever has something for it interrupts its
listening, which loses nothing. So a thousand agents cost a thousand tasks and no more.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import msgspec
import trio
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from segue.interfaces.answers import error as http_error
from segue.interfaces.control import Caller, Policy, judge
from segue.interfaces.party_old_protocol import OldUp, Register, begins_old, decode_old_up
from segue.interfaces.party_protocol import (
    BAD_MESSAGES_MAX,
    CLOSE_BAD_MESSAGES,
    CLOSE_POLICY,
    CLOSE_PROTOCOL,
    BadMessage,
    Error,
    Hello,
    ProtocolError,
    Time,
    TimeAnswer,
    UpMessage,
    chosen_version,
    decode_up,
    encode,
)
from segue.interfaces.party_translation import Credentials, checked, credentials, hashed
from segue.interfaces.party_visitor import CLOSE_LATER, Admitted, TurnedAway, Visitor, visitor
from segue.runtime.http.asgi import PEER, ASGIApp, Receive, Scope, Send
from segue.secret import Secret

FIRST_MESSAGE_S = 10.0
"""Longest wait for the first message, in seconds."""
ADMISSION_S = 12.0
"""Longest wait for the gate's verdict, in seconds: it asks a service, and others may be before us."""
REASON_BYTES_MAX = 123
"""What fits into a close frame (RFC 6455, section 5.5)."""


class Goodbye(msgspec.Struct, frozen=True):
    """How a connection is to be closed."""

    code: int
    reason: str


class PartyLink(Protocol):
    """One user's connection, as its conversation needs it."""

    def next(self) -> str | Goodbye | None:
        """Do what has its moment, and give what is to be sent next, if anything is."""

    def listens(self, scope: trio.CancelScope) -> None:
        """Hear that its conversation waits in a scope, to be cancelled when there is something to send or do."""

    def heeds(self) -> bool:
        """Hear that a message has come; False where the scope was cancelled at the same moment."""

    @property
    def quiet(self) -> bool:
        """Whether nothing waits to be sent."""

    def tell(self, text: str) -> None:
        """Queue a message."""

    def end(self, code: int, reason: str) -> None:
        """Have the connection closed. What still waits to be sent is dropped; a second call changes nothing."""


Link = TypeVar("Link", bound=PartyLink)


class PartyHub(Protocol[Link]):
    """The orchestrator, as conversations need it. Nothing but `admit` waits."""

    @property
    def hosting(self) -> bool:
        """Whether parties are hosted here at all."""

    def now_at(self) -> float:
        """Give server time, s."""

    async def admit(self, who: Credentials, invite_hash: str, visitor: Visitor) -> Admitted | TurnedAway:
        """Judge a visitor."""

    def join(self, admitted: Admitted, first: Hello | Register) -> Link:
        """Take in a user whose conversation has begun; `welcome` and all else is in the link's queue."""

    def hear(self, link: Link, message: UpMessage | OldUp) -> None:
        """Take a message; answers come through the link's queue."""

    def leave(self, link: Link) -> None:
        """Hear that a connection has ended."""


class Handshake(msgspec.Struct, frozen=True):
    """What a connection says before its first message."""

    visitor: Visitor
    said: Credentials | None
    wrong: BadMessage | None = None
    """What is wrong with its username or passkey."""


class PartyDoor:
    """The ASGI application at `/ws`. Without a hub, or with one that does not host, it answers 404."""

    def __init__(self, hub: Callable[[], PartyHub[Any] | None], policy: Callable[[], Policy]) -> None:
        self._hub, self._policy = hub, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold one conversation."""
        hub = self._hub()
        if hub is None or not hub.hosting:
            text = "No watch parties are hosted here."
            await _deny(scope, receive, send, 404, "not_found", text, "[party] host = true hosts them.")
        elif not same_origin(HTTPConnection(scope)):
            await _deny(scope, receive, send, 403, "bad_origin", "Pages of other sites may not speak here.")
        else:
            conversation = Conversation(receive, send, hub, _handshake(scope, self._policy()))
            scope["headers"] = []  # they have been read, and an agent stays for hours
            await receive()  # `websocket.connect`
            await send({"type": "websocket.accept"})
            await conversation.run()


def beside(app: ASGIApp, door: PartyDoor) -> ASGIApp:
    """Put the door beside an application: an agent stays for hours, and the layers of the application would stay too,
    once for each of a thousand agents.
    """

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"] == "/ws":
            await door(scope, receive, send)
        else:
            await app(scope, receive, send)

    return both


async def _deny(
    scope: Scope, receive: Receive, send: Send, status: int, code: str, text: str, hint: str = ""
) -> None:
    await receive()
    await WebSocket(scope, receive, send).send_denial_response(http_error(status, code, text, hint))


def same_origin(connection: HTTPConnection) -> bool:
    """Refuse a page of another site, which would come from this machine: a browser always names its origin."""
    origin = connection.headers.get("origin")
    return origin is None or origin.partition("://")[2] == connection.headers.get("host")


def _handshake(scope: Scope, policy: Policy) -> Handshake:
    """Read what is known before the first message."""
    connection = HTTPConnection(scope)
    peer = scope.get("extensions", {}).get(PEER)
    on_socket = peer is not None and judge(Caller(peer.uid, peer.gid, peer.pid), "WRITE", policy) is None
    address = connection.client.host if connection.client is not None else ""
    guest = visitor(address, connection.headers, on_socket=on_socket)
    try:
        return Handshake(guest, credentials(connection.headers, connection.query_params))
    except BadMessage as wrong:
        return Handshake(guest, None, wrong)


class _ClientGone(Exception):  # noqa: N818 - what it is
    """The connection has ended."""


class _Refused(Exception):  # noqa: N818
    """There will be no link; what to say, and how to close."""

    def __init__(self, error: Error, close: int) -> None:
        super().__init__(error.message)
        self.error, self.close = error, close


class Conversation:
    """One connection, from its first message to its end."""

    def __init__(self, receive: Receive, send: Send, hub: PartyHub[Any], handshake: Handshake) -> None:
        self._receive_event, self._send_event = receive, send
        self._hub, self._handshake = hub, handshake
        self._bad_messages = 0
        self._decode: Callable[[str | bytes], UpMessage | OldUp] = decode_up

    async def run(self) -> None:
        """Talk until either side has had enough."""
        try:
            link = await self._begin()
        except _ClientGone:
            return
        except _Refused as refused:
            await self._turn_away(refused)
            return
        try:
            await self._talk(link)
        except _ClientGone:
            pass
        finally:
            self._hub.leave(link)

    # ---------------------------------------------------------------- the beginning

    async def _begin(self) -> PartyLink:
        """Read the first message, and let its user in. Raises `_Refused`, `_ClientGone`."""
        said = self._handshake.said
        if self._handshake.wrong is not None:
            raise _refused(self._handshake.wrong, CLOSE_POLICY)
        # A passkey in the handshake is judged at once: whoever has a wrong one need not say more.
        admitted = await self._admit(said, "") if said is not None and said.passkey else None
        try:
            first = self._first(await self._first_frame())
            if admitted is None:
                who = _joined(said, first)
                admitted = await self._admit(who, hashed(getattr(first, "invite", "")))
        except BadMessage as wrong:
            close = CLOSE_POLICY if wrong.code in ("bad_username", "bad_passkey") else CLOSE_PROTOCOL
            raise _refused(wrong, close) from None
        except ProtocolError as wrong:
            raise _refused(wrong, wrong.close or CLOSE_PROTOCOL) from None
        link: PartyLink = self._hub.join(admitted, first)
        return link

    async def _first_frame(self) -> str | bytes:
        with trio.move_on_after(FIRST_MESSAGE_S):
            return await self._receive()
        text = f"No first message came within {FIRST_MESSAGE_S:g} s."
        raise _Refused(Error("wrong_beginning", text, "Begin with hello."), CLOSE_LATER)

    def _first(self, raw: str | bytes) -> Hello | Register:
        """Read the first message. Raises `ProtocolError`."""
        if begins_old(raw):
            self._decode = decode_old_up
            register = decode_old_up(raw)
            assert isinstance(register, Register)
            return register
        hello = decode_up(raw)
        assert isinstance(hello, Hello)
        chosen_version(hello)
        return hello

    async def _admit(self, who: Credentials, invite_hash: str) -> Admitted:
        """Have the gate judge. Raises `_Refused`."""
        with trio.move_on_after(ADMISSION_S):
            verdict = await self._hub.admit(who, invite_hash, self._handshake.visitor)
            if isinstance(verdict, Admitted):
                return verdict
            raise _Refused(Error(verdict.code, verdict.message[:500], verdict.hint[:500]), verdict.close)
        text = "The passkey could not be checked in time."
        raise _Refused(Error("unverified", text, "Try again in a minute."), CLOSE_LATER)

    async def _turn_away(self, refused: _Refused) -> None:
        with suppress(_ClientGone):  # it did not wait for the answer
            await self._send(encode(refused.error))
            await self._close(refused.close, refused.error.message)

    # ---------------------------------------------------------------- reading and writing

    async def _talk(self, link: PartyLink) -> None:
        """Send what there is to send, then listen, until we have said goodbye. Raises `_ClientGone`."""
        while True:
            while isinstance(item := link.next(), str):
                await self._send(item)
            if item is not None:
                await self._close(item.code, item.reason)
                return
            raw = await self._listen(link)
            if raw is not None:
                await self._take(link, raw)

    async def _listen(self, link: PartyLink) -> str | bytes | None:
        """Take messages until there is something to send or do; gives the one that came at that very moment.

        One scope serves for many messages. It can be cancelled only while we wait, and never while we write.
        """
        raw = None
        with trio.CancelScope() as scope:
            while link.quiet:
                link.listens(scope)
                raw = await self._receive()
                if not link.heeds():
                    break
                await self._take(link, raw)
                raw = None
        return raw

    async def _receive(self) -> str | bytes:
        """Wait for the next frame. Raises `_ClientGone`."""
        message = await self._receive_event()
        if message["type"] == "websocket.disconnect":
            raise _ClientGone
        text: str | None = message.get("text")
        return text if text is not None else bytes(message["bytes"])

    async def _take(self, link: PartyLink, raw: str | bytes) -> None:
        try:
            message = self._decode(raw)
        except ProtocolError as wrong:
            self._answer_wrong(link, wrong)
            return
        if isinstance(message, Time):
            read_at = self._hub.now_at()
            await self._send(encode(TimeAnswer(message.c0, read_at, self._hub.now_at())))
        else:
            self._hub.hear(link, message)

    def _answer_wrong(self, link: PartyLink, wrong: ProtocolError) -> None:
        """Say what is wrong with a message, and end the conversation where it cannot go on."""
        self._bad_messages += 1
        if wrong.close is not None:
            link.end(wrong.close, wrong.message)
        elif self._bad_messages > BAD_MESSAGES_MAX:
            link.end(CLOSE_BAD_MESSAGES, f"{self._bad_messages} messages could not be read")
        else:
            link.tell(encode(Error(wrong.code, wrong.message[:500], wrong.hint[:500])))

    async def _send(self, text: str) -> None:
        """Send a message. Raises `_ClientGone` where nobody listens any more, or reads too slowly."""
        try:
            await self._send_event({"type": "websocket.send", "text": text})
        except OSError:
            raise _ClientGone from None

    async def _close(self, code: int, reason: str) -> None:
        with suppress(OSError):  # gone already
            await self._send_event({"type": "websocket.close", "code": code, "reason": shortened(reason)})


def shortened(reason: str) -> str:
    """Cut a sentence to what fits into a close frame, between characters."""
    return reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


def _refused(wrong: ProtocolError, close: int) -> _Refused:
    return _Refused(Error(wrong.code, wrong.message[:500], wrong.hint[:500]), close)


def _joined(said: Credentials | None, first: Hello | Register) -> Credentials:
    """Put together what handshake and first message say of who speaks; the handshake goes first."""
    username = said.username if said is not None else first.username
    passkey = said.passkey if said is not None and said.passkey else Secret(getattr(first, "passkey", ""))
    return checked(username, passkey.reveal())
