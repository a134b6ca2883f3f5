"""How a HEOS command finds its function: the request that carries it, and tables of functions by name.

A function gets a `Request`, whose helpers read and check the arguments, and returns an `Answer` or raises
`RefusalError`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from segue.demo.heos_household import RECORDS_MAX, Household
from segue.demo.heos_player import Player
from segue.demo.heos_protocol import Answer, Command, ErrorId, RefusalError, echoed, query

Meaning = TypeVar("Meaning")
SWITCH: Final[Mapping[str, bool]] = {"on": True, "off": False}


class Session(Protocol):
    """What a connection remembers between its commands."""

    registered: bool
    pretty: bool


@dataclass(frozen=True)
class Request:
    """One command, the household it is about, and the connection it came from.

    `stale_s` is the fault of that name: how long old media are still reported after a url was played.
    """

    command: Command
    house: Household
    session: Session
    stale_s: float = 0.0

    def text(self, name: str) -> str:
        """An argument that must be there."""
        if name not in self.command.args:
            raise RefusalError(ErrorId.WRONG_ARGUMENTS)
        return self.command.args[name]

    def choice(self, name: str, words: Mapping[str, Meaning], default: Meaning | None = None) -> Meaning:
        """An argument that must be one of a few words; return what the word means."""
        if default is not None and name not in self.command.args:
            return default
        value = self.text(name)
        if value not in words:
            raise RefusalError(ErrorId.WRONG_ARGUMENTS)
        return words[value]

    def number(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number within bounds."""
        if default is not None and name not in self.command.args:
            return default
        value = self.whole(name)
        if not low <= value <= high:
            raise RefusalError(ErrorId.OUT_OF_RANGE)
        return value

    def whole(self, name: str) -> int:
        """A whole number."""
        return _whole(self.text(name))

    def numbers(self, name: str) -> list[int]:
        """A list of whole numbers, separated by commas, at least one."""
        return [_whole(part) for part in self.text(name).split(",")]

    def switch(self, name: str, default: bool | None = None) -> bool:
        """`on` or `off`."""
        return self.choice(name, SWITCH, default)

    def player(self) -> Player:
        """The player that `pid` names."""
        return self.house.player(self.whole("pid"))

    def gid(self) -> int:
        """The group that `gid` names, which must exist."""
        gid = self.whole("gid")
        self.house.group(gid)
        return gid

    def answer(self, payload: Any = None, options: Any = None, **more: object) -> Answer:
        """The usual answer: the arguments, then `more`."""
        return Answer(query(echoed(self.command) | more), payload, options)

    def slice(self, size: int) -> tuple[int, int]:
        """First and one past the last record that `range=first,last` asks for, never more than a reply carries."""
        if "range" not in self.command.args:
            return 0, min(size, RECORDS_MAX)
        bounds = self.numbers("range")
        if len(bounds) != 2 or not 0 <= bounds[0] <= bounds[1]:
            raise RefusalError(ErrorId.OUT_OF_RANGE)
        return bounds[0], min(bounds[1] + 1, bounds[0] + RECORDS_MAX, size)


Handler = Callable[[Request], Answer]


class CommandTable(dict[str, Handler]):
    """Functions by command name, e.g. `player/get_volume`."""

    def entry(self, name: str) -> Callable[[Handler], Handler]:
        """Enter the decorated function under `name`."""

        def enter(handler: Handler) -> Handler:
            self[name] = handler
            return handler

        return enter

    def execute(self, request: Request) -> Answer:
        """Carry a command out. Raises RefusalError."""
        handler = self.get(request.command.name)
        if handler is None:
            raise RefusalError(ErrorId.UNRECOGNIZED_COMMAND)
        return handler(request)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise RefusalError(ErrorId.WRONG_ARGUMENTS) from None
