"""The demo, run as people run it: it tells its story, proves it, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import segue

DEADLINE_S = 400
CTRL_C = b"\x03"
COMMAND = [sys.executable, "-m", "segue", "--demo"]
STORY = [
    "A song plays on the receiver",
    "Ada starts Plexamp",
    'Plexamp plays "Handshake"',
    "switches to cd",
    r"volume 0 → 26 \(fading in",
    "The next track",
    'Plexamp plays "Nagle\'s Waltz"',
    "Somebody asks for a slow fade",
    r"\$ seguectl fade 10",
    "living fades to level 10",
    "→ 34 by hand",
    "The doorbell",
    r"\$ seguectl pause",
    'Plexamp pauses "Nagle\'s Waltz"',
    "volume 0 → 34",
    "On we go",
    'Plexamp goes on with "Nagle\'s Waltz"',
    r"volume 0 → 34 \(fading in",
    "network drops",
    r"\$ seguectl fade 20",
    "the HEOS system at 127.32.* is gone",
    "the HEOS system at 127.32.* is connected",
    "→ 20",
    "Good night",
    "Plexamp stops",
    'HEOS streams "Small Hours"',
    r"volume 0 → 26 \(fading in",
    "And why did all that happen",
    r"\$ seguectl why",
    "because .* Shelf stops",
    "in the study, somebody watches a film",
    "copies wait: .* is being watched",
    r"Glass\.Orchard\.2023.* has arrived",
    r"\$ seguectl status --queue",
    "waits to copy",
    "The film ends",
    r"is Glass Orchard \(2023\)/Glass Orchard \(2023\) - 1080p WEB-DL.mkv in",
    r"Paper\.Harbour.* waits for review",
    r"\$ seguectl review",
    r"Paper Harbour \(2012\), or Paper Harbour \(1968\)",
    r"\$ seguectl review pick",
    r"is Paper Harbour \(2012\)/Paper Harbour \(2012\) - 720p HDTV.mkv in",
    r"\$ seguectl history ingest",
    r"Glass Orchard \(2023\) +copy, 2 files",
    "Another night",
    r"\$ seguectl party create 'A Field Guide to Clouds'",
    "ada is here",
    r"segue-party:\?at=ws.*&party=[a-z0-9]{6}&token=\.\.\.$",
    "ben is here",
    r"\$ seguectl party show",
    "ada +host +Living Room TV +ready",
    "ben +guest +Ben's TV +ready",
    "The party starts",
    "living +makes way for A Field Guide to Clouds",
    "switches to bluray",
    r"volume 26 → 0 \(fading out: film begins",
    r"volume 0 → 40 \(fading in",
    "A Field Guide to Clouds begins",
    r"The screens show: Living Room TV at 0:00:\d\d\.\d+, Ben's TV at 0:00:.* ms apart",
    "The telephone",
    "ben paused",
    "The screens show: .* ms apart",
    "ben pressed play",
    "The screens show: .* ms apart",
    "the intermission is near",
    "Intermission: 25 seconds",
    'HEOS streams "Small Hours"',
    r"→ 15 \(fading in",
    "living +makes way for A Field Guide to Clouds",
    r"→ 40 \(fading in",
    "The intermission is over",
    "The screens show: Living Room TV at 1:00:.* ms apart",
    "The party ends",
    "The house ended the party",
    'HEOS streams "Small Hours"',
    r"→ 26 \(fading in",
]
"""What is to be read, in this order."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A hasty evening, with all files in a place of its own, and a person's real Plex server in sight."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{sock.getsockname()[1]}"
    return os.environ | {
        "PYTHONPATH": str(Path(segue.__file__).parents[1]),
        "SEGUE_DEMO_PACE": "0.15",
        "TMPDIR": str(tmp_path),
        "PLEX_URL": nowhere,
        "PLEX_TOKEN": "a-real-token",
        "SEGUE_HEOS__HOST": "127.0.0.9",
    }


def processes_of(place: Path) -> list[str]:
    """Give the command lines of processes that know of a directory."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            line = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(place) in line:
            found.append(line)
    return found


def assert_nothing_is_left(place: Path) -> None:
    assert list(place.iterdir()) == []
    assert processes_of(place) == []


@contextmanager
def started(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start the demo in a session of its own, and end whatever is left of it."""
    with subprocess.Popen(
        COMMAND,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Give what the demo says up to a line with the words."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"the demo ended without {words!r}:\n{said}")


def test_the_evening_is_told_and_proved(environment: dict[str, str], tmp_path: Path) -> None:
    """Each chapter, each line of `seguectl watch` that proves it, and the why; then it ends by itself."""
    with started(environment) as process:
        said, complaints = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, complaints) == (0, "")
    place = 0
    for words in STORY:
        match = re.compile(words, re.MULTILINE).search(said, place)
        assert match, f"{words!r} is missing, or comes too early:\n{said}"
        place = match.end()
    assert "\033" not in said
    assert [line for line in said.splitlines() if line != line.rstrip()] == []
    assert "stays open" not in said
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_evening_can_be_cut_short(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    """In the middle of a fade: it ends as a daemon ends, without a word of complaint."""
    with started(environment | {"SEGUE_DEMO_PACE": "0.5"}) as process:
        read_until(process, "living fades to level 10")
        process.send_signal(number)
        _, complaints = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, complaints) == (0, "")
    assert_nothing_is_left(tmp_path)


def test_ctrl_c_on_a_terminal_ends_all_of_it(environment: dict[str, str], tmp_path: Path) -> None:
    """Every process of the terminal gets the signal; what is told is in bold there, and fits."""
    spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    with subprocess.Popen(
        [sys.executable, "-c", spawn, *COMMAND],
        env=environment | {"TERM": "xterm-256color", "COLUMNS": "60"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            said = b""
            for line in process.stdout:
                said += line
                if b"The next track" in line:
                    process.stdin.write(CTRL_C)
                    process.stdin.flush()
            assert process.wait(DEADLINE_S) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert b"\x1b[1m  Ada starts Plexamp" in said
    assert b"Traceback" not in said
    told = re.findall(r"\x1b\[1m(.*?)\x1b\[0m", said.decode().replace("\r\n", "\n"), re.DOTALL)
    assert {len(line) < 60 for text in told for line in text.split("\n")} == {True}
    assert_nothing_is_left(tmp_path)


def test_a_pace_that_is_none_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    """With the next step."""
    result = subprocess.run(
        COMMAND, env=environment | {"SEGUE_DEMO_PACE": "fast"}, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1
    assert "SEGUE_DEMO_PACE is 'fast'. Give a number" in result.stderr
    assert "Traceback" not in result.stderr
    assert_nothing_is_left(tmp_path)
