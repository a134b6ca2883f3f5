"""Guests at a party that are not ours: clients in processes of their own, and what they say."""

import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import Any

import trio

from tests.e2e.party_house import PATIENCE_S
from tests.helpers.rig import REPO, clean_environ

GUEST = REPO / "tests" / "helpers" / "party_guest.py"
OLD_GUEST = REPO / "tests" / "helpers" / "party_old_guest.py"


@dataclass
class Guest:
    """A client in a process of its own, and what it said so far."""

    process: trio.Process
    lines: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _more: trio.Event = field(default_factory=trio.Event)

    async def tell(self, **order: Any) -> None:
        """Have it do something."""
        assert self.process.stdin is not None
        await self.process.stdin.send_all(json.dumps(order).encode() + b"\n")

    def heard(self, kind: str, /, **fields: Any) -> list[dict[str, Any]]:
        """Give the messages of a type, and with such fields, that it was sent, oldest first."""
        messages = [line["heard"] for line in self.lines if "heard" in line]
        return [m for m in messages if m.get("type") == kind and fields.items() <= m.items()]

    @property
    def player(self) -> dict[str, Any]:
        """What its player does at last."""
        did = [line["player"] for line in self.lines if "player" in line]
        return dict(did[-1]) if did else {}

    def position_ms(self) -> float:
        """Where its film is now: it and this process read the same clock."""
        last = next(line for line in reversed(self.lines) if "player" in line)
        player = last["player"]
        since_s = time.monotonic() - last["at"] if player["running"] else 0.0
        return float(player["position_ms"] + 1000 * since_s)

    async def until(self, happened: Callable[["Guest"], Any], what: str) -> Any:
        """Wait until what it said so far fulfils something, and give that."""
        with trio.move_on_after(PATIENCE_S):
            while not (found := happened(self)):
                self._more = trio.Event()
                await self._more.wait()
            return found
        raise AssertionError(f"not {what} within {PATIENCE_S:g} s: {self.lines[-8:]} {self.errors}")

    async def read(self) -> None:
        """Take in what it says until it ends."""
        assert self.process.stdout is not None
        rest = b""
        async for piece in self.process.stdout:
            *lines, rest = (rest + piece).split(b"\n")
            self.lines += map(json.loads, lines)
            self._more.set()

    async def read_errors(self) -> None:
        """Take in what it complains about."""
        assert self.process.stderr is not None
        async for piece in self.process.stderr:
            self.errors.append(piece.decode(errors="replace"))


@asynccontextmanager
async def guest(program: Path, *arguments: str, passkey: str = "", invite: str = "") -> AsyncIterator[Guest]:
    """Run a client that knows only the protocol's page."""
    environ = clean_environ() | {"PASSKEY": passkey, "INVITE": invite}
    process = await trio.lowlevel.open_process(
        [sys.executable, str(program), *arguments], stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environ
    )
    try:
        async with trio.open_nursery() as nursery:
            here = Guest(process)
            nursery.start_soon(here.read)
            nursery.start_soon(here.read_errors)
            yield here
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            if process.poll() is None:
                process.kill()
            await process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    await stream.aclose()
