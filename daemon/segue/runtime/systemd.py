"""What systemd hands to a service and hears from it; without systemd all of it does nothing.

Sources: sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3). Written by hand because it is small and the
bindings want libsystemd's headers.
"""

import faulthandler
import fcntl
import os
import socket
import time
from collections import deque

import trio

FIRST_FD = 3
"""SD_LISTEN_FDS_START."""

OWED_MESSAGES = 8
"""Messages kept for a systemd that does not read at the moment."""

FIELD_CHARS = 900
"""Of one field. systemd drops a message of more than 4096 bytes, and a character may take four."""


class ActivationError(ValueError):
    """What came by socket activation is not usable. The message names the descriptor, its unit's name and the fix."""


def inherited_listeners() -> dict[str, list[trio.SocketListener]]:
    """Take the listening sockets that came by socket activation, by the name of `FileDescriptorName=`.

    They are closed to child processes, and the variables are removed, so that a child does not take them for its
    own and a second call gives nothing. Closing such a listener leaves systemd's copy, and the socket's file,
    alone.

    Raises:
        ActivationError: a variable is malformed, or a descriptor is no listening stream socket.
    """
    pid = os.environ.pop("LISTEN_PID", "")
    count = os.environ.pop("LISTEN_FDS", "")
    names = os.environ.pop("LISTEN_FDNAMES", "").split(":")
    os.environ.pop("LISTEN_PIDFDID", None)
    if pid != str(os.getpid()) or not count:
        return {}
    if not count.isascii() or not count.isdecimal():
        raise ActivationError(f"LISTEN_FDS is {count!r}, not a number; start segued from its .socket units")
    listeners: dict[str, list[trio.SocketListener]] = {}
    for index in range(int(count)):
        name = (names[index] if index < len(names) else "") or "unknown"
        listeners.setdefault(name, []).append(_adopt(FIRST_FD + index, name))
    return listeners


def _adopt(fd: int, name: str) -> trio.SocketListener:
    try:
        fcntl.fcntl(fd, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        sock = socket.socket(fileno=fd)
    except OSError as error:
        raise ActivationError(f"descriptor {fd} ({name}) is no socket: {error.strerror}") from error
    if sock.type != socket.SOCK_STREAM or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        sock.detach()
        raise ActivationError(
            f"descriptor {fd} ({name}) does not listen for streams; its unit needs ListenStream= and Accept=no"
        )
    return trio.SocketListener(trio.socket.from_stdlib_socket(sock))


class Notifier:
    """Tells systemd how the service is. Never waits and never raises: the service is more important than its report.

    What systemd does not take at the moment (it is stopped, its queue is full) is kept and goes ahead of the next
    message, except for the watchdog's, whose only worth is its moment.
    """

    def __init__(self, address: str | None) -> None:
        """Make a notifier for an address as in NOTIFY_SOCKET (a path, or `@name`), or for nobody."""
        self._address = _address(address or "")
        self._owed: deque[bytes] = deque(maxlen=OWED_MESSAGES)
        self._socket: socket.socket | None = None
        if self._address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.settimeout(0)

    @classmethod
    def from_environment(cls) -> "Notifier":
        """Make a notifier for our own service manager, and hide its address from child processes."""
        return cls(os.environ.pop("NOTIFY_SOCKET", None))

    @property
    def enabled(self) -> bool:
        """True when somebody listens to us."""
        return self._socket is not None

    def ready(self, status: str = "") -> None:
        """Say that start-up, or a reload, is complete: everything listens and is loaded."""
        self._tell(READY="1", STATUS=status or None)

    def status(self, text: str) -> None:
        """Say in one line what the service does, for `systemctl status`."""
        self._tell(STATUS=text)

    def reloading(self) -> None:
        """Say that the configuration is read again; `ready` must follow."""
        self._tell(RELOADING="1", MONOTONIC_USEC=str(time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000))

    def stopping(self, status: str = "") -> None:
        """Say that the service begins to stop."""
        self._tell(STOPPING="1", STATUS=status or None)

    def extend_timeout(self, seconds: float) -> None:
        """Ask for so much time from now on, for a start or a stop that takes longer than configured."""
        self._tell(EXTEND_TIMEOUT_USEC=str(max(1, round(seconds * 1_000_000))))

    def watchdog(self) -> None:
        """Say that the service is alive. To be called where its heart beats, never from a thread of its own."""
        self._flush()
        self._send(b"WATCHDOG=1")

    def close(self) -> None:
        """Say nothing more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, **fields: str | None) -> None:
        lines = (f"{k}={' '.join(v.split())[:FIELD_CHARS]}" for k, v in fields.items() if v is not None)
        self._owed.append("\n".join(lines).encode("utf-8", "replace"))
        self._flush()

    def _flush(self) -> None:
        while self._owed and self._send(self._owed[0]):
            self._owed.popleft()

    def _send(self, message: bytes) -> bool:
        if self._socket is None or self._address is None:
            return True
        try:
            self._socket.sendto(message, socket.MSG_NOSIGNAL, self._address)
        except OSError:
            return False
        return True


def _address(text: str) -> str | None:
    if text.startswith("@"):
        return "\0" + text[1:]
    return text if text.startswith("/") else None


def watchdog_period_s() -> float | None:
    """Give how often the watchdog wants to be fed: half of WATCHDOG_USEC, as sd_watchdog_enabled(3) advises.

    Nothing when there is no watchdog, or it watches another process (WATCHDOG_PID).
    """
    usec = os.environ.get("WATCHDOG_USEC", "")
    pid = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not usec.isascii() or not usec.isdecimal() or int(usec) == 0 or pid != str(os.getpid()):
        return None
    return int(usec) / 2_000_000


def dump_stacks_on_hang() -> None:
    """Let a deadly signal, such as the watchdog's SIGABRT, first write the Python stack of every thread to stderr."""
    faulthandler.enable(file=2, all_threads=True)
