"""The ingest domain alone: its state, the effects that it wants done, and a clock that the test turns."""

from collections.abc import Callable
from typing import TypeVar

from segue.core.ingest import reducer
from segue.core.ingest.actions import IngestActions, SourceProbe, SourcesFound, SourcesProbed
from segue.core.ingest.effects import ProbeSources
from segue.core.ingest.facts import Candidate, ParsedName
from segue.core.ingest.requests import Request, SourceFile
from segue.core.ingest.settings import IngestSettings
from segue.core.ingest.state import IngestState, Job
from segue.core.stamp import Stamp
from segue.core.vocabulary import Accept, EffectBase, Refuse, Say

Kind = TypeVar("Kind", bound=EffectBase)
WALL = 1_800_000_000.0
SETTINGS = IngestSettings(
    watch=("/in",),
    movies=("/films",),
    shows=("/shows",),
    auto=True,
    plex_configured=True,
    tmdb_configured=True,
)
MATRIX = Candidate(
    "film",
    603,
    "The Matrix",
    year=1999,
    votes=25_000,
    runtime_min=136,
    title_similarity=1.0,
    exact=True,
    detailed=True,
    imdb_id="tt0133093",
)
NAMED = ParsedName(
    kind="film", title="The Matrix", year=1999, resolution="1080p", source="BluRay", readers="canonical"
)


class Domain:
    """The slice, stepped by hand."""

    def __init__(self, settings: IngestSettings = SETTINGS) -> None:
        self.state = IngestState()
        self.seq, self.now_at, self.wall_at = 0, 1000.0, WALL
        self.effects: list[EffectBase] = []
        """All that was ever wanted."""
        self.fresh: list[EffectBase] = []
        """What the last step wanted."""
        self._take(lambda stamp: reducer.configure(self.state, settings, stamp))

    def _take(self, step: Callable[[Stamp], reducer.Step]) -> None:
        self.seq += 1
        stamp = Stamp(self.seq, self.now_at, self.wall_at, self.seq * 0x1234567)
        self.state, self.fresh = step(stamp)
        self.effects += self.fresh

    def configure(self, settings: IngestSettings) -> None:
        self._take(lambda stamp: reducer.configure(self.state, settings, stamp))

    def act(self, action: IngestActions) -> None:
        self._take(lambda stamp: reducer.reduce(self.state, action, stamp))

    def later(self, seconds: float) -> None:
        """Let time pass, with every deadline on the way."""
        until_at = self.now_at + seconds
        for _ in range(10_000):
            due_at = reducer.next_deadline(self.state)
            if due_at is None or due_at > until_at:
                break
            self.wall_at += max(due_at - self.now_at, 0.0)
            self.now_at = max(due_at, self.now_at)
            before = self.state
            self._take(lambda stamp: reducer.expire(self.state, stamp))
            assert self.state is not before, "a deadline that stays due would spin for ever"
        self.wall_at += until_at - self.now_at
        self.now_at = until_at

    # ---------------------------------------------------------------- what is there

    @property
    def job(self) -> Job:
        (job,) = self.state.jobs.values()
        return job

    def wanted(self, kind: type[Kind]) -> list[Kind]:
        """Every effect of a kind, the oldest first."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def last(self, kind: type[Kind]) -> Kind:
        return self.wanted(kind)[-1]

    @property
    def said(self) -> list[str]:
        return [effect.text for effect in self.wanted(Say)]

    @property
    def refused(self) -> Refuse | None:
        return next((e for e in self.fresh if isinstance(e, Refuse)), None)

    @property
    def accepted(self) -> str:
        return next((e.doing for e in self.fresh if isinstance(e, Accept)), "")

    # ---------------------------------------------------------------- what happens

    def find(self, *names: str, size: int = 1000, mtime_ns: int = 5) -> None:
        files = tuple(SourceFile(f"/in/{name}", size, mtime_ns, 7, 1) for name in names)
        self.act(SourcesFound("/in", files))

    def probe(self, **facts: object) -> None:
        """Answer the last question about files: each is as it was, and whole, unless said otherwise."""
        effect = self.last(ProbeSources)
        jobs = {job.source.path: job for job in self.state.jobs.values()}
        probes = []
        for path in effect.paths:
            source = jobs[path].source
            plain: dict[str, object] = {
                "size": source.size,
                "mtime_ns": source.mtime_ns,
                "inode": source.inode,
                "device": source.device,
                "structure": "whole",
                "duration_s": 8160.0,
            }
            probes.append(SourceProbe(path, **(plain | facts)))  # type: ignore[arg-type]
        self.act(SourcesProbed(effect.effect_id, tuple(probes)))


def requests() -> tuple[type[Request], ...]:
    """Every request that there is."""
    return tuple(Request.__subclasses__())
