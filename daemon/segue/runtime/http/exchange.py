"""One HTTP request and its answer: the ASGI `http` conversation over an h11 connection.

What can end it, and what the client then sees:

1. the application answers: the answer; the connection may be used again if the request was read to its end;
2. the application fails or gives no answer: 500, or a cut connection if a part of the answer is out already;
3. the client sends too much, too slowly or nonsense: 413, 408 or 400 under the same condition, whatever the
   application does;
4. the client goes: the application hears `http.disconnect`, and is cancelled after `Limits.gone_s`;
5. the server stops: an event stream is ended at once, since its client comes back by itself; everything else
   is finished.
"""

from typing import NoReturn

import h11
import trio

from segue.runtime.http.asgi import ASGIApp, Message, OnFailure, Scope
from segue.runtime.http.errors import HttpError, bad_request, body_too_large, internal, too_slow
from segue.runtime.http.failure import describe, is_fatal, is_only_gone
from segue.runtime.http.head import Head
from segue.runtime.http.limits import Limits
from segue.runtime.http.responses import Headers, make_response, send_error
from segue.runtime.http.wire import ClientGoneError, Wire


class Exchange:
    """One request being answered."""

    def __init__(
        self, wire: Wire, protocol: h11.Connection, head: Head, scope: Scope, limits: Limits, body_limit: int
    ) -> None:
        self._wire = wire
        self._h11 = protocol
        self._head = head
        self._asgi = scope
        self._limits = limits
        self._body_limit = body_limit
        self._scope = trio.CancelScope()
        self._over = trio.Event()
        """Set when the client is gone or the answer complete: what `receive` waits for after the body."""
        self._refusal: HttpError | None = None
        self._draining = False
        self._told_gone = False
        """True when the application was told that its client is gone: how it ends after that is its own affair."""
        # the body
        self._body_bytes = 0
        self._body_left_s = limits.body_s
        self._body_read = False
        # the answer
        self._status: int | None = None
        self._headers: Headers = ()
        self._sized = False
        self._no_body = head.method == "HEAD"
        self._event_stream = False
        self._begun = False
        self._complete = False

    # ---------------------------------------------------------------- from outside

    async def run(self, app: ASGIApp, on_failure: OnFailure, fatal: tuple[type[Exception], ...]) -> bool:
        """Let the application answer. Gives True when the connection can serve another request.

        Raises:
            HttpError: nothing of an answer was sent yet, and this is the one to send.
            Exception: of a fatal kind, after a 500 was sent.
        """
        length = self._head.content_length
        if length is not None and length > self._body_limit:
            raise body_too_large(self._body_limit)
        if self._wire.ended:
            self.client_gone()
        error: Exception | None = None
        try:
            with self._scope:
                await app(self._asgi, self.receive, self.send)
        except Exception as failure:
            error = failure
        if error is not None and not self._told_gone and not is_only_gone(error):
            on_failure(describe(self._asgi, type(error).__name__), error)
        if error is not None and is_fatal(error, fatal):
            if not self._begun:
                await send_error(self._wire, self._h11, internal())
            raise error
        if self._complete:
            return self._reusable
        if self._refusal is not None and not self._begun:
            raise self._refusal
        return await self._end_unanswered(error, on_failure)

    async def _end_unanswered(self, error: Exception | None, on_failure: OnFailure) -> bool:
        """End a request whose answer is not complete: cut it, unless something sensible can still be said."""
        if self._wire.broken or self._told_gone or self._refusal is not None:
            return False
        if self._scope.cancelled_caught:
            if self._begun and not self._wire.ended:  # the server stops; end the event stream in good order
                await self._write(b"", more=False)
            return False
        if error is None:
            on_failure(describe(self._asgi, "the application gave no whole answer"), None)
        if not self._begun:
            raise internal()
        return False

    def client_gone(self) -> None:
        """Hear from the wire that the client went away."""
        self._over.set()
        self._cancel_in(self._limits.gone_s)

    def drain(self) -> None:
        """Hear that the server stops."""
        self._draining = True
        if self._event_stream and self._begun:
            self._scope.cancel()

    def _cancel_in(self, seconds: float) -> None:
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + seconds)

    @property
    def _reusable(self) -> bool:
        """True when both sides are done and neither has said that it closes.

        An answer that was begun before the server stopped did not say so, and its client may already be sending the
        next request: that one still gets its answer, and is told.
        """
        return self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE

    # ---------------------------------------------------------------- receive

    async def receive(self) -> Message:
        """Give the next part of the body; after it, wait for the end (ASGI, "Request" and "Disconnect")."""
        if self._complete or self._body_read:
            if (
                not self._over.is_set()
            ):  # frameworks look without waiting, within a scope that is cancelled already
                await self._over.wait()
            return self._disconnect()
        event = await self._next_event()
        if event is None:
            return self._disconnect()
        if isinstance(event, h11.EndOfMessage):
            self._body_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        self._body_bytes += len(event.data)
        if self._body_bytes > self._body_limit:
            await self._give_up(body_too_large(self._body_limit))
        if self._body_bytes == self._head.content_length:
            self._h11.next_event()  # the EndOfMessage, known without waiting
            self._body_read = True
        return {"type": "http.request", "body": bytes(event.data), "more_body": not self._body_read}

    def _disconnect(self) -> Message:
        self._told_gone = self._told_gone or not self._complete
        return {"type": "http.disconnect"}

    async def _next_event(self) -> h11.Data | h11.EndOfMessage | None:
        while True:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError:
                await self._give_up(bad_request("the body is not framed as HTTP/1.1 asks"))
            if isinstance(event, h11.Data | h11.EndOfMessage):
                return event
            if self._h11.they_are_waiting_for_100_continue:
                await self._wire.write(self._h11.send(h11.InformationalResponse(status_code=100, headers=[])))
            data = await self._more_bytes()
            if not data:
                return None
            self._h11.receive_data(data)

    async def _more_bytes(self) -> bytes:
        """Wait for the client, on the body's budget of time; nothing when it is gone.

        Only as many bytes as belong to the body are taken, or few where that is not known, so that the bound
        on the next request's header holds.
        """
        length = self._head.content_length
        wanted = self._limits.header_bytes if length is None else max(1, length - self._body_bytes)
        began_at = trio.current_time()
        data: bytes | None = None
        with trio.move_on_after(self._body_left_s):
            data = await self._wire.take(wanted)
        if data is None:
            await self._give_up(too_slow("body", self._limits.body_s))
        self._body_left_s -= trio.current_time() - began_at
        return data

    async def _give_up(self, refusal: HttpError) -> NoReturn:
        """End the exchange from within a call of the application's.

        It is cancelled, not given an exception: frameworks answer an exception with a 500 of their own.
        """
        self._refusal = refusal
        self._scope.cancel()
        await trio.sleep_forever()
        raise AssertionError("cancelled before")

    # ---------------------------------------------------------------- send

    async def send(self, message: Message) -> None:
        """Take a part of the answer (ASGI, "Response Start" and "Response Body").

        Raises:
            ClientGoneError: nobody listens any more.
            RuntimeError: the application breaks the order of messages.
            h11.LocalProtocolError: the answer is not HTTP (a line break in a header, a wrong Content-Length).
        """
        await trio.lowlevel.checkpoint_if_cancelled()  # here nothing is lost; amid a write the wire is torn
        if self._wire.broken:
            raise ClientGoneError("the client is gone")
        kind = message["type"]
        if kind == "http.response.start" and self._status is None:
            self._take_start(message)
            if not self._sized:  # nobody knows when the first part comes, so the head goes ahead
                await self._write(b"", more=True)
        elif kind == "http.response.body" and self._status is not None and not self._complete:
            await self._write(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"the application sends {kind!r} out of turn")

    def _take_start(self, message: Message) -> None:
        self._headers = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]
        self._status = message["status"]
        self._no_body = self._no_body or self._status in (204, 304)
        self._sized = self._no_body
        for name, value in self._headers:
            if name == b"content-length":
                self._sized = True
            elif name == b"content-type":
                self._event_stream = value.startswith(b"text/event-stream")

    async def _write(self, body: bytes, *, more: bool) -> None:
        data = b"" if self._begun else self._begin()
        if body and not self._no_body:
            data += self._h11.send(h11.Data(data=body))
        if not more:
            data += self._h11.send(h11.EndOfMessage())
            self._complete = True
            self._over.set()
        if data:
            await self._wire.write(data)
        if self._draining and self._event_stream and not self._complete:
            self._scope.cancel()

    def _begin(self) -> bytes:
        """Put the head into bytes. A request that was not read to its end takes the connection with it."""
        assert self._status is not None
        if not self._body_read:
            self._skip_known_end()
        response = make_response(self._status, self._headers, close=self._draining or not self._body_read)
        data = self._h11.send(response)
        self._begun = True
        return data

    def _skip_known_end(self) -> None:
        """Notice the end of a request without a body, which the application need not ask for."""
        if self._head.content_length in (None, 0) and not self._head.chunked:
            self._h11.next_event()
            self._body_read = True
