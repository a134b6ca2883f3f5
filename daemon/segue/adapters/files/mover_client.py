"""The daemon's side of the mover: starts the process, hands it an order, steers it, and takes its answer.

What a silent disk means is decided here: it is *told*, never killed. A process that waits for a dead NFS server cannot
be killed, and a second one would only wait beside it; when the server comes back, the copy goes on.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar, overload

import msgspec
import trio

import segue
from segue.adapters.files.orders import (
    Answer,
    Control,
    Dropped,
    DropSource,
    Failed,
    Inspect,
    Inspected,
    Lines,
    Moved,
    Orders,
    Progress,
    Sweep,
    Swept,
    Transfer,
    Undo,
    Undone,
    Verified,
    Verify,
)
from segue.adapters.files.trouble import MoveFailed

SILENCE_S = 60.0
"""After so long without a word, though nothing is paused, `Progress` with `stalled` is told; then at each doubling."""
GRACE_S = 5.0
"""How long a cancelled mover may tidy up before it is killed; and how long a killed one may take to end."""
LINE_BYTES_MAX = 64 * 1024 * 1024
"""The longest answer: the listing of a folder, or the checksums of very many files."""
STDERR_BYTES = 2000

OnProgress = Callable[[Progress], None]
T = TypeVar("T")


class _Running:
    """An order under way: how it is wanted to go, and a bell for the task that passes that on."""

    def __init__(self) -> None:
        self.paused = False
        self.bytes_per_s: int | None = None
        self.cancelled = False
        self._told = Control(pause=False, limit_bytes_per_s=None)
        self.changed = trio.Event()

    def ring(self) -> None:
        self.changed.set()
        self.changed = trio.Event()

    def news(self) -> Control | None:
        """Give what the process does not know yet; nothing when it knows everything."""
        wanted = Control(pause=self.paused, limit_bytes_per_s=self.bytes_per_s, cancel=self.cancelled)
        if wanted == self._told:
            return None
        self._told = wanted
        return wanted


class Mover:
    """Runs one process an order. How many at once is for the caller to say."""

    def __init__(
        self,
        *,
        command: Sequence[str] | None = None,
        silence_s: float = SILENCE_S,
        grace_s: float = GRACE_S,
    ) -> None:
        self._command = list(command or (sys.executable, "-P", "-m", "segue.adapters.files.mover"))
        self._silence_s = silence_s
        self._grace_s = grace_s
        self._running: dict[str, _Running] = {}

    @property
    def jobs(self) -> frozenset[str]:
        """The jobs whose orders are under way."""
        return frozenset(self._running)

    @overload
    async def run(self, order: Transfer, on_progress: OnProgress | None = None) -> Moved: ...
    @overload
    async def run(self, order: DropSource, on_progress: OnProgress | None = None) -> Dropped: ...
    @overload
    async def run(self, order: Undo, on_progress: OnProgress | None = None) -> Undone: ...
    @overload
    async def run(self, order: Verify, on_progress: OnProgress | None = None) -> Verified: ...
    @overload
    async def run(self, order: Sweep, on_progress: OnProgress | None = None) -> Swept: ...
    @overload
    async def run(self, order: Inspect, on_progress: OnProgress | None = None) -> Inspected: ...

    async def run(self, order: Orders, on_progress: OnProgress | None = None) -> Answer:
        """Carry an order out. Raise `MoveFailed`; then nothing is left of it.

        When this task is cancelled, the process is told, gets its grace to tidy up, and is killed after that. A job
        has one order under way at a time; a second one is refused with kind `busy`.
        """
        if order.job in self._running:
            raise MoveFailed("busy", "", f"job {order.job} has an order under way")
        try:
            line = msgspec.json.encode(order) + b"\n"
        except UnicodeEncodeError as error:
            raise MoveFailed("bad_order", "", f"a name that is no UTF-8 cannot be moved: {error}") from error
        running = self._running[order.job] = _Running()
        try:
            return await self._converse(line, running, on_progress or (lambda _: None))
        finally:
            del self._running[order.job]

    # ------------------------------------------------------------------ steering

    def pause(self, job: str) -> None:
        """Let an order wait; one that is not under way is no mistake, it may just have ended."""
        self._steer(job, paused=True)

    def resume(self, job: str) -> None:
        """Let an order go on."""
        self._steer(job, paused=False)

    def limit(self, job: str, bytes_per_s: int | None) -> None:
        """Let an order go slowly; with nothing, as fast as it can."""
        running = self._running.get(job)
        if running is not None:
            running.bytes_per_s = bytes_per_s
            running.ring()

    def cancel(self, job: str) -> None:
        """Give an order up: its `run` raises `MoveFailed` with kind `cancelled`, unless it is published already."""
        running = self._running.get(job)
        if running is not None:
            running.cancelled = True
            running.ring()

    def _steer(self, job: str, *, paused: bool) -> None:
        running = self._running.get(job)
        if running is not None:
            running.paused = paused
            running.ring()

    # ------------------------------------------------------------------ the process

    async def _converse(self, line: bytes, running: _Running, on_progress: OnProgress) -> Answer:
        process = await self._start()
        errors = bytearray()
        answer: Answer | Failed | None = None
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_keep_last, process.stderr, errors)
                nursery.start_soon(self._steer_process, process, line, running)
                answer = await self._listen(process, running, on_progress)
                if answer is not None:
                    nursery.cancel_scope.cancel()
                else:
                    with trio.move_on_after(self._grace_s):
                        await process.wait()
                    nursery.cancel_scope.cancel()
        finally:
            await self._end(process)
        if answer is None:
            said = errors.decode(errors="replace").strip().splitlines()
            raise MoveFailed(
                "cancelled" if running.cancelled else "worker_died",
                "",
                f"The mover ended with {process.returncode}{': ' + said[-1] if said else ''}.",
                "The order can be given again; nothing is lost.",
            )
        if isinstance(answer, Failed):
            raise answer.error()
        return answer

    async def _start(self) -> trio.Process:
        """Start the process; it gets no environment of ours, in which secrets may be."""
        environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(segue.__file__).parents[1]),
        }
        try:
            return await trio.lowlevel.open_process(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
            )
        except OSError as error:
            raise MoveFailed("worker_died", self._command[0], f"cannot be started: {error}") from error

    async def _steer_process(self, process: trio.Process, line: bytes, running: _Running) -> None:
        """Send the order, then each change of what is wanted."""
        assert process.stdin is not None
        try:
            await process.stdin.send_all(line)
            while True:
                changed = running.changed
                news = running.news()
                if news is None:
                    await changed.wait()
                    continue
                await process.stdin.send_all(msgspec.json.encode(news) + b"\n")
                if news.cancel:
                    await trio.sleep(self._grace_s)
                    process.kill()
                    return
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return  # it has ended; its answer, or its end, says why

    async def _listen(
        self, process: trio.Process, running: _Running, on_progress: OnProgress
    ) -> Answer | Failed | None:
        """Take lines until the answer; nothing when the process ends without one."""
        assert process.stdout is not None
        decoder: msgspec.json.Decoder[Lines] = msgspec.json.Decoder(Lines)
        data = bytearray()
        silent_s, wait_s = 0.0, self._silence_s
        while True:
            with trio.move_on_after(wait_s) as deadline:
                more = await process.stdout.receive_some(1 << 16)
            if deadline.cancelled_caught:
                if running.paused:
                    silent_s, wait_s = 0.0, self._silence_s
                else:
                    silent_s += wait_s
                    wait_s = silent_s
                    on_progress(Progress("stalled", silent_s=silent_s))
                continue
            silent_s, wait_s = 0.0, self._silence_s
            if not more or len(data) > LINE_BYTES_MAX:
                return None
            data += more
            *lines, rest = data.split(b"\n")
            data = bytearray(rest)
            for line in lines:
                try:
                    said = decoder.decode(line)
                except msgspec.MsgspecError:
                    return None
                if not isinstance(said, Progress):
                    return said
                on_progress(said)

    async def _end(self, process: trio.Process) -> None:
        """See the process off: its input ends, it tidies up, and if it takes too long it is killed.

        One that cannot even be killed hangs in the kernel, for a disk; it is left behind and told by nobody but its
        lock, which keeps another worker of this job away.
        """
        with trio.CancelScope(shield=True):
            assert process.stdin is not None
            await process.stdin.aclose()
            with trio.move_on_after(self._grace_s):
                await process.wait()
            if process.returncode is None:
                process.kill()
                with trio.move_on_after(self._grace_s):
                    await process.wait()
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                await stream.aclose()


async def _keep_last(stream: trio.abc.ReceiveStream | None, into: bytearray) -> None:
    """Read what a process complains about, and keep the end of it."""
    assert stream is not None
    async for piece in stream:
        into += piece
        del into[:-STDERR_BYTES]
