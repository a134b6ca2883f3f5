"""Every effect there is, and what becomes of one that is let go."""

from typing import Literal

from segue.core.actions import Action
from segue.core.ingest.actions import LongRunEnded, ScanFailed, Stage, StageFailed, WatchPutOff
from segue.core.ingest.effects import (
    IdentifySource,
    IngestEffects,
    LocateDestination,
    ProbeSources,
    RecordIngest,
    RunAdopt,
    RunVerify,
    ScanFolder,
    TransferFiles,
    UndoIngest,
    WatchRoot,
    WorkerEffect,
)
from segue.core.music.actions import CommandFailed, PlayerCommandFailed, SessionsUnread
from segue.core.music.effects import CommandPlayer, FetchSessions, HeosEffect, MusicEffects
from segue.core.party.effects import PartyEffects
from segue.core.system.effects import SystemEffects
from segue.core.vocabulary import EffectBase

Effect = MusicEffects | IngestEffects | PartyEffects | SystemEffects


def dropped(effect: EffectBase, reason: Literal["dropped", "commit_late"], detail: str) -> Action | None:
    """Give the outcome of an effect that was never carried out; nothing where nobody waits for one.

    Whoever lets go of an effect (a full inbox, an actor that fell over, a commit that came too late) dispatches this,
    so that no room waits for an answer that cannot come.
    """
    match effect:
        case HeosEffect():
            return CommandFailed(effect.effect_id, effect.room, reason, detail)
        case CommandPlayer():
            return PlayerCommandFailed(effect.effect_id, effect.room, reason, detail)
        case FetchSessions():
            return SessionsUnread(effect.effect_id, "dropped", detail)
        case ProbeSources():
            return StageFailed(effect.effect_id, "", "probe", reason, detail)
        case WorkerEffect() if type(effect) in STAGES:
            return StageFailed(effect.effect_id, effect.job_id, STAGES[type(effect)], reason, detail)
        case RunVerify() | RunAdopt():
            return LongRunEnded(effect.effect_id, 0, error=detail)
        case WatchRoot():
            return WatchPutOff(effect.root, detail)
        case ScanFolder():
            return ScanFailed(effect.effect_id, effect.folder, "dropped", detail)
        case _:
            return None


STAGES: dict[type[WorkerEffect], Stage] = {
    IdentifySource: "identify",
    LocateDestination: "locate",
    TransferFiles: "transfer",
    RecordIngest: "record",
    UndoIngest: "undo",
}
"""Which stage of a job each of the worker's effects is."""
