"""`kill -9` at every system call of an ingest's copy, and a failing disk at every call that changes something.

Two faults run at a time. After each fault: no final name with half a file, no content lost, the source untouched, and
what was answered is true; then the order is given again, and everything is in place with nothing left over.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure, show
from tests.crash import faults
from tests.crash.faults import Call, Outcome, World

AT_ONCE = 2
SWEEP_S_MAX = 60.0
NO_CFR = "copy_file_range:error=EXDEV"
NO_SENDFILE = "sendfile:error=EINVAL"
WAYS: dict[str, tuple[str, ...]] = {
    "copy_file_range": (),
    "sendfile": (NO_CFR,),
    "write": (NO_CFR, NO_SENDFILE),
}
"""The calls that copy, and what has to be impossible for each to be used."""


def changing(calls: list[Call]) -> list[Call]:
    """Leave out what only looks, and what goes to the daemon."""
    return [
        c for c in calls if c.name in faults.CHANGING and not (c.name == "write" and c.text.startswith("1,"))
    ]


def failing(call: Call, fault: str, without: tuple[str, ...], world: World) -> Outcome:
    """Make a call fail."""
    return faults.fail_at(world, call, fault, *without)


class Sweep:
    """Runs faults, and counts what was wrong."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._number = 0
        self.outcomes: list[Outcome] = []

    def world(self, scenario: str) -> World:
        """Give a new world."""
        self._number += 1
        return World(self._base / f"{scenario}-{self._number}", scenario)

    def run(self, scenario: str, jobs: list[Callable[[World], Outcome]]) -> list[Outcome]:
        """Run faults, some at a time, each thread in a world of its own."""
        worlds = [self.world(scenario) for _ in range(AT_ONCE)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            shares = pool.map(
                lambda n: [job(worlds[n]) for job in jobs[n::AT_ONCE]],
                range(AT_ONCE),
            )
            outcomes = [outcome for share in shares for outcome in share]
        self.outcomes += outcomes
        return outcomes

    def kills(self, scenario: str, *, every: bool) -> list[Outcome]:
        """Kill at every call, or at every one that changes something."""
        calls = faults.calls_of(self.world(scenario))
        chosen = calls if every else changing(calls)
        return self.run(scenario, [partial(faults.kill_at, call=call) for call in chosen])

    def errors(self) -> list[Outcome]:
        """ENOSPC and EIO at every changing call; calls that claim more than they did, for each way to copy."""
        jobs: list[Callable[[World], Outcome]] = [
            partial(failing, call, f"error={error}", ())
            for call in changing(faults.calls_of(self.world("copy")))
            for error in ("ENOSPC", "EIO")
        ]
        for name, without in WAYS.items():
            throughout = [part for inject in without for part in ("-e", f"inject={inject}")]
            calls = changing(faults.calls_of(self.world("copy"), *throughout))
            jobs += [partial(failing, call, "retval=1", without) for call in calls if call.name == name]
        return self.run("copy", jobs)


def main() -> int:
    """Sweep, and show what was found."""
    missing = faults.strace_missing()
    if missing:
        print(missing, file=sys.stderr)
        return 1
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="segue-sweep-") as name:
        sweep = Sweep(Path(name))
        every = sweep.kills("copy", every=True)
        others = [o for scenario in ("replace", "rename", "undo") for o in sweep.kills(scenario, every=False)]
        errors = sweep.errors()
    took_s = time.perf_counter() - began
    for outcome in sweep.outcomes:
        if outcome.wrong:
            print(outcome.what, *outcome.wrong, sep="\n    ", file=sys.stderr)
    for what, outcomes in (
        ("kill -9 at every system call of a copy", every),
        ("kill -9 at every changing call of a replacement, a move and an undo", others),
        ("ENOSPC, EIO and lying calls at every changing call of a copy", errors),
    ):
        hit = sum(outcome.hit for outcome in outcomes)
        show(
            Figure(
                f"{what}: wrong or left over",
                sum(bool(outcome.wrong) for outcome in outcomes),
                f"of {len(outcomes)}",
                0,
                "equal",
                baseline=f"{hit} faults happened where they were meant to",
                anchor="a copy of Sonarr's shape leaves half a file under the final name",
            )
        )
    show(Figure("the whole sweep", took_s, "s", SWEEP_S_MAX, baseline=f"{len(sweep.outcomes)} faults"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
