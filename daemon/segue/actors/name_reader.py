"""Reads release names in worker processes, and remembers what was read.

Reading takes up to 50 ms a name and would hold the interpreter; a fade shares it. So the work is done in at most two
processes, which come when needed and go when idle. What hangs or breaks a worker costs that worker and its own name,
nothing else.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec
import trio
from anyio import CapacityLimiter, to_process

from segue.actors.name_worker import in_worker, unreadable
from segue.adapters.guessit_names import guessit_version
from segue.core.ingest.facts import ParsedName
from segue.core.ingest.names_text import READER_VERSION, context

WORKERS_MAX: Final = 2
BATCH_NAMES: Final = 32
"""Enough to make the way to the worker cheap, few enough that two workers end at about the same time."""

CHUNK_NAMES: Final = 128
"""So many names are looked up before others get their turn: a thousand would be late for a fade."""

BATCH_DEADLINE_S: Final = 30.0
"""For a batch, the start of the worker included. It takes 0.4 s when nothing is wrong."""

NAME_DEADLINE_S: Final = 10.0
"""For one name alone, after its batch failed."""

CACHED_CHARS_MAX: Final = 1024
"""Longer paths are read each time."""


class NameCache(Protocol):
    """Where readings are kept: rows of bytes by key, in whatever the house keeps things in."""

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Give those rows that exist."""

    async def put_many(self, rows: Mapping[str, bytes]) -> None:
        """Keep rows; one that exists is replaced."""


class NameReader:
    """Reads paths relative to their ingest root. One instance serves all who ask; each may ask at any time."""

    def __init__(
        self,
        cache: NameCache | None = None,
        *,
        batch_deadline_s: float = BATCH_DEADLINE_S,
        name_deadline_s: float = NAME_DEADLINE_S,
    ) -> None:
        self._cache = cache
        self._batch_deadline_s = batch_deadline_s
        self._name_deadline_s = name_deadline_s
        self._turns = trio.CapacityLimiter(WORKERS_MAX)
        self._limiter: CapacityLimiter | None = None
        self._prefix = ""

    async def read(self, paths: Sequence[str]) -> list[ParsedName]:
        """Read paths, in their order. Never fails: what cannot be read has the flag `unreadable_name`.

        Several paths whose name and nearest folders are the same are read once.
        """
        found: dict[str, ParsedName] = {}
        keys: list[str] = []
        async with trio.open_nursery() as nursery:
            for at in range(0, len(paths), CHUNK_NAMES):
                keys += map(context, paths[at : at + CHUNK_NAMES])
                chunk = [name for name in dict.fromkeys(keys[at:]) if name not in found]
                found |= dict.fromkeys(chunk, _PENDING)
                known = await self._remembered(chunk)
                found |= known
                missing = [name for name in chunk if name not in known]
                for first in range(0, len(missing), BATCH_NAMES):
                    nursery.start_soon(self._take, missing[first : first + BATCH_NAMES], found)
                await trio.lowlevel.checkpoint()
        return [found[key] for key in keys]

    # ------------------------------------------------------------------ remembering

    async def _remembered(self, contexts: list[str]) -> dict[str, ParsedName]:
        if self._cache is None or not contexts:
            return {}
        self._prefix = self._prefix or f"guessit {guessit_version()}/segue {READER_VERSION}/"
        keys = {self._prefix + name: name for name in contexts if _may_be_cached(name)}
        rows = await self._cache.get_many(list(keys))
        known = {}
        for key, row in rows.items():
            try:
                known[keys[key]] = _DECODER.decode(row)
            except (msgspec.MsgspecError, KeyError):
                continue  # a row that nobody can read is read anew from its name
        return known

    async def _remember(self, fresh: dict[str, ParsedName]) -> None:
        if self._cache is None:
            return
        rows = {
            self._prefix + name: _ENCODER.encode(parsed)
            for name, parsed in fresh.items()
            if "unreadable_name" not in parsed.flags and _may_be_cached(name)
        }
        if rows:
            await self._cache.put_many(rows)

    # ------------------------------------------------------------------ working

    async def _take(self, batch: list[str], found: dict[str, ParsedName]) -> None:
        """Read one batch when it is its turn, and remember it at once: what follows may be stopped."""
        async with self._turns:
            fresh = await self._read_batch(batch)
        found |= fresh
        await self._remember(fresh)

    async def _read_batch(self, batch: list[str]) -> dict[str, ParsedName]:
        """Read a batch; when it fails, read its names one by one, so that only the guilty one is lost."""
        parsed = await self._in_process(batch, self._batch_deadline_s)
        if parsed is not None:
            return dict(zip(batch, parsed, strict=True))
        found = {}
        for name in batch:
            alone = await self._in_process([name], self._name_deadline_s)
            found[name] = alone[0] if alone is not None else unreadable()
        return found

    async def _in_process(self, batch: list[str], deadline_s: float) -> list[ParsedName] | None:
        """Send a batch to a worker; nothing when the worker was too slow (it is killed) or broke."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(WORKERS_MAX)
        with trio.move_on_after(deadline_s):
            try:
                return await to_process.run_sync(in_worker, batch, cancellable=True, limiter=self._limiter)
            except (
                Exception
            ):  # the worker broke, could not start, or what it ran raised: its names are read alone
                return None
        return None


_PENDING: Final = unreadable()
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(ParsedName)


def _may_be_cached(name: str) -> bool:
    """Tell whether a name can be a key: not endless, and text that every database can store."""
    return len(name) <= CACHED_CHARS_MAX and not any("\ud800" <= c <= "\udfff" for c in name)
