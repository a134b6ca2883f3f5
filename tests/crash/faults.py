"""Faults at counted system calls of the mover, injected by strace, and what must be true afterwards.

A trace of an undisturbed run says which calls there are; then the run is made again for each of them, with a fault at
that very call. strace counts calls for each thread by itself, and so does this module.
"""

import contextlib
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from segue.adapters.files.control import Work
from segue.adapters.files.mover import carry_out
from segue.adapters.files.orders import (
    FileOrder,
    Lines,
    Moved,
    Orders,
    Place,
    Progress,
    Transfer,
    Undo,
    UndoFile,
)

ROOT = Path(__file__).resolve().parents[2]
WORKER = [sys.executable, "-P", "-m", "tests.crash.small_chunks"]
JOB = "job.1"
VIDEO = bytes(range(256)) * 1024 + b"the end of the film"
"""A little over four chunks of the worker's."""
SUBTITLES = b"1\n00:00:01,000 --> 00:00:02,000\nHello.\n" * 40
OLD = b"the older version" * 5000
RETIRED = b"the version of another name" * 3000
CHANGING = frozenset(
    {"mkdirat", "mkdir", "linkat", "link", "unlinkat", "unlink", "rename", "renameat", "renameat2", "rmdir"}
    | {"fsync", "fdatasync", "fallocate", "ftruncate", "copy_file_range", "sendfile", "sync_file_range"}
    | {"write", "pwrite64", "utimensat", "ioctl"}
)
"""Calls after which something is not what it was."""
READING = frozenset(
    {"openat", "read", "pread64", "preadv", "preadv2", "newfstatat", "fstat", "lstat", "stat", "getdents64"}
    | {"lseek", "flock", "close", "fstatfs", "statfs"}
)
TOUCHING = ",".join(f"?{name}" for name in sorted(CHANGING | READING))
"""Every call that the mover makes about files; strace passes over those that this machine has not."""
DEADLINE_S = 60.0


class Call(NamedTuple):
    """One system call of the undisturbed run, after the order was read."""

    name: str
    number: int
    """The how-manieth of its name in its thread, counted from 1: what strace's `when=` counts."""
    text: str


class World:
    """An ingest folder, a library, and an order: made anew for each fault."""

    def __init__(self, base: Path, scenario: str) -> None:
        self.base = base
        self.scenario = scenario
        self.ingest = base / "ingest"
        self.library = base / "library"

    def build(self) -> Orders:
        """Make the files as they are before, and give the order."""
        shutil.rmtree(self.base, ignore_errors=True)
        self.ingest.mkdir(parents=True)
        self.library.mkdir()
        for name, content in (("a.mkv", VIDEO), ("a.en.srt", SUBTITLES)):
            (self.ingest / name).write_bytes(content)
            os.utime(self.ingest / name, ns=(10**18, 10**18))
        replaces = self.scenario == "replace"
        if replaces:
            folder = self.library / "Films" / "A (1999)"
            folder.mkdir(parents=True)
            (folder / "A (1999).mkv").write_bytes(OLD)
            (folder / "A (1999).avi").write_bytes(RETIRED)
        files = (
            self._file("a.mkv", "A (1999).mkv", replaces=replaces),
            self._file("a.en.srt", "A (1999).en.srt"),
        )
        method = {"hardlink": "hardlink", "rename": "move"}.get(self.scenario, "copy")
        retires = (Place(str(self.library), "Films/A (1999)/A (1999).avi"),) if replaces else ()
        transfer = Transfer(
            job=JOB,
            files=files,
            method=method,  # type: ignore[arg-type]
            retires=retires,
            gentle=False,
            margin_bytes=0,
        )
        return self._undo(transfer) if self.scenario == "undo" else transfer

    def _file(self, source: str, name: str, *, replaces: bool = False) -> FileOrder:
        path = self.ingest / source
        found = path.stat()
        return FileOrder(
            str(path),
            str(self.library),
            f"Films/A (1999)/{name}",
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
            inode=found.st_ino,
            replaces=replaces,
        )

    def _undo(self, transfer: Transfer) -> Undo:
        moved = carry_out(transfer, Work())
        assert isinstance(moved, Moved)
        files = tuple(
            UndoFile(
                file.source,
                file.root,
                file.path,
                file.size,
                file.sha256,
                recycled=file.recycled,
                made_folders=file.made_folders,
            )
            for file in moved.files
        )
        return Undo(job=JOB, files=files, gentle=False)

    # ------------------------------------------------------------------ what is there

    def files(self) -> dict[str, bytes]:
        """Give everything that is there, by path."""
        return {
            str(path.relative_to(self.base)): path.read_bytes()
            for path in self.base.rglob("*")
            if path.is_file()
        }

    def partials(self) -> list[str]:
        """Name the partial files."""
        return [name for name in self.files() if name.endswith(".partial")]

    def wanted(self) -> dict[str, bytes]:
        """Give what has to be there in the end, and nothing else."""
        source = {"ingest/a.mkv": VIDEO, "ingest/a.en.srt": SUBTITLES}
        folder = "library/Films/A (1999)/A (1999)"
        final = {f"{folder}.mkv": VIDEO, f"{folder}.en.srt": SUBTITLES}
        bin_ = f"library/.segue-recycle/{JOB}/Films/A (1999)/A (1999)"
        match self.scenario:
            case "rename":
                return final
            case "replace":
                return source | final | {f"{bin_}.mkv": OLD, f"{bin_}.avi": RETIRED}
            case "undo":
                return source | {f"{bin_}.mkv": VIDEO, f"{bin_}.en.srt": SUBTITLES}
        return source | final

    def wrong_now(self) -> list[str]:
        """Say what must not be, at any moment: a final name with half a file, or content that is nowhere any more."""
        known = {VIDEO, SUBTITLES, OLD, RETIRED}
        there = self.files()
        whole = {name: data for name, data in there.items() if not name.endswith(".partial")}
        wrong = [
            f"{name} has {len(data)} bytes of nothing whole"
            for name, data in whole.items()
            if data not in known
        ]
        contents = set(whole.values())
        kept = {VIDEO, SUBTITLES} | ({OLD, RETIRED} if self.scenario == "replace" else set())
        wrong += [f"content of {len(data)} bytes is lost" for data in kept if data not in contents]
        if self.scenario in {"copy", "hardlink", "replace", "undo"}:
            wrong += [f"{n} is gone" for n in ("ingest/a.mkv", "ingest/a.en.srt") if n not in whole]
        return wrong

    def wrong_in_the_end(self) -> list[str]:
        """Say what differs from the wanted end, after the order was given again."""
        there, wanted = self.files(), self.wanted()
        wrong = [f"{name} is missing" for name in wanted if name not in there]
        wrong += [f"{name} is left over" for name in there if name not in wanted]
        return wrong + [f"{name} differs" for name in wanted if name in there and there[name] != wanted[name]]


def strace_missing() -> str:
    """Say what is missing for injecting faults; an empty text when nothing is."""
    strace = shutil.which("strace")
    if strace is None:
        return "needs strace (apt-get install strace)"
    probe = subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True, text=True)
    return "" if probe.returncode == 0 else f"strace may not trace here: {probe.stderr.strip()[:200]}"


def environment(pycache: Path) -> dict[str, str]:
    """Give the worker's environment: compiled modules are kept, so that every run makes the same calls."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": f"{ROOT / 'daemon'}:{ROOT}",
        "PYTHONPYCACHEPREFIX": str(pycache),
        "PYTHONHASHSEED": "0",
        "LANG": "C.UTF-8",
    }


def run(world: "World", order: Orders, *strace: str) -> tuple[int, Lines | None]:
    """Give an order to a mover under strace; give its return code and its answer, if there was one."""
    command = ["strace", "-f", "-qq", *strace, *WORKER]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(world.base.parent / "pycache"),
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        # The input stays open: its end would cancel.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(msgspec.json.encode(order) + b"\n")
            process.stdin.flush()
        output = process.stdout.read()
        code = process.wait(DEADLINE_S)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    answer: Lines | None = None
    for line in output.splitlines(keepends=True):
        if line.endswith(b"\n"):
            said = msgspec.json.decode(line, type=Lines)
            answer = answer if isinstance(said, Progress) else said
    return code, answer


def again(order: Orders) -> Lines:
    """Give the order again, as a daemon does that has lost the answer."""
    if isinstance(order, Transfer):
        order = msgspec.structs.replace(order, resumed=True)
    return carry_out(order, Work())


def calls_of(world: World, *extra: str) -> list[Call]:
    """Trace an undisturbed run; give the calls that come after the order was read, thread by thread."""
    log = world.base.with_suffix(".log")
    run(world, world.build(), "-o", str(log), "-e", f"trace={TOUCHING}", *extra)  # compiles what is not yet
    run(world, world.build(), "-o", str(log), "-e", f"trace={TOUCHING}", *extra)
    line_of = re.compile(r"(?P<thread>\d+)\s+(?P<name>\w+)\((?P<text>.*)")
    counts: dict[tuple[str, str], itertools.count[int]] = {}
    calls: list[Call] = []
    begun = False
    for line in log.read_text(errors="replace").splitlines():
        found = line_of.match(line)
        if found is None:
            continue
        number = next(counts.setdefault((found["thread"], found["name"]), itertools.count(1)))
        if begun and not (found["name"] == "read" and found["text"].startswith("0,")):
            calls.append(Call(found["name"], number, found["text"][:100]))
        begun = begun or (found["name"] == "read" and '{\\"type\\":\\"' in found["text"])
    return calls


class Outcome(NamedTuple):
    """What came of one fault."""

    what: str
    hit: bool
    """False when the run ended without the fault: the calls were others this time."""
    wrong: tuple[str, ...]


def kill_at(world: World, call: Call) -> Outcome:
    """`kill -9` as a call is entered; then the order again. (With `--seccomp-bpf` strace 6.1 sends no signal.)"""
    order = world.build()
    inject = f"inject={call.name}:signal=KILL:when={call.number}"
    code, _ = run(world, order, "-o", "/dev/null", "-e", f"trace={call.name}", "-e", inject)
    wrong = world.wrong_now()
    again(order)
    wrong += world.wrong_in_the_end()
    return Outcome(
        f"{world.scenario}: kill at {call.name} {call.number}: {call.text}", code == -9, tuple(wrong)
    )


def fail_at(world: World, call: Call, fault: str, *more: str) -> Outcome:
    """A call that fails (`error=ENOSPC`) or claims less than it was asked for (`retval=1`); then the order again."""
    order = world.build()
    before = world.files()
    log = world.base.with_suffix(".log")
    extra = [part for inject in more for part in ("-e", f"inject={inject}")]
    names = ",".join([call.name, *(inject.split(":")[0] for inject in more)])
    inject = f"inject={call.name}:{fault}:when={call.number}"
    code, answer = run(
        world, order, "-o", str(log), "--seccomp-bpf", "-e", f"trace={names}", *extra, "-e", inject
    )
    hit = "(INJECTED)" in log.read_text(errors="replace")
    wrong = [*world.wrong_now(), *_answer_wrong(world, code, answer, before)]
    again(order)
    wrong += world.wrong_in_the_end()
    return Outcome(f"{world.scenario}: {fault} at {call.name} {call.number}: {call.text}", hit, tuple(wrong))


def _answer_wrong(world: World, code: int, answer: Lines | None, before: dict[str, bytes]) -> Iterator[str]:
    """Compare what was answered with what is there: success means all, failure means nothing."""
    if answer is None:
        yield f"no answer, return code {code}"
        return
    there = {name: data for name, data in world.files().items() if not name.endswith(".partial")}
    if code == 0 and there != world.wanted():
        yield f"success was told, but there is {sorted(there)}"
    if code != 0 and there != before and world.scenario != "undo":
        yield f"failure was told ({answer}), but there is {sorted(there)}"
