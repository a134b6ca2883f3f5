"""Whatever happens in whatever order: the ingest's promises hold."""

from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace as but

from segue.core.ingest import reducer
from segue.core.ingest.actions import (
    FolderScanned,
    Identified,
    LibraryFacts,
    Located,
    OnServer,
    Recorded,
    RootFacts,
    ScanFailed,
    SourceProbe,
    SourcesFound,
    SourcesGone,
    SourcesProbed,
    StageFailed,
    Transferred,
    TransferredFile,
    TransfersHeld,
)
from segue.core.ingest.effects import (
    IdentifySource,
    LocateDestination,
    ProbeSources,
    RecordIngest,
    ScanFolder,
    TransferFiles,
    WorkerEffect,
)
from segue.core.ingest.moving import AT_ONCE, is_held
from segue.core.ingest.requests import (
    DownloadCompleted,
    IngestRequested,
    ReviewApproved,
    ReviewRejected,
    ReviewRetried,
    SourceFile,
    TransfersPaused,
    TransfersResumed,
)
from segue.core.ingest.state import (
    IngestState,
    Queued,
    Reviewing,
    Settling,
    Working,
    durable,
    revived,
    with_jobs,
)
from segue.core.stamp import Stamp
from segue.core.vocabulary import EffectBase, Refuse
from segue.runtime.rows import digest
from tests.helpers.ingest import MATRIX, NAMED, SETTINGS

NAMES = ("a.mkv", "b/c.mkv", "b/d.mkv", "e.mkv")
PATHS = st.sampled_from([f"/in/{name}" for name in NAMES])
KINDS = st.sampled_from(
    [
        "dropped",
        "commit_late",
        "worker_died",
        "no_space",
        "io",
        "source_gone",
        "source_changed",
        "destination_exists",
    ]
)
OUTCOMES = (IdentifySource, LocateDestination, TransferFiles, RecordIngest)


class IngestMachine(RuleBasedStateMachine):
    """The slice with a world that may answer anything at any time, late and twice."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.seq, self.now_at, self.wall_at = IngestState(), 0, 50.0, 1_800_000_000.0
        self.open: list[EffectBase] = []
        """Effects that have had no outcome yet."""
        self.recorded: dict[str, Any] = {}
        self._step(lambda stamp: reducer.configure(self.state, SETTINGS, stamp))

    def _step(self, step: Any) -> list[EffectBase]:
        self.seq += 1
        stamp = Stamp(self.seq, self.now_at, self.wall_at, self.seq * 7919)
        before, fingerprint = self.state, digest(self.state)
        again = step(stamp)
        self.state, effects = step(stamp)
        assert (digest(again[0]), again[1]) == (digest(self.state), effects), (
            "the same step twice is the same"
        )
        assert digest(before) == fingerprint, "a step changed what was before it"
        ids = [effect.effect_id for effect in effects]
        assert len(ids) == len(set(ids))
        for effect in effects:
            if isinstance(effect, (*OUTCOMES, ProbeSources, ScanFolder)):
                self.open.append(effect)
            if isinstance(effect, TransferFiles):
                assert effect.after_commit
                assert not is_held(self.state)
            if isinstance(effect, RecordIngest):
                known = self.recorded.setdefault(effect.job_id, effect.record)
                assert known == effect.record, "a job has one entry, whatever happens"
        return list(effects)

    def act(self, action: Any) -> list[EffectBase]:
        return self._step(lambda stamp: reducer.reduce(self.state, action, stamp))

    # ---------------------------------------------------------------- the world

    @rule(path=PATHS, size=st.integers(1, 3))
    def a_file_turns_up(self, path: str, size: int) -> None:
        self.act(SourcesFound("/in", (SourceFile(path, size, size, 1, 1),)))

    @rule(path=PATHS)
    def a_file_goes(self, path: str) -> None:
        self.act(SourcesGone("/in", (path,)))

    @rule(seconds=st.sampled_from([0.5, 5, 61, 400, 4000]))
    def time_passes(self, seconds: float) -> None:
        until_at = self.now_at + seconds
        for _ in range(200):
            due_at = reducer.next_deadline(self.state)
            if due_at is None or due_at > until_at:
                break
            self.now_at = max(self.now_at, due_at)
            before = self.state
            self._step(lambda stamp: reducer.expire(self.state, stamp))
            assert self.state is not before
        self.now_at = until_at
        self.wall_at += seconds

    @rule()
    def a_spurious_wake_up(self) -> None:
        due_at = reducer.next_deadline(self.state)
        if due_at is None or due_at > self.now_at:
            before = self.state
            assert self._step(lambda stamp: reducer.expire(self.state, stamp)) == []
            assert self.state is before

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def an_effect_ends(self, data: st.DataObject) -> None:
        effect = data.draw(st.sampled_from(self.open), label="effect")
        if data.draw(st.booleans(), label="for the last time"):
            self.open.remove(effect)
        match effect:
            case ProbeSources():
                self._probe(effect, data)
            case ScanFolder():
                fails: Any = data.draw(st.sampled_from(["", "down", "no_section"]))
                self.act(
                    ScanFailed(effect.effect_id, effect.folder, fails, "x")
                    if fails
                    else FolderScanned(effect.effect_id, effect.folder)
                )
            case WorkerEffect():
                self._worker(effect, data)

    @rule(rounds=st.integers(1, 6))
    def all_goes_well(self, rounds: int) -> None:
        """The world answers what it is asked, for some rounds: so that jobs come far in few steps."""
        self.time_passes(61)
        for _ in range(rounds):
            waiting, self.open = self.open, []
            for effect in waiting:
                match effect:
                    case ProbeSources():
                        known = {job.source.path: job.source for job in self.state.jobs.values()}
                        self.act(
                            SourcesProbed(
                                effect.effect_id,
                                tuple(
                                    SourceProbe(p, f.size, f.mtime_ns, f.inode, f.device, structure="whole")
                                    for p in effect.paths
                                    if (f := known.get(p)) is not None
                                ),
                            )
                        )
                    case ScanFolder():
                        self.act(FolderScanned(effect.effect_id, effect.folder))
                    case WorkerEffect():
                        self._answer(effect, MATRIX, ())

    def _answer(self, effect: WorkerEffect, candidate: Any, old: tuple[OnServer, ...]) -> None:
        match effect:
            case IdentifySource():
                self.act(Identified(effect.effect_id, effect.job_id, NAMED, (candidate,)))
            case LocateDestination():
                roots = (RootFacts("/films", exists=True, free_bytes=10**12),)
                self.act(Located(effect.effect_id, effect.job_id, LibraryFacts(roots=roots, on_server=old)))
            case TransferFiles():
                files = tuple(TransferredFile(f.source, f.root, f.path, f.size) for f in effect.plan.files)
                self.act(Transferred(effect.effect_id, effect.job_id, files))
            case RecordIngest():
                self.act(Recorded(effect.effect_id, effect.job_id))

    def _probe(self, effect: ProbeSources, data: st.DataObject) -> None:
        probes = []
        for path in effect.paths:
            job = next((j for j in self.state.jobs.values() if j.source.path == path), None)
            size = data.draw(st.sampled_from([None, 1, 2])) if job is None else job.source.size
            if data.draw(st.integers(0, 9)) == 0:
                size = None
            structure: Any = data.draw(st.sampled_from(["whole", "whole", "unknown", "broken"]))
            probes.append(SourceProbe(path, size, size or 0, 1, 1, structure=structure))
        self.act(SourcesProbed(effect.effect_id, tuple(probes)))

    def _worker(self, effect: WorkerEffect, data: st.DataObject) -> None:
        if data.draw(st.integers(0, 3), label="fails if 0") == 0:
            kind = data.draw(KINDS)
            from segue.core.effects import STAGES

            self.act(StageFailed(effect.effect_id, effect.job_id, STAGES[type(effect)], kind, "x"))
            return
        sure = data.draw(st.booleans(), label="sure")
        old = () if sure else (OnServer("/films/X/X.mkv", 1, "720"),)
        self._answer(effect, MATRIX if sure else but(MATRIX, title_similarity=0.5, exact=False), old)

    # ---------------------------------------------------------------- people

    @rule(hold=st.sampled_from(["", "wait", "slow"]))
    def somebody_watches(self, hold: Any) -> None:
        self.act(TransfersHeld(hold, "x"))

    @rule(paused=st.booleans())
    def copies_are_paused(self, *, paused: bool) -> None:
        self.act(TransfersPaused() if paused else TransfersResumed())

    @rule(path=PATHS)
    def a_hook_fires(self, path: str) -> None:
        self.act(DownloadCompleted(path))

    @precondition(lambda self: self.state.jobs)
    @rule(data=st.data(), what=st.sampled_from(["approve", "replace", "reject", "retry"]))
    def a_person_decides(self, data: st.DataObject, what: str) -> None:
        job_id = data.draw(st.sampled_from(list(self.state.jobs)))
        before = self.state
        match what:
            case "approve":
                effects = self.act(ReviewApproved((job_id,), who="uid:1"))
            case "replace":
                effects = self.act(ReviewApproved((job_id,), "replace", "uid:1"))
            case "reject":
                effects = self.act(ReviewRejected((job_id,)))
            case _:
                effects = self.act(ReviewRetried((job_id,)))
        if any(isinstance(effect, Refuse) for effect in effects):
            assert self.state.jobs == before.jobs

    @rule(path=PATHS)
    def a_person_takes_a_file_in(self, path: str) -> None:
        self.act(IngestRequested(path, (SourceFile(path, 2, 2, 1, 1),), auto=True))

    @rule()
    def the_process_dies(self) -> None:
        """What the journal has is taken up by the next one; outcomes of the former one reach nobody."""
        self.state = with_jobs(revived(durable(self.state)), self.state.jobs)
        self.open.clear()
        self.now_at += 1000.0
        self._step(lambda stamp: reducer.configure(self.state, SETTINGS, stamp))

    # ---------------------------------------------------------------- promises

    @invariant()
    def no_stage_has_more_than_it_may(self) -> None:
        for stage, limit in AT_ONCE.items():
            busy = sum(
                isinstance(j.phase, Working) and j.phase.stage == stage for j in self.state.jobs.values()
            )
            assert busy <= limit

    @invariant()
    def nobody_waits_for_ever(self) -> None:
        """Each job waits for a deadline, a worker, a person, its turn, or for those who watch."""
        due_at = reducer.next_deadline(self.state)
        busy = any(isinstance(job.phase, Working) for job in self.state.jobs.values())
        for job in self.state.jobs.values():
            match job.phase:
                case Settling():
                    assert due_at is not None
                case Queued(stage=stage, not_before_at=moment):
                    waits = moment is not None and moment > self.now_at
                    held = stage in ("transfer", "undo") and is_held(self.state)
                    assert busy or held or (waits and due_at is not None) or due_at is not None
                case Reviewing():
                    assert job.reasons
                case _:
                    pass

    @invariant()
    def no_two_jobs_have_one_source(self) -> None:
        paths = [job.source.path for job in self.state.jobs.values() if job.intent != "undo"]
        assert len(paths) == len(set(paths))

    @invariant()
    def no_two_jobs_go_to_one_place(self) -> None:
        places = [
            job.plan.files[0].path
            for job in self.state.jobs.values()
            if job.plan is not None
            and isinstance(job.phase, Queued | Working)
            and job.phase.stage == "transfer"
        ]
        assert len(places) == len(set(places))


TestIngestMachine = IngestMachine.TestCase
TestIngestMachine.settings = hypothesis_settings(max_examples=80, stateful_step_count=40, deadline=None)
