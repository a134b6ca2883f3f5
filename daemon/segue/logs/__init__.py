"""The log: structlog in front, our own lines behind, and a net for secrets between the two.

`configure_logging` is called once at the start. Under systemd lines go to journald with fields of their own
(`journalctl -u segued SEGUE_ACTOR=heos_controller`), on a terminal they are short, elsewhere plain or JSON. Whatever
way a line takes, it passes `redaction` first; no way ever waits for a reader.
"""

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Mapping, MutableMapping
from functools import partial
from types import TracebackType
from typing import Any, TextIO, cast

from segue.logs import lines
from segue.logs.lines import LEVELS, Level, Line
from segue.logs.redaction import redact, redact_value, register_secret
from segue.logs.sinks import JournalSink, Sink, StreamSink, is_journal

__all__ = [
    "complain",
    "configure_logging",
    "get_logger",
    "log_uncaught_errors",
    "redact",
    "register_secret",
    "set_level",
]

QUIET_LIBRARIES = ("httpx", "httpcore", "asyncio")
"""They log every request with its URL, or every step, below a warning."""


class _Output:
    """Where lines go at present, and from which level on."""

    def __init__(self) -> None:
        self.threshold = LEVELS["info"]
        self.sink: Sink | None = None

    def write(self, line: Line) -> None:
        if self.sink is not None:
            self.sink.write(line)

    debug = info = warning = error = critical = write
    """The names that structlog calls."""


_output = _Output()


def configure_logging(
    level: str = "info",
    style: str = "auto",
    stream: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Any:
    """Set up the log of this process, anew if it was set up before, and give a logger.

    `level` and `style` are those of `[log] level` and `format`; `stream` is stderr when nothing is said.
    """
    structlog = _import_structlog()
    former, _output.sink = _output.sink, _sink(style, stream if stream is not None else sys.stderr, environ)
    if former is not None:
        former.close()
    set_level(level)
    _catch_library_logs()
    structlog.configure(
        processors=[_drop_below_threshold, _to_line],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        logger_factory=lambda *_: _output,
        cache_logger_on_first_use=True,
    )
    return get_logger()


def _import_structlog() -> Any:
    """Import structlog late, since it costs a twentieth of a second, and without rich.

    It would load rich for a renderer that we do not use, if rich happens to be installed: as much time again.
    """
    hidden = "rich" not in sys.modules
    if hidden:
        sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog
    finally:
        if hidden:
            del sys.modules["rich"]
    return structlog


def get_logger(actor: str = "") -> Any:
    """Give a logger: `log.info("text", room="living")`. An actor's name goes with each of its lines."""
    import structlog

    return structlog.get_logger(actor=actor) if actor else structlog.get_logger()


def set_level(level: str) -> None:
    """Write lines from this level on; loggers that exist already obey too."""
    _output.threshold = LEVELS[level]


def _sink(style: str, stream: TextIO, environ: Mapping[str, str]) -> Sink:
    is_terminal = _is_terminal(stream)
    if style == "auto":
        style = "journal" if _goes_to_journal(stream, environ) else "console" if is_terminal else "plain"
    if style == "journal":
        return JournalSink(StreamSink(stream, lines.prefixed))
    if style == "console":
        colours = is_terminal and not environ.get("NO_COLOR")
        return StreamSink(stream, partial(lines.console, colours=colours))
    return StreamSink(stream, lines.json if style == "json" else lines.plain)


def _goes_to_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    try:
        return is_journal(environ, stream.fileno())
    except (OSError, ValueError):
        return False


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


# ------------------------------------------------------------------ structlog's processors


def _drop_below_threshold(
    _logger: Any, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop what is below the level, before anything is spent on it."""
    import structlog

    if LEVELS.get(name, LEVELS["error"]) < _output.threshold:
        raise structlog.DropEvent
    return event


def _to_line(_logger: Any, name: str, event: MutableMapping[str, Any]) -> tuple[tuple[Line], dict[str, Any]]:
    """Make a line of an event, with nothing secret in it."""
    text = event.pop("event", "")
    exception = event.pop("exc_info", None)
    level = cast("Level", name if name in LEVELS else "error")
    return (make_line(level, str(text), event, exception),), {}


def make_line(level: Level, text: str, fields: Mapping[str, Any], exception: object = None) -> Line:
    """Make a line; `exception` is an exception, `sys.exc_info()`, or true for the one at hand."""
    shown = {name: redact_value(name, value) for name, value in fields.items()}
    return Line(time.time(), level, redact(text), shown, redact(_format_exception(exception)))


def _format_exception(exception: object) -> str:
    if exception is True:
        exception = sys.exc_info()[1]
    if isinstance(exception, tuple):
        exception = exception[1]
    if not isinstance(exception, BaseException):
        return ""
    return "".join(traceback.format_exception(exception)).rstrip()


# ------------------------------------------------------------------ what others log


class _LibraryHandler(logging.Handler):
    """Brings lines of libraries that use `logging` the same way."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: Level = "warning"
            for name, number in LEVELS.items():
                if record.levelno >= number:
                    level = cast("Level", name)
            if LEVELS[level] >= _output.threshold:
                _output.write(make_line(level, record.getMessage(), {"logger": record.name}, record.exc_info))
        except Exception:  # a library's mistake in a log call must not become ours
            _output.write(
                make_line("warning", "A line of a library could not be written.", {"logger": record.name})
            )


def _catch_library_logs() -> None:
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _LibraryHandler)]:
        root.removeHandler(handler)
    root.addHandler(_LibraryHandler())
    root.setLevel(logging.WARNING)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def complain(text: str, environ: Mapping[str, str] = os.environ) -> None:
    """Write to stderr why the process ends, before or without a log; journald takes it as an error.

    Plain stderr counts as information there, and `journalctl -p err` would not show why a start failed.
    """
    mark = f"<{lines.PRIORITIES['error']}>" if _goes_to_journal(sys.stderr, environ) else ""
    sys.stderr.write("".join(f"{mark}{line}\n" for line in redact(text).splitlines()))
    sys.stderr.flush()


def log_uncaught_errors() -> None:
    """Let what nobody catches pass the log too: Python's own way would print a message as it is, secrets and all."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            _output.write(make_line("critical", f"{kind.__name__} was not caught.", {}, error))

    def thread_hook(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            hook(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    sys.excepthook = hook
    threading.excepthook = thread_hook
