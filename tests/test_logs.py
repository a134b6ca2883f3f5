"""The log says what happened, to whoever reads it, without a secret and without ever waiting."""

import io
import json
import logging
import os
import pty
import select
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue import logs
from segue.logs import lines, redact, redaction, sinks
from segue.logs.lines import Line
from segue.logs.sinks import JournalSink, StreamSink, encode
from segue.secret import Secret

CANARY = "canary-Tq8mZ1vR5wXy"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
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
    stream = io.StringIO()
    logs.configure_logging(level, style, stream, {})
    return stream


# ------------------------------------------------------------------ secrets


@pytest.mark.parametrize(
    "text",
    [
        "GET http://h:32400/status/sessions?X-Plex-Token={} failed",
        "GET http://h:32400/x?a=1&X-Plex-Token={}&b=2",
        "x-plex-token%3D{}",
        "X-Plex-Token: {}",
        "{{'X-Plex-Token': '{}', 'Accept': 'x'}}",
        "[(b'x-plex-token', b'{}')]",
        "Authorization: Bearer {}",
        "authorization: Basic {}",
        "{{'authorization': 'Bearer {}'}}",
        "[(b'Authorization', b'Bearer {}')]",
        "Cookie: {}",
        "the header was Bearer {}",
        "wss://h/ws?passkey={}&name=alice",
        "?token={}#x",
        "api_key={}",
        "apikey={}",
        '{{"passkey": "{}"}}',
        "{{'auth_token': '{}'}}",
        'token = "{}"',
        "POST /webhooks/plex/{} 404",
        "http://alice:{}@h:1/",
        "http://{}@h:1/",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    """Also a secret that nobody has registered: a forged one, or one of another service."""
    masked = redact(text.format(CANARY))
    assert CANARY not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "text",
    [
        "plex.token: a Plex server needs a token",
        'plex.token_file: expected text. token_file = "plex-token"',
        "The token was refused.",
        "room=living level=42",
        "http://192.0.2.5:32400/status/sessions",
        "Serving /webhooks/plex",
    ],
)
def test_what_is_no_secret_is_left(text: str) -> None:
    """A log that masks half of each line helps nobody."""
    assert redact(text) == text


def test_a_registered_secret_is_masked_wherever_it_stands() -> None:
    """Alone in a sentence, within another word, and as it stands in a URL."""
    logs.register_secret(Secret("can/ary+Tq8m"))
    assert redact("a can/ary+Tq8m b xcan/ary+Tq8mx can%2Fary%2BTq8m") == "a *** b x***x ***"
    logs.register_secret(Secret("abc"))
    assert redact("abc") == "abc"


PLACES = st.sampled_from(
    ["text", "field", "name", "nested", "list", "bytes", "object", "exception", "cause", "group"]
)


class Talkative:
    def __repr__(self) -> str:
        return f"<{CANARY}>"


def failure(place: str) -> BaseException:
    if place == "group":
        return ExceptionGroup("several", [ValueError(CANARY), KeyError({"a": CANARY})])
    error = ValueError(CANARY if place == "exception" else "x")
    error.__cause__ = OSError(5, CANARY, CANARY) if place == "cause" else None
    error.add_note(CANARY if place == "cause" else "x")
    return error


@pytest.mark.parametrize("style", ["plain", "console", "json", "journal"])
@given(places=st.lists(PLACES, max_size=4), before=st.text(max_size=5), after=st.text(max_size=5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_way_of_writing_lets_a_secret_out(style: str, places: list[str], before: str, after: str) -> None:
    """Whatever part of a line holds it, and whoever made the exception that holds it."""
    stream = written("debug", style)
    logs.register_secret(Secret(CANARY))
    inside = f"{before}{CANARY}{after}"
    fields: dict[str, object] = {}
    everywhere: dict[str, dict[str, object]] = {
        "text": {},
        "field": {"room": inside},
        "name": {"access_token": "other"},
        "nested": {"deep": {"a": [{"b": (inside,)}], inside: 1}},
        "list": {"many": [inside, {inside}]},
        "bytes": {"raw": inside.encode("utf-8", "replace")},
        "object": {"thing": Talkative()},
    }
    for place in places:
        fields.update(everywhere.get(place, {"exc_info": failure(place)}))
    logs.get_logger("actor").error(inside if "text" in places else "text", **fields)
    assert stream.getvalue()
    assert "canary" not in stream.getvalue()
    assert "other" not in stream.getvalue()


def test_a_long_text_is_cut_and_its_end_is_kept() -> None:
    """A line costs little whatever comes; the end of a traceback is where the error is."""
    logs.register_secret(Secret(CANARY))
    masked = redact("x " * 100_000 + CANARY + " y" * 100_000 + " the end")
    assert len(masked) < 40_000
    assert masked.endswith("the end")


def test_a_thing_without_a_text_is_written_too() -> None:
    """A broken `__str__` does not break the line that reports it."""

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no")

    stream = written()
    logs.get_logger().info("text", thing=Broken(), deep=[[[[[[[["x"]]]]]]]])
    assert "Broken without a text: RuntimeError" in stream.getvalue()


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


# ------------------------------------------------------------------ which way


def test_a_file_gets_plain_lines(tmp_path: Path) -> None:
    """Neither a terminal nor journald: plain lines, which a person can read in a container's log."""
    with (tmp_path / "log").open("w") as stream:
        logs.configure_logging("info", "auto", stream, {})
        logs.get_logger().info("text")
    assert (tmp_path / "log").read_text().endswith("Z info    text\n")


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_the_short_form(environ: dict[str, str], coloured: bool) -> None:
    """Colours too, unless the person does not want them."""
    master, slave = pty.openpty()
    try:
        with os.fdopen(slave, "w") as stream:
            logs.configure_logging("info", "auto", stream, environ)
            logs.get_logger().info("text", seq=1)
            text = os.read(master, 1000).decode()
    finally:
        os.close(master)
    assert text.endswith("text\r\n")
    assert ("\x1b[2m" in text) is coloured


def journal_environ(fd: int) -> dict[str, str]:
    status = os.fstat(fd)
    return {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}


def test_journald_is_known_by_its_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """stderr counts as journald's only if it is the very stream that systemd connected."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(str(tmp_path / "socket"))
    monkeypatch.setattr(sinks, "JOURNAL_SOCKET", str(tmp_path / "socket"))
    with server, (tmp_path / "log").open("w") as stream:
        environ = journal_environ(stream.fileno())
        logs.configure_logging("info", "auto", stream, environ)
        logs.get_logger("heos").warning("text", seq=7)
        fields = decode(server.recv(65536))
        logs.configure_logging("info", "auto", stream, {"JOURNAL_STREAM": "1:1"})
        logs.get_logger().info("elsewhere")
    assert fields["MESSAGE"] == "text"
    assert (fields["PRIORITY"], fields["SYSLOG_IDENTIFIER"]) == ("4", "segued")
    assert (fields["SEGUE_ACTOR"], fields["SEGUE_SEQ"]) == ("heos", "7")
    assert "elsewhere" in (tmp_path / "log").read_text()
    for odd in ("", "x:y", "1", "1:2:3"):
        assert not sinks.is_journal({"JOURNAL_STREAM": odd}, 2)


def test_without_a_journald_lines_have_a_priority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may have the variable and no socket."""
    monkeypatch.setattr(sinks, "JOURNAL_SOCKET", str(tmp_path / "nowhere"))
    stream = written(style="journal")
    logs.get_logger().error("text", room="living")
    assert stream.getvalue() == "<3>text room=living\n"


# ------------------------------------------------------------------ journald


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


NAMES = st.text(max_size=80)


@given(st.text(), st.dictionaries(NAMES, st.text() | st.integers(), max_size=5), st.text())
@settings(deadline=None)
def test_any_line_is_a_good_datagram(text: str, fields: dict[str, object], exception: str) -> None:
    """Whatever the text, its lines arrive whole, and field names are ones that journald takes."""
    line = Line(0.0, "info", redact(text), fields, exception)
    decoded = decode(encode(line))
    message = f"{line.text}\n{exception}" if exception else line.text
    assert decoded["MESSAGE"].encode() == message.encode("utf-8", "backslashreplace")
    for name in decoded:
        assert 1 <= len(name) <= 64
        assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
        assert not name.startswith("_")


def test_a_stuck_journald_loses_lines_and_not_time(tmp_path: Path) -> None:
    """With journald stopped, lines are dropped at once; when it reads again, it is told how many."""
    path = str(tmp_path / "socket")
    reader = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    reader.bind(path)
    fallback = io.StringIO()
    sink = JournalSink(StreamSink(fallback), path)
    with reader:
        for number in range(5000):
            sink.write(Line(0.0, "info", f"line {number}", {}))
        reader.setblocking(False)
        taken = []
        while select.select([reader], [], [], 0)[0]:
            taken.append(decode(reader.recv(65536))["MESSAGE"])
        assert len(taken) < 5000
        sink.write(Line(0.0, "info", "again", {}))
        report, again = decode(reader.recv(65536)), decode(reader.recv(65536))
    sink.close()
    assert (report["PRIORITY"], report["SEGUE_DROPPED"]) == ("4", str(5000 - len(taken)))
    assert again["MESSAGE"] == "again"
    assert fallback.getvalue() == ""


def test_a_line_that_is_too_large_for_a_datagram_goes_to_stderr(tmp_path: Path) -> None:
    """It is rare, and better there than nowhere."""
    path = str(tmp_path / "socket")
    fallback = io.StringIO()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(path)
        sink = JournalSink(StreamSink(fallback), path)
        sink.write(Line(0.0, "info", "x" * 4_000_000, {}))
        sink.close()
    assert len(fallback.getvalue()) > 4_000_000


# ------------------------------------------------------------------ pipes


def test_a_full_pipe_loses_lines_and_not_time() -> None:
    """A reader that does not read holds up nobody; when it reads again, it gets whole lines and a count."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading, "rb", buffering=0) as reader:
        sink = StreamSink(stream, lines.json)
        for number in range(200):
            sink.write(Line(0.0, "info", f"{number} " + "x" * 5000, {}))
        taken = reader.read(1_000_000) or b""
        sink.write(Line(0.0, "info", "again", {}))
        taken += reader.read(1_000_000) or b""
    entries = [json.loads(line) for line in taken.splitlines()]
    assert entries[-1]["message"] == "again"
    whole = [entry for entry in entries[:-1] if "dropped" not in entry]
    assert sum(entry.get("dropped", 0) for entry in entries) + len(whole) == 200
    assert [entry["message"].split()[0] for entry in whole] == [str(number) for number in range(len(whole))]


def test_a_reader_that_left_breaks_nothing() -> None:
    """A closed pipe is no reason to die."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        sink = StreamSink(stream)
        for _ in range(3):
            sink.write(Line(0.0, "info", "text", {}))


def test_lines_of_many_threads_stay_whole() -> None:
    """Libraries may log from threads."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading, "rb", buffering=0) as reader:
        logs.configure_logging("info", "json", stream, {})
        log = logs.get_logger()
        threads = [threading.Thread(target=lambda: [log.info("text") for _ in range(50)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        taken = reader.read(1_000_000) or b""
    assert [json.loads(line)["message"] for line in taken.splitlines()] == ["text"] * 200


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
