"""Events told in plain words: one line for each that a person would mention, and a fade as one line.

A narrator knows what the house was like, because an event says what is now and a sentence says what has changed. It
holds volume changes back for a moment, so that a fade's dozens of levels, or a hand that turns a knob, become one
sentence.
"""

from __future__ import annotations

import json

from segue.cli.fields import Json, number, record, records, text, whole
from segue.cli.ingest_sentences import INGEST, said
from segue.cli.paint import Paint, pad, width
from segue.cli.render import short_input, title
from segue.cli.sentences import SENTENCES, Told
from segue.cli.words import duration, moment

QUIET_S = 0.8
"""After so long without a further level, a change of volume is over and can be told."""
HOUSE = "house"
"""Stands where a room's name stands, for what concerns no single room."""


class Line:
    """One line: when, in which room, what, and in which colour."""

    def __init__(self, at: float | None, room: str, words: str, style: str = "") -> None:
        self.at = at
        self.room = room
        self.words = words
        self.style = style


class _Run:
    """A level on its way: ours, with a reason, or a hand's."""

    def __init__(self, began: int | None, at: float | None, why: str, because: int | None = None) -> None:
        self.began = began
        self.began_at = at
        self.why = why
        """Why segue does it; empty for a hand."""
        self.because = because
        """Number of the step that began it: two requests are two runs."""
        self.sent: set[int] = set()
        self.seen: list[int] = []
        self.ended_at = at
        self.quiet_at = 0.0


class Narrator:
    """Tells events, one after the other. `now` is this process's monotonic clock; it only decides what is over."""

    def __init__(self, *, verbose: bool = False) -> None:
        self.verbose = verbose
        self.told = Told()
        self._runs: dict[str, _Run] = {}
        self._told_seq: int | None = None

    def snapshot(self, data: Json, at: float) -> list[Line]:
        """Learn how the house is, and tell it: a line for each room."""
        rooms = records(data.get("rooms"))
        self.told.learn(rooms)
        self._runs.clear()
        return [Line(at, text(room.get("name")), _in_short(room)) for room in rooms]

    def event(self, frame: Json, now: float) -> list[Line]:
        """Tell one event, if it is worth telling yet."""
        kind, data, at = text(frame.get("type")), record(frame.get("data")), number(frame.get("at"))
        seq = whole(frame.get("seq"))
        self.told.meet(data)
        if kind == "effect.set_volume":
            return self._level_sent(data, at, now) + self._aside(frame)
        if kind == "music.volume_changed":
            return self._level_seen(data, at, now) + self._aside(frame)
        if kind == "effect.say" and seq is not None and seq == self._told_seq and said(data) is None:
            return []
        sentence = SENTENCES.get(kind)
        found = sentence(self.told, data, frame) if sentence is not None else None
        if found is None:
            return self._aside(frame)
        if kind != "effect.say":
            self._told_seq = seq
        room, words, style = found
        return [*self._tell_hands(), Line(at, room or HOUSE, words, style)]

    def _aside(self, frame: Json) -> list[Line]:
        """Tell an event that has no sentence, to somebody who asked for everything."""
        if not self.verbose:
            return []
        data = record(frame.get("data"))
        words = json.dumps(data, ensure_ascii=False)
        room = text(data.get("room")) or self.told.room_of(data)
        return [
            Line(number(frame.get("at")), room or HOUSE, f"{text(frame.get('type'))} {text(words)}", "dim")
        ]

    # -------------------------------------------------------------- levels

    def _level_sent(self, data: Json, at: float | None, now: float) -> list[Line]:
        room, level = text(data.get("room")), whole(data.get("level"))
        why, because = text(data.get("why")) or "segue", whole(data.get("because"))
        if not room or level is None:
            return []
        lines = []
        run = self._runs.get(room)
        if run is None or (run.why, run.because) != (why, because):
            lines = self._tell_run(room)
            run = self._runs[room] = _Run(self.told.levels.get(room), at, why, because)
        run.sent.add(level)
        run.quiet_at = now + QUIET_S
        return lines

    def _level_seen(self, data: Json, at: float | None, now: float) -> list[Line]:
        room, level = self.told.room_of(data), whole(data.get("level"))
        if not room or level is None:
            return []
        lines = self._mute_seen(room, data.get("muted"), at)
        before = self.told.levels.get(room)
        self.told.levels[room] = level
        if level == before:
            return lines
        run = self._runs.get(room)
        ours = run is not None and level in run.sent
        if run is None or (run.why and not ours):
            lines += self._tell_run(room)
            run = self._runs[room] = _Run(before, at, "")
        run.seen.append(level)
        run.ended_at, run.quiet_at = at, now + QUIET_S
        return lines

    def _mute_seen(self, room: str, muted: object, at: float | None) -> list[Line]:
        before = self.told.muted.get(room)
        if not isinstance(muted, bool) or muted == before:
            return []
        self.told.muted[room] = muted
        return [] if before is None else [Line(at, room, "is muted" if muted else "is heard again")]

    def _tell_run(self, room: str) -> list[Line]:
        run = self._runs.pop(room, None)
        if run is None or not run.seen:
            return []
        return [Line(run.ended_at, room, _run_in_words(run), "cyan" if run.why else "magenta")]

    def _tell_hands(self) -> list[Line]:
        """Tell what hands did so far, so that lines stay in order. A fade is told when it is over."""
        hands = [room for room, run in self._runs.items() if not run.why]
        return [line for room in hands for line in self._tell_run(room)]

    @property
    def quiet_at(self) -> float | None:
        """When the next change of volume will be over, unless it goes on."""
        return min((run.quiet_at for run in self._runs.values()), default=None)

    def settle(self, now: float) -> list[Line]:
        """Tell the changes of volume that are over."""
        over = [room for room, run in self._runs.items() if run.quiet_at <= now]
        return [line for room in over for line in self._tell_run(room)]

    def settle_all(self) -> list[Line]:
        """Tell every change of volume as far as it came: nothing more will be heard of them."""
        return [line for room in list(self._runs) for line in self._tell_run(room)]

    def layout(self, line: Line, paint: Paint) -> str:
        """Write a line: the time, the room, the words."""
        cells = max([len(HOUSE), len(INGEST), *map(width, self.told.names)])
        words = line.words if paint.unicode else line.words.replace("→", "->")
        return f"{paint('dim', moment(line.at))} {paint('bold', pad(line.room, cells))}  {paint(line.style, words)}"


def _run_in_words(run: _Run) -> str:
    first, last = run.began, run.seen[-1]
    move = f"volume {first} → {last}" if first is not None else f"volume {last}"
    if not run.why:
        return f"{move} by hand"
    lasted = (run.ended_at or 0.0) - (run.began_at or 0.0)
    if len(run.seen) == 1 or first is None:
        return f"{move} ({run.why.replace('_', ' ')})"
    direction = "fading in" if last > first else "fading out"
    reason = "" if run.why == "asked" else f": {run.why.replace('_', ' ')}"
    return f"{move} ({direction}{reason}, {duration(lasted)})"


def _in_short(room: Json) -> str:
    """Write how a room is, in half a line."""
    name = title(record(room.get("now")))
    activity = text(room.get("activity")) or "unknown"
    words = [f'{activity} "{name}"' if name else {"unknown": "nothing is known"}.get(activity, activity)]
    level = whole(room.get("level"))
    words += [f"volume {level}"] if level is not None else []
    words += ["muted"] if room.get("muted") is True else []
    words += [f"input {short_input(text(room.get('input')))}"] if room.get("input") else []
    return ", ".join(words)
