"""`seguectl party watch`: everybody's drift, live: bars on a terminal, lines elsewhere, JSON for a program."""

from __future__ import annotations

import sys
import time

from segue.cli.client import House
from segue.cli.errors import REFUSED, CtlError
from segue.cli.fields import Json, record, records, text, whole
from segue.cli.paint import Paint
from segue.cli.party_board import Board, summary
from segue.cli.party_place import HOME, ONLY_PARTY, Place
from segue.cli.watch import EVENTS, QUIT_KEYS, Outlet, can_draw, decoded, follow, on_terminal, pressed
from segue.cli.words import clock, duration, moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from segue.cli.call import Call
    from segue.cli.client import Answer
    from segue.cli.screen import Screen

ASK_S = 1.0
"""Between two looks while a film runs, or is about to."""
ASK_STILL_S = 5.0
"""The same while it stands still: events tell when that changes."""
AFTER_EVENT_S = 0.15
"""So long after an event of the party it is looked at: once for all the events of a moment."""
ANSWER_S = 2.0
LINE_S = 10.0
"""Between two lines with everybody's drift, where no picture is drawn."""
MOVING = ("gathering", "playing", "waiting")


def watch(call: Call, where: Place) -> None:
    """Show a party until it ends, or Ctrl-C. Raises `CtlError` when it cannot be seen at the beginning."""
    view = View(call.house, where)
    first = view.look()
    stream = call.house.listen(EVENTS)
    try:
        if call.json:
            follow(call.house, stream, JsonLooks(view, first))
        elif not can_draw():
            follow(call.house, stream, LineLooks(view, first, call.paint))
        else:
            on_terminal(call.house, stream, lambda screen: Picture(view, first, call.paint, screen))
    except KeyboardInterrupt:
        return  # the way to end it


class View:
    """Looks at one party: where it is hosted here at everybody, else at this home's own players."""

    def __init__(self, house: House, where: Place) -> None:
        self._house = House(house.candidates, ANSWER_S)
        self.where = where
        self.raw = ""
        """The last answer as it came."""

    def look(self) -> Json:
        """Ask how everybody stands. Raises `CtlError`."""
        if self.where.elsewhere:
            answer = self._house.get(f"{HOME}/agent")
            data = own_players(answer.data, self.where.party_id)
        else:
            answer = self._house.get(self.where.path("live"))
            data = answer.data
        if self.where.party_id == ONLY_PARTY:  # from now on this one is meant, also when there are others
            self.where = Place(text(data.get("party_id")))
        self.raw = _raw(answer)
        return data


def _raw(answer: Answer) -> str:
    return answer.raw.replace("\n", " ")


def own_players(agent: Json, party_id: str) -> Json:
    """Make of what this home's agent says the shape of a live view. Of the others it knows nothing."""
    seats = [seat for seat in records(agent.get("seats")) if seat.get("party_id") == party_id]
    if not seats:
        raise CtlError(REFUSED, "unknown_party", f"This home is in party {party_id!r} no more.")
    viewers: list[Json] = [
        {
            **record(seat.get("report")),
            **{name: seat.get(name) for name in ("title", "device_id", "away", "problem", "detail")},
            "username": agent.get("username"),
            "present": agent.get("up"),
        }
        for seat in seats
    ]
    state, film = seats[0].get("phase"), seats[0].get("film")
    return {"party_id": party_id, "phase": state, "film": film, "viewers": viewers}


# ------------------------------------------------------------------ what becomes of looks


class Looks(Outlet):
    """Looks at the party from time to time, and after each event of it."""

    def __init__(self, view: View, first: Json) -> None:
        self.view = view
        now = time.monotonic()
        self._look_at = now + self._pause_s(first)
        self.saw(first, now)

    def saw(self, data: Json, now: float) -> None:
        """Take in how everybody stands."""

    def told(self, at: float, words: str) -> None:
        """Take in what happened, in words."""

    def frames(self, raws: list[str], now: float) -> None:
        """Take events: those of this party are told, and looked at soon."""
        for frame in map(decoded, raws):
            kind, data = text(frame.get("type")), record(frame.get("data"))
            mine = data.get("party_id") == self.view.where.party_id
            if mine or kind == "snapshot":
                self._look_at = min(self._look_at, now + AFTER_EVENT_S)
            if mine and kind == "effect.tell_event" and not data.get("to") and data.get("text"):
                at = frame.get("at")
                self.told(float(at) if isinstance(at, int | float) else time.time(), text(data.get("text")))

    def due_in(self, now: float) -> float | None:
        """Wait until it is time to look."""
        return max(self._look_at - now, 0.0)

    def tick(self, now: float) -> None:
        """Look when it is time. Ends with the party."""
        if now < self._look_at:
            return
        self._look_at = now + ASK_S
        try:
            data = self.view.look()
        except CtlError as error:
            if error.exit_code != REFUSED:
                return  # the stream notices it, too, and says so
            self.told(time.time(), error.message)
            raise KeyboardInterrupt from None
        now = time.monotonic()
        self._look_at = now + self._pause_s(data)
        self.saw(data, now)
        if data.get("phase") == "ended":
            raise KeyboardInterrupt

    def _pause_s(self, data: Json) -> float:
        return ASK_S if data.get("phase") in MOVING else ASK_STILL_S


class JsonLooks(Looks):
    """Every look as one line of JSON, as segued answered it."""

    def saw(self, _data: Json, _now: float) -> None:
        """Pass the answer on."""
        print(self.view.raw, flush=True)

    def told(self, _at: float, words: str) -> None:
        """Say it where it does not disturb a program."""
        if sys.stderr is not None:
            print(f"seguectl: {words}", file=sys.stderr, flush=True)

    def away(self, why: str) -> None:
        """Say it once."""
        self.told(0.0, f"segued went away ({why}); trying again.")

    def back(self, away_s: float) -> None:
        """Say it once."""
        self.told(0.0, f"segued is back, after {duration(away_s)}.")


class LineLooks(Looks):
    """What happens, and now and then everybody's drift, as lines for a person's log."""

    def __init__(self, view: View, first: Json, paint: Paint) -> None:
        self.paint = paint
        self._said = ""
        self._said_at = -LINE_S
        super().__init__(view, first)

    def saw(self, data: Json, now: float) -> None:
        """Write everybody's drift, when it is time or the state is another one."""
        state = f"{text(data.get('phase'))} {text(data.get('film'))}"
        if state == self._said and now - self._said_at < LINE_S:
            return
        if state == self._said and data.get("phase") not in MOVING:
            return
        self._said, self._said_at = state, now
        self._print(time.time(), _in_a_line(data, self.paint))

    def told(self, at: float, words: str) -> None:
        """Write what happened."""
        self._print(at, words)

    def away(self, why: str) -> None:
        """Say it once."""
        self._print(time.time(), self.paint("yellow", f"segued went away ({why}); trying again"))

    def back(self, away_s: float) -> None:
        """Say it once."""
        self._print(time.time(), self.paint("green", f"segued is back, after {duration(away_s)}"))

    def _print(self, at: float, words: str) -> None:
        print(f"{self.paint('dim', moment(at))} {words}", flush=True)


def _in_a_line(data: Json, paint: Paint) -> str:
    parts = [summary(data, paint)]
    position = whole(data.get("position_ms"))
    parts += [clock(position)] if position is not None else []
    drifts = []
    for viewer in records(data.get("viewers")):
        value = whole(viewer.get("drift_ms"))
        gone = viewer.get("present") is not True
        away = text(viewer.get("away")) or text(viewer.get("problem"))
        how = "gone" if gone else away or ("-" if value is None else f"{value:+d} ms")
        drifts.append(f"{text(viewer.get('username'))} {how}")
    return "  ".join([*parts, ", ".join(drifts)]).rstrip()


class Picture(Looks):
    """Everybody's drift as bars, under lines that say what happened."""

    def __init__(self, view: View, first: Json, paint: Paint, screen: Screen) -> None:
        self.board = Board()
        self.paint = paint
        self.screen = screen
        self.fds = (screen.woken, 0) if screen.reads_keys else (screen.woken,)
        super().__init__(view, first)

    def saw(self, data: Json, now: float) -> None:
        """Take it into the picture."""
        self.board.learn(data, now)
        self._show()

    def told(self, at: float, words: str) -> None:
        """Let it scroll by above the picture."""
        self._show(f"{self.paint('dim', moment(at))} {words}")

    def away(self, why: str) -> None:
        """Say it in the picture, which stands."""
        self.board.notice = f"segued is away ({why}); trying again"
        self._show()

    def back(self, away_s: float) -> None:
        """Say it once, and look anew."""
        self.board.notice = ""
        self.told(time.time(), self.paint("green", f"segued is back, after {duration(away_s)}"))

    def due_in(self, now: float) -> float | None:
        """Wait for the next look, or until the film's clock has another second."""
        look_in = super().due_in(now) or 0.0
        at = self.board.position_ms(now)
        if at is None or self.board.data.get("runs") is not True:
            return look_in
        return min(look_in, 1.0 - (at / 1000) % 1.0)

    def tick(self, now: float) -> None:
        """Take keys and signals, look when it is time, and draw."""
        self.screen.signals()
        if self.screen.reads_keys and pressed(QUIT_KEYS):
            raise KeyboardInterrupt
        super().tick(now)
        self._show()

    def _show(self, *lines: str) -> None:
        columns, rows = self.screen.size
        self.screen.show(lines, self.board.draw(columns - 1, rows - 2, time.monotonic(), self.paint))
