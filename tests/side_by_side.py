"""Runs the tests as two processes, side by side: half of what they take is waiting.

`python -m tests.side_by_side` does what `python -m pytest` does; the words after it go to both processes. What waits
for processes, sockets and real time is one half, everything else the other. The halves share nothing: tests listen on
ports that the kernel gives, on loopback addresses made of the process' id, and write into temporary directories.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence

WAITING = ("tests/e2e", "tests/actors")


def main(arguments: Sequence[str]) -> int:
    """Run both halves; gives the worse exit code. What the waiting half says comes when both have ended."""
    pytest = (sys.executable, "-m", "pytest", *arguments)
    with tempfile.TemporaryFile() as said:
        command = [*pytest, "-p", "no:cacheprovider", *WAITING]
        with subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT) as waiting:
            others = [*pytest, *(f"--ignore={path}" for path in WAITING)]
            here = subprocess.run(others, check=False).returncode
            code = max(abs(here), abs(waiting.wait()))  # negative: killed by that signal
        said.seek(0)
        sys.stdout.buffer.write(said.read())
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
