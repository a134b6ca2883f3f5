"""The ingest's desk as plain data: it has what a test puts there."""

from collections.abc import Sequence
from typing import Literal

from segue.core.ingest.facts import ParsedName
from segue.core.ingest.records import HistoryRecord
from segue.core.ingest.requests import SourceFile
from segue.interfaces.answers import ApiError
from segue.interfaces.door import GivenCandidate, WantedId
from segue.interfaces.views import Json
from tests.helpers.ingest import MATRIX


class Desk:
    """Implements `interfaces.door.IngestDesk`."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[SourceFile, ...]] = {}
        self.records: list[HistoryRecord] = []
        self.refreshed: list[str] = []

    async def files_below(self, path: str) -> tuple[SourceFile, ...]:
        if path.rstrip("/") not in self.files:
            raise ApiError(404, "no_such_path", f"{path} is not there.")
        return self.files[path.rstrip("/")]

    async def identify(self, path: str, *, batch: bool) -> Json:
        return {"schema": "segue.identify/1", "path": path, "batch": batch}

    async def plan(self, path: str, *, threshold: float | None, intent: Literal["ingest", "rename"]) -> Json:
        return {"schema": "segue.plan/1", "path": path, "threshold": threshold, "intent": intent}

    async def backlog(self) -> Json:
        return {"schema": "segue.backlog/1", "files": 12, "bytes": 3_400_000_000, "seconds": 34, "roots": []}

    async def history(self, limit: int, before: float | None, text: str) -> list[HistoryRecord]:
        return self.records[:limit]

    async def entry(self, record_id: str) -> HistoryRecord | None:
        return next((record for record in self.records if record.record_id == record_id), None)

    async def history_counts(self) -> tuple[int, int]:
        return len(self.records), sum(len(record.files) for record in self.records)

    async def candidate(self, wanted: WantedId, names: Sequence[ParsedName]) -> GivenCandidate:
        if wanted.tmdb_id != MATRIX.tmdb_id:
            raise ApiError(404, "unknown_id", f"TMDb has no {wanted.tmdb_id}.")
        return GivenCandidate(MATRIX)

    async def libraries(self) -> Json:
        return {"schema": "segue.libraries/1", "libraries": []}

    async def library_folders(self, name: str) -> tuple[str, ...]:
        return ("/films",)

    async def refresh(self, rating_key: str) -> None:
        self.refreshed.append(rating_key)

    async def doctor(self) -> Json:
        return {"schema": "segue.doctor/1", "checks": []}
