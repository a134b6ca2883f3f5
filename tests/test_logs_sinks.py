"""Where lines go: the right place is found, whole lines arrive, and nobody ever waits for a reader."""

import io
import json
import os
import pty
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue import logs
from segue.logs import lines, redact, sinks
from segue.logs.lines import Line
from segue.logs.sinks import JournalSink, StreamSink, encode
from tests.helpers.log import decode, journal_environ, restored_log, written


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    with restored_log():
        yield


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
