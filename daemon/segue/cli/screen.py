"""A terminal whose last lines are a picture that is drawn anew in place, under lines that scroll by.

Each change is written at once, over what was there, so nothing flickers. The keyboard's echo is off meanwhile, or
typed keys would break the picture; after any end that can be caught the terminal is as it was before.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Sequence

from segue.cli.paint import width

SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"
BEGIN_SYNC, END_SYNC = "\x1b[?2026h", "\x1b[?2026l"
"""Terminals that know it show what is between the two at once; the others ignore it."""
WRAP, NO_WRAP = "\x1b[?7h", "\x1b[?7l"
ERASE_LINE, ERASE_BELOW = "\x1b[K", "\x1b[J"


class Terminated(Exception):  # noqa: N818 - it is no error, it is the end
    """The process was told to end by a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Screen:
    """The terminal while `watch` has it: a context in which the cursor is hidden and keys are read one by one."""

    def __init__(self) -> None:
        self.woken: int
        """A file descriptor that can be read when a signal came: the size may have changed."""
        self.woken, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._picture: list[str] = []
        self._before: list[int | list[bytes | int]] | None = None
        self._stop_asked = False

    def __enter__(self) -> Screen:
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGWINCH, lambda _number, _frame: None)
        signal.signal(signal.SIGTSTP, self._on_stop)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _on_end)
        self._take()
        return self

    def __exit__(self, *_error: object) -> None:
        self.clear()
        self._give_back()
        signal.set_wakeup_fd(-1)

    def _take(self) -> None:
        """Hide the cursor and the echo; not from the background, where the terminal belongs to somebody else."""
        if self.reads_keys and os.tcgetpgrp(0) == os.getpgrp():
            self._before = termios.tcgetattr(0)
            now = termios.tcgetattr(0)
            now[3] &= ~(termios.ECHO | termios.ICANON)
            termios.tcsetattr(0, termios.TCSADRAIN, now)
        self._write(HIDE_CURSOR)

    def _give_back(self) -> None:
        if self._before is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._before)
            self._before = None
        self._write(SHOW_CURSOR)

    @property
    def reads_keys(self) -> bool:
        """True when somebody can press keys."""
        return sys.stdin is not None and sys.stdin.isatty()

    @property
    def size(self) -> tuple[int, int]:
        """The columns and lines that there are now."""
        try:
            columns, lines = os.get_terminal_size(1)
        except OSError:
            columns, lines = 80, 24
        return max(columns, 8), max(lines, 3)

    def signals(self) -> None:
        """Take note of the signals that came; Ctrl-Z stops here, where the terminal can be given back first."""
        try:
            while os.read(self.woken, 64):
                pass
        except BlockingIOError:
            pass
        if not self._stop_asked:
            return
        self._stop_asked = False
        self.clear()
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()

    def _on_stop(self, _number: int, _frame: object) -> None:
        self._stop_asked = True

    def show(self, lines: Sequence[str], picture: Sequence[str]) -> None:
        """Let lines scroll by, and draw the picture below them."""
        picture = list(picture)
        if not lines and picture == self._picture:
            return
        parts = [BEGIN_SYNC, self._to_top()]
        parts += [f"{line}{ERASE_LINE}\n" for line in lines]
        parts += [NO_WRAP, f"{ERASE_LINE}\n".join(picture), ERASE_LINE, ERASE_BELOW, WRAP, END_SYNC]
        self._picture = picture
        self._write("".join(parts))

    def clear(self) -> None:
        """Take the picture away."""
        if self._picture:
            top = self._to_top()
            self._picture = []
            self._write(f"{top}{ERASE_BELOW}")

    def _to_top(self) -> str:
        """Go to the first line of the picture, even when a narrower terminal has folded it since."""
        if not self._picture:
            return "\r"
        columns, _ = self.size
        rows = sum(max(-(-width(line) // columns), 1) for line in self._picture)
        return f"\r\x1b[{rows - 1}A" if rows > 1 else "\r"

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _on_end(number: int, _frame: object) -> None:
    raise Terminated(number)
