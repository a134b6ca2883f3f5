"""Opening the agent's WebSocket: where the orchestrator is, a connection, the handshake (RFC 6455, section 4).

The username and the passkey travel in headers, never in the URL, which ends up in the logs of proxies. Whatever goes
wrong is a `LineError` that says what it was in a sentence, how to mend it, and whether coming back soon makes sense.
"""

import base64
import hashlib
import ipaddress
import os
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlsplit

import h11
import msgspec
import trio
from wsproto import ConnectionType

from segue import __version__
from segue.errors import SegueError
from segue.runtime.http.limits import Limits
from segue.runtime.http.websocket_link import WebSocketLink
from segue.runtime.http.wire import READ_AHEAD_BYTES, ClientGoneError, Wire
from segue.secret import Secret

CONNECT_S = 5.0
"""Longest wait for a connection, from the name's look-up to the end of the handshake, in seconds."""
LIMITS = Limits(ws_message_bytes=64 * 1024, ws_frames_per_s=200.0, ws_frames_burst=1000)
"""What an orchestrator may send: more than it ever does, and not without end."""
REFUSAL_BYTES = 4096
ACCEPT_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""

Again = Literal["soon", "pause", "later", "never"]
"""Whether to come back: after seconds, after half a minute, after a long while, or only when somebody has changed
something."""

_SCHEMES = {"ws": False, "wss": True, "http": False, "https": True}
_PATH = re.compile(r"/[^\s?#\\\x00-\x20\x7f]*\Z")
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?\Z")


class AddressError(SegueError):
    """An orchestrator's address that cannot be used."""

    code: ClassVar[str] = "bad_orchestrator"


class LineError(SegueError):
    """There is no connection to the orchestrator. Never shows a secret."""

    code: ClassVar[str] = "no_orchestrator"

    def __init__(self, message: str, hint: str = "", *, again: Again = "soon") -> None:
        super().__init__(message, hint)
        self.again: Again = again


class Address(msgspec.Struct, frozen=True):
    """Where an orchestrator is: a host and a port, or the control socket of a daemon on this machine."""

    host: str
    port: int
    path: str = "/ws"
    tls: bool = False
    socket_path: str = ""

    @property
    def shown(self) -> str:
        """Give it as people write it; there is no secret in it."""
        if self.socket_path:
            return "this daemon"
        usual = 443 if self.tls else 80
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == usual else f":{self.port}"
        return f"{'wss' if self.tls else 'ws'}://{host}{port}{self.path}"


def own_daemon(control_socket: Path) -> Address:
    """Give the address of the daemon that this agent is part of."""
    return Address("localhost", 0, socket_path=str(control_socket))


def parse_address(text: str) -> Address:
    """Read `wss://host[:port][/path]`; `https://` means the same, and a bare host is `wss://host/ws`.

    Raises `AddressError`, which does not repeat a query: there may be a passkey in it.
    """
    given = text.strip()
    shape = "An orchestrator is written wss://host/ws."
    try:
        parts = urlsplit(given if "://" in given else f"wss://{given}")
        port = parts.port
    except ValueError:
        raise AddressError("The orchestrator's address cannot be read.", shape) from None
    if parts.scheme not in _SCHEMES:
        raise AddressError(f"The orchestrator's address begins with {parts.scheme[:20]!r}.", shape)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise AddressError(
            "The orchestrator's address holds more than host and path.", "Username and passkey are settings."
        )
    host, path = parts.hostname or "", parts.path.rstrip("/") or "/ws"
    if not _is_host(host) or not _PATH.match(path) or not path.isascii():
        raise AddressError("The orchestrator's address names no host that could be asked.", shape)
    if port == 0:
        raise AddressError("The orchestrator's port is 0.", shape)
    tls = _SCHEMES[parts.scheme]
    return Address(host, port or (443 if tls else 80), path, tls)


def _is_host(host: str) -> bool:
    if ":" in host or re.fullmatch(r"[0-9.]+", host):
        try:
            return bool(ipaddress.ip_address(host))
        except ValueError:
            return False
    return _HOST.match(host) is not None


# ------------------------------------------------------------------ connecting


Headers = Sequence[tuple[str, str]]
Dial = Callable[[trio.Nursery], Awaitable[WebSocketLink]]
"""Opens a connection; what serves it runs in the nursery. Raises `LineError`."""


def identity_headers(username: str, passkey: Secret | None) -> Headers:
    """Say who speaks. Raises `LineError` for what no header can carry."""
    headers = [("X-Username", username)] if username else []
    if passkey is not None and passkey:
        headers.append(("Authorization", f"Bearer {passkey.reveal()}"))
    for name, value in headers:
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise LineError(
                f"The {'username' if name == 'X-Username' else 'passkey'} holds characters that"
                " no HTTP header can carry.",
                "Use letters, digits and signs of ASCII.",
                again="never",
            )
    return headers


async def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Make the context of secure connections; `ca_file` adds a certificate authority of one's own.

    Raises `LineError` when the file cannot be read.
    """

    def make() -> ssl.SSLContext:
        context = ssl.create_default_context()
        if ca_file is not None:
            context.load_verify_locations(cafile=str(ca_file))
        return context

    try:
        return await trio.to_thread.run_sync(make)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or type(error).__name__
    raise LineError(f"{ca_file}: no certificates can be read from it: {reason}.", again="later")


async def dial(
    nursery: trio.Nursery,
    address: Address,
    headers: Headers,
    *,
    tls: ssl.SSLContext | None = None,
    limits: Limits = LIMITS,
) -> WebSocketLink:
    """Connect and shake hands within `CONNECT_S`. Raises `LineError`."""
    problem: LineError | None = None
    with trio.move_on_after(CONNECT_S):
        try:
            stream = await _open(address, tls)
            nursery.start_soon(_close_at_end, stream)
            wire = Wire(stream, limits.write_s)
            nursery.start_soon(wire.read_ahead)
            trailing = await _shake_hands(wire, address, headers)
            link = WebSocketLink(wire, ConnectionType.CLIENT, limits, trailing)
            nursery.start_soon(link.run)
            return link
        except LineError as error:
            problem = error
        except ClientGoneError:
            problem = LineError(f"{address.shown}: the connection ended during the handshake.")
    raise problem or LineError(f"{address.shown}: no connection within {CONNECT_S:g} s.")


async def _close_at_end(stream: trio.abc.Stream) -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 1.0):
            await trio.aclose_forcefully(stream)


async def _open(address: Address, tls: ssl.SSLContext | None) -> trio.abc.Stream:
    where = address.shown
    try:
        if address.socket_path:
            return await trio.open_unix_socket(address.socket_path)
        stream = await trio.open_tcp_stream(address.host, address.port)
    except OSError as error:
        raise _why_unconnected(where, error) from None
    if not address.tls:
        return stream
    assert tls is not None
    secure = trio.SSLStream(stream, tls, server_hostname=address.host, https_compatible=True)
    try:
        await secure.do_handshake()
    except (trio.BrokenResourceError, ssl.SSLError) as error:
        await trio.aclose_forcefully(stream)
        raise _why_insecure(where, error) from None
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return secure


def _why_unconnected(where: str, error: OSError) -> LineError:
    causes = [error, error.__cause__, *getattr(error.__cause__, "exceptions", ())]
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return LineError(f"{where}: the name is not known.", "Check the address and the network.")
    if any(isinstance(cause, ConnectionRefusedError | FileNotFoundError) for cause in causes):
        return LineError(f"{where}: nobody listens there.", "Does the orchestrator run?")
    if any(isinstance(cause, PermissionError) for cause in causes):
        return LineError(f"{where}: access denied.", "The agent's user must belong to the socket's group.")
    return LineError(f"{where}: no way there.", "Check the address and the network.")


def _why_insecure(where: str, error: Exception) -> LineError:
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return LineError(
            f"{where}: its certificate is not trusted: {cause.verify_message}.",
            "Name its authority as [party.agent] tls_ca_file, or give it a certificate that is trusted.",
            again="later",
        )
    return LineError(f"{where}: no secure connection.", "Does it speak TLS? Without it, write ws://.")


# ------------------------------------------------------------------ the handshake


async def _shake_hands(wire: Wire, address: Address, headers: Headers) -> bytes:
    """Ask for a WebSocket; give what came after the answer."""
    key = base64.b64encode(os.urandom(16))
    protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=16 * 1024)
    host = f"[{address.host}]" if ":" in address.host else address.host
    request = h11.Request(
        method="GET",
        target=address.path,
        headers=[
            ("Host", host if address.port in (0, 80, 443) else f"{host}:{address.port}"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", key.decode()),
            ("Sec-WebSocket-Version", "13"),
            ("User-Agent", f"segue/{__version__}"),
            *headers,
        ],
    )
    await wire.write((protocol.send(request) or b"") + (protocol.send(h11.EndOfMessage()) or b""))
    try:
        answer = await _next(protocol, wire)
        if isinstance(answer, h11.InformationalResponse) and answer.status_code == 101:
            expected = base64.b64encode(hashlib.sha1(key + ACCEPT_KEY, usedforsecurity=False).digest())
            if dict(answer.headers).get(b"sec-websocket-accept") == expected:
                return bytes(protocol.trailing_data[0])
        elif isinstance(answer, h11.Response):
            raise _refused(address, answer, await _body(protocol, wire))
    except h11.RemoteProtocolError:
        pass
    raise LineError(f"{address.shown}: what answers there is no WebSocket.", "Check address and port.")


async def _next(protocol: h11.Connection, wire: Wire) -> object:
    while True:
        event = protocol.next_event()
        other = isinstance(event, h11.InformationalResponse) and event.status_code != 101
        if event is not h11.NEED_DATA and not other:
            return event
        if event is h11.NEED_DATA:
            data = await wire.take(READ_AHEAD_BYTES)
            if not data and protocol.their_state is h11.SEND_RESPONSE and not protocol.trailing_data[0]:
                raise ClientGoneError("it hung up")
            protocol.receive_data(data)


async def _body(protocol: h11.Connection, wire: Wire) -> bytes:
    """Read what a refusal says, as far as it is short."""
    body = b""
    with trio.move_on_after(1.0):
        while len(body) < REFUSAL_BYTES:
            event = await _next(protocol, wire)
            if not isinstance(event, h11.Data):
                break
            body += bytes(event.data)
    return body[:REFUSAL_BYTES]


def _refused(address: Address, answer: h11.Response, body: bytes) -> LineError:
    """Say what a status other than 101 means."""
    status, where = answer.status_code, address.shown
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
    said = _said(body)
    if 300 <= status < 400:
        return LineError(
            f"{where}: redirected to {_host_of(headers.get('location', ''))}, which is not followed.",
            "Write the address that it redirects to.",
            again="later",
        )
    if status in (401, 403):
        return LineError(f"{where}: {said or 'access refused'} (HTTP status {status}).", again="later")
    if status == 404:
        return LineError(
            f"{where}: there is no party door at {address.path}.", "Does [party] host = true?", again="later"
        )
    again: Again = "pause" if status == 429 or "retry-after" in headers else "soon"
    return LineError(f"{where}: {said or 'no WebSocket there'} (HTTP status {status}).", again=again)


def _said(body: bytes) -> str:
    """Find a sentence for people in a refusal of ours."""
    try:
        message = msgspec.json.decode(body)["error"]["message"]
    except (msgspec.DecodeError, KeyError, TypeError, RecursionError, UnicodeDecodeError):
        return ""
    text = message.strip().rstrip(".") if isinstance(message, str) else ""
    return text[:200] if text.isprintable() else ""


def _host_of(location: str) -> str:
    try:
        return (urlsplit(location).hostname or "another path")[:100]
    except ValueError:
        return "another address"
