"""A HEOS client of a few lines, for tests that look at single lines of the wire."""

import json
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import trio

from segue.demo.heos_player import Player
from segue.demo.heos_speaker import HeosSpeaker

_hosts = random.Random(os.getpid())


def fresh_host() -> str:
    """Return a loopback address that hardly any other test uses: one of four million."""
    return f"127.{_hosts.randint(64, 126)}.{_hosts.randint(0, 255)}.{_hosts.randint(1, 254)}"


@dataclass
class Reply:
    """One line of JSON, taken apart."""

    command: str
    result: str | None
    message: dict[str, str]
    payload: Any = None
    options: Any = None
    raw: bytes = field(default=b"", repr=False)

    @property
    def is_event(self) -> bool:
        return self.command.startswith("event/")

    @property
    def is_promise(self) -> bool:
        return "command under process" in self.message

    @property
    def error(self) -> int | None:
        return int(self.message["eid"]) if self.result == "fail" else None


def take_apart(line: bytes) -> Reply:
    body = json.loads(line)
    heos = body["heos"]
    parts = [part.partition("=") for part in heos.get("message", "").split("&") if part]
    message = {name: unquote(value) for name, _, value in parts}
    return Reply(heos["command"], heos.get("result"), message, body.get("payload"), body.get("options"), line)


class RawClient:
    """Sends lines and reads lines. `events` and `promises` collect what came while waiting for an answer."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.events: list[Reply] = []
        self.promises: list[Reply] = []
        self._buffer = b""

    async def send(self, command: str) -> None:
        await self.stream.send_all(f"heos://{command}\r\n".encode())

    async def line(self, timeout_s: float = 30.0) -> bytes:
        """Next line, without its end; b"" at the end of the stream."""
        with trio.fail_after(timeout_s):
            while b"\r\n" not in self._buffer:
                data = await self.stream.receive_some(65536)
                if not data:
                    return b""
                self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    async def reply(self, timeout_s: float = 30.0) -> Reply:
        return take_apart(await self.line(timeout_s))

    async def ask(self, command: str, timeout_s: float = 30.0) -> Reply:
        """Send a command and return its answer; events and promises that come first are kept."""
        await self.send(command)
        while True:
            reply = await self.reply(timeout_s)
            if reply.is_event:
                self.events.append(reply)
            elif reply.is_promise:
                self.promises.append(reply)
            else:
                return reply

    async def event(self, name: str = "", timeout_s: float = 30.0) -> Reply:
        """The next event, or the next of one name; others before it are dropped."""
        while True:
            reply = self.events.pop(0) if self.events else await self.reply(timeout_s)
            if reply.is_event and reply.command.endswith(name):
                return reply

    async def nothing(self, for_s: float = 0.2) -> None:
        """Nothing comes for a while."""
        with trio.move_on_after(for_s):
            raise AssertionError(f"expected nothing, got {await self.line(for_s * 2)!r}")

    async def listen(self) -> "RawClient":
        """Register for events."""
        assert (await self.ask("system/register_for_change_events?enable=on")).result == "success"
        return self


@asynccontextmanager
async def talking(*players: Player, **settings: Any) -> AsyncIterator[tuple[HeosSpeaker, RawClient]]:
    """Give a speaker in memory and a client that hears its events."""
    async with HeosSpeaker(players or [Player(pid=1)], host=None, **settings) as speaker:
        client = await RawClient(speaker.connect()).listen()
        client.promises.clear()
        yield speaker, client


async def refusal(client: RawClient, command: str) -> int | None:
    """Ask, and return the error id."""
    return (await client.ask(command)).error
