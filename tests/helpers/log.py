"""A log for tests: set up into memory, and put back as it was."""

import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from segue import logs
from segue.logs import redaction

CANARY = "canary-Tq8mZ1vR5wXy"


@contextmanager
def restored_log() -> Iterator[None]:
    """Leave the process' log as it was."""
    root, known = logging.getLogger(), dict(redaction._known)
    before = (root.level, list(root.handlers))
    yield
    root.level, root.handlers = before[0], before[1]
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    if logs._output.sink is not None:
        logs._output.sink.close()
    logs._output.sink = None
    redaction._known.clear()
    redaction._known.update(known)


def written(level: str = "info", style: str = "plain") -> io.StringIO:
    """Set the log up to write into memory."""
    stream = io.StringIO()
    logs.configure_logging(level, style, stream, {})
    return stream


def journal_environ(fd: int) -> dict[str, str]:
    status = os.fstat(fd)
    return {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}


def decode(datagram: bytes) -> dict[str, str]:
    """Read journald's format as its document says it (JOURNAL_NATIVE_PROTOCOL)."""
    fields = {}
    while datagram:
        line, _, datagram = datagram.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(datagram[:8], "little")
            value, end = datagram[8 : 8 + size], datagram[8 + size : 9 + size]
            assert end == b"\n"
            datagram = datagram[9 + size :]
        assert name.decode() not in fields
        fields[name.decode()] = value.decode()
    return fields
