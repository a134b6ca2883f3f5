"""Listening sockets: TCP, and Unix sockets whose file comes and goes with us."""

import fcntl
import os
import socket
import stat
import struct
from pathlib import Path

import trio

from segue.runtime.http.asgi import Origin, Peer

PEERCRED = struct.Struct("3i")
"""`struct ucred`: pid, uid, gid (unix(7))."""

UNIX_PATH_BYTES = 107
"""`sun_path` has 108 bytes and ends with a zero (unix(7))."""

KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)
"""Set on a listener and inherited by its connections (tcp(7)): an event stream whose client lost its power is
found within two minutes, without a byte of ours."""


class ListenError(OSError):
    """A listening socket could not be made. The message names the address, the cause and the next step."""


async def open_tcp_listeners(host: str, port: int) -> list[trio.SocketListener]:
    """Listen on every address that `host` stands for; port 0 takes any free one.

    Raises:
        ListenError: the address is taken, not ours, not allowed, or does not exist.
    """
    if not 0 <= port <= 65535:  # getaddrinfo takes any number and drops the upper bits
        raise ListenError(f"cannot listen on {host}:{port}: a port is at most 65535; choose another `listen`")
    try:
        return await trio.open_tcp_listeners(port, host=host)
    except (OSError, UnicodeError) as error:
        raise ListenError(
            f"cannot listen on {host}:{port}: {_cause(error)}; choose another `listen`"
        ) from error


async def open_unix_listener(path: str | os.PathLike[str], mode: int = 0o660) -> "UnixListener":
    """Listen on a Unix socket. A file that a dead process left behind is replaced; one that is in use is not.

    Raises:
        ListenError: the path is too long, in use, no socket, or its directory does not let us.
    """
    place = Path(path)
    if len(os.fsencode(place)) > UNIX_PATH_BYTES:
        raise ListenError(
            f"{place}: a socket's path has at most {UNIX_PATH_BYTES} bytes; choose a shorter one"
        )
    try:
        directory = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ListenError(f"{place.parent}: {_cause(error)}; make the directory first") from error
    try:
        # The lock keeps two processes that start together from taking the other's new socket for a stale one.
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove_stale(place)
        return UnixListener(_bind(place, mode), place)
    except BlockingIOError as error:
        raise ListenError(f"{place}: another process opens a socket there; try again") from error
    except ListenError:
        raise
    except OSError as error:
        raise ListenError(f"{place}: {_cause(error)}; check the directory's owner and mode") from error
    finally:
        os.close(directory)


def _remove_stale(place: Path) -> None:
    try:
        mode = place.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ListenError(f"{place}: exists and is not a socket; remove it, or choose another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0)
        try:
            probe.connect(str(place))
        except ConnectionRefusedError:
            place.unlink()
            return
        except BlockingIOError:
            pass  # its queue is full, so somebody owns it
    raise ListenError(f"{place}: another process listens there; stop it, or choose another path")


def _bind(place: Path, mode: int) -> socket.socket:
    """Make a listening socket with that file mode, whatever the umask: nobody can connect before `listen`."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(place))
        place.chmod(mode)
        sock.listen(socket.SOMAXCONN)
    except BaseException:
        sock.close()
        raise
    return sock


class UnixListener(trio.abc.Listener[trio.SocketStream]):
    """A Unix socket of our own making; closing it removes its file. (One inherited from systemd is a plain
    `trio.SocketListener`, and its file is not ours to remove.)"""

    def __init__(self, sock: socket.socket, place: Path) -> None:
        self.path = place
        self._inner = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
        self._file = _identity(place)

    async def accept(self) -> trio.SocketStream:
        """Wait for a connection."""
        return await self._inner.accept()

    async def aclose(self) -> None:
        """Close the socket, and remove its file unless somebody has put another one in its place."""
        try:
            if _identity(self.path) == self._file:
                self.path.unlink(missing_ok=True)
        except OSError:
            pass
        finally:
            await self._inner.aclose()


def _identity(place: Path) -> tuple[int, int] | None:
    try:
        status = place.lstat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def keep_alive(listener: trio.abc.Listener[trio.SocketStream]) -> None:
    """Let a TCP listener's connections find out when their other side has vanished."""
    if isinstance(listener, trio.SocketListener) and listener.socket.family != socket.AF_UNIX:
        for level, option, value in KEEPALIVE:
            listener.socket.setsockopt(level, option, value)


def origin_of(sock: trio.socket.SocketType) -> Origin:
    """Tell where an accepted connection comes from.

    Raises:
        OSError: the client is gone already.
    """
    if sock.family == socket.AF_UNIX:
        ucred = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEERCRED.size)
        name = sock.getsockname()
        return Origin(
            server=(name if isinstance(name, str) else "", None), peer=Peer(*PEERCRED.unpack(ucred))
        )
    client, server = sock.getpeername(), sock.getsockname()
    return Origin(client=(client[0], client[1]), server=(server[0], server[1]))


def _cause(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
