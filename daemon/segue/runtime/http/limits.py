"""Every bound of the HTTP server, in one place."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how large things may be. Times are seconds, sizes are bytes."""

    header_s: float = 5.0
    """From the first byte of a request (the accept, for a connection's first one) to the end of its header."""
    body_s: float = 10.0
    """Time spent waiting for the client while its body is read; the application's own time does not count."""
    write_s: float = 5.0
    """For each 64 KiB on the way to the client. Who reads slower than that is cut off."""
    idle_s: float = 75.0
    """Between two requests on one connection."""
    gone_s: float = 1.0
    """Left to a handler after its client has gone, before it is cancelled. Not nothing, because a client that
    only closes its sending half (`nc -N`) looks the same as one that is gone, and still waits for its
    answer."""
    linger_s: float = 1.0
    """A connection that is closed with a part of the request unread stays half open for so long, so that the
    answer is not destroyed by a reset (RFC 9112, section 9.6)."""

    header_bytes: int = 16 * 1024
    """Request line and header fields together; IIS and h11 have the same bound, Apache 8 KiB a line."""
    url_bytes: int = 8 * 1024
    """The request target."""
    body_bytes: int = 1024 * 1024
    """A body, where the server's `body_limit` does not say otherwise."""
    connections: int = 256
    """Open at one time on one listener, so that a flood on TCP leaves the control socket free."""
    connections_per_ip: int = 64
    """Open at one time from one address; Unix sockets are not counted."""

    ws_message_bytes: int = 16 * 1024
    """A WebSocket message, all its fragments together."""
    ws_ping_s: float = 20.0
    """Silence after which a ping is sent; a second such silence means that the link is dead."""
    ws_close_s: float = 2.0
    """For the other side to answer our close."""
    ws_frames_per_s: float = 20.0
    """Frames a client may send on average; more is a flood, and closes with 1008."""
    ws_frames_burst: int = 40
    """Frames a client may send at once."""
