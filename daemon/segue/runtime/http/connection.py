"""One client's connection: its requests one after the other, and its end."""

from collections.abc import Callable

import h11
import msgspec
import trio

from segue.runtime.http.asgi import ASGIApp, OnFailure, Origin
from segue.runtime.http.errors import HttpError, bad_request, too_slow
from segue.runtime.http.exchange import Exchange
from segue.runtime.http.head import Head, read_head
from segue.runtime.http.hosts import AllowedHosts, check_host
from segue.runtime.http.limits import Limits
from segue.runtime.http.responses import send_error
from segue.runtime.http.websocket_session import WebSocketSession
from segue.runtime.http.wire import ClientGoneError, Wire

DRAIN_S = 0.1
"""How long an idle connection is kept when the server stops: a request may be under way on it."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What all connections of one server share."""

    app: ASGIApp
    limits: Limits
    body_limit: Callable[[str], int] | None
    """Gives the bound of a body, in bytes, for a path."""
    allowed_hosts: AllowedHosts | None
    on_failure: OnFailure
    fatal: tuple[type[Exception], ...]
    """Errors of the application that end the server, after the client got its 500."""
    state: dict[str, object]
    """Every request gets a copy of it as `scope["state"]`."""


class Connection:
    """Serves one stream until it ends."""

    def __init__(self, stream: trio.abc.Stream, origin: Origin, site: Site) -> None:
        self.scope = trio.CancelScope()
        """All that the connection does; its deadline is the last moment of a stopping server."""
        self._stream = stream
        self.origin = origin
        self._site = site
        self._limits = site.limits
        self._wire = Wire(stream, site.limits.write_s)
        self._wire.on_end = self._client_gone
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=site.limits.header_bytes)
        self._current: Exchange | WebSocketSession | None = None
        self._waiting: trio.CancelScope | None = None
        """Set while the connection is idle."""
        self._draining = False
        self._is_head = False

    async def run(self) -> None:
        """Serve until the client or the server has had enough, and close the stream.

        Raises:
            ExceptionGroup: with an error of a fatal kind (`Site.fatal`), and with no other.
        """
        try:
            with self.scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._wire.read_ahead)
                    await self._serve()
                    nursery.cancel_scope.cancel()
        finally:
            await trio.aclose_forcefully(self._stream)

    def drain(self) -> None:
        """Hear that the server stops: finish what is under way, begin nothing new."""
        self._draining = True
        if self._current is not None:
            self._current.drain()
        elif self._waiting is not None:
            self._shorten_wait(self._waiting)

    def _shorten_wait(self, waiting: trio.CancelScope) -> None:
        waiting.deadline = min(waiting.deadline, trio.current_time() + DRAIN_S)

    def _client_gone(self) -> None:
        if self._current is not None:
            self._current.client_gone()

    async def _serve(self) -> None:
        try:
            while await self._serve_one():
                self._h11.start_next_cycle()
        except HttpError as refusal:
            await self._refuse(refusal)
        except ClientGoneError:
            return
        if self._unread_matters():
            await self._wire.linger(self._limits.linger_s)

    def _unread_matters(self) -> bool:
        """Tell whether closing now could destroy an answer: bytes that we do not read make the kernel send a reset."""
        answered = self._h11.our_state in (h11.DONE, h11.MUST_CLOSE)
        all_read = self._h11.their_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED) and not self._wire.waiting
        return answered and not all_read and not self._wire.ended

    async def _refuse(self, refusal: HttpError) -> None:
        if self._h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        try:
            await send_error(self._wire, self._h11, refusal, no_body=self._is_head)
        except ClientGoneError:
            return

    # ---------------------------------------------------------------- one request

    async def _serve_one(self) -> bool:
        """Serve one request. Gives True when another one may follow.

        Raises:
            HttpError: the answer is the server's own.
            ClientGoneError: nobody is left to answer.
        """
        self._is_head = False
        request = await self._next_request()
        if request is None:
            return False
        head = read_head(request, self._limits.url_bytes)
        self._is_head = head.method == "HEAD"
        if self.origin.peer is None and head.host is not None:
            check_host(head.host, self._site.allowed_hosts)
        site = self._site
        scope = head.scope(self.origin, dict(site.state))
        if head.websocket:
            session = WebSocketSession(self._wire, self._h11, head, scope, self._limits)
            self._h11.next_event()  # the end of the request: only then can the protocol be switched
            self._begin(session)
            del request, head  # it may stay for hours
            await session.run(site.app, site.on_failure, site.fatal)
            return False
        exchange = Exchange(self._wire, self._h11, head, scope, self._limits, self._body_limit(head))
        self._begin(exchange)
        again = await exchange.run(site.app, site.on_failure, site.fatal)
        self._current = None
        return again

    def _begin(self, current: Exchange | WebSocketSession) -> None:
        self._current = current
        if self._draining:
            current.drain()

    def _body_limit(self, head: Head) -> int:
        limit = self._site.body_limit
        return self._limits.body_bytes if limit is None else limit(head.path)

    async def _next_request(self) -> h11.Request | None:
        """Wait for a request's head; nothing when the client does not send another one.

        h11 gets no more bytes than a head may have, since it would take a larger one if it came all at once.
        """
        limits = self._limits
        first = self._h11.their_http_version is None
        fed = len(self._h11.trailing_data[0])
        patience_s = limits.header_s if first or fed else limits.idle_s
        with trio.CancelScope(deadline=trio.current_time() + patience_s) as scope:
            while (event := self._parse()) is h11.NEED_DATA:
                if fed >= limits.header_bytes:
                    raise _header_too_large(limits.header_bytes)
                if fed:
                    data = await self._wire.take(limits.header_bytes - fed)
                else:
                    data = await self._idle(scope, first=first)
                if not data:
                    return None
                fed += len(data)
                self._h11.receive_data(data)
            return event if isinstance(event, h11.Request) else None
        if fed:
            raise too_slow("header", limits.header_s)
        return None

    async def _idle(self, scope: trio.CancelScope, *, first: bool) -> bytes:
        """Wait for the first bytes of a request, which start the clock of its header."""
        deadline = scope.deadline
        self._waiting = scope
        if self._draining:
            self._shorten_wait(scope)
        data = await self._wire.take(self._limits.header_bytes)
        self._waiting = None
        scope.deadline = deadline if first else trio.current_time() + self._limits.header_s
        return data

    def _parse(self) -> object:
        try:
            return self._h11.next_event()
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == 431:
                raise _header_too_large(self._limits.header_bytes) from None
            if error.error_status_hint == 501:
                raise HttpError(
                    501,
                    "bad_encoding",
                    "the only Transfer-Encoding taken is chunked",
                    "send it plain or chunked",
                ) from None
            raise bad_request("the request's head is not HTTP/1.1") from None


def _header_too_large(limit_bytes: int) -> HttpError:
    return HttpError(
        431,
        "header_too_large",
        f"the header is larger than {limit_bytes} bytes",
        "send fewer or shorter fields",
    )
