"""A HEOS device in memory that says exactly what a test tells it to, for tests under virtual time.

By itself it answers the commands that begin a connection and acknowledges all others, at once. A test puts a function
of its own in the place of a command, and sees when which command came over which connection.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import trio
import trio.testing

from segue.adapters.heos import HeosEvent, HeosSystem

PID = -1428708007
REGISTER = "system/register_for_change_events"
SET_VOLUME = "player/set_volume"
GET_VOLUME = "player/get_volume"
PLAY_INPUT = "browse/play_input"
PLAYERS: list[dict[str, Any]] = [{"name": "Living Room", "pid": PID, "model": "AVR", "serial": "B1"}]


def reply(name: str, message: str = "", payload: Any = None, result: str = "success") -> bytes:
    """An answer as the device writes it."""
    body: dict[str, Any] = {"heos": {"command": name, "result": result, "message": message}}
    if payload is not None:
        body["payload"] = payload
    return json.dumps(body).encode() + b"\r\n"


def refusal(name: str, error_id: int, text: str = "No", about: str = "") -> bytes:
    return reply(name, f"eid={error_id}&text={text}&{about}".rstrip("&"), result="fail")


def event(name: str, message: str = "") -> bytes:
    return json.dumps({"heos": {"command": f"event/{name}", "message": message}}).encode() + b"\r\n"


def volume_event(level: int, mute: str = "off", pid: int = PID) -> bytes:
    return event("player_volume_changed", f"pid={pid}&level={level}&mute={mute}")


@dataclass
class Asked:
    """A command as it came."""

    at: float
    connection: int
    name: str
    args: dict[str, str]
    query: str


@dataclass(eq=False)
class Connection:
    """The device's end of one connection."""

    number: int
    stream: trio.abc.Stream
    host: str
    registered: bool = False

    async def say(self, *lines: bytes) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self.stream.send_all(b"".join(lines))

    async def drop(self) -> None:
        await self.stream.aclose()


Answer = Callable[["Connection", Asked], Awaitable[None]]


@dataclass(eq=False)
class Script:
    """The device. `on` maps command names to what the test wants to happen instead."""

    on: dict[str, Answer] = field(default_factory=dict)
    connect: Callable[[str], Awaitable[None]] | None = None
    """Awaited before a connection is accepted; may raise OSError."""
    players: list[dict[str, Any]] = field(default_factory=lambda: list(PLAYERS))
    asked: list[Asked] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    attempts: list[tuple[float, str]] = field(default_factory=list)
    peak: int = 0
    nursery: trio.Nursery | None = None

    async def open_stream(self, host: str, port: int) -> trio.abc.Stream:
        assert port == 1255
        self.attempts.append((trio.current_time(), host))
        if self.connect is not None:
            await self.connect(host)
        ours, theirs = trio.testing.memory_stream_pair()
        connection = Connection(len(self.attempts), ours, host)
        assert self.nursery is not None
        self.nursery.start_soon(self._serve, connection)
        self.connections.append(connection)
        self.peak = max(self.peak, len(self.connections))
        return theirs

    def names(self, connection: int | None = None) -> list[str]:
        return [a.name for a in self.asked if connection is None or a.connection == connection]

    def sent(self, name: str) -> list[Asked]:
        return [a for a in self.asked if a.name == name]

    @property
    def listening(self) -> Connection:
        return next(c for c in self.connections if c.registered)

    async def tell(self, *lines: bytes) -> None:
        """Send to whoever has registered for events."""
        for connection in self.connections:
            if connection.registered:
                await connection.say(*lines)

    async def _serve(self, connection: Connection) -> None:
        buffer = b""
        try:
            while data := await connection.stream.receive_some(65536):
                *lines, buffer = (buffer + data).split(b"\r\n")
                for line in lines:
                    await self._answer(connection, line.decode())
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self.connections.remove(connection)
            await trio.aclose_forcefully(connection.stream)

    async def _answer(self, connection: Connection, line: str) -> None:
        name, _, query = line.removeprefix("heos://").partition("?")
        asked = Asked(trio.current_time(), connection.number, name, dict(parse_qsl(query)), query)
        self.asked.append(asked)
        if name in self.on:
            await self.on[name](connection, asked)
        else:
            await self.acknowledge(connection, asked)

    async def acknowledge(self, connection: Connection, asked: Asked) -> None:
        """What a healthy device does."""
        payload = None
        if asked.name == "system/register_for_change_events":
            connection.registered = asked.args["enable"] == "on"
        elif asked.name == "player/get_players":
            payload = self.players
        await connection.say(reply(asked.name, asked.query, payload))


async def acknowledges(connection: Connection, asked: Asked) -> None:
    await connection.say(reply(asked.name, asked.query))


async def nothing(connection: Connection, asked: Asked) -> None:
    """Be silent."""


def after(seconds: float, *lines: bytes) -> Answer:
    """Answer late. The connection is served one command after the other, so later ones wait."""

    async def answer(connection: Connection, asked: Asked) -> None:
        await trio.sleep(seconds)
        await connection.say(*(lines or (reply(asked.name, asked.query),)))

    return answer


def in_turn(*answers: Answer) -> Answer:
    """A different answer each time; the last one for ever."""
    left = list(answers)

    async def answer(connection: Connection, asked: Asked) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(connection, asked)

    return answer


def says(*lines: bytes) -> Answer:
    return after(0.0, *lines)


@dataclass(eq=False)
class Heard:
    """The events that a system told, and when."""

    log: list[tuple[float, HeosEvent]] = field(default_factory=list)
    news: trio.lowlevel.ParkingLot = field(default_factory=trio.lowlevel.ParkingLot)

    def __call__(self, happened: HeosEvent) -> None:
        self.log.append((trio.current_time(), happened))
        self.news.unpark_all()

    @property
    def events(self) -> list[HeosEvent]:
        return [happened for _, happened in self.log]

    def of(self, *kinds: type) -> list[Any]:
        return [happened for happened in self.events if isinstance(happened, kinds)]

    async def until(self, kind: type, count: int = 1) -> Any:
        """Wait for the `count`th event of a kind."""
        with trio.fail_after(1000):
            while len(self.of(kind)) < count:
                await self.news.park()
        return self.of(kind)[count - 1]


@asynccontextmanager
async def open_system(
    script: Script, hosts: Iterable[str] = ("avr",), *, up: bool = True, **options: Any
) -> AsyncIterator[tuple[HeosSystem, Heard]]:
    """Run a system against the scripted device; by default once both its connections are there."""
    heard = Heard()
    options = {"jitter": lambda: 0.0, "open_stream": script.open_stream} | options
    async with trio.open_nursery() as nursery:
        script.nursery = nursery
        system = HeosSystem(list(hosts), on_event=heard, **options)
        await nursery.start(lambda task_status: system.run(task_status=task_status))
        if up:
            await trio.sleep(0.5)
            assert system.host
        yield system, heard
        nursery.cancel_scope.cancel()


def volume(level: int) -> bytes:
    return reply(GET_VOLUME, f"pid={PID}&level={level}")


async def refused_connection(host: str) -> None:
    raise ConnectionRefusedError(111, "Connection refused")


def first_fails(count: int) -> Callable[[str], Awaitable[None]]:
    """Connections of which the first `count` are refused."""
    left = [count]

    async def connect(host: str) -> None:
        left[0] -= 1
        if left[0] >= 0:
            await refused_connection(host)

    return connect


class Timer:
    """How long something took, in virtual seconds."""

    def __init__(self) -> None:
        self.started_at = trio.current_time()

    @property
    def s(self) -> float:
        return trio.current_time() - self.started_at
