"""The mover process and the daemon's side of it, on the real clock."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing

import segue
from segue.adapters.files.mover_client import Mover
from segue.adapters.files.orders import (
    DropSource,
    Failed,
    Inspect,
    Lines,
    Place,
    Progress,
    Sweep,
    Transfer,
    Verify,
    VerifyFile,
)
from segue.adapters.files.trouble import MoveFailed
from tests.adapters.files.scene import Scene, undoing

FILM = random.Random(8).randbytes(3_000_000)
DEADLINE_S = 60.0
SLOW = 200_000
"""Bytes a second at which `FILM` takes a quarter of a minute."""


@pytest.fixture
def order(scene: Scene) -> Transfer:
    return scene.order(
        scene.file(scene.source("a.mkv", FILM), "A/a.mkv"),
        scene.file(scene.source("a.srt", b"text"), "A/a.srt"),
    )


class Story:
    """Progress as it is told, and a way to wait for a moment of it."""

    def __init__(self) -> None:
        self.told: list[Progress] = []
        self._bell = trio.Event()

    def __call__(self, progress: Progress) -> None:
        self.told.append(progress)
        self._bell.set()
        self._bell = trio.Event()

    async def until(self, true: Callable[[Progress], bool]) -> Progress:
        with trio.fail_after(DEADLINE_S):
            while not self.told or not true(self.told[-1]):
                await self._bell.wait()
        return self.told[-1]


def copying(progress: Progress) -> bool:
    return progress.phase == "copying" and progress.done_bytes > 0


async def test_every_order_has_its_answer(scene: Scene, order: Transfer) -> None:
    """Transfer, verify, inspect, undo, sweep and drop, by the real process."""
    mover = Mover()
    with trio.fail_after(DEADLINE_S):
        moved = await mover.run(order)
        assert scene.tree()["library/A/a.mkv"] == FILM
        files = tuple(VerifyFile(f.root, f.path, f.size, f.sha256) for f in moved.files)
        verified = await mover.run(Verify(job="v", files=files))
        assert [f.status for f in verified.files] == ["ok", "ok"]
        inspected = await mover.run(Inspect(job="i", folder=Place(str(scene.library), "A")))
        assert [entry.name for entry in inspected.entries] == ["a.mkv", "a.srt"]
        undone = await mover.run(undoing(moved))
        assert [file.did for file in undone.files] == ["recycled", "recycled"]
        scene.shelve(".segue-old-0.partial", b"")
        swept = await mover.run(Sweep(job="s", roots=(str(scene.library),)))
        assert swept.removed == (f"{scene.library}/.segue-old-0.partial",)
        (scene.ingest / "a.mkv").unlink()
        dropped = await mover.run(DropSource(job="7.1", files=order.files[:1]))
        assert dropped.paths == ()
    assert mover.jobs == frozenset()


async def test_failures_arrive_whole(scene: Scene, order: Transfer) -> None:
    with pytest.raises(MoveFailed) as failure:
        await Mover().run(msgspec.structs.replace(order, margin_bytes=2**60))
    assert failure.value.kind == "no_space"
    assert failure.value.needed_bytes > 2**60
    assert failure.value.free_bytes > 0
    assert failure.value.path.startswith(str(scene.library))
    assert failure.value.hint
    assert failure.value.message in str(failure.value)


async def test_progress_is_told_while_it_copies(order: Transfer) -> None:
    story = Story()
    await Mover().run(order, story)
    assert {"copying", "syncing", "publishing"} <= {p.phase for p in story.told}
    assert story.told[-1].done_bytes == story.told[-1].total_bytes == len(FILM) + 4


async def test_pause_limit_and_resume_reach_the_process(scene: Scene, order: Transfer) -> None:
    """A slow copy is paused and stands still, then goes on as fast as it can."""
    mover, story = Mover(), Story()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(mover.run, order, story)
        await trio.testing.wait_all_tasks_blocked()
        mover.limit("7.1", SLOW)
        await story.until(copying)
        mover.pause("7.1")
        await trio.sleep(1.0)  # what was under way when the pause came has been told by now
        before = story.told[-1]
        await trio.sleep(1.0)
        assert story.told[-1] == before
        assert before.done_bytes < len(FILM)
        mover.resume("7.1")
        mover.limit("7.1", None)
        with trio.fail_after(DEADLINE_S):
            while mover.jobs:
                await trio.sleep(0.05)
    assert scene.tree()["library/A/a.mkv"] == FILM


async def test_a_cancelled_order_leaves_nothing(scene: Scene, order: Transfer) -> None:
    mover, story = Mover(), Story()
    before = scene.tree()
    failures = []

    async def run() -> None:
        try:
            await mover.run(order, story)
        except MoveFailed as error:
            failures.append(error.kind)

    with trio.fail_after(DEADLINE_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            await trio.testing.wait_all_tasks_blocked()
            mover.limit("7.1", SLOW)
            await story.until(copying)
            mover.cancel("7.1")
    assert failures == ["cancelled"]
    assert (scene.tree(), scene.folders()) == (before, [])


async def test_a_cancelled_task_leaves_nothing(scene: Scene, order: Transfer) -> None:
    """A daemon that stops sees its mover off, and the mover tidies up."""
    mover, story = Mover(), Story()
    before = scene.tree()
    with trio.fail_after(DEADLINE_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(mover.run, order, story)
            await trio.testing.wait_all_tasks_blocked()
            mover.limit("7.1", SLOW)
            await story.until(copying)
            nursery.cancel_scope.cancel()
    assert (scene.tree(), scene.folders()) == (before, [])
    assert mover.jobs == frozenset()


async def test_steering_what_is_not_under_way_does_nothing() -> None:
    mover = Mover()
    mover.pause("1")
    mover.resume("1")
    mover.limit("1", 5)
    mover.cancel("1")
    assert mover.jobs == frozenset()


async def test_a_job_has_one_order_under_way(order: Transfer) -> None:
    mover = Mover()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(mover.run, order)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(MoveFailed) as failure:
            await mover.run(order)
        assert failure.value.kind == "busy"


async def test_a_name_that_is_no_utf8_is_refused_here(scene: Scene, order: Transfer) -> None:
    bad = msgspec.structs.replace(order.files[0], source=os.fsdecode(b"/ingest/\xff.mkv"))
    with pytest.raises(MoveFailed) as failure:
        await Mover().run(msgspec.structs.replace(order, files=(bad,)))
    assert failure.value.kind == "bad_order"


# ------------------------------------------------------------------ movers that misbehave


def mover_of(code: str, **more: Any) -> Mover:
    return Mover(command=[sys.executable, "-c", code], **more)


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit('it is broken')",
        "import sys; sys.stdin.readline(); print('{\"type\":\"nonsense\"}'); print('it is broken', file=sys.stderr)",
        "import os, sys; sys.stdin.readline(); print('it is broken', file=sys.stderr); os.kill(os.getpid(), 9)",
        "import os, sys; print('x' * 9_000_000, 'it is broken', file=sys.stderr); os.close(1); sys.stdin.read()",
    ],
)
async def test_a_mover_that_dies_or_babbles_is_told(order: Transfer, code: str) -> None:
    with trio.fail_after(DEADLINE_S), pytest.raises(MoveFailed) as failure:
        await mover_of(code, grace_s=2.0).run(order)
    assert failure.value.kind == "worker_died"


async def test_a_mover_that_cannot_be_started_is_told(order: Transfer) -> None:
    with pytest.raises(MoveFailed) as failure:
        await Mover(command=["/no/such/program"]).run(order)
    assert failure.value.kind == "worker_died"


async def test_a_silent_mover_is_told_and_not_killed(order: Transfer) -> None:
    """A hanging disk: each doubling of the silence is told, and when it answers, all is well."""
    story = Story()
    code = (
        "import sys, time; sys.stdin.readline(); time.sleep(1.5); "
        'print(\'{"type":"moved","files":[]}\', flush=True)'
    )
    moved = await mover_of(code, silence_s=0.1).run(order, story)
    assert moved.files == ()
    silent = [p.silent_s for p in story.told if p.phase == "stalled"]
    assert silent == pytest.approx([0.1 * 2**n for n in range(len(silent))])
    assert len(silent) >= 2


async def test_a_mover_that_will_not_end_is_killed(order: Transfer) -> None:
    code = "import signal, sys, time; sys.stdin.readline(); print('', flush=True); time.sleep(600)"
    mover = mover_of(code.replace("print('', flush=True); ", ""), grace_s=0.2)
    failures = []

    async def run() -> None:
        try:
            await mover.run(order)
        except MoveFailed as error:
            failures.append(error.kind)

    with trio.fail_after(DEADLINE_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            await trio.sleep(0.5)
            mover.cancel("7.1")
    assert failures == ["cancelled"]


async def test_the_environment_of_the_daemon_stays_with_it(
    order: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens come to a daemon by its environment, too; its children have no use for them."""
    monkeypatch.setenv("PLEX_TOKEN", "a-secret-that-nobody-sees")
    code = (
        "import os, sys; sys.stdin.readline(); sys.exit('seen' if 'PLEX_TOKEN' in os.environ else 'unseen')"
    )
    with pytest.raises(MoveFailed) as failure:
        await mover_of(code).run(order)
    assert ": unseen" in failure.value.detail


# ------------------------------------------------------------------ the process alone


class Process:
    """A mover without a client."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "segue.adapters.files.mover"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(Path(segue.__file__).parents[1])},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def say(self, *lines: bytes) -> None:
        self.stdin.write(b"".join(line + b"\n" for line in lines))
        self.stdin.flush()

    def line(self) -> Lines:
        said: Lines = msgspec.json.decode(self.stdout.readline(), type=Lines)
        return said

    def end(self) -> tuple[int, Lines | None]:
        """Wait for the end; give the return code and the last line."""
        lines = self.stdout.read().splitlines()
        code = self.process.wait(DEADLINE_S)
        self.stdout.close()
        self.stdin.close()
        return code, msgspec.json.decode(lines[-1], type=Lines) if lines else None


@pytest.mark.parametrize("how", ["end of input", "SIGTERM", "control"])
def test_a_mover_that_is_told_to_end_tidies_up(scene: Scene, order: Transfer, how: str) -> None:
    """Its daemon is gone, systemd stops the unit, or somebody cancels; also while it is paused."""
    before = scene.tree()
    mover = Process()
    mover.say(msgspec.json.encode(order), b'{"limit_bytes_per_s": 200000}')
    while not (isinstance(line := mover.line(), Progress) and copying(line)):
        pass
    mover.say(b'{"pause": true}')
    match how:
        case "end of input":
            mover.stdin.close()
        case "SIGTERM":
            mover.process.send_signal(signal.SIGTERM)
        case "control":
            mover.say(b'{"cancel": true}')
    code, answer = mover.end()
    assert isinstance(answer, Failed)
    assert (code, answer.kind) == (1, "cancelled")
    assert (scene.tree(), scene.folders()) == (before, [])


def test_a_terminals_interrupt_is_the_daemons_business(scene: Scene, order: Transfer) -> None:
    mover = Process()
    mover.say(msgspec.json.encode(order), b'{"limit_bytes_per_s": 2000000}')
    while not (isinstance(line := mover.line(), Progress) and copying(line)):
        pass
    mover.process.send_signal(signal.SIGINT)
    assert mover.end()[0] == 0
    assert scene.tree()["library/A/a.mkv"] == FILM


def test_controls_that_are_none_are_passed_over(scene: Scene, order: Transfer) -> None:
    mover = Process()
    mover.say(msgspec.json.encode(order), b"", b"nonsense", b'{"pause": 5}', b'{"unknown": 1}', b"\xff\xfe")
    assert mover.end()[0] == 0
    assert scene.tree()["library/A/a.mkv"] == FILM


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b'{"type":"delete","job":"1"}', b'{"type":"verify","job":1}']
)
def test_an_order_that_is_none_is_answered(line: bytes) -> None:
    mover = Process()
    mover.say(line)
    code, answer = mover.end()
    assert isinstance(answer, Failed)
    assert (code, answer.kind) == (1, "bad_order")


def test_a_mover_imports_little() -> None:
    """It is started for every job: neither trio nor httpx, nor anything of segue but its own package."""
    code = "import sys, segue.adapters.files.mover; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(Path(segue.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    modules = set(done.stdout.split())
    assert not modules & {"trio", "anyio", "httpx", "lxml", "structlog", "asyncio", "guessit", "pathlib"}
    ours = {
        name for name in modules if name.startswith("segue.") and not name.startswith("segue.adapters.files")
    }
    assert ours == {"segue.errors", "segue.adapters"}
