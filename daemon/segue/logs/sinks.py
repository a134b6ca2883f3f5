"""Where lines go: journald's socket, or a stream. Neither ever waits for a reader that does not read.

A log that blocks would hold up the whole house: with journald stopped, its socket takes some hundred messages, and a
pipe 64 kB. What cannot be written at once is dropped and counted, and the count goes ahead of the next line that can.
"""

import os
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol, TextIO

from segue.logs.lines import PRIORITIES, Line, plain

JOURNAL_SOCKET = "/run/systemd/journal/socket"
IDENTIFIER = "segued"
PIPE_BYTES = 4096
"""PIPE_BUF: so much can be written without waiting once poll(2) says that there is room."""
PATIENCE_MS = 50
"""How long the first line may wait for a slow terminal. While lines are being dropped, none waits at all."""


class Sink(Protocol):
    """Takes lines."""

    def write(self, line: Line) -> None:
        """Write a line, or drop and count it. Never waits long, never raises."""

    def close(self) -> None:
        """Let go of what is ours."""


def dropped_line(count: int) -> Line:
    """Say how many lines nobody will read."""
    lines = "1 line" if count == 1 else f"{count} lines"
    return Line(
        time.time(), "warning", f"{lines} of the log were dropped: nobody took them.", {"dropped": count}
    )


# ------------------------------------------------------------------ a stream


class StreamSink:
    """Writes to stderr or any other text stream."""

    def __init__(self, stream: TextIO, render: Callable[[Line], str] = plain) -> None:
        self._stream, self._render = stream, render
        self._lock = threading.Lock()
        """Libraries may log from threads."""
        self._dropped = 0
        self._rest = b""
        """What is left of a line that was written in part."""
        try:
            self._fd: int | None = stream.fileno()
        except (OSError, ValueError):
            self._fd = None  # a stream in memory
        else:
            stream.flush()
            self._room = select.poll()
            self._room.register(self._fd, select.POLLOUT)

    def write(self, line: Line) -> None:
        """Write a line, or drop and count it."""
        text = self._render(line) + "\n"
        with self._lock:
            self._write(text)

    def close(self) -> None:
        """The stream is somebody else's."""

    def _write(self, text: str) -> None:
        if self._fd is None:
            self._stream.write(text)
            return
        if self._rest:
            self._rest = self._push(self._rest)
        if self._rest:
            self._dropped += 1
            return
        report = self._render(dropped_line(self._dropped)) + "\n" if self._dropped else ""
        data = (report + text).encode("utf-8", "backslashreplace")
        rest = self._push(data)
        if len(rest) == len(data):
            self._dropped += 1
        else:
            self._dropped, self._rest = 0, rest

    def _push(self, data: bytes) -> bytes:
        """Write as much as there is room for; give what is left."""
        assert self._fd is not None
        try:
            while data and self._room.poll(0 if self._dropped else PATIENCE_MS):
                data = data[os.write(self._fd, data[:PIPE_BYTES]) :]
        except OSError:
            pass  # nobody is there any more, or the stream does not wait and is full
        return data


# ------------------------------------------------------------------ journald


def is_journal(environ: Mapping[str, str], fd: int) -> bool:
    """Say whether a descriptor goes to journald (systemd.exec(5), `$JOURNAL_STREAM`)."""
    try:
        device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
        status = os.fstat(fd)
        return (status.st_dev, status.st_ino) == (int(device), int(inode))
    except (OSError, ValueError):
        return False


class JournalSink:
    """Sends datagrams with fields to journald (systemd's JOURNAL_NATIVE_PROTOCOL)."""

    def __init__(self, fallback: Sink, path: str = "") -> None:
        self._fallback, self._path = fallback, path or JOURNAL_SOCKET
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._dropped = 0

    def write(self, line: Line) -> None:
        """Send a line, or drop and count it; without a journald, write it where stderr goes."""
        try:
            if self._dropped:
                self._send(encode(dropped_line(self._dropped)))
                self._dropped = 0
            self._send(encode(line))
        except (BlockingIOError, InterruptedError):
            self._dropped += 1
        except OSError:
            self._fallback.write(line)

    def _send(self, datagram: bytes) -> None:
        self._socket.sendto(datagram, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL, self._path)

    def close(self) -> None:
        """Let the socket go."""
        self._socket.close()


FIELD_NAME = re.compile(r"[^A-Z0-9_]+")


def encode(line: Line) -> bytes:
    """Encode a line as journald's fields: `SEGUE_ACTOR`, `SEGUE_SEQ` and so on beside the usual ones."""
    message = f"{line.text}\n{line.exception}" if line.exception else line.text
    fields: dict[str, object] = {
        "MESSAGE": message,
        "PRIORITY": PRIORITIES[line.level],
        "SYSLOG_IDENTIFIER": IDENTIFIER,
    }
    for name, value in line.fields.items():
        fields[f"SEGUE_{FIELD_NAME.sub('_', name.upper())}"[:64]] = value
    return b"".join(_field(name, str(value)) for name, value in fields.items())


def _field(name: str, value: str) -> bytes:
    """Encode one field; a value of several lines goes with its length before it."""
    data = value.encode("utf-8", "backslashreplace")
    if b"\n" not in data:
        return name.encode() + b"=" + data + b"\n"
    return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
