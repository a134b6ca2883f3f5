"""The server: accepts connections within bounds, and stops in a bounded time.

Stopping has three stages, after `hypercorn` and `trio.serve_listeners`: the accept loops end first, so that a
client meets either us or our successor on the same socket; what is under way gets its grace; then every
connection is cut, also one whose client never reads. Nothing here is shielded from that.
"""

import errno
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import trio

from segue.runtime.http.asgi import ASGIApp, OnFailure, Origin
from segue.runtime.http.connection import Connection, Site
from segue.runtime.http.errors import HttpError, too_many_connections
from segue.runtime.http.failure import is_fatal
from segue.runtime.http.hosts import AllowedHosts
from segue.runtime.http.limits import Limits
from segue.runtime.http.listeners import keep_alive, origin_of
from segue.runtime.http.responses import error_bytes
from segue.runtime.http.wire import ClientGoneError, Wire

ACCEPT_PAUSE_S = 0.1
"""Before accepting again when the process or the system has no descriptor left."""

TURN_AWAY_S = 0.5
"""For each step of telling a client that there are too many: its first byte, our answer, its end."""

TURN_AWAY_MAX = 16
"""Clients told so at one time; more are cut without a word."""

_LOG = logging.getLogger("segue.http")


def _log_failure(message: str, error: BaseException | None) -> None:
    _LOG.error(message, exc_info=error)


class HttpServer:
    """Serves one ASGI application on any number of listeners."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits | None = None,
        body_limit: Callable[[str], int] | None = None,
        allowed_hosts: AllowedHosts | None = None,
        on_failure: OnFailure = _log_failure,
        fatal: tuple[type[Exception], ...] = (),
        state: Mapping[str, object] | None = None,
    ) -> None:
        """Make a server.

        Args:
            app: the ASGI application. It gets no lifespan events.
            limits: the bounds.
            body_limit: gives the bound of a body, in bytes, for a path; `limits.body_bytes` without it.
            allowed_hosts: says whether a name in a Host header (lower case, no port) is ours. Addresses and
            `localhost` always
                are, and a Unix socket takes any.
            on_failure: hears of an application's failures and of accept's.
            fatal: errors of the application that must end `serve` (the client still gets its 500).
            state: copied into every `scope["state"]`.
        """
        self._site = Site(
            app=app,
            limits=limits or Limits(),
            body_limit=body_limit,
            allowed_hosts=allowed_hosts,
            on_failure=on_failure,
            fatal=fatal,
            state=dict(state or {}),
        )
        self._open: set[Connection] = set()
        self._per_address: Counter[str] = Counter()
        self._accepting = trio.CancelScope()
        self._turning_away = 0
        self._ends_at: float | None = None

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    async def serve(
        self,
        listeners: Sequence[trio.abc.Listener[trio.SocketStream]],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept and serve until `stop`, then return when the last connection has ended. Closes the
        listeners.

        Raises:
            ExceptionGroup: with an error of a fatal kind.
        """
        async with trio.open_nursery() as connections:
            with self._accepting:
                async with trio.open_nursery() as accepting:
                    for listener in listeners:
                        accepting.start_soon(self._accept, listener, accepting, connections)
                    task_status.started()

    async def serve_stream(self, stream: trio.abc.Stream, *, origin: Origin | None = None) -> None:
        """Serve one stream that somebody else accepted, and close it."""
        await self._run(self._admit(stream, origin or Origin()), set())

    def stop(self, grace_s: float) -> None:
        """Accept no more, and cut what is under way after `grace_s` seconds. A second call can only shorten that."""
        ends_at = trio.current_time() + grace_s
        self._ends_at = ends_at if self._ends_at is None else min(self._ends_at, ends_at)
        self._accepting.cancel()
        for connection in self._open:
            connection.scope.deadline = self._ends_at
            connection.drain()

    # ---------------------------------------------------------------- accepting

    async def _accept(
        self,
        listener: trio.abc.Listener[trio.SocketStream],
        accepting: trio.Nursery,
        connections: trio.Nursery,
    ) -> None:
        keep_alive(listener)
        here: set[Connection] = set()
        failing = False
        async with listener:
            while True:
                try:
                    stream = await listener.accept()
                except OSError as error:
                    if not failing:
                        self._site.on_failure(
                            f"cannot accept connections, trying on: {_errno_name(error)}", error
                        )
                    failing = True
                    await trio.sleep(ACCEPT_PAUSE_S)
                    continue
                if failing:
                    self._site.on_failure("accepting connections again", None)
                    failing = False
                try:
                    origin = origin_of(stream.socket)
                except OSError:  # gone again already
                    await trio.aclose_forcefully(stream)
                    continue
                limit = self._full(origin, here)
                if limit:
                    accepting.start_soon(self._turn_away, stream, too_many_connections(limit))
                else:
                    connection = self._admit(stream, origin)
                    here.add(connection)
                    connections.start_soon(self._run, connection, here)

    def _full(self, origin: Origin, here: set[Connection]) -> int:
        """Give the bound that one more connection would break, or 0."""
        limits = self._site.limits
        if len(here) >= limits.connections:
            return limits.connections
        if origin.client is not None and self._per_address[origin.client[0]] >= limits.connections_per_ip:
            return limits.connections_per_ip
        return 0

    async def _turn_away(self, stream: trio.SocketStream, error: HttpError) -> None:
        """Answer whatever the client asks, in the way that it hears it: after it has begun, and before it is cut."""
        self._turning_away += 1
        wire = Wire(stream, TURN_AWAY_S)
        try:
            if self._turning_away > TURN_AWAY_MAX:
                return
            async with trio.open_nursery() as nursery:
                nursery.start_soon(wire.read_ahead)
                with trio.move_on_after(TURN_AWAY_S):
                    await wire.take(1)
                with suppress(ClientGoneError):
                    await wire.write(error_bytes(error))
                    await wire.linger(TURN_AWAY_S)
                nursery.cancel_scope.cancel()
        finally:
            self._turning_away -= 1
            await trio.aclose_forcefully(stream)

    # ---------------------------------------------------------------- connections

    def _admit(self, stream: trio.abc.Stream, origin: Origin) -> Connection:
        connection = Connection(stream, origin, self._site)
        self._open.add(connection)
        if origin.client is not None:
            self._per_address[origin.client[0]] += 1
        if self._ends_at is not None:
            connection.scope.deadline = self._ends_at
            connection.drain()
        return connection

    async def _run(self, connection: Connection, here: set[Connection]) -> None:
        try:
            await connection.run()
        except Exception as error:
            if is_fatal(error, self._site.fatal):
                raise
            self._site.on_failure(f"the HTTP server failed at a connection: {type(error).__name__}", error)
        finally:
            here.discard(connection)
            self._open.discard(connection)
            self._forget(connection.origin)

    def _forget(self, origin: Origin) -> None:
        if origin.client is not None:
            address = origin.client[0]
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]


def _errno_name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, type(error).__name__)
