"""One call of seguectl, understood: what a command gets to do its work with."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable

from segue.cli.client import Answer, House
from segue.cli.errors import REFUSED, CtlError, usage
from segue.cli.fields import Json
from segue.cli.paint import Paint, columns_of_terminal, paint_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")

ONLY_ROOM = "-"
"""What segued takes for *the only room of the house*, and refuses with the names when there are several."""
UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

Render = Callable[[Json, Paint], list[str]]
WideRender = Callable[[Json, Paint, int | None], list[str]]
"""One that is told how many columns there are; nothing where no terminal binds."""


class Call:
    """The words and options of one command line, and the house that they are meant for."""

    def __init__(self, name: str, house: House, options: Namespace) -> None:
        self.name = name
        self.house = house
        self.options = options
        self.words: list[str] = options.words
        self.json: bool = options.json or getattr(options, "format", None) == "json"
        self.paint = paint_for(sys.stdout)

    # -------------------------------------------------------------- words

    def nothing(self) -> None:
        """Take no words at all."""
        if self.words:
            raise usage(f"{self.name} takes no {self.words[0]!r}.", self._help())

    def room(self) -> str | None:
        """Take the words as a room, or nothing."""
        named: str | None = self.options.room
        if len(self.words) > (named is None):
            raise usage(f"{self.name} takes one room and nothing else, not {self.words[-1]!r}.", self._help())
        return named if named is not None else _name(self.words[0]) if self.words else None

    def room_and(self, read: Callable[[str], T | None], expected: str) -> tuple[str | None, T | None]:
        """Take the words as a room and a value; a single word is a room only when it reads as no value."""
        named: str | None = self.options.room
        words = self.words if named is None else [named, *self.words]
        if len(words) > 2:
            raise usage(f"{self.name} takes a room and {expected}, not {words[-1]!r} as well.", self._help())
        if len(words) == 2:
            value = read(words[1])
            if value is None:
                raise usage(f"{words[1]!r} is not {expected}.", self._help())
            return _name(words[0]), value
        if not words:
            return None, None
        value = read(words[0]) if named is None else None
        return (None, value) if value is not None else (_name(words[0]), None)

    def one(self, what: str) -> str:
        """Take exactly one word."""
        word = self.one_or_none(what)
        if word is None:
            raise usage(f"{self.name} needs {what}.", self._help())
        return word

    def one_or_none(self, what: str) -> str | None:
        """Take one word, or nothing."""
        if len(self.words) > 1:
            raise usage(f"{self.name} takes {what} and nothing else, not {self.words[1]!r}.", self._help())
        return self.words[0] if self.words else None

    def verb(self, known: tuple[str, ...]) -> str:
        """Take the first word as one of those that the command knows; the rest stays."""
        expected = f"{', '.join(known[:-1])} or {known[-1]}" if len(known) > 1 else known[0]
        if not self.words:
            raise usage(f"{self.name} needs {expected}.", self._help())
        verb = self.words.pop(0)
        if verb not in known:
            raise usage(f"{self.name} takes {expected}, not {verb!r}.", self._help())
        return verb

    def chosen(self, *switches: str) -> str:
        """Give the one of these switches that was said, or nothing. Raises when several were."""
        said = [name for name in switches if getattr(self.options, name.replace("-", "_"))]
        if len(said) > 1:
            raise usage(f"--{said[0]} and --{said[1]} exclude each other.", self._help())
        return said[0] if said else ""

    def misused(self, message: str) -> CtlError:
        """Give the error of words and options that do not go together."""
        return usage(message, self._help())

    def _help(self) -> str:
        return f"`seguectl {self.name} --help` shows what it takes."

    # -------------------------------------------------------------- asking and telling

    def tell(self, path: str, body: Json | None = None) -> Answer:
        """Ask for something to be done, and for a confirmation where segued wants one."""
        try:
            return self.house.post(path, body)
        except CtlError as refusal:
            if not refusal.confirm:
                raise
            if not self.options.yes:
                _confirm(refusal)
            return self.house.post(path, body, confirm=refusal.confirm)

    def show(self, answer: Answer, render: Render) -> None:
        """Print an answer: as it came with `--json`, else in words."""
        if self.json:
            print_json(answer.raw)
            return
        for line in render(answer.data, self.paint):
            print(line)


def room_path(room: str | None, verb: str) -> str:
    """Write the path of a room's verb."""
    return f"/api/v1/rooms/{quoted(ONLY_ROOM if room is None else room)}/{verb}"


def quoted(name: str) -> str:
    """Write a name so that it is one part of a path or one value of a query (RFC 3986, 2.1)."""
    return "".join(chr(b) if b in UNRESERVED else f"%{b:02X}" for b in name.encode(errors="surrogateescape"))


def wide(render: WideRender) -> Render:
    """Tell a page how wide the terminal is."""
    return lambda data, paint: render(data, paint, columns_of_terminal())


def print_json(raw: str) -> None:
    """Print JSON as one line for a program, and with indents for a person."""
    if sys.stdout is None or not sys.stdout.isatty():
        print(raw)
        return
    indented = json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    print("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in indented))


def _name(word: str) -> str:
    if not word:
        raise usage("The name of the room is empty.", "`seguectl rooms` lists them.")
    return word


def _confirm(refusal: CtlError) -> None:
    """Ask the person at the terminal. Raises the refusal when there is none, or the answer is not yes."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        refusal.hint = "Say `--yes` to do it without being asked."
        raise refusal
    print(f"{refusal.message} Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CtlError(REFUSED, "not_confirmed", "Nothing was done.")
