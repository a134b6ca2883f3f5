"""One WebSocket request: the handshake and the ASGI `websocket` conversation.

The application hears `websocket.connect` and answers with accept, close (403) or an HTTP response of its own.
From then on it exchanges whole messages. It hears `websocket.disconnect` when the link has ended, and is
cancelled after `Limits.gone_s`.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable

import h11
import trio
from wsproto import ConnectionType

from segue.runtime.http.asgi import ASGIApp, Message, OnFailure, Scope
from segue.runtime.http.errors import HttpError, bad_request, internal, stopping
from segue.runtime.http.failure import describe, is_fatal, is_only_gone
from segue.runtime.http.head import Head
from segue.runtime.http.limits import Limits
from segue.runtime.http.responses import Headers, send_error, send_whole
from segue.runtime.http.websocket_link import ABNORMAL, FAILED, GOING_AWAY, NORMAL, WebSocketLink
from segue.runtime.http.wire import ClientGoneError, Wire

ACCEPT_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""


class WebSocketSession:
    """One WebSocket being served."""

    def __init__(
        self, wire: Wire, protocol: h11.Connection, head: Head, scope: Scope, limits: Limits
    ) -> None:
        self._wire = wire
        self._h11 = protocol
        self._limits = limits
        self._key, self._offered = read_handshake(head)
        scope["subprotocols"] = self._offered
        self._asgi = scope
        self._scope = trio.CancelScope()
        self._nursery: trio.Nursery | None = None
        self._link: WebSocketLink | None = None
        self._over = trio.Event()
        self._told_connect = False
        self._told_gone = False
        self._draining = False
        self._denial: Message | None = None
        self._denial_body = b""
        self._denied = False

    # ---------------------------------------------------------------- from outside

    async def run(self, app: ASGIApp, on_failure: OnFailure, fatal: tuple[type[Exception], ...]) -> None:
        """Let the application talk until either side has had enough.

        Raises:
            HttpError: the handshake was not answered, and this is the answer to send.
            Exception: of a fatal kind, after the link was closed.
        """
        error: Exception | None = None
        if self._wire.ended:
            self.client_gone()
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                with self._scope:
                    await app(self._asgi, self.receive, self.send)
            except Exception as failure:
                error = failure
            failed = error is not None and not self._told_gone and not is_only_gone(error)
            if self._link is not None:
                await self._close_link(self._link, FAILED if failed else NORMAL)
            self._nursery = None
            nursery.cancel_scope.cancel()
        if error is not None and failed:
            on_failure(describe(self._asgi, type(error).__name__), error)
        if error is not None and is_fatal(error, fatal):
            raise error
        if self._link is None and not self._denied and not self._wire.ended:
            if self._draining:
                raise stopping()
            if not failed:
                on_failure(describe(self._asgi, "the application did not answer the handshake"), None)
            raise internal()

    async def _close_link(self, link: WebSocketLink, code: int) -> None:
        """Close in good order; after a protocol error, let the client hear of it before the stream is cut."""
        await link.close(GOING_AWAY if self._draining else code)
        with trio.move_on_after(self._limits.ws_close_s):
            await link.ended.wait()
        if not link.clean and not self._wire.ended:
            await self._wire.linger(self._limits.linger_s)

    def client_gone(self) -> None:
        """Hear that the client went away, or that the link has ended."""
        self._over.set()
        wait_s = 0.0 if self._draining else self._limits.gone_s
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + wait_s)

    def drain(self) -> None:
        """Hear that the server stops: say goodbye."""
        self._draining = True
        if self._link is not None and self._nursery is not None:
            self._nursery.start_soon(self._link.close, GOING_AWAY, "segue stops")
        elif self._link is None:
            self._scope.cancel()

    # ---------------------------------------------------------------- the application's side

    async def receive(self) -> Message:
        """Give the next event (ASGI, "WebSocket": connect, receive, disconnect)."""
        if not self._told_connect:
            self._told_connect = True
            return {"type": "websocket.connect"}
        if self._link is None:
            await self._over.wait()
            self._told_gone = True
            return {"type": "websocket.disconnect", "code": ABNORMAL, "reason": ""}
        message = await self._link.receive()
        if message is None:
            self._told_gone = True
            return {
                "type": "websocket.disconnect",
                "code": self._link.close_code,
                "reason": self._link.close_reason,
            }
        if isinstance(message, str):
            return {"type": "websocket.receive", "text": message}
        return {"type": "websocket.receive", "bytes": message}

    async def send(self, message: Message) -> None:
        """Take an event of the application's (accept, send, close, or a denial response).

        Raises:
            ClientGoneError: nobody listens any more.
            RuntimeError: the application breaks the order of messages.
        """
        kind = message["type"]
        if self._link is None:
            await self._answer_handshake(kind, message)
        elif kind == "websocket.send":
            text = message.get("text")
            await self._link.send(text if text is not None else bytes(message["bytes"]))
        elif kind == "websocket.close":
            await self._link.close(message.get("code") or NORMAL, message.get("reason") or "")
        else:
            raise RuntimeError(f"the application sends {kind!r} out of turn")

    async def _answer_handshake(self, kind: str, message: Message) -> None:
        if self._wire.broken:
            raise ClientGoneError("the client is gone")
        if self._denied:
            raise RuntimeError(f"the application sends {kind!r} after it refused the WebSocket")
        if kind == "websocket.accept":
            await self._accept(message.get("subprotocol"), message.get("headers", ()))
        elif kind == "websocket.close":
            self._denied = True
            await send_error(self._wire, self._h11, _refused())
        elif kind == "websocket.http.response.start" and self._denial is None:
            self._denial = message
        elif kind == "websocket.http.response.body" and self._denial is not None:
            self._denial_body += message.get("body", b"")
            if not message.get("more_body", False):
                self._denied = True
                headers = _lower(self._denial.get("headers", ()))
                await send_whole(self._wire, self._h11, self._denial["status"], headers, self._denial_body)
        else:
            raise RuntimeError(f"the application sends {kind!r} out of turn")

    async def _accept(self, subprotocol: str | None, extra: Iterable[tuple[bytes, bytes]]) -> None:
        if subprotocol is not None and subprotocol not in self._offered:
            raise RuntimeError(f"the client did not offer the subprotocol {subprotocol!r}")
        headers = [
            (b"upgrade", b"websocket"),
            (b"connection", b"Upgrade"),
            (b"sec-websocket-accept", _accept_key(self._key)),
            *_lower(extra),
        ]
        if subprotocol is not None:
            headers.append((b"sec-websocket-protocol", subprotocol.encode("ascii")))
        answer = h11.InformationalResponse(status_code=101, headers=headers, reason=b"Switching Protocols")
        await self._wire.write(self._h11.send(answer))
        trailing = self._h11.trailing_data[0]
        self._link = WebSocketLink(self._wire, ConnectionType.SERVER, self._limits, trailing)
        assert self._nursery is not None
        self._nursery.start_soon(self._pump, self._link)

    async def _pump(self, link: WebSocketLink) -> None:
        await link.run()
        self.client_gone()


def read_handshake(head: Head) -> tuple[bytes, list[str]]:
    """Check a client's opening handshake (RFC 6455, section 4.2.1); give its key and the subprotocols that it
    offers.

    Raises:
        HttpError: with status 400, or 426 for another version of the protocol.
    """
    key = version = b""
    upgrade = False
    offered: list[str] = []
    for name, value in head.headers:
        if name == b"sec-websocket-key":
            key = value
        elif name == b"sec-websocket-version":
            version = value
        elif name == b"connection":
            upgrade = upgrade or b"upgrade" in [token.strip() for token in value.lower().split(b",")]
        elif name == b"sec-websocket-protocol":
            offered += [p.strip() for p in value.decode("latin-1").split(",")]
    if version != b"13" and version:
        raise HttpError(
            426,
            "bad_version",
            "only version 13 of the WebSocket protocol is spoken here",
            "use a client of RFC 6455",
            ((b"sec-websocket-version", b"13"), (b"upgrade", b"websocket")),
        )
    if head.method != "GET" or head.http_version != "1.1" or head.chunked or head.content_length:
        raise bad_request("a WebSocket begins with a GET of HTTP/1.1 without a body")
    if not upgrade or version != b"13" or not _is_key(key):
        raise bad_request("the WebSocket handshake lacks a header, or one of them is malformed")
    return key, offered


def _accept_key(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + ACCEPT_KEY, usedforsecurity=False).digest())


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False


def _refused() -> HttpError:
    return HttpError(
        403, "forbidden", "this WebSocket was refused", "check the token, the path and the Origin header"
    )


def _lower(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return [(bytes(name).lower(), bytes(value)) for name, value in headers]
