"""What the party agent keeps between two evenings, in two small files: what its players are like, and its invitation.

Each file is replaced as a whole, so that a crash leaves the old one or the new one. Both are readable by their owner
only. What cannot be read is begun anew: nothing here is needed to take part.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec
import trio
from msgspec.structs import replace as but

from segue import logs
from segue.core.party.sync.latency import (
    LATENCY_MAX_S,
    LATENCY_MIN_S,
    LOAD_MAX_S,
    LOAD_MIN_S,
    SEEK_MAX_S,
    SEEK_MIN_S,
    Learned,
    clamp,
)

PLAYERS_FILE = "party-players.json"
AGENT_FILE = "party-agent.json"
FILE_BYTES_MAX = 256 * 1024
SAVE_S = 30.0
"""What changes is written so much later, in seconds, with what changes meanwhile."""
PLAYERS_MAX = 64
"""So many players are remembered; the one that was heard of longest ago is forgotten first."""

_RANGES = {
    "unpause_s": (LATENCY_MIN_S, LATENCY_MAX_S),
    "pause_s": (LATENCY_MIN_S, LATENCY_MAX_S),
    "seek_s": (SEEK_MIN_S, SEEK_MAX_S),
    "seek_sigma_s": (0.01, 1.5),
    "park_s": (0.1, SEEK_MAX_S),
    "load_s": (LOAD_MIN_S, LOAD_MAX_S),
    "release_sigma_s": (0.01, 0.4),
    "refresh_s": (0.0, 10.0),
}


class KeptPlayer(msgspec.Struct, frozen=True):
    """A player that was seen once."""

    title: str = ""
    learned: Learned = Learned()


class KeptAgent(msgspec.Struct, frozen=True):
    """What the agent knows of itself."""

    name: str = ""
    """Who it is towards an orchestrator that it was invited to, where no username is configured."""
    invitation: str = ""
    """A link with a secret in it; empty: none is in force."""
    ended: tuple[str, ...] = ()
    """Hashes of invitations that are over, so that a file that holds one does not bring it back. With a name behind
    it: this one does not let us in by that name."""

    def __repr__(self) -> str:
        """Show it without the secret."""
        return f"KeptAgent(name={self.name!r}, invited={bool(self.invitation)})"


def sane(learned: Learned) -> Learned:
    """Hold what a file says of a player to what can be."""
    changes: dict[str, Any] = {}
    for name, (low, high) in _RANGES.items():
        value = getattr(learned, name)
        changes[name] = clamp(value, low, high) if isfinite(value) else getattr(Learned(), name)
    for name in ("unpause_seen", "pause_seen", "seek_seen", "load_seen"):
        changes[name] = max(0, min(1000, getattr(learned, name)))
    quantum = learned.quantum_ms if learned.quantum_ms in (1, 1000) else None
    return but(learned, quantum_ms=quantum, speed=False, **changes)


class KeptPlayers:
    """What was learned of each player, by its identifier; the one that was heard of last comes last."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / PLAYERS_FILE
        self._players: dict[str, KeptPlayer] = {}
        self._written: dict[str, KeptPlayer] = {}
        self._changed = trio.Event()

    async def load(self) -> None:
        """Read the file, once, at the start."""
        read = await _read(self._path, dict[str, KeptPlayer])
        self._players = {key: but(p, learned=sane(p.learned)) for key, p in (read or {}).items()}
        self._written = dict(self._players)

    def learned(self, device_id: str) -> Learned | None:
        """Give what a player is like; nothing for one that was never driven."""
        known = self._players.get(device_id)
        return None if known is None else known.learned

    @property
    def titles(self) -> Mapping[str, str]:
        """The title of each player that is remembered, by identifier."""
        return {device_id: player.title for device_id, player in self._players.items()}

    def note(self, device_id: str, *, title: str = "", learned: Learned | None = None) -> None:
        """Take in what is known now."""
        known = self._players.pop(device_id, KeptPlayer())
        now = KeptPlayer(title or known.title, learned or known.learned)
        self._players[device_id] = now
        if now != self._written.get(device_id):
            self._changed.set()
        while len(self._players) > PLAYERS_MAX:
            del self._players[next(iter(self._players))]

    async def keep(self) -> None:
        """Write what changes, now and then, for ever; asleep while nothing does."""
        while True:
            await self._changed.wait()
            await trio.sleep(SAVE_S)
            self._changed = trio.Event()
            await self.save()

    async def save(self) -> None:
        """Write the file, where anything changed. A disk that refuses costs a warning and nothing else."""
        players = dict(self._players)
        if players != self._written and await _write(self._path, msgspec.json.encode(players)):
            self._written = players


async def read_agent(state_dir: Path) -> KeptAgent:
    """Read what the agent kept."""
    return await _read(state_dir / AGENT_FILE, KeptAgent) or KeptAgent()


async def write_agent(state_dir: Path, kept: KeptAgent) -> bool:
    """Keep it; says whether that worked."""
    return await _write(state_dir / AGENT_FILE, msgspec.json.encode(kept))


async def off_the_loop(job: Callable[[], Any]) -> Any:
    """Do what may wait for a disk. Tests on virtual time put something else here: their clock waits for no thread."""
    return await trio.to_thread.run_sync(job)


async def _read(path: Path, kind: Any) -> Any:
    def read() -> Any:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
        if len(data) > FILE_BYTES_MAX:
            raise ValueError("too long")
        return msgspec.json.decode(data, type=kind)

    try:
        return await off_the_loop(read)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        # The text of a decoding error may quote the file, in which there may be a secret.
        logs.get_logger("party_agent").warning(f"{path} cannot be read ({type(error).__name__}); begun anew.")
        return None


async def _write(path: Path, data: bytes) -> bool:
    def write() -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            draft.replace(path)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()

    try:
        await off_the_loop(write)
    except OSError as error:
        logs.get_logger("party_agent").warning(f"{path} cannot be written: {error.strerror}.")
        return False
    return True
