"""Our own thin ASGI 3 server: h11 and wsproto on trio, with a bound on everything (`limits.py`).

Read in this order: `server.py` accepts and stops, `connection.py` reads requests, `exchange.py` and
`websocket_session.py` hold the two ASGI conversations. Below them `wire.py` is the client's bytes and
`websocket_link.py` its WebSocket, usable by a client too. Why a server of our own: the ready-made ones never
end while one client does not read, and do not know who calls.
"""

from segue.runtime.http.asgi import PEER, ASGIApp, Message, OnFailure, Origin, Peer, Receive, Scope, Send
from segue.runtime.http.limits import Limits
from segue.runtime.http.listeners import ListenError, UnixListener, open_tcp_listeners, open_unix_listener
from segue.runtime.http.server import HttpServer
from segue.runtime.http.wire import ClientGoneError

__all__ = [
    "PEER",
    "ASGIApp",
    "ClientGoneError",
    "HttpServer",
    "Limits",
    "ListenError",
    "Message",
    "OnFailure",
    "Origin",
    "Peer",
    "Receive",
    "Scope",
    "Send",
    "UnixListener",
    "open_tcp_listeners",
    "open_unix_listener",
]
