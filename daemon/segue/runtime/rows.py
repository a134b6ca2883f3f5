"""A step as one row of the journal: how it is written, and read again."""

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace as but

import segue
import segue.core
from segue.core.actions import Action
from segue.core.effects import Effect
from segue.core.ingest.actions import FolderScanned, Recorded, ScanFailed, StageFailed, Transferred, Undone
from segue.core.ingest.effects import RecordIngest, ScanFolder, TransferFiles, UndoIngest
from segue.core.ingest.state import IngestState, Job
from segue.core.music.actions import CommandDone, CommandFailed, PlayerCommandDone, PlayerCommandFailed
from segue.core.music.effects import CommandPlayer, ReceiverTransport, SelectSource, SetMute, SetVolume
from segue.core.party.effects import PublishState
from segue.core.stamp import Stamp
from segue.core.state import State
from segue.runtime.journal import Entry

COLUMNS = "seq, at, now_at, entropy, type, action, cause, rule, who, effects, hashes, levels, told"
"""Of table `steps`, in the order of `encoded`."""
COLUMN_COUNT = 13
ACTS = (
    SetVolume,
    SetMute,
    SelectSource,
    ReceiverTransport,
    CommandPlayer,
    TransferFiles,
    RecordIngest,
    UndoIngest,
    ScanFolder,
    PublishState,
)
"""Effects that somebody in the house can notice: what `why` has to answer for."""
OUTCOMES = (
    CommandDone,
    CommandFailed,
    PlayerCommandDone,
    PlayerCommandFailed,
    Transferred,
    Recorded,
    Undone,
    StageFailed,
    FolderScanned,
    ScanFailed,
)
SLICE_NAMES: tuple[str, ...] = State.__struct_fields__

Row = tuple[int, float, float, int, str, str, int | None, str, str, str, str, str | None, int]

_encoder = msgspec.json.Encoder()
_action_decoder: msgspec.json.Decoder[Action] = msgspec.json.Decoder(Action)
_effects_decoder: msgspec.json.Decoder[tuple[Effect, ...]] = msgspec.json.Decoder(tuple[Effect, ...])
_hashes_decoder: msgspec.json.Decoder[dict[str, str]] = msgspec.json.Decoder(dict[str, str])
_levels_decoder: msgspec.json.Decoder[dict[str, int]] = msgspec.json.Decoder(dict[str, int])

GIL_PIECE = 2047
"""Bytes that `hashlib` digests without letting the interpreter go; more would make each row wait for its turn."""


def is_act(effect: object) -> bool:
    """Tell whether an effect is something to answer for. What one member alone is told changes nothing."""
    return isinstance(effect, ACTS) and not (isinstance(effect, PublishState) and effect.to)


def to_json(value: object) -> bytes:
    """Write a value as JSON. Half of a surrogate pair, as some device may send, is written as a question mark."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encoder.encode(_cleaned(msgspec.to_builtins(value)))


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_cleaned(key): _cleaned(item) for key, item in value.items()}
        case list() | tuple():
            return [_cleaned(item) for item in value]
        case _:
            return value


def digest(slice_: object) -> str:
    """Give the fingerprint of a slice: 16 hex digits of BLAKE2b over its JSON."""
    if isinstance(slice_, IngestState):
        return _digest_of_ingest(slice_)
    return str(_blake2b(to_json(slice_)).hexdigest())


def _blake2b(content: bytes) -> Any:
    data = memoryview(content)
    hasher = blake2b(digest_size=8)
    for start in range(0, len(data), GIL_PIECE):
        hasher.update(data[start : start + GIL_PIECE])
    return hasher


_job_digests: dict[int, tuple[Job, bytes]] = {}
"""By the identity of a job, which is held so that it stays what it is: a thousand jobs are not encoded anew because one
of them has moved on."""
JOB_DIGESTS_MAX = 4096


def _digest_of_ingest(slice_: IngestState) -> str:
    """Digest the slice without its jobs, and of each job its digest."""
    if len(_job_digests) > max(JOB_DIGESTS_MAX, 2 * len(slice_.jobs)):
        _job_digests.clear()
    parts = [to_json(but(slice_, jobs={}))]
    for job in slice_.jobs.values():
        known = _job_digests.get(id(job))
        if known is None or known[0] is not job:
            known = _job_digests[id(job)] = (job, _blake2b(to_json(job)).digest())
        parts.append(known[1])
    return str(_blake2b(b"".join(parts)).hexdigest())


def changed_hashes(before: State, after: State) -> dict[str, str]:
    """Give the fingerprints of the slices that one step changed."""
    return {
        name: digest(getattr(after, name))
        for name in SLICE_NAMES
        if getattr(after, name) is not getattr(before, name)
    }


def encoded(entry: Entry) -> Row:
    """Write a step as a row."""
    stamp, action, effects = entry.stamp, entry.action, entry.effects
    rooms = {effect.room for effect in effects if isinstance(effect, SetVolume)}
    levels = None
    if rooms:
        seen = {r.name: r.receiver.observed_level for r in entry.after.music.rooms if r.name in rooms}
        levels = to_json({name: level for name, level in seen.items() if level is not None}).decode()
    return (
        stamp.seq,
        stamp.wall_at,
        stamp.now_at,
        _signed(stamp.entropy),
        str(type(action).__struct_config__.tag),
        to_json(action).decode(),
        entry.cause,
        entry.rule,
        _cleaned(entry.by),
        to_json(effects).decode() if effects else "[]",
        to_json(changed_hashes(entry.before, entry.after)).decode(),
        levels,
        int(isinstance(action, OUTCOMES) or any(map(is_act, effects))),
    )


class StepRow(msgspec.Struct, frozen=True):
    """A row read back. What an older segue wrote may not fit the types of today; see `action` and `effects`."""

    stamp: Stamp
    type: str
    action_json: str
    cause: int | None
    rule: str
    by: str
    effects_json: str
    hashes: dict[str, str]
    levels: Mapping[str, int]
    """By room, the level that was observed when a `SetVolume` of this step was decided."""

    @property
    def seq(self) -> int:
        """Number of the step."""
        return self.stamp.seq

    def action(self) -> Action:
        """Decode the action. Raises `msgspec.MsgspecError` when this segue knows no such thing."""
        return _action_decoder.decode(self.action_json)

    def effects(self) -> tuple[Effect, ...]:
        """Decode the effects. Raises `msgspec.MsgspecError` when this segue knows no such thing."""
        return () if self.effects_json == "[]" else _effects_decoder.decode(self.effects_json)


def decoded(row: tuple[Any, ...]) -> StepRow:
    """Read a row of `COLUMNS`."""
    seq, at, now_at, entropy, type_, action, cause, rule, who, effects, hashes, levels, _told = row
    return StepRow(
        stamp=Stamp(seq, now_at, at, _unsigned(entropy)),
        type=type_,
        action_json=action,
        cause=cause,
        rule=rule,
        by=who,
        effects_json=effects,
        hashes=_hashes_decoder.decode(hashes),
        levels={} if levels is None else _levels_decoder.decode(levels),
    )


def _signed(entropy: int) -> int:
    """Fit 64 random bits into SQLite's signed integer."""
    return entropy - (1 << 64) if entropy >= 1 << 63 else entropy


def _unsigned(entropy: int) -> int:
    return entropy + (1 << 64) if entropy < 0 else entropy


@cache
def code_version() -> str:
    """Name the code that decides: the version, and a fingerprint of the core's sources.

    A segment can be replayed only by the core that made it.
    """
    root = Path(segue.core.__file__).parent
    hasher = blake2b(digest_size=6)
    for path in sorted(root.rglob("*.py")):
        hasher.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{segue.__version__}+{hasher.hexdigest()}"
