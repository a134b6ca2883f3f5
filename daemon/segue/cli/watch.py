"""`seguectl watch`: one loop over the stream, the keyboard and the clock, that sleeps while nothing moves."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time

from segue.cli.client import House, Stream
from segue.cli.errors import NOT_PERMITTED, UNREACHABLE, CtlError
from segue.cli.fields import Json, record, text
from segue.cli.live import Board
from segue.cli.narrate import HOUSE, Line, Narrator
from segue.cli.paint import Paint
from segue.cli.words import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from segue.cli.screen import Screen

EVENTS = "/api/v1/events"
SILENCE_S = 65.0
"""segued says every 20 s that it is alive; after three times without a word the connection is dead."""
RETRY_S = (0.25, 0.5, 1.0, 2.0, 5.0)
"""Waits between attempts to reach a daemon that went away; the last one goes on."""
REFRESH_AFTER_S = 0.1
"""The board asks for the rooms so long after an event: once for all the events of a moment."""
REFRESH_GAP_S = 0.5
"""Least time between two such questions, however much happens."""
REFRESH_ANSWER_S = 2.0
QUIT_KEYS = b"qQ\x04"


def watch(house: House, paint: Paint, *, as_json: bool, verbose: bool) -> None:
    """Show what happens until Ctrl-C. Raises `CtlError` when segued cannot be reached at the beginning."""
    stream = house.listen(EVENTS)
    try:
        if as_json:
            follow(house, stream, JsonLines())
        elif not can_draw():
            follow(house, stream, Lines(house, paint, verbose=verbose))
        else:
            on_terminal(house, stream, lambda screen: Picture(house, paint, screen, verbose=verbose))
    except KeyboardInterrupt:
        return  # the way to end it


def can_draw() -> bool:
    """Tell whether the output is a terminal on which a picture can be drawn anew."""
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def on_terminal(house: House, stream: Stream, make: Callable[[Screen], Outlet]) -> None:
    """Follow the stream with the whole terminal; a signal that ends it gives the terminal back first."""
    from segue.cli.screen import Screen, Terminated

    try:
        with Screen() as screen:
            follow(house, stream, make(screen))
    except Terminated as end:
        raise SystemExit(128 + end.number) from None


# ------------------------------------------------------------------ what becomes of events


class Outlet:
    """Where events go."""

    fds: tuple[int, ...] = ()
    """What else wakes the loop: signals and keys."""

    def frames(self, raws: list[str], now: float) -> None:
        """Take events, as the daemon wrote them."""

    def away(self, why: str) -> None:
        """Say that the daemon went away."""

    def back(self, away_s: float) -> None:
        """Say that the daemon is there again."""

    def due_in(self, _now: float) -> float | None:
        """Say in how many seconds `tick` has something to do, if no event comes before."""
        return None

    def tick(self, now: float) -> None:
        """Do what is due. Raises `KeyboardInterrupt` when somebody asked for the end."""


class JsonLines(Outlet):
    """Every event as one line of JSON; what concerns the connection goes to stderr."""

    def frames(self, raws: list[str], _now: float) -> None:
        """Pass the events on as they came."""
        for raw in raws:
            print(raw.replace("\n", " "))
        sys.stdout.flush()

    def away(self, why: str) -> None:
        """Say it where it does not disturb a program."""
        self._notice(f"segued went away ({why}); trying again.")

    def back(self, away_s: float) -> None:
        """Say it where it does not disturb a program."""
        self._notice(f"segued is back, after {duration(away_s)}.")

    def _notice(self, words: str) -> None:
        if sys.stderr is not None:
            print(f"seguectl: {words}", file=sys.stderr, flush=True)


class Lines(Outlet):
    """Every event of interest as one line in plain words."""

    def __init__(self, house: House, paint: Paint, *, verbose: bool) -> None:
        self.narrator = Narrator(verbose=verbose)
        self.paint = paint
        self._hurried = House(house.candidates, REFRESH_ANSWER_S)

    def frames(self, raws: list[str], now: float) -> None:
        """Tell the events."""
        lines: list[Line] = []
        for raw in raws:
            frame = decoded(raw)
            if frame.get("type") == "snapshot":
                lines += self.snapshot(record(frame.get("data")), now)
            elif frame:
                lines += self.narrator.event(frame, now)
                self.noticed(frame, now)
        self.put(lines)

    def snapshot(self, data: Json, _now: float) -> list[Line]:
        """Take in the whole house."""
        return self.narrator.snapshot(data, time.time())

    def noticed(self, frame: Json, now: float) -> None:
        """Ask which rooms there are after the configuration changed."""
        if text(frame.get("type")) == "house.config_loaded":
            self.refresh(now)

    def refresh(self, _now: float) -> Json | None:
        """Ask for the rooms; nothing when the daemon has no time for it."""
        try:
            data = self._hurried.get("/api/v1/status").data
        except CtlError:
            return None
        self.narrator.told.learn_players([room for room in _rooms(data) if room.get("name")])
        return data

    def away(self, why: str) -> None:
        """Say it once."""
        lines = self.narrator.settle_all()
        self.put([*lines, Line(time.time(), HOUSE, f"segued went away ({why}); trying again", "yellow")])

    def back(self, away_s: float) -> None:
        """Say it once."""
        self.put([Line(time.time(), HOUSE, f"segued is back, after {duration(away_s)}", "green")])

    def due_in(self, now: float) -> float | None:
        """Wait until a change of volume is over."""
        quiet_at = self.narrator.quiet_at
        return None if quiet_at is None else max(quiet_at - now, 0.0)

    def tick(self, now: float) -> None:
        """Tell the changes of volume that are over."""
        lines = self.narrator.settle(now)
        if lines:
            self.put(lines)

    def put(self, lines: list[Line]) -> None:
        """Print the lines."""
        for line in lines:
            print(self.narrator.layout(line, self.paint))
        sys.stdout.flush()


class Picture(Lines):
    """The same lines on a terminal, over a live picture of the rooms."""

    def __init__(self, house: House, paint: Paint, screen: Screen, *, verbose: bool) -> None:
        super().__init__(house, paint, verbose=verbose)
        self.board = Board()
        self.screen = screen
        self.fds = (screen.woken, 0) if screen.reads_keys else (screen.woken,)
        self._refresh_at: float | None = None
        self._asked_at = 0.0

    def snapshot(self, data: Json, now: float) -> list[Line]:
        """Show the house in the picture instead of telling it."""
        super().snapshot(data, now)
        self.board.learn(data, now)
        return []

    def noticed(self, frame: Json, now: float) -> None:
        """Ask for the rooms soon: whatever happened may have changed them. How far a copy is, the event says itself."""
        is_progress = text(frame.get("type")) == "ingest.transfer_progressed"
        if is_progress and self.board.progressed(record(frame.get("data"))):
            return
        if self._refresh_at is None and not text(frame.get("type")).startswith("effect."):
            self._refresh_at = max(now + REFRESH_AFTER_S, self._asked_at + REFRESH_GAP_S)

    def away(self, why: str) -> None:
        """Show no rooms that nobody knows of any more."""
        self.board.notice = "segued is away; trying again"
        self._refresh_at = None
        super().away(why)

    def due_in(self, now: float) -> float | None:
        """Wait for what moves by itself, for a change of volume, or until it is time to ask."""
        refresh_in = None if self._refresh_at is None else max(self._refresh_at - now, 0.0)
        waits = [super().due_in(now), self.board.moves_in(now), refresh_in]
        return min((wait for wait in waits if wait is not None), default=None)

    def tick(self, now: float) -> None:
        """Take keys and signals, ask for the rooms when it is time, and draw."""
        self.screen.signals()
        if self.screen.reads_keys and pressed(QUIT_KEYS):
            raise KeyboardInterrupt
        if self._refresh_at is not None and now >= self._refresh_at:
            self._refresh_at, self._asked_at = None, now
            data = self.refresh(now)
            if data is not None:
                self.board.learn(data, time.monotonic())
        self.put(self.narrator.settle(now))

    def put(self, lines: list[Line]) -> None:
        """Let the lines scroll by over the picture."""
        columns, rows = self.screen.size
        laid_out = [self.narrator.layout(line, self.paint) for line in lines]
        self.screen.show(laid_out, self.board.draw(columns - 1, rows - 2, time.monotonic(), self.paint))


def decoded(raw: str) -> Json:
    """Read an event; what is none reads as nothing."""
    try:
        return record(json.loads(raw))
    except (ValueError, RecursionError):
        return {}


def _rooms(data: Json) -> list[Json]:
    rooms = data.get("rooms")
    return [room for room in rooms if isinstance(room, dict)] if isinstance(rooms, list) else []


def pressed(keys: bytes) -> bool:
    """Read what was typed, without waiting, and say whether it has one of the keys."""
    if not select.select([0], [], [], 0)[0]:
        return False
    typed = os.read(0, 64)
    return not typed or any(key in keys for key in typed)


# ------------------------------------------------------------------ the loop


class Waker:
    """A file descriptor that a signal makes readable.

    Without it a Ctrl-C that comes in the moment before `select` falls asleep would be heard at the next event only.
    """

    def __init__(self) -> None:
        self.woken, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def close(self) -> None:
        """Give the place back to whoever had it."""
        signal.set_wakeup_fd(self._before)
        os.close(self.woken)
        os.close(self._write)


def follow(house: House, stream: Stream, outlet: Outlet) -> None:
    """Follow the daemon's events, through its absences, until an exception says that it is enough."""
    if outlet.fds:  # a screen has its own
        _follow(house, stream, outlet)
        return
    waker = Waker()
    outlet.fds = (waker.woken,)
    try:
        _follow(house, stream, outlet)
    finally:
        waker.close()


def _follow(house: House, stream: Stream, outlet: Outlet) -> None:
    while True:
        try:
            _until_it_ends(stream, outlet)
        except CtlError as end:
            gone_at = time.monotonic()
            outlet.away(_reason(end))
        finally:
            stream.close()
        stream = _again(house, outlet)
        outlet.back(time.monotonic() - gone_at)


def _until_it_ends(stream: Stream, outlet: Outlet) -> None:
    heard_at = time.monotonic()
    while True:
        now = time.monotonic()
        if now - heard_at >= SILENCE_S:
            raise CtlError(UNREACHABLE, "silent", f"it has said nothing for {duration(SILENCE_S)}")
        if _wait(outlet, now, heard_at + SILENCE_S - now, stream):
            heard_at = time.monotonic()
            raws = stream.read()
            if raws:
                outlet.frames(raws, heard_at)
        outlet.tick(time.monotonic())


def _again(house: House, outlet: Outlet) -> Stream:
    """Try until the daemon answers. Raises `CtlError` when it answers that it may not be."""
    attempt = 0
    while True:
        until = time.monotonic() + RETRY_S[min(attempt, len(RETRY_S) - 1)]
        while (now := time.monotonic()) < until:
            _wait(outlet, now, until - now)
            outlet.tick(time.monotonic())
        try:
            return house.listen(EVENTS)
        except CtlError as error:
            if error.exit_code == NOT_PERMITTED:
                raise
            attempt += 1


def _wait(outlet: Outlet, now: float, at_most_s: float, stream: Stream | None = None) -> bool:
    """Sleep until something comes or is due, and say whether the stream has something to read."""
    if stream is not None and stream.pending:
        return True
    due_in = outlet.due_in(now)
    timeout = at_most_s if due_in is None else min(due_in, at_most_s)
    sources: list[int] = [*outlet.fds, *([stream.fileno()] if stream is not None else [])]
    readable, _, _ = select.select(sources, [], [], max(timeout, 0.0))
    return stream is not None and stream.fileno() in readable


def _reason(error: CtlError) -> str:
    if error.code == "ended":
        return "it ended the stream"
    return error.message if error.code == "silent" else "the connection broke"
