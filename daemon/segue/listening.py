"""The listening sockets: those that systemd brings, those that we open, and who is turned away when we cannot start."""

import ipaddress
import socket
from pathlib import Path

import msgspec
import trio

from segue.config import Config, parse_listen
from segue.errors import SegueError, StartError
from segue.runtime import systemd
from segue.runtime.http import ListenError, open_tcp_listeners, open_unix_listener

HTTP_SOCKETS = frozenset({"http", "segued.socket"})
CONTROL_SOCKETS = frozenset({"control", "segue-ctl.socket"})
"""Names of the sockets that systemd may bring (`FileDescriptorName=`, else the unit's name)."""
TURN_AWAY_S = 0.5
"""Time for telling those who wait why there will be no answer."""

Listener = trio.abc.Listener[trio.SocketStream]


async def open_listeners(config: Config) -> list[Listener]:
    """Take the sockets of the service manager, and open those that it did not bring.

    Raises `StartError` for an address that is not to be had, and for one that strangers can reach without a secret.
    """
    try:
        inherited = systemd.inherited_listeners()
    except systemd.ActivationError as error:
        hint = "The socket units must have ListenStream= and Accept=no."
        raise StartError(str(error), hint) from None
    listeners: list[Listener] = [one for many in inherited.values() for one in many]
    for one in listeners:
        assert isinstance(one, trio.SocketListener)
        _refuse_open_door(one, config)
    address = parse_listen(config.server.listen)
    try:
        if address is not None and not inherited.keys() & HTTP_SOCKETS:
            listeners += await open_tcp_listeners(address.host, address.port)
        if not inherited.keys() & CONTROL_SOCKETS:
            path = Path(config.server.control_socket)
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            listeners.append(await open_unix_listener(path, 0o660))
    except (ListenError, OSError) as error:
        hint = "Is another segued running, or is the address not this machine's?"
        raise StartError(str(error), hint) from None
    return listeners


def _refuse_open_door(listener: trio.SocketListener, config: Config) -> None:
    """Refuse a TCP socket of the service manager that strangers can reach while webhooks need no secret."""
    sock = listener.socket
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or config.server.webhook_secret is not None:
        return
    host = sock.getsockname()[0]
    if not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        raise StartError(
            f"The socket unit listens on {host}, and no webhook secret is set.",
            "Set [server] webhook_secret_file (or the credential webhook-secret), or listen on 127.0.0.1.",
        )


def turn_away(error: SegueError) -> None:
    """Tell those who wait on the service manager's sockets why we do not start.

    A connection that stays in the queue would make systemd start us again at once, over and over.
    """
    try:
        inherited = systemd.inherited_listeners()
    except (ValueError, OSError):
        return
    listeners = [one for many in inherited.values() for one in many]
    if listeners:
        trio.run(_turn_away, listeners, error)


async def _turn_away(listeners: list[trio.SocketListener], error: SegueError) -> None:
    # What is wrong with a configuration is for those who may read it, not for whoever knocks.
    problem = {
        "code": "cannot_start",
        "message": f"segued cannot start ({error.code}).",
        "hint": "See its log.",
    }
    body = msgspec.json.encode({"ok": False, "error": problem})
    head = (
        f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    answer = head.encode() + body

    async def serve(stream: trio.SocketStream) -> None:
        with trio.move_on_after(TURN_AWAY_S):
            await stream.receive_some(65536)
            await stream.send_all(answer)
            await stream.send_eof()

    with trio.move_on_after(TURN_AWAY_S):
        await trio.serve_listeners(serve, listeners)
