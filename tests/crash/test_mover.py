"""`kill -9` and failing disks at the mover's system calls: whole files or none, and the next run ends it.

The whole sweep, with every call, is `benchmarks/copy_sweep.py`; here are those after which something is different.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crash import faults
from tests.crash.faults import Call, Outcome, World

MISSING = faults.strace_missing()
pytestmark = pytest.mark.skipif(bool(MISSING) and "CI" not in os.environ, reason=MISSING)

COPYING = {"copy_file_range", "sync_file_range", "ioctl", "fallocate", "utimensat"}
NO_CFR = "copy_file_range:error=EXDEV"
NO_SENDFILE = "sendfile:error=EINVAL"
NO_LINKS = "linkat:error=EPERM"
NO_EXCLUSIVE_RENAME = "renameat2:error=EINVAL"


def of_files(call: Call) -> bool:
    """Tell whether a call changes files; not the progress that goes to the daemon."""
    return call.name in faults.CHANGING and not (call.name == "write" and call.text.startswith("1,"))


def swept(world: World, fault: Callable[[World, Call], Outcome], calls: list[Call]) -> None:
    """Inject a fault at each of these calls, two at a time, and expect nothing wrong."""
    worlds = [World(world.base.with_name(f"{world.base.name}-{n}"), world.scenario) for n in range(2)]
    with ThreadPoolExecutor(2) as pool:
        shares = pool.map(lambda n: [fault(worlds[n], call) for call in calls[n::2]], range(2))
        outcomes = [outcome for share in shares for outcome in share]
    assert outcomes, "there was nothing to disturb"
    wrong = [f"{outcome.what}: {'; '.join(outcome.wrong)}" for outcome in outcomes if outcome.wrong]
    assert not wrong, "\n".join(wrong)
    missed = [outcome.what for outcome in outcomes if not outcome.hit]
    assert len(missed) <= len(outcomes) // 10, f"the calls were others: {missed}"


def injecting(*more: str) -> list[str]:
    """Write what is injected throughout for strace."""
    return [part for inject in more for part in ("-e", f"inject={inject}")]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweep")


@pytest.mark.parametrize("scenario", ["copy", "replace", "hardlink", "rename", "undo"])
def test_a_kill_at_any_change_leaves_nothing_half_done(base: Path, scenario: str) -> None:
    """Final names are whole at every moment, no content is lost, and the order given again ends it all."""
    world = World(base / scenario, scenario)
    calls = [call for call in faults.calls_of(world) if of_files(call)]
    if scenario != "copy":  # the copying itself is the same
        calls = [call for call in calls if call.name not in COPYING]
    swept(world, faults.kill_at, calls)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_disk_that_fails_ends_in_a_plain_answer(base: Path, error: str) -> None:
    """What is told is true: success with everything in place, or a failure with nothing there."""
    world = World(base / error, "copy")
    calls = [call for call in faults.calls_of(world) if of_files(call)]
    swept(world, lambda world, call: faults.fail_at(world, call, f"error={error}"), calls)


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("copy_file_range", ()),
        ("sendfile", (NO_CFR,)),
        ("write", (NO_CFR, NO_SENDFILE)),
    ],
)
def test_a_call_that_lies_about_what_it_copied_makes_no_hole(
    base: Path, name: str, without: tuple[str, ...]
) -> None:
    """A call claims a byte, or nothing, and has copied nothing: the copy is whole all the same, or refused."""
    world = World(base / name, "copy")
    calls = faults.calls_of(world, *injecting(*without))
    calls = [call for call in calls if call.name == name and of_files(call)][:4]
    swept(world, lambda world, call: faults.fail_at(world, call, "retval=1", *without), calls)
    swept(world, lambda world, call: faults.fail_at(world, call, "retval=0", *without), calls[:2])


@pytest.mark.parametrize("without", [(NO_LINKS,), (NO_LINKS, NO_EXCLUSIVE_RENAME)])
def test_file_systems_without_hardlinks_are_as_safe(base: Path, without: tuple[str, ...]) -> None:
    """The other ways to give a name are taken back as well, when the disk fails just afterwards."""
    world = World(base / f"without-{len(without)}", "copy")
    calls = faults.calls_of(world, *injecting(*without))
    calls = [call for call in calls if call.name in {"fsync", "renameat", "unlinkat", "renameat2"}]
    taken = {inject.split(":")[0] for inject in without}
    swept(
        world,
        lambda world, call: faults.fail_at(world, call, "error=EIO", *without),
        [call for call in calls if call.name not in taken],
    )


def test_the_sweep_would_notice(base: Path) -> None:
    """Half a file under a final name, and content that is nowhere any more, are called wrong."""
    world = World(base / "notice", "copy")
    world.build()
    assert world.wrong_now() == []
    (world.library / "A.mkv").write_bytes(faults.VIDEO[:1000])
    (world.ingest / "a.mkv").unlink()
    assert len(world.wrong_now()) == 3
    assert len(world.wrong_in_the_end()) == 4
