"""Why something happened: every act of the house, how it went, and the chain of steps back to its first cause.

An *act* is an effect that somebody can notice: a level, a mute, a source, a transport command, a party's film that is
elsewhere from now on. The levels of one fade are one act. The chain begins with the step that the effect names in
`because`; from there each step leads to its cause: a rule's action to the step that the rule looked at, an outcome to
what wanted the effect that it answers. It ends with what came from outside: a webhook, a person, a deadline.

Everything but `query` is a pure function over rows.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Literal, Protocol, TypeVar

import msgspec

from segue.core.actions import DeadlineDue
from segue.core.ingest.actions import FolderScanned, Recorded, ScanFailed, StageFailed, Transferred, Undone
from segue.core.ingest.effects import RecordIngest, ScanFolder, TransferFiles, UndoIngest
from segue.core.music.actions import CommandDone, CommandFailed, PlayerCommandDone, PlayerCommandFailed
from segue.core.music.effects import CommandPlayer, ReceiverTransport, SelectSource, SetMute, SetVolume
from segue.core.party.effects import PublishState
from segue.core.stamp import cause_of
from segue.runtime import party_words
from segue.runtime.ingest_words import act_words
from segue.runtime.ledger import rows_of, told_rows
from segue.runtime.rows import StepRow, is_act
from segue.runtime.words import words_for

T = TypeVar("T")
RoomEffect = SetVolume | SetMute | SelectSource | ReceiverTransport | CommandPlayer
ActEffect = RoomEffect | TransferFiles | RecordIngest | UndoIngest | ScanFolder | PublishState
Outcome = (
    CommandDone
    | CommandFailed
    | PlayerCommandDone
    | PlayerCommandFailed
    | Transferred
    | Recorded
    | Undone
    | StageFailed
    | FolderScanned
    | ScanFailed
)

LIMIT_MAX = 200
ROWS_A_JOB = 256
"""Rows read between two commits."""
ROWS_MAX = 8192
"""Rows looked at for one answer; a fade has about forty."""
CHAIN_MAX = 16
"""Steps of one chain."""


class Because(msgspec.Struct, frozen=True):
    """One step of a chain of causes."""

    seq: int
    at: float
    """Seconds since the Unix epoch."""
    type: str
    text: str
    """In plain words."""
    by: str
    rule: str


class Act(msgspec.Struct, frozen=True):
    """Something the house did."""

    seq: int
    """Number of the step that began it."""
    at: float
    """When it began, in seconds since the Unix epoch."""
    act: str
    """In plain words: `volume 42 -> 18 in 12 steps`."""
    room: str
    why: str
    outcome: Literal["done", "failed", "pending"]
    outcome_detail: str
    because: tuple[Because, ...]
    """Nearest cause first; the last one is the first cause that the journal still has."""


class Why(msgspec.Struct, frozen=True):
    """The answer, newest act first."""

    acts: tuple[Act, ...]
    schema: str = "segue.why/1"


# ------------------------------------------------------------------ acts


class Deed(msgspec.Struct):
    """The effects that make one act, newest first, each with its step."""

    effects: list[tuple[StepRow, ActEffect]]

    @property
    def room(self) -> str:
        """The room it concerns; nothing for what concerns the library or a party."""
        return room_of(self.effects[0][1])

    @property
    def because(self) -> int:
        """Number of the step that led here; of a party's state the very step: much happens there by itself."""
        row, effect = self.effects[0]
        return row.seq if isinstance(effect, PublishState) else effect.because

    def is_whole(self, oldest_seq: int) -> bool:
        """Tell whether steps older than this one can add nothing: no effect is older than its `because`."""
        return not isinstance(self.effects[0][1], SetVolume) or oldest_seq <= self.because

    def takes(self, effect: ActEffect) -> bool:
        """Tell whether an older effect of the same room belongs to this act: another level of the same fade."""
        newer = self.effects[0][1]
        return (
            isinstance(newer, SetVolume) and isinstance(effect, SetVolume) and effect.because == newer.because
        )


def room_of(effect: ActEffect) -> str:
    """Give the room that an effect concerns; nothing for what concerns the library or a party."""
    return effect.room if isinstance(effect, RoomEffect) else ""


class Acts:
    """Collects acts and outcomes out of steps that are given newest first."""

    def __init__(self, room: str | None, limit: int) -> None:
        self._room = room
        self._limit = limit
        self._deeds: list[Deed] = []
        self._latest: dict[str, Deed] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._oldest_seq = 0

    def add(self, row: StepRow) -> None:
        """Take in a step that is older than all before. What this segue cannot read is passed over."""
        self._oldest_seq = row.seq
        try:
            action, effects = row.action(), row.effects()
        except msgspec.MsgspecError:
            return
        if isinstance(action, Outcome):
            self._outcomes.setdefault(action.effect_id, action)
        for effect in reversed(effects):
            if isinstance(effect, ActEffect) and is_act(effect) and self._room in (None, room_of(effect)):
                self._add_effect(row, effect)

    def _add_effect(self, row: StepRow, effect: ActEffect) -> None:
        deed = self._latest.get(room_of(effect))
        if deed is not None and deed.takes(effect):
            deed.effects.append((row, effect))
            return
        deed = Deed([(row, effect)])
        self._latest[room_of(effect)] = deed
        self._deeds.append(deed)

    @property
    def complete(self) -> bool:
        """True when older steps cannot change the newest `limit` acts any more."""
        return len(self._deeds) >= self._limit and all(
            self._latest[deed.room] is not deed or deed.is_whole(self._oldest_seq) for deed in self.deeds()
        )

    def deeds(self) -> list[Deed]:
        """Give the newest acts, newest first."""
        return self._deeds[: self._limit]

    def answer(self, causes: Mapping[int, StepRow | None]) -> Why:
        """Give the acts in words, with the chains that these steps allow."""
        return Why(tuple(self._act(deed, causes) for deed in self.deeds()))

    def _act(self, deed: Deed, causes: Mapping[int, StepRow | None]) -> Act:
        first, _ = deed.effects[-1]
        outcome, detail = _outcome(deed, self._outcomes)
        return Act(
            seq=first.seq,
            at=first.stamp.wall_at,
            act=_act_words(deed),
            room=deed.room,
            why=deed.effects[0][1].why,
            outcome=outcome,
            outcome_detail=detail,
            because=tuple(map(_because, chain(deed.because, causes)[0])),
        )


def _act_words(deed: Deed) -> str:
    match deed.effects[0][1]:
        case SetVolume():
            return _volume_words(deed)
        case SetMute(muted=muted):
            return "mute" if muted else "unmute"
        case SelectSource(source=source):
            return f"source {source.input or source.station or source.title or source.media_id or 'of HEOS'}"
        case ReceiverTransport(verb=verb):
            return f"receiver {verb}"
        case CommandPlayer(verb="seek", position_ms=int(position_ms)):
            return f"player seek to {position_ms / 1000:.1f} s"
        case CommandPlayer(verb=verb):
            return f"player {verb}"
        case TransferFiles() | RecordIngest() | UndoIngest() | ScanFolder() as effect:
            return act_words(effect)
        case PublishState() as effect:
            return party_words.act_words(effect)


def _volume_words(deed: Deed) -> str:
    """Say from where to where, by way of a turning point: a fade in goes down first."""
    levels = [effect.level for _, effect in reversed(deed.effects) if isinstance(effect, SetVolume)]
    before = deed.effects[-1][0].levels.get(deed.room)
    path = ([] if before is None else [before]) + levels
    ends = [path[0], path[-1]] if len(path) > 1 else path
    for turn in (min(path), max(path)):
        if len(path) > 1 and not min(path[0], path[-1]) <= turn <= max(path[0], path[-1]):
            ends.insert(-1, turn)
    steps = f" in {len(levels)} steps" if len(levels) > 1 else ""
    return f"volume {' -> '.join(map(str, ends))}{steps}"


def _outcome(deed: Deed, outcomes: Mapping[str, Outcome]) -> tuple[Literal["done", "failed", "pending"], str]:
    """Say how an act went: as its last effect did; a level on the way that failed is mentioned."""
    last = outcomes.get(deed.effects[0][1].effect_id)
    match last:
        case None:
            told = isinstance(deed.effects[0][1], PublishState)  # agents follow it, each in its time
            return "done" if told else "pending", ""
        case CommandFailed() | PlayerCommandFailed() | ScanFailed():
            return "failed", f"{last.reason}: {last.detail}" if last.detail else last.reason
        case StageFailed():
            return "failed", f"{last.kind}: {last.detail}" if last.detail else last.kind
        case Transferred():
            return "done", f"{last.files[0].method}, {last.took_s:.1f} s" if last.files else ""
        case Recorded() | Undone() | FolderScanned():
            return "done", ""
        case CommandDone() | PlayerCommandDone():
            pass
    missed = sum(isinstance(outcomes.get(e.effect_id), CommandFailed) for _, e in deed.effects)
    if missed:
        return "done", f"{missed} of {len(deed.effects)} levels were not taken"
    via = f"{last.path}, " if isinstance(last, PlayerCommandDone) else ""
    return "done", f"{via}{last.took_s * 1000:.0f} ms"


# ------------------------------------------------------------------ causes


def chain(seq: int, causes: Mapping[int, StepRow | None]) -> tuple[list[StepRow], int | None]:
    """Follow the causes from a step to the first one; `None` stands for a step that the journal does not have.

    Gives the steps, nearest first, and the number of a step that has to be looked up before the chain is whole.
    """
    found: list[StepRow] = []
    following: int | None = seq
    while following is not None and len(found) < CHAIN_MAX:
        if following not in causes:
            return found, following
        row = causes[following]
        if row is None:
            break
        found.append(row)
        if row.cause is not None and row.cause not in causes:
            return found, row.cause
        following = _next_cause(row, causes)
    return found, None


def _next_cause(row: StepRow, causes: Mapping[int, StepRow | None]) -> int | None:
    """Give the step before this one; never a later one, whatever the rows say.

    An outcome leads to what wanted its effect, past the steps of a fade that only carried it on.
    """
    if row.cause is None or row.cause >= row.seq:
        return None
    asked = causes.get(row.cause)
    if asked is None:
        return row.cause
    try:
        effect_id = getattr(row.action(), "effect_id", "")
        because = next((e.because for e in asked.effects() if e.effect_id == effect_id), row.cause)
    except msgspec.MsgspecError:
        return row.cause
    return because if cause_of(effect_id) == row.cause and because < row.seq else row.cause


def _because(row: StepRow) -> Because:
    try:
        text = words_for(row.action(), row.by)
        if isinstance(row.action(), DeadlineDue):
            # A deadline has no name; what it led to tells which it was.
            led_to = ", ".join(dict.fromkeys(e.why.replace("_", " ") for e in row.effects()))
            text += f" ({led_to})" if led_to else ""
    except msgspec.MsgspecError:
        text = row.type.rpartition(".")[2].replace("_", " ")
    return Because(row.seq, row.stamp.wall_at, row.type, text, row.by, row.rule)


def missing(deeds: Iterable[Deed], causes: Mapping[int, StepRow | None]) -> set[int]:
    """Give the numbers of the steps that have to be looked up next."""
    wanted = (chain(deed.because, causes)[1] for deed in deeds)
    return {seq for seq in wanted if seq is not None}


def explain(rows: Sequence[StepRow], room: str | None = None, limit: int = 20) -> Why:
    """Answer out of steps in memory, given in order."""
    acts = Acts(room, limit)
    for row in reversed(rows):
        acts.add(row)
    causes: dict[int, StepRow | None] = {row.seq: row for row in rows}
    while unknown := missing(acts.deeds(), causes):
        causes.update(dict.fromkeys(unknown))
    return acts.answer(causes)


# ------------------------------------------------------------------ over the journal


class Reader(Protocol):
    """Whoever can read the journal's connection, such as `SqliteJournal`."""

    def read(self, job: Callable[[sqlite3.Connection], T]) -> Awaitable[T]:
        """Run a short job between two commits."""


async def query(reader: Reader, room: str | None, limit: int) -> Why:
    """Answer out of the journal, in short readings between which commits go on."""
    acts = Acts(room, max(1, min(limit, LIMIT_MAX)))
    before: int | None = None
    for _ in range(ROWS_MAX // ROWS_A_JOB):
        found = await reader.read(partial(told_rows, before=before, limit=ROWS_A_JOB))
        for row in found:
            acts.add(row)
        if len(found) < ROWS_A_JOB or acts.complete:
            break
        before = found[-1].seq
    causes: dict[int, StepRow | None] = {}
    for _ in range(2 * CHAIN_MAX):
        wanted = sorted(missing(acts.deeds(), causes))
        if not wanted:
            break
        rows = await reader.read(partial(rows_of, seqs=wanted))
        causes.update(dict.fromkeys(wanted))
        causes.update({row.seq: row for row in rows})
    return acts.answer(causes)
