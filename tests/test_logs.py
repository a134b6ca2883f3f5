"""The log says what happened, to whoever reads it."""

import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue import logs
from segue.logs import lines
from segue.logs.lines import Line
from tests.helpers.log import CANARY, journal_environ, restored_log, written


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    with restored_log():
        yield


# ------------------------------------------------------------------ ways to write


LINE = Line(
    1_700_000_000.5,
    "warning",
    "The receiver\nis \x1b[2Jgone.",
    {"room": "living", "seq": 12, "who": "a b"},
    "Trace:\n  x",
)


def test_a_plain_line() -> None:
    """Time, level, text, fields; what others sent begins no line of its own and moves no cursor."""
    assert lines.plain(LINE) == (
        '2023-11-14T22:13:20.500Z warning The receiver\\nis \\x1b[2Jgone. room=living seq=12 who="a b"\n  Trace:\n    x'
    )


def test_a_line_of_json() -> None:
    """One object on one line, with everything."""
    text = lines.json(LINE)
    assert "\n" not in text
    assert json.loads(text) == {
        "at": "2023-11-14T22:13:20.500Z",
        "level": "warning",
        "message": LINE.text,
        "exception": LINE.exception,
        "room": "living",
        "seq": 12,
        "who": "a b",
    }


def test_a_line_with_a_priority() -> None:
    """journald takes each line of stderr alone, so each has the priority, and none can be forged."""
    text = lines.prefixed(LINE._replace(text="a\n<0>b"))
    assert text.splitlines() == ['<4>a\\n<0>b room=living seq=12 who="a b"', "<4>  Trace:", "<4>    x"]


def test_a_line_for_a_person() -> None:
    """The time of day, the text, and no numbers that only programs need; all of them while debugging."""
    shown = lines.console(LINE, colours=False)
    assert "  warning: The receiver" in shown
    assert "room=living" in shown
    assert "seq" not in shown
    assert "\x1b" not in shown
    assert "seq=12" in lines.console(LINE._replace(level="debug"), colours=False)
    assert "\x1b[33m" in lines.console(LINE, colours=True)


def test_levels_are_obeyed_at_once_by_every_logger() -> None:
    """A reload may change the level; loggers that exist already follow."""
    stream = written("warning")
    log = logs.get_logger("heos")
    log.info("one")
    logs.set_level("debug")
    log.debug("two", room="living")
    logs.set_level("error")
    log.warning("three")
    log.error("four")
    text = stream.getvalue()
    assert [word in text for word in ("one", "two", "three", "four")] == [False, True, False, True]
    assert "actor=heos" in text


def test_the_exception_at_hand_is_written() -> None:
    """`log.exception` and `exc_info=True` need no argument."""
    stream = written()
    log = logs.get_logger()
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("first")
        log.warning("second", exc_info=True)
    assert stream.getvalue().count("ValueError: broken") == 2


def test_a_new_configuration_takes_over() -> None:
    """A logger that was made before writes to the new place."""
    first = written()
    log = logs.get_logger()
    log.info("one")
    second = written(style="json")
    log.info("two")
    assert "two" not in first.getvalue()
    assert json.loads(second.getvalue())["message"] == "two"


# ------------------------------------------------------------------ libraries


def test_libraries_are_heard_from_a_warning_on() -> None:
    """httpx tells each URL at INFO: that is not wanted at any level. Its warnings are, without their secrets."""
    stream = written("debug")
    for name in ("httpx", "httpcore.http11", "somebody"):
        logging.getLogger(name).info("GET ?X-Plex-Token=%s", CANARY)
        logging.getLogger(name).debug("GET ?X-Plex-Token=%s", CANARY)
    assert stream.getvalue() == ""
    try:
        raise ValueError(f"?X-Plex-Token={CANARY}")
    except ValueError:
        logging.getLogger("httpx").warning("odd: token=%s", CANARY, exc_info=True)
    assert "warning odd: token=*** logger=httpx" in stream.getvalue()
    assert "canary" not in stream.getvalue()


def test_a_library_that_logs_badly_breaks_nothing() -> None:
    """A message that does not fit its arguments becomes a line, not an exception."""
    logging.getLogger().handlers.clear()  # pytest's own handlers raise
    stream = written()
    logging.getLogger("somebody").error("%d", "x")
    assert "logger=somebody" in stream.getvalue()
    logs.set_level("error")
    logging.getLogger("somebody").warning("hidden")
    assert "hidden" not in stream.getvalue()


def test_setting_up_twice_writes_once() -> None:
    """The handler of the first time is gone."""
    written()
    stream = written()
    logging.getLogger("somebody").warning("text")
    assert stream.getvalue().count("text") == 1


def test_warnings_of_python_are_lines_too() -> None:
    """They would else go to stderr as they are."""
    stream = written()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert "old" in stream.getvalue()


# ------------------------------------------------------------------ the whole process


def run(code: str) -> subprocess.CompletedProcess[str]:
    environ = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60
    )


def test_why_a_start_failed_is_an_error_in_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line has the priority there, and none elsewhere; secrets are masked as ever."""
    with (tmp_path / "stderr").open("w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        logs.complain(f"one token={CANARY}\n  two", journal_environ(stream.fileno()))
        logs.complain("three", {})
    assert (tmp_path / "stderr").read_text() == "<3>one token=***\n<3>  two\nthree\n"


@pytest.mark.parametrize(
    "where",
    ["raise ValueError(text)", "import threading; threading.Thread(target=int, args=(text,)).start()"],
)
def test_what_nobody_catches_passes_the_log_too(where: str) -> None:
    """Python's own report would show the message as it is."""
    done = run(
        "from segue import logs; from segue.secret import Secret\n"
        f"text = {CANARY!r}; logs.register_secret(Secret(text))\n"
        f"logs.configure_logging(); logs.log_uncaught_errors()\n{where}"
    )
    assert "critical ValueError was not caught." in done.stderr
    assert "canary" not in done.stderr.replace(f"text = '{CANARY}'", "")


def test_the_log_is_cheap_until_it_is_set_up() -> None:
    """structlog takes a tenth of a second to import, which `--check-config` need not spend."""
    done = run(
        "import sys; from segue import logs, config; print('structlog' in sys.modules, 'asyncio' in sys.modules)"
    )
    assert done.stdout == "False False\n"
