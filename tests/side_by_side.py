"""Runs the tests as two processes, side by side: half of what they take is waiting.

`python -m tests.side_by_side` does what `python -m pytest` does; the words after it go to both processes. What waits
for processes, sockets and real time is one half, everything else the other. The halves share nothing: tests listen on
ports that the kernel gives, on loopback addresses made of the process' id, and write into temporary directories.

A few tests that fail are run once more, alone, since a machine that others use as well can be slow beyond all patience.
One that fails twice has failed; one that failed once is named, with what went wrong, and wants to be looked at.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

WAITING = ("tests/e2e", "tests/actors")
AGAIN_MAX = 3
"""More failures than this are no accident."""
TESTS_FAILED = 1
"""pytest's exit code."""


def main(arguments: Sequence[str]) -> int:
    """Run both halves; gives the worse exit code. What the waiting half says comes when both have ended."""
    with tempfile.TemporaryDirectory() as directory:
        caches = Path(directory, "waiting"), Path(directory, "others")
        waiting, others = (
            [sys.executable, "-m", "pytest", "-o", f"cache_dir={cache}", *arguments, *paths]
            for cache, paths in zip(caches, (WAITING, [f"--ignore={path}" for path in WAITING]), strict=True)
        )
        with (
            Path(directory, "said").open("w+b") as said,
            subprocess.Popen(waiting, stdout=said, stderr=subprocess.STDOUT) as running,
        ):
            here = subprocess.run(others, check=False).returncode
            there = running.wait()
            said.seek(0)
            sys.stdout.buffer.write(said.read())
            sys.stdout.flush()
        return max(abs(_again(waiting, there, caches[0])), abs(_again(others, here, caches[1])))


def _again(command: Sequence[str], code: int, cache: Path) -> int:
    """Run the few tests that failed once more; gives the exit code that counts (negative: killed by that signal)."""
    if code != TESTS_FAILED:
        return code
    failed = sorted(json.loads((cache / "v/cache/lastfailed").read_text()))
    if not 0 < len(failed) <= AGAIN_MAX:
        return code
    sys.stdout.write(f"Failed, and is tried once more, alone: {', '.join(failed)}\n")
    sys.stdout.flush()
    return subprocess.run([*command, "--last-failed"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
