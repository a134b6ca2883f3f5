"""Stories of mounts and limits, each run by `test_watch` in a namespace of its own, in an empty folder."""

import subprocess
from pathlib import Path

from segue.adapters.watch_events import KernelNotifier, NotifierError, require_room
from tests.adapters.watch_eyes import inotify_instances, put, watching

WATCHES = Path("/proc/sys/user/max_inotify_watches")
INSTANCES = Path("/proc/sys/user/max_inotify_instances")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=20)


async def mounted_over() -> None:
    """A disk is mounted over the root, and taken away again."""
    root = Path.cwd() / "root"
    put(root / "below.mkv")
    async with watching(root) as seen:
        _run("mount", "-t", "tmpfs", "none", str(root))
        put(root / "sub" / "first.mkv")
        await seen.sees("sub/first.mkv")
        put(root / "sub" / "second.mkv")
        await seen.sees("sub/second.mkv")
        _run("umount", "-l", str(root))
        put(root / "sub" / "third.mkv")
        await seen.sees("sub/third.mkv")
        assert {state.mode for state in seen.states} == {"watching"}


async def mounted_within() -> None:
    """A disk is mounted on a folder below the root: no event tells, the mount table does."""
    root = Path.cwd() / "root"
    (root / "disk two").mkdir(parents=True)
    async with watching(root) as seen:
        _run("mount", "-t", "tmpfs", "none", str(root / "disk two"))
        put(root / "disk two" / "a" / "first.mkv")
        await seen.sees("disk two/a/first.mkv")
        put(root / "disk two" / "a" / "second.mkv")
        await seen.sees("disk two/a/second.mkv")


async def limit_at_start() -> None:
    """More folders than watches: polled, with the limit and the remedy in the reason."""
    root = Path.cwd() / "root"
    for n in range(30):
        put(root / f"{n}" / "old.mkv")
    WATCHES.write_text("20")
    async with watching(root, mode="polling") as seen:
        reason = seen.states[-1].reason
        assert "watch limit" in reason, reason
        assert "fs.inotify.max_user_watches" in reason, reason
        put(root / "29" / "new.mkv")
        await seen.sees("29/new.mkv")


async def limit_later() -> None:
    """The watches run out when folders arrive: polled from then on."""
    root = Path.cwd() / "root"
    root.mkdir()
    WATCHES.write_text("20")
    async with watching(root) as seen:
        for n in range(30):
            put(root / f"{n}" / "first.mkv")
        await seen.hears("polling")
        put(root / "29" / "new.mkv")
        await seen.sees("29/new.mkv", *(f"{n}/first.mkv" for n in range(30)))


async def no_instance() -> None:
    """Not even one inotify instance is to be had."""
    INSTANCES.write_text("0")
    try:
        KernelNotifier([str(Path.cwd())])
    except NotifierError as error:
        assert "max_user_instances" in str(error), error
    else:
        raise AssertionError("no error")
    require_room()  # it is not the watches that are missing
    async with watching(Path.cwd(), mode="polling") as seen:
        put(Path.cwd() / "a.mkv")
        await seen.sees("a.mkv")
    assert inotify_instances() == 0
