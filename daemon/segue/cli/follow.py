"""`--wait`: following jobs, or a long run, to their end.

The daemon's events say when to look; what is true is then read from its answers. So nothing is missed when events were
lost, or when segued was away and its jobs have gone on since.
"""

from __future__ import annotations

import json
import sys
import time

from segue.cli.call import Call, print_json
from segue.cli.client import House
from segue.cli.errors import NOT_PERMITTED, CtlError
from segue.cli.fields import Json, text
from segue.cli.paint import Paint, fit
from segue.cli.watch import EVENTS, QUIT_KEYS, Outlet, can_draw, decoded, follow, on_terminal, pressed
from segue.cli.words import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from segue.cli.screen import Screen

LOOK_AFTER_S = 0.1
"""Between an event and the look that it calls for: one look for all the events of a moment."""
LOOK_GAP_S = 0.5
"""Least time between two looks; when an answer takes long it is longer."""
LOOK_SHARE = 0.2
"""Most of the time that looking may take."""
AGAIN_S = 1.0
"""After a look that failed."""


class Over(Exception):  # noqa: N818 - it is no error, it is the end
    """There is nothing left to follow."""


class Follower(Outlet):
    """Looks when an event calls for it, and shows how far things are: as a picture on a terminal, else in lines."""

    def __init__(self, house: House, paint: Paint, *, as_json: bool) -> None:
        self.house = house
        self.paint = paint
        self.as_json = as_json
        self.failed = False
        """True once something has come to a bad end."""
        self.refusal: CtlError | None = None
        """Why looking came to its end before the jobs did."""
        self.draws = False
        """True when a picture shows what moves, so that lines need not."""
        self._screen: Screen | None = None
        self._look_at: float | None = 0.0
        self._rest_s = LOOK_GAP_S
        self._looked_at = 0.0
        self._lines: list[str] = []

    # -------------------------------------------------------------- what each kind of follower says

    def heard(self, frame: Json) -> bool:
        """Take an event, and tell whether it calls for a look."""
        raise NotImplementedError

    def look(self) -> bool:
        """Read how things are, and tell whether there is something left to follow. Raises `CtlError`."""
        raise NotImplementedError

    def picture(self, columns: int) -> list[str]:
        """Draw how far things are."""
        raise NotImplementedError

    def say(self, words: str, style: str = "") -> None:
        """Let a person know; a program gets what `show_json` prints."""
        if not self.as_json:
            self._lines.append(self.paint(style, words))

    def show_json(self, data: Json) -> None:
        """Let a program know."""
        if self.as_json:
            print_json(json.dumps({"ok": True, "data": data}, ensure_ascii=False))
            sys.stdout.flush()

    def look_soon(self) -> None:
        """Look once more, although no event calls for it."""
        self._look_at = time.monotonic() + LOOK_AFTER_S

    # -------------------------------------------------------------- the loop's side

    def take_screen(self, screen: Screen) -> Follower:
        """Draw on a terminal from now on."""
        self._screen, self.draws = screen, True
        self.fds = (screen.woken, 0) if screen.reads_keys else (screen.woken,)
        return self

    def frames(self, raws: list[str], now: float) -> None:
        """Take events."""
        calls = [frame for raw in raws if self.heard(frame := decoded(raw))]
        if calls and self._look_at is None:
            self._look_at = max(now + LOOK_AFTER_S, self._looked_at + self._rest_s)

    def due_in(self, now: float) -> float | None:
        """Wait until it is time to look."""
        return None if self._look_at is None else max(self._look_at - now, 0.0)

    def tick(self, now: float) -> None:
        """Look when it is time, and show what is new. Raises `Over` at the end."""
        if self._screen is not None:
            self._screen.signals()
            if self._screen.reads_keys and pressed(QUIT_KEYS):
                raise KeyboardInterrupt
        goes_on = True
        if self._look_at is not None and now >= self._look_at:
            goes_on = self._look(now)
        self._show()
        if not goes_on:
            raise Over

    def _look(self, now: float) -> bool:
        self._look_at = None
        try:
            goes_on = self.look()
        except CtlError as error:
            if error.exit_code == NOT_PERMITTED:
                self.refusal = error
                return False
            self._look_at = now + AGAIN_S
            return True
        self._looked_at = time.monotonic()
        self._rest_s = max((self._looked_at - now) / LOOK_SHARE, LOOK_GAP_S)
        return goes_on

    def _show(self) -> None:
        lines, self._lines = self._lines, []
        if self._screen is None:
            for line in lines:
                print(line)
            sys.stdout.flush()
            return
        columns, rows = self._screen.size
        self._screen.show(lines, self.picture(columns - 1)[: max(rows - 2, 1)])

    def away(self, why: str) -> None:
        """Say it once; jobs go on when segued is there again."""
        self._notice(f"segued went away ({why}); trying again")
        self._look_at = None

    def back(self, away_s: float) -> None:
        """Say it once, and look."""
        self._notice(f"segued is back, after {duration(away_s)}")
        self._look_at = time.monotonic()

    def _notice(self, words: str) -> None:
        if not self.as_json:
            self.say(words, "yellow")
        elif sys.stderr is not None:
            print(f"seguectl: {words}.", file=sys.stderr, flush=True)


def run(call: Call, follower: Follower) -> None:
    """Follow until nothing is left to follow. Ctrl-C ends the following, and nothing else."""
    try:
        stream = call.house.listen(EVENTS)
        if not call.json and can_draw():
            on_terminal(call.house, stream, follower.take_screen)
        else:
            follow(call.house, stream, follower)
    except Over:
        if follower.refusal is not None:
            raise follower.refusal from None
    except KeyboardInterrupt:
        if sys.stderr is not None:
            print(
                "It goes on without seguectl; `seguectl status --queue` shows how far it is.", file=sys.stderr
            )
        raise


def clipped(line: str, columns: int, paint: Paint) -> str:
    """Keep an unpainted line within the terminal."""
    return fit(text(line), columns, paint.sign("…", "~"))
