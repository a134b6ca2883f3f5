"""A job of the ingest, driven stage by stage by a test that speaks for the workers."""

from typing import Any

from msgspec.structs import replace as but

from segue.core.ingest.actions import (
    Identified,
    LibraryFacts,
    Located,
    Recorded,
    RootFacts,
    StageFailed,
    Transferred,
    TransferredFile,
)
from segue.core.ingest.effects import (
    IdentifySource,
    LocateDestination,
    RecordIngest,
    TransferFiles,
)
from segue.core.ingest.facts import Candidate, ParsedName
from segue.core.ingest.state import (
    Reviewing,
    Working,
)
from tests.helpers.ingest import MATRIX, NAMED, Domain

NAME = "The.Matrix.1999.1080p.BluRay.mkv"
PLACE = "The Matrix (1999)/The Matrix (1999) - 1080p BluRay.mkv"
ROOTS = (RootFacts("/films", exists=True, free_bytes=10**12),)
OTHER = but(MATRIX, tmdb_id=604, title="The Matrix Reloaded", year=2003, title_similarity=0.7, exact=False)


class Life(Domain):
    """A job, driven stage by stage."""

    def arrive(self, name: str = NAME) -> None:
        self.find(name)
        self.later(60)
        self.probe()

    def identify(
        self, *candidates: Candidate, parsed: ParsedName = NAMED, problem: Any = "", detail: str = ""
    ) -> None:
        effect = self.last(IdentifySource)
        found = None if problem else candidates or (MATRIX,)
        self.act(Identified(effect.effect_id, effect.job_id, parsed, found, problem, detail, 8160.0))

    def locate(self, **facts: Any) -> None:
        effect = self.last(LocateDestination)
        self.act(Located(effect.effect_id, effect.job_id, LibraryFacts(**({"roots": ROOTS} | facts))))

    def transfer(self) -> None:
        effect = self.last(TransferFiles)
        files = tuple(
            TransferredFile(f.source, f.root, f.path, f.size, "ab" * 32, "copy", f.kind)
            for f in effect.plan.files
        )
        self.act(Transferred(effect.effect_id, effect.job_id, files, 1.5))

    def record(self) -> None:
        effect = self.last(RecordIngest)
        self.act(Recorded(effect.effect_id, effect.job_id))

    def fail(self, kind: str, stage: Any = "transfer", **more: Any) -> None:
        phase = self.job.phase
        assert isinstance(phase, Working)
        self.act(StageFailed(phase.effect_id, self.job.job_id, stage, kind, "as the disk says", **more))

    def until_transfer(self) -> None:
        self.arrive()
        self.identify()
        self.locate()

    def whole(self) -> None:
        self.until_transfer()
        self.transfer()
        self.record()

    @property
    def codes(self) -> list[str]:
        assert isinstance(self.job.phase, Reviewing), self.job.phase
        return [reason.code for reason in self.job.reasons]
