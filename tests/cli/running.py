"""Running the real seguectl, as a person or a script would."""

import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.cli.fake_segued import WAIT_S

SCRIPT = Path(sys.executable).with_name("seguectl")
TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Result:
    """How a run ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}--- stderr\n{self.err}"


def environment(**more: str) -> dict[str, str]:
    """An environment with nothing in it of the machine that runs the test; every warning is an error."""
    home = {"HOME": "/nonexistent", "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"}
    return {**home, "PYTHONWARNINGS": "error", **more}


def seguectl(*words: str | Path, under: tuple[str, ...] = (), **env: str) -> Result:
    """Run it to its end, perhaps under a command that changes what it may do."""
    done = subprocess.run(
        [*under, SCRIPT, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(**env),
        timeout=WAIT_S,
    )
    return Result(done.returncode, done.stdout, done.stderr)


class Running:
    """A run that goes on; what it prints is collected line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._collect, args=(stream, lines), daemon=True)
            for stream, lines in ((process.stdout, self.lines), (process.stderr, self.errors))
        ]
        for thread in self._threads:
            thread.start()

    def _collect(self, stream: IO[str], lines: list[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    lines.append(line.rstrip("\n"))
                    self._changed.notify_all()

    def until(self, words: str, *, errors: bool = False) -> str:
        """Wait for a line with these words."""
        lines = self.errors if errors else self.lines
        with self._changed:
            found = self._changed.wait_for(lambda: [line for line in lines if words in line], WAIT_S)
        assert found, f"never saw {words!r}; stdout {self.lines}, stderr {self.errors}"
        return found[0]

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait until it has ended and everything that it printed is read."""
        code = self.process.wait(WAIT_S)
        for thread in self._threads:
            thread.join(WAIT_S)
        return code


@contextmanager
def running(*words: str | Path, **env: str) -> Iterator[Running]:
    """Run it for as long as the test looks at it."""
    process = subprocess.Popen(
        [SCRIPT, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**env),
    )
    run = Running(process)
    try:
        yield run
    finally:
        process.kill()
        run.wait()


class OnTerminal:
    """A run on a terminal, whose screen a test can read."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int, columns: int, lines: int) -> None:
        self.process = process
        self.terminal = terminal
        self.output = b""
        self.screen = Screen(columns, lines)

    def resize(self, columns: int, lines: int) -> None:
        self.screen.resize(columns, lines)
        _set_size(self.terminal, columns, lines)

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def until(self, words: str) -> list[str]:
        """Wait until the screen shows these words, and give its lines."""
        deadline = time.monotonic() + WAIT_S
        while not (self.screen.settled and any(words in line for line in self.screen.lines)):
            assert time.monotonic() < deadline and self.read(), f"never saw {words!r}:\n{self}"
        return self.screen.lines

    def end(self) -> int:
        """Read what is still to come, and give the exit code."""
        while self.read():
            pass
        return self.process.wait(WAIT_S)

    def read(self) -> bool:
        """Read what comes next; false when it has hung up."""
        if not select.select([self.terminal], [], [], WAIT_S)[0]:
            return False
        try:
            piece = os.read(self.terminal, 65536)
        except OSError:  # the other side has hung up
            return False
        self.output += piece
        self.screen.feed(piece)
        return bool(piece)

    def __repr__(self) -> str:
        return "\n".join(self.screen.lines)


@contextmanager
def on_terminal(*words: str | Path, columns: int = 80, lines: int = 24, **env: str) -> Iterator[OnTerminal]:
    """Run it on a terminal of its own, as a shell's foreground job would be."""
    ours, theirs = pty.openpty()
    _set_size(ours, columns, lines)
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE_TERMINAL, SCRIPT, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(**{"TERM": "xterm-256color", **env}),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield OnTerminal(process, ours, columns, lines)
    finally:
        process.kill()
        process.wait(WAIT_S)
        os.close(ours)


def _set_size(terminal: int, columns: int, lines: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


class Screen:
    """As much of a terminal as seguectl uses: what would be seen. An unknown sequence fails the test."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns = columns
        self.height = lines
        self.cells: list[list[str]] = [[]]
        self.row = 0
        self.column = 0
        self.cursor_shown = True
        self.painted = False
        self.settled = True
        """False in the middle of an update that is to be seen at once."""
        self._wraps = True
        self._unread = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        """A read may end in the middle of a sign."""

    @property
    def lines(self) -> list[str]:
        return ["".join(row).rstrip() for row in self.cells[-self.height :]]

    def resize(self, columns: int, lines: int) -> None:
        """Fold what is there, as terminals do; the cursor stays on the sign that it was on."""
        folded: list[list[str]] = []
        for at, row in enumerate(self.cells):
            pieces = [row[start : start + columns] for start in range(0, max(len(row), 1), columns)]
            if at == self.row:
                above, self.column = divmod(self.column, columns)
                cursor_row = len(folded) + min(above, len(pieces) - 1)
            folded += pieces
        self.cells, self.row = folded, cursor_row
        self.columns, self.height = columns, lines

    def feed(self, piece: bytes) -> None:
        text = self._unread + self._decoder.decode(piece)
        self._unread = ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                end = next((i for i in range(at + 2, len(text)) if text[i].isalpha()), None)
                if end is None:
                    self._unread = text[at:]
                    return
                self._control(text[at + 2 : end], text[end])
                at = end + 1
            else:
                self._sign(text[at])
                at += 1

    def _sign(self, sign: str) -> None:
        if sign == "\r":
            self.column = 0
        elif sign == "\n":
            self.row += 1
            while len(self.cells) <= self.row:
                self.cells.append([])
        else:
            assert sign.isprintable(), f"{sign!r} reached the terminal"
            if self.column >= self.columns:
                if not self._wraps:
                    return
                self._sign("\n")
                self.column = 0
            row = self.cells[self.row]
            row.extend(" " * (self.column + 1 - len(row)))
            row[self.column] = sign
            self.column += 1

    def _control(self, parameters: str, command: str) -> None:
        match command, parameters:
            case "m", _:
                self.painted = True
            case "K", "":
                del self.cells[self.row][self.column :]
            case "J", "":
                del self.cells[self.row][self.column :]
                del self.cells[self.row + 1 :]
            case "A", count:
                self.row = max(self.row - int(count), len(self.cells) - self.height, 0)
            case "h" | "l", "?25":
                self.cursor_shown = command == "h"
            case "h" | "l", "?7":
                self._wraps = command == "h"
            case "h" | "l", "?2026":
                self.settled = command == "l"
            case _:
                raise AssertionError(f"unknown sequence ESC [ {parameters} {command}")
