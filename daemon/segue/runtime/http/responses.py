"""Answers as bytes: what every answer of the server has, and whole answers in one write."""

import time
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

import h11

from segue.runtime.http.errors import HttpError
from segue.runtime.http.wire import Wire

Headers = Sequence[tuple[bytes, bytes]]

_REASONS = {int(s): s.phrase.encode() for s in HTTPStatus}


def make_response(status: int, headers: Headers, *, close: bool) -> h11.Response:
    """Make the head of an answer: with a reason for people, a date, and no word about the server.

    Raises:
        h11.LocalProtocolError: a status or a header that is not HTTP.
    """
    fields = [(name, value) for name, value in headers if not (close and name == b"connection")]
    if not any(name == b"date" for name, _ in fields):
        fields.append((b"date", http_date()))
    if close:
        fields.append((b"connection", b"close"))
    return h11.Response(status_code=status, headers=fields, reason=_REASONS.get(status, b""))


async def send_whole(
    wire: Wire, protocol: h11.Connection, status: int, headers: Headers, body: bytes, *, no_body: bool = False
) -> None:
    """Write an answer that ends the connection.

    Raises:
        ClientGoneError: nobody listens any more.
    """
    sized = [(n, v) for n, v in headers if n != b"content-length"]
    sized.append((b"content-length", str(len(body)).encode("ascii")))
    data = protocol.send(make_response(status, sized, close=True))
    if not no_body:
        data += protocol.send(h11.Data(data=body))
    await wire.write(data + protocol.send(h11.EndOfMessage()))


async def send_error(
    wire: Wire, protocol: h11.Connection, refusal: HttpError, *, no_body: bool = False
) -> None:
    """Write the server's own answer, which ends the connection.

    Raises:
        ClientGoneError: nobody listens any more.
    """
    await send_whole(wire, protocol, refusal.status, refusal.fields(), refusal.body(), no_body=no_body)


def error_bytes(refusal: HttpError) -> bytes:
    """Give a refusal as bytes, for a connection of which nothing was read."""
    body = refusal.body()
    fields = [*refusal.fields(), (b"content-length", str(len(body)).encode("ascii"))]
    protocol = h11.Connection(h11.SERVER)
    head = protocol.send(make_response(refusal.status, fields, close=True))
    return head + protocol.send(h11.Data(data=body)) + protocol.send(h11.EndOfMessage())


def http_date() -> bytes:
    """Give the present moment as RFC 9110, section 5.6.7, wants it; made once a second."""
    return _date_of(int(time.time()))


@lru_cache(maxsize=1)
def _date_of(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode("ascii")
