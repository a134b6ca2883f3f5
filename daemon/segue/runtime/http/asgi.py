"""The seam between the server and the application: ASGI 3, as types.

Source: ASGI specification 3.0, HTTP and WebSocket sub-specification 2.4. The types are the same as
Starlette's, so that a Starlette application fits without a cast.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

Scope = MutableMapping[str, Any]
"""What is known of a request before its body."""

Message = MutableMapping[str, Any]
"""One event between server and application; `type` names it."""

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

OnFailure = Callable[[str, BaseException | None], None]
"""Hears of failures: a sentence without any header, URL or body, and the error if there is one."""

PEER = "segue.peer"
"""Key in `scope["extensions"]` of the caller's `Peer`, or nothing for a caller over TCP."""


class Peer(msgspec.Struct, frozen=True):
    """Who made a connection over a Unix socket, as the kernel saw it (SO_PEERCRED, unix(7))."""

    pid: int
    """Process id, or 0 when the process is not visible from here."""
    uid: int
    gid: int


class Origin(msgspec.Struct, frozen=True):
    """Where a connection comes from and where it arrived."""

    client: tuple[str, int] | None = None
    """Address and port of the caller; nothing over a Unix socket."""
    server: tuple[str, int | None] | None = None
    """Address and port of ours, or the path of a Unix socket and nothing."""
    peer: Peer | None = None
    """Set for a Unix socket only. Such a caller is a local process, so it needs no fitting Host header."""
